package procedures

import (
	"pado/core/calendar"
	"pado/core/docs"
	"pado/core/procedure"
	"pado/domain/agreement"
	"pado/domain/party"
	"pado/plan"
)

type mandateForm struct {
	Title     string        `json:"title"`
	Scope     string        `json:"scope"`
	Mode      string        `json:"mode"`
	ValidFrom calendar.Date `json:"validFrom"`
	ValidTo   calendar.Date `json:"validTo"`
	Draft     string        `json:"draft"`
}

type decisionInput struct {
	DocNo     string        `json:"docNo"`
	DecidedOn calendar.Date `json:"decidedOn"`
	DecidedBy string        `json:"decidedBy"`  // backfill only
	Decision  string        `json:"decisionNo"` // backfill only
}

// P05Mandate is 授权依据: the authority drafts, the government authorises it (clause 5.0). Without a
// mandate in force no scheme, call or agreement can begin.
func P05Mandate() *procedure.Procedure {
	c := plan.C("5.0")
	return &procedure.Procedure{ID: "p05_mandate", Prefix: "YJ", Title: "授权依据", Group: "授权管理", Plan: c, Start: "draft",
		Name: func(c *procedure.Ctx) (string, error) {
			f, err := procedure.Form[mandateForm](c)
			return f.Title, err
		},
		Form: procedure.FormOf[mandateForm](
			procedure.Field{Name: "title", Label: "授权文件标题", Kind: procedure.Text, Required: true, Plan: c},
			procedure.Field{Name: "scope", Label: "授权范围和职责", Kind: procedure.LongText, Required: true, Min: 5, Plan: c, Help: "政府授权数据管理部门做什么、管哪些数据"},
			procedure.Field{Name: "mode", Label: "授权模式", Kind: procedure.Choice, Options: modeOptions(), Required: true, Plan: plan.C("5.1")},
			procedure.Field{Name: "validFrom", Label: "生效日", Kind: procedure.Date, Required: true, Plan: c},
			procedure.Field{Name: "validTo", Label: "末日", Kind: procedure.Date, Plan: c, Help: "留空表示至撤销或被取代时止"},
			procedure.Field{Name: "draft", Label: "授权文件代拟稿或扫描件", Kind: procedure.File, Required: true, Plan: c}),
		States: procedure.Phases{
			{ID: "draft", Label: "起草", Owes: party.Authority, Track: true},
			{ID: "decision", Label: "待政府决定", Owes: party.Government, Track: true},
			{ID: "in_force", Label: "已生效", Final: true, Track: true},
			{ID: "refused", Label: "未予授权", Final: true},
			{ID: "withdrawn", Label: "已撤回", Final: true},
		},
		Parties: []procedure.PartyRule{{Role: party.Government, Find: party.TenantOrg(party.Government)}},
		Readers: basisReaders,
		Notices: []procedure.Notice{{Kind: "公开", In: procedure.S("in_force"), Fields: []string{"scope", "mode", "validFrom", "validTo"}, Plan: plan.C("10.7.2"), Papers: []string{"mandate"}}},
		Steps: []procedure.Step{
			{Do: "submit", Label: "报请政府授权", By: party.Authority, From: procedure.S("draft"), To: "decision", Plan: c, Edits: true, Style: procedure.Primary,
				Require: procedure.Rules{mandateDates, mandateMode, filesThere(c, "draft")}, Then: procedure.Effects{bindFiles(c, "draft")}},
			{Do: "pass", Label: "审议通过，予以授权", By: party.Government, From: procedure.S("decision"), To: "in_force", Plan: c, Style: procedure.Primary, Numbered: true,
				Input: decisionFields(c), Require: procedure.Rules{evidenceAttached(c), mandateMode}, Then: procedure.Effects{issueMandate}},
			{Do: "refuse", Label: "不予授权", By: party.Government, From: procedure.S("decision"), To: "refused", Plan: c, Opinion: true, Style: procedure.Danger},
			procedure.ReturnTo("draft", party.Government, c, "decision"),
			procedure.Withdraw("withdrawn", party.Authority, c, "draft", "decision"),
			{Do: "backfill", Label: "补录已有的授权", By: party.Authority, From: procedure.S("draft"), To: "in_force", Plan: c, Edits: true, Backfill: true,
				Require: procedure.Rules{mandateDates, mandateMode, decisionNumbered(c), filesThere(c, "draft")}, Then: procedure.Effects{bindFiles(c, "draft"), issueMandate}},
		},
		Papers: []procedure.Paper{{Kind: "mandate", Title: "授权决定", Plan: c, In: procedure.S("in_force"), Draw: mandatePaper}},
	}
}

// basisReaders may read what authorised operation rests on, within their division.
var basisReaders = []procedure.Role{party.Authority, party.Government, party.Pricing, party.Treasury, party.Auditor, party.Discipline}

