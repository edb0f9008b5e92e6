package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"pado/api"
	"pado/api/gatewayhttp"
	"pado/core/audit"
	"pado/core/audit/verify"
	"pado/core/calendar"
	"pado/core/job"
	"pado/core/procedure"
	"pado/core/secret"
	"pado/core/store"
	"pado/domain/agreement"
	"pado/domain/catalogue"
	"pado/domain/gateway"
	"pado/domain/gateway/journal"
	"pado/domain/gatewayfeed"
	"pado/domain/governance"
	"pado/domain/governance/vault"
	"pado/domain/ledger"
	"pado/domain/party"
	"pado/domain/sandbox"
	"pado/domain/settlement"
	"pado/portal"
	"pado/procedures"
)

// rooms opens what the instance holds besides the records: raw zone, pool, sandbox, jobs.
func (x *platform) rooms(ctx context.Context) error {
	if _, err := readMailServer(os.Getenv); err != nil {
		return err
	}
	ring, err := vault.NewKeyring(x.kek)
	if err != nil {
		return err
	}
	raw, err := vault.At(filepath.Join(x.data, "raw"), ring, vault.AES256GCM)
	if err != nil {
		return err
	}
	pool := filepath.Join(x.data, "pool")
	fetch, err := x.fetcher(os.Getenv)
	if err != nil {
		return err
	}
	x.ingest = governance.NewRunner(governance.Config{DB: x.db, Vault: raw, Ring: ring, KEK: x.kek, Pool: pool, Files: x.files, Fetch: fetch, Delivery: procedures.Deliveries{Engine: x.engine}})
	procedures.SealCredentials = x.ingest.Seal
	host, err := os.Hostname()
	if err != nil {
		host = "local"
	}
	x.jobs = job.New(x.db, job.Options{Worker: fmt.Sprintf("%s-%d", host, os.Getpid()), Log: slog.Default()})
	order, err := x.secretKey(ctx, "sandbox.order")
	if err != nil {
		return err
	}
	x.artefacts = sandbox.Folder(filepath.Join(x.data, "artefacts"))
	x.sandbox = sandbox.New(sandbox.Options{DB: x.db, Params: x.engine.Parameters, Pool: pool, Snapshots: filepath.Join(x.data, "snapshots"),
		Artefacts: x.artefacts, Key: order, Timeout: time.Minute})
	x.settler = settlement.Settler{DB: x.db, Parameters: x.engine.Parameters, Calendar: x.engine.Days}
	x.keyring = gatewayfeed.Keys{DB: x.db, KEK: x.kek}
	return nil
}

// secretKey is a 32-byte key of the platform's own, drawn once and sealed under the KEK.
func (x *platform) secretKey(ctx context.Context, id string) ([]byte, error) {
	var key []byte
	read := func() error {
		return x.db.View(ctx, func(r *store.ReadTx) error {
			sealed, err := r.Secret(id)
			if err != nil {
				return err
			}
			key, err = secret.Open(x.kek, id, sealed)
			return err
		})
	}
	err := read()
	if !errors.Is(err, store.ErrNotFound) {
		return key, err
	}
	_, err = x.db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		fresh := make([]byte, 32)
		if _, err := io.ReadFull(w.Rand(), fresh); err != nil {
			return audit.Entry{}, err
		}
		sealed, err := secret.Seal(x.kek, id, fresh, w.Rand())
		if err != nil {
			return audit.Entry{}, err
		}
		return audit.Entry{Type: "key.draw", Actor: "system", Object: id, Action: "draw", Clause: "10.5.1"}, w.PutSecret(id, "key", sealed)
	})
	if err != nil && !errors.Is(err, store.ErrConflict) {
		return nil, err
	}
	return key, read()
}

// drain sends what the outbox holds (see letters), and in the morning writes the daily digest.
func (x *platform) drain(ctx context.Context) error {
	now, err := x.db.Now(ctx)
	if err != nil {
		return err
	}
	if h := now.In(calendar.Shanghai).Hour(); h >= 8 && h < 20 {
		if _, err := party.Digest(ctx, x.db); err != nil {
			return err
		}
	}
	sender, err := x.letters()
	if err != nil {
		return err
	}
	_, err = party.Drain(ctx, x.db, x.kek, sender)
	return err
}

// openGateway opens the journal and the hot path, for instances that serve calls.
func (x *platform) openGateway(ctx context.Context) (http.Handler, error) {
	subject, err := x.secretKey(ctx, "gateway.subject")
	if err != nil {
		return nil, err
	}
	j, err := journal.Open(journal.Options{Dir: filepath.Join(x.data, "journal"), Node: "g1", Now: time.Now})
	if err != nil {
		return nil, fmt.Errorf("open the usage journal: %w", err)
	}
	feed, shelf := gateway.NewFeed(0), &gateway.Shelf{}
	x.feed = gatewayfeed.New(gatewayfeed.Config{DB: x.db, KEK: x.kek, Feed: feed, Shelf: shelf, Real: time.Now, Loader: func(digest string) ([]byte, error) { return x.sandbox.Artefact(context.WithoutCancel(ctx), digest) }, Log: slog.Default()})
	if err := x.businessOffset(ctx); err != nil {
		return nil, err
	}
	business := func() time.Time { return time.Now().Add(time.Duration(x.offset.Load())) }
	x.gateway, err = gateway.Open(gateway.Config{Journal: j, Permit: feed, Secrets: secretsOf{x.feed}, Sources: map[gateway.Kind]gateway.Source{gateway.DataAPI: shelf},
		SubjectKey: subject, Business: business, Real: time.Now, Seal: gatewayfeed.Seal(x.db, j.Replay), Log: slog.Default()})
	if err != nil {
		return nil, fmt.Errorf("open the gateway: %w", err)
	}
	x.loops = append(x.loops, loop{"business time", 200 * time.Millisecond, x.businessOffset})
	x.run = append(x.run, func(ctx context.Context) { x.gateway.Run(ctx, time.Second) }, func(ctx context.Context) { x.feed.Run(ctx, 250*time.Millisecond) })
	return gatewayhttp.New(gatewayhttp.Config{Gateway: x.gateway, Feed: feed, Business: business, Real: time.Now}), nil
}

