package procedures_test

import (
	"errors"
	"testing"

	"pado/core/procedure"
	"pado/core/store"
	"pado/core/store/storetest"
	"pado/domain/sandbox"
	"pado/domain/sandbox/guard"
	"pado/procedures"
)

// Reviewers are blind to each other, apart from the applicant, and only unanimity releases.
func TestOutputReview(t *testing.T) {
	bothEngines(t, func(t *testing.T, e store.Engine) {
		m := ready(t, e)
		a, ref, err := m.ask(m.dev1, heatSQL)
		m.must(err)
		if ref != nil {
			t.Fatal(ref)
		}
		form := map[string]any{"question": a.ID, "title": "分性别用热", "use": "做成数据产品"}
		no := m.begin(m.dev1, "p06_3c_output", "submit", form)
		m.must(m.do(m.op1, no, "opine", input(map[string]any{"verdict": "release", "say": "第一人的意见"})))
		v, err := m.View(ctx, m.actor(m.at.Lead), no)
		m.must(err)
		for _, ev := range v.Events {
			if ev.Opinion != "" {
				t.Errorf("an opinion shows in the history: %+v", ev)
			}
		}
		if section(v, "审查意见") != nil || section(v, "自动检查") == nil || section(v, "待出域的内容") == nil {
			t.Error("the second reviewer sees the first one's opinion, or no checks")
		}
		m.must(m.do(m.at.Lead, no, "opine_second", input(map[string]any{"verdict": "refuse", "say": "第二人的意见"})))
		m.refused(m.do(m.op2, no, "release", procedure.Act{}), "output.agreed")
		if v, err = m.View(ctx, m.actor(m.dev1), no); err != nil || section(v, "审查意见") == nil || len(section(v, "审查意见").Rows) != 2 {
			t.Errorf("after both have spoken: %v", err)
		}
		m.must(m.do(m.op2, no, "return", procedure.Act{Opinion: "请换更粗的分组"}))
		m.must(m.do(m.dev1, no, "submit", edit(form)))
		// The same bytes: the same person may change its mind, and both must speak again.
		m.must(m.do(m.op1, no, "opine", input(map[string]any{"verdict": "release", "say": "可以"})))
		m.must(m.do(m.at.Lead, no, "opine_second", input(map[string]any{"verdict": "release", "say": "可以"})))
		m.must(m.do(m.op2, no, "release", procedure.Act{}))
		// What was released once is not released again, and nobody submits another's answer.
		twice, err := m.start(m.dev1, "p06_3c_output", form)
		m.must(err)
		m.refused(m.do(m.dev1, twice, "submit", procedure.Act{}), "output.once")
		m.write(`UPDATE question SET org = 'org-x'`)
		foreign, err := m.start(m.dev1, "p06_3c_output", form)
		m.must(err)
		m.refused(m.do(m.dev1, foreign, "submit", procedure.Act{}), "output.right")
	})
}

// Personal information is never waved through: two persons close a false alarm, the checks run
// again, and only then it can be released.
func TestAFindingIsClosedByTwo(t *testing.T) {
	m := ready(t, store.SQLite)
	a, ref, err := m.ask(m.dev1, `SELECT sex AS k13800138000, count(*) AS people FROM households GROUP BY sex`)
	m.must(err)
	if ref != nil {
		t.Fatal(ref)
	}
	no := m.begin(m.dev1, "p06_3c_output", "submit", map[string]any{"question": a.ID, "title": "分性别用热", "use": "做成数据产品"})
	yes := input(map[string]any{"verdict": "release", "say": "可以"})
	alarm := input(map[string]any{"say": "列名是项目内部编号"})
	m.must(m.do(m.op1, no, "clear_first", alarm))
	m.must(m.do(m.op1, no, "opine", yes))
	m.must(m.do(m.at.Lead, no, "opine_second", yes))
	m.refused(m.do(m.op2, no, "release", procedure.Act{}), "output.clean")
	m.must(m.do(m.op2, no, "return", procedure.Act{Opinion: "重新检查"}))
	m.must(m.do(m.dev1, no, "submit", procedure.Act{}))
	m.must(m.do(m.op1, no, "opine", yes))
	m.must(m.do(m.clerk, no, "clear_second", alarm))
	m.must(m.do(m.at.Lead, no, "opine_second", yes))
	m.must(m.do(m.op2, no, "release", procedure.Act{}))
}

