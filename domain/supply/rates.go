package supply

import (
	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/domain/party"
	"pado/plan"
)

// Counts are the numerators and denominators of a department's rates.
type Counts struct {
	ID, Name, Division       string
	Collect, Collected       int // items to be collected; of these, those that are
	Supply, Supplied         int // items in agreements in force; of these, those that are supplied
	Expected, InTime         int // periods that are over or filled; of these, those filled in time
	Asked, Answered          int // supply requests answered or escalated for want of an answer; of these, those answered in time
	Alarms, Tickets, Overdue int // open alarms and tickets; resources past the limit of registration
}

// toCollect, toSupply are the items the rates are counted over: 归集 covers what is published and not
// excluded from sharing, 供给 what stands in an agreement in force.
const (
	toCollect = `catalogue_item i WHERE i.source_org = o.id AND i.state = 'published' AND i.share_type <> '3'`
	toSupply  = `agreement_item s JOIN agreement g ON g.id = s.agreement AND g.state = 'in_force' JOIN catalogue_item i ON i.id = s.item WHERE s.state = 'active' AND i.source_org = o.id`
	filled    = `supply_period p JOIN hookup h ON h.id = p.hookup WHERE h.source_org = o.id AND (p.delivery <> '' OR p.alarm <> '')`
)

func countsFrom() string {
	n := func(what string) string { return "(SELECT COUNT(*) FROM " + what + ")" }
	return `(SELECT o.id, o.name, o.division, ` + n(toCollect) + ` AS collect, ` + n(toCollect+` AND `+collected("i.id")) + ` AS collected, ` + n(toSupply) + ` AS supply, ` + n(toSupply+` AND `+supplied("i.id")) + ` AS supplied,
		` + n(filled) + ` AS expected, ` + n(filled+` AND p.delivery <> '' AND (p.due IS NULL OR p.delivered < p.due)`) + ` AS in_time,
		` + n(`supply_request q WHERE q.source_org = o.id AND (q.answered IS NOT NULL OR EXISTS (SELECT 1 FROM case_event e WHERE e.case_no = q.case_no AND e.action = 'escalate'))`) + ` AS asked, ` + n(`supply_request q WHERE q.source_org = o.id AND q.answered IS NOT NULL AND (q.answer_due IS NULL OR q.answered < q.answer_due)`) + ` AS answered,
		` + n(`supply_alarm a WHERE a.source_org = o.id AND a.state = 'open'`) + ` AS alarms, ` + n(`quality_ticket t WHERE t.source_org = o.id AND t.state = 'open'`) + ` AS tickets,
		` + n(`national_registration n WHERE n.source_org = o.id AND n.state = 'none' AND n.told = 'overdue'`) + ` AS overdue
		FROM org o WHERE o.status = '` + party.Active + `' AND EXISTS (SELECT 1 FROM org_role x WHERE x.org = o.id AND x.role = 'source' AND x.until IS NULL)) x`
}

func ratesRegister() *register.Register {
	rate := func(n, of string) string {
		return "CASE WHEN x." + of + " > 0 THEN x." + n + " * 10000 / x." + of + " END"
	}
	return &register.Register{ID: "supply_rates", Title: "归集率和供给率", Group: group, Plan: plan.C("7.2"), Roles: readers,
		Columns: []procedure.Column{primary("name", "数源部门"), col("collect", "应归集", "int"), col("collected", "已归集", "int"), col("collect_rate", "归集率", "percent"), col("supply", "应供给", "int"), col("supplied", "已供给", "int"),
			col("supply_rate", "供给率", "percent"), col("time_rate", "按期率", "percent"), col("alarms", "未解决异常", "int"), col("tickets", "未销整改单", "int")},
		From: countsFrom(), Key: "x.id",
		Cells: map[string]string{"name": "x.name", "collect": "x.collect", "collected": "x.collected", "collect_rate": rate("collected", "collect"), "supply": "x.supply", "supplied": "x.supplied", "supply_rate": rate("supplied", "supply"),
			"time_rate": rate("in_time", "expected"), "alarms": "x.alarms", "tickets": "x.tickets"},
		Search: []string{"x.name"}, Order: "x.name", Item: ratesPage,
		Visible: func(a procedure.Actor, arg func(any) string) string {
			cond := "1 = 0"
			for _, d := range a.Desks {
				switch d.Role {
				case party.Authority, party.Government, party.Auditor:
					cond += " OR " + register.Within("x.division", d.Division, arg)
				case party.Source:
					cond += " OR x.id = " + arg(d.Org)
				case party.Operator:
					cond += " OR EXISTS (SELECT 1 FROM agreement_item s JOIN agreement g ON g.id = s.agreement JOIN catalogue_item i ON i.id = s.item WHERE i.source_org = x.id AND g.operator_org = " + arg(d.Org) + ")"
				}
			}
			return cond
		}}
}

