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
	"pado/core/store"
)

func (e *Engine) txn(w *store.Tx, c *Case, p *Procedure, a Actor, d Desk) (*txn, error) {
	ctx, err := e.context(&w.ReadTx, c, a)
	if err != nil {
		return nil, err
	}
	ctx.Desk, ctx.W = d, w
	return &txn{Ctx: ctx, e: e, p: p, before: c.Form}, nil
}

func (t *txn) w() *store.Tx { return t.W }

// pick finds the desk of the actor that may act for role in org; wanted narrows it.
func pick(a Actor, role Role, org, wanted string) (Desk, error) {
	for _, d := range a.Desks {
		if d.Role == role && (org == "" || d.Org == org) && (wanted == "" || d.ID == wanted) {
			return d, nil
		}
	}
	return Desk{}, store.ErrNotFound
}

// deskFor answers who acts: the role comes from the step, the organisation from the parties.
func (t *txn) deskFor(step *Step, wanted string) (Desk, error) {
	no := &Refused{Code: "case.role", Message: "这一步由“" + t.label(step.By) + "”办理，不在您的岗位职责内", Clause: step.Plan}
	if step.By == Clock {
		if t.Actor.Person == Machine.Person {
			return t.Actor.Desks[0], nil
		}
		return Desk{}, no
	}
	org, err := t.partyOrg(step.By)
	if err != nil {
		return Desk{}, err
	}
	if org == "" && !t.personal(step.By) {
		return Desk{}, no
	}
	d, err := pick(t.Actor, step.By, org, wanted)
	if err != nil {
		return Desk{}, no
	}
	if t.personal(step.By) && t.Actor.Person != t.Case.Person {
		return Desk{}, no
	}
	if t.Case.Handler != "" && t.Case.Owes == step.By && t.Case.Handler != t.Actor.Person && t.Case.Handler != d.Behalf {
		return Desk{}, &Refused{Code: "case.handler", Message: "该事项已由本单位其他经办人承办，可请其转办", Clause: step.Plan}
	}
	return d, nil
}

// personal: the role belongs to a natural person without an organisation in this case.
func (t *txn) personal(r Role) bool { return t.Case.Org == "" && r == t.Case.Role }

// partyOrg is the organisation of the role in this case, found by the procedure's rule when it
// has none yet.
func (t *txn) partyOrg(r Role) (string, error) {
	org, err := t.Party(r)
	if err != nil || org != "" {
		return org, err
	}
	for _, pr := range t.p.Parties {
		if pr.Role == r {
			return pr.Find(t.Ctx)
		}
	}
	return "", nil
}

func (t *txn) join(r Role, org string) error {
	_, err := t.W.Exec(`INSERT INTO case_party (case_no, role, org) VALUES ($1,$2,$3) ON CONFLICT DO NOTHING`, t.Case.No, string(r), org)
	return err
}

func (t *txn) joinBy(pr PartyRule) error {
	org, err := pr.Find(t.Ctx)
	if err != nil || org == "" {
		return err
	}
	return t.join(pr.Role, org)
}

// label is the Chinese name of a role as the actor's or the case's desks carry it.
func (t *txn) label(r Role) string { return RoleLabel(r) }

// RoleLabel gives the Chinese name of a role; set once by the room that names the roles.
var RoleLabel = func(r Role) string { return string(r) }

// apart refuses a person who already took one of the acts the step must be apart from, be it
// in person or for another.
func (t *txn) apart(step *Step) error {
	if len(step.Apart) == 0 || step.By == Clock {
		return nil
	}
	mine := []string{t.Actor.Person}
	if t.Desk.Behalf != "" {
		mine = append(mine, t.Desk.Behalf)
	}
	label, err := t.took(step.Apart, mine)
	if err != nil || label == "" {
		return err
	}
	return &Refused{Code: "case.apart", Message: "您已办理过“" + label + "”，这一步须由另一人办理", Clause: step.Plan}
}

// took names the first of the acts on record that one of the persons took part in; empty = none.
func (t *txn) took(acts, persons []string) (string, error) {
	var done []struct{ Action, Label, Persons string }
	if err := t.Select(&done, `SELECT action, label, persons FROM case_event WHERE case_no = $1 ORDER BY n`, t.Case.No); err != nil {
		return "", err
	}
	for _, ev := range done {
		if !has(acts, ev.Action) {
			continue
		}
		for _, p := range strings.Split(ev.Persons, ",") {
			if p != "" && has(persons, p) {
				return ev.Label, nil
			}
		}
	}
	return "", nil
}