// businessOffset keeps the distance of business time from the wall clock.
func (x *platform) businessOffset(ctx context.Context) error {
	now, err := x.db.Now(ctx)
	if err == nil {
		x.offset.Store(int64(time.Until(now)))
	}
	return err
}

// secretsOf gives the gateway the secrets the feed has opened.
type secretsOf struct{ *gatewayfeed.Publisher }

// choices are the lists forms pick from, by name.
func (x *platform) choices() map[string]api.Choices {
	out := map[string]api.Choices{}
	for _, m := range []map[string]func(*store.ReadTx, procedure.Actor, string) ([]procedure.Option, error){
		party.Choices, agreement.Choices(), catalogue.Choices(), governance.Choices(), procedures.DevelopmentChoices(), procedures.ChargingChoices(), procedures.SupplyChoices()} {
		for name, f := range m {
			out[name] = f
		}
	}
	return out
}

// moreRoutes are the documented routes of rooms with a page of their own.
func (x *platform) moreRoutes() func(*api.API) {
	return func(a *api.API) {
		api.ReadingRoutes(x.samples())(a)
		api.SourceRoutes()(a)
		api.SandboxRoutes(x.sandbox)(a)
		api.KeyRoutes(x.keyring)(a)
		api.JobRoutes()(a)
		api.AccountRoutes(x.identity)(a)
		api.StatementRoutes(a)
		api.DeliveryRoutes(x.ingest)(a)
	}
}

// counters are the numbers on the public home page, with what stands beside the newest of each.
var counters = []portal.Counter{{Label: "公共数据资源", Register: "catalogue", Unit: "项已公布", Show: []string{"source", "cycle"}},
	{Label: "数据产品", Register: "products", Unit: "个已公布", Show: []string{"form", "state"}},
	{Label: "收费标准", Register: "tariffs", Unit: "项已公示", Show: []string{"class", "price", "kind", "state"}},
	{Label: "应用场景", Register: "scenarios", Unit: "个已论证", Show: []string{"benefit", "proposer"}},
	{Label: "授权运营协议", Register: "agreements", Unit: "份已签订"}, {Label: "入驻单位", Register: "orgs_public", Unit: "家"}}

// faces mounts what is neither API nor back office.
func (x *platform) faces(mux *http.ServeMux) error {
	declare() // the public page of the plan says what is carried out, by all that is declared
	info := x.cityInfo()
	p, err := portal.New(portal.Config{Base: "/portal/", City: info.Name, Platform: info.Name + info.Platform, Demo: x.demo, Counters: counters,
		Host: os.Getenv("PADO_HOST"), Contact: os.Getenv("PADO_CONTACT"), ICP: os.Getenv("PADO_ICP"), Police: os.Getenv("PADO_POLICE"), SiteCode: os.Getenv("PADO_SITE_CODE")},
		portal.Records{Engine: x.engine, Registers: procedures.Registers(), Verify: procedures.Prove(x.engine), Open: x.files.Open,
			Recorded: func(r *store.ReadTx, sum string) (portal.Recorded, error) {
				d, err := procedures.ProveDigest(r, sum)
				return portal.Recorded(d), err
			}})
	if err != nil {
		return err
	}
	mux.Handle("/portal/", p)
	mux.Handle("GET /help/errors", p.Errors())
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/portal/", http.StatusFound) })
	return nil
}

// replayHooks are the books the verifier replays from the bodies of the log.
// With a store at hand, the books, settings and histories in its tables must be the ones the log gives.
func replayHooks(ctx context.Context, db *store.DB) []verify.Hook {
	books := ledger.NewReplay()
	hooks := []verify.Hook{sandbox.NewBudgetReplay(), books}
	if db == nil {
		return hooks
	}
	view := func(f func(*store.ReadTx) error) error { return db.View(ctx, f) }
	books.Against(view)
	return append(hooks, procedures.NewSettingsReplay(view), procedures.NewHistoryReplay(view), procedures.NewSupplyReplay(view), procedures.NewGovernanceReplay(view), procedures.NewCatalogueReplay(view))
}

// inbox shows the messages of domain/party on the wire.
type inbox struct{ *party.Inbox }

// List implements api.Messages.
func (b inbox) List(ctx context.Context, person, kind string, unread bool, cursor string) ([]api.Message, string, error) {
	items, next, err := b.Inbox.List(ctx, person, kind, unread, cursor)
	out := make([]api.Message, len(items))
	for i, m := range items {
		out[i] = api.Message{ID: m.ID, Kind: m.Kind, Title: m.Title, Body: m.Body, CaseNo: m.CaseNo, At: m.At, Read: m.Read}
	}
	return out, next, err
}

func tokenCommand(ctx context.Context, args []string, out io.Writer) error {
	var p place
	f := flags("token")
	p.flags(f)
	user := f.String("user", "", "账号名")
	if err := f.Parse(args); err != nil {
		return err
	}
	x, err := assemble(ctx, p)
	if err != nil {
		return err
	}
	defer x.close()
	token, err := x.identity.IssueToken(ctx, *user, "system")
	if err != nil {
		return err
	}
	fmt.Fprintln(out, token)
	return sign(ctx, x.db, x.keys)
}
