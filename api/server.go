package api

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"path"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"golang.org/x/time/rate"

	"pado/core/identity"
	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
)

// Identity is what the API needs to know who asks; core/identity implements it.
type Identity interface {
	SignIn(ctx context.Context, user, password, code, from string) (token string, s identity.Session, err error)
	SignOut(ctx context.Context, token string) error
	Session(ctx context.Context, token string) (identity.Session, error)
	ChangePassword(ctx context.Context, s identity.Session, old, new string) error
	BeginTOTP(ctx context.Context, s identity.Session) (secret, uri string, err error)
	ConfirmTOTP(ctx context.Context, s identity.Session, code string) error
	RemoveTOTP(ctx context.Context, s identity.Session, code string) error
	SetOwnContacts(ctx context.Context, s identity.Session, c identity.Contacts) error
	Register(ctx context.Context, n identity.NewPerson) (person string, err error)
	Confirm(ctx context.Context, s identity.Session, password, code string) (proof string, until time.Time, err error)
	Confirmed(s identity.Session, proof string) bool
}

// Deps are the rooms the API stands on. All but the optional ones are required.
type Deps struct {
	Engine    *procedure.Engine
	Identity  Identity
	Actor     func(*store.ReadTx, string) (procedure.Actor, error) // desks of a person
	Registers []*register.Register
	Menu      func(procedure.Actor) []MenuGroup
	Messages  Messages
	Files     Files
	Choices   map[string]Choices
	City      City
	Version   string
	Demo      bool
	Secure    bool                       // cookies over TLS only
	More      func(*API)                 // further documented routes (sandbox, gateway administration)
	Health    func() (free uint64)       // free bytes of the data directory; nil = unknown
	LogReader func(procedure.Actor) bool // who may search the log; nil = nobody
}

// City is whose platform this is.
type City struct {
	Code     string `json:"code"`
	Name     string `json:"name"`
	Platform string `json:"platform"`
}

// MenuGroup is one heading of the left menu with its pages.
type MenuGroup struct {
	Key      string     `json:"key"`
	Label    string     `json:"label"`
	Children []MenuItem `json:"children"`
}

// MenuItem is one page of the menu.
type MenuItem struct {
	Key   string `json:"key"`
	Label string `json:"label"`
	Path  string `json:"path"`
}

// API is the handler of /api and what it documents.
type API struct {
	Deps
	Huma      huma.API
	mux       *routeMux
	registers map[string]*register.Register
	actors    actorCache
	signIns   limiters
}

const sessionCookie = "pado_session"

// New builds the handler and its OpenAPI description.
func New(d Deps) *API {
	a := &API{Deps: d, mux: &routeMux{ServeMux: http.NewServeMux()}, registers: map[string]*register.Register{},
		signIns: limiters{every: rate.Every(time.Second), burst: 60, m: map[string]*rate.Limiter{}}}
	a.actors.m = map[string]cachedActor{}
	for _, g := range d.Registers {
		a.registers[g.ID] = g
	}
	cfg := huma.DefaultConfig(d.City.Platform, d.Version)
	cfg.OpenAPIPath, cfg.DocsPath, cfg.SchemasPath = "", "", ""
	cfg.CreateHooks = nil
	cfg.Formats = map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat}
	cfg.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	cfg.Info.Description = "公共数据授权运营平台接口。错误一律为 application/problem+json，带稳定代码与方案条款。"
	cfg.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"session": {Type: "apiKey", In: "cookie", Name: sessionCookie},
		"token":   {Type: "http", Scheme: "bearer"},
	}
	huma.NewError = newHumaError
	a.Huma = humago.New(a.mux, cfg)
	a.sessionRoutes()
	a.confirmRoutes()
	a.procedureRoutes()
	a.caseRoutes()
	a.fileRoutes()
	a.registerRoutes()
	a.deskRoutes()
	a.leaderRoutes()
	a.systemRoutes()
	if d.More != nil {
		d.More(a)
	}
	a.describe()
	a.mux.ServeMux.HandleFunc("/api/", a.elsewhere)
	return a
}

