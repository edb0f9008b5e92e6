package product

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/plan"
)

const group = "数据产品"

// Registers are 数据产品 (public: what is published; its page joins other nouns and is declared with the
// procedures) and 产品台账 (every registered product).
func Registers() []*register.Register {
	cols := []procedure.Column{{Key: "code", Label: "登记编码", Kind: "code"}, {Key: "name", Label: "产品", Kind: "text", Primary: true}, {Key: "form", Label: "形态", Kind: "tag"},
		{Key: "benefit", Label: "类别", Kind: "tag"}, {Key: "operator", Label: "运营机构", Kind: "text"}, {Key: "org", Label: "开发单位", Kind: "text"},
		{Key: "state", Label: "状态", Kind: "tag"}, {Key: "national", Label: "国家登记", Kind: "tag"}, {Key: "registered", Label: "登记时间", Kind: "datetime"}, {Key: "published", Label: "上线时间", Kind: "datetime"}}
	filters := []register.Filter{{Key: "form", Label: "形态", Expr: "p.form", Options: Forms}, {Key: "benefit", Label: "类别", Expr: "p.benefit", Options: Benefits}}
	cells := map[string]string{"code": "p.code", "name": "p.name", "form": register.LabelCase("p.form", Forms), "benefit": register.LabelCase("p.benefit", Benefits), "operator": "o.name", "org": "d.name",
		"state": register.LabelCase("p.state", States), "national": register.LabelCase("p.national_state", NationalStates), "registered": "p.registered", "published": "p.published"}
	from := "product p LEFT JOIN org o ON o.id = p.operator_org LEFT JOIN org d ON d.id = p.org"
	return []*register.Register{
		{ID: "products", Title: "数据产品", Group: group, Plan: plan.C("6.3.5"), Public: true, Columns: cols, Filters: filters, From: from, Key: "p.code", Cells: cells,
			Search: []string{"p.name", "p.code", "p.purpose"}, Order: "-p.published",
			Visible: func(procedure.Actor, func(any) string) string { return "p.state IN ('published', 'suspended')" }},
		{ID: "productledger", Title: "产品台账", Group: group, Plan: plan.C("10.1.3"), Roles: []procedure.Role{"developer", "operator", "authority", "source", "pricing", "auditor", "audit_admin"},
			Columns: cols, Filters: append([]register.Filter{{Key: "state", Label: "状态", Expr: "p.state", Options: States}}, filters...), From: from, Key: "p.id", Cells: cells,
			Search: []string{"p.name", "p.code", "p.purpose"}, Order: "-p.registered", Visible: visible, Item: ledgerPage},
	}
}

// visible: who developed it, who operates it, sources whose items it is built from, supervising
// bodies in their scope.
func visible(a procedure.Actor, arg func(any) string) string {
	or := []string{"p.state IN ('published', 'suspended')"}
	for _, d := range a.Desks {
		switch d.Role {
		case "developer":
			or = append(or, "p.org = "+arg(d.Org))
		case "operator":
			or = append(or, "p.operator_org = "+arg(d.Org))
		case "source":
			or = append(or, `EXISTS (SELECT 1 FROM catalogue_item c WHERE c.source_org = `+arg(d.Org)+` AND EXISTS (SELECT 1 FROM product_version v
				WHERE v.product = p.id AND v.version = p.version AND v.items LIKE '%"' || c.id || '"%'))`)
		case "authority", "pricing", "auditor", "audit_admin":
			or = append(or, register.Within("p.division", d.Division, arg))
		}
	}
	return strings.Join(or, " OR ")
}

func ledgerPage(r *store.ReadTx, a procedure.Actor, key string) (*register.Item, error) {
	var args []any
	arg := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	cond := visible(a, arg)
	ok, err := r.Exists("SELECT 1 FROM product p WHERE p.id = "+arg(key)+" AND ("+cond+")", args...)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, store.ErrNotFound
	}
	p, err := ByID(r, key)
	if err != nil {
		return nil, err
	}
	return page(r, p)
}

