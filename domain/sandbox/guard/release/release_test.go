package release

import (
	"context"
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"pado/domain/sandbox/guard/coding"
	"pado/domain/sandbox/guard/ir"
	"pado/domain/sandbox/guard/noise"
	"pado/domain/sandbox/guard/policy"
	"pado/domain/sandbox/guard/refuse"
)

func testPolicy() *policy.Policy {
	return &policy.Policy{K: 10, RhoPerAggregate: 5_000_000, RhoTotal: 500_000_000, DeltaTotal: 1_000_000_000}
}

func source(n byte) *noise.Source {
	return noise.NewSource(rand.NewChaCha8([32]byte{n}))
}

func countBlock(k int64, keys ...*ir.Key) *ir.Block {
	return &ir.Block{Source: &ir.Source{K: k}, Spread: k, Keys: keys, Raws: []ir.Raw{{Kind: ir.RawRows}},
		Moments: []ir.Moment{{Raws: []ir.Weighted{{Raw: 0, Coef: big.NewInt(1)}}, Delta2: big.NewInt(k * k), Name: "count"}},
		Figures: []*ir.Figure{{Kind: ir.Count, Moments: []int{0}}}}
}

// Every declared cell is answered, zeros and the two special cells included, whatever the data.
func TestPublicCellsAreAlwaysThere(t *testing.T) {
	key := &ir.Key{Type: "text", Cells: []ir.Value{{Kind: "text", Text: "F"}, {Kind: "text", Text: "M"}}, Codes: []int64{0, 1, coding.Other, coding.Missing}}
	pr, ref := PriceOf(countBlock(1, key), testPolicy(), Accuracy{})
	if ref != nil {
		t.Fatal(ref)
	}
	if s := noise.Sigma(pr.Sigma2[0]); s != 10 {
		t.Errorf("σ = %v, want 10", s)
	}
	for _, rows := range [][]Raw{nil, {{Keys: []int64{1}, Raws: []*big.Int{big.NewInt(1000)}}}} {
		tab, err := pr.Release(rows, source(1))
		if err != nil {
			t.Fatal(err)
		}
		if len(tab.Cells) != 4 || tab.Withheld != 0 {
			t.Errorf("%d cells, %d withheld", len(tab.Cells), tab.Withheld)
		}
		for _, c := range tab.Cells {
			if c.Values[0] == nil || *c.Values[0] == 0 && rows == nil && *c.Halves[0] == 0 {
				t.Errorf("cell %v has no noised value", c.Keys)
			}
		}
	}
}

// A discovered cell below the smallest group never shows; one just there shows with
// probability δ only; a large one always.
func TestDiscoveredCells(t *testing.T) {
	b := countBlock(1, &ir.Key{Type: "text", Discovered: true})
	b.Selection = true
	pr, ref := PriceOf(b, testPolicy(), Accuracy{})
	if ref != nil {
		t.Fatal(ref)
	}
	if len(pr.Lines) != 2 || pr.Lines[1].What != "selection" || pr.Lines[1].Delta != 10_000_000 {
		t.Errorf("lines %+v", pr.Lines)
	}
	if pr.Threshold < 60 || pr.Threshold > 75 {
		t.Errorf("threshold %d", pr.Threshold)
	}
	src := source(2)
	for n, want := range map[int64]bool{0: false, 9: false, 10: false, 2000: true} {
		for range 300 {
			tab, err := pr.Release([]Raw{{Keys: []int64{5}, Raws: []*big.Int{big.NewInt(n)}}}, src)
			if err != nil {
				t.Fatal(err)
			}
			if (len(tab.Cells) == 1) != want {
				t.Fatalf("group of %d shown: %v", n, !want)
			}
		}
	}
	// rows of few units: 120 rows at K = 12 are at least ten units, 108 are nine
	b = countBlock(12, &ir.Key{Discovered: true})
	b.Selection = true
	pr, _ = PriceOf(b, testPolicy(), Accuracy{})
	pr.Threshold = -1 << 40
	for n, want := range map[int64]bool{108: false, 109: true} {
		tab, err := pr.Release([]Raw{{Keys: []int64{5}, Raws: []*big.Int{big.NewInt(n)}}}, src)
		if err != nil || (len(tab.Cells) == 1) != want {
			t.Errorf("%d rows at K = 12 shown: %v %v", n, !want, err)
		}
	}
}

