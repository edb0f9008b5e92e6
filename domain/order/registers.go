package order

import (
	"fmt"

	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/domain/party"
	"pado/plan"
)

// Registers are the lists of this noun: 订单, seen by the customer, the product's operator and the
// bodies that watch over equal treatment.
func Registers() []*register.Register {
	return []*register.Register{{ID: "orders", Title: "订单", Group: "价格与结算", Plan: plan.C("1.7b"),
		Roles: []procedure.Role{party.Customer, party.Operator, party.Authority, party.Pricing, party.Auditor},
		Columns: []procedure.Column{{Key: "id", Label: "订单号", Kind: "code"}, {Key: "product", Label: "产品", Kind: "text", Primary: true}, {Key: "customer", Label: "使用方", Kind: "text"},
			{Key: "class", Label: "类别", Kind: "tag"}, {Key: "quota", Label: "每月调用配额", Kind: "int", Align: "end"}, {Key: "from", Label: "起始日", Kind: "date"},
			{Key: "to", Label: "末日", Kind: "date"}, {Key: "state", Label: "状态", Kind: "tag"}},
		Filters: []register.Filter{{Key: "state", Label: "状态", Expr: "x.state", Options: []procedure.Option{{Value: Active, Label: "使用中"}, {Value: Ended, Label: "已终止"}}}},
		From:    "orders x JOIN product p ON p.id = x.product JOIN org o ON o.id = x.customer_org", Key: "x.id",
		Cells: map[string]string{"id": "x.id", "product": "p.name", "customer": "o.name",
			"class": "CASE x.customer_class WHEN 'small_firm' THEN '小微企业' WHEN 'public' THEN '公共治理、公益事业' ELSE '一般使用方' END",
			"quota": "x.quota_month", "from": "x.valid_from", "to": "x.valid_to", "state": "CASE x.state WHEN 'active' THEN '使用中' ELSE '已终止' END"},
		Search: []string{"x.id", "p.name", "o.name"}, Order: "-x.opened",
		Visible: visible("x.customer_org", "p.operator_org"), Item: item}}
}

// visible narrows rows to those of the actor's own organisations, as customer or as operator;
// the bodies that watch see all.
func visible(customer, operator string) func(procedure.Actor, func(any) string) string {
	return func(a procedure.Actor, arg func(any) string) string {
		cond := "1 = 0"
		for _, d := range a.Desks {
			switch d.Role {
			case party.Authority, party.Pricing, party.Auditor, party.Treasury:
				return "1 = 1"
			case party.Customer:
				cond += " OR " + customer + " = " + arg(d.Org)
			case party.Operator:
				cond += " OR " + operator + " = " + arg(d.Org)
			}
		}
		return cond
	}
}

// seen tells whether an actor may read what concerns a customer and an operator: the rule of
// visible, for one record.
func seen(a procedure.Actor, customer, operator string) bool {
	for _, d := range a.Desks {
		switch {
		case d.Role == party.Authority, d.Role == party.Pricing, d.Role == party.Auditor, d.Role == party.Treasury,
			d.Role == party.Customer && d.Org == customer, d.Role == party.Operator && d.Org == operator:
			return true
		}
	}
	return false
}

func item(r *store.ReadTx, a procedure.Actor, key string) (*register.Item, error) {
	o, err := ByID(r, key)
	if err != nil {
		return nil, err
	}
	var x struct{ Product, Code, OperatorOrg, Customer string }
	if err := r.Get(&x, `SELECT p.name AS product, p.code, p.operator_org, o.name AS customer FROM orders x JOIN product p ON p.id = x.product JOIN org o ON o.id = x.customer_org WHERE x.id = $1`, key); err != nil {
		return nil, err
	}
	if !seen(a, o.CustomerOrg, x.OperatorOrg) {
		return nil, store.ErrNotFound
	}
	items := []procedure.Item{{Label: "当前状态", Value: o.Status(calendar.DateOf(r.Now()))}, {Label: "产品", Value: x.Product}, {Label: "登记编码", Value: x.Code},
		{Label: "使用方", Value: x.Customer}, {Label: "用途", Value: o.Purpose}, {Label: "每月调用配额", Value: fmt.Sprintf("%d 次", o.QuotaMonth)},
		{Label: "有效期", Value: o.ValidFrom.Chinese() + "至" + o.ValidTo.Chinese()},
		{Label: "所接受的使用限制条件", Value: fmt.Sprintf("第 %d 版，摘要 %s", o.TermsVersion, o.TermsDigest), Clause: "1.7b"},
		{Label: "接受时间", Value: o.AcceptedAt.In(calendar.Shanghai).Format("2006-01-02 15:04"), Clause: "1.7b"}}
	var keys []struct {
		ID, State              string
		Created, Ends, Revoked store.Time
	}
	if err := r.Select(&keys, `SELECT id, state, created, ends, revoked FROM api_key WHERE order_id = $1 ORDER BY created DESC, id`, key); err != nil {
		return nil, err
	}
	list := procedure.Section{Kind: "table", Title: "接口密钥", Clause: "1.7b", Note: "密钥内容只在签发时显示一次，平台不再显示。", Columns: []procedure.Column{{Key: "id", Label: "密钥编号", Kind: "code"},
		{Key: "created", Label: "签发", Kind: "datetime"}, {Key: "ends", Label: "失效", Kind: "datetime"}, {Key: "state", Label: "状态", Kind: "tag"}}}
	for _, k := range keys {
		ends, state := k.Ends, "有效"
		switch {
		case k.State != "active":
			ends, state = k.Revoked, "已吊销"
		case !k.Ends.IsZero() && !k.Ends.After(r.Now()):
			state = "已被轮换"
		case !k.Ends.IsZero():
			state = "轮换中"
		}
		list.Rows = append(list.Rows, map[string]any{"id": k.ID, "created": k.Created, "ends": ends, "state": state})
	}
	var use []struct {
		Month           string
		Calls, RowCount int64
	}
	if err := r.Select(&use, `SELECT month, CAST(SUM(calls) AS BIGINT) AS calls, CAST(SUM(row_count) AS BIGINT) AS row_count
		FROM usage_month WHERE order_id = $1 GROUP BY month ORDER BY month DESC`, key); err != nil {
		return nil, err
	}
	usage := procedure.Section{Kind: "table", Title: "用量", Clause: "6.2.5", Note: "已封存的计费调用；最近几分钟的尚未计入。", Columns: []procedure.Column{{Key: "month", Label: "月份", Kind: "text"},
		{Key: "calls", Label: "计费调用（次）", Kind: "int"}, {Key: "rows", Label: "返回行数", Kind: "int"}}}
	for _, u := range use {
		usage.Rows = append(usage.Rows, map[string]any{"month": u.Month, "calls": u.Calls, "rows": u.RowCount})
	}
	return &register.Item{Title: x.Product, Subtitle: "订单 " + o.ID, Cases: []string{o.CaseNo},
		Sections: []procedure.Section{{Kind: "keyvalues", Title: "订单", Clause: "1.7b", Items: items}, list, usage}}, nil
}
