package plan

import (
	"slices"
	"strconv"
	"strings"
)

// Parameter is the definition of one dated number or choice of the plan: what
// it is, how it is counted, within which bounds a city may set it. Its values
// live on a time line in Parameters.
type Parameter struct {
	Key   string `yaml:"key"`
	Title string `yaml:"title"`
	Unit  Unit   `yaml:"unit"`
	// Clause is the id of the clause that the parameter serves.
	Clause string `yaml:"clause"`
	// Aliases are other names by which the same parameter is asked for.
	Aliases []string `yaml:"aliases"`
	// Choices, where there are any, are the only words a text may be.
	Choices []Choice `yaml:"choices"`
	// Min and Max are bounds set by a norm, both allowed; nil means none.
	Min *int64 `yaml:"min"`
	Max *int64 `yaml:"max"`
	// Fixed parameters are not the city's to set.
	Fixed bool `yaml:"fixed"`
	// Group names the parameters that together must make Whole.
	Group string `yaml:"group"`
	// Note is for the reader: what is assumed, what the city should confirm.
	Note string `yaml:"note"`
}

// Choice is one word a text parameter may be, with its Chinese label.
type Choice struct {
	Value string `yaml:"value"`
	Label string `yaml:"label"`
}

// Whole is what the basis points of a Group add up to.
const Whole = 10_000

func (d *Parameter) clone() Parameter {
	c := *d
	c.Aliases = slices.Clone(d.Aliases)
	c.Choices = slices.Clone(d.Choices)
	return c
}

// Value is what a parameter is from one day on, until its next value. It is a
// plain comparable record; a decision stores its Version.
type Value struct {
	Key string
	// From is the first day, YYYY-MM-DD in Asia/Shanghai, on which it holds.
	From string
	// Raw is the value as written: digits for counted units, true or false, a
	// date, or text. It is empty while the value is Required.
	Raw        string
	Unit       Unit
	Source     string
	Confidence Confidence
}

// Required reports that no value is shipped and the city has set none yet.
func (v Value) Required() bool { return v.Confidence == Required }

// Version names this value for ever: "key@from".
func (v Value) Version() string { return v.Key + "@" + v.From }

// Int returns the number of a counted unit, in that unit.
func (v Value) Int() (int64, error) {
	if !v.Unit.Counted() || v.Required() {
		return 0, fail(CodeKind, "", "参数 %s 不是数值。", v.Key)
	}
	n, err := strconv.ParseInt(v.Raw, 10, 64)
	if err != nil {
		return 0, fail(CodeInvalid, "", "参数 %s 的取值不是整数。", v.Key)
	}
	return n, nil
}

// Bool returns the answer of a yes-or-no parameter.
func (v Value) Bool() (bool, error) {
	if v.Unit != Bool || v.Required() {
		return false, fail(CodeKind, "", "参数 %s 不是“是否”类参数。", v.Key)
	}
	return v.Raw == "true", nil
}

// Text returns a text, or a date or month-day as written.
func (v Value) Text() (string, error) {
	if (v.Unit != Text && v.Unit != Date && v.Unit != MonthDay) || v.Required() {
		return "", fail(CodeKind, "", "参数 %s 不是文字或日期。", v.Key)
	}
	return v.Raw, nil
}

// Override is a value that a city sets while the platform runs. It comes from
// the database, which keeps every one ever set: an override is never changed
// or removed, a later one follows it. Source names the deciding document.
type Override struct {
	Key    string
	From   string
	Value  string
	Source string
}

// Parameters is every parameter with its time line for one city. It never
// changes; With returns another one. It is safe for concurrent use.
type Parameters struct {
	city    string
	keys    []string
	defs    map[string]*Parameter
	alias   map[string]string
	shipped map[string][]Value
	set     map[string][]Value
	lines   map[string][]Value
	faults  map[string]fault
	orphans []error
}

// fault is an override that cannot be used. From its day on the parameter has
// no trustworthy value, and asking for it is an error.
type fault struct {
	from string
	err  *Error
}

// City returns the code of the city, district or county these parameters are for.
func (p *Parameters) City() string { return p.city }

// Keys returns every key, aliases not included, in alphabetical order.
func (p *Parameters) Keys() []string { return slices.Clone(p.keys) }

// Has reports whether there is such a parameter; an alias counts.
func (p *Parameters) Has(key string) bool {
	_, ok := p.definition(key)
	return ok
}

// Definition returns what is known of a parameter beside its values.
func (p *Parameters) Definition(key string) (Parameter, bool) {
	d, ok := p.definition(key)
	if !ok {
		return Parameter{}, false
	}
	return d.clone(), true
}

