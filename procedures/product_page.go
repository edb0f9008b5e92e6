package procedures

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"pado/core/calendar"
	p "pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/domain/catalogue"
	"pado/domain/pricing"
	"pado/domain/product"
	"pado/domain/sandbox"
)

// productRegisters are the registers of products; the public page of a product joins what five
// nouns know of it: registration, price, sources and quality, declared fields, use conditions.
func productRegisters() []*register.Register {
	all := product.Registers()
	for _, g := range all {
		if g.ID == "products" {
			g.Item = publicProduct
		}
	}
	return all
}

// publicProduct is the page of a published product for everybody. store.ErrNotFound for a code
// that is unknown or not published.
func publicProduct(r *store.ReadTx, _ p.Actor, code string) (*register.Item, error) {
	x, err := product.ByCode(r, code)
	if err != nil {
		return nil, err
	}
	if x.State != product.Published && x.State != product.Suspended {
		return nil, store.ErrNotFound
	}
	v, err := product.CurrentVersion(r, x)
	if err != nil {
		return nil, err
	}
	head, err := productHead(r, x)
	if err != nil {
		return nil, err
	}
	price, priced, err := productPrices(r, x)
	if err != nil {
		return nil, err
	}
	sources, fields, err := productSources(r, v)
	if err != nil {
		return nil, err
	}
	cols, params, err := productFields(r, x, v, fields)
	if err != nil {
		return nil, err
	}
	terms := p.Section{Kind: "keyvalues", Title: "使用限制条件", Clause: "1.7b", Items: []p.Item{{Label: "条款", Value: v.Terms}, {Label: "文本摘要值（SHA-256）", Value: v.TermsDigest}}}
	out := &register.Item{Title: x.Name, Subtitle: optionLabel(product.Forms, x.Form) + "　" + optionLabel(product.States, x.State),
		Sections: []p.Section{head, price, productOrdering(x, priced), sources, cols}}
	if len(params.Rows) > 0 {
		out.Sections = append(out.Sections, params)
	}
	out.Sections = append(out.Sections, terms)
	return out, nil
}

func productHead(r *store.ReadTx, x product.Product) (p.Section, error) {
	var n struct{ Operator, Org, Issuer string }
	err := r.Get(&n, `SELECT COALESCE((SELECT name FROM org WHERE id = $1), '') AS operator, COALESCE((SELECT name FROM org WHERE id = $2), '') AS org,
		COALESCE((SELECT name FROM org WHERE id = $3), '') AS issuer`, x.OperatorOrg, x.Org, x.IssuerOrg)
	if err != nil {
		return p.Section{}, err
	}
	s := p.Section{Kind: "keyvalues", Title: "产品登记", Clause: "6.3.4", Items: []p.Item{
		{Label: "登记编码", Value: p.Link{Text: x.Code, To: "verify/" + x.Code}, Clause: "6.3.4"},
		{Label: "登记主体（开发单位）", Value: n.Org}, {Label: "运营机构", Value: n.Operator}, {Label: "登记机构", Value: n.Issuer},
		{Label: "登记时间", Value: minuteText(x.Registered)}, {Label: "上线时间", Value: minuteText(x.Published)},
		{Label: "形态", Value: optionLabel(product.Forms, x.Form)}, {Label: "用途", Value: x.Purpose, Clause: "9.2"},
		{Label: "类别", Value: optionLabel(product.Benefits, x.Benefit)}, {Label: "版本", Value: fmt.Sprintf("第 %d 版", x.Version)},
		{Label: "国家公共数据资源登记", Value: strings.TrimSpace(optionLabel(product.NationalStates, x.NationalState) + " " + x.NationalNo)}}}
	if x.DocNo != "" {
		s.Items = append(s.Items, p.Item{Label: "登记文号", Value: p.Link{Text: x.DocNo, To: "verify/" + x.DocNo}})
	}
	return s, nil
}

