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

// Classes of customers a price is filed for. Public belongs to the product, not to who buys: it
// was fixed when the scenario was justified.
const (
	General   = "general"
	SmallFirm = "small_firm"
	Public    = "public"
)

// Classes with their Chinese names.
var Classes = []procedure.Option{{Value: General, Label: "一般使用方"}, {Value: SmallFirm, Label: "小微企业"}, {Value: Public, Label: "公共治理、公益事业"}}

// Units with their Chinese names, as far as the gateway measures them and settlement can charge.
var Units = []procedure.Option{{Value: "call", Label: "数据调用量（次）"}}

// States of a price.
const (
	Publicity = "publicity"
	Effective = "effective"
	Ended     = "ended"
	Withdrawn = "withdrawn"
)

// Label is the Chinese name of a class or unit.
func Label(list []procedure.Option, v string) string { return procedure.LabelOf(list, v) }

// ClassOf is the class an order falls into: the product's benefit decides first, then whether
// the customer is a small firm.
func ClassOf(benefit string, small bool) string {
	switch {
	case benefit == "public":
		return Public
	case small:
		return SmallFirm
	}
	return General
}

// Line is one price of a tariff, in fen per unit, for a class of customers.
type Line struct {
	Class    string
	Unit     string
	Price    money.Fen
	Expected int64 // units in a full year, as the operator expects; for the check against the allowed income
}

// Tariff is one price on record. It is in force from EffectiveFrom up to, not including,
// EffectiveTo; a zero EffectiveTo has no end yet.
type Tariff struct {
	ID, Product, CustomerClass, Unit, FilingNo, State, CaseNo string
	Version                                                   int
	PriceFen                                                  money.Fen
	Expected                                                  int64
	Trial                                                     bool
	Publicised, EffectiveFrom, EffectiveTo                    store.Time
}

const columns = `id, product, customer_class, unit, filing_no, state, case_no, version, price_fen, expected, trial, publicised, effective_from, effective_to`

// Propose records a filed tariff for its publicity (10.3.2); nothing can be charged by it yet.
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
		if _, err := w.Exec(`INSERT INTO tariff (id, product, version, customer_class, unit, price_fen, expected, trial, filing_no, state, publicised, case_no)
			VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,'publicity',$10,$11)`, no, product, v, l.Class, l.Unit, l.Price, l.Expected, trial, filingNo, store.At(w.Now()), caseNo); err != nil {
			return err
		}
	}
	return nil
}

// Take puts the tariff of a case into force at this instant and ends the one before it at the
// same instant, so that no call is without a price and none has two. A trial tariff ends by
// itself after trialMonths (10.3.1b).
func Take(w *store.Tx, caseNo string, trialMonths int) error {
	var list []Tariff
	if err := w.Select(&list, `SELECT `+columns+` FROM tariff WHERE case_no = $1 AND state = 'publicity' ORDER BY customer_class`, caseNo); err != nil {
		return err
	}
	now := store.At(w.Now())
	for _, t := range list {
		if _, err := w.Exec(`UPDATE tariff SET state = 'ended', effective_to = CASE WHEN effective_to IS NULL OR effective_to > $1 THEN $1 ELSE effective_to END
			WHERE product = $2 AND customer_class = $3 AND state = 'effective'`, now, t.Product, t.CustomerClass); err != nil {
			return err
		}
		var until store.Time
		if t.Trial {
			until = store.At(TrialEnds(calendar.DateOf(w.Now()), trialMonths).Start())
		}
		if err := w.ExecOne(`UPDATE tariff SET state = 'effective', effective_from = $1, effective_to = $2 WHERE id = $3 AND state = 'publicity'`, now, until, t.ID); err != nil {
			return err
		}
	}
	if len(list) == 0 {
		return store.ErrConflict
	}
	return bump(w)
}

// bump tells the gateway's feed that something it shows has changed.
func bump(w *store.Tx) error {
	return w.ExecOne(`UPDATE feed_version SET version = version + 1 WHERE id = 1`)
}

