package ast

import (
	"encoding/json"
	"math/big"
	"strconv"
	"strings"

	"pado/domain/sandbox/guard/refuse"
)

// plain decodes an expression that must not carry an alias.
func (d *decoder) plain(v any, depth int) Expr {
	e, alias := d.expr(v, depth, false)
	if alias != "" {
		d.fail(refuse.UnknownSyntax)
	}
	return e
}

// optional decodes an expression or null.
func (d *decoder) optional(v any, depth int) Expr {
	if v == nil {
		return nil
	}
	return d.plain(v, depth)
}

func (d *decoder) exprs(list []any, depth int) []Expr {
	var out []Expr
	for _, v := range list {
		out = append(out, d.plain(v, depth))
	}
	return out
}

var comparisons = map[string]string{
	"COMPARE_EQUAL": "=", "COMPARE_NOTEQUAL": "<>", "COMPARE_LESSTHAN": "<", "COMPARE_GREATERTHAN": ">",
	"COMPARE_LESSTHANOREQUALTO": "<=", "COMPARE_GREATERTHANOREQUALTO": ">=",
	"COMPARE_DISTINCT_FROM": "IS DISTINCT", "COMPARE_NOT_DISTINCT_FROM": "IS NOT DISTINCT",
}

// expr decodes one expression; item says that a select-list alias is allowed here.
func (d *decoder) expr(v any, depth int, item bool) (Expr, string) {
	if d.refusal != nil {
		return nil, ""
	}
	if depth > 60 {
		d.fail(refuse.TooComplex)
		return nil, ""
	}
	o := d.object(v)
	class, kind := o.str("class"), o.str("type")
	switch class {
	case "STAR":
		if !item {
			d.fail(refuse.Star)
		}
	case "PARAMETER":
		if !d.emitted {
			d.fail(refuse.Parameter)
		}
	case "LAMBDA", "LAMBDA_REF", "POSITIONAL_REFERENCE":
		d.fail(refuse.Lambda)
	}
	if d.refusal != nil {
		return nil, ""
	}
	alias := o.str("alias")
	if alias != "" && !item {
		d.fail(refuse.UnknownSyntax)
	}
	o.location()
	var e Expr
	switch class {
	case "COLUMN_REF":
		c := &Column{Names: d.names(o.list("column_names"))}
		if n := len(c.Names); n == 0 || n > 2 {
			d.fail(refuse.Qualified)
		}
		e = c
	case "STAR":
		e = &Star{Table: o.str("relation_name")}
		for _, f := range []string{"exclude_list", "replace_list", "qualified_exclude_list", "rename_list"} {
			o.want(f, []any{}, refuse.Star)
		}
		o.want("columns", false, refuse.Star)
		o.want("expr", nil, refuse.Star)
		if alias != "" {
			d.fail(refuse.Star)
		}
	case "CONSTANT":
		e = d.constant(o.take("value"))
	case "PARAMETER":
		n, err := strconv.Atoi(o.str("identifier"))
		if err != nil || n < 1 {
			d.fail(refuse.Parameter)
		}
		e = &Param{N: n}
	case "COMPARISON":
		op, ok := comparisons[kind]
		if !ok {
			d.fail(refuse.UnknownSyntax, kind)
		}
		e = &Compare{Op: op, L: d.plain(o.take("left"), depth+1), R: d.plain(o.take("right"), depth+1)}
	case "BETWEEN":
		if kind != "COMPARE_BETWEEN" {
			d.fail(refuse.UnknownSyntax, kind)
		}
		e = &Between{X: d.plain(o.take("input"), depth+1), Lo: d.plain(o.take("lower"), depth+1), Hi: d.plain(o.take("upper"), depth+1)}
	case "CONJUNCTION":
		if kind != "CONJUNCTION_AND" && kind != "CONJUNCTION_OR" {
			d.fail(refuse.UnknownSyntax, kind)
		}
		e = NewLogic(kind == "CONJUNCTION_AND", d.exprs(o.list("children"), depth+1)...)
	case "OPERATOR":
		e = d.operator(o, kind, depth)
	case "CASE":
		c := &Case{}
		for _, w := range o.list("case_checks") {
			wo := d.object(w)
			c.Whens = append(c.Whens, When{If: d.plain(wo.take("when_expr"), depth+1), Then: d.plain(wo.take("then_expr"), depth+1)})
			wo.close()
		}
		c.Else = d.plain(o.take("else_expr"), depth+1)
		e = c
	case "CAST":
		e = d.cast(o, depth)
	case "FUNCTION":
		e = d.function(o, depth)
	case "WINDOW":
		e = d.window(o, kind, depth)
	case "SUBQUERY":
		e = d.inQuery(o, depth)
	default:
		d.fail(refuse.UnknownSyntax, class)
	}
	o.close()
	return e, alias
}

