package audit

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// NodeReader reads completed subtrees from where Head.Append's nodes were stored.
type NodeReader interface {
	// Nodes returns the n nodes of a level from index from on, in order, all of them or an error.
	Nodes(level int, from int64, n int) ([]Node, error)
}

// LeafReader reads public leaf bytes.
type LeafReader interface {
	// Leaves returns the public bytes of n leaves from number from on, in order, all of them or an error.
	Leaves(from int64, n int) ([][]byte, error)
}

// ErrForked says that an outside checkpoint is no earlier state of this log: two histories exist.
var ErrForked = errors.New("audit: the checkpoint is not a prefix of this log")

// RootAt returns the root the tree had at an earlier size, from at most one node per bit of size.
func RootAt(r NodeReader, t Tree, size int64) ([]byte, error) {
	if size < 0 {
		return nil, fmt.Errorf("audit: root at size %d", size)
	}
	return spanRoot(r, t, 0, size)
}

// Inclusion returns the RFC 6962 audit path of a leaf in the tree of the given size, leaf's sibling first.
func Inclusion(r NodeReader, t Tree, index, size int64) ([][]byte, error) {
	if index < 0 || index >= size {
		return nil, fmt.Errorf("audit: no leaf %d in a log of %d", index, size)
	}
	var path [][]byte
	for lo, hi := int64(0), size; hi-lo > 1; {
		from, to := split(lo, hi), hi
		if index < from {
			hi = from
		} else {
			from, to, lo = lo, from, from
		}
		hash, err := spanRoot(r, t, from, to)
		if err != nil {
			return nil, err
		}
		path = append(path, hash)
	}
	slices.Reverse(path)
	return path, nil
}

// Consistency returns the RFC 6962 proof that the tree of size old is a prefix of the tree of size size. It is
// empty when old is 0 or equals size.
func Consistency(r NodeReader, t Tree, old, size int64) ([][]byte, error) {
	if old < 0 || old > size {
		return nil, fmt.Errorf("audit: no consistency from %d to %d", old, size)
	}
	if old == 0 || old == size {
		return nil, nil
	}
	var path [][]byte
	for lo, hi := int64(0), size; ; {
		from, to, last := lo, hi, old == hi
		if last {
			if lo == 0 { // the verifier holds the old root itself
				break
			}
		} else if from = split(lo, hi); old <= from {
			hi = from
		} else {
			from, to, lo = lo, from, from
		}
		hash, err := spanRoot(r, t, from, to)
		if err != nil {
			return nil, err
		}
		path = append(path, hash)
		if last {
			break
		}
	}
	slices.Reverse(path)
	return path, nil
}

// Extends reports whether an outside checkpoint (opened with OpenCheckpoint or OpenCheckpointSM) is an earlier
// state of the log whose nodes r reads and whose head is h: nil, ErrForked, or a reader's error. A restored
// directory asks this about the newest checkpoint kept outside before it signs again.
func Extends(r NodeReader, h Head, outside Checkpoint) error {
	if outside.Size > h.Size {
		return fmt.Errorf("%w: it counts %d leaves, the log %d", ErrForked, outside.Size, h.Size)
	}
	for _, t := range []Tree{SHA256, SM3} {
		want := outside.Root(t)
		if want == nil {
			continue
		}
		root, err := RootAt(r, t, outside.Size)
		if err != nil {
			return err
		}
		if !bytes.Equal(root, want) {
			return fmt.Errorf("%w: %s roots differ at %d leaves", ErrForked, t, outside.Size)
		}
	}
	return nil
}

// split is RFC 6962's k: lo plus the largest power of two smaller than the span's length (which is at least 2).
func split(lo, hi int64) int64 { return lo + 1<<(bits.Len64(uint64(hi-lo-1))-1) }

// spanRoot is the tree hash of leaves lo to hi, where lo is a multiple of a power of two not below hi-lo.
func spanRoot(r NodeReader, t Tree, lo, hi int64) ([]byte, error) {
	var edge [][]byte
	for lo < hi {
		level := bits.Len64(uint64(hi-lo)) - 1
		nodes, err := readNodes(r, level, lo>>level, 1)
		if err != nil {
			return nil, err
		}
		edge = append(edge, nodes[0].Hash(t))
		lo += 1 << level
	}
	return fold(t, edge), nil
}

// readNodes holds a reader to its promise, so that a damaged store gives an error and never a wrong proof of the
// wrong shape.
func readNodes(r NodeReader, level int, from int64, n int) ([]Node, error) {
	nodes, err := r.Nodes(level, from, n)
	if err != nil {
		return nil, fmt.Errorf("audit: read %d nodes of level %d at %d: %w", n, level, from, err)
	}
	if len(nodes) != n {
		return nil, fmt.Errorf("audit: %d of %d nodes of level %d at %d are there", len(nodes), n, level, from)
	}
	for i, node := range nodes {
		if node.Level != level || node.Index != from+int64(i) || len(node.SHA256) != HashSize || len(node.SM3) != HashSize {
			return nil, fmt.Errorf("audit: node %d of level %d is damaged", from+int64(i), level)
		}
	}
	return nodes, nil
}

// First lines of a written proof. The first is C2SP tlog-proof; the second is the same shape over the SM3 tree.
const (
	proofHeader   = "c2sp.org/tlog-proof@v1\n"
	proofHeaderSM = "pado-tlog-proof-sm3@v1\n"
)

// WriteProof puts an inclusion proof and the checkpoint it leads to into one text that can be checked offline
// (C2SP tlog-proof; FORMAT.md §8). checkpoint is a note over the same tree at the size the path was made for.
func WriteProof(t Tree, index int64, path [][]byte, checkpoint []byte) []byte {
	var b strings.Builder
	if t == SM3 {
		b.WriteString(proofHeaderSM)
	} else {
		b.WriteString(proofHeader)
	}
	b.WriteString("index " + strconv.FormatInt(index, 10) + "\n")
	for _, hash := range path {
		b.WriteString(base64.StdEncoding.EncodeToString(hash) + "\n")
	}
	b.WriteByte('\n')
	b.Write(checkpoint)
	return []byte(b.String())
}
