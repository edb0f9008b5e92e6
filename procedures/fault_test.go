package procedures_test

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
	"testing"

	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/store"
	"pado/core/store/storetest"
	"pado/domain/settlement"
)

// broken stands between the store of a city and its driver; nil = nothing does.
var broken func(driver.Connector) driver.Connector

// TestEveryStatementOfAnActMayBreakOnce breaks each statement of an act that moves a case and posts
// to the ledger, before it persisted and after, and then checks: the case has moved exactly when its
// event, its entry, the receipt and the posting are there; the books agree; the log verifies.
func TestEveryStatementOfAnActMayBreakOnce(t *testing.T) {
	var f storetest.Fault
	broken = func(c driver.Connector) driver.Connector { return f.Wrap(c) }
	defer func() { broken = nil }()
	eachMarket(t, func(t *testing.T, m *market) {
		m.month(3)
		var statement string
		m.read(func(r *store.ReadTx) error { return r.Get(&statement, `SELECT id FROM statement WHERE amount_fen > 0`) })
		form := map[string]any{"statement": statement, "amount": "0.01", "paidOn": "2026-04-01", "voucher": "B1"}
		checking := func() string {
			t.Helper()
			no, err := m.start(m.operator, "p06_2e_receipt", form)
			m.must(err)
			m.must(m.do(m.operator, no, "register", procedure.Act{}))
			return no
		}
		clerk := m.actor(m.clerk)
		book := func(no string, at int, after bool) error {
			t.Helper()
			act := procedure.Act{}
			m.read(func(r *store.ReadTx) error {
				return r.Get(&act.Revision, `SELECT revision FROM case_file WHERE no = $1`, no)
			})
			f.Arm(at, after)
			defer f.Disarm()
			_, err := m.Do(ctx, clerk, no, "book", act)
			return err
		}
		m.must(book(checking(), 0, false))
		total := f.Count
		if total < 20 {
			t.Fatalf("only %d statements seen: the wrapper is not in the way", total)
		}
		no, lost, hits := checking(), 0, 0
		for at := 1; at <= total; at++ {
			for _, after := range []bool{false, true} {
				err := book(no, at, after)
				if !f.Hit {
					t.Fatalf("statement %d of %d was not reached", at, total)
				}
				hits++
				if err != nil && !errors.Is(err, storetest.ErrFault) {
					t.Fatalf("statement %d after=%v: %v", at, after, err)
				}
				booked := m.state(no) == "booked"
				var left struct{ Events, Entries, Receipts, Postings int }
				m.read(func(r *store.ReadTx) error {
					return r.Get(&left, `SELECT (SELECT COUNT(*) FROM case_event WHERE case_no = $1 AND action = 'book') AS events,
						(SELECT COUNT(*) FROM audit_leaf WHERE object = $1 AND action = 'book' AND result = 'done') AS entries,
						(SELECT COUNT(*) FROM receipt WHERE case_no = $1) AS receipts, (SELECT COUNT(*) FROM ledger_tx WHERE case_no = $1) AS postings`, no)
				})
				want := 0
				if booked {
					want = 1
				}
				if left.Events != want || left.Entries != want || left.Receipts != want || left.Postings != want || (err == nil && !booked) {
					t.Fatalf("statement %d after=%v: booked %v, %+v, error %v", at, after, booked, left, err)
				}
				m.read(settlement.Reconcile)
				if booked {
					if err != nil {
						lost++ // persisted, and its answer was lost: the caller repeats with its key
					}
					no = checking()
				}
			}
		}
		if lost > 1 {
			t.Errorf("%d acts persisted without an acknowledgement; only the commit's own may", lost)
		}
		m.must(book(no, 0, false))
		m.proof()
		t.Logf("%d statements, %d faults", total, hits)
	})
}

