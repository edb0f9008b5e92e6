package docs

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// role is what a part is in the document; each back end decides how a role looks.
type role int

const (
	roleMasthead role = iota // 发文机关标志
	roleNumber
	roleSignatory
	roleTitle
	roleAddressee
	roleHeading1
	roleHeading2
	roleHeading3
	roleHeading4
	roleBody  // indented two characters
	roleFlush // body without indent
	roleCaption
	roleUnit
	roleGrid // a table, a form or the signature page of an agreement
	roleAttachments
	roleSignature
	roleNote
	roleAnnexNo // begins a new page
	roleAnnexTitle
	roleCheck
	rolePrinted
	roleCopyTo
	rolePrinter
)

// part is one piece of a laid-out document: the only thing the back ends read. Its text is final: numbered, cleaned,
// dated. Exactly one of spans, grid and lines is set.
type part struct {
	role  role
	spans []run
	align Align
	grid  *grid
	lines []string // Attachments: label, name, digest triples; Signature: seal, organ, date; Printer: left, right
	qr    string   // Check: what the QR code holds
}

// run is a cleaned span.
type run struct {
	text   string
	strong bool
	clause string // clause id of a citation
}

// grid is a table in its printed form. Cells may hold line ends.
type grid struct {
	cols   []Column
	head   bool // print cols' titles, again on every page
	rows   [][]string
	totals [][]string
	foot   []string
	keys   bool // even columns are labels
	ruled  bool
}

// Invalid says which element of a document or sheet cannot be printed. It is a mistake of the caller, not of a user.
type Invalid struct{ Element, Reason string }

func (e *Invalid) Error() string { return "docs: " + e.Element + ": " + e.Reason }

// Text is the document's whole text in reading order, one line per element, cells separated by tabs. Every output of the
// document holds exactly these characters, white space aside; page numbers and repeated table heads come on top.
// A document that cannot be printed gives "".
func Text(d Document) string {
	parts, err := d.parts()
	if err != nil {
		return ""
	}
	var b strings.Builder
	for _, p := range parts {
		p.writeText(&b)
	}
	return b.String()
}

// ContentDigest is the hexadecimal SHA-256 of the document's Text without Check and Printed: what stays the same for every
// print-out. It returns *Invalid for a document that cannot be printed.
func ContentDigest(d Document) (string, error) {
	d.Check, d.Printed = nil, ""
	if _, err := d.parts(); err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(Text(d)))
	return hex.EncodeToString(sum[:]), nil
}

func (p part) writeText(b *strings.Builder) {
	for _, s := range p.spans {
		b.WriteString(s.text)
	}
	if p.grid != nil {
		for i, row := range p.grid.allRows() {
			if i > 0 {
				b.WriteByte('\n')
			}
			b.WriteString(strings.Join(row, "\t"))
		}
	}
	for i, l := range p.lines {
		if i > 0 && l != "" {
			b.WriteByte('\n')
		}
		b.WriteString(l)
	}
	b.WriteByte('\n')
}

// allRows is every printed row in order, the head included once.
func (g *grid) allRows() [][]string {
	var rows [][]string
	if g.head {
		rows = append(rows, g.titles())
	}
	rows = append(rows, g.rows...)
	rows = append(rows, g.totals...)
	for _, f := range g.foot {
		rows = append(rows, []string{f})
	}
	return rows
}

func (g *grid) titles() []string {
	t := make([]string, len(g.cols))
	for i, c := range g.cols {
		t[i] = c.Title
	}
	return t
}

