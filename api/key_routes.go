package api

import (
	"context"
	"time"

	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/gatewayfeed"
)

// KeyService issues, revokes and lists the keys of orders; gatewayfeed.Keys implements it.
type KeyService interface {
	Issue(ctx context.Context, a procedure.Actor, order, algorithm, replaces string) (gatewayfeed.IssuedKey, error)
	Revoke(ctx context.Context, a procedure.Actor, key string) error
	List(ctx context.Context, a procedure.Actor, order string) ([]gatewayfeed.KeyInfo, error)
}

// KeyView is a key as its customer sees it. Secret is there once, in the answer that issues it.
type KeyView struct {
	ID        string `json:"id"`
	Order     string `json:"order"`
	Algorithm string `json:"algorithm"`
	State     string `json:"state" enum:"active,replaced,ended"`
	Created   string `json:"created"`
	Ends      string `json:"ends,omitempty" doc:"被轮换的密钥失效的时间"`
	Revoked   string `json:"revoked,omitempty"`
	Replaces  string `json:"replaces,omitempty"`
	Path      string `json:"path" doc:"调用地址"`
	Secret    string `json:"secret,omitempty" doc:"十六进制，只在签发时给出一次"`
}

func keyView(k gatewayfeed.KeyInfo) KeyView {
	v := KeyView{ID: k.ID, Order: k.Order, Algorithm: k.Algorithm, State: "ended", Created: stamp(k.Created), Ends: stamp(k.Ends), Revoked: stamp(k.Revoked), Replaces: k.Replaces, Path: k.Path}
	switch {
	case k.Active && !k.Ends.IsZero():
		v.State = "replaced"
	case k.Active:
		v.State = "active"
	}
	return v
}

// KeyRoutes adds the routes of keys for Deps.More. Everything is asked of the customer's own
// desks; another's order is not there.
func KeyRoutes(s KeyService) func(*API) {
	return func(a *API) {
		type issueIn struct {
			ID   string `path:"id" maxLength:"40"`
			Body struct {
				Algorithm string `json:"algorithm,omitempty" enum:"HMAC-SHA256,HMAC-SM3" doc:"签名算法，缺省为 HMAC-SHA256"`
				Replaces  string `json:"replaces,omitempty" maxLength:"64" doc:"要轮换的密钥：它在 24 小时后失效"`
			}
		}
		type keyOut struct{ Body KeyView }
		o := Op("issue-key", "POST", "/api/orders/{id}/keys", "签发接口密钥（密钥内容只给出一次）", "密钥")
		o.DefaultStatus = 201
		Route(a, o, func(ctx context.Context, in *issueIn) (*keyOut, error) {
			actor, err := a.Who(ctx)
			if err != nil {
				return nil, err
			}
			if err := a.confirmed(ctx); err != nil {
				return nil, err
			}
			k, err := s.Issue(ctx, actor, in.ID, in.Body.Algorithm, in.Body.Replaces)
			if err != nil {
				return nil, err
			}
			out := &keyOut{keyView(k.KeyInfo)}
			out.Body.Secret = k.Secret
			return out, nil
		})
		type idIn struct {
			ID string `path:"id" maxLength:"64"`
		}
		Route(a, Op("revoke-key", "POST", "/api/keys/{id}/revoke", "吊销接口密钥（立即生效）", "密钥"), func(ctx context.Context, in *idIn) (*empty, error) {
			actor, err := a.Who(ctx)
			if err != nil {
				return nil, err
			}
			if err := a.confirmed(ctx); err != nil {
				return nil, err
			}
			return nil, s.Revoke(ctx, actor, in.ID)
		})
		type listOut struct {
			Body struct {
				Items []KeyView `json:"items"`
			}
		}
		Route(a, Op("list-keys", "GET", "/api/orders/{id}/keys", "订单的接口密钥", "密钥"), func(ctx context.Context, in *idIn) (*listOut, error) {
			actor, err := a.Who(ctx)
			if err != nil {
				return nil, err
			}
			list, err := s.List(ctx, actor, in.ID)
			if err != nil {
				return nil, err
			}
			out := &listOut{}
			out.Body.Items = make([]KeyView, len(list))
			for i, k := range list {
				out.Body.Items[i] = keyView(k)
			}
			return out, nil
		})
	}
}

// stamp writes an instant as the wire carries it, "" for none.
func stamp(t store.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(calendar.Shanghai).Format(time.RFC3339)
}
