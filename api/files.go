package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"pado/core/audit"
	"pado/core/docs"
	"pado/core/id"
	"pado/core/procedure"
	"pado/core/store"
)

// Files keeps the bytes of attachments, encrypted at rest (10.5.1).
type Files interface {
	// Save keeps at most max bytes under a new id and returns their SHA-256 and length;
	// ErrTooLarge beyond, and then nothing is kept.
	Save(id string, r io.Reader, max int64) (sha256 string, size int64, err error)
	Open(id string) (io.ReadCloser, error)
}

// MaxAttachment is the largest attachment in bytes.
const MaxAttachment = 200 << 20

// ErrTooLarge: the upload is longer than allowed; nothing was kept.
var ErrTooLarge = errors.New("too large")

type bytesOut struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	CSP         string `header:"Content-Security-Policy"`
	Body        func(huma.Context)
}

// extensions that may be attached; what they are is told by name and media type, never run.
var attachable = map[string]string{".pdf": "application/pdf", ".doc": "application/msword", ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	".xls": "application/vnd.ms-excel", ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".csv": "text/csv", ".tsv": "text/tab-separated-values",
	".txt": "text/plain", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".ofd": "application/octet-stream", ".wps": "application/octet-stream",
	".et": "application/octet-stream", ".zip": "application/zip", ".json": "application/json", ".data": "text/plain", ".parquet": "application/octet-stream", ".xml": "application/xml"}

func (a *API) fileRoutes() {
	type uploadIn struct {
		Kind    string `query:"kind" maxLength:"20" enum:"signed_scan" doc:"signed_scan：签署扫描件；不填为一般附件"`
		RawBody huma.MultipartFormFiles[struct {
			File huma.FormFile `form:"file" required:"true"`
		}]
	}
	type uploadOut struct {
		Status int
		Body   AttachmentWire
	}
	o := op("upload", "POST", "/api/attachments", "上传附件", "附件", true)
	o.MaxBodyBytes = MaxAttachment + 1<<20
	o.BodyReadTimeout = -1
	Route(a, o, func(ctx context.Context, in *uploadIn) (*uploadOut, error) {
		actor, err := a.who(ctx)
		if err != nil {
			return nil, err
		}
		f := in.RawBody.Data().File
		w, err := a.keep(ctx, actor, f.Filename, in.Kind, f)
		return &uploadOut{201, w}, err
	})
	type idIn struct {
		ID string `path:"id" maxLength:"60"`
	}
	Route(a, op("download", "GET", "/api/attachments/{id}", "下载附件", "附件", true), func(ctx context.Context, in *idIn) (*bytesOut, error) {
		actor, err := a.who(ctx)
		if err != nil {
			return nil, err
		}
		f, err := a.Engine.Attachment(ctx, actor, in.ID)
		if err != nil {
			return nil, err
		}
		body, err := a.Files.Open(f.ID)
		if err != nil {
			return nil, fmt.Errorf("open an attachment: %w", err)
		}
		return stream(f.Name, "application/octet-stream", true, func(w io.Writer) error {
			defer body.Close()
			_, err := io.Copy(w, body)
			return err
		}), nil
	})
	type paperIn struct {
		No   string `path:"no" maxLength:"40"`
		File string `path:"file" maxLength:"80"`
	}
	Route(a, op("paper", "GET", "/api/cases/{no}/documents/{file}", "事项文书（html、pdf、docx）", "文书", true), func(ctx context.Context, in *paperIn) (*bytesOut, error) {
		actor, err := a.who(ctx)
		if err != nil {
			return nil, err
		}
		ext := filepath.Ext(in.File)
		kind := strings.TrimSuffix(in.File, ext)
		d, err := a.Engine.Paper(ctx, actor, in.No, kind)
		if err != nil {
			return nil, err
		}
		return document(d, ext)
	})
	Route(a, op("timeline", "GET", "/api/cases/{no}/timeline/{file}", "办理过程（timeline.html、timeline.pdf）", "文书", true), func(ctx context.Context, in *struct {
		No   string `path:"no" maxLength:"40"`
		File string `path:"file" maxLength:"20"`
	}) (*bytesOut, error) {
		actor, err := a.who(ctx)
		if err != nil {
			return nil, err
		}
		v, err := a.Engine.View(ctx, actor, in.No)
		if err != nil {
			return nil, err
		}
		return document(v.Timeline(), filepath.Ext(in.File))
	})
}

