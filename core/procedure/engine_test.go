package procedure_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/store"
	"pado/core/store/storetest"
	"pado/plan"
)

var ctx = context.Background()

type wish struct {
	Title  string `json:"title"`
	Reason string `json:"reason"`
}

const (
	asker  procedure.Role = "developer"
	judge  procedure.Role = "operator"
	arbite procedure.Role = "authority"
)

func sample() *procedure.Procedure {
	c := plan.C("6.3.2")
	return &procedure.Procedure{ID: "wish", Prefix: "YW", Title: "需求", Plan: c, Start: "draft",
		Form: procedure.FormOf[wish](
			procedure.Field{Name: "title", Label: "名称", Kind: procedure.Text, Required: true, Plan: c},
			procedure.Field{Name: "reason", Label: "理由", Kind: procedure.LongText, Required: true, Min: 5, Plan: c}),
		Name: func(c *procedure.Ctx) (string, error) {
			f, err := procedure.Form[wish](c)
			return f.Title, err
		},
		States: procedure.Phases{
			{ID: "draft", Label: "草稿", Owes: asker, Track: true},
			{ID: "review", Label: "待审核", Owes: judge, Within: "demand.review", Else: "escalate", Track: true},
			{ID: "coordination", Label: "待协调", Owes: arbite},
			{ID: "granted", Label: "已同意", Final: true, Track: true},
			{ID: "withdrawn", Label: "已撤回", Final: true},
		},
		Parties: []procedure.PartyRule{{Role: judge, Find: fixed("op")}, {Role: arbite, Find: fixed("au")}},
		Readers: []procedure.Role{arbite},
		Steps: []procedure.Step{
			{Do: "submit", Label: "提交", By: asker, From: procedure.S("draft"), To: "review", Plan: c, Edits: true},
			{Do: "grant", Label: "同意", By: judge, From: procedure.S("review"), To: "granted", Plan: c, Apart: procedure.Acts("submit"), Numbered: true,
				Require: procedure.Rules{{Code: "wish.scope", Say: "名称中不能有“禁”", Plan: c, Holds: func(c *procedure.Ctx) error {
					f, err := procedure.Form[wish](c)
					return procedure.Hold(f.Title != "禁", err)
				}}},
				Then: procedure.Effects{{Name: "note", Say: "记入台账", Plan: c, Run: func(c *procedure.Ctx) error {
					_, err := c.W.Exec(`INSERT INTO meta (key, value) VALUES ($1, $2)`, "wish/"+c.Case.No, c.DocNo)
					return err
				}}}},
			procedure.ReturnTo("draft", judge, c, "review"),
			procedure.Withdraw("withdrawn", asker, c, "draft"),
			{Do: "decide", Label: "协调同意", By: arbite, From: procedure.S("coordination"), To: "granted", Plan: c},
			procedure.Resume("escalate", "逾期转协调", "coordination", c, "review"),
		}}
}

func fixed(org string) func(*procedure.Ctx) (string, error) {
	return func(*procedure.Ctx) (string, error) { return org, nil }
}

func desk(org string, r procedure.Role, ranks ...procedure.Rank) procedure.Desk {
	return procedure.Desk{ID: org + "/" + string(r), Org: org, OrgName: org, Role: r, Division: "140600", Ranks: ranks}
}

var (
	dev   = procedure.Actor{Person: "p-dev", Name: "开发甲", Desks: []procedure.Desk{desk("dv", asker)}}
	oper  = procedure.Actor{Person: "p-op", Name: "运营乙", Desks: []procedure.Desk{desk("op", judge)}}
	auth  = procedure.Actor{Person: "p-au", Name: "数据丙", Desks: []procedure.Desk{desk("au", arbite)}}
	else_ = procedure.Actor{Person: "p-x", Name: "旁人", Desks: []procedure.Desk{desk("xx", asker)}}
)

