// Package order keeps what customers (使用方) have ordered: a product, on accepted terms, with a
// monthly quota, for a time (clause 1.7b). See README.md.
package order

import (
	"errors"
	"fmt"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/id"
	"pado/core/procedure"
	"pado/core/store"
	"pado/plan"
)

// States of an order. Having run out follows from ValidTo and the clock.
const (
	Active = "active"
	Ended  = "ended"
)

// Order (订单) is a customer's right to use one product for its purpose.
type Order struct {
	ID, CustomerOrg, Product, CustomerClass, Purpose string
	TermsVersion                                     int
	TermsDigest                                      string
	AcceptedAt                                       store.Time
	AcceptedBy                                       string
	QuotaMonth                                       int64 // charged calls in a calendar month
	ValidFrom, ValidTo                               calendar.Date
	State, CaseNo                                    string
	Opened, Ended                                    store.Time
}

const columns = `id, customer_org, product, customer_class, purpose, terms_version, terms_digest, accepted_at, accepted_by, quota_month, valid_from, valid_to,
	state, case_no, opened, ended`

// Acceptance is one explicit acceptance of the use restrictions (使用限制条件), bound to their text.
type Acceptance struct {
	CaseNo       string
	N            int
	Product      string
	TermsVersion int
	TermsDigest  string
	At           store.Time
	Person       string
}

// Accept records that a person accepted a text of the terms in a case (1.7b).
func Accept(w *store.Tx, a Acceptance) error {
	if err := w.Get(&a.N, `SELECT COALESCE(MAX(n), 0) + 1 FROM terms_acceptance WHERE case_no = $1`, a.CaseNo); err != nil {
		return err
	}
	a.At = store.At(w.Now())
	_, err := w.Exec(`INSERT INTO terms_acceptance (case_no, n, product, terms_version, terms_digest, at, person) VALUES ($1,$2,$3,$4,$5,$6,$7)`,
		a.CaseNo, a.N, a.Product, a.TermsVersion, a.TermsDigest, a.At, a.Person)
	return err
}

// Accepted is the last acceptance of a case; *procedure.Refused when there is none.
func Accepted(r *store.ReadTx, caseNo string) (Acceptance, error) {
	var a Acceptance
	err := r.Get(&a, `SELECT case_no, n, product, terms_version, terms_digest, at, person FROM terms_acceptance WHERE case_no = $1 ORDER BY n DESC LIMIT 1`, caseNo)
	if errors.Is(err, store.ErrNotFound) {
		return a, procedure.Refuse("order.terms", plan.C("1.7b"), "使用限制条件尚未被接受，不能受理")
	}
	return a, err
}

// Open brings an order into force (1.7b) with the acceptance that its case holds, and returns it
// with its id. Keys are another act.
func Open(w *store.Tx, o Order) (Order, error) {
	a, err := Accepted(&w.ReadTx, o.CaseNo)
	if err != nil {
		return o, err
	}
	if a.Product != o.Product {
		return o, procedure.Refuse("order.terms", plan.C("1.7b"), "所接受的使用限制条件不是该产品的，不能受理")
	}
	year := calendar.DateOf(w.Now()).Y
	n, err := w.Next(fmt.Sprintf("order/%d", year))
	if err != nil {
		return o, err
	}
	if o.ID, err = id.CaseNo("DD", year, n); err != nil {
		return o, err
	}
	o.TermsVersion, o.TermsDigest, o.AcceptedAt, o.AcceptedBy = a.TermsVersion, a.TermsDigest, a.At, a.Person
	o.State, o.Opened = Active, store.At(w.Now())
	if _, err := w.Exec(`INSERT INTO orders (`+columns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16)`,
		o.ID, o.CustomerOrg, o.Product, o.CustomerClass, o.Purpose, o.TermsVersion, o.TermsDigest, o.AcceptedAt, o.AcceptedBy, o.QuotaMonth,
		o.ValidFrom, o.ValidTo, o.State, o.CaseNo, o.Opened, o.Ended); err != nil {
		return o, err
	}
	w.Record(audit.Entry{Type: "order.open", Actor: a.Person, Org: o.CustomerOrg, Object: o.ID, Action: "open", To: Active, Clause: "1.7b", Result: audit.Done,
		Detail: map[string]string{"case": o.CaseNo, "product": o.Product, "class": o.CustomerClass, "terms": o.TermsDigest, "quota": fmt.Sprint(o.QuotaMonth)}})
	return o, bump(w)
}

// Close ends the order of a case for good; its keys stop with it. store.ErrConflict when it is
// not active.
func Close(w *store.Tx, caseNo, by string) error {
	o, err := ByCase(&w.ReadTx, caseNo)
	if err != nil {
		return err
	}
	if err := w.ExecOne(`UPDATE orders SET state = 'ended', ended = $1 WHERE id = $2 AND state = 'active'`, store.At(w.Now()), o.ID); err != nil {
		return err
	}
	w.Record(audit.Entry{Type: "order.close", Actor: by, Org: o.CustomerOrg, Object: o.ID, Action: "close", From: Active, To: Ended, Clause: "1.7b", Result: audit.Done})
	return bump(w)
}

// bump tells the gateway's feed that something it shows has changed.
func bump(w *store.Tx) error {
	return w.ExecOne(`UPDATE feed_version SET version = version + 1 WHERE id = 1`)
}

// ByID reads an order; store.ErrNotFound.
func ByID(r *store.ReadTx, id string) (Order, error) {
	var o Order
	return o, r.Get(&o, `SELECT `+columns+` FROM orders WHERE id = $1`, id)
}

// ByCase reads the order a case brought about; store.ErrNotFound.
func ByCase(r *store.ReadTx, caseNo string) (Order, error) {
	var o Order
	return o, r.Get(&o, `SELECT `+columns+` FROM orders WHERE case_no = $1`, caseNo)
}

// Status is what an order is on a day, in Chinese.
func (o Order) Status(on calendar.Date) string {
	switch {
	case o.State == Ended:
		return "已终止"
	case on.After(o.ValidTo):
		return "已到期"
	case on.Before(o.ValidFrom):
		return "尚未生效"
	}
	return "使用中"
}
