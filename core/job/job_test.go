package job_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pado/core/audit"
	"pado/core/job"
	"pado/core/store"
	"pado/core/store/storetest"
)

var ctx = context.Background()

// The test binary is its own worker process when the variable below holds a record address.
const childDSN, childSchema = "PADO_JOB_CHILD_DSN", "PADO_JOB_CHILD_SCHEMA"

func TestMain(m *testing.M) {
	if dsn := os.Getenv(childDSN); dsn != "" {
		child(dsn, os.Getenv(childSchema))
		return
	}
	os.Exit(m.Run())
}

// child works on a job until it is killed: it saves a checkpoint, says so, and never ends.
func child(dsn, schema string) {
	clock := &storetest.Clock{At: storetest.Start}
	db, err := store.Open(ctx, store.Options{DSN: dsn, Schema: schema, Wall: clock.Now})
	if err != nil {
		fmt.Println("open:", err)
		os.Exit(1)
	}
	r := job.New(db, job.Options{Worker: "child", Poll: time.Millisecond, Beat: time.Millisecond})
	err = r.Run(ctx, map[string]job.Handler{"slow": func(ctx context.Context, t *job.Task) (job.Outcome, error) {
		t.Progress(50, 100, "过半")
		if err := t.Save(ctx, "half"); err != nil {
			return job.Outcome{}, err
		}
		fmt.Println("half")
		<-ctx.Done()
		return job.Outcome{}, ctx.Err()
	}})
	fmt.Println("ended", err)
	os.Exit(1)
}

func open(t *testing.T, o store.Options, clock *storetest.Clock) *store.DB {
	t.Helper()
	o.Wall = clock.Now
	db, err := store.Open(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func enqueue(t *testing.T, db *store.DB, s job.Spec) (id string) {
	t.Helper()
	if s.Person == "" {
		s.Person = "p"
	}
	_, err := db.Update(ctx, func(w *store.Tx) (e audit.Entry, err error) {
		id, err = job.Enqueue(w, s)
		return audit.Entry{Type: "test.write", Actor: "system", Action: "test"}, err
	})
	must(t, err)
	return id
}

func get(t *testing.T, db *store.DB, id string) (j job.Job) {
	t.Helper()
	must(t, db.View(ctx, func(r *store.ReadTx) (err error) { j, err = job.Get(r, id); return err }))
	return j
}

func runs(t *testing.T, db *store.DB, id string) string {
	t.Helper()
	var out []string
	must(t, db.View(ctx, func(r *store.ReadTx) error {
		list, err := job.Runs(r, id)
		for _, x := range list {
			out = append(out, x.Outcome)
		}
		return err
	}))
	return strings.Join(out, " ")
}

// entries lists the actions on a job in the log.
func entries(t *testing.T, db *store.DB, id string) string {
	t.Helper()
	var out []string
	must(t, db.View(ctx, func(r *store.ReadTx) error {
		list, err := r.Search(store.LogQuery{Object: id}, 100)
		for i := len(list) - 1; i >= 0; i-- {
			out = append(out, list[i].Type+":"+list[i].Action)
		}
		return err
	}))
	return strings.Join(out, " ")
}

// until runs a worker until every job is final or done says so.
func until(t *testing.T, db *store.DB, o job.Options, done func() bool, h map[string]job.Handler) {
	t.Helper()
	if o.Worker == "" {
		o.Worker = "test"
	}
	o.Poll, o.Beat = time.Millisecond, time.Millisecond
	run, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	finished := make(chan error, 1)
	r := job.New(db, o)
	go func() { finished <- r.Run(run, h) }()
	for !done() {
		if run.Err() != nil {
			t.Fatal("the work did not end within a minute")
		}
		r.Wake()
	}
	cancel()
	must(t, <-finished)
}

func final(t *testing.T, db *store.DB, id string) func() bool {
	return func() bool { return get(t, db, id).State.Final() }
}

func TestAJobIsDoneTogetherWithWhatItMade(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		id := enqueue(t, db, job.Spec{Kind: "make", Title: "制作", Input: map[string]int{"n": 7}})
		if j := get(t, db, id); j.State != job.Queued || j.Input != `{"n":7}` {
			t.Fatalf("%+v", j)
		}
		until(t, db, job.Options{}, final(t, db, id), map[string]job.Handler{"make": func(ctx context.Context, x *job.Task) (job.Outcome, error) {
			var in struct{ N int }
			if err := x.Input(&in); err != nil {
				return job.Outcome{}, err
			}
			x.Progress(7, 7, "完成")
			return job.Outcome{Result: in.N * 2, Commit: func(w *store.Tx) error {
				_, err := w.Exec(`INSERT INTO meta (key, value) VALUES ('made', '14')`)
				return err
			}}, nil
		}})
		j := get(t, db, id)
		if j.State != job.Done || j.Result != "14" || j.Runs != 1 || j.Done != 7 || j.Step != "完成" || j.Finished.IsZero() {
			t.Errorf("%+v", j)
		}
		if got := entries(t, db, id); got != "job.queue:queue job.start:start job.finish:done" {
			t.Error(got)
		}
		must(t, db.View(ctx, func(r *store.ReadTx) error { _, err := r.Meta("made"); return err }))
	})
}

