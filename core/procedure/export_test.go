package procedure

import "pado/core/store"

// ListSQL is the statement of a list with its arguments, for EXPLAIN.
func ListSQL(e *Engine, r *store.ReadTx, a Actor, q Query) (string, []any, error) {
	st, err := e.statement(r, a, q)
	return st.sql, st.args, err
}
