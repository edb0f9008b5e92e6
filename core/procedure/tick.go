package procedure

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pado/core/audit"
	"pado/core/store"
)

// tickBatch is how many cases the clock reads at a time.
var tickBatch = 500

// tickFailures is how many cases may fail before the clock gives up for now: the fault is then
// perhaps not theirs.
const tickFailures = 10

// retry is how long the clock leaves a case alone whose declared step a rule refused.
const retry = time.Hour

// overdue is a case whose limit has run out.
type overdue struct {
	No, Procedure, State string
	Revision, DueSort    int64
}

// Tick takes the declared Clock step of every case whose limit has run out, marks newly overdue
// ones once, and recomputes limits whose year has been published meanwhile. Each is a plain
// compare-and-set step, so two clocks are harmless. Cases already told are not read again, and
// one whose step is refused is told like the others and tried again after an hour: neither stands
// before the limits that come later, and neither does one that fails, which rests for the same time
// while the process lives. Limits of a year that was published are computed before any runs out.
// Failures are returned after the others had their turn. It returns how many cases it touched.
func (e *Engine) Tick(ctx context.Context) (int, error) {
	if err := e.loadDays(ctx); err != nil {
		return 0, err
	}
	now, err := e.db.Now(ctx)
	if err != nil {
		return 0, err
	}
	n, failed := 0, []error(nil)
	published, err := e.published(ctx)
	if err != nil {
		failed = append(failed, err)
	}
	for _, no := range published {
		ok, err := e.resolve(ctx, no)
		if err != nil {
			failed = append(failed, fmt.Errorf("the limit of %s: %w", no, err))
		}
		if ok {
			n++
		}
	}
	for last := (overdue{}); ; {
		var due []overdue
		if err := e.db.View(ctx, func(r *store.ReadTx) error {
			return r.Select(&due, `SELECT no, procedure, state, revision, due_sort FROM case_file c
				WHERE final = $1 AND due_sort <= $2 AND (due_sort, no) > ($3, $4)
				AND NOT EXISTS (SELECT 1 FROM overdue_note o WHERE o.case_no = c.no AND o.since = c.since AND (o.tried IS NULL OR o.tried > $5))
				ORDER BY due_sort, no LIMIT $6`, false, now.UnixMilli(), last.DueSort, last.No, now.Add(-retry).UnixMilli(), tickBatch)
		}); err != nil {
			return n, errors.Join(append(failed, err)...)
		}
		for _, c := range due {
			if e.rests(c, now) {
				continue
			}
			touched, err := e.expire(ctx, c)
			if err != nil {
				e.failing.Store(c, now)
				failed = append(failed, fmt.Errorf("the limit of %s: %w", c.No, err))
			}
			if ctx.Err() != nil || len(failed) >= tickFailures {
				return n, errors.Join(failed...)
			}
			if touched {
				n++
			}
		}
		if len(due) < tickBatch {
			break
		}
		last = due[len(due)-1]
	}
	return n, errors.Join(failed...)
}

// rests tells whether the clock failed at this limit within the last hour of business time.
func (e *Engine) rests(c overdue, now time.Time) bool {
	at, ok := e.failing.Load(c)
	if ok && now.Sub(at.(time.Time)) < retry {
		return true
	}
	e.failing.Delete(c)
	return false
}

// expire does what the end of its limit means for a case.
func (e *Engine) expire(ctx context.Context, c overdue) (bool, error) {
	p, ok := e.procs[c.Procedure]
	if !ok {
		return false, nil
	}
	st, _ := p.State(c.State)
	if st.Else == "" {
		return e.tellOverdue(ctx, c.No, false)
	}
	_, err := e.Do(ctx, Machine, c.No, st.Else, Act{Revision: c.Revision})
	var ref *Refused
	var stale *Stale
	switch {
	case errors.As(err, &stale): // somebody was faster
		return false, nil
	case !errors.As(err, &ref):
		return err == nil, err
	}
	told, err := e.tellOverdue(ctx, c.No, true)
	if err != nil || told {
		return told, err
	}
	return false, e.db.Scratch(ctx, func(s *store.ScratchTx) error {
		_, err := s.Exec(overdueNotes, `UPDATE overdue_note SET tried = $1 WHERE case_no = $2 AND since = (SELECT since FROM case_file WHERE no = $2)`,
			store.At(s.Now()), c.No)
		return err
	})
}

