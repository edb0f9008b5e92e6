// Package release turns exact integers of cells into a release table: discovered keys pass a
// noised threshold, every moment gets discrete Gaussian noise, figures are computed from
// noised moments only. What leaves this package is public as far as privacy goes.
package release

import (
	"fmt"
	"math"
	"math/big"
	"sort"

	"pado/domain/sandbox/guard/coding"
	"pado/domain/sandbox/guard/ir"
	"pado/domain/sandbox/guard/noise"
	"pado/domain/sandbox/guard/policy"
	"pado/domain/sandbox/guard/refuse"
)

// Confidence of the stated intervals: a half width covers the true bounded value with
// probability 95 %, per cell.
const z95 = 1.959963984540054

// Accuracy is what the asker wants to pay: nothing (the policy's price), a price, or a standard
// deviation for counts. Sum-like aggregates pay the ρ a count with that deviation would cost.
type Accuracy struct {
	NanoRho int64   `json:"rho,omitempty"`
	Sigma   float64 `json:"sigma,omitempty"` // in rows or units of a count
	// PerColumn overrides for single aggregates, named as in the plan's list of aggregates.
	PerColumn map[string]Accuracy `json:"per_column,omitempty"`
}

// Priced is a block with its noise: σ² per moment, and the price lines.
type Priced struct {
	Block  *ir.Block
	Sigma2 []*big.Rat // per moment
	// Selection of discovered keys.
	SelectSigma2 *big.Rat
	Threshold    int64
	MinUnits     int64
	Lines        []Line
}

// Price works out noise and cost of a block. rho gives the ρ (nano) of figure i.
func Price(b *ir.Block, p *policy.Policy, rho func(figure int) int64) (*Priced, *refuse.Refusal) {
	pr := &Priced{Block: b, MinUnits: p.MinUnits(), Sigma2: make([]*big.Rat, len(b.Moments))}
	// a figure's price is split evenly over its moments, the first taking what does not divide;
	// a moment several figures need pays the largest share once
	cost := make([]int64, len(b.Moments))
	for i, f := range b.Figures {
		r := rho(i)
		if r <= 0 || r > 1<<50 {
			return nil, refuse.New(refuse.Accuracy)
		}
		parts := int64(len(f.Moments))
		if f.Kind == ir.Quantile {
			parts = 1
		}
		for j, m := range f.Moments {
			c := r / parts
			if j == 0 {
				c += r % parts
			}
			cost[m] = max(cost[m], c)
		}
	}
	paid := map[int]bool{}
	for i := range b.Moments {
		m := &b.Moments[i]
		if cost[i] <= 0 {
			return nil, refuse.New(refuse.Accuracy)
		}
		pr.Sigma2[i] = noise.Variance(m.Delta2, big.NewRat(cost[i], 1))
		if m.Vector != 0 {
			if paid[m.Vector] {
				continue
			}
			paid[m.Vector] = true
		}
		pr.Lines = append(pr.Lines, Line{What: m.Name, Rho: cost[i]})
	}
	if b.Selection {
		pr.selection(p)
	}
	return pr, nil
}

// PriceOf prices a block at the accuracy asked for; names of figures are their titles.
func PriceOf(b *ir.Block, p *policy.Policy, a Accuracy) (*Priced, *refuse.Refusal) {
	for i := range b.Figures {
		if _, ref := a.of(b, b.Figures[i].Title, p); ref != nil {
			return nil, ref
		}
	}
	return Price(b, p, func(i int) int64 {
		r, _ := a.of(b, b.Figures[i].Title, p)
		return r
	})
}

