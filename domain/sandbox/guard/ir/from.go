package ir

import (
	"math/big"
	"sort"

	"pado/domain/sandbox/guard/ast"
	"pado/domain/sandbox/guard/coding"
	"pado/domain/sandbox/guard/policy"
	"pado/domain/sandbox/guard/refuse"
)

var ratOne = big.NewRat(1, 1)

// fromResult is what a FROM clause gives. src set: protected rows. table set: released cells
// or public tables. pub set: a public table that may still become a lookup of protected rows.
type fromResult struct {
	src   *Source
	items []*scopeItem
	table ast.Table
	pub   string
	own   bool // the source has only a developer's own table so far
}

func (r *resolver) from(t ast.Table, e *env) (*fromResult, *refuse.Refusal) {
	f, ref := r.fromItem(t, e)
	if ref != nil {
		return nil, ref
	}
	if f.own {
		return nil, refuse.New(refuse.OwnTable)
	}
	return f, nil
}

func (r *resolver) fromItem(t ast.Table, e *env) (*fromResult, *refuse.Refusal) {
	switch t := t.(type) {
	case *ast.Base:
		visible := t.Alias
		if visible == "" {
			visible = t.Name
		}
		if c := e.find(t.Name); c != nil {
			rel, ref := r.query(c.query.Query, c.at)
			if ref != nil {
				return nil, ref
			}
			names := c.query.Columns
			if len(t.Columns) > 0 {
				names = t.Columns
			}
			return r.derived(rel, visible, names)
		}
		return r.base(t, visible)
	case *ast.Derived:
		rel, ref := r.query(t.Query, e)
		if ref != nil {
			return nil, ref
		}
		return r.derived(rel, t.Alias, t.Columns)
	case *ast.Join:
		return r.join(t, e)
	}
	return nil, refuse.New(refuse.Join)
}

func (r *resolver) base(t *ast.Base, visible string) (*fromResult, *refuse.Refusal) {
	name, ok := r.tables[fold(t.Name)]
	if !ok {
		return nil, refuse.New(refuse.UnknownTable, t.Name)
	}
	if len(t.Columns) > 0 {
		return nil, refuse.New(refuse.UnknownSyntax, "表的列别名")
	}
	d := r.policy.Tables[name]
	if d.Public {
		return r.publicBase(name, visible)
	}
	scan := &Scan{As: r.alias(), Table: name, K: d.Rows}
	scan.Cols = tableColumns(scan.As, name, d)
	src := &Source{Root: scan, K: d.Rows, Domain: d.UnitDomain, Tables: []string{name}}
	for _, c := range scan.Cols {
		if c.Label == policy.Unit {
			src.Unit = c
		}
	}
	return &fromResult{src: src, items: []*scopeItem{{name: visible, cols: scan.Cols}}, own: d.Own}, nil
}

func tableColumns(as, table string, d *policy.Table) []*Col {
	names := make([]string, 0, len(d.Columns))
	for n := range d.Columns {
		names = append(names, n)
	}
	sort.Strings(names)
	var out []*Col
	for _, n := range names {
		c := d.Columns[n]
		k := &Col{Name: n, Rel: as, Label: c.Label, Coding: coding.Of(c), Table: table, Column: n, PerUnit: d.Rows == 1}
		switch {
		case c.Label == policy.Unit:
			k.Code, k.PerUnit = UnitColumn, true
		case k.Coding.Kind != coding.None:
			k.Code = n
		}
		if k.Coding.Measure {
			k.Value = n + MeasureSuffix
		}
		out = append(out, k)
	}
	return out
}

