package docs

import (
	"fmt"
	"math"
	"strings"
)

// The fixed parts of a word-processor file, and its styles by kind of document.

const (
	xmlHead = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"
	wordNS  = `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"`

	officeRel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
	wordType  = "application/vnd.openxmlformats-officedocument.wordprocessingml."

	docxTypes = xmlHead + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Default Extension="png" ContentType="image/png"/>` +
		`<Override PartName="/word/document.xml" ContentType="` + wordType + `document.main+xml"/>` +
		`<Override PartName="/word/styles.xml" ContentType="` + wordType + `styles+xml"/>` +
		`<Override PartName="/word/fontTable.xml" ContentType="` + wordType + `fontTable+xml"/>` +
		`<Override PartName="/word/settings.xml" ContentType="` + wordType + `settings+xml"/>` +
		`<Override PartName="/word/footerOdd.xml" ContentType="` + wordType + `footer+xml"/>` +
		`<Override PartName="/word/footerEven.xml" ContentType="` + wordType + `footer+xml"/>` +
		`<Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>`

	docxRels = xmlHead + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="` + officeRel + `officeDocument" Target="word/document.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/></Relationships>`

	// Odd and even pages carry their number on different sides.
	docxSettings = xmlHead + `<w:settings ` + wordNS + `><w:evenAndOddHeaders/><w:characterSpacingControl w:val="doNotCompress"/><w:compat><w:compatSetting w:name="compatibilityMode" w:uri="http://schemas.microsoft.com/office/word" w:val="15"/></w:compat></w:settings>`
)

