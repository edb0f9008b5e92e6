package calendar

import (
	"errors"
	"time"
)

// ErrNegative is returned when a time limit is below zero.
var ErrNegative = errors.New("calendar: a time limit below zero")

// Add is the n-th working day after d. The day of receipt is not counted: one working day from a Friday
// ends on the following Monday if that is worked. With n = 0 it is d itself, worked or not.
//
// It returns *Unresolved for the first year it needs and does not have, ErrNegative for n < 0, ErrNoDate for no date.
func (t *Table) Add(d Date, n WorkingDays) (Date, error) {
	if n < 0 {
		return Date{}, ErrNegative
	}
	if !d.Valid() {
		return Date{}, ErrNoDate
	}
	for n > 0 {
		d = d.AddDays(1)
		works, err := t.IsWorkday(d)
		if err != nil {
			return Date{}, err
		}
		if works {
			n--
		}
	}
	return d, nil
}

// Between counts the working days after from up to and including to; for to before from it is the negative of the
// count the other way round. So Between(d, Add(d, n)) = n, and Between(a, b) + Between(b, c) = Between(a, c).
//
// It returns *Unresolved for the first missing year among the days counted, ErrNoDate when either is no date.
func (t *Table) Between(from, to Date) (WorkingDays, error) {
	if !from.Valid() || !to.Valid() {
		return 0, ErrNoDate
	}
	if to.Before(from) {
		n, err := t.Between(to, from)
		return -n, err
	}
	if from == to {
		return 0, nil
	}
	var n WorkingDays
	first := from.AddDays(1)
	for year := first.Y; year <= to.Y; year++ {
		sum, ok := t.worked[year]
		if !ok {
			return 0, &Unresolved{year}
		}
		n += sum[len(sum)-1]
	}
	// The first year before the first day and the last one after the last do not count.
	last := t.worked[to.Y]
	return n - t.worked[first.Y][first.utc().YearDay()-1] - (last[len(last)-1] - last[to.utc().YearDay()]), nil
}

// Due is when something falls due: an instant, or the year whose arrangement is still missing. Exactly one of the two
// is set; the zero Due means that there is no time limit.
type Due struct {
	At         time.Time `json:"at,omitzero"`
	Unresolved int       `json:"unresolved,omitempty"`
}

// Set reports whether there is a time limit at all.
func (d Due) Set() bool { return d.Unresolved != 0 || !d.At.IsZero() }

// Overdue reports whether the limit has passed at now. A limit that cannot be computed yet is never overdue.
func (d Due) Overdue(now time.Time) bool { return !d.At.IsZero() && !now.Before(d.At) }

// Last is the last day on which the act is in time, none when unresolved or without limit.
func (d Due) Last() Date {
	if d.At.IsZero() {
		return Date{}
	}
	return DateOf(d.At.Add(-1))
}

// Label is what a person reads: "2026-03-18 24:00" for the end of a day, "2026-03-18 16:30" for an hour clock,
// 待公布 with the missing year, or "" without limit.
func (d Due) Label() string {
	switch {
	case d.Unresolved != 0:
		return (&Unresolved{d.Unresolved}).Label()
	case d.At.IsZero():
		return ""
	}
	at := d.At.In(Shanghai)
	if at.Equal(DateOf(at).Start()) {
		return d.Last().String() + " 24:00"
	}
	return at.Format("2006-01-02 15:04")
}

// Due is the end (24:00 Asia/Shanghai) of the n-th working day after the civil day of from, or the missing year.
// The only errors are ErrNegative and, for a zero instant, ErrNoDate: a missing year is a Due, not an error.
func (t *Table) Due(from time.Time, n WorkingDays) (Due, error) {
	last, err := t.Add(DateOf(from), n)
	if missing := (*Unresolved)(nil); errors.As(err, &missing) {
		return Due{Unresolved: missing.Year}, nil
	}
	if err != nil {
		return Due{}, err
	}
	return Due{At: last.End()}, nil
}

// DueDays is the end of the n-th natural day after the civil day of from; it needs no table.
func DueDays(from time.Time, n Days) Due { return Due{At: DateOf(from).AddDays(n).End()} }

// DueHours is from plus h hours by the clock on the wall, nights, weekends and holidays included: the time limits for
// reporting an incident run around the clock from the moment it was found.
func DueHours(from time.Time, h Hours) Due {
	return Due{At: time.Unix(from.Unix()+int64(h)*3600, int64(from.Nanosecond())).In(Shanghai)}
}
