package docs

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var writers = map[string]func(io.Writer, Document) error{".html": HTML, ".pdf": PDF, ".docx": DOCX}

var (
	styleElement = regexp.MustCompile(`(?s)<style>.*?</style>`)
	anyTag       = regexp.MustCompile(`(?s)<[^>]*>`)
)

func htmlText(t testing.TB, d Document) string {
	t.Helper()
	var b bytes.Buffer
	if err := HTML(&b, d); err != nil {
		t.Fatal(err)
	}
	return squash(html.UnescapeString(anyTag.ReplaceAllString(styleElement.ReplaceAllString(b.String(), ""), "")))
}

// docxFiles parses every part of the file as XML and returns the parts.
func docxFiles(t testing.TB, d Document) map[string]string {
	t.Helper()
	var b bytes.Buffer
	if err := DOCX(&b, d); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name] = string(body)
		if strings.HasSuffix(f.Name, ".png") {
			continue
		}
		dec := xml.NewDecoder(bytes.NewReader(body))
		for {
			if _, err := dec.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
		}
	}
	return out
}

func docxText(t testing.TB, d Document) string {
	t.Helper()
	var text strings.Builder
	dec := xml.NewDecoder(strings.NewReader(docxFiles(t, d)["word/document.xml"]))
	in := false
	for {
		tok, err := dec.Token()
		if err != nil {
			return squash(text.String())
		}
		switch e := tok.(type) {
		case xml.StartElement:
			in = e.Name.Local == "t"
		case xml.EndElement:
			in = false
		case xml.CharData:
			if in {
				text.Write(e)
			}
		}
	}
}

func TestEveryOutputSaysTheSame(t *testing.T) {
	for name, d := range samples() {
		want := squash(Text(d))
		if got := htmlText(t, d); got != want {
			t.Errorf("%s: HTML says %q, want %q", name, got, want)
		}
		if got := docxText(t, d); got != want {
			t.Errorf("%s: DOCX says %q, want %q", name, got, want)
		}
	}
}

// anyDocument draws documents of every kind of block, with hostile text.
func anyDocument(t *rapid.T) Document {
	char := rapid.OneOf(rapid.SampledFrom([]rune("数据授权运营，。；“”（）〔〕—…〉、ab19-./ <>&\"'\n\t\u3000䶮𠮷%￥")), rapid.RuneFrom([]rune("\u202e\u200b\u0000\u0007\ufeff")))
	text := func(n int) string { return rapid.StringOfN(char, 0, n, -1).Draw(t, "text") }
	full := func(n int) string { return "文" + text(n) }
	d := Document{
		Kind:  rapid.SampledFrom([]Kind{Decision, Announcement, Circular, Report, Statement, Certificate, History}).Draw(t, "kind"),
		Organ: text(20), Number: text(12), Signatory: text(4), Title: full(60), Addressee: text(30), Printed: text(40),
	}
	for range rapid.IntRange(0, 12).Draw(t, "blocks") {
		switch rapid.IntRange(0, 9).Draw(t, "block") {
		case 0:
			d.Blocks = append(d.Blocks, Heading{Level: rapid.IntRange(1, 4).Draw(t, "level"), Text: full(40), Plain: rapid.Bool().Draw(t, "plain")})
		case 1:
			d.Blocks = append(d.Blocks, Paragraph{Spans: []Span{{Text: text(300)}, {Text: text(40), Strong: true}, Cite("6.1", text(9)), {Text: text(200)}}, Flush: rapid.Bool().Draw(t, "flush")})
		case 2:
			n := rapid.IntRange(1, 6).Draw(t, "columns")
			tab := Table{Caption: text(20), Unit: text(8)}
			row := func() (r []string) {
				for range n {
					r = append(r, text(rapid.SampledFrom([]int{0, 6, 60}).Draw(t, "length")))
				}
				return r
			}
			for range n {
				tab.Columns = append(tab.Columns, Column{Title: text(6), Align: Align(rapid.IntRange(0, 2).Draw(t, "align"))})
			}
			for range rapid.IntRange(0, 30).Draw(t, "rows") {
				tab.Rows = append(tab.Rows, row())
			}
			if rapid.Bool().Draw(t, "total") {
				tab.Totals, tab.Foot = [][]string{row()}, []string{text(30)}
			}
			d.Blocks = append(d.Blocks, tab)
		case 3:
			d.Blocks = append(d.Blocks, KeyValues{PerRow: rapid.IntRange(0, 2).Draw(t, "per"), Unruled: rapid.Bool().Draw(t, "plain"), Pairs: []Pair{{text(9), text(60)}, {text(9), text(60)}, {text(9), text(60)}}})
		case 4:
			d.Blocks = append(d.Blocks, Basis{Citations: []Citation{{ID: "1", Source: text(20)}, {ID: text(6)}}})
		case 5:
			d.Blocks = append(d.Blocks, Attachments{Items: []Attachment{{Name: full(60)}, {Name: full(9), Digest: strings.Repeat("0af", 21)}}})
		case 6:
			d.Blocks = append(d.Blocks, Signature{Organ: full(50), Seal: rapid.Bool().Draw(t, "seal")})
		case 7:
			d.Blocks = append(d.Blocks, Parties{Items: []Party{{Label: text(3), Organ: text(30)}, {Organ: text(9), Person: text(9)}, {Label: text(2)}}})
		case 8:
			d.Blocks = append(d.Blocks, Note{Text: text(90)})
		case 9:
			d.Blocks = append(d.Blocks, Annex{No: 1, Title: text(40)})
		}
	}
	if rapid.Bool().Draw(t, "check") {
		d.Check = &Verification{No: full(20), Digest: strings.Repeat("9c", 32), URL: "https://data.example.gov.cn/verify/" + text(10)}
	}
	if rapid.Bool().Draw(t, "colophon") {
		d.Colophon = &Colophon{CopyTo: text(90), PrintedBy: text(12)}
	}
	return d
}

