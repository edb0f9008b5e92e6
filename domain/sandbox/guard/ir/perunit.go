package ir

import (
	"fmt"

	"pado/domain/sandbox/guard/ast"
	"pado/domain/sandbox/guard/coding"
	"pado/domain/sandbox/guard/policy"
	"pado/domain/sandbox/guard/refuse"
)

// perUnit is GROUP BY unit: one row per unit with figures, to be aggregated further.
func (r *resolver) perUnit(q *ast.Select, s *scope, src *Source, where Pred, groups []ast.Expr, unit *Col) (*relation, *refuse.Refusal) {
	if unit.Nullable {
		return nil, refuse.New(refuse.UnitUse, unit.Name)
	}
	if len(q.Order) > 0 || q.Limit != nil || q.Offset != nil || q.Distinct || q.Qualify != nil {
		return nil, refuse.New(refuse.RowLevel, "按主体的逐行结果")
	}
	texts := map[string]*Col{}
	for _, g := range groups {
		c, ok := g.(*ast.Column)
		if !ok {
			return nil, refuse.New(refuse.KeyExpression, "按主体分组时只能再列出每个主体唯一的字段")
		}
		k, ref := s.column(c)
		if ref != nil {
			return nil, ref
		}
		if !isUnit(k) && !k.PerUnit {
			return nil, refuse.New(refuse.KeyExpression, k.Name+" 不是每个主体唯一的字段")
		}
		t, _ := s.canon(g)
		texts[t] = k
	}
	sub := &Sub{As: r.alias(), Source: src, Where: where, PerUnit: true}
	rel := &relation{prot: sub}
	for i, it := range q.Items {
		name := it.Alias
		if t, ok := s.canon(it.Expr); ok && texts[t] != nil {
			k := texts[t]
			if name == "" {
				name = k.Name
			}
			if ref := r.expose(rel, sub, k, name); ref != nil {
				return nil, ref
			}
			continue
		}
		f, ok := it.Expr.(*ast.Func)
		if !ok {
			return nil, refuse.New(refuse.NotGrouped).WithHint("按主体分组的子查询只能输出主体列与 count、sum 两种聚合；其他运算请写在外层。")
		}
		fig, label, ref := s.unitFigure(f, src)
		if ref != nil {
			return nil, ref
		}
		if name == "" {
			name = fmt.Sprintf("figure%d", i+1)
		}
		for _, o := range rel.cols {
			if fold(o.Name) == fold(name) {
				return nil, refuse.New(refuse.Ambiguous, name)
			}
		}
		rel.cols = append(rel.cols, sub.add(fig, label, name))
	}
	sub.expose(src)
	if q.Having != nil {
		// a condition on per-unit figures is an outer condition
		h, hidden, ref := s.unitHaving(q, rel, src)
		if ref != nil {
			return nil, ref
		}
		outer := &scope{r: r, items: []*scopeItem{{cols: append(append([]*Col{}, rel.cols...), hidden...)}}, env: s.env}
		p, ref := outer.predicate(h, false)
		if ref != nil {
			return nil, ref
		}
		wrap := &relation{prot: &Sub{As: r.alias(), Source: &Source{Root: sub, K: 1, Domain: src.Domain, Tables: src.Tables, Unit: sub.unit(src)}, Where: p}}
		for _, k := range rel.cols {
			if ref := r.expose(wrap, wrap.prot, k, k.Name); ref != nil {
				return nil, ref
			}
		}
		wrap.prot.expose(wrap.prot.Source)
		return wrap, nil
	}
	return rel, nil
}

// isUnit: joins are on the unit only, so every unit column of a source that cannot be missing
// holds the same number.
func isUnit(k *Col) bool { return k.Label == policy.Unit && !k.Nullable }

// unit is the unit column as a subquery exposes it.
func (sub *Sub) unit(src *Source) *Col {
	for _, o := range sub.Out {
		if o.From != nil && isUnit(o.From) {
			c := *src.Unit
			c.Rel, c.Code = sub.As, o.Name
			return &c
		}
	}
	return nil
}

