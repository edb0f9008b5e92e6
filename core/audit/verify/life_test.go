package verify_test

import (
	"context"
	"encoding/hex"
	"errors"
	"go/parser"
	"go/token"
	"iter"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pado/core/audit"
	"pado/core/audit/verify"
)

func hexOf(b []byte) string { return hex.EncodeToString(b) }

// TestErasedSalts: a salt may go if an entry says so; the leaf still verifies, its body is no longer proven.
func TestErasedSalts(t *testing.T) {
	c := found(t, 4)
	c.work(t, 20)
	c.write(t, audit.Erasure([]int64{3, 6, 7, 8}))
	for _, n := range []int64{3, 6, 7} {
		c.rows[n].Salt = nil
	}
	c.rows[8].Salt, c.rows[8].Body = []byte{}, []byte{} // as a database may give back what was emptied
	c.work(t, 5)
	rep := run(t, c.show(t), c.options(t))
	if !rep.OK || rep.Erased != 4 || rep.Bodies != int64(len(c.rows))-4 {
		t.Errorf("%+v", rep)
	}
	for _, n := range []int64{2, 5, 9, 15} { // without an entry
		for _, whole := range []bool{true, false} {
			s := c.show(t)
			s.rows[n].Salt = nil
			if whole {
				s.rows[n].Body = nil
			}
			wants(t, run(t, s, c.options(t)), verify.KindMissing, n)
		}
	}
	s := c.show(t) // an erasure that is itself gone explains nothing
	s.rows[21].Salt = nil
	wants(t, run(t, s, c.options(t)), verify.KindMissing, 3)
}

// TestRotatedKeys: an auditor who holds the first keys follows the rotations; one who holds the last ones, too.
func TestRotatedKeys(t *testing.T) {
	c := found(t, 5)
	c.work(t, 10)
	first := c.options(t)
	early := c.show(t)
	rotate := func(next audit.Keys) {
		e, err := audit.Rotation(c.keys.Signers(), next.Signers(), c.head)
		if err != nil {
			t.Fatal(err)
		}
		c.work(t, 3) // the statement is older than the leaf
		e.Actor = "p9"
		c.write(t, e)
		c.keys = next
	}
	rotate(generate(t, 51))
	middle := c.options(t)
	old := c.show(t)
	c.work(t, 10)
	half := generate(t, 51)
	half.Ed25519 = generate(t, 52).Ed25519 // only one of the two changes
	rotate(half)
	c.work(t, 5)
	s := c.show(t)
	for name, opt := range map[string]verify.Options{"first": first, "middle": middle, "last": c.options(t), "none": {}} {
		for since, note := range map[string][]byte{"nothing": nil, "before": early.ed, "between": old.ed, "between, SM": old.sm} {
			opt.Since = note
			if rep := run(t, s, opt); !rep.OK || rep.Rotations != 2 || (rep.Since == 0) != (note == nil) {
				t.Errorf("holding the %s keys, kept %s: %+v", name, since, rep)
			}
		}
	}
	// Without the bodies nobody sees the rotation, and the new key is a stranger to the first one's holder.
	wants(t, run(t, plain{s}, first), verify.KindKey, -1)
	if rep := run(t, plain{s}, c.options(t)); !rep.OK {
		t.Errorf("%+v", rep)
	}
	// The old keys no longer count.
	stale := *c
	stale.keys = generate(t, 5)
	wants(t, run(t, stale.show(t), first), verify.KindKey, -1)
	// A rotation that stands on another history, and one that leaves out the key in force.
	other := found(t, 5)
	other.work(t, 9)
	other.write(t, audit.Entry{Type: "case.step", Actor: "other"})
	e, err := audit.Rotation(generate(t, 5).Signers(), generate(t, 51).Signers(), other.head)
	if err != nil {
		t.Fatal(err)
	}
	c = found(t, 5)
	c.work(t, 20)
	at := c.write(t, e)
	c.keys = generate(t, 51)
	wants(t, run(t, c.show(t), first), verify.KindRotation, at)
	// The keys of before sign once more, over the true history.
	c = found(t, 5)
	c.work(t, 20)
	good, err := audit.Rotation(c.keys.Signers(), generate(t, 51).Signers(), c.head)
	if err != nil {
		t.Fatal(err)
	}
	c.write(t, good)
	if e, err = audit.Rotation(c.keys.Signers(), generate(t, 53).Signers(), c.head); err != nil {
		t.Fatal(err)
	}
	c.keys = generate(t, 51)
	at = c.write(t, e)
	wants(t, run(t, c.show(t), first), verify.KindRotation, at)
}

