package identity_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pado/core/identity"
	"pado/core/store"
	"pado/plan"
)

func TestWhatIsDisabledStaysSignedOut(t *testing.T) {
	w := open(t, store.SQLite, true)
	w.register("zhangsan")
	sec := w.officer("anquan", "security")
	token, _ := w.signIn("zhangsan", good)
	w.must(w.Disable(ctx, sec, "zhangsan"))
	w.must(w.Enable(ctx, sec, "zhangsan"))
	_, err := w.Session(ctx, token)
	w.refused(err, "sign_in.required")
}

func TestASessionThatEndsWhileItIsReadIsNotRemembered(t *testing.T) {
	w := open(t, store.SQLite, true)
	params, err := plan.City("140600")
	w.must(err)
	var meanwhile func()
	s := identity.New(w.db, kek, func(*store.ReadTx) (*plan.Parameters, error) {
		if f := meanwhile; f != nil {
			meanwhile = nil
			f()
		}
		return params, nil
	})
	w.register("zhangsan")
	sec := w.officer("anquan", "security")
	var token string
	for _, end := range []func() error{func() error { return s.SignOut(ctx, token) }, func() error { return s.Disable(ctx, sec, "zhangsan") }} {
		token, _ = w.signIn("zhangsan", good)
		meanwhile = func() { w.must(end()) }
		_, err = s.Session(ctx, token)
		w.must(err) // it read what was there
		_, err = s.Session(ctx, token)
		w.refused(err, "sign_in.required")
	}
}

func TestOnlyTheSecurityAdministratorManagesAccounts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.register("zhangsan")
		_, plain := w.signIn("zhangsan", good)
		w.register("lisi")
		sec, sys, aud := w.officer("anquan", "security"), w.officer("xitong", "system"), w.officer("shenji", "audit")
		for _, c := range []struct {
			name string
			by   identity.Session
			user string
			ok   bool
		}{
			{"a person", plain, "lisi", false}, {"the auditor", aud, "lisi", false}, {"the system administrator", sys, "lisi", false},
			{"oneself", sec, "anquan", false}, {"the security administrator", sec, "lisi", true},
			{"the system administrator for the security administrator", sys, "anquan", true},
			{"the security administrator for the system administrator", sec, "xitong", true},
		} {
			n := w.size()
			pw, err := w.Reset(ctx, c.by, c.user, false)
			if (err == nil) != c.ok {
				t.Errorf("%s: %v", c.name, err)
			}
			if w.size() != n+1 {
				t.Errorf("%s: %d entries", c.name, w.size()-n)
			}
			if c.ok && len(pw) != 19 {
				t.Errorf("%s: no password", c.name)
			}
		}
		_, missing := w.Reset(ctx, plain, "nobody", false)
		_, there := w.Reset(ctx, plain, "lisi", false)
		if missing.Error() != there.Error() {
			t.Errorf("who may not manage learns who exists: %v | %v", missing, there)
		}
	})
}

func TestAOneTimePasswordIsChangedOrEnds(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.register("zhangsan")
		token, s := w.signIn("zhangsan", good)
		key, _, err := w.BeginTOTP(ctx, s)
		w.must(err)
		w.must(w.ConfirmTOTP(ctx, s, w.code(key, 0)))
		sec := w.officer("anquan", "security")
		pw, err := w.Reset(ctx, sec, "zhangsan", true)
		w.must(err)
		_, err = w.Session(ctx, token)
		w.refused(err, "sign_in.required")
		_, s = w.signIn("zhangsan", pw)
		if !s.MustChange {
			t.Fatal("a one-time password that may stay")
		}
		w.pass(24 * time.Hour)
		w.refused(w.try("zhangsan", pw, ""), "sign_in.password_expired")
		pw, err = w.Reset(ctx, sec, "zhangsan", false)
		w.must(err)
		_, s = w.signIn("zhangsan", pw)
		w.must(w.ChangePassword(ctx, s, pw, "Another-2026"))
		w.pass(48 * time.Hour)
		if _, s = w.signIn("zhangsan", "Another-2026"); s.MustChange {
			t.Error("still to be changed")
		}
	})
}

func TestTokensAreForProgramsAndForDemonstrations(t *testing.T) {
	for _, demo := range []bool{false, true} {
		t.Run(fmt.Sprint("demo ", demo), func(t *testing.T) {
			w := open(t, store.SQLite, demo)
			w.register("zhangsan")
			_, err := w.IssueToken(ctx, "zhangsan", "system")
			if demo {
				w.must(err)
			} else {
				w.refused(err, "account.token")
			}
			sec := w.officer("anquan", "security")
			_, err = w.OpenProgram(ctx, w.officer("xitong", "system"), identity.NewProgram{Username: "jiekou", Name: "前置接口"})
			w.refused(err, "account.office")
			p, err := w.OpenProgram(ctx, sec, identity.NewProgram{Username: "jiekou", Name: "前置接口"})
			w.must(err)
			w.refused(w.try("jiekou", good, ""), "sign_in.failed")
			token, err := w.IssueToken(ctx, "jiekou", sec.Person)
			w.must(err)
			w.last("identity.token")
			s, err := w.Session(ctx, token)
			w.must(err)
			if s.Person != p || !s.Program || s.MustChange || s.MustBind {
				t.Fatalf("%+v", s)
			}
			w.pass(200 * 24 * time.Hour)
			_, err = w.Session(ctx, token)
			w.must(err)
			w.refused(w.ChangePassword(ctx, s, "a", "b"), "account.token")
			w.pass(165 * 24 * time.Hour)
			_, err = w.Session(ctx, token)
			w.refused(err, "sign_in.required")
			_, err = w.IssueToken(ctx, "nobody", "system")
			w.refused(err, "account.unknown")
		})
	}
}

