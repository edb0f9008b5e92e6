package procedures

import (
	"errors"
	"fmt"

	"pado/core/calendar"
	"pado/core/docs"
	"pado/core/money"
	p "pado/core/procedure"
	"pado/core/store"
	"pado/domain/agreement"
	"pado/domain/party"
	"pado/domain/pricing"
	"pado/plan"
)

type tariffForm struct {
	Product string       `json:"product"`
	Trial   bool         `json:"trial"`
	Lines   []tariffLine `json:"lines"`
	Basis   string       `json:"basis"`
	Display string       `json:"display"`
}

type tariffLine struct {
	Class    string    `json:"class"`
	Unit     string    `json:"unit"`
	Price    money.Fen `json:"price"`
	Expected int64     `json:"expected"`
}

type tariffObjection struct {
	By      string `json:"by"`
	Contact string `json:"contact"`
	Content string `json:"content"`
}

type tariffAnswer struct {
	N      int    `json:"n"`
	Answer string `json:"answer"`
}

func (f tariffForm) lines() []pricing.Line {
	out := make([]pricing.Line, len(f.Lines))
	for i, l := range f.Lines {
		out[i] = pricing.Line(l)
	}
	return out
}

// productFact is what the rules about charging need of a product.
type productFact struct {
	ID, Code, Name, Form, Agreement, OperatorOrg, Benefit, Purpose, State string
	Version                                                               int
	TermsDigest, Terms                                                    string
}

func productOf(r *store.ReadTx, id string) (productFact, error) {
	var f productFact
	return f, r.Get(&f, `SELECT p.id, p.code, p.name, p.form, p.agreement, p.operator_org, p.benefit, p.purpose, p.state, p.version, v.terms_digest, v.terms
		FROM product p JOIN product_version v ON v.product = p.id AND v.version = p.version WHERE p.id = $1`, id)
}

func tariffProduct(c *p.Ctx) (tariffForm, productFact, error) {
	f, err := p.Form[tariffForm](c)
	if err != nil {
		return f, productFact{}, err
	}
	pr, err := productOf(c.ReadTx, f.Product)
	if errors.Is(err, store.ErrNotFound) {
		return f, pr, p.Refuse("tariff.product", plan.C("10.3.2"), "请选择本单位已取得登记编码的产品")
	}
	return f, pr, err
}

// tariffPublicised is when the tariff's publicity began.
func tariffPublicised(c *p.Ctx) (store.Time, error) {
	var at store.Time
	return at, c.Get(&at, `SELECT publicised FROM tariff WHERE case_no = $1 AND state = 'publicity' LIMIT 1`, c.Case.No)
}

// tariffPublicityOver holds when the declared working days have passed. Where a year is unpublished
// they cannot be counted; then as many days of any kind are the least there can be, and the
// Authority answers for the rest with its opinion.
func tariffPublicityOver(c *p.Ctx) error {
	since, err := tariffPublicised(c)
	if err != nil {
		return err
	}
	n, err := c.Days("tariff.publicity")
	if err != nil {
		return err
	}
	due, err := c.Calendar().Due(since.Time, calendar.WorkingDays(n))
	if err == nil && due.Unresolved != 0 {
		due = calendar.DueDays(since.Time, calendar.Days(n))
	}
	return p.Hold(due.Overdue(c.Now()), err)
}

func tariffNoneOpen(c *p.Ctx) error {
	n, err := agreement.Unanswered(c.ReadTx, c.Case.No)
	return p.Hold(n == 0, err)
}

// tariffDiscount keeps to the city's share for small firms once one is set; until then their
// price is only lower (pricing.CheckLines).
func tariffDiscount(x *p.Ctx) error {
	v, err := x.Param("price.small_firm_discount")
	if errors.Is(err, plan.ErrRequired) {
		return nil
	}
	if err != nil {
		return err
	}
	least, err := v.Int()
	if err != nil {
		return err
	}
	f, err := p.Form[tariffForm](x)
	price := map[string]money.Fen{}
	for _, l := range f.Lines {
		price[l.Class] = l.Price
	}
	g, general := price[pricing.General]
	s, small := price[pricing.SmallFirm]
	if err != nil || !general || !small {
		return err
	}
	most, err := money.Mul(g, (money.Whole - money.BasisPoints(least)).Decimal(), money.Down)
	if err == nil && s > most {
		return p.Refuse("tariff.small_discount", plan.C("10.3.2"), "对小微企业至少减收 %s，其价格不能高于 %s 元", money.BasisPoints(least), most)
	}
	return err
}

