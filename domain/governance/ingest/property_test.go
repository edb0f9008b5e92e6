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
