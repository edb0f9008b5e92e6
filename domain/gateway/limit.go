package gateway

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limitBook holds one token bucket per key, or per customer and subject. It is
// in memory only: after a restart every bucket is full.
type limitBook[K comparable] struct {
	mu      sync.RWMutex
	buckets map[K]*bucket
}

type bucket struct {
	mu      sync.Mutex
	of      Rate
	limiter *rate.Limiter
	last    time.Time // no step goes back behind it
	held    int       // tokens promised to calls under way
}

func newLimitBook[K comparable]() *limitBook[K] {
	return &limitBook[K]{buckets: map[K]*bucket{}}
}

func (r Rate) limit() (rate.Limit, int) {
	if r.Calls <= 0 || r.Per <= 0 {
		return 0, 0
	}
	return rate.Limit(float64(r.Calls) / r.Per.Seconds()), max(1, r.Burst)
}

// with runs f on the bucket of k, which then has the rate of. f's time never
// steps back for one bucket.
func (l *limitBook[K]) with(k K, of Rate, now time.Time, f func(b *bucket, now time.Time) bool) bool {
	l.mu.RLock()
	b := l.buckets[k]
	if b == nil {
		l.mu.RUnlock()
		l.mu.Lock()
		if b = l.buckets[k]; b == nil {
			limit, burst := of.limit()
			b = &bucket{of: of, limiter: rate.NewLimiter(limit, burst), last: now}
			l.buckets[k] = b
		}
		defer l.mu.Unlock()
	} else {
		defer l.mu.RUnlock()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.Before(b.last) {
		now = b.last
	}
	b.last = now
	if b.of != of {
		limit, burst := of.limit()
		b.limiter.SetLimitAt(now, limit)
		b.limiter.SetBurstAt(now, burst)
		b.of = of
	}
	return f(b, now)
}

// take takes one token, or none.
func (l *limitBook[K]) take(k K, of Rate, now time.Time) bool {
	return l.with(k, of, now, func(b *bucket, now time.Time) bool { return b.limiter.AllowN(now, 1) })
}

type holdResult int

const (
	holdGranted  holdResult = iota
	holdEmpty               // no token is left
	holdPromised            // those left are promised to calls under way
)

// hold promises a token without taking it; settle must follow.
func (l *limitBook[K]) hold(k K, of Rate, now time.Time) (result holdResult) {
	l.with(k, of, now, func(b *bucket, now time.Time) bool {
		switch left := b.limiter.TokensAt(now); {
		case left < 1:
			result = holdEmpty
		case left < float64(b.held)+1:
			result = holdPromised
		default:
			b.held++
		}
		return true
	})
	return result
}

// settle takes the promised token or leaves it.
func (l *limitBook[K]) settle(k K, of Rate, now time.Time, taken bool) {
	l.with(k, of, now, func(b *bucket, now time.Time) bool {
		b.held--
		return taken && b.limiter.AllowN(now, 1)
	})
}

// sweep forgets full buckets: a new one is full too.
func (l *limitBook[K]) sweep(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for k, b := range l.buckets {
		if b.held == 0 && b.limiter.TokensAt(now) >= float64(b.limiter.Burst()) {
			delete(l.buckets, k)
		}
	}
}

// minuteBook counts refusals by minute, caller and code, so that a flood of
// them does not fill the journal: of a known key the first few of a minute are
// journaled one by one and the rest as a number; of unknown callers only the
// number. Up to a minute of numbers is lost in a crash.
type minuteBook struct {
	each uint64 // refusals of a known key journaled one by one per minute and code

	mu     sync.Mutex
	minute int64
	open   map[minuteKey]uint64
	closed map[minuteOf]uint64
}

type minuteKey struct {
	key  string
	code Code
}

type minuteOf struct {
	minuteKey
	minute int64 // Unix minutes
}

func newMinuteBook(each uint64) *minuteBook {
	return &minuteBook{each: each, open: map[minuteKey]uint64{}, closed: map[minuteOf]uint64{}}
}

// add counts one refusal and tells whether it is to be journaled by itself.
func (m *minuteBook) add(key string, code Code, real time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.turn(real.Unix() / 60)
	k := minuteKey{key, code}
	m.open[k]++
	return key != "" && m.open[k] <= m.each
}

// missed counts a refusal that was to be journaled by itself and could not be.
func (m *minuteBook) missed(key string, code Code, real time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed[minuteOf{minuteKey{key, code}, real.Unix() / 60}]++
}

func (m *minuteBook) turn(minute int64) {
	if minute == m.minute {
		return
	}
	for k, n := range m.open {
		if k.key != "" {
			n -= min(n, m.each)
		}
		if n > 0 {
			m.closed[minuteOf{k, m.minute}] += n
		}
	}
	clear(m.open)
	m.minute = minute
}

// take removes the counts of finished minutes, of the running one too if all.
func (m *minuteBook) take(real time.Time, all bool) map[minuteOf]uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.turn(real.Unix() / 60)
	if all {
		m.turn(0)
	}
	out := m.closed
	m.closed = map[minuteOf]uint64{}
	return out
}

// back returns one count that could not be journaled.
func (m *minuteBook) back(k minuteOf, n uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed[k] += n
}
