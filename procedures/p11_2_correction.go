package procedures

import (
	"encoding/json"
	"errors"
	"fmt"

	"pado/core/docs"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/party"
	"pado/domain/supply"
	"pado/plan"
)

type correctionForm struct {
	Dataset   string `json:"dataset"`
	N         int    `json:"n"`
	Field     string `json:"field"`
	Dimension string `json:"dimension"`
	Severity  string `json:"severity"`
	Title     string `json:"title"`
	Problem   string `json:"problem"`
	Rows      int    `json:"rows"`
	Wanted    string `json:"wanted"`
	Evidence  string `json:"evidence"`
}

type correctionPromise struct {
	By string `json:"by"`
}

// P11Correction is 质量整改单 (clauses 6.2.2, 11.2): the operator says what is wrong with a version of a
// dataset or one of its fields; the source answers by a new delivery or by an explanation; the operator
// closes. What is not answered in time, or disputed, goes to the data authority.
func P11Correction() *procedure.Procedure {
	c := plan.C("11.2")
	return &procedure.Procedure{ID: "p11_2_correction", Prefix: "ZG", Title: "质量整改单", Group: "目录与供给", Plan: c, Start: "draft",
		Name: func(c *procedure.Ctx) (string, error) {
			f, err := procedure.Form[correctionForm](c)
			if err != nil || f.Title == "" {
				return "", err
			}
			return "质量整改：" + f.Title, nil
		},
		Form: procedure.FormOf[correctionForm](correctionFields(c)...),
		States: procedure.Phases{
			{ID: "draft", Label: "填写", Owes: party.Operator, Track: true},
			{ID: "open", Label: "待数源部门答复", Owes: party.Source, Within: "correction.answer", Else: "escalate", Track: true},
			{ID: "fixing", Label: "承诺整改，待数源部门重报", Owes: party.Source, Within: "correction.fix", Else: "escalate_fix"},
			{ID: "verifying", Label: "待运营机构核验", Owes: party.Operator, Within: "correction.verify", Track: true},
			{ID: "authority", Label: "待数据管理部门处理", Owes: party.Authority, Within: "correction.decide"},
			{ID: "closed", Label: "已销单", Final: true, Track: true},
			{ID: "withdrawn", Label: "已撤回", Final: true},
		},
		Parties: []procedure.PartyRule{{Role: party.Source, Find: correctionSource}, {Role: party.Authority, Find: party.TenantOrg(party.Authority), Read: true}},
		Readers: []procedure.Role{party.Authority, party.Auditor},
		Steps: []procedure.Step{
			{Do: "submit", Label: "发出整改单", By: party.Operator, From: procedure.S("draft"), To: "open", Plan: plan.C("6.2.2"), Edits: true, Style: procedure.Primary,
				Require: procedure.Rules{correctionDataset, correctionField, filesThere(c, "evidence")}, Then: procedure.Effects{raiseTicket, bindFiles(c, "evidence")}},
			{Do: "promise", Label: "承诺整改", By: party.Source, From: procedure.S("open"), To: "fixing", Plan: c, Opinion: true,
				Input: []procedure.Field{{Name: "by", Label: "承诺完成日期", Kind: procedure.Date, Required: true, Plan: c}}, Require: procedure.Rules{correctionDay}},
			{Do: "redeliver", Label: "已重新报送", By: party.Source, From: procedure.S("open", "fixing"), To: "verifying", Plan: c, Style: procedure.Primary,
				Require: procedure.Rules{correctionNewer}, Then: procedure.Effects{answerTicket("redelivered")}},
			{Do: "explain", Label: "说明情况", By: party.Source, From: procedure.S("open", "fixing"), To: "verifying", Plan: c, Opinion: true, Then: procedure.Effects{answerTicket("explained")}},
			withThen(procedure.Resume("escalate", "逾期未答复，转数据管理部门", "authority", c, "open"), escalateTicket),
			withThen(procedure.Resume("escalate_fix", "逾期未重报，转数据管理部门", "authority", c, "fixing"), escalateTicket),
			{Do: "close", Label: "核验通过，销单", By: party.Operator, From: procedure.S("verifying"), To: "closed", Plan: c, Style: procedure.Primary,
				Require: procedure.Rules{correctionAccepted}, Then: procedure.Effects{closeTicket("closed")}},
			{Do: "reject", Label: "未整改到位，退回", By: party.Operator, From: procedure.S("verifying"), To: "open", Plan: c, Opinion: true, Return: true},
			{Do: "refer", Label: "提请数据管理部门处理", By: party.Operator, From: procedure.S("verifying"), To: "authority", Plan: c, Opinion: true, Then: procedure.Effects{escalateTicket}},
			{Do: "instruct", Label: "责成整改", By: party.Authority, From: procedure.S("authority"), To: "open", Plan: c, Opinion: true, Style: procedure.Primary},
			{Do: "dismiss", Label: "说明成立，销单", By: party.Authority, From: procedure.S("authority"), To: "closed", Plan: c, Opinion: true, Then: procedure.Effects{closeTicket("closed")}},
			procedure.Withdraw("withdrawn", party.Operator, c, "draft"),
		},
		Views:  []procedure.View{{Title: "所涉版本", Plan: plan.C("6.2.2"), Draw: correctionVersions}},
		Papers: []procedure.Paper{{Kind: "ticket", Title: "质量整改单", Plan: c, In: procedure.S("open", "fixing", "verifying", "authority", "closed"), Draw: correctionPaper}},
	}
}

