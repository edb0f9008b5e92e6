package demo

import (
	"fmt"
	"slices"
	"time"

	"pado/core/calendar"
)

// Delivery is a source's file on its way into the pool.
type Delivery struct {
	Source, Second string // users of the source department
	Catalogue      Form   // of p07_2_catalogue
	Cycle          string
	Pipeline       string // YAML
	RowsBound      int
	FileName       string
	File           []byte
	item           string
}

func at(y int, m time.Month, day, hour int) time.Time {
	return time.Date(y, m, day, hour, 0, 0, 0, calendar.Shanghai)
}

var signed = []byte("%PDF-1.4\n% 演示用签章扫描件，无法律效力\n%%EOF\n")

func text(keys []string, of string) Form {
	f := Form{}
	for _, k := range keys {
		f[k] = "（演示）" + of + "：依照方案和上位规定执行，具体内容见附件。"
	}
	return f
}

func merge(forms ...Form) Form {
	out := Form{}
	for _, f := range forms {
		for k, v := range f {
			out[k] = v
		}
	}
	return out
}

// Authorise carries the city from the mandate to an agreement in force, and returns the
// agreement's id.
func Authorise(d *Driver) string {
	no := d.Start("data2", "p05_mandate", Form{"title": "关于授权市数据局统一管理公共数据授权运营工作的决定", "scope": "授权市数据局作为实施机构，组织开展本市公共数据资源授权运营并承担统筹协调和监督管理",
		"mode": "whole", "validFrom": "2026-03-02", "draft": d.Attach("data2", "授权决定代拟稿.pdf", signed)})
	d.Do("data2", no, "submit", Act{})
	d.Do("gov1", no, "pass", Act{Input: Form{"decidedOn": "2026-03-02"}, Files: []string{d.Attach("gov1", "授权决定.pdf", signed)}})
	d.Must("data2", no, "in_force")

	scheme := d.Start("data2", "p06_1a_scheme", merge(Form{"title": "朔州市公共数据资源授权运营实施方案（演示）", "mode": "whole", "termYears": 3},
		text([]string{"necessity", "eligibility", "mode_text", "resources", "term_text", "products", "management", "accounting", "security", "emergency", "supervision", "duties", "exit"}, "实施方案")))
	d.Do("data2", scheme, "submit", Act{})
	f := d.See("data2", scheme).Form
	f["opinions"] = []Form{{"kind": "department", "from": "朔州市财政局", "content": "建议写明资源使用费的缴纳时限", "adopted": "adopted"},
		{"kind": "public", "from": "一位市民", "content": "希望公开每一项产品的价格", "adopted": "adopted"}}
	d.Do("data2", scheme, "record", Act{Form: f})
	d.To(at(2026, 4, 15, 9))
	d.Must("data2", scheme, "summary")
	d.Do("data2", scheme, "summarise", Act{Form: f})
	d.Do("data3", scheme, "legality_pass", Act{Opinion: "内容合法，程序合规", Files: []string{d.Attach("data3", "合法性审查意见.pdf", signed)}})
	d.Do("data1", scheme, "expert_pass", Act{Opinion: "方案可行", Files: []string{d.Attach("data1", "专家论证意见.pdf", signed)},
		Input: Form{"experts": []Form{{"name": "温如玉", "unit": "（演示）大学", "field": "数据治理", "opinion": "方案完整可行"}, {"name": "石磊", "unit": "（演示）研究院", "field": "数据安全", "opinion": "同意"}, {"name": "易安", "unit": "（演示）律师事务所", "field": "法律", "opinion": "同意"}}}})
	d.Do("gov1", scheme, "pass", Act{Input: Form{"decidedOn": "2026-04-15", "minutesNo": "朔政常纪〔2026〕8号", "collective": true}, Files: []string{d.Attach("gov1", "常务会议纪要.pdf", signed)}})
	d.Must("data2", scheme, "in_force")

	d.To(at(2026, 4, 16, 9))
	no = d.Start("data2", "p06_1d_agreement", merge(Form{"title": "朔州市公共数据资源授权运营协议（演示）", "operator": d.Pick("data2", "operators", "朔州桑源数据运营有限公司"), "mode": "whole", "termYears": 3,
		"negotiation": "2026年4月10日双方就运营方案定稿达成一致", "finalPlan": d.Attach("data2", "运营方案定稿.pdf", signed), "purposes": []Form{{"purpose": "就业服务与人力资源分析"}, {"purpose": "空气质量研究与服务"}, {"purpose": "公共服务设施规划"}, {"purpose": "产业发展研究"}, {"purpose": "城市运行分析"}},
		"feeRate": 1000, "feeBase": "operating_revenue", "feePeriod": "month", "feeDueDays": 10, "excess": "deduct_next_period"},
		text([]string{"basis", "scope", "usage", "term", "products", "platform", "security", "pricing", "ownership", "evaluation", "disclosure", "inspection", "no_transfer", "exit", "breach", "dispute", "other"}, "授权运营协议")))
	c := d.Do("data2", no, "backfill", Act{Input: Form{"decidedOn": "2026-04-15", "decidedBy": "朔州市公共资源交易中心", "decisionNo": "SZGZ2026-041", "signedOn": "2026-04-16"},
		Files: []string{d.Attach("data2", "成交通知书和已签协议.pdf", signed)}})
	d.Must("data2", no, "in_force")
	return c.Subject
}

