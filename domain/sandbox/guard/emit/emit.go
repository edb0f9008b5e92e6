// Package emit writes the query of stage 1 from a checked block. It works on trees; ast.Print
// makes text of them, the worker's engine parses that text again, and Same must hold between
// what was meant and what was read before the engine may run it.
package emit

import (
	"reflect"
	"strconv"

	"pado/domain/sandbox/guard/ast"
	"pado/domain/sandbox/guard/coding"
	"pado/domain/sandbox/guard/ir"
)

// Schema holds the snapshot's tables.
const Schema = "main"

// Word is a dictionary entry the worker looks up before it runs the query: parameter n+1 is
// the code of Text in the dictionary of Table.Column, or NoCode.
type Word struct {
	Table  string `json:"table"`
	Column string `json:"column"`
	Text   string `json:"text"`
}

// NoCode is a code no row has.
const NoCode int64 = -9

// Stage1 is the queries of one block. The first gives the keys' cell numbers, then the raw
// integers numbered in Raws; each histogram adds one that gives cell numbers, a bin, a count.
type Stage1 []Query

// Query is one query of stage 1. Hist is the histogram's number, or -1.
type Query struct {
	Tree  ast.Query
	Words []Word
	Keys  int   // columns that are cell numbers, a histogram's bin included
	Raws  []int // block's numbers of the integers that follow
	Hist  int
}

// Text is the SQL as it will be parsed and run.
func (q *Query) Text() string { return ast.Print(q.Tree) }

// Block writes the queries of a block. minUnits > 0 lets the engine drop cells that cannot
// reach so many units: ceil(rows/K) < minUnits.
func Block(b *ir.Block, minUnits int64) Stage1 {
	w := &writer{}
	sel := w.grouped(b)
	q := Query{Keys: len(b.Keys), Hist: -1}
	for i, r := range b.Raws {
		if r.Kind == ir.RawBin {
			continue
		}
		q.Raws = append(q.Raws, i)
		sel.Items = append(sel.Items, ast.Item{Expr: w.raw(r), Alias: "#n" + strconv.Itoa(i)})
	}
	if b.Selection && minUnits > 1 {
		sel.Having = &ast.Compare{Op: ">", L: w.raw(b.Raws[b.RowsRaw]), R: num(b.Source.K * (minUnits - 1))}
	}
	q.Tree, q.Words = sel, w.words
	var out Stage1
	if len(q.Raws) > 0 {
		out = append(out, q)
	}
	for i := range b.Hists {
		out = append(out, histogram(b, i))
	}
	return out
}

// grouped is the part all queries of a block share: keys, source, condition.
func (w *writer) grouped(b *ir.Block) *ast.Select {
	sel := &ast.Select{}
	for i, k := range b.Keys {
		w.group(sel, "#"+ir.KeyName(i), w.key(k))
	}
	var conds []ast.Expr
	sel.From, conds = w.source(b.Source)
	if b.Where != nil {
		conds = append(conds, w.pred(b.Where))
	}
	sel.Where = and(conds)
	return sel
}

// group adds a grouping item. '#' keeps its alias apart from every declared column, so that
// GROUP BY means the alias.
func (w *writer) group(sel *ast.Select, alias string, e ast.Expr) {
	sel.Items = append(sel.Items, ast.Item{Expr: e, Alias: alias})
	sel.Groups = append(sel.Groups, &ast.Column{Names: []string{alias}})
}

func histogram(b *ir.Block, i int) Query {
	h := &b.Hists[i]
	w := &writer{}
	sel := w.grouped(b)
	bin := w.arg(h.A)
	if h.A.Lo != 0 {
		bin = op("-", bin, num(h.A.Lo))
	}
	if h.Width > 1 {
		bin = op("//", bin, num(h.Width))
	}
	w.group(sel, "#bin", bin)
	sel.Items = append(sel.Items, ast.Item{Expr: &ast.Func{Name: "count_star"}, Alias: "#n0"})
	conds := []ast.Expr{&ast.IsNull{X: w.arg(h.A), Negated: true}}
	if sel.Where != nil {
		conds = append([]ast.Expr{sel.Where}, conds...)
	}
	if h.Filter != nil {
		conds = append(conds, w.pred(h.Filter))
	}
	sel.Where = and(conds)
	return Query{Tree: sel, Words: w.words, Keys: len(b.Keys) + 1, Raws: []int{h.First}, Hist: i}
}

// Same reports whether two trees are equal in every field.
func Same(a, b ast.Query) bool { return reflect.DeepEqual(a, b) }

