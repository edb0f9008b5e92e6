package gateway

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Exactly the limit is granted, however the takers interleave.
func TestReserveIsExact(t *testing.T) {
	const limit, takers = 5_000_000, 8
	b := newBook(time.Minute, time.Hour, 10)
	k := quotaKey{"O", "P"}
	var granted atomic.Int64
	var wg, ready sync.WaitGroup
	ready.Add(takers)
	for range takers {
		wg.Go(func() {
			ready.Done()
			ready.Wait()
			n := int64(0)
			for {
				if _, ok := b.quotas.reserve(k, limit); !ok {
					break
				}
				n++
				if n%3 == 0 {
					b.quotas.giveBack(k)
					n--
					if _, ok := b.quotas.reserve(k, limit); !ok {
						break
					}
					n++
				}
			}
			granted.Add(n)
		})
	}
	wg.Wait()
	if n := granted.Load(); n != limit || b.quotas.left(k, limit) != 0 {
		t.Fatalf("granted %d of %d", n, limit)
	}
}

// A call under way binds its idempotency key: a like one waits, and is the
// charged one if the first was not.
func TestRepeatUnderWay(t *testing.T) {
	now := time.Unix(1_790_000_000, 0)
	r := &newBook(time.Minute, time.Hour, 10).repeats
	k, asked, other := repeatKey{"K", "r"}, Digest{1}, Digest{2}
	want := func(when string, got, want repeatResult) {
		t.Helper()
		if got != want {
			t.Fatalf("%s: %d, want %d", when, got, want)
		}
	}
	got, _ := r.begin(k, asked, "v1", now)
	want("first", got, repeatFirst)
	got, wait := r.begin(k, asked, "v1", now)
	want("second, first under way", got, repeatUnderWay)
	got, _ = r.begin(k, other, "v1", now)
	want("other content, first under way", got, repeatClash)
	select {
	case <-wait:
		t.Fatal("the first is not at its end")
	default:
	}
	r.end(k, false)
	<-wait
	got, _ = r.begin(k, asked, "v1", now)
	want("after an uncharged end", got, repeatFirst)
	r.sweep(now.Add(2 * time.Hour)) // never sweeps what is under way
	r.end(k, true)
	for _, c := range []struct {
		when    string
		asked   Digest
		release string
		after   time.Duration
		want    repeatResult
	}{
		{"charged", asked, "v1", 0, repeatCharged},
		{"other content", other, "v1", 0, repeatClash},
		{"other release", asked, "v2", 0, repeatStale},
		{"last instant of the window", asked, "v1", time.Hour - 1, repeatCharged},
		{"window over", other, "v2", time.Hour, repeatFirst},
	} {
		got, _ = r.begin(k, c.asked, c.release, now.Add(c.after))
		want(c.when, got, c.want)
	}
}

// The nonce memory refuses rather than forgets when it is full.
func TestNonceBookFull(t *testing.T) {
	now := time.Unix(1_790_000_000, 0)
	n := &newBook(time.Minute, time.Hour, 2).nonces
	for i, want := range []nonceResult{nonceFresh, nonceFresh, nonceFull} {
		if got := n.use("K", string(rune('a'+i)), now.Unix(), now); got != want {
			t.Fatalf("nonce %d: %d", i, got)
		}
	}
	n.sweep(now.Add(90 * time.Second))
	if got := n.use("K", "d", now.Unix()+90, now.Add(90*time.Second)); got != nonceFresh {
		t.Fatal(got)
	}
}

// Calls under way cannot guess more subjects than there are tokens.
func TestHold(t *testing.T) {
	now := time.Unix(1_790_000_000, 0)
	l := newLimitBook[string]()
	rate := Rate{Calls: 2, Per: time.Hour, Burst: 2}
	want := func(results ...holdResult) {
		t.Helper()
		for i, w := range results {
			if got := l.hold("K", rate, now); got != w {
				t.Fatalf("hold %d: %d, want %d", i, got, w)
			}
		}
	}
	want(holdGranted, holdGranted, holdPromised)
	l.sweep(now)
	l.settle("K", rate, now, false) // it was a hit
	want(holdGranted, holdPromised)
	l.settle("K", rate, now, true)
	l.settle("K", rate, now.Add(-time.Minute), true) // a slower clock gains nothing
	want(holdEmpty)
	now = now.Add(30 * time.Minute)
	want(holdGranted)
}
