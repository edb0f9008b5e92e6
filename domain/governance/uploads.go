package governance

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"pado/core/audit"
	"pado/core/id"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/governance/vault"
	"pado/plan"
)

// Limits of an upload in parts.
const (
	MaxUpload   = 4 << 30        // bytes of a file
	MaxPart     = 8 << 20        // bytes of a part
	MinPart     = 64 << 10       // bytes of every part but the last
	openUploads = 10             // of one person, not delivered
	uploadLife  = 24 * time.Hour // without a part, of the wall clock
	stagedLife  = 7 * 24 * time.Hour
)

// Upload is a file on its way into the raw zone, not yet on record.
type Upload struct {
	ID, CaseNo, Hookup, Way, Name string
	Size                          int64  // announced
	SHA256                        string // of the whole, once complete
	PushKey, Watermark            string
	Person, Org                   string
	State                         string // open, complete, taken
	Touched                       int64  // wall clock, milliseconds
}

const uploadColumns = `id, case_no, hookup, way, name, size, sha256, push_key, watermark, person, org, state, touched`

var (
	uploadTable = store.Scratchpad("raw_upload")
	partTable   = store.Scratchpad("raw_upload_part")
)

// deliverable are the endings of files that may be delivered.
var deliverable = map[string]bool{".csv": true, ".tsv": true, ".txt": true, ".xls": true, ".xlsx": true, ".parquet": true, ".json": true, ".jsonl": true, ".ndjson": true, ".zip": true}

