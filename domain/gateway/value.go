package gateway

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/govalues/decimal"

	"pado/core/id"
)

// ColumnType is the type of a released column or of a parameter.
type ColumnType string

// The types. Decimal travels as a string in JSON, so that no program rounds
// it; dates are YYYY-MM-DD. IDCard is a parameter's type only. SubjectType is
// a column's type only: 32 hex digits made by SubjectOf, never shown.
const (
	String      ColumnType = "string"
	Integer     ColumnType = "integer"
	Decimal     ColumnType = "decimal"
	Date        ColumnType = "date"
	Boolean     ColumnType = "boolean"
	USCC        ColumnType = "uscc"
	IDCard      ColumnType = "idcard"
	SubjectType ColumnType = "subject"
)

// Column is one declared column of a released table.
type Column struct {
	Name     string
	Title    string
	Type     ColumnType
	Nullable bool
	Hidden   bool // may be compared with, is never returned
}

var namePattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

func (c Column) check() error {
	if !namePattern.MatchString(c.Name) {
		return fmt.Errorf("column name %q", c.Name)
	}
	switch c.Type {
	case String, Integer, Decimal, Date, Boolean, USCC:
	case SubjectType:
		if !c.Hidden {
			return fmt.Errorf("column %q: a subject column must be hidden", c.Name)
		}
	default:
		return fmt.Errorf("column %q has no known type", c.Name)
	}
	return nil
}

// Op is how a parameter is compared with its column.
type Op string

// The comparisons. The two ranges are for integers, decimals and dates.
const (
	Equal   Op = "eq"
	AtLeast Op = "ge"
	AtMost  Op = "le"
)

// Param is one declared parameter of a product's call.
type Param struct {
	Name      string
	Title     string
	Type      ColumnType
	Column    string // "" when the source is no table
	Op        Op
	Required  bool
	Enum      []string // allowed canonical values, empty for any
	Pattern   string   // Go regular expression over the whole value, "" for any
	Min, Max  string   // for integer, decimal and date; "" for none
	MaxLength int      // characters of a string; 0 is 64
}

const (
	maxPage         = 1000
	defaultLength   = 64
	absoluteLength  = 256
	maxIntegerDigit = 18
)

// reserved are the parameters every product has.
var reserved = []string{"limit", "cursor", "columns", "consent"}

func (p *Param) check(columns map[string]ColumnType) error {
	if !namePattern.MatchString(p.Name) {
		return errors.New("malformed name")
	}
	switch p.Type {
	case String, Integer, Decimal, Date, Boolean, USCC, IDCard:
	default:
		return errors.New("no known type")
	}
	switch p.Op {
	case Equal:
	case AtLeast, AtMost:
		if p.Type != Integer && p.Type != Decimal && p.Type != Date {
			return errors.New("a range over a type without order")
		}
	default:
		return errors.New("no known comparison")
	}
	if p.Column != "" {
		t, ok := columns[p.Column]
		if !ok || t != p.Type && t != SubjectType || t == SubjectType && p.Op != Equal {
			return errors.New("does not fit its column")
		}
	}
	if p.MaxLength < 0 || p.MaxLength > absoluteLength {
		return errors.New("length out of bounds")
	}
	if _, err := compiled(p.Pattern); err != nil {
		return err
	}
	for _, bound := range [...]string{p.Min, p.Max} {
		if bound == "" {
			continue
		}
		if p.Type != Integer && p.Type != Decimal && p.Type != Date {
			return errors.New("a bound on a type without order")
		}
		if _, reason := parseValue(p.Type, bound); reason != "" {
			return errors.New("malformed bound")
		}
	}
	for _, e := range p.Enum {
		if v, reason := parseValue(p.Type, e); reason != "" || v.text != e {
			return errors.New("an allowed value is not canonical")
		}
	}
	return nil
}

var patterns sync.Map // pattern → *regexp.Regexp; products declare them, so they are few

