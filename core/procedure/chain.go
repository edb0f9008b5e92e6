package procedure

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/store"
)

// Rank is what a person may do in the inner chain (拟办 → 审核 → 签发) of the organisation.
type Rank string

// The ranks of the inner chain.
const (
	Drafter  Rank = "draft"
	Reviewer Rank = "review"
	Signer   Rank = "sign"
)

// Stage is a station of an inner chain on its way through an organisation. The act exists only
// when the last stage, 签发, is done.
type Stage struct {
	Stage  string     `json:"stage"` // draft, review, countersign, sign
	Label  string     `json:"label"`
	Person string     `json:"person,omitempty"` // the one who must do it; empty = anyone of the rank
	By     string     `json:"by,omitempty"`     // who did it
	Name   string     `json:"name,omitempty"`
	At     store.Time `json:"at,omitzero"`
	Say    string     `json:"opinion,omitempty"`
}

// ChainState is a step that is on its way through an organisation.
type ChainState struct {
	CaseNo, Org, Action, Act, Stages, Desk string
	At                                     store.Time
}

var stageLabel = map[string]string{"draft": "拟办", "review": "审核", "countersign": "会签", "sign": "签发"}

// configured returns the stages the actor's organisation wants for the step; none = direct.
func (t *txn) configured(step *Step) ([]Stage, error) {
	if t.Desk.Org == "" || step.By == Clock {
		return nil, nil
	}
	var raw string
	err := t.Get(&raw, `SELECT stages FROM chain_config WHERE org = $1 AND (procedure = $2 OR procedure = '*') AND (action = $3 OR action = '*')
		ORDER BY procedure DESC, action DESC LIMIT 1`, t.Desk.Org, t.p.ID, step.Do)
	if errors.Is(err, store.ErrNotFound) || raw == "" || raw == "[]" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var names []string
	if err := json.Unmarshal([]byte(raw), &names); err != nil {
		return nil, fmt.Errorf("read the inner chain of %s: %w", t.Desk.Org, err)
	}
	out := make([]Stage, len(names))
	for i, n := range names {
		out[i] = Stage{Stage: n, Label: stageLabel[n]}
	}
	return out, nil
}

func (t *txn) pending() (*ChainState, []Stage, error) {
	var c ChainState
	if err := t.Get(&c, `SELECT case_no, org, action, act, stages, desk, at FROM case_chain WHERE case_no = $1`, t.Case.No); err != nil {
		return nil, nil, err
	}
	var st []Stage
	return &c, st, json.Unmarshal([]byte(c.Stages), &st)
}

// openChain turns a step into a draft (拟办) of the organisation. The step is tried first, so
// that nobody reviews what could never be signed.
func (t *txn) openChain(step *Step, act Act, stages []Stage) (audit.Entry, error) {
	if _, _, err := t.pending(); err == nil {
		return audit.Entry{}, &Refused{Code: "chain.open", Message: "本单位已有一件拟办在流转，请先办结或退回", Clause: step.Plan}
	} else if !errors.Is(err, store.ErrNotFound) {
		return audit.Entry{}, err
	}
	t.Step, t.Opinion = step, strings.TrimSpace(act.Opinion)
	for _, ask := range []func() error{
		func() error { return t.apart(step) },
		func() error { return t.given(step, act) },
		func() error { return t.ask(step.Require) },
	} {
		if err := ask(); err != nil {
			return audit.Entry{}, err
		}
	}
	t.Case.Form = t.before
	stages[0].By, stages[0].Name, stages[0].At, stages[0].Say = t.Actor.Person, t.Actor.Name, store.At(t.Now()), t.Opinion
	act.Revision, act.Key = 0, ""
	if _, err := t.W.Exec(`INSERT INTO case_chain (case_no, org, action, act, stages, desk, at) VALUES ($1,$2,$3,$4,$5,$6,$7)`,
		t.Case.No, t.Desk.Org, step.Do, jsonText(act), jsonText(stages), t.Desk.ID, store.At(t.Now())); err != nil {
		return audit.Entry{}, err
	}
	t.Case.Handler = ""
	return t.chainEvent("chain_submit", drafted+step.Label, step)
}

