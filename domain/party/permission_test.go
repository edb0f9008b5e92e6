package party_test

import (
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/domain/party"
)

type permissions struct {
	Orgs []struct {
		ID, Name, Division string
		Roles              []procedure.Role
	}
	People []struct {
		ID, Office string
		Desks      []string
		Lead, Left bool
	}
	Delegations []struct{ From, To, Desk string }
	Cases       []struct {
		ID, By    string
		Submitted bool
	}
	AssertTrue  []string `yaml:"assertTrue"`
	AssertFalse []string `yaml:"assertFalse"`
}

func TestPermissions(t *testing.T) {
	raw, err := os.ReadFile("testdata/permissions.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var p permissions
	if err := yaml.Unmarshal(raw, &p); err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, w *world) {
		cases := w.lay(p)
		w.org("buyer", "只买不卖公司", "140600", party.Customer)
		w.read(func(r *store.ReadTx) error {
			for _, g := range party.Registers() {
				if !g.Public {
					continue
				}
				page, err := g.List(r, procedure.Actor{}, register.Query{Size: 1000})
				if err != nil || len(page.Rows) != len(p.Orgs) {
					t.Errorf("the public sees %d of %d organisations, %v", len(page.Rows), len(p.Orgs), err)
				}
			}
			return nil
		})
		for _, a := range p.AssertTrue {
			if ok, err := w.holds(cases, a); !ok {
				t.Errorf("should be: %s (%v)", a, err)
			}
		}
		for _, a := range p.AssertFalse {
			ok, err := w.holds(cases, a)
			if ok {
				t.Errorf("should not be: %s", a)
			}
			if strings.Contains(a, " views ") {
				_, missing := w.View(ctx, w.actor(strings.Fields(a)[0]), "YW-2026-999999-0")
				if !errors.Is(err, store.ErrNotFound) || missing == nil || err.Error() != missing.Error() {
					t.Errorf("%s: not yours says %v, not there says %v", a, err, missing)
				}
			}
		}
	})
}

