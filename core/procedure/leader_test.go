package procedure_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"pado/core/procedure"
	"pado/core/store"
	"pado/plan"
)

// governing are the roles whose leaders supervise.
var governing = []procedure.Role{"government"}

type note struct {
	Title string `json:"title"`
	Phone string `json:"phone"`
	Say   string `json:"say"`
	Who   []struct {
		Card string `json:"card"`
		Job  string `json:"job"`
	} `json:"who"`
}

// personal is a procedure with fields of a person and a computed section.
func personal() *procedure.Procedure {
	c := plan.C("6.3.2")
	return &procedure.Procedure{ID: "note", Prefix: "BZ", Title: "便函", Plan: c, Start: "draft",
		Form: procedure.FormOf[note](
			procedure.Field{Name: "title", Label: "名称", Kind: procedure.Text, Plan: c},
			procedure.Field{Name: "phone", Label: "电话", Kind: procedure.Phone, Plan: c},
			procedure.Field{Name: "say", Label: "密函", Kind: procedure.Text, Secret: true, Plan: c},
			procedure.Field{Name: "who", Label: "人员", Kind: procedure.Table, Plan: c, Rows: []procedure.Field{
				{Name: "card", Label: "证件号码", Kind: procedure.IDCard, Plan: c}, {Name: "job", Label: "分工", Kind: procedure.Text, Plan: c}}}),
		States: procedure.Phases{{ID: "draft", Label: "草稿", Owes: asker, Track: true},
			{ID: "parked", Label: "暂存", Owes: judge, Within: "demand.review", Else: "expire"},
			{ID: "reading", Label: "待阅", Owes: judge, Within: "demand.review", Track: true}, {ID: "read", Label: "已阅", Final: true, Track: true}},
		Parties: []procedure.PartyRule{{Role: judge, Find: fixed("op")}},
		Views: []procedure.View{{Title: "内情", Plan: c, Draw: func(*procedure.Ctx) (procedure.Section, error) {
			return procedure.Section{Kind: "keyvalues", Items: []procedure.Item{{Label: "底数", Value: "不外传"}}}, nil
		}}},
		Steps: []procedure.Step{
			{Do: "send", Label: "发出", By: asker, From: procedure.S("draft"), To: "reading", Plan: c, Edits: true},
			procedure.ReturnTo("draft", judge, c, "reading"),
			{Do: "read", Label: "阅毕", By: judge, From: procedure.S("reading", "parked"), To: "read", Plan: c},
			{Do: "park", Label: "暂存", By: judge, From: procedure.S("reading"), To: "parked", Plan: c},
			{Do: "expire", Label: "逾期归档", By: procedure.Clock, From: procedure.S("parked"), To: "read", Plan: c,
				Require: procedure.Rules{{Code: "note.open", Say: "档案室未开放", Plan: c, Holds: func(*procedure.Ctx) error { return procedure.Hold(archiveOpen, nil) }}}},
		}}
}

// own is a procedure in which a colleague checks, with an effect that can be undone.
func own() *procedure.Procedure {
	c := plan.C("6.3.2")
	return &procedure.Procedure{ID: "own", Prefix: "ZH", Title: "自核", Plan: c, Start: "draft",
		Form: procedure.FormOf[wish](
			procedure.Field{Name: "title", Label: "名称", Kind: procedure.Text, Plan: c},
			procedure.Field{Name: "reason", Label: "理由", Kind: procedure.LongText, Plan: c}),
		States: procedure.Phases{{ID: "draft", Label: "草稿", Owes: asker, Track: true}, {ID: "check", Label: "待核", Owes: asker, Track: true},
			{ID: "done", Label: "已核", Final: true, Track: true}, {ID: "withdrawn", Label: "已撤回", Final: true}},
		Steps: []procedure.Step{
			{Do: "submit", Label: "提交", By: asker, From: procedure.S("draft"), To: "check", Plan: c, Edits: true,
				Then: procedure.Effects{{Name: "keep", Say: "登记", Plan: c,
					Run: func(c *procedure.Ctx) error {
						_, err := c.W.Exec(`INSERT INTO meta (key, value) VALUES ($1, '1')`, "own/"+c.Case.No)
						return err
					},
					Undo: func(c *procedure.Ctx) error { return c.W.ExecOne(`DELETE FROM meta WHERE key = $1`, "own/"+c.Case.No) }}}},
			{Do: "approve", Label: "核定", By: asker, From: procedure.S("check"), To: "done", Plan: c, Apart: procedure.Acts("submit")},
			{Do: "opine", Label: "评议", By: asker, From: procedure.S("check"), To: "check", Plan: c, Sealed: true,
				Input: []procedure.Field{{Name: "score", Label: "评分", Kind: procedure.Integer, Plan: c}}},
			procedure.Withdraw("withdrawn", asker, c, "draft"),
		}}
}

