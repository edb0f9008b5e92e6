package procedures

import (
	"errors"
	"fmt"

	"pado/core/docs"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/agreement"
	"pado/domain/catalogue"
	"pado/domain/governance"
	"pado/domain/governance/connector"
	"pado/domain/governance/ingest/pipeline"
	"pado/domain/party"
	"pado/plan"
)

// hookupHolder is the agreement in force the case's item is under; store.ErrNotFound when none is.
func hookupHolder(c *procedure.Ctx) (agreement.Agreement, error) {
	f, err := procedure.Form[hookupForm](c)
	if err != nil {
		return agreement.Agreement{}, err
	}
	a, err := agreement.HolderOf(c.ReadTx, f.Item, c.Today())
	if err == nil && a.Status(c.Today()) != agreement.InForce {
		return a, store.ErrNotFound
	}
	return a, err
}

func hookupSource(c *procedure.Ctx) (string, error) {
	f, err := procedure.Form[hookupForm](c)
	if err != nil || f.Item == "" {
		return "", err
	}
	it, err := catalogue.ByID(c.ReadTx, f.Item)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return it.SourceOrg, err
}

func hookupOperator(c *procedure.Ctx) (string, error) {
	a, err := hookupHolder(c)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return a.OperatorOrg, err
}

func hookupRule(code, say, clause string, holds func(*procedure.Ctx, hookupForm) error) procedure.Rule {
	return procedure.Rule{Code: code, Say: say, Plan: plan.C(clause), Holds: func(c *procedure.Ctx) error {
		f, err := procedure.Form[hookupForm](c)
		if err != nil {
			return err
		}
		return holds(c, f)
	}}
}

var hookupItem = hookupRule("hookup.item", "所选目录项不在资源目录中，或者已经撤销", "7.2b", func(c *procedure.Ctx, f hookupForm) error {
	it, err := catalogue.ByID(c.ReadTx, f.Item)
	if err != nil {
		return ruleMissing(err)
	}
	return procedure.Hold(it.State == catalogue.StatePublished, nil)
})

// hookupParty: a source offers its own items, an operator asks for those of its own agreement.
func hookupParty(by procedure.Role) procedure.Rule {
	say := "所选目录项不由本单位提供"
	if by == party.Operator {
		say = "所选目录项不在本单位协议的授权运营目录内"
	}
	return hookupRule("hookup.party", say, "5.3", func(c *procedure.Ctx, _ hookupForm) error {
		find := hookupSource
		if by == party.Operator {
			find = hookupOperator
		}
		org, err := find(c)
		return procedure.Hold(org == c.Case.Org, err)
	})
}

// hookupFree: one connection for an item; the constraint decides between two that race.
var hookupFree = hookupRule("hookup.taken", "该目录项已有在用的接入", "6.2.2", func(c *procedure.Ctx, f hookupForm) error {
	there, err := c.Exists(`SELECT 1 FROM hookup WHERE item = $1 AND state = 'connected' AND case_no <> $2`, f.Item, c.Case.No)
	return procedure.Hold(!there, err)
})

// hookupAuthorised: nobody operates public data outside a lawful authorisation (5.3), so nothing
// is delivered before the item stands in the catalogue of an agreement in force.
var hookupAuthorised = procedure.Rule{Code: "hookup.authorised", Say: "目录项尚未列入生效协议的授权运营目录，请先办理协议签订或变更", Plan: plan.C("5.3"), Holds: func(c *procedure.Ctx) error {
	_, err := hookupHolder(c)
	return ruleMissing(err)
}}

// hookupSameItem: connecting fills in the governance part and nothing else.
var hookupSameItem = hookupRule("hookup.frozen", "对接时只能填写治理部分，目录项不能更换", "6.2.2", func(c *procedure.Ctx, f hookupForm) error {
	it, err := hookupSource(c)
	if err != nil {
		return err
	}
	org, err := c.Party(party.Source)
	return procedure.Hold(org == "" || org == it, err)
})

// hookupPipeline answers with what is wrong in the declaration, at its field.
var hookupPipeline = hookupRule("hookup.pipeline", "请填写治理流水线声明和每个保护单元的最多行数", "6.2.2", func(_ *procedure.Ctx, f hookupForm) error { return pipelineHolds(f) })

