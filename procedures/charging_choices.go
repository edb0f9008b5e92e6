package procedures

import (
	"fmt"

	"pado/core/money"
	p "pado/core/procedure"
	"pado/core/store"
	"pado/domain/party"
)

// ChargingChoices are the lists that the forms of price, order and settlement pick from.
func ChargingChoices() map[string]func(*store.ReadTx, p.Actor, string) ([]p.Option, error) {
	return map[string]func(*store.ReadTx, p.Actor, string) ([]p.Option, error){
		"products_own":       productsOwn,
		"products_published": productsPublished,
		"product_terms":      productTerms,
		"statements_open":    statementsOpen,
		"fees_due":           feesDue,
	}
}

// ownOrgs calls f for each organisation in which the actor holds a desk of the role.
func ownOrgs(a p.Actor, role p.Role, f func(org string) error) error {
	seen := map[string]bool{}
	for _, d := range a.Desks {
		if d.Role == role && !seen[d.Org] {
			seen[d.Org] = true
			if err := f(d.Org); err != nil {
				return err
			}
		}
	}
	return nil
}

func productsOwn(r *store.ReadTx, a p.Actor, q string) (out []p.Option, err error) {
	like := "%" + q + "%"
	err = ownOrgs(a, party.Operator, func(org string) error {
		var part []p.Option
		err := r.Select(&part, `SELECT id AS value, name || '（' || code || '）' AS label FROM product WHERE operator_org = $1 AND state <> 'retired'
			AND (name LIKE $2 OR code LIKE $3) ORDER BY name, id LIMIT 50`, org, like, like)
		out = append(out, part...)
		return err
	})
	return out, err
}

func productsPublished(r *store.ReadTx, _ p.Actor, q string) (out []p.Option, err error) {
	like := "%" + q + "%"
	return out, r.Select(&out, `SELECT id AS value, name || '（' || code || '）' AS label FROM product WHERE state = 'published' AND (name LIKE $1 OR code LIKE $2)
		ORDER BY name, id LIMIT 50`, like, like)
}

// productTerms names the texts of use restrictions that can be accepted; the value is the digest.
func productTerms(r *store.ReadTx, _ p.Actor, q string) ([]p.Option, error) {
	like := "%" + q + "%"
	var rows []struct {
		Name, TermsDigest string
		Version           int
	}
	if err := r.Select(&rows, `SELECT p.name, v.terms_digest, v.version FROM product p JOIN product_version v ON v.product = p.id AND v.version = p.version
		WHERE p.state = 'published' AND (p.name LIKE $1 OR p.code LIKE $2 OR v.terms_digest LIKE $3) ORDER BY p.name, p.id LIMIT 50`, like, like, like); err != nil {
		return nil, err
	}
	out := make([]p.Option, len(rows))
	for i, row := range rows {
		out[i] = p.Option{Value: row.TermsDigest, Label: fmt.Sprintf("接受《%s使用限制条件》第 %d 版（摘要 %.12s）", row.Name, row.Version, row.TermsDigest)}
	}
	return out, nil
}

func statementsOpen(r *store.ReadTx, a p.Actor, q string) (out []p.Option, err error) {
	like := "%" + q + "%"
	err = ownOrgs(a, party.Operator, func(org string) error {
		var rows []struct {
			ID, Month, Name string
			Left            money.Fen
		}
		if err := r.Select(&rows, `SELECT s.id, s.month, o.name, s.amount_fen - s.paid_fen AS "left" FROM statement s JOIN org o ON o.id = s.customer_org
			WHERE s.operator_org = $1 AND s.paid_fen < s.amount_fen AND (s.id LIKE $2 OR o.name LIKE $3) ORDER BY s.month, s.id LIMIT 50`, org, like, like); err != nil {
			return err
		}
		for _, row := range rows {
			out = append(out, p.Option{Value: row.ID, Label: fmt.Sprintf("%s %s %s 未付 %s 元", row.ID, row.Month, row.Name, row.Left)})
		}
		return nil
	})
	return out, err
}

func feesDue(r *store.ReadTx, a p.Actor, q string) (out []p.Option, err error) {
	like := "%" + q + "%"
	err = ownOrgs(a, party.Operator, func(org string) error {
		var rows []struct {
			ID, Month, Due string
			FeeFen         money.Fen
		}
		if err := r.Select(&rows, `SELECT id, month, CASE WHEN due = '' THEN due_note ELSE due END AS due, fee_fen FROM fee_due
			WHERE operator_org = $1 AND state = 'due' AND (id LIKE $2 OR month LIKE $3) ORDER BY month, id LIMIT 50`, org, like, like); err != nil {
			return err
		}
		for _, row := range rows {
			out = append(out, p.Option{Value: row.ID, Label: fmt.Sprintf("%s %s 应缴 %s 元，期限 %s", row.ID, row.Month, row.FeeFen, row.Due)})
		}
		return nil
	})
	return out, err
}
