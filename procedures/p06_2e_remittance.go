package procedures

import (
	"errors"

	"pado/core/calendar"
	"pado/core/money"
	p "pado/core/procedure"
	"pado/core/store"
	"pado/domain/party"
	"pado/domain/settlement"
	"pado/plan"
)

type remittanceForm struct {
	Fee     string        `json:"fee"`
	Amount  money.Fen     `json:"amount"`
	PaidOn  calendar.Date `json:"paidOn"`
	Voucher string        `json:"voucher"`
	File    string        `json:"file"`
}

type remittanceInput struct {
	ReceiptNo string `json:"receiptNo"`
}

func remittanceFee(c *p.Ctx) (remittanceForm, settlement.Fee, error) {
	f, err := p.Form[remittanceForm](c)
	if err != nil {
		return f, settlement.Fee{}, err
	}
	fee, err := settlement.FeeByID(c.ReadTx, f.Fee)
	if errors.Is(err, store.ErrNotFound) {
		return f, fee, p.Refuse("remittance.fee", plan.C("10.4.1"), "请选择本单位应缴的资源使用费")
	}
	return f, fee, err
}

// Remittance is 资源使用费上缴 (clauses 6.2.5, 10.4.1): the operator remits the government's share
// in full with the bank's voucher, the treasury confirms what has arrived, and only then it is
// posted. It is income of the treasury, whoever it is attributed to.
func Remittance() *p.Procedure {
	c, fee := plan.C("6.2.5"), plan.C("10.4.1")
	rules := p.Rules{
		{Code: "remittance.fee", Say: "只能上缴本单位应缴的资源使用费", Plan: fee, Holds: func(x *p.Ctx) error {
			_, f, err := remittanceFee(x)
			return p.Hold(f.OperatorOrg == x.Case.Org, err)
		}},
		{Code: "remittance.state", Say: "这笔资源使用费已汇缴或无需上缴", Plan: fee, Holds: func(x *p.Ctx) error {
			_, f, err := remittanceFee(x)
			return p.Hold(f.State == "due", err)
		}},
		{Code: "remittance.amount", Say: "上缴须足额：金额应与应缴数一致", Plan: c, Holds: func(x *p.Ctx) error {
			form, f, err := remittanceFee(x)
			return p.Hold(form.Amount == f.FeeFen, err)
		}},
		{Code: "remittance.date", Say: "汇缴日不能晚于今天", Plan: c, Holds: func(x *p.Ctx) error {
			form, err := p.Form[remittanceForm](x)
			return p.Hold(!form.PaidOn.After(x.Today()), err)
		}},
		filesThere(c, "file"),
	}
	return &p.Procedure{ID: "p06_2e_remittance", Prefix: "SJ", Title: "资源使用费上缴", Group: "价格与结算", Plan: c, Start: "draft",
		Form: p.FormOf[remittanceForm](
			p.Field{Name: "fee", Label: "应缴项目", Kind: p.Ref, Source: "fees_due", Required: true, Plan: fee},
			p.Field{Name: "amount", Label: "上缴金额", Unit: "元", Kind: p.Money, Required: true, Plan: c},
			p.Field{Name: "paidOn", Label: "汇缴日", Kind: p.Date, Required: true, Plan: c},
			p.Field{Name: "voucher", Label: "银行凭证号", Kind: p.Text, Required: true, Plan: c},
			p.Field{Name: "file", Label: "缴款凭证", Kind: p.File, Required: true, Plan: c}),
		Name: func(x *p.Ctx) (string, error) {
			_, f, err := remittanceFee(x)
			var ref *p.Refused
			if errors.As(err, &ref) {
				return "", nil
			}
			return f.Month + " 资源使用费上缴", err
		},
		Parties: []p.PartyRule{{Role: party.Treasury, Find: party.TenantOrg(party.Treasury)}, {Role: party.Authority, Find: party.TenantOrg(party.Authority), Read: true}},
		Readers: []p.Role{party.Treasury, party.Auditor},
		States: p.Phases{
			{ID: "draft", Label: "草稿", Owes: party.Operator, Track: true},
			{ID: "remitted", Label: "已汇缴待确认", Owes: party.Treasury, Track: true},
			{ID: "received", Label: "已入库", Final: true, Track: true},
			{ID: "withdrawn", Label: "已撤回", Final: true},
		},
		Steps: []p.Step{
			{Do: "remit", Label: "已汇缴，提交凭证", By: party.Operator, From: p.S("draft"), To: "remitted", Plan: c, Edits: true, Require: rules, Style: p.Primary,
				Then: p.Effects{{Name: "remit", Say: "登记汇缴，待财政部门确认入库", Plan: fee, Undo: func(x *p.Ctx) error { return settlement.ReturnRemittance(x.W, x.Case.No) }, Run: func(x *p.Ctx) error {
					f, err := p.Form[remittanceForm](x)
					if err != nil {
						return err
					}
					treasury, err := x.Party(party.Treasury)
					if err != nil {
						return err
					}
					return settlement.Remit(x.W, f.Fee, treasury, f.Voucher, f.PaidOn, x.Case.No)
				}}, bindFiles(c, "file")}},
			{Do: "confirm", Label: "确认入库", By: party.Treasury, From: p.S("remitted"), To: "received", Plan: fee, Apart: p.Acts("remit"), Style: p.Primary,
				Input: []p.Field{{Name: "receiptNo", Label: "入库凭证号", Kind: p.Text, Required: true, Plan: fee}},
				Then: p.Effects{{Name: "post", Say: "按入库凭证记账：冲减应缴国库", Plan: fee, Run: func(x *p.Ctx) error {
					in, err := p.Input[remittanceInput](x)
					if err != nil {
						return err
					}
					return settlement.ConfirmRemittance(x.W, x.Case.No, in.ReceiptNo, x.Actor.Person)
				}}}},
			{Do: "return", Label: "未收到或不符，退回", By: party.Treasury, From: p.S("remitted"), To: "draft", Plan: fee, Opinion: true, Return: true,
				Then: p.Effects{{Name: "undo", Say: "撤销汇缴登记，该项目恢复为待缴", Plan: fee, Run: func(x *p.Ctx) error { return settlement.ReturnRemittance(x.W, x.Case.No) }}}},
			p.Withdraw("withdrawn", party.Operator, c, "draft"),
		},
		Views: []p.View{{Title: "应缴计算", Plan: fee, Draw: remittanceView}},
	}
}

