package docs

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"rsc.io/qr"
)

// DOCX writes the document as a word-processor file (Office Open XML). Body text asks for 仿宋_GB2312, titles for
// 方正小标宋简体, headings for 黑体 and 楷体_GB2312; the font table names an everyday substitute for each, since these
// fonts are not free and cannot be embedded. The same document gives the same bytes. It returns *Invalid for a document
// that cannot be printed, and then writes nothing.
func DOCX(w io.Writer, d Document) error {
	parts, err := d.parts()
	if err != nil {
		return err
	}
	b := &docx{look: looks[d.Kind]}
	for i, p := range parts {
		next := role(-1)
		if i+1 < len(parts) {
			next = parts[i+1].role
			b.hold = next == roleSignature || parts[i+1].grid != nil && parts[i+1].grid.isParties()
		} else {
			b.hold = false
		}
		if err := b.part(p, next); err != nil {
			return err
		}
	}
	files := []struct{ name, body string }{
		{"[Content_Types].xml", docxTypes},
		{"_rels/.rels", docxRels},
		{"docProps/core.xml", xmlHead + `<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>` + escapeXML(oneLine(d.Title)) + `</dc:title><dc:language>zh-CN</dc:language></cp:coreProperties>`},
		{"word/document.xml", b.document()},
		{"word/styles.xml", docxStyles(b.look)},
		{"word/fontTable.xml", docxFonts},
		{"word/settings.xml", docxSettings},
		{"word/footerOdd.xml", docxFooter("right")},
		{"word/footerEven.xml", docxFooter("left")},
		{"word/_rels/document.xml.rels", docxDocRels(b.picture != nil)},
	}
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	add := func(name string, body []byte) error {
		f, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
		if err == nil {
			_, err = f.Write(body)
		}
		return err
	}
	for _, f := range files {
		if err := add(f.name, []byte(f.body)); err != nil {
			return fmt.Errorf("write docx: %w", err)
		}
	}
	if b.picture != nil {
		if err := add("word/media/check.png", b.picture); err != nil {
			return fmt.Errorf("write docx: %w", err)
		}
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("write docx: %w", err)
	}
	_, err = w.Write(buf.Bytes())
	return err
}

// colophon is a table at the foot of the page, one row for each of its two parts.
func (x *docx) colophon(p part, next role) {
	if !x.foot {
		x.foot = true
		fmt.Fprintf(&x.b, `<w:tbl><w:tblPr><w:tblpPr w:vertAnchor="margin" w:horzAnchor="margin" w:tblpXSpec="left" w:tblpYSpec="bottom"/><w:tblOverlap w:val="never"/><w:tblW w:w="%d" w:type="dxa"/><w:tblBorders><w:top w:val="single" w:sz="8" w:space="0" w:color="000000"/><w:bottom w:val="single" w:sz="8" w:space="0" w:color="000000"/><w:insideH w:val="single" w:sz="6" w:space="0" w:color="000000"/></w:tblBorders><w:tblLayout w:type="fixed"/><w:tblCellMar><w:left w:w="0" w:type="dxa"/><w:right w:w="0" w:type="dxa"/></w:tblCellMar></w:tblPr><w:tblGrid><w:gridCol w:w="%d"/></w:tblGrid>`, twips(textWidth), twips(textWidth))
	}
	fmt.Fprintf(&x.b, `<w:tr><w:trPr><w:cantSplit/></w:trPr><w:tc><w:tcPr><w:tcW w:w="%d" w:type="dxa"/></w:tcPr>`, twips(textWidth))
	if p.role == roleCopyTo {
		x.line("CopyTo", "", p.text())
	} else {
		x.open("Printer", "")
		x.run(p.lines[0], "")
		x.b.WriteString("<w:r><w:tab/></w:r>")
		x.run(p.lines[1], "")
		x.close()
	}
	x.b.WriteString("</w:tc></w:tr>")
	if next != rolePrinter {
		x.b.WriteString("</w:tbl>\n")
		x.line("Gap", "", "")
	}
}

