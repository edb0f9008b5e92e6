package money

import (
	"errors"
	"fmt"
	"math/bits"

	"github.com/govalues/decimal"
)

// BasisPoints is a ratio in hundredths of a per cent: 10000 is the whole.
type BasisPoints int64

// Whole is 100 %.
const Whole BasisPoints = 10000

// String is the ratio in per cent with two decimals, "33.33%".
func (b BasisPoints) String() string { return Fen(b).Yuan() + "%" }

// ParsePercent reads a ratio in per cent with at most two decimals and no sign for per cent: "33.33", "5", "-0.5".
func ParsePercent(s string) (BasisPoints, error) {
	f, err := ParseYuan(s)
	if err != nil {
		return 0, errors.New("money: not a per cent with at most two decimals")
	}
	return BasisPoints(f), nil
}

// Decimal is the ratio as a factor: 3333 basis points are 0.3333.
func (b BasisPoints) Decimal() decimal.Decimal {
	d, _ := decimal.New(int64(b), 4) // cannot fail: every int64 has at most 19 digits
	return d
}

// Rounding says what becomes of a fraction of a fen. The zero Rounding is none and is refused: nobody rounds by default.
type Rounding int

// The roundings there are.
const (
	HalfEven Rounding = iota + 1 // to the nearest; a half to the even neighbour (银行家舍入)
	HalfUp                       // to the nearest; a half away from zero (四舍五入)
	Down                         // towards zero (舍去)
)

// ErrRounding is returned when no rounding was named.
var ErrRounding = errors.New("money: no rounding was named")

// Mul is f · rate, computed exactly and rounded once, as named. It returns ErrOverflow when the result cannot be held.
func Mul(f Fen, rate decimal.Decimal, r Rounding) (Fen, error) {
	if r < HalfEven || r > Down {
		return 0, ErrRounding
	}
	hi, lo := bits.Mul64(f.magnitude(), rate.Coef())
	unit := uint64(1)
	for range rate.Scale() { // at most 19, and 10^19 fits
		unit *= 10
	}
	if hi >= unit {
		return 0, ErrOverflow
	}
	quo, rem := bits.Div64(hi, lo, unit)
	if up(r, rem, unit, quo%2 == 1) {
		if quo++; quo == 0 {
			return 0, ErrOverflow
		}
	}
	return signed(quo, (f < 0) != rate.IsNeg())
}

// up reports whether the fraction rem/unit is rounded away from zero.
func up(r Rounding, rem, unit uint64, odd bool) bool {
	rest := unit - rem // compared with rem instead of doubling it, which could overflow
	switch r {
	case HalfEven:
		return rem > rest || rem == rest && odd
	case HalfUp:
		return rem >= rest
	}
	return false
}

// Split divides total by ratio: part i is total · weights[i], rounded towards zero, and what is left over (always less
// than one fen a part) goes to the party named by remainderTo. The parts sum to total exactly, and none has the
// opposite sign. The same input gives the same parts on every run (clause 10.4.1).
//
// The weights must not be negative and must sum to Whole; remainderTo must be one of them.
func Split(total Fen, weights []BasisPoints, remainderTo int) ([]Fen, error) {
	if remainderTo < 0 || remainderTo >= len(weights) {
		return nil, fmt.Errorf("money: the remainder goes to party %d of %d", remainderTo, len(weights))
	}
	var sum BasisPoints
	for i, w := range weights {
		if w < 0 || w > Whole {
			return nil, fmt.Errorf("money: weight %d is not between 0 and 100%%", i)
		}
		sum += w
	}
	if sum != Whole {
		return nil, fmt.Errorf("money: the weights sum to %s, not to 100%%", sum)
	}
	parts := make([]Fen, len(weights))
	rest := total
	for i, w := range weights {
		hi, lo := bits.Mul64(total.magnitude(), uint64(w))
		m, _ := bits.Div64(hi, lo, uint64(Whole)) // w ≤ Whole, so the quotient is at most |total|
		part := Fen(m)
		if total < 0 {
			part = -part // for the smallest amount m is 2^63 and wraps to the right value
		}
		parts[i] = part
		rest -= part // stays between 0 and total
	}
	parts[remainderTo] += rest
	return parts, nil
}
