package register_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"pado/core/audit"
	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/core/store/storetest"
)

var ctx = context.Background()

// orgs lists organisations by a column that has equal values and, for every fifth, none.
func orgs(order string) *register.Register {
	return &register.Register{ID: "orgs", Title: "单位", From: "org o", Key: "o.id", Order: order,
		Columns: []procedure.Column{{Key: "name", Label: "名称"}}, Cells: map[string]string{"name": "o.name"}}
}

func add(t *testing.T, db *store.DB, ids ...int) {
	t.Helper()
	if _, err := db.Update(ctx, func(x *store.Tx) (audit.Entry, error) {
		for _, i := range ids {
			if _, err := x.Exec(`INSERT INTO org (id, name, division, kind, legal_person, doc_prefix, status, created)
				VALUES ($1,$2,'140600','x',$3,'','active',$4)`, fmt.Sprintf("o%02d", i), fmt.Sprint("单位", i), true, i/3); err != nil {
				return audit.Entry{}, err
			}
		}
		return audit.Entry{Type: "test.write", Actor: "system", Action: "seed"}, nil
	}); err != nil {
		t.Fatal(err)
	}
}

// TestPagesJoinUp: pages of any size show every row once in one order, and a row that comes in
// before the place reached moves nothing.
func TestPagesJoinUp(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var ids []int
		for i := range 23 {
			ids = append(ids, i+10)
		}
		add(t, db, ids...)
		sparse := "CASE WHEN CAST(SUBSTR(o.id, 3) AS INTEGER) % 5 = 0 THEN NULL ELSE o.created END"
		for _, order := range []string{"o.name", "-o.created", "o.created", sparse, "-" + sparse} {
			g := orgs(order)
			all := read(t, db, g, 1000, nil)
			if len(all) < 23 {
				t.Fatalf("%s: %d rows", order, len(all))
			}
			for _, size := range []int{1, 4, 22, 23, 24} {
				if got := read(t, db, g, size, nil); fmt.Sprint(got) != fmt.Sprint(all) {
					t.Errorf("%s by %d:\n%v\n%v", order, size, got, all)
				}
			}
		}
		before := read(t, db, orgs("o.name"), 5, nil)
		n := 40
		during := read(t, db, orgs("-o.created"), 5, func() { // newer ones come in while one leafs
			add(t, db, n)
			n++
		})
		if len(during) != len(before) {
			t.Errorf("%d rows while others come in, want %d", len(during), len(before))
		}
		err := db.View(ctx, func(r *store.ReadTx) error {
			_, err := orgs("o.name").List(r, procedure.Actor{}, register.Query{Cursor: "MjA"})
			return err
		})
		if !errors.Is(err, register.ErrQuery) {
			t.Errorf("a made-up cursor: %v", err)
		}
	})
}

// read leafs through the whole list and calls between after every page.
func read(t *testing.T, db *store.DB, g *register.Register, size int, between func()) (keys []string) {
	t.Helper()
	q := register.Query{Size: size}
	for {
		var page register.Page
		if err := db.View(ctx, func(r *store.ReadTx) (err error) {
			page, err = g.List(r, procedure.Actor{}, q)
			return err
		}); err != nil {
			t.Fatalf("%s: %v", g.Order, err)
		}
		if len(page.Rows) > size {
			t.Fatalf("%d rows of %d", len(page.Rows), size)
		}
		for _, row := range page.Rows {
			keys = append(keys, row.Key)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return keys
		}
		if between != nil {
			between()
		}
	}
}
