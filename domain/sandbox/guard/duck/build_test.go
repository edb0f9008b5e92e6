package duck

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pado/domain/sandbox/guard/policy"
	"pado/domain/sandbox/guard/snapshot"
)

func build(t *testing.T, init, pol string, key string) (string, *snapshot.Manifest, error) {
	t.Helper()
	p, ref := policy.Parse([]byte(pol))
	if ref != nil {
		t.Fatal(ref)
	}
	out := filepath.Join(t.TempDir(), "s.duckdb")
	m, err := Build(context.Background(), BuildRequest{Init: init, Policy: p, Out: out, Key: []byte(key)})
	return out, m, err
}

// rows reads a snapshot table as text.
func rows(t *testing.T, file, query string) []string {
	t.Helper()
	s := settings(1, "512MB")
	s.Set("access_mode", "READ_ONLY")
	db, conn, err := open(file, s)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	defer conn.Close()
	rs, err := conn.QueryContext(context.Background(), query)
	if err != nil {
		t.Fatal(query, err)
	}
	defer rs.Close()
	cols, _ := rs.Columns()
	var out []string
	for rs.Next() {
		vals, dest := make([]any, len(cols)), make([]any, len(cols))
		for i := range vals {
			dest[i] = &vals[i]
		}
		if err := rs.Scan(dest...); err != nil {
			t.Fatal(err)
		}
		out = append(out, strings.Trim(fmt.Sprint(vals), "[]"))
	}
	if err := rs.Err(); err != nil {
		t.Fatal(query, err)
	}
	return out
}

const testKey = "0123456789abcdef"

const codedPolicy = `{"rho_per_aggregate":1,"rho_total":1,"delta_total":1,"tables":{"t":{"unit":"id","rows":2,"columns":{
 "age":{"label":"dim","lo":10,"hi":19},"sex":{"label":"dim","domain":["F","M"],"source":"x"},"word":{"label":"dim"},
 "v":{"label":"measure","lo":-1,"hi":1,"grid":0.5},"d":{"label":"dim","type":"date","lo":"2024-01-01","hi":"2024-01-31"},"secret":{"label":"forbidden"}}}}}`

// Values become codes: in the domain by position, outside −2, missing −1; measures are clamped
// to their bounds and rounded to their grid; rows without a unit are gone.
func TestCodes(t *testing.T) {
	file, m, err := build(t, `CREATE TABLE t AS SELECT * FROM (VALUES
	 (1, '10', 'F', 'b', 0.3, '2024-01-01', 's'), (2, '19.9', ' M ', 'a', 9.0, '2024-01-31', 's'), (3, '20', 'X', '', -9.0, '2024-02-01', 's'),
	 (4, 'old', NULL, NULL, NULL, 'yesterday', 's'), (5, '9', 'F', ' a ', 'nan'::DOUBLE, NULL, 's'), (NULL, '12', 'F', 'c', 1, '2024-01-02', 's')) x(id, age, sex, word, v, d, secret)`, codedPolicy, testKey)
	if err != nil {
		t.Fatal(err)
	}
	got := rows(t, file, `SELECT age, "age#m", sex, word, "v#m", d FROM t ORDER BY age, sex, word, d`)
	want := []string{"-2 19 -2 -1 -2 -2", "-2 10 0 0 <nil> -1", "-1 <nil> -1 -1 <nil> -1", "0 10 0 1 1 0", "9 19 1 0 2 30"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if w := rows(t, file, `SELECT code, word FROM "t/word#d" ORDER BY code`); !reflect.DeepEqual(w, []string{"0 a", "1 b", "2 c"}) {
		t.Errorf("dictionary %q", w)
	}
	for _, c := range rows(t, file, `SELECT DISTINCT column_name FROM duckdb_columns() WHERE table_name = 't'`) {
		if strings.Contains(c, "secret") || c == "id" {
			t.Errorf("the snapshot has column %s", c)
		}
	}
	if m.Digest == "" || m.Tables["t"].Columns["age"] == "" {
		t.Errorf("manifest %+v", m)
	}
	for _, f := range []string{file, snapshot.PublicPath(file), snapshot.ManifestPath(file)} {
		if s, err := os.Stat(f); err != nil || s.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", filepath.Base(f), s.Mode(), err)
		}
	}
}

