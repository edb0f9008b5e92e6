package procedures

import (
	"pado/core/calendar"
	"pado/core/procedure"
	"pado/domain/agreement"
	"pado/domain/party"
	"pado/plan"
)

// agreementForm is an operation agreement in the making: the parties' text, the terms a machine
// reads, the authorised catalogue.
type agreementForm struct {
	Title           string          `json:"title"`
	Operator        string          `json:"operator"`
	Mode            string          `json:"mode"`
	TermYears       int             `json:"termYears"`
	Negotiation     string          `json:"negotiation"`
	FinalPlan       string          `json:"finalPlan"`
	Purposes        []purposeLine   `json:"purposes"`
	Items           []agreementItem `json:"items"`
	FeeRate         int             `json:"feeRate"`
	FeeBase         string          `json:"feeBase"`
	FeePeriod       string          `json:"feePeriod"`
	FeeDueDays      int             `json:"feeDueDays"`
	RatioGovernment int             `json:"ratioGovernment"`
	RatioOperator   int             `json:"ratioOperator"`
	RatioSource     int             `json:"ratioSource"`
	RatioPartner    int             `json:"ratioPartner"`
	Remainder       string          `json:"remainder"`
	Excess          string          `json:"excess"`
	Basis           string          `json:"basis"`
	Scope           string          `json:"scope"`
	Usage           string          `json:"usage"`
	Term            string          `json:"term"`
	Products        string          `json:"products"`
	Platform        string          `json:"platform"`
	Security        string          `json:"security"`
	Pricing         string          `json:"pricing"`
	Ownership       string          `json:"ownership"`
	Evaluation      string          `json:"evaluation"`
	Disclosure      string          `json:"disclosure"`
	Inspection      string          `json:"inspection"`
	NoTransfer      string          `json:"no_transfer"`
	Exit            string          `json:"exit"`
	Breach          string          `json:"breach"`
	Dispute         string          `json:"dispute"`
	Other           string          `json:"other"`
}

// agreementItem is one line of the authorised catalogue in a form.
type agreementItem struct {
	Item   string        `json:"item"`
	Fields string        `json:"fields"` // names separated by commas; empty = all that may be authorised
	Ends   calendar.Date `json:"ends"`
}

// purposeLine is one purpose in the parties' own words; what the operator does and lists must be
// for one of them, word for word.
type purposeLine struct {
	Purpose string `json:"purpose"`
}

type signInput struct {
	SignedOn calendar.Date `json:"signedOn"`
}

type objectionInput struct {
	RaisedBy string `json:"raisedBy"`
	Contact  string `json:"contact"`
	Content  string `json:"content"`
}

type replyInput struct {
	N      int    `json:"n"`
	Upheld bool   `json:"upheld"`
	Answer string `json:"answer"`
}

