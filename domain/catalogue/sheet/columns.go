// Package sheet reads and writes a catalogue as a table with one line per information item. See
// README.md.
package sheet

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"pado/core/procedure"
	"pado/domain/catalogue"
)

// column is one column of the table: what it is called, what it takes, where it goes.
type column struct {
	key      string // as in the paths of catalogue.Problems; of an information item without "fields.N."
	label    string
	alias    []string
	options  []procedure.Option
	required bool
	help     string
	field    bool // belongs to the information item
	set      func(*Line, *catalogue.Field, string) error
}

func text(at func(*Line) *string) func(*Line, *catalogue.Field, string) error {
	return func(l *Line, _ *catalogue.Field, s string) error { *at(l) = s; return nil }
}

// choice takes a value by its label, its stored word or, where labels have one, its number.
func choice(options []procedure.Option, at func(*Line) *string) func(*Line, *catalogue.Field, string) error {
	return func(l *Line, _ *catalogue.Field, s string) (err error) { *at(l), err = pick(options, s); return err }
}

func pick(options []procedure.Option, s string) (string, error) {
	if s == "" {
		return "", nil
	}
	flat := strings.ToLower(norm.NFKC.String(s))
	for _, o := range options {
		if flat == o.Value || flat == strings.ToLower(norm.NFKC.String(o.Label)) || flat == o.Value+strings.ToLower(o.Label) || flat == o.Value+" "+strings.ToLower(o.Label) {
			return o.Value, nil
		}
	}
	return "", fmt.Errorf("不在可选范围内，可填：%s", labels(options))
}

func labels(options []procedure.Option) string {
	var out []string
	for _, o := range options {
		out = append(out, o.Label)
	}
	return strings.Join(out, "、")
}

func flag(at func(*catalogue.Field) *bool) func(*Line, *catalogue.Field, string) error {
	return func(_ *Line, f *catalogue.Field, s string) error {
		switch strings.ToLower(norm.NFKC.String(s)) {
		case "是", "1", "true", "y", "yes", "√", "✓":
			*at(f) = true
		case "", "否", "0", "false", "n", "no", "×":
			*at(f) = false
		default:
			return fmt.Errorf("应填“是”或“否”")
		}
		return nil
	}
}

func fieldText(at func(*catalogue.Field) *string) func(*Line, *catalogue.Field, string) error {
	return func(_ *Line, f *catalogue.Field, s string) error { *at(f) = s; return nil }
}

var yesNo = []procedure.Option{{Value: "1", Label: "是"}, {Value: "0", Label: "否"}}

var secret = []procedure.Option{{Value: "no", Label: "不涉密"}, {Value: "no", Label: "否"}, {Value: "no", Label: "非涉密"}, {Value: "yes", Label: "涉密"}, {Value: "yes", Label: "是"}}

