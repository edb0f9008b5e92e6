// Package connector fetches what a source offers: rows of a database table, files of an exchange
// folder or an SFTP server (clause 6.2.2). See README.md.
package connector

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"pado/core/canon"
	"pado/domain/governance/vault"
)

// The kinds that are fetched by the platform.
const (
	Folder     = "folder"
	SFTP       = "sftp"
	PostgreSQL = "postgresql"
	MySQL      = "mysql" // MariaDB as well
)

// Fetched tells whether a kind of connection is fetched by the platform's own clock.
func Fetched(kind string) bool {
	return kind == Folder || kind == SFTP || kind == PostgreSQL || kind == MySQL
}

// Database tells whether a kind is a database.
func Database(kind string) bool { return kind == PostgreSQL || kind == MySQL }

// Modes of a pull, and when a file counts as complete.
const (
	Full        = "full"
	Incremental = "incremental"
	Marker      = "marker"
	Stable      = "stable"
)

// Spec is where something is fetched from and how. It holds no secret.
type Spec struct {
	Kind      string   `json:"kind"`
	Address   string   `json:"address,omitempty"`  // host:port
	TLS       string   `json:"tls,omitempty"`      // databases: required, or empty for when the server offers it
	Database  string   `json:"database,omitempty"` // databases
	Schema    string   `json:"schema,omitempty"`   // PostgreSQL; default public
	Table     string   `json:"table,omitempty"`
	Columns   []string `json:"columns,omitempty"`
	Mode      string   `json:"mode,omitempty"` // full or incremental
	Watermark string   `json:"watermark,omitempty"`
	Path      string   `json:"path,omitempty"`    // folder of the files, relative to the exchange root or absolute on the SFTP server
	Pattern   string   `json:"pattern,omitempty"` // of the files' names, with * and ?
	Ready     string   `json:"ready,omitempty"`   // marker or stable
	HostKey   string   `json:"hostKey,omitempty"` // SFTP: SHA256:… of the server's key
}

// Digest names a declared connection: another digest is another connection.
func (s Spec) Digest() string {
	b, err := json.Marshal(s)
	if err != nil {
		return ""
	}
	return canon.Digest(b)
}

// Server names whom an account is shown to: who sealed one for it meant no other, and no weaker
// proof of who it is.
func (s Spec) Server() string {
	return strings.Join([]string{s.Kind, s.Address, s.TLS, s.HostKey}, "|")
}

// Secret is an opened credential.
type Secret struct {
	User     string `json:"user"`
	Password string `json:"password,omitempty"`
	Key      string `json:"key,omitempty"` // SFTP: a private key in PEM
}

