package ir

import (
	"math/big"

	"pado/domain/sandbox/guard/ast"
	"pado/domain/sandbox/guard/coding"
	"pado/domain/sandbox/guard/policy"
	"pado/domain/sandbox/guard/refuse"
)

// rational linear form while an argument is being read: Const + Σ Coef·value(col).
type ratLinear struct {
	terms []ratTerm
	c     *big.Rat
}

type ratTerm struct {
	col  *Col
	coef *big.Rat
}

type ratBranch struct {
	cond  Pred
	value *ratLinear // nil: NULL
}

const maxBound = 1 << 60

// arg reads what an aggregate adds up: one measure, a linear form of measures, or CASE with
// such results. The bounds follow from the declared bounds, never from data.
func (s *scope) arg(e ast.Expr) (*Arg, *refuse.Refusal) {
	branches, r := s.argBranches(e)
	if r != nil {
		return nil, r
	}
	grid := new(big.Rat)
	for _, b := range branches {
		if b.value == nil {
			continue
		}
		grid = gcdRat(grid, b.value.c)
		for _, t := range b.value.terms {
			grid = gcdRat(grid, new(big.Rat).Mul(t.coef, t.col.Coding.Grid))
		}
	}
	if grid.Sign() == 0 {
		grid = big.NewRat(1, 1)
	}
	a := &Arg{Grid: grid}
	bounded := false // whether any branch has a value
	for _, b := range branches {
		out := ArgBranch{If: b.cond}
		if b.value != nil {
			l, lo, hi, ok := b.value.steps(grid)
			if !ok {
				return nil, refuse.New(refuse.Literal, "数值过大")
			}
			out.Value = l
			if !bounded {
				a.Lo, a.Hi, bounded = lo, hi, true
			}
			a.Lo, a.Hi = min(a.Lo, lo), max(a.Hi, hi)
		}
		a.Branches = append(a.Branches, out)
	}
	if !bounded {
		return nil, refuse.New(refuse.AggregateUse, "只有 NULL")
	}
	return a, nil
}

// steps expresses the form in grid units with its bounds.
func (l *ratLinear) steps(grid *big.Rat) (*Linear, int64, int64, bool) {
	whole := func(r *big.Rat) (int64, bool) {
		q := new(big.Rat).Quo(r, grid)
		return q.Num().Int64(), q.IsInt() && q.Num().IsInt64() && abs(q.Num().Int64()) < maxBound
	}
	c, ok := whole(l.c)
	out := &Linear{Const: c}
	lo, hi := c, c
	for _, t := range l.terms {
		coef, good := whole(new(big.Rat).Mul(t.coef, t.col.Coding.Grid))
		ok = ok && good
		out.Terms = append(out.Terms, Term{Col: t.col, Coef: coef})
		a, g1 := mul(coef, t.col.Coding.MeasureLo)
		b, g2 := mul(coef, t.col.Coding.MeasureHi)
		ok = ok && g1 && g2 && abs(a) < maxBound && abs(b) < maxBound
		lo, hi = lo+min(a, b), hi+max(a, b)
		ok = ok && abs(lo) < maxBound && abs(hi) < maxBound
	}
	return out, lo, hi, ok
}

func gcdRat(a, b *big.Rat) *big.Rat {
	if a.Sign() == 0 {
		return new(big.Rat).Abs(b)
	}
	if b.Sign() == 0 {
		return new(big.Rat).Abs(a)
	}
	x := new(big.Int).Mul(a.Num(), b.Denom())
	y := new(big.Int).Mul(b.Num(), a.Denom())
	n := new(big.Int).GCD(nil, nil, x.Abs(x), y.Abs(y))
	return new(big.Rat).SetFrac(n, new(big.Int).Mul(a.Denom(), b.Denom()))
}

func (s *scope) argBranches(e ast.Expr) ([]ratBranch, *refuse.Refusal) {
	switch e := e.(type) {
	case *ast.Case:
		var out []ratBranch
		for _, w := range e.Whens {
			p, r := s.predicate(w.If, false)
			if r != nil {
				return nil, r
			}
			v, r := s.linear(w.Then)
			if r != nil {
				return nil, r
			}
			out = append(out, ratBranch{cond: p, value: v})
		}
		v, r := s.linear(e.Else)
		return append(out, ratBranch{value: v}), r
	case *ast.Coalesce:
		var out []ratBranch
		for i, a := range e.Args {
			v, r := s.linear(a)
			if r != nil {
				return nil, r
			}
			if v == nil {
				continue
			}
			if len(v.terms) == 0 {
				return append(out, ratBranch{value: v}), nil
			}
			if len(v.terms) > 1 {
				return nil, refuse.New(refuse.AggregateUse, "coalesce 的参数")
			}
			b := ratBranch{value: v}
			if i < len(e.Args)-1 {
				b.cond = &HasValue{Col: v.terms[0].col}
			}
			out = append(out, b)
		}
		return out, nil
	}
	if c, ok := e.(*ast.Cast); ok && castResult[c.Type] != "text" && condition(c.X) {
		// a condition as a number: 1 where it holds, else 0
		p, r := s.predicate(c.X, false)
		return []ratBranch{{cond: p, value: &ratLinear{c: big.NewRat(1, 1)}}, {value: &ratLinear{c: new(big.Rat)}}}, r
	}
	v, r := s.linear(e)
	return []ratBranch{{value: v}}, r
}