// of is the ρ of one figure.
func (a Accuracy) of(b *ir.Block, title string, p *policy.Policy) (int64, *refuse.Refusal) {
	if own, ok := a.PerColumn[title]; ok {
		own.PerColumn = nil
		return own.of(b, title, p)
	}
	switch {
	case a.NanoRho < 0 || a.Sigma < 0 || math.IsNaN(a.Sigma) || (a.NanoRho > 0 && a.Sigma > 0):
		return 0, refuse.New(refuse.Accuracy)
	case a.NanoRho > 0:
		return a.NanoRho, nil
	case a.Sigma > 0:
		k := float64(b.Source.K)
		r := math.Ceil(k * k * 1e9 / (2 * a.Sigma * a.Sigma))
		if r < 1 || r > 2e9 {
			return 0, refuse.New(refuse.Accuracy)
		}
		return int64(r), nil
	}
	return p.RhoPerAggregate, nil
}

// HalfWidth is the 95 % half width of a figure where it is known before the run, else 0.
func (pr *Priced) HalfWidth(f *ir.Figure) float64 {
	switch f.Kind {
	case ir.Count, ir.Units:
		return z95 * noise.Sigma(pr.Sigma2[f.Moments[0]])
	case ir.Sum:
		g, _ := f.A.Grid.Float64()
		return z95 * noise.Sigma(pr.Sigma2[f.Moments[0]]) * g
	}
	return 0
}

// selection prices the threshold on s = ceil(rows/K). One unit moves s by at most one in each
// of at most Spread cells, so Δ₂² = Spread. A cell with s < k never passes; one with s = k,
// which a single unit may have brought there, passes with probability at most δ/Spread.
func (pr *Priced) selection(p *policy.Policy) {
	b := pr.Block
	delta := p.SelectionDelta()
	pr.SelectSigma2 = noise.Variance(big.NewInt(b.Spread), big.NewRat(p.RhoPerAggregate, 1))
	pr.Threshold = pr.MinUnits + noise.Margin(pr.SelectSigma2, float64(delta)*1e-15/float64(b.Spread))
	pr.Lines = append(pr.Lines, Line{What: "selection", Rho: p.RhoPerAggregate, Delta: delta})
}

// Cell is one row of a release table. Values nil means withheld.
type Cell struct {
	Keys   []int64
	Values []*float64
	Halves []*float64
}

// Table is what stage 2 may see of a block.
type Table struct {
	Cells    []Cell
	Withheld int // figures withheld in cells that are shown
}

// Raw is one exact cell as the worker counted it.
type Raw struct {
	Keys []int64
	Raws []*big.Int
}

// Release adds noise. The exact rows must not be used or kept afterwards.
func (pr *Priced) Release(rows []Raw, src *noise.Source) (*Table, error) {
	b := pr.Block
	cells, err := pr.cells(rows, src)
	if err != nil {
		return nil, err
	}
	t := &Table{}
	for _, c := range cells {
		noised := make([]float64, len(b.Moments))
		for i := range b.Moments {
			v := new(big.Int)
			for _, w := range b.Moments[i].Raws {
				if c.Raws != nil {
					v.Add(v, new(big.Int).Mul(w.Coef, c.Raws[w.Raw]))
				}
			}
			g, err := src.Gaussian(pr.Sigma2[i])
			if err != nil {
				return nil, err
			}
			noised[i], _ = new(big.Float).SetInt(v.Add(v, g)).Float64()
		}
		out := Cell{Keys: c.Keys}
		for _, f := range b.Figures {
			v, h := pr.figure(f, noised)
			if v == nil {
				t.Withheld++
			}
			out.Values = append(out.Values, v)
			out.Halves = append(out.Halves, h)
		}
		t.Cells = append(t.Cells, out)
	}
	return t, nil
}

