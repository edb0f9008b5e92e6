package procedures

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pado/core/calendar"
	"pado/core/docs"
	p "pado/core/procedure"
	"pado/core/store"
	"pado/domain/development"
	"pado/domain/party"
	"pado/domain/permit"
	"pado/plan"
)

// listForm is a version of the product list as the operator drafts it: products, and in a second
// table which catalogue items each of them uses.
type listForm struct {
	Agreement string       `json:"agreement"`
	Title     string       `json:"title"`
	Products  []listRow    `json:"products"`
	Sources   []listSource `json:"sources"`
}

type listRow struct {
	ID      string `json:"id"` // of a product already on the list; empty = new
	Name    string `json:"name"`
	Form    string `json:"form"`
	Purpose string `json:"purpose"`
	Class   string `json:"class"`
	Summary string `json:"summary"`
}

type listSource struct {
	Product string   `json:"product"` // name of a product above
	Item    string   `json:"item"`
	Fields  []string `json:"fields"`
}

// items joins the two tables.
func (f listForm) items() []development.ListItem {
	out := make([]development.ListItem, 0, len(f.Products))
	for _, row := range f.Products {
		it := development.ListItem{ID: row.ID, Name: row.Name, Form: row.Form, Purpose: row.Purpose, Summary: row.Summary, Class: row.Class, Items: []development.Source{}}
		for _, s := range f.Sources {
			if s.Product == row.Name {
				it.Items = append(it.Items, development.Source{Item: s.Item, Fields: s.Fields})
			}
		}
		out = append(out, it)
	}
	return out
}

// ProductList is 产品清单 (clauses 9.1 to 9.3), a filing: the operator's case is open for the sources'
// and the developers' contributions while it is drafted; recorded, it is public and in force.
func ProductList() *p.Procedure {
	c, use, dynamic := plan.C("9.1"), plan.C("9.2"), plan.C("9.3")
	out := p.NewFiling(p.FilingSpec{ID: "p09_productlist", Prefix: "QD", Title: "产品清单备案", Group: "产品清单", Plan: c, By: party.Operator, To: party.Authority,
		Within: "productlist.filing", Supplement: "filing.supplement",
		Form: p.FormOf[listForm](
			p.Field{Name: "agreement", Label: "授权运营协议", Kind: p.Ref, Source: "agreements", Required: true, Plan: c},
			p.Field{Name: "title", Label: "清单名称", Kind: p.Text, Required: true, Max: 60, Plan: c},
			p.Field{Name: "products", Label: "拟提供的产品", Kind: p.Table, Required: true, Plan: c, Rows: []p.Field{
				{Name: "id", Label: "在列产品", Kind: p.Ref, Source: "listed_products", Plan: dynamic, Help: "沿用清单中的产品时选择；新增产品留空"},
				{Name: "name", Label: "产品名称", Kind: p.Text, Required: true, Max: 60, Plan: c},
				{Name: "form", Label: "形态", Kind: p.Choice, Options: development.Forms, Required: true, Plan: plan.C("6.2.4")},
				{Name: "purpose", Label: "用途", Kind: p.Text, Required: true, Max: 60, Plan: use, Help: "须为授权运营协议载明的用途"},
				{Name: "class", Label: "类别", Kind: p.Choice, Options: development.Classes, Required: true, Plan: plan.C("10.2.1")},
				{Name: "summary", Label: "说明", Kind: p.LongText, Required: true, Max: 2000, Plan: c}}},
			p.Field{Name: "sources", Label: "使用的数据", Kind: p.Table, Required: true, Plan: use, Rows: []p.Field{
				{Name: "product", Label: "产品名称", Kind: p.Text, Required: true, Plan: use},
				{Name: "item", Label: "目录项", Kind: p.Ref, Source: "catalogue_authorisable", Required: true, Plan: use},
				{Name: "fields", Label: "信息项", Kind: p.Refs, Source: "catalogue_fields", Required: true, Plan: plan.C("10.5.2")}}}),
		Name: func(c *p.Ctx) (string, error) {
			f, err := p.Form[listForm](c)
			return f.Title, err
		},
		Require: listRules(), Readers: []p.Role{party.Authority, party.Source, party.Developer},
		Recorded: p.Effects{{Name: "record_list", Say: "清单生效并公开，新版本取代旧版本", Plan: c, Run: recordList}},
		Corrected: p.Effects{{Name: "correct_list", Say: "清单标明责令更正", Plan: c, Run: func(c *p.Ctx) error {
			f, err := p.Form[listForm](c)
			if err != nil {
				return err
			}
			return development.Correcting(c.W, f.Agreement)
		}}},
		Parties: []p.PartyRule{{Role: party.Authority, Find: party.TenantOrg(party.Authority)}},
		Views: []p.View{{Title: "三方填报", Plan: c, Draw: contributions},
			{Title: "较在列清单的变化", Plan: dynamic, In: p.S("draft", "filed", "supplement", "correcting"), Draw: listDifference}},
		Papers: []p.Paper{{Kind: "receipt", Title: "产品清单备案回执", Plan: c, In: p.S("recorded"), Draw: listReceipt}},
	})
	out.Notices = []p.Notice{{Kind: "公开", In: p.S("recorded"), Fields: []string{"title", "products"}, Plan: c, Papers: []string{"receipt"}}}
	return out
}

