package governance

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pado/core/job"
	"pado/core/store"
	"pado/core/store/storetest"
	"pado/domain/governance/connector"
)

func openAt(t *testing.T, e store.Engine, clock *storetest.Clock) *store.DB {
	t.Helper()
	o := storetest.Options(t, e)
	o.Wall = clock.Now
	db, err := store.Open(ctx, o)
	must(t, err)
	t.Cleanup(func() { db.Close() })
	storetest.Found(t, db)
	return db
}

// desk stands for the procedure: it takes a delivery when it is open, and closes until it is governed.
type desk struct {
	w      *world
	closed bool
	fail   error
	got    []Raw
}

func (d *desk) Open(*store.ReadTx, string) (bool, error) { return !d.closed, nil }

func (d *desk) Authorised(*store.ReadTx, Hookup) (bool, error) { return true, nil }

func (d *desk) Deliver(_ context.Context, h Hookup, upload string) error {
	if d.fail != nil {
		return d.fail
	}
	return d.w.update(func(x *store.Tx) error {
		f, err := Receive(x, h.ID, upload, "clock", h.SourceOrg, h.CaseNo)
		d.got = append(d.got, f)
		return err
	})
}

// fetching is a world with a hookup that takes files from an exchange folder every day.
func fetching(t *testing.T, e store.Engine) (*world, *desk, *storetest.Clock, string) {
	clock := &storetest.Clock{At: storetest.Start}
	w := open(t, openAt(t, e, clock))
	root := t.TempDir()
	dir := filepath.Join(root, "renkou")
	must(t, os.Mkdir(dir, 0o700))
	d := &desk{w: w}
	c := w.runner.c
	c.Fetch, c.Delivery = connector.New(connector.Config{Folders: root, Wall: clock.Now}), d
	w.runner = NewRunner(c)
	w.hookup.Cycle = "day"
	must(t, w.update(func(x *store.Tx) error {
		if _, err := x.Exec(`UPDATE hookup SET cycle = 'day', kind = 'folder'`); err != nil {
			return err
		}
		return SetConnector(x, w.hookup, connector.Spec{Kind: connector.Folder, Path: "renkou", Pattern: "*.csv", Ready: connector.Marker}, "p")
	}))
	return w, d, clock, dir
}

func (w *world) connector() (c Connector) {
	w.t.Helper()
	must(w.t, w.db.View(ctx, func(r *store.ReadTx) (err error) { c, err = ConnectorOf(r, w.hookup.ID); return err }))
	return c
}

// lastJob is the newest job of a kind.
func (w *world) lastJob(kind string) job.Job {
	w.t.Helper()
	var list []job.Job
	must(w.t, w.db.View(ctx, func(r *store.ReadTx) (err error) {
		list, err = job.List(r, job.Query{Kind: kind, Limit: 1})
		return err
	}))
	if len(list) == 0 {
		w.t.Fatal("no job")
	}
	return list[0]
}

func lay(t *testing.T, dir, name, content string) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, name+".ok"), nil, 0o600))
}

func (w *world) scheduled(want int) {
	w.t.Helper()
	n, err := w.runner.Schedule(ctx)
	must(w.t, err)
	if n != want {
		w.t.Fatalf("%d fetches were queued instead of %d", n, want)
	}
}

func TestFetchesFollowTheSupplyCycle(t *testing.T) {
	for _, e := range []store.Engine{store.SQLite, store.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			w, d, clock, dir := fetching(t, e)
			w.scheduled(1)
			w.scheduled(0)
			j := w.run(w.lastJob(KindFetch).ID)
			if j.State != job.Done || w.connector().Outcome != "没有新数据" || len(w.sealed()) != 0 {
				t.Fatalf("%+v %+v", j, w.connector())
			}
			clock.At = clock.At.AddDate(0, 0, 1)
			lay(t, dir, "a.csv", delivery)
			d.closed = true // the version before waits for its acceptance
			w.scheduled(0)
			d.closed = false
			w.scheduled(1)
			j = w.run(w.lastJob(KindFetch).ID)
			if j.State != job.Done || len(d.got) != 1 || d.got[0].Way != "folder" || d.got[0].Name != "a.csv" || d.got[0].Person != "clock" {
				t.Fatalf("%+v %+v", j, d.got)
			}
			if _, err := os.Stat(filepath.Join(dir, "taken", "a.csv")); err != nil {
				t.Error(err)
			}
			v, err := w.runner.Ingest(ctx, d.got[0].ID, nil)
			must(t, err)
			if v.Rows != 3 {
				t.Errorf("%+v", v)
			}
			// The same bytes the next day: supplied, not governed again.
			clock.At = clock.At.AddDate(0, 0, 3) // nobody was there for two turns
			lay(t, dir, "b.csv", delivery)
			w.scheduled(1)
			w.run(w.lastJob(KindFetch).ID)
			if f := w.raw(d.got[0].ID); len(d.got) != 1 || !f.Received.Equal(clock.At) || !strings.Contains(w.connector().Outcome, "相同") || len(w.sealed()) != 1 {
				t.Errorf("%+v %+v", f, w.connector())
			}
			if next := w.connector().Due; !next.After(clock.At) || next.Sub(clock.At) > 24*time.Hour {
				t.Errorf("the next turn is %v", next)
			}
		})
	}
}

