package procedures

import (
	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/party"
	"pado/plan"
)

func dateOf(t store.Time) calendar.Date { return calendar.DateOf(t.Time) }

type joinForm struct {
	Org    string `json:"org"`
	Role   string `json:"role"`
	Duty   string `json:"duty"`
	Letter string `json:"letter"`
}

type joinInput struct {
	Ranks []procedure.Rank `json:"ranks"`
	Lead  bool             `json:"lead"`
}

// P04Join is 加入单位: a natural person asks for a desk in an organisation that is on the platform;
// the organisation's own lead agrees and says what the person is in the inner chain, or refuses.
func P04Join() *procedure.Procedure {
	c := plan.C("1.7b")
	return &procedure.Procedure{ID: "p04_join", Prefix: "JR", Title: "加入单位", Group: "主体与岗位", Plan: c, Start: "draft",
		Name: func(c *procedure.Ctx) (string, error) {
			f, err := procedure.Form[joinForm](c)
			if err != nil || f.Org == "" {
				return "", err
			}
			o, err := party.Get(c.ReadTx, f.Org)
			if err != nil {
				return "加入单位", nil
			}
			return "加入" + o.Name, nil
		},
		Form: procedure.FormOf[joinForm](
			procedure.Field{Name: "org", Label: "要加入的单位", Kind: procedure.Ref, Source: "join_orgs", Required: true, Plan: c, Help: "输入完整的单位名称或统一社会信用代码查找"},
			procedure.Field{Name: "role", Label: "岗位所属角色", Kind: procedure.Choice, Options: party.RoleOptions(), Required: true, Plan: c},
			procedure.Field{Name: "duty", Label: "岗位说明", Kind: procedure.LongText, Required: true, Max: 500, Plan: c, Help: "部门、职务、将要经办的事项"},
			procedure.Field{Name: "letter", Label: "授权委托书或任职证明", Kind: procedure.File, Plan: c}),
		States: procedure.Phases{
			{ID: "draft", Label: "填写", Owes: party.Person, Track: true},
			{ID: "review", Label: "待单位负责人同意", Owes: party.Lead, Within: "join.review", Track: true},
			{ID: "joined", Label: "已加入", Final: true, Track: true},
			{ID: "refused", Label: "不同意", Final: true},
			{ID: "withdrawn", Label: "已撤回", Final: true},
		},
		Parties: []procedure.PartyRule{{Role: party.Lead, Find: party.FormOrg("org")}},
		Steps: []procedure.Step{
			{Do: "submit", Label: "提交申请", By: party.Person, From: procedure.S("draft"), To: "review", Plan: c, Edits: true, Style: procedure.Primary,
				Require: procedure.Rules{joinOrgStays, joinRole, joinOnce, filesThere(c, "letter")}, Then: procedure.Effects{bindFiles(c, "letter")}},
			{Do: "agree", Label: "同意加入", By: party.Lead, From: procedure.S("review"), To: "joined", Plan: c, Apart: procedure.Acts("submit"),
				Input: []procedure.Field{
					{Name: "ranks", Label: "审签职责", Kind: procedure.Choices, Options: party.RankOptions, Plan: c, Help: "在本单位内部审签中承担的环节"},
					{Name: "lead", Label: "是否负责人", Kind: procedure.Bool, Plan: c, Help: "负责人可以督办、任免岗位"}},
				Require: procedure.Rules{joinRole, joinOnce}, Then: procedure.Effects{joinDesk}, Style: procedure.Primary},
			apartReturn("draft", party.Lead, c, "review"),
			{Do: "refuse", Label: "不同意", By: party.Lead, From: procedure.S("review"), To: "refused", Plan: c, Apart: procedure.Acts("submit"),
				Opinion: true, Style: procedure.Danger},
			procedure.Withdraw("withdrawn", party.Person, c, "draft", "review"),
		},
	}
}

func joinRule(code, say string, holds func(*procedure.Ctx, joinForm) (bool, error)) procedure.Rule {
	return procedure.Rule{Code: code, Say: say, Plan: plan.C("1.7b"), Holds: func(c *procedure.Ctx) error {
		f, err := procedure.Form[joinForm](c)
		if err != nil {
			return err
		}
		return procedure.Hold(holds(c, f))
	}}
}

var (
	joinOrgStays = joinRule("join.org_stays", "申请已送原单位，不能改为其他单位；需要改的请撤回后重新发起", func(c *procedure.Ctx, f joinForm) (bool, error) {
		was, err := c.Party(party.Lead)
		return was == "" || was == f.Org, err
	})
	joinRole = joinRule("join.role", "该单位未被确认为所选角色，请核对后选择", func(c *procedure.Ctx, f joinForm) (bool, error) {
		return party.HasRole(c.ReadTx, f.Org, procedure.Role(f.Role))
	})
	joinOnce = joinRule("join.held", "申请人已在该岗位上，不必重复申请", func(c *procedure.Ctx, f joinForm) (bool, error) {
		held, err := party.Holds(c.ReadTx, c.Case.Person, f.Org, procedure.Role(f.Role))
		return !held, err
	})
	joinDesk = procedure.Effect{Name: "appoint", Say: "申请人即取得岗位", Plan: plan.C("1.7b"), Run: func(c *procedure.Ctx) error {
		f, err := procedure.Form[joinForm](c)
		if err != nil {
			return err
		}
		in, err := procedure.Input[joinInput](c)
		if err != nil {
			return err
		}
		if err := party.Appoint(c.W, party.Membership{Person: c.Case.Person, Org: f.Org, Role: procedure.Role(f.Role), Ranks: in.Ranks, Lead: in.Lead}); err != nil {
			return err
		}
		return c.SetSubject(f.Org)
	}}
)
