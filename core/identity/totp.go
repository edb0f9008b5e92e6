package identity

import (
	"context"
	"crypto/subtle"
	"errors"
	"strings"
	"time"

	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"pado/core/audit"
	"pado/core/secret"
	"pado/core/store"
)

// Time steps of the second factor (RFC 6238): 30 s, one step of drift either way.
const (
	stepSeconds = 30
	drift       = 1
	bindWithin  = 10 * time.Minute
	issuer      = "公共数据授权运营平台"
)

func totpLabel(person string) string { return "identity.totp/" + person }

// checkCode tells whether code is right now and was not used before; step is to be remembered.
func (s *Service) checkCode(person string, sealed []byte, used int64, code string, now time.Time) (step int64, ok bool, err error) {
	raw, err := secret.Open(s.kek, totpLabel(person), sealed)
	if err != nil {
		return 0, false, err
	}
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	at := now.Unix() / stepSeconds
	for d := int64(-drift); d <= drift; d++ {
		want, err := hotp.GenerateCode(string(raw), uint64(at+d))
		if err != nil {
			return 0, false, err
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && at+d > used {
			step, ok = at+d, true
		}
	}
	return step, ok, nil
}

// BeginTOTP draws a secret for an authenticator and shows it once, as text and as the address
// a QR code holds. It takes effect when ConfirmTOTP is given a code within ten minutes.
func (s *Service) BeginTOTP(ctx context.Context, who Session) (key, uri string, err error) {
	if who.Program {
		return "", "", fail(codeToken, msgProgram)
	}
	k, err := totp.Generate(totp.GenerateOpts{Issuer: issuer, AccountName: who.Username, Rand: s.db.Rand()})
	if err != nil {
		return "", "", err
	}
	sealed, err := secret.Seal(s.kek, totpLabel(who.Person), []byte(k.Secret()), s.db.Rand())
	if err != nil {
		return "", "", err
	}
	err = s.db.Scratch(ctx, func(x *store.ScratchTx) error {
		a, err := s.byPerson(&x.ReadTx, who.Person)
		if err != nil {
			return err
		}
		if a.TotpSealed != nil {
			return fail(codeBound, msgBound)
		}
		_, err = x.Exec(begun, `INSERT INTO totp_begin (person, sealed, at) VALUES ($1,$2,$3)
			ON CONFLICT (person) DO UPDATE SET sealed = excluded.sealed, at = excluded.at`, who.Person, sealed, s.wall())
		return err
	})
	return k.Secret(), k.URL(), err
}

// ConfirmTOTP binds the secret of BeginTOTP once a code proves that it arrived. The session
// counts as signed in with two factors from here on.
func (s *Service) ConfirmTOTP(ctx context.Context, who Session, code string) error {
	return s.own(ctx, who, "identity.totp", "bind", func(w *store.Tx, a account) error {
		if a.TotpSealed != nil {
			return fail(codeBound, msgBound)
		}
		var row struct {
			Sealed []byte
			At     store.Time
		}
		now := s.wall()
		err := w.Get(&row, `SELECT sealed, at FROM totp_begin WHERE person = $1`, a.Person)
		if errors.Is(err, store.ErrNotFound) || (err == nil && now.Sub(row.At.Time) > bindWithin) {
			return fail(codeNotBegun, msgNotBegun, int(bindWithin/time.Minute))
		}
		if err != nil {
			return err
		}
		step, ok, err := s.checkCode(a.Person, row.Sealed, a.TotpStep, code, now.Time)
		if err != nil {
			return err
		}
		if !ok {
			return fail(codeWrong, msgFactorWrong)
		}
		if err := w.ExecOne(`UPDATE account SET totp_sealed = $1, totp_step = $2 WHERE username = $3 AND totp_sealed IS NULL`,
			row.Sealed, step, a.Username); err != nil {
			return err
		}
		if _, err := w.Exec(`DELETE FROM totp_begin WHERE person = $1`, a.Person); err != nil {
			return err
		}
		_, err = w.Exec(`UPDATE session SET second_factor = $1 WHERE id = $2`, true, who.ID)
		return err
	})
}

// RemoveTOTP gives the second factor up; it takes a code of the one that is bound.
func (s *Service) RemoveTOTP(ctx context.Context, who Session, code string) error {
	return s.own(ctx, who, "identity.totp", "remove", func(w *store.Tx, a account) error {
		if a.TotpSealed == nil {
			return fail(codeUnbound, msgUnbound)
		}
		step, ok, err := s.checkCode(a.Person, a.TotpSealed, a.TotpStep, code, s.wall().Time)
		if err != nil {
			return err
		}
		if !ok {
			return fail(codeWrong, msgFactorWrong)
		}
		return w.ExecOne(`UPDATE account SET totp_sealed = NULL, totp_step = $1 WHERE username = $2`, step, a.Username)
	})
}

// own carries out an act of a person on its own account. A refusal is an entry as well and
// counts towards the lock, so that an open session is no place to guess in: the account locks
// and its sessions end.
func (s *Service) own(ctx context.Context, who Session, kind, action string, f func(*store.Tx, account) error) error {
	return s.ownEntry(ctx, who, kind, action, func(w *store.Tx, a account, _ *audit.Entry) error { return f(w, a) })
}

// ownEntry is own for an act that adds to its entry.
func (s *Service) ownEntry(ctx context.Context, who Session, kind, action string, f func(*store.Tx, account, *audit.Entry) error) error {
	if who.Program {
		return fail(codeToken, msgProgram)
	}
	entry := audit.Entry{Type: kind, Actor: who.Person, Object: who.Person, Action: action, Clause: clause.ID, Result: audit.Done}
	_, err := s.db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		a, err := s.hold(w, who.Username)
		if err != nil {
			return audit.Entry{}, err
		}
		err = f(w, a, &entry)
		return entry, err
	})
	var refused *Failure
	if errors.As(err, &refused) {
		return s.guessed(ctx, who, entry, refused)
	}
	s.Forget(who.Person)
	return err
}

// guessed writes the refusal of an act on the own account and hands it back.
func (s *Service) guessed(ctx context.Context, who Session, entry audit.Entry, refused *Failure) error {
	entry.Result, entry.Code = audit.Refused, refused.Code
	entry.Detail = map[string]string{}
	counts := refused.Code == codeWrong || refused.Code == codeOldWrong
	_, err := s.db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		if !counts {
			return entry, nil
		}
		v, err := s.settings(&w.ReadTx)
		if err != nil {
			return audit.Entry{}, err
		}
		a, err := s.hold(w, who.Username)
		if err != nil {
			return audit.Entry{}, err
		}
		before := entry.Action
		if err := s.note(w, a, v, s.wall(), verdict{fail: refused, count: true}, &entry); err != nil {
			return audit.Entry{}, err
		}
		if entry.Action != before {
			_, err = w.Exec(`DELETE FROM session WHERE person = $1 AND program = $2`, a.Person, false)
		}
		return entry, err
	})
	s.Forget(who.Person)
	if err != nil {
		return err
	}
	return refused
}