// publish compiles one catalogue item, from the source's draft to its publication.
func publish(d *Driver, x *Delivery) {
	no := d.Start(x.Source, "p07_2_catalogue", x.Catalogue)
	d.Do(x.Source, no, "submit", Act{})
	d.Do(x.Second, no, "review", Act{Input: Form{"lawful": true, "safe": true, "minimal": true}})
	d.Do(x.Second, no, "clear", Act{Opinion: "不涉及国家秘密"})
	d.Do("data1", no, "publish", Act{})
	d.Must("data1", no, "published")
	x.item = d.See("data1", no).Subject
}

// newAmendment drafts the change that brings items under the agreement.
func newAmendment(d *Driver, agreement, reason string, items ...string) string {
	var add []Form
	for _, i := range items {
		add = append(add, Form{"item": i})
	}
	return d.Start("data2", "p06_1e_amendment", Form{"agreement": agreement, "reason": reason, "add": add})
}

// Supply compiles catalogue items, brings them under the agreement and ingests the files.
func Supply(d *Driver, agreement string, list ...*Delivery) {
	var items []string
	for _, x := range list {
		publish(d, x)
		items = append(items, x.item)
	}
	no := newAmendment(d, agreement, "数源部门已完成目录编制，列入授权运营目录", items...)
	d.Do("data2", no, "submit", Act{})
	d.Do("oper1", no, "agree", Act{Files: []string{d.Attach("oper1", "补充协议（运营机构已签）.pdf", signed)}})
	d.Do("data1", no, "sign", Act{Files: []string{d.Attach("data1", "补充协议（双方已签）.pdf", signed)}})
	d.Must("data1", no, "in_force")
	var hookups []string
	for _, x := range list {
		hookups = append(hookups, deliver(d, x))
	}
	for i, x := range list {
		d.Rest(x.Source)
		d.Do("oper1", hookups[i], "accept", Act{})
		d.Must("oper1", hookups[i], "running")
	}
}

func newHookup(d *Driver, procedure, user string, x *Delivery) (no string, f Form) {
	f = Form{"item": x.item, "kind": "upload", "cycle": x.Cycle, "reason": "形成数据集供场景开发使用"}
	return d.Start(user, procedure, f), f
}

// deliver hooks an item up and hands in its file; a job then makes the version.
func deliver(d *Driver, x *Delivery) string {
	no, f := newHookup(d, "p06_2b_hookup", "oper1", x)
	d.Do("oper1", no, "submit", Act{})
	d.Do("data1", no, "coordinate", Act{Opinion: "同意对接"})
	d.Do("oper1", no, "connect", Act{Form: merge(f, Form{"rowsBound": x.RowsBound, "pipeline": x.Pipeline})})
	d.Do(x.Source, no, "deliver", Act{Input: Form{"file": d.Attach(x.Source, x.FileName, x.File)}})
	return no
}

// Item is the catalogue item a delivery became.
func (x *Delivery) Item() string { return x.item }

