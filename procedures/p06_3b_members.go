package procedures

import (
	"errors"

	p "pado/core/procedure"
	"pado/core/store"
	"pado/domain/party"
	"pado/domain/sandbox"
	"pado/plan"
)

// membersForm changes who works in a project, or ends it.
type membersForm struct {
	Project string `json:"project"`
	Act     string `json:"act"`
	Person  string `json:"person"`
	Reason  string `json:"reason"`
}

var memberActs = []p.Option{{Value: "add", Label: "增加成员"}, {Value: "remove", Label: "移出成员"}, {Value: "close", Label: "关闭项目"}}

// Members is 项目成员调整与关闭 by the developer whose project it is (clauses 6.3.3, 11.4).
func Members() *p.Procedure {
	return projectMembers("p06_3b_members", "CX", "沙箱项目成员调整与关闭", party.Developer)
}

// MembersOfOperator is the same for the operator's own projects.
func MembersOfOperator() *p.Procedure {
	return projectMembers("p06_3b_members_op", "CZ", "沙箱项目成员调整与关闭（运营机构）", party.Operator)
}

func projectMembers(id, prefix, title string, by p.Role) *p.Procedure {
	c := plan.C("11.4")
	return &p.Procedure{ID: id, Prefix: prefix, Title: title, Group: "开发利用", Plan: c, Start: "draft",
		Form: p.FormOf[membersForm](
			p.Field{Name: "project", Label: "沙箱项目", Kind: p.Ref, Source: "projects", Required: true, Plan: c},
			p.Field{Name: "act", Label: "事项", Kind: p.Choice, Options: memberActs, Required: true, Plan: c},
			p.Field{Name: "person", Label: "人员", Kind: p.Ref, Source: "colleagues", Required: true, Plan: plan.C("6.3.3"), Show: &p.When{Field: "act", In: []string{"add", "remove"}}},
			p.Field{Name: "reason", Label: "理由", Kind: p.LongText, Required: true, Max: 500, Plan: c}),
		Name: func(c *p.Ctx) (string, error) {
			f, err := p.Form[membersForm](c)
			return optionLabel(memberActs, f.Act) + " " + f.Project, err
		},
		States: p.Phases{{ID: "draft", Label: "填写", Owes: by, Track: true}, {ID: "done", Label: "已生效", Final: true, Track: true}, {ID: "withdrawn", Label: "已撤回", Final: true}},
		Steps: []p.Step{
			{Do: "apply", Label: "确认", By: by, From: p.S("draft"), To: "done", Plan: c, Edits: true, Style: p.Primary,
				Require: p.Rules{
					{Code: "members.project", Say: "没有这个项目，或者不是本单位未关闭的项目", Plan: c, Holds: func(c *p.Ctx) error {
						f, err := p.Form[membersForm](c)
						if err != nil {
							return err
						}
						project, err := sandbox.ByNo(c.ReadTx, f.Project)
						if err != nil {
							return missing(err)
						}
						return p.Hold(project.Org == c.Case.Org && project.State != sandbox.Closed, nil)
					}},
					{Code: "members.person", Say: "项目成员须是本单位在岗的人员", Plan: plan.C("6.3.3"), Holds: func(c *p.Ctx) error {
						f, err := p.Form[membersForm](c)
						if err != nil || f.Act != "add" {
							return err
						}
						return p.Hold(party.Holds(c.ReadTx, f.Person, c.Case.Org, by))
					}}},
				Then: p.Effects{{Name: "change_members", Say: "即时生效；关闭的项目不能再提问，已出域的成果不受影响", Plan: c, Run: func(c *p.Ctx) error {
					f, err := p.Form[membersForm](c)
					if err != nil {
						return err
					}
					switch f.Act {
					case "add":
						err = sandbox.AddMember(c.W, f.Project, f.Person)
					case "remove":
						err = sandbox.RemoveMember(c.W, f.Project, f.Person)
						if errors.Is(err, store.ErrConflict) {
							return p.Refuse("members.none", plan.C("6.3.3"), "该人员不是项目成员")
						}
					case "close":
						err = sandbox.CloseProject(c.W, f.Project, c.Actor.Person, c.Case.No)
					}
					if err != nil {
						return err
					}
					return c.SetSubject(f.Project)
				}}}},
			p.Withdraw("withdrawn", by, c, "draft"),
		},
		Readers: []p.Role{party.Authority}}
}
