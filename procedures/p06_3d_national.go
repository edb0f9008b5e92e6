package procedures

import (
	"errors"
	"fmt"

	"pado/core/calendar"
	"pado/core/docs"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/catalogue"
	"pado/domain/party"
	"pado/domain/permit"
	"pado/domain/supply"
	"pado/plan"
)

type nationalForm struct {
	Act       string `json:"act"`
	Item      string `json:"item"`
	Subject   string `json:"subject"`
	Lawful    string `json:"lawful"`
	LawFile   string `json:"lawFile"`
	Resource  string `json:"resource"`
	Storage   string `json:"storage"`
	KeptNo    string `json:"keptNo"`
	KeptFile  string `json:"keptFile"`
	Products  string `json:"products"`
	Scenarios string `json:"scenarios"`
	Risk      string `json:"risk"`
	RiskFile  string `json:"riskFile"`
	Pledge    string `json:"pledge"`
	Changed   string `json:"changed"`
	AskedBy   string `json:"askedBy"`
	Proof     string `json:"proof"`
	Ground    string `json:"ground"`
}

type registryInput struct {
	On      string `json:"on"`
	Until   string `json:"until"`
	Number  string `json:"number"`
	ValidTo string `json:"validTo"`
}

// P06National is 公共数据资源登记 (clause 6.3.4): the package a source hands to the registry for a resource
// that entered operation, and what the registry made of it. The registry acts outside this platform; the
// source reports each station with its day. A check of form is no finding about lawfulness or quality.
func P06National() *procedure.Procedure {
	c := plan.C("6.3.4")
	on := procedure.Field{Name: "on", Label: "日期", Kind: procedure.Date, Required: true, Plan: c, Help: "登记机构办理的日期，不是填报的日期"}
	day := func(more ...procedure.Field) []procedure.Field { return append([]procedure.Field{on}, more...) }
	dated := procedure.Rules{nationalDay}
	running := procedure.S("applied", "accepted", "reviewed", "publicity", "objection")
	return &procedure.Procedure{ID: "p06_3d_national", Prefix: "ZY", Title: "公共数据资源登记（国家登记）", Group: "目录与供给", Plan: c, Start: "draft",
		Name: func(c *procedure.Ctx) (string, error) {
			f, err := procedure.Form[nationalForm](c)
			if err != nil || f.Item == "" {
				return "", err
			}
			it, err := catalogue.ByID(c.ReadTx, f.Item)
			if err != nil {
				return "", ignoreNone(err)
			}
			return procedure.LabelOf(supply.NationalActs, f.Act) + "：" + it.Title, nil
		},
		Form: procedure.FormOf[nationalForm](nationalFields(c)...),
		States: procedure.Phases{
			{ID: "draft", Label: "未申报，准备材料", Owes: party.Source, Track: true},
			{ID: "applied", Label: "申请", Owes: party.Source, Track: true},
			{ID: "accepted", Label: "受理，形式审核中", Owes: party.Source, Within: "registration.form_review_wd", Track: true},
			{ID: "reviewed", Label: "形式审核通过，待公示", Owes: party.Source, Track: true},
			{ID: "publicity", Label: "公示", Owes: party.Source, Within: "registration.publicity_wd", Track: true},
			{ID: "objection", Label: "异议核查", Owes: party.Source},
			{ID: "coded", Label: "赋码", Final: true, Track: true},
			{ID: "cancelled", Label: "已注销", Final: true},
			{ID: "refused", Label: "不予登记", Final: true},
			{ID: "withdrawn", Label: "已撤回", Final: true},
		},
		Parties: []procedure.PartyRule{{Role: party.Authority, Find: party.TenantOrg(party.Authority), Read: true}},
		Readers: []procedure.Role{party.Authority, party.Auditor},
		Steps: []procedure.Step{
			{Do: "apply", Label: "已向登记机构申请", By: party.Source, From: procedure.S("draft"), To: "applied", Plan: c, Edits: true, Style: procedure.Primary, Input: day(),
				Require: procedure.Rules{nationalItem, nationalAct, nationalAlone, nationalDay, filesThere(c, nationalFiles...)}, Then: procedure.Effects{reportNational("applied"), bindFiles(c, nationalFiles...)}},
			{Do: "supplement", Label: "登记机构要求补正", By: party.Source, From: procedure.S("applied"), To: "draft", Plan: c, Opinion: true, Return: true, Then: procedure.Effects{endNational("none")}},
			{Do: "accept", Label: "已受理", By: party.Source, From: procedure.S("applied"), To: "accepted", Plan: c, Style: procedure.Primary, Input: day(), Require: dated, Then: procedure.Effects{reportNational("accepted")}},
			{Do: "review", Label: "形式审核通过", By: party.Source, From: procedure.S("accepted"), To: "reviewed", Plan: c, Style: procedure.Primary, Input: day(), Require: dated, Then: procedure.Effects{reportNational("reviewed")}},
			{Do: "publicise", Label: "开始公示", By: party.Source, From: procedure.S("reviewed"), To: "publicity", Plan: c, Style: procedure.Primary, Input: day(), Require: dated, Then: procedure.Effects{reportNational("publicity")}},
			{Do: "object", Label: "收到异议", By: party.Source, From: procedure.S("publicity"), To: "objection", Plan: c, Opinion: true, Input: day(), Require: dated, Then: procedure.Effects{reportNational("objection")}},
			{Do: "clear", Label: "异议不成立，继续公示", By: party.Source, From: procedure.S("objection"), To: "publicity", Plan: c, Opinion: true, Input: day(), Require: dated, Then: procedure.Effects{reportNational("publicity")}},
			{Do: "code", Label: "已赋码", By: party.Source, From: procedure.S("publicity"), To: "coded", Plan: c, Style: procedure.Primary,
				Input: day(procedure.Field{Name: "number", Label: "登记确认单编号", Kind: procedure.Text, Max: 64, Required: true, Plan: c, Help: "照登记机构所发原样填写"},
					procedure.Field{Name: "validTo", Label: "有效期至", Kind: procedure.Date, Plan: c, Help: "留空按赋码之日起的有效年数计算；登记结果另有写明的照填"}),
				Require: procedure.Rules{nationalDay, nationalIs(false), nationalNumber, nationalTerm}, Then: procedure.Effects{codeNational}},
			{Do: "cancel", Label: "已注销", By: party.Source, From: procedure.S("accepted", "reviewed", "publicity"), To: "cancelled", Plan: c, Input: day(), Require: procedure.Rules{nationalDay, nationalIs(true)},
				Then: procedure.Effects{reportNational("cancelled")}},
			{Do: "refuse", Label: "不予登记", By: party.Source, From: running, To: "refused", Plan: c, Opinion: true, Style: procedure.Danger, Input: day(), Require: dated, Then: procedure.Effects{endNational("refused")}},
			procedure.Withdraw("withdrawn", party.Source, c, "draft"),
		},
		Views:  []procedure.View{{Title: "材料清单", Plan: c, Draw: nationalMaterials}, {Title: "登记状态", Plan: c, Draw: nationalStanding}},
		Papers: []procedure.Paper{{Kind: "package", Title: "公共数据资源登记申报材料", Plan: c, In: procedure.S("applied", "accepted", "reviewed", "publicity", "objection", "coded"), Draw: nationalPaper}},
	}
}

