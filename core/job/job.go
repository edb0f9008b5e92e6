// Package job carries long work through restarts: queue, lease, progress, checkpoint, cancel,
// history. See README.md.
package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"pado/core/audit"
	"pado/core/store"
)

// State of a job; the comment says whose move it is.
type State string

// The states.
const (
	Queued    State = "queued"    // a worker's
	Running   State = "running"   // the worker's that holds the lease, or the next one's when that has run out
	Done      State = "done"      // nobody's
	Failed    State = "failed"    // the asker's: it may be asked for again
	Cancelled State = "cancelled" // the asker's
)

// Final tells whether nothing more will happen by itself.
func (s State) Final() bool { return s == Done || s == Failed || s == Cancelled }

// Job is one piece of long work on record, with its progress.
type Job struct {
	ID, Kind, Title, Person, Org, CaseNo, Key string
	Input                                     string // JSON
	State                                     State
	Runs                                      int
	CancelBy                                  string
	Code, Message                             string // why it failed: stable code, Chinese sentence
	Result                                    string // JSON
	Created, Started, Finished                store.Time
	Done, Total                               int64 // progress; Total 0 = not known
	Step                                      string
	Checkpoint                                string
}

const jobColumns = `j.id, j.kind, j.title, j.person, j.org, j.case_no, j.key, j.input, j.state, j.runs, j.cancel_by, j.code, j.message, j.result,
	j.created, j.started, j.finished, COALESCE(p.done, 0) AS done, COALESCE(p.total, 0) AS total, COALESCE(p.step, '') AS step, COALESCE(p.checkpoint, '') AS checkpoint`

const jobFrom = ` FROM job j LEFT JOIN job_progress p ON p.job = j.id`

// Run is one attempt.
type Run struct {
	Job               string
	N                 int
	Worker            string
	Started, Finished store.Time
	Outcome           string // done, failed, error, cancelled, released, lost; empty while it runs
}

// Spec is work that is asked for.
type Spec struct {
	Kind, Title         string
	Person, Org, CaseNo string
	Key                 string // the same key is the same job; empty = a new one
	Input               any    // stored as JSON
}

var progress = store.Scratchpad("job_progress")

// Enqueue asks for work inside the caller's transaction and returns the job's id. The entry of
// the asking is added to the same commit.
func Enqueue(w *store.Tx, s Spec) (string, error) {
	input, err := json.Marshal(s.Input)
	if err != nil {
		return "", fmt.Errorf("input of a %s job: %w", s.Kind, err)
	}
	if s.Key != "" {
		var old struct {
			ID    string
			State State
		}
		err := w.Get(&old, `SELECT id, state FROM job WHERE key = $1`, s.Key)
		switch {
		case err == nil && (old.State == Failed || old.State == Cancelled):
			if err := w.ExecOne(`UPDATE job SET state = $1, runs = 0, cancel_by = '', code = '', message = '', result = '', finished = $2, input = $3 WHERE id = $4 AND state = $5`,
				string(Queued), store.Time{}, string(input), old.ID, string(old.State)); err != nil {
				return "", err
			}
			if _, err := w.Exec(`UPDATE job_progress SET worker = '', lease_until = 0, not_before = 0, done = 0, total = 0, step = '' WHERE job = $1`, old.ID); err != nil {
				return "", err
			}
			record(w, "job.queue", s.Person, s.Org, old.ID, "requeue", string(old.State), string(Queued), map[string]string{"kind": s.Kind, "case": s.CaseNo})
			return old.ID, nil
		case err == nil:
			return old.ID, nil
		case !errors.Is(err, store.ErrNotFound):
			return "", err
		}
	}
	n, err := w.Next("job")
	if err != nil {
		return "", err
	}
	id := fmt.Sprintf("job-%08d", n)
	if s.Key == "" {
		s.Key = id
	}
	if _, err := w.Exec(`INSERT INTO job (id, kind, title, person, org, case_no, key, input, state, runs, created) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)`,
		id, s.Kind, s.Title, s.Person, s.Org, s.CaseNo, s.Key, string(input), string(Queued), 0, store.At(w.Now())); err != nil {
		return "", err
	}
	if _, err := w.Exec(`INSERT INTO job_progress (job) VALUES ($1)`, id); err != nil {
		return "", err
	}
	record(w, "job.queue", s.Person, s.Org, id, "queue", "", string(Queued), map[string]string{"kind": s.Kind, "case": s.CaseNo})
	return id, nil
}

