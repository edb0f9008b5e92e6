package procedures_test

import (
	"testing"

	"pado/core/procedure"
	"pado/core/store"
	"pado/core/store/storetest"
	"pado/domain/permit"
	"pado/domain/sandbox"
	"pado/domain/sandbox/guard"
)

// ready is a workshop with a granted project.
func ready(t *testing.T, e store.Engine) *workshop {
	m := openWorkshop(t, e)
	m.grant(m.justify(m.list()))
	return m
}

func bothEngines(t *testing.T, f func(t *testing.T, e store.Engine)) {
	for _, e := range []store.Engine{store.SQLite, store.Postgres} {
		t.Run(string(e), func(t *testing.T) { f(t, e) })
	}
}

func change(form map[string]any, f func(map[string]any)) map[string]any {
	out := map[string]any{}
	for k, v := range form {
		out[k] = v
	}
	f(out)
	return out
}

// What a list must not hold is refused with its own reason.
func TestProductListRules(t *testing.T) {
	m := openWorkshop(t, store.SQLite)
	m.list()
	row := func(f func(map[string]any)) map[string]any { return change(heatRow, f) }
	sources := func(product, item string, fields ...string) []map[string]any {
		return []map[string]any{{"product": product, "item": item, "fields": fields}}
	}
	for _, c := range []struct {
		code string
		form map[string]any
	}{
		{"productlist.agreement", change(listFormOf(heatRow), func(f map[string]any) { f["agreement"] = "ag-9" })},
		{"productlist.complete", listFormOf(heatRow, heatRow)},
		{"productlist.complete", listFormOf(heatRow, row(func(r map[string]any) { r["name"] = "没有数据" }))},
		{"productlist.complete", change(listFormOf(heatRow), func(f map[string]any) { f["sources"] = sources("别的产品", "it-1", "sex") })},
		{"productlist.item", listFormOf(row(func(r map[string]any) { r["id"] = "pl-99999" }))},
		{"productlist.purpose", listFormOf(row(func(r map[string]any) { r["purpose"] = "商业营销" }))},
		{"productlist.scope", change(listFormOf(heatRow), func(f map[string]any) { f["sources"] = sources("分性别用热统计", "it-9", "sex") })},
		{"productlist.source", change(listFormOf(heatRow), func(f map[string]any) { f["sources"] = sources("分性别用热统计", "it-1", "name") })},
	} {
		no, err := m.start(m.op1, "p09_productlist", c.form)
		m.must(err)
		m.refused(m.do(m.op1, no, "file", procedure.Act{}), c.code)
	}
	m.write(`UPDATE catalogue_item SET grade = 'important'`)
	no, err := m.start(m.op1, "p09_productlist", listFormOf(heatRow))
	m.must(err)
	m.refused(m.do(m.op1, no, "file", procedure.Act{}), "productlist.grade")
	// A source speaks of its own published items and of what may be authorised only.
	round, err := m.start(m.op1, "p09_productlist", listFormOf(heatRow))
	m.must(err)
	for code, form := range map[string]map[string]any{
		"scope.own":          {"round": round, "item": "it-9", "fields": []string{"sex"}},
		"scope.authorisable": {"round": round, "item": "it-1", "fields": []string{"name"}},
		"productlist.round":  {"round": "QD-2026-999999-X", "item": "it-1", "fields": []string{"sex"}},
	} {
		no, err := m.start(m.src, "p09_scope", form)
		m.must(err)
		m.refused(m.do(m.src, no, "state", procedure.Act{}), code)
	}
}

