package main

import (
	"context"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"pado/api"
	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/id"
	"pado/core/identity"
	"pado/core/job"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/catalogue"
	"pado/domain/catalogue/sheet"
	"pado/domain/gateway"
	"pado/domain/gatewayfeed"
	"pado/domain/governance"
	"pado/domain/party"
	"pado/domain/sandbox"
	"pado/domain/settlement"
	"pado/plan"
	"pado/procedures"
	"pado/web"
)

// platform is everything of one instance, wired.
type platform struct {
	place
	db        *store.DB
	kek       []byte
	keys      audit.Keys
	city      string
	demo      bool
	role      string // all, api, gateway or clock
	params    *plan.Parameters
	engine    *procedure.Engine
	identity  *identity.Service
	files     sealedFiles
	ingest    *governance.Runner
	jobs      *job.Runner
	sandbox   *sandbox.Service
	artefacts sandbox.Folder
	keyring   gatewayfeed.Keys
	settler   settlement.Settler
	feed      *gatewayfeed.Publisher
	gateway   *gateway.Gateway
	offset    atomic.Int64 // business time minus wall time, in nanoseconds
	loops     []loop
	run       []func(context.Context) // work that runs until its context ends
	wait      sync.WaitGroup
}

// loop is background work that repeats until the platform ends.
type loop struct {
	name  string
	every time.Duration
	run   func(context.Context) error
}

// assemble wires the rooms over open records. It starts nothing.
func assemble(ctx context.Context, p place) (*platform, error) {
	db, kek, keys, err := p.open(ctx)
	if err != nil {
		return nil, err
	}
	return wire(ctx, p, db, kek, keys)
}

func wire(ctx context.Context, p place, db *store.DB, kek []byte, keys audit.Keys) (*platform, error) {
	x := &platform{place: p, db: db, kek: kek, keys: keys}
	err := db.View(ctx, func(r *store.ReadTx) (err error) {
		if x.city, err = r.Meta("city"); err != nil {
			return err
		}
		demo, err := r.Meta("demo")
		x.demo = demo == "true"
		return err
	})
	if err != nil {
		return nil, err
	}
	if x.params, err = plan.City(x.city); err != nil {
		return nil, err
	}
	if x.files, err = openFiles(filepath.Join(p.data, "files"), kek); err != nil {
		return nil, err
	}
	if err := catalogue.Index(ctx, db); err != nil {
		return nil, err
	}
	x.engine, err = procedure.New(db, procedure.Options{City: x.city, Parameters: x.params, Calendar: calendar.Shipped(),
		Notify: party.Notify, Scope: id.Within, Supervises: party.Supervisors, Names: procedures.NameOf}, procedures.All()...)
	if err != nil {
		return nil, err
	}
	x.identity = identity.New(db, kek, x.engine.Parameters)
	x.identity.Attach(identity.Hooks{Oversees: party.Oversees, Tell: party.TellAccount, Seat: party.SeatProgram})
	x.loops = append(x.loops,
		loop{"checkpoint", time.Second, func(ctx context.Context) error { return sign(ctx, db, keys) }},
		loop{"clock", 5 * time.Second, func(ctx context.Context) error { _, err := x.engine.Tick(ctx); return err }},
		loop{"months", time.Minute, x.closeMonths},
		loop{"questions", time.Minute, func(ctx context.Context) error { _, err := x.sandbox.Sweep(ctx, 5*time.Minute); return err }},
		loop{"remittances", time.Hour, func(ctx context.Context) error { _, err := procedures.WarnRemittances(ctx, x.engine); return err }},
		loop{"supply", 15 * time.Second, func(ctx context.Context) error { _, err := procedures.WatchSupply(ctx, x.engine); return err }},
		loop{"catalogue", 10 * time.Minute, func(ctx context.Context) error { _, err := procedures.WatchCatalogue(ctx, x.engine); return err }},
		loop{"fetches", 10 * time.Second, func(ctx context.Context) error { _, err := x.ingest.Schedule(ctx); return err }},
		loop{"uploads", time.Hour, func(ctx context.Context) error { _, err := x.ingest.SweepUploads(ctx); return err }},
		loop{"letters", 10 * time.Second, x.drain},
		loop{"sessions", 10 * time.Minute, x.identity.Sweep})
	return x, x.rooms(ctx)
}

// declare builds every declaration without records, so that the coverage of the plan is known.
func declare() {
	for _, p := range procedures.All() {
		p.Cover()
	}
	for _, g := range procedures.Registers() {
		if err := g.Check(); err != nil {
			slog.Error("declaration", "err", err)
		}
	}
}

