package party

import (
	"errors"
	"fmt"
	"sort"
	"strings"

	"pado/core/id"
	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/plan"
)

// Registers are the lists of this room: 单位台账, 人员与岗位, 委托代办, 账号, 入驻单位.
func Registers() []*register.Register {
	return []*register.Register{orgRegister, peopleRegister, delegationRegister, publicOrgs}
}

// labels writes a CASE that shows stored ids by their Chinese names. Neither side comes from outside.
func labels(expr string, name map[string]string) string {
	keys := make([]string, 0, len(name))
	for k := range name {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	var b strings.Builder
	b.WriteString("CASE " + expr)
	for _, k := range keys {
		fmt.Fprintf(&b, " WHEN '%s' THEN '%s'", k, name[k])
	}
	return b.String() + " ELSE " + expr + " END"
}

func roleNames() map[string]string {
	out := map[string]string{}
	for r, l := range Labels {
		out[string(r)] = l
	}
	return out
}

func optionNames(list []procedure.Option) map[string]string {
	out := map[string]string{}
	for _, o := range list {
		out[o.Value] = o.Label
	}
	return out
}

// DivisionCell is an SQL expression for the name of the division whose code expr holds.
func DivisionCell(expr string) string { return labels(expr, divisionNames()) }

func divisionNames() map[string]string {
	out := map[string]string{}
	for _, d := range id.Divisions() {
		out[d.Code] = d.Name
	}
	return out
}

func roleOptions(roles []procedure.Role) (out []procedure.Option) {
	for _, r := range roles {
		out = append(out, procedure.Option{Value: string(r), Label: Labels[r]})
	}
	return out
}

// RoleOptions are the roles an organisation may apply for.
func RoleOptions() []procedure.Option { return roleOptions(Confirmable) }

// DivisionOptions are the divisions that have an implementing body of their own (clause 1.8).
func DivisionOptions() (out []procedure.Option) {
	for _, d := range id.Divisions() {
		if d.Tenant {
			out = append(out, procedure.Option{Value: d.Code, Label: d.Name})
		}
	}
	return out
}

// inScope is a condition on a division column for what a desk's division covers.
func inScope(expr, division string, arg func(any) string) string {
	var list []string
	for _, d := range id.Divisions() {
		if Scope(division, d.Code) {
			list = append(list, arg(d.Code))
		}
	}
	if len(list) == 0 {
		return "1 = 0"
	}
	return expr + " IN (" + strings.Join(list, ",") + ")"
}

// oversees tells the desks that see organisations and people beyond their own: public bodies
// within their division, and the administrators.
func oversees(r procedure.Role) bool {
	return IsOrgan(r) || r == SystemAdm || r == SecurityAd || r == AuditAdm
}

// visibleOrgs: one's own organisations; for public bodies and administrators everything in their
// division; for every other desk the public bodies, the sources and the operator it deals with.
func visibleOrgs(a procedure.Actor, arg func(any) string) string {
	or := []string{"1 = 0"}
	for _, d := range a.Desks {
		switch {
		case d.Org == "":
		case oversees(d.Role):
			or = append(or, inScope("o.division", d.Division, arg))
		default:
			var open []string
			for _, r := range append([]procedure.Role{Source, Operator}, Organs...) {
				open = append(open, arg(string(r)))
			}
			or = append(or, "o.id = "+arg(d.Org), "(x.role IN ("+strings.Join(open, ",")+") AND (o.division IN (SELECT value FROM meta WHERE key = 'city') OR "+
				inScope("o.division", d.Division, arg)+"))")
		}
	}
	return strings.Join(or, " OR ")
}

const orgFrom = "org o LEFT JOIN org_role x ON x.org = o.id AND x.until IS NULL"

var orgRegister = &register.Register{
	ID: "orgs", Title: "单位台账", Group: "主体", Plan: plan.C("1.8"),
	Columns: []procedure.Column{
		{Key: "name", Label: "单位名称", Kind: "text", Primary: true}, {Key: "role", Label: "在平台的角色", Kind: "tag"},
		{Key: "division", Label: "区划", Kind: "text"}, {Key: "kind", Label: "单位性质", Kind: "text"},
		{Key: "uscc", Label: "统一社会信用代码", Kind: "code"}, {Key: "legal", Label: "法人", Kind: "text"},
		{Key: "status", Label: "状态", Kind: "tag"}, {Key: "since", Label: "确认时间", Kind: "datetime"}},
	Filters: []register.Filter{
		{Key: "role", Label: "角色", Expr: "x.role", Options: roleOptions(Confirmable)},
		{Key: "division", Label: "区划", Expr: "o.division", Options: DivisionOptions()},
		{Key: "kind", Label: "单位性质", Expr: "o.kind", Options: Kinds}},
	From: orgFrom,
	Key:  "o.id || '/' || COALESCE(x.role, '')",
	Cells: map[string]string{"name": "o.name", "role": labels("x.role", roleNames()), "division": DivisionCell("COALESCE(x.division, o.division)"),
		"kind": labels("o.kind", optionNames(Kinds)), "uscc": "o.uscc", "legal": "CASE WHEN o.legal_person THEN '是' ELSE '否' END",
		"status": "CASE o.status WHEN 'active' THEN '正常' ELSE '已停用' END", "since": "x.since"},
	Search: []string{"o.name", "o.uscc"}, Order: "o.name", Visible: visibleOrgs, Item: orgItem,
}

// orgItem is the page of an organisation; people and related parties are shown to itself and to
// those who oversee it.
func orgItem(r *store.ReadTx, a procedure.Actor, key string) (*register.Item, error) {
	org, role, _ := strings.Cut(key, "/")
	var args []any
	arg := func(v any) string { args = append(args, v); return fmt.Sprintf("$%d", len(args)) }
	cond := visibleOrgs(a, arg)
	ok, err := r.Exists("SELECT 1 FROM "+orgFrom+" WHERE ("+cond+") AND o.id = "+arg(org)+" AND COALESCE(x.role, '') = "+arg(role), args...)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, store.ErrNotFound
	}
	o, err := Get(r, org)
	if err != nil {
		return nil, err
	}
	d, _ := id.Division(o.Division)
	it := &register.Item{Title: o.Name, Subtitle: KindLabel(o.Kind) + " · " + d.Name, Sections: []procedure.Section{{Kind: "keyvalues", Title: "单位信息",
		Clause: "1.7b", Items: []procedure.Item{{Label: "统一社会信用代码", Value: o.USCC}, {Label: "法人", Value: yesNo(o.LegalPerson)},
			{Label: "所属区划", Value: d.Name}, {Label: "地址", Value: o.Address}, {Label: "联系电话", Value: o.Phone}, {Label: "机关代字", Value: o.DocPrefix},
			{Label: "确认事项", Value: o.CaseNo}}}}}
	roles, err := roleSection(r, org)
	if err != nil {
		return nil, err
	}
	it.Sections = append(it.Sections, roles)
	inside := false
	for _, d := range a.Desks {
		inside = inside || (d.Org == org && d.Behalf == "") || (oversees(d.Role) && Scope(d.Division, o.Division))
	}
	if inside {
		more, err := insideSections(r, org)
		if err != nil {
			return nil, err
		}
		it.Sections = append(it.Sections, more...)
	}
	if err := r.Select(&it.Cases, `SELECT no FROM case_file WHERE subject = $1 ORDER BY updated DESC LIMIT 50`, org); err != nil {
		return nil, err
	}
	for _, p := range []struct{ id, title string }{{"p04_change", "变更单位信息"}, {"p04_appoint", "岗位任免与委托"}, {"p04_chain", "设置内部审签"}} {
		if a.Has(Lead) {
			it.Starts = append(it.Starts, register.Start{Procedure: p.id, Title: p.title, Prefill: map[string]any{}})
		}
	}
	return it, nil
}

