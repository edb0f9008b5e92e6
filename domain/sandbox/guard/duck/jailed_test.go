package duck

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pado/domain/sandbox/guard/jail"
)

func TestMain(m *testing.M) {
	roles := Roles()
	roles["free"] = free
	jail.Main(os.Args, roles)
	os.Exit(m.Run())
}

// free is an engine with every setting open, in the jail: what it cannot do, the jail forbids.
func free(c *jail.Conn) error {
	var path string
	if err := c.Receive(&path); err != nil {
		return err
	}
	s := settings(2, "512MB")
	if path != "" {
		s.Set("access_mode", "READ_ONLY")
	}
	_, conn, err := open(path, s)
	if err != nil {
		return err
	}
	if err := c.Send("open"); err != nil {
		return err
	}
	for {
		var q string
		if err := c.Receive(&q); err != nil {
			return err
		}
		out := "ran"
		if _, err := conn.ExecContext(context.Background(), q); err != nil {
			out = "error: " + err.Error()
		}
		if err := c.Send(out); err != nil {
			return err
		}
	}
}

func TestEngineIsHeldByTheJailAlone(t *testing.T) {
	dir := t.TempDir()
	snap := filepath.Join(dir, "snap.duckdb")
	_, conn, err := open(snap, settings(1, "512MB"))
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{"CREATE TABLE person AS SELECT i AS a FROM range(1000) t(i)", "CHECKPOINT"} {
		if _, err := conn.ExecContext(context.Background(), q); err != nil {
			t.Fatal(err)
		}
	}
	conn.Close()
	other := filepath.Join(dir, "other.csv")
	if err := os.WriteFile(other, []byte("a,b\n1,2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(snap)
	if err != nil {
		t.Fatal(err)
	}
	p, err := jail.Start(context.Background(), jail.Spec{Role: "free", Read: []string{snap}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var out string
	if err := p.Ask(snap, &out); err != nil {
		t.Fatal(err)
	}
	if err := p.Ask("SELECT count(*) FROM person", &out); err != nil || out != "ran" {
		t.Fatalf("its own file: %s %v", out, err)
	}
	for _, q := range []string{
		"SELECT * FROM read_text('/etc/passwd')", "SELECT * FROM read_csv('" + other + "')", "SELECT * FROM glob('/etc/*')",
		"COPY person TO '" + filepath.Join(dir, "out.csv") + "'", "COPY person TO 'out.parquet' (FORMAT parquet)",
		"ATTACH '" + filepath.Join(dir, "new.duckdb") + "' AS n", "EXPORT DATABASE '" + dir + "/x'",
		"CREATE TABLE t (a INT)", "DELETE FROM person", "CHECKPOINT person",
		"INSTALL httpfs", "LOAD 'x.duckdb_extension'", "SELECT * FROM read_csv('http://127.0.0.1:1/x')",
	} {
		if err := p.Ask(q, &out); err != nil {
			t.Fatalf("%s: the child died: %v", q, err)
		}
		if q == "SELECT * FROM glob('/etc/*')" && out == "ran" {
			continue // gives no file: the directory cannot be read
		}
		if !strings.HasPrefix(out, "error") {
			t.Errorf("%s: %s", q, out)
		}
	}
	// the trap: detach the read-only file and attach it again for writing
	for _, q := range []string{"ATTACH ':memory:' AS m", "USE m", "DETACH snap", "ATTACH '" + snap + "' AS again (READ_WRITE)"} {
		if err := p.Ask(q, &out); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.HasPrefix(out, "error") {
		t.Errorf("attached for writing: %s", out)
	}
	after, err := os.ReadFile(snap)
	if err != nil || string(after) != string(before) {
		t.Error("the snapshot changed")
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("files appeared: %v", entries)
	}
}

// The engine's own lock closes the same doors a second time.
func TestEngineLock(t *testing.T) {
	_, conn, err := open("", settings(1, "512MB"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx := context.Background()
	if err := lock(ctx, conn); err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{"SET enable_external_access = true", "SET threads = 8", "SELECT * FROM read_text('/etc/hostname')", "ATTACH 'x.duckdb'", "INSTALL httpfs", "COPY (SELECT 1) TO 'x.csv'"} {
		if _, err := conn.ExecContext(ctx, q); err == nil {
			t.Errorf("%s ran", q)
		}
	}
}
