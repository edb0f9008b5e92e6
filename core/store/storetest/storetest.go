// Package storetest runs one suite on both databases. SQLite always; PostgreSQL when the
// environment variable PADO_PG holds its address, which the test script always provides.
package storetest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver that makes the schemas

	"pado/core/audit"
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
	o := store.Options{Wall: clock.Now, Rand: rand.NewChaCha8([32]byte{1})}
	if e == store.SQLite {
		o.DSN = filepath.Join(t.TempDir(), "pado.db")
		return o
	}
	dsn := os.Getenv("PADO_PG")
	if dsn == "" {
		t.Skip("PADO_PG is not set: the PostgreSQL half is not run")
	}
	admin, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	o.DSN, o.Schema = dsn, fmt.Sprintf("t%d_%d", os.Getpid(), rand.Uint64())
	if _, err := admin.Exec(`CREATE SCHEMA ` + o.Schema); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.Exec(`DROP SCHEMA ` + o.Schema + ` CASCADE`); err != nil {
			t.Error(err)
		}
		admin.Close()
	})
	return o
}

// Found founds a demonstration of city 140600 with seeded keys.
func Found(t testing.TB, db *store.DB) {
	t.Helper()
	keys, err := audit.GenerateKeys("test.pado", rand.NewChaCha8([32]byte{2}))
	if err != nil {
		t.Fatal(err)
	}
	public, err := keys.Signers().Public()
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Found(context.Background(), store.Founding{City: "140600", Origin: "test.pado", Demo: true, Keys: public}); err != nil {
		t.Fatal(err)
	}
}
