package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pado/api"
	"pado/core/calendar"
	"pado/core/identity"
	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/core/store/storetest"
	"pado/plan"
)

// wish is the smallest procedure that can be started.
func wish() *procedure.Procedure {
	c := plan.C("6.3.2")
	return &procedure.Procedure{ID: "wish", Prefix: "CE", Title: "测试事项", Plan: c, Start: "draft",
		Form: procedure.FormOf[struct {
			What string `json:"what"`
		}](procedure.Field{Name: "what", Label: "内容", Kind: procedure.Text, Plan: c}),
		States: procedure.Phases{{ID: "draft", Label: "起草", Owes: "developer"}, {ID: "done", Label: "办结", Final: true}},
		Steps:  []procedure.Step{{Do: "submit", Label: "提交", By: "developer", From: procedure.S("draft"), To: "done", Plan: c, Edits: true}}}
}

// whole is the API with every route of the platform. Nobody gets past the sign-in to the rooms
// that are not there.
func whole(t *testing.T) (*api.API, *store.DB) {
	t.Helper()
	db := storetest.Open(t, store.SQLite, nil)
	params, err := plan.City("140600")
	must(t, err)
	e, err := procedure.New(db, procedure.Options{City: "140600", Parameters: params, Calendar: calendar.Shipped()}, wish())
	must(t, err)
	registers := []*register.Register{{ID: "orgs", Title: "单位", Plan: plan.C("1.8"), Columns: []procedure.Column{{Key: "name", Label: "名称", Kind: "text", Primary: true}},
		Filters: []register.Filter{{Key: "status", Label: "状态", Expr: "o.status", Options: []procedure.Option{{Value: "active", Label: "有效"}}}},
		From:    "org o", Key: "o.id", Cells: map[string]string{"name": "o.name"}, Order: "o.name"}}
	return api.New(api.Deps{Engine: e, Identity: signedIn{}, Registers: registers, Messages: nobody{}, City: api.City{Code: "140600", Name: "朔州市", Platform: "公共数据授权运营平台"}, Version: "test",
		Menu: api.DefaultMenu(registers, nil, reads),
		Actor: func(_ *store.ReadTx, person string) (procedure.Actor, error) {
			return procedure.Actor{Person: person, Name: person, Desks: []procedure.Desk{{ID: "dv/developer", Org: "dv", OrgName: "开发公司", Role: "developer", Label: "开发主体", Division: "140600"}}}, nil
		},
		More: func(a *api.API) {
			api.SandboxRoutes(nil)(a)
			api.KeyRoutes(&fewKeys{})(a)
			api.JobRoutes()(a)
			api.AccountRoutes(identity.New(db, make([]byte, 32), e.Parameters))(a)
			api.StatementRoutes(a)
		}}), db
}

// description is what the tests read of the OpenAPI document.
type description struct {
	Paths map[string]map[string]struct {
		OperationID string                `json:"operationId"`
		Security    []map[string][]string `json:"security"`
		Parameters  []struct{ Name, In string }
		Responses   map[string]struct {
			Content map[string]struct {
				Schema map[string]any `json:"schema"`
			} `json:"content"`
			Headers map[string]any `json:"headers"`
		} `json:"responses"`
	} `json:"paths"`
}

func describe(t *testing.T, a http.Handler) (d description) {
	t.Helper()
	w := httptest.NewRecorder()
	a.ServeHTTP(w, httptest.NewRequest("GET", "/api/openapi.json", nil))
	if w.Code != 200 {
		t.Fatalf("the description: %d", w.Code)
	}
	must(t, json.Unmarshal(w.Body.Bytes(), &d))
	return d
}

// open are the routes that answer without a session, each with the reason.
var public = map[string]string{"POST /api/session": "signing in", "POST /api/registration": "self-registration", "GET /api/health": "monitoring", "GET /api/openapi.json": "the description itself",
	"GET /api/log/proof/{seq}": "anyone may verify"}

var blank = regexp.MustCompile(`\{[^}]+\}`)

