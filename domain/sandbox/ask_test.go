package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"pado/core/procedure"
	"pado/core/store"
	"pado/core/store/storetest"
	"pado/domain/permit"
	"pado/domain/sandbox/guard"
	"pado/plan"
)

const bySex = `SELECT sex, count(*) AS people FROM households GROUP BY sex`

// A use is refused the moment any of the things it rests on is gone, and each refusal is a question
// on record that cost nothing.
func TestEveryUseIsAsked(t *testing.T) {
	for _, c := range []struct {
		name, code string
		spoil      func(w *world, p Project) error
	}{
		{"frozen", ProjectFrozen, func(w *world, p Project) error {
			return w.try(func(x *store.Tx) error { return FreezeProject(x, p.No, "核查", "au", "t", "c") })
		}},
		{"closed", ProjectClosed, func(w *world, p Project) error {
			return w.try(func(x *store.Tx) error { return CloseProject(x, p.No, "t", "c") })
		}},
		{"period over", ProjectPeriod, func(w *world, _ Project) error {
			w.clock.At = time.Date(2027, 1, 1, 0, 0, 0, 0, w.clock.At.Location())
			return nil
		}},
		{"grant revoked", permit.GrantRevoked, func(w *world, p Project) error {
			return w.try(func(x *store.Tx) error { return permit.Revoke(x, p.GrantID, "t", "c") })
		}},
		{"agreement stopped", permit.Stopped, func(w *world, _ Project) error {
			return w.try(func(x *store.Tx) error {
				_, err := permit.Stop(x, permit.Halt{Kind: permit.StopAgreement, Key: "ag-1", Reason: "x", Case: "c", By: "t"})
				return err
			})
		}},
		{"agreement ended", permit.AgreementEnded, func(w *world, _ Project) error {
			return w.try(func(x *store.Tx) error { _, err := x.Exec(`UPDATE agreement SET state = 'ended'`); return err })
		}},
		{"catalogue item withdrawn", permit.ItemWithdrawn, func(w *world, _ Project) error {
			return w.try(func(x *store.Tx) error { _, err := x.Exec(`UPDATE catalogue_item SET state = 'withdrawn'`); return err })
		}},
		{"item taken out of the agreement", permit.ItemNotAuthorised, func(w *world, _ Project) error {
			return w.try(func(x *store.Tx) error { return permit.Shut(x, "ag-1", []string{"it-1"}, "t", "c") })
		}},
		{"product off the list", permit.Unlisted, func(w *world, _ Project) error {
			return w.try(func(x *store.Tx) error { return permit.Unlist(x, "pl-1", "t", "c") })
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := openWorld(t, store.SQLite)
			p := w.project("dv1", w.n)
			w.must(c.spoil(w, p))
			for _, dry := range []bool{true, false} {
				_, ref, err := w.Ask(ctx, member("dv1"), p.No, bySex, guard.Accuracy{}, dry)
				if err != nil || ref == nil || ref.Code != c.code || ref.Clause.ID == "" || ref.Message == "" {
					t.Fatalf("dry %v: %v %v, want %s", dry, ref, err, c.code)
				}
			}
			var n int
			w.must(w.db.View(ctx, func(r *store.ReadTx) error {
				return r.Get(&n, `SELECT COUNT(*) FROM question WHERE project = $1 AND state = 'refused' AND code = $2 AND debited = $3`, p.No, c.code, false)
			}))
			if n != 1 || w.lineage().RhoSpent != 0 {
				t.Errorf("%d questions on record, spent %d", n, w.lineage().RhoSpent)
			}
			storetest.Verify(t, w.db, NewBudgetReplay())
		})
	}
}

