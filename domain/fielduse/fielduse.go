// Package fielduse is the use register (使用登记, clause 10.1.1): who used which information item of
// the catalogue, when, for what and by which right. See README.md.
package fielduse

import (
	"errors"
	"fmt"
	"sort"
	"strings"

	"pado/core/store"
)

// Rows is the field that stands for the rows of an item as such, when nothing but their number is used.
const Rows = "*"

// Use is one use of one information item.
type Use struct {
	Kind, Ref, Item, Field string // Kind: question, product, call
	At                     store.Time
	Org, Person            string // who used it
	Project, Product       string
	GrantID, Agreement     string
	OperatorOrg, SourceOrg string
	Purpose                string
	Times                  int64
}

const columns = `kind, ref, item, field, at, org, person, project, product, grant_id, agreement, operator_org, source_org, purpose, times`

// Question enters the fields a question of a project reads, by item, with its intent. fields lists
// them as item/field for the entry of the log, in order.
func Question(w *store.Tx, id, project, person string, used map[string][]string) (fields string, err error) {
	var p struct{ Org, OperatorOrg, GrantID, Purpose string }
	if err := w.Get(&p, `SELECT org, operator_org, grant_id, purpose FROM project WHERE no = $1`, project); err != nil {
		return "", err
	}
	var agreement string
	if err := w.Get(&agreement, `SELECT agreement FROM permit_grant WHERE id = $1 LIMIT 1`, p.GrantID); err != nil && !errors.Is(err, store.ErrNotFound) {
		return "", err
	}
	var names []string
	for item, list := range used {
		for _, f := range list {
			names = append(names, item+"/"+f)
			if err := add(w, Use{Kind: "question", Ref: id, Item: item, Field: f, Org: p.Org, Person: person, Project: project, GrantID: p.GrantID,
				Agreement: agreement, OperatorOrg: p.OperatorOrg, Purpose: p.Purpose, Times: 1}); err != nil {
				return "", err
			}
		}
	}
	sort.Strings(names)
	return strings.Join(names, " "), nil
}

// add enters a use under its source department as it is now; the same use again counts as more times.
func add(w *store.Tx, u Use) error {
	u.At = store.At(w.Now())
	if err := w.Get(&u.SourceOrg, `SELECT source_org FROM catalogue_item WHERE id = $1`, u.Item); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	_, err := w.Exec(`INSERT INTO field_use (`+columns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15)
		ON CONFLICT (kind, ref, item, field) DO UPDATE SET times = field_use.times + excluded.times, at = excluded.at`,
		u.Kind, u.Ref, u.Item, u.Field, u.At, u.Org, u.Person, u.Project, u.Product, u.GrantID, u.Agreement, u.OperatorOrg, u.SourceOrg, u.Purpose, u.Times)
	return err
}

// Product enters the fields a registered product is built from: those of the question whose released
// answer it serves, or its items as such where no question is on record.
func Product(w *store.Tx, product, person string) error {
	uses, err := built(w, product)
	if err != nil {
		return err
	}
	for _, u := range uses {
		u.Kind, u.Ref, u.Person, u.Times = "product", product, person, 1
		if err := add(w, u); err != nil {
			return err
		}
	}
	return nil
}

// Calls enters the charged calls of a product on a day (YYYY-MM-DD) by the customer of an order. A
// product that is not on record enters nothing.
func Calls(w *store.Tx, day, order, product, customer string, calls int64) error {
	uses, err := built(w, product)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, u := range uses {
		u.Kind, u.Ref, u.Org, u.Project, u.Times = "call", day+"/"+order, customer, "", calls
		if err := add(w, u); err != nil {
			return err
		}
	}
	return nil
}

// built lists what a product is made of; store.ErrNotFound when there is no such product.
func built(w *store.Tx, product string) ([]Use, error) {
	var p struct {
		Org, OperatorOrg, Agreement, Purpose, Artefact string
		Version                                        int
	}
	if err := w.Get(&p, `SELECT org, operator_org, agreement, purpose, artefact, version FROM product WHERE id = $1`, product); err != nil {
		return nil, err
	}
	var uses []Use
	if err := w.Select(&uses, `SELECT DISTINCT u.item, u.field, u.project, u.grant_id FROM release_artefact a JOIN field_use u ON u.kind = 'question' AND u.ref = a.question
		WHERE a.digest = $1`, p.Artefact); err != nil {
		return nil, err
	}
	if len(uses) == 0 {
		items, err := itemsOf(w, product, p.Version)
		if err != nil {
			return nil, err
		}
		for _, it := range items {
			uses = append(uses, Use{Item: it, Field: Rows})
		}
	}
	for i := range uses {
		uses[i].Org, uses[i].OperatorOrg, uses[i].Agreement, uses[i].Purpose, uses[i].Product = p.Org, p.OperatorOrg, p.Agreement, p.Purpose, product
	}
	return uses, nil
}

func itemsOf(w *store.Tx, product string, version int) ([]string, error) {
	var raw string
	err := w.Get(&raw, `SELECT items FROM product_version WHERE product = $1 AND version = $2`, product, version)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	items, err := readList(raw)
	if err != nil {
		return nil, fmt.Errorf("read the items of %s: %w", product, err)
	}
	return items, nil
}
