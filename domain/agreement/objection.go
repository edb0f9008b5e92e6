package agreement

import (
	"pado/core/calendar"
	"pado/core/store"
)

// Approve records number and day of the government's approval in a case (6.1.4). One that is
// given again, after the text was reconsidered, replaces the one before; both stay in the log.
func Approve(w *store.Tx, caseNo, no string, decided calendar.Date) error {
	_, err := w.Exec(`INSERT INTO agreement_approval (case_no, no, decided) VALUES ($1,$2,$3)
		ON CONFLICT (case_no) DO UPDATE SET no = excluded.no, decided = excluded.decided`, caseNo, no, decided)
	return err
}

// ApprovalOf is the number of the approval in a case; empty before there is one.
func ApprovalOf(r *store.ReadTx, caseNo string) (string, error) {
	var no string
	err := r.Get(&no, `SELECT no FROM agreement_approval WHERE case_no = $1`, caseNo)
	if missing(err) {
		return "", nil
	}
	return no, err
}

// Objection is one objection raised under real name in the publicity period of a case (6.1.4).
type Objection struct {
	CaseNo                     string
	N                          int
	RaisedBy, Contact, Content string
	Received                   store.Time
	Upheld                     *bool // nil while it is not answered
	Answer                     string
	Answered                   store.Time
	AnsweredBy                 string
}

// Objections lists those of a case in the order they came.
func Objections(r *store.ReadTx, caseNo string) ([]Objection, error) {
	var out []Objection
	return out, r.Select(&out, `SELECT case_no, n, raised_by, contact, content, received, upheld, answer, answered, answered_by
		FROM objection WHERE case_no = $1 ORDER BY n`, caseNo)
}

// Unanswered counts the objections of a case that still wait for an answer.
func Unanswered(r *store.ReadTx, caseNo string) (int, error) {
	var n int
	return n, r.Get(&n, `SELECT COUNT(*) FROM objection WHERE case_no = $1 AND answered IS NULL`, caseNo)
}

// Upheld counts the objections of a case, received since a time, that were found justified.
func Upheld(r *store.ReadTx, caseNo string, since store.Time) (int, error) {
	var n int
	return n, r.Get(&n, `SELECT COUNT(*) FROM objection WHERE case_no = $1 AND upheld = $2 AND received >= $3`, caseNo, true, since)
}

// Object writes an objection down and returns its number in the case. Two at the same moment:
// the later one gets store.ErrConflict and is written again.
func Object(w *store.Tx, caseNo, by, contact, content string) (int, error) {
	var last int
	if err := w.Get(&last, `SELECT COALESCE(MAX(n), 0) FROM objection WHERE case_no = $1`, caseNo); err != nil {
		return 0, err
	}
	_, err := w.Exec(`INSERT INTO objection (case_no, n, raised_by, contact, content, received) VALUES ($1,$2,$3,$4,$5,$6)`,
		caseNo, last+1, by, contact, content, store.At(w.Now()))
	return last + 1, err
}

// Reply answers an objection once; store.ErrConflict when it is not there or answered already.
func Reply(w *store.Tx, caseNo string, n int, upheld bool, answer, person string) error {
	return w.ExecOne(`UPDATE objection SET upheld = $1, answer = $2, answered = $3, answered_by = $4 WHERE case_no = $5 AND n = $6 AND answered IS NULL`,
		upheld, answer, store.At(w.Now()), person, caseNo, n)
}
