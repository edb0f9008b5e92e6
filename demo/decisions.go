package demo

// The papers of the made-up city. None of them says anything about a real one.
const (
	minutes = "（演示）朔州市人民政府常务会议纪要〔2026〕8号"
	notice  = "（演示）市发展改革委、市数据局通知（朔发改价〔2026〕3号）"
	shifted = "（演示）朔州市人民政府常务会议纪要〔2026〕12号"
)

// parameters opens the record of numbers that the plan leaves to the city: pairs of key and value.
func parameters(d *Driver, from, source string, pairs ...string) string {
	var lines []Form
	for i := 0; i+1 < len(pairs); i += 2 {
		lines = append(lines, Form{"key": pairs[i], "value": pairs[i+1]})
	}
	return d.Start("data2", "p03_parameter", Form{"from": from, "source": source, "lines": lines, "reason": "方案和上位规定未给出数字，由市里决定"})
}

// decisions: before anything is computed with them the city sets the numbers that nobody else
// gives, each from its paper, entered by one person and compared by another.
func decisions(t *Town) {
	set := func(source string, pairs ...string) {
		t.walk(parameters(t.Driver, t.today().String(), source, pairs...), t.paper("data2", "submit", "决定文件.pdf", Act{}), plainly("data3", "set"))
	}
	set(minutes, "selection.notice_days", "20", "selection.weight.qualification", "2000", "selection.weight.strength", "3000", "selection.weight.operation_plan", "5000")
	set(notice, "price.profit_base", "operating_cost", "price.small_firm_discount", "3000", "resource_fee.rate", "1000", "resource_fee.base", "operating_revenue")
	set(minutes, "revenue.ratio.government", "4000", "revenue.ratio.operator", "3500", "revenue.ratio.source", "1500", "revenue.ratio.partner", "1000")
	set(minutes, "evaluation.pass_score", "6000", "performance.weight.product", "3000", "performance.weight.effect", "3000", "performance.weight.security", "2500", "performance.weight.satisfaction", "1500")
}

// shift hands the lead in determining allowed income to the data authority from the next days on.
func shift(t *Town) {
	day := t.today().AddDays(4).String()
	t.walk(parameters(t.Driver, day, shifted, "price.allowance_lead", "authority"), t.paper("data2", "submit", "会议纪要.pdf", Act{}), plainly("data3", "set"))
	t.walk(parameters(t.Driver, day, notice, "output.review", "4"), t.paper("data2", "submit", "征求意见稿.pdf", Act{}), say("data3", "return", "所附为征求意见稿，请附正式文件"))
	t.walk(parameters(t.Driver, day, minutes, "demand.review", "4"), t.paper("data2", "submit", "会议纪要.pdf", Act{}))
	t.walk(parameters(t.Driver, day, minutes, "order.accept", "2"), plainly("data2", "withdraw"))
	parameters(t.Driver, day, minutes, "subject.review", "2")

	holiday := func() string {
		return t.Start("data2", "p03_holiday", Form{"year": 2027, "source": "（演示）关于2027年部分节假日安排的通知", "published": t.today().String(),
			"rest": []Form{{"name": "元旦", "from": "2027-01-01", "to": "2027-01-03"}}})
	}
	t.walk(holiday(), plainly("data2", "withdraw"))
	holiday()
}