// listRules are asked whenever the list is filed.
func listRules() p.Rules {
	c, use := plan.C("9.1"), plan.C("9.2")
	form := func(f func(*p.Ctx, listForm) error) func(*p.Ctx) error {
		return func(c *p.Ctx) error {
			v, err := p.Form[listForm](c)
			if err != nil {
				return err
			}
			return f(c, v)
		}
	}
	return p.Rules{
		{Code: "productlist.agreement", Say: "须有本单位生效中的授权运营协议", Plan: plan.C("5.3"), Holds: form(func(c *p.Ctx, f listForm) error {
			ok, err := agreementInForce(c, f.Agreement)
			if err != nil || !ok {
				return p.Hold(false, err)
			}
			return p.Hold(c.Exists(`SELECT 1 FROM agreement WHERE id = $1 AND operator_org = $2`, f.Agreement, c.Case.Org))
		})},
		{Code: "productlist.complete", Say: "产品名称不得重复，每一产品都须写明使用的数据，每一行数据都须对应一个产品", Plan: c, Holds: form(func(_ *p.Ctx, f listForm) error {
			used := map[string]int{}
			for _, row := range f.Products {
				if _, twice := used[row.Name]; twice {
					return p.ErrFails
				}
				used[row.Name] = 0
			}
			seen := map[string]bool{}
			for _, s := range f.Sources {
				if _, ok := used[s.Product]; !ok || seen[s.Product+"\n"+s.Item] {
					return p.ErrFails
				}
				seen[s.Product+"\n"+s.Item] = true
				used[s.Product]++
			}
			for _, n := range used {
				if n == 0 {
					return p.ErrFails
				}
			}
			return nil
		})},
		{Code: "productlist.item", Say: "沿用的产品不在本协议现行的清单中", Plan: plan.C("9.3"), Holds: form(func(c *p.Ctx, f listForm) error {
			for _, row := range f.Products {
				if row.ID == "" {
					continue
				}
				_, agreement, _, err := development.ItemByID(c.ReadTx, row.ID)
				if err != nil || agreement != f.Agreement {
					return p.Hold(false, ignore(err))
				}
			}
			return nil
		})},
		{Code: "productlist.purpose", Say: "产品的用途须为授权运营协议载明的用途", Plan: use, Holds: form(func(c *p.Ctx, f listForm) error {
			purposes, err := agreementPurposes(c, f.Agreement)
			for _, row := range f.Products {
				if err == nil && !slices.Contains(purposes, row.Purpose) {
					return p.Refuse("productlist.purpose", use, "“%s”的用途“%s”不在授权运营协议载明的用途中", row.Name, row.Purpose)
				}
			}
			return err
		})},
		{Code: "productlist.scope", Say: "所用的目录项或信息项不在授权运营目录内", Plan: use, Holds: form(func(c *p.Ctx, f listForm) error {
			for _, s := range f.Sources {
				for _, field := range s.Fields {
					ok, err := c.Exists(`SELECT 1 FROM permit_scope WHERE agreement = $1 AND item = $2 AND (field = $3 OR field = '*')`, f.Agreement, s.Item, field)
					if err != nil || !ok {
						return p.Hold(false, err)
					}
				}
			}
			return nil
		})},
		{Code: "productlist.source", Say: "数源部门尚未明确这些数据可以授权", Plan: c, Holds: form(func(c *p.Ctx, f listForm) error {
			for _, s := range f.Sources {
				scope, err := development.StandingScope(c.ReadTx, s.Item)
				if errors.Is(err, store.ErrNotFound) {
					return p.Refuse("productlist.source", plan.C("9.1"), "“%s”使用的目录项，其数源部门尚未明确可以授权的范围", s.Product)
				}
				if err != nil {
					return err
				}
				for _, field := range s.Fields {
					if ok, err := scope.Covers(field); err != nil || !ok {
						return errors.Join(err, p.Refuse("productlist.source", plan.C("9.1"), "“%s”使用的信息项“%s”超出数源部门明确的范围", s.Product, field))
					}
				}
			}
			return nil
		})},
		{Code: "productlist.grade", Say: "核心数据和重要数据不得列入清单", Plan: c, Holds: form(func(c *p.Ctx, f listForm) error {
			v, err := c.Param("catalogue.authorise_important")
			if err != nil {
				return err
			}
			if allowed, err := v.Bool(); err != nil || allowed {
				return err
			}
			for _, s := range f.Sources {
				ok, err := c.Exists(`SELECT 1 FROM catalogue_item WHERE id = $1 AND state = 'published' AND grade = 'general'`, s.Item)
				if err != nil || !ok {
					return p.Hold(false, err)
				}
			}
			return nil
		})},
		{Code: "productlist.suggestions", Say: "本轮还有开发主体的建议没有答复", Plan: c, Holds: func(c *p.Ctx) error {
			open, err := c.Exists(`SELECT 1 FROM list_suggestion WHERE round = $1 AND adopted IS NULL`, c.Case.No)
			return p.Hold(!open, err)
		}},
	}
}