type world struct {
	*procedure.Engine
	t     testing.TB
	db    *store.DB
	clock *storetest.Clock
}

func open(t testing.TB, e store.Engine) *world {
	t.Helper()
	clock := &storetest.Clock{At: storetest.Start}
	o := storetest.Options(t, e)
	o.Wall = clock.Now
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
	eng, err := procedure.New(db, procedure.Options{City: "140600", Parameters: params, Calendar: calendar.Shipped(), Supervises: governing}, sample(), personal(), own())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		for _, o := range []string{"dv", "op", "au", "xx"} {
			if _, err := w.Exec(`INSERT INTO org (id, name, division, kind, legal_person, doc_prefix, status, created)
				VALUES ($1,$2,'140600','x',$3,$4,'active',0)`, o, o, true, map[string]string{"op": "朔运"}[o]); err != nil {
				return audit.Entry{}, err
			}
		}
		return audit.Entry{Type: "test.write", Actor: "system", Action: "seed"}, nil
	}); err != nil {
		t.Fatal(err)
	}
	w := &world{eng, t, db, clock}
	t.Cleanup(w.knownAsOnRecord)
	return w
}

func each(t *testing.T, f func(t *testing.T, w *world)) {
	for _, e := range []store.Engine{store.SQLite, store.Postgres} {
		t.Run(string(e), func(t *testing.T) { f(t, open(t, e)) })
	}
}

func (w *world) start(title string) string {
	w.t.Helper()
	res, err := w.Start(ctx, dev, procedure.Begin{Procedure: "wish", Form: form(title, "因为确实需要")})
	if err != nil {
		w.t.Fatal(err)
	}
	return res.No
}

func form(title, reason string) json.RawMessage {
	b, _ := json.Marshal(wish{title, reason})
	return b
}

func (w *world) do(a procedure.Actor, no, action string, act procedure.Act) error {
	w.t.Helper()
	v, err := w.View(ctx, auth, no)
	if err != nil {
		w.t.Fatal(err)
	}
	if act.Revision == 0 {
		act.Revision = v.Case.Revision
	}
	_, err = w.Do(ctx, a, no, action, act)
	return err
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) refused(err error, code string) {
	w.t.Helper()
	var r *procedure.Refused
	if !errors.As(err, &r) || r.Code != code {
		w.t.Fatalf("got %v, want refusal %s", err, code)
	}
	if r.Message == "" {
		w.t.Fatal("a refusal without words")
	}
}

func (w *world) state(no string) string {
	w.t.Helper()
	v, err := w.View(ctx, auth, no)
	w.must(err)
	return v.Case.State
}

func (w *world) size() (n int64) {
	w.must(w.db.View(ctx, func(r *store.ReadTx) (err error) { n, err = r.LogSize(); return err }))
	return n
}

func TestACaseRunsItsCourse(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		no := w.start("用电分析")
		w.must(w.do(dev, no, "submit", procedure.Act{}))
		w.refused(w.do(dev, no, "grant", procedure.Act{}), "case.role")
		trial, err := w.Preview(ctx, oper, no, "grant", procedure.Act{Revision: 2})
		w.must(err)
		if trial.Err != nil || trial.To != "granted" || len(trial.Effects) != 1 || w.state(no) != "review" {
			t.Fatalf("dry run: %+v", trial)
		}
		before := w.size()
		w.must(w.do(oper, no, "grant", procedure.Act{}))
		if w.size() != before+1 {
			t.Error("an act is exactly one entry")
		}
		v, err := w.View(ctx, dev, no)
		w.must(err)
		if v.Case.State != "granted" || !v.Case.Final || v.Case.Title != "用电分析" {
			t.Fatalf("%+v", v.Case)
		}
		last := v.Events[len(v.Events)-1]
		if last.DocNo != "朔运〔2026〕1号" || last.Seq != before {
			t.Errorf("event %+v, leaf %d", last, before)
		}
		if len(v.Offers) != 0 {
			t.Errorf("a final case offers %v", v.Offers)
		}
	})
}

