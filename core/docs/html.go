package docs

import (
	"fmt"
	"html"
	"io"
	"strings"

	"rsc.io/qr"
)

// HTML writes the document as one article element that needs nothing else: its own style element, print rules with the
// margins and page numbers of the paper, and the QR code as inline SVG. Every text is escaped. It returns *Invalid for a
// document that cannot be printed, and then writes nothing.
//
// A host whose content security policy forbids style elements uses HTMLBody and serves Stylesheet as a file.
func HTML(w io.Writer, d Document) error { return writeHTML(w, d, "<style>\n"+Stylesheet+"</style>\n") }

// HTMLBody is HTML without the style element.
func HTMLBody(w io.Writer, d Document) error { return writeHTML(w, d, "") }

// HTMLPage writes a whole page around HTML, for a file that is opened or printed on its own.
func HTMLPage(w io.Writer, d Document) error {
	var b strings.Builder
	if err := HTML(&b, d); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "<!doctype html>\n<html lang=\"zh-CN\">\n<head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>%s</title></head>\n<body>\n%s</body>\n</html>\n",
		html.EscapeString(oneLine(d.Title)), b.String())
	return err
}

func writeHTML(w io.Writer, d Document, style string) error {
	parts, err := d.parts()
	if err != nil {
		return err
	}
	h := &htmlWriter{}
	fmt.Fprintf(&h.b, "<article class=\"doc doc-%s\" lang=\"zh-CN\">\n%s", d.Kind, style)
	for i, p := range parts {
		last := i+1 == len(parts) || parts[i+1].role != roleNumber && parts[i+1].role != roleSignatory
		if err := h.part(p, looks[d.Kind].redHead && last); err != nil {
			return err
		}
	}
	h.b.WriteString("</article>\n")
	_, err = io.WriteString(w, h.b.String())
	return err
}

type htmlWriter struct{ b strings.Builder }

var htmlTags = map[role][2]string{ // element and class
	roleMasthead:   {"p", "doc-masthead"},
	roleNumber:     {"p", "doc-number"},
	roleSignatory:  {"p", "doc-signatory"},
	roleTitle:      {"h1", "doc-title"},
	roleAddressee:  {"p", "doc-addressee"},
	roleHeading1:   {"h2", "doc-h1"},
	roleHeading2:   {"h3", "doc-h2"},
	roleHeading3:   {"h4", "doc-h3"},
	roleHeading4:   {"h5", "doc-h4"},
	roleBody:       {"p", "doc-body"},
	roleFlush:      {"p", "doc-flush"},
	roleCaption:    {"p", "doc-caption"},
	roleUnit:       {"p", "doc-unit"},
	roleNote:       {"p", "doc-note"},
	roleAnnexNo:    {"p", "doc-annex"},
	roleAnnexTitle: {"h2", "doc-annex-title"},
	rolePrinted:    {"p", "doc-printed"},
	roleCopyTo:     {"p", "doc-copyto"},
}

var htmlAlign = [...]string{Start: "", Centre: "doc-centre", End: "doc-end"}

// text escapes and turns line ends into breaks.
func (h *htmlWriter) text(s string) {
	h.b.WriteString(strings.ReplaceAll(html.EscapeString(s), "\n", "<br>"))
}

func (h *htmlWriter) part(p part, ruled bool) error {
	switch p.role {
	case roleGrid:
		h.grid(p.grid)
	case roleAttachments:
		h.b.WriteString("<div class=\"doc-attachments\">")
		for i := 0; i < len(p.lines); i += 3 {
			h.b.WriteString("<p><span>")
			h.text(p.lines[i])
			h.b.WriteString("</span><span>")
			h.text(p.lines[i+1])
			if p.lines[i+2] != "" {
				h.b.WriteString("<br><small>")
				h.text(p.lines[i+2])
				h.b.WriteString("</small>")
			}
			h.b.WriteString("</span></p>\n")
		}
		h.b.WriteString("</div>\n")
	case roleSignature:
		h.b.WriteString("<div class=\"doc-signature\">")
		for i, l := range p.lines {
			if l != "" {
				fmt.Fprintf(&h.b, "<p class=\"doc-%s\">", [...]string{"seal", "organ", "date"}[i])
				h.text(l)
				h.b.WriteString("</p>")
			}
		}
		h.b.WriteString("</div>\n")
	case roleCheck:
		return h.check(p)
	case rolePrinter:
		h.b.WriteString("<p class=\"doc-printer\"><span>")
		h.text(p.lines[0])
		h.b.WriteString("</span> <span>")
		h.text(p.lines[1])
		h.b.WriteString("</span></p>\n")
	default:
		t := htmlTags[p.role]
		class := t[1]
		if p.role == roleFlush && p.align != Start {
			class += " " + htmlAlign[p.align]
		}
		if ruled && p.role <= roleSignatory {
			class += " doc-ruled"
		}
		fmt.Fprintf(&h.b, "<%s class=\"%s\">", t[0], class)
		for _, s := range p.spans {
			h.span(s)
		}
		fmt.Fprintf(&h.b, "</%s>\n", t[0])
	}
	return nil
}

