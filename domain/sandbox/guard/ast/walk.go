package ast

// Walk calls f for e and every expression below it, not entering subqueries.
func Walk(e Expr, f func(Expr)) {
	if e == nil {
		return
	}
	f(e)
	for _, c := range Children(e) {
		Walk(c, f)
	}
}

// Children lists the direct operands of e, without nils.
func Children(e Expr) []Expr {
	var out []Expr
	add := func(es ...Expr) {
		for _, x := range es {
			if x != nil {
				out = append(out, x)
			}
		}
	}
	switch e := e.(type) {
	case *Compare:
		add(e.L, e.R)
	case *Between:
		add(e.X, e.Lo, e.Hi)
	case *Logic:
		add(e.Args...)
	case *Not:
		add(e.X)
	case *In:
		add(e.X)
		add(e.List...)
	case *InQuery:
		add(e.X)
	case *IsNull:
		add(e.X)
	case *Coalesce:
		add(e.Args...)
	case *Case:
		for _, w := range e.Whens {
			add(w.If, w.Then)
		}
		add(e.Else)
	case *Cast:
		add(e.X)
	case *Func:
		add(e.Args...)
		add(e.Filter)
		for _, o := range e.Order {
			add(o.Expr)
		}
	case *Window:
		add(e.Args...)
		add(e.Partitions...)
		for _, o := range e.Orders {
			add(o.Expr)
		}
		add(e.StartExpr, e.EndExpr, e.OffsetExpr, e.Default)
	}
	return out
}

// Rewrite rebuilds e bottom up: f sees every node first and may return a replacement, below
// which it does not look further.
func Rewrite(e Expr, f func(Expr) (Expr, bool)) Expr {
	if e == nil {
		return nil
	}
	if x, done := f(e); done {
		return x
	}
	all := func(es []Expr) []Expr {
		if es == nil {
			return nil
		}
		out := make([]Expr, len(es))
		for i, x := range es {
			out[i] = Rewrite(x, f)
		}
		return out
	}
	orders := func(os []Order) []Order {
		if os == nil {
			return nil
		}
		out := make([]Order, len(os))
		for i, o := range os {
			o.Expr = Rewrite(o.Expr, f)
			out[i] = o
		}
		return out
	}
	switch e := e.(type) {
	case *Compare:
		return &Compare{Op: e.Op, L: Rewrite(e.L, f), R: Rewrite(e.R, f)}
	case *Between:
		return &Between{X: Rewrite(e.X, f), Lo: Rewrite(e.Lo, f), Hi: Rewrite(e.Hi, f)}
	case *Logic:
		return &Logic{And: e.And, Args: all(e.Args)}
	case *Not:
		return &Not{X: Rewrite(e.X, f)}
	case *In:
		return &In{X: Rewrite(e.X, f), List: all(e.List), Negated: e.Negated}
	case *InQuery:
		return &InQuery{X: Rewrite(e.X, f), Query: e.Query}
	case *IsNull:
		return &IsNull{X: Rewrite(e.X, f), Negated: e.Negated}
	case *Coalesce:
		return &Coalesce{Args: all(e.Args)}
	case *Case:
		c := &Case{Else: Rewrite(e.Else, f)}
		for _, w := range e.Whens {
			c.Whens = append(c.Whens, When{If: Rewrite(w.If, f), Then: Rewrite(w.Then, f)})
		}
		return c
	case *Cast:
		c := *e
		c.X = Rewrite(e.X, f)
		return &c
	case *Func:
		c := *e
		c.Args, c.Filter, c.Order = all(e.Args), Rewrite(e.Filter, f), orders(e.Order)
		return &c
	case *Window:
		c := *e
		c.Args, c.Partitions, c.Orders = all(e.Args), all(e.Partitions), orders(e.Orders)
		c.StartExpr, c.EndExpr = Rewrite(e.StartExpr, f), Rewrite(e.EndExpr, f)
		c.OffsetExpr, c.Default = Rewrite(e.OffsetExpr, f), Rewrite(e.Default, f)
		return &c
	}
	return e
}
