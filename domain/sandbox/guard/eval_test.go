package guard

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pado/domain/sandbox/guard/duck"
	"pado/domain/sandbox/guard/policy"
	"pado/domain/sandbox/guard/refuse"
	"pado/domain/sandbox/guard/release"
)

// evalAll runs queries through Eval; random nil is the operating system's.
func evalAll(t *testing.T, initSQL, pol string, o EvalOptions, sqls ...string) []EvalResult {
	t.Helper()
	var in, out bytes.Buffer
	for i, s := range sqls {
		b, err := json.Marshal(map[string]string{"name": fmt.Sprintf("q%d", i), "sql": s})
		if err != nil {
			t.Fatal(err)
		}
		in.Write(append(b, '\n'))
	}
	o.Init, o.Policy, o.Queries, o.Out, o.Dir = strings.NewReader(initSQL), strings.NewReader(pol), &in, &out, t.TempDir()
	if err := Eval(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(o.Dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	var res []EvalResult
	dec := json.NewDecoder(&out)
	for dec.More() {
		var r EvalResult
		if err := dec.Decode(&r); err != nil {
			t.Fatal(err)
		}
		res = append(res, r)
	}
	if len(res) != len(sqls) {
		t.Fatalf("%d lines for %d queries", len(res), len(sqls))
	}
	return res
}

const adultPolicy = `{"k": 10, "rho_per_aggregate": 5000000, "rho_total": 500000000, "delta_total": 1000000000, "tables": {
 "adult": {"unit": "id", "unit_domain": "natural_person", "rows": 1, "columns": {
  "age": {"label": "dim", "type": "int", "lo": 17, "hi": 90, "grid": 1, "coarsen": 5},
  "workclass": {"label": "dim"}, "sex": {"label": "dim", "domain": ["Female", "Male"], "source": "UCI Adult 1996"},
  "income": {"label": "dim", "domain": ["<=50K", ">50K"], "source": "UCI Adult 1996"},
  "hours": {"label": "measure", "lo": 0, "hi": 99, "grid": 1}, "country": {"label": "sensitive_dim"}}}}}`

func adultInit(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("../../../../shared/data/adult.data")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Skip("the real file adult.data is not beside the project: ", filepath.Base(path))
	}
	return `CREATE TABLE adult AS SELECT row_number() OVER () AS id, trim(column00) AS age, trim(column01) AS workclass, trim(column09) AS sex,
	 trim(column14) AS income, trim(column12) AS hours, trim(column13) AS country
	 FROM read_csv('` + path + `', header = false, delim = ',', all_varchar = true, null_padding = true) WHERE column14 IS NOT NULL`
}

// Real data: 32,561 persons, and the four figures everybody knows.
func TestAdult(t *testing.T) {
	res := evalAll(t, adultInit(t), adultPolicy, EvalOptions{random: rand.NewChaCha8([32]byte{7})},
		"SELECT sex, income, count(*) AS n FROM adult GROUP BY sex, income",
		"SELECT count(*), avg(hours), median(hours), stddev(hours) FROM adult",
		"SELECT country, count(*) FROM adult GROUP BY country",
		"SELECT sex, avg(hours) FROM adult WHERE age >= 30 AND workclass = 'Private' GROUP BY sex HAVING count(*) > 100 ORDER BY 2 DESC")
	truth := map[string]float64{"Male <=50K": 15128, "Male >50K": 6662, "Female <=50K": 9592, "Female >50K": 1179}
	found := 0
	for i, r := range res[0].Rows {
		want, ok := truth[fmt.Sprint(r[0], " ", r[1])]
		if !ok {
			want = 0 // 其他 and ∅ are declared cells too, and empty
		} else {
			found++
		}
		got, half := r[2].(float64), *res[0].HalfWidths[i][2]
		if math.Abs(got-want) > half {
			t.Errorf("%v %v: %v ± %v, in the data %v", r[0], r[1], got, half, want)
		}
		if half > 30 {
			t.Errorf("half width %v for a count at σ = 10", half)
		}
	}
	if found != 4 || len(res[0].Rows) != 16 {
		t.Errorf("%d of 4 cells in %d rows", found, len(res[0].Rows))
	}
	for i, want := range []float64{32561, 40.437, 40, 12.347} {
		got, half := res[1].Rows[0][i].(float64), *res[1].HalfWidths[0][i]
		if math.Abs(got-want) > 1.5*half {
			t.Errorf("%s: %v ± %v, in the data %v", res[1].Columns[i], got, half, want)
		}
	}
	for _, r := range res[2].Rows {
		if r[1].(float64) < 30 {
			t.Errorf("country %v with %v persons is shown", r[0], r[1])
		}
		if r[0] == "Holand-Netherlands" {
			t.Error("a country with one person is shown")
		}
	}
	if len(res[2].Rows) < 5 || res[2].Rho != 10_000_000 || res[2].Delta != 10_000_000 {
		t.Errorf("countries: %d rows for ρ %d δ %d", len(res[2].Rows), res[2].Rho, res[2].Delta)
	}
	if res[3].Outcome != Answered || len(res[3].Rows) != 2 || res[3].Rows[0][0] != "Male" {
		t.Errorf("%+v", res[3])
	}
}

// No text of any answer, refusal or failure carries a value of the protected data.
func TestCanary(t *testing.T) {
	p, snap := countyData(t)
	ctx := context.Background()
	// exactly these words may appear: streets are a dimension with large groups, and published
	// words the asker used
	allowed := "CANARYSTREET"
	check := func(name, text string) {
		t.Helper()
		for rest := text; ; {
			i := strings.Index(rest, "CANARY")
			if i < 0 {
				return
			}
			if !strings.HasPrefix(rest[i:], allowed) {
				t.Errorf("%s: %.200s", name, rest[i:])
				return
			}
			rest = rest[i+6:]
		}
	}
	r := newReader(t)
	for name, text := range corpus(t, "deny") {
		if strings.Contains(text, "CANARY") {
			continue // the asker wrote it
		}
		_, sql, _ := strings.Cut(text, "\n")
		_, ref := r.check(t, sql)
		b, _ := json.Marshal(ref)
		check(name, string(b))
	}
	for _, sql := range []string{"SELECT disease, count(*) FROM person GROUP BY disease", "SELECT street, disease, count(*) FROM person GROUP BY ALL", "SELECT hospital, count(*) FROM visit GROUP BY 1"} {
		a, ref, err := New(Options{Ledger: release.NewMemory(p)}).Run(ctx, Request{SQL: sql, Policy: p, SnapshotPath: snap})
		b, _ := json.Marshal(a)
		check(sql, fmt.Sprint(string(b), ref, err))
	}
	for _, ext := range []string{".json", ".public"} {
		b, err := os.ReadFile(snap + ext)
		if err != nil {
			t.Fatal(err)
		}
		check("beside the snapshot "+ext, string(b))
	}
	// the raw identifier is not in the snapshot either
	b, err := os.ReadFile(snap)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"CANARY000", "CANARYNAME"} {
		if bytes.Contains(b, []byte(word)) {
			t.Errorf("the snapshot holds %s", word)
		}
	}
}

