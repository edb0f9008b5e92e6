// Package agreement holds what authorised operation rests on: the government's mandate, the
// implementation scheme, the operation agreement and its authorised catalogue. See README.md.
package agreement

import (
	"encoding/json"
	"errors"
	"fmt"

	"pado/core/calendar"
	"pado/core/canon"
	"pado/core/store"
)

// Status is what a mandate, scheme or agreement is on a day.
type Status string

// The statuses. The first three follow from dates, the others somebody decided.
const (
	Pending    Status = "pending"    // 尚未生效
	InForce    Status = "in_force"   // 生效中
	Lapsed     Status = "lapsed"     // 已失效：a mandate or scheme past its last day
	Expired    Status = "expired"    // 已到期：an agreement past its last day
	Superseded Status = "superseded" // 已被新版本取代
	Revoked    Status = "revoked"    // 已撤销
	Suspended  Status = "suspended"  // 已暂停
	Ended      Status = "ended"      // 已终止
)

// Label is the Chinese name of a status.
func (s Status) Label() string {
	return map[Status]string{Pending: "尚未生效", InForce: "生效中", Lapsed: "已失效", Expired: "已到期", Superseded: "已被取代",
		Revoked: "已撤销", Suspended: "已暂停", Ended: "已终止"}[s]
}

// Tone is how a status is coloured in lists.
func (s Status) Tone() string {
	switch s {
	case InForce:
		return "ok"
	case Pending, Suspended:
		return "warn"
	case Expired, Ended, Revoked:
		return "bad"
	}
	return "muted"
}

// Agreement is an operation agreement (授权运营协议) between the data authority and the operator.
type Agreement struct {
	ID, No, Title             string
	Mandate, Scheme           string
	AuthorityOrg, OperatorOrg string
	Division, Mode, Slot      string
	Version                   int
	Signed, Ends              calendar.Date
	State                     string
	Ended                     calendar.Date
	EndReason                 string
	Sections, Terms           string // JSON: text by section key; Terms
	PlanDigest                string // of the final operation plan (运营方案), the core annex
	Digest                    string
	ApprovalNo, Evidence      string
	Backfill                  bool
	CaseNo                    string
	Created                   store.Time
}

const agreementColumns = `id, no, title, mandate, scheme, authority_org, operator_org, division, mode, slot, version, signed, ends, state,
	ended, end_reason, sections, terms, plan_digest, digest, approval_no, evidence, backfill, case_no, created`

// Why an agreement ended.
const (
	ReasonExpired    = "expired"
	ReasonTerminated = "terminated"
	ReasonReplaced   = "replaced"
)

// Status is what the agreement is on a day.
func (a Agreement) Status(on calendar.Date) Status {
	switch {
	case a.State == "ended" && a.EndReason == ReasonExpired:
		return Expired
	case a.State == "ended":
		return Ended
	case on.After(a.Ends):
		return Expired
	case a.State == "suspended":
		return Suspended
	case on.Before(a.Signed):
		return Pending
	}
	return InForce
}

// Terms are the machine-readable terms of an agreement; money, permit and supervision read them.
// Rates and ratios are in basis points. Ratios of zero throughout mean that no sharing of excess
// is agreed; otherwise they sum to 10,000 and Remainder names who takes the odd fen.
type Terms struct {
	Purposes  []string   `json:"purposes"`
	Years     int        `json:"years"`
	Fee       Fee        `json:"resource_fee"`
	Ratios    SplitTerms `json:"ratios"`
	Remainder string     `json:"remainder"` // government, operator, source or partner
	Excess    string     `json:"excess"`    // deduct_next_period, pooled or shared
}

// Fee is the resource usage fee (资源使用费) the operator owes to the treasury.
type Fee struct {
	RateBP         int    `json:"rate_bp"`
	Base           string `json:"base"`             // operating_revenue or industry_revenue
	Period         string `json:"period"`           // month or quarter
	DueWorkingDays int    `json:"due_working_days"` // after the end of the period
}

// SplitTerms are the shares of excess income, in basis points.
type SplitTerms struct {
	Government int `json:"government"`
	Operator   int `json:"operator"`
	Source     int `json:"source"`
	Partner    int `json:"partner"`
}

// Sum adds the shares.
func (s SplitTerms) Sum() int { return s.Government + s.Operator + s.Source + s.Partner }

