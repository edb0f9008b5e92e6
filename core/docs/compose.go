package docs

import (
	"strings"

	"rsc.io/qr"
)

// composer turns parts into boxes.
type composer struct {
	*setter
	look  look
	boxes []box
}

func (c *composer) style(f face, size float64) style {
	return style{face: f, size: size, track: tracking(size)}
}

func (c *composer) add(b box)        { c.boxes = append(c.boxes, b) }
func (c *composer) space(h float64)  { c.add(box{height: h, gap: true}) }
func (c *composer) em(n int) float64 { return float64(n) * (c.look.body + tracking(c.look.body)) }

// lineOps draws a set line with its left end at x, in a strip of the given height at top.
func lineOps(l textLine, x, top, height float64) []op {
	var ops []op
	for i, a := range l.atoms {
		// Between top and baseline lie half of the leading and the part of the em above the baseline.
		base := top + (height-a.style.size)/2 + 0.86*a.style.size
		track := a.style.track + l.extra
		if a.word || a.space || len([]rune(a.text)) > 1 {
			track = 0
		}
		if !a.space {
			if k := len(ops) - 1; k >= 0 && i > 0 && track != 0 && ops[k].track == track && ops[k].face == a.face && !l.atoms[i-1].word && !l.atoms[i-1].space {
				ops[k].text += a.text
			} else {
				ops = append(ops, op{kind: opText, x: x, y: base, text: a.text, face: a.face, size: a.style.size, track: track, ink: a.style.ink})
			}
		}
		x += a.width + l.extra
	}
	return ops
}

// extent is a line's set width.
func (l textLine) extent() float64 { return l.width + l.extra*float64(max(len(l.atoms)-1, 0)) }

func alignX(l textLine, a Align, width float64) float64 {
	switch a {
	case Centre:
		return (width - l.extent()) / 2
	case End:
		return width - l.extent()
	}
	return 0
}

// paragraph sets text as one box per line, wrapped between left and textWidth-right, the first line indented by indent.
func (c *composer) paragraph(atoms []atom, a Align, indent, left, right, pitch float64, keep bool) {
	width := textWidth - left - right
	for i, l := range c.breakLines(atoms, width-indent, width, a == Start) {
		x, w := left, width
		if i == 0 {
			x, w = x+indent, w-indent
		}
		c.add(box{height: pitch, ops: lineOps(l, x+alignX(l, a, w), 0, pitch), keep: keep})
	}
}

// centred sets text of possibly several wanted lines in the middle, each broken into lines of about equal length.
func (c *composer) centred(text string, st style, pitch float64) {
	for _, s := range strings.Split(text, "\n") {
		atoms := c.atoms(s, st)
		lines := c.breakLines(atoms, textWidth, textWidth, false)
		if len(lines) > 1 {
			lo, hi := textWidth/4, textWidth
			for hi-lo > 1 {
				mid := (lo + hi) / 2
				if len(c.breakLines(atoms, mid, mid, false)) == len(lines) {
					hi = mid
				} else {
					lo = mid
				}
			}
			lines = c.breakLines(atoms, hi, hi, false)
		}
		for _, l := range lines {
			c.add(box{height: pitch, ops: lineOps(l, alignX(l, Centre, textWidth), 0, pitch), keep: true})
		}
	}
}

func (c *composer) spans(runs []run, st style) []atom {
	var out []atom
	for _, r := range runs {
		s := st
		if r.strong {
			s.face = hei
		}
		out = append(out, c.atoms(r.text, s)...)
	}
	return out
}

func (p part) text() string {
	var b strings.Builder
	for _, s := range p.spans {
		b.WriteString(s.text)
	}
	return b.String()
}

func (c *composer) compose(parts []part) ([]box, error) {
	for i, p := range parts {
		var next role = -1
		if i+1 < len(parts) {
			next = parts[i+1].role
		}
		if err := c.part(p, next); err != nil {
			return nil, err
		}
	}
	return c.boxes, nil
}

