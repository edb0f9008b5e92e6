package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"math"
	"math/bits"
	"time"

	"github.com/emmansun/gmsm/sm3"
)

// Tree names one of the two parallel trees over the same leaves.
type Tree uint8

const (
	SHA256 Tree = iota
	SM3
)

// String returns the name used in paths and messages.
func (t Tree) String() string {
	if t == SM3 {
		return "sm3"
	}
	return "sha256"
}

// HashSize is the output length of both hash functions in bytes.
const HashSize = 32

// MaxLevel is the highest level a completed subtree can have.
const MaxLevel = 62

func (t Tree) hash() hash.Hash {
	if t == SM3 {
		return sm3.New()
	}
	return sha256.New()
}

// EmptyRoot is the root of a tree without leaves.
func (t Tree) EmptyRoot() []byte { return t.hash().Sum(nil) }

// LeafHash is the RFC 6962 hash of a leaf: H(0x00 || leaf).
func (t Tree) LeafHash(leaf []byte) []byte { return leafHash(t.hash(), leaf) }

// NodeHash is the RFC 6962 hash of an interior node: H(0x01 || left || right).
func (t Tree) NodeHash(left, right []byte) []byte { return nodeHash(t.hash(), left, right) }

func leafHash(h hash.Hash, leaf []byte) []byte {
	h.Reset()
	h.Write([]byte{0})
	h.Write(leaf)
	return h.Sum(nil)
}

func nodeHash(h hash.Hash, left, right []byte) []byte {
	h.Reset()
	h.Write([]byte{1})
	h.Write(left)
	h.Write(right)
	return h.Sum(nil)
}

// Node is a completed subtree: the 2^Level leaves from Index<<Level on. Level 0 is a leaf hash. A stored node is
// never changed and never removed.
type Node struct {
	Level       int
	Index       int64
	SHA256, SM3 []byte // HashSize bytes each
}

// Hash returns the node's hash in the given tree.
func (n Node) Hash(t Tree) []byte {
	if t == SM3 {
		return n.SM3
	}
	return n.SHA256
}

// Head is the state of the log between two writes: the roots of the completed subtrees along the right edge of each
// tree, largest first. The zero Head is the empty log. A Head is a value: Append never writes into slices that an
// earlier copy still holds, so a caller may keep the old one for a rollback.
type Head struct {
	Size    int64     `json:"size,string"`
	Time    time.Time `json:"time"` // time of the last leaf; zero for the empty log
	Edge256 [][]byte  `json:"edge256"`
	EdgeSM3 [][]byte  `json:"edgesm3"`
}

// Errors of Head.Append; the caller rolls back.
var (
	ErrOutOfOrder   = errors.New("audit: leaf number does not continue the log")
	ErrTimeBackward = errors.New("audit: transaction time runs backwards")
)

// Append takes s in as the next leaf, advances the head and returns the nodes this leaf completed, the leaf hash
// first and then its ancestors upward. On an error the head is unchanged. The caller stores nodes and head in the
// transaction that stores s.
func (h *Head) Append(s Sealed) ([]Node, error) {
	if s.Seq != h.Size || s.Seq == math.MaxInt64 {
		return nil, fmt.Errorf("%w: leaf %d after %d leaves", ErrOutOfOrder, s.Seq, h.Size)
	}
	if s.Time.Before(h.Time) {
		return nil, fmt.Errorf("%w: leaf %d", ErrTimeBackward, s.Seq)
	}
	if len(s.Public) == 0 || len(s.Public) > math.MaxUint16 {
		return nil, fmt.Errorf("audit: leaf %d has %d public bytes", s.Seq, len(s.Public))
	}
	if err := h.check(); err != nil {
		return nil, err
	}
	a, b := SHA256.hash(), SM3.hash()
	n := Node{Index: h.Size, SHA256: leafHash(a, s.Public), SM3: leafHash(b, s.Public)}
	merges := bits.TrailingZeros64(^uint64(h.Size))
	nodes := append(make([]Node, 0, merges+1), n)
	top := len(h.Edge256)
	for i := range merges {
		n = Node{
			Level: n.Level + 1, Index: n.Index >> 1,
			SHA256: nodeHash(a, h.Edge256[top-1-i], n.SHA256),
			SM3:    nodeHash(b, h.EdgeSM3[top-1-i], n.SM3),
		}
		nodes = append(nodes, n)
	}
	keep := top - merges
	h.Edge256 = append(h.Edge256[:keep:keep], n.SHA256)
	h.EdgeSM3 = append(h.EdgeSM3[:keep:keep], n.SM3)
	h.Size, h.Time = h.Size+1, s.Time
	return nodes, nil
}

