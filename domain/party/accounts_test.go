package party_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pado/core/store"
	"pado/domain/party"
)

// TestWhoLooksAfterWhichAccounts lists for each of the actors the accounts on its list; what is
// not on it is not there for it either.
func TestWhoLooksAfterWhichAccounts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.org("op", "运营公司", "140600", party.Operator, "lead*", "anna", "both", "deputy*")
		w.org("dev", "开发公司", "140602", party.Developer, "devlead*", "dora")
		w.org("au", "数据局", "140600", party.Authority, "aulead*", "sys", "sec", "aud")
		w.change(func(x *store.Tx) error {
			for p, o := range map[string]party.Office{"sys": party.SystemOffice, "sec": party.SecurityOffice, "aud": party.AuditOffice} {
				if err := party.Install(x, o, p, "au", "", "test"); err != nil {
					return err
				}
			}
			if err := party.Appoint(x, party.Membership{Person: "both", Org: "dev", Role: party.Developer}); err != nil {
				return err
			}
			if _, err := x.Exec(`INSERT INTO person (id, name, program, status, created) VALUES ('prog','接口',$1,'active',0)`, true); err != nil {
				return err
			}
			if err := party.SeatProgram(x, "prog", "op", "treasury"); !errors.Is(err, store.ErrNotFound) {
				return fmt.Errorf("seated in a role its organisation is not in: %w", err)
			}
			if err := party.SeatProgram(x, "prog", "op", string(party.Operator)); err != nil {
				return err
			}
			for _, p := range []string{"lead", "anna", "both", "deputy", "devlead", "dora", "aulead", "sys", "sec", "aud", "prog"} {
				if _, err := x.Exec(`INSERT INTO account (username, person, password, changed, must_change, disabled) VALUES ($1,$1,'x',0,$2,$2)`, p, p == "dora"); err != nil {
					return err
				}
			}
			return nil
		})
		all := "anna aud aulead both deputy devlead dora lead prog sec sys"
		for who, want := range map[string]string{"sec": all, "sys": "sec", "aud": "", "lead": "anna prog", "deputy": "anna prog",
			"devlead": "dora", "aulead": "", "anna": "", "both": ""} {
			a := w.actor(who)
			var got []string
			w.read(func(r *store.ReadTx) error {
				list, _, err := party.Accounts(r, a, party.AccountQuery{Size: 100})
				for _, x := range list {
					got = append(got, x.Username)
				}
				if err != nil {
					return err
				}
				for _, p := range strings.Fields(all) {
					_, err := party.AccountOf(r, a, p)
					if on := strings.Contains(" "+want+" ", " "+p+" "); on != (err == nil) || !on && !errors.Is(err, store.ErrNotFound) {
						t.Errorf("%s reads %s: %v", who, p, err)
					}
					if who == "sec" || who == "sys" || who == "aud" {
						continue
					}
					ok, err := party.Oversees(r, who, p, "")
					if err != nil || ok != strings.Contains(" "+want+" ", " "+p+" ") {
						t.Errorf("%s looks after %s: %v %v", who, p, ok, err)
					}
				}
				return nil
			})
			if strings.Join(got, " ") != want {
				t.Errorf("%s: %v, want %s", who, got, want)
			}
			if party.MayList(a) != (want != "" || who == "aulead") {
				t.Errorf("%s may list: %v", who, party.MayList(a))
			}
		}
		w.read(func(r *store.ReadTx) error {
			for _, c := range []struct {
				q    party.AccountQuery
				want string
			}{{party.AccountQuery{Text: "开发公司"}, "both devlead dora"}, {party.AccountQuery{Text: "ANN"}, "anna"}, {party.AccountQuery{Text: "%"}, ""},
				{party.AccountQuery{State: "disabled"}, "dora"}, {party.AccountQuery{Kind: "program"}, "prog"}, {party.AccountQuery{After: "prog"}, "sec sys"}} {
				list, _, err := party.Accounts(r, w.actor("sec"), c.q)
				var got []string
				for _, x := range list {
					got = append(got, x.Username)
				}
				if err != nil || strings.Join(got, " ") != c.want {
					t.Errorf("%+v: %v %v", c.q, got, err)
				}
			}
			first, next, err := party.Accounts(r, w.actor("sec"), party.AccountQuery{Size: 4})
			if err != nil || len(first) != 4 || next != "both" || len(first[3].Seats) != 2 || first[3].Seats[0].OrgName == "" {
				t.Errorf("a page of four: %v next %q %v", first, next, err)
			}
			return nil
		})
		w.change(func(x *store.Tx) error { return party.TellAccount(x, "anna", "lead", "reset") })
		if n := w.news("anna"); len(n) != 1 || !strings.Contains(n[0].Title+n[0].Body, "重置口令") || !strings.Contains(n[0].Body, "人员lead") {
			t.Errorf("told: %+v", n)
		}
	})
}