func correctionFields(c plan.Clause) []procedure.Field {
	return []procedure.Field{
		{Name: "dataset", Label: "数据集", Kind: procedure.Ref, Source: "datasets_supplied", Required: true, Plan: c, Section: "问题"},
		{Name: "n", Label: "版本", Kind: procedure.Integer, Min: 1, Max: 1_000_000, Plan: c, Section: "问题", Help: "第几版；留空为最新的一版"},
		{Name: "field", Label: "字段", Kind: procedure.Text, Max: 100, Plan: c, Section: "问题", Help: "数据集页“版本字段”所列的英文名；涉及整个版本的留空"},
		{Name: "dimension", Label: "质量维度", Kind: procedure.Choice, Options: supply.Dimensions, Required: true, Plan: c, Section: "问题"},
		{Name: "severity", Label: "影响程度", Kind: procedure.Choice, Options: supply.Severities, Required: true, Plan: c, Section: "问题"},
		{Name: "title", Label: "问题简述", Kind: procedure.Text, Max: 60, Required: true, Plan: c, Section: "问题"},
		{Name: "problem", Label: "问题说明", Kind: procedure.LongText, Max: 4000, Required: true, Plan: c, Section: "问题", Help: "写明规则、现象和统计数字；不得抄录具体数据行"},
		{Name: "rows", Label: "涉及行数", Kind: procedure.Integer, Max: 1_000_000_000, Plan: c, Section: "问题"},
		{Name: "wanted", Label: "整改要求", Kind: procedure.LongText, Max: 2000, Required: true, Plan: c, Section: "整改"},
		{Name: "evidence", Label: "佐证材料", Kind: procedure.File, Plan: c, Section: "整改", Help: "统计结果；不得含具体数据行"},
	}
}

func correctionSource(c *procedure.Ctx) (string, error) {
	f, err := procedure.Form[correctionForm](c)
	if err != nil || f.Dataset == "" {
		return "", err
	}
	var org string
	err = c.Get(&org, `SELECT source_org FROM dataset WHERE id = $1`, f.Dataset)
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return org, err
}

// correctionTarget is the version the form means; store.ErrNotFound when the operator has none such.
func correctionTarget(c *procedure.Ctx) (correctionForm, supply.Version, error) {
	f, err := procedure.Form[correctionForm](c)
	if err != nil {
		return f, supply.Version{}, err
	}
	var id string
	err = c.Get(&id, `SELECT v.id FROM dataset_version v WHERE v.dataset = $1 AND ($2 = 0 OR v.n = $2) AND EXISTS (SELECT 1 FROM hookup h WHERE h.dataset = v.dataset AND h.operator_org = $3)
		ORDER BY v.n DESC LIMIT 1`, f.Dataset, f.N, c.Case.Org)
	if err != nil {
		return f, supply.Version{}, err
	}
	v, err := supply.VersionOf(c.ReadTx, id)
	return f, v, err
}

