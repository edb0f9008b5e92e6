package procedure

import (
	"errors"

	"pado/core/store"
)

// Offer is one act as the screen draws it: allowed, or refused with the reason.
type Offer struct {
	Action, Label, As string
	Kind              string // "step", "common", "chain"
	Style             Style
	Opinion           bool
	Irrevocable       string
	Clause            string
	Fields            []Field
	Edits             bool
	Backfill          bool
	Refusal           *Refused // nil = allowed
}

// offers lists what the actor may do now, and the steps of its own desks that a rule refuses.
func (t *txn) offers() ([]Offer, error) {
	var out []Offer
	c, stages, err := t.pending()
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	if err == nil {
		more, err := t.chainOffers(c, stages)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	} else {
		for i := range t.p.Steps {
			step := &t.p.Steps[i]
			if step.By == Clock || !has(step.From, t.Case.State) {
				continue
			}
			o, ok, err := t.offer(step)
			if err != nil {
				return nil, err
			}
			if ok {
				out = append(out, o)
			}
		}
	}
	for _, name := range commonOrder {
		com := commonActs[name]
		desk, ok, err := com.offered(t)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		o := com.offer(t.p, desk)
		if t.Actor.Program && com.irrev != "" {
			o.Refusal = unmanned(t.p.Plan)
		}
		out = append(out, o)
	}
	return out, nil
}

func (c *common) offer(p *Procedure, d Desk) Offer {
	style := Plain
	if c.irrev != "" {
		style = Danger
	}
	return Offer{Action: c.do, Label: c.label, As: d.ID, Kind: "common", Style: style, Opinion: c.opinion,
		Irrevocable: c.irrev, Clause: p.Plan.ID, Fields: c.fields}
}

func (t *txn) offer(step *Step) (Offer, bool, error) {
	o := Offer{Action: step.Do, Label: step.Label, Kind: "step", Style: step.Style, Opinion: step.Opinion,
		Irrevocable: step.Irrevocable, Clause: step.Plan.ID, Fields: step.inputs(), Edits: step.Edits, Backfill: step.Backfill}
	if o.Style == "" {
		o.Style = Plain
	}
	var ref *Refused
	desk, err := t.deskFor(step, "")
	if errors.As(err, &ref) {
		if ref.Code != "case.handler" {
			return o, false, nil
		}
		o.Refusal = ref
		return o, true, nil
	}
	if err != nil {
		return o, false, err
	}
	t.Desk, t.Step, o.As = desk, step, desk.ID
	for _, ask := range []func() error{
		func() error { return t.manned(step) },
		func() error { return t.apart(step) },
		func() error {
			if step.Edits || len(step.Input) > 0 {
				return nil // rules may depend on what is yet to be filled in
			}
			return t.ask(step.Require)
		},
	} {
		if err := ask(); errors.As(err, &ref) {
			o.Refusal = ref
			break
		} else if err != nil {
			return o, false, err
		}
	}
	return o, true, nil
}

func (t *txn) chainOffers(c *ChainState, stages []Stage) ([]Offer, error) {
	i := current(stages)
	step, ok := t.p.Step(c.Action, t.Case.State)
	if i < 0 || !ok {
		return nil, nil
	}
	desk, mine := t.stageDesk(c, stages[i])
	if !mine {
		return nil, nil
	}
	base := Offer{As: desk.ID, Kind: "chain", Clause: step.Plan.ID, Style: Plain}
	if t.Actor.Program {
		base.Refusal = unmanned(step.Plan)
	}
	with := func(do, label string, style Style, opinion bool, fields ...Field) Offer {
		o := base
		o.Action, o.Label, o.Style, o.Opinion, o.Fields = do, label, style, opinion, fields
		return o
	}
	var out []Offer
	switch stages[i].Stage {
	case "review":
		out = append(out, with("chain_approve", "审核通过", Primary, false))
	case "countersign":
		out = append(out, with("chain_countersign", "会签", Primary, true))
	case "sign":
		o := with("chain_sign", "签发："+step.Label, Primary, false)
		o.Irrevocable = step.Irrevocable
		out = append(out, o)
	}
	return append(out, with("chain_add", "加签", Plain, false, addFields...), with("chain_back", "退回拟办", Plain, true)), nil
}
