package procedures

import (
	"fmt"

	"pado/core/docs"
	p "pado/core/procedure"
	"pado/domain/development"
	"pado/domain/party"
	"pado/plan"
)

// scenarioForm is an application scenario as it is proposed.
type scenarioForm struct {
	Title      string `json:"title"`
	ListItem   string `json:"listItem"`
	Regulator  string `json:"regulator"`
	Summary    string `json:"summary"`
	Lawfulness string `json:"lawfulness"`
	Necessity  string `json:"necessity"`
	Security   string `json:"security"`
}

// opinionInput is what a body of the panel says.
type opinionInput struct {
	Lawful    bool   `json:"lawful"`
	Necessary bool   `json:"necessary"`
	Secure    bool   `json:"secure"`
	Say       string `json:"say"`
}

type benefitInput struct {
	Benefit string `json:"benefit"`
}

// Scenario is 应用场景 proposed by a developer (clause 6.3.1): the operator's first review, then the
// justification in which the Authority and the industry regulator must both have spoken.
func Scenario() *p.Procedure {
	return scenario("p06_3a_scenario", "CJ", "应用场景论证", party.Developer)
}

// ScenarioByOperator is the same proposed by the operator (clauses 1.7, 6.3.1): its first review is
// done by other persons, and the case goes on to the Authority all the same.
func ScenarioByOperator() *p.Procedure {
	return scenario("p06_3a_scenario_op", "CY", "应用场景论证（运营机构提出）", party.Operator)
}

