package api

import (
	"context"
	"encoding/json"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/store"
	"pado/plan"
)

func (a *API) calendar() *calendar.Table { return a.Engine.Calendar() }

// parameter returns the shipped value of a limit, for its unit and source.
func (a *API) parameter(key string) (plan.Value, bool) {
	if key == "" {
		return plan.Value{}, false
	}
	v, err := a.Engine.Shipped(key)
	return v, err == nil
}

type caseOut struct {
	Status int
	ETag   string `header:"ETag"`
	Body   CaseWire
}

type actIn struct {
	No             string `path:"no" maxLength:"40"`
	Action         string `path:"action" maxLength:"40"`
	Dry            string `query:"dry" maxLength:"1"`
	IfMatch        string `header:"If-Match" maxLength:"40"`
	IdempotencyKey string `header:"Idempotency-Key" maxLength:"80"`
	Body           struct {
		Form        json.RawMessage `json:"form,omitempty"`
		Input       json.RawMessage `json:"input,omitempty"`
		Opinion     string          `json:"opinion,omitempty"`
		Attachments []string        `json:"attachments,omitempty"`
		As          string          `json:"as,omitempty" maxLength:"200"`
	}
}

// TrialWire is the answer of a dry run (预演).
type TrialWire struct {
	OK      bool                   `json:"ok"`
	To      string                 `json:"to"`
	ToLabel string                 `json:"toLabel"`
	Effects []string               `json:"effects"`
	Due     *DueWire               `json:"due,omitempty"`
	Refusal *RefusalWire           `json:"refusal,omitempty"`
	Errors  []procedure.FieldError `json:"errors,omitempty"`
}

type actOut struct {
	ETag string `header:"ETag"`
	Body any
}

func (a *API) caseRoutes() {
	type listIn struct {
		Tab       string `query:"tab" maxLength:"20"`
		Procedure string `query:"procedure" maxLength:"60"`
		State     string `query:"state" maxLength:"60"`
		Q         string `query:"q" maxLength:"100"`
		Cursor    string `query:"cursor" maxLength:"200"`
		Size      int    `query:"size" minimum:"0" maximum:"100"`
	}
	type listOut struct{ Body CaseList }
	Route(a, op("list-cases", "GET", "/api/cases", "事项列表", "事项", true), func(ctx context.Context, in *listIn) (*listOut, error) {
		actor, err := a.who(ctx)
		if err != nil {
			return nil, err
		}
		page, err := a.Engine.Page(ctx, actor, procedure.Query{Tab: in.Tab, Procedure: in.Procedure, State: in.State, Text: in.Q, Cursor: in.Cursor, Size: in.Size})
		if err != nil {
			return nil, err
		}
		var out listOut
		out.Body.Next, out.Body.Items = page.Next, make([]RowWire, 0, len(page.Rows))
		for _, r := range page.Rows {
			out.Body.Items = append(out.Body.Items, a.row(r, page.At))
		}
		return &out, nil
	})
	type startIn struct {
		ID             string `path:"id" maxLength:"60"`
		IdempotencyKey string `header:"Idempotency-Key" maxLength:"80"`
		Body           struct {
			Form    json.RawMessage `json:"form,omitempty"`
			As      string          `json:"as,omitempty" maxLength:"200"`
			Subject string          `json:"subject,omitempty" maxLength:"80"`
			Parent  string          `json:"parent,omitempty" maxLength:"40"`
		}
	}
	Route(a, op("start-case", "POST", "/api/procedures/{id}/cases", "发起事项", "事项", true), func(ctx context.Context, in *startIn) (*caseOut, error) {
		actor, err := a.who(ctx)
		if err != nil {
			return nil, err
		}
		res, err := a.Engine.Start(ctx, actor, procedure.Begin{Procedure: in.ID, As: in.Body.As, Form: in.Body.Form,
			Subject: in.Body.Subject, Parent: in.Body.Parent, Key: in.IdempotencyKey})
		if err != nil {
			return nil, err
		}
		return a.answer(ctx, actor, res.No, 201)
	})
	type noIn struct {
		No string `path:"no" maxLength:"40"`
	}
	Route(a, op("get-case", "GET", "/api/cases/{no}", "事项详情", "事项", true), func(ctx context.Context, in *noIn) (*caseOut, error) {
		actor, err := a.who(ctx)
		if err != nil {
			return nil, err
		}
		return a.answer(ctx, actor, in.No, 200)
	})
	type draftIn struct {
		No   string `path:"no" maxLength:"40"`
		Body struct {
			Form json.RawMessage `json:"form"`
		}
	}
	Route(a, op("save-draft", "PUT", "/api/cases/{no}/draft", "暂存草稿", "事项", true), func(ctx context.Context, in *draftIn) (*empty, error) {
		actor, err := a.who(ctx)
		if err != nil {
			return nil, err
		}
		return nil, a.Engine.DB().Scratch(ctx, func(s *store.ScratchTx) error { return a.Engine.SaveDraft(s, actor, in.No, in.Body.Form) })
	})
	Route(a, op("act", "POST", "/api/cases/{no}/{action}", "办理（dry=1 为预演）", "事项", true), func(ctx context.Context, in *actIn) (*actOut, error) {
		actor, err := a.who(ctx)
		if err != nil {
			return nil, err
		}
		rev, err := revision(in.IfMatch)
		if err != nil {
			return nil, err
		}
		act := procedure.Act{As: in.Body.As, Revision: rev, Form: in.Body.Form, Input: in.Body.Input, Opinion: in.Body.Opinion,
			Attachments: in.Body.Attachments, Key: in.IdempotencyKey}
		if in.Dry == "1" {
			return a.trial(ctx, actor, in.No, in.Action, act)
		}
		if err := a.settled(ctx, actor, in.No, in.Action); err != nil {
			return nil, err
		}
		if _, err := a.Engine.Do(ctx, actor, in.No, in.Action, act); err != nil {
			return nil, err
		}
		a.actors.forget()
		out, err := a.answer(ctx, actor, in.No, 200)
		if err != nil {
			return nil, err
		}
		return &actOut{out.ETag, out.Body}, nil
	})
}

