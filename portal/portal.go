// Package portal is the public, read-only face: home, public registers, notices, search,
// verification of numbers and of the log. Its pages work without JavaScript, print well and can be
// indexed. It cannot reach the sandbox or the raw zone (tested by the import rules). See README.md.
package portal

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/plan"
)

//go:embed templates/*.html
var files embed.FS

// Config says whose portal this is. Blank footer items are left out, never invented.
type Config struct {
	Base     string // path prefix, e.g. "/portal/"
	City     string
	Platform string
	Host     string // 主办单位
	Contact  string
	ICP      string
	Police   string // 公安备案号
	SiteCode string // 网站标识码
	Demo     bool
	Counters []Counter
}

// Counter is a number on the home page: the size of a public register. Show are the columns that
// stand beside the name where its newest rows are listed; none: the rows are not listed.
type Counter struct {
	Label, Register, Unit string
	Show                  []string
}

// Records is what the portal reads besides the public registers. All are required.
type Records struct {
	Engine    *procedure.Engine
	Registers []*register.Register
	// Verify answers a number; store.ErrNotFound when it is not on record.
	Verify func(*store.ReadTx, string) (*procedure.Proof, error)
	// Recorded finds the entry that has a SHA-256 in lower-case hexadecimal; store.ErrNotFound.
	Recorded func(*store.ReadTx, string) (Recorded, error)
	// Open reads an attachment that a notice opens to the public.
	Open func(id string) (io.ReadCloser, error)
}

// Recorded is where a digest stands in the log, and as what: "附件", "事项内容", "产品登记内容" …
type Recorded struct {
	Seq  int64
	At   store.Time
	What string
}

// Portal serves the public pages.
type Portal struct {
	Config
	Records
	public []*register.Register
	pages  *template.Template
	mux    *http.ServeMux
	upload chan struct{} // places for digests being computed
}

// New builds the portal over the public ones of the registers.
func New(c Config, r Records) (*Portal, error) {
	p := &Portal{Config: c, Records: r, mux: http.NewServeMux(), upload: make(chan struct{}, maxUploads)}
	p.Base = "/" + strings.Trim(c.Base, "/") + "/"
	if p.Base == "//" {
		p.Base = "/"
	}
	for _, g := range r.Registers {
		if g.Public {
			p.public = append(p.public, g)
		}
	}
	var err error
	p.pages, err = template.New("").Funcs(template.FuncMap{"path": p.path, "cell": cellText, "link": p.link, "time": minute, "day": day, "lastday": lastDay, "ends": ends, "clause": clauseTitle,
		"comma": comma, "icon": func() template.URL { return icon }}).ParseFS(files, "templates/*.html")
	if err != nil {
		return nil, err
	}
	for pattern, f := range map[string]func(*http.Request, *view) error{
		"{$}": p.home, "list/{id}": p.list, "list/{id}/{key...}": p.item, "search": p.search,
		"notices": p.notices, "notices/{no}": p.notice, "notices/{no}/objection": p.objection,
		"verify": p.check, "verify/{no...}": p.check, "log": p.log, "log/digest": p.digest, "log/{seq}": p.log,
		"plan": p.clauses, "errors": p.errors,
	} {
		p.mux.HandleFunc("GET "+p.Base+pattern, p.page(f))
	}
	p.mux.HandleFunc("POST "+p.Base+"log/digest", p.send)
	p.mux.HandleFunc("GET "+p.Base+"notices/{no}/{file}", p.paper)
	p.mux.HandleFunc("GET "+p.Base+"notices/{no}/files/{id}", p.file)
	p.mux.HandleFunc("GET "+p.Base+"style.css", p.style)
	p.openRoutes()
	p.mux.HandleFunc("/", p.page(p.elsewhere))
	return p, nil
}

func (p *Portal) path(parts ...string) string {
	for i, x := range parts {
		parts[i] = url.PathEscape(x)
	}
	return p.Base + strings.Join(parts, "/")
}

// elsewhere answers what no page is at: another method than a page takes, or nothing at all.
func (p *Portal) elsewhere(r *http.Request, v *view) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		v.Header.Set("Allow", "GET, HEAD")
		if r.URL.Path == p.Base+"log/digest" {
			v.Header.Set("Allow", "GET, HEAD, POST")
		}
		v.Template, v.Title, v.Status = "method", "这个地址不接受这种请求", http.StatusMethodNotAllowed
		return nil
	}
	return store.ErrNotFound
}

