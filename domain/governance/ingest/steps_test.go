package ingest

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

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

// Sixty steps, the most there may be, and three hundred columns.
func TestLongAndWide(t *testing.T) {
	var cols, src, names, values strings.Builder
	for i := range 300 {
		fmt.Fprintf(&src, "    - {name: c%d}\n", i)
		fmt.Fprintf(&cols, "    - {name: c%d, type: integer, label: forbidden, required: true}\n", i)
		fmt.Fprintf(&names, ",c%d", i)
		fmt.Fprintf(&values, ",%d", i)
	}
	steps := "steps:\n  - trim: {columns: [\"*\"]}\n" + strings.Repeat("  - trim: {columns: [c1, c2]}\n", 59)
	decl := head + "source:\n  kind: csv\n  header: 1\n  columns:\n" + src.String() + steps + "target:\n  table: t\n  columns:\n" + cols.String()
	in := names.String()[1:] + "\n" + values.String()[1:] + "\n" + strings.Replace(values.String()[1:], ",299", ",x", 1) + "\n" + strings.Replace(values.String()[1:], ",150,", ",,", 1) + "\n"
	dir := t.TempDir()
	res := mustRun(t, declared(t, decl), textInput(in), dir)
	balanced(t, dir, res)
	var bad []string
	for _, q := range quarantined(t, dir, res) {
		bad = append(bad, fmt.Sprint(q.Record, q.Rule))
	}
	if res.Rows != 1 || fmt.Sprint(bad) != "[3type:c299 4required:c150]" {
		t.Errorf("%d rows, %v", res.Rows, bad)
	}
}