// Roots returns both roots at the head's size.
func (h Head) Roots() (root256, rootSM3 [HashSize]byte) {
	copy(root256[:], fold(SHA256, h.Edge256))
	copy(rootSM3[:], fold(SM3, h.EdgeSM3))
	return root256, rootSM3
}

// fold hashes the roots of adjoining complete subtrees, largest first, into the root over all of them.
func fold(t Tree, edge [][]byte) []byte {
	if len(edge) == 0 {
		return t.EmptyRoot()
	}
	h, root := t.hash(), edge[len(edge)-1]
	for i := len(edge) - 2; i >= 0; i-- {
		root = nodeHash(h, edge[i], root)
	}
	return root
}

func (h Head) check() error {
	want := bits.OnesCount64(uint64(h.Size))
	if h.Size < 0 || len(h.Edge256) != want || len(h.EdgeSM3) != want {
		return fmt.Errorf("audit: head of %d leaves with edges of %d and %d hashes", h.Size, len(h.Edge256), len(h.EdgeSM3))
	}
	for i := range want {
		if len(h.Edge256[i]) != HashSize || len(h.EdgeSM3[i]) != HashSize {
			return fmt.Errorf("audit: head of %d leaves holds a hash of the wrong length", h.Size)
		}
	}
	return nil
}

const headMagic = "pado-head/1\n"

// MarshalBinary encodes the head: magic, size and time (Unix microseconds) as 8 big-endian bytes each, then the
// SHA-256 edge and the SM3 edge.
func (h Head) MarshalBinary() ([]byte, error) {
	if err := h.check(); err != nil {
		return nil, err
	}
	b := append(make([]byte, 0, len(headMagic)+16+2*HashSize*len(h.Edge256)), headMagic...)
	b = binary.BigEndian.AppendUint64(b, uint64(h.Size))
	b = binary.BigEndian.AppendUint64(b, uint64(h.Time.UnixMicro()))
	for _, edge := range [][][]byte{h.Edge256, h.EdgeSM3} {
		for _, hash := range edge {
			b = append(b, hash...)
		}
	}
	return b, nil
}

// UnmarshalBinary reads what MarshalBinary wrote and nothing else. On an error h is unchanged.
func (h *Head) UnmarshalBinary(data []byte) error {
	rest, ok := bytes.CutPrefix(data, []byte(headMagic))
	if !ok || len(rest) < 16 {
		return errors.New("audit: not a log head")
	}
	n := Head{
		Size: int64(binary.BigEndian.Uint64(rest)),
		Time: time.UnixMicro(int64(binary.BigEndian.Uint64(rest[8:]))).UTC(),
	}
	rest = rest[16:]
	edges := bits.OnesCount64(uint64(n.Size))
	if n.Size < 0 || len(rest) != 2*edges*HashSize {
		return errors.New("audit: log head of the wrong length")
	}
	rest = bytes.Clone(rest)
	for i := range 2 * edges {
		hash := rest[i*HashSize : (i+1)*HashSize : (i+1)*HashSize]
		if i < edges {
			n.Edge256 = append(n.Edge256, hash)
		} else {
			n.EdgeSM3 = append(n.EdgeSM3, hash)
		}
	}
	*h = n
	return nil
}
