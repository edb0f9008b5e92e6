// Package gatewayhttp is the HTTP face of the gateway: it reads a call within
// strict limits, hands it to domain/gateway and writes the answer or the
// refusal. It decides nothing.
package gatewayhttp

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"pado/domain/gateway"
	"pado/plan"
)

// Limits of one request.
const (
	MaxBody     = 64 << 10
	MaxQuery    = 8 << 10
	MaxHeader   = 16 << 10
	maxInFlight = 4096
)

const (
	productPrefix = "/open/v1/products/"
	productSuffix = "/invoke"
	openAPIPath   = "/open/v1/openapi.json"
	healthPath    = "/open/v1/health"
)

// Routes are the addresses this face answers, with their methods.
var Routes = []string{
	"GET " + productPrefix + "{product}" + productSuffix,
	"POST " + productPrefix + "{product}" + productSuffix,
	"GET " + openAPIPath,
	"GET " + healthPath,
}

func init() {
	for _, r := range Routes {
		plan.Mark(plan.C("6.2.4"), "route", r)
	}
}

// Config of New.
type Config struct {
	Gateway  *gateway.Gateway
	Feed     *gateway.Feed    // for the description of the products
	Business func() time.Time // business time
	Real     func() time.Time

	// MaxInFlight calls are worked on at once, more are refused with
	// GATEWAY_BUSY; default 4096.
	MaxInFlight int64
}

// Handler serves Routes and refuses everything else.
type Handler struct {
	cfg      Config
	inFlight atomic.Int64
	doc      atomic.Pointer[described]
}

type described struct {
	snapshot *gateway.Snapshot
	minute   int64
	body     []byte
}

// New makes the handler.
func New(cfg Config) *Handler {
	if cfg.MaxInFlight == 0 {
		cfg.MaxInFlight = maxInFlight
	}
	return &Handler{cfg: cfg}
}

// Server is an http.Server with the timeouts and the header limit this face is
// meant to run with. The caller listens and shuts down.
func Server(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    MaxHeader,
	}
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.inFlight.Add(1) > h.cfg.MaxInFlight {
		h.inFlight.Add(-1)
		h.refuse(w, h.cfg.Gateway.Refuse(gateway.GatewayBusy))
		return
	}
	defer h.inFlight.Add(-1)
	path := r.URL.EscapedPath()
	switch path {
	case openAPIPath:
		if h.only(w, r, http.MethodGet) {
			h.describe(w)
		}
		return
	case healthPath:
		if h.only(w, r, http.MethodGet) {
			h.health(w)
		}
		return
	}
	product, ok := productOf(path)
	if !ok {
		h.refuse(w, h.cfg.Gateway.Refuse(gateway.NoSuchAddress))
		return
	}
	if !h.only(w, r, http.MethodGet, http.MethodPost) {
		return
	}
	call, code := read(w, r, path, product)
	if code != "" {
		h.refuse(w, h.cfg.Gateway.Refuse(code))
		return
	}
	reply := h.cfg.Gateway.Call(r.Context(), call)
	if reply.Refusal != nil {
		h.refuse(w, reply)
		return
	}
	answer(w, &reply)
}

// only refuses other methods.
func (h *Handler) only(w http.ResponseWriter, r *http.Request, methods ...string) bool {
	for _, m := range methods {
		if r.Method == m {
			return true
		}
	}
	w.Header().Set("Allow", strings.Join(methods, ", "))
	h.refuse(w, h.cfg.Gateway.Refuse(gateway.MethodNotAllowed))
	return false
}

// productOf takes the product id out of an address as sent; an escaped or
// otherwise odd id is no address of ours.
func productOf(path string) (string, bool) {
	id, ok := strings.CutPrefix(path, productPrefix)
	if !ok {
		return "", false
	}
	if id, ok = strings.CutSuffix(id, productSuffix); !ok || id == "" || len(id) > 64 {
		return "", false
	}
	for i := range len(id) {
		c := id[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.') {
			return "", false
		}
	}
	return id, true
}

// read takes a request apart. Header names given more than once become empty,
// which the gateway refuses.
func read(w http.ResponseWriter, r *http.Request, path, product string) (*gateway.Request, gateway.Code) {
	if r.ContentLength > MaxBody || len(r.URL.RawQuery) > MaxQuery {
		return nil, gateway.RequestTooLarge
	}
	var body []byte
	if r.Body != nil && r.Body != http.NoBody {
		var err error
		body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
		var large *http.MaxBytesError
		switch {
		case errors.As(err, &large):
			return nil, gateway.RequestTooLarge
		case err != nil:
			return nil, gateway.SignatureMissing // what did not arrive cannot be verified
		}
	}
	idempotency, ok := once(r, "Idempotency-Key")
	if !ok {
		return nil, gateway.SignatureMissing
	}
	key, _ := once(r, "X-Pado-Key")
	at, _ := once(r, "X-Pado-Time")
	nonce, _ := once(r, "X-Pado-Nonce")
	signature, _ := once(r, "X-Pado-Signature")
	return &gateway.Request{
		Signed: gateway.Signed{
			Method: r.Method, Path: path, RawQuery: r.URL.RawQuery, Body: body,
			Key: key, Time: at, Nonce: nonce, Idempotency: idempotency,
		},
		Product:   product,
		Signature: signature,
	}, ""
}

