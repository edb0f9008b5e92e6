package procedure

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	"pado/core/store"
)

// Unit is what one organisation owes.
type Unit struct {
	Org, Name           string
	Open, Soon, Overdue int
	Oldest              int64 // since when its oldest case waits, in ms; 0 = none
	Cases               []Row // the first of its overdue cases, longest overdue first
}

// Burden is the open work of all organisations under a leader.
type Burden struct {
	At        time.Time
	Units     []Unit
	Closed    int  // cases that ended in the last seven days
	Supervise bool // the actor governs: it may 督办 and sees all units of its divisions
}

// leading is what an actor looks over as a leader. A governing body (Options.Supervises) looks
// over every unit of its division; any other lead over its own organisation, and there only over
// what its own desks may read.
type leading struct {
	tenants []string
	units   []unitDesks
	drafts  []string // procedure/state of what nobody but its author has seen yet
}

type unitDesks struct {
	org   string
	roles []string
}

// supervises: the desk may 督办 and read what lies within its division.
func (e *Engine) supervises(d Desk) bool {
	return d.Lead && d.Behalf == "" && has(roles(e.opt.Supervises), string(d.Role))
}

// leading is store.ErrNotFound for who leads nothing.
func (e *Engine) leading(r *store.ReadTx, a Actor) (l leading, err error) {
	for _, d := range a.Desks {
		switch {
		case e.supervises(d):
			more, err := e.tenants(r, d.Division)
			if err != nil {
				return l, err
			}
			l.tenants = unique(append(append(l.tenants, d.Division), more...))
		case d.Lead && d.Org != "" && d.Behalf == "":
			u := unitDesks{org: d.Org}
			for _, o := range a.Desks {
				if o.Org == d.Org && o.Behalf == "" {
					u.roles = unique(append(u.roles, string(o.Role)))
				}
			}
			l.units = append(l.units, u)
		}
	}
	if len(l.tenants) == 0 && len(l.units) == 0 {
		return l, store.ErrNotFound
	}
	for _, id := range e.order {
		l.drafts = append(l.drafts, id+"/"+e.procs[id].Start)
	}
	return l, nil
}

// sees is the condition on case_file c of what the leader looks over: what is owed now, or every
// case that has to do with its units.
func (l leading) sees(st *statement, owed bool) string {
	var or []string
	if len(l.tenants) > 0 {
		where := "c.tenant IN " + st.in(l.tenants)
		if len(l.drafts) > 0 {
			where += " AND NOT (c.due_sort = " + st.arg(farOff) + " AND c.final = " + st.arg(false) + " AND c.procedure || '/' || c.state IN " + st.in(l.drafts) + ")"
		}
		or = append(or, where)
	}
	for _, u := range l.units {
		if owed {
			or = append(or, "c.owes_org = "+st.arg(u.org)+" AND c.owes IN "+st.in(u.roles))
			continue
		}
		or = append(or, "EXISTS (SELECT 1 FROM case_party cp WHERE cp.case_no = c.no AND cp.org = "+st.arg(u.org)+" AND cp.role IN "+st.in(u.roles)+")")
	}
	return "((" + strings.Join(or, ") OR (") + "))"
}

// draft: nobody but its author has seen the case, and no limit runs.
func draft(c *Case, p *Procedure) bool { return c.State == p.Start && c.DueAt.IsZero() && !c.Final }

// overseen loads a case the actor may see, or one that lies under a governing desk of the actor:
// then only is set, and reading (see veil) and 督办 is all there is. store.ErrNotFound as in visible.
func (e *Engine) overseen(r *store.ReadTx, a Actor, no string) (c *Case, p *Procedure, only bool, err error) {
	if c, p, err = e.visible(r, a, no); !errors.Is(err, store.ErrNotFound) {
		return c, p, false, err
	}
	if c, p, err = e.Load(r, no); err != nil {
		return nil, nil, false, err
	}
	for _, d := range a.Desks {
		if e.supervises(d) && e.opt.Scope(d.Division, c.Tenant) && !draft(c, p) {
			return c, p, true, nil
		}
	}
	return nil, nil, false, store.ErrNotFound
}

// reach loads the case of an act: 督办 reaches further than any other.
func (e *Engine) reach(r *store.ReadTx, a Actor, no, action string) (*Case, *Procedure, error) {
	if action == "supervise" {
		c, p, _, err := e.overseen(r, a, no)
		return c, p, err
	}
	return e.visible(r, a, no)
}

