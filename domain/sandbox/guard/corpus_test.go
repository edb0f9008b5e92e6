package guard

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"pado/domain/sandbox/guard/duck"
	"pado/domain/sandbox/guard/policy"
	"pado/domain/sandbox/guard/release"
)

// county is the made-up county of testdata/guard, built once for all tests of the package.
var county struct {
	once   sync.Once
	policy *policy.Policy
	snap   string
	err    error
}

func countyData(t *testing.T) (*policy.Policy, string) {
	t.Helper()
	county.once.Do(func() {
		doc, err1 := os.ReadFile("testdata/guard/policy.json")
		init, err2 := os.ReadFile("testdata/guard/init.sql")
		dir, err3 := os.MkdirTemp("", "guard-test-")
		if county.err = errors.Join(err1, err2, err3); county.err != nil {
			return
		}
		cleanups = append(cleanups, func() { _ = os.RemoveAll(dir) })
		p, ref := policy.Parse(doc)
		if ref != nil {
			county.err = ref
			return
		}
		county.policy, county.snap = p, filepath.Join(dir, "county.duckdb")
		_, county.err = duck.Build(context.Background(), duck.BuildRequest{Init: string(init), Policy: p, Out: county.snap, Key: []byte("0123456789abcdef")})
	})
	if county.err != nil {
		t.Fatal(county.err)
	}
	return county.policy, county.snap
}

func corpus(t *testing.T, kind string) map[string]string {
	t.Helper()
	files, err := filepath.Glob("testdata/guard/" + kind + "/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal("no corpus", err)
	}
	out := map[string]string{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSuffix(filepath.Base(f), ".sql")] = strings.TrimSuffix(string(b), "\n")
	}
	return out
}

// Every escape anybody thought of is a file that names the code it must be refused with.
func TestDenied(t *testing.T) {
	r := newReader(t)
	for name, text := range corpus(t, "deny") {
		t.Run(name, func(t *testing.T) {
			first, sql, ok := strings.Cut(text, "\n")
			want := strings.TrimPrefix(first, "-- ")
			if !ok || !strings.HasPrefix(want, "GUARD_") {
				t.Fatal("first line does not name a code")
			}
			_, ref := r.check(t, sql)
			if ref == nil {
				t.Fatal("accepted")
			}
			if string(ref.Code) != want {
				t.Errorf("refused with %s (%s), want %s", ref.Code, ref.Message, want)
			}
			if ref.Clause == "" || ref.Hint == "" || !strings.HasSuffix(ref.Message, "。") {
				t.Errorf("incomplete refusal: %+v", ref)
			}
		})
	}
}

// Every question of the allow corpus is answered, with rows as wide as its columns.
func TestAllowed(t *testing.T) {
	p, snap := countyData(t)
	for name, sql := range corpus(t, "allow") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := New(Options{Ledger: release.NewMemory(p)})
			a, ref, err := e.Run(context.Background(), Request{SQL: sql, Policy: p, SnapshotPath: snap})
			if ref != nil || err != nil {
				t.Fatal(ref, err)
			}
			if a.Outcome != Answered || len(a.Rows) == 0 {
				t.Errorf("outcome %s with %d rows", a.Outcome, len(a.Rows))
			}
			for i, r := range a.Rows {
				if len(r) != len(a.Columns) || len(a.HalfWidths[i]) != len(a.Columns) {
					t.Fatalf("row %d is %d wide, want %d", i, len(r), len(a.Columns))
				}
			}
			if testing.Verbose() {
				t.Logf("%v %v rho=%d", a.Columns, a.Rows[:min(len(a.Rows), 6)], a.Rho)
			}
		})
	}
}
