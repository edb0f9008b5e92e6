package demo

import "fmt"

// members opens a change of a project's people.
func members(d *Driver, procedure, user, project, person string) string {
	return d.Start(user, procedure, Form{"project": d.Pick(user, "projects", project), "act": "add", "person": d.Pick(user, "colleagues", person), "reason": "参与结果校核"})
}

// lineage is a root of the data of a project, by which its privacy budget is counted.
func (d *Driver) lineage(user, project string) (id string, left, delta int64) {
	var p struct {
		Slices []struct {
			Lineage         string
			Left, DeltaLeft int64
		}
	}
	d.Get(user, "/api/projects/"+project, &p)
	if len(p.Slices) == 0 {
		d.Fail("project %s has no budget", project)
		return "", 0, 0
	}
	return p.Slices[0].Lineage, p.Slices[0].Left, p.Slices[0].DeltaLeft
}

// outputCases: projects' people, freezes and budgets; outputs and products on their way.
func outputCases(t *Town) {
	d, w := t.Driver, t.wishes
	t.To(at(2026, 5, 12, 9))
	project, employment := t.made[w.firms].Project, t.made[w.employment].Project
	d.walk(members(d, "p06_3b_members", "dev1", employment, "曹一鸣"), plainly("dev1", "apply"))
	d.walk(members(d, "p06_3b_members", "dev1", project, "曹一鸣"), plainly("dev1", "withdraw"))
	members(d, "p06_3b_members", "dev1", t.made[w.clinics].Project, "曹一鸣")
	d.walk(members(d, "p06_3b_members_op", "oper3", t.trial, "施雅文"), plainly("oper3", "apply"))
	members(d, "p06_3b_members_op", "oper3", t.trial, "吕承志")

	lineage, _, _ := d.lineage("dev1", employment)
	allot := func(n int) string {
		return d.Start("data2", "p06_3b_allotment", Form{"project": employment, "lineage": lineage, "rho": 900_000_000 + n*10_000_000, "delta": 900_000_000, "day": 400_000_000, "reason": "季度分析所需提问较多"})
	}
	put := plainly("data2", "submit")
	d.spread(allot, path(), path(put), path(put, say("data1", "return", "请说明测算方法")), path(plainly("data2", "withdraw")))

	// Answers that become outputs: each in another state.
	var answers []string
	for _, sql := range []string{"SELECT sex, count(*) AS people FROM census_income GROUP BY sex", "SELECT income, avg(hours_per_week) AS hours FROM census_income GROUP BY income"} {
		id, _ := ask(d, "dev1", employment, sql)
		answers = append(answers, id)
	}
	output := func(n int) string {
		return newOutput(d, "p06_3c_output", "dev1", answers[n%len(answers)], fmt.Sprintf("就业结构统计表之%d", n+1))
	}
	submit, first, second := plainly("dev1", "submit"), with("oper1", "opine", passes), with("data1", "opine_second", passes)
	doubt := with("data1", "opine_second", Form{"verdict": "refuse", "say": "与已出域成果叠加可能推算小类"})
	d.spread(output, path(), path(submit), path(submit, first), path(submit, first, second), path(submit, first, doubt, say("oper2", "refuse", "两名审查人意见不一致")),
		path(submit, first, doubt, say("oper2", "return", "请合并小类后重新提交")), path(plainly("dev1", "withdraw")))

	// The operator's own output and product.
	own, _ := ask(d, "oper3", t.trial, "SELECT wind_direction, count(*) AS hours, avg(pm25) AS pm25 FROM air_hourly GROUP BY wind_direction")
	no := d.walk(newOutput(d, "p06_3c_output_op", "oper3", own, w.own.Name), plainly("oper3", "submit"), with("data1", "opine", passes), with("data2", "opine_second", passes), plainly("data3", "release"))
	artefact := d.See("oper3", no).Subject
	hours, _ := ask(d, "oper3", t.trial, "SELECT count(*) AS hours FROM air_hourly")
	d.walk(newOutput(d, "p06_3c_output_op", "oper3", hours, "观测小时数"), plainly("oper3", "submit"))
	d.walk(newRegistration(d, w.own, "p06_3d_registration_op", "oper3", artefact, w.own.Name), plainly("oper3", "submit"), plainly("oper1", "approve"), plainly("data1", "issue"))
	d.walk(newRegistration(d, w.own, "p06_3d_registration_op", "oper3", artefact, w.own.Name+"（简版）"), plainly("oper3", "submit"))

	// 企业行业分布 is registered but not yet published; others stop on the way.
	answer, _ := ask(d, "dev1", project, w.firms.SQL)
	table := Release(d, "dev1", answer, w.firms.Name)
	approve, issue := plainly("oper1", "approve"), plainly("data1", "issue")
	t.firms = d.walk(newRegistration(d, w.firms, "p06_3d_registration", "dev1", table, w.firms.Name), submit, approve, issue)
	registration := func(n int) string {
		return newRegistration(d, w.firms, "p06_3d_registration", "dev1", table, w.firms.Name+[]string{"（月报）", "（季报）", "（区划版）", "（年报）", "（试用版）", "（旧版）", "（停用版）"}[n])
	}
	d.spread(registration, path(), path(submit), path(submit, approve), path(submit, say("oper1", "refuse", "与在架产品重复")), path(submit, say("oper1", "return", "请补充安全检测报告要点")),
		path(submit, approve, issue, plainly("oper1", "publish"), say("data1", "suspend", "用户反映数据有误，暂停核查")),
		path(submit, approve, issue, plainly("oper1", "publish"), step{"oper1", "retire", Act{Opinion: "已由新版替代", Input: Form{"customers": true, "data": true, "accounts": true}}}))

	freeze := func(user, procedure, why string) string {
		return d.Start(user, procedure, Form{"project": d.Pick(user, "projects", t.energy), "reason": why})
	}
	d.walk(freeze("data1", "p06_3b_freeze", "提问频次异常，先行核查"), plainly("data1", "freeze"), say("data2", "thaw", "核查无异常"))
	freeze("data2", "p06_3b_freeze", "拟对连续多次失败提问的项目冻结")
	d.walk(freeze("power1", "p06_3b_freeze_source", "用电数据口径调整，暂停使用"), plainly("power1", "freeze"))
	freeze("heat1", "p06_3b_freeze_source", "拟在供热季数据更正期间冻结")
}
