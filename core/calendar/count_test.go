package calendar

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestAdd(t *testing.T) {
	for _, c := range []struct {
		from string
		n    WorkingDays
		want string
	}{
		{"2026-02-12", 20, "2026-03-18"}, // over the Spring Festival with two worked Saturdays
		{"2026-09-24", 10, "2026-10-15"}, // over Mid-autumn and National Day
		{"2026-02-12", 0, "2026-02-12"},
		{"2026-02-15", 0, "2026-02-15"}, // n = 0 is the day itself, worked or not
		{"2026-02-12", 1, "2026-02-13"},
		{"2026-02-13", 1, "2026-02-14"}, // a worked Saturday
		{"2026-02-14", 1, "2026-02-24"},
		{"2026-02-17", 1, "2026-02-24"}, // received on a holiday: counting begins with the first working day
		{"2026-11-06", 1, "2026-11-09"},
		{"2025-12-31", 1, "2026-01-04"}, // over the turn of the year to a worked Sunday
		{"2026-12-25", 4, "2026-12-31"},
		{"2019-12-31", 1, "2020-01-02"}, // the day of receipt is not counted, so 2019 is not needed
	} {
		got, err := Shipped().Add(day(t, c.from), c.n)
		if err != nil || got.String() != c.want {
			t.Errorf("%s + %d = %v, %v; want %s", c.from, c.n, got, err, c.want)
		}
	}
}

func TestAddUnresolved(t *testing.T) {
	for _, c := range []struct {
		from string
		n    WorkingDays
		year int
	}{
		{"2026-12-25", 5, 2027}, {"2026-12-31", 1, 2027}, {"2026-06-01", 1000, 2027}, {"2027-03-01", 1, 2027},
		{"2030-01-01", 1, 2030}, {"2019-12-30", 1, 2019}, {"2020-01-01", 1 << 40, 2027},
	} {
		got, err := Shipped().Add(day(t, c.from), c.n)
		if u := (*Unresolved)(nil); !errors.As(err, &u) || u.Year != c.year || !got.IsZero() {
			t.Errorf("%s + %d = %v, %v; want unresolved(%d)", c.from, c.n, got, err, c.year)
		}
	}
	if got, err := Shipped().Add(Date{2027, 3, 1}, 0); err != nil || got != (Date{2027, 3, 1}) {
		t.Errorf("no day of 2027 is needed for n = 0: %v, %v", got, err)
	}
	if _, err := Shipped().Add(Date{2026, 3, 1}, -1); !errors.Is(err, ErrNegative) {
		t.Errorf("a negative limit: %v", err)
	}
	if _, err := Shipped().Add(Date{}, 1); !errors.Is(err, ErrNoDate) {
		t.Errorf("no date: %v", err)
	}
}

func TestBetween(t *testing.T) {
	for _, c := range []struct {
		from, to string
		want     WorkingDays
	}{
		{"2026-02-12", "2026-03-18", 20}, {"2026-09-24", "2026-10-15", 10}, {"2026-02-12", "2026-02-12", 0},
		{"2026-02-15", "2026-02-23", 0}, {"2026-02-23", "2026-02-15", 0}, {"2026-03-18", "2026-02-12", -20},
		{"2025-12-31", "2026-12-31", 248},
	} {
		got, err := Shipped().Between(day(t, c.from), day(t, c.to))
		if err != nil || got != c.want {
			t.Errorf("from %s to %s: %d, %v; want %d", c.from, c.to, got, err, c.want)
		}
	}
	for _, c := range [][2]string{{"2026-12-31", "2027-01-01"}, {"2027-01-04", "2026-12-31"}, {"2020-01-01", "9999-12-31"}} {
		_, err := Shipped().Between(day(t, c[0]), day(t, c[1]))
		if u := (*Unresolved)(nil); !errors.As(err, &u) || u.Year != 2027 {
			t.Errorf("from %s to %s: %v, want unresolved(2027)", c[0], c[1], err)
		}
	}
	if _, err := Shipped().Between(Date{}, Date{2026, 1, 1}); !errors.Is(err, ErrNoDate) {
		t.Errorf("no date: %v", err)
	}
}

