package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"pado/domain/governance/ingest/pipeline"
	"pado/domain/governance/ingest/read"
)

func bytesInput(b []byte) Input {
	return Input{Size: int64(len(b)), Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }}
}

// proposed proposes, checks that the draft is sound and runs as it stands, and
// that it keeps what the proposal promises.
func proposed(t testing.TB, in Input) (*Proposal, *Result, []string) {
	t.Helper()
	p, err := Propose(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(p.Pipeline)
	if err != nil {
		t.Fatal(err)
	}
	draft, err := pipeline.Decode(b)
	if err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	dir := t.TempDir()
	res := mustRun(t, draft, in, dir)
	balanced(t, dir, res)
	if res.Rows != p.Data || res.Quarantined != int64(len(p.NotData)) {
		t.Errorf("promised %d rows and %d set aside, got %d and %d", p.Data, len(p.NotData), res.Rows, res.Quarantined)
	}
	for i, q := range quarantined(t, dir, res) {
		if i < len(p.NotData) && (q.Record != p.NotData[i].Record || q.Rule != string(p.NotData[i].Reason)) {
			t.Errorf("promised %v, got record %d %s", p.NotData[i], q.Record, q.Rule)
		}
	}
	for _, c := range draft.Target.Columns {
		if c.Label != "forbidden" && c.Label != "unit" {
			t.Errorf("the draft lets %s be used as %s", c.Name, c.Label)
		}
	}
	return p, res, table(t, dir, res)
}

func summary(p *Proposal) string {
	var finds []string
	for _, f := range p.NotData {
		finds = append(finds, fmt.Sprint(f.Record, f.Reason))
	}
	var cols []string
	for _, c := range p.Columns {
		cols = append(cols, strings.TrimSpace(c.Name+":"+c.Type+" "+c.Looks))
	}
	return fmt.Sprintf("skip %d header %d data %d %v %v", p.Skip, p.Header, p.Data, finds, cols)
}

const county = `某县常住人口统计表,,,,,
（单位：人）,,,,,
姓名,身份证号码,联系电话,人口,,登记日期
,,,男,女,
城关镇,,,,,
张三,11010519491231002X,13812345678,1,2,2024/5/1
李四,110105194912310021,13912345678,3,4,2024年5月2日
北关乡,,,,,
王五,140602199001011236,13712345678,5,无,2024/5/3
合计,,,9,6,
注：数据截至五月,,,,,
`

func TestProposeCounty(t *testing.T) {
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(county)
	if err != nil {
		t.Fatal(err)
	}
	p, _, rows := proposed(t, textInput(gb))
	want := "skip 2 header 2 data 3 [1banner 2banner 5section 8section 10total 11note] " +
		"[姓名:text person_name 身份证号码:text id_card 联系电话:text phone 人口/男:integer 人口/女:integer 登记日期:date]"
	if have := summary(p); have != want {
		t.Errorf("have %s\nwant %s", have, want)
	}
	if p.Encoding != "gb18030" || fmt.Sprint(p.Missing) != "[无]" {
		t.Errorf("%s %v", p.Encoding, p.Missing)
	}
	if len(rows) != 3 || !strings.HasSuffix(rows[0], "|1|2|2024-05-01|城关镇") || !strings.HasSuffix(rows[2], "|5|∅|2024-05-03|北关乡") {
		t.Errorf("%q", rows)
	}
	for _, r := range rows {
		if strings.ContainsAny(r, "张李王") || strings.Contains(r, "138123") || strings.Contains(r, "110105") {
			t.Errorf("the draft lets out %s", r)
		}
	}
	b, err := json.Marshal(p)
	if err != nil || bytes.Contains(b, []byte("张三")) || bytes.Contains(b, []byte("城关镇")) || bytes.Contains(b, []byte("截至五月")) {
		t.Errorf("the proposal shows a cell: %s", b)
	}
}

func TestProposeShapes(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"all words", "省份,城市\n山西,朔州\n山西,大同\n河北,保定\n", "skip 0 header 1 data 3 [] [省份:text 城市:text]"},
		{"no header", "1,甲,2.50\n2,乙,3.75\n3,丙,4\n", "skip 0 header 0 data 3 [] [column_1:integer column_2:text column_3:decimal(18,2)]"},
		{"header only", "a,b,c\n", "skip 0 header 1 data 0 [] [a:text b:text c:text]"},
		{"one column", "名称\n甲\n乙\n", "skip 0 header 1 data 2 [] [名称:text]"},
		{"codes stay text", "行政区划代码,数\n140602,1\n140603,2\n", "skip 0 header 1 data 2 [] [行政区划代码:text 数:integer]"},
		{"leading zeros stay text", "k,n\n007,1\n008,2\n", "skip 0 header 1 data 2 [] [k:text n:integer]"},
		{"long digits stay text", "k,n\n12345678901234567,1\n12345678901234568,2\n", "skip 0 header 1 data 2 [] [k:text n:integer]"},
		{"large numbers", "k,n\n12345678901,1\n12345678902,2\n", "skip 0 header 1 data 2 [] [k:bigint n:integer]"},
		{"times", "t,n\n2024-05-01 10:00:00,1\n2024-05-01 11:00:00,2\n", "skip 0 header 1 data 2 [] [t:timestamp n:integer]"},
		{"eight digits are numbers unless written otherwise", "k,n\n20240501,1\n20240502,2\n", "skip 0 header 1 data 2 [] [k:integer n:integer]"},
		{"broken rows", "a,b,c\n1,2,3\n1,2,3,4\n\"1,2,3\n4,5,6\n", "skip 0 header 1 data 2 [3fields 4quote] [a:integer b:integer c:integer]"},
		{"short rows", "a,b,c\n1,2,3\n4,5\n7,8,9\n", "skip 0 header 1 data 2 [3fields] [a:integer b:integer c:integer]"},
		{"duplicate and empty names", "a,a,\n1,2,3\n", "skip 0 header 1 data 1 [] [a:integer a_2:integer column_3:integer]"},
		{"semicolons", "a;b\n1;2,5\n3;4,5\n", "skip 0 header 1 data 2 [] [a:integer b:text]"},
		{"USCC", "统一社会信用代码,名称\n91350100M000100Y43,甲公司\n91310110666007217T,乙公司\n", "skip 0 header 1 data 2 [] [统一社会信用代码:text uscc 名称:text]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, _, _ := proposed(t, textInput(c.in))
			if have := summary(p); have != c.want {
				t.Errorf("have %s\nwant %s", have, c.want)
			}
		})
	}
}

