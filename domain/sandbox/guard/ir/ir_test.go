package ir

import (
	"math/big"
	"path"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pado/domain/sandbox/guard/ast"
	"pado/domain/sandbox/guard/coding"
	"pado/domain/sandbox/guard/policy"
	"pado/domain/sandbox/guard/refuse"
)

func drawSet(t *rapid.T, name string) (Set, map[int64]bool) {
	var spans []Span
	in := map[int64]bool{}
	for range rapid.IntRange(0, 5).Draw(t, name) {
		lo := rapid.Int64Range(-2, 30).Draw(t, "lo")
		hi := lo + rapid.Int64Range(-2, 6).Draw(t, "len")
		spans = append(spans, Span{lo, hi})
		for c := lo; c <= hi; c++ {
			in[c] = true
		}
	}
	return NewSet(spans...), in
}

// Set operations are those of sets, and the form is canonical.
func TestSets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, ina := drawSet(t, "a")
		b, inb := drawSet(t, "b")
		drop := rapid.Int64Range(-2, 30).Draw(t, "drop")
		u, i, w := a.Union(b), a.Intersect(b), a.Without(drop)
		for c := int64(-4); c < 40; c++ {
			if a.Has(c) != ina[c] || u.Has(c) != (ina[c] || inb[c]) || i.Has(c) != (ina[c] && inb[c]) || w.Has(c) != (ina[c] && c != drop) {
				t.Fatalf("code %d: %v %v %v", c, a, b, w)
			}
		}
		for _, s := range []Set{a, u, i, w} {
			for n, sp := range s {
				if sp.Lo > sp.Hi || n > 0 && sp.Lo <= s[n-1].Hi+1 {
					t.Fatalf("not canonical: %v", s)
				}
			}
		}
	})
}

// Compressed runs map every code to the cell it had.
func TestRuns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var outs []int64
		if rapid.Bool().Draw(t, "banded") {
			width, shift := rapid.Int64Range(1, 9).Draw(t, "width"), rapid.Int64Range(0, 9).Draw(t, "shift")
			for c := int64(-2); c < rapid.Int64Range(0, 60).Draw(t, "n"); c++ {
				if c < 0 {
					outs = append(outs, c)
				} else {
					outs = append(outs, (c+shift)/width-shift/width)
				}
			}
			outs = append(outs, []int64{-2, -1}[:max(0, 2-len(outs))]...)
		} else {
			outs = rapid.SliceOfN(rapid.Int64Range(-2, 4), 2, 60).Draw(t, "outs")
		}
		rs := runs(outs)
		for i, want := range outs {
			code := int64(i - 2)
			found := false
			for _, r := range rs {
				if code < r.From || code > r.To {
					continue
				}
				got := r.Out
				if r.Step > 0 {
					got += (code - r.From) / r.Step
				}
				if found || got != want {
					t.Fatalf("code %d: %d, want %d in %v", code, got, want, rs)
				}
				found = true
			}
			if !found {
				t.Fatalf("code %d in no run of %v", code, rs)
			}
		}
	})
}

// Fractions are exact, or say that they are not.
func TestFractions(t *testing.T) {
	rat := func(f Frac) *big.Rat { return big.NewRat(f.N, f.D) }
	rapid.Check(t, func(t *rapid.T) {
		draw := func(n string) Frac {
			f, ok := frac(rapid.Int64().Draw(t, n), rapid.Int64Range(1, 1<<40).Draw(t, n+"d"))
			if !ok {
				t.Skip()
			}
			return f
		}
		a, b := draw("a"), draw("b")
		if s, ok := a.plus(b); ok && rat(s).Cmp(new(big.Rat).Add(rat(a), rat(b))) != 0 {
			t.Fatal("sum")
		}
		if p, ok := a.times(b); ok && rat(p).Cmp(new(big.Rat).Mul(rat(a), rat(b))) != 0 {
			t.Fatal("product")
		}
		q := new(big.Int).Div(rat(a).Num(), rat(a).Denom()) // Euclidean: floor for positive divisors
		if a.floor() != q.Int64() {
			t.Fatal("floor")
		}
	})
	for text, want := range map[string]string{"1.50": "3/2", "-0.25": "-1/4", "1e3": "1000", "2.5e-2": "1/40", "-7": "-7", "1e19": "", "9223372036854775808": "", "x": ""} {
		f, ok := parseFrac(text)
		if ok != (want != "") || ok && rat(f).RatString() != want {
			t.Errorf("%s: %v %v", text, f, ok)
		}
	}
}