func TestNotYoursIsNotThere(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		no := w.start("用电")
		_, theirs := w.View(ctx, else_, no)
		_, missing := w.View(ctx, else_, "YW-2026-999999-0")
		if !errors.Is(theirs, store.ErrNotFound) || !errors.Is(missing, store.ErrNotFound) || theirs.Error() != missing.Error() {
			t.Fatalf("%v | %v", theirs, missing)
		}
		_, err := w.Do(ctx, else_, no, "submit", procedure.Act{Revision: 1})
		if !errors.Is(err, store.ErrNotFound) {
			t.Fatal(err)
		}
	})
}

func TestRefusalsChangeNothingButTheLog(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		no := w.start("禁")
		w.must(w.do(dev, no, "submit", procedure.Act{}))
		n := w.size()
		w.refused(w.do(oper, no, "grant", procedure.Act{}), "wish.scope")
		if w.size() != n+1 || w.state(no) != "review" {
			t.Error("a refusal is one entry and nothing else")
		}
		err := w.do(dev, no, "submit", procedure.Act{Revision: 1})
		var s *procedure.Stale
		if !errors.As(err, &s) || s.Did != "提交" || s.By != "开发甲" {
			t.Errorf("stale: %v", err)
		}
		w.refused(w.do(oper, no, "submit", procedure.Act{}), "case.step")
	})
}

func TestFieldsAreChecked(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		no := w.start("")
		var inv *procedure.Invalid
		if err := w.do(dev, no, "submit", procedure.Act{}); !errors.As(err, &inv) || inv.Errors[0].Path != "title" {
			t.Fatalf("%v", err)
		}
		err := w.do(dev, no, "submit", procedure.Act{Form: json.RawMessage(`{"title":"甲","reason":"短","extra":1}`)})
		if !errors.As(err, &inv) || len(inv.Errors) != 2 {
			t.Fatalf("%v %+v", err, inv)
		}
		w.must(w.do(dev, no, "submit", procedure.Act{Form: form("甲", "说明白了理由")}))
	})
}

func TestReturnedFormShowsWhatChanged(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		no := w.start("甲")
		w.must(w.do(dev, no, "submit", procedure.Act{}))
		var inv *procedure.Invalid
		if err := w.do(oper, no, "return", procedure.Act{}); !errors.As(err, &inv) || inv.Errors[0].Path != "opinion" {
			t.Fatalf("a return without an opinion: %v", err)
		}
		w.must(w.do(oper, no, "return", procedure.Act{Opinion: "请改名称"}))
		w.must(w.do(dev, no, "submit", procedure.Act{Form: form("乙", "因为确实需要")}))
		v, err := w.View(ctx, dev, no)
		w.must(err)
		var ch []procedure.Change
		w.must(json.Unmarshal([]byte(v.Events[3].Changed), &ch))
		if len(ch) != 1 || ch[0].Field != "title" || ch[0].Before != "甲" || ch[0].After != "乙" {
			t.Errorf("%+v", ch)
		}
	})
}

func TestTheClockTakesTheDeclaredStep(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		no := w.start("甲")
		w.must(w.do(dev, no, "submit", procedure.Act{}))
		if n, err := w.Tick(ctx); n != 0 || err != nil {
			t.Fatal(n, err)
		}
		w.clock.At = w.clock.At.AddDate(0, 0, 30)
		if n, err := w.Tick(ctx); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		if s := w.state(no); s != "coordination" {
			t.Fatal(s)
		}
		if n, err := w.Tick(ctx); n != 0 || err != nil {
			t.Fatal("a second clock is harmless", n, err)
		}
	})
}

