package procedures_test

import (
	"errors"
	"strings"
	"testing"

	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/party"
	"pado/procedures"
)

// What is not one's own is not there; what moved meanwhile is not moved again; the clock's case is opened by the clock.
func TestSupplyIsForItsPartiesOnly(t *testing.T) {
	eachSupply(t, func(t *testing.T, b *basis, item string) {
		no := b.begin(b.op, "p07_1_supply", requestForm(item))
		b.step(b.op, no, "submit", procedure.Act{})
		other := b.stranger()
		if _, err := b.View(ctx, b.actor(other), no); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("another source reads the request: %v", err)
		}
		if err := b.do(other, no, "agree", procedure.Act{}); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("another source answers it: %v", err)
		}
		if _, err := b.View(ctx, b.actor(b.src1), no); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the source reads it before it was checked: %v", err)
		}
		var stale *procedure.Stale
		if _, err := b.Do(ctx, b.actor(b.at.Lead), no, "forward_new", procedure.Act{Revision: 1}); !errors.As(err, &stale) {
			t.Errorf("a stale revision: %v", err)
		}
		// A second operator: its agreement does not exist, so it may ask for nothing, and sees nothing.
		b.write(`INSERT INTO org (id, name, uscc, division, kind, legal_person, doc_prefix, status, created) VALUES ('org-op2','另一运营公司',$1,'140600','company',$2,'','active',0)`, b.uscc(), true)
		b.write(`INSERT INTO org_role (org, role, division, since) VALUES ('org-op2','operator','140600',0)`)
		op2 := b.person("yunying2", "运营乙")
		b.write(`INSERT INTO membership (person, org, role, ranks, lead, since, until) VALUES ($1,'org-op2','operator','[]',$2,'2026-01-01','')`, op2, true)
		mine := b.begin(op2, "p07_1_supply", requestForm(item))
		b.no(op2, mine, "submit", procedure.Act{}, "supply.operator")
		b.delivered(b.connected(item, "month"), 4)
		b.watch()
		var dataset string
		b.get(&dataset, `SELECT id FROM dataset WHERE item = $1`, item)
		ticket := b.begin(op2, "p11_2_correction", correctionForm(dataset, nil))
		b.no(op2, ticket, "submit", procedure.Act{}, "correction.dataset")
		for _, id := range []string{"supply_board", "supply_calendar", "supply_alarms", "supply_requests", "quality_tickets", "national_registrations", "supply_rates"} {
			if n := len(b.list(id, op2)); n != 0 {
				t.Errorf("another operator sees %d rows of %s", n, id)
			}
		}
		// A county sees what is its own, and the national registration is reported by its own source.
		b.write(`INSERT INTO org (id, name, uscc, division, kind, legal_person, doc_prefix, status, created) VALUES ('org-c','朔城区数据局',$1,'140602','organ',$2,'','active',0)`, b.uscc(), true)
		b.write(`INSERT INTO org_role (org, role, division, since) VALUES ('org-c',$1,'140602',0)`, string(party.Authority))
		county := b.person("xian", "县区甲")
		b.write(`INSERT INTO membership (person, org, role, ranks, lead, since, until) VALUES ($1,'org-c',$2,'[]',$3,'2026-01-01','')`, county, string(party.Authority), true)
		if n := len(b.list("supply_board", county)) + len(b.list("supply_requests", county)); n != 0 {
			t.Errorf("a county sees %d rows of the city", n)
		}
		foreign := b.begin(other, "p06_3d_national", map[string]any{"act": "cancel", "item": item, "ground": "law"})
		b.no(other, foreign, "apply", on("2026-03-02"), "national.item")
		// Nobody but the clock opens an alarm's case, and it opens none twice.
		_, err := b.start(b.src1, "p07_1_alarm", map[string]any{"alarm": "yj-000001", "kind": "late", "said": "x"})
		b.refused(err, "case.role")
		if _, err := b.Start(ctx, procedure.Machine, procedure.Begin{Procedure: "p07_1_alarm", Form: asJSON(map[string]any{"alarm": "yj-000009", "kind": "late", "said": "x"})}); err == nil {
			t.Error("a case of an alarm that is none")
		}
		// Text that looks like a formula or a script stays text, and a name that is too long is refused.
		form := requestForm(item)
		form["listed"], form["source"], form["title"] = "no", b.srcOrg, `=cmd|' /C calc'!A0<script>alert(1)</script>`
		odd := b.begin(b.op, "p07_1_supply", form)
		delete(form, "item")
		b.step(b.op, odd, "submit", procedure.Act{Form: asJSON(form)})
		if rows := b.list("supply_requests", b.op); !strings.Contains(rows[0].Cells["title"].(string)+rows[1].Cells["title"].(string), "<script>") {
			t.Errorf("%+v", rows)
		}
		form["title"] = strings.Repeat("长", 101)
		var inv *procedure.Invalid
		if _, err := b.start(b.op, "p07_1_supply", form); !errors.As(err, &inv) {
			t.Errorf("a title of 101 characters: %v", err)
		}
		if n, err := procedures.WatchSupply(ctx, b.Engine); n != 0 || err != nil {
			t.Errorf("%d %v", n, err)
		}
	})
}