func condition(e ast.Expr) bool {
	switch e.(type) {
	case *ast.Compare, *ast.Between, *ast.In, *ast.Logic, *ast.Not, *ast.IsNull, *ast.InQuery:
		return true
	}
	return false
}

// linear reads a linear form; nil without refusal is the literal NULL.
func (s *scope) linear(e ast.Expr) (*ratLinear, *refuse.Refusal) {
	if v, ok := literal(e); ok {
		switch v.Kind {
		case "null":
			return nil, nil
		case "num":
			return &ratLinear{c: big.NewRat(v.Num.N, v.Num.D)}, nil
		}
		return nil, refuse.New(refuse.NotMeasure, v.Word())
	}
	switch e := e.(type) {
	case *ast.Column:
		k, r := s.column(e)
		if r != nil {
			return nil, r
		}
		switch {
		case k.Label == policy.Unit:
			return nil, refuse.New(refuse.UnitUse, k.Name)
		case k.Label == policy.JoinOnly:
			return nil, refuse.New(refuse.JoinOnlyUse, k.Name)
		case k.Coding == nil || !k.Coding.Measure || k.Value == "":
			return nil, refuse.New(refuse.NotMeasure, k.Name)
		}
		return &ratLinear{terms: []ratTerm{{k, big.NewRat(1, 1)}}, c: new(big.Rat)}, nil
	case *ast.Cast:
		switch e.Type {
		case "DOUBLE", "FLOAT", "DECIMAL", "BIGINT", "INTEGER":
			return s.linear(e.X) // the argument is exact in its own grid; a cast changes nothing
		}
	case *ast.Func:
		return s.linearCall(e)
	case *ast.Case, *ast.Coalesce:
		return nil, refuse.New(refuse.AggregateUse, "CASE 只能写在聚合参数的最外层")
	}
	return nil, refuse.New(refuse.AggregateUse)
}

func (s *scope) linearCall(e *ast.Func) (*ratLinear, *refuse.Refusal) {
	if isAggregate(e.Name) {
		return nil, refuse.New(refuse.NestedAggregate, e.Name)
	}
	if !e.Operator || len(e.Args) == 0 || len(e.Args) > 2 {
		return nil, refuse.New(refuse.AggregateUse, e.Name).WithHint("聚合参数只能是度量字段的加、减、与常量的乘、除，或 CASE。")
	}
	var sides []*ratLinear
	for _, a := range e.Args {
		l, r := s.linear(a)
		if r != nil {
			return nil, r
		}
		if l == nil {
			return nil, refuse.New(refuse.AggregateUse, "NULL")
		}
		sides = append(sides, l)
	}
	x := sides[0]
	if len(sides) == 1 {
		if e.Name == "-" {
			return x.scale(big.NewRat(-1, 1)), nil
		}
		return nil, refuse.New(refuse.AggregateUse, e.Name)
	}
	y := sides[1]
	switch e.Name {
	case "+":
		return x.plus(y), nil
	case "-":
		return x.plus(y.scale(big.NewRat(-1, 1))), nil
	case "*":
		if len(x.terms) == 0 {
			x, y = y, x
		}
		if len(y.terms) == 0 {
			return x.scale(y.c), nil
		}
	case "/":
		if len(y.terms) == 0 && y.c.Sign() != 0 {
			return x.scale(new(big.Rat).Inv(y.c)), nil
		}
	}
	return nil, refuse.New(refuse.AggregateUse, "运算 "+e.Name).WithHint("两个度量之间只能相加减；相乘请改用 covar_pop 或 corr，相除请对两个 sum 的结果相除。")
}

func (l *ratLinear) scale(f *big.Rat) *ratLinear {
	out := &ratLinear{c: new(big.Rat).Mul(l.c, f)}
	for _, t := range l.terms {
		out.terms = append(out.terms, ratTerm{t.col, new(big.Rat).Mul(t.coef, f)})
	}
	return out
}

func (l *ratLinear) plus(m *ratLinear) *ratLinear {
	out := &ratLinear{c: new(big.Rat).Add(l.c, m.c), terms: append([]ratTerm{}, l.terms...)}
	for _, t := range m.terms {
		merged := false
		for i := range out.terms {
			if out.terms[i].col == t.col {
				out.terms[i].coef = new(big.Rat).Add(out.terms[i].coef, t.coef)
				merged = true
			}
		}
		if !merged {
			out.terms = append(out.terms, t)
		}
	}
	return out
}

// present is the condition that an argument of a plain column has a value; nil when always.
func present(k *Col) Pred {
	if k.Coding != nil && k.Coding.Measure && k.Value != "" {
		return &HasValue{Col: k}
	}
	return &InSet{Col: k, Set: presentSet(true)}
}

// usable: codings a count(column) may look at.
func usable(k *Col) bool {
	return k.Coding != nil && (k.Coding.Kind != coding.None || k.Coding.Measure)
}
