// Package bench measures the whole platform against competitors started in the same run.
package bench

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"pado/demo"
)

const (
	callers  = 16
	perDesk  = 200 // open cases of a desk
	measured = 5 * time.Second
	reading  = 100 * time.Millisecond // between two lists of a user: ten a second, more than anybody reads
	writing  = 100 * time.Millisecond // between two new cases of the city
)

// BenchmarkWorkList compares the work list as a person gets it over HTTP (session, desks, rows of
// every desk, JSON) with the one indexed statement behind a desk, on the same records, by the same
// number of callers, while somebody writes ten times a second. PADO_BENCH_CASES sets the number of cases (1,000,000); PADO_BINARY names the
// platform.
func BenchmarkWorkList(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { workList(b, "") })
	b.Run("postgres", func(b *testing.B) {
		dsn := os.Getenv("PADO_PG")
		if dsn == "" {
			b.Skip("PADO_PG is not set: the PostgreSQL half is not run")
		}
		admin := must(sql.Open("pgx", dsn))(b)
		name := fmt.Sprintf("pado_bench_%d_%d", os.Getpid(), rand.Uint64())
		must(admin.Exec("CREATE DATABASE " + name))(b)
		b.Cleanup(func() { admin.Exec("DROP DATABASE " + name + " WITH (FORCE)"); admin.Close() })
		u := must(url.Parse(dsn))(b)
		u.Path = "/" + name
		workList(b, u.String())
	})
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func workList(b *testing.B, dsn string) {
	p := &place{TB: b, binary: binary(b), dir: filepath.Join(b.TempDir(), "city"), dsn: dsn}
	p.pado("demo", "--bare")
	cases := 1_000_000
	if s := os.Getenv("PADO_BENCH_CASES"); s != "" {
		cases = must(strconv.Atoi(s))(b)
	}
	db := p.records()
	defer db.Close()
	began := time.Now()
	desks := fillCases(b, db, cases)
	b.Logf("%d cases in %v", cases, time.Since(began).Round(time.Second))
	addr := p.serve()
	people := signIn(b, addr, desks)
	defer write(b, addr, people)()

	for b.Loop() {
		var bare, api []time.Duration
		for range 2 {
			bare = append(bare, load(b, 0, func(i int) func() error { return statement(db, desks[i%len(desks)]) })...)
			api = append(api, load(b, 0, func(i int) func() error { return list(b, addr, people[i%len(people)]) })...)
		}
		users := load(b, reading, func(i int) func() error { return list(b, addr, people[i%len(people)]) })
		same := load(b, reading, func(i int) func() error { return statement(db, desks[i%len(desks)]) })
		rate := func(d []time.Duration) float64 { return float64(len(d)) / (2 * measured.Seconds()) }
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(rate(api)/rate(bare), "x-of-sql")
		b.ReportMetric(ms(p99(api))/ms(p99(bare)), "p99-x-of-sql")
		b.ReportMetric(ms(p99(api)), "p99-ms-flat-out")
		b.ReportMetric(ms(p99(users)), "p99-ms-16-users")
		b.ReportMetric(ms(p99(same)), "sql-p99-ms-16-users")
		b.ReportMetric(rate(api), "lists/s")
		b.ReportMetric(float64(cases), "cases")
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func p99(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)*99/100]
}

// load calls by all callers at once, each again every so often (0 = as fast as answers come), and
// returns how long each call took.
func load(b *testing.B, every time.Duration, caller func(int) func() error) []time.Duration {
	b.Helper()
	var (
		wait sync.WaitGroup
		took = make([][]time.Duration, callers)
	)
	end := time.Now().Add(measured)
	for i := range callers {
		ask := caller(i)
		wait.Go(func() {
			if every > 0 { // people do not look all at the same moment
				time.Sleep(every * time.Duration(i) / callers)
			}
			pace := time.NewTicker(max(every, time.Nanosecond))
			defer pace.Stop()
			for {
				if every > 0 {
					<-pace.C
				}
				start := time.Now()
				if start.After(end) {
					return
				}
				if err := ask(); err != nil {
					b.Error(err)
					return
				}
				took[i] = append(took[i], time.Since(start))
			}
		})
	}
	wait.Wait()
	if b.Failed() {
		b.FailNow()
	}
	return slices.Concat(took...)
}

type desk struct{ org, role, person, user string }