// columns are those of the template, in its order.
var columns = []column{
	{key: "title", label: "资源名称", alias: []string{"信息资源名称", "数据资源名称", "目录名称"}, required: true, set: text(func(l *Line) *string { return &l.Item.Title })},
	{key: "code", label: "资源代码", alias: []string{"信息资源代码", "数据资源代码", "目录代码"}, help: "新编的留空；变更的填写", set: text(func(l *Line) *string { return &l.Item.Code })},
	{key: "secret", label: "涉密属性", alias: []string{"是否涉密"}, options: secret[:1], required: true, help: "只能填“不涉密”，涉密信息不得录入", set: choice(secret, func(l *Line) *string { return &l.Secret })},
	{key: "classCode", label: "资源分类代码", alias: []string{"信息资源分类", "资源分类"}, required: true, help: "类1位、项2位、目3位，细目若干位", set: text(func(l *Line) *string { return &l.Item.ClassCode })},
	{key: "class", label: "数据分类", required: true, help: "行业领域或业务属性", set: text(func(l *Line) *string { return &l.Item.Class })},
	{key: "provider", label: "提供方代码", alias: []string{"资源提供方代码", "信息资源提供方代码"}, help: "统一社会信用代码", set: text(func(l *Line) *string { return &l.USCC })},
	{key: "providerName", label: "提供方", alias: []string{"资源提供方", "信息资源提供方", "提供单位"}, set: text(func(l *Line) *string { return &l.Provider })},
	{key: "sourceKind", label: "提供方类型", options: catalogue.SourceKinds, required: true, set: choice(catalogue.SourceKinds, func(l *Line) *string { return &l.Item.SourceKind })},
	{key: "sourceDept", label: "提供方内部部门", alias: []string{"内部部门"}, required: true, set: text(func(l *Line) *string { return &l.Item.SourceDept })},
	{key: "sourceSystem", label: "所属系统", alias: []string{"来源系统"}, set: text(func(l *Line) *string { return &l.Item.SourceSystem })},
	{key: "abstract", label: "资源摘要", alias: []string{"信息资源摘要", "摘要"}, required: true, set: text(func(l *Line) *string { return &l.Item.Abstract })},
	{key: "formatClass", label: "格式分类", alias: []string{"信息资源格式分类"}, options: catalogue.FormatClasses, required: true, set: choice(catalogue.FormatClasses, func(l *Line) *string { return &l.Item.FormatClass })},
	{key: "formatType", label: "格式类型", alias: []string{"信息资源格式类型"}, required: true, set: formatType},
	{key: "updateCycle", label: "更新周期", options: catalogue.Cycles, required: true, set: choice(catalogue.Cycles, func(l *Line) *string { return &l.Item.UpdateCycle })},
	{key: "shareType", label: "共享类型", options: catalogue.ShareTypes, required: true, set: choice(catalogue.ShareTypes, func(l *Line) *string { return &l.Item.ShareType })},
	{key: "shareCondition", label: "共享条件或不予共享的依据", alias: []string{"共享条件"}, set: text(func(l *Line) *string { return &l.Item.ShareCondition })},
	{key: "shareMode", label: "共享方式", alias: []string{"共享方式分类"}, options: catalogue.ShareModes, required: true, set: choice(catalogue.ShareModes, func(l *Line) *string { return &l.Item.ShareMode })},
	{key: "openType", label: "开放类型", alias: []string{"是否向社会开放"}, options: catalogue.OpenTypes, required: true, set: choice(catalogue.OpenTypes, func(l *Line) *string { return &l.Item.OpenType })},
	{key: "openCondition", label: "开放条件", set: text(func(l *Line) *string { return &l.Item.OpenCondition })},
	{key: "impact", label: "受危害的对象", options: catalogue.Impacts, required: true, set: choice(catalogue.Impacts, func(l *Line) *string { return &l.Item.Impact })},
	{key: "degree", label: "危害程度", options: catalogue.Degrees, required: true, set: choice(catalogue.Degrees, func(l *Line) *string { return &l.Item.Degree })},
	{key: "grade", label: "数据级别", alias: []string{"安全级别", "数据分级"}, options: catalogue.Grades, required: true, set: choice(catalogue.Grades, func(l *Line) *string { return &l.Item.Grade })},
	{key: "sublevel", label: "一般数据细分级别", help: "1至4，只用于一般数据", set: sublevel},
	{key: "elements", label: "分级要素", help: "例如：规模：全市；精度：个人", set: elements},
	{key: "downgradeDoc", label: "降级评估文号", set: text(func(l *Line) *string { return &l.Item.DowngradeDoc })},
	{key: "downgradeReason", label: "降级理由", set: text(func(l *Line) *string { return &l.Item.DowngradeReason })},
	{key: "sourceRelation", label: "来源关系", options: catalogue.Relations, required: true, set: choice(catalogue.Relations, func(l *Line) *string { return &l.Item.SourceRelation })},
	{key: "sourceOrigin", label: "共享来源单位", set: text(func(l *Line) *string { return &l.Item.SourceOrigin })},
	{key: "authorisable", label: "授权属性", options: catalogue.Authorisables, required: true, set: choice(catalogue.Authorisables, func(l *Line) *string { return &l.Item.Authorisable })},
	{key: "authoriseCondition", label: "授权条件", set: text(func(l *Line) *string { return &l.Item.AuthoriseCondition })},
	{key: "authoriseBasis", label: "授权依据", set: text(func(l *Line) *string { return &l.Item.AuthoriseBasis })},
	{key: "legalBasis", label: "法律依据或委托文件", set: text(func(l *Line) *string { return &l.Item.LegalBasis })},
	{key: "registrationNo", label: "登记确认单编号", set: text(func(l *Line) *string { return &l.Item.RegistrationNo })},
	{key: "related", label: "关联资源代码", set: text(func(l *Line) *string { return &l.Item.Related })},
	{key: "label", label: "信息项名称", alias: []string{"信息项", "数据项名称"}, required: true, field: true, set: fieldText(func(f *catalogue.Field) *string { return &f.Label })},
	{key: "name", label: "信息项英文名", alias: []string{"英文名", "字段名", "数据项英文名"}, required: true, field: true, set: fieldText(func(f *catalogue.Field) *string { return &f.Name })},
	{key: "type", label: "数据类型", options: catalogue.FieldTypes, required: true, field: true, set: fieldType},
	{key: "length", label: "长度", alias: []string{"数据长度"}, field: true, set: length},
	{key: "key", label: "主键", alias: []string{"是否主键"}, options: yesNo, field: true, set: flag(func(f *catalogue.Field) *bool { return &f.IsKey })},
	{key: "nullable", label: "可空", alias: []string{"是否可空", "是否为空"}, options: yesNo, field: true, set: flag(func(f *catalogue.Field) *bool { return &f.Nullable })},
	{key: "personal", label: "个人信息", options: yesNo, field: true, set: flag(func(f *catalogue.Field) *bool { return &f.Personal })},
	{key: "sensitive", label: "敏感个人信息", options: yesNo, field: true, set: flag(func(f *catalogue.Field) *bool { return &f.Sensitive })},
	{key: "shared", label: "信息项共享", options: yesNo, field: true, set: flag(func(f *catalogue.Field) *bool { return &f.Shared })},
	{key: "open", label: "信息项开放", options: yesNo, field: true, set: flag(func(f *catalogue.Field) *bool { return &f.Open })},
	{key: "authorisable", label: "信息项可授权", options: yesNo, field: true, set: flag(func(f *catalogue.Field) *bool { return &f.Authorisable })},
	{key: "note", label: "释义", alias: []string{"信息项释义", "数据项说明"}, field: true, set: fieldText(func(f *catalogue.Field) *string { return &f.Note })},
}

