package procedure

import (
	"fmt"
	"sort"
	"strings"
)

// Matrix writes the whole of a declaration as text: per state its owner and limit, and every
// state × act × role that is allowed with its clause, rules and effects. What is not listed is
// refused. It is committed as golden text and reviewed by a lawyer.
func (p *Procedure) Matrix() string {
	p.derive()
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s 依据 %s\n\n", p.ID, p.Title, p.Plan.ID)
	b.WriteString("环节\n")
	for _, s := range p.States {
		fmt.Fprintf(&b, "  %-14s %s", s.ID, s.Label)
		if s.Owes != "" {
			fmt.Fprintf(&b, "；办理方 %s", RoleLabel(s.Owes))
		}
		if s.Within != "" {
			fmt.Fprintf(&b, "；时限 %s", s.Within)
		}
		if s.Else != "" {
			fmt.Fprintf(&b, "；逾期 %s", s.Else)
		}
		if s.Final {
			b.WriteString("；终结")
		}
		b.WriteString("\n")
	}
	var roles, acts []string
	for _, s := range p.Steps {
		if !has(roles, string(s.By)) {
			roles = append(roles, string(s.By))
		}
		if !has(acts, s.Do) {
			acts = append(acts, s.Do)
		}
	}
	sort.Strings(roles)
	b.WriteString("\n矩阵（环节 × 办理 × 角色）\n")
	for _, st := range p.States {
		for _, act := range acts {
			step, ok := p.Step(act, st.ID)
			if !ok {
				continue
			}
			for _, role := range roles {
				verdict := "拒绝"
				if string(step.By) == role {
					verdict = "允许"
				}
				fmt.Fprintf(&b, "  %-14s %-14s %-12s %s", st.ID, act, role, verdict)
				if verdict == "允许" {
					fmt.Fprintf(&b, " → %s [%s]%s", step.To, step.Plan.ID, notes(step))
				}
				b.WriteString("\n")
			}
		}
	}
	return b.String()
}

func notes(s *Step) string {
	var n []string
	for _, r := range s.Require {
		n = append(n, "须"+r.Code)
	}
	for _, e := range s.Then {
		n = append(n, "则"+e.Name)
	}
	if len(s.Apart) > 0 {
		n = append(n, "异于"+strings.Join(s.Apart, "、"))
	}
	for _, f := range []struct {
		on   bool
		word string
	}{{s.Opinion, "意见必填"}, {s.Edits, "可改表单"}, {s.Irrevocable != "", "不可撤回"}, {s.Backfill, "补录"}, {s.Return, "退回"}, {s.Numbered, "编文号"}, {s.Sealed, "密封"}} {
		if f.on {
			n = append(n, f.word)
		}
	}
	if len(n) == 0 {
		return ""
	}
	return " " + strings.Join(n, " ")
}

// Diagram draws the states and steps in the Mermaid language, for docs and the help page.
func (p *Procedure) Diagram() string {
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n")
	for _, s := range p.States {
		if s.ID != StateVoid {
			fmt.Fprintf(&b, "  state \"%s\" as %s\n", s.Label, s.ID)
		}
	}
	fmt.Fprintf(&b, "  [*] --> %s\n", p.Start)
	for _, s := range p.Steps {
		for _, f := range s.From {
			fmt.Fprintf(&b, "  %s --> %s: %s（%s）\n", f, s.To, s.Label, RoleLabel(s.By))
		}
	}
	for _, s := range p.States {
		if s.Final && s.ID != StateVoid {
			fmt.Fprintf(&b, "  %s --> [*]\n", s.ID)
		}
	}
	return b.String()
}
