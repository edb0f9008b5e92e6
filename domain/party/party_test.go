package party_test

import (
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/store"
	"pado/core/store/storetest"
	"pado/domain/party"
)

func TestTheOrganisationOfARole(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.org("au", "市数据局", "140600", party.Authority)
		w.org("au2", "右玉县数据局", "140623", party.Authority)
		w.org("op", "运营公司", "140600", party.Operator)
		find := func(role procedure.Role, division string) (org string) {
			w.read(func(r *store.ReadTx) (err error) { org, err = party.DivisionOrg(r, role, division); return err })
			return org
		}
		for _, c := range []struct {
			role           procedure.Role
			division, want string
		}{
			{party.Authority, "140600", "au"}, {party.Authority, "140623", "au2"}, {party.Authority, "140622", "au"},
			{party.Operator, "140623", "op"}, {party.Pricing, "140600", ""},
		} {
			if got := find(c.role, c.division); got != c.want {
				t.Errorf("%s of %s: %q", c.role, c.division, got)
			}
		}
		w.change(func(x *store.Tx) error { return party.SetStatus(x, "au2", party.Suspended) })
		if find(party.Authority, "140623") != "au" {
			t.Error("a suspended organisation answers")
		}
		w.change(func(x *store.Tx) error { return party.EndRole(x, "op", party.Operator) })
		if find(party.Operator, "140600") != "" {
			t.Error("a role that ended answers")
		}
		// A division has one body of each kind: by constraint, without any rule.
		_, err := w.db.Update(ctx, func(x *store.Tx) (audit.Entry, error) {
			return audit.Entry{Type: "test.write", Actor: "test", Action: "write"}, party.Confirm(x, "op", party.Authority, "140600", "")
		})
		if !errors.Is(err, store.ErrConflict) {
			t.Errorf("two authorities: %v", err)
		}
	})
}

func TestDesksFollowRolesAndStatusAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.office()
		if d := w.actor("op1").Desks; len(d) != 3 || d[0].Role != party.Operator || d[1].ID != "op/org_lead" || d[2].ID != "/person" {
			t.Fatalf("%+v", d)
		}
		w.change(func(x *store.Tx) error { return party.SetStatus(x, "op", party.Suspended) })
		if d := w.actor("op1").Desks; len(d) != 1 {
			t.Errorf("%+v", d)
		}
		w.change(func(x *store.Tx) error { return party.SetStatus(x, "op", party.Active) })
		w.change(func(x *store.Tx) error { return party.EndRole(x, "op", party.Operator) })
		if d := w.actor("op1").Desks; len(d) != 1 {
			t.Errorf("%+v", d)
		}
		w.change(func(x *store.Tx) error {
			_, err := x.Exec(`UPDATE person SET status = 'closed' WHERE id = 'op1'`)
			return err
		})
		w.read(func(r *store.ReadTx) error {
			_, err := party.Actor(r, "op1")
			_, missing := party.Actor(r, "nobody")
			if !errors.Is(err, store.ErrNotFound) || !errors.Is(missing, store.ErrNotFound) {
				t.Error(err, missing)
			}
			return nil
		})
	})
}

func TestADelegateGetsTheRanksButNotTheLead(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.office()
		w.change(func(x *store.Tx) error {
			day := calendar.DateOf(x.Now())
			return errors.Join(party.Appoint(x, party.Membership{Person: "op1", Org: "op", Role: party.Operator, Lead: true, Ranks: []procedure.Rank{procedure.Signer}}),
				party.Delegate(x, party.Delegation{ID: "d", FromPerson: "op1", ToPerson: "op2", Org: "op", Role: party.Operator, ValidFrom: day, ValidTo: day}))
		})
		d, ok := w.actor("op2").Desk("op/operator@op1")
		if !ok || d.Lead || d.Behalf != "op1" || len(d.Ranks) != 1 || d.Ranks[0] != procedure.Signer || w.actor("op2").Has(party.Lead) {
			t.Fatalf("%+v", d)
		}
		no := w.start("dev1", "用电分析")
		w.do("dev1", no, "submit", procedure.Act{})
		if _, err := w.Do(ctx, w.actor("op2"), no, "supervise", procedure.Act{Revision: 2, Opinion: "请尽快"}); err == nil {
			t.Error("a delegate supervises")
		}
	})
}

func TestRelatedParties(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		code := map[string]string{}
		for _, o := range []string{"a", "b", "c", "d", "e"} {
			code[o] = "USCC" + o
			w.change(func(x *store.Tx) error {
				return party.Seed(x, party.Seeding{Org: party.Org{ID: o, Name: o, USCC: code[o], Division: "140600", Kind: party.Company}})
			})
		}
		declare := func(org string, list ...party.RelatedParty) {
			w.change(func(x *store.Tx) error { return party.Declare(x, org, list, "") })
		}
		declare("a", party.RelatedParty{OtherUSCC: code["b"], OtherName: "b", Relation: party.Subsidiary})
		declare("c", party.RelatedParty{OtherUSCC: "PARENT", OtherName: "母公司", Relation: party.Shareholder})
		declare("d", party.RelatedParty{OtherUSCC: "PARENT", OtherName: "母公司", Relation: party.Shareholder})
		related := func(x, y string) (ok bool) {
			w.read(func(r *store.ReadTx) (err error) { ok, err = party.Related(r, x, y); return err })
			return ok
		}
		want := map[[2]string]bool{{"a", "b"}: true, {"c", "d"}: true, {"a", "a"}: true}
		for _, x := range []string{"a", "b", "c", "d", "e"} {
			for _, y := range []string{"a", "b", "c", "d", "e"} {
				exp := x == y || want[[2]string{x, y}] || want[[2]string{y, x}]
				if related(x, y) != exp {
					t.Errorf("%s and %s: want %v", x, y, exp)
				}
			}
		}
		declare("a")
		if related("a", "b") {
			t.Error("a declaration taken back still binds")
		}
		// A parent that declares two subsidiaries makes them related to each other.
		declare("e", party.RelatedParty{OtherUSCC: code["a"], Relation: party.Subsidiary}, party.RelatedParty{OtherUSCC: code["b"], Relation: party.Subsidiary})
		if !related("a", "b") || !related("b", "a") || !related("e", "b") {
			t.Error("two subsidiaries of one parent")
		}
	})
}

