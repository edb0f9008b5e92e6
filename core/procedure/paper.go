package procedure

import (
	"context"
	"errors"

	"pado/core/audit"
	"pado/core/docs"
	"pado/core/store"
	"pado/plan"
)

// Paper is a document that can be drawn from a case: decision, notice, receipt, report.
type Paper struct {
	Kind  string // stable, part of its address
	Title string
	Plan  plan.Clause
	In    []string // states it exists in; empty = all
	Draw  func(*Ctx) (docs.Document, error)
}

// Paper draws a document of a case the actor may see and writes the read into the log.
func (e *Engine) Paper(ctx context.Context, a Actor, no, kind string) (docs.Document, error) {
	var d docs.Document
	_, err := e.db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		c, p, err := e.visible(&w.ReadTx, a, no)
		if err != nil {
			return audit.Entry{}, err
		}
		for _, paper := range p.Papers {
			if paper.Kind != kind || (len(paper.In) > 0 && !has(paper.In, c.State)) {
				continue
			}
			t, err := e.txn(w, c, p, a, Desk{})
			if err != nil {
				return audit.Entry{}, err
			}
			if d, err = paper.Draw(t.Ctx); err != nil {
				return audit.Entry{}, err
			}
			return audit.Entry{Type: "case.paper", Actor: a.Person, Object: no, Version: c.Revision, Action: "draw." + kind,
				Clause: paper.Plan.ID, Result: audit.Done}, nil
		}
		return audit.Entry{}, store.ErrNotFound
	})
	if errors.Is(err, store.ErrNotFound) {
		return d, e.refused(ctx, a, store.ErrNotFound, "case.paper", no, "draw")
	}
	return d, err
}
