package verify_test

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"pado/core/audit"
	"pado/core/audit/verify"
)

const origin = "data.example.gov.cn/log"

var epoch = time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC)

func seeded(n byte) *rand.ChaCha8 { return rand.NewChaCha8([32]byte{n}) }

// city is a log being written in memory, with the keys that sign it at the moment.
type city struct {
	head  audit.Head
	rows  []verify.Row
	nodes map[[2]int64]verify.Hashes
	rnd   *rand.ChaCha8
	clock time.Time
	keys  audit.Keys
}

func generate(t testing.TB, seed byte) audit.Keys {
	t.Helper()
	k, err := audit.GenerateKeys(origin, seeded(seed))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func public(t testing.TB, k audit.Keys) audit.PublicKeys {
	t.Helper()
	p, err := k.Signers().Public()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// found begins a log: leaf 0 names its first keys.
func found(t testing.TB, seed byte) *city {
	t.Helper()
	c := &city{nodes: map[[2]int64]verify.Hashes{}, rnd: seeded(seed), clock: epoch, keys: generate(t, seed)}
	c.write(t, audit.Genesis(origin, public(t, c.keys), map[string]string{"city": "140600"}))
	return c
}

// seal makes the next leaf without taking it in.
func (c *city) seal(t testing.TB, e audit.Entry) audit.Sealed {
	t.Helper()
	s, err := audit.Seal(e, c.head.Size, c.clock, c.rnd)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// take stores a leaf however it was made: the forger's way in, too.
func (c *city) take(t testing.TB, s audit.Sealed) {
	t.Helper()
	nodes, err := c.head.Append(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range nodes {
		c.nodes[[2]int64{int64(n.Level), n.Index}] = verify.Hashes{SHA256: n.SHA256, SM3: n.SM3}
	}
	c.rows = append(c.rows, verify.Row{Seq: s.Seq, Public: s.Public, Body: s.Body, Salt: s.Salt})
	c.clock = c.clock.Add(time.Second)
}

func (c *city) write(t testing.TB, e audit.Entry) int64 {
	t.Helper()
	c.take(t, c.seal(t, e))
	return c.head.Size - 1
}

// work writes n leaves of an ordinary day.
func (c *city) work(t testing.TB, n int) {
	t.Helper()
	for i := 0; i < n; i++ {
		at := strconv.FormatInt(c.head.Size, 10)
		switch i % 5 {
		case 0:
			c.write(t, audit.Entry{Type: "case.step", Actor: "p7", Org: "o2", Object: "demand-" + at, Version: 1, Action: "submit",
				To: "review", Clause: "6.3.2", Rule: "demand.review@2026-01-01", Values: map[string]string{"subject": at}})
		case 1:
			c.write(t, audit.Entry{Type: "identity.login", Actor: "p8", Result: audit.Refused, Code: "BAD_PASSWORD"})
		case 2:
			c.write(t, audit.Entry{Type: "sandbox.intent", Actor: "p7", Object: "job-" + at, Action: "run"})
		case 3:
			c.write(t, audit.Entry{Type: "sandbox.release", Actor: "p7", Object: "job-" + strconv.FormatInt(c.head.Size-1, 10),
				Action: "release", Detail: map[string]string{audit.DetailIntent: strconv.FormatInt(c.head.Size-1, 10), "digest": "00"}})
		default:
			c.write(t, audit.Entry{Type: "audit.read", Actor: "p9", Detail: map[string]string{"意见": "查阅\n\"全部\""}})
		}
	}
}

// show signs the log as it is and copies what a directory would give.
func (c *city) show(t testing.TB) *shown {
	t.Helper()
	ed, sm, err := c.keys.Signers().Checkpoints(c.head)
	if err != nil {
		t.Fatal(err)
	}
	s := &shown{ed: ed, sm: sm, nodes: map[[2]int64]verify.Hashes{}, step: 1, bodies: true, size: c.head.Size}
	for _, r := range c.rows {
		s.rows = append(s.rows, verify.Row{Seq: r.Seq, Public: bytes.Clone(r.Public), Body: bytes.Clone(r.Body), Salt: bytes.Clone(r.Salt)})
	}
	for k, n := range c.nodes {
		s.nodes[k] = verify.Hashes{SHA256: bytes.Clone(n.SHA256), SM3: bytes.Clone(n.SM3)}
	}
	return s
}

// shown is a RowSource that tests may damage.
type shown struct {
	ed, sm []byte
	rows   []verify.Row
	nodes  map[[2]int64]verify.Hashes
	step   int
	bodies bool
	size   int64
	fail   error // yielded after the last row
}

func (s *shown) note(b []byte) ([]byte, error) {
	if b == nil {
		return nil, verify.ErrNoCheckpoint
	}
	return b, nil
}
func (s *shown) Checkpoint() ([]byte, error)   { return s.note(s.ed) }
func (s *shown) CheckpointSM() ([]byte, error) { return s.note(s.sm) }
func (s *shown) HoldsBodies() bool             { return s.bodies }
func (s *shown) Step() int                     { return s.step }

func (s *shown) Entries(_ context.Context, from int64) iter.Seq2[verify.Row, error] {
	return func(yield func(verify.Row, error) bool) {
		for _, r := range s.rows[min(from, int64(len(s.rows))):] {
			if !yield(r, nil) {
				return
			}
		}
		if s.fail != nil {
			yield(verify.Row{}, s.fail)
		}
	}
}

func (s *shown) Nodes(_ context.Context, level int, from int64, n int) ([]verify.Hashes, error) {
	var out []verify.Hashes
	for i := range int64(n) {
		h, ok := s.nodes[[2]int64{int64(level), from + i}]
		if !ok {
			break
		}
		out = append(out, h)
	}
	return out, nil
}

// plain hides the nodes and bodies of a source: what an outsider without tiles sees.
type plain struct{ s *shown }

func (p plain) Checkpoint() ([]byte, error)   { return p.s.Checkpoint() }
func (p plain) CheckpointSM() ([]byte, error) { return p.s.CheckpointSM() }
func (p plain) Entries(ctx context.Context, from int64) iter.Seq2[verify.Row, error] {
	return func(yield func(verify.Row, error) bool) {
		for r, err := range p.s.Entries(ctx, from) {
			if !yield(verify.Row{Seq: r.Seq, Public: r.Public}, err) {
				return
			}
		}
	}
}

func (c *city) options(t testing.TB) verify.Options {
	p := public(t, c.keys)
	return verify.Options{Ed25519Key: p.Ed25519, SM2Key: p.SM2}
}

func run(t testing.TB, src verify.Source, opt verify.Options) verify.Report {
	t.Helper()
	rep, err := verify.Verify(t.Context(), src, opt)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

// wants checks the verdict; index -2 does not care which leaf.
func wants(t testing.TB, rep verify.Report, kind string, index int64) {
	t.Helper()
	if rep.OK || rep.Kind != kind || (index != -2 && rep.FirstBad != index) || rep.Message == "" {
		t.Errorf("want %s at %d, got %s at %d: %s\n%+v", kind, index, rep.Kind, rep.FirstBad, rep.Message, rep.Findings)
	}
	if !slices.ContainsFunc(rep.Findings, func(f verify.Finding) bool { return f.Kind == kind && f.Clause != "" }) {
		t.Errorf("no finding %s among %+v", kind, rep.Findings)
	}
}

// lean is a source of leaves alone, made ahead of the measurement.
type lean struct {
	ed, sm []byte
	leaves [][]byte
}

func (l *lean) Checkpoint() ([]byte, error)   { return l.ed, nil }
func (l *lean) CheckpointSM() ([]byte, error) { return l.sm, nil }
func (l *lean) Entries(_ context.Context, from int64) iter.Seq2[verify.Row, error] {
	return func(yield func(verify.Row, error) bool) {
		for i := from; i < int64(len(l.leaves)); i++ {
			if !yield(verify.Row{Seq: i, Public: l.leaves[i]}, nil) {
				return
			}
		}
	}
}

func newLean(b testing.TB, n int) (*lean, verify.Options) {
	keys := generate(b, 1)
	l := &lean{leaves: make([][]byte, n)}
	for i := range l.leaves {
		coarse := "case"
		if i == 0 {
			coarse = "genesis"
		}
		leaf, err := audit.Leaf(coarse, []byte("key"), fmt.Append(nil, i))
		if err != nil {
			b.Fatal(err)
		}
		l.leaves[i] = leaf
	}
	var h audit.Head
	for i, leaf := range l.leaves {
		if _, err := h.Append(audit.Sealed{Seq: int64(i), Public: leaf}); err != nil {
			b.Fatal(err)
		}
	}
	var err error
	if l.ed, l.sm, err = keys.Signers().Checkpoints(h); err != nil {
		b.Fatal(err)
	}
	p := public(b, keys)
	return l, verify.Options{Ed25519Key: p.Ed25519, SM2Key: p.SM2}
}
