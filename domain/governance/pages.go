package governance

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"pado/core/job"
	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/domain/governance/ingest"
	"pado/plan"
)

const group = "目录与供给"

// inside are the roles that may see connections and datasets; a source sees its own.
var inside = []procedure.Role{"authority", "source", "operator"}

// Registers are 数据接入 and 数据集与版本.
func Registers() []*register.Register {
	return []*register.Register{
		{ID: "hookups", Title: "数据接入", Group: group, Plan: plan.C("6.2.2"), Roles: inside,
			Columns: []procedure.Column{{Key: "id", Label: "接入编号", Kind: "code"}, {Key: "item", Label: "目录项", Kind: "text", Primary: true}, {Key: "source", Label: "数源部门", Kind: "text"},
				{Key: "kind", Label: "方式", Kind: "tag"}, {Key: "delivered", Label: "最近报送", Kind: "datetime"}, {Key: "files", Label: "报送次数", Kind: "int"}, {Key: "state", Label: "状态", Kind: "tag"}},
			Filters: []register.Filter{{Key: "state", Label: "状态", Expr: "h.state", Options: []procedure.Option{{Value: "connected", Label: "已接入"}, {Value: "stopped", Label: "已停止"}}}},
			From:    "hookup h LEFT JOIN catalogue_item i ON i.id = h.item LEFT JOIN org o ON o.id = h.source_org", Key: "h.id",
			Cells: map[string]string{"id": "h.id", "item": "i.title", "source": "o.name", "kind": register.LabelCase("h.kind", Kinds), "delivered": "(SELECT MAX(f.received) FROM raw_file f WHERE f.hookup = h.id)",
				"files": "(SELECT COUNT(*) FROM raw_file f WHERE f.hookup = h.id)", "state": "CASE h.state WHEN 'connected' THEN '已接入' ELSE '已停止' END"},
			Search: []string{"h.id", "i.title", "o.name"}, Order: "-h.created", Visible: own("h.source_org", "h.operator_org", "h.division"), Item: hookupPage},
		{ID: "datasets", Title: "数据集与版本", Group: group, Plan: plan.C("6.2.2"), Roles: inside,
			Columns: []procedure.Column{{Key: "id", Label: "数据集编号", Kind: "code"}, {Key: "title", Label: "数据集", Kind: "text", Primary: true}, {Key: "source", Label: "数源部门", Kind: "text"},
				{Key: "unit", Label: "保护单元", Kind: "tag"}, {Key: "versions", Label: "版本数", Kind: "int"}, {Key: "rows", Label: "现行版本行数", Kind: "int"},
				{Key: "score", Label: "质量分", Kind: "percent"}, {Key: "accepted", Label: "现行版本入池时间", Kind: "datetime"}},
			Filters: []register.Filter{{Key: "unit", Label: "保护单元", Expr: "d.unit_domain", Options: UnitDomains}},
			From:    "dataset d LEFT JOIN org o ON o.id = d.source_org LEFT JOIN dataset_version v ON v.id = d.current_version", Key: "d.id",
			Cells: map[string]string{"id": "d.id", "title": "d.title", "source": "o.name", "unit": unitCell(), "versions": "(SELECT COUNT(*) FROM dataset_version x WHERE x.dataset = d.id)",
				"rows": "v.rows", "score": "v.score", "accepted": "v.decided"},
			Search: []string{"d.id", "d.title", "o.name"}, Order: "-d.created", Item: datasetPage,
			Visible: own("d.source_org", "(SELECT MAX(h.operator_org) FROM hookup h WHERE h.dataset = d.id)", "d.division")},
		accessRegister(), destructionRegister(),
	}
}

func unitCell() string {
	s := "CASE d.unit_domain"
	for _, o := range UnitDomains {
		s += " WHEN '" + o.Value + "' THEN '" + o.Label + "'"
	}
	return s + " ELSE '' END"
}

// own narrows rows to a source's and an operator's own, and for a data authority to its division.
func own(source, operator, division string) func(procedure.Actor, func(any) string) string {
	return func(a procedure.Actor, arg func(any) string) string {
		cond := "1 = 0"
		for _, d := range a.Desks {
			switch d.Role {
			case "authority":
				cond += " OR " + register.Within(division, d.Division, arg)
			case "source":
				cond += " OR " + source + " = " + arg(d.Org)
			case "operator":
				cond += " OR " + operator + " = " + arg(d.Org)
			}
		}
		return cond
	}
}

// mayRead is the same for one record.
func mayRead(a procedure.Actor, source, operator, division string) bool {
	for _, d := range a.Desks {
		if d.Role == "authority" && register.Covers(d.Division, division) || d.Role == "source" && d.Org == source || d.Role == "operator" && d.Org == operator {
			return true
		}
	}
	return false
}

