package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
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