func (p *Parameters) definition(key string) (*Parameter, bool) {
	if to, ok := p.alias[key]; ok {
		key = to
	}
	d, ok := p.defs[key]
	return d, ok
}

// At returns the value in force on a day, YYYY-MM-DD in Asia/Shanghai.
//
// The errors are of type *Error: CodeUnknown, CodeDate, CodeNotInForce,
// CodeInvalid where a stored override cannot be used, and CodeRequired where
// the city has not set a value yet; the returned Value is then still filled in
// except for Raw.
func (p *Parameters) At(key, on string) (Value, error) {
	d, ok := p.definition(key)
	if !ok {
		return Value{}, fail(CodeUnknown, "", "没有名为“%s”的参数。", printable(key))
	}
	if !validDate(on) {
		return Value{}, fail(CodeDate, d.Clause, "查询参数“%s”的日期须写作“年-月-日”。", d.Title)
	}
	if f, ok := p.faults[d.Key]; ok && on >= f.from {
		return Value{}, f.err
	}
	v, ok := valueOn(p.lines[d.Key], on)
	if !ok {
		return Value{}, fail(CodeNotInForce, d.Clause, "参数“%s”（%s）在 %s 尚未生效。", d.Title, d.Key, on)
	}
	if v.Required() {
		return v, fail(CodeRequired, d.Clause,
			"参数“%s”（%s）没有缺省值，须由市里依文件设定后方可办理。", d.Title, d.Key)
	}
	return v, nil
}

// valueOn returns the last value of an ascending line that begins on or before
// the day.
func valueOn(line []Value, on string) (Value, bool) {
	at, found := slices.BinarySearchFunc(line, on, func(v Value, day string) int {
		return strings.Compare(v.From, day)
	})
	if !found {
		at--
	}
	if at < 0 {
		return Value{}, false
	}
	return line[at], true
}

// Line returns every value of a parameter in the order of their first days.
func (p *Parameters) Line(key string) ([]Value, error) {
	d, ok := p.definition(key)
	if !ok {
		return nil, fail(CodeUnknown, "", "没有名为“%s”的参数。", printable(key))
	}
	return slices.Clone(p.lines[d.Key]), nil
}

// Resolve returns the value that a stored Version names, also one that no
// longer holds or that a later layer has replaced.
func (p *Parameters) Resolve(version string) (Value, error) {
	key, from, _ := strings.Cut(version, "@")
	if d, ok := p.definition(key); ok {
		for _, layer := range [][]Value{p.set[d.Key], p.shipped[d.Key], p.lines[d.Key]} {
			for _, v := range layer {
				if v.From == from {
					return v, nil
				}
			}
		}
	}
	return Value{}, fail(CodeUnknown, "", "找不到参数版本“%s”。", printable(version))
}

// Unset returns the keys that the city must set and on that day has not.
func (p *Parameters) Unset(on string) []string {
	var keys []string
	for _, key := range p.keys {
		if v, ok := valueOn(p.lines[key], on); ok && v.Required() {
			keys = append(keys, key)
		}
	}
	return keys
}

// Group returns the values of a group of ratios or weights in the order of
// their keys. It is an error unless every one is set and they add up to Whole.
func (p *Parameters) Group(name, on string) ([]Value, error) {
	var values []Value
	var sum int64
	clause := ""
	for _, key := range p.keys {
		d := p.defs[key]
		if d.Group != name {
			continue
		}
		clause = d.Clause
		v, err := p.At(key, on)
		if err != nil {
			return nil, err
		}
		n, err := v.Int()
		if err != nil {
			return nil, err
		}
		values, sum = append(values, v), sum+n
	}
	if len(values) == 0 {
		return nil, fail(CodeUnknown, "", "没有名为“%s”的一组参数。", printable(name))
	}
	if sum != Whole {
		return nil, fail(CodeSum, clause, "“%s”各项之和须为 100%%（%d 基点），现为 %d 基点。", name, Whole, sum)
	}
	return values, nil
}

// Display returns a value as a person reads it: "5 个工作日", "600 基点（6%）",
// "1,000,000", "是", or the label of a choice.
func (p *Parameters) Display(v Value) string {
	switch {
	case v.Required():
		return "待设定"
	case v.Unit.Counted():
		return v.Unit.display(v.Raw)
	case v.Unit == Bool && v.Raw == "true":
		return "是"
	case v.Unit == Bool:
		return "否"
	}
	if d, ok := p.definition(v.Key); ok {
		for _, c := range d.Choices {
			if c.Value == v.Raw {
				return c.Label
			}
		}
	}
	return v.Raw
}

// printable shortens a name that came from outside so that it can stand in a
// message.
func printable(s string) string {
	s = strings.ToValidUTF8(s, "?")
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, s)
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}
