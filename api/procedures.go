package api

import (
	"context"

	"pado/core/procedure"
	"pado/core/store"
)

// ProcedureRow is a procedure in the list of what can be started.
type ProcedureRow struct {
	ID        string     `json:"id"`
	Title     string     `json:"title"`
	Clause    *ClauseRef `json:"clause"`
	Group     string     `json:"group"`
	Kind      string     `json:"kind"`
	Startable bool       `json:"startable"`
	StartAs   []string   `json:"startAs"`
	Why       string     `json:"why,omitempty"`
}

// StateWire is a declared state.
type StateWire struct {
	ID         string      `json:"id"`
	Label      string      `json:"label"`
	Owner      string      `json:"owner,omitempty"`
	OwnerLabel string      `json:"ownerLabel,omitempty"`
	Within     *WithinWire `json:"within,omitempty"`
	Terminal   bool        `json:"terminal"`
	Track      bool        `json:"track"`
}

// WithinWire is a dated limit with its source.
type WithinWire struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Unit   string `json:"unit"`
	Source string `json:"source"`
}

// StepWire is a declared step.
type StepWire struct {
	Action  string   `json:"action"`
	Label   string   `json:"label"`
	By      string   `json:"by"`
	ByLabel string   `json:"byLabel"`
	From    []string `json:"from"`
	To      string   `json:"to"`
	Clause  string   `json:"clause"`
	Rules   []string `json:"rules,omitempty"`
}

// ProcedureWire is a whole declaration, for the new-case form and the help page.
type ProcedureWire struct {
	ProcedureRow
	States  []StateWire `json:"states"`
	Steps   []StepWire  `json:"steps"`
	Fields  []FieldWire `json:"fields"`
	Diagram string      `json:"diagram"`
}

func (a *API) procedureRoutes() {
	type listOut struct {
		Body struct {
			Items []ProcedureRow `json:"items"`
		}
	}
	Route(a, op("list-procedures", "GET", "/api/procedures", "办理事项种类", "事项", true), func(ctx context.Context, _ *empty) (*listOut, error) {
		actor, err := a.who(ctx)
		if err != nil {
			return nil, err
		}
		var out listOut
		for _, p := range a.Engine.Procedures() {
			row, err := a.procedureRow(ctx, p, actor)
			if err != nil {
				return nil, err
			}
			out.Body.Items = append(out.Body.Items, row)
		}
		return &out, nil
	})
	type idIn struct {
		ID string `path:"id" maxLength:"60"`
	}
	type oneOut struct{ Body ProcedureWire }
	Route(a, op("get-procedure", "GET", "/api/procedures/{id}", "办理事项的环节、步骤与表单", "事项", true), func(ctx context.Context, in *idIn) (*oneOut, error) {
		actor, err := a.who(ctx)
		if err != nil {
			return nil, err
		}
		p, ok := a.Engine.Procedure(in.ID)
		if !ok {
			return nil, errNotFound
		}
		row, err := a.procedureRow(ctx, p, actor)
		if err != nil {
			return nil, err
		}
		w := ProcedureWire{ProcedureRow: row, Fields: fieldsWire(p.Form.Fields), Diagram: p.Diagram()}
		for _, s := range p.States {
			st := StateWire{ID: s.ID, Label: s.Label, Owner: string(s.Owes), Terminal: s.Final, Track: s.Track}
			if s.Owes != "" {
				st.OwnerLabel = procedure.RoleLabel(s.Owes)
			}
			if v, ok := a.parameter(s.Within); ok {
				st.Within = &WithinWire{s.Within, v.Raw, string(v.Unit), v.Source}
			}
			w.States = append(w.States, st)
		}
		for _, s := range p.Steps {
			step := StepWire{Action: s.Do, Label: s.Label, By: string(s.By), ByLabel: procedure.RoleLabel(s.By), From: s.From, To: s.To, Clause: s.Plan.ID}
			for _, r := range s.Require {
				step.Rules = append(step.Rules, r.Say)
			}
			w.Steps = append(w.Steps, step)
		}
		return &oneOut{w}, nil
	})
}

func (a *API) procedureRow(ctx context.Context, p *procedure.Procedure, actor procedure.Actor) (ProcedureRow, error) {
	row := ProcedureRow{ID: p.ID, Title: p.Title, Clause: clauseRef(p.Plan.ID), Group: p.Group, Kind: string(p.Kind)}
	err := a.Engine.DB().View(ctx, func(r *store.ReadTx) error {
		o, err := a.Engine.Opening(r, actor, p.ID)
		row.Startable, row.StartAs, row.Why = len(o.Desks) > 0, append([]string{}, o.Desks...), o.Why
		return err
	})
	return row, err
}
