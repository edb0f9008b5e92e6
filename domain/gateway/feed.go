package gateway

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// StaleAfter is how old the gateway's knowledge may be before every call is
// refused, when NewFeed is given no other bound.
const StaleAfter = time.Second

// Feed holds the newest snapshot and swaps it in one step. Whoever reads the
// platform's records publishes into it, and confirms the snapshot as long as
// nothing changes. A suspension takes effect with the next publication; an
// expiry needs none, because every call compares the dates itself.
type Feed struct {
	bound time.Duration
	mu    sync.Mutex // serialises publishers
	now   atomic.Pointer[known]
}

type known struct {
	snapshot *Snapshot
	asOf     time.Time
}

// NewFeed makes an empty feed, which refuses everything. bound 0 is StaleAfter.
func NewFeed(bound time.Duration) *Feed {
	if bound <= 0 {
		bound = StaleAfter
	}
	return &Feed{bound: bound}
}

// ErrOlder: the snapshot is older than the one in force.
var ErrOlder = errors.New("gateway: the snapshot is older than the one in force")

// Publish makes s the snapshot in force. On an error the one before stays in
// force, and goes stale.
func (f *Feed) Publish(s *Snapshot) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var before *Snapshot
	if k := f.now.Load(); k != nil {
		before = k.snapshot
		if s.Version < before.Version || s.AsOf.Before(k.asOf) {
			return ErrOlder
		}
	}
	if err := s.check(before); err != nil {
		return err
	}
	f.now.Store(&known{s, s.AsOf})
	return nil
}

// Confirm states that the records were still at this version at real time asOf.
func (f *Feed) Confirm(version int64, asOf time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	k := f.now.Load()
	if k == nil || k.snapshot.Version != version {
		return fmt.Errorf("gateway: version %d is not the one in force", version)
	}
	if asOf.Before(k.asOf) {
		return ErrOlder
	}
	f.now.Store(&known{k.snapshot, asOf})
	return nil
}

// Current is the snapshot in force, nil before the first, and whether it is
// fresh at this real time. A feed dated in the future is not: one of the two
// clocks is wrong.
func (f *Feed) Current(real time.Time) (*Snapshot, bool) {
	k := f.now.Load()
	if k == nil {
		return nil, false
	}
	age := real.Sub(k.asOf)
	return k.snapshot, age <= f.bound && age >= -f.bound
}

// May implements Permit. It fails closed: without a fresh snapshot the answer
// is FEED_STALE.
func (f *Feed) May(real, at time.Time, q Question) Decision {
	s, fresh := f.Current(real)
	if s == nil {
		return Decision{Refusal: refuse(FeedStale)}
	}
	if !fresh {
		d := Decision{Refusal: refuse(FeedStale), Version: s.Version}
		if d.Key = s.Keys[q.Key]; d.Key != nil {
			d.Order = s.Orders[d.Key.Order]
		}
		return d
	}
	return s.Decide(at, q)
}
