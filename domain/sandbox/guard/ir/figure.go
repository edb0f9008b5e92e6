package ir

import (
	"fmt"
	"math/big"
	"strings"

	"pado/domain/sandbox/guard/ast"
	"pado/domain/sandbox/guard/policy"
	"pado/domain/sandbox/guard/refuse"
)

// blockBuilder collects the raws, moments and figures of one guarded SELECT.
type blockBuilder struct {
	s       *scope
	b       *Block
	rawAt   map[string]int
	momAt   map[string]int
	figAt   map[string]int
	keyText []string
}

func newBlock(s *scope, src *Source, where Pred) *blockBuilder {
	return &blockBuilder{s: s, b: &Block{Source: src, Where: where}, rawAt: map[string]int{}, momAt: map[string]int{}, figAt: map[string]int{}}
}

// finish settles what depends on all keys: how many cells a unit can be in, and whether the
// keys need a selection.
func (bb *blockBuilder) finish() {
	b := bb.b
	b.Spread = 1
	for _, k := range b.Keys {
		if k.Discovered {
			b.Selection = true
		}
		if !k.perUnit() {
			b.Spread = b.Source.K
		}
	}
	if b.Selection {
		b.RowsRaw = bb.raw(Raw{Kind: RawRows})
	}
	for i := range b.Moments {
		m := &b.Moments[i]
		if m.Delta2 == nil { // distinct units: once per cell, in at most Spread cells
			m.Delta2 = big.NewInt(b.Spread)
		}
	}
}

// perUnit says that the key is the same for every row of a unit.
func (k *Key) perUnit() bool {
	if k.Col != nil {
		return k.Col.PerUnit
	}
	for _, br := range k.Branches {
		if !predPerUnit(br.If) {
			return false
		}
	}
	return true
}

func predPerUnit(p Pred) bool {
	switch p := p.(type) {
	case nil, *InUnits:
		return true
	case *InSet:
		return p.Col.PerUnit
	case *InWords:
		return p.Col.PerUnit
	case *HasValue:
		return p.Col.PerUnit
	case *AllOf:
		for _, a := range p.Args {
			if !predPerUnit(a) {
				return false
			}
		}
	case *AnyOf:
		for _, a := range p.Args {
			if !predPerUnit(a) {
				return false
			}
		}
	}
	return true
}

func (bb *blockBuilder) raw(r Raw) int {
	text := rawText(r)
	if i, ok := bb.rawAt[text]; ok {
		return i
	}
	bb.b.Raws = append(bb.b.Raws, r)
	bb.rawAt[text] = len(bb.b.Raws) - 1
	return len(bb.b.Raws) - 1
}

// moment registers a noised integer; figures that need an equal one share it.
func (bb *blockBuilder) moment(m Moment) int {
	parts := []string{}
	for _, w := range m.Raws {
		parts = append(parts, fmt.Sprintf("%d*%s", w.Raw, w.Coef))
	}
	text := strings.Join(parts, "+")
	if i, ok := bb.momAt[text]; ok {
		return i
	}
	bb.b.Moments = append(bb.b.Moments, m)
	bb.momAt[text] = len(bb.b.Moments) - 1
	return len(bb.b.Moments) - 1
}

func one() *big.Int { return big.NewInt(1) }

// square of K·v.
func (bb *blockBuilder) delta2(v *big.Int) *big.Int {
	d := new(big.Int).Mul(v, big.NewInt(bb.b.Source.K))
	if d.Sign() == 0 {
		d.SetInt64(1) // a constant zero; noise all the same, so that the answer says nothing about bounds
	}
	return d.Mul(d, d)
}

func (bb *blockBuilder) countMoment(raw int, name string) int {
	return bb.moment(Moment{Raws: []Weighted{{raw, one()}}, Delta2: bb.delta2(one()), Name: name})
}

// centred is Σ (2a − lo − hi): half the sensitivity of Σ a, and what a mean needs.
func (bb *blockBuilder) centred(sum, count int, a *Arg, name string) int {
	c := new(big.Int).Add(big.NewInt(a.Lo), big.NewInt(a.Hi))
	width := new(big.Int).Sub(big.NewInt(a.Hi), big.NewInt(a.Lo))
	return bb.moment(Moment{Raws: []Weighted{{sum, big.NewInt(2)}, {count, c.Neg(c)}}, Delta2: bb.delta2(width), Name: name})
}

