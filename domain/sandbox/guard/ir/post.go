package ir

import (
	"fmt"
	"strings"

	"pado/domain/sandbox/guard/ast"
	"pado/domain/sandbox/guard/refuse"
)

// Stage 2 computes over released cells only: what is in this file decides how numbers that
// are already public are arranged, and cannot reach a protected row.

// released is a column in the scope of a query over released cells.
type released struct {
	Name string
	Rel  string
	Ref  ast.Expr
	Type string // text, int, number, date, bool
	From OutKind
	Half ast.Expr // half width of the interval, for figures
	Tag  ast.Expr // text that names 其他 where a typed value is NULL
}

// releasedQuery is a query over released cells with its columns.
type releasedQuery struct {
	q       ast.Query
	outs    []outCol
	maxRows int64 // at most so many rows; 0 when it depends on discovered keys
	ordered bool
}

type outCol struct {
	Out
	col string // emitted column; half and tag add a suffix
}

// Suffixes of the accompanying columns.
const (
	HalfSuffix = "#h"
	TagSuffix  = "#o"
)

// released resolves a name among released columns.
func (s *scope) released(c *ast.Column) (*released, *refuse.Refusal) {
	return find(s.items, c, func(it *scopeItem) []*released { return it.outs }, func(o *released) string { return o.Name })
}

// val is an emitted expression with what is known of it.
type val struct {
	e    ast.Expr
	typ  string
	from OutKind
	half ast.Expr
	tag  ast.Expr
}

// post translates expressions of one SELECT into stage 2.
type post struct {
	r   *resolver
	s   *scope
	bb  *blockBuilder // set when the SELECT is itself the guarded aggregation
	rel string
	sel *ast.Select
	// perturb shifts the n-th distinct figure by its half width, to carry intervals through
	// expressions; figures collects them.
	figures []ast.Expr
	halves  []ast.Expr
	perturb int
}

// selectOver assembles the emitted SELECT. guarded says that grouping happened in stage 1.
func (p *post) selectOver(q *ast.Select, from ast.Table, guarded bool) (*releasedQuery, *refuse.Refusal) {
	out := &ast.Select{From: from, Distinct: q.Distinct}
	rel := &releasedQuery{q: out}
	prefix := p.r.alias()
	items, ref := p.expandStars(q, guarded)
	if ref != nil {
		return nil, ref
	}
	for i, it := range items {
		v, ref := p.item(it.Expr)
		if ref != nil {
			return nil, ref
		}
		o := outCol{Out: Out{Name: outName(it), Type: v.typ, From: v.from, Half: v.half != nil, Tag: v.tag != nil}, col: fmt.Sprintf("%sc%d", prefix, i)}
		out.Items = append(out.Items, ast.Item{Expr: v.e, Alias: o.col})
		if o.Half {
			out.Items = append(out.Items, ast.Item{Expr: v.half, Alias: o.col + HalfSuffix})
		}
		if o.Tag {
			out.Items = append(out.Items, ast.Item{Expr: v.tag, Alias: o.col + TagSuffix})
		}
		rel.outs = append(rel.outs, o)
	}
	sel := *q
	sel.Items = items
	q = &sel
	p.sel = q
	if guarded {
		if q.Having != nil {
			if out.Where, ref = p.condition(q.Having); ref != nil {
				return nil, ref
			}
		}
		rel.maxRows = 1
		for _, k := range p.bb.b.Keys {
			rel.maxRows = min(rel.maxRows*int64(len(k.Codes)), 1<<40)
		}
	} else if ref := p.plainClauses(q, out); ref != nil {
		return nil, ref
	}
	if q.Qualify != nil {
		if out.Qualify, ref = p.condition(q.Qualify); ref != nil {
			return nil, ref
		}
	}
	if out.Order, ref = p.orders(q, rel); ref != nil {
		return nil, ref
	}
	rel.ordered = len(out.Order) > 0
	out.Limit, out.Offset = q.Limit, q.Offset
	if q.Limit != nil && (rel.maxRows == 0 || *q.Limit < rel.maxRows) {
		rel.maxRows = max(*q.Limit, 1)
	}
	return rel, nil
}

// plainClauses are WHERE, GROUP BY and HAVING over released cells.
func (p *post) plainClauses(q *ast.Select, out *ast.Select) *refuse.Refusal {
	var ref *refuse.Refusal
	if q.Where != nil {
		if out.Where, ref = p.condition(q.Where); ref != nil {
			return ref
		}
	}
	groups, ref := p.s.groups(q)
	if ref != nil {
		return ref
	}
	for _, g := range groups {
		v, ref := p.expr(g)
		if ref != nil {
			return ref
		}
		out.Groups = append(out.Groups, v.e)
		if v.tag != nil {
			out.Groups = append(out.Groups, v.tag)
		}
	}
	if q.Having != nil {
		if out.Having, ref = p.condition(q.Having); ref != nil {
			return ref
		}
	}
	return nil
}

func (p *post) condition(e ast.Expr) (ast.Expr, *refuse.Refusal) {
	v, ref := p.expr(e)
	if ref != nil {
		return nil, ref
	}
	if v.typ != "bool" && v.typ != "null" {
		return nil, typeRefusal("条件须为真假值")
	}
	return v.e, nil
}

