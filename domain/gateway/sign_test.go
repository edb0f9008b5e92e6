package gateway_test

import (
	"encoding/hex"
	"net/url"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"pado/domain/gateway"
)

func TestCanonicalQuery(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"b=2&a=1", "a=1&b=2"},
		{"a=2&a=1&a=10", "a=1&a=10&a=2"},
		{"a", "a="},
		{"&&a=1&", "a=1"},
		{"a=b=c", "a=b%3Dc"},
		{"q=%e6%9c%94%e5%b7%9e+x%20y", "q=%E6%9C%94%E5%B7%9E%20x%20y"},
		{"a=-._~*", "a=-._~%2A"},
		{"a%3d=1", "a%3D=1"},
		{"a=1;b=2", "error"},
		{"a=%g0", "error"},
		{"a=%4", "error"},
	} {
		got, err := gateway.CanonicalQuery(c.in)
		if err != nil {
			got = "error"
		}
		if got != c.want {
			t.Errorf("%q: %q, want %q", c.in, got, c.want)
		}
	}
}

// Order and spelling of a query do not change its canonical form, and the
// canonical form is its own.
func TestCanonicalQueryIsCanonical(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pairs := rapid.SliceOfN(rapid.SliceOfN(rapid.String(), 2, 2), 0, 5).Draw(t, "pairs")
		spell := func(order []int) string {
			var parts []string
			for _, i := range order {
				parts = append(parts, url.QueryEscape(pairs[i][0])+"="+url.QueryEscape(pairs[i][1]))
			}
			return strings.Join(parts, "&")
		}
		straight := make([]int, len(pairs))
		for i := range straight {
			straight[i] = i
		}
		a, err := gateway.CanonicalQuery(spell(straight))
		if err != nil {
			t.Fatal(err)
		}
		b, err := gateway.CanonicalQuery(spell(rapid.Permutation(straight).Draw(t, "order")))
		if err != nil || a != b {
			t.Fatalf("%q and %q", a, b)
		}
		if c, err := gateway.CanonicalQuery(a); err != nil || c != a {
			t.Fatalf("%q becomes %q", a, c)
		}
	})
}

func FuzzCanonicalQuery(f *testing.F) {
	f.Add("a=1&b=%20+%7e")
	f.Fuzz(func(t *testing.T, q string) {
		a, err := gateway.CanonicalQuery(q)
		if err != nil {
			return
		}
		if b, err := gateway.CanonicalQuery(a); err != nil || a != b {
			t.Fatalf("%q: %q, then %q", q, a, b)
		}
	})
}

// The example of SIGNING.md is what the code computes.
func TestSigningExample(t *testing.T) {
	secret, err := hex.DecodeString("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
	if err != nil {
		t.Fatal(err)
	}
	s := gateway.Signed{
		Method: "GET", Path: "/open/v1/products/P-0001/invoke", RawQuery: "month=2026-09&county=140602",
		Key: "K-DEMO", Time: "1790000000", Nonce: "nonce-0000000001",
	}
	doc, err := os.ReadFile("SIGNING.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []gateway.Algorithm{gateway.HMACSHA256, gateway.HMACSM3} {
		got, err := gateway.Sign(gateway.Credential{Algorithm: a, Secret: secret}, s)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(doc), "`"+got+"`") {
			t.Errorf("%s: SIGNING.md does not show %s", a, got)
		}
	}
	text, err := s.StringToSign(gateway.HMACSHA256)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		if !strings.Contains(string(doc), "    "+line+"\n") {
			t.Errorf("SIGNING.md does not show the line %q", line)
		}
	}
	if _, err := gateway.Sign(gateway.Credential{Algorithm: gateway.HMACSHA256, Secret: secret[:31]}, s); err == nil {
		t.Error("signed with a short secret")
	}
	if _, err := gateway.Sign(gateway.Credential{Algorithm: "HMAC-MD5", Secret: secret}, s); err == nil {
		t.Error("signed with an unknown algorithm")
	}
}
