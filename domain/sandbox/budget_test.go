package sandbox

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"pado/core/audit/verify"
	"pado/core/procedure"
	"pado/core/store"
	"pado/core/store/storetest"
	"pado/domain/sandbox/guard"
	"pado/domain/sandbox/guard/refuse"
)

// pending makes a question that can be charged.
func (w *world) pending(p Project) *asking {
	w.t.Helper()
	q := &asking{person: p.Org + "-p", sql: "SELECT 1", digest: "d", project: p, lineages: []string{"hk-1/natural_person"}}
	w.must(w.db.View(ctx, func(r *store.ReadTx) (err error) { q.tables, err = Tables(r, p.No); return err }))
	w.must(w.open(ctx, q, guard.Plan{}))
	return q
}

func price(rho, delta int64) []guard.Line {
	return []guard.Line{{What: "count", Rho: rho, Delta: delta}}
}

// Many questions of two projects at once: exactly as many are paid as there is money for.
func TestNothingIsOverspentWhateverRaces(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		n := w.n
		n.RhoTotal, n.RhoProject, n.RhoDeveloper, n.RhoDay = 1000, 500, 1000, 1000
		a, b := w.project("dv1", n), w.project("dv2", n)
		// The lineage is spent down from elsewhere, so that it is the tightest level.
		w.write(`UPDATE budget_lineage SET rho_spent = 300 WHERE id = 'hk-1/natural_person'`)
		var paid, no atomic.Int64
		var wg sync.WaitGroup
		for i := range 24 {
			q := w.pending([]Project{a, b}[i%2])
			wg.Go(func() {
				err := ledger{w.Service, q}.Debit(ctx, price(100, 1))
				var ref *refuse.Refusal
				switch {
				case err == nil:
					paid.Add(1)
				case errors.As(err, &ref) && ref.Code == refuse.Budget:
					no.Add(1)
				default:
					t.Errorf("debit: %v", err)
				}
			})
		}
		wg.Wait()
		if paid.Load() != 7 || no.Load() != 17 {
			t.Fatalf("%d paid, %d refused", paid.Load(), no.Load())
		}
		if l := w.lineage(); l.RhoSpent != 1000 {
			t.Errorf("lineage spent %d", l.RhoSpent)
		}
		if s := w.slice(a.No).RhoSpent + w.slice(b.No).RhoSpent; s != 700 {
			t.Errorf("slices spent %d", s)
		}
	})
}

// Every level stops a question by itself, and then nothing is taken anywhere.
func TestEveryLevelStops(t *testing.T) {
	for _, c := range []struct {
		name  string
		set   func(*Numbers)
		delta int64
		clock bool // a new day lets it pass
	}{
		{"slice", func(n *Numbers) { n.RhoProject = 99 }, 0, false},
		{"slice δ", func(n *Numbers) { n.DeltaProject = 9 }, 10, false},
		{"developer", func(n *Numbers) { n.RhoDeveloper = 99 }, 0, false},
		{"day", func(n *Numbers) { n.RhoDay = 199 }, 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := openWorld(t, store.SQLite)
			n := w.n
			n.RhoTotal, n.RhoProject, n.RhoDeveloper, n.RhoDay = 10_000, 1000, 1000, 1000
			c.set(&n)
			p := w.project("dv1", n)
			if c.clock {
				w.must(ledger{w.Service, w.pending(p)}.Debit(ctx, price(100, 0)))
			}
			before := w.lineage()
			var ref *refuse.Refusal
			if err := (ledger{w.Service, w.pending(p)}).Debit(ctx, price(100, c.delta)); !errors.As(err, &ref) || ref.Code != refuse.Budget {
				t.Fatalf("got %v", err)
			}
			if got := w.lineage(); got != before {
				t.Errorf("taken: %+v, before %+v", got, before)
			}
			if c.clock {
				w.clock.At = w.clock.At.AddDate(0, 0, 1)
				w.must(ledger{w.Service, w.pending(p)}.Debit(ctx, price(100, c.delta)))
			}
		})
	}
}

// Slices never add up to more than the lineage, and never fall below what is spent.
func TestSlicesStayWithinTheLineage(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		n := w.n
		n.RhoTotal, n.DeltaTotal, n.RhoProject, n.DeltaProject, n.RhoDay, n.RhoDeveloper = 1000, 1000, 700, 700, 1000, 1000
		a, b := w.project("dv1", n), w.project("dv2", n)
		if s := w.slice(b.No); s.Rho != 300 || s.Delta != 300 {
			t.Fatalf("the second project got %+v", s)
		}
		w.must(ledger{w.Service, w.pending(a)}.Debit(ctx, price(200, 0)))
		set := func(p Project, rho int64) error {
			return w.try(func(x *store.Tx) error { return Reallot(x, p.No, "hk-1/natural_person", rho, 100, "t", "c") })
		}
		for _, c := range []struct {
			p    Project
			rho  int64
			code string
		}{{a, 199, "budget.below_spent"}, {b, 301, "budget.over_total"}, {a, 200, ""}, {b, 800, ""}, {a, 201, "budget.over_total"}} {
			err := set(c.p, c.rho)
			var ref *procedure.Refused
			if errors.As(err, &ref) != (c.code != "") || ref != nil && ref.Code != c.code || ref == nil && err != nil {
				t.Errorf("%s to %d: %v, want %s", c.p.Org, c.rho, err, c.code)
			}
		}
		storetest.Verify(t, w.db, NewBudgetReplay())
	})
}

