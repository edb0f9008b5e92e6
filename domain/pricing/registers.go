package pricing

import (
	"encoding/json"
	"fmt"
	"slices"

	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/domain/party"
	"pado/plan"
)

// Registers are the lists of this noun: 收费标准, open to the public from its publicity on.
func Registers() []*register.Register {
	return []*register.Register{{ID: "tariffs", Title: "收费标准", Group: "价格与结算", Plan: plan.C("10.3.2"), Public: true,
		Columns: []procedure.Column{{Key: "product", Label: "产品", Kind: "text", Primary: true}, {Key: "code", Label: "登记编码", Kind: "code"},
			{Key: "class", Label: "使用方类别", Kind: "tag"}, {Key: "price", Label: "单价（元）", Kind: "money", Align: "end"}, {Key: "unit", Label: "计价单位", Kind: "text"},
			{Key: "kind", Label: "性质", Kind: "tag"}, {Key: "state", Label: "状态", Kind: "tag"}, {Key: "from", Label: "生效时间", Kind: "datetime"},
			{Key: "to", Label: "失效时间", Kind: "datetime"}, {Key: "filing", Label: "备案号", Kind: "code"}},
		Filters: []register.Filter{{Key: "state", Label: "状态", Expr: "t.state", Options: []procedure.Option{{Value: Publicity, Label: "公示中"}, {Value: Effective, Label: "已生效"}}},
			{Key: "class", Label: "使用方类别", Expr: "t.customer_class", Options: Classes}},
		From: "(SELECT * FROM tariff WHERE state IN ('publicity', 'effective')) t JOIN product p ON p.id = t.product", Key: "t.id",
		Cells: map[string]string{"product": "p.name", "code": "p.code", "class": options("t.customer_class", Classes), "price": "t.price_fen", "unit": options("t.unit", Units),
			"kind": "CASE WHEN t.trial THEN '试行' ELSE '正式' END", "state": "CASE t.state WHEN 'publicity' THEN '公示中' ELSE '已生效' END",
			"from": "t.effective_from", "to": "t.effective_to", "filing": "t.filing_no"},
		Search: []string{"p.name", "p.code", "t.filing_no"}, Order: "-t.publicised", Item: item},
		{ID: "ceilings", Title: "上限收费标准", Group: "价格与结算", Plan: plan.C("10.3.1b"), Public: true,
			Columns: []procedure.Column{{Key: "agreement", Label: "授权运营协议", Kind: "text", Primary: true}, {Key: "form", Label: "产品形态", Kind: "tag"}, {Key: "unit", Label: "计价单位", Kind: "text"},
				{Key: "max", Label: "上限（元）", Kind: "money", Align: "end"}, {Key: "doc", Label: "文号", Kind: "code"}, {Key: "from", Label: "执行时间", Kind: "datetime"}},
			From: "(SELECT * FROM ceiling WHERE state = 'in_force') c JOIN agreement a ON a.id = c.agreement", Key: "c.id",
			Cells:  map[string]string{"agreement": "a.title", "form": options("c.form", forms), "unit": options("c.unit", Units), "max": "c.max_fen", "doc": "c.doc_no", "from": "c.effective_from"},
			Search: []string{"a.title", "c.doc_no"}, Order: "-c.effective_from"},
		{ID: "allowances", Title: "最高准许收入", Group: "价格与结算", Plan: plan.C("10.3.1"), Roles: append([]procedure.Role{party.Operator}, watchers...),
			Columns: []procedure.Column{{Key: "year", Label: "年度", Kind: "text"}, {Key: "agreement", Label: "授权运营协议", Kind: "text", Primary: true}, {Key: "operator", Label: "运营机构", Kind: "text"},
				{Key: "cost", Label: "经营成本（元）", Kind: "money", Align: "end"}, {Key: "profit", Label: "准许利润（元）", Kind: "money", Align: "end"}, {Key: "tax", Label: "税金（元）", Kind: "money", Align: "end"},
				{Key: "deduction", Label: "上期扣减（元）", Kind: "money", Align: "end"}, {Key: "allowed", Label: "最高准许收入（元）", Kind: "money", Align: "end"}, {Key: "state", Label: "状态", Kind: "tag"}},
			From: "allowed_revenue r JOIN agreement a ON a.id = r.agreement JOIN org o ON o.id = r.operator_org", Key: "r.id",
			Cells: map[string]string{"year": "r.year", "agreement": "a.title", "operator": "o.name", "cost": "r.cost_fen", "profit": "r.profit_fen", "tax": "r.tax_fen", "deduction": "r.deduction_fen",
				"allowed": "r.allowed_fen", "state": "CASE r.state WHEN 'in_force' THEN '执行中' ELSE '已被取代' END"},
			Search: []string{"a.title", "o.name", "r.doc_no"}, Order: "-r.decided", Item: allowanceItem,
			Visible: func(a procedure.Actor, arg func(any) string) string {
				cond := "1 = 0"
				for _, d := range a.Desks {
					if slices.Contains(watchers, d.Role) {
						return "1 = 1"
					}
					if d.Role == party.Operator {
						cond += " OR r.operator_org = " + arg(d.Org)
					}
				}
				return cond
			}},
	}
}

// watchers see what was determined for every operator.
var watchers = []procedure.Role{party.Pricing, party.Authority, party.Government, party.Treasury, party.Auditor}

var forms = []procedure.Option{{Value: "api", Label: "数据接口"}, {Value: "model", Label: "模型调用"}, {Value: "report", Label: "数据报告"}}

