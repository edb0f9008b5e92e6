package ir

import (
	"math"
	"strings"
	"time"

	"pado/domain/sandbox/guard/ast"
	"pado/domain/sandbox/guard/refuse"
)

// evaluator computes a grouping expression for one value of its only column.
type evaluator struct {
	isColumn func(*ast.Column) bool
	x        Value
}

func (v *evaluator) refuse(e ast.Expr) *refuse.Refusal { return refuse.New(refuse.KeyExpression) }

func (v *evaluator) eval(e ast.Expr) (Value, *refuse.Refusal) {
	switch e := e.(type) {
	case *ast.Column:
		if !v.isColumn(e) {
			return Value{}, v.refuse(e)
		}
		return v.x, nil
	case *ast.Const:
		c, ok := literal(e)
		if !ok {
			return Value{}, refuse.New(refuse.Literal, e.Value)
		}
		return c, nil
	case *ast.Cast:
		x, r := v.eval(e.X)
		if r != nil {
			return x, r
		}
		c, ok := castValue(x, e)
		if !ok && e.Try {
			return nullValue, nil
		}
		if !ok {
			return c, typeRefusal("无法转换为 " + e.Type).WithHint("请改用 TRY_CAST，或去掉类型转换。")
		}
		return c, nil
	case *ast.Case:
		for _, w := range e.Whens {
			c, r := v.eval(w.If)
			if r != nil {
				return c, r
			}
			if c.Kind == "bool" && c.True {
				return v.eval(w.Then)
			}
		}
		return v.eval(e.Else)
	case *ast.Coalesce:
		for _, a := range e.Args {
			c, r := v.eval(a)
			if r != nil || c.Kind != "null" {
				return c, r
			}
		}
		return nullValue, nil
	case *ast.Func:
		return v.call(e)
	}
	return v.truth(e)
}

// truth evaluates conditions in three-valued logic. A value outside the declared domain is
// known to differ from every declared one and is otherwise unknown.
func (v *evaluator) truth(e ast.Expr) (Value, *refuse.Refusal) {
	switch e := e.(type) {
	case *ast.Compare:
		l, r := v.eval(e.L)
		if r != nil {
			return l, r
		}
		m, r := v.eval(e.R)
		if r != nil {
			return m, r
		}
		return compareValues(e.Op, l, m)
	case *ast.Between:
		return v.truth(&ast.Logic{And: true, Args: []ast.Expr{&ast.Compare{Op: ">=", L: e.X, R: e.Lo}, &ast.Compare{Op: "<=", L: e.X, R: e.Hi}}})
	case *ast.In:
		args := make([]ast.Expr, len(e.List))
		for i, w := range e.List {
			args[i] = &ast.Compare{Op: "=", L: e.X, R: w}
		}
		var or ast.Expr = &ast.Logic{Args: args}
		if e.Negated {
			or = &ast.Not{X: or}
		}
		return v.truth(or)
	case *ast.IsNull:
		x, r := v.eval(e.X)
		return boolValue((x.Kind == "null") != e.Negated), r
	case *ast.Not:
		x, r := v.eval(e.X)
		if x.Kind == "bool" {
			x.True = !x.True
		}
		return x, r
	case *ast.Logic:
		unknown := false
		for _, a := range e.Args {
			x, r := v.eval(a)
			if r != nil {
				return x, r
			}
			if x.Kind != "bool" {
				unknown = true
			} else if x.True != e.And {
				return boolValue(!e.And), nil
			}
		}
		if unknown {
			return nullValue, nil
		}
		return boolValue(e.And), nil
	}
	return Value{}, v.refuse(e)
}

