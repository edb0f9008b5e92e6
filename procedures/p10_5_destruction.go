package procedures

import (
	"errors"
	"fmt"
	"strconv"

	"pado/core/docs"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/agreement"
	"pado/domain/governance"
	"pado/domain/party"
	"pado/plan"
)

type destructionForm struct {
	Files  []string `json:"files"`
	Reason string   `json:"reason"`
	Note   string   `json:"note"`
}

const (
	reasonExpired = "expired"
	reasonEnded   = "ended"
)

var destructionReasons = []procedure.Option{{Value: reasonExpired, Label: "保留期限届满"}, {Value: "wrong", Label: "误报送"}, {Value: "law", Label: "依法应当删除"}, {Value: reasonEnded, Label: "协议终止或接入停止"}}

// P10Destruction is 原始数据销毁 (clause 10.5.1): the operator asks, the source agrees, one person of
// the operator destroys and another looks that it was done and signs the certificate.
func P10Destruction() *procedure.Procedure {
	c := plan.C("10.5.1")
	rules := procedure.Rules{destructionFiles, destructionDue}
	return &procedure.Procedure{ID: "p10_5_destruction", Prefix: "XH", Title: "原始数据销毁", Group: "目录与供给", Plan: c, Start: "draft",
		Form: procedure.FormOf[destructionForm](
			procedure.Field{Name: "files", Label: "原始文件", Kind: procedure.Refs, Source: "raw_files", Required: true, Plan: c, Help: "同一数源部门的文件，一次最多100个"},
			procedure.Field{Name: "reason", Label: "销毁事由", Kind: procedure.Choice, Options: destructionReasons, Required: true, Plan: c},
			procedure.Field{Name: "note", Label: "说明", Kind: procedure.LongText, Max: 1000, Required: true, Plan: c}),
		States: procedure.Phases{
			{ID: "draft", Label: "填写", Owes: party.Operator, Track: true},
			{ID: "review", Label: "待数源部门确认", Owes: party.Source, Within: "hookup.review", Track: true},
			{ID: "executing", Label: "待执行销毁", Owes: party.Operator, Track: true},
			{ID: "witnessing", Label: "待监销人核对", Owes: party.Operator, Track: true},
			{ID: "destroyed", Label: "已销毁", Final: true, Track: true},
			{ID: "refused", Label: "不同意销毁", Final: true},
			{ID: "withdrawn", Label: "已撤回", Final: true},
		},
		Parties: []procedure.PartyRule{{Role: party.Source, Find: destructionSource}, {Role: party.Operator, Find: func(c *procedure.Ctx) (string, error) { return c.Case.Org, nil }}},
		Readers: []procedure.Role{party.Authority, party.Auditor, party.AuditAdm},
		Steps: []procedure.Step{
			{Do: "submit", Label: "提请销毁", By: party.Operator, From: procedure.S("draft"), To: "review", Plan: c, Edits: true, Style: procedure.Primary, Require: rules},
			{Do: "agree", Label: "同意销毁", By: party.Source, From: procedure.S("review"), To: "executing", Plan: c, Opinion: true, Style: procedure.Primary, Require: rules},
			{Do: "refuse", Label: "不同意", By: party.Source, From: procedure.S("review"), To: "refused", Plan: c, Opinion: true, Style: procedure.Danger},
			procedure.ReturnTo("draft", party.Source, c, "review"),
			{Do: "execute", Label: "执行销毁", By: party.Operator, From: procedure.S("executing"), To: "witnessing", Plan: c, Style: procedure.Danger, Require: rules,
				Irrevocable: "原始文件及其副本、隔离行的密钥和密文将被销毁，不能恢复；摘要和血缘保留", Then: procedure.Effects{destroyFiles}},
			{Do: "witness", Label: "核对无误，出具销毁证明", By: party.Operator, From: procedure.S("witnessing"), To: "destroyed", Plan: c, Opinion: true, Style: procedure.Primary, Apart: procedure.Acts("execute"),
				Require: procedure.Rules{destructionDone}, Then: procedure.Effects{witnessed}},
			procedure.Withdraw("withdrawn", party.Operator, c, "draft", "review", "executing"),
		},
		Views:  []procedure.View{{Title: "拟销毁的文件", Plan: c, In: procedure.S("draft", "review", "executing", "refused"), Draw: destructionPlanned}, {Title: "销毁结果", Plan: c, In: procedure.S("witnessing", "destroyed"), Draw: destructionResult}},
		Papers: []procedure.Paper{{Kind: "certificate", Title: "原始数据销毁证明", Plan: c, In: procedure.S("destroyed"), Draw: destructionPaper}},
	}
}

// destructionRaws reads the files the form names with their connections.
func destructionRaws(c *procedure.Ctx) ([]governance.Raw, []governance.Hookup, error) {
	f, err := procedure.Form[destructionForm](c)
	if err != nil {
		return nil, nil, err
	}
	var raws []governance.Raw
	var hooks []governance.Hookup
	for _, id := range f.Files {
		raw, err := governance.RawByID(c.ReadTx, id)
		if err != nil {
			return nil, nil, err
		}
		h, err := governance.HookupByID(c.ReadTx, raw.Hookup)
		if err != nil {
			return nil, nil, err
		}
		raws, hooks = append(raws, raw), append(hooks, h)
	}
	return raws, hooks, nil
}

