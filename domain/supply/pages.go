package supply

import (
	"fmt"
	"net/url"

	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/domain/party"
)

// Link is a value of a section that opens a record; nothing where there is none.
func Link(text, register, key string) any {
	if key == "" {
		return ""
	}
	return map[string]any{"text": text, "href": "/registers/" + register + "/" + url.PathEscape(key)}
}

// Moment is an instant as people read it.
func Moment(t store.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(calendar.Shanghai).Format("2006-01-02 15:04")
}

func optionOf(list []procedure.Option, value string, tones map[string]string) map[string]any {
	return map[string]any{"text": procedure.LabelOf(list, value), "tone": tones[value]}
}

func orgName(r *store.ReadTx, org string) (string, error) {
	var name string
	err := r.Get(&name, `SELECT name FROM org WHERE id = $1`, org)
	if missing(err) {
		return org, nil
	}
	return name, err
}

// PeriodsSection is the supply calendar of a hookup, the newest first; alarm narrows it to the periods an
// alarm tells of.
func PeriodsSection(r *store.ReadTx, hookup, alarm string) (procedure.Section, error) {
	s := procedure.Section{Kind: "table", Title: "供给日历", Clause: "7.2", Columns: []procedure.Column{primary("period", "期间"), col("due", "截止", "text"), col("delivered", "报送时间", "datetime"), col("rows", "报送行数", "int"), col("state", "状态", "tag")}}
	line, err := LineOf(r, hookup)
	if err != nil {
		return s, err
	}
	var list []struct {
		Starts, State string
		Due           store.Time
		DueYear       int
		Delivered     store.Time
		Rows          *int64
	}
	if err := r.Select(&list, `SELECT p.starts, `+periodState+` AS state, p.due, p.due_year, p.delivered, d.row_count AS rows FROM supply_period p LEFT JOIN supply_delivery d ON d.id = p.delivery
		WHERE p.hookup = $1 AND ($2 = '' OR p.alarm = $2) ORDER BY p.starts DESC LIMIT 120`, hookup, alarm); err != nil {
		return s, err
	}
	for i := 0; i < len(list); i++ {
		x := list[i]
		d, err := calendar.ParseDate(x.Starts)
		if err != nil {
			return s, fmt.Errorf("read the calendar of %s: %w", hookup, err)
		}
		p, _ := PeriodOf(line.Cycle, d)
		missed := 1
		for x.State == "missing" && i+missed < len(list) && list[i+missed].State == "missing" {
			missed++
		}
		if missed > 3 { // a long silence is one line
			first := list[i+missed-1]
			i += missed - 1
			b, err := calendar.ParseDate(first.Starts)
			if err != nil {
				return s, fmt.Errorf("read the calendar of %s: %w", hookup, err)
			}
			begin, _ := PeriodOf(line.Cycle, b)
			s.Rows = append(s.Rows, map[string]any{"period": fmt.Sprintf("%s至%s，共%d期", begin.Starts, p.Ends, missed), "due": "最早 " + calendar.Due{At: first.Due.Time}.Label(),
				"state": optionOf(periodStates, x.State, map[string]string{"missing": "bad"})})
			continue
		}
		row := map[string]any{"period": p.Label(), "due": calendar.Due{At: x.Due.Time, Unresolved: x.DueYear}.Label(), "state": optionOf(periodStates, x.State, map[string]string{"in_time": "ok", "late": "warn", "missing": "bad"})}
		if !x.Delivered.IsZero() {
			row["delivered"] = x.Delivered
		}
		if x.Rows != nil {
			row["rows"] = *x.Rows
		}
		s.Rows = append(s.Rows, row)
	}
	if len(list) == 120 {
		s.Note = "只列最近120期，其余见供给日历。"
	}
	if _, regular := PeriodOf(line.Cycle, calendar.Date{Y: 2026, M: 1, D: 1}); !regular {
		s.Note = "供给周期为不定期，不设预期报送。"
	}
	return s, nil
}

