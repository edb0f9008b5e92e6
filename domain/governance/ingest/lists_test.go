package ingest

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pado/domain/governance/ingest/codes"
)

func listFile(t testing.TB, name string) *codes.List {
	t.Helper()
	l, err := LoadList(context.Background(), name, fileInput(t, realFile(t, name)))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestCodeSteps(t *testing.T) {
	src := func(cols ...string) string {
		s := "source:\n  kind: csv\n  header: 1\n  columns:\n"
		for _, c := range cols {
			s += "    - {name: " + c + "}\n"
		}
		return s
	}
	text := func(cols ...string) string {
		s := "target:\n  table: t\n  columns:\n"
		for _, c := range cols {
			s += "    - {name: " + c + ", type: text, label: forbidden}\n"
		}
		return s
	}
	runCases(t, []runCase{
		{"division now", "a\n140624\n怀仁县\n140602\n\"\"\n1400y0\n",
			src("a") + "steps:\n  - codes: {column: a, list: division}\n" + text("a"), []string{"140681", "140681", "140602", "∅"}, []string{"6 code:a"}, "3 0"},
		{"division then", "a,d\n140624,2015-03-01\n140624,2020-03-01\n140681,2015-03-01\n怀仁县,\n",
			src("a", "d") + "steps:\n  - codes: {column: a, list: division, at: d}\n" + text("a"), []string{"140624", "140681", "140681"}, []string{"4 code:a"}, "3 0"},
		{"kept, nulled, reported", "a,b,c\n男,x,x\n3,3,3\n",
			src("a", "b", "c") + "steps:\n  - codes: {column: a, list: sex, on_fail: keep}\n  - codes: {column: b, list: sex, on_fail: \"null\"}\n  - codes: {column: c, list: sex, on_fail: report}\n" + text("a", "b", "c"), []string{"1|∅|x", "3|∅|3"}, nil, "1 2 0 0"},
		{"industry and its section", "a\nI6510\n0111\n9\n",
			src("a") + "steps:\n  - codes: {column: a, list: industry}\n  - derive: {column: s, copy: a}\n  - mask: {rules: [{column: s, kind: generalise, to: industry_section}]}\n" + text("a", "s"), []string{"6510|I", "0111|A"}, []string{"4 code:a"}, ""},
		{"reference and name", "a,n,d\n140624,怀仁县,2010-01-01\n140624,怀仁县,2020-01-01\n140602,平鲁区,\n999999,x,\n",
			src("a", "n", "d") + "steps:\n  - check:\n      rules:\n        - {id: exists, kind: reference, column: a, list: division, other: d}\n        - {id: called, kind: named, column: a, other: n, list: division}\n" + text("a"),
			[]string{"140624"}, []string{"3 exists", "4 called", "5 exists"}, ""},
		{"units", "a\n1.5万元\n\"1,200 元\"\n300\n-2万元\n3美元\nx\n0.000001元\n",
			src("a") + "steps:\n  - units: {column: a, factors: {万元: \"10000\", 元: \"1\", \"\": \"0.5\"}}\n" + text("a"), []string{"15000", "1200", "150", "-20000", "0.000001"}, []string{"6 unit:a", "7 unit:a"}, "7 0"},
		{"units reported", "a\n3美元\n", src("a") + "steps:\n  - units: {column: a, factors: {元: \"1\"}, on_fail: report}\n" + text("a"), []string{"3美元"}, nil, ""},
		{"telephones", "a\n0349-2023456\n13800138000\n400-123-4567\n2023456\n12345\n+8613800138000\n0349-2023456-801\n",
			src("a") + "steps:\n  - check: {rules: [{id: tel, kind: tel, column: a}]}\n" + text("a"),
			[]string{"0349-2023456", "13800138000", "400-123-4567", "2023456", "+8613800138000", "0349-2023456-801"}, []string{"6 tel"}, ""},
	})
}

func TestListsGiven(t *testing.T) {
	decl := head + "source:\n  kind: csv\n  header: 1\n  columns: [{name: a}]\nsteps:\n  - check: {rules: [{id: k, kind: reference, column: a, list: mine}]}\ntarget:\n  table: t\n  columns: [{name: a, type: text, label: forbidden}]\n"
	p := declared(t, decl)
	in := textInput("a\n1\n2\n")
	if _, err := Run(context.Background(), p, in, t.TempDir(), testKeys(t), nil); !errors.Is(err, ErrList) {
		t.Errorf("%v", err)
	}
	var versions []string
	for _, list := range []string{"code\n1\n", "code\n1\n2\n"} {
		l, err := LoadList(context.Background(), "mine", textInput(list))
		if err != nil {
			t.Fatal(err)
		}
		in.Lists = map[string]*codes.List{"mine": l}
		res := mustRun(t, p, in, t.TempDir())
		if res.Rows != int64(strings.Count(list, "\n")-1) || res.Lineage.Lists["mine"] != l.Digest() {
			t.Errorf("%d rows, %v", res.Rows, res.Lineage.Lists)
		}
		versions = append(versions, res.VersionID)
	}
	if versions[0] == versions[1] {
		t.Error("another list, the same version")
	}
	// On the command line.
	dir := t.TempDir()
	args := []string{"--pipeline", write(t, dir, "p.yaml", decl), "--in", write(t, dir, "in.csv", "a\n1\n2\n"), "--out", filepath.Join(dir, "out")}
	if code, _, errs := cli(t, args...); code != 1 || errs["code"] != "INGEST_LIST" {
		t.Errorf("%d %v", code, errs)
	}
	if code, res, errs := cli(t, append(args, "--list", "mine="+write(t, dir, "l.csv", "code,name\n1,甲\n"))...); code != 0 || res["rows"] != 1.0 {
		t.Errorf("%d %v %v", code, res, errs)
	}
	if code, _, errs := cli(t, append(args, "--list", "mine="+write(t, dir, "m.csv", "x\n1\n"))...); code != 1 || errs["code"] != "INGEST_CODES" {
		t.Errorf("%d %v", code, errs)
	}
}

const cities = head + `source:
  kind: csv
  header: 1
  columns: [{name: date}, {name: country}, {name: countryCode}, {name: province}, {name: provinceCode}, {name: city}, {name: cityCode}, {name: confirmed}, {name: suspected}, {name: cured}, {name: dead}]
steps:
  - trim: {columns: ["*"]}
  - check:
      rules:
        - {id: known, kind: reference, column: cityCode, list: divisions, on_fail: report}
        - {id: named, kind: named, column: cityCode, other: city, list: divisions}
        - {id: digits, kind: regex, column: cityCode, pattern: "[0-9]{6}"}
  - deduplicate: {by: [date, provinceCode, cityCode]}
target:
  table: t
  columns:
    - {name: day, from: date, type: date, label: public, required: true}
    - {name: city, from: cityCode, type: text, label: public}
    - {name: confirmed, type: integer, label: public}
quality:
  - {id: daily, kind: continuity, column: day, step: day, per: [city]}
`

// The epidemic's daily figures: the city of the platform has 318 days, the code
// that is none is taken out and reported, a province's rows have no city.
func TestShanxiCities(t *testing.T) {
	in := fileInput(t, realFile(t, "ncov_shanxi_cities.csv"))
	in.Lists = map[string]*codes.List{"divisions": listFile(t, "admin/ChinaAreaCode_MCA.csv")}
	dir := t.TempDir()
	res := mustRun(t, declared(t, cities), in, dir)
	balanced(t, dir, res)
	days := map[string]int{}
	for _, r := range table(t, dir, res) {
		days[strings.Split(r, "|")[1]]++
	}
	if days["140600"] != 318 || days["∅"] != 323 || len(days) != 12 || res.Rows != 3823 || res.Quarantined != 265 {
		t.Errorf("%d rows, %d quarantined, %v", res.Rows, res.Quarantined, days)
	}
	if n := rule(t, res, "check", "known"); n != 265 {
		t.Errorf("%d rows with an unknown code", n)
	}
	for _, q := range quarantined(t, dir, res) {
		if q.Rule != "digits" || q.Cells[6] != "1400y0" {
			t.Errorf("%+v", q)
			break
		}
	}
	// Every city reports every day from its first to its last.
	if s := res.Report.Score("daily"); s.Numerator != 3823 || s.Denominator != 3823 {
		t.Errorf("%+v", s)
	}
}

// Two published lists of divisions held to each other: what only one has, what
// one has revoked and the other not, and names that differ are counted as an
// independent reading of the files counts them.
func TestDivisionLists(t *testing.T) {
	type entry struct {
		names   []string
		revoked bool
	}
	load := func(name, code, revoked string) (map[string]entry, int) {
		f, err := os.Open(realFile(t, name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		rows, err := csv.NewReader(f).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		at := map[string]int{}
		for i, n := range rows[0] {
			at[strings.TrimPrefix(n, "\ufeff")] = i
		}
		out := map[string]entry{}
		for _, r := range rows[1:] {
			c := r[at[code]]
			e, old := out[c]
			gone := revoked != "" && r[at[revoked]] == "1"
			out[c] = entry{append(e.names, r[at["name"]]), gone && (!old || e.revoked)}
		}
		return out, len(rows) - 1
	}
	ministry, _ := load("admin/ChinaAreaCode_MCA.csv", "code", "")
	standard, all := load("admin/GB-2260_2019.csv", "code", "revoked")
	var absent, gone, differ int64
	for c, e := range ministry {
		s, ok := standard[c]
		switch {
		case !ok:
			absent++
		case s.revoked:
			gone++
		}
		if ok && !slices.Contains(s.names, e.names[0]) {
			differ++
		}
	}
	decl := func(extra string) string {
		return head + "source:\n  kind: csv\n  header: 1\n  extra: ignore\n  columns: [{name: code}, {name: name}]\nsteps:\n  - check:\n      rules:\n" +
			"        - {id: exists, kind: reference, column: code, list: other, on_fail: report}\n        - {id: named, kind: named, column: code, other: name, list: other, on_fail: report}\n" + extra +
			"target:\n  table: t\n  columns: [{name: code, type: text, label: public}, {name: name, type: text, label: public}]\n"
	}
	in := fileInput(t, realFile(t, "admin/ChinaAreaCode_MCA.csv"))
	in.Lists = map[string]*codes.List{"other": listFile(t, "admin/GB-2260_2019.csv")}
	res := mustRun(t, declared(t, decl("  - codes: {column: code, list: other, on_fail: report}\n")), in, t.TempDir())
	have := fmt.Sprint(res.Rows, rule(t, res, "check", "exists"), rule(t, res, "check", "named"), rule(t, res, "codes", "code:code"))
	if want := fmt.Sprint(len(ministry), absent, differ, absent+gone); have != want || have != "3212 17 0 19" {
		t.Errorf("rows, absent, named otherwise, absent or revoked: have %s, counted %s", have, want)
	}
	in = fileInput(t, realFile(t, "admin/GB-2260_2019.csv"))
	in.Lists = map[string]*codes.List{"other": listFile(t, "admin/ChinaAreaCode_MCA.csv")}
	res = mustRun(t, declared(t, decl("")), in, t.TempDir())
	if n := rule(t, res, "check", "exists"); res.Rows != int64(all) || n != 3367 {
		t.Errorf("%d rows, %d not in the ministry's list", res.Rows, n)
	}
}
