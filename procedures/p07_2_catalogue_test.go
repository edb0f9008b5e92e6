package procedures_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"pado/core/docs"
	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/domain/catalogue"
	"pado/procedures"
)

func TestSecretsNeverBecomeACase(t *testing.T) {
	eachBasis(t, func(t *testing.T, b *basis) {
		before := b.fingerprint()
		_, err := b.start(b.src1, "p07_2_catalogue", catalogueForm(func(f map[string]any) { f["secret"] = "yes" }))
		b.refused(err, "catalogue.secret")
		if b.fingerprint() != before {
			t.Error("a refused start left something")
		}
		no := b.begin(b.src1, "p07_2_catalogue", catalogueForm(func(f map[string]any) { delete(f, "secret") }))
		raw, _ := json.Marshal(catalogueForm(func(f map[string]any) { f["secret"] = "yes" }))
		b.no(b.src1, no, "submit", procedure.Act{Form: raw}, "catalogue.secret")
	})
}

func TestACatalogueItemLivesThroughItsProcedure(t *testing.T) {
	eachBasis(t, func(t *testing.T, b *basis) {
		no := b.begin(b.src1, "p07_2_catalogue", catalogueForm(func(f map[string]any) { f["shareMode"], f["sublevel"] = "table", 1 }))
		var inv *procedure.Invalid
		if err := b.do(b.src1, no, "submit", procedure.Act{}); !errors.As(err, &inv) || len(inv.Errors) != 3 {
			t.Fatalf("%v %+v", err, inv)
		}
		raw, _ := json.Marshal(catalogueForm(nil))
		b.step(b.src1, no, "submit", procedure.Act{Form: raw})
		ok := json.RawMessage(`{"lawful":true,"safe":true,"minimal":true}`)
		b.no(b.src1, no, "review", procedure.Act{Input: ok}, "case.apart")
		b.no(b.src2, no, "review", procedure.Act{Input: json.RawMessage(`{"lawful":true,"safe":false,"minimal":true}`)}, "catalogue.first_review")
		b.step(b.src2, no, "return", say("请补充摘要"))
		raw, _ = json.Marshal(catalogueForm(func(f map[string]any) { f["abstract"] = "每月一次的抽样调查" }))
		b.step(b.src1, no, "submit", procedure.Act{Form: raw})
		v, err := b.View(ctx, b.actor(b.src2), no)
		b.must(err)
		if last := v.Events[len(v.Events)-1]; !strings.Contains(last.Changed, "资源摘要") {
			t.Errorf("the change is not marked: %s", last.Changed)
		}
		b.step(b.src2, no, "review", procedure.Act{Input: ok})
		b.no(b.src1, no, "clear", say("不涉密"), "case.apart")
		b.step(b.src2, no, "clear", say("不涉密"))
		b.no(b.src2, no, "publish", procedure.Act{}, "case.role")
		b.step(b.at.Lead, no, "publish", procedure.Act{})
		var item string
		b.must(b.db.View(ctx, func(r *store.ReadTx) error { return r.Get(&item, `SELECT subject FROM case_file WHERE no = $1`, no) }))
		d, err := b.Paper(ctx, b.actor(b.src1), no, "notice")
		b.must(err)
		if text := docs.Text(d); !strings.Contains(text, "300101/000001") || !strings.Contains(text, "朔数〔2026〕") {
			t.Error(text)
		}

		// The same title again, another's item, and a change with its difference.
		again := b.begin(b.src1, "p07_2_catalogue", catalogueForm(nil))
		b.no(b.src1, again, "submit", procedure.Act{}, "catalogue.title")
		b.write(`INSERT INTO org (id, name, uscc, division, kind, legal_person, doc_prefix, status, created) VALUES ('org-x','气象局',$1,'140600','organ',$2,'','active',0)`, b.uscc(), true)
		b.write(`INSERT INTO org_role (org, role, division, since) VALUES ('org-x','source','140600',0)`)
		other := b.person("qixiang", "气象甲")
		b.write(`INSERT INTO membership (person, org, role, ranks, lead, since, until) VALUES ($1,'org-x','source','[]',$2,'2026-01-01','')`, other, true)
		foreign := b.begin(other, "p07_2_catalogue", map[string]any{"act": "withdraw", "item": item, "reason": "无"})
		b.no(other, foreign, "submit", procedure.Act{}, "catalogue.target")
		changed := b.published(catalogueForm(func(f map[string]any) {
			f["act"], f["item"], f["reason"], f["updateCycle"] = "change", item, "改为每日", "day"
		}))
		if changed != item {
			t.Errorf("a change made another item: %s", changed)
		}
		b.must(b.db.View(ctx, func(r *store.ReadTx) error {
			h, err := catalogue.History(r, item)
			if len(h) != 2 || h[0].Act != "change" || h[0].Reason != "改为每日" || !strings.Contains(h[0].Changes, "每日") {
				t.Errorf("%+v", h)
			}
			return err
		}))
		b.published(map[string]any{"act": "withdraw", "item": item, "reason": "停止采集"})
		b.must(b.db.View(ctx, func(r *store.ReadTx) error {
			it, err := catalogue.ByID(r, item)
			if it.State != catalogue.StateWithdrawn || it.Version != 3 {
				t.Errorf("%+v", it)
			}
			return err
		}))
	})
}

// Every register answers and every page opens, and the form a page prefills is taken as it is.
func TestRegistersAndPrefilledForms(t *testing.T) {
	eachBasis(t, func(t *testing.T, b *basis) {
		b.mandate()
		b.scheme()
		item := b.published(catalogueForm(nil))
		b.backfilled(map[string]any{"item": item})
		want := map[string]int{"mandates": 1, "schemes": 1, "agreements": 1, "catalogue": 1, "hookups": 0, "datasets": 0}
		b.must(b.db.View(ctx, func(r *store.ReadTx) error {
			for _, g := range procedures.Registers() {
				n, mine := want[g.ID]
				if !mine {
					continue
				}
				delete(want, g.ID)
				if err := g.Check(); err != nil {
					t.Error(err)
				}
				p, err := g.List(r, b.actor(b.at.Lead), register.Query{})
				if err != nil || len(p.Rows) != n {
					t.Errorf("%s: %d rows, %v", g.ID, len(p.Rows), err)
					continue
				}
				for _, row := range p.Rows {
					if _, err := g.Item(r, b.actor(b.src1), row.Key); err != nil {
						t.Errorf("%s: %v", g.ID, err)
					}
				}
			}
			return nil
		}))
		if len(want) != 0 {
			t.Errorf("registers missing: %v", want)
		}
		var it catalogue.Item
		b.must(b.db.View(ctx, func(r *store.ReadTx) (err error) { it, err = catalogue.ByID(r, item); return err }))
		form := catalogue.Prefill(it, "change")
		for k, v := range map[string]any{"reason": "更正", "secret": "no", "impact": "individual", "degree": "serious", "updateCycle": "week"} {
			form[k] = v
		}
		if b.published(form) != item {
			t.Error("the prefilled form changed another item")
		}
	})
}
