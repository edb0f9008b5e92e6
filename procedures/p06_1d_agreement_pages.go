package procedures

import (
	"fmt"

	"pado/core/calendar"
	"pado/core/docs"
	"pado/core/procedure"
	"pado/domain/agreement"
	"pado/domain/catalogue"
	"pado/plan"
)

func agreementTermsView(c *procedure.Ctx) (procedure.Section, error) {
	f, err := procedure.Form[agreementForm](c)
	if err != nil {
		return procedure.Section{}, err
	}
	return agreement.TermsSection(termsOf(f)), nil
}

func agreementItemsView(c *procedure.Ctx) (procedure.Section, error) {
	f, err := procedure.Form[agreementForm](c)
	if err != nil {
		return procedure.Section{}, err
	}
	return itemLines(c, f.Items)
}

// itemLines shows lines of an authorised catalogue with what the city's catalogue says of them.
func itemLines(c *procedure.Ctx, lines []agreementItem) (procedure.Section, error) {
	s := procedure.Section{Kind: "table", Columns: []procedure.Column{{Key: "item", Label: "目录项", Kind: "text", Primary: true}, {Key: "code", Label: "资源代码", Kind: "code"},
		{Key: "grade", Label: "数据级别", Kind: "tag"}, {Key: "fields", Label: "信息项", Kind: "text"}, {Key: "ends", Label: "末日", Kind: "text"}}}
	if len(lines) == 0 {
		s.Note = "尚未列入目录项。"
	}
	for _, line := range lines {
		it, err := catalogue.ByID(c.ReadTx, line.Item)
		if err != nil {
			if ruleMissing(err) == procedure.ErrFails {
				s.Rows = append(s.Rows, map[string]any{"item": "（不在资源目录中）", "code": line.Item})
				continue
			}
			return s, err
		}
		fields, ends := line.Fields, "同协议"
		if fields == "" {
			fields = "全部可授权的信息项"
		}
		if !line.Ends.IsZero() {
			ends = line.Ends.String()
		}
		s.Rows = append(s.Rows, map[string]any{"item": it.Title, "code": it.Code, "grade": catalogue.Label(catalogue.Grades, it.Grade), "fields": fields, "ends": ends})
	}
	return s, nil
}

func publicityView(c *procedure.Ctx) (procedure.Section, error) {
	days, err := c.Days("publicity.days")
	if err != nil {
		return procedure.Section{}, err
	}
	n, err := agreement.Unanswered(c.ReadTx, c.Case.No)
	if err != nil {
		return procedure.Section{}, err
	}
	return procedure.Section{Kind: "keyvalues", Items: []procedure.Item{
		{Label: "公示期", Value: fmt.Sprintf("%d个工作日，起始日不计入", days), Clause: "6.1.4"},
		{Label: "起始日", Value: dateOf(c.Case.Since).String()},
		{Label: "末日（当日24时止）", Value: publicityEnd(c)},
		{Label: "未答复的异议", Value: n}}}, nil
}

// publicityEnd is the last day of the period, or that it waits for a year's table.
func publicityEnd(c *procedure.Ctx) string {
	switch {
	case c.Case.State == "answering":
		return "已届满"
	case c.Case.DueYear != 0:
		return (&calendar.Unresolved{Year: c.Case.DueYear}).Label()
	case c.Case.DueAt.IsZero():
		return ""
	}
	return lastDayOf(c.Case.DueAt.Time).String()
}

func objectionsView(c *procedure.Ctx) (procedure.Section, error) {
	list, err := agreement.Objections(c.ReadTx, c.Case.No)
	if err != nil || len(list) == 0 {
		return procedure.Section{}, err
	}
	s := procedure.Section{Kind: "table", Columns: []procedure.Column{{Key: "n", Label: "序号", Kind: "int"}, {Key: "by", Label: "异议人", Kind: "text"}, {Key: "content", Label: "异议", Kind: "text", Primary: true},
		{Key: "at", Label: "收到时间", Kind: "datetime"}, {Key: "result", Label: "结论", Kind: "tag"}, {Key: "answer", Label: "答复", Kind: "text"}}}
	for _, o := range list {
		result := "待答复"
		if o.Upheld != nil {
			result = map[bool]string{true: "成立", false: "不成立"}[*o.Upheld]
		}
		s.Rows = append(s.Rows, map[string]any{"n": o.N, "by": o.RaisedBy, "content": o.Content, "at": o.Received, "result": result, "answer": o.Answer})
	}
	return s, nil
}

