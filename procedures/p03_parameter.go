package procedures

import (
	"errors"
	"fmt"
	"strings"

	"pado/core/audit"
	"pado/core/calendar"
	p "pado/core/procedure"
	"pado/domain/party"
	"pado/plan"
)

type parameterForm struct {
	From   calendar.Date   `json:"from"`
	Source string          `json:"source"`
	Lines  []parameterLine `json:"lines"`
	Reason string          `json:"reason"`
}

type parameterLine struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// P03Parameter is 参数设定: the Authority records, from the paper in which it was decided, a number
// that the plan or a higher norm leaves to the city; a second person compares it with the paper.
// What is set is never changed or removed: a later day brings a later value.
func P03Parameter() *p.Procedure {
	c := plan.C("3")
	check := p.Rules{parameterUsable, parameterWhole, parameterForward}
	return &p.Procedure{ID: "p03_parameter", Prefix: "CS", Title: "参数设定", Group: "平台管理", Plan: c, Start: "draft",
		Name: func(x *p.Ctx) (string, error) {
			f, err := p.Form[parameterForm](x)
			if err != nil || len(f.Lines) == 0 {
				return "", err
			}
			d, _ := x.Parameters().Definition(f.Lines[0].Key)
			if len(f.Lines) == 1 {
				return "设定“" + d.Title + "”", nil
			}
			return fmt.Sprintf("设定“%s”等 %d 项参数", d.Title, len(f.Lines)), nil
		},
		Form: p.FormOf[parameterForm](
			p.Field{Name: "from", Label: "施行日期", Kind: p.Date, Required: true, Plan: c, Help: "自当日零时起按新值办理，此前的办理不受影响"},
			p.Field{Name: "source", Label: "决定文件", Kind: p.Text, Required: true, Min: 4, Max: 200, Plan: c, Help: "文件名称和文号，或会议纪要的名称和编号"},
			p.Field{Name: "lines", Label: "设定内容", Kind: p.Table, Required: true, Plan: c, Help: "比例和权重须整组一并设定，合计 10000 基点", Rows: []p.Field{
				{Name: "key", Label: "参数", Kind: p.Choice, Options: parameterOptions(), Required: true, Plan: c},
				{Name: "value", Label: "取值", Kind: p.Text, Required: true, Max: 200, Plan: c, Help: "比例写基点（1% 为 100），金额写分，是否写 true 或 false，选项写其代号"}}},
			p.Field{Name: "reason", Label: "说明", Kind: p.LongText, Max: 1000, Plan: c}),
		Readers: []p.Role{party.Government, party.Auditor, party.AuditAdm},
		States: p.Phases{
			{ID: "draft", Label: "登记", Owes: party.Authority, Track: true},
			{ID: "check", Label: "待另一人对照文件核对", Owes: party.Authority, Within: "office.review", Track: true},
			{ID: "set", Label: "已设定", Final: true, Track: true},
			{ID: "withdrawn", Label: "已撤回", Final: true},
		},
		Steps: []p.Step{
			{Do: "submit", Label: "提交核对", By: party.Authority, From: p.S("draft"), To: "check", Plan: c, Edits: true, Style: p.Primary,
				Require: append(p.Rules{evidenceAttached(c)}, check...)},
			{Do: "set", Label: "与文件一致，设定", By: party.Authority, From: p.S("check"), To: "set", Plan: c, Apart: p.Acts("submit"), Style: p.Primary,
				Irrevocable: "设定后不得更改或删除，只能以更晚的施行日期另行设定", Require: check, Then: p.Effects{setParameters}},
			withApart(p.ReturnTo("draft", party.Authority, c, "check"), p.Acts("submit")),
			p.Withdraw("withdrawn", party.Authority, c, "draft", "check"),
		},
		Views:   []p.View{{Title: "现行取值", Plan: c, Draw: parameterView}, {Title: "尚待本市设定的参数", Plan: c, In: p.S("draft"), Draw: unsetView}},
		Notices: []p.Notice{{Kind: "公开", In: p.S("set"), Fields: []string{"from", "source", "lines", "reason"}, Plan: c}},
	}
}

// parameterOptions are the parameters a city may set, the same in every city.
func parameterOptions() []p.Option {
	var out []p.Option
	for _, d := range plan.Definitions() {
		if !d.Fixed {
			out = append(out, p.Option{Value: d.Key, Label: d.Title + "（" + d.Key + "）"})
		}
	}
	return out
}

// laid is the form's values on top of what is in force, in the order given; err is the first that
// cannot be set, as a refusal.
func laid(x *p.Ctx) (parameterForm, *plan.Parameters, error) {
	f, err := p.Form[parameterForm](x)
	params := x.Parameters()
	if err != nil {
		return f, params, err
	}
	for _, l := range f.Lines {
		o := plan.Override{Key: l.Key, From: f.From.String(), Value: l.Value, Source: f.Source}
		if err := params.Validate(o); err != nil {
			return f, params, parameterRefusal(err)
		}
		params = params.With([]plan.Override{o})
	}
	return f, params, nil
}

// parameterRefusal gives the plan's own words the form of a rule's no.
func parameterRefusal(err error) error {
	var bad *plan.Error
	if !errors.As(err, &bad) {
		return err
	}
	clause := plan.C("3")
	if own, ok := plan.Lookup(bad.Clause); ok {
		clause = own
	}
	return p.Refuse("parameter.value", clause, "%s", bad.Message)
}