// Use names fields of a delivery.
type Use struct {
	Item   *Delivery
	Fields []string
}

// Wish is a product the city wants: what it is called, for what, from which fields of which items,
// who develops it and what kind of use the panel finds it to be.
type Wish struct {
	Name, Summary string
	Purpose       string
	Uses          []Use
	Developer     string // user; empty is the first developer
	Benefit       string // public or industry; empty is industry
	Regulator     string // user of the industry regulator
	RegulatorOrg  string // name
	SQL           string
	Params        []Form
	Terms         string
	listItem      string
}

func (x *Wish) by() string {
	if x.Developer == "" {
		return "dev1"
	}
	return x.Developer
}

func (x *Wish) benefit() string {
	if x.Benefit == "" {
		return "industry"
	}
	return x.Benefit
}

// Made is what became of a wish.
type Made struct {
	Scenario, Project, Question, Artefact, Product string
	Rows                                           int
}

// rows are the wishes as the product list wants them.
func rows(wishes []*Wish) (products, sources []Form) {
	class := map[string]string{"industry": "industry", "public": "public_benefit"}
	for _, x := range wishes {
		products = append(products, Form{"name": x.Name, "form": "api", "purpose": x.Purpose, "class": class[x.benefit()], "summary": x.Summary})
		for _, u := range x.Uses {
			sources = append(sources, Form{"product": x.Name, "item": u.Item.Item(), "fields": u.Fields})
		}
	}
	return products, sources
}

// List has the sources say what may be authorised and files the product list.
func List(d *Driver, agreement, title string, wishes ...*Wish) {
	products, sources := rows(wishes)
	round := d.Start("oper1", "p09_productlist", Form{"agreement": agreement, "title": title, "products": products, "sources": sources})
	wanted := map[*Delivery][]string{}
	var order []*Delivery
	for _, x := range wishes {
		for _, u := range x.Uses {
			if wanted[u.Item] == nil {
				order = append(order, u.Item)
			}
			for _, f := range u.Fields {
				if !slices.Contains(wanted[u.Item], f) {
					wanted[u.Item] = append(wanted[u.Item], f)
				}
			}
		}
	}
	for _, item := range order {
		d.Do(item.Source, stateScope(d, round, item, wanted[item]), "state", Act{})
	}
	d.Do("oper1", round, "file", Act{})
	d.Do("data1", round, "record", Act{})
	for _, x := range wishes {
		x.listItem = d.Pick(x.by(), "listed_products", x.Name)
	}
}

func stateScope(d *Driver, round string, item *Delivery, fields []string) string {
	return d.Start(item.Source, "p09_scope", Form{"round": round, "item": item.Item(), "fields": fields, "condition": "仅供统计分析"})
}

// agrees is an opinion of the panel.
var agrees = Form{"lawful": true, "necessary": true, "secure": true, "say": "同意"}

func newScenario(d *Driver, x *Wish, procedure, user, title string) string {
	return d.Start(user, procedure, Form{"title": title, "listItem": x.listItem, "regulator": d.Pick(user, "regulators", x.RegulatorOrg),
		"summary": x.Summary + "，为相关行业提供依据", "lawfulness": "依据授权运营协议", "necessity": "现有公开数据不能满足", "security": "只在沙箱内使用，成果经审查出域"})
}

func newDemand(d *Driver, x *Wish, procedure, user, scenario, title string) string {
	today := d.today()
	var items []Form
	for _, u := range x.Uses {
		items = append(items, Form{"item": u.Item.Item(), "fields": u.Fields, "reason": "统计所需"})
	}
	return d.Start(user, procedure, Form{"scenario": scenario, "title": title, "purpose": x.Purpose, "from": today.String(), "to": today.AddMonths(6).String(), "security": "只在沙箱内使用", "items": items})
}

// price asks what a question would cost; nothing is spent.
func price(d *Driver, user, project, sql string) {
	d.Post(user, "/api/projects/"+project+"/questions?dry=1", Form{"sql": sql}, nil)
}

