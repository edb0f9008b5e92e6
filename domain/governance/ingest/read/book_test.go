package read

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
)

func sheetCells(t testing.TB, b *Book, sheet string, fill bool, missing ...string) []got {
	t.Helper()
	rows, err := b.Rows(sheet, fill, missing)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out []got
	for {
		var r Row
		err := rows.Next(&r)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, got{r.N, r.Cells(), r.Flaw})
	}
}

func open(t testing.TB, data []byte, kind Kind) *Book {
	t.Helper()
	b, err := OpenBook(io.NopCloser(bytes.NewReader(data)), kind, DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func workbook(t testing.TB, fill func(f *excelize.File)) []byte {
	t.Helper()
	f := excelize.NewFile()
	fill(f)
	var buf bytes.Buffer
	if err := f.Write(&buf); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func check(t testing.TB, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func TestXLSX(t *testing.T) {
	day := time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)
	chinese, clock := `yyyy"年"m"月"d"日"`, "yyyy/m/d h:mm"
	data := workbook(t, func(f *excelize.File) {
		date, err1 := f.NewStyle(&excelize.Style{NumFmt: 14})
		cn, err2 := f.NewStyle(&excelize.Style{CustomNumFmt: &chinese})
		dt, err3 := f.NewStyle(&excelize.Style{CustomNumFmt: &clock})
		money, err4 := f.NewStyle(&excelize.Style{NumFmt: 4})
		percent, err5 := f.NewStyle(&excelize.Style{NumFmt: 10})
		check(t, err1, err2, err3, err4, err5,
			f.SetSheetRow("Sheet1", "A1", &[]any{"街道", "姓名", "日期", "金额"}),
			f.SetSheetRow("Sheet1", "A2", &[]any{"北城", "张三", day, 1234.5}),
			f.SetSheetRow("Sheet1", "A3", &[]any{nil, "李\n四", day, 0.1 + 0.2}),
			f.SetSheetRow("Sheet1", "A4", &[]any{nil, "=cmd|' /C calc'!A0", day.Add(8*time.Hour + 30*time.Minute), 0.125}),
			f.SetSheetRow("Sheet1", "A6", &[]any{"南城", "NA", 45000, 45000.5}),
			f.SetCellFormula("Sheet1", "E2", "SUM(D2:D4)"),
			f.SetCellValue("Sheet1", "E3", true),
			f.MergeCell("Sheet1", "A2", "A4"),
			f.SetCellStyle("Sheet1", "C2", "C2", date), f.SetCellStyle("Sheet1", "C3", "C3", cn), f.SetCellStyle("Sheet1", "C4", "C4", dt),
			f.SetCellStyle("Sheet1", "D2", "D2", money), f.SetCellStyle("Sheet1", "D4", "D4", percent))
		_, err := f.NewSheet("第二")
		check(t, err, f.SetSheetVisible("第二", true))
		_, err = f.NewSheet("隐藏")
		check(t, err, f.SetSheetVisible("隐藏", false))
	})
	b := open(t, data, KindXLSX)
	if fmt.Sprint(b.Sheets) != "[Sheet1 第二]" {
		t.Errorf("sheets %v", b.Sheets)
	}
	want := []got{
		{1, []string{"街道", "姓名", "日期", "金额"}, ""},
		{2, []string{"北城", "张三", "2024-02-29", "1234.5"}, ""},
		{3, []string{"北城", "李\n四", "2024-02-29", "0.3", "1"}, ""},
		{4, []string{"北城", "=cmd|' /C calc'!A0", "2024-02-29 08:30:00", "0.125"}, ""},
		{5, []string{""}, ""},
		{6, []string{"南城", "", "45000", "45000.5"}, ""},
	}
	if have := sheetCells(t, b, "", true, "NA"); fmt.Sprint(have) != fmt.Sprint(want) {
		t.Errorf("have %v\nwant %v", have, want)
	}
	// The formula was never computed by a spreadsheet, and is not computed here.
	if b.Formulas != 1 {
		t.Errorf("%d formulas", b.Formulas)
	}
	if have := sheetCells(t, b, "", false); have[2].cells[0] != "" {
		t.Errorf("filled without being asked: %v", have[2])
	}
	if _, err := b.Rows("没有", false, nil); !errors.Is(err, ErrSheet) {
		t.Errorf("unknown sheet: %v", err)
	}
}

func TestLongNumbersAreCounted(t *testing.T) {
	data := workbook(t, func(f *excelize.File) {
		check(t, f.SetCellValue("Sheet1", "A1", 140602199001011236), f.SetCellStr("Sheet1", "B1", "140602199001011236"),
			f.SetCellDefault("Sheet1", "C1", "1.40602199001011E+17"))
	})
	b := open(t, data, KindXLSX)
	rows := sheetCells(t, b, "", false)
	if rows[0].cells[1] != "140602199001011236" || b.LongNums == 0 {
		t.Errorf("%v, %d long", rows, b.LongNums)
	}
}

// bomb is an archive that looks like a workbook and unfolds into size bytes.
func bomb(t testing.TB, size int64) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	w, err := z.Create("xl/worksheets/sheet1.xml")
	check(t, err)
	_, err = io.Copy(w, io.LimitReader(zeros{}, size))
	check(t, err, z.Close())
	return buf.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestHostileArchives(t *testing.T) {
	good := workbook(t, func(f *excelize.File) { check(t, f.SetCellValue("Sheet1", "A1", "x")) })
	many := func() []byte {
		var buf bytes.Buffer
		z := zip.NewWriter(&buf)
		for i := range DefaultLimits.Parts + 1 {
			_, err := z.Create(fmt.Sprint(i))
			check(t, err)
		}
		check(t, z.Close())
		return buf.Bytes()
	}
	small := DefaultLimits
	small.File = 100
	for _, c := range []struct {
		name string
		data []byte
		lim  Limits
		want error
	}{
		{"bomb", bomb(t, 64<<20), DefaultLimits, ErrTooBig},
		{"too many parts", many(), DefaultLimits, ErrTooBig},
		{"larger than allowed", good, small, ErrTooBig},
		{"cut", good[:len(good)/2], DefaultLimits, ErrTruncated},
		{"only the first bytes", good[:4], DefaultLimits, ErrTruncated},
		{"no workbook in it", bomb(t, 10), DefaultLimits, ErrFormat},
		{"empty", nil, DefaultLimits, ErrEmpty},
	} {
		if _, err := OpenBook(io.NopCloser(bytes.NewReader(c.data)), KindXLSX, c.lim); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

// The declared size of a part is a promise that the reader holds it to.
func TestLyingArchive(t *testing.T) {
	data := bomb(t, 4<<20)
	i := bytes.LastIndex(data, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(data[i+24:], 100)
	_, err := OpenBook(io.NopCloser(bytes.NewReader(data)), KindXLSX, DefaultLimits)
	if !errors.Is(err, ErrFormat) && !errors.Is(err, ErrTooBig) {
		t.Errorf("%v", err)
	}
}

// stream builds BIFF8 records.
type stream struct{ bytes.Buffer }

func (s *stream) rec(id uint16, data ...any) {
	var b bytes.Buffer
	for _, d := range data {
		switch d := d.(type) {
		case []byte:
			b.Write(d)
		case string:
			b.WriteString(d)
		default:
			binary.Write(&b, binary.LittleEndian, d)
		}
	}
	binary.Write(s, binary.LittleEndian, id)
	binary.Write(s, binary.LittleEndian, uint16(b.Len()))
	s.Write(b.Bytes())
}

func u16s(text string) []byte {
	var b bytes.Buffer
	for _, r := range text {
		binary.Write(&b, binary.LittleEndian, uint16(r))
	}
	return b.Bytes()
}

// biffBook is a workbook stream with every kind of cell.
func biffBook() []byte {
	var g, sh stream
	sh.rec(recBOF, uint16(0x0600), uint16(0x10))
	sh.rec(recLabelSST, uint16(0), uint16(0), uint16(0), uint32(0))
	sh.rec(recLabelSST, uint16(0), uint16(1), uint16(0), uint32(1))
	sh.rec(recLabelSST, uint16(0), uint16(2), uint16(0), uint32(2))
	sh.rec(recRK, uint16(1), uint16(0), uint16(0), uint32(12345<<2|3)) // 123.45
	sh.rec(recNumber, uint16(1), uint16(1), uint16(1), 45351.0)        // a date
	sh.rec(recMulRK, uint16(2), uint16(0), uint16(0), uint32(7<<2|2), uint16(2), uint32(0x40e62460), uint16(1))
	sh.rec(recBoolErr, uint16(3), uint16(0), uint16(0), uint8(1), uint8(0))
	sh.rec(recBoolErr, uint16(3), uint16(1), uint16(0), uint8(0x2a), uint8(1))
	sh.rec(recFormula, uint16(4), uint16(0), uint16(0), 2.5, uint16(0), uint32(0), uint16(0))
	sh.rec(recFormula, uint16(4), uint16(1), uint16(0), []byte{0, 0, 0, 0, 0, 0, 0xff, 0xff}, uint16(0), uint32(0), uint16(0))
	sh.rec(recShared, []byte{1, 2, 3})
	sh.rec(recString, uint16(2), uint8(1), u16s("结果"))
	sh.rec(recLabel, uint16(5), uint16(0), uint16(0), uint16(3), uint8(0), "abc")
	sh.rec(recBOF, uint16(0x0600), uint16(0x20)) // an embedded chart with a cell of its own
	sh.rec(recLabel, uint16(9), uint16(0), uint16(0), uint16(1), uint8(0), "z")
	sh.rec(recEOF)
	sh.rec(recMerge, uint16(1), uint16(2), uint16(5), uint16(0), uint16(0))
	sh.rec(recEOF)

	g.rec(recBOF, uint16(0x0600), uint16(5))
	g.rec(recFormat, uint16(164), uint16(10), uint8(0), "yyyy\\-mm-dd")
	g.rec(recXF, uint16(0), uint16(0))
	g.rec(recXF, uint16(0), uint16(164))
	g.rec(recXF, uint16(0), uint16(22))
	// "中文" in two bytes, "abcdef" cut by a CONTINUE after three characters
	// and going on in two bytes, "rich" with formatting runs.
	g.rec(recSST, uint32(3), uint32(3), uint16(2), uint8(1), u16s("中文"), uint16(6), uint8(0), "abc")
	g.rec(recContinue, uint8(1), u16s("def"), uint16(4), uint8(8), uint16(1), "rich", uint32(0))
	at := g.Len() + 4 + 8 + 4 + 4
	g.rec(recBound, uint32(at), uint8(0), uint8(0), uint8(4), uint8(0), "Data")
	g.rec(recEOF)
	return append(g.Bytes(), sh.Bytes()...)
}

func biffOpen(data []byte) (*Book, error) {
	x := &xlsBook{stream: data, lim: DefaultLimits, formats: map[int]string{}, offsets: map[string]int{}}
	b := &Book{open: func(b *Book, sheet string) (cells, error) { return x.sheet(b, x.offsets[sheet]) }}
	return b, x.globals(b)
}

func TestBIFF(t *testing.T) {
	b, err := biffOpen(biffBook())
	if err != nil || fmt.Sprint(b.Sheets) != "[Data]" {
		t.Fatal(b.Sheets, err)
	}
	want := []got{
		{1, []string{"中文", "abcdef", "rich"}, ""},
		{2, []string{"123.45", "2024-02-29"}, ""},
		{3, []string{"7", number(math.Float64frombits(0x40e62460 << 32))}, ""},
		{4, []string{"7", "#N/A"}, ""},
		{5, []string{"7", "结果"}, ""},
		{6, []string{"7"}, ""},
	}
	want[2].cells[1], _ = serial(math.Float64frombits(0x40e62460<<32), false)
	have := sheetCells(t, b, "", true)
	if fmt.Sprint(have) != fmt.Sprint(want) {
		t.Errorf("have %v\nwant %v", have, want)
	}
	if b.Formulas != 2 {
		t.Errorf("%d formulas", b.Formulas)
	}
	if have := sheetCells(t, b, "", false); have[3].cells[0] != "1" || have[4].cells[0] != "2.5" || have[5].cells[0] != "abc" {
		t.Errorf("unfilled: %v", have)
	}
}

func TestBIFFRefusals(t *testing.T) {
	var locked, old stream
	locked.rec(recBOF, uint16(0x0600), uint16(5))
	locked.rec(recFilePass, uint16(1))
	old.rec(recBOF, uint16(0x0500), uint16(5))
	whole := biffBook()
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"password": {locked.Bytes(), ErrEncrypted}, "Excel 95": {old.Bytes(), ErrFormat}, "cut globals": {whole[:40], ErrTruncated},
	} {
		if _, err := biffOpen(c.data); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	b, err := biffOpen(whole[:len(whole)-10])
	check(t, err)
	if _, err := b.Rows("", false, nil); !errors.Is(err, ErrTruncated) {
		t.Errorf("cut sheet: %v", err)
	}
	for _, head := range []string{"", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("\x00", 600)} {
		if _, err := OpenBook(io.NopCloser(strings.NewReader(head)), KindXLS, DefaultLimits); err == nil {
			t.Errorf("%.10q opens", head)
		}
	}
}

func TestDateCodes(t *testing.T) {
	for code, want := range map[string]bool{"General": false, "0.00": false, "yyyy-mm-dd": true, `yyyy"年"m"月"d"日"`: true, `0"days"`: false,
		"[Red]0.00": false, "h:mm": true, `#,##0\d`: false, "@": false, "[$-804]m/d": true} {
		if dateCode(code) != want {
			t.Errorf("%q", code)
		}
	}
	for _, c := range []struct {
		f    float64
		old  bool
		want string
	}{{45351, false, "2024-02-29"}, {45351.354166666664, false, "2024-02-29 08:30:00"}, {0.5, false, "12:00:00"}, {1, false, "1900-01-01"},
		{59, false, "1900-02-28"}, {61, false, "1900-03-01"}, {43889, true, "2024-02-29"}, {45351.9999999, false, "2024-03-01"}} {
		have, ok := serial(c.f, c.old)
		if !ok || have != c.want {
			t.Errorf("%v: %q, want %q", c.f, have, c.want)
		}
	}
}

func TestRealXLS(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(shared, "moe_adult_colleges_2025.xls"))
	if err != nil {
		t.Skip("skipped: the real workbook is not here")
	}
	b := open(t, data, KindXLS)
	rows := sheetCells(t, b, "", false)
	cells := 0
	for _, r := range rows {
		for _, c := range r.cells {
			if c != "" {
				cells++
			}
		}
	}
	// Counted by another reader of the format.
	if len(rows) != 281 || cells != 1031 || rows[4].cells[2] != "4211050001" || rows[4].cells[0] != "1" {
		t.Errorf("%d rows, %d cells, %v", len(rows), cells, rows[4])
	}
	for cut := 600; cut < len(data)-600; cut += 5000 {
		if b, err := OpenBook(io.NopCloser(bytes.NewReader(data[:cut])), KindXLS, DefaultLimits); err == nil {
			if _, err := b.Rows("", false, nil); err == nil {
				t.Errorf("cut at %d of %d unnoticed", cut, len(data))
			}
		}
	}
}

func FuzzBIFF(f *testing.F) {
	f.Add(biffBook())
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := biffOpen(data)
		if err != nil {
			return
		}
		for _, s := range b.Sheets {
			rows, err := b.Rows(s, true, nil)
			if err != nil {
				continue
			}
			for range 1000 {
				var r Row
				if rows.Next(&r) != nil {
					break
				}
			}
		}
	})
}

// Damaged workbooks give an error or odd cells, never a crash.
func TestBIFFMutations(t *testing.T) {
	seed := biffBook()
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		data := bytes.Clone(seed)
		for range 1 + rnd.IntN(4) {
			data[rnd.IntN(len(data))] = byte(rnd.IntN(256))
		}
		b, err := biffOpen(data)
		if err != nil {
			continue
		}
		for _, s := range b.Sheets {
			rows, err := b.Rows(s, true, nil)
			for n := 0; err == nil && n < 100; n++ {
				var r Row
				err = rows.Next(&r)
			}
			if errors.Is(err, ErrFormat) {
				t.Fatal("a panic had to be caught")
			}
		}
	}
}
