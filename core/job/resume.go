package job

import (
	"context"
	"errors"

	"pado/core/audit"
	"pado/core/store"
)

// ErrNotStopped: the job has neither failed nor been cancelled; there is nothing to take up again.
var ErrNotStopped = errors.New("the job has not stopped")

// Resume puts a job that failed or was cancelled into the queue again. It goes on from the
// checkpoint it saved last, where its kind saves any; the progress shown begins anew. Who may ask
// is the caller's to check. Errors: store.ErrNotFound, ErrNotStopped.
func Resume(ctx context.Context, db *store.DB, id, person, org string) error {
	_, err := db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		if err := w.Lock("job", "id", id); err != nil {
			return audit.Entry{}, err
		}
		j, err := Get(&w.ReadTx, id)
		if err != nil {
			return audit.Entry{}, err
		}
		if j.State != Failed && j.State != Cancelled {
			return audit.Entry{}, ErrNotStopped
		}
		if err := w.ExecOne(`UPDATE job SET state = $1, runs = 0, cancel_by = '', code = '', message = '', result = '', finished = $2 WHERE id = $3 AND state = $4`,
			string(Queued), store.Time{}, id, string(j.State)); err != nil {
			return audit.Entry{}, err
		}
		_, err = w.Exec(`UPDATE job_progress SET worker = '', lease_until = 0, not_before = 0, done = 0, total = 0, step = '' WHERE job = $1`, id)
		return entry("job.queue", person, org, id, "resume", string(j.State), string(Queued), map[string]string{"kind": j.Kind, "case": j.CaseNo}), err
	})
	return err
}
