package procedures

import (
	"errors"
	"fmt"

	"pado/core/docs"
	p "pado/core/procedure"
	"pado/core/store"
	"pado/domain/party"
	"pado/domain/sandbox"
	"pado/plan"
)

// outputForm asks to let a stored answer leave the sandbox.
type outputForm struct {
	Question string `json:"question"`
	Title    string `json:"title"`
	Use      string `json:"use"`
}

type verdictInput struct {
	Verdict string `json:"verdict"`
	Say     string `json:"say"`
}

type falseInput struct {
	Say string `json:"say"`
}

// Output is 成果出域 of a developer (clause 6.3.3): automatic checks on the bytes, then two persons who
// do not see each other's opinion, one of the operator and one of the Authority.
func Output() *p.Procedure {
	return output("p06_3c_output", "CG", "成果出域审查", party.Developer, party.Operator)
}

// OutputByOperator is the operator's own: both reviewers are of the Authority.
func OutputByOperator() *p.Procedure {
	return output("p06_3c_output_op", "CO", "成果出域审查（运营机构）", party.Operator, party.Authority)
}

func output(id, prefix, title string, by, first p.Role) *p.Procedure {
	c := plan.C("6.3.3")
	review := []p.Field{{Name: "verdict", Label: "结论", Kind: p.Choice, Options: sandbox.Verdicts, Required: true, Plan: c},
		{Name: "say", Label: "审查意见", Kind: p.LongText, Required: true, Max: 2000, Plan: c, Help: "两位审查人都提交之前，其他人看不到"}}
	alarm := []p.Field{{Name: "say", Label: "认定为误报的理由", Kind: p.LongText, Required: true, Min: 5, Max: 1000, Plan: plan.C("6.3.4")}}
	other := []string{"submit", "start"}
	clean := p.Rule{Code: "output.clean", Say: "自动检查没有全部通过，不得出域", Plan: plan.C("6.3.4"), Holds: func(c *p.Ctx) error {
		_, digest, err := outputOf(c)
		if err != nil {
			return err
		}
		checks, err := sandbox.Checks(c.ReadTx, c.Case.No)
		return p.Hold(sandbox.Clean(checks, digest), err)
	}}
	spoken := p.Rule{Code: "output.reviewers", Say: "独立审查人数不足", Plan: c, Holds: func(c *p.Ctx) error {
		list, err := opinionsOf(c)
		if err != nil {
			return err
		}
		n, err := c.Days("output.reviewers")
		return p.Hold(len(list) >= n, err)
	}}
	agreed := p.Rule{Code: "output.agreed", Say: "审查人意见不是一致同意出域", Plan: c, Holds: func(c *p.Ctx) error {
		list, err := opinionsOf(c)
		for _, o := range list {
			if o.Verdict != "release" {
				return p.Hold(false, err)
			}
		}
		return err
	}}
	right := p.Rule{Code: "output.right", Say: "只能申请本单位沙箱项目中已答复的提问，且项目须在使用中", Plan: c, Holds: func(c *p.Ctx) error {
		q, _, err := outputOf(c)
		if err != nil {
			return missing(err)
		}
		project, err := sandbox.ByNo(c.ReadTx, q.Project)
		if err != nil {
			return missing(err)
		}
		return p.Hold(q.Org == c.Case.Org && q.State == "answered" && project.State == sandbox.Open, nil)
	}}
	once := p.Rule{Code: "output.once", Say: "同样的内容已经准予本单位出域", Plan: c, Holds: func(c *p.Ctx) error {
		_, digest, err := outputOf(c)
		if err != nil {
			return err
		}
		_, err = sandbox.ReleasedTo(c.ReadTx, digest, c.Case.Org)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return p.Hold(false, err)
	}}
	apartOrg := p.Rule{Code: "output.independent", Say: "审查人不得是申请单位的人员或项目成员", Plan: c, Holds: func(c *p.Ctx) error {
		q, _, err := outputOf(c)
		if err != nil {
			return err
		}
		member, err := c.Exists(`SELECT 1 FROM project_member WHERE project = $1 AND person = $2`, q.Project, c.Actor.Person)
		return p.Hold(!member && (c.Desk.Org == "" || c.Desk.Org != c.Case.Org), err)
	}}
	give := p.Effects{{Name: "opine_output", Say: "意见在全部审查人提交前不公开", Plan: c, Run: opineOutput}}
	steps := []p.Step{
		{Do: "submit", Label: "提交审查", By: by, From: p.S("draft"), To: "review", Plan: c, Edits: true, Style: p.Primary, Require: p.Rules{right, once},
			Then: p.Effects{{Name: "run_checks", Say: "立即运行自动检查", Plan: c, Run: runOutputChecks, Undo: p.Harmless}}},
		{Do: "opine", Label: "提交审查意见", By: first, From: p.S("review"), To: "second_review", Plan: c, Apart: other, Input: review, Require: p.Rules{apartOrg}, Style: p.Primary, Then: give, Sealed: true},
		{Do: "opine_second", Label: "提交审查意见", By: party.Authority, From: p.S("second_review"), To: "decision", Plan: c, Apart: append([]string{"opine"}, other...), Input: review,
			Require: p.Rules{apartOrg}, Style: p.Primary, Then: give, Sealed: true},
		{Do: "opine_more", Label: "追加审查意见", By: party.Authority, From: p.S("decision"), To: "decision", Plan: c, Apart: append([]string{"opine", "opine_second"}, other...), Input: review,
			Require: p.Rules{apartOrg}, Then: give, Sealed: true},
		{Do: "clear_first", Label: "认定误报（第一人）", By: first, From: p.S("review"), To: "review", Plan: plan.C("6.3.4"), Apart: other, Input: alarm, Require: p.Rules{apartOrg},
			Then: p.Effects{{Name: "clear_first", Plan: plan.C("6.3.4"), Run: func(c *p.Ctx) error { return clearFindings(c, false) }}}},
		{Do: "clear_second", Label: "认定误报（第二人）并重新检查", By: party.Authority, From: p.S("second_review"), To: "second_review", Plan: plan.C("6.3.4"),
			Apart: append([]string{"clear_first"}, other...), Input: alarm, Require: p.Rules{apartOrg},
			Then: p.Effects{{Name: "clear_second", Say: "重新运行自动检查", Plan: plan.C("6.3.4"), Run: func(c *p.Ctx) error { return clearFindings(c, true) }}}},
		{Do: "release", Label: "准予出域", By: first, From: p.S("decision"), To: "released", Plan: c, Apart: other, Numbered: true, Style: p.Primary, Irrevocable: "成果按摘要值出域，不能收回",
			Require: p.Rules{right, once, spoken, agreed, clean}, Then: p.Effects{{Name: "release_output", Say: "成果登记并可取用", Plan: c, Run: releaseOutput}}},
		{Do: "return", Label: "退回", By: first, From: p.S("decision"), To: "draft", Plan: c, Apart: other, Opinion: true, Return: true, Require: p.Rules{spoken}},
		{Do: "refuse", Label: "不予出域", By: first, From: p.S("decision"), To: "refused", Plan: c, Apart: other, Opinion: true, Numbered: true, Style: p.Danger, Require: p.Rules{spoken}},
		p.Withdraw("withdrawn", by, c, "draft"),
	}
	out := &p.Procedure{ID: id, Prefix: prefix, Title: title, Group: "开发利用", Plan: c, Start: "draft",
		Form: p.FormOf[outputForm](
			p.Field{Name: "question", Label: "提问", Kind: p.Ref, Source: "answers", Required: true, Plan: c},
			p.Field{Name: "title", Label: "成果名称", Kind: p.Text, Required: true, Max: 60, Plan: c},
			p.Field{Name: "use", Label: "出域后的用途", Kind: p.LongText, Required: true, Max: 2000, Plan: plan.C("9.2")}),
		Name: func(c *p.Ctx) (string, error) { f, err := p.Form[outputForm](c); return f.Title, err },
		States: p.Phases{
			{ID: "draft", Label: "填写", Owes: by, Track: true},
			{ID: "review", Label: "第一人审查", Owes: first, Within: "output.review", Track: true},
			{ID: "second_review", Label: "第二人审查", Owes: party.Authority, Within: "output.review", Track: true},
			{ID: "decision", Label: "决定", Owes: first, Within: "output.review", Track: true},
			{ID: "released", Label: "已出域", Final: true, Track: true}, {ID: "refused", Label: "不予出域", Final: true}, {ID: "withdrawn", Label: "已撤回", Final: true}},
		Steps:   steps,
		Parties: []p.PartyRule{{Role: party.Authority, Find: party.TenantOrg(party.Authority)}},
		Readers: []p.Role{party.Authority},
		Views: []p.View{{Title: "自动检查", Plan: plan.C("6.3.4"), Draw: checksView}, {Title: "疑似原始数据或个人信息", Plan: plan.C("6.3.4"), Draw: findingsView},
			{Title: "审查意见", Plan: c, Draw: opinionsView}, {Title: "待出域的内容", Plan: c, Draw: outputView}},
		Papers: []p.Paper{{Kind: "decision", Title: "成果出域决定", Plan: c, In: p.S("released", "refused"), Draw: outputDecision}},
	}
	if first == party.Operator {
		out.Parties = append(out.Parties, p.PartyRule{Role: party.Operator, Find: outputOperator})
	}
	return out
}

