package demo

import "strings"

// catalogueCases: questions on information items, tables with many items from a source, and files of
// the provincial catalogue, on every station of their way.
func catalogueCases(t *Town) {
	d := t.Driver
	t.To(at(2026, 5, 8, 14))
	persons := t.sources["persons"].item
	asks := []Form{{"item": persons, "field": "division", "question": "区划代码是常住地还是户籍地？"}, {"item": persons, "field": "sex", "question": "性别代码按哪个标准，有无“未说明”？"},
		{"item": persons, "question": "数据多久更新一次，更新时是否保留历史？"}, {"item": persons, "field": "division", "question": "撤县设市前的区划代码是否已经换算？"},
		{"item": persons, "field": "sex", "question": "缺失值怎样表示？"}, {"item": persons, "question": "是否包含流动人口？"}}
	submit := plainly("dev1", "submit")
	answer := func(text, shown string) step {
		return with(t.sources["persons"].Source, "answer", Form{"answer": text, "shown": shown})
	}
	ask := func(n int) string { return d.Start("dev1", "p10_1_question_developer", asks[n]) }
	d.spread(ask, path(submit, answer("为户籍地的六位区划代码", "public"), plainly("dev1", "close")), path(submit, answer("按 GB/T 2261.1，0 为未知的性别", "public")),
		path(submit), path(submit, answer("已按现行区划换算", "platform"), with("dev1", "follow", Form{"question": "怀仁市以前的记录也换算了吗？"})), path(), path(submit, plainly("dev1", "withdraw")))
	byOperator := func(n int) string {
		return d.Start("oper1", "p10_1_question_operator", Form{"item": persons, "field": "division", "question": []string{"县区合并后怎样处理？", "有无开发区的代码？", "空值的比例大约多少？"}[n]})
	}
	d.spread(byOperator, path(plainly("oper1", "submit")), path(plainly("oper1", "submit"), answer("开发区记在所在区", "public")), path())

	table := func(user, procedure, name, file, extent string) string {
		no := d.Start(user, procedure, Form{"file": d.Attach(user, name, []byte(file)), "extent": extent, "reason": "年度目录更新"})
		d.Do(user, no, "submit", Act{})
		t.governed(user)
		return no
	}
	health := catalogueLines("", "朔州市卫生健康委员会", "护士执业注册信息", "托育机构名录")
	reviewed := with("health2", "review", Form{"lawful": true, "safe": true, "minimal": true})
	put := plainly("health1", "put")
	table("health1", "p07_2_batch", "卫健委目录（待改正）.csv", strings.ReplaceAll(health, "每月", "每旬"), "part")
	d.walk(table("health1", "p07_2_batch", "卫健委目录.csv", health, "part"), put, reviewed)
	d.walk(table("health1", "p07_2_batch", "卫健委目录（二）.csv", catalogueLines("", "朔州市卫生健康委员会", "献血者服务网点"), "part"), put, reviewed,
		say("health2", "clear", "不涉及国家秘密"), plainly("data1", "publish"))
	d.Start("health1", "p07_2_batch", Form{})

	province := catalogueLines("SX14", "朔州市市场监督管理局", "检验检测机构名录", "特种设备登记")
	d.walk(table("data1", "p07_2_import", "省级目录2026年第一批.csv", province, "part"), plainly("data1", "put"), plainly("data2", "confirm"))
	d.walk(table("data1", "p07_2_import", "省级目录2026年第二批.csv", strings.ReplaceAll(province, "每月", "每季度")+strings.SplitN(catalogueLines("SX15", "朔州市市场监督管理局", "计量器具检定记录"), "\n", 2)[1], "part"), plainly("data1", "put"))
}

// catalogueLines is a table of resources, one information item each, as the template has it.
func catalogueLines(code, source string, titles ...string) string {
	var b strings.Builder
	b.WriteString("资源代码,资源名称,涉密属性,资源分类代码,数据分类,提供方,提供方类型,提供方内部部门,资源摘要,格式分类,格式类型,更新周期,共享类型,共享方式,开放类型,受危害的对象,危害程度,数据级别,一般数据细分级别,来源关系,授权属性,授权依据,信息项名称,信息项英文名,数据类型,长度,主键,信息项可授权,释义\n")
	for i, title := range titles {
		no := ""
		if code != "" {
			no = code + "/" + string(rune('1'+i))
		}
		b.WriteString(strings.Join([]string{no, title, "不涉密", "309001", "政务公开", source, "党政机关", "业务科", title + "的编码、名称与状态，供查询和统计使用", "电子表格", "CSV", "每月", "无条件共享", "文件交换",
			"不开放", "组织权益", "无危害", "一般数据", "1", "本单位产生", "可授权", "部门职责", "编码", "code", "字符型", "20", "是", "是", "平台统一编码"}, ",") + "\n")
	}
	return b.String()
}