// figure checks one aggregate call and returns its number in the block.
func (bb *blockBuilder) figure(f *ast.Func) (int, *refuse.Refusal) {
	text := ""
	if t, ok := bb.s.canon(f); ok {
		text = t
		if i, ok := bb.figAt[t]; ok {
			return i, nil
		}
	}
	if disclosing[f.Name] {
		return 0, refuse.New(refuse.RowAggregate, f.Name)
	}
	if len(f.Order) > 0 && f.Name != "quantile_cont" {
		return 0, refuse.New(refuse.AggregateUse, "聚合内的 ORDER BY")
	}
	var filter Pred
	if f.Filter != nil {
		p, r := bb.s.predicate(f.Filter, false)
		if r != nil {
			return 0, r
		}
		filter = p
	}
	if f.Distinct && f.Name != "count" {
		return 0, refuse.New(refuse.AggregateUse, f.Name+"(DISTINCT …)").WithHint("只支持 count(DISTINCT 主体列)。")
	}
	fig, r := bb.build(f, filter)
	if r != nil {
		return 0, r
	}
	fig.Title = ast.PrintExpr(f)
	bb.b.Figures = append(bb.b.Figures, fig)
	n := len(bb.b.Figures) - 1
	if text != "" {
		bb.figAt[text] = n
	}
	return n, nil
}

func (bb *blockBuilder) build(f *ast.Func, filter Pred) (*Figure, *refuse.Refusal) {
	want := aggregates[f.Name]
	if f.Name == "quantile_cont" && len(f.Order) > 0 {
		return bb.quantile(f, filter)
	}
	if len(f.Args) != want {
		return nil, refuse.New(refuse.AggregateUse, fmt.Sprintf("%s 需要 %d 个参数", f.Name, want))
	}
	switch f.Name {
	case "count_star":
		return bb.rows(filter), nil
	case "count_if", "countif":
		p, r := bb.s.predicate(f.Args[0], false)
		if r != nil {
			return nil, r
		}
		return bb.rows(allOf(notNil(filter, p)...)), nil
	case "count":
		return bb.count(f, filter)
	case "median", "quantile", "quantile_cont":
		return bb.quantile(f, filter)
	}
	a, r := bb.s.arg(f.Args[0])
	if r != nil {
		return nil, r
	}
	switch f.Name {
	case "sum":
		raw := bb.raw(Raw{Kind: RawSum, A: a, Filter: filter})
		v := max(abs(a.Lo), abs(a.Hi))
		m := bb.moment(Moment{Raws: []Weighted{{raw, one()}}, Delta2: bb.delta2(big.NewInt(v)), Name: "sum"})
		return &Figure{Kind: Sum, Moments: []int{m}, A: a}, nil
	case "avg", "mean":
		n := bb.raw(Raw{Kind: RawCount, A: a, Filter: filter})
		sum := bb.raw(Raw{Kind: RawSum, A: a, Filter: filter})
		return &Figure{Kind: Avg, A: a, Moments: []int{bb.countMoment(n, "avg.count"), bb.centred(sum, n, a, "avg.sum")}}, nil
	}
	if want == 2 {
		b, r := bb.s.arg(f.Args[1])
		if r != nil {
			return nil, r
		}
		return bb.pair(FigureKind(f.Name), a, b, filter)
	}
	return bb.spread(f.Name, a, filter)
}

func notNil(ps ...Pred) []Pred {
	var out []Pred
	for _, p := range ps {
		if p != nil {
			out = append(out, p)
		}
	}
	return out
}

func (bb *blockBuilder) rows(filter Pred) *Figure {
	raw := bb.raw(Raw{Kind: RawRows, Filter: filter})
	return &Figure{Kind: Count, Moments: []int{bb.countMoment(raw, "count")}}
}

// count(x): distinct units, or rows where x is present.
func (bb *blockBuilder) count(f *ast.Func, filter Pred) (*Figure, *refuse.Refusal) {
	if v, ok := literal(f.Args[0]); ok && !f.Distinct {
		if v.Kind == "null" {
			return nil, refuse.New(refuse.AggregateUse, "count(NULL)")
		}
		return bb.rows(filter), nil
	}
	c, isColumn := f.Args[0].(*ast.Column)
	if !isColumn {
		if f.Distinct {
			return nil, refuse.New(refuse.AggregateUse, "count(DISTINCT 表达式)").WithHint("只支持 count(DISTINCT 主体列)。")
		}
		// count(CASE WHEN … THEN 1 END) and count of a linear form
		if k, ok := f.Args[0].(*ast.Case); ok {
			if p, ok, r := bb.caseCount(k); r != nil || ok {
				if r != nil {
					return nil, r
				}
				return bb.rows(allOf(notNil(filter, p)...)), nil
			}
		}
		a, r := bb.s.arg(f.Args[0])
		if r != nil {
			return nil, r
		}
		raw := bb.raw(Raw{Kind: RawCount, A: a, Filter: filter})
		return &Figure{Kind: Count, Moments: []int{bb.countMoment(raw, "count")}}, nil
	}
	k, r := bb.s.column(c)
	if r != nil {
		return nil, r
	}
	if k.Label == policy.Unit {
		if k.Nullable {
			filter = allOf(notNil(filter, present(k))...)
		}
		if !f.Distinct {
			return bb.rows(filter), nil
		}
		if bb.b.Source.K == 1 { // each unit has one row: the rows are the units
			return &Figure{Kind: Units, Moments: bb.rows(filter).Moments}, nil
		}
		raw := bb.raw(Raw{Kind: RawUnits, Unit: k, Filter: filter})
		m := bb.moment(Moment{Raws: []Weighted{{raw, one()}}, Name: "units"})
		return &Figure{Kind: Units, Moments: []int{m}}, nil
	}
	if f.Distinct {
		return nil, refuse.New(refuse.AggregateUse, "count(DISTINCT "+k.Name+")").WithHint("只支持 count(DISTINCT 主体列)；要知道有哪些取值，请按 %s 分组计数。", k.Name)
	}
	if k.Label == policy.JoinOnly {
		return nil, refuse.New(refuse.JoinOnlyUse, k.Name)
	}
	if k.Label == policy.SensitiveDim {
		return nil, refuse.New(refuse.SensitiveUse, k.Name)
	}
	if !usable(k) {
		return nil, refuse.New(refuse.Forbidden, k.Name)
	}
	return bb.rows(allOf(notNil(filter, present(k))...)), nil
}