// isParties says whether the grid is the signature page of an agreement.
func (g *grid) isParties() bool { return !g.head && !g.keys }

type docx struct {
	b       strings.Builder
	look    look
	hold    bool // the next part is a signature: keep this one with it
	fresh   bool // the next paragraph starts a page
	foot    bool // the colophon has begun
	picture []byte
}

func escapeXML(s string) string {
	var b bytes.Buffer
	// EscapeText fails only when its writer does, and a buffer does not.
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}

// twips are the twentieths of a point in which the format counts.
func twips(points float64) int { return int(points*20 + 0.5) }

// open starts a paragraph of a style, with more paragraph properties after the style.
func (x *docx) open(style, props string) {
	if x.hold {
		props = "<w:keepNext/>" + props
	}
	if x.fresh {
		props = "<w:pageBreakBefore/>" + props
		x.fresh = false
	}
	fmt.Fprintf(&x.b, `<w:p><w:pPr><w:pStyle w:val="%s"/>%s</w:pPr>`, style, inOrder(props))
}

func (x *docx) close() { x.b.WriteString("</w:p>\n") }

// run writes text with run properties; line ends become breaks.
func (x *docx) run(text, props string) {
	if text == "" {
		return
	}
	if props != "" {
		props = "<w:rPr>" + props + "</w:rPr>"
	}
	for i, l := range strings.Split(text, "\n") {
		br := ""
		if i > 0 {
			br = "<w:br/>"
		}
		fmt.Fprintf(&x.b, `<w:r>%s%s<w:t xml:space="preserve">%s</w:t></w:r>`, props, br, escapeXML(l))
	}
}

func (x *docx) line(style, props, text string) {
	x.open(style, props)
	x.run(text, "")
	x.close()
}

var docxStyle = map[role]string{
	roleMasthead: "Masthead", roleNumber: "Number", roleSignatory: "Signatory", roleTitle: "Title", roleAddressee: "Flush",
	roleHeading1: "Heading1", roleHeading2: "Heading2", roleHeading3: "Heading3", roleHeading4: "Heading4",
	roleBody: "Body", roleFlush: "Flush", roleCaption: "Caption", roleUnit: "Unit", roleNote: "Note",
	roleAnnexNo: "Annex", roleAnnexTitle: "Title", rolePrinted: "Printed",
}

const redLine = `<w:pBdr><w:bottom w:val="single" w:sz="12" w:space="11" w:color="C81010"/></w:pBdr>`

func (x *docx) part(p part, next role) error {
	switch p.role {
	case roleGrid:
		x.grid(p.grid)
	case roleAttachments:
		x.attachments(p.lines)
	case roleSignature:
		x.signature(p.lines[0], p.lines[1], p.lines[2])
	case roleCheck:
		return x.check(p)
	case roleCopyTo, rolePrinter:
		x.colophon(p, next)
	default:
		props := ""
		if x.look.redHead && p.role <= roleSignatory && next != roleNumber && next != roleSignatory {
			props = redLine
		}
		if p.role == roleFlush && p.align != Start {
			props += fmt.Sprintf(`<w:jc w:val="%s"/>`, [...]string{Centre: "center", End: "right"}[p.align])
		}
		if p.role == roleAnnexNo {
			x.fresh = true
		}
		x.open(docxStyle[p.role], props)
		for _, s := range p.spans {
			rp := ""
			if s.strong {
				rp = `<w:rFonts w:ascii="Arial" w:hAnsi="Arial" w:eastAsia="黑体"/><w:b/>`
			}
			x.run(s.text, rp)
		}
		x.close()
	}
	return nil
}

