package procedures

import (
	"errors"
	"fmt"

	"pado/core/calendar"
	"pado/core/docs"
	p "pado/core/procedure"
	"pado/core/store"
	"pado/domain/order"
	"pado/domain/party"
	"pado/domain/pricing"
	"pado/plan"
)

type orderForm struct {
	Product   string        `json:"product"`
	Use       string        `json:"use"`
	Quota     int64         `json:"quota"`
	From      calendar.Date `json:"from"`
	To        calendar.Date `json:"to"`
	SmallFirm bool          `json:"smallFirm"`
	Proof     string        `json:"proof"`
}

type termsInput struct {
	Terms string `json:"terms"`
}

func orderProduct(c *p.Ctx) (orderForm, productFact, error) {
	f, err := p.Form[orderForm](c)
	if err != nil {
		return f, productFact{}, err
	}
	pr, err := productOf(c.ReadTx, f.Product)
	if errors.Is(err, store.ErrNotFound) {
		return f, pr, p.Refuse("order.product", plan.C("1.7b"), "请选择已上线的产品")
	}
	return f, pr, err
}

// Order is 订购 (clauses 1.7b, 1.3b): a customer sees price and use restrictions, accepts their
// text, and the operator takes the order or refuses it with a reason the Authority can review.
// Price and terms follow from product and class, so that the same class gets the same.
func Order() *p.Procedure {
	c, fair := plan.C("1.7b"), plan.C("1.3b")
	orderable := p.Rules{
		{Code: "order.product", Say: "该产品未上线或已暂停，不能订购", Plan: c, Holds: func(x *p.Ctx) error {
			_, pr, err := orderProduct(x)
			return p.Hold(pr.State == "published", err)
		}},
		{Code: "tariff.none", Say: "该产品没有已生效的收费标准，不能订购", Plan: plan.C("10.3.2"), Holds: func(x *p.Ctx) error {
			f, pr, err := orderProduct(x)
			if err != nil {
				return err
			}
			_, err = pricing.InForce(x.ReadTx, f.Product, pricing.ClassOf(pr.Benefit, f.SmallFirm), store.At(x.Now()))
			return err
		}},
		{Code: "order.period", Say: "有效期须从今天或以后开始，末日不早于起始日，且不超过授权运营协议的期满日", Plan: plan.C("8.1"), Holds: func(x *p.Ctx) error {
			f, pr, err := orderProduct(x)
			if err != nil {
				return err
			}
			var ends calendar.Date
			if err := x.Get(&ends, `SELECT ends FROM agreement WHERE id = $1`, pr.Agreement); err != nil {
				return err
			}
			return p.Hold(!f.To.Before(f.From) && !f.To.Before(x.Today()) && !f.To.After(ends), nil)
		}},
		{Code: "order.proof", Say: "享受小微企业优惠须附声明或证明材料", Plan: plan.C("10.3.2"), Holds: func(x *p.Ctx) error {
			f, pr, err := orderProduct(x)
			return p.Hold(!f.SmallFirm || pr.Benefit == "public" || f.Proof != "", err)
		}},
		filesThere(c, "proof"),
	}
	future := p.Rule{Code: "order.start", Say: "起始日不能早于今天", Plan: c, Holds: func(x *p.Ctx) error {
		f, err := p.Form[orderForm](x)
		return p.Hold(!f.From.Before(x.Today()), err)
	}}
	shown := p.Rule{Code: "order.terms", Say: "所接受的不是该产品现行的使用限制条件，请阅读现行文本后再接受", Plan: c, Holds: func(x *p.Ctx) error {
		_, pr, err := orderProduct(x)
		if err != nil {
			return err
		}
		in, err := p.Input[termsInput](x)
		return p.Hold(in.Terms == pr.TermsDigest, err)
	}}
	present := p.Rule{Code: "order.terms_changed", Say: "使用限制条件在使用方接受之后有变更，请退回由其重新接受", Plan: c, Holds: func(x *p.Ctx) error {
		_, pr, err := orderProduct(x)
		if err != nil {
			return err
		}
		a, err := order.Accepted(x.ReadTx, x.Case.No)
		return p.Hold(a.TermsDigest == pr.TermsDigest && a.Product == pr.ID, err)
	}}
	open := p.Effects{{Name: "open", Say: "订单生效，使用方可签发接口密钥；调用按收费标准计费", Plan: c, Run: func(x *p.Ctx) error {
		f, pr, err := orderProduct(x)
		if err != nil {
			return err
		}
		o, err := order.Open(x.W, order.Order{CustomerOrg: x.Case.Org, Product: pr.ID, CustomerClass: pricing.ClassOf(pr.Benefit, f.SmallFirm), Purpose: pr.Purpose,
			QuotaMonth: f.Quota, ValidFrom: f.From, ValidTo: f.To, CaseNo: x.Case.No})
		if err != nil {
			return err
		}
		return x.SetSubject(o.ID)
	}}}
	accept := append(append(p.Rules{}, orderable...), present)
	return &p.Procedure{ID: "p06_2f_order", Prefix: "DG", Title: "产品订购", Group: "产品与使用", Plan: c, Start: "draft",
		Form: p.FormOf[orderForm](
			p.Field{Name: "product", Label: "产品", Kind: p.Ref, Source: "products_published", Required: true, Plan: c},
			p.Field{Name: "use", Label: "具体用途", Kind: p.LongText, Required: true, Min: 5, Max: 2000, Plan: plan.C("6.3.5"), Help: "须在产品登记的用途之内"},
			p.Field{Name: "quota", Label: "每月调用配额", Unit: "次", Kind: p.Integer, Required: true, Min: 1, Max: 1_000_000_000, Plan: c},
			p.Field{Name: "from", Label: "起始日", Kind: p.Date, Required: true, Plan: c},
			p.Field{Name: "to", Label: "末日", Kind: p.Date, Required: true, Plan: plan.C("8.1")},
			p.Field{Name: "smallFirm", Label: "属于小微企业", Kind: p.Bool, Required: true, Plan: plan.C("10.3.2")},
			p.Field{Name: "proof", Label: "小微企业声明", Kind: p.File, Plan: plan.C("10.3.2"), Show: &p.When{Field: "smallFirm", In: []string{"true"}}}),
		Name: func(x *p.Ctx) (string, error) {
			f, err := p.Form[orderForm](x)
			if err != nil || f.Product == "" {
				return "", err
			}
			pr, err := productOf(x.ReadTx, f.Product)
			if errors.Is(err, store.ErrNotFound) {
				return "", nil
			}
			return "订购 " + pr.Name, err
		},
		Parties: []p.PartyRule{{Role: party.Operator, Find: func(x *p.Ctx) (string, error) {
			_, pr, err := orderProduct(x)
			return pr.OperatorOrg, err
		}}, {Role: party.Authority, Find: party.TenantOrg(party.Authority)}},
		Readers: []p.Role{party.Authority},
		States: p.Phases{
			{ID: "draft", Label: "草稿", Owes: party.Customer, Track: true},
			{ID: "submitted", Label: "待受理", Owes: party.Operator, Within: "order.accept", Track: true},
			{ID: "active", Label: "已生效", Track: true},
			{ID: "refused", Label: "未受理", Owes: party.Customer},
			{ID: "appealed", Label: "申诉处理中", Owes: party.Authority, Within: "fairness.appeal"},
			{ID: "ordered", Label: "责令受理", Owes: party.Operator, Within: "order.accept"},
			{ID: "upheld", Label: "维持不予受理", Final: true},
			{ID: "closed", Label: "已终止", Final: true},
			{ID: "withdrawn", Label: "已撤回", Final: true},
		},
		Steps: []p.Step{
			{Do: "submit", Label: "接受使用限制条件并提交", By: party.Customer, From: p.S("draft"), To: "submitted", Plan: c, Edits: true, Style: p.Primary,
				Input:   []p.Field{{Name: "terms", Label: "我单位已阅读并接受的使用限制条件", Kind: p.Ref, Source: "product_terms", Required: true, Plan: c, Help: "选择所订产品的现行文本，即表示接受其全部内容"}},
				Require: append(append(p.Rules{}, orderable...), future, shown),
				Then: p.Effects{{Name: "accept_terms", Say: "记录使用方接受的使用限制条件版本和摘要", Plan: c, Run: func(x *p.Ctx) error {
					_, pr, err := orderProduct(x)
					if err != nil {
						return err
					}
					return order.Accept(x.W, order.Acceptance{CaseNo: x.Case.No, Product: pr.ID, TermsVersion: pr.Version, TermsDigest: pr.TermsDigest, Person: x.Actor.Person})
				}}, bindFiles(c, "proof")}},
			{Do: "accept", Label: "受理", By: party.Operator, From: p.S("submitted", "ordered"), To: "active", Plan: c, Apart: p.Acts("submit"), Require: accept, Then: open, Style: p.Primary},
			{Do: "refuse", Label: "不予受理", By: party.Operator, From: p.S("submitted"), To: "refused", Plan: fair, Apart: p.Acts("submit"), Opinion: true, Style: p.Danger},
			p.ReturnTo("draft", party.Operator, c, "submitted", "ordered"),
			{Do: "appeal", Label: "向数据管理部门申诉", By: party.Customer, From: p.S("refused"), To: "appealed", Plan: fair, Opinion: true},
			{Do: "conclude", Label: "接受结果，结束", By: party.Customer, From: p.S("refused"), To: "withdrawn", Plan: c},
			{Do: "order", Label: "申诉成立，责令受理", By: party.Authority, From: p.S("appealed"), To: "ordered", Plan: fair, Apart: p.Acts("submit", "refuse"), Opinion: true, Numbered: true, Style: p.Primary},
			{Do: "uphold", Label: "申诉不成立，维持", By: party.Authority, From: p.S("appealed"), To: "upheld", Plan: fair, Apart: p.Acts("submit", "refuse"), Opinion: true, Numbered: true},
			{Do: "close", Label: "终止订单", By: party.Customer, From: p.S("active"), To: "closed", Plan: c, Opinion: true, Irrevocable: "该订单的全部密钥立即失效，已发生的调用照常结算", Style: p.Danger,
				Then: p.Effects{{Name: "close", Say: "订单终止，密钥失效", Plan: c, Run: func(x *p.Ctx) error { return order.Close(x.W, x.Case.No, x.Actor.Person) }}}},
			p.Withdraw("withdrawn", party.Customer, c, "draft", "submitted"),
		},
		Views:  []p.View{{Title: "价格与使用限制条件", Plan: c, Draw: orderTerms}},
		Papers: []p.Paper{{Kind: "refusal", Title: "不予受理通知", Plan: fair, In: p.S("refused", "appealed", "upheld"), Draw: refusalPaper}},
	}
}

