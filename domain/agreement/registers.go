package agreement

import (
	"encoding/json"
	"fmt"
	"strings"

	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/domain/party"
	"pado/plan"
)

const group = "授权管理"

// Registers are the lists of this noun: 授权依据, 实施方案, 授权协议. The column of the state shows
// what was decided; the page of a record shows what it is today.
func Registers() []*register.Register {
	states := []procedure.Option{{Value: "in_force", Label: "现行"}, {Value: "superseded", Label: "已被取代"}, {Value: "revoked", Label: "已撤销"}}
	return []*register.Register{
		{ID: "mandates", Title: "授权依据", Group: group, Plan: plan.C("5.0"),
			Columns: []procedure.Column{{Key: "title", Label: "授权文件", Kind: "text", Primary: true}, {Key: "doc_no", Label: "文号", Kind: "code"},
				{Key: "government", Label: "授权政府", Kind: "text"}, {Key: "authority", Label: "实施机构", Kind: "text"}, {Key: "division", Label: "行政区划", Kind: "text"},
				{Key: "valid_from", Label: "生效日", Kind: "date"}, {Key: "valid_to", Label: "末日", Kind: "date"}, {Key: "state", Label: "决定", Kind: "tag"}, {Key: "backfill", Label: "补录", Kind: "tag"}},
			Filters: []register.Filter{{Key: "state", Label: "决定", Expr: "m.state", Options: states}},
			From:    "mandate m LEFT JOIN org g ON g.id = m.government_org LEFT JOIN org a ON a.id = m.authority_org", Key: "m.id",
			Cells: map[string]string{"title": "m.title", "doc_no": "m.doc_no", "government": "g.name", "authority": "a.name", "division": party.DivisionCell("m.division"),
				"valid_from": "m.valid_from", "valid_to": "m.valid_to", "state": stateCell("m.state"), "backfill": backfillCell("m.backfill")},
			Search: []string{"m.title", "m.doc_no"}, Order: "-m.valid_from", Public: true, Item: mandateItem},
		{ID: "schemes", Title: "实施方案", Group: group, Plan: plan.C("6.1.1"),
			Columns: []procedure.Column{{Key: "title", Label: "方案", Kind: "text", Primary: true}, {Key: "version", Label: "版本", Kind: "int"}, {Key: "doc_no", Label: "文号", Kind: "code"},
				{Key: "decided", Label: "审议通过日", Kind: "date"}, {Key: "valid_to", Label: "有效期末日", Kind: "date"}, {Key: "state", Label: "决定", Kind: "tag"}, {Key: "backfill", Label: "补录", Kind: "tag"}},
			Filters: []register.Filter{{Key: "state", Label: "决定", Expr: "s.state", Options: states}},
			From:    "scheme s", Key: "s.id",
			Cells: map[string]string{"title": "s.title", "version": "s.version", "doc_no": "s.doc_no", "decided": "s.decided", "valid_to": "s.valid_to",
				"state": stateCell("s.state"), "backfill": backfillCell("s.backfill")},
			Search: []string{"s.title", "s.doc_no", "s.minutes_no"}, Order: "-s.created", Public: true, Item: schemeItem},
		{ID: "agreements", Title: "授权运营协议", Group: group, Plan: plan.C("6.1.4"),
			Columns: []procedure.Column{{Key: "no", Label: "协议编号", Kind: "code"}, {Key: "title", Label: "协议", Kind: "text", Primary: true}, {Key: "operator", Label: "运营机构", Kind: "text"},
				{Key: "mode", Label: "模式", Kind: "tag"}, {Key: "signed", Label: "签订日", Kind: "date"}, {Key: "ends", Label: "期满日", Kind: "date"},
				{Key: "items", Label: "授权目录项", Kind: "int"}, {Key: "state", Label: "决定", Kind: "tag"}, {Key: "backfill", Label: "补录", Kind: "tag"}},
			Filters: []register.Filter{{Key: "state", Label: "决定", Expr: "a.state", Options: []procedure.Option{
				{Value: "in_force", Label: "已签订"}, {Value: "suspended", Label: "已暂停"}, {Value: "ended", Label: "已终止或到期"}}}},
			From: "agreement a LEFT JOIN org o ON o.id = a.operator_org", Key: "a.id",
			Cells: map[string]string{"no": "a.no", "title": "a.title", "operator": "o.name", "signed": "a.signed", "ends": "a.ends",
				"mode":  "CASE a.mode WHEN 'whole' THEN '整体授权' WHEN 'by_field' THEN '分领域授权' WHEN 'by_scenario' THEN '依场景授权' ELSE a.mode END",
				"items": "(SELECT COUNT(*) FROM agreement_item i WHERE i.agreement = a.id AND i.state = 'active')",
				"state": "CASE a.state WHEN 'in_force' THEN '已签订' WHEN 'suspended' THEN '已暂停' ELSE '已终止或到期' END", "backfill": backfillCell("a.backfill")},
			Search: []string{"a.no", "a.title", "o.name"}, Order: "-a.signed", Public: true, Item: agreementItem},
	}
}

