package procedures

import (
	"encoding/json"
	"errors"
	"fmt"

	"pado/core/calendar"
	"pado/core/docs"
	"pado/core/procedure"
	"pado/domain/agreement"
	"pado/domain/party"
	"pado/plan"
)

// schemeForm is an implementation scheme in the making: thirteen chapters and what others said.
type schemeForm struct {
	Title       string          `json:"title"`
	Mode        string          `json:"mode"`
	TermYears   int             `json:"termYears"`
	Necessity   string          `json:"necessity"`
	Eligibility string          `json:"eligibility"`
	ModeText    string          `json:"mode_text"`
	Resources   string          `json:"resources"`
	TermText    string          `json:"term_text"`
	Products    string          `json:"products"`
	Management  string          `json:"management"`
	Accounting  string          `json:"accounting"`
	Security    string          `json:"security"`
	Emergency   string          `json:"emergency"`
	Supervision string          `json:"supervision"`
	Duties      string          `json:"duties"`
	Exit        string          `json:"exit"`
	Opinions    []schemeOpinion `json:"opinions"`
}

// schemeOpinion is one opinion of a department or from the public, and what became of it.
type schemeOpinion struct {
	Kind    string `json:"kind"`
	From    string `json:"from"`
	Content string `json:"content"`
	Adopted string `json:"adopted"`
	Reason  string `json:"reason"`
}

type schemeDecision struct {
	DocNo       string        `json:"docNo"`
	DecidedOn   calendar.Date `json:"decidedOn"`
	MinutesNo   string        `json:"minutesNo"`
	Collective  bool          `json:"collective"`
	EffectiveOn calendar.Date `json:"effectiveOn"`
}

type expertInput struct {
	Experts []agreement.Expert `json:"experts"`
}