var nationalFiles = []string{"lawFile", "keptFile", "riskFile", "pledge", "proof"}

func nationalFields(c plan.Clause) []procedure.Field {
	when := func(acts ...string) *procedure.When { return &procedure.When{Field: "act", In: acts} }
	whole, part := when("initial", "change"), when("change", "correction")
	text := func(name, label, help string, show *procedure.When) procedure.Field {
		return procedure.Field{Name: name, Label: label, Kind: procedure.LongText, Max: 4000, Required: true, Plan: c, Section: "申报材料", Show: show, Help: help}
	}
	file := func(name, label string, required bool, show *procedure.When) procedure.Field {
		return procedure.Field{Name: name, Label: label, Kind: procedure.File, Required: required, Plan: c, Section: "申报材料", Show: show}
	}
	return []procedure.Field{
		{Name: "act", Label: "登记类型", Kind: procedure.Choice, Options: supply.NationalActs, Required: true, Plan: c, Section: "事项"},
		{Name: "item", Label: "目录项", Kind: procedure.Ref, Source: "catalogue_own", Required: true, Plan: c, Section: "事项"},
		text("changed", "变更或更正的内容", "逐项写明原登记内容和新的内容", part),
		{Name: "askedBy", Label: "更正由谁提出", Kind: procedure.Choice, Required: true, Plan: c, Section: "事项", Show: when("correction"), Options: []procedure.Option{{Value: "subject", Label: "登记主体"}, {Value: "interested", Label: "利害关系人"}}},
		{Name: "proof", Label: "登记主体书面同意或有误的证明", Kind: procedure.File, Required: true, Plan: c, Section: "事项", Show: when("correction")},
		{Name: "ground", Label: "注销原因", Kind: procedure.Choice, Required: true, Plan: c, Section: "事项", Show: when("cancel"), Options: nationalGrounds},
		text("subject", "登记主体信息", "名称、统一社会信用代码、职责、联系人", whole),
		text("lawful", "数据来源的合法合规性", "采集依据、授权依据；共享获得的写明来源单位的同意", whole), file("lawFile", "来源合法合规证明", true, whole),
		text("resource", "公共数据资源情况", "名称、内容、格式、规模、更新周期、信息项", whole), text("storage", "存储情况", "存储地点和方式", whole),
		{Name: "keptNo", Label: "存证编号", Kind: procedure.Text, Max: 128, Required: true, Plan: c, Section: "申报材料", Show: whole, Help: "申请之前须办理资源存证"}, file("keptFile", "存证证明", true, whole),
		text("products", "产品和服务信息", "已经形成或拟形成的数据产品和服务", whole), text("scenarios", "应用场景信息", "", whole),
		text("risk", "数据安全风险评估", "评估时间、机构、结论", whole), file("riskFile", "风险评估报告", true, whole), file("pledge", "登记承诺书", true, whole),
	}
}