// race lets the acts start together and returns how many were carried out. A loser is refused in
// words; anything else is an error.
func (c *city) race(acts ...func() error) (won int) {
	c.t.Helper()
	start := make(chan struct{})
	errs := make([]error, len(acts))
	var wg sync.WaitGroup
	for i, act := range acts {
		wg.Go(func() { <-start; errs[i] = act() })
	}
	close(start)
	wg.Wait()
	for _, err := range errs {
		var r *procedure.Refused
		switch {
		case err == nil:
			won++
		case !errors.As(err, &r) || r.Message == "":
			c.t.Errorf("a loser of the race: %v", err)
		}
	}
	return won
}

// later is the act on a case at its present revision, to be carried out when called.
func (c *city) later(person, no, action string, act procedure.Act) func() error {
	c.t.Helper()
	c.must(c.db.View(ctx, func(r *store.ReadTx) error {
		return r.Get(&act.Revision, `SELECT revision FROM case_file WHERE no = $1`, no)
	}))
	who := c.actor(person)
	return func() error { _, err := c.Do(ctx, who, no, action, act); return err }
}

// TestRacingAgreements: one agreement in force per government and mode, whoever is first.
func TestRacingAgreements(t *testing.T) {
	eachBasis(t, func(t *testing.T, b *basis) {
		b.mandate()
		b.scheme()
		today := calendar.DateOf(b.clock.At).String()
		var acts []func() error
		for i := range 5 {
			no := b.begin(b.at.Lead, "p06_1d_agreement", b.agreementForm())
			acts = append(acts, b.later(b.at.Lead, no, "backfill", b.with(b.at.Lead, map[string]any{"decidedOn": today, "decidedBy": "朔州市人民政府",
				"decisionNo": fmt.Sprintf("朔政函〔2026〕%d号", i), "signedOn": today})))
		}
		if won := b.race(acts...); won != 1 {
			t.Errorf("%d of 5 were carried out", won)
		}
		var inForce, moved int
		b.must(b.db.View(ctx, func(r *store.ReadTx) error {
			if err := r.Get(&inForce, `SELECT COUNT(*) FROM agreement WHERE state <> 'ended'`); err != nil {
				return err
			}
			return r.Get(&moved, `SELECT COUNT(*) FROM case_event WHERE action = 'backfill' AND from_state <> to_state AND case_no IN (SELECT no FROM case_file WHERE procedure = 'p06_1d_agreement')`)
		}))
		if inForce != 1 || moved != 1 {
			t.Errorf("%d agreements in force, %d cases moved", inForce, moved)
		}
		storetest.Verify(t, b.db)
	})
}

// TestRacingAllotments: two persons allot slices of one lineage at once; the sum of the slices is
// what the lineage says it has allotted, and never more than it has.
func TestRacingAllotments(t *testing.T) {
	for _, e := range []store.Engine{store.SQLite, store.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			m := ready(t, e)
			var acts []func() error
			for i := range 6 {
				no := m.begin(m.at.Lead, "p06_3b_allotment", "submit", map[string]any{"project": m.project, "lineage": "hk-1/natural_person",
					"rho": 150_000_000 + 90_000_000*i, "delta": 300_000_000, "day": 1_000_000, "reason": "需要更高精度"})
				acts = append(acts, m.later(m.clerk, no, "allot", procedure.Act{}))
			}
			if won := m.race(acts...); won == 0 || won > 4 { // from 510,000,000 on they exceed the lineage
				t.Errorf("%d of 6 were carried out", won)
			}
			var sum struct{ Allotted, Slices, Total int64 }
			m.must(m.db.View(ctx, func(r *store.ReadTx) error {
				return r.Get(&sum, `SELECT l.rho_allotted AS allotted, l.rho AS total, (SELECT SUM(s.rho) FROM budget_slice s WHERE s.lineage = l.id) AS slices
					FROM budget_lineage l WHERE l.id = 'hk-1/natural_person'`)
			}))
			if sum.Allotted != sum.Slices || sum.Allotted > sum.Total {
				t.Errorf("%+v", sum)
			}
			storetest.Verify(t, m.db)
		})
	}
}
