package guard

import (
	"context"
	"fmt"
	"os"
	"sort"
	"strings"
	"testing"

	"pado/domain/sandbox/guard/ast"
	"pado/domain/sandbox/guard/duck"
	"pado/domain/sandbox/guard/jail"
	"pado/domain/sandbox/guard/policy"
	"pado/domain/sandbox/guard/snapshot"
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

// reader checks questions with one parser child for many of them, up to but without binding.
type reader struct {
	proc *jail.Proc
	m    *snapshot.Manifest
	p    *policy.Policy
}

func newReader(t *testing.T) *reader {
	t.Helper()
	p, snap := countyData(t)
	m, err := snapshot.Read(snap)
	if err != nil {
		t.Fatal(err)
	}
	proc, err := jail.Start(context.Background(), jail.Spec{Role: duck.RoleParser})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proc.Close)
	return &reader{proc, m, p}
}

func (r *reader) check(t *testing.T, sql string) (*compiled, *Refusal) {
	t.Helper()
	if ref := ast.CheckText(sql); ref != nil {
		return nil, ref
	}
	var a duck.ParseAnswer
	if err := r.proc.Ask(duck.ParseRequest{SQL: sql}, &a); err != nil {
		t.Fatal("the parser died: ", sql, err)
	}
	tree, ref := ast.Decode(a.Parsed)
	if ref != nil {
		return nil, ref
	}
	return check(tree, Request{SQL: sql, Policy: r.p}, r.m)
}