func stateCell(col string) string {
	return "CASE " + col + " WHEN 'in_force' THEN '现行' WHEN 'superseded' THEN '已被取代' ELSE '已撤销' END"
}

func backfillCell(col string) string { return "CASE WHEN " + col + " THEN '补录' ELSE '' END" }

func orgName(r *store.ReadTx, org string) (string, error) {
	var name string
	err := r.Get(&name, `SELECT name FROM org WHERE id = $1`, org)
	if missing(err) {
		return org, nil
	}
	return name, err
}

// page collects the lines of a record's page; the first error stays.
type page struct {
	r     *store.ReadTx
	items []procedure.Item
	err   error
}

func (p *page) line(label string, value any, clause string) {
	p.items = append(p.items, procedure.Item{Label: label, Value: value, Clause: clause})
}

func (p *page) org(label, org string) {
	name, err := orgName(p.r, org)
	if err != nil && p.err == nil {
		p.err = err
	}
	p.line(label, name, "")
}

func backfillNote(backfill bool) string {
	if backfill {
		return "补录：在平台之外决定，依据佐证材料登记"
	}
	return ""
}

func mandateItem(r *store.ReadTx, _ procedure.Actor, key string) (*register.Item, error) {
	m, err := MandateByID(r, key)
	if err != nil {
		return nil, err
	}
	p := page{r: r}
	p.line("当前状态", m.Status(calendar.DateOf(r.Now())).Label(), "5.0")
	p.line("文号", m.DocNo, "")
	p.org("授权政府", m.GovernmentOrg)
	p.org("实施机构", m.AuthorityOrg)
	p.line("授权模式", ModeLabel(m.Mode), "5.1")
	p.line("授权范围", m.Scope, "")
	p.line("印发日", m.Issued.String(), "")
	p.line("有效期", span(m.ValidFrom, m.ValidTo), "")
	p.line("佐证材料摘要", m.Evidence, "")
	p.line("内容摘要", m.Digest, "")
	return &register.Item{Title: m.Title, Subtitle: backfillNote(m.Backfill), Cases: []string{m.CaseNo},
		Sections: []procedure.Section{{Kind: "keyvalues", Title: "授权依据", Clause: "5.0", Items: p.items}}}, p.err
}

func span(from, to calendar.Date) string {
	if to.IsZero() {
		return from.Chinese() + "起，至撤销或被取代时止"
	}
	return from.Chinese() + "至" + to.Chinese()
}

func schemeItem(r *store.ReadTx, _ procedure.Actor, key string) (*register.Item, error) {
	s, err := SchemeByID(r, key)
	if err != nil {
		return nil, err
	}
	p := page{r: r}
	p.line("当前状态", s.Status(calendar.DateOf(r.Now())).Label(), "12.1")
	p.line("版本", s.Version, "")
	p.line("文号", s.DocNo, "")
	p.line("会议纪要", s.MinutesNo, "6.1.1")
	p.org("审议机关", s.GovernmentOrg)
	p.line("审议通过日", s.Decided.String(), "")
	p.line("按“三重一大”集体决策", yes(s.Collective), "")
	p.line("有效期", span(s.ValidFrom, s.ValidTo), "12.1")
	p.line("内容摘要", s.Digest, "")
	chapters, err := textSection("方案正文", "6.1.1", Chapters, s.Chapters)
	if err != nil {
		return nil, err
	}
	return &register.Item{Title: s.Title, Subtitle: backfillNote(s.Backfill), Cases: []string{s.CaseNo},
		Sections: []procedure.Section{{Kind: "keyvalues", Title: "实施方案", Clause: "6.1.1", Items: p.items}, chapters}}, p.err
}

func yes(b bool) string {
	if b {
		return "是"
	}
	return "否"
}

// textSection shows the stored text part by part.
func textSection(title, clause string, parts []Part, raw string) (procedure.Section, error) {
	text := map[string]string{}
	if err := json.Unmarshal([]byte(raw), &text); err != nil {
		return procedure.Section{}, fmt.Errorf("read %s: %w", title, err)
	}
	s := procedure.Section{Kind: "keyvalues", Title: title, Clause: clause}
	for _, p := range parts {
		s.Items = append(s.Items, procedure.Item{Label: p.Title, Value: text[p.Key]})
	}
	return s, nil
}

