package procedures_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/id"
	"pado/core/identity"
	"pado/core/procedure"
	"pado/core/store"
	"pado/core/store/storetest"
	"pado/domain/party"
	"pado/plan"
	"pado/procedures"
)

// city is a small platform: the Authority with its lead and the three administrators, and the
// engine over the procedures of 主体与岗位.
type city struct {
	*procedure.Engine
	t     *testing.T
	db    *store.DB
	ids   *identity.Service
	clock *storetest.Clock
	at    party.Opened
	n     int
}

const noPassword = "$argon2id$v=19$m=65536,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAA" // opens with nothing

func subjects() []*procedure.Procedure {
	return []*procedure.Procedure{procedures.P03Parameter(), procedures.P03Holiday(), procedures.P04Subject(), procedures.P04Join(), procedures.P04Change(), procedures.P04Appoint(),
		procedures.P04Chain(), procedures.P04Admin()}
}

func openCity(t *testing.T, e store.Engine, more ...*procedure.Procedure) *city {
	t.Helper()
	clock := &storetest.Clock{At: storetest.Start}
	o := storetest.Options(t, e)
	o.Wall, o.Wrap = clock.Now, broken
	db, err := store.Open(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	storetest.Found(t, db)
	params, err := plan.City("140600")
	if err != nil {
		t.Fatal(err)
	}
	eng, err := procedure.New(db, procedure.Options{City: "140600", Parameters: params, Calendar: calendar.Shipped(),
		Scope: party.Scope, Notify: party.Notify, Supervises: party.Supervisors}, append(subjects(), more...)...)
	if err != nil {
		t.Fatal(err)
	}
	c := &city{Engine: eng, t: t, db: db, clock: clock, ids: identity.New(db, bytes.Repeat([]byte{7}, 32), eng.Parameters)}
	c.at, err = party.Bootstrap(ctx, db, c.ids, party.Opening{Authority: party.Org{Name: "朔州市数据局", USCC: c.uscc(), Kind: party.Organ, LegalPerson: true, DocPrefix: "朔数"},
		Lead: c.account("shuju", "数据甲"), System: c.account("xitong", "系统乙"), Security: c.account("anquan", "安全丙"), Audit: c.account("shenji", "审计丁")})
	c.must(err)
	return c
}

func eachCity(t *testing.T, f func(t *testing.T, c *city)) {
	for _, e := range []store.Engine{store.SQLite, store.Postgres} {
		t.Run(string(e), func(t *testing.T) { f(t, openCity(t, e)) })
	}
}

func (c *city) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *city) uscc() string {
	c.n++
	u, err := id.MakeUSCC('9', '1', "140602", fmt.Sprintf("MA0%05d", c.n))
	c.must(err)
	return string(u)
}

func (c *city) account(user, name string) identity.NewAccount {
	c.n++
	card, err := id.MakeIDCard("140602", calendar.Date{Y: 1990, M: 1, D: 1}, c.n)
	c.must(err)
	return identity.NewAccount{NewPerson: identity.NewPerson{Username: user, Name: name, Phone: "13800138000", IDCard: card.Number()}, Hash: noPassword}
}

// person registers somebody and returns the id.
func (c *city) person(user, name string) string {
	c.t.Helper()
	p, err := c.ids.Prepare(ctx, c.account(user, name))
	c.must(err)
	_, err = c.db.Update(ctx, func(w *store.Tx) (audit.Entry, error) { return p.Entry(p.Person(), "register"), p.Open(w) })
	c.must(err)
	return p.Person()
}

func (c *city) actor(person string) (a procedure.Actor) {
	c.t.Helper()
	c.must(c.db.View(ctx, func(r *store.ReadTx) (err error) { a, err = party.Actor(r, person); return err }))
	return a
}

// file uploads a file that no case has yet.
func (c *city) file(person string) string {
	c.t.Helper()
	c.n++
	no := fmt.Sprintf("f%d", c.n)
	c.write(`INSERT INTO attachment (id, name, size, sha256, media, person, org, at) VALUES ($1,'a.pdf',1,'00','application/pdf',$2,'',0)`, no, person)
	return no
}

