package procedures

import (
	"strings"

	"pado/core/id"
	"pado/core/procedure"
	"pado/core/register"
	"pado/domain/party"
	"pado/plan"
)

// docNumbers is the register of 文号: every number an organisation has given, to whom, for what,
// and whether it still stands. A number is never given twice; one that is missing shows.
var docNumbers = &register.Register{ID: "doc_numbers", Title: "文号登记", Group: "公文", Plan: plan.C("3"), Roles: docNumberRoles(),
	Columns: []procedure.Column{{Key: "doc_no", Label: "文号", Kind: "code", Primary: true, Width: 150}, {Key: "title", Label: "事由", Kind: "text"}, {Key: "act", Label: "办理", Kind: "text"},
		{Key: "at", Label: "编号时间", Kind: "datetime", Width: 130}, {Key: "person", Label: "签发人", Kind: "text"}, {Key: "org", Label: "发文单位", Kind: "text"},
		{Key: "case", Label: "事项编号", Kind: "code", Width: 140}, {Key: "state", Label: "状态", Kind: "tag"}, {Key: "gap", Label: "断号", Kind: "tag"}},
	Filters: []register.Filter{
		{Key: "state", Label: "状态", Expr: docNumberState, Options: []procedure.Option{{Value: "有效", Label: "有效"}, {Value: "已作废", Label: "已作废"}}},
		{Key: "gap", Label: "断号", Expr: "CASE WHEN d.missing > 0 THEN 'yes' ELSE 'no' END", Options: []procedure.Option{{Value: "yes", Label: "前有断号"}, {Value: "no", Label: "连续"}}}},
	From: `(SELECT doc_no, org, year, n, case_no, at, n - COALESCE(LAG(n) OVER (PARTITION BY org, year ORDER BY n), 0) - 1 AS missing FROM doc_number) d
		JOIN org o ON o.id = d.org JOIN case_file c ON c.no = d.case_no
		LEFT JOIN case_event e ON e.case_no = d.case_no AND e.n = (SELECT MIN(x.n) FROM case_event x WHERE x.case_no = d.case_no AND x.doc_no = d.doc_no)`,
	Key: "d.doc_no",
	Cells: map[string]string{"doc_no": "d.doc_no", "title": "c.title", "act": "COALESCE(e.label, '')", "at": "d.at", "person": "COALESCE(e.person_name, '')", "org": "o.name",
		"case": "d.case_no", "state": docNumberState,
		"gap": `CASE WHEN d.missing = 1 THEN '缺 ' || (d.n - 1) || ' 号' WHEN d.missing > 1 THEN '缺 ' || (d.n - d.missing) || '—' || (d.n - 1) || ' 号' ELSE '' END`},
	Search: []string{"d.doc_no", "c.title", "d.case_no"}, Order: "-d.at", Visible: docNumbersOf}

const docNumberState = "CASE WHEN c.state = '" + procedure.StateVoid + "' THEN '已作废' ELSE '有效' END"

// docNumberRoles: the desks of organisations, and the archive: auditors and the audit administrator.
func docNumberRoles() []procedure.Role {
	return append(append([]procedure.Role{}, party.Confirmable...), party.Lead, party.AuditAdm)
}

// docNumbersOf: a clerk sees the numbers of acts of the own desk, who leads the organisation all of
// its numbers, the archive those of its division.
func docNumbersOf(a procedure.Actor, arg func(any) string) string {
	or := []string{"1 = 0"}
	for _, d := range a.Desks {
		switch d.Role {
		case party.Auditor, party.AuditAdm:
			var in []string
			for _, div := range id.Divisions() {
				if party.Scope(d.Division, div.Code) {
					in = append(in, arg(div.Code))
				}
			}
			if len(in) > 0 {
				or = append(or, "o.division IN ("+strings.Join(in, ", ")+")")
			}
		case party.Lead:
			or = append(or, "d.org = "+arg(d.Org))
		default:
			if d.Org != "" {
				or = append(or, "d.org = "+arg(d.Org)+" AND e.role = "+arg(string(d.Role)))
			}
		}
	}
	return "(" + strings.Join(or, ") OR (") + ")"
}
