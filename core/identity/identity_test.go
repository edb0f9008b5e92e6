package identity_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/hotp"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/id"
	"pado/core/identity"
	"pado/core/store"
	"pado/core/store/storetest"
	"pado/plan"
)

var ctx = context.Background()

const good = "Shuozhou-2026"

type world struct {
	*identity.Service
	t     *testing.T
	db    *store.DB
	clock *storetest.Clock
	n     int
}

var kek = bytes.Repeat([]byte{7}, 32)

func open(t *testing.T, e store.Engine, demo bool) *world {
	t.Helper()
	clock := &storetest.Clock{At: storetest.Start}
	o := storetest.Options(t, e)
	o.Wall = clock.Now
	db, err := store.Open(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := db.Found(ctx, store.Founding{City: "140600", Origin: "test", Demo: demo}); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, db: db, clock: clock}
	w.Service = w.another()
	return w
}

// another is a second instance over the same records.
func (w *world) another() *identity.Service {
	params, err := plan.City("140600")
	if err != nil {
		w.t.Fatal(err)
	}
	return identity.New(w.db, kek, func(*store.ReadTx) (*plan.Parameters, error) { return params, nil })
}

func each(t *testing.T, f func(t *testing.T, w *world)) {
	for _, e := range []store.Engine{store.SQLite, store.Postgres} {
		t.Run(string(e), func(t *testing.T) { f(t, open(t, e, true)) })
	}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) refused(err error, code string) *identity.Failure {
	w.t.Helper()
	var f *identity.Failure
	if !errors.As(err, &f) || f.Code != code {
		w.t.Fatalf("got %v, want refusal %s", err, code)
	}
	if f.Message == "" || f.Clause.ID == "" {
		w.t.Fatalf("a refusal without words or clause: %+v", f)
	}
	return f
}

func (w *world) card() string {
	w.n++
	c, err := id.MakeIDCard("140602", calendar.Date{Y: 1990, M: 1, D: 1}, w.n)
	w.must(err)
	return c.Number()
}

func (w *world) register(user string) string {
	w.t.Helper()
	p, err := w.Register(ctx, identity.NewPerson{Username: user, Password: good, Name: "张三", Phone: "13800138000", IDCard: w.card()})
	w.must(err)
	return p
}

func (w *world) signIn(user, password string) (string, identity.Session) {
	w.t.Helper()
	token, s, err := w.SignIn(ctx, user, password, "", "10.0.0.1")
	w.must(err)
	return token, s
}

func (w *world) try(user, password, code string) error {
	_, _, err := w.SignIn(ctx, user, password, code, "10.0.0.1")
	return err
}

func (w *world) pass(d time.Duration) { w.clock.At = w.clock.At.Add(d) }

// last returns the newest entry, whose type it checks.
func (w *world) last(kind string) audit.Record {
	w.t.Helper()
	var rec audit.Record
	w.must(w.db.View(ctx, func(r *store.ReadTx) error {
		n, err := r.LogSize()
		if err != nil {
			return err
		}
		l, err := r.Leaf(n - 1)
		if err != nil {
			return err
		}
		rec, err = audit.ParseBody(l.Body)
		return err
	}))
	if rec.Type != kind || rec.Clause == "" {
		w.t.Fatalf("the newest entry is %s (clause %q), want %s", rec.Type, rec.Clause, kind)
	}
	return rec
}

func (w *world) size() (n int64) {
	w.must(w.db.View(ctx, func(r *store.ReadTx) (err error) { n, err = r.LogSize(); return err }))
	return n
}

func (w *world) exec(q string, args ...any) {
	w.t.Helper()
	_, err := w.db.Update(ctx, func(x *store.Tx) (audit.Entry, error) {
		_, err := x.Exec(q, args...)
		return audit.Entry{Type: "test.write", Actor: "test", Action: "write"}, err
	})
	w.must(err)
}

// officer opens an account that holds an administrator's office.
func (w *world) officer(user, office string) identity.Session {
	w.t.Helper()
	p := w.register(user)
	w.exec(`INSERT INTO org (id, name, division, kind, legal_person, status, created) VALUES ('au','数据局','140600','organ',$1,'active',0)
		ON CONFLICT DO NOTHING`, true)
	w.exec(`INSERT INTO administrator (person, office, org, since) VALUES ($1,$2,'au',0)`, p, office)
	_, s := w.signIn(user, good)
	return s
}

