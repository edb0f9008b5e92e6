package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"pado/core/audit"
	"pado/core/store"
)

// Handler does one run of a kind of job, outside any transaction. It must stop soon after ctx
// ends and be safe to run again over what an earlier run left behind.
type Handler func(ctx context.Context, t *Task) (Outcome, error)

// Outcome is what a run made. Commit, when set, runs in the transaction that ends the job: the
// work's records and the end of the job exist together or not at all. It must do no other I/O.
type Outcome struct {
	Result any
	Commit func(*store.Tx) error
}

// Failure ends a job for good: the code and the sentence the asker sees.
type Failure struct {
	Code, Message string
	Cause         error // kept for the machine's log
}

func (f *Failure) Error() string { return f.Code + ": " + f.Message }

// Unwrap gives the cause.
func (f *Failure) Unwrap() error { return f.Cause }

// Why a handler's context ended, by context.Cause.
var (
	ErrCancelled = errors.New("the job was cancelled")
	ErrLost      = errors.New("the job's lease was lost")
)

// Options of a worker. The zero value of every field but Worker is good.
type Options struct {
	Worker   string        // unique among all processes on the records
	Lease    time.Duration // how long a silent worker keeps a job; 0 = 30 s
	Poll     time.Duration // how often it looks for work without being woken; 0 = 1 s
	Beat     time.Duration // how often progress and cancellation are exchanged; 0 = 500 ms
	Parallel int           // 0 = 1
	MaxRuns  int           // 0 = 5
	Log      *slog.Logger  // nil = nowhere
}

// Runner is a worker. It may be run once.
type Runner struct {
	db   *store.DB
	opt  Options
	wake chan struct{}
	n    atomic.Int64 // leases taken, so that no two of this worker look alike
}

