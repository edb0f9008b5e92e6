package id

import (
	"strings"
)

// Mobile is a checked mobile number of mainland China, eleven digits. Like IDCard it prints, logs and marshals masked.
type Mobile struct{ number string }

// ParseMobile takes eleven digits beginning with 13 to 19, with an optional +86, 0086 or 86 before them and spaces or
// hyphens between. The error is ErrMobile.
func ParseMobile(s string) (Mobile, error) {
	s = strings.NewReplacer(" ", "", "-", "").Replace(s)
	if len(s) > 11 {
		for _, prefix := range []string{"+86", "0086", "86"} {
			if rest, ok := strings.CutPrefix(s, prefix); ok {
				s = rest
				break
			}
		}
	}
	v, ok := digits(s, 11)
	if !ok || len(s) != 11 || v[0] != 1 || v[1] < 3 {
		return Mobile{}, ErrMobile
	}
	return Mobile{s}, nil
}

// Number is the eleven digits.
func (m Mobile) Number() string { return m.number }

// IsZero reports whether there is no number.
func (m Mobile) IsZero() bool { return m.number == "" }

// Masked is "138****5678", "" for none.
func (m Mobile) Masked() string {
	if m.IsZero() {
		return ""
	}
	return mask(m.number, 3, 4)
}

// String is Masked.
func (m Mobile) String() string { return m.Masked() }

// GoString is Masked, for %#v.
func (m Mobile) GoString() string { return "id.Mobile(" + m.Masked() + ")" }

// MarshalText is Masked, with no way back.
func (m Mobile) MarshalText() ([]byte, error) { return []byte(m.Masked()), nil }
