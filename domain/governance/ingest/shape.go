package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"pado/domain/governance/ingest/pipeline"
	"pado/domain/governance/ingest/read"
)

// Reason says why a row of the file is no row of data. It is part of the
// quarantine file and of the counts.
type Reason string

// The reasons of the reading step, besides the flaws of package read.
const (
	ReasonBanner  Reason = "banner"  // stands before the header
	ReasonSection Reason = "section" // a heading between the data
	ReasonNote    Reason = "note"    // a remark
	ReasonTotal   Reason = "total"   // a sum of other rows
	ReasonFields  Reason = "fields"  // another number of fields than the header
)

// Label is the reason in words.
func (r Reason) Label() string {
	switch r {
	case ReasonBanner:
		return "标题行"
	case ReasonSection:
		return "分节行"
	case ReasonNote:
		return "说明行"
	case ReasonTotal:
		return "合计行"
	case ReasonFields:
		return "字段数与表头不符"
	case Reason(read.FlawKeys):
		return "含有声明以外的键"
	case Reason(read.FlawJSON):
		return "不是一个 JSON 对象"
	case Reason(read.FlawControl):
		return "含有控制字符"
	case Reason(read.FlawQuote):
		return "引号不成对"
	case Reason(read.FlawTooLong):
		return "单行过长"
	case Reason(read.FlawEncoding):
		return "含有无法识别的字符"
	}
	return string(r)
}

// shaped reads the data rows of a source: banners, header, strays and rows
// that do not fit are told to reject.
type shaped struct {
	rows    read.Rows
	src     *pipeline.Source
	want    int    // fields of a data row
	section []byte // the latest heading
	carry   bool
	reject  func(reason Reason, r *read.Row)

	Blank  int64 // records that hold nothing
	Header int64 // header records
	in     read.Row
	line   []byte
	names  []string
	sums   *reconciler      // adds up what passes; nil for not
	is     map[int64]string // what single rows were said to be
}

// shape reads up to and including the header and binds it to the source:
// raw[i] is the key of the file's i-th column, "" for one that is ignored.
// The carried section, if any, is the last.
func shape(rows read.Rows, src *pipeline.Source, reject func(Reason, *read.Row)) (s *shaped, raw []string, err error) {
	s = &shaped{rows: rows, src: src, reject: reject}
	for _, x := range src.Rows {
		if s.is == nil {
			s.is = map[int64]string{}
		}
		s.is[x.Row] = x.Is
	}
	s.carry = src.Strays != nil && src.Strays.Section != ""
	if raw, err = s.bind(); err != nil {
		return nil, nil, err
	}
	s.want = len(raw)
	if s.carry {
		raw = append(raw, src.Strays.Section)
	}
	return s, raw, nil
}

func (s *shaped) bind() ([]string, error) {
	if err := s.skip(); err != nil {
		return nil, err
	}
	cols := s.src.Columns
	if s.src.Header == 0 {
		raw := make([]string, len(cols))
		for i, c := range cols {
			raw[i] = c.Key()
			s.names = append(s.names, c.Name)
		}
		return raw, nil
	}
	var header [][]string
	for range s.src.Header {
		var r read.Row
		if err := s.nextFilled(&r); errors.Is(err, io.EOF) {
			return nil, ErrNoHeader
		} else if err != nil {
			return nil, err
		}
		s.Header++
		header = append(header, r.Cells())
	}
	names := Names(header)
	// Columns without a name at the right end are what a spreadsheet leaves;
	// a row that has something there does not fit.
	for n := len(names); n > 0 && nameless(header, n-1) && !slices.ContainsFunc(cols, func(c pipeline.Column) bool { return c.Name == names[n-1] }); n-- {
		names = names[:n-1]
	}
	s.names = names
	raw := make([]string, len(names))
	var missing, extra, places []string
	for i, n := range names {
		k := slices.IndexFunc(cols, func(c pipeline.Column) bool { return c.Name == n })
		switch {
		case k >= 0:
			raw[i] = cols[k].Key()
		case s.src.Extra != "ignore":
			extra, places = append(extra, n), append(places, strconv.Itoa(i+1))
		}
	}
	for _, c := range cols {
		if !c.Optional && !slices.Contains(names, c.Name) {
			missing = append(missing, c.Name)
		}
	}
	if len(missing)+len(extra) > 0 {
		return nil, schemaError(missing, extra, places)
	}
	return raw, nil
}

