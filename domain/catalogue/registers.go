package catalogue

import (
	"errors"

	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/plan"
)

// Registers is the public list 资源目录 (全市目录). Withdrawn items are shown to their source and to the
// data authority only.
func Registers() []*register.Register {
	overdue := "CASE WHEN s.item IS NULL THEN 'no' ELSE 'yes' END"
	return []*register.Register{{ID: "catalogue", Title: "资源目录", Group: "目录与供给", Plan: plan.C("7.2b"), Public: true,
		Columns: []procedure.Column{{Key: "code", Label: "资源代码", Kind: "code"}, {Key: "title", Label: "资源名称", Kind: "text", Primary: true},
			{Key: "source", Label: "提供方", Kind: "text"}, {Key: "cycle", Label: "更新周期", Kind: "tag"}, {Key: "share", Label: "共享类型", Kind: "tag"},
			{Key: "grade", Label: "数据级别", Kind: "tag"}, {Key: "authorise", Label: "授权属性", Kind: "tag"},
			{Key: "score", Label: "目录质量分", Kind: "text"}, {Key: "updated", Label: "更新时间", Kind: "datetime"}, {Key: "state", Label: "状态", Kind: "tag"}},
		Filters: []register.Filter{{Key: "source", Label: "提供方", Expr: "i.source_org"}, {Key: "grade", Label: "数据级别", Expr: "i.grade", Options: Grades},
			{Key: "share", Label: "共享类型", Expr: "i.share_type", Options: ShareTypes}, {Key: "open", Label: "开放类型", Expr: "i.open_type", Options: OpenTypes},
			{Key: "authorise", Label: "授权属性", Expr: "i.authorisable", Options: Authorisables}, {Key: "cycle", Label: "更新周期", Expr: "i.update_cycle", Options: Cycles},
			{Key: "format", Label: "格式分类", Expr: "i.format_class", Options: FormatClasses}, {Key: "personal", Label: "个人信息", Expr: "CASE WHEN i.sensitive THEN 'sensitive' WHEN i.personal THEN 'personal' ELSE 'none' END", Options: Personals},
			{Key: "stale", Label: "时效", Expr: overdue, Options: []procedure.Option{{Value: "yes", Label: "超期未更新"}}},
			{Key: "state", Label: "状态", Expr: "i.state", Options: States}},
		From: "catalogue_item i LEFT JOIN org o ON o.id = i.source_org LEFT JOIN catalogue_stale s ON s.item = i.id", Key: "i.id",
		Cells: map[string]string{"code": "i.code", "title": "i.title", "source": "o.name", "cycle": cases("i.update_cycle", Cycles), "share": cases("i.share_type", ShareTypes),
			"grade":     cases("i.grade", Grades),
			"authorise": cases("i.authorisable", Authorisables), "score": "CASE WHEN i.score = 0 THEN '' ELSE CAST(i.score / 100 AS TEXT) END", "updated": "i.updated",
			"state": "CASE WHEN i.state <> 'published' THEN '已撤销' WHEN s.item IS NOT NULL THEN '超期未更新' ELSE '已发布' END"},
		Search: []string{"i.title", "i.code", "i.abstract", "o.name"}, Order: "-i.updated",
		Visible: visible, Lookup: lookup, Item: page}}
}

// lookup answers the list from the index; a filter the index does not know is left to the list.
func lookup(r *store.ReadTx, a procedure.Actor, q register.Query, offset int) (register.Found, error) {
	ask := Question{Text: q.Text, Facets: map[string]string{}, Offset: offset, Size: q.Size}
	for k, v := range q.Filters {
		if v != "" && !has(Facets, k) {
			return register.Found{}, nil
		}
		ask.Facets[k] = v
	}
	for _, d := range a.Desks {
		switch d.Role {
		case "authority":
			ask.All = true
		case "source":
			ask.Sees = append(ask.Sees, d.Org)
		}
	}
	got, err := Find(r, ask)
	if errors.Is(err, ErrNoIndex) {
		return register.Found{}, nil
	}
	if err != nil {
		return register.Found{}, err
	}
	out := register.Found{Ready: true, Keys: got.Items, Total: got.Total, Count: map[string][]register.Count{}}
	var orgs []struct{ ID, Name string }
	if err := r.Select(&orgs, `SELECT id, name FROM org ORDER BY name`); err != nil {
		return out, err
	}
	for _, o := range orgs {
		if n := got.Counts["source"][o.ID]; n > 0 {
			out.Count["source"] = append(out.Count["source"], register.Count{Value: o.ID, Label: o.Name, Rows: n})
		}
	}
	for _, f := range Facets {
		if f == "source" {
			continue
		}
		out.Count[f] = []register.Count{}
		for v, n := range got.Counts[f] {
			out.Count[f] = append(out.Count[f], register.Count{Value: v, Rows: n})
		}
	}
	return out, nil
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

// Prefill is the form of p07_2_catalogue as the item stands, for a change.
func Prefill(it Item, act string) map[string]any {
	m := map[string]any{"act": act, "item": it.ID, "title": it.Title, "classCode": it.ClassCode, "class": it.Class, "sourceKind": it.SourceKind, "sourceDept": it.SourceDept,
		"sourceSystem": it.SourceSystem, "abstract": it.Abstract, "formatClass": it.FormatClass, "formatType": it.FormatType, "shareType": it.ShareType,
		"shareCondition": it.ShareCondition, "shareMode": it.ShareMode, "openType": it.OpenType, "openCondition": it.OpenCondition, "updateCycle": it.UpdateCycle,
		"grade": it.Grade, "sourceRelation": it.SourceRelation, "sourceOrigin": it.SourceOrigin, "consentDoc": it.ConsentDoc,
		"legalBasis": it.LegalBasis, "authorisable": it.Authorisable, "authoriseCondition": it.AuthoriseCondition, "authoriseBasis": it.AuthoriseBasis,
		"registrationNo": it.RegistrationNo, "related": it.Related}
	if it.Impact != "" {
		m["impact"], m["degree"] = it.Impact, it.Degree
	}
	if it.DowngradeDoc != "" {
		m["downgradeDoc"], m["downgradeReason"] = it.DowngradeDoc, it.DowngradeReason
	}
	if list, err := it.ReadElements(); err == nil && len(list) > 0 {
		var rows []map[string]any
		for _, e := range list {
			rows = append(rows, map[string]any{"element": e.Element, "say": e.Say})
		}
		m["elements"] = rows
	}
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
		if f.Note != "" {
			row["note"] = f.Note
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
