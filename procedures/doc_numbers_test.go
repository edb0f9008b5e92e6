package procedures_test

import (
	"fmt"
	"strings"
	"testing"

	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/domain/party"
	"pado/procedures"
)

// TestDocNumbersAreARegister: who sees which numbers, where one is missing, which was voided.
func TestDocNumbersAreARegister(t *testing.T) {
	eachCity(t, func(t *testing.T, c *city) {
		var g *register.Register
		for _, x := range procedures.Registers() {
			if x.ID == "doc_numbers" {
				g = x
			}
		}
		if g == nil {
			t.Fatal("no register of document numbers")
		}
		if err := g.Check(); err != nil {
			t.Fatal(err)
		}
		other := c.establish(c.person("caizheng", "财政甲"), "财政局", "treasury", string(party.Organ), "140600")
		for i, x := range []struct {
			org, role, state string
			n                int
		}{{c.at.Authority, "authority", "done", 1}, {c.at.Authority, "authority", procedure.StateVoid, 2}, {c.at.Authority, "treasury", "done", 5}, {other, "treasury", "done", 1}} {
			no, doc := fmt.Sprintf("BN-%d", i), fmt.Sprintf("%s〔2025〕%d号", x.org, x.n)
			c.write(`INSERT INTO case_file (no, procedure, state, title, revision, tenant, form, org, person, role, created, updated, since, due_at, due_year, due_sort,
				owes, owes_org, handler, final, backfill, urged, supervised, subject, parent, rules, turn)
				VALUES ($1,'p04_subject',$2,$3,1,'140600','{}','','x','person',0,0,0,NULL,0,9,'','','',$4,$5,0,$5,'','','','')`, no, x.state, "事由"+no, true, false)
			c.write(`INSERT INTO case_event (case_no, n, at, person, person_name, org, org_name, role, behalf, action, label, from_state, to_state, opinion, clause, changed, input, persons,
				elapsed, doc_no, form_digest, revision) VALUES ($1,1,0,'x','签发人',$2,'',$3,'','sign','签发','a','b','','','[]','{}','x',0,$4,'',1)`, no, x.org, x.role, doc)
			c.write(`INSERT INTO doc_number (doc_no, org, year, n, case_no, action, at) VALUES ($1,$2,2025,$3,$4,'sign',$3)`, doc, x.org, x.n, no)
		}
		list := func(a procedure.Actor, filter map[string]string) (out []string) {
			t.Helper()
			c.must(c.db.View(ctx, func(r *store.ReadTx) error {
				p, err := g.List(r, a, register.Query{Filters: filter})
				for _, row := range p.Rows {
					if no := fmt.Sprint(row.Cells["case"]); !strings.HasPrefix(no, "BN-") {
						continue // what the setting up numbered
					}
					out = append(out, fmt.Sprint(row.Cells["case"], row.Cells["state"], row.Cells["gap"]))
				}
				return err
			}))
			return out
		}
		clerk := procedure.Actor{Person: "k", Desks: []procedure.Desk{{Org: c.at.Authority, Role: party.Authority, Division: "140600"}}}
		for _, x := range []struct {
			who    procedure.Actor
			filter map[string]string
			want   string
		}{
			{clerk, nil, "[BN-1已作废 BN-0有效]"},
			{c.actor(c.at.Lead), nil, "[BN-2有效缺 3—4 号 BN-1已作废 BN-0有效]"},
			{c.actor(c.at.Lead), map[string]string{"gap": "yes"}, "[BN-2有效缺 3—4 号]"},
			{c.actor(c.at.Audit), map[string]string{"state": "已作废"}, "[BN-1已作废]"},
			{procedure.Actor{Person: "s", Desks: []procedure.Desk{{Org: other, Role: party.Source, Division: "140600"}}}, nil, "[]"},
		} {
			if got := fmt.Sprint(list(x.who, x.filter)); got != x.want {
				t.Errorf("%s %v: %s, want %s", x.who.Person, x.filter, got, x.want)
			}
		}
		if n := len(list(c.actor(c.at.Audit), nil)); n != 4 {
			t.Errorf("the archive sees %d of 4", n)
		}
	})
}
