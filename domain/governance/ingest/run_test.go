package ingest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pado/domain/governance/ingest/engine"
	"pado/domain/governance/ingest/pipeline"
	"pado/domain/governance/ingest/quality"
	"pado/domain/governance/ingest/read"
	"pado/domain/governance/vault"
)

func declared(t testing.TB, text string) *pipeline.Pipeline {
	t.Helper()
	p, err := pipeline.Decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func textInput(s string) Input {
	return Input{Size: int64(len(s)), Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(s)), nil }}
}

// table reads a version back, one line a row, NULL as ∅.
func table(t testing.TB, dir string, res *Result) []string {
	t.Helper()
	ctx := context.Background()
	e, err := engine.Open(ctx, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	var cols []string
	for _, c := range res.Schema {
		cols = append(cols, "coalesce("+pipeline.Ident(c.Name)+"::VARCHAR, '∅')")
	}
	var out []string
	q := "SELECT concat_ws('|', " + strings.Join(cols, ", ") + ") FROM read_parquet(" + pipeline.Text(filepath.Join(dir, res.File)) + ", file_row_number=true) ORDER BY file_row_number"
	if err := e.Query(ctx, q, func(s engine.Scanner) error {
		var line string
		err := s.Scan(&line)
		out = append(out, line)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

// quarantined reads the sealed rows back.
func quarantined(t testing.TB, dir string, res *Result) []Quarantined {
	t.Helper()
	if res.Quarantine == "" {
		return nil
	}
	v, err := vault.At(filepath.Join(dir, QuarantineDir), testKeys(t).Quarantine, vault.AES256GCM)
	if err != nil {
		t.Fatal(err)
	}
	r, err := v.Open(res.Quarantine)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	lines := bufio.NewScanner(r)
	var out []Quarantined
	for first := true; lines.Scan(); first = false {
		if first {
			var h QuarantineHead
			if err := json.Unmarshal(lines.Bytes(), &h); err != nil || h.Version != res.VersionID {
				t.Fatal(h, err)
			}
			continue
		}
		var q Quarantined
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			t.Fatal(err)
		}
		out = append(out, q)
	}
	if lines.Err() != nil {
		t.Fatal(lines.Err())
	}
	return out
}

// balanced asserts what must hold of every run.
func balanced(t testing.TB, dir string, res *Result) {
	t.Helper()
	in := res.Steps[0].In
	total := int64(0)
	for i, s := range res.Steps {
		if s.In != in || s.Out != s.In-s.Quarantined || s.Changed > s.In || s.Quarantined < 0 {
			t.Errorf("step %d %s does not add up: %+v (expected %d in)", i, s.Kind, s, in)
		}
		in = s.Out
		total += s.Quarantined
	}
	if in != res.Rows || total != res.Quarantined || res.Rows+res.Quarantined != res.Steps[0].In {
		t.Errorf("%d out of the last step, %d rows, %d quarantined of %d", in, res.Rows, res.Quarantined, res.Steps[0].In)
	}
	if n := int64(len(quarantined(t, dir, res))); n != res.Quarantined {
		t.Errorf("%d rows in the quarantine file, %d counted", n, res.Quarantined)
	}
	for _, d := range res.Report.Dimensions {
		num, den := int64(0), int64(0)
		for _, r := range d.Rules {
			if r.Numerator < 0 || r.Numerator > r.Denominator {
				t.Errorf("%s: %d of %d", r.ID, r.Numerator, r.Denominator)
			}
			num, den = num+r.Numerator, den+r.Denominator
		}
		if num != d.Numerator || den != d.Denominator {
			t.Errorf("%s does not add up", d.Dimension)
		}
	}
}

const head = `
format: pado.pipeline/1
id: t
version: 1
`

// cases: a source, a pipeline, and what must come out.
type runCase struct {
	name, in, decl string
	rows           []string
	quarantined    []string // "record rule"
	changed        string   // per step after reading
}

func runCases(t *testing.T, cases []runCase) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			res, err := Run(context.Background(), declared(t, head+c.decl), textInput(c.in), dir, testKeys(t), nil)
			if err != nil {
				t.Fatal(err)
			}
			balanced(t, dir, res)
			if have := table(t, dir, res); fmt.Sprintf("%q", have) != fmt.Sprintf("%q", c.rows) {
				t.Errorf("rows\nhave %q\nwant %q", have, c.rows)
			}
			var bad []string
			for _, q := range quarantined(t, dir, res) {
				bad = append(bad, fmt.Sprint(q.Record, " ", q.Rule))
			}
			if fmt.Sprintf("%q", bad) != fmt.Sprintf("%q", c.quarantined) {
				t.Errorf("quarantined\nhave %q\nwant %q", bad, c.quarantined)
			}
			var changed []string
			for _, s := range res.Steps[1:] {
				changed = append(changed, fmt.Sprint(s.Changed))
			}
			if c.changed != "" && strings.Join(changed, " ") != c.changed {
				t.Errorf("changed %v, want %s", changed, c.changed)
			}
		})
	}
}

