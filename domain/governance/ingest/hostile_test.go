package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"pado/domain/governance/ingest/read"
)

// Formulas, script and control sequences in cells are text from end to end.
func TestInertCells(t *testing.T) {
	f := excelize.NewFile()
	for i, row := range [][]any{{"名称", "值"}, {"=HYPERLINK(\"http://x\")", "<script>alert(1)</script>"}, {"@SUM(1)", "+cmd|' /C calc'!A0"}} {
		for k, c := range row {
			cell := string(rune('A'+k)) + fmt.Sprint(i+1)
			if err := f.SetCellStr("Sheet1", cell, fmt.Sprint(c)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := f.SetCellFormula("Sheet1", "B4", "1+1"); err != nil {
		t.Fatal(err)
	}
	if err := f.SetCellStr("Sheet1", "A4", "算式"); err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	if err := f.Write(&buf); err != nil {
		t.Fatal(err)
	}
	_, _, rows := proposed(t, bytesInput(buf.Bytes()))
	want := `[=HYPERLINK("http://x")|<script>alert(1)</script> @SUM(1)|+cmd|' /C calc'!A0 算式|∅]`
	if fmt.Sprint(rows) != want {
		t.Errorf("%v", rows)
	}
	v := mustView(t, bytesInput(buf.Bytes()), ViewOptions{Rows: 10})
	if v.Rows[1].Cells[1] != "<script>alert(1)</script>" || v.Rows[3].Cells[0] != "算式" {
		t.Errorf("%+v", v.Rows)
	}
}

func TestHostileFiles(t *testing.T) {
	for name, c := range map[string]struct {
		data string
		want error
	}{
		"noise":               {strings.Repeat("\x81\x00\xff\xfe\x13", 5000), read.ErrEncoding},
		"a cut archive":       {"PK\x03\x04" + strings.Repeat("\x00", 40), read.ErrTruncated},
		"a cut xls":           {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("\x00", 40), nil},
		"parquet's ends only": {"PAR1" + strings.Repeat("\x00", 40) + "PAR1", read.ErrFormat},
	} {
		_, err := Propose(context.Background(), textInput(c.data))
		if err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if text := fmt.Sprint(Message(err), Code(err)); strings.Contains(text, "/") && !strings.Contains(text, "ZIP") {
			t.Errorf("%s: says %s", name, text)
		}
	}
}

// The published numbers go through the check of a pipeline as the standard and
// their source say, in the order of the file.
func TestPublishedNumbers(t *testing.T) {
	text, err := os.ReadFile(realFile(t, "vectors/cn_ids.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	var good, bad []string
	for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n")[1:] {
		f := strings.Split(line, "\t")
		row := fmt.Sprint(i + 2)
		if f[2] == "1" {
			good = append(good, f[1])
		} else {
			bad = append(bad, row+" "+map[string]string{"id": "card", "uscc": "uscc"}[f[0]])
		}
	}
	// One check reads identity numbers, the other codes of bodies: each kind has its own run.
	var kept, out []string
	for kind, rule := range map[string]string{"id": "id_card", "uscc": "uscc"} {
		var in strings.Builder
		in.WriteString("row\tvalue\n")
		for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n")[1:] {
			if f := strings.Split(line, "\t"); f[0] == kind {
				fmt.Fprintf(&in, "%d\t%s\n", i+2, f[1])
			}
		}
		d := head + "source:\n  kind: csv\n  delimiter: \"\\t\"\n  header: 1\n  columns: [{name: row}, {name: value}]\nsteps:\n  - check: {rules: [{id: n, kind: " + rule + ", column: value}]}\n" +
			"target:\n  table: t\n  columns: [{name: v, from: value, type: text, label: forbidden}]\n"
		dir := t.TempDir()
		res := mustRun(t, declared(t, d), textInput(in.String()), dir)
		balanced(t, dir, res)
		kept = append(kept, table(t, dir, res)...)
		for _, q := range quarantined(t, dir, res) {
			out = append(out, q.Cells[0]+" "+map[string]string{"id_card": "card", "uscc": "uscc"}[rule])
		}
	}
	if len(kept) != len(good) || len(out) != len(bad) {
		t.Errorf("%d good of %d, %d bad of %d: %v, want %v", len(kept), len(good), len(out), len(bad), out, bad)
	}
	for _, g := range good {
		if !strings.Contains(strings.Join(kept, " "), g) {
			t.Errorf("%s is taken for wrong", g)
		}
	}
}
