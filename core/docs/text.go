package docs

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"pado/core/calendar"
)

const fullSpace = "\u3000"

func signDate(d calendar.Date) string {
	if d.IsZero() {
		return fullSpace + fullSpace + "年" + fullSpace + "月" + fullSpace + "日"
	}
	return d.Chinese()
}

// headingNumber is the number before a heading of its level: 一、（一）1.（1）
func headingNumber(level, n int) string {
	switch level {
	case 1:
		return chineseNumeral(n) + "、"
	case 2:
		return "（" + chineseNumeral(n) + "）"
	case 3:
		return strconv.Itoa(n) + ". "
	}
	return "（" + strconv.Itoa(n) + "）"
}

// chineseNumeral writes 1 to 9999 in words, as headings are counted: 十二, 一百零三.
func chineseNumeral(n int) string {
	const digits = "零一二三四五六七八九"
	if n <= 0 || n > 9999 {
		return strconv.Itoa(n)
	}
	digit := func(d int) string { return string([]rune(digits)[d]) }
	var b strings.Builder
	gap := false
	for _, place := range []struct {
		value int
		name  string
	}{{1000, "千"}, {100, "百"}, {10, "十"}, {1, ""}} {
		d := n / place.value % 10
		switch {
		case d == 0:
			gap = b.Len() > 0
			continue
		case gap:
			b.WriteString("零")
			gap = false
		}
		if !(place.value == 10 && d == 1 && b.Len() == 0) {
			b.WriteString(digit(d))
		}
		b.WriteString(place.name)
	}
	return b.String()
}

// clean removes what has no place on paper: control characters but line ends, and invisible formatting characters, among
// them the bidirectional overrides that could make a print-out read otherwise than its data. Tabs become spaces.
func clean(s string) string { return strings.TrimFunc(cleanInner(s), unicode.IsSpace) }

func cleanInner(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\r' || r == '\u2028' || r == '\u2029' || r == '\u0085':
			return '\n'
		case r == '\t':
			return ' '
		case r == utf8.RuneError, r == '\uFFFE', r == '\uFFFF':
			return utf8.RuneError
		case r == '\u00AD' || r == '\uFEFF' || unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, s)
}

func oneLine(s string) string { return strings.ReplaceAll(clean(s), "\n", " ") }

func cleanAll(ss []string) []string {
	out := make([]string, len(ss))
	for i, s := range ss {
		out[i] = clean(s)
	}
	return out
}
