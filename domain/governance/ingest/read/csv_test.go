package read

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"pgregory.net/rapid"
)

const shared = "../../../../../shared/data"

var plainCSV = Dialect{Encoding: UTF8, Delimiter: ",", Quote: '"'}

type got struct {
	n     int64
	cells []string
	flaw  Flaw
}

func (g got) String() string { return fmt.Sprintf("%d:%q:%s", g.n, g.cells, g.flaw) }

func readAll(t testing.TB, r io.Reader, d Dialect) []got {
	t.Helper()
	c, err := NewCSV(io.NopCloser(r), d)
	if err != nil {
		t.Fatal(err)
	}
	var out []got
	for {
		var row Row
		err := c.Next(&row)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if row.Fields != strings.Count(string(row.Line), "\x1f")+1 {
			t.Fatalf("row %d says %d fields: %q", row.N, row.Fields, row.Line)
		}
		out = append(out, got{row.N, row.Cells(), row.Flaw})
	}
}

// The published collection of hard CSV files. One of the twelve answers
// belongs to another input (another phone number, and an object instead of a
// list of them); there only the shape can be compared.
func TestCSVSpectrum(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared, "vectors/csv-spectrum/csvs/*.csv"))
	if err != nil || len(files) == 0 {
		t.Skip("skipped: csv-spectrum is not here")
	}
	if len(files) != 12 {
		t.Errorf("%d files", len(files))
	}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".csv")
		t.Run(name, func(t *testing.T) {
			in, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			e, err := Judge(bytes.NewReader(in))
			if err != nil {
				t.Fatal(err)
			}
			rows := readAll(t, bytes.NewReader(in), Sniff(in, e, true))
			var have []map[string]string
			for _, r := range rows[1:] {
				m := map[string]string{}
				for i, h := range rows[0].cells {
					m[h] = r.cells[i]
				}
				have = append(have, m)
			}
			text, err := os.ReadFile(filepath.Join(shared, "vectors/csv-spectrum/json", name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			if name == "location_coordinates" {
				var want map[string]string
				if err := json.Unmarshal(text, &want); err != nil {
					t.Fatal(err)
				}
				want["Contact Phone Number"] = "2095257564"
				if len(have) != 1 || fmt.Sprint(keys(have[0])) != fmt.Sprint(keys(want)) ||
					strings.Join(strings.Fields(have[0]["Location Coordinates"]), " ") != strings.Join(strings.Fields(want["Location Coordinates"]), " ") && !strings.Contains(have[0]["Location Coordinates"], `37.8"N 121`) {
					t.Errorf("have %q, want %q", have, want)
				}
				return
			}
			var want []map[string]string
			if err := json.Unmarshal(text, &want); err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(have) != fmt.Sprint(want) {
				t.Errorf("have %q, want %q", have, want)
			}
		})
	}
}

func keys(m map[string]string) []string {
	var k []string
	for x := range m {
		k = append(k, x)
	}
	slices.Sort(k)
	return k
}

