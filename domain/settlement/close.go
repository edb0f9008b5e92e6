// Package settlement turns usage into money (clauses 6.2.5, 10.4.1): it closes months, states
// what each customer owes and what each operator owes to the treasury, and takes payments and
// remittances into the ledger. See README.md.
package settlement

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/canon"
	"pado/core/id"
	"pado/core/money"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/ledger"
	"pado/plan"
)

// Settler closes months.
type Settler struct {
	DB         *store.DB
	Parameters func(*store.ReadTx) (*plan.Parameters, error)
	Calendar   func(*store.ReadTx) (*calendar.Table, error)
}

// Line is one line of a statement: the charged calls of an order at one price.
type Line struct {
	Order   string    `json:"order"`
	Product string    `json:"product"`
	Name    string    `json:"name"`
	Code    string    `json:"code"`
	Tariff  string    `json:"tariff"`
	Filing  string    `json:"filing"`
	Class   string    `json:"class"`
	Price   money.Fen `json:"price"`
	Calls   int64     `json:"calls"`
	Late    int64     `json:"late"` // of them made in a month that was closed before they were sealed
	Amount  money.Fen `json:"amount"`
}

// Closed is what a close did.
type Closed struct {
	Month      string
	Statements int
	Amount     money.Fen // of all statements
	Fee        money.Fen // owed to the treasury
	Before     bool      // the month had been closed before; nothing was done
}

// usage is one row of usage_month with its price.
type usage struct {
	OrderID, Tariff, Product, CustomerOrg, Agreement string
	Calls, LateCalls                                 int64
	Name, Code, Benefit, OperatorOrg                 string
	FilingNo, CustomerClass                          string
	PriceFen                                         money.Fen
}

// terms are what settlement reads of an agreement's terms (domain/agreement writes them).
type terms struct {
	Fee struct {
		RateBP         int    `json:"rate_bp"`
		Base           string `json:"base"`
		Period         string `json:"period"`
		DueWorkingDays int    `json:"due_working_days"`
	} `json:"resource_fee"`
}

var (
	clauseIncome = plan.C("6.2.5")
	clauseFee    = plan.C("10.4.1")
)

var errClosed = errors.New("closed before")

// CloseMonth closes a month ("2026-04"): one statement for each customer and agreement with
// usage, the resource usage fee of each agreement, and their postings, in one commit. A second
// call does nothing and says so. The month must be over and no earlier usage may be open.
//
// Amounts are exact: calls times price in fen. The fee is computed once for a month and an
// agreement, on the income its base names, and rounded half up to the fen. Usage sealed after
// the close is in the next month's statement. Crash state: all of it or nothing.
func (s Settler) CloseMonth(ctx context.Context, month, by string) (Closed, error) {
	first, err := calendar.ParseDate(month + "-01")
	if err != nil {
		return Closed{}, procedure.Refuse("settlement.month", clauseIncome, "月份应为 2026-04 的形式")
	}
	out := Closed{Month: month}
	_, err = s.DB.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		if err := w.Lock("books", "id", 1); err != nil {
			return audit.Entry{}, err
		}
		var through string
		if err := w.Get(&through, `SELECT closed_through FROM books WHERE id = 1`); err != nil {
			return audit.Entry{}, err
		}
		if month <= through {
			return audit.Entry{}, errClosed
		}
		if w.Now().Before(first.AddMonths(1).Start()) {
			return audit.Entry{}, procedure.Refuse("settlement.open", clauseIncome, "该月尚未结束，不能结账")
		}
		open, err := w.Exists(`SELECT 1 FROM usage_month WHERE month > $1 AND month < $2`, through, month)
		if err != nil {
			return audit.Entry{}, err
		}
		if open {
			return audit.Entry{}, procedure.Refuse("settlement.order", clauseIncome, "更早的月份还有用量未结账，请按月份先后结账")
		}
		list, err := used(&w.ReadTx, month)
		if err != nil {
			return audit.Entry{}, err
		}
		if err := s.close(w, first, list, by, &out); err != nil {
			return audit.Entry{}, err
		}
		if err := w.ExecOne(`UPDATE books SET closed_through = $1 WHERE id = 1`, month); err != nil {
			return audit.Entry{}, err
		}
		return audit.Entry{Type: "settlement.close", Actor: by, Object: month, Action: "close", Clause: clauseIncome.ID, Result: audit.Done,
			Detail: map[string]string{"statements": fmt.Sprint(out.Statements), "amount_fen": fmt.Sprint(int64(out.Amount)), "fee_fen": fmt.Sprint(int64(out.Fee))}}, nil
	})
	if errors.Is(err, errClosed) {
		return Closed{Month: month, Before: true}, nil
	}
	if err != nil {
		return Closed{}, err
	}
	return out, nil
}

