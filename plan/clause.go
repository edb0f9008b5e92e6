// Package plan is the city's plan as the software sees it: the register of its
// clauses in our own words, the dated parameters with their sources, the places
// where plan and national norms disagree, and the account of which part of the
// program carries which clause.
//
// It imports nothing of the project; every other room imports it. A step, rule,
// effect or field cites a clause by C, and a number of days, a rate or a limit
// is asked of a Parameters value, never written in Go.
package plan

import (
	"fmt"
	"slices"
	"strings"
)

// Clause is one numbered duty of the plan. The id is the plan's own place:
// "6.3.2" is part six, section three, second item; a trailing letter marks a
// duty that a national or provincial norm adds at that place. Duty is what the
// norm asks and Carries what the software does about it, both in our own
// Chinese words. The zero Clause is no clause.
type Clause struct {
	ID      string
	Title   string
	Duty    string
	Carries string
	// Facts name the norms behind the clause, as ids of Norms ("F3", "F6.5").
	Facts []string
	// Acts name the kinds of official act that the clause speaks of, as ids of
	// Acts ("filing", "publicity"), in the order in which they follow.
	Acts []string
	// Heading marks a place that only gathers the clauses below it, or draws a
	// boundary, and states no duty of its own.
	Heading bool
}

// Parent returns the id one level up ("6.3.2" → "6.3", "7.2b" → "7"), or "" for
// a chapter.
func (c Clause) Parent() string {
	at := strings.LastIndexByte(c.ID, '.')
	if at < 0 {
		return ""
	}
	return c.ID[:at]
}

// C returns the clause of that id. It is for declarations, which run before
// the program serves anyone: an unknown id panics.
func C(id string) Clause {
	c, ok := Lookup(id)
	if !ok {
		panic(fmt.Sprintf("plan: no clause %q in the register", id))
	}
	return c
}

// Lookup returns the clause of that id, or false. The caller owns the result.
func Lookup(id string) (Clause, bool) {
	at, ok := register.byID[id]
	if !ok {
		return Clause{}, false
	}
	return register.clauses[at].clone(), true
}

// All returns every clause in the plan's order. The caller owns the result.
func All() []Clause {
	all := make([]Clause, len(register.clauses))
	for i, c := range register.clauses {
		all[i] = c.clone()
	}
	return all
}

func (c Clause) clone() Clause {
	c.Facts = slices.Clone(c.Facts)
	c.Acts = slices.Clone(c.Acts)
	return c
}

// Act is a kind of official act. The plan keeps these apart, and so must every
// screen and step: no two of them share a button.
type Act struct {
	ID      string `yaml:"id"`
	Title   string `yaml:"title"`
	Meaning string `yaml:"meaning"`
	// Yields is what exists once the act is done.
	Yields string `yaml:"yields"`
	// Never is what the act must not be taken for, or worded as.
	Never string `yaml:"never"`
}

// Acts returns the kinds of official act in a fixed order.
func Acts() []Act { return slices.Clone(register.acts) }

// Norm is a document, or a part of one, on which a clause or a parameter rests.
// Confidence says how well the text is known here; see Confidence.
type Norm struct {
	ID         string     `yaml:"id"`
	Title      string     `yaml:"title"`
	Document   string     `yaml:"document"`
	Number     string     `yaml:"number"`
	InForce    string     `yaml:"in_force"`
	Gist       string     `yaml:"gist"`
	Confidence Confidence `yaml:"confidence"`
}

// Norms returns the norms in the order of their ids.
func Norms() []Norm { return slices.Clone(register.norms) }

// NormByID returns the norm of that id, or false.
func NormByID(id string) (Norm, bool) {
	for _, n := range register.norms {
		if n.ID == id {
			return n, true
		}
	}
	return Norm{}, false
}
