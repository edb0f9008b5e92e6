package development

import (
	"pado/core/procedure"
	"pado/core/store"
)

// Choice is a list that forms pick from.
type Choice = func(*store.ReadTx, procedure.Actor, string) ([]procedure.Option, error)

// Choices are "listed_products" (products of the lists in force), "list_rounds" (lists being drafted),
// "scenarios" (justified ones) and "purposes" (what the products of the lists are for).
func Choices() map[string]Choice {
	return map[string]Choice{
		"listed_products": query(`SELECT id AS value, name AS label FROM product_list_item WHERE state = 'listed' AND name LIKE $1 ORDER BY name LIMIT 50`),
		"list_rounds": query(`SELECT no AS value, title AS label FROM case_file WHERE procedure = 'p09_productlist' AND state IN ('draft','supplement','correcting')
			AND title LIKE $1 ORDER BY created DESC LIMIT 50`),
		"scenarios": query(`SELECT id AS value, title AS label FROM scenario WHERE state = 'justified' AND title LIKE $1 ORDER BY justified DESC LIMIT 50`),
		"purposes":  query(`SELECT DISTINCT purpose AS value, purpose AS label FROM product_list_item WHERE state = 'listed' AND purpose LIKE $1 ORDER BY purpose LIMIT 50`),
	}
}

func query(sql string) Choice {
	return func(r *store.ReadTx, _ procedure.Actor, q string) ([]procedure.Option, error) {
		var out []procedure.Option
		return out, r.Select(&out, sql, "%"+q+"%")
	}
}
