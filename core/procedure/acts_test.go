package procedure_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"pado/core/procedure"
	"pado/core/store"
)

// colleague is another person at one of the desks.
func colleague(id string, d procedure.Desk) procedure.Actor {
	return procedure.Actor{Person: id, Name: id, Desks: []procedure.Desk{d}}
}

// done takes an act and asserts that it left exactly one entry, which is its own, and one event.
func (w *world) done(a procedure.Actor, no, do string, act procedure.Act) {
	w.t.Helper()
	before, events := w.size(), len(w.history(no))
	w.step(a, no, do, act)
	last := w.last()
	if w.size() != before+1 || last.Type == "" || last.Object != no || last.Action != do || last.Result != "done" || last.Actor != a.Person {
		w.t.Fatalf("%s left %d entries, the last %+v", do, w.size()-before, last)
	}
	if got := w.history(no); len(got) != events+1 || got[events] != do {
		w.t.Fatalf("%s: history %v", do, got)
	}
}

// denied tries an act and asserts that nothing but the refusal's entry was written. code "" is a
// field that is wrong, "-" a case that is not there.
func (w *world) denied(a procedure.Actor, no, do string, act procedure.Act, code string) {
	w.t.Helper()
	before, events := w.size(), len(w.history(no))
	err := w.try(a, no, do, act)
	var inv *procedure.Invalid
	switch code {
	case "":
		if !errors.As(err, &inv) {
			w.t.Fatalf("%s: %v, want a wrong field", do, err)
		}
	case "-":
		w.gone(err)
	default:
		w.refused(err, code)
	}
	last := w.last()
	if w.size() != before+1 || last.Result != "refused" || last.Action != do || last.Code == "" || len(w.history(no)) != events {
		w.t.Fatalf("refused %s left %d entries, the last %+v", do, w.size()-before, last)
	}
}

type logged struct{ Type, Actor, Object, Action, Result, Code string }

func (w *world) last() (e logged) {
	w.t.Helper()
	var body []byte
	w.must(w.db.View(ctx, func(r *store.ReadTx) error {
		return r.Get(&body, `SELECT body FROM audit_leaf ORDER BY seq DESC LIMIT 1`)
	}))
	w.must(json.Unmarshal(body, &e))
	return e
}

func (w *world) history(no string) (out []string) {
	w.t.Helper()
	w.must(w.db.View(ctx, func(r *store.ReadTx) error {
		return r.Select(&out, `SELECT action FROM case_event WHERE case_no = $1 ORDER BY n`, no)
	}))
	return out
}

func (w *world) upload(person string) string {
	w.t.Helper()
	id := fmt.Sprintf("f%d", w.size())
	w.write(func(x *store.Tx) error {
		return procedure.AddAttachment(x, procedure.Attachment{ID: id, Name: id + ".pdf", Size: 3, SHA256: "ab", Media: "application/pdf", Person: person, Org: "dv", At: store.At(x.Now())})
	})
	return id
}

func (w *world) submitted() string {
	w.t.Helper()
	no := w.start("甲")
	w.step(dev, no, "submit", procedure.Act{})
	return no
}

func pick(person string) json.RawMessage { return json.RawMessage(`{"person":"` + person + `"}`) }

var say = procedure.Act{Opinion: "意见"}

