package development

import (
	"fmt"

	"pado/core/audit"
	"pado/core/procedure"
	"pado/core/store"
)

// Scenario is a justified application scenario (应用场景, clause 6.3.1). Benefit is the class fixed
// in the justification: public is free of charge and stays so.
type Scenario struct {
	ID, Title, ProposerOrg, OperatorOrg, Division, ListItem, Benefit, Regulator, Digest, DocNo, State, CaseNo string
	Justified                                                                                                 store.Time
}

const scenarioColumns = `id, title, proposer_org, operator_org, division, list_item, benefit, regulator, digest, doc_no, state, case_no, justified`

// Benefits are the classes of a scenario.
var Benefits = []procedure.Option{{Value: "public", Label: "公益类"}, {Value: "industry", Label: "产业、行业发展类"}}

// Bodies are the members of the panel that must both speak.
const (
	BodyAuthority = "authority"
	BodyRegulator = "regulator"
)

// Opinion is what a body of the panel says on one text of the proposal, named by its digest.
type Opinion struct {
	CaseNo, Body, Org, Person, Say, Digest string
	Lawful, Necessary, Secure              bool
	At                                     store.Time
}

const opinionColumns = `case_no, body, org, person, lawful, necessary, secure, say, digest, at`

// Agrees: lawful, necessary and secure.
func (o Opinion) Agrees() bool { return o.Lawful && o.Necessary && o.Secure }

// Opine keeps a body's opinion; a later one of the same body replaces it.
func Opine(w *store.Tx, o Opinion) error {
	_, err := w.Exec(`INSERT INTO scenario_opinion (`+opinionColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)
		ON CONFLICT (case_no, body) DO UPDATE SET org = excluded.org, person = excluded.person, lawful = excluded.lawful, necessary = excluded.necessary,
		secure = excluded.secure, say = excluded.say, digest = excluded.digest, at = excluded.at`,
		o.CaseNo, o.Body, o.Org, o.Person, o.Lawful, o.Necessary, o.Secure, o.Say, o.Digest, store.At(w.Now()))
	return err
}

// Opinions of a case, whatever text they were given on.
func Opinions(r *store.ReadTx, caseNo string) (out []Opinion, err error) {
	return out, r.Select(&out, `SELECT `+opinionColumns+` FROM scenario_opinion WHERE case_no = $1 ORDER BY body`, caseNo)
}

// Justify enters a scenario (clause 6.3.1). By is the person who acts. Crash state: all or nothing.
func Justify(w *store.Tx, s Scenario, by string) (Scenario, error) {
	n, err := w.Next("scenario")
	if err != nil {
		return s, err
	}
	s.ID, s.State, s.Justified = fmt.Sprintf("sn-%05d", n), "justified", store.At(w.Now())
	if _, err := w.Exec(`INSERT INTO scenario (`+scenarioColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13)`, s.ID, s.Title, s.ProposerOrg,
		s.OperatorOrg, s.Division, s.ListItem, s.Benefit, s.Regulator, s.Digest, s.DocNo, s.State, s.CaseNo, s.Justified); err != nil {
		return s, err
	}
	w.Record(audit.Entry{Type: "scenario.justify", Actor: by, Object: s.ID, Action: "justify", To: "justified", Clause: "6.3.1",
		Detail: map[string]string{"case": s.CaseNo, "list_item": s.ListItem, "benefit": s.Benefit, "digest": s.Digest}})
	return s, nil
}

// ScenarioByID reads a scenario.
func ScenarioByID(r *store.ReadTx, id string) (s Scenario, err error) {
	return s, r.Get(&s, `SELECT `+scenarioColumns+` FROM scenario WHERE id = $1`, id)
}

// Demand is a granted demand (数据需求, clause 6.3.2).
type Demand struct {
	CaseNo, Title, Org, OperatorOrg, Division, Scenario, ListItem, GrantID, Project, BaseProduct, DocNo string
	Granted                                                                                             store.Time
}

const demandColumns = `case_no, title, org, operator_org, division, scenario, list_item, grant_id, project, base_product, doc_no, granted`

// Enter keeps a demand with the grant and the project it became.
func (d Demand) Enter(w *store.Tx) error {
	_, err := w.Exec(`INSERT INTO demand (`+demandColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)`, d.CaseNo, d.Title, d.Org, d.OperatorOrg,
		d.Division, d.Scenario, d.ListItem, d.GrantID, d.Project, d.BaseProduct, d.DocNo, store.At(w.Now()))
	return err
}