func TestRegistrationIsCheckedSealedAndUnique(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		card := w.card()
		n := identity.NewPerson{Username: "zhangsan", Password: good, Name: "张三", Phone: "+86 138-0013-8000", IDCard: card}
		for code, bad := range map[string]func(*identity.NewPerson){
			"register.username": func(n *identity.NewPerson) { n.Username = "张三" },
			"register.name":     func(n *identity.NewPerson) { n.Name = "张\u202e三" },
			"register.phone":    func(n *identity.NewPerson) { n.Phone = "12345" },
			"register.id_card":  func(n *identity.NewPerson) { n.IDCard = card[:17] + "?" },
			"password.weak":     func(n *identity.NewPerson) { n.Password = "Zhangsan-1" },
		} {
			x := n
			bad(&x)
			_, err := w.Register(ctx, x)
			if f := w.refused(err, code); strings.Contains(f.Message, card) {
				t.Error("a refusal repeats a number")
			}
		}
		p, err := w.Register(ctx, n)
		w.must(err)
		var row struct {
			PhoneMasked, IDCardMasked, IDCardDigest, Password string
			PhoneSealed, IDCardSealed                         []byte
		}
		w.must(w.db.View(ctx, func(r *store.ReadTx) error {
			return r.Get(&row, `SELECT phone_masked, id_card_masked, id_card_digest, phone_sealed, id_card_sealed, password
				FROM person JOIN account ON person = id WHERE id = $1`, p)
		}))
		if row.PhoneMasked != "138****8000" || strings.Contains(fmt.Sprintf("%s", row), card) || strings.Contains(fmt.Sprintf("%s", row), "13800138000") ||
			!strings.HasPrefix(row.Password, "$argon2id$v=19$") {
			t.Fatalf("%s", row)
		}
		if got, err := identity.Contact(kek, "sms", p, row.PhoneSealed); err != nil || got != "13800138000" {
			t.Fatal(got, err)
		}
		if _, err := identity.Contact(kek, "sms", "p_other", row.PhoneSealed); err == nil {
			t.Error("a sealed number opens for another person")
		}
		n.IDCard = w.card()
		_, err = w.Register(ctx, n)
		name := w.refused(err, "register.taken")
		n.Username, n.IDCard = "lisi", strings.ToLower(card)
		_, err = w.Register(ctx, n)
		if same := w.refused(err, "register.taken"); same.Message != name.Message {
			t.Error("the answer tells which of the two is taken")
		}
	})
}

func TestAMailAddressIsSealed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.register("zhangsan")
		_, s := w.signIn("zhangsan", good)
		for _, bad := range []string{"x", "张三 <a@example.org>", "a@b@c", strings.Repeat("a", 200) + "@example.org"} {
			w.refused(w.SetMail(ctx, s, bad), "register.mail")
		}
		var sealed []byte
		read := func() []byte {
			w.must(w.db.View(ctx, func(r *store.ReadTx) error { return r.Get(&sealed, `SELECT mail_sealed FROM person WHERE id = $1`, p) }))
			return sealed
		}
		w.must(w.SetMail(ctx, s, " a@example.org "))
		w.last("identity.contact")
		if got, err := identity.Contact(kek, "mail", p, read()); err != nil || got != "a@example.org" {
			t.Fatal(got, err)
		}
		w.must(w.SetMail(ctx, s, ""))
		if read() != nil {
			t.Error("an address taken back is kept")
		}
	})
}

func TestNoTokenIsNoSession(t *testing.T) {
	w := open(t, store.SQLite, true)
	for _, token := range []string{"", "x", strings.Repeat("a", 43), strings.Repeat("a", 1<<16), "' OR 1=1 --", "\x00"} {
		_, err := w.Session(ctx, token)
		w.refused(err, "sign_in.required")
	}
	w.refused(w.try(strings.Repeat("a", 1<<16), strings.Repeat("b", 1<<16), ""), "sign_in.failed")
}

func TestEveryOneTimePasswordKeepsTheRules(t *testing.T) {
	w := open(t, store.SQLite, true)
	w.register("zhangsan")
	rapid.Check(t, func(t *rapid.T) {
		pw := identity.OnceForTest(w.Service)
		if err := identity.StrongForTest("zhangsan", pw); err != nil {
			t.Fatalf("%q: %v", pw, err)
		}
	})
}
