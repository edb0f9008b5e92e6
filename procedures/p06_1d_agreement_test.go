package procedures_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"pado/core/calendar"
	"pado/core/docs"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/agreement"
	"pado/domain/permit"
	"pado/procedures"
)

func (b *basis) may(q permit.Query) string {
	b.t.Helper()
	var code string
	b.must(b.db.View(ctx, func(r *store.ReadTx) error {
		err := permit.May(r, q)
		var ref *procedure.Refused
		if errors.As(err, &ref) {
			code = ref.Code
			return nil
		}
		return err
	}))
	return code
}

// signed brings a case to the point before the signatures.
func (b *basis) approved(form map[string]any) (no string) {
	b.t.Helper()
	no = b.begin(b.at.Lead, "p06_1d_agreement", form)
	b.step(b.at.Lead, no, "submit", procedure.Act{})
	b.step(b.op, no, "confirm", procedure.Act{})
	b.step(b.gov, no, "approve", b.with(b.gov, map[string]any{"decidedOn": calendar.DateOf(b.clock.At).String()}))
	b.step(b.auth2, no, "publish", say("不涉密"))
	return no
}

func TestAnAgreementRunsItsCourse(t *testing.T) {
	eachBasis(t, func(t *testing.T, b *basis) {
		b.mandate()
		b.scheme()
		item := b.published(catalogueForm(nil))
		form := b.agreementForm(map[string]any{"item": item, "fields": "age, sex", "ends": "2027-12-31"})
		no := b.begin(b.at.Lead, "p06_1d_agreement", form)
		b.step(b.at.Lead, no, "submit", procedure.Act{})
		b.no(b.at.Lead, no, "confirm", procedure.Act{}, "case.role")
		b.step(b.op, no, "return", say("期限请再议"))
		b.step(b.at.Lead, no, "submit", procedure.Act{})
		b.step(b.op, no, "confirm", procedure.Act{})
		in := map[string]any{"decidedOn": calendar.DateOf(b.clock.At).String()}
		raw, _ := json.Marshal(in)
		b.no(b.gov, no, "approve", procedure.Act{Input: raw}, "decision.evidence")
		b.step(b.gov, no, "approve", b.with(b.gov, in))
		b.no(b.at.Lead, no, "publish", say("不涉密"), "case.apart")
		if _, err := b.PublicPaper(ctx, no, "notice"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("public before the secrecy review: %v", err)
		}
		b.step(b.auth2, no, "publish", say("不涉密"))
		notice, err := b.PublicPaper(ctx, no, "notice")
		b.must(err)
		if text := docs.Text(notice); !strings.Contains(text, "朔州数据运营有限公司") || strings.Contains(text, "谈判两次") {
			t.Error(text)
		}

		// Publicity: nothing ends it early; what was objected is answered before anything is signed.
		b.no(b.at.Lead, no, "end_publicity", procedure.Act{}, "publicity.running")
		b.step(b.at.Lead, no, "object", procedure.Act{Input: json.RawMessage(`{"raisedBy":"李某","content":"资质存疑"}`)})
		b.no(b.at.Lead, no, "reply", procedure.Act{Input: json.RawMessage(`{"n":2,"upheld":false,"answer":"无"}`)}, "publicity.objection")
		b.clock.At = b.clock.At.AddDate(0, 0, 12)
		if _, err := b.Tick(ctx); err != nil || b.state(no) != "answering" {
			t.Fatal(err, b.state(no))
		}
		b.no(b.at.Lead, no, "invite", procedure.Act{}, "publicity.unanswered")
		b.step(b.at.Lead, no, "reply", procedure.Act{Input: json.RawMessage(`{"n":1,"upheld":false,"answer":"资质经核查属实"}`)})
		b.no(b.at.Lead, no, "reply", procedure.Act{Input: json.RawMessage(`{"n":1,"upheld":true,"answer":"再答"}`)}, "publicity.objection")
		b.step(b.at.Lead, no, "invite", procedure.Act{})

		// Two acts by two parties.
		b.no(b.op, no, "sign_operator", procedure.Act{}, "agreement.signed_copy")
		b.step(b.op, no, "sign_operator", b.with(b.op, nil))
		if b.may(permit.Query{Org: b.opOrg, Item: item, Purpose: "产业发展"}) != permit.NoAgreement {
			t.Error("one signature opened the data")
		}
		b.no(b.op, no, "sign_authority", b.with(b.op, nil), "case.role")
		b.step(b.at.Lead, no, "sign_authority", b.with(b.at.Lead, nil))

		today := calendar.DateOf(b.clock.At)
		b.must(b.db.View(ctx, func(r *store.ReadTx) error {
			a, err := agreement.ByCase(r, no)
			if a.Signed != today || a.Ends != calendar.Term(today, 3) || a.Status(today) != agreement.InForce || a.ApprovalNo != "朔政〔2026〕3号" || a.Backfill || a.PlanDigest == "" {
				t.Errorf("%+v", a)
			}
			terms, terr := a.ReadTerms()
			if terr != nil || terms.Fee.RateBP != 500 || terms.Ratios.Sum() != 10000 || terms.Purposes[1] != "产业发展" {
				t.Errorf("%+v %v", terms, terr)
			}
			return err
		}))
		own := permit.Query{Org: b.opOrg, Item: item, Purpose: "产业发展", Fields: []string{"age"}}
		for _, c := range []struct {
			change func(*permit.Query)
			want   string
		}{{func(*permit.Query) {}, ""}, {func(q *permit.Query) { q.Fields = []string{"no"} }, permit.FieldNotGranted}, {func(q *permit.Query) { q.Purpose = "营销" }, permit.PurposeDiffers},
			{func(q *permit.Query) { q.At = time.Date(2028, 1, 1, 0, 0, 0, 0, calendar.Shanghai) }, permit.ItemPeriod},
			{func(q *permit.Query) { q.At = calendar.Term(today, 3).End() }, permit.AgreementExpired}} {
			q := own
			c.change(&q)
			if got := b.may(q); got != c.want {
				t.Errorf("%+v: %q, want %q", q, got, c.want)
			}
		}
		for _, kind := range []string{"agreement"} {
			d, err := b.Paper(ctx, b.actor(b.op), no, kind)
			b.must(err)
			text := docs.Text(d)
			if !strings.Contains(text, calendar.Term(today, 3).Chinese()) || !strings.Contains(text, "人口抽样") || !strings.Contains(text, "30.00%") {
				t.Error(text)
			}
		}
		b.must(b.db.View(ctx, func(r *store.ReadTx) error {
			a, err := agreement.ByCase(r, no)
			b.must(err)
			for _, n := range []string{a.No, a.ID, a.Scheme, a.Mandate, item, "朔政〔2026〕3号"} {
				if p, err := procedures.Prove(b.Engine)(r, n); err != nil || p.Digest == "" || p.Seq < 0 || p.State == "" {
					t.Errorf("%s: %+v %v", n, p, err)
				}
			}
			return nil
		}))
		// A second one is refused while the first runs.
		again := b.begin(b.at.Lead, "p06_1d_agreement", b.agreementForm())
		b.no(b.at.Lead, again, "submit", procedure.Act{}, "agreement.unique")
	})
}

