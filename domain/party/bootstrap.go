package party

import (
	"context"
	"errors"
	"fmt"

	"pado/core/audit"
	"pado/core/id"
	"pado/core/identity"
	"pado/core/procedure"
	"pado/core/store"
	"pado/plan"
)

// Office is one of the three offices of administrators (三员), which no person holds two of; the
// primary key on the person and the uniqueness of the office hold that.
type Office string

// The offices.
const (
	SystemOffice   Office = "system"
	SecurityOffice Office = "security"
	AuditOffice    Office = "audit"
)

// Offices are the desks the offices act from.
var Offices = map[Office]procedure.Role{SystemOffice: SystemAdm, SecurityOffice: SecurityAd, AuditOffice: AuditAdm}

// OfficeOptions are the offices with their Chinese names.
var OfficeOptions = []procedure.Option{{Value: string(SystemOffice), Label: "系统管理员"}, {Value: string(SecurityOffice), Label: "安全管理员"},
	{Value: string(AuditOffice), Label: "审计管理员"}}

// Opening is what a platform begins with: the city's Authority with its first lead, and the
// three administrators it names. The four are four persons.
type Opening struct {
	Authority               Org
	Lead                    identity.NewAccount
	System, Security, Audit identity.NewAccount
}

// Opened are the ids of what Bootstrap made.
type Opened struct{ Authority, Lead, System, Security, Audit string }

// ErrBootstrapped is the answer to a second bootstrap: its power is gone for good.
var ErrBootstrapped = procedure.Refuse("bootstrap.done", plan.C("3"), "平台已完成初始设置，三员和各单位此后只能通过相应事项任免和变更")

// Bootstrap creates the city's Authority, its lead and the three administrators in one
// transaction, each appointment with an entry that names the Authority, and can do so once: a
// row that stays refuses every further call with ErrBootstrapped, by constraint.
func Bootstrap(ctx context.Context, db *store.DB, ids *identity.Service, o Opening) (out Opened, err error) {
	offices := []struct {
		office Office
		of     identity.NewAccount
		id     *string
	}{{"", o.Lead, &out.Lead}, {SystemOffice, o.System, &out.System}, {SecurityOffice, o.Security, &out.Security}, {AuditOffice, o.Audit, &out.Audit}}
	accounts := make([]identity.Prepared, len(offices))
	for i, x := range offices {
		if accounts[i], err = ids.Prepare(ctx, x.of); err != nil {
			return Opened{}, fmt.Errorf("prepare account %d: %w", i+1, err)
		}
		*x.id = accounts[i].Person()
	}
	_, err = db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		city, err := w.Meta("city")
		if err != nil {
			return audit.Entry{}, err
		}
		if _, err := w.Exec(`INSERT INTO meta (key, value) VALUES ('bootstrap', $1)`, store.At(w.Now()).Format("2006-01-02")); err != nil {
			return audit.Entry{}, err
		}
		org := o.Authority
		if org.ID == "" {
			if org.ID, err = id.New(w.Rand(), "org"); err != nil {
				return audit.Entry{}, err
			}
		}
		out.Authority, org.Division = org.ID, city
		if err := errors.Join(Create(w, org), Confirm(w, org.ID, Authority, city, "")); err != nil {
			return audit.Entry{}, err
		}
		for i, x := range offices {
			if err := accounts[i].Open(w); err != nil {
				return audit.Entry{}, err
			}
			w.Record(accounts[i].Entry("system", "bootstrap"))
			if x.office == "" {
				err = Appoint(w, Membership{Person: *x.id, Org: org.ID, Role: Authority, Lead: true,
					Ranks: []procedure.Rank{procedure.Drafter, procedure.Reviewer, procedure.Signer}})
			} else {
				err = Install(w, x.office, *x.id, org.ID, "", "system")
			}
			if err != nil {
				return audit.Entry{}, err
			}
		}
		return audit.Entry{Type: "party.bootstrap", Actor: "system", Org: org.ID, Object: org.ID, Action: "bootstrap", Clause: "3", Result: audit.Done,
			Detail: map[string]string{"lead": out.Lead, "system": out.System, "security": out.Security, "audit": out.Audit}}, nil
	})
	if errors.Is(err, store.ErrConflict) {
		done := false
		if e := db.View(ctx, func(r *store.ReadTx) (err error) {
			done, err = r.Exists(`SELECT 1 FROM meta WHERE key = 'bootstrap'`)
			return err
		}); e == nil && done {
			return Opened{}, ErrBootstrapped
		}
	}
	if err != nil {
		return Opened{}, err
	}
	return out, nil
}