var nationalGrounds = []procedure.Option{{Value: "lost", Label: "资源灭失且无法恢复"}, {Value: "given_up", Label: "放弃权利或者权利期限届满"}, {Value: "dissolved", Label: "登记主体终止"}, {Value: "law", Label: "法律法规规定的其他情形"}}

func nationalRule(code, say string, holds func(*procedure.Ctx, nationalForm) error) procedure.Rule {
	return procedure.Rule{Code: code, Say: say, Plan: plan.C("6.3.4"), Holds: func(c *procedure.Ctx) error {
		f, err := procedure.Form[nationalForm](c)
		if err != nil {
			return err
		}
		return holds(c, f)
	}}
}

var nationalItem = nationalRule("national.item", "所选目录项不属于本单位，或者已经撤销", func(c *procedure.Ctx, f nationalForm) error {
	it, err := catalogue.ByID(c.ReadTx, f.Item)
	if err != nil {
		return ruleMissing(err)
	}
	return procedure.Hold(it.SourceOrg == c.Case.Org && (it.State == catalogue.StatePublished || f.Act == "cancel"), nil)
})

// nationalAct: the first registration comes before the others, and a renewal within its window.
var nationalAct = nationalRule("national.act", "该资源尚未取得登记结果，只能办理首次登记", func(c *procedure.Ctx, f nationalForm) error {
	n, err := supply.NationalOf(c.ReadTx, f.Item)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	has := n.Number != "" && n.State != "cancelled"
	expired := n.ValidTo != "" && n.ValidTo < c.Today().String()
	if f.Act == "initial" {
		if has && !expired {
			return procedure.Refuse("", plan.C("6.3.4"), "该资源已有登记确认单编号，请办理变更、更正、续展或者注销")
		}
		return nil
	}
	if !has || f.Act != "renewal" {
		return procedure.Hold(has, nil)
	}
	if expired {
		return procedure.Refuse("", plan.C("6.3.4"), "登记结果已于%s期满，不能续展，请重新办理首次登记", n.ValidTo)
	}
	days, err := c.Days("registration.renew_days_before")
	if err != nil {
		return err
	}
	last, err := calendar.ParseDate(n.ValidTo)
	if err != nil {
		return err
	}
	if opens := last.AddDays(-calendar.Days(days)); c.Today().Before(opens) {
		return procedure.Refuse("", plan.C("6.3.4"), "登记结果有效至%s，续展自%s起可以提出", n.ValidTo, opens)
	}
	return nil
})

