package procedures

import (
	"encoding/json"

	p "pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/domain/party"
	"pado/domain/supply"
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

// supplied joins the pages of other nouns with those of supply: the page of a dataset shows its correction
// tickets and lets the operator send one, that of a catalogue item lets an operator ask for supply.
func supplied(list []*register.Register) []*register.Register {
	for _, g := range list {
		page := g.Item
		switch g.ID {
		case "datasets":
			g.Item = func(r *store.ReadTx, a p.Actor, key string) (*register.Item, error) {
				it, err := page(r, a, key)
				if err != nil {
					return it, err
				}
				s, err := supply.TicketsSection(r, key)
				if err != nil {
					return nil, err
				}
				if s.Kind != "" {
					it.Sections = append(it.Sections, s)
				}
				mine, err := operates(r, a, `SELECT 1 FROM hookup WHERE dataset = $1 AND operator_org = $2`, key)
				if mine {
					it.Starts = append(it.Starts, register.Start{Procedure: "p11_2_correction", Title: "发出质量整改单", Prefill: map[string]any{"dataset": key}})
				}
				return it, err
			}
		case "catalogue":
			g.Item = func(r *store.ReadTx, a p.Actor, key string) (*register.Item, error) {
				it, err := page(r, a, key)
				if err != nil || !a.Has(party.Operator) {
					return it, err
				}
				has, err := operates(r, a, `SELECT 1 FROM hookup h JOIN dataset d ON d.id = h.dataset WHERE h.item = $1 AND h.operator_org = $2 AND h.state = 'connected' AND d.current_version <> ''`, key)
				if !has {
					it.Starts = append(it.Starts, register.Start{Procedure: "p07_1_supply", Title: "提出供给需求", Prefill: map[string]any{"listed": "yes", "item": key}})
				}
				return it, err
			}
		}
	}
	return list
}

// operates asks a question about a key for each organisation the actor operates for.
func operates(r *store.ReadTx, a p.Actor, query, key string) (is bool, err error) {
	err = ownOrgs(a, party.Operator, func(org string) error {
		there, err := r.Exists(query, key, org)
		is = is || there
		return err
	})
	return is, err
}
