package duck_test

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/duckdb/duckdb-go/v2"
	"pgregory.net/rapid"

	"pado/domain/sandbox/guard"
	"pado/domain/sandbox/guard/duck"
	"pado/domain/sandbox/guard/policy"
	"pado/domain/sandbox/guard/release"
)

// leaf draws one condition over person that means the same in the guard and in plain SQL.
func leaf(t *rapid.T) string {
	op := rapid.SampledFrom([]string{"=", "<>", "<", "<=", ">", ">="}).Draw(t, "op")
	eq := rapid.SampledFrom([]string{"=", "<>"}).Draw(t, "eq")
	not := rapid.SampledFrom([]string{"", "NOT "}).Draw(t, "not")
	n := rapid.IntRange(-3, 100).Draw(t, "n")
	m := rapid.IntRange(-3, 100).Draw(t, "m")
	county := rapid.SampledFrom([]string{"east", "west", "south"}).Draw(t, "county")
	day := fmt.Sprintf("DATE '20%02d-%02d-%02d'", rapid.IntRange(0, 29).Draw(t, "y"), rapid.IntRange(1, 12).Draw(t, "mo"), rapid.IntRange(1, 28).Draw(t, "d"))
	return rapid.SampledFrom([]string{
		fmt.Sprintf("age %s %d", op, n),
		fmt.Sprintf("%d %s age", n, op),
		fmt.Sprintf("age %sBETWEEN %d AND %d", not, n, m),
		fmt.Sprintf("age %sIN (%d, %d, 50)", not, n, m),
		fmt.Sprintf("age %s %d.5", op, n),
		fmt.Sprintf("floor(age / 10) * 10 %s %d", op, n/10*10),
		fmt.Sprintf("age // 7 %s %d", op, n/7),
		fmt.Sprintf("county %s '%s'", eq, county),
		fmt.Sprintf("county %sIN ('%s', 'east')", not, county),
		fmt.Sprintf("left(county, 2) %s 'ea'", eq),
		fmt.Sprintf("county %sLIKE '%%st'", not),
		fmt.Sprintf("sex %s 'F'", eq),
		fmt.Sprintf("sex IS %sNULL", not),
		fmt.Sprintf("score IS %sNULL", not),
		fmt.Sprintf("street %s 'CANARYSTREET%d'", eq, n),
		fmt.Sprintf("street %sIN ('CANARYSTREET3', 'CANARYSTREET%d')", not, m),
		fmt.Sprintf("disease = '%s'", rapid.SampledFrom([]string{"flu", "none", "nothing"}).Draw(t, "disease")),
		fmt.Sprintf("insured_since %s %s", op, day),
		fmt.Sprintf("insured_since %s %s + INTERVAL 3 MONTH", op, day),
		fmt.Sprintf("year(insured_since) %s %d", op, 2000+n%25),
		fmt.Sprintf("date_trunc('quarter', insured_since) %s %s", op, day),
		fmt.Sprintf("month(insured_since) %s %d", op, n%13),
		"id_card IN (SELECT id_card FROM visit WHERE hospital = 'h1')",
		"id_card IN (SELECT id_card FROM lab GROUP BY id_card HAVING count(*) > 1)",
	}).Draw(t, "leaf")
}

func condition(t *rapid.T, depth int) string {
	if depth == 0 || rapid.IntRange(0, 2).Draw(t, "shape") == 0 {
		return leaf(t)
	}
	var parts []string
	sub := false
	for range rapid.IntRange(1, 3).Draw(t, "parts") {
		p := "(" + condition(t, depth-1) + ")"
		sub = sub || strings.Contains(p, "SELECT") || strings.Contains(p, "disease")
		parts = append(parts, p)
	}
	out := strings.Join(parts, rapid.SampledFrom([]string{" AND ", " OR "}).Draw(t, "logic"))
	if !sub && rapid.Bool().Draw(t, "negate") {
		out = "NOT (" + out + ")"
	}
	return out
}

var figures = []string{"count(*)", "count(score)", "sum(income)", "avg(income)", "count(DISTINCT id_card)", "sum(CASE WHEN age < 40 THEN income ELSE 0 END)", "avg(score)",
	"sum(income * 2 - 5)", "count(*) FILTER (WHERE age > 30)", "sum((sex = 'F')::INT)", "stddev_pop(age)", "avg(coalesce(score, 1))"}

var groups = []string{"", "sex", "county", "floor(age / 10) * 10", "year(insured_since)", "CASE WHEN age < 18 THEN 'young' WHEN age < 65 THEN 'adult' ELSE 'old' END",
	"CASE WHEN sex = 'F' AND age >= 50 THEN 'a' WHEN county = 'east' THEN 'b' END", "date_trunc('year', insured_since)", "upper(county)", "street", "age // 20, county"}

