package api

import (
	"context"
	"net/http"
	"time"

	"pado/core/calendar"
	"pado/core/identity"
)

// confirmCookie carries the proof that the person was asked again who it is.
const confirmCookie = "pado_confirm"

// confirmed refuses an act that cannot be taken back until the person has confirmed who it is
// within the last minutes (parameter confirm.minutes). A program has nobody to ask: its token is
// all it has, and it is not left open on a desk.
func (a *API) confirmed(ctx context.Context) error {
	s, err := session(ctx)
	if err != nil || s.Program {
		return err
	}
	proof := ""
	if r, ok := ctx.Value(keyRequest).(*http.Request); ok {
		if c, err := r.Cookie(confirmCookie); err == nil {
			proof = c.Value
		}
	}
	if a.Identity.Confirmed(s, proof) {
		return nil
	}
	return identity.Unconfirmed()
}

// Confirmed is confirmed for routes that other rooms add.
func (a *API) Confirmed(ctx context.Context) error { return a.confirmed(ctx) }

func (a *API) confirmRoutes() {
	type confirmIn struct {
		Body struct {
			Password string `json:"password,omitempty" maxLength:"256" doc:"口令；与动态口令二者填一"`
			Code     string `json:"code,omitempty" maxLength:"10" doc:"动态口令"`
		}
	}
	type confirmOut struct {
		SetCookie []http.Cookie `header:"Set-Cookie"`
		Body      struct {
			Until string `json:"until"`
		}
	}
	Route(a, op("confirm", "POST", "/api/session/confirm", "办理不可撤回事项前确认是本人", "登录", true), func(ctx context.Context, in *confirmIn) (*confirmOut, error) {
		s, err := session(ctx)
		if err != nil {
			return nil, err
		}
		if !a.signIns.allow(remote(ctx), a.Engine.DB().Wall()) {
			return nil, errTooMany
		}
		proof, until, err := a.Identity.Confirm(ctx, s, in.Body.Password, in.Body.Code)
		if err != nil {
			return nil, err
		}
		out := &confirmOut{SetCookie: []http.Cookie{{Name: confirmCookie, Value: proof, Path: "/api/", HttpOnly: true, Secure: a.Secure,
			SameSite: http.SameSiteStrictMode, Expires: until}}}
		out.Body.Until = until.In(calendar.Shanghai).Format(time.RFC3339)
		return out, nil
	})
}
