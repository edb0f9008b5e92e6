package procedures

import (
	"errors"
	"fmt"

	"pado/core/docs"
	"pado/core/money"
	p "pado/core/procedure"
	"pado/core/store"
	"pado/domain/agreement"
	"pado/domain/party"
	"pado/domain/pricing"
	"pado/plan"
)

type allowanceForm struct {
	Agreement string          `json:"agreement"`
	Year      int             `json:"year"`
	Costs     []allowanceCost `json:"costs"`
	Subsidy   money.Fen       `json:"subsidy"`
	Yield     int             `json:"yield"`
	YieldOf   string          `json:"yieldOf"`
	Spread    int             `json:"spread"`
	Industry  int             `json:"industry"`
	Assets    money.Fen       `json:"assets"`
	Tax       money.Fen       `json:"tax"`
	TaxBasis  string          `json:"taxBasis"`
	Power     string          `json:"power"`
	PowerFile string          `json:"powerFile"`
}

type allowanceCost struct {
	Head       string    `json:"head"`
	Declared   money.Fen `json:"declared"`
	Verified   money.Fen `json:"verified"`
	Determined money.Fen `json:"determined"`
	Reason     string    `json:"reason"`
}

// textParam reads a parameter; one that nobody has set is a refusal in its own words.
func textParam(c *p.Ctx, key, code string) (string, error) {
	v, err := c.Param(key)
	var e *plan.Error
	if errors.As(err, &e) {
		return "", &p.Refused{Code: code, Message: e.Message}
	}
	if err != nil {
		return "", err
	}
	return v.Text()
}

// allowanceAgreement reads the form with its agreement; *p.Refused when there is none in force.
func allowanceAgreement(c *p.Ctx) (allowanceForm, agreement.Agreement, error) {
	f, err := p.Form[allowanceForm](c)
	if err != nil {
		return f, agreement.Agreement{}, err
	}
	a, err := agreement.ByID(c.ReadTx, f.Agreement)
	if errors.Is(err, store.ErrNotFound) {
		return f, a, p.Refuse("allowance.agreement", plan.C("10.3.1"), "请选择一份授权运营协议")
	}
	return f, a, err
}

// allowanceFacts joins the form with what the records say: the base by parameter, the treatment
// of excess by the agreement, and the excess of the year before.
func allowanceFacts(c *p.Ctx) (allowanceForm, agreement.Agreement, pricing.Facts, error) {
	f, a, err := allowanceAgreement(c)
	if err != nil {
		return f, a, pricing.Facts{}, err
	}
	facts := pricing.Facts{Subsidy: f.Subsidy, Yield: money.BasisPoints(f.Yield), Spread: money.BasisPoints(f.Spread), Industry: money.BasisPoints(f.Industry), Assets: f.Assets, Tax: f.Tax}
	for _, x := range f.Costs {
		facts.Costs = append(facts.Costs, pricing.Cost(x))
	}
	if facts.Base, err = textParam(c, "price.profit_base", "allowance.base"); err != nil {
		return f, a, facts, err
	}
	t, err := a.ReadTerms()
	if err != nil {
		return f, a, facts, err
	}
	if facts.Treatment = t.Excess; facts.Treatment == "" {
		if facts.Treatment, err = textParam(c, "price.excess_treatment", "allowance.excess"); err != nil {
			return f, a, facts, err
		}
	}
	facts.Excess, _, _, err = pricing.Excess(c.ReadTx, f.Agreement, f.Year-1)
	return f, a, facts, err
}

// Allowance is 最高准许收入核定 (clause 10.3.1) led by the price authority with the data authority;
// the government approves.
func Allowance() *p.Procedure { return allowance("", "ZX", party.Pricing, party.Authority, "pricing") }

// AllowanceByAuthority is the same led by the data authority, as the plan has it; the parameter
// price.allowance_lead says which of the two a city uses.
func AllowanceByAuthority() *p.Procedure {
	return allowance("_authority", "ZS", party.Authority, party.Pricing, "authority")
}

