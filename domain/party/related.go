package party

import (
	"errors"

	"pado/core/procedure"
	"pado/core/store"
)

// Relation is what makes two organisations related parties (关联方, clause 1.7).
type Relation string

// The relations an organisation declares.
const (
	Shareholder Relation = "controlling_shareholder" // the other controls this one
	Subsidiary  Relation = "majority_subsidiary"     // this one holds more than half of the other
	SameLegal   Relation = "same_legal_rep"          // one legal representative for both
)

// Relations are the choices with their Chinese names.
var Relations = []procedure.Option{{Value: string(Shareholder), Label: "控股股东"}, {Value: string(Subsidiary), Label: "持股过半的子公司"},
	{Value: string(SameLegal), Label: "法定代表人为同一人"}}

// RelatedParty is one declared relation. The other party need not be on the platform.
type RelatedParty struct {
	OtherUSCC, OtherName string
	Relation             Relation
}

// Declare replaces what an organisation declares of its related parties.
func Declare(w *store.Tx, org string, list []RelatedParty, caseNo string) error {
	if _, err := w.Exec(`DELETE FROM related_party WHERE org = $1`, org); err != nil {
		return err
	}
	for _, p := range list {
		if _, err := w.Exec(`INSERT INTO related_party (org, other_uscc, other_name, relation, case_no, at) VALUES ($1,$2,$3,$4,$5,$6)
			ON CONFLICT DO NOTHING`, org, p.OtherUSCC, p.OtherName, string(p.Relation), caseNo, store.At(w.Now())); err != nil {
			return err
		}
	}
	return nil
}

// Declared lists what an organisation has declared.
func Declared(r *store.ReadTx, org string) (out []RelatedParty, err error) {
	return out, r.Select(&out, `SELECT other_uscc, other_name, relation FROM related_party WHERE org = $1 ORDER BY relation, other_uscc`, org)
}

// Related tells whether two organisations are related parties: one has declared the other, or
// both have a declared tie with the same third party, whichever side declared it.
func Related(r *store.ReadTx, a, b string) (bool, error) {
	if a == b {
		return a != "", nil
	}
	ta, err1 := ties(r, a)
	tb, err2 := ties(r, b)
	if err := errors.Join(err1, err2); err != nil {
		return false, err
	}
	for uscc := range ta {
		if tb[uscc] {
			return true, nil
		}
	}
	return false, nil
}

// ties are the credit codes of the organisation and of everyone it has a declared tie with.
func ties(r *store.ReadTx, org string) (map[string]bool, error) {
	out := map[string]bool{}
	var codes []string
	if err := r.Select(&codes, `SELECT uscc FROM org WHERE id = $1 AND uscc IS NOT NULL
		UNION SELECT other_uscc FROM related_party WHERE org = $1
		UNION SELECT d.uscc FROM related_party p JOIN org o ON o.uscc = p.other_uscc JOIN org d ON d.id = p.org
			WHERE o.id = $1 AND d.uscc IS NOT NULL`, org); err != nil {
		return nil, err
	}
	for _, c := range codes {
		out[c] = true
	}
	return out, nil
}