// comesBack tells whether a state that the starter's desk owes is the starter's own to carry on:
// it still works there, and no act of the state must be apart from what it did.
func (t *txn) comesBack(st State) (bool, error) {
	c := t.Case
	if c.Org == "" {
		return true, nil
	}
	if there, err := t.worksAt(c.Person, c.Org); err != nil || !there {
		return false, err
	}
	for _, s := range t.p.Steps {
		if s.By != st.Owes || !has(s.From, st.ID) || len(s.Apart) == 0 {
			continue
		}
		if t.Step != nil && has(s.Apart, t.Step.Do) && has(t.persons(), c.Person) {
			return false, nil // by the act in hand, which is not on record yet
		}
		if label, err := t.took(s.Apart, []string{c.Person}); err != nil || label != "" {
			return false, err
		}
	}
	return true, nil
}

// worksAt tells whether a person still has a desk in the organisation.
func (t *txn) worksAt(person, org string) (bool, error) {
	return t.Exists(`SELECT 1 FROM membership WHERE person = $1 AND org = $2 AND until = ''`, person, org)
}

// given validates the form, the input and the opinion.
func (t *txn) given(step *Step, act Act) error {
	var bad []FieldError
	if step.Edits && len(act.Form) > 0 {
		form, errs := clean(t.p.Form.Fields, act.Form, false)
		bad = append(bad, errs...)
		t.Case.Form = form
	} else if step.Edits {
		_, errs := clean(t.p.Form.Fields, json.RawMessage(t.Case.Form), false)
		bad = append(bad, errs...)
	} else if len(act.Form) > 0 && string(act.Form) != "null" {
		return &Refused{Code: "case.form", Message: "这一步不能修改表单", Clause: step.Plan}
	}
	input := step.inputs()
	in, errs := clean(input, act.Input, false)
	for i := range errs {
		errs[i].Path = "input." + errs[i].Path
	}
	bad = append(bad, errs...)
	t.Ctx.Input, t.input = json.RawMessage(in), kept(input, in)
	if step.Sealed {
		t.input = ""
	}
	if step.Opinion && t.Opinion == "" {
		bad = append(bad, FieldError{"opinion", "请填写意见", step.Plan.ID})
	}
	if len([]rune(t.Opinion)) > 2000 {
		bad = append(bad, FieldError{"opinion", "意见最多 2000 个字", step.Plan.ID})
	}
	if step.Backfill && len(t.Files) == 0 {
		bad = append(bad, FieldError{"attachments", "补录须附决定文件等佐证材料", step.Plan.ID})
	}
	if len(bad) > 0 {
		return &Invalid{bad}
	}
	return nil
}

// inputs are the fields an act asks for, with those every backfill needs.
func (s *Step) inputs() []Field {
	if !s.Backfill {
		return s.Input
	}
	return append([]Field{
		{Name: "decidedOn", Label: "原决定日期", Kind: Date, Required: true, Plan: s.Plan},
		{Name: "decidedBy", Label: "原决定机关或交易场所", Kind: Text, Required: true, Plan: s.Plan},
		{Name: "decisionNo", Label: "原文号或编号", Kind: Text, Plan: s.Plan},
	}, s.Input...)
}

