// Package ledger keeps the separate accounts of the authorised operation (clause 6.2.5): double
// entry in integer fen. Every transaction sums to zero or does not exist. See README.md.
package ledger

import (
	"fmt"
	"sort"

	"pado/core/calendar"
	"pado/core/money"
	"pado/core/procedure"
	"pado/core/store"
	"pado/plan"
)

// Side says on which side an account grows.
type Side string

// The sides.
const (
	Debit  Side = "debit"  // 借方: assets and costs
	Credit Side = "credit" // 贷方: liabilities and income
)

// Account is one account (科目) of the chart. Postings name a party within it.
type Account struct {
	ID    string
	Title string
	Side  Side
	Plan  plan.Clause
	Floor bool // the balance on its own side may never fall below zero
}

// The chart of accounts.
var (
	Receivable   = Account{"receivable", "应收服务费", Debit, plan.C("6.2.5"), true}
	Bank         = Account{"bank", "专户存款", Debit, plan.C("6.2.5"), true}
	Income       = Account{"income", "公共数据运营服务费收入", Credit, plan.C("6.2.5"), false}
	FeeExpense   = Account{"fee_expense", "公共数据资源使用费支出", Debit, plan.C("10.4.1"), false}
	Treasury     = Account{"treasury_due", "应缴国库（政府收益）", Credit, plan.C("10.4.1"), true}
	Shares       = Account{"share_due", "应付收益分成", Credit, plan.C("10.4.1"), true}
	ShareExpense = Account{"share_expense", "收益分成支出", Debit, plan.C("10.4.1"), false}
	Cost         = Account{"cost", "运营成本", Debit, plan.C("10.2.1"), false}
	Payable      = Account{"payable", "应付账款", Credit, plan.C("10.2.1"), false}
)

// Chart lists every account.
var Chart = []Account{Receivable, Bank, Income, FeeExpense, Treasury, Shares, ShareExpense, Cost, Payable}

var chart = func() map[string]Account {
	m := map[string]Account{}
	for _, a := range Chart {
		m[a.ID] = a
		plan.Mark(a.Plan, "effect", "ledger/"+a.ID)
	}
	return m
}()

// Posting (分录) moves Amount into an account for a party: positive = debit, negative = credit.
type Posting struct {
	Account Account
	Party   string // organisation id; empty where the account has no parties
	Amount  money.Fen
}

// Dr and Cr write postings the way accountants do.
func Dr(a Account, party string, f money.Fen) Posting { return Posting{a, party, f} }

// Cr is a posting on the credit side.
func Cr(a Account, party string, f money.Fen) Posting { return Posting{a, party, -f} }

// Transaction is one voucher (凭证). Key names the business event, so that it is posted once.
type Transaction struct {
	Key      string
	Period   string // the month it belongs to, 2026-04
	Purpose  string // Chinese
	Clause   plan.Clause
	CaseNo   string
	Person   string
	Reverses string // key of the transaction this one undoes
	Postings []Posting
}

// Refusals of Post.
var (
	errUnbalanced = procedure.Refuse("ledger.unbalanced", plan.C("6.2.5"), "借贷不平，凭证未入账")
	errEmpty      = procedure.Refuse("ledger.empty", plan.C("6.2.5"), "凭证没有金额，未入账")
)

// Post writes a transaction. It reports false, and writes nothing, when its key was posted
// before: a repeated close or a retried act posts once. *procedure.Refused when the postings do
// not sum to zero or an account with a floor would fall below zero; then the caller's whole
// transaction rolls back.
func Post(w *store.Tx, t Transaction) (bool, error) {
	var sum money.Fen
	moved := false
	for _, p := range t.Postings {
		moved = moved || p.Amount != 0
		if _, ok := chart[p.Account.ID]; !ok {
			return false, fmt.Errorf("account %q is not in the chart", p.Account.ID)
		}
		var err error
		if sum, err = sum.Add(p.Amount); err != nil {
			return false, err
		}
	}
	if sum != 0 {
		return false, errUnbalanced
	}
	if !moved {
		return false, errEmpty
	}
	var reverses any
	if t.Reverses != "" {
		reverses = t.Reverses
	}
	if t.Period == "" {
		t.Period = calendar.DateOf(w.Now()).String()[:7]
	}
	n, err := w.Exec(`INSERT INTO ledger_tx (key, at, period, purpose, clause, case_no, person, reverses) VALUES ($1,$2,$3,$4,$5,$6,$7,$8)
		ON CONFLICT (key) DO NOTHING`, t.Key, store.At(w.Now()), t.Period, t.Purpose, t.Clause.ID, t.CaseNo, t.Person, reverses)
	if err != nil || n == 0 {
		return false, err
	}
	i := 0
	for _, p := range t.Postings {
		if p.Amount == 0 {
			continue
		}
		i++
		if _, err := w.Exec(`INSERT INTO ledger_posting (tx, n, account, party, fen) VALUES ($1,$2,$3,$4,$5)`,
			t.Key, i, p.Account.ID, p.Party, p.Amount); err != nil {
			return false, err
		}
	}
	w.Record(entry(t, w.Now()))
	return true, balances(w, t.Postings)
}

