package identity_test

import (
	"testing"
	"time"

	"pado/core/identity"
	"pado/core/store"
)

// seatRow writes down the desk that hook Seat gives in the room of people.
func seatRow(w *store.Tx, person, org string) error {
	if _, err := w.Exec(`INSERT INTO org (id, name, division, kind, legal_person, status, created) VALUES ($1,$1,'140600','x',$2,'active',0)
		ON CONFLICT DO NOTHING`, org, true); err != nil {
		return err
	}
	_, err := w.Exec(`INSERT INTO membership (person, org, role, ranks, lead, since) VALUES ($1,$2,'operator','',$3,'2025-01-01')`, person, org, false)
	return err
}

func TestASeatedProgramIsItsOwnLeadsAlone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var told []string
		w.led(&told)
		w.register("danwei")
		sec, sys := w.officer("anquan", "security"), w.officer("xitong", "system")
		_, lead := w.signIn("danwei", good)
		n := identity.NewProgram{Username: "jiekou", Name: "前置接口", Org: "org-danwei", Role: "operator"}
		for _, by := range []identity.Session{sec, sys} {
			_, err := w.OpenProgram(ctx, by, n)
			w.refused(err, "account.office")
		}
		if len(told) != 0 {
			t.Errorf("told of what did not happen: %v", told)
		}
		person, err := w.OpenProgram(ctx, lead, n)
		w.must(err)
		token, err := w.RotateToken(ctx, lead, "jiekou")
		w.must(err)
		for _, by := range []identity.Session{sec, sys} {
			_, err = w.RotateToken(ctx, by, "jiekou")
			w.refused(err, "account.office")
		}
		if s, err := w.Session(ctx, token); err != nil || s.Person != person {
			t.Errorf("a refused token ends the one there is: %v", err)
		}
		if len(told) != 2 || told[0] != "program" || told[1] != "token" {
			t.Errorf("told %v", told)
		}
		// An office stops the program; only an office lets it go on.
		w.must(w.RevokeTokens(ctx, sec, "jiekou"))
		w.refusedAll(map[string]func() error{
			"token":  func() error { _, err := w.RotateToken(ctx, lead, "jiekou"); return err },
			"unlock": func() error { return w.Unlock(ctx, lead, "jiekou") },
			"lock":   func() error { return w.Lock(ctx, lead, "jiekou") },
		})
		w.must(w.RevokeTokens(ctx, lead, "jiekou"))
		w.pass(365 * 24 * time.Hour)
		_, lead = w.signIn("danwei", good)
		_, err = w.RotateToken(ctx, lead, "jiekou")
		w.refused(err, "account.office")
		w.must(w.Unlock(ctx, sec, "jiekou"))
		_, err = w.RotateToken(ctx, lead, "jiekou")
		w.must(err)
		w.must(w.Lock(ctx, sec, "jiekou"))
		_, err = w.RotateToken(ctx, lead, "jiekou")
		w.refused(err, "account.office")
		w.must(w.Disable(ctx, sec, "jiekou"))
		w.must(w.Enable(ctx, sec, "jiekou"))
		_, err = w.RotateToken(ctx, lead, "jiekou")
		w.refused(err, "account.office")
		// Without a seat it is the security administrator's, who stops and starts it.
		_, err = w.OpenProgram(ctx, sec, identity.NewProgram{Username: "jiankong", Name: "监控"})
		w.must(err)
		w.must(w.RevokeTokens(ctx, sec, "jiankong"))
		_, err = w.RotateToken(ctx, sec, "jiankong")
		w.must(err)
	})
}

func (w *world) refusedAll(acts map[string]func() error) {
	w.t.Helper()
	for name, act := range acts {
		w.t.Log(name)
		w.refused(act(), "account.office")
	}
}

func TestALeadUndoesNoLockOfAnOffice(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var told []string
		w.led(&told)
		w.register("danwei")
		w.register("danwei-a")
		sec := w.officer("anquan", "security")
		_, lead := w.signIn("danwei", good)
		acts := map[string]func() error{
			"unlock": func() error { return w.Unlock(ctx, lead, "danwei-a") },
			"lock":   func() error { return w.Lock(ctx, lead, "danwei-a") },
			"reset":  func() error { _, err := w.Reset(ctx, lead, "danwei-a", false); return err },
		}
		w.must(w.Lock(ctx, sec, "danwei-a"))
		w.refusedAll(acts)
		w.refused(w.try("danwei-a", good, ""), "sign_in.locked")
		w.refused(w.try("danwei-a", "wrong", ""), "sign_in.locked")
		w.refusedAll(acts)
		w.must(w.Unlock(ctx, sec, "danwei-a"))
		w.must(w.try("danwei-a", good, ""))
		// The own lock, and one after too many tries, a lead may end; so may an office.
		w.must(acts["lock"]())
		w.must(acts["unlock"]())
		for range 5 {
			_ = w.try("danwei-a", "wrong", "")
		}
		w.refused(w.try("danwei-a", good, ""), "sign_in.locked")
		w.must(acts["unlock"]())
		w.must(w.Lock(ctx, sec, "danwei-a"))
		w.pass(24 * time.Hour) // the office's lock is over
		_, lead = w.signIn("danwei", good)
		w.must(acts["reset"]())
	})
}

func TestALeadIsNotHandedTheSecondPersonsPassword(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var told []string
		w.led(&told)
		for _, u := range []string{"danwei", "danwei-a", "danwei-paired"} {
			w.register(u)
		}
		_, lead := w.signIn("danwei", good)
		_, err := w.Reset(ctx, lead, "danwei-paired", false)
		f := w.refused(err, "account.office")
		if f.Message == "" || len(told) != 0 {
			t.Errorf("%+v, told %v", f, told)
		}
		w.must(w.Lock(ctx, lead, "danwei-paired"))
		w.must(w.Unlock(ctx, lead, "danwei-paired"))
		w.must(w.try("danwei-paired", good, ""))
		_, err = w.Reset(ctx, lead, "danwei-a", false)
		w.must(err)
		_, err = w.Reset(ctx, w.officer("anquan", "security"), "danwei-paired", false)
		w.must(err)
	})
}

func TestOnesOwnContactsSayWhichChanged(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.register("zhangsan")
		_, own := w.signIn("zhangsan", good)
		mail, phone := "zhang@example.cn", "13900139000"
		for want, c := range map[string]identity.Contacts{"mail": {Mail: &mail}, "phone": {Phone: &phone}} {
			w.must(w.SetOwnContacts(ctx, own, c))
			if e := w.last("identity.contact"); len(e.Detail) != 1 || e.Detail[want] != "changed" {
				t.Errorf("%s: %+v", want, e.Detail)
			}
		}
	})
}
