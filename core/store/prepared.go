package store

import (
	"context"
	"database/sql/driver"
	"strings"
)

// keptStatements is how many compiled statements a SQLite connection holds on to. The program
// asks a few hundred different ones; where lists build theirs, all are dropped and collected anew.
const keptStatements = 400

// preparing keeps compiled statements with each connection, as the PostgreSQL driver does by
// itself: compiling costs SQLite more than most of our reads.
type preparing struct{ dsnConnector }

// Connect opens a connection that keeps its statements.
func (p preparing) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := p.dsnConnector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &keeper{sqliteConn: c.(sqliteConn), idle: map[string]sqliteStmt{}}, nil
}

type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type sqliteStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// keeper is one connection, used by one goroutine at a time as database/sql promises.
type keeper struct {
	sqliteConn
	idle map[string]sqliteStmt // compiled and not in use
}

// take returns a statement nobody else is stepping through.
func (k *keeper) take(ctx context.Context, query string) (sqliteStmt, error) {
	if s, ok := k.idle[query]; ok {
		delete(k.idle, query)
		return s, nil
	}
	s, err := k.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.(sqliteStmt), nil
}

// give puts a statement back; of two with the same text one stays.
func (k *keeper) give(query string, s sqliteStmt) error {
	if _, twice := k.idle[query]; twice {
		return s.Close()
	}
	if len(k.idle) >= keptStatements {
		if err := k.drop(); err != nil {
			return err
		}
	}
	k.idle[query] = s
	return nil
}

func (k *keeper) drop() (first error) {
	for q, s := range k.idle {
		if err := s.Close(); err != nil && first == nil {
			first = err
		}
		delete(k.idle, q)
	}
	return first
}

// QueryContext runs a query by its compiled statement, which comes back when the rows are closed.
func (k *keeper) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := k.take(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(ctx, args)
	if err != nil {
		s.Close() //nolint:errcheck // the query's own error says more
		return nil, err
	}
	return &keptRows{Rows: rows, k: k, query: query, s: s}, nil
}

// ExecContext runs one statement compiled; scripts (migrations) and the rest go to the driver.
func (k *keeper) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if !recurring(query) {
		return k.sqliteConn.ExecContext(ctx, query, args)
	}
	s, err := k.take(ctx, query)
	if err != nil {
		return nil, err
	}
	res, err := s.ExecContext(ctx, args)
	if err != nil {
		s.Close() //nolint:errcheck // the statement's own error says more
		return nil, err
	}
	return res, k.give(query, s)
}

func recurring(query string) bool {
	return (strings.HasPrefix(query, "INSERT") || strings.HasPrefix(query, "UPDATE") || strings.HasPrefix(query, "DELETE")) &&
		!strings.Contains(query, ";")
}

// Close ends the statements before the connection.
func (k *keeper) Close() error {
	err := k.drop()
	if more := k.sqliteConn.Close(); err == nil {
		err = more
	}
	return err
}

type keptRows struct {
	driver.Rows
	k     *keeper
	query string
	s     sqliteStmt
}

func (r *keptRows) Close() error {
	if r.s == nil {
		return nil
	}
	s := r.s
	r.s = nil
	if err := r.Rows.Close(); err != nil {
		s.Close() //nolint:errcheck // the rows' own error says more
		return err
	}
	return r.k.give(r.query, s)
}