// tariffTrialOver holds for a trial in the first full year, or while there is no ceiling to keep to.
func tariffTrialOver(x *p.Ctx) error {
	f, pr, err := tariffProduct(x)
	if err != nil || !f.Trial || pr.Benefit == "public" {
		return err
	}
	a, err := agreement.ByID(x.ReadTx, pr.Agreement)
	if err != nil {
		return err
	}
	months, err := x.Days("tariff.trial")
	if err != nil || x.Today().Before(pricing.TrialEnds(a.Signed, months)) {
		return err
	}
	for _, l := range f.Lines {
		_, err := pricing.CeilingOf(x.ReadTx, pr.Agreement, pr.Form, l.Unit)
		if !errors.Is(err, store.ErrNotFound) {
			return p.Hold(false, err)
		}
	}
	return nil
}

// tariffProjected compares what the operator expects of a full year, over all its products under
// the agreement, with maximum allowed income, once that is determined.
func tariffProjected(x *p.Ctx) error {
	f, pr, err := tariffProduct(x)
	if err != nil {
		return err
	}
	top, err := pricing.AllowanceOf(x.ReadTx, pr.Agreement, x.Today().Y)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	sum, err := pricing.Projected(x.ReadTx, pr.Agreement, pr.ID)
	for _, l := range f.Lines {
		if err != nil {
			return err
		}
		var part money.Fen
		if part, err = multiply(l.Price, l.Expected); err == nil {
			sum, err = sum.Add(part)
		}
	}
	if errors.Is(err, money.ErrOverflow) {
		return p.Refuse("tariff.projected", plan.C("10.3.2"), "预计收入过大，请核对价格和预计用量")
	}
	if err == nil && sum > top.AllowedFen {
		return p.Refuse("tariff.projected", plan.C("10.3.2"), "连同该协议下其他产品，预计全年收入 %s 元，超出最高准许收入 %s 元", sum, top.AllowedFen)
	}
	return err
}