// Error is what went wrong with a connection, in words for the clerk. It never holds the
// credential, the engine's own words or a value of a row. Compare codes with errors.As.
type Error struct {
	Code    string // stable
	Field   string // of Spec, when one is to blame
	Message string // Chinese
	Retry   bool   // the other side may be back later
	cause   error
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Unwrap gives the cause, for the platform's own log only.
func (e *Error) Unwrap() error { return e.cause }

func fault(code, field, format string, a ...any) *Error {
	return &Error{Code: code, Field: field, Message: fmt.Sprintf(format, a...)}
}

// ErrNothing: the source has nothing new; no fault.
var ErrNothing = errors.New("nothing new to fetch")

var (
	plainName = regexp.MustCompile(`^[\p{L}_][\p{L}\p{N}_$]{0,62}$`)
	hostShape = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$`)
	printed   = regexp.MustCompile(`^SHA256:[A-Za-z0-9+/]{43}$`)
)

// Check tells what is missing or malformed in a declared connection; nil when it may be tried.
func (s Spec) Check() error {
	need := func(field, value, label string) *Error {
		if value == "" {
			return fault("connect.spec", field, "请填写%s", label)
		}
		return nil
	}
	if s.Kind != Folder {
		if err := need("address", s.Address, "地址，形式为 主机:端口"); err != nil {
			return err
		}
		host, port, err := net.SplitHostPort(s.Address)
		if err != nil || net.ParseIP(host) == nil && !hostShape.MatchString(host) || !regexp.MustCompile(`^[1-9][0-9]{0,4}$`).MatchString(port) {
			return fault("connect.spec", "address", "地址的形式应为 主机:端口，如 10.1.2.3:5432")
		}
	}
	if Database(s.Kind) {
		return s.checkTable(need)
	}
	if s.Kind != Folder && s.Kind != SFTP {
		return fault("connect.kind", "kind", "暂不支持这种接入方式")
	}
	if err := need("path", s.Path, "目录"); err != nil {
		return err
	}
	if err := need("pattern", s.Pattern, "文件名规则，如 renkou_*.csv"); err != nil {
		return err
	}
	if s.Kind == Folder && (!filepath.IsLocal(s.Path) || filepath.ToSlash(filepath.Clean(s.Path)) != s.Path) {
		return fault("connect.spec", "path", "目录应为前置目录下规范的相对路径，不能含“..”")
	}
	if s.Kind == SFTP && (!path.IsAbs(s.Path) || path.Clean(s.Path) != s.Path) {
		return fault("connect.spec", "path", "SFTP 目录应为规范的绝对路径，如 /out/renkou")
	}
	if _, err := path.Match(s.Pattern, "x"); err != nil || strings.ContainsAny(s.Pattern, "/\\") {
		return fault("connect.spec", "pattern", "文件名规则不正确，可用 * 和 ?，不能含目录")
	}
	if s.Ready != Marker && s.Ready != Stable {
		return fault("connect.spec", "ready", "请选择文件写完的判断方式")
	}
	if s.Kind == SFTP && !printed.MatchString(s.HostKey) {
		return fault("connect.spec", "hostKey", "请填写服务器主机密钥的指纹，形式为 SHA256:… ，由数源部门的系统管理员提供")
	}
	return nil
}

func (s Spec) checkTable(need func(field, value, label string) *Error) error {
	for _, x := range [][3]string{{"database", s.Database, "数据库名"}, {"table", s.Table, "表名"}} {
		if err := need(x[0], x[1], x[2]); err != nil {
			return err
		}
		if !plainName.MatchString(x[1]) {
			return fault("connect.spec", x[0], "%s只能由文字、数字、下划线组成", x[2])
		}
	}
	if s.Schema != "" && !plainName.MatchString(s.Schema) {
		return fault("connect.spec", "schema", "模式名只能由文字、数字、下划线组成")
	}
	if len(s.Columns) == 0 || len(s.Columns) > 500 {
		return fault("connect.spec", "columns", "请逐一列出要取的列，最多 500 列")
	}
	seen := map[string]bool{}
	for _, c := range s.Columns {
		if !plainName.MatchString(c) || seen[c] {
			return fault("connect.spec", "columns", "列名重复，或者含有文字、数字、下划线以外的字符")
		}
		seen[c] = true
	}
	if s.TLS != "" && s.TLS != "required" {
		return fault("connect.spec", "tls", "传输加密的选择不正确")
	}
	switch s.Mode {
	case Full:
		return nil
	case Incremental:
		if s.Watermark == "" || !plainName.MatchString(s.Watermark) {
			return fault("connect.spec", "watermark", "增量拉取须填写递增列，如更新时间或自增编号")
		}
		return nil
	}
	return fault("connect.spec", "mode", "请选择全量或增量")
}

// Config is what a Client works with.
type Config struct {
	Policy   Policy
	Folders  string           // root of the exchange folders; empty = none
	MaxBytes int64            // of one fetch; 0 = 4 GiB
	Timeout  time.Duration    // of reaching the other side; 0 = 10 s
	Wall     func() time.Time // the wall clock, to tell a file that is still being written
}

// Client fetches. The zero Policy reaches nothing.
type Client struct{ c Config }

// New makes a Client.
func New(c Config) *Client {
	if c.MaxBytes == 0 {
		c.MaxBytes = 4 << 30
	}
	if c.Timeout == 0 {
		c.Timeout = 10 * time.Second
	}
	return &Client{c}
}

// Result is what was fetched.
type Result struct {
	Name      string // a file name for the record
	Rows      int64  // of a table; -1 for a file
	Watermark string // highest value taken; empty when not incremental
	after     func(context.Context) error
}

// Taken tells the other side that what was fetched is on record: a file is moved aside. Harmless
// when repeated; a failure leaves the file where it is, to be recognised by its digest.
func (r Result) Taken(ctx context.Context) error {
	if r.after == nil {
		return nil
	}
	return r.after(ctx)
}

// Finding is what a test of a connection found. Names and counts only, no row.
type Finding struct {
	Say     string   // Chinese
	Columns []string // name and type of the declared columns
	Rows    int64    // estimate or count; -1 = not known
	Files   int      // files that are ready
}

// Fetch writes what the source offers to w. since is the watermark taken last. Errors: *Error,
// ErrNothing, the error of w. Nothing is kept on the other side but a read-only transaction.
func (c *Client) Fetch(ctx context.Context, s Spec, k Secret, since string, w io.Writer, progress func(rows, bytes int64)) (Result, error) {
	if err := s.Check(); err != nil {
		return Result{}, err
	}
	if progress == nil {
		progress = func(int64, int64) {}
	}
	out := &limited{w: w, left: c.c.MaxBytes}
	if Database(s.Kind) {
		db, err := c.open(ctx, s, k)
		if err != nil {
			return Result{}, c.say(ctx, err)
		}
		defer db.close()
		res, err := dump(ctx, db, s, since, out, progress)
		return res, c.say(ctx, err)
	}
	res, err := c.take(ctx, s, k, out, progress)
	return res, c.say(ctx, err)
}

// Probe tests a connection: reach, sign in, find the table and its columns or the folder.
func (c *Client) Probe(ctx context.Context, s Spec, k Secret) (Finding, error) {
	if err := s.Check(); err != nil {
		return Finding{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, 3*c.c.Timeout)
	defer cancel()
	if Database(s.Kind) {
		db, err := c.open(ctx, s, k)
		if err != nil {
			return Finding{}, c.say(ctx, err)
		}
		defer db.close()
		f, err := examine(ctx, db, s)
		return f, c.say(ctx, err)
	}
	f, err := c.look(ctx, s, k)
	return f, c.say(ctx, err)
}

// say turns what is not an *Error into one.
func (c *Client) say(ctx context.Context, err error) error {
	var own *Error
	var sealing *vault.Error
	switch {
	case err == nil, errors.Is(err, ErrNothing), errors.As(err, &own), errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &sealing): // where it is written to failed, not the source
		return err
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), ctx.Err() != nil:
		return &Error{Code: "connect.timeout", Message: "连接超时，对方没有应答，请检查地址、端口和防火墙", Retry: true, cause: err}
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return &Error{Code: "connect.refused", Field: "address", Message: "连不上该地址：对方未在该端口提供服务，或者被防火墙阻断", Retry: true, cause: err}
	}
	return &Error{Code: "connect.broken", Message: "与数据源的连接中断，数据没有取完，稍后会自动重试", Retry: true, cause: err}
}

// limited stops a source that sends more than is allowed.
type limited struct {
	w    io.Writer
	n    int64
	left int64
}

func (l *limited) Write(p []byte) (int, error) {
	if int64(len(p)) > l.left {
		return 0, fault("connect.limit", "", "一次取数超过上限，请改用增量拉取，或减少列")
	}
	n, err := l.w.Write(p)
	l.n += int64(n)
	l.left -= int64(n)
	return n, err
}
