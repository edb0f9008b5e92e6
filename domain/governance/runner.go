package governance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/canon"
	"pado/core/job"
	"pado/core/secret"
	"pado/core/store"
	"pado/domain/governance/connector"
	"pado/domain/governance/ingest"
	"pado/domain/governance/vault"
)

// KindIngest is the kind of the job that makes a version of a delivered file.
const KindIngest = "governance.ingest"

// Files opens uploads by their attachment id; the bytes come decrypted.
type Files interface {
	Open(id string) (io.ReadCloser, error)
}

// Config is what a Runner works with. Without Fetch and Deliver nothing is fetched; the other
// fields are required.
type Config struct {
	DB    *store.DB
	Vault *vault.Vault   // the raw zone
	Ring  *vault.Keyring // seals quarantined rows
	KEK   []byte         // seals the key families
	Pool  string         // folder of the resource pool
	Files Files

	Fetch    *connector.Client // reaches what may be reached
	Delivery Delivery
}

// Runner makes dataset versions of delivered files.
type Runner struct{ c Config }

// NewRunner makes a Runner.
func NewRunner(c Config) *Runner { return &Runner{c} }

// Pool is the absolute place of a version's file.
func (r *Runner) Pool(v Version) string { return filepath.Join(r.c.Pool, filepath.FromSlash(v.Path)) }

// Queue asks for the ingest of a received file as a job, in the caller's transaction. One delivery
// under one pipeline is one job; after it failed it is queued anew, and what is delivered again
// because it was destroyed or failed is a job of its own.
func Queue(w *store.Tx, f Raw, h Hookup) (string, error) {
	return queue(w, f, h, fmt.Sprint(f.Received.UnixMilli()))
}

func queue(w *store.Tx, f Raw, h Hookup, mark string) (string, error) {
	return job.Enqueue(w, job.Spec{Kind: KindIngest, Title: "治理“" + f.Name + "”", Person: f.Person, Org: f.Org, CaseNo: f.CaseNo,
		Key: "ingest/" + f.ID + "/" + h.PipelineDigest + "/" + mark, Input: map[string]string{"raw": f.ID}})
}

// Handlers are the job handlers of this room.
func (r *Runner) Handlers() map[string]job.Handler {
	return map[string]job.Handler{KindIngest: r.ingestJob, KindFetch: r.fetchJob, KindProbe: r.probeJob, KindDestroy: r.destroyJob}
}

func (r *Runner) ingestJob(ctx context.Context, t *job.Task) (job.Outcome, error) {
	var in struct{ Raw string }
	if err := t.Input(&in); err != nil {
		return job.Outcome{}, err
	}
	made, err := r.Make(ctx, in.Raw, func(step string, done, total int64) { t.Progress(done, total, step) })
	if err != nil {
		return job.Outcome{}, r.failed(ctx, in.Raw, err)
	}
	return job.Outcome{Result: map[string]any{"version": made.Result.VersionID, "rows": made.Result.Rows, "quarantined": made.Result.Quarantined},
		Commit: func(w *store.Tx) error { _, err := made.Record(w); return err }}, nil
}

// retryable are failures of the machine, not of the file: they are tried again.
var retryable = map[string]bool{"INGEST_ENGINE": true, "INGEST_STORE": true, "INGEST_KEY": true, "INGEST_READ": true, "INGEST_DISK_FULL": true, "INGEST_CANCELED": true,
	"VAULT_DISK_FULL": true, "VAULT_IO": true,
	"VAULT_BUSY": true, "VAULT_WRONG_KEY": true, "VAULT_NOT_FOUND": true}

// failed tells a fault of the file, which ends the job and is noted on the file, from one of the
// machine, which is tried again.
func (r *Runner) failed(ctx context.Context, raw string, cause error) error {
	code := ingest.Code(cause)
	if ctx.Err() != nil || retryable[code] {
		return cause
	}
	say := ingest.Message(cause)
	_, err := r.c.DB.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		if _, err := w.Exec(`UPDATE raw_file SET state = 'failed', outcome = $1 WHERE id = $2 AND state = 'received'`, say, raw); err != nil {
			return audit.Entry{}, err
		}
		return audit.Entry{Type: "governance.ingest", Actor: "system", Object: raw, Action: "fail", To: "failed", Clause: "6.2.2", Result: audit.Done,
			Detail: map[string]string{"reason": code}}, nil
	})
	if err != nil {
		return errors.Join(cause, err)
	}
	return &job.Failure{Code: code, Message: say, Cause: cause}
}

