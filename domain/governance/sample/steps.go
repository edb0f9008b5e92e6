package sample

import (
	"reflect"
	"strings"

	"pado/core/procedure"
	"pado/domain/governance/ingest/pipeline"
)

// Option is one setting of a step as a page offers it. Kind is text, integer, bool, choice, column,
// columns, list, map or table; the fields of a table's rows are in Of.
type Option struct {
	Name, Label, Kind string
	Required          bool
	Options           []procedure.Option
	Of                []Option
}

// StepKind is one kind of step with its settings.
type StepKind struct {
	Kind, Label, Help string
	Options           []Option
}

// StepKinds lists every kind of step a declaration may have, read off the declaration's own types
// so that a new kind is offered as soon as it exists.
func StepKinds() []StepKind {
	var out []StepKind
	t := reflect.TypeFor[pipeline.Step]()
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Type.Kind() != reflect.Pointer {
			continue
		}
		k := StepKind{Kind: tagOf(f), Options: optionsOf(tagOf(f), f.Type.Elem())}
		k.Label, k.Help = k.Kind, ""
		if w, ok := stepWords[k.Kind]; ok {
			k.Label, k.Help = w[0], w[1]
		}
		out = append(out, k)
	}
	return out
}

// RuleKinds are the kinds of a check's rules with their words.
func RuleKinds() []procedure.Option { return ruleKinds }

func optionsOf(in string, t reflect.Type) []Option {
	var out []Option
	for i := range t.NumField() {
		f := t.Field(i)
		name := tagOf(f)
		if name == "" || name == "-" {
			continue
		}
		o := Option{Name: name, Label: name, Required: !strings.Contains(f.Tag.Get("yaml"), "omitempty")}
		for _, key := range []string{in + "." + name, name} {
			if w, ok := optionWords[key]; ok {
				o.Label = w
				break
			}
		}
		o.Options = choices[in+"."+name]
		if o.Options == nil {
			o.Options = choices[name]
		}
		o.Kind = kindOf(in, name, f.Type, o.Options != nil)
		if o.Kind == "table" {
			o.Of = optionsOf(in+"."+name, f.Type.Elem())
		}
		out = append(out, o)
	}
	return out
}

func kindOf(in, name string, t reflect.Type, choice bool) string {
	switch t.Kind() {
	case reflect.Bool:
		return "bool"
	case reflect.Int, reflect.Int64:
		return "integer"
	case reflect.Map:
		return "map"
	case reflect.Slice:
		switch {
		case t.Elem().Kind() == reflect.Struct:
			return "table"
		case columnNames[in+"."+name] || columnNames[name]:
			return "columns"
		}
		return "list"
	}
	switch {
	case choice:
		return "choice"
	case columnNames[in+"."+name] || columnNames[name]:
		return "column"
	}
	return "text"
}

func tagOf(f reflect.StructField) string { return strings.Split(f.Tag.Get("yaml"), ",")[0] }

var columnNames = map[string]bool{"column": true, "columns": true, "other": true, "by": true, "derive.copy": true, "derive.concat": true, "derive.timestamp": true, "derive.substring": true, "derive.column": false, "codes.at": true}

func option(pairs ...string) (out []procedure.Option) {
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, procedure.Option{Value: pairs[i], Label: pairs[i+1]})
	}
	return out
}

var onFail = option("quarantine", "隔离整行", "null", "置为空值", "report", "只计数，保留原值")

var ruleKinds = option("not_null", "不得为空", "id_card", "公民身份号码有效", "uscc", "统一社会信用代码有效", "phone", "手机号码格式", "regex", "符合格式（正则）",
	"in", "取值在代码表内", "length", "长度在范围内", "range", "数值在范围内", "date_range", "日期在范围内", "unique", "不重复", "compare", "两项之间关系成立",
	"requires", "关联项应填", "sum", "分项之和等于合计", "id_birth", "出生日期与身份号码一致", "id_sex", "性别与身份号码一致")

