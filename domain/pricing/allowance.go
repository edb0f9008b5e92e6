package pricing

import (
	"encoding/json"
	"errors"
	"fmt"

	"pado/core/audit"
	"pado/core/canon"
	"pado/core/id"
	"pado/core/money"
	"pado/core/procedure"
	"pado/core/store"
	"pado/plan"
)

// Heads are the heads of cost (10.2.1).
var Heads = []procedure.Option{{Value: "processing", Label: "数据加工"}, {Value: "building", Label: "系统建设"}, {Value: "security", Label: "安全运维"},
	{Value: "labour", Label: "人力"}, {Value: "management", Label: "管理"}}

// Cost is one head with its three figures: declared by the operator, verified, determined. Only
// what serves industry counts; the cost of products of public benefit stays out.
type Cost struct {
	Head                           string
	Declared, Verified, Determined money.Fen
	Reason                         string
}

// Bases the allowed profit can be computed on (parameter price.profit_base).
const (
	BaseCost   = "operating_cost"
	BaseAssets = "net_assets"
)

// Treatments of income above what was allowed; the agreement chooses (10.3.1).
const (
	Deduct = "deduct_next_period"
	Pooled = "pooled"
	Shared = "shared"
)

// Facts are what maximum allowed income is computed from (10.3.1). Rates are in basis points.
type Facts struct {
	Costs     []Cost
	Subsidy   money.Fen
	Yield     money.BasisPoints // of ten-year government bonds
	Spread    money.BasisPoints // points above it
	Industry  money.BasisPoints // average profit rate of the industry, for comparison only
	Base      string
	Assets    money.Fen // net assets in use, when they are the base
	Tax       money.Fen
	Treatment string
	Excess    money.Fen // of the year before, over what was allowed
}

// Step is one line of the bridge: what it is, how it follows, what it comes to.
type Step struct {
	Label   string    `json:"label"`
	Formula string    `json:"formula"`
	Amount  money.Fen `json:"amount"`
	Clause  string    `json:"clause"`
}

// Result is the bridge with its ends.
type Result struct {
	Cost, Profit, Tax, Deduction, Allowed money.Fen
	Steps                                 []Step
}

// Compute goes from the facts to the maximum allowed income, line by line: Σ determined costs −
// subsidy, plus profit at yield + spread on the declared base (rounded half up to the fen), plus
// tax, less the excess of the year before where that is to be deducted, and never below zero.
// *procedure.Refused when the facts contradict each other. The same facts give the same lines.
func Compute(f Facts) (Result, error) {
	var r Result
	add := func(label, formula string, amount money.Fen, clause string) {
		r.Steps = append(r.Steps, Step{label, formula, amount, clause})
	}
	var sum money.Fen
	seen := map[string]bool{}
	for _, c := range f.Costs {
		if seen[c.Head] {
			return r, procedure.Refuse("allowance.head", plan.C("10.2.1"), "“%s”列了两次，请合并为一行", Label(Heads, c.Head))
		}
		seen[c.Head] = true
		if c.Determined > c.Verified || c.Verified > c.Declared {
			return r, procedure.Refuse("allowance.figures", plan.C("10.2.3"), "“%s”的核定数不能大于核查数，核查数不能大于申报数", Label(Heads, c.Head))
		}
		if c.Determined != c.Declared && c.Reason == "" {
			return r, procedure.Refuse("allowance.reason", plan.C("10.2.2"), "“%s”的核定数与申报数不同，请写明核减的理由", Label(Heads, c.Head))
		}
		var err error
		if sum, err = sum.Add(c.Determined); err != nil {
			return r, err
		}
		add("成本："+Label(Heads, c.Head), "核定数", c.Determined, "10.2.1")
	}
	if sum < f.Subsidy {
		return r, procedure.Refuse("allowance.subsidy", plan.C("10.3.1"), "政府补助大于核定成本，请核对")
	}
	add("减：政府补助", "已由补助承担的支出不计入", -f.Subsidy, "10.2.2")
	r.Cost = sum - f.Subsidy
	add("经营成本", "各项核定成本之和 − 政府补助", r.Cost, "10.3.1")
	base, name := r.Cost, "经营成本"
	if f.Base == BaseAssets {
		base, name = f.Assets, "有效资产净值"
	}
	rate := f.Yield + f.Spread
	var err error
	if r.Profit, err = money.Mul(base, rate.Decimal(), money.HalfUp); err != nil {
		return r, err
	}
	add("准许利润", fmt.Sprintf("%s %s × （十年期国债收益率 %s ＋ %s）", name, base, f.Yield, f.Spread), r.Profit, "10.3.1")
	r.Tax = f.Tax
	add("税金", "依税法", r.Tax, "10.3.1")
	total, err := money.Sum(r.Cost, r.Profit, r.Tax)
	if err != nil {
		return r, err
	}
	add("最高准许收入（扣减前）", "经营成本 ＋ 准许利润 ＋ 税金", total, "10.3.1")
	if f.Treatment == Deduct {
		r.Deduction = min(f.Excess, total)
		add("减：上期超收扣减", "上期实际收入超出上期最高准许收入的部分", -r.Deduction, "10.3.1")
	}
	r.Allowed = total - r.Deduction
	add("最高准许收入", "", r.Allowed, "10.3.1")
	return r, nil
}

