package sheet

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/unicode/norm"

	"pado/domain/catalogue"
)

// Limits of a table.
const (
	MaxBytes    = 20 << 20
	maxUnpacked = 64 << 20
	maxRows     = 50_000
	maxColumns  = 200
	maxItems    = 2_000
	maxCells    = 1_000_000 // of all rows
	maxFaults   = 5_000     // told one by one
	maxCell     = 4_000
	headWithin  = 20 // lines among which the headings are looked for
	headAtLeast = 4  // known headings that make a line the line of headings
)

// Line is one resource as the table describes it, with where it stands.
type Line struct {
	Item           catalogue.Item `json:"item"`
	Row            int            `json:"row"`  // of its first line, from 1
	Rows           []int          `json:"rows"` // of its information items
	USCC, Provider string
	Secret         string
	Given          map[string]bool `json:"given"` // keys of the columns that the table has
}

// Fault is one cell that cannot be taken, or with Column 0 one line.
type Fault struct {
	Row     int    `json:"row"`
	Column  int    `json:"column"`
	Cell    string `json:"cell"` // as Excel calls it, e.g. C5
	Label   string `json:"label"`
	Message string `json:"message"`
	Clause  string `json:"clause"`
}

// Table is a file that was read.
type Table struct {
	Lines   []Line
	Faults  []Fault
	Skipped []string // headings that are not known
	cells   [][]string
	head    int // row of the headings, from 0
	at      map[string]int
}

// Unreadable is a file that cannot be read at all, in words for whoever sent it.
type Unreadable struct{ Message string }

// Error implements error.
func (u *Unreadable) Error() string { return u.Message }

func unreadable(format string, a ...any) error { return &Unreadable{fmt.Sprintf(format, a...)} }

// Read reads a table by the extension of its name: .xlsx or .csv. *Unreadable when there is no table
// in it; what is wrong within the table stands in Faults.
func Read(name string, data []byte) (*Table, error) {
	if len(data) > MaxBytes {
		return nil, unreadable("文件超过20MB，请拆分后分批上传")
	}
	var t *Table
	var err error
	switch ext := strings.ToLower(filepath.Ext(name)); ext {
	case ".xlsx":
		t, err = readXLSX(data)
	case ".csv":
		t, err = readCSV(data)
	default:
		return nil, unreadable("只接受 XLSX 和 CSV 文件；旧版 XLS 请另存为 XLSX")
	}
	if err != nil {
		return nil, err
	}
	if err := t.heading(); err != nil {
		return nil, err
	}
	return t, t.parse()
}

func readXLSX(data []byte) (*Table, error) {
	f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{UnzipSizeLimit: maxUnpacked, UnzipXMLSizeLimit: maxUnpacked})
	if err != nil {
		return nil, unreadable("文件不是有效的 XLSX 表格，或者已损坏、加密、过大")
	}
	defer f.Close() //nolint:errcheck // read only
	t := &Table{}
	names := f.GetSheetList()
	if len(names) == 0 {
		return nil, unreadable("文件中没有工作表")
	}
	name, filled := names[0], 0
	rows, err := f.Rows(name)
	if err != nil {
		return nil, unreadable("文件中的第一张工作表无法读取")
	}
	defer rows.Close() //nolint:errcheck // read only
	for n := 1; rows.Next(); n++ {
		if n > maxRows {
			return nil, unreadable("表格超过%d行，请拆分后分批上传", maxRows)
		}
		cells, err := rows.Columns()
		if err != nil || len(cells) > maxColumns {
			return nil, unreadable("第%d行无法读取，或者超过%d列", n, maxColumns)
		}
		if filled += len(cells); filled > maxCells {
			return nil, unreadable("表格超过%d格，请拆分后分批上传", maxCells)
		}
		t.cells = append(t.cells, cells)
	}
	if err := rows.Error(); err != nil {
		return nil, unreadable("表格读到第%d行后中断，文件可能不完整", len(t.cells))
	}
	if !formulas(data) {
		return t, nil
	}
	if len(t.cells) > maxFormulaRows {
		return nil, unreadable("表格中有公式，请全部粘贴为数值后再上传")
	}
	for r, cells := range t.cells {
		for c := range cells {
			at, err := excelize.CoordinatesToCellName(c+1, r+1)
			if err != nil {
				return nil, err
			}
			if formula, err := f.GetCellFormula(name, at); err == nil && formula != "" {
				t.cells[r][c] = "=" + formula
			}
		}
	}
	return t, nil
}

