package ingest

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"pado/domain/governance/ingest/engine"
	"pado/domain/governance/ingest/read"
)

const benchDecl = head + `source:
  kind: csv
  header: 1
  columns: [{name: "no", as: n}, {name: id_card, identifier: true}, {name: name}, {name: county}, {name: age}, {name: since}, {name: income}, {name: phone}]
steps:
  - check:
      rules:
        - {id: card, kind: length, column: id_card, min: "18", max: "18"}
        - {id: county, kind: in, column: county, values: [朔城区, 平鲁区, 山阴县, 应县, 右玉县, 怀仁市]}
        - {id: age, kind: range, column: age, min: "0", max: "120"}
        - {id: since, kind: date_range, column: since, min: "2000-01-01", max: "2030-12-31"}
        - {id: income, kind: range, column: income, min: "0"}
  - mask:
      rules:
        - {column: id_card, kind: pseudonym, domain: natural_person}
target:
  table: t
  columns:
    - {name: n, type: bigint, label: dim}
    - {name: person, from: id_card, type: text, label: dim}
    - {name: name, type: text, label: dim}
    - {name: county, type: text, label: dim}
    - {name: age, type: integer, label: dim}
    - {name: since, type: date, label: dim}
    - {name: income, type: "decimal(12,2)", label: dim}
    - {name: phone, type: text, label: dim}
`

var rowsFlag = flag.Int("ingest.rows", 500_000, "rows of the benchmark's file; the goal is stated for 5000000")

func benchFile(b *testing.B) string {
	b.Helper()
	benchRows := *rowsFlag
	ctx := context.Background()
	e, err := engine.Open(ctx, engine.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	path := filepath.Join(b.TempDir(), "in.csv")
	err = e.Exec(ctx, fmt.Sprintf(`COPY (SELECT i AS no, '1406'||lpad((hash(i)%%100000000000000)::VARCHAR,14,'0') AS id_card,
		['张','王','李','赵'][1+i%%4]||['伟','芳','娜','敏','静'][1+i%%5] AS name,
		['朔城区','平鲁区','山阴县','应县','右玉县','怀仁市'][1+(hash(i)%%6)::BIGINT] AS county, (hash(i+1)%%90)::INT AS age,
		DATE '2010-01-01'+(hash(i+2)%%5000)::INT AS since, (hash(i+3)%%20000000)/100.0 AS income,
		'1'||lpad((hash(i+4)%%10000000000)::VARCHAR,10,'3') AS phone FROM range(%d) t(i)) TO '%s' (HEADER)`, benchRows, path))
	if err != nil {
		b.Fatal(err)
	}
	return path
}

func cpuSeconds() float64 {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return float64(r.Utime.Sec+r.Stime.Sec) + float64(r.Utime.Usec+r.Stime.Usec)/1e6
}

// BenchmarkAgainstRawCopy prints how many times the work of a plain DuckDB
// copy of the same file to Parquet a governed run is: validated, counted,
// pseudonyms made, profiled and published. As in the raw zone, the file's size
// and digest are known, and checked while it is read. x_cpu is by processor
// time, which other work on the machine disturbs less than x_wall; peak_MB is
// the most memory the process ever held, the plain copy included.
func BenchmarkAgainstRawCopy(b *testing.B) {
	benchRows := int64(*rowsFlag)
	utf8 := benchFile(b)
	text, err := os.ReadFile(utf8)
	if err != nil {
		b.Fatal(err)
	}
	gb, err := simplifiedchinese.GB18030.NewEncoder().Bytes(text)
	if err != nil {
		b.Fatal(err)
	}
	for _, enc := range []read.Encoding{read.UTF8, read.GB18030} {
		b.Run(string(enc), func(b *testing.B) {
			path := utf8
			if enc == read.GB18030 {
				path = filepath.Join(b.TempDir(), "gb.csv")
				if err := os.WriteFile(path, gb, 0o600); err != nil {
					b.Fatal(err)
				}
			}
			in := fileInput(b, path)
			var err error
			if in.SHA256, in.Size, err = fileDigest(path); err != nil {
				b.Fatal(err)
			}
			p := declared(b, strings.Replace(benchDecl, "header: 1", "header: 1\n  encoding: "+string(enc), 1))
			var raw, run [2]float64
			for range b.N {
				add(&raw, func() { rawCopy(b, utf8, benchRows) })
				add(&run, func() {
					if res := mustRun(b, p, in, b.TempDir()); res.Rows != benchRows {
						b.Fatal(res.Rows)
					}
				})
			}
			b.ReportMetric(run[0]/raw[0], "x_wall")
			b.ReportMetric(run[1]/raw[1], "x_cpu")
			b.ReportMetric(peakMB(b), "peak_MB")
			b.ReportMetric(float64(benchRows)*float64(b.N)/run[0], "rows/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func add(t *[2]float64, f func()) {
	wall, cpu := time.Now(), cpuSeconds()
	f()
	t[0] += time.Since(wall).Seconds()
	t[1] += cpuSeconds() - cpu
}

func rawCopy(b *testing.B, path string, benchRows int64) {
	b.Helper()
	ctx := context.Background()
	e, err := engine.Open(ctx, engine.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	n, err := e.Copy(ctx, "SELECT * FROM read_csv('"+path+"', all_varchar=true)", filepath.Join(b.TempDir(), "raw.parquet"))
	if err != nil || n != benchRows {
		b.Fatal(n, err)
	}
}

// peakMB is the most memory the process held so far.
func peakMB(b *testing.B) float64 {
	b.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(text, []byte("VmHWM:"))
	var kb float64
	if _, err := fmt.Sscan(string(rest), &kb); err != nil {
		return 0
	}
	return kb / 1024
}

// BenchmarkWorkbook governs a sheet of 100,000 rows and ten columns.
func BenchmarkWorkbook(b *testing.B) {
	f := excelize.NewFile()
	w, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		b.Fatal(err)
	}
	const rows = 100_000
	row := make([]any, 10)
	for i := range rows + 1 {
		for k := range row {
			switch {
			case i == 0:
				row[k] = fmt.Sprintf("列%d", k)
			case k%3 == 0:
				row[k] = i * (k + 1)
			case k%3 == 1:
				row[k] = fmt.Sprintf("朔城区第%d号", i%977)
			default:
				row[k] = float64(i%10_000) / 100
			}
		}
		if err := w.SetRow(fmt.Sprintf("A%d", i+1), row); err != nil {
			b.Fatal(err)
		}
	}
	var buf bytes.Buffer
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := f.Write(&buf); err != nil {
		b.Fatal(err)
	}
	in := bytesInput(buf.Bytes())
	p, err := Propose(context.Background(), in)
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for range b.N {
		if res := mustRun(b, p.Pipeline, in, b.TempDir()); res.Rows != rows {
			b.Fatal(res.Rows)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "seconds")
	b.ReportMetric(0, "ns/op")
}
