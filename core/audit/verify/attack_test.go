package verify_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"pado/core/audit"
	"pado/core/audit/verify"
)

func day(t testing.TB, n int) (*city, verify.Options) {
	t.Helper()
	c := found(t, 1)
	c.work(t, n-1)
	return c, c.options(t)
}

func TestSoundLog(t *testing.T) {
	// Around the sizes where chunks, tiles and peaks change shape.
	for _, n := range []int{1, 2, 3, 255, 256, 257, 4096, 4097, 8500} {
		c, opt := day(t, n)
		s := c.show(t)
		rep := run(t, s, opt)
		root256, rootSM3 := c.head.Roots()
		if !rep.OK || rep.FirstBad != -1 || rep.Size != int64(n) || rep.Leaves != int64(n) || rep.Bodies != int64(n) || rep.Hidden != 0 ||
			!rep.KeysPinned || rep.Nodes != int64(len(c.nodes)) || rep.Origin != origin || !strings.Contains(rep.Message, "完整") ||
			rep.RootSHA256 != hexOf(root256[:]) || rep.RootSM3 != hexOf(rootSM3[:]) {
			t.Fatalf("%d leaves: %+v", n, rep)
		}
		if rep := run(t, plain{s}, opt); !rep.OK || rep.Hidden != int64(n) || rep.Nodes != 0 {
			t.Fatalf("%d leaves, leaves only: %+v", n, rep)
		}
		if rep := run(t, s, verify.Options{}); !rep.OK || rep.KeysPinned || !strings.Contains(rep.Message, "未提供") {
			t.Fatalf("%d leaves, without keys: %+v", n, rep)
		}
	}
}

func TestEveryPrefixIsSound(t *testing.T) {
	c := found(t, 2)
	var kept [][]byte
	for n := range 40 {
		c.work(t, min(n, 1))
		s := c.show(t)
		kept = append(kept, s.ed, s.sm)
		for _, since := range kept {
			opt := c.options(t)
			opt.Since = since
			if rep := run(t, s, opt); !rep.OK || rep.Since == 0 {
				t.Fatalf("%d leaves since %s: %+v", n, since, rep)
			}
		}
	}
}

func TestEditedLeaf(t *testing.T) {
	c, opt := day(t, 5000)
	for _, at := range []int64{0, 1, 77, 4095, 4096, 4999} {
		s := c.show(t)
		s.rows[at].Public = altered(s.rows[at].Public)
		wants(t, run(t, plain{s}, opt), verify.KindAltered, 0) // known to lie anywhere
		rep := run(t, s, opt)                                  // the body no longer fits either
		if rep.FirstBad != at || !slices.ContainsFunc(rep.Findings, func(f verify.Finding) bool { return f.Kind == verify.KindAltered && f.Index == at && f.Last == at }) {
			t.Errorf("edited at %d: %+v", at, rep)
		}
		s.step = 8 // tiles suffice to find it
		for i := range s.rows {
			s.rows[i].Body = nil
		}
		s.bodies = false
		wants(t, run(t, s, opt), verify.KindAltered, at)
	}
	// The form is broken as well.
	s := c.show(t)
	s.rows[9].Public = append(s.rows[9].Public, ' ')
	wants(t, run(t, plain{s}, opt), verify.KindLeaf, 9)
	// An edit older than what the auditor kept, and one after it.
	for at, want := range map[int]int64{3: 0, 30: 20} {
		s := c.show(t)
		early := found(t, 1)
		early.work(t, 19)
		opt := opt
		opt.Since = early.show(t).ed
		s.rows[at].Public = altered(s.rows[at].Public)
		rep := run(t, plain{s}, opt)
		if rep.OK || rep.FirstBad != want {
			t.Errorf("edit at %d against a kept checkpoint of 20: %+v", at, rep)
		}
	}
}

// altered changes a leaf and keeps its form, so that only the hashes can tell.
func altered(leaf []byte) []byte {
	out := bytes.Clone(leaf)
	at := bytes.Index(out, []byte(`"sm3":"`)) + 7
	if out[at]++; out[at] < 'B' || out[at] > 'Z' {
		out[at] = 'A'
	}
	return out
}