func (s *shaped) skip() error {
	for range s.src.Skip {
		var r read.Row
		if err := s.nextFilled(&r); errors.Is(err, io.EOF) {
			return ErrNoHeader
		} else if err != nil {
			return err
		}
		s.reject(ReasonBanner, &r)
	}
	return nil
}

func (s *shaped) nextFilled(r *read.Row) error {
	for {
		if err := s.rows.Next(r); err != nil {
			return err
		}
		if !r.Blank() {
			return nil
		}
		s.Blank++
	}
}

// Names makes column names of header records: blanks around a name and what
// cannot be seen inside it are taken out, an empty cell of an upper record takes the name
// to its left, the parts are joined by "/", a column without any name is
// called column_N, and a name that occurs again gets _2, _3 and so on.
func Names(header [][]string) []string {
	width := 0
	for _, h := range header {
		width = max(width, len(h))
	}
	parts := make([][]string, width)
	for level, h := range header {
		left := ""
		for i := range width {
			cell := ""
			if i < len(h) {
				cell = nameText(h[i])
			}
			if cell == "" && level < len(header)-1 {
				cell = left
			}
			left = cell
			if cell != "" && (len(parts[i]) == 0 || parts[i][len(parts[i])-1] != cell) {
				parts[i] = append(parts[i], cell)
			}
		}
	}
	names := make([]string, width)
	taken := map[string]bool{}
	for i, p := range parts {
		n := strings.Join(p, "/")
		if n == "" {
			n = "column_" + strconv.Itoa(i+1)
		}
		name := n
		for k := 2; taken[name]; k++ {
			name = fmt.Sprintf("%s_%d", n, k)
		}
		taken[name] = true
		names[i] = name
	}
	return names
}

// nameText is a header cell without what cannot be seen.
func nameText(s string) string {
	return tidy(strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return -1
	}, s))
}

func nameless(header [][]string, column int) bool {
	return !slices.ContainsFunc(header, func(h []string) bool { return column < len(h) && nameText(h[column]) != "" })
}

func tidy(s string) string {
	return strings.Trim(strings.NewReplacer("\r", "", "\n", "").Replace(s), " \t\u00a0\u3000\ufeff")
}

// Next gives the next data row, with the section appended and line breaks
// folded unless the source keeps them. r.Line is valid until the next call.
func (s *shaped) Next(r *read.Row) error {
	for {
		if err := s.nextFilled(&s.in); err != nil {
			return err
		}
		reason, section := s.judge(&s.in)
		if reason == "" {
			s.tally(reason)
			*r = s.in
			s.finish(r)
			return nil
		}
		s.tally(reason)
		if reason == ReasonSection {
			s.section = []byte(section)
		}
		s.reject(reason, &s.in)
	}
}

// tally holds the figures that the file gives about its rows to the rows.
func (s *shaped) tally(reason Reason) {
	if s.sums == nil || reason == "" && len(s.src.Strays.Totals) == 0 {
		if s.sums != nil {
			s.sums.rows++
		}
		return
	}
	cells := s.in.Cells()
	field := func(i int) string {
		if i < len(cells) {
			return cells[i]
		}
		return ""
	}
	switch reason {
	case "":
		s.sums.row(field)
	case ReasonSection:
		s.sums.heading(s.in.N, firstFilled(s.in.Line))
	case ReasonTotal:
		s.sums.total(s.in.N, field)
	}
}