func hookupPage(r *store.ReadTx, a procedure.Actor, key string) (*register.Item, error) {
	h, err := HookupByID(r, key)
	if err != nil {
		return nil, err
	}
	if !mayRead(a, h.SourceOrg, h.OperatorOrg, h.Division) {
		return nil, store.ErrNotFound
	}
	var names struct{ Title, Source, Operator string }
	if err := r.Get(&names, `SELECT COALESCE(i.title, '') AS title, COALESCE(s.name, '') AS source, COALESCE(o.name, '') AS operator FROM hookup h LEFT JOIN catalogue_item i ON i.id = h.item
		LEFT JOIN org s ON s.id = h.source_org LEFT JOIN org o ON o.id = h.operator_org WHERE h.id = $1`, key); err != nil {
		return nil, err
	}
	main := procedure.Section{Kind: "keyvalues", Title: "接入", Clause: "6.2.2", Items: []procedure.Item{{Label: "目录项", Value: names.Title}, {Label: "数源部门", Value: names.Source},
		{Label: "运营机构", Value: names.Operator}, {Label: "方式", Value: procedure.LabelOf(Kinds, h.Kind)}, {Label: "数据集", Value: h.Dataset}, {Label: "治理流水线摘要", Value: h.PipelineDigest}}}
	deliveries, err := Deliveries(r, h.ID)
	if err != nil {
		return nil, err
	}
	return &register.Item{Title: names.Title, Subtitle: h.ID, Sections: []procedure.Section{main, deliveries}, Cases: []string{h.CaseNo}}, nil
}

// Deliveries shows what was delivered over a hookup and what became of it. Times and counts
// only: the files themselves cannot be opened from anywhere.
func Deliveries(r *store.ReadTx, hookup string) (procedure.Section, error) {
	s := procedure.Section{Kind: "table", Title: "报送记录", Clause: "7.2", Note: "原始文件加密存放在原始数据区，只供治理作业读取，不能下载。",
		Columns: []procedure.Column{{Key: "received", Label: "报送时间", Kind: "datetime"}, {Key: "name", Label: "文件", Kind: "text", Primary: true},
			{Key: "size", Label: "字节数", Kind: "int"}, {Key: "sha256", Label: "摘要", Kind: "code"}, {Key: "state", Label: "状态", Kind: "tag"}, {Key: "outcome", Label: "说明", Kind: "text"}}}
	var rows []Raw
	if err := r.Select(&rows, `SELECT `+rawColumns+` FROM raw_file WHERE hookup = $1 ORDER BY received DESC, id DESC LIMIT 100`, hookup); err != nil {
		return s, err
	}
	for _, f := range rows {
		state := map[string]string{"received": "待治理", "ingested": "已治理", "failed": "治理未成", "destroyed": "已销毁"}[f.State]
		if f.State == "received" {
			jobs, err := job.List(r, job.Query{Case: f.CaseNo, Kind: KindIngest, Open: true, Limit: 1})
			if err != nil {
				return s, err
			}
			if len(jobs) > 0 && jobs[0].State == job.Running {
				state = "治理中"
				f.Outcome = jobs[0].Step
				if jobs[0].Total > 0 {
					f.Outcome += fmt.Sprintf("（%d%%）", jobs[0].Done*100/jobs[0].Total)
				}
			}
		}
		s.Rows = append(s.Rows, map[string]any{"received": f.Received, "name": f.Name, "size": f.Size, "sha256": f.SHA256, "state": state, "outcome": f.Outcome})
	}
	return s, nil
}

// StateLabel is the Chinese name of a version's state.
func StateLabel(state string) string {
	return map[string]string{"made": "待验收", "accepted": "已入池", "rejected": "未验收", "withdrawn": "已撤出"}[state]
}