func TestCSVRules(t *testing.T) {
	type want struct {
		cells string // joined by |
		flaw  Flaw
	}
	cases := []struct {
		name string
		in   string
		d    Dialect
		want []want
	}{
		{"line ends", "a,b\r\nc,d\ne,f\rg,h", plainCSV, []want{{"a|b", ""}, {"c|d", ""}, {"e|f", ""}, {"g|h", ""}}},
		{"blank records", "a,b\n\nc,d\n", plainCSV, []want{{"a|b", ""}, {"", ""}, {"c|d", ""}}},
		{"quote inside an unquoted field is text", `5" pipe,b`, plainCSV, []want{{`5" pipe|b`, ""}}},
		{"blank after a closing quote", `"a" ,b`, plainCSV, []want{{"a|b", ""}}},
		{"text after a closing quote costs that line", "\"a\"x,b\nc,d", plainCSV, []want{{`"a"x,b`, FlawQuote}, {"c|d", ""}}},
		{"a quote that never closes costs that line", "\"a,b\nc,d\ne,f", plainCSV, []want{{`"a,b`, FlawQuote}, {"c|d", ""}, {"e|f", ""}}},
		{"line break in quotes", "\"a\nb\",c\n", plainCSV, []want{{"a\nb|c", ""}}},
		{"control character", "a\x00,b\nc,d", plainCSV, []want{{"a |b", FlawControl}, {"c|d", ""}}},
		{"our own separator in a quoted field", "\"a\x1fb\",c", plainCSV, []want{{"a b|c", FlawControl}}},
		{"tab is text", "a\tb,c", plainCSV, []want{{"a\tb|c", ""}}},
		{"tab separates", "a\tb,c", Dialect{Encoding: UTF8, Delimiter: "\t", Quote: '"'}, []want{{"a|b,c", ""}}},
		{"blank after the separator", `a, "b, c", d`, Dialect{Encoding: UTF8, Delimiter: ", ", Quote: '"'}, []want{{"a|b, c|d", ""}}},
		{"no quotes", `"a",b`, Dialect{Encoding: UTF8, Delimiter: ","}, []want{{`"a"|b`, ""}}},
		{"missing", "NA, NA ,NAN,\"NA\"", Dialect{Encoding: UTF8, Delimiter: ",", Quote: '"', Missing: []string{"NA"}}, []want{{"||NAN|", ""}}},
		{"byte order mark", "\ufeffa,b", plainCSV, []want{{"a|b", ""}}},
		{"bytes that are no text", "a\xff,b\nc,d", plainCSV, []want{{"a\ufffd|b", FlawEncoding}, {"c|d", ""}}},
		{"too long", strings.Repeat("x", 300) + "\nc,d\n", Dialect{Encoding: UTF8, Delimiter: ",", Quote: '"', MaxRow: 100}, []want{{strings.Repeat("x", 100), FlawTooLong}, {strings.Repeat("x", 100), FlawTooLong}, {strings.Repeat("x", 100), FlawTooLong}, {"c|d", ""}}},
		{"cut in a character", "a,b\nc,\xe4\xb8", plainCSV, []want{{"a|b", ""}, {"c|\ufffd\ufffd", FlawEncoding}}},
	}
	for _, c := range cases {
		for _, split := range []bool{false, true} {
			var r io.Reader = strings.NewReader(c.in)
			if split {
				r = iotest.OneByteReader(r)
			}
			rows := readAll(t, r, c.d)
			var have []want
			for _, g := range rows {
				have = append(have, want{strings.Join(g.cells, "|"), g.flaw})
			}
			if fmt.Sprintf("%q", have) != fmt.Sprintf("%q", c.want) {
				t.Errorf("%s (byte by byte: %v):\nhave %q\nwant %q", c.name, split, have, c.want)
			}
		}
	}
}

// What encoding/csv writes is read back as it was, however it arrives.
func TestCSVReadsWhatIsWritten(t *testing.T) {
	field := rapid.StringOf(rapid.SampledFrom([]rune("ab,\"\n 中文é|?1")))
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(1, 4).Draw(t, "width")
		var rows [][]string
		for range rapid.IntRange(0, 20).Draw(t, "rows") {
			var r []string
			for range width {
				r = append(r, field.Draw(t, "field"))
			}
			rows = append(rows, r)
		}
		var buf bytes.Buffer
		w := csv.NewWriter(&buf)
		w.UseCRLF = rapid.Bool().Draw(t, "crlf")
		if err := w.WriteAll(rows); err != nil {
			t.Fatal(err)
		}
		c, err := NewCSV(io.NopCloser(&buf), plainCSV)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; ; i++ {
			var row Row
			err := c.Next(&row)
			if errors.Is(err, io.EOF) {
				if i != len(rows) {
					t.Fatalf("%d of %d rows", i, len(rows))
				}
				return
			}
			want := rows[i]
			if w.UseCRLF {
				want = slices.Clone(want)
				for k := range want {
					want[k] = strings.ReplaceAll(want[k], "\n", "\r\n")
				}
			}
			if err != nil || row.Flaw != FlawNone || !slices.Equal(row.Cells(), want) {
				t.Fatalf("row %d: have %q (%v, %v), want %q", i, row.Cells(), row.Flaw, err, want)
			}
		}
	})
}

var encodings = map[Encoding]encoding.Encoding{
	GB18030: simplifiedchinese.GB18030,
	UTF16LE: unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM),
	UTF16BE: unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM),
}