// FileName checks and trims the name of a delivery; what it says is shown and never opened.
func FileName(name string) (string, error) {
	name = filepath.Base(strings.ReplaceAll(strings.ToValidUTF8(name, ""), `\`, "/"))
	if !deliverable[strings.ToLower(filepath.Ext(name))] || len([]rune(name)) > 120 || strings.ContainsFunc(name, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
		return "", no("upload.kind", "只接受 CSV、TSV、TXT、XLS、XLSX、Parquet、JSON 行或 ZIP 文件，文件名不超过120字")
	}
	return name, nil
}

func no(code, format string, a ...any) error {
	return procedure.Refuse(code, plan.C("7.2"), format, a...)
}

// BeginUpload opens an upload for the delivery of a case, or finds the person's open one of the
// same name and size, which goes on where it stopped. orgs are the actor's organisations as a
// source; a case whose source is none of them is not there. Errors: store.ErrNotFound, *procedure.Refused.
func (r *Runner) BeginUpload(ctx context.Context, person string, orgs []string, caseNo, name string, size int64) (Upload, int64, error) {
	name, err := FileName(name)
	if err != nil {
		return Upload{}, 0, err
	}
	if size < 1 || size > MaxUpload {
		return Upload{}, 0, no("upload.size", "文件应为1字节至4GB，更大的文件请分批报送")
	}
	key, err := id.New(r.c.DB.Rand(), "up")
	if err != nil {
		return Upload{}, 0, err
	}
	var u Upload
	err = r.c.DB.Scratch(ctx, func(x *store.ScratchTx) error {
		h, err := HookupOfCase(&x.ReadTx, caseNo)
		if err != nil {
			return err
		}
		if !has(orgs, h.SourceOrg) {
			return store.ErrNotFound
		}
		if h.State != "connected" || h.Kind != "upload" {
			return no("upload.closed", "该接入已停止，或者不以文件上传的方式报送")
		}
		if err := r.authorised(&x.ReadTx, h); err != nil {
			return err
		}
		err = x.Get(&u, `SELECT `+uploadColumns+` FROM raw_upload WHERE case_no = $1 AND person = $2 AND name = $3 AND size = $4 AND state = 'open'`, caseNo, person, name, size)
		if err == nil || !errors.Is(err, store.ErrNotFound) {
			return err
		}
		var open int
		// What is complete and not delivered takes room as well.
		if err := x.Get(&open, `SELECT COUNT(*) FROM raw_upload WHERE person = $1 AND way = 'upload' AND state <> 'taken'`, person); err != nil {
			return err
		}
		if open >= openUploads {
			return no("upload.many", "您有%d个文件还没有报送，请先报送或放弃其中一些", open)
		}
		u = Upload{ID: key, CaseNo: caseNo, Hookup: h.ID, Way: "upload", Name: name, Size: size, Person: person, Org: h.SourceOrg, State: "open"}
		return r.stage(x, u)
	})
	if err != nil {
		return u, 0, err
	}
	next, err := r.next(ctx, u.ID)
	return u, next, err
}

func (r *Runner) stage(x *store.ScratchTx, u Upload) error {
	_, err := x.Exec(uploadTable, `INSERT INTO raw_upload (`+uploadColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13)`,
		u.ID, u.CaseNo, u.Hookup, u.Way, u.Name, u.Size, u.SHA256, u.PushKey, u.Watermark, u.Person, u.Org, u.State, r.c.DB.Wall().UnixMilli())
	return err
}

// UploadOf reads a person's upload and the byte to go on from. store.ErrNotFound for anybody else's.
func (r *Runner) UploadOf(ctx context.Context, person, uploadID string) (Upload, int64, error) {
	var u Upload
	if err := r.c.DB.View(ctx, func(x *store.ReadTx) error {
		return x.Get(&u, `SELECT `+uploadColumns+` FROM raw_upload WHERE id = $1 AND person = $2 AND way = 'upload'`, uploadID, person)
	}); err != nil {
		return u, 0, err
	}
	if u.State != "open" {
		return u, u.Size, nil
	}
	next, err := r.next(ctx, uploadID)
	return u, next, err
}

// Uploads lists the person's uploads for a case that are not delivered yet.
func (r *Runner) Uploads(ctx context.Context, person, caseNo string) ([]Upload, error) {
	var out []Upload
	return out, r.c.DB.View(ctx, func(x *store.ReadTx) error {
		return x.Select(&out, `SELECT `+uploadColumns+` FROM raw_upload WHERE case_no = $1 AND person = $2 AND way = 'upload' AND state <> 'taken' ORDER BY touched DESC, id`, caseNo, person)
	})
}

func (r *Runner) next(ctx context.Context, uploadID string) (n int64, err error) {
	err = r.c.DB.View(ctx, func(x *store.ReadTx) error {
		return x.Get(&n, `SELECT COALESCE(SUM(size), 0) FROM raw_upload_part WHERE upload = $1`, uploadID)
	})
	return n, err
}

func partName(uploadID string, start int64) string { return fmt.Sprintf("%s.%016x", uploadID, start) }

// PutPart takes the bytes from start on. Parts come in order; one that is there already with the
// same bytes is taken again without harm, so a client whose connection broke may simply repeat it.
// It returns the byte to go on from. Crash state: a part counts once its row is there, which is
// after its bytes are durable; what a dead process left of it is written over.
func (r *Runner) PutPart(ctx context.Context, person, uploadID string, start int64, body []byte) (int64, error) {
	u, next, err := r.UploadOf(ctx, person, uploadID)
	if err != nil {
		return 0, err
	}
	size := int64(len(body))
	digest := digest(body)
	if start < next {
		var have string
		err := r.c.DB.View(ctx, func(x *store.ReadTx) error {
			return x.Get(&have, `SELECT sha256 FROM raw_upload_part WHERE upload = $1 AND start = $2`, uploadID, start)
		})
		if err == nil && have == digest {
			return next, nil
		}
	}
	switch {
	case u.State != "open":
		return next, no("upload.closed", "该文件已经传完，不能再追加")
	case start != next:
		return next, no("upload.offset", "应从第%d字节继续上传", next)
	case size == 0 || size > MaxPart || start+size > u.Size:
		return next, no("upload.part", "每段应为64KB至8MB，且不超过申报的文件大小")
	case size < MinPart && start+size != u.Size:
		return next, no("upload.part", "除最后一段外，每段至少64KB")
	}
	if err := r.putObject(ctx, partName(uploadID, start), "upload/"+uploadID, bytes.NewReader(body), digest); err != nil {
		return next, told(err)
	}
	err = r.c.DB.Scratch(ctx, func(x *store.ScratchTx) error {
		n, err := x.Exec(uploadTable, `UPDATE raw_upload SET touched = $1 WHERE id = $2 AND state = 'open'`, r.c.DB.Wall().UnixMilli(), uploadID)
		if err == nil && n != 1 {
			return store.ErrNotFound
		}
		if err != nil {
			return err
		}
		_, err = x.Exec(partTable, `INSERT INTO raw_upload_part (upload, start, size, sha256) VALUES ($1,$2,$3,$4) ON CONFLICT DO NOTHING`, uploadID, start, size, digest)
		return err
	})
	if err != nil {
		return next, err
	}
	return r.next(ctx, uploadID)
}

// putObject seals what src gives under a name; an object of the same bytes that is there already is
// left, one of others is replaced: it was never on record.
func (r *Runner) putObject(ctx context.Context, name, label string, src io.Reader, want string) error {
	w, err := r.c.Vault.Create(name, label)
	if errors.Is(err, vault.ErrExists) {
		o, err := r.c.Vault.Stat(name)
		if err == nil && o.SHA256 == want {
			return nil
		}
		if err := r.c.Vault.Discard(name); err != nil {
			return err
		}
		if w, err = r.c.Vault.Create(name, label); err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(w, sum), ctxReader{ctx, src}); err != nil {
		w.Abort()
		return err
	}
	if hex.EncodeToString(sum.Sum(nil)) != want {
		w.Abort()
		return errDigest
	}
	_, err = w.Commit()
	return err
}

// told gives what a vault says of an upload to whoever uploads.
func told(err error) error {
	switch {
	case errors.Is(err, vault.ErrBusy):
		return no("upload.busy", "这一段正在接收，请稍候再试")
	case errors.Is(err, vault.ErrDiskFull):
		return errors.Join(store.ErrReadOnly, err)
	}
	return err
}

var errDigest = procedure.Refuse("upload.digest", plan.C("7.2"), "收到的内容与申报的摘要不一致，请放弃后重新上传")

// CompleteUpload joins the parts to one sealed file and checks it against the digest of the whole
// (SHA-256, hex). Repeated, it answers the same. The upload may then be delivered by its id.
func (r *Runner) CompleteUpload(ctx context.Context, person, uploadID, digest string) (Upload, error) {
	u, next, err := r.UploadOf(ctx, person, uploadID)
	if err != nil {
		return u, err
	}
	digest = strings.ToLower(digest)
	switch {
	case u.State != "open" && u.SHA256 == digest:
		return u, nil
	case u.State != "open":
		return u, errDigest
	case next != u.Size:
		return u, no("upload.offset", "文件还没有传完，应从第%d字节继续上传", next)
	}
	var starts []int64
	if err := r.c.DB.View(ctx, func(x *store.ReadTx) error {
		return x.Select(&starts, `SELECT start FROM raw_upload_part WHERE upload = $1 ORDER BY start`, uploadID)
	}); err != nil {
		return u, err
	}
	parts := &joined{v: r.c.Vault, upload: uploadID, starts: starts}
	defer parts.close()
	if err := r.putObject(ctx, uploadID, "raw/"+uploadID, parts, digest); err != nil {
		return u, told(err)
	}
	u.SHA256 = digest
	if err := r.completed(ctx, &u); err != nil {
		return u, err
	}
	return u, r.discardParts(ctx, uploadID)
}

// completed records that a whole file lies in the vault, ready to be delivered.
func (r *Runner) completed(ctx context.Context, u *Upload) error {
	_, err := r.c.DB.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		if err := w.ExecOne(`UPDATE raw_upload SET state = 'complete', sha256 = $1, size = $2, touched = $3 WHERE id = $4 AND state = 'open'`, u.SHA256, u.Size, r.c.DB.Wall().UnixMilli(), u.ID); err != nil {
			return audit.Entry{}, err
		}
		return audit.Entry{Type: "file.upload", Actor: u.Person, Org: u.Org, Object: u.ID, Action: "upload", Clause: "7.2", Result: audit.Done,
			Detail: map[string]string{"sha256": u.SHA256, "size": fmt.Sprint(u.Size), "case": u.CaseNo, "way": u.Way}}, nil
	})
	if err == nil {
		u.State = "complete"
	}
	return err
}