// ReadTerms decodes the terms of an agreement.
func (a Agreement) ReadTerms() (Terms, error) {
	var t Terms
	if err := json.Unmarshal([]byte(a.Terms), &t); err != nil {
		return t, fmt.Errorf("read the terms of %s: %w", a.ID, err)
	}
	return t, nil
}

// AllFields stands for every information item of a catalogue item.
const AllFields = "*"

// Item is one entry of the authorised catalogue (授权运营目录). Ends is never after the agreement's.
type Item struct {
	Agreement, Item string
	Fields          []string
	Since, Ends     calendar.Date
	Active          bool
	CaseNo          string
}

type itemRow struct {
	Agreement, Item, Fields, State, CaseNo string
	Since, Ends                            calendar.Date
}

// ByID reads an agreement; store.ErrNotFound when there is none.
func ByID(r *store.ReadTx, id string) (Agreement, error) {
	var a Agreement
	return a, r.Get(&a, `SELECT `+agreementColumns+` FROM agreement WHERE id = $1`, id)
}

// ByCase reads the agreement that a case brought about.
func ByCase(r *store.ReadTx, caseNo string) (Agreement, error) {
	var a Agreement
	return a, r.Get(&a, `SELECT `+agreementColumns+` FROM agreement WHERE case_no = $1`, caseNo)
}

// OfOperator lists an operator's agreements, the newest first.
func OfOperator(r *store.ReadTx, org string) ([]Agreement, error) {
	var out []Agreement
	return out, r.Select(&out, `SELECT `+agreementColumns+` FROM agreement WHERE operator_org = $1 ORDER BY signed DESC, id DESC`, org)
}

// Items lists the authorised catalogue of an agreement, removed entries last.
func Items(r *store.ReadTx, agreement string) ([]Item, error) {
	var rows []itemRow
	if err := r.Select(&rows, `SELECT agreement, item, fields, since, ends, state, case_no FROM agreement_item
		WHERE agreement = $1 ORDER BY state, item`, agreement); err != nil {
		return nil, err
	}
	out := make([]Item, len(rows))
	for i, row := range rows {
		out[i] = Item{Agreement: row.Agreement, Item: row.Item, Since: row.Since, Ends: row.Ends, Active: row.State == "active", CaseNo: row.CaseNo}
		if err := json.Unmarshal([]byte(row.Fields), &out[i].Fields); err != nil {
			return nil, fmt.Errorf("read item %s of agreement %s: %w", row.Item, agreement, err)
		}
	}
	return out, nil
}

// HolderOf finds the agreement a catalogue item is under on a day; store.ErrNotFound when it is
// under none that has not run out.
func HolderOf(r *store.ReadTx, item string, on calendar.Date) (Agreement, error) {
	var a Agreement
	return a, r.Get(&a, `SELECT `+prefixed("a.", agreementColumns)+` FROM agreement a JOIN agreement_item i ON i.agreement = a.id
		WHERE i.item = $1 AND i.state = 'active' AND a.state <> 'ended' AND a.ends >= $2`, item, on.String())
}

// Occupant finds the agreement that holds a slot on a day; store.ErrNotFound when it is free.
func Occupant(r *store.ReadTx, slot string, on calendar.Date) (Agreement, error) {
	var a Agreement
	return a, r.Get(&a, `SELECT `+agreementColumns+` FROM agreement WHERE slot = $1 AND state <> 'ended' AND ends >= $2`, slot, on.String())
}

// Slot is what an agreement is unique in: the authorising government, and the mode unless the
// city keeps to one agreement for all modes (parameter agreement.unique_per).
func Slot(division, mode string, perMode bool) string {
	if !perMode {
		mode = "*"
	}
	return division + "/" + mode
}

// digestOf is the SHA-256 over the canonical form of parts that are JSON texts or strings.
func digestOf(parts map[string]string) (string, error) {
	obj := make(map[string]any, len(parts))
	for k, v := range parts {
		obj[k] = v
	}
	b, err := canon.Marshal(obj)
	if err != nil {
		return "", fmt.Errorf("canonical form: %w", err)
	}
	return canon.Digest(b), nil
}

func missing(err error) bool { return errors.Is(err, store.ErrNotFound) }