func TestAnUpheldObjectionReopensTheNegotiation(t *testing.T) {
	eachBasis(t, func(t *testing.T, b *basis) {
		b.mandate()
		b.scheme()
		no := b.approved(b.agreementForm())
		b.step(b.at.Lead, no, "object", procedure.Act{Input: json.RawMessage(`{"raisedBy":"李某","content":"费率过低"}`)})
		b.step(b.at.Lead, no, "reply", procedure.Act{Input: json.RawMessage(`{"n":1,"upheld":true,"answer":"成立"}`)})
		b.clock.At = b.clock.At.AddDate(0, 0, 12)
		b.step(b.at.Lead, no, "end_publicity", procedure.Act{})
		b.no(b.at.Lead, no, "invite", procedure.Act{}, "publicity.upheld")
		b.step(b.at.Lead, no, "reconsider", say("异议成立，重新谈判"))
		b.step(b.at.Lead, no, "submit", procedure.Act{})
		b.step(b.op, no, "confirm", procedure.Act{})
		b.step(b.gov, no, "approve", b.with(b.gov, map[string]any{"decidedOn": calendar.DateOf(b.clock.At).String()}))
		b.step(b.auth2, no, "publish", say("不涉密"))
		b.clock.At = b.clock.At.AddDate(0, 0, 12)
		if _, err := b.Tick(ctx); err != nil {
			t.Fatal(err)
		}
		b.step(b.at.Lead, no, "invite", procedure.Act{}) // the old objection belongs to the old round
	})
}

