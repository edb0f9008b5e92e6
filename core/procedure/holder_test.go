package procedure_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/store"
	"pado/plan"
)

// twice stays with one organisation: a second person checks what the first wrote.
func twice() *procedure.Procedure {
	c := plan.C("6.3.2")
	return &procedure.Procedure{ID: "twice", Prefix: "LR", Title: "两人办理", Plan: c, Start: "draft",
		Form: procedure.FormOf[wish](
			procedure.Field{Name: "title", Label: "名称", Kind: procedure.Text, Required: true, Plan: c},
			procedure.Field{Name: "reason", Label: "理由", Kind: procedure.LongText, Plan: c}),
		States: procedure.Phases{
			{ID: "draft", Label: "草稿", Owes: asker, Track: true},
			{ID: "check", Label: "复核", Owes: asker, Track: true},
			{ID: "done", Label: "办结", Final: true, Track: true},
		},
		Steps: []procedure.Step{
			{Do: "submit", Label: "提交", By: asker, From: procedure.S("draft"), To: "check", Plan: c, Edits: true},
			{Do: "approve", Label: "复核通过", By: asker, From: procedure.S("check"), To: "done", Plan: c, Apart: procedure.Acts("submit")},
			{Do: "measure", Label: "记录测量", By: asker, From: procedure.S("check"), To: "check", Plan: c, Input: []procedure.Field{
				{Name: "value", Label: "测得值", Kind: procedure.Integer, Required: true, Plan: c},
				{Name: "device", Label: "设备口令", Kind: procedure.Text, Plan: c, Secret: true},
				{Name: "rows", Label: "分项", Kind: procedure.Table, Plan: c, Rows: []procedure.Field{
					{Name: "name", Label: "名称", Kind: procedure.Text, Plan: c},
					{Name: "card", Label: "证件号", Kind: procedure.Text, Plan: c, Secret: true}}}}},
			procedure.ReturnTo("draft", asker, c, "check"),
		}}
}

// pair is a world whose second person shares the first one's desk; both are on its staff.
func pair(t *testing.T, e store.Engine) (w *world, second procedure.Actor) {
	w = open(t, e)
	params, err := plan.City("140600")
	if err != nil {
		t.Fatal(err)
	}
	if w.Engine, err = procedure.New(w.db, procedure.Options{City: "140600", Parameters: params, Calendar: calendar.Shipped()}, sample(), twice()); err != nil {
		t.Fatal(err)
	}
	w.staff("p-dev", "dv", asker)
	w.staff("p-two", "dv", asker)
	return w, procedure.Actor{Person: "p-two", Name: "开发二", Desks: []procedure.Desk{desk("dv", asker)}}
}

func (w *world) staff(person, org string, r procedure.Role) {
	w.t.Helper()
	w.write(func(x *store.Tx) error {
		if _, err := x.Exec(`INSERT INTO person (id, name, program, status, created) VALUES ($1,$1,$2,'active',0) ON CONFLICT DO NOTHING`, person, false); err != nil {
			return err
		}
		_, err := x.Exec(`INSERT INTO membership (person, org, role, ranks, lead, since, until) VALUES ($1,$2,$3,'',$4,'2026-01-01','')`, person, org, string(r), false)
		return err
	})
}

func (w *world) leaves(person string) {
	w.t.Helper()
	w.write(func(x *store.Tx) error {
		return x.ExecOne(`UPDATE membership SET until = '2026-03-01' WHERE person = $1`, person)
	})
}

