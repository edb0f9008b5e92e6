package procedure

import "pado/plan"

// paired tells whether an act is one side of a decision that needs two persons: another act of
// the procedure must be apart from it.
func (p *Procedure) paired(act string) bool {
	for _, s := range p.Steps {
		if has(s.Apart, act) {
			return true
		}
	}
	return false
}

// manned refuses a program what a person must do: whoever runs the program could otherwise be
// both persons of a decision that needs two, or do in its name what cannot be taken back.
func (t *txn) manned(step *Step) error {
	if !t.Actor.Program {
		return nil
	}
	if len(step.Apart) > 0 || step.Irrevocable != "" || t.p.paired(step.Do) {
		return unmanned(step.Plan)
	}
	stages, err := t.configured(step)
	if err != nil {
		return err
	}
	if len(stages) > 0 {
		return unmanned(step.Plan)
	}
	return nil
}

func unmanned(c plan.Clause) *Refused {
	return &Refused{Code: "case.program", Message: "这一步须由本人办理，程序账号不能代办", Clause: c}
}
