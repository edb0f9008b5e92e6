package store_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"pado/core/audit"
	"pado/core/store"
	"pado/core/store/storetest"
)

var ctx = context.Background()

func entry(action string) audit.Entry {
	return audit.Entry{Type: "test.write", Actor: "p1", Action: action, Result: audit.Done}
}

func TestNoWriteWithoutItsEntry(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		_, err := db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
			_, err := w.Exec(`INSERT INTO meta (key, value) VALUES ('k', 'v')`)
			return audit.Entry{}, err
		})
		if !errors.Is(err, store.ErrNoEntry) {
			t.Fatalf("got %v", err)
		}
		err = db.View(ctx, func(r *store.ReadTx) error { _, err := r.Meta("k"); return err })
		if !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("the write stayed: %v", err)
		}
		rec, err := db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
			_, err := w.Exec(`INSERT INTO meta (key, value) VALUES ($1, $2)`, "k", "v")
			return entry("k"), err
		})
		if err != nil || rec.Seq != 1 {
			t.Fatalf("%+v %v", rec, err)
		}
		if err := db.View(ctx, func(r *store.ReadTx) error { _, err := r.Meta("k"); return err }); err != nil {
			t.Fatal(err)
		}
	})
}

func TestScratchWritesDeclaredTablesOnly(t *testing.T) {
	session := store.Scratchpad("session")
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for _, c := range []struct {
			sql string
			ok  bool
		}{
			{`INSERT INTO session (id, person, created, seen, second_factor) VALUES ('a','p',1,1,FALSE)`, true},
			{`DELETE FROM session WHERE id = 'a'`, true},
			{`UPDATE session SET seen = 2 WHERE id = 'b'`, true},
			{`UPDATE meta SET value = 'x'`, false},
			{`INSERT INTO audit_leaf (seq) VALUES (1)`, false},
			{`DELETE FROM session; DELETE FROM meta`, false},
			{`WITH x AS (DELETE FROM meta RETURNING 1) DELETE FROM session`, false},
			{`DROP TABLE session`, false},
			{`DELETE FROM session_x WHERE 1=1`, false},
		} {
			err := db.Scratch(ctx, func(s *store.ScratchTx) error { _, err := s.Exec(session, c.sql); return err })
			if (err == nil) != c.ok {
				t.Errorf("%s: %v", c.sql, err)
			}
		}
	})
}

// TestAMomentIsNotOlderThanItsQuestion: many ask at once and share answers, yet whoever asks after a
// write was committed is told of it.
func TestAMomentIsNotOlderThanItsQuestion(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var written atomic.Int64
		var readers sync.WaitGroup
		end := make(chan struct{})
		for range 8 {
			readers.Go(func() {
				for {
					select {
					case <-end:
						return
					default:
					}
					least := written.Load()
					if n, now, err := db.Moment(ctx); err != nil || n < least || now.IsZero() {
						t.Errorf("%d entries at %v where %d were written: %v", n, now, least, err)
						return
					}
				}
			})
		}
		for range 50 {
			rec, err := db.Update(ctx, func(*store.Tx) (audit.Entry, error) { return entry("k"), nil })
			if err != nil {
				t.Error(err)
				break
			}
			written.Store(rec.Seq + 1)
		}
		close(end)
		readers.Wait()
		gone, cancel := context.WithCancel(ctx)
		cancel()
		db.Moment(gone) //nolint:errcheck // either answer is right; the next must not be lost by it
		if n, _, err := db.Moment(ctx); err != nil || n != written.Load() {
			t.Errorf("%d entries, %d written: %v", n, written.Load(), err)
		}
	})
}
