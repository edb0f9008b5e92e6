// Package procedures is the plan in code: one file per procedure, named by its place in the
// plan, and the rules that join nouns. See README.md.
package procedures

import "pado/core/procedure"

// All lists every procedure in the order of the plan.
func All() []*procedure.Procedure {
	var all []*procedure.Procedure
	for _, part := range parts {
		all = append(all, part()...)
	}
	return all
}

// parts are the chapters; each file adds its own line, in the order of the plan.
var parts = []func() []*procedure.Procedure{
	p04,
	authorisation,
	resources,
	catalogueBatches,
	fieldQuestions,
	supplies,
	Development,
	Charging,
}