// ask puts a question in a project, which must be answered.
func ask(d *Driver, user, project, sql string) (id string, rows int) {
	var answer struct {
		ID, State string
		Rows      [][]any
	}
	d.Post(user, "/api/projects/"+project+"/questions", Form{"sql": sql}, &answer)
	if d.err == nil && answer.State != "answered" {
		d.Fail("question %s of %s is %s: %s", answer.ID, project, answer.State, sql)
	}
	return answer.ID, len(answer.Rows)
}

func newOutput(d *Driver, procedure, user, question, title string) string {
	return d.Start(user, procedure, Form{"question": question, "title": title, "use": "做成数据产品"})
}

// passes is a reviewer's opinion on an output.
var passes = Form{"verdict": "release", "say": "为统计结果，可以出域"}

func newRegistration(d *Driver, x *Wish, procedure, user, artefact, name string) string {
	return d.Start(user, procedure, Form{"name": name, "artefact": artefact, "form": "api", "summary": x.Summary, "safeOn": d.today().String(), "safe": true, "safeReport": "未见异常",
		"terms": x.Terms, "params": x.Params})
}

// Justify carries a wish from the product list to a justified scenario.
func Justify(d *Driver, x *Wish) string {
	no := newScenario(d, x, "p06_3a_scenario", x.by(), x.Name+"场景")
	d.Do(x.by(), no, "submit", Act{})
	d.Do("oper1", no, "accept", Act{})
	d.Do(x.Regulator, no, "opine", Act{Input: agrees})
	d.Do("data1", no, "opine_authority", Act{Input: agrees})
	d.Do("data1", no, "justify", Act{Input: Form{"benefit": x.benefit()}})
	return d.See(x.by(), no).Subject
}

// Grant asks for a wish's data under a justified scenario and returns the sandbox project.
func Grant(d *Driver, x *Wish, scenario string) string {
	no := newDemand(d, x, "p06_3b_demand", x.by(), scenario, x.Name+"数据需求")
	d.Do(x.by(), no, "submit", Act{})
	d.Do("oper1", no, "grant", Act{})
	return d.See(x.by(), no).Subject
}

// Release carries an answered question out of the sandbox and returns the artefact.
func Release(d *Driver, user, question, title string) string {
	no := newOutput(d, "p06_3c_output", user, question, title)
	d.Do(user, no, "submit", Act{})
	d.Do("oper1", no, "opine", Act{Input: passes})
	d.Do("data1", no, "opine_second", Act{Input: passes})
	d.Do("oper2", no, "release", Act{})
	return d.See(user, no).Subject
}

// Register carries an artefact to a published product and returns its id.
func Register(d *Driver, x *Wish, artefact string) string {
	no := newRegistration(d, x, "p06_3d_registration", x.by(), artefact, x.Name)
	d.Do(x.by(), no, "submit", Act{})
	d.Do("oper1", no, "approve", Act{})
	d.Do("data1", no, "issue", Act{})
	d.Do("oper1", no, "publish", Act{})
	d.Must(x.by(), no, "published")
	return d.Pick("bank1", "products_published", x.Name)
}

// Develop carries a listed wish to a published product.
func Develop(d *Driver, x *Wish) (m Made) {
	m.Scenario = Justify(d, x)
	m.Project = Grant(d, x, m.Scenario)
	price(d, x.by(), m.Project, x.SQL)
	m.Question, m.Rows = ask(d, x.by(), m.Project, x.SQL)
	m.Artefact = Release(d, x.by(), m.Question, x.Name)
	m.Product = Register(d, x, m.Artefact)
	return m
}

// today is the business date.
func (d *Driver) today() calendar.Date {
	var me struct{ BusinessTime time.Time }
	d.Get("data1", "/api/me", &me)
	return calendar.DateOf(me.BusinessTime)
}

// charges are the prices of a product for a use of industry, and the free use of one for the public.
func charges(general, small string, expected int) []Form {
	if general == "" {
		return []Form{{"class": "public", "unit": "call", "price": "0.00", "expected": expected}}
	}
	return []Form{{"class": "general", "unit": "call", "price": general, "expected": expected}, {"class": "small_firm", "unit": "call", "price": small, "expected": expected / 2}}
}