func TestASessionFromRegistrationToSignOut(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.register("zhangsan")
		w.last("identity.register")
		token, s := w.signIn(" ZhangSan ", good)
		if s.Person != p || s.Name != "张三" || s.Username != "zhangsan" || s.MustChange || s.SecondFactor || s.Program || !s.MustBind {
			t.Fatalf("%+v", s)
		}
		if e := w.last("identity.sign-in"); e.Actor != p || e.Result != audit.Done || e.Detail["from"] != "10.0.0.1" {
			t.Fatalf("%+v", e)
		}
		got, err := w.Session(ctx, token)
		w.must(err)
		if got.Person != p || got.ID == token || len(got.ID) != 64 {
			t.Fatalf("%+v", got)
		}
		w.must(w.SignOut(ctx, token))
		w.last("identity.sign-out")
		_, err = w.Session(ctx, token)
		w.refused(err, "sign_in.required")
		n := w.size()
		w.must(w.SignOut(ctx, token))
		if w.size() != n {
			t.Error("signing out twice is nothing")
		}
	})
}

func TestUnknownNamesAndWrongPasswordsGetTheSameAnswers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.register("zhangsan")
		w.register("tingyong")
		w.exec(`UPDATE account SET disabled = $1 WHERE username = 'tingyong'`, true)
		n := w.size()
		for i := range 6 {
			known, unknown, disabled := w.try("zhangsan", "Wrong-2026", ""), w.try("lisi", "Wrong-2026", ""), w.try("tingyong", good, "")
			if known == nil || unknown == nil || known.Error() != unknown.Error() || disabled == nil || disabled.Error() != known.Error() {
				t.Fatalf("attempt %d: %v | %v | %v", i+1, known, unknown, disabled)
			}
		}
		if got := w.size() - n; got != 12 {
			t.Errorf("%d entries for six attempts on each of two accounts", got)
		}
		w.pass(time.Minute)
		w.must(w.Sweep(ctx))
		e := w.last("identity.anonymous")
		if e.Detail["count"] != "6" || e.Result != audit.Refused {
			t.Errorf("%+v", e)
		}
		n = w.size()
		w.must(w.Sweep(ctx))
		if w.size() != n {
			t.Error("a minute is counted once")
		}
	})
}

func TestFiveFailuresLockForHalfAnHour(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.register("zhangsan")
		for range 4 {
			w.refused(w.try("zhangsan", "Wrong-2026", ""), "sign_in.failed")
		}
		w.signIn("zhangsan", good) // ends the row of failures
		for range 4 {
			w.refused(w.try("zhangsan", "Wrong-2026", ""), "sign_in.failed")
		}
		f := w.refused(w.try("zhangsan", "Wrong-2026", ""), "sign_in.locked")
		if !strings.Contains(f.Message, "30 分钟") {
			t.Error(f.Message)
		}
		if e := w.last("identity.sign-in"); e.Action != "lock" || e.Result != audit.Refused || e.Detail["failures"] != "5" {
			t.Errorf("%+v", e)
		}
		w.refused(w.try("zhangsan", good, ""), "sign_in.locked")
		w.pass(29 * time.Minute)
		w.refused(w.try("zhangsan", good, ""), "sign_in.locked")
		w.pass(time.Minute)
		w.signIn("zhangsan", good)
	})
}

func TestALockByOthersDoesNotEndAnOpenSession(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.register("zhangsan")
		token, _ := w.signIn("zhangsan", good)
		for range 5 {
			w.try("zhangsan", "Wrong-2026", "") //nolint:errcheck // refused on purpose
		}
		w.pass(5 * time.Second)
		_, err := w.Session(ctx, token)
		w.must(err)
	})
}

func TestManyAtOnceLockOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.register("zhangsan")
		codes := make(chan string, 12)
		var wg sync.WaitGroup
		for range 12 {
			wg.Go(func() {
				var f *identity.Failure
				if errors.As(w.try("zhangsan", "Wrong-2026", ""), &f) {
					codes <- f.Code
				}
			})
		}
		wg.Wait()
		close(codes)
		n := map[string]int{}
		for c := range codes {
			n[c]++
		}
		if n["sign_in.failed"] != 4 || n["sign_in.locked"] != 8 {
			t.Fatalf("%v", n)
		}
	})
}