func modeOptions() []procedure.Option {
	var out []procedure.Option
	for _, m := range agreement.Modes {
		out = append(out, procedure.Option{Value: m.Value, Label: m.Label})
	}
	return out
}

// decisionFields are what a decision of the government is recorded with.
func decisionFields(c plan.Clause) []procedure.Field {
	return []procedure.Field{{Name: "docNo", Label: "文号", Kind: procedure.Text, Max: 60, Plan: c, Help: "留空则按本机关代字编号"},
		{Name: "decidedOn", Label: "决定日期", Kind: procedure.Date, Required: true, Plan: c}}
}

var mandateDates = procedure.Rule{Code: "mandate.dates", Say: "末日不得早于生效日", Plan: plan.C("5.0"), Holds: func(c *procedure.Ctx) error {
	f, err := procedure.Form[mandateForm](c)
	return procedure.Hold(f.ValidTo.IsZero() || !f.ValidTo.Before(f.ValidFrom), err)
}}

var mandateMode = modeRule("mandate.mode", func(c *procedure.Ctx) (string, error) {
	f, err := procedure.Form[mandateForm](c)
	return f.Mode, err
})

// modeRule: the mode of a form is the one the city has decided on.
func modeRule(code string, mode func(*procedure.Ctx) (string, error)) procedure.Rule {
	return procedure.Rule{Code: code, Say: "授权模式与本市确定的模式不一致", Plan: plan.C("5.1"), Holds: func(c *procedure.Ctx) error {
		m, err := mode(c)
		if err != nil {
			return err
		}
		return modeFits(c, m)
	}}
}

// modeFits compares a mode with the one the city has decided on.
func modeFits(c *procedure.Ctx, mode string) error {
	v, err := c.Param("agreement.mode")
	if err != nil {
		return err
	}
	want, err := v.Text()
	if err != nil {
		return err
	}
	if mode != want {
		return procedure.Refuse("", plan.C("5.1"), "本市确定的授权模式为%s，所填为%s", agreement.ModeLabel(want), agreement.ModeLabel(mode))
	}
	return nil
}

// issueMandate puts the mandate on record and supersedes the one before.
var issueMandate = procedure.Effect{Name: "issue", Say: "授权依据登记生效，此前的授权依据由其取代", Plan: plan.C("5.0"), Run: func(c *procedure.Ctx) error {
	f, err := procedure.Form[mandateForm](c)
	if err != nil {
		return err
	}
	d, err := decided(c)
	if err != nil {
		return err
	}
	gov, err := party.TenantOrg(party.Government)(c)
	if err != nil {
		return err
	}
	evidence, err := evidenceOf(c)
	if err != nil {
		return err
	}
	m, err := agreement.Issue(c.W, agreement.Mandate{Division: c.Case.Tenant, GovernmentOrg: gov, AuthorityOrg: c.Case.Org, DocNo: d.No, Title: f.Title, Scope: f.Scope,
		Mode: f.Mode, Issued: d.On, ValidFrom: f.ValidFrom, ValidTo: f.ValidTo, Evidence: evidence, Backfill: c.Step.Backfill, CaseNo: c.Case.No}, c.Actor.Person)
	if err != nil {
		return err
	}
	return c.SetSubject(m.ID)
}}

func mandatePaper(c *procedure.Ctx) (docs.Document, error) {
	m, err := agreement.MandateByID(c.ReadTx, c.Case.Subject)
	if err != nil {
		return docs.Document{}, err
	}
	gov, err := orgNamed(c, m.GovernmentOrg)
	if err != nil {
		return docs.Document{}, err
	}
	authority, err := orgNamed(c, m.AuthorityOrg)
	if err != nil {
		return docs.Document{}, err
	}
	until := "至撤销或者被新的授权取代时止"
	if !m.ValidTo.IsZero() {
		until = "至" + m.ValidTo.Chinese() + "止"
	}
	return checked(docs.Document{Kind: docs.Decision, Organ: gov, Number: m.DocNo, Title: m.Title, Addressee: authority, Blocks: []docs.Block{
		docs.P("经审议，授权" + authority + "统一行使本行政区域内公共数据资源授权运营的管理和监督职责，授权模式为" + agreement.ModeLabel(m.Mode) + "。"),
		docs.Heading{Level: 1, Text: "授权范围和职责"}, docs.P(m.Scope),
		docs.Heading{Level: 1, Text: "期限"}, docs.P("自" + m.ValidFrom.Chinese() + "起生效，" + until + "。"),
		docs.Basis{Citations: []docs.Citation{{ID: "5.0", Source: "实施方案第五部分"}}},
		backfillRemark(m.Backfill),
		docs.Signature{Organ: gov, Date: m.Issued, Seal: true}}}, m.DocNo, m.ID, m.Digest)
}
