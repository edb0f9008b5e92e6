package procedure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/canon"
	"pado/core/id"
	"pado/core/store"
)

// Act is what an actor hands in with a step.
type Act struct {
	As          string          // desk; empty = the first desk the step is offered to
	Revision    int64           // the revision the actor saw; 0 only for machine steps
	Form        json.RawMessage // new form, when the step edits it
	Input       json.RawMessage
	Opinion     string
	Attachments []string // ids of uploads not yet in a case
	Key         string   // idempotency key; the same key and content answer the same once
}

// Begin is what an actor hands in to start a case.
type Begin struct {
	Procedure string
	As        string
	Form      json.RawMessage
	Subject   string
	Parent    string
	Key       string
}

// Result is what a committed act left behind.
type Result struct {
	No       string
	Revision int64
	Seq      int64
	Replayed bool // the same key had been used before; nothing was done again
}

// Trial is the answer of a dry run.
type Trial struct {
	To      string
	Effects []string
	Due     calendar.Due
	Err     error // *Refused, *Invalid, *Stale or nil
}

// txn is one act in the making.
type txn struct {
	*Ctx
	e       *Engine
	p       *Procedure
	event   Event
	before  string // form before
	chained string // all persons of the inner chain that led to this act
	input   string // what the act asked for, as the history keeps it
}

// errDry rolls a dry run back.
var errDry = errors.New("dry run")

// Start opens a case in the procedure's first state.
func (e *Engine) Start(ctx context.Context, a Actor, b Begin) (Result, error) {
	p, ok := e.procs[b.Procedure]
	if !ok {
		return Result{}, store.ErrNotFound
	}
	var res Result
	entry := audit.Entry{}
	rec, err := e.db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		digest := canon.Digest([]byte(b.Procedure + "\n" + string(b.Form)))
		if done, err := e.replayed(w, a, b.Key, digest); err != nil || done.No != "" {
			res = done
			return audit.Entry{}, errors.Join(err, errReplayed)
		}
		var err error
		if entry, err = e.start(w, a, p, b); err != nil {
			return entry, err
		}
		res = Result{No: entry.Object, Revision: 1}
		return entry, e.remember(w, a, b.Key, digest, res)
	})
	if errors.Is(err, errReplayed) && res.No != "" {
		return res, nil
	}
	if err != nil {
		return Result{}, e.refused(ctx, a, err, "case.start", b.Procedure, "start")
	}
	res.Seq = rec.Seq
	return res, nil
}

func (e *Engine) start(w *store.Tx, a Actor, p *Procedure, b Begin) (audit.Entry, error) {
	first, _ := p.State(p.Start)
	desk, err := pick(a, first.Owes, "", b.As)
	if err != nil {
		return audit.Entry{}, &Refused{Code: "case.role", Message: "您的岗位不能发起“" + p.Title + "”", Clause: p.Plan}
	}
	if a.Program && p.paired("start") {
		return audit.Entry{}, unmanned(p.Plan)
	}
	form, bad := clean(p.Form.Fields, b.Form, true)
	if len(bad) > 0 {
		return audit.Entry{}, &Invalid{bad}
	}
	now := store.At(w.Now())
	no, err := e.number(w, p.Prefix)
	if err != nil {
		return audit.Entry{}, err
	}
	c := &Case{No: no, Procedure: p.ID, State: p.Start, Title: p.Title, Revision: 1, Tenant: desk.Division, Form: form,
		Org: desk.Org, Person: a.Person, Role: desk.Role, Created: now, Updated: now, Since: now,
		Owes: first.Owes, OwesOrg: desk.Org, Handler: a.Person, Subject: b.Subject, Parent: b.Parent}
	if desk.Org == "" {
		c.Tenant = e.opt.City
	}
	t, err := e.txn(w, c, p, a, desk)
	if err != nil {
		return audit.Entry{}, err
	}
	if err := t.ask(p.Starts); err != nil {
		return audit.Entry{}, err
	}
	if err := t.retitle(); err != nil {
		return audit.Entry{}, err
	}
	if _, err := w.Exec(`INSERT INTO case_file (`+caseColumns+`, due_sort, turn) VALUES
		($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22,$23,$24,$25,$26,$27)`,
		c.No, c.Procedure, c.State, c.Title, c.Revision, c.Tenant, c.Form, c.Org, c.Person, string(c.Role), c.Created, c.Updated,
		c.Since, c.DueAt, c.DueYear, string(c.Owes), c.OwesOrg, c.Handler, c.Final, c.Backfill, c.Urged, c.Supervised,
		c.Subject, c.Parent, c.Rules, farOff, c.turn()); err != nil {
		return audit.Entry{}, err
	}
	if desk.Org != "" {
		if err := t.join(desk.Role, desk.Org); err != nil {
			return audit.Entry{}, err
		}
	}
	for _, pr := range p.Parties {
		if pr.Read {
			if err := t.joinBy(pr); err != nil {
				return audit.Entry{}, err
			}
		}
	}
	t.event = Event{CaseNo: no, N: 1, At: now, Action: "start", Label: "发起", ToState: p.Start, Clause: p.Plan.ID, Revision: 1, Changed: "[]", Input: "{}"}
	t.sign()
	if err := t.addEvent(t.event); err != nil {
		return audit.Entry{}, err
	}
	return t.entry("case.start"), nil
}

