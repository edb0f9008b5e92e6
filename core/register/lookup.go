package register

import (
	"fmt"
	"strconv"
	"strings"

	"pado/core/procedure"
	"pado/core/store"
)

// lookUp reads the page that the noun's index answers with. done is false when the list has to be
// read the ordinary way: there is no index, or nothing was asked for; the counts hold either way.
func (g *Register) lookUp(r *store.ReadTx, a procedure.Actor, q Query, from *position) (Page, bool, error) {
	asked := q.Text != ""
	for k, v := range q.Filters {
		if _, ok := g.filter(k); !ok {
			return Page{}, false, ErrQuery
		}
		asked = asked || v != ""
	}
	offset := int64(0)
	if from != nil {
		n, ok := from.At.(int64)
		if asked && (!ok || n < 0 || n > 1<<40 || from.Key != foundKey) {
			return Page{}, false, ErrQuery
		}
		offset = n
	}
	found, err := g.Lookup(r, a, q, int(offset))
	if err != nil || !found.Ready {
		return Page{}, false, err
	}
	p := Page{Total: found.Total, Count: found.Count}
	if !asked {
		return p, false, nil
	}
	if p.Rows, err = g.rowsOf(r, a, found.Keys); err != nil {
		return p, true, err
	}
	if next := offset + int64(len(found.Keys)); len(found.Keys) > 0 && next < int64(found.Total) {
		p.Next, err = position{next, foundKey}.cursor()
	}
	return p, true, err
}

// Choice is one value of a filter, with the number of rows that have it where the noun has an index.
type Choice struct {
	Value string `json:"value"`
	Label string `json:"label"`
	Count *int   `json:"count,omitempty" doc:"其他条件之下的记录数，有索引的台账才有"`
}

// Choices are the values of a filter as the page counted them: those declared, or, for a filter that
// declares none, those that were found.
func (p Page) Choices(f Filter) []Choice {
	count, counted := p.Count[f.Key]
	by := map[string]int{}
	out := []Choice{}
	for _, c := range count {
		by[c.Value] = c.Rows
		if len(f.Options) == 0 {
			out = append(out, Choice{c.Value, c.Label, &c.Rows})
		}
	}
	for _, o := range f.Options {
		x := Choice{Value: o.Value, Label: o.Label}
		if counted {
			n := by[o.Value]
			x.Count = &n
		}
		out = append(out, x)
	}
	return out
}

// foundKey marks a cursor that counts what an index found.
const foundKey = "#"

// rowsOf reads rows by their keys, in the order given, as far as the actor may see them.
func (g *Register) rowsOf(r *store.ReadTx, a procedure.Actor, keys []string) ([]Row, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	var args []any
	arg := func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	}
	where := "1 = 1"
	if g.Visible != nil {
		where = "(" + g.Visible(a, arg) + ")"
	}
	in := make([]string, len(keys))
	for i, k := range keys {
		in[i] = arg(k)
	}
	cols := []string{g.Key}
	for _, c := range g.Columns {
		cols = append(cols, g.Cells[c.Key])
	}
	by := map[string]Row{}
	err := r.Each("SELECT "+strings.Join(cols, ", ")+" FROM "+g.From+" WHERE "+where+" AND "+g.Key+" IN ("+strings.Join(in, ",")+")", args,
		func(scan func(...any) error) error {
			vals, ptr := make([]any, len(cols)), make([]any, len(cols))
			for i := range vals {
				ptr[i] = &vals[i]
			}
			if err := scan(ptr...); err != nil {
				return err
			}
			row := Row{Key: fmt.Sprint(text(vals[0])), Cells: map[string]any{}}
			for i, c := range g.Columns {
				row.Cells[c.Key] = cell(c, vals[i+1])
			}
			by[row.Key] = row
			return nil
		})
	var out []Row
	for _, k := range keys {
		if row, ok := by[k]; ok {
			out = append(out, row)
		}
	}
	return out, err
}
