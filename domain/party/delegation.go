package party

import (
	"errors"

	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/store"
)

// Delegation is 委托代办: a desk held for another for a period, both days included. The delegate
// acts from a desk of its own kind ("org/role@from"), and what either of the two has done counts
// for both where two persons are required.
type Delegation struct {
	ID, FromPerson, ToPerson, Org string
	Role                          procedure.Role
	ValidFrom, ValidTo            calendar.Date
	Revoked                       bool
	CaseNo                        string
}

// Delegate writes a delegation between two persons of the organisation. ErrNotHeld when the
// delegator does not hold the desk or the delegate none in the organisation.
func Delegate(w *store.Tx, d Delegation) error {
	from, err1 := Holds(&w.ReadTx, d.FromPerson, d.Org, d.Role)
	to, err2 := Holds(&w.ReadTx, d.ToPerson, d.Org, "")
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	if !from || !to || d.FromPerson == d.ToPerson {
		return ErrNotHeld
	}
	_, err := w.Exec(`INSERT INTO delegation (id, from_person, to_person, org, role, valid_from, valid_to, revoked, case_no)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)`, d.ID, d.FromPerson, d.ToPerson, d.Org, string(d.Role), d.ValidFrom.String(), d.ValidTo.String(),
		false, d.CaseNo)
	return err
}

// Revoke ends a delegation of the organisation at once; ErrNotHeld when there is none to end.
func Revoke(w *store.Tx, org, id string) error {
	n, err := w.Exec(`UPDATE delegation SET revoked = $1 WHERE id = $2 AND org = $3 AND revoked = $4`, true, id, org, false)
	if err == nil && n == 0 {
		return ErrNotHeld
	}
	return err
}