func formatType(l *Line, _ *catalogue.Field, s string) error {
	if s == "" {
		return nil
	}
	for _, o := range catalogue.FormatTypes() {
		if strings.EqualFold(o.Value, s) {
			l.Item.FormatType = o.Value
			return nil
		}
	}
	return fmt.Errorf("不是已知的格式类型，例如 XLSX、CSV、PostgreSQL")
}

func sublevel(l *Line, _ *catalogue.Field, s string) error {
	if s == "" {
		return nil
	}
	n, err := strconv.Atoi(strings.TrimSuffix(norm.NFKC.String(s), "级"))
	if err != nil || n < 0 || n > 4 {
		return fmt.Errorf("应为1至4的整数")
	}
	l.Item.Sublevel = n
	return nil
}

func elements(l *Line, _ *catalogue.Field, s string) error {
	if s == "" {
		return nil
	}
	var out []catalogue.Element
	for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == '；' || r == ';' || r == '\n' }) {
		name, say, ok := strings.Cut(strings.ReplaceAll(part, ":", "："), "：")
		value, err := pick(catalogue.Elements, strings.TrimSpace(name))
		if !ok || err != nil || value == "" || strings.TrimSpace(say) == "" {
			return fmt.Errorf("应写成“要素：说明”，以分号隔开；要素为%s", labels(catalogue.Elements))
		}
		out = append(out, catalogue.Element{Element: value, Say: strings.TrimSpace(say)})
	}
	b, err := json.Marshal(out)
	l.Item.Elements = string(b)
	return err
}

func fieldType(_ *Line, f *catalogue.Field, s string) (err error) {
	if f.Type, err = pick(catalogue.FieldTypes, s); err == nil || s == "" {
		return err
	}
	for _, o := range catalogue.FieldTypes { // “字符型”, “C”, “字符型C”
		if strings.EqualFold(s, o.Value) || s == strings.TrimSuffix(o.Label, o.Value) {
			f.Type = o.Value
			return nil
		}
	}
	return err
}

func length(_ *Line, f *catalogue.Field, s string) error {
	if s == "" {
		return nil
	}
	n, err := strconv.Atoi(norm.NFKC.String(s))
	if err != nil || n < 1 || n > 1_000_000 {
		return fmt.Errorf("应为正整数")
	}
	f.Length = n
	return nil
}
