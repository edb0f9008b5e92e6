package money

import (
	"errors"
	"math/big"
	"testing"

	"github.com/govalues/decimal"
	"pgregory.net/rapid"
)

func TestSplit(t *testing.T) {
	for name, c := range map[string]struct {
		total     Fen
		weights   []BasisPoints
		remainder int
		want      []Fen
	}{
		"thirds, the rest to the first":  {100, []BasisPoints{3334, 3333, 3333}, 0, []Fen{34, 33, 33}},
		"thirds, the rest to the last":   {100, []BasisPoints{3334, 3333, 3333}, 2, []Fen{33, 33, 34}},
		"a loss is split the same way":   {-100, []BasisPoints{3334, 3333, 3333}, 0, []Fen{-34, -33, -33}},
		"nothing to split":               {0, []BasisPoints{5000, 5000}, 1, []Fen{0, 0}},
		"one party":                      {7, []BasisPoints{10000}, 0, []Fen{7}},
		"a party without a share":        {101, []BasisPoints{0, 5000, 5000}, 0, []Fen{1, 50, 50}},
		"less than a fen for each":       {1, []BasisPoints{2500, 2500, 2500, 2500}, 3, []Fen{0, 0, 0, 1}},
		"the largest amount":             {Max, []BasisPoints{5000, 5000}, 0, []Fen{4611686018427387904, 4611686018427387903}},
		"the smallest amount, undivided": {Min, []BasisPoints{0, 10000}, 0, []Fen{0, Min}},
	} {
		got, err := Split(c.total, c.weights, c.remainder)
		if err != nil || len(got) != len(c.want) {
			t.Errorf("%s: %v, %v", name, got, err)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: part %d is %d, want %d", name, i, int64(got[i]), int64(c.want[i]))
			}
		}
	}
}

func TestSplitRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		weights   []BasisPoints
		remainder int
	}{
		"no party":                  {nil, 0},
		"less than the whole":       {[]BasisPoints{5000, 4999}, 0},
		"more than the whole":       {[]BasisPoints{5000, 5001}, 0},
		"a negative share":          {[]BasisPoints{-1, 10001}, 0},
		"shares that wrap around":   {[]BasisPoints{1 << 62, 1 << 62, 1 << 62, 1 << 62, 10000}, 0},
		"the rest to a stranger":    {[]BasisPoints{5000, 5000}, 2},
		"the rest to nobody at all": {[]BasisPoints{5000, 5000}, -1},
	} {
		if got, err := Split(100, c.weights, c.remainder); err == nil {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestSplitProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := anyFen().Draw(t, "total")
		weights := []BasisPoints{}
		left := Whole
		for range rapid.IntRange(0, 8).Draw(t, "parties before the last") {
			w := BasisPoints(rapid.Int64Range(0, int64(left)).Draw(t, "weight"))
			weights, left = append(weights, w), left-w
		}
		weights = append(weights, left)
		to := rapid.IntRange(0, len(weights)-1).Draw(t, "remainder to")
		parts, err := Split(total, weights, to)
		if err != nil {
			t.Fatal(err)
		}
		sum := new(big.Int)
		for i, part := range parts {
			sum.Add(sum, big.NewInt(int64(part)))
			if (part < 0 && total > 0) || (part > 0 && total < 0) {
				t.Fatalf("part %d is %d of %d", i, int64(part), int64(total))
			}
			// |part − total·w/10000| < 1 fen, or for the party of the remainder fewer fen than there are parties.
			exact := new(big.Rat).SetFrac(new(big.Int).Mul(big.NewInt(int64(total)), big.NewInt(int64(weights[i]))), big.NewInt(10000))
			off := new(big.Rat).Sub(new(big.Rat).SetInt64(int64(part)), exact)
			bound := int64(1)
			if i == to {
				bound = int64(len(parts))
			}
			if off.Abs(off).Cmp(new(big.Rat).SetInt64(bound)) >= 0 {
				t.Fatalf("part %d of %d at %v is %d", i, int64(total), weights[i], int64(part))
			}
		}
		if sum.Cmp(big.NewInt(int64(total))) != 0 {
			t.Fatalf("the parts sum to %v, not to %d", sum, int64(total))
		}
	})
}