// schemaName names a type in the description: its own name, or for one without a name where it
// is used together with a digest of its shape.
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Name() != "" {
		name := huma.DefaultSchemaNamer(t, hint)
		// Rooms may use the same short name: Column of a register is not Column of an answer.
		if room := path.Base(t.PkgPath()); room != "api" && room != "." {
			name = room + "." + name
		}
		return name
	}
	sum := sha256.Sum256([]byte(t.String()))
	return huma.DefaultSchemaNamer(t, hint) + hex.EncodeToString(sum[:3])
}

// newHumaError turns the validator's complaints into the one shape, in Chinese.
func newHumaError(status int, msg string, errs ...error) huma.StatusError {
	var p *Problem
	for _, e := range errs {
		if errors.As(e, &p) {
			return p
		}
	}
	switch {
	case status == 413 || strings.Contains(msg, "too large"):
		return errTooLarge
	case status == 422 || status == 400:
		out := *errBadJSON
		out.Status, out.Code = status, "request.malformed"
		for _, e := range errs {
			var d *huma.ErrorDetail
			if errors.As(e, &d) {
				out.Errors = append(out.Errors, procedure.FieldError{Path: strings.TrimPrefix(d.Location, "body."), Message: "这一项缺失或格式不正确"})
			}
		}
		return &out
	case status == 404:
		return errNotFound
	case status == 405:
		return errBadMethod
	}
	return errInternal
}

type ctxKey int

const (
	keySession ctxKey = iota
	keyToken
	keyNumber
	keyRequest
)

func requestNumber(r *http.Request) string {
	n, _ := r.Context().Value(keyNumber).(string)
	return n
}

// ServeHTTP guards every request: limits, headers, who asks, where from.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var b [10]byte
	rand.Read(b[:]) //nolint:errcheck // never fails
	number := base32.StdEncoding.EncodeToString(b[:])
	ctx := context.WithValue(r.Context(), keyNumber, number)
	h := w.Header()
	h.Set("X-Request-Id", number)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox")
	defer func() {
		if v := recover(); v != nil {
			slog.ErrorContext(ctx, "panic", "number", number, "route", r.Pattern, "value", v)
			fail(w, r.WithContext(ctx), errInternal)
		}
	}()
	token, cookie := credential(r)
	unsafe := r.Method != http.MethodGet && r.Method != http.MethodHead
	if unsafe && cookie && r.Header.Get("X-Pado") != "1" {
		fail(w, r.WithContext(ctx), errForgery)
		return
	}
	large := strings.HasPrefix(r.URL.Path, "/api/attachments") || bulk(r.URL.Path)
	if large && unsafe && token == "" && a.routed(r) {
		fail(w, r.WithContext(ctx), errors.Join(errSignIn))
		return
	}
	if !large {
		// On a copy: the server judges by its own request whether the body was read to its end. If it
		// could not, what is left of a refused body would be taken for the next request.
		r = r.WithContext(ctx)
		r.Body = http.MaxBytesReader(w, r.Body, 2<<20)
	}
	if token != "" {
		s, err := a.Identity.Session(ctx, token)
		switch {
		case err == nil:
			ctx = context.WithValue(context.WithValue(ctx, keySession, s), keyToken, token)
		case cookie && r.URL.Path == "/api/session" && r.Method == http.MethodPost:
		default:
			fail(w, r.WithContext(ctx), errors.Join(errSignIn))
			return
		}
	}
	a.mux.ServeHTTP(w, r.WithContext(context.WithValue(ctx, keyRequest, r)))
}

// routed tells whether the method and path of a request are those of a route.
func (a *API) routed(r *http.Request) bool {
	_, pattern := a.mux.ServeMux.Handler(r)
	return strings.HasPrefix(pattern, r.Method+" ")
}

// credential finds the session cookie or the bearer token.
func credential(r *http.Request) (token string, cookie bool) {
	if t, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return t, false
	}
	if c, err := r.Cookie(sessionCookie); err == nil {
		return c.Value, true
	}
	return "", false
}