// joined reads the parts of an upload one after the other.
type joined struct {
	v      *vault.Vault
	upload string
	starts []int64
	now    io.ReadCloser
}

func (j *joined) Read(p []byte) (int, error) {
	for {
		if j.now == nil {
			if len(j.starts) == 0 {
				return 0, io.EOF
			}
			f, err := j.v.Open(partName(j.upload, j.starts[0]))
			if err != nil {
				return 0, err
			}
			j.now, j.starts = f, j.starts[1:]
		}
		n, err := j.now.Read(p)
		if errors.Is(err, io.EOF) {
			err = j.now.Close()
			j.now = nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

func (j *joined) close() {
	if j.now != nil {
		j.now.Close() //nolint:errcheck // read from only
	}
}

// DropUpload gives an upload up.
func (r *Runner) DropUpload(ctx context.Context, person, uploadID string) error {
	u, _, err := r.UploadOf(ctx, person, uploadID)
	if err != nil {
		return err
	}
	if u.State == "taken" {
		return no("upload.taken", "该文件已经报送，不能放弃")
	}
	return r.drop(ctx, uploadID)
}

// drop forgets an upload that is not on record: first the row, then the bytes; what a crash leaves
// of them the sweep finds.
func (r *Runner) drop(ctx context.Context, uploadID string) error {
	if err := r.discardParts(ctx, uploadID); err != nil {
		return err
	}
	gone := false
	if err := r.c.DB.Scratch(ctx, func(x *store.ScratchTx) error {
		n, err := x.Exec(uploadTable, `DELETE FROM raw_upload WHERE id = $1 AND state <> 'taken'`, uploadID)
		gone = n == 1
		return err
	}); err != nil || !gone {
		return err
	}
	return r.c.Vault.Discard(uploadID)
}

func (r *Runner) discardParts(ctx context.Context, uploadID string) error {
	var starts []int64
	if err := r.c.DB.View(ctx, func(x *store.ReadTx) error {
		return x.Select(&starts, `SELECT start FROM raw_upload_part WHERE upload = $1`, uploadID)
	}); err != nil {
		return err
	}
	for _, s := range starts {
		if err := r.c.Vault.Discard(partName(uploadID, s)); err != nil {
			return err
		}
	}
	return r.c.DB.Scratch(ctx, func(x *store.ScratchTx) error {
		_, err := x.Exec(partTable, `DELETE FROM raw_upload_part WHERE upload = $1`, uploadID)
		return err
	})
}

// SweepUploads removes what was begun and never finished, what was finished and never delivered,
// and bytes that no row names any more. It returns how many uploads it gave up.
func (r *Runner) SweepUploads(ctx context.Context) (int, error) {
	names, err := r.c.Vault.List() // before the rows: an object that comes later has its row already
	if err != nil {
		return 0, err
	}
	now := r.c.DB.Wall()
	var old []string
	if err := r.c.DB.View(ctx, func(x *store.ReadTx) error {
		return x.Select(&old, `SELECT id FROM raw_upload WHERE state = 'open' AND touched < $1 OR state = 'complete' AND touched < $2 ORDER BY id`,
			now.Add(-uploadLife).UnixMilli(), now.Add(-stagedLife).UnixMilli())
	}); err != nil {
		return 0, err
	}
	for _, u := range old {
		if err := r.drop(ctx, u); err != nil {
			return 0, err
		}
	}
	for _, name := range names {
		upload, _, part := strings.Cut(name, ".")
		if !strings.HasPrefix(name, "up") {
			continue
		}
		wanted := false
		if err := r.c.DB.View(ctx, func(x *store.ReadTx) (err error) {
			if part {
				wanted, err = x.Exists(`SELECT 1 FROM raw_upload WHERE id = $1 AND state = 'open'`, upload)
			} else {
				wanted, err = x.Exists(`SELECT 1 FROM raw_upload WHERE id = $1 AND state <> 'taken' UNION SELECT 1 FROM raw_file WHERE object = $2`, name, name)
			}
			return err
		}); err != nil {
			return 0, err
		}
		if !wanted {
			if err := r.c.Vault.Discard(name); err != nil && !errors.Is(err, vault.ErrBusy) {
				return 0, err
			}
		}
	}
	return len(old), nil
}

// Stage seals a whole file at once for the delivery of a case: what a program pushed or the
// platform fetched. want is its digest; empty = whatever comes. The same id begins anew.
func (r *Runner) Stage(ctx context.Context, u Upload, write func(io.Writer) error) (Upload, error) {
	if u.ID == "" {
		var err error
		if u.ID, err = id.New(r.c.DB.Rand(), "up"); err != nil {
			return u, err
		}
	}
	u.State = "open"
	if err := r.c.DB.Scratch(ctx, func(x *store.ScratchTx) error {
		if _, err := x.Exec(uploadTable, `DELETE FROM raw_upload WHERE id = $1 AND state <> 'taken'`, u.ID); err != nil {
			return err
		}
		return r.stage(x, u)
	}); err != nil {
		return u, err
	}
	if err := r.c.Vault.Discard(u.ID); err != nil {
		return u, err
	}
	w, err := r.c.Vault.Create(u.ID, "raw/"+u.ID)
	if err != nil {
		return u, err
	}
	if err := write(w); err != nil {
		w.Abort()
		return u, errors.Join(err, r.drop(context.WithoutCancel(ctx), u.ID))
	}
	o, err := w.Commit()
	if err != nil {
		w.Abort()
		return u, err
	}
	u.Size, u.SHA256 = o.Size, o.SHA256
	return u, r.completed(ctx, &u)
}

// Unstage forgets what was staged and is not delivered.
func (r *Runner) Unstage(ctx context.Context, uploadID string) error { return r.drop(ctx, uploadID) }

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func has(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
