package gatewayfeed

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pado/core/calendar"
	"pado/core/store"
	"pado/domain/gateway"
	"pado/domain/permit"
)

// KeyRate bounds the calls of one key.
var KeyRate = gateway.Rate{Calls: 50, Per: time.Second, Burst: 100}

// paging of every product's answers.
var paging = gateway.Paging{Default: 100, Max: 1000}

// built is a snapshot with what belongs to it: the sealed secrets of its keys, and the business
// time at which reading again would give another one although nothing was written.
type built struct {
	snapshot *gateway.Snapshot
	sealed   []sealedKey
	next     time.Time
	faults   []error // products whose declaration cannot be read; they are not served
}

type sealedKey struct {
	ID, Algorithm string
	Sealed        []byte
}

// later notes an instant after now at which the snapshot changes.
func (b *built) later(now, at time.Time) {
	if at.After(now) && (b.next.IsZero() || at.Before(b.next)) {
		b.next = at
	}
}

// fingerprint is what the snapshot is read from, as little as can be read: equal fingerprints
// mean equal snapshots at one business time. Nouns that do not move a version are read by row.
func fingerprint(r *store.ReadTx) (string, error) {
	rights, err := permit.Version(r)
	if err != nil {
		return "", err
	}
	var own int64
	if err := r.Get(&own, `SELECT version FROM feed_version WHERE id = 1`); err != nil {
		return "", err
	}
	var out strings.Builder
	fmt.Fprintln(&out, rights, own)
	for _, q := range []string{
		`SELECT id || ' ' || state || ' ' || version || ' ' || artefact FROM product ORDER BY id`,
		`SELECT digest FROM release_artefact WHERE state = 'revoked' ORDER BY digest`,
		`SELECT id FROM org WHERE status <> 'active' ORDER BY id`,
		`SELECT id || ' ' || state || ' ' || version FROM agreement ORDER BY id`,
		`SELECT id FROM catalogue_item WHERE state = 'withdrawn' ORDER BY id`,
	} {
		var lines []string
		if err := r.Select(&lines, q); err != nil {
			return "", err
		}
		fmt.Fprintln(&out, strings.Join(lines, "\n"))
	}
	return out.String(), nil
}

