package development

import (
	"encoding/json"
	"fmt"
	"strings"

	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/plan"
)

const group = "开发利用"

// Registers are 产品清单 (public), 应用场景 (public) and 数据需求.
func Registers() []*register.Register {
	return []*register.Register{
		{ID: "productlist", Title: "产品清单", Group: group, Plan: plan.C("9.1"), Public: true,
			Columns: []procedure.Column{{Key: "name", Label: "拟提供的产品", Kind: "text", Primary: true}, {Key: "form", Label: "形态", Kind: "tag"},
				{Key: "purpose", Label: "用途", Kind: "text"}, {Key: "class", Label: "类别", Kind: "tag"}, {Key: "operator", Label: "运营机构", Kind: "text"},
				{Key: "version", Label: "清单版本", Kind: "int"}, {Key: "doc_no", Label: "备案号", Kind: "code"}, {Key: "recorded", Label: "备案日期", Kind: "datetime"}, {Key: "id", Label: "编号", Kind: "code"}},
			Filters: []register.Filter{{Key: "form", Label: "形态", Expr: "i.form", Options: Forms}, {Key: "class", Label: "类别", Expr: "i.class", Options: Classes}},
			From:    "product_list_item i JOIN product_list l ON l.id = i.list LEFT JOIN org o ON o.id = i.operator_org", Key: "i.id",
			Cells: map[string]string{"name": "i.name", "form": register.LabelCase("i.form", Forms), "purpose": "i.purpose", "class": register.LabelCase("i.class", Classes), "operator": "o.name",
				"version": "l.version", "doc_no": "l.doc_no", "recorded": "l.recorded", "id": "i.id"},
			Search: []string{"i.name", "i.purpose", "i.summary"}, Order: "i.name", Item: listItemPage,
			Visible: func(procedure.Actor, func(any) string) string { return "i.state = 'listed'" }},
		{ID: "scenarios", Title: "应用场景", Group: group, Plan: plan.C("6.3.1"), Public: true,
			Columns: []procedure.Column{{Key: "title", Label: "场景", Kind: "text", Primary: true}, {Key: "proposer", Label: "提出单位", Kind: "text"}, {Key: "product", Label: "清单产品", Kind: "text"},
				{Key: "benefit", Label: "类别", Kind: "tag"}, {Key: "regulator", Label: "行业主管部门", Kind: "text"}, {Key: "doc_no", Label: "文号", Kind: "code"}, {Key: "justified", Label: "论证通过", Kind: "datetime"}},
			Filters: []register.Filter{{Key: "benefit", Label: "类别", Expr: "s.benefit", Options: Benefits}},
			From:    "scenario s JOIN product_list_item i ON i.id = s.list_item LEFT JOIN org p ON p.id = s.proposer_org LEFT JOIN org g ON g.id = s.regulator", Key: "s.id",
			Cells: map[string]string{"title": "s.title", "proposer": "p.name", "product": "i.name", "benefit": register.LabelCase("s.benefit", Benefits), "regulator": "g.name",
				"doc_no": "s.doc_no", "justified": "s.justified"},
			Search: []string{"s.title", "i.name"}, Order: "-s.justified", Item: scenarioPage,
			Visible: func(procedure.Actor, func(any) string) string { return "s.state = 'justified'" }},
		{ID: "demands", Title: "数据需求", Group: group, Plan: plan.C("6.3.2"), Roles: []procedure.Role{"developer", "operator", "authority", "source", "auditor", "audit_admin"},
			Columns: []procedure.Column{{Key: "title", Label: "需求", Kind: "text", Primary: true}, {Key: "org", Label: "申请单位", Kind: "text"}, {Key: "scenario", Label: "场景", Kind: "text"},
				{Key: "grant", Label: "使用许可", Kind: "code"}, {Key: "project", Label: "项目", Kind: "code"}, {Key: "from", Label: "起", Kind: "datetime"}, {Key: "to", Label: "止", Kind: "datetime"},
				{Key: "doc_no", Label: "文号", Kind: "code"}, {Key: "granted", Label: "同意时间", Kind: "datetime"}},
			From: "demand d JOIN scenario s ON s.id = d.scenario LEFT JOIN org o ON o.id = d.org", Key: "d.case_no",
			Cells: map[string]string{"title": "d.title", "org": "o.name", "scenario": "s.title", "grant": "d.grant_id", "project": "d.project", "doc_no": "d.doc_no", "granted": "d.granted",
				"from": "(SELECT MIN(valid_from) FROM permit_grant g WHERE g.id = d.grant_id)", "to": "(SELECT MAX(valid_to) FROM permit_grant g WHERE g.id = d.grant_id)"},
			Search: []string{"d.title", "s.title", "o.name"}, Order: "-d.granted", Visible: demandVisible},
	}
}

