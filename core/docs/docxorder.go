package docs

import (
	"encoding/xml"
	"slices"
	"strings"
)

// pPrOrder is the order in which the format's schema wants paragraph properties; readers that validate refuse another.
var pPrOrder = []string{"pStyle", "keepNext", "keepLines", "pageBreakBefore", "widowControl", "pBdr", "shd", "tabs",
	"snapToGrid", "spacing", "ind", "jc", "outlineLvl"}

// inOrder sorts a list of paragraph property elements and drops repeated ones, the first staying.
func inOrder(props string) string {
	type element struct {
		rank int
		text string
	}
	var list []element
	d := xml.NewDecoder(strings.NewReader(props))
	depth, start, name := 0, int64(0), ""
	for {
		at := d.InputOffset()
		tok, err := d.RawToken()
		if err != nil {
			break
		}
		switch t := tok.(type) {
		case xml.StartElement:
			if depth == 0 {
				start, name = at, t.Name.Local
			}
			depth++
		case xml.EndElement:
			depth--
			rank := slices.Index(pPrOrder, name)
			if depth == 0 && !slices.ContainsFunc(list, func(e element) bool { return e.rank == rank }) {
				list = append(list, element{rank, props[start:d.InputOffset()]})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b element) int { return a.rank - b.rank })
	var b strings.Builder
	for _, e := range list {
		b.WriteString(e.text)
	}
	return b.String()
}