// Ingest makes the version of a received file and records it: Make, then Record in one Update.
func (r *Runner) Ingest(ctx context.Context, raw string, progress func(step string, done, total int64)) (Version, error) {
	made, err := r.Make(ctx, raw, progress)
	if err != nil {
		return Version{}, err
	}
	var v Version
	_, err = r.c.DB.Update(ctx, func(w *store.Tx) (_ audit.Entry, err error) {
		v, err = made.Record(w)
		return audit.Entry{Type: "governance.ingest", Actor: "system", Object: raw, Action: "ingest", To: "ingested", Clause: "6.2.2", Result: audit.Done,
			Detail: map[string]string{"version": v.ID}}, err
	})
	return v, err
}

// Made is a version that lies in the pool and is not yet on record.
type Made struct {
	Raw    Raw
	Hookup Hookup
	Result *ingest.Result
}

// Make brings the file into the vault and runs the hookup's pipeline over it, outside any
// transaction. It may be run again at any time: what is there already is found and checked.
func (r *Runner) Make(ctx context.Context, raw string, progress func(step string, done, total int64)) (*Made, error) {
	m := &Made{}
	if err := r.c.DB.View(ctx, func(x *store.ReadTx) (err error) {
		if m.Raw, err = RawByID(x, raw); err != nil {
			return err
		}
		m.Hookup, err = HookupByID(x, m.Raw.Hookup)
		return err
	}); err != nil {
		return nil, fmt.Errorf("read delivery %s: %w", raw, err)
	}
	p, _, err := ReadPipeline(m.Hookup.Pipeline)
	if err != nil {
		return nil, err
	}
	if progress != nil {
		progress("转入原始数据区", 0, m.Raw.Size)
	}
	if err := r.secure(ctx, m.Raw); err != nil {
		return nil, err
	}
	if err := r.accessed(ctx, Access{Raw: m.Raw.ID, Hookup: m.Hookup.ID, Person: "system", Org: m.Raw.Org, Purpose: ForIngest, CaseNo: m.Raw.CaseNo}); err != nil {
		return nil, err
	}
	family, err := r.family(ctx, m.Hookup.Division)
	if err != nil {
		return nil, err
	}
	in := ingest.Input{Size: m.Raw.Size, SHA256: m.Raw.SHA256, Received: calendar.DateOf(m.Raw.Received.Time).String(),
		Open: func() (io.ReadCloser, error) { return r.c.Vault.Open(m.Raw.object()) }}
	m.Result, err = ingest.Run(ctx, p, in, filepath.Join(r.c.Pool, m.Hookup.Dataset), ingest.Keys{Family: family, Quarantine: r.c.Ring}, progress)
	return m, err
}

// secure copies the upload into the vault unless it is there, checks that it is the file that was
// announced, and then removes the copy outside the raw zone. An interrupted copy is begun anew.
func (r *Runner) secure(ctx context.Context, f Raw) error {
	if f.State == "destroyed" {
		return vault.ErrDestroyed
	}
	o, err := r.c.Vault.Stat(f.object())
	if err == nil {
		if o.SHA256 != f.SHA256 {
			return ingest.ErrSource
		}
		return r.forget(f)
	}
	if !errors.Is(err, vault.ErrNotFound) || f.Attachment == "" {
		return err
	}
	src, err := r.c.Files.Open(f.Attachment)
	if err != nil {
		return fmt.Errorf("open the upload of %s: %w", f.ID, err)
	}
	defer src.Close()
	err = r.putObject(ctx, f.object(), "raw/"+f.object(), src, f.SHA256)
	switch {
	case errors.Is(err, errDigest):
		return ingest.ErrSource
	case err != nil:
		return fmt.Errorf("copy the upload of %s: %w", f.ID, err)
	}
	return r.forget(f)
}

// forget removes the upload's copy among the attachments once the raw zone has the bytes.
func (r *Runner) forget(f Raw) error {
	if d, ok := r.c.Files.(interface{ Destroy(id string) error }); ok && f.Attachment != "" {
		return d.Destroy(f.Attachment)
	}
	return nil
}

// ctxReader stops a copy when its context ends.
type ctxReader struct {
	ctx context.Context //nolint:containedctx // one copy, one context
	r   io.Reader
}