type writer struct{ words []Word }

func num(n int64) ast.Expr { return &ast.Const{Kind: ast.Int, Value: strconv.FormatInt(n, 10)} }

func column(rel, name string) ast.Expr { return &ast.Column{Names: []string{rel, name}} }

func and(conds []ast.Expr) ast.Expr {
	if len(conds) == 0 {
		return nil
	}
	return ast.NewLogic(true, conds...)
}

func op(name string, l, r ast.Expr) ast.Expr {
	return &ast.Func{Name: name, Args: []ast.Expr{l, r}, Operator: true}
}

// code is the code of a column; what an outer join did not find counts as missing.
func (w *writer) code(c *ir.Col) ast.Expr {
	e := column(c.Rel, c.Code)
	if c.Nullable {
		return &ast.Coalesce{Args: []ast.Expr{e, num(coding.Missing)}}
	}
	return e
}

// source writes the joins. The root scan's rank condition is returned; every other relation
// carries its own inside, so that an outer join cannot read past it.
func (w *writer) source(s *ir.Source) (ast.Table, []ast.Expr) {
	var conds []ast.Expr
	var t ast.Table
	if scan, ok := s.Root.(*ir.Scan); ok {
		t = &ast.Base{Schema: Schema, Name: scan.Table, Alias: scan.As}
		conds = append(conds, &ast.Compare{Op: "<=", L: column(scan.As, ir.RankColumn), R: num(scan.K)})
	} else {
		t = w.relation(s.Root)
	}
	for _, step := range s.Steps {
		j := &ast.Join{Left: t, LeftOuter: step.Outer}
		var on []ast.Expr
		if look, ok := step.Rel.(*ir.Lookup); ok {
			j.Right = w.lookup(look, step.On)
			for i, p := range step.On {
				on = append(on, &ast.Compare{Op: "=", L: w.code(p.Left), R: column(look.As, keyColumn(i))})
			}
		} else {
			j.Right = w.relation(step.Rel)
			for _, p := range step.On {
				on = append(on, &ast.Compare{Op: "=", L: column(p.Left.Rel, p.Left.Code), R: column(p.Right.Rel, p.Right.Code)})
			}
		}
		j.On = and(on)
		t = j
	}
	return t, conds
}

func keyColumn(i int) string { return "#key" + strconv.Itoa(i) }

func (w *writer) relation(r ir.Rel) ast.Table {
	switch r := r.(type) {
	case *ir.Scan:
		sel := &ast.Select{From: &ast.Base{Schema: Schema, Name: r.Table, Alias: r.As}}
		for _, c := range r.Cols {
			if c.Code != "" {
				sel.Items = append(sel.Items, ast.Item{Expr: column(r.As, c.Code), Alias: c.Code})
			}
			if c.Value != "" {
				sel.Items = append(sel.Items, ast.Item{Expr: column(r.As, c.Value), Alias: c.Value})
			}
		}
		sel.Where = &ast.Compare{Op: "<=", L: column(r.As, ir.RankColumn), R: num(r.K)}
		return &ast.Derived{Query: sel, Alias: r.As}
	case *ir.Sub:
		return &ast.Derived{Query: w.sub(r, false), Alias: r.As}
	}
	return nil
}

// sub writes a protected subquery; unitOnly keeps just the unit, for IN.
func (w *writer) sub(s *ir.Sub, unitOnly bool) ast.Query {
	sel := &ast.Select{}
	for _, o := range s.Out {
		unit := o.From != nil && o.From.Code == ir.UnitColumn || o.Name == ir.UnitColumn
		isUnit := o.From != nil && o.From.Label == "unit" && !o.From.Nullable
		if unitOnly && !unit && !isUnit {
			continue
		}
		if o.From != nil {
			w.passed(sel, o, s.PerUnit)
		} else {
			w.figure(sel, o)
		}
		if unitOnly {
			break
		}
	}
	var conds []ast.Expr
	sel.From, conds = w.source(s.Source)
	if s.Where != nil {
		conds = append(conds, w.pred(s.Where))
	}
	sel.Where = and(conds)
	return sel
}

func (w *writer) passed(sel *ast.Select, o ir.SubCol, group bool) {
	add := func(e ast.Expr, name string) {
		sel.Items = append(sel.Items, ast.Item{Expr: e, Alias: name})
		if group {
			sel.Groups = append(sel.Groups, e)
		}
	}
	if o.From.Code != "" {
		e := w.code(o.From)
		if o.From.Label == "unit" {
			e = column(o.From.Rel, o.From.Code)
		}
		add(e, o.Name)
	}
	if o.From.Value != "" {
		add(column(o.From.Rel, o.From.Value), o.Name+ir.MeasureSuffix)
	}
}

