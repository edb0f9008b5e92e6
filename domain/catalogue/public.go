package catalogue

import (
	"errors"

	"pado/core/store"
)

// Public finds published items with their information items, for the open read interfaces (clause
// 7.2b), and how many there are. Without an index it lists them newest first and finds nothing by text.
func Public(r *store.ReadTx, q Question) ([]Item, Answer, error) {
	q.All, q.Sees = false, nil
	a, err := Find(r, q)
	if errors.Is(err, ErrNoIndex) {
		a = Answer{Counts: map[string]map[string]int{}}
		if q.Text == "" && len(q.Facets) == 0 {
			if err := r.Get(&a.Total, `SELECT COUNT(*) FROM catalogue_item WHERE state = 'published'`); err != nil {
				return nil, a, err
			}
			if err := r.Select(&a.Items, `SELECT id FROM catalogue_item WHERE state = 'published' ORDER BY id DESC LIMIT $1 OFFSET $2`, q.Size, q.Offset); err != nil {
				return nil, a, err
			}
		}
	} else if err != nil {
		return nil, a, err
	}
	var out []Item
	for _, id := range a.Items {
		it, err := ByID(r, id)
		if err != nil {
			return nil, a, err
		}
		out = append(out, it)
	}
	return out, a, nil
}

// PublicByCode reads a published item by its code or id; store.ErrNotFound for any other.
func PublicByCode(r *store.ReadTx, no string) (Item, error) {
	var id string
	if err := r.Get(&id, `SELECT id FROM catalogue_item WHERE (id = $1 OR code = $1) AND state = 'published'`, no); err != nil {
		return Item{}, err
	}
	return ByID(r, id)
}

// Notes is the public documentation of an item's fields by name: the source's words and its public answers.
func Notes(r *store.ReadTx, it Item) (map[string]string, error) {
	notes, _, err := answered(r, it, false)
	if err != nil {
		return nil, err
	}
	for _, f := range it.Fields {
		switch {
		case f.Note == "":
		case notes[f.Name] == "":
			notes[f.Name] = f.Note
		default:
			notes[f.Name] = f.Note + "；" + notes[f.Name]
		}
	}
	return notes, nil
}