func (p *post) orders(q *ast.Select, rel *releasedQuery) ([]ast.Order, *refuse.Refusal) {
	var out []ast.Order
	for _, o := range q.Order {
		if c, ok := o.Expr.(*ast.Const); ok {
			if _, ok, ref := position(q, c); ref != nil || !ok {
				return nil, refuse.New(refuse.Order)
			}
			v, _ := literal(c)
			out = append(out, ast.Order{Expr: &ast.Column{Names: []string{rel.outs[v.Num.N-1].col}}, Descending: o.Descending, Nulls: o.Nulls})
			continue
		}
		if i, ok := aliasIndex(q, o.Expr); ok {
			out = append(out, ast.Order{Expr: &ast.Column{Names: []string{rel.outs[i].col}}, Descending: o.Descending, Nulls: o.Nulls})
			continue
		}
		v, ref := p.expr(o.Expr)
		if ref != nil {
			return nil, ref
		}
		out = append(out, ast.Order{Expr: v.e, Descending: o.Descending, Nulls: o.Nulls})
	}
	return out, nil
}

func aliasIndex(q *ast.Select, e ast.Expr) (int, bool) {
	c, ok := e.(*ast.Column)
	if !ok || len(c.Names) != 1 {
		return 0, false
	}
	at, n := 0, 0
	for i, it := range q.Items {
		if it.Alias != "" && fold(it.Alias) == fold(c.Names[0]) {
			at = i
			n++
		}
	}
	return at, n == 1
}

// expandStars writes * out, over released cells only.
func (p *post) expandStars(q *ast.Select, guarded bool) ([]ast.Item, *refuse.Refusal) {
	var out []ast.Item
	for _, it := range q.Items {
		st, ok := it.Expr.(*ast.Star)
		if !ok {
			out = append(out, it)
			continue
		}
		if guarded {
			return nil, refuse.New(refuse.Star)
		}
		n := len(out)
		for _, item := range p.s.items {
			if st.Table != "" && fold(st.Table) != fold(item.name) {
				continue
			}
			for _, o := range item.outs {
				if st.Table == "" && item.using[fold(o.Name)] {
					continue
				}
				out = append(out, ast.Item{Expr: &ast.Column{Names: []string{item.name, o.Name}}})
			}
		}
		if len(out) == n {
			return nil, refuse.New(refuse.Star)
		}
	}
	return out, nil
}

// outName is the heading of a column without alias.
func outName(it ast.Item) string {
	if it.Alias != "" {
		return it.Alias
	}
	if c, ok := it.Expr.(*ast.Column); ok {
		return c.Names[len(c.Names)-1]
	}
	return refuse.Clean(strings.ReplaceAll(ast.PrintExpr(it.Expr), `"`, ""))
}

// item translates one select item and works out its interval.
func (p *post) item(e ast.Expr) (val, *refuse.Refusal) {
	p.figures, p.halves, p.perturb = nil, nil, -1
	v, ref := p.expr(e)
	if ref != nil || v.half != nil || v.typ != "number" || len(p.figures) == 0 || len(p.figures) > 8 || v.from != FromDerived || discontinuous(e) {
		return v, ref
	}
	figures, halves := p.figures, p.halves
	var sum ast.Expr
	for i := range figures {
		p.figures, p.halves, p.perturb = nil, nil, i
		shifted, ref := p.expr(e)
		if ref != nil {
			return v, ref
		}
		d := op("-", shifted.e, v.e)
		sq := op("*", d, d)
		if sum == nil {
			sum = sq
		} else {
			sum = op("+", sum, sq)
		}
	}
	p.figures, p.halves, p.perturb = figures, halves, -1
	v.half = &ast.Func{Name: "sqrt", Args: []ast.Expr{sum}}
	return v, nil
}

// discontinuous expressions get no interval: a small shift says nothing about them. Conditions
// inside an aggregate do not count; they are part of the figure.
func discontinuous(e ast.Expr) bool {
	switch x := e.(type) {
	case *ast.Window, *ast.Case, *ast.Compare, *ast.In, *ast.Between:
		return true
	case *ast.Func:
		switch x.Name {
		case "floor", "ceil", "ceiling", "trunc", "sign", "greatest", "least", "%", "mod", "//":
			return true
		}
		if isAggregate(x.Name) {
			return false
		}
	}
	for _, c := range ast.Children(e) {
		if discontinuous(c) {
			return true
		}
	}
	return false
}

func op(name string, l, r ast.Expr) ast.Expr {
	return &ast.Func{Name: name, Args: []ast.Expr{l, r}, Operator: true}
}

// figureRef is a use of a released figure, shifted when its interval is being carried.
func (p *post) figureRef(ref, half ast.Expr) ast.Expr {
	text := ast.PrintExpr(ref)
	n := -1
	for i, f := range p.figures {
		if ast.PrintExpr(f) == text {
			n = i
		}
	}
	if n < 0 {
		n = len(p.figures)
		p.figures = append(p.figures, ref)
		p.halves = append(p.halves, half)
	}
	if n == p.perturb {
		return op("+", ref, half)
	}
	return ref
}

