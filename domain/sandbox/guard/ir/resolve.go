package ir

import (
	"fmt"
	"sort"

	"pado/domain/sandbox/guard/ast"
	"pado/domain/sandbox/guard/coding"
	"pado/domain/sandbox/guard/policy"
	"pado/domain/sandbox/guard/refuse"
)

// PublicTable is what planning knows of a public table: its columns, and the values of those
// few enough to be group keys.
type PublicTable struct {
	Columns []PublicColumn `json:"columns"`
}

// PublicColumn is one column; Words are all its values as text when there are at most
// MaxPublicWords of them.
type PublicColumn struct {
	Name  string   `json:"name"`
	Type  string   `json:"type"` // text, int, number, date, bool
	Words []string `json:"words,omitempty"`
}

// MaxPublicWords bounds the values of a public column that may be a group key.
const MaxPublicWords = 5000

// maxWork bounds how many domain values one question may make us enumerate.
const maxWork = 8 << 20

// maxBlocks bounds the guarded aggregations of one question.
const maxBlocks = 32

// resolver turns one accepted tree into a Plan.
type resolver struct {
	policy  *policy.Policy
	public  map[string]*PublicTable
	tables  map[string]string // folded name → declared name
	blocks  []*Block
	params  []string
	pubUsed map[string]bool
	work    int64
	aliases int
	depth   int
	ordered bool
}

// env is the WITH names in sight.
type env struct {
	up    *env
	name  string
	query *ast.CTE
	at    *env // what the CTE's own body sees
}

// relation is what a query gives: protected rows (prot), or released cells (rel).
type relation struct {
	prot *Sub
	cols []*Col // of prot, to be re-homed under an alias
	rel  *releasedQuery
}

// Resolve checks a query against the policy. public describes the public tables of the
// snapshot the question will run on.
func Resolve(q ast.Query, p *policy.Policy, public map[string]*PublicTable) (*Plan, *refuse.Refusal) {
	r := &resolver{policy: p, public: public, tables: map[string]string{}, pubUsed: map[string]bool{}}
	for name := range p.Tables {
		r.tables[fold(name)] = name
	}
	rel, ref := r.query(q, nil)
	if ref != nil {
		return nil, ref
	}
	if rel.rel == nil {
		return nil, refuse.New(refuse.RowLevel)
	}
	plan := &Plan{Blocks: r.blocks, Params: r.params}
	if ref := r.top(rel.rel, q, plan); ref != nil {
		return nil, ref
	}
	seen := map[string]bool{}
	for _, b := range r.blocks {
		for _, t := range b.Source.Tables {
			if !seen[t] {
				seen[t] = true
				plan.Tables = append(plan.Tables, t)
			}
		}
	}
	sort.Strings(plan.Tables)
	for t := range r.pubUsed {
		plan.Public = append(plan.Public, t)
	}
	sort.Strings(plan.Public)
	if len(plan.Blocks) == 0 && len(plan.Public) == 0 {
		return nil, refuse.New(refuse.NoProtected)
	}
	return plan, nil
}

// spend counts enumerated values; true means the question asks for too many.
func (r *resolver) spend(n int64) bool {
	r.work += n
	return r.work > maxWork
}

func (r *resolver) alias() string {
	r.aliases++
	return fmt.Sprintf("t%d", r.aliases)
}

func (r *resolver) query(q ast.Query, e *env) (*relation, *refuse.Refusal) {
	if r.depth++; r.depth > 200 { // CTEs are inlined, so nesting may multiply them
		return nil, refuse.New(refuse.TooComplex)
	}
	switch q := q.(type) {
	case *ast.Select:
		inner, ref := withCTEs(q.CTEs, e)
		if ref != nil {
			return nil, ref
		}
		return r.selectQuery(q, inner)
	case *ast.Union:
		inner, ref := withCTEs(q.CTEs, e)
		if ref != nil {
			return nil, ref
		}
		return r.union(q, inner)
	}
	return nil, refuse.New(refuse.UnknownSyntax)
}

func withCTEs(ctes []ast.CTE, e *env) (*env, *refuse.Refusal) {
	seen := map[string]bool{}
	for i := range ctes {
		c := &ctes[i]
		if seen[fold(c.Name)] {
			return nil, refuse.New(refuse.Ambiguous, c.Name)
		}
		seen[fold(c.Name)] = true
		e = &env{up: e, name: fold(c.Name), query: c, at: e}
	}
	return e, nil
}

