package calendar

import (
	"database/sql/driver"
	"fmt"
	"time"
)

// Date is a civil date: a day on the wall calendar, without an hour and without a zone. A term, a publicity period and
// a birthday are dates, never instants: stored as an instant in UTC a term would end eight hours early or late.
//
// The zero Date means "none": its text is empty and it is stored as NULL. Dates compare with ==.
type Date struct {
	Y int
	M time.Month
	D int
}

// Days counts natural days (自然日), WorkingDays counts working days (工作日) and Hours counts hours around the clock.
// They are three types because each is wrong, not merely inexact, in the place of another.
type (
	Days        int
	WorkingDays int
	Hours       int
)

// Shanghai is the zone of every civil date here. It is fixed at UTC+8 and so needs no zone database on the machine:
// China has kept no summer time since 1992, and nothing in this platform happened before.
var Shanghai = time.FixedZone("Asia/Shanghai", 8*60*60)

const layout = "2006-01-02"

// NewDate returns the date, or an error if the calendar has no such day (30 February) or the year is not 1 to 9999.
func NewDate(y int, m time.Month, d int) (Date, error) {
	date := Date{y, m, d}
	if !date.Valid() {
		return Date{}, fmt.Errorf("calendar: no such day: year %d month %d day %d", y, int(m), d)
	}
	return date, nil
}

// ParseDate reads "2006-01-02" and nothing else: no other separator, no missing zero, no surrounding space.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(layout, s)
	if err != nil || len(s) != len(layout) {
		return Date{}, fmt.Errorf("calendar: not a date of the form 2006-01-02")
	}
	y, m, d := t.Date()
	return NewDate(y, m, d)
}

// DateOf is the civil date in Asia/Shanghai at the instant t; the zero instant has no date.
func DateOf(t time.Time) Date {
	if t.IsZero() {
		return Date{}
	}
	y, m, d := t.In(Shanghai).Date()
	return Date{y, m, d}
}

// IsZero reports whether the date is "none".
func (d Date) IsZero() bool { return d == Date{} }

// Valid reports whether the date is a day of the calendar in the years 1 to 9999. The zero Date is not.
func (d Date) Valid() bool {
	return d.Y >= 1 && d.Y <= 9999 && d.M >= 1 && d.M <= 12 && d.D >= 1 && d.D <= daysIn(d.Y, d.M)
}

// String is "2006-01-02", or "" for the zero Date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Y, int(d.M), d.D)
}

// Chinese is the date as official documents write it, "2026年3月18日", or "" for the zero Date.
func (d Date) Chinese() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%d年%d月%d日", d.Y, int(d.M), d.D)
}

// Compare is -1, 0 or +1 as d lies before, on or after e. The zero Date lies before every other.
func (d Date) Compare(e Date) int {
	for _, pair := range [3][2]int{{d.Y, e.Y}, {int(d.M), int(e.M)}, {d.D, e.D}} {
		switch {
		case pair[0] < pair[1]:
			return -1
		case pair[0] > pair[1]:
			return 1
		}
	}
	return 0
}

// Before reports whether d lies strictly before e.
func (d Date) Before(e Date) bool { return d.Compare(e) < 0 }

// After reports whether d lies strictly after e.
func (d Date) After(e Date) bool { return d.Compare(e) > 0 }

// Weekday is the day of the week.
func (d Date) Weekday() time.Weekday { return d.utc().Weekday() }

// AddDays is n natural days later, or earlier when n is negative. None plus anything is none.
func (d Date) AddDays(n Days) Date {
	if d.IsZero() {
		return d
	}
	y, m, day := d.utc().AddDate(0, 0, int(n)).Date()
	return Date{y, m, day}
}

// AddMonths is the same day n months later. Where that month is shorter, it is the last day of that month:
// 31 January plus one month is 28 or 29 February, never a day in March.
func (d Date) AddMonths(n int) Date {
	if d.IsZero() {
		return d
	}
	y, m, _ := time.Date(d.Y, d.M+time.Month(n), 1, 0, 0, 0, 0, time.UTC).Date()
	return Date{y, m, min(d.D, daysIn(y, m))}
}

// AddYears is the same day n years later; 29 February becomes 28 February in a year that has no 29th.
func (d Date) AddYears(n int) Date { return d.AddMonths(12 * n) }

// Sub counts the natural days from e to d: d.Sub(e) is n exactly when e.AddDays(n) is d.
func (d Date) Sub(e Date) Days { return Days((d.utc().Unix() - e.utc().Unix()) / (24 * 60 * 60)) }

// Start is 00:00 of the day in Asia/Shanghai; the zero Date has the zero instant.
func (d Date) Start() time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	return time.Date(d.Y, d.M, d.D, 0, 0, 0, 0, Shanghai)
}

// End is 24:00 of the day in Asia/Shanghai, the first instant that no longer belongs to it: something is late when
// the clock is not before End.
func (d Date) End() time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	return d.AddDays(1).Start()
}

// MarshalText gives String's form, so that JSON carries a date as a string and none as "".
func (d Date) MarshalText() ([]byte, error) {
	if !d.IsZero() && !d.Valid() {
		return nil, fmt.Errorf("calendar: no such day")
	}
	return []byte(d.String()), nil
}

// UnmarshalText reads ParseDate's form; the empty text is none.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	parsed, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// Value stores the date as text, none as NULL. A day that does not exist is refused.
func (d Date) Value() (driver.Value, error) {
	if d.IsZero() {
		return nil, nil
	}
	if !d.Valid() {
		return nil, fmt.Errorf("calendar: no such day")
	}
	return d.String(), nil
}

// Scan reads a text column; NULL and the empty text are none. An instant (a driver's reading of a DATE column) gives
// the day it names in its own zone, since such a value was a day before the driver dressed it as an instant.
func (d *Date) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*d = Date{}
		return nil
	case string:
		return d.UnmarshalText([]byte(v))
	case []byte:
		return d.UnmarshalText(v)
	case time.Time:
		y, m, day := v.Date()
		*d = Date{y, m, day}
		return nil
	}
	return fmt.Errorf("calendar: cannot read a date from %T", src)
}

// Term is the last day of a term of whole years counted from the day of signing, that day included: signing plus the
// years minus one day (clause 8.1). The right ends at End of the day returned.
//
// Signed on 29 February, a term that reaches a common year counts from its 28th: three years from 2024-02-29 end on
// 2027-02-27. This is the month-end rule of the Civil Code, art. 202, less the one day by which a term that includes
// its first day is shorter.
func Term(signed Date, years int) Date { return signed.AddYears(years).AddDays(-1) }

func (d Date) utc() time.Time { return time.Date(d.Y, d.M, d.D, 0, 0, 0, 0, time.UTC) }

func daysIn(y int, m time.Month) int { return time.Date(y, m+1, 0, 0, 0, 0, 0, time.UTC).Day() }
