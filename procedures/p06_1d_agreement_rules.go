package procedures

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/agreement"
	"pado/domain/catalogue"
	"pado/domain/party"
	"pado/domain/permit"
	"pado/plan"
)

func agreementRule(code, say, clause string, holds func(*procedure.Ctx, agreementForm) error) procedure.Rule {
	return procedure.Rule{Code: code, Say: say, Plan: plan.C(clause), Holds: func(c *procedure.Ctx) error {
		f, err := procedure.Form[agreementForm](c)
		if err != nil {
			return err
		}
		return holds(c, f)
	}}
}

// agreementAuthority: only the implementing body of the division draws up agreements.
var agreementAuthority = procedure.Rule{Code: "agreement.authority", Say: "授权运营协议由本级实施机构起草", Plan: plan.C("1.4"), Holds: func(c *procedure.Ctx) error {
	return procedure.Hold(party.HasRole(c.ReadTx, c.Case.Org, party.Authority))
}}

var agreementOperator = agreementRule("agreement.operator", "所选单位未经确认为运营机构，不能签订授权运营协议", "1.6", func(c *procedure.Ctx, f agreementForm) error {
	return procedure.Hold(party.HasRole(c.ReadTx, f.Operator, party.Operator))
})

var agreementSameOperator = agreementRule("agreement.same_operator", "协议已送另一家运营机构确认，更换运营机构请另立事项", "6.1.4", func(c *procedure.Ctx, f agreementForm) error {
	org, err := c.Party(party.Operator)
	return procedure.Hold(org == "" || org == f.Operator, err)
})

var agreementMode = agreementRule("agreement.mode", "协议的授权模式与授权依据、实施方案不一致", "5.1", func(c *procedure.Ctx, f agreementForm) error {
	on, err := effectiveDay(c)
	if err != nil {
		return err
	}
	m, err := agreement.MandateOn(c.ReadTx, c.Case.Tenant, on)
	if err != nil {
		return ruleMissing(err)
	}
	s, err := agreement.SchemeOn(c.ReadTx, c.Case.Tenant, on)
	if err != nil {
		return ruleMissing(err)
	}
	return procedure.Hold(f.Mode == m.Mode && f.Mode == s.Mode, nil)
})

// ruleMissing turns "no such record" into the rule's own sentence.
func ruleMissing(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return procedure.ErrFails
	}
	return err
}

var agreementTerm = agreementRule("agreement.term", "运营期限超过上限", "8.1", func(c *procedure.Ctx, f agreementForm) error {
	if err := termFits(c, f.TermYears); err != nil {
		return err
	}
	on, err := effectiveDay(c)
	if err != nil {
		return err
	}
	s, err := agreement.SchemeOn(c.ReadTx, c.Case.Tenant, on)
	if err != nil {
		return ruleMissing(err)
	}
	if f.TermYears > s.TermYears {
		return procedure.Refuse("", plan.C("5.2"), "实施方案确定的运营期限为%d年，协议不得更长", s.TermYears)
	}
	return nil
})

var agreementComplete = agreementRule("agreement.complete", "协议的必备条款不全", "6.1.4", func(c *procedure.Ctx, _ agreementForm) error {
	text, err := partsText(c, agreement.Sections)
	if err != nil {
		return err
	}
	if m := agreement.Missing(agreement.Sections, text); len(m) > 0 {
		return procedure.Refuse("", plan.C("6.1.4"), "协议缺少必备条款：%s", joined(m))
	}
	return nil
})

var agreementTerms = agreementRule("agreement.terms", "可执行条款不成立", "10.4.1", func(c *procedure.Ctx, f agreementForm) error {
	t := termsOf(f)
	switch sum := t.Ratios.Sum(); {
	case sum != 0 && sum != plan.Whole:
		return procedure.Refuse("", plan.C("10.4.1"), "超额收益分成各项之和须为100%%，现为%d.%02d%%；没有约定的请全部留空", sum/100, sum%100)
	case sum != 0 && t.Remainder == "":
		return procedure.Refuse("", plan.C("10.4.1"), "约定分成的，须写明尾差归属")
	case sum == 0 && t.Excess == "shared":
		return procedure.Refuse("", plan.C("10.4.1"), "选择按比例分成的，须填写各方比例")
	}
	return nil
})

func termsOf(f agreementForm) agreement.Terms {
	return agreement.Terms{Purposes: purposesOf(f.Purposes), Years: f.TermYears, Excess: f.Excess, Remainder: f.Remainder,
		Fee:    agreement.Fee{RateBP: f.FeeRate, Base: f.FeeBase, Period: f.FeePeriod, DueWorkingDays: f.FeeDueDays},
		Ratios: agreement.SplitTerms{Government: f.RatioGovernment, Operator: f.RatioOperator, Source: f.RatioSource, Partner: f.RatioPartner}}
}