// publicityPaper is the notice as it is posted: the outcome and the core of the plan.
func publicityPaper(c *procedure.Ctx) (docs.Document, error) {
	f, err := procedure.Form[agreementForm](c)
	if err != nil {
		return docs.Document{}, err
	}
	authority, err := orgNamed(c, c.Case.Org)
	if err != nil {
		return docs.Document{}, err
	}
	operator, err := orgNamed(c, f.Operator)
	if err != nil {
		return docs.Document{}, err
	}
	text, err := partsText(c, agreement.Sections)
	if err != nil {
		return docs.Document{}, err
	}
	table, err := itemsTable(c, f.Items, calendar.Date{})
	if err != nil {
		return docs.Document{}, err
	}
	return docs.Document{Kind: docs.Announcement, Organ: authority, Title: "关于“" + f.Title + "”拟签订情况的公示", Blocks: []docs.Block{
		docs.P("经遴选、谈判并报政府批准，拟与" + operator + "签订授权运营协议，现予公示。公示期自" + dateOf(c.Case.Since).Chinese() + "的次日起计算，末日为" + publicityEnd(c) + "。"),
		docs.P("公示期内，对遴选结果和方案核心内容有异议的，可以实名提出，并附依据。"),
		docs.Heading{Level: 1, Text: "期限和模式"}, docs.P(fmt.Sprintf("运营期限%d年，自协议签订之日起算；授权模式为%s。", f.TermYears, agreement.ModeLabel(f.Mode))),
		docs.Heading{Level: 1, Text: "用途和场景"}, docs.P(text["usage"]),
		docs.Heading{Level: 1, Text: "拟提供的产品和服务"}, docs.P(text["products"]),
		docs.Heading{Level: 1, Text: "授权运营目录"}, table,
		docs.Basis{Citations: []docs.Citation{{ID: "6.1.4", Source: "实施方案第六部分"}}},
		docs.Signature{Organ: authority, Date: dateOf(c.Case.Since), Seal: true}}}, nil
}

func itemsTable(c *procedure.Ctx, lines []agreementItem, ends calendar.Date) (docs.Block, error) {
	t := docs.Table{Columns: []docs.Column{{Title: "序号", Width: 1, Align: docs.Centre}, {Title: "目录项", Width: 5}, {Title: "资源代码", Width: 4}, {Title: "信息项", Width: 5}, {Title: "末日", Width: 3}}}
	if len(lines) == 0 {
		return docs.P("签订时未列入目录项；其后按协议变更程序列入。"), nil
	}
	for i, line := range lines {
		it, err := catalogue.ByID(c.ReadTx, line.Item)
		if err != nil {
			return t, err
		}
		fields, last := line.Fields, ends.String()
		if fields == "" {
			fields = "全部可授权的信息项"
		}
		if !line.Ends.IsZero() && (ends.IsZero() || line.Ends.Before(ends)) {
			last = line.Ends.String()
		}
		t.Rows = append(t.Rows, []string{fmt.Sprint(i + 1), it.Title, it.Code, fields, last})
	}
	return t, nil
}

// agreementPaper is the agreement's text: a draft until it is signed, then with number, term
// and the digest both parties signed on.
func agreementPaper(c *procedure.Ctx) (docs.Document, error) {
	f, err := procedure.Form[agreementForm](c)
	if err != nil {
		return docs.Document{}, err
	}
	text, err := partsText(c, agreement.Sections)
	if err != nil {
		return docs.Document{}, err
	}
	names := map[string]string{}
	for _, org := range []string{c.Case.Org, f.Operator} {
		if names[org], err = orgNamed(c, org); err != nil {
			return docs.Document{}, err
		}
	}
	a, err := agreement.ByCase(c.ReadTx, c.Case.No)
	signed := err == nil
	if err != nil && ruleMissing(err) != procedure.ErrFails {
		return docs.Document{}, err
	}
	terms := termsOf(f)
	kv := docs.KeyValues{Pairs: []docs.Pair{{Key: "甲方（实施机构）", Value: names[c.Case.Org]}, {Key: "乙方（运营机构）", Value: names[f.Operator]}}}
	term := fmt.Sprintf("%d年，自双方签订之日起算，签订之日计入；末日以签订日推算。", f.TermYears)
	number := "（草案）"
	if signed {
		number = a.No
		term = fmt.Sprintf("自%s起，至%s24时止。", a.Signed.Chinese(), a.Ends.Chinese())
	}
	kv.Pairs = append(kv.Pairs, docs.Pair{Key: "期限", Value: term})
	for _, it := range agreement.TermsSection(terms).Items {
		if it.Label != "期限" {
			kv.Pairs = append(kv.Pairs, docs.Pair{Key: it.Label, Value: fmt.Sprint(it.Value)})
		}
	}
	blocks := []docs.Block{kv}
	for _, p := range agreement.Sections {
		blocks = append(blocks, docs.Heading{Level: 1, Text: p.Title}, docs.P(text[p.Key]))
	}
	blocks = append(blocks, docs.Basis{Citations: []docs.Citation{{ID: "6.1.4", Source: "实施方案第六部分"}, {ID: "8.1", Source: "实施方案第八部分"}}},
		docs.Note{Text: conflictNote(terms.Excess)}, backfillRemark(c.Case.Backfill),
		docs.Parties{Items: []docs.Party{{Label: "甲方", Organ: names[c.Case.Org], Date: a.Signed}, {Label: "乙方", Organ: names[f.Operator], Date: a.Signed}}})
	table, err := itemsTable(c, f.Items, a.Ends)
	if err != nil {
		return docs.Document{}, err
	}
	blocks = append(blocks, docs.Annex{No: 1, Title: "授权运营目录"}, table)
	d := docs.Document{Kind: docs.Report, Number: number, Title: f.Title, Blocks: blocks}
	if !signed {
		return d, nil
	}
	return checked(d, a.No, a.ID, a.Digest)
}

// conflictNote prints where plan and national rule differ on excess income (clause 10.3.1).
func conflictNote(excess string) string {
	c := plan.C("10.3.1")
	return fmt.Sprintf("关于超收的处理，实施方案的表述与国家价格规定不尽一致，本协议约定为“%s”（%s〔%s〕）。", catalogue.Label(agreement.Excesses, excess), c.Title, c.ID)
}
