package procedure

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"pado/core/calendar"
	"pado/core/store"
	"pado/plan"
)

// Ctx is what rules, effects, views and papers see: the case, who acts, what was given.
type Ctx struct {
	*store.ReadTx
	W       *store.Tx // only in effects; nil while rules are asked
	Case    *Case
	Actor   Actor
	Desk    Desk
	Step    *Step
	Input   json.RawMessage // the act's own fields
	Opinion string
	Files   []Attachment // attachments given with the act
	DocNo   string       // 文号, in effects of a numbered step
	engine  *Engine
	params  *plan.Parameters
	days    *calendar.Table
	used    map[string]bool // parameter versions a rule looked at
}

// Form decodes the case's form into its declared type.
func Form[T any](c *Ctx) (T, error) {
	var v T
	if err := json.Unmarshal([]byte(c.Case.Form), &v); err != nil {
		return v, fmt.Errorf("read the form of %s: %w", c.Case.No, err)
	}
	return v, nil
}

// Input decodes the act's own fields.
func Input[T any](c *Ctx) (T, error) {
	var v T
	if len(c.Input) == 0 {
		return v, nil
	}
	if err := json.Unmarshal(c.Input, &v); err != nil {
		return v, fmt.Errorf("read the input of %s: %w", c.Step.Do, err)
	}
	return v, nil
}

// Today is the business date of the transaction in Asia/Shanghai.
func (c *Ctx) Today() calendar.Date { return calendar.DateOf(c.Now()) }

// Param returns a dated parameter as of today and notes its version for the decision.
func (c *Ctx) Param(key string) (plan.Value, error) {
	v, err := c.params.At(key, c.Today().String())
	if err != nil {
		return v, err
	}
	if c.used != nil {
		c.used[v.Version()] = true
	}
	return v, nil
}

// Days returns a whole-number parameter.
func (c *Ctx) Days(key string) (int, error) {
	v, err := c.Param(key)
	if err != nil {
		return 0, err
	}
	n, err := v.Int()
	return int(n), err
}

// Due computes when a limit that starts now ends.
func (c *Ctx) Due(key string) (calendar.Due, error) {
	return c.engine.due(c.days, c.params, key, c.Now())
}

// Parameters are the dated parameters as this transaction sees them. What a rule decides by it
// asks through Param, which notes the version.
func (c *Ctx) Parameters() *plan.Parameters { return c.params }

// Calendar is the table of working days as this transaction sees it.
func (c *Ctx) Calendar() *calendar.Table { return c.days }

// Party returns the organisation that takes part in the role; empty when none does yet.
func (c *Ctx) Party(r Role) (string, error) {
	var org string
	err := c.Get(&org, `SELECT org FROM case_party WHERE case_no = $1 AND role = $2`, c.Case.No, string(r))
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return org, err
}

// Rule is a condition of a step with the words a refused person reads.
type Rule struct {
	Code  string // stable, e.g. "demand.scope"
	Say   string // the Chinese sentence when it does not hold
	Plan  plan.Clause
	Holds func(*Ctx) error // nil = holds; ErrFails or *Refused = does not; else broken
}

// Rules and Effects are ordered.
type (
	Rules   []Rule
	Effects []Effect
)

// Effect is a write that a step makes besides moving the case.
type Effect struct {
	Name string // stable
	Say  string // what will happen, for the dry run, in Chinese
	Plan plan.Clause
	Run  func(*Ctx) error
	// Undo takes the effect back when the case is withdrawn or annulled before anybody else acted;
	// Harmless = it leaves nothing outside the case. nil = what happened stays, and the case cannot
	// be taken back.
	Undo func(*Ctx) error
}

// ErrFails makes a rule answer with its own sentence.
var ErrFails = errors.New("the rule does not hold")

// Hold turns a condition into a rule's answer.
func Hold(ok bool, err error) error {
	if err != nil {
		return err
	}
	if !ok {
		return ErrFails
	}
	return nil
}

// Refused is a rule's no: the words, the stable code and the clause.
type Refused struct {
	Code    string
	Message string
	Clause  plan.Clause
}

func (r *Refused) Error() string { return r.Code + ": " + r.Message }

// Refuse builds a refusal with a sentence of its own.
func Refuse(code string, clause plan.Clause, format string, args ...any) *Refused {
	return &Refused{Code: code, Message: fmt.Sprintf(format, args...), Clause: clause}
}

// FieldError points at one field of a form.
type FieldError struct {
	Path    string `json:"path"`
	Message string `json:"message"`
	Clause  string `json:"clause,omitempty"`
}

// Invalid lists the fields that cannot be taken as they are.
type Invalid struct{ Errors []FieldError }

func (i *Invalid) Error() string { return fmt.Sprintf("%d fields are not valid", len(i.Errors)) }

// Stale is the answer to an act on a case that moved meanwhile.
type Stale struct {
	Revision int64
	By, Did  string // who did what, in Chinese
	At       time.Time
}

func (s *Stale) Error() string { return "the case moved meanwhile" }

// ask runs the rules in order and returns the first refusal.
func (c *Ctx) ask(rules Rules) error {
	for _, r := range rules {
		err := r.Holds(c)
		var ref *Refused
		switch {
		case err == nil:
		case errors.As(err, &ref):
			if ref.Code == "" {
				ref.Code = r.Code
			}
			if ref.Clause.ID == "" {
				ref.Clause = r.Plan
			}
			return ref
		case errors.Is(err, ErrFails):
			return &Refused{Code: r.Code, Message: r.Say, Clause: r.Plan}
		default:
			return fmt.Errorf("ask rule %s: %w", r.Code, err)
		}
	}
	return nil
}
