// Package duck is the only part of the guard that talks to DuckDB: the parser, the worker of
// stage 1 and the arranger of stage 2, each the body of a jailed child, and the builder of
// snapshots, which runs on trusted input outside.
package duck

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"net/url"
	"strings"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"pado/domain/sandbox/guard/jail"
)

// Roles are the bodies of jailed children, by name.
func Roles() map[string]jail.Handler {
	return map[string]jail.Handler{RoleParser: parser, RoleWorker: worker, RoleArranger: arranger}
}

// Role names of the children.
const (
	RoleParser   = "parser"
	RoleWorker   = "worker"
	RoleArranger = "arranger"
)

// settings lock the engine itself. The jail is the boundary; these are the second fence.
func settings(threads int, memory string) url.Values {
	return url.Values{
		"autoinstall_known_extensions": {"false"},
		"autoload_known_extensions":    {"false"},
		"allow_community_extensions":   {"false"},
		"allow_unsigned_extensions":    {"false"},
		"threads":                      {fmt.Sprint(threads)},
		"memory_limit":                 {memory},
		"default_null_order":           {"NULLS_LAST"},
	}
}

// open opens one connection on path ("" is in memory).
func open(path string, s url.Values) (*sql.DB, *sql.Conn, error) {
	c, err := duckdb.NewConnector(path+"?"+s.Encode(), nil)
	if err != nil {
		return nil, nil, err
	}
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(1)
	conn, err := db.Conn(context.Background())
	if err != nil {
		return nil, nil, err
	}
	return db, conn, nil
}

// lock ends every way out of the engine that a setting can end. The order matters: each
// statement would be refused after the next.
func lock(ctx context.Context, conn *sql.Conn) error {
	for _, q := range []string{"SET temp_directory = ''", "SET enable_external_access = false", "SET lock_configuration = true"} {
		if _, err := conn.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// parse gives the engine's own serialised parse of text.
func parse(ctx context.Context, conn *sql.Conn, text string) (string, error) {
	var out string
	err := conn.QueryRowContext(ctx, "SELECT CAST(json_serialize_sql(CAST($1 AS VARCHAR)) AS VARCHAR)", text).Scan(&out)
	return out, err
}

// ParseRequest is the text of one question. The first request of a parser carries a text of
// ours, so that an engine that does not start is not mistaken for a text that kills it.
type ParseRequest struct {
	SQL string `json:"sql"`
}

// ParseAnswer carries the serialised parse.
type ParseAnswer struct {
	Parsed string `json:"parsed"`
}

// parser is the child that reads the asker's text: an empty in-memory engine, no file at all.
func parser(c *jail.Conn) error {
	_, conn, err := open("", settings(1, "512MB"))
	if err != nil {
		return err
	}
	if err := lock(context.Background(), conn); err != nil {
		return err
	}
	for {
		var q ParseRequest
		if err := c.Receive(&q); err != nil {
			return err
		}
		if strings.ContainsRune(q.SQL, 0) {
			return fmt.Errorf("nul")
		}
		out, err := parse(context.Background(), conn, q.SQL)
		if err != nil {
			return err
		}
		if err := c.Send(ParseAnswer{Parsed: out}); err != nil {
			return err
		}
	}
}

// prepared checks that the engine can bind text; nothing runs.
func prepared(ctx context.Context, conn *sql.Conn, text string) error {
	st, err := conn.PrepareContext(ctx, text)
	if err != nil {
		return err
	}
	return st.Close()
}

func raw(conn *sql.Conn, f func(driver.Conn) error) error {
	return conn.Raw(func(dc any) error {
		d, ok := dc.(driver.Conn)
		if !ok {
			return fmt.Errorf("unexpected driver connection %T", dc)
		}
		return f(d)
	})
}
