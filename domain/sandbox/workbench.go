package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"sort"

	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/sandbox/guard"
	"pado/domain/sandbox/guard/policy"
)

// Workbench is a project as its members and its supervisors see it.
type Workbench struct {
	Project   Project
	Member    bool // the actor may ask
	Tables    []TableView
	Slices    []Slice
	RhoDay    int64 // cap of today
	SpentDay  int64
	Questions []QuestionView
}

// TableView is a table with the columns that exist for the asker.
type TableView struct {
	Name, Title string
	Unit        string
	Rows        int64 // rows of one unit a question reads
	Columns     []ColumnView
}

// ColumnView is a column as declared: nothing in it was read from data.
type ColumnView struct {
	Name, Title, Type, Role string
	Lo, Hi, Grid            string
	Domain                  []string
}

// QuestionView is a question with its answer. Only members see answers; to supervisors the figures
// are withheld.
type QuestionView struct {
	Question
	Columns    []guard.Column
	Rows       [][]any
	HalfWidths [][]*float64
	Withheld   int
	Outcome    string
}

// Bench reads a project for an actor. store.ErrNotFound when it is not there or not theirs.
func (s *Service) Bench(ctx context.Context, a procedure.Actor, no string) (w Workbench, err error) {
	err = s.o.DB.View(ctx, func(r *store.ReadTx) error {
		_, err := mine(r, a, no)
		w.Member = err == nil
		if errors.Is(err, store.ErrNotFound) {
			ok, err := Sees(r, a, no)
			if err != nil {
				return err
			}
			if !ok {
				return store.ErrNotFound
			}
		} else if err != nil {
			return err
		}
		return w.read(r, no)
	})
	if err != nil {
		return Workbench{}, s.lost(ctx, a, no, err)
	}
	return w, nil
}

func (w *Workbench) read(r *store.ReadTx, no string) (err error) {
	if w.Project, err = ByNo(r, no); err != nil {
		return err
	}
	tables, err := Tables(r, no)
	if err != nil {
		return err
	}
	if len(tables) > 0 {
		doc, err := w.Project.readPolicy()
		if err != nil {
			return err
		}
		for _, t := range tables {
			w.Tables = append(w.Tables, tableView(t, doc.Tables[t.Name]))
		}
	}
	if w.Slices, err = Slices(r, no); err != nil {
		return err
	}
	if w.RhoDay, w.SpentDay, err = dayOf(r, w.Project); err != nil {
		return err
	}
	var list []Question
	if err := r.Select(&list, `SELECT `+questionColumns+` FROM question WHERE project = $1 ORDER BY n DESC LIMIT 200`, no); err != nil {
		return err
	}
	for _, q := range list {
		v := QuestionView{Question: q}
		if q.Answer != "" && w.Member {
			st, err := q.ReadAnswer()
			if err != nil {
				return err
			}
			v.Columns, v.Rows, v.HalfWidths, v.Withheld, v.Outcome = st.Columns, st.Rows, st.HalfWidths, st.Suppressed, st.Outcome
		}
		w.Questions = append(w.Questions, v)
	}
	return nil
}

func tableView(t Table, p *policy.Table) TableView {
	v := TableView{Name: t.Name, Title: t.Title}
	if p == nil {
		return v
	}
	v.Unit, v.Rows = p.UnitDomain, p.Rows
	for name, c := range p.Columns {
		if c.Label == policy.Forbidden {
			continue
		}
		cv := ColumnView{Name: name, Title: c.Title, Type: c.Type, Role: string(c.Label), Lo: string(c.Lo), Hi: string(c.Hi), Grid: string(c.Grid)}
		cv.Domain = words(c)
		v.Columns = append(v.Columns, cv)
	}
	sortColumns(v.Columns)
	return v
}

// words lists a declared domain; a long one is cut.
func words(c *policy.Column) []string {
	b, err := json.Marshal(c.Domain)
	if err != nil {
		return nil
	}
	var raw []any
	if json.Unmarshal(b, &raw) != nil {
		return nil
	}
	var out []string
	for _, x := range raw {
		if len(out) == 200 {
			break
		}
		if t, ok := x.(string); ok {
			out = append(out, t)
			continue
		}
		if t, err := json.Marshal(x); err == nil {
			out = append(out, string(t))
		}
	}
	return out
}

func sortColumns(list []ColumnView) {
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
}

// dayOf tells today's cap and what is spent of it.
func dayOf(r *store.ReadTx, p Project) (limit, spent int64, err error) {
	var day struct{ Rho, RhoSpent int64 }
	err = r.Get(&day, `SELECT rho, rho_spent FROM budget_day WHERE project = $1 AND day = $2`, p.No, calendar.DateOf(r.Now()).String())
	if errors.Is(err, store.ErrNotFound) {
		return p.RhoDay, 0, nil
	}
	return day.Rho, day.RhoSpent, err
}
