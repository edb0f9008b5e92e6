package api

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"

	"pado/core/audit"
	"pado/core/docs"
	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
)

// RegisterRow is a register in the list of registers.
type RegisterRow struct {
	ID     string     `json:"id"`
	Title  string     `json:"title"`
	Group  string     `json:"group"`
	Clause *ClauseRef `json:"clause"`
}

// RegisterPage is one page of a register.
type RegisterPage struct {
	RegisterRow
	Columns []procedure.Column `json:"columns"`
	Filters []FilterWire       `json:"filters"`
	Rows    []register.Row     `json:"rows"`
	Next    string             `json:"next,omitempty"`
	Total   int                `json:"total"`
	Items   bool               `json:"items"` // rows have pages
}

// FilterWire is a filter with its choices.
type FilterWire struct {
	Key     string            `json:"key"`
	Label   string            `json:"label"`
	Options []register.Choice `json:"options"`
}

// ItemWire is the page of one record.
type ItemWire struct {
	Title    string              `json:"title"`
	Subtitle string              `json:"subtitle,omitempty"`
	Clause   *ClauseRef          `json:"clause"`
	Sections []procedure.Section `json:"sections"`
	Cases    []RowWire           `json:"cases"`
	Starts   []register.Start    `json:"starts"`
}

func registerRow(g *register.Register) RegisterRow {
	return RegisterRow{g.ID, g.Title, g.Group, clauseRef(g.Plan.ID)}
}

type registerIn struct {
	ID     string `path:"id" maxLength:"60"`
	Q      string `query:"q" maxLength:"100"`
	Cursor string `query:"cursor" maxLength:"2000"`
	Size   int    `query:"size" minimum:"0" maximum:"100"`
}

// filters reads the filter.x parameters of the request.
func filters(ctx context.Context) map[string]string {
	out := map[string]string{}
	r, ok := ctx.Value(keyRequest).(*http.Request)
	if !ok {
		return out
	}
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return out
	}
	for k, v := range q {
		if name, ok := strings.CutPrefix(k, "filter."); ok && len(v) > 0 {
			out[name] = v[0]
		}
	}
	return out
}

func (a *API) registerRoutes() {
	type listOut struct {
		Body struct {
			Items []RegisterRow `json:"items"`
		}
	}
	Route(a, op("list-registers", "GET", "/api/registers", "台账种类", "台账", true), func(ctx context.Context, _ *empty) (*listOut, error) {
		actor, err := a.who(ctx)
		if err != nil {
			return nil, err
		}
		var out listOut
		for _, g := range a.Registers {
			if g.May(actor) {
				out.Body.Items = append(out.Body.Items, registerRow(g))
			}
		}
		return &out, nil
	})
	type pageOut struct{ Body RegisterPage }
	Route(a, op("read-register", "GET", "/api/registers/{id}", "台账（另以 filter.字段=值 筛选）", "台账", true), func(ctx context.Context, in *registerIn) (*pageOut, error) {
		g, page, err := a.page(ctx, in, in.Size)
		if err != nil {
			return nil, err
		}
		w := RegisterPage{RegisterRow: registerRow(g), Columns: g.Columns, Filters: []FilterWire{}, Rows: page.Rows, Next: page.Next, Total: page.Total, Items: g.Item != nil}
		if w.Rows == nil {
			w.Rows = []register.Row{}
		}
		for _, f := range g.Filters {
			w.Filters = append(w.Filters, FilterWire{f.Key, f.Label, page.Choices(f)})
		}
		return &pageOut{w}, nil
	})
	Route(a, op("export-register", "GET", "/api/registers/{id}/export.xlsx", "导出台账（按当前筛选，留痕）", "台账", true), func(ctx context.Context, in *registerIn) (*bytesOut, error) {
		return a.export(ctx, in)
	})
	type itemIn struct {
		ID  string `path:"id" maxLength:"60"`
		Key string `path:"key" maxLength:"120"`
	}
	type itemOut struct{ Body ItemWire }
	Route(a, op("read-item", "GET", "/api/registers/{id}/items/{key}", "台账的一条记录", "台账", true), func(ctx context.Context, in *itemIn) (*itemOut, error) {
		actor, err := a.who(ctx)
		if err != nil {
			return nil, err
		}
		g, ok := a.registers[in.ID]
		if !ok || g.Item == nil || !g.May(actor) {
			return nil, errNotFound
		}
		w := ItemWire{Clause: clauseRef(g.Plan.ID), Cases: []RowWire{}, Starts: []register.Start{}, Sections: []procedure.Section{}}
		err = a.Engine.DB().View(ctx, func(r *store.ReadTx) error {
			// What the list does not show this actor has no page for it either.
			seen, err := g.List(r, actor, register.Query{Key: in.Key, Size: 1})
			if err != nil {
				return err
			}
			if len(seen.Rows) != 1 {
				return errNotFound
			}
			it, err := g.Item(r, actor, in.Key)
			if err != nil {
				return err
			}
			w.Title, w.Subtitle = it.Title, it.Subtitle
			w.Sections = append(w.Sections, it.Sections...)
			rows, err := a.Engine.Rows(r, actor, it.Cases)
			if err != nil {
				return err
			}
			for _, row := range rows {
				w.Cases = append(w.Cases, a.row(row, r.Now()))
			}
			for _, s := range it.Starts {
				open, err := a.Engine.Opening(r, actor, s.Procedure)
				if err != nil {
					return err
				}
				if len(open.Desks) > 0 {
					w.Starts = append(w.Starts, s)
				}
			}
			return nil
		})
		return &itemOut{w}, err
	})
}

func (a *API) page(ctx context.Context, in *registerIn, size int) (*register.Register, register.Page, error) {
	actor, err := a.who(ctx)
	if err != nil {
		return nil, register.Page{}, err
	}
	g, ok := a.registers[in.ID]
	if !ok {
		return nil, register.Page{}, errNotFound
	}
	var page register.Page
	err = a.Engine.DB().View(ctx, func(r *store.ReadTx) error {
		page, err = g.List(r, actor, register.Query{Text: in.Q, Filters: filters(ctx), Cursor: in.Cursor, Size: size})
		return err
	})
	return g, page, err
}

const maxExport = 50000

// export writes the rows of the current filter as a sheet and the export into the log.
func (a *API) export(ctx context.Context, in *registerIn) (*bytesOut, error) {
	actor, err := a.who(ctx)
	if err != nil {
		return nil, err
	}
	var rows []register.Row
	in.Cursor = ""
	var g *register.Register
	for {
		var page register.Page
		if g, page, err = a.page(ctx, in, 1000); err != nil {
			return nil, err
		}
		if page.Total > maxExport {
			return nil, problem(422, "export.too_many", "一次最多导出 50000 行，请缩小筛选范围")
		}
		rows = append(rows, page.Rows...)
		if in.Cursor = page.Next; page.Next == "" {
			break
		}
	}
	if _, err := a.Engine.DB().Update(ctx, func(*store.Tx) (audit.Entry, error) {
		return audit.Entry{Type: "register.export", Actor: actor.Person, Object: g.ID, Action: "export", Clause: g.Plan.ID,
			Detail: map[string]string{"rows": jsonInt(len(rows))}}, nil
	}); err != nil {
		return nil, err
	}
	return stream(g.Title+".xlsx", attachable[".xlsx"], true, func(w io.Writer) error { return docs.XLSX(w, sheet(g, rows)) }), nil
}
