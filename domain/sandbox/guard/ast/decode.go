package ast

import (
	"encoding/json"
	"strconv"

	"pado/domain/sandbox/guard/refuse"
)

// Decode reads the text json_serialize_sql gave for the asker's SQL. The result holds exactly
// one statement of listed node types, or a refusal says what is not accepted.
func Decode(serialized string) (Query, *refuse.Refusal) { return decode(serialized, false) }

// DecodeEmitted reads the parse of text this program wrote itself: parameters $n and a
// schema-qualified table are then part of the language.
func DecodeEmitted(serialized string) (Query, *refuse.Refusal) { return decode(serialized, true) }

func decode(serialized string, emitted bool) (Query, *refuse.Refusal) {
	limit := MaxNodes
	if emitted {
		limit *= 50 // long mappings of codes to cells are our own
	}
	v, r := parseTree(serialized, limit)
	if r != nil {
		return nil, r
	}
	d := &decoder{emitted: emitted}
	o := d.object(v)
	if o.boolean("error") {
		return nil, parserRefusal(o)
	}
	statements := o.list("statements")
	o.close()
	if d.refusal == nil && len(statements) != 1 {
		d.fail(refuse.OneStatement)
	}
	if d.refusal != nil {
		return nil, d.refusal
	}
	q := d.statement(statements[0], 0)
	if d.refusal != nil {
		return nil, d.refusal
	}
	return q, nil
}

// parserRefusal turns the parser's error into ours: the kind and the position, never its text.
func parserRefusal(o *object) *refuse.Refusal {
	kind, _ := o.m["error_type"].(string)
	if kind == "not implemented" {
		return refuse.New(refuse.NotSelect)
	}
	if p, ok := o.m["position"].(string); ok {
		if n, err := strconv.Atoi(p); err == nil && n >= 0 && n < MaxTextBytes {
			return refuse.Newf(refuse.Syntax, "第 %d 个字节附近", n+1)
		}
	}
	return refuse.New(refuse.Syntax)
}

func (d *decoder) statement(v any, depth int) Query {
	o := d.object(v)
	node := o.take("node")
	params := o.list("named_param_map")
	o.close()
	if len(params) != 0 && !d.emitted {
		d.fail(refuse.Parameter)
	}
	return d.query(node, depth)
}

func (d *decoder) query(v any, depth int) Query {
	if d.refusal != nil {
		return nil
	}
	if depth > 24 {
		d.fail(refuse.TooComplex)
		return nil
	}
	o := d.object(v)
	switch kind := o.str("type"); kind {
	case "SELECT_NODE":
		return d.selectNode(o, depth)
	case "SET_OPERATION_NODE":
		u := &Union{}
		d.tail(o, &u.Tail, nil, depth)
		if o.str("setop_type") != "UNION" || !o.boolean("setop_all") {
			d.fail(refuse.SetOperation)
		}
		u.Left = d.query(o.take("left"), depth+1)
		u.Right = d.query(o.take("right"), depth+1)
		o.close()
		return u
	case "RECURSIVE_CTE_NODE":
		d.fail(refuse.Recursive)
	default:
		d.fail(refuse.UnknownSyntax, kind)
	}
	return nil
}

func (d *decoder) selectNode(o *object, depth int) Query {
	s := &Select{}
	d.tail(o, &s.Tail, &s.Distinct, depth)
	for _, v := range o.list("select_list") {
		e, alias := d.expr(v, depth+1, true)
		if alias != "" && !CheckName(alias) {
			d.fail(refuse.Identifier)
		}
		s.Items = append(s.Items, Item{Expr: e, Alias: alias})
	}
	s.From = d.table(o.take("from_table"), depth+1)
	s.Where = d.optional(o.take("where_clause"), depth+1)
	groups := o.list("group_expressions")
	for _, v := range groups {
		s.Groups = append(s.Groups, d.plain(v, depth+1))
	}
	sets := o.list("group_sets")
	switch {
	case len(sets) == 0 && len(groups) == 0:
	case len(sets) == 1:
		// one set naming every expression in order is the plain GROUP BY; else ROLLUP and kin
		set, _ := sets[0].([]any)
		if len(set) != len(groups) {
			d.fail(refuse.GroupingSets)
		}
		for i, v := range set {
			if n, ok := v.(json.Number); !ok || n.String() != strconv.Itoa(i) {
				d.fail(refuse.GroupingSets)
			}
		}
	default:
		d.fail(refuse.GroupingSets)
	}
	switch o.str("aggregate_handling") {
	case "STANDARD_HANDLING":
	case "FORCE_AGGREGATES":
		s.GroupAll = true
	default:
		d.fail(refuse.UnknownSyntax)
	}
	s.Having = d.optional(o.take("having"), depth+1)
	o.want("sample", nil, refuse.Sample)
	s.Qualify = d.optional(o.take("qualify"), depth+1)
	o.close()
	return s
}

