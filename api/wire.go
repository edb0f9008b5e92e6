package api

import (
	"encoding/json"
	"time"

	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/store"
	"pado/plan"
)

// FieldWire is a declared field as the browser draws it.
type FieldWire struct {
	Name     string             `json:"name"`
	Label    string             `json:"label"`
	Kind     string             `json:"kind"`
	Clause   string             `json:"clause,omitempty"`
	Required bool               `json:"required"`
	Help     string             `json:"help,omitempty"`
	Unit     string             `json:"unit,omitempty"`
	Options  []procedure.Option `json:"options,omitempty"`
	Source   string             `json:"source,omitempty"`
	Names    []procedure.Option `json:"names,omitempty"` // of the records that the values at hand point to
	Max      int                `json:"max,omitempty"`
	Min      int                `json:"min,omitempty"`
	Pattern  string             `json:"pattern,omitempty"`
	Rows     []FieldWire        `json:"rows,omitempty"`
	Show     *procedure.When    `json:"showIf,omitempty"`
	Section  string             `json:"section,omitempty"`
	Secret   bool               `json:"secret,omitempty"`
}

func fieldsWire(fields []procedure.Field) []FieldWire {
	out := make([]FieldWire, 0, len(fields))
	for _, f := range fields {
		w := FieldWire{Name: f.Name, Label: f.Label, Kind: f.Kind, Clause: f.Plan.ID, Required: f.Required, Help: f.Help, Unit: f.Unit,
			Options: f.Options, Names: f.Named, Max: f.Max, Min: f.Min, Pattern: f.Pattern, Show: f.Show, Section: f.Section, Secret: f.Secret}
		if f.Source != "" {
			w.Source = "/api/choices/" + f.Source
		}
		if len(f.Rows) > 0 {
			w.Rows = fieldsWire(f.Rows)
		}
		out = append(out, w)
	}
	return out
}

// DueWire is a limit as people read it.
type DueWire struct {
	At        *store.Time `json:"at,omitempty"`
	Label     string      `json:"label"`
	Level     string      `json:"level"` // ok, soon, overdue, unresolved
	Remaining int         `json:"remaining"`
	Elapsed   int         `json:"elapsed"`
	Unit      string      `json:"unit"`
	Source    string      `json:"source,omitempty"`
}

// due draws a limit; nil when there is none.
func (a *API) due(at store.Time, year int, since store.Time, now time.Time, within string) *DueWire {
	if at.IsZero() && year == 0 {
		return nil
	}
	cal := a.calendar()
	d := &DueWire{Unit: "working_day", Label: calendar.Due{At: at.Time, Unresolved: year}.Label(), Level: "ok"}
	if v, ok := a.parameter(within); ok {
		d.Unit, d.Source = string(v.Unit), v.Source
	}
	if n, err := cal.Between(calendar.DateOf(since.Time), calendar.DateOf(now)); err == nil {
		d.Elapsed = int(n)
	}
	if year != 0 {
		d.Level = "unresolved"
		return d
	}
	d.At = &at
	last := calendar.DateOf(at.Add(-time.Millisecond))
	if n, err := cal.Between(calendar.DateOf(now), last); err == nil {
		d.Remaining = int(n)
	}
	switch {
	case !now.Before(at.Time):
		d.Level = "overdue"
	case d.Unit == string(plan.Hour) && at.Sub(now) < 6*time.Hour,
		d.Unit != string(plan.Hour) && d.Remaining <= int(procedure.SoonDays):
		d.Level = "soon"
	}
	return d
}

// RowWire is a case in a list.
type RowWire struct {
	No             string     `json:"no"`
	Procedure      string     `json:"procedure"`
	ProcedureTitle string     `json:"procedureTitle"`
	Title          string     `json:"title"`
	State          string     `json:"state"`
	StateLabel     string     `json:"stateLabel"`
	OwnerLabel     string     `json:"ownerLabel"`
	Due            *DueWire   `json:"due"`
	Since          store.Time `json:"since"`
	Updated        store.Time `json:"updated"`
	Org            OrgWire    `json:"org"`
	Tenant         string     `json:"tenant"`
	Backfill       bool       `json:"backfill"`
	Final          bool       `json:"final"`
	Urged          int        `json:"urged"`
	Supervised     bool       `json:"supervised"`
}

func (a *API) row(r procedure.Row, now time.Time) RowWire {
	w := RowWire{No: r.No, Procedure: r.Procedure, Title: r.Title, State: r.State, Since: r.Since, Updated: r.Updated,
		Org: OrgWire{ID: r.Org, Name: r.OrgName}, Tenant: r.Tenant, Backfill: r.Backfill, Final: r.Final, Urged: r.Urged, Supervised: r.Supervised,
		OwnerLabel: r.OwesOrgName, StateLabel: r.State, ProcedureTitle: r.Procedure}
	within := ""
	if p, ok := a.Engine.Procedure(r.Procedure); ok {
		w.ProcedureTitle = p.Title
		if st, ok := p.State(r.State); ok {
			w.StateLabel, within = st.Label, st.Within
		}
	}
	if w.OwnerLabel == "" && r.Owes != "" {
		w.OwnerLabel = procedure.RoleLabel(r.Owes)
	}
	w.Due = a.due(r.DueAt, r.DueYear, r.Since, now, within)
	return w
}

// AttachmentWire is a file of a case.
type AttachmentWire struct {
	ID     string     `json:"id"`
	Name   string     `json:"name"`
	Size   int64      `json:"size"`
	SHA256 string     `json:"sha256"`
	Media  string     `json:"media"`
	By     string     `json:"by" doc:"上传人姓名"`
	At     store.Time `json:"at"`
	Kind   string     `json:"kind,omitempty" doc:"signed_scan：签署扫描件"`
}

