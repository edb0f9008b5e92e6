package procedures

import (
	"encoding/json"
	"errors"
	"fmt"

	"pado/core/docs"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/agreement"
	"pado/domain/catalogue"
	"pado/domain/party"
	"pado/domain/permit"
	"pado/plan"
)

// catalogueForm is a catalogue item in the making, its change or its withdrawal.
type catalogueForm struct {
	Act                string           `json:"act"` // publish, change, withdraw
	Item               string           `json:"item"`
	Reason             string           `json:"reason"`
	Secret             string           `json:"secret"`
	Title              string           `json:"title"`
	ClassCode          string           `json:"classCode"`
	Class              string           `json:"class"`
	SourceKind         string           `json:"sourceKind"`
	SourceDept         string           `json:"sourceDept"`
	SourceSystem       string           `json:"sourceSystem"`
	Abstract           string           `json:"abstract"`
	FormatClass        string           `json:"formatClass"`
	FormatType         string           `json:"formatType"`
	UpdateCycle        string           `json:"updateCycle"`
	ShareType          string           `json:"shareType"`
	ShareCondition     string           `json:"shareCondition"`
	ShareMode          string           `json:"shareMode"`
	OpenType           string           `json:"openType"`
	OpenCondition      string           `json:"openCondition"`
	Impact             string           `json:"impact"`
	Degree             string           `json:"degree"`
	Grade              string           `json:"grade"`
	Sublevel           int              `json:"sublevel"`
	Elements           []gradeElement   `json:"elements"`
	DowngradeDoc       string           `json:"downgradeDoc"`
	DowngradeReason    string           `json:"downgradeReason"`
	SourceRelation     string           `json:"sourceRelation"`
	SourceOrigin       string           `json:"sourceOrigin"`
	ConsentDoc         string           `json:"consentDoc"`
	ConsentFile        string           `json:"consentFile"`
	LegalBasis         string           `json:"legalBasis"`
	Authorisable       string           `json:"authorisable"`
	AuthoriseCondition string           `json:"authoriseCondition"`
	AuthoriseBasis     string           `json:"authoriseBasis"`
	RegistrationNo     string           `json:"registrationNo"`
	Related            string           `json:"related"`
	Fields             []catalogueField `json:"fields"`
}

type catalogueField struct {
	Label        string `json:"label"`
	Name         string `json:"name"`
	Type         string `json:"type"`
	Length       int    `json:"length"`
	Key          bool   `json:"key"`
	Nullable     bool   `json:"nullable"`
	Personal     bool   `json:"personal"`
	Sensitive    bool   `json:"sensitive"`
	Shared       bool   `json:"shared"`
	Open         bool   `json:"open"`
	Authorisable bool   `json:"authorisable"`
	Note         string `json:"note"`
}

type gradeElement = catalogue.Element

type firstReview struct {
	Lawful  bool `json:"lawful"`
	Safe    bool `json:"safe"`
	Minimal bool `json:"minimal"`
}

