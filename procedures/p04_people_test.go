package procedures_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"pado/core/audit"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/party"
	"pado/plan"
)

// decide carries out a p04_appoint case of the lead in one go.
func (c *city) decide(lead string, form map[string]any) error {
	c.t.Helper()
	form["reason"] = "工作需要"
	no, err := c.start(lead, "p04_appoint", form)
	c.must(err)
	return c.do(lead, no, "decide", procedure.Act{})
}

// waiting is a subject case that waits for the city's Authority.
func (c *city) waiting(person string) string {
	c.t.Helper()
	no := mustStart(c, person, "p04_subject", c.subject(person, nil))
	c.must(c.do(person, no, "submit", procedure.Act{}))
	return no
}

func (c *city) handler(no string) (h string) {
	c.must(c.db.View(ctx, func(r *store.ReadTx) error { return r.Get(&h, `SELECT handler FROM case_file WHERE no = $1`, no) }))
	return h
}

func (c *city) inbox(person string) (titles []string) {
	c.t.Helper()
	items, _, err := party.NewInbox(c.db).List(ctx, person, "", true, "")
	c.must(err)
	for _, m := range items {
		titles = append(titles, m.Title)
	}
	return titles
}

func TestStaffLeavesAndHandsOver(t *testing.T) {
	eachCity(t, func(t *testing.T, c *city) {
		lead, auth := c.at.Lead, c.at.Authority
		jia, yi, user := c.person("zhangsan", "张三"), c.person("lisi", "李四"), c.person("wangwu", "王五")
		c.join(jia, auth, "authority", lead, `{"ranks":["draft","review"]}`)
		c.join(yi, auth, "authority", lead, `{"ranks":["draft"]}`)
		one, two := c.waiting(user), c.waiting(user)
		for _, no := range []string{one, two} {
			c.must(c.do(jia, no, "claim", procedure.Act{}))
			c.refused(c.do(yi, no, "confirm", procedure.Act{}), "case.handler")
		}
		c.must(c.decide(lead, map[string]any{"kind": "delegate", "person": jia, "role": "authority", "to": yi, "from": "2026-03-02", "until": "2026-03-31"}))
		if a := c.actor(yi); len(a.Desks) != 3 || a.Desks[1].Behalf != jia || a.Desks[1].ID != auth+"/authority@"+jia || a.Desks[1].Lead {
			t.Fatalf("%+v", a.Desks)
		}
		entries := c.size()
		c.must(c.decide(lead, map[string]any{"kind": "end", "person": jia, "role": "authority", "successor": yi}))
		if got := c.size() - entries; got != 4 { // start, two hand-overs, the act
			t.Errorf("%d entries", got)
		}
		for _, no := range []string{one, two} {
			if c.handler(no) != yi {
				t.Error("not handed over")
			}
			if _, err := c.View(ctx, c.actor(jia), no); !errors.Is(err, store.ErrNotFound) {
				t.Error("who left still sees the case", err)
			}
		}
		v, err := c.View(ctx, c.actor(yi), one)
		c.must(err)
		last := v.Events[len(v.Events)-1]
		if last.Action != "handover" || last.PersonName != "数据甲" || last.Opinion != "由李四继续办理" || last.Revision != v.Case.Revision || last.Seq < 0 {
			t.Errorf("%+v", last)
		}
		if a := c.actor(yi); len(a.Desks) != 2 {
			t.Errorf("the delegation outlives who gave it: %+v", a.Desks)
		}
		if box := strings.Join(c.inbox(yi), ","); !strings.Contains(box, "移交：") {
			t.Error(box)
		}
		c.must(c.do(yi, one, "confirm", procedure.Act{}))
		// Nobody takes over: the case goes back to the desk, where a colleague claims it.
		c.must(c.decide(lead, map[string]any{"kind": "end", "person": yi}))
		if c.handler(two) != "" {
			t.Error("not back at the desk")
		}
		if a := c.actor(yi); len(a.Desks) != 1 || a.Desks[0].Role != party.Person {
			t.Errorf("%+v", a.Desks)
		}
		c.must(c.do(lead, two, "claim", procedure.Act{}))
		c.must(c.do(lead, two, "confirm", procedure.Act{}))
	})
}

func (c *city) size() (n int64) {
	c.must(c.db.View(ctx, func(r *store.ReadTx) (err error) { n, err = r.LogSize(); return err }))
	return n
}

