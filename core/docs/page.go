package docs

// op is one thing drawn on a page, in points from the top left corner of whatever it belongs to.
type op struct {
	kind        opKind
	x, y        float64 // text: start of the baseline; line: one end; fill: upper left corner
	x2, y2      float64 // line: other end; fill: width and height
	weight      float64 // line width
	text        string
	face        face
	size, track float64
	ink         ink
	light       bool // fill: pale grey instead of ink
}

type opKind int

const (
	opText opKind = iota
	opLine
	opFill
)

// at moves ops.
func at(ops []op, dx, dy float64) []op {
	out := make([]op, len(ops))
	for i, o := range ops {
		o.x += dx
		o.y += dy
		if o.kind == opLine {
			o.x2 += dx
			o.y2 += dy
		}
		out[i] = o
	}
	return out
}

// box is a stretch of the text column that is placed as one. Its ops are relative to the column's left edge and the
// box's top.
type box struct {
	height float64
	ops    []op
	keep   bool // never the last on its page: the next box comes with it
	gap    bool // blank space that vanishes at the top of a page
	fresh  bool // starts a new page
	last   bool // colophon: stands at the foot of the last page
	head   *box // repeated above this box when it comes first on a page
	// split cuts the box so that the first part is at most room high; ok is false when no line fits. nil: cannot be cut.
	split func(room float64) (top, rest box, ok bool)
}

// page is the ops of one page, relative to the text area's top left corner.
type page struct{ ops []op }

// paginate fills pages of the given height. Boxes that keep with the next move together; a box that is too high for what
// is left of a page, and for being moved whole, is cut if it can be.
func paginate(boxes []box, height float64) []page {
	p := &paginator{height: height}
	p.turn()
	var foot []box
	for i := 0; i < len(boxes); i++ {
		if boxes[i].last {
			foot = append(foot, boxes[i])
			continue
		}
		p.place(boxes, &i)
	}
	p.bottom(foot)
	return p.pages
}

type paginator struct {
	pages  []page
	height float64
	y      float64
	used   bool // something other than a repeated head stands on the page
}

func (p *paginator) turn() {
	p.pages = append(p.pages, page{})
	p.y, p.used = 0, false
}

func (p *paginator) put(b box) {
	cur := &p.pages[len(p.pages)-1]
	cur.ops = append(cur.ops, at(b.ops, 0, p.y)...)
	p.y += b.height
	p.used = true
}

// place puts boxes[*i], and the boxes it keeps with, and leaves *i at the last one placed.
func (p *paginator) place(boxes []box, i *int) {
	b := boxes[*i]
	if b.fresh && p.used {
		p.turn()
	}
	if b.gap && !p.used {
		return
	}
	end, chain := *i, 0.0
	for ; end < len(boxes); end++ {
		chain += boxes[end].height
		if !boxes[end].keep {
			break
		}
	}
	end = min(end, len(boxes)-1)
	switch {
	case p.y+chain <= p.height+epsilon:
	case p.used && end == *i && b.split != nil && b.height > wholeRow*p.height:
		p.cut(b)
		return
	case p.used:
		p.turn()
		if b.gap {
			return
		}
		p.repeat(b)
		p.place(boxes, i)
		return
	case b.split != nil && p.y+b.height > p.height:
		p.cut(b)
		return
	default:
		// A chain higher than a page: it is placed as far as it goes.
		p.put(b)
		return
	}
	for ; *i <= end; *i++ {
		p.put(boxes[*i])
	}
	*i = end
}

// wholeRow is how much of a page a table row may take and still be moved whole to the next page instead of being cut.
const wholeRow = 0.4

func (p *paginator) repeat(b box) {
	if b.head != nil {
		h := *b.head
		p.put(h)
		p.used = false
	}
}

// cut places b in pieces.
func (p *paginator) cut(b box) {
	for {
		if p.y+b.height <= p.height+epsilon {
			p.put(b)
			return
		}
		top, rest, ok := b.split(p.height - p.y)
		if !ok && !p.used {
			p.put(b)
			return
		}
		if ok {
			p.put(top)
			rest.head, rest.keep = b.head, b.keep
			b = rest
		}
		p.turn()
		p.repeat(b)
	}
}

// bottom puts the colophon at the foot of the last page, or of a further one.
func (p *paginator) bottom(foot []box) {
	total := 0.0
	for _, b := range foot {
		total += b.height
	}
	if len(foot) == 0 {
		return
	}
	if p.y+total > p.height+epsilon {
		p.turn()
	}
	p.y = p.height - total
	for _, b := range foot {
		p.put(b)
	}
}
