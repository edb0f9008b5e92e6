package identity

import (
	"context"
	"errors"

	"pado/core/audit"
	"pado/core/store"
)

// NewProgram is a program account that is asked for: it acts from one desk of one organisation.
type NewProgram struct{ Username, Name, Org, Role string }

// OpenProgram opens an account for a program; it can hold tokens and nothing else. With an
// organisation the account is seated there in the role: by is its lead and nobody else, for who
// holds the token acts for the organisation. An account without a seat is for the security
// administrator alone. The organisation's leads are told.
func (s *Service) OpenProgram(ctx context.Context, by Session, n NewProgram) (person string, err error) {
	p, err := s.Prepare(ctx, NewAccount{NewPerson: NewPerson{Username: n.Username, Name: n.Name}, Program: true})
	if err != nil {
		return "", err
	}
	entry := p.Entry(by.Person, "program")
	entry.Org = n.Org
	_, err = s.db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		if err := s.mayManage(&w.ReadTx, by, account{}, "program"); err != nil {
			return audit.Entry{}, err
		}
		if err := p.Open(w); err != nil {
			return audit.Entry{}, err
		}
		if n.Org != "" && s.hooks.Seat != nil {
			if err := s.hooks.Seat(w, p.person, n.Org, n.Role); errors.Is(err, store.ErrNotFound) {
				return audit.Entry{}, fail(codeSeat, msgSeat)
			} else if err != nil {
				return audit.Entry{}, err
			}
		}
		// Only now it can be asked whose it is: a lead opens for its own organisation or not at all.
		err := s.mayManage(&w.ReadTx, by, account{Person: p.person, Program: true}, "program")
		var refused *Failure
		if errors.As(err, &refused) && refused.Code == codeUnknown {
			err = fail(codeSeat, msgSeat)
		}
		if err != nil || s.hooks.Tell == nil {
			return entry, err
		}
		return entry, s.hooks.Tell(w, p.person, by.Person, "program")
	})
	if errors.Is(err, store.ErrConflict) {
		return "", fail(codeTaken, msgTaken)
	}
	if err = s.managed(ctx, entry, err); err != nil {
		return "", err
	}
	return p.person, nil
}

// RotateToken makes a new bearer token for a program account and ends those it had; the token is
// returned once and only its digest kept. It ends by token.valid_days. Of an account with a seat it
// is for the organisation's lead alone, and not after an office revoked the tokens or locked the
// account, until an office unlocks it.
func (s *Service) RotateToken(ctx context.Context, by Session, username string) (token string, err error) {
	if token, err = s.newToken(); err != nil {
		return "", err
	}
	err = s.manage(ctx, by, username, "token", func(w *store.Tx, a account, e *audit.Entry) error {
		if !a.Program || a.Disabled || a.Status != statusActive {
			return fail(codeToken, msgToken)
		}
		if err := w.ExecOne(`UPDATE account SET locked_by = '' WHERE username = $1`, a.Username); err != nil {
			return err
		}
		if _, err := w.Exec(`DELETE FROM session WHERE person = $1`, a.Person); err != nil {
			return err
		}
		v, err := s.settings(&w.ReadTx)
		if err != nil {
			return err
		}
		now := s.wall()
		_, err = w.Exec(`INSERT INTO session (id, person, created, seen, expires, second_factor, program) VALUES ($1,$2,$3,$4,$5,$6,$7)`,
			digest(token), a.Person, now, now, store.At(now.Add(v.tokenFor)), false, true)
		return err
	})
	if err != nil {
		return "", err
	}
	return token, nil
}

// RevokeTokens ends every token of a program account at once. After an office's revocation a lead
// issues none until an office unlocks the account.
func (s *Service) RevokeTokens(ctx context.Context, by Session, username string) error {
	return s.manage(ctx, by, username, "revoke", func(w *store.Tx, a account, _ *audit.Entry) error {
		if !a.Program {
			return fail(codeToken, msgToken)
		}
		who, err := s.keeps(&w.ReadTx, by)
		if err != nil {
			return err
		}
		if who == byOffice {
			if err := w.ExecOne(`UPDATE account SET locked_by = $1 WHERE username = $2`, byOffice, a.Username); err != nil {
				return err
			}
		}
		_, err = w.Exec(`DELETE FROM session WHERE person = $1`, a.Person)
		return err
	})
}
