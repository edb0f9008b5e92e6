package catalogue

import (
	"encoding/json"
	"fmt"

	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/plan"
)

// Registers is the public list 资源目录. Withdrawn items are shown to their source and to the
// data authority only.
func Registers() []*register.Register {
	return []*register.Register{{ID: "catalogue", Title: "资源目录", Group: "目录与供给", Plan: plan.C("7.2b"), Public: true,
		Columns: []procedure.Column{{Key: "code", Label: "资源代码", Kind: "code"}, {Key: "title", Label: "资源名称", Kind: "text", Primary: true},
			{Key: "source", Label: "提供方", Kind: "text"}, {Key: "cycle", Label: "更新周期", Kind: "tag"}, {Key: "share", Label: "共享类型", Kind: "tag"},
			{Key: "grade", Label: "数据级别", Kind: "tag"}, {Key: "personal", Label: "个人信息", Kind: "tag"}, {Key: "authorise", Label: "授权属性", Kind: "tag"},
			{Key: "version", Label: "版本", Kind: "int"}, {Key: "updated", Label: "更新时间", Kind: "datetime"}, {Key: "state", Label: "状态", Kind: "tag"}},
		Filters: []register.Filter{{Key: "grade", Label: "数据级别", Expr: "i.grade", Options: Grades}, {Key: "share", Label: "共享类型", Expr: "i.share_type", Options: ShareTypes},
			{Key: "authorise", Label: "授权属性", Expr: "i.authorisable", Options: Authorisables}, {Key: "cycle", Label: "更新周期", Expr: "i.update_cycle", Options: Cycles},
			{Key: "state", Label: "状态", Expr: "i.state", Options: []procedure.Option{{Value: StatePublished, Label: "已发布"}, {Value: StateWithdrawn, Label: "已撤销"}}}},
		From: "catalogue_item i LEFT JOIN org o ON o.id = i.source_org", Key: "i.id",
		Cells: map[string]string{"code": "i.code", "title": "i.title", "source": "o.name", "cycle": cases("i.update_cycle", Cycles), "share": cases("i.share_type", ShareTypes),
			"grade": cases("i.grade", Grades), "personal": "CASE WHEN i.sensitive THEN '敏感个人信息' WHEN i.personal THEN '个人信息' ELSE '不含' END",
			"authorise": cases("i.authorisable", Authorisables), "version": "i.version", "updated": "i.updated",
			"state": "CASE i.state WHEN 'published' THEN '已发布' ELSE '已撤销' END"},
		Search: []string{"i.title", "i.code", "i.abstract", "o.name"}, Order: "-i.updated",
		Visible: visible, Item: page}}
}

func cases(col string, list []procedure.Option) string {
	s := "CASE " + col
	for _, o := range list {
		s += " WHEN '" + o.Value + "' THEN '" + o.Label + "'"
	}
	return s + " ELSE '' END"
}

func visible(a procedure.Actor, arg func(any) string) string {
	cond := "i.state = 'published'"
	for _, d := range a.Desks {
		switch d.Role {
		case "authority":
			return "1 = 1"
		case "source":
			cond += " OR i.source_org = " + arg(d.Org)
		}
	}
	return cond
}

func page(r *store.ReadTx, a procedure.Actor, id string) (*register.Item, error) {
	it, err := ByID(r, id)
	if err != nil {
		return nil, err
	}
	own := false
	seen := it.State == StatePublished
	for _, d := range a.Desks {
		own = own || d.Role == "source" && d.Org == it.SourceOrg
		seen = seen || own || d.Role == "authority"
	}
	if !seen {
		return nil, store.ErrNotFound
	}
	var source string
	if err := r.Get(&source, `SELECT name FROM org WHERE id = $1`, it.SourceOrg); err != nil && !missing(err) {
		return nil, err
	}
	main := procedure.Section{Kind: "keyvalues", Title: "目录项", Clause: "7.2b", Items: []procedure.Item{{Label: "资源代码", Value: it.Code},
		{Label: "提供方", Value: source}, {Label: "版本", Value: it.Version}, {Label: "内容摘要", Value: it.Digest}}}
	for _, p := range properties {
		if v := p.of(it); v != "" {
			main.Items = append(main.Items, procedure.Item{Label: p.label, Value: v})
		}
	}
	sections := []procedure.Section{main, FieldsSection(it.Fields)}
	history, err := History(r, id)
	if err != nil {
		return nil, err
	}
	out := &register.Item{Title: it.Title, Subtitle: it.Code}
	if it.State == StateWithdrawn {
		out.Subtitle += "（已撤销）"
	}
	versions := procedure.Section{Kind: "table", Title: "变更记录", Clause: "7.2b", Columns: []procedure.Column{{Key: "version", Label: "版本", Kind: "int"},
		{Key: "act", Label: "事项", Kind: "tag"}, {Key: "at", Label: "时间", Kind: "datetime"}, {Key: "reason", Label: "原因", Kind: "text"}, {Key: "changes", Label: "变更项数", Kind: "int"}}}
	for i, v := range history {
		var changes []procedure.Change
		if err := json.Unmarshal([]byte(v.Changes), &changes); err != nil {
			return nil, fmt.Errorf("read version %d of %s: %w", v.Version, id, err)
		}
		versions.Rows = append(versions.Rows, map[string]any{"version": v.Version, "act": map[string]string{"publish": "发布", "change": "变更", "withdraw": "撤销"}[v.Act],
			"at": v.At, "reason": v.Reason, "changes": len(changes)})
		out.Cases = append(out.Cases, v.CaseNo)
		if i == 0 && v.Version > 1 {
			sections = append(sections, DifferenceSection("最近一次变更", changes))
		}
	}
	out.Sections = append(sections, versions)
	if own && it.State == StatePublished {
		out.Starts = []register.Start{{Procedure: "p07_2_catalogue", Title: "变更目录项", Prefill: Prefill(it, "change")},
			{Procedure: "p07_2_catalogue", Title: "撤销目录项", Prefill: map[string]any{"act": "withdraw", "item": it.ID}}}
	}
	return out, nil
}

