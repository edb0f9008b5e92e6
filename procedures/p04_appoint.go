package procedures

import (
	"pado/core/calendar"
	"pado/core/procedure"
	"pado/domain/party"
	"pado/plan"
)

type appointForm struct {
	Kind       string           `json:"kind"`
	Person     string           `json:"person"`
	Role       string           `json:"role"`
	Ranks      []procedure.Rank `json:"ranks"`
	Lead       bool             `json:"lead"`
	Successor  string           `json:"successor"`
	To         string           `json:"to"`
	From       string           `json:"from"`
	Until      string           `json:"until"`
	Delegation string           `json:"delegation"`
	Reason     string           `json:"reason"`
}

// What p04_appoint settles.
const (
	doAppoint  = "appoint"
	doEnd      = "end"
	doDelegate = "delegate"
	doRevoke   = "revoke"
)

var appointKinds = []procedure.Option{{Value: doAppoint, Label: "任命或调整岗位"}, {Value: doEnd, Label: "离岗"},
	{Value: doDelegate, Label: "委托代办"}, {Value: doRevoke, Label: "终止委托"}}

func appointWhen(kinds ...string) *procedure.When { return &procedure.When{Field: "kind", In: kinds} }

// P04Appoint is 岗位任免: the lead settles who acts for its organisation. Leaving hands over in the
// same transaction what hung on the person; a delegation holds for its days only. It takes effect
// at once and needs nobody outside. Administrators are not appointed here but by p04_admin.
func P04Appoint() *procedure.Procedure {
	c := plan.C("3")
	return &procedure.Procedure{ID: "p04_appoint", Prefix: "RM", Title: "岗位任免与委托", Group: "主体与岗位", Plan: c, Start: "draft",
		Name: func(c *procedure.Ctx) (string, error) {
			f, err := procedure.Form[appointForm](c)
			for _, o := range appointKinds {
				if o.Value == f.Kind {
					return o.Label, err
				}
			}
			return "", err
		},
		Form: procedure.FormOf[appointForm](
			procedure.Field{Name: "kind", Label: "办理内容", Kind: procedure.Choice, Options: appointKinds, Required: true, Plan: c},
			procedure.Field{Name: "person", Label: "人员", Kind: procedure.Ref, Source: "colleagues", Required: true, Plan: c, Show: appointWhen(doAppoint, doEnd, doDelegate),
				Help: "新来的人员先由本人办理“加入单位”"},
			procedure.Field{Name: "role", Label: "岗位所属角色", Kind: procedure.Choice, Options: party.RoleOptions(), Plan: c, Show: appointWhen(doAppoint, doEnd, doDelegate),
				Help: "离岗时不选即离开本单位全部岗位"},
			procedure.Field{Name: "ranks", Label: "审签职责", Kind: procedure.Choices, Options: party.RankOptions, Plan: c, Show: appointWhen(doAppoint)},
			procedure.Field{Name: "lead", Label: "是否负责人", Kind: procedure.Bool, Plan: c, Show: appointWhen(doAppoint)},
			procedure.Field{Name: "successor", Label: "接手人", Kind: procedure.Ref, Source: "colleagues", Plan: c, Show: appointWhen(doEnd), Help: "不选则未办结事项交回岗位，由同岗人员签收"},
			procedure.Field{Name: "to", Label: "受托人", Kind: procedure.Ref, Source: "colleagues", Required: true, Plan: c, Show: appointWhen(doDelegate)},
			procedure.Field{Name: "from", Label: "委托开始日", Kind: procedure.Date, Required: true, Plan: c, Show: appointWhen(doDelegate)},
			procedure.Field{Name: "until", Label: "委托结束日（含）", Kind: procedure.Date, Required: true, Plan: c, Show: appointWhen(doDelegate)},
			procedure.Field{Name: "delegation", Label: "要终止的委托", Kind: procedure.Ref, Source: "delegations", Required: true, Plan: c, Show: appointWhen(doRevoke)},
			procedure.Field{Name: "reason", Label: "事由", Kind: procedure.LongText, Required: true, Max: 500, Plan: c}),
		States: procedure.Phases{
			{ID: "draft", Label: "填写", Owes: party.Lead, Track: true},
			{ID: "done", Label: "已生效", Final: true, Track: true},
			{ID: "withdrawn", Label: "已撤回", Final: true},
		},
		Readers: []procedure.Role{party.SecurityAd, party.AuditAdm},
		Steps: []procedure.Step{
			{Do: "decide", Label: "决定并生效", By: party.Lead, From: procedure.S("draft"), To: "done", Plan: c, Edits: true, Style: procedure.Primary,
				Require: procedure.Rules{appointColleague, appointRole, appointHeld, appointLastLead, appointSuccessor, appointPeriod, appointDelegate, appointRevoke},
				Then:    procedure.Effects{appointEffect}, Irrevocable: "即时生效：离岗人员的未办结事项随之移交，其委托一并终止"},
			procedure.Withdraw("withdrawn", party.Lead, c, "draft"),
		},
	}
}

// appointRule asks a condition of the form where it is about one of the kinds.
func appointRule(code, say string, kinds []string, holds func(*procedure.Ctx, appointForm) (bool, error)) procedure.Rule {
	return procedure.Rule{Code: code, Say: say, Plan: plan.C("3"), Holds: func(c *procedure.Ctx) error {
		f, err := procedure.Form[appointForm](c)
		if err != nil {
			return err
		}
		for _, k := range kinds {
			if k == f.Kind {
				return procedure.Hold(holds(c, f))
			}
		}
		return nil
	}}
}

