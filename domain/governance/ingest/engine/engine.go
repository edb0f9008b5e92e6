// Package engine runs compiled pipelines in an in-memory DuckDB. Rows arrive
// through a pipe, so that no plaintext of the source touches a disk, and are
// not kept; it is the only part of ingest that imports database/sql.
package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"

	_ "github.com/duckdb/duckdb-go/v2" // registers the driver
	"golang.org/x/sys/unix"

	"pado/domain/governance/ingest/pipeline"
)

// Version names what fixes the bytes of an output file beside pipeline and
// source; it is part of every version id. Raise it when the engine or the
// form of the output changes.
const Version = "pado.engine/2 duckdb/1.5.6"

// Error is an engine failure without the engine's words, which may quote
// values of the data.
type Error struct {
	Code    string
	Clause  string
	Message string
	cause   error
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Unwrap gives a context error or an errno, never the engine's error.
func (e *Error) Unwrap() error { return e.cause }

// Is compares codes.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// What can go wrong in the engine.
var (
	ErrMemory   = &Error{Code: "INGEST_MEMORY", Clause: "6.2.2", Message: "内存不足，无法完成本次治理，请提高内存上限或拆分文件"}
	ErrDiskFull = &Error{Code: "INGEST_DISK_FULL", Clause: "6.2.2", Message: "存储空间不足，治理结果未生成，请扩容后重试"}
	ErrCanceled = &Error{Code: "INGEST_CANCELED", Clause: "6.2.2", Message: "治理任务已取消，未产生任何结果"}
	ErrEngine   = &Error{Code: "INGEST_ENGINE", Clause: "6.2.2", Message: "治理引擎执行失败，未产生任何结果，请联系系统管理员"}
)

func fault(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	if ctx.Err() != nil {
		return &Error{ErrCanceled.Code, ErrCanceled.Clause, ErrCanceled.Message, ctx.Err()}
	}
	text := err.Error()
	switch {
	case strings.Contains(text, "No space left") || errors.Is(err, syscall.ENOSPC):
		return &Error{ErrDiskFull.Code, ErrDiskFull.Clause, ErrDiskFull.Message, syscall.ENOSPC}
	case strings.Contains(text, "Out of Memory"):
		return ErrMemory
	}
	if debug != nil {
		debug(text)
	}
	return ErrEngine
}

// debug sees the engine's own words in tests of this module, nowhere else.
var debug func(string)

// Options bound an engine. The zero value takes DuckDB's own limits and does
// not let it write temporary files, which would be plaintext.
type Options struct {
	Threads  int    // at least 2 are used: with one thread the same rows give another file
	MemoryMB int    // 0: DuckDB's default, 80 % of the machine
	SpillDir string // where temporary files may go, if the place is encrypted; "" for nowhere
}

// Engine is one in-memory database. It is used by one goroutine at a time.
type Engine struct {
	db   *sql.DB
	conn *sql.Conn
	tap  tap
}

// Open starts an engine; Close must follow.
func Open(ctx context.Context, o Options) (*Engine, error) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return nil, fault(ctx, err)
	}
	e := &Engine{db: db}
	if e.conn, err = db.Conn(ctx); err != nil {
		db.Close()
		return nil, fault(ctx, err)
	}
	settings := []string{
		"SET threads = " + strconv.Itoa(max(2, o.Threads)),
		"SET preserve_insertion_order = true",
		"SET autoinstall_known_extensions = false",
		"SET autoload_known_extensions = false",
		"SET temp_directory = " + pipeline.Text(o.SpillDir),
		"SET TimeZone = 'UTC'",
	}
	if o.MemoryMB > 0 {
		settings = append(settings, fmt.Sprintf("SET memory_limit = '%dMB'", o.MemoryMB))
	}
	for _, s := range settings {
		if err := e.Exec(ctx, s); err != nil {
			e.Close()
			return nil, err
		}
	}
	return e, nil
}

// Close frees the engine.
func (e *Engine) Close() error {
	e.conn.Close()
	return e.db.Close()
}

// Exec runs a statement.
func (e *Engine) Exec(ctx context.Context, q string) error {
	_, err := e.conn.ExecContext(ctx, q)
	return fault(ctx, err)
}

// Scanner is a row of an answer.
type Scanner interface{ Scan(dest ...any) error }

// Query runs a query and hands each row to scan.
func (e *Engine) Query(ctx context.Context, q string, scan func(Scanner) error) error {
	rows, err := e.conn.QueryContext(ctx, q)
	if err != nil {
		return fault(ctx, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return fault(ctx, err)
		}
	}
	return fault(ctx, rows.Err())
}

// Feed runs use while produce writes the rows it scans. columns are the names
// of the fields after the ordinal. If both fail, produce's error counts unless
// it only noticed that nobody reads any more.
func (e *Engine) Feed(ctx context.Context, columns []string, produce func(io.Writer) error, use func(scan string) error) error {
	r, w, err := os.Pipe()
	if err != nil {
		return fault(ctx, err)
	}
	// A wider pipe only saves switches between the two ends.
	_, _ = unix.FcntlInt(w.Fd(), unix.F_SETPIPE_SZ, 1<<20)
	done := make(chan error, 1)
	go func() {
		err := produce(w)
		if cerr := w.Close(); err == nil {
			err = cerr
		}
		done <- err
	}()
	used := use(scan(r.Fd(), columns))
	// At this point the engine reads no more; closing our end frees a producer
	// that is still writing.
	r.Close()
	produced := <-done
	if produced != nil && !errors.Is(produced, syscall.EPIPE) {
		return produced
	}
	if used == nil && produced != nil {
		return ErrEngine
	}
	return used
}

// maxLine bounds a row in the pipe; the readers refuse longer ones before.
const maxLine = 4 << 20

func scan(fd uintptr, columns []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "read_csv('/dev/fd/%d', auto_detect=false, header=false, delim='\x1f', quote='', escape='', nullstr='', new_line='\\n', max_line_size=%d, columns={'#ord': 'BIGINT'", fd, maxLine)
	for _, c := range columns {
		b.WriteString(", " + pipeline.Text(c) + ": 'VARCHAR'")
	}
	b.WriteString("})")
	return b.String()
}

// Copy writes the result of a query to a Parquet file (zstd) and returns the
// number of rows.
func (e *Engine) Copy(ctx context.Context, q, path string) (int64, error) {
	res, err := e.conn.ExecContext(ctx, "COPY ("+q+") TO "+pipeline.Text(path)+" (FORMAT parquet, COMPRESSION zstd)")
	if err != nil {
		return 0, fault(ctx, err)
	}
	n, err := res.RowsAffected()
	return n, fault(ctx, err)
}
