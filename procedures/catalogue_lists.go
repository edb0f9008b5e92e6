package procedures

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/domain/agreement"
	"pado/domain/catalogue"
	"pado/domain/fielduse"
	"pado/domain/party"
	"pado/plan"
)

// catalogueLists are the two lists of items that are neither the city's catalogue nor the product list:
// 授权运营目录, what the agreements authorise (6.1.4), and 内部目录, what the operator holds of it and how
// it is used (10.1.1).
func catalogueLists() []*register.Register {
	states := []procedure.Option{{Value: "active", Label: "在授权范围内"}, {Value: "removed", Label: "已移出"}}
	fields := "CASE WHEN x.fields = '[\"*\"]' THEN '全部信息项' ELSE x.fields END"
	return []*register.Register{{
		ID: "authorised_catalogue", Title: "授权运营目录", Group: "目录与供给", Plan: plan.C("6.1.4"), Public: true,
		Columns: []procedure.Column{{Key: "code", Label: "资源代码", Kind: "code"}, {Key: "title", Label: "资源名称", Kind: "text", Primary: true}, {Key: "source", Label: "提供方", Kind: "text"},
			{Key: "operator", Label: "运营机构", Kind: "text"}, {Key: "agreement", Label: "协议编号", Kind: "code"}, {Key: "since", Label: "授权起", Kind: "date"}, {Key: "ends", Label: "授权止", Kind: "date"},
			{Key: "grade", Label: "数据级别", Kind: "tag"}, {Key: "state", Label: "状态", Kind: "tag"}},
		Filters: []register.Filter{{Key: "state", Label: "状态", Expr: "x.state", Options: states}, {Key: "grade", Label: "数据级别", Expr: "i.grade", Options: catalogue.Grades}},
		From:    "agreement_item x JOIN agreement a ON a.id = x.agreement JOIN catalogue_item i ON i.id = x.item LEFT JOIN org s ON s.id = i.source_org LEFT JOIN org o ON o.id = a.operator_org",
		Key:     "x.agreement || '@' || x.item",
		Cells: map[string]string{"code": "i.code", "title": "i.title", "source": "s.name", "operator": "o.name", "agreement": "a.no", "since": "x.since", "ends": "x.ends",
			"grade": register.LabelCase("i.grade", catalogue.Grades), "state": register.LabelCase("x.state", states)},
		Search: []string{"i.title", "i.code", "s.name", "a.no", fields}, Order: "i.title", Visible: authorisedVisible, Item: authorisedPage,
	}, {
		ID: "internal_catalogue", Title: "内部目录", Group: "目录与供给", Plan: plan.C("10.1.1"), Roles: []procedure.Role{party.Operator, party.Authority, party.Auditor, "audit_admin"},
		Columns: []procedure.Column{{Key: "code", Label: "资源代码", Kind: "code"}, {Key: "title", Label: "资源名称", Kind: "text", Primary: true}, {Key: "source", Label: "提供方", Kind: "text"},
			{Key: "agreement", Label: "协议编号", Kind: "code"}, {Key: "hookup", Label: "接入", Kind: "tag"}, {Key: "version", Label: "现行版本", Kind: "int"}, {Key: "rows", Label: "行数", Kind: "int"},
			{Key: "score", Label: "数据质量分", Kind: "percent"}, {Key: "received", Label: "数据到达", Kind: "datetime"}, {Key: "stale", Label: "时效", Kind: "tag"},
			{Key: "grants", Label: "有效许可", Kind: "int"}, {Key: "uses", Label: "使用登记", Kind: "int"}},
		Filters: []register.Filter{{Key: "hookup", Label: "接入", Expr: "CASE WHEN h.id IS NULL THEN 'no' ELSE 'yes' END", Options: []procedure.Option{{Value: "yes", Label: "已接入"}, {Value: "no", Label: "未接入"}}}},
		From: `agreement_item x JOIN agreement a ON a.id = x.agreement AND x.state = 'active' JOIN catalogue_item i ON i.id = x.item LEFT JOIN org s ON s.id = i.source_org
			LEFT JOIN hookup h ON h.item = i.id AND h.state = 'connected' LEFT JOIN dataset d ON d.id = h.dataset LEFT JOIN dataset_version v ON v.id = d.current_version
			LEFT JOIN raw_file f ON f.id = v.raw LEFT JOIN catalogue_stale z ON z.item = i.id`, Key: "i.id",
		Cells: map[string]string{"code": "i.code", "title": "i.title", "source": "s.name", "agreement": "a.no", "hookup": "CASE WHEN h.id IS NULL THEN '未接入' ELSE '已接入' END",
			"version": "v.n", "rows": "v.rows", "score": "v.score", "received": "f.received", "stale": "CASE WHEN z.item IS NULL THEN '' ELSE '超期未更新' END",
			"grants": "(SELECT COUNT(*) FROM permit_grant g WHERE g.item = i.id AND g.state = 'active')", "uses": "(SELECT COUNT(*) FROM field_use u WHERE u.item = i.id)"},
		Search: []string{"i.title", "i.code", "s.name", "a.no"}, Order: "i.title", Visible: internalVisible, Item: internalPage,
	}}
}

