package audit_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/bits"
	"testing"
	"time"

	"pado/core/audit"
	"pado/core/audit/verify"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

// oracle is the same leaves in golang.org/x/mod's tree.
type oracle []tlog.Hash

func (o oracle) ReadHashes(at []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(at))
	for i, n := range at {
		out[i] = o[n]
	}
	return out, nil
}

func newOracle(t testing.TB, rows []audit.Sealed) oracle {
	t.Helper()
	var o oracle
	for i, s := range rows {
		hashes, err := tlog.StoredHashes(int64(i), s.Public, o)
		if err != nil {
			t.Fatal(err)
		}
		o = append(o, hashes...)
	}
	return o
}

// textbook is RFC 6962 §2.1 read aloud: slow, recursive, over whichever hash.
func textbook(tree audit.Tree, leaves [][]byte) []byte {
	switch len(leaves) {
	case 0:
		return tree.EmptyRoot()
	case 1:
		return tree.LeafHash(leaves[0])
	}
	k := 1 << (bits.Len(uint(len(leaves)-1)) - 1)
	return tree.NodeHash(textbook(tree, leaves[:k]), textbook(tree, leaves[k:]))
}

func raw(hashes []tlog.Hash) [][]byte {
	var out [][]byte
	for _, h := range hashes {
		out = append(out, h[:])
	}
	return out
}

func equal(a, b [][]byte) bool {
	return len(a) == len(b) && bytes.Equal(bytes.Join(a, nil), bytes.Join(b, nil))
}

// TestTreesAgree: roots, stored nodes and every proof agree with x/mod's tree and with the textbook, and the
// verifier's own checks accept them.
func TestTreesAgree(t *testing.T) {
	m := newMemory(3)
	m.fill(t, 700)
	o := newOracle(t, m.rows)
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Int64Range(1, int64(len(m.rows))).Draw(t, "size")
		index := rapid.Int64Range(0, size-1).Draw(t, "index")
		old := rapid.Int64Range(1, size).Draw(t, "old")
		leaves, _ := m.Leaves(0, int(size))
		want, err := tlog.TreeHash(size, o)
		if err != nil {
			t.Fatal(err)
		}
		head := m.head
		if size < head.Size {
			head = m.heads[size]
		}
		root256, rootSM3 := head.Roots()
		if tlog.Hash(root256) != want || !bytes.Equal(rootSM3[:], textbook(audit.SM3, leaves)) {
			t.Fatalf("roots of %d leaves differ", size)
		}
		for tree, root := range map[audit.Tree][]byte{audit.SHA256: root256[:], audit.SM3: rootSM3[:]} {
			again, err := audit.RootAt(m, tree, size)
			if err != nil || !bytes.Equal(again, root) {
				t.Fatalf("%s root at %d: %x, %v", tree, size, again, err)
			}
			path, err := audit.Inclusion(m, tree, index, size)
			if err != nil {
				t.Fatal(err)
			}
			proof, err := audit.Consistency(m, tree, old, size)
			if err != nil {
				t.Fatal(err)
			}
			if tree == audit.SHA256 {
				p1, err1 := tlog.ProveRecord(size, index, o)
				p2, err2 := tlog.ProveTree(size, old, o)
				if err1 != nil || err2 != nil || !equal(path, raw(p1)) || !equal(proof, raw(p2)) {
					t.Fatalf("proofs of %d, %d in %d differ from the oracle's", index, old, size)
				}
			}
			oldRoot, err := audit.RootAt(m, tree, old)
			if err != nil {
				t.Fatal(err)
			}
			vt := verify.Tree(tree)
			leafHash := tree.LeafHash(m.rows[index].Public)
			if err := verify.CheckInclusion(vt, leafHash, uint64(index), uint64(size), path, root); err != nil {
				t.Fatalf("%s inclusion of %d in %d: %v", tree, index, size, err)
			}
			if err := verify.CheckConsistency(vt, uint64(old), uint64(size), proof, oldRoot, root); err != nil {
				t.Fatalf("%s consistency of %d in %d: %v", tree, old, size, err)
			}
			if verify.CheckInclusion(vt, leafHash, uint64(index)+1, uint64(size), path, root) == nil {
				t.Fatal("inclusion holds for the neighbour too")
			}
			for i := range path {
				path[i] = bytes.Clone(path[i])
				path[i][rapid.IntRange(0, 31).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
				if verify.CheckInclusion(vt, leafHash, uint64(index), uint64(size), path, root) == nil {
					t.Fatal("a damaged path holds")
				}
			}
		}
	})
}

// TestStoredNodes: the nodes Append hands out are x/mod's stored hashes, in its order.
func TestStoredNodes(t *testing.T) {
	m := newMemory(4)
	m.fill(t, 300)
	o := newOracle(t, m.rows)
	for key, n := range m.nodes {
		if at := tlog.StoredHashIndex(int(key[0]), key[1]); !bytes.Equal(o[at][:], n.SHA256) {
			t.Errorf("node %v differs", key)
		}
	}
	if len(o) != len(m.nodes) {
		t.Errorf("%d nodes, the oracle has %d", len(m.nodes), len(o))
	}
}