// CloseDue closes every month that is over, has usage and is not closed: for the clock.
func (s Settler) CloseDue(ctx context.Context, by string) ([]Closed, error) {
	var months []string
	err := s.DB.View(ctx, func(r *store.ReadTx) error {
		return r.Select(&months, `SELECT DISTINCT month FROM usage_month WHERE month > (SELECT closed_through FROM books WHERE id = 1) AND month < $1 ORDER BY month`,
			calendar.DateOf(r.Now()).String()[:7])
	})
	var out []Closed
	for _, m := range months {
		if err != nil {
			break
		}
		var c Closed
		if c, err = s.CloseMonth(ctx, m, by); err == nil {
			out = append(out, c)
		}
	}
	if err == nil {
		err = s.resolve(ctx)
	}
	return out, err
}

// Reopen lets the last days of fees not yet remitted that fall on or after a day be found again,
// when a year's working days have changed.
func Reopen(w *store.Tx, from calendar.Date) error {
	_, err := w.Exec(`UPDATE fee_due SET due = '', due_note = '工作日安排已更新，待重新计算' WHERE state = 'due' AND due >= $1`, from.String())
	return err
}

// resolve finds the last days that waited for a year's working days.
func (s Settler) resolve(ctx context.Context) error {
	_, err := s.DB.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		var open []struct{ ID, Month, Terms string }
		if err := w.Select(&open, `SELECT f.id, f.month, a.terms FROM fee_due f JOIN agreement a ON a.id = f.agreement WHERE f.due = '' ORDER BY f.id`); err != nil {
			return audit.Entry{}, err
		}
		var found []string
		for _, f := range open {
			first, err := calendar.ParseDate(f.Month + "-01")
			if err != nil {
				return audit.Entry{}, err
			}
			var t terms
			if err := json.Unmarshal([]byte(f.Terms), &t); err != nil {
				return audit.Entry{}, fmt.Errorf("read the terms behind %s: %w", f.ID, err)
			}
			due, note, err := s.due(&w.ReadTx, first, t)
			if err != nil {
				return audit.Entry{}, err
			}
			if due == "" {
				continue
			}
			if err := w.ExecOne(`UPDATE fee_due SET due = $1, due_note = $2 WHERE id = $3 AND due = ''`, due, note, f.ID); err != nil {
				return audit.Entry{}, err
			}
			found = append(found, f.ID+"="+due)
		}
		if len(found) == 0 {
			return audit.Entry{}, nil
		}
		return audit.Entry{Type: "settlement.due", Actor: "clock", Action: "resolve", Clause: clauseIncome.ID, Result: audit.Done, Detail: map[string]string{"due": strings.Join(found, ",")}}, nil
	})
	if errors.Is(err, store.ErrNoEntry) {
		return nil
	}
	return err
}

// used reads the usage of a month with its prices, in a fixed order.
func used(r *store.ReadTx, month string) ([]usage, error) {
	var list []usage
	if err := r.Select(&list, `SELECT u.order_id, u.tariff, u.product, u.customer_org, u.agreement, u.calls, u.late_calls, p.name, p.code, p.benefit, p.operator_org,
		t.filing_no, t.customer_class, t.price_fen FROM usage_month u JOIN tariff t ON t.id = u.tariff JOIN product p ON p.id = u.product
		WHERE u.month = $1 ORDER BY u.agreement, u.customer_org, u.order_id, t.effective_from, u.tariff`, month); err != nil {
		return nil, err
	}
	var n int
	if err := r.Get(&n, `SELECT COUNT(*) FROM usage_month WHERE month = $1`, month); err != nil {
		return nil, err
	}
	if n != len(list) {
		return nil, fmt.Errorf("close %s: %d of %d lines of usage have no price or product", month, n-len(list), n)
	}
	return list, nil
}