const farOff int64 = 9_000_000_000_000_000

// number takes the next case number of the prefix in this year.
func (e *Engine) number(w *store.Tx, prefix string) (string, error) {
	year := calendar.DateOf(w.Now()).Y
	n, err := w.Next(fmt.Sprintf("case/%s/%d", prefix, year))
	if err != nil {
		return "", err
	}
	return id.CaseNo(prefix, year, n)
}

// Do takes a step: load → offered to this actor in this state? → rules → compare-and-set on
// the revision → effects → audit entry → commit; or nothing. Errors: store.ErrNotFound (not
// there or not yours), *Stale, *Refused, *Invalid, else internal.
func (e *Engine) Do(ctx context.Context, a Actor, no, action string, act Act) (Result, error) {
	var res Result
	rec, err := e.db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		digest := canon.Digest([]byte(no + "\n" + action + "\n" + jsonText(act)))
		if done, err := e.replayed(w, a, act.Key, digest); err != nil || done.No != "" {
			res = done
			return audit.Entry{}, errors.Join(err, errReplayed)
		}
		entry, err := e.do(w, a, no, action, act)
		if err != nil {
			return entry, err
		}
		res = Result{No: no, Revision: entry.Version}
		return entry, e.remember(w, a, act.Key, digest, res)
	})
	if errors.Is(err, errReplayed) && res.No != "" {
		return res, nil
	}
	if err != nil {
		if errors.Is(err, store.ErrConflict) {
			err = errors.Join(&Refused{Code: "case.conflict", Message: "同一时刻有另一项办理与此冲突，本次未办理，请刷新后重试"}, err)
		}
		return Result{}, e.refused(ctx, a, err, "case.step", no, action)
	}
	res.Seq = rec.Seq
	return res, nil
}

// Preview is Do rolled back: the same path, nothing kept.
func (e *Engine) Preview(ctx context.Context, a Actor, no, action string, act Act) (Trial, error) {
	var out Trial
	_, err := e.db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		entry, err := e.do(w, a, no, action, act)
		if err != nil {
			return audit.Entry{}, err
		}
		c, p, err := e.Load(&w.ReadTx, no)
		if err != nil {
			return audit.Entry{}, err
		}
		out.To = entry.To
		out.Due = calendar.Due{At: c.DueAt.Time, Unresolved: c.DueYear}
		if st, ok := p.Step(action, entry.From); ok {
			for _, ef := range st.Then {
				if ef.Say != "" {
					out.Effects = append(out.Effects, ef.Say)
				}
			}
		}
		return audit.Entry{}, errDry
	})
	var ref *Refused
	var inv *Invalid
	var stale *Stale
	switch {
	case errors.Is(err, errDry):
		return out, nil
	case errors.As(err, &ref), errors.As(err, &inv), errors.As(err, &stale):
		out.Err = err
		return out, nil
	}
	return out, err
}

