package procedures

import (
	"pado/core/procedure"
	"pado/domain/catalogue"
	"pado/domain/governance"
	"pado/domain/party"
	"pado/plan"
)

type hookupForm struct {
	Item      string `json:"item"`
	Kind      string `json:"kind"`
	Cycle     string `json:"cycle"`
	Reason    string `json:"reason"`
	RowsBound int    `json:"rowsBound"`
	Pipeline  string `json:"pipeline"`
	Retain    int    `json:"retain"`

	Address   string `json:"address"`
	TLS       string `json:"tls"`
	Database  string `json:"database"`
	Schema    string `json:"schema"`
	Table     string `json:"table"`
	Columns   string `json:"columns"`
	Mode      string `json:"mode"`
	Watermark string `json:"watermark"`
	Path      string `json:"path"`
	Pattern   string `json:"pattern"`
	Ready     string `json:"ready"`
	HostKey   string `json:"hostKey"`
}

type deliverInput struct {
	File string `json:"file"`
}

// P06Hookup is 数据接入 (clauses 6.2.2, 7.2) asked for by the operator; P06HookupBySource the same
// offered by the source. The data authority coordinates and is a party of the case.
func P06Hookup() *procedure.Procedure {
	return hookup("p06_2b_hookup", "GJ", "数据接入（运营机构申请）", party.Operator)
}

// P06HookupBySource is described at P06Hookup.
func P06HookupBySource() *procedure.Procedure {
	return hookup("p06_2b_hookup_source", "JS", "数据接入（数源部门提供）", party.Source)
}

