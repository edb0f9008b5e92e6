package identity

import (
	"context"
	"errors"
	"strconv"
	"time"

	"pado/core/audit"
	"pado/core/store"
)

// SignIn opens a session with a password and, when one is bound, the second factor; from is the
// address the request came from. The token is shown once; only its digest is kept.
//
// An unknown name and a wrong password get the same answer after the same work. Every attempt
// on an account is one entry; attempts under unknown names are a count per minute. An expired
// password still opens a session, in which nothing but changing it is possible (MustChange).
//
// Errors: *Failure (sign_in.failed, .locked, .second_factor, .password_expired, .too_many), else
// internal. After a crash there is either no entry and no session, or both.
func (s *Service) SignIn(ctx context.Context, user, password, code, from string) (token string, sess Session, err error) {
	user = plainName(user)
	var v settings
	acc, known := account{}, false
	if err := s.db.View(ctx, func(r *store.ReadTx) (err error) {
		if v, err = s.settings(r); err != nil {
			return err
		}
		acc, err = s.byUsername(r, user)
		known = err == nil
		return ignoreMissing(err)
	}); err != nil {
		return "", Session{}, err
	}
	stored := s.dummy
	if known {
		stored = acc.Password
	}
	right, err := false, error(nil)
	if len(password) <= maxPassword {
		right, err = matches(ctx, stored, password)
	} else {
		_, err = matches(ctx, stored, password[:maxPassword])
	}
	if err != nil {
		return "", Session{}, err
	}
	if !known {
		return "", Session{}, s.unknown(ctx, user, v)
	}
	if token, err = s.newToken(); err != nil {
		return "", Session{}, err
	}
	var refused *Failure
	_, err = s.db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		refused = nil
		now := s.wall()
		a, err := s.hold(w, user)
		if err != nil {
			return audit.Entry{}, err
		}
		e := audit.Entry{Type: "identity.sign-in", Actor: a.Person, Object: a.Person, Action: "sign-in", Clause: clause.ID,
			Detail: map[string]string{"from": short(from)}}
		verdict, step, err := s.judge(a, v, now, right && a.Password == stored, code)
		if err != nil {
			return audit.Entry{}, err
		}
		if verdict.fail != nil {
			refused = verdict.fail
			e.Result, e.Code = audit.Refused, verdict.code
			return e, s.note(w, a, v, now, verdict, &e)
		}
		if err := w.ExecOne(`UPDATE account SET failures = 0, locked_until = NULL, locked_by = '', totp_step = $1 WHERE username = $2`, step, a.Username); err != nil {
			return audit.Entry{}, err
		}
		sess = Session{ID: digest(token), Person: a.Person, Name: a.Name, Username: a.Username, Created: now, Seen: now,
			SecondFactor: a.TotpSealed != nil, MustChange: mustChange(a, v, now), MustBind: v.secondFactor && a.TotpSealed == nil}
		sess.Fresh, sess.Idle = store.At(now.Add(v.confirmFor)), v.idle
		if o, err := office(&w.ReadTx, a.Person); err != nil {
			return audit.Entry{}, err
		} else if o != "" {
			sess.Idle = v.adminIdle
		}
		if _, err := w.Exec(`INSERT INTO session (id, person, created, seen, expires, second_factor, program) VALUES ($1,$2,$3,$4,$5,$6,$7)`,
			sess.ID, a.Person, now, now, store.At(now.Add(v.life)), sess.SecondFactor, false); err != nil {
			return audit.Entry{}, err
		}
		e.Result = audit.Done
		e.Detail["second_factor"] = strconv.FormatBool(sess.SecondFactor)
		return e, nil
	})
	switch {
	case err != nil:
		return "", Session{}, err
	case refused != nil:
		return "", Session{}, refused
	}
	return token, sess, nil
}

// verdict is what an attempt comes to: the answer people get, the code the log gets.
type verdict struct {
	fail  *Failure
	code  string
	count bool // it counts towards the lock
}

// judge decides an attempt; step is the time step of the code that was used.
func (s *Service) judge(a account, v settings, now store.Time, right bool, code string) (verdict, int64, error) {
	failed := fail(codeFailed, msgFailed)
	switch {
	case a.LockedUntil.After(now.Time):
		return verdict{fail: locked(a.LockedUntil.Sub(now.Time)), code: codeLocked}, 0, nil
	case a.Disabled || a.Status != statusActive || a.Program: // answers like a name nobody has, the lock included
		return verdict{fail: failed, code: "sign_in.disabled", count: true}, 0, nil
	case !right:
		return verdict{fail: failed, code: codeFailed, count: true}, 0, nil
	case !a.OnceUntil.IsZero() && !now.Before(a.OnceUntil.Time):
		return verdict{fail: fail(codeExpired, msgOnceOver), code: codeExpired}, 0, nil
	case a.TotpSealed == nil:
		return verdict{}, a.TotpStep, nil
	case code == "":
		return verdict{fail: fail(codeFactor, msgFactor), code: codeFactor}, 0, nil
	}
	step, ok, err := s.checkCode(a.Person, a.TotpSealed, a.TotpStep, code, now.Time)
	if err != nil || ok {
		return verdict{}, step, err
	}
	return verdict{fail: fail(codeFactor, msgFactorWrong), code: "sign_in.second_factor_wrong", count: true}, 0, nil
}