// P07Catalogue is 目录编制 (clauses 7.1, 7.2b, 11.2): the source compiles, a second person of the
// source reviews, a secrecy review follows, the data authority publishes. Change and withdrawal
// take the same way.
func P07Catalogue() *procedure.Procedure {
	c := plan.C("7.2b")
	checks := procedure.Rules{catalogueSecret, catalogueConsistent, catalogueTarget, catalogueTitle, catalogueHeld, filesThere(plan.C("7.1"), "consentFile")}
	compiled := procedure.Acts("submit")
	return &procedure.Procedure{ID: "p07_2_catalogue", Prefix: "ML", Title: "资源目录编制", Group: "目录与供给", Plan: c, Start: "draft",
		Name: func(c *procedure.Ctx) (string, error) {
			f, err := procedure.Form[catalogueForm](c)
			if err != nil || f.Act == "" {
				return "", err
			}
			title := f.Title
			if f.Act == "withdraw" && f.Item != "" {
				if it, err := catalogue.ByID(c.ReadTx, f.Item); err == nil {
					title = it.Title
				}
			}
			return map[string]string{"publish": "新编目录：", "change": "变更目录：", "withdraw": "撤销目录："}[f.Act] + title, nil
		},
		Form:   procedure.FormOf[catalogueForm](catalogueFields(c)...),
		Starts: procedure.Rules{catalogueSecret},
		States: procedure.Phases{
			{ID: "draft", Label: "编制", Owes: party.Source, Track: true},
			{ID: "first_review", Label: "本单位合规性、安全性初审", Owes: party.Source, Within: "catalogue.source_review", Track: true},
			{ID: "secrecy", Label: "保密审查", Owes: party.Source, Within: "catalogue.secrecy_review", Track: true},
			{ID: "authority", Label: "待数据管理部门审核发布", Owes: party.Authority, Within: "catalogue.authority_review", Track: true},
			{ID: "published", Label: "已办结", Final: true, Track: true},
			{ID: "refused", Label: "不予发布", Final: true},
			{ID: "withdrawn", Label: "已撤回", Final: true},
		},
		Parties: []procedure.PartyRule{{Role: party.Authority, Find: party.TenantOrg(party.Authority)}},
		Readers: []procedure.Role{party.Authority, party.Secrecy, party.Auditor},
		Steps: []procedure.Step{
			{Do: "submit", Label: "送初审", By: party.Source, From: procedure.S("draft"), To: "first_review", Plan: c, Edits: true, Style: procedure.Primary,
				Require: checks, Then: procedure.Effects{bindFiles(plan.C("7.1"), "consentFile")}},
			{Do: "review", Label: "初审通过", By: party.Source, From: procedure.S("first_review"), To: "secrecy", Plan: plan.C("11.2"), Apart: compiled, Style: procedure.Primary,
				Input: []procedure.Field{{Name: "lawful", Label: "是否依法履职或提供公共服务产生，来源合法", Kind: procedure.Bool, Required: true, Plan: plan.C("11.2")},
					{Name: "safe", Label: "分类分级是否恰当，有无国家安全、商业秘密风险未处置的情形已排除", Kind: procedure.Bool, Required: true, Plan: plan.C("11.2")},
					{Name: "minimal", Label: "个人信息项是否标注完整、确属必要", Kind: procedure.Bool, Required: true, Plan: plan.C("10.5.2")}},
				Require: procedure.Rules{catalogueReviewed}},
			{Do: "clear", Label: "保密审查通过", By: party.Source, From: procedure.S("secrecy"), To: "authority", Plan: plan.C("10.7.2"), Apart: compiled, Opinion: true, Style: procedure.Primary},
			withApart(procedure.ReturnTo("draft", party.Source, c, "first_review", "secrecy"), compiled),
			{Do: "publish", Label: "审核通过，予以发布", By: party.Authority, From: procedure.S("authority"), To: "published", Plan: c, Style: procedure.Primary, Numbered: true,
				Require: procedure.Rules{catalogueSecret, catalogueConsistent, catalogueTarget, catalogueTitle, catalogueHeld}, Then: procedure.Effects{publishCatalogue}},
			{Do: "refuse", Label: "不予发布", By: party.Authority, From: procedure.S("authority"), To: "refused", Plan: c, Opinion: true, Style: procedure.Danger},
			procedure.ReturnTo("draft", party.Authority, c, "authority"),
			procedure.Withdraw("withdrawn", party.Source, c, "draft", "first_review", "secrecy", "authority"),
		},
		Views:  []procedure.View{{Title: "目录质量分", Plan: c, Draw: catalogueScore}, {Title: "与现行版本的差异", Plan: c, Draw: catalogueDifference}, {Title: "一致性核对", Plan: c, In: procedure.S("draft"), Draw: catalogueProblems}},
		Papers: []procedure.Paper{{Kind: "notice", Title: "目录发布通知", Plan: c, In: procedure.S("published"), Draw: cataloguePaper}},
	}
}

