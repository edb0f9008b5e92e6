package duck

import (
	"context"
	"database/sql"
	"fmt"
	"math/big"
	"strings"

	"pado/domain/sandbox/guard/ast"
	"pado/domain/sandbox/guard/emit"
	"pado/domain/sandbox/guard/jail"
)

// WorkRequest is one step of a worker's life: open the snapshot, parse the emitted text, bind
// it, run it, and read the words of released dictionary cells.
type WorkRequest struct {
	Open  string      `json:"open,omitempty"`
	Parse string      `json:"parse,omitempty"`
	Bind  string      `json:"bind,omitempty"`
	Run   string      `json:"run,omitempty"`
	Words []emit.Word `json:"words,omitempty"` // parameters of Run
	Keys  int         `json:"keys,omitempty"`
	Raws  int         `json:"raws,omitempty"`
	Dict  string      `json:"dict,omitempty"`
	Codes []int64     `json:"codes,omitempty"`
}

// WorkAnswer carries integers only, but for the words of released cells.
type WorkAnswer struct {
	Parsed string            `json:"parsed,omitempty"`
	Rows   []Row             `json:"rows,omitempty"`
	Dict   map[int64]*string `json:"dict,omitempty"`
}

// Row is one cell: cell numbers of the keys, raw integers.
type Row struct {
	Keys []int64    `json:"k"`
	Raws []*big.Int `json:"n"`
}

// MaxRows bounds the cells a worker returns.
const MaxRows = 1_000_000

// worker is the child of stage 1. The snapshot is its main database, opened read-only.
func worker(c *jail.Conn) error {
	var conn *sql.Conn
	ctx := context.Background()
	for {
		var q WorkRequest
		if err := c.Receive(&q); err != nil {
			return err
		}
		var a WorkAnswer
		var err error
		switch {
		case q.Open != "" && conn == nil:
			s := settings(2, "2GB")
			s.Set("access_mode", "READ_ONLY")
			if _, conn, err = open(q.Open, s); err == nil {
				err = lock(ctx, conn)
			}
		case conn == nil:
			return fmt.Errorf("not open")
		case q.Parse != "":
			a.Parsed, err = parse(ctx, conn, q.Parse)
		case q.Bind != "":
			err = prepared(ctx, conn, q.Bind)
		case q.Run != "":
			a.Rows, err = run(ctx, conn, &q)
		case q.Dict != "":
			a.Dict, err = words(ctx, conn, q.Dict, q.Codes)
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

func run(ctx context.Context, conn *sql.Conn, q *WorkRequest) ([]Row, error) {
	params := make([]any, len(q.Words))
	for i, w := range q.Words {
		code := emit.NoCode
		err := conn.QueryRowContext(ctx, "SELECT code FROM "+ast.Quote(emit.Schema)+"."+ast.Quote(emit.DictName(w.Table, w.Column))+" WHERE word = CAST($1 AS VARCHAR)", w.Text).Scan(&code)
		if err != nil && err != sql.ErrNoRows {
			return nil, err
		}
		params[i] = code
	}
	rows, err := conn.QueryContext(ctx, q.Run, params...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Row
	dest := make([]any, q.Keys+q.Raws)
	vals := make([]any, len(dest))
	for i := range vals {
		dest[i] = &vals[i]
	}
	for rows.Next() {
		if len(out) == MaxRows {
			return nil, fmt.Errorf("too many cells")
		}
		if err := rows.Scan(dest...); err != nil {
			return nil, err
		}
		r := Row{Keys: make([]int64, q.Keys), Raws: make([]*big.Int, q.Raws)}
		for i, v := range vals {
			n, err := integer(v)
			if err != nil {
				return nil, err
			}
			if i < q.Keys {
				if !n.IsInt64() {
					return nil, fmt.Errorf("key out of range")
				}
				r.Keys[i] = n.Int64()
			} else {
				r.Raws[i-q.Keys] = n
			}
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// integer accepts whole numbers only; NULL, the sum of nothing, is zero.
func integer(v any) (*big.Int, error) {
	switch v := v.(type) {
	case nil:
		return new(big.Int), nil
	case int64:
		return big.NewInt(v), nil
	case int32:
		return big.NewInt(int64(v)), nil
	case int16:
		return big.NewInt(int64(v)), nil
	case int8:
		return big.NewInt(int64(v)), nil
	case *big.Int:
		return v, nil
	}
	return nil, fmt.Errorf("not an integer: %T", v)
}

// words reads dictionary entries by code.
func words(ctx context.Context, conn *sql.Conn, dict string, codes []int64) (map[int64]*string, error) {
	out := map[int64]*string{}
	if len(codes) == 0 {
		return out, nil
	}
	list := make([]string, len(codes))
	for i, c := range codes {
		list[i] = fmt.Sprint(c)
	}
	rows, err := conn.QueryContext(ctx, "SELECT code, word FROM "+ast.Quote(emit.Schema)+"."+ast.Quote(dict)+" WHERE code IN ("+strings.Join(list, ",")+")")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var c int64
		var w string
		if err := rows.Scan(&c, &w); err != nil {
			return nil, err
		}
		out[c] = &w
	}
	return out, rows.Err()
}
