package procedures

import (
	"fmt"

	"pado/core/docs"
	"pado/core/procedure"
	"pado/domain/agreement"
	"pado/domain/catalogue"
	"pado/domain/party"
	"pado/domain/permit"
	"pado/plan"
)

// scopeForm is a change of the authorised catalogue of an agreement in force.
type scopeForm struct {
	Agreement string          `json:"agreement"`
	Reason    string          `json:"reason"`
	Add       []agreementItem `json:"add"`
	Remove    []string        `json:"remove"`
	Purposes  []purposeLine   `json:"purposes"`
}

// P06Amendment is 协议变更 of the authorised catalogue (clause 6.1.5): the authority proposes, the
// operator agrees, both sign the supplementary agreement; at that second gateway and sandbox go
// by the new scope. Growth needs a scheme in force; taking away does not.
func P06Amendment() *procedure.Procedure {
	c := plan.C("6.1.5")
	rules := procedure.Rules{scopeAgreement, scopeSomething, scopeScheme, scopeItems, scopeRemove}
	return &procedure.Procedure{ID: "p06_1e_amendment", Prefix: "BG", Title: "协议变更（授权运营目录和用途）", Group: "授权管理", Plan: c, Start: "draft",
		Name: func(c *procedure.Ctx) (string, error) {
			f, err := procedure.Form[scopeForm](c)
			if err != nil || f.Agreement == "" {
				return "", err
			}
			a, err := agreement.ByID(c.ReadTx, f.Agreement)
			if err != nil {
				return "", nil
			}
			return "变更协议" + a.No + "的授权运营目录", nil
		},
		Form: procedure.FormOf[scopeForm](
			procedure.Field{Name: "agreement", Label: "授权运营协议", Kind: procedure.Ref, Source: "agreements", Required: true, Plan: c},
			procedure.Field{Name: "reason", Label: "变更理由", Kind: procedure.LongText, Required: true, Max: 2000, Plan: c},
			procedure.Field{Name: "add", Label: "列入的目录项", Kind: procedure.Table, Plan: c, Rows: []procedure.Field{
				{Name: "item", Label: "目录项", Kind: procedure.Ref, Source: "catalogue_authorisable", Required: true, Plan: c},
				{Name: "fields", Label: "信息项", Kind: procedure.Text, Max: 2000, Plan: c, Help: "英文名，以逗号分隔；留空为全部可授权的信息项"},
				{Name: "ends", Label: "单项末日", Kind: procedure.Date, Plan: plan.C("8.1")}}},
			procedure.Field{Name: "remove", Label: "移出的目录项", Kind: procedure.Refs, Source: "catalogue", Plan: c},
			purposesField("purposes", "增加的用途", false)),
		States: procedure.Phases{
			{ID: "draft", Label: "起草", Owes: party.Authority, Track: true},
			{ID: "confirm", Label: "待运营机构同意", Owes: party.Operator, Within: "amendment.review", Track: true},
			{ID: "sign", Label: "待签订补充协议", Owes: party.Authority, Within: "amendment.review", Track: true},
			{ID: "in_force", Label: "已生效", Final: true, Track: true},
			{ID: "refused", Label: "运营机构不同意", Final: true},
			{ID: "withdrawn", Label: "已撤回", Final: true},
		},
		Parties: []procedure.PartyRule{{Role: party.Operator, Find: scopeOperator}},
		Readers: basisReaders,
		Steps: []procedure.Step{
			{Do: "submit", Label: "送运营机构", By: party.Authority, From: procedure.S("draft"), To: "confirm", Plan: c, Edits: true, Style: procedure.Primary, Require: rules},
			{Do: "agree", Label: "同意变更并签署", By: party.Operator, From: procedure.S("confirm"), To: "sign", Plan: c, Style: procedure.Primary, Require: append(procedure.Rules{signedCopy(c)}, rules...)},
			{Do: "refuse", Label: "不同意变更", By: party.Operator, From: procedure.S("confirm"), To: "refused", Plan: c, Opinion: true, Style: procedure.Danger},
			procedure.ReturnTo("draft", party.Operator, c, "confirm"),
			{Do: "sign", Label: "签订补充协议，变更生效", By: party.Authority, From: procedure.S("sign"), To: "in_force", Plan: c, Style: procedure.Primary, Numbered: true, Apart: procedure.Acts("submit"),
				Irrevocable: "新的授权运营目录即时生效，移出的目录项即时停止使用", Require: append(procedure.Rules{signedCopy(c)}, rules...), Then: procedure.Effects{changeScope}},
			procedure.Withdraw("withdrawn", party.Authority, c, "draft", "confirm", "sign"),
			{Do: "backfill", Label: "补录已签订的补充协议", By: party.Authority, From: procedure.S("draft"), To: "in_force", Plan: c, Edits: true, Backfill: true,
				Require: append(procedure.Rules{decisionNumbered(c)}, rules...), Then: procedure.Effects{changeScope}},
		},
		Views:  []procedure.View{{Title: "授权范围差异", Plan: c, Draw: scopeDifference}},
		Papers: []procedure.Paper{{Kind: "supplement", Title: "补充协议", Plan: c, Draw: scopePaper}},
	}
}

