package party

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/store"
)

// digestLines is how many cases a digest names.
const digestLines = 20

// Digest writes today's summary of open moves to every person who has one, once a day however
// often it is called, and returns how many it wrote. The clock calls it in the morning.
func Digest(ctx context.Context, db *store.DB) (written int, err error) {
	_, err = db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		written = 0
		day := calendar.DateOf(w.Now()).String()
		n, err := w.Exec(`INSERT INTO digest_run (day) VALUES ($1) ON CONFLICT DO NOTHING`, day)
		if err != nil || n == 0 {
			return audit.Entry{}, err
		}
		quiet, err := quietHours(&w.ReadTx)
		if err != nil {
			return audit.Entry{}, err
		}
		who, by, err := openMoves(w, day)
		if err != nil {
			return audit.Entry{}, err
		}
		for _, p := range who {
			l := letter{tpl: tplDigest, key: tplDigest.id + "/" + day + "/" + p, person: p, word: by[p].words()}
			if err := l.write(w, quiet); err != nil {
				return audit.Entry{}, err
			}
			written++
		}
		return audit.Entry{Type: "message.digest", Actor: "clock", Object: day, Action: "digest", Clause: "11.1", Result: audit.Done,
			Detail: map[string]string{"persons": strconv.Itoa(written)}}, nil
	})
	if errors.Is(err, store.ErrNoEntry) {
		return 0, nil
	}
	return written, err
}

// moves are the open moves of one person.
type moves struct {
	count, overdue int
	lines          []string
}

func (m *moves) words() map[string]string {
	lines := m.lines
	if more := m.count - len(lines); more > 0 {
		lines = append(lines[:len(lines):len(lines)], fmt.Sprintf(txtMore, more))
	}
	return map[string]string{"count": strconv.Itoa(m.count), "overdue": strconv.Itoa(m.overdue), "list": strings.Join(lines, "\n")}
}

// openMoves collects the open cases of every desk for the persons that may move them.
func openMoves(w *store.Tx, day string) (order []string, by map[string]*moves, err error) {
	var cases []struct {
		No, Title, OwesOrg, Owes, Handler string
		DueAt                             store.Time
	}
	if err := w.Select(&cases, `SELECT no, title, owes_org, owes, handler, due_at FROM case_file
		WHERE final = $1 AND owes <> '' AND owes <> 'clock' ORDER BY due_sort, no`, false); err != nil {
		return nil, nil, err
	}
	by = map[string]*moves{}
	desks := map[[3]string][]string{}
	for _, c := range cases {
		at := [3]string{c.OwesOrg, c.Owes, c.Handler}
		who, ok := desks[at]
		if !ok {
			if who, err = onDesk(&w.ReadTx, c.OwesOrg, procedure.Role(c.Owes), c.Handler, day); err != nil {
				return nil, nil, err
			}
			desks[at] = who
		}
		late := !c.DueAt.IsZero() && !c.DueAt.After(w.Now())
		for _, p := range who {
			m := by[p]
			if m == nil {
				m = &moves{}
				by[p] = m
				order = append(order, p)
			}
			m.count++
			mark := ""
			if late {
				m.overdue++
				mark = "（逾期）"
			}
			if len(m.lines) < digestLines {
				m.lines = append(m.lines, fmt.Sprintf(txtLine, strconv.Itoa(m.count)+".", c.Title, c.No, mark))
			}
		}
	}
	return order, by, nil
}
