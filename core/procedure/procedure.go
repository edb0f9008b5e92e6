// Package procedure is the engine that carries a case (事项) through its declared procedure:
// who may take which step in which state, under which rules, by when, with what effect. A
// procedure is a value; API, screens, role matrix, diagram and tests are derived from it. The
// package knows no noun of the plan. See README.md.
package procedure

import (
	"pado/core/store"
	"pado/plan"
)

// Role is what a desk (岗位) of an organisation is for; the constants belong to domain/party.
type Role string

// Clock is the role of the machine that takes a state's declared step when its time is up.
const Clock Role = "clock"

// Kind tells apart the two natures of a procedure: one that decides, and 备案, which takes note
// and never agrees.
type Kind string

// The kinds.
const (
	Ordinary Kind = "ordinary"
	Filing   Kind = "filing"
)

// Procedure declares one procedure of the plan completely.
type Procedure struct {
	ID      string      // stable; stored with every case
	Prefix  string      // two capital letters in its case numbers, e.g. "XQ"
	Title   string      // Chinese
	Group   string      // heading in the list of procedures
	Plan    plan.Clause // what it carries out
	Kind    Kind        // empty means Ordinary
	Start   string      // the state a new case is in; its owner may start one
	Form    FormSpec
	Name    func(*Ctx) (string, error) // the case's title; nil = the procedure's title
	States  Phases
	Steps   []Step
	Parties []PartyRule
	Readers []Role   // roles that may read every case of their own division scope
	Starts  Rules    // what must hold before a case may be started
	Views   []View   // further sections of the case page
	Papers  []Paper  // documents that can be drawn from a case
	Notices []Notice // what the public notice board shows of a case, and when
}

// Phases are the states of a procedure in the order a person meets them.
type Phases []State

// State is a phase (环节): whose move it is, how long it may take and what happens then.
type State struct {
	ID     string
	Label  string
	Owes   Role   // whose move; empty when nobody owes a move
	Within string // key of the dated parameter that limits the state; empty = no limit
	Else   string // the Clock step taken when the time is up; empty = it is only shown as overdue
	Final  bool   // nothing can follow but reading
	Track  bool   // drawn in the row of phases; false for side states such as refused
}

// Style is how an offer is drawn.
type Style string

// The styles.
const (
	Primary Style = "primary"
	Plain   Style = "default"
	Danger  Style = "danger"
)

// Step is an act (办理) that moves a case from one of the states From to To.
type Step struct {
	Do          string // stable name of the act
	Label       string
	By          Role
	From        []string
	To          string // may equal the state it is in
	Plan        plan.Clause
	Apart       []string // persons who took any of these acts in the case may not take this one
	Require     Rules
	Then        Effects
	Input       []Field // what the act itself asks for
	Edits       bool    // the form may be changed with this act
	Opinion     bool    // an opinion is required
	Irrevocable string  // the consequence, in Chinese, of an act that cannot be taken back
	Style       Style
	Numbered    bool // the act gets a 文号 of the acting organisation
	Backfill    bool // 补录: only when the case is started, for what was decided elsewhere
	Return      bool // 退回: the next act on the form shows what was changed
	Sealed      bool // what the act asks for is not shown in the history: a blind opinion
}

// PartyRule says which organisation of a role is a party of the case. It is asked when the
// case first enters a state that Role owes, or at the start for a role that is to read along.
type PartyRule struct {
	Role Role
	Find func(*Ctx) (org string, err error)
	Read bool // find it at the start, so that it can read along
}

// View is a section of the case page computed from records: a table, key values, a chart or a
// hand-made panel.
type View struct {
	Title string
	Plan  plan.Clause
	In    []string // states it is shown in; empty = all
	Draw  func(*Ctx) (Section, error)
}

// Notice puts a case on the public notice board while it is in certain states: 公示 before an
// effect, open to objections, or 公告 and 公开 after it. Only the named fields are shown.
type Notice struct {
	Kind   string // 公示, 公告, 公开
	In     []string
	Fields []string // form fields the public sees, in this order
	Plan   plan.Clause
	Papers []string // kinds of papers the public may open
	Files  []string // file fields whose attachments the public may download
	Object *Objecting
}

// Objecting says how the public objects to what is in its publicity period: the act by which the
// body in charge takes an objection down, and how to raise one, in Chinese.
type Objecting struct{ Do, How string }

// S is a short way to write a list of states.
func S(states ...string) []string { return states }

// Acts is a short way to write a list of acts.
func Acts(acts ...string) []string { return acts }

// State returns the declaration of a state.
func (p *Procedure) State(id string) (State, bool) {
	for _, s := range p.States {
		if s.ID == id {
			return s, true
		}
	}
	return State{}, false
}

// Step returns the declaration of an act that leaves state from.
func (p *Procedure) Step(act, from string) (*Step, bool) {
	for i := range p.Steps {
		if p.Steps[i].Do == act && has(p.Steps[i].From, from) {
			return &p.Steps[i], true
		}
	}
	return nil, false
}

func has(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// Desk is a place from which a person acts: a role of an organisation (岗位).
type Desk struct {
	ID       string // "<org>/<role>", with "@<person>" behind it when held for another
	Org      string
	OrgName  string
	Role     Role
	Label    string // Chinese name of the role
	Division string // the organisation's division code: its scope
	Ranks    []Rank // what the person is in the organisation's inner chain
	Lead     bool   // may 督办
	Behalf   string // 委托代办: the person who delegated the desk; empty = own
}

// Actor is the person or program that acts, with all its desks.
type Actor struct {
	Person  string
	Name    string
	Desks   []Desk
	Program bool // a program: it takes no part in what needs two persons or cannot be taken back
}

// Desk finds one of the actor's desks.
func (a Actor) Desk(id string) (Desk, bool) {
	for _, d := range a.Desks {
		if d.ID == id {
			return d, true
		}
	}
	return Desk{}, false
}

// Has tells whether the actor holds a desk of the role.
func (a Actor) Has(r Role) bool {
	for _, d := range a.Desks {
		if d.Role == r {
			return true
		}
	}
	return false
}

// Machine is the actor of Clock steps.
var Machine = Actor{Person: "clock", Name: "系统时钟", Desks: []Desk{{ID: "clock", Role: Clock, Label: "系统"}}}

// Case is one case on record.
type Case struct {
	No, Procedure, State, Title string
	Revision                    int64
	Tenant                      string // division code
	Form                        string // canonical JSON of the form's values
	Org, Person                 string // who started it
	Role                        Role
	Created, Updated, Since     store.Time
	DueAt                       store.Time // zero = none
	DueYear                     int        // a year whose working days are not published; 0 = none
	Owes                        Role
	OwesOrg                     string
	Handler                     string // the person it is assigned to; empty = the whole desk
	Final                       bool
	Backfill                    bool
	Urged                       int
	Supervised                  bool
	Subject                     string // key of the noun the case is about; empty = none
	Parent                      string // the case it follows from; empty = none
	Rules                       string // parameter versions in force at the last step
}