func remittanceView(x *p.Ctx) (p.Section, error) {
	s := p.Section{Kind: "keyvalues", Title: "应缴计算", Clause: "10.4.1"}
	_, f, err := remittanceFee(x)
	var ref *p.Refused
	if errors.As(err, &ref) {
		s.Note = ref.Message
		return s, nil
	}
	due := f.Due
	if due == "" {
		due = f.DueNote
	}
	s.Items = []p.Item{{Label: "所属月份", Value: f.Month}, {Label: "计费基数", Value: f.BaseFen.String() + " 元"}, {Label: "费率", Value: money.BasisPoints(f.RateBp).String()},
		{Label: "应缴", Value: f.FeeFen.String() + " 元", Clause: "10.4.1"}, {Label: "缴纳期限", Value: due, Clause: "6.2.5"}, {Label: "状态", Value: f.Status(x.Today())}}
	return s, err
}

type receiptForm struct {
	Statement string        `json:"statement"`
	Amount    money.Fen     `json:"amount"`
	PaidOn    calendar.Date `json:"paidOn"`
	Voucher   string        `json:"voucher"`
	File      string        `json:"file"`
}

func receiptStatement(c *p.Ctx) (receiptForm, settlement.Statement, error) {
	f, err := p.Form[receiptForm](c)
	if err != nil {
		return f, settlement.Statement{}, err
	}
	s, err := settlement.StatementByID(c.ReadTx, f.Statement)
	if errors.Is(err, store.ErrNotFound) {
		return f, s, p.Refuse("receipt.statement", plan.C("6.2.5"), "请选择本单位开出的对账单")
	}
	return f, s, err
}