func TestPublicityOverAnUnpublishedYearDoesNotBlock(t *testing.T) {
	eachBasis(t, func(t *testing.T, b *basis) {
		b.mandate()
		b.scheme()
		b.clock.At = time.Date(2026, 12, 30, 9, 0, 0, 0, calendar.Shanghai)
		no := b.approved(b.agreementForm())
		v, err := b.View(ctx, b.actor(b.at.Lead), no)
		b.must(err)
		shown := ""
		for _, s := range v.Sections {
			for _, it := range s.Items {
				if strings.HasPrefix(it.Label, "末日") {
					shown, _ = it.Value.(string)
				}
			}
		}
		if v.Case.DueYear != 2027 || !strings.Contains(shown, "待公布") {
			t.Fatalf("%+v %q", v.Case, shown)
		}
		b.clock.At = time.Date(2027, 1, 4, 23, 0, 0, 0, calendar.Shanghai)
		b.no(b.at.Lead, no, "end_publicity", procedure.Act{}, "publicity.running")
		b.clock.At = time.Date(2027, 1, 5, 0, 0, 0, 0, calendar.Shanghai)
		b.step(b.at.Lead, no, "end_publicity", procedure.Act{})
	})
}

func TestWhatAnAgreementIsRefusedFor(t *testing.T) {
	eachBasis(t, func(t *testing.T, b *basis) {
		_, err := b.start(b.op, "p06_1d_agreement", b.agreementForm())
		b.refused(err, "case.role")
		no := b.begin(b.at.Lead, "p06_1d_agreement", b.agreementForm())
		b.no(b.at.Lead, no, "submit", procedure.Act{}, "mandate.in_force")
		b.mandate()
		b.no(b.at.Lead, no, "submit", procedure.Act{}, "scheme.in_force")
		b.scheme()
		item := b.published(catalogueForm(nil))
		closed := b.published(catalogueForm(func(f map[string]any) {
			f["title"], f["authorisable"], f["authoriseBasis"] = "不授权的", "no", ""
			for _, x := range f["fields"].([]any) {
				delete(x.(map[string]any), "authorisable")
			}
		}))
		important := b.published(catalogueForm(func(f map[string]any) {
			f["title"], f["impact"], f["degree"], f["grade"] = "重要的", "economy", "serious", "important"
			delete(f, "sublevel")
		}))
		line := func(id, fields string) []any { return []any{map[string]any{"item": id, "fields": fields}} }
		for want, change := range map[string]func(map[string]any){
			"agreement.operator": func(f map[string]any) { f["operator"] = b.srcOrg },
			"agreement.mode":     func(f map[string]any) { f["mode"] = "by_field" },
			"agreement.term":     func(f map[string]any) { f["termYears"] = 4 },
			"agreement.terms":    func(f map[string]any) { f["ratioPartner"] = 400 },
			"form.file":          func(f map[string]any) { f["finalPlan"] = b.file(b.op) },
		} {
			f := b.agreementForm()
			change(f)
			no := b.begin(b.at.Lead, "p06_1d_agreement", f)
			b.no(b.at.Lead, no, "submit", procedure.Act{}, want)
		}
		for say, lines := range map[string][]any{"不在资源目录": line("it-none", ""), "不授权": line(closed, ""), "重要数据": line(important, ""), "没有名为": line(item, "age,nothing"),
			"未标为可授权": line(item, "no"), "重复": {line(item, "")[0], line(item, "")[0]}} {
			no := b.begin(b.at.Lead, "p06_1d_agreement", b.agreementForm(lines...))
			b.no(b.at.Lead, no, "submit", procedure.Act{}, "agreement.items")
			var ref *procedure.Refused
			if err := b.do(b.at.Lead, no, "submit", procedure.Act{}); !errors.As(err, &ref) || !strings.Contains(ref.Message, say) {
				t.Errorf("%q is not said: %v", say, err)
			}
		}
		missing := b.agreementForm()
		missing["dispute"] = ""
		no = b.begin(b.at.Lead, "p06_1d_agreement", missing)
		var inv *procedure.Invalid
		if err := b.do(b.at.Lead, no, "submit", procedure.Act{}); !errors.As(err, &inv) || inv.Errors[0].Path != "dispute" {
			t.Error(err)
		}
		// Shared-in data without the provider's consent cannot even be declared authorisable.
		no = b.begin(b.src1, "p07_2_catalogue", catalogueForm(func(f map[string]any) { f["sourceRelation"], f["sourceOrigin"] = "shared_in", "省公安厅" }))
		if err := b.do(b.src1, no, "submit", procedure.Act{}); !errors.As(err, &inv) || inv.Errors[0].Path != "consentDoc" {
			t.Error(err)
		}
	})
}

