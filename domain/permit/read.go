package permit

import (
	"encoding/json"
	"errors"
	"fmt"

	"pado/core/calendar"
	"pado/core/store"
)

// Version moves with every change that may change an answer; 0 before the first.
func Version(r *store.ReadTx) (int64, error) {
	var n int64
	err := r.Get(&n, `SELECT last FROM counter WHERE name = $1`, versionCounter)
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	return n, err
}

const versionCounter = "permit/version"

type agreementRow struct {
	ID, OperatorOrg, State, Terms string
	Signed, Ends                  calendar.Date
}

const agreementColumns = `id, operator_org, state, terms, signed, ends`

func (a agreementRow) open() (*Agreement, error) {
	var terms struct {
		Purposes []string `json:"purposes"`
	}
	if err := json.Unmarshal([]byte(a.Terms), &terms); err != nil {
		return nil, fmt.Errorf("read the terms of agreement %s: %w", a.ID, err)
	}
	return &Agreement{ID: a.ID, Operator: a.OperatorOrg, State: a.State, Span: Days(a.Signed, a.Ends),
		Purposes: terms.Purposes, Items: map[string]ScopeItem{}}, nil
}

type scopeRow struct {
	Agreement, Item, Field string
	ValidFrom, ValidTo     store.Time
}

const scopeColumns = `agreement, item, field, valid_from, valid_to`

func (a *Agreement) add(s scopeRow) {
	it := a.Items[s.Item]
	it.Item, it.Span = s.Item, Span{s.ValidFrom.Time, s.ValidTo.Time}
	it.Fields = append(it.Fields, s.Field)
	a.Items[s.Item] = it
}

type grantRow struct {
	ID, DemandCase, Agreement, Org, Scenario, Purpose, Item, Fields, State string
	ValidFrom, ValidTo                                                     store.Time
}

const grantColumns = `id, demand_case, agreement, org, scenario, purpose, item, fields, state, valid_from, valid_to`

func merge(rows []grantRow) (map[string]*Granted, error) {
	out := map[string]*Granted{}
	for _, row := range rows {
		g := out[row.ID]
		if g == nil {
			g = &Granted{ID: row.ID, DemandCase: row.DemandCase, Agreement: row.Agreement, Org: row.Org, Scenario: row.Scenario,
				Purpose: row.Purpose, Revoked: row.State == "revoked", Span: Span{row.ValidFrom.Time, row.ValidTo.Time}, Items: map[string][]string{}}
			out[row.ID] = g
		}
		var fields []string
		if err := json.Unmarshal([]byte(row.Fields), &fields); err != nil {
			return nil, fmt.Errorf("read grant %s: %w", row.ID, err)
		}
		g.Items[row.Item] = fields
	}
	return out, nil
}

// GrantByID reads a grant; store.ErrNotFound when there is none.
func GrantByID(r *store.ReadTx, id string) (Granted, error) {
	var rows []grantRow
	if err := r.Select(&rows, `SELECT `+grantColumns+` FROM permit_grant WHERE id = $1`, id); err != nil {
		return Granted{}, err
	}
	m, err := merge(rows)
	if err != nil {
		return Granted{}, err
	}
	if g := m[id]; g != nil {
		return *g, nil
	}
	return Granted{}, store.ErrNotFound
}

type stopRow struct {
	ID, Kind, Key, Reason, CaseNo string
	Since, Until                  store.Time
}

const stopColumns = `id, kind, key, reason, case_no, since, until`

func (s stopRow) stop() Suspension {
	return Suspension{ID: s.ID, Kind: s.Kind, Key: s.Key, Reason: s.Reason, Case: s.CaseNo, Span: Span{s.Since.Time, s.Until.Time}}
}

type listRow struct {
	Product, Agreement, Purposes string
	ValidFrom, ValidTo           store.Time
}

const listColumns = `product, agreement, purposes, valid_from, valid_to`

func (l listRow) listed() (Listed, error) {
	out := Listed{Product: l.Product, Agreement: l.Agreement, Span: Span{l.ValidFrom.Time, l.ValidTo.Time}}
	if err := json.Unmarshal([]byte(l.Purposes), &out.Purposes); err != nil {
		return out, fmt.Errorf("read the listing of %s: %w", l.Product, err)
	}
	return out, nil
}

// gather reads what one query needs: five short index look-ups.
func gather(r *store.ReadTx, q Query) (f facts, err error) {
	agreement := ""
	if q.Grant != "" {
		g, err := GrantByID(r, q.Grant)
		if err == nil {
			f.grant, agreement = &g, g.Agreement
		} else if !errors.Is(err, store.ErrNotFound) {
			return f, err
		}
	} else if err := ignoreMissing(r.Get(&agreement, `SELECT s.agreement FROM permit_scope s JOIN agreement a ON a.id = s.agreement
		WHERE s.item = $1 AND a.operator_org = $2 ORDER BY a.signed DESC, a.id DESC LIMIT 1`, q.Item, q.Org)); err != nil {
		return f, err
	}
	if agreement == "" && q.Grant == "" {
		// The item is under no agreement of this organisation: say whether it has one at all.
		if err := ignoreMissing(r.Get(&agreement, `SELECT id FROM agreement WHERE operator_org = $1 ORDER BY signed DESC, id DESC LIMIT 1`, q.Org)); err != nil {
			return f, err
		}
	}
	if agreement != "" {
		var row agreementRow
		if err := r.Get(&row, `SELECT `+agreementColumns+` FROM agreement WHERE id = $1`, agreement); err != nil {
			return f, err
		}
		if f.agreement, err = row.open(); err != nil {
			return f, err
		}
		var scope []scopeRow
		if err := r.Select(&scope, `SELECT `+scopeColumns+` FROM permit_scope WHERE agreement = $1 AND item = $2 ORDER BY field`, agreement, q.Item); err != nil {
			return f, err
		}
		for _, s := range scope {
			f.agreement.add(s)
		}
	}
	if f.published, err = r.Exists(`SELECT 1 FROM catalogue_item WHERE id = $1 AND state = 'published'`, q.Item); err != nil {
		return f, err
	}
	operator := ""
	if f.agreement != nil {
		operator = f.agreement.Operator
	}
	var stops []stopRow
	if err := r.Select(&stops, `SELECT `+stopColumns+` FROM permit_stop WHERE since <= $1 AND (until IS NULL OR until > $1) AND (
		(kind = 'agreement' AND key = $2) OR (kind = 'org' AND (key = $3 OR key = $4)) OR (kind = 'grant' AND key = $5)
		OR (kind = 'item' AND key = $6) OR (kind = 'product' AND key = $7)) ORDER BY kind, since`,
		store.At(q.At), agreement, q.Org, operator, q.Grant, q.Item, q.Product); err != nil {
		return f, err
	}
	for _, s := range stops {
		f.stops = append(f.stops, s.stop())
	}
	if q.Product == "" {
		return f, nil
	}
	var listed []listRow
	if err := r.Select(&listed, `SELECT `+listColumns+` FROM permit_listing WHERE product = $1`, q.Product); err != nil {
		return f, err
	}
	for _, l := range listed {
		x, err := l.listed()
		if err != nil {
			return f, err
		}
		f.listed = append(f.listed, x)
	}
	return f, nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}
