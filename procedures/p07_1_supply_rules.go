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
	"pado/domain/supply"
	"pado/plan"
)

func supplyName(c *procedure.Ctx) (string, error) {
	f, err := procedure.Form[supplyForm](c)
	if err != nil {
		return "", err
	}
	title := f.Title
	if f.Listed == "yes" {
		title = ""
		if f.Item != "" {
			if it, err := catalogue.ByID(c.ReadTx, f.Item); err == nil {
				title = it.Title
			} else if !errors.Is(err, store.ErrNotFound) {
				return "", err
			}
		}
	}
	if title == "" {
		return "", nil
	}
	return "请求供给“" + title + "”", nil
}

// supplySource is the department that has the data: the item's, else the one that is named.
func supplySource(c *procedure.Ctx) (string, error) {
	f, err := procedure.Form[supplyForm](c)
	if err != nil {
		return "", err
	}
	if f.Listed == "yes" {
		if f.Item == "" {
			return "", nil
		}
		it, err := catalogue.ByID(c.ReadTx, f.Item)
		if errors.Is(err, store.ErrNotFound) {
			return "", nil
		}
		return it.SourceOrg, err
	}
	if f.Source == "" {
		return "", nil
	}
	is, err := party.HasRole(c.ReadTx, f.Source, party.Source)
	if !is {
		return "", err
	}
	return f.Source, err
}

func supplyRule(code, say, clause string, holds func(*procedure.Ctx, supplyForm) error) procedure.Rule {
	return procedure.Rule{Code: code, Say: say, Plan: plan.C(clause), Holds: func(c *procedure.Ctx) error {
		f, err := procedure.Form[supplyForm](c)
		if err != nil {
			return err
		}
		return holds(c, f)
	}}
}

var supplyItem = supplyRule("supply.item", "所选目录项不在资源目录中或者已经撤销，所选单位不是数源部门", "7.2", func(c *procedure.Ctx, f supplyForm) error {
	org, err := supplySource(c)
	if err != nil || org == "" || f.Listed != "yes" {
		return procedure.Hold(org != "", err)
	}
	it, err := catalogue.ByID(c.ReadTx, f.Item)
	if err != nil {
		return ruleMissing(err)
	}
	return procedure.Hold(it.State == catalogue.StatePublished, nil)
})

// supplyOperator: only who operates under an agreement in force may ask for supply (5.3).
var supplyOperator = supplyRule("supply.operator", "本单位没有生效的授权运营协议，不能提出供给需求", "5.3", func(c *procedure.Ctx, _ supplyForm) error {
	there, err := c.Exists(`SELECT 1 FROM agreement WHERE operator_org = $1 AND state = 'in_force' AND signed <= $2 AND ends >= $2`, c.Case.Org, c.Today().String())
	return procedure.Hold(there, err)
})

var supplyRunning = supplyRule("supply.running", "该目录项已向本单位供给，请在数据接入和供给看板中查看", "7.2", func(c *procedure.Ctx, f supplyForm) error {
	if f.Listed != "yes" {
		return nil
	}
	there, err := supply.Delivered(c.ReadTx, f.Item, c.Case.Org)
	return procedure.Hold(!there, err)
})

var supplyTwice = supplyRule("supply.twice", "本单位对该目录项已有在办的供给需求单", "7.2", func(c *procedure.Ctx, f supplyForm) error {
	if f.Listed != "yes" {
		return nil
	}
	there, err := c.Exists(`SELECT 1 FROM supply_request WHERE operator_org = $1 AND item = $2 AND state = 'open' AND case_no <> $3`, c.Case.Org, f.Item, c.Case.No)
	return procedure.Hold(!there, err)
})

// supplyHeld: which limit applies follows from the records, not from who forwards.
func supplyHeld(held bool) procedure.Rule {
	code, say := "supply.not_held", "没有该数据的归集记录，请选择“未归集”"
	if !held {
		code, say = "supply.held", "该目录项已归集，请选择“已归集”"
	}
	return supplyRule(code, say, "7.2", func(c *procedure.Ctx, f supplyForm) error {
		there := false
		if f.Listed == "yes" {
			var err error
			if there, err = supply.Held(c.ReadTx, f.Item); err != nil {
				return err
			}
		}
		return procedure.Hold(there == held, nil)
	})
}

var supplyFirst = procedure.Rule{Code: "supply.first", Say: "首次供给日期不能早于今天", Plan: plan.C("7.2"), Holds: func(c *procedure.Ctx) error {
	in, err := procedure.Input[supplyAgree](c)
	if err != nil {
		return err
	}
	d, err := calendar.ParseDate(in.First)
	return procedure.Hold(err == nil && !d.Before(c.Today()), nil)
}}