func docxDocRels(picture bool) string {
	var b strings.Builder
	b.WriteString(xmlHead + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`)
	rel := func(id, kind, target string) {
		fmt.Fprintf(&b, `<Relationship Id="%s" Type="%s%s" Target="%s"/>`, id, officeRel, kind, target)
	}
	rel("rIdStyles", "styles", "styles.xml")
	rel("rIdFonts", "fontTable", "fontTable.xml")
	rel("rIdSettings", "settings", "settings.xml")
	rel("rIdOdd", "footer", "footerOdd.xml")
	rel("rIdEven", "footer", "footerEven.xml")
	if picture {
		rel("rIdCheck", "image", "media/check.png")
	}
	b.WriteString("</Relationships>")
	return b.String()
}

// docxFooter is the page number between dashes, one character from the outer edge.
func docxFooter(side string) string {
	return xmlHead + `<w:ftr ` + wordNS + `><w:p><w:pPr><w:pStyle w:val="Footer"/><w:jc w:val="` + side + `"/></w:pPr>` +
		`<w:r><w:t xml:space="preserve">— </w:t></w:r><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve"> PAGE </w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>1</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r><w:r><w:t xml:space="preserve"> —</w:t></w:r></w:p></w:ftr>`
}

// document wraps the body: A4 with the margins of GB/T 9704.
func (x *docx) document() string {
	border := ""
	if x.look.frame {
		for _, side := range []string{"top", "left", "bottom", "right"} {
			border += fmt.Sprintf(`<w:%s w:val="thickThinSmallGap" w:sz="24" w:space="20" w:color="C81010"/>`, side)
		}
		border = `<w:pgBorders w:offsetFrom="text">` + border + `</w:pgBorders>`
	}
	return xmlHead + `<w:document ` + wordNS + "><w:body>\n" + x.b.String() +
		fmt.Sprintf(`<w:sectPr><w:footerReference w:type="default" r:id="rIdOdd"/><w:footerReference w:type="even" r:id="rIdEven"/><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="%d" w:right="%d" w:bottom="%d" w:left="%d" w:header="851" w:footer="%d" w:gutter="0"/>%s</w:sectPr>`,
			twips(marginTop), twips(marginRight), twips(marginBottom), twips(marginLeft), twips(26*mm), border) +
		"</w:body></w:document>"
}

// docxFonts names the fonts with an everyday substitute each.
var docxFonts = func() string {
	var b strings.Builder
	b.WriteString(xmlHead + `<w:fonts ` + wordNS + `>`)
	for _, f := range [][2]string{{"仿宋_GB2312", "仿宋"}, {"方正小标宋简体", "宋体"}, {"黑体", "SimHei"}, {"楷体_GB2312", "楷体"}} {
		fmt.Fprintf(&b, `<w:font w:name="%s"><w:altName w:val="%s"/><w:charset w:val="86"/><w:family w:val="modern"/></w:font>`, f[0], f[1])
	}
	b.WriteString(`<w:font w:name="Times New Roman"><w:charset w:val="00"/><w:family w:val="roman"/></w:font></w:fonts>`)
	return b.String()
}()

// docxStyles derives the styles from the look of the kind.
func docxStyles(k look) string {
	var b strings.Builder
	font := func(asia string) string {
		return `<w:rFonts w:ascii="Times New Roman" w:hAnsi="Times New Roman" w:cs="Times New Roman" w:eastAsia="` + asia + `"/>`
	}
	size := func(pt float64) string {
		return fmt.Sprintf(`<w:sz w:val="%d"/><w:szCs w:val="%d"/>`, int(pt*2+0.5), int(pt*2+0.5))
	}
	exact := func(pt float64) string {
		return fmt.Sprintf(`<w:spacing w:line="%d" w:lineRule="exact"/>`, twips(pt))
	}
	before := func(before, after, line float64) string {
		return fmt.Sprintf(`<w:spacing w:before="%d" w:after="%d" w:line="%d" w:lineRule="exact"/>`, twips(before), twips(after), twips(line))
	}
	indent := fmt.Sprintf(`<w:ind w:firstLineChars="200" w:firstLine="%d"/>`, twips(2*k.body))
	const (
		fang  = "仿宋_GB2312"
		song  = "方正小标宋简体"
		black = "黑体"
		kai   = "楷体_GB2312"
		red   = `<w:color w:val="C81010"/>`
		dim   = `<w:color w:val="606060"/>`
		mid   = `<w:jc w:val="center"/>`
		right = `<w:jc w:val="right"/>`
		left  = `<w:jc w:val="left"/>`
		keep  = `<w:keepNext/>`
		off   = `<w:snapToGrid w:val="0"/>`
	)
	b.WriteString(xmlHead + `<w:styles ` + wordNS + `><w:docDefaults><w:rPrDefault><w:rPr>` + font(fang) + size(k.body) + `<w:lang w:val="en-US" w:eastAsia="zh-CN"/></w:rPr></w:rPrDefault><w:pPrDefault><w:pPr>` +
		exact(k.pitch) + `</w:pPr></w:pPrDefault></w:docDefaults>` +
		`<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/><w:pPr><w:jc w:val="both"/></w:pPr></w:style>`)
	style := func(id, name, para, run string) {
		fmt.Fprintf(&b, `<w:style w:type="paragraph" w:styleId="%s"><w:name w:val="%s"/><w:basedOn w:val="Normal"/><w:qFormat/><w:pPr>%s</w:pPr><w:rPr>%s</w:rPr></w:style>`, id, name, inOrder(para), run)
	}
	// 22 exact lines and, by tightening, 28 characters to a line of official papers. The format's own character grid is
	// read differently by different programs.
	tight := ""
	if k.body == size3 {
		tight = fmt.Sprintf(`<w:spacing w:val="%d"/>`, int(math.Floor(tracking(size3)*20)))
	}
	number, gap := mid, 2*k.pitch
	if !k.redHead {
		gap = 0
	}
	style("Masthead", "Masthead", keep+before(35*mm, 0, 54)+mid, font(song)+`<w:b/>`+red+size(size0Minor))
	style("Number", "Number", keep+before(gap, 0, k.pitch)+number, size(k.body))
	style("Signatory", "Signatory", keep+right, size(k.body))
	style("Title", "Title", keep+off+before(1.6*k.pitch, 0.7*k.pitch, k.title*1.5)+mid, font(song)+size(k.title))
	style("Body", "Body", indent, tight)
	style("Flush", "Flush", "", tight)
	for i, f := range []string{black, kai, fang, fang} {
		style(fmt.Sprintf("Heading%d", i+1), fmt.Sprintf("heading %d", i+1), keep+indent+fmt.Sprintf(`<w:outlineLvl w:val="%d"/>`, i), font(f))
	}
	table := k.tables[0]
	if table > size5 {
		table = size5
	}
	style("Caption", "caption", keep+off+before(6, 0, 24)+mid, font(black)+size(min(k.body, size4)))
	style("Unit", "Unit", keep+off+exact(18)+right, size(table))
	style("Cell", "Cell", off+`<w:spacing w:before="24" w:after="24" w:line="240" w:lineRule="auto"/>`+left, size(table))
	note := k.body
	if !k.redHead && !k.frame && k.body < size3 {
		note, indent = size5, ""
	}
	style("Note", "Note", indent, size(note))
	style("Signature", "Signature", right, "")
	style("Annex", "Annex", keep, font(black))
	style("Printed", "Printed", off+exact(14)+left, dim+size(size5Minor))
	style("CopyTo", "CopyTo", off+fmt.Sprintf(`<w:ind w:left="%d" w:right="%d" w:hanging="%d"/>`, twips(4*size4), twips(size4), twips(3*size4)), size(size4))
	style("Printer", "Printer", off+fmt.Sprintf(`<w:tabs><w:tab w:val="right" w:pos="%d"/></w:tabs><w:ind w:left="%d" w:right="%d"/>`, twips(textWidth-size4), twips(size4), twips(size4)), size(size4))
	style("Gap", "Gap", off+exact(8), size(2))
	style("Footer", "footer", off+fmt.Sprintf(`<w:ind w:left="%d" w:right="%d"/>`, twips(size4), twips(size4)), size(size4))
	b.WriteString(`</w:styles>`)
	return b.String()
}
