package gateway

import (
	"crypto/sha256"
	"sync"
	"sync/atomic"
	"time"
)

// book is what the gateway remembers of calls: quotas used, nonces seen,
// idempotency keys charged. All of it is a fold over the journal's records, so
// a start finds it again; apply is that fold.
type book struct {
	nonces  nonceBook
	quotas  quotaBook
	repeats repeatBook
}

func newBook(window, repeats time.Duration, maxNonces int64) *book {
	b := &book{}
	b.nonces.window, b.nonces.max = int64(window/time.Second), maxNonces
	for i := range b.nonces.shards {
		b.nonces.shards[i].buckets = map[int64]map[Digest]struct{}{}
	}
	b.quotas.used = map[quotaKey]*atomic.Int64{}
	b.repeats.window = repeats
	b.repeats.entries = map[repeatKey]*repeat{}
	return b
}

// apply folds one record in. real is the start's real time: what has left its
// window by then is not remembered.
func (b *book) apply(u *Usage, real time.Time) {
	if u.Nonce != "" {
		b.nonces.remember(u.Key, u.Nonce, u.Signed, real)
	}
	if u.Outcome != Charged {
		return
	}
	b.quotas.counter(quotaKey{u.Order, u.Period}).Add(int64(u.Count))
	if u.Repeat != "" && real.Sub(u.Real) < b.repeats.window {
		b.repeats.put(repeatKey{u.Key, u.Repeat}, u.Asked, u.Release, u.Real)
	}
}

// sweep forgets what has left its window.
func (b *book) sweep(real time.Time) {
	b.nonces.sweep(real)
	b.repeats.sweep(real)
}

// nonceBook remembers (key, nonce) until the signed time it came with has left
// the window, so that a nonce serves once whatever time it is signed with
// again. Entries lie in buckets by signed time, dropped whole; the window holds
// a few dozen of them.
type nonceBook struct {
	window int64 // seconds
	max    int64
	count  atomic.Int64
	swept  atomic.Int64 // signed times before this have been forgotten
	shards [32]struct {
		sync.Mutex
		buckets map[int64]map[Digest]struct{}
	}
}

const nonceBucket = 16 // seconds

type nonceResult int

const (
	nonceFresh nonceResult = iota
	nonceSeen
	nonceFull
)

// use takes a nonce, once. A signed time that was already swept counts as
// seen, so a clock set back opens no door.
func (n *nonceBook) use(key, nonce string, signed int64, real time.Time) nonceResult {
	switch {
	case signed+n.window < real.Unix() || signed < n.swept.Load():
		return nonceSeen
	case n.count.Load() >= n.max:
		return nonceFull
	case !n.put(key, nonce, signed):
		return nonceSeen
	}
	return nonceFresh
}

func (n *nonceBook) remember(key, nonce string, signed int64, real time.Time) {
	if signed+n.window >= real.Unix() {
		n.put(key, nonce, signed)
	}
}

func (n *nonceBook) put(key, nonce string, signed int64) bool {
	var buf [160]byte
	sum := sha256.Sum256(append(append(append(buf[:0], key...), 0), nonce...))
	id := Digest(sum[:16])
	shard := &n.shards[sum[16]%32]
	shard.Lock()
	defer shard.Unlock()
	for _, live := range shard.buckets {
		if _, seen := live[id]; seen {
			return false
		}
	}
	bucket := shard.buckets[signed/nonceBucket]
	if bucket == nil {
		bucket = map[Digest]struct{}{}
		shard.buckets[signed/nonceBucket] = bucket
	}
	bucket[id] = struct{}{}
	n.count.Add(1)
	return true
}

func (n *nonceBook) sweep(real time.Time) {
	horizon := (real.Unix() - n.window) / nonceBucket * nonceBucket
	if horizon <= n.swept.Load() {
		return
	}
	n.swept.Store(horizon)
	for i := range n.shards {
		shard := &n.shards[i]
		shard.Lock()
		for at, bucket := range shard.buckets {
			if (at+1)*nonceBucket <= horizon {
				n.count.Add(-int64(len(bucket)))
				delete(shard.buckets, at)
			}
		}
		shard.Unlock()
	}
}

type quotaKey struct{ order, period string }

// quotaBook counts the charged calls of each order and period. A call reserves
// before it is answered and gives back if it is not charged.
type quotaBook struct {
	mu   sync.RWMutex
	used map[quotaKey]*atomic.Int64
}

func (q *quotaBook) counter(k quotaKey) *atomic.Int64 {
	q.mu.RLock()
	c := q.used[k]
	q.mu.RUnlock()
	if c != nil {
		return c
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if c = q.used[k]; c == nil {
		c = new(atomic.Int64)
		q.used[k] = c
	}
	return c
}

// reserve takes one call if one is left and returns how many are left then,
// -1 when there is no limit.
func (q *quotaBook) reserve(k quotaKey, limit int64) (left int64, ok bool) {
	c := q.counter(k)
	if limit < 0 {
		c.Add(1)
		return -1, true
	}
	for {
		n := c.Load()
		if n >= limit {
			return 0, false
		}
		if c.CompareAndSwap(n, n+1) {
			return limit - n - 1, true
		}
	}
}

func (q *quotaBook) giveBack(k quotaKey) { q.counter(k).Add(-1) }

func (q *quotaBook) left(k quotaKey, limit int64) int64 {
	if limit < 0 {
		return -1
	}
	return max(0, limit-q.counter(k).Load())
}

type repeatKey struct{ key, repeat string }

// repeat is one idempotency key: a call under way until done is closed, then a
// charged one.
type repeat struct {
	asked   Digest
	release string
	at      time.Time
	done    chan struct{} // nil once charged
}

type repeatBook struct {
	window  time.Duration
	mu      sync.Mutex
	entries map[repeatKey]*repeat
}

type repeatResult int

const (
	repeatFirst repeatResult = iota
	repeatCharged
	repeatClash
	repeatStale
	repeatUnderWay
)

// begin claims an idempotency key for a call, or tells what became of it. With
// repeatUnderWay wait for the channel and ask again.
func (r *repeatBook) begin(k repeatKey, asked Digest, release string, real time.Time) (repeatResult, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.entries[k]
	if e != nil && e.done == nil && real.Sub(e.at) >= r.window {
		e = nil
	}
	switch {
	case e == nil:
		r.entries[k] = &repeat{asked: asked, release: release, at: real, done: make(chan struct{})}
		return repeatFirst, nil
	case e.asked != asked:
		return repeatClash, nil
	case e.done != nil:
		return repeatUnderWay, e.done
	case e.release != release:
		return repeatStale, nil
	}
	return repeatCharged, nil
}

// end settles a claim: charged keeps the key for its window, else it is free.
func (r *repeatBook) end(k repeatKey, charged bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.entries[k]
	if e == nil || e.done == nil {
		return
	}
	close(e.done)
	e.done = nil
	if !charged {
		delete(r.entries, k)
	}
}

func (r *repeatBook) put(k repeatKey, asked Digest, release string, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries[k] = &repeat{asked: asked, release: release, at: at}
}

func (r *repeatBook) sweep(real time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for k, e := range r.entries {
		if e.done == nil && real.Sub(e.at) >= r.window {
			delete(r.entries, k)
		}
	}
}