// figure writes a per-unit integer: its value, and its code = value − Lo. A unit without any
// value has no code and no value.
func (w *writer) figure(sel *ast.Select, o ir.SubCol) {
	v := &ast.Cast{X: w.raw(o.Figure.Raw), Type: "BIGINT"}
	sel.Items = append(sel.Items, ast.Item{Expr: v, Alias: o.Name + ir.MeasureSuffix})
	var code ast.Expr = v
	if o.Figure.Lo != 0 {
		code = op("-", v, num(o.Figure.Lo))
	}
	sel.Items = append(sel.Items, ast.Item{Expr: &ast.Coalesce{Args: []ast.Expr{code, num(coding.Missing)}}, Alias: o.Name})
}

// lookup writes a public table with the dictionary codes of the columns it is joined on.
func (w *writer) lookup(l *ir.Lookup, on []ir.JoinOn) ast.Table {
	sel := &ast.Select{}
	var t ast.Table = &ast.Base{Schema: Schema, Name: l.Table, Alias: l.As}
	for i, p := range on {
		d := "d" + strconv.Itoa(i)
		t = &ast.Join{Left: t, Right: &ast.Base{Schema: Schema, Name: DictName(p.Left.Table, p.Left.Column), Alias: d},
			On: &ast.Compare{Op: "=", L: column(d, "word"), R: column(l.As, p.Right.Name+"#w")}}
		sel.Items = append(sel.Items, ast.Item{Expr: column(d, "code"), Alias: keyColumn(i)})
	}
	for _, c := range l.Cols {
		if c.Code != "" {
			sel.Items = append(sel.Items, ast.Item{Expr: column(l.As, c.Code), Alias: c.Code})
		}
	}
	sel.From = t
	return &ast.Derived{Query: sel, Alias: l.As}
}

// DictName is the snapshot's dictionary table of a column: code, word.
func DictName(table, col string) string { return table + "/" + col + ir.DictSuffix }

func (w *writer) pred(p ir.Pred) ast.Expr {
	switch p := p.(type) {
	case *ir.InSet:
		return set(w.code(p.Col), p.Set)
	case *ir.InWords:
		in := &ast.In{X: w.code(p.Col), Negated: p.Negated}
		for _, text := range p.Words {
			w.words = append(w.words, Word{Table: p.Col.Table, Column: p.Col.Column, Text: text})
			in.List = append(in.List, &ast.Cast{X: &ast.Param{N: len(w.words)}, Type: "BIGINT"})
		}
		if p.Negated {
			return ast.NewLogic(true, &ast.Compare{Op: ">=", L: w.code(p.Col), R: num(0)}, in)
		}
		return in
	case *ir.InUnits:
		return &ast.InQuery{X: column(p.Col.Rel, p.Col.Code), Query: w.sub(p.Sub, true)}
	case *ir.HasValue:
		return &ast.IsNull{X: column(p.Col.Rel, p.Col.Value), Negated: !p.Negated}
	case *ir.AllOf:
		return w.logic(p.Args, true)
	case *ir.AnyOf:
		return w.logic(p.Args, false)
	}
	return truth(false)
}

func truth(v bool) ast.Expr { return &ast.Const{Kind: ast.Bool, Value: strconv.FormatBool(v)} }

func (w *writer) logic(args []ir.Pred, all bool) ast.Expr {
	if len(args) == 0 {
		return truth(all)
	}
	var out []ast.Expr
	for _, a := range args {
		out = append(out, w.pred(a))
	}
	return ast.NewLogic(all, out...)
}

func set(code ast.Expr, s ir.Set) ast.Expr {
	var out []ast.Expr
	var singles []ast.Expr
	for _, sp := range s {
		if sp.Lo == sp.Hi {
			singles = append(singles, num(sp.Lo))
			continue
		}
		out = append(out, &ast.Between{X: code, Lo: num(sp.Lo), Hi: num(sp.Hi)})
	}
	switch len(singles) {
	case 0:
	case 1:
		out = append(out, &ast.Compare{Op: "=", L: code, R: singles[0]})
	default:
		out = append(out, &ast.In{X: code, List: singles})
	}
	if len(out) == 0 {
		return truth(false)
	}
	return ast.NewLogic(false, out...)
}

