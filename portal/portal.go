// Package portal is the public, read-only face: home, public registers, notices, verification.
// Its pages work without JavaScript, print well and can be indexed. It cannot reach the sandbox
// or the raw zone (tested by the import rules). See README.md.
package portal

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"pado/core/calendar"
	"pado/core/docs"
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

// Counter is a number on the home page: the size of a public register.
type Counter struct{ Label, Register, Unit string }

// Portal serves the public pages.
type Portal struct {
	Config
	engine    *procedure.Engine
	registers []*register.Register
	verify    func(*store.ReadTx, string) (*procedure.Proof, error)
	pages     *template.Template
	mux       *http.ServeMux
}

// New builds the portal over the public ones of the registers. verify answers a number;
// store.ErrNotFound when it is not on record.
func New(c Config, e *procedure.Engine, all []*register.Register, verify func(*store.ReadTx, string) (*procedure.Proof, error)) (*Portal, error) {
	p := &Portal{Config: c, engine: e, verify: verify, mux: http.NewServeMux()}
	p.Base = "/" + strings.Trim(c.Base, "/") + "/"
	if p.Base == "//" {
		p.Base = "/"
	}
	for _, g := range all {
		if g.Public {
			p.registers = append(p.registers, g)
		}
	}
	var err error
	p.pages, err = template.New("").Funcs(template.FuncMap{"path": func(parts ...string) string {
		for i, x := range parts {
			parts[i] = url.PathEscape(x)
		}
		return p.Base + strings.Join(parts, "/")
	}, "cell": cellText, "time": minute, "clause": clauseTitle, "inc": func(i int) int { return i + 1 }}).ParseFS(files, "templates/*.html")
	if err != nil {
		return nil, err
	}
	p.mux.HandleFunc("GET "+p.Base+"{$}", p.page(p.home))
	p.mux.HandleFunc("GET "+p.Base+"list/{id}", p.page(p.list))
	p.mux.HandleFunc("GET "+p.Base+"list/{id}/{key}", p.page(p.item))
	p.mux.HandleFunc("GET "+p.Base+"notices", p.page(p.notices))
	p.mux.HandleFunc("GET "+p.Base+"notices/{no}", p.page(p.notice))
	p.mux.HandleFunc("GET "+p.Base+"notices/{no}/{file}", p.paper)
	p.mux.HandleFunc("GET "+p.Base+"verify", p.page(p.check))
	p.mux.HandleFunc("GET "+p.Base+"verify/{no}", p.page(p.check))
	p.mux.HandleFunc("GET "+p.Base+"log", p.page(p.log))
	p.mux.HandleFunc("GET "+p.Base+"plan", p.page(p.clauses))
	p.mux.HandleFunc("GET "+p.Base+"style.css", p.style)
	p.mux.HandleFunc(p.Base, p.page(func(*http.Request, *view) error { return store.ErrNotFound }))
	return p, nil
}

// view is what a template draws.
type view struct {
	*Portal
	Template, Title string
	Now             time.Time
	Register        *register.Register
	Page            register.Page
	Q, Prev, Next   string
	Filters         map[string]string
	Item            *register.Item
	Key             string
	Board           []procedure.Posted
	Posted          *procedure.Posted
	Proof           *procedure.Proof
	Asked           bool
	Status          int
	Counts          []count
	Newest          []shelf
	Checkpoint      store.Checkpoint
	Clauses         []plan.Row
}

type count struct {
	Counter
	N int
}

type shelf struct {
	Register *register.Register
	Rows     []register.Row
}

// Public are the registers everyone may read.
func (v *view) Public() []*register.Register { return v.registers }

const policy = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// page draws a page or says in one way that there is none.
func (p *Portal) page(f func(*http.Request, *view) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := &view{Portal: p, Status: http.StatusOK}
		err := f(r, v)
		switch {
		case errors.Is(err, store.ErrNotFound), errors.Is(err, register.ErrQuery):
			v = &view{Portal: p, Template: "missing", Title: "没有找到", Status: http.StatusNotFound}
		case err != nil:
			slog.ErrorContext(r.Context(), "portal page failed", "route", r.Pattern, "err", err)
			v = &view{Portal: p, Template: "broken", Title: "暂时无法显示", Status: http.StatusInternalServerError}
		}
		var b bytes.Buffer
		if err := p.pages.ExecuteTemplate(&b, "frame", v); err != nil {
			slog.ErrorContext(r.Context(), "portal template failed", "template", v.Template, "err", err)
			http.Error(w, "暂时无法显示，请稍后再试", http.StatusInternalServerError)
			return
		}
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "public, max-age=5")
		w.WriteHeader(v.Status)
		w.Write(b.Bytes()) //nolint:errcheck // the client is gone
	}
}

// ServeHTTP implements http.Handler.
func (p *Portal) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// Body draws the body of the page's template inside the frame.
func (v *view) Body() (template.HTML, error) {
	var b bytes.Buffer
	err := v.pages.ExecuteTemplate(&b, v.Template, v)
	return template.HTML(b.String()), err
}

func (p *Portal) read(ctx context.Context, f func(*store.ReadTx) error) error {
	return p.engine.DB().View(ctx, f)
}

func (p *Portal) public(id string) (*register.Register, error) {
	for _, g := range p.registers {
		if g.ID == id {
			return g, nil
		}
	}
	return nil, store.ErrNotFound
}

