// Package ingest turns delivered raw files into versions of datasets (clauses
// 6.2.2, 7.2): it reads them, proposes how they are built, runs a declared
// pipeline over them and reports the quality of what comes out. It knows no
// database of the platform and no network.
package ingest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"pado/core/canon"
	"pado/domain/governance/ingest/codes"
	"pado/domain/governance/ingest/engine"
	"pado/domain/governance/ingest/pipeline"
	"pado/domain/governance/ingest/quality"
	"pado/domain/governance/ingest/read"
	"pado/domain/governance/vault"
)

// Input is a delivered file. Open is called several times and must give the
// same bytes each time; a vault.Reader is made for it.
type Input struct {
	Open     func() (io.ReadCloser, error)
	Size     int64  // bytes, for progress; 0 if unknown
	SHA256   string // hex, if known; a file that is not the one announced is refused
	Received string // day of receipt, 2006-01-02, for freshness; "" leaves freshness unjudged

	// Lists are the lists of codes that the pipeline names, besides those built
	// in; one of the same name outweighs the built-in.
	Lists map[string]*codes.List
}

// Keys are what a run may need. Family is the dataset family's HMAC key (at
// least 32 bytes) for pseudonyms; Quarantine seals the rows that were taken
// out, which are raw data.
type Keys struct {
	Family     []byte
	Quarantine *vault.Keyring
	Suite      vault.Suite // of the quarantine file; default AES-256-GCM
}

// Lineage is where a version comes from (血缘).
type Lineage struct {
	SourceSHA256   string `json:"source_sha256"`
	SourceBytes    int64  `json:"source_bytes"`
	Encoding       string `json:"encoding,omitempty"`
	Pipeline       string `json:"pipeline"`
	PipelineNo     int    `json:"pipeline_version"`
	PipelineDigest string `json:"pipeline_digest"`
	FamilyKey      string `json:"family_key,omitempty"` // fingerprint of the pseudonym key
	Engine         string `json:"engine"`

	// Lists are the digests of the lists of codes used, by name.
	Lists map[string]string `json:"lists,omitempty"`
}

// Column is a column of the version's schema.
type Column struct {
	Name     string `json:"name"`
	Title    string `json:"title,omitempty"`
	Type     string `json:"type"`
	Label    string `json:"label"`
	Required bool   `json:"required,omitempty"`
}

// Result describes a dataset version. It is also the manifest beside the data.
type Result struct {
	VersionID   string         `json:"version_id"` // of source, pipeline, key and engine
	Digest      string         `json:"digest"`     // SHA-256 of the Parquet file, hex
	File        string         `json:"file"`       // its name in the output folder
	Bytes       int64          `json:"bytes"`
	Table       string         `json:"table"`
	Unit        string         `json:"unit,omitempty"`
	UnitDomain  string         `json:"unit_domain,omitempty"`
	Rows        int64          `json:"rows"`
	Quarantined int64          `json:"quarantined"`
	Blank       int64          `json:"blank_records"`
	Header      int64          `json:"header_records"`
	Quarantine  string         `json:"quarantine,omitempty"` // id of the sealed file in the folder quarantine
	Schema      []Column       `json:"schema"`
	Steps       []StepCount    `json:"steps"`
	Report      quality.Report `json:"quality"`
	Reconciled  []Reconciled   `json:"reconciled,omitempty"` // figures of the file held to its rows
	Lineage     Lineage        `json:"lineage"`
	Repeated    bool           `json:"-"` // the version was already there; nothing was done
}

// Run makes the dataset version of a file under a pipeline in folder out.
// Nothing is visible in out before everything is; the same source, pipeline and
// key give the same version id, and a second run of a version that is there
// does nothing. progress may be nil; it is called with the step at work and how
// much of how much it has done (bytes while reading, rows at the end).
//
// In the folder appear DIGEST.parquet, VERSION.json and, if rows were
// quarantined, the sealed file quarantine/VERSION; in the end quarantine,
// data, manifest, each flushed and renamed into place. A crash leaves at most
// a hidden temporary folder, which the next run removes, and sealed or digest-named files
// without a manifest, which are no version.
func Run(ctx context.Context, p *pipeline.Pipeline, in Input, out string, keys Keys, progress func(step string, done, total int64)) (*Result, error) {
	return RunWith(ctx, p, in, out, keys, engine.Options{}, progress)
}

