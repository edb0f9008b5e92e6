// Package read turns the files departments send into rows of text: CSV and
// TSV in any of four encodings, XLSX, legacy XLS. It decides nothing about
// the content; what it cannot read it marks, and never drops.
package read

import (
	"bytes"
	"io"
	"strings"
)

// The bytes of the row form that every reader produces and the engine parses:
// fields are separated by US, a row contains no line feed, and line breaks
// inside a cell stand as RS (LF) and GS (CR). A file whose cells hold these
// control characters themselves is refused row by row (BadControl).
const (
	US = 0x1f
	RS = 0x1e
	GS = 0x1d
)

// Flaw says why a row cannot be taken as read. The zero Flaw is none.
type Flaw string

// The flaws a reader can find.
const (
	FlawNone     Flaw = ""
	FlawControl  Flaw = "control"  // a control character that no text needs
	FlawQuote    Flaw = "quote"    // a quotation mark that never closes, or text after a closing one
	FlawTooLong  Flaw = "too_long" // longer than Limits.Row
	FlawEncoding Flaw = "encoding" // bytes that are not text in the encoding
)

// Row is one record of the file. Line is valid until the next call of Next.
type Row struct {
	N      int64  // position in the file from 1: record number of a text file, row number of a sheet
	Line   []byte // the fields joined by US
	Fields int    // number of fields, at least 1
	Filled int    // fields that hold more than blanks, a word for "missing" included
	Flaw   Flaw
	empty  bool // a field is quoted, perhaps around nothing
}

// Blank reports whether the record holds nothing at all. A record of one
// quoted empty field is a value that is missing, and no blank.
func (r *Row) Blank() bool {
	return r.Filled == 0 && r.Flaw == FlawNone && !(r.Fields == 1 && r.empty)
}

// Cells gives the fields as text, line breaks restored.
func (r *Row) Cells() []string {
	cells := strings.Split(string(r.Line), "\x1f")
	for i, c := range cells {
		cells[i] = Restore(c)
	}
	return cells
}

// Restore undoes the folding of line breaks.
func Restore(s string) string {
	if !strings.ContainsAny(s, "\x1d\x1e") {
		return s
	}
	return strings.NewReplacer("\x1e", "\n", "\x1d", "\r").Replace(s)
}

// Rows is a file being read. Next fills the row or returns io.EOF; any other
// error is an *Error and final.
type Rows interface {
	Next(*Row) error
	io.Closer
}

// SetCells makes the row a record of its own, which is no blank even if every
// cell is empty: for the forms in which a record is there or not.
func (r *Row) SetCells(n int64, cells []string) {
	r.N = n
	r.setCells(cells)
	r.empty = true
	r.Filled = max(r.Filled, 1)
}

// setCells builds the row form from cells, for the sheet readers.
func (r *Row) setCells(cells []string) {
	r.Line, r.Fields, r.Filled, r.Flaw = r.Line[:0], len(cells), 0, FlawNone
	for i, c := range cells {
		if i > 0 {
			r.Line = append(r.Line, US)
		}
		blank := true
		for j := range len(c) {
			switch b := c[j]; {
			case b == '\n':
				r.Line = append(r.Line, RS)
			case b == '\r':
				r.Line = append(r.Line, GS)
			case (b < ' ' && b != '\t') || b == 0x7f:
				r.Flaw = FlawControl
				r.Line = append(r.Line, ' ')
			default:
				if b > ' ' {
					blank = false
				}
				r.Line = append(r.Line, b)
			}
		}
		if !blank {
			r.Filled++
		}
	}
	if r.Fields == 0 {
		r.Fields = 1
	}
	if bytes.Contains(r.Line, []byte("\xef\xbf\xbd")) && r.Flaw == FlawNone {
		r.Flaw = FlawEncoding
	}
}
