package ir

import (
	"fmt"
	"strings"

	"pado/domain/sandbox/guard/ast"
	"pado/domain/sandbox/guard/refuse"
)

// unify is the common type of two branches; null goes with anything.
func unify(a, b string) (string, bool) {
	switch {
	case a == b, b == "null":
		return a, true
	case a == "null":
		return b, true
	case (a == "int" && b == "number") || (a == "number" && b == "int"):
		return "number", true
	}
	return "", false
}

func numeric(t string) bool { return t == "int" || t == "number" || t == "null" }

// expr translates one expression over released cells.
func (p *post) expr(e ast.Expr) (val, *refuse.Refusal) {
	if p.bb != nil {
		if v, ok, ref := p.guardedRef(e); ok || ref != nil {
			return v, ref
		}
	}
	switch e := e.(type) {
	case *ast.Column:
		return p.columnRef(e)
	case *ast.Const:
		return p.constant(e)
	case *ast.Compare:
		return p.compare(e)
	case *ast.Between:
		return p.expr(&ast.Logic{And: true, Args: []ast.Expr{&ast.Compare{Op: ">=", L: e.X, R: e.Lo}, &ast.Compare{Op: "<=", L: e.X, R: e.Hi}}})
	case *ast.In:
		var args []ast.Expr
		for _, w := range e.List {
			args = append(args, &ast.Compare{Op: "=", L: e.X, R: w})
		}
		v, ref := p.expr(ast.NewLogic(false, args...))
		if e.Negated && ref == nil {
			v.e = &ast.Not{X: v.e}
		}
		return v, ref
	case *ast.Logic:
		var args []ast.Expr
		for _, a := range e.Args {
			c, ref := p.condition(a)
			if ref != nil {
				return val{}, ref
			}
			args = append(args, c)
		}
		return val{e: ast.NewLogic(e.And, args...), typ: "bool", from: FromDerived}, nil
	case *ast.Not:
		c, ref := p.condition(e.X)
		return val{e: &ast.Not{X: c}, typ: "bool", from: FromDerived}, ref
	case *ast.IsNull:
		v, ref := p.expr(e.X)
		return val{e: &ast.IsNull{X: v.e, Negated: e.Negated}, typ: "bool", from: FromDerived}, ref
	case *ast.Coalesce:
		out := val{typ: "null", from: FromDerived}
		c := &ast.Coalesce{}
		for _, a := range e.Args {
			v, ref := p.expr(a)
			if ref != nil {
				return v, ref
			}
			t, ok := unify(out.typ, v.typ)
			if !ok {
				return val{}, typeRefusal("coalesce 的参数")
			}
			out.typ = t
			c.Args = append(c.Args, v.e)
		}
		out.e = c
		return out, nil
	case *ast.Case:
		return p.caseExpr(e)
	case *ast.Cast:
		return p.cast(e)
	case *ast.Func:
		return p.call(e)
	case *ast.Window:
		return p.window(e)
	case *ast.Star:
		return val{}, refuse.New(refuse.Star)
	}
	return val{}, refuse.New(refuse.Subquery)
}

// guardedRef recognises grouping expressions and aggregates of the guarded SELECT.
func (p *post) guardedRef(e ast.Expr) (val, bool, *refuse.Refusal) {
	if _, isConst := e.(*ast.Const); isConst {
		return val{}, false, nil
	}
	if text, ok := p.s.canon(e); ok {
		for i, t := range p.bb.keyText {
			if t != text {
				continue
			}
			k := p.bb.b.Keys[i]
			v := val{e: &ast.Column{Names: []string{p.rel, KeyName(i)}}, typ: k.SQLType(), from: FromKey}
			if v.typ != "text" {
				v.tag = &ast.Column{Names: []string{p.rel, KeyName(i) + TagSuffix}}
			}
			return v, true, nil
		}
	}
	f, ok := e.(*ast.Func)
	if !ok || !isAggregate(f.Name) {
		return val{}, false, nil
	}
	n, ref := p.bb.figure(f)
	if ref != nil {
		return val{}, false, ref
	}
	half := &ast.Column{Names: []string{p.rel, FigureName(n) + HalfSuffix}}
	col := p.figureRef(&ast.Column{Names: []string{p.rel, FigureName(n)}}, half)
	return val{e: col, typ: "number", from: FromFigure, half: half}, true, nil
}

// KeyName and FigureName are the columns of a release table.
func KeyName(i int) string { return fmt.Sprintf("k%d", i) }

// FigureName is the column of figure i.
func FigureName(i int) string { return fmt.Sprintf("f%d", i) }

// SQLType is the type of the key's column in the release table.
func (k *Key) SQLType() string {
	if k.Type == "decimal" {
		return "number"
	}
	if k.Type == "" {
		return "text"
	}
	return k.Type
}