func TestAnyDocumentSaysTheSameEverywhere(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := anyDocument(rt)
		want := squash(Text(d))
		if want == "" {
			rt.Fatal("no text")
		}
		if got := htmlText(t, d); got != want {
			rt.Fatalf("HTML says\n%q, want\n%q", got, want)
		}
		if got := docxText(t, d); got != want {
			rt.Fatalf("DOCX says\n%q, want\n%q", got, want)
		}
	})
}

// The same for the PDF, checked on the placed text: poppler would take too long for hundreds of documents.
func TestAnyDocumentIsPlacedWhole(t *testing.T) {
	needPDF(t)
	book, err := fonts()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		d := anyDocument(rt)
		for i, b := range d.Blocks { // a cut row's cells interleave; tested by itself
			if tab, ok := b.(Table); ok {
				tab.Rows = tab.Rows[:min(len(tab.Rows), 3)]
				d.Blocks[i] = tab
			}
		}
		parts, err := d.parts()
		if err != nil {
			rt.Fatal(err)
		}
		c := &composer{setter: &setter{book: book, missing: map[rune]bool{}}, look: looks[d.Kind]}
		boxes, err := c.compose(parts)
		if err != nil {
			rt.Fatal(err)
		}
		var set strings.Builder
		for _, b := range boxes {
			for _, o := range b.ops {
				if o.kind != opText {
					continue
				}
				set.WriteString(o.text)
				end := o.x
				for _, r := range o.text {
					_, w, _ := book.pick(o.face, r)
					end += w*o.size + o.track
				}
				if end -= o.track; o.x < -0.1 || end > textWidth+0.5 {
					rt.Errorf("%q is set from %.2f to %.2f of %.2f", o.text, o.x, end, textWidth)
				}
			}
		}
		if got, want := squash(set.String()), squash(Text(d)); got != want {
			rt.Fatalf("set is\n%q, want\n%q", got, want)
		}
		for _, p := range paginate(boxes, textHeight) {
			for _, o := range p.ops {
				if o.kind == opText && (o.y < 0 || o.y > textHeight+1) {
					rt.Errorf("%q stands at %.1f of %.1f", o.text, o.y, textHeight)
				}
			}
		}
	})
}