func TestCasesStartedForAnOrganisationStayWithIt(t *testing.T) {
	eachCity(t, func(t *testing.T, c *city) {
		zhang, li := c.person("zhangsan", "张三"), c.person("lisi", "李四")
		org := c.establish(zhang, "朔州大数据公司", "operator", "company", "140600")
		c.join(li, org, "operator", zhang, `{"ranks":["draft"],"lead":true}`)
		no := mustStart(c, zhang, "p04_change", map[string]any{"name": "朔州大数据集团", "kind": "company", "legalPerson": true, "address": "朔城区", "phone": "0349-2020202",
			"licence": c.file(zhang)})
		c.must(c.do(zhang, no, "submit", procedure.Act{}))
		c.must(c.decide(li, map[string]any{"kind": "end", "person": zhang}))
		if _, err := c.View(ctx, c.actor(zhang), no); !errors.Is(err, store.ErrNotFound) {
			t.Error("who left still sees what it started", err)
		}
		c.must(c.do(c.at.Lead, no, "return", procedure.Act{Opinion: "请附新证照"}))
		if c.handler(no) != li {
			t.Error("returned to somebody who left")
		}
		c.must(c.do(li, no, "submit", procedure.Act{}))
		c.must(c.do(c.at.Lead, no, "confirm", procedure.Act{}))
		if c.actor(li).Desks[0].OrgName != "朔州大数据集团" {
			t.Error("not changed")
		}
	})
}

func TestALeadThatLeavesByItselfLeavesItsCasesToAnother(t *testing.T) {
	c := openCity(t, store.SQLite)
	zhang, li := c.person("zhangsan", "张三"), c.person("lisi", "李四")
	org := c.establish(zhang, "朔州大数据公司", "operator", "company", "140600")
	c.join(li, org, "operator", zhang, `{"lead":true}`)
	no := mustStart(c, zhang, "p04_change", map[string]any{"name": "朔州大数据集团"})
	c.must(c.decide(zhang, map[string]any{"kind": "end", "person": zhang}))
	if _, err := c.View(ctx, c.actor(zhang), no); !errors.Is(err, store.ErrNotFound) {
		t.Error("who left still sees what it started", err)
	}
	if c.handler(no) != "" {
		t.Error("still waits for who left")
	}
	c.must(c.do(li, no, "claim", procedure.Act{}))
	c.must(c.do(li, no, "void", procedure.Act{Opinion: "不再变更"}))
}

func TestWhatAnAppointmentIsRefusedFor(t *testing.T) {
	eachCity(t, func(t *testing.T, c *city) {
		lead, auth := c.at.Lead, c.at.Authority
		zhang, outside := c.person("zhangsan", "张三"), c.person("lisi", "李四")
		c.join(zhang, auth, "authority", lead, `{"ranks":["draft"]}`)
		for _, x := range []struct {
			code string
			form map[string]any
		}{
			{"appoint.colleague", map[string]any{"kind": "appoint", "person": outside, "role": "authority"}},
			{"appoint.role", map[string]any{"kind": "appoint", "person": zhang, "role": "operator"}},
			{"appoint.last_lead", map[string]any{"kind": "end", "person": lead}},
			{"appoint.last_lead", map[string]any{"kind": "appoint", "person": lead, "role": "authority", "lead": false}},
			{"appoint.held", map[string]any{"kind": "end", "person": zhang, "role": "operator"}},
			{"appoint.successor", map[string]any{"kind": "end", "person": zhang, "role": "authority", "successor": zhang}},
			{"appoint.successor", map[string]any{"kind": "end", "person": zhang, "role": "authority", "successor": outside}},
			{"appoint.delegate", map[string]any{"kind": "delegate", "person": zhang, "role": "authority", "to": outside, "from": "2026-03-02", "until": "2026-03-31"}},
			{"appoint.delegate", map[string]any{"kind": "delegate", "person": zhang, "role": "authority", "to": zhang, "from": "2026-03-02", "until": "2026-03-31"}},
			{"appoint.period", map[string]any{"kind": "delegate", "person": zhang, "role": "authority", "to": lead, "from": "2026-03-01", "until": "2026-03-31"}},
			{"appoint.period", map[string]any{"kind": "delegate", "person": zhang, "role": "authority", "to": lead, "from": "2026-03-05", "until": "2026-03-04"}},
			{"appoint.period", map[string]any{"kind": "delegate", "person": zhang, "role": "authority", "to": lead, "from": "2026-03-02", "until": "2026-08-29"}},
			{"appoint.delegation", map[string]any{"kind": "revoke", "delegation": "d-none"}},
		} {
			c.refused(c.decide(lead, x.form), x.code)
		}
		if _, err := c.start(zhang, "p04_appoint", map[string]any{"kind": "end", "person": lead}); err == nil {
			t.Error("who does not lead appoints")
		}
		c.must(c.decide(lead, map[string]any{"kind": "delegate", "person": zhang, "role": "authority", "to": lead, "from": "2026-03-02", "until": "2026-08-28"}))
		c.must(c.decide(lead, map[string]any{"kind": "appoint", "person": zhang, "role": "authority", "ranks": []string{"sign"}, "lead": true}))
		if d := c.actor(zhang).Desks; len(d) != 3 || !d[0].Lead || d[0].Ranks[0] != procedure.Signer {
			t.Errorf("%+v", d)
		}
		c.must(c.decide(zhang, map[string]any{"kind": "end", "person": lead}))
		if d := c.actor(lead).Desks; len(d) != 1 {
			t.Errorf("%+v", d)
		}
	})
}