// A product that leaves the list can no longer be proposed, applied for or used.
func TestWhatLeavesTheListIsCut(t *testing.T) {
	bothEngines(t, func(t *testing.T, e store.Engine) {
		m := ready(t, e)
		var item string
		m.must(m.db.View(ctx, func(r *store.ReadTx) error {
			return r.Get(&item, `SELECT id FROM product_list_item WHERE state = 'listed'`)
		}))
		if _, ref, err := m.box.Ask(ctx, m.actor(m.dev1), m.project, heatSQL, guard.Accuracy{}, true); err != nil || ref != nil {
			t.Fatal(ref, err)
		}
		other := change(heatRow, func(r map[string]any) { r["name"] = "供热月报"; r["form"] = "report" })
		form := change(listFormOf(other), func(f map[string]any) {
			f["sources"] = []map[string]any{{"product": "供热月报", "item": "it-1", "fields": []string{"heat"}}}
		})
		no := m.begin(m.op1, "p09_productlist", "file", form)
		v, err := m.View(ctx, m.actor(m.at.Lead), no)
		m.must(err)
		if s := section(v, "较在列清单的变化"); s == nil || len(s.Rows) != 2 {
			t.Errorf("difference %+v", s)
		}
		m.must(m.do(m.at.Lead, no, "record", procedure.Act{}))
		_, ref, err := m.box.Ask(ctx, m.actor(m.dev1), m.project, heatSQL, guard.Accuracy{}, true)
		if err != nil || ref == nil || ref.Code != permit.Unlisted {
			t.Errorf("asked: %v %v", ref, err)
		}
		again, err := m.start(m.dev1, "p06_3b_demand", m.demandForm(m.scenario))
		m.must(err)
		m.refused(m.do(m.dev1, again, "submit", procedure.Act{}), "demand.scenario")
		sc, err := m.start(m.dev1, "p06_3a_scenario", map[string]any{"title": "又一场景", "listItem": item, "regulator": m.regOrg, "summary": "一个不在清单中的产品的场景", "lawfulness": "x", "necessity": "x", "security": "x"})
		m.must(err)
		m.refused(m.do(m.dev1, sc, "submit", procedure.Act{}), "scenario.list")
		// The list and its receipt are public.
		m.must(m.db.View(ctx, func(r *store.ReadTx) error {
			posts, err := m.Board(r, 50)
			if err != nil {
				return err
			}
			for _, p := range posts {
				if p.No == no && p.Kind == "公开" && len(p.Papers) == 1 {
					return nil
				}
			}
			t.Error("the recorded list is not on the board")
			return nil
		}))
		storetest.Verify(t, m.db, sandbox.NewBudgetReplay())
	})
}

func section(v *procedure.CaseView, title string) *procedure.Section {
	for i := range v.Sections {
		if v.Sections[i].Title == title {
			return &v.Sections[i]
		}
	}
	return nil
}

// Both bodies must speak on the same text, and a no of either is a no.
func TestThePanel(t *testing.T) {
	m := openWorkshop(t, store.SQLite)
	item := m.list()
	form := map[string]any{"title": "供热负荷分析", "listItem": item, "regulator": m.regOrg, "summary": "分析不同人群的用热需求以便调度", "lawfulness": "依据授权运营协议", "necessity": "调度需要", "security": "沙箱"}
	no := m.begin(m.dev1, "p06_3a_scenario", "submit", form)
	m.must(m.do(m.op1, no, "accept", procedure.Act{}))
	yes := map[string]any{"lawful": true, "necessary": true, "secure": true, "say": "同意"}
	m.must(m.do(m.reg, no, "opine", input(yes)))
	m.must(m.do(m.at.Lead, no, "opine_authority", input(change(yes, func(f map[string]any) { f["necessary"] = false }))))
	benefit := input(map[string]any{"benefit": "public"})
	m.refused(m.do(m.at.Lead, no, "justify", benefit), "scenario.agree")
	// Sent back and changed: the opinions were on another text.
	m.must(m.do(m.at.Lead, no, "send_back", procedure.Act{Opinion: "请补充必要性"}))
	form["necessity"] = "调度需要，且没有其他途径取得"
	m.must(m.do(m.dev1, no, "submit", edit(form)))
	m.must(m.do(m.op1, no, "accept", procedure.Act{}))
	m.must(m.do(m.reg, no, "opine", input(yes)))
	m.refused(m.do(m.at.Lead, no, "justify", benefit), "scenario.panel")
	m.must(m.do(m.at.Lead, no, "opine_authority", input(yes)))
	m.must(m.do(m.at.Lead, no, "justify", benefit))
	var got string
	m.must(m.db.View(ctx, func(r *store.ReadTx) error { return r.Get(&got, `SELECT benefit FROM scenario WHERE case_no = $1`, no) }))
	if got != "public" {
		t.Errorf("benefit %s", got)
	}
	d, err := m.Paper(ctx, m.actor(m.dev1), no, "decision")
	m.must(err)
	if d.Organ != "朔州市数据局" || d.Number == "" {
		t.Errorf("%+v", d)
	}
}