// pipelineHolds checks a declaration and the bound of rows that belongs to it.
func pipelineHolds(f hookupForm) error {
	if f.Pipeline == "" || f.RowsBound < 1 {
		return procedure.ErrFails
	}
	p, _, err := governance.ReadPipeline(f.Pipeline)
	var bad *pipeline.Error
	if errors.As(err, &bad) {
		message := bad.Message
		if bad.Path != "" {
			message = bad.Path + "：" + message
		}
		return &procedure.Invalid{Errors: []procedure.FieldError{{Path: "pipeline", Message: message, Clause: "6.2.2"}}}
	}
	if err != nil {
		return err
	}
	if p.Target.UnitDomain == "row" && f.RowsBound != 1 {
		return &procedure.Invalid{Errors: []procedure.FieldError{{Path: "rowsBound", Message: "每行即一个保护单元时，最多行数为1", Clause: "6.3.3"}}}
	}
	return nil
}

// hookupFields: what the catalogue marks as personal may not enter the pool as public.
var hookupFields = hookupRule("hookup.fields", "目录中标为个人信息的信息项，不能以“公开”标签进入资源池", "10.5.2", func(c *procedure.Ctx, f hookupForm) error {
	rows, err := matchFields(c, f)
	if err != nil {
		return err
	}
	return personalHolds(rows)
})

func personalHolds(rows []fieldMatch) error {
	for _, m := range rows {
		if m.known && m.field.Personal && m.label == "public" {
			return procedure.Refuse("hookup.fields", plan.C("10.5.2"), "字段“%s”在目录中为个人信息，不能以“公开”标签进入资源池", m.column)
		}
	}
	return nil
}

type fieldMatch struct {
	column, title, label string
	field                catalogue.Field
	known                bool
}

// matchFields pairs the columns of the pipeline's target with the information items of the catalogue.
func matchFields(c *procedure.Ctx, f hookupForm) ([]fieldMatch, error) {
	if f.Pipeline == "" {
		return nil, nil
	}
	p, _, err := governance.ReadPipeline(f.Pipeline)
	if err != nil {
		return nil, nil // said by the rule of the declaration itself
	}
	it, err := catalogue.ByID(c.ReadTx, f.Item)
	if err != nil {
		return nil, ruleMissing(err)
	}
	byName := map[string]catalogue.Field{}
	for _, x := range it.Fields {
		byName[x.Name] = x
	}
	var out []fieldMatch
	for _, col := range p.Target.Columns {
		x, ok := byName[col.Name]
		if !ok {
			x, ok = byName[col.Key()]
		}
		out = append(out, fieldMatch{col.Name, col.Title, col.Label, x, ok})
	}
	return out, nil
}

var hookupFile = procedure.Rule{Code: "hookup.file", Say: "所选文件不是您本人上传的，或者已用于其他事项，请重新上传", Plan: plan.C("7.2"), Holds: func(c *procedure.Ctx) error {
	in, err := procedure.Input[deliverInput](c)
	if err != nil {
		return err
	}
	return procedure.Hold(governance.CanDeliver(c.ReadTx, in.File, c.Actor.Person, c.Case.No))
}}

