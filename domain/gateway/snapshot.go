package gateway

import (
	"fmt"
	"slices"
	"time"
)

// Snapshot is everything the gateway must know to decide a call, read from the
// platform's records at one instant. It and all it points to are immutable
// once published; unchanged parts may be shared with the previous snapshot.
type Snapshot struct {
	Version    int64     // of the records it was read from; never decreases
	AsOf       time.Time // real time, of this process, at which reading began
	Keys       map[string]*Key
	Orders     map[string]*Order
	Products   map[string]*Product
	Agreements map[string]*Agreement
	Tariffs    map[TariffOf][]*Tariff
	Consents   map[string]*Consent
}

// Span is a time from an instant up to, not including, another. A zero Until
// never ends. The end of a day-dated term is the next midnight, Asia/Shanghai.
type Span struct{ From, Until time.Time }

// Contains reports whether t lies in the span, to the nanosecond.
func (s Span) Contains(t time.Time) bool { return !s.before(t) && !s.over(t) }

func (s Span) before(t time.Time) bool { return t.Before(s.From) }
func (s Span) over(t time.Time) bool   { return !s.Until.IsZero() && !t.Before(s.Until) }

// State is what someone decided about a key, order, product or agreement.
// Being expired is not a state: it follows from the clock.
type State string

// The states. Everything but Active refuses.
const (
	Active    State = "active"    // a key in use, an order in force, a product published, an agreement in force
	Pending   State = "pending"   // not decided yet; a product before its release
	Suspended State = "suspended" // by a measure (10.7.3) or by its owner
	Ended     State = "ended"     // a key revoked, an order closed, a product retired, an agreement terminated
)

// Rate is a number of calls per time, with a burst. A zero Rate allows none.
type Rate struct {
	Calls int
	Per   time.Duration
	Burst int
}

// Key is the right to sign calls under one order. Its secret is not here.
type Key struct {
	ID    string
	Order string
	State State
	Span  Span
	Rate  Rate
}

// Order is a customer's order (订单) of one product for one purpose.
type Order struct {
	ID       string
	Customer string
	Product  string
	State    State
	Span     Span
	Terms    string // version of the use restrictions the customer accepted, "" for none
	Purpose  string
	Class    string // class of customer and scenario the tariff is filed for
	Basis    string // reference of a recorded legal basis for queries about one subject, "" for none
	Quota    []Allowance
}

// Allowance is how many calls this gateway may answer in one period. Where
// several gateways serve an order it is this gateway's lease, which only grows.
type Allowance struct {
	Period string // stable name, "2026-11" or "total"
	Span   Span
	Calls  int64 // negative: not limited
}

// Kind is the form in which a product is delivered (6.2.4).
type Kind string

// The kinds.
const (
	DataAPI    Kind = "data-api"
	ModelCall  Kind = "model-call"
	DataReport Kind = "data-report"
)

// Product is a registered, listed product as the gateway serves it.
type Product struct {
	ID               string
	Title            string
	Kind             Kind
	State            State
	RegistrationCode string
	Release          string // SHA-256 of the released artefact, lower-case hex
	Terms            string // current version of the use restrictions
	Listing          Listing
	Agreement        string
	Items            []string // catalogue items it is built from
	Named            *Named   // not nil: each call is about one named subject
	Params           []Param
	Columns          []Column
	Paging           Paging
}

// Listing is the product's place on the filed product list (产品清单).
type Listing struct {
	Item     string // "" when it is not listed
	Span     Span
	Purposes []string
}

// Named are the extra rules of a product about one named subject.
type Named struct {
	Param   string // the required parameter that names the subject
	Subject Rate   // calls about one subject, per customer
	Misses  Rate   // calls about subjects that do not exist, per key
}

// Paging bounds the rows of one answer.
type Paging struct{ Default, Max int }

// Agreement is the operation agreement a product rests on.
type Agreement struct {
	ID    string
	State State
	Span  Span
	Items map[string]Span // authorised catalogue items with their own, perhaps shorter, terms
	// Transition is a dated decision of the government, taken beforehand, that
	// keeps named public services alive after the term.
	Transition *Transition
}

// Transition names the products kept and the instant it ends.
type Transition struct {
	Products []string
	Until    time.Time
}

// TariffOf is what a tariff is filed for.
type TariffOf struct{ Product, Class string }

// Tariff is one version of a fee standard. It takes effect only after filing
// and publicity; Span begins then.
type Tariff struct {
	Version string
	Filing  string // filing number, "" when not filed
	Span    Span
}

// Consent is a person's or firm's recorded consent to one customer's calls of
// one product. Withdrawal removes it or ends its span.
type Consent struct {
	Ref      string
	Customer string
	Product  string
	Subject  Subject
	Span     Span
}

// check refuses a snapshot that could not be decided by. Products that were in
// the previous snapshot are not checked again.
func (s *Snapshot) check(before *Snapshot) error {
	for id, p := range s.Products {
		if before != nil && before.Products[id] == p {
			continue
		}
		if p.ID != id {
			return fmt.Errorf("gateway: product %q filed under %q", p.ID, id)
		}
		if err := p.check(); err != nil {
			return fmt.Errorf("gateway: product %q: %w", id, err)
		}
	}
	return nil
}

func (p *Product) check() error {
	if p.Paging.Default < 1 || p.Paging.Max < p.Paging.Default || p.Paging.Max > maxPage {
		return fmt.Errorf("paging %d/%d", p.Paging.Default, p.Paging.Max)
	}
	columns := map[string]ColumnType{}
	for _, c := range p.Columns {
		if err := c.check(); err != nil {
			return err
		}
		if _, twice := columns[c.Name]; twice {
			return fmt.Errorf("column %q twice", c.Name)
		}
		columns[c.Name] = c.Type
	}
	seen := map[string]bool{}
	for i := range p.Params {
		q := &p.Params[i]
		if seen[q.Name] || slices.Contains(reserved, q.Name) {
			return fmt.Errorf("parameter name %q is taken", q.Name)
		}
		seen[q.Name] = true
		if err := q.check(columns); err != nil {
			return fmt.Errorf("parameter %q: %w", q.Name, err)
		}
		if q.Column == "" && p.Kind == DataAPI {
			return fmt.Errorf("parameter %q compares with no column", q.Name)
		}
	}
	if p.Named != nil {
		at := slices.IndexFunc(p.Params, func(q Param) bool { return q.Name == p.Named.Param })
		if at < 0 || !p.Params[at].Required || p.Params[at].Op != Equal {
			return fmt.Errorf("the subject must be a required parameter compared for equality")
		}
	}
	return nil
}