func catalogueFields(c plan.Clause) []procedure.Field {
	described := &procedure.When{Field: "act", In: []string{"publish", "change"}}
	f := func(name, label, kind, section, clause string, more ...func(*procedure.Field)) procedure.Field {
		x := procedure.Field{Name: name, Label: label, Kind: kind, Section: section, Plan: plan.C(clause), Show: described, Required: true}
		for _, m := range more {
			m(&x)
		}
		return x
	}
	of := func(list []procedure.Option) func(*procedure.Field) {
		return func(x *procedure.Field) { x.Kind, x.Options = procedure.Choice, list }
	}
	optional := func(x *procedure.Field) { x.Required = false }
	help := func(s string) func(*procedure.Field) { return func(x *procedure.Field) { x.Help = s } }
	most := func(n int) func(*procedure.Field) { return func(x *procedure.Field) { x.Max = n } }
	row := func(name, label, kind string, required bool) procedure.Field {
		return procedure.Field{Name: name, Label: label, Kind: kind, Required: required, Plan: plan.C("7.1")}
	}
	kindOf := row("type", "数据类型", procedure.Choice, true)
	kindOf.Options = catalogue.FieldTypes
	length := row("length", "长度", procedure.Integer, false)
	length.Max = 1_000_000
	note := row("note", "释义", procedure.Text, false)
	note.Max = 500
	return []procedure.Field{
		{Name: "act", Label: "事项", Kind: procedure.Choice, Required: true, Plan: c, Section: "事项", Options: []procedure.Option{{Value: "publish", Label: "新编"}, {Value: "change", Label: "变更"}, {Value: "withdraw", Label: "撤销"}}},
		{Name: "item", Label: "目录项", Kind: procedure.Ref, Source: "catalogue_own", Required: true, Plan: c, Section: "事项", Show: &procedure.When{Field: "act", In: []string{"change", "withdraw"}}},
		{Name: "reason", Label: "原因", Kind: procedure.LongText, Max: 2000, Required: true, Plan: c, Section: "事项", Show: &procedure.When{Field: "act", In: []string{"change", "withdraw"}}},
		f("secret", "是否涉及国家秘密", procedure.Choice, "事项", "7.1", of([]procedure.Option{{Value: "no", Label: "不涉密"}, {Value: "yes", Label: "涉密"}}), help("涉密信息不得录入本平台")),
		f("title", "资源名称", procedure.Text, "基本信息", "7.2b"),
		f("classCode", "资源分类代码", procedure.Text, "基本信息", "7.2b", help("类1位、项2位、目3位，细目若干位，例如300101"), most(12)),
		f("class", "数据分类", procedure.Text, "基本信息", "7.2b", help("行业领域或业务属性，例如人口、气象")),
		f("sourceKind", "提供方类型", procedure.Choice, "基本信息", "7.1", of(catalogue.SourceKinds)),
		f("sourceDept", "提供方内部部门", procedure.Text, "基本信息", "7.2b"),
		f("sourceSystem", "所属系统", procedure.Text, "基本信息", "7.2b", optional),
		f("abstract", "资源摘要", procedure.LongText, "基本信息", "7.2b", most(2000)),
		f("formatClass", "格式分类", procedure.Choice, "格式与更新", "7.2b", of(catalogue.FormatClasses)),
		f("formatType", "格式类型", procedure.Choice, "格式与更新", "7.2b", of(catalogue.FormatTypes())),
		f("updateCycle", "更新周期", procedure.Choice, "格式与更新", "7.2b", of(catalogue.Cycles)),
		f("shareType", "共享类型", procedure.Choice, "共享与开放", "7.2b", of(catalogue.ShareTypes)),
		f("shareCondition", "共享条件或不予共享的依据", procedure.LongText, "共享与开放", "7.2b", optional, most(1000)),
		f("shareMode", "共享方式", procedure.Choice, "共享与开放", "7.2b", of(catalogue.ShareModes)),
		f("openType", "开放类型", procedure.Choice, "共享与开放", "7.2b", of(catalogue.OpenTypes)),
		f("openCondition", "开放条件", procedure.LongText, "共享与开放", "7.2b", optional, most(1000)),
		f("impact", "受危害的对象", procedure.Choice, "分类分级", "7.2b", of(catalogue.Impacts), help("数据遭到泄露、篡改、破坏或者非法使用时")),
		f("degree", "危害程度", procedure.Choice, "分类分级", "7.2b", of(catalogue.Degrees)),
		f("grade", "数据级别", procedure.Choice, "分类分级", "7.2b", of(catalogue.Grades)),
		f("sublevel", "一般数据细分级别", procedure.Integer, "分类分级", "7.2b", optional, most(4), help("1至4级，4级最敏感；只用于一般数据")),
		f("elements", "分级要素", procedure.Table, "分类分级", "7.2b", optional, help("领域、群体、区域、精度、规模、深度、覆盖度、重要性中与定级有关的"), func(x *procedure.Field) {
			which := row("element", "要素", procedure.Choice, true)
			which.Options = catalogue.Elements
			x.Rows = []procedure.Field{which, row("say", "说明", procedure.Text, true)}
		}),
		f("downgradeDoc", "降级评估文号", procedure.Text, "分类分级", "7.2b", optional, help("所定级别低于分级矩阵的，填写去标识化或聚合评估的文号；核心数据不得降级")),
		f("downgradeReason", "降级理由", procedure.LongText, "分类分级", "7.2b", optional, most(1000)),
		f("sourceRelation", "来源关系", procedure.Choice, "授权", "7.1", of(catalogue.Relations)),
		f("sourceOrigin", "共享来源单位", procedure.Text, "授权", "7.1", optional, help("共享获得的填写")),
		f("consentDoc", "来源单位同意文件文号", procedure.Text, "授权", "7.1", optional),
		f("consentFile", "来源单位同意文件", procedure.File, "授权", "7.1", optional),
		f("legalBasis", "法律依据或委托文件", procedure.LongText, "授权", "7.1", optional, most(1000), help("公共服务企业的数据拟授权运营的填写")),
		f("authorisable", "授权属性", procedure.Choice, "授权", "9.1", of(catalogue.Authorisables)),
		f("authoriseCondition", "授权条件", procedure.LongText, "授权", "9.1", optional, most(1000)),
		f("authoriseBasis", "授权依据", procedure.LongText, "授权", "7.1", optional, most(500)),
		f("registrationNo", "登记确认单编号", procedure.Text, "授权", "7.2b", optional, most(64), help("公共数据资源登记后取得，拟登记的留空")),
		f("related", "关联资源代码", procedure.Text, "授权", "7.2b", optional),
		f("fields", "信息项", procedure.Table, "信息项", "7.1", func(x *procedure.Field) {
			x.Rows = []procedure.Field{row("label", "名称", procedure.Text, true), row("name", "英文名", procedure.Text, true), kindOf, length, row("key", "主键", procedure.Bool, false),
				row("nullable", "可空", procedure.Bool, false), row("personal", "个人信息", procedure.Bool, false), row("sensitive", "敏感个人信息", procedure.Bool, false),
				row("shared", "共享", procedure.Bool, false), row("open", "开放", procedure.Bool, false), row("authorisable", "可授权", procedure.Bool, false), note}
		}),
	}
}

