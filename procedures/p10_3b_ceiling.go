package procedures

import (
	"errors"
	"fmt"

	"pado/core/money"
	p "pado/core/procedure"
	"pado/core/store"
	"pado/domain/agreement"
	"pado/domain/party"
	"pado/domain/pricing"
	"pado/domain/product"
	"pado/plan"
)

type ceilingForm struct {
	Agreement string        `json:"agreement"`
	Lines     []ceilingLine `json:"lines"`
	Basis     string        `json:"basis"`
}

type ceilingLine struct {
	Form     string    `json:"form"`
	Unit     string    `json:"unit"`
	Max      money.Fen `json:"max"`
	Expected int64     `json:"expected"`
}

func ceilingAgreement(c *p.Ctx) (ceilingForm, agreement.Agreement, error) {
	f, err := p.Form[ceilingForm](c)
	if err != nil {
		return f, agreement.Agreement{}, err
	}
	a, err := agreement.ByID(c.ReadTx, f.Agreement)
	if errors.Is(err, store.ErrNotFound) {
		return f, a, p.Refuse("ceiling.agreement", plan.C("10.3.1b"), "请选择一份授权运营协议")
	}
	return f, a, err
}

// setBy holds when the city's parameter names who sets ceilings.
func setBy(value, say string) p.Rule {
	return p.Rule{Code: "ceiling.setter", Say: say, Plan: plan.C("10.3.1b"), Holds: func(x *p.Ctx) error {
		v, err := textParam(x, "price.ceiling_setter", "ceiling.setter")
		return p.Hold(v == value, err)
	}}
}

// Ceiling is 上限收费标准 (clause 10.3.1b): whoever authorises sets, within maximum allowed
// income, the highest price for each form of product, and reports it to the price authority.
// The parameter price.ceiling_setter says who that is.
func Ceiling() *p.Procedure {
	c := plan.C("10.3.1b")
	rules := p.Rules{
		{Code: "ceiling.agreement", Say: "请选择一份未终止的授权运营协议", Plan: c, Holds: func(x *p.Ctx) error {
			_, a, err := ceilingAgreement(x)
			return p.Hold(a.State != "ended", err)
		}},
		{Code: "ceiling.twice", Say: "同一产品形态和计价单位只能有一个上限", Plan: c, Holds: func(x *p.Ctx) error {
			f, err := p.Form[ceilingForm](x)
			seen := map[string]bool{}
			for _, l := range f.Lines {
				if seen[l.Form+"/"+l.Unit] {
					return p.ErrFails
				}
				seen[l.Form+"/"+l.Unit] = true
			}
			return err
		}},
		{Code: "ceiling.allowance", Say: "该协议本年度的最高准许收入尚未核定，不能制定上限收费标准", Plan: plan.C("10.3.1"), Holds: func(x *p.Ctx) error {
			f, err := p.Form[ceilingForm](x)
			if err != nil {
				return err
			}
			_, err = pricing.AllowanceOf(x.ReadTx, f.Agreement, x.Today().Y)
			if errors.Is(err, store.ErrNotFound) {
				return p.ErrFails
			}
			return err
		}},
		{Code: "ceiling.income", Say: "按上限和预计用量计算的收入超出最高准许收入", Plan: c, Holds: func(x *p.Ctx) error {
			f, err := p.Form[ceilingForm](x)
			if err != nil {
				return err
			}
			a, err := pricing.AllowanceOf(x.ReadTx, f.Agreement, x.Today().Y)
			if err != nil {
				return err
			}
			var sum money.Fen
			for _, l := range f.Lines {
				part, err := multiply(l.Max, l.Expected)
				if err == nil {
					sum, err = sum.Add(part)
				}
				if err != nil {
					return p.Refuse("ceiling.income", c, "预计收入过大，请核对上限和预计用量")
				}
			}
			if sum > a.AllowedFen {
				return p.Refuse("ceiling.income", c, "按上限和预计用量计算的全年收入为 %s 元，超出最高准许收入 %s 元", sum, a.AllowedFen)
			}
			return nil
		}},
	}
	set := p.Effects{{Name: "set", Say: "上限收费标准自此刻起执行；高于上限的现行价格须重新报备", Plan: c, Run: func(x *p.Ctx) error {
		f, err := p.Form[ceilingForm](x)
		if err != nil {
			return err
		}
		no := x.DocNo
		if no == "" {
			no = x.Case.No
		}
		list := make([]pricing.Ceiling, len(f.Lines))
		for i, l := range f.Lines {
			list[i] = pricing.Ceiling{Form: l.Form, Unit: l.Unit, MaxFen: l.Max, Expected: l.Expected}
		}
		return pricing.SetCeilings(x.W, f.Agreement, no, x.Case.No, x.Actor.Person, list)
	}}}
	with := func(r p.Rule) p.Rules { return append(p.Rules{r}, rules...) }
	return &p.Procedure{ID: "p10_3b_ceiling", Prefix: "SX", Title: "上限收费标准制定", Group: "价格与结算", Plan: c, Start: "draft",
		Form: p.FormOf[ceilingForm](
			p.Field{Name: "agreement", Label: "授权运营协议", Kind: p.Ref, Source: "agreements", Required: true, Plan: c},
			p.Field{Name: "lines", Label: "上限收费标准", Kind: p.Table, Required: true, Plan: c, Rows: []p.Field{
				{Name: "form", Label: "产品形态", Kind: p.Choice, Options: product.Forms, Required: true, Plan: c},
				{Name: "unit", Label: "计价单位", Kind: p.Choice, Options: pricing.Units, Required: true, Plan: c},
				{Name: "max", Label: "上限", Unit: "元", Kind: p.Money, Required: true, Plan: c},
				{Name: "expected", Label: "预计全年用量", Kind: p.Integer, Required: true, Min: 1, Max: 1_000_000_000_000, Plan: c}}},
			p.Field{Name: "basis", Label: "制定依据", Kind: p.LongText, Required: true, Min: 10, Max: 5000, Plan: c, Help: "数据、算力、存储资源的使用，人力投入，销售规模，使用场景"}),
		Name: func(x *p.Ctx) (string, error) {
			_, a, err := ceilingAgreement(x)
			var ref *p.Refused
			if errors.As(err, &ref) {
				return "", nil
			}
			return a.Title + " 上限收费标准", err
		},
		Parties: []p.PartyRule{{Role: party.Government, Find: party.TenantOrg(party.Government)}, {Role: party.Pricing, Find: party.TenantOrg(party.Pricing)},
			{Role: party.Operator, Read: true, Find: func(x *p.Ctx) (string, error) {
				_, a, err := ceilingAgreement(x)
				var ref *p.Refused
				if errors.As(err, &ref) {
					return "", nil
				}
				return a.OperatorOrg, err
			}}},
		Readers: []p.Role{party.Auditor, party.Treasury},
		States: p.Phases{
			{ID: "draft", Label: "草稿", Owes: party.Authority, Track: true},
			{ID: "approval", Label: "报政府审定", Owes: party.Government, Within: "price.ceiling_review"},
			{ID: "reported", Label: "已制定并报告价格部门", Owes: party.Pricing, Within: "filing.receive", Track: true},
			{ID: "filed", Label: "价格部门已签收", Final: true, Track: true},
			{ID: "withdrawn", Label: "已撤回", Final: true},
		},
		Steps: []p.Step{
			{Do: "set", Label: "制定并报告", By: party.Authority, From: p.S("draft"), To: "reported", Plan: c, Edits: true, Numbered: true, Style: p.Primary,
				Require: with(setBy("authority", "本市的上限收费标准不由实施机构制定")), Then: set},
			{Do: "submit", Label: "报政府审定", By: party.Authority, From: p.S("draft"), To: "approval", Plan: c, Edits: true, Require: with(setBy("government", "本市的上限收费标准不由本级人民政府制定")), Style: p.Primary},
			{Do: "approve", Label: "审定", By: party.Government, From: p.S("approval"), To: "reported", Plan: c, Apart: p.Acts("submit"), Numbered: true, Require: rules, Then: set, Style: p.Primary},
			p.ReturnTo("draft", party.Government, c, "approval"),
			{Do: "transcribe", Label: "补录省级价格主管部门的决定", By: party.Authority, From: p.S("draft"), To: "reported", Plan: c, Edits: true, Backfill: true,
				Require: with(setBy("province", "本市的上限收费标准不由省级价格主管部门制定")), Then: set},
			{Do: "receive_report", Label: "签收报告", By: party.Pricing, From: p.S("reported"), To: "filed", Plan: c, Style: p.Primary},
			p.Withdraw("withdrawn", party.Authority, c, "draft", "approval"),
		},
		Views:   []p.View{{Title: "与最高准许收入的核对", Plan: c, Draw: ceilingView}},
		Notices: []p.Notice{{Kind: "公开", In: p.S("reported", "filed"), Fields: []string{"lines", "basis"}, Plan: c}},
	}
}

