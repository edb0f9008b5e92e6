package development

import (
	"context"
	"errors"
	"sync"
	"testing"

	"pado/core/audit"
	"pado/core/store"
	"pado/core/store/storetest"
)

var ctx = context.Background()

func update(db *store.DB, f func(w *store.Tx) error) error {
	_, err := db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		return audit.Entry{Type: "test.write", Actor: "system", Action: "test"}, f(w)
	})
	return err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func seed(t *testing.T, db *store.DB) {
	t.Helper()
	must(t, update(db, func(w *store.Tx) error {
		for _, q := range []struct {
			sql  string
			args []any
		}{{`INSERT INTO mandate (id, division, government_org, authority_org, doc_no, title, scope, mode, issued, valid_from, evidence, digest, state, backfill, case_no, created)
			VALUES ('md', '140600', '', '', 'x', 'x', 'x', 'whole', '2026-01-01', '2026-01-01', '', '', 'in_force', $1, 'x', 0)`, []any{false}},
			{`INSERT INTO scheme (id, division, version, title, mandate, authority_org, government_org, mode, term_years, chapters, opinions, digest, doc_no, minutes_no, decided, collective, evidence, valid_from, valid_to, state, backfill, case_no, created)
			VALUES ('sc', '140600', 1, 'x', 'md', '', '', 'whole', 3, '{}', '[]', '', '', '', '2026-01-01', $1, '', '2026-01-01', '2029-01-01', 'in_force', $2, 'x', 0)`, []any{true, false}},
			{`INSERT INTO agreement (id, no, title, mandate, scheme, authority_org, operator_org, division, mode, slot, version, signed, ends, state, sections, terms, plan_digest, digest, approval_no, evidence, backfill, case_no, created)
			VALUES ('ag-1', 'S-1', '协议', 'md', 'sc', '', 'op', '140600', 'whole', 's', 1, '2026-01-05', '2029-01-04', 'in_force', '{}', '{}', '', '', '', '', $1, 'x', 0)`, []any{false}}} {
			if _, err := w.Exec(q.sql, q.args...); err != nil {
				return err
			}
		}
		return nil
	}))
}

func item(id, name string, fields ...string) ListItem {
	return ListItem{ID: id, Name: name, Form: "api", Purpose: "调度", Summary: name, Class: "industry", Items: []Source{{Item: "it-1", Fields: fields}}}
}

func filing(items ...ListItem) Filing {
	return Filing{Agreement: "ag-1", Title: "清单", Division: "140600", OperatorOrg: "op", Items: items, DocNo: "x", CaseNo: "c", By: "p"}
}

// A version supersedes the one before, products keep their ids, and what left is removed.
func TestVersionsOfTheList(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		seed(t, db)
		var a, b string
		must(t, update(db, func(w *store.Tx) error {
			l, items, removed, err := Record(w, filing(item("", "甲", "x"), item("", "乙", "x")))
			if err == nil {
				a, b = items[0].ID, items[1].ID
				if l.Version != 1 || len(removed) != 0 || a == b {
					t.Errorf("%+v %v", l, removed)
				}
			}
			return err
		}))
		must(t, update(db, func(w *store.Tx) error {
			l, items, removed, err := Record(w, filing(item(a, "甲", "x", "y"), item("", "丙", "x")))
			if err != nil {
				return err
			}
			if l.Version != 2 || len(removed) != 1 || removed[0] != b || items[0].ID != a {
				t.Errorf("%+v %v", l, removed)
			}
			if want := `[{"act":"change","id":"` + a + `","name":"甲","detail":"数据范围"},{"act":"add","id":"` + items[1].ID + `","name":"丙","detail":""},{"act":"remove","id":"` + b + `","name":"乙","detail":""}]`; l.Changes != want {
				t.Errorf("changes %s", l.Changes)
			}
			return nil
		}))
		must(t, db.View(ctx, func(r *store.ReadTx) error {
			if _, _, _, err := ItemByID(r, b); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("a removed product: %v", err)
			}
			l, err := CurrentList(r, "ag-1")
			if err == nil && l.Version != 2 {
				t.Errorf("current version %d", l.Version)
			}
			return err
		}))
		// A removed product cannot come back under its id, and no stranger's id is taken.
		for _, id := range []string{b, "pl-99999"} {
			if err := update(db, func(w *store.Tx) error { _, _, _, err := Record(w, filing(item(id, "乙", "x"))); return err }); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("item %s: %v", id, err)
			}
		}
		must(t, update(db, func(w *store.Tx) error { return Correcting(w, "ag-1") }))
		if err := update(db, func(w *store.Tx) error { return Correcting(w, "ag-1") }); !errors.Is(err, store.ErrConflict) {
			t.Errorf("corrected twice: %v", err)
		}
		storetest.Verify(t, db)
	})
}

