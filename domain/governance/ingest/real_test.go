package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"pado/domain/governance/ingest/pipeline"
	"pado/domain/governance/vault"
)

const shared = "../../../../shared/data"

func realFile(t testing.TB, name string) string {
	t.Helper()
	p := filepath.Join(shared, name)
	if _, err := os.Stat(p); err != nil {
		t.Skipf("skipped: the real file %s is not here", name)
	}
	return p
}

func example(t testing.TB, id string) *pipeline.Pipeline {
	t.Helper()
	all, err := Examples()
	if err != nil {
		t.Fatal(err)
	}
	e, ok := all[id]
	if !ok {
		t.Fatalf("no example %q", id)
	}
	return e.Pipeline
}

func testKeys(t testing.TB) Keys {
	t.Helper()
	ring, err := vault.NewKeyring(bytes.Repeat([]byte{9}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return Keys{Family: bytes.Repeat([]byte{7}, 32), Quarantine: ring}
}

func mustRun(t testing.TB, p *pipeline.Pipeline, in Input, out string) *Result {
	t.Helper()
	res, err := Run(context.Background(), p, in, out, testKeys(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func fileInput(t testing.TB, path string) Input {
	t.Helper()
	in, err := FileInput(path)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func show(t testing.TB, v any) {
	t.Helper()
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	t.Log(string(b))
}

func TestBeijing(t *testing.T) {
	res := mustRun(t, example(t, "beijing-pm25"), fileInput(t, realFile(t, "beijing_pm25_prsa_2010_2014.csv")), t.TempDir())
	show(t, res)
}

func TestAdult(t *testing.T) {
	res := mustRun(t, example(t, "adult-census"), fileInput(t, realFile(t, "adult.data")), t.TempDir())
	show(t, res)
}

func TestProposeReal(t *testing.T) {
	for _, name := range []string{"adult.data", "beijing_pm25_prsa_2010_2014.csv", "ncov_shanxi_cities.csv", "GB-4754-2017.csv",
		"admin/ChinaAreaCode_MCA.csv", "admin/GB-2260_2019.csv", "admin/streets_shuozhou.csv", "admin/villages_shuozhou.csv", "moe_adult_colleges_2025.xls"} {
		t.Run(name, func(t *testing.T) {
			in := fileInput(t, realFile(t, name))
			p, err := Propose(context.Background(), in)
			if err != nil {
				t.Fatal(err)
			}
			show(t, p.Columns)
			t.Log(p.Kind, p.Encoding, p.Delimiter, p.Skip, p.Header, p.Records, p.Data, p.Missing, p.Notes, len(p.NotData))
			if err := p.Pipeline.Validate(); err != nil {
				t.Fatal(err)
			}
			res := mustRun(t, p.Pipeline, in, t.TempDir())
			if res.Rows != p.Data || res.Quarantined != int64(len(p.NotData)) {
				t.Errorf("%d rows, %d quarantined", res.Rows, res.Quarantined)
			}
		})
	}
}