var correctionDataset = procedure.Rule{Code: "correction.dataset", Say: "所选数据集不由本单位接入，或者没有这一版", Plan: plan.C("6.2.2"), Holds: func(c *procedure.Ctx) error {
	_, _, err := correctionTarget(c)
	return ruleMissing(err)
}}

// correctionField: a field that is named is one of the version's.
var correctionField = procedure.Rule{Code: "correction.field", Say: "该版本没有这个字段，请按数据集页所列的英文名填写", Plan: plan.C("6.2.2"), Holds: func(c *procedure.Ctx) error {
	f, v, err := correctionTarget(c)
	if err != nil || f.Field == "" {
		return ruleMissing(err)
	}
	var text string
	if err := c.Get(&text, `SELECT schema FROM dataset_version WHERE id = $1`, v.ID); err != nil {
		return err
	}
	var columns []struct{ Name string }
	if err := json.Unmarshal([]byte(text), &columns); err != nil {
		return fmt.Errorf("read the schema of %s: %w", v.ID, err)
	}
	for _, x := range columns {
		if x.Name == f.Field {
			return nil
		}
	}
	return procedure.ErrFails
}}

var correctionDay = procedure.Rule{Code: "correction.day", Say: "承诺完成日期不能早于今天", Plan: plan.C("11.2"), Holds: func(c *procedure.Ctx) error {
	in, err := procedure.Input[correctionPromise](c)
	return procedure.Hold(in.By >= c.Today().String(), err)
}}

// correctionNewer: an answer by delivery is a version made after the ticket was sent.
var correctionNewer = procedure.Rule{Code: "correction.no_delivery", Say: "整改单发出后没有新的报送版本，请先在数据接入事项中报送，治理完成后再答复", Plan: plan.C("11.2"), Holds: func(c *procedure.Ctx) error {
	_, err := newerVersion(c)
	return ruleMissing(err)
}}

func newerVersion(c *procedure.Ctx) (supply.Version, error) {
	t, err := supply.TicketOf(c.ReadTx, c.Case.No)
	if err != nil {
		return supply.Version{}, err
	}
	v, err := supply.NewestSince(c.ReadTx, t.Dataset, t.Raised)
	if err == nil && v.ID == t.AnswerVersion { // it was sent back
		err = store.ErrNotFound
	}
	return v, err
}

// correctionAccepted: what was delivered instead is closed on only after it entered the pool.
var correctionAccepted = procedure.Rule{Code: "correction.not_accepted", Say: "重新报送的版本尚未验收入池，请先在数据接入事项中验收", Plan: plan.C("6.2.2"), Holds: func(c *procedure.Ctx) error {
	t, err := supply.TicketOf(c.ReadTx, c.Case.No)
	if err != nil || t.Answer != "redelivered" {
		return err
	}
	v, err := supply.VersionOf(c.ReadTx, t.AnswerVersion)
	return procedure.Hold(v.State == "accepted", err)
}}

var raiseTicket = procedure.Effect{Name: "raise", Say: "整改单登记，答复开始计时", Plan: plan.C("11.2"),
	Run: func(c *procedure.Ctx) error {
		f, v, err := correctionTarget(c)
		if err != nil {
			return err
		}
		source, err := correctionSource(c)
		if err != nil {
			return err
		}
		return supply.Raise(c.W, supply.Ticket{CaseNo: c.Case.No, Dataset: f.Dataset, Version: v.ID, Field: f.Field, Dimension: f.Dimension, Severity: f.Severity, Title: f.Title,
			SourceOrg: source, OperatorOrg: c.Case.Org, Division: c.Case.Tenant}, c.Actor.Person)
	},
	Undo: func(c *procedure.Ctx) error { return supply.CloseTicket(c.W, c.Case.No, "withdrawn", c.Actor.Person) }}

func answerTicket(how string) procedure.Effect {
	return procedure.Effect{Name: "answer", Say: "答复登记，转运营机构核验", Plan: plan.C("11.2"), Run: func(c *procedure.Ctx) error {
		var v supply.Version
		if how == "redelivered" {
			var err error
			if v, err = newerVersion(c); err != nil {
				return err
			}
		}
		return supply.AnswerTicket(c.W, c.Case.No, how, v.ID, c.Actor.Person, c.Desk.Org)
	}}
}

