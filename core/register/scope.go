package register

import (
	"strings"

	"pado/core/procedure"
)

// LabelCase is the SQL expression that reads a column's values by their labels. The options are
// declared in the program, never given from outside.
func LabelCase(col string, options []procedure.Option) string {
	var b strings.Builder
	b.WriteString("CASE " + col)
	for _, o := range options {
		b.WriteString(" WHEN '" + o.Value + "' THEN '" + o.Label + "'")
	}
	b.WriteString(" ELSE " + col + " END")
	return b.String()
}

// Covers tells whether a division lies in the scope of a desk.
func Covers(desk, division string) bool {
	if len(desk) == 6 && strings.HasSuffix(desk, "00") {
		return strings.HasPrefix(division, desk[:4])
	}
	return division == desk
}

// Within is the condition that a column's division lies in the scope of a desk: a city sees its
// counties, a county itself.
func Within(col, division string, arg func(any) string) string {
	if len(division) == 6 && strings.HasSuffix(division, "00") {
		return col + " LIKE " + arg(division[:4]+"%")
	}
	return col + " = " + arg(division)
}
