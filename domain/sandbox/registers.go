package sandbox

import (
	"fmt"
	"strings"

	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/plan"
)

const group = "开发利用"

// Roles that may open the lists of the sandbox.
var readers = []procedure.Role{"developer", "operator", "authority", "source", "auditor", "audit_admin"}

var projectStates = []procedure.Option{{Value: Open, Label: "使用中"}, {Value: Frozen, Label: "已冻结"}, {Value: Closed, Label: "已关闭"}}

var questionStates = []procedure.Option{{Value: "answered", Label: "已答复"}, {Value: "suppressed", Label: "全部不予显示"}, {Value: "refused", Label: "已拒绝"},
	{Value: "failed", Label: "未完成"}, {Value: "intent", Label: "运行中"}}

// Registers are 项目, 提问与预算 and 成果出域.
func Registers() []*register.Register {
	return []*register.Register{
		{ID: "projects", Title: "沙箱项目", Group: group, Plan: plan.C("6.3.3"), Roles: readers,
			Columns: []procedure.Column{{Key: "no", Label: "项目编号", Kind: "code"}, {Key: "title", Label: "项目", Kind: "text", Primary: true}, {Key: "org", Label: "开发主体", Kind: "text"},
				{Key: "purpose", Label: "用途", Kind: "text"}, {Key: "from", Label: "起", Kind: "datetime"}, {Key: "to", Label: "止", Kind: "datetime"},
				{Key: "questions", Label: "提问数", Kind: "int"}, {Key: "state", Label: "状态", Kind: "tag"}},
			Filters: []register.Filter{{Key: "state", Label: "状态", Expr: "p.state", Options: projectStates}},
			From:    "project p LEFT JOIN org o ON o.id = p.org", Key: "p.no",
			Cells: map[string]string{"no": "p.no", "title": "p.title", "org": "o.name", "purpose": "p.purpose", "from": "p.valid_from", "to": "p.valid_to",
				"questions": "(SELECT COUNT(*) FROM question q WHERE q.project = p.no)", "state": register.LabelCase("p.state", projectStates)},
			Search: []string{"p.no", "p.title", "o.name"}, Order: "-p.created", Visible: visible, Item: projectPage},
		{ID: "questions", Title: "提问与预算", Group: group, Plan: plan.C("6.3.3"), Roles: readers,
			Columns: []procedure.Column{{Key: "at", Label: "时间", Kind: "datetime"}, {Key: "project", Label: "项目", Kind: "code"}, {Key: "n", Label: "序号", Kind: "int"}, {Key: "person", Label: "提问人", Kind: "text"},
				{Key: "sql", Label: "提问", Kind: "text", Primary: true}, {Key: "state", Label: "结果", Kind: "tag"}, {Key: "rho", Label: "隐私预算（十亿分之一）", Kind: "int"}, {Key: "code", Label: "代码", Kind: "code"},
				{Key: "release", Label: "留痕序号", Kind: "int"}},
			Filters: []register.Filter{{Key: "state", Label: "结果", Expr: "q.state", Options: questionStates}},
			From:    "question q JOIN project p ON p.no = q.project", Key: "q.id",
			Cells: map[string]string{"at": "q.at", "project": "q.project", "n": "q.n", "person": "q.person_name", "sql": "q.sql_text", "state": register.LabelCase("q.state", questionStates),
				"rho": "q.rho", "code": "q.code", "release": "q.intent_seq"},
			Search: []string{"q.project", "q.sql_text"}, Order: "-q.at", Visible: visible},
		{ID: "outputs", Title: "成果出域", Group: group, Plan: plan.C("6.3.3"), Roles: readers,
			Columns: []procedure.Column{{Key: "title", Label: "成果", Kind: "text", Primary: true}, {Key: "org", Label: "单位", Kind: "text"}, {Key: "project", Label: "项目", Kind: "code"},
				{Key: "digest", Label: "摘要值", Kind: "code"}, {Key: "rows", Label: "行数", Kind: "int"}, {Key: "doc_no", Label: "文号", Kind: "code"}, {Key: "released", Label: "出域时间", Kind: "datetime"}},
			From: "output_release x JOIN release_artefact a ON a.digest = x.digest JOIN project p ON p.no = x.project LEFT JOIN org o ON o.id = x.org", Key: "x.case_no",
			Cells:  map[string]string{"title": "x.title", "org": "o.name", "project": "x.project", "digest": "x.digest", "rows": "a.row_count", "doc_no": "x.doc_no", "released": "x.released"},
			Search: []string{"x.title", "x.digest", "x.project"}, Order: "-x.released", Visible: visible, Item: artefactPage},
	}
}

