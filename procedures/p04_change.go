package procedures

import (
	"pado/core/procedure"
	"pado/domain/party"
	"pado/plan"
)

type changeForm struct {
	Name        string       `json:"name"`
	Kind        party.Kind   `json:"kind"`
	LegalPerson bool         `json:"legalPerson"`
	Address     string       `json:"address"`
	Phone       string       `json:"phone"`
	DocPrefix   string       `json:"docPrefix"`
	Related     []relatedRow `json:"related"`
	Licence     string       `json:"licence"`
}

// P04Change is 单位信息变更: the lead changes what is on record of its organisation, the related
// parties it declares included; the Authority of its division checks and confirms. The credit
// code and the division do not change: another code is another organisation.
func P04Change() *procedure.Procedure {
	c := plan.C("1.7b")
	return &procedure.Procedure{ID: "p04_change", Prefix: "XB", Title: "单位信息变更", Group: "主体与岗位", Plan: c, Start: "draft",
		Name: func(c *procedure.Ctx) (string, error) {
			f, err := procedure.Form[changeForm](c)
			if f.Name == "" {
				return "", err
			}
			return "变更：" + f.Name, err
		},
		Form: procedure.FormOf[changeForm](
			procedure.Field{Name: "name", Label: "单位名称", Kind: procedure.Text, Required: true, Max: 100, Min: 2, Plan: c},
			procedure.Field{Name: "kind", Label: "单位性质", Kind: procedure.Choice, Required: true, Options: party.Kinds, Plan: c},
			procedure.Field{Name: "legalPerson", Label: "是否法人", Kind: procedure.Bool, Required: true, Plan: plan.C("1.6")},
			procedure.Field{Name: "address", Label: "地址", Kind: procedure.Text, Required: true, Max: 200, Plan: c},
			procedure.Field{Name: "phone", Label: "单位电话", Kind: procedure.Text, Required: true, Pattern: phonePattern, Plan: c},
			procedure.Field{Name: "docPrefix", Label: "机关代字", Kind: procedure.Text, Max: 12, Plan: c,
				Show: &procedure.When{Field: "kind", In: []string{string(party.Organ), string(party.Institution)}}},
			procedure.Field{Name: "related", Label: "关联方", Kind: procedure.Table, Rows: relatedFields(), Plan: plan.C("1.7"), Help: "列明变更后的全部关联方；不列即为没有"},
			procedure.Field{Name: "licence", Label: "变更后的登记证照", Kind: procedure.File, Required: true, Plan: c}),
		States: procedure.Phases{
			{ID: "draft", Label: "填写", Owes: party.Lead, Track: true},
			{ID: "review", Label: "待数据管理部门审核", Owes: party.Authority, Within: "subject.review", Track: true},
			{ID: "confirmed", Label: "已变更", Final: true, Track: true},
			{ID: "refused", Label: "不予变更", Final: true},
			{ID: "withdrawn", Label: "已撤回", Final: true},
		},
		Parties: []procedure.PartyRule{{Role: party.Authority, Find: party.TenantOrg(party.Authority)}},
		Readers: []procedure.Role{party.Authority},
		Views:   []procedure.View{{Title: "现登记信息", Plan: c, In: []string{"draft", "review"}, Draw: drawPresentOrg}},
		Steps: []procedure.Step{
			{Do: "submit", Label: "提交变更", By: party.Lead, From: procedure.S("draft"), To: "review", Plan: c, Edits: true, Style: procedure.Primary,
				Require: procedure.Rules{changeLegal, filesThere(c, "licence")}, Then: procedure.Effects{bindFiles(c, "licence")}},
			{Do: "confirm", Label: "予以变更", By: party.Authority, From: procedure.S("review"), To: "confirmed", Plan: c, Apart: procedure.Acts("submit"),
				Require: procedure.Rules{changeLegal}, Then: procedure.Effects{changeOrg}, Style: procedure.Primary},
			apartReturn("draft", party.Authority, c, "review"),
			{Do: "refuse", Label: "不予变更", By: party.Authority, From: procedure.S("review"), To: "refused", Plan: c, Apart: procedure.Acts("submit"),
				Opinion: true, Style: procedure.Danger},
			procedure.Withdraw("withdrawn", party.Lead, c, "draft", "review"),
		},
	}
}

// changeLegal keeps an operator or developer from becoming what its role does not allow.
var changeLegal = procedure.Rule{Code: "change.legal", Say: "本单位的角色须由法人承担，不能变更为非法人", Plan: plan.C("1.6"), Holds: func(c *procedure.Ctx) error {
	f, err := procedure.Form[changeForm](c)
	if err != nil || f.LegalPerson {
		return err
	}
	for role, key := range map[procedure.Role]string{party.Operator: "operator.require_legal_person", party.Developer: "developer.require_legal_person"} {
		is, err := party.HasRole(c.ReadTx, c.Case.Org, role)
		if err != nil {
			return err
		}
		v, err := c.Param(key)
		if err != nil {
			return err
		}
		demanded, err := v.Bool()
		if err != nil {
			return err
		}
		if is && demanded {
			return procedure.ErrFails
		}
	}
	return nil
}}

var changeOrg = procedure.Effect{Name: "change", Say: "单位信息和关联方即按申请变更", Plan: plan.C("1.7b"), Run: func(c *procedure.Ctx) error {
	f, err := procedure.Form[changeForm](c)
	if err != nil {
		return err
	}
	if err := party.Change(c.W, party.Org{ID: c.Case.Org, Name: f.Name, Kind: f.Kind, LegalPerson: f.LegalPerson, Address: f.Address,
		Phone: f.Phone, DocPrefix: f.DocPrefix}); err != nil {
		return err
	}
	if err := party.Declare(c.W, c.Case.Org, declared(f.Related), c.Case.No); err != nil {
		return err
	}
	return c.SetSubject(c.Case.Org)
}}

func drawPresentOrg(c *procedure.Ctx) (procedure.Section, error) {
	o, err := party.Get(c.ReadTx, c.Case.Org)
	legal := "否"
	if o.LegalPerson {
		legal = "是"
	}
	return procedure.Section{Kind: "keyvalues", Items: []procedure.Item{{Label: "单位名称", Value: o.Name}, {Label: "统一社会信用代码", Value: o.USCC},
		{Label: "单位性质", Value: party.KindLabel(o.Kind)}, {Label: "法人", Value: legal}, {Label: "地址", Value: o.Address},
		{Label: "单位电话", Value: o.Phone}, {Label: "机关代字", Value: o.DocPrefix}}}, err
}
