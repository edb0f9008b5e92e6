package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"pado/api"
	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/identity"
	"pado/core/procedure"
	"pado/core/store"
	"pado/core/store/storetest"
	"pado/domain/party"
	"pado/plan"
)

var update = flag.Bool("update", false, "rewrite the golden files under testdata")

const password = "Shuozhou-2026"

// office is a platform with two organisations, the three administrators and their accounts.
type office struct {
	t     *testing.T
	db    *store.DB
	ids   *identity.Service
	api   *api.API
	clock *storetest.Clock
	jars  map[string][]*http.Cookie
}

func openOffice(t *testing.T) *office {
	t.Helper()
	clock := &storetest.Clock{At: storetest.Start}
	o := storetest.Options(t, store.SQLite)
	o.Wall = clock.Now
	ctx := context.Background()
	db, err := store.Open(ctx, o)
	must(t, err)
	t.Cleanup(func() { db.Close() })
	storetest.Found(t, db)
	params, err := plan.City("140600")
	must(t, err)
	e, err := procedure.New(db, procedure.Options{City: "140600", Parameters: params, Calendar: calendar.Shipped(), Scope: party.Scope, Notify: party.Notify, Supervises: party.Supervisors})
	must(t, err)
	ids := identity.New(db, bytes.Repeat([]byte{7}, 32), e.Parameters)
	ids.Attach(identity.Hooks{Oversees: party.Oversees, Tell: party.TellAccount, Seat: party.SeatProgram})
	hash, err := ids.Hash(ctx, password)
	must(t, err)
	account := func(user, name string) identity.NewAccount {
		return identity.NewAccount{NewPerson: identity.NewPerson{Username: user, Name: name, Phone: "13800138000"}, Hash: hash}
	}
	_, err = party.Bootstrap(ctx, db, ids, party.Opening{Authority: party.Org{ID: "au", Name: "朔州市数据局", Kind: party.Organ}, Lead: account("aulead", "局长"),
		System: account("sysadmin", "系统员"), Security: account("secadmin", "安全员"), Audit: account("auditadmin", "审计员")})
	must(t, err)
	_, err = db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		if _, err := w.Exec(`INSERT INTO parameter (key, valid_from, value, source) VALUES ('secondfactor.required', '2025-03-02', 'false', 'test')`); err != nil {
			return audit.Entry{}, err
		}
		for _, x := range []struct {
			org, name string
			role      procedure.Role
			people    []string
		}{{"op", "运营公司", party.Operator, []string{"oplead*", "opuser", "opmate"}}, {"dev", "开发公司", party.Developer, []string{"devlead*", "devuser"}}} {
			s := party.Seeding{Org: party.Org{ID: x.org, Name: x.name, Division: "140600", Kind: party.Company, LegalPerson: true}, Roles: []procedure.Role{x.role}}
			for _, u := range x.people {
				user, lead := strings.CutSuffix(u, "*")
				p, err := ids.Prepare(ctx, account(user, "人员"+user))
				if err != nil {
					return audit.Entry{}, err
				}
				if err := p.Open(w); err != nil {
					return audit.Entry{}, err
				}
				s.Members = append(s.Members, party.Membership{Person: p.Person(), Role: x.role, Lead: lead})
			}
			if err := party.Seed(w, s); err != nil {
				return audit.Entry{}, err
			}
		}
		return audit.Entry{Type: "test.write", Actor: "test", Action: "write"}, nil
	})
	must(t, err)
	a := api.New(api.Deps{Engine: e, Identity: ids, Actor: party.Actor, City: api.City{Code: "140600"}, Version: "test",
		Menu: api.DefaultMenu(nil, nil, reads), Messages: nobody{},
		LogReader: reads, More: func(a *api.API) { api.AccountRoutes(ids)(a); api.JobRoutes()(a) }})
	return &office{t: t, db: db, ids: ids, api: a, clock: clock, jars: map[string][]*http.Cookie{}}
}

// nobody has no messages.
type nobody struct{ api.Messages }

func (nobody) Unread(context.Context, string) (int, error) { return 0, nil }

