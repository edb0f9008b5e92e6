package sheet

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// row fills the template's columns by their labels.
func row(values map[string]string) []string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = values[c.id()]
	}
	return out
}

func good() map[string]string {
	return map[string]string{"title": "供水管网", "secret": "不涉密", "classCode": "300101", "class": "供水", "sourceKind": "党政机关", "sourceDept": "管网科", "abstract": "管网台账",
		"formatClass": "电子表格", "formatType": "csv", "updateCycle": "每月", "shareType": "1", "shareMode": "文件交换", "openType": "不开放", "impact": "组织权益", "degree": "一般危害",
		"grade": "一般数据", "sublevel": "2级", "elements": "规模：全市；精度：管段", "sourceRelation": "本单位产生", "authorisable": "可授权", "authoriseBasis": "职责",
		"fields.label": "管段编号", "fields.name": "pipe", "fields.type": "字符型", "fields.length": "２０", "fields.key": "是", "fields.authorisable": "√", "fields.note": "一管一号"}
}

func second() map[string]string {
	return map[string]string{"fields.label": "口径", "fields.name": "bore", "fields.type": "I", "fields.authorisable": "否"}
}

func headings() []string {
	var out []string
	for _, c := range columns {
		out = append(out, c.label)
	}
	return out
}

// csvOf writes rows as CSV.
func csvOf(rows ...[]string) []byte {
	var b bytes.Buffer
	for _, r := range rows {
		for i, s := range r {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "%q", s)
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}

func xlsxOf(t *testing.T, rows ...[]string) []byte {
	t.Helper()
	f := excelize.NewFile()
	for r, cells := range rows {
		for c, s := range cells {
			at, _ := excelize.CoordinatesToCellName(c+1, r+1)
			if err := f.SetCellStr("Sheet1", at, s); err != nil {
				t.Fatal(err)
			}
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestATableIsReadWhateverItComesAs(t *testing.T) {
	banner := []string{"朔州市水务局公共数据资源目录"}
	rows := [][]string{banner, headings(), row(good()), row(second()), {}}
	plain := csvOf(rows...)
	gb, err := simplifiedchinese.GB18030.NewEncoder().Bytes(plain)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"a.csv": plain, "bom.csv": append([]byte("\xef\xbb\xbf"), plain...), "gb.CSV": gb, "a.xlsx": xlsxOf(t, rows...)} {
		table, err := Read(name, data)
		if err != nil || len(table.Faults) > 0 || len(table.Lines) != 1 {
			t.Errorf("%s: %v %+v", name, err, table)
			continue
		}
		l := table.Lines[0]
		if it := l.Item; it.Title != "供水管网" || it.UpdateCycle != "month" || it.ShareType != "1" || it.FormatType != "CSV" || it.Sublevel != 2 || !strings.Contains(it.Elements, "precision") ||
			len(it.Fields) != 2 || it.Fields[0].Length != 20 || it.Fields[0].Type != "C" || !it.Fields[0].Authorisable || it.Fields[1].Type != "I" || l.Rows[1] != 4 {
			t.Errorf("%s: %+v", name, l)
		}
	}
}

func TestEveryBadCellIsNamedWithItsReason(t *testing.T) {
	for _, c := range []struct{ name, id, value, cell, say string }{
		{"公式", "abstract", "=HYPERLINK(\"http://x\")", "K2", "不接受公式"},
		{"全角公式", "abstract", "＝1+1", "K2", "不接受公式"},
		{"加号", "fields.note", " +861", "AT2", "不接受公式"},
		{"未知周期", "updateCycle", "每旬", "N2", "不在可选范围内"},
		{"涉密", "secret", "涉密", "C2", "涉密信息不得录入"},
		{"没有名称", "classCode", "", "D2", "请填写"},
		{"长度", "fields.length", "很长", "AL2", "正整数"},
		{"要素", "elements", "全市", "X2", "要素：说明"},
		{"过长", "abstract", strings.Repeat("长", maxCell+1), "K2", "最多"},
		{"方向控制符", "class", "供\u202e水", "E2", "无法保存"},
	} {
		v := good()
		v[c.id] = c.value
		table, err := Read("a.xlsx", xlsxOf(t, headings(), row(v)))
		if err != nil || len(table.Faults) != 1 || table.Faults[0].Cell != c.cell || !strings.Contains(table.Faults[0].Message, c.say) || table.Faults[0].Clause == "" {
			t.Errorf("%s: %v %+v", c.name, err, table.Faults)
		}
	}
	v := second()
	v["title"], v["updateCycle"] = "供水管网", "每日"
	table, err := Read("a.csv", csvOf(headings(), row(good()), row(v)))
	if err != nil || len(table.Faults) != 1 || !strings.Contains(table.Faults[0].Message, "前后不一致") {
		t.Errorf("a repeated word that differs: %v %+v", err, table.Faults)
	}
	table, err = Read("a.csv", csvOf(append(headings(), "更新周期", "<script>"), append(row(good()), "每日", "x")))
	if err != nil || len(table.Faults) != 1 || !strings.Contains(table.Faults[0].Message, "两次") || len(table.Skipped) != 1 {
		t.Errorf("a heading twice: %v %+v", err, table)
	}
}

func TestAFormulaIsNotReadByItsResult(t *testing.T) {
	f, err := excelize.OpenReader(bytes.NewReader(xlsxOf(t, headings(), row(good()))))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.SetCellFormula("Sheet1", "K2", "1+1"); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	table, err := Read("a.xlsx", b.Bytes())
	if err != nil || len(table.Faults) != 1 || table.Faults[0].Cell != "K2" {
		t.Fatalf("%v %+v", err, table)
	}
	var out bytes.Buffer
	if err := table.Marked(&out); err != nil {
		t.Fatal(err)
	}
	back, err := excelize.OpenReader(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if formula, err := back.GetCellFormula(sheetName, "K2"); err != nil || formula != "" {
		t.Errorf("the marked table has a formula: %q %v", formula, err)
	}
	if kind, err := back.GetCellType(sheetName, "K2"); err != nil || kind != excelize.CellTypeSharedString && kind != excelize.CellTypeInlineString {
		t.Errorf("the marked cell is no text: %v %v", kind, err)
	}
	comments, err := back.GetComments(sheetName)
	if err != nil || len(comments) != 1 || comments[0].Cell != "K2" {
		t.Errorf("%+v %v", comments, err)
	}
	style, err := back.GetCellStyle(sheetName, "K2")
	if err != nil || style == 0 {
		t.Errorf("the marked cell looks like any other: %d %v", style, err)
	}
	if again, err := Read("back.xlsx", out.Bytes()); err != nil || len(again.Faults) != 1 {
		t.Errorf("the marked table sent back says something else: %v %+v", err, again.Faults)
	}
}

func TestTheTemplateIsReadByItsOwnReader(t *testing.T) {
	var b bytes.Buffer
	if err := Template(&b); err != nil {
		t.Fatal(err)
	}
	var none *Unreadable
	if _, err := Read("t.xlsx", b.Bytes()); !errors.As(err, &none) || !strings.Contains(none.Message, "表头以下没有内容") {
		t.Fatalf("the headings of the template are not known: %v", err)
	}
	f, err := excelize.OpenReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range row(good()) {
		at, _ := excelize.CoordinatesToCellName(i+1, 3)
		if err := f.SetCellStr(sheetName, at, s); err != nil {
			t.Fatal(err)
		}
	}
	var filled bytes.Buffer
	if err := f.Write(&filled); err != nil {
		t.Fatal(err)
	}
	table, err := Read("t.xlsx", filled.Bytes())
	if err != nil || len(table.Faults) != 0 || len(table.Skipped) != 0 || len(table.Lines) != 1 {
		t.Errorf("%v %+v", err, table)
	}
}

func TestWhatIsNoTableIsRefusedInWords(t *testing.T) {
	var bomb bytes.Buffer
	z := zip.NewWriter(&bomb)
	for _, name := range []string{"xl/worksheets/sheet1.xml", "xl/workbook.xml"} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		zeros := make([]byte, 1<<20)
		for range 80 {
			if _, err := w.Write(zeros); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	whole := xlsxOf(t, headings(), row(good()))
	for name, data := range map[string][]byte{"bomb.xlsx": bomb.Bytes(), "cut.xlsx": whole[:len(whole)/2], "text.xlsx": []byte("资源名称"), "empty.csv": nil, "old.xls": whole,
		"wild.csv": {0xff, 0xfe, 0x41, 0x00}, "foreign.csv": []byte("a,b,c\n1,2,3\n"), "big.csv": make([]byte, MaxBytes+1)} {
		_, err := Read(name, data)
		var bad *Unreadable
		if !errors.As(err, &bad) || bad.Message == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(csvOf(headings(), row(good())))
	f.Add([]byte("资源名称,信息项名称,更新周期,共享类型\n甲,乙,每月,1\n,=丙,,\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		table, err := Read("a.csv", data)
		if err != nil {
			var bad *Unreadable
			if !errors.As(err, &bad) {
				t.Fatal(err)
			}
			return
		}
		for _, l := range table.Lines {
			for _, s := range []string{l.Item.Title, l.Item.Abstract} {
				if !Inert(s) && len(table.Faults) == 0 {
					t.Fatalf("%q was taken", s)
				}
			}
		}
	})
}
