package portal

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"pado/core/docs"
	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
)

const (
	noticesPage = 20
	maxQuery    = 100 // characters of a search
)

func (p *Portal) notices(r *http.Request, v *view) error {
	q := r.URL.Query()
	v.Template, v.Title, v.Kinds = "notices", "公告公示", p.Engine.BoardKinds()
	v.Q, v.Filters = strings.TrimSpace(q.Get("q")), map[string]string{"kind": q.Get("kind"), "org": q.Get("org")}
	from := 0
	if s := q.Get("from"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 || n > 1_000_000 {
			return register.ErrQuery
		}
		from = n
	}
	if len([]rune(v.Q)) > maxQuery {
		return register.ErrQuery
	}
	return p.read(r.Context(), func(tx *store.ReadTx) (err error) {
		v.Board, err = p.Engine.BoardPage(tx, procedure.BoardQuery{Kind: v.Filters["kind"], Org: v.Filters["org"], Text: v.Q, Offset: from, Size: noticesPage})
		v.From, v.To = from+1, from+len(v.Board.Items)
		at := func(n int) string {
			to := url.Values{}
			for k, x := range map[string]string{"q": v.Q, "kind": v.Filters["kind"], "org": v.Filters["org"]} {
				if x != "" {
					to.Set(k, x)
				}
			}
			if n > 0 {
				to.Set("from", strconv.Itoa(n))
			}
			return "?" + to.Encode()
		}
		if v.To < v.Board.Total && len(v.Board.Items) > 0 {
			v.Next = at(v.To)
		}
		if from > 0 {
			v.Prev = at(max(0, from-noticesPage))
		}
		return err
	})
}

func (p *Portal) notice(r *http.Request, v *view) error {
	v.Template = "notice"
	return p.read(r.Context(), func(tx *store.ReadTx) error {
		n, err := p.Engine.Posting(tx, r.PathValue("no"))
		v.Posted, v.Title = &n, n.Title
		return err
	})
}

// objection is the form of a real-name objection, to be printed and handed in.
func (p *Portal) objection(r *http.Request, v *view) error {
	v.Template, v.Title = "objection", "实名异议书"
	return p.read(r.Context(), func(tx *store.ReadTx) error {
		n, err := p.Engine.Posting(tx, r.PathValue("no"))
		if err == nil && n.Objection == nil {
			err = store.ErrNotFound
		}
		v.Posted = &n
		return err
	})
}

// paper serves a public document of a notice.
func (p *Portal) paper(w http.ResponseWriter, r *http.Request) {
	kind, ext, _ := strings.Cut(r.PathValue("file"), ".")
	d, err := p.Engine.PublicPaper(r.Context(), r.PathValue("no"), kind)
	var b bytes.Buffer
	if err == nil {
		switch ext {
		case "pdf":
			w.Header().Set("Content-Type", "application/pdf")
			err = docs.PDF(&b, d)
		case "html":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; base-uri 'none'")
			err = docs.HTML(&b, d)
		default:
			err = store.ErrNotFound
		}
	}
	if err != nil {
		w.Header().Del("Content-Type")
		p.page(func(*http.Request, *view) error { return err })(w, r)
		return
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Write(b.Bytes()) //nolint:errcheck // the client is gone
}

// file serves an attachment that a notice opens to the public, always as a download.
func (p *Portal) file(w http.ResponseWriter, r *http.Request) {
	var f procedure.Attachment
	err := p.read(r.Context(), func(tx *store.ReadTx) (err error) {
		f, err = p.Engine.PublicFile(tx, r.PathValue("no"), r.PathValue("id"))
		return err
	})
	var body io.ReadCloser
	if err == nil {
		if p.Open == nil {
			err = errors.New("the portal has no attachments")
		} else {
			body, err = p.Open(f.ID)
		}
	}
	if err != nil {
		p.page(func(*http.Request, *view) error { return err })(w, r)
		return
	}
	defer body.Close()
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Length", strconv.FormatInt(f.Size, 10))
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	io.Copy(w, body) //nolint:errcheck // the client is gone, or the length tells that the file is short
}