// move sets the state, the owner and the limit of the case. The revision is compared and set.
func (t *txn) move(to string) error {
	c := t.Case
	st, ok := t.p.State(to)
	if !ok {
		return fmt.Errorf("%s has no state %s", t.p.ID, to)
	}
	was := c.Revision
	c.Revision++
	moved := c.State != to
	c.State, c.Final = to, st.Final
	c.Updated = store.At(t.Now())
	if t.Step != nil && t.Step.Backfill {
		c.Backfill = true
	}
	if moved {
		c.Since, c.DueAt, c.DueYear, c.Urged, c.Supervised = c.Updated, store.Time{}, 0, 0, false
		c.Owes, c.OwesOrg, c.Handler = st.Owes, "", ""
		if st.Owes != "" && st.Owes != Clock {
			org, err := t.partyOrg(st.Owes)
			if err != nil {
				return err
			}
			if org == "" && !t.personal(st.Owes) {
				return &Refused{Code: "case.party", Message: "尚无可承接下一环节的“" + RoleLabel(st.Owes) + "”，请先完成相关单位的确认", Clause: t.p.Plan}
			}
			c.OwesOrg = org
			if org != "" {
				if err := t.join(st.Owes, org); err != nil {
					return err
				}
			}
			if st.Owes == c.Role && org == c.Org {
				back, err := t.comesBack(st)
				if err != nil {
					return err
				}
				if back {
					c.Handler = c.Person
				}
			}
		}
		if st.Within != "" {
			if _, err := t.Param(st.Within); err != nil {
				return err
			}
			due, err := t.Due(st.Within)
			if err != nil {
				return err
			}
			c.DueAt, c.DueYear = store.At(due.At), due.Unresolved
		}
	}
	c.Rules = t.versions()
	sort := farOff
	if !c.DueAt.IsZero() {
		sort = c.DueAt.UnixMilli()
	}
	err := t.W.ExecOne(`UPDATE case_file SET state=$1, title=$2, revision=$3, form=$4, updated=$5, since=$6, due_at=$7, due_year=$8,
		owes=$9, owes_org=$10, handler=$11, final=$12, backfill=$13, urged=$14, supervised=$15, rules=$16, due_sort=$17, subject=$18, turn=$19
		WHERE no=$20 AND revision=$21`,
		c.State, c.Title, c.Revision, c.Form, c.Updated, c.Since, c.DueAt, c.DueYear, string(c.Owes), c.OwesOrg, c.Handler, c.Final,
		c.Backfill, c.Urged, c.Supervised, c.Rules, sort, c.Subject, c.turn(), c.No, was)
	if errors.Is(err, store.ErrConflict) {
		return t.e.stale(t.ReadTx, t.p, c)
	}
	return err
}

// SetSubject names the record a case is about, from an effect.
func (c *Ctx) SetSubject(key string) error {
	c.Case.Subject = key
	return c.W.ExecOne(`UPDATE case_file SET subject = $1 WHERE no = $2`, key, c.Case.No)
}

// finish numbers, signs and stores the event and binds the attachments.
func (t *txn) finish() error {
	var last int
	if err := t.Get(&last, `SELECT COALESCE(MAX(n), 0) FROM case_event WHERE case_no = $1`, t.Case.No); err != nil {
		return err
	}
	t.event.N = last + 1
	if t.event.Changed == "" {
		t.event.Changed = "[]"
	}
	again, err := t.again()
	if err != nil {
		return err
	}
	if d := append(difference(t.p.Form.Fields, t.before, t.Case.Form), again...); len(d) > 0 {
		t.event.Changed = jsonText(d)
	}
	if t.event.Input = t.input; t.input == "" {
		t.event.Input = "{}"
	}
	t.sign()
	for _, f := range t.Files {
		if err := t.W.ExecOne(`UPDATE attachment SET case_no = $1, event_n = $2 WHERE id = $3 AND case_no = ''`,
			t.Case.No, t.event.N, f.ID); err != nil {
			return err
		}
	}
	if _, err := t.W.Exec(`DELETE FROM case_draft WHERE case_no = $1 AND person = $2`, t.Case.No, t.Actor.Person); err != nil {
		return err
	}
	return t.addEvent(t.event)
}

// sign puts the actor on the event.
func (t *txn) sign() {
	ev := &t.event
	ev.Person, ev.PersonName, ev.Role, ev.Behalf = t.Actor.Person, t.Actor.Name, t.Desk.Role, t.Desk.Behalf
	ev.Org, ev.OrgName = t.Desk.Org, t.Desk.OrgName
	ev.FormDigest = canon.Digest([]byte(t.Case.Form))
	ev.Persons = strings.Join(t.persons(), ",")
}

// persons are all who take part in the act: in person, as the one it is done for, in the inner chain.
func (t *txn) persons() []string {
	list := []string{t.Actor.Person, t.Desk.Behalf}
	return unique(append(list, strings.Split(t.chained, ",")...))
}

