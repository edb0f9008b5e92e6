package ir

import (
	"sort"

	"pado/domain/sandbox/guard/ast"
	"pado/domain/sandbox/guard/coding"
	"pado/domain/sandbox/guard/policy"
	"pado/domain/sandbox/guard/refuse"
)

// maxKeyCells bounds the values of one grouping expression.
const maxKeyCells = 20_000

// maxRuns bounds the pieces of the mapping from codes to cells.
const maxRuns = 4000

// key checks one GROUP BY expression. where is the block's condition: codes it rules out for
// certain give no cell.
func (s *scope) key(e ast.Expr, where Pred) (*Key, *refuse.Refusal) {
	if uses(e) {
		return nil, refuse.New(refuse.NestedAggregate)
	}
	var cols []*Col
	var refusal *refuse.Refusal
	seen := map[*Col]bool{}
	ast.Walk(e, func(x ast.Expr) {
		switch x := x.(type) {
		case *ast.Column:
			k, r := s.column(x)
			if r != nil {
				refusal = first(refusal, r)
			} else if !seen[k] {
				seen[k] = true
				cols = append(cols, k)
			}
		case *ast.InQuery:
			refusal = first(refusal, refuse.New(refuse.Subquery))
		case *ast.Window:
			refusal = first(refusal, refuse.New(refuse.WindowUse))
		}
	})
	if refusal != nil {
		return nil, refusal
	}
	for _, k := range cols {
		if r := groupable(k); r != nil {
			return nil, r
		}
	}
	if len(cols) == 0 {
		return nil, refuse.New(refuse.KeyExpression, "分组中没有字段")
	}
	_, plain := e.(*ast.Column)
	if len(cols) == 1 && cols[0].Coding.Kind != coding.Dict {
		return s.listedKey(e, cols[0], where)
	}
	if plain {
		return &Key{Type: cols[0].Coding.Type, Discovered: true, Col: cols[0]}, nil
	}
	if c, ok := e.(*ast.Case); ok {
		return s.branchKey(c)
	}
	return nil, refuse.New(refuse.KeyExpression)
}

func first(a, b *refuse.Refusal) *refuse.Refusal {
	if a != nil {
		return a
	}
	return b
}

func groupable(k *Col) *refuse.Refusal {
	switch k.Label {
	case policy.Unit:
		return refuse.New(refuse.UnitUse, k.Name)
	case policy.JoinOnly:
		return refuse.New(refuse.JoinOnlyUse, k.Name)
	case policy.Measure:
		return refuse.New(refuse.MeasureUse, k.Name)
	}
	if k.Coding.Kind == coding.None {
		return refuse.New(refuse.Forbidden, k.Name)
	}
	return nil
}

// listedKey evaluates the expression for every code of its only column.
func (s *scope) listedKey(e ast.Expr, k *Col, where Pred) (*Key, *refuse.Refusal) {
	c := k.Coding
	if s.r.spend(c.N) {
		return nil, refuse.New(refuse.TooComplex)
	}
	allowed := possible(where, k)
	ev := &evaluator{isColumn: func(*ast.Column) bool { return true }}
	values := make([]Value, c.N+2) // index code+2
	for code := coding.Other; code < c.N; code++ {
		x, ok := ofCode(c, code)
		if !ok {
			return nil, refuse.New(refuse.KeyExpression)
		}
		ev.x = x
		v, r := ev.eval(e)
		if r != nil {
			return nil, r
		}
		values[code+2] = v
	}
	key := &Key{Discovered: !c.Public, Col: k}
	cell := map[string]int64{}
	for code := coding.Other; code < c.N; code++ {
		v := values[code+2]
		if v.Kind == "null" || v.Kind == "other" {
			continue
		}
		if allowed != nil && !allowed.Has(code) {
			continue
		}
		if _, ok := cell[v.Key()]; !ok {
			cell[v.Key()] = -1
			key.Cells = append(key.Cells, v)
		}
	}
	if len(key.Cells) > maxKeyCells {
		return nil, refuse.Newf(refuse.CellLimit, "该分组有 %d 个取值", len(key.Cells))
	}
	t, r := oneType(key.Cells)
	if r != nil {
		return nil, r
	}
	key.Type = t
	if key.Type == "" {
		key.Type = c.Type
	}
	if _, isDomain := e.(*ast.Column); !isDomain || c.Kind != coding.Domain {
		sort.SliceStable(key.Cells, func(i, j int) bool { n, _ := key.Cells[i].compare(key.Cells[j]); return n < 0 })
	}
	for i, v := range key.Cells {
		cell[v.Key()] = int64(i)
		key.Codes = append(key.Codes, int64(i))
	}
	outs := make([]int64, c.N+2)
	special := map[int64]bool{}
	for code := coding.Other; code < c.N; code++ {
		v, out := values[code+2], coding.Missing
		switch v.Kind {
		case "null":
		case "other":
			out = coding.Other
		default:
			n, ok := cell[v.Key()]
			if !ok {
				n = 0 // ruled out by the condition; no row comes here
			}
			out = n
		}
		outs[code+2] = out
		if out < 0 && (allowed == nil || allowed.Has(code)) && !(code == coding.Other && k.Closed) {
			special[out] = true
		}
	}
	for _, code := range []int64{coding.Other, coding.Missing} {
		if special[code] {
			key.Codes = append(key.Codes, code)
		}
	}
	if key.Runs = runs(outs); len(key.Runs) > maxRuns {
		return nil, refuse.New(refuse.TooComplex, "分组把取值分得过碎")
	}
	return key, coarse(c, outs, k.Name)
}

