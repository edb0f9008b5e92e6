package ir

import (
	"math/big"
	"strings"

	"pado/domain/sandbox/guard/ast"
	"pado/domain/sandbox/guard/coding"
	"pado/domain/sandbox/guard/policy"
	"pado/domain/sandbox/guard/refuse"
)

var flipped = map[string]string{"=": "=", "<>": "<>", "<": ">", ">": "<", "<=": ">=", ">=": "<=", "IS DISTINCT": "IS DISTINCT", "IS NOT DISTINCT": "IS NOT DISTINCT"}
var negated = map[string]string{"=": "<>", "<>": "=", "<": ">=", ">": "<=", "<=": ">", ">=": "<"}

// predicate checks a condition over protected columns and turns it into sets of codes.
// negate pushes NOT down, so unknown never becomes true.
func (s *scope) predicate(e ast.Expr, negate bool) (Pred, *refuse.Refusal) {
	switch e := e.(type) {
	case *ast.Logic:
		var args []Pred
		for _, a := range e.Args {
			p, r := s.predicate(a, negate)
			if r != nil {
				return nil, r
			}
			args = append(args, p)
		}
		if e.And != negate {
			return allOf(args...), nil
		}
		return anyOf(args...), nil
	case *ast.Not:
		return s.predicate(e.X, !negate)
	case *ast.Const:
		if e.Kind == ast.Bool {
			return constant((e.Value == "true") != negate), nil
		}
	case *ast.Compare:
		return s.comparison(e, negate)
	case *ast.Between:
		return s.predicate(&ast.Logic{And: true, Args: []ast.Expr{
			&ast.Compare{Op: ">=", L: e.X, R: e.Lo}, &ast.Compare{Op: "<=", L: e.X, R: e.Hi}}}, negate)
	case *ast.In:
		return s.membership(e, negate)
	case *ast.IsNull:
		return s.presence(e, negate)
	case *ast.InQuery:
		if negate {
			return nil, refuse.New(refuse.Subquery, "NOT IN 子查询")
		}
		return s.semiJoin(e)
	case *ast.Column:
		return s.comparison(&ast.Compare{Op: "=", L: e, R: &ast.Const{Kind: ast.Bool, Value: "true"}}, negate)
	case *ast.Func:
		if isAggregate(e.Name) {
			return nil, refuse.New(refuse.NestedAggregate, e.Name)
		}
	case *ast.Window:
		return nil, refuse.New(refuse.WindowUse)
	}
	if c := s.bandColumn(e); c != nil {
		return s.banded(e, c, negate)
	}
	return nil, refuse.New(refuse.Predicate)
}

// insideOut names what has no place in a condition over rows.
func insideOut(e ast.Expr) *refuse.Refusal {
	var out *refuse.Refusal
	ast.Walk(e, func(x ast.Expr) {
		switch x := x.(type) {
		case *ast.Func:
			if isAggregate(x.Name) {
				out = first(out, refuse.New(refuse.NestedAggregate, x.Name))
			}
		case *ast.Window:
			out = first(out, refuse.New(refuse.WindowUse))
		case *ast.InQuery:
			out = first(out, refuse.New(refuse.Subquery))
		}
	})
	return out
}

func constant(v bool) Pred {
	if v {
		return &AllOf{}
	}
	return &AnyOf{}
}

// allOf and anyOf merge sets over the same column, so that equal conditions written
// differently become one condition.
func allOf(args ...Pred) Pred {
	return combine(args, true)
}

func anyOf(args ...Pred) Pred {
	return combine(args, false)
}

