package procedures

import (
	"errors"
	"slices"
	"strings"

	"pado/core/calendar"
	"pado/core/docs"
	p "pado/core/procedure"
	"pado/core/store"
	"pado/domain/development"
	"pado/domain/party"
	"pado/domain/permit"
	"pado/domain/product"
	"pado/domain/sandbox"
	"pado/plan"
)

// demandForm is a demand for data (数据需求): under which scenario, which information items and why
// each, what for, how long, how precise.
type demandForm struct {
	Scenario string        `json:"scenario"`
	Title    string        `json:"title"`
	Purpose  string        `json:"purpose"`
	Items    []demandItem  `json:"items"`
	From     calendar.Date `json:"from"`
	To       calendar.Date `json:"to"`
	Accuracy string        `json:"accuracy"`
	Members  []string      `json:"members"`
	Base     string        `json:"base"`
	Security string        `json:"security"`
}

type demandItem struct {
	Item   string   `json:"item"`
	Fields []string `json:"fields"`
	Reason string   `json:"reason"`
}

// Demand is 数据需求 of a developer (clause 6.3.2): the operator reviews it by the authorised catalogue
// and the safety rules; granted, the right and the project come in one transaction.
func Demand() *p.Procedure {
	return demand("p06_3b_demand", "XQ", "数据需求申请", party.Developer)
}

// DemandByOperator is the operator's own (clauses 1.7, 6.2.4): other persons review it, and the
// Authority decides.
func DemandByOperator() *p.Procedure {
	return demand("p06_3b_demand_op", "XY", "数据需求申请（运营机构）", party.Operator)
}

func demand(id, prefix, title string, by p.Role) *p.Procedure {
	c := plan.C("6.3.2")
	grant := p.Effects{{Name: "grant", Say: "授予使用许可并开通沙箱项目", Plan: c, Run: grantDemand}}
	apart := p.Acts("submit", "start")
	steps := []p.Step{
		{Do: "submit", Label: "提交", By: by, From: p.S("draft"), To: "review", Plan: c, Edits: true, Style: p.Primary, Require: demandRules(by)},
		{Do: "refuse", Label: "不同意", By: party.Operator, From: p.S("review"), To: "refused", Plan: c, Apart: apart, Opinion: true, Numbered: true, Style: p.Danger},
		{Do: "return", Label: "退回", By: party.Operator, From: p.S("review"), To: "draft", Plan: c, Apart: apart, Opinion: true, Return: true},
		p.Resume("escalate", "逾期转协调", "coordination", c, "review"),
		{Do: "grant_coordinated", Label: "协调同意", By: party.Authority, From: p.S("coordination"), To: "granted", Plan: c, Apart: apart, Opinion: true, Require: demandRules(by), Then: grant, Numbered: true, Style: p.Primary},
		{Do: "refuse_coordinated", Label: "协调不同意", By: party.Authority, From: p.S("coordination"), To: "refused", Plan: c, Apart: apart, Opinion: true, Numbered: true, Style: p.Danger},
		{Do: "remand", Label: "交运营机构办理", By: party.Authority, From: p.S("coordination"), To: "review", Plan: c, Opinion: true},
		p.Withdraw("withdrawn", by, c, "draft"),
	}
	if by == party.Operator {
		steps = append(steps, p.Step{Do: "endorse", Label: "审核同意，报数据管理部门", By: party.Operator, From: p.S("review"), To: "coordination", Plan: c, Apart: apart, Require: demandRules(by), Style: p.Primary})
	} else {
		steps = append(steps, p.Step{Do: "grant", Label: "同意", By: party.Operator, From: p.S("review"), To: "granted", Plan: c, Apart: apart, Require: demandRules(by), Then: grant, Numbered: true,
			Style: p.Primary, Irrevocable: "许可即时生效，项目随之开通"},
			p.Step{Do: "refer", Label: "提请协调", By: party.Operator, From: p.S("review"), To: "coordination", Plan: c, Apart: apart, Opinion: true})
	}
	return &p.Procedure{ID: id, Prefix: prefix, Title: title, Group: "开发利用", Plan: c, Start: "draft",
		Form: p.FormOf[demandForm](
			p.Field{Name: "scenario", Label: "应用场景", Kind: p.Ref, Source: "scenarios", Required: true, Plan: c, Help: "须已论证通过"},
			p.Field{Name: "title", Label: "需求名称", Kind: p.Text, Required: true, Max: 60, Plan: c},
			p.Field{Name: "purpose", Label: "用途", Kind: p.Ref, Source: "purposes", Required: true, Plan: plan.C("9.2"), Help: "须与产品清单载明的用途一致"},
			p.Field{Name: "items", Label: "申请的信息项", Kind: p.Table, Required: true, Plan: plan.C("10.5.2"), Rows: []p.Field{
				{Name: "item", Label: "目录项", Kind: p.Ref, Source: "catalogue_authorisable", Required: true, Plan: c},
				{Name: "fields", Label: "信息项", Kind: p.Refs, Source: "catalogue_fields", Required: true, Plan: plan.C("10.5.2")},
				{Name: "reason", Label: "必要性", Kind: p.LongText, Required: true, Max: 1000, Plan: plan.C("10.5.2")}}},
			p.Field{Name: "from", Label: "使用期限自", Kind: p.Date, Required: true, Plan: c},
			p.Field{Name: "to", Label: "使用期限至", Kind: p.Date, Required: true, Plan: c},
			p.Field{Name: "accuracy", Label: "希望的精度", Kind: p.Text, Plan: plan.C("6.3.3"), Help: "例如：计数的标准差不超过 50"},
			p.Field{Name: "members", Label: "项目成员", Kind: p.Refs, Source: "colleagues", Plan: plan.C("6.3.3"), Help: "申请人总是项目成员"},
			p.Field{Name: "base", Label: "在哪一产品上再开发", Kind: p.Ref, Source: "products", Plan: plan.C("1.7"), Help: "不是再开发的留空"},
			p.Field{Name: "security", Label: "安全措施", Kind: p.LongText, Required: true, Max: 4000, Plan: plan.C("11.4")}),
		Name: func(c *p.Ctx) (string, error) { f, err := p.Form[demandForm](c); return f.Title, err },
		States: p.Phases{
			{ID: "draft", Label: "填写", Owes: by, Track: true},
			{ID: "review", Label: "运营机构审核", Owes: party.Operator, Within: "demand.review", Else: "escalate", Track: true},
			{ID: "coordination", Label: "数据管理部门协调", Owes: party.Authority, Within: "demand.coordination", Track: by == party.Operator},
			{ID: "granted", Label: "已同意", Final: true, Track: true},
			{ID: "refused", Label: "不同意", Final: true}, {ID: "withdrawn", Label: "已撤回", Final: true}},
		Steps:   steps,
		Parties: []p.PartyRule{{Role: party.Operator, Find: operatorOfItem(demandListItem)}, {Role: party.Authority, Find: party.TenantOrg(party.Authority)}},
		Readers: []p.Role{party.Authority},
		Views: []p.View{{Title: "与授权目录比对", Plan: plan.C("9.2"), In: p.S("draft", "review", "coordination"), Draw: demandCatalogue},
			{Title: "项目额度", Plan: plan.C("6.3.3"), In: p.S("granted"), Draw: func(c *p.Ctx) (p.Section, error) { return sandbox.BudgetSection(c.ReadTx, c.Case.Subject) }}},
		Papers: []p.Paper{{Kind: "decision", Title: "数据使用许可决定", Plan: c, In: p.S("granted", "refused"), Draw: demandDecision}},
	}
}

