package identity_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pado/core/audit"
	"pado/core/identity"
	"pado/core/store"
)

// led attaches the rule that by leads everybody whose user name begins with its own.
func (w *world) led(told *[]string) {
	name := func(r *store.ReadTx, person string) (n string, err error) {
		return n, r.Get(&n, `SELECT username FROM account WHERE person = $1`, person)
	}
	seat := map[string]string{}
	w.Attach(identity.Hooks{
		Oversees: func(r *store.ReadTx, by, person, action string) (bool, error) {
			b, err := name(r, by)
			if err != nil || b != "danwei" {
				return false, err
			}
			if person == "" || seat[person] == "org-danwei" {
				return true, nil
			}
			p, err := name(r, person)
			return strings.HasPrefix(p, b+"-") && (action != "reset" || p != "danwei-paired"), err
		},
		Tell: func(_ *store.Tx, person, by, action string) error { *told = append(*told, action); return nil },
		Seat: func(w *store.Tx, person, org, role string) error {
			if role != "operator" {
				return store.ErrNotFound
			}
			seat[person] = org
			return seatRow(w, person, org)
		},
	})
}

func TestALeadLooksAfterItsOwnPeopleOnly(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var told []string
		w.led(&told)
		for _, u := range []string{"danwei", "danwei-a", "bieren"} {
			w.register(u)
		}
		sec := w.officer("anquan", "security")
		_, lead := w.signIn("danwei", good)
		contacts := identity.Contacts{}
		acts := map[string]func(by identity.Session, user string) error{
			"reset":  func(by identity.Session, u string) error { _, err := w.Reset(ctx, by, u, false); return err },
			"lock":   func(by identity.Session, u string) error { return w.Lock(ctx, by, u) },
			"unlock": func(by identity.Session, u string) error { return w.Unlock(ctx, by, u) },
			"phone": func(by identity.Session, u string) error {
				_, err := w.Reveal(ctx, by, u, "phone", "核对联系方式")
				return err
			},
			"both":     func(by identity.Session, u string) error { _, err := w.Reset(ctx, by, u, true); return err },
			"disable":  func(by identity.Session, u string) error { return w.Disable(ctx, by, u) },
			"enable":   func(by identity.Session, u string) error { return w.Enable(ctx, by, u) },
			"contacts": func(by identity.Session, u string) error { return w.SetContacts(ctx, by, u, contacts) },
			"id card": func(by identity.Session, u string) error {
				_, err := w.Reveal(ctx, by, u, "id_card", "核对身份信息")
				return err
			},
		}
		open := map[string]bool{"reset": true, "lock": true, "unlock": true, "phone": true}
		for act, do := range acts {
			for _, c := range []struct {
				by         identity.Session
				user, code string
			}{{lead, "danwei-a", map[bool]string{true: "", false: "account.office"}[open[act]]}, {lead, "bieren", "account.unknown"},
				{lead, "nobody", "account.unknown"}, {lead, "danwei", "account.office"}, {lead, "anquan", "account.unknown"}, {sec, "danwei-a", ""}} {
				w.exec(`UPDATE account SET locked_until = NULL, locked_by = '' WHERE username = $1`, "danwei-a") // what the act before left
				n := w.size()
				err := do(c.by, c.user)
				var f *identity.Failure
				if got := errors.As(err, &f); (c.code != "") != got || got && f.Code != c.code {
					t.Errorf("%s by %s on %s: %v, want %q", act, c.by.Username, c.user, err, c.code)
				}
				if w.size() != n+1 {
					t.Errorf("%s by %s on %s: %d entries", act, c.by.Username, c.user, w.size()-n)
				}
			}
		}
		if len(told) != len(acts)+len(open) {
			t.Errorf("told %d times: %v", len(told), told)
		}
	})
}