func yesNo(b bool) string {
	if b {
		return "是"
	}
	return "否"
}

func roleSection(r *store.ReadTx, org string) (procedure.Section, error) {
	s := procedure.Section{Kind: "table", Title: "在平台的角色", Clause: "1.8", Columns: []procedure.Column{{Key: "role", Label: "角色", Kind: "text", Primary: true},
		{Key: "division", Label: "区划", Kind: "text"}, {Key: "since", Label: "自", Kind: "datetime"}, {Key: "until", Label: "至", Kind: "datetime"}, {Key: "case", Label: "事项", Kind: "code"}}}
	var rows []struct {
		Role             procedure.Role
		Division, CaseNo string
		Since, Until     store.Time
	}
	err := r.Select(&rows, `SELECT role, division, case_no, since, until FROM org_role WHERE org = $1 ORDER BY since, role`, org)
	for _, x := range rows {
		d, _ := id.Division(x.Division)
		row := map[string]any{"role": Labels[x.Role], "division": d.Name, "since": x.Since, "case": x.CaseNo}
		if !x.Until.IsZero() {
			row["until"] = x.Until
		}
		s.Rows = append(s.Rows, row)
	}
	return s, err
}

func insideSections(r *store.ReadTx, org string) ([]procedure.Section, error) {
	people := procedure.Section{Kind: "table", Title: "人员与岗位", Clause: "3", Columns: []procedure.Column{{Key: "name", Label: "姓名", Kind: "text", Primary: true},
		{Key: "role", Label: "岗位", Kind: "text"}, {Key: "ranks", Label: "审签职责", Kind: "text"}, {Key: "lead", Label: "负责人", Kind: "text"}, {Key: "since", Label: "自", Kind: "date"}}}
	var rows []struct {
		Name, Ranks, Since string
		Role               procedure.Role
		Lead               bool
	}
	err1 := r.Select(&rows, `SELECT p.name, m.ranks, m.since, m.role, m.lead FROM membership m JOIN person p ON p.id = m.person
		WHERE m.org = $1 AND m.until = '' ORDER BY p.name, m.role`, org)
	for _, x := range rows {
		people.Rows = append(people.Rows, map[string]any{"name": x.Name, "role": Labels[x.Role], "ranks": rankText(x.Ranks), "lead": yesNo(x.Lead), "since": x.Since})
	}
	ties := procedure.Section{Kind: "table", Title: "申报的关联关系", Clause: "1.7", Columns: []procedure.Column{{Key: "name", Label: "关联方", Kind: "text", Primary: true},
		{Key: "uscc", Label: "统一社会信用代码", Kind: "code"}, {Key: "relation", Label: "关系", Kind: "text"}}}
	list, err2 := Declared(r, org)
	names := optionNames(Relations)
	for _, x := range list {
		ties.Rows = append(ties.Rows, map[string]any{"name": x.OtherName, "uscc": x.OtherUSCC, "relation": names[string(x.Relation)]})
	}
	chains := procedure.Section{Kind: "table", Title: "内部审签设置", Clause: "3", Columns: []procedure.Column{{Key: "procedure", Label: "事项", Kind: "text", Primary: true},
		{Key: "action", Label: "办理", Kind: "text"}, {Key: "stages", Label: "环节", Kind: "text"}}}
	set, err3 := Chains(r, org)
	for _, x := range set {
		chains.Rows = append(chains.Rows, map[string]any{"procedure": x.Procedure, "action": x.Action, "stages": x.Stages})
	}
	return []procedure.Section{people, ties, chains}, errors.Join(err1, err2, err3)
}

