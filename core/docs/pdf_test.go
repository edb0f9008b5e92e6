package docs

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"unicode"

	"pado/core/calendar"
)

var update = flag.Bool("update", false, "rewrite the golden texts, and write the sample files to testdata/out")

// needPDF skips where the fonts or poppler are not there; under CI that is a failure, since make build makes the one and
// the machine setup installs the other.
func needPDF(t testing.TB) {
	t.Helper()
	lacks := ""
	if _, err := fonts(); err != nil {
		lacks = "the print fonts are not built (make build)"
	} else if _, err := exec.LookPath("pdftotext"); err != nil {
		lacks = "pdftotext is not installed (poppler-utils)"
	}
	switch {
	case lacks == "":
	case os.Getenv("CI") != "":
		t.Fatal(lacks)
	default:
		t.Skip(lacks)
	}
}

func renderPDF(t testing.TB, d Document) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := PDF(&b, d); err != nil {
		t.Fatalf("PDF: %v", err)
	}
	return b.Bytes()
}

// The foot of a page, with the page number, begins below the text area, in whole points.
const footTop = "743"

func pdftotext(t testing.TB, pdf []byte, args ...string) string {
	t.Helper()
	cmd := exec.Command("pdftotext", append(args, "-enc", "UTF-8", "-", "-")...)
	cmd.Stdin = bytes.NewReader(pdf)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("pdftotext: %v %s", err, stderr.String())
	}
	return string(out)
}

// bodies is the text of each page without its foot, white space removed.
func bodies(t testing.TB, pdf []byte) []string {
	return pages(pdftotext(t, pdf, "-raw", "-r", "72", "-x", "0", "-y", "0", "-W", "596", "-H", footTop))
}

// feet is the text of each page's foot.
func feet(t testing.TB, pdf []byte) []string {
	return pages(pdftotext(t, pdf, "-raw", "-r", "72", "-x", "0", "-y", footTop, "-W", "596", "-H", "200"))
}

func pages(text string) []string {
	list := strings.Split(strings.TrimSuffix(text, "\f"), "\f")
	for i := range list {
		list[i] = squash(list[i])
	}
	return list
}

// squash removes white space.
func squash(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}

// heads is the squashed head rows of a document's tables.
func heads(d Document) []string {
	var out []string
	for _, b := range d.Blocks {
		if t, ok := b.(Table); ok {
			h := ""
			for _, c := range t.Columns {
				h += c.Title
			}
			out = append(out, squash(clean(h)))
		}
	}
	return out
}

// sameText compares the pages with the document's text, character for character; a table head may come again at the top
// of a page. It returns how often one did.
func sameText(t testing.TB, d Document, pages []string) (repeats int) {
	t.Helper()
	want := squash(Text(d))
	for n, p := range pages {
		if !strings.HasPrefix(want, p) {
			for _, h := range heads(d) {
				if strings.HasPrefix(p, h) && !strings.HasPrefix(want, h) {
					p = strings.TrimPrefix(p, h)
					repeats++
					break
				}
			}
		}
		if !strings.HasPrefix(want, p) {
			w, g := []rune(want), []rune(p)
			i := 0
			for i < len(w) && i < len(g) && w[i] == g[i] {
				i++
			}
			t.Fatalf("page %d differs at %q; want %q", n+1, string(g[i:min(i+30, len(g))]), string(w[i:min(i+30, len(w))]))
		}
		want = want[len(p):]
	}
	if want != "" {
		t.Fatalf("the document ends %d bytes early, before %q", len(want), want[:min(len(want), 60)])
	}
	return repeats
}

// insideMargins checks every word's box.
func insideMargins(t testing.TB, pdf []byte) {
	t.Helper()
	words := regexp.MustCompile(`<word xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)">(.*?)</word>`).FindAllStringSubmatch(pdftotext(t, pdf, "-bbox"), -1)
	if len(words) == 0 {
		t.Fatal("no words found")
	}
	for _, w := range words {
		left, _ := strconv.ParseFloat(w[1], 64)
		right, _ := strconv.ParseFloat(w[3], 64)
		if left < marginLeft-0.5 || right > pageWidth-marginRight+0.5 {
			t.Errorf("%q stands from %.2f to %.2f; the text area is %.2f to %.2f", w[5], left, right, marginLeft, pageWidth-marginRight)
		}
	}
}

