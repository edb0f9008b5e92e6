package docs

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"pado/core/calendar"
	"pado/core/money"
)

func workbook(t testing.TB, sheets ...Sheet) (*excelize.File, []byte) {
	t.Helper()
	var b bytes.Buffer
	if err := XLSX(&b, sheets...); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f, b.Bytes()
}

func columns(titles ...string) []SheetColumn {
	out := make([]SheetColumn, len(titles))
	for i, t := range titles {
		out[i].Title = t
	}
	return out
}

func TestWorkbook(t *testing.T) {
	day := calendar.Date{Y: 2026, M: 3, D: 18}
	at := time.Date(2026, 3, 18, 1, 30, 0, 0, time.UTC)
	s := SheetOf("对账[3月]", columns("日期", "名称", "数量", "金额", "占比", "时间"), [][]Cell{
		{CellDate(day), CellText("企业登记信息核验"), CellInt(12345), CellYuan(123456789), CellPercent(1250), CellTime(at)},
		{CellDate(calendar.Date{}), {}, CellInt(-1), CellYuan(-5), CellPercent(0), CellTime(time.Time{})},
	})
	s.Title, s.Notes = "三月对账", []string{"筛选：全部"}
	f, _ := workbook(t, s)
	const name = "对账_3月_"
	for cell, want := range map[string]string{
		"A1": "三月对账", "A2": "筛选：全部", "A3": "共2行", "A4": "日期", "F4": "时间",
		"A5": "2026-03-18", "B5": "企业登记信息核验", "C5": "12,345", "D5": "1,234,567.89", "E5": "12.50%", "F5": "2026-03-18 09:30:00",
		"A6": "", "B6": "", "C6": "-1", "D6": "-0.05", "E6": "0.00%", "F6": "", "A7": "",
	} {
		if got, err := f.GetCellValue(name, cell); err != nil || got != want {
			t.Errorf("%s shows %q (%v), want %q", cell, got, err, want)
		}
	}
	panes, err := f.GetPanes(name)
	if err != nil || !panes.Freeze || panes.YSplit != 4 {
		t.Errorf("the head is not frozen: %+v %v", panes, err)
	}
	if w, err := f.GetColWidth(name, "B"); err != nil || w < 16 {
		t.Errorf("column B is %.1f wide (%v)", w, err)
	}
}

// What looks like a formula must stay text in the file.
func TestTextNeverBecomesAFormula(t *testing.T) {
	hostile := []string{"=1+1", "+1", "-1", "@SUM(A1)", "=HYPERLINK(\"http://x.example\")", "\t=1", "'=1", "=cmd|' /C calc'!A0", "1e5", "2026-03-18", "TRUE", "_x003D_1", "<f>1</f>"}
	var rows [][]Cell
	for _, h := range hostile {
		rows = append(rows, []Cell{CellText(h)})
	}
	f, raw := workbook(t, SheetOf("s", columns("=列"), rows))
	for i, h := range hostile {
		cell := "A" + strconv.Itoa(i+3)
		if got, err := f.GetCellValue("s", cell); err != nil || got != clean(h) {
			t.Errorf("%q reads back as %q (%v)", h, got, err)
		}
		if formula, _ := f.GetCellFormula("s", cell); formula != "" {
			t.Errorf("%q became the formula %q", h, formula)
		}
		if kind, _ := f.GetCellType("s", cell); kind != excelize.CellTypeInlineString && kind != excelize.CellTypeSharedString {
			t.Errorf("%q has cell type %v", h, kind)
		}
	}
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	r, err := z.Open("xl/worksheets/sheet1.xml")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if regexp.MustCompile(`<f[ >]`).Match(body) {
		t.Error("the sheet holds a formula element")
	}
}

// No fen is lost: an amount reads back as itself, however large.
func TestAmountsReadBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		fen := money.Fen(rapid.OneOf(rapid.Int64Range(-1e15, 1e15), rapid.Int64Range(-exact-9, -exact+9), rapid.Int64Range(exact-9, exact+9), rapid.Just(int64(math.MaxInt64))).Draw(rt, "fen"))
		f, _ := workbook(t, SheetOf("s", columns("金额"), [][]Cell{{CellYuan(fen)}}))
		raw, err := f.GetCellValue("s", "A3", excelize.Options{RawCellValue: true})
		if err != nil {
			rt.Fatal(err)
		}
		v, err := strconv.ParseFloat(raw, 64)
		if err != nil {
			rt.Fatal(err)
		}
		if text := strconv.FormatFloat(v, 'f', 2, 64); text != fen.Yuan() && raw != fen.Yuan() {
			rt.Fatalf("%s reads back as %s", fen.Yuan(), raw)
		}
	})
}

