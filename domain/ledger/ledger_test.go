package ledger_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"pado/core/audit"
	"pado/core/money"
	"pado/core/procedure"
	"pado/core/store"
	"pado/core/store/storetest"
	"pado/domain/ledger"
	"pado/plan"
)

var ctx = context.Background()

func post(db *store.DB, t ledger.Transaction) (done bool, err error) {
	_, err = db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		if t.Clause.ID == "" {
			t.Clause = plan.C("6.2.5")
		}
		done, err = ledger.Post(w, t)
		return audit.Entry{Type: "test.post", Actor: "p", Object: t.Key, Action: "post", Clause: "6.2.5"}, err
	})
	return done, err
}

func check(t *testing.T, db *store.DB) {
	t.Helper()
	if err := db.View(ctx, func(r *store.ReadTx) error { return ledger.Check(r) }); err != nil {
		t.Fatal(err)
	}
	storetest.Verify(t, db, books(db))
}

// books are made again from the log and compared with the tables.
func books(db *store.DB) *ledger.Replay {
	return ledger.NewReplay().Against(func(f func(*store.ReadTx) error) error { return db.View(ctx, f) })
}

func balance(t *testing.T, db *store.DB, a ledger.Account, party string) (f money.Fen) {
	t.Helper()
	if err := db.View(ctx, func(r *store.ReadTx) (err error) { f, err = ledger.Balance(r, a, party); return err }); err != nil {
		t.Fatal(err)
	}
	return f
}

func sale(key string, f money.Fen) ledger.Transaction {
	return ledger.Transaction{Key: key, Purpose: "服务费", Postings: []ledger.Posting{ledger.Dr(ledger.Receivable, "c1", f), ledger.Cr(ledger.Income, "", f)}}
}

func TestNoFenWithoutItsCounterPosting(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		bad := sale("t1", 100)
		bad.Postings[1].Amount = -99
		var ref *procedure.Refused
		if _, err := post(db, bad); !errors.As(err, &ref) || ref.Code != "ledger.unbalanced" {
			t.Fatal(err)
		}
		if _, err := post(db, ledger.Transaction{Key: "t2", Purpose: "空"}); !errors.As(err, &ref) || ref.Code != "ledger.empty" {
			t.Fatal(err)
		}
		if done, err := post(db, sale("t3", 100)); err != nil || !done {
			t.Fatal(done, err)
		}
		if done, err := post(db, sale("t3", 100)); err != nil || done {
			t.Fatal("the same key posted twice", done, err)
		}
		if f := balance(t, db, ledger.Receivable, "c1"); f != 100 {
			t.Fatal(f)
		}
		check(t, db)
	})
}

func TestAFloorHoldsUnderConcurrency(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		if _, err := post(db, sale("s", 500)); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		paid := make(chan bool, 10)
		for i := range 10 {
			wg.Go(func() {
				_, err := post(db, ledger.Transaction{Key: fmt.Sprintf("pay%d", i), Purpose: "收款",
					Postings: []ledger.Posting{ledger.Dr(ledger.Bank, "", 100), ledger.Cr(ledger.Receivable, "c1", 100)}})
				paid <- err == nil
			})
		}
		wg.Wait()
		close(paid)
		n := 0
		for ok := range paid {
			if ok {
				n++
			}
		}
		if n != 5 || balance(t, db, ledger.Receivable, "c1") != 0 || balance(t, db, ledger.Bank, "") != 500 {
			t.Fatalf("%d paid", n)
		}
		check(t, db)
	})
}

func TestReversalOfReversalIsTheOriginal(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		if _, err := post(db, sale("a", 700)); err != nil {
			t.Fatal(err)
		}
		reverse := func(key, as string) error {
			_, err := db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
				return audit.Entry{Type: "test.post", Actor: "p", Object: as, Action: "reverse", Clause: "6.2.5"},
					ledger.Reverse(w, key, as, "冲销", plan.C("6.2.5"), "p")
			})
			return err
		}
		if err := reverse("a", "b"); err != nil {
			t.Fatal(err)
		}
		if f := balance(t, db, ledger.Receivable, "c1"); f != 0 {
			t.Fatal(f)
		}
		if err := reverse("a", "c"); !errors.Is(err, store.ErrConflict) {
			t.Fatal("reversed twice", err)
		}
		if err := reverse("b", "d"); err != nil {
			t.Fatal(err)
		}
		if f := balance(t, db, ledger.Receivable, "c1"); f != 700 {
			t.Fatal(f)
		}
		check(t, db)
	})
}

func TestWhateverIsPostedSumsToZero(t *testing.T) {
	db := storetest.Open(t, store.SQLite, nil)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		k := rapid.IntRange(1, 5).Draw(rt, "legs")
		tx := ledger.Transaction{Key: fmt.Sprintf("r%d", n), Purpose: "随机"}
		var sum money.Fen
		for range k {
			f := money.Fen(rapid.Int64Range(-1_000_000, 1_000_000).Draw(rt, "fen"))
			a := rapid.SampledFrom([]ledger.Account{ledger.Income, ledger.Cost, ledger.Payable, ledger.FeeExpense}).Draw(rt, "account")
			tx.Postings = append(tx.Postings, ledger.Posting{Account: a, Party: "x", Amount: f})
			sum += f
		}
		tx.Postings = append(tx.Postings, ledger.Posting{Account: ledger.Cost, Amount: -sum})
		zero := true
		for _, p := range tx.Postings {
			zero = zero && p.Amount == 0
		}
		if zero {
			return
		}
		if _, err := post(db, tx); err != nil {
			rt.Fatal(err)
		}
		if err := db.View(ctx, func(r *store.ReadTx) error { return ledger.Check(r) }); err != nil {
			rt.Fatal(err)
		}
	})
}

func TestExportsBalanceAndAreInert(t *testing.T) {
	db := storetest.Open(t, store.SQLite, nil)
	tx := sale("=cmd", 12345)
	if _, err := post(db, tx); err != nil {
		t.Fatal(err)
	}
	for format, want := range map[string]string{"hledger": "receivable:c1  CNY 123.45\n    income  CNY -123.45", "csv": "'=cmd,2026-03-02"} {
		var b bytes.Buffer
		if err := db.View(ctx, func(r *store.ReadTx) error { return ledger.Export(&b, r, format) }); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), want) {
			t.Errorf("%s:\n%s", format, b.String())
		}
	}
}
