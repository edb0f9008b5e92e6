package calendar

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
	"pgregory.net/rapid"
)

// day reads a date in a test table; the tables name real days only.
func day(t testing.TB, s string) Date {
	t.Helper()
	d, err := ParseDate(s)
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return d
}

func drawDate(t *rapid.T, label string) Date {
	base := Date{1, 1, 1}
	return base.AddDays(Days(rapid.IntRange(0, 3652058).Draw(t, label))) // up to 9999-12-31
}

func TestParseDate(t *testing.T) {
	for _, bad := range []string{
		"", " ", "2026", "2026-1-01", "2026-01-1", "26-01-01", "2026/01/01", "2026-01-01 ", " 2026-01-01", "2026-02-29",
		"2026-13-01", "2026-00-10", "2026-01-00", "2026-01-32", "2026-01-01T00:00:00Z", "0000-01-01", "-001-01-01", "２０２６-01-01",
	} {
		if d, err := ParseDate(bad); err == nil {
			t.Errorf("ParseDate(%q) = %v, want a refusal", bad, d)
		}
	}
	for _, good := range []string{"0001-01-01", "2024-02-29", "2026-12-31", "9999-12-31"} {
		if d := day(t, good); d.String() != good {
			t.Errorf("ParseDate(%q).String() = %q", good, d)
		}
	}
	if _, err := NewDate(2026, time.February, 30); err == nil {
		t.Error("30 February was accepted")
	}
}

func FuzzParseDate(f *testing.F) {
	f.Add("2026-02-12")
	f.Add("2024-02-29")
	f.Add("2026-02-30")
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := ParseDate(s); err == nil && (d.String() != s || !d.Valid()) {
			t.Fatalf("ParseDate(%q) = %v, valid %v", s, d, d.Valid())
		}
	})
}

func TestZeroDateIsNone(t *testing.T) {
	var none Date
	if !none.IsZero() || none.Valid() || none.String() != "" || none.Chinese() != "" {
		t.Errorf("none reads %q %q", none, none.Chinese())
	}
	if !none.Start().IsZero() || !none.End().IsZero() || !DateOf(time.Time{}).IsZero() {
		t.Error("none has an instant, or no instant has a date")
	}
	if v, err := none.Value(); v != nil || err != nil {
		t.Errorf("none is stored as %v, %v; want NULL", v, err)
	}
	if none.AddDays(5) != none || none.AddMonths(5) != none || Term(none, 3) != none {
		t.Error("none plus something is a date")
	}
	if !none.Before(Date{1, 1, 1}) {
		t.Error("none does not lie before every date")
	}
}

