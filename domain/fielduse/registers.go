package fielduse

import (
	"encoding/json"

	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/plan"
)

var kinds = []procedure.Option{{Value: "question", Label: "沙箱提问"}, {Value: "product", Label: "产品登记"}, {Value: "call", Label: "产品调用"}}

// Registers is the list 数据使用登记: each use of an information item. A source sees the uses of its
// own data, a developer, customer or operator its own, supervising bodies all.
func Registers() []*register.Register {
	return []*register.Register{{ID: "field_uses", Title: "数据使用登记", Group: "目录与供给", Plan: plan.C("10.1.1"),
		Roles: []procedure.Role{"source", "operator", "developer", "customer", "authority", "auditor", "audit_admin"},
		Columns: []procedure.Column{{Key: "at", Label: "时间", Kind: "datetime"}, {Key: "item", Label: "目录项", Kind: "text"}, {Key: "field", Label: "信息项", Kind: "text", Primary: true},
			{Key: "kind", Label: "使用方式", Kind: "tag"}, {Key: "org", Label: "使用单位", Kind: "text"}, {Key: "person", Label: "使用人", Kind: "text"},
			{Key: "project", Label: "项目", Kind: "code"}, {Key: "product", Label: "产品", Kind: "text"}, {Key: "purpose", Label: "用途", Kind: "text"},
			{Key: "grant", Label: "使用许可", Kind: "code"}, {Key: "agreement", Label: "授权协议", Kind: "code"}, {Key: "times", Label: "次数", Kind: "int"}},
		Filters: []register.Filter{{Key: "kind", Label: "使用方式", Expr: "u.kind", Options: kinds}},
		From: `field_use u LEFT JOIN catalogue_item i ON i.id = u.item LEFT JOIN catalogue_field f ON f.item = u.item AND f.name = u.field LEFT JOIN org o ON o.id = u.org
			LEFT JOIN person n ON n.id = u.person LEFT JOIN product p ON p.id = u.product LEFT JOIN agreement g ON g.id = u.agreement`,
		Key: "u.kind || '/' || u.ref || '/' || u.item || '/' || u.field",
		Cells: map[string]string{"at": "u.at", "item": "i.title", "field": "CASE WHEN u.field = '*' THEN '（记录数）' ELSE COALESCE(f.label || '（' || u.field || '）', u.field) END",
			"kind": register.LabelCase("u.kind", kinds), "org": "o.name", "person": "COALESCE(n.name, '')", "project": "u.project", "product": "COALESCE(p.name, '')",
			"purpose": "u.purpose", "grant": "u.grant_id", "agreement": "COALESCE(g.no, '')", "times": "u.times"},
		Search: []string{"i.title", "i.code", "u.field", "f.label", "o.name", "u.project", "p.name", "u.grant_id"}, Order: "-u.at", Visible: visible}}
}

func visible(a procedure.Actor, arg func(any) string) string {
	cond := "1 = 0"
	for _, d := range a.Desks {
		switch d.Role {
		case "authority", "auditor", "audit_admin":
			cond += " OR " + register.Within("i.division", d.Division, arg)
		case "source":
			cond += " OR u.source_org = " + arg(d.Org)
		case "operator":
			cond += " OR u.operator_org = " + arg(d.Org)
		case "developer", "customer":
			cond += " OR u.org = " + arg(d.Org)
		}
	}
	return cond
}

// shown is how many uses an item's page lists.
const shown = 50

// Section lists the newest uses of an item, for its source and those who supervise; an empty section
// when there is none.
func Section(r *store.ReadTx, item string) (procedure.Section, error) {
	var rows []struct {
		Field, Kind, Org, Project, Product, Purpose, GrantID string
		At                                                   store.Time
		Times                                                int64
	}
	if err := r.Select(&rows, `SELECT u.field, u.kind, COALESCE(o.name, '') AS org, u.project, COALESCE(p.name, '') AS product, u.purpose, u.grant_id, u.at, u.times
		FROM field_use u LEFT JOIN org o ON o.id = u.org LEFT JOIN product p ON p.id = u.product WHERE u.item = $1 ORDER BY u.at DESC, u.ref, u.field LIMIT $2`, item, shown); err != nil {
		return procedure.Section{}, err
	}
	if len(rows) == 0 {
		return procedure.Section{}, nil
	}
	s := procedure.Section{Kind: "table", Title: "使用情况", Clause: "10.1.1", Note: "最近50次使用；全部见台账“数据使用登记”。", Columns: []procedure.Column{
		{Key: "at", Label: "时间", Kind: "datetime"}, {Key: "field", Label: "信息项", Kind: "code", Primary: true}, {Key: "kind", Label: "使用方式", Kind: "tag"}, {Key: "org", Label: "使用单位", Kind: "text"},
		{Key: "project", Label: "项目", Kind: "code"}, {Key: "product", Label: "产品", Kind: "text"}, {Key: "purpose", Label: "用途", Kind: "text"}, {Key: "grant", Label: "使用许可", Kind: "code"},
		{Key: "times", Label: "次数", Kind: "int"}}}
	for _, x := range rows {
		field := x.Field
		if field == Rows {
			field = "（记录数）"
		}
		s.Rows = append(s.Rows, map[string]any{"at": x.At, "field": field, "kind": procedure.LabelOf(kinds, x.Kind), "org": x.Org, "project": x.Project,
			"product": x.Product, "purpose": x.Purpose, "grant": x.GrantID, "times": x.Times})
	}
	return s, nil
}

func readList(raw string) (out []string, err error) {
	if raw == "" {
		return nil, nil
	}
	return out, json.Unmarshal([]byte(raw), &out)
}