// NewLogic flattens nested conjunctions of the same kind.
func NewLogic(and bool, args ...Expr) Expr {
	var flat []Expr
	for _, a := range args {
		if l, ok := a.(*Logic); ok && l.And == and {
			flat = append(flat, l.Args...)
		} else {
			flat = append(flat, a)
		}
	}
	if len(flat) == 1 {
		return flat[0]
	}
	return &Logic{And: and, Args: flat}
}

func (d *decoder) operator(o *object, kind string, depth int) Expr {
	args := d.exprs(o.list("children"), depth+1)
	need := func(ok bool) {
		if !ok {
			d.fail(refuse.UnknownSyntax, kind)
			args = []Expr{nil, nil}
		}
	}
	switch kind {
	case "OPERATOR_NOT":
		need(len(args) == 1)
		if q, ok := args[0].(*InQuery); ok && q != nil {
			d.fail(refuse.Subquery)
		}
		return &Not{X: args[0]}
	case "OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL":
		need(len(args) == 1)
		return &IsNull{X: args[0], Negated: kind == "OPERATOR_IS_NOT_NULL"}
	case "OPERATOR_COALESCE":
		need(len(args) >= 1)
		return &Coalesce{Args: args}
	case "COMPARE_IN", "COMPARE_NOT_IN":
		need(len(args) >= 2)
		if len(args)-1 > MaxInList && !d.emitted {
			d.fail(refuse.InTooLong)
		}
		return &In{X: args[0], List: args[1:], Negated: kind == "COMPARE_NOT_IN"}
	case "GROUPING_FUNCTION":
		d.fail(refuse.GroupingSets)
	case "ARRAY_CONSTRUCTOR", "ARRAY_EXTRACT", "ARRAY_SLICE", "STRUCT_EXTRACT":
		d.fail(refuse.Lambda)
	default:
		d.fail(refuse.UnknownSyntax, kind)
	}
	return nil
}

func (d *decoder) constant(v any) Expr {
	o := d.object(v)
	to := d.object(o.take("type"))
	id := to.str("id")
	info := to.take("type_info")
	to.close()
	if o.boolean("is_null") {
		o.close()
		return &Const{Kind: Null}
	}
	val := o.take("value")
	o.close()
	c := &Const{}
	switch id {
	case "INTEGER", "BIGINT", "SMALLINT", "TINYINT":
		n, ok := val.(json.Number)
		if _, err := strconv.ParseInt(n.String(), 10, 64); !ok || err != nil {
			d.fail(refuse.Literal)
		}
		c.Kind, c.Value = Int, n.String()
	case "HUGEINT":
		c.Kind, c.Value = Int, d.hugeint(val)
	case "DECIMAL":
		c.Kind, c.Value = Dec, d.decimal(val, info)
	case "DOUBLE":
		n, ok := val.(json.Number)
		r, valid := new(big.Rat).SetString(n.String())
		if !ok || !valid || len(n.String()) > 40 {
			d.fail(refuse.Literal)
			break
		}
		f, _ := r.Float64()
		c.Kind, c.Value = Double, strconv.FormatFloat(f, 'e', -1, 64)
	case "VARCHAR":
		s, ok := val.(string)
		if !ok || !CheckString(s) {
			d.fail(refuse.Literal)
		}
		c.Kind, c.Value = Text, s
	case "BOOLEAN":
		b, ok := val.(bool)
		if !ok {
			d.fail(refuse.Literal)
		}
		c.Kind, c.Value = Bool, strconv.FormatBool(b)
	default:
		d.fail(refuse.Literal)
	}
	return c
}

// hugeint joins the two halves the engine prints for integers beyond 64 bits.
func (d *decoder) hugeint(v any) string {
	o := d.object(v)
	up, ok1 := o.take("upper").(json.Number)
	lo, ok2 := o.take("lower").(json.Number)
	o.close()
	u, ok3 := new(big.Int).SetString(up.String(), 10)
	l, ok4 := new(big.Int).SetString(lo.String(), 10)
	if !ok1 || !ok2 || !ok3 || !ok4 {
		d.fail(refuse.Literal)
		return "0"
	}
	return u.Lsh(u, 64).Add(u, l).String()
}

// decimal renders unscaled value and scale as exact text; wide decimals are refused.
func (d *decoder) decimal(v, info any) string {
	i := d.object(info)
	i.want("type", "DECIMAL_TYPE_INFO", refuse.Literal)
	i.want("alias", "", refuse.Literal)
	i.want("extension_info", nil, refuse.Literal)
	i.take("width")
	sc, ok := i.take("scale").(json.Number)
	i.close()
	n, ok2 := v.(json.Number)
	scale, err := strconv.Atoi(sc.String())
	if !ok || !ok2 || err != nil || scale < 0 || scale > 18 {
		d.fail(refuse.Literal)
		return "0"
	}
	text := n.String()
	neg := strings.HasPrefix(text, "-")
	text = strings.TrimPrefix(text, "-")
	if _, err := strconv.ParseUint(text, 10, 63); err != nil {
		d.fail(refuse.Literal)
		return "0"
	}
	for len(text) <= scale {
		text = "0" + text
	}
	if scale > 0 {
		text = text[:len(text)-scale] + "." + text[len(text)-scale:]
	}
	if neg {
		text = "-" + text
	}
	return text
}