// Sections show a version: what it is, its schema, its quality by dimension and rule, where it
// comes from. They hold counts; nothing of a row.
func Sections(v Version) ([]procedure.Section, error) {
	q, err := v.Report()
	if err != nil {
		return nil, err
	}
	var schema []ingest.Column
	var lineage struct {
		Raw    string         `json:"raw"`
		Source ingest.Lineage `json:"source"`
	}
	if err := json.Unmarshal([]byte(v.Schema), &schema); err != nil {
		return nil, fmt.Errorf("read the schema of %s: %w", v.ID, err)
	}
	if err := json.Unmarshal([]byte(v.Lineage), &lineage); err != nil {
		return nil, fmt.Errorf("read the lineage of %s: %w", v.ID, err)
	}
	name := fmt.Sprintf("第%d版", v.N)
	main := procedure.Section{Kind: "keyvalues", Title: name, Clause: "6.2.2", Items: []procedure.Item{{Label: "版本标识", Value: v.ID}, {Label: "状态", Value: StateLabel(v.State)},
		{Label: "行数", Value: v.Rows}, {Label: "隔离行数", Value: v.Quarantined}, {Label: "质量分", Value: percent(v.Score)}, {Label: "数据文件摘要（SHA-256）", Value: v.FileDigest}}}
	columns := procedure.Section{Kind: "table", Title: name + "字段", Clause: "6.2.2", Columns: []procedure.Column{{Key: "name", Label: "字段", Kind: "code", Primary: true},
		{Key: "title", Label: "名称", Kind: "text"}, {Key: "type", Label: "类型", Kind: "tag"}, {Key: "label", Label: "使用标签", Kind: "tag"}}}
	for _, c := range schema {
		columns.Rows = append(columns.Rows, map[string]any{"name": c.Name, "title": c.Title, "type": c.Type, "label": usage[c.Label]})
	}
	dims := procedure.Section{Kind: "table", Title: name + "质量：六个维度", Clause: "6.2.2", Note: "依据" + q.Standard + "；质量分为各已评维度通过率的平均数。",
		Columns: []procedure.Column{{Key: "dimension", Label: "维度", Kind: "text", Primary: true}, {Key: "passed", Label: "通过", Kind: "int"}, {Key: "total", Label: "检查", Kind: "int"}, {Key: "percent", Label: "通过率", Kind: "text"}}}
	rules := procedure.Section{Kind: "table", Title: name + "质量：规则", Clause: "6.2.2", Columns: []procedure.Column{{Key: "dimension", Label: "维度", Kind: "tag"}, {Key: "rule", Label: "规则", Kind: "text", Primary: true},
		{Key: "column", Label: "字段", Kind: "code"}, {Key: "failed", Label: "未通过", Kind: "int"}, {Key: "total", Label: "检查", Kind: "int"}, {Key: "percent", Label: "通过率", Kind: "text"}}}
	for _, d := range q.Dimensions {
		rate := "未评"
		if d.Percent != "" {
			rate = d.Percent + "%"
		}
		dims.Rows = append(dims.Rows, map[string]any{"dimension": d.Title, "passed": d.Numerator, "total": d.Denominator, "percent": rate})
		for _, x := range d.Rules {
			rules.Rows = append(rules.Rows, map[string]any{"dimension": d.Title, "rule": x.Label, "column": x.Column, "failed": x.Denominator - x.Numerator, "total": x.Denominator, "percent": x.Percent + "%"})
		}
	}
	from := procedure.Section{Kind: "keyvalues", Title: name + "血缘", Clause: "6.2.2", Items: []procedure.Item{{Label: "原始文件", Value: lineage.Raw},
		{Label: "原始文件摘要（SHA-256）", Value: lineage.Source.SourceSHA256}, {Label: "流水线", Value: strings.TrimSpace(fmt.Sprintf("%s 第%d版", lineage.Source.Pipeline, lineage.Source.PipelineNo))},
		{Label: "流水线摘要", Value: lineage.Source.PipelineDigest}, {Label: "治理引擎", Value: lineage.Source.Engine}}}
	return []procedure.Section{main, columns, dims, rules, from}, nil
}

var usage = map[string]string{"forbidden": "禁用", "unit": "保护单元", "join_only": "仅连接", "dim": "维度", "sensitive_dim": "敏感维度", "measure": "度量", "public": "公开"}

func percent(bp int) string { return fmt.Sprintf("%d.%02d%%", bp/100, bp%100) }

// Choices are the lists that forms pick from: "datasets" are those
// with a current version.
func Choices() map[string]func(*store.ReadTx, procedure.Actor, string) ([]procedure.Option, error) {
	return map[string]func(*store.ReadTx, procedure.Actor, string) ([]procedure.Option, error){
		"raw_files": func(r *store.ReadTx, a procedure.Actor, q string) (out []procedure.Option, err error) {
			for _, d := range a.Desks {
				if d.Role != "operator" {
					continue
				}
				part, err := Destroyable(r, d.Org, q)
				if err != nil {
					return nil, err
				}
				out = append(out, part...)
			}
			return out, nil
		},
		"datasets": func(r *store.ReadTx, a procedure.Actor, q string) ([]procedure.Option, error) {
			var rows []struct{ ID, Title, SourceOrg string }
			like := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(q) + "%"
			if err := r.Select(&rows, `SELECT id, title, source_org FROM dataset WHERE current_version <> '' AND (title LIKE $1 ESCAPE '\' OR id LIKE $2 ESCAPE '\') ORDER BY title, id LIMIT 50`, like, like); err != nil {
				return nil, err
			}
			var out []procedure.Option
			for _, d := range rows {
				out = append(out, procedure.Option{Value: d.ID, Label: d.Title + " " + d.ID})
			}
			return out, nil
		},
	}
}

// Prove answers for the number on a receipt of connection: that it is genuine and what it is
// now, nothing of the data. store.ErrNotFound for any other number.
func Prove(r *store.ReadTx, no string) (*procedure.Proof, error) {
	h, err := HookupByID(r, no)
	if err != nil {
		return nil, err
	}
	p := &procedure.Proof{No: no, Kind: "数据接入回执", Title: "数据接入", State: "已接入", At: h.Created, Digest: h.PipelineDigest, Seq: -1}
	if h.State == "stopped" {
		p.State = "已停止"
	}
	err = r.Get(&p.Seq, `SELECT seq FROM audit_leaf WHERE object = $1 AND result = 'done' ORDER BY seq LIMIT 1`, h.ID)
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return p, err
}