// cells decides which cells are answered: every declared cell, zeros included, when all keys
// are public; else the cells found in the data that pass the threshold.
func (pr *Priced) cells(rows []Raw, src *noise.Source) ([]Raw, error) {
	b := pr.Block
	if !b.Selection {
		byKey := make(map[string][]*big.Int, len(rows))
		for _, r := range rows {
			byKey[fmt.Sprint(r.Keys)] = r.Raws
		}
		var out []Raw
		keys := make([]int64, len(b.Keys))
		var walk func(i int)
		walk = func(i int) {
			if i == len(b.Keys) {
				k := append([]int64{}, keys...)
				out = append(out, Raw{Keys: k, Raws: byKey[fmt.Sprint(k)]})
				return
			}
			for _, c := range b.Keys[i].Codes {
				keys[i] = c
				walk(i + 1)
			}
		}
		walk(0)
		return out, nil
	}
	k := big.NewInt(b.Source.K)
	var out []Raw
	for _, r := range rows {
		s := new(big.Int).Add(r.Raws[b.RowsRaw], new(big.Int).Sub(k, big.NewInt(1)))
		s.Quo(s, k)
		if s.Cmp(big.NewInt(pr.MinUnits)) < 0 {
			continue
		}
		g, err := src.Gaussian(pr.SelectSigma2)
		if err != nil {
			return nil, err
		}
		if s.Add(s, g).Cmp(big.NewInt(pr.Threshold)) >= 0 {
			out = append(out, r)
		}
	}
	sort.Slice(out, func(i, j int) bool { return less(out[i].Keys, out[j].Keys) })
	return out, nil
}

func less(a, b []int64) bool {
	for i := range a {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return false
}

func ptr(f float64) *float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil
	}
	return &f
}

// enough says that a noised count carries a mean: at least k, and three deviations.
func (pr *Priced) enough(n, sigma float64) bool {
	return n >= math.Max(float64(pr.MinUnits), 3*sigma)
}

func (pr *Priced) figure(f *ir.Figure, m []float64) (*float64, *float64) {
	sigma := func(i int) float64 { return noise.Sigma(pr.Sigma2[f.Moments[i]]) }
	at := func(i int) float64 { return m[f.Moments[i]] }
	switch f.Kind {
	case ir.Count, ir.Units:
		return ptr(at(0)), ptr(z95 * sigma(0))
	case ir.Sum:
		g, _ := f.A.Grid.Float64()
		return ptr(at(0) * g), ptr(z95 * sigma(0) * g)
	case ir.Quantile:
		return pr.quantile(f, m)
	}
	n, sn := at(0), sigma(0)
	if !pr.enough(n, sn) {
		return nil, nil
	}
	g, _ := f.A.Grid.Float64()
	lo, hi := float64(f.A.Lo)*g, float64(f.A.Hi)*g
	half := g / 2 // centred sums are in half steps
	mean := at(1) / n
	if f.Kind == ir.Avg {
		v := (lo+hi)/2 + mean*half
		h := z95 * math.Hypot(sigma(1), mean*sn) / n * half
		return ptr(math.Min(math.Max(v, lo), hi)), ptr(h)
	}
	return pr.second(f, m)
}

// second are the figures of second order; their intervals come from shifting each moment by
// its own deviation.
func (pr *Priced) second(f *ir.Figure, m []float64) (*float64, *float64) {
	base := secondOrder(f, m)
	if math.IsNaN(base) || math.IsInf(base, 0) {
		return nil, nil
	}
	var sum float64
	seen := map[int]bool{}
	shifted := append([]float64{}, m...)
	for _, i := range f.Moments {
		if seen[i] {
			continue
		}
		seen[i] = true
		shifted[i] = m[i] + noise.Sigma(pr.Sigma2[i])
		d := secondOrder(f, shifted) - base
		shifted[i] = m[i]
		sum += d * d
	}
	return ptr(base), ptr(z95 * math.Sqrt(sum))
}