var escalateTicket = procedure.Effect{Name: "escalate", Say: "转数据管理部门处理", Plan: plan.C("11.2"), Run: func(c *procedure.Ctx) error {
	return supply.Escalate(c.W, c.Case.No, c.Actor.Person)
}}

func closeTicket(state string) procedure.Effect {
	return procedure.Effect{Name: "close", Say: "整改单销单", Plan: plan.C("11.2"), Run: func(c *procedure.Ctx) error {
		return supply.CloseTicket(c.W, c.Case.No, state, c.Actor.Person)
	}}
}

func correctionVersions(c *procedure.Ctx) (procedure.Section, error) {
	t, err := supply.TicketOf(c.ReadTx, c.Case.No)
	if errors.Is(err, store.ErrNotFound) {
		return procedure.Section{}, nil
	}
	if err != nil {
		return procedure.Section{}, err
	}
	s := procedure.Section{Kind: "table", Columns: []procedure.Column{{Key: "role", Label: "版本", Kind: "text", Primary: true}, {Key: "n", Label: "序号", Kind: "int"}, {Key: "rows", Label: "行数", Kind: "int"},
		{Key: "score", Label: "质量分", Kind: "percent"}, {Key: "made", Label: "产生时间", Kind: "datetime"}, {Key: "state", Label: "状态", Kind: "tag"}, {Key: "where", Label: "数据集", Kind: "link"}}}
	add := func(role, id string) error {
		v, err := supply.VersionOf(c.ReadTx, id)
		if err != nil {
			return err
		}
		s.Rows = append(s.Rows, map[string]any{"role": role, "n": v.N, "rows": v.Rows, "score": v.Score, "made": v.Created, "state": versionStates[v.State],
			"where": supply.Link(t.Dataset, "datasets", t.Dataset)})
		return nil
	}
	if err := add("被整改", t.Version); err != nil {
		return s, err
	}
	if t.AnswerVersion != "" {
		if err := add("重新报送", t.AnswerVersion); err != nil {
			return s, err
		}
	}
	return s, nil
}

var versionStates = map[string]string{"made": "待验收", "accepted": "已入池", "rejected": "未验收", "withdrawn": "已撤出"}

func correctionPaper(c *procedure.Ctx) (docs.Document, error) {
	t, err := supply.TicketOf(c.ReadTx, c.Case.No)
	if err != nil {
		return docs.Document{}, err
	}
	f, err := procedure.Form[correctionForm](c)
	if err != nil {
		return docs.Document{}, err
	}
	v, err := supply.VersionOf(c.ReadTx, t.Version)
	if err != nil {
		return docs.Document{}, err
	}
	names := map[string]string{}
	for _, o := range []string{t.SourceOrg, t.OperatorOrg} {
		if names[o], err = orgNamed(c, o); err != nil {
			return docs.Document{}, err
		}
	}
	var title string
	if err := c.Get(&title, `SELECT title FROM dataset WHERE id = $1`, t.Dataset); err != nil {
		return docs.Document{}, err
	}
	field := t.Field
	if field == "" {
		field = "整个版本"
	}
	return checked(docs.Document{Kind: docs.Certificate, Number: c.Case.No, Title: "质量整改单", Blocks: []docs.Block{
		docs.KeyValues{Unruled: true, Pairs: []docs.Pair{{Key: "数源部门", Value: names[t.SourceOrg]}, {Key: "运营机构", Value: names[t.OperatorOrg]}, {Key: "数据集", Value: title + "（" + t.Dataset + "）"},
			{Key: "版本", Value: v.Label()}, {Key: "字段", Value: field}, {Key: "质量维度", Value: procedure.LabelOf(supply.Dimensions, t.Dimension)}, {Key: "影响程度", Value: procedure.LabelOf(supply.Severities, t.Severity)}}},
		docs.P("问题：" + f.Problem), docs.P("整改要求：" + f.Wanted), docs.Signature{Organ: names[t.OperatorOrg], Date: dateOf(t.Raised), Seal: true}}}, c.Case.No, c.Case.No, formDigest(c))
}