func TestPDFSaysWhatTheModelSays(t *testing.T) {
	needPDF(t)
	for name, d := range samples() {
		t.Run(name, func(t *testing.T) {
			pdf := renderPDF(t, d)
			sameText(t, d, bodies(t, pdf))
			insideMargins(t, pdf)
			for i, f := range feet(t, pdf) {
				if want := fmt.Sprintf("—%d—", i+1); d.Kind != Certificate && !strings.Contains(f, want) {
					t.Errorf("page %d has the foot %q without %q", i+1, f, want)
				}
			}
			if *update {
				out := filepath.Join("testdata", "out")
				if err := os.MkdirAll(out, 0o755); err != nil {
					t.Fatal(err)
				}
				for ext, write := range writers {
					f, err := os.Create(filepath.Join(out, name+ext))
					if err != nil {
						t.Fatal(err)
					}
					if err := errors.Join(write(f, d), f.Close()); err != nil {
						t.Fatal(err)
					}
				}
			}
		})
	}
}

// The two golden texts are read by people: what a decision and a statement say.
func TestGoldenText(t *testing.T) {
	for name, d := range map[string]Document{"decision": decision(), "statement": statement()} {
		path := filepath.Join("testdata", name+".txt")
		got := Text(d)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s differs from %s; run with -update and read the difference", name, path)
		}
	}
}

func TestLongTableRepeatsItsHead(t *testing.T) {
	needPDF(t)
	for name, d := range map[string]Document{"decision": decision(), "statement": statement()} {
		pages := bodies(t, renderPDF(t, d))
		if sameText(t, d, pages) != 1 {
			t.Errorf("%s: the head of its two-page table does not come twice", name)
		}
	}
	s := bodies(t, renderPDF(t, statement()))
	if last := s[len(s)-1]; !strings.Contains(last, "医疗机构资质核验包年14143") || !strings.Contains(last, "合计") || !strings.Contains(last, "金额大写") {
		t.Errorf("totals and amount in words are not with the last row: %q", last)
	}
}

// A signature is never alone: whatever the length of the text, its page holds some of it.
func TestSignatureNeverAlone(t *testing.T) {
	needPDF(t)
	moved := 0
	for n := range 46 {
		d := Document{Kind: Circular, Organ: "朔州市数据局", Number: "朔数发〔2026〕13号", Title: "关于报送情况的通知", Addressee: "各有关单位"}
		for i := range n {
			d.Blocks = append(d.Blocks, P(fmt.Sprintf("第%d段正文。", i+1)))
		}
		d.Blocks = append(d.Blocks, P("特此通知。"), Signature{Organ: "朔州市数据局", Date: calendar.Date{Y: 2026, M: 4, D: 1}, Seal: true})
		pages := bodies(t, renderPDF(t, d))
		sameText(t, d, pages)
		last := pages[len(pages)-1]
		if !strings.Contains(last, "特此通知。（印章处）朔州市数据局2026年4月1日") {
			t.Fatalf("%d paragraphs: the last page is %q", n, last)
		}
		if strings.Count(last, "正文") == 1 && len(pages) > 1 {
			moved++
		}
	}
	if moved == 0 {
		t.Error("no length brought the signature to a page break: the test tests nothing")
	}
}

func TestMissingGlyphsFail(t *testing.T) {
	needPDF(t)
	d := decision()
	d.Blocks = append(d.Blocks, P("表情😀和\U0010FFFF，表情😀"), Table{Columns: []Column{{Title: "列"}}, Rows: [][]string{{"葛\U000E0100"}}})
	var b bytes.Buffer
	var missing *MissingGlyphs
	if err := PDF(&b, d); !errors.As(err, &missing) {
		t.Fatalf("PDF gives %v", err)
	}
	if got, want := string(missing.Chars), "😀\U000E0100\U0010FFFF"; got != want {
		t.Errorf("missing are %q, want %q", got, want)
	}
	if b.Len() > 0 {
		t.Error("something was written")
	}
	if missing.Code() != "docs.glyphs" || !strings.Contains(missing.Error(), "😀（U+1F600）") {
		t.Errorf("message: %v", missing)
	}
}

// Layout finds a missing character itself, before the library is asked.
func TestLayoutFindsMissingGlyphs(t *testing.T) {
	s := testSetter(t)
	for _, f := range []face{serif, titleFace, hei} {
		s.atoms("题"+string(rune(0x1F600+int(f))), style{face: f, size: size3})
		if !s.missing[0x1F600+rune(f)] || len(s.missing) != int(f)+1 {
			t.Errorf("%s: missing are %v", faceFiles[f], s.missing)
		}
	}
}