// item is the catalogue's view of the form.
func (f catalogueForm) item(c *procedure.Ctx) catalogue.Item {
	it := catalogue.Item{Title: f.Title, Division: c.Case.Tenant, SourceOrg: c.Case.Org, SourceKind: f.SourceKind, SourceDept: f.SourceDept, SourceSystem: f.SourceSystem, Abstract: f.Abstract,
		ClassCode: f.ClassCode, Class: f.Class, FormatClass: f.FormatClass, FormatType: f.FormatType, ShareType: f.ShareType, ShareCondition: f.ShareCondition, ShareMode: f.ShareMode,
		OpenType: f.OpenType, OpenCondition: f.OpenCondition, UpdateCycle: f.UpdateCycle, Grade: f.Grade, Sublevel: f.Sublevel, Impact: f.Impact, Degree: f.Degree, SourceRelation: f.SourceRelation,
		SourceOrigin: f.SourceOrigin, ConsentDoc: f.ConsentDoc, LegalBasis: f.LegalBasis, Authorisable: f.Authorisable, AuthoriseCondition: f.AuthoriseCondition,
		AuthoriseBasis: f.AuthoriseBasis, RegistrationNo: f.RegistrationNo, Related: f.Related, State: catalogue.StatePublished, CaseNo: c.Case.No}
	for _, x := range f.Fields {
		it.Fields = append(it.Fields, catalogue.Field{Name: x.Name, Label: x.Label, Type: x.Type, Length: x.Length, IsKey: x.Key, Nullable: x.Nullable, Personal: x.Personal,
			Sensitive: x.Sensitive, Shared: x.Shared, Open: x.Open, Authorisable: x.Authorisable, Note: x.Note})
	}
	if b, err := json.Marshal(f.Elements); err == nil && len(f.Elements) > 0 {
		it.Elements = string(b)
	}
	it.DowngradeDoc, it.DowngradeReason = f.DowngradeDoc, f.DowngradeReason
	return it
}

