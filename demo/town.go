package demo

import (
	"time"
)

// Town is the demonstration city while it is being filled: what the earlier scripts leave for the
// later ones.
type Town struct {
	*Driver
	Restart func() error // stops the platform in good order and starts it again, so that usage is sealed
	Wall    func() time.Time
	Pool    Pool

	census, air string // texts of the two ready pipelines

	agreement string
	sources   map[string]*Delivery
	wishes    struct{ employment, clinics, water, firms, energy, own *Wish }
	made      map[*Wish]*Made
	energy    string // a project of the second developer on the meters of power and heat
	trial     string // the operator's own project
	firms     string // the case of the product that is registered and not published
	extra     []*Delivery
	joined    []Account
	waiting   []waiting
	filed     string // a round of the product list that waits for the Authority
	taken     string // a confirmation that is begun and not handed in

	ownScenario string
	keys        []Key
	projects    []Project
}

// NewTown prepares a city with the given data; census and air are the texts of the pipelines that
// come with the platform.
func NewTown(d *Driver, pool Pool, census, air string) *Town {
	t := &Town{Driver: d, Pool: pool, census: census, air: air, sources: pool.deliveries(census, air), made: map[*Wish]*Made{}}
	t.wish()
	return t
}

// Keys and Projects are what a developer tries the city with.
func (t *Town) Keys() []Key { return t.keys }

// Projects are the sandbox projects in which a person may ask.
func (t *Town) Projects() []Project { return t.projects }

// Joined are the accounts of the people who registered themselves.
func (t *Town) Joined() []Account { return t.joined }

// waiting is a person who asks after a case (催办) once it is late.
type waiting struct{ user, no string }

func (t *Town) waits(user, no string) { t.waiting = append(t.waiting, waiting{user, no}) }

// Script is one part of the city's story.
type Script struct {
	Title string
	Run   func(*Town)
}

// Scripts are the parts in the order of the story. Business time runs from 2 March to 2 June 2026:
// the main chain first; then, early in May, cases of every kind that are left where they are; then
// the month ends, some are late, and fresh ones come in.
func Scripts() []Script {
	return []Script{
		{"由市里决定的参数", decisions},
		{"授权依据、实施方案、授权运营协议", authorise},
		{"资源目录、接入与数据集", supply},
		{"产品清单、场景、需求、提问、出域、登记与上线", develop},
		{"最高准许收入、上限与收费标准", prices},
		{"订单、密钥与调用", calls},
		{"月度结算、到账与上缴", settle},
		{"单位与人员事项", partyCases},
		{"授权与协议事项", authorityCases},
		{"目录与接入事项", sourceCases},
		{"供给、整改与国家登记事项", supplyCases},
		{"目录问答、批量编目与省级目录", catalogueCases},
		{"连接与原始数据销毁事项", rawCases},
		{"清单、场景与需求事项", demandCases},
		{"沙箱、出域与登记事项", outputCases},
		{"收费与订购事项", moneyCases},
		{"月末以后：逾期、督办与新事项", later},
	}
}

