package demo

import (
	"embed"
	"slices"
)

// Seed is what the demonstration city is drawn from.
const Seed = 140600

//go:embed pipelines/*.yaml
var pipelines embed.FS

// declaration is the text of one of the city's pipelines; empty when there is none of the name.
func declaration(name string) string {
	b, err := pipelines.ReadFile("pipelines/" + name + ".yaml")
	if err != nil {
		return ""
	}
	return string(b)
}

// Pool is the city's made-up data: one file for each source.
type Pool struct{ Files map[string][]byte }

// Names lists the files in a fixed order.
func (p Pool) Names() []string {
	var out []string
	for n := range p.Files {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

// Generate draws the files of a city of so many persons: a sixth as many dwellings with water,
// power and heat meters, a fifteenth as many enterprises. The same seed and number give the same bytes.
func Generate(seed uint64, people int) (Pool, error) {
	residents, list, err := Residents(seed, people)
	if err != nil {
		return Pool{}, err
	}
	firms, err := Firms(seed, max(people/15, 1500))
	if err != nil {
		return Pool{}, err
	}
	homes := Dwellings(seed, max(people/6, 300))
	return Pool{map[string][]byte{"persons": residents, "visits": Visits(seed, list), "firms": firms, "water": Water(seed, homes), "power": Power(seed, homes), "heat": Heat(seed, homes),
		"census": CensusFile(max(people/10, 2000)), "air": AirFile(336)}}, nil
}

// deliveries are the sources' files on their way into the pool, with what their catalogue says.
func (p Pool) deliveries(census, air string) map[string]*Delivery {
	own := func(name, source, second, cycle string, bound int, catalogue Form) *Delivery {
		return &Delivery{Source: source, Second: second, Cycle: cycle, Pipeline: declaration(name), RowsBound: bound, FileName: name + ".csv", File: p.Files[name], Catalogue: catalogue}
	}
	return map[string]*Delivery{
		"census": Census(census, "census.csv", p.Files["census"]),
		"air":    Air(air, "air.csv", p.Files["air"], AirFields),
		"persons": own("persons", "police1", "police2", "year", 1, resource("常住人口基本信息", "303001", "人口", "organ", "人口与出入境管理科", "常住人口的性别、出生年份、居住地、学历、婚姻、就业与收入，身份号码以假名代替", "year", person,
			"person 人员假名 C", "sex 性别 C", "birth_year 出生年份 D", "division 居住地区划代码 C", "education 学历 C", "marriage 婚姻状况 C", "employment 就业状况 C", "branch 从业行业 C", "income 月收入 I", "registered 登记日期 D")),
		"visits": own("visits", "health1", "health2", "month", 10, resource("门诊住院就诊记录", "304001", "卫生健康", "organ", "规划发展与信息化科", "门诊、急诊与住院的就诊月份、科室、诊断类别和费用，身份号码以假名代替", "month", person,
			"person 人员假名 C", "visited 就诊月份 D", "division 机构区划代码 C", "kind 就诊类型 C", "department 科室 C", "diagnosis* 诊断类别 C", "cost 总费用 N", "insured 医保支付 N")),
		"firms": own("firms", "market1", "market2", "month", 1, resource("企业登记信息", "305001", "市场主体", "organ", "登记注册科", "企业名称、类型、行业、注册资本、成立日期与经营状态", "month", public,
			"uscc 统一社会信用代码 C", "name 企业名称 C", "kind 企业类型 C", "industry 行业代码 C", "division 登记机关区划 C", "capital 注册资本 I", "staff 从业人数 I", "founded 成立日期 D", "status 经营状态 C")),
		"water": own("water", "water1", "water2", "month", 12, resource("居民用水抄表", "306001", "公用事业", "water", "营业科", "居民用水户逐月用水量和水费，房屋编码以假名代替", "month", household,
			"dwelling 房屋假名 C", "division 区划代码 C", "kind 用水性质 C", "period 账期 C", "persons 人口数 I", "volume 用水量 N", "fee 水费 N")),
		"power": own("power", "power1", "power2", "month", 12, resource("居民用电抄表", "306002", "公用事业", "power", "营销部", "居民用电户逐月用电量和电费，房屋编码以假名代替", "month", household,
			"dwelling 房屋假名 C", "division 区划代码 C", "kind 用电类别 C", "period 账期 C", "energy 用电量 N", "night 谷段电量 N", "fee 电费 N")),
		"heat": own("heat", "heat1", "heat2", "month", 5, resource("集中供热计量", "306003", "公用事业", "heat", "收费科", "集中供热户采暖季逐月用热量、室温和热费，房屋编码以假名代替", "month", household,
			"dwelling 房屋假名 C", "division 区划代码 C", "period 账期 C", "area 采暖面积 I", "heat 用热量 N", "temperature 平均室温 N", "fee 热费 N")),
	}
}