func catalogueRule(code, say, clause string, holds func(*procedure.Ctx, catalogueForm) error) procedure.Rule {
	return procedure.Rule{Code: code, Say: say, Plan: plan.C(clause), Holds: func(c *procedure.Ctx) error {
		f, err := procedure.Form[catalogueForm](c)
		if err != nil {
			return err
		}
		return holds(c, f)
	}}
}

// catalogueSecret is asked before a case exists and again with every submission.
var catalogueSecret = catalogueRule("catalogue.secret", "涉密信息不得录入本平台：请立即停止填报，并按保密规定处理已填内容", "7.1", func(_ *procedure.Ctx, f catalogueForm) error {
	return procedure.Hold(f.Secret != "yes", nil)
})

// catalogueConsistent answers with every inconsistency at its field at once.
var catalogueConsistent = catalogueRule("catalogue.consistent", "目录项各栏之间不一致", "7.2b", func(c *procedure.Ctx, f catalogueForm) error {
	if f.Act == "withdraw" {
		return nil
	}
	problems := catalogue.Problems(f.item(c))
	if f.SourceRelation == catalogue.SharedIn && f.Authorisable != catalogue.AuthoriseNo && f.ConsentDoc != "" && f.ConsentFile == "" {
		problems = append(problems, procedure.FieldError{Path: "consentFile", Message: "请上传来源单位的同意文件", Clause: "7.1"})
	}
	if len(problems) > 0 {
		return &procedure.Invalid{Errors: problems}
	}
	return nil
})

// catalogueTarget: what is changed or withdrawn is the source's own and stands in the catalogue.
var catalogueTarget = catalogueRule("catalogue.target", "所选目录项不属于本单位，或者已经撤销", "7.2b", func(c *procedure.Ctx, f catalogueForm) error {
	if f.Act == "publish" {
		return nil
	}
	it, err := catalogue.ByID(c.ReadTx, f.Item)
	if err != nil {
		return ruleMissing(err)
	}
	return procedure.Hold(it.SourceOrg == c.Case.Org && it.State == catalogue.StatePublished, nil)
})

var catalogueTitle = catalogueRule("catalogue.title", "本单位已有同名的目录项，请改名或者办理变更", "7.2b", func(c *procedure.Ctx, f catalogueForm) error {
	if f.Act == "withdraw" {
		return nil
	}
	there, err := c.Exists(`SELECT 1 FROM catalogue_item WHERE source_org = $1 AND title = $2 AND state = 'published' AND id <> $3`, c.Case.Org, f.Title, f.Item)
	return procedure.Hold(!there, err)
})

