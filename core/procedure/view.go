package procedure

import (
	"context"
	"encoding/json"
	"errors"

	"pado/core/audit"
	"pado/core/store"
)

// Section is a part of a case or record page, drawn as data by every face.
type Section struct {
	Kind    string           `json:"kind"` // fields, table, keyvalues, difference, document, chart, panel
	Title   string           `json:"title"`
	Clause  string           `json:"clause,omitempty"`
	Fields  []string         `json:"fields,omitempty"`
	Columns []Column         `json:"columns,omitempty"`
	Rows    []map[string]any `json:"rows,omitempty"`
	Items   []Item           `json:"items,omitempty"`
	Panel   string           `json:"panel,omitempty"`
	Note    string           `json:"note,omitempty"`
}

// Column of a table or register.
type Column struct {
	Key     string `json:"key"`
	Label   string `json:"label"`
	Kind    string `json:"kind"` // text, money, int, date, datetime, tag, code, percent, link
	Align   string `json:"align,omitempty"`
	Width   int    `json:"width,omitempty"`
	Primary bool   `json:"primary,omitempty"`
}

// Item is one line of key values.
type Item struct {
	Label  string `json:"label"`
	Value  any    `json:"value"`
	Clause string `json:"clause,omitempty"`
}

// Party is an organisation in its role.
type Party struct {
	Role    Role
	Org     string
	OrgName string
}

// CaseView is everything the case page shows to one actor.
type CaseView struct {
	Case      *Case
	Procedure *Procedure
	Fields    []Field // of the form, with the names of the records it points to
	Parties   []Party
	Events    []Event
	Files     []Attachment
	Offers    []Offer
	Chain     *ChainState
	Stages    []Stage
	Sections  []Section
	Draft     string
	DraftAt   store.Time
	Org       string // name of the organisation that started it
	Elapsed   int    // working days in the present state; −1 = not countable
	Left      int    // working days left; meaningless without a limit
	// Supervised: the actor sees it only as the body that supervises; what is personal, sealed or
	// internal is not in it.
	Supervised bool
}

// View reads a case for an actor; store.ErrNotFound when it is not there or not theirs.
func (e *Engine) View(ctx context.Context, a Actor, no string) (*CaseView, error) {
	var v *CaseView
	err := e.db.View(ctx, func(r *store.ReadTx) error {
		c, p, only, err := e.overseen(r, a, no)
		if err != nil {
			return err
		}
		v, err = e.view(r, a, c, p, only)
		return err
	})
	if errors.Is(err, store.ErrNotFound) && v == nil {
		return nil, e.refused(ctx, a, store.ErrNotFound, "case.read", no, "read")
	}
	return v, err
}

func (e *Engine) view(r *store.ReadTx, a Actor, c *Case, p *Procedure, only bool) (*CaseView, error) {
	ctx, err := e.context(r, c, a)
	if err != nil {
		return nil, err
	}
	t := &txn{Ctx: ctx, e: e, p: p, before: c.Form}
	v := &CaseView{Case: c, Procedure: p, Elapsed: t.elapsed()}
	if !c.DueAt.IsZero() {
		if n, err := ctx.Calendar().Between(ctx.Today(), dueDate(c.DueAt.Time)); err == nil {
			v.Left = int(n)
		}
	}
	for _, q := range []func() error{
		func() error {
			return r.Select(&v.Parties, `SELECT cp.role, cp.org, o.name AS org_name FROM case_party cp JOIN org o ON o.id = cp.org WHERE cp.case_no = $1 ORDER BY cp.role, o.name`, c.No)
		},
		func() error {
			return r.Select(&v.Events, `SELECT `+eventColumns+`, -1 AS seq FROM case_event WHERE case_no = $1 ORDER BY n`, c.No)
		},
		func() error {
			return r.Select(&v.Files, `SELECT `+attachmentColumns+` FROM attachment WHERE case_no = $1 ORDER BY event_n, name`, c.No)
		},
		func() error {
			var d struct {
				Form string
				At   store.Time
			}
			err := r.Get(&d, `SELECT form, at FROM case_draft WHERE case_no = $1 AND person = $2`, c.No, a.Person)
			v.Draft, v.DraftAt = d.Form, d.At
			return ignoreMissing(err)
		},
		func() error {
			return ignoreMissing(r.Get(&v.Org, `SELECT name FROM org WHERE id = $1`, c.Org))
		},
		func() (err error) { v.Chain, v.Stages, err = t.pending(); return ignoreMissing(err) },
		func() (err error) { v.Offers, err = t.offers(); return err },
		func() error { return t.sections(v) },
		func() error { return v.leaves(r) },
		func() error { return v.names(e, r) },
	} {
		if err := q(); err != nil {
			return nil, err
		}
	}
	if only {
		return v, v.veil(t)
	}
	return v, nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// leaves looks up where each event stands in the log.
func (v *CaseView) leaves(r *store.ReadTx) error {
	var rows []struct {
		Seq  int64
		Body []byte
	}
	if err := r.Select(&rows, `SELECT seq, body FROM audit_leaf WHERE object = $1 AND result = $2 AND body IS NOT NULL ORDER BY seq`, v.Case.No, audit.Done); err != nil {
		return err
	}
	for _, row := range rows {
		var b struct {
			Version string            `json:"version"`
			Detail  map[string]string `json:"detail"`
		}
		if json.Unmarshal(row.Body, &b) != nil || b.Detail["n"] == "" {
			continue
		}
		for i := range v.Events {
			if jsonText(v.Events[i].N) == b.Detail["n"] {
				v.Events[i].Seq = row.Seq
			}
		}
	}
	return nil
}

// fieldSections are the headings of the form with the fields under each.
func (t *txn) fieldSections(v *CaseView) {
	var order []string
	byName := map[string][]string{}
	for _, f := range t.p.Form.Fields {
		s := f.Section
		if s == "" {
			s = "申报内容"
		}
		if !has(order, s) {
			order = append(order, s)
		}
		byName[s] = append(byName[s], f.Name)
	}
	for _, s := range order {
		v.Sections = append(v.Sections, Section{Kind: "fields", Title: s, Fields: byName[s]})
	}
}

func (t *txn) sections(v *CaseView) error {
	t.fieldSections(v)
	for _, w := range t.p.Views {
		if len(w.In) > 0 && !has(w.In, t.Case.State) {
			continue
		}
		s, err := w.Draw(t.Ctx)
		if err != nil {
			return err
		}
		if s.Kind == "" {
			continue
		}
		s.Title, s.Clause = w.Title, w.Plan.ID
		v.Sections = append(v.Sections, s)
	}
	return nil
}