func rankText(s string) string {
	names := optionNames(RankOptions)
	var out []string
	for _, k := range ranks(s) {
		out = append(out, names[string(k)])
	}
	return strings.Join(out, "、")
}

var peopleRegister = &register.Register{
	ID: "people", Title: "人员与岗位", Group: "主体", Plan: plan.C("3"),
	Columns: []procedure.Column{
		{Key: "name", Label: "姓名", Kind: "text", Primary: true}, {Key: "org", Label: "单位", Kind: "text"}, {Key: "role", Label: "岗位", Kind: "tag"},
		{Key: "ranks", Label: "审签职责", Kind: "text"}, {Key: "lead", Label: "负责人", Kind: "text"}, {Key: "phone", Label: "手机号码", Kind: "text"},
		{Key: "since", Label: "任职", Kind: "date"}, {Key: "until", Label: "离任", Kind: "date"}},
	Filters: []register.Filter{{Key: "role", Label: "岗位", Expr: "m.role", Options: roleOptions(Confirmable)},
		{Key: "held", Label: "在岗", Expr: "CASE m.until WHEN '' THEN 'yes' ELSE 'no' END", Options: []procedure.Option{{Value: "yes", Label: "在岗"}, {Value: "no", Label: "已离岗"}}}},
	From: "membership m JOIN person p ON p.id = m.person JOIN org o ON o.id = m.org",
	Key:  "m.person || '/' || m.org || '/' || m.role || '/' || m.since",
	Cells: map[string]string{"name": "p.name", "org": "o.name", "role": labels("m.role", roleNames()),
		"ranks": "REPLACE(REPLACE(REPLACE(REPLACE(m.ranks, 'draft', '拟办'), 'review', '审核'), 'sign', '签发'), ',', '、')",
		"lead":  "CASE WHEN m.lead THEN '是' ELSE '' END", "phone": "p.phone_masked", "since": "m.since", "until": "m.until"},
	Search: []string{"p.name", "o.name"}, Order: "o.name", Visible: visiblePeople,
}