// TrialEnds is the first day on which a trial tariff that begins on a day is no longer in force.
func TrialEnds(from calendar.Date, months int) calendar.Date { return from.AddMonths(months) }

// Drop withdraws what a case proposed and has not taken effect.
func Drop(w *store.Tx, caseNo string) error {
	_, err := w.Exec(`UPDATE tariff SET state = 'withdrawn' WHERE case_no = $1 AND state = 'publicity'`, caseNo)
	return err
}

// InForce is the price of a product for a class of customers at an instant; *procedure.Refused
// when none has been filed, publicised and taken effect.
func InForce(r *store.ReadTx, product, class string, at store.Time) (Tariff, error) {
	var t Tariff
	err := r.Get(&t, `SELECT `+columns+` FROM tariff WHERE product = $1 AND customer_class = $2 AND state IN ('effective', 'ended')
		AND effective_from <= $3 AND (effective_to IS NULL OR effective_to > $3)`, product, class, at)
	if errors.Is(err, store.ErrNotFound) {
		return t, procedure.Refuse("tariff.none", plan.C("10.3.2"), "该产品对“%s”没有已备案、公示并生效的收费标准，不能下单或调用", Label(Classes, class))
	}
	return t, err
}

// Current lists the prices of a product that are in force now, by class.
func Current(r *store.ReadTx, product string) ([]Tariff, error) {
	var out []Tariff
	return out, r.Select(&out, `SELECT `+columns+` FROM tariff WHERE product = $1 AND state = 'effective' AND (effective_to IS NULL OR effective_to > $2)
		ORDER BY customer_class`, product, store.At(r.Now()))
}

// Publicised lists the prices of a product that are in their publicity, by class.
func Publicised(r *store.ReadTx, product string) ([]Tariff, error) {
	var out []Tariff
	return out, r.Select(&out, `SELECT `+columns+` FROM tariff WHERE product = $1 AND state = 'publicity' ORDER BY customer_class`, product)
}

// OfCase lists the prices a case brought about.
func OfCase(r *store.ReadTx, caseNo string) ([]Tariff, error) {
	var out []Tariff
	return out, r.Select(&out, `SELECT `+columns+` FROM tariff WHERE case_no = $1 ORDER BY customer_class, version`, caseNo)
}

// Get returns one price; store.ErrNotFound.
func Get(r *store.ReadTx, id string) (Tariff, error) {
	var t Tariff
	return t, r.Get(&t, `SELECT `+columns+` FROM tariff WHERE id = $1`, id)
}

// CheckLines are the rules a list of prices keeps by itself (10.3.2): a product of public benefit
// has the one price of nothing; any other has a price for everybody and a lower one for small
// firms, and no public one, which would be self-declared.
func CheckLines(benefit string, lines []Line) error {
	price := map[string]money.Fen{}
	for _, l := range lines {
		if _, twice := price[l.Class]; twice {
			return procedure.Refuse("tariff.twice", plan.C("10.3.2"), "“%s”有两个价格，请只保留一个", Label(Classes, l.Class))
		}
		price[l.Class] = l.Price
	}
	g, general := price[General]
	s, small := price[SmallFirm]
	f, free := price[Public]
	if benefit == "public" {
		if general || small || !free || f != 0 {
			return procedure.Refuse("tariff.public_free", plan.C("10.3.2"), "该产品用于公共治理、公益事业，一律免费：只能列明“公共治理、公益事业”一类，价格为 0.00 元")
		}
		return nil
	}
	switch {
	case free:
		return procedure.Refuse("tariff.public_class", plan.C("10.3.2"), "该产品的场景论证为产业、行业发展用途，不能自行列为公共治理、公益事业")
	case !general || !small:
		return procedure.Refuse("tariff.small_firm", plan.C("10.3.2"), "请同时列明对一般使用方的价格和对小微企业的优惠价格")
	case s > g || g > 0 && s == g:
		return procedure.Refuse("tariff.small_firm", plan.C("10.3.2"), "对小微企业应给予优惠：其价格须低于一般使用方")
	}
	return nil
}