func (s Settler) close(w *store.Tx, first calendar.Date, list []usage, by string, out *Closed) error {
	month := first.String()[:7]
	type party struct{ agreement, customer string }
	lines := map[party][]Line{}
	operators, industry, income := map[string]string{}, map[string]money.Fen{}, map[string]money.Fen{}
	var order []party
	for _, u := range list {
		amount, err := times(u.PriceFen, u.Calls)
		if err != nil {
			return fmt.Errorf("close %s: order %s: %w", month, u.OrderID, err)
		}
		k := party{u.Agreement, u.CustomerOrg}
		if len(lines[k]) == 0 {
			order = append(order, k)
		}
		lines[k] = append(lines[k], Line{Order: u.OrderID, Product: u.Product, Name: u.Name, Code: u.Code, Tariff: u.Tariff, Filing: u.FilingNo, Class: u.CustomerClass,
			Price: u.PriceFen, Calls: u.Calls, Late: u.LateCalls, Amount: amount})
		operators[u.Agreement] = u.OperatorOrg
		if income[u.Agreement], err = income[u.Agreement].Add(amount); err != nil {
			return err
		}
		if u.Benefit == "industry" {
			industry[u.Agreement] += amount
		}
	}
	for _, k := range order {
		amount, err := s.state(w, month, k.agreement, k.customer, operators[k.agreement], lines[k], by)
		if err != nil {
			return err
		}
		out.Statements++
		if out.Amount, err = out.Amount.Add(amount); err != nil {
			return err
		}
	}
	agreements := make([]string, 0, len(income))
	for a := range income {
		agreements = append(agreements, a)
	}
	sort.Strings(agreements)
	for _, a := range agreements {
		fee, err := s.owe(w, first, a, operators[a], income[a], industry[a], by)
		if err != nil {
			return err
		}
		out.Fee += fee
	}
	return nil
}

// times is price · calls, or money.ErrOverflow.
func times(price money.Fen, calls int64) (money.Fen, error) {
	p := int64(price) * calls
	if calls != 0 && (p/calls != int64(price) || p < 0) {
		return 0, money.ErrOverflow
	}
	return money.Fen(p), nil
}

func number(w *store.Tx, prefix string, year int) (string, error) {
	n, err := w.Next(fmt.Sprintf("%s/%d", prefix, year))
	if err != nil {
		return "", err
	}
	return id.CaseNo(prefix, year, n)
}

// state writes one statement and its posting.
func (s Settler) state(w *store.Tx, month, agreement, customer, operator string, lines []Line, by string) (money.Fen, error) {
	var total money.Fen
	for _, l := range lines {
		var err error
		if total, err = total.Add(l.Amount); err != nil {
			return 0, err
		}
	}
	no, err := number(w, "ZD", calendar.DateOf(w.Now()).Y)
	if err != nil {
		return 0, err
	}
	text, err := json.Marshal(lines)
	if err != nil {
		return 0, err
	}
	body, err := canon.Marshal(map[string]any{"id": no, "month": month, "agreement": agreement, "customer": customer, "operator": operator, "amount": total.Yuan(), "lines": string(text)})
	if err != nil {
		return 0, err
	}
	digest := canon.Digest(body)
	if _, err := w.Exec(`INSERT INTO statement (id, month, customer_org, operator_org, agreement, amount_fen, lines, digest, closed_at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)`,
		no, month, customer, operator, agreement, total, string(text), digest, store.At(w.Now())); err != nil {
		return 0, err
	}
	w.Record(audit.Entry{Type: "settlement.statement", Actor: by, Org: operator, Object: no, Action: "state", Clause: clauseIncome.ID, Result: audit.Done,
		Detail: map[string]string{"month": month, "customer": customer, "agreement": agreement, "digest": digest}})
	if total == 0 {
		return 0, nil
	}
	_, err = ledger.Post(w, ledger.Transaction{Key: "statement/" + no, Period: month, Purpose: month + " 公共数据运营服务费", Clause: clauseIncome, CaseNo: no, Person: by,
		Postings: []ledger.Posting{ledger.Dr(ledger.Receivable, customer, total), ledger.Cr(ledger.Income, operator, total)}})
	return total, err
}

