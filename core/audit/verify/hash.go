package verify

import (
	"crypto/sha256"
	"math/bits"

	"github.com/emmansun/gmsm/sm3"
)

// Tree names one of the two trees over the same leaves.
type Tree int

const (
	SHA256 Tree = iota
	SM3
)

// String returns the name as auditors know it.
func (t Tree) String() string {
	if t == SM3 {
		return "SM3"
	}
	return "SHA-256"
}

const hashSize = 32

type digest = [hashSize]byte

// pair is one place of both trees at once: they always have the same shape.
type pair struct{ sha, sm digest }

func (p *pair) of(t Tree) *digest {
	if t == SM3 {
		return &p.sm
	}
	return &p.sha
}

func sum(t Tree, msg []byte) digest {
	if t == SM3 {
		return sm3.Sum(msg)
	}
	return sha256.Sum256(msg)
}

// LeafHash is H(0x00 || leaf).
func LeafHash(t Tree, leaf []byte) []byte {
	d := sum(t, append([]byte{0}, leaf...))
	return d[:]
}

func nodeDigest(t Tree, left, right *digest) digest {
	var msg [1 + 2*hashSize]byte
	msg[0] = 1
	copy(msg[1:], left[:])
	copy(msg[1+hashSize:], right[:])
	return sum(t, msg[:])
}

// leafPair hashes a leaf into both trees; scratch is grown and reused.
func leafPair(scratch *[]byte, leaf []byte) pair {
	msg := append(append((*scratch)[:0], 0), leaf...)
	*scratch = msg
	return pair{sha256.Sum256(msg), sm3.Sum(msg)}
}

func nodePair(left, right *pair) (p pair) {
	var msg [1 + 2*hashSize]byte
	msg[0] = 1
	copy(msg[1:], left.sha[:])
	copy(msg[1+hashSize:], right.sha[:])
	p.sha = sha256.Sum256(msg[:])
	copy(msg[1:], left.sm[:])
	copy(msg[1+hashSize:], right.sm[:])
	p.sm = sm3.Sum(msg[:])
	return p
}

// perfect folds a power of two of neighbours into their common ancestor. It overwrites row.
func perfect(row []pair) pair {
	for n := len(row); n > 1; n /= 2 {
		for i := range n / 2 {
			row[i] = nodePair(&row[2*i], &row[2*i+1])
		}
	}
	return row[0]
}

// emptyRoot is the root of no leaves.
func emptyRoot() pair { return pair{sha256.Sum256(nil), sm3.Sum(nil)} }

// peaks calls f for each of the maximal complete subtrees of a tree of size leaves, from left to right.
func peaks(size int64, f func(level int, index int64) error) error {
	for lo := int64(0); lo < size; {
		level := bits.Len64(uint64(size-lo)) - 1
		if err := f(level, lo>>level); err != nil {
			return err
		}
		lo += 1 << level
	}
	return nil
}

// bag hashes peaks, left to right, into the root.
func bag(edge []pair) pair {
	if len(edge) == 0 {
		return emptyRoot()
	}
	root := edge[len(edge)-1]
	for i := len(edge) - 2; i >= 0; i-- {
		root = nodePair(&edge[i], &root)
	}
	return root
}