func agreementItem(r *store.ReadTx, a procedure.Actor, key string) (*register.Item, error) {
	g, err := ByID(r, key)
	if err != nil {
		return nil, err
	}
	t, err := g.ReadTerms()
	if err != nil {
		return nil, err
	}
	today := calendar.DateOf(r.Now())
	p := page{r: r}
	p.line("当前状态", g.Status(today).Label(), "8.1")
	p.line("协议编号", g.No, "")
	p.org("实施机构", g.AuthorityOrg)
	p.org("运营机构", g.OperatorOrg)
	p.line("模式", ModeLabel(g.Mode), "5.1")
	p.line("签订日", g.Signed.String(), "")
	p.line("期满日（当日24时止）", g.Ends.String(), "5.2")
	p.line("批准文号", g.ApprovalNo, "6.1.4")
	p.line("运营方案定稿摘要", g.PlanDigest, "6.1.4")
	p.line("协议内容摘要", g.Digest, "6.1.4")
	scope, err := ScopeSection(r, g.ID)
	if err != nil {
		return nil, err
	}
	out := &register.Item{Title: g.Title, Subtitle: backfillNote(g.Backfill), Cases: []string{g.CaseNo},
		Sections: []procedure.Section{{Kind: "keyvalues", Title: "协议", Clause: "6.1.4", Items: p.items}, TermsSection(t), scope}}
	var cases []string
	if err := r.Select(&cases, `SELECT case_no FROM agreement_version WHERE agreement = $1 AND case_no <> $2 ORDER BY version`, g.ID, g.CaseNo); err != nil {
		return nil, err
	}
	out.Cases = append(out.Cases, cases...)
	if g.Status(today) == InForce {
		out.Starts = []register.Start{{Procedure: "p06_1e_amendment", Title: "协议变更", Prefill: map[string]any{"agreement": g.ID}}}
	}
	return out, p.err
}

// TermsSection shows the machine-readable terms.
func TermsSection(t Terms) procedure.Section {
	s := procedure.Section{Kind: "keyvalues", Title: "可执行条款", Clause: "6.1.4"}
	add := func(label string, v any, clause string) {
		s.Items = append(s.Items, procedure.Item{Label: label, Value: v, Clause: clause})
	}
	add("用途", strings.Join(t.Purposes, "、"), "11.3")
	add("期限", fmt.Sprintf("%d年", t.Years), "5.2")
	add("资源使用费费率", percent(t.Fee.RateBP), "10.4.1")
	add("计费基数", procedure.LabelOf(Bases, t.Fee.Base), "10.4.1")
	add("缴纳周期", procedure.LabelOf(Periods, t.Fee.Period), "6.2.5")
	add("缴纳时限", fmt.Sprintf("每期结束后%d个工作日内", t.Fee.DueWorkingDays), "6.2.5")
	add("超收处理", procedure.LabelOf(Excesses, t.Excess), "10.3.1")
	if t.Ratios.Sum() > 0 {
		add("超额收益分成", fmt.Sprintf("政府%s、运营机构%s、数源部门%s、合伙人%s；尾差归%s", percent(t.Ratios.Government), percent(t.Ratios.Operator),
			percent(t.Ratios.Source), percent(t.Ratios.Partner), procedure.LabelOf(Remainders, t.Remainder)), "10.4.1")
	} else {
		add("超额收益分成", "未约定", "10.4.1")
	}
	return s
}

func percent(bp int) string { return fmt.Sprintf("%d.%02d%%", bp/100, bp%100) }

// Choices of the terms; they are the ones of the parameters of the same matter.
var (
	Bases      = []procedure.Option{{Value: "operating_revenue", Label: "授权运营收入"}, {Value: "industry_revenue", Label: "产业、行业发展类产品收入"}}
	Periods    = []procedure.Option{{Value: "month", Label: "按月"}, {Value: "quarter", Label: "按季"}}
	Excesses   = []procedure.Option{{Value: "deduct_next_period", Label: "下期扣减"}, {Value: "pooled", Label: "统筹管理"}, {Value: "shared", Label: "按比例分成"}}
	Remainders = []procedure.Option{{Value: "government", Label: "政府"}, {Value: "operator", Label: "运营机构"}, {Value: "source", Label: "数源部门"}, {Value: "partner", Label: "合伙人"}}
)

// ScopeSection shows the authorised catalogue of an agreement.
func ScopeSection(r *store.ReadTx, agreement string) (procedure.Section, error) {
	s := procedure.Section{Kind: "table", Title: "授权运营目录", Clause: "6.1.4", Columns: []procedure.Column{{Key: "item", Label: "目录项", Kind: "text", Primary: true},
		{Key: "code", Label: "资源代码", Kind: "code"}, {Key: "fields", Label: "信息项", Kind: "text"}, {Key: "since", Label: "列入日", Kind: "date"},
		{Key: "ends", Label: "末日", Kind: "date"}, {Key: "state", Label: "状态", Kind: "tag"}}}
	items, err := Items(r, agreement)
	if err != nil {
		return s, err
	}
	for _, it := range items {
		var c struct{ Title, Code string }
		if err := r.Get(&c, `SELECT title, code FROM catalogue_item WHERE id = $1`, it.Item); missing(err) {
			c.Title = it.Item
		} else if err != nil {
			return s, err
		}
		fields, state := strings.Join(it.Fields, "、"), "在列"
		if fields == AllFields {
			fields = "全部可授权信息项"
		}
		if !it.Active {
			state = "已移出"
		}
		s.Rows = append(s.Rows, map[string]any{"item": c.Title, "code": c.Code, "fields": fields, "since": it.Since.String(), "ends": it.Ends.String(), "state": state})
	}
	return s, nil
}