func (p *post) columnRef(c *ast.Column) (val, *refuse.Refusal) {
	if p.bb == nil {
		o, ref := p.s.released(c)
		if ref != nil {
			if x, ok := aliasOf(p.sel0(), c); ok && !p.s.has(c.Names[len(c.Names)-1]) {
				return p.expr(x)
			}
			return val{}, ref
		}
		v := val{e: o.Ref, typ: o.Type, from: o.From, half: o.Half, tag: o.Tag}
		if o.Half != nil {
			v.e = p.figureRef(o.Ref, o.Half)
		}
		return v, nil
	}
	if k, ref := p.s.column(c); ref == nil {
		return val{}, refuse.New(refuse.NotGrouped, k.Name)
	} else if ref.Code != refuse.UnknownColumn {
		return val{}, ref
	} else if x, ok := aliasOf(p.sel, c); ok {
		return p.expr(x)
	} else {
		return val{}, ref
	}
}

func (p *post) sel0() *ast.Select {
	if p.sel == nil {
		return &ast.Select{}
	}
	return p.sel
}

func (p *post) constant(c *ast.Const) (val, *refuse.Refusal) {
	switch c.Kind {
	case ast.Null:
		return val{e: c, typ: "null", from: FromDerived}, nil
	case ast.Bool:
		return val{e: c, typ: "bool", from: FromDerived}, nil
	case ast.Text:
		return val{e: p.r.text(c.Value), typ: "text", from: FromKey}, nil
	}
	if len(c.Value) > 20 {
		return val{}, refuse.New(refuse.Literal, c.Value)
	}
	t := "number"
	if c.Kind == ast.Int {
		t = "int"
	}
	return val{e: c, typ: t, from: FromDerived}, nil
}

func (p *post) compare(e *ast.Compare) (val, *refuse.Refusal) {
	l, ref := p.expr(e.L)
	if ref != nil {
		return l, ref
	}
	r, ref := p.expr(e.R)
	if ref != nil {
		return r, ref
	}
	l.e, r.e = asDate(l, r), asDate(r, l)
	if l.typ == "date" || r.typ == "date" {
		if l.typ == "text" {
			l.typ = "date"
		}
		if r.typ == "text" {
			r.typ = "date"
		}
	}
	if _, ok := unify(l.typ, r.typ); !ok {
		return val{}, typeRefusal("比较的两侧")
	}
	return val{e: &ast.Compare{Op: e.Op, L: l.e, R: r.e}, typ: "bool", from: FromDerived}, nil
}

// asDate reads a text literal beside a date as a date.
func asDate(v, other val) ast.Expr {
	if c, ok := v.e.(*ast.Cast); ok && v.typ == "text" && other.typ == "date" {
		if _, isParam := c.X.(*ast.Param); isParam {
			return &ast.Cast{X: c, Type: "DATE", Try: true}
		}
	}
	return v.e
}

func (p *post) caseExpr(e *ast.Case) (val, *refuse.Refusal) {
	out := val{typ: "null", from: FromDerived}
	c := &ast.Case{}
	for _, w := range e.Whens {
		cond, ref := p.condition(w.If)
		if ref != nil {
			return val{}, ref
		}
		v, ref := p.expr(w.Then)
		if ref != nil {
			return v, ref
		}
		t, ok := unify(out.typ, v.typ)
		if !ok {
			return val{}, typeRefusal("CASE 的各结果")
		}
		out.typ = t
		c.Whens = append(c.Whens, ast.When{If: cond, Then: v.e})
	}
	v, ref := p.expr(e.Else)
	if ref != nil {
		return v, ref
	}
	t, ok := unify(out.typ, v.typ)
	if !ok {
		return val{}, typeRefusal("CASE 的各结果")
	}
	out.typ, c.Else = t, v.e
	out.e = c
	return out, nil
}

var castResult = map[string]string{"INTEGER": "int", "BIGINT": "int", "SMALLINT": "int", "DOUBLE": "number", "FLOAT": "number", "DECIMAL": "number",
	"VARCHAR": "text", "DATE": "date", "BOOLEAN": "bool"}

func (p *post) cast(e *ast.Cast) (val, *refuse.Refusal) {
	v, ref := p.expr(e.X)
	if ref != nil {
		return v, ref
	}
	t := castResult[e.Type]
	if t == "" {
		return val{}, refuse.New(refuse.Cast, e.Type)
	}
	if t == "text" && v.typ == "number" {
		// a figure as text would escape rounding at the exit
		return val{}, refuse.New(refuse.Cast, "数值转文字").WithHint("数值列请直接输出。")
	}
	if t == "int" && v.typ == "number" {
		t = "number" // a figure stays a figure
	}
	c := *e
	c.X, c.Try = v.e, true
	return val{e: &c, typ: t, from: FromDerived}, nil
}