// settled asks for a confirmation where the declaration says that an act cannot be taken back.
func (a *API) settled(ctx context.Context, actor procedure.Actor, no, action string) error {
	asked := a.confirmed(ctx)
	if asked == nil {
		return nil
	}
	consequence, err := a.Engine.Irrevocable(ctx, actor, no, action)
	if err != nil || consequence == "" {
		return err
	}
	return asked
}

// revision reads If-Match: a quoted or bare number.
func revision(s string) (int64, error) {
	if s == "" {
		return 0, errNoMatch
	}
	n, err := strconv.ParseInt(strings.Trim(strings.TrimPrefix(s, "W/"), `"`), 10, 64)
	if err != nil || n < 1 {
		return 0, errNoMatch
	}
	return n, nil
}

func (a *API) trial(ctx context.Context, actor procedure.Actor, no, action string, act procedure.Act) (*actOut, error) {
	t, err := a.Engine.Preview(ctx, actor, no, action, act)
	if err != nil {
		return nil, err
	}
	w := TrialWire{OK: t.Err == nil, To: t.To, Effects: t.Effects}
	if t.Err != nil {
		p := toProblem(t.Err)
		w.Refusal, w.Errors = &RefusalWire{p.Code, p.Clause, p.Detail}, p.Errors
		return &actOut{Body: w}, nil
	}
	now, err := a.Engine.Now(ctx)
	if err != nil {
		return nil, err
	}
	v, err := a.Engine.View(ctx, actor, no)
	if err == nil {
		st, _ := v.Procedure.State(t.To)
		w.ToLabel = st.Label
		w.Due = a.due(store.At(t.Due.At), t.Due.Unresolved, store.At(now), now, st.Within)
	}
	return &actOut{Body: w}, nil
}

// answer reads the case as it stands and draws it.
func (a *API) answer(ctx context.Context, actor procedure.Actor, no string, status int) (*caseOut, error) {
	v, err := a.Engine.View(ctx, actor, no)
	if err != nil {
		return nil, err
	}
	now, err := a.Engine.Now(ctx)
	if err != nil {
		return nil, err
	}
	var kinds paperKinds
	var names map[string]string
	if err := a.Engine.DB().View(ctx, func(r *store.ReadTx) (err error) { kinds, names, err = attachmentFacts(r, v); return err }); err != nil {
		return nil, err
	}
	body := a.draw(v, now, kinds, names)
	body.TenantName = divisionName(v.Case.Tenant)
	return &caseOut{Status: status, ETag: fmt.Sprintf("%q", fmt.Sprint(v.Case.Revision)), Body: body}, nil
}