// drafted begins the label of a draft on its way.
const drafted = "拟办送审："

func (t *txn) chainEvent(do, label string, step *Step) (audit.Entry, error) {
	from := t.Case.State
	if err := t.touch(from); err != nil {
		return audit.Entry{}, err
	}
	t.event = Event{CaseNo: t.Case.No, At: store.At(t.Now()), Action: do, Label: label, FromState: from, ToState: from,
		Opinion: t.Opinion, Clause: step.Plan.ID, Revision: t.Case.Revision}
	if err := t.finish(); err != nil {
		return audit.Entry{}, err
	}
	return t.entry("case.chain"), t.news("chain")
}

// current is the first stage nobody has done.
func current(st []Stage) int {
	for i, s := range st {
		if s.By == "" {
			return i
		}
	}
	return -1
}

// stageDesk finds the actor's desk for the stage: the same desk of the organisation with the
// rank, the very person named for a 会签 or 加签, or for a 会签 without a name anybody at the desk.
func (t *txn) stageDesk(c *ChainState, s Stage) (Desk, bool) {
	for _, d := range t.Actor.Desks {
		if d.Org != c.Org {
			continue
		}
		if s.Person != "" {
			if s.Person == t.Actor.Person || s.Person == d.Behalf {
				return d, true
			}
			continue
		}
		from, _, _ := strings.Cut(c.Desk, "@")
		if from == d.Org+"/"+string(d.Role) && (s.Stage == "countersign" || slices.Contains(d.Ranks, Rank(s.Stage))) {
			return d, true
		}
	}
	return Desk{}, false
}

// chain performs chain_approve, chain_back, chain_add, chain_countersign and chain_sign.
func (t *txn) chain(action string, given Act) (audit.Entry, error) {
	c, stages, err := t.pending()
	if errors.Is(err, store.ErrNotFound) {
		return audit.Entry{}, &Refused{Code: "chain.none", Message: "没有正在流转的拟办", Clause: t.p.Plan}
	}
	if err != nil {
		return audit.Entry{}, err
	}
	step, ok := t.p.Step(c.Action, t.Case.State)
	i := current(stages)
	if !ok || i < 0 {
		return audit.Entry{}, &Refused{Code: "chain.none", Message: "事项已离开原环节，拟办已失效，请退回重拟", Clause: t.p.Plan}
	}
	desk, mine := t.stageDesk(c, stages[i])
	if !mine {
		return audit.Entry{}, &Refused{Code: "chain.role", Message: "这一站由“" + stages[i].Label + "”人员办理", Clause: step.Plan}
	}
	if t.Actor.Program {
		return audit.Entry{}, unmanned(step.Plan)
	}
	t.Desk, t.Step, t.Opinion = desk, step, strings.TrimSpace(given.Opinion)
	done := func(say string) {
		stages[i].By, stages[i].Name, stages[i].At, stages[i].Say = t.Actor.Person, t.Actor.Name, store.At(t.Now()), say
	}
	for _, s := range stages {
		if s.By == t.Actor.Person && action != "chain_back" {
			return audit.Entry{}, &Refused{Code: "case.apart", Message: "您已办理过“" + s.Label + "”，这一站须由另一人办理", Clause: step.Plan}
		}
	}
	switch action {
	case "chain_back":
		if t.Opinion == "" {
			return audit.Entry{}, &Invalid{[]FieldError{{"opinion", "退回拟办须写明理由", step.Plan.ID}}}
		}
		if _, err := t.W.Exec(`DELETE FROM case_chain WHERE case_no = $1`, t.Case.No); err != nil {
			return audit.Entry{}, err
		}
		back, err := t.worksAt(stages[0].By, c.Org)
		if err != nil {
			return audit.Entry{}, err
		}
		if back { // else the whole desk drafts anew
			t.Case.Handler = stages[0].By
		}
		return t.chainEvent(action, "退回拟办："+step.Label, step)
	case "chain_approve", "chain_countersign":
		want := map[string]string{"chain_approve": "review", "chain_countersign": "countersign"}[action]
		if stages[i].Stage != want {
			return audit.Entry{}, &Refused{Code: "chain.stage", Message: "现在应办理“" + stages[i].Label + "”", Clause: step.Plan}
		}
		done(t.Opinion)
	case "chain_add":
		t.Step = &Step{Do: action, Label: "加签", Plan: step.Plan, Input: addFields}
		in, errs := clean(addFields, given.Input, false)
		if len(errs) > 0 {
			return audit.Entry{}, &Invalid{errs}
		}
		t.input = kept(addFields, in)
		var who struct{ Person string }
		if err := json.Unmarshal([]byte(in), &who); err != nil {
			return audit.Entry{}, err
		}
		ok, err := t.worksAt(who.Person, c.Org)
		if err != nil {
			return audit.Entry{}, err
		}
		if !ok || who.Person == t.Actor.Person {
			return audit.Entry{}, &Invalid{[]FieldError{{"input.person", "请选择本单位的另一位在岗人员", step.Plan.ID}}}
		}
		stages = append(stages[:i:i], append([]Stage{{Stage: "countersign", Label: "会签", Person: who.Person}}, stages[i:]...)...)
	case "chain_sign":
		if stages[i].Stage != "sign" {
			return audit.Entry{}, &Refused{Code: "chain.stage", Message: "现在应办理“" + stages[i].Label + "”", Clause: step.Plan}
		}
		return t.signChain(c, stages, step, given)
	default:
		return audit.Entry{}, &Refused{Code: "case.step", Message: "没有这一种办理", Clause: step.Plan}
	}
	if _, err := t.W.Exec(`UPDATE case_chain SET stages = $1 WHERE case_no = $2`, jsonText(stages), t.Case.No); err != nil {
		return audit.Entry{}, err
	}
	label := map[string]string{"chain_approve": "审核通过：", "chain_countersign": "会签：", "chain_add": "加签："}[action]
	return t.chainEvent(action, label+step.Label, step)
}

