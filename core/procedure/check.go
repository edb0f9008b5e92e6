package procedure

import (
	"fmt"
	"regexp"

	"pado/plan"
)

var (
	prefixShape = regexp.MustCompile(`^[A-Z]{2}$`)
	nameShape   = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
)

// Check lists what is wrong with a declaration: dead states, an owner nobody can act for, a
// limit without its parameter, a Clock step without a limit, a step or rule without a clause,
// fields and struct that are not one to one. The engine does not start on any of these.
func Check(p *Procedure, params *plan.Parameters) (errs []error) {
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf(format, a...)) }
	if p.Kind == "" {
		p.Kind = Ordinary
	}
	if !prefixShape.MatchString(p.Prefix) {
		bad("prefix %q is not two capital letters", p.Prefix)
	}
	if p.Plan.ID == "" || p.Title == "" || !nameShape.MatchString(p.ID) {
		bad("a procedure needs an id, a title and a clause")
	}
	if err := p.Form.check(); err != nil {
		bad("form: %v", err)
	}
	fieldClauses(p.Form.Fields, bad)
	if _, ok := p.State(StateVoid); !ok {
		p.States = append(p.States, voided)
	}
	p.derive()
	ids := map[string]bool{}
	for _, s := range p.States {
		if ids[s.ID] || !nameShape.MatchString(s.ID) || s.Label == "" {
			bad("state %q is declared twice, misnamed or without a label", s.ID)
		}
		ids[s.ID] = true
	}
	start, ok := p.State(p.Start)
	if !ok || start.Owes == "" {
		bad("start %q is no state somebody owes", p.Start)
	}
	leaves := map[string]bool{}
	owned := map[string]bool{}
	clock := map[string]string{}
	seen := map[string]bool{}
	for i := range p.Steps {
		s := &p.Steps[i]
		if s.Label == "" || !nameShape.MatchString(s.Do) || s.By == "" {
			bad("step %q needs a name, a label and a role", s.Do)
		}
		if commonActs[s.Do] != nil {
			bad("step %q has the name of a common act", s.Do)
		}
		if s.Plan.ID == "" {
			bad("step %s cites no clause", s.Do)
		}
		if !ids[s.To] {
			bad("step %s leads to unknown state %s", s.Do, s.To)
		}
		fieldClauses(s.Input, bad)
		for _, f := range s.From {
			st, ok := p.State(f)
			if !ok {
				bad("step %s leaves unknown state %s", s.Do, f)
				continue
			}
			if key := s.Do + "/" + f; seen[key] {
				bad("step %s leaves %s twice", s.Do, f)
			} else {
				seen[key] = true
			}
			if st.Final {
				bad("step %s leaves the final state %s", s.Do, f)
			}
			leaves[f] = true
			if s.By == st.Owes {
				owned[f] = true
			}
			if s.By == Clock {
				clock[f] = s.Do
			}
		}
		for _, r := range s.Require {
			if r.Plan.ID == "" || r.Code == "" || r.Holds == nil {
				bad("rule %q of step %s lacks a code, a clause or a condition", r.Code, s.Do)
			}
			if r.Say == "" {
				bad("rule %s has nothing to say", r.Code)
			}
		}
		for _, e := range s.Then {
			if e.Plan.ID == "" || e.Name == "" || e.Run == nil {
				bad("effect %q of step %s lacks a name, a clause or an action", e.Name, s.Do)
			}
		}
		for _, a := range s.Apart {
			if !p.hasStep(a) && a != "start" {
				bad("step %s is apart from unknown act %s", s.Do, a)
			}
		}
	}
	for _, s := range p.States {
		if !s.Final && !leaves[s.ID] {
			bad("state %s is dead: no step leaves it", s.ID)
		}
		if s.Final && (s.Owes != "" || s.Within != "" || s.Else != "") {
			bad("final state %s still has an owner or a limit", s.ID)
		}
		if s.Owes != "" && s.Owes != Clock && !owned[s.ID] {
			bad("state %s is owed by %s, who has no step in it", s.ID, s.Owes)
		}
		if s.Within != "" {
			if d, ok := params.Definition(s.Within); !ok {
				bad("state %s is limited by unknown parameter %s", s.ID, s.Within)
			} else if u := d.Unit; u != plan.WorkingDay && u != plan.Day && u != plan.Hour && u != plan.Month && u != plan.Year {
				bad("parameter %s of state %s is no length of time", s.Within, s.ID)
			}
		}
		if s.Else != "" && (s.Within == "" || clock[s.ID] != s.Else) {
			bad("state %s names the Clock step %s but has no limit or no such step", s.ID, s.Else)
		}
		if clock[s.ID] != "" && s.Else == "" {
			bad("Clock step %s of state %s is never taken", clock[s.ID], s.ID)
		}
	}
	for _, n := range p.Notices {
		if n.Plan.ID == "" || n.Kind == "" || len(n.In) == 0 {
			bad("a notice needs a kind, states and a clause")
		}
		for _, s := range n.In {
			if !ids[s] {
				bad("notice in unknown state %s", s)
			}
		}
		for _, name := range n.Fields {
			if _, ok := p.field(name); !ok {
				bad("notice shows unknown field %s", name)
			}
		}
		for _, name := range n.Files {
			if f, ok := p.field(name); !ok || f.Kind != File && f.Kind != FilesOf || f.Secret {
				bad("notice opens %s, which is no file field for the public", name)
			}
		}
		if n.Object != nil && (!p.hasStep(n.Object.Do) || n.Object.How == "") {
			bad("notice takes objections by the act %q, which is not declared or not explained", n.Object.Do)
		}
	}
	for id := range reachable(p) {
		delete(ids, id)
	}
	delete(ids, StateVoid)
	for id := range ids {
		bad("state %s cannot be reached", id)
	}
	if p.Kind == Filing {
		for _, s := range p.Steps {
			if s.Label == "同意" || s.Label == "不同意" || s.Label == "批准" {
				bad("a filing takes note; step %s is called %s", s.Do, s.Label)
			}
		}
	}
	return errs
}