func TestHTMLIsInert(t *testing.T) {
	d := Document{Kind: Report, Title: `<script>alert(1)</script>`, Blocks: []Block{
		Paragraph{Spans: []Span{{Text: `a<img src=x onerror=alert(1)>`}, Cite(`6"><script>`, `<b>`)}},
		Table{Columns: []Column{{Title: `<i>`}}, Rows: [][]string{{`"><svg onload=alert(1)>`}}},
	}, Check: &Verification{No: `"><script>`, URL: "https://x.example/"}}
	var b bytes.Buffer
	if err := HTMLPage(&b, d); err != nil {
		t.Fatal(err)
	}
	if m := regexp.MustCompile(`<(script|img|b>|i>|svg on)`).FindString(b.String()); m != "" {
		t.Errorf("the page holds %q", m)
	}
	b.Reset()
	if err := HTMLBody(&b, d); err != nil || strings.Contains(b.String(), "<style") {
		t.Errorf("HTMLBody holds a style element (%v)", err)
	}
}

func TestDOCXStructure(t *testing.T) {
	f := docxFiles(t, decision())
	for _, want := range []struct{ file, text string }{
		{"word/styles.xml", `w:eastAsia="仿宋_GB2312"`}, {"word/styles.xml", `w:eastAsia="方正小标宋简体"`},
		{"word/fontTable.xml", `<w:altName w:val="仿宋"/>`}, {"word/document.xml", "<w:tblHeader/>"},
		{"word/document.xml", `<w:pgMar w:top="2098" w:right="1474" w:bottom="1984" w:left="1587"`},
		{"word/footerOdd.xml", " PAGE "}, {"word/settings.xml", "evenAndOddHeaders"},
		{"word/document.xml", `<w:pageBreakBefore/>`},
	} {
		if !strings.Contains(f[want.file], want.text) {
			t.Errorf("%s lacks %s", want.file, want.text)
		}
	}
	// Every relation leads somewhere, every part has a type.
	for _, m := range regexp.MustCompile(`Target="([^"]+)"`).FindAllStringSubmatch(f["word/_rels/document.xml.rels"], -1) {
		if f["word/"+m[1]] == "" {
			t.Errorf("relation to %s leads nowhere", m[1])
		}
	}
	for _, m := range regexp.MustCompile(`r:(?:id|embed)="([^"]+)"`).FindAllStringSubmatch(f["word/document.xml"], -1) {
		if !strings.Contains(f["word/_rels/document.xml.rels"], `Id="`+m[1]+`"`) {
			t.Errorf("relation %s is not declared", m[1])
		}
	}
	for _, m := range regexp.MustCompile(`<w:pStyle w:val="([^"]+)"`).FindAllStringSubmatch(f["word/document.xml"], -1) {
		if !strings.Contains(f["word/styles.xml"], `w:styleId="`+m[1]+`"`) {
			t.Errorf("style %s is not declared", m[1])
		}
	}
	// Paragraph properties stand in the schema's order.
	for _, m := range regexp.MustCompile(`<w:pPr>(.*?)</w:pPr>`).FindAllStringSubmatch(f["word/document.xml"]+f["word/styles.xml"], -1) {
		inner := strings.TrimSpace(regexp.MustCompile(`<w:pStyle [^>]*/>`).ReplaceAllString(m[1], ""))
		if inOrder(inner) != inner {
			t.Errorf("out of order: %s", inner)
		}
	}
}

