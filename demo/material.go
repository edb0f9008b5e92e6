package demo

import "strings"

// Census and Air describe the two deliveries of the main job: a sample of persons in which the
// row is the unit, and a public series of measurements.
func Census(pipeline, name string, file []byte) *Delivery {
	d := &Delivery{Source: "hrss1", Second: "hrss2", Cycle: "year", Pipeline: pipeline, RowsBound: 1, FileName: name, File: file}
	d.Catalogue = resource("人口就业收入抽样", "301001", "人力资源", "organ", "就业促进科", "就业人口的年龄、性别、学历、行业、工时与收入档，不含直接标识符", "year", person,
		"age 年龄 I", "workclass 就业类别 C", "education 学历 C", "education_num 受教育年限 I", "marital_status 婚姻状况 C", "occupation 职业 C", "sex 性别 C", "capital_gain 资本收益 N",
		"capital_loss 资本损失 N", "hours_per_week 每周工时 I", "native_country 原籍 C", "income 收入档 C")
	return d
}

// Air is described at Census.
func Air(pipeline, name string, file []byte, fields []string) *Delivery {
	var list []string
	for _, f := range fields {
		list = append(list, f+" "+airNames[f])
	}
	d := &Delivery{Source: "eco1", Second: "eco2", Cycle: "day", Pipeline: pipeline, RowsBound: 1, FileName: name, File: file}
	d.Catalogue = resource("逐时空气质量与气象观测", "302002", "生态环境", "organ", "大气环境科", "逐小时细颗粒物浓度与气象要素，2010年至2014年", "day", public, list...)
	return d
}

// AirFields are the fields of the series of measurements.
var AirFields = []string{"observed_at", "pm25", "dew_point", "temperature", "pressure", "wind_direction", "wind_speed", "snow_hours", "rain_hours"}

// airNames are the label and the type of each of them.
var airNames = map[string]string{"observed_at": "观测时间 T", "pm25": "细颗粒物浓度 N", "dew_point": "露点温度 N", "temperature": "气温 N", "pressure": "气压 N", "wind_direction": "风向 C",
	"wind_speed": "累计风速 N", "snow_hours": "累计降雪时数 N", "rain_hours": "累计降雨时数 N"}

// nature says what the rows of a resource tell about.
type nature int

const (
	public nature = iota
	person
	household
)

// resource is the form of a catalogue item to be published. A field is "name label type", with a
// star behind the name where it is sensitive.
func resource(title, code, class, kind, dept, abstract, cycle string, about nature, fields ...string) Form {
	f := Form{"act": "publish", "secret": "no", "title": title, "classCode": code, "class": class, "sourceKind": kind, "sourceDept": dept, "abstract": abstract, "formatClass": "sheet", "formatType": "CSV",
		"updateCycle": cycle, "shareMode": "file", "sourceRelation": "own", "authorisable": "yes", "authoriseBasis": "部门三定规定", "grade": "general"}
	if about == public {
		f = merge(f, Form{"shareType": "1", "openType": "conditional", "openCondition": "注明来源", "impact": "organisation", "degree": "none", "sublevel": 1})
	} else {
		f = merge(f, Form{"shareType": "2", "shareCondition": "用于政务履职和授权运营", "openType": "none", "impact": "individual", "degree": "moderate", "sublevel": 2})
	}
	switch kind {
	case "water", "power", "heat":
		f["legalBasis"] = "（演示）公用事业单位数据授权运营委托书"
	}
	var rows []Form
	for _, spec := range fields {
		p := strings.Fields(spec)
		name, sensitive := strings.CutSuffix(p[0], "*")
		if sensitive {
			f["sublevel"] = 3
		}
		rows = append(rows, Form{"label": p[1], "name": name, "type": p[2], "length": 40, "key": false, "nullable": true, "personal": about != public, "sensitive": sensitive, "shared": true,
			"open": about == public, "authorisable": true})
	}
	f["fields"] = rows
	return f
}