func TestAProgramIsSeatedItsTokenRotatedAndRevoked(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var told []string
		w.led(&told)
		w.register("danwei")
		_, lead := w.signIn("danwei", good)
		n := identity.NewProgram{Username: "jiekou", Name: "前置接口", Org: "org-bieren", Role: "operator"}
		_, err := w.OpenProgram(ctx, lead, n)
		w.refused(err, "account.seat")
		n.Org, n.Role = "org-danwei", "treasury"
		_, err = w.OpenProgram(ctx, lead, n)
		w.refused(err, "account.seat")
		n.Role = "operator"
		person, err := w.OpenProgram(ctx, lead, n)
		w.must(err)
		if e := w.last("identity.register"); e.Action != "program" || e.Org != "org-danwei" || e.Object != person {
			t.Errorf("%+v", e)
		}
		first, err := w.RotateToken(ctx, lead, "jiekou")
		w.must(err)
		_, err = w.Session(ctx, first)
		w.must(err)
		second, err := w.RotateToken(ctx, lead, "jiekou")
		w.must(err)
		_, err = w.Session(ctx, first)
		w.refused(err, "sign_in.required")
		s, err := w.Session(ctx, second)
		w.must(err)
		if !s.Program || s.Person != person || s.Idle != 0 || w.Confirmed(s, "") {
			t.Errorf("%+v", s)
		}
		w.must(w.RevokeTokens(ctx, lead, "jiekou"))
		_, err = w.Session(ctx, second)
		w.refused(err, "sign_in.required")
		w.register("danwei-a")
		_, err = w.RotateToken(ctx, lead, "danwei-a")
		w.refused(err, "account.token")
	})
}

func TestContactsAreSetSealedAndRevealedWithAReason(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.register("zhangsan")
		_, own := w.signIn("zhangsan", good)
		sec := w.officer("anquan", "security")
		mail, phone, bad := "zhang@example.cn", "13900139000", "123"
		w.must(w.SetContacts(ctx, sec, "zhangsan", identity.Contacts{Mail: &mail, Phone: &phone}))
		if e := w.last("identity.contact"); e.Detail["mail"] != "changed" || e.Detail["phone"] != "changed" || strings.Contains(e.Detail["phone"], "139") {
			t.Errorf("%+v", e.Detail)
		}
		w.refused(w.SetContacts(ctx, sec, "zhangsan", identity.Contacts{Phone: &bad}), "register.phone")
		w.refused(w.SetContacts(ctx, sec, "zhangsan", identity.Contacts{Mail: &bad}), "register.mail")
		_, err := w.Reveal(ctx, sec, "zhangsan", "phone", " 急 ")
		w.refused(err, "reveal.reason")
		for field, want := range map[string]string{"phone": phone, "mail": mail} {
			got, err := w.Reveal(ctx, sec, "zhangsan", field, "通知本人办理事项")
			w.must(err)
			if got != want {
				t.Errorf("%s: %q", field, got)
			}
			if e := w.last("identity.reveal"); e.Detail["field"] != field || e.Detail["reason"] != "通知本人办理事项" || e.Result != audit.Done {
				t.Errorf("%+v", e)
			}
		}
		none := ""
		w.must(w.SetOwnContacts(ctx, own, identity.Contacts{Mail: &none}))
		got, err := w.Reveal(ctx, sec, "zhangsan", "mail", "通知本人办理事项")
		w.must(err)
		if got != "" {
			t.Errorf("the mail is still %q", got)
		}
	})
}

func TestWhatCannotBeTakenBackIsConfirmed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.register("zhangsan")
		token, s := w.signIn("zhangsan", good)
		if !w.Confirmed(s, "") || s.Idle != 30*time.Minute {
			t.Errorf("just signed in: %v, idle %v", w.Confirmed(s, ""), s.Idle)
		}
		w.pass(5 * time.Minute)
		s, err := w.Session(ctx, token)
		w.must(err)
		if w.Confirmed(s, "") {
			t.Error("signing in counts for ever")
		}
		_, _, err = w.Confirm(ctx, s, "wrong", "")
		w.refused(err, "password.old")
		proof, until, err := w.Confirm(ctx, s, good, "")
		w.must(err)
		w.last("identity.confirm")
		if !w.Confirmed(s, proof) || until.Sub(w.clock.At) > 5*time.Minute || !w.another().Confirmed(s, proof) {
			t.Errorf("not confirmed until %v", until)
		}
		_, other := w.signIn("zhangsan", good)
		other.Fresh = store.Time{}
		at, mark, _ := strings.Cut(proof, ".")
		for _, forged := range []string{at + "9." + mark, "9999999999." + mark, at, "", "." + mark} {
			if w.Confirmed(s, forged) {
				t.Errorf("forged %q", forged)
			}
		}
		if w.Confirmed(other, proof) {
			t.Error("the proof holds in another session")
		}
		w.pass(5 * time.Minute)
		if w.Confirmed(s, proof) {
			t.Error("the proof holds for ever")
		}
		_, _, err = w.Confirm(ctx, s, "", "123456")
		w.refused(err, "second_factor.unbound")
		sec := w.officer("anquan", "security")
		if sec.Idle != 10*time.Minute {
			t.Errorf("an administrator may idle for %v", sec.Idle)
		}
	})
}
