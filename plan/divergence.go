package plan

import (
	"fmt"
	"io"
	"slices"
)

// Divergence is a place where the plan and a national or provincial norm
// disagree, or where the plan is silent and the platform had to choose. It
// says what was chosen, why, and which parameter turns it, so that the city
// can decide otherwise without a programmer.
type Divergence struct {
	ID    string `yaml:"id"`
	Title string `yaml:"title"`
	// Plan and Norm are the two sides, in our own words.
	Plan string `yaml:"plan"`
	Norm string `yaml:"norm"`
	// Decision is what the platform does until the city says otherwise.
	Decision string `yaml:"decision"`
	Reason   string `yaml:"reason"`
	// Parameters are the keys that switch the decision; empty where nothing does.
	Parameters []string `yaml:"parameters"`
	Clauses    []string `yaml:"clauses"`
	Facts      []string `yaml:"facts"`
	// Ask is the question to put to the city; empty where nothing is open.
	Ask string `yaml:"ask"`
}

func (d Divergence) clone() Divergence {
	d.Parameters = slices.Clone(d.Parameters)
	d.Clauses = slices.Clone(d.Clauses)
	d.Facts = slices.Clone(d.Facts)
	return d
}

// Divergences returns all of them in the order of their ids.
func Divergences() []Divergence {
	all := make([]Divergence, len(register.divergences))
	for i, d := range register.divergences {
		all[i] = d.clone()
	}
	return all
}

// DivergencesAt returns those that touch the clause.
func DivergencesAt(clause string) []Divergence {
	var at []Divergence
	for _, d := range register.divergences {
		if slices.Contains(d.Clauses, clause) {
			at = append(at, d.clone())
		}
	}
	return at
}

func (r *registered) checkDivergences(norms map[string]bool) error {
	seen := make(map[string]bool)
	for _, d := range r.divergences {
		if d.ID == "" || d.Title == "" || d.Plan == "" || d.Norm == "" || d.Decision == "" || d.Reason == "" || seen[d.ID] {
			return fmt.Errorf("divergence %q lacks a text or is there twice", d.ID)
		}
		seen[d.ID] = true
		if len(d.Clauses) == 0 {
			return fmt.Errorf("divergence %q names no clause", d.ID)
		}
		for _, id := range d.Clauses {
			if _, ok := r.byID[id]; !ok {
				return fmt.Errorf("divergence %q: clause %q is unknown", d.ID, id)
			}
		}
		if err := allKnown(norms, d.Facts); err != nil {
			return fmt.Errorf("divergence %q: norm %w", d.ID, err)
		}
	}
	return nil
}

// WriteDivergences writes all of them as Markdown, one section each.
func WriteDivergences(w io.Writer) error {
	p := printer{w: w}
	p.line("# 方案与上位规定的出入及平台的处理")
	for _, d := range register.divergences {
		p.line("")
		p.line("## %s %s", d.ID, d.Title)
		p.line("")
		p.line("- 方案：%s", d.Plan)
		p.line("- 上位规定或空白：%s", d.Norm)
		p.line("- 平台的处理：%s", d.Decision)
		p.line("- 理由：%s", d.Reason)
		if len(d.Parameters) > 0 {
			p.line("- 可改的参数：%s", code(d.Parameters))
		}
		p.line("- 条款：%s", join(d.Clauses, "、"))
		if len(d.Facts) > 0 {
			p.line("- 依据：%s", join(d.Facts, "、"))
		}
		if d.Ask != "" {
			p.line("- 请市里明确：%s", d.Ask)
		}
	}
	return p.err
}
