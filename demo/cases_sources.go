package demo

// sourceCases: catalogue items and hookups on every station of their way.
func sourceCases(t *Town) {
	d := t.Driver
	t.To(at(2026, 5, 8, 9))
	reviewed := with("health2", "review", Form{"lawful": true, "safe": true, "minimal": true})
	cleared := say("health2", "clear", "不涉及国家秘密")
	submit := plainly("health1", "submit")
	titles := []string{"医师执业注册信息", "疫苗接种点名录", "体检机构名录", "公共场所卫生许可", "采供血统计", "医疗废物转移联单", "家庭医生签约统计"}
	d.spread(func(n int) string { return d.Start("health1", "p07_2_catalogue", t.list(titles[n])) },
		path(submit), path(submit, reviewed), path(submit, reviewed, cleared), path(submit, reviewed, cleared, say("data1", "return", "信息项名称不规范，请对照数据元")),
		path(submit, reviewed, cleared, say("data1", "refuse", "与已公布目录重复")), path(submit, plainly("health1", "withdraw")), path())
	// 生态环境局 has an inner chain of three: one item waits for its review, one for its signature.
	d.walk(t.chain("eco1", "p07_2_catalogue", "review"), plainly("eco1", "set"))
	d.walk(d.Start("eco2", "p07_2_catalogue", t.list("排污许可证信息")), plainly("eco2", "submit"))
	d.walk(d.Start("eco2", "p07_2_catalogue", t.list("重点污染源监测")), plainly("eco2", "submit"), say("eco3", "chain_approve", "内容完整"))
	d.walk(d.Start("water1", "p07_2_catalogue", merge(t.list("供水管网压力"), Form{"sourceKind": "water", "legalBasis": "（演示）委托书"})), plainly("water1", "submit"))
	d.Start("heat1", "p07_2_catalogue", merge(t.list("换热站名录"), Form{"sourceKind": "heat", "legalBasis": "（演示）委托书"}))

	clinics, outfalls := t.extra[0], t.extra[1]
	hookup := func(x *Delivery) func(int) string {
		return func(int) string { no, _ := newHookup(d, "p06_2b_hookup", "oper1", x); return no }
	}
	asked, agreed := plainly("oper1", "submit"), say("data1", "coordinate", "同意对接")
	d.spread(hookup(clinics), path(), path(asked), path(asked, say("data1", "refuse", "数源部门系统改造，暂缓")), path(asked, say("data1", "return", "请写明供给周期的依据")),
		path(plainly("oper1", "withdraw")), path(asked, agreed))
	own := func(n int) string { no, _ := newHookup(d, "p06_2b_hookup_source", "eco1", outfalls); return no }
	offered := plainly("eco1", "submit")
	d.spread(own, path(), path(offered), path(offered, say("data1", "return", "请补充数据说明")), path(offered, agreed), path(plainly("eco1", "withdraw")))
}