func (w *world) write(f func(*store.Tx) error) {
	w.t.Helper()
	if _, err := w.db.Update(ctx, func(x *store.Tx) (audit.Entry, error) {
		return audit.Entry{Type: "test.write", Actor: "system", Action: "seed"}, f(x)
	}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) handler(no string) string {
	w.t.Helper()
	var c *procedure.Case
	if err := w.db.View(ctx, func(r *store.ReadTx) (err error) { c, _, err = w.Load(r, no); return err }); err != nil {
		w.t.Fatal(err)
	}
	return c.Handler
}

func (w *world) act(a procedure.Actor, no, do string, act procedure.Act) {
	w.t.Helper()
	if err := w.try(a, no, do, act); err != nil {
		w.t.Fatalf("%s: %v", do, err)
	}
}

// try acts on the revision as it stands.
func (w *world) try(a procedure.Actor, no, do string, act procedure.Act) error {
	var c *procedure.Case
	if err := w.db.View(ctx, func(r *store.ReadTx) (err error) { c, _, err = w.Load(r, no); return err }); err != nil {
		return err
	}
	act.Revision = c.Revision
	_, err := w.Do(ctx, a, no, do, act)
	return err
}

func code(err error) string {
	var ref *procedure.Refused
	if errors.As(err, &ref) {
		return ref.Code
	}
	return ""
}

// TestACaseThatStaysGoesToWhoMayTakeIt: the starter gets back what it may carry on; what it may
// not take waits for the whole desk.
func TestACaseThatStaysGoesToWhoMayTakeIt(t *testing.T) {
	for _, e := range []store.Engine{store.SQLite, store.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			w, second := pair(t, e)
			res, err := w.Start(ctx, dev, procedure.Begin{Procedure: "twice", Form: form("甲", "乙")})
			if err != nil {
				t.Fatal(err)
			}
			w.act(dev, res.No, "submit", procedure.Act{})
			if h := w.handler(res.No); h != "" {
				t.Fatalf("what its starter may not check waits for %s", h)
			}
			page, err := w.Page(ctx, second, procedure.Query{})
			if err != nil || len(page.Rows) != 1 {
				t.Fatalf("the colleague's list: %+v %v", page.Rows, err)
			}
			w.act(second, res.No, "return", procedure.Act{Opinion: "请补充理由"})
			if h := w.handler(res.No); h != "p-dev" {
				t.Fatalf("returned to %q", h)
			}
			if err := w.try(second, res.No, "submit", procedure.Act{}); code(err) != "case.handler" {
				t.Fatalf("the colleague takes the starter's draft: %v", err)
			}
			w.act(dev, res.No, "submit", procedure.Act{})
			w.act(second, res.No, "approve", procedure.Act{})
		})
	}
}

// TestReturnedToALeaver: nobody waits for a starter who is no longer there.
func TestReturnedToALeaver(t *testing.T) {
	for _, e := range []store.Engine{store.SQLite, store.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			w, second := pair(t, e)
			res, err := w.Start(ctx, dev, procedure.Begin{Procedure: "twice", Form: form("甲", "乙")})
			if err != nil {
				t.Fatal(err)
			}
			w.act(dev, res.No, "submit", procedure.Act{})
			w.leaves("p-dev")
			w.act(second, res.No, "return", procedure.Act{Opinion: "请补充理由"})
			if h := w.handler(res.No); h != "" {
				t.Fatalf("returned to %q, who has left", h)
			}
			w.act(second, res.No, "submit", procedure.Act{})
		})
	}
}

