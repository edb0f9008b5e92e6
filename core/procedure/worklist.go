package procedure

import (
	"context"
	"strings"
	"sync"
	"time"

	"pado/core/store"
)

// todo is the list everybody opens all day: its one statement needs no transaction around it, and
// mostly answers from the index alone, because the rows are known by their revision.
func (e *Engine) todo(ctx context.Context, a Actor, q Query) (p Page, err error) {
	st, err := e.statement(nil, a, q)
	if err != nil {
		return p, err
	}
	var offset int64
	if st.sql != "" {
		known, err := e.known(ctx, st, &p, &offset)
		if err != nil {
			return p, err
		}
		if !known {
			p.Rows = p.Rows[:0]
			err = e.db.Glance(ctx, strings.Replace(st.sql, " FROM (", ", "+store.ClockOffset+" FROM (", 1), st.args,
				func(scan func(...any) error) error {
					return p.add(func(dst ...any) error { return scan(append(dst, &offset)...) })
				})
			if err != nil {
				return p, err
			}
			e.rows.keep(p.Rows)
		}
	}
	if len(p.Rows) > 0 {
		p.At = e.db.NowBy(offset)
	} else {
		p.At, err = e.db.Now(ctx)
	}
	p.cut(q)
	return p, err
}

// known fills the page with rows read before, if every row of it was; otherwise it returns false.
func (e *Engine) known(ctx context.Context, st statement, p *Page, offset *int64) (bool, error) {
	names, err := e.orgNames(ctx)
	if err != nil {
		return false, err
	}
	all := true
	var no string
	var v rowVersion
	err = e.db.Glance(ctx, st.keys, st.args, func(scan func(...any) error) error {
		if err := scan(&no, &v.dueSort, &v.revision, offset); err != nil || !all {
			return err
		}
		r, ok := e.rows.get(no, v)
		if !ok {
			all = false
			return nil
		}
		r.OrgName, r.OwesOrgName = names[r.Org], names[r.OwesOrg]
		p.Rows = append(p.Rows, r)
		return nil
	})
	return all, err
}

// rowVersion changes with whatever a list shows of a case, names of organisations apart: an act on
// it counts its revision up, and the clock, which does not, moves the end of its limit.
type rowVersion struct{ revision, dueSort int64 }

// rowsKept is how many rows are held, some hundred bytes each; beyond, all are dropped and collected anew.
const rowsKept = 20_000

// knownRows holds rows of work lists. A row is used only if the statement that decides what the
// actor may see, and in which order, names its number in exactly this version.
type knownRows struct {
	mu sync.RWMutex
	m  map[string]Row
}

func (k *knownRows) get(no string, v rowVersion) (Row, bool) {
	k.mu.RLock()
	r, ok := k.m[no]
	k.mu.RUnlock()
	return r, ok && v == (rowVersion{r.Revision, r.DueSort})
}

func (k *knownRows) keep(rows []Row) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.m == nil || len(k.m)+len(rows) > rowsKept {
		k.m = make(map[string]Row)
	}
	for _, r := range rows {
		k.m[r.No] = r
	}
}

// namesLife is how long a renamed organisation may stand in a list under its old name.
const namesLife = 2 * time.Second

// knownNames are the organisations' names as of a moment.
type knownNames struct {
	at time.Time
	m  map[string]string
}

func (e *Engine) orgNames(ctx context.Context) (map[string]string, error) {
	now := e.db.Wall()
	if n := e.names.Load(); n != nil && now.Sub(n.at) < namesLife && now.Sub(n.at) >= 0 {
		return n.m, nil
	}
	n := &knownNames{now, map[string]string{}}
	err := e.db.Glance(ctx, `SELECT id, name FROM org`, nil, func(scan func(...any) error) error {
		var id, name string
		err := scan(&id, &name)
		n.m[id] = name
		return err
	})
	if err == nil {
		e.names.Store(n)
	}
	return n.m, err
}
