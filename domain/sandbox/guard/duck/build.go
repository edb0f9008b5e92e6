package duck

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"pado/domain/sandbox/guard/ast"
	"pado/domain/sandbox/guard/coding"
	"pado/domain/sandbox/guard/emit"
	"pado/domain/sandbox/guard/ir"
	"pado/domain/sandbox/guard/policy"
	"pado/domain/sandbox/guard/snapshot"
)

// BuildRequest names the trusted source of a snapshot: SQL that creates the tables, or Parquet
// files by table name. Key is the secret of the row order; it never enters SQL text.
type BuildRequest struct {
	Init    string
	Parquet map[string]string
	Policy  *policy.Policy
	Out     string // must not exist
	Key     []byte
	Threads int
}

// ErrSource says that the source and the policy do not fit: a table or column is missing, or a
// declared key of a public table is not unique. Its text is for the operator, not the asker.
var ErrSource = errors.New("source does not fit the policy")

// Build derives a snapshot. Every row of a protected table gets its rank within its unit in
// keyed-hash order; values become codes; measures are clamped and rounded to their grid; rows
// without a unit are left out, because nothing bounds what they reveal. The raw identifier is
// not in the file. On error the output files are removed.
func Build(ctx context.Context, q BuildRequest) (m *snapshot.Manifest, err error) {
	if len(q.Key) < 16 {
		return nil, errors.New("the key of the row order has fewer than 16 bytes")
	}
	if _, err := os.Stat(q.Out); err == nil {
		return nil, fmt.Errorf("snapshot file exists")
	}
	s := settings(max(q.Threads, 2), "8GB")
	s.Set("temp_directory", q.Out+".tmp")
	db, conn, err := open("", s)
	if err != nil {
		return nil, fmt.Errorf("open builder: %w", err)
	}
	b := &builder{ctx: ctx, conn: conn, q: q, m: &snapshot.Manifest{Version: snapshot.Version, Tables: map[string]snapshot.Table{}, Public: map[string]*ir.PublicTable{}}}
	err = b.all()
	err = errors.Join(err, conn.Close(), db.Close(), os.RemoveAll(q.Out+".tmp"))
	if err == nil {
		err = b.manifest()
	}
	if err != nil {
		for _, f := range []string{q.Out, q.Out + ".wal", snapshot.PublicPath(q.Out), snapshot.ManifestPath(q.Out)} {
			_ = os.Remove(f)
		}
		return nil, err
	}
	return b.m, nil
}

type builder struct {
	ctx  context.Context
	conn *sql.Conn
	q    BuildRequest
	m    *snapshot.Manifest
}

func (b *builder) exec(query string, args ...any) error {
	_, err := b.conn.ExecContext(b.ctx, query, args...)
	return err
}

func (b *builder) all() error {
	if b.q.Init != "" {
		if err := b.exec(b.q.Init); err != nil {
			return fmt.Errorf("run source SQL: %w", err)
		}
	}
	for _, t := range sorted(b.q.Parquet) {
		if err := b.exec("CREATE VIEW " + ast.Quote(t) + " AS SELECT * FROM read_parquet(" + text(b.q.Parquet[t]) + ")"); err != nil {
			return fmt.Errorf("open %s: %w", t, err)
		}
	}
	if err := registerHash(b.conn, b.q.Key); err != nil {
		return err
	}
	if err := b.exec("ATTACH " + text(b.q.Out) + " AS snap (STORAGE_VERSION 'latest'); ATTACH " + text(snapshot.PublicPath(b.q.Out)) + " AS pubfile"); err != nil {
		return fmt.Errorf("create snapshot: %w", err)
	}
	units := map[string][]string{}
	for _, name := range sorted(b.q.Policy.Tables) {
		if t := b.q.Policy.Tables[name]; !t.Public {
			units[t.UnitDomain] = append(units[t.UnitDomain], name)
		}
	}
	for i, d := range sorted(units) {
		if err := b.units(fmt.Sprintf("units%d", i), units[d]); err != nil {
			return err
		}
		for n, name := range units[d] {
			if err := b.table(name, fmt.Sprintf("units%d", i), n); err != nil {
				return fmt.Errorf("table %s: %w", name, err)
			}
		}
	}
	for _, name := range sorted(b.q.Policy.Tables) {
		if b.q.Policy.Tables[name].Public {
			if err := b.public(name); err != nil {
				return fmt.Errorf("public table %s: %w", name, err)
			}
		}
	}
	return b.exec("DETACH snap; DETACH pubfile")
}