// With next to no noise the guarded path and plain SQL on the raw tables give the same figures,
// whatever the condition, aggregate and grouping.
func TestSameAsPlainSQL(t *testing.T) {
	ctx := context.Background()
	init, err1 := os.ReadFile("../testdata/guard/init.sql")
	doc, err2 := os.ReadFile("../testdata/guard/policy.json")
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	p, ref := policy.Parse(doc)
	if ref != nil {
		t.Fatal(ref)
	}
	snap := filepath.Join(t.TempDir(), "s.duckdb")
	if _, err := duck.Build(ctx, duck.BuildRequest{Init: string(init), Policy: p, Out: snap, Key: make([]byte, 32)}); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(string(init)); err != nil {
		t.Fatal(err)
	}
	e := guard.New(guard.Options{Ledger: release.NewMemory(&policy.Policy{RhoTotal: 1 << 62, DeltaTotal: 1 << 62})})
	rapid.Check(t, func(t *rapid.T) {
		where := condition(t, 2)
		group := rapid.SampledFrom(groups).Draw(t, "group")
		figs := rapid.SliceOfNDistinct(rapid.SampledFrom(figures), 1, 3, rapid.ID).Draw(t, "figures")
		q := "SELECT "
		keys := 0
		if group != "" {
			q += group + ", "
			keys = len(strings.Split(strings.ReplaceAll(strings.ReplaceAll(group, "('year', ", "("), "age // 20, county", "a,b"), ","))
		}
		q += strings.Join(figs, ", ") + " FROM person WHERE " + where
		plain := q
		if group != "" {
			q += " GROUP BY " + group
			plain = q
		}
		a, ref, err := e.Run(ctx, guard.Request{SQL: q, Policy: p, SnapshotPath: snap, Accuracy: guard.Accuracy{NanoRho: 1 << 50}})
		if ref != nil && ref.Code == "GUARD_SENSITIVE_USE" {
			t.Skip("negated sensitive condition")
		}
		if ref != nil || err != nil {
			t.Fatalf("%s: %v %v", q, ref, err)
		}
		want := table(t, db, plain, keys)
		got := map[string][]any{}
		for _, r := range a.Rows {
			got[fmt.Sprint(word(r[:keys]))] = r[keys:]
		}
		for k, w := range want {
			g, ok := got[k]
			if !ok {
				if group == "street" || rows(db, t, group, where, k, keys) < 200 {
					continue // a small discovered group, or a value outside the domain
				}
				t.Fatalf("%s: no row %s in %v", q, k, got)
			}
			for i := range w {
				if !close(g[i], w[i], slack(figs[i])) {
					t.Fatalf("%s\nrow %s, %s: guarded %v, plain %v", q, k, figs[i], g[i], w[i])
				}
			}
		}
	})
}

// rows is a stand-in size of a group that the guard did not show; 其他 collects what is outside
// the declared domain, which plain SQL shows as it is.
func rows(db *sql.DB, t *rapid.T, group, where, key string, keys int) int {
	for k, r := range table(t, db, "SELECT "+group+", count(*) FROM person WHERE "+where+" GROUP BY "+group, keys) {
		if k == key {
			f, _ := r[0].(float64)
			return int(f)
		}
	}
	return 0
}

func word(vs []any) []string {
	out := make([]string, len(vs))
	for i, v := range vs {
		out[i] = fmt.Sprint(v)
	}
	return out
}

func table(t *rapid.T, db *sql.DB, q string, keys int) map[string][]any {
	rs, err := db.Query(q)
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	defer rs.Close()
	cols, _ := rs.Columns()
	out := map[string][]any{}
	for rs.Next() {
		cells, dest := make([]any, len(cols)), make([]any, len(cols))
		for i := range dest {
			dest[i] = &cells[i]
		}
		if err := rs.Scan(dest...); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
		var key, vals []any
		for i, v := range cells {
			switch c := v.(type) {
			case nil, float64, string:
			case time.Time:
				v = c.Format(time.DateOnly)
			default:
				var f float64
				if _, err := fmt.Sscan(fmt.Sprint(c), &f); err != nil {
					t.Fatalf("%s: %v", q, err)
				}
				v = f
			}
			if i < keys {
				key = append(key, v)
			} else {
				vals = append(vals, v)
			}
		}
		out[fmt.Sprint(word(key))] = vals
	}
	if err := rs.Err(); err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	return out
}

// slack is what is left of the noise at the price paid: ten deviations.
func slack(figure string) float64 {
	switch {
	case strings.HasPrefix(figure, "sum(income * 2"):
		return 3000
	case strings.Contains(figure, "income") && strings.HasPrefix(figure, "sum"):
		return 1500
	case figure == "avg(income)":
		return 80
	}
	return 0.6
}

// close allows for rounding to four digits, for the rest of the noise and for what is withheld
// in small groups.
func close(g, w any, slack float64) bool {
	x, ok1 := g.(float64)
	y, ok2 := w.(float64)
	if !ok1 || !ok2 {
		return g == nil || w == nil && (!ok1 || math.Abs(x) < slack)
	}
	return math.Abs(x-y) <= 0.002*math.Abs(y)+slack
}