// veil takes from a view what a desk that only supervises may not see: fields that are secret or
// of a person, computed sections, files, the drafts of an organisation. What remains is the case's
// course: form, phases, history, limits.
func (v *CaseView) veil(t *txn) error {
	fields := v.Procedure.Form.Fields
	form := map[string]any{}
	if err := json.Unmarshal([]byte(v.Case.Form), &form); err != nil {
		return fmt.Errorf("read the form of %s: %w", v.Case.No, err)
	}
	conceal(fields, form)
	v.Case.Form = jsonText(form)
	for i := range v.Events {
		var changes, kept []Change
		if err := json.Unmarshal([]byte(v.Events[i].Changed), &changes); err != nil {
			return fmt.Errorf("read the history of %s: %w", v.Case.No, err)
		}
		for _, ch := range changes {
			if f, ok := v.Procedure.field(ch.Field); ok && !f.sealed() && f.Kind != Table {
				kept = append(kept, ch)
			}
		}
		v.Events[i].Changed, v.Events[i].Input, v.Events[i].Asked = jsonText(kept), "{}", nil
	}
	v.Files, v.Chain, v.Stages, v.Offers, v.Sections, v.Supervised = nil, nil, nil, nil, nil, true
	t.fieldSections(v)
	com := commonActs["supervise"]
	desk, ok, err := com.offered(t)
	if ok {
		v.Offers = []Offer{com.offer(t.p, desk)}
	}
	return err
}

// sealed: the value is for the parties of the case only.
func (f Field) sealed() bool {
	return f.Secret || f.Kind == IDCard || f.Kind == Phone || f.Kind == File || f.Kind == FilesOf
}

// Concealed stands where a value is not shown.
const Concealed = "（不予显示）"

func conceal(fields []Field, values map[string]any) {
	for _, f := range fields {
		v, there := values[f.Name]
		if !there || v == nil || v == "" {
			continue
		}
		switch {
		case f.Kind == File || f.Kind == FilesOf:
			delete(values, f.Name)
		case f.sealed():
			if _, text := v.(string); text {
				values[f.Name] = Concealed
			} else {
				delete(values, f.Name)
			}
		case f.Kind == Table:
			rows, _ := v.([]any)
			for _, row := range rows {
				if m, ok := row.(map[string]any); ok {
					conceal(f.Rows, m)
				}
			}
		}
	}
}

