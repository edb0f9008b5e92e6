package ir

import (
	"math"
	"strings"
	"time"

	"pado/domain/sandbox/guard/refuse"
)

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
		"~~": {2, 2, like}, "!~~": {2, 2, like}, "~~*": {2, 2, like}, "!~~*": {2, 2, like}, "starts_with": {2, 2, like}, "prefix": {2, 2, like}, "contains": {2, 2, like},
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
	var ok bool
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

// like is LIKE and its kin over published words; % and _ as in SQL.
func like(name string, a []Value) (Value, *refuse.Refusal) {
	if a[0].Kind != "text" || a[1].Kind != "text" {
		return Value{}, typeRefusal("LIKE 须用文字")
	}
	s, p := a[0].Text, a[1].Text
	switch name {
	case "starts_with", "prefix":
		return boolValue(strings.HasPrefix(s, p)), nil
	case "contains":
		return boolValue(strings.Contains(s, p)), nil
	}
	if strings.HasSuffix(name, "*") {
		s, p = strings.ToLower(s), strings.ToLower(p)
	}
	return boolValue(wildcard([]rune(s), []rune(p)) != strings.HasPrefix(name, "!")), nil
}

// wildcard matches greedily, going back to the last % at most.
func wildcard(s, p []rune) bool {
	i, j, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case j < len(p) && p[j] == '%':
			star, mark = j, i
			j++
		case j < len(p) && (p[j] == '_' || p[j] == s[i]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = mark, star+1
		default:
			return false
		}
	}
	for j < len(p) && p[j] == '%' {
		j++
	}
	return j == len(p)
}
