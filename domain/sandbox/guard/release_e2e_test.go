package guard

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"pado/domain/sandbox/guard/duck"
	"pado/domain/sandbox/guard/jail"
	"pado/domain/sandbox/guard/noise"
	"pado/domain/sandbox/guard/refuse"
	"pado/domain/sandbox/guard/release"
)

// The stated 95 % intervals hold the truth about as often as they say, for every kind of
// figure: 400 releases of the same exact integers, truth from a release with hardly any noise.
func TestIntervalCoverage(t *testing.T) {
	p, snap := countyData(t)
	sql := `SELECT count(*), count(DISTINCT id_card), sum(income), avg(income), avg(score), stddev(income), var_pop(age), median(income), quantile_cont(age, 0.9),
		corr(income, age), covar_pop(age, age), regr_slope(age, age) FROM person WHERE age >= 18`
	e := New(Options{})
	c, ref, err := e.compile(context.Background(), Request{SQL: sql, Policy: p, SnapshotPath: snap})
	if ref != nil || err != nil {
		t.Fatal(ref, err)
	}
	defer c.close()
	rows, err := count(c.worker, c.plan.Blocks[0], c.stage1[0])
	if err != nil {
		t.Fatal(err)
	}
	exact, ref := release.PriceOf(c.plan.Blocks[0], p, Accuracy{NanoRho: 1 << 50})
	if ref != nil {
		t.Fatal(ref)
	}
	src := noise.NewSource(rand.NewChaCha8([32]byte{11}))
	truth, err := exact.Release(rows, src)
	if err != nil {
		t.Fatal(err)
	}
	const n = 400
	hits := make([]int, len(c.plan.Blocks[0].Figures))
	for range n {
		tab, err := c.priced[0].Release(rows, src)
		if err != nil {
			t.Fatal(err)
		}
		for i := range hits {
			v, h := tab.Cells[0].Values[i], tab.Cells[0].Halves[i]
			if v == nil || h == nil {
				t.Fatalf("figure %d is withheld", i)
			}
			if math.Abs(*v-*truth.Cells[0].Values[i]) <= *h {
				hits[i]++
			}
		}
	}
	for i, f := range c.plan.Blocks[0].Figures {
		if share := float64(hits[i]) / n; share < 0.91 {
			t.Errorf("%s: intervals hold the truth in %.1f %%", f.Title, 100*share)
		} else if testing.Verbose() {
			t.Logf("%s: %.1f %%", f.Title, 100*share)
		}
	}
}

// Intervals go through arithmetic over figures; where they cannot, none is stated.
func TestDerivedIntervals(t *testing.T) {
	p, snap := countyData(t)
	e := New(Options{Ledger: release.NewMemory(p), Random: rand.NewChaCha8([32]byte{12})})
	a, ref, err := e.Run(context.Background(), Request{SQL: `SELECT count(*) AS n, count(*) * 2 AS twice, 100.0 * count(*) FILTER (WHERE sex = 'F') / count(*) AS share,
		count(*) - count(*) AS zero, CASE WHEN count(*) > 5 THEN count(*) END AS c FROM person`, Policy: p, SnapshotPath: snap})
	if ref != nil || err != nil {
		t.Fatal(ref, err)
	}
	h := a.HalfWidths[0]
	if *h[1] < 38 || *h[1] > 52 || *h[0] < 19 || *h[0] > 26 {
		t.Errorf("twice: %v of %v", *h[1], *h[0])
	}
	if *h[2] < 0.05 || *h[2] > 0.3 || math.Abs(a.Rows[0][2].(float64)-33.33) > *h[2] {
		t.Errorf("share: %v ± %v", a.Rows[0][2], *h[2])
	}
	if *h[3] != 0 || a.Rows[0][3].(float64) != 0 || h[4] != nil {
		t.Errorf("zero ± %v, case %v", *h[3], h[4])
	}
	// the same through a WITH, a UNION ALL and a sum
	a, ref, err = e.Run(context.Background(), Request{SQL: `WITH c AS (SELECT county, count(*) AS n FROM person GROUP BY county) SELECT sum(n) AS s FROM c UNION ALL SELECT n / 2 FROM c WHERE county = 'east'`, Policy: p, SnapshotPath: snap})
	if ref != nil || err != nil {
		t.Fatal(ref, err)
	}
	for i, r := range a.Rows {
		if a.HalfWidths[i][0] == nil || *a.HalfWidths[i][0] < 9 || *a.HalfWidths[i][0] > 60 {
			t.Errorf("row %v: %v", r, a.HalfWidths[i][0])
		}
	}
}

