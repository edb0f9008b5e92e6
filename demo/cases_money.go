package demo

import (
	"fmt"
	"time"
)

// allowance is the form of a determination of maximum allowed income.
func (t *Town) allowance(user string, year int) Form {
	cost := func(head, declared, verified, determined string) Form {
		return Form{"head": head, "declared": declared, "verified": verified, "determined": determined, "reason": "依核查结果核定"}
	}
	return Form{"agreement": t.agreement, "year": year, "costs": []Form{cost("processing", "620000.00", "600000.00", "580000.00"), cost("building", "480000.00", "470000.00", "460000.00"),
		cost("security", "150000.00", "150000.00", "150000.00"), cost("labour", "900000.00", "860000.00", "850000.00"), cost("management", "120000.00", "110000.00", "100000.00")},
		"subsidy": "200000.00", "yield": 180, "yieldOf": "（演示）2026年4月末十年期国债收益率", "spread": 400, "industry": 650, "tax": "96000.00", "taxBasis": "增值税及附加按现行税率测算",
		"power": "（演示）关于公共数据运营服务费定价权限的通知（晋发改价格〔2026〕1号）", "powerFile": t.Attach(user, "定价权限文件.pdf", signed)}
}

func (t *Town) ceiling(max string) Form {
	return Form{"agreement": t.agreement, "lines": []Form{{"form": "api", "unit": "call", "max": max, "expected": 200000}}, "basis": "依资源使用、算力存储和人力投入测算，不高于最高准许收入"}
}

// prices: allowed income and ceilings come first; then one product has its regular price, one is
// free of charge and one is on trial.
func prices(t *Town) {
	t.walk(t.Start("drc1", "p10_3a_allowance", t.allowance("drc1", 2026)), plainly("drc1", "submit"), say("data1", "agree", "无异议"), t.paper("gov1", "approve", "批准文件.pdf", Act{}))
	t.walk(t.Start("drc2", "p10_3a_allowance", t.allowance("drc2", 2026)), plainly("drc2", "withdraw"))
	t.Start("drc2", "p10_3a_allowance", t.allowance("drc2", 2027))
	t.walk(t.Start("data1", "p10_3b_ceiling", t.ceiling("3.00")), plainly("data1", "set"), plainly("drc1", "receive_report"))
	list := []string{
		publicise(t.Driver, t.made[t.wishes.employment].Product, false, charges("1.50", "0.90", 60000)),
		publicise(t.Driver, t.made[t.wishes.clinics].Product, true, charges("", "", 30000)),
		publicise(t.Driver, t.made[t.wishes.water].Product, true, charges("0.80", "0.40", 80000)),
	}
	t.To(t.today().AddDays(9).Start().Add(9 * time.Hour))
	for _, no := range list {
		t.Must("data1", no, "effective")
	}
}

// calls: three customers order, four keys are served, and a first month of use is journaled.
func calls(t *Town) {
	for _, x := range []struct {
		customer string
		wish     *Wish
		small    bool
		query    string
		calls    int
	}{
		{"bank1", t.wishes.employment, false, "sex=Female", 40}, {"shop1", t.wishes.employment, true, "sex=Male", 12},
		{"bank1", t.wishes.clinics, false, "", 8}, {"deva1", t.wishes.water, false, "division=140602", 25},
	} {
		_, key := Order(t.Driver, x.customer, t.made[x.wish].Product, x.wish.Name, 100000, x.small)
		t.Ready(key, t.Wall)
		for i := range x.calls {
			t.call(key, x.query, fmt.Sprintf("first-month-%016d", i))
		}
		if x.query != "" {
			key.Example.Path += "?" + x.query
		}
		t.keys = append(t.keys, key)
	}
}

// call makes one call that must be answered.
func (t *Town) call(k Key, query, nonce string) {
	if status, body := t.Invoke(k, query, t.Wall(), nonce); t.err == nil && status != 200 {
		t.Fail("a call of %s: %d %s", k.Product, status, body)
	}
}

// use has every key called some times more.
func (t *Town) use(when string, n int) {
	for _, k := range t.keys {
		for i := range n {
			t.call(k, "", fmt.Sprintf("%s-%016d", when, i))
		}
	}
}

// restart seals what was called; a month is closed only when its use is sealed.
func (t *Town) restart() {
	if t.err == nil {
		if err := t.Restart(); err != nil {
			t.Fail("start anew: %w", err)
		}
	}
}

