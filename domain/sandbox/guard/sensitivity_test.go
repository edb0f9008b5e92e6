package guard

import (
	"context"
	"fmt"
	"math/big"
	"path/filepath"
	"strings"
	"testing"

	"pado/domain/sandbox/guard/duck"
	"pado/domain/sandbox/guard/jail"
	"pado/domain/sandbox/guard/policy"
	"pado/domain/sandbox/guard/release"
)

// smallSQL is a table family of eleven units made to hurt: more rows than the bound, values far
// outside the declared ones, missing values, unknown words, one unit with all rows in one cell.

func smallSQL(without int) string {
	var person, visit, lab []string
	for u := range 11 {
		if u == without {
			continue
		}
		sex := []string{"'F'", "'M'", "'?'", "NULL"}[u%4]
		person = append(person, fmt.Sprintf("('u%d', %d, %s, %d, 's%d')", u, u*13-5, sex, u*400-500, u%3))
		rows := u%6 + 1
		if u == 3 {
			rows = 6
		}
		for i := range rows {
			cost, kind := fmt.Sprint((u*37+i*91)%900-100), fmt.Sprintf("'k%d'", (u+i)%3)
			if u == 3 { // everything at the bound, in one cell
				cost, kind = "5000", "'k1'"
			}
			if i == 4 && u != 3 {
				cost = "NULL"
			}
			visit = append(visit, fmt.Sprintf("('u%d', %s, %s, DATE '2024-01-01' + %d)", u, kind, cost, (u*i*17)%400))
		}
		for i := range u % 4 {
			lab = append(lab, fmt.Sprintf("('u%d', %d)", u, i*3))
		}
	}
	table := func(name, cols string, rows []string) string {
		return "CREATE TABLE " + name + " AS SELECT * FROM (VALUES " + strings.Join(rows, ", ") + ") t(" + cols + ");\n"
	}
	return table("person", "id, age, sex, income, street", person) + table("visit", "id, kind, cost, day", visit) + table("lab", "id, level", lab)
}

const smallPolicy = `{"k": 10, "rho_per_aggregate": 5000000, "rho_total": 500000000, "delta_total": 1000000000, "tables": {
 "person": {"unit": "id", "rows": 1, "columns": {"age": {"label": "dim", "lo": 0, "hi": 100}, "sex": {"label": "dim", "domain": ["F", "M"], "source": "x"},
   "income": {"label": "measure", "lo": -100, "hi": 3000, "grid": 10}, "street": {"label": "dim"}}},
 "visit": {"unit": "id", "rows": 3, "columns": {"kind": {"label": "dim"}, "cost": {"label": "measure", "lo": 0, "hi": 500}, "day": {"label": "dim", "type": "date", "lo": "2024-01-01", "hi": "2024-12-31"}}},
 "lab": {"unit": "id", "rows": 2, "columns": {"level": {"label": "dim", "lo": 0, "hi": 9}}}}}`

// exact is what stage 1 counts before any noise: moments per cell, and the selection statistic.
type exact struct {
	moments map[string][]*big.Int // by block and cell
	groups  map[string]*big.Int
	priced  []*release.Priced
}