func scenario(id, prefix, title string, by p.Role) *p.Procedure {
	c := plan.C("6.3.1")
	item := func(c *p.Ctx) (string, error) { f, err := p.Form[scenarioForm](c); return f.ListItem, err }
	opinion := []p.Field{{Name: "lawful", Label: "是否合法", Kind: p.Bool, Required: true, Plan: c}, {Name: "necessary", Label: "是否必要", Kind: p.Bool, Required: true, Plan: c},
		{Name: "secure", Label: "安全措施是否适当", Kind: p.Bool, Required: true, Plan: c}, {Name: "say", Label: "论证意见", Kind: p.LongText, Required: true, Max: 2000, Plan: c}}
	complete := p.Rule{Code: "scenario.panel", Say: "数据管理部门和行业主管部门须都已对现在的内容发表论证意见", Plan: c, Holds: func(c *p.Ctx) error {
		_, n, err := panel(c)
		return p.Hold(n == 2, err)
	}}
	agree := p.Rule{Code: "scenario.agree", Say: "有论证意见认为不合法、不必要或者安全措施不适当，不能论证通过", Plan: c, Holds: func(c *p.Ctx) error {
		all, _, err := panel(c)
		for _, o := range all {
			if !o.Agrees() {
				return p.Hold(false, err)
			}
		}
		return err
	}}
	onList := p.Rule{Code: "scenario.list", Say: "场景须对应已备案公开的产品清单中的产品", Plan: plan.C("9.2"), Holds: func(c *p.Ctx) error {
		f, err := p.Form[scenarioForm](c)
		if err != nil {
			return err
		}
		_, agreement, operator, err := development.ItemByID(c.ReadTx, f.ListItem)
		if err != nil {
			return missing(err)
		}
		if by == party.Operator && operator != c.Case.Org {
			return p.Refuse("scenario.list", plan.C("9.2"), "只能就本单位清单中的产品提出场景")
		}
		return p.Hold(listed(c, f.ListItem, agreement))
	}}
	return &p.Procedure{ID: id, Prefix: prefix, Title: title, Group: "开发利用", Plan: c, Start: "draft",
		Form: p.FormOf[scenarioForm](
			p.Field{Name: "title", Label: "场景名称", Kind: p.Text, Required: true, Max: 60, Plan: c},
			p.Field{Name: "listItem", Label: "产品清单中的产品", Kind: p.Ref, Source: "listed_products", Required: true, Plan: plan.C("9.2")},
			p.Field{Name: "regulator", Label: "行业主管部门", Kind: p.Ref, Source: "regulators", Required: true, Plan: c},
			p.Field{Name: "summary", Label: "场景说明", Kind: p.LongText, Required: true, Min: 10, Max: 4000, Plan: c},
			p.Field{Name: "lawfulness", Label: "合法性说明", Kind: p.LongText, Required: true, Max: 4000, Plan: c},
			p.Field{Name: "necessity", Label: "必要性说明", Kind: p.LongText, Required: true, Max: 4000, Plan: c},
			p.Field{Name: "security", Label: "安全措施", Kind: p.LongText, Required: true, Max: 4000, Plan: plan.C("10.5.2")}),
		Name: func(c *p.Ctx) (string, error) { f, err := p.Form[scenarioForm](c); return f.Title, err },
		States: p.Phases{
			{ID: "draft", Label: "填写", Owes: by, Track: true},
			{ID: "review", Label: "运营机构初审", Owes: party.Operator, Within: "scenario.review", Track: true},
			{ID: "opinion", Label: "行业主管部门论证", Owes: party.Regulator, Within: "scenario.justify", Track: true},
			{ID: "justification", Label: "数据管理部门论证", Owes: party.Authority, Within: "scenario.justify", Track: true},
			{ID: "justified", Label: "论证通过", Final: true, Track: true},
			{ID: "refused", Label: "未通过", Final: true}, {ID: "withdrawn", Label: "已撤回", Final: true}},
		Steps: []p.Step{
			{Do: "submit", Label: "提交", By: by, From: p.S("draft"), To: "review", Plan: c, Edits: true, Style: p.Primary,
				Require: p.Rules{onList, {Code: "scenario.regulator", Say: "所选单位不是行业主管部门", Plan: c, Holds: func(c *p.Ctx) error {
					f, err := p.Form[scenarioForm](c)
					if err != nil {
						return err
					}
					return p.Hold(party.HasRole(c.ReadTx, f.Regulator, party.Regulator))
				}}}},
			{Do: "accept", Label: "初审同意", By: party.Operator, From: p.S("review"), To: "opinion", Plan: c, Apart: p.Acts("submit", "start"), Style: p.Primary, Require: p.Rules{onList}},
			{Do: "decline", Label: "初审不同意", By: party.Operator, From: p.S("review"), To: "refused", Plan: c, Apart: p.Acts("submit", "start"), Opinion: true, Style: p.Danger},
			{Do: "return", Label: "退回", By: party.Operator, From: p.S("review"), To: "draft", Plan: c, Apart: p.Acts("submit", "start"), Opinion: true, Return: true},
			{Do: "opine", Label: "发表论证意见", By: party.Regulator, From: p.S("opinion"), To: "justification", Plan: c, Input: opinion, Style: p.Primary,
				Then: p.Effects{opine(development.BodyRegulator)}},
			{Do: "reopine", Label: "修改论证意见", By: party.Regulator, From: p.S("justification"), To: "justification", Plan: c, Input: opinion, Then: p.Effects{opine(development.BodyRegulator)}},
			{Do: "opine_authority", Label: "发表论证意见", By: party.Authority, From: p.S("justification"), To: "justification", Plan: c, Input: opinion,
				Then: p.Effects{opine(development.BodyAuthority)}},
			{Do: "justify", Label: "论证通过", By: party.Authority, From: p.S("justification"), To: "justified", Plan: c, Numbered: true, Style: p.Primary,
				Input:   []p.Field{{Name: "benefit", Label: "场景类别", Kind: p.Choice, Options: development.Benefits, Required: true, Plan: plan.C("10.2.1"), Help: "此后的需求、产品和收费沿用，不得自行申报"}},
				Require: p.Rules{complete, agree, onList}, Irrevocable: "论证通过后类别即确定，由产品和收费沿用",
				Then: p.Effects{{Name: "justify_scenario", Say: "场景列入台账并确定类别", Plan: c, Run: justifyScenario}}},
			{Do: "refuse", Label: "论证不通过", By: party.Authority, From: p.S("justification"), To: "refused", Plan: c, Opinion: true, Require: p.Rules{complete}, Numbered: true, Style: p.Danger},
			{Do: "send_back", Label: "退回", By: party.Authority, From: p.S("justification"), To: "draft", Plan: c, Opinion: true, Return: true},
			p.Withdraw("withdrawn", by, c, "draft"),
		},
		Parties: []p.PartyRule{{Role: party.Operator, Find: operatorOfItem(item)}, {Role: party.Regulator, Find: party.FormOrg("regulator")},
			{Role: party.Authority, Find: party.TenantOrg(party.Authority)}},
		Readers: []p.Role{party.Authority},
		Views:   []p.View{{Title: "论证意见", Plan: c, Draw: panelView}},
		Papers:  []p.Paper{{Kind: "decision", Title: "应用场景论证意见", Plan: c, In: p.S("justified", "refused"), Draw: scenarioDecision}},
	}
}