// RunWith is Run with bounds on the engine.
func RunWith(ctx context.Context, p *pipeline.Pipeline, in Input, out string, keys Keys, o engine.Options, progress func(step string, done, total int64)) (*Result, error) {
	if progress == nil {
		progress = func(string, int64, int64) {}
	}
	r := &run{ctx: ctx, p: p, in: in, out: out, keys: keys, options: o, progress: progress, rejected: map[Reason]int64{}}
	defer r.clean()
	return r.do()
}

type run struct {
	ctx      context.Context //nolint:containedctx // one run, one context
	p        *pipeline.Pipeline
	in       Input
	out      string
	keys     Keys
	options  engine.Options
	progress func(string, int64, int64)

	lineage  Lineage
	encoding read.Encoding
	codes    map[string]*codes.List
	sums     *reconciler // nil if the file gives no figures about its rows
	surveyed bool        // the digest was computed here and not only announced
	version  string
	temp     *tempDir
	eng      *engine.Engine
	plan     *pipeline.Compiled
	fed      int64 // data rows sent in the last feeding
	rejected map[Reason]int64
	blank    int64
	header   int64
}

func (r *run) clean() {
	if r.eng != nil {
		r.eng.Close()
	}
	if r.temp != nil {
		r.temp.remove()
	}
}

func (r *run) do() (*Result, error) {
	if err := r.p.Validate(); err != nil {
		return nil, err
	}
	if err := r.identify(); err != nil {
		return nil, err
	}
	if old, ok := r.existing(); ok {
		return old, nil
	}
	if err := r.prepare(); err != nil {
		return nil, err
	}
	if err := r.duplicates(); err != nil {
		return nil, err
	}
	file := filepath.Join(r.temp.path, "data.parquet")
	r.eng.Tap(r.plan.Words)
	var rows int64
	err := r.feed(true, "治理", func(scan string) (err error) {
		rows, err = r.eng.Copy(r.ctx, r.plan.SQL(scan, "pado_tap"), file)
		return err
	})
	if err != nil {
		return nil, err
	}
	tally := r.eng.Tally()
	if rows != r.fed-int64(len(tally.Dropped)) || tally.Told > r.fed {
		return nil, ErrCount
	}
	steps, err := count(r.plan, tally, r.fed, r.rejected)
	if err != nil {
		return nil, err
	}
	res := &Result{VersionID: r.version, Table: r.p.Target.Table, Unit: r.p.Target.Unit, UnitDomain: r.p.Target.UnitDomain, Rows: rows,
		Blank: r.blank, Header: r.header, Steps: steps, Lineage: r.lineage}
	for _, c := range r.p.Target.Columns {
		res.Schema = append(res.Schema, Column{c.Name, c.Title, c.Type, c.Label, c.Required})
	}
	for _, s := range steps {
		res.Quarantined += s.Quarantined
	}
	r.progress("质量评估", 0, rows)
	if res.Report, err = r.assess(file, res); err != nil {
		return nil, err
	}
	if res.Quarantined > 0 {
		if res.Quarantine, err = r.quarantine(tally); err != nil {
			return nil, err
		}
	}
	if err := r.publish(file, res); err != nil {
		return nil, err
	}
	r.progress("完成", rows, rows)
	return res, nil
}

