package engine

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func openEngine(t testing.TB, o Options) *Engine {
	t.Helper()
	e, err := Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func rows(n int) func(io.Writer) error {
	return func(w io.Writer) error {
		b := bufio.NewWriter(w)
		for i := range n {
			fmt.Fprintf(b, "%d\x1fvalue %d\n", i+1, i)
		}
		return b.Flush()
	}
}

func TestFullDisk(t *testing.T) {
	e := openEngine(t, Options{})
	_, err := e.Copy(context.Background(), "SELECT i, hash(i) FROM range(2000000) t(i)", "/dev/full")
	if !errors.Is(err, ErrDiskFull) || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("%v", err)
	}
}

func TestOutOfMemory(t *testing.T) {
	e := openEngine(t, Options{MemoryMB: 64})
	err := e.Exec(context.Background(), "CREATE TABLE t AS SELECT i, hash(i)::VARCHAR AS h FROM range(20000000) t(i)")
	if !errors.Is(err, ErrMemory) {
		t.Errorf("%v", err)
	}
}

// The engine's words, which may hold values, never come through.
func TestErrorsSayNothing(t *testing.T) {
	e := openEngine(t, Options{})
	err := e.Exec(context.Background(), "SELECT CAST('secret' AS INTEGER)")
	if !errors.Is(err, ErrEngine) || strings.Contains(fmt.Sprintf("%+v", err), "secret") {
		t.Errorf("%v", err)
	}
	if errors.Unwrap(err) != nil {
		t.Errorf("carries %v", errors.Unwrap(err))
	}
}

func TestFeedFailures(t *testing.T) {
	ctx := context.Background()
	e := openEngine(t, Options{})
	count := func(scan string) error { return e.Exec(ctx, "SELECT count(*) FROM "+scan) }
	broken := errors.New("source broke")
	if err := e.Feed(ctx, []string{"a"}, func(io.Writer) error { return broken }, count); !errors.Is(err, broken) {
		t.Errorf("failing producer: %v", err)
	}
	// A query that fails at once must not leave the producer hanging.
	if err := e.Feed(ctx, []string{"a"}, rows(1_000_000), func(string) error { return e.Exec(ctx, "SELECT nonsense") }); !errors.Is(err, ErrEngine) {
		t.Errorf("failing query: %v", err)
	}
	// Rows that do not fit the columns are the producer's fault and stop the run.
	if err := e.Feed(ctx, []string{"a"}, func(w io.Writer) error { _, err := io.WriteString(w, "1\x1fx\x1fy\n"); return err }, count); !errors.Is(err, ErrEngine) {
		t.Errorf("too many fields: %v", err)
	}
	if err := e.Feed(ctx, []string{"a"}, rows(0), count); err != nil {
		t.Errorf("no rows: %v", err)
	}
}

// The tap is told of every row once, whatever the engine does around it.
func TestTapIsToldOnce(t *testing.T) {
	ctx := context.Background()
	e := openEngine(t, Options{Threads: 4})
	if err := e.Install(nil, nil); err != nil {
		t.Fatal(err)
	}
	const n = 500_000
	for name, q := range map[string]string{
		"all":      `SELECT a FROM %s WHERE pado_tap('1,0') IS NULL`,
		"some":     `SELECT a FROM %s WHERE CASE WHEN "#ord" %% 3 = 2 THEN true ELSE pado_tap(CASE WHEN "#ord" %% 3 = 0 THEN '0,1,' || "#ord" ELSE '2,0' END) IS NULL END`,
		"none":     `SELECT a FROM %s WHERE CASE WHEN "#ord" > 0 THEN true ELSE pado_tap('1,0') IS NULL END`,
		"all same": `SELECT a FROM %s WHERE CASE WHEN a IS NULL THEN true ELSE pado_tap('1,0') IS NULL END`,
	} {
		e.Tap(1)
		var out int64
		err := e.Feed(ctx, []string{"a"}, rows(n), func(scan string) (err error) {
			out, err = e.Copy(ctx, fmt.Sprintf(q, scan), filepath.Join(t.TempDir(), "x.parquet"))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		tally := e.Tally()
		want := map[string]int64{"all": n, "some": n/3 + (n+2)/3, "none": 0, "all same": n}[name]
		if tally.Told != want || out != n-int64(len(tally.Dropped)) {
			t.Errorf("%s: told of %d, want %d; %d out, %d dropped", name, tally.Told, want, out, len(tally.Dropped))
		}
		if name == "some" && (len(tally.Dropped) != n/3 || tally.Masks["2,0"] != (n+2)/3 || tally.Masks["0,1"] != n/3) {
			t.Errorf("%s: %v, %d dropped", name, tally.Masks, len(tally.Dropped))
		}
		if strings.HasPrefix(name, "all") && tally.Masks["1,0"] != n {
			t.Errorf("%s: %v", name, tally.Masks)
		}
	}
}

// The expected value was computed by another program: the first 12 bytes of
// openssl's HMAC-SHA-256 under "Jefe" over d, NUL and the sentence.
func TestPseudonymIsHMAC(t *testing.T) {
	if have := Pseudonym([]byte("Jefe"), "d", "what do ya want for nothing?"); have != "B8nHVuP8AyDTI1nD" {
		t.Errorf("%s", have)
	}
}