func page(r *store.ReadTx, p Product) (*register.Item, error) {
	v, err := CurrentVersion(r, p)
	if err != nil {
		return nil, err
	}
	var cols []Column
	var params []Param
	if err := errors.Join(json.Unmarshal([]byte(v.Columns), &cols), json.Unmarshal([]byte(v.Params), &params)); err != nil {
		return nil, fmt.Errorf("read product %s: %w", p.ID, err)
	}
	head := procedure.Section{Kind: "keyvalues", Title: "数据产品", Clause: "6.3.4", Items: []procedure.Item{{Label: "登记编码", Value: p.Code, Clause: "6.3.4"},
		{Label: "形态", Value: procedure.LabelOf(Forms, p.Form)}, {Label: "用途", Value: p.Purpose, Clause: "9.2"}, {Label: "类别", Value: procedure.LabelOf(Benefits, p.Benefit)},
		{Label: "状态", Value: procedure.LabelOf(States, p.State)}, {Label: "版本", Value: p.Version},
		{Label: "国家登记（另一机构办理）", Value: strings.TrimSpace(procedure.LabelOf(NationalStates, p.NationalState) + " " + p.NationalNo)}}}
	head.Items = append(head.Items, procedure.Item{Label: "成果摘要值", Value: p.Artefact}, procedure.Item{Label: "登记内容摘要", Value: v.Digest})
	out := &register.Item{Title: p.Name, Subtitle: procedure.LabelOf(States, p.State), Sections: []procedure.Section{head}}
	cs := procedure.Section{Kind: "table", Title: "返回内容", Clause: "6.3.4", Columns: []procedure.Column{{Key: "name", Label: "名称", Kind: "code", Primary: true},
		{Key: "title", Label: "含义", Kind: "text"}, {Key: "type", Label: "类型", Kind: "tag"}}}
	for _, c := range cols {
		cs.Rows = append(cs.Rows, map[string]any{"name": c.Name, "title": c.Title, "type": c.Type})
	}
	ps := procedure.Section{Kind: "table", Title: "调用参数", Clause: "6.3.4", Columns: []procedure.Column{{Key: "name", Label: "参数", Kind: "code", Primary: true},
		{Key: "title", Label: "含义", Kind: "text"}, {Key: "op", Label: "比较", Kind: "tag"}, {Key: "required", Label: "必填", Kind: "tag"}}}
	for _, q := range params {
		required := "否"
		if q.Required {
			required = "是"
		}
		ps.Rows = append(ps.Rows, map[string]any{"name": q.Name, "title": q.Title, "op": procedure.LabelOf(Ops, q.Op), "required": required})
	}
	out.Sections = append(out.Sections, cs, ps, procedure.Section{Kind: "keyvalues", Title: "使用限制条件", Clause: "1.7b", Items: []procedure.Item{{Label: "条款", Value: v.Terms}, {Label: "摘要值", Value: v.TermsDigest}}})
	out.Cases = []string{p.CaseNo}
	return out, nil
}

// Ops are the comparisons of a parameter.
var Ops = []procedure.Option{{Value: "eq", Label: "等于"}, {Value: "ge", Label: "不小于"}, {Value: "le", Label: "不大于"}}

// Choices are "products" (published ones).
func Choices() map[string]func(*store.ReadTx, procedure.Actor, string) ([]procedure.Option, error) {
	return map[string]func(*store.ReadTx, procedure.Actor, string) ([]procedure.Option, error){
		"products": func(r *store.ReadTx, _ procedure.Actor, q string) ([]procedure.Option, error) {
			var out []procedure.Option
			return out, r.Select(&out, `SELECT id AS value, name AS label FROM product WHERE state = 'published' AND name LIKE $1 ORDER BY name LIMIT 50`, "%"+q+"%")
		},
	}
}