// Allowance is maximum allowed income on record.
type Allowance struct {
	ID, Agreement, OperatorOrg                           string
	Year, Version                                        int
	CostFen, ProfitFen, TaxFen, DeductionFen, AllowedFen money.Fen
	YieldBp, SpreadBp, IndustryBp                        int
	Bridge, Digest, DocNo, State, CaseNo                 string
	Decided                                              store.Time
}

const allowanceColumns = `id, agreement, operator_org, year, version, cost_fen, profit_fen, tax_fen, deduction_fen, allowed_fen, yield_bp, spread_bp, industry_bp,
	bridge, digest, doc_no, state, case_no, decided`

// AllowanceOf is the maximum allowed income of an agreement in force for a year;
// store.ErrNotFound when none was determined.
func AllowanceOf(r *store.ReadTx, agreement string, year int) (Allowance, error) {
	var a Allowance
	return a, r.Get(&a, `SELECT `+allowanceColumns+` FROM allowed_revenue WHERE agreement = $1 AND year = $2 AND state = 'in_force'`, agreement, year)
}

// Excess is by how much the income of a year went over what was allowed, with both; zero when
// nothing was determined for the year. A shortfall is not carried forward.
func Excess(r *store.ReadTx, agreement string, year int) (excess, income, allowed money.Fen, err error) {
	if err := r.Get(&income, `SELECT COALESCE(SUM(income_fen), 0) FROM fee_due WHERE agreement = $1 AND month LIKE $2`, agreement, fmt.Sprintf("%04d-%%", year)); err != nil {
		return 0, 0, 0, err
	}
	a, err := AllowanceOf(r, agreement, year)
	if errors.Is(err, store.ErrNotFound) {
		return 0, income, 0, nil
	}
	return max(0, income-a.AllowedFen), income, a.AllowedFen, err
}