// publicBase is a public table on its own: exact, and read in stage 2.
func (r *resolver) publicBase(name, visible string) (*fromResult, *refuse.Refusal) {
	p := r.public[name]
	if p == nil {
		return nil, refuse.New(refuse.SnapshotMismatch, name)
	}
	as := r.alias()
	it := &scopeItem{name: visible}
	for _, c := range p.Columns {
		if !r.publicVisible(name, c.Name) {
			continue
		}
		it.outs = append(it.outs, &released{Name: c.Name, Rel: as, Ref: &ast.Column{Names: []string{as, c.Name}}, Type: c.Type, From: FromPublic})
	}
	return &fromResult{pub: name, items: []*scopeItem{it}, table: &ast.Base{Schema: PublicSchema, Name: name, Alias: as}}, nil
}

// publicVisible: a public table may list its columns; then the others do not exist.
func (r *resolver) publicVisible(table, column string) bool {
	d := r.policy.Tables[table]
	if len(d.Columns) == 0 {
		return true
	}
	for n, c := range d.Columns {
		if fold(n) == fold(column) {
			return c.Label != policy.Forbidden
		}
	}
	for _, k := range d.Key {
		if fold(k) == fold(column) {
			return true
		}
	}
	return false
}

// PublicSchema is where stage 2 finds public tables.
const PublicSchema = "pub"

// derived puts a query's result under an alias.
func (r *resolver) derived(rel *relation, visible string, names []string) (*fromResult, *refuse.Refusal) {
	if rel.rel != nil {
		return r.derivedReleased(rel.rel, visible, names)
	}
	if len(names) > len(rel.cols) {
		return nil, refuse.New(refuse.Identifier, "列别名过多")
	}
	for i, n := range names {
		rel.cols[i].Name = n
	}
	sub := rel.prot
	k := sub.Source.K
	if sub.PerUnit {
		k = 1
		for _, c := range rel.cols {
			c.PerUnit = true
		}
	}
	src := &Source{Root: sub, K: k, Domain: sub.Source.Domain, Tables: sub.Source.Tables, Unit: sub.unit(sub.Source)}
	if src.Unit == nil {
		return nil, refuse.New(refuse.Internal)
	}
	// the asker's own unit column, when exposed, is the same column
	for _, c := range rel.cols {
		if isUnit(c) {
			src.Unit = c
		}
	}
	return &fromResult{src: src, items: []*scopeItem{{name: visible, cols: rel.cols}}}, nil
}

func (r *resolver) join(t *ast.Join, e *env) (*fromResult, *refuse.Refusal) {
	left, ref := r.fromItem(t.Left, e)
	if ref != nil {
		return nil, ref
	}
	right, ref := r.fromItem(t.Right, e)
	if ref != nil {
		return nil, ref
	}
	if t.Cross || (t.On == nil && len(t.Using) == 0) {
		return nil, refuse.New(refuse.Join, "交叉连接")
	}
	for _, a := range left.items {
		for _, b := range right.items {
			if fold(a.name) == fold(b.name) {
				return nil, refuse.New(refuse.Ambiguous, a.name).WithHint("请给两个表起不同的别名。")
			}
		}
	}
	switch {
	case left.src == nil && right.src == nil:
		return r.joinReleased(t, left, right)
	case left.src != nil && right.src != nil:
		return r.joinProtected(t, left, right)
	case left.src != nil && right.pub != "":
		return r.joinPublic(t, left, right)
	case left.pub != "" && right.src != nil && !t.LeftOuter:
		return r.joinPublic(t, right, left)
	}
	return nil, refuse.New(refuse.Join, "受保护的行不能与统计结果连接").WithHint("请先把两侧都统计出来，再按分组列连接。")
}