var (
	appointColleague = appointRule("appoint.colleague", "此人不在本单位；新来的人员先由本人办理“加入单位”", []string{doAppoint, doEnd, doDelegate},
		func(c *procedure.Ctx, f appointForm) (bool, error) {
			return party.Holds(c.ReadTx, f.Person, c.Case.Org, "")
		})
	appointRole = appointRule("appoint.role", "请选择本单位已被确认的角色", []string{doAppoint, doDelegate}, func(c *procedure.Ctx, f appointForm) (bool, error) {
		return party.HasRole(c.ReadTx, c.Case.Org, procedure.Role(f.Role))
	})
	appointHeld = appointRule("appoint.held", "此人不在所选岗位上", []string{doEnd, doDelegate}, func(c *procedure.Ctx, f appointForm) (bool, error) {
		return party.Holds(c.ReadTx, f.Person, c.Case.Org, procedure.Role(f.Role))
	})
	appointLastLead = appointRule("appoint.last_lead", "本单位至少要有一名负责人，请先任命另一名负责人", []string{doAppoint, doEnd},
		func(c *procedure.Ctx, f appointForm) (bool, error) {
			if f.Kind == doAppoint && f.Lead {
				return true, nil
			}
			return party.LeadAfter(c.ReadTx, c.Case.Org, f.Person, procedure.Role(f.Role))
		})
	appointSuccessor = appointRule("appoint.successor", "接手人须是同一岗位上的另一人", []string{doEnd}, func(c *procedure.Ctx, f appointForm) (bool, error) {
		if f.Successor == "" {
			return true, nil
		}
		held, err := party.Holds(c.ReadTx, f.Successor, c.Case.Org, procedure.Role(f.Role))
		return held && f.Successor != f.Person, err
	})
	appointPeriod = appointRule("appoint.period", "委托须自今天或以后开始，结束日不早于开始日，总日数不超过规定", []string{doDelegate},
		func(c *procedure.Ctx, f appointForm) (bool, error) {
			most, err := c.Days("delegation.max_days")
			if err != nil {
				return false, err
			}
			from, err := calendar.ParseDate(f.From)
			if err != nil {
				return false, err
			}
			return f.From >= c.Today().String() && f.Until >= f.From && f.Until < from.AddDays(calendar.Days(most)).String(), nil
		})
	appointDelegate = appointRule("appoint.delegate", "受托人须是本单位的另一名在岗人员", []string{doDelegate}, func(c *procedure.Ctx, f appointForm) (bool, error) {
		held, err := party.Holds(c.ReadTx, f.To, c.Case.Org, "")
		return held && f.To != f.Person, err
	})
	appointRevoke = appointRule("appoint.delegation", "本单位没有这项可终止的委托", []string{doRevoke}, func(c *procedure.Ctx, f appointForm) (bool, error) {
		return c.Exists(`SELECT 1 FROM delegation WHERE id = $1 AND org = $2 AND revoked = $3`, f.Delegation, c.Case.Org, false)
	})
)

var appointEffect = procedure.Effect{Name: "settle", Say: "岗位、移交或委托即时生效", Plan: plan.C("3"), Run: func(c *procedure.Ctx) error {
	f, err := procedure.Form[appointForm](c)
	if err != nil {
		return err
	}
	org, role := c.Case.Org, procedure.Role(f.Role)
	switch f.Kind {
	case doAppoint:
		err = party.Appoint(c.W, party.Membership{Person: f.Person, Org: org, Role: role, Ranks: f.Ranks, Lead: f.Lead})
	case doEnd:
		err = endDesks(c, f)
	case doDelegate:
		var from, until calendar.Date
		if from, err = calendar.ParseDate(f.From); err != nil {
			return err
		}
		if until, err = calendar.ParseDate(f.Until); err != nil {
			return err
		}
		err = party.Delegate(c.W, party.Delegation{ID: "d-" + c.Case.No, FromPerson: f.Person, ToPerson: f.To, Org: org, Role: role,
			ValidFrom: from, ValidTo: until, CaseNo: c.Case.No})
	case doRevoke:
		err = party.Revoke(c.W, org, f.Delegation)
	}
	if err != nil {
		return err
	}
	return c.SetSubject(org)
}}

// endDesks ends the desk of the role, or every desk of the person in the organisation.
func endDesks(c *procedure.Ctx, f appointForm) error {
	desks := []procedure.Role{procedure.Role(f.Role)}
	if f.Role == "" {
		var err error
		if desks, err = party.Desks(c.ReadTx, f.Person, c.Case.Org); err != nil {
			return err
		}
	}
	for _, role := range desks {
		e := party.Ending{Person: f.Person, Org: c.Case.Org, Role: role, By: c.Actor.Person, ByName: c.Actor.Name, ByOrgName: c.Desk.OrgName,
			ByRole: c.Desk.Role, Clause: c.Step.Plan.ID}
		held, err := party.Holds(c.ReadTx, f.Successor, c.Case.Org, role)
		if err != nil {
			return err
		}
		if held {
			e.Successor = f.Successor
		}
		if _, err := party.End(c.W, e); err != nil {
			return err
		}
	}
	return nil
}