// productPrices lists what is in force and what is in its publicity; false when nothing can be
// charged by yet, and then the section says so.
func productPrices(r *store.ReadTx, x product.Product) (s p.Section, priced bool, err error) {
	s = p.Section{Kind: "table", Title: "价格", Clause: "10.3.2", Columns: []p.Column{{Key: "class", Label: "使用方类别", Kind: "text", Primary: true},
		{Key: "price", Label: "单价（元）", Kind: "money"}, {Key: "unit", Label: "计价单位", Kind: "text"}, {Key: "kind", Label: "性质", Kind: "tag"},
		{Key: "period", Label: "执行期间", Kind: "text"}, {Key: "state", Label: "状态", Kind: "tag"}, {Key: "filing", Label: "备案号", Kind: "code"}}}
	list, err := pricing.Current(r, x.ID)
	if err != nil {
		return s, false, err
	}
	priced = len(list) > 0
	coming, err := pricing.Publicised(r, x.ID)
	if err != nil {
		return s, false, err
	}
	trial := false
	for _, t := range append(list, coming...) {
		kind, period := "正式", "公示期满无异议后生效"
		if t.Trial {
			kind, trial = "试行", true
		}
		if !t.EffectiveFrom.IsZero() {
			period = dayText(t.EffectiveFrom) + "起"
			if !t.EffectiveTo.IsZero() {
				period += "，至" + dayText(store.At(t.EffectiveTo.Add(-1))) + "止"
			}
		}
		s.Rows = append(s.Rows, map[string]any{"class": p.Link{Text: pricing.Label(pricing.Classes, t.CustomerClass), To: "register/tariffs/" + t.ID}, "price": t.PriceFen.Yuan(),
			"unit": pricing.Label(pricing.Units, t.Unit), "kind": kind, "period": period, "state": pricing.Status(t, store.At(r.Now())), "filing": t.FilingNo})
	}
	switch {
	case len(s.Rows) == 0:
		s.Columns, s.Note = nil, "尚无价格：这一产品还没有已备案、公示并生效的收费标准，暂不能订购。"
	case !priced:
		s.Note = "收费标准正在公示，生效前不能订购。"
	case trial:
		s.Note = "标“试行”的为首个年度的试行收费标准，期满自动失效，由正式收费标准接续。点击使用方类别查看收费标准全文和历次价格。"
	default:
		s.Note = "点击使用方类别查看收费标准全文和历次价格。"
	}
	return s, priced, nil
}

// productOrdering says who may order, how, and where to begin.
func productOrdering(x product.Product, priced bool) p.Section {
	s := p.Section{Kind: "keyvalues", Title: "怎样订购", Clause: "1.7b"}
	if x.State == product.Suspended {
		s.Note = "这一产品已暂停，目前不接受订购。"
		return s
	}
	if !priced {
		s.Note = "收费标准生效后方可订购；可先注册并完成主体认证。"
	}
	s.Items = []p.Item{{Label: "谁可以订购", Value: "在本平台完成主体认证的使用方（企业、事业单位、社会组织和国家机关），由其经办人办理；同类使用方同等条件、同等价格", Clause: "1.3b"},
		{Label: "怎样办理", Value: "登录后办理“产品订购”：写明具体用途和每月配额，阅读并接受使用限制条件；运营机构受理，不受理的说明理由，使用方可请数据管理部门复核；受理后自行签发接口密钥，按次计费"},
		{Label: "登录办理", Value: p.Link{Text: "登录并订购", To: "app/new/p06_2f_order"}}, {Label: "尚无账号", Value: p.Link{Text: "注册账号", To: "app/register"}}}
	return s
}

// sourceField is a field of a source as a product may name it.
type sourceField struct{ label, unit, typ string }