// start runs the background loops until ctx ends; close waits for them.
func (x *platform) start(ctx context.Context) {
	for _, f := range x.run {
		x.wait.Go(func() { f(ctx) })
	}
	for _, l := range x.loops {
		x.wait.Go(func() {
			t := time.NewTicker(l.every)
			defer t.Stop()
			for {
				if err := l.run(ctx); err != nil && ctx.Err() == nil {
					slog.Error("background work failed", "loop", l.name, "err", err)
				}
				select {
				case <-ctx.Done():
					return
				case <-t.C:
				}
			}
		})
	}
}

func (x *platform) close() {
	x.wait.Wait()
	if x.gateway != nil {
		if err := x.gateway.Close(context.Background()); err != nil {
			slog.Error("close the gateway", "err", err)
		}
	}
	x.db.Close()
}

// settle takes every step the clock owes until there is none.
func (x *platform) settle(ctx context.Context) error {
	for {
		n, err := x.engine.Tick(ctx)
		if err != nil {
			return err
		}
		if n == 0 {
			if n, err = procedures.WatchSupply(ctx, x.engine); err != nil {
				return err
			}
		}
		if n == 0 {
			return x.closeMonths(ctx)
		}
	}
}

// closeMonths closes the months of account that are over and whose usage is sealed.
func (x *platform) closeMonths(ctx context.Context) error {
	_, err := x.settler.CloseDue(ctx, "clock")
	return err
}

// free tells the free bytes of the data directory.
func (x *platform) free() uint64 {
	var s syscall.Statfs_t
	if err := syscall.Statfs(x.data, &s); err != nil {
		return 0
	}
	return s.Bavail * uint64(s.Bsize)
}

// cityInfo names the platform after its city.
func (x *platform) cityInfo() api.City {
	c := api.City{Code: x.city, Platform: "公共数据授权运营平台"}
	if d, ok := id.Division(x.city); ok {
		c.Name = d.Name
	}
	return c
}

// handlers are the kinds of background work of all rooms.
func (x *platform) handlers() map[string]job.Handler {
	all := x.ingest.Handlers()
	catalogueFiles := &sheet.Reader{DB: x.db, Files: x.files}
	for kind, h := range catalogueFiles.Handlers() {
		all[kind] = h
	}
	return all
}

// handler is the whole face of the instance.
func (x *platform) handler(ctx context.Context, secure bool) (http.Handler, error) {
	registers := procedures.Registers()
	for _, g := range registers {
		if err := g.Check(); err != nil {
			return nil, err
		}
	}
	a := api.New(api.Deps{Engine: x.engine, Identity: x.identity, Actor: party.Actor, Registers: registers,
		Menu: api.DefaultMenu(registers, nil, mayReadLog), Messages: inbox{party.NewInbox(x.db)}, Files: x.files, Choices: x.choices(),
		City: x.cityInfo(), Version: version, Demo: x.demo, Secure: secure, Health: x.free, LogReader: mayReadLog, More: x.moreRoutes()})
	mux := http.NewServeMux()
	mux.Handle("/api/", a)
	mux.Handle("/log/", a.LogHandler())
	mux.Handle("/app/", web.Handler("/app/"))
	if err := x.faces(mux); err != nil {
		return nil, err
	}
	if x.role == "all" || x.role == "gateway" {
		open, err := x.openGateway(ctx)
		if err != nil {
			return nil, err
		}
		mux.Handle("/open/", open)
	}
	if x.role == "all" || x.role == "api" {
		x.run = append(x.run, func(ctx context.Context) {
			if err := x.jobs.Run(ctx, x.handlers()); err != nil {
				slog.Error("the job worker ended", "err", err)
			}
		})
	}
	return headers(x.metrics(mux), secure), nil
}

// mayReadLog: the audit administrator, auditors and the data authority's leaders.
func mayReadLog(a procedure.Actor) bool {
	for _, d := range a.Desks {
		if d.Role == party.AuditAdm || d.Role == party.Auditor || (d.Role == party.Authority && d.Lead) {
			return true
		}
	}
	return false
}

// headers sets what every answer carries and keeps hosts from being confused.
func headers(next http.Handler, secure bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		if secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		if strings.Contains(r.URL.Path, "\x00") {
			http.Error(w, "bad request", http.StatusBadRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func serverOf(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10}
}