var nationalAlone = nationalRule("national.alone", "该资源已有在办的国家登记事项", func(c *procedure.Ctx, f nationalForm) error {
	there, err := c.Exists(`SELECT 1 FROM national_registration n JOIN case_file f ON f.no = n.case_no WHERE n.item = $1 AND f.final = $2 AND n.case_no <> $3 AND n.state IN ('applied', 'accepted', 'reviewed', 'publicity', 'objection')`, f.Item, false, c.Case.No)
	return procedure.Hold(!there, err)
})

// nationalDay: what is reported has happened, and not before what was reported last.
var nationalDay = procedure.Rule{Code: "national.day", Say: "日期不能在今天之后，也不能早于上一步的日期", Plan: plan.C("6.3.4"), Holds: func(c *procedure.Ctx) error {
	in, err := procedure.Input[registryInput](c)
	if err != nil {
		return err
	}
	if in.On > c.Today().String() {
		return procedure.ErrFails
	}
	var past []string
	if err := c.Select(&past, `SELECT input FROM case_event WHERE case_no = $1 AND action IN ('apply', 'accept', 'review', 'publicise', 'object', 'clear') ORDER BY n DESC LIMIT 1`, c.Case.No); err != nil {
		return err
	}
	if len(past) == 0 || c.Step.Do == "apply" {
		return nil
	}
	return procedure.Hold(dayIn(past[0]) <= in.On, nil)
}}

func nationalIs(cancel bool) procedure.Rule {
	code, say := "national.not_cancel", "注销登记以“已注销”办结"
	if cancel {
		code, say = "national.only_cancel", "只有注销登记以“已注销”办结"
	}
	return nationalRule(code, say, func(_ *procedure.Ctx, f nationalForm) error {
		return procedure.Hold((f.Act == "cancel") == cancel, nil)
	})
}

// nationalNumber: the number names one resource of a registering unit; its shape is the registry's business.
var nationalNumber = nationalRule("national.number", "本单位的另一项资源已登记了这个编号，请核对", func(c *procedure.Ctx, f nationalForm) error {
	in, err := procedure.Input[registryInput](c)
	if err != nil {
		return err
	}
	there, err := c.Exists(`SELECT 1 FROM national_registration WHERE source_org = $1 AND number = $2 AND item <> $3`, c.Case.Org, in.Number, f.Item)
	return procedure.Hold(!there, err)
})

// validTo is the last day of the result: as the registry wrote it, else so many years from the day of the number.
func validTo(c *procedure.Ctx) (string, error) {
	in, err := procedure.Input[registryInput](c)
	if err != nil || in.ValidTo != "" {
		return in.ValidTo, err
	}
	years, err := c.Days("registration.valid_years")
	if err != nil {
		return "", err
	}
	d, err := calendar.ParseDate(in.On)
	return calendar.Term(d, years).String(), err
}

