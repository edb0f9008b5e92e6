// Package ir is what a question means once it has been checked: which protected rows may be
// read and how many per unit, which cells exist, which integers are counted per cell and how
// far one unit can move them. Everything executed is written from these types; the asker's
// text ends in this package.
package ir

import (
	"math/big"

	"pado/domain/sandbox/guard/ast"
	"pado/domain/sandbox/guard/coding"
	"pado/domain/sandbox/guard/policy"
)

// Names of the snapshot's own columns and tables. '#' cannot occur in a declared name.
const (
	UnitColumn    = "#unit"
	RankColumn    = "#rank"
	MeasureSuffix = "#m"
	DictSuffix    = "#d"
)

// Col is a column of a protected relation in scope.
type Col struct {
	Name     string // as the asker writes it
	Rel      string // alias of the emitted relation
	Code     string // emitted column holding the code, or the unit number
	Value    string // emitted column holding the clamped measure in grid units
	Label    policy.Label
	Coding   *coding.Coding
	Table    string // table and column of the policy it comes from, for the dictionary
	Column   string
	PerUnit  bool // the same for every row of a unit: a key on it puts a unit in one cell
	Closed   bool // no value outside the coding can occur
	Nullable bool // on the optional side of a LEFT JOIN: NULL where nothing matched
}

// Rel is one relation of a source.
type Rel interface{ Alias() string }

// Scan reads a ranked table up to rank K.
type Scan struct {
	As    string
	Table string
	K     int64
	Cols  []*Col // the columns needed, filled while resolving
}

// Sub is a protected subquery: the rows of its source that pass Where, projected to Cols; or,
// with PerUnit, one row per unit with figures.
type Sub struct {
	As      string
	Source  *Source
	Where   Pred
	PerUnit bool
	Out     []SubCol
}

// SubCol is a column a Sub exposes: an inner column passed on, or a per-unit figure.
type SubCol struct {
	Name   string
	From   *Col // passed on; nil for a figure
	Figure *UnitFigure
}

// UnitFigure is an integer computed per unit, clamped to Lo..Hi and shifted so that its code
// is value − Lo.
type UnitFigure struct {
	Raw    Raw
	Lo, Hi int64
	Grid   *big.Rat
}

// Lookup reads a public table whose key is unique.
type Lookup struct {
	As    string
	Table string
	Cols  []*Col
}

// Alias names the relation in emitted text.
func (s *Scan) Alias() string   { return s.As }
func (s *Sub) Alias() string    { return s.As }
func (l *Lookup) Alias() string { return l.As }

// JoinOn is one equality of a join; on units, or a coded column with a public key.
type JoinOn struct {
	Left  *Col
	Right *Col
}

// Step joins one more relation to those before it.
type Step struct {
	Rel   Rel
	Outer bool
	On    []JoinOn
}

// Source is a left-deep chain of joins over protected rows.
type Source struct {
	Root  Rel
	Steps []Step
	K     int64 // rows of one unit in the result, at most
	// Domain of the unit, and the tables read (for the self-join rule and for lineage).
	Domain string
	Tables []string
	Unit   *Col
}

// Pred is a condition on codes that is either true or not; unknown counts as not. Negation
// has been pushed to the leaves.
type Pred interface{ pred() }

type (
	// InSet holds when the code of Col is in Set.
	InSet struct {
		Col *Col
		Set Set
	}
	// InWords holds when the dictionary word of Col is (or, negated, is present and is not)
	// one of Words.
	InWords struct {
		Col     *Col
		Words   []string
		Negated bool
	}
	// InUnits holds when the unit of Col is among those of a protected subquery.
	InUnits struct {
		Col *Col
		Sub *Sub
	}
	// HasValue holds when the measure of Col is present (or, negated, is not).
	HasValue struct {
		Col     *Col
		Negated bool
	}
	// AllOf and AnyOf combine; empty AllOf is true, empty AnyOf is false.
	AllOf struct{ Args []Pred }
	AnyOf struct{ Args []Pred }
)

func (*InSet) pred()    {}
func (*InWords) pred()  {}
func (*InUnits) pred()  {}
func (*HasValue) pred() {}
func (*AllOf) pred()    {}
func (*AnyOf) pred()    {}

// Key is one grouping expression.
type Key struct {
	Type       string // text, int, decimal, date
	Discovered bool   // cells exist only where data has them: they need a threshold
	// Exactly one of the following says how the cell number is computed:
	// Col with Runs, from the code of one column; Col alone, the dictionary code itself;
	// or Branches, from conditions over several columns.
	Col      *Col
	Runs     []Run
	Branches []Branch
	// Cells are the values of cell numbers 0, 1, …; Codes lists the cell numbers that exist,
	// Missing and Other among them. Empty for dictionary keys.
	Cells []Value
	Codes []int64
}