func TestADelegationHoldsForItsDaysAndBothCountAsOne(t *testing.T) {
	eachCity(t, func(t *testing.T, c *city) {
		zhang, li := c.person("zhangsan", "张三"), c.person("lisi", "李四")
		c.join(zhang, c.at.Authority, "authority", c.at.Lead, `{"ranks":["draft"]}`)
		c.join(li, c.at.Authority, "authority", c.at.Lead, `{"ranks":["draft"]}`)
		no := c.waiting(zhang) // a person of the Authority applies for itself
		c.refused(c.do(zhang, no, "confirm", procedure.Act{}), "case.apart")
		c.must(c.decide(c.at.Lead, map[string]any{"kind": "delegate", "person": zhang, "role": "authority", "to": li, "from": "2026-03-03", "until": "2026-03-04"}))
		behalf := c.at.Authority + "/authority@" + zhang
		days := map[string]bool{"2026-03-02": false, "2026-03-03": true, "2026-03-04": true, "2026-03-05": false}
		for _, day := range []string{"2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05"} {
			if _, there := c.actor(li).Desk(behalf); there != days[day] {
				t.Errorf("%s: %v", day, there)
			}
			if days[day] {
				c.refused(c.do(li, no, "confirm", procedure.Act{As: behalf}), "case.apart")
			}
			c.clock.At = c.clock.At.AddDate(0, 0, 1)
		}
		c.must(c.do(li, no, "confirm", procedure.Act{}))
	})
}

func TestTheInnerChainIsSetByTheLeadAndManned(t *testing.T) {
	eachCity(t, func(t *testing.T, c *city) {
		set := func(proc, stages string) error {
			no := mustStart(c, c.at.Lead, "p04_chain", map[string]any{"procedure": proc, "stages": stages})
			return c.do(c.at.Lead, no, "set", procedure.Act{})
		}
		c.refused(set("p04_subject", "review"), "chain.manned")
		c.refused(set("p04_chain", "direct"), "chain.procedure")
		c.refused(set("p99_none", "direct"), "chain.procedure")
		zhang, li, user := c.person("zhangsan", "张三"), c.person("lisi", "李四"), c.person("wangwu", "王五")
		c.join(zhang, c.at.Authority, "authority", c.at.Lead, `{"ranks":["review"]}`)
		c.refused(set("p04_subject", "review"), "chain.manned")
		c.join(li, c.at.Authority, "authority", c.at.Lead, `{}`)
		c.must(set("*", "review"))
		no := c.waiting(user)
		c.must(c.do(li, no, "confirm", procedure.Act{Opinion: "拟同意"}))
		if c.state(no) != "review" {
			t.Fatal("a draft is not yet the act")
		}
		if box := c.inbox(zhang); len(box) != 2 || box[0] != "待审核：主体认证" {
			t.Errorf("%q", box)
		}
		// A station added for somebody who leaves waits for nobody.
		sun := c.person("sunliu", "孙六")
		c.join(sun, c.at.Authority, "authority", c.at.Lead, `{}`)
		c.must(c.do(zhang, no, "chain_add", procedure.Act{Input: json.RawMessage(`{"person":"` + sun + `"}`)}))
		if box := c.inbox(sun); len(box) == 0 || box[0] != "待会签：主体认证" {
			t.Errorf("%q", box)
		}
		c.must(c.decide(c.at.Lead, map[string]any{"kind": "end", "person": sun})) // the lead's own affairs are not chained
		c.must(c.do(zhang, no, "chain_approve", procedure.Act{}))
		c.must(c.do(c.at.Lead, no, "chain_sign", procedure.Act{}))
		if c.state(no) != "confirmed" {
			t.Error(c.state(no))
		}
		c.must(set("*", "direct"))
		no = c.waiting(user)
		c.must(c.do(li, no, "confirm", procedure.Act{}))
	})
}

