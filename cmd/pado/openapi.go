package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"

	"pado/demo"
)

func init() {
	add("openapi", "打印接口说明（OpenAPI 3.1），供生成页面的类型", openapiCommand)
}

// openapiCommand prints the description that GET /api/openapi.json answers with, of a platform
// without records. The version is left out, so that what is generated from it stays the same
// from build to build.
func openapiCommand(ctx context.Context, args []string, out io.Writer) (err error) {
	if err := flags("openapi").Parse(args); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "pado-openapi-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	p := place{data: filepath.Join(dir, "records")}
	db, kek, keys, err := found(ctx, &p, "140600", true, demo.Start, rand.NewChaCha8([32]byte{}))
	if err != nil {
		return err
	}
	x, err := wire(ctx, p, db, kek, keys)
	if err != nil {
		db.Close()
		return err
	}
	defer x.close()
	x.role, version = "none", "0"
	h, err := x.handler(ctx, false)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "/api/openapi.json", nil)
	if err != nil {
		return err
	}
	var a answer
	h.ServeHTTP(&a, r)
	if a.status > http.StatusOK {
		return fmt.Errorf("the description answers %d", a.status)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, a.body.Bytes(), "", "  "); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, b.String())
	return err
}

// answer keeps what a handler writes.
type answer struct {
	header http.Header
	body   bytes.Buffer
	status int
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header {
	if a.header == nil {
		a.header = http.Header{}
	}
	return a.header
}

// Write implements http.ResponseWriter.
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) { a.status = status }