func TestSteps(t *testing.T) {
	text := func(cols ...string) string {
		s := "target:\n  table: t\n  columns:\n"
		for _, c := range cols {
			s += "    - {name: " + c + ", type: text, label: forbidden}\n"
		}
		return s
	}
	src := func(cols ...string) string {
		s := "source:\n  kind: csv\n  header: 1\n  columns:\n"
		for _, c := range cols {
			s += "    - {name: " + c + "}\n"
		}
		return s
	}
	runCases(t, []runCase{
		{"trim", "a,b\n x ,　y　\n\"  \",z\np  q,r\n", src("a", "b") + "steps:\n  - trim: {columns: [a, b]}\n  - trim: {columns: [a], inner: remove}\n" + text("a", "b"),
			[]string{"x|y", "∅|z", "pq|r"}, nil, "2 1 0"},
		{"width and case", "a,b\nＡｂ１２３,x\n中（文）,y\n", src("a", "b") + "steps:\n  - width: {columns: [a]}\n  - case: {columns: [a, b], to: upper}\n" + text("a", "b"),
			[]string{"AB123|X", "中(文)|Y"}, nil, "2 2 0"},
		{"missing", "a,b\nNA,-\nx,NA\n", strings.Replace(src("a", "b"), "header: 1", "header: 1\n  missing: [NA]", 1) + "steps:\n  - missing: {columns: [b], values: [\"-\"]}\n" + text("a", "b"),
			[]string{"∅|∅", "x|∅"}, nil, "1 0"},
		{"dates", "a\n2024/2/9\n2024年12月3日\n20240229\n2023-02-29\nsoon\n\"\"\n", src("a") + "steps:\n  - dates: {columns: [a], formats: [\"%Y/%m/%d\", \"%Y年%m月%d日\", \"%Y%m%d\", \"%Y-%m-%d\"]}\n" + text("a"),
			[]string{"2024-02-09", "2024-12-03", "2024-02-29", "∅"}, []string{"5 date:a", "6 date:a"}, ""},
		{"codes", "a,b,c\n男,男,男\n女,x,x\nx,女,女\n", src("a", "b", "c") + "steps:\n  - codes: {column: b, map: {男: \"1\", 女: \"2\"}, on_fail: \"null\"}\n  - codes: {column: c, map: {男: \"1\", 女: \"2\"}, on_fail: keep}\n  - codes: {column: a, map: {男: \"1\", 女: \"2\"}}\n" + text("a", "b", "c"),
			[]string{"1|1|1", "2|∅|x"}, []string{"4 code:a"}, ""},
		{"derive", "y,m,d,h\n2024,2,9,7\n2024,13,1,0\n2024,,1,0\n", src("y", "m", "d", "h") + "steps:\n  - derive: {column: ts, timestamp: [y, m, d, h]}\n  - derive: {column: n, ordinal: true}\n  - derive: {column: ym, concat: [y, m], separator: \"-\"}\n  - derive: {column: yy, substring: y, start: 3, length: 2}\n" + text("ts", "n", "ym", "yy"),
			[]string{"2024-02-09 07:00:00|2|2024-2|24", "∅|4|∅|24"}, []string{"3 timestamp:ts"}, "1 2 1 2 0"},
		{"deduplicate first", "k,v\na,1\nb,2\na,3\n,4\n,5\n", src("k", "v") + "steps:\n  - deduplicate: {by: [k]}\n" + text("k", "v"),
			[]string{"a|1", "b|2", "∅|4", "∅|5"}, []string{"4 duplicate"}, ""},
		{"deduplicate last", "k,v\na,1\nb,2\na,3\na,4\n", src("k", "v") + "steps:\n  - deduplicate: {by: [k], keep: last}\n" + text("k", "v"),
			[]string{"b|2", "a|4"}, []string{"2 duplicate", "4 duplicate"}, ""},
		{"deduplicate whole rows", "k,v\na,1\na,2\na,1\n,1\n,1\n", src("k", "v") + "steps:\n  - deduplicate: {by: [\"*\"]}\n" + text("k", "v"),
			[]string{"a|1", "a|2", "∅|1"}, []string{"4 duplicate", "6 duplicate"}, ""},
		{"quarantined rows do not count as duplicates", "k,v\na,999\na,1\na,2\n", src("k", "v") + "steps:\n  - check: {rules: [{id: v, kind: range, column: v, max: \"100\"}]}\n  - deduplicate: {by: [k]}\n" + text("k", "v"),
			[]string{"a|1"}, []string{"2 v", "4 duplicate"}, ""},
		{"masks", "a,b,c,d,e,f,g,h\n37,2024-05-17,150,13812345678,140602001,x,2024-11-02,2024-05-17 10:11:12\nxx,2024-05-17,1,1,1,1,2024-05-17,2024-01-01\ninf,2024-05-17,1,1,1,1,2024-05-17,2024-01-01\n1,2024-05-17,nan,1,1,1,2024-05-17,2024-01-01\n-3,2024-05-17,-1,123,14,x,2024-05-17,2024-01-01\n",
			src("a", "b", "c", "d", "e", "f", "g", "h") + `steps:
  - mask:
      rules:
        - {column: a, kind: band, width: "5"}
        - {column: b, kind: floor_date, to: month}
        - {column: c, kind: clamp, min: "0", max: "100"}
        - {column: d, kind: partial, head: 3, tail: 4}
        - {column: e, kind: prefix, head: 6}
        - {column: f, kind: suppress}
        - {column: g, kind: floor_date, to: quarter}
        - {column: h, kind: floor_date, to: year}
` + text("a", "b", "c", "d", "e", "f", "g", "h"),
			[]string{"35|2024-05-01|100|138****5678|140602000|∅|2024-10-01|2024-01-01", "-5|2024-05-01|0|***|14|∅|2024-04-01|2024-01-01"}, []string{"3 mask:a", "4 mask:a", "5 mask:c"}, ""},
	})
}

