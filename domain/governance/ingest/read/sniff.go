package read

import (
	"bytes"
	"errors"
	"io"
)

// Kind names the form of a file.
type Kind string

// The kinds that are read.
const (
	KindCSV  Kind = "csv"
	KindXLSX Kind = "xlsx"
	KindXLS  Kind = "xls"
)

// KindOf looks at the first bytes: a ZIP is XLSX, a compound file is XLS,
// anything else is text. Names and extensions are not trusted.
func KindOf(head []byte) Kind {
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return KindXLSX
	case bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		return KindXLS
	}
	return KindCSV
}

// Sniff guesses the dialect of a text table of known encoding from its
// beginning: the separator for which most records have the same number of
// fields, more fields winning a tie.
func Sniff(head []byte, e Encoding, whole bool) Dialect {
	best := Dialect{Encoding: e, Delimiter: ",", Quote: '"'}
	bestShare, bestWidth := 0.0, 1
	for _, d := range []string{",", "\t", ";", "|"} {
		try := Dialect{Encoding: e, Delimiter: d, Quote: '"'}
		share, width := regular(head, try, whole)
		if width > 1 && (share > bestShare+0.02 || share > bestShare-0.02 && width > bestWidth) {
			best, bestShare, bestWidth = try, share, width
		}
	}
	if spaced(head, best) {
		best.Delimiter += " "
	}
	return best
}

// regular is the share of records with the commonest number of fields.
func regular(head []byte, d Dialect, whole bool) (share float64, width int) {
	c, err := NewCSV(io.NopCloser(bytes.NewReader(head)), d)
	if err != nil {
		return 0, 1
	}
	counts := map[int]int{}
	n, last := 0, 0
	var r Row
	for n < 2000 {
		if err := c.Next(&r); err != nil {
			if errors.Is(err, io.EOF) && !whole && n > 1 {
				counts[last]-- // the last record is cut
				n--
			}
			break
		}
		if r.Blank() {
			continue
		}
		last = r.Fields
		if r.Flaw != FlawNone {
			last = -1
		}
		counts[last]++
		n++
	}
	top := 0
	for w, k := range counts {
		if w > 0 && (k > top || k == top && w > width) {
			top, width = k, w
		}
	}
	if n == 0 {
		return 0, 1
	}
	return float64(top) / float64(n), width
}

// spaced reports whether nearly every separator is followed by a blank.
func spaced(head []byte, d Dialect) bool {
	c, err := NewCSV(io.NopCloser(bytes.NewReader(head)), d)
	if err != nil {
		return false
	}
	var seps, blank int
	var r Row
	for range 200 {
		if c.Next(&r) != nil {
			break
		}
		for i, b := range r.Line {
			if b == US {
				seps++
				if i+1 < len(r.Line) && r.Line[i+1] == ' ' {
					blank++
				}
			}
		}
	}
	return seps > 0 && blank*100 >= seps*95
}