// Burden sums the open cases by the organisation that owes the next move, with the first top
// overdue ones of each, over all that the actor leads; store.ErrNotFound for who leads nothing.
func (e *Engine) Burden(ctx context.Context, a Actor, top int) (b Burden, err error) {
	err = e.db.View(ctx, func(r *store.ReadTx) error {
		l, err := e.leading(r, a)
		if err != nil {
			return err
		}
		b.At, b.Supervise = r.Now(), len(l.tenants) > 0
		var st statement
		now, soon := st.arg(b.At.UnixMilli()), st.arg(e.soon(b.At))
		if err := r.Select(&b.Units, `SELECT c.owes_org AS org, o.name AS name, COUNT(*) AS open,
			SUM(CASE WHEN c.due_sort > `+now+` AND c.due_sort <= `+soon+` THEN 1 ELSE 0 END) AS soon,
			SUM(CASE WHEN c.due_sort <= `+now+` THEN 1 ELSE 0 END) AS overdue, MIN(c.since) AS oldest
			FROM case_file c JOIN org o ON o.id = c.owes_org WHERE c.final = `+st.arg(false)+` AND c.owes_org <> '' AND `+l.sees(&st, true)+`
			GROUP BY c.owes_org, o.name`, st.args...); err != nil {
			return err
		}
		if err := b.late(r, l, top); err != nil {
			return err
		}
		st = statement{}
		if err := r.Get(&b.Closed, `SELECT COUNT(*) FROM case_file c WHERE c.final = `+st.arg(true)+` AND c.since >= `+
			st.arg(b.At.AddDate(0, 0, -7).UnixMilli())+` AND `+l.sees(&st, false), st.args...); err != nil {
			return err
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

// late reads the first overdue cases of every unit.
func (b *Burden) late(r *store.ReadTx, l leading, top int) error {
	if top <= 0 {
		return nil
	}
	var st statement
	var late []Row
	if err := r.Select(&late, `SELECT `+rowColumns+` FROM (SELECT c.no, ROW_NUMBER() OVER (PARTITION BY c.owes_org ORDER BY c.due_sort, c.no) AS place
		FROM case_file c WHERE c.final = `+st.arg(false)+` AND c.owes_org <> '' AND c.due_sort <= `+st.arg(b.At.UnixMilli())+` AND `+l.sees(&st, true)+`) k
		JOIN case_file c ON c.no = k.no`+rowJoins+`WHERE k.place <= `+st.arg(top)+` ORDER BY c.due_sort, c.no`, st.args...); err != nil {
		return err
	}
	for _, row := range late {
		for i := range b.Units {
			if b.Units[i].Org == row.OwesOrg {
				b.Units[i].Cases = append(b.Units[i].Cases, row)
			}
		}
	}
	return nil
}

// Led is one case in a leader's list.
type Led struct {
	Row
	Revision int64 // what a 督办 from the list is based on
}

// LedPage is one page of a leader's list.
type LedPage struct {
	Rows []Led
	Next string
	At   time.Time
}

// Led lists the cases behind the figures of Burden: kind open, soon or overdue, of one unit or of
// all, in the order of their limits. store.ErrNotFound for who leads nothing.
func (e *Engine) Led(ctx context.Context, a Actor, kind, unit, cursor string, size int) (p LedPage, err error) {
	if size <= 0 || size > 100 {
		size = 20
	}
	pos, no, err := parseCursor(cursor)
	if err != nil {
		return p, &Invalid{[]FieldError{{"cursor", "翻页位置无效，请从第一页重新查看", ""}}}
	}
	err = e.db.View(ctx, func(r *store.ReadTx) error {
		l, err := e.leading(r, a)
		if err != nil {
			return err
		}
		p.At = r.Now()
		var st statement
		where := "c.final = " + st.arg(false) + " AND c.owes_org <> '' AND " + l.sees(&st, true)
		now, soon := p.At.UnixMilli(), e.soon(p.At)
		switch kind {
		case "", "open":
		case "overdue":
			where += " AND c.due_sort <= " + st.arg(now)
		case "soon":
			where += " AND c.due_sort > " + st.arg(now) + " AND c.due_sort <= " + st.arg(soon)
		default:
			return &Invalid{[]FieldError{{"kind", "没有这个列表", ""}}}
		}
		if unit != "" {
			where += " AND c.owes_org = " + st.arg(unit)
		}
		if cursor != "" {
			where += " AND (c.due_sort, c.no) > (" + st.arg(pos) + ", " + st.arg(no) + ")"
		}
		if err := r.Select(&p.Rows, `SELECT `+rowColumns+`, c.revision FROM case_file c`+rowJoins+`WHERE `+where+` ORDER BY c.due_sort, c.no LIMIT `+st.arg(size+1), st.args...); err != nil {
			return err
		}
		if len(p.Rows) > size {
			p.Rows = p.Rows[:size]
			p.Next = cursorOf(p.Rows[size-1].DueSort, p.Rows[size-1].No)
		}
		return nil
	})
	return p, err
}

func cursorOf(pos int64, no string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(fmt.Sprintf("%d|%s", pos, no)))
}

// Pressed is one 督办: what was asked when, and what came of it.
type Pressed struct {
	Row
	N          int
	At         store.Time
	By, ByOrg  string
	Word       string
	AnswerN    int        // 0 = not answered yet
	AnsweredAt store.Time // the first act after it that moved the case, or the owing unit's word
	AnswerBy   string
	Answer     string
}

// Pressed lists what was supervised under the leader, newest first. It is answered by the first
// act that moves the case, or by a word (意见, 补充附件) of the unit that owes the move.
func (e *Engine) Pressed(ctx context.Context, a Actor, unit, cursor string, size int) (out []Pressed, next string, at time.Time, err error) {
	if size <= 0 || size > 100 {
		size = 20
	}
	pos, key, err := parseCursor(cursor)
	no, nth, _ := strings.Cut(key, "#")
	n, bad := strconv.Atoi(nth)
	if err != nil || (cursor != "" && bad != nil) {
		return nil, "", at, &Invalid{[]FieldError{{"cursor", "翻页位置无效，请从第一页重新查看", ""}}}
	}
	err = e.db.View(ctx, func(r *store.ReadTx) error {
		l, err := e.leading(r, a)
		if err != nil {
			return err
		}
		at = r.Now()
		var st statement
		where := "s.action = 'supervise' AND " + l.sees(&st, false)
		if unit != "" {
			where += " AND c.owes_org = " + st.arg(unit)
		}
		if cursor != "" {
			where += " AND (s.at, s.case_no, s.n) < (" + st.arg(pos) + ", " + st.arg(no) + ", " + st.arg(n) + ")"
		}
		if err := r.Select(&out, `SELECT `+rowColumns+`, s.n, s.at, s.person_name AS "by", s.org_name AS by_org, s.opinion AS word,
				COALESCE(x.n, 0) AS answer_n, x.at AS answered_at, COALESCE(x.org_name, '') AS answer_by, COALESCE(x.label, '') AS answer
			FROM case_event s JOIN case_file c ON c.no = s.case_no
			LEFT JOIN case_event x ON x.case_no = s.case_no AND x.n = (SELECT MIN(y.n) FROM case_event y WHERE y.case_no = s.case_no AND y.n > s.n
				AND (y.to_state <> s.to_state OR (y.action IN ('comment', 'attach') AND y.org = c.owes_org)))`+rowJoins+`WHERE `+where+`
			ORDER BY s.at DESC, s.case_no DESC, s.n DESC LIMIT `+st.arg(size+1), st.args...); err != nil {
			return err
		}
		if len(out) > size {
			out = out[:size]
			last := out[size-1]
			next = cursorOf(last.At.UnixMilli(), last.No+"#"+strconv.Itoa(last.N))
		}
		return nil
	})
	return out, next, at, err
}