func TestRules(t *testing.T) {
	decl := func(rule string, cols ...string) string {
		s := "source:\n  kind: csv\n  header: 1\n  columns:\n"
		for _, c := range cols {
			s += "    - {name: " + c + "}\n"
		}
		s += "steps:\n  - check:\n      rules:\n        - {id: r, " + rule + "}\ntarget:\n  table: t\n  columns:\n"
		for _, c := range cols {
			s += "    - {name: " + c + ", type: text, label: forbidden}\n"
		}
		return s
	}
	runCases(t, []runCase{
		{"not_null", "a,b\nx,1\n,2\n", decl("kind: not_null, column: a", "a", "b"), []string{"x|1"}, []string{"3 r"}, ""},
		{"id_card", "a\n11010519491231002X\n11010519491231002x\n110105194912310021\n\"\"\n", decl("kind: id_card, column: a", "a"), []string{"11010519491231002X", "11010519491231002x", "∅"}, []string{"4 r"}, ""},
		{"uscc", "a\n91350100M000100Y43\n91350100M000100Y4A\n", decl("kind: uscc, column: a", "a"), []string{"91350100M000100Y43"}, []string{"3 r"}, ""},
		{"phone", "a\n13812345678\n23812345678\n", decl("kind: phone, column: a", "a"), []string{"13812345678"}, []string{"3 r"}, ""},
		{"regex", "a\nA1\nxA1\n", decl("kind: regex, column: a, pattern: \"[A-Z][0-9]\"", "a"), []string{"A1"}, []string{"3 r"}, ""},
		{"in", "a\nx\ny\n'\n", decl("kind: in, column: a, values: [x, \"'\"]", "a"), []string{"x", "'"}, []string{"3 r"}, ""},
		{"length", "a\n中文\n中文字\n", decl("kind: length, column: a, max: \"2\"", "a"), []string{"中文"}, []string{"3 r"}, ""},
		{"range", "a\n0\n120\n121\n-1\nten\nnan\n1e1\n", decl("kind: range, column: a, min: \"0\", max: \"120\"", "a"), []string{"0", "120", "1e1"}, []string{"4 r", "5 r", "6 r", "7 r"}, ""},
		{"range open above", "a\n5\ninf\nnan\n", decl("kind: range, column: a, min: \"0\"", "a"), []string{"5"}, []string{"3 r", "4 r"}, ""},
		{"date_range", "a\n2024-01-01\n2024-12-31 23:59:59\n2025-01-01\nx\n", decl("kind: date_range, column: a, min: \"2024-01-01\", max: \"2024-12-31\"", "a"), []string{"2024-01-01", "2024-12-31 23:59:59"}, []string{"4 r", "5 r"}, ""},
		{"compare numbers", "a,b\n1,2\n10,9\n1,\nx,1\n", decl("kind: compare, column: a, op: \"<=\", other: b", "a", "b"), []string{"1|2", "1|∅"}, []string{"3 r", "5 r"}, ""},
		{"compare dates", "a,b\n2024-01-02,2024-01-10\n2024-01-02,2023-12-31\n", decl("kind: compare, column: a, op: \"<\", other: b, as: date", "a", "b"), []string{"2024-01-02|2024-01-10"}, []string{"3 r"}, ""},
		{"requires", "a,b\nx,1\nx,\ny,\n", decl("kind: requires, column: a, values: [x], other: b", "a", "b"), []string{"x|1", "y|∅"}, []string{"3 r"}, ""},
		{"sum", "a,b,c\n0.1,0.2,0.3\n1,2,4\n", decl("kind: sum, columns: [a, b], other: c", "a", "b", "c"), []string{"0.1|0.2|0.3"}, []string{"3 r"}, ""},
		{"id_birth", "a,b\n11010519491231002X,1949-12-31\n11010519491231002X,1949-12-30\n", decl("kind: id_birth, column: a, other: b", "a", "b"), []string{"11010519491231002X|1949-12-31"}, []string{"3 r"}, ""},
		{"id_sex", "a,b\n11010519491231002X,女\n11010519491231002X,男\n", decl("kind: id_sex, column: a, other: b", "a", "b"), []string{"11010519491231002X|女"}, []string{"3 r"}, ""},
		{"unique", "a,b\n1,x\n2,y\n1,z\n", decl("kind: unique, column: a", "a", "b"), []string{"1|x", "2|y"}, []string{"4 r"}, ""},
		{"null instead", "a\n1\n999\n", decl("kind: range, column: a, max: \"100\", on_fail: \"null\"", "a"), []string{"1", "∅"}, nil, "1 0"},
		{"report only", "a\n1\n999\n", decl("kind: range, column: a, max: \"100\", on_fail: report", "a"), []string{"1", "999"}, nil, "0 0"},
		{"names and values with quotes", "a\nx''y\n\"q\"\"\"\n", decl("kind: in, column: a, values: [\"x''y\", 'q\"']", "a"), []string{"x''y", "q\""}, nil, ""},
	})
}

