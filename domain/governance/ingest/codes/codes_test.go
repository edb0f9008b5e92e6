package codes

import (
	"encoding/csv"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"pado/domain/governance/ingest/read"
)

func builtin(t *testing.T, name string) *List {
	t.Helper()
	l, ok := Builtin(name)
	if !ok {
		t.Fatalf("no list %s", name)
	}
	return l
}

func TestMap(t *testing.T) {
	for _, c := range []struct{ list, value, day, want string }{
		{"division", "140624", "", "140681"},
		{"division", "140624", "2015-06-01", "140624"}, // as it was then
		{"division", "140624", "2018-06-01", "140624"}, // the year of the change: both
		{"division", "140681", "2018-06-01", "140681"},
		{"division", "140624", "2019-01-01", "140681"},
		{"division", "140681", "2017-12-31", ""}, // did not exist yet
		{"division", "怀仁县", "", "140681"},
		{"division", "怀仁县", "2010-01-01", "140624"},
		{"division", "怀仁市", "2010-01-01", ""},
		{"division", "朔城区", "", "140602"},
		{"division", "110000", "", ""},
		{"division", "1400y0", "", ""},
		{"sex", "男", "", "1"}, {"sex", "female", "", "2"}, {"sex", "9", "", "9"}, {"sex", "3", "", ""},
		{"industry", "I6510", "", "6510"}, {"industry", "A65", "", ""}, {"industry", "A", "", "A"}, {"industry", "98", "", ""},
	} {
		if have, ok := builtin(t, c.list).Map(c.value, c.day); have != c.want || ok != (c.want != "") {
			t.Errorf("%s %s on %q: %q %v", c.list, c.value, c.day, have, ok)
		}
	}
	if _, ok := Builtin("nonsense"); ok {
		t.Error("a list of nonsense")
	}
}

func TestValid(t *testing.T) {
	d := builtin(t, "division")
	if !d.Valid("140624", "") || !d.Valid("140624", "2001-01-01") || d.Valid("140624", "2020-01-01") || d.Valid("140681", "2001-01-01") || d.Valid("", "") {
		t.Error("validity in time")
	}
}

func TestGeneralise(t *testing.T) {
	for _, c := range []struct{ code, level, want string }{
		{"6510", "industry_section", "I"}, {"I6510", "industry_division", "65"}, {"6510", "industry_group", "651"}, {"65", "industry_group", ""}, {"xx", "industry_section", ""},
		{"140681", "division_city", "140600"}, {"140602001001", "division_county", "140602"}, {"140602", "division_province", "140000"}, {"1406", "division_city", ""}, {"1400y0", "division_city", ""},
	} {
		if have, ok := Generalise(c.code, c.level); have != c.want || ok != (c.want != "") {
			t.Errorf("%s to %s: %q", c.code, c.level, have)
		}
	}
}

// Every code of the published classification lies in the section that its own
// tree says.
func TestIndustryAgainstPublished(t *testing.T) {
	f, err := os.Open("../../../../../shared/data/GB-4754-2017.csv")
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("skipped: the published classification is not here")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	parent, code := map[string]string{}, map[string]string{}
	for _, r := range rows[1:] {
		parent[r[0]], code[r[0]] = r[1], r[2]
	}
	var odd []string
	for n, c := range code {
		top, width := n, 1
		for parent[top] != "" {
			top = parent[top]
			width++
		}
		// The file has lost the leading zeros: what happens to codes that are
		// taken for numbers.
		if width > 1 {
			c = strings.Repeat("0", max(0, width-len(c))) + c
		}
		if have, ok := Generalise(c, "industry_section"); !ok || have != code[top] {
			odd = append(odd, c)
		}
	}
	// The file itself hangs one class under another section than its digits say.
	if len(odd) > 1 || len(code) != 1970 {
		t.Errorf("%d codes, these lie elsewhere: %v", len(code), odd)
	}
}

func load(t *testing.T, text string) (*List, error) {
	t.Helper()
	rows, err := read.NewCSV(io.NopCloser(strings.NewReader(text)), read.Dialect{Encoding: read.UTF8, Delimiter: ",", Quote: '"'})
	if err != nil {
		t.Fatal(err)
	}
	return Load("x", rows)
}

func TestLoad(t *testing.T) {
	l, err := load(t, "Code,name,until,successor,also\n1,甲,2010,3,\n2,乙,,,乙方|B\n3,丙,,,\n\n")
	if err != nil {
		t.Fatal(err)
	}
	for v, want := range map[string]string{"1": "3", "甲": "3", "B": "2", "丁": ""} {
		if have, _ := l.Map(v, ""); have != want {
			t.Errorf("%s: %q", v, have)
		}
	}
	for _, bad := range []string{"", "name\nx\n", "code,successor\n1,9\n", "code,successor\n1,1\n", "code\n\"1\n"} {
		if _, err := load(t, bad); !errors.Is(err, ErrList) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	circle, err := load(t, "code,until,successor\n1,2000,2\n2,2000,1\n")
	if err != nil {
		t.Fatal(err)
	}
	if c, ok := circle.Map("1", ""); ok {
		t.Errorf("out of a circle: %s", c)
	}
}
