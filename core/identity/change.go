package identity

import (
	"context"

	"pado/core/audit"
	"pado/core/store"
)

// ChangePassword replaces the own password; every other session of the person ends. Errors:
// *Failure password.old, password.weak, password.reused.
func (s *Service) ChangePassword(ctx context.Context, who Session, old, new string) error {
	if who.Program {
		return fail(codeToken, msgProgram)
	}
	var (
		v    settings
		a    account
		past []string
	)
	if err := s.db.View(ctx, func(r *store.ReadTx) (err error) {
		if v, err = s.settings(r); err != nil {
			return err
		}
		if a, err = s.byPerson(r, who.Person); err != nil {
			return err
		}
		return r.Select(&past, `SELECT password FROM password_history WHERE username = $1 ORDER BY at DESC LIMIT $2`, a.Username, v.history)
	}); err != nil {
		return err
	}
	entry := audit.Entry{Type: "identity.password", Actor: who.Person, Object: who.Person, Action: "change", Clause: clause.ID, Result: audit.Done}
	hash, refused, err := s.successor(ctx, v, a, past, old, new)
	if err != nil {
		return err
	}
	if refused != nil {
		return s.guessed(ctx, who, entry, refused)
	}
	_, err = s.db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		if err := w.ExecOne(`UPDATE account SET password = $1, changed = $2, must_change = $3, once_until = NULL, failures = 0
			WHERE username = $4 AND password = $5`, hash, s.wall(), false, a.Username, a.Password); err != nil {
			return audit.Entry{}, err
		}
		if err := s.remember(w, a.Username, hash, v.history); err != nil {
			return audit.Entry{}, err
		}
		_, err := w.Exec(`DELETE FROM session WHERE person = $1 AND program = $2 AND id <> $3`, a.Person, false, who.ID)
		return entry, err
	})
	s.Forget(who.Person)
	return err
}

// successor checks the old password and the rules for the new one, outside any transaction.
func (s *Service) successor(ctx context.Context, v settings, a account, past []string, old, new string) (hash string, refused *Failure, err error) {
	ok, err := matches(ctx, a.Password, clip(old))
	if err != nil {
		return "", nil, err
	}
	if !ok || len(old) > maxPassword {
		return "", fail(codeOldWrong, msgOldWrong), nil
	}
	if weak, ok := strong(v, a.Username, new).(*Failure); ok && weak != nil {
		return "", weak, nil
	}
	for _, p := range append([]string{a.Password}, past...) {
		same, err := matches(ctx, p, new)
		if err != nil {
			return "", nil, err
		}
		if same {
			return "", fail(codeReused, msgReused, v.history), nil
		}
	}
	hash, err = s.Hash(ctx, new)
	return hash, nil, err
}

// clip bounds the work a given password can cause.
func clip(password string) string {
	if len(password) > maxPassword {
		return password[:maxPassword]
	}
	return password
}

// remember keeps the stored form of a password among the last n.
func (s *Service) remember(w *store.Tx, username, hash string, n int) error {
	if _, err := w.Exec(`INSERT INTO password_history (username, password, at) VALUES ($1,$2,$3)`, username, hash, s.wall()); err != nil {
		return err
	}
	_, err := w.Exec(`DELETE FROM password_history WHERE username = $1 AND password NOT IN
		(SELECT password FROM password_history WHERE username = $1 ORDER BY at DESC LIMIT $2)`, username, n)
	return err
}
