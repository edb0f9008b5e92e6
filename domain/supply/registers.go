package supply

import (
	"pado/core/procedure"
	"pado/core/register"
	"pado/domain/party"
	"pado/plan"
)

const group = "目录与供给"

var readers = []procedure.Role{party.Authority, party.Source, party.Operator, party.Government, party.Auditor}

// scope narrows rows to what an actor may see: a source and an operator their own, those who govern
// and audit what is in their division.
func scope(source, operator, division string) func(procedure.Actor, func(any) string) string {
	return func(a procedure.Actor, arg func(any) string) string {
		cond := "1 = 0"
		for _, d := range a.Desks {
			switch d.Role {
			case party.Authority, party.Government, party.Auditor:
				cond += " OR " + register.Within(division, d.Division, arg)
			case party.Source:
				cond += " OR " + source + " = " + arg(d.Org)
			case party.Operator:
				if operator != "" {
					cond += " OR " + operator + " = " + arg(d.Org)
				}
			}
		}
		return cond
	}
}

func col(key, label, kind string) procedure.Column {
	return procedure.Column{Key: key, Label: label, Kind: kind}
}

func primary(key, label string) procedure.Column {
	return procedure.Column{Key: key, Label: label, Kind: "text", Primary: true}
}

// periodState derives the state of a line of the calendar.
const periodState = `CASE WHEN p.delivery <> '' AND (p.due IS NULL OR p.delivered < p.due) THEN 'in_time' WHEN p.delivery <> '' THEN 'late' WHEN p.alarm <> '' THEN 'missing' WHEN p.due_year > 0 THEN 'unresolved' ELSE 'waiting' END`

var periodStates = []procedure.Option{{Value: "in_time", Label: "按期"}, {Value: "late", Label: "迟报"}, {Value: "missing", Label: "逾期未报"}, {Value: "waiting", Label: "待报送"}, {Value: "unresolved", Label: "期限待公布"}}

var openState = []procedure.Option{{Value: "open", Label: "未解决"}, {Value: "resolved", Label: "已解决"}}

