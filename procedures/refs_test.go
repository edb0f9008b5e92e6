package procedures

import (
	"testing"

	"pado/core/procedure"
	"pado/core/store"
	"pado/core/store/storetest"
)

// TestEveryReferenceHasAName: whatever a form picks from a list is shown by name, and the query
// that finds the name runs on both engines.
func TestEveryReferenceHasAName(t *testing.T) {
	var walk func(where string, fields []procedure.Field)
	walk = func(where string, fields []procedure.Field) {
		for _, f := range fields {
			walk(where+"."+f.Name, f.Rows)
			if f.Source != "" && f.Kind != procedure.File && nameBy[f.Source] == "" && !saysItself[f.Source] && f.Source != "chain_procedures" {
				t.Errorf("%s.%s picks from %s, whose keys have no names", where, f.Name, f.Source)
			}
		}
	}
	for _, p := range All() {
		walk(p.ID, p.Form.Fields)
		for _, s := range p.Steps {
			walk(p.ID+"/"+s.Do, s.Input)
		}
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		if err := db.View(t.Context(), func(r *store.ReadTx) error {
			for list := range nameBy {
				for _, c := range []*procedure.Case{{}, {Procedure: "p04_chain", State: "set"}} {
					if name, err := NameOf(r, c, list, "nobody"); err != nil || name != "" {
						t.Errorf("%s: %q %v", list, name, err)
					}
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	})
	db := storetest.Open(t, store.SQLite, nil)
	if err := db.View(t.Context(), func(r *store.ReadTx) error {
		if name, err := NameOf(r, &procedure.Case{}, "chain_procedures", "p04_chain"); name != "内部审签设置" || err != nil {
			t.Errorf("%q %v", name, err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