// identify finds the source's digest and encoding and with them the version.
func (r *run) identify() error {
	digest, err := r.p.Digest()
	if err != nil {
		return err
	}
	r.encoding = r.p.Source.Encoding
	r.lineage = Lineage{SourceSHA256: r.in.SHA256, SourceBytes: r.in.Size, Pipeline: r.p.ID, PipelineNo: r.p.Version, PipelineDigest: digest, Engine: engine.Version}
	if r.in.SHA256 == "" || r.in.Size == 0 || r.encoding == read.Auto {
		if err := r.survey(); err != nil {
			return err
		}
	}
	r.lineage.Encoding = string(r.encoding)
	if r.masks() {
		if len(r.keys.Family) < 32 {
			return ErrKey
		}
		m := hmac.New(sha256.New, r.keys.Family)
		m.Write([]byte("pado/family/fingerprint"))
		r.lineage.FamilyKey = hex.EncodeToString(m.Sum(nil)[:8])
	}
	if err := r.lists(); err != nil {
		return err
	}
	identity := map[string]any{"source": r.lineage.SourceSHA256, "pipeline": digest, "key": r.lineage.FamilyKey, "engine": engine.Version}
	if len(r.lineage.Lists) > 0 {
		lists := map[string]any{}
		for name, sum := range r.lineage.Lists {
			lists[name] = sum
		}
		identity["lists"] = lists
	}
	b, err := canon.Marshal(identity)
	if err != nil {
		return ErrStore
	}
	sum := sha256.Sum256(b)
	r.version = hex.EncodeToString(sum[:16])
	return nil
}

func (r *run) masks() bool {
	for _, s := range r.p.Steps {
		if s.Mask == nil {
			continue
		}
		for _, m := range s.Mask.Rules {
			if m.Kind == "pseudonym" {
				return true
			}
		}
	}
	return false
}

// survey reads the whole file once.
func (r *run) survey() error {
	f, err := r.in.Open()
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	counted := &meter{r: f, ctx: r.ctx, step: "核对", total: r.in.Size, progress: r.progress}
	tee := io.TeeReader(counted, h)
	if r.encoding == read.Auto {
		if r.encoding, err = judgeEncoding(io.NopCloser(tee), &r.p.Source); err != nil {
			return r.canceled(err)
		}
	}
	if _, err := io.Copy(io.Discard, tee); err != nil {
		return r.canceled(err)
	}
	if counted.done == 0 {
		return read.ErrEmpty
	}
	sum := hex.EncodeToString(h.Sum(nil))
	if r.in.SHA256 != "" && r.in.SHA256 != sum || r.in.Size != 0 && r.in.Size != counted.done {
		return ErrSource
	}
	r.lineage.SourceSHA256, r.lineage.SourceBytes, r.surveyed = sum, counted.done, true
	return nil
}

func (r *run) canceled(err error) error {
	if r.ctx.Err() != nil {
		return engine.ErrCanceled
	}
	return err
}

// open begins to read the source's rows.
func (r *run) open(step string) (read.Rows, *meter, error) {
	f, err := r.in.Open()
	if err != nil {
		return nil, nil, err
	}
	m := &meter{r: f, c: f, ctx: r.ctx, step: step, total: r.lineage.SourceBytes, progress: r.progress}
	if !r.surveyed {
		m.sum = sha256.New()
	}
	rows, err := openRows(r.ctx, m, &r.p.Source, r.encoding)
	if err != nil {
		m.Close()
		return nil, nil, r.canceled(err)
	}
	return rows, m, nil
}

// prepare makes the temporary folder and the engine and binds the pipeline to
// the file's header.
func (r *run) prepare() (err error) {
	if r.temp, err = newTemp(r.out); err != nil {
		return err
	}
	rows, _, err := r.open("读取表头")
	if err != nil {
		return err
	}
	_, raw, err := shape(rows, &r.p.Source, func(Reason, *read.Row) {})
	rows.Close()
	if err != nil {
		return r.canceled(err)
	}
	r.plan = r.p.Compile(raw)
	if r.eng, err = engine.Open(r.ctx, r.options); err != nil {
		return err
	}
	return r.eng.Install(r.plan.Domains, r.keys.Family, r.functions()...)
}

// feed sends every data row to use. Only the first feeding counts rejects.
func (r *run) feed(final bool, step string, use func(scan string) error) error {
	return r.eng.Feed(r.ctx, r.plan.Raw, func(w io.Writer) error { return r.produce(w, final, step) }, use)
}

