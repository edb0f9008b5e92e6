package sheet

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"pado/core/audit"
	"pado/core/id"
	"pado/core/job"
	"pado/core/procedure"
	"pado/core/store"
)

// KindRead is the job that reads the file of a batch.
const KindRead = "catalogue_read"

const spreadsheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// Files keeps the bytes of attachments.
type Files interface {
	Open(id string) (io.ReadCloser, error)
	Save(id string, r io.Reader, most int64) (sha256 string, size int64, err error)
}

// Reader reads the files of batches.
type Reader struct {
	DB    *store.DB
	Files Files
}

// Queue asks for a batch to be read.
func Queue(w *store.Tx, b Batch) error {
	_, err := job.Enqueue(w, job.Spec{Kind: KindRead, Title: "读取目录文件“" + b.Name + "”", Person: b.Person, Org: b.Org, CaseNo: b.CaseNo, Key: "catalogue/" + b.ID,
		Input: map[string]string{"batch": b.ID}})
	return err
}

// Handlers are the job handlers of this room.
func (x *Reader) Handlers() map[string]job.Handler {
	return map[string]job.Handler{KindRead: x.read}
}

func (x *Reader) read(ctx context.Context, t *job.Task) (job.Outcome, error) {
	var in struct{ Batch string }
	if err := t.Input(&in); err != nil {
		return job.Outcome{}, err
	}
	var b Batch
	if err := x.DB.View(ctx, func(r *store.ReadTx) error {
		return r.Get(&b, `SELECT `+batchColumns+` FROM catalogue_batch WHERE id = $1`, in.Batch)
	}); err != nil {
		return job.Outcome{}, err
	}
	f, err := x.Files.Open(b.File)
	if err != nil {
		return job.Outcome{}, fmt.Errorf("open %s: %w", b.ID, err)
	}
	data, err := io.ReadAll(io.LimitReader(f, MaxBytes+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return job.Outcome{}, fmt.Errorf("read %s: %w", b.ID, err)
	}
	t.Progress(1, 3, "读取表格")
	table, err := Read(b.Name, data)
	var bad *Unreadable
	if errors.As(err, &bad) {
		return job.Outcome{Result: map[string]any{"message": bad.Message}, Commit: func(w *store.Tx) error {
			return x.settle(w, b, "failed", bad.Message, "[]", "[]", "")
		}}, nil
	}
	if err != nil {
		return job.Outcome{}, err
	}
	t.Progress(2, 3, "逐格核对")
	if err := x.DB.View(ctx, func(r *store.ReadTx) error {
		c, err := Compare(r, b, table.Lines, false)
		for _, p := range c.Faults {
			table.Locate(p.line, p.path, p.clause, p.message)
		}
		return err
	}); err != nil {
		return job.Outcome{}, err
	}
	message := ""
	if len(table.Skipped) > 0 {
		message = "以下列名不在模板中，没有读取：" + strings.Join(table.Skipped, "、")
	}
	lines, err1 := json.Marshal(table.Lines)
	faults, err2 := json.Marshal(table.Faults)
	if err := errors.Join(err1, err2); err != nil {
		return job.Outcome{}, err
	}
	if len(table.Faults) == 0 {
		return job.Outcome{Result: map[string]any{"items": len(table.Lines)}, Commit: func(w *store.Tx) error {
			return x.settle(w, b, "read", message, string(lines), "[]", "")
		}}, nil
	}
	var marked bytes.Buffer
	if err := table.Marked(&marked); err != nil {
		return job.Outcome{}, err
	}
	no, err := id.New(x.DB.Rand(), "at")
	if err != nil {
		return job.Outcome{}, err
	}
	size := int64(marked.Len())
	sum, _, err := x.Files.Save(no, &marked, size)
	if err != nil {
		return job.Outcome{}, fmt.Errorf("keep the marked table of %s: %w", b.ID, err)
	}
	name := strings.TrimSuffix(b.Name, filepath.Ext(b.Name)) + "（已标出错误）.xlsx"
	return job.Outcome{Result: map[string]any{"items": len(table.Lines), "faults": len(table.Faults)}, Commit: func(w *store.Tx) error {
		if err := procedure.AddAttachment(w, procedure.Attachment{ID: no, Name: name, Size: size, SHA256: sum, Media: spreadsheet, Person: b.Person, Org: b.Org, At: store.At(w.Now())}); err != nil {
			return err
		}
		if err := w.ExecOne(`UPDATE attachment SET case_no = $1, event_n = (SELECT COALESCE(MAX(n), 0) FROM case_event WHERE case_no = $1) WHERE id = $2`, b.CaseNo, no); err != nil {
			return err
		}
		return x.settle(w, b, "read", message, string(lines), string(faults), no)
	}}, nil
}

func (x *Reader) settle(w *store.Tx, b Batch, state, message, items, faults, marked string) error {
	if err := w.ExecOne(`UPDATE catalogue_batch SET state = $1, message = $2, items = $3, faults = $4, marked = $5 WHERE id = $6 AND state = 'reading'`,
		state, message, items, faults, marked, b.ID); err != nil {
		return err
	}
	w.Record(audit.Entry{Type: "catalogue.read", Actor: b.Person, Org: b.Org, Object: b.ID, Action: "read", To: state, Clause: "7.2b", Result: audit.Done,
		Detail: map[string]string{"case": b.CaseNo, "file": b.SHA256, "marked": marked}})
	return nil
}
