// Package ast is the accepted part of SQL as Go types, read strictly from the engine's own
// parse (json_serialize_sql) and printed back as text. A node type, field or value that is
// not listed here is refused, so an upgrade of the engine that adds syntax adds refusals.
package ast

// Query is a SELECT or a UNION ALL of queries.
type Query interface{ query() }

// Tail is what may follow any query.
type Tail struct {
	CTEs   []CTE
	Order  []Order
	Limit  *int64
	Offset *int64
}

// CTE is a non-recursive WITH entry.
type CTE struct {
	Name    string
	Columns []string
	Query   Query
}

// Select is one SELECT. GroupAll is GROUP BY ALL. Groups are in the order written.
type Select struct {
	Tail
	Distinct bool
	Items    []Item
	From     Table // nil without FROM
	Where    Expr
	Groups   []Expr
	GroupAll bool
	Having   Expr
	Qualify  Expr
}

// Union is UNION ALL.
type Union struct {
	Tail
	Left, Right Query
}

// Item is one select-list entry.
type Item struct {
	Expr  Expr
	Alias string
}

// Order is one ORDER BY term.
type Order struct {
	Expr       Expr
	Descending bool
	Nulls      string // "", "FIRST", "LAST"
}

func (*Select) query() {}
func (*Union) query()  {}

// Table is a FROM item.
type Table interface{ table() }

// Base names a table or a CTE. Schema is set in emitted text only.
type Base struct {
	Schema, Name, Alias string
	Columns             []string
}

// Derived is a subquery in FROM.
type Derived struct {
	Query   Query
	Alias   string
	Columns []string
}

// Join is INNER or LEFT; Cross joins arrive as INNER without condition.
type Join struct {
	Left, Right Table
	LeftOuter   bool
	Cross       bool
	On          Expr
	Using       []string
}

func (*Base) table()    {}
func (*Derived) table() {}
func (*Join) table()    {}

// Expr is a scalar or aggregate expression.
type Expr interface{ expr() }

// ConstKind tells the literal kinds apart.
type ConstKind string

// The literal kinds. Numbers keep their exact decimal text.
const (
	Null   ConstKind = "null"
	Bool   ConstKind = "bool"
	Int    ConstKind = "int"
	Dec    ConstKind = "dec"
	Double ConstKind = "double"
	Text   ConstKind = "text"
)

type (
	// Column is a reference of one or two parts.
	Column struct{ Names []string }
	// Star is * or t.*, as a whole select item; it is accepted over released cells only.
	Star struct{ Table string }
	// Const is a literal; Value is exact text ("true", "-12", "0.5", the string itself).
	Const struct {
		Kind  ConstKind
		Value string
	}
	// Param is $N, in emitted text only.
	Param struct{ N int }
	// Compare has Op one of = <> < > <= >= and the null-safe "IS DISTINCT", "IS NOT DISTINCT".
	Compare struct {
		Op   string
		L, R Expr
	}
	// Between is inclusive.
	Between struct{ X, Lo, Hi Expr }
	// Logic is AND (And true) or OR over two or more arguments, flattened.
	Logic struct {
		And  bool
		Args []Expr
	}
	// Not is negation.
	Not struct{ X Expr }
	// In is membership in a list.
	In struct {
		X       Expr
		List    []Expr
		Negated bool
	}
	// InQuery is membership in a subquery.
	InQuery struct {
		X     Expr
		Query Query
	}
	// IsNull is IS [NOT] NULL.
	IsNull struct {
		X       Expr
		Negated bool
	}
	// Coalesce is COALESCE.
	Coalesce struct{ Args []Expr }
	// Case is a searched CASE; a simple CASE arrives as equality tests. Else may be a NULL Const.
	Case struct {
		Whens []When
		Else  Expr
	}
	// When is one branch.
	When struct{ If, Then Expr }
	// Cast converts to a listed type name, upper case; DECIMAL carries width and scale.
	Cast struct {
		X            Expr
		Type         string
		Width, Scale int
		Try          bool
	}
	// Func is a function, operator or aggregate call; Name is lower case.
	Func struct {
		Name     string
		Args     []Expr
		Distinct bool
		Filter   Expr
		Order    []Order
		Operator bool
	}
	// Window is a window call.
	Window struct {
		Name       string // function name, lower case
		Kind       string // the parser's type, e.g. WINDOW_RANK
		Args       []Expr
		Partitions []Expr
		Orders     []Order
		Start, End string
		StartExpr  Expr
		EndExpr    Expr
		OffsetExpr Expr
		Default    Expr
	}
)

func (*Column) expr()   {}
func (*Star) expr()     {}
func (*Const) expr()    {}
func (*Param) expr()    {}
func (*Compare) expr()  {}
func (*Between) expr()  {}
func (*Logic) expr()    {}
func (*Not) expr()      {}
func (*In) expr()       {}
func (*InQuery) expr()  {}
func (*IsNull) expr()   {}
func (*Coalesce) expr() {}
func (*Case) expr()     {}
func (*Cast) expr()     {}
func (*Func) expr()     {}
func (*Window) expr()   {}