// Questions written differently that mean the same are the same question, and so share a
// stored answer; others are not.
func TestMetamorphic(t *testing.T) {
	r := newReader(t)
	digest := func(sql string) string {
		t.Helper()
		c, ref := r.check(t, sql)
		if ref != nil {
			t.Fatal(sql, ref)
		}
		return c.question(Request{Policy: r.p})
	}
	base := "SELECT sex, count(*) FROM person WHERE age >= 18 AND county = 'east' GROUP BY sex"
	for _, sql := range []string{
		"select SEX as 性别, COUNT(*) as 人数 from PERSON where AGE >= 18 and COUNTY = 'east' group by 1",
		"SELECT sex, count(*) FROM person p WHERE p.age > 17 AND p.county IN ('east') GROUP BY p.sex",
		"SELECT sex, count(*) FROM person WHERE NOT (age < 18) AND NOT county <> 'east' GROUP BY ALL",
		"SELECT sex, count(1) FROM person WHERE age BETWEEN 18 AND 120 AND county = 'east' GROUP BY sex, sex",
	} {
		if digest(sql) != digest(base) {
			t.Errorf("another question: %s", sql)
		}
	}
	for _, sql := range []string{
		"SELECT sex, count(*) FROM person WHERE age >= 19 AND county = 'east' GROUP BY sex",
		"SELECT sex, count(*) FROM person WHERE age >= 18 AND county = 'west' GROUP BY sex",
		"SELECT sex, count(*) FROM person WHERE age >= 18 OR county = 'east' GROUP BY sex",
		"SELECT count(*) FROM person WHERE age >= 18 AND county = 'east'",
		"SELECT sex, avg(income) FROM person WHERE age >= 18 AND county = 'east' GROUP BY sex",
		base + " LIMIT 1",
	} {
		if digest(sql) == digest(base) {
			t.Errorf("the same question: %s", sql)
		}
	}
}