func TestThreeOfficesThreePersons(t *testing.T) {
	eachCity(t, func(t *testing.T, c *city) {
		if _, err := party.Bootstrap(ctx, c.db, c.ids, party.Opening{Authority: party.Org{Name: "另一数据局", Kind: party.Organ},
			Lead: c.account("shuju2", "甲"), System: c.account("xitong2", "乙"), Security: c.account("anquan2", "丙"), Audit: c.account("shenji2", "丁")}); !errors.Is(err, party.ErrBootstrapped) {
			t.Fatalf("a second bootstrap: %v", err)
		}
		zhang, user := c.person("zhangsan", "张三"), c.person("wangwu", "王五")
		c.establish(user, "大数据公司", "operator", "company", "140600")
		_, err := c.start(user, "p04_admin", map[string]any{"office": "audit", "username": "zhangsan", "reason": "换届"})
		c.refused(err, "admin.authority")
		name := func(office, who string) string {
			return mustStart(c, c.at.Lead, "p04_admin", map[string]any{"office": office, "username": who, "reason": "换届"})
		}
		for _, x := range []struct{ office, who, act, code string }{
			{"audit", "anquan", "submit", "admin.single"}, {"system", "shenji", "submit", "admin.single"}, {"audit", "nobody", "submit", "admin.candidate"},
			{"audit", "shuju", "submit", "admin.oneself"}, {"security", "zhangsan", "submit", "admin.route"}, {"audit", "zhangsan", "submit_security", "admin.route_security"},
		} {
			c.refused(c.do(c.at.Lead, name(x.office, x.who), x.act, procedure.Act{}), x.code)
		}
		no := name("audit", "zhangsan")
		c.must(c.do(c.at.Lead, no, "submit", procedure.Act{}))
		c.refused(c.do(c.at.Lead, no, "install", procedure.Act{}), "case.role")
		if _, err := c.View(ctx, c.actor(c.at.System), no); !errors.Is(err, store.ErrNotFound) {
			t.Error("the system administrator sees it", err)
		}
		second := name("system", "zhangsan")
		c.must(c.do(c.at.Lead, second, "submit", procedure.Act{}))
		c.must(c.do(c.at.Security, no, "install", procedure.Act{}))
		c.refused(c.do(c.at.Security, second, "install", procedure.Act{}), "admin.single")
		if !c.actor(zhang).Has(party.AuditAdm) || c.actor(c.at.Audit).Has(party.AuditAdm) {
			t.Error("the office did not change hands")
		}
		// The records refuse it without any rule.
		_, err = c.db.Update(ctx, installing(zhang, party.SystemOffice, c.at.Authority))
		if !errors.Is(err, store.ErrConflict) {
			t.Errorf("two offices: %v", err)
		}
		// The security office itself is checked by the audit administrator.
		no = name("security", "wangwu")
		c.must(c.do(c.at.Lead, no, "submit_security", procedure.Act{}))
		if err := c.do(c.at.Security, no, "install", procedure.Act{}); !errors.Is(err, store.ErrNotFound) {
			t.Error("the security administrator checks its own successor", err)
		}
		c.must(c.do(zhang, no, "install", procedure.Act{}))
		if !c.actor(user).Has(party.SecurityAd) {
			t.Error("not installed")
		}
	})
}

func installing(person string, office party.Office, authority string) func(*store.Tx) (audit.Entry, error) {
	return func(w *store.Tx) (audit.Entry, error) {
		return audit.Entry{Type: "test.write", Actor: "test", Action: "install"}, party.Install(w, office, person, authority, "", "test")
	}
}

func TestEveryRuleOfSubjectsCitesItsClause(t *testing.T) {
	for _, p := range subjects() {
		params, err := plan.City("140600")
		if err != nil {
			t.Fatal(err)
		}
		if errs := procedure.Check(p, params); len(errs) > 0 {
			t.Errorf("%s: %v", p.ID, errs)
		}
	}
}