// Two versions recorded at once come one after the other; one list is in force at any time.
func TestRacingVersions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		seed(t, db)
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() {
				err := update(db, func(w *store.Tx) error {
					_, _, _, err := Record(w, filing(item("", "产品"+string(rune('a'+i)), "x")))
					return err
				})
				if err != nil && !errors.Is(err, store.ErrConflict) {
					t.Errorf("record: %v", err)
				}
			})
		}
		wg.Wait()
		must(t, db.View(ctx, func(r *store.ReadTx) error {
			var lists, listed, newest int
			if err := r.Get(&lists, `SELECT COUNT(*) FROM product_list WHERE state <> 'superseded'`); err != nil {
				return err
			}
			if err := r.Get(&listed, `SELECT COUNT(*) FROM product_list_item WHERE state = 'listed'`); err != nil {
				return err
			}
			if err := r.Get(&newest, `SELECT COUNT(*) FROM product_list_item i JOIN product_list l ON l.id = i.list WHERE i.state = 'listed' AND l.state = 'recorded'`); err != nil {
				return err
			}
			if lists != 1 || listed != 1 || newest != 1 {
				t.Errorf("%d lists, %d listed, %d of the newest", lists, listed, newest)
			}
			return nil
		}))
	})
}

// What a source states replaces what it stated before in the same round only.
func TestScopesAndSuggestions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		seed(t, db)
		state := func(caseNo, round, fields string) {
			must(t, update(db, func(w *store.Tx) error {
				return Scope{CaseNo: caseNo, Round: round, SourceOrg: "src", Item: "it-1", Fields: fields, Person: "p"}.State(w)
			}))
		}
		state("s1", "r1", `["x"]`)
		state("s2", "r1", `["x","y"]`)
		must(t, db.View(ctx, func(r *store.ReadTx) error {
			list, err := Scopes(r, "r1")
			if err != nil || len(list) != 1 || list[0].CaseNo != "s2" {
				t.Fatalf("%+v %v", list, err)
			}
			s, err := StandingScope(r, "it-1")
			if err != nil {
				return err
			}
			for f, want := range map[string]bool{"x": true, "y": true, "z": false} {
				if ok, err := s.Covers(f); err != nil || ok != want {
					t.Errorf("covers %s: %v %v", f, ok, err)
				}
			}
			if _, err := StandingScope(r, "it-2"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("no statement: %v", err)
			}
			return nil
		}))
		must(t, update(db, func(w *store.Tx) error { return Suggest(w, "q1", "r1", "dv", "增加产品") }))
		must(t, update(db, func(w *store.Tx) error { return Answer(w, "q1", false, "暂不") }))
		if err := update(db, func(w *store.Tx) error { return Answer(w, "q2", true, "x") }); !errors.Is(err, store.ErrConflict) {
			t.Errorf("answer to nothing: %v", err)
		}
		must(t, db.View(ctx, func(r *store.ReadTx) error {
			list, err := Suggestions(r, "r1")
			if err == nil && (len(list) != 1 || list[0].Adopted == nil || *list[0].Adopted || list[0].Answer != "暂不") {
				t.Errorf("%+v", list)
			}
			return err
		}))
	})
}