func (h *htmlWriter) span(s run) {
	switch {
	case s.clause != "":
		fmt.Fprintf(&h.b, "<cite data-clause=\"%s\">", html.EscapeString(s.clause))
		h.text(s.text)
		h.b.WriteString("</cite>")
	case s.strong:
		h.b.WriteString("<strong>")
		h.text(s.text)
		h.b.WriteString("</strong>")
	default:
		h.text(s.text)
	}
}

func (h *htmlWriter) grid(g *grid) {
	class := "doc-table"
	switch {
	case g.keys && g.ruled:
		class = "doc-form"
	case g.keys:
		class = "doc-plain"
	case !g.head:
		class = "doc-parties"
	}
	fmt.Fprintf(&h.b, "<table class=\"%s\">\n", class)
	if g.ruled { // the columns of the files, so that the preview breaks lines where they do
		h.b.WriteString("<colgroup>")
		for _, w := range gridWidths(g, size5) {
			fmt.Fprintf(&h.b, "<col width=\"%.1f%%\">", float64(w)/float64(twips(textWidth))*100)
		}
		h.b.WriteString("</colgroup>\n")
	}
	if g.head {
		h.b.WriteString("<thead><tr>")
		for _, c := range g.cols {
			h.b.WriteString("<th scope=\"col\">")
			h.text(c.Title)
			h.b.WriteString("</th>")
		}
		h.b.WriteString("</tr></thead>\n")
	}
	h.b.WriteString("<tbody>\n")
	for _, r := range g.rows {
		h.row(g, r, "")
	}
	// Totals belong to the body: a browser repeats a foot on every printed page.
	for _, r := range g.totals {
		h.row(g, r, " class=\"doc-total\"")
	}
	for _, f := range g.foot {
		fmt.Fprintf(&h.b, "<tr class=\"doc-foot\"><td colspan=\"%d\">", len(g.cols))
		h.text(f)
		h.b.WriteString("</td></tr>\n")
	}
	h.b.WriteString("</tbody>\n</table>\n")
}

func (h *htmlWriter) row(g *grid, cells []string, attr string) {
	fmt.Fprintf(&h.b, "<tr%s>", attr)
	for i, c := range cells {
		open, end := "<td>", "</td>"
		if g.keys && i%2 == 0 {
			open, end = "<th scope=\"row\">", "</th>"
		} else if a := htmlAlign[g.cols[i].Align]; a != "" {
			open = "<td class=\"" + a + "\">"
		}
		h.b.WriteString(open)
		h.text(c)
		h.b.WriteString(end)
	}
	h.b.WriteString("</tr>\n")
}

func (h *htmlWriter) check(p part) error {
	code, err := qr.Encode(p.qr, qr.M)
	if err != nil {
		return &Invalid{"check", "the address does not fit a QR code"}
	}
	const quiet = 2
	side := code.Size + 2*quiet
	fmt.Fprintf(&h.b, "<section class=\"doc-check\"><svg role=\"img\" aria-label=\"%s\" viewBox=\"0 0 %d %d\" width=\"25mm\" height=\"25mm\" shape-rendering=\"crispEdges\"><path d=\"",
		html.EscapeString("二维码，"+p.lines[0]), side, side)
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			n := 0
			for x+n < code.Size && code.Black(x+n, y) {
				n++
			}
			if n > 0 {
				fmt.Fprintf(&h.b, "M%d %dh%dv1h-%dz", x+quiet, y+quiet, n, n)
				x += n
			}
		}
	}
	h.b.WriteString("\"/></svg><div>")
	for i, l := range p.lines {
		open, end := "<p>", "</p>"
		if i > 0 { // a digest has to fit its line
			open, end = "<p><small>", "</small></p>"
		}
		h.b.WriteString(open)
		h.text(l)
		h.b.WriteString(end)
	}
	h.b.WriteString("</div></section>\n")
	return nil
}