func TestOnlyADemonstrationIsSeeded(t *testing.T) {
	db, err := store.Open(ctx, storetest.Options(t, store.SQLite))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Found(ctx, store.Founding{City: "140600", Origin: "test"}); err != nil {
		t.Fatal(err)
	}
	_, err = db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		return audit.Entry{Type: "test.write", Actor: "test", Action: "write"}, party.Seed(w, party.Seeding{Org: party.Org{ID: "a"}})
	})
	if !errors.Is(err, party.ErrNotDemo) {
		t.Fatal(err)
	}
}

func TestEndingIsForWhoHoldsTheDesk(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.office()
		for _, e := range []party.Ending{{Person: "dev1", Org: "op", Role: party.Operator}, {Person: "op2", Org: "op", Role: party.Operator, Successor: "dev1"},
			{Person: "op2", Org: "op", Role: party.Operator, Successor: "op2"}} {
			_, err := w.db.Update(ctx, func(x *store.Tx) (audit.Entry, error) {
				_, err := party.End(x, e)
				return audit.Entry{Type: "test.write", Actor: "test", Action: "write"}, err
			})
			if !errors.Is(err, party.ErrNotHeld) {
				t.Errorf("%+v: %v", e, err)
			}
		}
		if !w.actor("op2").Has(party.Operator) {
			t.Error("a refused ending ended something")
		}
	})
}

// However desks are given, taken and delegated, an actor holds exactly the desks in force.
func TestDesksAreThoseInForce(t *testing.T) {
	w, round := open(t, store.SQLite), 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		name := func(s string) string { return fmt.Sprintf("%s-%d", s, round) }
		people, orgs := []string{name("p0"), name("p1"), name("p2")}, []string{name("op"), name("dev")}
		for _, p := range people {
			w.person(p)
		}
		roles := map[string]procedure.Role{orgs[0]: party.Operator, orgs[1]: party.Developer}
		w.org(orgs[0], "运营公司", "140600", party.Operator)
		w.org(orgs[1], "开发公司", "140600", party.Developer)
		held := map[string]map[string]bool{} // org → person
		lent := map[string]map[[2]string]bool{}
		for o := range roles {
			held[o], lent[o] = map[string]bool{}, map[[2]string]bool{}
		}
		for i := range rapid.IntRange(1, 12).Draw(rt, "acts") {
			o := rapid.SampledFrom(orgs).Draw(rt, "org")
			p, q := rapid.SampledFrom(people).Draw(rt, "person"), rapid.SampledFrom(people).Draw(rt, "other")
			act := rapid.SampledFrom([]string{"appoint", "end", "delegate"}).Draw(rt, "act")
			_, err := w.db.Update(ctx, func(x *store.Tx) (audit.Entry, error) {
				e := audit.Entry{Type: "test.write", Actor: "test", Action: "write"}
				switch act {
				case "appoint":
					return e, party.Appoint(x, party.Membership{Person: p, Org: o, Role: roles[o]})
				case "end":
					_, err := party.End(x, party.Ending{Person: p, Org: o, Role: roles[o], By: "test"})
					return e, err
				}
				day := calendar.DateOf(x.Now())
				return e, party.Delegate(x, party.Delegation{ID: name(fmt.Sprint("d", i)), FromPerson: p, ToPerson: q, Org: o, Role: roles[o], ValidFrom: day, ValidTo: day})
			})
			may := map[string]bool{"appoint": true, "end": held[o][p], "delegate": held[o][p] && held[o][q] && p != q}[act]
			if (err == nil) != may || (err != nil && !errors.Is(err, party.ErrNotHeld)) {
				rt.Fatalf("%s %s %s %s: %v", act, o, p, q, err)
			}
			switch {
			case !may:
			case act == "appoint":
				held[o][p] = true
			case act == "delegate":
				lent[o][[2]string{p, q}] = true
			default:
				delete(held[o], p)
				for k := range lent[o] {
					if k[0] == p || k[1] == p {
						delete(lent[o], k)
					}
				}
			}
		}
		for _, p := range people {
			want := map[string]bool{"/person": true}
			for o, r := range roles {
				if held[o][p] {
					want[o+"/"+string(r)] = true
				}
				for k := range lent[o] {
					if k[1] == p {
						want[o+"/"+string(r)+"@"+k[0]] = true
					}
				}
			}
			got := w.actor(p).Desks
			if len(got) != len(want) {
				rt.Fatalf("%s holds %+v, want %v", p, got, want)
			}
			for _, d := range got {
				if !want[d.ID] {
					rt.Fatalf("%s holds %s", p, d.ID)
				}
			}
		}
	})
}
