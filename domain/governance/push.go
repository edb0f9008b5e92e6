package governance

import (
	"bytes"
	"context"
	"errors"
	"io"

	"pado/core/audit"
	"pado/core/store"
)

// MaxPush is the greatest batch of one push in bytes; more is pushed in several.
const MaxPush = 64 << 20

// Pushed is what became of a pushed batch.
type Pushed struct {
	Upload Upload // staged and to be delivered, unless Again
	CaseNo string
	Raw    string // Again: the file on record
	Again  bool   // the same batch is on record already; nothing is to be done
}

// Push stages a batch that a source's program sends to its hookup (clause 6.2.2). orgs are the
// program's organisations as a source. The same key is the same batch: sent again it is answered
// like the first time, with other bytes it is refused. Bytes that are governed already count as
// supplied again. Errors: store.ErrNotFound for a hookup that is not the program's, *procedure.Refused.
func (r *Runner) Push(ctx context.Context, person string, orgs []string, hookup, name, key string, body []byte) (Pushed, error) {
	var out Pushed
	name, err := FileName(name)
	if err != nil {
		return out, err
	}
	if len(body) == 0 || len(body) > MaxPush {
		return out, no("push.size", "一批应为1字节至64MB，更多的数据请分批推送")
	}
	sum := digest(body)
	var h Hookup
	var open bool
	if err := r.c.DB.View(ctx, func(x *store.ReadTx) error {
		var err error
		if h, err = HookupByID(x, hookup); err != nil {
			return err
		}
		if !has(orgs, h.SourceOrg) {
			return store.ErrNotFound
		}
		if h.State != "connected" || h.Kind != "push" {
			return no("push.closed", "该接入已停止，或者不以接口推送的方式报送")
		}
		if err := r.authorised(x, h); err != nil {
			return err
		}
		var old struct{ Raw, SHA256 string }
		err = x.Get(&old, `SELECT raw, sha256 FROM raw_push WHERE hookup = $1 AND push_key = $2`, hookup, key)
		if err == nil && old.SHA256 != sum {
			return no("push.key", "这个批次号已用于另一批数据，请换一个批次号")
		}
		if err == nil {
			out.Raw, out.Again = old.Raw, true
			return nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		err = x.Get(&out.Raw, `SELECT id FROM raw_file WHERE hookup = $1 AND sha256 = $2 AND state = 'ingested'`, hookup, sum)
		if err == nil {
			open = true
			return nil
		}
		if errors.Is(err, store.ErrNotFound) {
			err = nil
		}
		return err
	}); err != nil {
		return out, err
	}
	out.CaseNo = h.CaseNo
	if open {
		out.Again = true
		return out, r.supplied(ctx, out.Raw, h, person, key, sum)
	}
	if out.Again {
		return out, nil
	}
	out.Upload, err = r.Stage(ctx, Upload{CaseNo: h.CaseNo, Hookup: h.ID, Way: "push", Name: name, PushKey: key, Person: person, Org: h.SourceOrg}, func(w io.Writer) error {
		_, err := io.Copy(w, bytes.NewReader(body))
		return err
	})
	return out, err
}

// supplied notes that bytes on record came once more.
func (r *Runner) supplied(ctx context.Context, raw string, h Hookup, person, key, sum string) error {
	_, err := r.c.DB.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		if err := w.ExecOne(`UPDATE raw_file SET received = $1 WHERE id = $2`, store.At(w.Now()), raw); err != nil {
			return audit.Entry{}, err
		}
		if _, err := w.Exec(`INSERT INTO raw_push (hookup, push_key, raw, sha256, at) VALUES ($1,$2,$3,$4,$5) ON CONFLICT DO NOTHING`, h.ID, key, raw, sum, store.At(w.Now())); err != nil {
			return audit.Entry{}, err
		}
		return audit.Entry{Type: "governance.receive", Actor: person, Org: h.SourceOrg, Object: raw, Action: "again", Clause: "7.2", Result: audit.Done,
			Detail: map[string]string{"hookup": h.ID, "sha256": sum, "case": h.CaseNo}}, nil
	})
	return err
}