func (p *Procedure) field(name string) (Field, bool) {
	for _, f := range p.Form.Fields {
		if f.Name == name {
			return f, true
		}
	}
	return Field{}, false
}

func (p *Procedure) hasStep(do string) bool {
	for _, s := range p.Steps {
		if s.Do == do {
			return true
		}
	}
	return false
}

func reachable(p *Procedure) map[string]bool {
	out := map[string]bool{p.Start: true}
	for again := true; again; {
		again = false
		for _, s := range p.Steps {
			for _, f := range s.From {
				if out[f] && !out[s.To] {
					out[s.To], again = true, true
				}
			}
		}
	}
	return out
}

func fieldClauses(fields []Field, bad func(string, ...any)) {
	for _, f := range fields {
		if f.Name == "" || f.Label == "" || f.Kind == "" {
			bad("field %q needs a name, a label and a kind", f.Name)
		}
		if f.Plan.ID == "" {
			bad("field %s cites no clause", f.Name)
		}
		if (f.Kind == Choice || f.Kind == Choices) && len(f.Options) == 0 && f.Source == "" {
			bad("field %s offers no choice", f.Name)
		}
		fieldClauses(f.Rows, bad)
	}
}

// Cover marks in the coverage of the plan what the declaration implements.
func (p *Procedure) Cover() {
	plan.Mark(p.Plan, "procedure", p.ID)
	for _, s := range p.Steps {
		plan.Mark(s.Plan, "step", p.ID+"/"+s.Do)
		for _, r := range s.Require {
			plan.Mark(r.Plan, "rule", r.Code)
		}
		for _, e := range s.Then {
			plan.Mark(e.Plan, "effect", p.ID+"/"+e.Name)
		}
	}
	for _, r := range p.Starts {
		plan.Mark(r.Plan, "rule", r.Code)
	}
	for _, n := range p.Notices {
		plan.Mark(n.Plan, "page", p.ID+"/"+n.Kind)
	}
	for _, v := range p.Views {
		plan.Mark(v.Plan, "page", p.ID+"/"+v.Title)
	}
}
