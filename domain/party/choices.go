package party

import (
	"strconv"
	"strings"

	"pado/core/procedure"
	"pado/core/store"
)

// choiceLimit bounds a list a form picks from; more is found by typing.
const choiceLimit = 50

// Choices are the lists that forms of this room and the common acts pick from, by name, as the
// actor may see them.
var Choices = map[string]func(*store.ReadTx, procedure.Actor, string) ([]procedure.Option, error){
	"colleagues": colleagues, "orgs": orgChoices, "delegations": delegationChoices, "join_orgs": joinable,
}

func like(q string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.TrimSpace(q)) + "%"
}

// colleagues are the people of the actor's own organisations, the actor included.
func colleagues(r *store.ReadTx, a procedure.Actor, q string) ([]procedure.Option, error) {
	args := []any{like(q)}
	var in []string
	for _, d := range a.Desks {
		if d.Org != "" {
			args = append(args, d.Org)
			in = append(in, "$"+strconv.Itoa(len(args)))
		}
	}
	if len(in) == 0 {
		return nil, nil
	}
	return options(r, `SELECT DISTINCT p.id AS value, p.name || '（' || o.name || '）' AS label FROM membership m JOIN person p ON p.id = m.person
		JOIN org o ON o.id = m.org WHERE m.until = '' AND p.name LIKE $1 ESCAPE '\' AND m.org IN (`+strings.Join(in, ",")+`)
		ORDER BY 2, 1`, args...)
}

// orgChoices are the organisations the actor may see.
func orgChoices(r *store.ReadTx, a procedure.Actor, q string) ([]procedure.Option, error) {
	args := []any{like(q), Active}
	arg := func(v any) string { args = append(args, v); return "$" + strconv.Itoa(len(args)) }
	return options(r, `SELECT DISTINCT o.id AS value, o.name AS label FROM `+orgFrom+` WHERE o.name LIKE $1 ESCAPE '\' AND o.status = $2
		AND (`+visibleOrgs(a, arg)+`) ORDER BY 2, 1`, args...)
}

// joinable finds the one organisation whose whole credit code or whole name is given: a person
// without an organisation does not get a list of who is on the platform.
func joinable(r *store.ReadTx, _ procedure.Actor, q string) ([]procedure.Option, error) {
	return options(r, `SELECT id AS value, name AS label FROM org WHERE status = $1 AND (uscc = $2 OR name = $3) ORDER BY id`,
		Active, strings.ToUpper(strings.TrimSpace(q)), strings.TrimSpace(q))
}

// delegationChoices are the delegations in the actor's organisations that can still be ended.
func delegationChoices(r *store.ReadTx, a procedure.Actor, q string) ([]procedure.Option, error) {
	args := []any{like(q), false}
	arg := func(v any) string { args = append(args, v); return "$" + strconv.Itoa(len(args)) }
	return options(r, `SELECT m.id AS value, f.name || ' → ' || t.name || '，' || m.valid_from || ' 至 ' || m.valid_to AS label FROM `+
		delegationRegister.From+` WHERE (f.name LIKE $1 ESCAPE '\' OR t.name LIKE $1 ESCAPE '\') AND m.revoked = $2
		AND (`+visibleDelegations(a, arg)+`) ORDER BY 2, 1`, args...)
}

func options(r *store.ReadTx, query string, args ...any) (out []procedure.Option, err error) {
	return out, r.Select(&out, query+" LIMIT "+strconv.Itoa(choiceLimit), args...)
}
