package api

import (
	"sort"

	"pado/core/procedure"
	"pado/core/register"
	"pado/domain/party"
)

// DefaultMenu draws the left menu from what the actor may open: the work bench, then the
// registers under their declared headings. Pages that are for few are in the menu of those only.
func DefaultMenu(registers []*register.Register, extra func(procedure.Actor) []MenuGroup, readsLog func(procedure.Actor) bool) func(procedure.Actor) []MenuGroup {
	return func(a procedure.Actor) []MenuGroup {
		bench := MenuGroup{Key: "bench", Label: "工作台", Children: []MenuItem{
			{"todo", "待办事项", "/work"}, {"new", "发起事项", "/new"}, {"messages", "消息", "/messages"}}}
		if label := leaderLabel(a); label != "" {
			bench.Children = append(bench.Children, MenuItem{"leader", label, "/leader"})
		}
		if a.Has(party.Source) {
			bench.Children = append(bench.Children, MenuItem{"source", "数源工作台", "/source"})
		}
		if hasJobs(a) {
			bench.Children = append(bench.Children, MenuItem{"jobs", "后台任务", "/jobs"})
		}
		out := []MenuGroup{bench}
		system := &MenuGroup{Key: "g-" + administration, Label: administration}
		if party.MayList(a) {
			system.Children = append(system.Children, MenuItem{"accounts", "账号管理", "/accounts"})
		}
		if readsLog != nil && readsLog(a) {
			system.Children = append(system.Children, MenuItem{"log", "审计日志", "/log"})
		}
		if extra != nil {
			out = append(out, extra(a)...)
		}
		groups := map[string]*MenuGroup{}
		var order []string
		if len(system.Children) > 0 {
			groups[administration], order = system, []string{administration}
		}
		for _, g := range registers {
			if !g.May(a) {
				continue
			}
			m, ok := groups[g.Group]
			if !ok {
				m = &MenuGroup{Key: "g-" + g.Group, Label: g.Group}
				groups[g.Group] = m
				order = append(order, g.Group)
			}
			m.Children = append(m.Children, MenuItem{g.ID, g.Title, "/registers/" + g.ID})
		}
		sort.SliceStable(order, func(i, j int) bool { return rank(order[i]) < rank(order[j]) })
		for _, g := range order {
			out = append(out, *groups[g])
		}
		return out
	}
}

// leaderLabel names the leader's page for those who have one: a body that governs supervises its
// division, any other lead looks over its own organisation.
func leaderLabel(a procedure.Actor) (label string) {
	for _, d := range a.Desks {
		if party.Supervises(d) {
			return "督办一览"
		}
		if d.Lead && d.Behalf == "" {
			label = "本单位办理"
		}
	}
	return label
}

// hasJobs tells whose files become long work: who delivers and who governs data.
func hasJobs(a procedure.Actor) bool { return a.Has(party.Source) || a.Has(party.Operator) }

// administration is the heading of what administrators do.
const administration = "平台管理"

// headings in the order the field knows them (interface §4); others follow.
var headings = []string{"授权管理", "目录与供给", "数据治理", "合作伙伴", "产品", "沙箱", "交付", "价格收益", "财务", "运营监管", "安全", "评价与处置", "披露发布", "主体", administration}

func rank(g string) int {
	for i, h := range headings {
		if h == g {
			return i
		}
	}
	return len(headings)
}
