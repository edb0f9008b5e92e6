package money

import (
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/govalues/decimal"
	"pgregory.net/rapid"
)

func anyFen() *rapid.Generator[Fen] {
	edges := []int64{int64(Min), int64(Min) + 1, -100, -1, 0, 1, 99, 100, int64(Max) - 1, int64(Max)}
	amounts := rapid.OneOf(rapid.Int64(), rapid.SampledFrom(edges), rapid.Int64Range(-1_000_000, 1_000_000))
	return rapid.Map(amounts, func(n int64) Fen { return Fen(n) })
}

func TestFenForms(t *testing.T) {
	for _, c := range []struct {
		fen           Fen
		yuan, grouped string
	}{
		{0, "0.00", "0.00"}, {1, "0.01", "0.01"}, {-1, "-0.01", "-0.01"}, {100, "1.00", "1.00"}, {123456, "1234.56", "1,234.56"},
		{-123456, "-1234.56", "-1,234.56"}, {99999, "999.99", "999.99"}, {100000, "1000.00", "1,000.00"},
		{123456789012, "1234567890.12", "1,234,567,890.12"},
		{Max, "92233720368547758.07", "92,233,720,368,547,758.07"}, {Min, "-92233720368547758.08", "-92,233,720,368,547,758.08"},
	} {
		if got := c.fen.Yuan(); got != c.yuan {
			t.Errorf("Fen(%d).Yuan() = %q, want %q", int64(c.fen), got, c.yuan)
		}
		if got := c.fen.String(); got != c.grouped {
			t.Errorf("Fen(%d).String() = %q, want %q", int64(c.fen), got, c.grouped)
		}
		if got, err := ParseYuan(c.yuan); err != nil || got != c.fen {
			t.Errorf("ParseYuan(%q) = %d, %v", c.yuan, int64(got), err)
		}
	}
}

func TestParseYuan(t *testing.T) {
	for s, want := range map[string]Fen{"0": 0, "5": 500, "0.5": 50, "0.05": 5, "12.3": 1230, "-0.5": -50, "-7": -700, "0.0": 0, "0.00": 0} {
		if got, err := ParseYuan(s); err != nil || got != want {
			t.Errorf("ParseYuan(%q) = %d, %v; want %d", s, int64(got), err, int64(want))
		}
	}
	for _, s := range []string{
		"", "-", ".", "1.", ".5", "-.5", "1.234", "1.2.3", "01", "00", "-01", "+1", " 1", "1 ", "1,234.56", "1e3", "0x10", "1_000",
		"-0", "-0.0", "-0.00", "--1", "１", "¥1", "1元", "NaN", "∞", "1.2e", "1.-2", "1.+2",
	} {
		if got, err := ParseYuan(s); !errors.Is(err, ErrSyntax) {
			t.Errorf("ParseYuan(%q) = %d, %v; want ErrSyntax", s, int64(got), err)
		}
	}
	for _, s := range []string{
		"92233720368547758.08", "-92233720368547758.09", "184467440737095516.15", "184467440737095516.16", "18446744073709551615",
		"18446744073709551616", strings.Repeat("9", 400),
	} {
		if got, err := ParseYuan(s); !errors.Is(err, ErrOverflow) {
			t.Errorf("ParseYuan(%q) = %d, %v; want ErrOverflow", s, int64(got), err)
		}
	}
}

func FuzzParseYuan(f *testing.F) {
	for _, s := range []string{"0", "-1234.56", "92233720368547758.07", "01", "1.5"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		fen, err := ParseYuan(s)
		if err != nil {
			return
		}
		if want, ok := new(big.Rat).SetString(s); !ok || want.Cmp(big.NewRat(int64(fen), 100)) != 0 {
			t.Fatalf("ParseYuan(%q) = %d", s, int64(fen))
		}
	})
}