// Whatever order of openings, allotments and debits: the sums hold, and the log replays to them.
func TestBudgetModel(t *testing.T) {
	w := openWorld(t, store.SQLite)
	n := w.n
	n.RhoTotal, n.DeltaTotal, n.RhoProject, n.DeltaProject, n.RhoDay, n.RhoDeveloper = 1_000_000, 1_000_000, 1000, 1000, 1_000_000, 1_000_000
	var all []Project
	for i := range 4 {
		all = append(all, w.project(fmt.Sprintf("dv%d", i), n))
	}
	rapid.Check(t, func(rt *rapid.T) {
		p := all[rapid.IntRange(0, len(all)-1).Draw(rt, "project")]
		before, slice := w.lineage(), w.slice(p.No)
		amount := rapid.Int64Range(0, 1500).Draw(rt, "amount")
		if rapid.Bool().Draw(rt, "debit") {
			err := ledger{w.Service, w.pending(p)}.Debit(ctx, price(amount, 1))
			after := w.lineage()
			if fits := slice.RhoSpent+amount <= slice.Rho && slice.DeltaSpent+1 <= slice.Delta; fits != (err == nil) || err == nil && after.RhoSpent != before.RhoSpent+amount || err != nil && after != before {
				rt.Fatalf("debit %d of %+v: %v, lineage %+v", amount, slice, err, after)
			}
			return
		}
		err := w.try(func(x *store.Tx) error { return Reallot(x, p.No, "hk-1/natural_person", amount, 1000, "t", "c") })
		if (err == nil) != (amount >= slice.RhoSpent && slice.DeltaSpent <= 1000) {
			rt.Fatalf("allot %d of %+v: %v", amount, slice, err)
		}
	})
	var allotted int64
	for _, p := range all {
		allotted += w.slice(p.No).Rho
	}
	if l := w.lineage(); l.RhoAllotted != allotted {
		t.Errorf("allotted %d, slices %d", l.RhoAllotted, allotted)
	}
	storetest.Verify(t, w.db, NewBudgetReplay())
}

// A log that spends more than it allotted, resets a total or answers unpaid is found by the replay.
func TestReplayFinds(t *testing.T) {
	rec := func(kind, object string, detail ...string) verify.Record {
		r := verify.Record{Type: kind, Object: object, Result: "done", Detail: map[string]string{}}
		for i := 0; i < len(detail); i += 2 {
			r.Detail[detail[i]] = detail[i+1]
		}
		return r
	}
	open := rec("sandbox.lineage", "l", "lineage", "l", "rho", "100", "delta", "100")
	allot := rec("sandbox.allot", "p", "lineage", "l", "rho", "60", "delta", "60")
	debit := func(rho, repeated string) verify.Record {
		return rec("sandbox.debit", "p", "lineages", "l", "rho", rho, "delta", "0", "repeated", repeated, "question", "q")
	}
	for _, c := range []struct {
		name string
		log  []verify.Record
		bad  int // index of the first finding; −1 = none
	}{
		{"as it should be", []verify.Record{open, allot, debit("60", "false"), rec("sandbox.release", "p", "question", "q")}, -1},
		{"overdrawn slice", []verify.Record{open, allot, debit("40", "false"), debit("21", "false")}, 3},
		{"overdrawn by repeats", []verify.Record{open, allot, debit("40", "false"), debit("21", "true")}, 3},
		{"slice over the total", []verify.Record{open, allot, rec("sandbox.allot", "p2", "lineage", "l", "rho", "41", "delta", "0")}, 2},
		{"total reset", []verify.Record{open, open}, 1},
		{"slice below spent", []verify.Record{open, allot, debit("40", "false"), rec("sandbox.allot", "p", "lineage", "l", "rho", "39", "delta", "60")}, 3},
		{"unpaid answer", []verify.Record{open, allot, rec("sandbox.release", "p", "question", "q")}, 2},
		{"no amount", []verify.Record{rec("sandbox.debit", "p", "lineages", "l", "rho", "-1", "delta", "0")}, 0},
	} {
		b, bad := NewBudgetReplay(), -1
		for i, r := range c.log {
			if err := b.Replay(r); err != nil {
				bad = i
				break
			}
		}
		if bad != c.bad {
			t.Errorf("%s: finding at %d, want %d", c.name, bad, c.bad)
		}
	}
}