// caseCount reads CASE WHEN p THEN literal … END as the rows that get a literal.
func (bb *blockBuilder) caseCount(c *ast.Case) (Pred, bool, *refuse.Refusal) {
	if v, ok := literal(c.Else); !ok || v.Kind != "null" || len(c.Whens) != 1 {
		return nil, false, nil
	}
	if v, ok := literal(c.Whens[0].Then); !ok || v.Kind == "null" {
		return nil, false, nil
	}
	p, r := bb.s.predicate(c.Whens[0].If, false)
	return p, true, r
}

// spread is variance and standard deviation from three noised moments.
func (bb *blockBuilder) spread(name string, a *Arg, filter Pred) (*Figure, *refuse.Refusal) {
	kind := map[string]FigureKind{"var_pop": VarPop, "var_samp": VarSamp, "variance": VarSamp, "stddev": StdSamp, "stddev_samp": StdSamp, "stddev_pop": StdPop}[name]
	if kind == "" {
		return nil, refuse.New(refuse.Function, name)
	}
	if tooWide(a) {
		return nil, refuse.New(refuse.Literal, "平方会超出整数范围")
	}
	n := bb.raw(Raw{Kind: RawCount, A: a, Filter: filter})
	sum := bb.raw(Raw{Kind: RawSum, A: a, Filter: filter})
	sq := bb.raw(Raw{Kind: RawSquare, A: a, Filter: filter})
	return &Figure{Kind: kind, A: a, Moments: []int{
		bb.countMoment(n, name+".count"), bb.centred(sum, n, a, name+".sum"), bb.squares(sq, sum, n, a, name+".square")}}, nil
}

// tooWide: sums of products over 2⁴⁰ rows must stay within 128 bits, so that no data can make
// the engine fail.
func tooWide(a *Arg) bool { return a.Lo < -1<<42 || a.Hi > 1<<42 }

// squares is Σ (2(2a−c)² − w²) with c = lo+hi, w = hi−lo: each row within ±w².
func (bb *blockBuilder) squares(sq, sum, n int, a *Arg, name string) int {
	c := new(big.Int).Add(big.NewInt(a.Lo), big.NewInt(a.Hi))
	w := new(big.Int).Sub(big.NewInt(a.Hi), big.NewInt(a.Lo))
	w2 := new(big.Int).Mul(w, w)
	c2 := new(big.Int).Mul(c, c)
	k := new(big.Int).Sub(new(big.Int).Lsh(c2, 1), w2)
	return bb.moment(Moment{Raws: []Weighted{{sq, big.NewInt(8)}, {sum, new(big.Int).Mul(c, big.NewInt(-8))}, {n, k}},
		Delta2: bb.delta2(w2), Name: name})
}