func attachmentWire(f procedure.Attachment, kinds paperKinds, names map[string]string) AttachmentWire {
	return AttachmentWire{f.ID, f.Name, f.Size, f.SHA256, f.Media, names[f.Person], f.At, kinds[f.ID]}
}

// EventWire is one line of the history.
type EventWire struct {
	N           int                `json:"n"`
	At          store.Time         `json:"at"`
	Actor       ActorWire          `json:"actor"`
	Behalf      string             `json:"onBehalf,omitempty"`
	Action      string             `json:"action"`
	Label       string             `json:"label"`
	From        string             `json:"from"`
	FromLabel   string             `json:"fromLabel"`
	To          string             `json:"to"`
	ToLabel     string             `json:"toLabel"`
	Opinion     string             `json:"opinion,omitempty"`
	Clause      string             `json:"clause"`
	Changed     []procedure.Change `json:"changed,omitempty"`
	Fields      []FieldWire        `json:"fields,omitempty"` // what the act itself asked for
	Input       json.RawMessage    `json:"input,omitempty"`  // and what was entered
	Elapsed     int                `json:"elapsed"`
	DocNo       string             `json:"docNo,omitempty"`
	Attachments []AttachmentWire   `json:"attachments,omitempty"`
	Seq         int64              `json:"seq"`
}

// ActorWire is who did something.
type ActorWire struct {
	Name string `json:"name"`
	Org  string `json:"org"`
	Role string `json:"role"`
}

// RefusalWire is why an offer cannot be taken.
type RefusalWire struct {
	Code    string     `json:"code"`
	Clause  *ClauseRef `json:"clause,omitempty"`
	Message string     `json:"message"`
}

func refusalWire(r *procedure.Refused) *RefusalWire {
	if r == nil {
		return nil
	}
	return &RefusalWire{r.Code, clauseRef(r.Clause.ID), r.Message}
}

// OfferWire is one act the person may take, or sees refused.
type OfferWire struct {
	Action       string       `json:"action"`
	Label        string       `json:"label"`
	As           string       `json:"as"`
	Kind         string       `json:"kind"`
	Style        string       `json:"style"`
	NeedsOpinion bool         `json:"needsOpinion"`
	Irreversible bool         `json:"irreversible"`
	Consequence  string       `json:"consequence,omitempty"`
	Clause       *ClauseRef   `json:"clause,omitempty"`
	Fields       []FieldWire  `json:"fields"`
	Edits        bool         `json:"edits"`
	Backfill     bool         `json:"backfill"`
	Allowed      bool         `json:"allowed"`
	Refusal      *RefusalWire `json:"refusal,omitempty"`
}

// PhaseWire is one station in the row of phases.
type PhaseWire struct {
	ID     string      `json:"id"`
	Label  string      `json:"label"`
	Status string      `json:"status"`
	At     *store.Time `json:"at,omitempty"`
	By     string      `json:"by,omitempty"`
}

// PartyWire is an organisation in its role.
type PartyWire struct {
	Role      string  `json:"role"`
	RoleLabel string  `json:"roleLabel"`
	Org       OrgWire `json:"org"`
}

// PaperWire is a document that can be drawn now.
type PaperWire struct {
	Kind    string   `json:"kind"`
	Title   string   `json:"title"`
	Formats []string `json:"formats"`
}

// ChainWire is a step on its way through an organisation.
type ChainWire struct {
	Org    string            `json:"org"`
	Step   string            `json:"step"`
	Label  string            `json:"label"`
	Stage  string            `json:"stage"`
	Stages []procedure.Stage `json:"stages"`
}

// CaseWire is the case page.
type CaseWire struct {
	No        string `json:"no"`
	Procedure struct {
		ID     string     `json:"id"`
		Title  string     `json:"title"`
		Clause *ClauseRef `json:"clause"`
		Kind   string     `json:"kind"`
	} `json:"procedure"`
	Title string `json:"title"`
	State struct {
		ID       string `json:"id"`
		Label    string `json:"label"`
		Terminal bool   `json:"terminal"`
	} `json:"state"`
	Revision    int64               `json:"revision"`
	Etag        string              `json:"etag"`
	Tenant      string              `json:"tenant"`
	TenantName  string              `json:"tenantName,omitempty"`
	Backfill    bool                `json:"backfill"`
	Supervised  bool                `json:"supervised"`
	Overseen    bool                `json:"overseen,omitempty" doc:"只因督办而可阅：只见办理过程，个人和密封内容不予显示"`
	Urged       int                 `json:"urged"`
	Subject     string              `json:"subject,omitempty"`
	Parent      string              `json:"parent,omitempty"`
	Created     store.Time          `json:"created"`
	Starter     string              `json:"starter"`
	Form        json.RawMessage     `json:"form"`
	Fields      []FieldWire         `json:"fields"`
	Sections    []procedure.Section `json:"sections"`
	Phases      []PhaseWire         `json:"phases"`
	Due         *DueWire            `json:"due"`
	Elapsed     int                 `json:"elapsed"`
	Parties     []PartyWire         `json:"parties"`
	History     []EventWire         `json:"history"`
	Offers      []OfferWire         `json:"offers"`
	Attachments []AttachmentWire    `json:"attachments"`
	Documents   []PaperWire         `json:"documents"`
	Chain       *ChainWire          `json:"chain,omitempty"`
	Draft       *DraftWire          `json:"draft,omitempty"`
	Proof       *ProofWire          `json:"proof,omitempty"`
}

// DraftWire is what the person had typed.
type DraftWire struct {
	Form json.RawMessage `json:"form"`
	At   store.Time      `json:"at"`
}

// ProofWire points at the log's proof of the last act.
type ProofWire struct {
	Seq int64  `json:"seq"`
	URL string `json:"url"`
}
