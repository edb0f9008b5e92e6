package ir

import (
	"strings"

	"pado/domain/sandbox/guard/ast"
	"pado/domain/sandbox/guard/policy"
	"pado/domain/sandbox/guard/refuse"
)

// scope is what names mean inside one SELECT.
type scope struct {
	r     *resolver
	items []*scopeItem
	env   *env
}

// scopeItem is one FROM item: a protected relation with cols, or released cells with outs.
type scopeItem struct {
	name string
	cols []*Col
	outs []*released
	// using marks columns that JOIN … USING has merged away: they answer only when qualified.
	using map[string]bool
}

func fold(s string) string { return strings.ToLower(s) }

// find resolves a name, qualified or not, among what the FROM items offer; more than one meaning is
// refused, and so is none.
func find[T any](items []*scopeItem, c *ast.Column, offers func(*scopeItem) []*T, called func(*T) string) (*T, *refuse.Refusal) {
	var found *T
	name := c.Names[len(c.Names)-1]
	known := len(c.Names) == 1
	for _, it := range items {
		if len(c.Names) == 2 && fold(it.name) != fold(c.Names[0]) {
			continue
		}
		known = true
		for _, o := range offers(it) {
			if fold(called(o)) != fold(name) || (len(c.Names) == 1 && it.using[fold(name)]) {
				continue
			}
			if found != nil {
				return nil, refuse.New(refuse.Ambiguous, name)
			}
			found = o
		}
	}
	if !known {
		return nil, refuse.New(refuse.UnknownTable, c.Names[0])
	}
	if found == nil {
		return nil, refuse.New(refuse.UnknownColumn, strings.Join(c.Names, "."))
	}
	return found, nil
}

// column resolves a reference to a protected column. Forbidden columns resolve to a refusal
// of their own, so that the asker learns the rule and not only that the name is unknown.
func (s *scope) column(c *ast.Column) (*Col, *refuse.Refusal) {
	found, no := find(s.items, c, func(it *scopeItem) []*Col { return it.cols }, func(k *Col) string { return k.Name })
	if no != nil {
		return nil, no
	}
	if found.Label == policy.Forbidden {
		return nil, refuse.New(refuse.Forbidden, found.Name)
	}
	return found, nil
}

// has says whether a bare name is a source column.
func (s *scope) has(name string) bool {
	for _, it := range s.items {
		for _, k := range it.cols {
			if fold(k.Name) == fold(name) {
				return true
			}
		}
		for _, o := range it.outs {
			if fold(o.Name) == fold(name) {
				return true
			}
		}
	}
	return false
}

// canon is a text equal for expressions that mean the same after name resolution; ok is false
// when a name does not resolve.
func (s *scope) canon(e ast.Expr) (string, bool) {
	ok := true
	x := ast.Rewrite(e, func(n ast.Expr) (ast.Expr, bool) {
		c, isCol := n.(*ast.Column)
		if !isCol {
			return nil, false
		}
		if k, r := s.column(c); r == nil {
			return &ast.Column{Names: []string{k.Rel, k.Name}}, true
		}
		if o, r := s.released(c); r == nil {
			return &ast.Column{Names: []string{o.Rel, o.Name}}, true
		}
		ok = false
		return n, true
	})
	return ast.PrintExpr(x), ok
}

// aliasOf returns the select item an unqualified name stands for.
func aliasOf(sel *ast.Select, e ast.Expr) (ast.Expr, bool) {
	c, ok := e.(*ast.Column)
	if !ok || len(c.Names) != 1 {
		return nil, false
	}
	var found ast.Expr
	for _, it := range sel.Items {
		if it.Alias != "" && fold(it.Alias) == fold(c.Names[0]) {
			if found != nil {
				return nil, false
			}
			found = it.Expr
		}
	}
	return found, found != nil
}

// position returns the select item a whole-number literal points at.
func position(sel *ast.Select, e ast.Expr) (ast.Expr, bool, *refuse.Refusal) {
	c, ok := e.(*ast.Const)
	if !ok {
		return nil, false, nil
	}
	v, ok := literal(c)
	if !ok || v.Kind != "num" || v.Num.D != 1 || c.Kind != ast.Int {
		return nil, false, refuse.New(refuse.KeyExpression, "常量不能用于分组或排序")
	}
	if v.Num.N < 1 || v.Num.N > int64(len(sel.Items)) {
		return nil, false, refuse.Newf(refuse.Order, "没有第 %d 个输出列", v.Num.N)
	}
	return sel.Items[v.Num.N-1].Expr, true, nil
}

// groupExpr replaces positions and aliases in GROUP BY; a source column wins over an alias,
// and a name that means two different things is refused.
func (s *scope) groupExpr(sel *ast.Select, e ast.Expr) (ast.Expr, *refuse.Refusal) {
	if x, ok, r := position(sel, e); r != nil || ok {
		return x, r
	}
	x, ok := aliasOf(sel, e)
	if !ok {
		return e, nil
	}
	c := e.(*ast.Column)
	if !s.has(c.Names[0]) {
		return x, nil
	}
	a, ok1 := s.canon(e)
	b, ok2 := s.canon(x)
	if ok1 && ok2 && a == b {
		return e, nil
	}
	return nil, refuse.Newf(refuse.Ambiguous, "%s 既是源字段又是别名", c.Names[0]).WithHint("请换一个与源字段不同的别名，或在 GROUP BY 中写序号。")
}

// uses reports whether an aggregate occurs in e outside windows.
func uses(e ast.Expr) bool {
	if e == nil {
		return false
	}
	if f, ok := e.(*ast.Func); ok && isAggregate(f.Name) {
		return true
	}
	if _, ok := e.(*ast.Window); ok {
		// the operands of a window may hold aggregates of the same SELECT
		for _, c := range ast.Children(e) {
			if uses(c) {
				return true
			}
		}
		return false
	}
	for _, c := range ast.Children(e) {
		if uses(c) {
			return true
		}
	}
	return false
}