func (c *city) write(q string, args ...any) {
	c.t.Helper()
	_, err := c.db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		_, err := w.Exec(q, args...)
		return audit.Entry{Type: "test.write", Actor: "test", Action: "write"}, err
	})
	c.must(err)
}

// start opens a case with a form.
func (c *city) start(person, proc string, form map[string]any) (string, error) {
	c.t.Helper()
	raw, err := json.Marshal(form)
	c.must(err)
	res, err := c.Start(ctx, c.actor(person), procedure.Begin{Procedure: proc, Form: raw})
	return res.No, err
}

// do takes a step at the case's present revision; as narrows the desk.
func (c *city) do(person, no, action string, act procedure.Act) error {
	c.t.Helper()
	c.must(c.db.View(ctx, func(r *store.ReadTx) error {
		return r.Get(&act.Revision, `SELECT revision FROM case_file WHERE no = $1`, no)
	}))
	_, err := c.Do(ctx, c.actor(person), no, action, act)
	return err
}

func (c *city) refused(err error, code string) {
	c.t.Helper()
	var r *procedure.Refused
	if !errors.As(err, &r) || r.Code != code {
		c.t.Fatalf("got %v, want refusal %s", err, code)
	}
	if r.Message == "" || r.Clause.ID == "" {
		c.t.Fatalf("a refusal without words or clause: %+v", r)
	}
}

func (c *city) state(no string) (s string) {
	c.t.Helper()
	c.must(c.db.View(ctx, func(r *store.ReadTx) error { return r.Get(&s, `SELECT state FROM case_file WHERE no = $1`, no) }))
	return s
}

func (c *city) subject(person string, change func(map[string]any)) map[string]any {
	f := map[string]any{"uscc": c.uscc(), "name": "朔州数据运营有限公司", "kind": "company", "legalPerson": true, "legalRep": "王五", "role": "operator",
		"division": "140600", "address": "朔城区", "phone": "0349-2020202", "licence": c.file(person), "letter": c.file(person)}
	if change != nil {
		change(f)
	}
	return f
}

// establish brings an organisation onto the platform with the person as its lead.
func (c *city) establish(person, name, role, kind, division string) (org string) {
	c.t.Helper()
	no, err := c.start(person, "p04_subject", c.subject(person, func(f map[string]any) {
		f["name"], f["role"], f["kind"], f["division"] = name, role, kind, division
	}))
	c.must(err)
	c.must(c.do(person, no, "submit", procedure.Act{}))
	c.must(c.do(c.at.Lead, no, "confirm", procedure.Act{}))
	c.must(c.db.View(ctx, func(r *store.ReadTx) error { return r.Get(&org, `SELECT subject FROM case_file WHERE no = $1`, no) }))
	return org
}

// join brings a person into an organisation.
func (c *city) join(person, org, role, lead string, in string) {
	c.t.Helper()
	no, err := c.start(person, "p04_join", map[string]any{"org": org, "role": role, "duty": "经办"})
	c.must(err)
	c.must(c.do(person, no, "submit", procedure.Act{}))
	c.must(c.do(lead, no, "agree", procedure.Act{Input: json.RawMessage(in)}))
}

func TestMatrixOfSubjects(t *testing.T) { matrix(t, subjects()...) }