// allowanceItem is the page of one determination: each figure with its formula and clause, and
// what was earned against it so far.
func allowanceItem(r *store.ReadTx, a procedure.Actor, key string) (*register.Item, error) {
	var x Allowance
	if err := r.Get(&x, `SELECT `+allowanceColumns+` FROM allowed_revenue WHERE id = $1`, key); err != nil {
		return nil, err
	}
	seen := false
	for _, d := range a.Desks {
		seen = seen || slices.Contains(watchers, d.Role) || d.Role == party.Operator && d.Org == x.OperatorOrg
	}
	if !seen {
		return nil, store.ErrNotFound
	}
	var steps []Step
	if err := json.Unmarshal([]byte(x.Bridge), &steps); err != nil {
		return nil, fmt.Errorf("read the bridge of %s: %w", key, err)
	}
	bridge := procedure.Section{Kind: "table", Title: "计算过程", Clause: "10.3.1", Columns: []procedure.Column{{Key: "label", Label: "项目", Kind: "text", Primary: true},
		{Key: "formula", Label: "算式", Kind: "text"}, {Key: "amount", Label: "金额（元）", Kind: "text", Align: "end"}, {Key: "clause", Label: "依据", Kind: "code"}}}
	for _, s := range steps {
		bridge.Rows = append(bridge.Rows, map[string]any{"label": s.Label, "formula": s.Formula, "amount": s.Amount.String(), "clause": s.Clause})
	}
	excess, income, allowed, err := Excess(r, x.Agreement, x.Year)
	if err != nil {
		return nil, err
	}
	return &register.Item{Title: fmt.Sprintf("%d 年最高准许收入", x.Year), Subtitle: x.DocNo, Cases: []string{x.CaseNo}, Sections: []procedure.Section{bridge,
		{Kind: "keyvalues", Title: "执行情况", Clause: "10.3.1", Items: []procedure.Item{{Label: "最高准许收入", Value: allowed.String() + " 元"}, {Label: "已结账的收入", Value: income.String() + " 元", Clause: "6.2.5"},
			{Label: "超出", Value: excess.String() + " 元"}, {Label: "内容摘要", Value: x.Digest}}}}}, nil
}

// options writes a CASE that names each value of a column.
func options(column string, list []procedure.Option) string {
	s := "CASE " + column
	for _, o := range list {
		s += " WHEN '" + o.Value + "' THEN '" + o.Label + "'"
	}
	return s + " ELSE " + column + " END"
}

func item(r *store.ReadTx, _ procedure.Actor, key string) (*register.Item, error) {
	t, err := Get(r, key)
	if err != nil {
		return nil, err
	}
	if t.State == Withdrawn {
		return nil, store.ErrNotFound
	}
	var p struct{ Name, Code string }
	if err := r.Get(&p, `SELECT name, code FROM product WHERE id = $1`, t.Product); err != nil {
		return nil, err
	}
	items := []procedure.Item{{Label: "产品", Value: p.Name}, {Label: "登记编码", Value: p.Code},
		{Label: "使用方类别", Value: Label(Classes, t.CustomerClass), Clause: "10.3.2"}, {Label: "单价", Value: t.PriceFen.String() + " 元"},
		{Label: "计价单位", Value: Label(Units, t.Unit)}, {Label: "版本", Value: fmt.Sprint(t.Version)},
		{Label: "备案号", Value: t.FilingNo, Clause: "10.3.2"}, {Label: "公示起始", Value: minute(t.Publicised)}, {Label: "状态", Value: Status(t, store.At(r.Now()))}}
	if t.Trial {
		items = append(items, procedure.Item{Label: "性质", Value: "试行收费标准", Clause: "10.3.1b"})
	}
	if !t.EffectiveFrom.IsZero() {
		items = append(items, procedure.Item{Label: "生效时间", Value: minute(t.EffectiveFrom)})
	}
	if !t.EffectiveTo.IsZero() {
		items = append(items, procedure.Item{Label: "失效时间", Value: minute(t.EffectiveTo)})
	}
	var all []Tariff
	if err := r.Select(&all, `SELECT `+columns+` FROM tariff WHERE product = $1 AND customer_class = $2 AND state <> 'withdrawn' ORDER BY version DESC`, t.Product, t.CustomerClass); err != nil {
		return nil, err
	}
	history := procedure.Section{Kind: "table", Title: "历次价格", Clause: "10.3.2", Columns: []procedure.Column{{Key: "version", Label: "版本", Kind: "int"},
		{Key: "price", Label: "单价（元）", Kind: "text"}, {Key: "from", Label: "生效", Kind: "datetime"}, {Key: "to", Label: "失效", Kind: "datetime"}, {Key: "state", Label: "状态", Kind: "tag"}}}
	for _, x := range all {
		history.Rows = append(history.Rows, map[string]any{"version": x.Version, "price": x.PriceFen.String(), "from": x.EffectiveFrom, "to": x.EffectiveTo, "state": Status(x, store.At(r.Now()))})
	}
	return &register.Item{Title: p.Name + " 收费标准", Subtitle: Label(Classes, t.CustomerClass), Cases: []string{t.CaseNo},
		Sections: []procedure.Section{{Kind: "keyvalues", Title: "收费标准", Clause: "10.3.2", Items: items}, history}}, nil
}

// Status is what a price is at an instant, in Chinese; having run out follows from the clock.
func Status(t Tariff, at store.Time) string {
	switch {
	case t.State == Publicity:
		return "公示中"
	case t.State == Withdrawn:
		return "已撤回"
	case t.State == Ended, !t.EffectiveTo.IsZero() && !t.EffectiveTo.After(at.Time):
		return "已失效"
	}
	return "已生效"
}

func minute(t store.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(calendar.Shanghai).Format("2006-01-02 15:04")
}