// fillCases puts cases on record: a fifth open, perDesk to each desk, half of those with a handler.
// The desks of the demonstration city come first; the others belong to nobody who asks.
func fillCases(t testing.TB, db *sql.DB, cases int) (desks []desk) {
	rows := must(db.Query(`SELECT m.org, m.role, m.person, a.username FROM membership m JOIN account a ON a.person = m.person
		WHERE a.username NOT LIKE 'county%' ORDER BY a.username, m.org, m.role`))(t)
	defer rows.Close()
	for rows.Next() {
		var d desk
		if err := rows.Scan(&d.org, &d.role, &d.person, &d.user); err != nil {
			t.Fatal(err)
		}
		desks = append(desks, d)
	}
	if err := rows.Err(); err != nil || len(desks) < callers {
		t.Fatalf("%d desks, %v", len(desks), err)
	}
	all := max(cases/5/perDesk, len(desks))
	must(db.Exec(`CREATE TABLE bench_desk (n INTEGER PRIMARY KEY, org TEXT, role TEXT, person TEXT)`))(t)
	for n := range all {
		d := desk{org: fmt.Sprintf("bench_org_%d", n), role: "source", person: fmt.Sprintf("bench_person_%d", n)}
		if n < len(desks) {
			d = desks[n]
		}
		must(db.Exec(`INSERT INTO bench_desk VALUES ($1,$2,$3,$4)`, n, d.org, d.role, d.person))(t)
	}
	must(db.Exec(fmt.Sprintf(`INSERT INTO case_file (no, procedure, state, title, revision, tenant, form, org, person, role, created, updated, since,
			due_at, due_year, due_sort, owes, owes_org, handler, final, backfill, urged, supervised, subject, parent, rules, turn)
		WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < %d)
		SELECT 'BN-' || i, 'p04_chain', 'draft', '内部审签设置第' || i || '号（用于测量的事项）', 1, '140600', '{}', d.org, d.person, d.role,
			1772400000000 + i, 1772400000000 + i, 1772400000000, 1798000000000 + (CAST(i AS BIGINT) * 7919) %% 999983, 0, 1798000000000 + (CAST(i AS BIGINT) * 7919) %% 999983,
			d.role, d.org, CASE WHEN (i / %d) %% 2 = 0 THEN '' ELSE d.person END, i >= %d, FALSE, 0, FALSE, '', '', '',
			CASE WHEN i >= %d THEN '' ELSE d.org || '/' || d.role || CASE WHEN (i / %d) %% 2 = 0 THEN '' ELSE '@' || d.person END END
		FROM n JOIN bench_desk d ON d.n = i %% %d`, cases, all, all*perDesk, all*perDesk, all, all)))(t)
	must(db.Exec(`DROP TABLE bench_desk`))(t)
	if _, onPostgres := db.Driver().(*stdlib.Driver); onPostgres { // which analyses by itself, in time; the platform never analyses SQLite
		must(db.Exec(`ANALYZE`))(t)
	}
	return desks
}

// statement is the competitor: the rows of one desk by the covering range of the index.
func statement(db *sql.DB, d desk) func() error {
	return func() error {
		rows, err := db.Query(`SELECT c.no, c.procedure, c.title, c.state, c.org, COALESCE(o.name, ''), c.tenant, c.owes, c.owes_org, c.handler,
			c.due_at, c.since, c.updated, c.urged, c.due_sort FROM case_file c LEFT JOIN org o ON o.id = c.org
			WHERE c.turn = $1 ORDER BY c.due_sort, c.no LIMIT 20`, d.org+"/"+d.role)
		if err != nil {
			return err
		}
		defer rows.Close()
		n := 0
		for ; rows.Next(); n++ {
			var s [10]string
			var v [5]sql.NullInt64
			if err := rows.Scan(&s[0], &s[1], &s[2], &s[3], &s[4], &s[5], &s[6], &s[7], &s[8], &s[9], &v[0], &v[1], &v[2], &v[3], &v[4]); err != nil {
				return err
			}
		}
		if n != 20 {
			return fmt.Errorf("%d rows for %s, want 20: %w", n, d.user, rows.Err())
		}
		return rows.Err()
	}
}

// list asks for the work list on one connection that stays open.
func list(t testing.TB, addr, cookie string) func() error {
	conn := must(net.Dial("tcp", addr))(t)
	t.Cleanup(func() { conn.Close() })
	in := bufio.NewReaderSize(conn, 64<<10)
	ask := []byte("GET /api/cases?tab=todo&size=20 HTTP/1.1\r\nHost: " + addr + "\r\nCookie: " + cookie + "\r\n\r\n")
	return func() error {
		if _, err := conn.Write(ask); err != nil {
			return err
		}
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			return err
		}
		body, err := io.ReadAll(res.Body)
		if n := bytes.Count(body, []byte(`"BN-`)); err != nil || res.StatusCode != 200 || n < 20 {
			return fmt.Errorf("%d with %d cases, %w: %.200s", res.StatusCode, n, err, body)
		}
		return nil
	}
}

// write opens cases in the name of the first who may, until the returned function is called.
func write(t testing.TB, addr string, cookies []string) (stop func()) {
	start := func(cookie string) int {
		req := must(http.NewRequest("POST", "http://"+addr+"/api/procedures/p04_chain/cases", strings.NewReader(`{"form":{}}`)))(t)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("X-Pado", "1")
		req.Header.Set("Cookie", cookie)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Error(err)
			return 0
		}
		res.Body.Close()
		return res.StatusCode
	}
	i := slices.IndexFunc(cookies, func(c string) bool { return start(c) == 201 })
	if i < 0 {
		t.Fatal("nobody may start a case")
	}
	end := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		pace := time.NewTicker(writing)
		defer pace.Stop()
		for {
			select {
			case <-end:
				return
			case <-pace.C:
				if code := start(cookies[i]); code != 201 {
					t.Errorf("a case could not be started: %d", code)
				}
			}
		}
	})
	return func() { close(end); done.Wait() }
}

