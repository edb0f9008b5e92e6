package governance

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pado/core/audit"
	"pado/core/job"
	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/core/store/storetest"
	"pado/domain/governance/ingest/quality"
	"pado/domain/governance/vault"
)

var ctx = context.Background()

const declaration = `
format: pado.pipeline/1
id: test
version: 1
title: 测试
source:
  kind: csv
  header: 1
  columns: [{name: 编号, as: no, identifier: true}, {name: 年龄, as: age}, {name: 性别, as: sex}]
steps:
  - trim: {columns: ["*"]}
  - check:
      rules:
        - {id: age, kind: range, column: age, min: "0", max: "120"}
        - {id: sex, kind: in, column: sex, values: [男, 女], on_fail: report}
  - mask: {rules: [{column: no, kind: pseudonym, domain: natural_person}]}
target:
  table: people
  unit: unit_key
  unit_domain: natural_person
  columns:
    - {name: unit_key, from: no, type: text, label: unit, required: true}
    - {name: age, title: 年龄, type: integer, label: dim}
    - {name: sex, title: 性别, type: text, label: dim}
`

const delivery = "编号,年龄,性别\n1,30,男\n2,40,女\n3,200,女\n4,50,未知\n"

// uploads stands for the place where the API keeps attachments.
type uploads map[string]string

func (u uploads) Open(id string) (io.ReadCloser, error) {
	s, ok := u[id]
	if !ok {
		return nil, errors.New("no bytes")
	}
	return io.NopCloser(strings.NewReader(s)), nil
}

type world struct {
	t      *testing.T
	db     *store.DB
	files  uploads
	dir    string
	kek    []byte
	runner *Runner
	hookup Hookup
	data   Dataset
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) update(f func(*store.Tx) error) error {
	_, err := w.db.Update(ctx, func(x *store.Tx) (audit.Entry, error) {
		return audit.Entry{Type: "test.write", Actor: "system", Action: "test"}, f(x)
	})
	return err
}

func open(t *testing.T, db *store.DB) *world {
	t.Helper()
	w := &world{t: t, db: db, files: uploads{}, dir: t.TempDir(), kek: bytes.Repeat([]byte{3}, 32)}
	ring, err := vault.NewKeyring(w.kek)
	must(t, err)
	v, err := vault.At(filepath.Join(w.dir, "raw"), ring, vault.AES256GCM)
	must(t, err)
	w.runner = NewRunner(Config{DB: db, Vault: v, Ring: ring, KEK: w.kek, Pool: filepath.Join(w.dir, "pool"), Files: w.files})
	must(t, w.update(func(x *store.Tx) (err error) {
		w.hookup, w.data, err = Connect(x, Hookup{Item: "it-1", SourceOrg: "src", OperatorOrg: "op", Division: "140600", Kind: "upload", Pipeline: declaration, Cycle: "month", CaseNo: "JR-1"},
			Dataset{Title: "人口", UnitDomain: "natural_person", UnitColumn: "unit_key", RowsBound: 1}, "p")
		return err
	}))
	return w
}

// deliver uploads and receives a file.
func (w *world) deliver(id, content string) Raw {
	w.t.Helper()
	w.files[id] = content
	sum := sha256.Sum256([]byte(content))
	var f Raw
	must(w.t, w.update(func(x *store.Tx) (err error) {
		if _, err := x.Exec(`INSERT INTO attachment (id, name, size, sha256, media, person, org, at) VALUES ($1,'人口.csv',$2,$3,'text/csv','p','src',0)`,
			id, len(content), hex.EncodeToString(sum[:])); err != nil {
			return err
		}
		f, err = Receive(x, w.hookup.ID, id, "p", "src", "JR-1")
		return err
	}))
	return f
}

func (w *world) raw(id string) (f Raw) {
	w.t.Helper()
	must(w.t, w.db.View(ctx, func(r *store.ReadTx) (err error) { f, err = RawByID(r, id); return err }))
	return f
}

func (w *world) count(table string) (n int) {
	w.t.Helper()
	must(w.t, w.db.View(ctx, func(r *store.ReadTx) error { return r.Get(&n, `SELECT COUNT(*) FROM `+table) }))
	return n
}

func TestADeliveryBecomesAVersionOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := open(t, db)
		f := w.deliver("up1", delivery)
		v, err := w.runner.Ingest(ctx, f.ID, nil)
		must(t, err)
		// One row is out of range and quarantined; the unknown sex is reported only.
		if v.Rows != 3 || v.Quarantined != 1 || v.N != 1 || v.State != "made" || v.Dataset != w.data.ID || v.Score <= 0 || v.Score >= 10000 {
			t.Fatalf("%+v", v)
		}
		if _, err := os.Stat(w.runner.Pool(v)); err != nil {
			t.Error(err)
		}
		if w.raw(f.ID).State != "ingested" {
			t.Error(w.raw(f.ID).State)
		}
		again, err := w.runner.Ingest(ctx, f.ID, nil)
		must(t, err)
		if again.ID != v.ID || again.N != 1 || w.count("dataset_version") != 1 {
			t.Errorf("a second run made another version: %+v", again)
		}
		// The same bytes once more are the same raw file; other bytes the next version.
		if g := w.deliver("up2", delivery); g.ID != f.ID {
			t.Errorf("%s and %s", f.ID, g.ID)
		}
		h := w.deliver("up3", delivery+"5,60,女\n")
		next, err := w.runner.Ingest(ctx, h.ID, nil)
		must(t, err)
		if next.N != 2 || next.Rows != 4 {
			t.Errorf("%+v", next)
		}
		must(t, w.update(func(x *store.Tx) error { return Decide(x, v.ID, true, "q", "op") }))
		if err := w.update(func(x *store.Tx) error { return Decide(x, v.ID, false, "q", "op") }); !errors.Is(err, store.ErrConflict) {
			t.Errorf("decided twice: %v", err)
		}
		must(t, db.View(ctx, func(r *store.ReadTx) error {
			d, err := DatasetByID(r, w.data.ID)
			if d.CurrentVersion != v.ID {
				t.Errorf("current version %q", d.CurrentVersion)
			}
			s, serr := Sections(next)
			if serr != nil || len(s) != 5 || len(s[2].Rows) != 6 || len(s[3].Rows) < 2 {
				t.Errorf("%v %+v", serr, s)
			}
			return err
		}))
	})
}

// The file is in the pool and the record is not: the version is not visible, and the next run
// finds the file and records it.
func TestACrashBeforeTheRecordLeavesNothingVisible(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := open(t, db)
		f := w.deliver("up1", delivery)
		made, err := w.runner.Make(ctx, f.ID, nil)
		must(t, err)
		if w.count("dataset_version") != 0 || w.raw(f.ID).State != "received" {
			t.Fatal("a version was visible before its record")
		}
		file := filepath.Join(w.dir, "pool", w.data.ID, made.Result.File)
		before, err := os.Stat(file)
		must(t, err)
		delete(w.files, "up1") // the upload is not needed again: the bytes are in the vault
		v, err := w.runner.Ingest(ctx, f.ID, nil)
		must(t, err)
		after, err := os.Stat(file)
		must(t, err)
		if v.FileDigest != made.Result.Digest || !after.ModTime().Equal(before.ModTime()) {
			t.Error("the file was made again")
		}
	})
}

func TestOnlyTheUploaderDeliversAndNobodyDownloads(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := open(t, db)
		must(t, w.update(func(x *store.Tx) error {
			_, err := x.Exec(`INSERT INTO attachment (id, name, size, sha256, media, person, org, at) VALUES ('up9','x.csv',1,'00','text/csv','other','src',0)`)
			return err
		}))
		if err := w.update(func(x *store.Tx) error { _, err := Receive(x, w.hookup.ID, "up9", "p", "src", "JR-1"); return err }); !errors.Is(err, ErrUpload) {
			t.Errorf("another's upload: %v", err)
		}
		f := w.deliver("up1", delivery)
		must(t, db.View(ctx, func(r *store.ReadTx) error {
			var caseNo string
			if err := r.Get(&caseNo, `SELECT case_no FROM attachment WHERE id = 'up1'`); err != nil {
				return err
			}
			if caseNo != "raw:"+f.ID {
				t.Errorf("the upload is still in case %q", caseNo)
			}
			return nil
		}))
		if err := w.update(func(x *store.Tx) error { _, err := Receive(x, w.hookup.ID, "up1", "p", "src", "JR-2"); return err }); !errors.Is(err, ErrUpload) {
			t.Errorf("delivered twice: %v", err)
		}
	})
}