func TestCountingProperties(t *testing.T) {
	first, last := Date{shippedFirst, 1, 1}, Date{shippedLast, 12, 31}
	draw := func(t *rapid.T, label string) Date {
		return first.AddDays(Days(rapid.IntRange(0, int(last.Sub(first))).Draw(t, label)))
	}
	table := Shipped()
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := draw(t, "a"), draw(t, "b"), draw(t, "c")
		n := WorkingDays(rapid.IntRange(0, 300).Draw(t, "n"))
		end, err := table.Add(a, n)
		if err == nil {
			if back, err := table.Between(a, end); err != nil || back != n {
				t.Fatalf("%v + %d = %v, which is %d working days away (%v)", a, n, end, back, err)
			}
			if works, _ := table.IsWorkday(end); n > 0 && !works {
				t.Fatalf("%v + %d ends on %v, which is not worked", a, n, end)
			}
			if n > 0 {
				if before, err := table.Add(a, n-1); err != nil || !before.Before(end) {
					t.Fatalf("one day less from %v is not earlier: %v, %v", a, before, err)
				}
			}
			if a.Before(b) {
				if later, err := table.Add(b, n); err == nil && later.Before(end) {
					t.Fatalf("starting later (%v instead of %v) ends earlier", b, a)
				}
			}
		} else if u := (*Unresolved)(nil); !errors.As(err, &u) || u.Year != shippedLast+1 {
			t.Fatalf("%v + %d: %v", a, n, err)
		}
		ab, _ := table.Between(a, b)
		bc, _ := table.Between(b, c)
		ac, err := table.Between(a, c)
		if err != nil || ab+bc != ac {
			t.Fatalf("%v→%v→%v: %d + %d is not %d (%v)", a, b, c, ab, bc, ac, err)
		}
	})
}

func at(t testing.TB, s string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestDue(t *testing.T) {
	for _, c := range []struct {
		from  string
		n     WorkingDays
		want  string
		label string
	}{
		{"2026-02-12T09:30:00+08:00", 20, "2026-03-19T00:00:00+08:00", "2026-03-18 24:00"},
		{"2026-02-12T23:59:59+08:00", 20, "2026-03-19T00:00:00+08:00", "2026-03-18 24:00"},
		{"2026-02-11T16:00:00Z", 20, "2026-03-19T00:00:00+08:00", "2026-03-18 24:00"}, // already the 12th in Shanghai
		{"2026-02-12T09:30:00+08:00", 0, "2026-02-13T00:00:00+08:00", "2026-02-12 24:00"},
	} {
		due, err := Shipped().Due(at(t, c.from), c.n)
		if err != nil || due.At.Format(time.RFC3339) != c.want || due.Label() != c.label || due.Unresolved != 0 || !due.Set() {
			t.Errorf("%s + %d: %+v, %v, %q", c.from, c.n, due, err, due.Label())
		}
		if due.Overdue(due.At.Add(-1)) || !due.Overdue(due.At) {
			t.Errorf("%s + %d: overdue does not turn at 24:00", c.from, c.n)
		}
	}

	due, err := Shipped().Due(at(t, "2026-12-28T10:00:00+08:00"), 10)
	if err != nil || due.Unresolved != 2027 || !due.At.IsZero() || !due.Set() || !due.Last().IsZero() {
		t.Errorf("into 2027: %+v, %v", due, err)
	}
	if due.Label() != "待公布（2027年放假安排未发布）" || due.Overdue(at(t, "2030-01-01T00:00:00Z")) {
		t.Errorf("into 2027: %q", due.Label())
	}
	if _, err := Shipped().Due(at(t, "2026-12-28T10:00:00+08:00"), -1); !errors.Is(err, ErrNegative) {
		t.Errorf("a negative limit: %v", err)
	}
	if _, err := Shipped().Due(time.Time{}, 1); !errors.Is(err, ErrNoDate) {
		t.Errorf("no instant: %v", err)
	}
	if none := (Due{}); none.Set() || none.Label() != "" || none.Overdue(at(t, "2030-01-01T00:00:00Z")) {
		t.Error("no limit is a limit")
	}
}

func TestClocksThatNeedNoTable(t *testing.T) {
	found := at(t, "2026-02-14T22:45:30+08:00") // a Saturday night before the Spring Festival
	due := DueHours(found, 4)
	if got := due.At.Format(time.RFC3339); got != "2026-02-15T02:45:30+08:00" || due.Label() != "2026-02-15 02:45" {
		t.Errorf("four hours: %s %q", got, due.Label())
	}
	if got := DueHours(found, 0); !got.At.Equal(found) {
		t.Errorf("no hours: %v", got.At)
	}
	if got := DueHours(found.Add(5), 24*365*1000).At; got.Year() != 3025 || got.Nanosecond() != 5 {
		t.Errorf("a thousand years: %v", got)
	}
	if got := DueDays(found, 30); got.Label() != "2026-03-16 24:00" || got.Last() != (Date{2026, 3, 16}) {
		t.Errorf("thirty natural days: %q", got.Label())
	}
	if got := DueDays(at(t, "2027-03-01T00:00:00+08:00"), 1); got.Unresolved != 0 || got.Label() != "2027-03-02 24:00" {
		t.Errorf("natural days need no table: %+v", got)
	}
}