// Stylesheet is the style of HTML: the sheet of paper on screen, and print rules with the margins of GB/T 9704, page
// numbers outside by turns, repeated table heads and unbroken signatures.
const Stylesheet = `.doc{max-width:156mm;margin:0 auto;padding:20mm 26mm 20mm 28mm;background:#fff;color:#000;font-family:FangSong,"仿宋_GB2312","Noto Serif CJK SC","Songti SC",SimSun,serif;font-size:16pt;line-height:29pt;text-align:justify;overflow-wrap:break-word;line-break:strict}
.doc-table,.doc-form{table-layout:fixed}
.doc p,.doc h1,.doc h2,.doc h3,.doc h4,.doc h5{margin:0;padding:0;font-size:inherit;font-weight:normal}
.doc-statement,.doc-history{font-size:12pt;line-height:21pt}
.doc-certificate{font-size:14pt;line-height:27pt;outline:3pt double #c81010;outline-offset:-8mm}
.doc .doc-masthead{margin-top:35mm;color:#c81010;font:bold 36pt/1.2 "方正小标宋简体","Noto Serif CJK SC",SimSun,serif;letter-spacing:.1em;text-align:center}
.doc .doc-number{text-align:center}
.doc .doc-masthead+.doc-number{margin-top:58pt}
.doc .doc-signatory{text-align:right;padding-right:1em}
.doc .doc-ruled{padding-bottom:4mm;border-bottom:1.5pt solid #c81010}
.doc .doc-title{margin:1.2em 0 .8em;font:bold 22pt/1.5 "方正小标宋简体","Noto Serif CJK SC",SimSun,serif;text-align:center;text-wrap:balance}
.doc-statement .doc-title,.doc-history .doc-title{margin-top:0;font-size:18pt}
.doc-certificate .doc-title{font-size:26pt}
.doc .doc-h1{font-family:SimHei,"黑体","Noto Sans CJK SC",sans-serif;text-indent:2em;break-after:avoid}
.doc .doc-h2{font-family:KaiTi,"楷体_GB2312","Noto Serif CJK SC",serif;font-weight:bold;text-indent:2em;break-after:avoid}
.doc .doc-h3,.doc .doc-h4{text-indent:2em;break-after:avoid}
.doc .doc-body,.doc-decision .doc-note,.doc-announcement .doc-note,.doc-circular .doc-note,.doc-report .doc-note{text-indent:2em}
.doc-statement .doc-note,.doc-history .doc-note{font-size:10.5pt}
.doc .doc-centre{text-align:center}
.doc .doc-end{text-align:right}
.doc td.doc-end{white-space:nowrap}
.doc strong{font-family:SimHei,"黑体","Noto Sans CJK SC",sans-serif}
.doc cite{font-style:normal}
.doc .doc-caption{margin-top:.5em;text-align:center;font-weight:bold;font-size:14pt;break-after:avoid}
.doc .doc-unit{text-align:right;font-size:10.5pt;break-after:avoid}
.doc table{width:100%;margin:.3em 0 .6em;border-collapse:collapse;font-size:10pt;line-height:1.4;text-align:left}
.doc-table th,.doc-table td,.doc-form th,.doc-form td{padding:2pt 2.5pt;border:.5pt solid #000}
.doc-table thead{display:table-header-group}
.doc-table th{background:#f2f2f2;text-align:center}
.doc-form th{background:#f2f2f2;text-align:left}
.doc tr{break-inside:avoid}
.doc-total{font-weight:bold;break-before:avoid}
.doc-foot{break-before:avoid}
.doc .doc-plain{width:auto;margin-left:2em;font-size:inherit;line-height:inherit}
.doc-plain th{padding-right:1em;text-align:left}
.doc .doc-parties{margin-top:2em;font-size:14pt;line-height:29pt;break-inside:avoid;break-before:avoid}
.doc-parties td{width:50%;vertical-align:top}
.doc .doc-attachments{margin-top:1em}
.doc-attachments p{display:flex;padding-left:2em}
.doc-attachments p>span:first-child{flex:0 0 3em}
.doc-attachments small{font-size:7.5pt;line-height:1.5}
.doc .doc-signature{width:fit-content;margin:1em 2em 1em auto;padding-right:2em;text-align:center;break-inside:avoid;break-before:avoid}
.doc-signature .doc-seal{font-size:10.5pt;color:#606060}
.doc .doc-annex{break-before:page;font-family:SimHei,"黑体","Noto Sans CJK SC",sans-serif}
.doc .doc-annex-title{margin:1em 0;font:bold 22pt/1.5 "方正小标宋简体","Noto Serif CJK SC",SimSun,serif;text-align:center}
.doc .doc-check{display:flex;gap:4mm;align-items:center;margin-top:1em;padding-top:3mm;border-top:.5pt solid #606060;font-size:9pt;line-height:1.5;text-align:left;break-inside:avoid;break-before:avoid}
.doc-check small{font-size:7.5pt}
.doc-check svg{flex:none}
.doc .doc-printed{margin-top:.5em;break-before:avoid;font-size:9pt;line-height:1.5;color:#606060}
.doc .doc-copyto{margin-top:2em;padding:0 1em 0 4em;border-top:1pt solid #000;font-size:14pt;text-indent:-3em}
.doc .doc-printer{display:flex;justify-content:space-between;padding:0 1em;border-top:.7pt solid #000;border-bottom:1pt solid #000;font-size:14pt}
@media print{.doc{max-width:none;padding:0}.doc-certificate{outline:none}}
@page{size:A4;margin:37mm 26mm 35mm 28mm}
@page :right{@bottom-right{content:"— " counter(page) " —";font-size:14pt}}
@page :left{@bottom-left{content:"— " counter(page) " —";font-size:14pt}}
`