// Install gives an office to a person in place of who holds it, and records the entry with the
// Authority that names it. store.ErrConflict when the person holds another office.
func Install(w *store.Tx, office Office, person, authority, caseNo, actor string) error {
	if _, ok := Offices[office]; !ok {
		return fmt.Errorf("office %q", office)
	}
	var before []string
	if err := w.Select(&before, `DELETE FROM administrator WHERE office = $1 RETURNING person`, string(office)); err != nil {
		return err
	}
	if _, err := w.Exec(`INSERT INTO administrator (person, office, org, case_no, since) VALUES ($1,$2,$3,$4,$5)`,
		person, string(office), authority, caseNo, store.At(w.Now())); err != nil {
		return err
	}
	detail := map[string]string{"office": string(office), "authority": authority}
	if len(before) > 0 {
		detail["before"] = before[0]
	}
	if caseNo != "" {
		detail["case"] = caseNo
	}
	w.Record(audit.Entry{Type: "party.office", Actor: actor, Org: authority, Object: person, Action: "install", Clause: "3", Result: audit.Done, Detail: detail})
	return nil
}

// OfficeHolder is the person who holds an office, empty for none.
func OfficeHolder(r *store.ReadTx, office Office) (person string, err error) {
	err = r.Get(&person, `SELECT person FROM administrator WHERE office = $1`, string(office))
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return person, err
}

// OfficeOf is the office a person holds, empty for none.
func OfficeOf(r *store.ReadTx, person string) (office Office, err error) {
	err = r.Get(&office, `SELECT office FROM administrator WHERE person = $1`, person)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return office, err
}

// OfficeOrg finds the organisation an office acts in: the Authority that named it.
func OfficeOrg(office Office) func(*procedure.Ctx) (string, error) {
	return func(c *procedure.Ctx) (org string, err error) {
		err = c.Get(&org, `SELECT org FROM administrator WHERE office = $1`, string(office))
		if errors.Is(err, store.ErrNotFound) {
			return "", nil
		}
		return org, err
	}
}

// Seeding is an organisation of a demonstration with its roles and people.
type Seeding struct {
	Org     Org
	Roles   []procedure.Role
	Members []Membership
}

// ErrNotDemo: organisations are seeded in demonstration records only.
var ErrNotDemo = errors.New("organisations are seeded in demonstration records only")

// Seed writes an organisation with its roles and people into demonstration records, where the
// same without a seed takes one p04_subject case each. It records an entry of its own.
func Seed(w *store.Tx, s Seeding) error {
	demo, err := w.Meta("demo")
	if err != nil || demo != "true" {
		return errors.Join(ErrNotDemo, err)
	}
	if err := Create(w, s.Org); err != nil {
		return err
	}
	for _, r := range s.Roles {
		if err := Confirm(w, s.Org.ID, r, s.Org.Division, ""); err != nil {
			return err
		}
	}
	for _, m := range s.Members {
		m.Org = s.Org.ID
		if err := Appoint(w, m); err != nil {
			return err
		}
	}
	w.Record(audit.Entry{Type: "party.seed", Actor: "system", Org: s.Org.ID, Object: s.Org.ID, Action: "seed", Clause: "3", Result: audit.Done})
	return nil
}