// demandVisible: the developer sees its own, the operator its own, a source those that use its
// items, supervising bodies those of their scope.
func demandVisible(a procedure.Actor, arg func(any) string) string {
	or := []string{"1 = 0"}
	for _, d := range a.Desks {
		switch d.Role {
		case "developer":
			or = append(or, "d.org = "+arg(d.Org))
		case "operator":
			or = append(or, "d.operator_org = "+arg(d.Org))
		case "source":
			or = append(or, "EXISTS (SELECT 1 FROM permit_grant g JOIN catalogue_item c ON c.id = g.item WHERE g.id = d.grant_id AND c.source_org = "+arg(d.Org)+")")
		case "authority", "auditor", "audit_admin":
			or = append(or, register.Within("d.division", d.Division, arg))
		}
	}
	return strings.Join(or, " OR ")
}

// Label is the Chinese name of a value.
func Label(options []procedure.Option, value string) string { return procedure.LabelOf(options, value) }

func listItemPage(r *store.ReadTx, _ procedure.Actor, key string) (*register.Item, error) {
	it, agreement, _, err := ItemByID(r, key)
	if err != nil {
		return nil, err
	}
	l, err := CurrentList(r, agreement)
	if err != nil {
		return nil, err
	}
	var changes []ListChange
	if err := json.Unmarshal([]byte(l.Changes), &changes); err != nil {
		return nil, fmt.Errorf("read the changes of %s: %w", l.ID, err)
	}
	sources, err := SourceSection(r, it.Items)
	if err != nil {
		return nil, err
	}
	out := &register.Item{Title: it.Name, Subtitle: "产品清单第" + fmt.Sprint(l.Version) + "版", Cases: []string{l.CaseNo},
		Sections: []procedure.Section{{Kind: "keyvalues", Title: "拟提供的产品", Clause: "9.1", Items: []procedure.Item{
			{Label: "编号", Value: it.ID}, {Label: "形态", Value: Label(Forms, it.Form)}, {Label: "用途", Value: it.Purpose, Clause: "9.2"},
			{Label: "类别", Value: Label(Classes, it.Class)}, {Label: "说明", Value: it.Summary}, {Label: "备案号", Value: l.DocNo, Clause: "9.1"}}}, sources, ChangeSection(changes)},
		Starts: []register.Start{{Procedure: "p06_3a_scenario", Title: "提出应用场景", Prefill: map[string]any{"listItem": it.ID}}}}
	return out, nil
}

// SourceSection shows which information items of which catalogue items are used.
func SourceSection(r *store.ReadTx, sources []Source) (procedure.Section, error) {
	s := procedure.Section{Kind: "table", Title: "数据范围", Clause: "9.2", Columns: []procedure.Column{{Key: "item", Label: "目录项", Kind: "text", Primary: true},
		{Key: "code", Label: "资源代码", Kind: "code"}, {Key: "fields", Label: "信息项", Kind: "text"}}}
	for _, src := range sources {
		var c []struct{ Title, Code string }
		if err := r.Select(&c, `SELECT title, code FROM catalogue_item WHERE id = $1`, src.Item); err != nil {
			return s, err
		}
		title, code := src.Item, ""
		if len(c) > 0 {
			title, code = c[0].Title, c[0].Code
		}
		s.Rows = append(s.Rows, map[string]any{"item": title, "code": code, "fields": strings.Join(src.Fields, "、")})
	}
	return s, nil
}

var acts = map[string]string{"add": "新增", "change": "调整", "remove": "移出"}

// ChangeSection shows what a version changed (clause 9.3).
func ChangeSection(changes []ListChange) procedure.Section {
	s := procedure.Section{Kind: "table", Title: "本版变化", Clause: "9.3", Columns: []procedure.Column{{Key: "act", Label: "变化", Kind: "tag"},
		{Key: "name", Label: "产品", Kind: "text", Primary: true}, {Key: "detail", Label: "变动内容", Kind: "text"}}}
	for _, c := range changes {
		s.Rows = append(s.Rows, map[string]any{"act": acts[c.Act], "name": c.Name, "detail": c.Detail})
	}
	return s
}

func scenarioPage(r *store.ReadTx, _ procedure.Actor, key string) (*register.Item, error) {
	s, err := ScenarioByID(r, key)
	if err != nil {
		return nil, err
	}
	p := procedure.Section{Kind: "keyvalues", Title: "应用场景", Clause: "6.3.1", Items: []procedure.Item{{Label: "编号", Value: s.ID},
		{Label: "类别", Value: Label(Benefits, s.Benefit), Clause: "6.3.1"}, {Label: "文号", Value: s.DocNo}, {Label: "内容摘要", Value: s.Digest}}}
	return &register.Item{Title: s.Title, Sections: []procedure.Section{p}, Cases: []string{s.CaseNo},
		Starts: []register.Start{{Procedure: "p06_3b_demand", Title: "申请数据", Prefill: map[string]any{"scenario": s.ID}}}}, nil
}