// lay writes the relationships and returns the numbers of the cases.
func (w *world) lay(p permissions) map[string]string {
	w.t.Helper()
	for _, o := range p.Orgs {
		w.change(func(x *store.Tx) error {
			return party.Seed(x, party.Seeding{Org: party.Org{ID: o.ID, Name: o.Name, Division: o.Division, Kind: party.Company, LegalPerson: true}, Roles: o.Roles})
		})
	}
	for _, h := range p.People {
		w.person(h.ID)
		w.change(func(x *store.Tx) error {
			if h.Office != "" {
				return party.Install(x, party.Office(h.Office), h.ID, "au", "", "test")
			}
			for _, d := range h.Desks {
				org, role, _ := strings.Cut(d, "/")
				if err := party.Appoint(x, party.Membership{Person: h.ID, Org: org, Role: procedure.Role(role), Lead: h.Lead}); err != nil {
					return err
				}
				if h.Left {
					if _, err := party.End(x, party.Ending{Person: h.ID, Org: org, Role: procedure.Role(role), By: "test"}); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	for i, d := range p.Delegations {
		org, role, _ := strings.Cut(d.Desk, "/")
		w.change(func(x *store.Tx) error {
			day := calendar.DateOf(x.Now())
			return party.Delegate(x, party.Delegation{ID: string(rune('a' + i)), FromPerson: d.From, ToPerson: d.To, Org: org, Role: procedure.Role(role), ValidFrom: day, ValidTo: day})
		})
	}
	cases := map[string]string{}
	for _, c := range p.Cases {
		cases[c.ID] = w.start(c.By, c.ID)
		if c.Submitted {
			w.do(c.By, cases[c.ID], "submit", procedure.Act{})
		}
	}
	return cases
}

// holds asks one assertion: "person verb object".
func (w *world) holds(cases map[string]string, assertion string) (bool, error) {
	w.t.Helper()
	f := strings.Fields(assertion)
	a := w.actor(f[0])
	kind, key, _ := strings.Cut(f[2], ":")
	switch f[1] + " " + kind {
	case "views case":
		_, err := w.View(ctx, a, cases[key])
		return err == nil, err
	case "lists case":
		page, err := w.Page(ctx, a, procedure.Query{Tab: "all", Size: 100})
		return slices.ContainsFunc(page.Rows, func(r procedure.Row) bool { return r.No == cases[key] }), err
	case "does case":
		name, act, _ := strings.Cut(key, "/")
		trial, err := w.Preview(ctx, a, cases[name], act, procedure.Act{Revision: 2, Opinion: "意见"})
		return err == nil && trial.Err == nil, errors.Join(err, trial.Err)
	case "finds org":
		return w.finds(a, "orgs", func(row string) bool { return strings.HasPrefix(row, key+"/") })
	case "finds person":
		return w.finds(a, "people", func(row string) bool { return strings.HasPrefix(row, key+"/") })
	case "holds desk":
		_, ok := a.Desk(key)
		return ok, nil
	}
	w.t.Fatalf("cannot read %q", assertion)
	return false, nil
}

// finds tells whether a register shows the row, and whether its page agrees.
func (w *world) finds(a procedure.Actor, id string, want func(string) bool) (found bool, err error) {
	w.t.Helper()
	i := slices.IndexFunc(party.Registers(), func(g *register.Register) bool { return g.ID == id })
	g := party.Registers()[i]
	w.read(func(r *store.ReadTx) error {
		page, err := g.List(r, a, register.Query{Size: 1000})
		if err != nil {
			return err
		}
		for _, row := range page.Rows {
			if !want(row.Key) {
				continue
			}
			found = true
			if g.Item == nil {
				continue
			}
			it, err := g.Item(r, a, row.Key)
			if err != nil || it.Title == "" {
				w.t.Errorf("%s lists %s but its page says %v", id, row.Key, err)
			}
		}
		if found || g.Item == nil {
			return nil
		}
		// What the list hides, the page hides as well.
		var all []string
		if err := r.Select(&all, `SELECT `+g.Key+` FROM `+g.From); err != nil {
			return err
		}
		for _, key := range all {
			if _, err := g.Item(r, a, key); want(key) && !errors.Is(err, store.ErrNotFound) {
				w.t.Errorf("%s hides %s but its page says %v", id, key, err)
			}
		}
		return nil
	})
	return found, nil
}

func TestRegistersAreWellDeclared(t *testing.T) {
	for _, g := range party.Registers() {
		if err := g.Check(); err != nil {
			t.Error(err)
		}
	}
	each(t, func(t *testing.T, w *world) {
		w.org("au", "数据局", "140600", party.Authority, "au1*", "au2")
		w.change(func(x *store.Tx) error {
			day := calendar.DateOf(x.Now())
			return party.Delegate(x, party.Delegation{ID: "d1", FromPerson: "au1", ToPerson: "au2", Org: "au", Role: party.Authority, ValidFrom: day, ValidTo: day})
		})
		for _, g := range party.Registers() {
			who, label := "au1", "数据管理部门"
			filters := map[string]string{}
			for _, f := range g.Filters {
				filters[f.Key] = f.Options[0].Value
			}
			w.read(func(r *store.ReadTx) error {
				page, err := g.List(r, w.actor(who), register.Query{})
				if err != nil || page.Total == 0 {
					t.Errorf("%s: %d rows, %v", g.ID, page.Total, err)
				}
				b, _ := json.Marshal(page.Rows)
				if !strings.Contains(string(b), label) {
					t.Errorf("%s shows no label: %s", g.ID, b)
				}
				_, err = g.List(r, w.actor(who), register.Query{Text: "%_'", Filters: filters})
				return err
			})
		}
		for name, f := range party.Choices {
			w.read(func(r *store.ReadTx) error {
				list, err := f(r, w.actor("au1"), "")
				if name != "join_orgs" && len(list) == 0 {
					t.Errorf("%s is empty", name)
				}
				return err
			})
		}
		w.person("nobody")
		w.read(func(r *store.ReadTx) error {
			if list, err := party.Choices["orgs"](r, w.actor("nobody"), ""); len(list) != 0 || err != nil {
				t.Errorf("a person without an organisation gets a list: %v %v", list, err)
			}
			list, err := party.Choices["join_orgs"](r, w.actor("nobody"), "数据局")
			if len(list) != 1 {
				t.Errorf("%v", list)
			}
			return err
		})
	})
}
