package procedure

import (
	"errors"

	"pado/core/store"
)

// Opening says whether an actor may start a procedure at this moment.
type Opening struct {
	Desks []string // from which; empty = from none
	Why   string   // why from none, in Chinese
}

// Opening asks which desks of the actor may start a procedure now; from none for one that is not
// declared. The rules of the start are asked with an empty form; what they say of a form is asked
// again when there is one.
func (e *Engine) Opening(r *store.ReadTx, a Actor, id string) (o Opening, err error) {
	p, ok := e.procs[id]
	if !ok {
		return o, nil
	}
	first, _ := p.State(p.Start)
	o.Why = "由“" + RoleLabel(first.Owes) + "”发起"
	if a.Program && p.paired("start") {
		o.Why = unmanned(p.Plan).Message
		return o, nil
	}
	for _, d := range a.Desks {
		if d.Role != first.Owes {
			continue
		}
		c := &Case{Procedure: p.ID, State: p.Start, Tenant: d.Division, Form: "{}", Org: d.Org, Person: a.Person, Role: d.Role, Owes: first.Owes, OwesOrg: d.Org}
		if d.Org == "" {
			c.Tenant = e.opt.City
		}
		x, err := e.context(r, c, a)
		if err != nil {
			return o, err
		}
		x.Desk = d
		var no *Refused
		for _, rule := range p.Starts {
			err := rule.Holds(x)
			if errors.Is(err, ErrFails) {
				err = &Refused{Code: rule.Code, Message: rule.Say, Clause: rule.Plan}
			}
			if errors.As(err, &no) {
				o.Why = no.Message
				break
			}
			if err != nil {
				return o, err
			}
		}
		if no == nil {
			o.Desks = append(o.Desks, d.ID)
		}
	}
	if len(o.Desks) > 0 {
		o.Why = ""
	}
	return o, nil
}
