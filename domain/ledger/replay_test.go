package ledger_test

import (
	"errors"
	"strings"
	"testing"

	"pado/core/audit"
	"pado/core/audit/verify"
	"pado/core/store"
	"pado/core/store/storetest"
	"pado/domain/ledger"
	"pado/plan"
)

// Money moved in the tables behind the log's back is found, though every voucher still balances.
func TestTheReplayFindsWhatTheTablesSayOtherwise(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		if _, err := post(db, sale("a", 700)); err != nil {
			t.Fatal(err)
		}
		if err := books(db).Done(); err == nil {
			t.Fatal("a book with a voucher equals an empty log")
		}
		check(t, db)
		_, err := db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
			_, err := w.Exec(`UPDATE ledger_posting SET fen = fen * 2`)
			return audit.Entry{Type: "test.write", Actor: "p", Action: "write"}, err
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.SignCheckpoint(ctx, storetest.Keys(t).Signers().Checkpoints); err != nil {
			t.Fatal(err)
		}
		rep, err := verify.Verify(ctx, store.Rows{DB: db}, verify.Options{Hooks: []verify.Hook{books(db)}})
		if err != nil || rep.OK || rep.Kind != "replay:结算账簿" {
			t.Fatalf("%+v %v", rep, err)
		}
	})
}

// Every row of the books is held to the log, even where all sums stay what they were; the first voucher is named, no amount.
func TestTheReplayComparesRowByRow(t *testing.T) {
	moved := func(key string) ledger.Transaction {
		x := sale(key, 700)
		x.Period, x.CaseNo, x.Person = "2026-03", "c-1", "p1"
		return x
	}
	for name, c := range map[string]struct{ want, sql string }{
		"time":               {"b", `UPDATE ledger_tx SET at = at - 1 WHERE key = 'b'`},
		"period":             {"b", `UPDATE ledger_tx SET period = '2026-02' WHERE key = 'b'`},
		"purpose":            {"b", `UPDATE ledger_tx SET purpose = '退款' WHERE key = 'b'`},
		"clause":             {"b", `UPDATE ledger_tx SET clause = '10.4.1' WHERE key = 'b'`},
		"case":               {"b", `UPDATE ledger_tx SET case_no = 'c-2' WHERE key = 'b'`},
		"person":             {"b", `UPDATE ledger_tx SET person = 'p2' WHERE key = 'b'`},
		"reverses":           {"r", `UPDATE ledger_tx SET reverses = 'b' WHERE key = 'r'`},
		"both":               {"a", `UPDATE ledger_tx SET person = 'p2' WHERE key IN ('a','b')`},
		"amounts exchanged":  {"b", `UPDATE ledger_posting SET fen = CASE WHEN tx = 'b' THEN fen + SIGN(fen) * 100 ELSE fen - SIGN(fen) * 100 END WHERE tx IN ('b','r2')`},
		"order of postings":  {"b", `UPDATE ledger_posting SET n = 3 - n + 10 WHERE tx = 'b'`},
		"postings deleted":   {"b", `DELETE FROM ledger_posting WHERE tx = 'b'`},
		"a voucher invented": {"x", `INSERT INTO ledger_tx (key, at, period, purpose, clause, case_no, person) VALUES ('x', 1, '2026-03', '', '', '', '')`},
		"balance":            {"科目", `UPDATE ledger_balance SET fen = fen + 1 WHERE account = 'receivable'`},
		"balance deleted":    {"科目", `DELETE FROM ledger_balance WHERE account = 'receivable'`},
		"balance invented":   {"科目", `INSERT INTO ledger_balance (account, party, fen) VALUES ('pocket', '', 5)`},
	} {
		t.Run(name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, db *store.DB) {
				for _, key := range []string{"a", "b", "r2"} {
					if _, err := post(db, moved(key)); err != nil {
						t.Fatal(err)
					}
				}
				write := func(f func(*store.Tx) error) {
					t.Helper()
					if _, err := db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
						return audit.Entry{Type: "test.write", Actor: "p", Action: "write"}, f(w)
					}); err != nil {
						t.Fatal(err)
					}
				}
				write(func(w *store.Tx) error { return ledger.Reverse(w, "a", "r", "冲销", plan.C("6.2.5"), "p1") })
				check(t, db)
				write(func(w *store.Tx) error { _, err := w.Exec(c.sql); return err })
				if _, err := db.SignCheckpoint(ctx, storetest.Keys(t).Signers().Checkpoints); err != nil {
					t.Fatal(err)
				}
				rep, err := verify.Verify(ctx, store.Rows{DB: db}, verify.Options{Hooks: []verify.Hook{books(db)}})
				if err != nil || rep.OK || rep.Kind != "replay:结算账簿" || !strings.Contains(rep.Message, c.want) || strings.Contains(rep.Message, "700") {
					t.Fatalf("%+v %v", rep, err)
				}
			})
		})
	}
}

func TestTheReplayRefusesWhatIsNoBook(t *testing.T) {
	line := func(key, reverses, postings string) verify.Record {
		return verify.Record{Type: "ledger.post", Object: key, Result: "done", Detail: map[string]string{"postings": postings, "reverses": reverses}}
	}
	good := line("a", "", "receivable|c1|700;income||-700")
	back := line("b", "a", "receivable|c1|-700;income||700")
	for name, c := range map[string][]verify.Record{
		"借贷不平":   {line("a", "", "receivable|c1|700;income||-699")},
		"入账两次":   {good, good},
		"冲销两次":   {good, back, line("c", "a", "receivable|c1|-700;income||700")},
		"冲销不存在的": {back},
		"余额为负":   {good, line("d", "", "bank||800;receivable|c1|-800")},
		"不成分录":   {line("a", "", "receivable|c1")},
		"没有的科目":  {line("a", "", "pocket||1;income||-1")},
	} {
		b := ledger.NewReplay()
		var err error
		for _, r := range c {
			if err != nil {
				t.Fatalf("%s: found too early: %v", name, err)
			}
			err = b.Replay(r)
		}
		var p *verify.Problem
		if !errors.As(err, &p) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
