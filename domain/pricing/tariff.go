// Package pricing keeps what may be charged: the operator's fee standards (收费标准) within the
// ceilings, in force only after filing and publicity (clause 10.3.2). See README.md.
package pricing

import (
	"errors"

	"pado/core/calendar"
	"pado/core/id"
	"pado/core/money"
	"pado/core/procedure"
	"pado/core/store"
	"pado/plan"
)

// Classes of customers a price is filed for.
var Classes = []procedure.Option{{Value: "general", Label: "一般使用方"}, {Value: "small_firm", Label: "小微企业"}, {Value: "public", Label: "公共治理、公益事业"}}

// Units a price may be counted in (facts 3.4).
var Units = []procedure.Option{{Value: "call", Label: "数据调用量（次）"}, {Value: "count", Label: "产品数量（份）"}, {Value: "time", Label: "服务时间（月）"}, {Value: "volume", Label: "服务次数（次）"}}

// Label is the Chinese name of a class or unit.
func Label(list []procedure.Option, v string) string {
	for _, o := range list {
		if o.Value == v {
			return o.Label
		}
	}
	return v
}

// Line is one price of a tariff: fen per unit for a class of customers.
type Line struct {
	Class string    `json:"class"`
	Unit  string    `json:"unit"`
	Price money.Fen `json:"price"`
}

// Tariff is one price on record.
type Tariff struct {
	ID, Product, CustomerClass, Unit, FilingNo, State, CaseNo string
	Version                                                   int
	PriceFen                                                  money.Fen
	Trial                                                     bool
	EffectiveFrom, EffectiveTo                                store.Time
}

const columns = `id, product, customer_class, unit, filing_no, state, case_no, version, price_fen, trial, effective_from, effective_to`

// Propose records a filed tariff during its publicity; nothing can be charged by it yet.
func Propose(w *store.Tx, product string, trial bool, filingNo, caseNo string, lines []Line) error {
	for _, l := range lines {
		var v int
		if err := w.Get(&v, `SELECT COALESCE(MAX(version), 0) + 1 FROM tariff WHERE product = $1 AND customer_class = $2`, product, l.Class); err != nil {
			return err
		}
		no, err := id.New(w.Rand(), "tf")
		if err != nil {
			return err
		}
		if _, err := w.Exec(`INSERT INTO tariff (id, product, version, customer_class, unit, price_fen, trial, filing_no, state, case_no)
			VALUES ($1,$2,$3,$4,$5,$6,$7,$8,'publicity',$9)`, no, product, v, l.Class, l.Unit, l.Price, trial, filingNo, caseNo); err != nil {
			return err
		}
	}
	return nil
}

// Take puts the tariff of a case into force from the given instant on and ends the one before
// it at the same instant, so that no call is without a price and none has two.
func Take(w *store.Tx, caseNo string, from store.Time) error {
	var list []Tariff
	if err := w.Select(&list, `SELECT `+columns+` FROM tariff WHERE case_no = $1 AND state = 'publicity' ORDER BY customer_class`, caseNo); err != nil {
		return err
	}
	for _, t := range list {
		if _, err := w.Exec(`UPDATE tariff SET effective_to = $1 WHERE product = $2 AND customer_class = $3 AND state = 'effective' AND effective_to IS NULL`,
			from, t.Product, t.CustomerClass); err != nil {
			return err
		}
		if err := w.ExecOne(`UPDATE tariff SET state = 'effective', effective_from = $1 WHERE id = $2 AND state = 'publicity'`, from, t.ID); err != nil {
			return err
		}
	}
	return nil
}

// Drop withdraws a tariff that is still in publicity.
func Drop(w *store.Tx, caseNo string) error {
	_, err := w.Exec(`UPDATE tariff SET state = 'withdrawn' WHERE case_no = $1 AND state = 'publicity'`, caseNo)
	return err
}

// InForce is the price of a product for a class of customers at an instant; *procedure.Refused
// when none has been filed, publicised and taken effect.
func InForce(r *store.ReadTx, product, class string, at store.Time) (Tariff, error) {
	var t Tariff
	err := r.Get(&t, `SELECT `+columns+` FROM tariff WHERE product = $1 AND customer_class = $2 AND state = 'effective'
		AND effective_from <= $3 AND (effective_to IS NULL OR effective_to > $3)`, product, class, at)
	if errors.Is(err, store.ErrNotFound) {
		return t, procedure.Refuse("tariff.none", plan.C("10.3.2"), "该产品对“%s”没有已备案、公示并生效的收费标准，不能下单或调用", Label(Classes, class))
	}
	return t, err
}

// Get returns one tariff.
func Get(r *store.ReadTx, id string) (Tariff, error) {
	var t Tariff
	return t, r.Get(&t, `SELECT `+columns+` FROM tariff WHERE id = $1`, id)
}

// CheckLines are the rules a list of prices must keep by itself: every class once, the public
// class free (a rule of the state, not a discount), small firms never dearer than others.
func CheckLines(lines []Line) error {
	seen := map[string]money.Fen{}
	for _, l := range lines {
		if _, twice := seen[l.Class]; twice {
			return procedure.Refuse("tariff.twice", plan.C("10.3.2"), "“%s”有两个价格，请只保留一个", Label(Classes, l.Class))
		}
		seen[l.Class] = l.Price
	}
	if f, ok := seen["public"]; ok && f != 0 {
		return procedure.Refuse("tariff.public_free", plan.C("10.3.2"), "用于公共治理、公益事业的一律免费，价格应为 0.00 元")
	}
	g, general := seen["general"]
	s, small := seen["small_firm"]
	if general && !small {
		return procedure.Refuse("tariff.small_firm", plan.C("10.3.2"), "请同时列明对小微企业的优惠价格")
	}
	if general && small && (s > g || g > 0 && s == g) {
		return procedure.Refuse("tariff.small_firm", plan.C("10.3.2"), "对小微企业应给予优惠：其价格须低于一般使用方")
	}
	return nil
}

// Trial periods: the last day a trial tariff may be in force.
func TrialEnds(from calendar.Date, months int) calendar.Date { return from.AddMonths(months) }