// outputOf reads the question the form names and the digest its answer would leave under.
func outputOf(c *p.Ctx) (sandbox.Question, string, error) {
	f, err := p.Form[outputForm](c)
	if err != nil {
		return sandbox.Question{}, "", err
	}
	q, err := sandbox.QuestionByID(c.ReadTx, f.Question)
	if err != nil {
		return q, "", err
	}
	digest, err := sandbox.OutputDigest(q)
	return q, digest, err
}

func outputOperator(c *p.Ctx) (string, error) {
	f, err := p.Form[outputForm](c)
	if err != nil || f.Question == "" {
		return "", err
	}
	var org string
	return org, ignore(c.Get(&org, `SELECT x.operator_org FROM question q JOIN project x ON x.no = q.project WHERE q.id = $1`, f.Question))
}

func runOutputChecks(c *p.Ctx) error {
	q, _, err := outputOf(c)
	if err != nil {
		return err
	}
	project, err := sandbox.ByNo(c.ReadTx, q.Project)
	if err != nil {
		return err
	}
	n, err := sandbox.NumbersFrom(c.Param)
	if err != nil {
		return err
	}
	_, err = sandbox.RunChecks(c.W, c.Case.No, q, project, n)
	return err
}

// clearFindings: a person calls every open finding a false positive; after the second the checks
// run again. Nothing overrides a finding.
func clearFindings(c *p.Ctx, second bool) error {
	in, err := p.Input[falseInput](c)
	if err != nil {
		return err
	}
	err = sandbox.CallFalse(c.W, c.Case.No, c.Actor.Person, in.Say, second)
	if errors.Is(err, store.ErrConflict) {
		return p.Refuse("output.finding", plan.C("6.3.4"), "没有可由您认定的疑似项：误报须由两人先后认定")
	}
	if err != nil || !second {
		return err
	}
	return runOutputChecks(c)
}