// P06Agreement is 授权运营协议 (clauses 5.1, 6.1.4, 8.1): what was negotiated, the government's
// approval, publicity with objections answered, signing by both parties.
func P06Agreement() *procedure.Procedure {
	c := plan.C("6.1.4")
	gates := procedure.Rules{mandateThere, schemeThere, agreementOperator, agreementMode, agreementTerm, agreementItems, agreementSlot}
	text := procedure.Rules{agreementComplete, agreementTerms, filesThere(c, "finalPlan")}
	bind := bindFiles(c, "finalPlan")
	return &procedure.Procedure{ID: "p06_1d_agreement", Prefix: "SY", Title: "授权运营协议", Group: "授权管理", Plan: c, Start: "draft",
		Name: func(c *procedure.Ctx) (string, error) {
			f, err := procedure.Form[agreementForm](c)
			return f.Title, err
		},
		Form:   procedure.FormOf[agreementForm](agreementFields(c)...),
		Starts: procedure.Rules{agreementAuthority},
		States: procedure.Phases{
			{ID: "draft", Label: "谈判和起草", Owes: party.Authority, Track: true},
			{ID: "confirm", Label: "待运营机构确认定稿", Owes: party.Operator, Track: true},
			{ID: "approval", Label: "待政府批准", Owes: party.Government, Track: true},
			{ID: "secrecy", Label: "公示前保密审查", Owes: party.Authority, Within: "publicity.secrecy_review", Track: true},
			{ID: "publicity", Label: "公示中", Owes: party.Authority, Within: "publicity.days", Else: "close_publicity", Track: true},
			{ID: "answering", Label: "公示期满，处理异议", Owes: party.Authority, Within: "publicity.objection_answer"},
			{ID: "sign_operator", Label: "待运营机构签署", Owes: party.Operator, Within: "agreement.sign_days", Track: true},
			{ID: "sign_authority", Label: "待数据管理部门签署", Owes: party.Authority, Within: "agreement.sign_days", Track: true},
			{ID: "in_force", Label: "已签订并生效", Final: true, Track: true},
			{ID: "refused", Label: "政府不予批准", Final: true},
			{ID: "withdrawn", Label: "已终止签约", Final: true},
		},
		Parties: []procedure.PartyRule{{Role: party.Operator, Find: party.FormOrg("operator")}, {Role: party.Government, Find: approvingGovernment}},
		Readers: basisReaders,
		Notices: []procedure.Notice{{Kind: "公示", In: procedure.S("publicity"), Fields: []string{"mode", "termYears", "usage", "products"}, Plan: c, Papers: []string{"notice"},
			Object: &procedure.Objecting{Do: "object", How: "对遴选结果或者方案核心内容有异议的，在公示期内以真实姓名或者单位名称书面提出，写明联系方式、事实和依据，送交或者寄交受理单位。受理单位登记后在签约前答复；没有联系方式、无法核实身份的不予登记。"}},
			{Kind: "公开", In: procedure.S("in_force"), Fields: []string{"mode", "termYears", "purposes"}, Plan: plan.C("10.7.2")}},
		Steps: []procedure.Step{
			{Do: "submit", Label: "送运营机构确认定稿", By: party.Authority, From: procedure.S("draft"), To: "confirm", Plan: c, Edits: true, Style: procedure.Primary,
				Require: append(append(procedure.Rules{agreementSameOperator}, gates...), text...), Then: procedure.Effects{bind}},
			{Do: "confirm", Label: "确认定稿，报请政府批准", By: party.Operator, From: procedure.S("confirm"), To: "approval", Plan: c, Style: procedure.Primary, Require: gates},
			procedure.ReturnTo("draft", party.Operator, c, "confirm"),
			{Do: "approve", Label: "批准", By: party.Government, From: procedure.S("approval"), To: "secrecy", Plan: c, Style: procedure.Primary, Numbered: true,
				Input: decisionFields(c), Require: append(procedure.Rules{evidenceAttached(c), decisionPast(c)}, gates...), Then: procedure.Effects{approvalNumbered}},
			{Do: "refuse", Label: "不予批准", By: party.Government, From: procedure.S("approval"), To: "refused", Plan: c, Opinion: true, Style: procedure.Danger},
			procedure.ReturnTo("draft", party.Government, c, "approval"),
			{Do: "publish", Label: "保密审查通过，开始公示", By: party.Authority, From: procedure.S("secrecy"), To: "publicity", Plan: plan.C("10.7.2"), Apart: procedure.Acts("submit"),
				Opinion: true, Style: procedure.Primary},
			withApart(procedure.ReturnTo("draft", party.Authority, plan.C("10.7.2"), "secrecy"), procedure.Acts("submit")),
			{Do: "object", Label: "登记异议", By: party.Authority, From: procedure.S("publicity"), To: "publicity", Plan: c, Input: objectionFields(c), Then: procedure.Effects{keepObjection}},
			{Do: "reply", Label: "答复异议", By: party.Authority, From: procedure.S("publicity"), To: "publicity", Plan: c, Input: replyFields(c), Require: procedure.Rules{objectionOpen}, Then: procedure.Effects{answerObjection}},
			{Do: "reply", Label: "答复异议", By: party.Authority, From: procedure.S("answering"), To: "answering", Plan: c, Input: replyFields(c), Require: procedure.Rules{objectionOpen}, Then: procedure.Effects{answerObjection}},
			procedure.Resume("close_publicity", "公示期满", "answering", c, "publicity"),
			{Do: "end_publicity", Label: "结束公示", By: party.Authority, From: procedure.S("publicity"), To: "answering", Plan: c, Require: procedure.Rules{publicityOver}},
			{Do: "invite", Label: "无未决异议，进入签署", By: party.Authority, From: procedure.S("answering"), To: "sign_operator", Plan: c, Style: procedure.Primary,
				Require: procedure.Rules{objectionsAnswered, objectionsUpheld}},
			{Do: "reconsider", Label: "异议成立，重新谈判", By: party.Authority, From: procedure.S("answering"), To: "draft", Plan: c, Opinion: true, Return: true},
			{Do: "sign_operator", Label: "签署（运营机构）", By: party.Operator, From: procedure.S("sign_operator"), To: "sign_authority", Plan: c, Style: procedure.Primary,
				Irrevocable: "本单位已签署协议，待数据管理部门签署后生效", Require: append(procedure.Rules{signedCopy(c)}, gates...)},
			{Do: "sign_authority", Label: "签署（数据管理部门），协议生效", By: party.Authority, From: procedure.S("sign_authority"), To: "in_force", Plan: c, Style: procedure.Primary, Numbered: true,
				Irrevocable: "协议即时生效，授权运营目录即时开放，期限自今日起算", Require: append(procedure.Rules{signedCopy(c)}, gates...), Then: procedure.Effects{signAgreement}},
			procedure.Withdraw("withdrawn", party.Authority, c, "draft", "confirm", "answering", "sign_operator"),
			{Do: "backfill", Label: "补录已签订的协议", By: party.Authority, From: procedure.S("draft"), To: "in_force", Plan: c, Edits: true, Backfill: true,
				Input:   []procedure.Field{{Name: "signedOn", Label: "协议签订日", Kind: procedure.Date, Required: true, Plan: plan.C("8.1")}},
				Require: append(append(procedure.Rules{decisionNumbered(c), signedPast}, gates...), text...), Then: procedure.Effects{bind, signAgreement}},
		},
		Views: []procedure.View{
			{Title: "必备内容核对", Plan: c, In: procedure.S("draft", "confirm", "approval"), Draw: func(c *procedure.Ctx) (procedure.Section, error) { return contentsTable(c, agreement.Sections) }},
			{Title: "可执行条款", Plan: c, Draw: agreementTermsView},
			{Title: "授权运营目录", Plan: c, Draw: agreementItemsView},
			{Title: "公示", Plan: c, In: procedure.S("publicity", "answering"), Draw: publicityView},
			{Title: "公示期异议和答复", Plan: c, Draw: objectionsView},
		},
		Papers: []procedure.Paper{{Kind: "agreement", Title: "授权运营协议", Plan: c, Draw: agreementPaper},
			{Kind: "notice", Title: "公示", Plan: c, In: procedure.S("publicity", "answering"), Draw: publicityPaper}},
	}
}

