package demo

func (t *Town) mandate(user, place, from string) string {
	return t.Start(user, "p05_mandate", Form{"title": "关于授权" + place + "组织开展公共数据授权运营工作的决定", "scope": "授权" + place + "作为本级实施机构，组织开展授权运营并承担统筹协调和监督管理",
		"mode": "whole", "validFrom": from, "draft": t.Attach(user, "授权决定代拟稿.pdf", signed)})
}

// chapters are the parts of a scheme and of an agreement.
var (
	chapters = []string{"necessity", "eligibility", "mode_text", "resources", "term_text", "products", "management", "accounting", "security", "emergency", "supervision", "duties", "exit"}
	articles = []string{"basis", "scope", "usage", "term", "products", "platform", "security", "pricing", "ownership", "evaluation", "disclosure", "inspection", "no_transfer", "exit", "breach", "dispute", "other"}
)

func (t *Town) scheme(user, place string) string {
	return t.Start(user, "p06_1a_scheme", merge(Form{"title": place + "公共数据资源授权运营实施方案（演示）", "mode": "whole", "termYears": 3}, text(chapters, "实施方案")))
}

func (t *Town) draftAgreement(user, place string) string {
	return t.Start(user, "p06_1d_agreement", merge(Form{"title": place + "公共数据资源授权运营协议（演示）", "operator": t.Pick(user, "operators", "朔州桑源数据运营有限公司"), "mode": "whole", "termYears": 2,
		"negotiation": "双方就运营方案定稿达成一致", "finalPlan": t.Attach(user, "运营方案定稿.pdf", signed), "purposes": []Form{{"purpose": "公共服务设施规划"}},
		"feeRate": 800, "feeBase": "operating_revenue", "feePeriod": "quarter", "feeDueDays": 15, "excess": "deduct_next_period"}, text(articles, "授权运营协议")))
}

// decided is what is entered of a decision made elsewhere.
func (t *Town) decided(by, no string, more Form) Form {
	return merge(Form{"decidedOn": t.today().AddDays(-10).String(), "decidedBy": by, "decisionNo": no}, more)
}

func (t *Town) backfilled(user, name string, input Form) step {
	return t.paper(user, "backfill", name, Act{Input: input})
}

// authorityCases: the counties come after the city, each at another point of the way.
func authorityCases(t *Town) {
	t.To(at(2026, 5, 7, 9))
	d, today := t.Driver, t.today().String()
	for i, place := range []string{"朔城区数据局", "平鲁区数据局", "山阴县数据局"} {
		user := "county" + string(rune('1'+i))
		d.walk(t.mandate(user, place, "2026-03-20"), t.backfilled(user, "县区政府授权决定.pdf", t.decided(place[:9]+"人民政府", "演政函〔2026〕"+string(rune('1'+i))+"号", nil)))
	}
	d.walk(t.mandate("county4", "应县数据局", today), plainly("county4", "submit"), say("gov1", "return", "请写明授权期限"), say("gov2", "chain_sign", "同意退回"))
	d.walk(t.mandate("county5", "右玉县数据局", today), plainly("county5", "submit"), plainly("county5", "withdraw"))
	d.walk(t.mandate("county6", "怀仁市数据局", today), plainly("county6", "submit"))
	// In the government's inner chain: drafted by one, waiting for the signature of another.
	d.walk(t.mandate("county7", "朔州经济开发区数据管理办公室", today), plainly("county7", "submit"), d.paper("gov2", "pass", "授权决定送签稿.pdf", Act{Input: Form{"decidedOn": t.today().String()}}))
	t.mandate("county5", "右玉县数据局", today)

	passed := func(user, place string) {
		d.walk(t.scheme(user, place), t.backfilled(user, "政府常务会议纪要.pdf", t.decided(place+"人民政府", "演政常纪〔2026〕2号", Form{"minutesNo": "演政常纪〔2026〕2号", "collective": true})))
	}
	passed("county1", "朔城区")
	passed("county2", "平鲁区")
	d.walk(t.scheme("county3", "山阴县"), plainly("county3", "submit"))
	t.scheme("county3", "山阴县（修订稿）")
	d.walk(t.scheme("county3", "山阴县（旧稿）"), plainly("county3", "withdraw"))

	d.walk(t.draftAgreement("county1", "朔城区"), plainly("county1", "submit"), plainly("oper1", "confirm"),
		d.paper("gov1", "approve", "政府批准文件.pdf", Act{Input: Form{"decidedOn": t.today().String()}}), say("county1b", "publish", "不涉及国家秘密"),
		with("county1", "object", Form{"raisedBy": "（演示）某企业", "content": "请说明运营机构的选择过程"}))
	d.walk(t.draftAgreement("county2", "平鲁区"), plainly("county2", "submit"), plainly("oper1", "confirm"))
	d.walk(t.draftAgreement("county1", "朔城区（二稿）"), plainly("county1", "submit"), say("oper1", "return", "费率与谈判记录不一致"))
	d.walk(t.draftAgreement("county2", "平鲁区（二稿）"), plainly("county2", "submit"))
	d.walk(t.draftAgreement("county2", "平鲁区（三稿）"), plainly("county2", "withdraw"))

	t.extra = append(t.extra, t.item("health1", "health2", "医疗机构名录"), t.item("eco1", "eco2", "入河排污口名录"))
	amend := func(items ...*Delivery) string {
		var list []string
		for _, x := range items {
			list = append(list, x.item)
		}
		return newAmendment(d, t.agreement, "数源部门新编目录项，列入授权运营目录", list...)
	}
	signs := func(user, do string) step { return d.paper(user, do, "补充协议.pdf", Act{}) }
	d.walk(amend(t.extra...), plainly("data2", "submit"), signs("oper1", "agree"), signs("data1", "sign"))
	more := t.item("market1", "market2", "食品经营许可")
	t.extra = append(t.extra, more)
	for _, p := range [][]step{path(plainly("data2", "submit")), path(plainly("data2", "submit"), say("oper1", "refuse", "暂无相应场景")),
		path(plainly("data2", "submit"), say("oper1", "return", "请补充信息项范围")), path(plainly("data2", "withdraw")), {}} {
		d.walk(amend(more), p...)
	}
	d.walk(amend(more), plainly("data2", "submit"), signs("oper1", "agree"))
}

// item publishes a further catalogue item of a few public fields.
func (t *Town) item(source, second, title string) *Delivery {
	x := &Delivery{Source: source, Second: second, Cycle: "month", RowsBound: 1, Catalogue: t.list(title)}
	publish(t.Driver, x)
	return x
}

func (t *Town) list(title string) Form {
	return resource(title, "309001", "政务公开", "organ", "业务科", title+"的编码、名称、区划与状态", "month", public, "code 编码 C", "name 名称 C", "division 区划代码 C", "status 状态 C")
}
