package noise

import (
	"bytes"
	"errors"
	"io"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

func seeded(n byte) *Source {
	var seed [32]byte
	seed[0] = n
	return NewSource(rand.NewChaCha8(seed))
}

// exact returns the probabilities of the discrete Gaussian over −w..w, computed term by term.
func exact(sigma2 float64, w int) []float64 {
	p := make([]float64, 2*w+1)
	var z float64
	for x := -40 * int(math.Ceil(math.Sqrt(sigma2))); x <= 40*int(math.Ceil(math.Sqrt(sigma2))); x++ {
		z += math.Exp(-float64(x*x) / (2 * sigma2))
	}
	for i := range p {
		x := float64(i - w)
		p[i] = math.Exp(-x*x/(2*sigma2)) / z
	}
	return p
}

// Draws follow the exact probabilities: chi-square over all values with an expectation of at
// least ten, at a level of one in 10⁶.
func TestDistribution(t *testing.T) {
	for i, s2 := range []*big.Rat{big.NewRat(1, 10), big.NewRat(1, 2), big.NewRat(1, 1), big.NewRat(7, 3), big.NewRat(25, 1), big.NewRat(1000, 7)} {
		const n = 60000
		f, _ := s2.Float64()
		w := int(8*math.Sqrt(f)) + 3
		counts := make([]int, 2*w+1)
		src := seeded(byte(i + 1))
		for range n {
			g, err := src.Gaussian(s2)
			if err != nil {
				t.Fatal(err)
			}
			x := int(g.Int64()) + w
			if x < 0 || x >= len(counts) {
				t.Fatalf("σ²=%s: draw %s is beyond eight deviations", s2, g)
			}
			counts[x]++
		}
		var chi float64
		cells, restP, restN := 0, 1.0, n
		for x, p := range exact(f, w) {
			if p*n < 10 {
				continue
			}
			d := float64(counts[x]) - p*n
			chi += d * d / (p * n)
			restP -= p
			restN -= counts[x]
			cells++
		}
		if e := restP * n; e > 1 {
			chi += (float64(restN) - e) * (float64(restN) - e) / e
			cells++
		}
		// Wilson and Hilferty: the cube root of chi²/df is close to normal
		df := float64(cells - 1)
		z := (math.Cbrt(chi/df) - (1 - 2/(9*df))) / math.Sqrt(2/(9*df))
		if z > 4.75 {
			t.Errorf("σ²=%s: chi² %.1f over %d cells (z = %.1f)", s2, chi, cells, z)
		}
	}
}

// A large variance keeps its first two moments.
func TestMoments(t *testing.T) {
	src := seeded(9)
	sigma := 2_000_000.0
	s2 := new(big.Rat).SetFloat64(sigma * sigma)
	const n = 20000
	var sum, sq float64
	for range n {
		g, err := src.Gaussian(s2)
		if err != nil {
			t.Fatal(err)
		}
		x, _ := new(big.Float).SetInt(g).Float64()
		sum += x / sigma
		sq += x / sigma * x / sigma
	}
	if m := sum / math.Sqrt(n); math.Abs(m) > 5 {
		t.Errorf("mean is %.1f deviations off", m)
	}
	if v := (sq/n - 1) / math.Sqrt(2.0/n); math.Abs(v) > 5 {
		t.Errorf("variance is %.1f deviations off", v)
	}
}

func TestExpBernoulli(t *testing.T) {
	src := seeded(3)
	for _, r := range []*big.Rat{big.NewRat(0, 1), big.NewRat(1, 3), big.NewRat(1, 1), big.NewRat(7, 2)} {
		const n = 40000
		hits := 0
		for range n {
			ok, err := src.expBernoulli(r.Num(), r.Denom())
			if err != nil {
				t.Fatal(err)
			}
			if ok {
				hits++
			}
		}
		f, _ := r.Float64()
		p := math.Exp(-f)
		if sd := math.Sqrt(n * p * (1 - p)); math.Abs(float64(hits)-n*p) > 5*sd+1e-9 {
			t.Errorf("exp(−%s): %d of %d, want %.0f", r, hits, n, n*p)
		}
	}
}

// The same bytes give the same noise, and a dry source is an error, not a zero.
func TestRandomnessIsTheOnlyInput(t *testing.T) {
	a, b := seeded(5), seeded(5)
	for range 100 {
		x, err1 := a.Gaussian(big.NewRat(100, 1))
		y, err2 := b.Gaussian(big.NewRat(100, 1))
		if err1 != nil || err2 != nil || x.Cmp(y) != 0 {
			t.Fatal(x, y, err1, err2)
		}
	}
	if _, err := NewSource(bytes.NewReader(nil)).Gaussian(big.NewRat(100, 1)); !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("dry source: %v", err)
	}
	if _, err := seeded(1).Gaussian(new(big.Rat)); !errors.Is(err, ErrVariance) {
		t.Errorf("zero variance: %v", err)
	}
}

func TestVariance(t *testing.T) {
	// ρ = 0.005 and Δ = 1 give σ = 10; K = 12 gives 120
	if v := Variance(big.NewInt(1), big.NewRat(5_000_000, 1)); v.Cmp(big.NewRat(100, 1)) != 0 {
		t.Errorf("σ² = %s", v)
	}
	if s := Sigma(Variance(big.NewInt(144), big.NewRat(5_000_000, 1))); math.Abs(s-120) > 1e-9 {
		t.Errorf("σ = %v", s)
	}
}

// The margin's tail, summed exactly, is at most δ, and one far smaller margin would not do.
func TestMargin(t *testing.T) {
	for _, s2 := range []float64{1, 100, 12} {
		for _, delta := range []float64{1e-3, 1e-6, 1e-8} {
			m := Margin(new(big.Rat).SetFloat64(s2), delta)
			p := exact(s2, 40*int(math.Ceil(math.Sqrt(s2))))
			mid := len(p) / 2
			var tail, looser float64
			for x := len(p) - 1; x >= mid; x-- {
				if x-mid >= int(m) {
					tail += p[x]
				}
				if x-mid >= int(m)-4 {
					looser += p[x]
				}
			}
			if tail > delta || looser < delta {
				t.Errorf("σ²=%v δ=%v: margin %d has tail %g, four less %g", s2, delta, m, tail, looser)
			}
		}
	}
}

func BenchmarkGaussian(b *testing.B) {
	src := NewSource(nil)
	s2 := big.NewRat(4_000_000_000_000, 3)
	for b.Loop() {
		if _, err := src.Gaussian(s2); err != nil {
			b.Fatal(err)
		}
	}
}
