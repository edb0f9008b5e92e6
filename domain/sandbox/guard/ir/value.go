package ir

import (
	"math"
	"math/bits"
	"strconv"
	"strings"
	"time"

	"pado/domain/sandbox/guard/ast"
	"pado/domain/sandbox/guard/coding"
	"pado/domain/sandbox/guard/refuse"
)

// Value is a key's value while grouping expressions are computed over declared domains.
// Kind is null, other, bool, text, num or date.
type Value struct {
	Kind string
	Text string
	Num  Frac
	Day  time.Time
	True bool
}

// Frac is an exact small fraction; operations that leave int64 fail.
type Frac struct{ N, D int64 }

var (
	nullValue  = Value{Kind: "null"}
	otherValue = Value{Kind: "other"}
)

func number(n int64) Value       { return Value{Kind: "num", Num: Frac{n, 1}} }
func textValue(s string) Value   { return Value{Kind: "text", Text: s} }
func boolValue(b bool) Value     { return Value{Kind: "bool", True: b} }
func dayValue(t time.Time) Value { return Value{Kind: "date", Day: t} }

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	if a < 0 {
		return -a
	}
	return a
}

func frac(n, d int64) (Frac, bool) {
	if d == 0 || n == math.MinInt64 || d == math.MinInt64 {
		return Frac{}, false
	}
	if d < 0 {
		n, d = -n, -d
	}
	if g := gcd(n, d); g > 1 {
		n, d = n/g, d/g
	}
	return Frac{n, d}, true
}

func mul(a, b int64) (int64, bool) {
	if a == 0 || b == 0 {
		return 0, true
	}
	hi, lo := bits.Mul64(uint64(abs(a)), uint64(abs(b)))
	if hi != 0 || lo > math.MaxInt64 || a == math.MinInt64 || b == math.MinInt64 {
		return 0, false
	}
	if (a < 0) != (b < 0) {
		return -int64(lo), true
	}
	return int64(lo), true
}

func add(a, b int64) (int64, bool) {
	c := a + b
	return c, (c > a) == (b > 0)
}

func abs(a int64) int64 {
	if a < 0 {
		return -a
	}
	return a
}

func (a Frac) times(b Frac) (Frac, bool) {
	n, ok1 := mul(a.N, b.N)
	d, ok2 := mul(a.D, b.D)
	if !ok1 || !ok2 {
		return Frac{}, false
	}
	return frac(n, d)
}

func (a Frac) plus(b Frac) (Frac, bool) {
	x, ok1 := mul(a.N, b.D)
	y, ok2 := mul(b.N, a.D)
	d, ok3 := mul(a.D, b.D)
	if !ok1 || !ok2 || !ok3 {
		return Frac{}, false
	}
	n, ok := add(x, y)
	if !ok {
		return Frac{}, false
	}
	return frac(n, d)
}

