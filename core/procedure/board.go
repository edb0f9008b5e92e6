package procedure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	"pado/core/docs"
	"pado/core/store"
)

// Posted is one case on the public notice board.
type Posted struct {
	No, Title, Kind, Procedure, Clause, Org, OrgName string
	State                                            string // label of the phase it is in
	Since, DueAt                                     store.Time
	DueYear                                          int
	Items                                            []Item
	Tables                                           []Section // fields that are tables
	Papers                                           []Paper
	Files                                            []Attachment // what the notice opens to the public
	Objection                                        *Objection   // how to object; nil = this is no publicity
}

// Objection is how to object to a posted case: what to do, by which form, where.
type Objection struct {
	How                 string
	Fields              []Field // of the form, as the body in charge takes it down
	Open                bool    // the publicity period is running
	Org, Address, Phone string  // of the body that takes it; empty = not on record
}

// BoardQuery is one page of the board. Zero values ask for everything.
type BoardQuery struct {
	Kind, Org    string // 公示, 公告, 公开; id of the organisation that published
	Text         string // looked for in what the public can read, not in the rest of the case
	Offset, Size int    // Size 1 to 200; 0 = 20
}

// BoardPage is one page of the board, newest first, with how many there are and who has published.
type BoardPage struct {
	Items []Posted
	Total int
	Orgs  []Option
}

// maxBoardText is how many postings, from the newest on, a search for text reads.
const maxBoardText = 5000

// Board lists what the public may see now, newest first, at most n.
func (e *Engine) Board(r *store.ReadTx, n int) ([]Posted, error) {
	page, err := e.BoardPage(r, BoardQuery{Size: n})
	return page.Items, err
}

// BoardKinds are the kinds of notices that are declared.
func (e *Engine) BoardKinds() (out []string) {
	for _, id := range e.order {
		for _, n := range e.procs[id].Notices {
			if !has(out, n.Kind) {
				out = append(out, n.Kind)
			}
		}
	}
	sort.Strings(out)
	return out
}

// BoardPage reads one page of the board.
func (e *Engine) BoardPage(r *store.ReadTx, q BoardQuery) (page BoardPage, err error) {
	if q.Size <= 0 || q.Size > 200 {
		q.Size = 20
	}
	var args []any
	arg := func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	}
	public := func(kind string) string {
		or := []string{"1 = 0"}
		for _, id := range e.order {
			for _, n := range e.procs[id].Notices {
				if kind != "" && kind != n.Kind {
					continue
				}
				var states []string
				for _, s := range n.In {
					states = append(states, arg(s))
				}
				or = append(or, "(c.procedure = "+arg(id)+" AND c.state IN ("+strings.Join(states, ", ")+"))")
			}
		}
		return "(" + strings.Join(or, " OR ") + ")"
	}
	if err := r.Select(&page.Orgs, `SELECT o.id AS value, o.name AS label FROM org o WHERE o.id IN (SELECT c.org FROM case_file c WHERE `+public("")+`) ORDER BY o.name, o.id LIMIT 200`, args...); err != nil {
		return page, err
	}
	args = nil
	cond := public(q.Kind)
	if q.Org != "" {
		cond += " AND c.org = " + arg(q.Org)
	}
	limit := " LIMIT " + strconv.Itoa(q.Size) + " OFFSET " + strconv.Itoa(max(q.Offset, 0))
	if q.Text != "" {
		limit = " LIMIT " + strconv.Itoa(maxBoardText)
	} else if err := r.Get(&page.Total, `SELECT COUNT(*) FROM case_file c WHERE `+cond, args...); err != nil {
		return page, err
	}
	var rows []struct {
		Case
		OrgName string
	}
	if err := r.Select(&rows, `SELECT `+prefixed("c.", caseColumns)+`, COALESCE(o.name, '') AS org_name FROM case_file c
		LEFT JOIN org o ON o.id = c.org WHERE `+cond+` ORDER BY c.since DESC, c.no DESC`+limit, args...); err != nil {
		return page, err
	}
	for i := range rows {
		p := e.procs[rows[i].Procedure]
		n, _ := p.notice(rows[i].State)
		posted, err := e.post(r, p, n, &rows[i].Case, rows[i].OrgName)
		if err != nil {
			return page, err
		}
		if q.Text == "" {
			page.Items = append(page.Items, posted)
			continue
		}
		if !posted.says(q.Text) {
			continue
		}
		if page.Total >= q.Offset && len(page.Items) < q.Size {
			page.Items = append(page.Items, posted)
		}
		page.Total++
	}
	return page, nil
}

// notice is the notice that shows a case in a state.
func (p *Procedure) notice(state string) (Notice, bool) {
	for _, n := range p.Notices {
		if has(n.In, state) {
			return n, true
		}
	}
	return Notice{}, false
}

