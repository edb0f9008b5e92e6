package api

import (
	"context"

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
	Cancelling bool       `json:"cancelling"`
}

func jobWire(j job.Job) JobWire {
	return JobWire{j.ID, j.Kind, j.Title, string(j.State), j.Done, j.Total, j.Step, j.CaseNo, j.Started, j.Finished, j.Message, j.CancelBy != ""}
}

// JobRoutes lists a person's own jobs and those of its organisations, and cancels them.
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
			actor, err := a.Who(ctx)
			if err != nil {
				return nil, err
			}
			org := ""
			if err := a.Engine.DB().View(ctx, func(r *store.ReadTx) error {
				j, err := job.Get(r, in.ID)
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
			}); err != nil {
				return nil, err
			}
			return nil, job.Cancel(ctx, a.Engine.DB(), in.ID, actor.Person, org)
		})
	}
}