func (w *writer) key(k *ir.Key) ast.Expr {
	if len(k.Branches) > 0 {
		c := &ast.Case{Else: num(coding.Missing)}
		for _, b := range k.Branches {
			if b.If == nil {
				c.Else = num(b.Out)
				continue
			}
			c.Whens = append(c.Whens, ast.When{If: w.pred(b.If), Then: num(b.Out)})
		}
		return c
	}
	code := w.code(k.Col)
	if len(k.Runs) == 0 {
		return code
	}
	return runs(code, k.Runs)
}

// runs writes the mapping from codes to cells: the code itself where it is its own cell, else
// a balanced tree of comparisons, so that long mappings stay shallow.
func runs(code ast.Expr, rs []ir.Run) ast.Expr {
	identity := true
	for _, r := range rs {
		if r.From != r.Out || (r.To != r.From && r.Step != 1) {
			identity = false
		}
	}
	if identity {
		return code
	}
	if len(rs) == 1 {
		r := rs[0]
		if r.Step == 0 {
			return num(r.Out)
		}
		shifted := code
		if r.From != 0 {
			shifted = op("-", code, num(r.From))
		}
		if r.Step > 1 {
			shifted = op("//", shifted, num(r.Step))
		}
		if r.Out != 0 {
			shifted = op("+", shifted, num(r.Out))
		}
		return shifted
	}
	mid := len(rs) / 2
	return &ast.Case{Whens: []ast.When{{If: &ast.Compare{Op: "<", L: code, R: num(rs[mid].From)}, Then: runs(code, rs[:mid])}}, Else: runs(code, rs[mid:])}
}

func (w *writer) raw(r ir.Raw) ast.Expr {
	f := &ast.Func{}
	var conds []ast.Expr
	if r.Filter != nil {
		conds = append(conds, w.pred(r.Filter))
	}
	if r.B != nil && r.Kind != ir.RawProduct {
		conds = append(conds, &ast.IsNull{X: w.arg(r.B), Negated: true})
	}
	switch r.Kind {
	case ir.RawRows:
		f.Name = "count_star"
	case ir.RawUnits:
		f.Name, f.Distinct, f.Args = "count", true, []ast.Expr{column(r.Unit.Rel, r.Unit.Code)}
	case ir.RawCount:
		f.Name, f.Args = "count", []ast.Expr{w.arg(r.A)}
	case ir.RawSum:
		f.Name, f.Args = "sum", []ast.Expr{w.arg(r.A)}
	case ir.RawSquare:
		f.Name, f.Args = "sum", []ast.Expr{w.product(r.A, r.A)}
	case ir.RawProduct:
		f.Name, f.Args = "sum", []ast.Expr{w.product(r.A, r.B)}
	}
	f.Filter = and(conds)
	return f
}

// product multiplies in 128 bits where 64 might not do.
func (w *writer) product(a, b *ir.Arg) ast.Expr {
	x, y := w.arg(a), w.arg(b)
	if wide(a) || wide(b) {
		x = &ast.Cast{X: x, Type: "HUGEINT"}
		y = &ast.Cast{X: y, Type: "HUGEINT"}
	}
	return op("*", x, y)
}

func wide(a *ir.Arg) bool { return a.Lo < -1<<30 || a.Hi > 1<<30 }

func (w *writer) arg(a *ir.Arg) ast.Expr {
	if len(a.Branches) == 1 && a.Branches[0].If == nil {
		return w.linear(a.Branches[0].Value)
	}
	c := &ast.Case{Else: &ast.Const{Kind: ast.Null}}
	for _, b := range a.Branches {
		if b.If == nil {
			c.Else = w.linear(b.Value)
			break
		}
		c.Whens = append(c.Whens, ast.When{If: w.pred(b.If), Then: w.linear(b.Value)})
	}
	return c
}

func (w *writer) linear(l *ir.Linear) ast.Expr {
	if l == nil {
		return &ast.Const{Kind: ast.Null}
	}
	var out ast.Expr
	for _, t := range l.Terms {
		e := column(t.Col.Rel, t.Col.Value)
		if t.Coef != 1 {
			e = op("*", e, num(t.Coef))
		}
		if out == nil {
			out = e
		} else {
			out = op("+", out, e)
		}
	}
	switch {
	case out == nil:
		return &ast.Cast{X: num(l.Const), Type: "BIGINT"}
	case l.Const != 0:
		return op("+", out, num(l.Const))
	}
	return out
}
