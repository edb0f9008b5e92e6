package procedures

import (
	"errors"

	"pado/core/procedure"
	"pado/core/store"
)

// nameBy is the query that names a record by its key, for each list a form picks records from.
var nameBy = map[string]string{
	"orgs": orgName, "operators": orgName, "regulators": orgName, "join_orgs": orgName,
	"colleagues":  `SELECT name FROM person WHERE id = $1`,
	"delegations": `SELECT f.name || ' → ' || t.name FROM delegation d JOIN person f ON f.id = d.from_person JOIN person t ON t.id = d.to_person WHERE d.id = $1`,
	"agreements":  `SELECT no || ' ' || title FROM agreement WHERE id = $1`,
	"catalogue":   itemName, "catalogue_own": itemName, "catalogue_authorisable": itemName,
	"source_orgs":       orgName,
	"datasets_supplied": `SELECT title FROM dataset WHERE id = $1`,
	"list_rounds":       `SELECT title FROM case_file WHERE no = $1`,
	"listed_products":   `SELECT name FROM product_list_item WHERE id = $1`,
	"scenarios":         `SELECT title FROM scenario WHERE id = $1`,
	"projects":          `SELECT title FROM project WHERE no = $1`,
	"answers":           `SELECT sql_text FROM question WHERE id = $1`,
	"artefacts":         `SELECT title FROM output_release WHERE digest = $1`,
	"products":          productName, "products_own": productName, "products_published": productName,
	"product_terms": `SELECT MIN('《' || p.name || '使用限制条件》第 ' || v.version || ' 版') FROM product p JOIN product_version v ON v.product = p.id
		WHERE v.terms_digest = $1 GROUP BY v.terms_digest`,
	"statements_open": `SELECT s.id || ' ' || s.month || ' ' || o.name FROM statement s JOIN org o ON o.id = s.customer_org WHERE s.id = $1`,
	"fees_due":        `SELECT id || ' ' || month FROM fee_due WHERE id = $1`,
	"raw_files":       `SELECT name || '（' || id || '）' FROM raw_file WHERE id = $1`,
}

const (
	orgName     = `SELECT name FROM org WHERE id = $1`
	itemName    = `SELECT title FROM catalogue_item WHERE id = $1`
	productName = `SELECT name || '（' || code || '）' FROM product WHERE id = $1`
)

// saysItself are the lists whose keys people read as they are.
var saysItself = map[string]bool{"purposes": true, "catalogue_fields": true, "catalogue_item_fields": true}

// own are the lists whose records are nobody else's business: $1 is the key, $2 the organisation
// of the case.
var own = map[string]string{
	"colleagues":  `SELECT 1 FROM membership WHERE person = $1 AND org = $2`,
	"delegations": `SELECT 1 FROM delegation WHERE id = $1 AND org = $2`,
	"list_rounds": `SELECT 1 FROM case_file WHERE no = $1 AND procedure = 'p09_productlist' AND (state <> 'draft' OR org = $2)`,
	"projects":    ownProject,
	"answers":     `SELECT 1 FROM question WHERE id = $1 AND org = $2`,
	"artefacts":   `SELECT 1 FROM output_release WHERE digest = $1 AND org = $2`,
	"products":    ownProduct, "products_own": ownProduct,
	"products_published": ownProduct,
	"datasets_supplied":  `SELECT 1 FROM hookup WHERE dataset = $1 AND operator_org = $2`,
	"statements_open":    `SELECT 1 FROM statement WHERE id = $1 AND $2 IN (customer_org, operator_org)`,
	"fees_due":           `SELECT 1 FROM fee_due WHERE id = $1 AND operator_org = $2`,
	"raw_files":          `SELECT 1 FROM raw_file f JOIN hookup h ON h.id = f.hookup WHERE f.id = $1 AND h.operator_org = $2`,
}

const (
	ownProject = `SELECT 1 FROM project WHERE no = $1 AND ($2 IN (org, operator_org) OR EXISTS (SELECT 1 FROM org_role x WHERE x.org = $2 AND x.role = 'authority'))`
	ownProduct = `SELECT 1 FROM product WHERE id = $1 AND (state = 'published' OR $2 IN (org, operator_org))`
)

// NameOf names the record that a case's field picked from a list; empty when the key says it all,
// when the record is not there, and while the case is still its author's draft, when it is not the
// author's organisation's. Afterwards the rules have looked, and who sees the field sees the name.
func NameOf(r *store.ReadTx, c *procedure.Case, list, key string) (string, error) {
	if list == "chain_procedures" {
		if p, ok := find(key); ok {
			return p.Title, nil
		}
		return map[string]string{anyProcedure: "全部事项"}[key], nil
	}
	query, ok := nameBy[list]
	if !ok {
		return "", nil
	}
	if p, there := find(c.Procedure); !there || c.State == p.Start {
		if mine, private := own[list]; private {
			if ok, err := r.Exists(mine, key, c.Org); err != nil || !ok {
				return "", err
			}
		}
	}
	var name string
	err := r.Get(&name, query, key)
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return name, err
}