var choices = map[string][]procedure.Option{
	"on_fail":           onFail,
	"codes.on_fail":     append(append([]procedure.Option{}, onFail...), procedure.Option{Value: "keep", Label: "保留原值"}),
	"codes.list":        option("division", "行政区划代码（含废止和沿革）", "sex", "性别", "industry", "国民经济行业分类"),
	"case.to":           option("upper", "大写", "lower", "小写"),
	"trim.inner":        option("keep", "保留中间空白", "collapse", "合并为一个空格", "remove", "全部去掉"),
	"deduplicate.keep":  option("first", "保留最先一行", "last", "保留最后一行"),
	"check.rules.kind":  ruleKinds,
	"check.rules.op":    option("<", "小于", "<=", "不大于", "=", "等于", "!=", "不等于", ">=", "不小于", ">", "大于"),
	"check.rules.as":    option("number", "按数字", "date", "按日期", "text", "按文本"),
	"mask.rules.kind":   option("pseudonym", "假名化（HMAC）", "suppress", "整项去除", "band", "数值分段", "floor_date", "日期取整", "clamp", "上下限截断", "partial", "部分遮盖", "prefix", "保留前缀"),
	"mask.rules.to":     option("month", "月", "quarter", "季", "year", "年"),
	"mask.rules.domain": option("natural_person", "自然人", "household", "家庭户", "legal_entity", "法人和非法人组织", "phone", "电话"),
	"check.rules.dimension": option("conformity", "规范性", "completeness", "完整性", "accuracy", "准确性", "consistency", "一致性",
		"timeliness", "时效性", "accessibility", "可访问性"),
}

var stepWords = map[string][2]string{
	"trim":        {"去空白", "去掉首尾空白，空的和表示缺失的词成为空值"},
	"width":       {"全角转半角", "全角的字母、数字和符号改为半角"},
	"case":        {"统一大小写", "字母统一为大写或小写"},
	"missing":     {"缺失值归一", "所列的词成为空值"},
	"dates":       {"日期归一", "按所列格式识别日期，写成 2006-01-02"},
	"units":       {"单位换算", "数值换算到同一单位"},
	"replace":     {"文本替换", "正则表达式匹配到的部分替换为给定文字"},
	"codes":       {"代码转换", "按对照表换成标准代码，对不上的按设定处理"},
	"lookup":      {"关联核对", "按另一张表核对或取值"},
	"derive":      {"派生字段", "由其他字段得到新字段"},
	"check":       {"校验", "逐行检查规则，不通过的按设定处理"},
	"deduplicate": {"去重", "同一键只留一行，其余隔离"},
	"mask":        {"脱敏", "假名化、分段、取整、截断或去除"},
}

var optionWords = map[string]string{
	"columns": "字段", "column": "字段", "inner": "中间的空白", "to": "改为", "values": "取值", "formats": "日期格式（strptime）", "time": "含时刻", "on_fail": "不通过时",
	"pattern": "正则表达式", "with": "替换为", "map": "对照（原值 → 标准代码），与标准代码表二选一", "codes.at": "按哪个日期字段判断代码有效", "ordinal": "取行的顺序号", "copy": "复制自", "concat": "拼接", "separator": "分隔符",
	"timestamp": "由年月日时分秒合成", "substring": "截取自", "start": "从第几个字符起", "length": "字符数", "rules": "规则", "id": "规则标识", "label": "说明", "kind": "类别",
	"min": "最小", "max": "最大", "op": "关系", "other": "另一字段", "as": "比较方式", "dimension": "质量维度", "by": "按哪些字段判断重复", "keep": "保留", "domain": "假名的对象类别",
	"width": "段宽", "head": "保留前几位", "tail": "保留后几位", "derive.column": "新字段名", "list": "标准代码表", "standard": "标准代码表", "at": "按哪一天", "from": "原单位",
	"unit": "单位", "factor": "系数", "factors": "换算（单位 → 系数）", "table": "对照表", "path": "文件", "name": "名称", "mask.rules.to": "取整到", "source": "来源",
}