// TestCommonActs: each act that exists for all procedures, allowed and refused, with its entry.
func TestCommonActs(t *testing.T) {
	op2 := colleague("p-op2", desk("op", judge))
	dev2, dev3 := colleague("p-dev2", desk("dv", asker)), colleague("p-dev3", desk("dv", asker))
	each(t, func(t *testing.T, w *world) {
		for _, p := range []procedure.Actor{oper, op2} {
			w.staff(p.Person, "op", judge)
		}
		for _, p := range []procedure.Actor{dev, dev2, dev3} {
			w.staff(p.Person, "dv", asker)
		}
		t.Run("claim", func(t *testing.T) {
			w.t = t
			no := w.submitted()
			w.denied(dev, no, "claim", procedure.Act{}, "case.step")
			w.denied(else_, no, "claim", procedure.Act{}, "-")
			w.done(oper, no, "claim", procedure.Act{})
			w.denied(op2, no, "claim", procedure.Act{}, "case.step")
			w.refused(w.try(op2, no, "grant", procedure.Act{}), "case.handler")
		})
		t.Run("assign", func(t *testing.T) {
			w.t = t
			no := w.submitted()
			give := procedure.Act{Input: pick("p-op2"), Opinion: "出差"}
			w.denied(dev, no, "assign", give, "case.step")
			w.denied(oper, no, "assign", procedure.Act{Input: pick("p-dev"), Opinion: "出差"}, "")
			w.denied(oper, no, "assign", procedure.Act{Input: pick("p-op2")}, "")
			w.done(oper, no, "assign", give)
			if w.handler(no) != "p-op2" {
				t.Error(w.handler(no))
			}
		})
		t.Run("urge", func(t *testing.T) {
			w.t = t
			no := w.submitted()
			w.denied(oper, no, "urge", procedure.Act{}, "case.step")
			w.done(dev, no, "urge", procedure.Act{})
			w.done(dev2, no, "urge", procedure.Act{}) // a colleague of the starter's desk
			// inside the organisation: whoever handed it over, or another colleague, urges the one who has it
			no = w.start("乙")
			w.denied(dev, no, "urge", procedure.Act{}, "case.step")
			w.step(dev, no, "assign", procedure.Act{Input: pick("p-dev2"), Opinion: "请你办"})
			w.done(dev, no, "urge", procedure.Act{})
			w.done(dev3, no, "urge", procedure.Act{})
			w.denied(dev2, no, "urge", procedure.Act{}, "case.step")
		})
		t.Run("copy", func(t *testing.T) {
			w.t = t
			no := w.submitted()
			to := procedure.Act{Input: json.RawMessage(`{"orgs":["xx"]}`)}
			w.denied(auth, no, "copy", to, "case.step") // reads, but takes no part
			w.denied(dev, no, "copy", procedure.Act{Input: json.RawMessage(`{"orgs":["none"]}`)}, "")
			w.denied(else_, no, "comment", say, "-")
			w.done(dev, no, "copy", to)
			if _, err := w.View(ctx, else_, no); err != nil {
				t.Error("whom it was copied to cannot read it:", err)
			}
			w.denied(else_, no, "grant", procedure.Act{}, "case.role")
		})
		t.Run("supervise", func(t *testing.T) {
			w.t = t
			no := w.submitted()
			w.denied(dev, no, "supervise", procedure.Act{}, "case.step")
			w.denied(far, no, "supervise", procedure.Act{}, "-")
			w.done(gov, no, "supervise", procedure.Act{})
		})
		t.Run("comment", func(t *testing.T) {
			w.t = t
			no := w.submitted()
			w.denied(dev, no, "comment", procedure.Act{}, "")
			w.done(dev, no, "comment", say)
			w.done(oper, no, "comment", say)
			w.step(oper, no, "grant", procedure.Act{})
			w.denied(dev, no, "comment", say, "case.step")
		})
		t.Run("attach", func(t *testing.T) {
			w.t = t
			no := w.submitted()
			w.denied(dev, no, "attach", procedure.Act{}, "")
			w.denied(dev, no, "attach", procedure.Act{Attachments: []string{w.upload("p-other")}}, "")
			file := w.upload("p-dev")
			w.done(dev, no, "attach", procedure.Act{Attachments: []string{file}})
			v, err := w.View(ctx, oper, no)
			w.must(err)
			if len(v.Files) != 1 || v.Files[0].EventN != len(v.Events) || v.Files[0].SHA256 != "ab" {
				t.Errorf("%+v", v.Files)
			}
			w.denied(dev, no, "attach", procedure.Act{Attachments: []string{file}}, "")
		})
	})
}

