package permit

import (
	"time"

	"pado/core/procedure"
	"pado/core/store"
)

// Rights are every right on record as of one commit: what the gateway keeps in memory. Spans
// are in it, so that an expiry cuts at its second with no message sent; Version tells whether
// the records have moved on.
type Rights struct {
	Version    int64
	At         time.Time
	Agreements map[string]*Agreement
	Grants     map[string]*Granted
	Stops      []Suspension // begun or to begin, not yet over
	Listings   map[string][]Listed
	Published  map[string]bool // catalogue items that stand in the catalogue
}

// Snapshot builds the rights of the transaction. Stops and listings that are over are left out.
func Snapshot(r *store.ReadTx) (*Rights, error) {
	s := &Rights{At: r.Now(), Agreements: map[string]*Agreement{}, Listings: map[string][]Listed{}, Published: map[string]bool{}}
	var err error
	if s.Version, err = Version(r); err != nil {
		return nil, err
	}
	var agreements []agreementRow
	if err := r.Select(&agreements, `SELECT `+agreementColumns+` FROM agreement ORDER BY id`); err != nil {
		return nil, err
	}
	for _, row := range agreements {
		if s.Agreements[row.ID], err = row.open(); err != nil {
			return nil, err
		}
	}
	var scope []scopeRow
	if err := r.Select(&scope, `SELECT `+scopeColumns+` FROM permit_scope ORDER BY agreement, item, field`); err != nil {
		return nil, err
	}
	for _, row := range scope {
		if a := s.Agreements[row.Agreement]; a != nil {
			a.add(row)
		}
	}
	var grants []grantRow
	if err := r.Select(&grants, `SELECT `+grantColumns+` FROM permit_grant ORDER BY id, item`); err != nil {
		return nil, err
	}
	if s.Grants, err = merge(grants); err != nil {
		return nil, err
	}
	now := store.At(s.At)
	var stops []stopRow
	if err := r.Select(&stops, `SELECT `+stopColumns+` FROM permit_stop WHERE until IS NULL OR until > $1 ORDER BY kind, since`, now); err != nil {
		return nil, err
	}
	for _, row := range stops {
		s.Stops = append(s.Stops, row.stop())
	}
	var listed []listRow
	if err := r.Select(&listed, `SELECT `+listColumns+` FROM permit_listing WHERE valid_to IS NULL OR valid_to > $1`, now); err != nil {
		return nil, err
	}
	for _, row := range listed {
		l, err := row.listed()
		if err != nil {
			return nil, err
		}
		s.Listings[l.Product] = append(s.Listings[l.Product], l)
	}
	var items []string
	if err := r.Select(&items, `SELECT id FROM catalogue_item WHERE state = 'published'`); err != nil {
		return nil, err
	}
	for _, id := range items {
		s.Published[id] = true
	}
	return s, nil
}

// May is the package's May over the snapshot; nil means allowed. q.At must be set: a snapshot
// has no clock.
func (s *Rights) May(q Query) *procedure.Refused {
	f := facts{published: s.Published[q.Item], listed: s.Listings[q.Product]}
	if q.Grant != "" {
		if f.grant = s.Grants[q.Grant]; f.grant != nil {
			f.agreement = s.Agreements[f.grant.Agreement]
		}
	} else {
		for _, a := range s.Agreements {
			if a.Operator != q.Org {
				continue
			}
			_, has := a.Items[q.Item]
			if f.agreement == nil || better(a, f.agreement, has, q.Item) {
				f.agreement = a
			}
		}
	}
	for _, x := range s.Stops {
		switch {
		case x.Kind == StopAgreement && f.agreement != nil && x.Key == f.agreement.ID,
			x.Kind == StopOrg && (x.Key == q.Org || f.agreement != nil && x.Key == f.agreement.Operator),
			x.Kind == StopGrant && x.Key == q.Grant && q.Grant != "",
			x.Kind == StopItem && x.Key == q.Item,
			x.Kind == StopProduct && x.Key == q.Product && q.Product != "":
			f.stops = append(f.stops, x)
		}
	}
	return judge(f, q)
}

// better: an agreement that covers the item comes before one that does not, then the later one.
func better(a, b *Agreement, aHas bool, item string) bool {
	_, bHas := b.Items[item]
	if aHas != bHas {
		return aHas
	}
	if !a.Span.From.Equal(b.Span.From) {
		return a.Span.From.After(b.Span.From)
	}
	return a.ID > b.ID
}
