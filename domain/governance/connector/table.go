package connector

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strings"
)

// database is one read-only snapshot of a database; PostgreSQL and MySQL implement it.
type database interface {
	// columns gives the columns of the table that the account may read, with their types.
	columns(ctx context.Context, s Spec) ([]column, error)
	// highest is the highest value of the watermark column as text; empty for a table without rows.
	highest(ctx context.Context, s Spec, of column) (string, error)
	// rows hands every row over as text, nil for NULL. With a watermark only those above since and
	// not above upto. The slice is reused.
	rows(ctx context.Context, s Spec, of column, since, upto string, row func([]*string) error) error
	// about is roughly how many rows there are; -1 = not known.
	about(ctx context.Context, s Spec) (int64, error)
	close()
}

type column struct {
	name, kind string
	binary     bool
	ordered    bool // may serve as a watermark
	number     bool
}

func (c *Client) open(ctx context.Context, s Spec, k Secret) (database, error) {
	if k.User == "" {
		return nil, fault("connect.credential", "", "还没有录入连接账号，请先由数源部门录入连接凭据")
	}
	if s.Kind == PostgreSQL {
		return c.openPostgres(ctx, s, k)
	}
	return c.openMySQL(ctx, s, k)
}

// declared finds the declared columns in the table and what each is.
func declared(ctx context.Context, db database, s Spec) (cols []column, mark column, err error) {
	have, err := db.columns(ctx, s)
	if err != nil {
		return nil, mark, err
	}
	if len(have) == 0 {
		return nil, mark, fault("connect.table", "table", "数据库中没有表“%s”，或者该账号无权读取", s.Table)
	}
	byName := map[string]column{}
	for _, c := range have {
		byName[c.name] = c
	}
	for _, name := range s.Columns {
		c, ok := byName[name]
		if !ok {
			return nil, mark, fault("connect.column", "columns", "表中没有列“%s”，或者该账号无权读取", name)
		}
		if c.binary {
			return nil, mark, fault("connect.column", "columns", "列“%s”是二进制数据，不能拉取", name)
		}
		cols = append(cols, c)
	}
	if s.Mode == Incremental {
		c, ok := byName[s.Watermark]
		if !ok {
			return nil, mark, fault("connect.column", "watermark", "表中没有递增列“%s”，或者该账号无权读取", s.Watermark)
		}
		if !c.ordered {
			return nil, mark, fault("connect.column", "watermark", "递增列“%s”应为整数、日期或时间", s.Watermark)
		}
		mark = c
	}
	return cols, mark, nil
}

// dump writes the declared columns as CSV in UTF-8 with a header.
func dump(ctx context.Context, db database, s Spec, since string, out io.Writer, progress func(rows, bytes int64)) (Result, error) {
	res := Result{Name: s.Table + ".csv"}
	_, mark, err := declared(ctx, db, s)
	if err != nil {
		return res, err
	}
	if s.Mode == Incremental {
		if res.Watermark, err = db.highest(ctx, s, mark); err != nil {
			return res, err
		}
		if res.Watermark == "" || res.Watermark == since {
			return res, ErrNothing
		}
	}
	counted := &limited{w: out, left: 1 << 62}
	w := csv.NewWriter(counted)
	if err := w.Write(s.Columns); err != nil {
		return res, err
	}
	cells := make([]string, len(s.Columns))
	err = db.rows(ctx, s, mark, since, res.Watermark, func(row []*string) error {
		for i, v := range row {
			cells[i] = ""
			if v != nil {
				cells[i] = *v
			}
		}
		res.Rows++
		if res.Rows%5000 == 0 {
			progress(res.Rows, counted.n)
		}
		return w.Write(cells)
	})
	if err != nil {
		return res, err
	}
	if s.Mode == Incremental && res.Rows == 0 {
		return res, ErrNothing
	}
	w.Flush()
	progress(res.Rows, counted.n)
	return res, w.Error()
}

// examine is the test of a connection to a database.
func examine(ctx context.Context, db database, s Spec) (Finding, error) {
	cols, _, err := declared(ctx, db, s)
	if err != nil {
		return Finding{}, err
	}
	n, err := db.about(ctx, s)
	if err != nil {
		return Finding{}, err
	}
	f := Finding{Rows: n}
	for _, c := range cols {
		f.Columns = append(f.Columns, c.name+" "+c.kind)
	}
	rows := "行数未知"
	if n >= 0 {
		rows = fmt.Sprintf("约%d行", n)
	}
	f.Say = fmt.Sprintf("连接成功：表“%s”可读，%d列齐全，%s", s.Table, len(cols), rows)
	return f, nil
}

// quoted writes an identifier that was found in the catalogue; q is the engine's quote.
func quoted(q string, names ...string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = q + strings.ReplaceAll(n, q, q+q) + q
	}
	return strings.Join(out, ".")
}