func TestTargetTypes(t *testing.T) {
	decl := func(typ string) string {
		return "source:\n  kind: csv\n  header: 1\n  columns:\n    - {name: a}\ntarget:\n  table: t\n  columns:\n    - {name: a, type: \"" + typ + "\", label: forbidden}\n"
	}
	runCases(t, []runCase{
		{"integer", "a\n7\n007\n3.0\n3.7\n2147483648\nx\n\"\"\n", decl("integer"), []string{"7", "7", "3", "∅"}, []string{"5 type:a", "6 type:a", "7 type:a"}, ""},
		{"bigint", "a\n2147483648\n9223372036854775808\n", decl("bigint"), []string{"2147483648"}, []string{"3 type:a"}, ""},
		{"decimal is not rounded", "a\n1.5\n1.50\n1.55\n12345678.9\n", decl("decimal(5,1)"), []string{"1.5", "1.5"}, []string{"4 type:a", "5 type:a"}, ""},
		{"double", "a\n1.5\n1e3\nnan\ninf\n", decl("double"), []string{"1.5", "1000.0"}, []string{"4 type:a", "5 type:a"}, ""},
		{"date", "a\n2024-02-29\n2023-02-29\n2024-02-29 10:00:00\n", decl("date"), []string{"2024-02-29"}, []string{"3 type:a", "4 type:a"}, ""},
		{"timestamp", "a\n2024-02-29 10:00:00\n2024-02-29\nx\n", decl("timestamp"), []string{"2024-02-29 10:00:00", "2024-02-29 00:00:00"}, []string{"4 type:a"}, ""},
		{"boolean", "a\n是\n否\n1\nmaybe\n", decl("boolean"), []string{"true", "false", "true"}, []string{"5 type:a"}, ""},
		{"null instead", "a\n7\nx\n", strings.Replace(decl("integer"), "label:", "on_fail: \"null\", label:", 1), []string{"7", "∅"}, nil, ""},
		{"required", "a\n7\nNA\n", strings.NewReplacer("label:", "required: true, label:", "header: 1", "header: 1\n  missing: [NA]").Replace(decl("integer")), []string{"7"}, []string{"3 required:a"}, ""},
		{"quoted nothing is a row", "a\n7\n\"\"\n\n", decl("integer"), []string{"7", "∅"}, nil, ""},
		{"no rows", "a\n", decl("integer"), nil, nil, ""},
	})
}

