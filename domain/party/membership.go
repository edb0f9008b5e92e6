package party

import (
	"errors"
	"fmt"
	"strings"

	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/store"
)

// Membership is a person's desk in an organisation (岗位): in which role of the organisation,
// with which ranks of the inner chain, and whether the person leads. Until is the day it ended.
type Membership struct {
	Person, Org string
	Role        procedure.Role
	Ranks       []procedure.Rank
	Lead        bool
	Since       calendar.Date
	Until       calendar.Date // zero while it is held
}

// RankOptions are the ranks of the inner chain with their Chinese names.
var RankOptions = []procedure.Option{{Value: string(procedure.Drafter), Label: "拟办"}, {Value: string(procedure.Reviewer), Label: "审核"},
	{Value: string(procedure.Signer), Label: "签发"}}

// Appoint gives a person a desk from today, or changes the ranks and the lead of one it holds.
func Appoint(w *store.Tx, m Membership) error {
	list := make([]string, len(m.Ranks))
	for i, r := range m.Ranks {
		list[i] = string(r)
	}
	held := strings.Join(list, ",")
	n, err := w.Exec(`UPDATE membership SET ranks = $1, lead = $2 WHERE person = $3 AND org = $4 AND role = $5 AND until = ''`,
		held, m.Lead, m.Person, m.Org, string(m.Role))
	if err != nil || n == 1 {
		return err
	}
	_, err = w.Exec(`INSERT INTO membership (person, org, role, ranks, lead, since) VALUES ($1,$2,$3,$4,$5,$6)
		ON CONFLICT (person, org, role, since) DO UPDATE SET ranks = excluded.ranks, lead = excluded.lead, until = ''`,
		m.Person, m.Org, string(m.Role), held, m.Lead, calendar.DateOf(w.Now()).String())
	return err
}

// Desks lists the roles in which a person holds a desk of the organisation now.
func Desks(r *store.ReadTx, person, org string) (out []procedure.Role, err error) {
	return out, r.Select(&out, `SELECT role FROM membership WHERE person = $1 AND org = $2 AND until = '' ORDER BY role`, person, org)
}

// Holds tells whether a person holds a desk of the organisation; an empty role means any.
func Holds(r *store.ReadTx, person, org string, role procedure.Role) (bool, error) {
	return r.Exists(`SELECT 1 FROM membership WHERE person = $1 AND org = $2 AND until = '' AND ($3 = '' OR role = $3)`, person, org, string(role))
}

// Leads lists who leads an organisation.
func Leads(r *store.ReadTx, org string) (out []string, err error) {
	return out, r.Select(&out, `SELECT DISTINCT person FROM membership WHERE org = $1 AND lead = $2 AND until = '' ORDER BY person`, org, true)
}

// LeadAfter tells whether the organisation still has a lead once the person's desk in the role
// (empty: all its desks) is gone.
func LeadAfter(r *store.ReadTx, org, person string, role procedure.Role) (bool, error) {
	return r.Exists(`SELECT 1 FROM membership WHERE org = $1 AND lead = $2 AND until = '' AND (person <> $3 OR ($4 <> '' AND role <> $4))`,
		org, true, person, string(role))
}

// Ending is a person's leaving of a desk.
type Ending struct {
	Person, Org string
	Role        procedure.Role
	Successor   string // who takes the open cases over; empty = they go back to the desk
	By          string // who ends it
	ByName      string
	ByOrgName   string
	ByRole      procedure.Role
	Clause      string // of the act
}

// Handover is what an ending moved.
type Handover struct {
	Open        int // open cases the person was handling
	Started     int // cases of the organisation the person had started
	Chains      int // stations of inner chains that waited for the person
	Delegations int
}

// ErrNotHeld: the person holds no such desk; nothing was written.
var ErrNotHeld = errors.New("the person holds no such desk")

// End ends a desk today and hands over in the same transaction what hung on the person: open
// cases go to the successor or back to the desk, cases the person started for the organisation
// to the successor or to who ends it, waiting stations of inner chains to the successor or away,
// delegations from and to the desk end. Every open case that changes hands gets an event and an
// entry of its own and a new revision. A desk the person still holds in another role of the
// organisation stays.
func End(w *store.Tx, e Ending) (h Handover, err error) {
	today := calendar.DateOf(w.Now()).String()
	n, err := w.Exec(`UPDATE membership SET until = $1 WHERE person = $2 AND org = $3 AND role = $4 AND until = ''`, today, e.Person, e.Org, string(e.Role))
	if err != nil {
		return h, err
	}
	if n == 0 {
		return h, ErrNotHeld
	}
	if e.Successor != "" {
		ok, err := Holds(&w.ReadTx, e.Successor, e.Org, e.Role)
		if err != nil {
			return h, err
		}
		if !ok || e.Successor == e.Person {
			return h, fmt.Errorf("the successor: %w", ErrNotHeld)
		}
	}
	gone, err := w.Exec(`UPDATE delegation SET revoked = $1 WHERE org = $2 AND role = $3 AND revoked = $4 AND (from_person = $5 OR to_person = $5)`,
		true, e.Org, string(e.Role), false, e.Person)
	if err != nil {
		return h, err
	}
	h.Delegations = int(gone)
	if h.Chains, err = handOverStations(w, e); err != nil {
		return h, err
	}
	leads, err := Leads(&w.ReadTx, e.Org)
	if err != nil {
		return h, err
	}
	all := []Ending{e}
	if !has(leads, e.Person) { // what hung on leading the organisation goes as well
		as := e
		as.Role = Lead
		if !has(leads, e.Successor) {
			as.Successor = ""
		}
		all = append(all, as)
	}
	for _, x := range all {
		started, err := handOverStarted(w, x, leads)
		if err != nil {
			return h, err
		}
		open, err := handOverOpen(w, x)
		if err != nil {
			return h, err
		}
		h.Started, h.Open = h.Started+started, h.Open+open
	}
	return h, nil
}

func has(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