// groupDays are the day and every later one on which a value of the group begins.
func groupDays(params *plan.Parameters, group, from string) ([]string, error) {
	days := []string{from}
	for _, d := range plan.Definitions() {
		if d.Group != group {
			continue
		}
		line, err := params.Line(d.Key)
		if err != nil {
			return nil, err
		}
		for _, v := range line {
			if v.From > from {
				days = append(days, v.From)
			}
		}
	}
	return days, nil
}

// setParameters writes the values; the table's key keeps two of one day apart.
var setParameters = p.Effect{Name: "set_parameters", Say: "各项参数自施行日期起按新值办理", Plan: plan.C("3"), Run: func(x *p.Ctx) error {
	f, err := p.Form[parameterForm](x)
	if err != nil {
		return err
	}
	for _, l := range f.Lines {
		if _, err := x.W.Exec(`INSERT INTO parameter (key, valid_from, value, source, case_no) VALUES ($1, $2, $3, $4, $5)`,
			l.Key, f.From.String(), l.Value, f.Source, x.Case.No); err != nil {
			return err
		}
		x.W.Record(parameterEntry(x, f, l))
	}
	return nil
}}

// parameterEntry is the log's own record of one value: with it, the table can be held to the log.
func parameterEntry(x *p.Ctx, f parameterForm, l parameterLine) audit.Entry {
	return audit.Entry{Type: parameterType, Actor: x.Actor.Person, Org: x.Desk.Org, Behalf: x.Desk.Behalf, Object: l.Key, Action: "set", Clause: "3",
		Detail: map[string]string{"from": f.From.String(), "value": l.Value, "source": f.Source, "case": x.Case.No}}
}

var (
	parameterUsable = p.Rule{Code: "parameter.value", Say: "有一项取值不能设定", Plan: plan.C("3"), Holds: func(x *p.Ctx) error {
		_, _, err := laid(x)
		return err
	}}
	parameterWhole = p.Rule{Code: "parameter.group", Say: "同一组比例或权重须一并设定，合计 100%", Plan: plan.C("3"), Holds: func(x *p.Ctx) error {
		f, params, err := laid(x)
		if err != nil {
			return nil // said by the rule before
		}
		for _, l := range f.Lines {
			d, _ := params.Definition(l.Key)
			if d.Group == "" {
				continue
			}
			days, err := groupDays(params, d.Group, f.From.String())
			if err != nil {
				return err
			}
			for _, day := range days {
				_, err := params.Group(d.Group, day)
				var bad *plan.Error
				if errors.As(err, &bad) {
					return p.Refuse("parameter.group", plan.C(d.Clause), "“%s”所在的一组须一并设定，自 %s 起合计不是 100%%。%s", d.Title, day, bad.Message)
				}
				if err != nil {
					return err
				}
			}
		}
		return nil
	}}
	parameterForward = p.Rule{Code: "parameter.forward", Say: "施行日期不得早于今日；只有此前从未设定的参数可以补记", Plan: plan.C("3"), Holds: func(x *p.Ctx) error {
		f, err := p.Form[parameterForm](x)
		if err != nil || !f.From.Before(x.Today()) {
			return err
		}
		for _, l := range f.Lines {
			line, err := x.Parameters().Line(l.Key)
			if err != nil {
				return nil // said by the rule before
			}
			if last := line[len(line)-1]; !last.Required() {
				return p.ErrFails
			}
		}
		return nil
	}}
)

func parameterView(x *p.Ctx) (p.Section, error) {
	s := p.Section{Kind: "table", Title: "现行取值", Clause: "3", Columns: []p.Column{{Key: "title", Label: "参数", Kind: "text", Primary: true},
		{Key: "now", Label: "现行取值", Kind: "text"}, {Key: "since", Label: "自", Kind: "date"}, {Key: "next", Label: "拟设定", Kind: "text"}, {Key: "clause", Label: "条款", Kind: "code"}}}
	f, err := p.Form[parameterForm](x)
	if err != nil {
		return s, err
	}
	params := x.Parameters()
	for _, l := range f.Lines {
		d, ok := params.Definition(l.Key)
		if !ok {
			continue
		}
		row := map[string]any{"title": d.Title, "clause": d.Clause, "now": "待设定", "since": "",
			"next": params.Display(plan.Value{Key: l.Key, Raw: l.Value, Unit: d.Unit, Confidence: plan.FromCity})}
		if v, err := params.At(l.Key, x.Today().String()); err == nil {
			row["now"], row["since"] = params.Display(v), v.From
		}
		s.Rows = append(s.Rows, row)
	}
	return s, nil
}

func unsetView(x *p.Ctx) (p.Section, error) {
	s := p.Section{Kind: "table", Title: "尚待本市设定的参数", Clause: "3", Columns: []p.Column{{Key: "title", Label: "参数", Kind: "text", Primary: true},
		{Key: "key", Label: "代号", Kind: "code"}, {Key: "choices", Label: "可选", Kind: "text"}, {Key: "clause", Label: "条款", Kind: "code"}}}
	params := x.Parameters()
	for _, key := range params.Unset(x.Today().String()) {
		d, _ := params.Definition(key)
		var words []string
		for _, ch := range d.Choices {
			words = append(words, ch.Value+"："+ch.Label)
		}
		s.Rows = append(s.Rows, map[string]any{"title": d.Title, "key": key, "choices": strings.Join(words, "；"), "clause": d.Clause})
	}
	if len(s.Rows) == 0 {
		s.Note = "须由本市设定的参数均已设定。"
	}
	return s, nil
}