// suppliedItem is the item the case is about by now: given with the act, or before, or asked for.
func suppliedItem(c *procedure.Ctx) (string, error) {
	in, err := procedure.Input[supplyAgree](c)
	if err != nil || in.Item != "" {
		return in.Item, err
	}
	q, err := supply.RequestOf(c.ReadTx, c.Case.No)
	return q.Item, err
}

// supplyNamed: what is supplied stands in the catalogue as the source's own.
var supplyNamed = procedure.Rule{Code: "supply.named", Say: "请选定本单位已发布的目录项；目录中没有的，先办理目录编制", Plan: plan.C("7.2"), Holds: func(c *procedure.Ctx) error {
	item, err := suppliedItem(c)
	if err != nil || item == "" {
		return procedure.Hold(false, err)
	}
	it, err := catalogue.ByID(c.ReadTx, item)
	if err != nil {
		return ruleMissing(err)
	}
	f, err := procedure.Form[supplyForm](c)
	if err != nil {
		return err
	}
	if f.Listed == "yes" && item != f.Item {
		return procedure.Refuse("", plan.C("7.2"), "需求单已写明目录项，不能改为另一项")
	}
	return procedure.Hold(it.SourceOrg == c.Desk.Org && it.State == catalogue.StatePublished, nil)
}}

// supplyDelivered: supply is told by what came, not by what is said.
var supplyDelivered = procedure.Rule{Code: "supply.not_delivered", Say: "运营平台尚未收到并验收该目录项的数据，请先办理数据接入和报送", Plan: plan.C("7.2"), Holds: func(c *procedure.Ctx) error {
	item, err := suppliedItem(c)
	if err != nil || item == "" {
		return procedure.Hold(false, err)
	}
	return procedure.Hold(supply.Delivered(c.ReadTx, item, c.Case.Org))
}}

var askSupply = procedure.Effect{Name: "ask", Say: "需求单登记，符合性审查开始计时", Plan: plan.C("7.2"),
	Run: func(c *procedure.Ctx) error {
		f, err := procedure.Form[supplyForm](c)
		if err != nil {
			return err
		}
		source, err := supplySource(c)
		if err != nil {
			return err
		}
		q := supply.Request{CaseNo: c.Case.No, SourceOrg: source, OperatorOrg: c.Case.Org, Division: c.Case.Tenant, Title: f.Title}
		if f.Listed == "yes" {
			it, err := catalogue.ByID(c.ReadTx, f.Item)
			if err != nil {
				return err
			}
			q.Item, q.Title = it.ID, it.Title
		}
		err = supply.Ask(c.W, q, c.Actor.Person)
		if errors.Is(err, store.ErrConflict) {
			return procedure.Refuse(supplyTwice.Code, supplyTwice.Plan, "%s", supplyTwice.Say)
		}
		return err
	},
	Undo: func(c *procedure.Ctx) error { return supply.Close(c.W, c.Case.No, "withdrawn", c.Actor.Person) }}

func forwardSupply(held bool, limit string) procedure.Effect {
	return procedure.Effect{Name: "forward", Say: "数源部门的答复开始计时", Plan: plan.C("7.2"), Run: func(c *procedure.Ctx) error {
		due, err := c.Due(limit)
		if err != nil {
			return err
		}
		return supply.Forward(c.W, c.Case.No, held, due, c.Actor.Person)
	}}
}

func answerSupply(answer string) procedure.Effect {
	return procedure.Effect{Name: "answer", Say: "答复登记", Plan: plan.C("7.2"), Run: func(c *procedure.Ctx) error {
		in, err := procedure.Input[supplyAgree](c)
		if err != nil {
			return err
		}
		var no supplyRefuse
		if answer == "refused" {
			if no, err = procedure.Input[supplyRefuse](c); err != nil {
				return err
			}
		}
		return supply.Answer(c.W, c.Case.No, answer, no.Ground, in.Item, c.Actor.Person, c.Desk.Org)
	}}
}

var nameSupply = procedure.Effect{Name: "name", Say: "登记所供给的目录项", Plan: plan.C("7.2"), Run: func(c *procedure.Ctx) error {
	item, err := suppliedItem(c)
	if err != nil {
		return err
	}
	return supply.Name(c.W, c.Case.No, item, c.Actor.Person, c.Desk.Org)
}}

func closeSupply(state string) procedure.Effect {
	return procedure.Effect{Name: "close", Say: "需求单办结", Plan: plan.C("7.2"), Run: func(c *procedure.Ctx) error { return supply.Close(c.W, c.Case.No, state, c.Actor.Person) }}
}