// maxFormulaRows is how many lines a table with formulas may have: finding them costs a search each.
const maxFormulaRows = 2_000

// formulas tells whether any sheet of a workbook holds one.
func formulas(data []byte) bool {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return true
	}
	for _, f := range z.File {
		if !strings.HasPrefix(f.Name, "xl/worksheets/") {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return true
		}
		raw, err := io.ReadAll(io.LimitReader(r, maxUnpacked))
		r.Close() //nolint:errcheck // read only
		if err != nil || bytes.Contains(raw, []byte("<f>")) || bytes.Contains(raw, []byte("<f ")) {
			return true
		}
	}
	return false
}

func readCSV(data []byte) (*Table, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(data) {
		plain, err := simplifiedchinese.GB18030.NewDecoder().Bytes(data)
		if err != nil || bytes.ContainsRune(plain, utf8.RuneError) {
			return nil, unreadable("文件的编码既不是 UTF-8，也不是 GB18030")
		}
		data = plain
	}
	t, filled := &Table{}, 0
	r := csv.NewReader(bytes.NewReader(data))
	r.FieldsPerRecord, r.LazyQuotes = -1, true
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		if err != nil {
			return nil, unreadable("第%d行之后无法按 CSV 读取", len(t.cells)+1)
		}
		if len(t.cells) >= maxRows || len(row) > maxColumns {
			return nil, unreadable("表格超过%d行或%d列", maxRows, maxColumns)
		}
		if filled += len(row); filled > maxCells {
			return nil, unreadable("表格超过%d格，请拆分后分批上传", maxCells)
		}
		t.cells = append(t.cells, row)
	}
}

// plain is a heading without blanks, marks and notes in brackets.
func plain(s string) string {
	s = norm.NFKC.String(s)
	if i := strings.IndexAny(s, "(（"); i > 0 {
		s = s[:i]
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\r\n*:：", r) {
			return -1
		}
		return r
	}, s)
}

func (c column) id() string {
	if c.field {
		return "fields." + c.key
	}
	return c.key
}

func known(heading string) (column, bool) {
	for _, c := range columns {
		for _, name := range append([]string{c.label}, c.alias...) {
			if heading == name {
				return c, true
			}
		}
	}
	return column{}, false
}

// heading finds the line of headings: the one with the most known ones among the first lines.
func (t *Table) heading() error {
	most := 0
	for r := range min(len(t.cells), headWithin) {
		n := 0
		for _, s := range t.cells[r] {
			if _, ok := known(plain(s)); ok {
				n++
			}
		}
		if n > most {
			most, t.head = n, r
		}
	}
	if most < headAtLeast {
		return unreadable("没有找到表头：前%d行中没有“资源名称”“更新周期”等列名，请使用模板", headWithin)
	}
	t.at = map[string]int{}
	for i, s := range t.cells[t.head] {
		h := plain(s)
		c, ok := known(h)
		if !ok {
			if h != "" && h != reasonLabel {
				t.Skipped = append(t.Skipped, h)
			}
			continue
		}
		if _, twice := t.at[c.id()]; twice {
			t.fault(t.head, i, c.label, "", "列名“%s”出现了两次", c.label)
			continue
		}
		t.at[c.id()] = i
	}
	for _, need := range []string{"title", "fields.label"} {
		if _, ok := t.at[need]; !ok {
			return unreadable("表头中缺少“资源名称”或“信息项名称”")
		}
	}
	return nil
}

// fault notes a cell by row and column from 0; a negative column means the line. Of very many the
// first are told.
func (t *Table) fault(row, col int, label, clause, format string, a ...any) {
	switch {
	case len(t.Faults) > maxFaults:
		return
	case len(t.Faults) == maxFaults:
		col, label, clause, format, a = -1, "", "", "错误过多，这一行起不再逐一列出", nil
	}
	f := Fault{Row: row + 1, Column: col + 1, Label: label, Message: fmt.Sprintf(format, a...), Clause: clause}
	if col < 0 {
		f.Column = 0
		f.Cell = fmt.Sprint("第", row+1, "行")
	} else if name, err := excelize.CoordinatesToCellName(col+1, row+1); err == nil {
		f.Cell = name
	}
	if f.Clause == "" {
		f.Clause = "7.2b"
	}
	t.Faults = append(t.Faults, f)
}

