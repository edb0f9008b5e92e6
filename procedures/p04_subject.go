package procedures

import (
	"errors"

	"pado/core/docs"
	"pado/core/id"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/party"
	"pado/plan"
)

// p04 are the procedures by which people and organisations come onto the platform and settle who
// acts for them.
func p04() []*procedure.Procedure {
	return []*procedure.Procedure{P03Parameter(), P03Holiday(), P04Subject(), P04Join(), P04Change(), P04Appoint(), P04Chain(), P04Admin()}
}

type subjectForm struct {
	USCC        string       `json:"uscc"`
	Name        string       `json:"name"`
	Kind        party.Kind   `json:"kind"`
	LegalPerson bool         `json:"legalPerson"`
	LegalRep    string       `json:"legalRep"`
	Role        string       `json:"role"`
	Division    string       `json:"division"`
	Address     string       `json:"address"`
	Phone       string       `json:"phone"`
	Licence     string       `json:"licence"`
	Letter      string       `json:"letter"`
	DocPrefix   string       `json:"docPrefix"`
	Related     []relatedRow `json:"related"`
}

type relatedRow struct {
	USCC     string `json:"uscc"`
	Name     string `json:"name"`
	Relation string `json:"relation"`
}

func relatedFields() []procedure.Field {
	c := plan.C("1.7")
	return []procedure.Field{
		{Name: "uscc", Label: "关联方统一社会信用代码", Kind: procedure.USCC, Required: true, Plan: c},
		{Name: "name", Label: "关联方名称", Kind: procedure.Text, Required: true, Max: 100, Plan: c},
		{Name: "relation", Label: "关系", Kind: procedure.Choice, Required: true, Options: party.Relations, Plan: c}}
}

const phonePattern = `[0-9+() -]{7,20}`

