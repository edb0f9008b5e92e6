package read

import (
	"io"
	"slices"
	"strconv"
	"strings"
)

// Limits bound what a workbook may cost before it is refused.
type Limits struct {
	File   int64 // bytes of the file
	Unzip  int64 // bytes after decompression
	Ratio  int64 // decompressed to compressed size of one part, beyond a megabyte
	Parts  int   // files in the archive
	Fields int   // columns of a row
	Rows   int64 // rows of a sheet
}

// DefaultLimits admit the largest sheet Excel can write, if it compresses no
// better than a table does.
var DefaultLimits = Limits{File: 256 << 20, Unzip: 1 << 30, Ratio: 200, Parts: 5000, Fields: 4096, Rows: 1_048_576}

// Book is an open workbook. Nothing in it is ever computed: formula cells give
// the result that was saved with them, macros and links are not looked at.
type Book struct {
	Sheets   []string // visible worksheets in order
	Formulas int64    // formula cells of the sheet last opened, -1 if not counted
	LongNums int64    // numbers with more digits than a spreadsheet keeps, read so far

	Merged []Span // merged ranges of the sheet last opened

	open func(b *Book, sheet string) (cells, error)
}

// cells is a sheet being read: the next row that exists, or io.EOF. merges
// are valid from the start.
type cells interface {
	next() (n int64, row []string, err error)
	merged() []merge
	close()
}

// merge is a merged range, rows from 1, columns from 0, all inclusive.
type merge struct {
	r1, r2 int64
	c1, c2 int
}

// Span is a merged range, rows and columns from 1, all inclusive.
type Span struct {
	Top    int64 `json:"top"`
	Bottom int64 `json:"bottom"`
	Left   int   `json:"left"`
	Right  int   `json:"right"`
}

// OpenBook reads a workbook into memory and lists its sheets. The reader is
// closed. kind must be KindXLSX or KindXLS.
func OpenBook(r io.ReadCloser, kind Kind, lim Limits) (b *Book, err error) {
	data, err := io.ReadAll(io.LimitReader(r, lim.File+1))
	r.Close()
	if err != nil {
		return nil, readError(err)
	}
	switch {
	case int64(len(data)) > lim.File:
		return nil, ErrTooBig
	case len(data) == 0:
		return nil, ErrEmpty
	}
	// The decoders are fed hostile bytes; one of their panics is a bad file.
	defer recovered(&err)
	switch kind {
	case KindXLSX:
		return openXLSX(data, lim)
	case KindXLS:
		return openXLS(data, lim)
	}
	return nil, ErrFormat
}

func recovered(err *error) {
	if recover() != nil {
		*err = ErrFormat
	}
}

// Rows reads one sheet, "" for the first. With fill, a cell merged over
// several rows is repeated in each of them. Cells equal to one of missing,
// blanks around aside, are emptied.
func (b *Book) Rows(sheet string, fill bool, missing []string) (rows Rows, err error) {
	if sheet == "" && len(b.Sheets) > 0 {
		sheet = b.Sheets[0]
	}
	if !slices.Contains(b.Sheets, sheet) {
		return nil, ErrSheet
	}
	defer recovered(&err)
	c, err := b.open(b, sheet)
	if err != nil {
		return nil, err
	}
	s := &sheetRows{c: c, book: b, missing: missing}
	b.Merged = nil
	for _, m := range c.merged() {
		b.Merged = append(b.Merged, Span{m.r1, m.r2, m.c1 + 1, m.c2 + 1})
		if fill && m.r2 > m.r1 {
			s.down = append(s.down, downward{merge: m})
		}
	}
	return s, nil
}

type downward struct {
	merge
	value string
}

type sheetRows struct {
	c       cells
	book    *Book
	down    []downward
	missing []string
}

// Next implements Rows.
func (s *sheetRows) Next(r *Row) (err error) {
	defer recovered(&err)
	n, row, err := s.c.next()
	if err != nil {
		return err
	}
	for i := range s.down {
		d := &s.down[i]
		switch {
		case n == d.r1 && d.c1 < len(row):
			d.value = row[d.c1]
		case n > d.r1 && n <= d.r2 && d.value != "":
			for len(row) <= d.c1 {
				row = append(row, "")
			}
			row[d.c1] = d.value
		}
	}
	emptied := 0
	for i, c := range row {
		if len(s.missing) > 0 && c != "" && slices.Contains(s.missing, strings.Trim(c, " \t")) {
			row[i] = ""
			emptied++
		}
	}
	for len(row) > 1 && row[len(row)-1] == "" {
		row = row[:len(row)-1]
	}
	for _, c := range row {
		if longNumber(c) {
			s.book.LongNums++
		}
	}
	r.N = n
	r.setCells(row)
	r.Filled += emptied
	return nil
}

// Close implements Rows.
func (s *sheetRows) Close() error {
	s.c.close()
	return nil
}

// longNumber recognises what a spreadsheet makes of a number with more than
// 15 digits: an exponent.
func longNumber(c string) bool {
	i := strings.Index(c, "E+")
	if i < 3 || i > 20 || c[1] != '.' {
		return false
	}
	e, err := strconv.Atoi(c[i+2:])
	return err == nil && e >= 15 && e < 20
}

// number writes a cell's number as a spreadsheet shows it: at most 15
// significant digits, no exponent below 10^15.
func number(f float64) string {
	short, err := strconv.ParseFloat(strconv.FormatFloat(f, 'g', 15, 64), 64)
	if err != nil {
		short = f
	}
	if short >= 1e15 || short <= -1e15 {
		return strconv.FormatFloat(short, 'E', -1, 64)
	}
	return strconv.FormatFloat(short, 'f', -1, 64)
}
