package api

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"pado/core/calendar"
	"pado/core/docs"
	"pado/core/procedure"
	"pado/core/store"
)

// UnitWire is one organisation on the leader's page.
type UnitWire struct {
	Org     OrgWire `json:"org"`
	Open    int     `json:"open"`
	Soon    int     `json:"soon"`
	Overdue int     `json:"overdue"`
	Oldest  int     `json:"oldestDays" doc:"停留最久的一件已停留的工作日"`
	late    []RowWire
}

// LeaderWire is the leader's page: all units of the division for a body that governs, the own
// organisation for any other lead.
type LeaderWire struct {
	AsOf      store.Time `json:"asOf"`
	Supervise bool       `json:"supervise" doc:"可以督办：数据管理部门和人民政府的负责人"`
	Totals    struct {
		Open    int `json:"open"`
		Soon    int `json:"soon"`
		Overdue int `json:"overdue"`
		Closed  int `json:"closedThisWeek"`
	} `json:"totals"`
	Units []UnitWire `json:"units"`
}

// LedWire is a case in a leader's list.
type LedWire struct {
	RowWire
	Etag string `json:"etag" doc:"督办时作为 If-Match 提交"`
}

// PressedWire is one 督办 and what came of it.
type PressedWire struct {
	RowWire
	Pressed struct {
		At   store.Time `json:"at"`
		By   string     `json:"by"`
		Org  string     `json:"org"`
		Word string     `json:"word,omitempty"`
	} `json:"pressed"`
	Answer *AnswerWire `json:"answer,omitempty" doc:"尚未回应的没有这一项"`
	Waited int         `json:"waitedDays" doc:"从督办到回应（或到现在）的工作日；−1 为待公布"`
}

// AnswerWire is what was done after a 督办.
type AnswerWire struct {
	At    store.Time `json:"at"`
	Label string     `json:"label"`
	Org   string     `json:"org"`
}

func (a *API) leaderRoutes() {
	type leaderOut struct{ Body LeaderWire }
	Route(a, op("leader", "GET", "/api/leader", "领导视图：各单位办理与逾期", "督办", true), func(ctx context.Context, _ *empty) (*leaderOut, error) {
		l, err := a.leader(ctx, 0)
		return &leaderOut{l}, err
	})
	type ledIn struct {
		Kind   string `query:"kind" enum:"open,soon,overdue" doc:"在办、临期、逾期"`
		Unit   string `query:"unit" maxLength:"60" doc:"承办单位"`
		Cursor string `query:"cursor" maxLength:"200"`
		Size   int    `query:"size" minimum:"0" maximum:"100"`
	}
	type ledOut struct {
		Body struct {
			Items []LedWire `json:"items"`
			Next  string    `json:"next,omitempty"`
		}
	}
	Route(a, op("leader-cases", "GET", "/api/leader/cases", "领导视图的事项：在办、临期、逾期", "督办", true), func(ctx context.Context, in *ledIn) (*ledOut, error) {
		actor, err := a.who(ctx)
		if err != nil {
			return nil, err
		}
		page, err := a.Engine.Led(ctx, actor, in.Kind, in.Unit, in.Cursor, in.Size)
		if err != nil {
			return nil, err
		}
		var out ledOut
		out.Body.Next, out.Body.Items = page.Next, make([]LedWire, 0, len(page.Rows))
		for _, r := range page.Rows {
			out.Body.Items = append(out.Body.Items, LedWire{a.row(r.Row, page.At), strconv.FormatInt(r.Revision, 10)})
		}
		return &out, nil
	})
	type pressedIn struct {
		Unit   string `query:"unit" maxLength:"60" doc:"承办单位"`
		Cursor string `query:"cursor" maxLength:"200"`
		Size   int    `query:"size" minimum:"0" maximum:"100"`
	}
	type pressedOut struct {
		Body struct {
			Items []PressedWire `json:"items"`
			Next  string        `json:"next,omitempty"`
		}
	}
	Route(a, op("leader-pressed", "GET", "/api/leader/pressed", "督办记录与回应", "督办", true), func(ctx context.Context, in *pressedIn) (*pressedOut, error) {
		actor, err := a.who(ctx)
		if err != nil {
			return nil, err
		}
		rows, next, at, err := a.Engine.Pressed(ctx, actor, in.Unit, in.Cursor, in.Size)
		if err != nil {
			return nil, err
		}
		var out pressedOut
		out.Body.Next, out.Body.Items = next, make([]PressedWire, 0, len(rows))
		for _, r := range rows {
			out.Body.Items = append(out.Body.Items, a.pressed(r, at))
		}
		return &out, nil
	})
	Route(a, op("weekly", "GET", "/api/leader/weekly/{file}", "每周一页（html、pdf、docx）", "督办", true), func(ctx context.Context, in *struct {
		File string `path:"file" maxLength:"20"`
	}) (*bytesOut, error) {
		l, err := a.leader(ctx, weeklyLate)
		if err != nil {
			return nil, err
		}
		return document(weekly(l, a.City), filepath.Ext(in.File))
	})
}