func (x *docx) attachments(lines []string) {
	for i := 0; i < len(lines); i += 3 {
		spacing := ""
		if i == 0 {
			spacing = `<w:spacing w:beforeLines="100"/>`
		}
		hang := 0.0
		if dot := strings.Index(lines[i+1], ". "); dot > 0 && dot < 4 && len(lines) > 3 {
			hang = ems(lines[i+1][:dot+2])
		}
		first := hang
		if lines[i] != "" {
			first += 3
		}
		size := x.look.body
		x.open("Flush", fmt.Sprintf(`%s<w:ind w:left="%d" w:hanging="%d"/>`, spacing, twips((5+hang)*size), twips(first*size)))
		x.run(lines[i], "")
		x.run(lines[i+1], "")
		if lines[i+2] != "" {
			x.run("\n"+lines[i+2], `<w:sz w:val="15"/><w:szCs w:val="15"/>`)
		}
		x.close()
	}
}

// signature centres the organ over the date, whose right edge is four characters from the margin.
func (x *docx) signature(seal, organ, date string) {
	size := x.look.body
	shift := func(text string, scale float64) string {
		right := max(4+(ems(date)-ems(text)*scale)/2, 0)
		return fmt.Sprintf(`<w:ind w:right="%d"/>`, twips(right*size))
	}
	top := `<w:spacing w:beforeLines="100"/>`
	if seal != "" {
		x.open("Signature", "<w:keepNext/>"+top+shift(seal, size5/size))
		x.run(seal, `<w:color w:val="606060"/><w:sz w:val="21"/><w:szCs w:val="21"/>`)
		x.close()
		top = ""
	}
	x.line("Signature", "<w:keepNext/>"+top+shift(organ, 1), organ)
	x.line("Signature", shift(date, 1), date)
}

func (x *docx) grid(g *grid) {
	border := ""
	if g.ruled {
		for _, side := range []string{"top", "left", "bottom", "right", "insideH", "insideV"} {
			border += fmt.Sprintf(`<w:%s w:val="single" w:sz="4" w:space="0" w:color="000000"/>`, side)
		}
	}
	size := size5
	if !g.ruled {
		size = x.look.body // forms without lines and signature pages are set as text
	}
	widths := gridWidths(g, size)
	if g.isParties() {
		x.line("Flush", "<w:keepNext/>", "")
	}
	fmt.Fprintf(&x.b, `<w:tbl><w:tblPr><w:tblW w:w="%d" w:type="dxa"/><w:tblBorders>%s</w:tblBorders><w:tblLayout w:type="fixed"/><w:tblCellMar><w:left w:w="60" w:type="dxa"/><w:right w:w="60" w:type="dxa"/></w:tblCellMar></w:tblPr><w:tblGrid>`, twips(textWidth), border)
	for _, w := range widths {
		fmt.Fprintf(&x.b, `<w:gridCol w:w="%d"/>`, w)
	}
	x.b.WriteString("</w:tblGrid>\n")
	if g.head {
		x.row(g, widths, g.titles(), `<w:cantSplit/><w:tblHeader/>`, "head")
	}
	for i, r := range g.rows {
		kind := "row"
		if g.isParties() && i < len(g.rows)-1 || i == len(g.rows)-1 && len(g.totals)+len(g.foot) > 0 {
			kind = "held"
		}
		x.row(g, widths, r, `<w:cantSplit/>`, kind)
	}
	for i, r := range g.totals {
		kind := "total"
		if i < len(g.totals)-1 || len(g.foot) > 0 {
			kind = "heldTotal"
		}
		x.row(g, widths, r, `<w:cantSplit/>`, kind)
	}
	for _, f := range g.foot {
		fmt.Fprintf(&x.b, `<w:tr><w:trPr><w:cantSplit/></w:trPr><w:tc><w:tcPr><w:tcW w:w="%d" w:type="dxa"/><w:gridSpan w:val="%d"/></w:tcPr>`, twips(textWidth), len(g.cols))
		x.line("Cell", "", f)
		x.b.WriteString("</w:tc></w:tr>\n")
	}
	// Two tables in a row would grow together, and a table must not end a cell or the body.
	x.b.WriteString("</w:tbl>\n")
	hold := x.hold
	x.hold = x.hold && !g.isParties()
	x.line("Gap", "", "")
	x.hold = hold
}