func agreementFields(c plan.Clause) []procedure.Field {
	percent := func(name, label string, clause string) procedure.Field {
		return procedure.Field{Name: name, Label: label, Kind: procedure.Percent, Plan: plan.C(clause), Section: "可执行条款"}
	}
	fields := []procedure.Field{
		{Name: "title", Label: "协议名称", Kind: procedure.Text, Required: true, Plan: c},
		{Name: "operator", Label: "运营机构", Kind: procedure.Ref, Source: "operators", Required: true, Plan: plan.C("1.6")},
		{Name: "mode", Label: "授权模式", Kind: procedure.Choice, Options: modeOptions(), Required: true, Plan: plan.C("5.1")},
		{Name: "termYears", Label: "运营期限", Kind: procedure.Integer, Unit: "年", Min: 1, Max: 5, Required: true, Plan: plan.C("5.2"), Help: "自签订日起算"},
		{Name: "negotiation", Label: "谈判记录", Kind: procedure.LongText, Required: true, Plan: c, Help: "时间、参加人、双方就运营方案达成的修改"},
		{Name: "finalPlan", Label: "运营方案定稿", Kind: procedure.File, Required: true, Plan: c, Help: "协议的核心附件，以摘要值与协议绑定"},
		{Name: "items", Label: "授权运营目录", Kind: procedure.Table, Plan: c, Section: "授权运营目录", Help: "可先签约，再按协议变更列入目录项", Rows: []procedure.Field{
			{Name: "item", Label: "目录项", Kind: procedure.Ref, Source: "catalogue_authorisable", Required: true, Plan: c},
			{Name: "fields", Label: "信息项", Kind: procedure.Text, Max: 2000, Plan: c, Help: "英文名，以逗号分隔；留空为全部可授权的信息项"},
			{Name: "ends", Label: "单项末日", Kind: procedure.Date, Plan: plan.C("8.1"), Help: "短于协议期限的填写"}}},
		purposesField("purposes", "用途", true),
		{Name: "feeRate", Label: "资源使用费费率", Kind: procedure.Percent, Required: true, Plan: plan.C("10.4.1"), Section: "可执行条款"},
		{Name: "feeBase", Label: "计费基数", Kind: procedure.Choice, Options: agreement.Bases, Required: true, Plan: plan.C("10.4.1"), Section: "可执行条款"},
		{Name: "feePeriod", Label: "缴纳周期", Kind: procedure.Choice, Options: agreement.Periods, Required: true, Plan: plan.C("6.2.5"), Section: "可执行条款"},
		{Name: "feeDueDays", Label: "每期结束后缴纳时限", Kind: procedure.Integer, Unit: "个工作日", Min: 1, Max: 250, Required: true, Plan: plan.C("6.2.5"), Section: "可执行条款"},
		{Name: "excess", Label: "超出最高准许收入的处理", Kind: procedure.Choice, Options: agreement.Excesses, Required: true, Plan: plan.C("10.3.1"), Section: "可执行条款"},
		percent("ratioGovernment", "超额收益分成：政府", "10.4.1"), percent("ratioOperator", "超额收益分成：运营机构", "10.4.1"),
		percent("ratioSource", "超额收益分成：数源部门", "10.4.1"), percent("ratioPartner", "超额收益分成：合伙人", "10.4.1"),
		{Name: "remainder", Label: "尾差归属", Kind: procedure.Choice, Options: agreement.Remainders, Plan: plan.C("10.4.1"), Section: "可执行条款"},
	}
	return append(fields, textParts(agreement.Sections, "协议正文", c)...)
}

