package sheet

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

// A workbook without a sheet is a fault of the file and not of the platform.
func TestAWorkbookWithoutSheets(t *testing.T) {
	whole := xlsxOf(t, headings(), row(good()))
	z, err := zip.NewReader(bytes.NewReader(whole), int64(len(whole)))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if f.Name == "xl/workbook.xml" {
			head, rest, _ := strings.Cut(string(raw), "<sheets>")
			_, tail, _ := strings.Cut(rest, "</sheets>")
			raw = []byte(head + "<sheets></sheets>" + tail)
		}
		to, err := w.Create(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		to.Write(raw) //nolint:errcheck // to memory
	}
	w.Close() //nolint:errcheck // to memory
	_, err = Read("a.xlsx", b.Bytes())
	var bad *Unreadable
	if !errors.As(err, &bad) {
		t.Fatalf("%v", err)
	}
}

// A table in which every cell is a fault is told so without a fault for every cell: twenty
// megabytes must not become gigabytes.
func TestATableOfFaults(t *testing.T) {
	var b bytes.Buffer
	b.Write(csvOf(headings(), row(good())))
	cells := map[string]string{}
	for _, c := range columns {
		if c.key != "title" {
			cells[c.id()] = "="
		}
	}
	line := string(csvOf(row(cells)))
	for range 20_000 {
		b.WriteString(line)
	}
	table, err := Read("a.csv", b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if len(table.Faults) > maxFaults+1 {
		t.Fatalf("%d faults", len(table.Faults))
	}
	if last := table.Faults[len(table.Faults)-1]; !strings.Contains(last.Message, "不再逐一列出") {
		t.Errorf("%+v", last)
	}
	wide := strings.Repeat("x,", maxColumns-1) + "x\n"
	b.Reset()
	b.Write(csvOf(headings()))
	for range maxCells/maxColumns + 1 {
		b.WriteString(wide)
	}
	var bad *Unreadable
	if _, err := Read("a.csv", b.Bytes()); !errors.As(err, &bad) {
		t.Errorf("%v", err)
	}
}