// New makes a worker over the records.
func New(db *store.DB, o Options) *Runner {
	for _, d := range []struct {
		v   *time.Duration
		def time.Duration
	}{{&o.Lease, 30 * time.Second}, {&o.Poll, time.Second}, {&o.Beat, 500 * time.Millisecond}} {
		if *d.v <= 0 {
			*d.v = d.def
		}
	}
	if o.Parallel <= 0 {
		o.Parallel = 1
	}
	if o.MaxRuns <= 0 {
		o.MaxRuns = 5
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Runner{db: db, opt: o, wake: make(chan struct{}, 1)}
}

// Wake makes the worker look for work now. It may be called after every commit: it costs nothing.
func (r *Runner) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run works until ctx ends, then gives back what it holds and returns nil. Kinds without a
// handler are left to other workers. A database that does not answer is waited for.
func (r *Runner) Run(ctx context.Context, handlers map[string]Handler) error {
	if r.opt.Worker == "" {
		return errors.New("a worker needs a name")
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	slots := make(chan struct{}, r.opt.Parallel)
	tick := time.NewTicker(r.opt.Poll)
	defer tick.Stop()
	for {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		id, lease, err := r.claim(ctx, handlers)
		if err != nil && ctx.Err() == nil {
			r.opt.Log.Error("claim a job", "error", err)
		}
		if id != "" {
			wg.Go(func() {
				defer func() { <-slots; r.Wake() }()
				if err := r.work(ctx, id, lease, handlers); err != nil {
					r.opt.Log.Error("run a job", "job", id, "error", err)
				}
			})
			continue
		}
		<-slots
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-r.wake:
		}
	}
}

func (r *Runner) wall() int64 { return r.db.Wall().UnixMilli() }

// claim takes the lease of the oldest job that waits; "" when there is none.
func (r *Runner) claim(ctx context.Context, handlers map[string]Handler) (id, lease string, err error) {
	var waiting []struct{ ID, Kind string }
	now := r.wall()
	if err := r.db.View(ctx, func(x *store.ReadTx) error {
		return x.Select(&waiting, `SELECT j.id, j.kind FROM job j JOIN job_progress p ON p.job = j.id
			WHERE j.state IN ('queued', 'running') AND p.lease_until <= $1 AND p.not_before <= $2 ORDER BY j.created, j.id LIMIT 100`, now, now)
	}); err != nil {
		return "", "", err
	}
	for _, j := range waiting {
		if handlers[j.Kind] == nil {
			continue
		}
		var n int64
		lease := fmt.Sprintf("%s#%d", r.opt.Worker, r.n.Add(1))
		err := r.db.Scratch(ctx, func(s *store.ScratchTx) (err error) {
			n, err = s.Exec(progress, `UPDATE job_progress SET worker = $1, lease_until = $2 WHERE job = $3 AND lease_until <= $4`,
				lease, now+r.opt.Lease.Milliseconds(), j.ID, now)
			return err
		})
		if errors.Is(err, store.ErrConflict) {
			continue
		}
		if err != nil || n == 1 {
			return j.ID, lease, err
		}
	}
	return "", "", nil
}

// work carries one claimed job through one run.
func (r *Runner) work(ctx context.Context, id, lease string, handlers map[string]Handler) error {
	j, ok, err := r.begin(ctx, id, lease)
	if err != nil || !ok {
		return errors.Join(err, r.yield(ctx, id, lease, 0))
	}
	run, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	t := &Task{Job: j, Run: j.Runs, r: r, lease: lease}
	var beat sync.WaitGroup
	stop := make(chan struct{})
	beat.Go(func() { t.heart(run, cancel, stop) })
	out, herr := safely(run, handlers[j.Kind], t)
	close(stop)
	beat.Wait()
	why := context.Cause(run)
	// At this point the handler is through. What is left is one commit, which must not be cut
	// off by the stopping of the worker.
	end, done := context.WithTimeout(context.WithoutCancel(ctx), r.opt.Lease)
	defer done()
	switch {
	case errors.Is(why, ErrLost):
		return nil
	case errors.Is(why, ErrCancelled):
		return r.finish(end, j, lease, Cancelled, "cancelled", Outcome{}, nil)
	case herr == nil:
		err := r.finish(end, j, lease, Done, "done", out, nil)
		if err == nil || errors.Is(err, ErrLost) {
			return nil
		}
		herr = err
	case ctx.Err() != nil:
		return errors.Join(r.finish(end, j, lease, Queued, "released", Outcome{}, nil), r.yield(end, id, lease, 0))
	}
	var f *Failure
	if errors.As(herr, &f) {
		if f.Cause != nil {
			r.opt.Log.Error("a job failed", "job", id, "code", f.Code, "error", f.Cause)
		}
		return r.finish(end, j, lease, Failed, "failed", Outcome{}, f)
	}
	r.opt.Log.Error("a run of a job failed", "job", id, "run", j.Runs, "error", herr)
	if j.Runs >= r.opt.MaxRuns {
		return r.finish(end, j, lease, Failed, "error", Outcome{}, &Failure{Code: "job.internal", Message: "作业多次未能完成，已停止重试，请联系系统管理员"})
	}
	return errors.Join(r.finish(end, j, lease, Queued, "error", Outcome{}, nil), r.yield(end, id, lease, pause(j.Runs)))
}

func pause(runs int) time.Duration { return time.Second << min(runs, 8) }

// safely turns a handler's panic into an error of this run.
func safely(ctx context.Context, h Handler, t *Task) (out Outcome, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the handler of %s panicked: %v", t.Job.Kind, p)
		}
	}()
	return h(ctx, t)
}