// productSources shows where the data come from, how good they are and how often they are
// renewed; and the labels of the fields of these sources by name.
func productSources(r *store.ReadTx, v product.Version) (s p.Section, fields map[string]sourceField, err error) {
	s = p.Section{Kind: "table", Title: "数据来源、质量与更新", Clause: "6.2.2", Columns: []p.Column{{Key: "item", Label: "目录项", Kind: "text", Primary: true}, {Key: "source", Label: "提供方", Kind: "text"},
		{Key: "cycle", Label: "更新周期", Kind: "tag"}, {Key: "quality", Label: "质量得分", Kind: "text"}, {Key: "accepted", Label: "现行数据入池", Kind: "datetime"}}}
	fields = map[string]sourceField{}
	var items []string
	if err := json.Unmarshal([]byte(v.Items), &items); err != nil {
		return s, fields, fmt.Errorf("read the items of %s: %w", v.Product, err)
	}
	for _, id := range items {
		it, err := catalogue.ByID(r, id)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return s, fields, err
		}
		for _, f := range it.Fields {
			label, unit := splitUnit(f.Label)
			if _, twice := fields[f.Name]; !twice {
				fields[f.Name] = sourceField{label, unit, f.Type}
			}
		}
		row := map[string]any{"item": it.Title, "cycle": optionLabel(catalogue.Cycles, it.UpdateCycle), "quality": "尚未评定"}
		if it.State == catalogue.StatePublished {
			row["item"] = p.Link{Text: it.Title, To: "register/catalogue/" + it.ID}
		}
		var source string
		if err := r.Get(&source, `SELECT name FROM org WHERE id = $1`, it.SourceOrg); err != nil && !errors.Is(err, store.ErrNotFound) {
			return s, fields, err
		}
		row["source"] = source
		var q struct {
			Score   int64
			Decided store.Time
		}
		err = r.Get(&q, `SELECT v.score, v.decided FROM dataset d JOIN dataset_version v ON v.id = d.current_version WHERE d.item = $1 ORDER BY v.decided DESC LIMIT 1`, id)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return s, fields, err
		}
		if err == nil {
			row["quality"], row["accepted"] = fmt.Sprintf("%d.%02d%%", q.Score/100, q.Score%100), q.Decided
		}
		s.Rows = append(s.Rows, row)
	}
	s.Note = "质量得分是现行数据版本各质量维度（GB/T 36344）通过率的平均；更新周期以目录登记为准。"
	return s, fields, nil
}

// unitInLabel finds a unit of measure written behind a field's name, as the guide to catalogues does it.
var unitInLabel = regexp.MustCompile(`^(.+?)[（(]([^（()）]{1,12})[）)]$`)

func splitUnit(label string) (name, unit string) {
	if m := unitInLabel.FindStringSubmatch(label); m != nil {
		return m[1], m[2]
	}
	return label, ""
}

var fieldTypes = []p.Option{{Value: "string", Label: "文本"}, {Value: "integer", Label: "整数"}, {Value: "decimal", Label: "小数"}, {Value: "date", Label: "日期"}, {Value: "boolean", Label: "是否"},
	{Value: "uscc", Label: "统一社会信用代码"}}

// productFields describes what a product returns and what it takes: Chinese name, meaning, unit.
// The names come from the sources' catalogue items; what was computed is explained by how.
func productFields(r *store.ReadTx, x product.Product, v product.Version, fields map[string]sourceField) (cs, ps p.Section, err error) {
	var cols []product.Column
	var params []product.Param
	if err := errors.Join(json.Unmarshal([]byte(v.Columns), &cols), json.Unmarshal([]byte(v.Params), &params)); err != nil {
		return cs, ps, fmt.Errorf("read product %s: %w", x.ID, err)
	}
	var made struct{ Columns, SQL, Unit string }
	err = r.Get(&made, `SELECT a.columns, COALESCE(q.sql_text, '') AS sql, COALESCE((SELECT MAX(d.unit_domain) FROM dataset d JOIN product_version pv ON pv.product = $2 AND pv.version = $3
		WHERE pv.items LIKE '%"' || d.item || '"%'), '') AS unit FROM release_artefact a LEFT JOIN question q ON q.id = a.question WHERE a.digest = $1`, v.Artefact, v.Product, v.Version)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return cs, ps, err
	}
	var released []sandbox.ArtefactColumn
	if made.Columns != "" {
		if err := json.Unmarshal([]byte(made.Columns), &released); err != nil {
			return cs, ps, fmt.Errorf("read the columns of %s: %w", v.Artefact, err)
		}
	}
	d := describer{fields: fields, sql: made.SQL, counted: made.Unit, from: map[string]string{}}
	for _, c := range released {
		d.from[c.Name] = c.From
	}
	cs = p.Section{Kind: "table", Title: "返回内容", Clause: "6.3.4", Columns: []p.Column{{Key: "title", Label: "名称", Kind: "text", Primary: true}, {Key: "name", Label: "字段", Kind: "code"},
		{Key: "meaning", Label: "含义", Kind: "text"}, {Key: "unit", Label: "单位", Kind: "text"}, {Key: "type", Label: "类型", Kind: "tag"}}}
	for _, c := range cols {
		title, meaning, unit := d.describe(c)
		cs.Rows = append(cs.Rows, map[string]any{"title": title, "name": c.Name, "meaning": meaning, "unit": orDash(unit), "type": optionLabel(fieldTypes, c.Type)})
	}
	ps = p.Section{Kind: "table", Title: "调用参数", Clause: "6.3.4", Columns: []p.Column{{Key: "title", Label: "名称", Kind: "text", Primary: true}, {Key: "name", Label: "参数", Kind: "code"},
		{Key: "op", Label: "比较", Kind: "tag"}, {Key: "required", Label: "必填", Kind: "tag"}, {Key: "type", Label: "类型", Kind: "tag"}}}
	for _, q := range params {
		title, required := q.Title, "否"
		if f, ok := fields[q.Column]; ok && (title == "" || title == q.Name) {
			title = f.label
		}
		if q.Required {
			required = "是"
		}
		ps.Rows = append(ps.Rows, map[string]any{"title": title, "name": q.Name, "op": optionLabel(product.Ops, q.Op), "required": required, "type": optionLabel(fieldTypes, q.Type)})
	}
	return cs, ps, nil
}