var agreementItems = agreementRule("agreement.items", "授权运营目录中有不能授权的目录项", "7.1", func(c *procedure.Ctx, f agreementForm) error {
	return itemsFit(c, f.Items, "")
})

// itemsFit holds every line of an authorised catalogue against the city's catalogue: published,
// authorisable, consented to, not under another agreement, the fields there and authorisable.
func itemsFit(c *procedure.Ctx, items []agreementItem, within string) error {
	v, err := c.Param("catalogue.authorise_important")
	if err != nil {
		return err
	}
	important, err := v.Bool()
	if err != nil {
		return err
	}
	on, err := effectiveDay(c)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for i, line := range items {
		it, err := catalogue.ByID(c.ReadTx, line.Item)
		if errors.Is(err, store.ErrNotFound) {
			return procedure.Refuse("agreement.items", plan.C("7.2b"), "第%d行所选的目录项不在资源目录中", i+1)
		}
		if err != nil {
			return err
		}
		if seen[line.Item] {
			return procedure.Refuse("agreement.items", plan.C("5.1"), "目录项“%s”重复", it.Title)
		}
		seen[line.Item] = true
		if why := catalogue.WhyNotAuthorised(it, important); why != "" {
			return procedure.Refuse("agreement.items", plan.C("7.1"), "%s", why)
		}
		if !line.Ends.IsZero() && line.Ends.Before(on) {
			return procedure.Refuse("agreement.items", plan.C("8.1"), "目录项“%s”的末日早于签订日", it.Title)
		}
		holder, err := agreement.HolderOf(c.ReadTx, line.Item, on)
		if err == nil && holder.ID != within {
			return procedure.Refuse("agreement.items", plan.C("5.1"), "目录项“%s”已列入协议%s，一个目录项不能同时属于两份协议", it.Title, holder.No)
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if _, err := authorisedFields(it, line.Fields); err != nil {
			return err
		}
	}
	return nil
}

// authorisedFields are the names a line authorises: those it lists, or all that the source
// declared authorisable. An unknown or closed one is refused.
func authorisedFields(it catalogue.Item, text string) ([]string, error) {
	open := map[string]bool{}
	var all []string
	for _, f := range it.Fields {
		open[f.Name] = f.Authorisable
		if f.Authorisable {
			all = append(all, f.Name)
		}
	}
	names := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(",，、;； \n\t", r) })
	if len(names) == 0 {
		return all, nil
	}
	for _, n := range names {
		may, known := open[n]
		if !known {
			return nil, procedure.Refuse("agreement.items", plan.C("9.1"), "目录项“%s”没有名为“%s”的信息项", it.Title, n)
		}
		if !may {
			return nil, procedure.Refuse("agreement.items", plan.C("9.1"), "目录项“%s”的信息项“%s”未标为可授权", it.Title, n)
		}
	}
	return names, nil
}

// slotOf is what the agreement is unique in, by parameter.
func slotOf(c *procedure.Ctx, mode string) (string, bool, error) {
	v, err := c.Param("agreement.unique_per")
	if err != nil {
		return "", false, err
	}
	per, err := v.Text()
	perMode := per == "government_mode"
	return agreement.Slot(c.Case.Tenant, mode, perMode), perMode, err
}

var agreementSlot = agreementRule("agreement.unique", "同一授权政府、同一模式下已有未到期的协议，不能另签", "5.1", func(c *procedure.Ctx, f agreementForm) error {
	over, err := longOver(c, f)
	if err != nil || over {
		return err
	}
	slot, _, err := slotOf(c, f.Mode)
	if err != nil {
		return err
	}
	old, err := agreement.Occupant(c.ReadTx, slot, c.Today())
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return procedure.Refuse("", plan.C("5.1"), "同一授权政府、同一模式下已有协议%s（至%s），期满或终止前不能另签", old.No, old.Ends.Chinese())
})

// longOver: an agreement entered afterwards whose term has run out takes nobody's place.
func longOver(c *procedure.Ctx, f agreementForm) (bool, error) {
	if c.Step == nil || !c.Step.Backfill {
		return false, nil
	}
	in, err := procedure.Input[signInput](c)
	return err == nil && calendar.Term(in.SignedOn, f.TermYears).Before(c.Today()), err
}