// counter is a worker on one snapshot, used for many questions.
func counter(t *testing.T, snap string) *jail.Proc {
	t.Helper()
	p, err := jail.Start(context.Background(), jail.Spec{Role: duck.RoleWorker, Read: []string{snap}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	var a duck.WorkAnswer
	if err := p.Ask(duck.WorkRequest{Open: snap}, &a); err != nil {
		t.Fatal(err)
	}
	return p
}

func countExact(t *testing.T, c *compiled, worker *jail.Proc) exact {
	t.Helper()
	out := exact{moments: map[string][]*big.Int{}, groups: map[string]*big.Int{}, priced: c.priced}
	for i, b := range c.plan.Blocks {
		for n := range c.stage1[i] {
			c.stage1[i][n].Tree = withoutHaving(c.stage1[i][n].Tree)
		}
		rows, err := count(worker, b, c.stage1[i])
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			cell := fmt.Sprintf("%d:%v", i, r.Keys)
			out.moments[cell] = []*big.Int{}
			for _, m := range b.Moments {
				v := new(big.Int)
				for _, w := range m.Raws {
					v.Add(v, new(big.Int).Mul(w.Coef, r.Raws[w.Raw]))
				}
				out.moments[cell] = append(out.moments[cell], v)
			}
			if b.Selection {
				// ceil(rows/K)
				n := new(big.Int).Add(r.Raws[b.RowsRaw], big.NewInt(b.Source.K-1))
				out.groups[cell] = n.Quo(n, big.NewInt(b.Source.K))
			}
		}
	}
	return out
}

// For every unit and every aggregate: taking the unit away moves the counted integers by no
// more than the sensitivity the noise is made for.
func TestSensitivity(t *testing.T) {
	p, ref := policy.Parse([]byte(smallPolicy))
	if ref != nil {
		t.Fatal(ref)
	}
	dir := t.TempDir()
	snaps := make([]string, 12)
	workers := make([]*jail.Proc, len(snaps))
	for u := range snaps {
		snaps[u] = filepath.Join(dir, fmt.Sprintf("s%d.duckdb", u))
		if _, err := duck.Build(context.Background(), duck.BuildRequest{Init: smallSQL(u - 1), Policy: p, Out: snaps[u], Key: []byte("0123456789abcdef")}); err != nil {
			t.Fatal(err)
		}
		workers[u] = counter(t, snaps[u])
	}
	questions := map[string]bool{ // true: some unit must reach the bound exactly, or the bound is not tight
		"SELECT count(*) FROM visit":                                                                                                     true,
		"SELECT count(*) FROM person":                                                                                                    true,
		"SELECT kind, count(*) FROM visit GROUP BY kind":                                                                                 true,
		"SELECT sum(cost), avg(cost) FROM visit":                                                                                         true,
		"SELECT kind, sum(cost) FROM visit GROUP BY kind":                                                                                true,
		"SELECT count(DISTINCT id) FROM visit":                                                                                           true,
		"SELECT kind, count(DISTINCT id) FROM visit GROUP BY kind":                                                                       true,
		"SELECT sex, floor(age / 10), count(*), sum(income), avg(income) FROM person GROUP BY 1, 2":                                      true,
		"SELECT sum(income), stddev(income) FROM person":                                                                                 false,
		"SELECT var_pop(cost), median(cost) FROM visit":                                                                                  false,
		"SELECT kind, median(cost) FROM visit GROUP BY kind":                                                                             false,
		"SELECT corr(cost, cost), covar_pop(cost, cost * 2), regr_slope(cost, cost) FROM visit":                                          false,
		"SELECT corr(income, age) FROM person":                                                                                           false,
		"SELECT sum(CASE WHEN kind = 'k1' THEN cost ELSE -7 END), sum(cost * 3 + 1) FROM visit":                                          false,
		"SELECT count(cost), avg(coalesce(cost, 500)), sum(1) FROM visit":                                                                false,
		"SELECT count(*) FILTER (WHERE kind = 'k1'), sum(cost) FILTER (WHERE day < '2024-06-01') FROM visit":                             false,
		"SELECT sex, count(*), sum(cost) FROM person p JOIN visit v ON p.id = v.id GROUP BY sex":                                         false,
		"SELECT sex, count(*), count(v.id), count(DISTINCT v.id), sum(cost) FROM person p LEFT JOIN visit v ON p.id = v.id GROUP BY sex": false,
		"SELECT kind, sex, count(DISTINCT p.id) FROM person p JOIN visit v ON p.id = v.id GROUP BY 1, 2":                                 false,
		"SELECT street, count(*) FROM person GROUP BY street":                                                                            false,
		"SELECT n, count(*) FROM (SELECT id, count(*) AS n FROM visit GROUP BY id) t GROUP BY n":                                         true,
		"SELECT sum(s), avg(s), median(s), stddev(s) FROM (SELECT id, sum(cost) AS s FROM visit GROUP BY id) t":                          false,
		"SELECT avg(v.cost), count(*) FROM visit v JOIN (SELECT id, count(*) AS n FROM lab GROUP BY id) l ON v.id = l.id WHERE n > 1":    false,
		"SELECT count(*) FROM visit WHERE id IN (SELECT id FROM lab WHERE level > 0)":                                                    false,
		"SELECT count(*) FROM (SELECT id, count(*) AS n FROM visit GROUP BY id HAVING count(*) > 2) t":                                   true,
		"SELECT CASE WHEN kind = 'k1' AND day > '2024-02-01' THEN 'a' ELSE 'b' END, count(*) FROM visit GROUP BY 1":                      false,
		"SELECT count(*) FROM visit v LEFT JOIN person p ON v.id = p.id WHERE p.sex IS NULL OR p.age > 50":                               false,
	}
	for sql, tight := range questions {
		c, ref, err := New(Options{}).compile(context.Background(), Request{SQL: sql, Policy: p, SnapshotPath: snaps[0]})
		if ref != nil || err != nil {
			t.Fatal(sql, ref, err)
		}
		c.close()
		whole := countExact(t, c, workers[0])
		reached := false
		for u := 1; u < len(snaps); u++ {
			reached = compareNeighbours(t, sql, u-1, whole, countExact(t, c, workers[u])) || reached
		}
		if tight && !reached {
			t.Errorf("%s: no unit reaches the bound", sql)
		}
	}
}

// compareNeighbours checks every moment's L2 distance and reports whether one equals its bound.
func compareNeighbours(t *testing.T, sql string, u int, a, b exact) bool {
	t.Helper()
	reached := false
	for block, pr := range a.priced {
		type sum struct{ got, bound *big.Int }
		sums := map[string]*sum{}
		cells := map[string]bool{}
		for c := range a.moments {
			cells[c] = true
		}
		for c := range b.moments {
			cells[c] = true
		}
		for i, m := range pr.Block.Moments {
			name := fmt.Sprint("moment ", i)
			if m.Vector != 0 {
				name = fmt.Sprint("vector ", m.Vector)
			}
			s := sums[name]
			if s == nil {
				s = &sum{new(big.Int), m.Delta2}
				sums[name] = s
			}
			for c := range cells {
				if !strings.HasPrefix(c, fmt.Sprint(block)+":") {
					continue
				}
				d := new(big.Int)
				if v := a.moments[c]; v != nil {
					d.Add(d, v[i])
				}
				if v := b.moments[c]; v != nil {
					d.Sub(d, v[i])
				}
				s.got.Add(s.got, d.Mul(d, d))
			}
		}
		for name, s := range sums {
			if s.got.Cmp(s.bound) > 0 {
				t.Errorf("%s: without unit %d, %s (%s) moves by √%s, noise is made for √%s", sql, u, name, pr.Block.Figures[0].Title, s.got, s.bound)
			}
			reached = reached || s.got.Cmp(s.bound) == 0
		}
		if !pr.Block.Selection {
			continue
		}
		moved := int64(0)
		for c := range cells {
			d := new(big.Int)
			if v := a.groups[c]; v != nil {
				d.Add(d, v)
			}
			if v := b.groups[c]; v != nil {
				d.Sub(d, v)
			}
			if d.CmpAbs(big.NewInt(1)) > 0 {
				t.Errorf("%s: the selection statistic of one cell moves by %s", sql, d)
			}
			moved += d.Mul(d, d).Int64()
		}
		if moved > pr.Block.Spread {
			t.Errorf("%s: the selection statistic moves by √%d, noise is made for √%d", sql, moved, pr.Block.Spread)
		}
	}
	return reached
}