// archiveOpen is what the clock's step of personal() asks for.
var archiveOpen bool

func lead(org string, r procedure.Role) procedure.Desk {
	d := desk(org, r)
	d.Lead = true
	return d
}

var (
	gov    = procedure.Actor{Person: "p-gv", Name: "市长", Desks: []procedure.Desk{lead("gv", "government")}}
	far    = procedure.Actor{Person: "p-far", Name: "县长", Desks: []procedure.Desk{{ID: "cx/government", Org: "cx", Role: "government", Division: "140602", Lead: true}}}
	bank   = procedure.Actor{Person: "p-bk", Name: "行长", Desks: []procedure.Desk{lead("xx", asker)}}
	opLead = procedure.Actor{Person: "p-ol", Name: "总经理", Desks: []procedure.Desk{lead("op", judge)}}
	opArm  = procedure.Actor{Person: "p-oa", Name: "另一岗负责人", Desks: []procedure.Desk{lead("op", "treasury")}}
)

// letter is a case of personal() that the operator owes.
func (w *world) letter() string {
	w.t.Helper()
	res, err := w.Start(ctx, dev, procedure.Begin{Procedure: "note", Form: json.RawMessage(`{"title":"便函","phone":"13800138000","say":"机密","who":[{"card":"140602199001010014","job":"联络"}]}`)})
	w.must(err)
	w.step(dev, res.No, "send", procedure.Act{})
	return res.No
}

// step is an act at the present revision, whoever may read the case.
func (w *world) step(a procedure.Actor, no, action string, act procedure.Act) {
	w.t.Helper()
	w.must(w.try(a, no, action, act))
}

func (w *world) gone(err error) {
	w.t.Helper()
	if !errors.Is(err, store.ErrNotFound) {
		w.t.Fatalf("got %v, want not found", err)
	}
}

// TestALeadSeesWhatItGovernsOrItsOwn: a body that governs sees the units of its division; every
// other lead sees its own load, and of that only what its desks may read.
func TestALeadSeesWhatItGovernsOrItsOwn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		no := w.start("甲")
		w.must(w.do(dev, no, "submit", procedure.Act{}))
		letter := w.letter()
		w.start("未提交")
		w.clock.At = w.clock.At.AddDate(0, 0, 40)
		for _, c := range []struct {
			who  procedure.Actor
			open int // of op
		}{{gov, 2}, {opLead, 2}, {bank, 0}, {far, 0}, {opArm, 0}} {
			b, err := w.Burden(ctx, c.who, 5)
			w.must(err)
			open := 0
			for _, u := range b.Units {
				if u.Org != "op" {
					t.Errorf("%s sees %s", c.who.Name, u.Org)
				}
				open += u.Open
				if u.Overdue != 2 || len(u.Cases) != 2 {
					t.Errorf("%s: %+v", c.who.Name, u)
				}
			}
			if open != c.open || b.Supervise != (c.who.Desks[0].Role == "government") {
				t.Errorf("%s sees %d open cases of op, want %d", c.who.Name, open, c.open)
			}
			page, err := w.Led(ctx, c.who, "overdue", "", "", 0)
			w.must(err)
			if len(page.Rows) != c.open {
				t.Errorf("%s lists %d", c.who.Name, len(page.Rows))
			}
			for _, r := range page.Rows {
				if _, err := w.View(ctx, c.who, r.No); err != nil {
					t.Errorf("%s cannot open %s, which is on the list: %v", c.who.Name, r.No, err)
				}
			}
		}
		_, err := w.Burden(ctx, oper, 0) // no lead
		w.gone(err)
		_, err = w.Led(ctx, oper, "", "", "", 0)
		w.gone(err)
		_, _, _, err = w.Pressed(ctx, oper, "", "", 0)
		w.gone(err)
		for _, who := range []procedure.Actor{bank, far, opArm} {
			_, err = w.View(ctx, who, letter)
			w.gone(err)
			w.gone(w.try(who, letter, "supervise", procedure.Act{}))
		}
	})
}