// Registers are the lists of this noun: 供给看板, 供给日历, 供给异常, 归集率和供给率, 供给需求, 归集台账, 质量整改,
// 公共数据资源登记.
func Registers() []*register.Register {
	c := plan.C("7.2")
	hookup := "hookup h LEFT JOIN catalogue_item i ON i.id = h.item LEFT JOIN org o ON o.id = h.source_org"
	own := scope("h.source_org", "h.operator_org", "h.division")
	settled := "(SELECT COUNT(*) FROM supply_period p WHERE p.hookup = h.id AND (p.delivery <> '' OR p.alarm <> ''))"
	inTime := "(SELECT COUNT(*) FROM supply_period p WHERE p.hookup = h.id AND p.delivery <> '' AND (p.due IS NULL OR p.delivered < p.due))"
	alarms := "(SELECT COUNT(*) FROM supply_alarm a WHERE a.hookup = h.id AND a.state = 'open')"
	return []*register.Register{
		{ID: "supply_board", Title: "供给看板", Group: group, Plan: c, Roles: readers,
			Columns: []procedure.Column{primary("item", "目录项"), col("source", "数源部门", "text"), col("cycle", "供给周期", "tag"), col("last", "最近报送", "datetime"), col("next", "下次截止", "datetime"),
				col("intime", "按期期数", "int"), col("settled", "已到期数", "int"), col("rate", "按期率", "percent"), col("alarms", "未解决异常", "int"), col("state", "接入状态", "tag")},
			Filters: []register.Filter{{Key: "alarm", Label: "异常", Expr: "CASE WHEN " + alarms + " > 0 THEN 'yes' ELSE 'no' END", Options: []procedure.Option{{Value: "yes", Label: "有未解决异常"}, {Value: "no", Label: "无"}}},
				{Key: "state", Label: "接入状态", Expr: "h.state", Options: []procedure.Option{{Value: "connected", Label: "已接入"}, {Value: "stopped", Label: "已停止"}}}},
			From: hookup, Key: "h.id",
			Cells: map[string]string{"item": "COALESCE(i.title, h.item)", "source": "o.name", "cycle": register.LabelCase("h.cycle", cycles), "last": "(SELECT MAX(d.received) FROM supply_delivery d WHERE d.hookup = h.id)",
				"next":   "(SELECT MIN(p.due) - 1 FROM supply_period p WHERE p.hookup = h.id AND p.delivery = '' AND p.alarm = '' AND h.state = 'connected')",
				"intime": inTime, "settled": settled, "rate": "CASE WHEN " + settled + " > 0 THEN " + inTime + " * 10000 / " + settled + " END", "alarms": alarms, "state": "CASE h.state WHEN 'connected' THEN '已接入' ELSE '已停止' END"},
			Search: []string{"i.title", "o.name", "h.id"}, Order: "-" + alarms, Visible: own, Item: boardPage},
		{ID: "supply_calendar", Title: "供给日历", Group: group, Plan: c, Roles: readers,
			Columns: []procedure.Column{primary("item", "目录项"), col("source", "数源部门", "text"), col("starts", "期间始", "date"), col("ends", "期间止", "date"), col("due", "截止", "datetime"),
				col("delivered", "报送时间", "datetime"), col("rows", "报送行数", "int"), col("state", "状态", "tag")},
			Filters: []register.Filter{{Key: "state", Label: "状态", Expr: periodState, Options: periodStates}},
			From:    "supply_period p JOIN hookup h ON h.id = p.hookup LEFT JOIN catalogue_item i ON i.id = h.item LEFT JOIN org o ON o.id = h.source_org LEFT JOIN supply_delivery d ON d.id = p.delivery", Key: "p.hookup || '@' || p.starts",
			Cells: map[string]string{"item": "COALESCE(i.title, h.item)", "source": "o.name", "starts": "p.starts", "ends": "p.ends", "due": "p.due - 1", "delivered": "p.delivered", "rows": "d.row_count",
				"state": register.LabelCase(periodState, periodStates)},
			Search: []string{"i.title", "o.name"}, Order: "-p.starts", Visible: own},
		{ID: "supply_alarms", Title: "供给异常", Group: group, Plan: c, Roles: readers,
			Columns: []procedure.Column{col("id", "编号", "code"), primary("item", "目录项"), col("kind", "类型", "tag"), col("source", "数源部门", "text"), col("said", "情况", "text"), col("periods", "逾期期数", "int"), col("raised", "发现时间", "datetime"),
				col("state", "状态", "tag"), col("case", "处置事项", "code")},
			Filters: []register.Filter{{Key: "state", Label: "状态", Expr: "a.state", Options: openState}, {Key: "kind", Label: "类型", Expr: "a.kind", Options: Kinds}},
			From:    "supply_alarm a LEFT JOIN catalogue_item i ON i.id = a.item LEFT JOIN org o ON o.id = a.source_org LEFT JOIN case_file f ON f.no = a.case_no", Key: "a.id",
			Cells: map[string]string{"id": "a.id", "item": "COALESCE(i.title, a.item)", "kind": register.LabelCase("a.kind", Kinds), "source": "o.name", "said": "a.said", "raised": "a.raised",
				"periods": "CASE a.kind WHEN 'late' THEN (SELECT COUNT(*) FROM supply_period p WHERE p.alarm = a.id) END",
				"state":   "CASE WHEN a.state = 'resolved' THEN '已解决' ELSE " + register.LabelCase("COALESCE(f.state, 'found')", alarmStates) + " END", "case": "a.case_no"},
			Search: []string{"i.title", "o.name", "a.id"}, Order: "-a.raised", Visible: scope("a.source_org", "a.operator_org", "a.division"), Item: alarmPage},
		ratesRegister(),
		{ID: "supply_requests", Title: "供给需求", Group: group, Plan: c, Roles: readers,
			Columns: []procedure.Column{primary("title", "所需数据"), col("source", "数源部门", "text"), col("operator", "运营机构", "text"), col("held", "归集情况", "tag"), col("submitted", "提出时间", "datetime"),
				col("due", "应答复", "datetime"), col("answered", "实际答复", "datetime"), col("answer", "答复", "tag"), col("state", "状态", "tag"), col("case", "事项", "code")},
			Filters: []register.Filter{{Key: "state", Label: "状态", Expr: "q.state", Options: RequestStates}, {Key: "answer", Label: "答复", Expr: "q.answer", Options: answers}},
			From:    "supply_request q LEFT JOIN org o ON o.id = q.source_org LEFT JOIN org p ON p.id = q.operator_org", Key: "q.case_no",
			Cells: map[string]string{"title": "q.title", "source": "o.name", "operator": "p.name", "held": "CASE q.held WHEN 'yes' THEN '已归集' WHEN 'no' THEN '未归集' ELSE '' END", "submitted": "q.submitted",
				"due": "q.answer_due - 1", "answered": "q.answered", "answer": "CASE q.answer WHEN 'agreed' THEN '同意' WHEN 'refused' THEN '不予供给' ELSE '' END", "state": register.LabelCase("q.state", RequestStates), "case": "q.case_no"},
			Search: []string{"q.title", "o.name", "q.case_no"}, Order: "-q.submitted", Visible: scope("q.source_org", "q.operator_org", "q.division"), Item: requestPage},
		{ID: "supply_collections", Title: "归集台账", Group: group, Plan: c, Roles: readers,
			Columns: []procedure.Column{primary("item", "目录项"), col("source", "数源部门", "text"), col("mode", "归集方式", "tag"), col("on", "归集日期", "date"), col("place", "市级平台库表或接口", "text"), col("state", "状态", "tag"), col("case", "事项", "code")},
			Filters: []register.Filter{{Key: "mode", Label: "归集方式", Expr: "x.mode", Options: Modes}},
			From:    "supply_collection x LEFT JOIN catalogue_item i ON i.id = x.item LEFT JOIN org o ON o.id = x.source_org", Key: "x.id",
			Cells:  map[string]string{"item": "COALESCE(i.title, x.item)", "source": "o.name", "mode": register.LabelCase("x.mode", Modes), "on": "x.collected", "place": "x.place", "state": "CASE x.state WHEN 'collected' THEN '已归集' ELSE '已更替' END", "case": "x.case_no"},
			Search: []string{"i.title", "o.name", "x.place"}, Order: "-x.collected", Visible: scope("x.source_org", "", "x.division")},
		{ID: "quality_tickets", Title: "质量整改", Group: group, Plan: plan.C("11.2"), Roles: readers,
			Columns: []procedure.Column{primary("title", "问题"), col("dataset", "数据集", "text"), col("field", "字段", "text"), col("dimension", "维度", "tag"), col("severity", "影响程度", "tag"), col("source", "数源部门", "text"),
				col("raised", "发出时间", "datetime"), col("answered", "答复时间", "datetime"), col("state", "状态", "tag"), col("case", "事项", "code")},
			Filters: []register.Filter{{Key: "state", Label: "状态", Expr: "t.state", Options: []procedure.Option{{Value: "open", Label: "未销单"}, {Value: "closed", Label: "已销单"}, {Value: "withdrawn", Label: "已撤回"}}},
				{Key: "dimension", Label: "维度", Expr: "t.dimension", Options: Dimensions}, {Key: "severity", Label: "影响程度", Expr: "t.severity", Options: Severities}},
			From: "quality_ticket t LEFT JOIN dataset d ON d.id = t.dataset LEFT JOIN org o ON o.id = t.source_org LEFT JOIN case_file f ON f.no = t.case_no", Key: "t.case_no",
			Cells: map[string]string{"title": "t.title", "dataset": "d.title", "field": "COALESCE((SELECT MAX(f.label) FROM catalogue_field f WHERE f.item = d.item AND f.name = t.field), t.field)", "dimension": register.LabelCase("t.dimension", Dimensions), "severity": register.LabelCase("t.severity", Severities), "source": "o.name",
				"raised": "t.raised", "answered": "t.answered", "state": "CASE t.state WHEN 'closed' THEN '已销单' WHEN 'withdrawn' THEN '已撤回' ELSE " + register.LabelCase("f.state", ticketStates) + " END", "case": "t.case_no"},
			Search: []string{"t.title", "d.title", "o.name", "t.field"}, Order: "-t.raised", Visible: scope("t.source_org", "t.operator_org", "t.division"), Item: ticketPage},
		{ID: "national_registrations", Title: "公共数据资源登记", Group: group, Plan: plan.C("6.3.4"), Roles: readers,
			Columns: []procedure.Column{primary("item", "资源"), col("source", "登记主体", "text"), col("duty", "要求", "tag"), col("began", "开始提供数据", "datetime"), col("due", "首次申请截止", "datetime"), col("limit", "期限", "tag"),
				col("state", "状态", "tag"), col("number", "登记确认单编号", "code"), col("coded", "赋码日期", "date"), col("valid", "有效期至", "date")},
			Filters: []register.Filter{{Key: "state", Label: "状态", Expr: "n.state", Options: NationalStates}, {Key: "limit", Label: "期限", Expr: nationalLimit, Options: nationalLimits}},
			From:    "national_registration n JOIN catalogue_item i ON i.id = n.item LEFT JOIN org o ON o.id = n.source_org", Key: "n.item",
			Cells: map[string]string{"item": "i.title", "source": "o.name", "duty": "CASE WHEN n.obliged THEN '应当登记' ELSE '鼓励登记' END", "began": "n.began", "due": "n.due - 1", "limit": "CASE WHEN " + nationalLimit + " <> 'none' THEN " + register.LabelCase(nationalLimit, nationalLimits) + " END",
				"state": register.LabelCase("n.state", NationalStates), "number": "n.number", "coded": "n.coded", "valid": "n.valid_to"},
			Search: []string{"i.title", "o.name", "n.number"}, Order: "n.due", Item: nationalPage,
			Visible: scope("n.source_org", "(SELECT MAX(h.operator_org) FROM hookup h WHERE h.item = n.item)", "n.division")},
	}
}

