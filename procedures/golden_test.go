package procedures_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"pado/core/procedure"
)

// Shared by all tests of this package.
var (
	update = flag.Bool("update", false, "rewrite the golden files under testdata")
	ctx    = context.Background()
)

// matrix compares the whole of each declaration with its committed text.
func matrix(t *testing.T, list ...*procedure.Procedure) {
	t.Helper()
	for _, p := range list {
		name := filepath.Join("testdata", "matrix", p.ID+".golden")
		got := p.Matrix()
		if *update {
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(name)
		if err != nil || string(want) != got {
			t.Errorf("%s differs (%v); look at the change and run the test with -update\n%s", name, err, got)
		}
	}
}