// cityCatalogue is the city's catalogue with what became of each item: its source and those who
// supervise read on its page who used it (10.1.1).
func cityCatalogue() []*register.Register {
	all := catalogue.Registers()
	for _, g := range all {
		page := g.Item
		g.Item = func(r *store.ReadTx, a procedure.Actor, key string) (*register.Item, error) {
			out, err := page(r, a, key)
			if err != nil {
				return nil, err
			}
			it, err := catalogue.ByID(r, key)
			if err != nil {
				return nil, err
			}
			for _, d := range a.Desks {
				if d.Role == party.Source && d.Org == it.SourceOrg || (d.Role == party.Authority || d.Role == party.Auditor) && register.Covers(d.Division, it.Division) {
					uses, err := fielduse.Section(r, key)
					if err == nil && len(uses.Rows) > 0 {
						out.Sections = append(out.Sections, uses)
					}
					return out, err
				}
			}
			return out, nil
		}
	}
	return all
}

// authorisedVisible: what is authorised is public, what was taken out is shown to the bodies concerned.
func authorisedVisible(a procedure.Actor, arg func(any) string) string {
	cond := "x.state = 'active' AND a.state <> 'ended'"
	for _, d := range a.Desks {
		switch d.Role {
		case party.Authority, party.Auditor:
			cond += " OR " + register.Within("a.division", d.Division, arg)
		case party.Operator:
			cond += " OR a.operator_org = " + arg(d.Org)
		case party.Source:
			cond += " OR i.source_org = " + arg(d.Org)
		}
	}
	return cond
}

func internalVisible(a procedure.Actor, arg func(any) string) string {
	cond := "1 = 0"
	for _, d := range a.Desks {
		switch d.Role {
		case party.Operator:
			cond += " OR a.operator_org = " + arg(d.Org)
		case party.Authority, party.Auditor, "audit_admin":
			cond += " OR " + register.Within("a.division", d.Division, arg)
		}
	}
	return cond
}

// authorisedPage shows one line of the annex of an agreement.
func authorisedPage(r *store.ReadTx, _ procedure.Actor, key string) (*register.Item, error) {
	agr, item, ok := strings.Cut(key, "@")
	if !ok {
		return nil, store.ErrNotFound
	}
	var x struct{ Fields, Since, Ends, State, CaseNo string }
	if err := r.Get(&x, `SELECT fields, since, ends, state, case_no FROM agreement_item WHERE agreement = $1 AND item = $2`, agr, item); err != nil {
		return nil, err
	}
	a, err := agreement.ByID(r, agr)
	if err != nil {
		return nil, err
	}
	it, err := catalogue.ByID(r, item)
	if err != nil {
		return nil, err
	}
	var names []string
	if err := json.Unmarshal([]byte(x.Fields), &names); err != nil {
		return nil, fmt.Errorf("read the fields of %s: %w", key, err)
	}
	var list []catalogue.Field
	for _, f := range it.Fields {
		for _, n := range names {
			if f.Authorisable && (n == agreement.AllFields || n == f.Name) {
				list = append(list, f)
				break
			}
		}
	}
	state := "在授权范围内"
	if x.State != "active" {
		state = "已移出授权范围"
	}
	fields := catalogue.FieldsSection(list)
	fields.Title = "授权的信息项"
	return &register.Item{Title: it.Title, Subtitle: it.Code, Cases: []string{x.CaseNo}, Sections: []procedure.Section{
		{Kind: "keyvalues", Title: "授权", Clause: "6.1.4", Items: []procedure.Item{{Label: "协议", Value: procedure.Link{Text: a.No + " " + a.Title, To: "register/agreements/" + a.ID}},
			{Label: "目录项", Value: procedure.Link{Text: it.Title + " " + it.Code, To: "register/catalogue/" + it.ID}}, {Label: "授权期限", Value: x.Since + " 至 " + x.Ends},
			{Label: "协议状态", Value: a.Status(calendar.DateOf(r.Now())).Label()}, {Label: "状态", Value: state}, {Label: "授权条件", Value: it.AuthoriseCondition}}}, fields}}, nil
}