// keep stores an upload and its row; the row belongs to the person until a case takes it.
func (a *API) keep(ctx context.Context, actor procedure.Actor, name, kind string, r io.Reader) (AttachmentWire, error) {
	name = filepath.Base(strings.ReplaceAll(strings.ToValidUTF8(name, ""), "\\", "/"))
	media, ok := attachable[strings.ToLower(filepath.Ext(name))]
	if !ok || len([]rune(name)) > 120 || strings.ContainsFunc(name, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
		return AttachmentWire{}, problem(415, "attachment.kind", "不接受这种文件。可上传 PDF、Word、Excel、图片、OFD、CSV、文本或 ZIP，文件名不超过 120 字")
	}
	no, err := id.New(a.Engine.DB().Rand(), "at")
	if err != nil {
		return AttachmentWire{}, err
	}
	sum, size, err := a.Files.Save(no, r, MaxAttachment)
	if errors.Is(err, ErrTooLarge) {
		return AttachmentWire{}, errTooLarge
	}
	if err != nil {
		return AttachmentWire{}, fmt.Errorf("keep an attachment: %w", err)
	}
	att := procedure.Attachment{ID: no, Name: name, Size: size, SHA256: sum, Media: media, Person: actor.Person}
	if len(actor.Desks) > 0 {
		att.Org = actor.Desks[0].Org
	}
	_, err = a.Engine.DB().Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		att.At = store.At(w.Now())
		if err := procedure.AddAttachment(w, att); err != nil {
			return audit.Entry{}, err
		}
		e := audit.Entry{Type: "file.upload", Actor: actor.Person, Org: att.Org, Object: att.ID, Action: "upload", Clause: "3",
			Detail: map[string]string{"sha256": sum, "size": fmt.Sprint(size)}}
		if kind == "" {
			return e, nil
		}
		e.Detail["kind"] = kind
		return e, w.ExecOne(`UPDATE attachment SET kind = $1 WHERE id = $2`, kind, att.ID)
	})
	return attachmentWire(att, paperKinds{att.ID: kind}, map[string]string{att.Person: actor.Name}), err
}

// paperKinds are the kinds of a case's attachments by id, of those that are more than enclosures.
type paperKinds map[string]string

// attachmentFacts are what a case's attachments are and who uploaded them.
func attachmentFacts(r *store.ReadTx, v *procedure.CaseView) (paperKinds, map[string]string, error) {
	kinds := paperKinds{}
	if len(v.Files) == 0 {
		return kinds, nil, nil
	}
	var rows []struct{ ID, Kind string }
	if err := r.Select(&rows, `SELECT id, kind FROM attachment WHERE case_no = $1 AND kind <> ''`, v.Case.No); err != nil {
		return kinds, nil, err
	}
	for _, x := range rows {
		kinds[x.ID] = x.Kind
	}
	people := make([]string, len(v.Files))
	for i, f := range v.Files {
		people[i] = f.Person
	}
	names, err := namesOf(r, "person", people)
	return kinds, names, err
}

// document renders a paper in the format its address ends with.
func document(d docs.Document, ext string) (*bytesOut, error) {
	switch ext {
	case ".html":
		return stream(d.Title+".html", "text/html; charset=utf-8", false, func(w io.Writer) error { return docs.HTML(w, d) }), nil
	case ".pdf":
		return stream(d.Title+".pdf", "application/pdf", false, func(w io.Writer) error { return docs.PDF(w, d) }), nil
	case ".docx":
		return stream(d.Title+".docx", attachable[".docx"], true, func(w io.Writer) error { return docs.DOCX(w, d) }), nil
	}
	return nil, errNotFound
}

// stream renders into memory first, so that a failure is a clean problem and not half a file.
func stream(name, media string, attach bool, write func(io.Writer) error) *bytesOut {
	kind := "inline"
	if attach {
		kind = "attachment"
	}
	return &bytesOut{ContentType: media, Disposition: mime.FormatMediaType(kind, map[string]string{"filename": name}),
		CSP: "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox allow-modals",
		Body: func(c huma.Context) {
			w := c.BodyWriter()
			if err := write(w); err != nil {
				if rw, ok := w.(http.ResponseWriter); ok {
					rw.Header().Set("Content-Type", "application/problem+json")
				}
				panic(http.ErrAbortHandler)
			}
		}}
}