// multiply is price · n, or money.ErrOverflow.
func multiply(price money.Fen, n int64) (money.Fen, error) {
	v := int64(price) * n
	if n != 0 && (v/n != int64(price) || v < 0) {
		return 0, money.ErrOverflow
	}
	return money.Fen(v), nil
}

func ceilingView(x *p.Ctx) (p.Section, error) {
	s := p.Section{Kind: "keyvalues", Title: "与最高准许收入的核对", Clause: "10.3.1b"}
	f, err := p.Form[ceilingForm](x)
	if err != nil {
		return s, err
	}
	a, err := pricing.AllowanceOf(x.ReadTx, f.Agreement, x.Today().Y)
	if errors.Is(err, store.ErrNotFound) {
		s.Note = "该协议本年度的最高准许收入尚未核定。"
		return s, nil
	}
	if err != nil {
		return s, err
	}
	var sum money.Fen
	for _, l := range f.Lines {
		part, err := multiply(l.Max, l.Expected)
		if err != nil {
			s.Note = "预计收入过大，请核对上限和预计用量。"
			return s, nil
		}
		sum += part
		s.Items = append(s.Items, p.Item{Label: pricing.Label(product.Forms, l.Form) + "：上限 × 预计用量", Value: fmt.Sprintf("%s × %d ＝ %s 元", l.Max, l.Expected, part)})
	}
	s.Items = append(s.Items, p.Item{Label: "合计", Value: sum.String() + " 元"}, p.Item{Label: fmt.Sprintf("%d 年最高准许收入", a.Year), Value: a.AllowedFen.String() + " 元", Clause: "10.3.1"})
	above, err := pricing.Above(x.ReadTx, f.Agreement)
	if len(above) > 0 {
		s.Note = fmt.Sprintf("现行收费标准中有 %d 项高于上限，运营机构须重新报备。", len(above))
	}
	return s, err
}