// TestForgedRotation: each of the four signatures counts, and so does each word that was signed.
func TestForgedRotation(t *testing.T) {
	c := found(t, 5)
	c.work(t, 9)
	good, err := audit.Rotation(c.keys.Signers(), generate(t, 51).Signers(), c.head)
	if err != nil {
		t.Fatal(err)
	}
	bad, err := audit.Rotation(generate(t, 60).Signers(), generate(t, 61).Signers(), c.head)
	if err != nil {
		t.Fatal(err)
	}
	opt := c.options(t)
	for name := range good.Detail {
		if name == "origin" || strings.HasPrefix(name, "root") || name == "at" {
			continue
		}
		c := found(t, 5)
		c.work(t, 9)
		e := good
		e.Detail = maps.Clone(good.Detail)
		e.Detail[name] = bad.Detail[name]
		at := c.write(t, e)
		rep := run(t, c.show(t), opt)
		if rep.Rotations != 0 {
			t.Errorf("%s is another's, and yet the keys changed", name)
		}
		wants(t, rep, verify.KindRotation, at)
	}
}

// fickle shows other leaves when it is asked a second time.
type fickle struct {
	lean
	asked int
}

func (f *fickle) Entries(ctx context.Context, from int64) iter.Seq2[verify.Row, error] {
	if f.asked++; f.asked == 2 {
		f.leaves = slices.Clone(f.leaves)
		f.leaves[20] = altered(f.leaves[20])
	}
	return f.lean.Entries(ctx, from)
}

// TestFickleSource: the root at an older size needs a second look at the leaves; they must be the same.
func TestFickleSource(t *testing.T) {
	l, opt := newLean(t, 4200)
	short, _ := newLean(t, 100)
	opt.Since = short.ed
	if rep := run(t, l, opt); !rep.OK || rep.Since != 100 {
		t.Fatalf("%+v", rep)
	}
	if rep, err := verify.Verify(t.Context(), &fickle{lean: *l}, opt); err == nil {
		t.Errorf("%+v", rep)
	}
}

// living signs a new pair between the reading of the one note and the other.
type living struct {
	*shown
	before []byte
}

func (l *living) Checkpoint() ([]byte, error) {
	if b := l.before; b != nil {
		l.before = nil
		return b, nil
	}
	return l.shown.Checkpoint()
}

func TestLivingLog(t *testing.T) {
	c := found(t, 6)
	c.work(t, 20)
	before := c.show(t).ed
	c.work(t, 20)
	if rep := run(t, &living{c.show(t), before}, c.options(t)); !rep.OK || rep.Size != 41 {
		t.Errorf("%+v", rep)
	}
}

// TestDamagedNodes: nodes from which proofs are served are checked one by one.
func TestDamagedNodes(t *testing.T) {
	c := found(t, 6)
	c.work(t, 600)
	opt := c.options(t)
	for key := range c.nodes {
		if key[1]%37 != 0 {
			continue
		}
		for tree := range 2 {
			s := c.show(t)
			if tree == 0 {
				s.nodes[key].SHA256[5] ^= 1
			} else {
				s.nodes[key].SM3[5] ^= 1
			}
			wants(t, run(t, s, opt), verify.KindNode, key[1]<<key[0])
		}
		s := c.show(t)
		delete(s.nodes, key)
		wants(t, run(t, s, opt), verify.KindNode, key[1]<<key[0])
	}
	// A leaf and the nodes above it changed together: the signed root still tells, and how far the nodes can be believed.
	s := c.show(t)
	s.rows[70].Public = altered(s.rows[70].Public)
	s.nodes[[2]int64{0, 70}].SHA256[0] ^= 1
	rep := run(t, s, opt)
	if rep.OK || rep.FirstBad != 70 {
		t.Errorf("%+v", rep)
	}
	s.bodies = false
	for i := range s.rows {
		s.rows[i].Body = nil
	}
	rep = run(t, s, opt)
	i := slices.IndexFunc(rep.Findings, func(f verify.Finding) bool { return f.Kind == verify.KindAltered })
	if i < 0 || rep.Findings[i].Index > 70 || rep.Findings[i].Last < 70 || rep.Findings[i].Last-rep.Findings[i].Index > 1 {
		t.Errorf("%+v", rep.Findings)
	}
}