// hookup declares the one course for whoever starts it: coordination by the authority, the
// operator connects and declares the pipeline, the source delivers, the file is governed into a
// dataset version, the operator accepts it by its quality.
func hookup(id, prefix, title string, by procedure.Role) *procedure.Procedure {
	c := plan.C("6.2.2")
	ready := procedure.Rules{hookupItem, hookupFree, hookupAuthorised}
	file := []procedure.Field{{Name: "file", Label: "报送文件", Kind: procedure.File, Source: "uploads", Required: true, Plan: plan.C("7.2"), Help: "CSV、TSV、XLSX、XLS、Parquet、JSON 行、ZIP；提交后转入原始数据区，任何人不能下载"}}
	parties := []procedure.PartyRule{{Role: party.Authority, Find: party.TenantOrg(party.Authority)}, {Role: party.Source, Find: hookupSource}, {Role: party.Operator, Find: hookupOperator}}
	return &procedure.Procedure{ID: id, Prefix: prefix, Title: title, Group: "目录与供给", Plan: c, Start: "draft",
		Name: func(c *procedure.Ctx) (string, error) {
			f, err := procedure.Form[hookupForm](c)
			if err != nil || f.Item == "" {
				return "", err
			}
			it, err := catalogue.ByID(c.ReadTx, f.Item)
			if err != nil {
				return "", nil
			}
			return "接入“" + it.Title + "”", nil
		},
		Form: procedure.FormOf[hookupForm](append([]procedure.Field{
			{Name: "item", Label: "目录项", Kind: procedure.Ref, Source: "catalogue_authorisable", Required: true, Plan: c, Section: "申请"},
			{Name: "kind", Label: "接入方式", Kind: procedure.Choice, Options: governance.Kinds, Required: true, Plan: c, Section: "申请"},
			{Name: "cycle", Label: "供给周期", Kind: procedure.Choice, Options: catalogue.Cycles, Required: true, Plan: plan.C("7.2"), Section: "申请"},
			{Name: "reason", Label: "用途和说明", Kind: procedure.LongText, Max: 2000, Required: true, Plan: c, Section: "申请"},
			{Name: "retain", Label: "原始文件保留月数", Kind: procedure.Integer, Min: 1, Max: 600, Plan: plan.C("10.5.1"), Section: "申请", Help: "不填按平台参数“原始文件的保留期限”"},
			{Name: "rowsBound", Label: "每个保护单元参与一次提问的最多行数", Kind: procedure.Integer, Min: 1, Max: 1000, Plan: plan.C("6.3.3"), Section: "治理", Help: "由运营机构在对接时填写；一个人（户、企业）可能有多行记录时大于1"},
			{Name: "pipeline", Label: "治理流水线声明", Kind: procedure.LongText, Max: 20000, Plan: c, Section: "治理", Help: "由运营机构在对接时填写：列、清洗、校验、脱敏、目标字段"}}, connectionFields()...)...),
		States: procedure.Phases{
			{ID: "draft", Label: "填写", Owes: by, Track: true},
			{ID: "coordination", Label: "待数据管理部门协调", Owes: party.Authority, Within: "hookup.coordinate", Track: true},
			{ID: "connecting", Label: "待运营机构对接", Owes: party.Operator, Track: true},
			{ID: "delivery", Label: "待数源部门报送", Owes: party.Source, Track: true},
			{ID: "ingesting", Label: "治理和验收", Owes: party.Operator, Within: "hookup.review", Track: true},
			{ID: "running", Label: "已接入，按周期供给", Track: true},
			{ID: "revision", Label: "流水线修订待审核", Owes: party.Authority, Within: "hookup.coordinate"},
			{ID: "stopped", Label: "已停止", Final: true},
			{ID: "refused", Label: "不予协调", Final: true},
			{ID: "withdrawn", Label: "已撤回", Final: true},
		},
		Parties: parties,
		Readers: []procedure.Role{party.Authority, party.Auditor},
		Steps: append([]procedure.Step{
			{Do: "submit", Label: "提请协调", By: by, From: procedure.S("draft"), To: "coordination", Plan: c, Edits: true, Style: procedure.Primary, Require: append(procedure.Rules{hookupParty(by), hookupKind}, ready...)},
			{Do: "coordinate", Label: "协调一致，进入对接", By: party.Authority, From: procedure.S("coordination"), To: "connecting", Plan: c, Opinion: true, Style: procedure.Primary, Require: ready, Then: procedure.Effects{inviteSource}},
			{Do: "refuse", Label: "不予协调", By: party.Authority, From: procedure.S("coordination"), To: "refused", Plan: c, Opinion: true, Style: procedure.Danger},
			procedure.ReturnTo("draft", party.Authority, c, "coordination"),
			{Do: "connect", Label: "完成对接", By: party.Operator, From: procedure.S("connecting"), To: "delivery", Plan: c, Edits: true, Style: procedure.Primary,
				Require: append(procedure.Rules{hookupByHand, hookupSameItem, hookupPipeline, hookupReading, hookupFields}, ready...), Then: procedure.Effects{connectHookup}},
			{Do: "deliver", Label: "报送数据", By: party.Source, From: procedure.S("delivery", "running"), To: "ingesting", Plan: plan.C("7.2"), Input: file, Style: procedure.Primary,
				Require: procedure.Rules{hookupItem, hookupAuthorised, hookupWay, hookupFile}, Then: procedure.Effects{receiveFile}},
			{Do: "accept", Label: "验收入池", By: party.Operator, From: procedure.S("ingesting"), To: "running", Plan: c, Style: procedure.Primary,
				Require: procedure.Rules{hookupAuthorised, hookupMade, hookupQuality}, Then: procedure.Effects{decideVersion(true)}},
			{Do: "reject", Label: "退回重报", By: party.Operator, From: procedure.S("ingesting"), To: "delivery", Plan: c, Opinion: true, Return: true, Require: procedure.Rules{hookupByHand, hookupSettled}, Then: procedure.Effects{decideVersion(false)}},
			{Do: "stop", Label: "停止接入", By: party.Authority, From: procedure.S("delivery", "running", "revision"), To: "stopped", Plan: c, Opinion: true, Style: procedure.Danger,
				Irrevocable: "停止后不再接收报送，已入池的版本保留", Then: procedure.Effects{stopHookup}},
			procedure.Withdraw("withdrawn", by, c, "draft", "coordination"),
		}, append(connectionSteps(ready), revisionSteps()...)...),
		Views: []procedure.View{
			hookupGuideView(),
			{Title: "连接", Plan: c, In: procedure.S("connecting", "delivery", "ingesting", "running", "revision"), Draw: connectionView},
			{Title: "报送记录", Plan: plan.C("7.2"), Draw: hookupDeliveries},
			{Title: "字段与目录核对", Plan: plan.C("10.1.1"), In: procedure.S("connecting", "delivery", "ingesting", "running"), Draw: hookupFieldTable},
			{Title: "数据集版本", Plan: c, Draw: versionView(0)}, hookupStepView(), {Title: "版本字段", Plan: c, Draw: versionView(1)}, {Title: "质量报告：六个维度", Plan: c, Draw: versionView(2)},
			{Title: "质量报告：规则", Plan: c, Draw: versionView(3)}, {Title: "血缘", Plan: c, Draw: versionView(4)},
			{Title: "流水线版本", Plan: c, Draw: hookupSection(governance.Revisions)}, {Title: "流水线修订对照", Plan: c, Draw: hookupSection(governance.RevisionDifference)},
		},
		Papers: []procedure.Paper{{Kind: "receipt", Title: "数据接入回执", Plan: c, In: procedure.S("running", "stopped"), Draw: hookupPaper}},
	}
}