func purposesField(name, label string, required bool) procedure.Field {
	return procedure.Field{Name: name, Label: label, Kind: procedure.Table, Required: required, Plan: plan.C("11.3"), Section: "可执行条款",
		Help: "逐项写明，例如“公共交通调度”“小微企业信用评估”；产品清单和数据使用的用途须与此一致",
		Rows: []procedure.Field{{Name: "purpose", Label: "用途", Kind: procedure.Text, Required: true, Max: 60, Plan: plan.C("11.3")}}}
}

func purposesOf(lines []purposeLine) []string {
	out := []string{}
	for _, l := range lines {
		out = append(out, l.Purpose)
	}
	return out
}

func objectionFields(c plan.Clause) []procedure.Field {
	return []procedure.Field{{Name: "raisedBy", Label: "异议人（实名）", Kind: procedure.Text, Required: true, Plan: c},
		{Name: "contact", Label: "联系方式", Kind: procedure.Text, Plan: c, Secret: true},
		{Name: "content", Label: "异议内容和依据", Kind: procedure.LongText, Required: true, Max: 5000, Plan: c}}
}

func replyFields(c plan.Clause) []procedure.Field {
	return []procedure.Field{{Name: "n", Label: "异议序号", Kind: procedure.Integer, Min: 1, Max: 10000, Required: true, Plan: c},
		{Name: "upheld", Label: "异议是否成立", Kind: procedure.Bool, Required: true, Plan: c},
		{Name: "answer", Label: "答复", Kind: procedure.LongText, Required: true, Max: 5000, Plan: c}}
}

// approvingGovernment is the government that approves: of the same level or the city's.
func approvingGovernment(c *procedure.Ctx) (string, error) {
	v, err := c.Param("agreement.approval_level")
	if err != nil {
		return "", err
	}
	level, err := v.Text()
	if err != nil {
		return "", err
	}
	if level == "city" {
		return party.CityOrg(party.Government)(c)
	}
	return party.TenantOrg(party.Government)(c)
}
