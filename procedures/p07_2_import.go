package procedures

import (
	"errors"
	"fmt"

	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/catalogue/sheet"
	"pado/domain/party"
	"pado/domain/permit"
	"pado/plan"
)

type batchForm struct {
	File   string `json:"file"`
	Extent string `json:"extent"` // part, whole
	Reason string `json:"reason"`
}

func catalogueBatches() []*procedure.Procedure {
	return []*procedure.Procedure{P07Batch(), P07Import()}
}

const templateHelp = "XLSX 或 CSV，按模板填写；模板在公开门户下载：/portal/catalogue/template.xlsx。有错误的文件会退回并标出每一格的原因"

// P07Batch is 批量编目 (clauses 7.1, 7.2b, 11.2): a source hands in many items as one table, which takes
// the same way as a single one.
func P07Batch() *procedure.Procedure {
	c := plan.C("7.2b")
	p := batch("p07_2_batch", "PL", "批量编目", sheet.BySource, party.Source, "上传目录表")
	written := procedure.Acts("submit", "again", "put")
	p.States = append(p.States, procedure.State{ID: "first_review", Label: "本单位合规性、安全性初审", Owes: party.Source, Within: "catalogue.source_review", Track: true},
		procedure.State{ID: "secrecy", Label: "保密审查", Owes: party.Source, Within: "catalogue.secrecy_review", Track: true},
		procedure.State{ID: "authority", Label: "待数据管理部门审核发布", Owes: party.Authority, Within: "catalogue.authority_review", Track: true},
		procedure.State{ID: "published", Label: "已办结", Final: true, Track: true}, procedure.State{ID: "refused", Label: "不予发布", Final: true},
		procedure.State{ID: "withdrawn", Label: "已撤回", Final: true})
	p.Steps = append(p.Steps,
		procedure.Step{Do: "put", Label: "送初审", By: party.Source, From: procedure.S("reading"), To: "first_review", Plan: c, Style: procedure.Primary,
			Require: procedure.Rules{batchRead}, Then: procedure.Effects{putBatch}},
		procedure.Step{Do: "review", Label: "初审通过", By: party.Source, From: procedure.S("first_review"), To: "secrecy", Plan: plan.C("11.2"), Apart: written, Style: procedure.Primary,
			Input: []procedure.Field{{Name: "lawful", Label: "是否依法履职或提供公共服务产生，来源合法", Kind: procedure.Bool, Required: true, Plan: plan.C("11.2")},
				{Name: "safe", Label: "分类分级是否恰当，有无国家安全、商业秘密风险未处置的情形已排除", Kind: procedure.Bool, Required: true, Plan: plan.C("11.2")},
				{Name: "minimal", Label: "个人信息项是否标注完整、确属必要", Kind: procedure.Bool, Required: true, Plan: plan.C("10.5.2")}},
			Require: procedure.Rules{catalogueReviewed}},
		procedure.Step{Do: "clear", Label: "保密审查通过", By: party.Source, From: procedure.S("secrecy"), To: "authority", Plan: plan.C("10.7.2"), Apart: written, Opinion: true, Style: procedure.Primary},
		withApart(procedure.ReturnTo("draft", party.Source, c, "first_review", "secrecy"), written),
		procedure.Step{Do: "publish", Label: "审核通过，予以发布", By: party.Authority, From: procedure.S("authority"), To: "published", Plan: c, Style: procedure.Primary, Numbered: true,
			Require: procedure.Rules{batchRead, batchAsPut}, Then: procedure.Effects{applyBatch}},
		procedure.Step{Do: "refuse", Label: "不予发布", By: party.Authority, From: procedure.S("authority"), To: "refused", Plan: c, Opinion: true, Style: procedure.Danger},
		procedure.ReturnTo("draft", party.Authority, c, "authority"),
		procedure.Withdraw("withdrawn", party.Source, c, "draft", "reading", "first_review", "secrecy", "authority"))
	p.Parties = []procedure.PartyRule{{Role: party.Authority, Find: party.TenantOrg(party.Authority)}}
	return p
}

