package demo

import (
	"bytes"
	"net/url"
	"slices"
	"time"
)

// supplyCases: requests for supply, what is brought together, what came late or otherwise than usual,
// correction tickets and the national registration, on every station of their way.
func supplyCases(t *Town) {
	d := t.Driver
	t.To(at(2026, 5, 8, 10))
	t.requests()
	t.collections()
	t.tickets()
	t.nationals()
	// 市场监督管理局 delivers without one of the columns, 供水服务中心 a third of the usual rows.
	firms, water := t.hookup("企业登记信息"), t.hookup("居民用水抄表")
	send := func(user, no string, file []byte) {
		d.Do(user, no, "deliver", Act{Input: Form{"file": d.Attach(user, "报送.csv", file)}})
		t.governed(user)
	}
	send("market1", firms, withoutLastColumn(t.Pool.Files["firms"]))
	send("water1", water, firstThird(t.Pool.Files["water"]))
	t.To(at(2026, 5, 8, 11))
	d.walk(firms, say("oper1", "reject", "缺少字段，请按声明的字段报送"))
	d.walk(water, say("oper1", "reject", "行数不足往次一半，请补齐后重报"))
	d.walk(t.alarm("结构改变"), plainly("market1", "sign_for"), step{"market1", "explain", Act{Opinion: "导出模板有误，已更正，下周重报", Input: Form{"cause": "people", "by": "2026-05-15"}}})
	d.walk(t.alarm("缺量"), plainly("water1", "sign_for"))
}

// governed waits until no job of a person waits or runs; one may have failed, as here on purpose.
func (t *Town) governed(user string) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for range 1200 {
		var list struct{ Items []struct{ State string } }
		t.Get(user, "/api/jobs", &list)
		open := slices.ContainsFunc(list.Items, func(j struct{ State string }) bool { return j.State == "queued" || j.State == "running" })
		if t.err != nil || !open {
			return
		}
		<-tick.C
	}
	t.Fail("the jobs of %s do not come to rest", user)
}

// requests leaves requests for supply in every state.
func (t *Town) requests() {
	d := t.Driver
	names := []string{"停车场名录", "公交线路站点", "养老机构名录", "充电设施名录", "药品零售企业名录", "排水户名录", "学校名录", "供暖投诉记录", "环境信访记录"}
	sources := []string{"市场监督管理局", "公安局", "卫生健康委员会", "市场监督管理局", "市场监督管理局", "供水服务中心", "人力资源和社会保障局", "集中供热服务中心", "生态环境局"}
	users := []string{"market1", "police1", "health1", "market1", "market1", "water1", "hrss1", "heat1", "eco1"}
	fresh := func(n int) string {
		return d.Start("oper1", "p07_1_supply", Form{"listed": "no", "source": d.Pick("oper1", "source_orgs", sources[n]), "title": names[n], "contents": "名称、地址、状态，全市范围", "purpose": "城市运行分析产品",
			"cycle": "month", "wanted": "2026-07-01"})
	}
	submit, forward := plainly("oper1", "submit"), plainly("data1", "forward_new")
	refuse := func(n int) step {
		return step{users[n], "refuse", Act{Opinion: "本单位不掌握该项数据", Input: Form{"ground": "duty"}}}
	}
	d.spread(fresh, path(), path(submit), path(submit, forward), path(submit, say("data1", "return", "请写明所需字段")), path(submit, forward, refuse(4)), path(submit, forward, refuse(5), plainly("oper1", "accept_refusal")),
		path(submit, forward, refuse(6), say("oper1", "dispute", "职责清单写明由该局负责")), path(submit, say("data1", "nonconform", "用途超出协议约定")), path(submit, plainly("oper1", "withdraw")))
	// One for an item of the catalogue: the source agrees and is to supply.
	no := d.Start("oper1", "p07_1_supply", Form{"listed": "yes", "item": t.extra[0].item, "contents": "全部可授权信息项", "purpose": "公共服务设施规划", "cycle": "month", "wanted": "2026-06-01"})
	d.walk(no, submit, forward, with("health1", "agree_new", Form{"first": "2026-05-25", "mode": "file"}))
}

// collections: what sources have brought to the city's data platform.
func (t *Town) collections() {
	d := t.Driver
	form := func(item, place string) Form {
		return Form{"items": []Form{{"item": item, "mode": "exchange", "on": "2026-05-06", "place": place}}}
	}
	file := func(user string) step { return plainly(user, "file") }
	d.walk(d.Start("health1", "p07_1_collection", form(t.extra[0].item, "卫生健康库.机构")), file("health1"), plainly("data1", "record"))
	d.walk(d.Start("eco1", "p07_1_collection", form(t.extra[1].item, "生态环境库.排口")), file("eco1"))
	d.walk(d.Start("police1", "p07_1_collection", form(t.sources["persons"].item, "人口库.常住")), file("police1"), say("data1", "notify", "请附接收凭证"))
}

