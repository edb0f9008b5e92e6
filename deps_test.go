package pado_test

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// rule forbids packages below From to import packages below To, but for those in Except.
type rule struct {
	From, To string
	Except   []string // packages (or folders ending in /) that may
	Because  string
}

// rules are the layers of docs/ARCHITECTURE.md with the reason of each. A path with the prefix
// pado/ is ours; anything else is a module or a standard package.
var rules = []rule{
	{"pado/plan", "pado/", nil, "the plan stands below everything: whoever cites it must not be needed by it"},
	{"pado/core/", "pado/domain/", nil, "the core knows no noun of the plan"},
	{"pado/core/", "pado/procedures", nil, "the engine runs declarations, it does not contain them"},
	{"pado/core/", "pado/api", nil, "faces stand above"},
	{"pado/domain/", "pado/procedures", nil, "rules that cross nouns live above the nouns"},
	{"pado/domain/", "pado/api", nil, "faces stand above"},
	{"pado/domain/", "net/http", nil, "a noun does not know how it is asked"},
	{"pado/procedures", "pado/api", nil, "the plan in code does not know how it is shown"},
	{"pado/procedures", "net/http", nil, "the plan in code does not know how it is asked"},
	{"pado/portal", "pado/domain/sandbox", nil, "the public face cannot even reach the sandbox"},
	{"pado/portal", "pado/domain/governance", nil, "the public face cannot even reach the raw zone"},
	{"pado/core/audit/verify", "pado/", nil, "the verifier shares no code with the writer"},
	{"pado/core/audit", "pado/core/store", nil, "the log's arithmetic is pure"},
	{"pado/", "database/sql", []string{"pado/core/store/", "pado/domain/governance/ingest/", "pado/domain/sandbox/guard/", "pado/cmd/"},
		"one door to the records; DuckDB is reached through the same interface in its two rooms"},
	{"pado/domain/ledger", "pado/domain/", []string{}, "the ledger knows accounts and postings, no other noun"},
}

// nouns that may import another noun, and why. Everything else that joins nouns is in procedures.
var nounToNoun = map[string]string{
	"pado/domain/governance -> pado/domain/governance/":          "its own rooms",
	"pado/domain/gatewayfeed -> pado/domain/gateway":             "it feeds the hot path",
	"pado/domain/settlement -> pado/domain/ledger":               "a settlement is postings",
	"pado/domain/sandbox -> pado/domain/permit":                  "permit is the one place every use asks",
	"pado/domain/gatewayfeed -> pado/domain/permit":              "permit is the one place every use asks",
	"pado/domain/gatewayfeed -> pado/domain/gateway/journal":     "it seals the journal's segments",
	"pado/domain/sandbox -> pado/domain/sandbox/":                "its own rooms",
	"pado/domain/gateway -> pado/domain/gateway/":                "its own rooms",
	"pado/domain/sandbox -> pado/domain/fielduse":                "the use register is the one place every use is entered",
	"pado/domain/product -> pado/domain/fielduse":                "the use register is the one place every use is entered",
	"pado/domain/gatewayfeed -> pado/domain/fielduse":            "the use register is the one place every use is entered",
	"pado/domain/catalogue -> pado/domain/fielduse":              "an item's page shows who used its fields",
	"pado/domain/governance/sample -> pado/domain/catalogue":     "a reading is proposed by the item's declared fields",
	"pado/domain/governance/sourcedesk -> pado/domain/catalogue": "a source sees its items, deliveries and uses on one page",
}

type pkg struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []pkg
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p pkg
		if err := dec.Decode(&p); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func below(path, folder string) bool {
	return path == strings.TrimSuffix(folder, "/") || strings.HasPrefix(path, strings.TrimSuffix(folder, "/")+"/")
}

func TestImportsRunDownwards(t *testing.T) {
	for _, p := range packages(t) {
		for _, imp := range p.Imports {
			for _, r := range rules {
				if below(p.ImportPath, r.From) && below(imp, r.To) && imp != "database/sql/driver" && !below(imp, r.From) && !excepted(p.ImportPath, r.Except) {
					t.Errorf("%s imports %s: %s", p.ImportPath, imp, r.Because)
				}
			}
			if a, b := noun(p.ImportPath), noun(imp); a != "" && b != "" && a != b && b != "pado/domain/party" && !listed(p.ImportPath, imp) {
				t.Errorf("%s imports %s: nouns do not know each other; join them in procedures", p.ImportPath, imp)
			}
		}
	}
}

func excepted(path string, list []string) bool {
	for _, e := range list {
		if below(path, e) {
			return true
		}
	}
	return false
}

func noun(path string) string {
	rest, ok := strings.CutPrefix(path, "pado/domain/")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	return "pado/domain/" + name
}

func listed(from, to string) bool {
	for k := range nounToNoun {
		a, b, _ := strings.Cut(k, " -> ")
		if below(from, a) && below(to, b) {
			return true
		}
	}
	return false
}

// calls that only some rooms may make, looked for in the source.
var calls = []struct {
	Call, Because string
	Only          []string
}{
	{"time.Now(", "one source of time; business time is the transaction's", []string{"core/store/", "cmd/"}},
	{"os.Getenv(", "configuration is read in one place", []string{"cmd/"}},
	{"os.LookupEnv(", "configuration is read in one place", []string{"cmd/"}},
	{"float64(", "money is integer fen", []string{"domain/sandbox/", "domain/governance/", "core/docs/", "domain/gateway/", "core/id/", "core/procedure/board.go", "domain/catalogue/sheet/", "cmd/"}},
}

func TestCallsStayInTheirRooms(t *testing.T) {
	err := filepath.WalkDir(".", func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != "." || d.Name() == "node_modules" || path == "build") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "storetest/") {
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, c := range calls {
			allowed := false
			for _, o := range c.Only {
				allowed = allowed || strings.HasPrefix(path, o)
			}
			for n, line := range strings.Split(string(b), "\n") {
				code, _, _ := strings.Cut(line, "//")
				if !allowed && strings.Contains(code, c.Call) {
					t.Errorf("%s:%d calls %s…): %s", path, n+1, c.Call, c.Because)
				}
			}
		}
		if n := strings.Count(string(b), "\n"); n > 800 {
			t.Errorf("%s has %d lines: over 800 it must be split", path, n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
