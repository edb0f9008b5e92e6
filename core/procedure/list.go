package procedure

import (
	"context"
	"encoding/base64"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	"pado/core/calendar"
	"pado/core/store"
)

// dueDate is the last day of a limit that ends at t (24:00 belongs to the day before).
func dueDate(t time.Time) calendar.Date { return calendar.DateOf(t.Add(-time.Millisecond)) }

// Query narrows a list of cases. Empty fields match everything the actor may see.
type Query struct {
	Tab       string // todo, done, started, overdue, soon, supervised, all
	Procedure string
	State     string
	Text      string // number or title
	Cursor    string
	Size      int // 1 to 100; 0 = 20
}

// Row is one case in a list.
type Row struct {
	No, Procedure, Title, State, Org, OrgName, Tenant string
	Owes                                              Role
	OwesOrg, OwesOrgName, Handler                     string
	DueAt, Since, Updated                             store.Time
	DueYear, Urged                                    int
	Supervised, Backfill, Final                       bool
	DueSort                                           int64
}

const rowColumns = `c.no, c.procedure, c.title, c.state, c.org, COALESCE(o.name, '') AS org_name, c.tenant, c.owes, c.owes_org,
	COALESCE(w.name, '') AS owes_org_name, c.handler, c.due_at, c.since, c.updated, c.due_year, c.urged, c.supervised, c.backfill, c.final, c.due_sort`

const rowFrom = ` FROM case_file c LEFT JOIN org o ON o.id = c.org LEFT JOIN org w ON w.id = c.owes_org WHERE `

// SoonDays is how many working days before its end a limit counts as 临期.
const SoonDays = calendar.WorkingDays(2)

// Page is one page of a list as of one instant.
type Page struct {
	Rows []Row
	Next string // cursor of the next page; empty at the end
	At   time.Time
}

// Page returns one page of the actor's cases. It costs one index range per desk, whatever the
// number of cases.
func (e *Engine) Page(ctx context.Context, a Actor, q Query) (p Page, err error) {
	if q.Size <= 0 || q.Size > 100 {
		q.Size = 20
	}
	err = e.db.View(ctx, func(r *store.ReadTx) error {
		p.At = r.Now()
		p.Rows, p.Next, err = e.list(r, a, q)
		return err
	})
	return p, err
}

func (e *Engine) list(r *store.ReadTx, a Actor, q Query) ([]Row, string, error) {
	byDue := q.Tab == "todo" || q.Tab == "" || q.Tab == "overdue" || q.Tab == "soon"
	keySort, keyNo, err := parseCursor(q.Cursor)
	if err != nil {
		return nil, "", &Invalid{[]FieldError{{"cursor", "翻页位置无效，请从第一页重新查看", ""}}}
	}
	scopes, err := e.scopes(r, a, q)
	if err != nil {
		return nil, "", err
	}
	var all []Row
	for _, s := range scopes {
		args := append([]any{}, s.args...)
		where := s.where
		add := func(cond string, v ...any) {
			for _, x := range v {
				args = append(args, x)
				cond = strings.Replace(cond, "?", "$"+strconv.Itoa(len(args)), 1)
			}
			where += " AND " + cond
		}
		if q.Procedure != "" {
			add("c.procedure = ?", q.Procedure)
		}
		if q.State != "" {
			add("c.state = ?", q.State)
		}
		if q.Text != "" {
			like := "%" + escapeLike(q.Text) + "%"
			add(`(c.title LIKE ? ESCAPE '\' OR c.no LIKE ? ESCAPE '\')`, like, like)
		}
		order := "c.due_sort, c.no"
		if q.Cursor != "" {
			if byDue {
				add("(c.due_sort > ? OR (c.due_sort = ? AND c.no > ?))", keySort, keySort, keyNo)
			} else {
				add("(c.updated < ? OR (c.updated = ? AND c.no < ?))", keySort, keySort, keyNo)
			}
		}
		if !byDue {
			order = "c.updated DESC, c.no DESC"
		}
		args = append(args, q.Size+1)
		var part []Row
		sql := "SELECT " + rowColumns + rowFrom + where + " ORDER BY " + order + " LIMIT $" + strconv.Itoa(len(args))
		if err := r.Select(&part, sql, args...); err != nil {
			return nil, "", err
		}
		all = append(all, part...)
	}
	key := func(x Row) int64 {
		if byDue {
			return x.DueSort
		}
		return -x.Updated.UnixMilli()
	}
	sort.Slice(all, func(i, j int) bool {
		if key(all[i]) != key(all[j]) {
			return key(all[i]) < key(all[j])
		}
		return (all[i].No < all[j].No) == byDue
	})
	var out []Row
	seen := map[string]bool{}
	for _, x := range all {
		if !seen[x.No] {
			seen[x.No] = true
			out = append(out, x)
		}
	}
	next := ""
	if len(out) > q.Size {
		out = out[:q.Size]
		last := out[q.Size-1]
		pos := last.DueSort
		if !byDue {
			pos = last.Updated.UnixMilli()
		}
		next = base64.RawURLEncoding.EncodeToString([]byte(fmt.Sprintf("%d|%s", pos, last.No)))
	}
	return out, next, nil
}

