// Package store is the only way to the records: View reads, Update writes together with an
// audit entry or not at all, Scratch touches what is no record. See README.md.
package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"pado/core/audit"
)

// Options say where the records are. The zero value of every field but DSN is good.
type Options struct {
	DSN    string                                  // a file path, or postgres://…
	Schema string                                  // PostgreSQL schema; empty = public
	Wall   func() time.Time                        // the wall clock; nil = the machine's
	Rand   io.Reader                               // ids and salts; nil = crypto/rand
	Wrap   func(driver.Connector) driver.Connector // faults in tests
}

// DB is an open record store. It is safe for concurrent use.
type DB struct {
	*pools
	wall     func() time.Time
	rand     io.Reader
	readOnly atomic.Bool
	notify   atomic.Pointer[func(size int64)]
	moments  moments
}

// Sentinel errors that callers may tell apart; everything else is internal.
var (
	// ErrNotFound: no such row, or not visible; callers must not distinguish the two.
	ErrNotFound = errors.New("not found")
	// ErrConflict: a constraint or a concurrent change forbids the write; nothing was written.
	ErrConflict = errors.New("conflict")
	// ErrReadOnly: the disk or the database takes no writes; nothing was written.
	ErrReadOnly = errors.New("read only")
	// ErrNoEntry: the function passed to Update returned no audit entry; nothing was written.
	ErrNoEntry = errors.New("a write without its audit entry")
)

// Open connects and migrates. A store that is newer than this binary is refused.
func Open(ctx context.Context, o Options) (*DB, error) {
	p, err := openPools(o)
	if err != nil {
		return nil, err
	}
	db := &DB{pools: p, wall: o.Wall, rand: o.Rand}
	if db.wall == nil {
		db.wall = time.Now
	}
	if db.rand == nil {
		db.rand = rand.Reader
	} else {
		db.rand = &lockedReader{r: o.Rand}
	}
	if err := db.migrate(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("bring the records to this version: %w", err)
	}
	return db, nil
}

// lockedReader lets a deterministic source serve concurrent writers.
type lockedReader struct {
	mu sync.Mutex
	r  io.Reader
}

func (l *lockedReader) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.r.Read(p)
}

// Close ends all connections.
func (db *DB) Close() error {
	if db.read == db.write {
		return db.write.Close()
	}
	return errors.Join(db.read.Close(), db.write.Close())
}

// Engine tells which database is behind.
func (db *DB) Engine() Engine { return db.engine }

// Rand is the source of ids and salts, safe for concurrent use.
func (db *DB) Rand() io.Reader { return db.rand }

// Wall is the machine's clock; business time is Tx.Now and DB.Now.
func (db *DB) Wall() time.Time { return db.wall() }

// ReadOnly tells whether the last write failed because the disk or database takes none.
// It turns false again at the next write that succeeds.
func (db *DB) ReadOnly() bool { return db.readOnly.Load() }

// OnAppend sets a function that is called after each commit with the log's new size.
func (db *DB) OnAppend(f func(size int64)) { db.notify.Store(&f) }

// View runs f in a read-only snapshot.
func (db *DB) View(ctx context.Context, f func(*ReadTx) error) error {
	opt := &sql.TxOptions{ReadOnly: true}
	if db.engine == Postgres {
		opt.Isolation = sql.LevelRepeatableRead
	}
	tx, err := db.read.BeginTxx(ctx, opt)
	if err != nil {
		return fmt.Errorf("begin a read: %w", err)
	}
	defer tx.Rollback()
	r := &ReadTx{ctx: ctx, db: db, tx: tx}
	if err := r.loadClock(); err != nil {
		return err
	}
	return f(r)
}

// Glance runs one SELECT, which is a snapshot by itself, without a transaction around it: one way to
// the database and back where View takes four. f reads each row.
func (db *DB) Glance(ctx context.Context, query string, args []any, f func(scan func(dst ...any) error) error) error {
	rows, err := db.read.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Receipt tells where in the log a committed write stands.
type Receipt struct {
	Seq  int64
	Time time.Time
}

// Update runs f in the only writable transaction there is and commits its writes together with
// the audit entry it returns, or nothing. A zero entry rolls back with ErrNoEntry unless f
// returned an error of its own. The log's head row is locked last, so the order of the
// sequence numbers is the order of the commits (architecture §5). f must do no other I/O.
func (db *DB) Update(ctx context.Context, f func(*Tx) (audit.Entry, error)) (Receipt, error) {
	tx, err := db.write.BeginTxx(ctx, nil)
	if err != nil {
		return Receipt{}, db.classify(fmt.Errorf("begin a write: %w", err))
	}
	defer tx.Rollback()
	t := &Tx{ReadTx: ReadTx{ctx: ctx, db: db, tx: tx}}
	if err := t.loadClock(); err != nil {
		return Receipt{}, db.classify(err)
	}
	entry, err := f(t)
	if err != nil {
		return Receipt{}, db.classify(err)
	}
	if entry.Type == "" {
		return Receipt{}, ErrNoEntry
	}
	rec, err := t.appendLog(append(t.also, entry))
	if err != nil {
		return Receipt{}, db.classify(fmt.Errorf("write the log: %w", err))
	}
	if err := tx.Commit(); err != nil {
		return Receipt{}, db.classify(fmt.Errorf("commit: %w", err))
	}
	db.readOnly.Store(false)
	if n := db.notify.Load(); n != nil {
		(*n)(rec.Seq + 1)
	}
	for _, g := range t.after {
		g()
	}
	return rec, nil
}

// classify maps what the engines say to the sentinels; the engine's own text stays wrapped for
// the log and is never shown.
func (db *DB) classify(err error) error {
	var pg *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return errors.Join(ErrNotFound, err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EROFS):
		db.readOnly.Store(true)
		return errors.Join(ErrReadOnly, err)
	case errors.As(err, &pg):
		switch {
		case pg.Code[:2] == "23" || pg.Code == "40001" || pg.Code == "40P01":
			return errors.Join(ErrConflict, err)
		case pg.Code == "53100" || pg.Code == "25006":
			db.readOnly.Store(true)
			return errors.Join(ErrReadOnly, err)
		}
	}
	var coded interface{ Code() int }
	if errors.As(err, &coded) {
		switch coded.Code() & 0xff {
		case 19: // SQLITE_CONSTRAINT
			return errors.Join(ErrConflict, err)
		case 8, 10, 13, 14: // READONLY, IOERR, FULL, CANTOPEN
			db.readOnly.Store(true)
			return errors.Join(ErrReadOnly, err)
		}
	}
	return err
}
