package store_test

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
	"testing"

	"pado/core/audit"
	"pado/core/store"
	"pado/core/store/storetest"
)

// write is one act of three statements besides the log's own.
func write(db *store.DB, k string) error {
	_, err := db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		if _, err := w.Exec(`INSERT INTO meta (key, value) VALUES ($1, 'a')`, k); err != nil {
			return audit.Entry{}, err
		}
		if err := w.ExecOne(`UPDATE meta SET value = 'b' WHERE key = $1`, k); err != nil {
			return audit.Entry{}, err
		}
		if _, err := w.Next("n"); err != nil {
			return audit.Entry{}, err
		}
		w.Record(audit.Entry{Type: "test.extra", Actor: "p1", Object: k, Action: "extra"})
		return audit.Entry{Type: "test.write", Actor: "p1", Object: k, Action: "write"}, nil
	})
	return err
}

// TestEveryStatementMayBreakOnce breaks each statement of an act, before it persisted and
// after, and then checks: the write is there exactly when its entries are, both trees verify,
// and the store takes the next write.
func TestEveryStatementMayBreakOnce(t *testing.T) {
	var f storetest.Fault
	wrap := func(c driver.Connector) driver.Connector { return f.Wrap(c) }
	for _, e := range []store.Engine{store.SQLite, store.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			db := storetest.Open(t, e, wrap)
			storetest.Found(t, db)
			f.Arm(0, false)
			if err := write(db, "probe"); err != nil {
				t.Fatal(err)
			}
			total := f.Count
			f.Disarm()
			if total < 10 {
				t.Fatalf("only %d statements seen: the wrapper is not in the way", total)
			}
			lost := 0
			for at := 1; at <= total; at++ {
				for _, after := range []bool{false, true} {
					k := fmt.Sprintf("k%d%v", at, after)
					f.Arm(at, after)
					err := write(db, k)
					f.Disarm()
					if !f.Hit {
						t.Fatalf("statement %d was not reached", at)
					}
					var there bool
					var leaves int
					if err := db.View(ctx, func(r *store.ReadTx) (err error) {
						if there, err = r.Exists(`SELECT 1 FROM meta WHERE key = $1`, k); err != nil {
							return err
						}
						return r.Get(&leaves, `SELECT COUNT(*) FROM audit_leaf WHERE object = $1`, k)
					}); err != nil {
						t.Fatal(err)
					}
					if there != (leaves == 2) || (leaves != 0 && leaves != 2) {
						t.Fatalf("statement %d after=%v: the write is there: %v, entries: %d", at, after, there, leaves)
					}
					if err == nil && !there {
						t.Fatalf("statement %d: acknowledged and lost", at)
					}
					if err != nil && there {
						lost++ // the commit persisted and its answer was lost: the caller repeats with its key
					}
				}
			}
			if lost > 1 {
				t.Errorf("%d acts persisted without an acknowledgement; only the commit's own may", lost)
			}
			if err := write(db, "last"); err != nil {
				t.Fatal(err)
			}
			storetest.Verify(t, db)
		})
	}
}

// TestWriteSkewIsShutOut races transactions that each read what the others write. With the
// parent locked first, at most one wins on both engines; without the lock PostgreSQL shows the
// skew, which is what the lock is for.
func TestWriteSkewIsShutOut(t *testing.T) {
	race := func(t *testing.T, db *store.DB, quota string, lock bool) int {
		if _, err := db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
			_, err := w.Exec(`INSERT INTO meta (key, value) VALUES ($1, '1')`, quota)
			return entry("quota"), err
		}); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		start := make(chan struct{})
		ready := make(chan struct{}, 8)
		for i := range 8 {
			wg.Go(func() {
				<-start
				_, err := db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
					if lock {
						if err := w.Lock("meta", "key", quota); err != nil {
							return audit.Entry{}, err
						}
					}
					var taken int
					if err := w.Get(&taken, `SELECT COUNT(*) FROM meta WHERE key LIKE $1`, quota+"/%"); err != nil {
						return audit.Entry{}, err
					}
					if taken >= 1 {
						return audit.Entry{}, errors.New("used up")
					}
					if !lock && db.Engine() == store.Postgres {
						ready <- struct{}{}
						for len(ready) < 8 { // every transaction has read before any writes
							if w.Context().Err() != nil {
								return audit.Entry{}, w.Context().Err()
							}
						}
					}
					_, err := w.Exec(`INSERT INTO meta (key, value) VALUES ($1, 'x')`, fmt.Sprintf("%s/%d", quota, i))
					return entry("take"), err
				})
				_ = err // the losers are told that it is used up
			})
		}
		close(start)
		wg.Wait()
		var n int
		if err := db.View(ctx, func(r *store.ReadTx) error {
			return r.Get(&n, `SELECT COUNT(*) FROM meta WHERE key LIKE $1`, quota+"/%")
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		if n := race(t, db, "locked", true); n != 1 {
			t.Errorf("%d took a quota of one", n)
		}
		if db.Engine() == store.Postgres {
			if n := race(t, db, "open", false); n < 2 {
				t.Errorf("without the lock only %d took it: the race is not a race", n)
			}
		}
		storetest.Verify(t, db)
	})
}

func TestSequenceIsGaplessUnderConcurrency(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var wg sync.WaitGroup
		for g := range 8 {
			wg.Go(func() {
				for i := range 10 {
					if err := write(db, fmt.Sprintf("%d-%d", g, i)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if rep := storetest.Verify(t, db); rep.Size != 161 {
			t.Errorf("%d leaves instead of 161", rep.Size)
		}
	})
}

func TestTwoInstancesCannotForkTheCheckpoints(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		keys := storetest.Keys(t)
		var wg sync.WaitGroup
		for g := range 4 {
			wg.Go(func() {
				for i := range 5 {
					if err := write(db, fmt.Sprintf("c%d-%d", g, i)); err != nil {
						t.Error(err)
					}
					if _, err := db.SignCheckpoint(ctx, keys.Signers().Checkpoints); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		var forks int
		if err := db.View(ctx, func(r *store.ReadTx) error {
			return r.Get(&forks, `SELECT COUNT(*) FROM (SELECT prev_size FROM audit_checkpoint GROUP BY prev_size HAVING COUNT(*) > 1) AS q`)
		}); err != nil {
			t.Fatal(err)
		}
		if forks != 0 {
			t.Error("two checkpoints follow the same one")
		}
		storetest.Verify(t, db)
	})
}

func TestBusinessTimeMovesForwardInADemonstrationOnly(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		to := storetest.Start.AddDate(0, 1, 0)
		if err := db.AdvanceClock(ctx, to, "p1"); err != nil {
			t.Fatal(err)
		}
		if now, err := db.Now(ctx); err != nil || !now.Equal(to) {
			t.Fatal(now, err)
		}
		if err := db.AdvanceClock(ctx, storetest.Start, "p1"); !errors.Is(err, store.ErrBackwards) {
			t.Fatal(err)
		}
		if _, err := db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
			_, err := w.Exec(`UPDATE meta SET value = 'false' WHERE key = 'demo'`)
			return entry("tamper"), err
		}); err != nil {
			t.Fatal(err)
		}
		if err := db.AdvanceClock(ctx, to.AddDate(0, 1, 0), "p1"); !errors.Is(err, store.ErrNotDemo) {
			t.Fatal(err)
		}
		storetest.Verify(t, db)
	})
}