// P04Subject is 主体认证: a natural person brings its organisation onto the platform in one role;
// the Authority of the division, the city's where the division has none yet, checks code,
// licence and letter of authority and confirms, returns or refuses. The confirmation creates the
// organisation (or adds the role to one the person leads) and makes the person its lead. An
// organisation that is there already is joined by p04_join instead.
func P04Subject() *procedure.Procedure {
	c, county := plan.C("1.7b"), plan.C("1.8")
	who := "单位"
	return &procedure.Procedure{ID: "p04_subject", Prefix: "RZ", Title: "主体认证", Group: "主体与岗位", Plan: c, Start: "draft",
		Name: func(c *procedure.Ctx) (string, error) {
			f, err := procedure.Form[subjectForm](c)
			if f.Name == "" {
				return "", err
			}
			return f.Name + "（" + procedure.RoleLabel(procedure.Role(f.Role)) + "）", err
		},
		Form: procedure.FormOf[subjectForm](
			procedure.Field{Name: "uscc", Label: "统一社会信用代码", Kind: procedure.USCC, Required: true, Plan: c, Section: who},
			procedure.Field{Name: "name", Label: "单位名称", Kind: procedure.Text, Required: true, Max: 100, Min: 2, Plan: c, Section: who, Help: "与登记证照一致"},
			procedure.Field{Name: "kind", Label: "单位性质", Kind: procedure.Choice, Required: true, Options: party.Kinds, Plan: c, Section: who},
			procedure.Field{Name: "legalPerson", Label: "是否法人", Kind: procedure.Bool, Required: true, Plan: plan.C("1.6"), Section: who, Help: "申请作为运营机构的须为法人"},
			procedure.Field{Name: "legalRep", Label: "法定代表人（负责人）", Kind: procedure.Text, Required: true, Max: 40, Plan: c, Section: who},
			procedure.Field{Name: "address", Label: "地址", Kind: procedure.Text, Required: true, Max: 200, Plan: c, Section: who},
			procedure.Field{Name: "phone", Label: "单位电话", Kind: procedure.Text, Required: true, Pattern: phonePattern, Plan: c, Section: who},
			procedure.Field{Name: "docPrefix", Label: "机关代字", Kind: procedure.Text, Max: 12, Plan: c, Section: who, Help: "用于文号，例如“朔数授”",
				Show: &procedure.When{Field: "kind", In: []string{string(party.Organ), string(party.Institution)}}},
			procedure.Field{Name: "role", Label: "申请的角色", Kind: procedure.Choice, Required: true, Options: party.RoleOptions(), Plan: county, Section: "申请事项"},
			procedure.Field{Name: "division", Label: "所属区划", Kind: procedure.Choice, Required: true, Options: party.DivisionOptions(), Plan: county, Section: "申请事项",
				Help: "由该区划的数据管理部门审核；本级尚未设立的由市级审核"},
			procedure.Field{Name: "related", Label: "关联方", Kind: procedure.Table, Rows: relatedFields(), Plan: plan.C("1.7"), Section: "申请事项",
				Help: "控股股东、持股过半的子公司、法定代表人为同一人的单位，应全部列明",
				Show: &procedure.When{Field: "role", In: []string{string(party.Operator), string(party.Developer)}}},
			procedure.Field{Name: "licence", Label: "登记证照", Kind: procedure.File, Required: true, Plan: c, Section: "材料"},
			procedure.Field{Name: "letter", Label: "授权委托书（载明经办人）", Kind: procedure.File, Required: true, Plan: c, Section: "材料"}),
		States: procedure.Phases{
			{ID: "draft", Label: "填写", Owes: party.Person, Track: true},
			{ID: "review", Label: "待数据管理部门审核", Owes: party.Authority, Within: "subject.review", Track: true},
			{ID: "confirmed", Label: "已确认", Final: true, Track: true},
			{ID: "refused", Label: "不予确认", Final: true},
			{ID: "withdrawn", Label: "已撤回", Final: true},
		},
		Parties: []procedure.PartyRule{{Role: party.Authority, Find: party.FormDivisionOrg(party.Authority, "division")}},
		Readers: []procedure.Role{party.Authority},
		Steps: []procedure.Step{
			{Do: "submit", Label: "提交认证", By: party.Person, From: procedure.S("draft"), To: "review", Plan: c, Edits: true, Style: procedure.Primary,
				Require: procedure.Rules{divisionTenant, divisionStays, organKind, operatorLegal, developerLegal, orgNotThere, organFree, filesThere(c, "licence", "letter")},
				Then:    procedure.Effects{bindFiles(c, "licence", "letter"), tenantFromForm}},
			{Do: "confirm", Label: "予以确认", By: party.Authority, From: procedure.S("review"), To: "confirmed", Plan: c, Apart: procedure.Acts("submit"),
				Style: procedure.Primary, Numbered: true, Require: procedure.Rules{operatorLegal, developerLegal, orgNotThere, organFree},
				Then: procedure.Effects{establishOrg}, Irrevocable: "确认后单位、角色和负责人即建立，此后只能办理变更"},
			apartReturn("draft", party.Authority, c, "review"),
			{Do: "refuse", Label: "不予确认", By: party.Authority, From: procedure.S("review"), To: "refused", Plan: c, Apart: procedure.Acts("submit"),
				Opinion: true, Style: procedure.Danger},
			procedure.Withdraw("withdrawn", party.Person, c, "draft", "review"),
		},
		Papers: []procedure.Paper{{Kind: "confirmation", Title: "主体认证确认书", Plan: c, In: []string{"confirmed"}, Draw: drawConfirmation}},
	}
}

// apartReturn is a return that nobody makes on what it submitted itself.
func apartReturn(to string, by procedure.Role, clause plan.Clause, from ...string) procedure.Step {
	s := procedure.ReturnTo(to, by, clause, from...)
	s.Apart = procedure.Acts("submit")
	return s
}