// internalPage shows what the operator holds of an item and how it is used.
func internalPage(r *store.ReadTx, _ procedure.Actor, key string) (*register.Item, error) {
	it, err := catalogue.ByID(r, key)
	if err != nil {
		return nil, err
	}
	out := &register.Item{Title: it.Title, Subtitle: it.Code}
	main := procedure.Section{Kind: "keyvalues", Title: "资源池中的数据", Clause: "10.1.1", Items: []procedure.Item{{Label: "目录项", Value: procedure.Link{Text: it.Title + " " + it.Code, To: "register/catalogue/" + it.ID}}}}
	var d struct {
		ID, CaseNo        string
		N, Rows, Score    int64
		Quarantined       int64
		Received, Decided store.Time
	}
	err = r.Get(&d, `SELECT d.id, h.case_no, v.n, v.rows, v.score, v.quarantined, f.received, v.decided FROM hookup h JOIN dataset d ON d.id = h.dataset JOIN dataset_version v ON v.id = d.current_version
		JOIN raw_file f ON f.id = v.raw WHERE h.item = $1 ORDER BY h.created DESC LIMIT 1`, key)
	switch {
	case errors.Is(err, store.ErrNotFound):
		main.Items = append(main.Items, procedure.Item{Label: "数据", Value: "尚无入池的版本"})
	case err != nil:
		return nil, err
	default:
		out.Cases = append(out.Cases, d.CaseNo)
		main.Items = append(main.Items, procedure.Item{Label: "数据集", Value: procedure.Link{Text: d.ID, To: "register/datasets/" + d.ID}}, procedure.Item{Label: "现行版本", Value: d.N},
			procedure.Item{Label: "行数", Value: d.Rows}, procedure.Item{Label: "隔离行数", Value: d.Quarantined}, procedure.Item{Label: "数据质量分", Value: fmt.Sprintf("%d.%02d", d.Score/100, d.Score%100)},
			procedure.Item{Label: "数据到达", Value: minuteOf(d.Received)}, procedure.Item{Label: "验收入池", Value: minuteOf(d.Decided)})
	}
	out.Sections = append(out.Sections, main)
	grants := procedure.Section{Kind: "table", Title: "使用许可", Clause: "6.3.2", Columns: []procedure.Column{{Key: "id", Label: "使用许可", Kind: "code", Primary: true}, {Key: "org", Label: "使用单位", Kind: "text"},
		{Key: "purpose", Label: "用途", Kind: "text"}, {Key: "fields", Label: "信息项", Kind: "text"}, {Key: "from", Label: "起", Kind: "datetime"}, {Key: "to", Label: "止", Kind: "datetime"}, {Key: "state", Label: "状态", Kind: "tag"}}}
	var rows []struct {
		ID, Org, Purpose, Fields, State string
		ValidFrom, ValidTo              store.Time
	}
	if err := r.Select(&rows, `SELECT g.id, COALESCE(o.name, '') AS org, g.purpose, g.fields, g.state, g.valid_from, g.valid_to FROM permit_grant g LEFT JOIN org o ON o.id = g.org
		WHERE g.item = $1 ORDER BY g.created DESC, g.id LIMIT 200`, key); err != nil {
		return nil, err
	}
	for _, g := range rows {
		var names []string
		if err := json.Unmarshal([]byte(g.Fields), &names); err != nil {
			return nil, fmt.Errorf("read the fields of %s: %w", g.ID, err)
		}
		grants.Rows = append(grants.Rows, map[string]any{"id": g.ID, "org": g.Org, "purpose": g.Purpose, "fields": strings.Join(names, "、"), "from": g.ValidFrom, "to": g.ValidTo,
			"state": map[string]string{"active": "有效", "revoked": "已收回"}[g.State]})
	}
	if len(grants.Rows) == 0 {
		grants.Note = "尚无使用许可。"
	}
	uses, err := fielduse.Section(r, key)
	if err != nil {
		return nil, err
	}
	out.Sections = append(out.Sections, grants)
	if len(uses.Rows) > 0 {
		out.Sections = append(out.Sections, uses)
	}
	return out, nil
}

func minuteOf(t store.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(calendar.Shanghai).Format("2006-01-02 15:04")
}
