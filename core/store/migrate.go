package store

import (
	"bytes"
	"context"
	"embed"
	"io"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// dialectFS serves the one set of migrations in the words of an engine: the only difference
// is the name of the byte-string type.
type dialectFS struct {
	fs.FS
	engine Engine
}

// Open implements fs.FS.
func (d dialectFS) Open(name string) (fs.File, error) {
	f, err := d.FS.Open(name)
	if err != nil || d.engine != Postgres {
		return f, err
	}
	if info, err := f.Stat(); err != nil || info.IsDir() {
		return f, err
	}
	b, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	return translated{f, bytes.NewReader(bytes.ReplaceAll(b, []byte(" BLOB"), []byte(" BYTEA")))}, nil
}

// translated is a file whose content was put into another dialect.
type translated struct {
	fs.File
	r *bytes.Reader
}

func (t translated) Read(p []byte) (int, error) { return t.r.Read(p) }

func (db *DB) migrate(ctx context.Context) error {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	dialect := goose.DialectSQLite3
	if db.engine == Postgres {
		dialect = goose.DialectPostgres
	}
	p, err := goose.NewProvider(dialect, db.write.DB, dialectFS{sub, db.engine})
	if err != nil {
		return err
	}
	_, err = p.Up(ctx)
	return err
}
