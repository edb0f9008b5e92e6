package procedure

import (
	"context"
	"slices"
	"strings"
	"sync"
)

// todo is the list everybody opens all day. Nothing on record changes without an entry in the log
// (invariant 1), so a list read before still stands while the log is as long as it was then.
func (e *Engine) todo(ctx context.Context, a Actor, q Query) (p Page, err error) {
	entries, now, err := e.db.Moment(ctx)
	if err != nil {
		return p, err
	}
	p.At = now
	list := workList{strings.Join(a.turns(), "\x00"), q}
	rows, known := e.lists.get(entries, list)
	if !known {
		st, err := e.statement(nil, a, q)
		if err != nil {
			return p, err
		}
		if st.sql != "" {
			if err := e.db.Glance(ctx, st.sql, st.args, p.add); err != nil {
				return p, err
			}
		}
		rows = p.Rows
		e.lists.keep(entries, list, rows)
	}
	p.Rows = slices.Clone(rows)
	p.cut(q)
	return p, nil
}

// workList is a question for open moves: everything the answer depends on but the records.
type workList struct {
	turns string
	query Query
}

// listsKept is how many lists are held, some ten kilobytes each; beyond, all are dropped and collected anew.
const listsKept = 2000

// workLists holds the lists read since the log last grew.
type workLists struct {
	mu      sync.RWMutex
	entries int64
	m       map[workList][]Row
}

func (k *workLists) get(entries int64, list workList) ([]Row, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if k.entries != entries {
		return nil, false
	}
	rows, ok := k.m[list]
	return rows, ok
}

// keep holds a list whose reading began when the log had that many entries. If it grew while the
// list was read, the list may be younger than said here, and is read again by the next who asks.
func (k *workLists) keep(entries int64, list workList, rows []Row) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case entries < k.entries:
		return
	case entries > k.entries, len(k.m) >= listsKept:
		k.m = nil
	}
	if k.m == nil {
		k.entries, k.m = entries, map[workList][]Row{}
	}
	k.m[list] = rows
}
