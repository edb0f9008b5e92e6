package identity

import (
	"context"
	"errors"

	"pado/core/audit"
	"pado/core/store"
)

// leadActs are the acts an organisation's lead may do to accounts of its own people; the rest is
// for the offices, so that a lead can undo nothing that the security administrator has decided.
var leadActs = map[string]bool{"reset": true, "lock": true, "unlock": true, "reveal": true, "program": true, "token": true, "revoke": true}

// manage carries out an administrator's act on an account and tells its person; a refusal is an
// entry as well.
func (s *Service) manage(ctx context.Context, by Session, username, action string, f func(*store.Tx, account, *audit.Entry) error) error {
	entry := audit.Entry{Type: "identity." + action, Actor: by.Person, Action: action, Clause: clause.ID, Result: audit.Done}
	_, err := s.db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		if err := s.mayManage(&w.ReadTx, by, account{}, action); err != nil {
			return audit.Entry{}, err
		}
		a, err := s.hold(w, plainName(username))
		if errors.Is(err, store.ErrNotFound) {
			return audit.Entry{}, fail(codeUnknown, msgUnknown)
		}
		if err != nil {
			return audit.Entry{}, err
		}
		entry.Object = a.Person
		if err := s.mayManage(&w.ReadTx, by, a, action); err != nil {
			return audit.Entry{}, err
		}
		if err := f(w, a, &entry); err != nil {
			return audit.Entry{}, err
		}
		w.AfterCommit(func() { s.Forget(a.Person) })
		if s.hooks.Tell != nil {
			return entry, s.hooks.Tell(w, a.Person, by.Person, action)
		}
		return entry, nil
	})
	return s.managed(ctx, entry, err)
}

// managed writes the entry of a refused administrator's act.
func (s *Service) managed(ctx context.Context, entry audit.Entry, err error) error {
	var refused *Failure
	if !errors.As(err, &refused) {
		return err
	}
	entry.Result, entry.Code = audit.Refused, refused.Code
	if _, err := s.db.Update(ctx, func(*store.Tx) (audit.Entry, error) { return entry, nil }); err != nil {
		return err
	}
	return refused
}

// mayManage: the security administrator for every account but the own; the system administrator
// for the security administrator's; an organisation's lead for its own people, leadActs only. What
// gives a program seated at an organisation its hands is for that organisation's lead alone.
// Asked twice: without an account (is it an administrator at all?) and with the one it is about,
// so that nobody else learns which accounts exist; to a lead another organisation's account is
// not there.
func (s *Service) mayManage(r *store.ReadTx, by Session, a account, action string) error {
	if by.Program {
		return fail(codeOffice, msgOffice)
	}
	mine, err := office(r, by.Person)
	if err != nil {
		return err
	}
	if mine != officeSecurity && mine != officeSystem {
		return s.mayLead(r, by, a, action)
	}
	if a.Person == "" {
		return nil
	}
	if there, err := seated(r, a.Person); err != nil {
		return err
	} else if there && a.Program && (action == "program" || action == "token") {
		err := s.mayLead(r, by, a, action)
		var refused *Failure
		if errors.As(err, &refused) && refused.Code == codeUnknown {
			err = fail(codeOffice, msgSeated) // an office knows the account
		}
		return err
	}
	if a.Person == by.Person {
		return fail(codeOffice, msgOwn)
	}
	theirs, err := office(r, a.Person)
	switch {
	case err != nil:
		return err
	case mine == officeSystem && theirs != officeSecurity:
		return fail(codeOffice, msgOffice)
	case mine == officeSecurity && theirs == officeSecurity:
		return fail(codeOffice, msgSecurity)
	}
	return nil
}

// mayLead answers for who holds neither office.
func (s *Service) mayLead(r *store.ReadTx, by Session, a account, action string) error {
	if s.hooks.Oversees == nil {
		return fail(codeOffice, msgOffice)
	}
	ok, err := s.hooks.Oversees(r, by.Person, a.Person, "")
	switch {
	case err != nil:
		return err
	case ok && a.Person == "":
		return nil
	case ok && leadActs[action]:
		return s.leads(r, by, a, action)
	case ok || a.Person == "":
		return fail(codeOffice, msgOffice)
	case a.Person == by.Person:
		return fail(codeOffice, msgOwn)
	}
	return fail(codeUnknown, msgUnknown)
}

// leads refuses a lead, within what leads may do, to undo what an office did and to take the
// place of a second person.
func (s *Service) leads(r *store.ReadTx, by Session, a account, action string) error {
	if a.held(s.wall()) && shuts[action] {
		return fail(codeOffice, msgHeld)
	}
	if action != "reset" {
		return nil
	}
	ok, err := s.hooks.Oversees(r, by.Person, a.Person, action)
	if err == nil && !ok {
		err = fail(codeOffice, msgPaired)
	}
	return err
}

// shuts are the acts that end or replace what keeps an account shut.
var shuts = map[string]bool{"reset": true, "lock": true, "unlock": true, "token": true}

// seated tells whether the account of a program acts for an organisation.
func seated(r *store.ReadTx, person string) (bool, error) {
	return r.Exists(`SELECT 1 FROM membership WHERE person = $1 AND until = ''`, person)
}

// keeps tells as what by keeps an account shut.
func (s *Service) keeps(r *store.ReadTx, by Session) (string, error) {
	o, err := office(r, by.Person)
	if o == officeSecurity || o == officeSystem {
		return byOffice, err
	}
	return byLead, err
}

func office(r *store.ReadTx, person string) (o string, err error) {
	err = r.Get(&o, `SELECT office FROM administrator WHERE person = $1`, person)
	return o, ignoreMissing(err)
}