func reads(a procedure.Actor) bool { return a.Has(party.AuditAdm) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// call makes a request with the cookies of a person, who is signed in first where needed.
func (o *office) call(user, method, path, body string) (int, map[string]any) {
	o.t.Helper()
	if user != "" && o.jars[user] == nil && path != "/api/session" {
		if status, b := o.call(user, "POST", "/api/session", fmt.Sprintf(`{"user":%q,"password":%q}`, user, password)); status != 200 {
			o.t.Fatalf("%s cannot sign in: %d %v", user, status, b)
		}
	}
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("X-Pado", "1")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, c := range o.jars[user] {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	o.api.ServeHTTP(w, r)
	o.jars[user] = append(o.jars[user], w.Result().Cookies()...)
	out := map[string]any{}
	if w.Body.Len() > 0 {
		must(o.t, json.Unmarshal(w.Body.Bytes(), &out))
	}
	return w.Code, out
}

func (o *office) logSize() (n int64) {
	must(o.t, o.db.View(context.Background(), func(r *store.ReadTx) (err error) { n, err = r.LogSize(); return err }))
	return n
}

// TestWhoMayUseWhichRoute is the matrix of roles and new routes, as text in
// testdata/account_routes.golden: every answer's status and code.
func TestWhoMayUseWhichRoute(t *testing.T) {
	// In this order, so that nobody is shut out before it is their turn.
	users := []string{"", "opuser", "oplead", "devlead", "aulead", "auditadmin", "secadmin", "sysadmin"}
	routes := []struct{ method, path, body string }{
		{"GET", "/api/accounts", ""}, {"GET", "/api/accounts/opmate", ""}, {"GET", "/api/accounts/secadmin", ""}, {"GET", "/api/accounts/nobody", ""},
		{"POST", "/api/accounts/opmate/reset", `{}`}, {"POST", "/api/accounts/opmate/reset", `{"factor":true}`},
		{"POST", "/api/accounts/nobody/reset", `{}`},
		{"POST", "/api/accounts/opmate/lock", ""}, {"POST", "/api/accounts/opmate/unlock", ""}, {"POST", "/api/accounts/opmate/disable", ""},
		{"POST", "/api/accounts/opmate/enable", ""}, {"POST", "/api/accounts/opmate/drop-factor", ""},
		{"PUT", "/api/accounts/opmate/contacts", `{"mail":"a@example.cn"}`}, {"POST", "/api/accounts/opmate/reveal", `{"field":"phone","reason":"核对联系方式"}`},
		{"POST", "/api/accounts/opmate/reveal", `{"field":"id_card","reason":"核对身份信息"}`}, {"POST", "/api/accounts/opmate/reveal", `{"field":"phone","reason":"x"}`},
		{"POST", "/api/accounts", `{"user":"prog-%s","name":"接口","org":"op","role":"operator"}`}, {"POST", "/api/accounts/opmate/token", ""}, {"DELETE", "/api/accounts/opmate/token", ""},
		{"GET", "/api/log", ""}, {"GET", "/api/log?person=nobody-there", ""}, {"GET", "/api/log?from=yesterday", ""}, {"GET", "/api/log/0", ""}, {"GET", "/api/log/999999", ""},
		{"GET", "/api/jobs", ""}, {"POST", "/api/jobs/job-00000001/resume", ""}, {"POST", "/api/me/totp/remove", `{"code":"123456"}`}, {"PUT", "/api/me/contacts", `{"mail":"b@example.cn"}`},
		{"POST", "/api/session/confirm", `{"password":"` + password + `"}`}, {"POST", "/api/session/confirm", `{"password":"wrong"}`},
		{"POST", "/api/accounts/devuser/reset", `{}`}, {"POST", "/api/accounts/oplead/reset", `{}`}, {"POST", "/api/accounts/secadmin/reset", `{}`},
	}
	var b strings.Builder
	var o *office
	for _, x := range routes {
		fmt.Fprintf(&b, "%s %s %s\n", x.method, x.path, strings.ReplaceAll(x.body, password, "right"))
		if o == nil || strings.HasSuffix(x.path, "admin/reset") || strings.HasSuffix(x.path, "lead/reset") || strings.HasSuffix(x.path, "devuser/reset") {
			o = openOffice(t) // these end sessions of the people who ask
		}
		for _, u := range users {
			body := x.body
			if strings.Contains(body, "%s") {
				body = fmt.Sprintf(body, u)
			}
			status, out := o.call(u, x.method, x.path, body)
			code, _ := out["code"].(string)
			name := u
			if name == "" {
				name = "(nobody)"
			}
			fmt.Fprintf(&b, "  %-11s %d %s\n", name, status, code)
			if detail, _ := out["detail"].(string); status >= 400 && detail == "" {
				t.Errorf("%s %s as %s: no words: %v", x.method, x.path, u, out)
			}
		}
	}
	const golden = "testdata/account_routes.golden"
	if *update {
		must(t, os.MkdirAll("testdata", 0o755))
		must(t, os.WriteFile(golden, []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile(golden)
	must(t, err)
	if got := b.String(); got != string(want) {
		t.Errorf("the matrix changed; look at it and run with -update:\n%s", got)
	}
}

func TestAResetPasswordIsShownOnceAndMustBeChanged(t *testing.T) {
	o := openOffice(t)
	before := o.logSize()
	status, out := o.call("devlead", "POST", "/api/accounts/devuser/reset", `{}`)
	once, _ := out["password"].(string)
	if status != 200 || len(once) < 12 || o.logSize() != before+2 { // sign-in and reset
		t.Fatalf("%d %v, %d entries", status, out, o.logSize()-before)
	}
	if status, out = o.call("devuser", "POST", "/api/session", fmt.Sprintf(`{"user":"devuser","password":%q}`, once)); status != 200 || out["mustChangePassword"] != true {
		t.Fatalf("%d %v", status, out)
	}
	if status, out = o.call("devuser", "GET", "/api/accounts", ""); status != 403 || out["code"] != "password.must_change" {
		t.Errorf("%d %v", status, out)
	}
	if status, _ = o.call("devuser", "POST", "/api/me/password", fmt.Sprintf(`{"old":%q,"new":"Changed-2026-x"}`, once)); status != 204 {
		t.Errorf("changed: %d", status)
	}
	if status, out = o.call("devuser", "GET", "/api/accounts", ""); status != 404 {
		t.Errorf("%d %v", status, out)
	}
}

func TestWhatCannotBeTakenBackAsksAgain(t *testing.T) {
	o := openOffice(t)
	if status, _ := o.call("secadmin", "POST", "/api/accounts/opuser/disable", ""); status != 204 {
		t.Fatalf("just signed in: %d", status)
	}
	o.clock.At = o.clock.At.Add(6 * time.Minute)
	status, out := o.call("secadmin", "POST", "/api/accounts/devuser/disable", "")
	if status != 403 || out["code"] != "session.confirm" || out["clause"] == nil {
		t.Fatalf("six minutes later: %d %v", status, out)
	}
	if status, out = o.call("secadmin", "POST", "/api/session/confirm", `{"password":"nonsense"}`); status != 422 || out["code"] != "password.old" {
		t.Fatalf("%d %v", status, out)
	}
	if status, out = o.call("secadmin", "POST", "/api/session/confirm", `{"password":"`+password+`"}`); status != 200 || out["until"] == "" {
		t.Fatalf("%d %v", status, out)
	}
	if status, out = o.call("secadmin", "POST", "/api/accounts/devuser/disable", ""); status != 204 {
		t.Fatalf("confirmed: %d %v", status, out)
	}
	if _, out = o.call("secadmin", "GET", "/api/me", ""); out["idleMinutes"] != 10.0 {
		t.Errorf("an administrator may idle %v minutes", out["idleMinutes"])
	}
	if _, out = o.call("aulead", "GET", "/api/me", ""); out["idleMinutes"] != 30.0 || out["mustBindFactor"] != false {
		t.Errorf("others may idle %v minutes, must bind: %v", out["idleMinutes"], out["mustBindFactor"])
	}
}

func TestTheMenuShowsPagesToWhomTheyAre(t *testing.T) {
	o := openOffice(t)
	for user, want := range map[string]string{"secadmin": "accounts", "sysadmin": "accounts", "auditadmin": "log", "aulead": "accounts leader", "oplead": "accounts jobs leader", "opuser": "jobs", "devuser": ""} {
		_, out := o.call(user, "GET", "/api/me", "")
		b, err := json.Marshal(out["menu"])
		must(t, err)
		var menu []api.MenuGroup
		must(t, json.Unmarshal(b, &menu))
		var got []string
		for _, key := range []string{"accounts", "jobs", "leader", "log"} {
			for _, g := range menu {
				for _, c := range g.Children {
					if c.Key == key {
						got = append(got, key)
					}
				}
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s sees %v, want %s", user, got, want)
		}
	}
}

func TestAnEntryOfTheLogComesWithWhatChecksIt(t *testing.T) {
	o := openOffice(t)
	o.call("opuser", "GET", "/api/me", "")
	_, err := o.db.SignCheckpoint(context.Background(), storetest.Keys(t).Signers().Checkpoints)
	must(t, err)
	_, out := o.call("auditadmin", "GET", "/api/log?person=opuser&kind=identity", "")
	items := out["items"].([]any)
	if len(items) != 1 {
		t.Fatalf("%v", items)
	}
	e := items[0].(map[string]any)
	if e["actorName"] != "人员opuser" || e["type"] != "identity.sign-in" {
		t.Errorf("%v", e)
	}
	status, out := o.call("auditadmin", "GET", fmt.Sprintf("/api/log/%v", e["seq"]), "")
	if status != 200 || out["body"] == "" || out["opening"] == "" || out["proof"] == nil {
		t.Errorf("%d %v", status, out)
	}
	_, out = o.call("auditadmin", "GET", "/api/log?kind=audit&person=auditadmin", "")
	reads := out["items"].([]any)
	if len(reads) != 2 || reads[1].(map[string]any)["detail"].(map[string]any)["person"] != "opuser" {
		t.Errorf("the search itself is no entry: %v", reads)
	}
}