func (c *composer) part(p part, next role) error {
	k := c.look
	body := c.style(serif, k.body)
	switch p.role {
	case roleMasthead:
		c.masthead(p.text())
		if next != roleNumber && next != roleSignatory {
			c.redRule()
		}
	case roleNumber:
		if !k.redHead {
			st := c.style(serif, min(k.body, size4Minor))
			c.centred(p.text(), st, st.size*1.8)
			if k.frame {
				c.space(k.pitch / 2)
			}
			break
		}
		c.space(2 * k.pitch)
		if next == roleSignatory {
			c.paragraph(c.atoms(p.text(), body), Start, 0, c.em(1), 0, k.pitch, true)
		} else {
			c.centred(p.text(), body, k.pitch)
			c.redRule()
		}
	case roleSignatory:
		l := c.breakLines(c.atoms(p.text(), body), textWidth, textWidth, false)[0]
		ops := lineOps(l, textWidth-c.em(1)-l.extent(), 0, k.pitch)
		if n := len(c.boxes); n > 0 && c.boxes[n-1].height == k.pitch && c.boxes[n-1].keep {
			c.boxes[n-1].ops = append(c.boxes[n-1].ops, ops...) // beside the number
		} else {
			c.add(box{height: k.pitch, ops: ops, keep: true})
		}
		c.redRule()
	case roleTitle:
		switch {
		case k.redHead:
			c.space(2 * k.pitch)
		case k.frame:
			c.add(box{height: k.pitch, keep: true})
		}
		c.centred(p.text(), c.style(titleFace, k.title), k.title*1.5)
		c.space(k.pitch * 0.7)
	case roleAddressee:
		c.paragraph(c.spans(p.spans, body), Start, 0, 0, 0, k.pitch, true)
	case roleHeading1, roleHeading2, roleHeading3, roleHeading4:
		st := body
		st.face = [...]face{hei, titleFace, serif, serif}[p.role-roleHeading1]
		c.paragraph(c.spans(p.spans, st), Start, c.em(2), 0, 0, k.pitch, true)
	case roleBody:
		c.paragraph(c.spans(p.spans, body), Start, c.em(2), 0, 0, k.pitch, false)
	case roleFlush:
		c.paragraph(c.spans(p.spans, body), p.align, 0, 0, 0, k.pitch, false)
	case roleCaption:
		c.space(k.pitch * 0.3)
		st := c.style(hei, min(k.body, size4))
		c.centred(p.text(), st, st.size*1.7)
	case roleUnit:
		st := c.style(serif, k.tables[0])
		c.paragraph(c.spans(p.spans, st), End, 0, 0, 0, st.size*1.6, true)
	case roleGrid:
		c.grid(p.grid)
	case roleAttachments:
		c.attachments(p.lines)
	case roleSignature:
		c.signature(p.lines[0], p.lines[1], p.lines[2])
	case roleNote:
		st := body
		indent := c.em(2)
		if !k.redHead && !k.frame {
			st = c.style(serif, min(k.body, size5))
			indent = 0
		}
		c.space(k.pitch * 0.3)
		for _, l := range strings.Split(p.text(), "\n") {
			c.paragraph(c.atoms(l, st), Start, indent, 0, 0, st.size*1.8, false)
		}
	case roleAnnexNo:
		c.add(box{fresh: true, keep: true})
		c.paragraph(c.spans(p.spans, c.style(hei, k.body)), Start, 0, 0, 0, k.pitch, true)
	case roleAnnexTitle:
		c.space(k.pitch)
		c.centred(p.text(), c.style(titleFace, k.title), k.title*1.5)
		c.space(k.pitch * 0.7)
	case roleCheck:
		return c.check(p)
	case rolePrinted:
		st := c.style(serif, size5Minor)
		st.ink = grey
		c.holdBack(1)
		c.add(box{height: 6, keep: true})
		for _, l := range strings.Split(p.text(), "\n") {
			c.paragraph(c.atoms(l, st), Start, 0, 0, 0, 14, false)
		}
	case roleCopyTo:
		c.colophonRule(1)
		st := c.style(serif, size4)
		hang := 3 * (st.size + st.track)
		n := len(c.boxes)
		c.paragraph(c.spans(p.spans, st), Start, -hang, st.size+hang, st.size, st.size*1.8, false)
		for i := n; i < len(c.boxes); i++ {
			c.boxes[i].last = true
		}
		if next != rolePrinter {
			c.colophonRule(1)
		}
	case rolePrinter:
		c.printer(p.lines[0], p.lines[1])
	}
	return nil
}

// masthead is the organ's name in red, 35 mm below the top of the text area, as large as its line allows.
func (c *composer) masthead(text string) {
	size := size0Minor + 6
	atoms := c.atoms(text, style{face: titleFace, size: size})
	w := 0.0
	for _, a := range atoms {
		w += a.width
	}
	st := style{face: titleFace, size: min(size, size*(textWidth-2*size)/w), ink: red}
	if st.size >= size2 {
		n := float64(len([]rune(text)))
		st.track = min(4, (textWidth-st.size-w*st.size/size)/n)
	} else {
		st.size = size2 // a very long name takes two lines
	}
	c.add(box{height: 35 * mm, keep: true})
	c.centred(text, st, st.size*1.2)
}

func (c *composer) redRule() {
	c.add(box{height: 4*mm + 1, keep: true, ops: []op{{kind: opLine, x: 0, y: 4 * mm, x2: textWidth, y2: 4 * mm, weight: 1.4, ink: red}}})
}