// describer explains the columns of a product.
type describer struct {
	fields  map[string]sourceField
	from    map[string]string // column → what the release says it is
	sql     string            // of the question the artefact answers
	counted string            // what a count counts: the protected unit of the data
}

// aggregate is a figure of a question with the name it was given.
var aggregate = regexp.MustCompile(`(?i)\b(count|sum|avg|min|max)\s*\(\s*(distinct\s+)?(\*|"?[a-z_][a-z0-9_.]*"?)\s*\)\s+as\s+"?([a-z_][a-z0-9_]*)"?`)

func (d describer) describe(c product.Column) (title, meaning, unit string) {
	if f, ok := d.fields[c.Name]; ok && d.from[c.Name] != "figure" && d.from[c.Name] != "interval" {
		return f.label, "来源目录项的信息项“" + f.label + "”，作为分组", f.unit
	}
	if base, ok := strings.CutSuffix(c.Name, "_halfwidth"); ok && d.from[c.Name] == "interval" {
		of, _, u := d.figure(base)
		return of + "的误差范围", "真实值有 95% 的把握在统计值加减此数之间", u
	}
	if title, meaning, unit = d.figure(c.Name); meaning != "" {
		return title, meaning, unit
	}
	title = c.Title
	if title == "" {
		title = c.Name
	}
	if d.from[c.Name] == "derived" {
		return title, "由统计值计算得出", ""
	}
	return title, "成果中的统计项", ""
}

// figure explains an aggregate by the function and the field it is over.
func (d describer) figure(name string) (title, meaning, unit string) {
	for _, m := range aggregate.FindAllStringSubmatch(d.sql, -1) {
		if !strings.EqualFold(m[4], name) {
			continue
		}
		over := strings.ToLower(strings.Trim(m[3][strings.LastIndex(m[3], ".")+1:], `"`))
		f, known := d.fields[over]
		if !known {
			f = sourceField{label: over}
		}
		switch fn := strings.ToLower(m[1]); {
		case fn == "count" && m[2] != "":
			return f.label + "个数", "符合条件的不同“" + f.label + "”的个数，加入随机误差保护个体", "个"
		case fn == "count":
			switch d.counted {
			case "natural_person":
				return "人数", "符合条件的人数，加入随机误差保护个体", "人"
			case "household":
				return "户数", "符合条件的家庭户数，加入随机误差保护个体", "户"
			case "legal_entity":
				return "单位数", "符合条件的单位数，加入随机误差保护个体", "家"
			}
			return "记录数", "符合条件的记录条数，加入随机误差保护个体", "条"
		default:
			word := map[string]string{"sum": "合计", "avg": "平均值", "min": "最小值", "max": "最大值"}[fn]
			return f.label + word, "符合条件的“" + f.label + "”的" + word + "，加入随机误差保护个体", f.unit
		}
	}
	return name, "", ""
}

func orDash(s string) string {
	if s == "" {
		return "—"
	}
	return s
}

func minuteText(t store.Time) string {
	if t.IsZero() {
		return "—"
	}
	return t.In(calendar.Shanghai).Format("2006-01-02 15:04")
}

func dayText(t store.Time) string { return calendar.DateOf(t.Time).Chinese() }
