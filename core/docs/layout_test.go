package docs

import (
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

func testSetter(t testing.TB) *setter {
	t.Helper()
	needPDF(t)
	book, err := fonts()
	if err != nil {
		t.Fatal(err)
	}
	return &setter{book: book, missing: map[rune]bool{}}
}

func lineText(l textLine) string {
	var b strings.Builder
	for _, a := range l.atoms {
		b.WriteString(a.text)
	}
	return b.String()
}

func setLines(s *setter, text string, width float64) []string {
	st := style{size: size3, track: tracking(size3)}
	var out []string
	for _, l := range s.breakLines(s.atoms(text, st), width, width, true) {
		out = append(out, lineText(l))
	}
	return out
}

func TestTwentyEightToALine(t *testing.T) {
	s := testSetter(t)
	if l := setLines(s, strings.Repeat("字", 60), textWidth); len([]rune(l[0])) != 28 || len([]rune(l[1])) != 28 {
		t.Errorf("lines hold %d and %d characters", len([]rune(l[0])), len([]rune(l[1])))
	}
	if textHeight/paper.pitch != 22 {
		t.Errorf("%.2f lines to a page", textHeight/paper.pitch)
	}
}

func TestBreaking(t *testing.T) {
	s := testSetter(t)
	ten := 10 * (size3 + tracking(size3))
	for _, c := range []struct{ name, text, want string }{
		{"a closing mark is taken into a long line", strings.Repeat("字", 28) + "。次行", strings.Repeat("字", 28) + "。|次行"},
		{"in a short line its character goes down with it", "一二三四五六七八九十，次", "一二三四五六七八九|十，次"},
		{"an opening mark goes down", "一二三四五六七八九（次）", "一二三四五六七八九|（次）"},
		{"two marks in a row stay together", "一二三四五六七八九十》，次", "一二三四五六七八九|十》，次"},
		{"a number is not cut", "一二三四五六七12345.67元", "一二三四五六七|12345.67元"},
		{"a dash is not cut", "一二三四五六七八九——次", "一二三四五六七八九|——次"},
		{"an ellipsis is not cut", "一二三四五六七八九……", "一二三四五六七八九|……"},
		{"a space at a line end is not shown", "一二三四五六七八九十 次行", "一二三四五六七八九十|次行"},
	} {
		width := ten
		if strings.HasPrefix(c.name, "a closing") {
			width = textWidth
		}
		got := strings.Join(setLines(s, c.text, width), "|")
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	long := "https://data.example.gov.cn/api/v1/products/enterprise-credit-summary?format=json&page=1"
	l := setLines(s, "地址"+long+"，调用时", ten)
	for i, x := range l {
		if strings.HasPrefix(x, "，") {
			t.Errorf("line %d of %q begins with a comma", i, l)
		}
	}
	if !strings.HasSuffix(l[1], "/") && !strings.HasSuffix(l[1], ".") {
		t.Errorf("an address is not cut at a joint: %q", l)
	}
}

// Whatever the text: nothing is lost, nothing is wider than its line, and the rules for line ends hold wherever the
// text leaves a choice.
func TestBreakingProperties(t *testing.T) {
	s := testSetter(t)
	char := rapid.SampledFrom([]rune("数据授权运营甲乙丙丁，。；：、）》”（《“—…ab129.,-/ 　%"))
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.StringOfN(char, 1, 400, -1).Draw(rt, "text")
		width := rapid.Float64Range(40, textWidth).Draw(rt, "width")
		st := style{size: rapid.SampledFrom([]float64{size3, size4Minor, size5Minor}).Draw(rt, "size")}
		atoms := s.atoms(text, st)
		lines := s.breakLines(atoms, width, width, true)
		var all strings.Builder
		for i, l := range lines {
			all.WriteString(lineText(l))
			if l.extent() > width+0.1 && len(l.atoms) > 1 {
				rt.Fatalf("line %q is %.2f wide, of %.2f", lineText(l), l.extent(), width)
			}
			if i == 0 || len(l.atoms) == 0 || len(lines[i-1].atoms) == 0 {
				continue
			}
			prev := lines[i-1].atoms
			if bad := l.atoms[0].noStart || prev[len(prev)-1].noEnd; bad {
				for k := 1; k < len(prev); k++ {
					if mayBreak(prev[k-1], prev[k]) {
						rt.Fatalf("%q | %q breaks a rule, though %q may be cut", lineText(lines[i-1]), lineText(l), lineText(lines[i-1]))
					}
				}
			}
		}
		if got, want := squash(all.String()), squash(text); got != want {
			rt.Fatalf("set is %q, want %q", got, want)
		}
	})
}

