package gateway_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"pado/domain/gateway"
	"pado/domain/gateway/gatewaytest"
)

func quota(w *gatewaytest.World, t testing.TB, calls int64) {
	order("O-HEAT", func(o *gateway.Order) {
		o.Quota = []gateway.Allowance{{Period: "2026-09", Span: begins, Calls: calls}}
	})(w, nil)
	w.Publish(t)
}

// Under any concurrency exactly the granted number of calls is answered, the
// journal says the same, and a restart goes on from there.
func TestQuotaIsNeverExceeded(t *testing.T) {
	const granted, writers, each = 150, 16, 25
	w, dir := gatewaytest.New(t), t.TempDir()
	quota(w, t, granted)
	g := w.Open(t, dir)
	var answered, exhausted atomic.Int64
	var least atomic.Int64
	least.Store(granted)
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range each {
				reply := g.Call(ctx, heat(w))
				switch code(reply) {
				case "":
					answered.Add(1)
					for l := least.Load(); reply.Left < l && !least.CompareAndSwap(l, reply.Left); l = least.Load() {
					}
				case gateway.QuotaExhausted:
					exhausted.Add(1)
				default:
					t.Error(code(reply))
				}
			}
		})
	}
	wg.Wait()
	if answered.Load() != granted || exhausted.Load() != writers*each-granted || least.Load() != 0 {
		t.Fatalf("answered %d, exhausted %d, least left %d", answered.Load(), exhausted.Load(), least.Load())
	}
	after := pulled(t, dir)
	if n := count(records(t, after), gateway.Charged); n != granted {
		t.Fatalf("%d charged records", n)
	}
	h := w.Open(t, after)
	if c := code(h.Call(ctx, heat(w))); c != gateway.QuotaExhausted || h.Used("O-HEAT", "2026-09") != granted {
		t.Fatalf("after a crash: %q, used %d", c, h.Used("O-HEAT", "2026-09"))
	}
	// A lease topped up, and a new period.
	quota(w, t, granted+1)
	if reply := h.Call(ctx, heat(w)); code(reply) != "" || reply.Left != 0 {
		t.Fatal(code(reply), reply.Left)
	}
	if c := code(h.Call(ctx, heat(w))); c != gateway.QuotaExhausted {
		t.Fatal(c)
	}
	order("O-HEAT", func(o *gateway.Order) {
		o.Quota = []gateway.Allowance{{Period: "2026-10", Span: begins, Calls: 1}}
	})(w, nil)
	w.Publish(t)
	if c := code(h.Call(ctx, heat(w))); c != "" {
		t.Fatal(c)
	}
}

// The same idempotency key is charged once: in turn, at once, after a crash.
func TestIdempotency(t *testing.T) {
	w, dir := gatewaytest.New(t), t.TempDir()
	quota(w, t, 2)
	g := w.Open(t, dir)
	first := g.Call(ctx, idempotent(w, "order-0001", "county=140602&limit=3"))
	if code(first) != "" || first.Repeated || first.Left != 1 {
		t.Fatalf("%+v", first)
	}
	check := func(g *gateway.Gateway, when string, left int64) {
		t.Helper()
		again := g.Call(ctx, idempotent(w, "order-0001", "limit=3&county=140602"))
		if code(again) != "" || !again.Repeated || again.Left != left || !bytes.Equal(again.Page.Rows, first.Page.Rows) {
			t.Fatalf("%s: %q %+v", when, code(again), again)
		}
	}
	check(g, "in turn", 1)
	check(w.Open(t, pulled(t, dir)), "after a crash", 1)
	if c := code(g.Call(ctx, idempotent(w, "order-0001", "county=140603&limit=3"))); c != gateway.IdempotencyClash {
		t.Fatal(c)
	}
	var charged, repeated atomic.Int32
	var wg sync.WaitGroup
	for range 24 {
		wg.Go(func() {
			reply := g.Call(ctx, idempotent(w, "order-0002", "limit=2"))
			switch {
			case code(reply) != "":
				t.Error(code(reply))
			case reply.Repeated:
				repeated.Add(1)
			default:
				charged.Add(1)
			}
		})
	}
	wg.Wait()
	if charged.Load() != 1 || repeated.Load() != 23 {
		t.Fatalf("charged %d, repeated %d", charged.Load(), repeated.Load())
	}
	// The quota is used up; what was charged may still be asked for again.
	check(g, "quota used up", 0)
	if c := code(g.Call(ctx, idempotent(w, "order-0003", "limit=2"))); c != gateway.QuotaExhausted {
		t.Fatal(c)
	}
	// A refused call does not bind its key.
	quota(w, t, 3)
	if reply := g.Call(ctx, idempotent(w, "order-0003", "limit=2")); code(reply) != "" || reply.Repeated {
		t.Fatal(code(reply))
	}
	product(gatewaytest.Heat, func(p *gateway.Product) { p.Release = strings.Repeat("ab", 32) })(w, nil)
	w.Publish(t)
	if c := code(g.Call(ctx, idempotent(w, "order-0001", "limit=3&county=140602"))); c != gateway.IdempotencyStale {
		t.Fatal(c)
	}
	list := records(t, pulled(t, dir))
	if count(list, gateway.Charged) != 3 || count(list, gateway.Repeated) != 25 {
		t.Fatalf("charged %d, repeated %d", count(list, gateway.Charged), count(list, gateway.Repeated))
	}
	w.Pass(24*time.Hour, true)
	if c := code(g.Call(ctx, idempotent(w, "order-0001", "limit=3&county=140602"))); c == gateway.IdempotencyStale {
		t.Fatal("the key is bound for longer than its window")
	}
}