// P06Scheme is 实施方案 (clause 6.1.1): draft, opinions and public consultation with the table of
// what was adopted, legality check and expert justification by other persons than the drafters,
// the government's decision.
func P06Scheme() *procedure.Procedure {
	c := plan.C("6.1.1")
	drafting := procedure.Acts("submit", "record", "summarise")
	return &procedure.Procedure{ID: "p06_1a_scheme", Prefix: "FA", Title: "实施方案", Group: "授权管理", Plan: c, Start: "draft",
		Name: func(c *procedure.Ctx) (string, error) {
			f, err := procedure.Form[schemeForm](c)
			return f.Title, err
		},
		Form:   procedure.FormOf[schemeForm](schemeFields(c)...),
		Starts: procedure.Rules{mandateThere},
		States: procedure.Phases{
			{ID: "draft", Label: "起草", Owes: party.Authority, Track: true},
			{ID: "consultation", Label: "会签和公开征求意见", Owes: party.Authority, Within: "scheme.consultation_days", Else: "close_consultation", Track: true},
			{ID: "summary", Label: "意见采纳", Owes: party.Authority, Within: "scheme.department_opinion", Track: true},
			{ID: "legality", Label: "合法性审查", Owes: party.Authority, Within: "scheme.legality_review", Track: true},
			{ID: "expert", Label: "专家论证", Owes: party.Authority, Track: true},
			{ID: "decision", Label: "待政府审议", Owes: party.Government, Track: true},
			{ID: "in_force", Label: "已通过并生效", Final: true, Track: true},
			{ID: "refused", Label: "审议未通过", Final: true},
			{ID: "withdrawn", Label: "已撤回", Final: true},
		},
		Parties: []procedure.PartyRule{{Role: party.Government, Find: party.TenantOrg(party.Government)}},
		Readers: basisReaders,
		Notices: []procedure.Notice{{Kind: "公告", In: procedure.S("consultation"), Fields: schemePublic(), Plan: c},
			{Kind: "公开", In: procedure.S("in_force"), Fields: []string{"mode", "termYears"}, Plan: plan.C("10.7.2"), Papers: []string{"decision"}}},
		Steps: []procedure.Step{
			{Do: "submit", Label: "送会签并公开征求意见", By: party.Authority, From: procedure.S("draft"), To: "consultation", Plan: c, Edits: true, Style: procedure.Primary,
				Require: procedure.Rules{mandateThere, schemeComplete, schemeMode, schemeTerm}},
			{Do: "record", Label: "登记收到的意见", By: party.Authority, From: procedure.S("consultation"), To: "consultation", Plan: c, Edits: true, Require: procedure.Rules{schemeFrozen}},
			procedure.Resume("close_consultation", "征求意见期满", "summary", c, "consultation"),
			{Do: "summarise", Label: "意见已逐条处理，送合法性审查", By: party.Authority, From: procedure.S("summary"), To: "legality", Plan: c, Edits: true, Style: procedure.Primary,
				Require: procedure.Rules{schemeComplete, schemeMode, schemeTerm, schemeDepartments, schemeOpinions}},
			{Do: "legality_pass", Label: "合法性审查通过", By: party.Authority, From: procedure.S("legality"), To: "expert", Plan: c, Apart: drafting, Opinion: true, Style: procedure.Primary,
				Then: procedure.Effects{schemeReview("legality")}},
			{Do: "expert_pass", Label: "专家论证通过，报请政府审议", By: party.Authority, From: procedure.S("expert"), To: "decision", Plan: c, Apart: drafting, Opinion: true, Style: procedure.Primary,
				Input: []procedure.Field{{Name: "experts", Label: "论证专家", Kind: procedure.Table, Required: true, Plan: c, Rows: []procedure.Field{
					{Name: "name", Label: "姓名", Kind: procedure.Text, Required: true, Plan: c}, {Name: "unit", Label: "单位", Kind: procedure.Text, Required: true, Plan: c},
					{Name: "field", Label: "专业", Kind: procedure.Text, Plan: c}, {Name: "opinion", Label: "论证意见", Kind: procedure.LongText, Required: true, Max: 2000, Plan: c}}}},
				Require: procedure.Rules{evidenceAttached(c), mandateThere}, Then: procedure.Effects{schemeReview("expert")}},
			withApart(procedure.ReturnTo("draft", party.Authority, c, "legality", "expert"), drafting),
			{Do: "pass", Label: "审议通过", By: party.Government, From: procedure.S("decision"), To: "in_force", Plan: c, Style: procedure.Primary, Numbered: true,
				Irrevocable: "方案自施行日起生效，此前的方案由其取代；重大变更须重新履行全部程序", Input: append(decisionFields(c), schemeDecisionFields(c)...),
				Require: procedure.Rules{evidenceAttached(c), schemeCollective, schemeEffective, mandateThere}, Then: procedure.Effects{adoptScheme}},
			{Do: "refuse", Label: "审议不予通过", By: party.Government, From: procedure.S("decision"), To: "refused", Plan: c, Opinion: true, Style: procedure.Danger},
			procedure.ReturnTo("draft", party.Government, c, "decision"),
			procedure.Withdraw("withdrawn", party.Authority, c, "draft", "consultation", "summary", "legality", "expert"),
			{Do: "backfill", Label: "补录已通过的方案", By: party.Authority, From: procedure.S("draft"), To: "in_force", Plan: c, Edits: true, Backfill: true, Input: schemeDecisionFields(c),
				Require: procedure.Rules{mandateThere, schemeComplete, schemeMode, schemeTerm, decisionNumbered(c), schemeCollective, schemeEffective}, Then: procedure.Effects{adoptScheme}},
		},
		Views: []procedure.View{
			{Title: "必备内容核对", Plan: c, In: procedure.S("draft", "consultation", "summary"), Draw: schemeContents},
			{Title: "意见采纳情况", Plan: c, Draw: schemeOpinionTable},
			{Title: "合法性审查和专家论证", Plan: c, Draw: schemeReviews},
		},
		Papers: []procedure.Paper{{Kind: "decision", Title: "实施方案审议决定", Plan: c, In: procedure.S("in_force"), Draw: schemePaper}},
	}
}

