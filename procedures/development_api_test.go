package procedures_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"pado/api"
	"pado/core/identity"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/party"
	"pado/procedures"
)

// tokens signs everybody in whose token is a person.
type tokens struct{ api.Identity }

func (tokens) Session(_ context.Context, token string) (identity.Session, error) {
	return identity.Session{Person: token}, nil
}

func (m *workshop) call(h http.Handler, person, method, path string, body any) (int, map[string]any) {
	m.t.Helper()
	b, err := json.Marshal(body)
	m.must(err)
	r := httptest.NewRequest(method, path, bytes.NewReader(b))
	r.Header.Set("Content-Type", "application/json")
	if person != "" {
		r.Header.Set("Authorization", "Bearer "+person)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	out := map[string]any{}
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		m.t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	return w.Code, out
}

// The workbench over HTTP: what a member sees and asks, what others do not.
func TestWorkbenchOverHTTP(t *testing.T) {
	m := ready(t, store.SQLite)
	h := api.New(api.Deps{Engine: m.Engine, Identity: tokens{}, Actor: party.Actor, Registers: procedures.Registers(), Menu: func(procedure.Actor) []api.MenuGroup { return nil },
		City: api.City{Code: "140600"}, Version: "test", More: api.SandboxRoutes(m.box)})
	path := "/api/projects/" + m.project
	code, p := m.call(h, m.dev1, "GET", path, nil)
	if code != 200 || p["mayAsk"] != true || len(p["tables"].([]any)) != 1 || p["budget"].(map[string]any)["unit"] != "nano-rho" {
		t.Fatalf("%d %v", code, p)
	}
	table := p["tables"].([]any)[0].(map[string]any)
	names := map[string]string{}
	for _, c := range table["columns"].([]any) {
		col := c.(map[string]any)
		names[col["name"].(string)] = col["role"].(string)
	}
	if len(names) != 3 || names["sex"] != "dim" || names["heat"] != "measure" || names["unit_key"] != "unit" {
		t.Errorf("columns %v: only what was granted exists", names)
	}
	code, dry := m.call(h, m.dev1, "POST", path+"/questions?dry=1", map[string]any{"sql": heatSQL})
	if code != 200 || dry["state"] != "planned" || dry["rho"].(float64) <= 0 {
		t.Fatalf("%d %v", code, dry)
	}
	code, a := m.call(h, m.dev1, "POST", path+"/questions", map[string]any{"sql": heatSQL, "sigma": 20})
	if code != 200 || a["state"] != "answered" || a["release"].(float64) <= a["intent"].(float64) || a["rho"] == dry["rho"] {
		t.Fatalf("%d %v", code, a)
	}
	code, no := m.call(h, m.dev1, "POST", path+"/questions", map[string]any{"sql": "SELECT * FROM households"})
	if code != 422 || !strings.HasPrefix(no["code"].(string), "GUARD_") || no["clause"] == nil || no["detail"] == "" {
		t.Errorf("%d %v", code, no)
	}
	// The Authority sees questions and budget, no figures, and may not ask; strangers see nothing.
	code, seen := m.call(h, m.at.Lead, "GET", path, nil)
	if code != 200 || seen["mayAsk"] != false || len(seen["questions"].([]any)) != 2 {
		t.Fatalf("%d %v", code, seen)
	}
	for _, q := range seen["questions"].([]any) {
		if q.(map[string]any)["rows"] != nil {
			t.Error("the Authority sees figures")
		}
	}
	for _, c := range []struct{ person, method, path string }{{m.reg, "GET", path}, {m.at.Lead, "POST", path + "/questions"}, {m.dev1, "GET", "/api/projects/XM-2026-999999-X"}} {
		if code, out := m.call(h, c.person, c.method, c.path, map[string]any{"sql": heatSQL}); code != 404 || out["code"] != "not_found" {
			t.Errorf("%s %s: %d %v", c.method, c.path, code, out)
		}
	}
	if code, out := m.call(h, "", "GET", path, nil); code != 401 {
		t.Errorf("nobody: %d %v", code, out)
	}
}
