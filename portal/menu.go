package portal

import "strings"

// menuGroup is one heading of the main menu with its pages.
type menuGroup struct {
	Label string
	Items []menuItem
	Here  bool
}

// menuItem is one page of the main menu.
type menuItem struct {
	Label, Path string
	Here        bool
}

// headings say under which heading of the menu a register of a group stands.
var headings = map[string]string{"目录与供给": "目录与产品", "数据产品": "目录与产品", "开发利用": "目录与产品", "价格与结算": "价格", "授权管理": "公告", "主体": "关于"}

// Menu is the main menu: a few headings that fit one row, their pages below.
func (v *view) Menu() []menuGroup {
	groups := []menuGroup{{Label: "目录与产品"}, {Label: "价格"}, {Label: "公告", Items: []menuItem{{Label: "公告公示", Path: v.path("notices")}}},
		{Label: "核验", Items: []menuItem{{Label: "编号核验", Path: v.path("verify")}, {Label: "日志与文件核验", Path: v.path("log")}}}, {Label: "关于"}}
	for _, g := range v.public {
		heading := headings[g.Group]
		if heading == "" {
			heading = "关于"
		}
		for i := range groups {
			if groups[i].Label == heading {
				groups[i].Items = append(groups[i].Items, menuItem{Label: g.Title, Path: v.path("list", g.ID)})
			}
		}
	}
	if _, err := v.register("catalogue"); err == nil {
		groups[0].Items = append(groups[0].Items, menuItem{Label: "目录数据接口", Path: v.path("interfaces")})
	}
	about := &groups[len(groups)-1]
	about.Items = append(about.Items, menuItem{Label: "方案条款对照", Path: v.path("plan")}, menuItem{Label: "错误代码说明", Path: v.path("errors")})
	var out []menuGroup
	for _, g := range groups {
		for i := range g.Items {
			g.Items[i].Here = v.Here == g.Items[i].Path || strings.HasPrefix(v.Here, g.Items[i].Path+"/")
			g.Here = g.Here || g.Items[i].Here
		}
		if len(g.Items) > 0 {
			out = append(out, g)
		}
	}
	return out
}