func opineOutput(c *p.Ctx) error {
	in, err := p.Input[verdictInput](c)
	if err != nil {
		return err
	}
	_, digest, err := outputOf(c)
	if err != nil {
		return err
	}
	return sandbox.Opine(c.W, sandbox.Opinion{CaseNo: c.Case.No, Person: c.Actor.Person, PersonName: c.Actor.Name, Org: c.Desk.Org, Verdict: in.Verdict, Say: in.Say, Digest: digest})
}

// opinionsOf are the opinions on the bytes the form now names.
func opinionsOf(c *p.Ctx) ([]sandbox.Opinion, error) {
	_, digest, err := outputOf(c)
	if err != nil {
		return nil, err
	}
	return sandbox.Opinions(c.ReadTx, c.Case.No, digest)
}

func releaseOutput(c *p.Ctx) error {
	f, err := p.Form[outputForm](c)
	if err != nil {
		return err
	}
	q, digest, err := outputOf(c)
	if err != nil {
		return err
	}
	a, err := sandbox.Release(c.W, q, digest, f.Title, c.DocNo, c.Case.No, c.Actor.Person)
	if err != nil {
		return err
	}
	return c.SetSubject(a.Digest)
}

func checksView(c *p.Ctx) (p.Section, error) {
	list, err := sandbox.Checks(c.ReadTx, c.Case.No)
	if err != nil || len(list) == 0 {
		return p.Section{}, err
	}
	s := p.Section{Kind: "table", Columns: []p.Column{{Key: "label", Label: "检查", Kind: "text", Primary: true}, {Key: "passed", Label: "结论", Kind: "tag"}, {Key: "detail", Label: "说明", Kind: "text"}},
		Note: "结论绑定摘要值 " + list[0].Digest}
	for _, x := range list {
		s.Rows = append(s.Rows, map[string]any{"label": x.Label, "passed": passed(x.Passed), "detail": x.Detail})
	}
	return s, nil
}

