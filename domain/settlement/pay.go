package settlement

import (
	"encoding/json"
	"errors"
	"fmt"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/id"
	"pado/core/money"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/ledger"
)

// Statement (对账单) is what a customer owes for a month under an agreement.
type Statement struct {
	ID, Month, CustomerOrg, OperatorOrg, Agreement string
	AmountFen, PaidFen                             money.Fen
	Lines, Digest                                  string
	ClosedAt                                       store.Time
}

const statementColumns = `id, month, customer_org, operator_org, agreement, amount_fen, paid_fen, lines, digest, closed_at`

// StatementByID reads a statement; store.ErrNotFound.
func StatementByID(r *store.ReadTx, id string) (Statement, error) {
	var s Statement
	return s, r.Get(&s, `SELECT `+statementColumns+` FROM statement WHERE id = $1`, id)
}

// ReadLines decodes the lines of a statement.
func (s Statement) ReadLines() ([]Line, error) {
	var out []Line
	if err := json.Unmarshal([]byte(s.Lines), &out); err != nil {
		return nil, fmt.Errorf("read statement %s: %w", s.ID, err)
	}
	return out, nil
}

// Receipt (到账) is a customer's payment of a statement or a part of it.
type Receipt struct {
	Statement string
	Fen       money.Fen
	Voucher   string
	PaidOn    calendar.Date
	Person    string
	CaseNo    string
}

// Receive takes a payment into the books (6.2.5). *procedure.Refused when it is more than is
// still owed; nothing is taken twice for a case.
func Receive(w *store.Tx, p Receipt) error {
	s, err := StatementByID(&w.ReadTx, p.Statement)
	if err != nil {
		return err
	}
	n, err := w.Exec(`UPDATE statement SET paid_fen = paid_fen + $1 WHERE id = $2 AND paid_fen + $1 <= amount_fen`, p.Fen, p.Statement)
	if err != nil {
		return err
	}
	if n == 0 || p.Fen <= 0 {
		return procedure.Refuse("receipt.amount", clauseIncome, "到账金额超出该对账单的未付余额")
	}
	no, err := id.New(w.Rand(), "rc")
	if err != nil {
		return err
	}
	if _, err := w.Exec(`INSERT INTO receipt (id, statement, fen, voucher, paid_on, at, person, case_no) VALUES ($1,$2,$3,$4,$5,$6,$7,$8)`,
		no, p.Statement, p.Fen, p.Voucher, p.PaidOn, store.At(w.Now()), p.Person, p.CaseNo); err != nil {
		return err
	}
	_, err = ledger.Post(w, ledger.Transaction{Key: "receipt/" + no, Purpose: s.Month + " 服务费到账", Clause: clauseIncome, CaseNo: p.CaseNo, Person: p.Person,
		Postings: []ledger.Posting{ledger.Dr(ledger.Bank, s.OperatorOrg, p.Fen), ledger.Cr(ledger.Receivable, s.CustomerOrg, p.Fen)}})
	return err
}

// Fee is what an operator owes to the treasury for a month (资源使用费).
type Fee struct {
	ID, Month, Agreement, OperatorOrg, Base, Due, DueNote, State string
	IncomeFen, BaseFen, FeeFen                                   money.Fen
	RateBp                                                       int
	ClosedAt                                                     store.Time
}

const feeColumns = `id, month, agreement, operator_org, base, due, due_note, state, income_fen, base_fen, fee_fen, rate_bp, closed_at`

// FeeByID reads what is owed; store.ErrNotFound.
func FeeByID(r *store.ReadTx, id string) (Fee, error) {
	var f Fee
	return f, r.Get(&f, `SELECT `+feeColumns+` FROM fee_due WHERE id = $1`, id)
}

// Overdue lists what was not remitted by its day, the oldest first (6.2.5: in full and on time).
func Overdue(r *store.ReadTx) ([]Fee, error) {
	var out []Fee
	return out, r.Select(&out, `SELECT `+feeColumns+` FROM fee_due WHERE state = 'due' AND due <> '' AND due < $1 ORDER BY due, id`, calendar.DateOf(r.Now()).String())
}

// Status is what a fee is on a day, in Chinese.
func (f Fee) Status(on calendar.Date) string {
	switch f.State {
	case "none":
		return "无应缴"
	case "received":
		return "已入库"
	case "remitted":
		return "已汇缴待确认"
	}
	if due, err := calendar.ParseDate(f.Due); err == nil && on.After(due) {
		return "逾期未缴"
	}
	return "待缴"
}

// Remittance (上缴) is the operator's transfer of a fee to the treasury.
type Remittance struct {
	ID, Fee, Month, Agreement, OperatorOrg, TreasuryOrg string
	Fen                                                 money.Fen
	State, Voucher                                      string
	PaidOn                                              calendar.Date
	ReceiptNo, CaseNo                                   string
	At, Received                                        store.Time
}

