// Package supply holds the two legs of supply, the supply calendar and its alarms, requests for
// supply, correction tickets and the national registration of resources in operation. See README.md.
package supply

import (
	"errors"
	"fmt"
	"time"

	"pado/core/calendar"
	"pado/core/store"
)

// Period is one span of a supply cycle, both days included.
type Period struct{ Starts, Ends calendar.Date }

// PeriodOf finds the period of a cycle that a day lies in. A cycle without a rhythm (不定期) has none.
func PeriodOf(cycle string, d calendar.Date) (Period, bool) {
	months := func(n int) Period {
		first := calendar.Date{Y: d.Y, M: (d.M-1)/time.Month(n)*time.Month(n) + 1, D: 1}
		return Period{first, first.AddMonths(n).AddDays(-1)}
	}
	switch cycle {
	case "realtime", "day":
		return Period{d, d}, true
	case "week":
		monday := d.AddDays(-calendar.Days((int(d.Weekday()) + 6) % 7))
		return Period{monday, monday.AddDays(6)}, true
	case "month":
		return months(1), true
	case "quarter":
		return months(3), true
	case "half_year":
		return months(6), true
	case "year":
		return months(12), true
	}
	return Period{}, false
}

// Next is the period that follows; Before the one that precedes.
func (p Period) Next(cycle string) Period {
	n, _ := PeriodOf(cycle, p.Ends.AddDays(1))
	return n
}

// Before is described at Next.
func (p Period) Before(cycle string) Period {
	b, _ := PeriodOf(cycle, p.Starts.AddDays(-1))
	return b
}

// Short tells whether the cycle is so short that the grace of short cycles applies.
func Short(cycle string) bool { return cycle == "realtime" || cycle == "day" || cycle == "week" }

// Label names a period as people do: a day, a week by its days, 2026年5月, 2026年第2季度.
func (p Period) Label() string {
	if p.Starts.IsZero() {
		return ""
	}
	days := int(p.Ends.Sub(p.Starts)) + 1
	switch {
	case days == 1:
		return p.Starts.String()
	case days == 7:
		return p.Starts.String() + "至" + p.Ends.String()
	case days <= 31:
		return fmt.Sprintf("%d年%d月", p.Starts.Y, int(p.Starts.M))
	case days <= 92:
		return fmt.Sprintf("%d年第%d季度", p.Starts.Y, (int(p.Starts.M)+2)/3)
	case days <= 184:
		return fmt.Sprintf("%d年%s半年", p.Starts.Y, map[bool]string{true: "上", false: "下"}[p.Starts.M < 7])
	}
	return fmt.Sprintf("%d年", p.Starts.Y)
}

func missing(err error) bool { return errors.Is(err, store.ErrNotFound) }
