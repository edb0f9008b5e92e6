// Package noise samples the discrete Gaussian exactly, in integer arithmetic only, after
// Canonne, Kamath and Steinke (2020): no floating point takes part, so the privacy proof holds
// for what is computed and not for an approximation of it.
package noise

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
)

// ErrVariance says that a variance was not a positive number.
var ErrVariance = errors.New("variance must be positive")

// Source draws from a stream of random bytes. It is not safe for concurrent use.
type Source struct {
	r   *bufio.Reader
	one *big.Int
}

// NewSource reads from r; nil means the operating system's generator.
func NewSource(r io.Reader) *Source {
	if r == nil {
		r = rand.Reader
	}
	return &Source{r: bufio.NewReaderSize(r, 4096), one: big.NewInt(1)}
}

// Gaussian draws from the discrete Gaussian with variance parameter sigma2 (σ²), centre 0:
// P(x) ∝ exp(−x²/2σ²) over the integers. A vector of such draws, added to integers with L2
// sensitivity Δ, is ρ-zCDP with ρ = Δ²/2σ².
func (s *Source) Gaussian(sigma2 *big.Rat) (*big.Int, error) {
	if sigma2.Sign() <= 0 {
		return nil, ErrVariance
	}
	// t = ⌊σ⌋ + 1 by integer square root of ⌊σ²⌋
	t := new(big.Int).Quo(sigma2.Num(), sigma2.Denom())
	t.Sqrt(t).Add(t, s.one)
	// accept y with probability exp(−(|y| − σ²/t)²/(2σ²)); with σ² = n/d the exponent is
	// (|y|·t·d − n)² / (2·n·d·t²)
	n, d := sigma2.Num(), sigma2.Denom()
	den := new(big.Int).Mul(n, d)
	den.Mul(den, t).Mul(den, t).Lsh(den, 1)
	td := new(big.Int).Mul(t, d)
	num := new(big.Int)
	for {
		y, err := s.laplace(t)
		if err != nil {
			return nil, err
		}
		num.Abs(y).Mul(num, td).Sub(num, n)
		num.Mul(num, num)
		ok, err := s.expBernoulli(num, den)
		if err != nil {
			return nil, err
		}
		if ok {
			return y, nil
		}
	}
}

// laplace draws from the discrete Laplace with whole scale t: P(x) ∝ exp(−|x|/t).
func (s *Source) laplace(t *big.Int) (*big.Int, error) {
	for {
		u, err := s.below(t)
		if err != nil {
			return nil, err
		}
		ok, err := s.expBernoulli(u, t)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		v := new(big.Int)
		for {
			ok, err := s.expBernoulli(s.one, s.one)
			if err != nil {
				return nil, err
			}
			if !ok {
				break
			}
			v.Add(v, s.one)
		}
		x := v.Mul(v, t).Add(v, u)
		sign, err := s.bit()
		if err != nil {
			return nil, err
		}
		if sign && x.Sign() == 0 {
			continue
		}
		if sign {
			x.Neg(x)
		}
		return x, nil
	}
}

// expBernoulli is true with probability exp(−num/den), num ≥ 0.
func (s *Source) expBernoulli(num, den *big.Int) (bool, error) {
	if num.Cmp(den) <= 0 {
		return s.expUnit(num, den)
	}
	whole, rest := new(big.Int).QuoRem(num, den, new(big.Int))
	for whole.Sign() > 0 {
		ok, err := s.expUnit(s.one, s.one)
		if err != nil || !ok {
			return false, err
		}
		whole.Sub(whole, s.one)
	}
	return s.expUnit(rest, den)
}

// expUnit is expBernoulli for num/den ≤ 1: count how long independent coins with
// probabilities γ, γ/2, γ/3, … keep falling heads; the count is even with probability e^−γ.
func (s *Source) expUnit(num, den *big.Int) (bool, error) {
	k := int64(1)
	d := new(big.Int).Set(den)
	for {
		u, err := s.below(d)
		if err != nil {
			return false, err
		}
		if u.Cmp(num) >= 0 {
			return k%2 == 1, nil
		}
		k++
		d.Mul(den, big.NewInt(k))
	}
}

// below draws uniformly from 0 … n−1 by rejection.
func (s *Source) below(n *big.Int) (*big.Int, error) {
	bits := n.BitLen()
	if n.Cmp(s.one) == 0 {
		return new(big.Int), nil
	}
	buf := make([]byte, (bits+7)/8)
	mask := byte(0xff)
	if r := bits % 8; r != 0 {
		mask = 1<<r - 1
	}
	u := new(big.Int)
	for {
		if _, err := io.ReadFull(s.r, buf); err != nil {
			return nil, fmt.Errorf("read randomness: %w", err)
		}
		buf[0] &= mask
		if u.SetBytes(buf); u.Cmp(n) < 0 {
			return u, nil
		}
	}
}

func (s *Source) bit() (bool, error) {
	b, err := s.r.ReadByte()
	if err != nil {
		return false, fmt.Errorf("read randomness: %w", err)
	}
	return b&1 == 1, nil
}

// Variance is σ² = Δ²/2ρ for a squared sensitivity and ρ in units of 10⁻⁹.
func Variance(delta2 *big.Int, nanoRho *big.Rat) *big.Rat {
	v := new(big.Rat).SetInt(delta2)
	v.Mul(v, big.NewRat(1_000_000_000, 2))
	return v.Quo(v, nanoRho)
}

// Sigma is the standard deviation as a float, for reports and intervals only.
func Sigma(sigma2 *big.Rat) float64 {
	f, _ := sigma2.Float64()
	return math.Sqrt(f)
}

// Margin is a whole number m with P(noise ≥ m) ≤ δ: the discrete tail at m is at most the
// continuous tail at m−1, and the float arithmetic is rounded up by one more.
func Margin(sigma2 *big.Rat, delta float64) int64 {
	lo, hi := 0.0, 40.0
	for range 100 {
		z := (lo + hi) / 2
		if math.Erfc(z/math.Sqrt2)/2 > delta {
			lo = z
		} else {
			hi = z
		}
	}
	return int64(math.Ceil(Sigma(sigma2)*hi*(1+1e-12))) + 2
}