// text makes a literal of the asker a parameter; its own text never enters emitted SQL.
func (r *resolver) text(s string) ast.Expr {
	for i, p := range r.params {
		if p == s {
			return &ast.Cast{X: &ast.Param{N: i + 1}, Type: "VARCHAR"}
		}
	}
	r.params = append(r.params, s)
	return &ast.Cast{X: &ast.Param{N: len(r.params)}, Type: "VARCHAR"}
}

// top finishes the outermost query: columns in order, rows in a fixed order, cells counted.
func (r *resolver) top(rel *releasedQuery, _ ast.Query, plan *Plan) *refuse.Refusal {
	figures := int64(0)
	for _, o := range rel.outs {
		plan.Outs = append(plan.Outs, o.Out)
		if o.From == FromFigure || o.From == FromDerived {
			figures++
		}
	}
	if rel.maxRows*max(figures, 1) > MaxCells {
		return refuse.Newf(refuse.CellLimit, "最多可能有 %d 个", rel.maxRows*max(figures, 1))
	}
	plan.Post, plan.Ordered = rel.q, rel.ordered
	if !rel.ordered {
		var order []ast.Order
		for _, o := range rel.outs {
			if o.From == FromKey || o.From == FromPublic {
				order = append(order, ast.Order{Expr: &ast.Column{Names: []string{o.col}}})
			}
		}
		switch q := rel.q.(type) {
		case *ast.Select:
			if q.Limit == nil || len(order) > 0 {
				q.Order = order
			}
		case *ast.Union:
			// a union keeps the order of its parts unless the asker orders it
		}
	}
	return nil
}

// Limits: figures one answer may carry; cells stage 1 releases for one block; noised integers
// of one block.
const (
	MaxCells      = 5000
	MaxBlockCells = 100_000
	MaxBlockNoise = 400_000
)

// derivedReleased puts released cells under an alias.
func (r *resolver) derivedReleased(rel *releasedQuery, visible string, names []string) (*fromResult, *refuse.Refusal) {
	if len(names) > len(rel.outs) {
		return nil, refuse.New(refuse.Identifier, "列别名过多")
	}
	as := r.alias()
	it := &scopeItem{name: visible}
	for i, o := range rel.outs {
		name := o.Name
		if i < len(names) {
			name = names[i]
		}
		c := &released{Name: name, Rel: as, Ref: &ast.Column{Names: []string{as, o.col}}, Type: o.Type, From: o.From}
		if o.Half {
			c.Half = &ast.Column{Names: []string{as, o.col + HalfSuffix}}
		}
		if o.Tag {
			c.Tag = &ast.Column{Names: []string{as, o.col + TagSuffix}}
		}
		it.outs = append(it.outs, c)
	}
	return &fromResult{items: []*scopeItem{it}, table: &ast.Derived{Query: rel.q, Alias: as}}, nil
}

// releasedSelect is a SELECT whose FROM holds released cells and public tables only.
func (r *resolver) releasedSelect(q *ast.Select, f *fromResult) (*releasedQuery, *refuse.Refusal) {
	r.usePublic(f.table)
	p := &post{r: r, s: &scope{r: r, items: f.items}, sel: q}
	return p.selectOver(q, f.table, false)
}

// usePublic notes the public tables stage 2 has to be given.
func (r *resolver) usePublic(t ast.Table) {
	switch t := t.(type) {
	case *ast.Base:
		if t.Schema == PublicSchema {
			r.pubUsed[t.Name] = true
		}
	case *ast.Join:
		r.usePublic(t.Left)
		r.usePublic(t.Right)
	}
}

func (r *resolver) joinReleased(t *ast.Join, left, right *fromResult) (*fromResult, *refuse.Refusal) {
	ls := &scope{r: r, items: left.items}
	out := &fromResult{items: mergeItems(left.items, right.items, t.Using)}
	p := &post{r: r, s: &scope{r: r, items: out.items}}
	j := &ast.Join{Left: left.table, Right: right.table, LeftOuter: t.LeftOuter}
	var conds []ast.Expr
	for _, u := range t.Using {
		a, ref := ls.released(&ast.Column{Names: []string{u}})
		if ref != nil {
			return nil, ref
		}
		b, ref := (&scope{r: r, items: right.items}).releasedAny(u)
		if ref != nil {
			return nil, ref
		}
		conds = append(conds, &ast.Compare{Op: "=", L: a.Ref, R: b.Ref})
	}
	if t.On != nil {
		e, ref := p.condition(t.On)
		if ref != nil {
			return nil, ref
		}
		conds = append(conds, e)
	}
	j.On = ast.NewLogic(true, conds...)
	out.table = j
	return out, nil
}

// releasedAny finds a column by bare name, merged or not.
func (s *scope) releasedAny(name string) (*released, *refuse.Refusal) {
	for _, it := range s.items {
		for _, o := range it.outs {
			if fold(o.Name) == fold(name) {
				return o, nil
			}
		}
	}
	return nil, refuse.New(refuse.UnknownColumn, name)
}