func combine(args []Pred, all bool) Pred {
	var flat []Pred
	for _, a := range args {
		switch a := a.(type) {
		case nil:
			continue
		case *AllOf:
			if all {
				flat = append(flat, a.Args...)
				continue
			}
			if len(a.Args) == 0 {
				return a // true in OR
			}
		case *AnyOf:
			if !all {
				flat = append(flat, a.Args...)
				continue
			}
			if len(a.Args) == 0 {
				return a // false in AND
			}
		}
		flat = append(flat, a)
	}
	var out []Pred
	at := map[*Col]int{}
	for _, a := range flat {
		in, ok := a.(*InSet)
		if !ok {
			out = append(out, a)
			continue
		}
		i, seen := at[in.Col]
		if !seen {
			at[in.Col] = len(out)
			out = append(out, &InSet{Col: in.Col, Set: in.Set})
			continue
		}
		merged := out[i].(*InSet)
		if all {
			merged.Set = merged.Set.Intersect(in.Set)
		} else {
			merged.Set = merged.Set.Union(in.Set)
		}
	}
	if len(out) == 1 {
		return out[0]
	}
	if all {
		return &AllOf{Args: out}
	}
	return &AnyOf{Args: out}
}

func (s *scope) comparison(e *ast.Compare, negate bool) (Pred, *refuse.Refusal) {
	op, col, lit := e.Op, e.L, e.R
	if l, ok := literal(col); ok {
		if m, ok := literal(lit); ok { // 1 = 1
			t, r := compareValues(op, l, m)
			return constant(t.Kind == "bool" && t.True != negate), r
		}
		op, col, lit = flipped[op], lit, col
	}
	v, ok := literal(lit)
	c, isCol := col.(*ast.Column)
	if !ok || !isCol {
		if r := insideOut(e); r != nil {
			return nil, r
		}
		if k := s.bandColumn(e); k != nil {
			return s.banded(e, k, negate)
		}
		return nil, refuse.New(refuse.Predicate)
	}
	k, r := s.filterColumn(c)
	if r != nil {
		return nil, r
	}
	if v.Kind == "null" && op != "IS DISTINCT" && op != "IS NOT DISTINCT" {
		return nil, refuse.New(refuse.Literal, "与 NULL 比较").WithHint("请改用 IS NULL 或 IS NOT NULL。")
	}
	switch op {
	case "IS DISTINCT", "IS NOT DISTINCT":
		want := (op == "IS DISTINCT") != negate // true: differs
		if v.Kind == "null" {
			return s.isNull(k, want)
		}
		eq := "="
		if want {
			eq = "<>"
		}
		p, r := s.leaf(k, eq, v)
		if r != nil || !want {
			return p, r
		}
		null, r := s.isNull(k, false)
		return anyOf(p, null), r
	}
	if negate {
		op = negated[op]
	}
	return s.leaf(k, op, v)
}

// filterColumn resolves a column and checks that its label lets it into a condition.
func (s *scope) filterColumn(c *ast.Column) (*Col, *refuse.Refusal) {
	k, r := s.column(c)
	if r != nil {
		return nil, r
	}
	switch k.Label {
	case policy.Unit:
		return nil, refuse.New(refuse.UnitUse, k.Name)
	case policy.JoinOnly:
		return nil, refuse.New(refuse.JoinOnlyUse, k.Name)
	case policy.Measure:
		return nil, refuse.New(refuse.MeasureUse, k.Name)
	}
	if k.Coding.Kind == coding.None {
		return nil, refuse.New(refuse.Forbidden, k.Name)
	}
	return k, nil
}