// Get reads a job; store.ErrNotFound when there is none.
func Get(r *store.ReadTx, id string) (Job, error) {
	var j Job
	return j, r.Get(&j, `SELECT `+jobColumns+jobFrom+` WHERE j.id = $1`, id)
}

// Query narrows a list of jobs; empty fields match everything.
type Query struct {
	Person, Org, Case, Kind string
	Open                    bool // only those that are not final
	Limit                   int  // 1 to 200; 0 = 50
}

// List reads jobs, the newest first.
func List(r *store.ReadTx, q Query) ([]Job, error) {
	var where []string
	var args []any
	for _, c := range []struct{ col, v string }{{"j.person", q.Person}, {"j.org", q.Org}, {"j.case_no", q.Case}, {"j.kind", q.Kind}} {
		if c.v != "" {
			args = append(args, c.v)
			where = append(where, c.col+" = $"+strconv.Itoa(len(args)))
		}
	}
	if q.Open {
		where = append(where, "j.state IN ('queued', 'running')")
	}
	sql := `SELECT ` + jobColumns + jobFrom
	if len(where) > 0 {
		sql += " WHERE " + strings.Join(where, " AND ")
	}
	if q.Limit <= 0 || q.Limit > 200 {
		q.Limit = 50
	}
	args = append(args, q.Limit)
	var out []Job
	return out, r.Select(&out, sql+" ORDER BY j.created DESC, j.id DESC LIMIT $"+strconv.Itoa(len(args)), args...)
}

// Runs is the history of a job's attempts in order.
func Runs(r *store.ReadTx, id string) ([]Run, error) {
	var out []Run
	return out, r.Select(&out, `SELECT job, n, worker, started, finished, outcome FROM job_run WHERE job = $1 ORDER BY n`, id)
}

// ErrFinal: the job has ended; there is nothing to cancel.
var ErrFinal = errors.New("the job has ended")

// Cancel asks that a job end. A queued one is cancelled at once; a running one hears of it within
// a second wherever it runs. Who may ask is the caller's to check. Errors: store.ErrNotFound, ErrFinal.
func Cancel(ctx context.Context, db *store.DB, id, person, org string) error {
	_, err := db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		if err := w.Lock("job", "id", id); err != nil {
			return audit.Entry{}, err
		}
		j, err := Get(&w.ReadTx, id)
		if err != nil {
			return audit.Entry{}, err
		}
		to := j.State
		switch {
		case j.State.Final():
			return audit.Entry{}, ErrFinal
		case j.State == Queued:
			to = Cancelled
			err = w.ExecOne(`UPDATE job SET state = $1, cancel_by = $2, finished = $3 WHERE id = $4`, string(Cancelled), person, store.At(w.Now()), id)
		default:
			err = w.ExecOne(`UPDATE job SET cancel_by = $1 WHERE id = $2`, person, id)
		}
		return entry("job.cancel", person, org, id, "cancel", string(j.State), string(to), nil), err
	})
	return err
}

func entry(kind, person, org, id, action, from, to string, detail map[string]string) audit.Entry {
	for k, v := range detail {
		if v == "" {
			delete(detail, k)
		}
	}
	return audit.Entry{Type: kind, Actor: person, Org: org, Object: id, Action: action, From: from, To: to, Clause: "3", Result: audit.Done, Detail: detail}
}

func record(w *store.Tx, kind, person, org, id, action, from, to string, detail map[string]string) {
	w.Record(entry(kind, person, org, id, action, from, to, detail))
}