// pair is covariance, correlation and slope over rows where both values are present.
func (bb *blockBuilder) pair(kind FigureKind, a, b *Arg, filter Pred) (*Figure, *refuse.Refusal) {
	if tooWide(a) || tooWide(b) {
		return nil, refuse.New(refuse.Literal, "乘积会超出整数范围")
	}
	name := string(kind)
	n := bb.raw(Raw{Kind: RawCount, A: a, B: b, Filter: filter})
	sa := bb.raw(Raw{Kind: RawSum, A: a, B: b, Filter: filter})
	sb := bb.raw(Raw{Kind: RawSum, A: b, B: a, Filter: filter})
	ab := bb.raw(Raw{Kind: RawProduct, A: a, B: b, Filter: filter})
	ca := new(big.Int).Add(big.NewInt(a.Lo), big.NewInt(a.Hi))
	cb := new(big.Int).Add(big.NewInt(b.Lo), big.NewInt(b.Hi))
	wa := new(big.Int).Sub(big.NewInt(a.Hi), big.NewInt(a.Lo))
	wb := new(big.Int).Sub(big.NewInt(b.Hi), big.NewInt(b.Lo))
	// Σ (2a−ca)(2b−cb), each row within ±wa·wb
	prod := bb.moment(Moment{Raws: []Weighted{{ab, big.NewInt(4)}, {sa, new(big.Int).Mul(cb, big.NewInt(-2))},
		{sb, new(big.Int).Mul(ca, big.NewInt(-2))}, {n, new(big.Int).Mul(ca, cb)}},
		Delta2: bb.delta2(new(big.Int).Mul(wa, wb)), Name: name + ".product"})
	fig := &Figure{Kind: kind, A: a, B: b, Moments: []int{bb.countMoment(n, name+".count"),
		bb.centred(sa, n, a, name+".sum1"), bb.centred(sb, n, b, name+".sum2"), prod}}
	if kind == Corr {
		qa := bb.raw(Raw{Kind: RawSquare, A: a, B: b, Filter: filter})
		fig.Moments = append(fig.Moments, bb.squares(qa, sa, n, a, name+".square1"))
	}
	if kind == Corr || kind == Slope { // regr_slope(y, x): the second argument is x
		qb := bb.raw(Raw{Kind: RawSquare, A: b, B: a, Filter: filter})
		fig.Moments = append(fig.Moments, bb.squares(qb, sb, n, b, name+".square2"))
	}
	return fig, nil
}

// maxBins bounds a quantile's histogram.
const maxBins = 128

// quantile is a histogram over the declared bounds: one noise budget for all its bins, because
// all K rows of a unit fall into bins whose counts move by K in total.
func (bb *blockBuilder) quantile(f *ast.Func, filter Pred) (*Figure, *refuse.Refusal) {
	p := Value{Kind: "num", Num: Frac{1, 2}}
	var arg ast.Expr
	switch {
	case f.Name == "median" && len(f.Args) == 1:
		arg = f.Args[0]
	case len(f.Order) == 1 && len(f.Args) == 1 && !f.Order[0].Descending && f.Order[0].Nulls == "":
		// percentile_cont(p) WITHIN GROUP (ORDER BY x)
		arg = f.Order[0].Expr
		v, ok := literal(f.Args[0])
		if !ok {
			return nil, refuse.New(refuse.AggregateUse, f.Name)
		}
		p = v
	case len(f.Order) == 0 && len(f.Args) == 2:
		arg = f.Args[0]
		v, ok := literal(f.Args[1])
		if !ok {
			return nil, refuse.New(refuse.AggregateUse, f.Name+" 的分位点须为常量")
		}
		p = v
	default:
		return nil, refuse.New(refuse.AggregateUse, f.Name)
	}
	if p.Kind != "num" || p.Num.N < 0 || p.Num.cmp(Frac{1, 1}) > 0 {
		return nil, refuse.New(refuse.AggregateUse, "分位点须在 0 与 1 之间")
	}
	a, r := bb.s.arg(arg)
	if r != nil {
		return nil, r
	}
	h := bb.histogram(a, filter)
	fig := &Figure{Kind: Quantile, A: a, P: big.NewRat(p.Num.N, p.Num.D)}
	vector := len(bb.b.Moments) + 1
	for i := range h.Bins {
		lo := a.Lo + i*h.Width
		fig.Bins = append(fig.Bins, Span{lo, min(lo+h.Width-1, a.Hi)})
		fig.Moments = append(fig.Moments, bb.moment(Moment{Raws: []Weighted{{h.First + int(i), one()}}, Delta2: bb.delta2(one()), Vector: vector, Name: "quantile"}))
	}
	return fig, nil
}

// histogram finds or adds the histogram of an argument.
func (bb *blockBuilder) histogram(a *Arg, filter Pred) Histogram {
	text := argText(a) + "|" + PredText(filter)
	for _, h := range bb.b.Hists {
		if argText(h.A)+"|"+PredText(h.Filter) == text {
			return h
		}
	}
	n := a.Hi - a.Lo + 1
	h := Histogram{A: a, Filter: filter, Width: (n + maxBins - 1) / maxBins, First: len(bb.b.Raws)}
	h.Bins = (n + h.Width - 1) / h.Width
	for i := range h.Bins {
		bb.b.Raws = append(bb.b.Raws, Raw{Kind: RawBin, Hist: len(bb.b.Hists), Bin: i})
	}
	bb.b.Hists = append(bb.b.Hists, h)
	return h
}