func compiled(pattern string) (*regexp.Regexp, error) {
	if pattern == "" {
		return nil, nil
	}
	if re, ok := patterns.Load(pattern); ok {
		return re.(*regexp.Regexp), nil
	}
	re, err := regexp.Compile(`^(?:` + pattern + `)$`)
	if err != nil {
		return nil, errors.New("malformed pattern")
	}
	patterns.Store(pattern, re)
	return re, nil
}

// Value is one typed value in canonical form.
type Value struct {
	kind ColumnType
	text string
	num  int64
	dec  decimal.Decimal
}

// Text is the canonical form: what values are compared by for equality.
func (v Value) Text() string { return v.text }

// Type is the value's type.
func (v Value) Type() ColumnType { return v.kind }

// compare orders two values of one ordered type.
func (v Value) compare(w Value) int {
	switch v.kind {
	case Integer:
		switch {
		case v.num < w.num:
			return -1
		case v.num > w.num:
			return 1
		}
		return 0
	case Decimal:
		return v.dec.Cmp(w.dec)
	}
	return strings.Compare(v.text, w.text)
}

// parseValue reads text as a type. The reason is a Chinese sentence without
// the value, "" when there is nothing to complain about.
func parseValue(t ColumnType, text string) (Value, string) {
	v := Value{kind: t, text: text}
	switch t {
	case String:
		if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return v, "应为不含控制字符的文本。"
		}
	case Integer:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || len(strings.TrimPrefix(text, "-")) > maxIntegerDigit {
			return v, "应为不超过18位的整数。"
		}
		v.num, v.text = n, strconv.FormatInt(n, 10)
	case Decimal:
		if strings.ContainsAny(text, "eE+_") {
			return v, "应为十进制数，不用科学计数法。"
		}
		d, err := decimal.Parse(text)
		if err != nil || len(text) > 20 {
			return v, "应为不超过18位的十进制数。"
		}
		v.dec = d.Trim(0)
		v.text = v.dec.String()
	case Date:
		d, err := time.Parse(time.DateOnly, text)
		if err != nil || d.Year() < 1 {
			return v, "应为日期，形如 2026-01-31。"
		}
	case Boolean:
		if text != "true" && text != "false" {
			return v, "应为 true 或 false。"
		}
	case USCC:
		c, err := id.ParseUSCC(text)
		if err != nil {
			return v, invalidReason(err)
		}
		v.text = string(c)
	case IDCard:
		c, err := id.ParseIDCard(text)
		if err != nil {
			return v, invalidReason(err)
		}
		v.text = c.Number()
	case SubjectType:
		if len(text) != 32 || strings.Trim(text, "0123456789abcdef") != "" {
			return v, "应为32位小写十六进制。"
		}
	default:
		return v, "类型未知。"
	}
	return v, ""
}

func invalidReason(err error) string {
	var invalid *id.Invalid
	if errors.As(err, &invalid) {
		return invalid.Message
	}
	return "格式不正确。"
}

// read validates one given value against the declaration.
func (p *Param) read(text string) (Value, string) {
	limit := p.MaxLength
	if limit == 0 {
		limit = defaultLength
	}
	if utf8.RuneCountInString(text) > limit {
		return Value{}, fmt.Sprintf("不得超过%d个字符。", limit)
	}
	v, reason := parseValue(p.Type, text)
	if reason != "" {
		return v, reason
	}
	if text == "" {
		return v, "不得为空。"
	}
	if len(p.Enum) > 0 {
		found := false
		for _, e := range p.Enum {
			found = found || e == v.text
		}
		if !found {
			return v, "不在产品声明的取值范围内。"
		}
	}
	if re, _ := compiled(p.Pattern); re != nil && !re.MatchString(v.text) {
		return v, "不符合产品声明的格式。"
	}
	if p.Min != "" {
		if low, _ := parseValue(p.Type, p.Min); v.compare(low) < 0 {
			return v, fmt.Sprintf("不得小于 %s。", p.Min)
		}
	}
	if p.Max != "" {
		if high, _ := parseValue(p.Type, p.Max); v.compare(high) > 0 {
			return v, fmt.Sprintf("不得大于 %s。", p.Max)
		}
	}
	return v, ""
}
