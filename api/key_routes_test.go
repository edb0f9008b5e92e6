package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"pado/api"
	"pado/core/calendar"
	"pado/core/identity"
	"pado/core/procedure"
	"pado/core/store"
	"pado/core/store/storetest"
	"pado/domain/gatewayfeed"
	"pado/plan"
)

// signedIn lets every token in as the person it names.
type signedIn struct{ api.Identity }

func (signedIn) Session(_ context.Context, token string) (identity.Session, error) {
	return identity.Session{Person: token}, nil
}

func (signedIn) Confirmed(identity.Session, string) bool { return true }

// fewKeys is a key service with one order, of c1.
type fewKeys struct{ revoked []string }

func (f *fewKeys) of(a procedure.Actor, order string) error {
	if a.Person != "c1" || order != "DD-1" {
		return store.ErrNotFound
	}
	return nil
}

func (f *fewKeys) Issue(_ context.Context, a procedure.Actor, order, algorithm, replaces string) (gatewayfeed.IssuedKey, error) {
	if err := f.of(a, order); err != nil {
		return gatewayfeed.IssuedKey{}, err
	}
	if replaces == "gone" {
		return gatewayfeed.IssuedKey{}, procedure.Refuse("key.replaces", plan.C("1.7b"), "要轮换的密钥不存在")
	}
	return gatewayfeed.IssuedKey{KeyInfo: gatewayfeed.KeyInfo{ID: "k1", Order: order, Algorithm: algorithm, Active: true, Path: "/open"}, Secret: "5ec7e7"}, nil
}

func (f *fewKeys) Revoke(_ context.Context, a procedure.Actor, key string) error {
	f.revoked = append(f.revoked, a.Person+" "+key)
	return nil
}

func (f *fewKeys) List(_ context.Context, a procedure.Actor, order string) ([]gatewayfeed.KeyInfo, error) {
	return []gatewayfeed.KeyInfo{{ID: "k1", Order: order, Active: true}}, f.of(a, order)
}

func keyAPI(t *testing.T, s api.KeyService) http.Handler {
	t.Helper()
	db := storetest.Open(t, store.SQLite, nil)
	params, err := plan.City("140600")
	if err != nil {
		t.Fatal(err)
	}
	e, err := procedure.New(db, procedure.Options{City: "140600", Parameters: params, Calendar: calendar.Shipped()})
	if err != nil {
		t.Fatal(err)
	}
	return api.New(api.Deps{Engine: e, Identity: signedIn{}, Actor: func(_ *store.ReadTx, person string) (procedure.Actor, error) {
		return procedure.Actor{Person: person}, nil
	},
		More: func(a *api.API) { api.KeyRoutes(s)(a); api.StatementRoutes(a) }})
}

func ask(h http.Handler, person, method, path, body string) (int, map[string]any) {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if person != "" {
		r.Header.Set("Authorization", "Bearer "+person)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	out := map[string]any{}
	if w.Body.Len() > 0 && json.Unmarshal(w.Body.Bytes(), &out) != nil {
		out["raw"] = w.Body.String()
	}
	return w.Code, out
}

func TestKeyRoutes(t *testing.T) {
	s := &fewKeys{}
	h := keyAPI(t, s)
	for _, x := range []struct {
		person, method, path, body string
		status                     int
		code                       string
	}{
		{"", "POST", "/api/orders/DD-1/keys", `{}`, 401, ""},
		{"c2", "POST", "/api/orders/DD-1/keys", `{}`, 404, ""},
		{"c1", "POST", "/api/orders/DD-2/keys", `{}`, 404, ""},
		{"c1", "POST", "/api/orders/DD-1/keys", `{"algorithm":"MD5"}`, 422, ""},
		{"c1", "POST", "/api/orders/DD-1/keys", `{"replaces":"gone"}`, 422, "key.replaces"},
		{"c2", "GET", "/api/orders/DD-1/keys", "", 404, ""},
		{"c1", "GET", "/api/statements/ZD-1/statement.pdf", "", 404, ""},
		{"c1", "GET", "/api/statements/ZD-1/other.pdf", "", 404, ""},
	} {
		status, out := ask(h, x.person, x.method, x.path, x.body)
		if status != x.status || x.code != "" && out["code"] != x.code {
			t.Errorf("%s %s %s as %q: %d %v", x.method, x.path, x.body, x.person, status, out)
		}
	}
	status, out := ask(h, "c1", "POST", "/api/orders/DD-1/keys", `{"algorithm":"HMAC-SM3"}`)
	if status != 201 || out["secret"] != "5ec7e7" || out["algorithm"] != "HMAC-SM3" || out["state"] != "active" || out["path"] != "/open" {
		t.Errorf("issued: %d %v", status, out)
	}
	status, out = ask(h, "c1", "GET", "/api/orders/DD-1/keys", "")
	items, _ := out["items"].([]any)
	if len(items) != 1 {
		t.Fatalf("listed: %d %v", status, out)
	}
	if _, shown := items[0].(map[string]any)["secret"]; shown || status != 200 {
		t.Errorf("the list shows a secret: %v", items)
	}
	if status, _ = ask(h, "c1", "POST", "/api/keys/k1/revoke", ""); status != 204 || len(s.revoked) != 1 || s.revoked[0] != "c1 k1" {
		t.Errorf("revoked: %d %v", status, s.revoked)
	}
}