// balances moves the cached balances in a fixed order, so that two transactions never wait for
// each other in a circle, and checks the floors while the rows are locked.
func balances(w *store.Tx, postings []Posting) error {
	type key struct{ account, party string }
	moved := map[key]money.Fen{}
	for _, p := range postings {
		moved[key{p.Account.ID, p.Party}] += p.Amount
	}
	keys := make([]key, 0, len(moved))
	for k := range moved {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool {
		return keys[i].account < keys[j].account || keys[i].account == keys[j].account && keys[i].party < keys[j].party
	})
	for _, k := range keys {
		var now money.Fen
		if err := w.Get(&now, `INSERT INTO ledger_balance (account, party, fen) VALUES ($1,$2,$3)
			ON CONFLICT (account, party) DO UPDATE SET fen = ledger_balance.fen + excluded.fen RETURNING fen`,
			k.account, k.party, moved[k]); err != nil {
			return err
		}
		a := chart[k.account]
		if a.Side == Credit {
			now = -now
		}
		if a.Floor && now < 0 {
			return procedure.Refuse("ledger.floor", a.Plan, "“%s”余额不足，凭证未入账", a.Title)
		}
	}
	return nil
}

// Reverse undoes a posted transaction by its mirror image. A transaction is reversed at most
// once, by constraint; a reversal can itself be reversed.
func Reverse(w *store.Tx, key, newKey, purpose string, clause plan.Clause, person string) error {
	var rows []struct {
		Account, Party string
		Fen            money.Fen
	}
	if err := w.Select(&rows, `SELECT account, party, fen FROM ledger_posting WHERE tx = $1 ORDER BY n`, key); err != nil {
		return err
	}
	if len(rows) == 0 {
		return store.ErrNotFound
	}
	t := Transaction{Key: newKey, Purpose: purpose, Clause: clause, Person: person, Reverses: key}
	for _, r := range rows {
		t.Postings = append(t.Postings, Posting{chart[r.Account], r.Party, -r.Fen})
	}
	_, err := Post(w, t)
	return err
}

// Balance is what an account holds for a party on its own side, in fen.
func Balance(r *store.ReadTx, a Account, party string) (money.Fen, error) {
	var f money.Fen
	err := r.Get(&f, `SELECT COALESCE(SUM(fen), 0) FROM ledger_balance WHERE account = $1 AND party = $2`, a.ID, party)
	if a.Side == Credit {
		f = -f
	}
	return f, err
}

// Line is one line of the trial balance (试算平衡).
type Line struct {
	Account, Title string
	Debit, Credit  money.Fen
}

// Trial sums every account from the postings themselves.
func Trial(r *store.ReadTx) ([]Line, error) {
	var rows []struct {
		Account string
		Dr, Cr  int64
	}
	if err := r.Select(&rows, `SELECT account, CAST(SUM(CASE WHEN fen > 0 THEN fen ELSE 0 END) AS BIGINT) AS dr,
		CAST(SUM(CASE WHEN fen < 0 THEN -fen ELSE 0 END) AS BIGINT) AS cr FROM ledger_posting GROUP BY account ORDER BY account`); err != nil {
		return nil, err
	}
	out := make([]Line, len(rows))
	for i, x := range rows {
		out[i] = Line{x.Account, chart[x.Account].Title, money.Fen(x.Dr), money.Fen(x.Cr)}
	}
	return out, nil
}

// Fault is what Check found.
type Fault struct{ Key, What string }

func (f *Fault) Error() string { return "ledger " + f.Key + ": " + f.What }

// Check proves the ledger: every transaction sums to zero, so does the whole, every cached
// balance equals its postings, and no floor is broken. The first fault is returned.
func Check(r *store.ReadTx) error {
	var bad []string
	if err := r.Select(&bad, `SELECT tx FROM ledger_posting GROUP BY tx HAVING SUM(fen) <> 0 ORDER BY tx LIMIT 1`); err != nil {
		return err
	}
	if len(bad) > 0 {
		return &Fault{bad[0], "does not sum to zero"}
	}
	if err := r.Select(&bad, `SELECT key FROM ledger_tx WHERE key NOT IN (SELECT tx FROM ledger_posting) ORDER BY key LIMIT 1`); err != nil {
		return err
	}
	if len(bad) > 0 {
		return &Fault{bad[0], "has no postings"}
	}
	if err := r.Select(&bad, `SELECT b.account || '/' || b.party FROM ledger_balance b LEFT JOIN (SELECT account, party, SUM(fen) AS fen
		FROM ledger_posting GROUP BY account, party) p ON p.account = b.account AND p.party = b.party
		WHERE b.fen <> COALESCE(p.fen, 0) ORDER BY 1 LIMIT 1`); err != nil {
		return err
	}
	if len(bad) > 0 {
		return &Fault{bad[0], "the cached balance differs from the postings"}
	}
	var held []struct {
		Account, Party string
		Fen            money.Fen
	}
	if err := r.Select(&held, `SELECT account, party, fen FROM ledger_balance ORDER BY account, party`); err != nil {
		return err
	}
	for _, h := range held {
		a := chart[h.Account]
		if a.Floor && (a.Side == Debit && h.Fen < 0 || a.Side == Credit && h.Fen > 0) {
			return &Fault{h.Account + "/" + h.Party, "is below its floor"}
		}
	}
	return nil
}
