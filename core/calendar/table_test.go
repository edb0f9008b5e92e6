package calendar

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const shippedFirst, shippedLast = 2020, 2026

func TestShippedYears(t *testing.T) {
	table, err := LoadTable(shippedYAML)
	if err != nil {
		t.Fatalf("the shipped table cannot be read: %v", err)
	}
	if want := []int{2020, 2021, 2022, 2023, 2024, 2025, 2026}; !slices.Equal(table.Years(), want) || !slices.Equal(Shipped().Years(), want) {
		t.Fatalf("the shipped table holds %v, want %v", table.Years(), want)
	}
	if firstShipped != table.Years()[0] {
		t.Errorf("firstShipped is %d", firstShipped)
	}
	for _, y := range table.Years() {
		n, ok := table.Notice(y)
		if !ok || !strings.HasPrefix(n.Source, "国办发明电〔") || n.Confidence == "" || !n.Published.Before(Date{y, 1, 1}) {
			t.Errorf("%d: source %q of %v, confidence %q", y, n.Source, n.Published, n.Confidence)
		}
	}
}

// TestAgainstPublishedDays compares every day of 2020–2026 with an independent transcription of the same notices.
func TestAgainstPublishedDays(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "shared", "data", "holiday")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the holiday files beside the project are missing: no independent transcription to compare with")
	}
	read := func(name string) (rest, work map[string]string) {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		var file struct{ Holidays, Workdays map[string]string }
		if err := json.Unmarshal(text, &file); err != nil {
			t.Fatal(err)
		}
		return file.Holidays, file.Workdays
	}
	allRest, allWork := read("chinese-days.json")
	compared := 0
	for y := shippedFirst; y <= shippedLast; y++ {
		rest, work := read(Date{y, 1, 1}.String()[:4] + ".json")
		for d := (Date{y, 1, 1}); d.Y == y; d = d.AddDays(1) {
			got, err := Shipped().IsWorkday(d)
			if err != nil {
				t.Fatalf("%v: %v", d, err)
			}
			for source, want := range map[string]bool{"the year's file": expected(d, rest, work), "chinese-days.json": expected(d, allRest, allWork)} {
				if got != want {
					t.Errorf("%v: worked is %v, %s says %v", d, got, source, want)
				}
			}
			compared++
		}
	}
	if compared != 2557 {
		t.Errorf("compared %d days, want 2557", compared)
	}
}

func expected(d Date, rest, work map[string]string) bool {
	if _, ok := rest[d.String()]; ok {
		return false
	}
	if _, ok := work[d.String()]; ok {
		return true
	}
	return !weekend(d)
}

func TestKindsOfDay(t *testing.T) {
	for _, c := range []struct {
		date string
		kind Kind
		name string
	}{
		{"2026-02-13", Weekday, ""}, {"2026-02-14", MakeUp, "春节"}, {"2026-02-15", Holiday, "春节"},
		{"2026-02-20", Holiday, "春节"}, {"2026-03-07", Weekend, ""}, {"2022-12-31", Holiday, "元旦"},
		{"2026-09-20", MakeUp, "国庆节"}, {"2020-02-01", Holiday, "春节"}, {"2020-02-03", Weekday, ""},
	} {
		got, err := Shipped().Day(day(t, c.date))
		if err != nil || got.Kind != c.kind || got.Name != c.name {
			t.Errorf("%s is %v %q, %v; want %v %q", c.date, got.Kind, got.Name, err, c.kind, c.name)
		}
	}
	for _, year := range []int{2019, 2027} {
		_, err := Shipped().IsWorkday(Date{year, 6, 1})
		if u := (*Unresolved)(nil); !errors.As(err, &u) || u.Year != year {
			t.Errorf("%d: %v, want unresolved", year, err)
		}
	}
	if _, err := Shipped().Day(Date{}); !errors.Is(err, ErrNoDate) {
		t.Errorf("none: %v", err)
	}
}

func TestUnresolvedWords(t *testing.T) {
	u := &Unresolved{2027}
	if u.Error() != "unresolved(2027)" || u.Label() != "待公布（2027年放假安排未发布）" {
		t.Errorf("%q %q", u.Error(), u.Label())
	}
	if got := (&Unresolved{2019}).Label(); got != "无法计算（2019年放假安排未载入）" {
		t.Errorf("a past year reads %q", got)
	}
}

const year2027 = `
years:
  - year: 2027
    source: an arrangement made up for this test
    rest:
      - {name: 元旦, from: 2026-12-31, to: 2027-01-03}
      - {name: 春节, from: 2027-02-05, to: 2027-02-11}
    work:
      - {day: 2026-12-27, for: 元旦}
`