var deliveryStates = []procedure.Option{{Value: "received", Label: "治理中"}, {Value: "made", Label: "待验收"}, {Value: "accepted", Label: "已入池"}, {Value: "rejected", Label: "未验收"}, {Value: "failed", Label: "治理未成"}, {Value: "same", Label: "与以前相同"}}

type shownDelivery struct {
	Received              store.Time
	Period, State, ID     string
	Version, Outcome, Raw string
	RowCount              *int64
}

func deliveries(r *store.ReadTx, hookup string, n int) (out []shownDelivery, err error) {
	return out, r.Select(&out, `SELECT d.id, d.received, d.period, d.state, d.version, d.raw, d.row_count, COALESCE(f.outcome, '') AS outcome FROM supply_delivery d LEFT JOIN raw_file f ON f.id = d.raw
		WHERE d.hookup = $1 ORDER BY d.received DESC, d.id DESC LIMIT $2`, hookup, n)
}

// DeliveriesSection lists what came over a hookup, the newest first.
func DeliveriesSection(r *store.ReadTx, hookup string) (procedure.Section, error) {
	s := procedure.Section{Kind: "table", Title: "实际报送", Clause: "7.2", Columns: []procedure.Column{col("received", "报送时间", "datetime"), primary("period", "计入期间"), col("rows", "行数", "int"), col("state", "结果", "tag"), col("outcome", "说明", "text")}}
	line, err := LineOf(r, hookup)
	if err != nil {
		return s, err
	}
	list, err := deliveries(r, hookup, 30)
	if err != nil {
		return s, err
	}
	for _, x := range list {
		row := map[string]any{"received": x.Received, "period": "补充报送", "state": optionOf(deliveryStates, x.State, map[string]string{"accepted": "ok", "failed": "bad", "rejected": "bad", "same": "warn"})}
		if d, err := calendar.ParseDate(x.Period); err == nil {
			p, _ := PeriodOf(line.Cycle, d)
			row["period"] = p.Label()
		}
		if x.RowCount != nil {
			row["rows"] = *x.RowCount
		}
		if x.State == "failed" {
			row["outcome"] = x.Outcome
		}
		s.Rows = append(s.Rows, row)
	}
	return s, nil
}

// boardPage is a hookup's supply: the figures with their counts, a plot of rows, calendar, deliveries, alarms.
func boardPage(r *store.ReadTx, a procedure.Actor, key string) (*register.Item, error) {
	line, err := LineOf(r, key)
	if err != nil {
		return nil, err
	}
	source, err := orgName(r, line.SourceOrg)
	if err != nil {
		return nil, err
	}
	var n struct{ Settled, InTime int }
	if err := r.Get(&n, `SELECT COALESCE(SUM(CASE WHEN p.delivery <> '' OR p.alarm <> '' THEN 1 ELSE 0 END), 0) AS settled, COALESCE(SUM(CASE WHEN p.delivery <> '' AND (p.due IS NULL OR p.delivered < p.due) THEN 1 ELSE 0 END), 0) AS in_time
		FROM supply_period p WHERE p.hookup = $1`, key); err != nil {
		return nil, err
	}
	var caseNo string
	if err := r.Get(&caseNo, `SELECT case_no FROM hookup WHERE id = $1`, key); err != nil {
		return nil, err
	}
	out := &register.Item{Title: line.Title, Subtitle: line.ID, Cases: []string{caseNo}, Sections: []procedure.Section{{Kind: "keyvalues", Title: "供给", Clause: "7.2", Items: []procedure.Item{
		{Label: "数源部门", Value: source}, {Label: "供给周期", Value: procedure.LabelOf(cycles, line.Cycle)}, {Label: "目录项", Value: Link(line.Title, "catalogue", line.Item)},
		{Label: "数据集", Value: Link(line.Dataset, "datasets", line.Dataset)}, {Label: "按期率（按期期数÷已到期数）", Value: ratio(n.InTime, n.Settled)}}}}}
	plot := procedure.Section{Kind: "chart", Title: "各次报送行数", Clause: "7.2", Columns: []procedure.Column{primary("at", "报送日"), col("rows", "行数", "int")}}
	list, err := deliveries(r, key, 24)
	if err != nil {
		return nil, err
	}
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].RowCount != nil {
			plot.Rows = append(plot.Rows, map[string]any{"at": calendar.DateOf(list[i].Received.Time).String(), "rows": *list[i].RowCount})
		}
	}
	if len(plot.Rows) > 0 {
		out.Sections = append(out.Sections, plot)
	}
	for _, f := range []func() (procedure.Section, error){func() (procedure.Section, error) { return PeriodsSection(r, key, "") }, func() (procedure.Section, error) { return DeliveriesSection(r, key) },
		func() (procedure.Section, error) { return alarmsSection(r, "a.hookup = $1", key) }} {
		s, err := f()
		if err != nil {
			return nil, err
		}
		out.Sections = append(out.Sections, s)
	}
	for _, d := range a.Desks {
		if d.Role == party.Operator && d.Org == line.OperatorOrg && line.Dataset != "" {
			out.Starts = []register.Start{{Procedure: "p11_2_correction", Title: "发出质量整改单", Prefill: map[string]any{"dataset": line.Dataset}}}
		}
	}
	return out, nil
}

