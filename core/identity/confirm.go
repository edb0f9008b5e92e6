package identity

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"pado/core/store"
)

// Confirm makes sure once more that the session is in the hands of its person, by password or by
// a code of the second factor, before something that cannot be taken back. The proof holds for
// confirm.minutes in this session on every instance; it is a keyed mark and kept nowhere. Wrong
// ones count towards the lock, as everywhere in a session. Errors: *Failure confirm.*,
// password.old, second_factor.wrong.
func (s *Service) Confirm(ctx context.Context, who Session, password, code string) (proof string, until time.Time, err error) {
	if who.Program {
		return "", until, fail(codeToken, msgProgram)
	}
	var v settings
	var a account
	if err := s.db.View(ctx, func(r *store.ReadTx) (err error) {
		if v, err = s.settings(r); err != nil {
			return err
		}
		a, err = s.byPerson(r, who.Person)
		return err
	}); err != nil {
		return "", until, err
	}
	right, byCode := false, code != ""
	if !byCode {
		if right, err = matches(ctx, a.Password, clip(password)); err != nil {
			return "", until, err
		}
	}
	err = s.own(ctx, who, "identity.confirm", "confirm", func(w *store.Tx, now account) error {
		switch {
		case byCode && now.TotpSealed == nil:
			return fail(codeUnbound, msgUnbound)
		case byCode:
			step, ok, err := s.checkCode(now.Person, now.TotpSealed, now.TotpStep, code, s.wall().Time)
			if err != nil {
				return err
			}
			if !ok {
				return fail(codeWrong, msgFactorWrong)
			}
			return w.ExecOne(`UPDATE account SET totp_step = $1 WHERE username = $2`, step, now.Username)
		case !right || now.Password != a.Password:
			return fail(codeOldWrong, msgConfirmWrong)
		}
		return nil
	})
	if err != nil {
		return "", until, err
	}
	until = s.db.Wall().Add(v.confirmFor).Truncate(time.Second)
	mark, err := s.confirmMark(who.ID, until.Unix())
	return strconv.FormatInt(until.Unix(), 10) + "." + mark, until, err
}

// Confirmed tells whether the session has been confirmed lately: by signing in or by proof.
func (s *Service) Confirmed(who Session, proof string) bool {
	now := s.db.Wall()
	if now.Before(who.Fresh.Time) {
		return true
	}
	at, mark, ok := strings.Cut(proof, ".")
	unix, err := strconv.ParseInt(at, 10, 64)
	if !ok || err != nil || !now.Before(time.Unix(unix, 0)) {
		return false
	}
	want, err := s.confirmMark(who.ID, unix)
	return err == nil && hmac.Equal([]byte(want), []byte(mark))
}

func (s *Service) confirmMark(session string, until int64) (string, error) {
	key, err := hkdf.Key(sha256.New, s.kek, nil, "pado session confirmed", 32)
	if err != nil {
		return "", err
	}
	m := hmac.New(sha256.New, key)
	m.Write([]byte(session + " " + strconv.FormatInt(until, 10)))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)), nil
}

// Unconfirmed is the refusal of an act that asks for a confirmation first.
func Unconfirmed() *Failure { return fail(CodeConfirm, msgConfirm) }
