package procedure

import (
	"context"
	"encoding/json"
	"fmt"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/canon"
	"pado/core/store"
)

// workdays is the table in force and how many recorded notices it holds. Notices are only ever
// added, so that their number tells whether the table is up to date.
type workdays struct {
	notices int
	table   *calendar.Table
}

// Calendar is the table of working days in force: the shipped years and, over them, what has been
// recorded since. It may be as old as the last act or Tick of this process; what decides a limit
// asks Days.
func (e *Engine) Calendar() *calendar.Table { return e.days.Load().table }

func (e *Engine) loadDays(ctx context.Context) error {
	return e.db.View(ctx, func(r *store.ReadTx) error {
		_, err := e.Days(r)
		return err
	})
}

// Days is the table of working days as the transaction sees it, notices of other processes included.
func (e *Engine) Days(r *store.ReadTx) (*calendar.Table, error) {
	var recorded int
	if err := r.Get(&recorded, `SELECT COUNT(*) FROM calendar_notice`); err != nil {
		return nil, err
	}
	now := e.days.Load()
	if now != nil && now.notices == recorded {
		return now.table, nil
	}
	var list []string
	if err := r.Select(&list, `SELECT notice FROM calendar_notice ORDER BY at, case_no`); err != nil {
		return nil, err
	}
	table := e.opt.Calendar
	for _, text := range list {
		var n calendar.Notice
		if err := json.Unmarshal([]byte(text), &n); err != nil {
			return nil, fmt.Errorf("read a recorded notice: %w", err)
		}
		var err error
		if table, err = table.With(n); err != nil {
			return nil, fmt.Errorf("read a recorded notice: %w", err)
		}
	}
	// An older snapshot does not put a newer table back.
	if now == nil || now.notices < len(list) {
		e.days.CompareAndSwap(now, &workdays{len(list), table})
	}
	return table, nil
}

// RecordNotice writes a year's arrangement of holidays, as an effect of the case it was recorded
// in, and lets every running limit that may touch the year be computed again by the next Tick; until
// then it shows as 待公布 and cannot run out. What has run out stays run out.
func RecordNotice(c *Ctx, n calendar.Notice) error {
	if _, err := c.Calendar().With(n); err != nil {
		return err
	}
	text, err := json.Marshal(n)
	if err != nil {
		return err
	}
	if _, err := c.W.Exec(`INSERT INTO calendar_notice (case_no, year, at, source, notice) VALUES ($1, $2, $3, $4, $5)`,
		c.Case.No, n.Year, c.Now().UnixMilli(), n.Source, string(text)); err != nil {
		return err
	}
	c.W.Record(audit.Entry{Type: "calendar.notice", Actor: c.Actor.Person, Org: c.Desk.Org, Behalf: c.Desk.Behalf, Object: c.Case.No, Action: "record", Clause: "3",
		Detail: map[string]string{"year": fmt.Sprint(n.Year), "at": fmt.Sprint(c.Now().UnixMilli()), "source": n.Source, "digest": canon.Digest(text)}})
	from := calendar.Date{Y: n.Year - 1, M: 12, D: 15}.Start()
	if now := c.Now(); now.After(from) {
		from = now
	}
	_, err = c.W.Exec(`UPDATE case_file SET due_year = $1, due_sort = $5 WHERE final = $2 AND due_year = 0 AND due_at >= $3 AND since <= $4`,
		n.Year, false, store.At(from), store.At(calendar.Date{Y: n.Year, M: 12, D: 31}.End()), farOff)
	return err
}
