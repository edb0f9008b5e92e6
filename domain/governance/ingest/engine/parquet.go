package engine

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"pado/domain/governance/ingest/pipeline"
	"pado/domain/governance/ingest/read"
)

// parquetBatch is how many rows are fetched at once.
const parquetBatch = 200_000

// parquetRows reads a Parquet file as rows of text.
type parquetRows struct {
	ctx     context.Context //nolint:containedctx // one reading, one context
	e       *Engine
	f       *os.File
	columns []string
	query   string
	missing map[string]bool
	at      int64
	total   int64
	rows    *sql.Rows
	row     read.Row
	cells   []sql.NullString
	line    []string
	dest    []any
	started bool
}

// OpenParquet reads a Parquet file, held in memory and never on a disk. Its
// first row is the header, with number 0; every value is text as the engine
// writes it, dates as 2006-01-02, lists and structures as text too. Values
// equal to one of missing are emptied. The reader is closed.
func OpenParquet(ctx context.Context, r io.ReadCloser, limit int64, missing []string) (_ read.Rows, err error) {
	defer r.Close()
	fd, err := unix.MemfdCreate("parquet", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, ErrEngine
	}
	p := &parquetRows{ctx: ctx, f: os.NewFile(uintptr(fd), "parquet"), missing: map[string]bool{}}
	for _, m := range missing {
		p.missing[m] = true
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.Close())
		}
	}()
	n, err := io.Copy(p.f, io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if n > limit {
		return nil, read.ErrTooBig
	}
	if err := whole(p.f, n); err != nil {
		return nil, err
	}
	if p.e, err = Open(ctx, Options{MemoryMB: 2048}); err != nil {
		return nil, err
	}
	return p, p.describe()
}

// whole checks that the file ends as a Parquet file ends.
func whole(f *os.File, n int64) error {
	end := make([]byte, 4)
	if n < 12 {
		return read.ErrTruncated
	}
	if _, err := f.ReadAt(end, n-4); err != nil {
		return ErrEngine
	}
	switch {
	case bytes.Equal(end, []byte("PARE")):
		return read.ErrEncrypted
	case !bytes.Equal(end, []byte("PAR1")):
		return read.ErrTruncated
	}
	return nil
}

func (p *parquetRows) describe() error {
	from := fmt.Sprintf("read_parquet('/proc/self/fd/%d', file_row_number = true)", p.f.Fd())
	var selected []string
	err := p.e.Query(p.ctx, "DESCRIBE SELECT * EXCLUDE (file_row_number) FROM "+from, func(s Scanner) error {
		var name, typ string
		var rest [4]any
		if err := s.Scan(&name, &typ, &rest[0], &rest[1], &rest[2], &rest[3]); err != nil {
			return err
		}
		p.columns = append(p.columns, name)
		selected = append(selected, pipeline.Ident(name)+"::VARCHAR")
		return nil
	})
	if err == nil {
		err = p.e.Query(p.ctx, "SELECT count(*) FROM "+from, func(s Scanner) error { return s.Scan(&p.total) })
	}
	if err != nil {
		return damaged(p.ctx, err)
	}
	p.query = "SELECT " + strings.Join(selected, ", ") + " FROM " + from
	p.cells, p.line = make([]sql.NullString, len(p.columns)), make([]string, len(p.columns))
	for i := range p.cells {
		p.dest = append(p.dest, &p.cells[i])
	}
	return nil
}

// damaged turns the engine's failure over a foreign file into the file's.
func damaged(ctx context.Context, err error) error {
	if ctx.Err() != nil || errors.Is(err, ErrMemory) {
		return err
	}
	return read.ErrFormat
}

// Next implements read.Rows.
func (p *parquetRows) Next(r *read.Row) error {
	if !p.started {
		p.started = true
		r.SetCells(0, p.columns)
		return nil
	}
	for p.rows == nil || !p.rows.Next() {
		if p.rows != nil {
			err := p.rows.Err()
			if cerr := p.rows.Close(); err == nil {
				err = cerr
			}
			p.rows = nil
			if err != nil {
				return damaged(p.ctx, fault(p.ctx, err))
			}
		}
		if p.at >= p.total {
			return io.EOF
		}
		q := fmt.Sprintf("%s WHERE file_row_number >= %d AND file_row_number < %d ORDER BY file_row_number", p.query, p.at, p.at+parquetBatch)
		rows, err := p.e.conn.QueryContext(p.ctx, q) //nolint:rowserrcheck // asked when the batch is at its end, above
		if err != nil {
			return damaged(p.ctx, fault(p.ctx, err))
		}
		p.rows, p.row.N = rows, p.at
		p.at += parquetBatch
	}
	if err := p.rows.Scan(p.dest...); err != nil {
		return damaged(p.ctx, fault(p.ctx, err))
	}
	for i, c := range p.cells {
		p.line[i] = c.String
		if p.missing[c.String] {
			p.line[i] = ""
		}
	}
	p.row.N++
	r.SetCells(p.row.N, p.line)
	return nil
}

// Close implements read.Rows.
func (p *parquetRows) Close() error {
	var err error
	if p.rows != nil {
		err = p.rows.Close()
		p.rows = nil
	}
	if p.e != nil {
		err = errors.Join(err, p.e.Close())
		p.e = nil
	}
	return errors.Join(err, p.f.Close())
}