const rankedPolicy = `{"rho_per_aggregate":1,"rho_total":1,"delta_total":1,"tables":{"t":{"unit":"id","rows":3,"columns":{"v":{"label":"measure","lo":0,"hi":1000}}}}}`

// Ranks run 1, 2, … within each unit; which row comes first hangs on the key, on the unit and on
// the row, and on no other unit and no position in the table; the file is clustered by rank.
func TestRanks(t *testing.T) {
	first := func(source, key string) string {
		file, _, err := build(t, "CREATE TABLE t AS "+source, rankedPolicy, key)
		if err != nil {
			t.Fatal(err)
		}
		for i, n := range rows(t, file, `SELECT "#unit", list_sort(list("#rank")) = range(1, CAST(count(*) AS BIGINT) + 1) FROM t GROUP BY 1`) {
			if !strings.HasSuffix(n, "true") {
				t.Fatalf("unit %d: %s", i, n)
			}
		}
		if n := rows(t, file, `SELECT count(*) FROM (SELECT "#rank" < lag("#rank") OVER (ORDER BY rowid) AS back FROM t) WHERE back`); n[0] != "0" {
			t.Error("not clustered by rank")
		}
		// the values of rank 1, without the unit numbers, which other units may move
		return strings.Join(rows(t, file, `SELECT "v#m" FROM t WHERE "#rank" = 1 AND "v#m" < 500 ORDER BY 1`), ",")
	}
	base := "SELECT 'u' || (i // 10) AS id, i AS v FROM range(500) r(i)"
	a := first(base, testKey)
	if b := first(base, "another key 12345"); a == b {
		t.Error("the key does not matter")
	}
	if b := first("SELECT * FROM ("+base+") ORDER BY v DESC", testKey); a != b {
		t.Error("the position in the table matters")
	}
	if b := first(base+" UNION ALL SELECT 'x' || (i // 3), 500 + i FROM range(300) r(i)", testKey); a != b {
		t.Error("other units matter")
	}
	if strings.HasPrefix(a, "0,10,20,30") {
		t.Error("rank follows the value")
	}
}

func TestPublicKeyMustBeUnique(t *testing.T) {
	pol := `{"rho_per_aggregate":1,"rho_total":1,"delta_total":1,"tables":{"c":{"public":true,"key":["k"]}}}`
	if _, _, err := build(t, "CREATE TABLE c AS SELECT * FROM (VALUES ('a', 1), ('b', 2)) x(k, v)", pol, testKey); err != nil {
		t.Error(err)
	}
	for _, second := range []string{"'a'", "' a '"} {
		file, _, err := build(t, "CREATE TABLE c AS SELECT * FROM (VALUES ('a', 1), ("+second+", 2)) x(k, v)", pol, testKey)
		if !errors.Is(err, ErrSource) {
			t.Errorf("%s: %v", second, err)
		}
		if left, _ := filepath.Glob(file + "*"); len(left) != 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}

func TestBuildFromParquet(t *testing.T) {
	dir := t.TempDir()
	_, conn, err := open("", settings(1, "512MB"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	file := filepath.Join(dir, "it's.parquet")
	if _, err := conn.ExecContext(context.Background(), "COPY (SELECT i AS id, i AS v FROM range(100) t(i)) TO "+text(file)+" (FORMAT parquet)"); err != nil {
		t.Fatal(err)
	}
	p, ref := policy.Parse([]byte(rankedPolicy))
	if ref != nil {
		t.Fatal(ref)
	}
	out := filepath.Join(dir, "s.duckdb")
	if _, err := Build(context.Background(), BuildRequest{Parquet: map[string]string{"t": file}, Policy: p, Out: out, Key: []byte(testKey)}); err != nil {
		t.Fatal(err)
	}
	if n := rows(t, out, `SELECT count(*), sum("v#m"), max("#rank") FROM t`); n[0] != "100 4950 1" {
		t.Error(n)
	}
	if _, err := Build(context.Background(), BuildRequest{Policy: p, Out: out, Key: []byte(testKey)}); err == nil {
		t.Error("overwrote a snapshot")
	}
	if _, err := Build(context.Background(), BuildRequest{Policy: p, Out: out + "2", Key: []byte("short")}); err == nil {
		t.Error("accepted a short key")
	}
}
