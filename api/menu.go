package api

import (
	"sort"

	"pado/core/procedure"
	"pado/core/register"
)

// DefaultMenu draws the left menu from what the actor may open: the work bench, then the
// registers under their declared headings.
func DefaultMenu(registers []*register.Register, extra func(procedure.Actor) []MenuGroup) func(procedure.Actor) []MenuGroup {
	return func(a procedure.Actor) []MenuGroup {
		bench := MenuGroup{Key: "bench", Label: "工作台", Children: []MenuItem{
			{"todo", "待办事项", "/work"}, {"new", "发起事项", "/new"}, {"messages", "消息", "/messages"}}}
		for _, d := range a.Desks {
			if d.Lead {
				bench.Children = append(bench.Children, MenuItem{"leader", "督办一览", "/leader"})
				break
			}
		}
		out := []MenuGroup{bench}
		if extra != nil {
			out = append(out, extra(a)...)
		}
		groups := map[string]*MenuGroup{}
		var order []string
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

// headings in the order the field knows them (interface §4); others follow.
var headings = []string{"授权管理", "目录与供给", "数据治理", "合作伙伴", "产品", "沙箱", "交付", "价格收益", "财务", "运营监管", "安全", "评价与处置", "披露发布", "系统管理"}

func rank(g string) int {
	for i, h := range headings {
		if h == g {
			return i
		}
	}
	return len(headings)
}