// The operator may propose, but not review itself; the case goes on to the Authority.
func TestTheOperatorProposes(t *testing.T) {
	m := openWorkshop(t, store.SQLite)
	item := m.list()
	no := m.begin(m.op1, "p06_3a_scenario_op", "submit", map[string]any{"title": "供热负荷分析", "listItem": item, "regulator": m.regOrg, "summary": "分析不同人群的用热需求以便调度",
		"lawfulness": "依据授权运营协议", "necessity": "调度需要", "security": "沙箱"})
	m.refused(m.do(m.op1, no, "accept", procedure.Act{}), "case.apart")
	m.must(m.do(m.op2, no, "accept", procedure.Act{}))
	yes := map[string]any{"lawful": true, "necessary": true, "secure": true, "say": "同意"}
	m.must(m.do(m.reg, no, "opine", input(yes)))
	m.must(m.do(m.at.Lead, no, "opine_authority", input(yes)))
	m.must(m.do(m.at.Lead, no, "justify", input(map[string]any{"benefit": "industry"})))
	m.must(m.db.View(ctx, func(r *store.ReadTx) error {
		return r.Get(&m.scenario, `SELECT subject FROM case_file WHERE no = $1`, no)
	}))

	demand := m.begin(m.op1, "p06_3b_demand_op", "submit", m.demandForm(m.scenario))
	m.refused(m.do(m.op1, demand, "endorse", procedure.Act{}), "case.apart")
	m.must(m.do(m.op2, demand, "endorse", procedure.Act{}))
	m.must(m.do(m.at.Lead, demand, "grant_coordinated", procedure.Act{Opinion: "同意"}))
	m.must(m.db.View(ctx, func(r *store.ReadTx) error {
		return r.Get(&m.project, `SELECT subject FROM case_file WHERE no = $1`, demand)
	}))
	a, ref, err := m.ask(m.op1, heatSQL)
	m.must(err)
	if ref != nil {
		t.Fatal(ref)
	}
	out := m.begin(m.op1, "p06_3c_output_op", "submit", map[string]any{"question": a.ID, "title": "分性别用热", "use": "做成数据产品"})
	yes = map[string]any{"verdict": "release", "say": "可以"}
	if err := m.do(m.op2, out, "opine", input(yes)); err == nil {
		t.Error("the operator reviewed its own output")
	}
	m.must(m.do(m.at.Lead, out, "opine", input(yes)))
	m.refused(m.do(m.at.Lead, out, "opine_second", input(yes)), "case.apart")
	m.must(m.do(m.clerk, out, "opine_second", input(yes)))
	m.must(m.do(m.clerk, out, "release", procedure.Act{}))
	var digest string
	m.must(m.db.View(ctx, func(r *store.ReadTx) error { return r.Get(&digest, `SELECT subject FROM case_file WHERE no = $1`, out) }))
	reg := m.begin(m.op1, "p06_3d_registration_op", "submit", productFormOf(digest))
	m.refused(m.do(m.op1, reg, "approve", procedure.Act{}), "case.apart")
	m.must(m.do(m.op2, reg, "approve", procedure.Act{}))
	m.must(m.do(m.at.Lead, reg, "issue", procedure.Act{}))
}

