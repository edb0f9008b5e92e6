package guard

import (
	"fmt"
	"os"
	"sort"
	"strings"
	"testing"

	"pado/domain/sandbox/guard/ast"
)

// withoutHaving removes the engine-side pre-threshold, so that small tables show all cells.
func withoutHaving(q ast.Query) ast.Query {
	s := *(q.(*ast.Select))
	s.Having = nil
	return &s
}

// golden compares named texts with a file of them, or writes it with -update.
func golden(t *testing.T, path string, got map[string]string) {
	t.Helper()
	names := make([]string, 0, len(got))
	for n := range got {
		names = append(names, n)
	}
	sort.Strings(names)
	var b strings.Builder
	for _, n := range names {
		fmt.Fprintf(&b, "== %s\n%s\n", n, got[n])
	}
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	a, w := strings.Split(b.String(), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(a), len(w)) {
		x, y := "", ""
		if i < len(a) {
			x = a[i]
		}
		if i < len(w) {
			y = w[i]
		}
		if x != y {
			t.Fatalf("%s, line %d (run with -update and review):\ngot  %s\nwant %s", path, i+1, x, y)
		}
	}
}