// visiblePeople: the colleagues of one's own organisations, everybody within the division for
// the Authority and the administrators, and one's own line.
func visiblePeople(a procedure.Actor, arg func(any) string) string {
	or := []string{"m.person = " + arg(a.Person)}
	for _, d := range a.Desks {
		switch {
		case d.Role == Authority || d.Role == SystemAdm || d.Role == SecurityAd || d.Role == AuditAdm:
			or = append(or, inScope("o.division", d.Division, arg))
		case d.Org != "" && d.Behalf == "":
			or = append(or, "m.org = "+arg(d.Org))
		}
	}
	return strings.Join(or, " OR ")
}

var delegationRegister = &register.Register{
	ID: "delegations", Title: "委托代办", Group: "主体", Plan: plan.C("3"),
	Columns: []procedure.Column{
		{Key: "from", Label: "委托人", Kind: "text", Primary: true}, {Key: "to", Label: "受托人", Kind: "text"}, {Key: "org", Label: "单位", Kind: "text"},
		{Key: "role", Label: "岗位", Kind: "tag"}, {Key: "valid_from", Label: "自", Kind: "date"}, {Key: "valid_to", Label: "至", Kind: "date"},
		{Key: "revoked", Label: "状态", Kind: "tag"}, {Key: "case", Label: "事项", Kind: "code"}},
	Filters: []register.Filter{{Key: "role", Label: "岗位", Expr: "m.role", Options: roleOptions(Confirmable)}},
	From:    "delegation m JOIN person f ON f.id = m.from_person JOIN person t ON t.id = m.to_person JOIN org o ON o.id = m.org",
	Key:     "m.id",
	Cells: map[string]string{"from": "f.name", "to": "t.name", "org": "o.name", "role": labels("m.role", roleNames()), "valid_from": "m.valid_from",
		"valid_to": "m.valid_to", "revoked": "CASE WHEN m.revoked THEN '已终止' ELSE '按期有效' END", "case": "m.case_no"},
	Search: []string{"f.name", "t.name"}, Order: "-m.valid_from", Visible: visibleDelegations,
}

func visibleDelegations(a procedure.Actor, arg func(any) string) string {
	or := []string{"m.from_person = " + arg(a.Person), "m.to_person = " + arg(a.Person)}
	for _, d := range a.Desks {
		switch {
		case d.Role == SecurityAd || d.Role == AuditAdm:
			or = append(or, inScope("o.division", d.Division, arg))
		case d.Org != "" && d.Behalf == "":
			or = append(or, "m.org = "+arg(d.Org))
		}
	}
	return strings.Join(or, " OR ")
}

// publicOrgs is what everybody may know: which bodies and companies take part, and as what. Who
// only buys is nobody's business but its own.
var publicOrgs = &register.Register{
	ID: "orgs_public", Title: "入驻单位", Group: "主体", Plan: plan.C("1.8"), Public: true,
	Columns: []procedure.Column{{Key: "name", Label: "单位名称", Kind: "text", Primary: true}, {Key: "role", Label: "在平台的角色", Kind: "tag"},
		{Key: "division", Label: "区划", Kind: "text"}, {Key: "kind", Label: "单位性质", Kind: "text"}, {Key: "since", Label: "确认时间", Kind: "datetime"}},
	Filters: []register.Filter{{Key: "role", Label: "角色", Expr: "x.role", Options: roleOptions(publicRoles)},
		{Key: "division", Label: "区划", Expr: "x.division", Options: DivisionOptions()}},
	From: "org o JOIN org_role x ON x.org = o.id AND x.until IS NULL",
	Key:  "o.id || '/' || x.role",
	Cells: map[string]string{"name": "o.name", "role": labels("x.role", roleNames()), "division": labels("x.division", divisionNames()),
		"kind": labels("o.kind", optionNames(Kinds)), "since": "x.since"},
	Search: []string{"o.name"}, Order: "o.name",
	Visible: func(_ procedure.Actor, arg func(any) string) string {
		var in []string
		for _, r := range publicRoles {
			in = append(in, arg(string(r)))
		}
		return "o.status = " + arg(Active) + " AND x.role IN (" + strings.Join(in, ",") + ")"
	},
}

var publicRoles = append([]procedure.Role{Source, Operator, Developer, Regulator, Verifier}, Organs...)
