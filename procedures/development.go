package procedures

import (
	"errors"

	"pado/core/canon"
	p "pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/domain/development"
	"pado/domain/party"
	"pado/domain/product"
	"pado/domain/sandbox"
)

// Development are the procedures from the product list to the registered product (clauses 6.3, 9).
func Development() []*p.Procedure {
	return []*p.Procedure{ProductList(), ListScope(), ListSuggestion(), Scenario(), ScenarioByOperator(), Demand(), DemandByOperator(), Members(), MembersOfOperator(), Freeze(), FreezeBySource(), Allotment(),
		Output(), OutputByOperator(), Registration(), RegistrationByOperator()}
}

func developmentRegisters() []*register.Register {
	all := append(development.Registers(), sandbox.Registers()...)
	return append(all, productRegisters()...)
}

// DevelopmentChoices are the lists that the forms of development pick from.
func DevelopmentChoices() map[string]development.Choice {
	out := map[string]development.Choice{"regulators": regulatorChoices, "catalogue_fields": fieldChoices}
	for _, m := range []map[string]development.Choice{development.Choices(), sandbox.Choices(), product.Choices()} {
		for k, f := range m {
			out[k] = f
		}
	}
	return out
}

func regulatorChoices(r *store.ReadTx, _ p.Actor, q string) (out []p.Option, err error) {
	return out, r.Select(&out, `SELECT DISTINCT o.id AS value, o.name AS label FROM org o JOIN org_role x ON x.org = o.id AND x.role = $1 AND x.until IS NULL
		WHERE o.status = 'active' AND o.name LIKE $2 ORDER BY o.name LIMIT 50`, string(party.Regulator), "%"+q+"%")
}

// fieldChoices lists authorisable information items; the text narrows by item, item's id or name.
func fieldChoices(r *store.ReadTx, _ p.Actor, q string) (out []p.Option, err error) {
	return out, r.Select(&out, `SELECT f.name AS value, i.title || '：' || f.label || '（' || f.name || '）' AS label FROM catalogue_field f
		JOIN catalogue_item i ON i.id = f.item AND i.state = 'published' WHERE f.authorisable = $1 AND (i.id = $2 OR i.title LIKE $3 OR f.label LIKE $3 OR f.name LIKE $3)
		ORDER BY i.title, f.n LIMIT 200`, true, q, "%"+q+"%")
}

// operatorOfItem finds the operator of the product of the list that the form names in field; empty
// when it names none.
func operatorOfItem(item func(*p.Ctx) (string, error)) func(*p.Ctx) (string, error) {
	return func(c *p.Ctx) (string, error) {
		id, err := item(c)
		if err != nil || id == "" {
			return "", err
		}
		_, _, operator, err := development.ItemByID(c.ReadTx, id)
		if errors.Is(err, store.ErrNotFound) {
			return "", nil
		}
		return operator, err
	}
}

// formDigest names the text a panel or a reviewer speaks on.
func formDigest(c *p.Ctx) string { return canon.Digest([]byte(c.Case.Form)) }

// agreementInForce tells whether an agreement is signed, not suspended and in its term today.
func agreementInForce(c *p.Ctx, id string) (bool, error) {
	return c.Exists(`SELECT 1 FROM agreement WHERE id = $1 AND state = 'in_force' AND signed <= $2 AND ends >= $2`, id, c.Today().String())
}

// listed tells whether a product of the list stands on the filed and public list now (clause 9.2).
func listed(c *p.Ctx, item, agreement string) (bool, error) {
	return c.Exists(`SELECT 1 FROM permit_listing WHERE product = $1 AND agreement = $2 AND valid_from <= $3 AND (valid_to IS NULL OR valid_to > $3)`,
		item, agreement, store.At(c.Now()))
}

// missing turns "not there" into a rule's no.
func missing(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return p.ErrFails
	}
	return err
}