func TestMergeAddsAYearAndMovesTheDecemberBefore(t *testing.T) {
	more, err := LoadTable([]byte(year2027))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Shipped().Add(Date{2026, 12, 29}, 3); err == nil || err.Error() != "unresolved(2027)" {
		t.Fatalf("before: %v", err)
	}
	both := Shipped().Merge(more)
	for _, c := range []struct {
		date string
		n    WorkingDays
		want string
	}{
		{"2026-12-29", 3, "2027-01-05"}, // 30 December, then 31 December to 3 January off
		{"2026-12-25", 1, "2026-12-27"}, // the Sunday made a working day by the notice of 2027
	} {
		if got, err := both.Add(day(t, c.date), c.n); err != nil || got.String() != c.want {
			t.Errorf("%s + %d = %v, %v; want %s", c.date, c.n, got, err, c.want)
		}
	}
	if got, err := Shipped().Add(Date{2026, 12, 25}, 1); err != nil || got != (Date{2026, 12, 28}) {
		t.Errorf("Merge changed the shipped table: %v, %v", got, err)
	}
	if got := both.Merge(nil); got != both {
		t.Error("merging nothing made another table")
	}

	// A year loaded again replaces the whole year, the days in the December before it too.
	corrected, err := LoadTable([]byte("years:\n- {year: 2027, source: a correction, rest: [{name: 元旦, from: 2027-01-01, to: 2027-01-03}]}\n"))
	if err != nil {
		t.Fatal(err)
	}
	again := both.Merge(corrected)
	if works, err := again.IsWorkday(Date{2026, 12, 31}); err != nil || !works {
		t.Errorf("2026-12-31 after the correction: %v, %v", works, err)
	}
	if n, _ := again.Notice(2027); n.Source != "a correction" {
		t.Errorf("2027 comes from %q", n.Source)
	}
}

func TestTableWrittenIsTableRead(t *testing.T) {
	text, err := Shipped().YAML()
	if err != nil {
		t.Fatal(err)
	}
	again, err := LoadTable(text)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if !reflect.DeepEqual(again, Shipped()) {
		t.Error("the table changed on its way through YAML")
	}
}

func TestLoadTableRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":           "",
		"no year":           "years: []",
		"no yaml":           "years: [",
		"an unknown field":  "years:\n- {year: 2027, source: s, holidays: [], rest: [{name: 元旦, from: 2027-01-01, to: 2027-01-01}]}",
		"a year twice":      "years:\n- {year: 2027, source: s, rest: [{name: 元旦, from: 2027-01-01, to: 2027-01-01}]}\n- {year: 2027, source: s, rest: [{name: 元旦, from: 2027-01-01, to: 2027-01-01}]}",
		"no source":         "years:\n- {year: 2027, rest: [{name: 元旦, from: 2027-01-01, to: 2027-01-01}]}",
		"no day off":        "years:\n- {year: 2027, source: s}",
		"no name":           "years:\n- {year: 2027, source: s, rest: [{from: 2027-01-01, to: 2027-01-01}]}",
		"no such day":       "years:\n- {year: 2027, source: s, rest: [{name: 元旦, from: 2027-02-29, to: 2027-03-01}]}",
		"an end missing":    "years:\n- {year: 2027, source: s, rest: [{name: 元旦, from: 2027-01-01}]}",
		"a start missing":   "years:\n- {year: 2027, source: s, rest: [{name: 元旦, to: 2027-01-01}]}",
		"both missing":      "years:\n- {year: 2027, source: s, rest: [{name: 元旦}]}",
		"an end first":      "years:\n- {year: 2027, source: s, rest: [{name: 元旦, from: 2027-01-03, to: 2027-01-01}]}",
		"a season":          "years:\n- {year: 2027, source: s, rest: [{name: 暑假, from: 2027-07-01, to: 2027-08-31}]}",
		"another year":      "years:\n- {year: 2027, source: s, rest: [{name: 元旦, from: 2028-01-01, to: 2028-01-01}]}",
		"an autumn before":  "years:\n- {year: 2027, source: s, rest: [{name: 元旦, from: 2026-11-30, to: 2026-11-30}]}",
		"days crossing":     "years:\n- {year: 2027, source: s, rest: [{name: 元旦, from: 2027-01-01, to: 2027-01-03}, {name: 周末, from: 2027-01-03, to: 2027-01-04}]}",
		"off and worked":    "years:\n- {year: 2027, source: s, rest: [{name: 元旦, from: 2027-01-01, to: 2027-01-03}], work: [{day: 2027-01-02, for: 元旦}]}",
		"a worked weekday":  "years:\n- {year: 2027, source: s, rest: [{name: 元旦, from: 2027-01-01, to: 2027-01-03}], work: [{day: 2027-01-05, for: 元旦}]}",
		"a year out of use": "years:\n- {year: 27, source: s, rest: [{name: 元旦, from: 0027-01-01, to: 0027-01-01}]}",
	} {
		if _, err := LoadTable([]byte(text)); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func FuzzLoadTable(f *testing.F) {
	f.Add(shippedYAML)
	f.Add([]byte(year2027))
	f.Fuzz(func(t *testing.T, text []byte) {
		table, err := LoadTable(text)
		if err != nil {
			return
		}
		for _, y := range table.Years() {
			if _, err := table.IsWorkday(Date{y, 7, 1}); err != nil {
				t.Fatalf("%d is held and unresolved: %v", y, err)
			}
		}
	})
}