func secondOrder(f *ir.Figure, m []float64) float64 {
	at := func(i int) float64 { return m[f.Moments[i]] }
	n := at(0)
	ga, _ := f.A.Grid.Float64()
	wa := float64(f.A.Hi - f.A.Lo)
	// in half steps: mean x, mean square q of 2a−c
	variance := func(sum, square, width float64) float64 {
		x := sum / n
		q := (square/n + width*width) / 2
		return math.Max(q-x*x, 0)
	}
	switch f.Kind {
	case ir.VarPop, ir.VarSamp, ir.StdPop, ir.StdSamp:
		v := variance(at(1), at(2), wa) * ga * ga / 4
		if f.Kind == ir.VarSamp || f.Kind == ir.StdSamp {
			v *= n / (n - 1)
		}
		if f.Kind == ir.StdPop || f.Kind == ir.StdSamp {
			v = math.Sqrt(v)
		}
		return v
	}
	gb, _ := f.B.Grid.Float64()
	wb := float64(f.B.Hi - f.B.Lo)
	cov := (at(3)/n - (at(1)/n)*(at(2)/n)) * ga * gb / 4
	switch f.Kind {
	case ir.CovPop:
		return cov
	case ir.CovSamp:
		return cov * n / (n - 1)
	case ir.Corr:
		va := variance(at(1), at(4), wa) * ga * ga / 4
		vb := variance(at(2), at(5), wb) * gb * gb / 4
		return math.Min(math.Max(cov/math.Sqrt(va*vb), -1), 1)
	case ir.Slope:
		return cov / (variance(at(2), at(4), wb) * gb * gb / 4)
	}
	return math.NaN()
}

// quantile reads the noised histogram: negative counts are cut, the cumulative share is walked
// to p, within a bin the value is interpolated. The interval is where the share p may lie
// given the noise of the cumulative count.
func (pr *Priced) quantile(f *ir.Figure, m []float64) (*float64, *float64) {
	g, _ := f.A.Grid.Float64()
	p, _ := f.P.Float64()
	var total, raw float64
	counts := make([]float64, len(f.Bins))
	for i, k := range f.Moments {
		raw += m[k]
		counts[i] = math.Max(m[k], 0)
		total += counts[i]
	}
	sigma := noise.Sigma(pr.Sigma2[f.Moments[0]])
	if !pr.enough(raw, sigma*math.Sqrt(float64(len(counts)))) || total <= 0 {
		return nil, nil
	}
	at := func(share float64) float64 {
		target := math.Min(math.Max(share, 0), 1) * total
		var cum float64
		for i, c := range counts {
			if cum+c >= target && c > 0 {
				lo, hi := float64(f.Bins[i].Lo), float64(f.Bins[i].Hi+1)
				v := lo + (hi-lo)*(target-cum)/c
				return math.Min(v, float64(f.Bins[i].Hi)) * g
			}
			cum += c
		}
		return float64(f.Bins[len(f.Bins)-1].Hi) * g
	}
	w := z95 * sigma * math.Sqrt(float64(len(counts))) / 2 / total
	width := float64(f.Bins[0].Hi-f.Bins[0].Lo+1) * g
	return ptr(at(p)), ptr(math.Max(at(p+w)-at(p-w), width) / 2)
}

// KeyValue is the value of a key's cell number; ok is false for dictionary codes, whose words
// must be read from the snapshot. tag names 其他 for typed keys.
func KeyValue(k *ir.Key, cell int64) (value any, tag any, ok bool) {
	switch cell {
	case coding.Missing:
		return nil, nil, true
	case coding.Other:
		if k.Type == "" || k.Type == "text" {
			return otherWord(k), nil, true
		}
		return nil, otherWord(k), true
	}
	if len(k.Cells) == 0 {
		return nil, nil, false
	}
	v := k.Cells[cell]
	switch v.Kind {
	case "num":
		return v.Num.Float(), nil, true
	case "bool":
		return v.True, nil, true
	}
	return v.Word(), nil, true
}

// otherWord is 其他, or another spelling where the domain itself has that word.
func otherWord(k *ir.Key) string {
	for _, v := range k.Cells {
		if v.Text == "其他" {
			return "其他（范围外）"
		}
	}
	return "其他"
}
