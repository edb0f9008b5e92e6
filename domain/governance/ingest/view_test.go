package ingest

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	"pado/domain/governance/ingest/pipeline"
	"pado/domain/governance/ingest/read"
)

func mustView(t testing.TB, in Input, o ViewOptions) *View {
	t.Helper()
	v, err := ViewFile(context.Background(), in, o)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func roles(v *View) string {
	var b strings.Builder
	for _, r := range v.Rows {
		fmt.Fprintf(&b, "%d%s ", r.N, r.Is)
	}
	return strings.TrimSpace(b.String())
}

// The ministry's list is shown as it is, with what each row is taken for, how
// sure that is and why; every province's heading is held to its rows.
func TestViewColleges(t *testing.T) {
	v := mustView(t, fileInput(t, realFile(t, "moe_adult_colleges_2025.xls")), ViewOptions{Rows: 6})
	if have := roles(v); have != "1banner 2banner 3header 4section 5data 6data" || !v.More {
		t.Errorf("%s more %v", have, v.More)
	}
	p := v.Proposal
	if p.Region != (Region{5, 281, 1, 5}) || p.Confidence < 90 || len(v.Sheets) != 1 || v.Sheets[0].Data != 248 {
		t.Errorf("%+v %+v %+v", p.Region, p.Guess, v.Sheets)
	}
	if len(p.Sums) != 30 {
		t.Errorf("%d headings with a count", len(p.Sums))
	}
	for _, s := range p.Sums {
		if !s.OK || s.Stated != s.Found {
			t.Errorf("%+v", s)
		}
	}
	if r := v.Rows[3]; r.Cells[0] != "北京市（23所）" || r.Confidence != 99 || !strings.Contains(r.Why, "正好 23 行") {
		t.Errorf("%+v", r)
	}
	if len(v.Merged) == 0 || v.Merged[0].Top != 1 {
		t.Errorf("merged %+v", v.Merged)
	}
}

const messy = "某某县2025年补贴发放表,,,\n乡镇,户数,金额,备注\n北城（2个）,,,\n甲村,3,1.5,\n乙村,4,2,x\n小计,7,3.5,\n南城（3个）,,,\n丙村,5,1,\n合计,12,9,\n填表人：张三,,审核人：李四,\n"

func TestReconcile(t *testing.T) {
	v := mustView(t, textInput(messy), ViewOptions{Rows: 50})
	if have := roles(v); have != "1banner 2header 3section 4data 5data 6total 7section 8data 9total 10note" {
		t.Errorf("%s", have)
	}
	have := fmt.Sprint(v.Proposal.Sums)
	if have != "[{3 section  2 2 true} {6 total 户数 7 7 true} {6 total 金额 3.5 3.5 true} {7 section  3 1 false} {9 total 户数 12 12 true} {9 total 金额 9 4.5 false}]" {
		t.Errorf("%s", have)
	}
	if v.Rows[6].Confidence != 70 || v.Proposal.Confidence != 70 {
		t.Errorf("%+v %+v", v.Rows[6], v.Proposal.Guess)
	}
	dir := t.TempDir()
	res := mustRun(t, v.Proposal.Pipeline, textInput(messy), dir)
	balanced(t, dir, res)
	if a, b := res.Report.Score("section_counts"), res.Report.Score("totals"); a.Numerator != 1 || a.Denominator != 2 || b.Numerator != 3 || b.Denominator != 4 || fmt.Sprint(res.Reconciled) != have {
		t.Errorf("%+v %+v %v", a, b, res.Reconciled)
	}
	if rows := table(t, dir, res); fmt.Sprint(rows) != "[甲村|3|1.5|∅|北城（2个） 乙村|4|2.0|x|北城（2个） 丙村|5|1.0|∅|南城（3个）]" {
		t.Errorf("%q", rows)
	}
}

// A person's reading outweighs the guess, shows its effect, and becomes part of
// the declaration.
func TestConfirmedReading(t *testing.T) {
	in := textInput("表一,,\n名称,数量,单位\n甲,1,个\n待定,,\n乙,2,个\n")
	v := mustView(t, in, ViewOptions{Rows: 10})
	if have := roles(v); have != "1banner 2header 3data 4section 5data" {
		t.Fatalf("%s", have)
	}
	r := v.Proposal.Pipeline.Source.Reading()
	r.Strays, r.Rows = nil, []pipeline.RowIs{{Row: 3, Is: "note"}}
	again := mustView(t, in, ViewOptions{Rows: 10, ProposeOptions: ProposeOptions{Reading: &r}})
	if have := roles(again); have != "1banner 2header 3note 4data 5data" || again.Rows[2].Why != "逐行指定" {
		t.Errorf("%s %+v", have, again.Rows[2])
	}
	p := again.Proposal.Pipeline
	p.Source.Confirmed = &pipeline.Confirmed{By: "某局 张三", On: "2026-01-05"}
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	res := mustRun(t, p, in, dir)
	balanced(t, dir, res)
	if rows := table(t, dir, res); fmt.Sprint(rows) != "[待定|∅|∅ 乙|2|个]" {
		t.Errorf("%q", rows)
	}
	p.Source.Rows[0].Is = "banana"
	if err := p.Validate(); !errors.Is(err, pipeline.ErrInvalid) {
		t.Errorf("%v", err)
	}
}

func archive(t testing.TB, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		w, err := z.CreateHeader(&zip.FileHeader{Name: files[i], Method: zip.Deflate, NonUTF8: true})
		if err == nil {
			_, err = w.Write([]byte(files[i+1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestArchive(t *testing.T) {
	gb, err := simplifiedchinese.GB18030.NewEncoder().String("报送/一月.csv")
	if err != nil {
		t.Fatal(err)
	}
	in := bytesInput(archive(t, gb, "名称,数量\n甲,1\n乙,2\n", "说明.txt", "注\n", "__MACOSX/x", "y", "里.zip", "PK\x05\x06"))
	p, res, rows := proposed(t, in)
	if p.Archive != "zip" || p.Entry != "报送/一月.csv" || len(p.Entries) != 2 || fmt.Sprint(rows) != "[甲|1 乙|2]" || res.Lineage.Encoding != "utf-8" {
		t.Errorf("%+v %v", p, rows)
	}
	decl := *p.Pipeline
	for pattern, want := range map[string]error{"*.csv": nil, "一月.csv": nil, "*": read.ErrEntry, "二月.csv": read.ErrEntry, "": read.ErrEntry} {
		decl.Source.Entry = pattern
		if _, err := Run(context.Background(), &decl, in, t.TempDir(), testKeys(t), nil); !errors.Is(err, want) {
			t.Errorf("%q: %v", pattern, err)
		}
	}
}

func TestArchiveRefused(t *testing.T) {
	bomb := archive(t, "a.csv", strings.Repeat("0,", 8<<20))
	overlap := archive(t, "a.csv", "a\n1\n")
	cut := archive(t, "a.csv", strings.Repeat("a,b\n", 1000))
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"ratio":     {bomb, read.ErrTooBig},
		"parent":    {archive(t, "../a.csv", "a\n"), read.ErrZipName},
		"windows":   {archive(t, `..\a.csv`, "a\n"), read.ErrZipName},
		"absolute":  {archive(t, "/etc/a.csv", "a\n"), read.ErrZipName},
		"drive":     {archive(t, "c:/a.csv", "a\n"), read.ErrZipName},
		"control":   {archive(t, "a\x1b.csv", "a\n"), read.ErrZipName},
		"twice":     {archive(t, "a.csv", "a\n", "a.csv", "b\n"), read.ErrZipName},
		"nested":    {archive(t, "a.csv", string(overlap)), read.ErrFormat},
		"only zips": {archive(t, "a.zip", string(overlap)), read.ErrEmpty},
		"cut":       {cut[:len(cut)/2], read.ErrTruncated},
		"tail only": {[]byte("PK\x05\x06" + strings.Repeat("\x00", 18)), read.ErrEmpty},
	} {
		if _, err := Propose(context.Background(), bytesInput(c.data)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	many := make([]string, 0, 2*5001)
	for i := range 5001 {
		many = append(many, fmt.Sprint(i, ".csv"), "a")
	}
	if _, err := Propose(context.Background(), bytesInput(archive(t, many...))); !errors.Is(err, read.ErrTooBig) {
		t.Errorf("many: %v", err)
	}
}

func TestJSONLines(t *testing.T) {
	text := `{"名称":"甲","数量":12345678901234567890,"日期":"2025-01-02"}
{"数量":1.50,"名称":"乙\n丙","旗":true}

{"名称":null,"旗":false,"表":[1, 2]}
not json
{"名称":"x","名称":"y"}
{"名称":"=1+1","数量":"<script>"}
`
	p, res, rows := proposed(t, textInput(text))
	if p.Kind != read.KindJSONL || p.Data != 4 || res.Quarantined != 2 {
		t.Errorf("%+v, %d quarantined", p, res.Quarantined)
	}
	if have := strings.Join(rows, " "); have != "甲|12345678901234567890|2025-01-02|∅|∅ 乙\n丙|1.50|∅|true|∅ ∅|∅|∅|false|[1,2] =1+1|<script>|∅|∅|∅" {
		t.Errorf("%q", have)
	}
	// Under a declaration, a key it does not know is no data.
	decl := *p.Pipeline
	dir := t.TempDir()
	res = mustRun(t, &decl, textInput(`{"名称":"甲","新":1}`+"\n"+`{"名称":"乙"}`+"\n"), dir)
	balanced(t, dir, res)
	if res.Rows != 1 || res.Quarantined != 1 || quarantined(t, dir, res)[0].Rule != "keys" {
		t.Errorf("%d rows, %d quarantined", res.Rows, res.Quarantined)
	}
}

func TestParquet(t *testing.T) {
	// What a run wrote is read again.
	dir := t.TempDir()
	p, _, want := proposed(t, textInput("甲,乙,丙\n01,2025-01-02,1.25\n,2025-02-03,x\n03,,2\n"))
	res := mustRun(t, p.Pipeline, textInput("甲,乙,丙\n01,2025-01-02,1.25\n,2025-02-03,x\n03,,2\n"), dir)
	data, err := os.ReadFile(dir + "/" + res.File)
	if err != nil {
		t.Fatal(err)
	}
	p, _, rows := proposed(t, bytesInput(data))
	if p.Kind != read.KindParquet || p.Data != 3 || fmt.Sprint(rows) != fmt.Sprint(want) {
		t.Errorf("%+v\n%v\n%v", p, rows, want)
	}
	v := mustView(t, bytesInput(data), ViewOptions{Rows: 2})
	if have := roles(v); have != "0header 1data" {
		t.Errorf("%s", have)
	}
	broken := bytes.Clone(data)
	copy(broken[len(broken)/2:], "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")
	for name, c := range map[string]struct {
		data []byte
		want error
	}{"cut": {data[:len(data)-20], read.ErrTruncated}, "short": {data[:8], read.ErrTruncated}, "broken": {broken, read.ErrFormat}} {
		if _, err := Propose(context.Background(), bytesInput(c.data)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
