package procedure

import (
	"context"
	"encoding/base64"
	"fmt"
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
	DueSort, Revision                                 int64
}

const rowColumns = `c.no, c.procedure, c.title, c.state, c.org, COALESCE(o.name, '') AS org_name, c.tenant, c.owes, c.owes_org,
	COALESCE(w.name, '') AS owes_org_name, c.handler, c.due_at, c.since, c.updated, c.due_year, c.urged, c.supervised, c.backfill, c.final, c.due_sort, c.revision`

// scan reads rowColumns. By name, as other reads do it, a page would take a fifth longer.
func (x *Row) scan(scan func(...any) error) error {
	return scan(&x.No, &x.Procedure, &x.Title, &x.State, &x.Org, &x.OrgName, &x.Tenant, &x.Owes, &x.OwesOrg, &x.OwesOrgName, &x.Handler,
		&x.DueAt, &x.Since, &x.Updated, &x.DueYear, &x.Urged, &x.Supervised, &x.Backfill, &x.Final, &x.DueSort, &x.Revision)
}

const rowJoins = ` LEFT JOIN org o ON o.id = c.org LEFT JOIN org w ON w.id = c.owes_org `

// SoonDays is how many working days before its end a limit counts as 临期.
const SoonDays = calendar.WorkingDays(2)

// Page is one page of a list as of one instant.
type Page struct {
	Rows []Row
	Next string // cursor of the next page; empty at the end
	At   time.Time
}

// Page returns one page of the actor's cases in one statement. A list of open moves costs two
// index ranges per desk, whatever the number of cases.
func (e *Engine) Page(ctx context.Context, a Actor, q Query) (p Page, err error) {
	if q.Size <= 0 || q.Size > 100 {
		q.Size = 20
	}
	if q.Tab == "todo" || q.Tab == "" {
		return e.todo(ctx, a, q)
	}
	err = e.db.View(ctx, func(r *store.ReadTx) error {
		p.At = r.Now()
		st, err := e.statement(r, a, q)
		if err != nil || st.sql == "" {
			return err
		}
		return r.Each(st.sql, st.args, func(scan func(...any) error) error { return p.add(scan) })
	})
	p.cut(q)
	return p, err
}

func (p *Page) add(scan func(...any) error) error {
	p.Rows = append(p.Rows, Row{})
	return p.Rows[len(p.Rows)-1].scan(scan)
}

// cut takes off the row that only says that there is a next page.
func (p *Page) cut(q Query) {
	if len(p.Rows) <= q.Size {
		return
	}
	p.Rows = p.Rows[:q.Size]
	last := p.Rows[q.Size-1]
	pos := last.DueSort
	if !q.byDue() {
		pos = last.Updated.UnixMilli()
	}
	p.Next = base64.RawURLEncoding.EncodeToString([]byte(fmt.Sprintf("%d|%s", pos, last.No)))
}

func (q Query) byDue() bool {
	return q.Tab == "todo" || q.Tab == "" || q.Tab == "overdue" || q.Tab == "soon"
}

// statement is a query in the making.
type statement struct {
	sql  string
	args []any
}

// arg adds an argument and returns its placeholder.
func (s *statement) arg(v any) string {
	s.args = append(s.args, v)
	return "$" + strconv.Itoa(len(s.args))
}

// in is the right side of an IN.
func (s *statement) in(list []string) string {
	var b strings.Builder
	for i, x := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(s.arg(x))
	}
	return "(" + b.String() + ")"
}

