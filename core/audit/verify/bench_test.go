//go:build unix

package verify_test

import (
	"context"
	"iter"
	"runtime"
	"syscall"
	"testing"
	"time"

	"pado/core/audit"
	"pado/core/audit/verify"

	"golang.org/x/mod/sumdb/tlog"
)

// BenchmarkVerify measures the full verification of leaves (both trees, both signatures) and, in the same run, the
// same leaves appended one by one to x/mod's SHA-256 tree and to this package's two trees.
func BenchmarkVerify(b *testing.B) {
	const n = 200_000
	l, opt := newLean(b, n)
	var ours, theirs, writer time.Duration
	var busy time.Duration
	for b.Loop() {
		start, cpu := time.Now(), cpuTime()
		rep, err := verify.Verify(b.Context(), l, opt)
		if err != nil || !rep.OK {
			b.Fatal(rep, err)
		}
		ours += time.Since(start)
		busy += cpuTime() - cpu

		start = time.Now()
		o := make(tlogStore, 0, 2*n)
		for i, leaf := range l.leaves {
			hashes, err := tlog.StoredHashes(int64(i), leaf, o)
			if err != nil {
				b.Fatal(err)
			}
			o = append(o, hashes...)
		}
		theirs += time.Since(start)

		start = time.Now()
		var h audit.Head
		for i, leaf := range l.leaves {
			if _, err := h.Append(audit.Sealed{Seq: int64(i), Public: leaf}); err != nil {
				b.Fatal(err)
			}
		}
		writer += time.Since(start)
	}
	rate := func(d time.Duration) float64 { return float64(n) * float64(b.N) / d.Seconds() }
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(rate(ours), "leaves/s")
	b.ReportMetric(rate(theirs), "xmod-leaves/s")
	b.ReportMetric(rate(ours)/rate(theirs), "x-of-xmod")
	b.ReportMetric(rate(writer), "append-leaves/s")
	b.ReportMetric(float64(busy.Nanoseconds())/n/float64(b.N), "cpu-ns/leaf") // tells on a busy machine, too
	b.ReportMetric(float64(runtime.GOMAXPROCS(0)), "procs")
}

type tlogStore []tlog.Hash

func (s tlogStore) ReadHashes(at []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(at))
	for i, n := range at {
		out[i] = s[n]
	}
	return out, nil
}

// BenchmarkVerifyBodies adds the bodies: salted hashes, strict parsing, records in order.
func BenchmarkVerifyBodies(b *testing.B) {
	c := found(b, 1)
	c.work(b, 20_000)
	s := c.show(b)
	opt := c.options(b)
	for b.Loop() {
		if rep := run(b, bodiesOnly{s}, opt); !rep.OK {
			b.Fatal(rep)
		}
	}
	b.ReportMetric(float64(len(s.rows))*float64(b.N)/b.Elapsed().Seconds(), "leaves/s")
}

// bodiesOnly hides the nodes.
type bodiesOnly struct{ s *shown }

func (p bodiesOnly) Checkpoint() ([]byte, error)   { return p.s.Checkpoint() }
func (p bodiesOnly) CheckpointSM() ([]byte, error) { return p.s.CheckpointSM() }
func (p bodiesOnly) HoldsBodies() bool             { return true }
func (p bodiesOnly) Entries(ctx context.Context, from int64) iter.Seq2[verify.Row, error] {
	return p.s.Entries(ctx, from)
}

func cpuTime() time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
