package agreement

import (
	"pado/core/procedure"
	"pado/core/store"
)

// Choices are the lists that forms of this room pick from: "agreements" shows an operator its own,
// and all to whoever is no operator; "operators" are the organisations confirmed as one.
func Choices() map[string]func(*store.ReadTx, procedure.Actor, string) ([]procedure.Option, error) {
	return map[string]func(*store.ReadTx, procedure.Actor, string) ([]procedure.Option, error){"agreements": choose, "operators": operators}
}

// choiceLimit is how many choices a list shows; a longer one is narrowed by typing.
const choiceLimit = 50

func choose(r *store.ReadTx, a procedure.Actor, q string) ([]procedure.Option, error) {
	var rows []struct{ ID, No, Title, OperatorOrg string }
	like := "%" + q + "%"
	if err := r.Select(&rows, `SELECT id, no, title, operator_org FROM agreement WHERE state <> 'ended' AND (no LIKE $1 OR title LIKE $2) ORDER BY signed DESC, id DESC LIMIT 500`, like, like); err != nil {
		return nil, err
	}
	own := map[string]bool{}
	for _, d := range a.Desks {
		if d.Role == "operator" {
			own[d.Org] = true
		}
	}
	var out []procedure.Option
	for _, row := range rows {
		if (len(own) == 0 || own[row.OperatorOrg]) && len(out) < choiceLimit {
			out = append(out, procedure.Option{Value: row.ID, Label: row.No + " " + row.Title})
		}
	}
	return out, nil
}

func operators(r *store.ReadTx, _ procedure.Actor, q string) ([]procedure.Option, error) {
	var out []procedure.Option
	return out, r.Select(&out, `SELECT o.id AS value, o.name AS label FROM org o JOIN org_role x ON x.org = o.id AND x.role = 'operator'
		WHERE o.status = 'active' AND x.since <= $1 AND (x.until IS NULL OR x.until > $2) AND o.name LIKE $3 ORDER BY o.name, o.id LIMIT 50`,
		store.At(r.Now()), store.At(r.Now()), "%"+q+"%")
}
