package identity

import (
	"context"
	"errors"
	"time"

	"pado/core/audit"
	"pado/core/store"
)

// CacheLife is how long another instance may still answer with what it knew of a session.
const CacheLife = 2 * time.Second

// touchEvery is how often the time a session was last seen is written down.
const touchEvery = 30 * time.Second

const maxCached = 20000

// cached is a session as this instance last read it.
type cached struct {
	Session
	idle    time.Duration // zero for programs
	expires time.Time
	checked time.Time
	written time.Time // Seen as the records have it
}

// Session returns who holds the token, *Failure sign_in.required when nobody does: unknown,
// signed out, idle too long, past its absolute end, account disabled. A session asked for twice
// within CacheLife costs no query; sign-out, lock, reset and disabling act at once here and
// within CacheLife on other instances.
func (s *Service) Session(ctx context.Context, token string) (Session, error) {
	if len(token) == 0 || len(token) > 128 {
		return Session{}, fail(codeRequired, msgRequired)
	}
	id, now := digest(token), s.db.Wall()
	s.mu.Lock()
	c, ok := s.cache[id]
	if ok && !c.over(now) && now.Sub(c.checked) < CacheLife && !now.Before(c.checked) {
		c.Seen = store.At(now)
		out := c.Session
		s.mu.Unlock()
		return out, nil
	}
	round := s.round
	s.mu.Unlock()
	fresh, err := s.load(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		s.drop(id)
		return Session{}, fail(codeRequired, msgRequired)
	}
	if err != nil {
		return Session{}, err
	}
	fresh.checked = now
	if ok && c.Seen.After(fresh.Seen.Time) {
		fresh.Seen = c.Seen
	}
	if fresh.over(now) {
		s.drop(id)
		return Session{}, errors.Join(fail(codeRequired, msgRequired), s.db.Scratch(ctx, func(x *store.ScratchTx) error {
			_, err := x.Exec(sessions, `DELETE FROM session WHERE id = $1`, id)
			return err
		}))
	}
	fresh.Seen = store.At(now)
	if now.Sub(fresh.written) >= touchEvery {
		if err := s.db.Scratch(ctx, func(x *store.ScratchTx) error {
			_, err := x.Exec(sessions, `UPDATE session SET seen = $1 WHERE id = $2 AND seen < $1`, fresh.Seen, id)
			return err
		}); err != nil && !errors.Is(err, store.ErrReadOnly) {
			return Session{}, err
		}
		fresh.written = now
	}
	s.mu.Lock()
	if len(s.cache) >= maxCached {
		s.cache = map[string]*cached{}
	}
	if s.round == round { // else somebody ended sessions while this one was read
		s.cache[id] = &fresh
	}
	s.mu.Unlock()
	return fresh.Session, nil
}

func (c *cached) over(now time.Time) bool {
	return !now.Before(c.expires) || (c.idle > 0 && now.Sub(c.Seen.Time) >= c.idle)
}

// load reads a session with what decides whether it still holds.
func (s *Service) load(ctx context.Context, id string) (c cached, err error) {
	err = s.db.View(ctx, func(r *store.ReadTx) error {
		var row struct {
			ID, Person                   string
			Created, Seen, Expires       store.Time
			SecondFactor, Program, Admin bool
		}
		if err := r.Get(&row, `SELECT s.id, s.person, s.created, s.seen, s.expires, s.second_factor, s.program,
			EXISTS (SELECT 1 FROM administrator x WHERE x.person = s.person) AS admin FROM session s WHERE s.id = $1`, id); err != nil {
			return err
		}
		a, err := s.byPerson(r, row.Person)
		if err != nil {
			return err
		}
		if a.Disabled || a.Status != statusActive {
			return store.ErrNotFound
		}
		v, err := s.settings(r)
		if err != nil {
			return err
		}
		c = cached{Session: Session{ID: row.ID, Person: row.Person, Name: a.Name, Username: a.Username, Created: row.Created, Seen: row.Seen,
			SecondFactor: row.SecondFactor, MustChange: !row.Program && mustChange(a, v, s.wall()),
			MustBind: !row.Program && v.secondFactor && a.TotpSealed == nil, Program: row.Program, Fresh: store.At(row.Created.Add(v.confirmFor))},
			idle: v.idle, expires: row.Expires.Time, written: row.Seen.Time}
		if row.Admin {
			c.idle = v.adminIdle
		}
		if row.Program {
			c.idle, c.Fresh = 0, store.Time{}
		}
		c.Idle = c.idle
		return nil
	})
	return c, err
}

// SignOut ends a session at once and says so in the log. A token that is none is no error.
func (s *Service) SignOut(ctx context.Context, token string) error {
	id := digest(token)
	defer s.drop(id)
	_, err := s.db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		var person []string
		if err := w.Select(&person, `DELETE FROM session WHERE id = $1 RETURNING person`, id); err != nil || len(person) == 0 {
			return audit.Entry{}, err
		}
		return audit.Entry{Type: "identity.sign-out", Actor: person[0], Object: person[0], Action: "sign-out", Clause: clause.ID, Result: audit.Done}, nil
	})
	if errors.Is(err, store.ErrNoEntry) {
		return nil
	}
	return err
}

func (s *Service) drop(id string) {
	s.mu.Lock()
	delete(s.cache, id)
	s.round++
	s.mu.Unlock()
}

// Forget makes this instance read a person's sessions anew, after a change elsewhere of what
// they are.
func (s *Service) Forget(person string) {
	s.mu.Lock()
	s.round++
	for id, c := range s.cache {
		if c.Person == person {
			delete(s.cache, id)
		}
	}
	s.mu.Unlock()
}

// Sweep removes sessions and unfinished bindings that are over and turns the counts of unknown
// names into entries. The clock calls it; two callers are harmless.
func (s *Service) Sweep(ctx context.Context) error {
	now := s.wall()
	err := s.db.Scratch(ctx, func(x *store.ScratchTx) error {
		v, err := s.settings(&x.ReadTx)
		if err != nil {
			return err
		}
		if _, err := x.Exec(sessions, `DELETE FROM session WHERE expires <= $1 OR (program = $2 AND seen <= $3)`,
			now, false, store.At(now.Add(-v.idle-touchEvery))); err != nil {
			return err
		}
		_, err = x.Exec(begun, `DELETE FROM totp_begin WHERE at <= $1`, store.At(now.Add(-bindWithin)))
		return err
	})
	return errors.Join(err, s.countAnonymous(ctx))
}