func TestWildcard(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOfN(rapid.SampledFrom([]rune("ab")), 0, 8, -1).Draw(t, "s")
		p := rapid.StringOfN(rapid.SampledFrom([]rune("ab%_")), 0, 6, -1).Draw(t, "p")
		want, err := path.Match(strings.NewReplacer("%", "*", "_", "?").Replace(p), s)
		if err != nil || wildcard([]rune(s), []rune(p)) != want {
			t.Fatalf("%q LIKE %q: want %v", s, p, want)
		}
	})
}

func TestAddMonths(t *testing.T) {
	day := func(s string) time.Time { d, _ := time.Parse(time.DateOnly, s); return d }
	for _, c := range []struct {
		from string
		n    int
		to   string
	}{{"2024-01-31", 1, "2024-02-29"}, {"2024-03-31", -1, "2024-02-29"}, {"2024-02-29", 12, "2025-02-28"}, {"2024-12-15", 1, "2025-01-15"}, {"2024-01-01", -13, "2022-12-01"}} {
		if got := addMonths(day(c.from), c.n); !got.Equal(day(c.to)) {
			t.Errorf("%s %+d: %s", c.from, c.n, got.Format(time.DateOnly))
		}
	}
}

// Codes and values of a number column are inverse, and every edge falls on the right side.
func TestCodingEdges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		grid := rapid.SampledFrom([]string{"1", "5", "0.1", "0.25"}).Draw(t, "grid")
		g, _ := policy.Scalar(grid).Rat()
		lo, n := rapid.Int64Range(-50, 50).Draw(t, "lo"), rapid.Int64Range(0, 60).Draw(t, "n")
		text := func(k int64) policy.Scalar {
			return policy.Scalar(new(big.Rat).Mul(g, big.NewRat(k, 1)).FloatString(6))
		}
		c := coding.Of(&policy.Column{Label: policy.Dim, Type: "decimal", Lo: text(lo), Hi: text(lo + n), Grid: policy.Scalar(grid)})
		if c.N != n+1 {
			t.Fatalf("%d codes, want %d", c.N, n+1)
		}
		x := new(big.Rat).Mul(g, big.NewRat(rapid.Int64Range(-150, 150).Draw(t, "x2"), 2))
		for code := range c.N {
			cmp := c.Value(code).Cmp(x)
			if (code < c.Below(x, false)) != (cmp < 0) || (code < c.Below(x, true)) != (cmp <= 0) {
				t.Fatalf("code %d of %s against %s", code, c.Value(code), x)
			}
		}
	})
}

// A tree that names what the policy does not is refused before anything else is looked at.
func TestResolveNames(t *testing.T) {
	p, ref := policy.Parse([]byte(`{"rho_per_aggregate":1,"rho_total":1,"delta_total":1,"tables":{"t":{"unit":"id","columns":{"a":{"label":"dim","lo":0,"hi":9}}}}}`))
	if ref != nil {
		t.Fatal(ref)
	}
	star := &ast.Func{Name: "count_star"}
	q := &ast.Select{Items: []ast.Item{{Expr: star}}, From: &ast.Base{Name: "T"}}
	if plan, ref := Resolve(q, p, nil); ref != nil || len(plan.Blocks) != 1 || plan.Tables[0] != "t" {
		t.Error(plan, ref)
	}
	q.From = &ast.Base{Name: "u"}
	if _, ref := Resolve(q, p, nil); ref == nil || ref.Code != refuse.UnknownTable {
		t.Error(ref)
	}
}