// Determine puts maximum allowed income into force after the government has approved it (10.3.1)
// and supersedes the one before for the same year.
func Determine(w *store.Tx, agreement, operator string, year int, f Facts, docNo, caseNo, by string) (Allowance, error) {
	res, err := Compute(f)
	if err != nil {
		return Allowance{}, err
	}
	bridge, err := json.Marshal(res.Steps)
	if err != nil {
		return Allowance{}, err
	}
	a := Allowance{Agreement: agreement, OperatorOrg: operator, Year: year, CostFen: res.Cost, ProfitFen: res.Profit, TaxFen: res.Tax, DeductionFen: res.Deduction,
		AllowedFen: res.Allowed, YieldBp: int(f.Yield), SpreadBp: int(f.Spread), IndustryBp: int(f.Industry), Bridge: string(bridge), DocNo: docNo, State: "in_force",
		CaseNo: caseNo, Decided: store.At(w.Now())}
	if a.ID, err = id.New(w.Rand(), "ar"); err != nil {
		return a, err
	}
	body, err := canon.Marshal(map[string]any{"agreement": agreement, "year": fmt.Sprint(year), "allowed": a.AllowedFen.Yuan(), "bridge": a.Bridge})
	if err != nil {
		return a, err
	}
	a.Digest = canon.Digest(body)
	if err := w.Get(&a.Version, `SELECT COALESCE(MAX(version), 0) + 1 FROM allowed_revenue WHERE agreement = $1 AND year = $2`, agreement, year); err != nil {
		return a, err
	}
	if _, err := w.Exec(`UPDATE allowed_revenue SET state = 'superseded' WHERE agreement = $1 AND year = $2 AND state = 'in_force'`, agreement, year); err != nil {
		return a, err
	}
	if _, err := w.Exec(`INSERT INTO allowed_revenue (`+allowanceColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19)`,
		a.ID, a.Agreement, a.OperatorOrg, a.Year, a.Version, a.CostFen, a.ProfitFen, a.TaxFen, a.DeductionFen, a.AllowedFen, a.YieldBp, a.SpreadBp, a.IndustryBp,
		a.Bridge, a.Digest, a.DocNo, a.State, a.CaseNo, a.Decided); err != nil {
		return a, err
	}
	w.Record(audit.Entry{Type: "pricing.allowance", Actor: by, Object: a.ID, Version: int64(a.Version), Action: "determine", To: "in_force", Clause: "10.3.1", Result: audit.Done,
		Detail: map[string]string{"case": caseNo, "agreement": agreement, "year": fmt.Sprint(year), "allowed_fen": fmt.Sprint(int64(a.AllowedFen)), "digest": a.Digest}})
	return a, nil
}

// Ceiling is the highest price for a form of product under an agreement (10.3.1b).
type Ceiling struct {
	ID, Agreement, Form, Unit  string
	MaxFen                     money.Fen
	Expected                   int64 // units a year expected of the whole form
	DocNo, State, CaseNo       string
	EffectiveFrom, EffectiveTo store.Time
}

const ceilingColumns = `id, agreement, form, unit, max_fen, expected, doc_no, state, case_no, effective_from, effective_to`

// CeilingOf is the ceiling in force; store.ErrNotFound when none was set.
func CeilingOf(r *store.ReadTx, agreement, form, unit string) (Ceiling, error) {
	var c Ceiling
	return c, r.Get(&c, `SELECT `+ceilingColumns+` FROM ceiling WHERE agreement = $1 AND form = $2 AND unit = $3 AND state = 'in_force'`, agreement, form, unit)
}

// Ceilings lists those of an agreement in force.
func Ceilings(r *store.ReadTx, agreement string) ([]Ceiling, error) {
	var out []Ceiling
	return out, r.Select(&out, `SELECT `+ceilingColumns+` FROM ceiling WHERE agreement = $1 AND state = 'in_force' ORDER BY form, unit`, agreement)
}

// SetCeilings puts ceilings into force at this instant and ends those they replace.
func SetCeilings(w *store.Tx, agreement, docNo, caseNo, by string, list []Ceiling) error {
	now := store.At(w.Now())
	for _, c := range list {
		no, err := id.New(w.Rand(), "ce")
		if err != nil {
			return err
		}
		if _, err := w.Exec(`UPDATE ceiling SET state = 'superseded', effective_to = $1 WHERE agreement = $2 AND form = $3 AND unit = $4 AND state = 'in_force'`, now, agreement, c.Form, c.Unit); err != nil {
			return err
		}
		if _, err := w.Exec(`INSERT INTO ceiling (id, agreement, form, unit, max_fen, expected, doc_no, state, effective_from, case_no) VALUES ($1,$2,$3,$4,$5,$6,$7,'in_force',$8,$9)`,
			no, agreement, c.Form, c.Unit, c.MaxFen, c.Expected, docNo, now, caseNo); err != nil {
			return err
		}
		w.Record(audit.Entry{Type: "pricing.ceiling", Actor: by, Object: no, Action: "set", To: "in_force", Clause: "10.3.1b", Result: audit.Done,
			Detail: map[string]string{"case": caseNo, "agreement": agreement, "form": c.Form, "unit": c.Unit, "max_fen": fmt.Sprint(int64(c.MaxFen))}})
	}
	return nil
}

// Above lists the prices in force that are above the ceiling of their product's form: what a
// lowered ceiling leaves to be filed anew.
func Above(r *store.ReadTx, agreement string) ([]Tariff, error) {
	var out []Tariff
	return out, r.Select(&out, `SELECT `+prefixed+` FROM tariff t JOIN product p ON p.id = t.product JOIN ceiling c ON c.agreement = p.agreement AND c.form = p.form AND c.unit = t.unit
		WHERE p.agreement = $1 AND c.state = 'in_force' AND t.state = 'effective' AND t.price_fen > c.max_fen AND (t.effective_to IS NULL OR t.effective_to > $2) ORDER BY t.product, t.customer_class`,
		agreement, store.At(r.Now()))
}

const prefixed = `t.id, t.product, t.customer_class, t.unit, t.filing_no, t.state, t.case_no, t.version, t.price_fen, t.expected, t.trial, t.publicised, t.effective_from, t.effective_to`

// Projected is the income of a full year from the prices of an agreement's other products, at what
// their operator expects.
func Projected(r *store.ReadTx, agreement, except string) (money.Fen, error) {
	var f money.Fen
	return f, r.Get(&f, `SELECT COALESCE(SUM(t.price_fen * t.expected), 0) FROM tariff t JOIN product p ON p.id = t.product
		WHERE p.agreement = $1 AND t.product <> $2 AND t.state IN ('publicity', 'effective') AND p.state <> 'retired'
		AND (t.effective_to IS NULL OR t.effective_to > $3) AND NOT EXISTS (SELECT 1 FROM tariff n WHERE n.product = t.product
		AND n.customer_class = t.customer_class AND n.state = 'publicity' AND n.version > t.version)`, agreement, except, store.At(r.Now()))
}
