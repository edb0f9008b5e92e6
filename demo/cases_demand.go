package demo

import "fmt"

// demandCases: a second round of the product list, suggestions, scenarios and demands.
func demandCases(t *Town) {
	d, w := t.Driver, t.wishes
	t.To(at(2026, 5, 11, 9))
	// round opens a round that keeps what is listed and adds a product.
	round := func(title string) string {
		products, sources := rows([]*Wish{w.employment, w.clinics, w.water, w.firms, w.energy, w.own})
		for i, x := range []*Wish{w.employment, w.clinics, w.water, w.firms, w.energy, w.own} {
			products[i]["id"] = x.listItem
		}
		products = append(products, Form{"name": "养老服务需求分布", "form": "report", "purpose": "公共服务设施规划", "class": "public_benefit", "summary": "按年龄和居住地统计老年人口"})
		sources = append(sources, Form{"product": "养老服务需求分布", "item": t.sources["persons"].item, "fields": []string{"person", "division", "sex"}})
		return d.Start("oper1", "p09_productlist", Form{"agreement": t.agreement, "title": title, "products": products, "sources": sources})
	}
	scoped := func(no string) string {
		wanted := map[*Delivery][]string{}
		var order []*Delivery
		for _, x := range []*Wish{w.employment, w.clinics, w.water, w.firms, w.energy, w.own} {
			for _, u := range x.Uses {
				if wanted[u.Item] == nil {
					order = append(order, u.Item)
				}
				wanted[u.Item] = append(wanted[u.Item], u.Fields...)
			}
		}
		for _, x := range order {
			d.Do(x.Source, stateScope(d, no, x, wanted[x]), "state", Act{})
		}
		return no
	}
	file := plainly("oper1", "file")
	t.filed = d.walk(scoped(round("2026年数据产品清单（第二轮）")), file)
	d.walk(scoped(round("2026年数据产品清单（第二轮修订）")), file, say("data1", "notify", "请补充新增产品的数据范围说明"))
	d.walk(round("2026年数据产品清单（误报）"), plainly("oper1", "withdraw"))
	open := round("2026年数据产品清单（第三轮征集）")
	stateScope(d, open, t.sources["persons"], []string{"division", "sex"})
	d.walk(stateScope(d, open, t.sources["visits"], []string{"kind"}), plainly("health1", "withdraw"))
	suggestion := func(n int) string {
		return d.Start("dev1", "p09_suggestion", Form{"round": open, "suggestion": fmt.Sprintf("建议增加第%d类产品：按月更新的统计指数", n+1)})
	}
	suggest := plainly("dev1", "suggest")
	d.spread(suggestion, path(), path(suggest), path(suggest, with("oper1", "answer", Form{"adopted": true, "answer": "已列入下一轮"})), path(plainly("dev1", "withdraw")))

	scenario := func(n int) string {
		return newScenario(d, w.employment, "p06_3a_scenario", "dev1", []string{"稳岗返还测算", "招聘供需匹配", "技能培训选址", "零工市场监测", "工资指导线测算", "就业补贴评估", "创业贷款评估"}[n])
	}
	submit, accept := plainly("dev1", "submit"), plainly("oper1", "accept")
	opine, second := with("hrss1", "opine", agrees), with("data1", "opine_authority", agrees)
	d.spread(scenario, path(), path(submit), path(submit, accept), path(submit, accept, opine), path(submit, say("oper1", "decline", "与清单产品的用途不符")),
		path(submit, say("oper1", "return", "请补充安全措施")), path(plainly("dev1", "withdraw")))
	no := d.walk(newScenario(d, w.employment, "p06_3a_scenario", "dev1", "个人征信评分"), submit, accept, with("hrss1", "opine", Form{"lawful": false, "necessary": false, "secure": true, "say": "涉及个人评价，无法律依据"}), second)
	d.walk(no, say("data1", "refuse", "论证意见认为不合法"))

	own := func(n int) string {
		return newScenario(d, w.own, "p06_3a_scenario_op", "oper3", []string{"扬尘治理评估", "供热季预警", "学校户外活动指引"}[n])
	}
	sent := plainly("oper3", "submit")
	d.spread(own, path(), path(sent), path(sent, plainly("oper1", "accept")))

	demand := func(n int) string {
		return newDemand(d, w.employment, "p06_3b_demand", "dev1", t.made[w.employment].Scenario, []string{"分行业工时分析", "分学历收入分析", "分性别就业分析", "分年龄就业分析", "季度就业快报", "夜间经济用工"}[n])
	}
	d.spread(demand, path(), path(submit), path(submit, say("oper1", "refer", "精度要求超出惯例，请协调")), path(submit, say("oper1", "refuse", "与已同意的需求重复")),
		path(submit, say("oper1", "return", "请说明所需信息项的必要性")), path(plainly("dev1", "withdraw")))
	ownDemand := func(n int) string {
		return newDemand(d, w.own, "p06_3b_demand_op", "oper3", t.ownScenario, []string{"逐时指数校核", "冬季专题", "沙尘专题"}[n])
	}
	d.spread(ownDemand, path(), path(sent), path(sent, plainly("oper1", "endorse")))
}
