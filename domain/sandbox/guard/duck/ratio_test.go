package duck_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"sort"
	"testing"
	"time"

	"pado/domain/sandbox/guard"
	"pado/domain/sandbox/guard/duck"
	"pado/domain/sandbox/guard/policy"
)

const (
	ratioInit = `CREATE TABLE f AS SELECT 'p' || (hash(i) % 250000) AS id, CAST(hash(i * 7) % 100 AS INTEGER) AS county, CAST(hash(i * 13) % 100 AS INTEGER) AS age,
		CAST(hash(i * 3) % 1200 AS INTEGER) AS v, 'n' || (i % 50) AS name FROM range(1000000) t(i)`
	ratioPolicy = `{"rho_per_aggregate":5000000,"rho_total":500000000,"delta_total":1000000000,"tables":{"f":{"unit":"id","rows":3,"columns":{
		"county":{"label":"dim","lo":0,"hi":99},"age":{"label":"dim","lo":0,"hi":99,"coarsen":5},"v":{"label":"measure","lo":0,"hi":1000},"name":{"label":"dim"}}}}}`
)

// BenchmarkRatio reports how long stage 1 takes compared with the plain query on the raw table
// in the same run: ratios only, best of five each, and their median.
func BenchmarkRatio(b *testing.B) {
	ctx := context.Background()
	p, ref := policy.Parse([]byte(ratioPolicy))
	if ref != nil {
		b.Fatal(ref)
	}
	snap := filepath.Join(b.TempDir(), "s.duckdb")
	if _, err := duck.Build(ctx, duck.BuildRequest{Init: ratioInit, Policy: p, Out: snap, Key: make([]byte, 32)}); err != nil {
		b.Fatal(err)
	}
	raw, err1 := sql.Open("duckdb", filepath.Join(b.TempDir(), "raw.duckdb")+"?threads=2")
	coded, err2 := sql.Open("duckdb", snap+"?access_mode=READ_ONLY&threads=2")
	if err1 != nil || err2 != nil {
		b.Fatal(err1, err2)
	}
	defer raw.Close()
	defer coded.Close()
	if _, err := raw.Exec(ratioInit); err != nil {
		b.Fatal(err)
	}
	best := func(db *sql.DB, queries ...string) time.Duration {
		d := time.Hour
		for range 5 {
			var took time.Duration
			for _, q := range queries {
				start := b.Elapsed()
				rows, err := db.Query(q)
				if err != nil {
					b.Fatal(q, err)
				}
				for rows.Next() {
				}
				if err := rows.Err(); err != nil {
					b.Fatal(q, err)
				}
				rows.Close()
				took += b.Elapsed() - start
			}
			d = min(d, took)
		}
		return d
	}
	for b.Loop() {
		var ratios []float64
		for _, q := range []string{"SELECT county, count(*), avg(v) FROM f GROUP BY county", "SELECT count(*) FROM f WHERE age >= 18", "SELECT floor(age / 10) * 10, county, sum(v) FROM f GROUP BY 1, 2",
			"SELECT name, count(*) FROM f GROUP BY name", "SELECT county, count(DISTINCT id) FROM f GROUP BY county", "SELECT county, median(v) FROM f GROUP BY county",
			"SELECT avg(n) FROM (SELECT id, count(*) AS n FROM f GROUP BY id) t", "SELECT stddev(v) FROM f WHERE name IN ('n1', 'n2') OR age < 40"} {
			plan, ref, err := guard.New(guard.Options{}).Plan(ctx, guard.Request{SQL: q, Policy: p, SnapshotPath: snap})
			if ref != nil || err != nil {
				b.Fatal(ref, err)
			}
			if len(plan.SQL) == 1 && !hasParams(plan.SQL[0]) {
				r := float64(best(coded, plan.SQL...)) / float64(best(raw, q))
				b.Logf("%.2f  %s", r, q)
				ratios = append(ratios, r)
			}
		}
		sort.Float64s(ratios)
		b.ReportMetric(ratios[len(ratios)/2], "median-x-raw")
		b.ReportMetric(ratios[len(ratios)-1], "worst-x-raw")
	}
}

func hasParams(q string) bool {
	for i := 0; i+1 < len(q); i++ {
		if q[i] == '$' {
			return true
		}
	}
	return false
}
