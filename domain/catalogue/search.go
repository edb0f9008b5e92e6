package catalogue

import (
	"errors"
	"fmt"
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

// Search finds published items: by the index, best first, or by title where nothing is asked for.
func Search(r *store.ReadTx, f Filter) ([]Item, error) {
	if f.Limit <= 0 || f.Limit > 200 {
		f.Limit = 50
	}
	if strings.TrimSpace(f.Text) != "" {
		out, err := searchIndex(r, f)
		if !errors.Is(err, ErrNoIndex) {
			return out, err
		}
	}
	like := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.TrimSpace(f.Text)) + "%"
	sql := `SELECT ` + itemColumns + ` FROM catalogue_item i WHERE state = 'published' AND (title LIKE $1 ESCAPE '\' OR code LIKE $2 ESCAPE '\')`
	args := []any{like, like}
	if f.Authorise {
		sql += ` AND authorisable <> 'no'`
	}
	if f.SourceOrg != "" {
		args = append(args, f.SourceOrg)
		sql += ` AND source_org = $3`
	}
	args = append(args, f.Limit)
	var out []Item
	return out, r.Select(&out, sql+fmt.Sprintf(` ORDER BY title, id LIMIT $%d`, len(args)), args...)
}

func searchIndex(r *store.ReadTx, f Filter) ([]Item, error) {
	q := Question{Text: f.Text, Size: f.Limit, Facets: map[string]string{"source": f.SourceOrg, "state": StatePublished}}
	var ids []string
	for _, yes := range []string{AuthoriseYes, AuthoriseSome} {
		if f.Authorise {
			q.Facets["authorise"] = yes
		}
		got, err := Find(r, q)
		if err != nil {
			return nil, err
		}
		if ids = append(ids, got.Items...); !f.Authorise {
			break
		}
	}
	var out []Item
	for _, id := range ids[:min(len(ids), f.Limit)] {
		it, err := ByID(r, id)
		if err != nil {
			return nil, err
		}
		out = append(out, it)
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
		"catalogue_item_fields": func(r *store.ReadTx, _ procedure.Actor, q string) (out []procedure.Option, err error) {
			like := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.TrimSpace(q)) + "%"
			return out, r.Select(&out, `SELECT f.name AS value, i.title || '：' || f.label || '（' || f.name || '）' AS label FROM catalogue_field f
				JOIN catalogue_item i ON i.id = f.item AND i.state = 'published' WHERE i.id = $1 OR i.title LIKE $2 ESCAPE '\' OR f.label LIKE $2 ESCAPE '\' OR f.name LIKE $2 ESCAPE '\'
				ORDER BY i.title, f.n LIMIT 200`, q, like)
		},
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