// The library's own hook is the second net, for a character that layout believes to have measured.
func TestLibraryHookFails(t *testing.T) {
	needPDF(t)
	book, err := fonts()
	if err != nil {
		t.Fatal(err)
	}
	sheet := page{ops: []op{{kind: opText, text: "甲😀", face: hei, size: 16, x: 10, y: 10}}}
	var missing *MissingGlyphs
	for range 2 { // the second time with a used font set
		if _, err := draw(book, []page{sheet}, "题"); !errors.As(err, &missing) || string(missing.Chars) != "😀" {
			t.Fatalf("draw gives %v", err)
		}
	}
	sheet.ops[0].text = "甲"
	if _, err := draw(book, []page{sheet}, "题"); err != nil {
		t.Fatalf("an earlier document's missing character is reported again: %v", err)
	}
}

// Names must survive: rare characters, characters that share a shape, marks of forms, and more than a hundred different
// characters, which the library's character map could not hold in order.
func TestRareCharactersSurvive(t *testing.T) {
	needPDF(t)
	text := "䶮骉㛃𠮷堃𬭩㐀鿪﨎⼀一金\uF90A①②③□■☐☑√×÷±≤≥‰℃㎡№“”‘’—……·〔〕￥¥αΩЯéüāＡ１"
	book, err := fonts()
	if err != nil {
		t.Fatal(err)
	}
	for r := rune(0x20000); len([]rune(text)) < 400; r++ {
		if _, ok := book.face[serif].advance(r); ok {
			text += string(r)
		}
	}
	d := Document{Kind: Circular, Title: "生僻字", Blocks: []Block{P(text), Heading{Level: 1, Text: string([]rune(text)[:30])}}}
	sameText(t, d, bodies(t, renderPDF(t, d)))
}

func TestRowHigherThanAPageIsCut(t *testing.T) {
	needPDF(t)
	long := strings.Repeat("意见全文，须逐字保留。", 300)
	d := Document{Kind: History, Title: "办理过程", Blocks: []Block{Table{
		Columns: []Column{{Title: "时间", Width: 1}, {Title: "意见", Width: 3}},
		Rows:    [][]string{{"2026-03-02", "短意见"}, {"2026-03-03", long}, {"2026-03-04", "末行"}},
	}}}
	pages := bodies(t, renderPDF(t, d))
	if sameText(t, d, pages) != len(pages)-1 {
		t.Error("the head does not repeat on every page")
	}
	if len(pages) < 3 {
		t.Errorf("only %d pages", len(pages))
	}
}

func TestSameDocumentSameBytes(t *testing.T) {
	needPDF(t)
	for name, d := range samples() {
		want := map[string][]byte{}
		for ext, write := range writers {
			var b bytes.Buffer
			if err := write(&b, d); err != nil {
				t.Fatal(err)
			}
			want[ext] = b.Bytes()
		}
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				for ext, write := range writers {
					var b bytes.Buffer
					if err := write(&b, d); err != nil || !bytes.Equal(b.Bytes(), want[ext]) {
						t.Errorf("%s%s: another time gives other bytes (%v)", name, ext, err)
					}
				}
			})
		}
		wg.Wait()
	}
}

func TestWithoutFonts(t *testing.T) {
	if _, err := loadFonts(fstest.MapFS{"font/.keep": {}}); !errors.Is(err, ErrNoFont) {
		t.Errorf("no font gives %v", err)
	}
	if _, err := loadFonts(fstest.MapFS{"font/PadoSerif.ttf": {Data: []byte("not a font")}}); err == nil || errors.Is(err, ErrNoFont) {
		t.Errorf("a broken font gives %v", err)
	}
}

func TestFontLicenceTravels(t *testing.T) {
	needPDF(t)
	if !strings.Contains(FontLicence(), "SIL OPEN FONT LICENSE Version 1.1") {
		t.Error("the binary lacks the licence of its fonts")
	}
}

func TestCharacterMapRefusesUnknownForms(t *testing.T) {
	for _, pdf := range []string{"", "%PDF-1.7\n", "%PDF-1.7\n1 0 obj\nendobj\nxref\n0 2\n0000000000 65535 f \n0000009999 00000 n \ntrailer\n<<\n>>\nstartxref\n24\n%%EOF\n"} {
		if _, err := mendCharacterMaps([]byte(pdf)); err == nil {
			t.Errorf("%q is mended", pdf)
		}
	}
}

func BenchmarkPDFDecision(b *testing.B)  { benchmarkPDF(b, decision()) }
func BenchmarkPDFStatement(b *testing.B) { benchmarkPDF(b, statement()) }

func benchmarkPDF(b *testing.B, d Document) {
	needPDF(b)
	n := len(renderPDF(b, d))
	b.ReportMetric(float64(n), "bytes")
	b.ReportAllocs()
	for b.Loop() {
		renderPDF(b, d)
	}
}
