package supply

import (
	"testing"

	"pgregory.net/rapid"

	"pado/core/calendar"
)

func TestPeriods(t *testing.T) {
	for _, c := range []struct{ cycle, day, starts, ends, label string }{
		{"day", "2026-05-08", "2026-05-08", "2026-05-08", "2026-05-08"},
		{"realtime", "2026-12-31", "2026-12-31", "2026-12-31", "2026-12-31"},
		{"week", "2026-05-10", "2026-05-04", "2026-05-10", "2026-05-04至2026-05-10"}, // a Sunday
		{"week", "2026-05-11", "2026-05-11", "2026-05-17", "2026-05-11至2026-05-17"},
		{"month", "2028-02-29", "2028-02-01", "2028-02-29", "2028年2月"},
		{"quarter", "2026-05-08", "2026-04-01", "2026-06-30", "2026年第2季度"},
		{"half_year", "2026-12-31", "2026-07-01", "2026-12-31", "2026年下半年"},
		{"year", "2026-01-01", "2026-01-01", "2026-12-31", "2026年"},
	} {
		d, err := calendar.ParseDate(c.day)
		if err != nil {
			t.Fatal(err)
		}
		p, ok := PeriodOf(c.cycle, d)
		if !ok || p.Starts.String() != c.starts || p.Ends.String() != c.ends || p.Label() != c.label {
			t.Errorf("%s %s: %v %s", c.cycle, c.day, p, p.Label())
		}
	}
	if _, ok := PeriodOf("irregular", calendar.Date{Y: 2026, M: 5, D: 1}); ok {
		t.Error("an irregular cycle has periods")
	}
}

// Every day lies in exactly one period, and periods join without gap or overlap.
func TestPeriodsJoinUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cycle := rapid.SampledFrom([]string{"realtime", "day", "week", "month", "quarter", "half_year", "year"}).Draw(t, "cycle")
		d := calendar.Date{Y: 2024, M: 1, D: 1}.AddDays(calendar.Days(rapid.IntRange(0, 4000).Draw(t, "day")))
		p, _ := PeriodOf(cycle, d)
		if d.Before(p.Starts) || d.After(p.Ends) {
			t.Fatalf("%s is not in %v", d, p)
		}
		n := p.Next(cycle)
		if n.Starts != p.Ends.AddDays(1) || n.Before(cycle) != p {
			t.Fatalf("%v is followed by %v, before which is %v", p, n, n.Before(cycle))
		}
	})
}
