package verify

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
)

// ErrNoCheckpoint is returned by a Source that has none yet.
var ErrNoCheckpoint = errors.New("verify: no checkpoint has been signed")

// Options of a verification.
type Options struct {
	// Since is an older checkpoint of either kind that the auditor kept, as signed. The log must extend it.
	Since []byte
	// Ed25519Key and SM2Key are note verifier keys the auditor got from elsewhere: the log's present ones or older
	// ones that its rotations lead on from. Without them the log vouches for itself, and the report says so.
	Ed25519Key, SM2Key string
	Hooks              []Hook
}

// Verify rebuilds both trees from the leaves of src and checks everything FORMAT.md promises: form, numbering, time,
// bodies against leaves, releases against intents, refusals, erasures, key changes, both signatures and roots, the
// kept checkpoint, and the stored nodes where src shows them.
//
// What is wrong with the log is in the Report. The error says that the verification could not be carried out: the
// source failed, changed while it was read, ctx ended, or an option is unusable; the Report is then worthless.
func Verify(ctx context.Context, src Source, opt Options) (Report, error) {
	rep := Report{FirstBad: -1}
	pinned, err := pinnedKeys(opt)
	if err != nil {
		return rep, err
	}
	rep.KeysPinned = pinned.ed != nil && pinned.sm != nil
	notes, err := readNotes(src)
	if err != nil {
		return rep, err
	}
	r := &replay{report: &rep, hooks: opt.Hooks, intents: map[int64]intent{}}
	f, err := rebuild(ctx, src, r.leaf)
	if err != nil {
		return rep, err
	}
	rep.Leaves = f.size
	bodies, _ := src.(BodySource)
	r.finish(bodies != nil && bodies.HoldsBodies())
	chain := r.chain(pinned)
	c := check{ctx: ctx, src: src, rep: &rep, f: f, chain: chain}
	if r.genesis != nil {
		c.origin = r.genesis.Detail["origin"]
	}
	for _, t := range r.turns {
		if err := c.rotation(t); err != nil {
			return rep, err
		}
	}
	if err := c.heads(notes, opt.Since); err != nil {
		return rep, err
	}
	if nodes, ok := src.(NodeSource); ok && !c.broken {
		if err := checkNodes(ctx, nodes, f, &rep); err != nil {
			return rep, err
		}
	}
	rep.conclude()
	if rep.OK && !rep.KeysPinned {
		rep.Message += "（未提供全部公钥，签名只能证明日志前后自洽。）"
	}
	return rep, nil
}

func pinnedKeys(opt Options) (keys keyPair, err error) {
	if opt.Ed25519Key != "" {
		if keys.ed, err = parseKey(opt.Ed25519Key); err != nil || keys.ed.ed == nil {
			return keys, fmt.Errorf("%w: Ed25519", errVKey)
		}
	}
	if opt.SM2Key != "" {
		if keys.sm, err = parseKey(opt.SM2Key); err != nil || keys.sm.sm2 == nil {
			return keys, fmt.Errorf("%w: SM2", errVKey)
		}
	}
	if keys.ed != nil && keys.sm != nil && keys.ed.origin() != keys.sm.origin() {
		return keys, fmt.Errorf("%w: the two keys are of different logs", errVKey)
	}
	return keys, nil
}

// readNotes reads both checkpoints before the leaves, so that the leaves read are at least those they count. A log that
// lives may sign between the two; a pair that stays uneven is for heads to judge.
func readNotes(src Source) (notes [2][]byte, err error) {
	for range pairAttempts {
		var sizes [2]int64
		for i, get := range []func() ([]byte, error){src.Checkpoint, src.CheckpointSM} {
			if notes[i], err = get(); err != nil && !errors.Is(err, ErrNoCheckpoint) {
				return notes, fmt.Errorf("verify: read checkpoint: %w", err)
			}
			sizes[i] = statedSize(notes[i])
		}
		if sizes[0] == sizes[1] {
			break
		}
	}
	return notes, nil
}

const pairAttempts = 5

// statedSize is the size a note claims, unverified; 0 when it cannot be read.
func statedSize(note []byte) int64 {
	n, err := parseNote(note)
	if err != nil {
		return 0
	}
	cp, err := n.statement()
	if err != nil {
		return 0
	}
	return cp.size
}

// check compares what was signed with what was recomputed.
type check struct {
	ctx    context.Context
	src    Source
	rep    *Report
	f      *forest
	chain  keyChain
	origin string // as the genesis leaf has it; empty when that is not shown
	broken bool   // the leaves are not those that were signed; nodes are not worth checking
}

// open reads one note and checks its signature; a finding is added when it is no good.
func (c *check) open(note []byte, what string, sm bool) *checkpoint {
	if len(note) == 0 {
		c.rep.add(KindCheckpoint, -1, "没有%s。", what)
		return nil
	}
	n, err := parseNote(note)
	var cp checkpoint
	if err == nil {
		cp, err = n.statement()
	}
	if err != nil || cp.sm != sm {
		c.rep.add(KindCheckpoint, -1, "%s无法读取。", what)
		return nil
	}
	key := c.chain.at(cp.size).of(sm)
	if key == nil {
		c.rep.add(KindKey, -1, "没有可用来核验%s的公钥。", what)
		return nil
	}
	switch err := n.signedBy(key); {
	case errors.Is(err, errKey), err == nil && cp.origin != key.origin():
		c.rep.add(KindKey, -1, "%s不是由应当签署它的密钥签署的。", what)
		return nil
	case err != nil:
		c.rep.add(KindSignature, -1, "%s的签名无效。", what)
		return nil
	}
	return &cp
}