// parts lays the model out as a list; it returns *Invalid when something cannot be printed.
func (d Document) parts() ([]part, error) {
	look, ok := looks[d.Kind]
	if !ok {
		return nil, &Invalid{"kind", fmt.Sprintf("unknown kind %q", d.Kind)}
	}
	if clean(d.Title) == "" {
		return nil, &Invalid{"title", "is empty"}
	}
	f := &flow{}
	if look.redHead && clean(d.Organ) != "" {
		mark := d.Organ
		if d.Kind == Decision || d.Kind == Circular {
			mark += "文件"
		}
		f.line(roleMasthead, Centre, mark)
	}
	if look.redHead {
		f.line(roleNumber, Centre, d.Number)
		if d.Signatory != "" {
			f.line(roleSignatory, End, "签发人："+d.Signatory)
		}
	}
	f.text(roleTitle, Centre, d.Title)
	if !look.redHead {
		number := d.Number
		if clean(number) != "" && d.Kind != Report {
			number = "编号：" + number
		}
		f.line(roleNumber, Centre, number)
		if d.Kind == Report || d.Kind == Statement {
			f.line(roleNumber, Centre, d.Organ)
		}
	}
	if a := clean(d.Addressee); a != "" {
		f.line(roleAddressee, Start, strings.TrimRight(a, "：:")+"：")
	}
	for i, b := range d.Blocks {
		if err := f.block(b); err != nil {
			err.Element = fmt.Sprintf("block %d: %s", i+1, err.Element)
			return nil, err
		}
	}
	if v := d.Check; v != nil {
		p := part{role: roleCheck, qr: clean(v.URL)}
		for _, l := range [][2]string{{"核验编号：", v.No}, {"内容摘要（SHA-256）：", v.Digest}, {"核验地址：", v.URL}} {
			if t := clean(l[1]); t != "" {
				p.lines = append(p.lines, l[0]+t)
			}
		}
		if p.qr == "" || len(p.lines) == 0 {
			return nil, &Invalid{"check", "needs a number and an address"}
		}
		f.add(p)
	}
	f.text(rolePrinted, Start, d.Printed)
	if c := d.Colophon; c != nil {
		if to := strings.TrimRight(clean(c.CopyTo), "。"); to != "" {
			f.line(roleCopyTo, Start, "抄送："+to+"。")
		}
		if by := clean(c.PrintedBy); by != "" || !c.PrintedOn.IsZero() {
			on := ""
			if !c.PrintedOn.IsZero() {
				on = c.PrintedOn.Chinese() + "印发"
			}
			f.add(part{role: rolePrinter, lines: []string{by, on}})
		}
	}
	return f.parts, nil
}

// flow collects parts and carries the heading numbers.
type flow struct {
	parts []part
	count [5]int
}

func (f *flow) add(p part) { f.parts = append(f.parts, p) }

// line adds text as one line of its role; an empty text adds nothing.
func (f *flow) line(r role, a Align, text string) {
	if t := strings.ReplaceAll(clean(text), "\n", " "); t != "" {
		f.add(part{role: r, align: a, spans: []run{{text: t}}})
	}
}

// text adds text that may hold line ends.
func (f *flow) text(r role, a Align, text string) {
	if t := clean(text); t != "" {
		f.add(part{role: r, align: a, spans: []run{{text: t}}})
	}
}

func (f *flow) block(b Block) *Invalid {
	switch b := b.(type) {
	case Heading:
		return f.heading(b)
	case Paragraph:
		f.paragraph(b)
	case Table:
		return f.table(b)
	case KeyValues:
		return f.pairs(b)
	case Basis:
		if len(b.Citations) == 0 {
			return &Invalid{"basis", "cites nothing"}
		}
		p := Paragraph{Spans: []Span{{Text: "依据："}}}
		for i, c := range b.Citations {
			if i > 0 {
				p.Spans = append(p.Spans, Span{Text: "；"})
			}
			p.Spans = append(p.Spans, Span{Cite: c, bare: true})
		}
		p.Spans = append(p.Spans, Span{Text: "。"})
		f.paragraph(p)
	case Attachments:
		return f.attachments(b)
	case Signature:
		organ := clean(b.Organ)
		if organ == "" {
			return &Invalid{"signature", "has no organ"}
		}
		seal := ""
		if b.Seal {
			seal = "（印章处）"
		}
		f.add(part{role: roleSignature, align: End, lines: []string{seal, organ, signDate(b.Date)}})
	case Parties:
		return f.parties(b)
	case Note:
		f.text(roleNote, Start, b.Text)
	case Annex:
		f.line(roleAnnexNo, Start, "附件"+strconv.Itoa(b.No))
		f.text(roleAnnexTitle, Centre, b.Title)
		f.count = [5]int{}
	default:
		return &Invalid{"block", fmt.Sprintf("%T is not printable", b)}
	}
	return nil
}

func (f *flow) heading(h Heading) *Invalid {
	if h.Level < 1 || h.Level > 4 {
		return &Invalid{"heading", fmt.Sprintf("level %d is not 1 to 4", h.Level)}
	}
	text := strings.ReplaceAll(clean(h.Text), "\n", " ")
	if text == "" {
		return &Invalid{"heading", "is empty"}
	}
	if !h.Plain {
		f.count[h.Level]++
		for l := h.Level + 1; l < len(f.count); l++ {
			f.count[l] = 0
		}
		text = headingNumber(h.Level, f.count[h.Level]) + text
	}
	f.line(roleHeading1+role(h.Level-1), Start, text)
	return nil
}

