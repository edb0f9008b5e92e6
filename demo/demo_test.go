package demo

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"testing"

	"pado/domain/governance/ingest/pipeline"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// The same seed gives the same bytes, today and in every later version: the digests are on record.
func TestTheSameSeedGivesTheSameBytes(t *testing.T) {
	a, err := Generate(Seed, 2000)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Generate(Seed, 2000)
	if err != nil {
		t.Fatal(err)
	}
	other, err := Generate(Seed+1, 2000)
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, name := range a.Names() {
		x, y, z := a.Files[name], b.Files[name], other.Files[name]
		if sha256.Sum256(x) != sha256.Sum256(y) {
			t.Errorf("%s: two runs of one seed differ", name)
		}
		if sha256.Sum256(x) == sha256.Sum256(z) && name != "air" && name != "census" {
			t.Errorf("%s: two seeds give the same", name)
		}
		sum := sha256.Sum256(x)
		got += fmt.Sprintf("%s %d %s\n", name, len(x), hex.EncodeToString(sum[:8]))
	}
	const golden = "testdata/bytes.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || string(want) != got {
		t.Errorf("the made-up city is another one now:\n%swas:\n%s%v", got, want, err)
	}
}

func TestThePipelinesAreDeclarations(t *testing.T) {
	for _, name := range []string{"persons", "visits", "firms", "water", "power", "heat"} {
		if _, err := pipeline.Decode([]byte(declaration(name))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