func alarmsSection(r *store.ReadTx, where, key string) (procedure.Section, error) {
	s := procedure.Section{Kind: "table", Title: "供给异常", Clause: "7.2", Columns: []procedure.Column{primary("said", "情况"), col("kind", "类型", "tag"), col("raised", "发现时间", "datetime"), col("state", "状态", "tag"), col("where", "处置", "link")}}
	var list []struct {
		ID, Kind, Said, State, CaseNo string
		Raised                        store.Time
	}
	if err := r.Select(&list, `SELECT a.id, a.kind, a.said, a.raised, a.case_no, CASE WHEN a.state = 'resolved' THEN 'resolved' ELSE COALESCE(f.state, 'found') END AS state FROM supply_alarm a LEFT JOIN case_file f ON f.no = a.case_no
		WHERE `+where+` ORDER BY a.raised DESC, a.id DESC LIMIT 30`, key); err != nil {
		return s, err
	}
	states := append([]procedure.Option{{Value: "resolved", Label: "已解决"}}, alarmStates...)
	for _, x := range list {
		s.Rows = append(s.Rows, map[string]any{"said": x.Said, "kind": procedure.LabelOf(Kinds, x.Kind), "raised": x.Raised, "state": optionOf(states, x.State, map[string]string{"resolved": "ok", "escalated": "bad", "open": "warn"}),
			"where": Link(x.ID, "supply_alarms", x.ID)})
	}
	return s, nil
}

func alarmPage(r *store.ReadTx, _ procedure.Actor, key string) (*register.Item, error) {
	a, err := AlarmByID(r, key)
	if err != nil {
		return nil, err
	}
	line, err := LineOf(r, a.Hookup)
	if err != nil {
		return nil, err
	}
	out := &register.Item{Title: procedure.LabelOf(Kinds, a.Kind) + "：" + line.Title, Subtitle: a.ID, Sections: []procedure.Section{{Kind: "keyvalues", Title: "异常", Clause: "7.2", Items: []procedure.Item{{Label: "情况", Value: a.Said},
		{Label: "发现时间", Value: Moment(a.Raised)}, {Label: "供给看板", Value: Link(line.Title, "supply_board", line.ID)}}}}}
	if a.CaseNo != "" {
		out.Cases = []string{a.CaseNo}
	}
	if a.Kind == "late" {
		s, err := PeriodsSection(r, a.Hookup, a.ID)
		if err != nil {
			return nil, err
		}
		s.Title = "所涉各期"
		out.Sections = append(out.Sections, s)
	}
	s, err := DeliveriesSection(r, a.Hookup)
	if err != nil {
		return nil, err
	}
	out.Sections = append(out.Sections, s)
	return out, nil
}

