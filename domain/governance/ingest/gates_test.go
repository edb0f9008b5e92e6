package ingest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"pado/domain/governance/ingest/quality"
)

func TestGates(t *testing.T) {
	decl := head + `source:
  kind: csv
  header: 1
  columns: [{name: d}, {name: p}]
target:
  table: t
  columns:
    - {name: d, type: timestamp, label: public}
    - {name: p, type: text, label: public}
quality:
  - {id: hours, kind: continuity, column: d, step: hour}
  - {id: hours_per, kind: continuity, column: d, step: hour, per: [p]}
  - {id: fresh, kind: fresh, column: d, days: 2}
  - {id: within, kind: within, column: d, min: "2024-01-01", max: "2024-01-01"}
  - {id: one, kind: unique, columns: [d, p]}
`
	in := textInput("d,p\n2024-01-01 00:00:00,x\n2024-01-01 01:00:00,x\n2024-01-01 03:00:00,y\n2024-01-02 00:00:00,y\n2024-01-02 00:00:00,y\n,x\n")
	in.Received = "2024-01-04"
	res := mustRun(t, declared(t, decl), in, t.TempDir())
	for id, want := range map[string]string{"hours": "4/25", "hours_per": "4/24", "fresh": "1/1", "within": "3/5", "one": "5/6", "complete:d": "5/6"} {
		if s := res.Report.Score(id); fmt.Sprintf("%d/%d", s.Numerator, s.Denominator) != want {
			t.Errorf("%s: %d/%d, want %s", id, s.Numerator, s.Denominator, want)
		}
	}
	in.Received = ""
	res = mustRun(t, declared(t, decl), in, t.TempDir())
	for _, d := range res.Report.Dimensions {
		for _, r := range d.Rules {
			if r.ID == "fresh" {
				t.Error("freshness judged without a day of receipt")
			}
		}
	}
}

// A report shows nothing of protected columns but counts.
func TestReportDisclosesNothing(t *testing.T) {
	decl := head + `source:
  kind: csv
  header: 1
  columns: [{name: a}, {name: b}, {name: c}]
target:
  table: t
  columns:
    - {name: a, type: integer, label: measure}
    - {name: b, type: text, label: public}
    - {name: c, type: integer, label: public}
`
	res := mustRun(t, declared(t, decl), textInput("a,b,c\n987654,secret,1\n987655,secret2,3\n"), t.TempDir())
	b, err := json.Marshal(res)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(b, []byte("98765")) || bytes.Contains(b, []byte("secret")) {
		t.Errorf("disclosed: %s", b)
	}
	c := res.Report.Columns[2]
	if c.Min != "1" || c.Max != "3" || c.Mean != "2.0000" || c.Distinct != 2 {
		t.Errorf("%+v", c)
	}
}

func TestRatio(t *testing.T) {
	for _, c := range []struct {
		n, d int64
		want string
	}{{41757, 43824, "95.283"}, {0, 0, ""}, {0, 7, "0.000"}, {7, 7, "100.000"}, {999_999, 1_000_000, "99.999"}, {2, 3, "66.666"}, {1 << 60, 1<<60 + 1, "99.999"}} {
		if have := quality.Of(c.n, c.d).Percent; have != c.want {
			t.Errorf("%d/%d: %s, want %s", c.n, c.d, have, c.want)
		}
	}
}
