// Package register is the generic list of nouns (台账): declared columns, filters and one query.
// The API, the screens, the portal and the exports are derived from it. It owns no table.
package register

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"pado/core/money"
	"pado/core/procedure"
	"pado/core/store"
	"pado/plan"
)

// Register declares a list: who may open it, what its rows show, where they come from.
type Register struct {
	ID, Title, Group string
	Plan             plan.Clause
	Columns          []procedure.Column
	Filters          []Filter
	Roles            []procedure.Role  // who may open it; empty = everyone signed in
	Public           bool              // the portal shows it too
	From             string            // SQL after FROM, with joins
	Key              string            // expression of the row's key, e.g. "p.code"
	Cells            map[string]string // column key → SQL expression
	Search           []string          // expressions a search text is looked up in
	Order            string            // expression the list is sorted by, descending with "-" in front, rows without it last; unique together with Key
	// Visible narrows the rows to what the actor may see; it appends to args and returns a
	// condition. nil = all rows.
	Visible func(a procedure.Actor, arg func(any) string) string
	// Lookup answers text and filters from an index of the noun's own; nil, or an answer that is not
	// Ready: the list looks through its Search expressions and filters itself.
	Lookup func(r *store.ReadTx, a procedure.Actor, q Query, offset int) (Found, error)
	// Item draws the page of one row; nil = no page.
	Item func(r *store.ReadTx, a procedure.Actor, key string) (*Item, error)
}

// Filter narrows a list by one column.
type Filter struct {
	Key, Label, Expr string
	Options          []procedure.Option
}

// Found is what an index answers: the keys of one page, best first, how many there are, and for each
// filter how many rows have which value.
type Found struct {
	Ready bool
	Keys  []string
	Total int
	Count map[string][]Count
}

// Count is how many rows have a value of a filter.
type Count struct {
	Value, Label string
	Rows         int
}

// Item is the page of one record.
type Item struct {
	Title, Subtitle string
	Sections        []procedure.Section
	Cases           []string // numbers of cases about it
	Starts          []Start
}

// Start is a procedure that can be started about a record.
type Start struct {
	Procedure string         `json:"procedure"`
	Title     string         `json:"title"`
	Prefill   map[string]any `json:"prefill"`
}

// Query is one page asked for.
type Query struct {
	Text    string
	Filters map[string]string
	Key     string // one row only
	Cursor  string
	Size    int // 1 to 1,000; 0 = 20
}

// Row is one record: its key and its cells by column key.
type Row struct {
	Key   string         `json:"key"`
	Cells map[string]any `json:"cells"`
}

// Page is one page of rows.
type Page struct {
	Rows  []Row
	Next  string
	Total int
	Count map[string][]Count // per filter, where the noun has an index
}

// ErrQuery: a filter, cursor or size that the register does not know.
var ErrQuery = errors.New("the list does not know this filter or page")

// May tells whether the actor may open the register at all.
func (g *Register) May(a procedure.Actor) bool {
	if len(g.Roles) == 0 {
		return true
	}
	for _, r := range g.Roles {
		if a.Has(r) {
			return true
		}
	}
	return false
}

