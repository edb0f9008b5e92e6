// Package docs turns one document model into HTML, PDF, DOCX and plain text, and typed rows into XLSX.
//
// Every back end draws the same parts (see parts.go), so a preview, a file for signing and an archive copy say the
// same characters in the same order. The package holds no noun of the plan: organs, numbers, clauses and amounts
// arrive as text.
package docs

import "pado/core/calendar"

// Kind says which form of document is laid out. The values are stored by callers and stay as they are.
type Kind string

const (
	Decision     Kind = "decision"     // 决定、批复：公文 with a red head
	Announcement Kind = "announcement" // 公告、公示：公文 with a red head
	Circular     Kind = "circular"     // 通知：公文 with a red head
	Report       Kind = "report"       // 报告：公文 body without a red head
	Statement    Kind = "statement"    // 对账单：compact, tables
	Certificate  Kind = "certificate"  // 证书、回执：one framed page
	History      Kind = "history"      // 办理过程：compact, tables
)

// Document is one official paper or print-out. The zero value of every optional field leaves the element out.
//
// Text may hold any Unicode; line ends in Title, Paragraph and table cells are honoured, other control and bidirectional
// formatting characters are dropped the same way in every output.
type Document struct {
	Kind      Kind
	Organ     string // 发文机关, full name; Decision and Circular print it with 文件 in the red head
	Number    string // 文号, or the number of a statement or certificate
	Signatory string // 签发人, on papers that go to a superior organ
	Title     string // required; a line end is a wanted line break
	Addressee string // 主送机关, without the colon
	Blocks    []Block
	Colophon  *Colophon     // 版记
	Check     *Verification // number, digest and QR for checking a print-out
	Printed   string        // who printed it and when, for print-outs of cases and tables
}

// Colophon is 版记 at the foot of the last page.
type Colophon struct {
	CopyTo    string        // 抄送机关
	PrintedBy string        // 印发机关
	PrintedOn calendar.Date // 印发日期
}

// Verification lets a reader check a print-out. Digest is printed as given; ContentDigest computes a fitting one.
type Verification struct {
	No     string
	Digest string // hexadecimal SHA-256
	URL    string // what the QR code holds: the address of the verification page for No
}

// Block is one element of a document's body: Heading, Paragraph, Table, KeyValues, Basis, Attachments, Signature,
// Parties, Note or Annex.
type Block interface{ isBlock() }

// Heading opens a section. Levels 1 to 4 are numbered 一、（一）1.（1） by the package, each level restarting under the
// level above; Plain leaves the number out.
type Heading struct {
	Level int
	Text  string
	Plain bool
}

// Paragraph is body text. A line end inside it starts a new paragraph.
type Paragraph struct {
	Spans []Span
	Flush bool // no indent of two characters
	Align Align
}

// Span is a stretch of text of one kind.
type Span struct {
	Text   string
	Strong bool
	Cite   Citation // when set, Text is ignored and the citation is printed, in brackets if it names a source
	bare   bool     // without these brackets
}

// Citation names the clause something rests on. It prints as "Source〔ID〕", or the one that is given.
type Citation struct {
	ID     string // clause id, for example "6.3.2"
	Source string // the norm and place in words, for example 《实施方案》六（三）
}

// Align is the horizontal position of text. Table columns default to left, paragraphs to justified.
type Align int

const (
	Start Align = iota
	Centre
	End
)

// Table is a ruled table. Its head repeats on every page; a row is kept whole where a page can hold it.
// Every row of Rows and Totals has as many cells as there are columns.
type Table struct {
	Caption string
	Unit    string // for example 单位：元; printed above the right edge
	Columns []Column
	Rows    [][]string
	Totals  [][]string // printed in bold and kept with the last row
	Foot    []string   // full-width rows, for example the amount in words; kept with the totals
}

// Column describes one table column. Width is a share of the table; when every width is 0 the contents decide.
type Column struct {
	Title string
	Width float64
	Align Align
}

// KeyValues is a form of labels and values, one or two pairs to a row.
type KeyValues struct {
	Pairs   []Pair
	PerRow  int  // 1 (default) or 2
	Unruled bool // without lines, for certificates
}

// Pair is one label with its value.
type Pair struct{ Key, Value string }

// Basis lists the clauses a document rests on, as its own paragraph.
type Basis struct{ Citations []Citation }

// Attachments is the list 附件 between text and signature.
type Attachments struct{ Items []Attachment }

// Attachment names one annex; Digest, when given, is printed below the name.
type Attachment struct{ Name, Digest string }

// Signature is 署名 and 成文日期. It never stands alone on a page. Seal prints the words 印章处, never a picture of a seal.
type Signature struct {
	Organ string
	Date  calendar.Date // 成文日期; none leaves a blank to fill in by hand
	Seal  bool
}

// Parties is the signature page of an agreement: the parties beside each other, two to a row.
type Parties struct{ Items []Party }

// Party is one signing party. Person and Date are left blank on paper when empty.
type Party struct {
	Label  string // 甲方
	Organ  string
	Person string // 法定代表人或授权代表的姓名
	Date   calendar.Date
}

// Note is a remark in smaller type: 附注, 说明, 打印说明.
type Note struct{ Text string }

// Annex starts annex No on a new page, with its title.
type Annex struct {
	No    int
	Title string
}

func (Heading) isBlock()     {}
func (Paragraph) isBlock()   {}
func (Table) isBlock()       {}
func (KeyValues) isBlock()   {}
func (Basis) isBlock()       {}
func (Attachments) isBlock() {}
func (Signature) isBlock()   {}
func (Parties) isBlock()     {}
func (Note) isBlock()        {}
func (Annex) isBlock()       {}

// P makes a paragraph of one plain span.
func P(text string) Paragraph { return Paragraph{Spans: []Span{{Text: text}}} }

// Cite makes a span that cites a clause.
func Cite(id, source string) Span { return Span{Cite: Citation{ID: id, Source: source}} }

// String is the printed form.
func (c Citation) String() string {
	switch {
	case c.ID == "":
		return c.Source
	case c.Source == "":
		return "〔" + c.ID + "〕"
	}
	return c.Source + "〔" + c.ID + "〕"
}
