package ast

import (
	"fmt"
	"strconv"
	"strings"
)

// Print writes a query as SQL text: every identifier quoted, every operand in parentheses.
// Reading the text back with DecodeEmitted gives an equal tree; Engine checks that each time
// before anything runs, so a mistake here stops a question instead of changing it.
func Print(q Query) string {
	p := &printer{}
	p.query(q)
	return p.b.String()
}

// PrintExpr writes one expression.
func PrintExpr(e Expr) string {
	p := &printer{}
	p.expr(e)
	return p.b.String()
}

type printer struct{ b strings.Builder }

func (p *printer) w(parts ...string) {
	for _, s := range parts {
		p.b.WriteString(s)
	}
}

// Quote writes an identifier.
func Quote(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

func quoteText(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func (p *printer) list(n int, sep string, each func(i int)) {
	for i := range n {
		if i > 0 {
			p.w(sep)
		}
		each(i)
	}
}

func (p *printer) columns(names []string) {
	if len(names) == 0 {
		return
	}
	p.w("(")
	p.list(len(names), ", ", func(i int) { p.w(Quote(names[i])) })
	p.w(")")
}

func (p *printer) query(q Query) {
	var t *Tail
	switch q := q.(type) {
	case *Select:
		t = &q.Tail
	case *Union:
		t = &q.Tail
	}
	if len(t.CTEs) > 0 {
		p.w("WITH ")
		p.list(len(t.CTEs), ", ", func(i int) {
			p.w(Quote(t.CTEs[i].Name))
			p.columns(t.CTEs[i].Columns)
			p.w(" AS (")
			p.query(t.CTEs[i].Query)
			p.w(")")
		})
		p.w(" ")
	}
	switch q := q.(type) {
	case *Select:
		p.selectNode(q)
	case *Union:
		p.w("(")
		p.query(q.Left)
		p.w(") UNION ALL (")
		p.query(q.Right)
		p.w(")")
	}
	if len(t.Order) > 0 {
		p.w(" ORDER BY ")
		p.orders(t.Order)
	}
	if t.Limit != nil {
		p.w(" LIMIT ", strconv.FormatInt(*t.Limit, 10))
	}
	if t.Offset != nil {
		p.w(" OFFSET ", strconv.FormatInt(*t.Offset, 10))
	}
}

func (p *printer) orders(orders []Order) {
	p.list(len(orders), ", ", func(i int) {
		p.expr(orders[i].Expr)
		if orders[i].Descending {
			p.w(" DESC")
		}
		if orders[i].Nulls != "" {
			p.w(" NULLS ", orders[i].Nulls)
		}
	})
}

func (p *printer) selectNode(s *Select) {
	p.w("SELECT ")
	if s.Distinct {
		p.w("DISTINCT ")
	}
	p.list(len(s.Items), ", ", func(i int) {
		p.expr(s.Items[i].Expr)
		if s.Items[i].Alias != "" {
			p.w(" AS ", Quote(s.Items[i].Alias))
		}
	})
	if s.From != nil {
		p.w(" FROM ")
		p.table(s.From)
	}
	if s.Where != nil {
		p.w(" WHERE ")
		p.expr(s.Where)
	}
	if s.GroupAll {
		p.w(" GROUP BY ALL")
	}
	if len(s.Groups) > 0 {
		p.w(" GROUP BY ")
		p.list(len(s.Groups), ", ", func(i int) { p.expr(s.Groups[i]) })
	}
	if s.Having != nil {
		p.w(" HAVING ")
		p.expr(s.Having)
	}
	if s.Qualify != nil {
		p.w(" QUALIFY ")
		p.expr(s.Qualify)
	}
}

func (p *printer) table(t Table) {
	switch t := t.(type) {
	case *Base:
		if t.Schema != "" {
			p.w(Quote(t.Schema), ".")
		}
		p.w(Quote(t.Name))
		if t.Alias != "" {
			p.w(" AS ", Quote(t.Alias))
		}
		p.columns(t.Columns)
	case *Derived:
		p.w("(")
		p.query(t.Query)
		p.w(")")
		if t.Alias != "" {
			p.w(" AS ", Quote(t.Alias))
		}
		p.columns(t.Columns)
	case *Join:
		p.table(t.Left)
		switch {
		case t.Cross:
			p.w(" CROSS JOIN ")
		case t.LeftOuter:
			p.w(" LEFT JOIN ")
		default:
			p.w(" INNER JOIN ")
		}
		if j, ok := t.Right.(*Join); ok {
			p.w("(")
			p.table(j)
			p.w(")")
		} else {
			p.table(t.Right)
		}
		if t.On != nil {
			p.w(" ON ")
			p.expr(t.On)
		}
		if len(t.Using) > 0 {
			p.w(" USING ")
			p.columns(t.Using)
		}
	}
}

var infix = map[string]bool{"+": true, "-": true, "*": true, "/": true, "//": true, "%": true, "||": true}

func (p *printer) expr(e Expr) {
	switch e := e.(type) {
	case *Column:
		p.list(len(e.Names), ".", func(i int) { p.w(Quote(e.Names[i])) })
	case *Const:
		p.constant(e)
	case *Param:
		p.w("$", strconv.Itoa(e.N))
	case *Compare:
		op := e.Op
		switch op {
		case "IS DISTINCT":
			op = "IS DISTINCT FROM"
		case "IS NOT DISTINCT":
			op = "IS NOT DISTINCT FROM"
		}
		p.paren(e.L)
		p.w(" ", op, " ")
		p.paren(e.R)
	case *Between:
		p.paren(e.X)
		p.w(" BETWEEN ")
		p.paren(e.Lo)
		p.w(" AND ")
		p.paren(e.Hi)
	case *Logic:
		sep := " OR "
		if e.And {
			sep = " AND "
		}
		p.list(len(e.Args), sep, func(i int) { p.paren(e.Args[i]) })
	case *Not:
		p.w("NOT ")
		p.paren(e.X)
	case *In:
		p.paren(e.X)
		if e.Negated {
			p.w(" NOT")
		}
		p.w(" IN (")
		p.list(len(e.List), ", ", func(i int) { p.expr(e.List[i]) })
		p.w(")")
	case *InQuery:
		p.paren(e.X)
		p.w(" IN (")
		p.query(e.Query)
		p.w(")")
	case *IsNull:
		p.paren(e.X)
		if e.Negated {
			p.w(" IS NOT NULL")
		} else {
			p.w(" IS NULL")
		}
	case *Coalesce:
		p.w("COALESCE(")
		p.list(len(e.Args), ", ", func(i int) { p.expr(e.Args[i]) })
		p.w(")")
	case *Case:
		p.w("CASE")
		for _, w := range e.Whens {
			p.w(" WHEN ")
			p.expr(w.If)
			p.w(" THEN ")
			p.expr(w.Then)
		}
		if e.Else != nil {
			p.w(" ELSE ")
			p.expr(e.Else)
		}
		p.w(" END")
	case *Cast:
		if e.Try {
			p.w("TRY_CAST(")
		} else {
			p.w("CAST(")
		}
		p.expr(e.X)
		p.w(" AS ", e.Type)
		if e.Type == "DECIMAL" {
			p.w(fmt.Sprintf("(%d,%d)", e.Width, e.Scale))
		}
		p.w(")")
	case *Func:
		p.function(e)
	case *Window:
		p.window(e)
	}
}

// paren wraps anything but the plainest operands.
func (p *printer) paren(e Expr) {
	switch e.(type) {
	case *Column, *Const, *Param, *Coalesce, *Case, *Cast:
		p.expr(e)
	default:
		p.w("(")
		p.expr(e)
		p.w(")")
	}
}

func (p *printer) constant(c *Const) {
	switch c.Kind {
	case Null:
		p.w("NULL")
	case Bool:
		p.w(strings.ToUpper(c.Value))
	case Text:
		p.w(quoteText(c.Value))
	default:
		if strings.HasPrefix(c.Value, "-") {
			p.w("(", c.Value, ")")
			return
		}
		p.w(c.Value)
	}
}

func (p *printer) function(f *Func) {
	if f.Operator && len(f.Args) == 2 && infix[f.Name] {
		p.paren(f.Args[0])
		p.w(" ", f.Name, " ")
		p.paren(f.Args[1])
		return
	}
	if f.Operator && len(f.Args) == 1 && f.Name == "-" {
		p.w("- ")
		p.paren(f.Args[0])
		return
	}
	if f.Name == "count_star" {
		p.w("count(*)")
	} else {
		p.w(f.Name, "(")
		if f.Distinct {
			p.w("DISTINCT ")
		}
		p.list(len(f.Args), ", ", func(i int) { p.expr(f.Args[i]) })
		if len(f.Order) > 0 {
			p.w(" ORDER BY ")
			p.orders(f.Order)
		}
		p.w(")")
	}
	if f.Filter != nil {
		p.w(" FILTER (WHERE ")
		p.expr(f.Filter)
		p.w(")")
	}
}

// frames are the only window frames printed: those the parser gives without and with ROWS.
var frames = map[string]string{
	"UNBOUNDED_PRECEDING": "UNBOUNDED PRECEDING", "UNBOUNDED_FOLLOWING": "UNBOUNDED FOLLOWING",
	"CURRENT_ROW_ROWS": "CURRENT ROW", "CURRENT_ROW_RANGE": "CURRENT ROW",
	"EXPR_PRECEDING_ROWS": "PRECEDING", "EXPR_FOLLOWING_ROWS": "FOLLOWING",
}

func (p *printer) window(w *Window) {
	if w.Name == "count_star" {
		p.w("count(*")
	} else {
		p.w(w.Name, "(")
	}
	args := append([]Expr{}, w.Args...)
	if w.OffsetExpr != nil {
		args = append(args, w.OffsetExpr)
	}
	if w.Default != nil {
		args = append(args, w.Default)
	}
	p.list(len(args), ", ", func(i int) { p.expr(args[i]) })
	p.w(") OVER (")
	if len(w.Partitions) > 0 {
		p.w("PARTITION BY ")
		p.list(len(w.Partitions), ", ", func(i int) { p.expr(w.Partitions[i]) })
	}
	if len(w.Orders) > 0 {
		p.w(" ORDER BY ")
		p.orders(w.Orders)
	}
	if w.Start != "UNBOUNDED_PRECEDING" || w.End != "CURRENT_ROW_RANGE" {
		unit := " ROWS BETWEEN "
		if w.End == "CURRENT_ROW_RANGE" {
			unit = " RANGE BETWEEN "
		}
		p.w(unit)
		p.bound(w.Start, w.StartExpr)
		p.w(" AND ")
		p.bound(w.End, w.EndExpr)
	}
	p.w(")")
}

func (p *printer) bound(kind string, e Expr) {
	if e != nil {
		p.expr(e)
		p.w(" ")
	}
	p.w(frames[kind])
}
