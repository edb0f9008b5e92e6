package plan

import (
	"os"
	"path/filepath"
	"testing"
)

// shared reads a reference file that lies beside the project and is never
// committed. Where it is missing the test that needs it is skipped.
func shared(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "shared", filepath.FromSlash(name)))
	if err != nil {
		t.Skipf("the reference file %s is not beside the project, so nothing can be compared with it", name)
	}
	return string(raw)
}