func TestNoUndocumentedRouteAnswers(t *testing.T) {
	a, _ := whole(t)
	d := describe(t, a)
	documented := map[string]bool{}
	for path, item := range d.Paths {
		for method := range item {
			documented[strings.ToUpper(method)+" "+path] = true
		}
	}
	routes := a.Patterns()
	if len(routes) < 50 {
		t.Fatalf("only %d routes", len(routes))
	}
	for _, r := range routes {
		if !documented[r] {
			t.Errorf("%s answers and is not documented", r)
		}
		delete(documented, r)
	}
	for r := range documented {
		if _, path, _ := strings.Cut(r, " "); !strings.HasPrefix(path, "/log/") { // the log's files have a handler of their own
			t.Errorf("%s is documented and does not answer", r)
		}
	}
	for _, r := range routes {
		method, path, _ := strings.Cut(r, " ")
		w := httptest.NewRecorder()
		req := httptest.NewRequest(method, blank.ReplaceAllString(path, "1"), strings.NewReader("{}"))
		req.Header.Set("Content-Type", "application/json")
		a.ServeHTTP(w, req)
		_, open := public[r]
		declared := len(d.Paths[path][strings.ToLower(method)].Security) == 0
		if open != declared {
			t.Errorf("%s: public %v, declared without security %v", r, open, declared)
		}
		// A form that is malformed is told so before anybody is asked who they are: nothing was read for it.
		if !open && w.Code != 401 && w.Code != 422 && w.Code != 400 && w.Code != 415 {
			t.Errorf("%s without a session: %d %s", r, w.Code, w.Body)
		}
		if open && w.Code == 401 {
			t.Errorf("%s is public and asks for a session", r)
		}
	}
}

// TestNothingIsReadForNobody: whatever the form, a route that needs a session gives nobody an answer.
func TestAMadeUpSessionIsRefusedEverywhere(t *testing.T) {
	o := openOffice(t)
	for _, r := range o.api.Patterns() {
		method, path, _ := strings.Cut(r, " ")
		if r == "POST /api/session" {
			continue
		}
		req := httptest.NewRequest(method, blank.ReplaceAllString(path, "1"), strings.NewReader("{}"))
		req.Header.Set("Authorization", "Bearer made-up")
		w := httptest.NewRecorder()
		o.api.ServeHTTP(w, req)
		if w.Code != 401 {
			t.Errorf("%s with a made-up token: %d", r, w.Code)
		}
	}
}

func TestAnotherMethodIsRefusedWithThoseThatAre(t *testing.T) {
	a, _ := whole(t)
	d := describe(t, a)
	for path, item := range d.Paths {
		if !strings.HasPrefix(path, "/api/") {
			continue
		}
		concrete := blank.ReplaceAllString(path, "1")
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
			if _, ok := item[strings.ToLower(method)]; ok || taken(d, method, concrete) {
				continue
			}
			w := httptest.NewRecorder()
			a.ServeHTTP(w, httptest.NewRequest(method, concrete, nil))
			allow := strings.Split(w.Header().Get("Allow"), ", ")
			for m := range item {
				if w.Code != 405 || !slices.Contains(allow, strings.ToUpper(m)) || slices.Contains(allow, method) || !strings.Contains(w.Body.String(), `"request.method"`) {
					t.Errorf("%s %s: %d, Allow %q, %s", method, concrete, w.Code, allow, w.Body)
				}
			}
		}
	}
	for _, path := range []string{"/api/nix", "/api/", "/api/cases/1/2/3/4"} {
		w := httptest.NewRecorder()
		a.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != 404 || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s", path, w.Code, w.Header().Get("Content-Type"))
		}
	}
}

// taken tells whether some other documented path answers a concrete one.
func taken(d description, method, concrete string) bool {
	for path, item := range d.Paths {
		if _, ok := item[strings.ToLower(method)]; ok && regexp.MustCompile("^"+blank.ReplaceAllString(regexp.QuoteMeta(path), "[^/]+")+"$").MatchString(concrete) {
			return true
		}
		q := regexp.QuoteMeta(path)
		q = regexp.MustCompile(`\\\{[^}]+\\\}`).ReplaceAllString(q, "[^/]+")
		if _, ok := item[strings.ToLower(method)]; ok && regexp.MustCompile("^"+q+"$").MatchString(concrete) {
			return true
		}
	}
	return false
}

