package identity

import (
	"context"
	"errors"

	"pado/core/audit"
	"pado/core/store"
)

// Offices of administrators (三员) as table administrator has them.
const (
	officeSystem   = "system"
	officeSecurity = "security"
)

// Reset gives an account a new one-time password, which must be changed at the next sign-in and
// ends by password.once_hours; with factor the second factor is taken off as well. by is the
// security administrator, for the security administrator's own account the system administrator,
// for people of its own organisation the lead, who cannot take a second factor off and resets
// nobody who takes part in what needs two persons: it would be handed the other one's password.
// All sessions of the account end. The password is returned once and kept nowhere.
func (s *Service) Reset(ctx context.Context, by Session, username string, factor bool) (password string, err error) {
	var v settings
	if err := s.db.View(ctx, func(r *store.ReadTx) (err error) { v, err = s.settings(r); return err }); err != nil {
		return "", err
	}
	if password, err = s.once(v, plainName(username)); err != nil {
		return "", err
	}
	hash, err := s.Hash(ctx, password)
	if err != nil {
		return "", err
	}
	action := "reset"
	if factor {
		action = "reset-both"
	}
	err = s.manage(ctx, by, username, action, func(w *store.Tx, a account, e *audit.Entry) error {
		if a.Program {
			return fail(codeToken, msgProgram)
		}
		now := s.wall()
		if err := w.ExecOne(`UPDATE account SET password = $1, changed = $2, must_change = $3, once_until = $4, failures = 0, locked_until = NULL, locked_by = ''
			WHERE username = $5`, hash, now, true, store.At(now.Add(v.onceFor)), a.Username); err != nil {
			return err
		}
		if factor {
			if err := w.ExecOne(`UPDATE account SET totp_sealed = NULL WHERE username = $1`, a.Username); err != nil {
				return err
			}
			e.Type, e.Action, e.Detail = "identity.reset", "reset", map[string]string{"second_factor": "removed"}
		}
		if err := s.remember(w, a.Username, hash, v.history); err != nil {
			return err
		}
		_, err = w.Exec(`DELETE FROM session WHERE person = $1`, a.Person)
		return err
	})
	if err != nil {
		return "", err
	}
	return password, nil
}

// Lock keeps an account out for the time of lock.minutes and ends its sessions. While an office's
// lock runs, a lead can neither end nor replace it.
func (s *Service) Lock(ctx context.Context, by Session, username string) error {
	return s.manage(ctx, by, username, "lock", func(w *store.Tx, a account, _ *audit.Entry) error {
		v, err := s.settings(&w.ReadTx)
		if err != nil {
			return err
		}
		who, err := s.keeps(&w.ReadTx, by)
		if err != nil {
			return err
		}
		if err := w.ExecOne(`UPDATE account SET locked_until = $1, locked_by = $2 WHERE username = $3`, store.At(s.wall().Add(v.lock)), who, a.Username); err != nil {
			return err
		}
		_, err = w.Exec(`DELETE FROM session WHERE person = $1`, a.Person)
		return err
	})
}

// Unlock ends a lock, and lets a program have tokens again after an office revoked them.
func (s *Service) Unlock(ctx context.Context, by Session, username string) error {
	return s.manage(ctx, by, username, "unlock", func(w *store.Tx, a account, _ *audit.Entry) error {
		return w.ExecOne(`UPDATE account SET locked_until = NULL, locked_by = '', failures = 0 WHERE username = $1`, a.Username)
	})
}

// Disable keeps an account out until Enable; its sessions and tokens end. What the person did
// stays on record.
func (s *Service) Disable(ctx context.Context, by Session, username string) error {
	return s.manage(ctx, by, username, "disable", func(w *store.Tx, a account, _ *audit.Entry) error {
		if err := w.ExecOne(`UPDATE account SET disabled = $1 WHERE username = $2`, true, a.Username); err != nil {
			return err
		}
		_, err := w.Exec(`DELETE FROM session WHERE person = $1`, a.Person)
		return err
	})
}

// Enable takes a disabling back.
func (s *Service) Enable(ctx context.Context, by Session, username string) error {
	return s.manage(ctx, by, username, "enable", func(w *store.Tx, a account, _ *audit.Entry) error {
		return w.ExecOne(`UPDATE account SET disabled = $1 WHERE username = $2`, false, a.Username)
	})
}

// IssueToken makes a bearer token for an account and returns it once; only its digest is kept.
// It is given to program accounts, and in demonstration records to anyone. actor is the person
// or machine that asked, for the entry. It ends by token.valid_days.
func (s *Service) IssueToken(ctx context.Context, user, actor string) (string, error) {
	token, err := s.newToken()
	if err != nil {
		return "", err
	}
	entry := audit.Entry{Type: "identity.token", Actor: actor, Action: "issue", Clause: clause.ID, Result: audit.Done}
	_, err = s.db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		a, err := s.byUsername(&w.ReadTx, plainName(user))
		if errors.Is(err, store.ErrNotFound) {
			return audit.Entry{}, fail(codeUnknown, msgUnknown)
		}
		if err != nil {
			return audit.Entry{}, err
		}
		entry.Object = a.Person
		demo, err := w.Meta("demo")
		if err := ignoreMissing(err); err != nil {
			return audit.Entry{}, err
		}
		if a.Disabled || a.Status != statusActive || (!a.Program && demo != "true") {
			return audit.Entry{}, fail(codeToken, msgToken)
		}
		v, err := s.settings(&w.ReadTx)
		if err != nil {
			return audit.Entry{}, err
		}
		now := s.wall()
		_, err = w.Exec(`INSERT INTO session (id, person, created, seen, expires, second_factor, program) VALUES ($1,$2,$3,$4,$5,$6,$7)`,
			digest(token), a.Person, now, now, store.At(now.Add(v.tokenFor)), false, true)
		return entry, err
	})
	if err = s.managed(ctx, entry, err); err != nil {
		return "", err
	}
	return token, nil
}