func (e *env) find(name string) *env {
	for ; e != nil; e = e.up {
		if e.name == fold(name) {
			return e
		}
	}
	return nil
}

// selectQuery decides what a SELECT is: rows on their way to an aggregation, one row per
// unit, a guarded aggregation, or a query over released cells.
func (r *resolver) selectQuery(q *ast.Select, e *env) (*relation, *refuse.Refusal) {
	if q.From == nil {
		return nil, refuse.New(refuse.NoProtected)
	}
	f, ref := r.from(q.From, e)
	if ref != nil {
		return nil, ref
	}
	if f.src == nil {
		rel, ref := r.releasedSelect(q, f)
		return &relation{rel: rel}, ref
	}
	s := &scope{r: r, items: f.items, env: e}
	var where Pred
	if q.Where != nil {
		if uses(q.Where) {
			return nil, refuse.New(refuse.NestedAggregate)
		}
		if where, ref = s.predicate(q.Where, false); ref != nil {
			return nil, ref
		}
	}
	aggregated := len(q.Groups) > 0 || q.Having != nil
	for _, it := range q.Items {
		aggregated = aggregated || uses(it.Expr)
	}
	if q.GroupAll && !aggregated {
		return nil, refuse.New(refuse.RowLevel)
	}
	groups, ref := s.groups(q)
	if ref != nil {
		return nil, ref
	}
	if unit := s.unitOf(groups); unit != nil {
		return r.perUnit(q, s, f.src, where, groups, unit)
	}
	if !aggregated {
		return r.projection(q, s, f.src, where)
	}
	rel, ref := r.guarded(q, s, f.src, where, groups)
	return &relation{rel: rel}, ref
}

// groups lists the grouping expressions with positions and aliases replaced.
func (s *scope) groups(q *ast.Select) ([]ast.Expr, *refuse.Refusal) {
	var out []ast.Expr
	if q.GroupAll {
		for _, it := range q.Items {
			if !uses(it.Expr) {
				out = append(out, it.Expr)
			}
		}
		return out, nil
	}
	for _, g := range q.Groups {
		x, ref := s.groupExpr(q, g)
		if ref != nil {
			return nil, ref
		}
		out = append(out, x)
	}
	return out, nil
}

// unitOf returns the unit column when a grouping expression is one.
func (s *scope) unitOf(groups []ast.Expr) *Col {
	for _, g := range groups {
		if c, ok := g.(*ast.Column); ok {
			if k, ref := s.column(c); ref == nil && k.Label == policy.Unit {
				return k
			}
		}
	}
	return nil
}

// guarded builds a block and the query over its released cells.
func (r *resolver) guarded(q *ast.Select, s *scope, src *Source, where Pred, groups []ast.Expr) (*releasedQuery, *refuse.Refusal) {
	bb := newBlock(s, src, where)
	for _, g := range groups {
		text, ok := s.canon(g)
		dup := false
		for _, t := range bb.keyText {
			dup = dup || (ok && t == text)
		}
		if dup {
			continue
		}
		k, ref := s.key(g, where)
		if ref != nil {
			return nil, ref
		}
		bb.b.Keys = append(bb.b.Keys, k)
		bb.keyText = append(bb.keyText, text)
	}
	if len(r.blocks) == maxBlocks {
		return nil, refuse.Newf(refuse.TooComplex, "一次最多 %d 个统计子查询", maxBlocks)
	}
	r.blocks = append(r.blocks, bb.b)
	rel := fmt.Sprintf("r%d", len(r.blocks)-1)
	p := &post{r: r, s: s, bb: bb, rel: rel, sel: q}
	out, ref := p.selectOver(q, &ast.Base{Name: rel, Alias: rel}, true)
	if ref != nil {
		return nil, ref
	}
	bb.finish()
	return out, nil
}

