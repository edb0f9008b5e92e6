package pricing

import (
	"fmt"

	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
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
		Search: []string{"p.name", "p.code", "t.filing_no"}, Order: "-t.publicised", Item: item}}
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
