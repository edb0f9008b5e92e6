package duck

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"math"
	"math/big"
	"strings"
	"time"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"pado/domain/sandbox/guard/ast"
	"pado/domain/sandbox/guard/ir"
	"pado/domain/sandbox/guard/jail"
)

// Cells is one release table on its way to stage 2. A cell is nil, a string, a float64 or a
// bool after JSON; dates travel as text.
type Cells struct {
	Name    string       `json:"name"`
	Columns []CellColumn `json:"columns"`
	Rows    [][]any      `json:"rows,omitempty"`
}

// CellColumn is a typed column: text, int, number, date or bool.
type CellColumn struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// ArrangeRequest is one step of stage 2: create the empty release tables, parse, bind, fill
// and run.
type ArrangeRequest struct {
	Open   bool     `json:"open,omitempty"`
	Public string   `json:"public,omitempty"` // file of public tables, attached read-only
	Create []Cells  `json:"create,omitempty"`
	Parse  string   `json:"parse,omitempty"`
	Bind   string   `json:"bind,omitempty"`
	Params []string `json:"params,omitempty"`
	Fill   []Cells  `json:"fill,omitempty"`
	Run    string   `json:"run,omitempty"`
	Max    int      `json:"max,omitempty"` // rows at most
}

// ArrangeAnswer carries rows in the order asked for. BindFailed says that the query does not
// fit the types of the release tables; nothing has run.
type ArrangeAnswer struct {
	Parsed     string  `json:"parsed,omitempty"`
	BindFailed bool    `json:"bind_failed,omitempty"`
	Rows       [][]any `json:"rows,omitempty"`
	More       bool    `json:"more,omitempty"`
}

var cellTypes = map[string]string{"text": "VARCHAR", "int": "BIGINT", "number": "DOUBLE", "date": "DATE", "bool": "BOOLEAN"}

// arranger is the child of stage 2: an in-memory engine that holds released cells only.
func arranger(c *jail.Conn) error {
	var conn *sql.Conn
	ctx := context.Background()
	for {
		var q ArrangeRequest
		if err := c.Receive(&q); err != nil {
			return err
		}
		var a ArrangeAnswer
		var err error
		switch {
		case q.Open && conn == nil:
			conn, err = create(ctx, &q)
		case conn == nil:
			return fmt.Errorf("not open")
		case q.Parse != "":
			a.Parsed, err = parse(ctx, conn, q.Parse)
		case q.Bind != "":
			a.BindFailed = prepared(ctx, conn, q.Bind) != nil
		case q.Fill != nil:
			for i := range q.Fill {
				if err = fill(conn, &q.Fill[i]); err != nil {
					break
				}
			}
		case q.Run != "":
			a.Rows, a.More, err = arrange(ctx, conn, &q)
		default:
			return fmt.Errorf("empty step")
		}
		if err != nil {
			return err
		}
		if err := c.Send(a); err != nil {
			return err
		}
	}
}

func create(ctx context.Context, q *ArrangeRequest) (*sql.Conn, error) {
	_, conn, err := open("", settings(1, "1GB"))
	if err != nil {
		return nil, err
	}
	if q.Public != "" {
		if _, err := conn.ExecContext(ctx, "ATTACH '"+strings.ReplaceAll(q.Public, "'", "''")+"' AS "+ast.Quote(ir.PublicSchema)+" (READ_ONLY)"); err != nil {
			return nil, err
		}
	}
	for _, t := range q.Create {
		cols := make([]string, len(t.Columns))
		for i, c := range t.Columns {
			typ, ok := cellTypes[c.Type]
			if !ok {
				return nil, fmt.Errorf("type %q", c.Type)
			}
			cols[i] = ast.Quote(c.Name) + " " + typ
		}
		if _, err := conn.ExecContext(ctx, "CREATE TABLE "+ast.Quote(t.Name)+" ("+strings.Join(cols, ", ")+")"); err != nil {
			return nil, err
		}
	}
	return conn, lock(ctx, conn)
}

func anys(s []string) []any {
	out := make([]any, len(s))
	for i, v := range s {
		out[i] = v
	}
	return out
}

func fill(conn *sql.Conn, t *Cells) error {
	return raw(conn, func(d driver.Conn) error {
		ap, err := duckdb.NewAppenderFromConn(d, "", t.Name)
		if err != nil {
			return err
		}
		row := make([]driver.Value, len(t.Columns))
		for _, r := range t.Rows {
			for i, v := range r {
				if row[i], err = cell(t.Columns[i].Type, v); err != nil {
					return err
				}
			}
			if err := ap.AppendRow(row...); err != nil {
				return err
			}
		}
		return ap.Close()
	})
}

func cell(typ string, v any) (driver.Value, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case float64:
		if typ == "int" {
			return int64(v), nil
		}
		return v, nil
	case bool:
		return v, nil
	case string:
		if typ == "date" {
			return time.Parse(time.DateOnly, v)
		}
		return v, nil
	}
	return nil, fmt.Errorf("cell of %T", v)
}

func arrange(ctx context.Context, conn *sql.Conn, q *ArrangeRequest) ([][]any, bool, error) {
	rows, err := conn.QueryContext(ctx, q.Run, anys(q.Params)...)
	if err != nil {
		return nil, false, err
	}
	defer rows.Close()
	cols, err := rows.Columns()
	if err != nil {
		return nil, false, err
	}
	var out [][]any
	for rows.Next() {
		if q.Max > 0 && len(out) == q.Max {
			return out, true, nil
		}
		vals, dest := make([]any, len(cols)), make([]any, len(cols))
		for i := range vals {
			dest[i] = &vals[i]
		}
		if err := rows.Scan(dest...); err != nil {
			return nil, false, err
		}
		for i, v := range vals {
			if vals[i], err = plain(v); err != nil {
				return nil, false, err
			}
		}
		out = append(out, vals)
	}
	return out, false, rows.Err()
}

// plain turns engine values into what JSON carries exactly: text, numbers, booleans.
func plain(v any) (any, error) {
	switch v := v.(type) {
	case nil, string, bool:
		return v, nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, nil
		}
		return v, nil
	case float32:
		return plain(float64(v))
	case int64:
		return v, nil
	case int32:
		return int64(v), nil
	case int16:
		return int64(v), nil
	case int8:
		return int64(v), nil
	case uint64:
		return plain(new(big.Int).SetUint64(v))
	case *big.Int:
		if v.IsInt64() {
			return v.Int64(), nil
		}
		f, _ := new(big.Float).SetInt(v).Float64()
		return f, nil
	case duckdb.Decimal:
		return plain(v.Float64())
	case time.Time:
		return v.UTC().Format(time.DateOnly), nil
	}
	return nil, fmt.Errorf("result of %T", v)
}