// lastVersion is what became of the newest delivery in the case; nil before there is a version.
func lastVersion(c *procedure.Ctx) (*governance.Raw, *governance.Version, error) {
	h, err := governance.HookupOfCase(c.ReadTx, c.Case.No)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	raw, err := governance.LastDelivery(c.ReadTx, h.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	v, err := governance.VersionOfRaw(c.ReadTx, raw.ID)
	if errors.Is(err, store.ErrNotFound) {
		return &raw, nil, nil
	}
	return &raw, &v, err
}

var hookupMade = procedure.Rule{Code: "hookup.not_made", Say: "治理作业尚未完成，请稍后再验收", Plan: plan.C("6.2.2"), Holds: func(c *procedure.Ctx) error {
	raw, v, err := lastVersion(c)
	switch {
	case err != nil:
		return err
	case raw != nil && raw.State == "failed":
		return procedure.Refuse("", plan.C("6.2.2"), "治理未成：%s。请退回数源部门重报", raw.Outcome)
	case raw == nil || raw.State == "received" || v == nil && raw.State != "ingested":
		return procedure.ErrFails
	case v == nil || v.State != "made":
		return procedure.Refuse("", plan.C("6.2.2"), "本次报送的内容与已处理过的版本相同，没有产生新版本，请退回数源部门")
	}
	return nil
}}

// hookupSettled: a delivery is sent back once its fate is known, not while it is being governed.
var hookupSettled = procedure.Rule{Code: "hookup.running", Say: "治理作业正在进行，完成后才能退回重报", Plan: plan.C("6.2.2"), Holds: func(c *procedure.Ctx) error {
	raw, _, err := lastVersion(c)
	return procedure.Hold(raw == nil || raw.State != "received", err)
}}

var hookupQuality = procedure.Rule{Code: "hookup.quality", Say: "质量分低于入池标准", Plan: plan.C("6.2.2"), Holds: func(c *procedure.Ctx) error {
	_, v, err := lastVersion(c)
	if err != nil || v == nil {
		return err
	}
	least, err := c.Days("quality.accept")
	if err != nil {
		return err
	}
	if v.Score < least {
		return procedure.Refuse("", plan.C("6.2.2"), "质量分%d.%02d%%低于入池标准%d.%02d%%，请退回数源部门整改后重报", v.Score/100, v.Score%100, least/100, least%100)
	}
	return nil
}}

// connectHookup records connection and dataset.
var connectHookup = procedure.Effect{Name: "connect", Say: "接入登记生效，建立或接续数据集", Plan: plan.C("6.2.2"), Run: func(c *procedure.Ctx) error {
	f, err := procedure.Form[hookupForm](c)
	if err != nil {
		return err
	}
	p, _, err := governance.ReadPipeline(f.Pipeline)
	if err != nil {
		return err
	}
	it, err := catalogue.ByID(c.ReadTx, f.Item)
	if err != nil {
		return err
	}
	title, unit := p.Target.Title, p.Target.UnitDomain
	if title == "" {
		title = it.Title
	}
	if unit == "" {
		unit = "none"
	}
	h, _, err := governance.Connect(c.W, governance.Hookup{Item: f.Item, SourceOrg: it.SourceOrg, OperatorOrg: c.Desk.Org, Division: it.Division, Kind: f.Kind, Pipeline: f.Pipeline, Cycle: f.Cycle, CaseNo: c.Case.No, RetainMonths: f.Retain},
		governance.Dataset{Title: title, UnitDomain: unit, UnitColumn: p.Target.Unit, RowsBound: f.RowsBound}, c.Actor.Person)
	if err != nil {
		return err
	}
	if connector.Fetched(h.Kind) {
		if err := governance.SetConnector(c.W, h, f.spec(), c.Actor.Person); err != nil {
			return err
		}
	}
	return c.SetSubject(h.ID)
}}

// receiveFile takes the delivery out of everybody's reach and queues its governance.
var receiveFile = procedure.Effect{Name: "receive", Say: "文件转入原始数据区，治理作业排队", Plan: plan.C("7.2"), Run: func(c *procedure.Ctx) error {
	in, err := procedure.Input[deliverInput](c)
	if err != nil {
		return err
	}
	h, err := governance.HookupOfCase(c.ReadTx, c.Case.No)
	if err != nil {
		return err
	}
	raw, err := governance.Receive(c.W, h.ID, in.File, c.Actor.Person, c.Desk.Org, c.Case.No)
	if errors.Is(err, governance.ErrUpload) {
		return procedure.Refuse("hookup.file", plan.C("7.2"), "%s", hookupFile.Say)
	}
	if err != nil {
		return err
	}
	_, err = governance.Queue(c.W, raw, h)
	return err
}}

// decideVersion accepts or rejects what the newest delivery became.
func decideVersion(accept bool) procedure.Effect {
	name, say := "reject", "该版本不进入资源池"
	if accept {
		name, say = "accept", "该版本进入资源池，成为数据集的现行版本"
	}
	return procedure.Effect{Name: name, Say: say, Plan: plan.C("6.2.2"), Run: func(c *procedure.Ctx) error {
		_, v, err := lastVersion(c)
		if err != nil {
			return err
		}
		if v == nil || v.State != "made" {
			if accept {
				return fmt.Errorf("no version to accept: %w", store.ErrConflict)
			}
			return nil
		}
		return governance.Decide(c.W, v.ID, accept, c.Actor.Person, c.Desk.Org)
	}}
}

var stopHookup = procedure.Effect{Name: "stop", Say: "不再接收报送", Plan: plan.C("6.2.2"), Run: func(c *procedure.Ctx) error {
	h, err := governance.HookupOfCase(c.ReadTx, c.Case.No)
	if err != nil {
		return err
	}
	return governance.StopHookup(c.W, h.ID, c.Actor.Person)
}}

func hookupDeliveries(c *procedure.Ctx) (procedure.Section, error) {
	h, err := governance.HookupOfCase(c.ReadTx, c.Case.No)
	if errors.Is(err, store.ErrNotFound) {
		return procedure.Section{}, nil
	}
	if err != nil {
		return procedure.Section{}, err
	}
	return governance.Deliveries(c.ReadTx, h.ID)
}

func hookupFieldTable(c *procedure.Ctx) (procedure.Section, error) {
	f, err := procedure.Form[hookupForm](c)
	if err != nil {
		return procedure.Section{}, err
	}
	rows, err := matchFields(c, f)
	if err != nil || len(rows) == 0 {
		return procedure.Section{}, err
	}
	s := procedure.Section{Kind: "table", Note: "目录中没有的字段不能授予开发主体使用。", Columns: []procedure.Column{{Key: "column", Label: "入池字段", Kind: "code", Primary: true}, {Key: "field", Label: "目录信息项", Kind: "text"},
		{Key: "personal", Label: "个人信息", Kind: "tag"}, {Key: "label", Label: "使用标签", Kind: "tag"}}}
	for _, m := range rows {
		field, personal := any(map[string]any{"text": "目录中没有", "tone": "warn"}), ""
		if m.known {
			field = m.field.Label
			if m.field.Sensitive {
				personal = "敏感个人信息"
			} else if m.field.Personal {
				personal = "个人信息"
			}
		}
		s.Rows = append(s.Rows, map[string]any{"column": m.column, "field": field, "personal": personal, "label": m.label})
	}
	return s, nil
}

// versionView draws the n-th section of the version made of the newest delivery.
func versionView(n int) func(*procedure.Ctx) (procedure.Section, error) {
	return func(c *procedure.Ctx) (procedure.Section, error) {
		_, v, err := lastVersion(c)
		if err != nil || v == nil {
			return procedure.Section{}, err
		}
		list, err := governance.Sections(*v)
		if err != nil || n >= len(list) {
			return procedure.Section{}, err
		}
		return list[n], nil
	}
}

func hookupPaper(c *procedure.Ctx) (docs.Document, error) {
	h, err := governance.HookupOfCase(c.ReadTx, c.Case.No)
	if err != nil {
		return docs.Document{}, err
	}
	d, err := governance.DatasetByID(c.ReadTx, h.Dataset)
	if err != nil {
		return docs.Document{}, err
	}
	it, err := catalogue.ByID(c.ReadTx, h.Item)
	if err != nil {
		return docs.Document{}, err
	}
	org, err := c.Party(party.Authority)
	if err != nil {
		return docs.Document{}, err
	}
	names := map[string]string{}
	for _, o := range []string{org, h.SourceOrg, h.OperatorOrg} {
		if names[o], err = orgNamed(c, o); err != nil {
			return docs.Document{}, err
		}
	}
	pairs := []docs.Pair{{Key: "目录项", Value: it.Title + "（" + it.Code + "）"}, {Key: "数源部门", Value: names[h.SourceOrg]}, {Key: "运营机构", Value: names[h.OperatorOrg]},
		{Key: "接入编号", Value: h.ID}, {Key: "供给周期", Value: catalogue.Label(catalogue.Cycles, h.Cycle)}, {Key: "治理流水线摘要", Value: h.PipelineDigest}}
	digest := h.PipelineDigest
	if d.CurrentVersion != "" {
		v, err := governance.VersionByID(c.ReadTx, d.CurrentVersion)
		if err != nil {
			return docs.Document{}, err
		}
		digest = v.FileDigest
		pairs = append(pairs, docs.Pair{Key: "数据集版本", Value: fmt.Sprintf("第%d版，%d行，质量分%d.%02d%%", v.N, v.Rows, v.Score/100, v.Score%100)}, docs.Pair{Key: "数据文件摘要", Value: v.FileDigest})
	}
	return checked(docs.Document{Kind: docs.Certificate, Number: h.ID, Title: "数据接入回执", Blocks: []docs.Block{docs.KeyValues{Pairs: pairs, Unruled: true},
		docs.P("上述数据已按“原始数据不出域、数据可用不可见”的要求接入资源池。"), docs.Signature{Organ: names[org], Date: dateOf(c.Case.Updated), Seal: true}}}, h.ID, h.ID, digest)
}