func TestALimitInAnUnpublishedYearIsUnresolved(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.clock.At = time.Date(2026, 12, 30, 9, 0, 0, 0, calendar.Shanghai)
		no := w.start("甲")
		w.must(w.do(dev, no, "submit", procedure.Act{}))
		v, err := w.View(ctx, oper, no)
		w.must(err)
		if v.Case.DueYear != 2027 || !v.Case.DueAt.IsZero() {
			t.Fatalf("%+v", v.Case)
		}
		w.must(w.do(oper, no, "grant", procedure.Act{}))
	})
}

func TestTheSameKeyActsOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		b := procedure.Begin{Procedure: "wish", Form: form("甲", "因为确实需要"), Key: "k1"}
		one, err := w.Start(ctx, dev, b)
		w.must(err)
		two, err := w.Start(ctx, dev, b)
		w.must(err)
		if one.No != two.No || !two.Replayed {
			t.Fatalf("%+v %+v", one, two)
		}
		b.Form = form("乙", "因为确实需要")
		_, err = w.Start(ctx, dev, b)
		w.refused(err, "request.key_reused")
	})
}

func TestTheInnerChainMakesTheAct(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, err := w.db.Update(ctx, func(x *store.Tx) (audit.Entry, error) {
			_, err := x.Exec(`INSERT INTO chain_config (org, procedure, action, stages) VALUES ('op', 'wish', '*', '["draft","review","sign"]')`)
			return audit.Entry{Type: "test.write", Actor: "system", Action: "chain"}, err
		})
		w.must(err)
		person := func(id string, r procedure.Rank) procedure.Actor {
			return procedure.Actor{Person: id, Name: id, Desks: []procedure.Desk{desk("op", judge, r)}}
		}
		a, b, c := person("a", procedure.Drafter), person("b", procedure.Reviewer), person("c", procedure.Signer)
		no := w.start("甲")
		w.must(w.do(dev, no, "submit", procedure.Act{}))
		w.must(w.do(a, no, "grant", procedure.Act{Opinion: "拟同意"}))
		if w.state(no) != "review" {
			t.Fatal("拟办 is not yet the act")
		}
		w.refused(w.do(a, no, "chain_approve", procedure.Act{}), "chain.role")
		w.refused(w.do(c, no, "chain_sign", procedure.Act{}), "chain.role")
		w.must(w.do(b, no, "chain_approve", procedure.Act{Opinion: "同意"}))
		w.must(w.do(c, no, "chain_sign", procedure.Act{}))
		v, err := w.View(ctx, dev, no)
		w.must(err)
		last := v.Events[len(v.Events)-1]
		if v.Case.State != "granted" || last.Persons != "c,a,b" || last.DocNo == "" {
			t.Fatalf("%s %+v", v.Case.State, last)
		}
	})
}

func TestTheWorkListShowsEachDeskItsMoves(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var nos []string
		for range 5 {
			no := w.start("甲")
			w.must(w.do(dev, no, "submit", procedure.Act{}))
			nos = append(nos, no)
		}
		var got []string
		cursor := ""
		for {
			page, err := w.Page(ctx, oper, procedure.Query{Tab: "todo", Size: 2, Cursor: cursor})
			w.must(err)
			for _, r := range page.Rows {
				got = append(got, r.No)
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		if len(got) != 5 || got[0] != nos[0] || got[4] != nos[4] {
			t.Fatalf("%v of %v", got, nos)
		}
		for tab, want := range map[string]int{"todo": 0, "started": 5, "done": 5, "all": 5} {
			page, err := w.Page(ctx, dev, procedure.Query{Tab: tab})
			w.must(err)
			if len(page.Rows) != want {
				t.Errorf("%s: %d rows", tab, len(page.Rows))
			}
		}
		if page, err := w.Page(ctx, else_, procedure.Query{Tab: "all"}); err != nil || len(page.Rows) != 0 {
			t.Fatal(page.Rows, err)
		}
		n, err := w.Count(ctx, oper)
		w.must(err)
		if n.Todo != 5 {
			t.Errorf("%+v", n)
		}
	})
}
