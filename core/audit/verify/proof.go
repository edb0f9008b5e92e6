package verify

import (
	"bytes"
	"encoding/base64"
	"errors"
	"math/bits"
	"strconv"
	"strings"
)

// ErrProof says that a proof does not lead from what it starts at to what it claims. It never says how.
var ErrProof = errors.New("verify: the proof does not hold")

// CheckInclusion checks an audit path: leafHash is the hash of leaf index in the tree of size leaves under root.
func CheckInclusion(t Tree, leafHash []byte, index, size uint64, path [][]byte, root []byte) error {
	return CheckSubtreeInclusion(t, leafHash, index, 0, size, path, root)
}

// CheckSubtreeInclusion is CheckInclusion in the subtree over leaves start to end, which must be one that the tree
// really has: start is a multiple of the smallest power of two not below the subtree's size.
func CheckSubtreeInclusion(t Tree, leafHash []byte, index, start, end uint64, path [][]byte, root []byte) error {
	if !subtree(start, end) || index < start || index >= end {
		return ErrProof
	}
	hash, ok := toDigest(leafHash)
	if !ok {
		return ErrProof
	}
	at, last := index-start, end-start-1
	for _, step := range path {
		sibling, ok := toDigest(step)
		if !ok || last == 0 {
			return ErrProof
		}
		if at&1 == 1 || at == last {
			hash = nodeDigest(t, &sibling, &hash)
			for at&1 == 0 { // an edge node without right sibling moves up unhashed
				at, last = at>>1, last>>1
			}
		} else {
			hash = nodeDigest(t, &hash, &sibling)
		}
		at, last = at>>1, last>>1
	}
	if last != 0 || !bytes.Equal(hash[:], root) {
		return ErrProof
	}
	return nil
}

// CheckConsistency checks that the tree of old leaves under oldRoot is a prefix of the tree of size leaves under
// root. A prefix of no leaves shows nothing, so old = 0 never holds.
func CheckConsistency(t Tree, old, size uint64, path [][]byte, oldRoot, root []byte) error {
	if old == 0 {
		return ErrProof
	}
	return CheckSubtreeConsistency(t, 0, old, size, path, oldRoot, root)
}

// CheckSubtreeConsistency checks that subRoot is the hash over leaves start to end of the tree of size leaves under
// root. The hash over no leaves is part of every tree.
func CheckSubtreeConsistency(t Tree, start, end, size uint64, path [][]byte, subRoot, root []byte) error {
	if len(path) == 0 && start == end && end <= size {
		if empty := emptyRoot(); bytes.Equal(subRoot, empty.of(t)[:]) {
			return nil
		}
		return ErrProof
	}
	if len(path) == 0 && start == 0 && end == size && bytes.Equal(subRoot, root) {
		return nil
	}
	if !subtree(start, end) || end > size {
		return ErrProof
	}
	// first and last bound the subtree, edge the whole tree, all as node numbers of the level at hand.
	first, last, edge := start, end-1, size-1
	up := func() { first, last, edge = first>>1, last>>1, edge>>1 }
	for first != last && (last == edge || last&1 == 1) {
		up()
	}
	if len(path) == 0 && first != last {
		return ErrProof
	}
	seed := subRoot
	if first != last {
		seed, path = path[0], path[1:]
	}
	sub, ok := toDigest(seed)
	if !ok {
		return ErrProof
	}
	whole := sub
	for _, step := range path {
		sibling, ok := toDigest(step)
		if !ok || edge == 0 {
			return ErrProof
		}
		if last&1 == 1 || last == edge {
			if first < last {
				sub = nodeDigest(t, &sibling, &sub)
			}
			whole = nodeDigest(t, &sibling, &whole)
			for last&1 == 0 {
				up()
			}
		} else {
			whole = nodeDigest(t, &whole, &sibling)
		}
		up()
	}
	if edge != 0 || !bytes.Equal(sub[:], subRoot) || !bytes.Equal(whole[:], root) {
		return ErrProof
	}
	return nil
}

// subtree reports whether leaves start to end form a subtree of some tree.
func subtree(start, end uint64) bool {
	if start >= end {
		return false
	}
	width := bits.Len64(end - start - 1) // the smallest power of two not below end-start
	return width < 64 && start&(1<<width-1) == 0
}

func toDigest(b []byte) (d digest, ok bool) {
	return d, copy(d[:], b) == hashSize && len(b) == hashSize
}

// Receipt is a written inclusion proof once it has been checked.
type Receipt struct {
	Origin string
	Index  int64
	Size   int64 // of the log whose checkpoint the proof leads to
}

// CheckReceipt checks a written proof (FORMAT.md §8) offline: the public bytes of the leaf, the proof's text and the
// verifier key of the tree it is over.
func CheckReceipt(leaf, proof []byte, vkey string) (Receipt, error) {
	key, err := parseKey(vkey)
	if err != nil {
		return Receipt{}, err
	}
	tree, header := SHA256, "c2sp.org/tlog-proof@v1\n"
	if key.sm2 != nil {
		tree, header = SM3, "pado-tlog-proof-sm3@v1\n"
	}
	text, ok := strings.CutPrefix(string(proof), header)
	if !ok {
		return Receipt{}, ErrProof
	}
	if strings.HasPrefix(text, "extra ") { // opaque, unauthenticated, of no meaning to this log
		_, text, _ = strings.Cut(text, "\n")
	}
	head, checkpoint, ok := strings.Cut(text, "\n\n")
	if !ok {
		return Receipt{}, ErrProof
	}
	lines := strings.Split(head, "\n")
	number, ok := strings.CutPrefix(lines[0], "index ")
	index, err := strconv.ParseInt(number, 10, 64)
	if !ok || err != nil || index < 0 || strconv.FormatInt(index, 10) != number || len(lines) > 1+63 {
		return Receipt{}, ErrProof
	}
	var path [][]byte
	for _, line := range lines[1:] {
		hash, err := base64.StdEncoding.Strict().DecodeString(line)
		if err != nil {
			return Receipt{}, ErrProof
		}
		path = append(path, hash)
	}
	cp, err := openCheckpoint([]byte(checkpoint), key)
	if err != nil {
		return Receipt{}, err
	}
	root := cp.root.of(tree)
	if err := CheckInclusion(tree, LeafHash(tree, leaf), uint64(index), uint64(cp.size), path, root[:]); err != nil {
		return Receipt{}, err
	}
	return Receipt{Origin: cp.origin, Index: index, Size: cp.size}, nil
}
