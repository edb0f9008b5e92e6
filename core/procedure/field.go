package procedure

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"regexp"
	"sort"
	"strings"
	"time"
	"unicode/utf8"

	"pado/core/calendar"
	"pado/core/id"
	"pado/core/money"
	"pado/plan"
)

// Fields of a form; kinds as the browser knows them.
const (
	Text     = "text"
	LongText = "longtext"
	Integer  = "integer"
	Money    = "money"   // decimal string of 元, two digits
	Percent  = "percent" // integer basis points
	Date     = "date"
	DateTime = "datetime"
	Choice   = "choice"
	Choices  = "choices"
	Bool     = "bool"
	Ref      = "ref" // the key of a record, picked from Source
	Refs     = "refs"
	USCC     = "uscc"
	IDCard   = "idcard"
	Phone    = "phone"
	File     = "file"
	FilesOf  = "files"
	Table    = "table"
)

// Option is one value of a choice.
type Option struct {
	Value string `json:"value"`
	Label string `json:"label"`
}

// LabelOf is the Chinese name of a value; a value that is none of the options stands for itself.
func LabelOf(options []Option, value string) string {
	for _, o := range options {
		if o.Value == value {
			return o.Label
		}
	}
	return value
}

// When makes a field appear only if another has one of the values.
type When struct {
	Field string   `json:"field"`
	In    []string `json:"in"`
}

// Field declares one field of a form: what it is called, what it takes, why it is asked.
type Field struct {
	Name     string
	Label    string
	Kind     string
	Plan     plan.Clause
	Required bool
	Help     string
	Unit     string
	Options  []Option
	Source   string // name of a list of choices
	Max      int    // characters, or the greatest number
	Min      int
	Pattern  string
	Rows     []Field // of a Table
	Show     *When
	Section  string
	Secret   bool     // masked in views, never in a log
	Named    []Option // the records that the values at hand name; filled in for reading only
}

// FormSpec is the declared shape of a case's data: the fields and the struct they are read into.
type FormSpec struct {
	Fields []Field
	typ    reflect.Type
}

// FormOf binds fields to the struct that rules and effects read.
func FormOf[T any](fields ...Field) FormSpec {
	var v T
	return FormSpec{Fields: fields, typ: reflect.TypeOf(v)}
}

// Check tells whether fields and struct are one to one.
func (f FormSpec) check() error {
	if f.typ == nil {
		if len(f.Fields) > 0 {
			return fmt.Errorf("fields without a struct")
		}
		return nil
	}
	return oneToOne(f.Fields, f.typ)
}

func oneToOne(fields []Field, t reflect.Type) error {
	want := map[string]reflect.Type{}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name == "" {
			return fmt.Errorf("%s.%s has no json name", t.Name(), t.Field(i).Name)
		}
		want[name] = t.Field(i).Type
	}
	for _, f := range fields {
		ft, ok := want[f.Name]
		if !ok {
			return fmt.Errorf("field %s is not in %s", f.Name, t.Name())
		}
		delete(want, f.Name)
		if f.Kind == Table {
			if ft.Kind() != reflect.Slice {
				return fmt.Errorf("table %s is not a slice in %s", f.Name, t.Name())
			}
			if err := oneToOne(f.Rows, ft.Elem()); err != nil {
				return fmt.Errorf("%s: %w", f.Name, err)
			}
		}
		if f.Pattern != "" {
			if _, err := regexp.Compile(f.Pattern); err != nil {
				return fmt.Errorf("field %s: %w", f.Name, err)
			}
		}
	}
	for name := range want {
		return fmt.Errorf("%s of %s is no declared field", name, t.Name())
	}
	return nil
}

