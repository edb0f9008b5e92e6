package ingest

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"testing"

	"pgregory.net/rapid"

	"pado/domain/governance/ingest/read"
)

const messDecl = head + `source:
  kind: csv
  header: 1
  encoding: utf-8
  missing: [NA]
  strays: {filled: 1, section: part, notes: [n], totals: [sum]}
  columns: [{name: a}, {name: b}, {name: c}]
steps:
  - trim: {columns: ["*"]}
  - check:
      rules:
        - {id: a, kind: range, column: a, max: "50"}
        - {id: b, kind: in, column: b, values: [x, y], on_fail: "null"}
        - {id: c, kind: not_null, column: c, on_fail: report}
  - deduplicate: {by: [a, b]}
  - deduplicate: {by: ["*"], keep: last}
  - mask: {rules: [{column: a, kind: band, width: "5"}]}
target:
  table: t
  columns:
    - {name: a, type: integer, label: dim, required: true}
    - {name: b, type: text, label: dim}
    - {name: part, type: text, label: dim}
`

// Whatever arrives, every record is a row, in quarantine, blank or header, and
// every step adds up.
func TestNothingGetsLost(t *testing.T) {
	p := declared(t, messDecl)
	keys := testKeys(t)
	field := rapid.OneOf(
		rapid.SampledFrom([]string{"1", "2", "7", "49", "51", "x", "y", "z", "NA", "", " ", "sum", "note", "\"q\"", "\"a\nb\"", "\"", "3.0", "nan", "1e1", "中"}),
		rapid.StringOfN(rapid.RuneFrom([]rune("ab\"\n\r,\x00 ")), 0, 4, -1),
	)
	dirs := t.TempDir()
	fewer(t, "25") // every check is a whole run
	rapid.Check(t, func(rt *rapid.T) {
		var b bytes.Buffer
		b.WriteString("a,b,c\n")
		for range rapid.IntRange(0, 25).Draw(rt, "records") {
			for i := range rapid.SampledFrom([]int{1, 2, 3, 3, 3, 3, 3, 4}).Draw(rt, "fields") {
				if i > 0 {
					b.WriteByte(',')
				}
				b.WriteString(field.Draw(rt, "field"))
			}
			b.WriteByte('\n')
		}
		if rapid.Bool().Draw(rt, "broken") {
			b.WriteString("1,x\xff,\n")
		}
		dir, err := os.MkdirTemp(dirs, "run")
		if err != nil {
			rt.Fatal(err)
		}
		defer os.RemoveAll(dir)
		res, err := Run(context.Background(), p, textInput(b.String()), dir, keys, nil)
		if err != nil {
			rt.Fatalf("%q: %v", b.String(), err)
		}
		balanced(t, dir, res)
		c, err := read.NewCSV(io.NopCloser(&b), p.Source.CSVDialect(read.UTF8))
		if err != nil {
			rt.Fatal(err)
		}
		records := int64(0)
		for {
			var r read.Row
			if err := c.Next(&r); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				rt.Fatal(err)
			}
			records++
		}
		if res.Rows+res.Quarantined+res.Blank+res.Header != records {
			rt.Fatalf("%d rows, %d quarantined, %d blank, %d header of %d", res.Rows, res.Quarantined, res.Blank, res.Header, records)
		}
	})
}

// fewer sets how many checks rapid makes, unless the command line says.
func fewer(t *testing.T, n string) {
	t.Helper()
	f := flag.Lookup("rapid.checks")
	if f == nil || f.Value.String() != f.DefValue {
		return
	}
	if err := f.Value.Set(n); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Value.Set(f.DefValue) })
}

// What a proposal promises, its draft keeps: so many rows, so many set aside.
func TestProposalsKeepTheirWord(t *testing.T) {
	fewer(t, "15")
	keys := testKeys(t)
	cell := rapid.SampledFrom([]string{"1", "25", "3.5", "2024-05-01", "2024/5/1", "中文", "abc", "NA", "", " ", "\"a,b\"", "合计", "注：略", "11010519491231002X", "13812345678", "1e3", "007"})
	dirs := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		var b bytes.Buffer
		width := rapid.IntRange(1, 5).Draw(rt, "width")
		for range rapid.IntRange(0, 2).Draw(rt, "banners") {
			b.WriteString("统计表\n")
		}
		b.WriteString("名称,数量,日期,代码,电话\n"[:map[int]int{1: 6, 2: 13, 3: 20, 4: 27, 5: 34}[width]] + "\n")
		for range rapid.IntRange(1, 30).Draw(rt, "records") {
			n := rapid.SampledFrom([]int{width, width, width, width, 1, width + 1}).Draw(rt, "fields")
			for i := range n {
				if i > 0 {
					b.WriteByte(',')
				}
				if i == width {
					b.WriteString("x") // one too many; a word for "missing" would be taken for a blank there
					continue
				}
				b.WriteString(cell.Draw(rt, "cell"))
			}
			b.WriteByte('\n')
		}
		in := textInput(b.String())
		p, err := Propose(context.Background(), in)
		if err != nil {
			rt.Fatal(err)
		}
		dir, err := os.MkdirTemp(dirs, "run")
		if err != nil {
			rt.Fatal(err)
		}
		defer os.RemoveAll(dir)
		res, err := Run(context.Background(), p.Pipeline, in, dir, keys, nil)
		if err != nil {
			rt.Fatalf("%v\n%s", err, b.String())
		}
		if res.Rows != p.Data || res.Quarantined != int64(len(p.NotData)) || p.Records != p.Data+int64(len(p.NotData)+p.Header) {
			rt.Fatalf("promised %d rows, %d aside of %d; got %d and %d\n%s", p.Data, len(p.NotData), p.Records, res.Rows, res.Quarantined, b.String())
		}
	})
}