// schemePublic are the fields opinions are asked on: all of the text, none of the opinions.
func schemePublic() []string {
	out := []string{"mode", "termYears"}
	for _, c := range agreement.Chapters {
		out = append(out, c.Key)
	}
	return out
}

func withApart(s procedure.Step, acts []string) procedure.Step {
	s.Apart = acts
	return s
}

func schemeFields(c plan.Clause) []procedure.Field {
	fields := []procedure.Field{
		{Name: "title", Label: "方案名称", Kind: procedure.Text, Required: true, Plan: c},
		{Name: "mode", Label: "授权模式", Kind: procedure.Choice, Options: modeOptions(), Required: true, Plan: plan.C("5.1")},
		{Name: "termYears", Label: "拟定运营期限", Kind: procedure.Integer, Unit: "年", Min: 1, Max: 5, Required: true, Plan: plan.C("5.2")}}
	fields = append(fields, textParts(agreement.Chapters, "方案正文", c)...)
	return append(fields, procedure.Field{Name: "opinions", Label: "意见和采纳情况", Kind: procedure.Table, Plan: c, Section: "意见采纳情况", Rows: []procedure.Field{
		{Name: "kind", Label: "来源", Kind: procedure.Choice, Required: true, Plan: c, Options: []procedure.Option{{Value: "department", Label: "部门会签"}, {Value: "public", Label: "公开征求意见"}}},
		{Name: "from", Label: "提出者", Kind: procedure.Text, Required: true, Plan: c},
		{Name: "content", Label: "意见", Kind: procedure.LongText, Required: true, Max: 2000, Plan: c, Help: "部门无意见的，写“无意见”"},
		{Name: "adopted", Label: "处理", Kind: procedure.Choice, Plan: c, Options: []procedure.Option{{Value: "adopted", Label: "采纳"}, {Value: "partly", Label: "部分采纳"},
			{Value: "not", Label: "不采纳"}, {Value: "none", Label: "无意见"}}},
		{Name: "reason", Label: "不采纳或部分采纳的理由", Kind: procedure.LongText, Max: 2000, Plan: c}}})
}

func schemeDecisionFields(c plan.Clause) []procedure.Field {
	return []procedure.Field{
		{Name: "minutesNo", Label: "会议纪要编号", Kind: procedure.Text, Required: true, Plan: c},
		{Name: "collective", Label: "是否按“三重一大”集体决策", Kind: procedure.Bool, Required: true, Plan: c},
		{Name: "effectiveOn", Label: "施行日", Kind: procedure.Date, Plan: plan.C("12.1"), Help: "留空为决定之日"}}
}

// textOf reads the required parts out of a form.
func textOf(form string, parts []agreement.Part) (map[string]string, error) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal([]byte(form), &all); err != nil {
		return nil, fmt.Errorf("read a form: %w", err)
	}
	out := map[string]string{}
	for _, p := range parts {
		var s string
		if raw, ok := all[p.Key]; ok {
			if err := json.Unmarshal(raw, &s); err != nil {
				return nil, fmt.Errorf("read %s of a form: %w", p.Key, err)
			}
		}
		out[p.Key] = s
	}
	return out, nil
}

var schemeComplete = procedure.Rule{Code: "scheme.complete", Say: "方案的必备内容不全", Plan: plan.C("6.1.1"), Holds: func(c *procedure.Ctx) error {
	text, err := partsText(c, agreement.Chapters)
	if err != nil {
		return err
	}
	if m := agreement.Missing(agreement.Chapters, text); len(m) > 0 {
		return procedure.Refuse("", plan.C("6.1.1"), "方案缺少必备内容：%s", joined(m))
	}
	return nil
}}