// tail reads modifiers and CTEs. distinct is nil where DISTINCT is not accepted.
func (d *decoder) tail(o *object, t *Tail, distinct *bool, depth int) {
	for _, v := range o.list("modifiers") {
		m := d.object(v)
		switch kind := m.str("type"); kind {
		case "ORDER_MODIFIER":
			if len(t.Order) > 0 {
				d.fail(refuse.UnknownSyntax)
			}
			t.Order = d.orders(m.list("orders"), depth+1)
		case "LIMIT_MODIFIER":
			t.Limit = d.limit(m.take("limit"))
			t.Offset = d.limit(m.take("offset"))
		case "LIMIT_PERCENT_MODIFIER":
			d.fail(refuse.Limit)
		case "DISTINCT_MODIFIER":
			m.want("distinct_on_targets", []any{}, refuse.UnknownSyntax)
			if distinct == nil {
				d.fail(refuse.UnknownSyntax)
			} else {
				*distinct = true
			}
		default:
			d.fail(refuse.UnknownSyntax, kind)
		}
		m.close()
		if d.refusal != nil {
			return
		}
	}
	cm := d.object(o.take("cte_map"))
	for _, v := range cm.list("map") {
		kv := d.object(v)
		c := CTE{Name: kv.str("key")}
		val := d.object(kv.take("value"))
		kv.close()
		c.Columns = d.names(val.list("aliases"))
		sub := d.object(val.take("query"))
		node := sub.take("node")
		sub.want("named_param_map", []any{}, refuse.Parameter)
		sub.close()
		c.Query = d.query(node, depth+1)
		val.want("materialized", "CTE_MATERIALIZE_DEFAULT", refuse.UnknownSyntax)
		val.want("key_targets", []any{}, refuse.Recursive)
		val.close()
		if !CheckName(c.Name) {
			d.fail(refuse.Identifier)
		}
		t.CTEs = append(t.CTEs, c)
	}
	cm.close()
}

func (d *decoder) names(list []any) []string {
	var out []string
	for _, v := range list {
		s, ok := v.(string)
		if !ok || !CheckName(s) {
			d.fail(refuse.Identifier)
		}
		out = append(out, s)
	}
	return out
}

func (d *decoder) limit(v any) *int64 {
	if v == nil || d.refusal != nil {
		return nil
	}
	c, ok := d.plain(v, 1).(*Const)
	if !ok || c.Kind != Int {
		d.fail(refuse.Limit)
		return nil
	}
	n, err := strconv.ParseInt(c.Value, 10, 32)
	if err != nil || n < 0 {
		d.fail(refuse.Limit)
		return nil
	}
	return &n
}

func (d *decoder) orders(list []any, depth int) []Order {
	var out []Order
	for _, v := range list {
		o := d.object(v)
		var w Order
		switch o.str("type") {
		case "ORDER_DEFAULT", "ASCENDING":
		case "DESCENDING":
			w.Descending = true
		default:
			d.fail(refuse.Order)
		}
		switch o.str("null_order") {
		case "ORDER_DEFAULT":
		case "NULLS FIRST":
			w.Nulls = "FIRST"
		case "NULLS LAST":
			w.Nulls = "LAST"
		default:
			d.fail(refuse.Order)
		}
		w.Expr = d.plain(o.take("expression"), depth+1)
		o.close()
		out = append(out, w)
	}
	return out
}

func (d *decoder) table(v any, depth int) Table {
	if d.refusal != nil {
		return nil
	}
	if depth > 24 {
		d.fail(refuse.TooComplex)
		return nil
	}
	o := d.object(v)
	kind := o.str("type")
	switch kind {
	case "BASE_TABLE", "SUBQUERY", "JOIN", "EMPTY":
	case "TABLE_FUNCTION":
		d.fail(refuse.TableFunction)
	case "EXPRESSION_LIST", "COLUMN_DATA":
		d.fail(refuse.ValuesList)
	case "SHOW_REF":
		d.fail(refuse.Show)
	case "PIVOT":
		d.fail(refuse.Pivot)
	default:
		d.fail(refuse.UnknownSyntax, kind)
	}
	if d.refusal != nil {
		return nil
	}
	alias := o.str("alias")
	o.want("sample", nil, refuse.Sample)
	o.location()
	if alias != "" && !CheckName(alias) {
		d.fail(refuse.Identifier)
	}
	switch kind {
	case "EMPTY":
		o.close()
		if alias != "" {
			d.fail(refuse.UnknownSyntax)
		}
		return nil
	case "BASE_TABLE":
		b := &Base{Alias: alias, Schema: o.str("schema_name"), Name: o.str("table_name")}
		o.want("catalog_name", "", refuse.Qualified)
		o.want("at_clause", nil, refuse.UnknownSyntax)
		b.Columns = d.names(o.list("column_name_alias"))
		o.close()
		if b.Schema != "" && !d.emitted {
			d.fail(refuse.Qualified)
		}
		if !CheckName(b.Name) {
			d.fail(refuse.Identifier)
		}
		return b
	case "SUBQUERY":
		t := &Derived{Alias: alias}
		sub := d.object(o.take("subquery"))
		node := sub.take("node")
		sub.want("named_param_map", []any{}, refuse.Parameter)
		sub.close()
		t.Query = d.query(node, depth+1)
		t.Columns = d.names(o.list("column_name_alias"))
		o.close()
		return t
	}
	j := &Join{}
	if alias != "" {
		d.fail(refuse.Join)
	}
	j.Left = d.table(o.take("left"), depth+1)
	j.Right = d.table(o.take("right"), depth+1)
	j.On = d.optional(o.take("condition"), depth+1)
	switch o.str("join_type") {
	case "INNER":
	case "LEFT":
		j.LeftOuter = true
	default:
		d.fail(refuse.Join)
	}
	switch o.str("ref_type") {
	case "REGULAR":
	case "CROSS":
		j.Cross = true
	default:
		d.fail(refuse.Join)
	}
	j.Using = d.names(o.list("using_columns"))
	o.want("delim_flipped", false, refuse.UnknownSyntax)
	o.want("duplicate_eliminated_columns", []any{}, refuse.UnknownSyntax)
	o.close()
	return j
}