// ignore drops "not there".
func ignore(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

func agreementPurposes(c *p.Ctx, agreement string) ([]string, error) {
	var raw string
	if err := c.Get(&raw, `SELECT terms FROM agreement WHERE id = $1`, agreement); err != nil {
		return nil, missing(err)
	}
	var terms struct {
		Purposes []string `json:"purposes"`
	}
	if err := json.Unmarshal([]byte(raw), &terms); err != nil {
		return nil, fmt.Errorf("read the terms of agreement %s: %w", agreement, err)
	}
	return terms.Purposes, nil
}

func recordList(c *p.Ctx) error {
	f, err := p.Form[listForm](c)
	if err != nil {
		return err
	}
	l, items, removed, err := development.Record(c.W, development.Filing{Agreement: f.Agreement, Title: f.Title, Division: c.Case.Tenant, OperatorOrg: c.Case.Org,
		Items: f.items(), DocNo: c.DocNo, CaseNo: c.Case.No, By: c.Actor.Person})
	if err != nil {
		return err
	}
	for _, it := range items {
		if err := permit.List(c.W, it.ID, f.Agreement, []string{it.Purpose}, calendar.Date{}, c.Actor.Person, c.Case.No); err != nil {
			return err
		}
	}
	for _, id := range removed {
		if err := permit.Unlist(c.W, id, c.Actor.Person, c.Case.No); err != nil {
			return err
		}
	}
	return c.SetSubject(l.ID)
}

// contributions shows what sources and developers gave to the round, each under its name.
func contributions(c *p.Ctx) (p.Section, error) {
	s := p.Section{Kind: "table", Columns: []p.Column{{Key: "who", Label: "填报单位", Kind: "text", Primary: true}, {Key: "as", Label: "身份", Kind: "tag"},
		{Key: "what", Label: "内容", Kind: "text"}, {Key: "answer", Label: "答复", Kind: "text"}, {Key: "at", Label: "时间", Kind: "datetime"}}}
	scopes, err := development.Scopes(c.ReadTx, c.Case.No)
	if err != nil {
		return s, err
	}
	for _, x := range scopes {
		var row struct{ Title, Name string }
		if err := c.Get(&row, `SELECT c.title, o.name FROM catalogue_item c JOIN org o ON o.id = $1 WHERE c.id = $2`, x.SourceOrg, x.Item); err != nil && !errors.Is(err, store.ErrNotFound) {
			return s, err
		}
		var fields []string
		if err := json.Unmarshal([]byte(x.Fields), &fields); err != nil {
			return s, err
		}
		s.Rows = append(s.Rows, map[string]any{"who": row.Name, "as": "数源部门", "what": row.Title + "：" + strings.Join(fields, "、") + "。" + x.ConditionText, "at": x.At})
	}
	list, err := development.Suggestions(c.ReadTx, c.Case.No)
	if err != nil {
		return s, err
	}
	for _, x := range list {
		answer := "未答复"
		if x.Adopted != nil {
			answer = map[bool]string{true: "采纳：", false: "不采纳："}[*x.Adopted] + x.Answer
		}
		s.Rows = append(s.Rows, map[string]any{"who": x.OrgName, "as": "开发主体", "what": x.Suggestion, "answer": answer, "at": x.At})
	}
	if len(s.Rows) == 0 {
		return p.Section{}, nil
	}
	return s, nil
}

func listDifference(c *p.Ctx) (p.Section, error) {
	f, err := p.Form[listForm](c)
	if err != nil {
		return p.Section{}, err
	}
	var old []development.ListItem
	l, err := development.CurrentList(c.ReadTx, f.Agreement)
	switch {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return p.Section{}, err
	default:
		if old, err = l.ReadItems(); err != nil {
			return p.Section{}, err
		}
	}
	return development.ChangeSection(development.Compare(old, f.items())), nil
}

func listReceipt(c *p.Ctx) (docs.Document, error) {
	f, err := p.Form[listForm](c)
	if err != nil {
		return docs.Document{}, err
	}
	d, err := paperOf(c, docs.Certificate, "产品清单备案回执", "record")
	if err != nil {
		return d.Document, err
	}
	d.Blocks = append(d.Blocks, docs.P("报备的产品清单材料齐全，予以备案。备案是对清单的记载，不是对产品的批准。"),
		docs.KeyValues{Unruled: true, Pairs: []docs.Pair{{Key: "清单名称", Value: f.Title}, {Key: "产品数", Value: fmt.Sprint(len(f.Products))}, {Key: "备案号", Value: d.Number}}})
	return d.sealed(), nil
}

// listScopeForm is what a source states may be authorised.
type listScopeForm struct {
	Round     string   `json:"round"`
	Item      string   `json:"item"`
	Fields    []string `json:"fields"`
	Condition string   `json:"condition"`
}

// ListScope is 可授权数据范围 (clause 9.1): a source states, in a round of the list, which information
// items of its own catalogue item may be authorised and on what condition.
func ListScope() *p.Procedure {
	c := plan.C("9.1")
	return &p.Procedure{ID: "p09_scope", Prefix: "KS", Title: "明确可授权数据范围", Group: "产品清单", Plan: c, Start: "draft",
		Form: p.FormOf[listScopeForm](
			p.Field{Name: "round", Label: "产品清单", Kind: p.Ref, Source: "list_rounds", Required: true, Plan: c},
			p.Field{Name: "item", Label: "本单位的目录项", Kind: p.Ref, Source: "catalogue_own", Required: true, Plan: c},
			p.Field{Name: "fields", Label: "可以授权的信息项", Kind: p.Refs, Source: "catalogue_fields", Required: true, Plan: c},
			p.Field{Name: "condition", Label: "条件和说明", Kind: p.LongText, Max: 1000, Plan: c}),
		Name: func(c *p.Ctx) (string, error) {
			f, err := p.Form[listScopeForm](c)
			if err != nil || f.Item == "" {
				return "", err
			}
			var title string
			err = ignore(c.Get(&title, `SELECT title FROM catalogue_item WHERE id = $1`, f.Item))
			return title + "的可授权范围", err
		},
		States: p.Phases{{ID: "draft", Label: "填写", Owes: party.Source, Track: true}, {ID: "stated", Label: "已明确", Final: true, Track: true}, {ID: "withdrawn", Label: "已撤回", Final: true}},
		Steps: []p.Step{
			{Do: "state", Label: "确认并提交", By: party.Source, From: p.S("draft"), To: "stated", Plan: c, Edits: true, Style: p.Primary,
				Require: p.Rules{
					roundOpen(func(c *p.Ctx) (string, error) { f, err := p.Form[listScopeForm](c); return f.Round, err }),
					{Code: "scope.own", Say: "只能填写本单位编制且已公布的目录项", Plan: c, Holds: func(c *p.Ctx) error {
						f, err := p.Form[listScopeForm](c)
						if err != nil {
							return err
						}
						return p.Hold(c.Exists(`SELECT 1 FROM catalogue_item WHERE id = $1 AND source_org = $2 AND state = 'published'`, f.Item, c.Case.Org))
					}},
					{Code: "scope.authorisable", Say: "所选的信息项在目录中标明不可授权，或者共享取得的数据没有提供方的同意文件", Plan: plan.C("7.1"), Holds: func(c *p.Ctx) error {
						f, err := p.Form[listScopeForm](c)
						if err != nil {
							return err
						}
						ok, err := c.Exists(`SELECT 1 FROM catalogue_item WHERE id = $1 AND authorisable <> 'no' AND (source_relation = 'own' OR consent_doc <> '')`, f.Item)
						if err != nil || !ok {
							return p.Hold(false, err)
						}
						for _, field := range f.Fields {
							ok, err := c.Exists(`SELECT 1 FROM catalogue_field WHERE item = $1 AND name = $2 AND authorisable = $3`, f.Item, field, true)
							if err != nil || !ok {
								return p.Hold(false, err)
							}
						}
						return nil
					}}},
				Then: p.Effects{{Name: "state_scope", Say: "计入本轮产品清单", Plan: c, Run: func(c *p.Ctx) error {
					f, err := p.Form[listScopeForm](c)
					if err != nil {
						return err
					}
					fields, err := json.Marshal(f.Fields)
					if err != nil {
						return err
					}
					return development.Scope{CaseNo: c.Case.No, Round: f.Round, SourceOrg: c.Case.Org, Item: f.Item, Fields: string(fields), ConditionText: f.Condition, Person: c.Actor.Person}.State(c.W)
				}}}},
			p.Withdraw("withdrawn", party.Source, c, "draft"),
		},
		Parties: []p.PartyRule{{Role: party.Operator, Find: roundOperator, Read: true}}, Readers: []p.Role{party.Authority}}
}

// roundOpen: the list of the round is still being drafted.
func roundOpen(round func(*p.Ctx) (string, error)) p.Rule {
	return p.Rule{Code: "productlist.round", Say: "这一轮产品清单不在征集中", Plan: plan.C("9.3"), Holds: func(c *p.Ctx) error {
		no, err := round(c)
		if err != nil {
			return err
		}
		return p.Hold(c.Exists(`SELECT 1 FROM case_file WHERE no = $1 AND procedure = 'p09_productlist' AND state IN ('draft', 'supplement', 'correcting')`, no))
	}}
}

// roundOperator finds the operator that drafts the list of the round the form names.
func roundOperator(c *p.Ctx) (string, error) {
	var form struct {
		Round string `json:"round"`
	}
	if err := json.Unmarshal([]byte(c.Case.Form), &form); err != nil {
		return "", fmt.Errorf("read the form of %s: %w", c.Case.No, err)
	}
	var org string
	return org, ignore(c.Get(&org, `SELECT org FROM case_file WHERE no = $1 AND procedure = 'p09_productlist'`, form.Round))
}

// suggestionForm is a developer's suggestion to a list.
type suggestionForm struct {
	Round      string `json:"round"`
	Suggestion string `json:"suggestion"`
}

type suggestionAnswer struct {
	Adopted bool   `json:"adopted"`
	Answer  string `json:"answer"`
}

// ListSuggestion is 产品清单建议 (clauses 9.1, 9.3): a developer suggests, the operator answers each.
func ListSuggestion() *p.Procedure {
	c := plan.C("9.1")
	return &p.Procedure{ID: "p09_suggestion", Prefix: "QJ", Title: "产品清单优化建议", Group: "产品清单", Plan: c, Start: "draft",
		Form: p.FormOf[suggestionForm](
			p.Field{Name: "round", Label: "产品清单", Kind: p.Ref, Source: "list_rounds", Required: true, Plan: c},
			p.Field{Name: "suggestion", Label: "建议", Kind: p.LongText, Required: true, Min: 5, Max: 2000, Plan: c}),
		States: p.Phases{{ID: "draft", Label: "填写", Owes: party.Developer, Track: true}, {ID: "answering", Label: "待答复", Owes: party.Operator, Within: "fairness.appeal", Track: true},
			{ID: "answered", Label: "已答复", Final: true, Track: true}, {ID: "withdrawn", Label: "已撤回", Final: true}},
		Steps: []p.Step{
			{Do: "suggest", Label: "提交建议", By: party.Developer, From: p.S("draft"), To: "answering", Plan: c, Edits: true, Style: p.Primary,
				Require: p.Rules{roundOpen(func(c *p.Ctx) (string, error) { f, err := p.Form[suggestionForm](c); return f.Round, err })},
				Then: p.Effects{{Name: "keep_suggestion", Say: "计入本轮产品清单", Plan: c, Undo: func(c *p.Ctx) error { return development.Unsuggest(c.W, c.Case.No) }, Run: func(c *p.Ctx) error {
					f, err := p.Form[suggestionForm](c)
					if err != nil {
						return err
					}
					return development.Suggest(c.W, c.Case.No, f.Round, c.Case.Org, f.Suggestion)
				}}}},
			{Do: "answer", Label: "答复", By: party.Operator, From: p.S("answering"), To: "answered", Plan: c, Style: p.Primary,
				Input: []p.Field{{Name: "adopted", Label: "是否采纳", Kind: p.Bool, Required: true, Plan: c}, {Name: "answer", Label: "理由", Kind: p.LongText, Required: true, Max: 1000, Plan: c}},
				Then: p.Effects{{Name: "answer_suggestion", Say: "告知提出建议的单位", Plan: c, Run: func(c *p.Ctx) error {
					in, err := p.Input[suggestionAnswer](c)
					if err != nil {
						return err
					}
					return development.Answer(c.W, c.Case.No, in.Adopted, in.Answer)
				}}}},
			p.Withdraw("withdrawn", party.Developer, c, "draft"),
		},
		Parties: []p.PartyRule{{Role: party.Operator, Find: roundOperator}}, Readers: []p.Role{party.Authority}}
}
