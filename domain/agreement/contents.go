package agreement

// Part is one required part of a scheme or an agreement: its key in the stored text, its title
// and what belongs in it.
type Part struct{ Key, Title, Help string }

// Chapters are what an implementation scheme must contain (national specification, facts 1.3; clause 6.1.1).
var Chapters = []Part{
	{"necessity", "必要性和可行性", "为什么开展授权运营，制度、技术和市场条件是否具备"},
	{"eligibility", "运营机构选择条件", "资信、技术、资金、安全、场景等条件"},
	{"mode_text", "授权运营模式", "整体、分领域或者依场景授权，以及授权方式"},
	{"resources", "公共数据资源范围及目录", "授权的数据资源范围，目录的来源和更新"},
	{"term_text", "运营期限", "期限和起算方式"},
	{"products", "拟提供的数据产品和服务清单", "产品和服务的方向、用途、形态"},
	{"management", "数据资源、产品管理机制", "目录管理、使用登记、产品开发至退出的内控"},
	{"accounting", "成本核算、收入核算和收益分配机制", "独立核算、准许收入、收费标准、分配"},
	{"security", "安全管理和个人信息保护", "责任制、技术防护、最小必要、影响评估"},
	{"emergency", "应急处置", "预案、演练、报告、复盘"},
	{"supervision", "监督管理及考核评价", "监测、披露、措施、年度考核"},
	{"duties", "各方权利义务", "数据管理部门、数源部门、运营机构、开发主体和其他部门"},
	{"exit", "退出机制及其他", "终止、善后、有效期"},
}

// Sections are what an operation agreement must contain (national specification, facts 1.5; clause 6.1.4).
var Sections = []Part{
	{"basis", "当事人与授权依据", "双方名称、统一社会信用代码、授权文件和实施方案"},
	{"scope", "数据资源范围及目录", "授权运营目录作为附件"},
	{"usage", "授权模式、用途和场景", "数据只能用于载明的用途"},
	{"term", "运营期限", "自签订之日起算，载明末日"},
	{"products", "拟提供的产品和服务清单及技术标准", "以备案公开的产品清单为准"},
	{"platform", "平台与技术环境要求", "原始数据不出域，数据可用不可见"},
	{"security", "数据安全与个人信息保护责任", "风险监测、应急预案、事件报告"},
	{"pricing", "成本核算、收费、收益分配与资源使用费", "费率、计费基数、缴纳时点"},
	{"ownership", "软硬件与衍生成果权属、期满资产处置", "权属划分和移交办法"},
	{"evaluation", "运营评估与绩效考核", "年度考核及其后果"},
	{"disclosure", "信息披露与报告", "披露内容、周期和渠道"},
	{"inspection", "监督检查配合与日志提供", "配合检查、提供日志和财务资料"},
	{"no_transfer", "禁止转授权和分包", "不得变相转让授权运营资格"},
	{"exit", "变更、续期、中止、终止、退出与数据善后", "返还、销毁和证明"},
	{"breach", "违约责任", "违约情形与责任"},
	{"dispute", "争议解决", "协商、仲裁或者诉讼"},
	{"other", "其他约定", "生效、份数、附件效力"},
}

// Missing lists the titles of required parts whose text is empty or blank.
func Missing(parts []Part, text map[string]string) []string {
	var out []string
	for _, p := range parts {
		if blank(text[p.Key]) {
			out = append(out, p.Title)
		}
	}
	return out
}

func blank(s string) bool {
	for _, r := range s {
		if r != ' ' && r != '\n' && r != '\t' && r != '\r' && r != '　' {
			return false
		}
	}
	return true
}

// Modes are the three models of authorisation (整体、分领域、依场景).
var Modes = []struct{ Value, Label string }{{"whole", "整体授权"}, {"by_field", "分领域授权"}, {"by_scenario", "依场景授权"}}

// ModeLabel is the Chinese name of a mode.
func ModeLabel(mode string) string {
	for _, m := range Modes {
		if m.Value == mode {
			return m.Label
		}
	}
	return mode
}
