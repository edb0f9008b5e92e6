package procedure

import (
	"context"
	"errors"

	"pado/core/audit"
	"pado/core/store"
)

// Tick takes the declared Clock step of every case whose limit has run out, marks newly overdue
// ones once, and recomputes limits whose year has been published meanwhile. Each is a plain
// compare-and-set step, so two clocks are harmless. It returns how many cases it touched.
func (e *Engine) Tick(ctx context.Context) (int, error) {
	var due []struct {
		No, Procedure, State string
		Revision             int64
	}
	if err := e.loadDays(ctx); err != nil {
		return 0, err
	}
	var waiting []string
	err := e.db.View(ctx, func(r *store.ReadTx) error {
		if err := r.Select(&due, `SELECT no, procedure, state, revision FROM case_file WHERE final = $1 AND due_sort <= $2 ORDER BY due_sort LIMIT 500`,
			false, r.Now().UnixMilli()); err != nil {
			return err
		}
		return r.Select(&waiting, `SELECT no FROM case_file WHERE final = $1 AND due_year > 0 LIMIT 500`, false)
	})
	if err != nil {
		return 0, err
	}
	n := 0
	for _, c := range due {
		p, ok := e.procs[c.Procedure]
		if !ok {
			continue
		}
		st, _ := p.State(c.State)
		if st.Else != "" {
			_, err := e.Do(ctx, Machine, c.No, st.Else, Act{Revision: c.Revision})
			var ref *Refused
			var stale *Stale
			if errors.As(err, &ref) || errors.As(err, &stale) {
				continue
			}
			if err != nil {
				return n, err
			}
			n++
			continue
		}
		told, err := e.tellOverdue(ctx, c.No)
		if err != nil {
			return n, err
		}
		if told {
			n++
		}
	}
	for _, no := range waiting {
		ok, err := e.resolve(ctx, no)
		if err != nil {
			return n, err
		}
		if ok {
			n++
		}
	}
	return n, nil
}

// tellOverdue notes once per state that a case is overdue.
func (e *Engine) tellOverdue(ctx context.Context, no string) (bool, error) {
	told := false
	_, err := e.db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		c, p, err := e.Load(&w.ReadTx, no)
		if err != nil {
			return audit.Entry{}, err
		}
		k, err := w.Exec(`INSERT INTO overdue_note (case_no, since) VALUES ($1, $2) ON CONFLICT DO NOTHING`, no, c.Since)
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
		due, err := e.due(params, st.Within, c.Since.Time)
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