// signIn opens the sessions of some people and returns their cookies.
func signIn(t testing.TB, addr string, desks []desk) (cookies []string) {
	seen := map[string]bool{}
	for _, d := range desks {
		if seen[d.user] || len(cookies) == 8 { // more would be refused as guessing
			continue
		}
		seen[d.user] = true
		body := must(json.Marshal(map[string]string{"user": d.user, "password": demo.Password}))(t)
		req := must(http.NewRequest("POST", "http://"+addr+"/api/session", bytes.NewReader(body)))(t)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("X-Pado", "1")
		res := must(http.DefaultClient.Do(req))(t)
		res.Body.Close()
		if res.StatusCode != 200 {
			t.Fatalf("sign in as %s: %d", d.user, res.StatusCode)
		}
		var all []string
		for _, c := range res.Cookies() {
			all = append(all, c.Name+"="+c.Value)
		}
		cookies = append(cookies, strings.Join(all, "; "))
	}
	return cookies
}

// BenchmarkStart tells how long the platform takes to serve an existing directory, against starting
// the same program for one sum, and what it holds in memory at rest.
func BenchmarkStart(b *testing.B) {
	p := &place{TB: b, binary: binary(b), dir: filepath.Join(b.TempDir(), "city")}
	p.pado("demo", "--bare")
	for b.Loop() {
		var ours, nothing time.Duration
		var rest float64
		const rounds = 3
		for range rounds {
			began := time.Now()
			p.serve()
			ours += time.Since(began)
			rest = p.resident()
			p.stop()
			began = time.Now()
			must(exec.Command(p.binary, "calendar", "add", "2026-03-02", "1").CombinedOutput())(b)
			nothing += time.Since(began)
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(ours.Seconds()/nothing.Seconds(), "x-of-a-command")
		b.ReportMetric(ms(ours/rounds), "start-ms")
		b.ReportMetric(rest, "rest-MB")
	}
}

// place is one city's records and the platform over them.
type place struct {
	testing.TB
	binary, dir, dsn string
	cmd              *exec.Cmd
}

func binary(t testing.TB) string {
	name := os.Getenv("PADO_BINARY")
	if name == "" {
		name = "../bin/pado"
	}
	name = must(filepath.Abs(name))(t)
	must(os.Stat(name))(t)
	return name
}

func (p *place) args(args ...string) []string {
	args = append(args, "--data", p.dir)
	if p.dsn != "" {
		args = append(args, "--db", p.dsn)
	}
	return args
}

func (p *place) pado(args ...string) {
	p.Helper()
	if out, err := exec.Command(p.binary, p.args(args...)...).CombinedOutput(); err != nil {
		p.Fatalf("%v: %v %s", args, err, out)
	}
}

// records opens the database beside the platform.
func (p *place) records() *sql.DB {
	if p.dsn != "" {
		db := must(sql.Open("pgx", p.dsn))(p)
		db.SetMaxOpenConns(callers)
		db.SetMaxIdleConns(callers)
		return db
	}
	found := must(filepath.Glob(filepath.Join(p.dir, "*.db")))(p)
	if len(found) != 1 {
		p.Fatalf("databases: %v", found)
	}
	db := must(sql.Open("sqlite", "file:"+found[0]+"?_pragma=busy_timeout(20000)&_pragma=journal_mode(WAL)"))(p)
	db.SetMaxOpenConns(4)
	db.SetMaxIdleConns(4)
	return db
}

// serve starts the platform and returns its address.
func (p *place) serve() string {
	ready := filepath.Join(p.TempDir(), "ready")
	var log bytes.Buffer
	p.cmd = exec.CommandContext(context.Background(), p.binary, p.args("serve", "--listen", "127.0.0.1:0", "--ready-file", ready)...)
	p.cmd.Stdout, p.cmd.Stderr = &log, &log
	if err := p.cmd.Start(); err != nil {
		p.Fatal(err)
	}
	p.Cleanup(p.stop)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for began := time.Now(); ; <-tick.C {
		if addr, err := os.ReadFile(ready); err == nil && len(addr) > 0 {
			return string(addr)
		}
		if time.Since(began) > 2*time.Minute {
			p.Fatalf("the platform does not start: %s", log.String())
		}
	}
}

func (p *place) stop() {
	if p.cmd != nil {
		p.cmd.Process.Signal(os.Interrupt)
		p.cmd.Wait()
		p.cmd = nil
	}
}

// resident is the memory the platform holds, in MB of 10^6 bytes.
func (p *place) resident() float64 {
	b := must(os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid)))(p)
	pages := must(strconv.ParseFloat(strings.Fields(string(b))[1], 64))(p)
	return pages * float64(os.Getpagesize()) / 1e6
}