func scopeRule(code, say, clause string, holds func(*procedure.Ctx, scopeForm) error) procedure.Rule {
	return procedure.Rule{Code: code, Say: say, Plan: plan.C(clause), Holds: func(c *procedure.Ctx) error {
		f, err := procedure.Form[scopeForm](c)
		if err != nil {
			return err
		}
		return holds(c, f)
	}}
}

func scopeOperator(c *procedure.Ctx) (string, error) {
	f, err := procedure.Form[scopeForm](c)
	if err != nil || f.Agreement == "" {
		return "", err
	}
	a, err := agreement.ByID(c.ReadTx, f.Agreement)
	if err != nil && ruleMissing(err) == procedure.ErrFails {
		return "", nil
	}
	return a.OperatorOrg, err
}

var scopeAgreement = scopeRule("amendment.agreement", "协议不在生效期内，不能变更", "6.1.5", func(c *procedure.Ctx, f scopeForm) error {
	a, err := agreement.ByID(c.ReadTx, f.Agreement)
	if err != nil {
		return ruleMissing(err)
	}
	if a.AuthorityOrg != c.Case.Org {
		return procedure.Refuse("", plan.C("1.8"), "协议%s不由本单位签订", a.No)
	}
	if s := a.Status(c.Today()); s != agreement.InForce {
		return procedure.Refuse("", plan.C("6.1.5"), "协议%s%s，不能变更", a.No, s.Label())
	}
	op, err := c.Party(party.Operator)
	return procedure.Hold(op == "" || op == a.OperatorOrg, err)
})

var scopeSomething = scopeRule("amendment.empty", "请填写要列入或者移出的目录项，或者增加的用途", "6.1.5", func(_ *procedure.Ctx, f scopeForm) error {
	return procedure.Hold(len(f.Add)+len(f.Remove)+len(f.Purposes) > 0, nil)
})

// scopeScheme: extension of scope needs a scheme in force, reduction does not (6.1.1).
var scopeScheme = scopeRule("amendment.scheme", "实施方案不在有效期内，不能扩大授权范围", "6.1.1", func(c *procedure.Ctx, f scopeForm) error {
	if len(f.Add)+len(f.Purposes) == 0 {
		return nil
	}
	_, err := agreement.SchemeOn(c.ReadTx, c.Case.Tenant, c.Today())
	return ruleMissing(err)
})

var scopeItems = scopeRule("amendment.items", "所列目录项不能授权", "7.1", func(c *procedure.Ctx, f scopeForm) error {
	return itemsFit(c, f.Add, f.Agreement)
})

var scopeRemove = scopeRule("amendment.remove", "移出的目录项不在授权运营目录中", "6.1.5", func(c *procedure.Ctx, f scopeForm) error {
	items, err := agreement.Items(c.ReadTx, f.Agreement)
	if err != nil {
		return err
	}
	active := map[string]bool{}
	for _, it := range items {
		active[it.Item] = it.Active
	}
	for _, id := range f.Remove {
		if !active[id] {
			return procedure.ErrFails
		}
		for _, a := range f.Add {
			if a.Item == id {
				return procedure.Refuse("", plan.C("6.1.5"), "同一目录项不能既列入又移出")
			}
		}
	}
	return nil
})