// TestVoid: the author annuls its draft, the receiving body what was wrongly filed; nothing that
// took effect, and every number stays used.
func TestVoid(t *testing.T) {
	dev2 := colleague("p-dev2", desk("dv", asker))
	each(t, func(t *testing.T, w *world) {
		no := w.start("甲")
		w.denied(dev2, no, "void", say, "case.step")
		w.denied(dev, no, "void", procedure.Act{}, "")
		w.done(dev, no, "void", say)

		no = w.submitted()
		w.denied(dev, no, "void", say, "case.step")
		w.denied(auth, no, "void", say, "case.step")
		w.denied(oper, no, "void", procedure.Act{}, "") // not without a reason
		w.done(oper, no, "void", procedure.Act{Opinion: "错报"})
		v, err := w.View(ctx, dev, no)
		w.must(err)
		if v.Case.State != procedure.StateVoid || !v.Case.Final || v.Events[len(v.Events)-1].Opinion != "错报" || len(v.Offers) != 0 {
			t.Errorf("%+v", v.Case)
		}
		if next := w.start("乙"); next == no {
			t.Error("the number of a voided case was given again")
		}
		if n, err := w.Count(ctx, oper); err != nil || n.Todo != 0 {
			t.Error("a voided case is still to do", n, err)
		}

		no = w.submitted()
		w.step(oper, no, "grant", procedure.Act{})
		w.denied(oper, no, "void", say, "case.step")
	})
}

// TestWithdrawBeforeItIsTakenUp: the author takes a submitted case back while nobody has signed
// for it or acted.
func TestWithdrawBeforeItIsTakenUp(t *testing.T) {
	dev2 := colleague("p-dev2", desk("dv", asker))
	each(t, func(t *testing.T, w *world) {
		w.staff("p-op", "op", judge)
		w.staff("p-op2", "op", judge)
		no := w.submitted()
		w.denied(oper, no, "withdraw", procedure.Act{}, "case.role")
		w.step(oper, no, "comment", say) // a word is not yet the taking up
		w.step(dev, no, "urge", procedure.Act{})
		w.done(dev2, no, "withdraw", procedure.Act{})
		if w.state(no) != "withdrawn" {
			t.Error(w.state(no))
		}
		for _, up := range []func(no string){
			func(no string) { w.step(oper, no, "claim", procedure.Act{}) },
			func(no string) { w.step(oper, no, "assign", procedure.Act{Input: pick("p-op2"), Opinion: "请办"}) },
		} {
			no = w.submitted()
			up(no)
			w.denied(dev, no, "withdraw", procedure.Act{}, "case.untouched")
			v, err := w.View(ctx, dev, no)
			w.must(err)
			for _, o := range v.Offers {
				if o.Action == "withdraw" && o.Refusal == nil {
					t.Error("offered what is refused")
				}
			}
		}
		no = w.submitted() // returned and submitted again: it waits anew
		w.step(oper, no, "return", say)
		w.step(dev, no, "submit", procedure.Act{})
		w.done(dev, no, "withdraw", procedure.Act{})

		no = w.submitted() // the clock has moved it on
		w.clock.At = w.clock.At.AddDate(0, 0, 40)
		if _, err := w.Tick(ctx); err != nil {
			t.Fatal(err)
		}
		w.denied(dev, no, "withdraw", procedure.Act{}, "case.step")
	})
}