// begin records the start of a run. false: there is nothing to run any more.
func (r *Runner) begin(ctx context.Context, id, lease string) (Job, bool, error) {
	var j Job
	goOn := false
	_, err := r.db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		if err := w.Lock("job", "id", id); err != nil {
			return audit.Entry{}, err
		}
		var err error
		if j, err = Get(&w.ReadTx, id); err != nil {
			return audit.Entry{}, err
		}
		if j.State.Final() {
			return audit.Entry{}, store.ErrNoEntry
		}
		if err := mine(w, id, lease); err != nil {
			return audit.Entry{}, err
		}
		now := store.At(w.Now())
		if _, err := w.Exec(`UPDATE job_run SET finished = $1, outcome = 'lost' WHERE job = $2 AND outcome = ''`, now, id); err != nil {
			return audit.Entry{}, err
		}
		from := j.State
		end := func(s State, code, message string) (audit.Entry, error) {
			return entry("job.finish", "system", "", id, string(s), string(from), string(s), map[string]string{"code": code}),
				w.ExecOne(`UPDATE job SET state = $1, code = $2, message = $3, finished = $4 WHERE id = $5`, string(s), code, message, now, id)
		}
		if j.CancelBy != "" {
			return end(Cancelled, "", "")
		}
		if j.Runs >= r.opt.MaxRuns {
			return end(Failed, "job.lost", "作业多次异常中断，已停止重试，请联系系统管理员")
		}
		j.Runs++
		if j.Started.IsZero() {
			j.Started = now
		}
		var n int
		if err := w.Get(&n, `SELECT COALESCE(MAX(n), 0) + 1 FROM job_run WHERE job = $1`, id); err != nil {
			return audit.Entry{}, err
		}
		if _, err := w.Exec(`INSERT INTO job_run (job, n, worker, started) VALUES ($1,$2,$3,$4)`, id, n, r.opt.Worker, now); err != nil {
			return audit.Entry{}, err
		}
		goOn = true
		j.State = Running
		return entry("job.start", "system", "", id, "start", string(from), string(Running), map[string]string{"run": fmt.Sprint(n)}),
			w.ExecOne(`UPDATE job SET state = $1, runs = $2, started = $3 WHERE id = $4`, string(Running), j.Runs, j.Started, id)
	})
	if errors.Is(err, store.ErrNoEntry) || errors.Is(err, ErrLost) {
		return j, false, nil
	}
	return j, goOn && err == nil, err
}

// mine fails with ErrLost unless the lease is the one on record.
func mine(w *store.Tx, id, lease string) error {
	var worker string
	if err := w.Get(&worker, `SELECT worker FROM job_progress WHERE job = $1`, id); err != nil {
		return err
	}
	if worker != lease {
		return ErrLost
	}
	return nil
}

// finish records the end of a run and, unless it goes back to the queue, of the job.
func (r *Runner) finish(ctx context.Context, j Job, lease string, to State, outcome string, out Outcome, f *Failure) error {
	result := ""
	if out.Result != nil {
		b, err := json.Marshal(out.Result)
		if err != nil {
			return fmt.Errorf("result of job %s: %w", j.ID, err)
		}
		result = string(b)
	}
	if f == nil {
		f = &Failure{}
	}
	_, err := r.db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		if err := w.Lock("job", "id", j.ID); err != nil {
			return audit.Entry{}, err
		}
		if err := mine(w, j.ID, lease); err != nil {
			return audit.Entry{}, err
		}
		if out.Commit != nil {
			if err := out.Commit(w); err != nil {
				return audit.Entry{}, err
			}
		}
		now := store.At(w.Now())
		var finished store.Time
		if to.Final() {
			finished = now
		}
		runs := j.Runs
		if outcome == "released" {
			runs-- // the worker's stopping is no failure of the job
		}
		n, err := w.Exec(`UPDATE job SET state = $1, code = $2, message = $3, result = $4, finished = $5, runs = $6 WHERE id = $7 AND state = $8 AND runs = $9`,
			string(to), f.Code, f.Message, result, finished, runs, j.ID, string(Running), j.Runs)
		if err != nil {
			return audit.Entry{}, err
		}
		if n != 1 {
			return audit.Entry{}, ErrLost
		}
		if _, err := w.Exec(`UPDATE job_run SET finished = $1, outcome = $2 WHERE job = $3 AND outcome = ''`, now, outcome, j.ID); err != nil {
			return audit.Entry{}, err
		}
		if to.Final() {
			if _, err := w.Exec(`UPDATE job_progress SET worker = '', lease_until = 0 WHERE job = $1`, j.ID); err != nil {
				return audit.Entry{}, err
			}
		}
		return entry("job.finish", "system", "", j.ID, outcome, string(Running), string(to), map[string]string{"code": f.Code}), nil
	})
	if errors.Is(err, ErrLost) {
		return nil
	}
	return err
}

// yield gives the lease back, to be taken again after a pause.
func (r *Runner) yield(ctx context.Context, id, lease string, after time.Duration) error {
	end, done := context.WithTimeout(context.WithoutCancel(ctx), r.opt.Lease)
	defer done()
	return r.db.Scratch(end, func(s *store.ScratchTx) error {
		_, err := s.Exec(progress, `UPDATE job_progress SET worker = '', lease_until = 0, not_before = $1 WHERE job = $2 AND worker = $3`,
			r.wall()+after.Milliseconds(), id, lease)
		return err
	})
}