func TestAppendRefuses(t *testing.T) {
	m := newMemory(5)
	m.fill(t, 5)
	before, _ := m.head.MarshalBinary()
	good, err := audit.Seal(audit.Entry{Type: "case.step"}, 5, epoch.Add(time.Hour), m.rnd)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		edit func(*audit.Sealed)
		is   error
	}{
		"a leaf left out":    {func(s *audit.Sealed) { s.Seq++ }, audit.ErrOutOfOrder},
		"a leaf again":       {func(s *audit.Sealed) { s.Seq-- }, audit.ErrOutOfOrder},
		"time runs back":     {func(s *audit.Sealed) { s.Time = epoch }, audit.ErrTimeBackward},
		"nothing public":     {func(s *audit.Sealed) { s.Public = nil }, nil},
		"too much for a u16": {func(s *audit.Sealed) { s.Public = make([]byte, 1<<16) }, nil},
	} {
		s := good
		c.edit(&s)
		nodes, err := m.head.Append(s)
		if err == nil || nodes != nil || (c.is != nil && !errors.Is(err, c.is)) {
			t.Errorf("%s: %v", name, err)
		}
		if after, _ := m.head.MarshalBinary(); !bytes.Equal(before, after) {
			t.Fatalf("%s moved the head", name)
		}
	}
	broken := m.head
	broken.Edge256 = broken.Edge256[1:]
	if _, err := broken.Append(good); err == nil {
		t.Error("appended to a damaged head")
	}
}

// TestHeadIsAValue: a rolled-back append leaves the copy it started from intact, whatever came after.
func TestHeadIsAValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h audit.Head
		h.Size = rapid.Int64Range(1, 1<<40).Draw(t, "size")
		for range bits.OnesCount64(uint64(h.Size)) {
			h.Edge256 = append(h.Edge256, bytes.Repeat([]byte{1}, 32))
			h.EdgeSM3 = append(h.EdgeSM3, bytes.Repeat([]byte{2}, 32))
		}
		before, err := h.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3 { // three transactions start from one head; two roll back
			c := h
			for n := range int64(5) {
				if _, err := c.Append(audit.Sealed{Seq: h.Size + n, Time: epoch, Public: []byte{byte(i), byte(n)}}); err != nil {
					t.Fatal(err)
				}
			}
		}
		if after, _ := h.MarshalBinary(); !bytes.Equal(before, after) {
			t.Fatal("an append on a copy changed the original")
		}
	})
}

func TestHeadEncodings(t *testing.T) {
	m := newMemory(6)
	for size := range 70 {
		m.fill(t, size)
		b, err := m.head.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		var back, viaJSON audit.Head
		if err := back.UnmarshalBinary(b); err != nil {
			t.Fatal(err)
		}
		j, err := json.Marshal(m.head)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(j, &viaJSON); err != nil {
			t.Fatal(err)
		}
		for _, h := range []audit.Head{back, viaJSON} {
			a1, b1 := h.Roots()
			a2, b2 := m.head.Roots()
			if h.Size != m.head.Size || !h.Time.Equal(m.head.Time) || h.Time.IsZero() != (size == 0) || a1 != a2 || b1 != b2 {
				t.Fatalf("head of %d leaves came back as %+v", size, h)
			}
		}
		for _, bad := range [][]byte{b[:len(b)-1], append(bytes.Clone(b), 0), nil} {
			if err := back.UnmarshalBinary(bad); err == nil {
				t.Fatal("a damaged head was read")
			}
		}
	}
}

func FuzzHead(f *testing.F) {
	m := newMemory(7)
	m.fill(f, 11)
	b, _ := m.head.MarshalBinary()
	f.Add(b)
	f.Fuzz(func(t *testing.T, data []byte) {
		var h audit.Head
		if h.UnmarshalBinary(data) != nil {
			return
		}
		if again, err := h.MarshalBinary(); err != nil || !bytes.Equal(again, data) {
			t.Fatalf("%x was read and written as %x, %v", data, again, err)
		}
	})
}

// TestDamagedStore: a reader that gives less, more or other nodes than asked for leads to errors, not to proofs.
func TestDamagedStore(t *testing.T) {
	m := newMemory(8)
	m.fill(t, 20)
	for key := range m.nodes {
		hold := m.nodes[key]
		delete(m.nodes, key)
		for index := range int64(20) {
			path, err := audit.Inclusion(m, audit.SHA256, index, 20)
			root, _ := m.head.Roots()
			if err == nil && verify.CheckInclusion(verify.SHA256, audit.SHA256.LeafHash(m.rows[index].Public), uint64(index), 20, path, root[:]) != nil {
				t.Fatalf("without node %v the proof of %d is wrong", key, index)
			}
		}
		m.nodes[key] = audit.Node{Level: hold.Level, Index: hold.Index, SHA256: hold.SHA256[:31], SM3: hold.SM3}
		if _, err := audit.Tile(m, audit.SHA256, 0, 0, 20); key[0] == 0 && err == nil {
			t.Fatalf("a tile was made of damaged node %v", key)
		}
		m.nodes[key] = hold
	}
	if _, err := audit.Inclusion(m, audit.SHA256, 20, 20); err == nil {
		t.Error("a leaf that is not there was proved")
	}
	if _, err := audit.Consistency(m, audit.SHA256, 21, 20); err == nil {
		t.Error("consistency with the future was proved")
	}
}