// leaf is column op literal as a set of codes. Codes Missing and Other are in the set only
// where the comparison is known to hold for them.
func (s *scope) leaf(k *Col, op string, v Value) (Pred, *refuse.Refusal) {
	if k.Label == policy.SensitiveDim && op != "=" {
		return nil, refuse.New(refuse.SensitiveUse, k.Name)
	}
	c := k.Coding
	switch c.Kind {
	case coding.Dict:
		if op != "=" && op != "<>" {
			return nil, refuse.New(refuse.Predicate, k.Name+" 只能作等值比较")
		}
		if v.Kind == "other" || v.Kind == "null" {
			return nil, refuse.New(refuse.Literal)
		}
		return &InWords{Col: k, Words: []string{v.Word()}, Negated: op == "<>"}, nil
	case coding.Domain:
		return s.domainLeaf(k, op, v)
	case coding.Number:
		if v.Kind == "text" {
			v, _ = meet(v, number(0))
		}
		if v.Kind != "num" {
			return nil, typeRefusal(k.Name + " 是数字")
		}
		x := big.NewRat(v.Num.N, v.Num.D)
		return &InSet{Col: k, Set: orderSet(op, c.Below(x, false), c.Below(x, true), c.N)}, nil
	case coding.Date:
		if v.Kind == "text" {
			v = asDay(v)
		}
		if v.Kind != "date" {
			return nil, typeRefusal(k.Name + " 是日期").WithHint("请写成 DATE '2024-01-31'。")
		}
		return &InSet{Col: k, Set: orderSet(op, c.BelowDay(v.Day, false), c.BelowDay(v.Day, true), c.N)}, nil
	}
	return nil, refuse.New(refuse.Predicate, k.Name)
}

// orderSet: codes below a are less than the literal, codes a..b-1 equal it, the rest greater.
func orderSet(op string, a, b, n int64) Set {
	switch op {
	case "=":
		return NewSet(Span{a, b - 1})
	case "<>":
		return NewSet(Span{0, a - 1}, Span{b, n - 1}, Span{coding.Other, coding.Other})
	case "<":
		return NewSet(Span{0, a - 1})
	case "<=":
		return NewSet(Span{0, b - 1})
	case ">":
		return NewSet(Span{b, n - 1})
	case ">=":
		return NewSet(Span{a, n - 1})
	}
	return nil
}

func (s *scope) domainLeaf(k *Col, op string, v Value) (Pred, *refuse.Refusal) {
	c := k.Coding
	if op == "=" || op == "<>" {
		code, ok := c.Code(v.Word())
		if !ok {
			return nil, unknownWord(k, v.Word())
		}
		if op == "=" {
			return &InSet{Col: k, Set: NewSet(Span{code, code})}, nil
		}
		return &InSet{Col: k, Set: NewSet(Span{0, c.N - 1}, Span{coding.Other, coding.Other}).Without(code)}, nil
	}
	var spans []Span
	for i, w := range c.Words {
		x, _ := ofWord(c.Type, w)
		t, r := compareValues(op, x, v)
		if r != nil {
			return nil, r
		}
		if t.Kind == "bool" && t.True {
			spans = append(spans, Span{int64(i), int64(i)})
		}
	}
	return &InSet{Col: k, Set: NewSet(spans...)}, nil
}

func unknownWord(k *Col, word string) *refuse.Refusal {
	r := refuse.Newf(refuse.LiteralDomain, "%s = %s", k.Name, word)
	if len(k.Coding.Words) <= 20 {
		return r.WithHint("%s 的取值为：%s", k.Name, strings.Join(k.Coding.Words, "、"))
	}
	return r.WithHint("%s 共有 %d 个公布的取值，见授权数据的结构页面。", k.Name, len(k.Coding.Words))
}

func (s *scope) membership(e *ast.In, negate bool) (Pred, *refuse.Refusal) {
	c, ok := e.X.(*ast.Column)
	if !ok {
		if k := s.bandColumn(e); k != nil {
			return s.banded(e, k, negate)
		}
		return nil, refuse.New(refuse.Predicate)
	}
	k, r := s.filterColumn(c)
	if r != nil {
		return nil, r
	}
	not := e.Negated != negate
	var out []Pred
	var words []string
	for _, w := range e.List {
		v, ok := literal(w)
		if !ok || v.Kind == "null" {
			return nil, refuse.New(refuse.Predicate, "IN 列表只能是非空常量")
		}
		if k.Coding.Kind == coding.Dict {
			words = append(words, v.Word())
			continue
		}
		op := "="
		if not {
			op = "<>"
		}
		p, r := s.leaf(k, op, v)
		if r != nil {
			return nil, r
		}
		out = append(out, p)
	}
	if k.Coding.Kind == coding.Dict {
		if not && k.Label == policy.SensitiveDim {
			return nil, refuse.New(refuse.SensitiveUse, k.Name)
		}
		return &InWords{Col: k, Words: words, Negated: not}, nil
	}
	if not {
		return allOf(out...), nil
	}
	return anyOf(out...), nil
}

