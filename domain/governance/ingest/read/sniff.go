package read

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// Kind names the form of a file.
type Kind string

// The kinds that are read. A ZIP is a container of one of the others.
const (
	KindCSV     Kind = "csv"
	KindXLSX    Kind = "xlsx"
	KindXLS     Kind = "xls"
	KindParquet Kind = "parquet"
	KindJSONL   Kind = "jsonl"
	KindZIP     Kind = "zip"
)

// Book reports whether the kind is a workbook.
func (k Kind) Book() bool { return k == KindXLSX || k == KindXLS }

// KindOf looks at the first bytes: a ZIP with a workbook's parts is XLSX, any
// other is a container; a compound file is XLS; text whose first line is a
// JSON object is JSON lines; anything else is a text table. Names and
// extensions are not trusted.
func KindOf(head []byte) Kind {
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		if workbookParts(head) {
			return KindXLSX
		}
		return KindZIP
	case bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return KindZIP
	case bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		return KindXLS
	case bytes.HasPrefix(head, []byte("PAR1")):
		return KindParquet
	case jsonLine(head):
		return KindJSONL
	}
	return KindCSV
}

func workbookParts(head []byte) bool {
	for rest := head; ; {
		i := bytes.Index(rest, []byte("PK\x03\x04"))
		if i < 0 || len(rest) < i+30 {
			return false
		}
		rest = rest[i:]
		n := int(rest[26]) | int(rest[27])<<8
		name := rest[30:min(len(rest), 30+n)]
		if string(name) == "[Content_Types].xml" || bytes.HasPrefix(name, []byte("xl/")) {
			return true
		}
		rest = rest[30:]
	}
}

func jsonLine(head []byte) bool {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	line, _, whole := bytes.Cut(head, []byte("\n"))
	if len(line) == 0 || line[0] != '{' {
		return false
	}
	if !whole && len(head) >= 64<<10 {
		return true // the first line is longer than what was looked at
	}
	return json.Valid(line)
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