// Run maps codes From..To to cell Out + (code−From)/Step, or to Out when Step is 0.
type Run struct{ From, To, Out, Step int64 }

// Branch maps rows that pass If (nil: all that remain) to cell Out.
type Branch struct {
	If  Pred
	Out int64
}

// Linear is Const + Σ Coef·column in grid units; NULL when a column is.
type Linear struct {
	Terms []Term
	Const int64
}

// Term is one column of a Linear.
type Term struct {
	Col  *Col
	Coef int64
}

// Arg is what an aggregate adds up: the first branch whose condition holds, else nothing.
type Arg struct {
	Branches []ArgBranch
	Grid     *big.Rat // the value of one step
	Lo, Hi   int64    // bounds of the value in steps, over all branches
}

// ArgBranch is one branch; If nil is always true, Value nil is NULL.
type ArgBranch struct {
	If    Pred
	Value *Linear
}

// RawKind says what is counted.
type RawKind string

// The raw integers of a cell.
const (
	RawRows    RawKind = "rows"    // rows
	RawCount   RawKind = "count"   // rows with a value
	RawUnits   RawKind = "units"   // distinct units
	RawSum     RawKind = "sum"     // Σ a
	RawSquare  RawKind = "square"  // Σ a²
	RawProduct RawKind = "product" // Σ a·b over rows where both are present
	RawBin     RawKind = "bin"     // rows with a value in bin number Bin of histogram Hist
)

// Raw is one integer the worker returns per cell.
type Raw struct {
	Kind   RawKind
	A, B   *Arg // B for products; sums of A in a pair count only rows where B is present too
	Hist   int
	Bin    int64
	Unit   *Col
	Filter Pred
}

// Histogram is counted by a query of its own, with the bin as one more key: bin i holds the
// values Lo+i·Width … Lo+(i+1)·Width−1 of A.
type Histogram struct {
	A      *Arg
	Filter Pred
	Width  int64
	Bins   int64
	First  int // number of the raw of bin 0; the others follow
}

// Moment is an integer that gets noise: a fixed combination of raws. Square of the L2
// sensitivity over all cells is Delta2, for adding or removing one unit.
type Moment struct {
	Raws   []Weighted
	Delta2 *big.Int
	Vector int    // moments with the same non-zero number share one noise budget line (a histogram)
	Name   string // for the price list
}

// Weighted is coefficient × raw.
type Weighted struct {
	Raw  int
	Coef *big.Int
}

// FigureKind names an aggregate of the answer.
type FigureKind string

// The figures.
const (
	Count    FigureKind = "count"
	Units    FigureKind = "units"
	Sum      FigureKind = "sum"
	Avg      FigureKind = "avg"
	VarPop   FigureKind = "var_pop"
	VarSamp  FigureKind = "var_samp"
	StdPop   FigureKind = "stddev_pop"
	StdSamp  FigureKind = "stddev_samp"
	CovPop   FigureKind = "covar_pop"
	CovSamp  FigureKind = "covar_samp"
	Corr     FigureKind = "corr"
	Slope    FigureKind = "regr_slope"
	Quantile FigureKind = "quantile"
)

// Figure is one aggregate of the answer, computed from noised moments.
type Figure struct {
	Kind    FigureKind
	Moments []int
	A, B    *Arg
	P       *big.Rat // the quantile
	Bins    []Span
	Title   string // as the asker wrote it, for the plan
}

// Block is one guarded aggregation: everything stage 1 computes for one SELECT.
type Block struct {
	Source  *Source
	Where   Pred
	Keys    []*Key
	Raws    []Raw
	Hists   []Histogram
	Moments []Moment
	Figures []*Figure
	// Spread is how many cells one unit can be in: 1 when every key is the same for all rows
	// of a unit, else K.
	Spread int64
	// Selection: keys are discovered, cells need the threshold on ceil(rows/K); RowsRaw is the
	// raw that counts rows.
	Selection bool
	RowsRaw   int
}

// OutKind is where a column of the answer comes from.
type OutKind string

// The provenance of an answer's column.
const (
	FromKey     OutKind = "key"
	FromFigure  OutKind = "figure"
	FromDerived OutKind = "derived"
	FromPublic  OutKind = "public"
)

// Out is one column of the answer.
type Out struct {
	Name string
	Type string // text, int, number, date, bool
	From OutKind
	Half bool // a half width accompanies it
	Tag  bool // a text accompanies it that names 其他 where the typed value is NULL
}

// Plan is a checked question: guarded blocks and the query over their released cells.
type Plan struct {
	Blocks []*Block
	Post   ast.Query // over tables r0, r1, … and public tables; literals of text are parameters
	Params []string
	Outs   []Out
	// Public tables the post query reads.
	Public []string
	// Tables read in stage 1, sorted.
	Tables []string
	// Ordered: the asker ordered the rows; else they are sorted by key.
	Ordered bool
}