// visible: the developer sees its own projects, the operator its own, a source those that use its
// items, supervising bodies those of their scope. p is the project in every list.
func visible(a procedure.Actor, arg func(any) string) string {
	or := []string{"1 = 0"}
	for _, d := range a.Desks {
		switch d.Role {
		case "developer":
			or = append(or, "p.org = "+arg(d.Org))
		case "operator":
			or = append(or, "p.operator_org = "+arg(d.Org))
		case "source":
			or = append(or, "EXISTS (SELECT 1 FROM permit_grant g JOIN catalogue_item c ON c.id = g.item WHERE g.id = p.grant_id AND c.source_org = "+arg(d.Org)+")")
		case "authority", "auditor", "audit_admin":
			or = append(or, register.Within("p.division", d.Division, arg))
		}
	}
	return strings.Join(or, " OR ")
}

// Sees tells whether the actor may read a project's page: the same rule as the list.
func Sees(r *store.ReadTx, a procedure.Actor, no string) (bool, error) {
	var args []any
	arg := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	cond := visible(a, arg)
	return r.Exists("SELECT 1 FROM project p WHERE p.no = "+arg(no)+" AND ("+cond+")", args...)
}

func projectPage(r *store.ReadTx, a procedure.Actor, key string) (*register.Item, error) {
	if ok, err := Sees(r, a, key); err != nil || !ok {
		if err == nil {
			err = store.ErrNotFound
		}
		return nil, err
	}
	p, err := ByNo(r, key)
	if err != nil {
		return nil, err
	}
	budget, err := BudgetSection(r, key)
	if err != nil {
		return nil, err
	}
	tables, err := Tables(r, key)
	if err != nil {
		return nil, err
	}
	ts := procedure.Section{Kind: "table", Title: "可用数据表", Clause: "6.3.2", Columns: []procedure.Column{{Key: "name", Label: "表", Kind: "code", Primary: true},
		{Key: "title", Label: "数据集", Kind: "text"}, {Key: "fields", Label: "信息项", Kind: "text"}, {Key: "version", Label: "数据版本", Kind: "code"}}}
	for _, t := range tables {
		fields, err := t.fields()
		if err != nil {
			return nil, err
		}
		ts.Rows = append(ts.Rows, map[string]any{"name": t.Name, "title": t.Title, "fields": strings.Join(fields, "、"), "version": t.Version})
	}
	head := procedure.Section{Kind: "keyvalues", Title: "项目", Clause: "6.3.2", Items: []procedure.Item{{Label: "项目编号", Value: p.No}, {Label: "使用许可", Value: p.GrantID},
		{Label: "用途", Value: p.Purpose, Clause: "11.3"}, {Label: "状态", Value: procedure.LabelOf(projectStates, p.State)}}}
	if p.State == Frozen {
		head.Items = append(head.Items, procedure.Item{Label: "冻结原因", Value: p.FrozenReason, Clause: "10.7.3"})
	}
	out := &register.Item{Title: p.Title, Subtitle: procedure.LabelOf(projectStates, p.State), Cases: []string{p.CaseNo}, Sections: []procedure.Section{head, budget, ts}}
	out.Starts = append(out.Starts, register.Start{Procedure: "p06_3b_freeze", Title: "冻结项目", Prefill: map[string]any{"project": p.No}},
		register.Start{Procedure: "p06_3b_freeze_source", Title: "冻结项目", Prefill: map[string]any{"project": p.No}})
	return out, nil
}

// Rho writes an amount of ρ kept in 10⁻⁹ exactly, without the zeros behind it: 1500000000 → "1.5".
func Rho(nano int64) string {
	s := fmt.Sprintf("%d.%09d", nano/1e9, nano%1e9)
	return strings.TrimRight(strings.TrimRight(s, "0"), ".")
}