func joined(list []string) string {
	s := ""
	for i, x := range list {
		if i > 0 {
			s += "、"
		}
		s += x
	}
	return s
}

var schemeMode = modeRule("scheme.mode", func(c *procedure.Ctx) (string, error) {
	f, err := procedure.Form[schemeForm](c)
	return f.Mode, err
})

var schemeTerm = procedure.Rule{Code: "scheme.term", Say: "拟定的运营期限超过上限", Plan: plan.C("5.2"), Holds: func(c *procedure.Ctx) error {
	f, err := procedure.Form[schemeForm](c)
	if err != nil {
		return err
	}
	return termFits(c, f.TermYears)
}}

// termFits holds a term against the city's limit and the national one; the stricter counts.
func termFits(c *procedure.Ctx, years int) error {
	most, err := c.Days("agreement.term_max_years")
	if err != nil {
		return err
	}
	ceiling, err := c.Days("agreement.term_ceiling_years")
	if err != nil {
		return err
	}
	if most = min(most, ceiling); years > most || years < 1 {
		return procedure.Refuse("", plan.C("8.1"), "运营期限为1至%d年，所填为%d年", most, years)
	}
	return nil
}

// schemeFrozen: while opinions are asked for, the text they are asked on stays as it is.
var schemeFrozen = procedure.Rule{Code: "scheme.frozen", Say: "征求意见期间只能登记意见，不能改动方案正文", Plan: plan.C("6.1.1"), Holds: func(c *procedure.Ctx) error {
	var before string
	if err := c.Get(&before, `SELECT form FROM case_file WHERE no = $1`, c.Case.No); err != nil {
		return err
	}
	was, err := schemeDigest(before)
	if err != nil {
		return err
	}
	is, err := schemeDigest(c.Case.Form)
	return procedure.Hold(was == is, err)
}}

func schemeDigest(form string) (string, error) {
	var f schemeForm
	if err := json.Unmarshal([]byte(form), &f); err != nil {
		return "", fmt.Errorf("read a scheme's form: %w", err)
	}
	text, err := textOf(form, agreement.Chapters)
	if err != nil {
		return "", err
	}
	return agreement.SchemeDigest(f.Title, f.Mode, f.TermYears, text)
}

var schemeDepartments = procedure.Rule{Code: "scheme.departments", Say: "至少登记一个部门的会签意见；部门无意见的也要登记", Plan: plan.C("6.1.1"), Holds: func(c *procedure.Ctx) error {
	f, err := procedure.Form[schemeForm](c)
	for _, o := range f.Opinions {
		if o.Kind == "department" {
			return err
		}
	}
	return procedure.Hold(false, err)
}}

var schemeOpinions = procedure.Rule{Code: "scheme.opinions", Say: "意见须逐条写明是否采纳，不采纳或部分采纳的须写明理由", Plan: plan.C("6.1.1"), Holds: func(c *procedure.Ctx) error {
	f, err := procedure.Form[schemeForm](c)
	if err != nil {
		return err
	}
	for i, o := range f.Opinions {
		if o.Adopted == "" || (o.Adopted == "not" || o.Adopted == "partly") && o.Reason == "" {
			return procedure.Refuse("", plan.C("6.1.1"), "第%d条意见（%s）尚未写明处理结果或理由", i+1, o.From)
		}
	}
	return nil
}}

var schemeCollective = procedure.Rule{Code: "scheme.collective", Say: "授权运营须纳入“三重一大”集体决策", Plan: plan.C("6.1.1"), Holds: func(c *procedure.Ctx) error {
	in, err := procedure.Input[schemeDecision](c)
	return procedure.Hold(in.Collective, err)
}}

