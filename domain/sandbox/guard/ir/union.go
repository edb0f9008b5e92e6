package ir

import (
	"fmt"

	"pado/domain/sandbox/guard/ast"
	"pado/domain/sandbox/guard/refuse"
)

// union is UNION ALL of queries over released cells with the same number and types of columns.
func (r *resolver) union(q *ast.Union, e *env) (*relation, *refuse.Refusal) {
	var sides [2]*releasedQuery
	for i, part := range []ast.Query{q.Left, q.Right} {
		rel, ref := r.query(part, e)
		if ref != nil {
			return nil, ref
		}
		if rel.rel == nil {
			return nil, refuse.New(refuse.SetOperation).WithHint("请在 UNION ALL 的每一侧先统计，再合并结果。")
		}
		sides[i] = rel.rel
	}
	a, b := sides[0], sides[1]
	if len(a.outs) != len(b.outs) {
		return nil, refuse.New(refuse.SetOperation, "两侧列数不同")
	}
	as, bs := r.alias(), r.alias()
	prefix := r.alias()
	out := &releasedQuery{maxRows: a.maxRows + b.maxRows}
	if a.maxRows == 0 || b.maxRows == 0 {
		out.maxRows = 0
	}
	l, rr := &ast.Select{From: &ast.Derived{Query: a.q, Alias: as}}, &ast.Select{From: &ast.Derived{Query: b.q, Alias: bs}}
	for i := range a.outs {
		x, y := a.outs[i], b.outs[i]
		t, ok := unify(x.Type, y.Type)
		if !ok {
			return nil, typeRefusal(fmt.Sprintf("UNION ALL 第 %d 列", i+1))
		}
		o := outCol{Out: Out{Name: x.Name, Type: t, From: x.From, Half: x.Half || y.Half, Tag: x.Tag || y.Tag}, col: fmt.Sprintf("%sc%d", prefix, i)}
		if x.From != y.From {
			o.From = FromDerived
		}
		put := func(sel *ast.Select, rel string, side outCol, suffix string, have bool, null string) {
			var e ast.Expr = &ast.Column{Names: []string{rel, side.col + suffix}}
			if !have {
				e = &ast.Cast{X: &ast.Const{Kind: ast.Null}, Type: null}
			}
			sel.Items = append(sel.Items, ast.Item{Expr: e, Alias: o.col + suffix})
		}
		put(l, as, x, "", true, "")
		put(rr, bs, y, "", true, "")
		if o.Half {
			put(l, as, x, HalfSuffix, x.Half, "DOUBLE")
			put(rr, bs, y, HalfSuffix, y.Half, "DOUBLE")
		}
		if o.Tag {
			put(l, as, x, TagSuffix, x.Tag, "VARCHAR")
			put(rr, bs, y, TagSuffix, y.Tag, "VARCHAR")
		}
		out.outs = append(out.outs, o)
	}
	u := &ast.Union{Left: l, Right: rr}
	for _, o := range q.Order {
		i, ok := unionOrder(out, o.Expr)
		if !ok {
			return nil, refuse.New(refuse.Order)
		}
		u.Order = append(u.Order, ast.Order{Expr: &ast.Column{Names: []string{out.outs[i].col}}, Descending: o.Descending, Nulls: o.Nulls})
	}
	u.Limit, u.Offset = q.Limit, q.Offset
	if q.Limit != nil && (out.maxRows == 0 || *q.Limit < out.maxRows) {
		out.maxRows = max(*q.Limit, 1)
	}
	out.ordered = len(u.Order) > 0
	out.q = u
	return &relation{rel: out}, nil
}

func unionOrder(rel *releasedQuery, e ast.Expr) (int, bool) {
	if v, ok := literal(e); ok {
		if v.Kind == "num" && v.Num.D == 1 && v.Num.N >= 1 && v.Num.N <= int64(len(rel.outs)) {
			return int(v.Num.N - 1), true
		}
		return 0, false
	}
	c, ok := e.(*ast.Column)
	if !ok || len(c.Names) != 1 {
		return 0, false
	}
	at, n := 0, 0
	for i, o := range rel.outs {
		if fold(o.Name) == fold(c.Names[0]) {
			at = i
			n++
		}
	}
	return at, n == 1
}
