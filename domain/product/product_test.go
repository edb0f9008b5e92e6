package product

import (
	"context"
	"errors"
	"sync"
	"testing"

	"pado/core/audit"
	"pado/core/procedure"
	"pado/core/register"
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

func registration(caseNo, code string) Registration {
	return Registration{Name: "产品" + caseNo, Form: "api", ListItem: "pl-1", Agreement: "ag-1", OperatorOrg: "op", Org: "dv", Scenario: "sn-1", Purpose: "调度", Benefit: "industry",
		Artefact: "a", Division: "140600", Items: []string{"it-1"}, Columns: []Column{{Name: "n", Title: "人数", Type: "integer"}}, Params: []Param{}, Terms: "仅限自用。", Digest: "d",
		Issuer: "authority", IssuerOrg: "au", Code: code, CaseNo: caseNo, By: "p"}
}

func enter(t *testing.T, db *store.DB, caseNo string) (p Product) {
	t.Helper()
	must(t, update(db, func(w *store.Tx) (err error) { p, err = Register(w, registration(caseNo, "")); return err }))
	return p
}

// A code is issued once, whoever races for it, and one case leads to one product.
func TestCodesAreUnique(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var wg sync.WaitGroup
		var mu sync.Mutex
		codes := map[string]bool{}
		conflicts := 0
		for i := range 8 {
			wg.Go(func() {
				given := ""
				if i >= 4 {
					given = "REG-1"
				}
				var p Product
				err := update(db, func(w *store.Tx) (err error) {
					p, err = Register(w, registration(string(rune('a'+i)), given))
					return err
				})
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil && codes[p.Code]:
					t.Errorf("code %s twice", p.Code)
				case err == nil:
					codes[p.Code] = true
				case errors.Is(err, store.ErrConflict):
					conflicts++
				default:
					t.Errorf("register: %v", err)
				}
			})
		}
		wg.Wait()
		if !codes["REG-1"] || len(codes) != 5 || conflicts != 3 {
			t.Errorf("%v, %d conflicts", codes, conflicts)
		}
		if err := update(db, func(w *store.Tx) error { _, err := Register(w, registration("a", "")); return err }); !errors.Is(err, store.ErrConflict) {
			t.Errorf("one case twice: %v", err)
		}
	})
}

// The whole table of acts and states.
func TestLifeOfAProduct(t *testing.T) {
	want := map[string]map[string]string{
		Registered: {"publish": Published, "retire": Retired},
		Published:  {"suspend": Suspended, "retire": Retired},
		Suspended:  {"resume": Published, "retire": Retired},
		Retired:    {},
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for state, row := range want {
			for _, act := range []string{"publish", "suspend", "resume", "retire"} {
				p := enter(t, db, state+act)
				must(t, update(db, func(w *store.Tx) error {
					_, err := w.Exec(`UPDATE product SET state = $1 WHERE id = $2`, state, p.ID)
					return err
				}))
				err := update(db, func(w *store.Tx) error { return Move(w, p.ID, act, "p", "c") })
				var now Product
				must(t, db.View(ctx, func(r *store.ReadTx) (err error) { now, err = ByID(r, p.ID); return err }))
				to, ok := row[act]
				switch {
				case ok && (err != nil || now.State != to):
					t.Errorf("%s %s: %v, now %s", state, act, err, now.State)
				case !ok && (!errors.Is(err, store.ErrConflict) || now.State != state):
					t.Errorf("%s %s: %v, now %s", state, act, err, now.State)
				}
			}
		}
		storetest.Verify(t, db)
	})
}

// The public sees what is published, under its code; the prover answers for codes of any state.
func TestPublicSight(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		p := enter(t, db, "c1")
		public := func() (n int) {
			for _, g := range Registers() {
				if g.ID == "products" {
					must(t, g.Check())
					must(t, db.View(ctx, func(r *store.ReadTx) error {
						page, err := g.List(r, procedure.Actor{}, register.Query{})
						n = page.Total
						return err
					}))
				}
			}
			return n
		}
		if public() != 0 {
			t.Error("a product is public before it is published")
		}
		must(t, update(db, func(w *store.Tx) error { return Move(w, p.ID, "publish", "p", "c") }))
		if public() != 1 {
			t.Error("a published product is not public")
		}
		must(t, update(db, func(w *store.Tx) error { return SetNational(w, p.ID, "confirmed", "国登1号", "p", "c") }))
		must(t, db.View(ctx, func(r *store.ReadTx) error {
			proof, err := Prove(r, p.Code)
			if err != nil || proof.Seq < 0 || proof.State != "已上线" || proof.Digest != "d" {
				t.Errorf("%+v %v", proof, err)
			}
			if _, err := Prove(r, "国登1号"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("the national number is not ours: %v", err)
			}
			return nil
		}))
		must(t, update(db, func(w *store.Tx) error { return Move(w, p.ID, "retire", "p", "c") }))
		if public() != 0 {
			t.Error("a retired product is still public")
		}
	})
}