func passed(ok bool) string {
	if ok {
		return "通过"
	}
	return "未通过"
}

func findingsView(c *p.Ctx) (p.Section, error) {
	list, err := sandbox.Findings(c.ReadTx, c.Case.No)
	if err != nil || len(list) == 0 {
		return p.Section{}, err
	}
	s := p.Section{Kind: "table", Columns: []p.Column{{Key: "place", Label: "位置", Kind: "text", Primary: true}, {Key: "kind", Label: "疑似", Kind: "tag"}, {Key: "state", Label: "状态", Kind: "tag"},
		{Key: "say", Label: "误报理由", Kind: "text"}}, Note: "疑似原始数据或个人信息不能放行，只能由两人先后认定为误报后重新检查。"}
	for _, x := range list {
		state := "待处理"
		switch {
		case x.Closed():
			state = "两人认定为误报"
		case x.FirstBy != "":
			state = "一人认定为误报"
		}
		s.Rows = append(s.Rows, map[string]any{"place": x.Place, "kind": x.Kind, "state": state, "say": x.FirstSay})
	}
	return s, nil
}

// opinionsView keeps the reviewers blind: nothing is shown before all have spoken.
func opinionsView(c *p.Ctx) (p.Section, error) {
	if c.Case.State == "review" || c.Case.State == "second_review" || c.Case.State == "draft" {
		return p.Section{}, nil
	}
	list, err := opinionsOf(c)
	if err != nil || len(list) < 2 {
		return p.Section{}, ignore(err)
	}
	s := p.Section{Kind: "table", Columns: []p.Column{{Key: "person", Label: "审查人", Kind: "text", Primary: true}, {Key: "org", Label: "单位", Kind: "text"}, {Key: "verdict", Label: "结论", Kind: "tag"},
		{Key: "say", Label: "意见", Kind: "text"}, {Key: "at", Label: "时间", Kind: "datetime"}}}
	for _, o := range list {
		name, err := named(c, o.Org)
		if err != nil {
			return s, err
		}
		s.Rows = append(s.Rows, map[string]any{"person": o.PersonName, "org": name, "verdict": optionLabel(sandbox.Verdicts, o.Verdict), "say": o.Say, "at": o.At})
	}
	return s, nil
}

func optionLabel(options []p.Option, value string) string {
	for _, o := range options {
		if o.Value == value {
			return o.Label
		}
	}
	return value
}

func outputView(c *p.Ctx) (p.Section, error) {
	q, _, err := outputOf(c)
	if err != nil {
		return p.Section{}, ignore(err)
	}
	if q.Org != c.Case.Org {
		return p.Section{}, nil
	}
	return sandbox.AnswerSection(q)
}

func outputDecision(c *p.Ctx) (docs.Document, error) {
	f, err := p.Form[outputForm](c)
	if err != nil {
		return docs.Document{}, err
	}
	d, err := paperOf(c, docs.Decision, "关于成果“"+f.Title+"”的出域审查决定", "release", "refuse")
	if err != nil {
		return d.Document, err
	}
	if d.Addressee, err = named(c, c.Case.Org); err != nil {
		return d.Document, err
	}
	say := "经审查，不予出域。理由见办理意见。"
	if c.Case.State == "released" {
		a, err := sandbox.ReleasedBy(c.ReadTx, c.Case.No)
		if err != nil {
			return d.Document, err
		}
		say = "经自动检查和两人独立审查，准予出域。决定仅对下列摘要值所指的内容有效。"
		d.Check.Digest = a.Digest
		d.Blocks = append(d.Blocks, docs.P("你单位申请出域的成果“"+f.Title+"”，"+say), docs.KeyValues{Pairs: []docs.Pair{{Key: "摘要值", Value: a.Digest}, {Key: "沙箱项目", Value: a.Project},
			{Key: "行数", Value: fmt.Sprint(a.RowCount)}, {Key: "用途", Value: f.Use}}})
	} else {
		d.Blocks = append(d.Blocks, docs.P("你单位申请出域的成果“"+f.Title+"”，"+say))
	}
	d.Blocks = append(d.Blocks, docs.Basis{Citations: []docs.Citation{{ID: "6.3.3"}, {ID: "6.3.4"}}})
	return d.sealed(), nil
}