func TestWorkbookRefuses(t *testing.T) {
	broken := errors.New("source broke")
	col := columns("列")
	rows := func(n int, fail error) Sheet {
		s := Sheet{Name: "s", Columns: col, Count: n}
		s.Rows = func(yield func([]Cell, error) bool) {
			for range n {
				if !yield([]Cell{CellInt(1)}, nil) {
					return
				}
			}
			if fail != nil {
				yield(nil, fail)
			}
		}
		return s
	}
	more, fewer, huge := rows(5, nil), rows(5, nil), rows(0, nil)
	more.Count, fewer.Count, huge.Count = 4, 6, sheetRows
	var invalid *Invalid
	for name, c := range map[string]struct {
		sheets []Sheet
		want   func(error) bool
	}{
		"no sheet":      {nil, func(err error) bool { return errors.As(err, &invalid) }},
		"no columns":    {[]Sheet{{Name: "s"}}, func(err error) bool { return errors.As(err, &invalid) }},
		"wrong row":     {[]Sheet{SheetOf("s", col, [][]Cell{{}})}, func(err error) bool { return errors.As(err, &invalid) }},
		"more rows":     {[]Sheet{more}, func(err error) bool { return errors.As(err, &invalid) }},
		"fewer rows":    {[]Sheet{fewer}, func(err error) bool { return errors.As(err, &invalid) }},
		"too many rows": {[]Sheet{huge}, func(err error) bool { return errors.Is(err, ErrTooManyRows) }},
		"broken source": {[]Sheet{rows(3, broken)}, func(err error) bool { return errors.Is(err, broken) }},
		"long text":     {[]Sheet{SheetOf("s", col, [][]Cell{{CellText(strings.Repeat("字", cellUnits+1))}})}, func(err error) bool { return errors.As(err, &invalid) }},
	} {
		var b bytes.Buffer
		if err := XLSX(&b, c.sheets...); !c.want(err) || b.Len() > 0 {
			t.Errorf("%s gives %v and %d bytes", name, err, b.Len())
		}
	}
}

func TestSheetNames(t *testing.T) {
	long := strings.Repeat("名", 40)
	got := sheetNames([]Sheet{{Name: "a/b:c*[d]?"}, {Name: long}, {Name: long}, {Name: ""}, {Name: "'x'"}, {Name: "X"}, {Name: strings.Repeat("𠮷", 20)}})
	want := []string{"a_b_c__d__", long[:31*3], long[:28*3] + "(2)", "表4", "x", "X(2)", strings.Repeat("𠮷", 15)}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("name %d is %q, want %q", i, got[i], want[i])
		}
	}
	f, _ := workbook(t, SheetOf(long, columns("a"), nil), SheetOf(long, columns("b"), nil))
	if n := f.SheetCount; n != 2 {
		t.Errorf("%d sheets", n)
	}
}

// More rows than the sample that decides the widths come in order.
func TestManyRows(t *testing.T) {
	var rows [][]Cell
	for i := range 3*sheetSample + 7 {
		rows = append(rows, []Cell{CellInt(int64(i)), CellText("行")})
	}
	f, _ := workbook(t, SheetOf("s", columns("序号", "内容"), rows))
	got, err := f.GetRows("s")
	if err != nil || len(got) != len(rows)+2 {
		t.Fatalf("%d rows (%v)", len(got), err)
	}
	for i, r := range got[2:] {
		if r[0] != money.Fen(i * 100).String()[:len(money.Fen(i*100).String())-3] {
			t.Fatalf("row %d is %v", i, r)
		}
	}
}

func BenchmarkXLSX50k(b *testing.B) {
	rows := make([][]Cell, 50_000)
	for i := range rows {
		rows[i] = []Cell{CellDate(calendar.Date{Y: 2026, M: 3, D: i%28 + 1}), CellText("企业登记信息核验"), CellInt(int64(i)), CellYuan(money.Fen(i * 37))}
	}
	s := SheetOf("s", columns("日期", "产品", "数量", "金额"), rows)
	for b.Loop() {
		if err := XLSX(io.Discard, s); err != nil {
			b.Fatal(err)
		}
	}
}
