package procedure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"pado/core/calendar"
	"pado/core/store"
	"pado/plan"
)

// Options are what the engine needs from the rooms above it. All are required but Scope.
type Options struct {
	City       string // division code the case numbers and parameters belong to
	Parameters *plan.Parameters
	Calendar   *calendar.Table // the shipped years; recorded ones are laid over them
	// Notify is told of everything people should hear about, inside the transaction, and writes
	// messages with it. It must do no other I/O.
	Notify func(*store.Tx, News) error
	// Names names the record a Ref field picked from a list by its key; nil or an empty name = the key
	// stands for itself. While the case is at its start nobody has looked at what it points to: a
	// record that is not its organisation's has no name then.
	Names func(r *store.ReadTx, c *Case, list, key string) (string, error)
	// Scope tells whether a desk of division code covers a case of tenant; nil = equal or city.
	Scope func(division, tenant string) bool
	// Supervises are the roles of the bodies that govern a division: their leaders see what every
	// unit of it owes, read those cases and may 督办.
	Supervises []Role
}

// News is what happened to a case, for the messages.
type News struct {
	Case      *Case
	Procedure *Procedure
	Event     Event
	Kind      string // "step", "urge", "supervise", "copy", "assign", "overdue", "chain"
	Org       string // the organisation that should hear; empty = owner and starter by Kind
	Role      Role
	Person    string // or the one person
}

// Engine runs all procedures over one store. Safe for concurrent use.
type Engine struct {
	db    *store.DB
	opt   Options
	procs map[string]*Procedure
	order []string
	days  atomic.Pointer[workdays]
	// failing holds when the clock failed at an overdue limit; see rests.
	failing sync.Map
	lists   workLists
}

// New checks every declaration (see Check) and returns the engine. An error here is a mistake
// in the program; the port must not open.
func New(db *store.DB, o Options, procs ...*Procedure) (*Engine, error) {
	e := &Engine{db: db, opt: o, procs: map[string]*Procedure{}}
	if e.opt.Scope == nil {
		e.opt.Scope = func(d, t string) bool { return d == t }
	}
	prefixes := map[string]string{}
	for _, p := range procs {
		if _, dup := e.procs[p.ID]; dup {
			return nil, fmt.Errorf("procedure %s is declared twice", p.ID)
		}
		if first, dup := prefixes[p.Prefix]; dup {
			return nil, fmt.Errorf("procedures %s and %s share the prefix %s", first, p.ID, p.Prefix)
		}
		prefixes[p.Prefix] = p.ID
		e.procs[p.ID] = p
		e.order = append(e.order, p.ID)
	}
	for _, p := range procs {
		if errs := Check(p, o.Parameters); len(errs) > 0 {
			return nil, fmt.Errorf("procedure %s: %w", p.ID, errors.Join(errs...))
		}
	}
	return e, e.loadDays(context.Background())
}

// Procedures lists the declarations in the order they were given.
func (e *Engine) Procedures() []*Procedure {
	out := make([]*Procedure, len(e.order))
	for i, id := range e.order {
		out[i] = e.procs[id]
	}
	return out
}

// Procedure returns a declaration.
func (e *Engine) Procedure(id string) (*Procedure, bool) {
	p, ok := e.procs[id]
	return p, ok
}

// DB is the store the engine runs on.
func (e *Engine) DB() *store.DB { return e.db }

// Parameters lays the runtime values on record over the shipped ones.
func (e *Engine) Parameters(r *store.ReadTx) (*plan.Parameters, error) {
	var rows []struct{ Key, ValidFrom, Value, Source string }
	if err := r.Select(&rows, `SELECT key, valid_from, value, source FROM parameter ORDER BY key, valid_from`); err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return e.opt.Parameters, nil
	}
	over := make([]plan.Override, len(rows))
	for i, row := range rows {
		over[i] = plan.Override{Key: row.Key, From: row.ValidFrom, Value: row.Value, Source: row.Source}
	}
	return e.opt.Parameters.With(over), nil
}

const caseColumns = `no, procedure, state, title, revision, tenant, form, org, person, role, created, updated,
	since, due_at, due_year, owes, owes_org, handler, final, backfill, urged, supervised, subject, parent, rules`

// turn says whose turn it is as the id of a desk, with the person behind it once somebody has the
// case; nobody's is empty. The record keeps it as the key of the work lists.
func (c *Case) turn() string {
	if c.Final || c.Owes == "" {
		return ""
	}
	turn := c.OwesOrg + "/" + string(c.Owes)
	if c.Handler != "" {
		turn += "@" + c.Handler
	}
	return turn
}

// Load reads a case without asking who may see it; for rooms that have already asked.
func (e *Engine) Load(r *store.ReadTx, no string) (*Case, *Procedure, error) {
	var c Case
	if err := r.Get(&c, `SELECT `+caseColumns+` FROM case_file WHERE no = $1`, no); err != nil {
		return nil, nil, err
	}
	p, ok := e.procs[c.Procedure]
	if !ok {
		return nil, nil, fmt.Errorf("case %s of an unknown procedure %s", no, c.Procedure)
	}
	return &c, p, nil
}

