package read

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// equal marks, by the high bit, the bytes of w that are b.
func equal(w uint64, b byte) uint64 {
	y := w ^ ones*uint64(b)
	return ^((y&^uint64(highs) + ^uint64(highs)) | y) & highs
}

// plain is record for the common case: one physical line without a quote, a
// lone CR or a control character. It gives up on any other. Eight bytes are
// looked at at once.
func (c *CSV) plain(r *Row, b []byte) (used int, whole bool) {
	end := bytes.IndexByte(b, '\n')
	if end < 0 || c.skip || c.slow || c.quote != 0 && bytes.IndexByte(b[:end], c.quote) >= 0 {
		return 0, false
	}
	used = end + 1
	if end > 0 && b[end-1] == '\r' {
		end--
	}
	// The filler is no separator and no control character.
	out := append(append(r.Line[:0], b[:end]...), "xxxxxxxx"...)
	r.Line, r.Fields, r.Filled, r.Flaw, r.empty = out[:end], 1, 0, FlawNone, false
	start, missing := 0, false
	for i := 0; i < end; i += 8 {
		w := binary.LittleEndian.Uint64(out[i:])
		seps := equal(w, c.delim)
		rest := w ^ seps>>7*uint64(c.delim^' ') // separators become blanks
		if (rest-ones*0x20)&^rest&highs != 0 || equal(w, 0x7f) != 0 {
			for _, x := range out[i : i+8] {
				if c.class[x] == control {
					return 0, false
				}
			}
		}
		if seps == 0 {
			continue
		}
		binary.LittleEndian.PutUint64(out[i:], w^seps>>7*uint64(c.delim^US))
		for ; seps != 0; seps &= seps - 1 {
			at := i + bits.TrailingZeros64(seps)>>3
			missing = c.field(r, out[start:at]) || missing
			r.Fields++
			start = at + 1
		}
	}
	missing = c.field(r, out[start:end]) || missing
	if missing {
		r.Line = c.emptied(out[:end])
	}
	c.n++
	return used, true
}

// field counts a field as filled and reports whether it stands for a missing
// value.
func (c *CSV) field(r *Row, f []byte) (missing bool) {
	if len(f) == 0 || f[0] <= ' ' && blank(f) {
		return false
	}
	r.Filled++
	return len(f) <= c.longest && c.starts[f[0]] && c.isMissing(f)
}

func blank(f []byte) bool {
	for _, x := range f {
		if x > ' ' {
			return false
		}
	}
	return true
}
