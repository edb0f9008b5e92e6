// Package canon writes the one canonical JSON encoding that may be hashed, signed or kept as evidence: RFC 8785 for a
// restricted set of values. FORMAT.md beside this file is its specification.
package canon

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"
)

// MaxDepth bounds how deep objects and arrays may nest; a value that contains itself is refused by it.
const MaxDepth = 64

// ErrNotCanonical is returned by Parse for bytes that Marshal would not have written.
var ErrNotCanonical = errors.New("canon: not in canonical form")

// Marshal encodes v, which is built of string, bool, nil, map[string]any and []any only. It refuses every number (a
// number is given as a decimal string, for readers differ on numbers), every other type, strings that are not
// valid UTF-8, and nesting deeper than MaxDepth. A nil map is {} and a nil slice is [].
//
// The same value gives the same bytes on every machine and in every version of this platform.
func Marshal(v any) ([]byte, error) { return appendValue(nil, v, 0) }

func appendValue(out []byte, v any, depth int) ([]byte, error) {
	if depth > MaxDepth {
		return nil, fmt.Errorf("canon: nested deeper than %d", MaxDepth)
	}
	switch v := v.(type) {
	case nil:
		return append(out, "null"...), nil
	case bool:
		if v {
			return append(out, "true"...), nil
		}
		return append(out, "false"...), nil
	case string:
		return appendString(out, v)
	case []any:
		return appendArray(out, v, depth)
	case map[string]any:
		return appendObject(out, v, depth)
	case malformed:
		return nil, fmt.Errorf("canon: %s", string(v))
	case int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64, float32, float64, json.Number:
		return nil, fmt.Errorf("canon: a number (%T) must be given as a decimal string", v)
	}
	return nil, fmt.Errorf("canon: a %T has no canonical form", v)
}

func appendArray(out []byte, items []any, depth int) ([]byte, error) {
	out = append(out, '[')
	for i, item := range items {
		if i > 0 {
			out = append(out, ',')
		}
		var err error
		if out, err = appendValue(out, item, depth+1); err != nil {
			return nil, err
		}
	}
	return append(out, ']'), nil
}

func appendObject(out []byte, object map[string]any, depth int) ([]byte, error) {
	keys := make([]string, 0, len(object))
	for key := range object {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, compareUTF16)
	out = append(out, '{')
	for i, key := range keys {
		if i > 0 {
			out = append(out, ',')
		}
		var err error
		if out, err = appendString(out, key); err != nil {
			return nil, err
		}
		out = append(out, ':')
		if out, err = appendValue(out, object[key], depth+1); err != nil {
			return nil, err
		}
	}
	return append(out, '}'), nil
}

func appendString(out []byte, s string) ([]byte, error) {
	if !utf8.ValidString(s) {
		return nil, errors.New("canon: a string is not valid UTF-8")
	}
	return AppendString(out, s), nil
}

// AppendString writes a valid UTF-8 string as JSON in the form of RFC 8785.
func AppendString(out []byte, s string) []byte {
	out = append(out, '"')
	from := 0
	for i := range len(s) { // every byte to be escaped is below 0x80 and so never part of a longer character
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		out = append(out, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			out = append(out, '\\', c)
		case '\b':
			out = append(out, `\b`...)
		case '\t':
			out = append(out, `\t`...)
		case '\n':
			out = append(out, `\n`...)
		case '\f':
			out = append(out, `\f`...)
		case '\r':
			out = append(out, `\r`...)
		default:
			out = fmt.Appendf(out, `\u%04x`, c)
		}
	}
	return append(append(out, s[from:]...), '"')
}

// compareUTF16 orders two valid strings by their UTF-16 code units, as RFC 8785 §3.2.3 asks. It differs from the order
// of the bytes only where a character beyond U+FFFF (two units from U+D800 up) meets one from U+E000 to U+FFFF.
func compareUTF16(a, b string) int {
	for a != "" && b != "" {
		ra, na := utf8.DecodeRuneInString(a)
		rb, nb := utf8.DecodeRuneInString(b)
		if ra != rb {
			if beyond := ra > 0xFFFF; beyond != (rb > 0xFFFF) {
				if beyond {
					return 0xD800 - int(rb)
				}
				return int(ra) - 0xD800
			}
			return int(ra) - int(rb)
		}
		a, b = a[na:], b[nb:]
	}
	return len(a) - len(b)
}

// Parse reads bytes that Marshal wrote and returns the value. Bytes that say the same in another way (other spacing,
// order or escapes, a key twice, a number) are ErrNotCanonical: two texts for one value would be two digests.
func Parse(b []byte) (any, error) {
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		return nil, ErrNotCanonical
	}
	again, err := Marshal(v)
	if err != nil || !bytes.Equal(again, b) {
		return nil, ErrNotCanonical
	}
	return v, nil
}

// Digest is the SHA-256 of the bytes as "sha256:" and 64 lower-case hexadecimal digits.
func Digest(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// malformed stands in an object that could not be built; Marshal refuses it with the reason.
type malformed string

// MustObject builds an object from keys and values in turn. A mistake (an odd count, a key that is no string, a key
// twice) does not panic: the object then cannot be marshalled, and Marshal's error says why.
func MustObject(pairs ...any) map[string]any {
	object := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		key, ok := pairs[i].(string)
		switch {
		case !ok:
			object[""] = malformed(fmt.Sprintf("argument %d is no key but a %T", i, pairs[i]))
			return object
		case i+1 == len(pairs):
			object[key] = malformed("the last key has no value")
			return object
		}
		if _, twice := object[key]; twice {
			object[key] = malformed("a key stands twice")
			return object
		}
		object[key] = pairs[i+1]
	}
	return object
}
