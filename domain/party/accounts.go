package party

import (
	"fmt"
	"strings"
	"time"

	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/store"
)

// Account is an account as those who look after it see it: no number and no address but masked.
type Account struct {
	Username, Person, Name                  string
	Program, Disabled, MustChange, Factor   bool
	HasMail, HasPhone, HasIDCard            bool
	PhoneMasked, IDCardMasked               string
	LockedBy                                string // office, lead; empty: nobody, or too many tries
	Office                                  Office
	Changed, LockedUntil, OnceUntil, Opened store.Time
	Seats                                   []Seat
}

// Seat is a desk a person holds, with its organisation's name.
type Seat struct {
	Person, Org, OrgName, Since, Ranks string
	Role                               procedure.Role
	Lead                               bool
}

// AccountQuery narrows a list of accounts. Empty fields match everything.
type AccountQuery struct {
	Text  string // part of the user name, the name or an organisation's name
	State string // disabled, locked, unbound, once
	Kind  string // person, program
	After string // the last user name of the page before
	Size  int    // 1 to 100; 0 = 20
	Now   store.Time
	Exact string // this user name only
}

const accountColumns = `a.username, a.person, p.name, p.program, a.disabled, a.must_change, a.totp_sealed IS NOT NULL AS factor,
	p.mail_sealed IS NOT NULL AS has_mail, p.phone_sealed IS NOT NULL AS has_phone, p.id_card_sealed IS NOT NULL AS has_id_card, p.phone_masked,
	p.id_card_masked, COALESCE(x.office, '') AS office, a.changed, a.locked_until, a.locked_by, a.once_until, p.created AS opened`

const accountFrom = ` FROM account a JOIN person p ON p.id = a.person LEFT JOIN administrator x ON x.person = a.person`

// Oversees tells whether by looks after a person's account as the lead of its organisation: the
// person has desks, all of them in organisations that by leads, leads none of them and holds no
// office. An empty person asks whether by leads an organisation at all; the action "reset" asks
// whether by may be given the person's password, too: only where the person's desks, delegated
// ones included, have no part in what two persons decide. See identity.Hooks.
func Oversees(r *store.ReadTx, by, person, action string) (bool, error) {
	if person == "" {
		return r.Exists(`SELECT 1 FROM membership WHERE person = $1 AND lead = $2 AND until = ''`, by, true)
	}
	ok, err := r.Exists(`SELECT 1 FROM person p WHERE p.id = $1 AND p.id <> $2 AND `+overseen("p.id", "$2", "$3", "$4"), person, by, true, false)
	if err != nil || !ok || action != "reset" {
		return ok, err
	}
	paired, err := r.Exists(`SELECT 1 FROM membership WHERE person = $1 AND until = '' AND role NOT IN ($2, $3)
		UNION ALL SELECT 1 FROM delegation WHERE to_person = $1 AND revoked = $4 AND valid_to >= $5 AND role NOT IN ($2, $3)`,
		person, string(Developer), string(Customer), false, calendar.DateOf(r.Now()).String())
	return !paired, err
}

// Single tells whether a desk of the role has no part in what two persons decide, so that its
// organisation's lead may be given the password of whoever holds it.
func Single(r procedure.Role) bool { return r == Developer || r == Customer }

// overseen is the condition of Oversees on an expression for the person.
func overseen(person, by, yes, no string) string {
	return `EXISTS (SELECT 1 FROM membership m WHERE m.person = ` + person + ` AND m.until = '')
		AND NOT EXISTS (SELECT 1 FROM administrator x WHERE x.person = ` + person + `)
		AND NOT EXISTS (SELECT 1 FROM membership m WHERE m.person = ` + person + ` AND m.until = '' AND (m.lead <> ` + no + ` OR NOT EXISTS (
			SELECT 1 FROM membership l WHERE l.person = ` + by + ` AND l.org = m.org AND l.lead = ` + yes + ` AND l.until = '')))`
}

// MayList tells whether the actor looks after accounts at all.
func MayList(a procedure.Actor) bool {
	for _, d := range a.Desks {
		if d.Role == SecurityAd || d.Role == SystemAdm || (d.Lead && d.Behalf == "") {
			return true
		}
	}
	return false
}