// says tells whether what the public can read of a posting contains a text.
func (p Posted) says(text string) bool {
	text = strings.ToLower(text)
	in := func(s string) bool { return strings.Contains(strings.ToLower(s), text) }
	if in(p.Title) || in(p.No) || in(p.OrgName) || in(p.Procedure) {
		return true
	}
	for _, it := range p.Items {
		if s, ok := it.Value.(string); in(it.Label) || ok && in(s) {
			return true
		}
	}
	for _, t := range p.Tables {
		for _, row := range t.Rows {
			for _, v := range row {
				if s, ok := v.(string); ok && in(s) {
					return true
				}
			}
		}
	}
	return false
}

// Posting is one case of the board with its attachments and how to object; store.ErrNotFound when
// it is not public now.
func (e *Engine) Posting(r *store.ReadTx, no string) (Posted, error) {
	c, p, err := e.Load(r, no)
	if err != nil {
		return Posted{}, err
	}
	n, ok := p.notice(c.State)
	if !ok {
		return Posted{}, store.ErrNotFound
	}
	var org string
	if err := ignoreMissing(r.Get(&org, `SELECT name FROM org WHERE id = $1`, c.Org)); err != nil {
		return Posted{}, err
	}
	out, err := e.post(r, p, n, c, org)
	if err != nil {
		return out, err
	}
	if out.Files, err = publicFiles(r, n, c); err != nil {
		return out, err
	}
	if n.Object != nil {
		out.Objection, err = objecting(r, p, n, c)
	}
	return out, err
}

// publicFiles are the attachments of the case that the notice's file fields name.
func publicFiles(r *store.ReadTx, n Notice, c *Case) (out []Attachment, err error) {
	if len(n.Files) == 0 {
		return nil, nil
	}
	var values map[string]any
	if err := json.Unmarshal([]byte(c.Form), &values); err != nil {
		return nil, fmt.Errorf("read the form of %s: %w", c.No, err)
	}
	for _, name := range n.Files {
		ids, _ := values[name].([]any)
		if id, one := values[name].(string); one {
			ids = []any{id}
		}
		for _, id := range ids {
			var f Attachment
			err := r.Get(&f, `SELECT `+attachmentColumns+` FROM attachment WHERE id = $1 AND case_no = $2`, id, c.No)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return nil, err
			}
			out = append(out, f)
		}
	}
	return out, nil
}

// PublicFile is an attachment that the notice of a case opens to the public; store.ErrNotFound for
// every other file.
func (e *Engine) PublicFile(r *store.ReadTx, no, id string) (Attachment, error) {
	posted, err := e.Posting(r, no)
	if err != nil {
		return Attachment{}, err
	}
	for _, f := range posted.Files {
		if f.ID == id {
			return f, nil
		}
	}
	return Attachment{}, store.ErrNotFound
}

// objecting says how to object to a case, and to whom: the party of the role that takes
// objections down.
func objecting(r *store.ReadTx, p *Procedure, n Notice, c *Case) (*Objection, error) {
	out := &Objection{How: n.Object.How}
	var by Role
	for _, s := range p.Steps {
		if s.Do == n.Object.Do {
			by, out.Fields = s.By, s.Input
			out.Open = out.Open || has(s.From, c.State)
		}
	}
	var org struct{ Name, Address, Phone string }
	err := r.Get(&org, `SELECT o.name, o.address, o.phone FROM org o WHERE o.id = COALESCE((SELECT MAX(x.org) FROM case_party x WHERE x.case_no = $1 AND x.role = $2), $3)`, c.No, string(by), c.Org)
	out.Org, out.Address, out.Phone = org.Name, org.Address, org.Phone
	return out, ignoreMissing(err)
}

// PublicPaper draws a paper of a case that is on the board and whose notice names the paper.
func (e *Engine) PublicPaper(ctx context.Context, no, kind string) (d docs.Document, err error) {
	err = e.db.View(ctx, func(r *store.ReadTx) error {
		posted, err := e.Posting(r, no)
		if err != nil {
			return err
		}
		c, _, err := e.Load(r, no)
		if err != nil {
			return err
		}
		for _, paper := range posted.Papers {
			if paper.Kind == kind {
				cx, err := e.context(r, c, Actor{})
				if err != nil {
					return err
				}
				d, err = paper.Draw(cx)
				return err
			}
		}
		return store.ErrNotFound
	})
	return d, err
}

func prefixed(prefix, columns string) string {
	parts := strings.Split(columns, ",")
	for i, p := range parts {
		parts[i] = prefix + strings.TrimSpace(p)
	}
	return strings.Join(parts, ", ")
}

func (e *Engine) post(r *store.ReadTx, p *Procedure, n Notice, c *Case, org string) (Posted, error) {
	out := Posted{No: c.No, Title: c.Title, Kind: n.Kind, Procedure: p.Title, Clause: n.Plan.ID, Org: c.Org, OrgName: org, Since: c.Since, DueAt: c.DueAt, DueYear: c.DueYear}
	if s, ok := p.State(c.State); ok {
		out.State = s.Label
	}
	var values map[string]any
	if json.Unmarshal([]byte(c.Form), &values) != nil {
		values = nil
	}
	var public []Field
	for _, name := range n.Fields {
		if f, ok := p.field(name); ok {
			public = append(public, f)
		}
	}
	public, err := e.named(r, c, public, values)
	if err != nil {
		return out, err
	}
	for _, f := range public {
		v, ok := values[f.Name]
		if !ok || v == nil || f.Secret {
			continue
		}
		if rows, table := v.([]any); table && f.Kind == Table {
			out.Tables = append(out.Tables, tableOf(f, rows))
			continue
		}
		out.Items = append(out.Items, Item{Label: f.Label, Value: shown(f, v), Clause: f.Plan.ID})
	}
	for _, paper := range p.Papers {
		if has(n.Papers, paper.Kind) && (len(paper.In) == 0 || has(paper.In, c.State)) {
			out.Papers = append(out.Papers, paper)
		}
	}
	return out, nil
}