func TestNotYoursIsNotThere(t *testing.T) {
	w := openWorld(t, store.SQLite)
	p := w.project("dv1", w.n)
	stranger, colleague := member("dv2"), member("dv1")
	colleague.Person = "dv1-q"
	for name, a := range map[string]procedure.Actor{"stranger": stranger, "colleague who is no member": colleague, "member without a desk": {Person: "dv1-p"}} {
		_, ref, err1 := w.Ask(ctx, a, p.No, bySex, guard.Accuracy{}, false)
		_, _, err2 := w.Ask(ctx, a, "XM-2026-999999-X", bySex, guard.Accuracy{}, false)
		if ref != nil || !errors.Is(err1, store.ErrNotFound) || err1.Error() != err2.Error() {
			t.Errorf("%s: %v %v, not there: %v", name, ref, err1, err2)
		}
	}
	if _, err := w.Bench(ctx, stranger, p.No); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("bench of a stranger: %v", err)
	}
	authority := procedure.Actor{Person: "au-p", Desks: []procedure.Desk{{Org: "au", Role: "authority", Division: "140600"}}}
	b, err := w.Bench(ctx, authority, p.No)
	w.must(err)
	if b.Member || len(b.Tables) != 1 {
		t.Errorf("bench of the authority: %+v", b)
	}
}

// A stop during the run keeps the answer in, although its price is gone.
func TestAFreezeDuringTheRunKeepsTheAnswerIn(t *testing.T) {
	w := openWorld(t, store.SQLite)
	p := w.project("dv1", w.n)
	w.o.Pace = func(context.Context) {
		w.update(func(x *store.Tx) error { return FreezeProject(x, p.No, "核查", "au", "t", "c") })
	}
	a, ref, err := w.ask("dv1", p.No, bySex)
	w.must(err)
	if ref == nil || ref.Code != ProjectFrozen || a.Rows != nil {
		t.Fatalf("%+v %v", a, ref)
	}
	var q Question
	w.must(w.db.View(ctx, func(r *store.ReadTx) error {
		return r.Get(&q, `SELECT `+questionColumns+` FROM question WHERE project = $1`, p.No)
	}))
	if q.State != "refused" || q.Answer != "" || q.Rho == 0 || w.lineage().RhoSpent != q.Rho {
		t.Errorf("%+v", q)
	}
	storetest.Verify(t, w.db, NewBudgetReplay())
}

// The same question of another project has the same answer; the lineage pays once, each project
// its own level, and each only once.
func TestTheFirstAnswerIsEverybodys(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.project("dv1", w.n), w.project("dv2", w.n)
		one, ref, err := w.ask("dv1", a.No, bySex)
		w.must(err)
		if ref != nil {
			t.Fatal(ref)
		}
		spent := w.lineage().RhoSpent
		two, _, err := w.ask("dv2", b.No, `SELECT sex AS s, count(*) AS n FROM households GROUP BY sex`)
		w.must(err)
		three, _, err := w.ask("dv2", b.No, bySex)
		w.must(err)
		r1, r2 := w.question(one.ID), w.question(two.ID)
		s1, err := r1.ReadAnswer()
		w.must(err)
		s2, err := r2.ReadAnswer()
		w.must(err)
		if fmt.Sprint(s1.Rows) != fmt.Sprint(s2.Rows) {
			t.Errorf("answers differ: %v, %v", s1.Rows, s2.Rows)
		}
		if got := w.lineage().RhoSpent; got != spent || !two.Repeated || two.Rho != one.Rho || three.Rho != 0 {
			t.Errorf("lineage %d then %d; prices %d %d %d", spent, got, one.Rho, two.Rho, three.Rho)
		}
		if s := w.slice(b.No); s.RhoSpent != one.Rho {
			t.Errorf("the second project paid %d of %d", s.RhoSpent, one.Rho)
		}
		storetest.Verify(t, w.db, NewBudgetReplay())
	})
}

// New data is another snapshot and another question, on the same budget.
func TestNewDataKeepsTheBudget(t *testing.T) {
	w := openWorld(t, store.SQLite)
	p := w.project("dv1", w.n)
	_, ref, err := w.ask("dv1", p.No, bySex)
	w.must(err)
	if ref != nil {
		t.Fatal(ref)
	}
	before, slice := w.lineage(), w.slice(p.No)
	w.version("v2", 2, 3600)
	a, ref, err := w.ask("dv1", p.No, bySex)
	w.must(err)
	if ref != nil || a.Repeated {
		t.Fatalf("%+v %v", a, ref)
	}
	after := w.lineage()
	if after.RhoSpent != 2*before.RhoSpent || after.RhoAllotted != before.RhoAllotted || w.slice(p.No).Rho != slice.Rho {
		t.Errorf("before %+v, after %+v", before, after)
	}
}