// joinProtected joins on the unit only, and only where one side has one row per unit.
func (r *resolver) joinProtected(t *ast.Join, left, right *fromResult) (*fromResult, *refuse.Refusal) {
	if left.own && !t.LeftOuter {
		left, right = right, left // an own table never leads
	}
	if left.own {
		return nil, refuse.New(refuse.OwnTable)
	}
	if len(right.src.Steps) > 0 {
		return nil, refuse.New(refuse.Join, "连接右侧不能再是连接").WithHint("请依次写 A JOIN B … JOIN C …。")
	}
	if left.src.Domain != right.src.Domain {
		return nil, refuse.New(refuse.UnitDomain)
	}
	for _, a := range left.src.Tables {
		for _, b := range right.src.Tables {
			if a == b {
				return nil, refuse.New(refuse.SelfJoin, a)
			}
		}
	}
	ls, rs := &scope{r: r, items: left.items}, &scope{r: r, items: right.items}
	pairs, ref := joinPairs(t, ls, rs)
	if ref != nil {
		return nil, ref
	}
	if len(pairs) != 1 || !isUnit(pairs[0].Left) || pairs[0].Right.Label != policy.Unit {
		return nil, refuse.New(refuse.Join, "受保护的表只能按主体列连接")
	}
	if left.src.K > 1 && right.src.K > 1 {
		return nil, refuse.New(refuse.JoinFanOut)
	}
	out := &fromResult{src: &Source{Root: left.src.Root, K: left.src.K * right.src.K, Domain: left.src.Domain, Unit: left.src.Unit,
		Tables: append(append([]string{}, left.src.Tables...), right.src.Tables...),
		Steps:  append(append([]Step{}, left.src.Steps...), Step{Rel: right.src.Root, Outer: t.LeftOuter, On: pairs})}}
	if t.LeftOuter {
		for _, it := range right.items {
			for _, c := range it.cols {
				c.Nullable = true
			}
		}
	}
	out.items = mergeItems(left.items, right.items, t.Using)
	return out, nil
}

// mergeItems hides the right side's copies of USING columns from unqualified names.
func mergeItems(left, right []*scopeItem, using []string) []*scopeItem {
	for _, it := range right {
		for _, u := range using {
			if it.using == nil {
				it.using = map[string]bool{}
			}
			it.using[fold(u)] = true
		}
	}
	return append(append([]*scopeItem{}, left...), right...)
}

// joinPairs reads USING or a conjunction of column = column with one column from each side.
func joinPairs(t *ast.Join, left, right *scope) ([]JoinOn, *refuse.Refusal) {
	var out []JoinOn
	for _, u := range t.Using {
		c := &ast.Column{Names: []string{u}}
		a, ref := left.column(c)
		if ref != nil {
			return nil, ref
		}
		b, ref := right.column(c)
		if ref != nil {
			return nil, ref
		}
		out = append(out, JoinOn{a, b})
	}
	if t.On == nil {
		return out, nil
	}
	conds := []ast.Expr{t.On}
	if l, ok := t.On.(*ast.Logic); ok && l.And {
		conds = l.Args
	}
	for _, c := range conds {
		eq, ok := c.(*ast.Compare)
		if !ok || eq.Op != "=" {
			return nil, refuse.New(refuse.Join)
		}
		x, ok1 := eq.L.(*ast.Column)
		y, ok2 := eq.R.(*ast.Column)
		if !ok1 || !ok2 {
			return nil, refuse.New(refuse.Join, "连接条件只能是列与列相等")
		}
		a, ra := left.column(x)
		b, rb := right.column(y)
		if ra != nil || rb != nil {
			a2, ra2 := left.column(y)
			b2, rb2 := right.column(x)
			if ra2 != nil || rb2 != nil {
				return nil, first(ra, rb)
			}
			a, b = a2, b2
		} else if len(x.Names) == 1 || len(y.Names) == 1 {
			// a bare name that both sides know is refused rather than guessed
			for _, n := range []*ast.Column{x, y} {
				if len(n.Names) == 1 && left.has(n.Names[0]) && right.has(n.Names[0]) {
					return nil, refuse.New(refuse.Ambiguous, n.Names[0])
				}
			}
		}
		out = append(out, JoinOn{a, b})
	}
	return out, nil
}