// demandListItem is the product of the list behind the scenario the form names.
func demandListItem(c *p.Ctx) (string, error) {
	f, err := p.Form[demandForm](c)
	if err != nil || f.Scenario == "" {
		return "", err
	}
	s, err := development.ScenarioByID(c.ReadTx, f.Scenario)
	return s.ListItem, ignore(err)
}

// demanded joins what the rules of a demand need.
type demanded struct {
	form      demandForm
	scenario  development.Scenario
	item      development.ListItem
	agreement string
	operator  string
}

func readDemand(c *p.Ctx) (d demanded, err error) {
	if d.form, err = p.Form[demandForm](c); err != nil {
		return d, err
	}
	if d.scenario, err = development.ScenarioByID(c.ReadTx, d.form.Scenario); err != nil {
		return d, missing(err)
	}
	d.item, d.agreement, d.operator, err = development.ItemByID(c.ReadTx, d.scenario.ListItem)
	return d, missing(err)
}

// demandRules are asked at the submission and again at every decision: what was true may have
// ended meanwhile.
func demandRules(by p.Role) p.Rules {
	c := plan.C("6.3.2")
	rule := func(code, say string, clause plan.Clause, f func(*p.Ctx, demanded) error) p.Rule {
		return p.Rule{Code: code, Say: say, Plan: clause, Holds: func(c *p.Ctx) error {
			d, err := readDemand(c)
			if err != nil {
				return err
			}
			return f(c, d)
		}}
	}
	return p.Rules{
		rule("demand.scenario", "须凭论证通过、其产品仍在清单中的场景申请数据", c, func(_ *p.Ctx, d demanded) error { return p.Hold(d.scenario.State == "justified", nil) }),
		rule("demand.operator", "运营机构只能就本单位的产品清单申请数据", plan.C("6.2.4"), func(c *p.Ctx, d demanded) error {
			return p.Hold(by != party.Operator || d.operator == c.Case.Org, nil)
		}),
		rule("demand.agreement", "运营机构没有生效中的授权运营协议", plan.C("5.3"), func(c *p.Ctx, d demanded) error { return p.Hold(agreementInForce(c, d.agreement)) }),
		rule("demand.list", "场景对应的产品不在已备案公开的清单中", plan.C("9.2"), func(c *p.Ctx, d demanded) error { return p.Hold(listed(c, d.item.ID, d.agreement)) }),
		rule("demand.purpose", "用途须与产品清单载明的用途一致", plan.C("9.2"), func(_ *p.Ctx, d demanded) error { return p.Hold(d.form.Purpose == d.item.Purpose, nil) }),
		rule("demand.fields", "申请的信息项超出产品清单载明的数据范围", plan.C("9.2"), func(_ *p.Ctx, d demanded) error {
			seen := map[string]bool{}
			for _, want := range d.form.Items {
				if seen[want.Item] {
					return p.Refuse("demand.fields", plan.C("9.2"), "同一目录项只能申请一次，请合并信息项")
				}
				seen[want.Item] = true
				at := slices.IndexFunc(d.item.Items, func(s development.Source) bool { return s.Item == want.Item })
				if at < 0 {
					return p.ErrFails
				}
				for _, f := range want.Fields {
					if !slices.Contains(d.item.Items[at].Fields, f) {
						return p.Refuse("demand.fields", plan.C("9.2"), "信息项“%s”超出产品清单载明的数据范围", f)
					}
				}
			}
			return nil
		}),
		rule("demand.period", "使用期限的止日不得早于起日和今天，且不得超过规定的最长期限", c, func(c *p.Ctx, d demanded) error {
			months, err := c.Days("grant.max_months")
			if err != nil {
				return err
			}
			f := d.form
			return p.Hold(!f.To.Before(f.From) && !f.To.Before(c.Today()) && f.To.Before(f.From.AddMonths(months)), nil)
		}),
		rule("demand.members", "项目成员须是本单位在岗的人员", plan.C("6.3.3"), func(c *p.Ctx, d demanded) error {
			for _, m := range d.form.Members {
				if ok, err := party.Holds(c.ReadTx, m, c.Case.Org, by); err != nil || !ok {
					return p.Hold(false, err)
				}
			}
			return nil
		}),
		rule("demand.redevelop", "运营机构及其关联方不得对已交付的产品再开发", plan.C("1.7"), func(c *p.Ctx, d demanded) error {
			if d.form.Base == "" {
				return nil
			}
			base, err := product.ByID(c.ReadTx, d.form.Base)
			if err != nil {
				return missing(err)
			}
			if by == party.Operator {
				return p.ErrFails
			}
			for _, operator := range []string{base.OperatorOrg, d.operator} {
				if related, err := party.Related(c.ReadTx, c.Case.Org, operator); err != nil || related {
					return p.Hold(false, err)
				}
			}
			return nil
		}),
	}
}

