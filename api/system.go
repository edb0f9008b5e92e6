package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"pado/core/audit"
	"pado/core/store"
)

// HealthWire is what a monitor reads.
type HealthWire struct {
	Status       string     `json:"status"` // ok or read_only
	DB           string     `json:"db"`
	BusinessTime store.Time `json:"businessTime"`
	FreeBytes    uint64     `json:"freeBytes,omitempty"`
	LogSize      int64      `json:"logSize"`
	Version      string     `json:"version"`
}

func (a *API) systemRoutes() {
	type healthOut struct {
		Status int
		Body   HealthWire
	}
	Route(a, op("health", "GET", "/api/health", "运行状态", "系统", false), func(ctx context.Context, _ *empty) (*healthOut, error) {
		h := HealthWire{Status: "ok", DB: string(a.Engine.DB().Engine()), Version: a.Version}
		err := a.Engine.DB().View(ctx, func(r *store.ReadTx) (err error) {
			h.BusinessTime = store.At(r.Now())
			h.LogSize, err = r.LogSize()
			return err
		})
		if a.Health != nil {
			h.FreeBytes = a.Health()
		}
		if a.Engine.DB().ReadOnly() {
			h.Status = "read_only"
		}
		return &healthOut{200, h}, err
	})
	type openapiOut struct {
		ContentType string `header:"Content-Type"`
		Body        []byte
	}
	Route(a, op("openapi", "GET", "/api/openapi.json", "接口说明（OpenAPI 3.1）", "系统", false), func(context.Context, *empty) (*openapiOut, error) {
		b, err := a.Huma.OpenAPI().MarshalJSON()
		return &openapiOut{"application/json", b}, err
	})
	a.logRoutes()
	a.logTiles()
}

// logTiles serves the public log under /log/ (C2SP tlog-tiles) and documents it.
func (a *API) logTiles() {
	doc := func(id, path, summary, media string) {
		a.Huma.OpenAPI().AddOperation(&huma.Operation{OperationID: id, Method: "GET", Path: path, Summary: summary, Tags: []string{"日志"},
			Responses: map[string]*huma.Response{"200": {Description: summary, Content: map[string]*huma.MediaType{media: {}}}}})
	}
	doc("log-checkpoint", "/log/checkpoint", "检查点（SHA-256、Ed25519）", "text/plain")
	doc("log-checkpoint-sm", "/log/checkpoint.sm", "检查点（SM3、SM2）", "text/plain")
	doc("log-keys", "/log/keys", "签名密钥的公开条目", "application/jsonl")
	doc("log-bodies", "/log/bodies", "日志正文（审计人员，凭令牌）", "application/jsonl")
	doc("log-tile", "/log/{tile}", "日志瓦片与条目（C2SP tlog-tiles）", "application/octet-stream")
}

// LogHandler answers /log/: checkpoints, tiles and entries, for anyone.
func (a *API) LogHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			fail(w, r, errBadMethod)
			return
		}
		var body []byte
		var media string
		var keep bool
		var err error
		switch name := strings.TrimPrefix(r.URL.Path, "/log/"); name {
		case "keys":
			media = "application/jsonl"
			body, err = a.disclosures(r.Context(), `type IN ('genesis', 'key.rotation')`, 0, 1000)
		case "bodies":
			media = "application/jsonl"
			body, err = a.logBodies(r)
		default:
			body, media, keep, err = a.logFile(r.Context(), name)
		}
		if err != nil {
			if !errors.Is(err, store.ErrNotFound) && toProblem(err).Status >= 500 {
				err = fmt.Errorf("serve the log: %w", err)
			}
			fail(w, r, err)
			return
		}
		w.Header().Set("Content-Type", media)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if keep {
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		} else {
			w.Header().Set("Cache-Control", "no-cache")
		}
		w.Write(body) //nolint:errcheck // the client is gone
	})
}

// disclosures are bodies with what opens them, one canonical line each (FORMAT.md §5 of the log).
func (a *API) disclosures(ctx context.Context, cond string, from int64, n int) ([]byte, error) {
	var out []byte
	err := a.Engine.DB().View(ctx, func(r *store.ReadTx) error {
		return r.Each(`SELECT seq, body, salt FROM audit_leaf WHERE seq >= $1 AND body IS NOT NULL AND salt IS NOT NULL AND `+cond+
			` ORDER BY seq LIMIT $2`, []any{from, n}, func(scan func(...any) error) error {
			var seq int64
			var body, salt []byte
			if err := scan(&seq, &body, &salt); err != nil {
				return err
			}
			line, err := audit.Disclosure(seq, body, salt)
			out = append(out, line...)
			return err
		})
	})
	return out, err
}

// logBodies is a page of bodies for those who may search the log; the read is an entry.
func (a *API) logBodies(r *http.Request) ([]byte, error) {
	ctx := r.Context()
	token, _ := credential(r)
	s, err := a.Identity.Session(ctx, token)
	if err != nil {
		return nil, errSignIn
	}
	actor, err := a.who(context.WithValue(ctx, keySession, s))
	if s.MustChange || s.MustBind {
		return nil, err
	}
	if err != nil || a.LogReader == nil || !a.LogReader(actor) {
		return nil, errors.Join(store.ErrNotFound, err)
	}
	from, err := strconv.ParseInt(r.URL.Query().Get("from"), 10, 64)
	if err != nil || from < 0 {
		return nil, errBadJSON
	}
	if _, err := a.Engine.DB().Update(ctx, func(*store.Tx) (audit.Entry, error) {
		return audit.Entry{Type: "audit.read", Actor: actor.Person, Action: "bodies", Clause: "3", Detail: map[string]string{"from": strconv.FormatInt(from, 10)}}, nil
	}); err != nil {
		return nil, err
	}
	return a.disclosures(ctx, "1 = 1", from, 500)
}

func (a *API) logFile(ctx context.Context, name string) (body []byte, media string, keep bool, err error) {
	err = a.Engine.DB().View(ctx, func(r *store.ReadTx) error {
		cp, err := r.LatestCheckpoint()
		if err != nil {
			return err
		}
		switch name {
		case "checkpoint":
			body, media = cp.Note, "text/plain; charset=utf-8"
			return nil
		case "checkpoint.sm":
			body, media = cp.NoteSm, "text/plain; charset=utf-8"
			return nil
		}
		p, err := audit.ParseTilePath("/log/" + name)
		if err != nil || !p.Within(cp.Size) {
			return store.ErrNotFound
		}
		media, keep = "application/octet-stream", true
		if p.Entries {
			body, err = audit.Entries(store.LogReader{ReadTx: r}, p.N, p.Width)
		} else {
			body, err = audit.Tile(store.LogReader{ReadTx: r}, p.Tree, p.Level, p.N, p.Width)
		}
		return err
	})
	return body, media, keep, err
}