func TestAPasswordEndsAfterNinetyDays(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.register("zhangsan")
		w.pass(90*24*time.Hour - time.Minute)
		if _, s := w.signIn("zhangsan", good); s.MustChange {
			t.Fatal("a day early")
		}
		w.pass(time.Minute)
		token, s := w.signIn("zhangsan", good)
		if !s.MustChange {
			t.Fatal("not at the end")
		}
		other, _ := w.signIn("zhangsan", good)
		w.refused(w.ChangePassword(ctx, s, "Wrong-2026", "Another-2026"), "password.old")
		if e := w.last("identity.password"); e.Result != audit.Refused {
			t.Errorf("%+v", e)
		}
		w.refused(w.ChangePassword(ctx, s, good, "short1A"), "password.weak")
		w.refused(w.ChangePassword(ctx, s, good, good), "password.reused")
		w.must(w.ChangePassword(ctx, s, good, "Another-2026"))
		got, err := w.Session(ctx, token)
		w.must(err)
		if got.MustChange {
			t.Error("changed and still to be changed")
		}
		_, err = w.Session(ctx, other)
		w.refused(err, "sign_in.required")
		w.refused(w.try("zhangsan", good, ""), "sign_in.failed")
	})
}

func TestTheLastFivePasswordsAreNotTakenAgain(t *testing.T) {
	w := open(t, store.SQLite, true)
	w.register("zhangsan")
	_, s := w.signIn("zhangsan", good)
	now := good
	for i := range 4 {
		w.pass(time.Minute)
		next := fmt.Sprintf("Another-%d", 2027+i)
		w.must(w.ChangePassword(ctx, s, now, next))
		now = next
	}
	w.pass(time.Minute)
	w.refused(w.ChangePassword(ctx, s, now, good), "password.reused")
	w.must(w.ChangePassword(ctx, s, now, "Another-2040"))
	w.pass(time.Minute)
	w.must(w.ChangePassword(ctx, s, "Another-2040", good))
}

func TestGuessingTheOldPasswordEndsTheSession(t *testing.T) {
	w := open(t, store.SQLite, true)
	w.register("zhangsan")
	token, s := w.signIn("zhangsan", good)
	for range 4 {
		w.refused(w.ChangePassword(ctx, s, "Wrong-2026", "Another-2026"), "password.old")
	}
	w.refused(w.ChangePassword(ctx, s, "Wrong-2026", "Another-2026"), "sign_in.locked")
	_, err := w.Session(ctx, token)
	w.refused(err, "sign_in.required")
}

func (w *world) code(key string, ahead int) string {
	c, err := hotp.GenerateCode(key, uint64(w.clock.At.Unix()/30+int64(ahead)))
	w.must(err)
	return c
}

func TestTheSecondFactor(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.register("zhangsan")
		token, s := w.signIn("zhangsan", good)
		w.refused(w.ConfirmTOTP(ctx, s, "123456"), "second_factor.not_begun")
		key, uri, err := w.BeginTOTP(ctx, s)
		w.must(err)
		if !strings.HasPrefix(uri, "otpauth://totp/") || !strings.Contains(uri, key) {
			t.Fatal(uri)
		}
		w.refused(w.ConfirmTOTP(ctx, s, "000000"), "second_factor.wrong")
		w.must(w.ConfirmTOTP(ctx, s, w.code(key, 0)))
		w.last("identity.totp")
		if got, err := w.Session(ctx, token); err != nil || !got.SecondFactor || got.MustBind {
			t.Fatal(got, err)
		}
		_, _, err = w.BeginTOTP(ctx, s)
		w.refused(err, "second_factor.bound")

		w.pass(time.Minute)
		w.refused(w.try("zhangsan", good, ""), "sign_in.second_factor")
		w.refused(w.try("zhangsan", "Wrong-2026", w.code(key, 0)), "sign_in.failed")
		w.refused(w.try("zhangsan", good, w.code(key, 5)), "sign_in.second_factor")
		_, s2, err := w.SignIn(ctx, "zhangsan", good, w.code(key, 0), "")
		w.must(err)
		if !s2.SecondFactor || s2.MustBind {
			t.Fatalf("%+v", s2)
		}
		w.refused(w.try("zhangsan", good, w.code(key, 0)), "sign_in.second_factor")
		w.refused(w.try("zhangsan", good, w.code(key, -1)), "sign_in.second_factor")
		w.must(w.try("zhangsan", good, w.code(key, 1)))
		w.refused(w.RemoveTOTP(ctx, s2, w.code(key, 0)), "second_factor.wrong")
		w.pass(time.Minute)
		w.must(w.RemoveTOTP(ctx, s2, w.code(key, 0)))
		w.must(w.try("zhangsan", good, ""))
		w.refused(w.RemoveTOTP(ctx, s2, "123456"), "second_factor.unbound")
	})
}

