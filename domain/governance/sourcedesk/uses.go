package sourcedesk

import (
	"encoding/json"
	"fmt"
	"strings"

	"pado/core/procedure"
	"pado/core/store"
)

// asked lists what waits for the source: alarms, correction tickets, requests.
func (q reader) asked(d *Desk) error {
	s := procedure.Section{Kind: "table", Title: "整改、异常和供给需求", Clause: "11.2", Columns: []procedure.Column{{Key: "title", Label: "内容", Kind: "text", Primary: true}, {Key: "kind", Label: "类别", Kind: "tag"},
		{Key: "raised", Label: "提出时间", Kind: "datetime"}, {Key: "due", Label: "期限", Kind: "date"}, {Key: "state", Label: "状态", Kind: "text"}}}
	var rows []struct {
		Kind, Title, CaseNo string
		Raised, DueAt       store.Time
	}
	if err := q.Select(&rows, `SELECT x.kind, x.title, x.case_no, x.raised, c.due_at FROM (
		SELECT '质量整改单' AS kind, t.title AS title, t.case_no AS case_no, t.raised AS raised FROM quality_ticket t WHERE t.source_org = $1 AND t.state = 'open'
		UNION ALL SELECT '供给异常', a.said, a.case_no, a.raised FROM supply_alarm a WHERE a.source_org = $2 AND a.state = 'open'
		UNION ALL SELECT '供给需求', r.title, r.case_no, r.submitted FROM supply_request r WHERE r.source_org = $3 AND r.state = 'open') x
		LEFT JOIN case_file c ON c.no = x.case_no ORDER BY CASE WHEN c.due_at IS NULL THEN 1 ELSE 0 END, c.due_at, x.raised LIMIT 50`, q.org, q.org, q.org); err != nil {
		return err
	}
	for _, x := range rows {
		row := map[string]any{"title": x.Title, "kind": x.Kind, "raised": x.Raised, "due": lastDay(x.DueAt), "state": map[string]any{"text": "办理中"}}
		if x.CaseNo != "" {
			row["title"] = link(x.Title, "/cases/"+x.CaseNo)
		}
		if !x.DueAt.IsZero() && x.DueAt.Before(q.now.Time) {
			row["state"] = map[string]any{"text": "已逾期", "tone": "bad"}
		}
		s.Rows = append(s.Rows, row)
	}
	d.Sections = append(d.Sections, s)
	return nil
}

// granted lists who may use what of this source's, for which purpose, until when (clause 10.1.1).
func (q reader) granted(d *Desk) error {
	s := procedure.Section{Kind: "table", Title: "谁获准使用我的数据", Clause: "10.1.1", Columns: []procedure.Column{{Key: "org", Label: "使用单位", Kind: "text", Primary: true}, {Key: "item", Label: "目录项", Kind: "text"},
		{Key: "fields", Label: "信息项", Kind: "text"}, {Key: "purpose", Label: "用途", Kind: "text"}, {Key: "until", Label: "有效期至", Kind: "date"}, {Key: "state", Label: "状态", Kind: "text"}}}
	var rows []struct {
		Org, Item, Title, Fields, Purpose, State string
		ValidTo                                  store.Time
	}
	if err := q.Select(&rows, `SELECT COALESCE(o.name, g.org) AS org, g.item, i.title, g.fields, g.purpose, g.state, g.valid_to FROM permit_grant g JOIN catalogue_item i ON i.id = g.item LEFT JOIN org o ON o.id = g.org
		WHERE i.source_org = $1 ORDER BY g.created DESC, g.id LIMIT 50`, q.org); err != nil {
		return err
	}
	labels, err := q.labels()
	if err != nil {
		return err
	}
	for _, x := range rows {
		var fields []string
		if err := json.Unmarshal([]byte(x.Fields), &fields); err != nil {
			return fmt.Errorf("read the fields of a grant on %s: %w", x.Item, err)
		}
		for i, f := range fields {
			if l := labels[x.Item+"\x00"+f]; l != "" {
				fields[i] = l
			}
		}
		state := map[string]any{"text": "有效", "tone": "ok"}
		switch {
		case x.State == "revoked":
			state = map[string]any{"text": "已收回", "tone": "muted"}
		case x.ValidTo.Before(q.now.Time):
			state = map[string]any{"text": "已到期", "tone": "muted"}
		}
		s.Rows = append(s.Rows, map[string]any{"org": x.Org, "item": link(x.Title, "/registers/catalogue/"+x.Item), "fields": strings.Join(fields, "、"), "purpose": x.Purpose, "until": x.ValidTo, "state": state})
	}
	d.Sections = append(d.Sections, s)
	return nil
}

func (q reader) labels() (map[string]string, error) {
	var rows []struct{ Item, Name, Label string }
	if err := q.Select(&rows, `SELECT f.item, f.name, f.label FROM catalogue_field f JOIN catalogue_item i ON i.id = f.item WHERE i.source_org = $1`, q.org); err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, x := range rows {
		out[x.Item+"\x00"+x.Name] = x.Label
	}
	return out, nil
}

// used counts who used which field how often; the single uses are in the register.
func (q reader) used(d *Desk) error {
	s := procedure.Section{Kind: "table", Title: "谁用过我的数据", Clause: "10.1.1", Note: "按单位、信息项汇总；逐次使用见台账“数据使用登记”。", Columns: []procedure.Column{{Key: "org", Label: "使用单位", Kind: "text", Primary: true}, {Key: "item", Label: "目录项", Kind: "text"},
		{Key: "field", Label: "信息项", Kind: "text"}, {Key: "questions", Label: "沙箱提问", Kind: "int"}, {Key: "products", Label: "用于产品", Kind: "int"}, {Key: "calls", Label: "产品调用", Kind: "int"}, {Key: "last", Label: "最近一次", Kind: "datetime"}}}
	var rows []struct {
		Org, Item, Title, Field    string
		Questions, Products, Calls int64
		Last                       store.Time
	}
	if err := q.Select(&rows, `SELECT COALESCE(MAX(o.name), '') AS org, u.item, MAX(i.title) AS title, CASE WHEN u.field = '*' THEN '（记录数）' ELSE COALESCE(MAX(f.label), u.field) END AS field,
		SUM(CASE WHEN u.kind = 'question' THEN u.times ELSE 0 END) AS questions, SUM(CASE WHEN u.kind = 'product' THEN 1 ELSE 0 END) AS products,
		SUM(CASE WHEN u.kind = 'call' THEN u.times ELSE 0 END) AS calls, MAX(u.at) AS last
		FROM field_use u JOIN catalogue_item i ON i.id = u.item LEFT JOIN catalogue_field f ON f.item = u.item AND f.name = u.field LEFT JOIN org o ON o.id = u.org
		WHERE u.source_org = $1 GROUP BY u.org, u.item, u.field ORDER BY MAX(u.at) DESC, u.item, u.field LIMIT 50`, q.org); err != nil {
		return err
	}
	for _, x := range rows {
		s.Rows = append(s.Rows, map[string]any{"org": x.Org, "item": link(x.Title, "/registers/catalogue/"+x.Item), "field": x.Field, "questions": x.Questions, "products": x.Products, "calls": x.Calls, "last": x.Last})
	}
	d.Sections = append(d.Sections, s)
	return nil
}
