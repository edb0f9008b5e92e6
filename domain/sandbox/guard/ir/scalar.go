package ir

import (
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
	case *ast.Func:
		return v.call(e)
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
