package party

import (
	"errors"
	"fmt"

	"pado/core/procedure"
	"pado/core/store"
)

// Org is an organisation on the platform (单位). It is written by procedures only: confirmed by
// p04_subject, changed by p04_change. Status is Active, or Suspended while none of its desks may
// act. It never disappears: what it did stays on record.
type Org struct {
	ID, Name    string
	USCC        string // checked by core/id; empty for a body without one
	Division    string
	Kind        Kind
	LegalPerson bool
	Address     string
	Phone       string
	DocPrefix   string // 机关代字 of its document numbers
	Status      string
	CaseNo      string // the case that confirmed it
	Created     store.Time
}

// Suspended is the status of an organisation whose desks may not act.
const Suspended = "suspended"

// Kind is what an organisation is in law.
type Kind string

// The kinds.
const (
	Organ       Kind = "organ"       // 机关
	Institution Kind = "institution" // 事业单位
	Company     Kind = "company"     // 企业
	Association Kind = "association" // 社会组织
	OtherKind   Kind = "other"       // 其他组织
)

// Kinds are the choices with their Chinese names.
var Kinds = []procedure.Option{{Value: string(Organ), Label: "机关"}, {Value: string(Institution), Label: "事业单位"},
	{Value: string(Company), Label: "企业"}, {Value: string(Association), Label: "社会组织"}, {Value: string(OtherKind), Label: "其他组织"}}

// KindLabel is the Chinese name of a kind.
func KindLabel(k Kind) string {
	for _, o := range Kinds {
		if o.Value == string(k) {
			return o.Label
		}
	}
	return string(k)
}

// Organs are the roles of public bodies, of which a division has at most one each; a constraint
// holds that (org_role_single).
var Organs = []procedure.Role{Government, Authority, Pricing, Treasury, Cyberspace, Police, StateSec, Secrecy, Market, Auditor, Discipline}

// Confirmable are the roles an organisation may apply for, in the order they are offered.
var Confirmable = append([]procedure.Role{Source, Operator, Developer, Customer, Regulator, Expert, Verifier}, Organs...)

// IsOrgan tells whether the role belongs to a public body of which there is one in a division.
func IsOrgan(r procedure.Role) bool {
	for _, o := range Organs {
		if o == r {
			return true
		}
	}
	return false
}

const orgColumns = `id, name, COALESCE(uscc, '') AS uscc, division, kind, legal_person, address, phone, doc_prefix, status, case_no, created`

// Get reads an organisation; store.ErrNotFound.
func Get(r *store.ReadTx, id string) (o Org, err error) {
	return o, r.Get(&o, `SELECT `+orgColumns+` FROM org WHERE id = $1`, id)
}

// ByUSCC finds an organisation by its credit code; store.ErrNotFound.
func ByUSCC(r *store.ReadTx, uscc string) (o Org, err error) {
	return o, r.Get(&o, `SELECT `+orgColumns+` FROM org WHERE uscc = $1`, uscc)
}

// Create writes an organisation. store.ErrConflict when its credit code is taken.
func Create(w *store.Tx, o Org) error {
	var uscc any
	if o.USCC != "" {
		uscc = o.USCC
	}
	_, err := w.Exec(`INSERT INTO org (id, name, uscc, division, kind, legal_person, address, phone, doc_prefix, status, case_no, created)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)`, o.ID, o.Name, uscc, o.Division, string(o.Kind), o.LegalPerson, o.Address, o.Phone,
		o.DocPrefix, Active, o.CaseNo, store.At(w.Now()))
	return err
}

// Change writes what p04_change may change: name, legal form, address, telephone, 机关代字.
func Change(w *store.Tx, o Org) error {
	return w.ExecOne(`UPDATE org SET name=$1, kind=$2, legal_person=$3, address=$4, phone=$5, doc_prefix=$6 WHERE id=$7`,
		o.Name, string(o.Kind), o.LegalPerson, o.Address, o.Phone, o.DocPrefix, o.ID)
}

// SetStatus makes an organisation Active or Suspended; its desks follow at the next act.
func SetStatus(w *store.Tx, org, status string) error {
	if status != Active && status != Suspended {
		return fmt.Errorf("organisation status %q", status)
	}
	return w.ExecOne(`UPDATE org SET status = $1 WHERE id = $2`, status, org)
}

// Confirm gives an organisation a role in a division from now on; nothing when it has it there
// already. store.ErrConflict when the role is one of Organs and the division has another.
func Confirm(w *store.Tx, org string, role procedure.Role, division, caseNo string) error {
	var there string
	err := w.Get(&there, `SELECT division FROM org_role WHERE org = $1 AND role = $2 AND until IS NULL`, org, string(role))
	switch {
	case err == nil && there == division:
		return nil
	case err == nil:
		return fmt.Errorf("%s is %s in another division: %w", org, role, store.ErrConflict)
	case !errors.Is(err, store.ErrNotFound):
		return err
	}
	_, err = w.Exec(`INSERT INTO org_role (org, role, division, since, case_no) VALUES ($1,$2,$3,$4,$5)`,
		org, string(role), division, store.At(w.Now()), caseNo)
	return err
}

// EndRole takes a role from an organisation now; its desks in the role act no more.
func EndRole(w *store.Tx, org string, role procedure.Role) error {
	return w.ExecOne(`UPDATE org_role SET until = $1 WHERE org = $2 AND role = $3 AND until IS NULL`, store.At(w.Now()), org, string(role))
}

// RoleHolder finds the organisation that holds one of Organs in a division itself; empty for none.
func RoleHolder(r *store.ReadTx, role procedure.Role, division string) (org string, err error) {
	err = r.Get(&org, `SELECT org FROM org_role WHERE role = $1 AND division = $2 AND until IS NULL ORDER BY since, org LIMIT 1`, string(role), division)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return org, err
}
