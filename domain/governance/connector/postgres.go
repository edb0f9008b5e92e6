package connector

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

type postgres struct {
	conn *pgx.Conn
	tx   pgx.Tx
}

func (c *Client) openPostgres(ctx context.Context, s Spec, k Secret) (database, error) {
	// Every setting is given, so that nothing is taken from the process's surroundings.
	cfg, err := pgx.ParseConfig("host=localhost port=1 user=none password=none dbname=none sslmode=disable passfile='' servicefile='' target_session_attrs=any")
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(s.Address)
	if err != nil {
		return nil, err
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, fault("connect.spec", "address", "端口应为 1 至 65535")
	}
	cfg.Host, cfg.Port, cfg.Database, cfg.User, cfg.Password = host, uint16(n), s.Database, k.User, k.Password
	cfg.ConnectTimeout = c.c.Timeout
	cfg.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
	cfg.DialFunc = func(ctx context.Context, _, address string) (net.Conn, error) {
		return c.c.Policy.dial(ctx, c.c.Timeout, address)
	}
	cfg.RuntimeParams = map[string]string{"application_name": "pado", "TimeZone": "Asia/Shanghai", "DateStyle": "ISO", "default_transaction_read_only": "on", "extra_float_digits": "3"}
	cfg.DefaultQueryExecMode = pgx.QueryExecModeDescribeExec
	cfg.Fallbacks = nil
	if s.TLS == "required" {
		cfg.TLSConfig = &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	} else {
		// Encrypted when the server can, as libpq's "prefer": the declaration asks for no more.
		cfg.TLSConfig = &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12} //nolint:gosec // no name is promised
		cfg.Fallbacks = []*pgconn.FallbackConfig{{Host: host, Port: uint16(n)}}
	}
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, pgError(err)
	}
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it failed already
		return nil, pgError(err)
	}
	return &postgres{conn, tx}, nil
}

func (p *postgres) close() {
	p.conn.Close(context.Background()) //nolint:errcheck // a read-only transaction ends with its connection
}

func schemaOf(s Spec) string {
	if s.Schema == "" {
		return "public"
	}
	return s.Schema
}

func (p *postgres) columns(ctx context.Context, s Spec) ([]column, error) {
	rows, err := p.tx.Query(ctx, `SELECT column_name::text, data_type::text FROM information_schema.columns WHERE table_schema = $1 AND table_name = $2 ORDER BY ordinal_position`, schemaOf(s), s.Table)
	if err != nil {
		return nil, pgError(err)
	}
	defer rows.Close()
	var out []column
	for rows.Next() {
		var c column
		if err := rows.Scan(&c.name, &c.kind); err != nil {
			return nil, err
		}
		c.binary = c.kind == "bytea"
		c.number = c.kind == "bigint" || c.kind == "integer" || c.kind == "smallint"
		c.ordered = c.number || c.kind == "numeric" || c.kind == "date" || strings.HasPrefix(c.kind, "timestamp")
		out = append(out, c)
	}
	return out, pgError(rows.Err())
}

func (p *postgres) highest(ctx context.Context, s Spec, of column) (string, error) {
	var v *string
	err := p.tx.QueryRow(ctx, "SELECT MAX("+quoted(`"`, of.name)+")::text FROM "+quoted(`"`, schemaOf(s), s.Table)).Scan(&v)
	if err != nil || v == nil {
		return "", pgError(err)
	}
	return *v, nil
}

func (p *postgres) rows(ctx context.Context, s Spec, of column, since, upto string, row func([]*string) error) error {
	cols := make([]string, len(s.Columns))
	for i, c := range s.Columns {
		cols[i] = quoted(`"`, c)
	}
	sql, args := "SELECT "+strings.Join(cols, ", ")+" FROM "+quoted(`"`, schemaOf(s), s.Table), []any{pgx.QueryResultFormats{pgx.TextFormatCode}}
	if upto != "" {
		// An empty value may stand in the column: rows without a watermark come with the first pull.
		mark := quoted(`"`, of.name)
		args = append(args, upto)
		if since == "" {
			sql += " WHERE (" + mark + " <= $1 OR " + mark + " IS NULL)"
		} else {
			sql += " WHERE " + mark + " <= $1 AND " + mark + " > $2"
			args = append(args, since)
		}
		sql += " ORDER BY " + mark
	}
	rows, err := p.tx.Query(ctx, sql, args...)
	if err != nil {
		return pgError(err)
	}
	defer rows.Close()
	cells, text := make([]*string, len(s.Columns)), make([]string, len(s.Columns))
	for rows.Next() {
		for i, b := range rows.RawValues() {
			cells[i] = nil
			if b != nil {
				text[i] = string(b)
				cells[i] = &text[i]
			}
		}
		if err := row(cells); err != nil {
			return err
		}
	}
	return pgError(rows.Err())
}

func (p *postgres) about(ctx context.Context, s Spec) (int64, error) {
	var n int64
	err := p.tx.QueryRow(ctx, `SELECT COALESCE((SELECT reltuples::bigint FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2), -1)`, schemaOf(s), s.Table).Scan(&n)
	return n, pgError(err)
}

// pgError turns the server's code into words; its own words may hold a value and are dropped.
func pgError(err error) error {
	if err == nil {
		return nil
	}
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return err
	}
	switch {
	case strings.HasPrefix(e.Code, "28"):
		return &Error{Code: "connect.login", Message: "数据库拒绝了该账号：用户名或口令不对，或者不允许从平台登录"}
	case e.Code == "3D000":
		return fault("connect.database", "database", "服务器上没有这个数据库")
	case e.Code == "42501":
		return fault("connect.denied", "table", "该账号没有读取权限，请数源部门授予只读权限")
	case e.Code == "42P01":
		return fault("connect.table", "table", "数据库中没有这张表")
	case e.Code == "25006":
		return fault("connect.readonly", "", "平台只在只读事务中读取，该表（视图）要求写入，不能拉取")
	case strings.HasPrefix(e.Code, "53"), strings.HasPrefix(e.Code, "57"):
		return &Error{Code: "connect.busy", Message: "数据库暂时不接受连接，稍后会自动重试", Retry: true}
	}
	return fault("connect.server", "", "数据库返回错误（代码 %s），请数源部门的系统管理员核查", e.Code)
}