// TestTheSupervisingBodyReadsTheCourseOnly: no personal or sealed value, no file, no act but 督办.
func TestTheSupervisingBodyReadsTheCourseOnly(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		letter := w.letter()
		w.step(oper, letter, "return", procedure.Act{Opinion: "请更正"})
		w.step(dev, letter, "send", procedure.Act{Form: json.RawMessage(`{"title":"便函二","phone":"13900139000","say":"绝密","who":[{"card":"140602199001010014","job":"联络"}]}`)})
		v, err := w.View(ctx, gov, letter)
		w.must(err)
		all, err := json.Marshal(struct {
			Form, Sections, Files, Events any
		}{v.Case.Form, v.Sections, v.Files, v.Events})
		w.must(err)
		for _, hidden := range []string{"13800138000", "13900139000", "机密", "绝密", "1406021990", "不外传"} {
			if strings.Contains(string(all), hidden) {
				t.Errorf("the supervising body reads %q", hidden)
			}
		}
		for _, shown := range []string{"便函二", "联络", procedure.Concealed, "请更正"} {
			if !strings.Contains(string(all), shown) {
				t.Errorf("the supervising body does not read %q", shown)
			}
		}
		if len(v.Offers) != 1 || v.Offers[0].Action != "supervise" || v.Offers[0].Opinion || !v.Supervised {
			t.Errorf("offers %+v", v.Offers)
		}
		for _, act := range []string{"read", "return", "comment", "attach", "copy", "claim", "assign", "urge", "void"} {
			w.gone(w.try(gov, letter, act, procedure.Act{Opinion: "意见"}))
		}
		w.gone(w.db.Scratch(ctx, func(s *store.ScratchTx) error { return w.SaveDraft(s, gov, letter, json.RawMessage(`{}`)) }))
		own, err := w.View(ctx, oper, letter)
		w.must(err)
		if !strings.Contains(own.Case.Form, "13900139000") || len(own.Sections) < 2 || own.Supervised {
			t.Error("a party reads less than it may")
		}
		draft := w.start("未提交")
		_, err = w.View(ctx, gov, draft)
		w.gone(err)
		w.gone(w.try(gov, draft, "supervise", procedure.Act{}))
	})
}

// TestSupervisedIsAnsweredByTheNextMove lists what was supervised and what came of it.
func TestSupervisedIsAnsweredByTheNextMove(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		one, two := w.letter(), w.letter()
		w.refused(w.try(dev, one, "supervise", procedure.Act{}), "case.step")
		w.step(gov, one, "supervise", procedure.Act{})
		w.clock.At = w.clock.At.AddDate(0, 0, 1)
		w.step(gov, two, "supervise", procedure.Act{Opinion: "请抓紧"})
		list := func(a procedure.Actor) []procedure.Pressed {
			t.Helper()
			var all []procedure.Pressed
			for cursor := ""; ; {
				rows, next, _, err := w.Pressed(ctx, a, "", cursor, 1)
				w.must(err)
				all = append(all, rows...)
				if cursor = next; cursor == "" {
					return all
				}
			}
		}
		got := list(gov)
		if len(got) != 2 || got[0].Row.No != two || got[0].Word != "请抓紧" || got[1].Row.No != one || got[0].AnswerN+got[1].AnswerN != 0 || got[0].By != "市长" {
			t.Fatalf("%+v", got)
		}
		w.step(oper, one, "comment", procedure.Act{Opinion: "本周办结"})
		w.step(oper, two, "read", procedure.Act{})
		if got = list(gov); got[0].Answer != "阅毕" || got[1].Answer != "意见" || got[1].AnswerBy != "op" {
			t.Fatalf("%+v", got)
		}
		if len(list(opLead)) != 2 || len(list(bank)) != 0 || len(list(far)) != 0 {
			t.Error("a lead sees what was supervised elsewhere")
		}
		w.refused(w.try(gov, two, "supervise", procedure.Act{}), "case.step") // it has ended
	})
}

// TestALeadersListIsPaged: no cap, every case once, in the order of the limits.
func TestALeadersListIsPaged(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		want := map[string]bool{}
		for range 7 {
			want[w.letter()] = true
		}
		if page, err := w.Led(ctx, gov, "overdue", "", "", 0); err != nil || len(page.Rows) != 0 {
			t.Fatal(page, err)
		}
		v, err := w.View(ctx, gov, w.letter())
		w.must(err)
		w.clock.At = v.Case.DueAt.AddDate(0, 0, -1)
		page, err := w.Led(ctx, gov, "soon", "op", "", 100)
		w.must(err)
		if len(page.Rows) != 8 || page.Rows[0].Revision != 2 {
			t.Fatalf("soon: %d", len(page.Rows))
		}
		w.clock.At = v.Case.DueAt.AddDate(0, 0, 1)
		for cursor, n := "", 0; ; n++ {
			page, err := w.Led(ctx, gov, "overdue", "", cursor, 3)
			w.must(err)
			for _, r := range page.Rows {
				delete(want, r.No)
			}
			if cursor = page.Next; cursor == "" || n > 5 {
				break
			}
		}
		if len(want) != 0 {
			t.Errorf("never listed: %v", want)
		}
		var inv *procedure.Invalid
		if _, err := w.Led(ctx, gov, "other", "", "", 0); !errors.As(err, &inv) {
			t.Error(err)
		}
	})
}
