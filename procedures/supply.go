package procedures

import (
	"encoding/json"

	p "pado/core/procedure"
	"pado/core/store"
	"pado/domain/party"
)

// supplies are the procedures of supply (clauses 7.2, 11.2, 6.3.4).
func supplies() []*p.Procedure {
	return []*p.Procedure{P07Supply(), P07Collection(), P07Alarm(), P11Correction(), P06National()}
}

// SupplyChoices are the lists that the forms of supply pick from.
func SupplyChoices() map[string]func(*store.ReadTx, p.Actor, string) ([]p.Option, error) {
	return map[string]func(*store.ReadTx, p.Actor, string) ([]p.Option, error){"source_orgs": sourceChoices, "datasets_supplied": datasetChoices}
}

func sourceChoices(r *store.ReadTx, _ p.Actor, q string) (out []p.Option, err error) {
	return out, r.Select(&out, `SELECT DISTINCT o.id AS value, o.name AS label FROM org o JOIN org_role x ON x.org = o.id AND x.role = $1 AND x.until IS NULL
		WHERE o.status = 'active' AND o.name LIKE $2 ORDER BY o.name LIMIT 50`, string(party.Source), "%"+q+"%")
}

// datasetChoices are the datasets of the actor's own hookups.
func datasetChoices(r *store.ReadTx, a p.Actor, q string) (out []p.Option, err error) {
	err = ownOrgs(a, party.Operator, func(org string) error {
		var part []p.Option
		err := r.Select(&part, `SELECT d.id AS value, d.title || ' ' || d.id AS label FROM dataset d WHERE (d.title LIKE $2 OR d.id LIKE $2)
			AND EXISTS (SELECT 1 FROM hookup h WHERE h.dataset = d.id AND h.operator_org = $1) AND EXISTS (SELECT 1 FROM dataset_version v WHERE v.dataset = d.id) ORDER BY d.title, d.id LIMIT 50`, org, "%"+q+"%")
		out = append(out, part...)
		return err
	})
	return out, err
}

// dayIn reads the day that an act asked for out of its kept input; empty when it asked for none.
func dayIn(input string) string {
	var in registryInput
	if json.Unmarshal([]byte(input), &in) != nil {
		return ""
	}
	return in.On
}
