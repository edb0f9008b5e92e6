package catalogue

import "pado/core/procedure"

type options = []procedure.Option

// The managed code tables of an item. Sources: the guide to catalogues of government information
// resources (facts 7.1) and GB/T 43697 (facts 6.1).
var (
	SourceKinds = options{{Value: "organ", Label: "党政机关"}, {Value: "institution", Label: "事业单位"}, {Value: "water", Label: "供水企业"},
		{Value: "power", Label: "供电企业"}, {Value: "gas", Label: "供气企业"}, {Value: "heat", Label: "供热企业"}, {Value: "transit", Label: "公共交通企业"},
		{Value: "health", Label: "医疗机构"}, {Value: "education", Label: "教育机构"}, {Value: "other_utility", Label: "其他公共服务企业"}}
	FormatClasses = options{{Value: "file", Label: "电子文件"}, {Value: "sheet", Label: "电子表格"}, {Value: "database", Label: "数据库"},
		{Value: "image", Label: "图形图像"}, {Value: "stream", Label: "流媒体"}, {Value: "self_described", Label: "自描述格式"}, {Value: "service", Label: "服务接口"}}
	ShareTypes = options{{Value: "1", Label: "无条件共享"}, {Value: "2", Label: "有条件共享"}, {Value: "3", Label: "不予共享"}}
	ShareModes = options{{Value: "file", Label: "文件交换"}, {Value: "table", Label: "库表交换"}, {Value: "api", Label: "接口服务"}, {Value: "none", Label: "不共享"}}
	OpenTypes  = options{{Value: "none", Label: "不开放"}, {Value: "conditional", Label: "有条件开放"}, {Value: "free", Label: "无条件开放"}}
	Cycles     = options{{Value: "realtime", Label: "实时"}, {Value: "day", Label: "每日"}, {Value: "week", Label: "每周"}, {Value: "month", Label: "每月"},
		{Value: "quarter", Label: "每季度"}, {Value: "half_year", Label: "每半年"}, {Value: "year", Label: "每年"}, {Value: "irregular", Label: "不定期"}}
	Grades        = options{{Value: GradeCore, Label: "核心数据"}, {Value: GradeImportant, Label: "重要数据"}, {Value: GradeGeneral, Label: "一般数据"}}
	Relations     = options{{Value: OwnData, Label: "本单位产生"}, {Value: SharedIn, Label: "共享获得"}}
	Authorisables = options{{Value: AuthoriseYes, Label: "可授权"}, {Value: AuthoriseSome, Label: "有条件授权"}, {Value: AuthoriseNo, Label: "不授权"}}
	FieldTypes    = options{{Value: "C", Label: "字符型C"}, {Value: "N", Label: "数值型N"}, {Value: "Y", Label: "货币型Y"}, {Value: "D", Label: "日期型D"},
		{Value: "T", Label: "日期时间型T"}, {Value: "L", Label: "逻辑型L"}, {Value: "M", Label: "备注型M"}, {Value: "G", Label: "通用型G"},
		{Value: "B", Label: "双精度型B"}, {Value: "I", Label: "整型I"}, {Value: "F", Label: "浮点型F"}}
	Impacts = options{{Value: "national_security", Label: "国家安全"}, {Value: "economy", Label: "经济运行"}, {Value: "social_order", Label: "社会秩序"},
		{Value: "public_interest", Label: "公共利益"}, {Value: "organisation", Label: "组织权益"}, {Value: "individual", Label: "个人权益"}}
	Elements = options{{Value: "domain", Label: "领域"}, {Value: "group", Label: "群体"}, {Value: "area", Label: "区域"}, {Value: "precision", Label: "精度"},
		{Value: "scale", Label: "规模"}, {Value: "depth", Label: "深度"}, {Value: "coverage", Label: "覆盖度"}, {Value: "importance", Label: "重要性"}}
	Personals = options{{Value: "none", Label: "不含"}, {Value: "personal", Label: "个人信息"}, {Value: "sensitive", Label: "敏感个人信息"}}
	States    = options{{Value: StatePublished, Label: "已发布"}, {Value: StateWithdrawn, Label: "已撤销"}}
	Degrees   = options{{Value: "extreme", Label: "特别严重危害"}, {Value: "serious", Label: "严重危害"}, {Value: "moderate", Label: "一般危害"}, {Value: "none", Label: "无危害"}}
)

// formatTypes are the types of each class of format.
var formatTypes = map[string][]string{
	"file":           {"OFD", "PDF", "DOC", "DOCX", "WPS", "TXT", "HTML", "HTM", "EML", "PPT", "PPTX"},
	"sheet":          {"XLS", "XLSX", "ET", "CSV"},
	"database":       {"DM", "KingbaseES", "GaussDB", "GBase", "OceanBase", "MySQL", "PostgreSQL", "Oracle", "SQLServer", "DB2", "Access", "DBF", "Dump"},
	"image":          {"JPG", "JPEG", "GIF", "PNG", "BMP", "TIFF", "DWG", "SHP"},
	"stream":         {"MP4", "MPG", "AVI", "FLV", "RM", "MP3", "WAV"},
	"self_described": {"XML", "JSON", "GeoJSON"},
	"service":        {"HTTP", "WebService"},
}

// FormatTypes lists every type of format with its class in the label.
func FormatTypes() []procedure.Option {
	var out []procedure.Option
	for _, c := range FormatClasses {
		for _, t := range formatTypes[c.Value] {
			out = append(out, procedure.Option{Value: t, Label: t + "（" + c.Label + "）"})
		}
	}
	return out
}

// shareModesOf are the modes of sharing that fit a class of format.
var shareModesOf = map[string][]string{
	"file": {"file"}, "sheet": {"file"}, "image": {"file"}, "stream": {"file"}, "self_described": {"file", "api"}, "database": {"table", "api"}, "service": {"api"},
}

// Utility tells whether a kind of source is a public utility, whose data need a recorded legal
// basis or entrustment before they can be authorised (clause 7.1).
func Utility(kind string) bool { return kind != "organ" && kind != "institution" }

// GradeFor is the matrix of GB/T 43697: the grade that harm of a degree to an object asks for.
func GradeFor(impact, degree string) string {
	if degree == "none" {
		return GradeGeneral
	}
	switch impact {
	case "national_security":
		if degree == "moderate" {
			return GradeImportant
		}
		return GradeCore
	case "economy", "social_order", "public_interest":
		return map[string]string{"extreme": GradeCore, "serious": GradeImportant, "moderate": GradeGeneral}[degree]
	}
	return GradeGeneral
}

// SublevelFor is the least sub-level of general data for harm of a degree to an organisation or
// a person (annex H): 1 no harm, up to 4 extreme harm.
func SublevelFor(degree string) int {
	return map[string]int{"none": 1, "moderate": 2, "serious": 3, "extreme": 4}[degree]
}

var gradeRank = map[string]int{GradeGeneral: 1, GradeImportant: 2, GradeCore: 3}

func label(list []procedure.Option, value string) string { return procedure.LabelOf(list, value) }

// Label names a stored word of one of the code tables.
func Label(list []procedure.Option, value string) string { return label(list, value) }

func has(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
