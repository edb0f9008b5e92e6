package settlement

import (
	"fmt"

	"pado/core/money"
	"pado/core/store"
	"pado/domain/ledger"
)

// Fault is the first thing Reconcile found that does not add up.
type Fault struct {
	What       string
	Want, Have money.Fen
}

func (f *Fault) Error() string {
	return fmt.Sprintf("settlement: %s: %s instead of %s", f.What, f.Have, f.Want)
}

// Reconcile proves that the parts equal the whole to the fen, from the records alone: sealed
// calls are counted once, statements are the usage of closed months at its prices, what is owed
// to the treasury follows from the statements, and the ledger holds exactly what statements,
// receipts, fees and remittances say. The first *Fault is returned; then ledger.Check runs.
func Reconcile(r *store.ReadTx) error {
	sum := func(q string, args ...any) (f money.Fen, err error) { return f, r.Get(&f, q, args...) }
	posted := func(kind string, a ledger.Account) string {
		sign := ""
		if a.Side == ledger.Credit {
			sign = "-"
		}
		return `SELECT COALESCE(SUM(` + sign + `fen), 0) FROM ledger_posting WHERE account = '` + a.ID + `' AND tx LIKE '` + kind + `/%'`
	}
	received := `SELECT COALESCE(SUM(fen), 0) FROM remittance WHERE state = 'received'`
	for _, c := range []struct{ what, want, have string }{
		{"calls counted in months against calls sealed", `SELECT COALESCE(SUM(charged), 0) FROM usage_segment`, `SELECT COALESCE(SUM(calls), 0) FROM usage_month`},
		{"statements against the usage of closed months", `SELECT COALESCE(SUM(u.calls * t.price_fen), 0) FROM usage_month u JOIN tariff t ON t.id = u.tariff
			WHERE u.month <= (SELECT closed_through FROM books WHERE id = 1)`, `SELECT COALESCE(SUM(amount_fen), 0) FROM statement`},
		{"payments of statements against receipts", `SELECT COALESCE(SUM(fen), 0) FROM receipt`, `SELECT COALESCE(SUM(paid_fen), 0) FROM statement`},
		{"income behind the fees against statements", `SELECT COALESCE(SUM(amount_fen), 0) FROM statement`, `SELECT COALESCE(SUM(income_fen), 0) FROM fee_due`},
		{"remittances against fees received", `SELECT COALESCE(SUM(fee_fen), 0) FROM fee_due WHERE state = 'received'`, received},
		{"posted receivables", `SELECT COALESCE(SUM(amount_fen), 0) FROM statement`, posted("statement", ledger.Receivable)},
		{"posted income", `SELECT COALESCE(SUM(amount_fen), 0) FROM statement`, posted("statement", ledger.Income)},
		{"posted payments", `SELECT COALESCE(SUM(fen), 0) FROM receipt`, posted("receipt", ledger.Bank)},
		{"posted fees", `SELECT COALESCE(SUM(fee_fen), 0) FROM fee_due`, posted("fee", ledger.Treasury)},
		{"posted fee expense", `SELECT COALESCE(SUM(fee_fen), 0) FROM fee_due`, posted("fee", ledger.FeeExpense)},
		{"posted remittances", `SELECT 0 - COALESCE(SUM(fen), 0) FROM remittance WHERE state = 'received'`, posted("remittance", ledger.Treasury)},
	} {
		want, err := sum(c.want)
		if err != nil {
			return err
		}
		have, err := sum(c.have)
		if err != nil {
			return err
		}
		if want != have {
			return &Fault{c.what, want, have}
		}
	}
	if err := statementsHold(r); err != nil {
		return err
	}
	return ledger.Check(r)
}

// statementsHold compares each statement with its lines, and each fee with its rate.
func statementsHold(r *store.ReadTx) error {
	var list []Statement
	if err := r.Select(&list, `SELECT `+statementColumns+` FROM statement ORDER BY id`); err != nil {
		return err
	}
	for _, s := range list {
		lines, err := s.ReadLines()
		if err != nil {
			return err
		}
		var total money.Fen
		for _, l := range lines {
			if l.Amount != l.Price*money.Fen(l.Calls) {
				return &Fault{"a line of " + s.ID, l.Price * money.Fen(l.Calls), l.Amount}
			}
			total += l.Amount
		}
		if total != s.AmountFen {
			return &Fault{"statement " + s.ID, total, s.AmountFen}
		}
	}
	var fees []Fee
	if err := r.Select(&fees, `SELECT `+feeColumns+` FROM fee_due ORDER BY id`); err != nil {
		return err
	}
	for _, f := range fees {
		want, err := money.Mul(f.BaseFen, money.BasisPoints(f.RateBp).Decimal(), money.HalfUp)
		if err != nil {
			return err
		}
		if want != f.FeeFen {
			return &Fault{"fee " + f.ID, want, f.FeeFen}
		}
	}
	return nil
}
