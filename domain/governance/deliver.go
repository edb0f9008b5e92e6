package governance

import (
	"errors"
	"fmt"

	"pado/core/procedure"
	"pado/core/store"
)

// Kinds of connection, those that are not there included: none of them could be tried, and a form
// that offers one says so.
var Kinds = []procedure.Option{{Value: "upload", Label: "文件上传"}, {Value: "push", Label: "接口推送（数源部门的程序推送）"}, {Value: "folder", Label: "前置目录"}, {Value: "sftp", Label: "SFTP 拉取"},
	{Value: "postgresql", Label: "数据库拉取：PostgreSQL"}, {Value: "mysql", Label: "数据库拉取：MySQL、MariaDB"},
	{Value: "oracle", Label: "数据库拉取：Oracle（暂不支持）"}, {Value: "dameng", Label: "数据库拉取：达梦（暂不支持）"}, {Value: "kingbase", Label: "数据库拉取：人大金仓（暂不支持）"},
	{Value: "sqlserver", Label: "数据库拉取：SQL Server（暂不支持）"}}

// Supported tells whether a kind can be connected.
func Supported(kind string) bool {
	return has([]string{"upload", "push", "folder", "sftp", "postgresql", "mysql"}, kind)
}

// object is the name of the bytes in the vault.
func (f Raw) object() string {
	if f.Object != "" {
		return f.Object
	}
	return f.ID
}

// ErrUpload: the upload is not there, not the actor's, or used elsewhere.
var ErrUpload = errors.New("no such upload")

// brought is what a delivery consists of, before it is on record.
type brought struct {
	name, sha256       string
	size               int64
	attachment, object string
	way                string
}

// Receive registers a delivered file (clause 7.2). The upload must be the person's own and
// unused, or lie in the case already; from the commit on nobody can download it, and only the
// ingest job reads it. It may be an attachment or a staged upload in parts. The same bytes
// delivered again to a hookup are the same raw file. Errors: ErrUpload. Crash state: all or
// nothing; the bytes of an attachment stay where the upload left them until the job has moved
// them into the vault.
func Receive(w *store.Tx, hookup, upload, person, org, caseNo string) (Raw, error) {
	var u Upload
	err := w.Get(&u, `SELECT `+uploadColumns+` FROM raw_upload WHERE id = $1`, upload)
	if err == nil {
		return receiveStaged(w, u, hookup, person, org, caseNo)
	}
	if !errors.Is(err, store.ErrNotFound) {
		return Raw{}, err
	}
	var a procedure.Attachment
	err = w.Get(&a, `SELECT id, case_no, name, sha256, size FROM attachment WHERE id = $1 AND person = $2 AND (case_no = '' OR case_no = $3)`, upload, person, caseNo)
	if errors.Is(err, store.ErrNotFound) {
		return Raw{}, ErrUpload
	}
	if err != nil {
		return Raw{}, err
	}
	f, err := receive(w, hookup, brought{name: a.Name, sha256: a.SHA256, size: a.Size, attachment: a.ID, way: "upload"}, person, org, caseNo)
	if err != nil {
		return f, err
	}
	// "raw:" is no case number: whoever asks for the attachment is told it is not there.
	return f, w.ExecOne(`UPDATE attachment SET case_no = $1 WHERE id = $2 AND case_no = $3`, "raw:"+f.ID, a.ID, a.CaseNo)
}

func receiveStaged(w *store.Tx, u Upload, hookup, person, org, caseNo string) (Raw, error) {
	if u.State != "complete" || u.Person != person || u.CaseNo != caseNo || u.Hookup != hookup {
		return Raw{}, ErrUpload
	}
	if err := w.ExecOne(`UPDATE raw_upload SET state = 'taken' WHERE id = $1 AND state = 'complete'`, u.ID); err != nil {
		return Raw{}, err
	}
	f, err := receive(w, hookup, brought{name: u.Name, sha256: u.SHA256, size: u.Size, object: u.ID, way: u.Way}, person, org, caseNo)
	if err != nil {
		return f, err
	}
	if u.PushKey != "" {
		if _, err := w.Exec(`INSERT INTO raw_push (hookup, push_key, raw, sha256, at) VALUES ($1,$2,$3,$4,$5)`, hookup, u.PushKey, f.ID, u.SHA256, store.At(w.Now())); err != nil {
			return f, err
		}
	}
	if u.Watermark != "" {
		return f, w.ExecOne(`UPDATE connector SET watermark = $1 WHERE hookup = $2`, u.Watermark, hookup)
	}
	return f, nil
}

// CanDeliver tells whether Receive would take the upload.
func CanDeliver(r *store.ReadTx, upload, person, caseNo string) (bool, error) {
	ok, err := r.Exists(`SELECT 1 FROM raw_upload WHERE id = $1 AND person = $2 AND case_no = $3 AND state = 'complete'`, upload, person, caseNo)
	if ok || err != nil {
		return ok, err
	}
	return r.Exists(`SELECT 1 FROM attachment WHERE id = $1 AND person = $2 AND (case_no = '' OR case_no = $3)`, upload, person, caseNo)
}

// WayOf tells how an upload came; an attachment was uploaded.
func WayOf(r *store.ReadTx, upload string) (string, error) {
	var way string
	err := r.Get(&way, `SELECT way FROM raw_upload WHERE id = $1`, upload)
	if errors.Is(err, store.ErrNotFound) {
		return "upload", nil
	}
	return way, err
}

func receive(w *store.Tx, hookup string, b brought, person, org, caseNo string) (Raw, error) {
	now := store.At(w.Now())
	var f Raw
	err := w.Get(&f, `SELECT `+rawColumns+` FROM raw_file WHERE hookup = $1 AND sha256 = $2`, hookup, b.sha256)
	again := err == nil
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return f, err
	}
	if !again {
		n, err := w.Next("raw_file")
		if err != nil {
			return f, err
		}
		f = Raw{ID: fmt.Sprintf("raw-%06d", n), Hookup: hookup, Name: b.name, Size: b.size, SHA256: b.sha256, Object: b.object}
	}
	f.Attachment, f.Person, f.Org, f.Received, f.CaseNo, f.Way = b.attachment, person, org, now, caseNo, b.way
	if f.State != "ingested" {
		// Bytes that were destroyed come under a name of their own: the old one is spent.
		if f.Object = b.object; f.State == "destroyed" && b.object == "" {
			f.Object = f.ID + "-" + fmt.Sprint(now.UnixMilli())
		}
		f.State, f.Outcome = "received", ""
	}
	if again {
		err = w.ExecOne(`UPDATE raw_file SET attachment = $1, person = $2, org = $3, received = $4, case_no = $5, state = $6, outcome = $7, object = $8, way = $9 WHERE id = $10`,
			f.Attachment, f.Person, f.Org, f.Received, f.CaseNo, f.State, f.Outcome, f.Object, f.Way, f.ID)
	} else {
		_, err = w.Exec(`INSERT INTO raw_file (`+rawColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14)`,
			f.ID, f.Hookup, f.Name, f.Size, f.SHA256, f.Attachment, f.Person, f.Org, f.Received, f.State, f.Outcome, f.CaseNo, f.Object, f.Way)
	}
	if err != nil {
		return f, err
	}
	record(w, "governance.receive", person, org, f.ID, "receive", "received", map[string]string{"case": caseNo, "sha256": b.sha256, "hookup": hookup, "size": fmt.Sprint(b.size), "way": b.way})
	return f, nil
}
