// Package sandbox is the developer's work space (安全沙箱项目空间) on record: projects and their
// policy, the privacy budget, questions with their answers, released outputs. The guarded query
// path itself is the package guard. See README.md.
package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/id"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/permit"
	"pado/domain/sandbox/guard/policy"
	"pado/plan"
)

// Project is a sandbox project (项目): one grant, its members, its period. What may be asked is in
// Policy, the document the guard reads; it is versioned with the data behind it.
type Project struct {
	No, Title, Org, OperatorOrg, Division, GrantID, Scenario, ListItem, Purpose string
	ValidFrom, ValidTo                                                          store.Time
	State, FrozenBy, FrozenReason                                               string
	Failures                                                                    int
	RhoDay                                                                      int64
	Policy, PolicyDigest                                                        string
	PolicyVersion                                                               int64
	CaseNo                                                                      string
	Created, Closed                                                             store.Time
}

const projectColumns = `no, title, org, operator_org, division, grant_id, scenario, list_item, purpose, valid_from, valid_to, state, frozen_by,
	frozen_reason, failures, rho_day, policy, policy_digest, policy_version, case_no, created, closed`

// States of a project. That its period is over follows from the clock.
const (
	Open   = "open"
	Frozen = "frozen"
	Closed = "closed"
)

// Table is a table of a project and the dataset version behind it. Lineages are the ids of the
// budgets a question on it is charged to.
type Table struct {
	Project, Name, Title, Item, Fields, Dataset, Version, Path, Lineages string
}

const tableColumns = `project, name, title, item, fields, dataset, version, path, lineages`

func (t Table) fields() (out []string, err error) {
	return out, json.Unmarshal([]byte(t.Fields), &out)
}

func (t Table) lineages() (out []string, err error) {
	return out, json.Unmarshal([]byte(t.Lineages), &out)
}

// ByNo reads a project; store.ErrNotFound when there is none.
func ByNo(r *store.ReadTx, no string) (p Project, err error) {
	return p, r.Get(&p, `SELECT `+projectColumns+` FROM project WHERE no = $1`, no)
}

// ByGrant reads the project of a grant.
func ByGrant(r *store.ReadTx, grant string) (p Project, err error) {
	return p, r.Get(&p, `SELECT `+projectColumns+` FROM project WHERE grant_id = $1`, grant)
}

// Tables of a project in the order of their names.
func Tables(r *store.ReadTx, project string) (out []Table, err error) {
	return out, r.Select(&out, `SELECT `+tableColumns+` FROM project_table WHERE project = $1 ORDER BY name`, project)
}

// Opening is what a project is opened with: a grant that was made in the same transaction.
type Opening struct {
	Title, Org, OperatorOrg, Division string
	Grant                             string
	Scenario, ListItem, Purpose       string
	First, Last                       calendar.Date
	Members                           []string
	Numbers                           Numbers
	CaseNo, By                        string
}