// Pages: every box once and in order, none over the edge unless it is higher than a page, chains together.
func TestPaginateProperties(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		const height = 100.0
		n := rapid.IntRange(1, 60).Draw(rt, "boxes")
		var boxes []box
		for i := range n {
			b := box{height: rapid.Float64Range(1, 30).Draw(rt, "height"), ops: []op{{kind: opText, text: string(rune('一' + i))}}}
			b.keep = rapid.IntRange(0, 5).Draw(rt, "keep") == 0
			b.gap = rapid.IntRange(0, 9).Draw(rt, "gap") == 0
			b.fresh = rapid.IntRange(0, 15).Draw(rt, "fresh") == 0
			boxes = append(boxes, b)
		}
		at := map[string]int{}
		order := ""
		for i, p := range paginate(boxes, height) {
			for _, o := range p.ops {
				at[o.text] = i + 1
				order += o.text
				if o.y > height {
					rt.Fatalf("%s stands at %.1f of %.0f", o.text, o.y, height)
				}
			}
		}
		want := ""
		for i, b := range boxes {
			name := b.ops[0].text
			if b.gap && at[name] == 0 {
				continue
			}
			want += name
			chain := b.height
			for k := i; boxes[k].keep && k+1 < n; k++ {
				chain += boxes[k+1].height
			}
			if b.keep && i+1 < n && chain <= height && at[name] != at[boxes[i+1].ops[0].text] && at[boxes[i+1].ops[0].text] != 0 && !boxes[i+1].fresh {
				start := i
				for start > 0 && boxes[start-1].keep {
					start--
				}
				whole := 0.0
				for k := start; k < n; k++ {
					whole += boxes[k].height
					if !boxes[k].keep {
						break
					}
				}
				if whole <= height {
					rt.Fatalf("%s is parted from what it keeps with", name)
				}
			}
		}
		if order != want {
			rt.Fatalf("placed %s, want %s", order, want)
		}
	})
}

func TestAutoWidths(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 8).Draw(rt, "columns")
		least, natural := make([]float64, n), make([]float64, n)
		for i := range n {
			least[i] = rapid.Float64Range(10, 90).Draw(rt, "least")
			natural[i] = least[i] + rapid.Float64Range(0, 400).Draw(rt, "more")
		}
		w := autoWidths(least, natural, [][]float64{natural}, 10, textWidth)
		if d := total(w) - textWidth; d > 0.01 || d < -0.01 {
			rt.Fatalf("widths add up to %.2f", total(w))
		}
		if total(least) <= textWidth {
			for i := range w {
				if w[i] < least[i]-0.01 {
					rt.Fatalf("column %d is %.1f wide and needs %.1f", i, w[i], least[i])
				}
			}
		}
	})
}

func TestCharactersHaveGlyphsOfTheirOwn(t *testing.T) {
	s := testSetter(t)
	for f, m := range s.book.face {
		for i := 1; i < len(m.groups); i++ {
			a, b := m.groups[i-1], m.groups[i]
			if b.GlyphID != a.GlyphID+a.EndCharCode-a.StartCharCode+1 {
				t.Fatalf("%s: glyph %d is used twice or left out", faceFiles[f], b.GlyphID)
			}
		}
	}
	if han := func() (n int) {
		for r := rune(0x3400); r < 0x32000; r++ {
			if _, ok := s.book.face[serif].advance(r); ok && unicode.Is(unicode.Han, r) {
				n++
			}
		}
		return n
	}(); han < 29_800 {
		t.Errorf("%d Han characters", han)
	}
}
