package procedure

import (
	"errors"
	"reflect"
)

// withdrawal is the act 撤回.
const withdrawal = "withdraw"

// Harmless is the Undo of an effect that leaves nothing outside the case itself.
func Harmless(*Ctx) error { return nil }

// derive adds to a declaration what the engine gives every procedure that can be withdrawn from
// its start: the author may also take the case back after submission, while it waits for a party
// that has not taken it up. A state is such a one when the author's own act leads there, somebody
// else owes the next move (or a colleague, who must be another person), and every effect of that
// act can be undone. It may be called again.
func (p *Procedure) derive() {
	base, ok := p.Step(withdrawal, p.Start)
	if !ok || base.By == Clock {
		return
	}
	var from []string
	undo := false
	for _, s := range p.Steps {
		st, ok := p.State(s.To)
		if s.By != base.By || !ok || st.Final || st.Owes == "" || st.Owes == Clock || s.To == p.Start || has(from, s.To) || s.Backfill {
			continue
		}
		if _, there := p.Step(withdrawal, s.To); there || (st.Owes == base.By && !p.apartFrom(s.To, s.Do)) || !s.undoable() || !has(s.From, p.Start) {
			continue
		}
		from = append(from, s.To)
		for _, ef := range s.Then {
			undo = undo || reflect.ValueOf(ef.Undo).Pointer() != reflect.ValueOf(Harmless).Pointer()
		}
	}
	if len(from) == 0 {
		return
	}
	step := Step{Do: withdrawal, Label: base.Label, By: base.By, From: from, To: base.To, Plan: base.Plan,
		Require: Rules{{Code: "case.untouched", Say: "对方已签收或已开始办理，不能撤回；请与对方联系退回", Plan: base.Plan, Holds: untouched}}}
	if undo {
		step.Then = Effects{{Name: "take_back", Say: "撤销提交时所作的登记", Plan: base.Plan, Run: undoAll}}
	}
	p.Steps = append(p.Steps, step)
}

func (s *Step) undoable() bool {
	for _, ef := range s.Then {
		if ef.Undo == nil {
			return false
		}
	}
	return true
}

// apartFrom: some act that leaves the state must be taken by another person than took act.
func (p *Procedure) apartFrom(state, act string) bool {
	for _, s := range p.Steps {
		if has(s.From, state) && (has(s.Apart, act) || has(s.Apart, "start")) {
			return true
		}
	}
	return false
}

// beside are the acts that do not count as taking a case up.
var beside = []string{"urge", "supervise", "copy", "comment", "attach"}

// course reads the acts of a case in order.
func (c *Ctx) course() (out []Event, err error) {
	return out, c.Select(&out, `SELECT n, person, org, action, from_state, to_state FROM case_event WHERE case_no = $1 ORDER BY n`, c.Case.No)
}

// untouched holds while whoever owes the move has not taken the case up: it is not signed for
// (签收), no draft of an answer is under way, the last move was the author's and nobody else has
// acted since; and nothing has taken effect that cannot be undone.
func untouched(c *Ctx) error {
	mine := func(ev Event) bool {
		if c.Case.OwesOrg == c.Case.Org { // it waits for a colleague
			return ev.Person == c.Actor.Person
		}
		return ev.Org == c.Case.Org && (ev.Org != "" || ev.Person == c.Case.Person)
	}
	if c.Case.Handler != "" && c.Case.Handler != c.Actor.Person {
		return ErrFails
	}
	if open, err := c.Exists(`SELECT 1 FROM case_chain WHERE case_no = $1`, c.Case.No); err != nil || open {
		return Hold(false, err)
	}
	all, err := c.course()
	if err != nil {
		return err
	}
	last := len(all) - 1
	for last >= 0 && all[last].FromState == all[last].ToState {
		last--
	}
	if last < 0 {
		return ErrFails
	}
	for _, ev := range all[last:] {
		if !mine(ev) && !has(beside, ev.Action) {
			return ErrFails
		}
	}
	_, err = c.undoing(all)
	return err
}

// undoing lists the effects of the acts since the case was last in its start, newest first;
// ErrFails when one of them cannot be undone. What was done before a return stands as it does for
// the author, who may carry on or withdraw from there.
func (c *Ctx) undoing(all []Event) (out Effects, err error) {
	p := c.engine.procs[c.Case.Procedure]
	for _, ev := range all {
		step, ok := p.Step(ev.Action, ev.FromState)
		if !ok || ev.Action == withdrawal {
			continue
		}
		if !step.undoable() {
			err = ErrFails
		}
		for _, ef := range step.Then {
			out = append(Effects{ef}, out...)
		}
		if ev.ToState == p.Start {
			out, err = nil, nil
		}
	}
	return out, err
}

// undoAll undoes what the acts of the case did outside of it.
func undoAll(c *Ctx) error {
	all, err := c.course()
	if err != nil {
		return err
	}
	list, err := c.undoing(all)
	if err != nil {
		return err
	}
	var done []string
	for _, ef := range list {
		if ef.Undo == nil || has(done, ef.Name) {
			continue
		}
		done = append(done, ef.Name)
		if err := ef.Undo(c); err != nil {
			return err
		}
	}
	return nil
}

// owner is the role that receives the cases of the procedure: it annuls what was wrongly filed.
// Where nobody but the author's own desk acts, it is that desk, by another person.
func (p *Procedure) owner() Role {
	start, _ := p.State(p.Start)
	own := start.Owes
	for _, s := range p.States {
		if s.ID != p.Start && s.Track && !s.Final && s.Owes != "" && s.Owes != Clock {
			if s.Owes != start.Owes {
				return s.Owes
			}
		}
	}
	return own
}

// annuls finds the desk from which the actor may annul a submitted case: that of the receiving
// body, not of the person who filed it.
func (t *txn) annuls() (Desk, bool, error) {
	if t.Case.Final || t.Case.State == t.p.Start || t.Actor.Person == t.Case.Person {
		return Desk{}, false, nil
	}
	role := t.p.owner()
	org, err := t.Party(role)
	if err != nil || org == "" {
		return Desk{}, false, err
	}
	d, err := pick(t.Actor, role, org, "")
	if err != nil || d.Behalf == t.Case.Person {
		return Desk{}, false, ignoreMissing(err)
	}
	all, err := t.course()
	if err != nil {
		return Desk{}, false, err
	}
	_, err = t.undoing(all)
	if errors.Is(err, ErrFails) { // what has taken effect is changed, corrected or revoked, not annulled
		return Desk{}, false, nil
	}
	return d, err == nil, err
}

// left drops the draft of an answer that no longer has a case.
func (t *txn) left() error {
	_, err := t.W.Exec(`DELETE FROM case_chain WHERE case_no = $1`, t.Case.No)
	return err
}