// run works the queue until the job is final.
func (w *world) run(id string) (j job.Job) {
	w.t.Helper()
	run, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	r := job.New(w.db, job.Options{Worker: "test", Poll: time.Millisecond, MaxRuns: 1})
	end := make(chan error, 1)
	go func() { end <- r.Run(run, w.runner.Handlers()) }()
	for !j.State.Final() {
		if run.Err() != nil {
			w.t.Fatal("the job did not end within a minute")
		}
		must(w.t, w.db.View(ctx, func(x *store.ReadTx) (err error) { j, err = job.Get(x, id); return err }))
	}
	cancel()
	must(w.t, <-end)
	return j
}

func (w *world) queue(f Raw) (id string) {
	w.t.Helper()
	must(w.t, w.update(func(x *store.Tx) (err error) { id, err = Queue(x, f, w.hookup); return err }))
	return id
}

func TestTheJobRecordsTheVersionWithItsEnd(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := open(t, db)
		f := w.deliver("up1", delivery)
		id := w.queue(f)
		if w.queue(f) != id {
			t.Error("the same file was queued twice")
		}
		j := w.run(id)
		if j.State != job.Done || !strings.Contains(j.Result, `"rows":3`) || w.count("dataset_version") != 1 {
			t.Fatalf("%+v", j)
		}
		bad := w.deliver("up2", "编号,年龄\n1,2\n")
		j = w.run(w.queue(bad))
		if j.State != job.Failed || j.Code != "INGEST_SCHEMA" || !strings.Contains(j.Message, "性别") {
			t.Errorf("%+v", j)
		}
		if g := w.raw(bad.ID); g.State != "failed" || g.Outcome != j.Message {
			t.Errorf("%+v", g)
		}
		// The upload's bytes are not those that were announced.
		changed := w.deliver("up3", delivery+"9,9,女\n")
		w.files["up3"] = delivery
		if j = w.run(w.queue(changed)); j.Code != "INGEST_SOURCE" {
			t.Errorf("%+v", j)
		}
		// The machine's fault is not the file's.
		lost := w.deliver("up4", delivery+"8,8,女\n")
		delete(w.files, "up4")
		if j = w.run(w.queue(lost)); j.Code != "job.internal" || w.raw(lost.ID).State != "received" {
			t.Errorf("%+v %+v", j, w.raw(lost.ID))
		}
	})
}

func TestTheKeyFamilyIsOnePerDivisionAndSealed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := open(t, db)
		a, err := w.runner.family(ctx, "140600")
		must(t, err)
		b, err := w.runner.family(ctx, "140600")
		must(t, err)
		c, err := w.runner.family(ctx, "140602")
		must(t, err)
		if !bytes.Equal(a, b) || bytes.Equal(a, c) || len(a) != 32 {
			t.Error("families are mixed")
		}
		must(t, db.View(ctx, func(r *store.ReadTx) error {
			var sealed []byte
			err := r.Get(&sealed, `SELECT sealed FROM sealed_secret WHERE id = $1`, familyLabel+"140600")
			if bytes.Contains(sealed, a) {
				t.Error("the key lies open")
			}
			return err
		}))
		w.runner.c.KEK = bytes.Repeat([]byte{4}, 32)
		if _, err := w.runner.family(ctx, "140600"); err == nil {
			t.Error("another KEK opened it")
		}
	})
}

func TestOneHookupPerItem(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := open(t, db)
		again := func(caseNo string, d Dataset) (data Dataset, err error) {
			err = w.update(func(x *store.Tx) (err error) {
				_, data, err = Connect(x, Hookup{Item: "it-1", SourceOrg: "src", OperatorOrg: "op", Division: "140600", Kind: "upload", Pipeline: declaration, CaseNo: caseNo}, d, "p")
				return err
			})
			return data, err
		}
		same := Dataset{Title: "人口", UnitDomain: "natural_person", UnitColumn: "unit_key", RowsBound: 2}
		if _, err := again("JR-2", same); !errors.Is(err, store.ErrConflict) {
			t.Errorf("connected twice: %v", err)
		}
		must(t, w.update(func(x *store.Tx) error { return StopHookup(x, w.hookup.ID, "p") }))
		if err := w.update(func(x *store.Tx) error { return StopHookup(x, w.hookup.ID, "p") }); !errors.Is(err, store.ErrConflict) {
			t.Errorf("stopped twice: %v", err)
		}
		d, err := again("JR-3", same)
		must(t, err)
		if d.ID != w.data.ID || d.RowsBound != 2 {
			t.Errorf("the dataset was not continued: %+v", d)
		}
	})
}

