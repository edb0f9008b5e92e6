package procedure

import "pado/core/store"

// ListSQL are the statements of a list with their arguments, for EXPLAIN.
func ListSQL(e *Engine, r *store.ReadTx, a Actor, q Query) (sqls []string, args []any, err error) {
	st, err := e.statement(r, a, q)
	sqls = []string{st.sql}
	if st.keys != "" {
		sqls = append(sqls, st.keys)
	}
	return sqls, st.args, err
}

// ForgetRows lets the next list be read from the records.
func ForgetRows(e *Engine) { e.rows.m = nil }

// MarkRows gives every known row a title by which it is told from the record's.
func MarkRows(e *Engine, title string) {
	for no, r := range e.rows.m {
		r.Title = title
		e.rows.m[no] = r
	}
}