func (a *API) draw(v *procedure.CaseView, now time.Time, kinds paperKinds, names map[string]string) CaseWire {
	c, p := v.Case, v.Procedure
	st, _ := p.State(c.State)
	w := CaseWire{No: c.No, Title: c.Title, Revision: c.Revision, Etag: fmt.Sprint(c.Revision), Tenant: c.Tenant, Backfill: c.Backfill,
		Supervised: c.Supervised, Overseen: v.Supervised, Urged: c.Urged, Subject: c.Subject, Parent: c.Parent, Created: c.Created, Starter: v.Org,
		Form: json.RawMessage(c.Form), Fields: fieldsWire(v.Fields), Sections: v.Sections, Elapsed: v.Elapsed,
		Parties: []PartyWire{}, History: []EventWire{}, Offers: []OfferWire{}, Attachments: []AttachmentWire{}, Documents: []PaperWire{},
		Due: a.due(c.DueAt, c.DueYear, c.Since, now, st.Within)}
	w.Procedure.ID, w.Procedure.Title, w.Procedure.Clause, w.Procedure.Kind = p.ID, p.Title, clauseRef(p.Plan.ID), string(p.Kind)
	w.State.ID, w.State.Label, w.State.Terminal = st.ID, st.Label, st.Final
	for _, x := range v.Parties {
		label := procedure.RoleLabel(x.Role)
		if x.Role == "copy" {
			label = "抄送"
		}
		w.Parties = append(w.Parties, PartyWire{string(x.Role), label, OrgWire{ID: x.Org, Name: x.OrgName}})
	}
	files := map[int][]AttachmentWire{}
	for _, f := range v.Files {
		x := attachmentWire(f, kinds, names)
		files[f.EventN] = append(files[f.EventN], x)
		w.Attachments = append(w.Attachments, x)
	}
	// What was signed comes first: it is what the case came to.
	sort.SliceStable(w.Attachments, func(i, j int) bool { return w.Attachments[i].Kind != "" && w.Attachments[j].Kind == "" })
	label := func(id string) string {
		s, _ := p.State(id)
		return s.Label
	}
	for _, e := range v.Events {
		ev := EventWire{N: e.N, At: e.At, Actor: ActorWire{e.PersonName, e.OrgName, procedure.RoleLabel(e.Role)}, Behalf: e.Behalf,
			Action: e.Action, Label: e.Label, From: e.FromState, FromLabel: label(e.FromState), To: e.ToState, ToLabel: label(e.ToState),
			Opinion: e.Opinion, Clause: e.Clause, Elapsed: e.Elapsed, DocNo: e.DocNo, Attachments: files[e.N], Seq: e.Seq}
		if err := json.Unmarshal([]byte(e.Changed), &ev.Changed); err != nil {
			ev.Changed = nil
		}
		if len(e.Asked) > 0 {
			ev.Fields, ev.Input = fieldsWire(e.Asked), json.RawMessage(e.Input)
		}
		if e.Seq >= 0 {
			w.Proof = &ProofWire{e.Seq, fmt.Sprintf("/api/log/proof/%d", e.Seq)}
		}
		w.History = append(w.History, ev)
	}
	for _, o := range v.Offers {
		w.Offers = append(w.Offers, OfferWire{Action: o.Action, Label: o.Label, As: o.As, Kind: o.Kind, Style: string(o.Style),
			NeedsOpinion: o.Opinion, Irreversible: o.Irrevocable != "", Consequence: o.Irrevocable, Clause: clauseRef(o.Clause),
			Fields: fieldsWire(o.Fields), Edits: o.Edits, Backfill: o.Backfill, Allowed: o.Refusal == nil, Refusal: refusalWire(o.Refusal)})
	}
	w.Phases = phases(v)
	for _, d := range p.Papers {
		if v.Supervised {
			break
		}
		if len(d.In) == 0 || contains(d.In, c.State) {
			w.Documents = append(w.Documents, PaperWire{d.Kind, d.Title, []string{"html", "pdf", "docx"}})
		}
	}
	if v.Chain != nil && len(v.Stages) > 0 {
		w.Chain = &ChainWire{Org: v.Chain.Org, Step: v.Chain.Action, Stages: v.Stages}
		if s, ok := p.Step(v.Chain.Action, c.State); ok {
			w.Chain.Label = s.Label
		}
		for _, s := range v.Stages {
			if s.By == "" {
				w.Chain.Stage = s.Stage
				break
			}
		}
	}
	if v.Draft != "" {
		w.Draft = &DraftWire{json.RawMessage(v.Draft), v.DraftAt}
	}
	return w
}

// phases draws the main line of the procedure and where the case stands on it.
func phases(v *procedure.CaseView) []PhaseWire {
	var out []PhaseWire
	current := -1
	for _, s := range v.Procedure.States {
		on := s.ID == v.Case.State
		if !s.Track && !on {
			continue
		}
		p := PhaseWire{ID: s.ID, Label: s.Label, Status: "future"}
		for i := range v.Events {
			// A phase is whose who ended it; the present one has begun and is nobody's yet.
			if e := v.Events[i]; e.FromState == s.ID && e.ToState != s.ID {
				at := e.At
				p.At, p.By = &at, e.PersonName
			} else if e.ToState == s.ID && e.FromState != s.ID {
				at := e.At
				p.At, p.By = &at, ""
			}
		}
		if on {
			current = len(out)
		}
		out = append(out, p)
	}
	for i := range out {
		switch {
		case i == current && v.Case.Final:
			out[i].Status = "done"
		case i == current:
			out[i].Status = "current"
		case i < current && out[i].At != nil, current < 0 && out[i].At != nil:
			out[i].Status = "done"
		}
		if out[i].Status == "future" {
			out[i].At, out[i].By = nil, ""
		}
	}
	return out
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