// TestWithdrawFromAColleague: what waits for another person of the same desk is taken back by
// whoever handed it in, and what the act did is undone.
func TestWithdrawFromAColleague(t *testing.T) {
	dev2 := colleague("p-dev2", desk("dv", asker))
	each(t, func(t *testing.T, w *world) {
		start := func() string {
			res, err := w.Start(ctx, dev, procedure.Begin{Procedure: "own", Form: json.RawMessage(`{"title":"自核","reason":""}`)})
			w.must(err)
			w.step(dev, res.No, "submit", procedure.Act{})
			return res.No
		}
		kept := func(no string) (n int) {
			w.must(w.db.View(ctx, func(r *store.ReadTx) error { return r.Get(&n, `SELECT COUNT(*) FROM meta WHERE key = $1`, "own/"+no) }))
			return n
		}
		no := start()
		if kept(no) != 1 {
			t.Fatal("the act had no effect")
		}
		w.denied(dev2, no, "withdraw", procedure.Act{}, "case.untouched")
		w.done(dev, no, "withdraw", procedure.Act{})
		if kept(no) != 0 {
			t.Error("what the act did is still there")
		}
		no = start()
		w.step(dev2, no, "opine", procedure.Act{Input: json.RawMessage(`{"score":3}`)})
		v, err := w.View(ctx, dev, no)
		w.must(err)
		if last := v.Events[len(v.Events)-1]; last.Action != "opine" || last.Input != "{}" {
			t.Errorf("a sealed opinion shows in the history: %s", last.Input)
		}
		w.step(dev2, no, "claim", procedure.Act{})
		w.denied(dev, no, "withdraw", procedure.Act{}, "case.handler")
		w.done(dev2, no, "void", say) // the colleague annuls it
		if kept(no) != 0 {
			t.Error("what the act did is still there")
		}
	})
}

// TestTheInnerChainGoesBack: 退回拟办 with a reason, 加签 before the next station, each by whom it is.
func TestTheInnerChainGoesBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.write(func(x *store.Tx) error {
			_, err := x.Exec(`INSERT INTO chain_config (org, procedure, action, stages) VALUES ('op', 'wish', '*', '["draft","review","countersign","sign"]')`)
			return err
		})
		rank := func(id string, r procedure.Rank) procedure.Actor { return colleague(id, desk("op", judge, r)) }
		a, b, c, d, e := rank("a", procedure.Drafter), rank("b", procedure.Reviewer), rank("c", procedure.Signer), rank("d", procedure.Drafter), rank("e", procedure.Drafter)
		for _, p := range []procedure.Actor{a, b, c, d, e} {
			w.staff(p.Person, "op", judge)
		}
		no := w.submitted()
		w.denied(b, no, "chain_back", say, "chain.none")
		w.step(a, no, "grant", procedure.Act{Opinion: "拟同意"})
		w.denied(dev, no, "withdraw", procedure.Act{}, "case.untouched") // an answer is under way
		w.denied(a, no, "chain_back", say, "chain.role")
		w.denied(b, no, "chain_back", procedure.Act{}, "")
		w.done(b, no, "chain_back", procedure.Act{Opinion: "重拟"})
		if w.handler(no) != "a" || w.state(no) != "review" {
			t.Error(w.handler(no), w.state(no))
		}
		w.step(a, no, "grant", procedure.Act{Opinion: "再拟"})
		w.denied(b, no, "chain_add", procedure.Act{Input: pick("b")}, "")
		w.denied(b, no, "chain_add", procedure.Act{Input: pick("p-dev")}, "")
		w.done(b, no, "chain_add", procedure.Act{Input: pick("d")})
		w.denied(b, no, "chain_approve", procedure.Act{}, "chain.role") // first the one who was added
		w.done(d, no, "chain_countersign", say)
		w.done(b, no, "chain_approve", procedure.Act{})
		w.denied(d, no, "chain_countersign", say, "case.apart")
		w.denied(c, no, "chain_sign", procedure.Act{}, "chain.stage")
		w.done(e, no, "chain_countersign", say)
		before := w.size()
		w.step(c, no, "chain_sign", procedure.Act{})
		if w.state(no) != "granted" || w.size() != before+1 {
			t.Error(w.state(no), w.size()-before)
		}
		no = w.submitted() // a voided case keeps no draft
		w.step(a, no, "grant", procedure.Act{Opinion: "拟同意"})
		w.done(c, no, "void", say)
		var n int
		w.must(w.db.View(ctx, func(r *store.ReadTx) error {
			return r.Get(&n, `SELECT COUNT(*) FROM case_chain WHERE case_no = $1`, no)
		}))
		if n != 0 {
			t.Error("the draft of an answer outlived its case")
		}
	})
}
