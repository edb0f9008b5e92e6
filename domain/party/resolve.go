package party

import (
	"encoding/json"
	"errors"
	"fmt"

	"pado/core/id"
	"pado/core/procedure"
	"pado/core/store"
)

// Scope tells whether a desk of division covers what belongs to tenant (clause 1.8): the city
// sees all, a county sees its own. It is meant for procedure.Options.Scope.
func Scope(division, tenant string) bool { return id.Within(division, tenant) }

// TenantOrg finds the organisation of a role for a case's tenant: its own division's, else the
// city's; empty when neither has one. Where a role has several organisations in a division, the
// one confirmed first answers.
func TenantOrg(role procedure.Role) func(*procedure.Ctx) (string, error) {
	return func(c *procedure.Ctx) (string, error) { return DivisionOrg(c.ReadTx, role, c.Case.Tenant) }
}

// DivisionOrg finds the organisation confirmed in the role for a division, else for the city.
func DivisionOrg(r *store.ReadTx, role procedure.Role, division string) (string, error) {
	org, err := roleOrg(r, role, division)
	if err != nil || org != "" {
		return org, err
	}
	city, err := r.Meta("city")
	if err != nil || city == division {
		return "", err
	}
	return roleOrg(r, role, city)
}

func roleOrg(r *store.ReadTx, role procedure.Role, division string) (org string, err error) {
	err = r.Get(&org, `SELECT x.org FROM org_role x JOIN org o ON o.id = x.org AND o.status = '`+Active+`'
		WHERE x.role = $1 AND x.division = $2 AND x.since <= $3 AND (x.until IS NULL OR x.until > $3) ORDER BY x.since, x.org LIMIT 1`,
		string(role), division, store.At(r.Now()))
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return org, err
}

// CityOrg finds the city's organisation of a role, whatever division the case is of.
func CityOrg(role procedure.Role) func(*procedure.Ctx) (string, error) {
	return func(c *procedure.Ctx) (string, error) {
		city, err := c.Meta("city")
		if err != nil {
			return "", err
		}
		return roleOrg(c.ReadTx, role, city)
	}
}

// FormOrg finds the organisation that the form names in the field; empty when it names none or
// one that is not active.
func FormOrg(field string) func(*procedure.Ctx) (string, error) {
	return func(c *procedure.Ctx) (string, error) {
		org, err := formText(c, field)
		if err != nil || org == "" {
			return "", err
		}
		ok, err := c.Exists(`SELECT 1 FROM org WHERE id = $1 AND status = $2`, org, Active)
		if !ok {
			return "", err
		}
		return org, nil
	}
}

// FormDivisionOrg finds the organisation of a role for the division that the form names in the
// field, for cases that a natural person starts: their own tenant is the city.
func FormDivisionOrg(role procedure.Role, field string) func(*procedure.Ctx) (string, error) {
	return func(c *procedure.Ctx) (string, error) {
		division, err := formText(c, field)
		if err != nil || division == "" {
			return "", err
		}
		return DivisionOrg(c.ReadTx, role, division)
	}
}

func formText(c *procedure.Ctx, field string) (string, error) {
	var form map[string]json.RawMessage
	if err := json.Unmarshal([]byte(c.Case.Form), &form); err != nil {
		return "", fmt.Errorf("read the form of %s: %w", c.Case.No, err)
	}
	var s string
	if raw, ok := form[field]; ok {
		if err := json.Unmarshal(raw, &s); err != nil {
			return "", fmt.Errorf("read %s of %s: %w", field, c.Case.No, err)
		}
	}
	return s, nil
}

// HasRole tells whether an organisation is confirmed in the role now.
func HasRole(r *store.ReadTx, org string, role procedure.Role) (bool, error) {
	return r.Exists(`SELECT 1 FROM org_role x JOIN org o ON o.id = x.org AND o.status = '`+Active+`'
		WHERE x.org = $1 AND x.role = $2 AND x.since <= $3 AND (x.until IS NULL OR x.until > $3)`, org, string(role), store.At(r.Now()))
}