// settle: the month ends and is closed; one statement is paid in full, another in part, and what is
// owed to the treasury is remitted once it is clear that the first slip was the wrong one.
func settle(t *Town) {
	t.restart()
	t.To(at(2026, 5, 6, 9)) // the first working day after the holiday of May
	shift(t)
	open := t.choices("oper1", "statements_open")
	if t.err == nil && len(open) < 3 {
		t.Fail("three customers should have statements: %v", open)
		return
	}
	kept := plainly("oper1", "register")
	t.spread(func(n int) string { return t.receipt(open[n%len(open)], n+1) }, path(kept, plainly("oper2", "book")), path(kept), path(), path(plainly("oper1", "withdraw")))
	t.walk(t.remit(1), plainly("oper1", "remit"), say("fin1", "return", "缴款书与国库收入日报不符"), plainly("oper1", "withdraw"))
	t.walk(t.remit(2), plainly("oper1", "remit"), with("fin1", "confirm", Form{"receiptNo": "GK-2026-0001"}))
}

// choices are the values of a list a form picks from.
func (d *Driver) choices(user, list string) (out []string) {
	var page struct{ Items []struct{ Value string } }
	d.Get(user, "/api/choices/"+list, &page)
	for _, x := range page.Items {
		out = append(out, x.Value)
	}
	return out
}

// receipt opens the entry of a payment of a whole statement.
func (t *Town) receipt(statement string, n int) string {
	return t.Start("oper1", "p06_2e_receipt", Form{"statement": statement, "amount": t.register("oper1", "statements", statement, "amount"), "paidOn": t.today().String(), "voucher": fmt.Sprintf("YH-2026-%04d", n),
		"file": t.Attach("oper1", "银行回单.pdf", signed)})
}

// remit opens the payment of what is due to the treasury next.
func (t *Town) remit(n int) string {
	due := t.choices("oper1", "fees_due")
	if len(due) == 0 {
		t.Fail("nothing is owed to the treasury")
		return ""
	}
	return t.Start("oper1", "p06_2e_remittance", Form{"fee": due[0], "amount": t.register("oper1", "remittances", due[0], "fee"), "paidOn": t.today().String(), "voucher": fmt.Sprintf("JK-2026-%04d", n),
		"file": t.Attach("oper1", "缴款书.pdf", signed)})
}

// moneyCases: next year's determination under the new lead, ceilings, tariffs and orders.
func moneyCases(t *Town) {
	d, w := t.Driver, t.wishes
	t.To(at(2026, 5, 13, 9))
	lead := func(n int) string {
		return d.Start("data1", "p10_3a_allowance_authority", t.allowance("data1", 2027))
	}
	submit := plainly("data1", "submit")
	d.spread(lead, path(), path(submit), path(submit, say("drc1", "return", "成本核查报告缺少附表")), path(submit, say("drc1", "agree", "无异议")), path(plainly("data1", "withdraw")))

	ceiling := func(n int) string { return d.Start("data1", "p10_3b_ceiling", t.ceiling("2.80")) }
	d.spread(ceiling, path(), path(plainly("data1", "set")), path(plainly("data1", "withdraw")))

	product := t.made[w.water].Product
	registered := d.See("oper1", t.firms).Subject
	file, record := plainly("oper1", "file"), plainly("data1", "record")
	object := with("data1", "object", Form{"by": "（演示）某使用方", "contact": "13800000000", "content": "认为单价偏高，请公开测算依据"})
	tariff := func(product, general, small string) string {
		return newTariff(d, product, true, charges(general, small, 2000))
	}
	d.walk(tariff(registered, "1.20", "0.60"), file, record)
	d.walk(tariff(product, "0.90", "0.45"), file, record, object)
	d.walk(tariff(t.made[w.employment].Product, "1.40", "0.80"), file, say("data1", "notify", "请附与同类产品的比较"))
	d.walk(tariff(t.made[w.employment].Product, "1.30", "0.80"), file)
	d.walk(tariff(product, "1.10", "0.55"), plainly("oper1", "withdraw"))
	tariff(product, "1.00", "0.50")

	order := func(customer string, x *Wish, small bool, path ...step) string {
		no := newOrder(d, customer, t.made[x].Product, 5000, small)
		if len(path) == 0 || path[0].do != "withdraw" {
			submitOrder(d, customer, no, x.Name)
		}
		return d.walk(no, path...)
	}
	refuse, appeal := say("oper2", "refuse", "所述用途超出产品登记用途"), say("bank1", "appeal", "与其他使用方同类用途，应同等对待")
	order("bank1", w.water, false, refuse)
	t.waits("bank1", order("bank1", w.water, false, refuse, appeal))
	order("bank1", w.water, false, refuse, appeal, say("data1", "order", "同类使用方已获受理，应予受理"))
	order("bank1", w.water, false, refuse, appeal, say("data1", "uphold", "用途确有不符，维持"))
	t.waits("shop1", order("shop1", w.clinics, true))
	order("shop1", w.water, true, say("oper2", "return", "请补充小微企业声明"))
	order("deva1", w.clinics, false, plainly("oper2", "accept"), say("deva1", "close", "项目结束"))
	order("deva1", w.employment, false, plainly("deva1", "withdraw"))
	newOrder(d, "shop1", t.made[w.clinics].Product, 300, true)
	t.use("second-month", 9)
}