// grantDemand makes the right, the project and its budget (clause 6.3.2), or nothing.
func grantDemand(c *p.Ctx) error {
	d, err := readDemand(c)
	if err != nil {
		return err
	}
	f := d.form
	terms := permit.Terms{DemandCase: c.Case.No, Agreement: d.agreement, Org: c.Case.Org, Scenario: d.scenario.ID, Purpose: f.Purpose, First: f.From, Last: f.To, By: c.Actor.Person}
	for _, it := range f.Items {
		terms.Items = append(terms.Items, permit.GrantItem{Item: it.Item, Fields: it.Fields})
	}
	grant, err := permit.Grant(c.W, terms)
	if err != nil {
		return err
	}
	n, err := sandbox.NumbersFrom(c.Param)
	if err != nil {
		return err
	}
	members := []string{c.Case.Person}
	for _, m := range f.Members {
		if !slices.Contains(members, m) {
			members = append(members, m)
		}
	}
	project, err := sandbox.OpenProject(c.W, sandbox.Opening{Title: f.Title, Org: c.Case.Org, OperatorOrg: d.operator, Division: c.Case.Tenant, Grant: grant, Scenario: d.scenario.ID,
		ListItem: d.item.ID, Purpose: f.Purpose, First: f.From, Last: f.To, Members: members, Numbers: n, CaseNo: c.Case.No, By: c.Actor.Person})
	if err != nil {
		return err
	}
	if err := (development.Demand{CaseNo: c.Case.No, Title: f.Title, Org: c.Case.Org, OperatorOrg: d.operator, Division: c.Case.Tenant, Scenario: d.scenario.ID, ListItem: d.item.ID,
		GrantID: grant, Project: project.No, BaseProduct: f.Base, DocNo: c.DocNo}).Enter(c.W); err != nil {
		return err
	}
	return c.SetSubject(project.No)
}