// add makes a per-unit figure a column of the subquery.
func (sub *Sub) add(fig *UnitFigure, label policy.Label, name string) *Col {
	as := fmt.Sprintf("c%d", len(sub.Out))
	sub.Out = append(sub.Out, SubCol{Name: as, Figure: fig})
	c := &Col{Name: name, Rel: sub.As, Label: label, Coding: coding.Figure(fig.Lo, fig.Hi, fig.Grid), PerUnit: true, Closed: true, Value: as + MeasureSuffix}
	if label == policy.Dim {
		c.Code = as
	}
	return c
}

// unitHaving rewrites HAVING over per-unit aggregates into a condition over columns; an
// aggregate that is not selected becomes a hidden one.
func (s *scope) unitHaving(q *ast.Select, rel *relation, src *Source) (ast.Expr, []*Col, *refuse.Refusal) {
	texts := map[string]string{}
	for i, it := range q.Items {
		if t, ok := s.canon(it.Expr); ok {
			texts[t] = rel.cols[i].Name
		}
	}
	var hidden []*Col
	var bad *refuse.Refusal
	out := ast.Rewrite(q.Having, func(e ast.Expr) (ast.Expr, bool) {
		t, ok := s.canon(e)
		if ok && texts[t] != "" {
			return &ast.Column{Names: []string{texts[t]}}, true
		}
		f, isFunc := e.(*ast.Func)
		if !isFunc || !isAggregate(f.Name) {
			return nil, false
		}
		fig, label, ref := s.unitFigure(f, src)
		if ref != nil {
			bad = first(bad, ref)
			return e, true
		}
		c := rel.prot.add(fig, label, fmt.Sprintf("#having%d", len(hidden)))
		hidden = append(hidden, c)
		if ok {
			texts[t] = c.Name
		}
		return &ast.Column{Names: []string{c.Name}}, true
	})
	return out, hidden, bad
}

// unitFigure is count or sum over the rows of one unit; its bounds follow from K.
func (s *scope) unitFigure(f *ast.Func, src *Source) (*UnitFigure, policy.Label, *refuse.Refusal) {
	if disclosing[f.Name] {
		return nil, "", refuse.New(refuse.RowAggregate, f.Name)
	}
	var filter Pred
	if f.Filter != nil {
		p, ref := s.predicate(f.Filter, false)
		if ref != nil {
			return nil, "", ref
		}
		filter = p
	}
	if f.Distinct || len(f.Order) > 0 {
		return nil, "", refuse.New(refuse.AggregateUse, f.Name)
	}
	tmp := newBlock(s, src, nil)
	switch f.Name {
	case "count_star", "count", "count_if", "countif":
		fig, ref := tmp.build(f, filter)
		if ref != nil {
			return nil, "", ref
		}
		raw := tmp.b.Raws[tmp.b.Moments[fig.Moments[0]].Raws[0].Raw]
		return &UnitFigure{Raw: raw, Lo: 0, Hi: src.K, Grid: ratOne}, policy.Dim, nil
	case "sum":
		if len(f.Args) != 1 {
			break
		}
		a, ref := s.arg(f.Args[0])
		if ref != nil {
			return nil, "", ref
		}
		lo, ok1 := mul(min(a.Lo, 0), src.K)
		hi, ok2 := mul(max(a.Hi, 0), src.K)
		if !ok1 || !ok2 || hi-lo >= maxBound {
			return nil, "", refuse.New(refuse.Literal, "数值过大")
		}
		return &UnitFigure{Raw: Raw{Kind: RawSum, A: a, Filter: filter}, Lo: lo, Hi: hi, Grid: a.Grid}, policy.Measure, nil
	}
	if !isAggregate(f.Name) {
		return nil, "", refuse.New(refuse.Function, f.Name)
	}
	return nil, "", refuse.New(refuse.AggregateUse, f.Name).WithHint("按主体分组的子查询只支持 count 与 sum。")
}