func (f *flow) paragraph(p Paragraph) {
	r := roleBody
	if p.Flush || p.Align != Start {
		r = roleFlush
	}
	cur := part{role: r, align: p.Align}
	flush := func() {
		if len(cur.spans) > 0 {
			f.add(cur)
		}
		cur = part{role: r, align: p.Align}
	}
	for _, s := range p.Spans {
		if s.Cite != (Citation{}) {
			c := Citation{ID: oneLine(s.Cite.ID), Source: oneLine(s.Cite.Source)}
			t := c.String()
			if c.Source != "" && !s.bare {
				t = "（" + t + "）"
			}
			if t != "" {
				cur.spans = append(cur.spans, run{text: t, clause: c.ID})
			}
			continue
		}
		for i, l := range strings.Split(cleanInner(s.Text), "\n") {
			if i > 0 {
				flush()
			}
			if l != "" {
				cur.spans = append(cur.spans, run{text: l, strong: s.Strong})
			}
		}
	}
	flush()
}

func (f *flow) table(t Table) *Invalid {
	if len(t.Columns) == 0 {
		return &Invalid{"table", "has no columns"}
	}
	g := &grid{head: true, ruled: true}
	for _, c := range t.Columns {
		if c.Width < 0 {
			return &Invalid{"table", "has a column of negative width"}
		}
		g.cols = append(g.cols, Column{clean(c.Title), c.Width, c.Align})
	}
	var bad *Invalid
	copyRows := func(what string, rows [][]string) [][]string {
		var out [][]string
		for i, r := range rows {
			if len(r) != len(t.Columns) && bad == nil {
				bad = &Invalid{"table", fmt.Sprintf("%s %d has %d cells for %d columns", what, i+1, len(r), len(t.Columns))}
			}
			out = append(out, cleanAll(r))
		}
		return out
	}
	g.rows = copyRows("row", t.Rows)
	g.totals = copyRows("total", t.Totals)
	if bad != nil {
		return bad
	}
	g.foot = cleanAll(t.Foot)
	f.text(roleCaption, Centre, t.Caption)
	f.line(roleUnit, End, t.Unit)
	f.add(part{role: roleGrid, grid: g})
	return nil
}

func (f *flow) pairs(k KeyValues) *Invalid {
	per := max(k.PerRow, 1)
	if per > 2 {
		return &Invalid{"key values", "has more than two pairs to a row"}
	}
	if len(k.Pairs) == 0 {
		return &Invalid{"key values", "is empty"}
	}
	g := &grid{keys: true, ruled: !k.Unruled}
	for range per {
		g.cols = append(g.cols, Column{}, Column{})
	}
	for i := 0; i < len(k.Pairs); i += per {
		row := make([]string, 0, 2*per)
		for j := i; j < i+per; j++ {
			p := Pair{}
			if j < len(k.Pairs) {
				p = k.Pairs[j]
			}
			row = append(row, clean(p.Key), clean(p.Value))
		}
		g.rows = append(g.rows, row)
	}
	f.add(part{role: roleGrid, grid: g})
	return nil
}

func (f *flow) attachments(a Attachments) *Invalid {
	p := part{role: roleAttachments}
	for i, it := range a.Items {
		label, name := "", oneLine(it.Name)
		if name == "" {
			return &Invalid{"attachments", fmt.Sprintf("item %d has no name", i+1)}
		}
		if i == 0 {
			label = "附件："
		}
		if len(a.Items) > 1 {
			name = strconv.Itoa(i+1) + ". " + name
		}
		digest := ""
		if d := oneLine(it.Digest); d != "" {
			digest = "（SHA-256：" + d + "）"
		}
		p.lines = append(p.lines, label, name, digest)
	}
	if len(p.lines) == 0 {
		return &Invalid{"attachments", "is empty"}
	}
	f.add(p)
	return nil
}

func (f *flow) parties(p Parties) *Invalid {
	if len(p.Items) == 0 {
		return &Invalid{"parties", "is empty"}
	}
	g := &grid{cols: []Column{{Width: 1}, {Width: 1}}}
	for i := 0; i < len(p.Items); i += 2 {
		row := []string{"", ""}
		for j := i; j < min(i+2, len(p.Items)); j++ {
			it := p.Items[j]
			row[j-i] = oneLine(it.Label) + "（盖章）：" + oneLine(it.Organ) +
				"\n代表人（签字）：" + oneLine(it.Person) + "\n日期：" + signDate(it.Date)
		}
		g.rows = append(g.rows, row)
	}
	f.add(part{role: roleGrid, grid: g})
	return nil
}
