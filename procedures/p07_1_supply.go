package procedures

import (
	"pado/core/procedure"
	"pado/domain/catalogue"
	"pado/domain/party"
	"pado/domain/supply"
	"pado/plan"
)

type supplyForm struct {
	Listed   string `json:"listed"` // yes: an item of the catalogue; no: what is not in it yet
	Item     string `json:"item"`
	Source   string `json:"source"`
	Title    string `json:"title"`
	Contents string `json:"contents"`
	Purpose  string `json:"purpose"`
	Cycle    string `json:"cycle"`
	Wanted   string `json:"wanted"`
	Basis    string `json:"basis"`
}

type supplyAgree struct {
	Item  string `json:"item"`
	First string `json:"first"`
	Mode  string `json:"mode"`
}

type supplyRefuse struct {
	Ground string `json:"ground"`
}

// P07Supply is 供给需求单 (clause 7.2): the operator asks, the data authority checks whether it is in
// order, the source answers within the limit of what is on the city's platform or of what is not,
// with reasons when it refuses; what stays disputed or unanswered the authority coordinates.
func P07Supply() *procedure.Procedure {
	c := plan.C("7.2")
	checks := procedure.Rules{supplyItem, supplyOperator, supplyRunning, supplyTwice, filesThere(c, "basis")}
	first := procedure.Field{Name: "first", Label: "首次供给日期", Kind: procedure.Date, Required: true, Plan: c}
	mode := procedure.Field{Name: "mode", Label: "供给方式", Kind: procedure.Choice, Options: supply.Modes, Required: true, Plan: c}
	item := procedure.Field{Name: "item", Label: "对应的目录项", Kind: procedure.Ref, Source: "catalogue_own", Plan: c, Help: "需求单未写明目录项的，先编制发布，再在此选定"}
	ground := []procedure.Field{{Name: "ground", Label: "不予供给的依据", Kind: procedure.Choice, Options: supply.Grounds, Required: true, Plan: c}}
	return &procedure.Procedure{ID: "p07_1_supply", Prefix: "GX", Title: "供给需求单", Group: "目录与供给", Plan: c, Start: "draft", Name: supplyName,
		Form: procedure.FormOf[supplyForm](supplyFields(c)...),
		States: procedure.Phases{
			{ID: "draft", Label: "填写", Owes: party.Operator, Track: true},
			{ID: "precheck", Label: "待数据管理部门符合性审查", Owes: party.Authority, Within: "supply.precheck", Track: true},
			{ID: "answer_held", Label: "已归集，待数源部门答复", Owes: party.Source, Within: "supply.answer", Else: "escalate", Track: true},
			{ID: "answer_new", Label: "未归集，待数源部门编目并答复", Owes: party.Source, Within: "supply.publish", Else: "escalate"},
			{ID: "supplying", Label: "同意供给，待数源部门供给", Owes: party.Source, Within: "sharing.deliver", Track: true},
			{ID: "confirming", Label: "待运营机构确认", Owes: party.Operator, Within: "supply.confirm", Track: true},
			{ID: "supplied", Label: "已供给", Final: true, Track: true},
			{ID: "answered_no", Label: "不予供给，待运营机构表态", Owes: party.Operator, Within: "supply.dispute", Else: "lapse"},
			{ID: "coordination", Label: "待数据管理部门协调", Owes: party.Authority, Within: "supply.coordinate"},
			{ID: "refused", Label: "不予供给", Final: true},
			{ID: "nonconforming", Label: "不符合，不予受理", Final: true},
			{ID: "withdrawn", Label: "已撤回", Final: true},
		},
		Parties: []procedure.PartyRule{{Role: party.Authority, Find: party.TenantOrg(party.Authority)}, {Role: party.Source, Find: supplySource}},
		Readers: []procedure.Role{party.Authority, party.Auditor},
		Steps: []procedure.Step{
			{Do: "submit", Label: "提交需求单", By: party.Operator, From: procedure.S("draft"), To: "precheck", Plan: c, Edits: true, Style: procedure.Primary, Require: checks, Then: procedure.Effects{askSupply, bindFiles(c, "basis")}},
			{Do: "forward_held", Label: "符合，数据已归集，转数源部门答复", By: party.Authority, From: procedure.S("precheck"), To: "answer_held", Plan: c, Style: procedure.Primary,
				Require: procedure.Rules{supplyItem, supplyHeld(true)}, Then: procedure.Effects{forwardSupply(true, "supply.answer")}},
			{Do: "forward_new", Label: "符合，数据未归集，转数源部门编目并答复", By: party.Authority, From: procedure.S("precheck"), To: "answer_new", Plan: c, Style: procedure.Primary,
				Require: procedure.Rules{supplyItem, supplyHeld(false)}, Then: procedure.Effects{forwardSupply(false, "supply.publish")}},
			{Do: "nonconform", Label: "不符合，不予受理", By: party.Authority, From: procedure.S("precheck"), To: "nonconforming", Plan: c, Opinion: true, Style: procedure.Danger, Then: procedure.Effects{closeSupply("nonconforming")}},
			procedure.ReturnTo("draft", party.Authority, c, "precheck"),
			{Do: "agree", Label: "同意供给", By: party.Source, From: procedure.S("answer_held"), To: "supplying", Plan: c, Style: procedure.Primary, Input: []procedure.Field{first, mode},
				Require: procedure.Rules{supplyItem, supplyFirst}, Then: procedure.Effects{answerSupply("agreed")}},
			{Do: "agree_new", Label: "已编目，同意供给", By: party.Source, From: procedure.S("answer_new"), To: "supplying", Plan: c, Style: procedure.Primary, Input: []procedure.Field{item, first, mode},
				Require: procedure.Rules{supplyNamed, supplyFirst}, Then: procedure.Effects{answerSupply("agreed")}},
			{Do: "refuse", Label: "不予供给", By: party.Source, From: procedure.S("answer_held", "answer_new"), To: "answered_no", Plan: c, Opinion: true, Style: procedure.Danger, Input: ground,
				Then: procedure.Effects{answerSupply("refused")}},
			procedure.Resume("escalate", "逾期未答复，转协调", "coordination", c, "answer_held", "answer_new"),
			{Do: "accept_refusal", Label: "接受答复，办结", By: party.Operator, From: procedure.S("answered_no"), To: "refused", Plan: c, Then: procedure.Effects{closeSupply("refused")}},
			{Do: "dispute", Label: "有异议，提请协调", By: party.Operator, From: procedure.S("answered_no"), To: "coordination", Plan: c, Opinion: true, Style: procedure.Primary},
			lapseSupply(c),
			{Do: "order", Label: "协调一致，予以供给", By: party.Authority, From: procedure.S("coordination"), To: "supplying", Plan: c, Opinion: true, Style: procedure.Primary},
			{Do: "uphold", Label: "维持不予供给", By: party.Authority, From: procedure.S("coordination"), To: "refused", Plan: c, Opinion: true, Then: procedure.Effects{closeSupply("refused")}},
			{Do: "deliver", Label: "已供给，请确认", By: party.Source, From: procedure.S("supplying"), To: "confirming", Plan: c, Style: procedure.Primary, Input: []procedure.Field{item},
				Require: procedure.Rules{supplyNamed, supplyDelivered}, Then: procedure.Effects{nameSupply}},
			{Do: "confirm", Label: "确认收到", By: party.Operator, From: procedure.S("confirming"), To: "supplied", Plan: c, Style: procedure.Primary, Then: procedure.Effects{closeSupply("supplied")}},
			{Do: "deny", Label: "与需求不符，请重新供给", By: party.Operator, From: procedure.S("confirming"), To: "supplying", Plan: c, Opinion: true, Return: true},
			withThen(procedure.Withdraw("withdrawn", party.Operator, c, "draft"), closeSupply("withdrawn")),
		},
		Views:  []procedure.View{{Title: "供给进展", Plan: c, Draw: supplyProgress}, {Title: "答复时限", Plan: c, In: procedure.S("precheck", "answer_held", "answer_new", "answered_no", "coordination", "supplying", "confirming", "supplied", "refused"), Draw: supplyClock}},
		Papers: []procedure.Paper{{Kind: "answer", Title: "供给需求答复书", Plan: c, In: procedure.S("answered_no", "supplying", "confirming", "supplied", "refused"), Draw: supplyPaper}},
	}
}

