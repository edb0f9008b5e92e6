package api

import (
	"context"
	"errors"

	"pado/core/job"
	"pado/core/store"
)

// JobWire is a piece of long work with its progress.
type JobWire struct {
	ID         string     `json:"id"`
	Kind       string     `json:"kind"`
	Title      string     `json:"title"`
	State      string     `json:"state"`
	Done       int64      `json:"done"`
	Total      int64      `json:"total"`
	Step       string     `json:"step"`
	CaseNo     string     `json:"caseNo,omitempty"`
	StartedAt  store.Time `json:"startedAt"`
	FinishedAt store.Time `json:"finishedAt"`
	Error      string     `json:"error,omitempty"`
	Code       string     `json:"code,omitempty"`
	Cancelling bool       `json:"cancelling"`
	Resumable  bool       `json:"resumable" doc:"已失败或已取消，可以继续"`
}

func jobWire(j job.Job) JobWire {
	return JobWire{j.ID, j.Kind, j.Title, string(j.State), j.Done, j.Total, j.Step, j.CaseNo, j.Started, j.Finished, j.Message, j.Code,
		j.CancelBy != "" && !j.State.Final(), j.State == job.Failed || j.State == job.Cancelled}
}

// JobRoutes lists a person's own jobs and those of its organisations, cancels and resumes them.
func JobRoutes() func(*API) {
	return func(a *API) {
		type jobsOut struct {
			Body struct {
				Items []JobWire `json:"items"`
			}
		}
		type jobsIn struct {
			Mine string `query:"mine" maxLength:"1"`
			Case string `query:"case" maxLength:"40"`
		}
		Route(a, Op("list-jobs", "GET", "/api/jobs", "后台任务", "任务"), func(ctx context.Context, in *jobsIn) (*jobsOut, error) {
			actor, err := a.Who(ctx)
			if err != nil {
				return nil, err
			}
			var out jobsOut
			out.Body.Items = []JobWire{}
			err = a.Engine.DB().View(ctx, func(r *store.ReadTx) error {
				queries := []job.Query{{Person: actor.Person, Case: in.Case}}
				for _, d := range actor.Desks {
					if in.Mine != "1" && d.Org != "" {
						queries = append(queries, job.Query{Org: d.Org, Case: in.Case})
					}
				}
				seen := map[string]bool{}
				for _, q := range queries {
					list, err := job.List(r, q)
					if err != nil {
						return err
					}
					for _, j := range list {
						if !seen[j.ID] {
							seen[j.ID] = true
							out.Body.Items = append(out.Body.Items, jobWire(j))
						}
					}
				}
				return nil
			})
			return &out, err
		})
		type idIn struct {
			ID string `path:"id" maxLength:"60"`
		}
		Route(a, Op("cancel-job", "POST", "/api/jobs/{id}/cancel", "取消后台任务", "任务"), func(ctx context.Context, in *idIn) (*empty, error) {
			person, org, err := a.jobOf(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return nil, jobProblem(job.Cancel(ctx, a.Engine.DB(), in.ID, person, org))
		})
		Route(a, Op("resume-job", "POST", "/api/jobs/{id}/resume", "继续未完成的后台任务（从最近的断点）", "任务"), func(ctx context.Context, in *idIn) (*empty, error) {
			person, org, err := a.jobOf(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return nil, jobProblem(job.Resume(ctx, a.Engine.DB(), in.ID, person, org))
		})
	}
}

// jobOf is who asks and for which organisation; a job that is neither one's own nor of one's
// organisations is not there.
func (a *API) jobOf(ctx context.Context, id string) (person, org string, err error) {
	actor, err := a.who(ctx)
	if err != nil {
		return "", "", err
	}
	err = a.Engine.DB().View(ctx, func(r *store.ReadTx) error {
		j, err := job.Get(r, id)
		if err != nil {
			return err
		}
		for _, d := range actor.Desks {
			if d.Org != "" && d.Org == j.Org {
				org = d.Org
			}
		}
		if j.Person != actor.Person && org == "" {
			return store.ErrNotFound
		}
		return nil
	})
	return actor.Person, org, err
}

func jobProblem(err error) error {
	switch {
	case errors.Is(err, job.ErrFinal):
		return problem(409, "job.ended", "任务已经结束，不能取消")
	case errors.Is(err, job.ErrNotStopped):
		return problem(409, "job.not_stopped", "任务没有停下，不需要继续")
	}
	return err
}