var schemeEffective = procedure.Rule{Code: "scheme.effective", Say: "施行日不得早于决定日，决定日不得晚于今日", Plan: plan.C("12.1"), Holds: func(c *procedure.Ctx) error {
	in, err := procedure.Input[schemeDecision](c)
	return procedure.Hold((in.EffectiveOn.IsZero() || !in.EffectiveOn.Before(in.DecidedOn)) && !in.DecidedOn.After(c.Today()), err)
}}

// schemeReview keeps a conclusion beside the case, with the experts it comes from.
func schemeReview(kind string) procedure.Effect {
	return procedure.Effect{Name: "review_" + kind, Say: "审查结论记入方案", Plan: plan.C("6.1.1"), Run: func(c *procedure.Ctx) error {
		in, err := procedure.Input[expertInput](c)
		if err != nil {
			return err
		}
		return agreement.AddReview(c.W, c.Case.No, kind, c.Opinion, in.Experts, c.Actor.Person)
	}}
}

// adoptScheme puts the scheme in force for the years of the parameter.
var adoptScheme = procedure.Effect{Name: "adopt", Say: "方案成为现行版本，有效期按参数计算，此前的版本由其取代", Plan: plan.C("6.1.1"), Run: func(c *procedure.Ctx) error {
	f, err := procedure.Form[schemeForm](c)
	if err != nil {
		return err
	}
	in, err := procedure.Input[schemeDecision](c)
	if err != nil {
		return err
	}
	d, err := decided(c)
	if err != nil {
		return err
	}
	from := in.EffectiveOn
	if from.IsZero() {
		from = d.On
	}
	m, err := agreement.MandateOn(c.ReadTx, c.Case.Tenant, d.On)
	if err != nil {
		return err
	}
	gov, err := party.TenantOrg(party.Government)(c)
	if err != nil {
		return err
	}
	years, err := c.Days("scheme.valid_years")
	if err != nil {
		return err
	}
	text, err := partsText(c, agreement.Chapters)
	if err != nil {
		return err
	}
	opinions, err := json.Marshal(f.Opinions)
	if err != nil {
		return err
	}
	evidence, err := evidenceOf(c)
	if err != nil {
		return err
	}
	s, err := agreement.Adopt(c.W, agreement.Scheme{Division: c.Case.Tenant, Title: f.Title, Mandate: m.ID, AuthorityOrg: c.Case.Org, GovernmentOrg: gov, Mode: f.Mode,
		TermYears: f.TermYears, Opinions: string(opinions), DocNo: d.No, MinutesNo: in.MinutesNo, Decided: d.On, Collective: in.Collective, Evidence: evidence, ValidFrom: from,
		Backfill: c.Step.Backfill, CaseNo: c.Case.No}, text, years, c.Actor.Person)
	if err != nil {
		return err
	}
	return c.SetSubject(s.ID)
}}

func schemeContents(c *procedure.Ctx) (procedure.Section, error) {
	return contentsTable(c, agreement.Chapters)
}

// contentsTable shows which required parts are there.
func contentsTable(c *procedure.Ctx, parts []agreement.Part) (procedure.Section, error) {
	s := procedure.Section{Kind: "table", Columns: []procedure.Column{{Key: "n", Label: "序号", Kind: "int"}, {Key: "part", Label: "必备内容", Kind: "text", Primary: true}, {Key: "state", Label: "情况", Kind: "tag"}}}
	text, err := partsText(c, parts)
	if err != nil {
		return s, err
	}
	for i, p := range parts {
		state := map[string]any{"text": "已填写", "tone": "ok"}
		if len(agreement.Missing([]agreement.Part{p}, text)) > 0 {
			state = map[string]any{"text": "缺", "tone": "bad"}
		}
		s.Rows = append(s.Rows, map[string]any{"n": i + 1, "part": p.Title, "state": state})
	}
	return s, nil
}