// wish names the products of the city.
func (t *Town) wish() {
	s := t.sources
	t.wishes.employment = Employment(s["census"])
	t.wishes.clinics = &Wish{Name: "门诊服务需求分布", Summary: "按居住地和就诊类型统计就诊人数，供医疗卫生设施规划使用", Purpose: "公共服务设施规划", Benefit: "public", Developer: "dev1",
		Uses:      []Use{{s["persons"], []string{"person", "division", "sex"}}, {s["visits"], []string{"person", "kind", "cost"}}},
		Regulator: "health1", RegulatorOrg: "朔州市卫生健康委员会",
		SQL:    "SELECT p.division, v.kind, count(*) AS visits FROM persons p JOIN visits v ON p.person = v.person GROUP BY p.division, v.kind",
		Params: []Form{{"name": "division", "title": "区划代码", "column": "division", "op": "eq", "required": false}}, Terms: useTerms}
	t.wishes.water = &Wish{Name: "居民用水强度指数", Summary: "按区划和用水性质统计抄表户次与平均用水量", Purpose: "城市运行分析", Developer: "deva1",
		Uses:      []Use{{s["water"], []string{"division", "kind", "period", "volume"}}},
		Regulator: "eco1", RegulatorOrg: "朔州市生态环境局",
		SQL:    "SELECT division, count(*) AS readings, avg(volume) AS volume FROM water GROUP BY division",
		Params: []Form{{"name": "division", "title": "区划代码", "column": "division", "op": "eq", "required": true}}, Terms: useTerms}
	t.wishes.firms = &Wish{Name: "企业行业分布", Summary: "按区划和行业统计企业户数", Purpose: "产业发展研究", Developer: "dev1",
		Uses:      []Use{{s["firms"], []string{"division", "industry", "status", "staff"}}},
		Regulator: "market1", RegulatorOrg: "朔州市市场监督管理局",
		SQL:    "SELECT division, count(*) AS firms, sum(staff) AS staff FROM firms GROUP BY division",
		Params: []Form{{"name": "division", "title": "区划代码", "column": "division", "op": "eq", "required": false}}, Terms: useTerms}
	t.wishes.energy = &Wish{Name: "清洁取暖用能分析", Summary: "按区划和账期统计用电、用热", Purpose: "城市运行分析", Developer: "dev2",
		Uses:      []Use{{s["power"], []string{"division", "kind", "period", "energy"}}, {s["heat"], []string{"division", "period", "heat"}}},
		Regulator: "eco1", RegulatorOrg: "朔州市生态环境局", Terms: useTerms}
	t.wishes.own = &Wish{Name: "空气质量小时指数", Summary: "按风向统计细颗粒物浓度", Purpose: "空气质量研究与服务", Benefit: "public", Developer: "oper3",
		Uses:      []Use{{s["air"], []string{"pm25", "wind_direction", "observed_at"}}},
		Regulator: "eco1", RegulatorOrg: "朔州市生态环境局", Terms: useTerms,
		Params: []Form{{"name": "wind", "title": "风向", "column": "wind_direction", "op": "eq", "required": false}}}
}

func authorise(t *Town) { t.agreement = Authorise(t.Driver) }

func supply(t *Town) {
	var list []*Delivery
	for _, name := range []string{"census", "air", "persons", "visits", "firms", "water", "power", "heat"} {
		list = append(list, t.sources[name])
	}
	Supply(t.Driver, t.agreement, list...)
}

func develop(t *Town) {
	w := t.wishes
	List(t.Driver, t.agreement, "2026年数据产品清单", w.employment, w.clinics, w.water, w.firms, w.energy, w.own)
	for _, x := range []*Wish{w.employment, w.clinics, w.water} {
		m := Develop(t.Driver, x)
		t.made[x] = &m
		t.projects = append(t.projects, Project{No: m.Project, User: x.by()})
	}
	firms := &Made{Scenario: Justify(t.Driver, w.firms)}
	firms.Project = Grant(t.Driver, w.firms, firms.Scenario)
	t.made[w.firms] = firms
	t.projects = append(t.projects, Project{No: firms.Project, User: "dev1"})
	t.energy = Grant(t.Driver, w.energy, Justify(t.Driver, w.energy))
	t.projects = append(t.projects, Project{No: t.energy, User: "dev2"})
	ask(t.Driver, "dev2", t.energy, "SELECT division, count(*) AS readings, avg(energy) AS energy FROM power GROUP BY division")
	ask(t.Driver, "dev2", t.energy, "SELECT period, avg(heat) AS heat FROM heat GROUP BY period")
	ask(t.Driver, "dev1", t.made[w.clinics].Project, "SELECT kind, avg(cost) AS cost FROM visits GROUP BY kind")
	t.ownScenario, t.trial = ownProject(t.Driver, w.own)
	t.projects = append(t.projects, Project{No: t.trial, User: "oper3"})
}

// ownProject is a project of the operator itself, which the Authority grants.
func ownProject(d *Driver, x *Wish) (scenario, project string) {
	no := d.walk(newScenario(d, x, "p06_3a_scenario_op", "oper3", x.Name+"场景"), plainly("oper3", "submit"), plainly("oper1", "accept"), with(x.Regulator, "opine", agrees),
		with("data1", "opine_authority", agrees), with("data1", "justify", Form{"benefit": "public"}))
	scenario = d.See("oper3", no).Subject
	no = d.walk(newDemand(d, x, "p06_3b_demand_op", "oper3", scenario, x.Name+"数据需求"), plainly("oper3", "submit"), plainly("oper1", "endorse"), say("data1", "grant_coordinated", "同意"))
	return scenario, d.See("oper3", no).Subject
}