func (x *docx) row(g *grid, widths []int, cells []string, props, kind string) {
	fmt.Fprintf(&x.b, "<w:tr><w:trPr>%s</w:trPr>", props)
	hold := x.hold
	x.hold = strings.HasPrefix(kind, "held")
	for i, c := range cells {
		key := g.keys && i%2 == 0
		shade, run := "", ""
		if kind == "head" || key && g.ruled {
			shade = `<w:shd w:val="clear" w:color="auto" w:fill="F2F2F2"/>`
		}
		if kind == "head" || key || kind == "total" || kind == "heldTotal" {
			run = `<w:rFonts w:ascii="Arial" w:hAnsi="Arial" w:eastAsia="黑体"/><w:b/>`
		}
		valign := `<w:vAlign w:val="center"/>`
		style := "Cell"
		if g.isParties() {
			valign, style = "", "Flush"
		} else if !g.ruled {
			style = "Flush"
		}
		a := g.cols[i].Align
		if kind == "head" {
			a = Centre
		}
		jc := [...]string{Start: `<w:jc w:val="left"/>`, Centre: `<w:jc w:val="center"/>`, End: `<w:jc w:val="right"/>`}[a]
		fmt.Fprintf(&x.b, `<w:tc><w:tcPr><w:tcW w:w="%d" w:type="dxa"/>%s%s</w:tcPr>`, widths[i], shade, valign)
		x.open(style, jc)
		x.run(c, run)
		x.close()
		x.b.WriteString("</w:tc>")
	}
	x.hold = hold
	x.b.WriteString("</w:tr>\n")
}

// check is a table of two cells: the QR code as a picture, the text beside it.
func (x *docx) check(p part) error {
	code, err := qr.Encode(p.qr, qr.M)
	if err != nil {
		return &Invalid{"check", "the address does not fit a QR code"}
	}
	x.picture = code.PNG()
	x.line("Gap", "", "")
	const side = 25 * 36000 // EMU: 25 mm, quiet zone included
	left := twips(27 * mm)
	fmt.Fprintf(&x.b, `<w:tbl><w:tblPr><w:tblW w:w="%d" w:type="dxa"/><w:tblBorders><w:top w:val="single" w:sz="4" w:space="0" w:color="606060"/></w:tblBorders><w:tblLayout w:type="fixed"/></w:tblPr><w:tblGrid><w:gridCol w:w="%d"/><w:gridCol w:w="%d"/></w:tblGrid><w:tr><w:trPr><w:cantSplit/></w:trPr><w:tc><w:tcPr><w:tcW w:w="%d" w:type="dxa"/></w:tcPr>`,
		twips(textWidth), left, twips(textWidth)-left, left)
	hold := x.hold
	x.hold = false
	x.open("Cell", "")
	fmt.Fprintf(&x.b, `<w:r><w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent cx="%d" cy="%d"/><wp:docPr id="1" name="check" descr="%s"/><a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic><pic:nvPicPr><pic:cNvPr id="1" name="check"/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill><a:blip r:embed="rIdCheck"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="%d" cy="%d"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r>`,
		side, side, escapeXML("二维码，"+p.lines[0]), side, side)
	x.close()
	fmt.Fprintf(&x.b, `</w:tc><w:tc><w:tcPr><w:tcW w:w="%d" w:type="dxa"/><w:vAlign w:val="center"/></w:tcPr>`, twips(textWidth)-left)
	for i, l := range p.lines {
		x.open("Printed", "")
		small := ""
		if i > 0 { // a digest has to fit its line
			small = `<w:sz w:val="15"/><w:szCs w:val="15"/>`
		}
		x.run(l, small)
		x.close()
	}
	x.b.WriteString("</w:tc></w:tr></w:tbl>\n")
	x.line("Gap", "", "")
	x.hold = hold
	return nil
}