type postFunc struct {
	min, max int
	arg      string // num, text, date, any: of every argument
	result   string // "" = as the arguments
}

// postFuncs are the functions of stage 2; all are total here, by themselves or by a guard.
var postFuncs = map[string]postFunc{
	"+": {1, 2, "num", ""}, "-": {1, 2, "num", ""}, "*": {2, 2, "num", ""}, "/": {2, 2, "num", "number"},
	"//": {2, 2, "num", "number"}, "%": {2, 2, "num", "number"}, "mod": {2, 2, "num", "number"},
	"round": {1, 2, "num", ""}, "floor": {1, 1, "num", ""}, "ceil": {1, 1, "num", ""}, "ceiling": {1, 1, "num", ""}, "abs": {1, 1, "num", ""},
	"trunc": {1, 1, "num", ""}, "sqrt": {1, 1, "num", "number"}, "ln": {1, 1, "num", "number"}, "log10": {1, 1, "num", "number"},
	"sign":     {1, 1, "num", "int"},
	"greatest": {2, 8, "num", ""}, "least": {2, 8, "num", ""}, "nullif": {2, 2, "any", ""},
	"||": {2, 2, "text", "text"}, "concat": {1, 8, "text", "text"}, "upper": {1, 1, "text", "text"}, "lower": {1, 1, "text", "text"},
	"year": {1, 1, "date", "int"}, "month": {1, 1, "date", "int"}, "quarter": {1, 1, "date", "int"}, "day": {1, 1, "date", "int"},
}

// postAggregates combine released cells.
var postAggregates = map[string]string{"sum": "number", "avg": "number", "min": "", "max": "", "count": "int", "count_star": "int", "median": "number",
	"stddev": "number", "stddev_samp": "number", "stddev_pop": "number", "var_samp": "number", "var_pop": "number"}

func (p *post) call(f *ast.Func) (val, *refuse.Refusal) {
	if isAggregate(f.Name) {
		return p.aggregate(f)
	}
	d, ok := postFuncs[f.Name]
	if !ok {
		return val{}, refuse.New(refuse.Function, f.Name)
	}
	if len(f.Args) < d.min || len(f.Args) > d.max || f.Distinct || f.Filter != nil || len(f.Order) > 0 {
		return val{}, refuse.New(refuse.Function, f.Name+" 的参数个数")
	}
	typ := "null"
	var args []ast.Expr
	for _, a := range f.Args {
		v, ref := p.expr(a)
		if ref != nil {
			return v, ref
		}
		if (d.arg == "num" && !numeric(v.typ)) || (d.arg == "text" && v.typ != "text") || (d.arg == "date" && v.typ != "date") {
			return val{}, typeRefusal(f.Name + " 的参数")
		}
		t, ok := unify(typ, v.typ)
		if !ok {
			return val{}, typeRefusal(f.Name + " 的参数")
		}
		typ = t
		args = append(args, v.e)
	}
	if d.result != "" {
		typ = d.result
	}
	out := val{typ: typ, from: FromDerived, e: &ast.Func{Name: f.Name, Args: args, Operator: f.Operator}}
	guard := func(c ast.Expr) {
		out.e = &ast.Case{Whens: []ast.When{{If: c, Then: out.e}}, Else: &ast.Const{Kind: ast.Null}}
	}
	zero := &ast.Const{Kind: ast.Int, Value: "0"}
	double := func(e ast.Expr) ast.Expr { return &ast.Cast{X: e, Type: "DOUBLE", Try: true} }
	switch f.Name {
	case "+", "-", "*":
		// sums of whole numbers run in floating point, where nothing overflows
		if len(args) == 2 {
			out.e, out.typ = op(f.Name, double(args[0]), double(args[1])), "number"
		}
	case "/", "//", "%", "mod":
		out.e = op(map[string]string{"/": "/", "//": "//", "%": "%", "mod": "%"}[f.Name], double(args[0]), double(args[1]))
		guard(&ast.Compare{Op: "<>", L: args[1], R: zero})
	case "sqrt":
		guard(&ast.Compare{Op: ">=", L: args[0], R: zero})
	case "ln", "log10":
		guard(&ast.Compare{Op: ">", L: args[0], R: zero})
	case "round":
		if len(args) == 2 {
			if v, ok := literal(f.Args[1]); !ok || v.Kind != "num" || v.Num.D != 1 || abs(v.Num.N) > 9 {
				return val{}, refuse.New(refuse.Literal, "round 的位数")
			}
		}
	}
	return out, nil
}

