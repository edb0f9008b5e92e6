package procedures

import (
	"encoding/json"
	"strings"
	"testing"

	p "pado/core/procedure"
	"pado/domain/product"
)

func TestColumnsOfAProductAreExplained(t *testing.T) {
	d := describer{counted: "natural_person", sql: `SELECT sex, avg(hours) AS week, COUNT(*) AS people, sum(t.gain) as gained, count(distinct sex) AS sexes FROM x t GROUP BY sex`,
		fields: map[string]sourceField{"sex": {label: "性别"}, "hours": {label: "每周工时", unit: "小时"}, "gain": {label: "资本收益", unit: "美元"}},
		from:   map[string]string{"sex": "key", "week": "figure", "people": "figure", "people_halfwidth": "interval", "gained": "figure", "sexes": "figure", "share": "derived"}}
	for name, want := range map[string][3]string{
		"sex":              {"性别", "来源目录项的信息项“性别”，作为分组", ""},
		"week":             {"每周工时平均值", "平均值", "小时"},
		"people":           {"人数", "符合条件的人数", "人"},
		"people_halfwidth": {"人数的误差范围", "95%", "人"},
		"gained":           {"资本收益合计", "合计", "美元"},
		"sexes":            {"性别个数", "不同", "个"},
		"share":            {"占比", "由统计值计算得出", ""},
		"other":            {"other", "成果中的统计项", ""},
	} {
		c := product.Column{Name: name}
		if name == "share" {
			c.Title = "占比"
		}
		title, meaning, unit := d.describe(c)
		if title != want[0] || !strings.Contains(meaning, want[1]) || unit != want[2] {
			t.Errorf("%s: %q %q %q, want %q", name, title, meaning, unit, want)
		}
	}
	if label, unit := splitUnit("细颗粒物浓度（微克/立方米）"); label != "细颗粒物浓度" || unit != "微克/立方米" {
		t.Errorf("%q %q", label, unit)
	}
	if label, unit := splitUnit("收入档"); label != "收入档" || unit != "" {
		t.Errorf("%q %q", label, unit)
	}
}

func TestALinkIsItsTextForPrograms(t *testing.T) {
	b, err := json.Marshal(p.Item{Label: "登记编码", Value: p.Link{Text: "SJCP-1", To: "verify/SJCP-1"}})
	if err != nil || !strings.Contains(string(b), `"value":"SJCP-1"`) || strings.Contains(string(b), "verify") {
		t.Errorf("%s %v", b, err)
	}
}