func TestEncodings(t *testing.T) {
	text := "编号,姓名,备注\n" + strings.Repeat("1406,张三𠮷,朔州市平鲁区\n", 50_000)
	want := readAll(t, strings.NewReader(text), plainCSV)
	for name, e := range encodings {
		raw, err := e.NewEncoder().Bytes([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		judged, err := Judge(bytes.NewReader(raw))
		if err != nil || judged != name {
			t.Errorf("%s judged %s, %v", name, judged, err)
		}
		have := readAll(t, iotest.HalfReader(bytes.NewReader(raw)), Dialect{Encoding: name, Delimiter: ",", Quote: '"'})
		if fmt.Sprint(have) != fmt.Sprint(want) {
			t.Errorf("%s reads differently", name)
		}
		// Cut in the middle of the last character.
		cut := readAll(t, bytes.NewReader(raw[:len(raw)-3]), Dialect{Encoding: name, Delimiter: ",", Quote: '"'})
		if last := cut[len(cut)-1]; name != UTF16BE && name != UTF16LE && last.flaw != FlawEncoding && len(last.cells) == 3 && last.cells[2] == "朔州市平鲁区" {
			t.Errorf("%s cut: %q %v", name, last.cells, last.flaw)
		}
	}
	for _, c := range []struct {
		in   string
		want Encoding
	}{
		{"\ufeffa,b", UTF8}, {"a,b\n", UTF8}, {"\xff\xfea\x00,\x00", UTF16LE}, {"\xfe\xff\x00a\x00,", UTF16BE},
		{strings.Repeat("ascii only,\n", 200_000) + "\xd6\xd0\xce\xc4", GB18030},
	} {
		if e, err := Judge(strings.NewReader(c.in)); err != nil || e != c.want {
			t.Errorf("%.10q…: %s %v", c.in, e, err)
		}
	}
	chinese := strings.Repeat("朔州市平鲁区\n", 5000)
	if e, err := Judge(strings.NewReader(chinese + "朔"[:2])); err != nil || e != UTF8 {
		t.Errorf("cut in a character: %s %v", e, err)
	}
	if e, err := Judge(strings.NewReader(chinese + "\xff" + chinese)); err != nil || e != UTF8 {
		t.Errorf("one broken character: %s %v", e, err)
	}
	if _, err := Judge(bytes.NewReader(bytes.Repeat([]byte{0xff, 0x80, 0xc3, 0x28, 0x81}, 1000))); !errors.Is(err, ErrEncoding) {
		t.Errorf("noise: %v", err)
	}
}

// A file read in the wrong encoding is never taken for good text.
func TestWrongEncoding(t *testing.T) {
	gb, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte("编号,姓名\n1,张三\n2,李四\n3,abc\n"))
	if err != nil {
		t.Fatal(err)
	}
	flawed := 0
	for _, r := range readAll(t, bytes.NewReader(gb), plainCSV) {
		if r.flaw == FlawEncoding {
			flawed++
		}
	}
	if flawed != 3 {
		t.Errorf("%d rows flawed, want 3", flawed)
	}
}

func TestSniff(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"a,b,c\n1,2,3\n", ","}, {"a\tb\tc\n1\t2\t3\n", "\t"}, {"a;b\n1,5;2\n2,5;3\n", ";"}, {"a|b\nx|y\n", "|"},
		{"39, State-gov, 77516\n50, Self, 83311\n", ", "}, {"only\none\n", ","}, {"\"a,b\",c\n\"d,e\",f\n", ","},
	} {
		if d := Sniff([]byte(c.in), UTF8, true); d.Delimiter != c.want {
			t.Errorf("%q: %q", c.in, d.Delimiter)
		}
	}
}

func TestReadErrorPassesThrough(t *testing.T) {
	c, err := NewCSV(io.NopCloser(iotest.ErrReader(&os.PathError{Op: "read", Path: "/secret", Err: os.ErrPermission})), plainCSV)
	if err != nil {
		t.Fatal(err)
	}
	var r Row
	if err := c.Next(&r); !errors.Is(err, ErrRead) || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte("a,b\n\"c\"\"d\",e\r\n"), ",", true)
	f.Add([]byte("\"a\nb"), ",", true)
	f.Add([]byte("a\x00\xff, b"), ", ", false)
	f.Add([]byte("a,NA , a,,b\r\n \t,NA,\ra\n"), ",", true)
	f.Fuzz(func(t *testing.T, in []byte, delim string, quote bool) {
		d := Dialect{Encoding: UTF8, Delimiter: delim, MaxRow: 64}
		if quote {
			d.Quote = '"'
		}
		d.Missing = []string{"a", "NA"}
		c, err := NewCSV(io.NopCloser(bytes.NewReader(in)), d)
		if err != nil {
			return
		}
		careful, err := NewCSV(io.NopCloser(bytes.NewReader(in)), d)
		if err != nil {
			t.Fatal(err)
		}
		careful.slow = true
		for n, last := int64(1), int64(0); ; n++ {
			var r, same Row
			err, err2 := c.Next(&r), careful.Next(&same)
			if !errors.Is(err2, err) {
				t.Fatal(err, err2)
			}
			if err != nil {
				if !errors.Is(err, io.EOF) {
					t.Fatal(err)
				}
				return
			}
			if !bytes.Equal(r.Line, same.Line) || r.Fields != same.Fields || r.Filled != same.Filled || r.Flaw != same.Flaw || r.N != same.N || r.Blank() != same.Blank() {
				t.Fatalf("short cut %+v %q\ncareful %+v %q", r, r.Line, same, same.Line)
			}
			if r.N > n || r.N < last || bytes.ContainsAny(r.Line, "\n\r\x00") || r.Fields != bytes.Count(r.Line, []byte{US})+1 || r.Filled > r.Fields || r.Filled < 0 {
				t.Fatalf("row %d: %+v", n, r)
			}
			if n > int64(len(in))+1 {
				t.Fatal("does not end")
			}
			last = r.N
		}
	})
}