func compareValues(op string, l, r Value) (Value, *refuse.Refusal) {
	if l.Kind == "null" || r.Kind == "null" {
		switch op {
		case "IS DISTINCT":
			return boolValue(l.Kind != r.Kind), nil
		case "IS NOT DISTINCT":
			return boolValue(l.Kind == r.Kind), nil
		}
		return nullValue, nil
	}
	if l.Kind == "other" || r.Kind == "other" {
		switch op {
		case "=", "IS NOT DISTINCT":
			return boolValue(false), nil
		case "<>", "IS DISTINCT":
			return boolValue(true), nil
		}
		return nullValue, nil
	}
	l, r = meet(l, r)
	c, ok := l.compare(r)
	if !ok {
		return Value{}, typeRefusal("比较的两侧")
	}
	switch op {
	case "=", "IS NOT DISTINCT":
		return boolValue(c == 0), nil
	case "<>", "IS DISTINCT":
		return boolValue(c != 0), nil
	case "<":
		return boolValue(c < 0), nil
	case "<=":
		return boolValue(c <= 0), nil
	case ">":
		return boolValue(c > 0), nil
	case ">=":
		return boolValue(c >= 0), nil
	}
	return Value{}, refuse.New(refuse.UnknownSyntax, op)
}

// meet reads a text literal as the other side's type, as SQL does with quoted literals.
func meet(l, r Value) (Value, Value) {
	read := func(t Value, kind string) Value {
		switch kind {
		case "num":
			if f, ok := parseFrac(strings.TrimSpace(t.Text)); ok {
				return Value{Kind: "num", Num: f}
			}
		case "date":
			if d, err := time.Parse(time.DateOnly, strings.TrimSpace(t.Text)); err == nil {
				return dayValue(d)
			}
		}
		return t
	}
	if l.Kind == "text" && r.Kind != "text" {
		l = read(l, r.Kind)
	}
	if r.Kind == "text" && l.Kind != "text" {
		r = read(r, l.Kind)
	}
	return l, r
}

// call evaluates the functions a grouping expression may use.
func (v *evaluator) call(f *ast.Func) (Value, *refuse.Refusal) {
	if f.Distinct || f.Filter != nil || len(f.Order) > 0 {
		return Value{}, refuse.New(refuse.NestedAggregate, f.Name)
	}
	args := make([]Value, len(f.Args))
	special := Value{}
	for i, a := range f.Args {
		x, r := v.eval(a)
		if r != nil {
			return x, r
		}
		args[i] = x
		if x.Kind == "null" || (x.Kind == "other" && special.Kind == "") {
			special = x
		}
	}
	fn, ok := scalars[f.Name]
	if !ok || len(args) < fn.min || len(args) > fn.max {
		if isAggregate(f.Name) {
			return Value{}, refuse.New(refuse.NestedAggregate, f.Name)
		}
		return Value{}, refuse.New(refuse.Function, f.Name)
	}
	if special.Kind != "" {
		return special, nil
	}
	return fn.do(f.Name, args)
}

type scalar struct {
	min, max int
	do       func(name string, a []Value) (Value, *refuse.Refusal)
}

// scalars are the functions of grouping expressions, computed here and never by the engine.
var scalars map[string]scalar

func init() {
	scalars = map[string]scalar{
		"+": {1, 2, arithmetic}, "-": {1, 2, arithmetic}, "*": {2, 2, arithmetic}, "/": {2, 2, arithmetic},
		"//": {2, 2, arithmetic}, "%": {2, 2, arithmetic}, "mod": {2, 2, arithmetic},
		"floor": {1, 1, rounding}, "ceil": {1, 1, rounding}, "ceiling": {1, 1, rounding}, "round": {1, 2, rounding},
		"trunc": {1, 1, rounding}, "abs": {1, 1, rounding},
		"date_trunc": {2, 2, dateParts}, "datetrunc": {2, 2, dateParts}, "date_part": {2, 2, dateParts}, "datepart": {2, 2, dateParts},
		"year": {1, 1, dateField}, "month": {1, 1, dateField}, "quarter": {1, 1, dateField}, "day": {1, 1, dateField},
		"isodow": {1, 1, dateField}, "dayofweek": {1, 1, dateField}, "strftime": {2, 2, formatDate},
		"||": {2, 2, textFunc}, "concat": {1, 8, textFunc}, "left": {2, 2, textFunc}, "right": {2, 2, textFunc},
		"substr": {2, 3, textFunc}, "substring": {2, 3, textFunc}, "upper": {1, 1, textFunc}, "lower": {1, 1, textFunc},
		"greatest": {2, 8, extremes}, "least": {2, 8, extremes}, "nullif": {2, 2, nullIf},
	}
}

