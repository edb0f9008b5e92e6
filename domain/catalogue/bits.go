package catalogue

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"sort"
)

const (
	blockItems = 16384
	blockWords = blockItems / 64
	blockBytes = blockItems / 8
)

// block says which of 16,384 consecutive items a term stands in.
type block [blockWords]uint64

// set is a set of item numbers by block.
type set map[int]*block

func (s set) put(n int, on bool) {
	b := s[n/blockItems]
	if b == nil {
		b = &block{}
		s[n/blockItems] = b
	}
	if i := n % blockItems; on {
		b[i/64] |= 1 << (i % 64)
	} else {
		b[i/64] &^= 1 << (i % 64)
	}
}

// or adds what b holds; other blocks are shared with nobody afterwards.
func (s set) or(n int, b *block) {
	to := s[n]
	if to == nil {
		to = &block{}
		s[n] = to
	}
	for i := range to {
		to[i] |= b[i]
	}
}

func (s set) union(o set) {
	for n, b := range o {
		s.or(n, b)
	}
}

// and is what both hold, a set of its own.
func (s set) and(o set) set {
	out := set{}
	for n, b := range s {
		if c := o[n]; c != nil {
			var both block
			for i := range both {
				both[i] = b[i] & c[i]
			}
			out[n] = &both
		}
	}
	return out
}

// without is what s holds and o does not, a set of its own.
func (s set) without(o set) set {
	out := set{}
	for n, b := range s {
		both := *b
		if c := o[n]; c != nil {
			for i := range both {
				both[i] &^= c[i]
			}
		}
		out[n] = &both
	}
	return out
}

func (s set) len() (n int) {
	for _, b := range s {
		for _, w := range b {
			n += bits.OnesCount64(w)
		}
	}
	return n
}

// common counts what both hold without making a set of it.
func (s set) common(o set) (n int) {
	for k, b := range s {
		if c := o[k]; c != nil {
			for i := range b {
				n += bits.OnesCount64(b[i] & c[i])
			}
		}
	}
	return n
}

// newest lists the members from the greatest number down, leaving out skip and stopping after take.
func (s set) newest(skip, take int) (out []int) {
	blocks := make([]int, 0, len(s))
	for n := range s {
		blocks = append(blocks, n)
	}
	sort.Sort(sort.Reverse(sort.IntSlice(blocks)))
	for _, n := range blocks {
		for i := blockWords - 1; i >= 0; i-- {
			w := s[n][i]
			if c := bits.OnesCount64(w); c <= skip {
				skip -= c
				continue
			}
			for w != 0 {
				if len(out) == take {
					return out
				}
				top := 63 - bits.LeadingZeros64(w)
				w &^= 1 << top
				if skip > 0 {
					skip--
					continue
				}
				out = append(out, n*blockItems+i*64+top)
			}
		}
	}
	return out
}

// pack is the stored form: up to 1,023 numbers of two bytes, or all 2,048 bytes of bits.
func (b *block) pack() []byte {
	n := 0
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	if n >= blockBytes/2 {
		out := make([]byte, 0, blockBytes)
		for _, w := range b {
			out = binary.LittleEndian.AppendUint64(out, w)
		}
		return out
	}
	out := make([]byte, 0, 2*n)
	for i, w := range b {
		for w != 0 {
			low := bits.TrailingZeros64(w)
			w &^= 1 << low
			out = binary.LittleEndian.AppendUint16(out, uint16(i*64+low)) //nolint:gosec // below 16384
		}
	}
	return out
}

func unpack(raw []byte) (*block, error) {
	var b block
	if len(raw) == blockBytes {
		for i := range b {
			b[i] = binary.LittleEndian.Uint64(raw[8*i:])
		}
		return &b, nil
	}
	if len(raw)%2 != 0 || len(raw) > blockBytes {
		return nil, fmt.Errorf("a block of the catalogue's index has %d bytes", len(raw))
	}
	for ; len(raw) > 0; raw = raw[2:] {
		i := binary.LittleEndian.Uint16(raw)
		if i >= blockItems {
			return nil, fmt.Errorf("a block of the catalogue's index names item %d", i)
		}
		b[i/64] |= 1 << (i % 64)
	}
	return &b, nil
}