func TestProposeWorkbook(t *testing.T) {
	f := excelize.NewFile()
	set := func(cell string, v any) {
		t.Helper()
		if err := f.SetCellValue("Sheet1", cell, v); err != nil {
			t.Fatal(err)
		}
	}
	set("A1", "二〇二四年度项目表")
	for i, h := range []string{"街道", "项目", "金额"} {
		set(string(rune('A'+i))+"2", h)
	}
	for i, r := range [][]any{{"北城", "道路", 1200.5}, {nil, "绿化", 300}, {nil, "照明", "—"}, {"南城", "道路", 90}, {nil, "排水", 70}} {
		for k, v := range r {
			if v != nil {
				set(fmt.Sprintf("%c%d", 'A'+k, 3+i), v)
			}
		}
	}
	if err := errors.Join(f.MergeCell("Sheet1", "A1", "C1"), f.MergeCell("Sheet1", "A3", "A5"), f.MergeCell("Sheet1", "A6", "A7"),
		f.SetCellFormula("Sheet1", "C8", "SUM(C3:C7)")); err != nil {
		t.Fatal(err)
	}
	set("A8", "合计")
	var buf bytes.Buffer
	if err := f.Write(&buf); err != nil {
		t.Fatal(err)
	}
	p, res, rows := proposed(t, bytesInput(buf.Bytes()))
	want := "skip 1 header 1 data 5 [1banner 8total] [街道:text 项目:text 金额:decimal(18,1)]"
	if have := summary(p); have != want || p.Kind != read.KindXLSX || fmt.Sprint(p.Missing) != "[—]" || len(p.Notes) != 1 || !strings.Contains(p.Notes[0], "1 个公式") {
		t.Errorf("have %s %v %v\nwant %s", have, p.Missing, p.Notes, want)
	}
	if fmt.Sprint(rows) != "[北城|道路|1200.5 北城|绿化|300.0 北城|照明|∅ 南城|道路|90.0 南城|排水|70.0]" || res.Lineage.Encoding != "" {
		t.Errorf("%v", rows)
	}
	if _, err := ProposeWith(context.Background(), bytesInput(buf.Bytes()), ProposeOptions{Sheet: "没有"}); !errors.Is(err, read.ErrSheet) {
		t.Errorf("%v", err)
	}
}

func TestProposeRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		in   []byte
		want error
	}{
		"empty":      {nil, read.ErrEmpty},
		"only lines": {[]byte("\n\n\n"), read.ErrEmpty},
		"noise":      {bytes.Repeat([]byte{0xff, 0x80, 0xc3, 0x28, 0x81}, 500), read.ErrEncoding},
		"cut ZIP":    {[]byte("PK\x03\x04rest"), read.ErrTruncated},
	} {
		if _, err := Propose(context.Background(), bytesInput(c.in)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever the file, a proposal's draft is a sound declaration.
func FuzzPropose(f *testing.F) {
	f.Add([]byte(county))
	f.Add([]byte("a,b\n1,2\n"))
	f.Add([]byte("\"\n,,\r\r"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Propose(context.Background(), bytesInput(b))
		if err != nil {
			return
		}
		text, err := json.Marshal(p.Pipeline)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pipeline.Decode(text); err != nil && len(p.Columns) <= 1000 {
			t.Errorf("%v", err)
		}
	})
}