// P07Import is 省级目录导入 (clause 7.2b): the data authority takes over a file of the provincial
// catalogue; a second person of it confirms what will change, item by item and field by field.
func P07Import() *procedure.Procedure {
	c := plan.C("7.2b")
	p := batch("p07_2_import", "DM", "省级目录导入", sheet.ByProvince, party.Authority, "上传省级目录文件")
	p.States = append(p.States, procedure.State{ID: "confirm", Label: "待第二人核对确认", Owes: party.Authority, Within: "catalogue.authority_review", Track: true},
		procedure.State{ID: "applied", Label: "已导入", Final: true, Track: true}, procedure.State{ID: "withdrawn", Label: "已撤回", Final: true})
	p.Steps = append(p.Steps,
		procedure.Step{Do: "put", Label: "提请核对", By: party.Authority, From: procedure.S("reading"), To: "confirm", Plan: c, Style: procedure.Primary,
			Require: procedure.Rules{batchRead}, Then: procedure.Effects{putBatch}},
		procedure.Step{Do: "confirm", Label: "核对无误，导入", By: party.Authority, From: procedure.S("confirm"), To: "applied", Plan: c, Apart: procedure.Acts("submit", "again", "put"), Style: procedure.Primary,
			Numbered: true, Require: procedure.Rules{batchRead, batchAsPut}, Then: procedure.Effects{applyBatch}},
		procedure.ReturnTo("draft", party.Authority, c, "confirm"),
		procedure.Withdraw("withdrawn", party.Authority, c, "draft", "reading"))
	return p
}

// batch is what both have: the file, its reading by a job, the preview of what it would change.
func batch(id, prefix, title, kind string, by procedure.Role, label string) *procedure.Procedure {
	c := plan.C("7.2b")
	open := procedure.Effects{bindFiles(c, "file"), openBatch(kind)}
	return &procedure.Procedure{ID: id, Prefix: prefix, Title: title, Group: "目录与供给", Plan: c, Start: "draft", Name: batchName(title),
		Form: procedure.FormOf[batchForm](
			procedure.Field{Name: "file", Label: label, Kind: procedure.File, Required: true, Plan: c, Help: templateHelp},
			procedure.Field{Name: "extent", Label: "文件范围", Kind: procedure.Choice, Required: true, Plan: c, Options: []procedure.Option{{Value: "part", Label: "只含新增和变更的目录项"}, {Value: "whole", Label: "全量：文件中没有的目录项予以撤销"}}},
			procedure.Field{Name: "reason", Label: "说明", Kind: procedure.LongText, Max: 1000, Required: true, Plan: c}),
		States: procedure.Phases{
			{ID: "draft", Label: "填写", Owes: by, Track: true},
			{ID: "reading", Label: "读取和核对文件", Owes: by, Track: true},
		},
		Readers: []procedure.Role{party.Authority, party.Auditor},
		Steps: []procedure.Step{
			{Do: "submit", Label: "上传并读取", By: by, From: procedure.S("draft"), To: "reading", Plan: c, Edits: true, Style: procedure.Primary, Require: procedure.Rules{filesThere(c, "file")}, Then: open},
			{Do: "again", Label: "换一个文件", By: by, From: procedure.S("reading"), To: "reading", Plan: c, Edits: true, Require: procedure.Rules{filesThere(c, "file")}, Then: open},
		},
		Views: []procedure.View{{Title: "读取结果", Plan: c, Draw: batchState}, {Title: "错误", Plan: c, Draw: batchFaults}, {Title: "将要发生的变化", Plan: c, Draw: batchPlan},
			{Title: "逐项差异", Plan: c, Draw: batchDifferences}},
	}
}

// batchName calls a case by its file.
func batchName(title string) func(*procedure.Ctx) (string, error) {
	return func(c *procedure.Ctx) (string, error) {
		f, err := procedure.Form[batchForm](c)
		if err != nil || f.File == "" {
			return "", err
		}
		var name string
		if err := c.Get(&name, `SELECT name FROM attachment WHERE id = $1`, f.File); err != nil {
			if ruleMissing(err) == procedure.ErrFails {
				return "", nil
			}
			return "", err
		}
		return title + "：" + name, nil
	}
}

func openBatch(kind string) procedure.Effect {
	return procedure.Effect{Name: "read", Say: "后台读取文件，逐格核对", Plan: plan.C("7.2b"), Run: func(c *procedure.Ctx) error {
		f, err := procedure.Form[batchForm](c)
		if err != nil {
			return err
		}
		b, err := sheet.Open(c.W, sheet.Batch{Kind: kind, CaseNo: c.Case.No, File: f.File, Org: c.Case.Org, Division: c.Case.Tenant, Person: c.Actor.Person})
		if err != nil {
			return err
		}
		return sheet.Queue(c.W, b)
	}}
}