// units numbers the units of one domain in keyed order, over all its tables.
func (b *builder) units(name string, tables []string) error {
	var parts []string
	for _, t := range tables {
		u := ast.Quote(b.q.Policy.Tables[t].Unit)
		parts = append(parts, "SELECT CAST("+u+" AS VARCHAR) AS u FROM "+ast.Quote(t)+" WHERE "+u+" IS NOT NULL")
	}
	err := b.exec("CREATE TEMP TABLE " + name + " AS SELECT u, row_number() OVER (ORDER BY guard_text(u), u) - 1 AS n FROM (SELECT DISTINCT u FROM (" +
		strings.Join(parts, " UNION ALL ") + "))")
	if err != nil {
		return fmt.Errorf("%w: units: %w", ErrSource, err)
	}
	return nil
}

// table writes one ranked, coded, clustered table.
func (b *builder) table(name, units string, salt int) error {
	d := b.q.Policy.Tables[name]
	have, err := b.columns(name)
	if err != nil {
		return err
	}
	t := snapshot.Table{Unit: d.Unit, UnitDomain: d.UnitDomain, Columns: map[string]string{}}
	items := []string{`s."#unit"`, `s."#rank"`}
	joins := ""
	var columns []string
	for i, c := range sorted(d.Columns) {
		label := d.Columns[c].Label
		if label == policy.Forbidden {
			continue
		}
		if _, ok := have[strings.ToLower(c)]; !ok {
			return fmt.Errorf("%w: no column %s", ErrSource, c)
		}
		if label == policy.Unit {
			continue
		}
		columns = append(columns, c)
		k := coding.Of(d.Columns[c])
		t.Columns[c] = k.Spec()
		src := "s." + ast.Quote(c)
		word := "nullif(trim(CAST(" + src + " AS VARCHAR)), '')"
		switch k.Kind {
		case coding.Domain, coding.Dict:
			dict := emit.DictName(name, c)
			if err := b.dictionary(dict, name, c, k); err != nil {
				return err
			}
			as := fmt.Sprintf("d%d", i)
			joins += " LEFT JOIN snap." + ast.Quote(dict) + " " + as + " ON " + as + ".word = " + word
			items = append(items, fmt.Sprintf("CASE WHEN %s IS NULL THEN %d ELSE coalesce(%s.code, %d) END AS %s", word, coding.Missing, as, coding.Other, ast.Quote(c)))
		case coding.Number:
			items = append(items, numberCode(src, k)+" AS "+ast.Quote(c))
		case coding.Date:
			day := "TRY_CAST(" + src + " AS DATE)"
			off := "date_diff('day', DATE " + text(k.First.Format("2006-01-02")) + ", " + day + ")"
			items = append(items, fmt.Sprintf("CAST(CASE WHEN %s IS NULL THEN %d WHEN %s BETWEEN 0 AND %d THEN %s ELSE %d END AS INTEGER) AS %s",
				day, coding.Missing, off, k.N-1, off, coding.Other, ast.Quote(c)))
		}
		if k.Measure {
			items = append(items, measure(src, k)+" AS "+ast.Quote(c+ir.MeasureSuffix))
		}
	}
	b.m.Tables[name] = t
	ranked, err := b.ranked(name, units, salt, columns)
	if err != nil {
		return err
	}
	query := "CREATE TABLE snap." + ast.Quote(name) + " AS SELECT * FROM (SELECT " + strings.Join(items, ", ") +
		" FROM (" + ranked + ") s" + joins + ") ORDER BY \"#rank\", \"#unit\""
	if err := b.exec(query); err != nil {
		return fmt.Errorf("%w: %w", ErrSource, err)
	}
	return nil
}

// ranked is the source with the number of each row's unit and the row's rank within it. The
// order is a keyed hash of the unit's identifier and of the row's own content, so what is read
// of one unit never depends on another unit, nor on where its rows stand.
func (b *builder) ranked(name, units string, salt int, columns []string) (string, error) {
	unit := "CAST(" + ast.Quote(b.q.Policy.Tables[name].Unit) + " AS VARCHAR)"
	var twice bool
	err := b.conn.QueryRowContext(b.ctx, "SELECT count(*) > count(DISTINCT "+unit+") FROM "+ast.Quote(name)+" WHERE "+unit+" IS NOT NULL").Scan(&twice)
	if err != nil {
		return "", err
	}
	cols := make([]string, len(columns))
	for i, c := range columns {
		cols[i] = "x." + ast.Quote(c)
	}
	rank := "1"
	from := ast.Quote(name) + " x"
	if twice {
		content := "CAST(0 AS UBIGINT)"
		if len(cols) > 0 {
			content = "hash(" + strings.Join(cols, ", ") + ")"
		}
		rank = `row_number() OVER (PARTITION BY u.n ORDER BY guard_rank(u.u, ` + content + `, ` + fmt.Sprint(salt) + `), x."#row")`
		from = "(SELECT *, row_number() OVER () AS \"#row\" FROM " + ast.Quote(name) + ") x"
	}
	cols = append(cols, `u.n AS "#unit"`, `CAST(`+rank+` AS INTEGER) AS "#rank"`)
	return "SELECT " + strings.Join(cols, ", ") + " FROM " + from + " JOIN " + units + " u ON u.u = CAST(x." + ast.Quote(b.q.Policy.Tables[name].Unit) + " AS VARCHAR)", nil
}