// note counts a failed attempt and locks the account when there were too many in a row.
func (s *Service) note(w *store.Tx, a account, v settings, now store.Time, d verdict, e *audit.Entry) error {
	if !d.count {
		return nil
	}
	n := a.Failures + 1
	if n < v.tries {
		return w.ExecOne(`UPDATE account SET failures = $1 WHERE username = $2`, n, a.Username)
	}
	*d.fail = *locked(v.lock)
	e.Action, e.Detail["failures"] = "lock", strconv.Itoa(n)
	by := ""
	if a.held(now) {
		by = byOffice
	}
	return w.ExecOne(`UPDATE account SET failures = 0, locked_until = $1, locked_by = $2 WHERE username = $3`, store.At(now.Add(v.lock)), by, a.Username)
}

func locked(left time.Duration) *Failure {
	return fail(codeLocked, msgLocked, int((left+time.Minute-1)/time.Minute))
}

func mustChange(a account, v settings, now store.Time) bool {
	return !a.Program && (a.MustChange || now.Sub(a.Changed.Time) >= v.maxAge)
}

// ghost is a name nobody has, under which somebody tries: it locks like an account, so that the
// lock does not tell which names exist.
type ghost struct {
	failures int
	until    time.Time
}

const maxGhosts = 20000

// unknown answers an attempt under a name nobody has and counts it durably, which costs the
// same write as an attempt on an account.
func (s *Service) unknown(ctx context.Context, user string, v settings) error {
	now := s.db.Wall()
	answer := fail(codeFailed, msgFailed)
	key := digest(user)
	s.mu.Lock()
	g, ok := s.ghost[key]
	if !ok {
		if len(s.ghost) >= maxGhosts {
			s.ghost = map[string]*ghost{}
		}
		g = &ghost{}
		s.ghost[key] = g
	}
	if g.until.After(now) {
		answer = locked(g.until.Sub(now))
	} else if g.failures++; g.failures >= v.tries {
		g.failures, g.until = 0, now.Add(v.lock)
		answer = locked(v.lock)
	}
	s.mu.Unlock()
	minute := now.Unix() / 60
	older := false
	if err := s.db.Scratch(ctx, func(x *store.ScratchTx) (err error) {
		if _, err = x.Exec(anonymous, `INSERT INTO anonymous_failure (minute, n) VALUES ($1, 1)
			ON CONFLICT (minute) DO UPDATE SET n = anonymous_failure.n + 1`, minute); err != nil {
			return err
		}
		older, err = x.Exists(`SELECT 1 FROM anonymous_failure WHERE minute < $1`, minute)
		return err
	}); err != nil {
		return err
	}
	if older {
		if err := s.countAnonymous(ctx); err != nil {
			return err
		}
	}
	return answer
}

// countAnonymous turns the counts of past minutes into one entry each.
func (s *Service) countAnonymous(ctx context.Context) error {
	_, err := s.db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		var rows []struct{ Minute, N int64 }
		if err := w.Select(&rows, `DELETE FROM anonymous_failure WHERE minute < $1 RETURNING minute, n`, s.db.Wall().Unix()/60); err != nil {
			return audit.Entry{}, err
		}
		var last audit.Entry
		for i, row := range rows {
			e := audit.Entry{Type: "identity.anonymous", Actor: "anonymous", Action: "sign-in", Clause: clause.ID, Result: audit.Refused, Code: codeFailed,
				Detail: map[string]string{"minute": time.Unix(row.Minute*60, 0).UTC().Format(time.RFC3339), "count": strconv.FormatInt(row.N, 10)}}
			if i == len(rows)-1 {
				last = e
			} else {
				w.Record(e)
			}
		}
		return last, nil
	})
	if errors.Is(err, store.ErrNoEntry) {
		return nil
	}
	return err
}

var (
	anonymous = store.Scratchpad("anonymous_failure")
	sessions  = store.Scratchpad("session")
	begun     = store.Scratchpad("totp_begin")
)

const statusActive = "active"

func ignoreMissing(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// short bounds a text that came from outside, for an entry.
func short(s string) string {
	if r := []rune(s); len(r) > 64 {
		return string(r[:64])
	}
	return s
}