func TestMul(t *testing.T) {
	for _, c := range []struct {
		fen            Fen
		rate           string
		even, up, down Fen
	}{
		{100, "0.125", 12, 13, 12}, {100, "0.135", 14, 14, 13}, {-100, "0.125", -12, -13, -12}, {100, "-0.125", -12, -13, -12},
		{-100, "-0.125", 12, 13, 12}, {1, "0.5", 0, 1, 0}, {3, "0.5", 2, 2, 1}, {1, "0.49999", 0, 0, 0}, {1, "0.50001", 1, 1, 0},
		{Max, "1", Max, Max, Max}, {Min, "1", Min, Min, Min}, {Max, "0", 0, 0, 0}, {1_000_000_00, "0.0765", 7_650_000, 7_650_000, 7_650_000},
		{1, "0.5000000000000000000", 0, 1, 0}, // nineteen decimals: the divisor is 10^19
	} {
		for r, want := range map[Rounding]Fen{HalfEven: c.even, HalfUp: c.up, Down: c.down} {
			if got, err := Mul(c.fen, decimal.MustParse(c.rate), r); err != nil || got != want {
				t.Errorf("%d × %s by rounding %d = %d, %v; want %d", int64(c.fen), c.rate, r, int64(got), err, int64(want))
			}
		}
	}
	if _, err := Mul(Max, decimal.MustParse("1.0000000000000000001"), HalfEven); err != nil {
		t.Errorf("a product that fits was refused: %v", err)
	}
	for _, rate := range []string{"-1", "2", "9999999999999999999"} {
		if got, err := Mul(Min, decimal.MustParse(rate), Down); !errors.Is(err, ErrOverflow) {
			t.Errorf("Min × %s = %d, %v; want ErrOverflow", rate, int64(got), err)
		}
	}
	for _, r := range []Rounding{0, -1, 4} {
		if _, err := Mul(1, decimal.One, r); !errors.Is(err, ErrRounding) {
			t.Errorf("rounding %d: %v, want ErrRounding", r, err)
		}
	}
}

func TestMulAgainstRationals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := anyFen().Draw(t, "f")
		scale := rapid.IntRange(0, 19).Draw(t, "scale")
		rate, err := decimal.New(rapid.Int64().Draw(t, "coefficient"), scale)
		if err != nil {
			t.Skip("no such decimal")
		}
		exact, _ := new(big.Rat).SetString(rate.String())
		exact.Mul(exact, new(big.Rat).SetInt64(int64(f)))
		r := rapid.SampledFrom([]Rounding{HalfEven, HalfUp, Down}).Draw(t, "rounding")
		want := roundRat(exact, r)
		got, err := Mul(f, rate, r)
		if want.IsInt64() {
			if err != nil || int64(got) != want.Int64() {
				t.Fatalf("%d × %s by rounding %d = %d, %v; want %v", int64(f), rate, r, int64(got), err, want)
			}
		} else if !errors.Is(err, ErrOverflow) {
			t.Fatalf("%d × %s by rounding %d = %d, %v; want ErrOverflow", int64(f), rate, r, int64(got), err)
		}
	})
}

// roundRat is the roundings said another way: the two whole numbers around x, and which of them is chosen.
func roundRat(x *big.Rat, r Rounding) *big.Int {
	low, rem := new(big.Int).QuoRem(x.Num(), x.Denom(), new(big.Int)) // towards zero
	away := new(big.Int).Add(low, big.NewInt(int64(x.Sign())))
	twice := new(big.Int).Mul(rem.Abs(rem), big.NewInt(2)).Cmp(x.Denom())
	switch {
	case r == Down || twice < 0:
		return low
	case twice > 0 || r == HalfUp || low.Bit(0) == 1:
		return away
	}
	return low
}

func TestBasisPoints(t *testing.T) {
	for b, want := range map[BasisPoints]string{0: "0.00%", 3333: "33.33%", Whole: "100.00%", -50: "-0.50%"} {
		if b.String() != want {
			t.Errorf("%d reads %s, want %s", int64(b), b, want)
		}
	}
	if b, err := ParsePercent("33.33"); err != nil || b != 3333 || b.Decimal().String() != "0.3333" {
		t.Errorf("33.33 %% is %d, %v", int64(b), err)
	}
	for _, bad := range []string{"", "33.333", "5%", "a"} {
		if _, err := ParsePercent(bad); err == nil {
			t.Errorf("%q was read as a per cent", bad)
		}
	}
}