func TestRounding(t *testing.T) {
	for _, c := range []struct{ f, to, up float64 }{{15128, 15130, 16000}, {0, 0, 0}, {-15128, -15130, -15000}, {0.0123456, 0.01235, 0.013}, {9999.9, 10000, 10000}, {7, 7, 7}, {1e15 + 3, 1e15, 1.1e15}} {
		if g := roundTo(c.f, 4); g != c.to {
			t.Errorf("%v rounds to %v, want %v", c.f, g, c.to)
		}
		if g := roundUp(c.f, 2); g < c.f && c.f > 0 {
			t.Errorf("%v is rounded down to %v", c.f, g)
		}
	}
}

// Text that does not parse back to the tree it was printed from never runs.
func TestMismatchStops(t *testing.T) {
	ctx := context.Background()
	proc, err := jail.Start(ctx, jail.Spec{Role: duck.RoleParser})
	if err != nil {
		t.Fatal(err)
	}
	defer proc.Close()
	parse := func(sql string) string {
		var a duck.ParseAnswer
		if err := proc.Ask(duck.ParseRequest{SQL: sql}, &a); err != nil {
			t.Fatal(err)
		}
		return a.Parsed
	}
	p, snap := countyData(t)
	c, ref, err := New(Options{}).compile(ctx, Request{SQL: "SELECT sex, sum(income) FILTER (WHERE age > 30) FROM person GROUP BY sex", Policy: p, SnapshotPath: snap})
	if ref != nil || err != nil {
		t.Fatal(ref, err)
	}
	c.close()
	q := c.stage1[0][0]
	if err := same(parse(q.Text()), q.Tree); err != nil {
		t.Fatal(err)
	}
	for _, swap := range [][2]string{{"<= 1", "<= 2"}, {"sum(", "max("}, {`"income#m"`, `"age"`}, {" GROUP BY", " AND TRUE GROUP BY"}, {`"main"."person"`, `"main"."visit"`}, {"FILTER", "/* */"}, {"31", "$1"}} {
		text := strings.Replace(q.Text(), swap[0], swap[1], 1)
		if text == q.Text() {
			t.Fatalf("%s is not in %s", swap[0], text)
		}
		if err := same(parse(text), q.Tree); !errors.Is(err, errMismatch) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// slow is a ledger that uses up the question's time after it has taken the price.
type slow struct{ Ledger }

func (s slow) Debit(ctx context.Context, lines []Line) error {
	if err := s.Ledger.Debit(ctx, lines); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// broken is a ledger that is not there.
type broken struct{}

func (broken) Debit(context.Context, []Line) error { return errors.New("disk on fire at /secret/path") }

func TestFailures(t *testing.T) {
	p, snap := countyData(t)
	ask := func(ctx context.Context, o Options) (Answer, *Refusal, error) {
		return New(o).Run(ctx, Request{SQL: "SELECT count(*) FROM person", Policy: p, SnapshotPath: snap})
	}
	var f *Failure
	// time runs out after the debit: the price is gone, and the answer says so
	m := release.NewMemory(p)
	a, ref, err := ask(context.Background(), Options{Ledger: slow{m}, Timeout: 3 * time.Second})
	if ref != nil || !errors.As(err, &f) || f.Refusal.Code != refuse.Timeout || !f.Debited || a.Rho != 5_000_000 || len(a.Rows) != 0 {
		t.Errorf("%+v %v %v", a, ref, err)
	}
	if rho, _ := m.Left(); rho != p.RhoTotal-5_000_000 {
		t.Errorf("left %d", rho)
	}
	// the caller leaves before anything ran: nothing is taken
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, ref, err = ask(ctx, Options{Ledger: m}); ref != nil || !errors.As(err, &f) || f.Refusal.Code != refuse.Busy || f.Debited {
		t.Errorf("%v %v", ref, err)
	}
	// the ledger fails: nothing runs, and the error is the caller's own
	if _, ref, err = ask(context.Background(), Options{Ledger: broken{}}); ref != nil || err == nil || errors.As(err, &f) {
		t.Errorf("%v %v", ref, err)
	}
	// no snapshot
	if _, ref, err := New(Options{Ledger: m}).Run(context.Background(), Request{SQL: "SELECT count(*) FROM person", Policy: p, SnapshotPath: snap + "x"}); ref != nil || !errors.As(err, &f) || f.Refusal.Code != refuse.Internal || strings.Contains(err.Error(), snap) {
		t.Errorf("%v %v", ref, err)
	}
	// a dry source of randomness: no answer without noise
	if a, ref, err = ask(context.Background(), Options{Ledger: m, Random: strings.NewReader("")}); ref != nil || !errors.As(err, &f) || f.Refusal.Code != refuse.EngineFailed || len(a.Rows) != 0 {
		t.Errorf("%+v %v %v", a, ref, err)
	}
	// every reply passes the pacing hook
	paced := 0
	if _, _, err = ask(context.Background(), Options{Ledger: m, Pace: func(context.Context) { paced++ }}); err != nil || paced != 1 {
		t.Errorf("%v, paced %d", err, paced)
	}
}

// A plan is free, says what the run then costs, and shows the SQL that runs.
func TestPlan(t *testing.T) {
	p, snap := countyData(t)
	m := release.NewMemory(p)
	e := New(Options{Ledger: m})
	q := Request{SQL: "SELECT street, count(*) AS n, avg(income) FROM person WHERE disease = 'CANARYDISEASE' GROUP BY street", Policy: p, SnapshotPath: snap, Accuracy: Accuracy{Sigma: 20, PerColumn: map[string]Accuracy{`avg("income")`: {NanoRho: 7_000_000}}}}
	plan, ref, err := e.Plan(context.Background(), q)
	if ref != nil || err != nil {
		t.Fatal(ref, err)
	}
	if plan.Rho != 1_250_000+7_000_000+5_000_000 || plan.Delta != 10_000_000 || plan.Cells != 0 || plan.Threshold < 60 {
		t.Errorf("%+v", plan)
	}
	if left, _ := m.Left(); left != p.RhoTotal {
		t.Error("planning cost something")
	}
	if math.Abs(plan.Aggregates[0].HalfWidth-39.2) > 0.1 || plan.Aggregates[1].HalfWidth != 0 {
		t.Errorf("%+v", plan.Aggregates)
	}
	sql := strings.Join(plan.SQL, "\n") + plan.PostSQL
	if strings.Contains(sql, "CANARY") || !strings.Contains(sql, "$1") || !strings.Contains(sql, `"#rank" <= 1`) {
		t.Error(sql)
	}
	if !strings.HasPrefix(plan.Jail, "landlock") {
		t.Errorf("jail %q", plan.Jail)
	}
	a, ref, err := e.Run(context.Background(), Request{SQL: q.SQL, Policy: p, SnapshotPath: snap, Accuracy: q.Accuracy})
	if ref != nil || err != nil || a.Rho != plan.Rho || a.Question != plan.Question {
		t.Errorf("%+v %v %v", a, ref, err)
	}
}

// Plans of the whole allow corpus are golden texts: what runs for which question is reviewed.
func TestGoldenSQL(t *testing.T) {
	r := newReader(t)
	texts := corpus(t, "allow")
	got := map[string]string{}
	for name, sql := range texts {
		c, ref := r.check(t, sql)
		if ref != nil {
			t.Fatal(name, ref)
		}
		plan := c.describe()
		var b strings.Builder
		fmt.Fprintf(&b, "-- %s\n", strings.ReplaceAll(sql, "\n", " "))
		for _, s := range plan.SQL {
			fmt.Fprintf(&b, "1: %s\n", s)
		}
		fmt.Fprintf(&b, "2: %s\n", plan.PostSQL)
		for _, l := range plan.Lines {
			fmt.Fprintf(&b, "price: %s %d %d\n", l.What, l.Rho, l.Delta)
		}
		got[name] = b.String()
	}
	golden(t, "testdata/guard/plans.golden", got)
}