func TestArithmeticAgainstBigIntegers(t *testing.T) {
	check := func(t *rapid.T, what string, got Fen, err error, want *big.Int) {
		if want.IsInt64() {
			if err != nil || int64(got) != want.Int64() {
				t.Fatalf("%s = %d, %v; want %v", what, int64(got), err, want)
			}
		} else if !errors.Is(err, ErrOverflow) {
			t.Fatalf("%s = %d, %v; want ErrOverflow", what, int64(got), err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		f, g := anyFen().Draw(t, "f"), anyFen().Draw(t, "g")
		bf, bg := big.NewInt(int64(f)), big.NewInt(int64(g))
		sum, err := f.Add(g)
		check(t, "f + g", sum, err, new(big.Int).Add(bf, bg))
		diff, err := f.Sub(g)
		check(t, "f − g", diff, err, new(big.Int).Sub(bf, bg))
		neg, err := f.Neg()
		check(t, "−f", neg, err, new(big.Int).Neg(bf))
		two, err := Sum(f, g)
		check(t, "Sum(f, g)", two, err, new(big.Int).Add(bf, bg))
	})
	if total, err := Sum(); total != 0 || err != nil {
		t.Errorf("the sum of nothing is %v, %v", total, err)
	}
}

func TestFenInAndOut(t *testing.T) {
	type form struct {
		Fee Fen `json:"fee"`
	}
	var f form
	if err := json.Unmarshal([]byte(`{"fee":"1234.50"}`), &f); err != nil || f.Fee != 123450 {
		t.Errorf("read %d, %v", int64(f.Fee), err)
	}
	if out, err := json.Marshal(form{-5}); err != nil || string(out) != `{"fee":"-0.05"}` {
		t.Errorf("wrote %s, %v", out, err)
	}
	for _, bad := range []string{`{"fee":1234.5}`, `{"fee":100}`, `{"fee":"1,234.50"}`, `{"fee":""}`, `{"fee":"0.001"}`} {
		if err := json.Unmarshal([]byte(bad), &f); err == nil {
			t.Errorf("%s was read", bad)
		}
	}

	if v, err := Fen(-5).Value(); v != int64(-5) || err != nil {
		t.Errorf("stored as %v, %v", v, err)
	}
	for src, want := range map[any]Fen{int64(7): 7, "-12": -12} {
		var got Fen
		if err := got.Scan(src); err != nil || got != want {
			t.Errorf("Scan(%v) = %d, %v", src, int64(got), err)
		}
	}
	var got Fen
	if err := got.Scan([]byte("9223372036854775807")); err != nil || got != Max {
		t.Errorf("Scan of a sum: %d, %v", int64(got), err)
	}
	if err := got.Scan("9223372036854775808"); !errors.Is(err, ErrOverflow) {
		t.Errorf("Scan of too large a sum: %v", err)
	}
	for _, src := range []any{nil, 1.5, "1.5", "", true} {
		if err := got.Scan(src); err == nil {
			t.Errorf("Scan(%v) was accepted", src)
		}
	}
}

func TestDecimalAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := anyFen().Draw(t, "f")
		if d := f.Decimal(); d.String() != f.Yuan() {
			t.Fatalf("Fen(%d) is %s yuan", int64(f), d)
		}
		for _, r := range []Rounding{HalfEven, HalfUp, Down} {
			if back, err := FromYuan(f.Decimal(), r); err != nil || back != f {
				t.Fatalf("Fen(%d) came back as %d, %v", int64(f), int64(back), err)
			}
		}
	})
	for _, c := range []struct {
		yuan           string
		even, up, down Fen
	}{{"1.005", 100, 101, 100}, {"1.015", 102, 102, 101}, {"-1.005", -100, -101, -100}, {"0.0049", 0, 0, 0}, {"1.00500001", 101, 101, 100}} {
		d := decimal.MustParse(c.yuan)
		for r, want := range map[Rounding]Fen{HalfEven: c.even, HalfUp: c.up, Down: c.down} {
			if got, err := FromYuan(d, r); err != nil || got != want {
				t.Errorf("%s yuan by rounding %d = %d, %v; want %d", c.yuan, r, int64(got), err, int64(want))
			}
		}
	}
	if _, err := FromYuan(decimal.MustParse("99999999999999999.99"), Down); !errors.Is(err, ErrOverflow) {
		t.Errorf("too many yuan: %v", err)
	}
}