func (c *check) heads(notes [2][]byte, since []byte) error {
	ed := c.open(notes[0], "检查点", false)
	sm := c.open(notes[1], "国密检查点", true)
	head := ed
	if head == nil {
		head = sm
	}
	if ed != nil && sm != nil && (ed.size != sm.size || ed.origin != sm.origin || ed.root.sha != sm.root.sha) {
		c.rep.add(KindTwoHeads, -1, "两份检查点所述不一：一份 %d 条，一份 %d 条。", ed.size, sm.size)
		if sm.size > ed.size {
			head = sm
		}
	}
	kept, err := c.since(since, head)
	if err != nil {
		return err
	}
	if head == nil {
		c.broken = true
		return nil
	}
	rep := c.rep
	rep.Origin, rep.Size = head.origin, head.size
	if c.origin != "" && c.origin != head.origin {
		rep.add(KindGenesis, 0, "创始记录所写的日志名称与检查点不同。")
	}
	rep.Unsigned = max(0, c.f.size-head.size)
	root, err := c.f.rootAt(c.ctx, min(head.size, c.f.size))
	if err != nil {
		return err
	}
	rep.RootSHA256, rep.RootSM3 = hex.EncodeToString(root.sha[:]), hex.EncodeToString(root.sm[:])
	short := c.f.size < head.size
	if short {
		c.broken = true
		rep.add(KindTruncated, c.f.size, "检查点计 %d 条，来源只有 %d 条：从第 %d 条起缺失。", head.size, c.f.size, c.f.size)
	}
	for _, cp := range []*checkpoint{ed, sm} {
		if cp == nil || cp.size > c.f.size && !short {
			continue
		}
		have := root
		if cp.size != head.size && cp.size <= c.f.size {
			if have, err = c.f.rootAt(c.ctx, cp.size); err != nil {
				return err
			}
		}
		tree := SHA256
		if !short && have.sha == cp.root.sha {
			if !cp.sm || have.sm == cp.root.sm {
				continue
			}
			tree = SM3
		}
		return c.altered(tree, cp, kept, short)
	}
	return nil
}

// altered names the leaf that is not what was signed, as exactly as the source allows.
func (c *check) altered(t Tree, cp *checkpoint, kept int64, short bool) error {
	c.broken = true
	first, last := kept, cp.size-1
	if nodes, ok := c.src.(NodeSource); ok {
		a, b, err := locate(c.ctx, nodes, t, c.f, cp.size, *cp.root.of(t))
		if err != nil {
			return err
		}
		first, last = max(first, a), b
	}
	switch {
	case short && (first >= c.f.size || first != last):
		// Nothing is known beyond what the truncation says.
	case first == last:
		c.rep.add(KindAltered, first, "第 %d 条不是签名时的那一条：被改动、删除、插入或调换。", first)
	default:
		c.rep.addSpan(KindAltered, first, last, "记录与已签名的 %s 根哈希不符：第 %d 条至第 %d 条之间有记录被改动、删除、插入或调换。", t, first, last)
	}
	return nil
}

// since checks the kept checkpoint and returns how many leaves it vouches for.
func (c *check) since(note []byte, head *checkpoint) (int64, error) {
	if len(note) == 0 {
		return 0, nil
	}
	n, err := parseNote(note)
	var cp checkpoint
	if err == nil {
		cp, err = n.statement()
	}
	if err != nil {
		c.rep.add(KindCheckpoint, -1, "审计方留存的检查点无法读取。")
		return 0, nil
	}
	kept := c.open(note, "审计方留存的检查点", cp.sm)
	if kept == nil {
		return 0, nil
	}
	if head != nil && head.origin != kept.origin {
		c.rep.add(KindForked, -1, "审计方留存的检查点属于另一部日志。")
		return 0, nil
	}
	if head != nil && kept.size > head.size {
		c.rep.add(KindStale, -1, "出示的检查点只计 %d 条，审计方留存的已有 %d 条：出示的是旧检查点。", head.size, kept.size)
	}
	if kept.size > c.f.size {
		c.broken = true
		c.rep.add(KindTruncated, c.f.size, "审计方留存的检查点计 %d 条，来源只有 %d 条：从第 %d 条起缺失。", kept.size, c.f.size, c.f.size)
		return 0, nil
	}
	root, err := c.f.rootAt(c.ctx, kept.size)
	if err != nil {
		return 0, err
	}
	if root.sha != kept.root.sha || (kept.sm && root.sm != kept.root.sm) {
		c.rep.addSpan(KindForked, 0, kept.size-1, "前 %d 条与审计方留存的检查点不符：出示的是另一段历史。", kept.size)
		return 0, nil
	}
	c.rep.Since = kept.size
	return kept.size, nil
}

// rotation checks that a change of keys speaks of this log's own past.
func (c *check) rotation(t turn) error {
	if t.at.size > c.f.size {
		return nil // the leaf itself lies beyond a gap that is already reported
	}
	root, err := c.f.rootAt(c.ctx, t.at.size)
	if err == nil && root != t.at.root {
		c.rep.add(KindRotation, t.leaf, "第 %d 条更换密钥的记录所依据的不是这部日志的历史。", t.leaf)
	}
	return err
}