func schemeOpinionTable(c *procedure.Ctx) (procedure.Section, error) {
	f, err := procedure.Form[schemeForm](c)
	if err != nil || len(f.Opinions) == 0 {
		return procedure.Section{}, err
	}
	s := procedure.Section{Kind: "table", Columns: []procedure.Column{{Key: "kind", Label: "来源", Kind: "tag"}, {Key: "from", Label: "提出者", Kind: "text"},
		{Key: "content", Label: "意见", Kind: "text", Primary: true}, {Key: "adopted", Label: "处理", Kind: "tag"}, {Key: "reason", Label: "理由", Kind: "text"}}}
	for _, o := range f.Opinions {
		s.Rows = append(s.Rows, map[string]any{"kind": opinionKind[o.Kind], "from": o.From, "content": o.Content, "adopted": adoptedLabel[o.Adopted], "reason": o.Reason})
	}
	return s, nil
}

var (
	opinionKind  = map[string]string{"department": "部门会签", "public": "公开征求意见"}
	adoptedLabel = map[string]string{"": "待处理", "adopted": "采纳", "partly": "部分采纳", "not": "不采纳", "none": "无意见"}
)

func schemeReviews(c *procedure.Ctx) (procedure.Section, error) {
	list, err := agreement.Reviews(c.ReadTx, c.Case.No)
	if err != nil || len(list) == 0 {
		return procedure.Section{}, err
	}
	s := procedure.Section{Kind: "table", Columns: []procedure.Column{{Key: "kind", Label: "事项", Kind: "tag"}, {Key: "who", Label: "专家", Kind: "text"},
		{Key: "opinion", Label: "意见", Kind: "text", Primary: true}, {Key: "at", Label: "时间", Kind: "datetime"}}}
	for _, v := range list {
		title := map[string]string{"legality": "合法性审查", "expert": "专家论证"}[v.Kind]
		s.Rows = append(s.Rows, map[string]any{"kind": title, "who": "", "opinion": v.Conclusion, "at": v.At})
		panel, err := v.Panel()
		if err != nil {
			return s, err
		}
		for _, e := range panel {
			s.Rows = append(s.Rows, map[string]any{"kind": title, "who": e.Name + "（" + e.Unit + "）", "opinion": e.Opinion, "at": v.At})
		}
	}
	return s, nil
}

func schemePaper(c *procedure.Ctx) (docs.Document, error) {
	s, err := agreement.SchemeByID(c.ReadTx, c.Case.Subject)
	if err != nil {
		return docs.Document{}, err
	}
	gov, err := orgNamed(c, s.GovernmentOrg)
	if err != nil {
		return docs.Document{}, err
	}
	authority, err := orgNamed(c, s.AuthorityOrg)
	if err != nil {
		return docs.Document{}, err
	}
	text, err := textOf(s.Chapters, agreement.Chapters)
	if err != nil {
		return docs.Document{}, err
	}
	m, err := agreement.MandateByID(c.ReadTx, s.Mandate)
	if err != nil {
		return docs.Document{}, errors.Join(err)
	}
	blocks := []docs.Block{
		docs.P(fmt.Sprintf("经审议（会议纪要%s），同意《%s》（第%d版），自%s起施行，有效期至%s。", s.MinutesNo, s.Title, s.Version, s.ValidFrom.Chinese(), s.ValidTo.Chinese())),
		docs.Basis{Citations: []docs.Citation{{ID: "6.1.1", Source: "实施方案第六部分"}, {Source: m.Title + "（" + m.DocNo + "）"}}},
		backfillRemark(s.Backfill),
		docs.Signature{Organ: gov, Date: s.Decided, Seal: true},
		docs.Annex{No: 1, Title: s.Title}}
	for _, p := range agreement.Chapters {
		blocks = append(blocks, docs.Heading{Level: 1, Text: p.Title}, docs.P(text[p.Key]))
	}
	return checked(docs.Document{Kind: docs.Decision, Organ: gov, Number: s.DocNo, Title: "关于《" + s.Title + "》的审议决定", Addressee: authority, Blocks: blocks}, s.DocNo, s.ID, s.Digest)
}