func allowance(suffix, prefix string, lead, with p.Role, value string) *p.Procedure {
	c := plan.C("10.3.1")
	led := p.Rule{Code: "allowance.lead", Say: "本市最高准许收入由另一部门牵头核定", Plan: c, Holds: func(x *p.Ctx) error {
		v, err := textParam(x, "price.allowance_lead", "allowance.lead")
		return p.Hold(v == value, err)
	}}
	rules := p.Rules{
		{Code: "allowance.agreement", Say: "请选择一份未终止的授权运营协议", Plan: c, Holds: func(x *p.Ctx) error {
			_, a, err := allowanceAgreement(x)
			return p.Hold(a.State != "ended", err)
		}},
		{Code: "allowance.spread", Say: "准许利润率高出国债收益率的部分超过上限", Plan: c, Holds: func(x *p.Ctx) error {
			f, err := p.Form[allowanceForm](x)
			if err != nil {
				return err
			}
			most, err := x.Days("price.profit_spread_max")
			if err == nil && f.Spread > most {
				return p.Refuse("allowance.spread", c, "准许利润率最多比十年期国债收益率高 %s，填写的是 %s", money.BasisPoints(most), money.BasisPoints(f.Spread))
			}
			return err
		}},
		{Code: "allowance.assets", Say: "准许利润以有效资产净值为基数，请填写有效资产净值", Plan: c, Holds: func(x *p.Ctx) error {
			_, _, facts, err := allowanceFacts(x)
			return p.Hold(facts.Base != pricing.BaseAssets || facts.Assets > 0, err)
		}},
		{Code: "allowance.facts", Say: "所填数据互相矛盾，无法核定", Plan: c, Holds: func(x *p.Ctx) error {
			_, _, facts, err := allowanceFacts(x)
			if err != nil {
				return err
			}
			_, err = pricing.Compute(facts)
			return err
		}},
		filesThere(c, "powerFile"),
	}
	return &p.Procedure{ID: "p10_3a_allowance" + suffix, Prefix: prefix, Title: "最高准许收入核定", Group: "价格与结算", Plan: c, Start: "draft", Starts: p.Rules{led},
		Form: p.FormOf[allowanceForm](
			p.Field{Name: "agreement", Label: "授权运营协议", Kind: p.Ref, Source: "agreements", Required: true, Plan: c},
			p.Field{Name: "year", Label: "年度", Kind: p.Integer, Required: true, Min: 2025, Max: 2100, Plan: c},
			p.Field{Name: "costs", Label: "成本（仅产业、行业发展部分）", Kind: p.Table, Required: true, Plan: plan.C("10.2.1"), Help: "公共治理、公益类产品的成本不进入基数", Rows: []p.Field{
				{Name: "head", Label: "科目", Kind: p.Choice, Options: pricing.Heads, Required: true, Plan: plan.C("10.2.1")},
				{Name: "declared", Label: "申报数", Unit: "元", Kind: p.Money, Required: true, Plan: plan.C("10.2.3")},
				{Name: "verified", Label: "核查数", Unit: "元", Kind: p.Money, Required: true, Plan: plan.C("10.2.3")},
				{Name: "determined", Label: "核定数", Unit: "元", Kind: p.Money, Required: true, Plan: plan.C("10.2.3")},
				{Name: "reason", Label: "核减理由", Kind: p.Text, Plan: plan.C("10.2.2")}}},
			p.Field{Name: "subsidy", Label: "政府补助", Unit: "元", Kind: p.Money, Required: true, Plan: c},
			p.Field{Name: "yield", Label: "十年期国债收益率", Kind: p.Percent, Required: true, Plan: c},
			p.Field{Name: "yieldOf", Label: "收益率的来源和日期", Kind: p.Text, Required: true, Plan: c},
			p.Field{Name: "spread", Label: "高出的百分点", Kind: p.Percent, Required: true, Plan: c},
			p.Field{Name: "industry", Label: "行业平均利润率（对照）", Kind: p.Percent, Required: true, Plan: c},
			p.Field{Name: "assets", Label: "有效资产净值", Unit: "元", Kind: p.Money, Plan: c, Help: "仅在准许利润以资产净值为基数时填写"},
			p.Field{Name: "tax", Label: "税金", Unit: "元", Kind: p.Money, Required: true, Plan: c},
			p.Field{Name: "taxBasis", Label: "税金的计算", Kind: p.LongText, Required: true, Max: 2000, Plan: c},
			p.Field{Name: "power", Label: "定价权限文件", Kind: p.Text, Required: true, Plan: c, Help: "授予本级定价权限的文件名称和文号"},
			p.Field{Name: "powerFile", Label: "权限文件", Kind: p.File, Required: true, Plan: c}),
		Name: func(x *p.Ctx) (string, error) {
			f, a, err := allowanceAgreement(x)
			var ref *p.Refused
			if errors.As(err, &ref) {
				return "", nil
			}
			return fmt.Sprintf("%s %d 年最高准许收入", a.Title, f.Year), err
		},
		Parties: []p.PartyRule{{Role: with, Find: party.TenantOrg(with)}, {Role: party.Government, Find: party.TenantOrg(party.Government)},
			{Role: party.Operator, Read: true, Find: func(x *p.Ctx) (string, error) {
				_, a, err := allowanceAgreement(x)
				var ref *p.Refused
				if errors.As(err, &ref) {
					return "", nil
				}
				return a.OperatorOrg, err
			}}},
		Readers: []p.Role{party.Treasury, party.Auditor},
		States: p.Phases{
			{ID: "draft", Label: "草稿", Owes: lead, Track: true},
			{ID: "joint", Label: "会同审核中", Owes: with, Within: "price.allowance_review", Track: true},
			{ID: "approval", Label: "报政府批准", Owes: party.Government, Track: true},
			{ID: "determined", Label: "已核定", Final: true, Track: true},
			{ID: "rejected", Label: "未批准", Final: true},
			{ID: "withdrawn", Label: "已撤回", Final: true},
		},
		Steps: []p.Step{
			{Do: "submit", Label: "提请会同审核", By: lead, From: p.S("draft"), To: "joint", Plan: c, Edits: true, Require: rules, Style: p.Primary, Then: p.Effects{bindFiles(c, "powerFile")}},
			{Do: "agree", Label: "会同意见：无异议，报政府", By: with, From: p.S("joint"), To: "approval", Plan: c, Opinion: true, Apart: p.Acts("submit"), Require: rules, Style: p.Primary},
			{Do: "return", Label: "退回修改", By: with, From: p.S("joint"), To: "draft", Plan: c, Opinion: true, Return: true},
			{Do: "approve", Label: "批准", By: party.Government, From: p.S("approval"), To: "determined", Plan: c, Apart: p.Acts("submit", "agree"), Require: rules, Numbered: true, Style: p.Primary,
				Irrevocable: "最高准许收入自此执行；此前同一年度的核定被取代",
				Then: p.Effects{{Name: "determine", Say: "最高准许收入记入台账并执行", Plan: c, Run: func(x *p.Ctx) error {
					f, a, facts, err := allowanceFacts(x)
					if err != nil {
						return err
					}
					r, err := pricing.Determine(x.W, a.ID, a.OperatorOrg, f.Year, facts, x.DocNo, x.Case.No, x.Actor.Person)
					if err != nil {
						return err
					}
					return x.SetSubject(r.ID)
				}}}},
			{Do: "back", Label: "退回重新核定", By: party.Government, From: p.S("approval"), To: "draft", Plan: c, Opinion: true, Return: true},
			{Do: "reject", Label: "不批准", By: party.Government, From: p.S("approval"), To: "rejected", Plan: c, Opinion: true, Numbered: true, Style: p.Danger},
			p.Withdraw("withdrawn", lead, c, "draft", "joint"),
		},
		Views:  []p.View{{Title: "计算过程", Plan: c, Draw: allowanceBridge}},
		Papers: []p.Paper{{Kind: "determination", Title: "最高准许收入核定书", Plan: c, In: p.S("approval", "determined"), Draw: allowancePaper}},
	}
}