// projection is a subquery of protected rows: columns passed on, rows filtered.
func (r *resolver) projection(q *ast.Select, s *scope, src *Source, where Pred) (*relation, *refuse.Refusal) {
	if len(q.Order) > 0 || q.Limit != nil || q.Offset != nil {
		return nil, refuse.New(refuse.RowLevel, "对逐条记录排序或截取")
	}
	if q.Qualify != nil {
		return nil, refuse.New(refuse.WindowUse)
	}
	sub := &Sub{As: r.alias(), Source: src, Where: where}
	rel := &relation{prot: sub}
	unit := false
	for _, it := range q.Items {
		if _, star := it.Expr.(*ast.Star); star {
			return nil, refuse.New(refuse.Star)
		}
		c, ok := it.Expr.(*ast.Column)
		if !ok {
			if _, w := it.Expr.(*ast.Window); w {
				return nil, refuse.New(refuse.WindowUse)
			}
			return nil, refuse.New(refuse.RowLevel, "逐条记录的表达式").WithHint("子查询中只能列出字段；表达式请写在外层的聚合或分组里。")
		}
		k, ref := s.column(c)
		if ref != nil {
			return nil, ref
		}
		name := it.Alias
		if name == "" {
			name = k.Name
		}
		if ref := r.expose(rel, sub, k, name); ref != nil {
			return nil, ref
		}
		unit = unit || k.Label == policy.Unit
	}
	if q.Distinct {
		if len(q.Items) != 1 || !unit {
			return nil, refuse.New(refuse.RowLevel, "SELECT DISTINCT").WithHint("DISTINCT 只能用于单独的主体列；要列出取值请用 GROUP BY 计数。")
		}
		sub.PerUnit = true
	}
	sub.expose(src)
	return rel, nil
}

// expose adds an inner column to a subquery under a name.
func (r *resolver) expose(rel *relation, sub *Sub, k *Col, name string) *refuse.Refusal {
	for _, o := range rel.cols {
		if fold(o.Name) == fold(name) {
			return refuse.New(refuse.Ambiguous, name)
		}
	}
	c := *k
	c.Name, c.Rel = name, sub.As
	n := len(sub.Out)
	sub.Out = append(sub.Out, SubCol{Name: fmt.Sprintf("c%d", n), From: k})
	c.Code, c.Value = "", ""
	if k.Code != "" {
		c.Code = fmt.Sprintf("c%d", n)
	}
	if k.Value != "" {
		c.Value = fmt.Sprintf("c%d%s", n, MeasureSuffix)
	}
	c.Nullable = false // the subquery writes codes for what did not match
	if k.Label == policy.Unit {
		c.Nullable = k.Nullable
	}
	rel.cols = append(rel.cols, &c)
	return nil
}

// expose makes sure the unit is carried along, so that outer joins and counts can use it.
func (sub *Sub) expose(src *Source) {
	for _, o := range sub.Out {
		if o.From != nil && isUnit(o.From) {
			return
		}
	}
	sub.Out = append(sub.Out, SubCol{Name: UnitColumn, From: src.Unit})
}

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
		n := len(sub.Out)
		sub.Out = append(sub.Out, SubCol{Name: fmt.Sprintf("c%d", n), Figure: fig})
		c := &Col{Name: name, Rel: sub.As, Label: label, Coding: coding.Figure(fig.Lo, fig.Hi, fig.Grid), PerUnit: true, Closed: true,
			Value: fmt.Sprintf("c%d%s", n, MeasureSuffix)}
		if label == policy.Dim {
			c.Code = fmt.Sprintf("c%d", n)
		}
		rel.cols = append(rel.cols, c)
	}
	sub.expose(src)
	if q.Having != nil {
		// a condition on per-unit figures is an outer condition
		outer := &scope{r: r, items: []*scopeItem{{cols: rel.cols}}, env: s.env}
		h, ref := s.unitHaving(q, rel)
		if ref != nil {
			return nil, ref
		}
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

// unitHaving rewrites HAVING over per-unit aggregates into a condition over output columns.
func (s *scope) unitHaving(q *ast.Select, rel *relation) (ast.Expr, *refuse.Refusal) {
	texts := map[string]string{}
	for i, it := range q.Items {
		if t, ok := s.canon(it.Expr); ok {
			texts[t] = rel.cols[i].Name
		}
	}
	var bad *refuse.Refusal
	out := ast.Rewrite(q.Having, func(e ast.Expr) (ast.Expr, bool) {
		if t, ok := s.canon(e); ok && texts[t] != "" {
			return &ast.Column{Names: []string{texts[t]}}, true
		}
		if f, ok := e.(*ast.Func); ok && isAggregate(f.Name) {
			bad = first(bad, refuse.New(refuse.NotGrouped, f.Name).WithHint("按主体分组时，HAVING 中的聚合须同时列在 SELECT 中。"))
			return e, true
		}
		return nil, false
	})
	return out, bad
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
