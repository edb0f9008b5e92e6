package party

import (
	"strings"

	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/store"
)

// Actor assembles the desks a person may act from today, own ones first:
//
//   - every membership in force of an organisation that is confirmed in the role ("org/role"),
//   - the desk of an organisation's lead for its own affairs ("org/org_lead"),
//   - the office of an administrator, at the Authority that named it,
//   - desks held for others under a delegation in force ("org/role@person", Behalf set),
//   - for a natural person the desk of its own ("/person") in the city's division.
//
// A delegated desk carries the delegator's ranks but never its lead. A program has only the
// desks it was appointed to. store.ErrNotFound when there is no such active person.
func Actor(r *store.ReadTx, person string) (procedure.Actor, error) {
	var p struct {
		Name, Status string
		Program      bool
	}
	if err := r.Get(&p, `SELECT name, status, program FROM person WHERE id = $1`, person); err != nil {
		return procedure.Actor{}, err
	}
	if p.Status != Active {
		return procedure.Actor{}, store.ErrNotFound
	}
	a := procedure.Actor{Person: person, Name: p.Name, Program: p.Program}
	now, today := store.At(r.Now()), calendar.DateOf(r.Now()).String()
	own, err := heldDesks(r, `m.person = $3`, now, today, person)
	if err != nil {
		return a, err
	}
	leads := map[string]bool{}
	for _, h := range own {
		a.Desks = append(a.Desks, h.desk(""))
		if h.Lead && !leads[h.Org] {
			leads[h.Org] = true
		}
	}
	for _, h := range own {
		if leads[h.Org] {
			delete(leads, h.Org)
			a.Desks = append(a.Desks, procedure.Desk{ID: h.Org + "/" + string(Lead), Org: h.Org, OrgName: h.OrgName, Role: Lead,
				Label: Labels[Lead], Division: h.Home})
		}
	}
	office, err := officeDesks(r, person)
	if err != nil {
		return a, err
	}
	a.Desks = append(a.Desks, office...)
	lent, err := heldDesks(r, `EXISTS (SELECT 1 FROM delegation d WHERE d.to_person = $3 AND d.from_person = m.person AND d.org = m.org
		AND d.role = m.role AND d.revoked = $4 AND d.valid_from <= $2 AND d.valid_to >= $2)`, now, today, person, false)
	if err != nil {
		return a, err
	}
	for _, h := range lent {
		a.Desks = append(a.Desks, h.desk(h.Person))
	}
	if p.Program {
		return a, nil
	}
	city, err := r.Meta("city")
	if err != nil {
		return a, err
	}
	a.Desks = append(a.Desks, procedure.Desk{ID: "/" + string(Person), Role: Person, Label: Labels[Person], Division: city})
	return a, nil
}

// Active is the status of organisations and persons that may act.
const Active = "active"

// held is a membership in force in an organisation that is confirmed in its role.
type held struct {
	Person, Org, OrgName, Home, Division, Ranks string
	Role                                        procedure.Role
	Lead                                        bool
}

func (h held) desk(behalf string) procedure.Desk {
	d := procedure.Desk{ID: h.Org + "/" + string(h.Role), Org: h.Org, OrgName: h.OrgName, Role: h.Role, Label: Labels[h.Role],
		Division: h.Division, Ranks: ranks(h.Ranks), Lead: h.Lead}
	if behalf != "" {
		d.ID, d.Behalf, d.Lead = d.ID+"@"+behalf, behalf, false
	}
	return d
}

// heldDesks reads memberships in force; $1 is now, $2 today, the condition's own start at $3.
func heldDesks(r *store.ReadTx, cond string, now store.Time, today string, args ...any) (out []held, err error) {
	err = r.Select(&out, `SELECT m.person, m.org, o.name AS org_name, o.division AS home, x.division, m.ranks, m.role, m.lead
		FROM membership m JOIN org o ON o.id = m.org AND o.status = '`+Active+`'
		JOIN org_role x ON x.org = m.org AND x.role = m.role AND x.since <= $1 AND (x.until IS NULL OR x.until > $1)
		WHERE m.until = '' AND m.since <= $2 AND `+cond+` ORDER BY o.name, m.org, m.role, m.person`, append([]any{now, today}, args...)...)
	return out, err
}

// officeDesks is the desk of an administrator, in the organisation that is the city's Authority.
func officeDesks(r *store.ReadTx, person string) ([]procedure.Desk, error) {
	var out []struct{ Office, Org, OrgName, Division string }
	if err := r.Select(&out, `SELECT a.office, o.id AS org, o.name AS org_name, o.division FROM administrator a JOIN org o ON o.id = a.org
		WHERE a.person = $1`, person); err != nil {
		return nil, err
	}
	var desks []procedure.Desk
	for _, x := range out {
		role := Offices[Office(x.Office)]
		desks = append(desks, procedure.Desk{ID: x.Org + "/" + string(role), Org: x.Org, OrgName: x.OrgName, Role: role,
			Label: Labels[role], Division: x.Division})
	}
	return desks, nil
}

// ranks reads what a person is in the inner chain: comma separated, "draft,sign".
func ranks(s string) (out []procedure.Rank) {
	for _, r := range strings.Split(s, ",") {
		if r != "" {
			out = append(out, procedure.Rank(r))
		}
	}
	return out
}
