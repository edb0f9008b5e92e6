package settlement

import (
	"fmt"

	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/domain/ledger"
	"pado/domain/party"
	"pado/plan"
)

const group = "价格与结算"

// watchers see everything that is settled.
var watchers = []procedure.Role{party.Authority, party.Treasury, party.Pricing, party.Auditor}

// with adds roles to the watchers.
func with(roles ...procedure.Role) []procedure.Role {
	return append(append([]procedure.Role{}, watchers...), roles...)
}

func watches(a procedure.Actor) bool {
	for _, r := range watchers {
		if a.Has(r) {
			return true
		}
	}
	return false
}

// own narrows rows to those of the actor's organisations, by role; the watchers see all.
func own(columns map[procedure.Role]string) func(procedure.Actor, func(any) string) string {
	return func(a procedure.Actor, arg func(any) string) string {
		if watches(a) {
			return "1 = 1"
		}
		cond := "1 = 0"
		for _, d := range a.Desks {
			if c := columns[d.Role]; c != "" {
				cond += " OR " + fmt.Sprintf(c, arg(d.Org))
			}
		}
		return cond
	}
}

// Registers are the lists of this noun: 用量, 对账单, 上缴, 分录.
func Registers() []*register.Register {
	accounts := make([]procedure.Option, len(ledger.Chart))
	for i, a := range ledger.Chart {
		accounts[i] = procedure.Option{Value: a.ID, Label: a.Title}
	}
	return []*register.Register{
		{ID: "usage", Title: "用量", Group: group, Plan: plan.C("10.1.3"), Roles: with(party.Operator, party.Customer),
			Columns: []procedure.Column{{Key: "month", Label: "月份", Kind: "text", Primary: true}, {Key: "order", Label: "订单号", Kind: "code"}, {Key: "product", Label: "产品", Kind: "text"},
				{Key: "customer", Label: "使用方", Kind: "text"}, {Key: "calls", Label: "计费调用（次）", Kind: "int", Align: "end"}, {Key: "rows", Label: "返回行数", Kind: "int", Align: "end"},
				{Key: "late", Label: "其中以前月份", Kind: "int", Align: "end"}, {Key: "price", Label: "单价（元）", Kind: "money", Align: "end"}, {Key: "amount", Label: "金额（元）", Kind: "money", Align: "end"}},
			From: "usage_month u JOIN product p ON p.id = u.product JOIN tariff t ON t.id = u.tariff JOIN org o ON o.id = u.customer_org", Key: "u.month || '/' || u.order_id || '/' || u.tariff",
			Cells: map[string]string{"month": "u.month", "order": "u.order_id", "product": "p.name", "customer": "o.name", "calls": "u.calls", "rows": "u.row_count", "late": "u.late_calls",
				"price": "t.price_fen", "amount": "u.calls * t.price_fen"},
			Search: []string{"u.month", "p.name", "o.name", "u.order_id"}, Order: "-u.month",
			Visible: own(map[procedure.Role]string{party.Customer: "u.customer_org = %s", party.Operator: "p.operator_org = %s"})},
		{ID: "statements", Title: "对账单", Group: group, Plan: plan.C("6.2.5"), Roles: with(party.Operator, party.Customer),
			Columns: []procedure.Column{{Key: "id", Label: "对账单号", Kind: "code"}, {Key: "month", Label: "账期", Kind: "text", Primary: true}, {Key: "customer", Label: "使用方", Kind: "text"},
				{Key: "operator", Label: "运营机构", Kind: "text"}, {Key: "amount", Label: "应付（元）", Kind: "money", Align: "end"}, {Key: "paid", Label: "已付（元）", Kind: "money", Align: "end"},
				{Key: "state", Label: "状态", Kind: "tag"}, {Key: "closed", Label: "出账时间", Kind: "datetime"}},
			From: "statement s JOIN org o ON o.id = s.customer_org JOIN org q ON q.id = s.operator_org", Key: "s.id",
			Cells: map[string]string{"id": "s.id", "month": "s.month", "customer": "o.name", "operator": "q.name", "amount": "s.amount_fen", "paid": "s.paid_fen", "closed": "s.closed_at",
				"state": "CASE WHEN s.paid_fen = s.amount_fen THEN '已结清' WHEN s.paid_fen > 0 THEN '部分已付' ELSE '待付' END"},
			Search: []string{"s.id", "s.month", "o.name"}, Order: "-s.closed_at", Item: statementItem,
			Visible: own(map[procedure.Role]string{party.Customer: "s.customer_org = %s", party.Operator: "s.operator_org = %s"})},
		{ID: "remittances", Title: "资源使用费上缴", Group: group, Plan: plan.C("10.4.1"), Roles: with(party.Operator),
			Columns: []procedure.Column{{Key: "id", Label: "编号", Kind: "code"}, {Key: "month", Label: "所属月份", Kind: "text", Primary: true}, {Key: "operator", Label: "运营机构", Kind: "text"},
				{Key: "base", Label: "计费基数（元）", Kind: "money", Align: "end"}, {Key: "rate", Label: "费率", Kind: "percent", Align: "end"}, {Key: "fee", Label: "应缴（元）", Kind: "money", Align: "end"},
				{Key: "due", Label: "缴纳期限", Kind: "date"}, {Key: "state", Label: "状态", Kind: "tag"}, {Key: "paid_on", Label: "汇缴日", Kind: "date"}, {Key: "receipt", Label: "入库凭证号", Kind: "code"}},
			Filters: []register.Filter{{Key: "state", Label: "状态", Expr: "f.state", Options: []procedure.Option{{Value: "due", Label: "待缴"}, {Value: "remitted", Label: "已汇缴待确认"}, {Value: "received", Label: "已入库"}}}},
			From:    "fee_due f JOIN org o ON o.id = f.operator_org LEFT JOIN remittance m ON m.fee = f.id AND m.state <> 'returned'", Key: "f.id",
			Cells: map[string]string{"id": "f.id", "month": "f.month", "operator": "o.name", "base": "f.base_fen", "rate": "f.rate_bp", "fee": "f.fee_fen",
				"due": "CASE WHEN f.due = '' THEN f.due_note ELSE f.due END", "state": "CASE f.state WHEN 'none' THEN '无应缴' WHEN 'due' THEN '待缴' WHEN 'remitted' THEN '已汇缴待确认' ELSE '已入库' END",
				"paid_on": "COALESCE(m.paid_on, '')", "receipt": "COALESCE(m.receipt_no, '')"},
			Search: []string{"f.id", "f.month", "o.name"}, Order: "-f.month", Item: feeItem, Visible: own(map[procedure.Role]string{party.Operator: "f.operator_org = %s"})},
		{ID: "ledger", Title: "分录", Group: group, Plan: plan.C("6.2.5"), Roles: with(party.Operator),
			Columns: []procedure.Column{{Key: "at", Label: "入账时间", Kind: "datetime"}, {Key: "period", Label: "所属月份", Kind: "text"}, {Key: "purpose", Label: "摘要", Kind: "text", Primary: true},
				{Key: "account", Label: "科目", Kind: "tag"}, {Key: "party", Label: "往来单位", Kind: "text"}, {Key: "debit", Label: "借方（元）", Kind: "money", Align: "end"},
				{Key: "credit", Label: "贷方（元）", Kind: "money", Align: "end"}, {Key: "key", Label: "凭证", Kind: "code"}},
			Filters: []register.Filter{{Key: "account", Label: "科目", Expr: "l.account", Options: accounts}},
			From:    "ledger_posting l JOIN ledger_tx t ON t.key = l.tx LEFT JOIN org o ON o.id = l.party", Key: "l.tx || '#' || l.n",
			Cells: map[string]string{"at": "t.at", "period": "t.period", "purpose": "t.purpose", "account": accountCase(), "party": "COALESCE(o.name, l.party)",
				"debit": "CASE WHEN l.fen > 0 THEN l.fen END", "credit": "CASE WHEN l.fen < 0 THEN -l.fen END", "key": "l.tx"},
			Search: []string{"t.purpose", "l.tx", "t.period", "o.name"}, Order: "-t.at",
			Visible: own(map[procedure.Role]string{party.Operator: "EXISTS (SELECT 1 FROM ledger_posting q WHERE q.tx = l.tx AND q.party = %s)"})},
	}
}