// presence is IS [NOT] NULL; it is the one condition a measure may appear in, because whether
// a figure was recorded is not the figure.
func (s *scope) presence(e *ast.IsNull, negate bool) (Pred, *refuse.Refusal) {
	c, ok := e.X.(*ast.Column)
	if !ok {
		return nil, refuse.New(refuse.Predicate)
	}
	present := e.Negated != negate
	k, r := s.column(c)
	if r != nil {
		return nil, r
	}
	if k.Label == policy.Unit && k.Nullable {
		return &InSet{Col: k, Set: presentSet(present)}, nil
	}
	if k.Label == policy.Measure {
		return &HasValue{Col: k, Negated: !present}, nil
	}
	if _, r = s.filterColumn(c); r != nil {
		return nil, r
	}
	return s.isNull(k, present)
}

func presentSet(present bool) Set {
	if present {
		return NewSet(Span{coding.Other, coding.Other}, Span{0, maxCode})
	}
	return NewSet(Span{coding.Missing, coding.Missing})
}

// maxCode bounds unit numbers and dictionary codes.
const maxCode = 1 << 48

func (s *scope) isNull(k *Col, present bool) (Pred, *refuse.Refusal) {
	if k.Label == policy.SensitiveDim {
		return nil, refuse.New(refuse.SensitiveUse, k.Name)
	}
	return &InSet{Col: k, Set: presentSet(present)}, nil
}

// bandColumn returns the only column of an expression when its values can be listed, so that
// a condition such as floor(age/10)*10 = 30 or year(d) = 2024 becomes a set of codes.
func (s *scope) bandColumn(e ast.Expr) *Col {
	var only *Col
	ok := true
	ast.Walk(e, func(x ast.Expr) {
		c, isCol := x.(*ast.Column)
		if !isCol {
			return
		}
		k, r := s.column(c)
		if r != nil || (only != nil && only != k) {
			ok = false
			return
		}
		only = k
	})
	if !ok || only == nil || only.Coding == nil || (only.Label != policy.Dim && only.Label != policy.PublicColumn) {
		return nil
	}
	switch only.Coding.Kind {
	case coding.Domain, coding.Number, coding.Date:
		return only
	}
	return nil
}

// banded evaluates a condition for every code of its only column.
func (s *scope) banded(e ast.Expr, k *Col, negate bool) (Pred, *refuse.Refusal) {
	if s.r.spend(k.Coding.N) {
		return nil, refuse.New(refuse.TooComplex)
	}
	ev := &evaluator{isColumn: func(*ast.Column) bool { return true }}
	var spans []Span
	for code := coding.Other; code < k.Coding.N; code++ {
		v, ok := ofCode(k.Coding, code)
		if !ok {
			return nil, refuse.New(refuse.Predicate)
		}
		ev.x = v
		t, r := ev.truth(e)
		if r != nil {
			if r.Code == refuse.KeyExpression {
				r = refuse.New(refuse.Predicate)
			}
			return nil, r
		}
		if t.Kind == "bool" && t.True != negate {
			spans = append(spans, Span{code, code})
		}
	}
	set := NewSet(spans...)
	if len(set) > maxSpans {
		return nil, refuse.New(refuse.TooComplex, "条件把取值分得过碎")
	}
	return &InSet{Col: k, Set: set}, nil
}

// maxSpans bounds the separate stretches of codes one condition may pick out.
const maxSpans = 500
