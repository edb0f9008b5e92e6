package procedures

import (
	"errors"
	"fmt"

	"pado/core/calendar"
	p "pado/core/procedure"
	"pado/domain/party"
	"pado/domain/settlement"
	"pado/plan"
)

type holidayForm struct {
	Year      int             `json:"year"`
	Source    string          `json:"source"`
	Published calendar.Date   `json:"published"`
	Rest      []calendar.Rest `json:"rest"`
	Work      []calendar.Work `json:"work"`
}

// notice is the form as the calendar reads it.
func (f holidayForm) notice() calendar.Notice {
	return calendar.Notice{Year: f.Year, Source: f.Source, Published: f.Published, Rest: f.Rest, Work: f.Work}
}

// P03Holiday is 放假安排登记: the Authority records the State Council's arrangement of a year, a
// second person compares it with the notice, and limits that waited for the year are computed.
func P03Holiday() *p.Procedure {
	c := plan.C("3")
	fits := p.Rules{holidayUsable, holidayNew}
	return &p.Procedure{ID: "p03_holiday", Prefix: "FJ", Title: "放假安排登记", Group: "平台管理", Plan: c, Start: "draft",
		Name: func(x *p.Ctx) (string, error) {
			f, err := p.Form[holidayForm](x)
			if err != nil || f.Year == 0 {
				return "", err
			}
			return fmt.Sprintf("%d 年放假调休安排", f.Year), nil
		},
		Form: p.FormOf[holidayForm](
			p.Field{Name: "year", Label: "年份", Kind: p.Integer, Required: true, Min: 2020, Max: 2099, Plan: c},
			p.Field{Name: "source", Label: "通知文号", Kind: p.Text, Required: true, Min: 4, Max: 100, Plan: c, Help: "国务院办公厅关于该年部分节假日安排的通知"},
			p.Field{Name: "published", Label: "通知日期", Kind: p.Date, Required: true, Plan: c},
			p.Field{Name: "rest", Label: "放假", Kind: p.Table, Required: true, Plan: c, Help: "每段假期一行，首尾两日都放假，含其间的周末", Rows: []p.Field{
				{Name: "name", Label: "节日", Kind: p.Text, Required: true, Max: 40, Plan: c},
				{Name: "from", Label: "自", Kind: p.Date, Required: true, Plan: c},
				{Name: "to", Label: "至", Kind: p.Date, Required: true, Plan: c}}},
			p.Field{Name: "work", Label: "调休上班", Kind: p.Table, Plan: c, Rows: []p.Field{
				{Name: "day", Label: "日期", Kind: p.Date, Required: true, Plan: c, Help: "须为星期六或星期日"},
				{Name: "for", Label: "因何调休", Kind: p.Text, Required: true, Max: 40, Plan: c}}}),
		Readers: []p.Role{party.Government, party.Auditor, party.AuditAdm},
		States: p.Phases{
			{ID: "draft", Label: "登记", Owes: party.Authority, Track: true},
			{ID: "check", Label: "待另一人对照通知核对", Owes: party.Authority, Within: "office.review", Track: true},
			{ID: "recorded", Label: "已登记", Final: true, Track: true},
			{ID: "withdrawn", Label: "已撤回", Final: true},
		},
		Steps: []p.Step{
			{Do: "submit", Label: "提交核对", By: party.Authority, From: p.S("draft"), To: "check", Plan: c, Edits: true, Style: p.Primary,
				Require: append(p.Rules{evidenceAttached(c)}, fits...)},
			{Do: "record", Label: "与通知一致，登记", By: party.Authority, From: p.S("check"), To: "recorded", Plan: c, Apart: p.Acts("submit"), Style: p.Primary,
				Irrevocable: "所有未到期的工作日时限按新的安排重新计算", Require: fits, Then: p.Effects{recordHoliday}},
			withApart(p.ReturnTo("draft", party.Authority, c, "check"), p.Acts("submit")),
			p.Withdraw("withdrawn", party.Authority, c, "draft", "check"),
		},
		Views:   []p.View{{Title: "该年工作日", Plan: c, Draw: holidayView}},
		Notices: []p.Notice{{Kind: "公开", In: p.S("recorded"), Fields: []string{"year", "source", "published", "rest", "work"}, Plan: c}},
	}
}

var (
	holidayUsable = p.Rule{Code: "holiday.notice", Say: "放假安排不成立", Plan: plan.C("3"), Holds: func(x *p.Ctx) error {
		f, err := p.Form[holidayForm](x)
		if err != nil {
			return err
		}
		err = f.notice().Check()
		var bad calendar.Fault
		if errors.As(err, &bad) {
			return p.Refuse("holiday.notice", plan.C("3"), "放假安排有误：%s", bad)
		}
		return err
	}}
	holidayNew = p.Rule{Code: "holiday.year", Say: "该年的同一通知已经登记；更正须写明新的文号", Plan: plan.C("3"), Holds: func(x *p.Ctx) error {
		f, err := p.Form[holidayForm](x)
		if err != nil {
			return err
		}
		old, ok := x.Calendar().Notice(f.Year)
		return p.Hold(!ok || old.Source != f.Source, nil)
	}}
	recordHoliday = p.Effect{Name: "record_holiday", Say: "等待该年安排的时限随即算出", Plan: plan.C("3"), Run: func(x *p.Ctx) error {
		f, err := p.Form[holidayForm](x)
		if err != nil {
			return err
		}
		if err := p.RecordNotice(x, f.notice()); err != nil {
			return err
		}
		from := calendar.Date{Y: f.Year - 1, M: 12, D: 15}
		if today := x.Today(); today.After(from) {
			from = today
		}
		return settlement.Reopen(x.W, from)
	}}
)

// holidayView counts what the arrangement makes of the year, for the eye that compares.
func holidayView(x *p.Ctx) (p.Section, error) {
	s := p.Section{Kind: "keyvalues", Title: "该年工作日", Clause: "3"}
	f, err := p.Form[holidayForm](x)
	if err != nil {
		return s, err
	}
	table, err := x.Calendar().With(f.notice())
	if err != nil {
		s.Note = "填写完整后显示该年的工作日数。"
		return s, nil
	}
	work, rest := 0, 0
	for d := (calendar.Date{Y: f.Year, M: 1, D: 1}); d.Y == f.Year; d = d.AddDays(1) {
		day, err := table.Day(d)
		if err != nil {
			return s, err
		}
		if day.Kind.Works() {
			work++
		} else if day.Kind == calendar.Holiday {
			rest++
		}
	}
	s.Items = []p.Item{{Label: "工作日", Value: fmt.Sprintf("%d 天", work)}, {Label: "放假日（含其间的周末）", Value: fmt.Sprintf("%d 天", rest)},
		{Label: "调休上班", Value: fmt.Sprintf("%d 天", len(f.Work))}}
	if old, ok := x.Calendar().Notice(f.Year); ok {
		s.Note = "该年现行安排出自 " + old.Source + "，登记后由本通知整体取代。"
	}
	return s, nil
}
