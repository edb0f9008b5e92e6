package id

import (
	"fmt"
	"io"
	"strings"
)

// Lower-case Crockford base 32: no i, l, o or u, so that an id read aloud or copied by hand stays the same.
const crockford = "0123456789abcdefghjkmnpqrstvwxyz"

const opaqueLength = 26 // ⌈128 / 5⌉

// New makes an opaque id of 128 bits read from r: prefix, "_" and 26 characters, or the 26 characters alone for an empty
// prefix. It tells nothing about what it names, neither order nor time nor place. r is crypto/rand.Reader outside
// tests and demo data. A prefix is one to twelve lower-case letters.
func New(r io.Reader, prefix string) (string, error) {
	if !opaquePrefix(prefix) {
		return "", fmt.Errorf("id: %q is no prefix of an opaque id", prefix)
	}
	var raw [16]byte
	if _, err := io.ReadFull(r, raw[:]); err != nil {
		return "", fmt.Errorf("id: draw an opaque id: %w", err)
	}
	var out [opaqueLength]byte
	bits, have, at := uint(0), 2, 0 // two leading zero bits make 130, a multiple of five
	for _, b := range raw {
		bits, have = bits<<8|uint(b), have+8
		for ; have >= 5; have -= 5 {
			out[at] = crockford[bits>>(have-5)&31]
			at++
		}
	}
	if prefix == "" {
		return string(out[:]), nil
	}
	return prefix + "_" + string(out[:]), nil
}

// IsOpaque reports whether s has the form New gives with this prefix.
func IsOpaque(s, prefix string) bool {
	if prefix != "" {
		rest, ok := strings.CutPrefix(s, prefix+"_")
		if !ok {
			return false
		}
		s = rest
	}
	if !opaquePrefix(prefix) || len(s) != opaqueLength || s[0] > '7' {
		return false
	}
	for i := range len(s) {
		if strings.IndexByte(crockford, s[i]) < 0 {
			return false
		}
	}
	return true
}

func opaquePrefix(p string) bool {
	if len(p) > 12 {
		return false
	}
	for i := range len(p) {
		if p[i] < 'a' || p[i] > 'z' {
			return false
		}
	}
	return true
}