// catalogueHeld: an item that stands in the authorised catalogue of an agreement cannot be made
// unauthorisable, and no field it authorises closed, before the agreement is changed (6.1.5).
var catalogueHeld = catalogueRule("catalogue.authorised", "目录项已列入生效协议的授权运营目录，须先办理协议变更", "6.1.5", func(c *procedure.Ctx, f catalogueForm) error {
	if f.Act != "change" {
		return nil
	}
	return heldAsAuthorised(c, f.Item, f.item(c))
})

// heldAsAuthorised refuses what would take from an agreement in force what it authorises of an item.
func heldAsAuthorised(c *procedure.Ctx, item string, it catalogue.Item) error {
	holder, err := agreement.HolderOf(c.ReadTx, item, c.Today())
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	v, err := c.Param("catalogue.authorise_important")
	if err != nil {
		return err
	}
	important, err := v.Bool()
	if err != nil {
		return err
	}
	if why := catalogue.WhyNotAuthorised(it, important); why != "" {
		return procedure.Refuse("", plan.C("6.1.5"), "目录项已列入协议%s的授权运营目录，不能改为不可授权，请先办理协议变更", holder.No)
	}
	items, err := agreement.Items(c.ReadTx, holder.ID)
	if err != nil {
		return err
	}
	for _, line := range items {
		if line.Item != item || !line.Active {
			continue
		}
		for _, name := range line.Fields {
			if name == agreement.AllFields {
				continue
			}
			if _, err := authorisedFields(it, name); err != nil {
				return procedure.Refuse("", plan.C("6.1.5"), "信息项“%s”已由协议%s授权，不能删除或改为不可授权，请先办理协议变更", name, holder.No)
			}
		}
	}
	return nil
}

var catalogueReviewed = procedure.Rule{Code: "catalogue.first_review", Say: "初审各项须全部为“是”；有不符合的请退回编制人", Plan: plan.C("11.2"), Holds: func(c *procedure.Ctx) error {
	in, err := procedure.Input[firstReview](c)
	return procedure.Hold(in.Lawful && in.Safe && in.Minimal, err)
}}

// publishCatalogue carries out what the case is about.
var publishCatalogue = procedure.Effect{Name: "publish", Say: "目录即时更新，版本和差异留痕；撤销的目录项即时停止使用", Plan: plan.C("7.2b"), Run: func(c *procedure.Ctx) error {
	f, err := procedure.Form[catalogueForm](c)
	if err != nil {
		return err
	}
	var it catalogue.Item
	switch f.Act {
	case "publish":
		it, err = catalogue.Publish(c.W, f.item(c), "新编", c.Actor.Person)
	case "change":
		var now catalogue.Item
		if now, err = catalogue.ByID(c.ReadTx, f.Item); err == nil {
			it, err = catalogue.Change(c.W, f.Item, now.Version, f.item(c), f.Reason, c.Actor.Person)
		}
	default:
		it, err = catalogue.Withdraw(c.W, f.Item, f.Reason, c.Case.No, c.Actor.Person)
	}
	if err != nil {
		return err
	}
	if err := permit.Touch(c.W); err != nil {
		return err
	}
	return c.SetSubject(it.ID)
}}

func catalogueDifference(c *procedure.Ctx) (procedure.Section, error) {
	f, err := procedure.Form[catalogueForm](c)
	if err != nil || f.Act != "change" || f.Item == "" || c.Case.Final {
		return procedure.Section{}, err
	}
	old, err := catalogue.ByID(c.ReadTx, f.Item)
	if err != nil {
		if ruleMissing(err) == procedure.ErrFails {
			return procedure.Section{}, nil
		}
		return procedure.Section{}, err
	}
	next := f.item(c)
	next.OriginCode = old.OriginCode
	next.Derive()
	return catalogue.DifferenceSection("", catalogue.Differences(old, next)), nil
}

func catalogueProblems(c *procedure.Ctx) (procedure.Section, error) {
	f, err := procedure.Form[catalogueForm](c)
	if err != nil || f.Act == "" || f.Act == "withdraw" {
		return procedure.Section{}, err
	}
	s := procedure.Section{Kind: "table", Columns: []procedure.Column{{Key: "message", Label: "问题", Kind: "text", Primary: true}, {Key: "clause", Label: "依据", Kind: "code"}}}
	for _, p := range catalogue.Problems(f.item(c)) {
		s.Rows = append(s.Rows, map[string]any{"message": p.Message, "clause": p.Clause})
	}
	if len(s.Rows) == 0 {
		s.Note = "各栏一致。"
	}
	return s, nil
}