// build reads the whole of what the gateway decides by.
func build(r *store.ReadTx) (*built, error) {
	b := &built{snapshot: &gateway.Snapshot{Keys: map[string]*gateway.Key{}, Orders: map[string]*gateway.Order{}, Products: map[string]*gateway.Product{},
		Agreements: map[string]*gateway.Agreement{}, Tariffs: map[gateway.TariffOf][]*gateway.Tariff{}, Consents: map[string]*gateway.Consent{}}}
	rights, err := permit.Snapshot(r)
	if err != nil {
		return nil, err
	}
	stopped := map[string]bool{} // kind and key
	for _, s := range rights.Stops {
		b.later(r.Now(), s.Span.From)
		b.later(r.Now(), s.Span.Until)
		if s.Span.Contains(r.Now()) {
			stopped[s.Kind+" "+s.Key] = true
		}
	}
	var inactive []string
	if err := r.Select(&inactive, `SELECT id FROM org WHERE status <> 'active'`); err != nil {
		return nil, err
	}
	for _, org := range inactive {
		stopped[permit.StopOrg+" "+org] = true
	}
	b.agreements(rights, stopped)
	for _, step := range []func() error{
		func() error { return b.products(r, rights, stopped) },
		func() error { return b.orders(r, stopped) },
		func() error { return b.tariffs(r) },
		func() error { return b.keys(r) },
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func (b *built) agreements(rights *permit.Rights, stopped map[string]bool) {
	for id, a := range rights.Agreements {
		g := &gateway.Agreement{ID: id, State: gateway.Ended, Span: gateway.Span(a.Span), Items: map[string]gateway.Span{}}
		switch {
		case a.State == permit.Suspended, a.State == permit.InForce && (stopped[permit.StopAgreement+" "+id] || stopped[permit.StopOrg+" "+a.Operator]):
			g.State = gateway.Suspended
		case a.State == permit.InForce:
			g.State = gateway.Active
		}
		for item, scope := range a.Items {
			if rights.Published[item] {
				g.Items[item] = gateway.Span(scope.Span)
			}
		}
		b.snapshot.Agreements[id] = g
	}
}

var kinds = map[string]gateway.Kind{"api": gateway.DataAPI, "model": gateway.ModelCall, "report": gateway.DataReport}

func (b *built) products(r *store.ReadTx, rights *permit.Rights, stopped map[string]bool) error {
	var rows []struct {
		ID, Code, Name, Form, ListItem, Agreement, Org, OperatorOrg, Artefact, Purpose, State, Items, Columns, Params, TermsDigest string
		Revoked                                                                                                                    bool
	}
	if err := r.Select(&rows, `SELECT p.id, p.code, p.name, p.form, p.list_item, p.agreement, p.org, p.operator_org, v.artefact, p.purpose, p.state, v.items, v.columns, v.params, v.terms_digest,
		COALESCE(a.state, '') = 'revoked' AS revoked FROM product p JOIN product_version v ON v.product = p.id AND v.version = p.version
		LEFT JOIN release_artefact a ON a.digest = v.artefact ORDER BY p.id`); err != nil {
		return err
	}
	for _, row := range rows {
		p := &gateway.Product{ID: row.ID, Title: row.Name, Kind: kinds[row.Form], RegistrationCode: row.Code, Release: row.Artefact, Terms: row.TermsDigest,
			Agreement: row.Agreement, Paging: paging}
		if err := declared(p, row.Items, row.Columns, row.Params); err != nil {
			b.faults = append(b.faults, fmt.Errorf("product %s: %w", row.ID, err))
			continue
		}
		p.State = stateOf(row.State)
		if p.State == gateway.Active && (row.Revoked || stopped[permit.StopProduct+" "+row.ID] || stopped[permit.StopProduct+" "+row.ListItem] || stopped[permit.StopOrg+" "+row.Org] ||
			slices.ContainsFunc(p.Items, func(item string) bool { return stopped[permit.StopItem+" "+item] })) {
			p.State = gateway.Suspended
		}
		p.Listing = listing(rights, row.ID, row.ListItem, row.Agreement, r.Now())
		if p.Listing.Item != "" && len(p.Listing.Purposes) == 0 {
			p.Listing.Purposes = []string{row.Purpose} // the list names none: the registered one
		}
		for _, key := range []string{row.ID, row.ListItem} {
			for _, l := range rights.Listings[key] {
				b.later(r.Now(), l.Span.From)
				b.later(r.Now(), l.Span.Until)
			}
		}
		b.snapshot.Products[row.ID] = p
	}
	return nil
}

func stateOf(state string) gateway.State {
	switch state {
	case "published":
		return gateway.Active
	case "suspended":
		return gateway.Suspended
	case "retired":
		return gateway.Ended
	}
	return gateway.Pending
}

// declared reads what a product's version declares, as domain/product wrote it. A parameter has
// the type of the column it is compared with.
func declared(p *gateway.Product, items, columns, params string) error {
	var cols []struct {
		Name, Title, Type string
		Nullable          bool
	}
	var ins []struct {
		Name, Title, Column, Op string
		Required                bool
	}
	if err := errors.Join(json.Unmarshal([]byte(items), &p.Items), json.Unmarshal([]byte(columns), &cols), json.Unmarshal([]byte(params), &ins)); err != nil {
		return errors.New("its declaration cannot be read")
	}
	types := map[string]gateway.ColumnType{}
	for _, c := range cols {
		types[c.Name] = gateway.ColumnType(c.Type)
		p.Columns = append(p.Columns, gateway.Column{Name: c.Name, Title: c.Title, Type: gateway.ColumnType(c.Type), Nullable: c.Nullable})
	}
	for _, q := range ins {
		p.Params = append(p.Params, gateway.Param{Name: q.Name, Title: q.Title, Type: types[q.Column], Column: q.Column, Op: gateway.Op(q.Op), Required: q.Required})
	}
	return nil
}

// listing is the product's place on the list at an instant: its own, or that of its list item.
// Where there are several, the one in force now comes first, then the next to begin.
func listing(rights *permit.Rights, product, item, agreement string, now time.Time) (out gateway.Listing) {
	for _, key := range []string{product, item} {
		for _, l := range rights.Listings[key] {
			if l.Agreement != agreement {
				continue
			}
			better := out.Item == "" || l.Span.Contains(now) && !out.Span.Contains(now) ||
				!out.Span.Contains(now) && l.Span.From.Before(out.Span.From)
			if better {
				out = gateway.Listing{Item: key, Span: gateway.Span(l.Span), Purposes: l.Purposes}
			}
		}
		if out.Item != "" {
			return out
		}
	}
	return out
}

// quotaMonths is how many months ahead the snapshot holds allowances for.
const quotaMonths = 3

func (b *built) orders(r *store.ReadTx, stopped map[string]bool) error {
	var rows []struct {
		ID, CustomerOrg, Product, CustomerClass, Purpose, TermsDigest, State string
		QuotaMonth                                                           int64
		ValidFrom, ValidTo                                                   calendar.Date
	}
	if err := r.Select(&rows, `SELECT id, customer_org, product, customer_class, purpose, terms_digest, state, quota_month, valid_from, valid_to FROM orders
		WHERE state = 'active' AND valid_to >= $1 ORDER BY id`, calendar.DateOf(r.Now()).String()); err != nil {
		return err
	}
	today := calendar.DateOf(r.Now())
	first := calendar.Date{Y: today.Y, M: today.M, D: 1}
	b.later(r.Now(), first.AddMonths(1).Start())
	for _, row := range rows {
		o := &gateway.Order{ID: row.ID, Customer: row.CustomerOrg, Product: row.Product, State: gateway.Active, Terms: row.TermsDigest, Purpose: row.Purpose,
			Class: row.CustomerClass, Span: gateway.Span{From: row.ValidFrom.Start(), Until: row.ValidTo.End()}}
		if stopped[permit.StopOrg+" "+row.CustomerOrg] {
			o.State = gateway.Suspended
		}
		for i := range quotaMonths {
			from := first.AddMonths(i)
			o.Quota = append(o.Quota, gateway.Allowance{Period: from.String()[:7], Span: gateway.Span{From: from.Start(), Until: from.AddMonths(1).Start()}, Calls: row.QuotaMonth})
		}
		b.snapshot.Orders[row.ID] = o
	}
	return nil
}

func (b *built) tariffs(r *store.ReadTx) error {
	var rows []struct {
		ID, Product, CustomerClass, FilingNo string
		EffectiveFrom, EffectiveTo           store.Time
	}
	if err := r.Select(&rows, `SELECT id, product, customer_class, filing_no, effective_from, effective_to FROM tariff
		WHERE state IN ('effective', 'ended') AND (effective_to IS NULL OR effective_to > $1) ORDER BY product, customer_class, version`, store.At(r.Now())); err != nil {
		return err
	}
	for _, row := range rows {
		of := gateway.TariffOf{Product: row.Product, Class: row.CustomerClass}
		b.snapshot.Tariffs[of] = append(b.snapshot.Tariffs[of], &gateway.Tariff{Version: row.ID, Filing: row.FilingNo, Span: gateway.Span{From: row.EffectiveFrom.Time, Until: row.EffectiveTo.Time}})
	}
	return nil
}

func (b *built) keys(r *store.ReadTx) error {
	var rows []struct {
		ID, OrderID, Algorithm, State string
		Sealed                        []byte
		Created, Ends                 store.Time
	}
	if err := r.Select(&rows, `SELECT k.id, k.order_id, k.algorithm, k.state, k.sealed, k.created, k.ends FROM api_key k JOIN orders o ON o.id = k.order_id
		WHERE o.valid_to >= $1 AND o.state = 'active' ORDER BY k.id`, calendar.DateOf(r.Now()).String()); err != nil {
		return err
	}
	for _, row := range rows {
		k := &gateway.Key{ID: row.ID, Order: row.OrderID, State: gateway.Ended, Rate: KeyRate, Span: gateway.Span{From: row.Created.Time, Until: row.Ends.Time}}
		if row.State == "active" {
			k.State = gateway.Active
		}
		b.snapshot.Keys[row.ID] = k
		b.sealed = append(b.sealed, sealedKey{row.ID, row.Algorithm, row.Sealed})
	}
	return nil
}