// aggregate combines released cells; over protected rows aggregates never come here.
func (p *post) aggregate(f *ast.Func) (val, *refuse.Refusal) {
	if p.bb != nil {
		return val{}, refuse.New(refuse.NestedAggregate, f.Name)
	}
	typ, ok := postAggregates[f.Name]
	if !ok && !(f.Name == "min" || f.Name == "max") {
		return val{}, refuse.New(refuse.Function, f.Name)
	}
	if len(f.Order) > 0 || len(f.Args) > 1 || (len(f.Args) == 0 && f.Name != "count_star") {
		return val{}, refuse.New(refuse.AggregateUse, f.Name)
	}
	c := &ast.Func{Name: f.Name, Distinct: f.Distinct}
	out := val{typ: typ, from: FromDerived}
	if len(f.Args) == 1 {
		saved := p.perturb
		p.perturb = -1 // an interval does not go through an aggregate by shifting
		v, ref := p.expr(f.Args[0])
		p.perturb = saved
		if ref != nil {
			return v, ref
		}
		if (typ == "number") && !numeric(v.typ) {
			return val{}, typeRefusal(f.Name + " 的参数")
		}
		if typ == "" {
			out.typ = v.typ
		}
		arg := v.e
		if typ == "number" {
			arg = &ast.Cast{X: arg, Type: "DOUBLE", Try: true}
		}
		c.Args = []ast.Expr{arg}
		if v.half != nil && f.Name == "sum" && !f.Distinct && f.Filter == nil {
			out.half = &ast.Func{Name: "sqrt", Args: []ast.Expr{&ast.Func{Name: "sum", Args: []ast.Expr{op("*", v.half, v.half)}}}}
		}
	}
	if f.Filter != nil {
		e, ref := p.condition(f.Filter)
		if ref != nil {
			return val{}, ref
		}
		c.Filter = e
	}
	if f.Name == "count" || f.Name == "count_star" {
		out.typ = "int"
	}
	out.e = c
	return out, nil
}

// windows are the functions that may run OVER released cells.
var windows = map[string]string{"row_number": "int", "rank": "int", "dense_rank": "int", "percent_rank": "number", "cume_dist": "number", "ntile": "int",
	"lag": "", "lead": "", "first_value": "", "last_value": "", "sum": "number", "avg": "number", "min": "", "max": "", "count": "int", "count_star": "int"}

var frameNames = map[string]bool{"UNBOUNDED_PRECEDING": true, "UNBOUNDED_FOLLOWING": true, "CURRENT_ROW_ROWS": true, "CURRENT_ROW_RANGE": true,
	"EXPR_PRECEDING_ROWS": true, "EXPR_FOLLOWING_ROWS": true}

func (p *post) window(w *ast.Window) (val, *refuse.Refusal) {
	name := strings.ToLower(w.Name)
	typ, ok := windows[name]
	if !ok {
		return val{}, refuse.New(refuse.WindowUse, w.Name)
	}
	if !frameNames[w.Start] || !frameNames[w.End] {
		return val{}, refuse.New(refuse.WindowUse, "窗口范围")
	}
	out := &ast.Window{Name: name, Kind: w.Kind, Start: w.Start, End: w.End}
	result := val{typ: typ, from: FromDerived, e: out}
	one := func(e ast.Expr) (ast.Expr, *refuse.Refusal) {
		if e == nil {
			return nil, nil
		}
		v, ref := p.expr(e)
		if typ == "" && ref == nil && result.typ == "" {
			result.typ = v.typ
		}
		return v.e, ref
	}
	var ref *refuse.Refusal
	for _, a := range w.Args {
		x, r := one(a)
		ref = first(ref, r)
		out.Args = append(out.Args, x)
	}
	for _, a := range w.Partitions {
		x, r := p.expr(a)
		ref = first(ref, r)
		out.Partitions = append(out.Partitions, x.e)
	}
	for _, o := range w.Orders {
		x, r := p.expr(o.Expr)
		ref = first(ref, r)
		out.Orders = append(out.Orders, ast.Order{Expr: x.e, Descending: o.Descending, Nulls: o.Nulls})
	}
	whole := func(e ast.Expr) ast.Expr {
		if e == nil {
			return nil
		}
		v, ok := literal(e)
		if !ok || v.Kind != "num" || v.Num.D != 1 || v.Num.N < 0 || v.Num.N > 10000 {
			ref = first(ref, refuse.New(refuse.WindowUse, "窗口范围须为非负整数常量"))
			return e
		}
		return e
	}
	out.StartExpr, out.EndExpr, out.OffsetExpr = whole(w.StartExpr), whole(w.EndExpr), whole(w.OffsetExpr)
	if w.Default != nil {
		x, r := one(w.Default)
		ref = first(ref, r)
		out.Default = x
	}
	if name == "ntile" && len(out.Args) == 1 {
		whole(w.Args[0])
	}
	if result.typ == "" {
		result.typ = "number"
	}
	return result, ref
}
