package procedure

import (
	"context"
	"sort"
	"time"

	"pado/core/store"
)

// Unit is what one organisation owes.
type Unit struct {
	Org, Name           string
	Open, Soon, Overdue int
	Oldest              int64 // since when its oldest case waits, in ms; 0 = none
	Cases               []Row // its overdue cases, at most 20
}

// Burden is the open work of all organisations under a leader.
type Burden struct {
	At     time.Time
	Units  []Unit
	Closed int // cases that ended in the last seven days
}

// Burden sums the open cases by the organisation that owes the next move, over the divisions
// the actor leads (Desk.Lead); store.ErrNotFound for anyone else.
func (e *Engine) Burden(ctx context.Context, a Actor) (b Burden, err error) {
	err = e.db.View(ctx, func(r *store.ReadTx) error {
		b.At = r.Now()
		var tenants []string
		for _, d := range a.Desks {
			if !d.Lead {
				continue
			}
			more, err := e.tenants(r, d.Division)
			if err != nil {
				return err
			}
			tenants = append(tenants, more...)
		}
		if tenants = unique(tenants); len(tenants) == 0 {
			return store.ErrNotFound
		}
		now, soon := b.At.UnixMilli(), e.soon(b.At)
		for _, t := range tenants {
			var part []Unit
			if err := r.Select(&part, `SELECT c.owes_org AS org, o.name AS name, COUNT(*) AS open,
				SUM(CASE WHEN c.due_sort > $1 AND c.due_sort <= $2 THEN 1 ELSE 0 END) AS soon,
				SUM(CASE WHEN c.due_sort <= $1 THEN 1 ELSE 0 END) AS overdue, MIN(c.since) AS oldest
				FROM case_file c JOIN org o ON o.id = c.owes_org WHERE c.final = $3 AND c.tenant = $4 AND c.owes_org <> ''
				GROUP BY c.owes_org, o.name`, now, soon, false, t); err != nil {
				return err
			}
			for _, u := range part {
				b.add(u)
			}
			var late []Row
			if err := r.Select(&late, "SELECT "+rowColumns+" FROM case_file c"+rowJoins+`WHERE c.final = $1 AND c.due_sort <= $2 AND c.tenant = $3 AND c.owes_org <> ''
				ORDER BY c.due_sort LIMIT 200`, false, now, t); err != nil {
				return err
			}
			for _, row := range late {
				for i := range b.Units {
					if b.Units[i].Org == row.OwesOrg && len(b.Units[i].Cases) < 20 {
						b.Units[i].Cases = append(b.Units[i].Cases, row)
					}
				}
			}
			var closed int
			if err := r.Get(&closed, `SELECT COUNT(*) FROM case_file WHERE final = $1 AND tenant = $2 AND since >= $3`,
				true, t, b.At.AddDate(0, 0, -7).UnixMilli()); err != nil {
				return err
			}
			b.Closed += closed
		}
		sort.Slice(b.Units, func(i, j int) bool {
			x, y := b.Units[i], b.Units[j]
			if x.Overdue != y.Overdue {
				return x.Overdue > y.Overdue
			}
			if x.Open != y.Open {
				return x.Open > y.Open
			}
			return x.Name < y.Name
		})
		return nil
	})
	return b, err
}

func (b *Burden) add(u Unit) {
	for i := range b.Units {
		x := &b.Units[i]
		if x.Org == u.Org {
			x.Open, x.Soon, x.Overdue = x.Open+u.Open, x.Soon+u.Soon, x.Overdue+u.Overdue
			x.Oldest = min(x.Oldest, u.Oldest)
			return
		}
	}
	b.Units = append(b.Units, u)
}