func newTariff(d *Driver, product string, trial bool, lines []Form) string {
	basis := "按核定的最高准许收入和上限收费标准测算"
	if trial {
		basis = "首年试行，按测算成本计"
	}
	return d.Start("oper1", "p10_3c_tariff", Form{"product": product, "trial": trial, "basis": basis, "display": "平台产品页与营业场所公示", "lines": lines})
}

// publicise files a tariff and has it publicised.
func publicise(d *Driver, product string, trial bool, lines []Form) string {
	no := newTariff(d, product, trial, lines)
	d.Do("oper1", no, "file", Act{})
	d.Do("data1", no, "record", Act{})
	d.Must("data1", no, "publicity")
	return no
}

// Price files a trial tariff for a product and lets its publicity run out.
func Price(d *Driver, product string, general, small string) {
	no := publicise(d, product, true, charges(general, small, 100000))
	d.To(d.today().AddDays(14).Start().Add(9 * time.Hour))
	d.Must("data1", no, "effective")
}

func newOrder(d *Driver, customer, product string, quota int, small bool) string {
	today := d.today()
	f := Form{"product": product, "use": "用于本单位业务分析", "quota": quota, "from": today.String(), "to": today.AddMonths(6).String(), "smallFirm": small}
	if small {
		f["proof"] = d.Attach(customer, "小微企业声明.pdf", signed)
	}
	return d.Start(customer, "p06_2f_order", f)
}

// submitOrder accepts the product's terms of use.
func submitOrder(d *Driver, customer, no, name string) {
	d.Do(customer, no, "submit", Act{Input: Form{"terms": d.Pick(customer, "product_terms", name)}})
}

// Order has a customer order a product and returns the order's id with a key.
func Order(d *Driver, customer, product, name string, quota int, small bool) (order string, key Key) {
	no := newOrder(d, customer, product, quota, small)
	submitOrder(d, customer, no, name)
	d.Do("oper2", no, "accept", Act{})
	d.Must(customer, no, "active")
	order = d.See(customer, no).Subject
	var k struct{ ID, Secret, Path string }
	d.Post(customer, "/api/orders/"+order+"/keys", Form{}, &k)
	return order, Key{Product: product, Key: k.ID, Secret: k.Secret, Example: Example{Method: "GET", Path: k.Path}}
}

// Jobs waits until no job of the person's organisations is open; a failed one is an error.
func Jobs(d *Driver, user string) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for range 1200 {
		var list struct {
			Items []struct{ State, Error, Step string }
		}
		d.Get(user, "/api/jobs", &list)
		if d.err != nil {
			return d.err
		}
		open := 0
		for _, j := range list.Items {
			switch j.State {
			case "queued", "running":
				open++
			case "failed":
				return fmt.Errorf("a job failed: %s", j.Error)
			}
		}
		if open == 0 {
			return nil
		}
		<-tick.C
	}
	return fmt.Errorf("the jobs do not come to rest")
}

// Result is what the main job left behind.
type Result struct {
	Agreement string
	Made      Made
	Order     string
	Key       Key
}

// Employment is the product of the main job.
func Employment(census *Delivery) *Wish {
	return &Wish{Name: "就业收入结构统计", Summary: "按性别和收入档统计人数与平均周工时", Purpose: "就业服务与人力资源分析", Uses: []Use{{census, []string{"sex", "income", "hours_per_week"}}},
		Regulator: "hrss1", RegulatorOrg: "朔州市人力资源和社会保障局",
		SQL:    "SELECT sex, income, count(*) AS people FROM census_income GROUP BY sex, income",
		Params: []Form{{"name": "sex", "title": "性别", "column": "sex", "op": "eq", "required": false}}, Terms: useTerms}
}

const useTerms = "仅限本单位业务分析使用，不得转授权、转售或以近似原始形式对外提供。"

// MainJob runs the whole chain from the mandate to a customer's key.
func MainJob(d *Driver, census, air *Delivery) (r Result) {
	r.Agreement = Authorise(d)
	Supply(d, r.Agreement, census, air)
	wish := Employment(census)
	List(d, r.Agreement, "2026年数据产品清单", wish)
	r.Made = Develop(d, wish)
	Price(d, r.Made.Product, "1.50", "0.50")
	r.Order, r.Key = Order(d, "bank1", r.Made.Product, wish.Name, 1000, false)
	return r
}