func requestPage(r *store.ReadTx, _ procedure.Actor, key string) (*register.Item, error) {
	q, err := RequestOf(r, key)
	if err != nil {
		return nil, err
	}
	s, err := ProgressSection(r, q.Item, q.OperatorOrg)
	if err != nil {
		return nil, err
	}
	s.Title, s.Clause = "供给进展", "7.2"
	return &register.Item{Title: q.Title, Subtitle: q.CaseNo, Cases: []string{q.CaseNo}, Sections: []procedure.Section{s}}, nil
}

func ticketPage(r *store.ReadTx, _ procedure.Actor, key string) (*register.Item, error) {
	t, err := TicketOf(r, key)
	if err != nil {
		return nil, err
	}
	v, err := VersionOf(r, t.Version)
	if err != nil {
		return nil, err
	}
	source, err := orgName(r, t.SourceOrg)
	if err != nil {
		return nil, err
	}
	field, err := fieldWord(r, t.Dataset, t.Field)
	if err != nil {
		return nil, err
	}
	s := procedure.Section{Kind: "keyvalues", Title: "整改", Clause: "11.2", Items: []procedure.Item{{Label: "数据集", Value: Link(t.Dataset, "datasets", t.Dataset)}, {Label: "版本", Value: v.Label()}, {Label: "字段", Value: field},
		{Label: "质量维度", Value: procedure.LabelOf(Dimensions, t.Dimension)}, {Label: "影响程度", Value: procedure.LabelOf(Severities, t.Severity)}, {Label: "数源部门", Value: source}, {Label: "发出时间", Value: Moment(t.Raised)}}}
	if t.Answer != "" {
		s.Items = append(s.Items, procedure.Item{Label: "答复", Value: map[string]string{"explained": "说明情况", "redelivered": "重新报送"}[t.Answer]})
	}
	if t.AnswerVersion != "" {
		n, err := VersionOf(r, t.AnswerVersion)
		if err != nil {
			return nil, err
		}
		s.Items = append(s.Items, procedure.Item{Label: "重新报送的版本", Value: n.Label()})
	}
	return &register.Item{Title: t.Title, Subtitle: t.CaseNo, Cases: []string{t.CaseNo}, Sections: []procedure.Section{s}}, nil
}

// fieldWord is what the catalogue calls a column of a dataset, "整个版本" for none; a column the
// catalogue does not know keeps its own name.
func fieldWord(r *store.ReadTx, dataset, field string) (string, error) {
	if field == "" {
		return "整个版本", nil
	}
	var label string
	err := r.Get(&label, `SELECT COALESCE((SELECT MAX(f.label) FROM catalogue_field f JOIN dataset d ON d.item = f.item WHERE d.id = $1 AND f.name = $2), $3)`, dataset, field, field)
	return label, err
}

// TicketsSection lists the correction tickets of a dataset; no section when there is none.
func TicketsSection(r *store.ReadTx, dataset string) (procedure.Section, error) {
	var list []Ticket
	if err := r.Select(&list, `SELECT `+ticketColumns+` FROM quality_ticket WHERE dataset = $1 ORDER BY raised DESC LIMIT 20`, dataset); err != nil || len(list) == 0 {
		return procedure.Section{}, err
	}
	s := procedure.Section{Kind: "table", Title: "质量整改", Clause: "11.2", Columns: []procedure.Column{primary("title", "问题"), col("field", "字段", "text"), col("dimension", "维度", "tag"), col("raised", "发出时间", "datetime"), col("state", "状态", "tag"), col("where", "整改单", "link")}}
	for _, t := range list {
		field, err := fieldWord(r, dataset, t.Field)
		if err != nil {
			return s, err
		}
		s.Rows = append(s.Rows, map[string]any{"title": t.Title, "field": field, "dimension": procedure.LabelOf(Dimensions, t.Dimension), "raised": t.Raised,
			"state": map[string]any{"text": map[string]string{"open": "未销单", "closed": "已销单", "withdrawn": "已撤回"}[t.State], "tone": map[string]string{"open": "warn", "closed": "ok"}[t.State]},
			"where": Link(t.CaseNo, "quality_tickets", t.CaseNo)})
	}
	return s, nil
}

