package docs

import (
	"math"
	"slices"
	"strings"
)

const (
	padX    = 3.0
	padY    = 2.2
	ruling  = 0.5
	maxHead = 0.45 // of the width, at most, for the labels of a form
)

// tableSet is a grid at one type size.
type tableSet struct {
	c      *composer
	g      *grid
	size   float64
	line   float64 // distance of lines in a cell
	left   float64
	width  float64
	top    bool // cells start at the top, not in the middle
	widths []float64
}

// grid sets a table, a form or a signature page. The largest type size at which every word stays whole in its column is
// taken; at the smallest, words may be cut.
func (c *composer) grid(g *grid) {
	sizes := c.look.tables
	party := !g.head && !g.keys
	if party || g.keys && !g.ruled {
		sizes = []float64{min(c.look.body, size4)}
	}
	t := &tableSet{c: c, g: g, width: textWidth, top: party}
	if g.keys && !g.ruled {
		t.left, t.width = c.em(2)-padX, textWidth-c.em(4)
	}
	for _, s := range sizes {
		t.size, t.line = s, s*1.35
		if party || !g.ruled {
			t.line = c.look.pitch
		}
		if t.measure() {
			break
		}
	}
	if party {
		c.holdBack(2)
		c.add(box{height: c.look.pitch, keep: true})
	} else {
		c.space(4)
	}
	var head *box
	if g.head {
		h := t.row(t.texts(g.titles(), hei), rowStyle{head: true})
		h.keep = true
		head = &h
		c.add(h)
	}
	for i, r := range g.rows {
		b := t.row(t.texts(r, serif), rowStyle{})
		b.head = head
		b.keep = party && i < len(g.rows)-1 || i == len(g.rows)-1 && len(g.totals)+len(g.foot) > 0
		c.add(b)
	}
	for i, r := range g.totals {
		b := t.row(t.texts(r, hei), rowStyle{total: true})
		b.head = head
		b.keep = i < len(g.totals)-1 || len(g.foot) > 0
		c.add(b)
	}
	for i, f := range g.foot {
		b := t.wide(f)
		b.head = head
		b.keep = i < len(g.foot)-1
		c.add(b)
	}
	c.space(c.look.pitch * 0.4)
}

// texts cuts a row's cells into atoms, one list per line end wanted in the cell.
func (t *tableSet) texts(row []string, f face) [][][]atom {
	out := make([][][]atom, len(row))
	for i, s := range row {
		use := f
		if t.g.keys && i%2 == 0 {
			use = hei
		}
		for _, l := range strings.Split(s, "\n") {
			out[i] = append(out[i], t.c.atoms(l, style{face: use, size: t.size}))
		}
	}
	return out
}

// measure chooses the column widths and says whether every word fits whole.
func (t *tableSet) measure() bool {
	n := len(t.g.cols)
	least, natural := make([]float64, n), make([]float64, n)
	var rows [][]float64 // natural width of every cell
	see := func(row []string, f face) {
		cells := make([]float64, n)
		for i, cell := range t.texts(row, f) {
			for _, atoms := range cell {
				w := 0.0
				for _, a := range atoms {
					w += a.width
					if word := min(a.width, 18*t.size); a.word && word+2*padX > least[i] {
						least[i] = word + 2*padX
					}
				}
				cells[i] = max(cells[i], w+2*padX)
			}
			natural[i] = max(natural[i], cells[i])
			least[i] = max(least[i], 2.2*t.size+2*padX)
		}
		rows = append(rows, cells)
	}
	if t.g.head {
		see(t.g.titles(), hei)
	}
	for _, r := range t.g.rows {
		see(r, serif)
	}
	for _, r := range t.g.totals {
		see(r, hei)
	}
	share := 0.0
	for i, c := range t.g.cols {
		share += c.Width
		natural[i] = max(natural[i], least[i])
	}
	switch {
	case t.g.keys:
		t.widths = formWidths(natural, t.width)
	case share > 0:
		t.widths = make([]float64, n)
		for i, c := range t.g.cols {
			t.widths[i] = t.width * c.Width / share
		}
	default:
		t.widths = autoWidths(least, natural, rows, t.size, t.width)
	}
	for i := range least {
		if t.widths[i] < least[i]-epsilon {
			return false
		}
	}
	return true
}

// formWidths gives the labels of a form the room they need and shares the rest among the values.
func formWidths(natural []float64, width float64) []float64 {
	pairs := len(natural) / 2
	key := 0.0
	for i := range pairs {
		key = max(key, natural[2*i])
	}
	key = min(key+2, maxHead*width/float64(pairs))
	out := make([]float64, len(natural))
	for i := range pairs {
		out[2*i], out[2*i+1] = key, width/float64(pairs)-key
	}
	return out
}