// statement writes the one query of a page: the first rows of every range the actor may see, by
// number only; of those the first of all; and only then their rows. An actor without any range
// gets no statement.
func (e *Engine) statement(r *store.ReadTx, a Actor, q Query) (st statement, err error) {
	pos, no, err := parseCursor(q.Cursor)
	if err != nil {
		return st, &Invalid{[]FieldError{{"cursor", "翻页位置无效，请从第一页重新查看", ""}}}
	}
	ranges, err := e.ranges(&st, r, a, q)
	if err != nil || len(ranges) == 0 {
		return st, err
	}
	filter := ""
	if q.Procedure != "" {
		filter += " AND c.procedure = " + st.arg(q.Procedure)
	}
	if q.State != "" {
		filter += " AND c.state = " + st.arg(q.State)
	}
	if q.Text != "" {
		like := st.arg("%" + escapeLike(q.Text) + "%")
		filter += " AND (c.title LIKE " + like + ` ESCAPE '\' OR c.no LIKE ` + like + ` ESCAPE '\')`
	}
	key, beyond, desc := "due_sort", ">", ""
	if !q.byDue() {
		key, beyond, desc = "updated", "<", " DESC"
	}
	if q.Cursor != "" {
		filter += " AND (c." + key + ", c.no) " + beyond + " (" + st.arg(pos) + ", " + st.arg(no) + ")"
	}
	limit := " LIMIT " + st.arg(q.Size+1)
	parts := make([]string, len(ranges))
	for i, where := range ranges {
		parts[i] = "SELECT no, pos FROM (SELECT c.no, c." + key + " AS pos FROM case_file c WHERE " + where + filter +
			" ORDER BY c." + key + desc + ", c.no" + desc + limit + ") AS r" + strconv.Itoa(i)
	}
	union := " UNION "
	if q.byDue() { // a case is one desk's turn: the ranges have no row in common
		union = " UNION ALL "
	}
	merged := strings.Join(parts, union) + " ORDER BY pos" + desc + ", no" + desc + limit
	st.sql = "SELECT " + rowColumns + " FROM (" + merged + ") AS k JOIN case_file c ON c.no = k.no" + rowJoins +
		"ORDER BY k.pos" + desc + ", k.no" + desc
	return st, nil
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

// turns are the keys of case_file.turn that a person's desks answer for.
func (a Actor) turns() []string {
	var out []string
	for _, d := range a.Desks {
		who := a.Person
		if d.Behalf != "" {
			who = d.Behalf
		}
		desk := d.Org + "/" + string(d.Role)
		if d.Org != "" { // what a natural person owes is addressed to that person alone
			out = append(out, desk)
		}
		out = append(out, desk+"@"+who)
	}
	return unique(out)
}

// orgs are the organisations the person itself works for, and none: its own affairs.
func (a Actor) orgs() []string {
	out := []string{""}
	for _, d := range a.Desks {
		if d.Behalf == "" && !has(out, d.Org) {
			out = append(out, d.Org)
		}
	}
	return out
}

// soon is when the limits end that count as 临期 now.
func (e *Engine) soon(now time.Time) int64 {
	due, err := e.Calendar().Due(now, SoonDays)
	if err != nil || due.At.IsZero() {
		return now.AddDate(0, 0, 4).UnixMilli()
	}
	return due.At.UnixMilli()
}

// ranges turns a tab into conditions, each an index range: one or two per desk that may see rows.
func (e *Engine) ranges(st *statement, r *store.ReadTx, a Actor, q Query) (out []string, err error) {
	switch q.Tab {
	case "", "todo", "overdue", "soon":
		extra := ""
		switch q.Tab {
		case "overdue":
			extra = " AND c.due_sort <= " + st.arg(r.Now().UnixMilli())
		case "soon":
			extra = " AND c.due_sort > " + st.arg(r.Now().UnixMilli()) + " AND c.due_sort <= " + st.arg(e.soon(r.Now()))
		}
		for _, turn := range a.turns() {
			out = append(out, "c.turn = "+st.arg(turn)+extra)
		}
		return out, nil
	case "done":
		return []string{"c.no IN (SELECT case_no FROM case_event WHERE person = " + st.arg(a.Person) + " AND org IN " + st.in(a.orgs()) + ")"}, nil
	case "started":
		return []string{"c.person = " + st.arg(a.Person) + " AND c.org IN " + st.in(a.orgs())}, nil
	case "supervised", "all":
		extra := ""
		if q.Tab == "supervised" {
			extra = " AND c.supervised = " + st.arg(true)
		}
		out = append(out, "c.person = "+st.arg(a.Person)+" AND c.org IN "+st.in(a.orgs())+extra)
		for _, d := range a.Desks {
			if d.Org != "" {
				out = append(out, "c.no IN (SELECT case_no FROM case_party WHERE org = "+st.arg(d.Org)+" AND role IN "+
					st.in([]string{string(d.Role), "copy"})+")"+extra)
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
			if len(tenants) > 0 {
				out = append(out, "c.procedure IN "+st.in(ids)+" AND c.tenant IN "+st.in(tenants)+extra)
			}
		}
		return out, nil
	}
	return nil, &Invalid{[]FieldError{{"tab", "没有这个列表", ""}}}
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
	turns := a.turns()
	if len(turns) == 0 {
		return n, nil
	}
	err = e.db.View(ctx, func(r *store.ReadTx) error {
		var st statement
		now, soon := st.arg(r.Now().UnixMilli()), st.arg(e.soon(r.Now()))
		return r.Get(&n, `SELECT COUNT(*) AS todo, COALESCE(SUM(CASE WHEN due_sort <= `+now+` THEN 1 ELSE 0 END), 0) AS overdue,
			COALESCE(SUM(CASE WHEN due_sort > `+now+` AND due_sort <= `+soon+` THEN 1 ELSE 0 END), 0) AS soon
			FROM case_file WHERE turn IN `+st.in(turns), st.args...)
	})
	return n, err
}
