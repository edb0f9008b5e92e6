package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"
	"github.com/jmoiron/sqlx/reflectx"
	"modernc.org/sqlite"
)

// Engine names the two databases the one set of SQL runs on.
type Engine string

// The engines.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// dsnConnector opens connections of a driver that knows nothing of connectors.
type dsnConnector struct {
	dsn string
	drv driver.Driver
}

func (c dsnConnector) Connect(context.Context) (driver.Conn, error) { return c.drv.Open(c.dsn) }
func (c dsnConnector) Driver() driver.Driver                        { return c.drv }

// pools holds the connections: one writer and many readers on SQLite, one pool on PostgreSQL.
type pools struct {
	engine      Engine
	read, write *sqlx.DB
}

func openPools(o Options) (*pools, error) {
	wrap := o.Wrap
	if wrap == nil {
		wrap = func(c driver.Connector) driver.Connector { return c }
	}
	if strings.HasPrefix(o.DSN, "postgres://") || strings.HasPrefix(o.DSN, "postgresql://") {
		cfg, err := pgx.ParseConfig(o.DSN)
		if err != nil {
			return nil, fmt.Errorf("read the database address: %w", redact(err))
		}
		if o.Schema != "" {
			cfg.RuntimeParams["search_path"] = o.Schema
		}
		cfg.RuntimeParams["timezone"] = "UTC"
		db := mapped(sql.OpenDB(wrap(stdlib.GetConnector(*cfg))), "pgx")
		db.SetMaxOpenConns(16)
		db.SetMaxIdleConns(16)
		return &pools{engine: Postgres, read: db, write: db}, nil
	}
	path, err := filepath.Abs(strings.TrimPrefix(o.DSN, "sqlite:"))
	if err != nil {
		return nil, err
	}
	open := func(extra string, n int) *sqlx.DB {
		dsn := "file:" + (&url.URL{Path: path}).EscapedPath() +
			"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)" +
			"&_pragma=foreign_keys(1)&_pragma=temp_store(MEMORY)&_pragma=cache_size(-32000)" + extra
		db := mapped(sql.OpenDB(wrap(preparing{dsnConnector{dsn, &sqlite.Driver{}}})), "sqlite")
		db.SetMaxOpenConns(n)
		db.SetMaxIdleConns(n)
		return db
	}
	p := &pools{engine: SQLite, write: open("&_txlock=immediate", 1), read: open("&_pragma=query_only(1)", 6)}
	// The writer connects first: it creates the file and sets WAL, which a query_only reader cannot.
	if err := p.write.Ping(); err != nil {
		return nil, fmt.Errorf("open the record file: %w", err)
	}
	return p, nil
}

// redact keeps passwords of an address out of any message.
func redact(error) error { return fmt.Errorf("the address is not a valid PostgreSQL address") }

func mapped(db *sql.DB, name string) *sqlx.DB {
	x := sqlx.NewDb(db, name)
	x.Mapper = reflectx.NewMapperFunc("db", snake)
	return x
}

// snake turns a field name into its column name: CaseNo → case_no, OrgID → org_id.
func snake(s string) string {
	var b strings.Builder
	for i, r := range s {
		if r >= 'A' && r <= 'Z' {
			if i > 0 && (isLower(s[i-1]) || (i+1 < len(s) && s[i+1] >= 'a' && s[i+1] <= 'z')) {
				b.WriteByte('_')
			}
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

func isLower(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }
