package ingest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"pado/domain/governance/ingest/engine"
	"pado/domain/governance/ingest/pipeline"
	"pado/domain/governance/ingest/quality"
	"pado/domain/governance/vault"
)

const shared = "../../../../shared/data"

func realFile(t testing.TB, name string) string {
	t.Helper()
	p := filepath.Join(shared, name)
	if _, err := os.Stat(p); err != nil {
		t.Skipf("skipped: the real file %s is not here", name)
	}
	return p
}

func example(t testing.TB, id string) *pipeline.Pipeline {
	t.Helper()
	all, err := Examples()
	if err != nil {
		t.Fatal(err)
	}
	e, ok := all[id]
	if !ok {
		t.Fatalf("no example %q", id)
	}
	return e.Pipeline
}

func testKeys(t testing.TB) Keys {
	t.Helper()
	ring, err := vault.NewKeyring(bytes.Repeat([]byte{9}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return Keys{Family: bytes.Repeat([]byte{7}, 32), Quarantine: ring}
}

func mustRun(t testing.TB, p *pipeline.Pipeline, in Input, out string) *Result {
	t.Helper()
	res, err := Run(context.Background(), p, in, out, testKeys(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func fileInput(t testing.TB, path string) Input {
	t.Helper()
	in, err := FileInput(path)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func rule(t testing.TB, res *Result, step, id string) int64 {
	t.Helper()
	for _, s := range res.Steps {
		for _, r := range s.Reasons {
			if s.Kind == step && r.ID == id {
				return r.Failed
			}
		}
	}
	t.Fatalf("no rule %s in a step %s", id, step)
	return 0
}

func TestBeijing(t *testing.T) {
	dir := t.TempDir()
	res := mustRun(t, example(t, "beijing-pm25"), fileInput(t, realFile(t, "beijing_pm25_prsa_2010_2014.csv")), dir)
	balanced(t, dir, res)
	pm := res.Report.Columns[1]
	if res.Rows != 43_824 || res.Quarantined != 0 || pm.Nulls != 2_067 || pm.Mean != "98.6132" || pm.Max != "994" || pm.Min != "0" {
		t.Errorf("%d rows, %d quarantined, %+v", res.Rows, res.Quarantined, pm)
	}
	for id, want := range map[string]quality.Ratio{
		"complete:pm25": {Numerator: 41_757, Denominator: 43_824, Percent: "95.283"},
		"hourly":        {Numerator: 43_824, Denominator: 43_824, Percent: "100.000"},
		"one_per_hour":  {Numerator: 43_824, Denominator: 43_824, Percent: "100.000"},
		"period":        {Numerator: 43_824, Denominator: 43_824, Percent: "100.000"},
		"readable":      {Numerator: 43_824, Denominator: 43_824, Percent: "100.000"},
	} {
		if have := res.Report.Score(id); have != want {
			t.Errorf("%s: %+v", id, have)
		}
	}
	if n := rule(t, res, "deduplicate", "duplicate"); n != 0 {
		t.Errorf("%d hours twice", n)
	}
	drawn(t, res)
	if len(pm.Bins) < 10 || pm.Bins[0].From != "0" || pm.Bins[len(pm.Bins)-1].To != "" {
		t.Errorf("%+v", pm.Bins)
	}
}

// An hour taken out is noticed.
func TestBeijingGap(t *testing.T) {
	b, err := os.ReadFile(realFile(t, "beijing_pm25_prsa_2010_2014.csv"))
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(b, []byte("\n"))
	gap := bytes.Join(append(lines[:1000:1000], lines[1002:]...), nil)
	res := mustRun(t, example(t, "beijing-pm25"), textInput(string(gap)), t.TempDir())
	if s := res.Report.Score("hourly"); s.Numerator != 43_822 || s.Denominator != 43_824 {
		t.Errorf("%+v", s)
	}
}

func TestAdult(t *testing.T) {
	dir := t.TempDir()
	res := mustRun(t, example(t, "adult-census"), fileInput(t, realFile(t, "adult.data")), dir)
	balanced(t, dir, res)
	if res.Rows != 32_561 || res.Quarantined != 0 || res.Blank != 1 || res.Unit != "unit_key" || res.UnitDomain != "row" {
		t.Errorf("%d rows, %d quarantined, %d blank", res.Rows, res.Quarantined, res.Blank)
	}
	nulls := map[string]int64{}
	for _, c := range res.Report.Columns {
		nulls[c.Name] = c.Nulls
		if c.Min != "" || c.Max != "" || c.Mean != "" {
			t.Errorf("%s shows its values", c.Name)
		}
	}
	drawn(t, res)
	// The counts that the data's own documentation gives for "?".
	if nulls["workclass"] != 1_836 || nulls["occupation"] != 1_843 || nulls["native_country"] != 583 || nulls["age"] != 0 {
		t.Errorf("nulls %v", nulls)
	}
	if s := res.Report.Score("one_per_unit"); s.Numerator != 32_561 || s.Denominator != 32_561 {
		t.Errorf("unit keys: %+v", s)
	}
	for _, r := range table(t, dir, res)[:3] {
		if len(strings.Split(r, "|")[0]) != engine.PseudonymLen || strings.Contains(r, " ") {
			t.Errorf("row %q", r)
		}
	}
}

// The same table in another encoding is another source and the same content.
func TestReencoded(t *testing.T) {
	for _, c := range []struct{ file, example string }{
		{"beijing_pm25_prsa_2010_2014.csv", "beijing-pm25"}, {"adult.data", "adult-census"}, {"ncov_shanxi_cities.csv", ""},
		{"GB-4754-2017.csv", ""}, {"admin/GB-2260_2019.csv", ""}, {"admin/ChinaAreaCode_MCA.csv", ""}, {"admin/villages_shuozhou.csv", ""}, {"admin/streets_shuozhou.csv", ""},
	} {
		b, err := os.ReadFile(realFile(t, c.file))
		if err != nil {
			t.Fatal(err)
		}
		text := strings.TrimPrefix(string(b), "\ufeff")
		var p *pipeline.Pipeline
		if c.example != "" {
			p = example(t, c.example)
		} else {
			prop, err := Propose(context.Background(), textInput(text))
			if err != nil {
				t.Fatal(err)
			}
			p = prop.Pipeline
		}
		plain := mustRun(t, p, textInput(text), t.TempDir())
		gb, err := simplifiedchinese.GB18030.NewEncoder().String(text)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		res := mustRun(t, p, textInput(gb), dir)
		if res.Digest != plain.Digest || res.Rows != plain.Rows || res.Quarantined != plain.Quarantined {
			t.Errorf("%s in GB18030: %d rows, digest %s, plain %d, %s", c.file, res.Rows, res.Digest, plain.Rows, plain.Digest)
		}
		if gb != text && (res.VersionID == plain.VersionID || res.Lineage.Encoding != "gb18030") {
			t.Errorf("%s: %+v", c.file, res.Lineage)
		}
		balanced(t, dir, res)
	}
}

// What a spreadsheet calls "Unicode text": UTF-16 with tabs.
func TestUnicodeText(t *testing.T) {
	text, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String("名称\t数量\r\n甲\t1\r\n乙\t2\r\n")
	if err != nil {
		t.Fatal(err)
	}
	p, res, rows := proposed(t, textInput(text))
	if p.Delimiter != "\t" || res.Lineage.Encoding != "utf-16le" || fmt.Sprint(rows) != "[甲|1 乙|2]" {
		t.Errorf("%q %s %v", p.Delimiter, res.Lineage.Encoding, rows)
	}
}

// Cut anywhere, a file gives fewer rows and at most one row in quarantine for
// the torn one; it never gives a wrong row.
func TestTruncated(t *testing.T) {
	b, err := os.ReadFile(realFile(t, "ncov_shanxi_cities.csv"))
	if err != nil {
		t.Fatal(err)
	}
	prop, err := Propose(context.Background(), textInput(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	whole := mustRun(t, prop.Pipeline, textInput(string(b)), t.TempDir())
	for _, cut := range []int{len(b) / 2, len(b)/2 + 1, len(b)/2 + 7} {
		dir := t.TempDir()
		res := mustRun(t, prop.Pipeline, textInput(string(b[:cut])), dir)
		balanced(t, dir, res)
		if res.Rows+res.Quarantined >= whole.Rows || res.Quarantined > 1 {
			t.Errorf("cut at %d: %d rows, %d quarantined", cut, res.Rows, res.Quarantined)
		}
	}
	// A delivery whose size or digest was announced is refused when cut.
	in := textInput(string(b[:len(b)/2]))
	in.Size, in.SHA256 = whole.Lineage.SourceBytes, whole.Lineage.SourceSHA256
	if _, err := Run(context.Background(), prop.Pipeline, in, t.TempDir(), testKeys(t), nil); !errors.Is(err, ErrSource) {
		t.Errorf("announced: %v", err)
	}
}

// The file's bytes do not depend on how many threads wrote it.
func TestDeterministic(t *testing.T) {
	ctx := context.Background()
	var digests []string
	for _, threads := range []int{1, 2, 4} {
		e, err := engine.Open(ctx, engine.Options{Threads: threads})
		if err != nil {
			t.Fatal(err)
		}
		out := filepath.Join(t.TempDir(), "x.parquet")
		err = e.Feed(ctx, []string{"a", "b"}, func(w io.Writer) error {
			buf := bufio.NewWriter(w)
			for i := range 600_000 {
				fmt.Fprintf(buf, "%d\x1f%d\x1f%s\n", i, i*7919%1000, strings.Repeat("数", i%17))
			}
			return buf.Flush()
		}, func(scan string) error {
			_, err := e.Copy(ctx, "SELECT \"#ord\" AS n, a::INTEGER AS a, b FROM "+scan+" WHERE a::INTEGER % 10 <> 3", out)
			return err
		})
		e.Close()
		if err != nil {
			t.Fatal(err)
		}
		d, _, err := fileDigest(out)
		if err != nil {
			t.Fatal(err)
		}
		digests = append(digests, d)
	}
	if digests[0] != digests[1] || digests[0] != digests[2] {
		t.Errorf("%v", digests)
	}
}

func TestProposeReal(t *testing.T) {
	for name, want := range map[string]string{
		"adult.data":                      `csv ", " 0 0 32561 32561 ["?"]`,
		"beijing_pm25_prsa_2010_2014.csv": `csv "," 0 1 43825 43824 ["NA"]`,
		"ncov_shanxi_cities.csv":          `csv "," 0 1 4089 4088 []`,
		"GB-4754-2017.csv":                `csv "," 0 1 1971 1970 []`,
		"admin/ChinaAreaCode_MCA.csv":     `csv "," 0 1 3213 3212 []`,
		"admin/GB-2260_2019.csv":          `csv "," 0 1 6565 6564 []`,
		"admin/streets_shuozhou.csv":      `csv "," 0 1 73 72 []`,
		"admin/villages_shuozhou.csv":     `csv "," 0 1 1278 1277 []`,
		"moe_adult_colleges_2025.xls":     `xls "" 2 1 281 248 []`,
	} {
		t.Run(name, func(t *testing.T) {
			in := fileInput(t, realFile(t, name))
			p, err := Propose(context.Background(), in)
			if err != nil {
				t.Fatal(err)
			}
			if have := fmt.Sprintf("%s %q %d %d %d %d %q", p.Kind, p.Delimiter, p.Skip, p.Header, p.Records, p.Data, p.Missing); have != want {
				t.Errorf("have %s\nwant %s", have, want)
			}
			if err := p.Pipeline.Validate(); err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			res := mustRun(t, p.Pipeline, in, dir)
			balanced(t, dir, res)
			if res.Rows != p.Data || res.Quarantined != int64(len(p.NotData)) {
				t.Errorf("%d rows, %d quarantined", res.Rows, res.Quarantined)
			}
		})
	}
}

// The list as a ministry publishes it: banners, provinces as headings between
// the rows, merged cells.
func TestColleges(t *testing.T) {
	dir := t.TempDir()
	res := mustRun(t, example(t, "adult-colleges"), fileInput(t, realFile(t, "moe_adult_colleges_2025.xls")), dir)
	balanced(t, dir, res)
	reasons := map[string]int{}
	for _, q := range quarantined(t, dir, res) {
		reasons[q.Rule]++
	}
	if res.Rows != 248 || fmt.Sprint(reasons) != "map[banner:2 section:30]" {
		t.Errorf("%d rows, %v", res.Rows, reasons)
	}
	if s := res.Report.Score("section_counts"); s.Numerator != 30 || s.Denominator != 30 || len(res.Reconciled) != 30 {
		t.Errorf("%+v, %d", s, len(res.Reconciled))
	}
	rows := table(t, dir, res)
	for _, r := range rows {
		if f := strings.Split(r, "|"); f[0] == "∅" || strings.Contains(f[0], "（") || len(f[1]) != 10 || f[1][:2] != "42" {
			t.Errorf("%q", r)
		}
	}
	if rows[0] != "北京市|4211050001|北京市海淀区职工大学|北京市" || !strings.HasPrefix(rows[247], "新疆维吾尔自治区|4265051717|") {
		t.Errorf("%q … %q", rows[0], rows[247])
	}
}

// drawn checks every column's plot: it adds up to the rows with a value, shows
// nothing small of what is not public, and nothing at all of what may not be.
func drawn(t testing.TB, res *Result) {
	t.Helper()
	for _, c := range res.Report.Columns {
		shown := c.OtherRows
		for _, b := range c.Bins {
			shown += b.Rows
			if c.Label != "public" && b.Rows > 0 && b.Rows < quality.MinCell {
				t.Errorf("%s shows %+v", c.Name, b)
			}
		}
		for _, v := range c.Top {
			shown += v.Rows
			if c.Label != "public" && v.Rows < quality.MinCell {
				t.Errorf("%s shows %+v", c.Name, v)
			}
		}
		if c.Withheld == "" && shown != c.Rows-c.Nulls || c.Withheld != "" && shown != 0 {
			t.Errorf("%s: %d drawn of %d, %q", c.Name, shown, c.Rows-c.Nulls, c.Withheld)
		}
		if (c.Label == "forbidden" || c.Label == "unit" || c.Label == "join_only" || c.Label == "sensitive_dim") && c.Withheld == "" {
			t.Errorf("%s is labelled %s and drawn", c.Name, c.Label)
		}
	}
}
