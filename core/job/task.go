package job

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"pado/core/store"
)

// Task is one run as its handler sees it. Progress may be called from several goroutines.
type Task struct {
	Job Job
	Run int // from 1

	r     *Runner
	lease string
	mu    sync.Mutex
	done  int64
	total int64
	step  string
	dirty bool
}

// Input decodes what the job was asked for with.
func (t *Task) Input(v any) error {
	if err := json.Unmarshal([]byte(t.Job.Input), v); err != nil {
		return fmt.Errorf("input of job %s: %w", t.Job.ID, err)
	}
	return nil
}

// Progress says how far the run is: done of total (0 = not known) in a step named for people.
// It costs nothing; it is shown within a beat.
func (t *Task) Progress(done, total int64, step string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done, t.total, t.step, t.dirty = done, total, step, true
}

// Checkpoint is what the last run saved; empty at first.
func (t *Task) Checkpoint() string { return t.Job.Checkpoint }

// Save keeps a checkpoint for the next run, should this one not end. It is durable when Save
// returns. ErrLost: another worker has the job.
func (t *Task) Save(ctx context.Context, checkpoint string) error {
	var n int64
	err := t.r.db.Scratch(ctx, func(s *store.ScratchTx) (err error) {
		n, err = s.Exec(progress, `UPDATE job_progress SET checkpoint = $1, lease_until = $2 WHERE job = $3 AND worker = $4`,
			checkpoint, t.r.wall()+t.r.opt.Lease.Milliseconds(), t.Job.ID, t.lease)
		return err
	})
	if err == nil && n == 0 {
		return ErrLost
	}
	return err
}

// heart renews the lease, shows the progress and hears of a cancellation, once a beat.
func (t *Task) heart(ctx context.Context, cancel context.CancelCauseFunc, stop <-chan struct{}) {
	tick := time.NewTicker(t.r.opt.Beat)
	defer tick.Stop()
	renewed := t.r.wall()
	for {
		select {
		case <-stop:
			// The last progress is for the eye only: the job's end is written by its own statement.
			_, _ = t.beat(context.WithoutCancel(ctx))
			return
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		t.mu.Lock()
		due := t.dirty || t.r.wall()-renewed >= t.r.opt.Lease.Milliseconds()/3
		t.mu.Unlock()
		if due {
			n, err := t.beat(ctx)
			if err == nil && n == 0 {
				cancel(ErrLost)
				return
			}
			if err == nil {
				renewed = t.r.wall()
			}
		}
		var by string
		if err := t.r.db.View(ctx, func(x *store.ReadTx) error {
			return x.Get(&by, `SELECT cancel_by FROM job WHERE id = $1`, t.Job.ID)
		}); err == nil && by != "" {
			cancel(ErrCancelled)
			return
		}
		// A database that does not answer until the lease has run out: another may be at work.
		if t.r.wall()-renewed >= t.r.opt.Lease.Milliseconds() {
			cancel(ErrLost)
			return
		}
	}
}

// beat writes lease and progress; 0 rows mean that the lease is another's.
func (t *Task) beat(ctx context.Context) (n int64, err error) {
	t.mu.Lock()
	done, total, step := t.done, t.total, t.step
	t.dirty = false
	t.mu.Unlock()
	err = t.r.db.Scratch(ctx, func(s *store.ScratchTx) (err error) {
		n, err = s.Exec(progress, `UPDATE job_progress SET done = $1, total = $2, step = $3, lease_until = $4 WHERE job = $5 AND worker = $6`,
			done, total, step, t.r.wall()+t.r.opt.Lease.Milliseconds(), t.Job.ID, t.lease)
		return err
	})
	if err != nil {
		t.mu.Lock()
		t.dirty = true
		t.mu.Unlock()
	}
	return n, err
}
