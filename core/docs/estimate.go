package docs

import "strings"

// ems is a text's width in full-width characters, estimated without fonts.
func ems(s string) float64 {
	w := 0.0
	for _, r := range s {
		if fullWidth(r) {
			w++
		} else {
			w += 0.55
		}
	}
	return w
}

// gridWidths chooses column widths as the PDF does, from estimated text widths and so without fonts, in twips that add up to the text width; size is the type size.
func gridWidths(g *grid, size float64) []int {
	n := len(g.cols)
	least, natural := make([]float64, n), make([]float64, n)
	share := 0.0
	var rows [][]float64
	all := append([][]string{}, g.rows...)
	if g.head {
		all = append(all, g.titles())
	}
	for _, r := range append(all, g.totals...) {
		cells := make([]float64, n)
		for i, c := range r {
			for _, l := range strings.Split(c, "\n") {
				cells[i] = max(cells[i], ems(l)*size+2*padX)
			}
			natural[i] = max(natural[i], cells[i])
			least[i] = max(least[i], 2.2*size+2*padX, min(longestWord(c), 18)*size+2*padX)
		}
		rows = append(rows, cells)
	}
	for i, c := range g.cols {
		share += c.Width
		natural[i] = max(natural[i], least[i])
	}
	var w []float64
	switch {
	case g.keys:
		w = formWidths(natural, textWidth)
	case share > 0:
		w = make([]float64, n)
		for i, c := range g.cols {
			w[i] = textWidth * c.Width / share
		}
	default:
		w = autoWidths(least, natural, rows, size, textWidth)
	}
	out := make([]int, n)
	left := twips(textWidth)
	for i := range out {
		out[i] = twips(w[i])
		if i == n-1 {
			out[i] = left
		}
		left -= out[i]
	}
	return out
}

// longestWord is the width of the longest run of letters and digits, in ems.
func longestWord(s string) float64 {
	most := 0.0
	for _, f := range strings.FieldsFunc(s, func(r rune) bool { return fullWidth(r) || r == ' ' || r == '\n' }) {
		most = max(most, ems(f))
	}
	return most
}