// An average is withheld by the noised count, and never leaves the declared bounds.
func TestAverage(t *testing.T) {
	arg := &ir.Arg{Lo: 0, Hi: 100, Grid: big.NewRat(1, 10)}
	b := &ir.Block{Source: &ir.Source{K: 1}, Spread: 1, Raws: []ir.Raw{{Kind: ir.RawCount, A: arg}, {Kind: ir.RawSum, A: arg}},
		Moments: []ir.Moment{{Raws: []ir.Weighted{{Raw: 0, Coef: big.NewInt(1)}}, Delta2: big.NewInt(1), Name: "avg.count"},
			{Raws: []ir.Weighted{{Raw: 1, Coef: big.NewInt(2)}, {Raw: 0, Coef: big.NewInt(-100)}}, Delta2: big.NewInt(100 * 100), Name: "avg.sum"}},
		Figures: []*ir.Figure{{Kind: ir.Avg, A: arg, Moments: []int{0, 1}}}}
	pr, ref := PriceOf(b, testPolicy(), Accuracy{})
	if ref != nil {
		t.Fatal(ref)
	}
	if rho, _ := Total(pr.Lines); rho != 5_000_000 {
		t.Errorf("an aggregate costs %d", rho)
	}
	src := source(3)
	cell := func(n, sum int64) *Table {
		tab, err := pr.Release([]Raw{{Keys: []int64{}, Raws: []*big.Int{big.NewInt(n), big.NewInt(sum)}}}, src)
		if err != nil {
			t.Fatal(err)
		}
		return tab
	}
	if tab := cell(3, 30); tab.Withheld != 1 || tab.Cells[0].Values[0] != nil {
		t.Error("an average over three rows is shown")
	}
	within := 0
	for range 400 {
		tab := cell(4000, 4000*30) // 3.0
		v, h := *tab.Cells[0].Values[0], *tab.Cells[0].Halves[0]
		if v < 0 || v > 10 {
			t.Fatalf("average %v outside the bounds", v)
		}
		if math.Abs(v-3) <= h {
			within++
		}
	}
	if within < 360 || within == 400 {
		t.Errorf("%d of 400 intervals hold the truth; 95 %% are stated", within)
	}
}

func TestAccuracy(t *testing.T) {
	p := testPolicy()
	b := countBlock(12)
	for _, c := range []struct {
		a     Accuracy
		rho   int64
		sigma float64
	}{{Accuracy{}, 5_000_000, 120}, {Accuracy{NanoRho: 20_000_000}, 20_000_000, 60}, {Accuracy{Sigma: 50}, 28_800_000, 50}} {
		pr, ref := PriceOf(b, p, c.a)
		if ref != nil {
			t.Fatal(ref)
		}
		if rho, _ := Total(pr.Lines); rho != c.rho || math.Abs(noise.Sigma(pr.Sigma2[0])-c.sigma) > 1e-6 {
			t.Errorf("%+v: ρ %d σ %v", c.a, rho, noise.Sigma(pr.Sigma2[0]))
		}
	}
	for _, a := range []Accuracy{{NanoRho: -1}, {Sigma: -1}, {Sigma: math.NaN()}, {Sigma: 1e-9}, {NanoRho: 1, Sigma: 1}} {
		if _, ref := PriceOf(b, p, a); ref == nil || ref.Code != refuse.Accuracy {
			t.Errorf("%+v: %v", a, ref)
		}
	}
}

// The ledger takes whole questions or nothing and never goes below zero.
func TestLedger(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := testPolicy()
		p.RhoTotal, p.DeltaTotal = rapid.Int64Range(0, 1000).Draw(t, "rho"), rapid.Int64Range(0, 1000).Draw(t, "delta")
		l := NewMemory(p)
		rho, delta := p.RhoTotal, p.DeltaTotal
		for range rapid.IntRange(1, 20).Draw(t, "n") {
			lines := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Line {
				return Line{Rho: rapid.Int64Range(0, 300).Draw(t, "r"), Delta: rapid.Int64Range(0, 300).Draw(t, "d")}
			}), 1, 3).Draw(t, "lines")
			r, d := Total(lines)
			err := l.Debit(context.Background(), lines)
			if (err == nil) != (r <= rho && d <= delta) {
				t.Fatalf("debit %d/%d of %d/%d: %v", r, d, rho, delta, err)
			}
			var ref *refuse.Refusal
			if err != nil && (!errors.As(err, &ref) || ref.Code != refuse.Budget) {
				t.Fatalf("refused with %v", err)
			}
			if err == nil {
				rho, delta = rho-r, delta-d
			}
			if gr, gd := l.Left(); gr != rho || gd != delta || gr < 0 || gd < 0 {
				t.Fatalf("left %d/%d, want %d/%d", gr, gd, rho, delta)
			}
		}
	})
}
