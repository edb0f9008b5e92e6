package procedure

import (
	"context"
	"encoding/json"
	"sort"
	"strings"
	"time"

	"pado/core/docs"
	"pado/core/store"
)

// Posted is one case on the public notice board.
type Posted struct {
	No, Title, Kind, Procedure, Clause, OrgName string
	Since, DueAt                                store.Time
	DueYear                                     int
	Items                                       []Item
	Papers                                      []Paper
}

// Board lists what the public may see now, newest first, at most n.
func (e *Engine) Board(r *store.ReadTx, n int) ([]Posted, error) {
	var out []Posted
	for _, id := range e.order {
		p := e.procs[id]
		for _, notice := range p.Notices {
			for _, state := range notice.In {
				var rows []struct {
					Case
					OrgName string
				}
				if err := r.Select(&rows, `SELECT `+prefixed("c.", caseColumns)+`, COALESCE(o.name, '') AS org_name FROM case_file c
					LEFT JOIN org o ON o.id = c.org WHERE c.procedure = $1 AND c.state = $2 ORDER BY c.since DESC LIMIT $3`, id, state, n); err != nil {
					return nil, err
				}
				for i := range rows {
					out = append(out, post(p, notice, &rows[i].Case, rows[i].OrgName))
				}
			}
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Since.After(out[j].Since.Time) })
	if len(out) > n {
		out = out[:n]
	}
	return out, nil
}

// Posting is one case of the board; store.ErrNotFound when it is not public now.
func (e *Engine) Posting(r *store.ReadTx, no string) (Posted, error) {
	c, p, err := e.Load(r, no)
	if err != nil {
		return Posted{}, err
	}
	for _, n := range p.Notices {
		if has(n.In, c.State) {
			var org string
			if err := ignoreMissing(r.Get(&org, `SELECT name FROM org WHERE id = $1`, c.Org)); err != nil {
				return Posted{}, err
			}
			return post(p, n, c, org), nil
		}
	}
	return Posted{}, store.ErrNotFound
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

func post(p *Procedure, n Notice, c *Case, org string) Posted {
	out := Posted{No: c.No, Title: c.Title, Kind: n.Kind, Procedure: p.Title, Clause: n.Plan.ID, OrgName: org, Since: c.Since, DueAt: c.DueAt, DueYear: c.DueYear}
	var values map[string]any
	if json.Unmarshal([]byte(c.Form), &values) != nil {
		values = nil
	}
	for _, name := range n.Fields {
		f, ok := p.field(name)
		if v := values[name]; ok && v != nil && !f.Secret {
			out.Items = append(out.Items, Item{Label: f.Label, Value: shown(f, v), Clause: f.Plan.ID})
		}
	}
	for _, paper := range p.Papers {
		if has(n.Papers, paper.Kind) && (len(paper.In) == 0 || has(paper.In, c.State)) {
			out.Papers = append(out.Papers, paper)
		}
	}
	return out
}

// shown is a field's value as people read it.
func shown(f Field, v any) string {
	label := func(s string) string {
		for _, o := range f.Options {
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