func (t *Table) cell(r int, id string) (string, int) {
	c, ok := t.at[id]
	if !ok {
		return "", -1
	}
	if c >= len(t.cells[r]) {
		return "", c
	}
	return strings.TrimSpace(t.cells[r][c]), c
}

// Inert tells whether a text would be taken for a formula by the next table it is copied to.
func Inert(s string) bool {
	s = strings.TrimLeft(s, " \t\r\n")
	return s == "" || !strings.ContainsRune("=+-@＝＋－＠", []rune(s)[0])
}

// parse makes lines of the cells: a line whose resource name is empty or repeated goes on with the
// resource above.
func (t *Table) parse() error {
	given := map[string]bool{}
	for id := range t.at {
		given[id] = true
	}
	var l *Line
	for r := t.head + 1; r < len(t.cells); r++ {
		if !slices.ContainsFunc(t.cells[r], func(s string) bool { return strings.TrimSpace(s) != "" }) {
			continue
		}
		title, _ := t.cell(r, "title")
		if l == nil && title == "" {
			t.fault(r, t.at["title"], "资源名称", "", "请填写资源名称")
			continue
		}
		first := l == nil || title != "" && title != l.Item.Title
		if first {
			if len(t.Lines) == maxItems {
				return unreadable("一个文件最多%d个资源，请拆分后分批上传", maxItems)
			}
			t.Lines = append(t.Lines, Line{Row: r + 1, Given: given})
			l = &t.Lines[len(t.Lines)-1]
		}
		var f catalogue.Field
		for _, c := range columns {
			t.take(l, &f, c, r, first)
		}
		if label, _ := t.cell(r, "fields.label"); label != "" || f.Name != "" {
			l.Item.Fields = append(l.Item.Fields, f)
			l.Rows = append(l.Rows, r+1)
		}
	}
	if len(t.Lines) == 0 {
		return unreadable("表头以下没有内容")
	}
	return nil
}

// take reads one cell into the line. What a resource says stands in its first line; below, it may be
// repeated, and a different word is a fault.
func (t *Table) take(l *Line, f *catalogue.Field, c column, r int, first bool) {
	s, at := t.cell(r, c.id())
	if at < 0 {
		return
	}
	switch {
	case utf8.RuneCountInString(s) > maxCell:
		t.fault(r, at, c.label, "", "最多%d个字", maxCell)
	case !Inert(s):
		t.fault(r, at, c.label, "", "不接受公式，也不接受以 = + - @ 开头的内容，请改为文字")
	case strings.ContainsFunc(s, func(x rune) bool {
		return x < 0x20 && x != '\n' && x != '\t' && x != '\r' || x >= 0x202a && x <= 0x202e || x == utf8.RuneError
	}):
		t.fault(r, at, c.label, "", "含有无法保存的字符")
	case !c.field && !first:
		if above, _ := t.cell(l.Row-1, c.id()); s != "" && s != above {
			t.fault(r, at, c.label, "", "同一资源的“%s”前后不一致", c.label)
		}
	case s == "" && c.required && !c.field:
		t.fault(r, at, c.label, "", "请填写“%s”", c.label)
	default:
		if err := c.set(l, f, s); err != nil {
			t.fault(r, at, c.label, "", "“%s”%s", c.label, err)
		}
	}
	if c.key == "secret" && l.Secret == "yes" {
		t.fault(r, at, c.label, "7.1", "涉密信息不得录入本平台：请立即停止填报，并按保密规定处理已填内容")
	}
}

// Locate notes problems of a line's item at the cells they come from.
func (t *Table) Locate(l Line, path, clause, message string) {
	id, row := path, l.Row
	if rest, ok := strings.CutPrefix(path, "fields."); ok {
		var n int
		var key string
		if _, err := fmt.Sscanf(strings.Replace(rest, ".", " ", 1), "%d %s", &n, &key); err == nil && n < len(l.Rows) {
			id, row = "fields."+key, l.Rows[n]
		}
	}
	col, ok := t.at[id]
	label := ""
	if !ok {
		col = -1
	}
	for _, c := range columns {
		if c.id() == id {
			label = c.label
		}
	}
	for _, f := range t.Faults {
		if f.Row == row && f.Column == col+1 && col >= 0 {
			return // said already
		}
	}
	t.fault(row-1, col, label, clause, "%s", message)
}
