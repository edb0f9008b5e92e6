package engine

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"strconv"
	"strings"
	"sync"

	"github.com/duckdb/duckdb-go/v2"

	"pado/core/id"
)

// textFunc is a DuckDB scalar function from text to text, run chunk by chunk
// on borrowed strings. make is called once per chunk, so that its closure may
// keep state; ok=false answers NULL.
type textFunc struct {
	make     func() (f func(in string) (out string, ok bool), done func())
	volatile bool
}

var varchar, _ = duckdb.NewTypeInfo(duckdb.TYPE_VARCHAR)

// Config implements duckdb.ScalarFunc.
func (t textFunc) Config() duckdb.ScalarFuncConfig {
	return duckdb.ScalarFuncConfig{InputTypeInfos: []duckdb.TypeInfo{varchar}, ResultTypeInfo: varchar,
		Volatile: t.volatile}
}

// Executor implements duckdb.ScalarFunc.
func (t textFunc) Executor() duckdb.ScalarFuncExecutor {
	return duckdb.ScalarFuncExecutor{ChunkContextExecutor: func(_ context.Context, s *duckdb.ChunkIteratorState) error {
		v, err := s.GetInputChunk().GetVector(0)
		if err != nil {
			return err
		}
		in, err := duckdb.GetVectorView[string](v)
		if err != nil {
			return err
		}
		out, err := duckdb.GetVectorWriter[string](s.GetResultVector())
		if err != nil {
			return err
		}
		f, done := t.make()
		defer done()
		for i := range in.Len() {
			x, valid, err := in.GetValueBorrowed(i)
			if err != nil {
				return err
			}
			if !valid {
				continue // NULL in, NULL out is the driver's
			}
			if y, ok := f(x); ok {
				err = out.Set(i, y)
			} else {
				err = out.SetNull(i)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}}
}

func stateless(f func(string) (string, bool)) textFunc {
	return textFunc{make: func() (func(string) (string, bool), func()) { return f, func() {} }}
}

// bad makes a function that answers "1" for what parse refuses.
func bad[T any](parse func(string) (T, error)) textFunc {
	return stateless(func(s string) (string, bool) {
		_, err := parse(s)
		return "1", err != nil
	})
}

// Tally is what the tap was told: how many rows something happened to, how
// many with each set of masks, and which of them are quarantined.
type Tally struct {
	Told    int64
	Masks   map[string]int64 // "chg,f0,f1…" → rows
	Dropped []Dropped
}

// Dropped is one quarantined row.
type Dropped struct {
	Ordinal int64
	Masks   string
}

type tap struct {
	sync.Mutex
	Tally
	words int
}

// Tap empties the tally and makes the function pado_tap ready for rows with
// so many fail-mask words. It must be called before each main query.
func (e *Engine) Tap(words int) {
	e.tap.Lock()
	defer e.tap.Unlock()
	e.tap.Tally = Tally{Masks: map[string]int64{}}
	e.tap.words = words
}

// Tally gives what the tap was told since Tap.
func (e *Engine) Tally() Tally {
	e.tap.Lock()
	defer e.tap.Unlock()
	return e.tap.Tally
}

// Function is a function over text that a pipeline is given beside its SQL; ok
// false answers NULL. It is called from several goroutines at once.
type Function func(in string) (out string, ok bool)

// Install registers the functions that compiled pipelines call: more are
// pado_c0, pado_c1, … in this order. key is the
// dataset family's HMAC key; it stays in Go and never appears in SQL.
func (e *Engine) Install(domains []string, key []byte, more ...Function) error {
	fs := map[string]textFunc{
		"pado_bad_id_card": bad(id.ParseIDCard),
		"pado_bad_uscc":    bad(id.ParseUSCC),
		"pado_bad_phone":   bad(id.ParseMobile),
		"pado_tap":         e.tapFunc(),
	}
	for i, d := range domains {
		fs["pado_p"+strconv.Itoa(i)] = pseudonym(key, d)
	}
	for i, f := range more {
		fs["pado_c"+strconv.Itoa(i)] = stateless(f)
	}
	for name, f := range fs {
		if err := duckdb.RegisterScalarUDF(e.conn, name, f); err != nil {
			return ErrEngine
		}
	}
	return nil
}

func (e *Engine) tapFunc() textFunc {
	return textFunc{
		volatile: true,
		make: func() (func(string) (string, bool), func()) {
			told := int64(0)
			masks := map[string]int64{}
			var dropped []Dropped
			e.tap.Lock()
			words := e.tap.words
			e.tap.Unlock()
			return func(s string) (string, bool) {
					told++
					m, ordinal, drop := cut(s, words)
					masks[m]++
					if !drop {
						return "", false
					}
					n, err := strconv.ParseInt(ordinal, 10, 64)
					if err != nil {
						n = -1
					}
					dropped = append(dropped, Dropped{n, strings.Clone(m)})
					return "1", true
				}, func() {
					e.tap.Lock()
					defer e.tap.Unlock()
					e.tap.Told += told
					for m, n := range masks {
						e.tap.Masks[strings.Clone(m)] += n
					}
					e.tap.Dropped = append(e.tap.Dropped, dropped...)
				}
		},
	}
}

// cut takes a report apart: chg and words fail masks, then perhaps an ordinal.
func cut(s string, words int) (masks, ordinal string, drop bool) {
	commas := 0
	for i := range len(s) {
		if s[i] == ',' {
			if commas++; commas == words+1 {
				return s[:i], s[i+1:], true
			}
		}
	}
	return s, "", false
}

// PseudonymLen is the length of a pseudonym: 96 bits of HMAC-SHA-256 in
// base64url.
const PseudonymLen = 16

// pseudonym is HMAC-SHA-256(key, domain ‖ 0 ‖ value), cut to 96 bits.
func pseudonym(key []byte, domain string) textFunc {
	prefix := append([]byte(domain), 0)
	pool := sync.Pool{New: func() any { return &hasher{h: hmac.New(sha256.New, key), buf: make([]byte, 0, 128)} }}
	return textFunc{make: func() (func(string) (string, bool), func()) {
		m := pool.Get().(*hasher) //nolint:forcetypeassert // the pool holds nothing else
		return func(s string) (string, bool) { return m.name(prefix, s), true }, func() { pool.Put(m) }
	}}
}

type hasher struct {
	h   hash.Hash
	buf []byte
	sum [sha256.Size]byte
	out [PseudonymLen]byte
}

func (m *hasher) name(prefix []byte, s string) string {
	m.h.Reset()
	m.buf = append(append(m.buf[:0], prefix...), s...)
	m.h.Write(m.buf)
	base64.RawURLEncoding.Encode(m.out[:], m.h.Sum(m.sum[:0])[:12])
	return string(m.out[:])
}

// Pseudonym is the function in Go, for who must find one subject's rows.
func Pseudonym(key []byte, domain, value string) string {
	m := hasher{h: hmac.New(sha256.New, key)}
	return m.name(append([]byte(domain), 0), value)
}
