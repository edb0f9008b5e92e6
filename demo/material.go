package demo

// Census and Air describe the two deliveries of the main job: a sample of persons in which the
// row is the unit, and a public series of measurements.
func Census(pipeline, name string, file []byte) *Delivery {
	field := func(label, name, kind string, personal, sensitive bool) Form {
		return Form{"label": label, "name": name, "type": kind, "length": 40, "key": false, "nullable": true, "personal": personal, "sensitive": sensitive, "shared": true, "open": false, "authorisable": true}
	}
	return &Delivery{Source: "hrss1", Second: "hrss2", Cycle: "year", Pipeline: pipeline, RowsBound: 1, FileName: name, File: file,
		Catalogue: Form{"title": "人口就业收入抽样", "classCode": "301001", "class": "人力资源", "sourceKind": "organ", "sourceDept": "就业促进科", "abstract": "就业人口的年龄、性别、学历、行业、工时与收入档，不含直接标识符",
			"formatClass": "sheet", "formatType": "CSV", "updateCycle": "year", "shareType": "2", "shareCondition": "用于政务履职和授权运营", "shareMode": "file", "openType": "none",
			"impact": "individual", "degree": "moderate", "grade": "general", "sublevel": 2, "sourceRelation": "own", "authorisable": "yes", "authoriseBasis": "部门三定规定",
			"fields": []Form{field("年龄", "age", "I", true, false), field("就业类别", "workclass", "C", true, false), field("学历", "education", "C", true, false), field("受教育年限", "education_num", "I", true, false),
				field("婚姻状况", "marital_status", "C", true, false), field("职业", "occupation", "C", true, false), field("性别", "sex", "C", true, false), field("资本收益", "capital_gain", "N", true, false),
				field("资本损失", "capital_loss", "N", true, false), field("每周工时", "hours_per_week", "I", true, false), field("原籍", "native_country", "C", true, false), field("收入档", "income", "C", true, false)}}}
}

// Air is described at Census.
func Air(pipeline, name string, file []byte, fields []string) *Delivery {
	var list []Form
	for _, f := range fields {
		list = append(list, Form{"label": f, "name": f, "type": "N", "length": 20, "key": false, "nullable": true, "personal": false, "sensitive": false, "shared": true, "open": true, "authorisable": true})
	}
	return &Delivery{Source: "eco1", Second: "eco2", Cycle: "day", Pipeline: pipeline, RowsBound: 1, FileName: name, File: file,
		Catalogue: Form{"title": "逐时空气质量与气象观测", "classCode": "302002", "class": "生态环境", "sourceKind": "organ", "sourceDept": "大气环境科", "abstract": "逐小时细颗粒物浓度与气象要素，2010年至2014年",
			"formatClass": "sheet", "formatType": "CSV", "updateCycle": "day", "shareType": "1", "shareMode": "file", "openType": "conditional", "openCondition": "注明来源",
			"impact": "organisation", "degree": "none", "grade": "general", "sublevel": 1, "sourceRelation": "own", "authorisable": "yes", "authoriseBasis": "部门三定规定", "fields": list}}
}

// AirFields are the fields of the series of measurements.
var AirFields = []string{"observed_at", "pm25", "dew_point", "temperature", "pressure", "wind_direction", "wind_speed", "snow_hours", "rain_hours"}