func (c *composer) attachments(lines []string) {
	k := c.look
	st := c.style(serif, k.body)
	small := c.style(serif, size6)
	c.space(k.pitch)
	left := c.em(5)
	for i := 0; i < len(lines); i += 3 {
		label, name, digest := lines[i], lines[i+1], lines[i+2]
		hang := 0.0
		if dot := strings.Index(name, ". "); dot > 0 && dot < 4 && len(lines) > 3 {
			hang = c.measure(serif, st.size, []rune(name[:dot+2]))
		}
		n := len(c.boxes)
		c.paragraph(c.atoms(name, st), Start, -hang, left+hang, 0, k.pitch, digest != "")
		if label != "" {
			l := c.breakLines(c.atoms(label, st), textWidth, textWidth, false)[0]
			c.boxes[n].ops = append(lineOps(l, c.em(2), 0, k.pitch), c.boxes[n].ops...)
		}
		if digest != "" {
			c.paragraph(c.atoms(digest, small), Start, 0, left+hang, 0, small.size*1.5, false)
		}
	}
}

// signature sets organ over date, the date four characters from the right edge; it keeps the last two lines of the text.
func (c *composer) signature(seal, organ, date string) {
	k := c.look
	c.holdBack(2)
	c.add(box{height: k.seal - k.pitch, keep: true})
	st := c.style(serif, k.body)
	organs := c.breakLines(c.atoms(organ, st), textWidth-c.em(4), textWidth-c.em(4), false)
	when := c.breakLines(c.atoms(date, st), textWidth, textWidth, false)[0]
	middle := textWidth - c.em(4) - when.extent()/2
	for _, l := range organs {
		middle = min(middle, textWidth-c.em(2)-l.extent()/2)
	}
	centre := func(l textLine) []op { return lineOps(l, middle-l.extent()/2, 0, k.pitch) }
	mark := box{height: k.pitch, keep: true}
	if seal != "" {
		faint := c.style(serif, size5)
		faint.ink = grey
		mark.ops = centre(c.breakLines(c.atoms(seal, faint), textWidth, textWidth, false)[0])
	}
	c.add(mark)
	for _, l := range organs {
		c.add(box{height: k.pitch, ops: centre(l), keep: true})
	}
	c.add(box{height: k.pitch, ops: centre(when)})
}

// holdBack ties the last n boxes of text to what follows, so that a signature never stands alone on a page.
func (c *composer) holdBack(n int) {
	for i := len(c.boxes) - 1; i >= 0 && n > 0; i-- {
		c.boxes[i].keep = true
		if !c.boxes[i].gap {
			n--
		}
	}
}

const qrSide = 22 * mm

// check is the verification block: QR code left, number, digest and address right of it.
func (c *composer) check(p part) error {
	code, err := qr.Encode(p.qr, qr.M)
	if err != nil {
		return &Invalid{"check", "the address does not fit a QR code"}
	}
	const pitch = size5Minor * 1.5
	left := qrSide + 12
	var lines []textLine
	for i, l := range p.lines {
		st := c.style(serif, size6) // a digest has to fit its line
		if i == 0 {
			st = c.style(serif, size5Minor)
		}
		lines = append(lines, c.breakLines(c.atoms(l, st), textWidth-left, textWidth-left, false)...)
	}
	height := max(qrSide, float64(len(lines))*pitch) + 8
	b := box{height: height, ops: []op{{kind: opLine, x: 0, y: 0, x2: textWidth, y2: 0, weight: 0.5, ink: grey}}}
	unit := qrSide / float64(code.Size)
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			n := 0
			for x+n < code.Size && code.Black(x+n, y) {
				n++
			}
			if n > 0 {
				// A hair of overlap keeps printers from showing seams between the modules' rows.
				b.ops = append(b.ops, op{kind: opFill, x: float64(x) * unit, y: 8 + float64(y)*unit, x2: float64(n) * unit, y2: unit + 0.05})
				x += n
			}
		}
	}
	top := 8 + (height-8-float64(len(lines))*pitch)/2
	for i, l := range lines {
		b.ops = append(b.ops, lineOps(l, left, top+float64(i)*pitch, pitch)...)
	}
	c.holdBack(2)
	c.add(box{height: c.look.pitch * 0.7, keep: true})
	c.add(b)
	return nil
}

func (c *composer) colophonRule(weight float64) {
	c.add(box{height: 1, last: true, ops: []op{{kind: opLine, x: 0, y: 0.5, x2: textWidth, y2: 0.5, weight: weight}}})
}

func (c *composer) printer(left, right string) {
	st := c.style(serif, size4)
	first := len(c.boxes) == 0 || !c.boxes[len(c.boxes)-1].last
	weight := 0.7
	if first {
		weight = 1
	}
	c.colophonRule(weight)
	b := box{height: st.size * 1.8, last: true}
	set := func(s string) textLine {
		return c.breakLines(c.atoms(s, st), textWidth, textWidth, false)[0]
	}
	if left != "" {
		b.ops = append(b.ops, lineOps(set(left), st.size, 0, b.height)...)
	}
	if right != "" {
		l := set(right)
		b.ops = append(b.ops, lineOps(l, textWidth-st.size-l.extent(), 0, b.height)...)
	}
	c.add(b)
	c.colophonRule(1)
}
