// Package storetest runs one suite on both databases. SQLite always; PostgreSQL when the
// environment variable PADO_PG holds its address, which the test script always provides.
package storetest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver that makes the schemas

	"pado/core/store"
)

// Start is the business time every test store begins at: a Monday.
var Start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.FixedZone("CST", 8*3600))

// Clock is a wall clock that stands until it is moved.
type Clock struct{ At time.Time }

// Now is the standing time.
func (c *Clock) Now() time.Time { return c.At }

// Each runs f on every engine. A missing PostgreSQL skips its part and says so.
func Each(t *testing.T, f func(t *testing.T, db *store.DB)) {
	EachWrapped(t, nil, f)
}

// EachWrapped is Each with a wrapper around the driver, for faults.
func EachWrapped(t *testing.T, wrap func(driver.Connector) driver.Connector, f func(t *testing.T, db *store.DB)) {
	t.Helper()
	for _, e := range []store.Engine{store.SQLite, store.Postgres} {
		t.Run(string(e), func(t *testing.T) { f(t, Open(t, e, wrap)) })
	}
}

// Open gives a fresh store of the engine, founded as a demonstration of city 140600, closed
// with the test.
func Open(t testing.TB, e store.Engine, wrap func(driver.Connector) driver.Connector) *store.DB {
	t.Helper()
	o := Options(t, e)
	o.Wrap = wrap
	db, err := store.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if wrap == nil {
		Found(t, db)
	}
	return db
}

// Options are those of a fresh place on the engine with a standing clock and seeded chance.
func Options(t testing.TB, e store.Engine) store.Options {
	t.Helper()
	clock := &Clock{Start}
	o := store.Options{Wall: clock.Now, Rand: seeded(1)}
	if e == store.SQLite {
		o.DSN = filepath.Join(t.TempDir(), "pado.db")
		empty, err := migrated()
		if err == nil {
			err = os.WriteFile(o.DSN, empty, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	dsn := os.Getenv("PADO_PG")
	if dsn == "" {
		t.Skip("PADO_PG is not set: the PostgreSQL half is not run")
	}
	o.DSN = database(t, dsn)
	return o
}

// migrated is a SQLite file with the migrated schema and nothing else, made once by a test program.
var migrated = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "pado-migrated")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	name := filepath.Join(dir, "pado.db")
	db, err := store.Open(context.Background(), store.Options{DSN: name})
	if err != nil {
		return nil, err
	}
	if err := db.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(name) //nolint:gosec // made above
})

// database makes a fresh database from a template that holds the migrated schema; the template
// is made once per set of migrations, whoever comes first.
func database(t testing.TB, dsn string) string {
	t.Helper()
	ctx := context.Background()
	admin, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := admin.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	exec := func(q string) {
		if _, err := conn.ExecContext(ctx, q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	template := "pado_template_" + store.SchemaDigest()
	// One lock for making and copying: PostgreSQL copies no template that is being used.
	exec(`SELECT pg_advisory_lock(7232)`)
	var n int
	if err := conn.QueryRowContext(ctx, `SELECT COUNT(*) FROM pg_database WHERE datname = $1`, template).Scan(&n); err != nil {
		t.Fatal(err)
	}
	if n == 0 {
		making := fmt.Sprintf("pado_making_%d_%d", os.Getpid(), rand.Uint64())
		exec(`CREATE DATABASE ` + making)
		db, err := store.Open(ctx, store.Options{DSN: at(t, dsn, making)})
		if err != nil {
			t.Fatal(err)
		}
		db.Close()
		exec(`ALTER DATABASE ` + making + ` RENAME TO ` + template)
	}
	name := fmt.Sprintf("pado_test_%d_%d", os.Getpid(), rand.Uint64())
	exec(`CREATE DATABASE ` + name + ` TEMPLATE ` + template)
	exec(`SELECT pg_advisory_unlock(7232)`)
	t.Cleanup(func() {
		exec(`DROP DATABASE ` + name + ` WITH (FORCE)`)
		conn.Close()
		admin.Close()
	})
	return at(t, dsn, name)
}

// at is the address of another database of the same server.
func at(t testing.TB, dsn, name string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

// Found founds a demonstration of city 140600 with seeded keys.
func Found(t testing.TB, db *store.DB) {
	t.Helper()
	public, err := Keys(t).Signers().Public()
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Found(context.Background(), store.Founding{City: "140600", Origin: "test.pado", Demo: true, Keys: public}); err != nil {
		t.Fatal(err)
	}
}

func seeded(b byte) *rand.ChaCha8 { return rand.NewChaCha8([32]byte{b}) }
