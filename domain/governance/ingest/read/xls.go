package read

import (
	"bytes"
	"encoding/binary"
	"io"
	"slices"

	"github.com/richardlehane/mscfb"
)

// xlsBook is what the globals of a BIFF8 workbook hold. Own code on top of a
// compound-file reader: of the Go readers for the format the one that keeps
// cell types is under the GPL, the other loses values.
type xlsBook struct {
	stream   []byte
	lim      Limits
	strings  []string
	formats  map[int]string
	xf       []int // number format of each cell format
	date1904 bool
	offsets  map[string]int
}

func openXLS(data []byte, lim Limits) (*Book, error) {
	stream, err := workbookStream(data, lim)
	if err != nil {
		return nil, err
	}
	x := &xlsBook{stream: stream, lim: lim, formats: map[int]string{}, offsets: map[string]int{}}
	b := &Book{Formulas: -1}
	if err := x.globals(b); err != nil {
		return nil, err
	}
	b.open = func(b *Book, sheet string) (cells, error) { return x.sheet(b, x.offsets[sheet]) }
	return b, nil
}

// workbookStream takes the stream out of the compound file.
func workbookStream(data []byte, lim Limits) ([]byte, error) {
	doc, err := mscfb.New(bytes.NewReader(data))
	if err != nil {
		return nil, ErrTruncated
	}
	old := false
	for e, err := doc.Next(); err == nil; e, err = doc.Next() {
		switch e.Name {
		case "EncryptedPackage":
			return nil, ErrEncrypted
		case "Book":
			old = true
		case "Workbook":
			b, err := io.ReadAll(io.LimitReader(e, lim.File+1))
			if err != nil || int64(len(b)) < min(e.Size, lim.File) {
				return nil, ErrTruncated
			}
			return b, nil
		}
	}
	if old {
		return nil, ErrFormat // Excel 5/95
	}
	return nil, ErrFormat
}

func (x *xlsBook) globals(b *Book) error {
	s := biff{b: x.stream}
	first, ok := s.next()
	if !ok || first.id != recBOF || len(first.data()) < 4 || binary.LittleEndian.Uint16(first.data()) != 0x0600 {
		return ErrFormat
	}
	for {
		r, ok := s.next()
		if !ok {
			return ErrTruncated
		}
		f := fields{b: r.data()}
		switch r.id {
		case recFilePass:
			return ErrEncrypted
		case recDateMode:
			x.date1904 = f.u16() == 1
		case recFormat:
			id := f.u16()
			p := pieces{parts: [][]byte{f.b}}
			x.formats[id] = p.unicode(2)
		case recXF:
			f.u16()
			x.xf = append(x.xf, f.u16())
		case recBound:
			offset, state, kind := f.u32(), f.u8(), f.u8()
			p := pieces{parts: [][]byte{f.b}}
			name := p.unicode(1)
			if kind == 0 && state&3 == 0 {
				b.Sheets = append(b.Sheets, name)
				x.offsets[name] = offset
			}
		case recSST:
			x.sst(r)
		case recEOF:
			return nil
		}
	}
}

func (x *xlsBook) sst(r record) {
	p := pieces{parts: slices.Clone(r.parts)}
	p.skip(4)
	n := p.u32()
	for range n {
		s := p.unicode(2)
		if p.short {
			return
		}
		x.strings = append(x.strings, s)
	}
}

// sheet reads the cells of the sheet at an offset of the stream.
func (x *xlsBook) sheet(b *Book, offset int) (cells, error) {
	if offset <= 0 || offset >= len(x.stream) {
		return nil, ErrTruncated
	}
	s := biff{b: x.stream, pos: offset}
	if r, ok := s.next(); !ok || r.id != recBOF {
		return nil, ErrTruncated
	}
	out := &xlsCells{rows: map[int]map[int]string{}}
	b.Formulas = 0
	depth := 1
	var pending *[2]int // formula whose text follows
	for depth > 0 {
		r, ok := s.next()
		if !ok {
			return nil, ErrTruncated
		}
		switch {
		case r.id == recBOF:
			depth++ // an embedded chart
		case r.id == recEOF:
			depth--
		case depth > 1, r.id == recShared, r.id == recArray, r.id == recTable: // the last three stand between a formula and its text
		case r.id == recString && pending != nil:
			p := pieces{parts: slices.Clone(r.parts)}
			out.set(pending[0], pending[1], p.unicode(2))
			pending = nil
		default:
			if r.id == recFormula {
				b.Formulas++
			}
			pending = x.cell(out, r)
		}
		if out.wide > x.lim.Fields || int64(len(out.rows)) > x.lim.Rows {
			return nil, ErrTooBig
		}
	}
	out.order()
	return out, nil
}

