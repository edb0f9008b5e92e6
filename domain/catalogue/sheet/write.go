package sheet

import (
	"fmt"
	"io"
	"sort"
	"strings"

	"github.com/xuri/excelize/v2"
)

const (
	sheetName   = "目录"
	reasonLabel = "错误原因"
)

// Template writes the empty table with its headings, drop-down lists and a page that explains every
// column.
func Template(w io.Writer) error {
	f := excelize.NewFile()
	defer f.Close() //nolint:errcheck // memory only
	b := book{f: f}
	b.rename("Sheet1", sheetName)
	b.text(sheetName, 1, 1, "公共数据资源目录编制模板：一行一个信息项；同一资源的第二行起，资源各栏可以留空。带 * 的列必填。")
	head := b.style(excelize.Style{Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"E8EEF7"}}, Alignment: &excelize.Alignment{WrapText: true, Vertical: "center"}})
	for i, c := range columns {
		name := c.label
		if c.required {
			name += "*"
		}
		b.text(sheetName, i+1, 2, name)
		b.look(sheetName, i+1, 2, head)
		letter, err := excelize.ColumnNumberToName(i + 1)
		b.note(err)
		width := 14.0
		if len([]rune(c.label)) > 5 {
			width = 28
		}
		b.note(f.SetColWidth(sheetName, letter, letter, width))
		if list := labels(c.options); len(c.options) > 0 {
			v := excelize.NewDataValidation(true)
			v.Sqref = fmt.Sprintf("%s3:%s2000", letter, letter)
			var choices []string
			for _, o := range c.options {
				choices = append(choices, o.Label)
			}
			if v.SetDropList(choices) == nil {
				v.SetError(excelize.DataValidationErrorStyleStop, "不在可选范围内", list)
				b.note(f.AddDataValidation(sheetName, v))
			}
		}
	}
	b.note(f.SetPanes(sheetName, &excelize.Panes{Freeze: true, XSplit: 1, YSplit: 2, TopLeftCell: "B3", ActivePane: "bottomRight"}))
	_, err := f.NewSheet("填写说明")
	b.note(err)
	for i, s := range []string{"列名", "必填", "可填的值", "说明"} {
		b.text("填写说明", i+1, 1, s)
		b.look("填写说明", i+1, 1, head)
	}
	for i, c := range columns {
		must := ""
		if c.required {
			must = "是"
		}
		for k, s := range []string{c.label, must, labels(c.options), c.help} {
			b.text("填写说明", k+1, i+2, s)
		}
	}
	return b.write(w)
}

// Marked writes the table as it was read, with faulty cells in red, each with its reason as a comment
// and at the end of its line, and a page that lists all faults. Every cell is a text: nothing runs.
func (t *Table) Marked(w io.Writer) error {
	f := excelize.NewFile()
	defer f.Close() //nolint:errcheck // memory only
	b := book{f: f}
	b.rename("Sheet1", sheetName)
	bad := b.style(excelize.Style{Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"FFC7CE"}}, Font: &excelize.Font{Color: "9C0006"}})
	wide := 0
	for r, cells := range t.cells {
		for c, s := range cells {
			b.text(sheetName, c+1, r+1, s)
		}
		wide = max(wide, len(cells))
	}
	reasons := map[int][]string{}
	comments := map[string][]string{}
	for _, x := range t.Faults {
		reasons[x.Row] = append(reasons[x.Row], x.Message)
		if x.Column > 0 {
			b.look(sheetName, x.Column, x.Row, bad)
			comments[x.Cell] = append(comments[x.Cell], x.Message)
		} else {
			b.look(sheetName, 1, x.Row, bad)
		}
	}
	b.text(sheetName, wide+1, t.head+1, reasonLabel)
	for row, list := range reasons {
		if row != t.head+1 {
			b.text(sheetName, wide+1, row, strings.Join(list, "；"))
			b.look(sheetName, wide+1, row, bad)
		}
	}
	cells := make([]string, 0, len(comments))
	for at := range comments {
		cells = append(cells, at)
	}
	sort.Strings(cells)
	for _, at := range cells[:min(len(cells), 1000)] {
		b.note(f.AddComment(sheetName, excelize.Comment{Cell: at, Author: "平台", Text: strings.Join(comments[at], "；")}))
	}
	_, err := f.NewSheet("问题清单")
	b.note(err)
	for i, s := range []string{"位置", "列名", "问题", "依据"} {
		b.text("问题清单", i+1, 1, s)
	}
	for i, x := range t.Faults {
		for k, s := range []string{x.Cell, x.Label, x.Message, "方案 " + x.Clause} {
			b.text("问题清单", k+1, i+2, s)
		}
	}
	return b.write(w)
}

// book gathers the first error of many small writes.
type book struct {
	f   *excelize.File
	err error
}

func (b *book) note(err error) {
	if b.err == nil && err != nil {
		b.err = fmt.Errorf("write workbook: %w", err)
	}
}

func (b *book) rename(from, to string) { b.note(b.f.SetSheetName(from, to)) }

func (b *book) style(s excelize.Style) int {
	n, err := b.f.NewStyle(&s)
	b.note(err)
	return n
}

func (b *book) text(sheet string, col, row int, s string) {
	at, err := excelize.CoordinatesToCellName(col, row)
	b.note(err)
	if s != "" {
		b.note(b.f.SetCellStr(sheet, at, s))
	}
}

func (b *book) look(sheet string, col, row, style int) {
	at, err := excelize.CoordinatesToCellName(col, row)
	b.note(err)
	b.note(b.f.SetCellStyle(sheet, at, at, style))
}

func (b *book) write(w io.Writer) error {
	if b.err != nil {
		return b.err
	}
	return b.f.Write(w)
}