func nums(a []Value) bool {
	for _, v := range a {
		if v.Kind != "num" {
			return false
		}
	}
	return true
}

func arithmetic(name string, a []Value) (Value, *refuse.Refusal) {
	if !nums(a) {
		return Value{}, typeRefusal("算术运算须用数字")
	}
	if len(a) == 1 {
		if name == "-" {
			a[0].Num.N = -a[0].Num.N
		}
		return a[0], nil
	}
	x, y := a[0].Num, a[1].Num
	var out Frac
	ok := true
	switch name {
	case "+":
		out, ok = x.plus(y)
	case "-":
		out, ok = x.plus(Frac{-y.N, y.D})
	case "*":
		out, ok = x.times(y)
	default:
		if y.N == 0 {
			return nullValue, nil
		}
		var q Frac
		inv, k := frac(y.D, y.N)
		q, ok = x.times(inv)
		ok = ok && k
		switch {
		case !ok || name == "/":
			out = q
		case name == "//":
			out = Frac{truncate(q), 1}
			if x.D == 1 && y.D == 1 {
				break
			}
			out = Frac{q.floor(), 1}
		default:
			t, k2 := Frac{-truncate(q), 1}.times(y)
			out, ok = x.plus(t)
			ok = ok && k2
		}
	}
	if !ok {
		return Value{}, refuse.New(refuse.Literal, "数值过大")
	}
	return Value{Kind: "num", Num: out}, nil
}

func truncate(f Frac) int64 { return f.N / f.D }

func rounding(name string, a []Value) (Value, *refuse.Refusal) {
	if !nums(a) {
		return Value{}, typeRefusal(name + " 须用数字")
	}
	x := a[0].Num
	if name == "round" && len(a) == 2 {
		p := a[1].Num
		if p.D != 1 || p.N > 9 || p.N < -9 {
			return Value{}, refuse.New(refuse.Literal, "round 的位数")
		}
		scale := Frac{int64(math.Pow10(int(abs(p.N)))), 1}
		if p.N < 0 {
			scale = Frac{1, scale.N}
		}
		y, ok := x.times(scale)
		if !ok {
			return Value{}, refuse.New(refuse.Literal, "数值过大")
		}
		out, ok := Frac{roundHalf(y), 1}.times(Frac{scale.D, scale.N})
		if !ok {
			return Value{}, refuse.New(refuse.Literal, "数值过大")
		}
		return Value{Kind: "num", Num: out}, nil
	}
	switch name {
	case "floor":
		return number(x.floor()), nil
	case "ceil", "ceiling":
		return number(-Frac{-x.N, x.D}.floor()), nil
	case "trunc":
		return number(truncate(x)), nil
	case "abs":
		return Value{Kind: "num", Num: Frac{abs(x.N), x.D}}, nil
	}
	return number(roundHalf(x)), nil
}

