package plan

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
)

// Kinds of part that may carry a clause, in the order in which they are printed.
var kinds = []string{
	"procedure", "step", "rule", "effect", "field", "page", "route", "constraint", "job", "document", "story",
}

// Implementer is one part of the program that carries a clause: its kind and
// its own stable name ("demand.grant").
type Implementer struct {
	Kind string
	What string
}

// Row is one clause with what carries it.
type Row struct {
	Clause Clause
	By     []Implementer
}

// Open reports whether nothing carries the clause. A heading is never open: the
// clauses below it are.
func (r Row) Open() bool { return len(r.By) == 0 && !r.Clause.Heading }

var marks = struct {
	sync.Mutex
	by map[string]map[Implementer]bool
}{by: make(map[string]map[Implementer]bool)}

// Mark records that a part of the program carries the clause. It is for
// declarations (a package's init): a clause that is not in the register, a kind
// that is not known or an empty name panics. Marking twice changes nothing, and
// marking from several goroutines is safe.
func Mark(c Clause, kind, what string) {
	if _, ok := register.byID[c.ID]; !ok {
		panic(fmt.Sprintf("plan: %s %q is marked for the unknown clause %q", kind, what, c.ID))
	}
	if !slices.Contains(kinds, kind) {
		panic(fmt.Sprintf("plan: %q is no kind of implementer (%s)", kind, what))
	}
	if strings.TrimSpace(what) == "" {
		panic(fmt.Sprintf("plan: a %s without a name is marked for clause %q", kind, c.ID))
	}
	marks.Lock()
	defer marks.Unlock()
	if marks.by[c.ID] == nil {
		marks.by[c.ID] = make(map[Implementer]bool)
	}
	marks.by[c.ID][Implementer{Kind: kind, What: what}] = true
}

// Coverage returns one row per clause, in the plan's order, with what has been
// marked so far, sorted by kind and name. The caller owns the result.
func Coverage() []Row {
	marks.Lock()
	defer marks.Unlock()
	rows := make([]Row, 0, len(register.clauses))
	for _, c := range register.clauses {
		row := Row{Clause: c.clone()}
		for by := range marks.by[c.ID] {
			row.By = append(row.By, by)
		}
		slices.SortFunc(row.By, func(a, b Implementer) int {
			return cmp.Or(
				cmp.Compare(slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind)),
				cmp.Compare(a.What, b.What))
		})
		rows = append(rows, row)
	}
	return rows
}

// WriteCoverage writes the coverage as a Markdown table, then the open clauses
// with their count. The output depends on what is marked and on nothing else,
// so it can be committed and compared.
func WriteCoverage(w io.Writer) error { return writeCoverage(w, Coverage()) }

func writeCoverage(w io.Writer, rows []Row) error {
	p := printer{w: w}
	p.line("# 条款落实情况")
	p.line("")
	p.line("| 条款 | 名称 | 要求 | 由什么落实 |")
	p.line("|---|---|---|---|")
	var open []Clause
	owed := 0
	for _, row := range rows {
		if !row.Clause.Heading {
			owed++
		}
		if row.Open() {
			open = append(open, row.Clause)
		}
		p.line("| %s | %s | %s | %s |", row.Clause.ID, cell(row.Clause.Title), cell(row.Clause.Duty), carriers(row, rows))
	}
	p.line("")
	p.line("## 尚未落实：%d 条（共 %d 条）", len(open), owed)
	if len(open) > 0 {
		p.line("")
	}
	for _, c := range open {
		p.line("- %s %s", c.ID, c.Title)
	}
	return p.err
}

// carriers prints the last column: implementers by kind, and for a heading how
// many of the clauses below it are carried.
func carriers(row Row, rows []Row) string {
	var parts []string
	for i := 0; i < len(row.By); {
		kind := row.By[i].Kind
		var names []string
		for ; i < len(row.By) && row.By[i].Kind == kind; i++ {
			names = append(names, cell(row.By[i].What))
		}
		parts = append(parts, kind+": "+join(names, ", "))
	}
	if row.Clause.Heading {
		done, all := 0, 0
		for _, r := range rows {
			if strings.HasPrefix(r.Clause.ID, row.Clause.ID+".") && !r.Clause.Heading {
				all++
				if !r.Open() {
					done++
				}
			}
		}
		if all > 0 {
			parts = append(parts, fmt.Sprintf("下属各条 %d/%d", done, all))
		}
	}
	switch {
	case len(parts) > 0:
		return join(parts, "; ")
	case row.Clause.Heading:
		return "—"
	default:
		return "**未落实**"
	}
}