// clean validates raw against the fields and returns canonical JSON: unknown names are
// refused, empty values dropped. With draft true, missing values are no error.
func clean(fields []Field, raw json.RawMessage, draft bool) (string, []FieldError) {
	values := map[string]any{}
	if len(bytes.TrimSpace(raw)) > 0 {
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.UseNumber()
		if err := dec.Decode(&values); err != nil || dec.More() {
			return "", []FieldError{{Path: "", Message: "表单内容不是有效的 JSON 对象"}}
		}
	}
	out, errs := cleanObject(fields, values, "", draft)
	b, err := json.Marshal(out)
	if err != nil {
		return "", []FieldError{{Path: "", Message: "表单内容无法保存"}}
	}
	return string(b), errs
}

func cleanObject(fields []Field, values map[string]any, prefix string, draft bool) (map[string]any, []FieldError) {
	var errs []FieldError
	out := map[string]any{}
	known := map[string]bool{}
	for _, f := range fields {
		known[f.Name] = true
		v := values[f.Name]
		if f.Show != nil && !has(f.Show.In, fmt.Sprint(values[f.Show.Field])) {
			continue
		}
		if empty(v) {
			if f.Required && !draft {
				errs = append(errs, FieldError{prefix + f.Name, "请填写“" + f.Label + "”", f.Plan.ID})
			}
			continue
		}
		c, more := f.clean(v, prefix+f.Name, draft)
		if errs = append(errs, more...); len(more) == 0 {
			out[f.Name] = c
		}
	}
	var unknown []string
	for name := range values {
		if !known[name] {
			unknown = append(unknown, name)
		}
	}
	sort.Strings(unknown)
	for _, name := range unknown {
		if len(name) > 40 {
			name = name[:40]
		}
		errs = append(errs, FieldError{prefix + strings.ToValidUTF8(name, "?"), "表单中没有这一项", ""})
	}
	return out, errs
}

func empty(v any) bool {
	switch x := v.(type) {
	case nil:
		return true
	case string:
		return strings.TrimSpace(x) == ""
	case []any:
		return len(x) == 0
	}
	return false
}