// orderTerms shows what is asked to be accepted and what it costs, before anything is submitted.
func orderTerms(x *p.Ctx) (p.Section, error) {
	s := p.Section{Kind: "keyvalues", Title: "价格与使用限制条件", Clause: "1.7b"}
	f, pr, err := orderProduct(x)
	var ref *p.Refused
	if errors.As(err, &ref) {
		s.Note = ref.Message
		return s, nil
	}
	if err != nil {
		return s, err
	}
	class := pricing.ClassOf(pr.Benefit, f.SmallFirm)
	s.Items = []p.Item{{Label: "产品登记编码", Value: pr.Code}, {Label: "产品登记的用途", Value: pr.Purpose, Clause: "6.3.5"},
		{Label: "适用类别", Value: pricing.Label(pricing.Classes, class), Clause: "10.3.2"}}
	t, err := pricing.InForce(x.ReadTx, pr.ID, class, store.At(x.Now()))
	switch {
	case errors.As(err, &ref):
		s.Items = append(s.Items, p.Item{Label: "收费标准", Value: ref.Message, Clause: "10.3.2"})
	case err != nil:
		return s, err
	default:
		s.Items = append(s.Items, p.Item{Label: "收费标准", Value: fmt.Sprintf("%s 元／%s，备案号 %s", t.PriceFen, pricing.Label(pricing.Units, t.Unit), t.FilingNo), Clause: "10.3.2"})
	}
	s.Items = append(s.Items, p.Item{Label: fmt.Sprintf("使用限制条件（第 %d 版）", pr.Version), Value: pr.Terms, Clause: "1.7b"}, p.Item{Label: "文本摘要", Value: pr.TermsDigest})
	a, err := order.Accepted(x.ReadTx, x.Case.No)
	if err == nil {
		s.Items = append(s.Items, p.Item{Label: "已接受", Value: fmt.Sprintf("第 %d 版，%s，摘要 %s", a.TermsVersion, a.At.In(calendar.Shanghai).Format("2006-01-02 15:04"), a.TermsDigest), Clause: "1.7b"})
	} else if !errors.As(err, &ref) {
		return s, err
	}
	return s, nil
}

func refusalPaper(x *p.Ctx) (docs.Document, error) {
	_, pr, err := orderProduct(x)
	if err != nil {
		return docs.Document{}, err
	}
	var ev struct {
		Opinion, OrgName string
		At               store.Time
	}
	if err := x.Get(&ev, `SELECT opinion, org_name, at FROM case_event WHERE case_no = $1 AND action = 'refuse' ORDER BY n DESC LIMIT 1`, x.Case.No); err != nil {
		return docs.Document{}, err
	}
	customer, err := party.Get(x.ReadTx, x.Case.Org)
	if err != nil {
		return docs.Document{}, err
	}
	return docs.Document{Kind: docs.Statement, Number: x.Case.No, Title: "不予受理通知", Addressee: customer.Name, Blocks: []docs.Block{
		docs.P("贵单位关于“" + pr.Name + "”的订购申请，经核对不予受理。理由如下："), docs.P(ev.Opinion),
		docs.P("贵单位如有异议，可在本事项中向数据管理部门申诉。"),
		docs.Basis{Citations: []docs.Citation{{ID: "1.3b", Source: "《实施方案》"}}}, docs.Signature{Organ: ev.OrgName, Date: calendar.DateOf(ev.At.Time)}}}, nil
}