var addFields = []Field{{Name: "person", Label: "加签人员", Kind: Ref, Source: "colleagues", Required: true}}

// signChain takes the drafted step in the signer's hand: rules are asked again, every person
// of the chain counts for Apart, and only now the act exists.
func (t *txn) signChain(c *ChainState, stages []Stage, step *Step, given Act) (audit.Entry, error) {
	var act Act
	if err := json.Unmarshal([]byte(c.Act), &act); err != nil {
		return audit.Entry{}, fmt.Errorf("read the drafted act: %w", err)
	}
	if _, err := t.W.Exec(`DELETE FROM case_chain WHERE case_no = $1`, t.Case.No); err != nil {
		return audit.Entry{}, err
	}
	if given.Opinion != "" {
		act.Opinion = given.Opinion
	}
	var persons []string
	for _, s := range stages {
		persons = append(persons, s.By)
	}
	t.chained = strings.Join(unique(persons), ",")
	n, err := t.docNumber()
	if err != nil {
		return audit.Entry{}, err
	}
	t.DocNo = n
	return t.take(step, act)
}

// docNumber takes the next 文号 of the acting organisation in this year: "朔数授〔2026〕12号".
func (t *txn) docNumber() (string, error) {
	if t.Desk.Org == "" {
		return "", nil
	}
	var prefix string
	if err := t.Get(&prefix, `SELECT doc_prefix FROM org WHERE id = $1`, t.Desk.Org); err != nil || prefix == "" {
		if errors.Is(err, store.ErrNotFound) {
			err = nil
		}
		return "", err
	}
	year := calendar.DateOf(t.Now()).Y
	n, err := t.W.Next(fmt.Sprintf("doc/%s/%d", t.Desk.Org, year))
	if err != nil {
		return "", err
	}
	no := fmt.Sprintf("%s〔%d〕%d号", prefix, year, n)
	_, err = t.W.Exec(`INSERT INTO doc_number (doc_no, org, year, n, case_no, action, at) VALUES ($1,$2,$3,$4,$5,$6,$7)`,
		no, t.Desk.Org, year, n, t.Case.No, t.Step.Do, store.At(t.Now()))
	return no, err
}