func TestWhatCannotBeCommittedIsNotDone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		id := enqueue(t, db, job.Spec{Kind: "make"})
		until(t, db, job.Options{}, final(t, db, id), map[string]job.Handler{"make": func(context.Context, *job.Task) (job.Outcome, error) {
			return job.Outcome{Commit: func(w *store.Tx) error {
				if _, err := w.Exec(`INSERT INTO meta (key, value) VALUES ('made', 'x')`); err != nil {
					return err
				}
				return &job.Failure{Code: "test.no", Message: "不行"}
			}}, nil
		}})
		j := get(t, db, id)
		if j.State != job.Failed || j.Code != "test.no" || j.Message != "不行" {
			t.Errorf("%+v", j)
		}
		must(t, db.View(ctx, func(r *store.ReadTx) error {
			if _, err := r.Meta("made"); !errors.Is(err, store.ErrNotFound) {
				t.Error("what was made outlived the failure")
			}
			return nil
		}))
	})
}

func TestAnInternalErrorIsTriedAgainAndThenTellsNothing(t *testing.T) {
	clock := &storetest.Clock{At: storetest.Start}
	for _, e := range []store.Engine{store.SQLite, store.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			db := open(t, storetest.Options(t, e), clock)
			must(t, db.Found(ctx, store.Founding{City: "140600", Origin: "test", Demo: true}))
			id := enqueue(t, db, job.Spec{Kind: "make"})
			h := map[string]job.Handler{"make": func(context.Context, *job.Task) (job.Outcome, error) {
				return job.Outcome{}, errors.New("password=secret at /some/path")
			}}
			for n := 1; n <= 3; n++ {
				until(t, db, job.Options{MaxRuns: 3}, func() bool { j := get(t, db, id); return j.Runs == n && j.State != job.Running }, h)
				clock.At = clock.At.Add(time.Hour)
			}
			j := get(t, db, id)
			if j.State != job.Failed || j.Code != "job.internal" || strings.Contains(j.Message, "secret") || runs(t, db, id) != "error error error" {
				t.Errorf("%+v %s", j, runs(t, db, id))
			}
			// Asked for again, it starts from the beginning.
			again := enqueue(t, db, job.Spec{Kind: "make", Key: id})
			if j := get(t, db, id); again != id || j.State != job.Queued || j.Runs != 0 || j.Code != "" {
				t.Errorf("%s %+v", again, j)
			}
		})
	}
}

func TestAPanicIsOneFailedRun(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		id := enqueue(t, db, job.Spec{Kind: "make"})
		until(t, db, job.Options{MaxRuns: 1}, final(t, db, id), map[string]job.Handler{"make": func(context.Context, *job.Task) (job.Outcome, error) { panic("x") }})
		if j := get(t, db, id); j.Code != "job.internal" {
			t.Errorf("%+v", j)
		}
	})
}

func TestCancel(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		waiting := enqueue(t, db, job.Spec{Kind: "other"})
		must(t, job.Cancel(ctx, db, waiting, "p", ""))
		if j := get(t, db, waiting); j.State != job.Cancelled || j.CancelBy != "p" {
			t.Errorf("%+v", j)
		}
		if err := job.Cancel(ctx, db, waiting, "p", ""); !errors.Is(err, job.ErrFinal) {
			t.Error(err)
		}
		if err := job.Cancel(ctx, db, "job-none", "p", ""); !errors.Is(err, store.ErrNotFound) {
			t.Error(err)
		}
		running := enqueue(t, db, job.Spec{Kind: "make"})
		var cause error
		until(t, db, job.Options{}, final(t, db, running), map[string]job.Handler{"make": func(ctx context.Context, x *job.Task) (job.Outcome, error) {
			must(t, job.Cancel(ctx, db, x.Job.ID, "q", ""))
			<-ctx.Done()
			cause = context.Cause(ctx)
			return job.Outcome{Commit: func(*store.Tx) error { t.Error("a cancelled job committed"); return nil }}, nil
		}})
		if j := get(t, db, running); j.State != job.Cancelled || !errors.Is(cause, job.ErrCancelled) {
			t.Errorf("%+v %v", j, cause)
		}
		if got := entries(t, db, running); got != "job.queue:queue job.start:start job.cancel:cancel job.finish:cancelled" {
			t.Error(got)
		}
	})
}

func TestAStoppedWorkerGivesItsJobBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		id := enqueue(t, db, job.Spec{Kind: "make"})
		var started atomic.Bool
		until(t, db, job.Options{Worker: "one"}, started.Load, map[string]job.Handler{"make": func(ctx context.Context, x *job.Task) (job.Outcome, error) {
			must(t, x.Save(ctx, "so far"))
			started.Store(true)
			<-ctx.Done()
			return job.Outcome{}, ctx.Err()
		}})
		if j := get(t, db, id); j.State != job.Queued || j.Runs != 0 || runs(t, db, id) != "released" {
			t.Fatalf("%+v %s", j, runs(t, db, id))
		}
		var checkpoint string
		until(t, db, job.Options{Worker: "two"}, final(t, db, id), map[string]job.Handler{"make": func(_ context.Context, x *job.Task) (job.Outcome, error) {
			checkpoint = x.Checkpoint()
			return job.Outcome{}, nil
		}})
		if checkpoint != "so far" || runs(t, db, id) != "released done" {
			t.Error(checkpoint, runs(t, db, id))
		}
	})
}

// A worker that slept longer than its lease cannot record anything: the other one's end counts.
func TestALostLeaseCommitsNothing(t *testing.T) {
	for _, e := range []store.Engine{store.SQLite, store.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			o := storetest.Options(t, e)
			slow, fast := &storetest.Clock{At: storetest.Start}, &storetest.Clock{At: storetest.Start.Add(time.Hour)}
			one, two := open(t, o, slow), open(t, o, fast)
			must(t, one.Found(ctx, store.Founding{City: "140600", Origin: "test", Demo: true}))
			id := enqueue(t, one, job.Spec{Kind: "make"})
			var ended, once atomic.Bool
			until(t, one, job.Options{Worker: "one"}, ended.Load, map[string]job.Handler{"make": func(context.Context, *job.Task) (job.Outcome, error) {
				if once.Swap(true) {
					return job.Outcome{}, nil
				}
				until(t, two, job.Options{Worker: "two"}, final(t, two, id), map[string]job.Handler{"make": func(context.Context, *job.Task) (job.Outcome, error) {
					return job.Outcome{Result: "two"}, nil
				}})
				ended.Store(true)
				return job.Outcome{Result: "one", Commit: func(*store.Tx) error { t.Error("the loser committed"); return nil }}, nil
			}})
			if j := get(t, one, id); j.State != job.Done || j.Result != `"two"` || runs(t, one, id) != "lost done" {
				t.Errorf("%+v %s", j, runs(t, one, id))
			}
		})
	}
}

// Several workers, many jobs: each is run once.
func TestWorkersShareTheQueue(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const n = 12
		var ids []string
		for i := range n {
			ids = append(ids, enqueue(t, db, job.Spec{Kind: "make", Key: fmt.Sprint("k", i)}))
		}
		if again := enqueue(t, db, job.Spec{Kind: "make", Key: "k0"}); again != ids[0] {
			t.Error("the same key is the same job")
		}
		var ran atomic.Int64
		h := map[string]job.Handler{"make": func(context.Context, *job.Task) (job.Outcome, error) { ran.Add(1); return job.Outcome{}, nil }}
		run, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		ends := make(chan error, 3)
		for i := range 3 {
			r := job.New(db, job.Options{Worker: fmt.Sprint("w", i), Parallel: 2, Poll: time.Millisecond, Beat: time.Millisecond})
			go func() { ends <- r.Run(run, h) }()
		}
		for open := true; open; {
			if run.Err() != nil {
				t.Fatal("the work did not end within a minute")
			}
			must(t, db.View(ctx, func(r *store.ReadTx) error {
				list, err := job.List(r, job.Query{Open: true, Person: "p", Kind: "make"})
				open = len(list) > 0
				return err
			}))
		}
		cancel()
		for range 3 {
			must(t, <-ends)
		}
		if ran.Load() != n {
			t.Errorf("%d runs of %d jobs", ran.Load(), n)
		}
	})
}

