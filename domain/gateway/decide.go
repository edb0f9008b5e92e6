package gateway

import (
	"slices"
	"time"
)

// Question is what is asked of a Permit: may this key call this product?
type Question struct{ Key, Product string }

// Decision is the answer at one instant. With a nil Refusal the call may be
// made at the price of Tariff; quota and rate are still to be taken.
type Decision struct {
	Refusal   *Refusal
	Version   int64 // of the snapshot decided by
	Snapshot  *Snapshot
	Key       *Key
	Order     *Order
	Product   *Product
	Agreement *Agreement
	Tariff    *Tariff
	Allowance *Allowance // nil: none in force
}

// Permit answers whether a key may call a product. real is the process's own
// time, against which the age of what is known is measured; at is business
// time, against which every right is compared.
type Permit interface {
	May(real, at time.Time, q Question) Decision
}

// Decide is the rule book: every condition, in order, from the snapshot alone.
// It holds no state, so the same snapshot, question and instant always give
// the same answer. Whatever was found before a refusal is filled in, for the
// journal.
func (s *Snapshot) Decide(at time.Time, q Question) Decision {
	d := Decision{Version: s.Version, Snapshot: s}
	d.Refusal = s.decide(&d, at, q)
	return d
}

func (s *Snapshot) decide(d *Decision, at time.Time, q Question) *Refusal {
	key := s.Keys[q.Key]
	if key == nil {
		return refuse(KeyRevoked)
	}
	d.Key = key
	order := s.Orders[key.Order]
	d.Order = order
	switch {
	case key.State == Suspended:
		return refuse(KeySuspended)
	case key.State == Ended:
		return refuse(KeyRevoked)
	case key.State != Active || !key.Span.Contains(at):
		return refuse(KeyNotInForce)
	case order == nil:
		return refuse(OrderNotActive)
	case order.Product != q.Product:
		return refuse(ProductNotOrdered)
	case order.State == Suspended:
		return refuse(OrderSuspended)
	case order.State != Active:
		return refuse(OrderNotActive)
	case !order.Span.Contains(at):
		return refuse(OrderNotInForce)
	}
	product := s.Products[order.Product]
	if product == nil {
		return refuse(ProductUnpublished)
	}
	d.Product = product
	if order.Terms == "" || order.Terms != product.Terms {
		return refuse(TermsNotAccepted)
	}
	if r := product.may(order, at); r != nil {
		return r
	}
	d.Agreement = s.Agreements[product.Agreement]
	if r := d.Agreement.may(product, at); r != nil {
		return r
	}
	d.Tariff = nil
	filed := false
	for _, t := range s.Tariffs[TariffOf{product.ID, order.Class}] {
		if t.Filing == "" {
			continue
		}
		filed = true
		if t.Span.Contains(at) {
			d.Tariff = t
			break
		}
	}
	switch {
	case !filed:
		return refuse(TariffNotFiled)
	case d.Tariff == nil:
		return refuse(TariffNotInForce)
	}
	for i := range order.Quota {
		if order.Quota[i].Span.Contains(at) {
			d.Allowance = &order.Quota[i]
			break
		}
	}
	return nil
}

// may tells whether the product may be served at all, and for this purpose.
func (p *Product) may(order *Order, at time.Time) *Refusal {
	switch {
	case p.State == Suspended:
		return refuse(ProductSuspended)
	case p.State == Ended:
		return refuse(ProductRetired)
	case p.State != Active:
		return refuse(ProductUnpublished)
	case p.RegistrationCode == "":
		return refuse(ProductNoCode)
	case p.Listing.Item == "" || !p.Listing.Span.Contains(at):
		return refuse(ProductNotListed)
	case !slices.Contains(p.Listing.Purposes, order.Purpose):
		return refuse(PurposeNotListed)
	}
	return nil
}

// may tells whether the agreement carries the product at this instant. A
// transition outlasts the term, never a measure.
func (a *Agreement) may(p *Product, at time.Time) *Refusal {
	switch {
	case a == nil || a.State == Ended:
		return refuse(AgreementEnded)
	case a.State == Suspended:
		return refuse(AgreementSuspended)
	case a.State != Active || a.Span.before(at):
		return refuse(AgreementNotBegun)
	}
	carried := a.Transition != nil && at.Before(a.Transition.Until) && slices.Contains(a.Transition.Products, p.ID)
	if a.Span.over(at) && !carried {
		return refuse(AgreementExpired)
	}
	for _, item := range p.Items {
		span, granted := a.Items[item]
		switch {
		case !granted || span.before(at):
			return refuse(ResourceNotGranted)
		case span.over(at) && !carried:
			return refuse(ResourceExpired)
		}
	}
	return nil
}
