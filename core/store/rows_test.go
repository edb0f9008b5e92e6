package store_test

import (
	"strings"
	"testing"

	"pado/core/audit"
	"pado/core/audit/verify"
	"pado/core/store"
	"pado/core/store/storetest"
)

// The log pages draw from columns beside the signed body: one that says something else is found, and named by its leaf.
func TestForgedColumnsOfTheLogAreFound(t *testing.T) {
	for col, forged := range map[string]string{
		"at": "at + 1", "type": "'test.other'", "actor": "'p2'", "org": "''", "object": "'c-2'", "action": "'approve'", "result": "'refused'",
	} {
		t.Run(col, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, db *store.DB) {
				for range 3 {
					if _, err := db.Update(ctx, func(*store.Tx) (audit.Entry, error) {
						return audit.Entry{Type: "test.write", Actor: "p1", Org: "o1", Object: "c-1", Action: "write"}, nil
					}); err != nil {
						t.Fatal(err)
					}
				}
				storetest.Verify(t, db)
				if _, err := db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
					_, err := w.Exec(`UPDATE audit_leaf SET ` + col + ` = ` + forged + ` WHERE seq = 2`)
					return entry("forge"), err
				}); err != nil {
					t.Fatal(err)
				}
				if _, err := db.SignCheckpoint(ctx, storetest.Keys(t).Signers().Checkpoints); err != nil {
					t.Fatal(err)
				}
				rep, err := verify.Verify(ctx, store.Rows{DB: db}, verify.Options{})
				if err != nil || rep.OK || rep.FirstBad != 2 || rep.Kind != verify.KindColumns || len(rep.Findings) != 1 {
					t.Fatalf("%+v %v", rep, err)
				}
				if strings.Contains(rep.Message, "p1") || strings.Contains(rep.Message, "c-1") {
					t.Error(rep.Message)
				}
			})
		})
	}
}

// Of a leaf whose body was erased, the public half of the type still holds its column to the log.
func TestTheTypeOfAnErasedEntryIsHeldToTheLeaf(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		write := func(e audit.Entry, query string) {
			t.Helper()
			if _, err := db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
				if query == "" {
					return e, nil
				}
				_, err := w.Exec(query)
				return e, err
			}); err != nil {
				t.Fatal(err)
			}
		}
		write(entry("write"), "")
		write(audit.Erasure([]int64{1}), `UPDATE audit_leaf SET body = NULL, salt = NULL WHERE seq = 1`)
		storetest.Verify(t, db)
		write(entry("forge"), `UPDATE audit_leaf SET type = 'case.step' WHERE seq = 1`)
		if _, err := db.SignCheckpoint(ctx, storetest.Keys(t).Signers().Checkpoints); err != nil {
			t.Fatal(err)
		}
		rep, err := verify.Verify(ctx, store.Rows{DB: db}, verify.Options{})
		if err != nil || rep.OK || rep.FirstBad != 1 || rep.Kind != verify.KindColumns {
			t.Fatalf("%+v %v", rep, err)
		}
	})
}