// tickets leaves correction tickets in every state.
func (t *Town) tickets() {
	d := t.Driver
	about := []struct{ dataset, source, title, field, dimension string }{
		{"居民用电抄表", "power1", "谷段电量大于总电量", "night", "consistent"}, {"门诊住院就诊记录", "health1", "医保支付大于总费用", "insured", "consistent"}, {"企业登记信息", "market1", "行业代码为旧版", "industry", "normative"},
		{"集中供热计量", "heat1", "室温缺失偏多", "temperature", "complete"}, {"空气质量逐时观测", "eco1", "更新停在四月", "", "timely"}, {"常住人口基本信息", "police1", "就业状况口径不明", "employment", "meaning"}}
	fresh := func(n int) string {
		x := about[n]
		return d.Start("oper1", "p11_2_correction", Form{"dataset": d.Pick("oper1", "datasets_supplied", x.dataset), "field": x.field, "dimension": x.dimension, "severity": "major", "title": x.title,
			"problem": "治理时按规则核对发现，统计数字见质量报告", "wanted": "核对来源系统，更正后重报或说明口径"})
	}
	submit := plainly("oper1", "submit")
	d.spread(fresh, path(), path(submit), path(submit, step{"market1", "promise", Act{Opinion: "随下月报送更正", Input: Form{"by": "2026-06-10"}}}), path(submit, say("heat1", "explain", "部分用户未装测温装置")),
		path(submit, say("eco1", "explain", "自动站检修"), say("oper1", "refer", "检修不影响其余站点")), path(submit, say("police1", "explain", "按登记时申报，目录中已补写"), plainly("oper1", "close")))
}

// nationals leaves national registrations in every state; 生态环境局 has not applied and is warned.
func (t *Town) nationals() {
	d := t.Driver
	on := func(user, do, day string, more ...Form) step {
		return with(user, do, merge(append([]Form{{"on": day}}, more...)...))
	}
	fresh := func(user string, x *Delivery) string {
		f := text([]string{"subject", "lawful", "resource", "storage", "products", "scenarios", "risk"}, "登记材料")
		for _, name := range []string{"lawFile", "keptFile", "riskFile", "pledge"} {
			f[name] = d.Attach(user, "登记材料.pdf", signed)
		}
		return d.Start(user, "p06_3d_national", merge(f, Form{"act": "initial", "item": x.item, "keptNo": "（演示）存证"}))
	}
	apply := func(user string) step { return on(user, "apply", "2026-04-20") }
	d.walk(fresh("police1", t.sources["persons"]), apply("police1"), on("police1", "accept", "2026-04-22"), on("police1", "review", "2026-04-28"), on("police1", "publicise", "2026-04-29"))
	d.walk(fresh("hrss1", t.sources["census"]), apply("hrss1"), on("hrss1", "accept", "2026-04-21"), on("hrss1", "review", "2026-04-23"), on("hrss1", "publicise", "2026-04-24"),
		on("hrss1", "code", "2026-05-08", Form{"number": "（演示）SX140600000001"}))
	d.walk(fresh("health1", t.sources["visits"]), apply("health1"))
	fresh("market1", t.sources["firms"])
}

// hookup finds the case of the hookup of an item, by the item's title.
func (t *Town) hookup(title string) string {
	var page struct{ Rows []struct{ Key string } }
	t.Get("data1", "/api/registers/hookups?q="+url.QueryEscape(title), &page)
	if t.err == nil && len(page.Rows) == 0 {
		t.Fail("no hookup of %s", title)
	}
	if t.err != nil {
		return ""
	}
	var item struct{ Cases []struct{ No string } }
	t.Get("data1", "/api/registers/hookups/items/"+page.Rows[0].Key, &item)
	if t.err == nil && len(item.Cases) == 0 {
		t.Fail("no case of the hookup of %s", title)
	}
	if t.err != nil {
		return ""
	}
	return item.Cases[0].No
}

// alarm finds the case of the first alarm of a kind.
func (t *Town) alarm(kind string) string {
	var page struct {
		Rows []struct{ Cells map[string]any }
	}
	t.Get("data1", "/api/registers/supply_alarms?size=100", &page)
	for _, row := range page.Rows {
		if no, ok := row.Cells["case"].(string); ok && no != "" && row.Cells["kind"] == kind {
			return no
		}
	}
	t.Fail("no alarm of the kind %s", kind)
	return ""
}

// withoutLastColumn cuts the last column off every line.
func withoutLastColumn(file []byte) []byte {
	lines := bytes.Split(bytes.TrimRight(file, "\n"), []byte("\n"))
	for i, l := range lines {
		lines[i] = l[:max(bytes.LastIndexByte(l, ','), 0)]
	}
	return append(bytes.Join(lines, []byte("\n")), '\n')
}

// firstThird keeps the header and a third of the lines.
func firstThird(file []byte) []byte {
	lines := bytes.SplitAfter(file, []byte("\n"))
	return bytes.Join(lines[:1+len(lines)/3], nil)
}