// changeScope changes agreement and run-time rights in one commit.
var changeScope = procedure.Effect{Name: "change_scope", Say: "授权运营目录即时按新范围生效", Plan: plan.C("6.1.5"), Run: func(c *procedure.Ctx) error {
	f, err := procedure.Form[scopeForm](c)
	if err != nil {
		return err
	}
	add, err := itemsOf(c, f.Add)
	if err != nil {
		return err
	}
	a, err := agreement.ChangeScope(c.W, f.Agreement, agreement.Scope{Add: add, Remove: f.Remove, Purposes: purposesOf(f.Purposes)}, c.Case.No, c.Actor.Person)
	if err != nil {
		return err
	}
	if len(f.Remove) > 0 {
		if err := permit.Shut(c.W, a.ID, f.Remove, c.Actor.Person, c.Case.No); err != nil {
			return err
		}
	}
	if err := openScope(c, a); err != nil {
		return err
	}
	return c.SetSubject(a.ID)
}}

func scopeDifference(c *procedure.Ctx) (procedure.Section, error) {
	s := procedure.Section{Kind: "difference", Columns: []procedure.Column{{Key: "label", Label: "目录项", Kind: "text", Primary: true}, {Key: "before", Label: "变更前", Kind: "text"}, {Key: "after", Label: "变更后", Kind: "text"}}}
	f, err := procedure.Form[scopeForm](c)
	if err != nil {
		return s, err
	}
	lines, err := itemLines(c, f.Add)
	if err != nil {
		return s, err
	}
	for _, row := range lines.Rows {
		s.Rows = append(s.Rows, map[string]any{"label": row["item"], "before": "未列入", "after": fmt.Sprint(row["fields"])})
	}
	for _, l := range f.Purposes {
		s.Rows = append(s.Rows, map[string]any{"label": "用途", "before": "未约定", "after": l.Purpose})
	}
	for _, id := range f.Remove {
		title := id
		it, err := catalogue.ByID(c.ReadTx, id)
		if err == nil {
			title = it.Title
		} else if ruleMissing(err) != procedure.ErrFails {
			return s, err
		}
		s.Rows = append(s.Rows, map[string]any{"label": title, "before": "在列", "after": "移出"})
	}
	return s, nil
}

func scopePaper(c *procedure.Ctx) (docs.Document, error) {
	f, err := procedure.Form[scopeForm](c)
	if err != nil {
		return docs.Document{}, err
	}
	a, err := agreement.ByID(c.ReadTx, f.Agreement)
	if err != nil {
		return docs.Document{}, err
	}
	authority, err := orgNamed(c, a.AuthorityOrg)
	if err != nil {
		return docs.Document{}, err
	}
	operator, err := orgNamed(c, a.OperatorOrg)
	if err != nil {
		return docs.Document{}, err
	}
	diff, err := scopeDifference(c)
	if err != nil {
		return docs.Document{}, err
	}
	t := docs.Table{Columns: []docs.Column{{Title: "目录项", Width: 5}, {Title: "变更前", Width: 3}, {Title: "变更后", Width: 5}}}
	for _, row := range diff.Rows {
		t.Rows = append(t.Rows, []string{fmt.Sprint(row["label"]), fmt.Sprint(row["before"]), fmt.Sprint(row["after"])})
	}
	return docs.Document{Kind: docs.Report, Number: a.No, Title: "授权运营协议补充协议", Blocks: []docs.Block{
		docs.P("双方就协议" + a.No + "作如下变更，其余条款不变。"), docs.P("理由：" + f.Reason), t,
		docs.Basis{Citations: []docs.Citation{{ID: "6.1.5", Source: "实施方案第六部分"}}}, backfillRemark(c.Case.Backfill),
		docs.Parties{Items: []docs.Party{{Label: "甲方", Organ: authority}, {Label: "乙方", Organ: operator}}}}}, nil
}
