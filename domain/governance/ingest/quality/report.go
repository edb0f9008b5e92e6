// Package quality is the quality report of a dataset version by the six
// dimensions of GB/T 36344 (facts 7.2). It holds counts only, and of columns
// nothing that shows a row.
package quality

import (
	"fmt"
	"math/bits"

	"pado/domain/governance/ingest/pipeline"
)

// Ratio is a score as it is kept: two counts.
type Ratio struct {
	Numerator   int64  `json:"numerator"`
	Denominator int64  `json:"denominator"`
	Percent     string `json:"percent"` // three decimals, cut off, so that only a full score reads 100.000; "" if nothing was judged
}

// Of makes a ratio of two counts, 0 ≤ numerator ≤ denominator.
func Of(numerator, denominator int64) Ratio {
	r := Ratio{Numerator: numerator, Denominator: denominator}
	if numerator >= 0 && denominator > 0 {
		hi, lo := bits.Mul64(uint64(numerator), 100_000)
		thousandths, _ := bits.Div64(hi, lo, uint64(denominator))
		r.Percent = fmt.Sprintf("%d.%03d", thousandths/1000, thousandths%1000)
	}
	return r
}

// Rule is one rule's score.
type Rule struct {
	ID     string `json:"id"`
	Label  string `json:"label"`
	Column string `json:"column,omitempty"`
	Step   string `json:"step,omitempty"` // the step that applied it; "" for rules over the whole version
	OnFail string `json:"on_fail,omitempty"`
	Ratio
}

// Dimension is one of the six with its rules. Its ratio adds the rules' counts
// up; a dimension without rules was not judged and says so by an empty percent.
type Dimension struct {
	Dimension pipeline.Dimension `json:"dimension"`
	Title     string             `json:"title"`
	Ratio
	Rules []Rule `json:"rules"`
}

// Column is the profile of a column. Min, Max and Mean are given for numbers,
// dates and times that are labelled public, and for nothing else.
type Column struct {
	Name     string `json:"name"`
	Title    string `json:"title,omitempty"`
	Type     string `json:"type"`
	Label    string `json:"label"`
	Rows     int64  `json:"rows"`
	Nulls    int64  `json:"nulls"`
	Distinct int64  `json:"distinct_estimate"`
	Min      string `json:"min,omitempty"`
	Max      string `json:"max,omitempty"`
	Mean     string `json:"mean,omitempty"` // four decimals
	Plot
}

// Report is the whole.
type Report struct {
	Standard   string      `json:"standard"`
	Rows       int64       `json:"rows"`
	Dimensions []Dimension `json:"dimensions"`
	Columns    []Column    `json:"columns"`
}

// New makes a report with the six dimensions and no rules.
func New(rows int64) Report {
	r := Report{Standard: "GB/T 36344-2018", Rows: rows}
	for _, d := range pipeline.Dimensions {
		r.Dimensions = append(r.Dimensions, Dimension{Dimension: d, Title: d.Title(), Rules: []Rule{}})
	}
	return r
}

// Add puts a rule under its dimension.
func (r *Report) Add(d pipeline.Dimension, rule Rule) {
	for i := range r.Dimensions {
		if dim := &r.Dimensions[i]; dim.Dimension == d {
			dim.Rules = append(dim.Rules, rule)
			dim.Ratio = Of(dim.Numerator+rule.Numerator, dim.Denominator+rule.Denominator)
		}
	}
}

// Score finds a rule's ratio by its id, zero if there is none.
func (r *Report) Score(id string) Ratio {
	for _, d := range r.Dimensions {
		for _, rule := range d.Rules {
			if rule.ID == id {
				return rule.Ratio
			}
		}
	}
	return Ratio{}
}