func TestAnOrganisationIsConfirmedByTheAuthorityOfItsDivision(t *testing.T) {
	eachCity(t, func(t *testing.T, c *city) {
		zhang := c.person("zhangsan", "张三")
		if a := c.actor(zhang); len(a.Desks) != 1 || a.Desks[0].ID != "/person" || a.Desks[0].Division != "140600" {
			t.Fatalf("%+v", a)
		}
		form := c.subject(zhang, nil)
		no, err := c.start(zhang, "p04_subject", form)
		c.must(err)
		c.must(c.do(zhang, no, "submit", procedure.Act{}))
		c.must(c.do(c.at.Lead, no, "return", procedure.Act{Opinion: "请补充地址"}))
		form["address"] = "朔城区开发北路1号"
		raw, _ := json.Marshal(form)
		c.must(c.do(zhang, no, "submit", procedure.Act{Form: raw}))
		c.must(c.do(c.at.Lead, no, "confirm", procedure.Act{}))
		a := c.actor(zhang)
		if len(a.Desks) != 3 || a.Desks[0].Role != party.Operator || !a.Desks[0].Lead || len(a.Desks[0].Ranks) != 3 || a.Desks[1].Role != party.Lead ||
			a.Desks[0].ID != a.Desks[0].Org+"/operator" || a.Desks[0].Label != "运营机构" {
			t.Fatalf("%+v", a.Desks)
		}
		v, err := c.View(ctx, a, no)
		c.must(err)
		if len(v.Files) != 2 || v.Case.Subject != a.Desks[0].Org {
			t.Errorf("%d files, subject %s", len(v.Files), v.Case.Subject)
		}
		d, err := c.Paper(ctx, a, no, "confirmation")
		c.must(err)
		if d.Number != "朔数〔2026〕1号" || d.Organ != "朔州市数据局" {
			t.Errorf("%+v", d)
		}

		// A county without an Authority of its own is reviewed by the city's, and then by its own.
		li := c.person("lisi", "李四")
		county := c.establish(li, "右玉县数据局", "authority", "organ", "140623")
		wang := c.person("wangwu", "王五")
		no, err = c.start(wang, "p04_subject", c.subject(wang, func(f map[string]any) { f["division"], f["role"] = "140623", "source" }))
		c.must(err)
		c.must(c.do(wang, no, "submit", procedure.Act{}))
		c.refused(c.do(c.at.Lead, no, "confirm", procedure.Act{}), "case.role")
		c.must(c.do(li, no, "confirm", procedure.Act{}))
		if got := c.actor(wang).Desks[0].Division; got != "140623" {
			t.Error(got)
		}
		var tenant, org string
		c.must(c.db.View(ctx, func(r *store.ReadTx) error {
			return errors.Join(r.Get(&tenant, `SELECT tenant FROM case_file WHERE no = $1`, no),
				r.Get(&org, `SELECT org FROM case_party WHERE case_no = $1 AND role = 'authority'`, no))
		}))
		if tenant != "140623" || org != county {
			t.Error(tenant, org)
		}
	})
}

func TestWhatASubjectIsRefusedFor(t *testing.T) {
	eachCity(t, func(t *testing.T, c *city) {
		zhang, li := c.person("zhangsan", "张三"), c.person("lisi", "李四")
		there := c.establish(zhang, "朔州大数据公司", "operator", "company", "140600")
		var code string
		c.must(c.db.View(ctx, func(r *store.ReadTx) error { return r.Get(&code, `SELECT uscc FROM org WHERE id = $1`, there) }))
		foreign := c.file(zhang)
		for want, change := range map[string]func(map[string]any){
			"subject.operator_legal": func(f map[string]any) { f["legalPerson"] = false },
			"subject.organ_taken":    func(f map[string]any) { f["role"], f["kind"] = "authority", "organ" },
			"subject.kind":           func(f map[string]any) { f["role"], f["division"] = "authority", "140623" },
			"subject.taken":          func(f map[string]any) { f["uscc"] = code },
			"form.file":              func(f map[string]any) { f["letter"] = foreign },
		} {
			no, err := c.start(li, "p04_subject", c.subject(li, change))
			c.must(err)
			c.refused(c.do(li, no, "submit", procedure.Act{}), want)
			if c.state(no) != "draft" {
				t.Error(want, "moved the case")
			}
		}
		var inv *procedure.Invalid
		no, err := c.start(li, "p04_subject", c.subject(li, nil))
		c.must(err)
		bad, _ := json.Marshal(c.subject(li, func(f map[string]any) { f["division"], f["uscc"] = "140624", "91140602MA00000000" }))
		if err := c.do(li, no, "submit", procedure.Act{Form: bad}); !errors.As(err, &inv) || len(inv.Errors) != 2 {
			t.Fatal(err)
		}

		// Not a legal person may be a developer as shipped, and an operator once the city says so.
		no, err = c.start(li, "p04_subject", c.subject(li, func(f map[string]any) { f["legalPerson"], f["role"] = false, "developer" }))
		c.must(err)
		c.must(c.do(li, no, "submit", procedure.Act{}))
		no, err = c.start(li, "p04_subject", c.subject(li, func(f map[string]any) { f["legalPerson"] = false }))
		c.must(err)
		c.write(`INSERT INTO parameter (key, valid_from, value, source) VALUES ('operator.require_legal_person','2026-01-01','false','市政府文件')`)
		c.must(c.do(li, no, "submit", procedure.Act{}))
		c.write(`INSERT INTO parameter (key, valid_from, value, source) VALUES ('operator.require_legal_person','2026-03-01','true','市政府文件')`)
		c.refused(c.do(c.at.Lead, no, "confirm", procedure.Act{}), "subject.operator_legal")

		// The lead of an organisation adds a role to it; the same role twice is refused.
		for _, x := range []struct{ role, want string }{{"customer", ""}, {"customer", "subject.role_held"}} {
			no, err := c.start(zhang, "p04_subject", c.subject(zhang, func(f map[string]any) { f["uscc"], f["role"] = code, x.role }))
			c.must(err)
			err = c.do(zhang, no, "submit", procedure.Act{})
			if x.want != "" {
				c.refused(err, x.want)
				continue
			}
			c.must(err)
			c.must(c.do(c.at.Lead, no, "confirm", procedure.Act{}))
		}
		roles := map[procedure.Role]string{}
		for _, d := range c.actor(zhang).Desks {
			roles[d.Role] = d.Org
		}
		if roles[party.Customer] != there || roles[party.Operator] != there {
			t.Errorf("%v", roles)
		}
	})
}

