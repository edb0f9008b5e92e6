package procedures

import (
	"errors"
	"fmt"
	"sort"
	"strings"

	"pado/core/calendar"
	"pado/core/canon"
	"pado/core/docs"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/agreement"
	"pado/plan"
)

// What the procedures of authorisation (五, 六之一) share: decisions and their evidence, and the
// gates that a mandate and a scheme are.

// ruling is a decision as it is recorded: taken on the platform, or elsewhere and entered.
type ruling struct {
	No string
	On calendar.Date
}

// decided reads number and date of the decision that this act records. A number typed in counts
// before the one the platform gave; one of the two there must be.
func decided(c *procedure.Ctx) (ruling, error) {
	in, err := procedure.Input[decisionInput](c)
	if err != nil {
		return ruling{}, err
	}
	d := ruling{No: strings.TrimSpace(in.DocNo), On: in.DecidedOn}
	if c.Step.Backfill {
		d.No = strings.TrimSpace(in.Decision)
	}
	if d.No == "" {
		d.No = c.DocNo
	}
	if d.No == "" {
		return d, procedure.Refuse("decision.number", c.Step.Plan, "请填写文号；本机关尚未设置机关代字，平台不能代为编号")
	}
	return d, nil
}

// decisionNumbered demands the number of a decision that is entered afterwards, and a day that
// is not to come.
func decisionNumbered(clause plan.Clause) procedure.Rule {
	return procedure.Rule{Code: "decision.number", Say: "补录须填写原决定的文号或编号，决定日期不得晚于今日", Plan: clause, Holds: func(c *procedure.Ctx) error {
		in, err := procedure.Input[decisionInput](c)
		return procedure.Hold(strings.TrimSpace(in.Decision) != "" && !in.DecidedOn.After(c.Today()), err)
	}}
}

// evidenceAttached demands that the act comes with its document.
func evidenceAttached(clause plan.Clause) procedure.Rule {
	return procedure.Rule{Code: "decision.evidence", Say: "请上传决定文件、会议纪要等凭证；没有凭证的决定不予登记", Plan: clause, Holds: func(c *procedure.Ctx) error {
		return procedure.Hold(len(c.Files) > 0, nil)
	}}
}

// evidenceOf is one digest over the files given with this act and those in the case.
func evidenceOf(c *procedure.Ctx) (string, error) {
	var sums []string
	if err := c.Select(&sums, `SELECT sha256 FROM attachment WHERE case_no = $1`, c.Case.No); err != nil {
		return "", err
	}
	if len(sums) == 0 {
		return "", nil
	}
	sort.Strings(sums)
	return canon.Digest([]byte(strings.Join(sums, "\n"))), nil
}

// effectiveDay is the day a gate is asked for: the day of the original decision when it is
// entered afterwards, else today.
func effectiveDay(c *procedure.Ctx) (calendar.Date, error) {
	if c.Step == nil || !c.Step.Backfill {
		return c.Today(), nil
	}
	in, err := procedure.Input[struct {
		DecidedOn calendar.Date `json:"decidedOn"`
		SignedOn  calendar.Date `json:"signedOn"`
	}](c)
	if !in.SignedOn.IsZero() {
		return in.SignedOn, err
	}
	return in.DecidedOn, err
}

// mandateThere is the first gate of authorisation: the government's mandate is on record and in
// force on the day that counts.
var mandateThere = procedure.Rule{Code: "mandate.in_force", Say: "没有在有效期内的政府授权，请先办理“授权依据”", Plan: plan.C("5.0"), Holds: func(c *procedure.Ctx) error {
	on, err := effectiveDay(c)
	if err != nil {
		return err
	}
	m, err := agreement.MandateOn(c.ReadTx, c.Case.Tenant, on)
	if errors.Is(err, store.ErrNotFound) {
		return procedure.ErrFails
	}
	return procedure.Hold(err == nil && m.AuthorityOrg == c.Case.Org, err)
}}

// schemeThere is the second gate: an implementation scheme in force. A scheme that has lapsed
// does not end a running agreement, but nothing new begins on it.
var schemeThere = procedure.Rule{Code: "scheme.in_force", Say: "没有在有效期内的实施方案，不能启动新的公告、协议或者扩大授权范围，请先办理“实施方案”", Plan: plan.C("6.1.1"), Holds: func(c *procedure.Ctx) error {
	on, err := effectiveDay(c)
	if err != nil {
		return err
	}
	_, err = agreement.SchemeOn(c.ReadTx, c.Case.Tenant, on)
	if errors.Is(err, store.ErrNotFound) {
		return procedure.ErrFails
	}
	return err
}}

// orgNamed is an organisation's name; the id itself where it is not on the platform.
func orgNamed(c *procedure.Ctx, org string) (string, error) {
	var name string
	err := c.Get(&name, `SELECT name FROM org WHERE id = $1`, org)
	if errors.Is(err, store.ErrNotFound) {
		return org, nil
	}
	return name, err
}

// checked adds what a reader verifies a print-out with.
func checked(d docs.Document, no, id, digest string) (docs.Document, error) {
	if no == "" {
		no = id
	}
	d.Check = &docs.Verification{No: no, Digest: strings.TrimPrefix(digest, "sha256:"), URL: "/portal/verify/" + id}
	return d, nil
}

// backfillRemark says on the paper that the decision was taken elsewhere.
func backfillRemark(backfill bool) docs.Block {
	if !backfill {
		return docs.Note{}
	}
	return docs.Note{Text: "补录：本事项在平台之外决定，平台依据所附佐证材料登记。"}
}

// textParts are fields for the required parts of a text, in order, each of its own section.
func textParts(parts []agreement.Part, section string, clause plan.Clause) []procedure.Field {
	out := make([]procedure.Field, len(parts))
	for i, p := range parts {
		out[i] = procedure.Field{Name: p.Key, Label: fmt.Sprintf("%d. %s", i+1, p.Title), Kind: procedure.LongText, Required: true, Min: 2, Max: 20000, Plan: clause, Help: p.Help, Section: section}
	}
	return out
}

// partsText reads the required parts out of the case's form.
func partsText(c *procedure.Ctx, parts []agreement.Part) (map[string]string, error) {
	return textOf(c.Case.Form, parts)
}