// What a demand must not ask is refused, at the submission and again at the decision.
func TestDemandRules(t *testing.T) {
	m := openWorkshop(t, store.SQLite)
	scenario := m.justify(m.list())
	base := m.demandForm(scenario)
	items := func(fields ...string) []map[string]any {
		return []map[string]any{{"item": "it-1", "fields": fields, "reason": "x"}}
	}
	for _, c := range []struct {
		code string
		set  func(map[string]any)
	}{
		{"demand.scenario", func(f map[string]any) { f["scenario"] = "sn-99999" }},
		{"demand.purpose", func(f map[string]any) { f["purpose"] = "商业营销" }},
		{"demand.fields", func(f map[string]any) { f["items"] = items("sex", "name") }},
		{"demand.fields", func(f map[string]any) {
			f["items"] = []map[string]any{{"item": "it-9", "fields": []string{"sex"}, "reason": "x"}}
		}},
		{"demand.fields", func(f map[string]any) { f["items"] = append(items("sex"), items("heat")...) }},
		{"demand.period", func(f map[string]any) { f["to"] = "2026-03-01" }},
		{"demand.period", func(f map[string]any) { f["to"] = "2027-03-02" }},
		{"demand.members", func(f map[string]any) { f["members"] = []string{m.op1} }},
	} {
		no, err := m.start(m.dev1, "p06_3b_demand", change(base, c.set))
		m.must(err)
		m.refused(m.do(m.dev1, no, "submit", procedure.Act{}), c.code)
	}
	// One year to the day is allowed; one day more is not (above).
	ok, err := m.start(m.dev1, "p06_3b_demand", change(base, func(f map[string]any) { f["to"] = "2027-03-01" }))
	m.must(err)
	m.must(m.do(m.dev1, ok, "submit", procedure.Act{}))
	m.refused(m.do(m.dev1, ok, "grant", procedure.Act{}), "case.role")
	// What ended meanwhile is seen at the decision.
	m.write(`UPDATE agreement SET state = 'suspended'`)
	m.refused(m.do(m.op1, ok, "grant", procedure.Act{}), "demand.agreement")
	m.write(`UPDATE agreement SET state = 'in_force'`)
	m.must(m.do(m.op1, ok, "grant", procedure.Act{}))
	d, err := m.Paper(ctx, m.actor(m.dev1), ok, "decision")
	m.must(err)
	if d.Addressee != "山西开发有限公司" || d.Number != "朔运〔2026〕1号" {
		t.Errorf("%s %s", d.Addressee, d.Number)
	}
}

// The clock refers a demand the operator leaves lying; the Authority then decides or hands it back.
func TestAnUnansweredDemandIsCoordinated(t *testing.T) {
	bothEngines(t, func(t *testing.T, e store.Engine) {
		m := openWorkshop(t, e)
		scenario := m.justify(m.list())
		no := m.begin(m.dev1, "p06_3b_demand", "submit", m.demandForm(scenario))
		m.clock.At = m.clock.At.AddDate(0, 0, 20)
		if _, err := m.Tick(ctx); err != nil {
			t.Fatal(err)
		}
		if s := m.state(no); s != "coordination" {
			t.Fatalf("after the limit: %s", s)
		}
		m.must(m.do(m.at.Lead, no, "remand", procedure.Act{Opinion: "请运营机构办理"}))
		m.must(m.do(m.op1, no, "refer", procedure.Act{Opinion: "请协调"}))
		m.must(m.do(m.at.Lead, no, "grant_coordinated", procedure.Act{Opinion: "同意"}))
		storetest.Verify(t, m.db, sandbox.NewBudgetReplay())
	})
}

// The operator and whoever belongs to it may not re-develop what was delivered (1.7).
func TestRedevelopment(t *testing.T) {
	m := ready(t, store.SQLite)
	a, ref, err := m.ask(m.dev1, heatSQL)
	m.must(err)
	if ref != nil {
		t.Fatal(ref)
	}
	reg := m.begin(m.dev1, "p06_3d_registration", "submit", productFormOf(m.output(a.ID)))
	m.must(m.do(m.op1, reg, "approve", procedure.Act{}))
	m.must(m.do(m.at.Lead, reg, "issue", procedure.Act{}))
	var product, uscc string
	m.must(m.db.View(ctx, func(r *store.ReadTx) error {
		if err := r.Get(&product, `SELECT id FROM product`); err != nil {
			return err
		}
		return r.Get(&uscc, `SELECT uscc FROM org WHERE id = $1`, m.opOrg)
	}))
	form := change(m.demandForm(m.scenario), func(f map[string]any) { f["base"] = product })
	op, err := m.start(m.op1, "p06_3b_demand_op", form)
	m.must(err)
	m.refused(m.do(m.op1, op, "submit", procedure.Act{}), "demand.redevelop")
	free, err := m.start(m.dev1, "p06_3b_demand", form)
	m.must(err)
	m.must(m.do(m.dev1, free, "submit", procedure.Act{}))
	m.write(`INSERT INTO related_party (org, other_uscc, other_name, relation, case_no, at) VALUES ($1,$2,'x','controlling_shareholder','x',0)`, m.devOrg, uscc)
	tied, err := m.start(m.dev1, "p06_3b_demand", form)
	m.must(err)
	m.refused(m.do(m.dev1, tied, "submit", procedure.Act{}), "demand.redevelop")
	m.refused(m.do(m.op1, free, "grant", procedure.Act{}), "demand.redevelop")
}