// owe writes what the operator owes to the treasury for a month under an agreement.
func (s Settler) owe(w *store.Tx, first calendar.Date, agreement, operator string, income, industry money.Fen, by string) (money.Fen, error) {
	month := first.String()[:7]
	var text string
	if err := w.Get(&text, `SELECT terms FROM agreement WHERE id = $1`, agreement); err != nil {
		return 0, fmt.Errorf("close %s: agreement %s: %w", month, agreement, err)
	}
	var t terms
	if err := json.Unmarshal([]byte(text), &t); err != nil {
		return 0, fmt.Errorf("read the terms of %s: %w", agreement, err)
	}
	base := income
	switch t.Fee.Base {
	case "industry_revenue":
		base = industry
	case "operating_revenue":
	default:
		if t.Fee.RateBP != 0 {
			return 0, procedure.Refuse("settlement.base", clauseFee, "授权运营协议没有约定资源使用费的计费基数，不能结账，请先变更协议")
		}
	}
	fee, err := money.Mul(base, money.BasisPoints(t.Fee.RateBP).Decimal(), money.HalfUp)
	if err != nil {
		return 0, fmt.Errorf("close %s: fee of %s: %w", month, agreement, err)
	}
	due, note, err := s.due(&w.ReadTx, first, t)
	if err != nil {
		return 0, err
	}
	no, err := number(w, "SY", calendar.DateOf(w.Now()).Y)
	if err != nil {
		return 0, err
	}
	state := "due"
	if fee == 0 {
		state = "none"
	}
	if _, err := w.Exec(`INSERT INTO fee_due (id, month, agreement, operator_org, income_fen, base_fen, base, rate_bp, fee_fen, due, due_note, state, closed_at)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13)`, no, month, agreement, operator, income, base, t.Fee.Base, t.Fee.RateBP, fee, due, note, state, store.At(w.Now())); err != nil {
		return 0, err
	}
	w.Record(audit.Entry{Type: "settlement.fee", Actor: by, Org: operator, Object: no, Action: "owe", To: state, Clause: clauseFee.ID, Result: audit.Done,
		Detail: map[string]string{"month": month, "agreement": agreement, "base_fen": fmt.Sprint(int64(base)), "rate_bp": fmt.Sprint(t.Fee.RateBP), "fee_fen": fmt.Sprint(int64(fee)), "due": due}})
	if fee == 0 {
		return 0, nil
	}
	_, err = ledger.Post(w, ledger.Transaction{Key: "fee/" + no, Period: month, Purpose: month + " 公共数据资源使用费", Clause: clauseFee, CaseNo: no, Person: by,
		Postings: []ledger.Posting{ledger.Dr(ledger.FeeExpense, operator, fee), ledger.Cr(ledger.Treasury, operator, fee)}})
	return fee, err
}

// due is the last day on which the fee of a month is remitted in time, by the earlier of the
// parameter and the agreement; "" with a note while a year's working days are not published.
func (s Settler) due(r *store.ReadTx, first calendar.Date, t terms) (date, note string, err error) {
	params, err := s.Parameters(r)
	if err != nil {
		return "", "", err
	}
	v, err := params.At("remittance.due_days", calendar.DateOf(r.Now()).String())
	if err != nil {
		return "", "", err
	}
	days, err := v.Int()
	if err != nil {
		return "", "", err
	}
	if d := int64(t.Fee.DueWorkingDays); d > 0 && d < days {
		days = d
	}
	end := first.AddMonths(1).AddDays(-1)
	if t.Fee.Period == "quarter" {
		end = calendar.Date{Y: first.Y, M: time.Month((int(first.M)-1)/3*3 + 3), D: 1}.AddMonths(1).AddDays(-1)
	}
	table, err := s.Calendar(r)
	if err != nil {
		return "", "", err
	}
	d, err := table.Due(end.Start(), calendar.WorkingDays(days))
	if err != nil {
		return "", "", err
	}
	if d.Unresolved != 0 {
		return "", fmt.Sprintf("%d 年工作日安排待公布", d.Unresolved), nil
	}
	return d.Last().String(), fmt.Sprintf("期末后第 %d 个工作日（%s）", days, v.Version()), nil
}