func decisionPast(clause plan.Clause) procedure.Rule {
	return procedure.Rule{Code: "decision.date", Say: "决定日期不得晚于今日", Plan: clause, Holds: func(c *procedure.Ctx) error {
		in, err := procedure.Input[decisionInput](c)
		return procedure.Hold(!in.DecidedOn.After(c.Today()), err)
	}}
}

func signedCopy(clause plan.Clause) procedure.Rule {
	return procedure.Rule{Code: "agreement.signed_copy", Say: "请上传本方签署的协议文本", Plan: clause, Holds: func(c *procedure.Ctx) error {
		return procedure.Hold(len(c.Files) > 0, nil)
	}}
}

var signedPast = procedure.Rule{Code: "agreement.signed_on", Say: "签订日不得晚于今日，也不得早于原决定日期", Plan: plan.C("8.1"), Holds: func(c *procedure.Ctx) error {
	in, err := procedure.Input[signInput](c)
	if err != nil {
		return err
	}
	d, err := procedure.Input[decisionInput](c)
	return procedure.Hold(!in.SignedOn.After(c.Today()) && !in.SignedOn.Before(d.DecidedOn), err)
}}

// approvalNumbered makes sure that the approval has its number before it counts.
var approvalNumbered = procedure.Effect{Name: "approval", Say: "批准文号记入协议", Plan: plan.C("6.1.4"), Run: func(c *procedure.Ctx) error {
	d, err := decided(c)
	if err != nil {
		return err
	}
	return agreement.Approve(c.W, c.Case.No, d.No, d.On)
}}

var keepObjection = procedure.Effect{Name: "object", Say: "异议登记在案，须在签约前答复", Plan: plan.C("6.1.4"), Run: func(c *procedure.Ctx) error {
	in, err := procedure.Input[objectionInput](c)
	if err != nil {
		return err
	}
	_, err = agreement.Object(c.W, c.Case.No, in.RaisedBy, in.Contact, in.Content)
	return err
}}

var objectionOpen = procedure.Rule{Code: "publicity.objection", Say: "没有这条异议，或者已经答复", Plan: plan.C("6.1.4"), Holds: func(c *procedure.Ctx) error {
	in, err := procedure.Input[replyInput](c)
	if err != nil {
		return err
	}
	list, err := agreement.Objections(c.ReadTx, c.Case.No)
	for _, o := range list {
		if o.N == in.N && o.Upheld == nil {
			return err
		}
	}
	return procedure.Hold(false, err)
}}

var answerObjection = procedure.Effect{Name: "reply", Say: "答复登记在案", Plan: plan.C("6.1.4"), Run: func(c *procedure.Ctx) error {
	in, err := procedure.Input[replyInput](c)
	if err != nil {
		return err
	}
	return agreement.Reply(c.W, c.Case.No, in.N, in.Upheld, in.Answer, c.Actor.Person)
}}

// publicityOver: the period has run out. One that needs an unpublished year does not block: then
// as many days of the calendar must have passed, which no working day can undercut.
var publicityOver = procedure.Rule{Code: "publicity.running", Say: "公示期尚未届满", Plan: plan.C("6.1.4"), Holds: func(c *procedure.Ctx) error {
	if c.Case.DueYear == 0 {
		if !c.Case.DueAt.IsZero() && c.Now().Before(c.Case.DueAt.Time) {
			return procedure.Refuse("", plan.C("6.1.4"), "公示期至%s24时止，尚未届满", lastDayOf(c.Case.DueAt.Time).Chinese())
		}
		return nil
	}
	days, err := c.Days("publicity.days")
	if err != nil {
		return err
	}
	first := dateOf(c.Case.Since).AddDays(calendar.Days(days))
	if c.Today().After(first) {
		return nil
	}
	return procedure.Refuse("", plan.C("6.1.4"), "公示期末日待%d年放假安排公布后计算；在此之前，至少须满%d个自然日（至%s）", c.Case.DueYear, days, first.Chinese())
}}

func lastDayOf(end time.Time) calendar.Date { return calendar.DateOf(end.Add(-time.Millisecond)) }

var objectionsAnswered = procedure.Rule{Code: "publicity.unanswered", Say: "尚有未答复的异议，答复完毕才可签约", Plan: plan.C("6.1.4"), Holds: func(c *procedure.Ctx) error {
	n, err := agreement.Unanswered(c.ReadTx, c.Case.No)
	if err != nil || n == 0 {
		return err
	}
	return procedure.Refuse("", plan.C("6.1.4"), "尚有%d条异议未答复，答复完毕才可签约", n)
}}

