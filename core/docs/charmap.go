package docs

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// The PDF library writes the map from glyphs back to characters (ToUnicode) in a way that loses text on copying and
// searching: a character beyond U+FFFF comes out as five hexadecimal digits where UTF-16 is due, and all entries stand
// in one list where the format allows a hundred. mendCharacterMaps rewrites these streams, and the cross-reference table
// that their new lengths shift. It relies on the layout of this library's output and reports an error, never a damaged
// file, when that is not met.
func mendCharacterMaps(pdf []byte) ([]byte, error) {
	table, err := readXref(pdf)
	if err != nil {
		return nil, err
	}
	order := slices.Clone(table.offsets)
	slices.Sort(order)
	var out bytes.Buffer
	out.Write(pdf[:order[0]])
	moved := make(map[int]int, len(order))
	for i, at := range order {
		end := table.start
		if i+1 < len(order) {
			end = order[i+1]
		}
		moved[at] = out.Len()
		object := pdf[at:end]
		if m := mapStream.FindSubmatchIndex(object); m != nil {
			body := string(object[m[4]:m[5]])
			mended, err := mendMap(body)
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(&out, "%s<<\n/Length %d\n>>\nstream\n%sendstream\n", object[:m[3]], len(mended), mended)
			out.Write(object[m[1]:])
			continue
		}
		out.Write(object)
	}
	start := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(table.offsets)+1)
	for _, at := range table.offsets {
		fmt.Fprintf(&out, "%010d 00000 n \n", moved[at])
	}
	out.Write(table.trailer)
	fmt.Fprintf(&out, "startxref\n%d\n%%%%EOF\n", start)
	return out.Bytes(), nil
}

var (
	mapStream = regexp.MustCompile(`(?s)^(\d+ 0 obj\n)<<\n/Length \d+\n>>\nstream\n(/CIDInit .*?\nendcmap .*?\n)endstream\n`)
	mapEntry  = regexp.MustCompile(`^<([0-9A-F]+)><([0-9A-F]+)><([0-9A-F]+)>$`)
	xrefForm  = regexp.MustCompile(`(?s)^xref\n0 (\d+)\n((?:\d{10} \d{5} [nf] ?\r?\n)+)(trailer\n.*?)startxref\n(\d+)\n%%EOF\s*$`)
)

type xref struct {
	start   int
	offsets []int // by object number, from 1
	trailer []byte
}

func readXref(pdf []byte) (xref, error) {
	broken := fmt.Errorf("docs: the PDF library's cross-reference table has an unknown form")
	start := bytes.LastIndex(pdf, []byte("\nxref\n")) + 1
	m := xrefForm.FindSubmatch(pdf[start:])
	if start == 0 || m == nil {
		return xref{}, broken
	}
	x := xref{start: start, trailer: m[3]}
	for i, l := range strings.Split(strings.TrimSpace(string(m[2])), "\n") {
		if i == 0 {
			continue
		}
		at, err := strconv.Atoi(l[:10])
		if err != nil || at <= 0 || at >= start {
			return xref{}, broken
		}
		x.offsets = append(x.offsets, at)
	}
	if n, err := strconv.Atoi(string(m[1])); err != nil || n != len(x.offsets)+1 || len(x.offsets) == 0 {
		return xref{}, broken
	}
	return x, nil
}

// mendMap rewrites the entries of one character map.
func mendMap(body string) (string, error) {
	type pair struct{ glyph, char uint64 }
	var pairs []pair
	for _, l := range strings.Split(body, "\n") {
		m := mapEntry.FindStringSubmatch(l)
		if m == nil {
			continue
		}
		glyph, err1 := strconv.ParseUint(m[1], 16, 16)
		char, err2 := strconv.ParseUint(m[3], 16, 21)
		if err1 != nil || err2 != nil || m[1] != m[2] {
			return "", fmt.Errorf("docs: the PDF library's character map has an unknown form")
		}
		pairs = append(pairs, pair{glyph, char})
	}
	slices.SortFunc(pairs, func(a, b pair) int { return int(a.glyph) - int(b.glyph) })
	var b strings.Builder
	b.WriteString("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n" +
		"/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n" +
		"/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n")
	for chunk := range slices.Chunk(pairs, 100) {
		fmt.Fprintf(&b, "%d beginbfchar\n", len(chunk))
		for _, p := range chunk {
			fmt.Fprintf(&b, "<%04X> <", p.glyph)
			for _, u := range utf16.Encode([]rune{rune(p.char)}) {
				fmt.Fprintf(&b, "%04X", u)
			}
			b.WriteString(">\n")
		}
		b.WriteString("endbfchar\n")
	}
	b.WriteString("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n")
	return b.String(), nil
}