// lapseSupply: who says nothing to a refusal has taken it.
func lapseSupply(c plan.Clause) procedure.Step {
	return withThen(procedure.Resume("lapse", "逾期未表态，办结", "refused", c, "answered_no"), closeSupply("refused"))
}

func withThen(s procedure.Step, then ...procedure.Effect) procedure.Step {
	s.Then = then
	return s
}

func supplyFields(c plan.Clause) []procedure.Field {
	listed, unlisted := &procedure.When{Field: "listed", In: []string{"yes"}}, &procedure.When{Field: "listed", In: []string{"no"}}
	return []procedure.Field{
		{Name: "listed", Label: "所需数据是否在资源目录中", Kind: procedure.Choice, Required: true, Plan: c, Section: "需求", Options: []procedure.Option{{Value: "yes", Label: "在目录中"}, {Value: "no", Label: "目录中没有"}}},
		{Name: "item", Label: "目录项", Kind: procedure.Ref, Source: "catalogue", Required: true, Plan: c, Section: "需求", Show: listed},
		{Name: "source", Label: "数源部门", Kind: procedure.Ref, Source: "source_orgs", Required: true, Plan: c, Section: "需求", Show: unlisted},
		{Name: "title", Label: "所需数据名称", Kind: procedure.Text, Max: 100, Required: true, Plan: c, Section: "需求", Show: unlisted},
		{Name: "contents", Label: "所需信息项和范围", Kind: procedure.LongText, Max: 4000, Required: true, Plan: c, Section: "需求", Help: "字段、时间范围、地域范围、精度；只写用途所必需的"},
		{Name: "purpose", Label: "用途", Kind: procedure.LongText, Max: 2000, Required: true, Plan: c, Section: "需求", Help: "对应的场景或产品；不得超出协议约定的用途"},
		{Name: "cycle", Label: "期望的供给周期", Kind: procedure.Choice, Options: catalogue.Cycles, Required: true, Plan: c, Section: "需求"},
		{Name: "wanted", Label: "期望的首次供给日期", Kind: procedure.Date, Required: true, Plan: c, Section: "需求"},
		{Name: "basis", Label: "依据材料", Kind: procedure.File, Plan: c, Section: "需求", Help: "场景论证意见、协议条款等，可不附"},
	}
}
