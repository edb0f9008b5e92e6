package docs

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"

	"pado/core/calendar"
	"pado/core/money"
)

// Sheet is one table of a workbook. Its head stands below the title and the notes and stays in view; the number of rows
// is printed above it, so that a reader can tell whether the file is whole.
type Sheet struct {
	Name    string // tab; characters the format forbids are replaced, long names cut, repeated ones numbered
	Title   string
	Notes   []string // for example the filter, and who exported when
	Columns []SheetColumn
	Count   int                      // how many rows Rows gives
	Rows    iter.Seq2[[]Cell, error] // each row has as many cells as there are columns
}

// SheetColumn is a column head. Width is in characters of half an em; 0 lets the first rows decide.
type SheetColumn struct {
	Title string
	Width float64
}

// SheetOf is a sheet of rows in memory.
func SheetOf(name string, columns []SheetColumn, rows [][]Cell) Sheet {
	return Sheet{Name: name, Columns: columns, Count: len(rows), Rows: func(yield func([]Cell, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}}
}

// Cell is one typed value. The zero Cell is empty.
type Cell struct {
	kind  cellKind
	text  string
	value int64
	date  calendar.Date
	at    time.Time
}

type cellKind int

const (
	cellEmpty cellKind = iota
	cellText
	cellYuan
	cellInt
	cellDate
	cellTime
	cellPercent
)

// CellText is text and stays text: it is never read as a formula, a number or a date, whatever it begins with.
func CellText(s string) Cell { return Cell{kind: cellText, text: s} }

// CellYuan is an amount, shown in 元 with two digits.
func CellYuan(f money.Fen) Cell { return Cell{kind: cellYuan, value: int64(f)} }

// CellInt is a count.
func CellInt(n int64) Cell { return Cell{kind: cellInt, value: n} }

// CellDate is a day; no day leaves the cell empty.
func CellDate(d calendar.Date) Cell { return Cell{kind: cellDate, date: d} }

// CellTime is an instant, shown in Chinese time; the zero instant leaves the cell empty.
func CellTime(t time.Time) Cell { return Cell{kind: cellTime, at: t} }

// CellPercent is a share, shown in per cent with two digits.
func CellPercent(p money.BasisPoints) Cell { return Cell{kind: cellPercent, value: int64(p)} }

const (
	sheetRows   = 1 << 20 // what the format holds
	sheetSample = 200     // rows that decide the column widths
	cellUnits   = 32767   // UTF-16 units of text in one cell
)

// exact bounds what is written as a number: spreadsheets keep doubles and show fifteen digits.
const exact = 1e15 - 1

// ErrTooManyRows is returned by XLSX for a sheet that the format cannot hold.
var ErrTooManyRows error = &coded{"docs.rows", "导出的行数超过电子表格的上限（1048576行），请缩小筛选范围后重试"}

// XLSX writes the sheets as one workbook, row by row. Errors: *Invalid for a sheet without columns, a row of the wrong
// length, a text that no cell holds, or a number of rows other than announced; ErrTooManyRows; the error of a row source
// as it came. Nothing is written unless the whole workbook is complete.
func XLSX(w io.Writer, sheets ...Sheet) error {
	if len(sheets) == 0 {
		return &Invalid{"workbook", "has no sheet"}
	}
	f := excelize.NewFile()
	defer func() { _ = f.Close() }() // removes temporary files; the workbook is already complete or given up
	styles, err := sheetStyles(f)
	if err != nil {
		return fmt.Errorf("write workbook: %w", err)
	}
	names := sheetNames(sheets)
	for i, s := range sheets {
		if i == 0 {
			err = f.SetSheetName("Sheet1", names[0])
		} else {
			_, err = f.NewSheet(names[i])
		}
		if err != nil {
			return fmt.Errorf("write workbook: %w", err)
		}
		if err := writeSheet(f, names[i], s, styles); err != nil {
			return err
		}
	}
	var buf bytes.Buffer
	if err := f.Write(&buf); err != nil {
		return fmt.Errorf("write workbook: %w", err)
	}
	_, err = w.Write(buf.Bytes())
	return err
}

type styleSet struct {
	title, note, head int
	cell              map[cellKind]int
}

func sheetStyles(f *excelize.File) (styleSet, error) {
	s := styleSet{cell: map[cellKind]int{}}
	side := func(kind string) excelize.Border { return excelize.Border{Type: kind, Color: "000000", Style: 1} }
	box := []excelize.Border{side("left"), side("top"), side("right"), side("bottom")}
	var failed error
	add := func(st excelize.Style) int {
		id, err := f.NewStyle(&st)
		if err != nil && failed == nil {
			failed = err
		}
		return id
	}
	font := func(size float64, bold bool) *excelize.Font {
		return &excelize.Font{Family: "宋体", Size: size, Bold: bold}
	}
	s.title = add(excelize.Style{Font: font(14, true)})
	s.note = add(excelize.Style{Font: font(10, false)})
	s.head = add(excelize.Style{Font: font(11, true), Border: box, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"E8EEF7"}},
		Alignment: &excelize.Alignment{Horizontal: "center", Vertical: "center", WrapText: true}})
	cell := func(k cellKind, format, align string) {
		st := excelize.Style{Font: font(11, false), Border: box, CustomNumFmt: &format, Alignment: &excelize.Alignment{Horizontal: align, Vertical: "center", WrapText: k == cellText}}
		if k == cellEmpty {
			st.CustomNumFmt = nil
		}
		s.cell[k] = add(st)
	}
	cell(cellEmpty, "", "left")
	cell(cellText, "@", "left") // the text format keeps a cell text when someone edits it
	cell(cellYuan, "#,##0.00", "right")
	cell(cellInt, "#,##0", "right")
	cell(cellDate, "yyyy-mm-dd", "center")
	cell(cellTime, "yyyy-mm-dd hh:mm:ss", "center")
	cell(cellPercent, "0.00%", "right")
	return s, failed
}