// double is a value as a number; what is not a number, infinite or NaN is missing.
func double(src string) string {
	return "CASE WHEN isfinite(TRY_CAST(" + src + " AS DOUBLE)) THEN TRY_CAST(" + src + " AS DOUBLE) END"
}

func numberCode(src string, k *coding.Coding) string {
	lo, _ := k.Lo.Float64()
	grid, _ := k.Grid.Float64()
	v := double(src)
	// the small push keeps 0.3/0.1 from falling into step 2
	step := fmt.Sprintf("floor((%s - (%s)) / %s + 1e-9)", v, decimalText(lo), decimalText(grid))
	return fmt.Sprintf("CAST(CASE WHEN %s IS NULL THEN %d WHEN %s BETWEEN 0 AND %d THEN %s ELSE %d END AS INTEGER)", v, coding.Missing, step, k.N-1, step, coding.Other)
}

func measure(src string, k *coding.Coding) string {
	grid, _ := k.Grid.Float64()
	v := double(src)
	return fmt.Sprintf("CAST(CASE WHEN %s IS NULL THEN NULL ELSE greatest(least(round(%s / %s), %d.0), %d.0) END AS BIGINT)", v, v, decimalText(grid), k.MeasureHi, k.MeasureLo)
}

func decimalText(f float64) string { return fmt.Sprintf("CAST('%v' AS DOUBLE)", f) }

// dictionary writes code and word of a declared or a discovered domain.
func (b *builder) dictionary(dict, table, column string, k *coding.Coding) error {
	name := "snap." + ast.Quote(dict)
	if k.Kind == coding.Dict {
		c := "nullif(trim(CAST(" + ast.Quote(column) + " AS VARCHAR)), '')"
		err := b.exec("CREATE TABLE " + name + " AS SELECT CAST(row_number() OVER (ORDER BY word) - 1 AS INTEGER) AS code, word FROM (SELECT DISTINCT " + c + " AS word FROM " + ast.Quote(table) + ") WHERE word IS NOT NULL")
		if err != nil {
			return fmt.Errorf("%w: %w", ErrSource, err)
		}
		return nil
	}
	if err := b.exec("CREATE TABLE " + name + " (code INTEGER, word VARCHAR)"); err != nil {
		return err
	}
	return raw(b.conn, func(d driver.Conn) error {
		ap, err := duckdb.NewAppender(d, "snap", "main", dict)
		if err != nil {
			return err
		}
		for i, w := range k.Words {
			if err := ap.AppendRow(int32(i), w); err != nil {
				return err
			}
		}
		return ap.Close()
	})
}

// columns lists a source table's columns, lower case, with their types.
func (b *builder) columns(table string) (map[string]string, error) {
	rows, err := b.conn.QueryContext(b.ctx, "SELECT column_name, data_type FROM duckdb_columns() WHERE lower(table_name) = lower($1) AND database_name NOT IN ('snap', 'pubfile', 'system')", table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]string{}
	for rows.Next() {
		var n, t string
		if err := rows.Scan(&n, &t); err != nil {
			return nil, err
		}
		out[strings.ToLower(n)] = n + "\x00" + t
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%w: no table %s", ErrSource, table)
	}
	return out, rows.Err()
}

// publicTypes are the column types of public tables that can be asked for.
func publicType(t string) string {
	switch base, _, _ := strings.Cut(t, "("); base {
	case "VARCHAR":
		return "text"
	case "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER":
		return "int"
	case "DOUBLE", "FLOAT", "DECIMAL":
		return "number"
	case "DATE":
		return "date"
	case "BOOLEAN":
		return "bool"
	}
	return ""
}