func accountCase() string {
	s := "CASE l.account"
	for _, a := range ledger.Chart {
		s += " WHEN '" + a.ID + "' THEN '" + a.Title + "'"
	}
	return s + " ELSE l.account END"
}

func statementItem(r *store.ReadTx, a procedure.Actor, key string) (*register.Item, error) {
	s, err := StatementByID(r, key)
	if err != nil {
		return nil, err
	}
	if err := s.May(a); err != nil {
		return nil, err
	}
	lines, err := s.ReadLines()
	if err != nil {
		return nil, err
	}
	t := procedure.Section{Kind: "table", Title: "计算过程", Clause: "6.2.5", Note: "金额 = 计费调用次数 × 调用时有效的单价，精确到分。", Columns: []procedure.Column{{Key: "order", Label: "订单号", Kind: "code"},
		{Key: "name", Label: "产品", Kind: "text", Primary: true}, {Key: "filing", Label: "收费标准备案号", Kind: "code"}, {Key: "calls", Label: "计费调用（次）", Kind: "int"},
		{Key: "late", Label: "其中以前月份", Kind: "int"}, {Key: "price", Label: "单价（元）", Kind: "text"}, {Key: "amount", Label: "金额（元）", Kind: "text"}}}
	for _, l := range lines {
		t.Rows = append(t.Rows, map[string]any{"order": l.Order, "name": l.Name, "filing": l.Filing, "calls": l.Calls, "late": l.Late, "price": l.Price.String(), "amount": l.Amount.String()})
	}
	var paid []struct {
		Fen             int64
		Voucher, CaseNo string
		PaidOn          calendar.Date
	}
	if err := r.Select(&paid, `SELECT fen, voucher, case_no, paid_on FROM receipt WHERE statement = $1 ORDER BY at, id`, key); err != nil {
		return nil, err
	}
	out := &register.Item{Title: s.Month + " 对账单", Subtitle: s.ID, Sections: []procedure.Section{{Kind: "keyvalues", Title: "对账单", Clause: "6.2.5", Items: []procedure.Item{
		{Label: "账期", Value: s.Month}, {Label: "应付", Value: s.AmountFen.String() + " 元"}, {Label: "已付", Value: s.PaidFen.String() + " 元"},
		{Label: "大写", Value: s.AmountFen.Upper()}, {Label: "内容摘要", Value: s.Digest}}}, t}}
	for _, p := range paid {
		out.Cases = append(out.Cases, p.CaseNo)
	}
	if s.PaidFen < s.AmountFen {
		out.Starts = []register.Start{{Procedure: "p06_2e_receipt", Title: "登记到账", Prefill: map[string]any{"statement": s.ID, "amount": (s.AmountFen - s.PaidFen).Yuan()}}}
	}
	return out, nil
}