var cycles = []procedure.Option{{Value: "realtime", Label: "实时"}, {Value: "day", Label: "每日"}, {Value: "week", Label: "每周"}, {Value: "month", Label: "每月"},
	{Value: "quarter", Label: "每季度"}, {Value: "half_year", Label: "每半年"}, {Value: "year", Label: "每年"}, {Value: "irregular", Label: "不定期"}}

var answers = []procedure.Option{{Value: "agreed", Label: "同意"}, {Value: "refused", Label: "不予供给"}}

var alarmStates = []procedure.Option{{Value: "found", Label: "系统发现"}, {Value: "open", Label: "待签收"}, {Value: "handling", Label: "处理中"}, {Value: "explained", Label: "已说明"}, {Value: "escalated", Label: "待督促"}}

var ticketStates = []procedure.Option{{Value: "open", Label: "待答复"}, {Value: "fixing", Label: "承诺整改"}, {Value: "verifying", Label: "待核验"}, {Value: "authority", Label: "待数据管理部门处理"}}

const nationalLimit = `CASE WHEN n.state = 'coded' AND n.told = 'expired' THEN 'expired' WHEN n.state = 'coded' AND n.told = 'renew' THEN 'renew' WHEN n.state <> 'none' OR NOT n.obliged OR n.began IS NULL THEN 'none'
	WHEN n.told = 'overdue' THEN 'overdue' WHEN n.told = 'near' THEN 'near' WHEN n.due_year > 0 THEN 'unresolved' ELSE 'waiting' END`

var nationalLimits = []procedure.Option{{Value: "waiting", Label: "未到期"}, {Value: "near", Label: "即将到期"}, {Value: "overdue", Label: "逾期未申请"}, {Value: "unresolved", Label: "期限待公布"},
	{Value: "renew", Label: "可以续展"}, {Value: "expired", Label: "已过有效期"}, {Value: "none", Label: "无须提醒"}}
