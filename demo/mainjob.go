package demo

import (
	"fmt"
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
		"negotiation": "2026年4月10日双方就运营方案定稿达成一致", "finalPlan": d.Attach("data2", "运营方案定稿.pdf", signed), "purposes": []Form{{"purpose": "就业服务与人力资源分析"}, {"purpose": "空气质量研究与服务"}},
		"feeRate": 1000, "feeBase": "operating_revenue", "feePeriod": "month", "feeDueDays": 10, "excess": "deduct_next_period"},
		text([]string{"basis", "scope", "usage", "term", "products", "platform", "security", "pricing", "ownership", "evaluation", "disclosure", "inspection", "no_transfer", "exit", "breach", "dispute", "other"}, "授权运营协议")))
	c := d.Do("data2", no, "backfill", Act{Input: Form{"decidedOn": "2026-04-15", "decidedBy": "朔州市公共资源交易中心", "decisionNo": "SZGZ2026-041", "signedOn": "2026-04-16"},
		Files: []string{d.Attach("data2", "成交通知书和已签协议.pdf", signed)}})
	d.Must("data2", no, "in_force")
	return c.Subject
}

// Supply compiles catalogue items, brings them under the agreement and ingests the files.
func Supply(d *Driver, agreement string, list ...*Delivery) {
	for _, x := range list {
		no := d.Start(x.Source, "p07_2_catalogue", merge(Form{"act": "publish", "secret": "no"}, x.Catalogue))
		d.Do(x.Source, no, "submit", Act{})
		d.Do(x.Second, no, "review", Act{Input: Form{"lawful": true, "safe": true, "minimal": true}})
		d.Do(x.Second, no, "clear", Act{Opinion: "不涉及国家秘密"})
		d.Do("data1", no, "publish", Act{})
		d.Must("data1", no, "published")
		x.item = d.See("data1", no).Subject
	}
	var add []Form
	for _, x := range list {
		add = append(add, Form{"item": x.item})
	}
	no := d.Start("data2", "p06_1e_amendment", Form{"agreement": agreement, "reason": "数源部门已完成目录编制，列入授权运营目录", "add": add})
	d.Do("data2", no, "submit", Act{})
	d.Do("oper1", no, "agree", Act{Files: []string{d.Attach("oper1", "补充协议（运营机构已签）.pdf", signed)}})
	d.Do("data1", no, "sign", Act{Files: []string{d.Attach("data1", "补充协议（双方已签）.pdf", signed)}})
	d.Must("data1", no, "in_force")
	for _, x := range list {
		ingest(d, x)
	}
}

func ingest(d *Driver, x *Delivery) {
	f := Form{"item": x.item, "kind": "upload", "cycle": x.Cycle, "reason": "形成数据集供场景开发使用"}
	no := d.Start("oper1", "p06_2b_hookup", f)
	d.Do("oper1", no, "submit", Act{})
	d.Do("data1", no, "coordinate", Act{Opinion: "同意对接"})
	d.Do("oper1", no, "connect", Act{Form: merge(f, Form{"rowsBound": x.RowsBound, "pipeline": x.Pipeline})})
	d.Do(x.Source, no, "deliver", Act{Input: Form{"file": d.Attach(x.Source, x.FileName, x.File)}})
	d.Rest(x.Source)
	d.Do("oper1", no, "accept", Act{})
	d.Must("oper1", no, "running")
}

// Item is the catalogue item a delivery became.
func (x *Delivery) Item() string { return x.item }

// Wish is a product the city wants: what it is called, for what, from which fields of which item.
type Wish struct {
	Name, Summary string
	Purpose       string
	Item          *Delivery
	Fields        []string
	Regulator     string // user of the industry regulator
	RegulatorOrg  string // name
	SQL           string
	Params        []Form
	Terms         string
}

// Made is what became of a wish.
type Made struct {
	ListItem, Scenario, Grant, Project, Question, Artefact, Product string
	Rows                                                            int
}