func dateParts(name string, a []Value) (Value, *refuse.Refusal) {
	if a[0].Kind != "text" {
		return Value{}, typeRefusal(name + " 的第一个参数")
	}
	a[1] = asDay(a[1])
	if a[1].Kind != "date" {
		return Value{}, typeRefusal(name + " 须用日期")
	}
	part, d := strings.ToLower(a[0].Text), a[1].Day
	if name == "date_part" || name == "datepart" {
		return dateField(part, a[1:])
	}
	switch part {
	case "day":
	case "week":
		d = d.AddDate(0, 0, -(int(d.Weekday())+6)%7)
	case "month":
		d = time.Date(d.Year(), d.Month(), 1, 0, 0, 0, 0, time.UTC)
	case "quarter":
		d = time.Date(d.Year(), (d.Month()-1)/3*3+1, 1, 0, 0, 0, 0, time.UTC)
	case "year":
		d = time.Date(d.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
	case "decade":
		d = time.Date(d.Year()/10*10, 1, 1, 0, 0, 0, 0, time.UTC)
	default:
		return Value{}, refuse.New(refuse.Function, "date_trunc "+part)
	}
	return dayValue(d), nil
}

func asDay(v Value) Value {
	_, d := meet(Value{Kind: "date"}, v)
	return d
}

func dateField(name string, a []Value) (Value, *refuse.Refusal) {
	v := asDay(a[0])
	if v.Kind != "date" {
		return Value{}, typeRefusal(name + " 须用日期")
	}
	d := v.Day
	switch name {
	case "year":
		return number(int64(d.Year())), nil
	case "month":
		return number(int64(d.Month())), nil
	case "quarter":
		return number(int64(d.Month()-1)/3 + 1), nil
	case "day":
		return number(int64(d.Day())), nil
	case "dayofweek", "dow":
		return number(int64(d.Weekday())), nil
	case "isodow":
		return number(int64(d.Weekday()+6)%7 + 1), nil
	}
	return Value{}, refuse.New(refuse.Function, "date_part "+name)
}

func formatDate(name string, a []Value) (Value, *refuse.Refusal) {
	v := asDay(a[0])
	if v.Kind != "date" || a[1].Kind != "text" {
		return Value{}, typeRefusal(name + " 的参数")
	}
	layout := strings.NewReplacer("%Y", "2006", "%m", "01", "%d", "02").Replace(a[1].Text)
	if strings.Contains(layout, "%") {
		return Value{}, refuse.New(refuse.Function, "strftime 只支持 %Y、%m、%d")
	}
	return textValue(v.Day.Format(layout)), nil
}

func textFunc(name string, a []Value) (Value, *refuse.Refusal) {
	text := func(i int) (string, bool) {
		return a[i].Word(), a[i].Kind == "text" || name == "||" || name == "concat"
	}
	whole := func(i int) (int64, bool) {
		return a[i].Num.N, a[i].Kind == "num" && a[i].Num.D == 1 && abs(a[i].Num.N) < 1000
	}
	s, ok := text(0)
	if !ok {
		return Value{}, typeRefusal(name + " 须用文字")
	}
	switch name {
	case "upper":
		return textValue(strings.ToUpper(s)), nil
	case "lower":
		return textValue(strings.ToLower(s)), nil
	case "||", "concat":
		var b strings.Builder
		for i := range a {
			b.WriteString(a[i].Word())
		}
		return textValue(b.String()), nil
	}
	r := []rune(s)
	n, ok := whole(1)
	if !ok {
		return Value{}, typeRefusal(name + " 的位置须为整数")
	}
	size := int64(len(r))
	cut := func(from, to int64) Value {
		from, to = max(0, min(from, size)), max(0, min(to, size))
		if to < from {
			to = from
		}
		return textValue(string(r[from:to]))
	}
	switch name {
	case "left":
		if n < 0 {
			n = max(0, size+n)
		}
		return cut(0, n), nil
	case "right":
		if n < 0 {
			n = max(0, size+n)
		}
		return cut(size-n, size), nil
	}
	if n < 1 {
		return Value{}, refuse.New(refuse.Literal, "substr 的起点须为正整数")
	}
	if len(a) == 2 {
		return cut(n-1, size), nil
	}
	m, ok := whole(2)
	if !ok || m < 0 {
		return Value{}, typeRefusal(name + " 的长度须为非负整数")
	}
	return cut(n-1, n-1+m), nil
}

func extremes(name string, a []Value) (Value, *refuse.Refusal) {
	best := a[0]
	for _, v := range a[1:] {
		l, r := meet(best, v)
		c, ok := l.compare(r)
		if !ok {
			return Value{}, typeRefusal(name + " 的参数")
		}
		if (name == "least") == (c > 0) && c != 0 {
			best = v
		}
	}
	return best, nil
}

func nullIf(_ string, a []Value) (Value, *refuse.Refusal) {
	c, r := compareValues("=", a[0], a[1])
	if r != nil {
		return c, r
	}
	if c.True {
		return nullValue, nil
	}
	return a[0], nil
}