// supplyProgress shows how far the data have come: catalogue, first leg, authorisation, second leg.
func supplyProgress(c *procedure.Ctx) (procedure.Section, error) {
	q, err := supply.RequestOf(c.ReadTx, c.Case.No)
	if errors.Is(err, store.ErrNotFound) {
		return procedure.Section{}, nil
	}
	if err != nil {
		return procedure.Section{}, err
	}
	return supply.ProgressSection(c.ReadTx, q.Item, q.OperatorOrg)
}

func supplyClock(c *procedure.Ctx) (procedure.Section, error) {
	q, err := supply.RequestOf(c.ReadTx, c.Case.No)
	if errors.Is(err, store.ErrNotFound) {
		return procedure.Section{}, nil
	}
	if err != nil {
		return procedure.Section{}, err
	}
	s := procedure.Section{Kind: "keyvalues"}
	add := func(label string, value any) {
		s.Items = append(s.Items, procedure.Item{Label: label, Value: value, Clause: "7.2"})
	}
	for _, k := range []struct{ label, key string }{{"符合性审查", "supply.precheck"}, {"已归集的答复", "supply.answer"}, {"未归集的编目并答复", "supply.publish"}} {
		v, err := c.Param(k.key)
		if err != nil {
			return s, err
		}
		add(k.label+"时限", v.Raw+v.Unit.Title()+"（"+v.Source+"）")
	}
	if !q.Forwarded.IsZero() {
		due := calendar.Due{At: q.AnswerDue.Time, Unresolved: q.AnswerDueYear}
		add("应于此前答复", due.Label())
	}
	if !q.Answered.IsZero() {
		late := "按期"
		if q.AnswerDueYear == 0 && q.Answered.After(q.AnswerDue.Time) {
			late = "逾期"
		}
		add("实际答复", map[string]any{"text": dateOf(q.Answered).String() + " " + map[string]string{"agreed": "同意", "refused": "不予供给"}[q.Answer] + "（" + late + "）", "tone": map[string]string{"按期": "ok", "逾期": "bad"}[late]})
	}
	if q.Ground != "" {
		add("不予供给的依据", procedure.LabelOf(supply.Grounds, q.Ground))
	}
	return s, nil
}

func supplyPaper(c *procedure.Ctx) (docs.Document, error) {
	q, err := supply.RequestOf(c.ReadTx, c.Case.No)
	if err != nil {
		return docs.Document{}, err
	}
	names := map[string]string{}
	for _, o := range []string{q.SourceOrg, q.OperatorOrg} {
		if names[o], err = orgNamed(c, o); err != nil {
			return docs.Document{}, err
		}
	}
	pairs := []docs.Pair{{Key: "需求单", Value: c.Case.No}, {Key: "所需数据", Value: q.Title}, {Key: "运营机构", Value: names[q.OperatorOrg]}, {Key: "数源部门", Value: names[q.SourceOrg]},
		{Key: "提出日期", Value: dateOf(q.Submitted).Chinese()}}
	say := "经研究，同意供给上述数据，请按数据接入程序办理。"
	switch {
	case q.Answer == "":
		say = "数源部门在时限内未作答复，已由数据管理部门协调。"
	case q.Answer == "refused" && (c.Case.State == "supplying" || c.Case.State == "confirming" || c.Case.State == "supplied"):
		say = "数源部门曾答复不予供给，经数据管理部门协调，予以供给，请按数据接入程序办理。"
	case q.Answer == "refused":
		say = fmt.Sprintf("经研究，上述数据不予供给。依据：%s。对本答复有异议的，可以提请数据管理部门协调。", procedure.LabelOf(supply.Grounds, q.Ground))
	}
	blocks := []docs.Block{docs.KeyValues{Pairs: pairs, Unruled: true}, docs.P(say)}
	var reason string
	err = c.Get(&reason, `SELECT opinion FROM case_event WHERE case_no = $1 AND action IN ('agree', 'agree_new', 'refuse', 'order', 'uphold') ORDER BY n DESC LIMIT 1`, c.Case.No)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return docs.Document{}, err
	}
	if reason != "" {
		blocks = append(blocks, docs.P("理由："+reason))
	}
	on := q.Answered
	if on.IsZero() {
		on = c.Case.Updated
	}
	blocks = append(blocks, docs.Signature{Organ: names[q.SourceOrg], Date: dateOf(on), Seal: true})
	return checked(docs.Document{Kind: docs.Certificate, Number: c.Case.No, Title: "供给需求答复书", Blocks: blocks}, c.Case.No, c.Case.No, formDigest(c))
}