// Accounts lists the accounts the actor looks after, by user name: the security administrator
// all, the system administrator the security administrator's, a lead its own people's. next is
// the user name to go on after, empty at the end. A count of none is an empty list.
func Accounts(r *store.ReadTx, a procedure.Actor, q AccountQuery) (out []Account, next string, err error) {
	var args []any
	arg := func(v any) string { args = append(args, v); return fmt.Sprintf("$%d", len(args)) }
	scope := "1 = 0"
	desks := a.Desks
	if a.Has(SecurityAd) {
		scope, desks = "1 = 1", nil
	}
	for _, d := range desks {
		switch {
		case d.Role == SystemAdm:
			scope += " OR x.office = " + arg(string(SecurityOffice))
		case d.Lead && d.Behalf == "":
			scope += " OR (a.person <> " + arg(a.Person) + " AND " + overseen("a.person", arg(a.Person), arg(true), arg(false)) + ")"
		}
	}
	where := []string{"(" + scope + ")"}
	if t := strings.TrimSpace(q.Text); t != "" {
		like := arg("%" + escapeLike(strings.ToLower(t)) + "%")
		where = append(where, `(LOWER(a.username) LIKE `+like+` ESCAPE '\' OR LOWER(p.name) LIKE `+like+` ESCAPE '\' OR EXISTS (SELECT 1 FROM membership m
			JOIN org o ON o.id = m.org WHERE m.person = a.person AND m.until = '' AND LOWER(o.name) LIKE `+like+` ESCAPE '\'))`)
	}
	switch q.State {
	case "":
	case "disabled":
		where = append(where, "a.disabled = "+arg(true))
	case "locked":
		where = append(where, "a.locked_until > "+arg(q.Now))
	case "unbound":
		where = append(where, "a.totp_sealed IS NULL AND p.program = "+arg(false))
	case "once":
		where = append(where, "a.must_change = "+arg(true))
	default:
		where = append(where, "1 = 0")
	}
	if q.Kind != "" {
		where = append(where, "p.program = "+arg(q.Kind == "program"))
	}
	if q.After != "" {
		where = append(where, "a.username > "+arg(q.After))
	}
	if q.Exact != "" {
		where = append(where, "a.username = "+arg(q.Exact))
	}
	if q.Size < 1 || q.Size > 100 {
		q.Size = 20
	}
	if err := r.Select(&out, `SELECT `+accountColumns+accountFrom+` WHERE `+strings.Join(where, " AND ")+` ORDER BY a.username LIMIT `+
		arg(q.Size+1), args...); err != nil {
		return nil, "", err
	}
	if len(out) > q.Size {
		out = out[:q.Size]
		next = out[len(out)-1].Username
	}
	return out, next, seats(r, out)
}

func escapeLike(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}

// seats fills in the desks of the accounts, with one query for all of them.
func seats(r *store.ReadTx, list []Account) error {
	if len(list) == 0 {
		return nil
	}
	at := map[string]int{}
	in, args := make([]string, len(list)), make([]any, len(list))
	for i, a := range list {
		at[a.Person], in[i], args[i] = i, fmt.Sprintf("$%d", i+1), a.Person
	}
	var rows []Seat
	if err := r.Select(&rows, `SELECT m.person, m.org, o.name AS org_name, m.role, m.ranks, m.lead, m.since FROM membership m JOIN org o ON o.id = m.org
		WHERE m.until = '' AND m.person IN (`+strings.Join(in, ",")+`) ORDER BY o.name, m.role`, args...); err != nil {
		return err
	}
	for _, s := range rows {
		i := at[s.Person]
		list[i].Seats = append(list[i].Seats, s)
	}
	return nil
}

// AccountOf reads one account the actor looks after; store.ErrNotFound for any other.
func AccountOf(r *store.ReadTx, a procedure.Actor, username string) (Account, error) {
	list, _, err := Accounts(r, a, AccountQuery{Exact: strings.ToLower(strings.TrimSpace(username)), Size: 1})
	if err != nil {
		return Account{}, err
	}
	if len(list) == 0 {
		return Account{}, store.ErrNotFound
	}
	return list[0], nil
}

// OpenCases counts the open cases a person has in hand.
func OpenCases(r *store.ReadTx, person string) (n int, err error) {
	return n, r.Get(&n, `SELECT COUNT(*) FROM case_file WHERE handler = $1 AND final = $2`, person, false)
}

// SeatProgram gives a program account its desk: an organisation's role it is confirmed in, no
// rank and no lead. store.ErrNotFound when the organisation is not in that role. See identity.Hooks.
func SeatProgram(w *store.Tx, person, org, role string) error {
	ok, err := HasRole(&w.ReadTx, org, procedure.Role(role))
	if err != nil {
		return err
	}
	if !ok {
		return store.ErrNotFound
	}
	return Appoint(w, Membership{Person: person, Org: org, Role: procedure.Role(role)})
}

// TellAccount lets a person know what an administrator did to the account; of a program's it tells
// the leads of the organisations the program is seated at. See identity.Hooks.
func TellAccount(w *store.Tx, person, by, action string) error {
	did, ok := accountActs[action]
	if !ok {
		return nil
	}
	var name string
	if err := w.Get(&name, `SELECT name FROM person WHERE id = $1`, by); err != nil {
		return err
	}
	quiet, err := quietHours(&w.ReadTx)
	if err != nil {
		return err
	}
	var program struct {
		Name    string
		Program bool
	}
	if err := w.Get(&program, `SELECT name, program FROM person WHERE id = $1`, person); err != nil {
		return err
	}
	if program.Program {
		return tellLeads(w, quiet, person, action, map[string]string{"by": name, "did": did, "title": program.Name})
	}
	l := letter{tpl: tplAccount, key: fmt.Sprintf("%s/%s/%s/%d", tplAccount.id, person, action, w.Now().UnixNano()), person: person,
		word: map[string]string{"by": name, "did": did}}
	return l.write(w, quiet)
}

func tellLeads(w *store.Tx, quiet func(time.Time) time.Time, program, action string, word map[string]string) error {
	var orgs []struct{ Org, Name string }
	if err := w.Select(&orgs, `SELECT DISTINCT m.org, o.name FROM membership m JOIN org o ON o.id = m.org WHERE m.person = $1 AND m.until = '' ORDER BY m.org`,
		program); err != nil {
		return err
	}
	for _, o := range orgs {
		leads, err := onDesk(&w.ReadTx, o.Org, Lead, "", today(w))
		if err != nil {
			return err
		}
		word["org"] = o.Name
		for _, p := range leads {
			l := letter{tpl: tplProgram, key: fmt.Sprintf("%s/%s/%s/%s/%d", tplProgram.id, p, program, action, w.Now().UnixNano()), person: p, word: word}
			if err := l.write(w, quiet); err != nil {
				return err
			}
		}
	}
	return nil
}
