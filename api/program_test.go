package api_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"pado/core/audit"
	"pado/core/store"
)

func (o *office) actsOn(user, account string) string {
	o.t.Helper()
	status, out := o.call(user, "GET", "/api/accounts/"+account, "")
	if status != 200 {
		o.t.Fatalf("%s reads %s: %d %v", user, account, status, out)
	}
	return strings.Trim(fmt.Sprint(out["acts"]), "[]")
}

func TestAProgramOfAnOrganisationIsItsLeads(t *testing.T) {
	o := openOffice(t)
	o.call("secadmin", "GET", "/api/me", "")
	o.call("oplead", "GET", "/api/me", "")
	body := `{"user":"op-prog","name":"接口","org":"op","role":"operator"}`
	if status, out := o.call("secadmin", "POST", "/api/accounts", body); status != 403 || out["code"] != "account.office" {
		t.Errorf("the security administrator opens it: %d %v", status, out)
	}
	o.clock.At = o.clock.At.Add(6 * time.Minute)
	if status, out := o.call("oplead", "POST", "/api/accounts", body); status != 403 || out["code"] != "session.confirm" {
		t.Fatalf("without being asked again: %d %v", status, out)
	}
	for _, u := range []string{"oplead", "secadmin"} {
		if status, out := o.call(u, "POST", "/api/session/confirm", `{"password":"`+password+`"}`); status != 200 {
			t.Fatalf("%s: %d %v", u, status, out)
		}
	}
	if status, out := o.call("oplead", "POST", "/api/accounts", body); status != 201 {
		t.Fatalf("%d %v", status, out)
	}
	if status, out := o.call("secadmin", "POST", "/api/accounts/op-prog/token", ""); status != 403 || out["code"] != "account.office" {
		t.Errorf("the security administrator takes the token: %d %v", status, out)
	}
	if got := o.actsOn("secadmin", "op-prog"); got != "disable revoke" {
		t.Errorf("offered to the security administrator: %s", got)
	}
	if got := o.actsOn("oplead", "op-prog"); got != "token revoke" {
		t.Errorf("offered to the lead: %s", got)
	}
	if status, out := o.call("secadmin", "DELETE", "/api/accounts/op-prog/token", ""); status != 204 {
		t.Fatalf("%d %v", status, out)
	}
	if status, _ := o.call("oplead", "POST", "/api/accounts/op-prog/token", ""); status != 403 {
		t.Errorf("a lead undoes a revocation: %d", status)
	}
	if got := o.actsOn("oplead", "op-prog"); got != "revoke" {
		t.Errorf("offered to the lead after a revocation: %s", got)
	}
	if got := o.actsOn("secadmin", "op-prog"); got != "unlock disable revoke" {
		t.Errorf("offered to the security administrator after a revocation: %s", got)
	}
	if status, _ := o.call("secadmin", "POST", "/api/accounts/op-prog/unlock", ""); status != 204 {
		t.Errorf("unlock: %d", status)
	}
	if status, out := o.call("oplead", "POST", "/api/accounts/op-prog/token", ""); status != 201 {
		t.Errorf("%d %v", status, out)
	}
	if got := o.actsOn("oplead", "opmate"); strings.Contains(got, "reset") {
		t.Errorf("a lead is offered %s for who decides with another", got)
	}
	if got := o.actsOn("devlead", "devuser"); !strings.Contains(got, "reset") {
		t.Errorf("a lead is offered %s for who decides nothing with another", got)
	}
}

// TestABodyOfTheLogIsBehindTheGate: who must first change the password or bind the second factor
// reads no body, either.
func TestABodyOfTheLogIsBehindTheGate(t *testing.T) {
	o := openOffice(t)
	o.call("auditadmin", "GET", "/api/me", "")
	read := func(user string) int {
		r := httptest.NewRequest(http.MethodGet, "/log/bodies?from=0", nil)
		for _, c := range o.jars[user] {
			r.AddCookie(c)
		}
		w := httptest.NewRecorder()
		o.api.LogHandler().ServeHTTP(w, r)
		return w.Code
	}
	if got := read("auditadmin"); got != 200 {
		t.Fatalf("the auditor: %d", got)
	}
	if got := read("nobody"); got != 401 {
		t.Errorf("nobody: %d", got)
	}
	change := func(q string, args ...any) {
		_, err := o.db.Update(context.Background(), func(w *store.Tx) (audit.Entry, error) {
			_, err := w.Exec(q, args...)
			return audit.Entry{Type: "test.write", Actor: "test", Action: "write"}, err
		})
		must(t, err)
		o.clock.At = o.clock.At.Add(3 * time.Second) // past what is remembered of sessions and desks
	}
	change(`UPDATE account SET must_change = $1 WHERE username = 'auditadmin'`, true)
	if got := read("auditadmin"); got != 403 {
		t.Errorf("who must change the password: %d", got)
	}
	change(`UPDATE account SET must_change = $1 WHERE username = 'auditadmin'`, false)
	change(`UPDATE parameter SET value = 'true' WHERE key = 'secondfactor.required'`)
	if got := read("auditadmin"); got != 403 {
		t.Errorf("who must bind the second factor: %d", got)
	}
}
