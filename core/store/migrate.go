package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
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

// SchemaDigest names the set of migrations, so that tests can keep a ready database of it.
func SchemaDigest() string {
	h := sha256.New()
	entries, err := migrations.ReadDir("migrations")
	if err != nil {
		return ""
	}
	for _, e := range entries {
		b, err := migrations.ReadFile("migrations/" + e.Name())
		if err != nil {
			return ""
		}
		h.Write([]byte(e.Name()))
		h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

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