// lastBatch is the file as it was read last; nil before there is one.
func lastBatch(c *procedure.Ctx) (*sheet.Batch, bool, error) {
	f, err := procedure.Form[batchForm](c)
	if err != nil {
		return nil, false, err
	}
	b, err := sheet.Last(c.ReadTx, c.Case.No)
	if errors.Is(err, store.ErrNotFound) {
		return nil, false, nil
	}
	return &b, f.Extent == "whole", err
}

var batchRead = procedure.Rule{Code: "batch.read", Say: "文件尚未读取完成，请稍候刷新", Plan: plan.C("7.2b"), Holds: func(c *procedure.Ctx) error {
	b, whole, err := lastBatch(c)
	switch {
	case err != nil:
		return err
	case b == nil || b.State == "reading":
		return procedure.ErrFails
	case b.State == "failed":
		return procedure.Refuse("batch.failed", plan.C("7.2b"), "文件没有读成：%s。请换一个文件", b.Message)
	}
	faults, err := b.ReadFaults()
	if err != nil {
		return err
	}
	plans, err := sheet.Plan(c.ReadTx, *b, whole)
	if err != nil {
		return err
	}
	switch n := len(faults); {
	case n > 0:
		return procedure.Refuse("batch.faults", plan.C("7.2b"), "文件中有%d处错误，请下载已标出错误的表格，改正后换文件重新上传", n)
	case len(plans.Faults) > 0:
		return procedure.Refuse("batch.faults", plan.C("7.2b"), "目录已有变动，文件中有%d处与现行目录不符，请换文件重新上传", len(plans.Faults))
	case len(plans.Planned) == plans.Count(sheet.Same):
		return procedure.Refuse("batch.nothing", plan.C("7.2b"), "文件与现行目录完全相同，没有需要办理的变化")
	}
	for _, p := range plans.Planned {
		if p.Kind != sheet.Changed {
			continue
		}
		if err := heldAsAuthorised(c, p.Item, p.Next); err != nil {
			return err
		}
	}
	return nil
}}

// batchAsPut: what is decided is what was looked at.
var batchAsPut = procedure.Rule{Code: "batch.moved", Say: "提请之后目录有了变动，预览已经不同，请退回重新核对", Plan: plan.C("7.2b"), Holds: func(c *procedure.Ctx) error {
	b, whole, err := lastBatch(c)
	if err != nil || b == nil {
		return errors.Join(err, procedure.ErrFails)
	}
	plans, err := sheet.Plan(c.ReadTx, *b, whole)
	return procedure.Hold(plans.Digest == b.Digest, err)
}}

var putBatch = procedure.Effect{Name: "put", Say: "预览随之固定：此后目录有变动的，不能按原预览办理", Plan: plan.C("7.2b"), Run: func(c *procedure.Ctx) error {
	b, whole, err := lastBatch(c)
	if err != nil {
		return err
	}
	plans, err := sheet.Plan(c.ReadTx, *b, whole)
	if err != nil {
		return err
	}
	return sheet.Put(c.W, *b, plans.Digest)
}}

var applyBatch = procedure.Effect{Name: "apply", Say: "目录即时更新，每一项的版本和差异留痕；撤销的目录项即时停止使用", Plan: plan.C("7.2b"), Run: func(c *procedure.Ctx) error {
	b, whole, err := lastBatch(c)
	if err != nil {
		return err
	}
	plans, err := sheet.Plan(c.ReadTx, *b, whole)
	if err != nil {
		return err
	}
	if err := sheet.Apply(c.W, *b, plans, c.Actor.Person); err != nil {
		return err
	}
	if err := permit.Touch(c.W); err != nil {
		return err
	}
	return c.SetSubject(b.ID)
}}

func batchState(c *procedure.Ctx) (procedure.Section, error) {
	b, whole, err := lastBatch(c)
	if err != nil || b == nil {
		return procedure.Section{}, err
	}
	s := procedure.Section{Kind: "keyvalues", Items: []procedure.Item{{Label: "文件", Value: b.Name}, {Label: "SHA-256", Value: b.SHA256}}}
	add := func(label string, v any) { s.Items = append(s.Items, procedure.Item{Label: label, Value: v}) }
	switch b.State {
	case "reading":
		add("状态", "正在读取，稍候刷新")
		return s, nil
	case "failed":
		add("状态", "没有读成："+b.Message)
		return s, nil
	case "applied":
		add("状态", "已按预览办理")
		return s, nil
	}
	faults, err := b.ReadFaults()
	if err != nil {
		return s, err
	}
	plans, err := sheet.Plan(c.ReadTx, *b, whole)
	if err != nil {
		return s, err
	}
	if b.Message != "" {
		add("提示", b.Message)
	}
	if len(faults) > 0 {
		add("状态", fmt.Sprintf("有%d处错误，已在附件的表格中标出", len(faults)))
		return s, nil
	}
	add("状态", "已读取，各格无误")
	for _, k := range sheet.Kinds {
		add(k.Label, fmt.Sprint(plans.Count(k.Value), " 项"))
	}
	return s, nil
}