// TestALeaverSeesNothing: who has left the organisation no longer finds what was started there, in
// no list, by no number; what was started for oneself stays one's own.
func TestALeaverSeesNothing(t *testing.T) {
	for _, e := range []store.Engine{store.SQLite, store.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			w, _ := pair(t, e)
			no := w.start("甲")
			left := dev
			left.Desks = []procedure.Desk{desk("xx", asker)}
			if _, err := w.View(ctx, left, no); !errors.Is(err, store.ErrNotFound) {
				t.Fatalf("the leaver reads %s: %v", no, err)
			}
			if err := w.try(left, no, "withdraw", procedure.Act{}); !errors.Is(err, store.ErrNotFound) {
				t.Fatalf("the leaver acts on %s: %v", no, err)
			}
			for _, tab := range []string{"todo", "started", "done", "all"} {
				page, err := w.Page(ctx, left, procedure.Query{Tab: tab})
				if err != nil || len(page.Rows) != 0 {
					t.Errorf("%s: %+v %v", tab, page.Rows, err)
				}
			}
			if _, err := w.View(ctx, dev, no); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestTheChainFindsItsPeople: a 会签 without a name is anybody's at the desk who has not acted, and
// a draft sent back goes to the desk when its drafter has left.
func TestTheChainFindsItsPeople(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.write(func(x *store.Tx) error {
			_, err := x.Exec(`INSERT INTO chain_config (org, procedure, action, stages) VALUES ('op', 'wish', '*', '["draft","countersign","sign"]')`)
			return err
		})
		person := func(id string, r ...procedure.Rank) procedure.Actor {
			w.staff(id, "op", judge)
			return procedure.Actor{Person: id, Name: id, Desks: []procedure.Desk{desk("op", judge, r...)}}
		}
		a, b, c := person("a", procedure.Drafter), person("b"), person("c", procedure.Signer)
		other := procedure.Actor{Person: "d", Name: "d", Desks: []procedure.Desk{desk("op", judge+"_else"), desk("op", arbite)}}
		no := w.start("甲")
		w.must(w.do(dev, no, "submit", procedure.Act{}))
		w.must(w.do(a, no, "grant", procedure.Act{}))
		w.refused(w.try(a, no, "chain_countersign", procedure.Act{Opinion: "自己"}), "case.apart")
		if err := w.try(other, no, "chain_countersign", procedure.Act{Opinion: "旁人"}); err == nil {
			t.Fatal("another desk countersigns")
		}
		w.must(w.try(b, no, "chain_countersign", procedure.Act{Opinion: "同意"}))
		w.must(w.try(c, no, "chain_back", procedure.Act{Opinion: "请重拟"}))
		if h := w.handler(no); h != "a" {
			t.Fatalf("sent back to %q", h)
		}
		w.must(w.try(a, no, "grant", procedure.Act{}))
		w.leaves("a")
		w.must(w.try(b, no, "chain_back", procedure.Act{Opinion: "请重拟"}))
		if h := w.handler(no); h != "" {
			t.Fatalf("sent back to %q, who has left", h)
		}
		w.must(w.try(b, no, "grant", procedure.Act{}))
	})
}

// TestTheHistoryKeepsWhatWasEntered: each act's own fields stay with it, but for what is secret;
// what differs after a return is marked.
func TestTheHistoryKeepsWhatWasEntered(t *testing.T) {
	for _, e := range []store.Engine{store.SQLite, store.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			w, second := pair(t, e)
			res, err := w.Start(ctx, dev, procedure.Begin{Procedure: "twice", Form: form("甲", "乙")})
			w.must(err)
			entered := func(n int) procedure.Act {
				return procedure.Act{Input: json.RawMessage(fmt.Sprintf(`{"value":%d,"device":"geheim-1","rows":[{"name":"一","card":"geheim-2"}]}`, n))}
			}
			w.act(dev, res.No, "submit", procedure.Act{})
			w.act(second, res.No, "measure", entered(7))
			w.act(second, res.No, "measure", entered(8)) // no return in between: nothing to mark
			w.act(second, res.No, "return", procedure.Act{Opinion: "请重新测量"})
			w.act(dev, res.No, "submit", procedure.Act{})
			w.act(second, res.No, "measure", entered(9))
			v, err := w.View(ctx, second, res.No)
			w.must(err)
			var got []string
			for _, ev := range v.Events {
				if strings.Contains(ev.Input+ev.Changed, "geheim") {
					t.Fatalf("the history tells a secret: %+v", ev)
				}
				if ev.Action == "measure" {
					got = append(got, ev.Input+ev.Changed)
					if asked := v.Procedure.Asked(ev); len(asked) != 3 || asked[0].Label != "测得值" {
						t.Fatalf("asked %+v", asked)
					}
				}
			}
			in := `{"device":"（已隐去）","rows":[{"card":"（已隐去）","name":"一"}],"value":%d}`
			want := []string{fmt.Sprintf(in, 7) + "[]", fmt.Sprintf(in, 8) + "[]",
				fmt.Sprintf(in, 9) + `[{"field":"input.value","label":"测得值","before":8,"after":9}]`}
			if !slices.Equal(got, want) {
				t.Fatalf("got  %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
			}
		})
	}
}
