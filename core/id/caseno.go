package id

import (
	"fmt"
	"strconv"
	"strings"
)

// Number is what a case number says: "SZ-XQ-2026-000123-P" is number 123 of the year 2026 in the series SZ-XQ.
//
//	prefix    one to four groups of two to six capital letters, joined by hyphens: who and what (SZ-XQ)
//	year      four digits, 2000 to 9999
//	sequence  from 1, at least six digits, never reused
//	check     one character 0–9 A–Z by ISO 7064 MOD 37,36 over all letters and digits before it
//
// The check finds every single wrong character. It is there for people: a number dictated over the telephone or typed
// from paper with a slip is refused instead of opening somebody else's case.
type Number struct {
	Prefix   string
	Year     int
	Sequence int64
}

const caseAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// CaseNo writes a case number. It fails for a prefix, year or sequence outside the form of Number, which is a mistake in
// the program, not in what a user typed.
func CaseNo(prefix string, year int, seq int64) (string, error) {
	if !casePrefix(prefix) || year < 2000 || year > 9999 || seq < 1 {
		return "", fmt.Errorf("id: no case number from prefix %q, year %d, sequence %d", prefix, year, seq)
	}
	body := fmt.Sprintf("%s-%04d-%06d", prefix, year, seq)
	return body + "-" + string(caseCheck(body)), nil
}

// ParseCaseNo reads a case number as people give it: lower case, spaces around it and the long hyphens of Chinese input
// are taken. It accepts exactly the numbers CaseNo writes; the error is ErrCaseNoShape or ErrCaseNoCheck.
func ParseCaseNo(s string) (Number, error) {
	s = upper(strings.TrimSpace(s))
	s = strings.NewReplacer("——", "-", "—", "-", "–", "-", "－", "-").Replace(s)
	groups := strings.Split(s, "-")
	if len(groups) < 4 {
		return Number{}, ErrCaseNoShape
	}
	tail := groups[len(groups)-3:]
	n := Number{Prefix: strings.Join(groups[:len(groups)-3], "-")}
	year, err := strconv.ParseUint(tail[0], 10, 16)
	if err != nil {
		return Number{}, ErrCaseNoShape
	}
	sequence, err := strconv.ParseInt(tail[1], 10, 64)
	if err != nil {
		return Number{}, ErrCaseNoShape
	}
	n.Year, n.Sequence = int(year), sequence
	right, err := CaseNo(n.Prefix, n.Year, n.Sequence)
	if err != nil || len(right) != len(s) || right[:len(right)-1] != s[:len(s)-1] {
		return Number{}, ErrCaseNoShape
	}
	if right != s {
		return Number{}, ErrCaseNoCheck
	}
	return n, nil
}

func casePrefix(p string) bool {
	groups := strings.Split(p, "-")
	if len(groups) > 4 {
		return false
	}
	for _, g := range groups {
		if len(g) < 2 || len(g) > 6 || strings.Trim(g, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			return false
		}
	}
	return true
}

// caseCheck is the hybrid system MOD 37,36 of ISO 7064 over the letters and digits of body.
func caseCheck(body string) byte {
	p := 36
	for i := range len(body) {
		v := strings.IndexByte(caseAlphabet, body[i])
		if v < 0 {
			continue // a hyphen
		}
		s := (p + v) % 36
		if s == 0 {
			s = 36
		}
		p = s * 2 % 37
	}
	return caseAlphabet[(37-p)%36]
}
