package api

import (
	"context"
	"errors"

	"pado/core/store"
	"pado/domain/sandbox"
	"pado/domain/sandbox/guard"
)

// ProjectWire is a sandbox project as the workbench draws it. ρ counts 10⁻⁹, δ counts 10⁻¹⁵.
type ProjectWire struct {
	No           string         `json:"no"`
	Title        string         `json:"title"`
	State        string         `json:"state"`
	StateReason  string         `json:"stateReason,omitempty"`
	Purpose      string         `json:"purpose"`
	MayAsk       bool           `json:"mayAsk"`
	Period       PeriodWire     `json:"period"`
	Tables       []TableWire    `json:"tables"`
	Budget       BudgetWire     `json:"budget"`
	Slices       []SliceWire    `json:"slices"`
	Questions    []QuestionWire `json:"questions"`
	PolicyDigest string         `json:"policy,omitempty"`
}

// PeriodWire is a time from an instant up to, not including, another.
type PeriodWire struct {
	From store.Time `json:"from"`
	To   store.Time `json:"to"`
}

// TableWire is a table the project may ask about.
type TableWire struct {
	Name    string            `json:"name"`
	Label   string            `json:"label"`
	Unit    string            `json:"unit"`
	Rows    int64             `json:"rows"`
	Columns []TableColumnWire `json:"columns"`
}

// TableColumnWire is a column as declared.
type TableColumnWire struct {
	Name   string   `json:"name"`
	Label  string   `json:"label"`
	Type   string   `json:"type"`
	Role   string   `json:"role"`
	Lo     string   `json:"lo,omitempty"`
	Hi     string   `json:"hi,omitempty"`
	Grid   string   `json:"grid,omitempty"`
	Domain []string `json:"domain,omitempty"`
}

// BudgetWire is the tightest of the project's slices.
type BudgetWire struct {
	Total    int64  `json:"total"`
	Spent    int64  `json:"spent"`
	Left     int64  `json:"left"`
	Day      int64  `json:"day"`
	DaySpent int64  `json:"daySpent"`
	Unit     string `json:"unit"`
}

// SliceWire is a slice of one lineage.
type SliceWire struct {
	Lineage   string `json:"lineage"`
	Total     int64  `json:"total"`
	Spent     int64  `json:"spent"`
	Left      int64  `json:"left"`
	DeltaLeft int64  `json:"deltaLeft"`
}

// QuestionWire is a question with its answer, where the asker may see it.
type QuestionWire struct {
	ID       string         `json:"id"`
	N        int            `json:"n"`
	At       store.Time     `json:"at"`
	By       string         `json:"by"`
	SQL      string         `json:"sql"`
	State    string         `json:"state"`
	Price    int64          `json:"price"`
	Delta    int64          `json:"delta"`
	Columns  []guard.Column `json:"columns,omitempty"`
	Rows     [][]any        `json:"rows,omitempty"`
	Interval [][]*float64   `json:"interval,omitempty"`
	Withheld int            `json:"withheld"`
	Code     string         `json:"code,omitempty"`
	Message  string         `json:"message,omitempty"`
	Digest   string         `json:"digest,omitempty"`
}

// AskWire is a question as it is put.
type AskWire struct {
	SQL       string             `json:"sql" maxLength:"16384" doc:"一条 SELECT 语句"`
	Sigma     float64            `json:"sigma,omitempty" minimum:"0" doc:"希望的计数标准差；不填按默认价格"`
	PerColumn map[string]float64 `json:"perColumn,omitempty" doc:"逐列的标准差"`
}