func (s *shaped) judge(r *read.Row) (reason Reason, section string) {
	if r.Flaw != read.FlawNone {
		return Reason(r.Flaw), ""
	}
	if len(s.is) > 0 {
		if is, ok := s.is[r.N]; ok && is != "data" {
			return Reason(is), firstFilled(r.Line)
		} else if ok {
			return s.fits(r), ""
		}
	}
	if st := s.src.Strays; st != nil && (r.Filled*2 <= s.want || r.Filled <= st.Filled || len(st.Totals) > 0) {
		first := firstFilled(r.Line)
		if reason := stray1(st, first, r.Filled, s.want); reason == ReasonSection {
			return reason, first
		} else if reason != "" {
			return reason, ""
		}
	}
	return s.fits(r), ""
}

// stray1 says what a row that is perhaps no data is, "" for data. first is its
// first filled cell.
func stray1(st *pipeline.Strays, first string, filled, width int) Reason {
	switch {
	case st == nil:
		return ""
	case slices.Contains(st.Totals, first):
		return ReasonTotal
	case filled > st.Filled:
		if width > 2 && signature(st.Notes, first, filled, width) {
			return ReasonNote
		}
		return ""
	case slices.ContainsFunc(st.Notes, func(n string) bool { return strings.HasPrefix(first, n) }):
		return ReasonNote
	}
	return ReasonSection
}

// signature reports a line like "填表人：　　审核人：" spread over some cells: at
// most half are filled, and the first is a label that begins with a note's word.
func signature(notes []string, first string, filled, width int) bool {
	if filled*2 > width {
		return false
	}
	i := strings.IndexAny(first, ":：")
	return i > 0 && slices.ContainsFunc(notes, func(n string) bool { return strings.HasPrefix(first, n) && len(n) <= i })
}

// fits is the reason that a data row does not fit the header, "" if it does.
func (s *shaped) fits(r *read.Row) Reason {
	if r.Fields == s.want || (r.Fields < s.want && s.src.Kind != "csv") {
		return "" // a sheet's row ends at its last filled cell
	}
	if r.Fields > s.want && onlySeparators(r.Line, s.want) {
		return ""
	}
	return ReasonFields
}

func firstFilled(line []byte) string {
	for f := range bytes.SplitSeq(line, []byte{read.US}) {
		if t := tidy(read.Restore(string(f))); t != "" {
			return t
		}
	}
	return ""
}

// onlySeparators reports whether nothing but blanks follows the first want
// fields: spreadsheets add empty columns on the right.
func onlySeparators(line []byte, want int) bool {
	for range want {
		i := bytes.IndexByte(line, read.US)
		if i < 0 {
			return false
		}
		line = line[i+1:]
	}
	return len(bytes.Trim(line, " \t\x1f")) == 0
}

func (s *shaped) finish(r *read.Row) {
	if r.Fields > s.want {
		end := 0
		for range s.want {
			end += bytes.IndexByte(r.Line[end:], read.US) + 1
		}
		r.Line = r.Line[:end-1]
	}
	pad := max(0, s.want-r.Fields)
	fold := !s.src.Multiline && (bytes.IndexByte(r.Line, read.RS) >= 0 || bytes.IndexByte(r.Line, read.GS) >= 0)
	r.Fields = s.want
	if pad == 0 && !fold && !s.carry {
		return
	}
	s.line = s.line[:0]
	for i, b := range r.Line {
		switch {
		case !fold || (b != read.GS && b != read.RS):
			s.line = append(s.line, b)
		case b == read.GS && i+1 < len(r.Line) && r.Line[i+1] == read.RS:
		default:
			s.line = append(s.line, ' ')
		}
	}
	for range pad {
		s.line = append(s.line, read.US)
	}
	if s.carry {
		s.line = append(append(s.line, read.US), s.section...)
	}
	r.Line = s.line
}
