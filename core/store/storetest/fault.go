package storetest

import (
	"context"
	"database/sql/driver"
	"errors"
	"sync"
)

// ErrFault is what a broken statement returns.
var ErrFault = errors.New("fault: the statement was broken on purpose")

// Fault breaks the n-th statement of a store: before it reaches the database, or after the
// database carried it out. Commits count as statements.
type Fault struct {
	mu    sync.Mutex
	armed bool
	at, n int
	after bool
	Hit   bool // the broken statement was reached
	Count int  // statements seen since it was armed
}

// Arm breaks the at-th statement (from 1) from now on; at 0 only counts.
func (f *Fault) Arm(at int, after bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed, f.at, f.after, f.n, f.Hit, f.Count = true, at, after, 0, false, 0
}

// Disarm lets everything through.
func (f *Fault) Disarm() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed = false
}

func (f *Fault) around(do func() error) error {
	f.mu.Lock()
	hit, after := false, f.after
	if f.armed {
		f.n++
		f.Count = f.n
		hit = f.n == f.at
		f.Hit = f.Hit || hit
	}
	f.mu.Unlock()
	if hit && !after {
		return ErrFault
	}
	err := do()
	if hit && err == nil {
		return ErrFault
	}
	return err
}

// Wrap puts the fault between the store and its driver.
func (f *Fault) Wrap(c driver.Connector) driver.Connector { return &connector{c, f} }

type connector struct {
	driver.Connector
	f *Fault
}

func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &faultConn{conn, c.f}, nil
}

type faultConn struct {
	driver.Conn
	f *Fault
}

func (c *faultConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	tx, err := c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o)
	if err != nil {
		return nil, err
	}
	return &faultTx{tx, c.f}, nil
}

func (c *faultConn) ExecContext(ctx context.Context, q string, args []driver.NamedValue) (res driver.Result, err error) {
	err = c.f.around(func() error {
		res, err = c.Conn.(driver.ExecerContext).ExecContext(ctx, q, args)
		return err
	})
	return res, err
}

func (c *faultConn) QueryContext(ctx context.Context, q string, args []driver.NamedValue) (rows driver.Rows, err error) {
	err = c.f.around(func() error {
		rows, err = c.Conn.(driver.QueryerContext).QueryContext(ctx, q, args)
		return err
	})
	if err != nil && rows != nil {
		rows.Close()
		rows = nil
	}
	return rows, err
}

func (c *faultConn) CheckNamedValue(v *driver.NamedValue) error {
	if n, ok := c.Conn.(driver.NamedValueChecker); ok {
		return n.CheckNamedValue(v)
	}
	return driver.ErrSkip
}

func (c *faultConn) ResetSession(ctx context.Context) error {
	if r, ok := c.Conn.(driver.SessionResetter); ok {
		return r.ResetSession(ctx)
	}
	return nil
}

func (c *faultConn) Ping(ctx context.Context) error {
	if p, ok := c.Conn.(driver.Pinger); ok {
		return p.Ping(ctx)
	}
	return nil
}

type faultTx struct {
	driver.Tx
	f *Fault
}

// Commit breaks like a disk that is full: what does not persist is rolled back.
func (t *faultTx) Commit() error {
	ran := false
	err := t.f.around(func() error { ran = true; return t.Tx.Commit() })
	if err != nil && !ran {
		return errors.Join(err, t.Tx.Rollback())
	}
	return err
}