func feeItem(r *store.ReadTx, a procedure.Actor, key string) (*register.Item, error) {
	f, err := FeeByID(r, key)
	if err != nil {
		return nil, err
	}
	mine := watches(a)
	for _, d := range a.Desks {
		mine = mine || d.Role == party.Operator && d.Org == f.OperatorOrg
	}
	if !mine {
		return nil, store.ErrNotFound
	}
	base := "授权运营收入"
	if f.Base == "industry_revenue" {
		base = "产业、行业发展类产品收入"
	}
	due := f.Due
	if due == "" {
		due = f.DueNote
	}
	out := &register.Item{Title: f.Month + " 资源使用费", Subtitle: f.ID, Sections: []procedure.Section{{Kind: "keyvalues", Title: "计算过程", Clause: "10.4.1", Note: "应缴 = 计费基数 × 费率，四舍五入到分；费率和基数依授权运营协议。",
		Items: []procedure.Item{{Label: "授权运营协议", Value: f.Agreement}, {Label: "当月对账单合计", Value: f.IncomeFen.String() + " 元", Clause: "6.2.5"}, {Label: "计费基数（" + base + "）", Value: f.BaseFen.String() + " 元"},
			{Label: "费率", Value: fmt.Sprintf("%d.%02d%%", f.RateBp/100, f.RateBp%100)}, {Label: "应缴", Value: f.FeeFen.String() + " 元"}, {Label: "缴纳期限", Value: due, Clause: "6.2.5"},
			{Label: "期限依据", Value: f.DueNote}, {Label: "状态", Value: f.Status(calendar.DateOf(r.Now()))}}}}}
	if err := r.Select(&out.Cases, `SELECT case_no FROM remittance WHERE fee = $1 ORDER BY at`, key); err != nil {
		return nil, err
	}
	if f.State == "due" {
		out.Starts = []register.Start{{Procedure: "p06_2e_remittance", Title: "上缴", Prefill: map[string]any{"fee": f.ID, "amount": f.FeeFen.Yuan()}}}
	}
	return out, nil
}