func TestEditedBody(t *testing.T) {
	c, opt := day(t, 300)
	s := c.show(t)
	s.rows[41].Body = bytes.Replace(s.rows[41].Body, []byte(`"p7"`), []byte(`"p6"`), 1)
	if bytes.Equal(s.rows[41].Body, c.rows[41].Body) {
		t.Fatal("nothing was edited")
	}
	wants(t, run(t, s, opt), verify.KindBody, 41)
	s = c.show(t)
	s.rows[12].Salt[0] ^= 1
	wants(t, run(t, s, opt), verify.KindBody, 12)
	s = c.show(t)
	s.rows[5].Body, s.rows[5].Salt = s.rows[6].Body, s.rows[6].Salt
	wants(t, run(t, s, opt), verify.KindBody, 5)
}

func TestDroppedLeaf(t *testing.T) {
	c, opt := day(t, 5000)
	for _, at := range []int{0, 7, 4998} {
		s := c.show(t)
		s.rows = slices.Delete(s.rows, at, at+1)
		wants(t, run(t, s, opt), verify.KindGap, int64(at))
		// Renumbered, so that the gap does not show; the tiles tell.
		for i := range s.rows {
			s.rows[i].Seq = int64(i)
			s.rows[i].Body = nil
		}
		s.bodies = false
		if at > 0 {
			wants(t, run(t, s, opt), verify.KindAltered, int64(at))
		}
		kind := verify.KindTruncated // all an outsider can see: one leaf is missing somewhere
		if at == 0 {
			kind = verify.KindGenesis
		}
		wants(t, run(t, plain{s}, opt), kind, -2)
	}
}

func TestReorderedLeaves(t *testing.T) {
	c, opt := day(t, 600)
	s := c.show(t)
	s.rows[300], s.rows[301] = s.rows[301], s.rows[300]
	wants(t, run(t, s, opt), verify.KindGap, 300)
	s.rows[300].Seq, s.rows[301].Seq = 300, 301
	rep := run(t, s, opt)
	if rep.OK || rep.FirstBad != 300 {
		t.Errorf("%+v", rep)
	}
	s.bodies = false
	for i := range s.rows {
		s.rows[i].Body = nil
	}
	wants(t, run(t, s, opt), verify.KindAltered, 300)
}

func TestTruncation(t *testing.T) {
	c, opt := day(t, 600)
	s := c.show(t)
	s.rows = s.rows[:599]
	wants(t, run(t, s, opt), verify.KindTruncated, 599)
	wants(t, run(t, plain{s}, opt), verify.KindTruncated, 599)
	s.rows = nil
	wants(t, run(t, plain{s}, opt), verify.KindTruncated, 0)
	// Cut back together with checkpoint and nodes: only the auditor's own copy knows.
	short := found(t, 1)
	short.work(t, 500)
	late := c.show(t)
	cut := short.show(t)
	if rep := run(t, cut, opt); !rep.OK {
		t.Fatalf("a shorter log is no log: %+v", rep)
	}
	for _, since := range [][]byte{late.ed, late.sm} {
		opt := opt
		opt.Since = since
		rep := run(t, cut, opt)
		wants(t, rep, verify.KindTruncated, 501)
		if !slices.ContainsFunc(rep.Findings, func(f verify.Finding) bool { return f.Kind == verify.KindStale }) {
			t.Errorf("%+v", rep.Findings)
		}
	}
}

func TestForkedView(t *testing.T) {
	c, opt := day(t, 200)
	opt.Since = c.show(t).ed
	fork := found(t, 1)
	fork.work(t, 120)
	fork.write(t, audit.Entry{Type: "case.step", Actor: "p6", Action: "other history"})
	fork.work(t, 200)
	s := fork.show(t) // properly signed, properly numbered, another history
	wants(t, run(t, s, opt), verify.KindForked, 0)
	opt.Since = c.show(t).sm
	wants(t, run(t, s, opt), verify.KindForked, 0)
	// The same size, two roots.
	same := found(t, 1)
	same.work(t, 198)
	same.write(t, audit.Entry{Type: "case.step", Actor: "p6"})
	wants(t, run(t, same.show(t), opt), verify.KindForked, 0)
	// The two notes speak of different histories.
	s = c.show(t)
	s.sm = same.show(t).sm
	opt.Since = nil
	rep := run(t, s, opt)
	if rep.OK || !slices.ContainsFunc(rep.Findings, func(f verify.Finding) bool { return f.Kind == verify.KindTwoHeads }) {
		t.Errorf("%+v", rep)
	}
}