func TestShapes(t *testing.T) {
	two := func(source string) string {
		return "source:\n  kind: csv\n" + source + "  columns:\n    - {name: 名称, as: name}\n    - {name: 数量, as: n}\n    - {name: 备注, as: note}\ntarget:\n  table: t\n  columns:\n    - {name: name, type: text, label: forbidden}\n    - {name: n, type: integer, label: forbidden}\n    - {name: note, type: text, label: forbidden}\n"
	}
	section := strings.Replace(two("  header: 1\n  strays: {filled: 1, section: 地区, notes: [注], totals: [合计]}\n"), "    - {name: name, type", "    - {name: area, from: 地区, type: text, label: forbidden}\n    - {name: name, type", 1)
	runCases(t, []runCase{
		{"banner, sections, totals, notes", "名称,数量,备注\n朔城区,,\n甲,1,x\n\n乙,2,\n平鲁区\n丙,3,y\n合计,6,\n注：以上为初步数据\n", section,
			[]string{"朔城区|甲|1|x", "朔城区|乙|2|∅", "平鲁区|丙|3|y"}, []string{"2 section", "6 section", "8 total", "9 note"}, ""},
		{"banner before the header", "某某统计表,,\n\n单位：个\n名称,数量,备注\n甲,1,x\n", two("  skip: 2\n  header: 1\n"), []string{"甲|1|x"}, []string{"1 banner", "3 banner"}, ""},
		{"two header records", "名称,规模,\n,数量,备注\n甲,1,x\n", strings.NewReplacer("name: 数量", "name: 规模/数量", "name: 备注", "name: 规模/备注").Replace(two("  header: 2\n")), []string{"甲|1|x"}, nil, ""},
		{"no header", "甲,1,x\n", two("  header: 0\n"), []string{"甲|1|x"}, nil, ""},
		{"columns in another order", "备注,名称,数量\nx,甲,1\n", two("  header: 1\n"), []string{"甲|1|x"}, nil, ""},
		{"columns beyond the declared ignored", "名称,数量,备注,其他\n甲,1,x,y\n", two("  header: 1\n  extra: ignore\n"), []string{"甲|1|x"}, nil, ""},
		{"too many and too few fields", "名称,数量,备注\n甲,1,x,y\n乙,2\n丙,3,z\n丁,4,,,\n", two("  header: 1\n"), []string{"丙|3|z", "丁|4|∅"}, []string{"2 fields", "3 fields"}, ""},
		{"broken rows", "名称,数量,备注\n\"甲,1,x\n乙,2,\x01\n丙,3,\xff\n丁,4,w\n", two("  header: 1\n  encoding: utf-8\n"), []string{"丁|4|w"}, []string{"2 quote", "3 control", "4 encoding"}, ""},
		{"line breaks folded", "名称,数量,备注\n\"甲\r\n乙\",1,\"x\ny\"\n", two("  header: 1\n"), []string{"甲 乙|1|x y"}, nil, ""},
		{"line breaks kept", "名称,数量,备注\n\"甲\n乙\",1,x\n", two("  header: 1\n  multiline: true\n"), []string{"甲\n乙|1|x"}, nil, ""},
	})
}