// sheetNames makes names the format takes: 31 units, none of its seven forbidden characters, no two alike.
func sheetNames(sheets []Sheet) []string {
	seen := map[string]bool{}
	out := make([]string, len(sheets))
	for i, s := range sheets {
		base := strings.Trim(strings.Map(func(r rune) rune {
			if strings.ContainsRune(`[]:*?/\`, r) {
				return '_'
			}
			return r
		}, oneLine(s.Name)), "' ")
		if base == "" {
			base = fmt.Sprintf("表%d", i+1)
		}
		name := shorten(base, 31)
		for n := 2; seen[strings.ToLower(name)]; n++ {
			tail := fmt.Sprintf("(%d)", n)
			name = shorten(base, 31-len(tail)) + tail
		}
		seen[strings.ToLower(name)] = true
		out[i] = name
	}
	return out
}

// shorten cuts s to at most n UTF-16 units, between characters.
func shorten(s string, n int) string {
	units := 0
	for i, r := range s {
		if units += utf16.RuneLen(r); units > n {
			return s[:i]
		}
	}
	return s
}

func writeSheet(f *excelize.File, name string, s Sheet, st styleSet) error {
	wrong := func(format string, args ...any) error { return &Invalid{"sheet " + name, fmt.Sprintf(format, args...)} }
	if len(s.Columns) == 0 {
		return wrong("has no columns")
	}
	if s.Rows == nil {
		s.Rows = func(func([]Cell, error) bool) {}
	}
	top := headLines(s)
	if s.Count > sheetRows-len(top)-1 {
		return ErrTooManyRows
	}
	sw, err := f.NewStreamWriter(name)
	if err != nil {
		return fmt.Errorf("write sheet: %w", err)
	}
	out := &sheetWriter{sw: sw, st: st, columns: s.Columns}
	var sample [][]Cell
	n := 0
	for row, err := range s.Rows {
		if err != nil {
			return err
		}
		if n++; len(row) != len(s.Columns) {
			return wrong("row %d has %d cells for %d columns", n, len(row), len(s.Columns))
		}
		if n > s.Count {
			return wrong("gives more rows than the %d announced", s.Count)
		}
		if sample = append(sample, slices.Clone(row)); n < sheetSample {
			continue
		}
		if err := out.flush(top, sample); err != nil {
			return err
		}
		sample = sample[:0]
	}
	if n != s.Count {
		return wrong("gives %d rows, not the %d announced", n, s.Count)
	}
	if err := out.flush(top, sample); err != nil {
		return err
	}
	if err := sw.Flush(); err != nil {
		return fmt.Errorf("write sheet: %w", err)
	}
	return nil
}

// headLines is what stands above the head: title, notes, number of rows.
func headLines(s Sheet) []string {
	var lines []string
	for _, l := range append([]string{s.Title}, s.Notes...) {
		if t := shorten(oneLine(l), cellUnits); t != "" {
			lines = append(lines, t)
		}
	}
	return append(lines, fmt.Sprintf("共%d行", s.Count))
}

type sheetWriter struct {
	sw      *excelize.StreamWriter
	st      styleSet
	columns []SheetColumn
	row     int
}

// flush writes rows, and before the first ones everything above them.
func (o *sheetWriter) flush(top []string, rows [][]Cell) error {
	if o.row == 0 {
		if err := o.head(top, rows); err != nil {
			return fmt.Errorf("write sheet: %w", err)
		}
	}
	for _, r := range rows {
		values := make([]any, len(r))
		for i, c := range r {
			v, err := c.cell(o.st)
			if err != nil {
				return err
			}
			values[i] = v
		}
		if err := o.put(values); err != nil {
			return fmt.Errorf("write sheet: %w", err)
		}
	}
	return nil
}

func (o *sheetWriter) put(values []any) error {
	o.row++
	return o.sw.SetRow(fmt.Sprintf("A%d", o.row), values)
}

func (o *sheetWriter) head(top []string, sample [][]Cell) error {
	for i, c := range o.columns {
		w := c.Width
		if w <= 0 {
			w = 2*ems(c.Title) + 2
			for _, r := range sample {
				w = max(w, r[i].length()+2)
			}
			w = min(w, 60)
		}
		if err := o.sw.SetColWidth(i+1, i+1, min(w, 255)); err != nil {
			return err
		}
	}
	below := len(top) + 1
	if err := o.sw.SetPanes(&excelize.Panes{Freeze: true, YSplit: below, TopLeftCell: fmt.Sprintf("A%d", below+1), ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	for i, l := range top {
		style := o.st.note
		if i == 0 && len(top) > 1 {
			style = o.st.title
		}
		if err := o.put([]any{excelize.Cell{StyleID: style, Value: l}}); err != nil {
			return err
		}
	}
	titles := make([]any, len(o.columns))
	for i, c := range o.columns {
		titles[i] = excelize.Cell{StyleID: o.st.head, Value: shorten(clean(c.Title), cellUnits)}
	}
	return o.put(titles)
}

// length is the shown width in characters of half an em.
func (c Cell) length() float64 {
	switch c.kind {
	case cellText:
		w := 0.0
		for _, l := range strings.Split(c.text, "\n") {
			w = max(w, 2*ems(l))
		}
		return w
	case cellYuan:
		return float64(len(money.Fen(c.value).String()))
	case cellTime:
		return 19
	}
	return 10
}

// cell is the cell for the stream. Amounts and counts of up to fifteen digits become numbers, longer ones text, so
// no fen is lost.
func (c Cell) cell(st styleSet) (excelize.Cell, error) {
	out := excelize.Cell{StyleID: st.cell[c.kind]}
	switch c.kind {
	case cellText:
		t := clean(c.text)
		if n := len(utf16.Encode([]rune(t))); n > cellUnits {
			return out, &Invalid{"cell", fmt.Sprintf("holds %d characters, the format %d", n, cellUnits)}
		}
		out.Value = t
	case cellYuan, cellPercent:
		out.Value = float64(c.value) / 100 // the double nearest to the decimal: it reads back as the same fen
		if c.kind == cellPercent {
			out.Value = float64(c.value) / 10000
		}
		if c.value > exact || c.value < -exact {
			out.Value = money.Fen(c.value).Yuan()
		}
	case cellInt:
		out.Value = c.value
		if c.value > exact || c.value < -exact {
			out.Value = fmt.Sprint(c.value)
		}
	case cellDate:
		switch {
		case c.date.IsZero():
		case c.date.Y < 1901: // the format counts days from 1900, and counts that year wrong
			out.Value = c.date.String()
		default:
			out.Value = time.Date(c.date.Y, c.date.M, c.date.D, 0, 0, 0, 0, time.UTC)
		}
	case cellTime:
		if !c.at.IsZero() {
			out.Value = c.at.In(calendar.Shanghai)
		}
	}
	return out, nil
}
