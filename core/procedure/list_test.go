package procedure_test

import (
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"testing"

	"pado/core/audit"
	"pado/core/procedure"
	"pado/core/store"
)

// fill puts n cases on record: a fifth open, spread over desks of which most are nobody's here.
func (w *world) fill(n int) {
	w.t.Helper()
	_, err := w.db.Update(ctx, func(x *store.Tx) (audit.Entry, error) {
		if _, err := x.Exec(fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < %d),
			c AS (SELECT i, CASE WHEN i %% 500 < 2 THEN 'op' ELSE 'org' || (i %% 500) END AS owes_org, i %% 5 <> 0 AS final,
				CASE i %% 3 WHEN 0 THEN '' WHEN 1 THEN 'p-op' ELSE 'p-else' END AS handler FROM n)
			INSERT INTO case_file (no, procedure, state, title, revision, tenant, form, org, person, role, created, updated, since,
				due_at, due_year, due_sort, owes, owes_org, handler, final, backfill, urged, supervised, subject, parent, rules, turn)
			SELECT 'BN-' || i, 'wish', 'review', 'x', 1, '140600', '{}', 'dv', CASE WHEN i %% 50 = 0 THEN 'p-dev' ELSE 'p-other' END, 'developer', i, i, 0,
				1, 0, (CAST(i AS BIGINT) * 7919) %% 99991, 'operator', owes_org, handler, final, FALSE, 0, FALSE, '', '', '',
				CASE WHEN final THEN '' WHEN handler = '' THEN owes_org || '/operator' ELSE owes_org || '/operator@' || handler END
			FROM c`, n)); err != nil {
			return audit.Entry{}, err
		}
		_, err := x.Exec(`INSERT INTO case_event (case_no, n, at, person, person_name, org, org_name, role, behalf, action, label, from_state, to_state,
				opinion, clause, changed, persons, elapsed, doc_no, form_digest, revision)
			SELECT no, 1, 0, person, '', org, '', role, '', 'start', '', '', 'review', '', '', '[]', person, 0, '', '', 1 FROM case_file`)
		if err == nil && w.db.Engine() == store.Postgres { // which analyses by itself, in time
			_, err = x.Exec(`ANALYZE`)
		}
		return audit.Entry{Type: "test.write", Actor: "system", Action: "fill"}, err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// worker has three desks, one of them held for another person.
func worker() procedure.Actor {
	lent := desk("org10", judge)
	lent.ID, lent.Behalf = lent.ID+"@p-else", "p-else"
	return procedure.Actor{Person: "p-op", Name: "运营乙", Desks: []procedure.Desk{desk("op", judge), desk("org5", judge), lent,
		{ID: "/person", Role: "person", Label: "本人", Division: "140600"}}}
}

// TestListRunsOnTheIndex: with 120,000 cases, no list of open moves and no list of one's own looks
// at more rows than it may answer with.
func TestListRunsOnTheIndex(t *testing.T) {
	if testing.Short() {
		t.Skip("120,000 cases are not made in a short run: plans do not race")
	}
	each(t, func(t *testing.T, w *world) {
		w.fill(120_000)
		for _, c := range []struct {
			who procedure.Actor
			q   procedure.Query
		}{
			{worker(), procedure.Query{Tab: "todo"}},
			{worker(), procedure.Query{Tab: "overdue"}},
			{worker(), procedure.Query{Tab: "soon"}},
			{dev, procedure.Query{Tab: "started"}},
		} {
			t.Run(c.q.Tab, func(t *testing.T) {
				c.q.Size = 20
				if c.q.Tab == "started" {
					c.who.Desks = c.who.Desks[:1]
				}
				for range 2 { // the first page, and the one after a cursor
					w.judge(t, w.explain(t, c.who, c.q))
					page, err := w.Page(ctx, c.who, c.q)
					if err != nil {
						t.Fatal(err)
					}
					c.q.Cursor = page.Next
				}
			})
		}
	})
}

// explain is the plan of a list's statement, line by line.
func (w *world) explain(t *testing.T, a procedure.Actor, q procedure.Query) (lines []string) {
	t.Helper()
	err := w.db.View(ctx, func(r *store.ReadTx) error {
		sql, args, err := procedure.ListSQL(w.Engine, r, a, q)
		if err != nil {
			return err
		}
		if w.db.Engine() == store.Postgres {
			return r.Select(&lines, "EXPLAIN (ANALYZE, TIMING OFF) "+sql, args...)
		}
		return r.Each("EXPLAIN QUERY PLAN "+sql, args, func(scan func(...any) error) error {
			var id, parent, none int
			var detail string
			err := scan(&id, &parent, &none, &detail)
			lines = append(lines, detail)
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

var actual = regexp.MustCompile(`actual rows=(\d+)|Rows Removed by Filter: (\d+)`)

// judge refuses a plan that scans the cases, sorts more than the few rows of a page, or throws rows away.
func (w *world) judge(t *testing.T, plan []string) {
	t.Helper()
	on := 0
	for _, line := range plan {
		bad := false
		if w.db.Engine() == store.Postgres {
			bad = strings.Contains(line, "Seq Scan on case_file")
			for _, m := range actual.FindAllStringSubmatch(line, -1) {
				n, _ := strconv.Atoi(m[1] + m[2])
				bad = bad || n > 8*21
			}
			if strings.Contains(line, "case_turn") || strings.Contains(line, "case_person") {
				on++
			}
		} else {
			bad = strings.HasPrefix(line, "SCAN c") || strings.Contains(line, "RIGHT PART OF ORDER BY")
			if strings.Contains(line, "INDEX case_turn") || strings.Contains(line, "INDEX case_person") {
				on++
			}
			// Which rows a sort has before it, SQLite does not say: but a range that needs one has no index for its order.
			bad = bad || strings.Contains(line, "USE TEMP B-TREE FOR ORDER BY") && on == 0
		}
		if bad {
			t.Errorf("the plan leaves the index: %s", line)
		}
	}
	t.Log(strings.Join(plan, "\n"))
	if on == 0 || t.Failed() {
		t.Fatalf("plan:\n%s", strings.Join(plan, "\n"))
	}
}

// TestListIsWhatThePlainListIs pages through all open moves and compares with all rows, filtered
// and sorted by hand.
func TestListIsWhatThePlainListIs(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.fill(9_000)
		var all []procedure.Row
		if err := w.db.View(ctx, func(r *store.ReadTx) error {
			return r.Select(&all, `SELECT no, owes_org, owes, handler, due_sort FROM case_file WHERE final = $1`, false)
		}); err != nil {
			t.Fatal(err)
		}
		var want []procedure.Row
		for _, c := range all {
			own := (c.OwesOrg == "op" || c.OwesOrg == "org5") && (c.Handler == "" || c.Handler == "p-op")
			lent := c.OwesOrg == "org10" && (c.Handler == "" || c.Handler == "p-else")
			if own || lent {
				want = append(want, c)
			}
		}
		sort.Slice(want, func(i, j int) bool {
			if want[i].DueSort != want[j].DueSort {
				return want[i].DueSort < want[j].DueSort
			}
			return want[i].No < want[j].No
		})
		if len(want) < 10 {
			t.Fatalf("only %d cases to compare", len(want))
		}
		var got []string
		q := procedure.Query{Size: 3}
		for {
			page, err := w.Page(ctx, worker(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page.Rows {
				got = append(got, r.No)
			}
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
		}
		for i, c := range want {
			if i >= len(got) || got[i] != c.No {
				t.Fatalf("row %d is not %s of %d: %v", i, c.No, len(want), got)
			}
		}
		if len(got) != len(want) {
			t.Fatalf("%d rows, want %d", len(got), len(want))
		}
		for _, who := range []procedure.Actor{worker(), else_} { // with rows and without
			page, err := w.Page(ctx, who, procedure.Query{})
			if err != nil || !page.At.Equal(w.clock.At) {
				t.Fatalf("as of %v, want %v: %v", page.At, w.clock.At, err)
			}
		}
		n, err := w.Count(ctx, worker())
		if err != nil || n.Todo != len(want) || n.Overdue != len(want) {
			t.Fatalf("%+v, want %d: %v", n, len(want), err)
		}
	})
}
