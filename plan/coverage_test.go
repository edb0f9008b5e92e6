package plan

import (
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
)

// fresh gives the test an empty account of marks and puts the old one back.
func fresh(t *testing.T) {
	t.Helper()
	marks.Lock()
	old := marks.by
	marks.by = make(map[string]map[Implementer]bool)
	marks.Unlock()
	t.Cleanup(func() {
		marks.Lock()
		marks.by = old
		marks.Unlock()
	})
}

func TestCoverage(t *testing.T) {
	fresh(t)
	for _, m := range []struct{ id, kind, what string }{
		{"6.3.2", "step", "demand.grant"},
		{"6.3.2", "procedure", "demand"},
		{"6.3.2", "step", "demand.submit"},
		{"6.3.2", "step", "demand.grant"},
		{"6.3", "page", "开发|总览"},
		{"6.3.1", "procedure", "scenario"},
	} {
		Mark(C(m.id), m.kind, m.what)
	}
	rows := make(map[string]Row)
	for _, r := range Coverage() {
		rows[r.Clause.ID] = r
	}
	want := []Implementer{{"procedure", "demand"}, {"step", "demand.grant"}, {"step", "demand.submit"}}
	got := rows["6.3.2"].By
	if len(got) != len(want) {
		t.Fatalf("6.3.2 is carried by %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("6.3.2 is carried by %v, want %v", got, want)
		}
	}
	for id, open := range map[string]bool{"6.3.2": false, "6.3.3": true, "6.3": false, "6": false, "12.1": true, "2": false} {
		if rows[id].Open() != open {
			t.Errorf("Open of %s is %v", id, !open)
		}
	}

	var b strings.Builder
	if err := WriteCoverage(&b); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, line := range []string{
		"procedure: demand; step: demand.grant, demand.submit |",
		"| page: 开发\\|总览; 下属各条 2/5 |",
		"- 12.1 有效期与上位规定优先\n",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("the report lacks %q", line)
		}
	}
	owed, open := 0, 0
	for _, r := range rows {
		if !r.Clause.Heading {
			owed++
		}
		if r.Open() {
			open++
		}
	}
	if open != owed-2 {
		t.Errorf("%d of %d clauses are open after two were carried", open, owed)
	}
	if got := strings.Count(text, "**未落实**"); got != open {
		t.Errorf("the table shows %d open clauses, want %d", got, open)
	}
	tail := text[strings.Index(text, "## 尚未落实"):]
	if got := strings.Count(tail, "\n- "); got != open {
		t.Errorf("the list at the end has %d clauses, want %d", got, open)
	}
}

func TestCoverageDependsOnMarksOnly(t *testing.T) {
	fresh(t)
	var wg sync.WaitGroup
	for _, what := range []string{"c", "a", "b", "a"} {
		for _, id := range []string{"7.1", "7.2", "7.2b"} {
			wg.Add(1)
			go func() {
				defer wg.Done()
				Mark(C(id), "rule", what)
				Coverage()
			}()
		}
	}
	wg.Wait()
	var first, second strings.Builder
	if err := WriteCoverage(&first); err != nil {
		t.Fatal(err)
	}
	if err := WriteCoverage(&second); err != nil {
		t.Fatal(err)
	}
	if first.String() != second.String() {
		t.Error("two reports differ")
	}
	if got := strings.Count(first.String(), "rule: a, b, c |"); got != 3 {
		t.Errorf("%d clauses show the three rules, want 3", got)
	}
}

func TestMarkRefusesNonsense(t *testing.T) {
	fresh(t)
	for name, do := range map[string]func(){
		"zero clause":  func() { Mark(Clause{}, "rule", "x") },
		"unknown kind": func() { Mark(C("7.1"), "rules", "x") },
		"no name":      func() { Mark(C("7.1"), "rule", " ") },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("it was accepted")
				}
			}()
			do()
		})
	}
}

func TestEverythingOpenAtFirst(t *testing.T) {
	fresh(t)
	var b strings.Builder
	if err := WriteCoverage(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "coverage_empty.golden.md", b.String())
}

type failing struct{ after int }

func (f *failing) Write(p []byte) (int, error) {
	if f.after--; f.after < 0 {
		return 0, io.ErrShortWrite
	}
	return len(p), nil
}

func TestWritersReportErrors(t *testing.T) {
	p, err := City("140600")
	if err != nil {
		t.Fatal(err)
	}
	for name, write := range map[string]func(io.Writer) error{
		"coverage":    WriteCoverage,
		"divergences": WriteDivergences,
		"parameters":  func(w io.Writer) error { return p.WriteParameters(w, "2026-07-01") },
	} {
		if err := write(&failing{after: 3}); !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("%s: a failed write is reported as %v", name, err)
		}
	}
}