func (a Frac) cmp(b Frac) int {
	x, ok1 := mul(a.N, b.D)
	y, ok2 := mul(b.N, a.D)
	if !ok1 || !ok2 {
		f, g := a.Float(), b.Float()
		switch {
		case f < g:
			return -1
		case f > g:
			return 1
		}
		return 0
	}
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

func (a Frac) floor() int64 {
	q := a.N / a.D
	if a.N%a.D < 0 {
		q--
	}
	return q
}

// Float is the nearest float64.
func (a Frac) Float() float64 { return float64(a.N) / float64(a.D) }

// String is exact decimal text for decimal fractions, else the nearest float's.
func (a Frac) String() string {
	if a.D == 1 {
		return strconv.FormatInt(a.N, 10)
	}
	return strconv.FormatFloat(a.Float(), 'f', -1, 64)
}

// Key is a text that is equal exactly for equal values.
func (v Value) Key() string {
	switch v.Kind {
	case "num":
		return "n" + strconv.FormatInt(v.Num.N, 10) + "/" + strconv.FormatInt(v.Num.D, 10)
	case "date":
		return "d" + v.Day.Format(time.DateOnly)
	case "bool":
		return "b" + strconv.FormatBool(v.True)
	}
	return v.Kind[:1] + v.Text
}

// Word is the value as text; "" for null and other.
func (v Value) Word() string {
	switch v.Kind {
	case "num":
		return v.Num.String()
	case "date":
		return v.Day.Format(time.DateOnly)
	case "bool":
		return strconv.FormatBool(v.True)
	}
	return v.Text
}

// compare orders values of one kind.
func (v Value) compare(w Value) (int, bool) {
	if v.Kind != w.Kind {
		return 0, false
	}
	switch v.Kind {
	case "num":
		return v.Num.cmp(w.Num), true
	case "date":
		return v.Day.Compare(w.Day), true
	case "text":
		return strings.Compare(v.Text, w.Text), true
	case "bool":
		if v.True == w.True {
			return 0, true
		}
		if !v.True {
			return -1, true
		}
		return 1, true
	}
	return 0, false
}

// literal turns a constant expression into a value: literals, DATE '…', and − of a number.
func literal(e ast.Expr) (Value, bool) {
	switch e := e.(type) {
	case *ast.Const:
		switch e.Kind {
		case ast.Null:
			return nullValue, true
		case ast.Bool:
			return boolValue(e.Value == "true"), true
		case ast.Text:
			return textValue(e.Value), true
		}
		f, ok := parseFrac(e.Value)
		return Value{Kind: "num", Num: f}, ok
	case *ast.Cast:
		v, ok := literal(e.X)
		if !ok {
			return v, false
		}
		return castValue(v, e)
	case *ast.Func:
		if e.Operator && e.Name == "-" && len(e.Args) == 1 {
			v, ok := literal(e.Args[0])
			if ok && v.Kind == "num" {
				v.Num.N = -v.Num.N
				return v, true
			}
		}
		return shiftedDay(e)
	}
	return Value{}, false
}

// shiftedDay is DATE '…' ± INTERVAL n unit. The parser writes intervals as to_days(…) and kin.
func shiftedDay(e *ast.Func) (Value, bool) {
	if !e.Operator || len(e.Args) != 2 || (e.Name != "+" && e.Name != "-") {
		return Value{}, false
	}
	d, ok := literal(e.Args[0])
	f, isCall := e.Args[1].(*ast.Func)
	if !ok || d.Kind != "date" || !isCall || len(f.Args) != 1 {
		return Value{}, false
	}
	// the operand is CAST(trunc(CAST(n AS DOUBLE)) AS INTEGER)
	arg := f.Args[0]
	for {
		if c, ok := arg.(*ast.Cast); ok {
			arg = c.X
		} else if t, ok := arg.(*ast.Func); ok && t.Name == "trunc" && len(t.Args) == 1 {
			arg = t.Args[0]
		} else {
			break
		}
	}
	n, ok := literal(arg)
	n, _ = meet(n, number(0)) // INTERVAL '2' YEAR
	if !ok || n.Kind != "num" || n.Num.D != 1 || abs(n.Num.N) > 100_000 {
		return Value{}, false
	}
	k := int(n.Num.N)
	if e.Name == "-" {
		k = -k
	}
	switch f.Name {
	case "to_days":
		return dayValue(d.Day.AddDate(0, 0, k)), true
	case "to_weeks":
		return dayValue(d.Day.AddDate(0, 0, 7*k)), true
	case "to_months":
		return dayValue(addMonths(d.Day, k)), true
	case "to_quarters":
		return dayValue(addMonths(d.Day, 3*k)), true
	case "to_years":
		return dayValue(addMonths(d.Day, 12*k)), true
	}
	return Value{}, false
}

// addMonths keeps to the last day of a shorter month, as SQL does.
func addMonths(d time.Time, n int) time.Time {
	first := time.Date(d.Year(), d.Month()+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(d.Day(), last)-1)
}

// parseFrac reads exact decimal or exponent text.
func parseFrac(s string) (Frac, bool) {
	mant, exp, hasExp := strings.Cut(strings.ToLower(s), "e")
	shift := 0
	if hasExp {
		n, err := strconv.Atoi(exp)
		if err != nil || n > 18 || n < -18 {
			return Frac{}, false
		}
		shift = n
	}
	whole, part, _ := strings.Cut(mant, ".")
	part = strings.TrimRight(part, "0")
	shift -= len(part)
	n, err := strconv.ParseInt(whole+part, 10, 64)
	if err != nil || shift < -18 || shift > 18 {
		return Frac{}, false
	}
	p := int64(1)
	for range abs(int64(shift)) {
		p *= 10
	}
	if shift < 0 {
		return frac(n, p)
	}
	n, ok := mul(n, p)
	return Frac{n, 1}, ok
}

func castValue(v Value, c *ast.Cast) (Value, bool) {
	if v.Kind == "null" || v.Kind == "other" {
		return v, true
	}
	switch c.Type {
	case "VARCHAR":
		return textValue(v.Word()), true
	case "DATE":
		if v.Kind == "date" {
			return v, true
		}
		t, err := time.Parse(time.DateOnly, strings.TrimSpace(v.Text))
		return dayValue(t), err == nil && v.Kind == "text"
	case "BOOLEAN":
		return v, v.Kind == "bool"
	case "INTEGER", "BIGINT", "SMALLINT":
		if v.Kind == "text" {
			f, ok := parseFrac(strings.TrimSpace(v.Text))
			v = Value{Kind: "num", Num: f}
			if !ok {
				return v, false
			}
		}
		if v.Kind != "num" {
			return v, false
		}
		return number(roundHalf(v.Num)), true
	case "DOUBLE", "FLOAT", "DECIMAL":
		if v.Kind == "text" {
			f, ok := parseFrac(strings.TrimSpace(v.Text))
			return Value{Kind: "num", Num: f}, ok
		}
		return v, v.Kind == "num"
	}
	return v, false
}

// roundHalf rounds half away from zero.
func roundHalf(f Frac) int64 {
	neg := f.N < 0
	g := Frac{abs(f.N), f.D}
	n := g.floor()
	if rest := g.N - n*g.D; 2*rest >= g.D {
		n++
	}
	if neg {
		return -n
	}
	return n
}

// ofCode is the value a code of a column stands for.
func ofCode(c *coding.Coding, code int64) (Value, bool) {
	switch code {
	case coding.Missing:
		return nullValue, true
	case coding.Other:
		return otherValue, true
	}
	switch c.Kind {
	case coding.Domain:
		return ofWord(c.Type, c.Words[code])
	case coding.Date:
		return dayValue(c.Day(code)), true
	case coding.Number:
		r := c.Value(code)
		if !r.Num().IsInt64() || !r.Denom().IsInt64() {
			return Value{}, false
		}
		return Value{Kind: "num", Num: Frac{r.Num().Int64(), r.Denom().Int64()}}, true
	}
	return Value{}, false
}

// ofWord reads a declared or dictionary word as its type; words that do not read stay text.
func ofWord(kind, word string) (Value, bool) {
	switch kind {
	case "int", "decimal":
		if f, ok := parseFrac(word); ok {
			return Value{Kind: "num", Num: f}, true
		}
	case "date":
		if t, err := time.Parse(time.DateOnly, word); err == nil {
			return dayValue(t), true
		}
	}
	return textValue(word), true
}

func typeRefusal(what string) *refuse.Refusal { return refuse.New(refuse.Type, what) }
