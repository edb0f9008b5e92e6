package procedures

import (
	p "pado/core/procedure"
	"pado/domain/party"
	"pado/domain/sandbox"
	"pado/plan"
)

// freezeForm names the project to be stopped and why.
type freezeForm struct {
	Project string `json:"project"`
	Reason  string `json:"reason"`
}

// Freeze is 项目冻结 by the Authority (clauses 6.3.3, 10.7.3): the project stops with the commit; to let
// it go on takes another person.
func Freeze() *p.Procedure {
	return freezing("p06_3b_freeze", "TZ", "冻结沙箱项目", party.Authority, p.Rule{Code: "freeze.project", Say: "没有这个项目，或者不在本单位的管辖范围内", Plan: plan.C("10.7.3"), Holds: func(c *p.Ctx) error {
		f, err := p.Form[freezeForm](c)
		if err != nil {
			return err
		}
		project, err := sandbox.ByNo(c.ReadTx, f.Project)
		if err != nil {
			return missing(err)
		}
		return p.Hold(party.Scope(c.Desk.Division, project.Division), nil)
	}})
}

// FreezeBySource is the same by a source whose catalogue item the project uses.
func FreezeBySource() *p.Procedure {
	return freezing("p06_3b_freeze_source", "TY", "冻结沙箱项目（数源部门）", party.Source, p.Rule{Code: "freeze.project", Say: "没有这个项目，或者它没有使用本单位的目录项", Plan: plan.C("10.7.3"), Holds: func(c *p.Ctx) error {
		f, err := p.Form[freezeForm](c)
		if err != nil {
			return err
		}
		return p.Hold(c.Exists(`SELECT 1 FROM project x JOIN permit_grant g ON g.id = x.grant_id JOIN catalogue_item i ON i.id = g.item WHERE x.no = $1 AND i.source_org = $2`,
			f.Project, c.Case.Org))
	}})
}

func freezing(id, prefix, title string, by p.Role, mine p.Rule) *p.Procedure {
	c := plan.C("10.7.3")
	return &p.Procedure{ID: id, Prefix: prefix, Title: title, Group: "监督管理", Plan: c, Start: "draft",
		Form: p.FormOf[freezeForm](
			p.Field{Name: "project", Label: "沙箱项目", Kind: p.Ref, Source: "projects", Required: true, Plan: c},
			p.Field{Name: "reason", Label: "原因", Kind: p.LongText, Required: true, Min: 5, Max: 500, Plan: c}),
		Name: func(c *p.Ctx) (string, error) {
			f, err := p.Form[freezeForm](c)
			return "冻结项目 " + f.Project, err
		},
		States: p.Phases{{ID: "draft", Label: "填写", Owes: by, Track: true}, {ID: "frozen", Label: "冻结中", Owes: by, Track: true},
			{ID: "lifted", Label: "已解冻", Final: true, Track: true}, {ID: "withdrawn", Label: "已撤回", Final: true}},
		Steps: []p.Step{
			{Do: "freeze", Label: "冻结", By: by, From: p.S("draft"), To: "frozen", Plan: c, Edits: true, Style: p.Danger, Irrevocable: "项目即时停止提问，正在运行的提问不再交付",
				Require: p.Rules{mine, {Code: "freeze.state", Say: "项目不在使用中", Plan: c, Holds: func(c *p.Ctx) error {
					f, err := p.Form[freezeForm](c)
					if err != nil {
						return err
					}
					project, err := sandbox.ByNo(c.ReadTx, f.Project)
					if err != nil {
						return missing(err)
					}
					return p.Hold(project.State == sandbox.Open, nil)
				}}},
				Then: p.Effects{{Name: "freeze_project", Say: "项目即时冻结", Plan: c, Run: func(c *p.Ctx) error {
					f, err := p.Form[freezeForm](c)
					if err != nil {
						return err
					}
					if err := sandbox.FreezeProject(c.W, f.Project, f.Reason, c.Desk.Org, c.Actor.Person, c.Case.No); err != nil {
						return err
					}
					return c.SetSubject(f.Project)
				}}}},
			{Do: "thaw", Label: "解冻", By: by, From: p.S("frozen"), To: "lifted", Plan: c, Apart: p.Acts("freeze"), Opinion: true,
				Then: p.Effects{{Name: "thaw_project", Say: "项目恢复使用", Plan: c, Run: func(c *p.Ctx) error {
					return sandbox.Thaw(c.W, c.Case.Subject, c.Actor.Person, c.Case.No)
				}}}},
			p.Withdraw("withdrawn", by, c, "draft"),
		},
		Readers: []p.Role{party.Authority}}
}