// Develop carries a wish from the product list to a published product.
func Develop(d *Driver, agreement string, x Wish) (m Made) {
	round := d.Start("oper1", "p09_productlist", Form{"agreement": agreement, "title": "2026年数据产品清单",
		"products": []Form{{"name": x.Name, "form": "api", "purpose": x.Purpose, "class": "industry", "summary": x.Summary}},
		"sources":  []Form{{"product": x.Name, "item": x.Item.Item(), "fields": x.Fields}}})
	scope := d.Start(x.Item.Source, "p09_scope", Form{"round": round, "item": x.Item.Item(), "fields": x.Fields, "condition": "仅供统计分析"})
	d.Do(x.Item.Source, scope, "state", Act{})
	d.Do("oper1", round, "file", Act{})
	d.Do("data1", round, "record", Act{})
	m.ListItem = d.Pick("dev1", "listed_products", x.Name)

	yes := Form{"lawful": true, "necessary": true, "secure": true, "say": "同意"}
	no := d.Start("dev1", "p06_3a_scenario", Form{"title": x.Name + "场景", "listItem": m.ListItem, "regulator": d.Pick("dev1", "regulators", x.RegulatorOrg),
		"summary": x.Summary + "，为相关行业提供依据", "lawfulness": "依据授权运营协议", "necessity": "现有公开数据不能满足", "security": "只在沙箱内使用，成果经审查出域"})
	d.Do("dev1", no, "submit", Act{})
	d.Do("oper1", no, "accept", Act{})
	d.Do(x.Regulator, no, "opine", Act{Input: yes})
	d.Do("data1", no, "opine_authority", Act{Input: yes})
	d.Do("data1", no, "justify", Act{Input: Form{"benefit": "industry"}})
	m.Scenario = d.See("dev1", no).Subject

	today := d.today()
	no = d.Start("dev1", "p06_3b_demand", Form{"scenario": m.Scenario, "title": x.Name + "数据需求", "purpose": x.Purpose, "from": today.String(), "to": today.AddMonths(6).String(),
		"security": "只在沙箱内使用", "items": []Form{{"item": x.Item.Item(), "fields": x.Fields, "reason": "统计所需"}}})
	d.Do("dev1", no, "submit", Act{})
	d.Do("oper1", no, "grant", Act{})
	m.Project = d.See("dev1", no).Subject

	var answer struct {
		ID, State string
		Rows      [][]any
	}
	d.Post("dev1", "/api/projects/"+m.Project+"/questions?dry=1", Form{"sql": x.SQL}, nil)
	d.Post("dev1", "/api/projects/"+m.Project+"/questions", Form{"sql": x.SQL}, &answer)
	m.Question, m.Rows = answer.ID, len(answer.Rows)

	no = d.Start("dev1", "p06_3c_output", Form{"question": m.Question, "title": x.Name, "use": "做成数据产品"})
	d.Do("dev1", no, "submit", Act{})
	verdict := Form{"verdict": "release", "say": "为统计结果，可以出域"}
	d.Do("oper1", no, "opine", Act{Input: verdict})
	d.Do("data1", no, "opine_second", Act{Input: verdict})
	d.Do("oper2", no, "release", Act{})
	m.Artefact = d.See("dev1", no).Subject

	no = d.Start("dev1", "p06_3d_registration", Form{"name": x.Name, "artefact": m.Artefact, "form": "api", "summary": x.Summary, "safeOn": today.String(), "safe": true, "safeReport": "未见异常",
		"terms": x.Terms, "params": x.Params})
	d.Do("dev1", no, "submit", Act{})
	d.Do("oper1", no, "approve", Act{})
	d.Do("data1", no, "issue", Act{})
	d.Do("oper1", no, "publish", Act{})
	d.Must("dev1", no, "published")
	m.Product = d.Pick("bank1", "products_published", x.Name)
	return m
}

// today is the business date.
func (d *Driver) today() calendar.Date {
	var me struct{ BusinessTime time.Time }
	d.Get("data1", "/api/me", &me)
	return calendar.DateOf(me.BusinessTime)
}

// Price files a trial tariff for a product and lets its publicity run out.
func Price(d *Driver, product string, general, small string) {
	no := d.Start("oper1", "p10_3c_tariff", Form{"product": product, "trial": true, "basis": "首年试行，按测算成本计", "display": "平台产品页与营业场所公示",
		"lines": []Form{{"class": "general", "unit": "call", "price": general, "expected": 100000}, {"class": "small_firm", "unit": "call", "price": small, "expected": 50000}}})
	d.Do("oper1", no, "file", Act{})
	d.Do("data1", no, "record", Act{})
	d.Must("data1", no, "publicity")
	d.To(d.today().AddDays(14).Start().Add(9 * time.Hour))
	d.Must("data1", no, "effective")
}

// Order has a customer order a product and returns the order's id with a key.
func Order(d *Driver, customer, product, name string, quota int) (order string, key Key) {
	today := d.today()
	no := d.Start(customer, "p06_2f_order", Form{"product": product, "use": "用于本单位业务分析", "quota": quota, "from": today.String(), "to": today.AddMonths(6).String(), "smallFirm": false})
	d.Do(customer, no, "submit", Act{Input: Form{"terms": d.Pick(customer, "product_terms", name)}})
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
func Employment(census *Delivery) Wish {
	return Wish{Name: "就业收入结构统计", Summary: "按性别和收入档统计人数与平均周工时", Purpose: "就业服务与人力资源分析", Item: census,
		Fields: []string{"sex", "income", "hours_per_week"}, Regulator: "hrss1", RegulatorOrg: "朔州市人力资源和社会保障局",
		SQL:    "SELECT sex, income, count(*) AS people FROM census_income GROUP BY sex, income",
		Params: []Form{{"name": "sex", "title": "性别", "column": "sex", "op": "eq", "required": false}}, Terms: "仅限本单位业务分析使用，不得转授权、转售或以近似原始形式对外提供。"}
}

// MainJob runs the whole chain from the mandate to a customer's key.
func MainJob(d *Driver, census, air *Delivery) (r Result) {
	r.Agreement = Authorise(d)
	Supply(d, r.Agreement, census, air)
	r.Made = Develop(d, r.Agreement, Employment(census))
	Price(d, r.Made.Product, "1.50", "0.50")
	r.Order, r.Key = Order(d, "bank1", r.Made.Product, "就业收入结构统计", 1000)
	return r
}