// Tariff is 收费标准备案 (clause 10.3.2): the operator files what it will charge, the Authority
// records it and publicises it, and it takes effect when the publicity ends without objection.
// Until maximum allowed income and ceilings exist on record, only trial tariffs are taken.
func Tariff() *p.Procedure {
	c := plan.C("10.3.2")
	rules := p.Rules{
		{Code: "tariff.product", Say: "收费标准只能由产品的运营机构报备", Plan: c, Holds: func(x *p.Ctx) error {
			_, pr, err := tariffProduct(x)
			return p.Hold(pr.OperatorOrg == x.Case.Org, err)
		}},
		{Code: "tariff.retired", Say: "该产品已退出，不能再制定收费标准", Plan: c, Holds: func(x *p.Ctx) error {
			_, pr, err := tariffProduct(x)
			return p.Hold(pr.State != "retired", err)
		}},
		{Code: "tariff.lines", Say: "价格明细不符合规定", Plan: c, Holds: func(x *p.Ctx) error {
			f, pr, err := tariffProduct(x)
			if err != nil {
				return err
			}
			return pricing.CheckLines(pr.Benefit, f.lines())
		}},
		{Code: "tariff.small_discount", Say: "对小微企业的减收比例低于规定", Plan: c, Holds: tariffDiscount},
		{Code: "tariff.trial_only", Say: "最高准许收入和上限收费标准尚未核定，只能制定试行收费标准", Plan: plan.C("10.3.1b"), Holds: func(x *p.Ctx) error {
			f, pr, err := tariffProduct(x)
			if err != nil || f.Trial || pr.Benefit == "public" {
				return err
			}
			for _, l := range f.Lines {
				if _, err := pricing.CeilingOf(x.ReadTx, pr.Agreement, pr.Form, l.Unit); errors.Is(err, store.ErrNotFound) {
					return p.ErrFails
				} else if err != nil {
					return err
				}
			}
			return nil
		}},
		{Code: "tariff.trial_over", Say: "运营已满一个完整年度且已有上限收费标准，不能再试行", Plan: plan.C("10.3.1b"), Holds: tariffTrialOver},
		{Code: "tariff.ceiling", Say: "价格高于上限收费标准", Plan: plan.C("10.3.1b"), Holds: func(x *p.Ctx) error {
			f, pr, err := tariffProduct(x)
			if err != nil {
				return err
			}
			for _, l := range f.Lines {
				top, err := pricing.CeilingOf(x.ReadTx, pr.Agreement, pr.Form, l.Unit)
				if errors.Is(err, store.ErrNotFound) {
					continue
				}
				if err != nil {
					return err
				}
				if l.Price > top.MaxFen {
					return p.Refuse("tariff.ceiling", plan.C("10.3.1b"), "对“%s”的价格 %s 元高于上限收费标准 %s 元（%s）", pricing.Label(pricing.Classes, l.Class), l.Price, top.MaxFen, top.DocNo)
				}
			}
			return nil
		}},
		{Code: "tariff.projected", Say: "预计全年收入超出最高准许收入", Plan: plan.C("10.3.2"), Holds: tariffProjected},
		{Code: "tariff.pending", Say: "该产品已有收费标准正在公示，请待其结束后再报备", Plan: c, Holds: func(x *p.Ctx) error {
			f, err := p.Form[tariffForm](x)
			if err != nil {
				return err
			}
			other, err := x.Exists(`SELECT 1 FROM tariff WHERE product = $1 AND state = 'publicity' AND case_no <> $2`, f.Product, x.Case.No)
			return p.Hold(!other, err)
		}},
	}
	answered := p.Rule{Code: "tariff.objection", Say: "还有异议没有答复", Plan: c, Holds: tariffNoneOpen}
	over := p.Rule{Code: "tariff.publicity", Say: "公示期尚未届满", Plan: c, Holds: tariffPublicityOver}
	take := p.Effect{Name: "take", Say: "收费标准自此刻起生效，原标准同时失效", Plan: c, Run: func(x *p.Ctx) error {
		months, err := x.Days("tariff.trial")
		if err != nil {
			return err
		}
		return pricing.Take(x.W, x.Case.No, months)
	}}
	drop := p.Effect{Name: "drop", Say: "撤下公示中的收费标准", Plan: c, Run: func(x *p.Ctx) error { return pricing.Drop(x.W, x.Case.No) }}
	reply := func(upheld bool) p.Effect {
		return p.Effect{Name: "answer", Say: "答复异议", Plan: c, Run: func(x *p.Ctx) error {
			in, err := p.Input[tariffAnswer](x)
			if err != nil {
				return err
			}
			err = agreement.Reply(x.W, x.Case.No, in.N, upheld, in.Answer, x.Actor.Person)
			if errors.Is(err, store.ErrConflict) {
				return p.Refuse("tariff.objection_n", c, "没有这一号待答复的异议")
			}
			return err
		}}
	}
	effect := p.Resume("effect", "公示期满生效", "effective", c, "publicity")
	effect.Then = p.Effects{take}
	answer := []p.Field{{Name: "n", Label: "异议序号", Kind: p.Integer, Required: true, Min: 1, Plan: c},
		{Name: "answer", Label: "答复", Kind: p.LongText, Required: true, Max: 2000, Plan: c}}
	return &p.Procedure{ID: "p10_3c_tariff", Prefix: "SF", Title: "收费标准备案", Group: "价格与结算", Plan: c, Kind: p.Filing, Start: "draft",
		Form: p.FormOf[tariffForm](
			p.Field{Name: "product", Label: "产品", Kind: p.Ref, Source: "products_own", Required: true, Plan: c},
			p.Field{Name: "trial", Label: "试行收费标准", Kind: p.Bool, Required: true, Plan: plan.C("10.3.1b"), Help: "运营未满一个完整年度的，先试行；期满自动失效"},
			p.Field{Name: "lines", Label: "价格", Kind: p.Table, Required: true, Plan: c, Rows: []p.Field{
				{Name: "class", Label: "使用方类别", Kind: p.Choice, Options: pricing.Classes, Required: true, Plan: c},
				{Name: "unit", Label: "计价单位", Kind: p.Choice, Options: pricing.Units, Required: true, Plan: c},
				{Name: "price", Label: "单价", Unit: "元", Kind: p.Money, Required: true, Plan: c},
				{Name: "expected", Label: "预计全年用量", Kind: p.Integer, Required: true, Max: 1_000_000_000_000, Plan: c}}},
			p.Field{Name: "basis", Label: "测算说明", Kind: p.LongText, Required: true, Min: 10, Max: 5000, Plan: plan.C("10.2.2"), Help: "成本依据、与同类产品的比较、对小微企业的优惠"},
			p.Field{Name: "display", Label: "明码标价的方式", Kind: p.Text, Required: true, Plan: c, Help: "在哪里公布，何时更新"}),
		Name: func(x *p.Ctx) (string, error) {
			f, err := p.Form[tariffForm](x)
			if err != nil || f.Product == "" {
				return "", err
			}
			pr, err := productOf(x.ReadTx, f.Product)
			if errors.Is(err, store.ErrNotFound) {
				return "", nil
			}
			return pr.Name + "收费标准", err
		},
		Parties: []p.PartyRule{{Role: party.Authority, Find: party.TenantOrg(party.Authority)}, {Role: party.Pricing, Find: party.TenantOrg(party.Pricing), Read: true}},
		Readers: []p.Role{party.Pricing, party.Auditor},
		States: p.Phases{
			{ID: "draft", Label: "草稿", Owes: party.Operator, Track: true},
			{ID: "filed", Label: "已报备待核对", Owes: party.Authority, Within: "tariff.filing", Track: true},
			{ID: "supplement", Label: "待补正", Owes: party.Operator, Within: "filing.supplement"},
			{ID: "publicity", Label: "已备案公示中", Owes: party.Authority, Within: "tariff.publicity", Else: "effect", Track: true},
			{ID: "objection", Label: "异议待答复", Owes: party.Authority, Within: "publicity.objection_answer"},
			{ID: "closing", Label: "异议已答复待公示期满", Owes: party.Authority},
			{ID: "effective", Label: "已生效", Final: true, Track: true},
			{ID: "withdrawn", Label: "已撤回", Final: true},
		},
		Steps: []p.Step{
			{Do: "file", Label: "报备", By: party.Operator, From: p.S("draft"), To: "filed", Plan: c, Edits: true, Require: rules, Style: p.Primary},
			{Do: "record", Label: "材料齐全，予以备案并公示", By: party.Authority, From: p.S("filed"), To: "publicity", Plan: c, Apart: p.Acts("file", "refile"), Require: rules, Numbered: true, Style: p.Primary,
				Then: p.Effects{{Name: "publicise", Say: "收费标准进入公示，公示期满前不能据以收费", Plan: c, Run: func(x *p.Ctx) error {
					f, err := p.Form[tariffForm](x)
					if err != nil {
						return err
					}
					return pricing.Propose(x.W, f.Product, f.Trial, x.DocNo, x.Case.No, f.lines())
				}}}},
			{Do: "notify", Label: "一次性告知补正", By: party.Authority, From: p.S("filed"), To: "supplement", Plan: c, Opinion: true, Return: true},
			{Do: "refile", Label: "补正后报备", By: party.Operator, From: p.S("supplement"), To: "filed", Plan: c, Edits: true, Require: rules, Style: p.Primary},
			{Do: "object", Label: "登记异议", By: party.Authority, From: p.S("publicity", "objection", "closing"), To: "objection", Plan: c,
				Input: []p.Field{{Name: "by", Label: "异议人", Kind: p.Text, Required: true, Plan: c}, {Name: "contact", Label: "联系方式", Kind: p.Text, Required: true, Plan: c, Secret: true},
					{Name: "content", Label: "异议内容", Kind: p.LongText, Required: true, Max: 5000, Plan: c}},
				Then: p.Effects{{Name: "object", Say: "异议记入台账，答复前收费标准不生效", Plan: c, Run: func(x *p.Ctx) error {
					in, err := p.Input[tariffObjection](x)
					if err != nil {
						return err
					}
					_, err = agreement.Object(x.W, x.Case.No, in.By, in.Contact, in.Content)
					return err
				}}}},
			{Do: "answer", Label: "答复异议：不成立", By: party.Authority, From: p.S("objection"), To: "objection", Plan: c, Input: answer, Then: p.Effects{reply(false)}},
			{Do: "answered", Label: "异议已全部答复", By: party.Authority, From: p.S("objection"), To: "closing", Plan: c, Require: p.Rules{answered}, Style: p.Primary},
			{Do: "uphold", Label: "答复异议：成立，退回修改", By: party.Authority, From: p.S("objection"), To: "supplement", Plan: c, Input: answer, Opinion: true, Return: true, Style: p.Danger, Then: p.Effects{reply(true), drop}},
			effect,
			{Do: "close", Label: "公示期满，予以生效", By: party.Authority, From: p.S("publicity", "closing"), To: "effective", Plan: c, Opinion: true,
				Require: p.Rules{answered, over}, Then: p.Effects{take}, Style: p.Primary},
			{Do: "retract", Label: "撤下公示", By: party.Operator, From: p.S("publicity", "objection", "closing"), To: "withdrawn", Plan: c, Opinion: true, Then: p.Effects{drop}, Irrevocable: "撤下后须重新报备、重新公示", Style: p.Danger},
			p.Withdraw("withdrawn", party.Operator, c, "draft", "filed", "supplement"),
		},
		Views: []p.View{{Title: "公示与异议", Plan: c, In: p.S("publicity", "objection", "closing", "effective", "supplement"), Draw: tariffObjections}},
		Notices: []p.Notice{{Kind: "公示", In: p.S("publicity", "objection", "closing"), Fields: []string{"trial", "lines", "basis", "display"}, Plan: c,
			Object: &p.Objecting{Do: "object", How: "对收费标准有异议的，在公示期内以真实姓名或者单位名称书面提出，写明联系方式、事实和依据，送交或者寄交受理单位。受理单位登记并逐条答复，答复之前收费标准不生效。"}}, {Kind: "公开", In: p.S("effective"), Fields: []string{"trial", "lines", "display"}, Plan: c, Papers: []string{"tariff"}}},
		Papers: []p.Paper{{Kind: "tariff", Title: "收费标准", Plan: c, In: p.S("publicity", "effective"), Draw: tariffPaper}},
	}
}