// oneType is the common type of the values of a key.
func oneType(vs []Value) (string, *refuse.Refusal) {
	t := ""
	for _, v := range vs {
		k := v.Kind
		if k == "num" {
			k = "int"
			if v.Num.D != 1 {
				k = "decimal"
			}
		}
		switch {
		case t == "" || t == k:
			t = k
		case (t == "int" && k == "decimal") || (t == "decimal" && k == "int"):
			t = "decimal"
		default:
			return "", typeRefusal("分组各取值须为同一类型")
		}
	}
	return t, nil
}

// runs compresses outs (index code+2) into constant and stepping runs over codes ≥ 0, with
// the two special codes first.
func runs(outs []int64) []Run {
	type flat struct{ from, to, out int64 }
	var fs []flat
	for i := 2; i < len(outs); i++ {
		code := int64(i - 2)
		if n := len(fs); n > 0 && fs[n-1].out == outs[i] {
			fs[n-1].to = code
		} else {
			fs = append(fs, flat{code, code, outs[i]})
		}
	}
	out := []Run{{From: coding.Other, To: coding.Other, Out: outs[0]}, {From: coding.Missing, To: coding.Missing, Out: outs[1]}}
	for i := 0; i < len(fs); {
		width := fs[i].to - fs[i].from + 1
		j := i
		for j+1 < len(fs) && fs[j+1].out == fs[j].out+1 && fs[j].out >= 0 {
			w := fs[j+1].to - fs[j+1].from + 1
			if w != width && !(w < width && j+2 == len(fs)) {
				break
			}
			j++
		}
		if j > i {
			out = append(out, Run{From: fs[i].from, To: fs[j].to, Out: fs[i].out, Step: width})
		} else {
			out = append(out, Run{From: fs[i].from, To: fs[i].to, Out: fs[i].out})
		}
		i = j + 1
	}
	return out
}

// bandDays is the shortest whole band of a calendar unit.
var bandDays = map[string]int64{"day": 1, "week": 7, "month": 28, "quarter": 90, "year": 365}

// coarse refuses a grouping that tells apart values closer than the declared step: every
// stretch of equal cells must be at least that long, the two ends of the domain excepted.
func coarse(c *coding.Coding, outs []int64, name string) *refuse.Refusal {
	step, word := c.Band.Steps, ""
	if c.Kind == coding.Date {
		step = bandDays[c.Band.Unit]
		word = map[string]string{"week": "周", "month": "月", "quarter": "季", "year": "年"}[c.Band.Unit]
	}
	if step <= 1 {
		return nil
	}
	from := 2
	for i := 3; i <= len(outs); i++ {
		if i < len(outs) && outs[i] == outs[from] {
			continue
		}
		if int64(i-from) < step && from != 2 && i != len(outs) {
			if c.Kind == coding.Date {
				return refuse.Newf(refuse.Coarsen, "%s 最细按%s分组", name, word).WithHint("请写成 date_trunc('%s', %s)。", c.Band.Unit, name)
			}
			width := Frac{c.Band.Steps, 1}
			g := Frac{c.Grid.Num().Int64(), c.Grid.Denom().Int64()}
			w, _ := width.times(g)
			return refuse.Newf(refuse.Coarsen, "%s 最细按 %s 一档分组", name, w).WithHint("请写成 floor(%s/%s)*%s，或用 CASE 分成更宽的区间。", name, w, w)
		}
		from = i
	}
	return nil
}