// kill −9 in the middle: the next worker goes on from the checkpoint.
func TestAKilledWorkersJobIsResumed(t *testing.T) {
	exe, err := os.Executable()
	must(t, err)
	for _, e := range []store.Engine{store.SQLite, store.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			o := storetest.Options(t, e)
			clock := &storetest.Clock{At: storetest.Start}
			db := open(t, o, clock)
			must(t, db.Found(ctx, store.Founding{City: "140600", Origin: "test", Demo: true}))
			id := enqueue(t, db, job.Spec{Kind: "slow"})
			cmd := exec.Command(exe)
			cmd.Env = append(os.Environ(), childDSN+"="+o.DSN, childSchema+"="+o.Schema)
			out, err := cmd.StdoutPipe()
			must(t, err)
			must(t, cmd.Start())
			line, err := bufio.NewReader(out).ReadString('\n')
			if line != "half\n" || err != nil {
				cmd.Process.Kill()
				t.Fatalf("the child said %q: %v", line, err)
			}
			must(t, cmd.Process.Kill()) // SIGKILL
			cmd.Wait()
			if j := get(t, db, id); j.State != job.Running || j.Checkpoint != "half" {
				t.Fatalf("%+v", j)
			}
			// Before the lease has run out nobody may take it.
			idle := enqueue(t, db, job.Spec{Kind: "idle"})
			var resumed, checkpoint string
			h := map[string]job.Handler{
				"idle": func(context.Context, *job.Task) (job.Outcome, error) { return job.Outcome{}, nil },
				"slow": func(_ context.Context, x *job.Task) (job.Outcome, error) {
					resumed, checkpoint = fmt.Sprint("run ", x.Run), x.Checkpoint()
					return job.Outcome{}, nil
				}}
			until(t, db, job.Options{}, final(t, db, idle), h)
			if resumed != "" {
				t.Fatal("taken while the lease ran")
			}
			clock.At = clock.At.Add(time.Minute)
			until(t, db, job.Options{}, final(t, db, id), h)
			if resumed != "run 2" || checkpoint != "half" || runs(t, db, id) != "lost done" {
				t.Error(resumed, checkpoint, runs(t, db, id))
			}
			if got := entries(t, db, id); got != "job.queue:queue job.start:start job.start:start job.finish:done" {
				t.Error(got)
			}
		})
	}
}

// A job that kills its process every time stops being tried.
func TestAJobThatIsLostTooOftenIsGivenUp(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		id := enqueue(t, db, job.Spec{Kind: "make"})
		_, err := db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
			_, err := w.Exec(`UPDATE job SET state = 'running', runs = 5`)
			return audit.Entry{Type: "test.write", Actor: "system", Action: "test"}, err
		})
		must(t, err)
		until(t, db, job.Options{}, final(t, db, id), map[string]job.Handler{"make": func(context.Context, *job.Task) (job.Outcome, error) {
			t.Error("tried again")
			return job.Outcome{}, nil
		}})
		if j := get(t, db, id); j.State != job.Failed || j.Code != "job.lost" {
			t.Errorf("%+v", j)
		}
	})
}

func TestResumeGoesOnFromTheCheckpoint(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		id := enqueue(t, db, job.Spec{Kind: "make"})
		if err := job.Resume(ctx, db, id, "p", ""); !errors.Is(err, job.ErrNotStopped) {
			t.Error(err)
		}
		if err := job.Resume(ctx, db, "job-none", "p", ""); !errors.Is(err, store.ErrNotFound) {
			t.Error(err)
		}
		until(t, db, job.Options{}, final(t, db, id), map[string]job.Handler{"make": func(ctx context.Context, x *job.Task) (job.Outcome, error) {
			must(t, x.Save(ctx, "half"))
			return job.Outcome{}, &job.Failure{Code: "make.stopped", Message: "中断"}
		}})
		must(t, job.Resume(ctx, db, id, "q", ""))
		if j := get(t, db, id); j.State != job.Queued || j.Code != "" || j.Message != "" || j.Checkpoint != "half" {
			t.Errorf("%+v", j)
		}
		from := ""
		until(t, db, job.Options{}, final(t, db, id), map[string]job.Handler{"make": func(_ context.Context, x *job.Task) (job.Outcome, error) {
			from = x.Checkpoint()
			return job.Outcome{}, nil
		}})
		if j := get(t, db, id); j.State != job.Done || from != "half" {
			t.Errorf("from %q: %+v", from, j)
		}
		if got := entries(t, db, id); !strings.Contains(got, "job.queue:resume") {
			t.Error(got)
		}
	})
}