func (e *Engine) do(w *store.Tx, a Actor, no, action string, act Act) (audit.Entry, error) {
	c, p, err := e.reach(&w.ReadTx, a, no, action)
	if err != nil {
		return audit.Entry{}, err
	}
	if act.Revision != 0 && act.Revision != c.Revision {
		return audit.Entry{}, e.stale(&w.ReadTx, p, c)
	}
	if act.Revision == 0 && a.Person != Machine.Person {
		return audit.Entry{}, &Refused{Code: "case.revision", Message: "办理时须说明所依据的版本", Clause: p.Plan}
	}
	t, err := e.txn(w, c, p, a, Desk{})
	if err != nil {
		return audit.Entry{}, err
	}
	if t.Files, err = t.uploads(act.Attachments); err != nil {
		return audit.Entry{}, err
	}
	if com, ok := commonActs[action]; ok {
		if a.Program && com.irrev != "" {
			return audit.Entry{}, unmanned(p.Plan)
		}
		return t.common(com, act)
	}
	if strings.HasPrefix(action, "chain_") {
		return t.chain(action, act)
	}
	step, ok := p.Step(action, c.State)
	if !ok {
		st, _ := p.State(c.State)
		return audit.Entry{}, &Refused{Code: "case.step", Message: "事项现处于“" + st.Label + "”，不能办理这一步", Clause: p.Plan}
	}
	if t.Desk, err = t.deskFor(step, act.As); err != nil {
		return audit.Entry{}, err
	}
	if err := t.manned(step); err != nil {
		return audit.Entry{}, err
	}
	stages, err := t.configured(step)
	if err != nil {
		return audit.Entry{}, err
	}
	if len(stages) > 0 {
		return t.openChain(step, act, stages)
	}
	return t.take(step, act)
}

// take performs a step whose actor has been found.
func (t *txn) take(step *Step, act Act) (audit.Entry, error) {
	c := t.Case
	t.Step, t.Opinion = step, strings.TrimSpace(act.Opinion)
	if err := t.apart(step); err != nil {
		return audit.Entry{}, err
	}
	if err := t.given(step, act); err != nil {
		return audit.Entry{}, err
	}
	if err := t.ask(step.Require); err != nil {
		return audit.Entry{}, err
	}
	from := c.State
	elapsed := t.elapsed()
	if step.Numbered && t.DocNo == "" {
		n, err := t.docNumber()
		if err != nil {
			return audit.Entry{}, err
		}
		t.DocNo = n
	}
	if err := t.retitle(); err != nil {
		return audit.Entry{}, err
	}
	if err := t.move(step.To); err != nil {
		return audit.Entry{}, err
	}
	t.event = Event{CaseNo: c.No, At: store.At(t.Now()), Action: step.Do, Label: step.Label, FromState: from, ToState: c.State,
		Opinion: t.Opinion, Clause: step.Plan.ID, Revision: c.Revision, Elapsed: elapsed, DocNo: t.DocNo}
	if err := t.finish(); err != nil {
		return audit.Entry{}, err
	}
	t.Ctx.W = t.w()
	for _, ef := range step.Then {
		if err := ef.Run(t.Ctx); err != nil {
			var ref *Refused
			if errors.As(err, &ref) && ref.Clause.ID == "" {
				ref.Clause = ef.Plan
			}
			return audit.Entry{}, fmt.Errorf("effect %s: %w", ef.Name, err)
		}
	}
	if err := t.news("step"); err != nil {
		return audit.Entry{}, err
	}
	return t.entry("case.step"), nil
}