func allowanceBridge(x *p.Ctx) (p.Section, error) {
	s := p.Section{Kind: "table", Title: "计算过程", Clause: "10.3.1", Columns: []p.Column{{Key: "label", Label: "项目", Kind: "text", Primary: true}, {Key: "formula", Label: "算式", Kind: "text"},
		{Key: "amount", Label: "金额（元）", Kind: "text", Align: "end"}, {Key: "clause", Label: "依据", Kind: "code"}}}
	_, _, facts, err := allowanceFacts(x)
	var res pricing.Result
	if err == nil {
		res, err = pricing.Compute(facts)
	}
	var ref *p.Refused
	if errors.As(err, &ref) {
		s.Note = ref.Message
		return s, nil
	}
	for _, st := range res.Steps {
		s.Rows = append(s.Rows, map[string]any{"label": st.Label, "formula": st.Formula, "amount": st.Amount.String(), "clause": st.Clause})
	}
	s.Note = fmt.Sprintf("准许利润率 %s（上限为国债收益率加六个百分点）；行业平均利润率 %s，仅作对照。", facts.Yield+facts.Spread, facts.Industry)
	return s, err
}

func allowancePaper(x *p.Ctx) (docs.Document, error) {
	f, a, facts, err := allowanceFacts(x)
	if err != nil {
		return docs.Document{}, err
	}
	res, err := pricing.Compute(facts)
	if err != nil {
		return docs.Document{}, err
	}
	t := docs.Table{Unit: "单位：元", Columns: []docs.Column{{Title: "项目", Width: 32}, {Title: "算式", Width: 44}, {Title: "金额", Width: 24, Align: docs.End}}}
	for _, st := range res.Steps {
		t.Rows = append(t.Rows, []string{st.Label, st.Formula, st.Amount.String()})
	}
	treatment := map[string]string{pricing.Deduct: "在下期核定时扣减", pricing.Pooled: "统筹管理", pricing.Shared: "按约定比例分成"}[facts.Treatment]
	no := x.Case.No
	if x.Case.Final {
		r, err := pricing.AllowanceOf(x.ReadTx, a.ID, f.Year)
		if err == nil && r.CaseNo == x.Case.No {
			no = r.DocNo
		} else if err != nil && !errors.Is(err, store.ErrNotFound) {
			return docs.Document{}, err
		}
	}
	return docs.Document{Kind: docs.Statement, Number: no, Title: fmt.Sprintf("%d 年度最高准许收入核定书", f.Year), Blocks: []docs.Block{
		docs.KeyValues{Pairs: []docs.Pair{{Key: "授权运营协议", Value: a.No + " " + a.Title}, {Key: "定价权限", Value: f.Power}, {Key: "国债收益率", Value: facts.Yield.String() + "（" + f.YieldOf + "）"},
			{Key: "行业平均利润率", Value: facts.Industry.String() + "（对照）"}, {Key: "超收的处理", Value: treatment + "（依协议约定）"}}}, t,
		docs.Note{Text: "超出最高准许收入的部分，实施方案规定统筹管理，国家价格文件规定在下期核定时扣减；本市依协议的约定处理。"},
		docs.Basis{Citations: []docs.Citation{{ID: "10.3.1", Source: "《实施方案》"}}}}}, nil
}
