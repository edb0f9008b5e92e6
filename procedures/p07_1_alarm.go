package procedures

import (
	"errors"

	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/party"
	"pado/domain/supply"
	"pado/plan"
)

type alarmForm struct {
	Alarm string `json:"alarm"`
	Kind  string `json:"kind"`
	Said  string `json:"said"`
}

type alarmExplain struct {
	Cause string `json:"cause"`
	By    string `json:"by"`
}

var alarmCauses = []procedure.Option{{Value: "system", Label: "业务系统故障或改造"}, {Value: "people", Label: "人员或流程原因"}, {Value: "no_data", Label: "本期没有新增数据"}, {Value: "change", Label: "业务调整，字段或口径改变"}, {Value: "cycle", Label: "供给周期需要调整"}, {Value: "other", Label: "其他"}}

// P07Alarm is 供给异常处置 (clause 7.2): the clock opens a case for what it noticed about a delivery, the
// source signs for it and explains or makes good, the operator confirms, and what lies too long goes to
// the data authority. Operator and authority are told at once.
func P07Alarm() *procedure.Procedure {
	c := plan.C("7.2")
	return &procedure.Procedure{ID: "p07_1_alarm", Prefix: "GY", Title: "供给异常处置", Group: "目录与供给", Plan: c, Start: "found",
		Name: func(c *procedure.Ctx) (string, error) {
			f, err := procedure.Form[alarmForm](c)
			if err != nil || f.Alarm == "" {
				return "", err
			}
			a, err := supply.AlarmByID(c.ReadTx, f.Alarm)
			if err != nil {
				return "", ignoreNone(err)
			}
			line, err := supply.LineOf(c.ReadTx, a.Hookup)
			return procedure.LabelOf(supply.Kinds, a.Kind) + "：" + line.Title, ignoreNone(err)
		},
		Form: procedure.FormOf[alarmForm](
			procedure.Field{Name: "alarm", Label: "异常编号", Kind: procedure.Text, Required: true, Plan: c, Section: "异常"},
			procedure.Field{Name: "kind", Label: "异常类型", Kind: procedure.Choice, Options: supply.Kinds, Required: true, Plan: c, Section: "异常"},
			procedure.Field{Name: "said", Label: "情况", Kind: procedure.LongText, Max: 2000, Required: true, Plan: c, Section: "异常"}),
		Starts: procedure.Rules{alarmOnce},
		States: procedure.Phases{
			{ID: "found", Label: "系统发现", Owes: procedure.Clock, Within: "supply.alarm_pass", Else: "pass", Track: true},
			{ID: "open", Label: "待数源部门签收", Owes: party.Source, Within: "supply.alarm_sign", Else: "escalate", Track: true},
			{ID: "handling", Label: "数源部门处理中", Owes: party.Source, Within: "supply.alarm_handle", Else: "escalate_handling", Track: true},
			{ID: "explained", Label: "已说明，待运营机构确认", Owes: party.Operator, Within: "supply.alarm_confirm", Track: true},
			{ID: "escalated", Label: "待数据管理部门督促", Owes: party.Authority, Within: "supply.alarm_press"},
			{ID: "resolved", Label: "已解决", Final: true, Track: true},
		},
		Parties: []procedure.PartyRule{{Role: party.Source, Find: alarmParty(party.Source), Read: true}, {Role: party.Operator, Find: alarmParty(party.Operator), Read: true},
			{Role: party.Authority, Find: alarmParty(party.Authority), Read: true}},
		Readers: []procedure.Role{party.Authority, party.Auditor},
		Steps: []procedure.Step{
			{Do: "pass", Label: "转数源部门", By: procedure.Clock, From: procedure.S("found"), To: "open", Plan: c, Then: procedure.Effects{openAlarm}},
			{Do: "sign_for", Label: "签收", By: party.Source, From: procedure.S("open"), To: "handling", Plan: c, Style: procedure.Primary},
			{Do: "explain", Label: "说明原因", By: party.Source, From: procedure.S("open", "handling"), To: "explained", Plan: c, Opinion: true,
				Input:   []procedure.Field{{Name: "cause", Label: "原因", Kind: procedure.Choice, Options: alarmCauses, Required: true, Plan: c}, {Name: "by", Label: "预计补报日期", Kind: procedure.Date, Plan: c, Help: "本期不再补报的留空"}},
				Require: procedure.Rules{alarmDay}},
			procedure.Resume("escalate", "逾期未签收，转数据管理部门", "escalated", c, "open"),
			procedure.Resume("escalate_handling", "逾期未处理，转数据管理部门", "escalated", c, "handling"),
			{Do: "press", Label: "责成处理", By: party.Authority, From: procedure.S("escalated"), To: "handling", Plan: c, Opinion: true, Style: procedure.Primary},
			{Do: "settle", Label: "协调办结", By: party.Authority, From: procedure.S("escalated"), To: "resolved", Plan: c, Opinion: true, Then: procedure.Effects{solveAlarm}},
			{Do: "made_good", Label: "已补报，销号", By: party.Operator, From: procedure.S("open", "handling", "escalated"), To: "resolved", Plan: c, Require: procedure.Rules{alarmMadeGood}, Then: procedure.Effects{solveAlarm}},
			{Do: "resolve", Label: "确认解决", By: party.Operator, From: procedure.S("explained"), To: "resolved", Plan: c, Style: procedure.Primary, Then: procedure.Effects{solveAlarm}},
			{Do: "reject", Label: "说明不充分，退回", By: party.Operator, From: procedure.S("explained"), To: "handling", Plan: c, Opinion: true, Return: true},
		},
		Views: []procedure.View{{Title: "所涉供给", Plan: c, Draw: alarmFacts}, {Title: "所涉各期", Plan: c, Draw: alarmPeriods}, {Title: "近期报送", Plan: c, Draw: alarmDeliveries}},
	}
}