// view is what a template draws.
type view struct {
	*Portal
	Template, Title string
	Status          int
	Header          http.Header
	Here            string // the path, to mark the page in the menu
	Now             time.Time
	Register        *register.Register
	Page            register.Page
	Q, Prev, Next   string
	Filters         map[string]string
	Item            *register.Item
	Key             string
	Posted          *procedure.Posted
	Board           procedure.BoardPage
	Kinds           []string
	From, To        int // of a page of notices
	Proof           *procedure.Proof
	Asked           bool
	Home            *homePage
	Found           *findings
	Checkpoint      store.Checkpoint
	Entry           *evidence
	Digest          *digestPage
	Plan            *planPage
	Codes           []codeGroup
	Say             string // one sentence about what was asked
}

// icon is the favicon: a square in the platform's blue.
const icon = template.URL("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='3' fill='%231351b4'/%3E%3Cpath d='M4 11V5h4a2 2 0 0 1 0 4H4' stroke='%23fff' stroke-width='1.6' fill='none'/%3E%3C/svg%3E")

const policy = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// page draws a page or says in one way that there is none.
func (p *Portal) page(f func(*http.Request, *view) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		fresh := func() *view { return &view{Portal: p, Status: http.StatusOK, Here: r.URL.Path, Header: http.Header{}} }
		v := fresh()
		err := f(r, v)
		switch {
		case errors.Is(err, store.ErrNotFound), errors.Is(err, register.ErrQuery):
			v = fresh()
			v.Template, v.Title, v.Status = "missing", "没有找到", http.StatusNotFound
		case err != nil:
			slog.ErrorContext(r.Context(), "portal page failed", "route", r.Pattern, "err", err)
			v = fresh()
			v.Template, v.Title, v.Status = "broken", "暂时无法显示", http.StatusInternalServerError
		}
		var b bytes.Buffer
		if err := p.pages.ExecuteTemplate(&b, "frame", v); err != nil {
			slog.ErrorContext(r.Context(), "portal template failed", "template", v.Template, "err", err)
			http.Error(w, "暂时无法显示，请稍后再试", http.StatusInternalServerError)
			return
		}
		h := w.Header()
		for k, x := range v.Header {
			h[k] = x
		}
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		if r.Method == http.MethodPost || v.Status != http.StatusOK {
			h.Set("Cache-Control", "no-store")
		} else {
			h.Set("Cache-Control", "public, max-age=5")
		}
		w.WriteHeader(v.Status)
		w.Write(b.Bytes()) //nolint:errcheck // the client is gone
	}
}

// ServeHTTP implements http.Handler.
func (p *Portal) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// Errors is the page that explains the codes of refusals, for the address that problem documents name.
func (p *Portal) Errors() http.Handler { return p.page(p.errors) }

// Body draws the body of the page's template inside the frame.
func (v *view) Body() (template.HTML, error) {
	var b bytes.Buffer
	err := v.pages.ExecuteTemplate(&b, v.Template, v)
	return template.HTML(b.String()), err //nolint:gosec // a template's own output
}

func (p *Portal) read(ctx context.Context, f func(*store.ReadTx) error) error {
	return p.Engine.DB().View(ctx, f)
}

func (p *Portal) register(id string) (*register.Register, error) {
	for _, g := range p.public {
		if g.ID == id {
			return g, nil
		}
	}
	return nil, store.ErrNotFound
}

func (p *Portal) style(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=300")
	w.Write([]byte(css)) //nolint:errcheck // the client is gone
}

func minute(t store.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(calendar.Shanghai).Format("2006-01-02 15:04")
}

func day(t store.Time) string {
	if t.IsZero() {
		return ""
	}
	return calendar.DateOf(t.Time).Chinese()
}

// lastDay is the last day of a period that ends at an instant.
func lastDay(t store.Time) string { return day(store.At(t.Add(-time.Millisecond))) }

// ends is an instant at which something ends; midnight belongs to the day before.
func ends(t store.Time) string {
	if x := t.In(calendar.Shanghai); x.Hour() == 0 && x.Minute() == 0 {
		return lastDay(t) + "24时"
	}
	return minute(t)
}

func clauseTitle(id string) string {
	c, ok := plan.Lookup(id)
	if !ok {
		return id
	}
	return id + " " + c.Title
}