// A freeze by the Authority or by the source whose data is used stops the project at once; another
// person lets it go on.
func TestFreezing(t *testing.T) {
	m := ready(t, store.SQLite)
	form := map[string]any{"project": m.project, "reason": "发现异常提问，须核查"}
	dry := func() string {
		_, ref, err := m.box.Ask(ctx, m.actor(m.dev1), m.project, heatSQL, guard.Accuracy{}, true)
		m.must(err)
		if ref == nil {
			return ""
		}
		return ref.Code
	}
	for _, c := range []struct{ proc, person string }{{"p06_3b_freeze", m.at.Lead}, {"p06_3b_freeze_source", m.src}} {
		no := m.begin(c.person, c.proc, "freeze", form)
		if got := dry(); got != sandbox.ProjectFrozen {
			t.Errorf("%s: %q", c.proc, got)
		}
		m.refused(m.do(c.person, no, "thaw", procedure.Act{Opinion: "已查明"}), "case.apart")
		again, err := m.start(c.person, c.proc, form)
		m.must(err)
		m.refused(m.do(c.person, again, "freeze", procedure.Act{}), "freeze.state")
		if c.proc == "p06_3b_freeze" {
			m.must(m.do(m.clerk, no, "thaw", procedure.Act{Opinion: "已查明"}))
			if got := dry(); got != "" {
				t.Errorf("after the thaw: %q", got)
			}
		}
	}
	m.write(`UPDATE catalogue_item SET source_org = 'other'`)
	no, err := m.start(m.src, "p06_3b_freeze_source", form)
	m.must(err)
	m.refused(m.do(m.src, no, "freeze", procedure.Act{}), "freeze.project")
}

// Loosening a budget takes two persons of the Authority.
func TestAllotmentTakesTwo(t *testing.T) {
	m := ready(t, store.SQLite)
	no := m.begin(m.at.Lead, "p06_3b_allotment", "submit", map[string]any{"project": m.project, "lineage": "hk-1/natural_person", "rho": 200000000, "delta": 300000000, "day": 90000000, "reason": "需要更高精度"})
	m.refused(m.do(m.at.Lead, no, "allot", procedure.Act{}), "case.apart")
	m.must(m.do(m.clerk, no, "allot", procedure.Act{}))
	m.must(m.db.View(ctx, func(r *store.ReadTx) error {
		list, err := sandbox.Slices(r, m.project)
		if err == nil && (len(list) != 1 || list[0].Rho != 200000000) {
			t.Errorf("%+v", list)
		}
		return err
	}))
	over := m.begin(m.at.Lead, "p06_3b_allotment", "submit", map[string]any{"project": m.project, "lineage": "hk-1/natural_person", "rho": 500000001, "delta": 300000000, "day": 1, "reason": "x"})
	m.refused(m.do(m.clerk, over, "allot", procedure.Act{}), "budget.over_total")
}

