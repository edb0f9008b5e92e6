package procedures

import (
	"fmt"
	"strings"

	p "pado/core/procedure"
	"pado/core/register"
	"pado/plan"
)

// settingRegisters list what the city has recorded: its own numbers and the years' holidays. What
// the program brings with it is printed by `pado plan parameters`.
func settingRegisters() []*register.Register {
	c := plan.C("3")
	return []*register.Register{{
		ID: "parameters", Title: "本市设定的参数", Group: "平台管理", Plan: c, Public: true,
		Columns: []p.Column{{Key: "title", Label: "参数", Kind: "text", Primary: true}, {Key: "value", Label: "取值", Kind: "text"}, {Key: "from", Label: "施行日期", Kind: "date"},
			{Key: "source", Label: "决定文件", Kind: "text"}, {Key: "key", Label: "代号", Kind: "code"}, {Key: "case", Label: "事项", Kind: "code"}},
		From: "parameter m", Key: "m.key || '@' || m.valid_from",
		Cells:  map[string]string{"title": parameterTitles("m.key"), "value": parameterValues("m.key", "m.value"), "from": "m.valid_from", "source": "m.source", "key": "m.key", "case": "m.case_no"},
		Search: []string{"m.key", "m.source", parameterTitles("m.key")}, Order: "-m.valid_from",
	}, {
		ID: "holidays", Title: "登记的放假安排", Group: "平台管理", Plan: c, Public: true,
		Columns: []p.Column{{Key: "year", Label: "年份", Kind: "text", Primary: true}, {Key: "source", Label: "通知文号", Kind: "text"}, {Key: "at", Label: "登记时间", Kind: "datetime"},
			{Key: "case", Label: "事项", Kind: "code"}},
		From: "calendar_notice m", Key: "m.case_no", Cells: map[string]string{"year": "m.year", "source": "m.source", "at": "m.at", "case": "m.case_no"},
		Search: []string{"m.source"}, Order: "-m.at",
	}}
}

// parameterTitles reads keys as their Chinese titles, parameterValues raw values as people read
// them; all of it is the program's own text.
func parameterTitles(expr string) string {
	var names []p.Option
	for _, d := range plan.Definitions() {
		names = append(names, p.Option{Value: d.Key, Label: d.Title})
	}
	return register.LabelCase(expr, names)
}

func parameterValues(key, value string) string {
	var b strings.Builder
	b.WriteString("CASE")
	for _, d := range plan.Definitions() {
		is := " WHEN " + key + " = '" + d.Key + "'"
		switch {
		case d.Unit == plan.Bool:
			fmt.Fprintf(&b, "%s THEN CASE %s WHEN 'true' THEN '是' ELSE '否' END", is, value)
		case d.Unit.Counted() && d.Unit.Title() != "":
			fmt.Fprintf(&b, "%s THEN %s || ' %s'", is, value, d.Unit.Title())
		}
		for _, c := range d.Choices {
			fmt.Fprintf(&b, "%s AND %s = '%s' THEN '%s'", is, value, c.Value, c.Label)
		}
	}
	return b.String() + " ELSE " + value + " END"
}