func opine(body string) p.Effect {
	return p.Effect{Name: "opine_" + body, Say: "计入论证意见", Plan: plan.C("6.3.1"), Run: func(c *p.Ctx) error {
		in, err := p.Input[opinionInput](c)
		if err != nil {
			return err
		}
		return development.Opine(c.W, development.Opinion{CaseNo: c.Case.No, Body: body, Org: c.Desk.Org, Person: c.Actor.Person, Lawful: in.Lawful, Necessary: in.Necessary,
			Secure: in.Secure, Say: in.Say, Digest: formDigest(c)})
	}}
}

// panel returns the opinions on the present text and how many bodies have given one.
func panel(c *p.Ctx) ([]development.Opinion, int, error) {
	all, err := development.Opinions(c.ReadTx, c.Case.No)
	var out []development.Opinion
	bodies := map[string]bool{}
	for _, o := range all {
		if o.Digest == formDigest(c) {
			out = append(out, o)
			bodies[o.Body] = true
		}
	}
	return out, len(bodies), err
}

func justifyScenario(c *p.Ctx) error {
	f, err := p.Form[scenarioForm](c)
	if err != nil {
		return err
	}
	in, err := p.Input[benefitInput](c)
	if err != nil {
		return err
	}
	operator, err := c.Party(party.Operator)
	if err != nil {
		return err
	}
	s, err := development.Justify(c.W, development.Scenario{Title: f.Title, ProposerOrg: c.Case.Org, OperatorOrg: operator, Division: c.Case.Tenant, ListItem: f.ListItem,
		Benefit: in.Benefit, Regulator: f.Regulator, Digest: formDigest(c), DocNo: c.DocNo, CaseNo: c.Case.No}, c.Actor.Person)
	if err != nil {
		return err
	}
	return c.SetSubject(s.ID)
}

var bodies = map[string]string{development.BodyAuthority: "数据管理部门", development.BodyRegulator: "行业主管部门"}

func panelView(c *p.Ctx) (p.Section, error) {
	s := p.Section{Kind: "table", Columns: []p.Column{{Key: "body", Label: "论证方", Kind: "tag"}, {Key: "org", Label: "单位", Kind: "text", Primary: true}, {Key: "lawful", Label: "合法", Kind: "tag"},
		{Key: "necessary", Label: "必要", Kind: "tag"}, {Key: "secure", Label: "安全", Kind: "tag"}, {Key: "say", Label: "意见", Kind: "text"}, {Key: "at", Label: "时间", Kind: "datetime"}}}
	all, _, err := panel(c)
	if err != nil || len(all) == 0 {
		return p.Section{}, err
	}
	for _, o := range all {
		name, err := named(c, o.Org)
		if err != nil {
			return s, err
		}
		s.Rows = append(s.Rows, map[string]any{"body": bodies[o.Body], "org": name, "lawful": verdict(o.Lawful), "necessary": verdict(o.Necessary), "secure": verdict(o.Secure), "say": o.Say, "at": o.At})
	}
	return s, nil
}

func verdict(ok bool) string {
	if ok {
		return "是"
	}
	return "否"
}

func scenarioDecision(c *p.Ctx) (docs.Document, error) {
	f, err := p.Form[scenarioForm](c)
	if err != nil {
		return docs.Document{}, err
	}
	title := "关于应用场景“" + f.Title + "”的论证意见"
	d, err := paperOf(c, docs.Decision, title, "justify", "refuse", "decline")
	if err != nil {
		return d.Document, err
	}
	if d.Addressee, err = named(c, c.Case.Org); err != nil {
		return d.Document, err
	}
	result := "未通过论证"
	if c.Case.State == "justified" {
		s, err := development.ScenarioByID(c.ReadTx, c.Case.Subject)
		if err != nil {
			return d.Document, err
		}
		result = "通过论证，类别为" + development.Label(development.Benefits, s.Benefit)
	}
	d.Blocks = append(d.Blocks, docs.P(fmt.Sprintf("你单位提出的应用场景“%s”，经数据管理部门会同行业主管部门论证，%s。", f.Title, result)))
	all, _, err := panel(c)
	if err != nil {
		return d.Document, err
	}
	t := docs.Table{Columns: []docs.Column{{Title: "论证方"}, {Title: "合法"}, {Title: "必要"}, {Title: "安全"}, {Title: "意见"}}}
	for _, o := range all {
		t.Rows = append(t.Rows, []string{bodies[o.Body], verdict(o.Lawful), verdict(o.Necessary), verdict(o.Secure), o.Say})
	}
	if len(t.Rows) > 0 {
		d.Blocks = append(d.Blocks, t)
	}
	d.Blocks = append(d.Blocks, docs.Basis{Citations: []docs.Citation{{ID: "6.3.1"}}})
	return d.sealed(), nil
}