func TestTwoApplicantsForOneCode(t *testing.T) {
	eachCity(t, func(t *testing.T, c *city) {
		zhang, li := c.person("zhangsan", "张三"), c.person("lisi", "李四")
		form := c.subject(zhang, nil)
		one, err := c.start(zhang, "p04_subject", form)
		c.must(err)
		c.must(c.do(zhang, one, "submit", procedure.Act{}))
		two, err := c.start(li, "p04_subject", c.subject(li, func(f map[string]any) { f["uscc"] = form["uscc"] }))
		c.must(err)
		c.must(c.do(li, two, "submit", procedure.Act{}))
		c.must(c.do(c.at.Lead, two, "confirm", procedure.Act{}))
		c.refused(c.do(c.at.Lead, one, "confirm", procedure.Act{}), "subject.taken")
	})
}

func TestNobodyReviewsItself(t *testing.T) {
	eachCity(t, func(t *testing.T, c *city) {
		no, err := c.start(c.at.Lead, "p04_subject", c.subject(c.at.Lead, nil))
		c.must(err)
		c.must(c.do(c.at.Lead, no, "submit", procedure.Act{}))
		for _, act := range []string{"confirm", "refuse", "return"} {
			c.refused(c.do(c.at.Lead, no, act, procedure.Act{Opinion: "意见"}), "case.apart")
		}
		zhang := c.person("zhangsan", "张三")
		c.join(zhang, c.at.Authority, "authority", c.at.Lead, `{"ranks":["draft"]}`)
		c.must(c.do(zhang, no, "confirm", procedure.Act{}))
		// A lead that wants a further desk in its own organisation is not the one to agree.
		org := c.actor(c.at.Lead).Desks[0].Org
		for _, d := range c.actor(c.at.Lead).Desks {
			if d.Role == party.Operator {
				org = d.Org
			}
		}
		c.must(c.do(c.at.Lead, mustStart(c, c.at.Lead, "p04_subject", c.subject(c.at.Lead, func(f map[string]any) { f["role"] = "customer" })), "submit", procedure.Act{}))
		c.write(`INSERT INTO org_role (org, role, division, since) VALUES ($1,'customer','140600',0)`, org)
		no, err = c.start(c.at.Lead, "p04_join", map[string]any{"org": org, "role": "customer", "duty": "经办"})
		c.must(err)
		c.must(c.do(c.at.Lead, no, "submit", procedure.Act{}))
		c.refused(c.do(c.at.Lead, no, "agree", procedure.Act{}), "case.apart")
	})
}

func mustStart(c *city, person, proc string, form map[string]any) string {
	c.t.Helper()
	no, err := c.start(person, proc, form)
	c.must(err)
	return no
}
