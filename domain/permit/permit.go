// Package permit answers, for every single use of data, whether it is allowed and if not, which
// clause says so. It is the one place the sandbox, the gateway and the review of a demand ask.
// See README.md.
package permit

import (
	"time"

	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/store"
)

// Query is one intended use. At zero means now, by the business clock of the transaction.
type Query struct {
	Org     string   // who uses
	Grant   string   // the grant (使用许可); empty = the operator's own use under its agreement
	Item    string   // catalogue item
	Fields  []string // names of information items; empty asks for none in particular
	Purpose string
	Product string // id of a product list item or a registered product; empty = not asked
	At      time.Time
}

// Span is a time from an instant up to, not including, another. A zero Until never ends.
type Span struct{ From, Until time.Time }

// Contains reports whether t lies in the span.
func (s Span) Contains(t time.Time) bool {
	return !t.Before(s.From) && (s.Until.IsZero() || t.Before(s.Until))
}

// Days is the span from the first instant of one day to the last of another, Asia/Shanghai.
func Days(first, last calendar.Date) Span { return Span{first.Start(), last.End()} }

// AllFields stands for every information item of a catalogue item.
const AllFields = "*"

// State of an agreement as somebody decided it; being expired follows from the clock.
const (
	InForce   = "in_force"
	Suspended = "suspended"
	Ended     = "ended"
)

// Agreement is what the answer needs of an operation agreement.
type Agreement struct {
	ID       string
	Operator string
	State    string
	Span     Span
	Purposes []string             // what its terms name; asked only of the operator's own use
	Items    map[string]ScopeItem // the authorised catalogue
}

// ScopeItem is one catalogue item under an agreement, with its own, perhaps shorter, span.
type ScopeItem struct {
	Item   string
	Fields []string // AllFields alone = all
	Span   Span
}

// Granted is a grant on record. Its fields are by catalogue item.
type Granted struct {
	ID         string
	DemandCase string
	Agreement  string
	Org        string
	Scenario   string
	Purpose    string
	Revoked    bool
	Span       Span
	Items      map[string][]string
}

// Kinds of what can be stopped.
const (
	StopAgreement = "agreement"
	StopOrg       = "org"
	StopProduct   = "product"
	StopGrant     = "grant"
	StopItem      = "item"
)

// Suspension is a stop (暂停) on record.
type Suspension struct {
	ID     string
	Kind   string
	Key    string
	Span   Span
	Reason string
	Case   string
}

// Listed is an entry of the filed and public product list.
type Listed struct {
	Product   string
	Agreement string
	Purposes  []string // empty = the list names none
	Span      Span
}

// May answers one use: nil when it is allowed, else *procedure.Refused with the reason and the
// clause; any other error is internal and must be treated as a no.
func May(r *store.ReadTx, q Query) error {
	if q.At.IsZero() {
		q.At = r.Now()
	}
	f, err := gather(r, q)
	if err != nil {
		return err
	}
	if no := judge(f, q); no != nil {
		return no
	}
	return nil
}

// facts is what one query is judged by.
type facts struct {
	stops     []Suspension
	grant     *Granted
	agreement *Agreement
	published bool // the catalogue item stands in the catalogue
	listed    []Listed
}

// judge is the whole rule. The order is part of the contract: the first reason found is given.
func judge(f facts, q Query) *procedure.Refused {
	for _, s := range f.stops {
		if s.Span.Contains(q.At) {
			return suspended(s.Kind)
		}
	}
	a := f.agreement
	if q.Grant != "" {
		g := f.grant
		switch {
		case g == nil || g.Org != q.Org:
			return refuse(NoGrant)
		case g.Revoked:
			return refuse(GrantRevoked)
		}
	}
	switch {
	case a == nil || (q.Grant == "" && a.Operator != q.Org):
		return refuse(NoAgreement)
	case a.State == Ended:
		return refuse(AgreementEnded)
	case a.State == Suspended:
		return suspended(StopAgreement)
	case q.At.Before(a.Span.From):
		return refuse(NoAgreement)
	case !a.Span.Contains(q.At):
		return refuse(AgreementExpired)
	case !f.published:
		return refuse(ItemWithdrawn)
	}
	scope, ok := a.Items[q.Item]
	if !ok {
		return refuse(ItemNotAuthorised)
	}
	if !scope.Span.Contains(q.At) {
		return refuse(ItemPeriod)
	}
	fields, purposes := scope.Fields, a.Purposes
	if q.Grant != "" {
		if fields, ok = f.grant.Items[q.Item]; !ok {
			return refuse(ItemNotGranted)
		}
		if !f.grant.Span.Contains(q.At) {
			return refuse(GrantPeriod)
		}
		purposes = []string{f.grant.Purpose}
	}
	for _, name := range q.Fields {
		if !within(fields, name) || !within(scope.Fields, name) {
			return refuse(FieldNotGranted)
		}
	}
	if !contains(purposes, q.Purpose) {
		return refuse(PurposeDiffers)
	}
	if q.Product == "" {
		return nil
	}
	known := false
	for _, l := range f.listed {
		if l.Span.Contains(q.At) && l.Agreement == a.ID {
			known = true
			if len(l.Purposes) == 0 || contains(l.Purposes, q.Purpose) {
				return nil
			}
		}
	}
	if known {
		return refuse(ListPurpose)
	}
	return refuse(Unlisted)
}

func within(fields []string, name string) bool {
	return contains(fields, AllFields) || contains(fields, name)
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
