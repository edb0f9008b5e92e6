package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"

	"github.com/jmoiron/sqlx"

	"pado/core/audit"
)

// ReadTx reads one snapshot. Its methods take portable SQL with $1 placeholders and scan into
// structs whose field names are the column names in camel case (CaseNo ← case_no).
type ReadTx struct {
	ctx context.Context
	db  *DB
	tx  *sqlx.Tx
	now time.Time
}

// Context of the transaction.
func (r *ReadTx) Context() context.Context { return r.ctx }

// Now is the business time of this transaction, the only time rules may use.
func (r *ReadTx) Now() time.Time { return r.now }

// Get scans exactly one row into dst (a struct or a scalar); ErrNotFound when there is none.
func (r *ReadTx) Get(dst any, query string, args ...any) error {
	err := r.tx.GetContext(r.ctx, dst, query, args...)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	return nil
}

// Select scans all rows into dst, a pointer to a slice.
func (r *ReadTx) Select(dst any, query string, args ...any) error {
	if err := r.tx.SelectContext(r.ctx, dst, query, args...); err != nil {
		return fmt.Errorf("read: %w", err)
	}
	return nil
}

// Each calls f for every row with the row's scan function; for results too long for a slice.
func (r *ReadTx) Each(query string, args []any, f func(scan func(dst ...any) error) error) error {
	rows, err := r.tx.QueryContext(r.ctx, query, args...)
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

// Exists tells whether the query returns a row.
func (r *ReadTx) Exists(query string, args ...any) (bool, error) {
	var n int
	err := r.Get(&n, "SELECT 1 FROM ("+query+") AS q LIMIT 1", args...)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Tx writes. The only source of a *Tx is DB.Update, which commits it with an audit entry.
type Tx struct {
	ReadTx
	also  []audit.Entry
	after []func()
}

// Exec runs one portable statement and returns the number of rows it changed.
func (t *Tx) Exec(query string, args ...any) (int64, error) {
	res, err := t.tx.ExecContext(t.ctx, query, args...)
	if err != nil {
		return 0, fmt.Errorf("write: %w", err)
	}
	return res.RowsAffected()
}

// ExecOne runs a compare-and-set: exactly one row must change, else ErrConflict.
func (t *Tx) ExecOne(query string, args ...any) error {
	n, err := t.Exec(query, args...)
	if err != nil {
		return err
	}
	if n != 1 {
		return fmt.Errorf("%d rows instead of one: %w", n, ErrConflict)
	}
	return nil
}

// Record adds a further entry to the same commit, ahead of the one Update returns.
func (t *Tx) Record(e audit.Entry) { t.also = append(t.also, e) }

// AfterCommit runs f once the commit has succeeded; a crash in between loses f, so it may only
// wake something up that would also find the work by itself.
func (t *Tx) AfterCommit(f func()) { t.after = append(t.after, f) }

var identifier = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)

// Lock takes the row of table whose column key equals val until the commit, so that two
// transactions that each read what the other writes come one after the other. On SQLite the
// writer is alone anyway. ErrNotFound when the row is not there.
func (t *Tx) Lock(table, key string, val any) error {
	if !identifier.MatchString(table) || !identifier.MatchString(key) {
		return fmt.Errorf("lock: %q.%q is no identifier", table, key)
	}
	q := "SELECT 1 FROM " + table + " WHERE " + key + " = $1"
	if t.db.engine == Postgres {
		q += " FOR UPDATE"
	}
	var n int
	return t.Get(&n, q, val)
}

// ScratchTable names a table that holds no record: sessions, leases, job progress, drafts,
// idempotency keys. Only declared ones can be written without an audit entry.
type ScratchTable string

var scratchTables = map[ScratchTable]bool{}

// Scratchpad declares a scratch table; to be called from package variables only.
func Scratchpad(name string) ScratchTable {
	if !identifier.MatchString(name) {
		panic("scratch table " + name)
	}
	scratchTables[ScratchTable(name)] = true
	return ScratchTable(name)
}

// ScratchTables lists the declared ones.
func ScratchTables() []ScratchTable {
	var out []ScratchTable
	for t := range scratchTables {
		out = append(out, t)
	}
	return out
}

// ScratchTx reads anything and writes declared scratch tables only.
type ScratchTx struct{ ReadTx }

var scratchVerb = regexp.MustCompile(`^(?i:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+([a-z_][a-z0-9_]*)[\s(]`)

// Exec runs one INSERT, UPDATE or DELETE whose target is table. Anything else is an error.
func (s *ScratchTx) Exec(table ScratchTable, query string, args ...any) (int64, error) {
	m := scratchVerb.FindStringSubmatch(query)
	if !scratchTables[table] || m == nil || m[1] != string(table) || hasSemicolon(query) {
		return 0, fmt.Errorf("scratch may only write the declared table %s", table)
	}
	res, err := s.tx.ExecContext(s.ctx, query, args...)
	if err != nil {
		return 0, fmt.Errorf("scratch: %w", err)
	}
	return res.RowsAffected()
}

func hasSemicolon(q string) bool {
	for _, r := range q {
		if r == ';' {
			return true
		}
	}
	return false
}

// Scratch runs f in a transaction that can write declared scratch tables only.
func (db *DB) Scratch(ctx context.Context, f func(*ScratchTx) error) error {
	tx, err := db.write.BeginTxx(ctx, nil)
	if err != nil {
		return db.classify(fmt.Errorf("begin scratch: %w", err))
	}
	defer tx.Rollback()
	s := &ScratchTx{ReadTx{ctx: ctx, db: db, tx: tx}}
	if err := s.loadClock(); err != nil {
		return db.classify(err)
	}
	if err := f(s); err != nil {
		return db.classify(err)
	}
	return db.classify(tx.Commit())
}

// Next takes the next number of a running register, starting at 1, without gaps: the number is
// given back if the transaction rolls back.
func (t *Tx) Next(name string) (int64, error) {
	var n int64
	err := t.Get(&n, `INSERT INTO counter (name, last) VALUES ($1, 1)
		ON CONFLICT (name) DO UPDATE SET last = counter.last + 1 RETURNING last`, name)
	return n, err
}

// Rand is the source of ids and salts.
func (t *Tx) Rand() io.Reader { return t.db.rand }

// PutSecret keeps sealed bytes under an id; the id cannot be used twice.
func (t *Tx) PutSecret(id, kind string, sealed []byte) error {
	_, err := t.Exec(`INSERT INTO sealed_secret (id, kind, sealed, created) VALUES ($1,$2,$3,$4)`, id, kind, sealed, At(t.now))
	return err
}

// Secret returns sealed bytes; ErrNotFound when there are none or they were retired.
func (r *ReadTx) Secret(id string) ([]byte, error) {
	var b []byte
	return b, r.Get(&b, `SELECT sealed FROM sealed_secret WHERE id = $1 AND retired IS NULL`, id)
}
