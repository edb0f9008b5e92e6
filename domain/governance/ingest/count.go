package ingest

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"pado/domain/governance/ingest/engine"
	"pado/domain/governance/ingest/pipeline"
)

// StepCount is what one step did. In = Out + Quarantined, and Out is the next
// step's In.
type StepCount struct {
	Kind        string      `json:"kind"`
	Name        string      `json:"name"`
	In          int64       `json:"rows_in"`
	Changed     int64       `json:"changed"`
	Quarantined int64       `json:"quarantined"`
	Out         int64       `json:"rows_out"`
	Reasons     []RuleCount `json:"reasons,omitempty"`
}

// RuleCount is how often a rule failed in its step.
type RuleCount struct {
	ID     string `json:"id"`
	Label  string `json:"label"`
	Column string `json:"column,omitempty"`
	OnFail string `json:"on_fail"`
	Failed int64  `json:"failed"`
}

// masks is the tap's report on a row, decoded.
type masks struct {
	changed int64
	fails   []int64
}

func parseMasks(s string) (masks, bool) {
	var m masks
	for i, f := range strings.Split(s, ",") {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return m, false
		}
		if i == 0 {
			m.changed = n
		} else {
			m.fails = append(m.fails, n)
		}
	}
	return m, true
}

func (m masks) failed(c *pipeline.Compiled, rule int) bool {
	w, bit := c.Bit(rule)
	return w < len(m.fails) && m.fails[w]&bit != 0
}

// first is the rule that quarantined the row, -1 for none.
func (m masks) first(c *pipeline.Compiled) int {
	for i, r := range c.Rules {
		if r.OnFail == "quarantine" && m.failed(c, i) {
			return i
		}
	}
	return -1
}

// count turns the tally into the steps' counts. fed is how many rows the
// reading step let through, rejected those it refused, by reason.
func count(c *pipeline.Compiled, t engine.Tally, fed int64, rejected map[Reason]int64) ([]StepCount, error) {
	steps := make([]StepCount, len(c.Steps))
	failed := make([]int64, len(c.Rules))
	for i, s := range c.Steps {
		steps[i].Kind, steps[i].Name = s.Kind, s.Name
	}
	for _, reason := range slices.Sorted(maps.Keys(rejected)) {
		n := rejected[reason]
		steps[0].Quarantined += n
		steps[0].Reasons = append(steps[0].Reasons, RuleCount{ID: string(reason), Label: reason.Label(), OnFail: "quarantine", Failed: n})
	}
	steps[0].In, steps[0].Out = fed+steps[0].Quarantined, fed
	clean := fed
	for text, n := range t.Masks {
		m, ok := parseMasks(text)
		if !ok {
			return nil, ErrCount
		}
		clean -= n
		tallyRow(c, steps, failed, m, n)
	}
	for i := 1; i < len(steps); i++ {
		steps[i].In += clean
		if c.Usual&(1<<i) != 0 {
			steps[i].Changed += clean
		}
		steps[i].Out = steps[i].In - steps[i].Quarantined
	}
	for i, r := range c.Rules {
		steps[r.Step].Reasons = append(steps[r.Step].Reasons, RuleCount{ID: r.ID, Label: r.Label, Column: r.Column, OnFail: r.OnFail, Failed: failed[i]})
	}
	return steps, nil
}

func tallyRow(c *pipeline.Compiled, steps []StepCount, failed []int64, m masks, n int64) {
	rule := 0
	for i := 1; i < len(steps); i++ {
		steps[i].In += n
		if m.changed&(1<<i) != 0 {
			steps[i].Changed += n
		}
		gone := false
		for ; rule < len(c.Rules) && c.Rules[rule].Step == i; rule++ {
			if m.failed(c, rule) {
				failed[rule] += n
				gone = gone || c.Rules[rule].OnFail == "quarantine"
			}
		}
		if gone {
			steps[i].Quarantined += n
			return
		}
	}
}