func ignoreNone(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

func alarmOfForm(c *procedure.Ctx) (supply.Alarm, error) {
	f, err := procedure.Form[alarmForm](c)
	if err != nil || f.Alarm == "" {
		return supply.Alarm{}, err
	}
	return supply.AlarmByID(c.ReadTx, f.Alarm)
}

func alarmParty(role procedure.Role) func(*procedure.Ctx) (string, error) {
	return func(c *procedure.Ctx) (string, error) {
		a, err := alarmOfForm(c)
		if err != nil {
			return "", ignoreNone(err)
		}
		switch role {
		case party.Source:
			return a.SourceOrg, nil
		case party.Operator:
			return a.OperatorOrg, nil
		}
		return party.DivisionOrg(c.ReadTx, party.Authority, a.Division)
	}
}

// alarmOnce: one case for an alarm that is open.
var alarmOnce = procedure.Rule{Code: "alarm.once", Say: "该异常已有处置事项，或者已经解决", Plan: plan.C("7.2"), Holds: func(c *procedure.Ctx) error {
	a, err := alarmOfForm(c)
	if err != nil {
		return ruleMissing(err)
	}
	return procedure.Hold(a.ID == "" || a.CaseNo == "" && a.State == "open", nil)
}}

var alarmDay = procedure.Rule{Code: "alarm.day", Say: "预计补报日期不能早于今天", Plan: plan.C("7.2"), Holds: func(c *procedure.Ctx) error {
	in, err := procedure.Input[alarmExplain](c)
	return procedure.Hold(in.By == "" || in.By >= c.Today().String(), err)
}}

var alarmMadeGood = procedure.Rule{Code: "alarm.still_missing", Say: "所涉数据尚未补报，不能销号", Plan: plan.C("7.2"), Holds: func(c *procedure.Ctx) error {
	a, err := alarmOfForm(c)
	if err != nil {
		return ruleMissing(err)
	}
	return procedure.Hold(supply.MadeGood(c.ReadTx, a))
}}

// openAlarm tells operator and authority; the source gets the case as its work.
var openAlarm = procedure.Effect{Name: "tell", Say: "提醒数源部门、运营机构和数据管理部门", Plan: plan.C("7.2"), Run: func(c *procedure.Ctx) error {
	a, err := alarmOfForm(c)
	if err != nil {
		return err
	}
	if err := supply.Open(c.W, a.ID, c.Case.No); err != nil {
		return err
	}
	for _, role := range []procedure.Role{party.Operator, party.Authority} {
		org, err := alarmParty(role)(c)
		if err != nil {
			return err
		}
		if org == "" {
			continue
		}
		if _, err := tellSupply(c.W, role, org, a.ID, c.Case.No, "供给异常："+c.Case.Title, a.Said); err != nil {
			return err
		}
	}
	return c.SetSubject(a.Hookup)
}}

var solveAlarm = procedure.Effect{Name: "solve", Say: "异常销号", Plan: plan.C("7.2"), Run: func(c *procedure.Ctx) error {
	return supply.Solve(c.W, c.Case.No, c.Actor.Person, c.Desk.Org)
}}

func alarmFacts(c *procedure.Ctx) (procedure.Section, error) {
	a, err := alarmOfForm(c)
	if err != nil {
		return procedure.Section{}, ignoreNone(err)
	}
	line, err := supply.LineOf(c.ReadTx, a.Hookup)
	if err != nil {
		return procedure.Section{}, ignoreNone(err)
	}
	s := procedure.Section{Kind: "keyvalues", Items: []procedure.Item{{Label: "目录项", Value: supply.Link(line.Title, "catalogue", line.Item)},
		{Label: "接入", Value: supply.Link(line.ID, "supply_board", line.ID)}, {Label: "发现时间", Value: supply.Moment(a.Raised)}}}
	good, err := supply.MadeGood(c.ReadTx, a)
	if err != nil {
		return s, err
	}
	word := map[string]any{"text": "尚未补报", "tone": "warn"}
	if good {
		word = map[string]any{"text": "已补报", "tone": "ok"}
	}
	s.Items = append(s.Items, procedure.Item{Label: "补报情况", Value: word})
	return s, nil
}

func alarmPeriods(c *procedure.Ctx) (procedure.Section, error) {
	a, err := alarmOfForm(c)
	if err != nil || a.Kind != "late" {
		return procedure.Section{}, ignoreNone(err)
	}
	return supply.PeriodsSection(c.ReadTx, a.Hookup, a.ID)
}

func alarmDeliveries(c *procedure.Ctx) (procedure.Section, error) {
	a, err := alarmOfForm(c)
	if err != nil {
		return procedure.Section{}, ignoreNone(err)
	}
	return supply.DeliveriesSection(c.ReadTx, a.Hookup)
}