func TestReplayedCheckpoint(t *testing.T) {
	c, opt := day(t, 100)
	old := c.show(t)
	c.work(t, 60)
	kept := c.show(t)
	c.work(t, 10)
	s := c.show(t)
	s.ed, s.sm = old.ed, old.sm
	rep := run(t, s, opt)
	if !rep.OK || rep.Unsigned != 70 {
		t.Errorf("leaves beyond the checkpoint: %+v", rep)
	}
	opt.Since = kept.ed
	wants(t, run(t, s, opt), verify.KindStale, -1)
	opt.Since = nil
	s.ed = kept.ed // one new, one old
	wants(t, run(t, s, opt), verify.KindTwoHeads, -1)
}

func TestSwappedKey(t *testing.T) {
	c, opt := day(t, 50)
	thief := *c
	thief.keys = generate(t, 99)
	s := thief.show(t)
	wants(t, run(t, s, opt), verify.KindKey, -1)
	wants(t, run(t, s, verify.Options{}), verify.KindKey, -1) // the genesis leaf knows better, too
	// Same name and key id are claimed; the signature is the thief's.
	s = c.show(t)
	other := thief.show(t)
	i, j := bytes.LastIndexByte(s.ed, ' ')+1, bytes.LastIndexByte(other.ed, ' ')+1
	s.ed = append(slices.Clone(s.ed[:i+4]), other.ed[j+4:]...)
	rep := run(t, s, opt)
	if rep.OK || (rep.Kind != verify.KindSignature && rep.Kind != verify.KindKey) {
		t.Errorf("%+v", rep)
	}
	// A log of the thief's own, made well, shown to an auditor who has the true keys.
	own := found(t, 99)
	own.work(t, 30)
	rep = run(t, own.show(t), opt)
	wants(t, rep, verify.KindKey, -1)
	// One key only.
	s = c.show(t)
	s.sm = other.sm
	wants(t, run(t, s, opt), verify.KindKey, -1)
	s.sm = nil
	wants(t, run(t, s, opt), verify.KindCheckpoint, -1)
	s.sm, s.ed = c.show(t).sm, nil
	wants(t, run(t, s, opt), verify.KindCheckpoint, -1)
	s.ed = []byte("nothing\n")
	wants(t, run(t, s, opt), verify.KindCheckpoint, -1)
	s.ed, s.sm = c.show(t).sm, c.show(t).ed
	wants(t, run(t, s, opt), verify.KindCheckpoint, -1)
}

// TestWrongRoot: the log signs, with its own keys, a root that its leaves do not have, in one tree only.
func TestWrongRoot(t *testing.T) {
	c, opt := day(t, 45)
	edge := func(e [][]byte) [][]byte {
		e = slices.Clone(e)
		e[1] = bytes.Repeat([]byte{7}, 32)
		return e
	}
	for name, spoil := range map[string]func(*audit.Head){
		"SHA-256": func(h *audit.Head) { h.Edge256 = edge(h.Edge256) },
		"SM3":     func(h *audit.Head) { h.EdgeSM3 = edge(h.EdgeSM3) },
	} {
		bad := c.head
		spoil(&bad)
		ed, sm, err := c.keys.Signers().Checkpoints(bad)
		if err != nil {
			t.Fatal(err)
		}
		s := c.show(t)
		s.sm = sm
		if name == "SHA-256" {
			s.ed = ed
		}
		rep := run(t, s, opt)
		wants(t, rep, verify.KindAltered, 0)
		if !strings.Contains(rep.Message, name) {
			t.Errorf("%s: %s", name, rep.Message)
		}
		opt := opt
		opt.Since = sm // kept from before: the roots disagree there as well
		wants(t, run(t, c.show(t), opt), verify.KindForked, 0)
	}
}