// The code comes from whom the parameter names; without one nothing is published, and what changed
// since the review is seen.
func TestRegistration(t *testing.T) {
	m := ready(t, store.SQLite)
	a, ref, err := m.ask(m.dev1, heatSQL)
	m.must(err)
	if ref != nil {
		t.Fatal(ref)
	}
	digest := m.output(a.ID)
	bad := change(productFormOf(digest), func(f map[string]any) { f["safe"] = false })
	no := m.begin(m.dev1, "p06_3d_registration", "submit", bad)
	m.refused(m.do(m.op1, no, "approve", procedure.Act{}), "registration.checks")
	m.must(m.do(m.op1, no, "return", procedure.Act{Opinion: "安全检测不合格"}))
	for _, q := range []map[string]any{{"name": "cursor", "title": "x", "column": "sex", "op": "eq", "required": false}, {"name": "x", "title": "x", "column": "none", "op": "eq", "required": false},
		{"name": "x", "title": "x", "column": "sex", "op": "ge", "required": false}} {
		m.must(m.do(m.dev1, no, "submit", edit(change(productFormOf(digest), func(f map[string]any) { f["params"] = []map[string]any{q} }))))
		m.refused(m.do(m.op1, no, "approve", procedure.Act{}), "registration.checks")
		m.must(m.do(m.op1, no, "return", procedure.Act{Opinion: "参数不符"}))
	}
	m.must(m.do(m.dev1, no, "submit", edit(productFormOf(digest))))
	m.must(m.do(m.op1, no, "approve", procedure.Act{}))
	m.refused(m.do(m.op1, no, "issue_operator", procedure.Act{}), "case.apart")
	m.refused(m.do(m.op2, no, "issue_operator", procedure.Act{}), "registration.issuer")
	m.refused(m.do(m.at.Lead, no, "issue", input(map[string]any{"code": "OWN-1"})), "registration.code")
	m.write(`INSERT INTO parameter (key, valid_from, value, source) VALUES ('registration.issuer', '2026-03-01', 'registry', '市里文件')`)
	m.refused(m.do(m.at.Lead, no, "issue", procedure.Act{}), "registration.code")
	m.must(m.do(m.at.Lead, no, "issue", input(map[string]any{"code": "REG-2026-1"})))
	m.must(m.do(m.op1, no, "publish", procedure.Act{}))
	m.must(m.do(m.op1, no, "note_published", input(map[string]any{"state": "filed"})))
	m.must(m.do(m.at.Lead, no, "suspend", procedure.Act{Opinion: "核查"}))
	m.must(m.do(m.at.Lead, no, "resume", procedure.Act{Opinion: "已查明"}))
	m.refused(m.do(m.op1, no, "retire", procedure.Act{Opinion: "退出", Input: input(map[string]any{"customers": true, "data": false, "accounts": true}).Input}), "registration.exit")
	m.must(m.do(m.op1, no, "retire", procedure.Act{Opinion: "退出", Input: input(map[string]any{"customers": true, "data": true, "accounts": true}).Input}))
	m.must(m.db.View(ctx, func(r *store.ReadTx) error {
		proof, err := procedures.Prove(m.Engine)(r, "REG-2026-1")
		if err == nil && proof.State != "已退出" {
			t.Errorf("%+v", proof)
		}
		return err
	}))
	storetest.Verify(t, m.db, sandbox.NewBudgetReplay())
}

// Members come and go, a closed project answers nobody, and none of it is another's.
func TestMembersAndClosing(t *testing.T) {
	m := ready(t, store.SQLite)
	apply := func(person, act, whom string) error {
		form := map[string]any{"project": m.project, "act": act, "reason": "人员调整"}
		if whom != "" {
			form["person"] = whom
		}
		no, err := m.start(person, "p06_3b_members", form)
		m.must(err)
		return m.do(person, no, "apply", procedure.Act{})
	}
	m.refused(apply(m.dev1, "add", m.op1), "members.person")
	m.refused(apply(m.dev1, "remove", m.dev2), "members.none")
	m.must(apply(m.dev1, "add", m.dev2))
	ask := func(person string) (*procedure.Refused, error) {
		_, ref, err := m.box.Ask(ctx, m.actor(person), m.project, heatSQL, guard.Accuracy{}, true)
		return ref, err
	}
	if ref, err := ask(m.dev2); ref != nil || err != nil {
		t.Errorf("a new member: %v %v", ref, err)
	}
	m.must(apply(m.dev1, "remove", m.dev1))
	if _, err := ask(m.dev1); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a former member: %v", err)
	}
	m.must(apply(m.dev1, "close", ""))
	if ref, err := ask(m.dev2); err != nil || ref == nil || ref.Code != sandbox.ProjectClosed {
		t.Errorf("after the closing: %v %v", ref, err)
	}
	m.refused(apply(m.dev1, "add", m.dev1), "members.project")
}
