package demo

// rawCases: a connection to a database on its way, and raw files that are destroyed by two persons.
func rawCases(t *Town) {
	d := t.Driver
	clinics := t.extra[0]
	f := Form{"item": clinics.item, "kind": "postgresql", "cycle": "day", "reason": "机构变动频繁，改由平台每日取数", "address": "10.20.1.8:5432", "tls": "required",
		"database": "health", "schema": "public", "table": "clinics", "columns": "code, name, division", "mode": "full"}
	no := d.Start("oper1", "p06_2b_hookup", f)
	d.Do("oper1", no, "submit", Act{})
	d.Do("data1", no, "coordinate", Act{Opinion: "同意对接，请卫生健康委提供只读账号"})
	d.Do("health1", no, "credential", Act{Input: Form{"user": "pado_reader", "password": "demo-only-1"}})
	d.Do("oper1", no, "probe", Act{Form: f})
	d.Rest("oper1")

	water, visits := t.sources["water"], t.sources["visits"]
	form := func(x *Delivery, reason, note string) Form {
		return Form{"files": []string{d.Pick("oper1", "raw_files", x.FileName)}, "reason": reason, "note": note}
	}
	submit := plainly("oper1", "submit")
	agree := say(water.Source, "agree", "同意销毁")
	d.spread(func(int) string {
		return d.Start("oper1", "p10_5_destruction", form(water, "wrong", "报送范围多出一个县，重报后销毁"))
	},
		path(), path(submit), path(submit, agree), path(submit, say(water.Source, "refuse", "尚在核对，暂不销毁")))
	done := d.walk(d.Start("oper1", "p10_5_destruction", form(visits, "law", "数源部门已依法更正，原报送文件应当删除")), submit, say(visits.Source, "agree", "同意销毁"), plainly("oper1", "execute"))
	d.Rest("oper1")
	d.Do("oper2", done, "witness", Act{Opinion: "逐个核对，密钥和密文均已不在"})
	d.Must("oper2", done, "destroyed")
}