func TestAFailedFetchSaysWhyAndIsTriedAgain(t *testing.T) {
	for _, e := range []store.Engine{store.SQLite, store.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			w, d, clock, dir := fetching(t, e)
			must(t, os.Rename(dir, dir+"-away"))
			w.scheduled(1)
			j := w.run(w.lastJob(KindFetch).ID)
			if j.State != job.Failed || j.Code != "connect.folder" || w.connector().Outcome != j.Message || strings.Contains(j.Message, dir) {
				t.Fatalf("%+v", j)
			}
			must(t, os.Rename(dir+"-away", dir))
			lay(t, dir, "a.csv", delivery)
			clock.At = clock.At.AddDate(0, 0, 1)
			d.fail = no("hookup.authorised", "协议已到期")
			w.scheduled(1)
			if j = w.run(w.lastJob(KindFetch).ID); j.Code != "hookup.authorised" || j.Message != "协议已到期" || len(w.sealed()) != 0 || w.count("raw_upload") != 0 {
				t.Fatalf("%+v %v", j, w.sealed())
			}
			if _, err := os.Stat(filepath.Join(dir, "a.csv")); err != nil {
				t.Error("the file went away undelivered")
			}
		})
	}
}

// Died after the delivery, before the job's end: the next run delivers nothing again.
func TestAFetchThatDiedAfterItsDeliveryIsNotRepeated(t *testing.T) {
	for _, e := range []store.Engine{store.SQLite, store.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			w, d, _, dir := fetching(t, e)
			lay(t, dir, "a.csv", delivery)
			w.scheduled(1)
			id := w.lastJob(KindFetch).ID
			// What the run before did.
			upload := "up_" + strings.ReplaceAll(id, "-", "_")
			u, err := w.runner.Stage(ctx, Upload{ID: upload, CaseNo: "JR-1", Hookup: w.hookup.ID, Way: "folder", Name: "a.csv", Person: "clock", Org: "src"},
				func(out io.Writer) error { _, err := out.Write([]byte(delivery)); return err })
			must(t, err)
			must(t, d.Deliver(ctx, w.hookup, u.ID))
			j := w.run(id)
			if j.State != job.Done || len(d.got) != 1 || w.count("raw_file") != 1 {
				t.Errorf("%+v %+v", j, d.got)
			}
		})
	}
}

func TestACredentialIsSealedAndNeverShown(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := open(t, db)
		word := "Sehr-Geheim-1"
		to := connector.Spec{Kind: "postgresql", Address: "127.0.0.1:1", Database: "d", Table: "t", Columns: []string{"a"}, Mode: "full"}
		must(t, w.update(func(x *store.Tx) error {
			return PutCredential(x, w.runner.Seal, "JR-1", to, connector.Secret{User: "reader", Password: word}, "p", "src")
		}))
		must(t, w.update(func(x *store.Tx) error {
			return PutCredential(x, w.runner.Seal, "JR-1", to, connector.Secret{User: "reader", Password: word + "2"}, "p", "src")
		}))
		k, err := w.runner.credential(ctx, "JR-1", to)
		must(t, err)
		if k.Password != word+"2" {
			t.Error("the newer one does not count")
		}
		weaker := to
		weaker.TLS, to.TLS = "", "required"
		if k, err := w.runner.credential(ctx, "JR-1", to); !errors.Is(err, errElsewhere) || k.Password != "" {
			t.Error("it is given to a server it was not entered for", err)
		}
		to = weaker
		var sealed []byte
		must(t, db.View(ctx, func(r *store.ReadTx) (err error) {
			sealed, err = r.Secret(credentialLabel("JR-1"))
			return err
		}))
		if bytes.Contains(sealed, []byte(word)) {
			t.Error("it lies open")
		}
		var id string
		must(t, w.update(func(x *store.Tx) (err error) {
			id, err = QueueProbe(x, "JR-1", to, "p", "op")
			return err
		}))
		j := w.run(id)
		var p Probe
		must(t, db.View(ctx, func(r *store.ReadTx) (err error) { p, err = ProbeOf(r, "JR-1"); return err }))
		if j.State != job.Done || p.Ok || p.Code != "connect.blocked" || strings.Contains(j.Input+j.Result+p.Say, word) {
			t.Errorf("%+v %+v", j, p)
		}
		if _, err := w.runner.credential(ctx, "JR-2", to); err != nil && !errors.Is(err, store.ErrNotFound) {
			t.Error(err)
		}
	})
}