// once is the value of a header that occurs at most once. The name must be in
// canonical form.
func once(r *http.Request, name string) (string, bool) {
	v := r.Header[name]
	switch len(v) {
	case 0:
		return "", true
	case 1:
		return v[0], true
	}
	return "", false
}

var buffers = sync.Pool{New: func() any { return new([]byte) }}

// answer writes the rows as the source wrote them, inside an envelope.
func answer(w http.ResponseWriter, reply *gateway.Reply) {
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	b := append((*buf)[:0], `{"request_id":`...)
	b = appendString(b, reply.Request.String())
	for _, f := range [...][2]string{
		{"product", reply.Product.ID},
		{"registration_code", reply.Product.RegistrationCode},
		{"release", reply.Product.Release},
		{"terms", reply.Product.Terms},
		{"price_version", reply.Price},
	} {
		b = append(b, ',', '"')
		b = append(b, f[0]...)
		b = append(b, '"', ':')
		b = appendString(b, f[1])
	}
	b = append(b, `,"quota_remaining":`...)
	if reply.Left < 0 {
		b = append(b, "null"...)
	} else {
		b = strconv.AppendInt(b, reply.Left, 10)
	}
	b = append(b, `,"rows":`...)
	b = append(b, reply.Page.Rows...)
	if reply.Page.Next != "" {
		b = append(b, `,"next_cursor":`...)
		b = appendString(b, reply.Page.Next)
	}
	b = append(b, '}', '\n')
	*buf = b
	head := w.Header()
	head["Content-Type"] = jsonType
	head["Cache-Control"] = noStore
	head["X-Content-Type-Options"] = noSniff
	if reply.Repeated {
		head.Set("Idempotent-Replayed", "true")
	}
	head.Set("Content-Length", strconv.Itoa(len(b)))
	// A customer who is gone has the usage record all the same.
	_, _ = w.Write(b)
}

var (
	jsonType    = []string{"application/json; charset=utf-8"}
	problemType = []string{"application/problem+json; charset=utf-8"}
	noStore     = []string{"no-store"}
	noSniff     = []string{"nosniff"}
)

func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			quoted, err := json.Marshal(s)
			if err != nil { // a string always encodes
				return append(b, `""`...)
			}
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// problem is RFC 9457 with our members.
type problem struct {
	Type    string  `json:"type"`
	Title   string  `json:"title"`
	Status  int     `json:"status"`
	Code    string  `json:"code"`
	Detail  string  `json:"detail"`
	Clause  string  `json:"clause"`
	Request string  `json:"request_id"`
	Errors  []field `json:"errors,omitempty"`
}

type field struct {
	Path    string `json:"path"`
	Message string `json:"message"`
	Clause  string `json:"clause"`
}

func (h *Handler) refuse(w http.ResponseWriter, reply gateway.Reply) {
	r := reply.Refusal
	p := problem{
		Type: "urn:pado:refusal:" + string(r.Code), Title: "调用未获准予", Status: r.Status, Code: string(r.Code),
		Detail: r.Message, Clause: r.Clause.ID, Request: reply.Request.String(),
	}
	for _, f := range r.Fields {
		p.Errors = append(p.Errors, field{f.Path, f.Message, r.Clause.ID})
	}
	if r.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(r.RetryAfter))
	}
	writeJSON(w, problemType, r.Status, p)
}

func writeJSON(w http.ResponseWriter, kind []string, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil { // only fixed shapes come here
		status = http.StatusInternalServerError
	}
	head := w.Header()
	head["Content-Type"] = kind
	head["Cache-Control"] = noStore
	head["X-Content-Type-Options"] = noSniff
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n'))
}

// health says whether calls are answered, nothing about how many.
func (h *Handler) health(w http.ResponseWriter) {
	g := h.cfg.Gateway.Health()
	status := http.StatusOK
	if !g.Open() {
		status = http.StatusServiceUnavailable
	}
	writeJSON(w, jsonType, status, map[string]any{
		"open": g.Open(), "rights_fresh": g.Fresh, "journal_read_only": g.Journal.ReadOnly,
		"journal_broken": g.Journal.Broken, "reason": g.Journal.Reason,
	})
}

// describe writes the OpenAPI description of what may be called now.
func (h *Handler) describe(w http.ResponseWriter) {
	snapshot, fresh := h.cfg.Feed.Current(h.cfg.Real())
	if !fresh {
		h.refuse(w, h.cfg.Gateway.Refuse(gateway.FeedStale))
		return
	}
	at := h.cfg.Business()
	d := h.doc.Load()
	if minute := at.Unix() / 60; d == nil || d.snapshot != snapshot || d.minute != minute {
		body, err := snapshot.OpenAPI(at, ownPaths)
		if err != nil {
			h.refuse(w, h.cfg.Gateway.Refuse(gateway.SourceUnavailable))
			return
		}
		d = &described{snapshot, minute, body}
		h.doc.Store(d)
	}
	head := w.Header()
	head["Content-Type"] = jsonType
	head["X-Content-Type-Options"] = noSniff
	_, _ = w.Write(d.body)
}

var ownPaths = map[string]any{
	openAPIPath: map[string]any{"get": map[string]any{"operationId": "open_description", "summary": "本说明",
		"responses": map[string]any{"200": map[string]any{"description": "OpenAPI 3.1"}}}},
	healthPath: map[string]any{"get": map[string]any{"operationId": "open_health", "summary": "接口是否可用",
		"responses": map[string]any{"200": map[string]any{"description": "可用"}, "503": map[string]any{"description": "暂不可用"}}}},
}