// subjectRule asks a condition of the form.
func subjectRule(code, say string, clause plan.Clause, holds func(*procedure.Ctx, subjectForm) (bool, error)) procedure.Rule {
	return procedure.Rule{Code: code, Say: say, Plan: clause, Holds: func(c *procedure.Ctx) error {
		f, err := procedure.Form[subjectForm](c)
		if err != nil {
			return err
		}
		return procedure.Hold(holds(c, f))
	}}
}

var (
	divisionTenant = subjectRule("subject.division", "所选区划没有自己的实施机构，请选择市、县（市、区）或开发区", plan.C("1.8"),
		func(_ *procedure.Ctx, f subjectForm) (bool, error) {
			d, ok := id.Division(f.Division)
			return ok && d.Tenant, nil
		})
	// Once an Authority has been found for the case, another division would not reach another one.
	divisionStays = subjectRule("subject.division_stays", "已由原区划的数据管理部门受理，区划不能再改；需要改的请撤回后重新发起", plan.C("1.8"),
		func(c *procedure.Ctx, f subjectForm) (bool, error) {
			was, err := c.Party(party.Authority)
			if err != nil || was == "" {
				return err == nil, err
			}
			now, err := party.DivisionOrg(c.ReadTx, party.Authority, f.Division)
			return now == was, err
		})
	organKind = subjectRule("subject.kind", "申请的角色只能由机关或事业单位承担，请核对单位性质", plan.C("1.4"),
		func(_ *procedure.Ctx, f subjectForm) (bool, error) {
			return !party.IsOrgan(procedure.Role(f.Role)) || f.Kind == party.Organ || f.Kind == party.Institution, nil
		})
	operatorLegal  = legalPerson("subject.operator_legal", "运营机构须为法人，本单位不是法人，不能申请作为运营机构", plan.C("1.6"), party.Operator, "operator.require_legal_person")
	developerLegal = legalPerson("subject.developer_legal", "开发主体须为法人，本单位不是法人，不能申请作为开发主体", plan.C("1.7"), party.Developer, "developer.require_legal_person")
	organFree      = subjectRule("subject.organ_taken", "该区划已有单位担任此角色，不能再确认第二个", plan.C("1.8"),
		func(c *procedure.Ctx, f subjectForm) (bool, error) {
			role := procedure.Role(f.Role)
			if !party.IsOrgan(role) {
				return true, nil
			}
			org, err := party.RoleHolder(c.ReadTx, role, f.Division)
			return org == "", err
		})
	orgNotThere = procedure.Rule{Code: "subject.taken", Say: "该统一社会信用代码已认证。本人要为该单位办事的，请办理“加入单位”", Plan: plan.C("1.7b"),
		Holds: func(c *procedure.Ctx) error {
			f, err := procedure.Form[subjectForm](c)
			if err != nil {
				return err
			}
			o, err := party.ByUSCC(c.ReadTx, f.USCC)
			if errors.Is(err, store.ErrNotFound) {
				return nil
			}
			if err != nil {
				return err
			}
			leads, err := party.Leads(c.ReadTx, o.ID)
			if err != nil {
				return err
			}
			for _, p := range leads {
				if p != c.Case.Person {
					continue
				}
				held, err := c.Exists(`SELECT 1 FROM org_role WHERE org = $1 AND role = $2 AND until IS NULL`, o.ID, f.Role)
				if err == nil && held {
					return procedure.Refuse("subject.role_held", plan.C("1.7b"), "本单位已具有该角色，不必重复申请")
				}
				return err
			}
			return procedure.ErrFails
		}}
)

// legalPerson refuses an organisation that is no legal person in a role for which the parameter
// demands one.
func legalPerson(code, say string, clause plan.Clause, role procedure.Role, key string) procedure.Rule {
	return subjectRule(code, say, clause, func(c *procedure.Ctx, f subjectForm) (bool, error) {
		if procedure.Role(f.Role) != role {
			return true, nil
		}
		v, err := c.Param(key)
		if err != nil {
			return false, err
		}
		demanded, err := v.Bool()
		return f.LegalPerson || !demanded, err
	})
}