// later: a second month is closed. What nobody did is late; leaders press, who waits asks, and fresh
// cases come in.
func later(t *Town) {
	d, w := t.Driver, t.wishes
	t.To(at(2026, 5, 28, 9)) // what comes in now is nearly due when the story ends
	fresh := resource("社会保险参保统计", "309002", "社会保障", "organ", "业务科", "按月统计的参保人数", "month", public, "period 账期 C", "count 人数 I")
	d.walk(d.Start("hrss1", "p07_2_catalogue", fresh), plainly("hrss1", "submit"))
	d.walk(newScenario(d, w.firms, "p06_3a_scenario", "dev1", "专精特新企业培育"), plainly("dev1", "submit"))
	d.walk(newDemand(d, w.firms, "p06_3b_demand", "dev1", t.made[w.firms].Scenario, "新设企业月报"), plainly("dev1", "submit"))
	d.walk(t.taken, plainly("new6", "submit"))
	d.walk(newScenario(d, w.firms, "p06_3a_scenario", "dev1", "产业链图谱"), plainly("dev1", "submit"), plainly("oper1", "accept"))
	d.walk(d.Start("police1", "p07_2_catalogue", t.list("门牌地址名录")), plainly("police1", "submit"))
	d.walk(newScenario(d, w.firms, "p06_3a_scenario", "dev2", "重复提交的场景"), say("dev2", "void", "与另一件重复，作废"))
	t.restart()
	t.To(at(2026, 6, 2, 9))
	t.walk(t.remit(3), plainly("oper1", "remit"))
	for i, s := range t.choices("oper1", "statements_open") {
		if i < 2 {
			t.walk(t.receipt(s, 11+i), plainly("oper1", "register"))
		}
	}
	d.walk(t.scheme("county3", "山阴县（二次征求意见）"), plainly("county3", "submit"))
	t.walk(t.subject(6), plainly("new7", "submit"))
	t.walk(t.join(4, "朔州长城融资担保有限公司", "customer"), plainly("join4", "submit"))
	d.walk(newScenario(d, w.firms, "p06_3a_scenario", "dev2", "中小企业账款监测"), plainly("dev2", "submit"))
	o := newOrder(d, "bank2", t.made[w.employment].Product, 800, false)
	submitOrder(d, "bank2", o, w.employment.Name)

	publicise(d, d.See("oper1", t.firms).Subject, true, charges("1.10", "0.50", 2000))
	// Every third late case is pressed (督办); who waits for one of two others asks after it (催办).
	late := t.late("data1")
	if t.err == nil && len(late) < 10 {
		t.Fail("only %d cases are late", len(late))
	}
	for i, no := range late {
		if i%3 == 0 {
			d.Do("data1", no, "supervise", Act{Opinion: "已逾期，请于两日内办结并说明原因"})
		}
	}
	// What others should know is sent to them (抄送), and one case goes to a colleague (转办).
	if t.err == nil && len(late) > 0 {
		d.Do("data1", t.filed, "copy", Act{Input: Form{"orgs": []string{t.Pick("data1", "orgs", "网络安全和信息化"), t.Pick("data1", "orgs", "国家保密局"), t.Pick("data1", "orgs", "审计局"), t.Pick("data1", "orgs", "专家委员会")}}})
		d.Do("data1", t.filed, "assign", Act{Opinion: "请先核对数据范围", Input: Form{"person": t.Pick("data1", "colleagues", "范知微")}})
	}
	for _, x := range t.waiting {
		d.Do(x.user, x.no, "urge", Act{})
	}
}

// late lists the overdue cases of the leader's page.
func (t *Town) late(user string) (list []string) {
	var page struct{ Items []struct{ No string } }
	t.Get(user, "/api/leader/cases?kind=overdue&size=100", &page)
	for _, c := range page.Items {
		list = append(list, c.No)
	}
	return list
}