// BudgetSection shows what a project has and has left of every budget.
func BudgetSection(r *store.ReadTx, project string) (procedure.Section, error) {
	s := procedure.Section{Kind: "table", Title: "隐私预算", Clause: "6.3.3", Note: "δ 以十的负十五次方计；先扣后跑，不退还。",
		Columns: []procedure.Column{{Key: "lineage", Label: "数据谱系", Kind: "code", Primary: true}, {Key: "rho", Label: "额度 ρ", Kind: "text"}, {Key: "spent", Label: "已用 ρ", Kind: "text"},
			{Key: "left", Label: "剩余 ρ", Kind: "text"}, {Key: "delta", Label: "剩余 δ", Kind: "int"}}}
	list, err := Slices(r, project)
	if err != nil {
		return s, err
	}
	for _, b := range list {
		s.Rows = append(s.Rows, map[string]any{"lineage": b.Lineage, "rho": Rho(b.Rho), "spent": Rho(b.RhoSpent), "left": Rho(b.Rho - b.RhoSpent), "delta": b.Delta - b.DeltaSpent})
	}
	return s, nil
}

func artefactPage(r *store.ReadTx, a procedure.Actor, key string) (*register.Item, error) {
	art, err := ReleasedBy(r, key)
	if err != nil {
		return nil, err
	}
	if ok, err := Sees(r, a, art.Project); err != nil || !ok {
		if err == nil {
			err = store.ErrNotFound
		}
		return nil, err
	}
	cols, err := art.ReadColumns()
	if err != nil {
		return nil, err
	}
	cs := procedure.Section{Kind: "table", Title: "列", Clause: "6.3.3", Columns: []procedure.Column{{Key: "name", Label: "名称", Kind: "code", Primary: true},
		{Key: "title", Label: "含义", Kind: "text"}, {Key: "type", Label: "类型", Kind: "tag"}}}
	for _, c := range cols {
		cs.Rows = append(cs.Rows, map[string]any{"name": c.Name, "title": c.Title, "type": c.Type})
	}
	return &register.Item{Title: art.Title, Subtitle: art.DocNo, Cases: []string{art.CaseNo}, Sections: []procedure.Section{
		{Kind: "keyvalues", Title: "成果", Clause: "6.3.3", Items: []procedure.Item{{Label: "摘要值", Value: art.Digest}, {Label: "项目", Value: art.Project},
			{Label: "行数", Value: art.RowCount}, {Label: "字节数", Value: art.Bytes}}}, cs},
		Starts: []register.Start{{Procedure: "p06_3d_registration", Title: "登记数据产品", Prefill: map[string]any{"artefact": art.Digest}}}}, nil
}

// Choices are "projects" (of the actor's organisations), "answers" (its answered questions) and
// "artefacts" (its released outputs).
func Choices() map[string]func(*store.ReadTx, procedure.Actor, string) ([]procedure.Option, error) {
	return map[string]func(*store.ReadTx, procedure.Actor, string) ([]procedure.Option, error){
		"projects": choose(`SELECT p.no AS value, p.title AS label FROM project p WHERE p.title LIKE $1 AND (`, `) ORDER BY p.created DESC LIMIT 50`),
		"answers":  choose(`SELECT q.id AS value, q.sql_text AS label FROM question q JOIN project p ON p.no = q.project WHERE q.state = 'answered' AND q.sql_text LIKE $1 AND (`, `) ORDER BY q.at DESC LIMIT 50`),
		"artefacts": choose(`SELECT x.digest AS value, x.title AS label FROM output_release x JOIN release_artefact a ON a.digest = x.digest JOIN project p ON p.no = x.project
			WHERE a.state = 'released' AND x.title LIKE $1 AND (`, `) ORDER BY x.released DESC LIMIT 50`),
	}
}

func choose(head, tail string) func(*store.ReadTx, procedure.Actor, string) ([]procedure.Option, error) {
	return func(r *store.ReadTx, a procedure.Actor, q string) ([]procedure.Option, error) {
		args := []any{"%" + q + "%"}
		arg := func(v any) string {
			args = append(args, v)
			return fmt.Sprintf("$%d", len(args))
		}
		var out []procedure.Option
		return out, r.Select(&out, head+visible(a, arg)+tail, args...)
	}
}
