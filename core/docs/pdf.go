package docs

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/signintech/gopdf"
)

// PDF writes the document as PDF 1.7 on A4. The same document gives the same bytes.
//
// Errors: *Invalid for a document that cannot be printed, *MissingGlyphs when the fonts lack a character, ErrNoFont in a
// binary built without fonts. Nothing is written unless the whole document could be set.
func PDF(w io.Writer, d Document) error {
	parts, err := d.parts()
	if err != nil {
		return err
	}
	book, err := fonts()
	if err != nil {
		return err
	}
	c := &composer{setter: &setter{book: book, missing: map[rune]bool{}}, look: looks[d.Kind]}
	boxes, err := c.compose(parts)
	if err != nil {
		return err
	}
	pages := paginate(boxes, textHeight)
	for i := range pages {
		pages[i].ops = append(pages[i].ops, c.footer(d, i+1, len(pages))...)
	}
	if len(c.missing) > 0 {
		return missingGlyphs(c.missing)
	}
	out, err := draw(book, pages, clean(d.Title))
	if err != nil {
		return err
	}
	_, err = w.Write(out)
	return err
}

func missingGlyphs(set map[rune]bool) error {
	e := &MissingGlyphs{}
	for r := range set {
		e.Chars = append(e.Chars, r)
	}
	slices.Sort(e.Chars)
	return e
}

// footer is the page number, outside by turns as GB/T 9704 has it, and on print-outs the number that binds the pages of
// one document together.
func (c *composer) footer(d Document, n, of int) []op {
	if c.look.frame && of == 1 {
		return c.border()
	}
	st := c.style(serif, size4)
	set := func(s string, st style) textLine {
		return c.breakLines(c.atoms(s, st), textWidth, textWidth, false)[0]
	}
	number := set("— "+strconv.Itoa(n)+" —", st)
	x := textWidth - st.size - number.extent()
	if n%2 == 0 {
		x = st.size
	}
	below := 7 * mm
	if c.look.frame {
		below = 15 * mm
	}
	ops := lineOps(number, x, textHeight+below-st.size/2, st.size)
	if no := d.checkNo(); no != "" && !c.look.redHead && of > 1 {
		small := style{face: serif, size: size5Minor, ink: grey}
		l := c.breakLines(c.atoms("编号 "+no, small), textWidth/2, textWidth/2, false)[0]
		x := 0.0
		if n%2 == 0 {
			x = textWidth - l.extent()
		}
		ops = append(ops, lineOps(l, x, textHeight+below-st.size/2, st.size)...)
	}
	if c.look.frame {
		ops = append(ops, c.border()...)
	}
	return ops
}

// checkNo is the number printed on every page.
func (d Document) checkNo() string {
	if d.Check != nil && d.Check.No != "" {
		return oneLine(d.Check.No)
	}
	return oneLine(d.Number)
}

// border is the double frame of a certificate.
func (c *composer) border() []op {
	var ops []op
	for _, f := range []struct{ off, weight float64 }{{9 * mm, 1.5}, {7.5 * mm, 0.5}} {
		x, y, x2, y2 := -f.off, -f.off-8*mm, textWidth+f.off, textHeight+f.off
		for _, e := range [][4]float64{{x, y, x2, y}, {x2, y, x2, y2}, {x2, y2, x, y2}, {x, y2, x, y}} {
			ops = append(ops, op{kind: opLine, x: e[0], y: e[1], x2: e[2], y2: e[3], weight: f.weight, ink: red})
		}
	}
	return ops
}

// draw hands the pages to the PDF library and mends its character map.
func draw(book *fontBook, pages []page, title string) ([]byte, error) {
	set, err := book.take()
	if err != nil {
		return nil, err
	}
	defer book.put(set)
	var pdf gopdf.GoPdf
	pdf.Start(gopdf.Config{PageSize: gopdf.Rect{W: pageWidth, H: pageHeight}})
	used := [len(faceFiles)]bool{}
	for _, p := range pages {
		for _, o := range p.ops {
			used[o.face] = used[o.face] || o.kind == opText
		}
	}
	for f, name := range faceFiles {
		if !used[f] {
			continue
		}
		if err := pdf.AddTTFFontFromFontContainer(name, &set.fonts); err != nil {
			return nil, fmt.Errorf("use font %s: %w", name, err)
		}
	}
	pdf.SetInfo(gopdf.PdfInfo{Title: title})
	for _, p := range pages {
		pdf.AddPage()
		for _, o := range at(p.ops, marginLeft, marginTop) {
			if err := drawOp(&pdf, o); err != nil {
				return nil, err
			}
		}
	}
	var buf bytes.Buffer
	if _, err := pdf.WriteTo(&buf); err != nil {
		return nil, fmt.Errorf("write pdf: %w", err)
	}
	// The layout has measured every character, so the library's own report must be empty. If it is not, the two read the
	// font differently and the page would show a gap.
	if len(set.missing) > 0 {
		bad := map[rune]bool{}
		for _, r := range set.missing {
			bad[r] = true
		}
		return nil, missingGlyphs(bad)
	}
	return mendCharacterMaps(buf.Bytes())
}

func drawOp(pdf *gopdf.GoPdf, o op) error {
	r, g, b := o.ink.rgb()
	switch o.kind {
	case opText:
		pdf.SetTextColor(r, g, b)
		if err := pdf.SetFont(faceFiles[o.face], "", o.size); err != nil {
			return fmt.Errorf("set font: %w", err)
		}
		if err := pdf.SetCharSpacing(o.track); err != nil {
			return fmt.Errorf("set spacing: %w", err)
		}
		pdf.SetXY(o.x, o.y)
		if err := pdf.Text(o.text); err != nil {
			return fmt.Errorf("set text: %w", err)
		}
	case opLine:
		pdf.SetStrokeColor(r, g, b)
		pdf.SetLineWidth(o.weight)
		pdf.Line(o.x, o.y, o.x2, o.y2)
	case opFill:
		if o.light {
			r, g, b = 0xF2, 0xF2, 0xF2
		}
		pdf.SetFillColor(r, g, b)
		pdf.RectFromUpperLeftWithStyle(o.x, o.y, o.x2, o.y2, "F")
	}
	return nil
}

func (i ink) rgb() (r, g, b uint8) {
	switch i {
	case red:
		return 0xC8, 0x10, 0x10
	case grey:
		return 0x60, 0x60, 0x60
	}
	return 0, 0, 0
}