func TestSignInIsSlowedDown(t *testing.T) {
	o := openOffice(t)
	body := `{"user":"nobody-there","password":"x"}`
	var w *httptest.ResponseRecorder
	try := func(from string) int {
		r := httptest.NewRequest("POST", "/api/session", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.RemoteAddr = from
		w = httptest.NewRecorder()
		o.api.ServeHTTP(w, r)
		return w.Code
	}
	n := 0
	for ; n < 100 && try("192.0.2.7:1") != 429; n++ {
	}
	if n == 100 || n < 5 {
		t.Fatalf("%d tries were let through", n)
	}
	var p map[string]any
	must(t, json.Unmarshal(w.Body.Bytes(), &p))
	if w.Header().Get("Retry-After") == "" || w.Header().Get("Content-Type") != "application/problem+json" || p["code"] == "" || p["type"] != "/help/errors#"+p["code"].(string) {
		t.Errorf("429 says %v with %v", p, w.Header())
	}
	if try("192.0.2.8:1") == 429 {
		t.Error("another address is slowed down too")
	}
	if try("192.0.2.7:2") != 429 {
		t.Error("another port of the same address is let through")
	}
	o.clock.At = o.clock.At.Add(2 * time.Minute)
	if try("192.0.2.7:1") == 429 {
		t.Error("two minutes later it is still refused")
	}
}

func TestTheSameKeyIsTheSameCase(t *testing.T) {
	a, db := whole(t)
	size := func() (n int64) {
		must(t, db.View(context.Background(), func(r *store.ReadTx) (err error) { n, err = r.LogSize(); return err }))
		return n
	}
	start := func(key, what string) (int, map[string]any) {
		r := httptest.NewRequest("POST", "/api/procedures/wish/cases", strings.NewReader(fmt.Sprintf(`{"form":{"what":%q}}`, what)))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer p1")
		r.Header.Set("Idempotency-Key", key)
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		out := map[string]any{}
		must(t, json.Unmarshal(w.Body.Bytes(), &out))
		return w.Code, out
	}
	status, first := start("k-1", "甲")
	if status != 201 || first["no"] == "" || first["no"] == nil {
		t.Fatalf("%d %v", status, first)
	}
	after := size()
	status, again := start("k-1", "甲")
	if status != 201 || again["no"] != first["no"] || size() != after {
		t.Errorf("again: %d %v, %d further entries", status, again["no"], size()-after)
	}
	if status, other := start("k-2", "甲"); status != 201 || other["no"] == first["no"] || size() == after {
		t.Errorf("another key: %d %v", status, other["no"])
	}
	if status, p := start("k-1", "乙"); status < 400 || status >= 500 || p["code"] == "" {
		t.Errorf("the same key with another content: %d %v", status, p)
	}
	var cases int
	must(t, db.View(context.Background(), func(r *store.ReadTx) error { return r.Get(&cases, `SELECT COUNT(*) FROM case_file`) }))
	if cases != 2 {
		t.Errorf("%d cases", cases)
	}
}

func TestTheDescriptionSaysWhatComesBack(t *testing.T) {
	a, _ := whole(t)
	d := describe(t, a)
	problem := func(path, method string, status ...string) {
		t.Helper()
		for _, s := range status {
			if _, ok := d.Paths[path][method].Responses[s].Content["application/problem+json"]; !ok {
				t.Errorf("%s %s does not say that it may answer %s with a problem", method, path, s)
			}
		}
	}
	problem("/api/cases/{no}/{action}", "post", "401", "403", "409", "422", "428", "503")
	problem("/api/session", "post", "401", "423", "429", "503")
	problem("/api/attachments", "post", "401", "409", "413", "415", "503")
	if d.Paths["/api/session"]["post"].Responses["429"].Headers["Retry-After"] == nil {
		t.Error("429 without Retry-After")
	}
	for path, want := range map[string]string{"/api/attachments/{id}": "application/octet-stream", "/api/registers/{id}/export.xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
		"/api/cases/{no}/documents/{file}": "application/pdf", "/api/statements/{id}/{file}": "application/pdf"} {
		if c, ok := d.Paths[path]["get"].Responses["200"].Content[want]; !ok || c.Schema["format"] != "binary" {
			t.Errorf("%s does not answer with %s", path, want)
		}
	}
	filters := false
	for _, p := range d.Paths["/api/registers/{id}"]["get"].Parameters {
		filters = filters || p.Name == "filter.status" && p.In == "query"
	}
	if !filters {
		t.Error("the filters of registers are not parameters")
	}
	if s := d.Paths["/api/cases/{no}/{action}"]["post"].Responses["200"].Content["application/json"].Schema; s["oneOf"] == nil {
		t.Errorf("an act answers with %v", s)
	}
	for path, item := range d.Paths {
		for method, o := range item {
			for status, r := range o.Responses {
				for media, c := range r.Content {
					if strings.HasPrefix(path, "/api/") && (len(c.Schema) == 0 || strings.HasPrefix(status, "4") && media != "application/problem+json") {
						t.Errorf("%s %s answers %s with %s of no declared shape", method, path, status, media)
					}
				}
			}
		}
	}
}