func (c ctxReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

const familyLabel = "governance/family/"

// family is the HMAC key of the pseudonyms of a division's datasets, made when first needed and
// kept sealed under the KEK. Whoever has it can tell a pseudonym's person by trying; it never
// leaves this process.
func (r *Runner) family(ctx context.Context, division string) ([]byte, error) {
	id := familyLabel + division
	var sealed []byte
	read := func(x *store.ReadTx) error {
		return x.Get(&sealed, `SELECT sealed FROM sealed_secret WHERE id = $1`, id)
	}
	err := r.c.DB.View(ctx, read)
	if errors.Is(err, store.ErrNotFound) {
		key := make([]byte, 32)
		if _, err := io.ReadFull(r.c.DB.Rand(), key); err != nil {
			return nil, err
		}
		box, err := secret.Seal(r.c.KEK, id, key, r.c.DB.Rand())
		if err != nil {
			return nil, err
		}
		_, err = r.c.DB.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
			n, err := w.Exec(`INSERT INTO sealed_secret (id, kind, sealed, created) VALUES ($1,$2,$3,$4) ON CONFLICT (id) DO NOTHING`, id, "family", box, store.At(w.Now()))
			if err != nil || n == 0 {
				return audit.Entry{}, err // another made it meanwhile: its key counts
			}
			return audit.Entry{Type: "governance.key", Actor: "system", Object: id, Action: "create", Clause: "10.5.1", Result: audit.Done}, nil
		})
		if err != nil && !errors.Is(err, store.ErrNoEntry) {
			return nil, err
		}
		err = r.c.DB.View(ctx, read)
		if err != nil {
			return nil, err
		}
	} else if err != nil {
		return nil, err
	}
	return secret.Open(r.c.KEK, id, sealed)
}

// Record writes the version down; one that is on record already is left as it is. The dataset's
// row is locked, so that two deliveries get two numbers.
func (m *Made) Record(w *store.Tx) (Version, error) {
	res := m.Result
	if err := w.Lock("dataset", "id", m.Hookup.Dataset); err != nil {
		return Version{}, err
	}
	if _, err := w.Exec(`UPDATE raw_file SET state = 'ingested', outcome = '' WHERE id = $1`, m.Raw.ID); err != nil {
		return Version{}, err
	}
	v, err := VersionByID(&w.ReadTx, res.VersionID)
	if err == nil || !errors.Is(err, store.ErrNotFound) {
		return v, err
	}
	texts := make([]string, 2)
	for i, x := range []any{res.Schema, res.Report} {
		b, err := json.Marshal(x)
		if err != nil {
			return v, err
		}
		texts[i] = string(b)
	}
	lineage, err := json.Marshal(map[string]any{"raw": m.Raw.ID, "hookup": m.Hookup.ID, "steps": res.Steps, "source": res.Lineage, "blank": res.Blank,
		"header": res.Header, "quarantine": res.Quarantine, "table": res.Table, "unit": res.Unit, "unit_domain": res.UnitDomain})
	if err != nil {
		return v, err
	}
	v = Version{ID: res.VersionID, Dataset: m.Hookup.Dataset, Hookup: m.Hookup.ID, Raw: m.Raw.ID, Rows: res.Rows, Quarantined: res.Quarantined, Score: Score(res.Report),
		Path: m.Hookup.Dataset + "/" + res.File, FileDigest: res.Digest, Schema: texts[0], Quality: texts[1], Lineage: string(lineage), Created: store.At(w.Now()),
		State: "made", CaseNo: m.Raw.CaseNo}
	if err := w.Get(&v.N, `SELECT COALESCE(MAX(n), 0) + 1 FROM dataset_version WHERE dataset = $1`, v.Dataset); err != nil {
		return v, err
	}
	if _, err := w.Exec(`INSERT INTO dataset_version (`+versionColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18)`,
		v.ID, v.Dataset, v.N, v.Hookup, v.Raw, v.Rows, v.Quarantined, v.Score, v.Path, v.FileDigest, v.Schema, v.Quality, v.Lineage, v.Created, v.Decided, v.DecidedBy,
		v.State, v.CaseNo); err != nil {
		return v, err
	}
	record(w, "governance.version", "system", "", v.ID, "make", "made", map[string]string{"dataset": v.Dataset, "file": v.FileDigest, "raw": m.Raw.ID,
		"rows": fmt.Sprint(v.Rows), "quarantined": fmt.Sprint(v.Quarantined), "score": fmt.Sprint(v.Score), "report": canon.Digest([]byte(v.Schema + "/" + v.Quality + "/" + v.Lineage)), "case": v.CaseNo})
	return v, nil
}