// tableOf shows the rows of a table field; what is secret has no column.
func tableOf(f Field, rows []any) Section {
	s := Section{Kind: "table", Title: f.Label, Clause: f.Plan.ID, Rows: []map[string]any{}}
	for i, x := range f.Rows {
		if x.Secret {
			continue
		}
		col := Column{Key: x.Name, Label: x.Label, Kind: "text", Primary: i == 0}
		switch {
		case x.Kind == Money:
			col.Kind, col.Label = "money", x.Label+"（元）"
		case x.Kind == Integer && x.Unit != "":
			col.Kind, col.Label = "money", x.Label+"（"+x.Unit+"）"
		case x.Kind == Integer:
			col.Kind = "money"
		}
		s.Columns = append(s.Columns, col)
	}
	for _, r := range rows {
		in, ok := r.(map[string]any)
		if !ok {
			continue
		}
		cells := map[string]any{}
		for _, x := range f.Rows {
			if v := in[x.Name]; v != nil && !x.Secret {
				x.Unit = ""
				cells[x.Name] = shown(x, v)
			}
		}
		s.Rows = append(s.Rows, cells)
	}
	return s
}

// shown is a field's value as people read it.
func shown(f Field, v any) string {
	label := func(s string) string {
		for _, o := range append(f.Named[:len(f.Named):len(f.Named)], f.Options...) {
			if o.Value == s {
				return o.Label
			}
		}
		return s
	}
	switch x := v.(type) {
	case string:
		if f.Kind == DateTime {
			if t, err := time.Parse(time.RFC3339, x); err == nil {
				return t.Format("2006-01-02 15:04")
			}
		}
		return label(x)
	case bool:
		if x {
			return "是"
		}
		return "否"
	case []any:
		var parts []string
		for _, y := range x {
			if s, ok := y.(string); ok {
				parts = append(parts, label(s))
				continue
			}
			if row, ok := y.(map[string]any); ok {
				var cells []string
				for _, rf := range f.Rows {
					if v := row[rf.Name]; v != nil && !rf.Secret {
						cells = append(cells, rf.Label+"："+shown(rf, v))
					}
				}
				parts = append(parts, strings.Join(cells, "，"))
			}
		}
		return strings.Join(parts, "；")
	case float64:
		if f.Kind == Percent {
			return f.shown(int(x))
		}
		b, err := json.Marshal(x)
		if err != nil {
			return ""
		}
		return string(b) + f.Unit
	}
	return ""
}

// Proof is what anyone may learn of a number: that it was issued here, by whom, when, and where
// the act stands in the log. No content.
type Proof struct {
	No, Title, Kind, State, Organ string
	At                            store.Time
	Digest                        string
	Seq                           int64 // leaf in the log; −1 = none
}

// ProveCase answers for case numbers and 文号. The title is shown for public cases only.
func (e *Engine) ProveCase(r *store.ReadTx, no string) (*Proof, error) {
	out := &Proof{No: no, Seq: -1}
	var doc struct {
		CaseNo, Action, Org string
		At                  store.Time
	}
	err := r.Get(&doc, `SELECT d.case_no, d.action, o.name AS org, d.at FROM doc_number d JOIN org o ON o.id = d.org WHERE d.doc_no = $1`, no)
	if err != nil && ignoreMissing(err) != nil {
		return nil, err
	}
	caseNo := no
	if err == nil {
		caseNo, out.Organ, out.At, out.Kind = doc.CaseNo, doc.Org, doc.At, "文号"
	}
	c, p, err := e.Load(r, caseNo)
	if err != nil {
		return nil, err
	}
	st, _ := p.State(c.State)
	if out.Kind == "" {
		out.Kind, out.At = "事项编号", c.Created
		if err := ignoreMissing(r.Get(&out.Organ, `SELECT name FROM org WHERE id = $1`, c.Org)); err != nil {
			return nil, err
		}
	}
	out.Title, out.State = p.Title, st.Label
	for _, n := range p.Notices {
		if has(n.In, c.State) {
			out.Title = p.Title + "：" + c.Title
		}
	}
	if err := ignoreMissing(r.Get(&out.Digest, `SELECT form_digest FROM case_event WHERE case_no = $1 ORDER BY n DESC LIMIT 1`, caseNo)); err != nil {
		return nil, err
	}
	return out, ignoreMissing(r.Get(&out.Seq, `SELECT MAX(seq) FROM audit_leaf WHERE object = $1 AND result = $2`, caseNo, "done"))
}