// objectionsUpheld: an objection of this round that was found justified sends the text back.
var objectionsUpheld = procedure.Rule{Code: "publicity.upheld", Say: "本次公示中有成立的异议，请重新谈判后再行公示", Plan: plan.C("6.1.4"), Holds: func(c *procedure.Ctx) error {
	var since store.Time
	if err := c.Get(&since, `SELECT MAX(at) FROM case_event WHERE case_no = $1 AND action = 'publish'`, c.Case.No); err != nil {
		return err
	}
	n, err := agreement.Upheld(c.ReadTx, c.Case.No, since)
	return procedure.Hold(n == 0, err)
}}

// draftOf builds the agreement that signing brings into force.
func draftOf(c *procedure.Ctx, signed calendar.Date) (agreement.Draft, error) {
	var d agreement.Draft
	f, err := procedure.Form[agreementForm](c)
	if err != nil {
		return d, err
	}
	m, err := agreement.MandateOn(c.ReadTx, c.Case.Tenant, signed)
	if err != nil {
		return d, ruleMissing(err)
	}
	s, err := agreement.SchemeOn(c.ReadTx, c.Case.Tenant, signed)
	if err != nil {
		return d, ruleMissing(err)
	}
	_, perMode, err := slotOf(c, f.Mode)
	if err != nil {
		return d, err
	}
	rule, err := c.Param("agreement.end_rule")
	if err != nil {
		return d, err
	}
	text, err := partsText(c, agreement.Sections)
	if err != nil {
		return d, err
	}
	var planSum string
	if err := c.Get(&planSum, `SELECT sha256 FROM attachment WHERE id = $1`, f.FinalPlan); err != nil && !errors.Is(err, store.ErrNotFound) {
		return d, err
	}
	items, err := itemsOf(c, f.Items)
	if err != nil {
		return d, err
	}
	return agreement.Draft{Title: f.Title, Mandate: m.ID, Scheme: s.ID, AuthorityOrg: c.Case.Org, OperatorOrg: f.Operator, Division: c.Case.Tenant, Mode: f.Mode, PerMode: perMode,
		Signed: signed, LastInclusive: rule.Raw == "anniversary", Sections: text, Terms: termsOf(f), Items: items, PlanDigest: planSum, CaseNo: c.Case.No, By: c.Actor.Person}, nil
}

func itemsOf(c *procedure.Ctx, lines []agreementItem) ([]agreement.Item, error) {
	var out []agreement.Item
	for _, line := range lines {
		it, err := catalogue.ByID(c.ReadTx, line.Item)
		if err != nil {
			return nil, fmt.Errorf("read item %s: %w", line.Item, err)
		}
		fields, err := authorisedFields(it, line.Fields)
		if err != nil {
			return nil, err
		}
		out = append(out, agreement.Item{Item: line.Item, Fields: fields, Ends: line.Ends})
	}
	return out, nil
}

// signAgreement brings the agreement into force and opens its catalogue for use, in one commit.
var signAgreement = procedure.Effect{Name: "sign", Say: "协议生效，末日自签订日推算；授权运营目录即时开放", Plan: plan.C("6.1.4"), Run: func(c *procedure.Ctx) error {
	signed := c.Today()
	approval, err := agreement.ApprovalOf(c.ReadTx, c.Case.No)
	if err != nil {
		return err
	}
	if c.Step.Backfill {
		in, err := procedure.Input[signInput](c)
		if err != nil {
			return err
		}
		d, err := decided(c)
		if err != nil {
			return err
		}
		signed, approval = in.SignedOn, d.No
	}
	d, err := draftOf(c, signed)
	if err != nil {
		return err
	}
	d.ApprovalNo, d.Backfill = approval, c.Step.Backfill
	if d.Evidence, err = evidenceOf(c); err != nil {
		return err
	}
	a, err := agreement.Sign(c.W, d)
	if err != nil {
		return err
	}
	if err := openScope(c, a); err != nil {
		return err
	}
	return c.SetSubject(a.ID)
}}

// openScope tells permit the authorised catalogue of an agreement as it stands.
func openScope(c *procedure.Ctx, a agreement.Agreement) error {
	items, err := agreement.Items(c.ReadTx, a.ID)
	if err != nil {
		return err
	}
	s := permit.Scope{Agreement: a.ID, Operator: a.OperatorOrg, By: c.Actor.Person, Case: c.Case.No}
	for _, it := range items {
		if it.Active {
			s.Items = append(s.Items, permit.ScopeTerm{Item: it.Item, Fields: it.Fields, First: it.Since, Last: it.Ends})
		}
	}
	return permit.Open(c.W, s)
}