// clean checks one value and returns it in its stored form.
func (f Field) clean(v any, path string, draft bool) (any, []FieldError) {
	bad := func(format string, a ...any) (any, []FieldError) {
		return nil, []FieldError{{path, "“" + f.Label + "”" + fmt.Sprintf(format, a...), f.Plan.ID}}
	}
	s, isText := v.(string)
	s = strings.TrimSpace(s)
	switch f.Kind {
	case Text, LongText, Ref, File, USCC, IDCard, Phone, Choice, Date, DateTime, Money:
		if !isText {
			return bad("应为文字")
		}
		if !utf8.ValidString(s) || strings.ContainsFunc(s, control) {
			return bad("含有无法保存的字符")
		}
	}
	switch f.Kind {
	case Text, LongText, Ref, File:
		most := f.Max
		if most == 0 {
			most = map[string]int{LongText: 20000}[f.Kind]
		}
		if most == 0 {
			most = 200
		}
		n := utf8.RuneCountInString(s)
		if n > most {
			return bad("最多 %d 个字，现有 %d 个", most, n)
		}
		if n < f.Min {
			return bad("至少 %d 个字", f.Min)
		}
		if f.Pattern != "" && !regexp.MustCompile(`^(?:`+f.Pattern+`)$`).MatchString(s) {
			return bad("格式不符合要求")
		}
		return s, nil
	case USCC:
		u, err := id.ParseUSCC(s)
		if err != nil {
			return bad("不是有效的统一社会信用代码")
		}
		return string(u), nil
	case IDCard:
		c, err := id.ParseIDCard(s)
		if err != nil {
			return bad("不是有效的公民身份号码")
		}
		return c.Number(), nil
	case Phone:
		p, err := id.ParseMobile(s)
		if err != nil {
			return bad("不是有效的手机号码")
		}
		return p.Number(), nil
	case Date:
		d, err := calendar.ParseDate(s)
		if err != nil {
			return bad("不是有效的日期，应为 2026-01-31 的形式")
		}
		return d.String(), nil
	case DateTime:
		t, err := parseTime(s)
		if err != nil {
			return bad("不是有效的时间")
		}
		return t, nil
	case Money:
		m, err := money.ParseYuan(s)
		if err != nil {
			return bad("不是有效的金额，应为元，最多两位小数")
		}
		if m < 0 {
			return bad("不能为负数")
		}
		return m.Yuan(), nil
	case Choice:
		if len(f.Options) > 0 && !f.option(s) {
			return bad("不在可选范围内")
		}
		return s, nil
	case Integer, Percent:
		num, ok := v.(json.Number)
		if !ok && isText {
			num, ok = json.Number(s), true
		}
		n, isInt := new(big.Int).SetString(num.String(), 10)
		if !ok || !isInt || !n.IsInt64() {
			return bad("应为整数")
		}
		if (f.Max != 0 || f.Kind == Percent) && n.Int64() > int64(f.most()) {
			return bad("不能大于 %s", f.shown(f.most()))
		}
		if n.Int64() < int64(f.Min) {
			return bad("不能小于 %s", f.shown(f.Min))
		}
		return json.Number(n.String()), nil
	case Bool:
		b, ok := v.(bool)
		if !ok {
			return bad("应选择“是”或“否”")
		}
		return b, nil
	case Choices, Refs, FilesOf:
		list, ok := v.([]any)
		if !ok || len(list) > 500 {
			return bad("应为列表，最多 500 项")
		}
		var out []any
		seen := map[string]bool{}
		for _, x := range list {
			s, ok := x.(string)
			if !ok || utf8.RuneCountInString(s) > 200 || (f.Kind == Choices && len(f.Options) > 0 && !f.option(s)) {
				return bad("含有不在可选范围内的项")
			}
			if !seen[s] {
				seen[s] = true
				out = append(out, s)
			}
		}
		return out, nil
	case Table:
		list, ok := v.([]any)
		if !ok || len(list) > 2000 {
			return bad("应为表格，最多 2000 行")
		}
		var out []any
		var errs []FieldError
		for i, x := range list {
			row, ok := x.(map[string]any)
			if !ok {
				return bad("第 %d 行不是有效的一行", i+1)
			}
			c, more := cleanObject(f.Rows, row, fmt.Sprintf("%s.%d.", path, i), draft)
			errs = append(errs, more...)
			out = append(out, c)
		}
		return out, errs
	}
	return bad("的类型未知")
}

func (f Field) most() int {
	if f.Kind == Percent && f.Max == 0 {
		return 10000
	}
	return f.Max
}

func (f Field) shown(n int) string {
	if f.Kind == Percent {
		return fmt.Sprintf("%d.%02d%%", n/100, n%100)
	}
	return fmt.Sprint(n)
}

func (f Field) option(s string) bool {
	for _, o := range f.Options {
		if o.Value == s {
			return true
		}
	}
	return false
}

// control tells the characters no field takes: C0/C1 controls but tab and newline, and the
// invisible ones that change how text is read.
func control(r rune) bool {
	return r < 0x20 && r != '\n' && r != '\t' && r != '\r' || r >= 0x7f && r < 0xa0 ||
		r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0xfeff || r == utf8.RuneError
}

// Change is one field that differs between two versions of a form.
type Change struct {
	Field  string `json:"field"`
	Label  string `json:"label"`
	Before any    `json:"before"`
	After  any    `json:"after"`
}

// difference lists the fields that changed, in the order they are declared.
func difference(fields []Field, before, after string) []Change {
	var b, a map[string]any
	if json.Unmarshal([]byte(before), &b) != nil || json.Unmarshal([]byte(after), &a) != nil {
		return nil
	}
	var out []Change
	for _, f := range fields {
		if reflect.DeepEqual(b[f.Name], a[f.Name]) {
			continue
		}
		c := Change{f.Name, f.Label, b[f.Name], a[f.Name]}
		if f.Secret {
			c.Before, c.After = masked, masked
		}
		out = append(out, c)
	}
	return out
}

func parseTime(s string) (string, error) {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return "", err
	}
	return t.In(calendar.Shanghai).Format(time.RFC3339), nil
}