func TestAnAgreementIsEnteredAfterwardsAndGrows(t *testing.T) {
	eachBasis(t, func(t *testing.T, b *basis) {
		b.mandate()
		b.scheme()
		no := b.backfilled()
		var id string
		b.must(b.db.View(ctx, func(r *store.ReadTx) error { return r.Get(&id, `SELECT subject FROM case_file WHERE no = $1`, no) }))
		item := b.published(catalogueForm(nil))
		own := permit.Query{Org: b.opOrg, Item: item, Purpose: "产业发展", Fields: []string{"age"}}
		if got := b.may(own); got != permit.ItemNotAuthorised {
			t.Errorf("before the amendment: %q", got)
		}
		add := map[string]any{"agreement": id, "reason": "新编目录项", "add": []any{map[string]any{"item": item}}, "purposes": []any{map[string]any{"purpose": "民生服务"}}}
		no = b.begin(b.at.Lead, "p06_1e_amendment", add)
		b.step(b.at.Lead, no, "submit", procedure.Act{})
		b.step(b.op, no, "agree", b.with(b.op, nil))
		b.no(b.at.Lead, no, "sign", b.with(b.at.Lead, nil), "case.apart")
		b.step(b.auth2, no, "sign", b.with(b.auth2, nil))
		if got := b.may(own); got != "" {
			t.Errorf("after the amendment: %q", got)
		}
		if got := b.may(permit.Query{Org: b.opOrg, Item: item, Purpose: "民生服务"}); got != "" {
			t.Errorf("the added purpose: %q", got)
		}
		d, err := b.Paper(ctx, b.actor(b.op), no, "supplement")
		b.must(err)
		if !strings.Contains(docs.Text(d), "未列入") {
			t.Error(docs.Text(d))
		}
		// The item is now held: it cannot be closed behind the agreement's back.
		no = b.begin(b.src1, "p07_2_catalogue", catalogueForm(func(f map[string]any) {
			f["act"], f["item"], f["reason"], f["authorisable"] = "change", item, "收回", "no"
			for _, x := range f["fields"].([]any) {
				delete(x.(map[string]any), "authorisable")
			}
		}))
		b.no(b.src1, no, "submit", procedure.Act{}, "catalogue.authorised")
		for want, f := range map[string]map[string]any{
			"amendment.empty":     {"agreement": id, "reason": "无"},
			"amendment.agreement": {"agreement": "ag-none", "reason": "无", "remove": []any{item}},
			"amendment.remove":    {"agreement": id, "reason": "无", "remove": []any{"it-none"}},
		} {
			no := b.begin(b.at.Lead, "p06_1e_amendment", f)
			b.no(b.at.Lead, no, "submit", procedure.Act{}, want)
		}
		no = b.begin(b.at.Lead, "p06_1e_amendment", map[string]any{"agreement": id, "reason": "移出", "remove": []any{item}})
		b.step(b.at.Lead, no, "submit", procedure.Act{})
		b.step(b.op, no, "agree", b.with(b.op, nil))
		b.step(b.auth2, no, "sign", b.with(b.auth2, nil))
		if got := b.may(own); got != permit.ItemNotAuthorised {
			t.Errorf("after the removal: %q", got)
		}
		// A lapsed scheme lets an agreement shrink and run on, not grow.
		b.clock.At = b.clock.At.AddDate(2, 0, 1)
		no = b.begin(b.at.Lead, "p06_1e_amendment", add)
		b.no(b.at.Lead, no, "submit", procedure.Act{}, "amendment.scheme")
	})
}