// demandCatalogue compares every information item asked for with the authorised catalogue.
func demandCatalogue(c *p.Ctx) (p.Section, error) {
	s := p.Section{Kind: "table", Columns: []p.Column{{Key: "item", Label: "目录项", Kind: "text", Primary: true}, {Key: "field", Label: "信息项", Kind: "text"},
		{Key: "personal", Label: "个人信息", Kind: "tag"}, {Key: "scope", Label: "授权目录", Kind: "tag"}, {Key: "list", Label: "产品清单", Kind: "tag"}, {Key: "reason", Label: "必要性", Kind: "text"}}}
	d, err := readDemand(c)
	if errors.Is(err, p.ErrFails) || len(d.form.Items) == 0 {
		return p.Section{}, nil
	}
	if err != nil {
		return s, err
	}
	for _, it := range d.form.Items {
		title := it.Item
		if err := ignore(c.Get(&title, `SELECT title FROM catalogue_item WHERE id = $1`, it.Item)); err != nil {
			return s, err
		}
		for _, f := range it.Fields {
			in, err := c.Exists(`SELECT 1 FROM permit_scope WHERE agreement = $1 AND item = $2 AND (field = $3 OR field = '*') AND valid_from <= $4 AND valid_to > $4`, d.agreement, it.Item, f, store.At(c.Now()))
			if err != nil {
				return s, err
			}
			personal, err := c.Exists(`SELECT 1 FROM catalogue_field WHERE item = $1 AND name = $2 AND personal = $3`, it.Item, f, true)
			if err != nil {
				return s, err
			}
			onList := slices.ContainsFunc(d.item.Items, func(x development.Source) bool { return x.Item == it.Item && slices.Contains(x.Fields, f) })
			s.Rows = append(s.Rows, map[string]any{"item": title, "field": f, "personal": verdict(personal), "scope": verdict(in), "list": verdict(onList), "reason": it.Reason})
		}
	}
	return s, nil
}

func demandDecision(c *p.Ctx) (docs.Document, error) {
	f, err := p.Form[demandForm](c)
	if err != nil {
		return docs.Document{}, err
	}
	title := "关于数据需求“" + f.Title + "”的决定"
	d, err := paperOf(c, docs.Decision, title, "grant", "grant_coordinated", "refuse", "refuse_coordinated")
	if err != nil {
		return d.Document, err
	}
	if d.Addressee, err = named(c, c.Case.Org); err != nil {
		return d.Document, err
	}
	if c.Case.State != "granted" {
		d.Blocks = append(d.Blocks, docs.P("你单位提出的数据需求“"+f.Title+"”，经审核，不予同意。理由见办理意见。"), docs.Basis{Citations: []docs.Citation{{ID: "6.3.2"}}})
		return d.sealed(), nil
	}
	project, err := sandbox.ByNo(c.ReadTx, c.Case.Subject)
	if err != nil {
		return d.Document, err
	}
	d.Blocks = append(d.Blocks, docs.P("你单位提出的数据需求“"+f.Title+"”，经审核，同意在下列范围内使用。"),
		docs.KeyValues{Pairs: []docs.Pair{{Key: "使用许可编号", Value: project.GrantID}, {Key: "沙箱项目编号", Value: project.No}, {Key: "用途", Value: f.Purpose},
			{Key: "期限", Value: f.From.Chinese() + "至" + f.To.Chinese()}}})
	t := docs.Table{Columns: []docs.Column{{Title: "目录项"}, {Title: "信息项"}, {Title: "必要性"}}}
	for _, it := range f.Items {
		title := it.Item
		if err := ignore(c.Get(&title, `SELECT title FROM catalogue_item WHERE id = $1`, it.Item)); err != nil {
			return d.Document, err
		}
		t.Rows = append(t.Rows, []string{title, strings.Join(it.Fields, "、"), it.Reason})
	}
	d.Blocks = append(d.Blocks, t, docs.P("许可不等于取得数据：每次使用时，平台都核对协议、目录、用途和期限，任一不符即予拒绝；数据只在安全沙箱内使用，成果经出域审查后方可离开。"),
		docs.Basis{Citations: []docs.Citation{{ID: "6.3.2"}, {ID: "6.3.3"}, {ID: "9.2"}}})
	return d.sealed(), nil
}
