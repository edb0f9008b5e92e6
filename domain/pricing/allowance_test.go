package pricing_test

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"pado/core/money"
	"pado/core/procedure"
	"pado/domain/pricing"
)

func example() pricing.Facts {
	return pricing.Facts{Costs: []pricing.Cost{{Head: "processing", Declared: 120_000_00, Verified: 110_000_00, Determined: 100_000_00, Reason: "与授权运营无关的支出"},
		{Head: "labour", Declared: 50_000_00, Verified: 50_000_00, Determined: 50_000_00}}, Subsidy: 30_000_00, Yield: 175, Spread: 600, Industry: 500,
		Base: pricing.BaseCost, Tax: 1_000_00, Treatment: pricing.Deduct, Excess: 10_000_00}
}

func TestBridge(t *testing.T) {
	r, err := pricing.Compute(example())
	if err != nil {
		t.Fatal(err)
	}
	// 150,000 − 30,000 = 120,000; 7.75 % of it is 9,300; plus 1,000 tax; less 10,000.
	if r.Cost != 120_000_00 || r.Profit != 9_300_00 || r.Deduction != 10_000_00 || r.Allowed != 120_300_00 {
		t.Errorf("%+v", r)
	}
	f := example()
	f.Base, f.Assets = pricing.BaseAssets, 10_001 // 7.75 % of 100.01 is 7.750775
	if r, err = pricing.Compute(f); err != nil || r.Profit != 775 {
		t.Errorf("on assets: %v %v", r.Profit, err)
	}
	f.Treatment = pricing.Pooled
	if r, err = pricing.Compute(f); err != nil || r.Deduction != 0 {
		t.Errorf("pooled: %v %v", r.Deduction, err)
	}
}

func TestFactsThatContradictEachOther(t *testing.T) {
	for code, spoil := range map[string]func(*pricing.Facts){
		"allowance.head":    func(f *pricing.Facts) { f.Costs[1].Head = "processing" },
		"allowance.figures": func(f *pricing.Facts) { f.Costs[0].Determined = 110_000_01 },
		"allowance.reason":  func(f *pricing.Facts) { f.Costs[0].Reason = "" },
		"allowance.subsidy": func(f *pricing.Facts) { f.Subsidy = 150_000_01 },
	} {
		f := example()
		spoil(&f)
		_, err := pricing.Compute(f)
		var r *procedure.Refused
		if !errors.As(err, &r) || r.Code != code {
			t.Errorf("want %s, got %v", code, err)
		}
	}
}

// Whatever the figures, the lines add up, and nothing falls below zero.
func TestBridgeAddsUp(t *testing.T) {
	fen := rapid.Int64Range(0, 1_000_000_000_000)
	rapid.Check(t, func(t *rapid.T) {
		f := pricing.Facts{Yield: money.BasisPoints(rapid.IntRange(0, 1000).Draw(t, "yield")), Spread: money.BasisPoints(rapid.IntRange(0, 600).Draw(t, "spread")),
			Base: rapid.SampledFrom([]string{pricing.BaseCost, pricing.BaseAssets}).Draw(t, "base"), Assets: money.Fen(fen.Draw(t, "assets")), Tax: money.Fen(fen.Draw(t, "tax")),
			Treatment: rapid.SampledFrom([]string{pricing.Deduct, pricing.Pooled, pricing.Shared}).Draw(t, "treatment"), Excess: money.Fen(fen.Draw(t, "excess"))}
		var sum money.Fen
		for _, h := range pricing.Heads {
			c := money.Fen(fen.Draw(t, h.Value))
			f.Costs = append(f.Costs, pricing.Cost{Head: h.Value, Declared: c, Verified: c, Determined: c})
			sum += c
		}
		f.Subsidy = money.Fen(rapid.Int64Range(0, int64(sum)).Draw(t, "subsidy"))
		r, err := pricing.Compute(f)
		if err != nil {
			t.Fatal(err)
		}
		if r.Cost != sum-f.Subsidy || r.Allowed != r.Cost+r.Profit+r.Tax-r.Deduction || r.Allowed < 0 || r.Deduction > f.Excess {
			t.Fatalf("%+v", r)
		}
		if last := r.Steps[len(r.Steps)-1]; last.Amount != r.Allowed {
			t.Fatalf("the bridge ends at %s instead of %s", last.Amount, r.Allowed)
		}
	})
}

// The truth table of a list of prices: benefit of the product, and which classes cost what.
func TestPriceRules(t *testing.T) {
	line := func(class string, fen money.Fen) pricing.Line {
		return pricing.Line{Class: class, Unit: "call", Price: fen}
	}
	for _, x := range []struct {
		benefit string
		lines   []pricing.Line
		code    string
	}{
		{"industry", nil, "tariff.small_firm"},
		{"industry", []pricing.Line{line("general", 100)}, "tariff.small_firm"},
		{"industry", []pricing.Line{line("small_firm", 50)}, "tariff.small_firm"},
		{"industry", []pricing.Line{line("general", 100), line("small_firm", 50)}, ""},
		{"industry", []pricing.Line{line("general", 100), line("small_firm", 0)}, ""},
		{"industry", []pricing.Line{line("general", 0), line("small_firm", 0)}, ""},
		{"industry", []pricing.Line{line("general", 100), line("small_firm", 100)}, "tariff.small_firm"},
		{"industry", []pricing.Line{line("general", 100), line("small_firm", 101)}, "tariff.small_firm"},
		{"industry", []pricing.Line{line("general", 100), line("small_firm", 50), line("public", 0)}, "tariff.public_class"},
		{"industry", []pricing.Line{line("general", 100), line("general", 90)}, "tariff.twice"},
		{"public", nil, "tariff.public_free"},
		{"public", []pricing.Line{line("public", 0)}, ""},
		{"public", []pricing.Line{line("public", 1)}, "tariff.public_free"},
		{"public", []pricing.Line{line("public", 0), line("general", 0)}, "tariff.public_free"},
		{"public", []pricing.Line{line("general", 0), line("small_firm", 0)}, "tariff.public_free"},
	} {
		err := pricing.CheckLines(x.benefit, x.lines)
		var r *procedure.Refused
		if x.code == "" && err != nil || x.code != "" && (!errors.As(err, &r) || r.Code != x.code) {
			t.Errorf("%s %v: %v, want %q", x.benefit, x.lines, err, x.code)
		}
	}
	for _, x := range []struct {
		benefit string
		small   bool
		class   string
	}{{"public", false, "public"}, {"public", true, "public"}, {"industry", true, "small_firm"}, {"industry", false, "general"}} {
		if got := pricing.ClassOf(x.benefit, x.small); got != x.class {
			t.Errorf("%+v: %s", x, got)
		}
	}
}
