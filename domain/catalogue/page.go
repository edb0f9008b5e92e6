package catalogue

import (
	"encoding/json"
	"fmt"

	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
)

// shownVersions is how many of the newest versions a page shows the differences of.
const shownVersions = 10

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
	if it.OriginCode != "" && source == "" {
		main.Items = append(main.Items, procedure.Item{Label: "来源", Value: "省级目录导入"})
	}
	sections := []procedure.Section{main}
	if s, err := freshness(r, it); err != nil || len(s.Items) > 0 {
		if err != nil {
			return nil, err
		}
		sections = append(sections, s)
	}
	notes, answers, err := answered(r, it, len(a.Desks) > 0)
	if err != nil {
		return nil, err
	}
	sections = append(sections, documented(it.Fields, notes))
	if len(answers.Rows) > 0 {
		sections = append(sections, answers)
	}
	sections = append(sections, it.Quality().QualitySection())
	var differences []procedure.Section
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
		if v.Version > 1 && i < shownVersions {
			differences = append(differences, DifferenceSection(fmt.Sprintf("第%d版与第%d版的差异", v.Version, v.Version-1), changes))
		}
	}
	out.Sections = append(append(sections, versions), differences...)
	if own && it.State == StatePublished {
		out.Starts = []register.Start{{Procedure: "p07_2_catalogue", Title: "变更目录项", Prefill: Prefill(it, "change")},
			{Procedure: "p07_2_catalogue", Title: "撤销目录项", Prefill: map[string]any{"act": "withdraw", "item": it.ID}}}
	}
	if it.State == StatePublished {
		for _, role := range []procedure.Role{"developer", "operator"} {
			if a.Has(role) {
				out.Starts = append(out.Starts, register.Start{Procedure: "p10_1_question_" + string(role), Title: "就信息项提问", Prefill: map[string]any{"item": it.ID}})
			}
		}
	}
	return out, nil
}

// FieldsSection shows information items as a table.
func FieldsSection(fields []Field) procedure.Section { return documented(fields, nil) }

// documented shows information items with what their source said about them; notes are answers by field.
func documented(fields []Field, notes map[string]string) procedure.Section {
	s := procedure.Section{Kind: "table", Title: "信息项", Clause: "7.1", Columns: []procedure.Column{{Key: "label", Label: "名称", Kind: "text", Primary: true},
		{Key: "name", Label: "英文名", Kind: "code"}, {Key: "type", Label: "类型", Kind: "tag"}, {Key: "length", Label: "长度", Kind: "int"}, {Key: "personal", Label: "个人信息", Kind: "tag"},
		{Key: "share", Label: "共享", Kind: "tag"}, {Key: "open", Label: "开放", Kind: "tag"}, {Key: "authorise", Label: "可授权", Kind: "tag"},
		{Key: "note", Label: "释义", Kind: "text"}}}
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
		note := f.Note
		if more := notes[f.Name]; more != "" {
			if note != "" {
				note += "；"
			}
			note += more
		}
		s.Rows = append(s.Rows, map[string]any{"label": f.Label, "name": f.Name, "type": label(FieldTypes, f.Type), "length": length, "personal": personal,
			"share": yes(f.Shared), "open": yes(f.Open), "authorise": yes(f.Authorisable), "note": note})
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