// autoWidths starts from what the longest words need. Columns whose cells are all short may be given a line each: with
// the limit between two and twelve characters, the limit is taken that makes the table shortest. What is left goes to the
// columns that wrap, or, when none does, to all in proportion.
func autoWidths(least, natural []float64, rows [][]float64, size, width float64) []float64 {
	if need := total(least); need >= width {
		return scale(least, width/need)
	}
	if wish := total(natural); wish <= width {
		return scale(natural, width/wish)
	}
	var best []float64
	lines := 0
	for chars := 12.0; chars >= 2; chars-- {
		w := slices.Clone(least)
		for i := range w {
			if natural[i] <= chars*size+2*padX {
				w[i] = natural[i]
			}
		}
		need, wish := total(w), total(natural)
		if need > width {
			continue
		}
		for i := range w {
			w[i] += (natural[i] - w[i]) * (width - need) / (wish - need)
		}
		if n := countLines(rows, w); best == nil || n < lines {
			best, lines = w, n
		}
	}
	return best
}

// countLines estimates how many lines the rows take at the given column widths.
func countLines(rows [][]float64, widths []float64) int {
	sum := 0
	for _, cells := range rows {
		most := 1
		for i, w := range cells {
			most = max(most, int(math.Ceil((w-2*padX-epsilon)/(widths[i]-2*padX))))
		}
		sum += most
	}
	return sum
}

func total(v []float64) (sum float64) {
	for _, x := range v {
		sum += x
	}
	return sum
}

func scale(v []float64, by float64) []float64 {
	out := slices.Clone(v)
	for i := range out {
		out[i] *= by
	}
	return out
}

type rowStyle struct{ head, total bool }

// cellLines is one cell broken into lines.
type cellLines struct {
	lines []textLine
	align Align
	x, w  float64
	tint  bool
}

func (t *tableSet) row(cells [][][]atom, st rowStyle) box {
	set := make([]cellLines, len(cells))
	x := t.left
	for i, paras := range cells {
		c := cellLines{x: x, w: t.widths[i], align: t.g.cols[i].Align, tint: st.head || t.g.keys && i%2 == 0 && t.g.ruled}
		if st.head {
			c.align = Centre
		}
		for _, atoms := range paras {
			c.lines = append(c.lines, t.c.breakLines(atoms, c.w-2*padX, c.w-2*padX, false)...)
		}
		set[i] = c
		x += c.w
	}
	return t.rowBox(set, !t.top)
}

// wide is one cell over the whole width.
func (t *tableSet) wide(text string) box {
	c := cellLines{w: t.width}
	for _, l := range strings.Split(text, "\n") {
		atoms := t.c.atoms(l, style{face: serif, size: t.size})
		c.lines = append(c.lines, t.c.breakLines(atoms, c.w-2*padX, c.w-2*padX, false)...)
	}
	return t.rowBox([]cellLines{c}, true)
}

// rowBox draws cells side by side. A row that is cut by a page end has its text at the top, others in the middle.
func (t *tableSet) rowBox(cells []cellLines, middle bool) box {
	lines := 1
	for _, c := range cells {
		lines = max(lines, len(c.lines))
	}
	b := box{height: float64(lines)*t.line + 2*padY}
	for _, c := range cells {
		if c.tint {
			b.ops = append(b.ops, op{kind: opFill, x: c.x, y: 0, x2: c.w, y2: b.height, light: true})
		}
	}
	for _, c := range cells {
		top := padY
		if middle {
			top += float64(lines-len(c.lines)) * t.line / 2
		}
		for i, l := range c.lines {
			x := c.x + padX + alignX(l, c.align, c.w-2*padX)
			b.ops = append(b.ops, lineOps(l, x, top+float64(i)*t.line, t.line)...)
		}
	}
	if t.g.ruled {
		rule := func(x, y, x2, y2 float64) {
			b.ops = append(b.ops, op{kind: opLine, x: x, y: y, x2: x2, y2: y2, weight: ruling})
		}
		rule(0, 0, textWidth, 0)
		rule(0, b.height, textWidth, b.height)
		for _, c := range cells {
			rule(c.x, 0, c.x, b.height)
		}
		rule(textWidth, 0, textWidth, b.height)
	}
	b.split = func(room float64) (top, rest box, ok bool) {
		k := int((room - 2*padY) / t.line)
		if k < 1 || k >= lines {
			return box{}, box{}, false
		}
		upper, lower := make([]cellLines, len(cells)), make([]cellLines, len(cells))
		for i, c := range cells {
			n := min(k, len(c.lines))
			upper[i], lower[i] = c, c
			upper[i].lines, lower[i].lines = c.lines[:n], c.lines[n:]
		}
		top, rest = t.rowBox(upper, false), t.rowBox(lower, false)
		return top, rest, true
	}
	return b
}