// possible is the set of codes of k that rows passing p can have; nil means any.
func possible(p Pred, k *Col) Set {
	switch p := p.(type) {
	case *InSet:
		if p.Col == k {
			return p.Set
		}
	case *AllOf:
		var out Set
		for _, a := range p.Args {
			if s := possible(a, k); s != nil {
				if out == nil {
					out = s
				} else {
					out = out.Intersect(s)
				}
			}
		}
		return out
	case *AnyOf:
		out := Set{}
		for _, a := range p.Args {
			s := possible(a, k)
			if s == nil {
				return nil
			}
			out = out.Union(s)
		}
		if out == nil {
			out = Set{}
		}
		return out
	}
	return nil
}

// branchKey is CASE over several columns with literal results: the cells are the results.
func (s *scope) branchKey(c *ast.Case) (*Key, *refuse.Refusal) {
	key := &Key{}
	cell := map[string]int64{}
	out := func(e ast.Expr) (int64, *refuse.Refusal) {
		v, ok := literal(e)
		if !ok {
			return 0, refuse.New(refuse.KeyExpression, "CASE 的结果须为常量")
		}
		if v.Kind == "null" {
			return coding.Missing, nil
		}
		n, ok := cell[v.Key()]
		if !ok {
			n = int64(len(key.Cells))
			cell[v.Key()] = n
			key.Cells = append(key.Cells, v)
		}
		return n, nil
	}
	edges := map[*Col][]Span{}
	for _, w := range c.Whens {
		p, r := s.predicate(w.If, false)
		if r != nil {
			return nil, r
		}
		collectEdges(p, edges)
		n, r := out(w.Then)
		if r != nil {
			return nil, r
		}
		key.Branches = append(key.Branches, Branch{If: p, Out: n})
	}
	n, r := out(c.Else)
	if r != nil {
		return nil, r
	}
	key.Branches = append(key.Branches, Branch{Out: n})
	if key.Type, r = oneType(key.Cells); r != nil {
		return nil, r
	}
	missing := false
	for i := range key.Cells {
		key.Codes = append(key.Codes, int64(i))
	}
	for _, b := range key.Branches {
		missing = missing || b.Out == coding.Missing
	}
	if missing {
		key.Codes = append(key.Codes, coding.Missing)
	}
	for k, spans := range edges {
		if r := coarseEdges(k, spans); r != nil {
			return nil, r
		}
	}
	return key, nil
}

func collectEdges(p Pred, into map[*Col][]Span) {
	switch p := p.(type) {
	case *InSet:
		into[p.Col] = append(into[p.Col], p.Set...)
	case *AllOf:
		for _, a := range p.Args {
			collectEdges(a, into)
		}
	case *AnyOf:
		for _, a := range p.Args {
			collectEdges(a, into)
		}
	}
}

// coarseEdges applies the band rule to conditions: the points where any of them changes cut
// the domain into stretches, none of which may be shorter than the step.
func coarseEdges(k *Col, spans []Span) *refuse.Refusal {
	n := k.Coding.N
	if k.Coding.Kind != coding.Number && k.Coding.Kind != coding.Date || n == 0 {
		return nil
	}
	mark := map[int64]bool{}
	for _, s := range spans {
		for _, e := range []int64{s.Lo, s.Hi + 1} {
			if e > 0 && e < n {
				mark[e] = true
			}
		}
	}
	cuts := make([]int64, 0, len(mark))
	for e := range mark {
		cuts = append(cuts, e)
	}
	sort.Slice(cuts, func(i, j int) bool { return cuts[i] < cuts[j] })
	outs := make([]int64, 2, n+2)
	i := 0
	for code := range n {
		for i < len(cuts) && cuts[i] <= code {
			i++
		}
		outs = append(outs, int64(i))
	}
	return coarse(k.Coding, outs, k.Name)
}