// Payment is 服务费到账登记 (clause 6.2.5): one person of the operator registers what a customer
// has paid, another checks it against the bank and books it.
func Payment() *p.Procedure {
	c := plan.C("6.2.5")
	rules := p.Rules{
		{Code: "receipt.statement", Say: "只能登记本单位开出的对账单", Plan: c, Holds: func(x *p.Ctx) error {
			_, s, err := receiptStatement(x)
			return p.Hold(s.OperatorOrg == x.Case.Org, err)
		}},
		{Code: "receipt.amount", Say: "到账金额应大于零，且不超过该对账单的未付余额", Plan: c, Holds: func(x *p.Ctx) error {
			f, s, err := receiptStatement(x)
			return p.Hold(f.Amount > 0 && f.Amount <= s.AmountFen-s.PaidFen, err)
		}},
		{Code: "receipt.date", Say: "到账日不能晚于今天", Plan: c, Holds: func(x *p.Ctx) error {
			f, err := p.Form[receiptForm](x)
			return p.Hold(!f.PaidOn.After(x.Today()), err)
		}},
		filesThere(c, "file"),
	}
	return &p.Procedure{ID: "p06_2e_receipt", Prefix: "DZ", Title: "服务费到账登记", Group: "价格与结算", Plan: c, Start: "draft",
		Form: p.FormOf[receiptForm](
			p.Field{Name: "statement", Label: "对账单", Kind: p.Ref, Source: "statements_open", Required: true, Plan: c},
			p.Field{Name: "amount", Label: "到账金额", Unit: "元", Kind: p.Money, Required: true, Plan: c},
			p.Field{Name: "paidOn", Label: "到账日", Kind: p.Date, Required: true, Plan: c},
			p.Field{Name: "voucher", Label: "银行凭证号", Kind: p.Text, Required: true, Plan: c},
			p.Field{Name: "file", Label: "银行回单", Kind: p.File, Plan: c}),
		Name: func(x *p.Ctx) (string, error) {
			_, s, err := receiptStatement(x)
			var ref *p.Refused
			if errors.As(err, &ref) {
				return "", nil
			}
			return s.ID + " 到账登记", err
		},
		Readers: []p.Role{party.Auditor},
		States: p.Phases{
			{ID: "draft", Label: "草稿", Owes: party.Operator, Track: true},
			{ID: "checking", Label: "待复核", Owes: party.Operator, Track: true},
			{ID: "booked", Label: "已入账", Final: true, Track: true},
			{ID: "withdrawn", Label: "已撤回", Final: true},
		},
		Steps: []p.Step{
			{Do: "register", Label: "登记到账", By: party.Operator, From: p.S("draft"), To: "checking", Plan: c, Edits: true, Require: rules, Style: p.Primary, Then: p.Effects{bindFiles(c, "file")}},
			{Do: "book", Label: "复核无误，入账", By: party.Operator, From: p.S("checking"), To: "booked", Plan: c, Apart: p.Acts("register"), Require: rules, Style: p.Primary,
				Then: p.Effects{{Name: "book", Say: "记账：专户存款增加，应收服务费减少", Plan: c, Run: func(x *p.Ctx) error {
					f, err := p.Form[receiptForm](x)
					if err != nil {
						return err
					}
					return settlement.Receive(x.W, settlement.Receipt{Statement: f.Statement, Fen: f.Amount, Voucher: f.Voucher, PaidOn: f.PaidOn, Person: x.Actor.Person, CaseNo: x.Case.No})
				}}}},
			p.ReturnTo("draft", party.Operator, c, "checking"),
			p.Withdraw("withdrawn", party.Operator, c, "draft"),
		},
		Views: []p.View{{Title: "对账单", Plan: c, Draw: receiptView}},
	}
}

func receiptView(x *p.Ctx) (p.Section, error) {
	s := p.Section{Kind: "keyvalues", Title: "对账单", Clause: "6.2.5"}
	_, st, err := receiptStatement(x)
	var ref *p.Refused
	if errors.As(err, &ref) {
		s.Note = ref.Message
		return s, nil
	}
	if err != nil {
		return s, err
	}
	customer, err := party.Get(x.ReadTx, st.CustomerOrg)
	s.Items = []p.Item{{Label: "对账单号", Value: st.ID}, {Label: "使用方", Value: customer.Name}, {Label: "账期", Value: st.Month}, {Label: "应付", Value: st.AmountFen.String() + " 元"},
		{Label: "已付", Value: st.PaidFen.String() + " 元"}}
	return s, err
}