// FieldsSection shows information items as a table.
func FieldsSection(fields []Field) procedure.Section {
	s := procedure.Section{Kind: "table", Title: "信息项", Clause: "7.1", Columns: []procedure.Column{{Key: "label", Label: "名称", Kind: "text", Primary: true},
		{Key: "name", Label: "英文名", Kind: "code"}, {Key: "type", Label: "类型", Kind: "tag"}, {Key: "length", Label: "长度", Kind: "int"}, {Key: "personal", Label: "个人信息", Kind: "tag"},
		{Key: "share", Label: "共享", Kind: "tag"}, {Key: "open", Label: "开放", Kind: "tag"}, {Key: "authorise", Label: "可授权", Kind: "tag"}}}
	yes := func(b bool) string {
		if b {
			return "是"
		}
		return "否"
	}
	for _, f := range fields {
		personal := "否"
		if f.Sensitive {
			personal = "敏感个人信息"
		} else if f.Personal {
			personal = "个人信息"
		}
		var length any
		if f.Length > 0 {
			length = f.Length
		}
		s.Rows = append(s.Rows, map[string]any{"label": f.Label, "name": f.Name, "type": label(FieldTypes, f.Type), "length": length, "personal": personal,
			"share": yes(f.Shared), "open": yes(f.Open), "authorise": yes(f.Authorisable)})
	}
	return s
}

// DifferenceSection shows what a version changed.
func DifferenceSection(title string, changes []procedure.Change) procedure.Section {
	s := procedure.Section{Kind: "difference", Title: title, Clause: "7.2b", Columns: []procedure.Column{{Key: "label", Label: "项目", Kind: "text"},
		{Key: "before", Label: "变更前", Kind: "text"}, {Key: "after", Label: "变更后", Kind: "text"}}}
	for _, c := range changes {
		s.Rows = append(s.Rows, map[string]any{"label": c.Label, "before": c.Before, "after": c.After})
	}
	return s
}

// Prefill is the form of p07_2_catalogue as the item stands, for a change.
func Prefill(it Item, act string) map[string]any {
	m := map[string]any{"act": act, "item": it.ID, "title": it.Title, "classCode": it.ClassCode, "class": it.Class, "sourceKind": it.SourceKind, "sourceDept": it.SourceDept,
		"sourceSystem": it.SourceSystem, "abstract": it.Abstract, "formatClass": it.FormatClass, "formatType": it.FormatType, "shareType": it.ShareType,
		"shareCondition": it.ShareCondition, "shareMode": it.ShareMode, "openType": it.OpenType, "openCondition": it.OpenCondition, "updateCycle": it.UpdateCycle,
		"grade": it.Grade, "sourceRelation": it.SourceRelation, "sourceOrigin": it.SourceOrigin, "consentDoc": it.ConsentDoc,
		"legalBasis": it.LegalBasis, "authorisable": it.Authorisable, "authoriseCondition": it.AuthoriseCondition, "authoriseBasis": it.AuthoriseBasis,
		"registrationNo": it.RegistrationNo, "related": it.Related}
	if it.Sublevel > 0 {
		m["sublevel"] = it.Sublevel
	}
	var rows []map[string]any
	for _, f := range it.Fields {
		row := map[string]any{"label": f.Label, "name": f.Name, "type": f.Type, "key": f.IsKey, "nullable": f.Nullable, "personal": f.Personal,
			"sensitive": f.Sensitive, "shared": f.Shared, "open": f.Open, "authorisable": f.Authorisable}
		if f.Length > 0 {
			row["length"] = f.Length
		}
		rows = append(rows, row)
	}
	m["fields"] = rows
	for k, v := range m {
		if v == "" {
			delete(m, k)
		}
	}
	return m
}
