package catalogue

import (
	"strings"

	"pado/core/procedure"
	"pado/core/store"
)

// Filter narrows a search; empty fields match everything.
type Filter struct {
	Text      string // title, code, abstract or the name of an information item
	SourceOrg string
	Authorise bool // only items that may be authorised
	Limit     int  // 1 to 200; 0 = 50
}

// Search finds published items, by title.
func Search(r *store.ReadTx, f Filter) ([]Item, error) {
	if f.Limit <= 0 || f.Limit > 200 {
		f.Limit = 50
	}
	like := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.TrimSpace(f.Text)) + "%"
	sql := `SELECT ` + itemColumns + ` FROM catalogue_item i WHERE state = 'published' AND (title LIKE $1 ESCAPE '\' OR code LIKE $2 ESCAPE '\' OR abstract LIKE $3 ESCAPE '\'
		OR EXISTS (SELECT 1 FROM catalogue_field f WHERE f.item = i.id AND (f.label LIKE $4 ESCAPE '\' OR f.name LIKE $5 ESCAPE '\')))`
	args := []any{like, like, like, like, like}
	if f.Authorise {
		sql += ` AND authorisable <> 'no'`
	}
	if f.SourceOrg != "" {
		args = append(args, f.SourceOrg)
		sql += ` AND source_org = $6`
	}
	var out []Item
	if err := r.Select(&out, sql+` ORDER BY title, id`, args...); err != nil {
		return nil, err
	}
	if len(out) > f.Limit {
		out = out[:f.Limit]
	}
	return out, nil
}

// Choices are the lists that forms pick items from: "catalogue" of all published items,
// "catalogue_own" of the actor's own source departments, "catalogue_authorisable" of those that
// may be authorised.
func Choices() map[string]func(*store.ReadTx, procedure.Actor, string) ([]procedure.Option, error) {
	pick := func(authorise bool) func(*store.ReadTx, procedure.Actor, string) ([]procedure.Option, error) {
		return func(r *store.ReadTx, _ procedure.Actor, q string) ([]procedure.Option, error) {
			return offered(r, Filter{Text: q, Authorise: authorise}, nil)
		}
	}
	return map[string]func(*store.ReadTx, procedure.Actor, string) ([]procedure.Option, error){
		"catalogue": pick(false), "catalogue_authorisable": pick(true),
		"catalogue_own": func(r *store.ReadTx, a procedure.Actor, q string) ([]procedure.Option, error) {
			var out []procedure.Option
			for _, d := range a.Desks {
				if d.Role != "source" {
					continue
				}
				var err error
				if out, err = offered(r, Filter{Text: q, SourceOrg: d.Org}, out); err != nil {
					return nil, err
				}
			}
			return out, nil
		},
	}
}

func offered(r *store.ReadTx, f Filter, out []procedure.Option) ([]procedure.Option, error) {
	items, err := Search(r, f)
	for _, it := range items {
		out = append(out, procedure.Option{Value: it.ID, Label: it.Title + " " + it.Code})
	}
	return out, err
}
