package api_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"pado/core/audit"
	"pado/core/store"
)

// TestLeadersRoutesShowNoForeignUnit: the governing body's lead sees all units, a firm's lead its
// own, anybody else is told that there is no such page.
func TestLeadersRoutesShowNoForeignUnit(t *testing.T) {
	o := openOffice(t)
	_, err := o.db.Update(context.Background(), func(w *store.Tx) (audit.Entry, error) {
		for i, org := range []string{"op", "dev"} {
			role := map[string]string{"op": "operator", "dev": "developer"}[org]
			no := fmt.Sprintf("BN-2026-%06d-0", i)
			if _, err := w.Exec(`INSERT INTO case_file (no, procedure, state, title, revision, tenant, form, org, person, role, created, updated, since, due_at, due_year, due_sort,
				owes, owes_org, handler, final, backfill, urged, supervised, subject, parent, rules, turn)
				VALUES ($1,'gone','review',$2,1,'140600','{}','dev','x','developer',0,0,0,1,0,1,$3,$4,'',$5,$5,0,$5,'','','',$6)`, no, "机密事由"+org, role, org, false, org+"/"+role); err != nil {
				return audit.Entry{}, err
			}
			if _, err := w.Exec(`INSERT INTO case_party (case_no, role, org) VALUES ($1,$2,$3)`, no, role, org); err != nil {
				return audit.Entry{}, err
			}
		}
		return audit.Entry{Type: "test.write", Actor: "test", Action: "write"}, nil
	})
	must(t, err)
	for _, x := range []struct {
		user         string
		status       int
		supervise    bool
		sees, hidden []string
	}{
		{"", 401, false, nil, []string{"运营公司", "机密"}},
		{"opuser", 404, false, nil, []string{"运营公司", "机密"}},
		{"secadmin", 404, false, nil, []string{"运营公司", "机密"}},
		{"devlead", 200, false, []string{"开发公司", "机密事由dev"}, []string{"运营公司", "机密事由op"}},
		{"oplead", 200, false, []string{"运营公司", "机密事由op"}, []string{"机密事由dev"}},
		{"aulead", 200, true, []string{"运营公司", "开发公司", "机密事由op", "机密事由dev"}, nil},
	} {
		var all strings.Builder
		for _, path := range []string{"/api/leader", "/api/leader/cases?kind=overdue", "/api/leader/pressed"} {
			status, out := o.call(x.user, "GET", path, "")
			if status != x.status {
				t.Errorf("%s as %q: %d", path, x.user, status)
			}
			if s, ok := out["supervise"].(bool); ok && s != x.supervise {
				t.Errorf("%s: supervise %v", x.user, s)
			}
			fmt.Fprint(&all, out)
		}
		for _, s := range x.sees {
			if !strings.Contains(all.String(), s) {
				t.Errorf("%s does not see %s", x.user, s)
			}
		}
		for _, s := range x.hidden {
			if strings.Contains(all.String(), s) {
				t.Errorf("%s sees %s", x.user, s)
			}
		}
	}
	if status, _ := o.call("aulead", "GET", "/api/leader/cases?kind=other", ""); status != 422 {
		t.Errorf("an unknown list: %d", status)
	}
}