// Data that was withdrawn is not asked any more, by anyone, from the next question on.
func TestWithdrawnDataIsNotAsked(t *testing.T) {
	w := openWorld(t, store.SQLite)
	p := w.project("dv1", w.n)
	if _, ref, err := w.ask("dv1", p.No, bySex); err != nil || ref != nil {
		t.Fatal(ref, err)
	}
	w.write(`UPDATE dataset_version SET state = 'withdrawn'`)
	w.write(`UPDATE dataset SET current_version = ''`)
	if _, ref, err := w.ask("dv1", p.No, bySex); err != nil || ref == nil || ref.Code != ProjectNoTable {
		t.Fatal(ref, err)
	}
	w.version("v3", 3, 3000)
	if a, ref, err := w.ask("dv1", p.No, bySex); err != nil || ref != nil || a.State != "answered" {
		t.Fatal(a, ref, err)
	}
	storetest.Verify(t, w.db, NewBudgetReplay())
}

// Two projects that put the same question at the same moment get one answer between them.
func TestRacingForTheFirstAnswer(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ps := []Project{w.project("dv1", w.n), w.project("dv2", w.n)}
		var got [2]string
		var wg sync.WaitGroup
		for i, p := range ps {
			wg.Go(func() {
				a, ref, err := w.ask(p.Org, p.No, bySex)
				if err != nil || ref != nil {
					t.Errorf("%v %v", ref, err)
					return
				}
				b, err := json.Marshal(a.Rows)
				if err != nil {
					t.Error(err)
				}
				got[i] = string(b)
			})
		}
		wg.Wait()
		if got[0] != got[1] {
			t.Errorf("%s\n%s", got[0], got[1])
		}
		storetest.Verify(t, w.db, NewBudgetReplay())
	})
}

func TestWhatTheGuardRefusesCostsNothing(t *testing.T) {
	w := openWorld(t, store.SQLite)
	p := w.project("dv1", w.n)
	for sql, code := range map[string]string{
		`SELECT name FROM households`:                          "GUARD_UNKNOWN_COLUMN",
		`SELECT * FROM households`:                             "",
		`DELETE FROM households`:                               "",
		"SELECT \x00":                                          "",
		`SELECT count(*) FROM other`:                           "GUARD_UNKNOWN_TABLE",
		`SELECT unit_key, count(*) FROM households GROUP BY 1`: "GUARD_ROW_LEVEL",
	} {
		_, ref, err := w.ask("dv1", p.No, sql)
		if err != nil || ref == nil || code != "" && ref.Code != code {
			t.Errorf("%q: %v %v, want %s", sql, ref, err, code)
		}
	}
	if w.lineage().RhoSpent != 0 {
		t.Error("a refusal cost something")
	}
	storetest.Verify(t, w.db, NewBudgetReplay())
}

// A question whose process died stays paid and is closed by the sweep; too many failures freeze.
func TestSweepAndFailures(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.project("dv1", w.n)
		q := w.pending(p)
		w.must(ledger{w.Service, q}.Debit(ctx, price(100, 0)))
		if n, err := w.Sweep(ctx, time.Minute); err != nil || n != 0 {
			t.Fatalf("swept %d too early: %v", n, err)
		}
		w.clock.At = w.clock.At.Add(2 * time.Minute)
		if n, err := w.Sweep(ctx, time.Minute); err != nil || n != 1 {
			t.Fatalf("swept %d: %v", n, err)
		}
		if got := w.question(q.id); got.State != "failed" || got.Rho != 100 || w.lineage().RhoSpent != 100 {
			t.Errorf("%+v", got)
		}
		for range w.n.MaxFailures - 1 {
			q := w.pending(p)
			w.must(ledger{w.Service, q}.Debit(ctx, price(1, 0)))
			w.must(w.close(ctx, q, "failed", procedure.Refuse("GUARD_TIMEOUT", plan.C("6.3.3"), "超时")))
		}
		var now Project
		w.must(w.db.View(ctx, func(r *store.ReadTx) (err error) { now, err = ByNo(r, p.No); return err }))
		if now.State != Frozen {
			t.Errorf("after %d failures the project is %s", now.Failures, now.State)
		}
		w.update(func(x *store.Tx) error { return Thaw(x, p.No, "t", "c") })
		storetest.Verify(t, w.db, NewBudgetReplay())
	})
}