func tariffObjections(x *p.Ctx) (p.Section, error) {
	list, err := agreement.Objections(x.ReadTx, x.Case.No)
	if err != nil {
		return p.Section{}, err
	}
	s := p.Section{Kind: "table", Title: "异议与答复", Clause: "10.3.2", Columns: []p.Column{{Key: "n", Label: "序号", Kind: "int"}, {Key: "by", Label: "异议人", Kind: "text"},
		{Key: "content", Label: "异议内容", Kind: "text"}, {Key: "at", Label: "收到时间", Kind: "datetime"}, {Key: "result", Label: "结论", Kind: "tag"}, {Key: "answer", Label: "答复", Kind: "text"}}}
	for _, o := range list {
		result := "待答复"
		if o.Upheld != nil {
			result = map[bool]string{true: "成立", false: "不成立"}[*o.Upheld]
		}
		s.Rows = append(s.Rows, map[string]any{"n": o.N, "by": o.RaisedBy, "content": o.Content, "at": o.Received, "result": result, "answer": o.Answer})
	}
	if len(list) == 0 {
		s.Note = "公示以来没有收到异议。"
	}
	return s, nil
}

func tariffPaper(x *p.Ctx) (docs.Document, error) {
	f, pr, err := tariffProduct(x)
	if err != nil {
		return docs.Document{}, err
	}
	list, err := pricing.OfCase(x.ReadTx, x.Case.No)
	if err != nil {
		return docs.Document{}, err
	}
	t := docs.Table{Unit: "单位：元", Columns: []docs.Column{{Title: "使用方类别", Width: 30}, {Title: "计价单位", Width: 30}, {Title: "单价", Width: 15, Align: docs.End}, {Title: "版本", Width: 10, Align: docs.End}}}
	no := ""
	for _, l := range list {
		if l.State == pricing.Withdrawn {
			continue
		}
		no = l.FilingNo
		t.Rows = append(t.Rows, []string{pricing.Label(pricing.Classes, l.CustomerClass), pricing.Label(pricing.Units, l.Unit), l.PriceFen.String(), fmt.Sprint(l.Version)})
	}
	kind := "收费标准"
	if f.Trial {
		kind = "试行收费标准"
	}
	return docs.Document{Kind: docs.Statement, Number: no, Title: pr.Name + "\n" + kind, Blocks: []docs.Block{
		docs.KeyValues{Pairs: []docs.Pair{{Key: "产品登记编码", Value: pr.Code}, {Key: "明码标价", Value: f.Display}}}, t,
		docs.Note{Text: "用于公共治理、公益事业的一律免费；对小微企业的价格已含优惠。"}, docs.Basis{Citations: []docs.Citation{{ID: "10.3.2", Source: "《实施方案》"}}}}}, nil
}