// shownLines is how many lines a section of a batch shows; the rest stands in the table itself.
const shownLines = 500

func batchFaults(c *procedure.Ctx) (procedure.Section, error) {
	b, _, err := lastBatch(c)
	if err != nil || b == nil {
		return procedure.Section{}, err
	}
	faults, err := b.ReadFaults()
	if err != nil || len(faults) == 0 {
		return procedure.Section{}, err
	}
	s := procedure.Section{Kind: "table", Columns: []procedure.Column{{Key: "cell", Label: "位置", Kind: "code"}, {Key: "label", Label: "列名", Kind: "text"},
		{Key: "message", Label: "原因", Kind: "text", Primary: true}, {Key: "clause", Label: "依据", Kind: "code"}}}
	for _, f := range faults[:min(len(faults), shownLines)] {
		s.Rows = append(s.Rows, map[string]any{"cell": f.Cell, "label": f.Label, "message": f.Message, "clause": f.Clause})
	}
	if len(faults) > shownLines {
		s.Note = fmt.Sprintf("共%d处，此处列出前%d处，全部见附件。", len(faults), shownLines)
	}
	return s, nil
}

// planned is the comparison of a case's file, where there is one to show.
func planned(c *procedure.Ctx) (sheet.Comparison, error) {
	b, whole, err := lastBatch(c)
	if err != nil || b == nil || b.State != "read" {
		return sheet.Comparison{}, err
	}
	faults, err := b.ReadFaults()
	if err != nil || len(faults) > 0 {
		return sheet.Comparison{}, err
	}
	return sheet.Plan(c.ReadTx, *b, whole)
}

func batchPlan(c *procedure.Ctx) (procedure.Section, error) {
	plans, err := planned(c)
	if err != nil || len(plans.Planned) == 0 {
		return procedure.Section{}, err
	}
	s := procedure.Section{Kind: "table", Columns: []procedure.Column{{Key: "kind", Label: "变化", Kind: "tag"}, {Key: "title", Label: "资源名称", Kind: "text", Primary: true},
		{Key: "code", Label: "资源代码", Kind: "code"}, {Key: "row", Label: "文件行号", Kind: "int"}, {Key: "changes", Label: "变更项数", Kind: "int"}}}
	for _, k := range sheet.Kinds {
		for _, p := range plans.Planned {
			if p.Kind == k.Value && len(s.Rows) < shownLines {
				row := map[string]any{"kind": k.Label, "title": p.Title, "code": p.Code, "changes": len(p.Changes)}
				if p.Row > 0 {
					row["row"] = p.Row
				}
				s.Rows = append(s.Rows, row)
			}
		}
	}
	if len(plans.Planned) > shownLines {
		s.Note = fmt.Sprintf("共%d项，此处列出前%d项。", len(plans.Planned), shownLines)
	}
	return s, nil
}

func batchDifferences(c *procedure.Ctx) (procedure.Section, error) {
	plans, err := planned(c)
	if err != nil {
		return procedure.Section{}, err
	}
	s := procedure.Section{Kind: "difference", Columns: []procedure.Column{{Key: "label", Label: "项目", Kind: "text"}, {Key: "before", Label: "变更前", Kind: "text"}, {Key: "after", Label: "变更后", Kind: "text"}}}
	for _, p := range plans.Planned {
		if p.Kind != sheet.Changed && p.Kind != sheet.Withdrawn {
			continue
		}
		for _, x := range p.Changes {
			if len(s.Rows) < shownLines {
				s.Rows = append(s.Rows, map[string]any{"label": p.Title + "：" + x.Label, "before": x.Before, "after": x.After})
			}
		}
	}
	if len(s.Rows) == 0 {
		return procedure.Section{}, nil
	}
	return s, nil
}