// OpenProject opens the project of a grant (clause 6.3.2): members, tables and policy compiled from
// the grant, a slice of every budget it touches. Items whose data has not arrived are bound later,
// by the first question after it has. Crash state: all or nothing.
func OpenProject(w *store.Tx, o Opening) (Project, error) {
	n, err := w.Next(fmt.Sprintf("project/%d", calendar.DateOf(w.Now()).Y))
	if err != nil {
		return Project{}, err
	}
	no, err := id.CaseNo("XM", calendar.DateOf(w.Now()).Y, n)
	if err != nil {
		return Project{}, err
	}
	span := permit.Days(o.First, o.Last)
	p := Project{No: no, Title: o.Title, Org: o.Org, OperatorOrg: o.OperatorOrg, Division: o.Division, GrantID: o.Grant, Scenario: o.Scenario,
		ListItem: o.ListItem, Purpose: o.Purpose, ValidFrom: store.At(span.From), ValidTo: store.At(span.Until), State: Open,
		RhoDay: o.Numbers.RhoDay, Policy: "{}", CaseNo: o.CaseNo, Created: store.At(w.Now())}
	if _, err := w.Exec(`INSERT INTO project (`+projectColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22)`,
		p.No, p.Title, p.Org, p.OperatorOrg, p.Division, p.GrantID, p.Scenario, p.ListItem, p.Purpose, p.ValidFrom, p.ValidTo, p.State, p.FrozenBy,
		p.FrozenReason, p.Failures, p.RhoDay, p.Policy, p.PolicyDigest, p.PolicyVersion, p.CaseNo, p.Created, p.Closed); err != nil {
		return p, err
	}
	for _, m := range o.Members {
		if err := AddMember(w, p.No, m); err != nil {
			return p, err
		}
	}
	if p, err = bind(w, p, o.Numbers); err != nil {
		return p, err
	}
	w.Record(audit.Entry{Type: "sandbox.project", Actor: o.By, Org: o.Org, Object: p.No, Action: "open", To: Open, Clause: "6.3.2",
		Detail: map[string]string{"case": o.CaseNo, "grant": o.Grant, "policy": orNone(p.PolicyDigest)}})
	return p, nil
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// AddMember lets a person of the project's organisation work in it.
func AddMember(w *store.Tx, project, person string) error {
	_, err := w.Exec(`INSERT INTO project_member (project, person, since) VALUES ($1,$2,$3)
		ON CONFLICT (project, person) DO UPDATE SET until = NULL`, project, person, store.At(w.Now()))
	return err
}

// RemoveMember ends it from now on.
func RemoveMember(w *store.Tx, project, person string) error {
	return w.ExecOne(`UPDATE project_member SET until = $1 WHERE project = $2 AND person = $3 AND until IS NULL`, store.At(w.Now()), project, person)
}

// Member tells whether a person works in the project now.
func Member(r *store.ReadTx, project, person string) (bool, error) {
	return r.Exists(`SELECT 1 FROM project_member WHERE project = $1 AND person = $2 AND until IS NULL`, project, person)
}

// FreezeProject stops a project from this transaction on (clauses 6.3.3, 10.7.3): the next question is
// refused, and one that is running is not delivered. store.ErrConflict when it is not open.
func FreezeProject(w *store.Tx, no, reason, org, person, caseNo string) error {
	if err := w.ExecOne(`UPDATE project SET state = 'frozen', frozen_by = $1, frozen_reason = $2 WHERE no = $3 AND state = 'open'`, org, reason, no); err != nil {
		return err
	}
	w.Record(audit.Entry{Type: "sandbox.freeze", Actor: person, Org: org, Object: no, Action: "freeze", From: Open, To: Frozen, Clause: "10.7.3",
		Values: map[string]string{"reason": reason}, Detail: map[string]string{"case": orNone(caseNo)}})
	return nil
}

// Thaw lets a frozen project go on and forgets its failures. store.ErrConflict when it is not frozen.
func Thaw(w *store.Tx, no, person, caseNo string) error {
	if err := w.ExecOne(`UPDATE project SET state = 'open', frozen_by = '', frozen_reason = '', failures = 0 WHERE no = $1 AND state = 'frozen'`, no); err != nil {
		return err
	}
	w.Record(audit.Entry{Type: "sandbox.freeze", Actor: person, Object: no, Action: "thaw", From: Frozen, To: Open, Clause: "10.7.3",
		Detail: map[string]string{"case": orNone(caseNo)}})
	return nil
}

// CloseProject ends a project for good; its answers and released outputs stay readable.
func CloseProject(w *store.Tx, no, person, caseNo string) error {
	if err := w.ExecOne(`UPDATE project SET state = 'closed', closed = $1 WHERE no = $2 AND state <> 'closed'`, store.At(w.Now()), no); err != nil {
		return err
	}
	w.Record(audit.Entry{Type: "sandbox.project", Actor: person, Object: no, Action: "close", To: Closed, Clause: "6.3.3", Detail: map[string]string{"case": orNone(caseNo)}})
	return nil
}

// Codes of a no that is the project's own; further ones come from permit and from the guard.
const (
	ProjectFrozen  = "sandbox.frozen"
	ProjectClosed  = "sandbox.closed"
	ProjectPeriod  = "sandbox.period"
	ProjectNoTable = "sandbox.no_data"
)

// may answers whether a question on these tables is allowed now: the project's own state and
// period first, then permit for every table with all fields it shows (clauses 6.3.2, 9.2, 10.5.2).
func may(r *store.ReadTx, p Project, tables []Table) error {
	now := r.Now()
	switch {
	case p.State == Frozen:
		return procedure.Refuse(ProjectFrozen, plan.C("10.7.3"), "项目已被冻结：%s", p.FrozenReason)
	case p.State != Open:
		return procedure.Refuse(ProjectClosed, plan.C("6.3.3"), "项目已经关闭，不能再提问")
	case now.Before(p.ValidFrom.Time) || !now.Before(p.ValidTo.Time):
		return procedure.Refuse(ProjectPeriod, plan.C("6.3.2"), "不在项目的使用期限内")
	case len(tables) == 0:
		return procedure.Refuse(ProjectNoTable, plan.C("6.2.2"), "许可所列的目录项还没有可用的数据")
	}
	for _, t := range tables {
		fields, err := t.fields()
		if err != nil {
			return fmt.Errorf("read table %s of %s: %w", t.Name, p.No, err)
		}
		if err := permit.May(r, permit.Query{Org: p.Org, Grant: p.GrantID, Item: t.Item, Fields: fields, Purpose: p.Purpose, Product: p.ListItem}); err != nil {
			return err
		}
	}
	return nil
}

// readPolicy decodes and validates the stored document.
func (p Project) readPolicy() (*policy.Policy, error) {
	doc, ref := policy.Parse([]byte(p.Policy))
	if ref != nil {
		return nil, errors.Join(fmt.Errorf("the policy of %s is not valid", p.No), ref)
	}
	return doc, nil
}