// joinPublic looks public columns up by the declared unique key, so rows never multiply.
func (r *resolver) joinPublic(t *ast.Join, left, right *fromResult) (*fromResult, *refuse.Refusal) {
	d, p := r.policy.Tables[right.pub], r.public[right.pub]
	if len(d.Key) == 0 {
		return nil, refuse.New(refuse.JoinFanOut, right.pub+" 没有声明唯一键")
	}
	look := &Lookup{As: r.alias(), Table: right.pub}
	for _, c := range p.Columns {
		if !r.publicVisible(right.pub, c.Name) {
			continue
		}
		k := &Col{Name: c.Name, Rel: look.As, Label: policy.PublicColumn, Table: right.pub, Column: c.Name, Nullable: t.LeftOuter, Closed: true}
		k.Coding = coding.Published(c.Type, c.Words)
		if k.Coding.Kind != coding.None {
			k.Code = c.Name + DictSuffix
		}
		look.Cols = append(look.Cols, k)
	}
	ls := &scope{r: r, items: left.items}
	rs := &scope{r: r, items: []*scopeItem{{name: right.items[0].name, cols: look.Cols}}}
	pairs, ref := joinPairs(t, ls, rs)
	if ref != nil {
		return nil, ref
	}
	need := map[string]bool{}
	for _, k := range d.Key {
		need[fold(k)] = true
	}
	perUnit := true
	for _, pr := range pairs {
		if !need[fold(pr.Right.Name)] {
			return nil, refuse.New(refuse.JoinFanOut, right.pub+" 的唯一键是 "+keyText(d.Key))
		}
		delete(need, fold(pr.Right.Name))
		switch {
		case pr.Left.Label == policy.Unit, pr.Left.Label == policy.Measure, pr.Left.Label == policy.SensitiveDim:
			return nil, refuse.New(refuse.Join, pr.Left.Name+" 不能与公开表连接")
		case pr.Left.Coding.Kind != coding.Domain && pr.Left.Coding.Kind != coding.Dict:
			return nil, refuse.New(refuse.Join, pr.Left.Name+" 没有可对照的代码")
		}
		perUnit = perUnit && pr.Left.PerUnit
	}
	if len(need) > 0 {
		return nil, refuse.New(refuse.JoinFanOut, right.pub+" 的唯一键是 "+keyText(d.Key))
	}
	for _, c := range look.Cols {
		c.PerUnit = perUnit
	}
	out := *left
	src := *left.src
	src.Steps = append(append([]Step{}, left.src.Steps...), Step{Rel: look, Outer: t.LeftOuter, On: pairs})
	out.src = &src
	out.items = mergeItems(left.items, rs.items, t.Using)
	return &out, nil
}

func keyText(keys []string) string {
	s := ""
	for i, k := range keys {
		if i > 0 {
			s += ", "
		}
		s += k
	}
	return s
}

// semiJoin is unit IN (SELECT unit FROM …): it only drops rows, so bounds stand.
func (s *scope) semiJoin(e *ast.InQuery) (Pred, *refuse.Refusal) {
	c, ok := e.X.(*ast.Column)
	if !ok {
		return nil, refuse.New(refuse.Subquery)
	}
	k, ref := s.column(c)
	if ref != nil {
		return nil, ref
	}
	if !isUnit(k) {
		return nil, refuse.New(refuse.Subquery, k.Name+" 不是主体列")
	}
	rel, ref := s.r.query(e.Query, s.env)
	if ref != nil {
		return nil, ref
	}
	if rel.prot == nil || len(rel.cols) != 1 || !isUnit(rel.cols[0]) {
		return nil, refuse.New(refuse.Subquery)
	}
	for _, it := range s.items {
		for _, c := range it.cols {
			if c.Label == policy.Unit && c.Table != "" && s.r.policy.Tables[c.Table].UnitDomain != rel.prot.Source.Domain {
				return nil, refuse.New(refuse.UnitDomain)
			}
		}
	}
	return &InUnits{Col: k, Sub: rel.prot}, nil
}
