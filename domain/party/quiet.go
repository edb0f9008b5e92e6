package party

import (
	"time"

	"pado/core/calendar"
	"pado/core/store"
	"pado/plan"
)

// parameters lays the values on record over the shipped ones of the city.
func parameters(r *store.ReadTx) (*plan.Parameters, error) {
	city, err := r.Meta("city")
	if err != nil {
		return nil, err
	}
	p, err := plan.City(city)
	if err != nil {
		return nil, err
	}
	var over []plan.Override
	if err := r.Each(`SELECT key, valid_from, value, source FROM parameter ORDER BY key, valid_from`, nil, func(scan func(...any) error) error {
		var o plan.Override
		err := scan(&o.Key, &o.From, &o.Value, &o.Source)
		over = append(over, o)
		return err
	}); err != nil {
		return nil, err
	}
	if len(over) > 0 {
		p = p.With(over)
	}
	return p, nil
}

// quietHours returns what moves an SMS out of the night: the earliest instant at or after t at
// which it may be sent.
func quietHours(r *store.ReadTx) (func(time.Time) time.Time, error) {
	p, err := parameters(r)
	if err != nil {
		return nil, err
	}
	on := calendar.DateOf(r.Now()).String()
	var hours [2]int
	for i, key := range []string{"message.quiet_from", "message.quiet_to"} {
		v, err := p.At(key, on)
		if err != nil {
			return nil, err
		}
		n, err := v.Int()
		if err != nil {
			return nil, err
		}
		hours[i] = int(n)
	}
	return func(t time.Time) time.Time { return loud(t, hours[0], hours[1]) }, nil
}

// loud is t, or the end of the quiet hours [from, to) that t falls in.
func loud(t time.Time, from, to int) time.Time {
	local := t.In(calendar.Shanghai)
	h := local.Hour()
	end := time.Date(local.Year(), local.Month(), local.Day(), to, 0, 0, 0, calendar.Shanghai)
	switch {
	case from == to:
		return t
	case from < to:
		if h >= from && h < to {
			return end
		}
	case h >= from:
		return end.AddDate(0, 0, 1)
	case h < to:
		return end
	}
	return t
}