func (r *run) produce(w io.Writer, final bool, step string) error {
	rows, m, err := r.open(step)
	if err != nil {
		return err
	}
	defer rows.Close()
	s, _, err := shape(rows, &r.p.Source, func(reason Reason, _ *read.Row) {
		if final {
			r.rejected[reason]++
		}
	})
	if err != nil {
		return r.canceled(err)
	}
	if final && r.p.Source.Strays != nil {
		s.sums = newReconciler(s.names)
		r.sums = s.sums
		defer s.sums.close()
	}
	buf := make([]byte, 0, 256<<10)
	fed := int64(0)
	var row read.Row
	for {
		err := s.Next(&row)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return r.canceled(err)
		}
		if len(buf)+len(row.Line)+32 > cap(buf) && len(buf) > 0 {
			if _, err := w.Write(buf); err != nil {
				return err
			}
			buf = buf[:0]
		}
		buf = strconv.AppendInt(buf, row.N, 10)
		buf = append(buf, read.US)
		buf = append(buf, row.Line...)
		buf = append(buf, '\n')
		fed++
	}
	if _, err := w.Write(buf); err != nil {
		return err
	}
	if m.done != r.lineage.SourceBytes || m.sum != nil && hex.EncodeToString(m.sum.Sum(nil)) != r.lineage.SourceSHA256 {
		return ErrSource
	}
	r.fed, r.blank, r.header = fed, s.Blank, s.Header
	return nil
}

// duplicates fills the tables of repeated rows, in the order of the steps,
// because each query builds on the tables before it.
func (r *run) duplicates() error {
	for _, d := range r.plan.Duplicates {
		keys := d.Table + "_keys"
		err := r.feed(false, "查重", func(scan string) error {
			return r.eng.Exec(r.ctx, "CREATE TEMP TABLE "+pipeline.Ident(keys)+" AS "+r.plan.Keys(d, scan))
		})
		repeats := false
		if err == nil {
			err = r.eng.Query(r.ctx, "SELECT count(*) FROM "+pipeline.Ident(keys), func(scan engine.Scanner) error {
				var n cell
				err := scan.Scan(&n)
				repeats = n.n > 0
				return err
			})
		}
		switch {
		case err != nil:
		case !repeats:
			err = r.eng.Exec(r.ctx, "CREATE TEMP TABLE "+pipeline.Ident(d.Table)+` ("#ord" BIGINT)`)
		default:
			err = r.feed(false, "查重", func(scan string) error {
				return r.eng.Exec(r.ctx, "CREATE TEMP TABLE "+pipeline.Ident(d.Table)+" AS "+r.plan.Repeats(d, scan, keys))
			})
		}
		if err == nil {
			err = r.eng.Exec(r.ctx, "DROP TABLE "+pipeline.Ident(keys))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// meter counts what is read, reports it, and stops when the run is canceled.
type meter struct {
	r        io.Reader
	c        io.Closer
	ctx      context.Context //nolint:containedctx // one reading, one context
	step     string
	done     int64
	last     int64
	total    int64
	sum      hash.Hash // nil unless the digest is wanted
	progress func(string, int64, int64)
}

func (m *meter) Read(p []byte) (int, error) {
	if err := m.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := m.r.Read(p)
	m.done += int64(n)
	if m.sum != nil {
		m.sum.Write(p[:n])
	}
	if m.done-m.last >= 1<<20 || errors.Is(err, io.EOF) {
		m.last = m.done
		m.progress(m.step, m.done, m.total)
	}
	return n, err
}

func (m *meter) Close() error {
	if m.c == nil {
		return nil
	}
	return m.c.Close()
}

// VaultInput is an Input over a file of the raw zone.
func VaultInput(v *vault.Vault, o vault.Object) Input {
	return Input{Size: o.Size, SHA256: o.SHA256, Open: func() (io.ReadCloser, error) {
		r, err := v.Open(o.ID)
		if err != nil {
			return nil, err
		}
		return r, nil
	}}
}

// FileInput is an Input over a file in clear, for the command line and tests.
func FileInput(path string) (Input, error) {
	st, err := os.Stat(path)
	if err != nil {
		return Input{}, with(errNoFile, nil)
	}
	return Input{Size: st.Size(), Open: func() (io.ReadCloser, error) {
		f, err := os.Open(path)
		if err != nil {
			return nil, with(errNoFile, nil)
		}
		return f, nil
	}}, nil
}

var errNoFile = &Error{Code: "INGEST_NO_FILE", Clause: "6.2.2", Message: "无法打开输入文件"}