func TestDateInAndOut(t *testing.T) {
	type form struct {
		On  Date  `json:"on" yaml:"on"`
		Off *Date `json:"off" yaml:"off"`
	}
	var f form
	if err := json.Unmarshal([]byte(`{"on":"2026-03-18","off":""}`), &f); err != nil {
		t.Fatal(err)
	}
	if f.On != (Date{2026, 3, 18}) || f.Off == nil || !f.Off.IsZero() {
		t.Errorf("read %+v", f)
	}
	out, err := json.Marshal(f)
	if err != nil || string(out) != `{"on":"2026-03-18","off":""}` {
		t.Errorf("wrote %s, %v", out, err)
	}
	for _, bad := range []string{`{"on":20260318}`, `{"on":"2026-02-30"}`, `{"on":"today"}`} {
		if err := json.Unmarshal([]byte(bad), &f); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
	if _, err := json.Marshal(form{On: Date{2026, 2, 30}}); err == nil {
		t.Error("30 February was written")
	}
	if err := yaml.Unmarshal([]byte("on: 2026-05-01\n"), &f); err != nil || f.On != (Date{2026, 5, 1}) {
		t.Errorf("yaml gave %v, %v", f.On, err)
	}

	var d Date
	for _, src := range []any{"2026-03-18", []byte("2026-03-18"), time.Date(2026, 3, 18, 0, 0, 0, 0, time.UTC)} {
		if err := d.Scan(src); err != nil || d != (Date{2026, 3, 18}) {
			t.Errorf("Scan(%T) = %v, %v", src, d, err)
		}
	}
	if err := d.Scan(nil); err != nil || !d.IsZero() {
		t.Errorf("NULL gave %v, %v", d, err)
	}
	if err := d.Scan(int64(20260318)); err == nil {
		t.Error("an integer was read as a date")
	}
	if _, err := (Date{2026, 2, 30}).Value(); err == nil {
		t.Error("30 February was stored")
	}
	if v, err := (Date{2026, 3, 18}).Value(); v != "2026-03-18" || err != nil {
		t.Errorf("stored as %v, %v", v, err)
	}
	if got := (Date{2026, 3, 8}).Chinese(); got != "2026年3月8日" {
		t.Errorf("Chinese form %q", got)
	}
}

func TestShanghaiDay(t *testing.T) {
	for _, c := range []struct{ instant, want string }{
		{"2026-02-12T15:59:59Z", "2026-02-12"},
		{"2026-02-12T16:00:00Z", "2026-02-13"},
		{"2026-02-12T00:00:00+08:00", "2026-02-12"},
		{"2026-12-31T17:30:00-05:00", "2027-01-01"},
	} {
		at, err := time.Parse(time.RFC3339, c.instant)
		if err != nil {
			t.Fatal(err)
		}
		if got := DateOf(at).String(); got != c.want {
			t.Errorf("%s is %s in Shanghai, want %s", c.instant, got, c.want)
		}
	}
	d := Date{2026, 12, 31}
	if got := d.Start().UTC().Format(time.RFC3339); got != "2026-12-30T16:00:00Z" {
		t.Errorf("starts %s", got)
	}
	if got := d.End().Format(time.RFC3339); got != "2027-01-01T00:00:00+08:00" {
		t.Errorf("ends %s", got)
	}
	if DateOf(d.End().Add(-time.Nanosecond)) != d || DateOf(d.End()) == d {
		t.Error("24:00 does not part the day from the next")
	}
}

func TestMonthsAndYearsClampToTheMonthsEnd(t *testing.T) {
	for _, c := range []struct {
		from   string
		months int
		want   string
	}{
		{"2026-01-31", 1, "2026-02-28"}, {"2024-01-31", 1, "2024-02-29"}, {"2026-03-31", -1, "2026-02-28"},
		{"2026-08-31", 1, "2026-09-30"}, {"2026-12-15", 1, "2027-01-15"}, {"2026-01-15", -1, "2025-12-15"},
		{"2024-02-29", 12, "2025-02-28"}, {"2024-02-29", 36, "2027-02-28"}, {"2024-02-29", 48, "2028-02-29"},
		{"2028-02-29", -12 * 28, "2000-02-29"}, {"2096-02-29", 48, "2100-02-28"}, {"2026-05-20", 0, "2026-05-20"},
	} {
		if got := day(t, c.from).AddMonths(c.months).String(); got != c.want {
			t.Errorf("%s plus %d months = %s, want %s", c.from, c.months, got, c.want)
		}
	}
}

func TestTerm(t *testing.T) {
	for _, c := range []struct {
		signed string
		years  int
		want   string
	}{
		{"2026-01-01", 3, "2028-12-31"}, {"2026-06-18", 3, "2029-06-17"}, {"2026-03-01", 3, "2029-02-28"},
		{"2025-03-01", 3, "2028-02-29"}, // the 29th is the day before 1 March 2028
		{"2024-02-29", 3, "2027-02-27"}, {"2024-02-29", 4, "2028-02-28"}, {"2024-02-28", 3, "2027-02-27"},
		{"2025-02-28", 3, "2028-02-27"}, {"2026-12-31", 1, "2027-12-30"},
	} {
		if got := Term(day(t, c.signed), c.years).String(); got != c.want {
			t.Errorf("%d years from %s end %s, want %s", c.years, c.signed, got, c.want)
		}
	}
}

func TestDateProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawDate(t, "a"), drawDate(t, "b")
		if a.AddDays(b.Sub(a)) != b {
			t.Fatalf("%v + (%v − %v) is not %v", a, b, a, b)
		}
		if (a.Sub(b) < 0) != a.Before(b) || (a.Sub(b) > 0) != a.After(b) || (a.Sub(b) == 0) != (a == b) {
			t.Fatalf("order of %v and %v differs from their distance", a, b)
		}
		if strings.Compare(a.String(), b.String()) != a.Compare(b) {
			t.Fatalf("text order of %v and %v differs from the order of the days", a, b)
		}
		if !a.Valid() || DateOf(a.Start()) != a || DateOf(a.Start().Add(24*time.Hour)) != DateOf(a.End()) {
			t.Fatalf("%v loses its day", a)
		}
		months := rapid.IntRange(-1200, 1200).Draw(t, "months")
		if c := a.AddMonths(months); c.D > a.D || (c.D < a.D && c.AddDays(1).D != 1) {
			t.Fatalf("%v plus %d months is %v, neither the same day nor a month's end", a, months, c)
		}
	})
}
