package procedures

import (
	"errors"
	"fmt"
	"regexp"
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

// productForm is a product as it is applied for: built on one released artefact.
type productForm struct {
	Name       string         `json:"name"`
	Artefact   string         `json:"artefact"`
	Form       string         `json:"form"`
	Summary    string         `json:"summary"`
	Params     []productParam `json:"params"`
	SafeOn     calendar.Date  `json:"safeOn"`
	Safe       bool           `json:"safe"`
	SafeReport string         `json:"safeReport"`
	Terms      string         `json:"terms"`
}

type productParam struct {
	Name     string `json:"name"`
	Title    string `json:"title"`
	Column   string `json:"column"`
	Op       string `json:"op"`
	Required bool   `json:"required"`
}

type codeInput struct {
	Code string `json:"code"`
}

type nationalInput struct {
	State string `json:"state"`
	No    string `json:"no"`
}

type exitInput struct {
	Customers bool `json:"customers"`
	Data      bool `json:"data"`
	Accounts  bool `json:"accounts"`
}

// Registration is 产品合规审核与登记 of a developer's product (clauses 6.3.4, 6.3.5).
func Registration() *p.Procedure {
	return registration("p06_3d_registration", "DJ", "数据产品合规审核与登记", party.Developer)
}

// RegistrationByOperator is the same of a product the operator built; its review is done by other
// persons.
func RegistrationByOperator() *p.Procedure {
	return registration("p06_3d_registration_op", "DO", "数据产品合规审核与登记（运营机构）", party.Operator)
}

func registration(id, prefix, title string, by p.Role) *p.Procedure {
	c, release, measure := plan.C("6.3.4"), plan.C("6.3.5"), plan.C("10.7.3")
	apart := p.Acts("submit", "start")
	compliant := p.Rule{Code: "registration.checks", Say: "合规检查没有全部通过，不得登记", Plan: c, Holds: func(c *p.Ctx) error {
		checks, _, err := compliance(c)
		if err != nil {
			return err
		}
		for _, x := range checks {
			if !x.Passed {
				return p.Refuse("registration.checks", plan.C("6.3.4"), "合规检查未通过：%s（%s）", x.Label, x.Detail)
			}
		}
		return nil
	}}
	issuer := func(want ...string) p.Rule {
		return p.Rule{Code: "registration.issuer", Say: "登记编码按规定由另一机构赋予", Plan: c, Holds: func(c *p.Ctx) error {
			v, err := c.Param("registration.issuer")
			if err != nil {
				return err
			}
			text, err := v.Text()
			return p.Hold(strings.Contains(","+strings.Join(want, ",")+",", ","+text+","), err)
		}}
	}
	move := func(name, say, act string, clause plan.Clause, more ...func(*p.Ctx, product.Product) error) p.Effects {
		return p.Effects{{Name: name, Say: say, Plan: clause, Run: func(c *p.Ctx) error {
			x, err := product.ByCase(c.ReadTx, c.Case.No)
			if err != nil {
				return err
			}
			if err := product.Move(c.W, x.ID, act, c.Actor.Person, c.Case.No); err != nil {
				return err
			}
			for _, f := range more {
				if err := f(c, x); err != nil {
					return err
				}
			}
			return nil
		}}}
	}
	halt := func(c *p.Ctx, x product.Product) error {
		_, err := permit.Stop(c.W, permit.Halt{Kind: permit.StopProduct, Key: x.ID, Reason: c.Opinion, Case: c.Case.No, By: c.Actor.Person})
		return err
	}
	note := p.Effects{{Name: "note_national", Say: "记载国家登记的进度", Plan: c, Run: func(c *p.Ctx) error {
		in, err := p.Input[nationalInput](c)
		if err != nil {
			return err
		}
		x, err := product.ByCase(c.ReadTx, c.Case.No)
		if err != nil {
			return err
		}
		return product.SetNational(c.W, x.ID, in.State, in.No, c.Actor.Person, c.Case.No)
	}}}
	national := []p.Field{{Name: "state", Label: "国家登记进度", Kind: p.Choice, Options: product.NationalStates, Required: true, Plan: c, Help: "由登记机构办理，平台只记载；与平台的登记编码是两件事"},
		{Name: "no", Label: "登记确认单编号", Kind: p.Text, Max: 60, Plan: c}}
	exit := []p.Field{{Name: "customers", Label: "使用方均已告知并妥善安置", Kind: p.Bool, Required: true, Plan: plan.C("10.1.2")},
		{Name: "data", Label: "产品数据和缓存均已清理", Kind: p.Bool, Required: true, Plan: plan.C("10.1.2")},
		{Name: "accounts", Label: "费用均已结清", Kind: p.Bool, Required: true, Plan: plan.C("10.1.2")}}
	return &p.Procedure{ID: id, Prefix: prefix, Title: title, Group: "数据产品", Plan: c, Start: "draft",
		Form: p.FormOf[productForm](
			p.Field{Name: "name", Label: "产品名称", Kind: p.Text, Required: true, Max: 60, Plan: c},
			p.Field{Name: "artefact", Label: "已出域的成果", Kind: p.Ref, Source: "artefacts", Required: true, Plan: plan.C("6.3.3")},
			p.Field{Name: "form", Label: "形态", Kind: p.Choice, Options: product.Forms, Required: true, Plan: plan.C("6.2.4")},
			p.Field{Name: "summary", Label: "产品说明", Kind: p.LongText, Required: true, Max: 4000, Plan: c},
			p.Field{Name: "params", Label: "调用参数", Kind: p.Table, Plan: plan.C("6.2.4"), Show: &p.When{Field: "form", In: []string{"api"}}, Rows: []p.Field{
				{Name: "name", Label: "参数", Kind: p.Text, Required: true, Pattern: "[a-z][a-z0-9_]{0,39}", Plan: c},
				{Name: "title", Label: "含义", Kind: p.Text, Required: true, Plan: c},
				{Name: "column", Label: "对应的列", Kind: p.Text, Required: true, Plan: c},
				{Name: "op", Label: "比较", Kind: p.Choice, Options: product.Ops, Required: true, Plan: c},
				{Name: "required", Label: "必填", Kind: p.Bool, Required: true, Plan: c}}},
			p.Field{Name: "safeOn", Label: "安全检测日期", Kind: p.Date, Required: true, Plan: c, Section: "安全检测"},
			p.Field{Name: "safe", Label: "检测结论合格", Kind: p.Bool, Required: true, Plan: c, Section: "安全检测"},
			p.Field{Name: "safeReport", Label: "检测报告要点", Kind: p.LongText, Required: true, Max: 4000, Plan: c, Section: "安全检测"},
			p.Field{Name: "terms", Label: "使用限制条件", Kind: p.LongText, Required: true, Min: 10, Max: 8000, Plan: plan.C("1.7b"), Section: "使用限制条件", Help: "使用方订购时逐字接受，按版本留存"}),
		Name: func(c *p.Ctx) (string, error) { f, err := p.Form[productForm](c); return f.Name, err },
		States: p.Phases{
			{ID: "draft", Label: "填写", Owes: by, Track: true},
			{ID: "review", Label: "合规审核", Owes: party.Operator, Within: "registration.review", Track: true},
			{ID: "coding", Label: "待赋码", Owes: party.Authority, Within: "registration.review", Track: true},
			{ID: "registered", Label: "已登记", Owes: party.Operator, Track: true},
			{ID: "published", Label: "已上线", Track: true},
			{ID: "suspended", Label: "已暂停"},
			{ID: "retired", Label: "已退出", Final: true}, {ID: "refused", Label: "未通过", Final: true}, {ID: "withdrawn", Label: "已撤回", Final: true}},
		Steps: []p.Step{
			{Do: "submit", Label: "提交审核", By: by, From: p.S("draft"), To: "review", Plan: c, Edits: true, Style: p.Primary,
				Require: p.Rules{{Code: "registration.own", Say: "只能登记本单位已出域的成果", Plan: plan.C("6.3.3"), Holds: func(c *p.Ctx) error {
					b, err := readProduct(c)
					if err != nil {
						return missing(err)
					}
					return p.Hold(b.artefact.Org == c.Case.Org && b.artefact.State == "released" && (by != party.Operator || b.operator == c.Case.Org), nil)
				}}}, Then: p.Effects{{Name: "check_compliance", Say: "立即运行合规检查", Plan: c, Run: keepCompliance, Undo: p.Harmless}}},
			{Do: "approve", Label: "审核通过", By: party.Operator, From: p.S("review"), To: "coding", Plan: c, Apart: apart, Require: p.Rules{compliant},
				Then: p.Effects{{Name: "keep_compliance", Say: "结论绑定产品的摘要值", Plan: c, Run: keepCompliance}}, Style: p.Primary},
			{Do: "return", Label: "退回", By: party.Operator, From: p.S("review"), To: "draft", Plan: c, Apart: apart, Opinion: true, Return: true},
			{Do: "refuse", Label: "审核不通过", By: party.Operator, From: p.S("review"), To: "refused", Plan: c, Apart: apart, Opinion: true, Numbered: true, Style: p.Danger},
			{Do: "issue", Label: "登记并赋码", By: party.Authority, From: p.S("coding"), To: "registered", Plan: c, Numbered: true, Style: p.Primary, Apart: p.Acts("submit", "start", "approve"),
				Input: []p.Field{{Name: "code", Label: "登记机构给出的编码", Kind: p.Text, Max: 60, Plan: c, Help: "由数据管理部门赋码时留空"}},
				Require: p.Rules{issuer("authority", "registry"), compliant, {Code: "registration.code", Say: "由登记机构赋码时须填写其编码，由数据管理部门赋码时不得填写", Plan: c, Holds: func(c *p.Ctx) error {
					in, err := p.Input[codeInput](c)
					if err != nil {
						return err
					}
					v, err := c.Param("registration.issuer")
					if err != nil {
						return err
					}
					text, err := v.Text()
					return p.Hold((text == "registry") == (in.Code != ""), err)
				}}}, Then: p.Effects{{Name: "register_product", Say: "产品登记，编码唯一", Plan: c, Run: registerProduct}}, Irrevocable: "编码一经赋予不再改变"},
			{Do: "issue_operator", Label: "登记并赋码", By: party.Operator, From: p.S("coding"), To: "registered", Plan: c, Numbered: true, Apart: p.Acts("submit", "start", "approve"),
				Require: p.Rules{issuer("operator"), compliant}, Then: p.Effects{{Name: "register_product", Say: "产品登记，编码唯一", Plan: c, Run: registerProduct}}},
			{Do: "reject", Label: "退回审核", By: party.Authority, From: p.S("coding"), To: "review", Plan: c, Opinion: true},
			{Do: "publish", Label: "上线发布", By: party.Operator, From: p.S("registered"), To: "published", Plan: release, Style: p.Primary, Require: p.Rules{compliant},
				Then: move("publish_product", "产品在门户公开，可以订购和调用", "publish", release, func(c *p.Ctx, x product.Product) error {
					return permit.List(c.W, x.ID, x.Agreement, []string{x.Purpose}, calendar.Date{}, c.Actor.Person, c.Case.No)
				})},
			{Do: "note", Label: "记载国家登记", By: party.Operator, From: p.S("registered"), To: "registered", Plan: c, Input: national, Then: note},
			{Do: "note_published", Label: "记载国家登记", By: party.Operator, From: p.S("published"), To: "published", Plan: c, Input: national, Then: note},
			{Do: "suspend", Label: "暂停", By: party.Authority, From: p.S("published"), To: "suspended", Plan: measure, Opinion: true, Style: p.Danger,
				Then: move("suspend_product", "调用和订购即时停止", "suspend", measure, halt)},
			{Do: "pause", Label: "主动暂停", By: party.Operator, From: p.S("published"), To: "suspended", Plan: plan.C("10.1.2"), Opinion: true,
				Then: move("pause_product", "调用和订购即时停止", "suspend", plan.C("10.1.2"), halt)},
			{Do: "resume", Label: "恢复", By: party.Authority, From: p.S("suspended"), To: "published", Plan: measure, Opinion: true, Require: p.Rules{compliant},
				Then: move("resume_product", "恢复提供", "resume", measure, func(c *p.Ctx, x product.Product) error {
					return permit.Lift(c.W, permit.StopProduct, x.ID, c.Actor.Person, c.Case.No)
				})},
			{Do: "retire", Label: "退出", By: party.Operator, From: p.S("registered", "published", "suspended"), To: "retired", Plan: plan.C("10.1.2"), Opinion: true, Input: exit, Style: p.Danger,
				Irrevocable: "产品退出后不能恢复，编码不再使用",
				Require: p.Rules{{Code: "registration.exit", Say: "退出清单须逐项完成", Plan: plan.C("10.1.2"), Holds: func(c *p.Ctx) error {
					in, err := p.Input[exitInput](c)
					return p.Hold(in.Customers && in.Data && in.Accounts, err)
				}}}, Then: move("retire_product", "从清单撤下，不再提供", "retire", plan.C("10.1.2"), func(c *p.Ctx, x product.Product) error {
					return permit.Unlist(c.W, x.ID, c.Actor.Person, c.Case.No)
				})},
			p.Withdraw("withdrawn", by, c, "draft"),
		},
		Parties: []p.PartyRule{{Role: party.Operator, Find: productOperator}, {Role: party.Authority, Find: party.TenantOrg(party.Authority)}},
		Readers: []p.Role{party.Authority},
		Views:   []p.View{{Title: "合规检查", Plan: c, In: p.S("review", "coding", "registered", "refused"), Draw: complianceView}, {Title: "登记结果", Plan: c, Draw: registeredView}},
		Papers:  []p.Paper{{Kind: "certificate", Title: "数据产品登记证书", Plan: c, In: p.S("registered", "published", "suspended", "retired"), Draw: certificate}},
		Notices: []p.Notice{{Kind: "公开", In: p.S("registered", "published"), Fields: []string{"name", "form", "summary"}, Plan: release, Papers: []string{"certificate"}}},
	}
}

// built joins what a product rests on.
type built struct {
	form      productForm
	artefact  sandbox.Released
	project   sandbox.Project
	scenario  development.Scenario
	item      development.ListItem
	agreement string
	operator  string
	columns   []sandbox.ArtefactColumn
	uses      []string // catalogue items
}

func readProduct(c *p.Ctx) (b built, err error) {
	if b.form, err = p.Form[productForm](c); err != nil {
		return b, err
	}
	if b.artefact, err = sandbox.ReleasedTo(c.ReadTx, b.form.Artefact, c.Case.Org); err != nil {
		return b, err
	}
	if b.project, err = sandbox.ByNo(c.ReadTx, b.artefact.Project); err != nil {
		return b, err
	}
	if b.columns, err = b.artefact.ReadColumns(); err != nil {
		return b, err
	}
	if b.scenario, err = development.ScenarioByID(c.ReadTx, b.project.Scenario); err != nil {
		return b, err
	}
	if err = c.Select(&b.uses, `SELECT DISTINCT t.item FROM project_table t WHERE t.project = $1 ORDER BY t.item`, b.project.No); err != nil {
		return b, err
	}
	b.operator = b.project.OperatorOrg
	b.item, b.agreement, _, err = development.ItemByID(c.ReadTx, b.project.ListItem)
	return b, ignore(err)
}

func productOperator(c *p.Ctx) (string, error) {
	b, err := readProduct(c)
	return b.operator, ignore(err)
}

// reservedParams are names the gateway uses itself in every call.
var reservedParams = []string{"limit", "cursor", "columns", "consent"}

var paramName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// compliance runs every check of clause 6.3.4 on what is applied for and on what it rests on, as of
// now. digest is of the application together with the artefact.
func compliance(c *p.Ctx) ([]product.Check, string, error) {
	b, err := readProduct(c)
	if err != nil {
		return nil, "", missing(err)
	}
	var out []product.Check
	add := func(code, label string, ok bool, detail string) {
		out = append(out, product.Check{Code: code, Label: label, Passed: ok, Detail: detail})
	}
	add("registration.artefact", "成果经出域审查", b.artefact.State == "released" && b.artefact.Org == c.Case.Org, "出域文号 "+b.artefact.DocNo)
	checks, err := sandbox.Checks(c.ReadTx, b.artefact.CaseNo)
	if err != nil {
		return nil, "", err
	}
	add("registration.primary", "不含原始数据和个人信息", sandbox.Clean(checks, b.artefact.Digest), "按出域检查的最近一次结论")
	on, err := listed(c, b.item.ID, b.agreement)
	if err != nil {
		return nil, "", err
	}
	add("registration.list", "在已备案公开的产品清单内", on && b.item.ID != "", b.item.Name)
	add("registration.form", "形态与产品清单一致", b.item.Form == b.form.Form, optionLabel(product.Forms, b.item.Form))
	add("registration.scenario", "场景已论证通过", b.scenario.State == "justified" && b.scenario.ListItem == b.item.ID, b.scenario.Title)
	in, err := agreementInForce(c, b.agreement)
	if err != nil {
		return nil, "", err
	}
	add("registration.agreement", "授权运营协议生效中", in, b.agreement)
	right := "范围、用途均在授权内"
	err = inScope(c, b)
	var ref *p.Refused
	if errors.As(err, &ref) {
		right = ref.Message
	} else if err != nil {
		return nil, "", err
	}
	add("registration.scope", "数据仍在授权目录内", ref == nil, right)
	add("registration.safety", "安全检测合格", b.form.Safe && !b.form.SafeOn.After(c.Today()), b.form.SafeOn.String())
	detail, ok := paramsFit(b)
	add("registration.params", "调用参数与成果的列相符", ok, detail)
	return out, complianceDigest(c, b), nil
}

func complianceDigest(c *p.Ctx, b built) string {
	return sandbox.ArtefactDigest([]byte(c.Case.Form + "\n" + b.artefact.Digest))
}

// inScope: every catalogue item behind the product stands in the catalogue and in the agreement's
// scope now.
func inScope(c *p.Ctx, b built) error {
	if len(b.uses) == 0 {
		return p.Refuse("registration.scope", plan.C("9.2"), "成果没有可追溯的目录项")
	}
	for _, item := range b.uses {
		ok, err := c.Exists(`SELECT 1 FROM permit_scope s JOIN catalogue_item i ON i.id = s.item AND i.state = 'published'
			WHERE s.agreement = $1 AND s.item = $2 AND s.valid_from <= $3 AND s.valid_to > $3`, b.agreement, item, store.At(c.Now()))
		if err != nil {
			return err
		}
		if !ok {
			return p.Refuse("registration.scope", plan.C("9.2"), "目录项已不在授权运营目录内")
		}
	}
	return nil
}

func paramsFit(b built) (string, bool) {
	if b.form.Form != "api" {
		return "不适用", true
	}
	columns := map[string]sandbox.ArtefactColumn{}
	for _, x := range b.columns {
		columns[x.Name] = x
	}
	seen := map[string]bool{}
	for _, q := range b.form.Params {
		col, ok := columns[q.Column]
		switch {
		case !paramName.MatchString(q.Name) || seen[q.Name] || slices.Contains(reservedParams, q.Name):
			return "参数名不正确、重复或者为平台保留：" + q.Name, false
		case !ok:
			return "成果中没有这一列：" + q.Column, false
		case q.Op != "eq" && col.Type != "integer" && col.Type != "decimal" && col.Type != "date":
			return "只有数值和日期可以比较大小：" + q.Name, false
		}
		seen[q.Name] = true
	}
	return fmt.Sprintf("%d 个参数，%d 列", len(b.form.Params), len(b.columns)), true
}

func keepCompliance(c *p.Ctx) error {
	checks, digest, err := compliance(c)
	if err != nil {
		return err
	}
	return product.KeepChecks(c.W, c.Case.No, digest, checks)
}

func registerProduct(c *p.Ctx) error {
	b, err := readProduct(c)
	if err != nil {
		return err
	}
	in, err := p.Input[codeInput](c)
	if err != nil {
		return err
	}
	v, err := c.Param("registration.issuer")
	if err != nil {
		return err
	}
	issuer, err := v.Text()
	if err != nil {
		return err
	}
	g := product.Registration{Name: b.form.Name, Form: b.form.Form, ListItem: b.item.ID, Agreement: b.agreement, OperatorOrg: b.operator, Org: c.Case.Org,
		Scenario: b.scenario.ID, Purpose: b.project.Purpose, Benefit: b.scenario.Benefit, Artefact: b.artefact.Digest, Division: c.Case.Tenant, Items: b.uses,
		Params: []product.Param{}, Terms: b.form.Terms, Safety: b.form.SafeOn.String() + " " + b.form.SafeReport, Digest: complianceDigest(c, b), Issuer: issuer, IssuerOrg: c.Desk.Org,
		Code: in.Code, DocNo: c.DocNo, CaseNo: c.Case.No, By: c.Actor.Person}
	types := map[string]string{}
	for _, col := range b.columns {
		types[col.Name] = col.Type
		g.Columns = append(g.Columns, product.Column{Name: col.Name, Title: col.Title, Type: col.Type, Nullable: col.Nullable})
	}
	for _, q := range b.form.Params {
		g.Params = append(g.Params, product.Param{Name: q.Name, Title: q.Title, Type: types[q.Column], Column: q.Column, Op: q.Op, Required: q.Required})
	}
	x, err := product.Register(c.W, g)
	if err != nil {
		return err
	}
	return c.SetSubject(x.ID)
}

func complianceView(c *p.Ctx) (p.Section, error) {
	checks, digest, err := compliance(c)
	if errors.Is(err, p.ErrFails) {
		return p.Section{}, nil
	}
	if err != nil {
		return p.Section{}, err
	}
	s := p.Section{Kind: "table", Columns: []p.Column{{Key: "label", Label: "检查", Kind: "text", Primary: true}, {Key: "passed", Label: "结论", Kind: "tag"}, {Key: "detail", Label: "说明", Kind: "text"}},
		Note: "按现在的记录即时检查，结论绑定摘要值 " + digest}
	for _, x := range checks {
		s.Rows = append(s.Rows, map[string]any{"label": x.Label, "passed": passed(x.Passed), "detail": x.Detail})
	}
	return s, nil
}

func registeredView(c *p.Ctx) (p.Section, error) {
	x, err := product.ByCase(c.ReadTx, c.Case.No)
	if err != nil {
		return p.Section{}, ignore(err)
	}
	return p.Section{Kind: "keyvalues", Items: []p.Item{{Label: "登记编码", Value: x.Code, Clause: "6.3.4"}, {Label: "产品编号", Value: x.ID}, {Label: "类别", Value: optionLabel(product.Benefits, x.Benefit)},
		{Label: "国家登记（另一机构办理）", Value: strings.TrimSpace(optionLabel(product.NationalStates, x.NationalState) + " " + x.NationalNo)}}}, nil
}

func certificate(c *p.Ctx) (docs.Document, error) {
	x, err := product.ByCase(c.ReadTx, c.Case.No)
	if err != nil {
		return docs.Document{}, err
	}
	d, err := paperOf(c, docs.Certificate, "数据产品登记证书", "issue", "issue_operator")
	if err != nil {
		return d.Document, err
	}
	operator, err := named(c, x.OperatorOrg)
	if err != nil {
		return d.Document, err
	}
	org, err := named(c, x.Org)
	if err != nil {
		return d.Document, err
	}
	v, err := product.CurrentVersion(c.ReadTx, x)
	if err != nil {
		return d.Document, err
	}
	d.Number = x.Code
	d.Check = &docs.Verification{No: x.Code, Digest: v.Digest, URL: "/portal/verify/" + x.Code}
	d.Blocks = append(d.Blocks, docs.P("经合规审核，下列数据产品符合授权运营协议和安全要求，准予登记并赋予登记编码。本编码是平台内的登记编码，不是国家公共数据资源登记。"),
		docs.KeyValues{Unruled: true, Pairs: []docs.Pair{{Key: "产品名称", Value: x.Name}, {Key: "登记编码", Value: x.Code}, {Key: "产品形态", Value: optionLabel(product.Forms, x.Form)},
			{Key: "用途", Value: x.Purpose}, {Key: "运营机构", Value: operator}, {Key: "开发单位", Value: org}, {Key: "登记文号", Value: x.DocNo}}})
	return d.sealed(), nil
}