// forge seals an entry the writer would refuse, by sealing a lawful one and exchanging the body.
func (c *city) forge(t testing.TB, e audit.Entry, edit func(string) string) int64 {
	t.Helper()
	s := c.seal(t, e)
	s.Body = []byte(edit(string(s.Body)))
	leaf, err := audit.Leaf(e.Coarse(), audit.BodyKey(s.Salt), s.Body)
	if err != nil {
		t.Fatal(err)
	}
	s.Public = leaf
	c.take(t, s)
	return s.Seq
}

func drop(part string) func(string) string {
	return func(s string) string { return strings.Replace(s, part, "", 1) }
}

func swap(old, now string) func(string) string {
	return func(s string) string { return strings.Replace(s, old, now, 1) }
}

// TestWrongRecords: logs that hash and sign well and yet record what cannot be.
func TestWrongRecords(t *testing.T) {
	release := func(intent, object string) audit.Entry {
		return audit.Entry{Type: "sandbox.release", Object: object, Detail: map[string]string{audit.DetailIntent: intent}}
	}
	step := audit.Entry{Type: "case.step", Actor: "p7"}
	refused := audit.Entry{Type: "case.step", Result: audit.Refused, Code: "X"}
	for name, c := range map[string]struct {
		kind string
		do   func(c *city) int64
	}{
		"release without intent": {verify.KindIntent, func(c *city) int64 {
			return c.forge(t, release("1", "job-1"), drop(`"detail":{"intent":"1"},`))
		}},
		"release of what is no intent": {verify.KindIntent, func(c *city) int64 { return c.write(t, release("1", "job-1")) }},
		"release of its own number": {verify.KindIntent, func(c *city) int64 {
			return c.forge(t, release("1", "job-1"), swap(`"intent":"1"`, `"intent":"12"`))
		}},
		"release of another object": {verify.KindIntent, func(c *city) int64 {
			c.write(t, audit.Entry{Type: "sandbox.intent", Object: "job-12"})
			return c.write(t, release("11", "job-13"))
		}},
		"release of another room": {verify.KindIntent, func(c *city) int64 {
			c.write(t, audit.Entry{Type: "product.intent", Object: "job-12"})
			return c.write(t, release("11", "job-12"))
		}},
		"two releases of one intent": {verify.KindIntent, func(c *city) int64 {
			c.write(t, audit.Entry{Type: "sandbox.intent", Object: "job-11"})
			c.write(t, release("11", "job-11"))
			return c.write(t, release("11", "job-11"))
		}},
		"release of a refused intent": {verify.KindIntent, func(c *city) int64 {
			c.write(t, audit.Entry{Type: "sandbox.intent", Object: "job-11", Result: audit.Refused, Code: "X"})
			return c.write(t, release("11", "job-11"))
		}},
		"refusal without code": {verify.KindRefusal, func(c *city) int64 { return c.forge(t, refused, drop(`"code":"X",`)) }},
		"done with a code":     {verify.KindRefusal, func(c *city) int64 { return c.forge(t, refused, swap(`"refused"`, `"done"`)) }},
		"an unknown result":    {verify.KindRefusal, func(c *city) int64 { return c.forge(t, step, swap(`"done"`, `"perhaps"`)) }},
		"time runs back": {verify.KindTime, func(c *city) int64 {
			return c.forge(t, step, swap(`"2026-03-01T01:00:11`, `"2026-03-01T01:00:09`))
		}},
		"a wrong number": {verify.KindGap, func(c *city) int64 { return c.forge(t, step, swap(`"seq":"11"`, `"seq":"12"`)) }},
		"a second genesis": {verify.KindGenesis, func(c *city) int64 {
			s := c.seal(t, step)
			s.Public = bytes.ReplaceAll(s.Public, []byte("case"), []byte("genesis"))
			s.Body = nil
			c.take(t, s)
			c.rows[s.Seq].Salt = nil
			return s.Seq
		}},
		"a body of another kind":  {verify.KindBodyForm, func(c *city) int64 { return c.forge(t, step, swap(`"case.step"`, `"ledger.post"`)) }},
		"an unknown field":        {verify.KindBodyForm, func(c *city) int64 { return c.forge(t, step, swap(`{`, `{"aa":"b",`)) }},
		"a field twice":           {verify.KindBodyForm, func(c *city) int64 { return c.forge(t, step, swap(`"actor":"p7"`, `"actor":"p7","actor":"p8"`)) }},
		"fields out of order":     {verify.KindBodyForm, func(c *city) int64 { return c.forge(t, step, swap(`{"actor":"p7",`, `{"org":"o","actor":"p7",`)) }},
		"a needless escape":       {verify.KindBodyForm, func(c *city) int64 { return c.forge(t, step, swap(`"p7"`, `"p\u0037"`)) }},
		"an upper-case escape":    {verify.KindBodyForm, func(c *city) int64 { return c.forge(t, step, swap(`"p7"`, `"p\u001F"`)) }},
		"a long form of newline":  {verify.KindBodyForm, func(c *city) int64 { return c.forge(t, step, swap(`"p7"`, `"p\u000a"`)) }},
		"a space":                 {verify.KindBodyForm, func(c *city) int64 { return c.forge(t, step, swap(`:"p7"`, `: "p7"`)) }},
		"an empty field":          {verify.KindBodyForm, func(c *city) int64 { return c.forge(t, step, swap(`"p7"`, `""`)) }},
		"an empty object":         {verify.KindBodyForm, func(c *city) int64 { return c.forge(t, step, swap(`"result"`, `"detail":{},"result"`)) }},
		"a number for a text":     {verify.KindBodyForm, func(c *city) int64 { return c.forge(t, step, swap(`"seq":"11"`, `"seq":11`)) }},
		"another body version":    {verify.KindBodyForm, func(c *city) int64 { return c.forge(t, step, swap(`body/1`, `body/9`)) }},
		"text after the body":     {verify.KindBodyForm, func(c *city) int64 { return c.forge(t, step, func(s string) string { return s + "\n" }) }},
		"a body that is not text": {verify.KindBodyForm, func(c *city) int64 { return c.forge(t, step, swap(`"p7"`, "\"p\xff\"")) }},
		"a comma in the time":     {verify.KindBodyForm, func(c *city) int64 { return c.forge(t, step, swap(`.000000Z`, `,000000Z`)) }},
		"an hour of one digit":    {verify.KindBodyForm, func(c *city) int64 { return c.forge(t, step, swap(`T01:`, `T1:`)) }},
		"a time in another zone":  {verify.KindBodyForm, func(c *city) int64 { return c.forge(t, step, swap(`000000Z"`, `000000+00:00"`)) }},
		"an erasure of itself":    {verify.KindBodyForm, func(c *city) int64 { return c.write(t, audit.Erasure([]int64{11})) }},
		"an erasure of nothing": {verify.KindBodyForm, func(c *city) int64 {
			return c.forge(t, audit.Erasure([]int64{3}), swap(`"erased":"3"`, `"erased":"03"`))
		}},
		"a rotation nobody signed": {verify.KindRotation, func(c *city) int64 {
			return c.write(t, audit.Entry{Type: audit.TypeRotation, Action: "rotate", Detail: map[string]string{"origin": origin}})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			log := found(t, 3)
			log.work(t, 10)
			at := c.do(log)
			log.work(t, 7)
			if name == "a second genesis" {
				s := log.show(t)
				s.bodies = false
				wants(t, run(t, s, log.options(t)), c.kind, at)
				return
			}
			wants(t, run(t, log.show(t), log.options(t)), c.kind, at)
		})
	}
}

func TestSourceTrouble(t *testing.T) {
	c, opt := day(t, 50)
	s := c.show(t)
	s.fail = errors.New("disk")
	if _, err := verify.Verify(t.Context(), s, opt); !errors.Is(err, s.fail) {
		t.Errorf("a failing source: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := verify.Verify(ctx, c.show(t), opt); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	for _, bad := range []verify.Options{{Ed25519Key: "x"}, {SM2Key: opt.Ed25519Key}, {Ed25519Key: opt.SM2Key}, {SM2Key: opt.SM2Key[:80]}} {
		if _, err := verify.Verify(t.Context(), c.show(t), bad); err == nil {
			t.Errorf("took %+v", bad)
		}
	}
}