// List reads one page as the actor may see it. store.ErrNotFound when it may not open the list.
func (g *Register) List(r *store.ReadTx, a procedure.Actor, q Query) (Page, error) {
	if !g.May(a) {
		return Page{}, store.ErrNotFound
	}
	if q.Size <= 0 {
		q.Size = 20
	}
	from, err := positionOf(q.Cursor)
	if err != nil || q.Size > 1000 {
		return Page{}, ErrQuery
	}
	var count map[string][]Count
	if g.Lookup != nil && q.Key == "" {
		p, done, err := g.lookUp(r, a, q, from)
		if done || err != nil {
			return p, err
		}
		count = p.Count
	}
	var args []any
	arg := func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	}
	where := []string{"1 = 1"}
	if g.Visible != nil {
		where = append(where, "("+g.Visible(a, arg)+")")
	}
	if q.Key != "" {
		where = append(where, g.Key+" = "+arg(q.Key))
	}
	for k, v := range q.Filters {
		f, ok := g.filter(k)
		if !ok {
			return Page{}, ErrQuery
		}
		if v != "" {
			where = append(where, f.Expr+" = "+arg(v))
		}
	}
	if q.Text != "" && len(g.Search) > 0 {
		like := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(q.Text) + "%"
		var or []string
		for _, e := range g.Search {
			or = append(or, e+" LIKE "+arg(like)+` ESCAPE '\'`)
		}
		where = append(where, "("+strings.Join(or, " OR ")+")")
	}
	cond := " FROM " + g.From + " WHERE " + strings.Join(where, " AND ")
	p := Page{Count: count}
	if err := r.Get(&p.Total, "SELECT COUNT(*)"+cond, args...); err != nil {
		return p, err
	}
	order, beyond, desc := g.Order, " > ", ""
	if d, ok := strings.CutPrefix(order, "-"); ok {
		order, beyond, desc = d, " < ", " DESC"
	}
	if from != nil {
		key := arg(from.Key)
		if from.At == nil {
			cond += " AND " + order + " IS NULL AND " + g.Key + " > " + key
		} else {
			at := arg(from.At)
			cond += " AND (" + order + " IS NULL OR " + order + beyond + at + " OR (" + order + " = " + at + " AND " + g.Key + " > " + key + "))"
		}
	}
	cols := []string{g.Key, order}
	for _, c := range g.Columns {
		cols = append(cols, g.Cells[c.Key])
	}
	var last position
	more := false
	sql := "SELECT " + strings.Join(cols, ", ") + cond + " ORDER BY " + order + " IS NULL, " + order + desc + ", " + g.Key + " LIMIT " + arg(q.Size+1)
	err = r.Each(sql, args, func(scan func(...any) error) error {
		if len(p.Rows) == q.Size {
			more = true
			return nil
		}
		vals := make([]any, len(cols))
		ptr := make([]any, len(cols))
		for i := range vals {
			ptr[i] = &vals[i]
		}
		if err := scan(ptr...); err != nil {
			return err
		}
		last = position{text(vals[1]), text(vals[0])}
		row := Row{Key: fmt.Sprint(last.Key), Cells: map[string]any{}}
		for i, c := range g.Columns {
			row.Cells[c.Key] = cell(c, vals[i+2])
		}
		p.Rows = append(p.Rows, row)
		return nil
	})
	if err == nil && more {
		p.Next, err = last.cursor()
	}
	return p, err
}

func (g *Register) filter(key string) (Filter, bool) {
	for _, f := range g.Filters {
		if f.Key == key {
			return f, true
		}
	}
	return Filter{}, false
}

// position is where a page ended: the last row by what the list is sorted by, and by its key. Rows
// that come or go before it do not move what follows.
type position struct {
	At  any `json:"at"`
	Key any `json:"key"`
}

func (p position) cursor() (string, error) {
	b, err := json.Marshal(p)
	return base64.RawURLEncoding.EncodeToString(b), err
}

func positionOf(cursor string) (*position, error) {
	if cursor == "" {
		return nil, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return nil, err
	}
	var p position
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	if err := dec.Decode(&p); err != nil {
		return nil, err
	}
	for _, v := range []*any{&p.At, &p.Key} {
		switch x := (*v).(type) {
		case json.Number:
			n, err := x.Int64()
			if err != nil {
				return nil, err
			}
			*v = n
		case string, nil:
		default:
			return nil, ErrQuery
		}
	}
	if p.Key == nil {
		return nil, ErrQuery
	}
	return &p, nil
}

func text(v any) any {
	if b, ok := v.([]byte); ok {
		return string(b)
	}
	return v
}

// cell turns what the database holds into what the wire carries: money as 元, instants as RFC 3339.
func cell(c procedure.Column, v any) any {
	v = text(v)
	switch c.Kind {
	case "money":
		if n, ok := v.(int64); ok {
			return money.Fen(n).Yuan()
		}
	case "datetime":
		if n, ok := v.(int64); ok {
			var t store.Time
			if t.Scan(n) == nil {
				return t
			}
		}
	}
	return v
}

// Check finds mistakes of a declaration before the port opens.
func (g *Register) Check() error {
	if g.ID == "" || g.Title == "" || g.Plan.ID == "" || g.From == "" || g.Key == "" || g.Order == "" {
		return fmt.Errorf("register %q lacks a title, clause, source, key or order", g.ID)
	}
	for _, c := range g.Columns {
		if g.Cells[c.Key] == "" {
			return fmt.Errorf("register %s: column %s has no expression", g.ID, c.Key)
		}
	}
	plan.Mark(g.Plan, "page", "register/"+g.ID)
	return nil
}