// visible loads a case the actor may see; store.ErrNotFound covers both "not there" and "not
// yours". Who sees it: the person who started it while still at the organisation, the desks of a
// party or of a copy, and the readers of the procedure within their scope.
func (e *Engine) visible(r *store.ReadTx, a Actor, no string) (*Case, *Procedure, error) {
	c, p, err := e.Load(r, no)
	if err != nil {
		return nil, nil, err
	}
	if c.Person == a.Person && has(a.orgs(), c.Org) {
		return c, p, nil
	}
	for _, d := range a.Desks {
		if d.Role == Clock || (has(roles(p.Readers), string(d.Role)) && e.opt.Scope(d.Division, c.Tenant)) {
			return c, p, nil
		}
		ok, err := r.Exists(`SELECT 1 FROM case_party WHERE case_no = $1 AND org = $2 AND (role = $3 OR role = 'copy')`,
			c.No, d.Org, string(d.Role))
		if err != nil {
			return nil, nil, err
		}
		if ok {
			return c, p, nil
		}
	}
	return nil, nil, store.ErrNotFound
}

func roles(list []Role) []string {
	out := make([]string, len(list))
	for i, r := range list {
		out[i] = string(r)
	}
	return out
}

// due computes the end of a limit that starts at from.
func (e *Engine) due(days *calendar.Table, params *plan.Parameters, key string, from time.Time) (calendar.Due, error) {
	v, err := params.At(key, calendar.DateOf(from).String())
	if err != nil {
		return calendar.Due{}, err
	}
	n, err := v.Int()
	if err != nil {
		return calendar.Due{}, err
	}
	switch v.Unit {
	case plan.WorkingDay:
		return days.Due(from, calendar.WorkingDays(n))
	case plan.Hour:
		return calendar.DueHours(from, calendar.Hours(n)), nil
	case plan.Day:
		return calendar.DueDays(from, calendar.Days(n)), nil
	case plan.Month:
		return calendar.Due{At: calendar.DateOf(from).AddMonths(int(n)).End()}, nil
	case plan.Year:
		return calendar.Due{At: calendar.DateOf(from).AddYears(int(n)).End()}, nil
	}
	return calendar.Due{}, fmt.Errorf("parameter %s is no length of time", key)
}

// context builds what rules see.
func (e *Engine) context(r *store.ReadTx, c *Case, a Actor) (*Ctx, error) {
	params, err := e.Parameters(r)
	if err != nil {
		return nil, err
	}
	days, err := e.Days(r)
	if err != nil {
		return nil, err
	}
	return &Ctx{ReadTx: r, Case: c, Actor: a, engine: e, params: params, days: days, used: map[string]bool{}}, nil
}

// versions lists the parameter versions rules looked at, for the decision's record.
func (c *Ctx) versions() string {
	list := make([]string, 0, len(c.used))
	for v := range c.used {
		list = append(list, v)
	}
	sort.Strings(list)
	b := ""
	for i, v := range list {
		if i > 0 {
			b += ","
		}
		b += v
	}
	return b
}

// Event is one line of a case's history. Events are only ever added.
type Event struct {
	CaseNo, Action, Label, FromState, ToState string
	N                                         int
	At                                        store.Time
	Person, PersonName, Org, OrgName          string
	Role                                      Role
	Behalf                                    string
	Opinion, Clause                           string
	Changed                                   string // JSON of []Change
	Input                                     string // JSON of what the act asked for; what is secret is only said to have been given
	Persons                                   string // all persons who took part, comma separated
	Elapsed                                   int    // working days the case had been in FromState; −1 = not countable
	DocNo                                     string
	FormDigest                                string
	Revision                                  int64
	Seq                                       int64   // leaf number; −1 when not yet looked up
	Asked                                     []Field // by what the input was asked, see Named; nil when nothing was entered
}

const eventColumns = `case_no, n, at, person, person_name, org, org_name, role, behalf, action, label,
	from_state, to_state, opinion, clause, changed, input, persons, elapsed, doc_no, form_digest, revision`

func (t *txn) addEvent(ev Event) error {
	_, err := t.W.Exec(`INSERT INTO case_event (`+eventColumns+`)
		VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22)`,
		ev.CaseNo, ev.N, ev.At, ev.Person, ev.PersonName, ev.Org, ev.OrgName, string(ev.Role), ev.Behalf, ev.Action, ev.Label,
		ev.FromState, ev.ToState, ev.Opinion, ev.Clause, ev.Changed, ev.Input, ev.Persons, ev.Elapsed, ev.DocNo, ev.FormDigest, ev.Revision)
	return err
}

// Now is the business time outside a transaction.
func (e *Engine) Now(ctx context.Context) (time.Time, error) { return e.db.Now(ctx) }

func jsonText(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return "null"
	}
	return string(b)
}

// Shipped returns the shipped value of a parameter as of the newest date it has one for.
func (e *Engine) Shipped(key string) (plan.Value, error) {
	return e.opt.Parameters.At(key, "9999-12-31")
}