// The checkpoint made from sealed segments and a full replay give one memory.
func TestCheckpointEqualsReplay(t *testing.T) {
	w, dir := gatewaytest.New(t), t.TempDir()
	g := w.Open(t, dir)
	for i := range 40 {
		g.Call(ctx, idempotent(w, fmt.Sprintf("order-%04d", i/2), "limit=1"))
		if i%10 == 9 {
			w.Pass(6*time.Minute, true) // older than the age bound of a segment
			if err := g.Tick(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	late := heat(w)
	g.Call(ctx, late)
	if len(w.Sealed) < 3 {
		t.Fatalf("%d segments sealed", len(w.Sealed))
	}
	if _, err := os.Stat(filepath.Join(dir, "checkpoint")); err != nil {
		t.Fatal(err)
	}
	after := pulled(t, dir)
	fast := w.Open(t, pulled(t, after))
	full := w.Open(t, after, func(c *gateway.Config) { c.FullReplay = true })
	for name, h := range map[string]*gateway.Gateway{"checkpoint": fast, "full replay": full} {
		if h.Used("O-HEAT", "2026-09") != g.Used("O-HEAT", "2026-09") || h.Health().Nonces != g.Health().Nonces {
			t.Fatalf("%s: used %d, nonces %d; want %d, %d", name, h.Used("O-HEAT", "2026-09"), h.Health().Nonces,
				g.Used("O-HEAT", "2026-09"), g.Health().Nonces)
		}
		if c := code(h.Call(ctx, late)); c != gateway.NonceReplayed {
			t.Fatalf("%s: %q", name, c)
		}
		if r := h.Call(ctx, idempotent(w, "order-0003", "limit=1")); !r.Repeated {
			t.Fatalf("%s: charged twice, %q", name, code(r))
		}
	}
}

// With a full disk nothing is answered and nothing charged; with space again
// the same calls go through.
func TestNoJournalNoService(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=700k"); err != nil {
		t.Skipf("skipped: no small tmpfs can be mounted here (%v); the journal's own tests cover the injected case", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	w := gatewaytest.New(t)
	order("O-HEAT", func(o *gateway.Order) { o.Quota = []gateway.Allowance{{Period: "x", Calls: 1_000_000}} })(w, nil)
	w.Publish(t)
	g := w.Open(t, filepath.Join(dir, "journal"))
	ballast := filepath.Join(dir, "ballast")
	b := make([]byte, 4096)
	for f, _ := os.Create(ballast); ; {
		if _, err := f.Write(b); err != nil {
			f.Close()
			break
		}
	}
	answered := int64(0)
	var last gateway.Reply
	for range 100_000 {
		if last = g.Call(ctx, heat(w)); last.Refusal != nil {
			break
		}
		answered++
		w.Pass(time.Millisecond, true)
	}
	if code(last) != gateway.JournalReadOnly || g.Health().Open() || !g.Health().Journal.ReadOnly {
		t.Fatal(code(last))
	}
	if used := g.Used("O-HEAT", "x"); used != answered {
		t.Fatalf("used %d, answered %d", used, answered)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	w.Pass(2*time.Second, true)
	if err := g.Tick(ctx); err != nil {
		t.Fatal(err)
	}
	if c := code(g.Call(ctx, heat(w))); c != "" || !g.Health().Open() {
		t.Fatal(c)
	}
}