func TestDuplicateHeaders(t *testing.T) {
	names := Names([][]string{{"a", "a", "", "a\nb", " a "}})
	if fmt.Sprint(names) != "[a a_2 column_3 ab a_3]" {
		t.Errorf("%q", names)
	}
	runCases(t, []runCase{{"duplicate", "a,a\n1,2\n", "source:\n  kind: csv\n  header: 1\n  columns:\n    - {name: a}\n    - {name: a_2}\ntarget:\n  table: t\n  columns:\n    - {name: a, type: integer, label: forbidden}\n    - {name: a_2, type: integer, label: forbidden}\n",
		[]string{"1|2"}, nil, ""}})
}

const oneColumn = head + "source:\n  kind: csv\n  header: 1\n  columns:\n    - {name: a}\n    - {name: b}\ntarget:\n  table: t\n  columns:\n    - {name: a, type: integer, label: forbidden}\n    - {name: b, type: text, label: forbidden}\n"

func TestRefusedRuns(t *testing.T) {
	p := declared(t, oneColumn)
	keyed := declared(t, strings.Replace(oneColumn, "target:", "steps:\n  - mask: {rules: [{column: b, kind: pseudonym, domain: x}]}\ntarget:", 1))
	noKeys, badSum := testKeys(t), textInput("a,b\n1,x\n")
	noKeys.Family, noKeys.Quarantine = nil, nil
	badSum.SHA256 = strings.Repeat("0", 64)
	utf := declared(t, strings.Replace(oneColumn, "header: 1", "header: 1\n  encoding: utf-8", 1))
	announced := textInput("a,b\n1,x\n")
	announced.SHA256 = strings.Repeat("0", 64)
	for _, c := range []struct {
		name string
		p    *pipeline.Pipeline
		in   Input
		keys Keys
		want error
	}{
		{"empty", p, textInput(""), testKeys(t), read.ErrEmpty},
		{"missing column", p, textInput("a,c\n1,x\n"), testKeys(t), ErrSchema},
		{"noise", p, textInput(strings.Repeat("\xff\x80\xc3\x28\x81", 500)), testKeys(t), read.ErrEncoding},
		{"pseudonyms without a key", keyed, textInput("a,b\n1,x\n"), noKeys, ErrKey},
		{"quarantine without a key", p, textInput("a,b\nx,y\n"), noKeys, ErrKey},
		{"another file than announced", p, badSum, testKeys(t), ErrSource},
		{"another file than announced, encoding given", utf, announced, testKeys(t), ErrSource},
	} {
		dir := t.TempDir()
		_, err := Run(context.Background(), c.p, c.in, dir, c.keys, nil)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if left := visible(t, dir); len(left) != 0 {
			t.Errorf("%s left %v", c.name, left)
		}
	}
	var schema *Error
	_, err := Run(context.Background(), p, textInput("a,c\n1,x\n"), t.TempDir(), testKeys(t), nil)
	if !errors.As(err, &schema) || fmt.Sprint(schema.Missing, schema.Extra) != "[b] [c]" || schema.Clause != "7.2" {
		t.Errorf("%+v", schema)
	}
}

