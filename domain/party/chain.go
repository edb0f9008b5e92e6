package party

import (
	"encoding/json"

	"pado/core/procedure"
	"pado/core/store"
)

// OwnAffairs are the procedures by which an organisation settles its own affairs. They are the
// lead's own acts and never go through the inner chain, or a wrong setting could not be undone.
var OwnAffairs = []string{"p04_join", "p04_appoint", "p04_chain", "p04_change", "p04_admin"}

// SetChain makes the steps of a procedure (“*”: of all) that the organisation takes go through
// the stages; no stages means that they are taken directly. action narrows it to one step, “*”
// to none.
func SetChain(w *store.Tx, org, proc, action string, stages []string) error {
	set := func(proc, action string, stages []string) error {
		if stages == nil {
			stages = []string{}
		}
		b, err := json.Marshal(stages)
		if err != nil {
			return err
		}
		_, err = w.Exec(`INSERT INTO chain_config (org, procedure, action, stages) VALUES ($1,$2,$3,$4)
			ON CONFLICT (org, procedure, action) DO UPDATE SET stages = excluded.stages`, org, proc, action, string(b))
		return err
	}
	for _, own := range OwnAffairs {
		if err := set(own, "*", nil); err != nil {
			return err
		}
	}
	return set(proc, action, stages)
}

// Chain is one setting of an organisation's inner chain.
type Chain struct{ Procedure, Action, Stages string }

// Chains lists the settings of an organisation but those of its own affairs.
func Chains(r *store.ReadTx, org string) ([]Chain, error) {
	var all, out []Chain
	if err := r.Select(&all, `SELECT procedure, action, stages FROM chain_config WHERE org = $1 ORDER BY procedure, action`, org); err != nil {
		return nil, err
	}
	own := map[string]bool{}
	for _, p := range OwnAffairs {
		own[p] = true
	}
	for _, c := range all {
		if !own[c.Procedure] {
			out = append(out, c)
		}
	}
	return out, nil
}

// Manned tells whether every stage can be done by a person of its own: the organisation's people
// hold the ranks, and no one is needed twice. roles narrows to desks of those roles; none = any.
func Manned(r *store.ReadTx, org string, roles []procedure.Role, stages []string) (bool, error) {
	var rows []struct {
		Person, Ranks string
		Role          procedure.Role
	}
	if err := r.Select(&rows, `SELECT person, ranks, role FROM membership WHERE org = $1 AND until = '' ORDER BY person, role`, org); err != nil {
		return false, err
	}
	byRole := map[procedure.Role]map[string][]string{} // role → rank → persons
	for _, row := range rows {
		if byRole[row.Role] == nil {
			byRole[row.Role] = map[string][]string{}
		}
		for _, k := range ranks(row.Ranks) {
			byRole[row.Role][string(k)] = append(byRole[row.Role][string(k)], row.Person)
		}
		// A draft is whatever the desk's holder hands in, and anybody there may countersign.
		byRole[row.Role]["*"] = append(byRole[row.Role]["*"], row.Person)
	}
	asked := 0
	for role, people := range byRole {
		if len(roles) > 0 && !contains(roles, role) {
			continue
		}
		asked++
		if !assign(stages, people, map[string]bool{}) {
			return false, nil
		}
	}
	return asked > 0, nil
}

// assign finds distinct persons for the stages.
func assign(stages []string, people map[string][]string, taken map[string]bool) bool {
	if len(stages) == 0 {
		return true
	}
	rank := stages[0]
	if rank == string(procedure.Drafter) || rank == "countersign" {
		rank = "*"
	}
	for _, p := range people[rank] {
		if taken[p] {
			continue
		}
		taken[p] = true
		if assign(stages[1:], people, taken) {
			return true
		}
		delete(taken, p)
	}
	return false
}

func contains(list []procedure.Role, r procedure.Role) bool {
	for _, x := range list {
		if x == r {
			return true
		}
	}
	return false
}
