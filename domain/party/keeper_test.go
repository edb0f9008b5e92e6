package party_test

import (
	"fmt"
	"strings"
	"testing"

	"pado/core/store"
	"pado/domain/party"
)

func (w *world) program(id, org string) {
	w.t.Helper()
	w.change(func(x *store.Tx) error {
		if _, err := x.Exec(`INSERT INTO person (id, name, program, status, created) VALUES ($1,'接口',$2,'active',0)`, id, true); err != nil {
			return err
		}
		return party.SeatProgram(x, id, org, string(party.Operator))
	})
}

func TestTheSecurityAdministratorMayLeadAnOrganisation(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.org("op", "运营公司", "140600", party.Operator, "both*", "anna")
		w.org("au", "数据局", "140600", party.Authority, "other")
		w.change(func(x *store.Tx) error {
			if err := party.Install(x, party.SecurityOffice, "both", "au", "", "test"); err != nil {
				return err
			}
			for _, p := range []string{"both", "anna", "other"} {
				if _, err := x.Exec(`INSERT INTO account (username, person, password, changed, must_change, disabled) VALUES ($1,$1,'x',0,$2,$2)`, p, false); err != nil {
					return err
				}
			}
			return nil
		})
		w.read(func(r *store.ReadTx) error {
			list, _, err := party.Accounts(r, w.actor("both"), party.AccountQuery{Text: "o"})
			var got []string
			for _, a := range list {
				got = append(got, a.Username)
			}
			if err != nil || strings.Join(got, " ") != "both other" {
				t.Errorf("%v %v", got, err)
			}
			return nil
		})
	})
}

func TestTheLeadsHearOfTheirProgram(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.org("op", "运营公司", "140600", party.Operator, "lead*", "deputy*", "anna")
		w.org("dev", "开发公司", "140602", party.Developer, "devlead*")
		w.program("prog", "op")
		if a := w.actor("prog"); !a.Program || len(a.Desks) != 1 || w.actor("anna").Program {
			t.Errorf("%+v", a)
		}
		for n, act := range []string{"program", "token", "revoke"} {
			w.clock.At = w.clock.At.Add(1)
			w.change(func(x *store.Tx) error { return party.TellAccount(x, "prog", "lead", act) })
			for p, want := range map[string]int{"lead": n + 1, "deputy": n + 1, "anna": 0, "devlead": 0, "prog": 0} {
				if got := w.news(p); len(got) != want || want > 0 && !strings.Contains(got[0].Body, "运营公司的程序账号“接口”") {
					t.Errorf("after %s %s was told %+v", act, p, got)
				}
			}
		}
	})
}

func TestWhosePasswordALeadMayReset(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.org("dev", "开发公司", "140602", party.Developer, "devlead*", "dora", "both", "stand")
		w.org("op", "运营公司", "140600", party.Operator, "lead*", "anna")
		w.change(func(x *store.Tx) error {
			if _, err := x.Exec(`INSERT INTO org_role (org, role, division, since) VALUES ('dev','operator','140600',0)`); err != nil {
				return err
			}
			if err := party.Appoint(x, party.Membership{Person: "both", Org: "dev", Role: party.Operator}); err != nil {
				return err
			}
			_, err := x.Exec(`INSERT INTO delegation (id, from_person, to_person, org, role, valid_from, valid_to, revoked)
				VALUES ('d','anna','stand','op','operator','2020-01-01','2099-01-01',$1)`, false)
			return err
		})
		for _, c := range []struct {
			by, person  string
			keeps, gets bool
		}{{"devlead", "dora", true, true}, {"devlead", "both", true, false}, {"devlead", "stand", true, false}, {"lead", "anna", true, false}, {"lead", "dora", false, false}} {
			w.read(func(r *store.ReadTx) error {
				keeps, err1 := party.Oversees(r, c.by, c.person, "")
				gets, err2 := party.Oversees(r, c.by, c.person, "reset")
				if err1 != nil || err2 != nil || keeps != c.keeps || gets != c.gets {
					t.Error(fmt.Sprint(c, keeps, gets, err1, err2))
				}
				return nil
			})
		}
	})
}