// castTypes are the engine's type ids a cast may name.
var castTypes = map[string]bool{
	"INTEGER": true, "BIGINT": true, "DOUBLE": true, "VARCHAR": true, "DATE": true, "BOOLEAN": true, "DECIMAL": true, "SMALLINT": true, "FLOAT": true,
}

func (d *decoder) cast(o *object, depth int) Expr {
	c := &Cast{X: d.plain(o.take("child"), depth+1)}
	to := d.object(o.take("cast_type"))
	c.Type = to.str("id")
	info := to.take("type_info")
	to.close()
	c.Try = o.boolean("try_cast")
	if !castTypes[c.Type] && !(d.emitted && c.Type == "HUGEINT") {
		d.fail(refuse.Cast, c.Type)
		return c
	}
	if c.Type == "DECIMAL" {
		i := d.object(info)
		i.want("type", "DECIMAL_TYPE_INFO", refuse.Cast)
		i.want("alias", "", refuse.Cast)
		i.want("extension_info", nil, refuse.Cast)
		w, _ := i.take("width").(json.Number)
		s, _ := i.take("scale").(json.Number)
		i.close()
		c.Width, _ = strconv.Atoi(w.String())
		c.Scale, _ = strconv.Atoi(s.String())
		if c.Width < 1 || c.Width > 38 || c.Scale < 0 || c.Scale > c.Width {
			d.fail(refuse.Cast, c.Type)
		}
	} else if info != nil {
		d.fail(refuse.Cast, c.Type)
	}
	// TRUE and FALSE arrive as casts of 't' and 'f'
	if t, ok := c.X.(*Const); ok && c.Type == "BOOLEAN" && t.Kind == Text && (t.Value == "t" || t.Value == "f") {
		return &Const{Kind: Bool, Value: strconv.FormatBool(t.Value == "t")}
	}
	return c
}

// nested are the calls the parser writes for lists, rows, structs and comprehensions.
var nested = map[string]bool{"list_value": true, "row": true, "struct_pack": true, "list_apply": true, "list_transform": true, "list_filter": true, "unnest": true, "map": true}

func (d *decoder) function(o *object, depth int) Expr {
	f := &Func{Name: strings.ToLower(o.str("function_name"))}
	schema := o.str("schema")
	// EXTRACT(… FROM …) is written by the parser itself as main.date_part
	if schema != "" && !(schema == "main" && f.Name == "date_part") {
		if schema == "main" && nested[f.Name] {
			d.fail(refuse.Lambda)
		}
		d.fail(refuse.Qualified)
	}
	o.want("catalog", "", refuse.Qualified)
	o.want("export_state", false, refuse.UnknownSyntax)
	f.Args = d.exprs(o.list("children"), depth+1)
	f.Filter = d.optional(o.take("filter"), depth+1)
	ob := d.object(o.take("order_bys"))
	ob.want("type", "ORDER_MODIFIER", refuse.UnknownSyntax)
	f.Order = d.orders(ob.list("orders"), depth+1)
	ob.close()
	f.Distinct = o.boolean("distinct")
	f.Operator = o.boolean("is_operator")
	if len(f.Name) > MaxName {
		d.fail(refuse.Function)
	}
	return f
}

func (d *decoder) inQuery(o *object, depth int) Expr {
	if o.str("subquery_type") != "ANY" {
		d.fail(refuse.Subquery)
		return nil
	}
	q := &InQuery{}
	sub := d.object(o.take("subquery"))
	node := sub.take("node")
	sub.want("named_param_map", []any{}, refuse.Parameter)
	sub.close()
	o.want("comparison_type", "COMPARE_EQUAL", refuse.Subquery)
	q.X = d.plain(o.take("child"), depth+1)
	q.Query = d.query(node, depth+1)
	return q
}

func (d *decoder) window(o *object, kind string, depth int) Expr {
	w := &Window{Kind: kind, Name: strings.ToLower(o.str("function_name"))}
	o.want("schema", "", refuse.Qualified)
	o.want("catalog", "", refuse.Qualified)
	w.Args = d.exprs(o.list("children"), depth+1)
	w.Partitions = d.exprs(o.list("partitions"), depth+1)
	w.Orders = d.orders(o.list("orders"), depth+1)
	w.Start, w.End = o.str("start"), o.str("end")
	w.StartExpr = d.optional(o.take("start_expr"), depth+1)
	w.EndExpr = d.optional(o.take("end_expr"), depth+1)
	w.OffsetExpr = d.optional(o.take("offset_expr"), depth+1)
	w.Default = d.optional(o.take("default_expr"), depth+1)
	o.want("ignore_nulls", false, refuse.WindowUse)
	o.want("filter_expr", nil, refuse.WindowUse)
	o.want("exclude_clause", "NO_OTHER", refuse.WindowUse)
	o.want("distinct", false, refuse.WindowUse)
	o.want("arg_orders", []any{}, refuse.WindowUse)
	return w
}