// NationalSection shows where a national registration stands.
func NationalSection(_ *store.ReadTx, n National) (procedure.Section, error) {
	s := procedure.Section{Kind: "keyvalues", Title: "登记状态", Clause: "6.3.4"}
	add := func(label string, value any) { s.Items = append(s.Items, procedure.Item{Label: label, Value: value}) }
	add("状态", optionOf(NationalStates, n.State, map[string]string{"coded": "ok", "none": "warn", "objection": "warn", "refused": "bad"}))
	duty := "鼓励登记（公共服务企业）"
	if n.Obliged {
		duty = "应当登记（进入授权运营的资源）"
	}
	add("要求", duty)
	if !n.Began.IsZero() {
		add("开始向授权运营提供数据", dayOf(n.Began))
	}
	if due := (calendar.Due{At: n.Due.Time, Unresolved: n.DueYear}); due.Set() {
		limit := any(due.Label())
		if n.State == "none" && n.Told == "overdue" {
			limit = map[string]any{"text": due.Label() + "，逾期未申请", "tone": "bad"}
		}
		add("首次申请期限", limit)
	}
	for _, x := range []struct{ label, value string }{{"申请日期", n.Applied}, {"登记确认单编号", n.Number}, {"赋码日期", n.Coded}, {"有效期至", n.ValidTo}} {
		if x.value != "" {
			add(x.label, x.value)
		}
	}
	return s, nil
}

func nationalPage(r *store.ReadTx, a procedure.Actor, key string) (*register.Item, error) {
	n, err := NationalOf(r, key)
	if err != nil {
		return nil, err
	}
	var title string
	if err := r.Get(&title, `SELECT title FROM catalogue_item WHERE id = $1`, key); err != nil {
		return nil, err
	}
	s, err := NationalSection(r, n)
	if err != nil {
		return nil, err
	}
	s.Items = append(s.Items, procedure.Item{Label: "目录项", Value: Link(title, "catalogue", key)})
	out := &register.Item{Title: title, Subtitle: "公共数据资源登记", Sections: []procedure.Section{s}}
	if err := r.Select(&out.Cases, `SELECT no FROM case_file WHERE procedure = 'p06_3d_national' AND subject = $1 ORDER BY updated DESC LIMIT 50`, key); err != nil {
		return nil, err
	}
	for _, d := range a.Desks {
		if d.Role != party.Source || d.Org != n.SourceOrg {
			continue
		}
		start := func(act, label string) {
			out.Starts = append(out.Starts, register.Start{Procedure: "p06_3d_national", Title: label, Prefill: map[string]any{"act": act, "item": key}})
		}
		if n.Number == "" || n.State == "cancelled" {
			start("initial", "准备首次登记")
			break
		}
		for _, o := range NationalActs[1:] {
			start(o.Value, o.Label)
		}
		break
	}
	return out, nil
}

// ratio shows a rate with its two counts; without a denominator there is no rate.
func ratio(n, of int) string {
	if of == 0 {
		return fmt.Sprintf("%d ÷ %d，无可计算", n, of)
	}
	bp := n * 10_000 / of
	return fmt.Sprintf("%d ÷ %d = %d.%02d%%", n, of, bp/100, bp%100)
}
