package procedures_test

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"strings"
	"testing"

	"pado/core/calendar"
	"pado/core/docs"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/agreement"
)

func TestASchemeNeedsAMandate(t *testing.T) {
	eachBasis(t, func(t *testing.T, b *basis) {
		_, err := b.start(b.at.Lead, "p06_1a_scheme", schemeForm())
		b.refused(err, "mandate.in_force")
	})
}

func TestASchemeRunsItsCourse(t *testing.T) {
	eachBasis(t, func(t *testing.T, b *basis) {
		b.mandate()
		form := schemeForm()
		form["security"], form["termYears"] = "", 4
		no := b.begin(b.at.Lead, "p06_1a_scheme", form)
		var inv *procedure.Invalid
		if err := b.do(b.at.Lead, no, "submit", procedure.Act{}); !errors.As(err, &inv) || inv.Errors[0].Path != "security" {
			t.Fatalf("%v", err)
		}
		form["security"] = "　　"
		raw, _ := json.Marshal(form)
		if err := b.do(b.at.Lead, no, "submit", procedure.Act{Form: raw}); !errors.As(err, &inv) {
			t.Fatalf("a blank chapter: %v", err)
		}
		form["security"] = "安全管理"
		raw, _ = json.Marshal(form)
		b.no(b.at.Lead, no, "submit", procedure.Act{Form: raw}, "scheme.term")
		form["termYears"] = 3
		raw, _ = json.Marshal(form)
		b.step(b.at.Lead, no, "submit", procedure.Act{Form: raw})

		// While opinions are asked for the text stands still; opinions are written down.
		changed := maps.Clone(form)
		changed["exit"] = "另一种退出"
		raw, _ = json.Marshal(changed)
		b.no(b.at.Lead, no, "record", procedure.Act{Form: raw}, "scheme.frozen")
		form["opinions"] = []any{map[string]any{"kind": "public", "from": "某市民", "content": "建议"}}
		raw, _ = json.Marshal(form)
		b.step(b.at.Lead, no, "record", procedure.Act{Form: raw})
		if n, err := b.Tick(ctx); n != 0 || err != nil {
			t.Fatal("the consultation ended early", n, err)
		}
		b.clock.At = b.clock.At.AddDate(0, 0, 31)
		if n, err := b.Tick(ctx); n != 1 || err != nil || b.state(no) != "summary" {
			t.Fatal(n, err, b.state(no))
		}
		b.no(b.at.Lead, no, "summarise", procedure.Act{Form: raw}, "scheme.departments")
		form["opinions"] = []any{map[string]any{"kind": "public", "from": "某市民", "content": "建议", "adopted": "not"}, map[string]any{"kind": "department", "from": "市财政局", "content": "无意见", "adopted": "none"}}
		raw, _ = json.Marshal(form)
		b.no(b.at.Lead, no, "summarise", procedure.Act{Form: raw}, "scheme.opinions")
		form["opinions"].([]any)[0].(map[string]any)["reason"] = "已有规定"
		raw, _ = json.Marshal(form)
		b.step(b.at.Lead, no, "summarise", procedure.Act{Form: raw})

		b.no(b.at.Lead, no, "legality_pass", say("合法"), "case.apart")
		b.step(b.auth2, no, "legality_pass", say("合法"))
		experts := map[string]any{"experts": []any{map[string]any{"name": "王教授", "unit": "某大学", "opinion": "可行"}}}
		rawIn, _ := json.Marshal(experts)
		b.no(b.auth2, no, "expert_pass", procedure.Act{Opinion: "通过", Input: rawIn}, "decision.evidence")
		act := b.with(b.auth2, experts)
		act.Opinion = "通过"
		b.step(b.auth2, no, "expert_pass", act)

		today := calendar.DateOf(b.clock.At).String()
		in := map[string]any{"decidedOn": today, "minutesNo": "第12次", "collective": false}
		b.no(b.gov, no, "pass", b.with(b.gov, in), "scheme.collective")
		in["collective"], in["effectiveOn"] = true, "2026-01-01"
		b.no(b.gov, no, "pass", b.with(b.gov, in), "scheme.effective")
		delete(in, "effectiveOn")
		b.step(b.gov, no, "pass", b.with(b.gov, in))
		b.must(b.db.View(ctx, func(r *store.ReadTx) error {
			s, err := agreement.SchemeOn(r, "140600", calendar.DateOf(r.Now()))
			if s.CaseNo != no || s.Version != 1 || s.MinutesNo != "第12次" || s.ValidTo != calendar.Term(s.ValidFrom, 2) || !strings.Contains(s.Opinions, "已有规定") {
				t.Errorf("%+v", s)
			}
			reviews, rerr := agreement.Reviews(r, no)
			if rerr != nil || len(reviews) != 2 || reviews[0].Kind != "legality" || !strings.Contains(reviews[1].Experts, "王教授") {
				t.Errorf("%+v %v", reviews, rerr)
			}
			return err
		}))
		d, err := b.Paper(ctx, b.actor(b.gov), no, "decision")
		b.must(err)
		if text := docs.Text(d); !strings.Contains(text, "第12次") || !strings.Contains(text, "退出机制及其他") {
			t.Error(text)
		}
		if err := docs.HTML(io.Discard, d); err != nil {
			t.Error(err)
		}
		v, err := b.View(ctx, b.actor(b.auth2), no)
		b.must(err)
		titles := ""
		for _, s := range v.Sections {
			titles += s.Title + " "
		}
		if !strings.Contains(titles, "意见采纳情况") || !strings.Contains(titles, "合法性审查和专家论证") {
			t.Error(titles)
		}
	})
}

func TestASchemeMayBeReturnedRefusedOrEnteredAfterwards(t *testing.T) {
	eachBasis(t, func(t *testing.T, b *basis) {
		b.mandate()
		today := calendar.DateOf(b.clock.At).String()
		no := b.begin(b.at.Lead, "p06_1a_scheme", schemeForm())
		in := map[string]any{"decidedOn": today, "decidedBy": "市政府", "decisionNo": "朔政发〔2026〕2号", "minutesNo": "第9次", "collective": true}
		b.step(b.at.Lead, no, "backfill", b.with(b.at.Lead, in))
		v, err := b.View(ctx, b.actor(b.at.Lead), no)
		b.must(err)
		if !v.Case.Backfill || v.Case.State != "in_force" {
			t.Errorf("%+v", v.Case)
		}
		// Once the validity has run out the scheme carries nothing new.
		b.clock.At = b.clock.At.AddDate(2, 0, 1)
		_, err = b.start(b.at.Lead, "p06_1d_agreement", b.agreementForm())
		b.must(err) // a draft may be begun …
		draft := b.begin(b.at.Lead, "p06_1d_agreement", b.agreementForm())
		b.no(b.at.Lead, draft, "submit", procedure.Act{}, "scheme.in_force") // … and goes nowhere
	})
}
