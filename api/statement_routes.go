package api

import (
	"context"
	"io"
	"path/filepath"
	"strings"

	"pado/core/audit"
	"pado/core/docs"
	"pado/core/store"
	"pado/domain/settlement"
)

// StatementRoutes adds the printed statements (对账单) for Deps.More. A statement is there for its
// customer, its operator and the bodies that watch over settlement; the read is an entry.
func StatementRoutes(a *API) {
	type in struct {
		ID   string `path:"id" maxLength:"40"`
		File string `path:"file" maxLength:"20"`
	}
	Route(a, Op("statement", "GET", "/api/statements/{id}/{file}", "对账单（statement.html、pdf、docx、xlsx）", "价格与结算"), func(ctx context.Context, in *in) (*bytesOut, error) {
		actor, err := a.Who(ctx)
		if err != nil {
			return nil, err
		}
		ext := filepath.Ext(in.File)
		if strings.TrimSuffix(in.File, ext) != "statement" {
			return nil, errNotFound
		}
		var s settlement.Statement
		var d docs.Document
		if _, err := a.Engine.DB().Update(ctx, func(w *store.Tx) (audit.Entry, error) {
			if s, err = settlement.StatementByID(&w.ReadTx, in.ID); err != nil {
				return audit.Entry{}, err
			}
			if err := s.May(actor); err != nil {
				return audit.Entry{}, err
			}
			if d, err = s.Paper(&w.ReadTx); err != nil {
				return audit.Entry{}, err
			}
			return audit.Entry{Type: "settlement.read", Actor: actor.Person, Object: s.ID, Action: "draw", Clause: "6.2.5", Result: audit.Done}, nil
		}); err != nil {
			return nil, err
		}
		if ext != ".xlsx" {
			return document(d, ext)
		}
		sheet, err := s.Sheet()
		if err != nil {
			return nil, err
		}
		return stream(s.ID+".xlsx", attachable[".xlsx"], true, func(w io.Writer) error { return docs.XLSX(w, sheet) }), nil
	})
}
