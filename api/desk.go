package api

import (
	"context"
	"fmt"
	"net/url"
	"sort"
	"strconv"
	"strings"

	"pado/core/docs"
	"pado/core/money"
	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
)

// Message is one line of a person's inbox.
type Message struct {
	ID     string     `json:"id"`
	Kind   string     `json:"kind"` // todo or system
	Title  string     `json:"title"`
	Body   string     `json:"body"`
	CaseNo string     `json:"caseNo,omitempty"`
	At     store.Time `json:"at"`
	Read   bool       `json:"read"`
}

// Messages is the inbox; domain/party implements it.
type Messages interface {
	Unread(ctx context.Context, person string) (int, error)
	List(ctx context.Context, person, kind string, unread bool, cursor string) (items []Message, next string, err error)
	MarkRead(ctx context.Context, person, id string) error // id "" = all
}

// Choices answers a list a form picks from, as the actor may see it.
type Choices func(r *store.ReadTx, a procedure.Actor, q string) ([]procedure.Option, error)

// SearchHit is one result of the global search.
type SearchHit struct {
	Kind     string `json:"kind"`
	Title    string `json:"title"`
	Subtitle string `json:"subtitle"`
	Path     string `json:"path"`
}

func (a *API) deskRoutes() {
	type messagesIn struct {
		Kind   string `query:"kind" maxLength:"10"`
		Unread string `query:"unread" maxLength:"1"`
		Cursor string `query:"cursor" maxLength:"80"`
	}
	type messagesOut struct {
		Body struct {
			Items  []Message `json:"items"`
			Next   string    `json:"next,omitempty"`
			Unread int       `json:"unread"`
		}
	}
	Route(a, op("list-messages", "GET", "/api/messages", "消息", "消息", true), func(ctx context.Context, in *messagesIn) (*messagesOut, error) {
		s, err := session(ctx)
		if err != nil {
			return nil, err
		}
		var out messagesOut
		if out.Body.Items, out.Body.Next, err = a.Messages.List(ctx, s.Person, in.Kind, in.Unread == "1", in.Cursor); err != nil {
			return nil, err
		}
		if out.Body.Items == nil {
			out.Body.Items = []Message{}
		}
		out.Body.Unread, err = a.Messages.Unread(ctx, s.Person)
		return &out, err
	})
	type idIn struct {
		ID string `path:"id" maxLength:"60"`
	}
	Route(a, op("read-message", "POST", "/api/messages/{id}/read", "消息标为已读", "消息", true), func(ctx context.Context, in *idIn) (*empty, error) {
		s, err := session(ctx)
		if err != nil {
			return nil, err
		}
		return nil, a.Messages.MarkRead(ctx, s.Person, in.ID)
	})
	Route(a, op("read-messages", "POST", "/api/messages/read", "全部标为已读", "消息", true), func(ctx context.Context, _ *empty) (*empty, error) {
		s, err := session(ctx)
		if err != nil {
			return nil, err
		}
		return nil, a.Messages.MarkRead(ctx, s.Person, "")
	})
	type qIn struct {
		Name string `path:"name" maxLength:"40"`
		Q    string `query:"q" maxLength:"100"`
	}
	type choicesOut struct {
		Body struct {
			Items []procedure.Option `json:"items"`
		}
	}
	Route(a, op("choices", "GET", "/api/choices/{name}", "表单可选项", "事项", true), func(ctx context.Context, in *qIn) (*choicesOut, error) {
		actor, err := a.who(ctx)
		if err != nil {
			return nil, err
		}
		f, ok := a.Choices[in.Name]
		if !ok {
			return nil, errNotFound
		}
		out := choicesOut{}
		err = a.Engine.DB().View(ctx, func(r *store.ReadTx) error {
			out.Body.Items, err = f(r, actor, in.Q)
			return err
		})
		if out.Body.Items == nil {
			out.Body.Items = []procedure.Option{}
		}
		return &out, err
	})
	type searchIn struct {
		Q string `query:"q" maxLength:"100"`
	}
	type searchOut struct {
		Body struct {
			Items []SearchHit `json:"items"`
		}
	}
	Route(a, op("search", "GET", "/api/search", "全局搜索（编号直达）", "事项", true), func(ctx context.Context, in *searchIn) (*searchOut, error) {
		var out searchOut
		var err error
		out.Body.Items, err = a.search(ctx, strings.TrimSpace(in.Q))
		return &out, err
	})
}

func (a *API) search(ctx context.Context, q string) ([]SearchHit, error) {
	hits := []SearchHit{}
	actor, err := a.who(ctx)
	if err != nil || q == "" {
		return hits, err
	}
	page, err := a.Engine.Page(ctx, actor, procedure.Query{Tab: "all", Text: q, Size: 20})
	if err != nil {
		return nil, err
	}
	for _, r := range page.Rows {
		w := a.row(r, page.At)
		hits = append(hits, SearchHit{"case", w.Title, w.No + " · " + w.ProcedureTitle + " · " + w.StateLabel, "/cases/" + w.No})
	}
	ids := make([]string, 0, len(a.registers))
	for id := range a.registers {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	err = a.Engine.DB().View(ctx, func(r *store.ReadTx) error {
		for _, id := range ids {
			g := a.registers[id]
			if !g.May(actor) || len(g.Search) == 0 {
				continue
			}
			found, err := g.List(r, actor, register.Query{Text: q, Size: 5})
			if err != nil {
				return err
			}
			for _, row := range found.Rows {
				title := row.Key
				for _, c := range g.Columns {
					if c.Primary {
						title = fmt.Sprint(row.Cells[c.Key])
					}
				}
				link := "/registers/" + id + "/" + url.PathEscape(row.Key)
				if g.Item == nil {
					link = "/registers/" + id + "?q=" + url.QueryEscape(q)
				}
				hits = append(hits, SearchHit{"record", title, g.Title, link})
			}
		}
		return nil
	})
	return hits, err
}

func jsonInt(n int) string { return strconv.Itoa(n) }

// sheet turns rows of a register into a spreadsheet whose texts are never formulas.
func sheet(g *register.Register, rows []register.Row) docs.Sheet {
	cols := make([]docs.SheetColumn, len(g.Columns))
	for i, c := range g.Columns {
		cols[i] = docs.SheetColumn{Title: c.Label}
	}
	cells := make([][]docs.Cell, len(rows))
	for i, r := range rows {
		cells[i] = make([]docs.Cell, len(g.Columns))
		for j, c := range g.Columns {
			cells[i][j] = sheetCell(c.Kind, r.Cells[c.Key])
		}
	}
	return docs.SheetOf(g.Title, cols, cells)
}

func sheetCell(kind string, v any) docs.Cell {
	switch x := v.(type) {
	case nil:
		return docs.Cell{}
	case int64:
		return docs.CellInt(x)
	case store.Time:
		return docs.CellTime(x.Time)
	case string:
		if kind == "money" {
			if f, err := money.ParseYuan(x); err == nil {
				return docs.CellYuan(f)
			}
		}
		return docs.CellText(x)
	case bool:
		if x {
			return docs.CellText("是")
		}
		return docs.CellText("否")
	}
	return docs.CellText(fmt.Sprint(v))
}
