package procedure

import "pado/core/store"

// ListSQL is the statement of a list with its arguments, for EXPLAIN.
func ListSQL(e *Engine, r *store.ReadTx, a Actor, q Query) (sql string, args []any, err error) {
	st, err := e.statement(r, a, q)
	return st.sql, st.args, err
}

// ForgetLists lets the next list be read from the records.
func ForgetLists(e *Engine) { e.lists.m = nil }

// MarkLists gives every known row a title by which it is told from the record's.
func MarkLists(e *Engine, title string) {
	for _, rows := range e.lists.m {
		for i := range rows {
			rows[i].Title = title
		}
	}
}
