package supply

import (
	"fmt"

	"pado/core/procedure"
	"pado/core/store"
)

// Ticket is a correction ticket (质量整改单) an operator raised against a version of a dataset or one of
// its fields, by its case.
type Ticket struct {
	CaseNo, Dataset, Version, Field  string
	Dimension, Severity, Title       string // see Dimensions and Severities
	SourceOrg, OperatorOrg, Division string
	Raised                           store.Time
	Answer                           string // explained or redelivered; empty = none yet
	Answered                         store.Time
	AnswerVersion                    string
	Escalated                        int
	State                            string // open, closed, withdrawn
	Closed                           store.Time
}

const ticketColumns = `case_no, dataset, version, field, dimension, severity, title, source_org, operator_org, division, raised, answer, answered, answer_version, escalated, state, closed`

// Dimensions are those of GB/T 36344, and what is wrong beside them.
var Dimensions = []procedure.Option{{Value: "normative", Label: "规范性"}, {Value: "complete", Label: "完整性"}, {Value: "accurate", Label: "准确性"}, {Value: "consistent", Label: "一致性"},
	{Value: "timely", Label: "时效性"}, {Value: "accessible", Label: "可访问性"}, {Value: "meaning", Label: "口径、含义不明"}}

// Severities of a ticket.
var Severities = []procedure.Option{{Value: "blocking", Label: "影响使用"}, {Value: "major", Label: "影响部分结果"}, {Value: "minor", Label: "一般"}}

// TicketOf reads the ticket of a case; store.ErrNotFound before it was raised.
func TicketOf(r *store.ReadTx, caseNo string) (Ticket, error) {
	var t Ticket
	return t, r.Get(&t, `SELECT `+ticketColumns+` FROM quality_ticket WHERE case_no = $1`, caseNo)
}

// Raise records a ticket.
func Raise(w *store.Tx, t Ticket, by string) error {
	if _, err := w.Exec(`INSERT INTO quality_ticket (case_no, dataset, version, field, dimension, severity, title, source_org, operator_org, division, raised, answer, state)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,'','open')`, t.CaseNo, t.Dataset, t.Version, t.Field, t.Dimension, t.Severity, t.Title, t.SourceOrg, t.OperatorOrg, t.Division, store.At(w.Now())); err != nil {
		return err
	}
	record(w, "quality.ticket", by, t.OperatorOrg, t.CaseNo, "raise", "open", "11.2", map[string]string{"dataset": t.Dataset, "version": t.Version, "field": t.Field, "dimension": t.Dimension,
		"severity": t.Severity, "source": t.SourceOrg})
	return nil
}

// AnswerTicket notes how the source answered; version is what it delivered instead, if it did.
func AnswerTicket(w *store.Tx, caseNo, answer, version, by, org string) error {
	if err := w.ExecOne(`UPDATE quality_ticket SET answer = $1, answered = $2, answer_version = $3 WHERE case_no = $4 AND state = 'open'`, answer, store.At(w.Now()), version, caseNo); err != nil {
		return err
	}
	record(w, "quality.ticket", by, org, caseNo, "answer", answer, "11.2", map[string]string{"version": version})
	return nil
}

// Escalate counts that the authority was called.
func Escalate(w *store.Tx, caseNo, by string) error {
	if err := w.ExecOne(`UPDATE quality_ticket SET escalated = escalated + 1 WHERE case_no = $1 AND state = 'open'`, caseNo); err != nil {
		return err
	}
	record(w, "quality.ticket", by, "", caseNo, "escalate", "open", "11.2", nil)
	return nil
}

// CloseTicket ends a ticket. One that was never raised has nothing to end.
func CloseTicket(w *store.Tx, caseNo, state, by string) error {
	n, err := w.Exec(`UPDATE quality_ticket SET state = $1, closed = $2 WHERE case_no = $3 AND state = 'open'`, state, store.At(w.Now()), caseNo)
	if err != nil || n == 0 {
		return err
	}
	record(w, "quality.ticket", by, "", caseNo, "close", state, "11.2", nil)
	return nil
}

// Version is what a ticket needs to know of a version of a dataset.
type Version struct {
	ID, Dataset, State string
	N                  int
	Rows               int64
	Score              int
	Created            store.Time
}

// Label names a version.
func (v Version) Label() string {
	return fmt.Sprintf("第%d版（%d行，质量分%d.%02d%%）", v.N, v.Rows, v.Score/100, v.Score%100)
}

// VersionOf reads a version; store.ErrNotFound when there is none.
func VersionOf(r *store.ReadTx, id string) (Version, error) {
	var v Version
	return v, r.Get(&v, `SELECT id, dataset, n, rows, score, state, created FROM dataset_version WHERE id = $1`, id)
}

// NewestSince finds the newest version of a dataset made after a time that was not rejected;
// store.ErrNotFound when none was.
func NewestSince(r *store.ReadTx, dataset string, after store.Time) (Version, error) {
	var v Version
	return v, r.Get(&v, `SELECT id, dataset, n, rows, score, state, created FROM dataset_version WHERE dataset = $1 AND created > $2 AND state IN ('made', 'accepted') ORDER BY n DESC LIMIT 1`, dataset, after)
}