var nationalTerm = procedure.Rule{Code: "national.term", Say: "有效期不能早于赋码之日，也不能长于规定的年数", Plan: plan.C("6.3.4"), Holds: func(c *procedure.Ctx) error {
	in, err := procedure.Input[registryInput](c)
	if err != nil || in.ValidTo == "" {
		return err
	}
	years, err := c.Days("registration.valid_years")
	if err != nil {
		return err
	}
	d, err := calendar.ParseDate(in.On)
	if err != nil {
		return err
	}
	return procedure.Hold(in.ValidTo >= in.On && in.ValidTo <= d.AddYears(years).String(), nil)
}}

func (f nationalForm) national(c *procedure.Ctx, state string) (supply.National, error) {
	it, err := catalogue.ByID(c.ReadTx, f.Item)
	if err != nil {
		return supply.National{}, err
	}
	return supply.National{Item: it.ID, SourceOrg: it.SourceOrg, Division: it.Division, Obliged: !catalogue.Utility(it.SourceKind), State: state, CaseNo: c.Case.No}, nil
}

func reportNational(state string) procedure.Effect {
	return procedure.Effect{Name: "report", Say: "登记进度更新", Plan: plan.C("6.3.4"), Run: func(c *procedure.Ctx) error {
		f, err := procedure.Form[nationalForm](c)
		if err != nil {
			return err
		}
		in, err := procedure.Input[registryInput](c)
		if err != nil {
			return err
		}
		n, err := f.national(c, state)
		if err != nil {
			return err
		}
		old, err := supply.NationalOf(c.ReadTx, f.Item)
		if err := ignoreNone(err); err != nil {
			return err
		}
		if err := supply.Progress(c.W, n, f.Act, in.On, c.Actor.Person); err != nil {
			return err
		}
		if state == "cancelled" {
			if err := numberInCatalogue(c, f.Item, old.Number, "", "国家登记已注销"); err != nil {
				return err
			}
		}
		return c.SetSubject(f.Item)
	}}
}

func endNational(otherwise string) procedure.Effect {
	return procedure.Effect{Name: "end", Say: "登记进度更新", Plan: plan.C("6.3.4"), Run: func(c *procedure.Ctx) error {
		f, err := procedure.Form[nationalForm](c)
		if err != nil {
			return err
		}
		return supply.Unfinished(c.W, f.Item, otherwise, c.Case.No, c.Actor.Person)
	}}
}

// codeNational writes the number down and puts it into the catalogue, where disclosure finds it.
var codeNational = procedure.Effect{Name: "code", Say: "编号记入资源目录", Plan: plan.C("6.3.4"), Run: func(c *procedure.Ctx) error {
	f, err := procedure.Form[nationalForm](c)
	if err != nil {
		return err
	}
	in, err := procedure.Input[registryInput](c)
	if err != nil {
		return err
	}
	n, err := f.national(c, "coded")
	if err != nil {
		return err
	}
	n.Number, n.Coded = in.Number, in.On
	if n.ValidTo, err = validTo(c); err != nil {
		return err
	}
	err = supply.Code(c.W, n, f.Act, c.Actor.Person)
	if errors.Is(err, store.ErrConflict) {
		return procedure.Refuse(nationalNumber.Code, nationalNumber.Plan, "%s", nationalNumber.Say)
	}
	if err != nil {
		return err
	}
	it, err := catalogue.ByID(c.ReadTx, f.Item)
	if err != nil {
		return err
	}
	return numberInCatalogue(c, f.Item, it.RegistrationNo, in.Number, "取得国家登记确认单编号")
}}

// numberInCatalogue puts another registration number in the place of the one a published item has.
func numberInCatalogue(c *procedure.Ctx, item, old, number, reason string) error {
	it, err := catalogue.ByID(c.ReadTx, item)
	if err != nil || it.State != catalogue.StatePublished || it.RegistrationNo != old || old == number {
		return err
	}
	it.RegistrationNo, it.CaseNo = number, c.Case.No
	if _, err := catalogue.Change(c.W, it.ID, it.Version, it, reason, c.Actor.Person); err != nil {
		return err
	}
	return permit.Touch(c.W)
}

