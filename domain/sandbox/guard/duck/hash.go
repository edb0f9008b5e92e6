package duck

import (
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"fmt"
	"hash"
	"sync"

	duckdb "github.com/duckdb/duckdb-go/v2"
)

// hashFunc is HMAC-SHA-256 under the builder's key, first eight bytes.
type hashFunc struct {
	key  []byte
	in   []duckdb.Type
	pool sync.Pool // of hash.Hash under key: the engine calls from several threads
}

func registerHash(conn *sql.Conn, key []byte) error {
	for name, in := range map[string][]duckdb.Type{
		"guard_rank": {duckdb.TYPE_VARCHAR, duckdb.TYPE_UBIGINT, duckdb.TYPE_BIGINT},
		"guard_text": {duckdb.TYPE_VARCHAR},
	} {
		if err := duckdb.RegisterScalarUDF(conn, name, &hashFunc{key: key, in: in}); err != nil {
			return fmt.Errorf("register %s: %w", name, err)
		}
	}
	return nil
}

// Config declares the argument and result types.
func (h *hashFunc) Config() duckdb.ScalarFuncConfig {
	c := duckdb.ScalarFuncConfig{}
	for _, t := range h.in {
		info, err := duckdb.NewTypeInfo(t)
		if err != nil {
			return c
		}
		c.InputTypeInfos = append(c.InputTypeInfos, info)
	}
	c.ResultTypeInfo, _ = duckdb.NewTypeInfo(duckdb.TYPE_UBIGINT)
	return c
}

// Executor hashes one row: integers as eight bytes behind a tag, text behind tag and length.
func (h *hashFunc) Executor() duckdb.ScalarFuncExecutor {
	return duckdb.ScalarFuncExecutor{RowExecutor: func(values []driver.Value) (any, error) {
		mac, ok := h.pool.Get().(hash.Hash)
		if !ok {
			mac = hmac.New(sha256.New, h.key)
		}
		defer h.pool.Put(mac)
		mac.Reset()
		write := func(tag byte, n uint64) {
			var b [9]byte
			b[0] = tag
			binary.BigEndian.PutUint64(b[1:], n)
			mac.Write(b[:])
		}
		for _, v := range values {
			switch v := v.(type) {
			case int64:
				write('i', uint64(v))
			case uint64:
				write('u', v)
			case string:
				write('t', uint64(len(v)))
				mac.Write([]byte(v))
			default:
				return nil, fmt.Errorf("argument of %T", v)
			}
		}
		return binary.BigEndian.Uint64(mac.Sum(nil)), nil
	}}
}
