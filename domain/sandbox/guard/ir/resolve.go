package ir

import (
	"fmt"
	"sort"

	"pado/domain/sandbox/guard/ast"
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