// catalogueScore shows what the description scores as it stands in the form.
func catalogueScore(c *procedure.Ctx) (procedure.Section, error) {
	f, err := procedure.Form[catalogueForm](c)
	if err != nil || f.Act == "" || f.Act == "withdraw" {
		return procedure.Section{}, err
	}
	return f.item(c).Quality().QualitySection(), nil
}

func cataloguePaper(c *procedure.Ctx) (docs.Document, error) {
	f, err := procedure.Form[catalogueForm](c)
	if err != nil {
		return docs.Document{}, err
	}
	it, err := catalogue.ByID(c.ReadTx, c.Case.Subject)
	if err != nil {
		return docs.Document{}, err
	}
	org, err := c.Party(party.Authority)
	if err != nil {
		return docs.Document{}, err
	}
	authority, err := orgNamed(c, org)
	if err != nil {
		return docs.Document{}, err
	}
	source, err := orgNamed(c, it.SourceOrg)
	if err != nil {
		return docs.Document{}, err
	}
	var number string
	if err := c.Get(&number, `SELECT doc_no FROM case_event WHERE case_no = $1 AND action = 'publish' ORDER BY n DESC LIMIT 1`, c.Case.No); err != nil && ruleMissing(err) != procedure.ErrFails {
		return docs.Document{}, err
	}
	word := map[string]string{"publish": "发布", "change": "变更", "withdraw": "撤销"}[f.Act]
	blocks := []docs.Block{docs.P(fmt.Sprintf("经审核，%s你单位目录项“%s”，自发出之日起执行。", map[string]string{"publish": "同意将", "change": "同意变更", "withdraw": "同意撤销"}[f.Act], it.Title)),
		docs.KeyValues{Pairs: []docs.Pair{{Key: "资源代码", Value: it.Code}, {Key: "版本", Value: fmt.Sprint(it.Version)}, {Key: "数据级别", Value: catalogue.Label(catalogue.Grades, it.Grade)},
			{Key: "更新周期", Value: catalogue.Label(catalogue.Cycles, it.UpdateCycle)}, {Key: "共享类型", Value: catalogue.Label(catalogue.ShareTypes, it.ShareType)},
			{Key: "授权属性", Value: catalogue.Label(catalogue.Authorisables, it.Authorisable)}}}}
	if f.Act == "publish" {
		blocks[0] = docs.P(fmt.Sprintf("经审核，你单位目录项“%s”编入全市公共数据资源目录，自发出之日起执行。", it.Title))
	}
	if f.Act != "withdraw" {
		t := docs.Table{Caption: "信息项", Columns: []docs.Column{{Title: "名称", Width: 4}, {Title: "英文名", Width: 4}, {Title: "类型", Width: 3}, {Title: "个人信息", Width: 2, Align: docs.Centre}, {Title: "可授权", Width: 2, Align: docs.Centre}}}
		yes := map[bool]string{true: "是", false: "否"}
		for _, x := range it.Fields {
			t.Rows = append(t.Rows, []string{x.Label, x.Name, catalogue.Label(catalogue.FieldTypes, x.Type), yes[x.Personal], yes[x.Authorisable]})
		}
		blocks = append(blocks, t)
	}
	blocks = append(blocks, docs.Basis{Citations: []docs.Citation{{ID: "7.2b", Source: "实施方案第七部分"}}}, docs.Signature{Organ: authority, Date: dateOf(c.Case.Updated), Seal: true})
	return checked(docs.Document{Kind: docs.Circular, Organ: authority, Number: number, Title: "关于" + word + "公共数据资源目录项“" + it.Title + "”的通知", Addressee: source, Blocks: blocks}, number, it.ID, it.Digest)
}