func parseCursor(s string) (int64, string, error) {
	if s == "" {
		return 0, "", nil
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return 0, "", err
	}
	pos, no, _ := strings.Cut(string(b), "|")
	n, err := strconv.ParseInt(pos, 10, 64)
	return n, no, err
}

func escapeLike(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}

type scope struct {
	where string
	args  []any
}

// scopes turns a tab into index ranges: one per desk that may see the rows.
func (e *Engine) scopes(r *store.ReadTx, a Actor, q Query) ([]scope, error) {
	var out []scope
	now := r.Now().UnixMilli()
	switch q.Tab {
	case "", "todo", "overdue", "soon":
		extra, more := "", []any{}
		if q.Tab == "overdue" {
			extra, more = " AND c.due_sort <= $5", []any{now}
		}
		if q.Tab == "soon" {
			due, err := e.opt.Calendar.Due(r.Now(), SoonDays)
			until := due.At
			if err != nil || until.IsZero() {
				until = r.Now().AddDate(0, 0, 4)
			}
			extra, more = " AND c.due_sort > $5 AND c.due_sort <= $6", []any{now, until.UnixMilli()}
		}
		for _, d := range a.Desks {
			who := a.Person
			if d.Behalf != "" {
				who = d.Behalf
			}
			base := []any{d.Org, string(d.Role), false}
			for _, h := range []string{who, ""} {
				out = append(out, scope{"c.owes_org = $1 AND c.owes = $2 AND c.final = $3 AND c.handler = $4" + extra,
					append(append(append([]any{}, base...), h), more...)})
			}
		}
		out = append(out, scope{"c.owes_org = $1 AND c.owes <> $2 AND c.final = $3 AND c.handler = $4" + extra,
			append([]any{"", "", false, a.Person}, more...)})
	case "done":
		out = append(out, scope{"c.no IN (SELECT case_no FROM case_event WHERE person = $1)", []any{a.Person}})
	case "started":
		out = append(out, scope{"c.person = $1", []any{a.Person}})
	case "supervised", "all":
		extra := ""
		if q.Tab == "supervised" {
			extra = " AND c.supervised = $1"
		} else {
			extra = " AND (c.final = $1 OR c.final <> $1)"
		}
		out = append(out, scope{"c.person = $2" + extra, []any{true, a.Person}})
		for _, d := range a.Desks {
			if d.Org != "" {
				out = append(out, scope{"c.no IN (SELECT case_no FROM case_party WHERE org = $2 AND (role = $3 OR role = 'copy'))" + extra,
					[]any{true, d.Org, string(d.Role)}})
			}
			var ids []string
			for _, id := range e.order {
				if has(roles(e.procs[id].Readers), string(d.Role)) && (q.Procedure == "" || q.Procedure == id) {
					ids = append(ids, id)
				}
			}
			if len(ids) == 0 {
				continue
			}
			tenants, err := e.tenants(r, d.Division)
			if err != nil {
				return nil, err
			}
			args := []any{true}
			in := func(list []string) string {
				s := ""
				for i, x := range list {
					if i > 0 {
						s += ","
					}
					args = append(args, x)
					s += "$" + strconv.Itoa(len(args))
				}
				return s
			}
			if len(tenants) > 0 {
				out = append(out, scope{"c.procedure IN (" + in(ids) + ") AND c.tenant IN (" + in(tenants) + ")" + extra, args})
			}
		}
	default:
		return nil, &Invalid{[]FieldError{{"tab", "没有这个列表", ""}}}
	}
	return out, nil
}

// tenants are the divisions on record that the scope covers.
func (e *Engine) tenants(r *store.ReadTx, division string) ([]string, error) {
	var all, out []string
	if err := r.Select(&all, `SELECT DISTINCT division FROM org`); err != nil {
		return nil, err
	}
	for _, t := range append(all, e.opt.City) {
		if e.opt.Scope(division, t) && !has(out, t) {
			out = append(out, t)
		}
	}
	return out, nil
}

// Counts are the numbers on the work list's tabs.
type Counts struct{ Todo, Overdue, Soon int }

// Count counts the actor's open moves.
func (e *Engine) Count(ctx context.Context, a Actor) (n Counts, err error) {
	err = e.db.View(ctx, func(r *store.ReadTx) error {
		for tab, dst := range map[string]*int{"todo": &n.Todo, "overdue": &n.Overdue, "soon": &n.Soon} {
			scopes, err := e.scopes(r, a, Query{Tab: tab})
			if err != nil {
				return err
			}
			for _, s := range scopes {
				var k int
				if err := r.Get(&k, "SELECT COUNT(*)"+" FROM case_file c WHERE "+s.where, s.args...); err != nil {
					return err
				}
				*dst += k
			}
		}
		return nil
	})
	return n, err
}