// TestMisleadingNodes: an edit hidden behind a stored hash that points elsewhere. Nodes that do not hash to what is
// above them are not believed, so no innocent leaf is named.
func TestMisleadingNodes(t *testing.T) {
	c := found(t, 6)
	c.work(t, 299)
	for _, step := range []int{1, 8} {
		s := c.show(t)
		s.step = step
		s.rows[70].Public = altered(s.rows[70].Public)
		s.nodes[[2]int64{0, 64}].SHA256[0] ^= 1
		s.bodies = false
		for i := range s.rows {
			s.rows[i].Body = nil
		}
		rep := run(t, s, c.options(t))
		i := slices.IndexFunc(rep.Findings, func(f verify.Finding) bool { return f.Kind == verify.KindAltered })
		if i < 0 || rep.Findings[i].Index > 70 || rep.Findings[i].Last < 70 || (step == 8 && rep.Findings[i].Last == rep.Findings[i].Index) {
			t.Errorf("step %d: %+v", step, rep.Findings)
		}
	}
}

// budget is a hook that adds up what records say was spent.
type budget struct {
	left  int
	seen  []int64
	after error
}

func (b *budget) Name() string { return "budget" }
func (b *budget) Done() error  { return b.after }
func (b *budget) Replay(r verify.Record) error {
	b.seen = append(b.seen, r.Seq)
	if r.Type != "sandbox.intent" || !r.Proven {
		return nil
	}
	if b.left--; b.left < 0 {
		return &verify.Problem{Message: "隐私预算已超支。"}
	}
	return nil
}

func TestHooks(t *testing.T) {
	c := found(t, 7)
	c.work(t, 50)
	opt := c.options(t)
	b := &budget{left: 10}
	opt.Hooks = []verify.Hook{b}
	if rep := run(t, c.show(t), opt); !rep.OK || len(b.seen) != 51 || !slices.IsSorted(b.seen) || b.left != 0 {
		t.Errorf("%+v, saw %v", rep, b.seen)
	}
	b = &budget{left: 4}
	opt.Hooks = []verify.Hook{b}
	rep := run(t, c.show(t), opt)
	wants(t, rep, "replay:budget", 23)
	if !strings.Contains(rep.Message, "预算") {
		t.Error(rep.Message)
	}
	b = &budget{left: 100, after: errors.New("secret detail of an engine")}
	opt.Hooks = []verify.Hook{b}
	rep = run(t, c.show(t), opt)
	wants(t, rep, "replay:budget", -1)
	if strings.Contains(rep.Message, "secret") {
		t.Error("an internal error is shown")
	}
}

// TestManyFindings: a ruined log gives a bounded report that still names the first bad leaf.
func TestManyFindings(t *testing.T) {
	c := found(t, 8)
	c.work(t, 900)
	s := c.show(t)
	for i := 100; i < 900; i++ {
		s.rows[i].Body[3] ^= 1
	}
	rep := run(t, s, c.options(t))
	wants(t, rep, verify.KindBody, 100)
	if len(rep.Findings) > 210 || rep.More == 0 {
		t.Errorf("%d findings and %d more", len(rep.Findings), rep.More)
	}
}

// TestSharesNoCode: nothing of the platform is compiled into the verifier.
func TestSharesNoCode(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		ast, err := parser.ParseFile(token.NewFileSet(), f.Name(), nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, imp := range ast.Imports {
			path, _ := strconv.Unquote(imp.Path.Value)
			switch {
			case strings.HasPrefix(path, "pado/"):
				t.Errorf("%s imports %s: the verifier stands on FORMAT.md alone", f.Name(), path)
			case strings.HasPrefix(path, "golang.org/x/mod"):
				t.Errorf("%s imports %s, which the writer uses for notes", f.Name(), path)
			case path == "database/sql" || path == "os" || path == "time.Now":
				t.Errorf("%s imports %s: sources bring the bytes", f.Name(), path)
			case path == "net/http" && f.Name() != "url.go":
				t.Errorf("%s speaks HTTP; only the URL source may", f.Name())
			}
		}
	}
}