// allotForm is a slice of a lineage's privacy budget for a project.
type allotForm struct {
	Project string `json:"project"`
	Lineage string `json:"lineage"`
	Rho     int64  `json:"rho"`
	Delta   int64  `json:"delta"`
	Day     int64  `json:"day"`
	Reason  string `json:"reason"`
}

// Allotment is 隐私预算分配 (clause 6.3.3): the Authority sets a project's slice of a lineage and its cap
// of a day; loosening takes two persons.
func Allotment() *p.Procedure {
	c := plan.C("6.3.3")
	return &p.Procedure{ID: "p06_3b_allotment", Prefix: "YS", Title: "隐私预算分配", Group: "开发利用", Plan: c, Start: "draft",
		Form: p.FormOf[allotForm](
			p.Field{Name: "project", Label: "沙箱项目", Kind: p.Ref, Source: "projects", Required: true, Plan: c},
			p.Field{Name: "lineage", Label: "数据谱系", Kind: p.Text, Required: true, Plan: c},
			p.Field{Name: "rho", Label: "隐私预算 ρ", Kind: p.Integer, Required: true, Unit: "十亿分之一", Plan: c},
			p.Field{Name: "delta", Label: "失效概率 δ", Kind: p.Integer, Required: true, Unit: "十的负十五次方", Plan: c},
			p.Field{Name: "day", Label: "每日上限 ρ", Kind: p.Integer, Required: true, Unit: "十亿分之一", Plan: c},
			p.Field{Name: "reason", Label: "理由", Kind: p.LongText, Required: true, Max: 1000, Plan: c}),
		Name: func(c *p.Ctx) (string, error) {
			f, err := p.Form[allotForm](c)
			return "隐私预算分配 " + f.Project, err
		},
		States: p.Phases{{ID: "draft", Label: "拟定", Owes: party.Authority, Track: true}, {ID: "review", Label: "复核", Owes: party.Authority, Within: "demand.review", Track: true}, {ID: "allotted", Label: "已分配", Final: true, Track: true}, {ID: "withdrawn", Label: "已撤回", Final: true}},
		Steps: []p.Step{
			{Do: "submit", Label: "提交复核", By: party.Authority, From: p.S("draft"), To: "review", Plan: c, Edits: true, Style: p.Primary,
				Require: p.Rules{{Code: "allotment.project", Say: "没有这个项目，或者它没有用到这一数据谱系", Plan: c, Holds: func(c *p.Ctx) error {
					f, err := p.Form[allotForm](c)
					if err != nil {
						return err
					}
					project, err := sandbox.ByNo(c.ReadTx, f.Project)
					if err != nil {
						return missing(err)
					}
					if !party.Scope(c.Desk.Division, project.Division) {
						return p.ErrFails
					}
					return p.Hold(c.Exists(`SELECT 1 FROM budget_slice WHERE project = $1 AND lineage = $2`, f.Project, f.Lineage))
				}}}},
			{Do: "allot", Label: "同意分配", By: party.Authority, From: p.S("review"), To: "allotted", Plan: c, Apart: p.Acts("submit", "start"), Style: p.Primary, Numbered: true,
				Then: p.Effects{{Name: "allot_slice", Say: "额度即时生效", Plan: c, Run: func(c *p.Ctx) error {
					f, err := p.Form[allotForm](c)
					if err != nil {
						return err
					}
					if err := sandbox.Reallot(c.W, f.Project, f.Lineage, f.Rho, f.Delta, c.Actor.Person, c.Case.No); err != nil {
						return err
					}
					if err := sandbox.SetDayCap(c.W, f.Project, f.Day); err != nil {
						return err
					}
					return c.SetSubject(f.Project)
				}}}},
			p.ReturnTo("draft", party.Authority, c, "review"),
			p.Withdraw("withdrawn", party.Authority, c, "draft"),
		}}
}