// CountsOf reads the counts of a department; store.ErrNotFound when it is no source.
func CountsOf(r *store.ReadTx, org string) (Counts, error) {
	var c Counts
	return c, r.Get(&c, `SELECT x.id, x.name, x.division, x.collect, x.collected, x.supply, x.supplied, x.expected, x.in_time, x.asked, x.answered, x.alarms, x.tickets, x.overdue FROM `+countsFrom()+` WHERE x.id = $1`, org)
}

// ratesPage shows each rate with its formula and counts, a plot, and every item's place on the two legs.
func ratesPage(r *store.ReadTx, a procedure.Actor, key string) (*register.Item, error) {
	c, err := CountsOf(r, key)
	if err != nil {
		return nil, err
	}
	rates := []struct {
		label, formula string
		n, of          int
	}{
		{"归集率", "已归集的目录项（已登记归集，或者本平台已接收并验收）÷ 应归集的目录项（已发布且不属于“不予共享”）", c.Collected, c.Collect},
		{"供给率", "已供给的目录项（接入在用且有已入池版本）÷ 应供给的目录项（列入生效协议的授权运营目录）", c.Supplied, c.Supply},
		{"按期率", "在期限内报送的期数 ÷ 已报送和逾期未报的期数", c.InTime, c.Expected},
		{"答复及时率", "在时限内答复的供给需求单 ÷ 已答复和逾期未答复的供给需求单", c.Answered, c.Asked},
	}
	table := procedure.Section{Kind: "table", Title: "算法和数字", Clause: "7.2", Note: "没有分母的不计算，不按零计。", Columns: []procedure.Column{primary("name", "指标"), col("n", "分子", "int"), col("of", "分母", "int"), col("rate", "比率", "percent"), col("formula", "算法", "text")}}
	plot := procedure.Section{Kind: "chart", Title: "比率", Clause: "7.2", Columns: []procedure.Column{primary("name", "指标"), col("rate", "比率", "percent")}}
	for _, x := range rates {
		row := map[string]any{"name": x.label, "n": x.n, "of": x.of, "formula": x.formula}
		if x.of > 0 {
			row["rate"] = x.n * 10_000 / x.of
			plot.Rows = append(plot.Rows, map[string]any{"name": x.label, "rate": x.n * 10_000 / x.of})
		}
		table.Rows = append(table.Rows, row)
	}
	out := &register.Item{Title: c.Name, Subtitle: "归集与供给", Sections: []procedure.Section{table}}
	if len(plot.Rows) > 0 {
		out.Sections = append(out.Sections, plot)
	}
	legs, err := legsSection(r, key)
	if err != nil {
		return nil, err
	}
	alarms, err := alarmsSection(r, "a.source_org = $1", key)
	if err != nil {
		return nil, err
	}
	out.Sections = append(out.Sections, legs, alarms)
	for _, d := range a.Desks {
		if d.Role == party.Source && d.Org == key {
			out.Starts = []register.Start{{Procedure: "p07_1_collection", Title: "登记归集", Prefill: map[string]any{}}}
		}
	}
	return out, nil
}

// legsSection lists a department's published items with their place on the two legs.
func legsSection(r *store.ReadTx, org string) (procedure.Section, error) {
	s := procedure.Section{Kind: "table", Title: "逐项的两段供给", Clause: "7.2", Columns: []procedure.Column{primary("item", "目录项"), col("collect", "数源部门→市级数据平台", "tag"), col("supply", "市级数据平台→运营平台", "tag")}}
	var list []struct {
		ID, Title, ShareType           string
		Collected, Authorised, Running bool
	}
	if err := r.Select(&list, `SELECT i.id, i.title, i.share_type, `+collected("i.id")+` AS collected, EXISTS (SELECT 1 FROM agreement_item s JOIN agreement g ON g.id = s.agreement AND g.state = 'in_force' WHERE s.item = i.id AND s.state = 'active') AS authorised,
		`+supplied("i.id")+` AS running FROM catalogue_item i WHERE i.source_org = $1 AND i.state = 'published' ORDER BY i.title, i.id LIMIT 200`, org); err != nil {
		return s, err
	}
	word := func(text, tone string) map[string]any { return map[string]any{"text": text, "tone": tone} }
	for _, x := range list {
		collect, supply := word("应归集，未归集", "warn"), word("未授权，不供给", "")
		switch {
		case x.Collected:
			collect = word("已归集", "ok")
		case x.ShareType == "3":
			collect = word("不予共享，不归集", "")
		}
		switch {
		case x.Authorised && x.Running:
			supply = word("已供给", "ok")
		case x.Authorised:
			supply = word("应供给，未供给", "warn")
		}
		s.Rows = append(s.Rows, map[string]any{"item": Link(x.Title, "catalogue", x.ID), "collect": collect, "supply": supply})
	}
	if len(list) == 200 {
		s.Note = "只列前200项。"
	}
	return s, nil
}