func TestACodeOpensOneSessionHoweverManyTry(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.register("zhangsan")
		_, s := w.signIn("zhangsan", good)
		key, _, err := w.BeginTOTP(ctx, s)
		w.must(err)
		w.must(w.ConfirmTOTP(ctx, s, w.code(key, 0)))
		w.pass(time.Minute)
		var wg sync.WaitGroup
		won := make(chan bool, 4)
		for range 4 {
			wg.Go(func() { won <- w.try("zhangsan", good, w.code(key, 0)) == nil })
		}
		wg.Wait()
		close(won)
		n := 0
		for ok := range won {
			if ok {
				n++
			}
		}
		if n != 1 {
			t.Fatalf("%d sessions with one code", n)
		}
	})
}

func TestAnUnfinishedBindingEnds(t *testing.T) {
	w := open(t, store.SQLite, true)
	w.register("zhangsan")
	_, s := w.signIn("zhangsan", good)
	key, _, err := w.BeginTOTP(ctx, s)
	w.must(err)
	w.pass(11 * time.Minute)
	w.refused(w.ConfirmTOTP(ctx, s, w.code(key, 0)), "second_factor.not_begun")
	w.must(w.try("zhangsan", good, ""))
}

func TestSessionsEndByIdlenessAndByAge(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.register("zhangsan")
		token, _ := w.signIn("zhangsan", good)
		for range 24 {
			w.pass(29 * time.Minute)
			_, err := w.Session(ctx, token)
			w.must(err)
		}
		w.pass(25 * time.Minute) // 12 hours and one minute after sign-in
		_, err := w.Session(ctx, token)
		w.refused(err, "sign_in.required")
		token, _ = w.signIn("zhangsan", good)
		w.pass(30 * time.Minute)
		_, err = w.Session(ctx, token)
		w.refused(err, "sign_in.required")

		p := w.register("guanli")
		w.exec(`INSERT INTO org (id, name, division, kind, legal_person, status, created) VALUES ('au','数据局','140600','organ',$1,'active',0)`, true)
		w.exec(`INSERT INTO administrator (person, office, org, since) VALUES ($1,'audit','au',0)`, p)
		token, _ = w.signIn("guanli", good)
		w.pass(9 * time.Minute)
		_, err = w.Session(ctx, token)
		w.must(err)
		w.pass(10 * time.Minute)
		_, err = w.Session(ctx, token)
		w.refused(err, "sign_in.required")
	})
}

func TestWhatEndsHereEndsAtOnceAndElsewhereWithinTwoSeconds(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.register("zhangsan")
		sec := w.officer("anquan", "security")
		other := w.another()
		for what, end := range map[string]func(token string) error{
			"sign-out": func(token string) error { return w.SignOut(ctx, token) },
			"lock":     func(string) error { return w.Lock(ctx, sec, "zhangsan") },
			"disable":  func(string) error { return w.Disable(ctx, sec, "zhangsan") },
		} {
			w.must(w.Enable(ctx, sec, "zhangsan"))
			w.must(w.Unlock(ctx, sec, "zhangsan"))
			token, _ := w.signIn("zhangsan", good)
			for _, i := range []*identity.Service{w.Service, other} {
				_, err := i.Session(ctx, token)
				w.must(err)
			}
			w.must(end(token))
			_, err := w.Session(ctx, token)
			w.refused(err, "sign_in.required")
			if _, err := other.Session(ctx, token); err != nil {
				t.Errorf("%s: the other instance asked the records within the life of its cache", what)
			}
			w.pass(identity.CacheLife)
			_, err = other.Session(ctx, token)
			w.refused(err, "sign_in.required")
		}
	})
}