func (a *API) pressed(r procedure.Pressed, now time.Time) PressedWire {
	w := PressedWire{RowWire: a.row(r.Row, now)}
	w.Pressed.At, w.Pressed.By, w.Pressed.Org, w.Pressed.Word = r.At, r.By, r.ByOrg, r.Word
	until := now
	if r.AnswerN > 0 {
		w.Answer, until = &AnswerWire{r.AnsweredAt, r.Answer, r.AnswerBy}, r.AnsweredAt.Time
	}
	w.Waited = a.between(r.At.Time, until)
	return w
}

// between counts working days; −1 when a year is not published.
func (a *API) between(from, to time.Time) int {
	n, err := a.calendar().Between(calendar.DateOf(from), calendar.DateOf(to))
	if err != nil {
		return -1
	}
	return int(n)
}

// leader sums the open cases by the organisation that owes the next move, with the first late
// ones of each.
func (a *API) leader(ctx context.Context, late int) (LeaderWire, error) {
	actor, err := a.who(ctx)
	if err != nil {
		return LeaderWire{}, err
	}
	var l LeaderWire
	load, err := a.Engine.Burden(ctx, actor, late)
	if err != nil {
		return l, err
	}
	l.AsOf, l.Units, l.Supervise = store.At(load.At), []UnitWire{}, load.Supervise
	l.Totals.Closed = load.Closed
	for _, u := range load.Units {
		w := UnitWire{Org: OrgWire{ID: u.Org, Name: u.Name}, Open: u.Open, Soon: u.Soon, Overdue: u.Overdue}
		if u.Oldest > 0 {
			w.Oldest = max(0, a.between(time.UnixMilli(u.Oldest), load.At))
		}
		for _, r := range u.Cases {
			w.late = append(w.late, a.row(r, load.At))
		}
		l.Totals.Open += u.Open
		l.Totals.Soon += u.Soon
		l.Totals.Overdue += u.Overdue
		l.Units = append(l.Units, w)
	}
	return l, nil
}

// The weekly page is one sheet of A4: so many units, so many late cases of each and of all. What
// does not fit is counted.
const (
	weeklyUnits = 10
	weeklyLate  = 2
	weeklyCases = 10
	weeklyName  = 20 // characters of a unit's name on a line of the first table
	weeklyTitle = 13 // of a title, and
	weeklyUnit  = 9  // of a unit's name, on a line of the second
)

// weekly is the one page a leader takes to the meeting.
func weekly(l LeaderWire, c City) docs.Document {
	t := docs.Table{Columns: []docs.Column{{Title: "单位", Width: 50}, {Title: "在办", Width: 11, Align: docs.End}, {Title: "临期", Width: 11, Align: docs.End},
		{Title: "逾期", Width: 11, Align: docs.End}, {Title: "最久工作日", Width: 17, Align: docs.End}}}
	late := docs.Table{Caption: "逾期事项", Columns: []docs.Column{{Title: "编号", Width: 23}, {Title: "事项", Width: 33}, {Title: "承办单位", Width: 25}, {Title: "应办结", Width: 19}}}
	line := func(name string, u UnitWire) []string {
		return []string{short(name, weeklyName), strconv.Itoa(u.Open), strconv.Itoa(u.Soon), strconv.Itoa(u.Overdue), strconv.Itoa(u.Oldest)}
	}
	var rest UnitWire
	for i, u := range l.Units {
		if i >= weeklyUnits && len(l.Units) > weeklyUnits+1 {
			rest.Open, rest.Soon, rest.Overdue, rest.Oldest = rest.Open+u.Open, rest.Soon+u.Soon, rest.Overdue+u.Overdue, max(rest.Oldest, u.Oldest)
			continue
		}
		t.Rows = append(t.Rows, line(u.Org.Name, u))
		for _, r := range u.late {
			if len(late.Rows) < weeklyCases {
				late.Rows = append(late.Rows, []string{r.No, short(r.Title, weeklyTitle), short(u.Org.Name, weeklyUnit), r.Due.day()})
			}
		}
	}
	if n := len(l.Units) - len(t.Rows); n > 0 {
		t.Rows = append(t.Rows, line(fmt.Sprintf("其余 %d 个单位", n), rest))
	}
	t.Totals = [][]string{{"合计", strconv.Itoa(l.Totals.Open), strconv.Itoa(l.Totals.Soon), strconv.Itoa(l.Totals.Overdue), ""}}
	d := docs.Document{Kind: docs.Statement, Organ: c.Name, Title: "事项办理情况（每周一页）",
		Blocks: []docs.Block{docs.P(fmt.Sprintf("截至%s，在办 %d 件，临期 %d 件，逾期 %d 件；近七日办结 %d 件。",
			l.AsOf.In(calendar.Shanghai).Format("2006年1月2日 15:04"), l.Totals.Open, l.Totals.Soon, l.Totals.Overdue, l.Totals.Closed)), t}}
	if len(late.Rows) > 0 {
		d.Blocks = append(d.Blocks, late)
		if n := l.Totals.Overdue - len(late.Rows); n > 0 {
			d.Blocks = append(d.Blocks, docs.Note{Text: fmt.Sprintf("各单位列最久的至多 %d 件，另有逾期 %d 件未列出，见平台“督办一览”。", weeklyLate, n)})
		}
	}
	return d
}

// short keeps a name on one line of the weekly page.
func short(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// day is the last day of a limit; empty without one.
func (d *DueWire) day() string {
	if d == nil || d.At == nil {
		return ""
	}
	return calendar.DateOf(d.At.Add(-time.Millisecond)).String()
}