// SandboxRoutes are the documented routes of the workbench; for Deps.More.
func SandboxRoutes(s *sandbox.Service) func(*API) {
	return func(a *API) {
		type projectIn struct {
			No string `path:"no" maxLength:"64"`
		}
		type projectOut struct{ Body ProjectWire }
		Route(a, Op("read-project", "GET", "/api/projects/{no}", "沙箱项目、可用数据表、预算和提问", "安全沙箱"), func(ctx context.Context, in *projectIn) (*projectOut, error) {
			actor, err := a.Who(ctx)
			if err != nil {
				return nil, err
			}
			w, err := s.Bench(ctx, actor, in.No)
			if err != nil {
				return nil, err
			}
			return &projectOut{projectWire(w)}, nil
		})
		type askIn struct {
			No   string `path:"no" maxLength:"64"`
			Dry  bool   `query:"dry" doc:"只检查和报价，不运行，不扣预算"`
			Body AskWire
		}
		type askOut struct{ Body sandbox.Answer }
		Route(a, Op("ask-project", "POST", "/api/projects/{no}/questions", "在沙箱中提问", "安全沙箱"), func(ctx context.Context, in *askIn) (*askOut, error) {
			actor, err := a.Who(ctx)
			if err != nil {
				return nil, err
			}
			acc := guard.Accuracy{Sigma: in.Body.Sigma}
			for name, sigma := range in.Body.PerColumn {
				if acc.PerColumn == nil {
					acc.PerColumn = map[string]guard.Accuracy{}
				}
				acc.PerColumn[name] = guard.Accuracy{Sigma: sigma}
			}
			out, ref, err := s.Ask(ctx, actor, in.No, in.Body.SQL, acc, in.Dry)
			if ref != nil {
				return nil, ref
			}
			var failed *sandbox.ErrFailed
			if errors.As(err, &failed) {
				p := problem(422, string(failed.Refusal.Code), failed.Refusal.Message+failed.Refusal.Hint)
				p.Clause = clauseRef(failed.Refusal.Clause)
				return nil, p
			}
			if err != nil {
				return nil, err
			}
			return &askOut{out}, nil
		})
	}
}

// projectWire turns a workbench into its wire form.
func projectWire(w sandbox.Workbench) ProjectWire {
	p := w.Project
	out := ProjectWire{No: p.No, Title: p.Title, State: p.State, StateReason: p.FrozenReason, Purpose: p.Purpose, MayAsk: w.Member && p.State == sandbox.Open,
		Period: PeriodWire{p.ValidFrom, p.ValidTo}, Tables: []TableWire{}, Slices: []SliceWire{}, Questions: []QuestionWire{}, PolicyDigest: p.PolicyDigest,
		Budget: BudgetWire{Unit: "nano-rho", Day: w.RhoDay, DaySpent: w.SpentDay}}
	for _, t := range w.Tables {
		tw := TableWire{Name: t.Name, Label: t.Title, Unit: t.Unit, Rows: t.Rows, Columns: []TableColumnWire{}}
		for _, c := range t.Columns {
			tw.Columns = append(tw.Columns, TableColumnWire{Name: c.Name, Label: c.Title, Type: c.Type, Role: c.Role, Lo: c.Lo, Hi: c.Hi, Grid: c.Grid, Domain: c.Domain})
		}
		out.Tables = append(out.Tables, tw)
	}
	for i, b := range w.Slices {
		left := b.Rho - b.RhoSpent
		out.Slices = append(out.Slices, SliceWire{b.Lineage, b.Rho, b.RhoSpent, left, b.Delta - b.DeltaSpent})
		if i == 0 || left < out.Budget.Left {
			out.Budget.Total, out.Budget.Spent, out.Budget.Left = b.Rho, b.RhoSpent, left
		}
	}
	for _, q := range w.Questions {
		out.Questions = append(out.Questions, QuestionWire{ID: q.ID, N: q.N, At: q.At, By: q.PersonName, SQL: q.SQLText, State: q.State, Price: q.Rho, Delta: q.Delta,
			Columns: q.Columns, Rows: q.Rows, Interval: q.HalfWidths, Withheld: q.Withheld, Code: q.Code, Message: q.Message, Digest: q.AnswerDigest})
	}
	return out
}
