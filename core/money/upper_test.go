package money

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestUpper(t *testing.T) {
	for _, c := range []struct {
		yuan, want string
	}{
		{"0", "人民币零元整"}, {"0.01", "人民币壹分"}, {"0.10", "人民币壹角整"}, {"0.11", "人民币壹角壹分"},
		{"1", "人民币壹元整"}, {"10", "人民币壹拾元整"}, {"10.05", "人民币壹拾元零伍分"}, {"15.50", "人民币壹拾伍元伍角整"},
		{"1008.50", "人民币壹仟零捌元伍角整"}, {"1409.50", "人民币壹仟肆佰零玖元伍角整"}, {"6007.14", "人民币陆仟零柒元壹角肆分"},
		{"1680.32", "人民币壹仟陆佰捌拾元叁角贰分"}, {"107000.53", "人民币壹拾万柒仟元伍角叁分"}, {"16409.02", "人民币壹万陆仟肆佰零玖元零贰分"},
		{"325.04", "人民币叁佰贰拾伍元零肆分"}, {"100001", "人民币壹拾万零壹元整"}, {"1010000", "人民币壹佰零壹万元整"},
		{"100000000", "人民币壹亿元整"}, {"100000001", "人民币壹亿零壹元整"}, {"100010000", "人民币壹亿零壹万元整"},
		{"1000100000", "人民币壹拾亿零壹拾万元整"}, {"12345678.90", "人民币壹仟贰佰叁拾肆万伍仟陆佰柒拾捌元玖角整"},
		{"1000000000000", "人民币壹万亿元整"}, {"-20.00", "人民币负贰拾元整"},
		{"92233720368547758.07", "人民币玖亿贰仟贰佰叁拾叁万柒仟贰佰零叁亿陆仟捌佰伍拾肆万柒仟柒佰伍拾捌元零柒分"},
	} {
		f, err := ParseYuan(c.yuan)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Upper(); got != c.want {
			t.Errorf("%s is %s, want %s", c.yuan, got, c.want)
		}
	}
}

// parseUpper reads an upper-case amount by adding up numerals and places, the way a cashier does. It shares nothing
// with the writer.
func parseUpper(s string) (Fen, error) {
	bad := errors.New("no upper-case amount")
	rest, ok := strings.CutPrefix(s, "人民币")
	if !ok {
		return 0, bad
	}
	rest, negative := strings.CutPrefix(rest, "负")
	rest = strings.TrimSuffix(rest, "整")
	value := map[rune]uint64{'零': 0, '壹': 1, '贰': 2, '叁': 3, '肆': 4, '伍': 5, '陆': 6, '柒': 7, '捌': 8, '玖': 9}
	place := map[rune]uint64{'拾': 10, '佰': 100, '仟': 1000}
	var yi, wan, group, digit, fen uint64 // below 亿 so far, below 万 so far, the open group of four, the open numeral
	for _, c := range rest {
		if v, ok := value[c]; ok {
			digit = v
			continue
		}
		if p, ok := place[c]; ok {
			group, digit = group+digit*p, 0
			continue
		}
		switch c {
		case '万':
			wan, group, digit = (group+digit)*1e4, 0, 0
		case '亿':
			yi, wan, group, digit = (yi+wan+group+digit)*1e8, 0, 0, 0
		case '元':
			fen, yi, wan, group, digit = (yi+wan+group+digit)*100, 0, 0, 0, 0
		case '角':
			fen, digit = fen+digit*10, 0
		case '分':
			fen, digit = fen+digit, 0
		default:
			return 0, bad
		}
	}
	if yi+wan+group+digit != 0 {
		return 0, bad
	}
	return signed(fen, negative)
}

func TestUpperIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Sparse digits make the gaps in which a 零 is easily lost.
		f := rapid.OneOf(anyFen(), rapid.Custom(func(t *rapid.T) Fen {
			n := Fen(0)
			for range rapid.IntRange(1, 18).Draw(t, "digits") {
				n = n*10 + Fen(rapid.SampledFrom([]int{0, 0, 0, 0, 1, 2, 9}).Draw(t, "digit"))
			}
			return n
		})).Draw(t, "f")
		s := f.Upper()
		if back, err := parseUpper(s); err != nil || back != f {
			t.Fatalf("%s is written %s and read back as %s, %v", f, s, back, err)
		}
		for _, never := range []string{"零零", "零元零", "零万", "零亿", "零拾", "零佰", "零仟", "万万", "亿万", "角零", "零整"} {
			if strings.Contains(s, never) {
				t.Fatalf("%s is written %s, with %s in it", f, s, never)
			}
		}
		if strings.HasSuffix(s, "整") == strings.HasSuffix(s, "分") {
			t.Fatalf("%s is written %s: 整 stands exactly where there is no 分", f, s)
		}
	})
}