func TestDOCXOpensInLibreOffice(t *testing.T) {
	if _, err := exec.LookPath("soffice"); err != nil {
		t.Skip("soffice is not installed: the structure test alone vouches for the file")
	}
	needPDF(t)
	dir := t.TempDir()
	d := decision()
	f, err := os.Create(filepath.Join(dir, "d.docx"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(DOCX(f, d), f.Close()); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("soffice", "--headless", "-env:UserInstallation=file://"+filepath.Join(dir, "profile"), "--convert-to", "pdf", "--outdir", dir, filepath.Join(dir, "d.docx"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	pdf, err := os.ReadFile(filepath.Join(dir, "d.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	got := squash(pdftotext(t, pdf, "-raw"))
	for _, want := range []string{"朔州市数据局文件", "最长不得超过2029年3月31日", "䶮、骉、㛃、𠮷、堃", "—2—"} {
		if !strings.Contains(got, want) {
			t.Errorf("LibreOffice does not show %q", want)
		}
	}
}

func TestInvalidDocuments(t *testing.T) {
	good := Document{Kind: Report, Title: "报告"}
	with := func(b Block) Document { d := good; d.Blocks = []Block{b}; return d }
	for name, d := range map[string]Document{
		"no kind":         {Title: "报告"},
		"no title":        {Kind: Report, Title: " \u200b\n"},
		"level":           with(Heading{Level: 5, Text: "题"}),
		"empty heading":   with(Heading{Level: 1}),
		"no columns":      with(Table{}),
		"short row":       with(Table{Columns: []Column{{}, {}}, Rows: [][]string{{"1"}}}),
		"long total":      with(Table{Columns: []Column{{}}, Totals: [][]string{{"1", "2"}}}),
		"negative width":  with(Table{Columns: []Column{{Width: -1}}}),
		"no pairs":        with(KeyValues{}),
		"three pairs":     with(KeyValues{PerRow: 3, Pairs: []Pair{{"a", "b"}}}),
		"no citation":     with(Basis{}),
		"no attachment":   with(Attachments{}),
		"unnamed":         with(Attachments{Items: []Attachment{{}}}),
		"unsigned":        with(Signature{}),
		"no party":        with(Parties{}),
		"nil block":       with(nil),
		"check, no QR":    {Kind: Report, Title: "报告", Check: &Verification{No: "1"}},
		"check, too long": {Kind: Report, Title: "报告", Check: &Verification{No: "1", URL: strings.Repeat("x", 4000)}},
	} {
		for ext, write := range writers {
			var b bytes.Buffer
			var invalid *Invalid
			err := write(&b, d)
			if errors.Is(err, ErrNoFont) {
				continue
			}
			if !errors.As(err, &invalid) || b.Len() > 0 {
				t.Errorf("%s%s: %v, %d bytes written", name, ext, err, b.Len())
			}
		}
	}
	if err := HTML(io.Discard, good); err != nil {
		t.Error(err)
	}
}

func TestHeadingNumbers(t *testing.T) {
	d := Document{Kind: Report, Title: "报告"}
	for _, l := range []int{1, 2, 2, 3, 4, 4, 3, 1, 2} {
		d.Blocks = append(d.Blocks, Heading{Level: l, Text: "题"})
	}
	got := strings.Join(strings.Split(strings.TrimSpace(Text(d)), "\n")[1:], " ")
	if want := "一、题 （一）题 （二）题 1. 题 （1）题 （2）题 2. 题 二、题 （一）题"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for n, want := range map[int]string{1: "一", 10: "十", 11: "十一", 20: "二十", 21: "二十一", 100: "一百", 101: "一百零一", 110: "一百一十", 1001: "一千零一", 1010: "一千零一十", 0: "0"} {
		if got := chineseNumeral(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}

func TestContentDigestIgnoresThePrintOut(t *testing.T) {
	d := statement()
	a, err := ContentDigest(d)
	if err != nil {
		t.Fatal(err)
	}
	d.Printed, d.Check = "打印人：另一人", nil
	if b, _ := ContentDigest(d); a != b {
		t.Error("another print-out has another digest")
	}
	d.Title += "改"
	if b, _ := ContentDigest(d); a == b {
		t.Error("another text has the same digest")
	}
	if _, err := ContentDigest(Document{}); err == nil {
		t.Error("an empty document has a digest")
	}
}

func FuzzClean(f *testing.F) {
	f.Add("a\u202eb\x00\xff\r\n\u2028𠮷")
	f.Fuzz(func(t *testing.T, s string) {
		d := Document{Kind: Report, Title: "题" + s, Blocks: []Block{P(s), Table{Columns: []Column{{Title: s}}, Rows: [][]string{{s}}}}}
		want := squash(Text(d))
		if got := htmlText(t, d); got != want {
			t.Errorf("HTML says %q, want %q", got, want)
		}
		if got := docxText(t, d); got != want {
			t.Errorf("DOCX says %q, want %q", got, want)
		}
		if i := strings.IndexFunc(want, func(r rune) bool { return r < ' ' || r >= 0x202A && r <= 0x202E }); i >= 0 {
			t.Errorf("a control character is left: %q", fmt.Sprintf("%+q", want))
		}
	})
}