// cell takes one cell record; a formula whose result is text gives its place.
func (x *xlsBook) cell(out *xlsCells, r record) *[2]int {
	f := fields{b: r.data()}
	switch r.id {
	case recLabelSST, recLabel, recRString, recRK, recNumber, recBoolErr, recFormula, recMulRK:
	case recMerge:
		for range f.u16() {
			r1, r2, c1, c2 := f.u16(), f.u16(), f.u16(), f.u16()
			if f.short {
				break
			}
			out.merges = append(out.merges, merge{int64(r1) + 1, int64(r2) + 1, c1, c2})
		}
		return nil
	default:
		return nil
	}
	row, col := f.u16(), f.u16()
	if r.id == recMulRK {
		for len(f.b) >= 8 { // six bytes a cell, then the last column
			xf := f.u16()
			out.set(row, col, x.numeral(rk(uint32(f.u32())), xf))
			col++
		}
		return nil
	}
	xf := f.u16()
	switch r.id {
	case recLabelSST:
		if i := f.u32(); i < len(x.strings) {
			out.set(row, col, x.strings[i])
		}
	case recLabel, recRString:
		p := pieces{parts: append([][]byte{f.b}, r.parts[1:]...)}
		n := p.u16()
		out.set(row, col, p.chars(n, p.u8()&1 != 0))
	case recRK:
		out.set(row, col, x.numeral(rk(uint32(f.u32())), xf))
	case recNumber:
		out.set(row, col, x.numeral(f.f64(), xf))
	case recBoolErr:
		v, isErr := f.u8(), f.u8()
		if isErr != 0 {
			out.set(row, col, errorText(v))
		} else {
			out.set(row, col, []string{"0", "1"}[v&1])
		}
	case recFormula:
		result := f.take(8)
		if f.short {
			return nil
		}
		if binary.LittleEndian.Uint16(result[6:]) != 0xffff {
			out.set(row, col, x.numeral((&fields{b: result}).f64(), xf))
			return nil
		}
		switch result[0] {
		case 0:
			return &[2]int{row, col}
		case 1:
			out.set(row, col, []string{"0", "1"}[result[2]&1])
		case 2:
			out.set(row, col, errorText(int(result[2])))
		}
	}
	return nil
}

// numeral writes a number as its format means it.
func (x *xlsBook) numeral(v float64, xf int) string {
	if xf < len(x.xf) && dateFormat(x.xf[xf], x.formats) {
		if s, ok := serial(v, x.date1904); ok {
			return s
		}
	}
	return number(v)
}

type xlsCells struct {
	rows   map[int]map[int]string
	keys   []int
	i      int
	wide   int
	merges []merge
}

func (c *xlsCells) set(row, col int, v string) {
	m := c.rows[row]
	if m == nil {
		m = map[int]string{}
		c.rows[row] = m
	}
	m[col] = v
	c.wide = max(c.wide, col+1)
}

func (c *xlsCells) order() {
	for k := range c.rows {
		c.keys = append(c.keys, k)
	}
	slices.Sort(c.keys)
}

func (c *xlsCells) merged() []merge { return c.merges }
func (c *xlsCells) close()          {}

func (c *xlsCells) next() (int64, []string, error) {
	if c.i == len(c.keys) {
		return 0, nil, io.EOF
	}
	k := c.keys[c.i]
	c.i++
	width := 0
	for col := range c.rows[k] {
		width = max(width, col+1)
	}
	row := make([]string, width)
	for col, v := range c.rows[k] {
		row[col] = v
	}
	return int64(k) + 1, row, nil
}