func unique(list []string) []string {
	var out []string
	for _, s := range list {
		if s != "" && !has(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// entry is the audit entry of the act: no form value is in it, only its digest's commitment.
func (t *txn) entry(kind string) audit.Entry {
	ev := t.event
	e := audit.Entry{Type: kind, Actor: ev.Person, Org: ev.Org, Behalf: ev.Behalf, Object: t.Case.No, Version: t.Case.Revision,
		Action: ev.Action, From: ev.FromState, To: ev.ToState, Clause: ev.Clause, Result: audit.Done, Rule: t.Case.Rules,
		Values: map[string]string{"form": t.Case.Form}, Detail: map[string]string{"n": fmt.Sprint(ev.N), "procedure": t.p.ID}}
	if ev.Opinion != "" {
		e.Values["opinion"] = ev.Opinion
	}
	if ev.Input != "" && ev.Input != "{}" {
		e.Values["input"] = ev.Input
	}
	if ev.DocNo != "" {
		e.Detail["doc_no"] = ev.DocNo
	}
	for i, f := range t.Files {
		e.Detail[fmt.Sprintf("file.%d", i+1)] = f.SHA256
	}
	return e
}

// elapsed counts the working days in the present state; −1 when a year is unpublished.
func (t *txn) elapsed() int {
	n, err := t.Calendar().Between(calendar.DateOf(t.Case.Since.Time), t.Today())
	if err != nil {
		return -1
	}
	return int(n)
}

func (t *txn) retitle() error {
	if t.p.Name == nil {
		return nil
	}
	title, err := t.p.Name(t.Ctx)
	if err != nil {
		return err
	}
	if title = strings.TrimSpace(title); title != "" {
		t.Case.Title = title
	}
	return nil
}

func (t *txn) news(kind string) error {
	if t.e.opt.Notify == nil {
		return nil
	}
	return t.e.opt.Notify(t.W, News{Case: t.Case, Procedure: t.p, Event: t.event, Kind: kind})
}

// stale tells who moved the case meanwhile.
func (e *Engine) stale(r *store.ReadTx, p *Procedure, c *Case) error {
	s := &Stale{Revision: c.Revision}
	var ev struct {
		At                store.Time
		PersonName, Label string
	}
	if err := r.Get(&ev, `SELECT at, person_name, label FROM case_event WHERE case_no = $1 ORDER BY n DESC LIMIT 1`, c.No); err == nil {
		s.By, s.Did, s.At = ev.PersonName, ev.Label, ev.At.Time
	}
	return s
}

var errReplayed = errors.New("the same request was carried out before")

// replayed finds what the same person did with the same key.
func (e *Engine) replayed(w *store.Tx, a Actor, key, digest string) (Result, error) {
	if key == "" {
		return Result{}, nil
	}
	var row struct {
		Digest, CaseNo string
		Revision       int64
	}
	err := w.Get(&row, `SELECT digest, case_no, revision FROM idempotency WHERE person = $1 AND key = $2`, a.Person, key)
	if errors.Is(err, store.ErrNotFound) {
		return Result{}, nil
	}
	if err != nil {
		return Result{}, err
	}
	if row.Digest != digest {
		return Result{}, &Refused{Code: "request.key_reused", Message: "同一个请求编号已用于另一项办理，请换一个编号"}
	}
	return Result{No: row.CaseNo, Revision: row.Revision, Replayed: true}, nil
}

func (e *Engine) remember(w *store.Tx, a Actor, key, digest string, r Result) error {
	if key == "" {
		return nil
	}
	_, err := w.Exec(`INSERT INTO idempotency (person, key, digest, case_no, revision, at) VALUES ($1,$2,$3,$4,$5,$6)`,
		a.Person, key, digest, r.No, r.Revision, store.At(w.Now()))
	return err
}

// refused writes the entry of an authenticated refusal and hands the error back. A case that
// is not the actor's is logged like one that is not there.
func (e *Engine) refused(ctx context.Context, a Actor, cause error, kind, object, action string) error {
	entry := audit.Entry{Type: kind, Actor: a.Person, Object: object, Action: action, Result: audit.Refused}
	if len(a.Desks) > 0 {
		entry.Org = a.Desks[0].Org
	}
	var ref *Refused
	var inv *Invalid
	var stale *Stale
	switch {
	case errors.As(cause, &ref):
		entry.Code, entry.Clause = ref.Code, ref.Clause.ID
	case errors.As(cause, &inv):
		entry.Code = "form.invalid"
	case errors.As(cause, &stale):
		entry.Code = "case.stale"
	case errors.Is(cause, store.ErrNotFound):
		entry.Code = "case.not_found"
	default:
		return cause
	}
	if len(object) > 64 {
		entry.Object = ""
	}
	if _, err := e.db.Update(ctx, func(*store.Tx) (audit.Entry, error) { return entry, nil }); err != nil {
		return errors.Join(cause, err)
	}
	return cause
}