// nationalMaterials is the list of what the registry asks for, with what is there.
func nationalMaterials(c *procedure.Ctx) (procedure.Section, error) {
	f, err := procedure.Form[nationalForm](c)
	if err != nil || f.Act != "initial" && f.Act != "change" {
		return procedure.Section{}, err
	}
	s := procedure.Section{Kind: "table", Columns: []procedure.Column{{Key: "n", Label: "序号", Kind: "int"}, {Key: "name", Label: "材料", Kind: "text", Primary: true}, {Key: "state", Label: "状态", Kind: "tag"}}}
	for i, m := range nationalList(f) {
		state := map[string]any{"text": "已备", "tone": "ok"}
		if !m.there {
			state = map[string]any{"text": "缺", "tone": "bad"}
		}
		s.Rows = append(s.Rows, map[string]any{"n": i + 1, "name": m.name, "state": state})
	}
	return s, nil
}

type nationalMaterial struct {
	name  string
	there bool
}

func nationalList(f nationalForm) []nationalMaterial {
	return []nationalMaterial{{"登记主体信息", f.Subject != ""}, {"数据合法合规性来源", f.Lawful != "" && f.LawFile != ""}, {"公共数据资源情况", f.Resource != "" && f.Storage != ""},
		{"存证情况", f.KeptNo != "" && f.KeptFile != ""}, {"产品和服务信息", f.Products != ""}, {"应用场景信息", f.Scenarios != ""}, {"数据安全风险评估", f.Risk != "" && f.RiskFile != ""}, {"登记承诺书", f.Pledge != ""}}
}

func nationalStanding(c *procedure.Ctx) (procedure.Section, error) {
	f, err := procedure.Form[nationalForm](c)
	if err != nil || f.Item == "" {
		return procedure.Section{}, err
	}
	n, err := supply.NationalOf(c.ReadTx, f.Item)
	if err != nil {
		return procedure.Section{}, ignoreNone(err)
	}
	if n.SourceOrg != c.Case.Org {
		return procedure.Section{}, nil
	}
	return supply.NationalSection(c.ReadTx, n)
}

func nationalPaper(c *procedure.Ctx) (docs.Document, error) {
	f, err := procedure.Form[nationalForm](c)
	if err != nil {
		return docs.Document{}, err
	}
	it, err := catalogue.ByID(c.ReadTx, f.Item)
	if err != nil {
		return docs.Document{}, err
	}
	source, err := orgNamed(c, it.SourceOrg)
	if err != nil {
		return docs.Document{}, err
	}
	blocks := []docs.Block{docs.KeyValues{Pairs: []docs.Pair{{Key: "登记主体", Value: source}, {Key: "登记类型", Value: procedure.LabelOf(supply.NationalActs, f.Act)}, {Key: "资源名称", Value: it.Title}, {Key: "资源代码", Value: it.Code},
		{Key: "更新周期", Value: catalogue.Label(catalogue.Cycles, it.UpdateCycle)}, {Key: "数据级别", Value: catalogue.Label(catalogue.Grades, it.Grade)}}}}
	for i, x := range []struct{ title, text string }{{"登记主体信息", f.Subject}, {"数据合法合规性来源", f.Lawful}, {"公共数据资源情况", f.Resource}, {"存储情况", f.Storage}, {"存证编号", f.KeptNo}, {"产品和服务信息", f.Products},
		{"应用场景信息", f.Scenarios}, {"数据安全风险评估", f.Risk}, {"变更或更正的内容", f.Changed}} {
		if x.text != "" {
			blocks = append(blocks, docs.P(fmt.Sprintf("%d．%s：%s", i+1, x.title, x.text)))
		}
	}
	blocks = append(blocks, docs.P("本材料由登记主体提交登记机构；登记机构的形式审核不对数据的合法性和质量作出保证。"), docs.Signature{Organ: source, Date: dateOf(c.Case.Updated), Seal: true})
	return checked(docs.Document{Kind: docs.Report, Organ: source, Title: "公共数据资源登记申报材料", Blocks: blocks}, c.Case.No, c.Case.No, formDigest(c))
}