// Pairs that must agree up to their noise.
func TestConsistency(t *testing.T) {
	p, snap := countyData(t)
	e := New(Options{Ledger: release.NewMemory(&policy.Policy{RhoTotal: 1 << 60, DeltaTotal: 1 << 60}), Random: rand.NewChaCha8([32]byte{4})})
	total := func(sql string) float64 {
		t.Helper()
		a, ref, err := e.Run(context.Background(), Request{SQL: sql, Policy: p, SnapshotPath: snap, Accuracy: Accuracy{NanoRho: 1 << 40}})
		if ref != nil || err != nil {
			t.Fatal(sql, ref, err)
		}
		var sum float64
		for _, r := range a.Rows {
			if v, ok := r[len(r)-1].(float64); ok {
				sum += v
			}
		}
		return sum
	}
	for _, pair := range [][2]string{
		{"SELECT count(*) FROM person", "SELECT sex, count(*) FROM person GROUP BY sex"},
		{"SELECT count(*) FROM person", "SELECT floor(age / 10), county, count(*) FROM person GROUP BY 1, 2"},
		{"SELECT count(*) FROM person", "SELECT year(insured_since), count(*) FROM person GROUP BY 1"},
		{"SELECT count(*) FROM person WHERE age < 40", "SELECT CASE WHEN age < 18 THEN 'a' WHEN age < 40 THEN 'b' END, count(*) FROM person WHERE NOT age >= 40 GROUP BY 1"},
		{"SELECT sum(cost) FROM visit", "SELECT sum(total) FROM (SELECT id_card, sum(cost) AS total FROM visit GROUP BY id_card) t"},
		{"SELECT count(*) FROM visit", "SELECT sum(n) FROM (SELECT id_card, count(*) AS n FROM visit GROUP BY id_card) t"},
		{"SELECT count(*) FROM visit", "SELECT p.sex, count(*) FROM person p JOIN visit v ON p.id_card = v.id_card GROUP BY p.sex"},
		{"SELECT count(DISTINCT id_card) FROM visit", "SELECT count(*) FROM person WHERE id_card IN (SELECT id_card FROM visit)"},
		{"SELECT count(*) FROM person", "SELECT region, count(*) FROM person JOIN county_dim USING (county) GROUP BY region"},
		{"SELECT sum(income) / 1000 FROM person", "SELECT sum(income / 1000) FROM person"},
		{"SELECT count(*) FROM person WHERE sex IS NOT NULL", "SELECT count(*) FILTER (WHERE sex IS NOT NULL) FROM person"},
		{"SELECT count(*) FROM person WHERE disease = 'flu'", "SELECT sum(CASE WHEN disease = 'flu' THEN 1 ELSE 0 END) FROM person"},
	} {
		a, b := total(pair[0]), total(pair[1])
		if math.Abs(a-b) > 0.002*math.Abs(a)+2 {
			t.Errorf("%v %s\n%v %s", a, pair[0], b, pair[1])
		}
	}
	// the truth, at hardly any noise
	for sql, want := range map[string]float64{
		"SELECT count(*) FROM person": 20000, "SELECT count(*) FROM visit": 60000, "SELECT count(DISTINCT id_card) FROM visit": 15000,
		"SELECT count(*) FROM person WHERE age >= 18 AND age < 60": 8660, "SELECT sum(cost) FROM visit": 8970000,
		"SELECT count(*) FROM lab": 15000, "SELECT count(*) FROM person p LEFT JOIN visit v ON p.id_card = v.id_card": 65000,
		"SELECT count(*) FROM person p LEFT JOIN visit v ON p.id_card = v.id_card WHERE v.id_card IS NULL": 5000,
		"SELECT count(*) FROM person WHERE score IS NULL":                                                  2000, "SELECT median(age) FROM person": 48, "SELECT avg(score) FROM person": 2.002,
		"SELECT stddev_pop(age) FROM person": 28.0,
	} {
		if got := total(sql); math.Abs(got-want) > 0.005*want+1 {
			t.Errorf("%s: %v, in the data %v", sql, got, want)
		}
	}
}