// visible lists what a reader of the folder would see as results.
func visible(t testing.TB, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, p)
			out = append(out, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRepeatIsNoOp(t *testing.T) {
	dir := t.TempDir()
	p := declared(t, oneColumn)
	in := textInput("a,b\n1,x\ny,y\n")
	first := mustRun(t, p, in, dir)
	before := visible(t, dir)
	reads := 0
	counted := in
	counted.Open = func() (io.ReadCloser, error) { reads++; return in.Open() }
	again := mustRun(t, p, counted, dir)
	if !again.Repeated || first.Repeated || again.Digest != first.Digest || again.VersionID != first.VersionID || reads != 1 {
		t.Errorf("repeated %v, %d readings", again.Repeated, reads)
	}
	if fmt.Sprint(visible(t, dir)) != fmt.Sprint(before) {
		t.Errorf("the folder changed: %v", visible(t, dir))
	}
	// A damaged data file is no version; it is made again.
	if err := os.WriteFile(filepath.Join(dir, first.File), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir, first.VersionID); !errors.Is(err, ErrNoVersion) {
		t.Errorf("damaged: %v", err)
	}
	healed := mustRun(t, p, in, dir)
	if healed.Repeated || healed.Digest != first.Digest {
		t.Errorf("not made again: %+v", healed)
	}
	other := testKeys(t)
	other.Family = bytes.Repeat([]byte{1}, 32)
	res, err := Run(context.Background(), p, in, dir, other, nil)
	if err != nil || res.VersionID != first.VersionID {
		t.Errorf("without pseudonyms the key must not matter: %v", err)
	}
}

func TestPseudonyms(t *testing.T) {
	p := declared(t, strings.Replace(oneColumn, "target:", "steps:\n  - mask: {rules: [{column: b, kind: pseudonym, domain: natural_person}]}\ntarget:", 1))
	in := textInput("a,b\n1,张三\n2,李四\n3,张三\n4,\n")
	dir := t.TempDir()
	res := mustRun(t, p, in, dir)
	rows := table(t, dir, res)
	zhang, li := engine.Pseudonym(testKeys(t).Family, "natural_person", "张三"), engine.Pseudonym(testKeys(t).Family, "natural_person", "李四")
	want := []string{"1|" + zhang, "2|" + li, "3|" + zhang, "4|∅"}
	if fmt.Sprint(rows) != fmt.Sprint(want) || len(zhang) != engine.PseudonymLen || zhang == li {
		t.Errorf("have %v, want %v", rows, want)
	}
	if zhang == engine.Pseudonym(testKeys(t).Family, "legal_entity", "张三") {
		t.Error("one name in two domains has one pseudonym")
	}
	other := testKeys(t)
	other.Family = bytes.Repeat([]byte{1}, 32)
	res2, err := Run(context.Background(), p, in, dir, other, nil)
	if err != nil || res2.VersionID == res.VersionID || res2.Digest == res.Digest || res2.Lineage.FamilyKey == res.Lineage.FamilyKey {
		t.Errorf("another key, the same version: %v", err)
	}
	b, err := os.ReadFile(filepath.Join(dir, res.VersionID+".json"))
	if err != nil || bytes.Contains(b, []byte("张三")) {
		t.Errorf("the manifest shows a name: %v", err)
	}
}

// At no point of a failing run is anything visible, and the next run removes
// what a crash left.
func TestCrash(t *testing.T) {
	p := declared(t, oneColumn)
	in := textInput("a,b\n1,x\ny,y\n")
	crash := errors.New("crash")
	// The readings are: survey, header, rows, quarantine. That of the header
	// ends before the fault.
	for n := 1; n <= 5; n++ {
		dir := t.TempDir()
		broken := in
		opens := 0
		broken.Open = func() (io.ReadCloser, error) {
			if opens++; opens == n {
				return io.NopCloser(io.MultiReader(strings.NewReader("a,b\n1,x\n"), &failing{crash})), nil
			}
			return in.Open()
		}
		res, err := Run(context.Background(), p, broken, dir, testKeys(t), nil)
		if (err == nil) != (n == 2 || n == 5) || errors.Is(err, crash) {
			t.Errorf("reading %d: %v", n, err)
		}
		if err == nil {
			balanced(t, dir, res)
			continue
		}
		if left := visible(t, dir); len(left) != 0 {
			t.Errorf("reading %d failed and left %v", n, left)
		}
	}
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

// A crash between the renames leaves files without a manifest: no version, and
// the next run completes it.
func TestCrashBetweenRenames(t *testing.T) {
	p := declared(t, oneColumn)
	in := textInput("a,b\n1,x\ny,y\n")
	dir := t.TempDir()
	res := mustRun(t, p, in, dir)
	if err := os.Remove(filepath.Join(dir, res.VersionID+".json")); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir, res.VersionID); !errors.Is(err, ErrNoVersion) {
		t.Errorf("a version without manifest: %v", err)
	}
	again := mustRun(t, p, in, dir)
	if again.Repeated || again.Digest != res.Digest || again.Quarantine != res.Quarantine {
		t.Errorf("%+v", again)
	}
	balanced(t, dir, again)
}

func TestCancel(t *testing.T) {
	p := declared(t, oneColumn)
	var b strings.Builder
	b.WriteString("a,b\n")
	for i := range 200_000 {
		fmt.Fprintf(&b, "%d,%s\n", i, strings.Repeat("x", 20))
	}
	for _, at := range []string{"核对", "治理"} {
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(context.Background())
		_, err := Run(ctx, p, textInput(b.String()), dir, testKeys(t), func(step string, done, total int64) {
			if step == at && done > 1<<20 {
				cancel()
			}
		})
		cancel()
		if !errors.Is(err, engine.ErrCanceled) {
			t.Errorf("canceled at %s: %v", at, err)
		}
		if left := visible(t, dir); len(left) != 0 {
			t.Errorf("canceled at %s, left %v", at, left)
		}
	}
}

func TestProgress(t *testing.T) {
	p := declared(t, oneColumn)
	seen := map[string]int64{}
	in := textInput("a,b\n" + strings.Repeat("1,x\n", 1000))
	_, err := Run(context.Background(), p, in, t.TempDir(), testKeys(t), func(step string, done, total int64) {
		if done < seen[step] && step != "读取表头" || total > 0 && done > total {
			t.Errorf("%s: %d after %d of %d", step, done, seen[step], total)
		}
		seen[step] = done
	})
	if err != nil || seen["治理"] != in.Size || seen["完成"] != 1000 {
		t.Errorf("%v %v", seen, err)
	}
}

func TestGates(t *testing.T) {
	decl := head + `source:
  kind: csv
  header: 1
  columns: [{name: d}, {name: p}]
target:
  table: t
  columns:
    - {name: d, type: timestamp, label: public}
    - {name: p, type: text, label: public}
quality:
  - {id: hours, kind: continuity, column: d, step: hour}
  - {id: hours_per, kind: continuity, column: d, step: hour, per: [p]}
  - {id: fresh, kind: fresh, column: d, days: 2}
  - {id: within, kind: within, column: d, min: "2024-01-01", max: "2024-01-01"}
  - {id: one, kind: unique, columns: [d, p]}
`
	in := textInput("d,p\n2024-01-01 00:00:00,x\n2024-01-01 01:00:00,x\n2024-01-01 03:00:00,y\n2024-01-02 00:00:00,y\n2024-01-02 00:00:00,y\n,x\n")
	in.Received = "2024-01-04"
	res := mustRun(t, declared(t, decl), in, t.TempDir())
	for id, want := range map[string]string{"hours": "4/25", "hours_per": "4/24", "fresh": "1/1", "within": "3/5", "one": "5/6", "complete:d": "5/6"} {
		if s := res.Report.Score(id); fmt.Sprintf("%d/%d", s.Numerator, s.Denominator) != want {
			t.Errorf("%s: %d/%d, want %s", id, s.Numerator, s.Denominator, want)
		}
	}
	in.Received = ""
	res = mustRun(t, declared(t, decl), in, t.TempDir())
	for _, d := range res.Report.Dimensions {
		for _, r := range d.Rules {
			if r.ID == "fresh" {
				t.Error("freshness judged without a day of receipt")
			}
		}
	}
}

// A report shows nothing of protected columns but counts.
func TestReportDisclosesNothing(t *testing.T) {
	decl := head + `source:
  kind: csv
  header: 1
  columns: [{name: a}, {name: b}, {name: c}]
target:
  table: t
  columns:
    - {name: a, type: integer, label: measure}
    - {name: b, type: text, label: public}
    - {name: c, type: integer, label: public}
`
	res := mustRun(t, declared(t, decl), textInput("a,b,c\n987654,secret,1\n987655,secret2,3\n"), t.TempDir())
	b, err := json.Marshal(res)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(b, []byte("98765")) || bytes.Contains(b, []byte("secret")) {
		t.Errorf("disclosed: %s", b)
	}
	c := res.Report.Columns[2]
	if c.Min != "1" || c.Max != "3" || c.Mean != "2.0000" || c.Distinct != 2 {
		t.Errorf("%+v", c)
	}
}

func TestRatio(t *testing.T) {
	for _, c := range []struct {
		n, d int64
		want string
	}{{41757, 43824, "95.283"}, {0, 0, ""}, {0, 7, "0.000"}, {7, 7, "100.000"}, {999_999, 1_000_000, "99.999"}, {2, 3, "66.666"}, {1 << 60, 1<<60 + 1, "99.999"}} {
		if have := quality.Of(c.n, c.d).Percent; have != c.want {
			t.Errorf("%d/%d: %s, want %s", c.n, c.d, have, c.want)
		}
	}
}
