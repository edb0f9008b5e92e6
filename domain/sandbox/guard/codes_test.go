package guard

import (
	"flag"
	"os"
	"strings"
	"testing"

	"pado/domain/sandbox/guard/refuse"
)

var update = flag.Bool("update", false, "rewrite golden files")

// The published list of codes is a golden text, and every code of the list that a text can
// cause has a file in the deny corpus.
func TestCodes(t *testing.T) {
	const golden = "testdata/guard/codes.md"
	if *update {
		if err := os.WriteFile(golden, []byte(refuse.Markdown()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(golden)
	if err != nil || string(b) != refuse.Markdown() {
		t.Errorf("%s differs from the program (run with -update): %v", golden, err)
	}
	seen := map[string]bool{}
	for _, text := range corpus(t, "deny") {
		first, _, _ := strings.Cut(text, "\n")
		seen[strings.TrimPrefix(first, "-- ")] = true
	}
	// these are not caused by the text of a question alone
	for _, c := range []refuse.Code{refuse.Accuracy, refuse.Budget, refuse.Frozen, refuse.Policy, refuse.SnapshotMismatch, refuse.AllWithheld, refuse.Timeout, refuse.Busy, refuse.EngineFailed,
		refuse.JailMissing, refuse.Internal, refuse.TextEncoding} {
		seen[string(c)] = true
	}
	for _, e := range refuse.All() {
		if !seen[string(e.Code)] {
			t.Errorf("%s: no file in the deny corpus", e.Code)
		}
	}
}
