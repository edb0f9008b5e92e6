package ledger_test

import (
	"errors"
	"testing"

	"pado/core/audit"
	"pado/core/audit/verify"
	"pado/core/store"
	"pado/core/store/storetest"
	"pado/domain/ledger"
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
