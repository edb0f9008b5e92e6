package procedures_test

import (
	"testing"

	"pado/procedures"
)

// TestOnePrefixOneProcedure: a case number says by its letters which procedure it belongs to.
func TestOnePrefixOneProcedure(t *testing.T) {
	by := map[string]string{}
	for _, p := range procedures.All() {
		if first, twice := by[p.Prefix]; twice {
			t.Errorf("%s is the prefix of %s and of %s", p.Prefix, first, p.ID)
		}
		by[p.Prefix] = p.ID
	}
}