var overdueNotes = store.Scratchpad("overdue_note")

// published finds the cases whose limit needed a year that has been published since.
func (e *Engine) published(ctx context.Context) (out []string, err error) {
	type unresolved struct {
		No, Procedure, State string
		Since                store.Time
	}
	for last := ""; ; {
		var part []unresolved
		if err := e.db.View(ctx, func(r *store.ReadTx) error {
			if err := r.Select(&part, `SELECT no, procedure, state, since FROM case_file WHERE due_year > 0 AND final = $1 AND no > $2 ORDER BY no LIMIT $3`,
				false, last, tickBatch); err != nil || len(part) == 0 {
				return err
			}
			params, err := e.Parameters(r)
			if err != nil {
				return err
			}
			days, err := e.Days(r)
			if err != nil {
				return err
			}
			for _, c := range part {
				p, ok := e.procs[c.Procedure]
				if !ok {
					continue
				}
				st, _ := p.State(c.State)
				if st.Within == "" {
					continue
				}
				due, err := e.due(days, params, st.Within, c.Since.Time)
				if err != nil {
					continue // its parameter cannot be read: it waits, the others do not
				}
				if due.Unresolved == 0 {
					out = append(out, c.No)
				}
			}
			return nil
		}); err != nil {
			return nil, err
		}
		if len(part) < tickBatch {
			return out, nil
		}
		last = part[len(part)-1].No
	}
}

// tellOverdue notes once per state that a case is overdue; tried says that the state's own step was
// refused and is to be tried again.
func (e *Engine) tellOverdue(ctx context.Context, no string, tried bool) (bool, error) {
	told := false
	_, err := e.db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		c, p, err := e.Load(&w.ReadTx, no)
		if err != nil {
			return audit.Entry{}, err
		}
		var at any
		if tried {
			at = store.At(w.Now())
		}
		k, err := w.Exec(`INSERT INTO overdue_note (case_no, since, tried) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, no, c.Since, at)
		if err != nil || k == 0 {
			return audit.Entry{}, err
		}
		told = true
		if e.opt.Notify != nil {
			if err := e.opt.Notify(w, News{Case: c, Procedure: p, Kind: "overdue"}); err != nil {
				return audit.Entry{}, err
			}
		}
		return audit.Entry{Type: "case.overdue", Actor: "clock", Object: no, Version: c.Revision, Action: "overdue", From: c.State, To: c.State,
			Clause: p.Plan.ID, Result: audit.Done}, nil
	})
	if errors.Is(err, store.ErrNoEntry) {
		return false, nil
	}
	return told && err == nil, err
}

// resolve recomputes a limit that needed an unpublished year.
func (e *Engine) resolve(ctx context.Context, no string) (bool, error) {
	_, err := e.db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		c, p, err := e.Load(&w.ReadTx, no)
		if err != nil {
			return audit.Entry{}, err
		}
		st, _ := p.State(c.State)
		params, err := e.Parameters(&w.ReadTx)
		if err != nil || st.Within == "" || c.DueYear == 0 {
			return audit.Entry{}, err
		}
		days, err := e.Days(&w.ReadTx)
		if err != nil {
			return audit.Entry{}, err
		}
		due, err := e.due(days, params, st.Within, c.Since.Time)
		if err != nil || due.Unresolved != 0 {
			return audit.Entry{}, err
		}
		if err := w.ExecOne(`UPDATE case_file SET due_at = $1, due_year = 0, due_sort = $2 WHERE no = $3 AND due_year > 0`,
			store.At(due.At), due.At.UnixMilli(), no); err != nil {
			return audit.Entry{}, err
		}
		return audit.Entry{Type: "case.due", Actor: "clock", Object: no, Version: c.Revision, Action: "resolve", From: c.State, To: c.State,
			Clause: p.Plan.ID, Result: audit.Done}, nil
	})
	if errors.Is(err, store.ErrNoEntry) {
		return false, nil
	}
	return err == nil, err
}