// session returns who asks; errSignIn when nobody has signed in.
func session(ctx context.Context) (identity.Session, error) {
	s, ok := ctx.Value(keySession).(identity.Session)
	if !ok {
		return s, errSignIn
	}
	return s, nil
}

// who returns the actor of the request with all its desks.
func (a *API) who(ctx context.Context) (procedure.Actor, error) {
	s, err := session(ctx)
	if err != nil {
		return procedure.Actor{}, err
	}
	if s.MustChange {
		return procedure.Actor{}, problem(403, "password.must_change", "请先修改口令")
	}
	if s.MustBind {
		return procedure.Actor{}, problem(403, "secondfactor.required", "您的岗位须绑定动态口令后才能办理，请先到个人设置中绑定")
	}
	return a.actors.get(ctx, a, s.Person)
}

// Who is the actor of a request, for routes that other rooms add.
func (a *API) Who(ctx context.Context) (procedure.Actor, error) { return a.who(ctx) }

// actorCache keeps desks for a moment, so that a list costs no extra query. A change of desks
// acts within actorLife on other instances and at once where Forget is called.
type actorCache struct {
	mu sync.Mutex
	m  map[string]cachedActor
}

type cachedActor struct {
	actor procedure.Actor
	at    time.Time
}

const actorLife = 2 * time.Second

func (c *actorCache) get(ctx context.Context, a *API, person string) (procedure.Actor, error) {
	now := a.Engine.DB().Wall()
	c.mu.Lock()
	hit, ok := c.m[person]
	c.mu.Unlock()
	if ok && now.Sub(hit.at) < actorLife && now.Sub(hit.at) >= 0 {
		return hit.actor, nil
	}
	var actor procedure.Actor
	err := a.Engine.DB().View(ctx, func(r *store.ReadTx) (err error) {
		actor, err = a.Actor(r, person)
		return err
	})
	if err != nil {
		return actor, err
	}
	c.mu.Lock()
	if len(c.m) > 10000 {
		c.m = map[string]cachedActor{}
	}
	c.m[person] = cachedActor{actor, now}
	c.mu.Unlock()
	return actor, nil
}

// forget drops what is remembered of everybody's desks, after an act that may change them.
func (c *actorCache) forget() {
	c.mu.Lock()
	c.m = map[string]cachedActor{}
	c.mu.Unlock()
}

// limiters slow down sign-in per address.
type limiters struct {
	mu    sync.Mutex
	every rate.Limit
	burst int
	m     map[string]*rate.Limiter
}

func (l *limiters) allow(key string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.m) > 100000 {
		l.m = map[string]*rate.Limiter{}
	}
	x, ok := l.m[key]
	if !ok {
		x = rate.NewLimiter(l.every, l.burst)
		l.m[key] = x
	}
	return x.AllowN(now, 1)
}

// op is the common shape of a documented route.
func op(id, method, path, summary, tag string, secured bool) huma.Operation {
	o := huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Tags: []string{tag},
		Errors: []int{400, 404, 422, 500}, SkipValidateParams: false}
	if secured {
		o.Security = []map[string][]string{{"session": {}}, {"token": {}}}
		o.Errors = append([]int{401, 403}, o.Errors...)
	}
	return o
}

// Route registers a documented route whose errors go through the one table.
func Route[I, O any](a *API, o huma.Operation, f func(context.Context, *I) (*O, error)) {
	huma.Register(a.Huma, o, func(ctx context.Context, in *I) (*O, error) {
		out, err := f(ctx, in)
		if err == nil {
			return out, nil
		}
		p := *toProblem(err)
		p.Number, _ = ctx.Value(keyNumber).(string)
		if p.Status >= 500 && p.Code != "read_only" {
			slog.ErrorContext(ctx, "request failed", "number", p.Number, "operation", o.OperationID, "err", err)
		}
		return nil, &p
	})
}

// Op describes a route for rooms that add their own.
func Op(id, method, path, summary, tag string) huma.Operation {
	return op(id, method, path, summary, tag, true)
}
