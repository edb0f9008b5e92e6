package supply

import (
	"errors"

	"pado/core/procedure"
	"pado/core/store"
)

// ProgressSection shows how far an item has come on its way to an operator: catalogue, first leg,
// authorisation, hookup, second leg. item may be empty: then it is not in the catalogue.
func ProgressSection(r *store.ReadTx, item, operator string) (procedure.Section, error) {
	s := procedure.Section{Kind: "table", Columns: []procedure.Column{{Key: "step", Label: "环节", Kind: "text", Primary: true}, {Key: "state", Label: "状态", Kind: "tag"}, {Key: "where", Label: "记录", Kind: "link"}}}
	row := func(step string, done bool, where any) {
		state := map[string]any{"text": "已办", "tone": "ok"}
		if !done {
			state = map[string]any{"text": "未办", "tone": "warn"}
		}
		s.Rows = append(s.Rows, map[string]any{"step": step, "state": state, "where": where})
	}
	var x struct{ Title, Collected, Agreement, AgreementNo, Hookup, Dataset, Version string }
	if item != "" {
		err := r.Get(&x, `SELECT i.title, CASE WHEN `+collected("i.id")+` THEN 'yes' ELSE '' END AS collected,
			COALESCE((SELECT MAX(a.id) FROM agreement_item ai JOIN agreement a ON a.id = ai.agreement AND a.state = 'in_force' AND a.operator_org = $2 WHERE ai.item = i.id AND ai.state = 'active'), '') AS agreement,
			COALESCE((SELECT MAX(h.id) FROM hookup h WHERE h.item = i.id AND h.operator_org = $2 AND h.state = 'connected'), '') AS hookup,
			COALESCE((SELECT MAX(d.id) FROM dataset d JOIN hookup h ON h.dataset = d.id WHERE h.item = i.id AND h.operator_org = $2 AND h.state = 'connected' AND d.current_version <> ''), '') AS dataset, '' AS version
			FROM catalogue_item i WHERE i.id = $1 AND i.state = 'published'`, item, operator)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return s, err
		}
	}
	if x.Agreement != "" {
		if err := r.Get(&x.AgreementNo, `SELECT no FROM agreement WHERE id = $1`, x.Agreement); err != nil {
			return s, err
		}
	}
	where := any("")
	if x.Title != "" {
		where = Link(x.Title, "catalogue", item)
	}
	row("编入全市资源目录", x.Title != "", where)
	row("归集到市级数据平台", x.Collected != "", "")
	row("列入授权运营目录", x.Agreement != "", Link(x.AgreementNo, "agreements", x.Agreement))
	row("接入运营平台", x.Hookup != "", Link(x.Hookup, "hookups", x.Hookup))
	row("报送并验收入池", x.Dataset != "", Link(x.Dataset, "datasets", x.Dataset))
	return s, nil
}