// tenantFromForm makes the case one of the division it is about; a natural person starts all its
// cases in the city's.
var tenantFromForm = procedure.Effect{Name: "tenant", Plan: plan.C("1.8"), Run: func(c *procedure.Ctx) error {
	f, err := procedure.Form[subjectForm](c)
	if err != nil {
		return err
	}
	c.Case.Tenant = f.Division
	return c.W.ExecOne(`UPDATE case_file SET tenant = $1 WHERE no = $2`, f.Division, c.Case.No)
}}

var allRanks = []procedure.Rank{procedure.Drafter, procedure.Reviewer, procedure.Signer}

var establishOrg = procedure.Effect{Name: "establish", Say: "建立单位及其角色，申请人成为负责人", Plan: plan.C("1.7b"), Run: func(c *procedure.Ctx) error {
	f, err := procedure.Form[subjectForm](c)
	if err != nil {
		return err
	}
	o, err := party.ByUSCC(c.ReadTx, f.USCC)
	if errors.Is(err, store.ErrNotFound) {
		if o.ID, err = id.New(c.W.Rand(), "org"); err != nil {
			return err
		}
		err = party.Create(c.W, party.Org{ID: o.ID, Name: f.Name, USCC: f.USCC, Division: f.Division, Kind: f.Kind, LegalPerson: f.LegalPerson,
			Address: f.Address, Phone: f.Phone, DocPrefix: f.DocPrefix, CaseNo: c.Case.No})
	}
	if err != nil {
		return err
	}
	role := procedure.Role(f.Role)
	if err := party.Confirm(c.W, o.ID, role, f.Division, c.Case.No); err != nil {
		return err
	}
	if err := party.Appoint(c.W, party.Membership{Person: c.Case.Person, Org: o.ID, Role: role, Ranks: allRanks, Lead: true}); err != nil {
		return err
	}
	if len(f.Related) > 0 {
		if err := party.Declare(c.W, o.ID, declared(f.Related), c.Case.No); err != nil {
			return err
		}
	}
	return c.SetSubject(o.ID)
}}

func declared(rows []relatedRow) (out []party.RelatedParty) {
	for _, r := range rows {
		out = append(out, party.RelatedParty{OtherUSCC: r.USCC, OtherName: r.Name, Relation: party.Relation(r.Relation)})
	}
	return out
}

// drawConfirmation draws the paper an organisation can show of its confirmation.
func drawConfirmation(c *procedure.Ctx) (docs.Document, error) {
	f, err := procedure.Form[subjectForm](c)
	if err != nil {
		return docs.Document{}, err
	}
	var ev struct {
		At             store.Time
		OrgName, DocNo string
	}
	if err := c.Get(&ev, `SELECT at, org_name, doc_no FROM case_event WHERE case_no = $1 AND action = 'confirm' ORDER BY n DESC LIMIT 1`, c.Case.No); err != nil {
		return docs.Document{}, err
	}
	d, _ := id.Division(f.Division)
	number := ev.DocNo
	if number == "" {
		number = c.Case.No
	}
	return docs.Document{Kind: docs.Certificate, Organ: ev.OrgName, Number: number, Title: "主体认证确认书", Blocks: []docs.Block{
		docs.KeyValues{Unruled: true, Pairs: []docs.Pair{{Key: "单位名称", Value: f.Name}, {Key: "统一社会信用代码", Value: f.USCC},
			{Key: "单位性质", Value: party.KindLabel(f.Kind)}, {Key: "确认的角色", Value: procedure.RoleLabel(procedure.Role(f.Role))},
			{Key: "所属区划", Value: d.Name}, {Key: "事项编号", Value: c.Case.No}}},
		docs.P("上列单位的主体身份已经核对，准予以所列角色在本平台办理事项。本确认不是对其产品、数据或经营的许可。"),
		docs.Basis{Citations: []docs.Citation{{ID: "1.7b"}, {ID: "1.8"}}},
		docs.Signature{Organ: ev.OrgName, Date: dateOf(ev.At), Seal: true}}}, nil
}