func (p *Portal) home(r *http.Request, v *view) error {
	v.Template, v.Title = "home", p.Platform
	return p.read(r.Context(), func(tx *store.ReadTx) (err error) {
		v.Now = tx.Now()
		for _, c := range p.Counters {
			g, err := p.public(c.Register)
			if err != nil {
				continue
			}
			page, err := g.List(tx, procedure.Actor{}, register.Query{Size: 5})
			if err != nil {
				return err
			}
			v.Counts = append(v.Counts, count{c, page.Total})
			v.Newest = append(v.Newest, shelf{g, page.Rows})
		}
		v.Board, err = p.engine.Board(tx, 8)
		return err
	})
}

func (p *Portal) list(r *http.Request, v *view) error {
	g, err := p.public(r.PathValue("id"))
	if err != nil {
		return err
	}
	q := r.URL.Query()
	v.Template, v.Title, v.Register, v.Q = "list", g.Title, g, q.Get("q")
	v.Filters = map[string]string{}
	for _, f := range g.Filters {
		if x := q.Get(f.Key); x != "" {
			v.Filters[f.Key] = x
		}
	}
	if len([]rune(v.Q)) > 100 {
		return register.ErrQuery
	}
	return p.read(r.Context(), func(tx *store.ReadTx) (err error) {
		v.Page, err = g.List(tx, procedure.Actor{}, register.Query{Text: v.Q, Filters: v.Filters, Cursor: q.Get("cursor"), Size: 20})
		if v.Page.Next != "" {
			q.Set("cursor", v.Page.Next)
			v.Next = "?" + q.Encode()
		}
		if q.Get("cursor") != "" && r.URL.Query().Get("cursor") != "" {
			q.Del("cursor")
			v.Prev = "?" + q.Encode()
		}
		return err
	})
}

func (p *Portal) item(r *http.Request, v *view) error {
	g, err := p.public(r.PathValue("id"))
	if err != nil || g.Item == nil {
		return store.ErrNotFound
	}
	v.Template, v.Register, v.Key = "item", g, r.PathValue("key")
	return p.read(r.Context(), func(tx *store.ReadTx) error {
		// The list's own condition decides what is public; the page never shows more.
		page, err := g.List(tx, procedure.Actor{}, register.Query{Key: v.Key, Size: 1})
		if err != nil || len(page.Rows) != 1 {
			return errors.Join(err, store.ErrNotFound)
		}
		v.Item, err = g.Item(tx, procedure.Actor{}, v.Key)
		if err == nil {
			v.Title = v.Item.Title
		}
		return err
	})
}

func (p *Portal) notices(r *http.Request, v *view) error {
	v.Template, v.Title = "notices", "公告公示"
	return p.read(r.Context(), func(tx *store.ReadTx) (err error) {
		v.Board, err = p.engine.Board(tx, 200)
		return err
	})
}

func (p *Portal) notice(r *http.Request, v *view) error {
	v.Template = "notice"
	return p.read(r.Context(), func(tx *store.ReadTx) error {
		n, err := p.engine.Posting(tx, r.PathValue("no"))
		v.Posted, v.Title = &n, n.Title
		return err
	})
}

// paper serves a public document of a notice.
func (p *Portal) paper(w http.ResponseWriter, r *http.Request) {
	kind, ext, _ := strings.Cut(r.PathValue("file"), ".")
	d, err := p.engine.PublicPaper(r.Context(), r.PathValue("no"), kind)
	var b bytes.Buffer
	if err == nil {
		switch ext {
		case "pdf":
			w.Header().Set("Content-Type", "application/pdf")
			err = docs.PDF(&b, d)
		case "html":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:")
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
	w.Write(b.Bytes()) //nolint:errcheck // the client is gone
}

func (p *Portal) check(r *http.Request, v *view) error {
	v.Template, v.Title = "verify", "核验"
	no := strings.TrimSpace(r.PathValue("no"))
	if no == "" {
		no = strings.TrimSpace(r.URL.Query().Get("no"))
	}
	if no == "" {
		return nil
	}
	v.Q, v.Asked = no, true
	if len(no) > 120 {
		return nil
	}
	return p.read(r.Context(), func(tx *store.ReadTx) error {
		proof, err := p.verify(tx, no)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		v.Proof = proof
		return err
	})
}

func (p *Portal) log(r *http.Request, v *view) error {
	v.Template, v.Title = "log", "审计日志与核验方法"
	return p.read(r.Context(), func(tx *store.ReadTx) (err error) {
		v.Checkpoint, err = tx.LatestCheckpoint()
		if errors.Is(err, store.ErrNotFound) {
			err = nil
		}
		return err
	})
}

func (p *Portal) clauses(_ *http.Request, v *view) error {
	v.Template, v.Title, v.Clauses = "plan", "方案条款与平台功能对照", plan.Coverage()
	return nil
}

func (p *Portal) style(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	w.Write([]byte(css)) //nolint:errcheck // the client is gone
}

func minute(t store.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(calendar.Shanghai).Format("2006-01-02 15:04")
}

func clauseTitle(id string) string {
	c, ok := plan.Lookup(id)
	if !ok {
		return id
	}
	return id + " " + c.Title
}

func cellText(c procedure.Column, cells map[string]any) string {
	switch x := cells[c.Key].(type) {
	case nil:
		return "—"
	case string:
		if x == "" {
			return "—"
		}
		return x
	case int64:
		return strconv.FormatInt(x, 10)
	case store.Time:
		return minute(x)
	case bool:
		if x {
			return "是"
		}
		return "否"
	}
	return ""
}