const remittanceColumns = `id, fee, month, agreement, operator_org, treasury_org, fen, state, voucher, paid_on, receipt_no, case_no, at, received`

// RemittanceByCase reads the remittance of a case; store.ErrNotFound.
func RemittanceByCase(r *store.ReadTx, caseNo string) (Remittance, error) {
	var m Remittance
	return m, r.Get(&m, `SELECT `+remittanceColumns+` FROM remittance WHERE case_no = $1`, caseNo)
}

// Remit records that the operator has transferred a fee in full (6.2.5); nothing is posted until
// the treasury confirms it. *procedure.Refused when the fee is not due any more.
func Remit(w *store.Tx, fee, treasury, voucher string, paidOn calendar.Date, caseNo string) error {
	f, err := FeeByID(&w.ReadTx, fee)
	if err != nil {
		return err
	}
	n, err := w.Exec(`UPDATE fee_due SET state = 'remitted' WHERE id = $1 AND state = 'due'`, fee)
	if err != nil {
		return err
	}
	if n == 0 {
		return procedure.Refuse("remittance.state", clauseFee, "这笔资源使用费已汇缴或无需上缴")
	}
	no, err := id.New(w.Rand(), "rm")
	if err != nil {
		return err
	}
	_, err = w.Exec(`INSERT INTO remittance (id, fee, month, agreement, operator_org, treasury_org, fen, state, voucher, paid_on, case_no, at)
		VALUES ($1,$2,$3,$4,$5,$6,$7,'remitted',$8,$9,$10,$11) ON CONFLICT (case_no) DO UPDATE SET fee = excluded.fee, month = excluded.month,
		agreement = excluded.agreement, fen = excluded.fen, state = 'remitted', voucher = excluded.voucher, paid_on = excluded.paid_on, at = excluded.at`,
		no, fee, f.Month, f.Agreement, f.OperatorOrg, treasury, f.FeeFen, voucher, paidOn, caseNo, store.At(w.Now()))
	return err
}

// ReturnRemittance undoes Remit: the treasury has not received it as stated.
func ReturnRemittance(w *store.Tx, caseNo string) error {
	m, err := RemittanceByCase(&w.ReadTx, caseNo)
	if err != nil {
		return err
	}
	return errors.Join(w.ExecOne(`UPDATE remittance SET state = 'returned' WHERE id = $1 AND state = 'remitted'`, m.ID),
		w.ExecOne(`UPDATE fee_due SET state = 'due' WHERE id = $1 AND state = 'remitted'`, m.Fee))
}

// ConfirmRemittance posts a remittance the treasury has received under its own number. It is
// paid from the separate account as far as that reaches; the rest the operator has advanced
// from its own funds, which the separate account then owes it.
func ConfirmRemittance(w *store.Tx, caseNo, receiptNo, person string) error {
	m, err := RemittanceByCase(&w.ReadTx, caseNo)
	if err != nil {
		return err
	}
	if err := errors.Join(w.ExecOne(`UPDATE remittance SET state = 'received', receipt_no = $1, received = $2 WHERE id = $3 AND state = 'remitted'`, receiptNo, store.At(w.Now()), m.ID),
		w.ExecOne(`UPDATE fee_due SET state = 'received' WHERE id = $1 AND state = 'remitted'`, m.Fee)); err != nil {
		return err
	}
	if err := w.Lock("org", "id", m.OperatorOrg); err != nil { // two of one operator come one after the other
		return err
	}
	held, err := ledger.Balance(&w.ReadTx, ledger.Bank, m.OperatorOrg)
	if err != nil {
		return err
	}
	held = min(held, m.Fen)
	if _, err := ledger.Post(w, ledger.Transaction{Key: "remittance/" + m.ID, Purpose: m.Month + " 资源使用费上缴市财政", Clause: clauseFee, CaseNo: caseNo, Person: person,
		Postings: []ledger.Posting{ledger.Dr(ledger.Treasury, m.OperatorOrg, m.Fen), ledger.Cr(ledger.Bank, m.OperatorOrg, held), ledger.Cr(ledger.Payable, m.OperatorOrg, m.Fen-held)}}); err != nil {
		return err
	}
	w.Record(audit.Entry{Type: "settlement.remittance", Actor: person, Org: m.TreasuryOrg, Object: m.ID, Action: "confirm", From: "remitted", To: "received", Clause: clauseFee.ID,
		Result: audit.Done, Detail: map[string]string{"case": caseNo, "fee": m.Fee, "fen": fmt.Sprint(int64(m.Fen))}})
	return nil
}