func destructionSource(c *procedure.Ctx) (string, error) {
	_, hooks, err := destructionRaws(c)
	if errors.Is(err, store.ErrNotFound) || err == nil && len(hooks) == 0 {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return hooks[0].SourceOrg, nil
}

// destructionFiles: files of the operator's own connections, of one source, there and at rest.
var destructionFiles = procedure.Rule{Code: "destruction.files", Say: "所选文件不是本单位接入的原始文件，或者正在治理、已经销毁", Plan: plan.C("10.5.1"), Holds: func(c *procedure.Ctx) error {
	raws, hooks, err := destructionRaws(c)
	if err != nil {
		return ruleMissing(err)
	}
	if len(raws) == 0 || len(raws) > 100 {
		return procedure.Refuse("", plan.C("10.5.1"), "一次可销毁1至100个文件")
	}
	source, err := c.Party(party.Source)
	if err != nil {
		return err
	}
	for i, f := range raws {
		if hooks[i].OperatorOrg != c.Case.Org || f.State != "ingested" && f.State != "failed" {
			return procedure.ErrFails
		}
		if hooks[i].SourceOrg != hooks[0].SourceOrg || source != "" && source != hooks[i].SourceOrg {
			return procedure.Refuse("", plan.C("10.5.1"), "一次只能销毁同一数源部门的文件")
		}
		waiting, err := c.Exists(`SELECT 1 FROM dataset_version WHERE raw = $1 AND state = 'made'`, f.ID)
		if err != nil {
			return err
		}
		if waiting {
			return procedure.Refuse("", plan.C("10.5.1"), "文件“%s”产生的版本尚待验收，验收后再销毁", f.Name)
		}
	}
	return nil
}}

// destructionEnded: who says that connection or agreement have ended is held to it.
func destructionEnded(c *procedure.Ctx) error {
	raws, hooks, err := destructionRaws(c)
	if err != nil {
		return ruleMissing(err)
	}
	for i, raw := range raws {
		if hooks[i].State == "stopped" {
			continue
		}
		a, err := agreement.HolderOf(c.ReadTx, hooks[i].Item, c.Today())
		if err == nil && a.OperatorOrg == hooks[i].OperatorOrg {
			return procedure.Refuse("", plan.C("10.5.1"), "文件“%s”所属的接入仍在用，协议也未终止；因其他原因销毁的请改选事由", raw.Name)
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return nil
}

// destructionDue: who says that the period is over is held to it.
var destructionDue = procedure.Rule{Code: "destruction.due", Say: "有文件的保留期限尚未届满", Plan: plan.C("10.5.1"), Holds: func(c *procedure.Ctx) error {
	f, err := procedure.Form[destructionForm](c)
	if err != nil {
		return err
	}
	if f.Reason == reasonEnded {
		return destructionEnded(c)
	}
	if f.Reason != reasonExpired {
		return nil
	}
	months, err := c.Days("raw.retain")
	if err != nil {
		return err
	}
	raws, hooks, err := destructionRaws(c)
	if err != nil {
		return ruleMissing(err)
	}
	for i, raw := range raws {
		if until := governance.KeptUntil(hooks[i], raw, months); !until.Before(c.Today()) {
			return procedure.Refuse("", plan.C("10.5.1"), "文件“%s”应保留至%s，期限尚未届满；因其他原因销毁的请改选事由", raw.Name, until)
		}
	}
	return nil
}}

var destroyFiles = procedure.Effect{Name: "destroy", Say: "后台销毁密钥、密文和副本，逐个登记", Plan: plan.C("10.5.1"), Run: func(c *procedure.Ctx) error {
	f, err := procedure.Form[destructionForm](c)
	if err != nil {
		return err
	}
	_, err = governance.QueueDestroy(c.W, c.Case.No, f.Files, c.Actor.Person, c.Desk.Org)
	return err
}}

// destructionDone: the second person signs for what is on record as gone, all of it.
var destructionDone = procedure.Rule{Code: "destruction.not_done", Say: "销毁作业尚未完成，请稍后再核对", Plan: plan.C("10.5.1"), Holds: func(c *procedure.Ctx) error {
	f, err := procedure.Form[destructionForm](c)
	if err != nil {
		return err
	}
	list, err := governance.DestroyedIn(c.ReadTx, c.Case.No)
	return procedure.Hold(len(list) == len(f.Files), err)
}}

var witnessed = procedure.Effect{Name: "certify", Say: "出具销毁证明", Plan: plan.C("10.5.1"), Run: func(c *procedure.Ctx) error { return c.SetSubject(c.Case.No) }}

func destructionPlanned(c *procedure.Ctx) (procedure.Section, error) {
	raws, hooks, err := destructionRaws(c)
	if err != nil || len(raws) == 0 {
		return procedure.Section{}, ruleNone(err)
	}
	months, err := c.Days("raw.retain")
	if err != nil {
		return procedure.Section{}, err
	}
	s := procedure.Section{Kind: "table", Columns: []procedure.Column{{Key: "raw", Label: "编号", Kind: "code"}, {Key: "name", Label: "文件", Kind: "text", Primary: true}, {Key: "received", Label: "报送时间", Kind: "datetime"},
		{Key: "until", Label: "保留至", Kind: "date"}, {Key: "size", Label: "字节数", Kind: "int"}, {Key: "sha256", Label: "摘要", Kind: "code"}}}
	for i, f := range raws {
		s.Rows = append(s.Rows, map[string]any{"raw": f.ID, "name": f.Name, "received": f.Received, "until": governance.KeptUntil(hooks[i], f, months).String(), "size": f.Size, "sha256": short(f.SHA256)})
	}
	return s, nil
}

// short is the beginning of a digest, for a table; the register and the certificate have all of it.
func short(sum string) string {
	if len(sum) > 16 {
		return sum[:16] + "…"
	}
	return sum
}

// ruleNone takes what is not there for nothing to show.
func ruleNone(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

func destructionResult(c *procedure.Ctx) (procedure.Section, error) {
	list, err := governance.DestroyedIn(c.ReadTx, c.Case.No)
	if err != nil {
		return procedure.Section{}, err
	}
	if len(list) == 0 {
		return procedure.Section{Kind: "keyvalues", Items: []procedure.Item{{Label: "销毁作业", Value: "正在进行"}}}, nil
	}
	s := procedure.Section{Kind: "table", Note: "数据集版本的血缘仍保留原始文件的摘要；完整摘要见销毁证明和销毁登记。", Columns: []procedure.Column{{Key: "raw", Label: "编号", Kind: "code"}, {Key: "name", Label: "文件", Kind: "text", Primary: true}, {Key: "at", Label: "销毁时间", Kind: "datetime"},
		{Key: "method", Label: "方法", Kind: "text"}, {Key: "parts", Label: "销毁副本数", Kind: "int"}, {Key: "sha256", Label: "文件摘要", Kind: "code"}, {Key: "envelope", Label: "密钥信封摘要", Kind: "code"}}}
	for _, d := range list {
		s.Rows = append(s.Rows, map[string]any{"raw": d.Raw, "name": d.Name, "at": d.At, "method": d.Method, "parts": d.Parts, "sha256": short(d.SHA256), "envelope": short(d.EnvelopeSHA256)})
	}
	return s, nil
}

func destructionPaper(c *procedure.Ctx) (docs.Document, error) {
	list, err := governance.DestroyedIn(c.ReadTx, c.Case.No)
	if err != nil {
		return docs.Document{}, err
	}
	if len(list) == 0 {
		return docs.Document{}, store.ErrNotFound
	}
	f, err := procedure.Form[destructionForm](c)
	if err != nil {
		return docs.Document{}, err
	}
	source, err := c.Party(party.Source)
	if err != nil {
		return docs.Document{}, err
	}
	names := map[string]string{}
	for _, o := range []string{source, c.Case.Org} {
		if names[o], err = orgNamed(c, o); err != nil {
			return docs.Document{}, err
		}
	}
	people := map[string]string{}
	for _, act := range []string{"execute", "witness"} {
		var name string
		err := c.Get(&name, `SELECT p.name FROM case_event e JOIN person p ON p.id = e.person WHERE e.case_no = $1 AND e.action = $2 ORDER BY e.n DESC LIMIT 1`, c.Case.No, act)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return docs.Document{}, err
		}
		people[act] = name
	}
	table := docs.Table{Columns: []docs.Column{{Title: "编号"}, {Title: "文件"}, {Title: "字节数"}, {Title: "文件摘要（SHA-256）"}}}
	for _, d := range list {
		table.Rows = append(table.Rows, []string{d.Raw, d.Name, strconv.FormatInt(d.Size, 10), d.SHA256})
	}
	return checked(docs.Document{Kind: docs.Certificate, Number: c.Case.No, Title: "原始数据销毁证明", Blocks: []docs.Block{
		docs.KeyValues{Unruled: true, Pairs: []docs.Pair{{Key: "数源部门", Value: names[source]}, {Key: "运营机构", Value: names[c.Case.Org]}, {Key: "销毁事由", Value: procedure.LabelOf(destructionReasons, f.Reason)},
			{Key: "销毁方法", Value: list[0].Method}, {Key: "销毁时间", Value: dateOf(list[0].At).String()}, {Key: "执行人", Value: people["execute"]}, {Key: "监销人", Value: people["witness"]}}},
		table, docs.P(fmt.Sprintf("上列%d个原始文件的数据密钥、密文、上传副本和隔离行已销毁，并经第二人核对。%s。", len(list), list[0].Limits)),
		docs.Signature{Organ: names[c.Case.Org], Date: dateOf(c.Case.Updated), Seal: true}}}, c.Case.No, c.Case.No, list[0].SHA256)
}
