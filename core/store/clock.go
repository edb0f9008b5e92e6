package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"pado/core/audit"
)

// ErrNotDemo: business time moves only in records that were created as a demonstration.
var ErrNotDemo = errors.New("business time can be moved in demonstration records only")

// ErrBackwards: business time moves forward only.
var ErrBackwards = errors.New("business time moves forward only")

// loadClock reads the business clock: the wall clock plus the offset on record.
func (r *ReadTx) loadClock() error {
	var offset int64
	if err := r.tx.GetContext(r.ctx, &offset, `SELECT offset_ms FROM business_clock WHERE id = 1`); err != nil {
		return fmt.Errorf("read the business clock: %w", err)
	}
	r.now = At(r.db.wall().Add(time.Duration(offset) * time.Millisecond)).Time
	return nil
}

// Moment is how many entries the log has, and the business time. What is on record changes only
// with an entry (see Update), so what was read at the same number still stands. Whoever asks while
// the records are being read for others waits for that answer's successor and shares it: an answer
// is never older than the question.
func (db *DB) Moment(ctx context.Context) (entries int64, now time.Time, err error) {
	m := &db.moments
	m.mu.Lock()
	next := m.next
	if next == nil {
		next = &moment{done: make(chan struct{})}
		m.next = next
		go db.readMoment(next)
	}
	m.mu.Unlock()
	select {
	case <-next.done:
		return next.entries, At(db.wall().Add(next.offset)).Time, next.err
	case <-ctx.Done():
		return 0, now, ctx.Err()
	}
}

// moments are the answers of Moment under way: one being read, one that waits for its turn.
type moments struct {
	mu   sync.Mutex // guards next
	next *moment
	turn sync.Mutex
}

type moment struct {
	done    chan struct{}
	entries int64
	offset  time.Duration
	err     error
}

func (db *DB) readMoment(x *moment) {
	m := &db.moments
	m.turn.Lock()
	defer m.turn.Unlock()
	m.mu.Lock()
	m.next = nil // whoever asks from here on may know of something later
	m.mu.Unlock()
	defer close(x.done)
	var ms int64
	err := db.read.QueryRowContext(context.Background(),
		`SELECT h.size, k.offset_ms FROM audit_head h, business_clock k WHERE h.id = 1 AND k.id = 1`).Scan(&x.entries, &ms)
	if err != nil {
		x.err = fmt.Errorf("read the business clock: %w", err)
	}
	x.offset = time.Duration(ms) * time.Millisecond
}

// Now is the business time outside a transaction.
func (db *DB) Now(ctx context.Context) (now time.Time, err error) {
	_, now, err = db.Moment(ctx)
	return now, err
}

// Meta reads a fact fixed when the records were created: "city", "demo", "origin".
func (r *ReadTx) Meta(key string) (string, error) {
	var v string
	return v, r.Get(&v, `SELECT value FROM meta WHERE key = $1`, key)
}

// Founding is what is fixed when records are created.
type Founding struct {
	City   string // division code
	Origin string // the log's name for its signatures
	Demo   bool   // business time may be moved
	Keys   audit.PublicKeys
	Start  time.Time // business time of a demonstration's first entry; zero = the wall clock's
	// Also runs in the same transaction, for the sealed halves of the keys.
	Also func(*Tx) error
}

// Found creates the records of a city: the genesis entry says whether they are a
// demonstration and which keys sign the log. A second call returns ErrConflict.
func (db *DB) Found(ctx context.Context, f Founding) error {
	_, err := db.Update(ctx, func(t *Tx) (audit.Entry, error) {
		if f.Demo && !f.Start.IsZero() {
			if err := t.ExecOne(`UPDATE business_clock SET offset_ms = $1 WHERE id = 1`, f.Start.Sub(db.wall()).Milliseconds()); err != nil {
				return audit.Entry{}, err
			}
			t.now = At(f.Start).Time
		}
		facts := map[string]string{"city": f.City, "origin": f.Origin, "demo": strconv.FormatBool(f.Demo)}
		for k, v := range facts {
			if _, err := t.Exec(`INSERT INTO meta (key, value) VALUES ($1, $2)`, k, v); err != nil {
				return audit.Entry{}, err
			}
		}
		if f.Also != nil {
			if err := f.Also(t); err != nil {
				return audit.Entry{}, err
			}
		}
		return audit.Genesis(f.Origin, f.Keys, map[string]string{"city": f.City, "demo": facts["demo"]}), nil
	})
	return err
}

// AdvanceClock moves business time forward to at, as an entry, in demonstration records only.
func (db *DB) AdvanceClock(ctx context.Context, at time.Time, actor string) error {
	_, err := db.Update(ctx, func(t *Tx) (audit.Entry, error) {
		if demo, err := t.Meta("demo"); err != nil || demo != "true" {
			return audit.Entry{}, errors.Join(ErrNotDemo, err)
		}
		if !at.After(t.now) {
			return audit.Entry{}, ErrBackwards
		}
		before := t.now
		offset := at.Sub(db.wall()).Milliseconds()
		if err := t.ExecOne(`UPDATE business_clock SET offset_ms = $1 WHERE id = 1`, offset); err != nil {
			return audit.Entry{}, err
		}
		t.now = At(at).Time
		return audit.Entry{Type: "clock.advance", Actor: actor, Action: "advance", Result: "done", Clause: "3",
			From: before.Format(time.RFC3339), To: t.now.Format(time.RFC3339)}, nil
	})
	return err
}
