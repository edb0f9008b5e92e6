package connector

import (
	"context"
	"crypto/tls"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

// maria is one connection without a pool: the snapshot is the connection's.
type maria struct{ conn driver.Conn }

func (c *Client) openMySQL(ctx context.Context, s Spec, k Secret) (database, error) {
	cfg := mysql.NewConfig()
	cfg.User, cfg.Passwd, cfg.Net, cfg.Addr, cfg.DBName = k.User, k.Password, "tcp", s.Address, s.Database
	cfg.DialFunc = func(ctx context.Context, _, address string) (net.Conn, error) {
		return c.c.Policy.dial(ctx, c.c.Timeout, address)
	}
	cfg.Timeout, cfg.ReadTimeout, cfg.WriteTimeout = c.c.Timeout, time.Minute, time.Minute
	cfg.InterpolateParams, cfg.Collation = true, "utf8mb4_general_ci"
	cfg.Params = map[string]string{"time_zone": "'+08:00'"}
	cfg.Logger = silent{}
	host, _, err := net.SplitHostPort(s.Address)
	if err != nil {
		return nil, err
	}
	if s.TLS == "required" {
		cfg.TLS = &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	} else {
		cfg.TLSConfig = "preferred"
	}
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, err
	}
	conn, err := connector.Connect(ctx)
	if err != nil {
		return nil, myError(err)
	}
	m := &maria{conn}
	for _, q := range []string{"SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"} {
		if err := m.each(ctx, q, nil, func([]*string) error { return nil }); err != nil {
			m.close()
			return nil, err
		}
	}
	return m, nil
}

// silent keeps the driver from writing to the process's own output.
type silent struct{}

func (silent) Print(...any) {}

func (m *maria) close() {
	m.conn.Close() //nolint:errcheck // a read-only transaction ends with its connection
}

// each runs a statement and hands its rows over as text.
func (m *maria) each(ctx context.Context, sql string, args []any, row func([]*string) error) (err error) {
	q, ok := m.conn.(driver.QueryerContext)
	if !ok {
		return errors.New("the driver cannot query")
	}
	named := make([]driver.NamedValue, len(args))
	for i, a := range args {
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: a}
	}
	rows, err := q.QueryContext(ctx, sql, named)
	if err != nil {
		return myError(err)
	}
	defer func() { err = errors.Join(err, myError(rows.Close())) }()
	n := len(rows.Columns())
	values, cells, text := make([]driver.Value, n), make([]*string, n), make([]string, n)
	for {
		switch err := rows.Next(values); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return myError(err)
		}
		for i, v := range values {
			cells[i] = nil
			switch x := v.(type) {
			case nil:
				continue
			case []byte:
				text[i] = string(x)
			case string:
				text[i] = x
			default:
				text[i] = fmt.Sprint(x)
			}
			cells[i] = &text[i]
		}
		if err := row(cells); err != nil {
			return err
		}
	}
}

func (m *maria) columns(ctx context.Context, s Spec) ([]column, error) {
	var out []column
	err := m.each(ctx, "SELECT CAST(COLUMN_NAME AS CHAR), CAST(DATA_TYPE AS CHAR) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION",
		[]any{s.Database, s.Table}, func(row []*string) error {
			if row[0] == nil || row[1] == nil {
				return nil
			}
			c := column{name: *row[0], kind: strings.ToLower(*row[1])}
			c.binary = strings.Contains(c.kind, "blob") || strings.Contains(c.kind, "binary") || c.kind == "bit" || c.kind == "geometry"
			c.number = strings.HasSuffix(c.kind, "int")
			c.ordered = c.number || c.kind == "date" || c.kind == "datetime" || c.kind == "timestamp"
			out = append(out, c)
			return nil
		})
	return out, err
}

func (m *maria) highest(ctx context.Context, s Spec, of column) (string, error) {
	var out string
	err := m.each(ctx, "SELECT CAST(MAX("+quoted("`", of.name)+") AS CHAR) FROM "+quoted("`", s.Database, s.Table), nil, func(row []*string) error {
		if row[0] != nil {
			out = *row[0]
		}
		return nil
	})
	return out, err
}

func (m *maria) rows(ctx context.Context, s Spec, of column, since, upto string, row func([]*string) error) error {
	cols := make([]string, len(s.Columns))
	for i, c := range s.Columns {
		cols[i] = "CAST(" + quoted("`", c) + " AS CHAR)"
	}
	sql := "SELECT " + strings.Join(cols, ", ") + " FROM " + quoted("`", s.Database, s.Table)
	var args []any
	if upto != "" {
		high, err := bound(of, upto)
		if err != nil {
			return err
		}
		mark := quoted("`", of.name)
		args = append(args, high)
		if since == "" {
			sql += " WHERE (" + mark + " <= ? OR " + mark + " IS NULL)"
		} else {
			low, err := bound(of, since)
			if err != nil {
				return err
			}
			sql += " WHERE " + mark + " <= ? AND " + mark + " > ?"
			args = append(args, low)
		}
		sql += " ORDER BY " + mark
	}
	return m.each(ctx, sql, args, row)
}

// bound gives a watermark in the type that is compared exactly: a text beside a number would be
// compared as a float.
func bound(of column, text string) (any, error) {
	if !of.number {
		return text, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, fault("connect.column", "watermark", "递增列的值超出整数范围，不能用作递增列")
	}
	return n, nil
}

func (m *maria) about(ctx context.Context, s Spec) (int64, error) {
	n := int64(-1)
	err := m.each(ctx, "SELECT CAST(TABLE_ROWS AS CHAR) FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?", []any{s.Database, s.Table}, func(row []*string) error {
		if row[0] != nil {
			if v, err := strconv.ParseInt(*row[0], 10, 64); err == nil {
				n = v
			}
		}
		return nil
	})
	return n, err
}

// myError turns the server's number into words; its own words may hold a value and are dropped.
func myError(err error) error {
	if err == nil {
		return nil
	}
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	var e *mysql.MySQLError
	if !errors.As(err, &e) {
		return err
	}
	switch e.Number {
	case 1045, 1698, 1130:
		return &Error{Code: "connect.login", Message: "数据库拒绝了该账号：用户名或口令不对，或者不允许从平台登录"}
	case 1049:
		return fault("connect.database", "database", "服务器上没有这个数据库")
	case 1044, 1142, 1143:
		return fault("connect.denied", "table", "该账号没有读取权限，请数源部门授予只读权限")
	case 1146:
		return fault("connect.table", "table", "数据库中没有这张表")
	case 1792:
		return fault("connect.readonly", "", "平台只在只读事务中读取，该表（视图）要求写入，不能拉取")
	case 1040, 1203, 1226, 1053:
		return &Error{Code: "connect.busy", Message: "数据库暂时不接受连接，稍后会自动重试", Retry: true}
	}
	return fault("connect.server", "", "数据库返回错误（代码 %d），请数源部门的系统管理员核查", e.Number)
}