func TestWhoSeesTheRegisters(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := open(t, db)
		f := w.deliver("up1", delivery)
		if _, err := w.runner.Ingest(ctx, f.ID, nil); err != nil {
			t.Fatal(err)
		}
		must(t, db.View(ctx, func(r *store.ReadTx) error {
			for i, g := range Registers() {
				must(t, g.Check())
				if i > 1 { // of what was done to raw files
					county := procedure.Actor{Desks: []procedure.Desk{{Role: "authority", Division: "140602"}, {Role: "auditor", Division: "140602"}}}
					if p, err := g.List(r, county, register.Query{}); err != nil || len(p.Rows) != 0 {
						t.Errorf("%s: a county sees %d rows of the city: %v", g.ID, len(p.Rows), err)
					}
					city := procedure.Actor{Desks: []procedure.Desk{{Role: "auditor", Division: "140600"}}}
					if p, err := g.List(r, city, register.Query{}); err != nil || g.ID == "raw_access" && len(p.Rows) == 0 {
						t.Errorf("%s: the city's auditor sees %d rows: %v", g.ID, len(p.Rows), err)
					}
					continue
				}
				key := []string{w.hookup.ID, w.data.ID}[i]
				for _, c := range []struct {
					org  string
					role procedure.Role
					at   string
					want int
				}{{"au", "authority", "140600", 1}, {"county", "authority", "140602", 0}, {"src", "source", "", 1}, {"op", "operator", "", 1}, {"x", "source", "", 0}, {"x", "operator", "", 0}} {
					a := procedure.Actor{Desks: []procedure.Desk{{Org: c.org, Role: c.role, Division: c.at}}}
					p, err := g.List(r, a, register.Query{})
					if err != nil || len(p.Rows) != c.want {
						t.Errorf("%s: %s of %s sees %d: %v", g.ID, c.role, c.org, len(p.Rows), err)
					}
					if _, err := g.Item(r, a, key); (err == nil) != (c.want == 1) {
						t.Errorf("%s: %s of %s: %v", g.ID, c.role, c.org, err)
					}
				}
				if _, err := g.List(r, procedure.Actor{Desks: []procedure.Desk{{Role: "developer"}}}, register.Query{}); !errors.Is(err, store.ErrNotFound) {
					t.Errorf("a developer opened %s: %v", g.ID, err)
				}
			}
			return nil
		}))
	})
}

func TestScoreIsTheMeanOfJudgedDimensions(t *testing.T) {
	for want, dims := range map[int][][2]int64{0: nil, 10000: {{5, 5}}, 7500: {{1, 1}, {1, 2}}, 6666: {{2, 3}, {0, 0}}} {
		var q quality.Report
		for _, d := range dims {
			q.Dimensions = append(q.Dimensions, quality.Dimension{Ratio: quality.Of(d[0], d[1])})
		}
		if got := Score(q); got != want {
			t.Errorf("%v: %d, want %d", dims, got, want)
		}
	}
}

// Cancelled in the middle: nothing is visible, and asked for again it is done.
func TestACancelledIngestLeavesNothingVisible(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := open(t, db)
		f := w.deliver("up1", delivery)
		id := w.queue(f)
		run, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		r := job.New(db, job.Options{Worker: "test", Poll: time.Millisecond, Beat: time.Millisecond, MaxRuns: 1})
		h := w.runner.Handlers()
		inner := h[KindIngest]
		h[KindIngest] = func(ctx context.Context, x *job.Task) (job.Outcome, error) {
			must(t, job.Cancel(ctx, db, x.Job.ID, "p", "src"))
			<-ctx.Done()
			return inner(ctx, x)
		}
		end := make(chan error, 1)
		go func() { end <- r.Run(run, h) }()
		var j job.Job
		for !j.State.Final() {
			if run.Err() != nil {
				t.Fatal("the job did not end within a minute")
			}
			must(t, db.View(ctx, func(x *store.ReadTx) (err error) { j, err = job.Get(x, id); return err }))
		}
		cancel()
		must(t, <-end)
		if j.State != job.Cancelled || w.count("dataset_version") != 0 || w.raw(f.ID).State != "received" {
			t.Fatalf("%+v %+v", j, w.raw(f.ID))
		}
		if again := w.queue(f); again != id {
			t.Error("another job for the same file")
		}
		if j = w.run(id); j.State != job.Done || w.count("dataset_version") != 1 {
			t.Errorf("%+v", j)
		}
	})
}