// public writes a public table twice: as it is for stage 2, and with codes for look-ups from
// protected rows. Its declared key must be unique, else a look-up would multiply rows.
func (b *builder) public(name string) error {
	d := b.q.Policy.Tables[name]
	have, err := b.columns(name)
	if err != nil {
		return err
	}
	t := &ir.PublicTable{}
	for _, c := range sorted(have) {
		n, typ, _ := strings.Cut(have[c], "\x00")
		if p := publicType(typ); p != "" {
			t.Columns = append(t.Columns, ir.PublicColumn{Name: n, Type: p})
		}
	}
	var items, raws []string
	joins := ""
	for i := range t.Columns {
		c := &t.Columns[i]
		src := "s." + ast.Quote(c.Name)
		word := "nullif(trim(CAST(" + src + " AS VARCHAR)), '')" // as protected words are written
		if c.Type == "text" {
			raws = append(raws, word+" AS "+ast.Quote(c.Name))
		} else {
			raws = append(raws, src)
		}
		items = append(items, word+" AS "+ast.Quote(c.Name+"#w"))
		if err := b.publicWords(name, c); err != nil {
			return err
		}
		if c.Words == nil {
			continue
		}
		as := fmt.Sprintf("p%d", i)
		joins += " LEFT JOIN snap." + ast.Quote(emit.DictName(name, c.Name)) + " " + as + " ON " + as + ".word = " + word
		items = append(items, fmt.Sprintf("coalesce(%s.code, %d) AS %s", as, coding.Missing, ast.Quote(c.Name+ir.DictSuffix)))
	}
	if len(raws) == 0 {
		return fmt.Errorf("%w: no usable column", ErrSource)
	}
	if err := b.exec("CREATE TABLE pubfile." + ast.Quote(name) + " AS SELECT " + strings.Join(raws, ", ") + " FROM " + ast.Quote(name) + " s"); err != nil {
		return err
	}
	if err := b.exec("CREATE TABLE snap." + ast.Quote(name) + " AS SELECT " + strings.Join(items, ", ") + " FROM " + ast.Quote(name) + " s" + joins); err != nil {
		return err
	}
	b.m.Public[name] = t
	if len(d.Key) == 0 {
		return nil
	}
	keys := make([]string, len(d.Key))
	for i, k := range d.Key {
		if _, ok := have[strings.ToLower(k)]; !ok {
			return fmt.Errorf("%w: no column %s", ErrSource, k)
		}
		keys[i] = "nullif(trim(CAST(" + ast.Quote(k) + " AS VARCHAR)), '')" // as look-ups compare them
	}
	var twice int64
	if err := b.conn.QueryRowContext(b.ctx, "SELECT count(*) FROM (SELECT 1 FROM "+ast.Quote(name)+" GROUP BY "+strings.Join(keys, ", ")+" HAVING count(*) > 1)").Scan(&twice); err != nil {
		return err
	}
	if twice > 0 {
		return fmt.Errorf("%w: key of %s is not unique", ErrSource, name)
	}
	return nil
}

// publicWords lists a column's values when there are few, and writes their dictionary.
func (b *builder) publicWords(table string, c *ir.PublicColumn) error {
	col := ast.Quote(c.Name)
	if c.Type == "text" {
		col = "nullif(trim(" + col + "), '')"
	}
	q := "SELECT CAST(v AS VARCHAR), v FROM (SELECT DISTINCT " + col + " AS v FROM " + ast.Quote(table) + ") WHERE v IS NOT NULL ORDER BY v LIMIT " + fmt.Sprint(ir.MaxPublicWords+1)
	rows, err := b.conn.QueryContext(b.ctx, q)
	if err != nil {
		return err
	}
	defer rows.Close()
	words := []string{}
	for rows.Next() {
		var w string
		var v any
		if err := rows.Scan(&w, &v); err != nil {
			return err
		}
		words = append(words, w)
	}
	if err := rows.Err(); err != nil || len(words) > ir.MaxPublicWords {
		return err
	}
	if err := rows.Close(); err != nil {
		return err
	}
	c.Words = words
	return b.dictionary(emit.DictName(table, c.Name), table, c.Name, &coding.Coding{Kind: coding.Domain, Words: words})
}

// manifest is written last: a snapshot without one is not a snapshot.
func (b *builder) manifest() error {
	for _, name := range []string{b.q.Out, snapshot.PublicPath(b.q.Out)} {
		if err := os.Chmod(name, 0o600); err != nil {
			return err
		}
	}
	f, err := os.Open(b.q.Out)
	if err != nil {
		return err
	}
	h := sha256.New()
	_, err = io.Copy(h, f)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	b.m.Digest = hex.EncodeToString(h.Sum(nil))
	doc, err := json.MarshalIndent(b.m, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(snapshot.ManifestPath(b.q.Out), doc, 0o600)
}

func text(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func sorted[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}
