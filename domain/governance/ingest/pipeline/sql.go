package pipeline

import (
	"strconv"
	"strings"
)

// Ident quotes a name for DuckDB.
func Ident(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// Text quotes a value for DuckDB.
func Text(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func texts(values []string) string {
	q := make([]string, len(values))
	for i, v := range values {
		q[i] = Text(v)
	}
	return strings.Join(q, ", ")
}

func idents(names []string) string {
	q := make([]string, len(names))
	for i, n := range names {
		q[i] = Ident(n)
	}
	return strings.Join(q, ", ")
}

func itoa(i int) string { return strconv.Itoa(i) }

// number reads a value as a finite double, NULL if it is none.
func number(expr string) string { return "TRY_CAST(" + expr + " AS DOUBLE)" }

// exact reads a value as a decimal, NULL if it is none.
func exact(expr string) string { return "TRY_CAST(" + expr + " AS DECIMAL(38,9))" }

// cast is the expression that reads text as the type, NULL where the text is
// not of the type. Nothing is rounded: DuckDB would read 3.7 as the integer 4.
func cast(expr, typ string) string {
	switch {
	case typ == "text":
		return expr
	case typ == "integer" || typ == "bigint":
		t := map[string]string{"integer": "INTEGER", "bigint": "BIGINT"}[typ]
		return "CASE WHEN strpos(" + expr + ", '.') = 0 THEN TRY_CAST(" + expr + " AS " + t + ")" +
			" WHEN regexp_full_match(" + expr + `, '[-+]?[0-9]+\.0*') THEN TRY_CAST(` + expr + " AS " + t + ") END"
	case strings.HasPrefix(typ, "decimal"):
		_, scale, _ := decimalType(typ)
		return "CASE WHEN strpos(" + expr + ", '.') = 0 OR length(" + expr + ") - strpos(" + expr + ", '.') <= " + itoa(scale) +
			" OR regexp_full_match(" + expr + `, '[-+]?[0-9]*\.[0-9]{0,` + itoa(scale) + "}0*') THEN TRY_CAST(" + expr + " AS " + strings.ToUpper(typ) + ") END"
	case typ == "double":
		return "CASE WHEN isfinite(" + number(expr) + ") THEN " + number(expr) + " END"
	case typ == "date":
		return "CASE WHEN length(" + expr + ") <= 10 THEN TRY_CAST(" + expr + " AS DATE) END"
	case typ == "timestamp":
		return "TRY_CAST(" + expr + " AS TIMESTAMP)"
	case typ == "boolean":
		return "CASE WHEN " + expr + " IN ('1', 'true', 'TRUE', 'True', '是', 'Y', 'y') THEN true WHEN " +
			expr + " IN ('0', 'false', 'FALSE', 'False', '否', 'N', 'n') THEN false END"
	}
	return "NULL"
}

// decimalType takes "decimal(p,s)" apart.
func decimalType(typ string) (precision, scale int, ok bool) {
	body, ok := strings.CutPrefix(typ, "decimal(")
	if !ok {
		return 0, 0, false
	}
	body, ok = strings.CutSuffix(body, ")")
	if !ok {
		return 0, 0, false
	}
	ps, ss, ok := strings.Cut(body, ",")
	if !ok {
		return 0, 0, false
	}
	p, err1 := strconv.Atoi(ps)
	s, err2 := strconv.Atoi(ss)
	return p, s, err1 == nil && err2 == nil && p >= 1 && p <= 38 && s >= 0 && s <= p
}