// One ledger for all: the same question is stored and free, another one ends when the budget
// does, and nothing is spent on what is refused.
func TestSharedLedger(t *testing.T) {
	init := "CREATE TABLE person AS SELECT i AS id, i % 100 AS age FROM range(1000) t(i)"
	pol := `{"rho_per_aggregate": 5000000, "rho_total": 12000000, "delta_total": 1000, "tables": {"person": {"unit": "id", "columns": {"age": {"label": "dim", "lo": 0, "hi": 99}}}}}`
	sqls := []string{"SELECT count(*) FROM person", "SELECT count(*) AS n FROM person", "SELECT name FROM person", "SELECT count(*) FROM person WHERE age > 3", "SELECT count(*) FROM person WHERE age > 4", "SELECT count(1) FROM person"}
	res := evalAll(t, init, pol, EvalOptions{Shared: true}, sqls...)
	want := []struct {
		outcome, code string
		rho           int64
	}{{"answered", "", 5e6}, {"answered", "", 0}, {"refused", "GUARD_UNKNOWN_COLUMN", 0}, {"answered", "", 5e6}, {"refused", "GUARD_BUDGET", 0}, {"answered", "", 0}}
	for i, w := range want {
		if r := res[i]; r.Outcome != w.outcome || r.Code != w.code || r.Rho != w.rho {
			t.Errorf("%s: %+v, want %+v", sqls[i], r, w)
		}
	}
	if fmt.Sprint(res[0].Rows) != fmt.Sprint(res[1].Rows) || fmt.Sprint(res[0].Rows) != fmt.Sprint(res[5].Rows) {
		t.Error("the same question has two answers")
	}
	for i, r := range evalAll(t, init, pol, EvalOptions{}, sqls...) {
		if i != 2 && (r.Outcome != "answered" || r.Rho != 5e6) {
			t.Errorf("on its own ledger: %+v", r)
		}
	}
}

// The columns of a line are what they are, whatever happened.
func TestEvalLines(t *testing.T) {
	res := evalAll(t, "CREATE TABLE person AS SELECT i AS id, 's' || i AS street, 5 AS age FROM range(1000) t(i)",
		`{"rho_per_aggregate": 5000000, "rho_total": 500000000, "delta_total": 1000000000, "tables": {"person": {"unit": "id", "columns": {"street": {"label": "dim"}, "age": {"label": "measure", "lo": 0, "hi": 9}}}}}`,
		EvalOptions{}, "SELECT street, count(*) FROM person GROUP BY street", "SELECT avg(age) FROM person WHERE street = 's1'", "SELECT 1 +", "")
	for i, want := range []string{"suppressed GUARD_ALL_WITHHELD", "suppressed GUARD_ALL_WITHHELD", "refused GUARD_SYNTAX", "refused GUARD_ONE_STATEMENT"} {
		if got := res[i].Outcome + " " + res[i].Code; got != want || res[i].Message == "" {
			t.Errorf("%d: %s, want %s", i, got, want)
		}
	}
	if res[0].Rho != 10_000_000 || len(res[0].Rows) != 0 || res[1].Suppressed != 1 {
		t.Errorf("%+v %+v", res[0], res[1])
	}
}

func TestEvalStops(t *testing.T) {
	run := func(init, pol, queries string) error {
		return Eval(context.Background(), EvalOptions{Init: strings.NewReader(init), Policy: strings.NewReader(pol), Queries: strings.NewReader(queries), Out: &bytes.Buffer{}, Dir: t.TempDir()})
	}
	pol := `{"rho_per_aggregate": 1, "rho_total": 1, "delta_total": 1, "tables": {"person": {"unit": "id", "columns": {"age": {"label": "dim"}}}}}`
	var ref *refuse.Refusal
	if err := run("", "{}", ""); !errors.As(err, &ref) || ref.Code != refuse.Policy {
		t.Errorf("policy: %v", err)
	}
	if err := run("CREATE TABLE other AS SELECT 1 AS id", pol, ""); !errors.Is(err, duck.ErrSource) {
		t.Errorf("missing table: %v", err)
	}
	if err := run("CREATE TABLE person AS SELECT 1 AS id", pol, ""); !errors.Is(err, duck.ErrSource) {
		t.Errorf("missing column: %v", err)
	}
	if err := run("CREATE TABLE person AS SELECT 1 AS id, 2 AS age", pol, "not json"); !errors.Is(err, ErrEval) {
		t.Errorf("queries: %v", err)
	}
}

// A snapshot is refused under a policy that codes its columns differently.
func TestSnapshotBinding(t *testing.T) {
	p, snap := countyData(t)
	doc, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	for old, new := range map[string]string{`"hi":"200000"`: `"hi":"100000"`, `["F","M"]`: `["M","F"]`, `"lo":"2000-01-01"`: `"lo":"1999-01-01"`} {
		changed := strings.Replace(string(doc), old, new, 1)
		if changed == string(doc) {
			t.Fatal(old)
		}
		q, ref := policy.Parse([]byte(changed))
		if ref != nil {
			t.Fatal(ref)
		}
		_, ref, err := New(Options{}).Plan(context.Background(), Request{SQL: "SELECT count(*) FROM person", Policy: q, SnapshotPath: snap})
		if err != nil || ref == nil || ref.Code != refuse.SnapshotMismatch {
			t.Errorf("%s: %v %v", new, ref, err)
		}
	}
}
