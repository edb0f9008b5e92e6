package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"sort"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/permit"
	"pado/domain/sandbox/guard/policy"
	"pado/plan"
)

// source is the newest accepted dataset version of a catalogue item.
type source struct {
	Dataset, Title, UnitDomain, UnitColumn, Version, Path, Schema, Lineage, Hookup, Pipeline string
	RowsBound                                                                                int64
}

// column of a dataset version, as governance keeps it.
type column struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Type  string `json:"type"`
	Label string `json:"label"`
}

// catalogued is what the catalogue says of an information item.
type catalogued struct {
	Name, Label                       string
	Personal, Sensitive, Authorisable bool
}

// bind compiles the policy of a project from its grant and the newest accepted data, and allots a
// slice of every budget the tables touch. What is bound already stays when nothing changed.
func bind(w *store.Tx, p Project, n Numbers) (Project, error) {
	g, err := permit.GrantByID(&w.ReadTx, p.GrantID)
	if err != nil {
		return p, err
	}
	doc := &policy.Policy{K: n.K, RhoPerAggregate: n.RhoPerAggregate, RhoTotal: n.RhoTotal, DeltaTotal: n.DeltaTotal, Tables: map[string]*policy.Table{}}
	var tables []Table
	items := make([]string, 0, len(g.Items))
	for it := range g.Items {
		items = append(items, it)
	}
	sort.Strings(items)
	for _, it := range items {
		sources, err := sourcesOf(&w.ReadTx, it)
		if err != nil {
			return p, err
		}
		for _, src := range sources {
			t, pt, err := compile(&w.ReadTx, it, g.Items[it], src)
			if err != nil {
				return p, err
			}
			for doc.Tables[t.Name] != nil {
				t.Name += "_"
			}
			doc.Tables[t.Name], t.Project = pt, p.No
			tables = append(tables, t)
		}
	}
	if len(tables) == 0 {
		if p.PolicyVersion == 0 {
			return p, nil
		}
		p.Policy, p.PolicyDigest, p.PolicyVersion = "{}", "", p.PolicyVersion+1
		if _, err := w.Exec(`DELETE FROM project_table WHERE project = $1`, p.No); err != nil {
			return p, err
		}
		return p, p.savePolicy(w)
	}
	if ref := doc.Validate(); ref != nil {
		return p, procedure.Refuse("project.policy", plan.C("6.3.3"), "所涉数据的登记不能编成沙箱规则，请先由治理人员修改管道中的取值范围：%s", ref.Message)
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		return p, err
	}
	if _, err := w.Exec(`DELETE FROM project_table WHERE project = $1`, p.No); err != nil {
		return p, err
	}
	for _, t := range tables {
		if _, err := w.Exec(`INSERT INTO project_table (`+tableColumns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)`, t.Project, t.Name, t.Title, t.Item, t.Fields,
			t.Dataset, t.Version, t.Path, t.Lineages); err != nil {
			return p, err
		}
		ls, err := t.lineages()
		if err != nil {
			return p, err
		}
		for _, l := range ls {
			if err := allot(w, p, l, n); err != nil {
				return p, err
			}
		}
	}
	p.Policy, p.PolicyDigest, p.PolicyVersion = string(raw), doc.Digest(), p.PolicyVersion+1
	return p, p.savePolicy(w)
}

func (p Project) savePolicy(w *store.Tx) error {
	return w.ExecOne(`UPDATE project SET policy = $1, policy_digest = $2, policy_version = $3 WHERE no = $4 AND policy_version = $5`,
		p.Policy, p.PolicyDigest, p.PolicyVersion, p.No, p.PolicyVersion-1)
}

// sourcesOf lists the accepted versions in force of an item's datasets.
func sourcesOf(r *store.ReadTx, item string) (out []source, err error) {
	return out, r.Select(&out, `SELECT d.id AS dataset, d.title, d.unit_domain, d.unit_column, d.rows_bound, v.id AS version, v.path, v.schema, v.lineage, v.hookup,
		COALESCE(h.pipeline, '') AS pipeline FROM dataset d JOIN dataset_version v ON v.id = d.current_version AND v.state = 'accepted'
		LEFT JOIN hookup h ON h.id = v.hookup WHERE d.item = $1 ORDER BY d.id`, item)
}

// stale tells whether other data stands behind a granted item than the project is bound to: newer
// data has come, or what it is bound to was withdrawn.
func stale(r *store.ReadTx, p Project) (bool, error) {
	fresh, err := r.Exists(`SELECT 1 FROM permit_grant g JOIN dataset d ON d.item = g.item JOIN dataset_version v ON v.id = d.current_version AND v.state = 'accepted'
		WHERE g.id = $1 AND NOT EXISTS (SELECT 1 FROM project_table t WHERE t.project = $2 AND t.version = v.id)`, p.GrantID, p.No)
	if fresh || err != nil {
		return fresh, err
	}
	return r.Exists(`SELECT 1 FROM project_table t WHERE t.project = $1 AND NOT EXISTS (SELECT 1 FROM dataset d JOIN dataset_version v ON v.id = d.current_version AND v.state = 'accepted'
		WHERE d.id = t.dataset AND v.id = t.version)`, p.No)
}

// compile makes one table of the policy: of the granted fields only, labelled at least as
// strictly as the dataset and the catalogue say.
func compile(r *store.ReadTx, item string, fields []string, src source) (Table, *policy.Table, error) {
	var cols []column
	if err := json.Unmarshal([]byte(src.Schema), &cols); err != nil {
		return Table{}, nil, fmt.Errorf("read the schema of %s: %w", src.Version, err)
	}
	var cat []catalogued
	if err := r.Select(&cat, `SELECT name, label, personal, sensitive, authorisable FROM catalogue_field WHERE item = $1`, item); err != nil {
		return Table{}, nil, err
	}
	declared, name := declarations(src.Pipeline)
	if name == "" {
		name = strings.ReplaceAll(src.Dataset, "-", "_")
	}
	unit := src.UnitColumn
	if unit == "" {
		unit = rowNumber
	}
	t := &policy.Table{Unit: unit, UnitDomain: src.UnitDomain, Rows: max(src.RowsBound, 1), Title: src.Title,
		Columns: map[string]*policy.Column{unit: {Label: policy.Unit}}}
	shown := []string{}
	for _, c := range cols {
		if strings.EqualFold(c.Name, unit) {
			continue
		}
		f, known := field(cat, c)
		if !granted(fields, c, f) {
			continue
		}
		shown = append(shown, nameOf(f, c))
		label := policy.Label(c.Label)
		switch {
		case label == "":
			label = policy.SensitiveDim
		case known && !f.Authorisable:
			label = policy.Forbidden
		case known && f.Sensitive && label == policy.Dim:
			label = policy.SensitiveDim
		}
		t.Columns[c.Name] = labelled(c, label, declared[strings.ToLower(c.Name)])
	}
	roots, err := rootsOf(src)
	if err != nil {
		return Table{}, nil, err
	}
	list, err1 := json.Marshal(shown)
	ls, err2 := json.Marshal(roots)
	return Table{Name: name, Title: src.Title, Item: item, Fields: string(list), Dataset: src.Dataset, Version: src.Version, Path: src.Path, Lineages: string(ls)},
		t, errors.Join(err1, err2)
}

// rowNumber is the unit of a table whose rows are their own units and carry no name.
const rowNumber = "file_row_number"

func field(cat []catalogued, c column) (catalogued, bool) {
	for _, f := range cat {
		if strings.EqualFold(f.Name, c.Name) {
			return f, true
		}
	}
	for _, f := range cat {
		if c.Title != "" && f.Label == c.Title {
			return f, true
		}
	}
	return catalogued{}, false
}

func nameOf(f catalogued, c column) string {
	if f.Name != "" {
		return f.Name
	}
	return c.Name
}

func granted(fields []string, c column, f catalogued) bool {
	for _, g := range fields {
		if strings.EqualFold(g, c.Name) || f.Name != "" && strings.EqualFold(g, f.Name) {
			return true
		}
	}
	return false
}

// bounds are what the approved pipeline declares of a column; nothing is read from the data.
type bounds struct {
	Lo, Hi string
	Domain []string
}

const declaredBy = "数据接入流水线声明的取值范围"

// labelled turns a column with what is declared of it into a column of the policy. A measure
// without declared bounds cannot be used.
func labelled(c column, label policy.Label, b bounds) *policy.Column {
	out := &policy.Column{Label: label, Title: c.Title, Type: guardType(c.Type)}
	switch label {
	case policy.Forbidden, policy.Unit, policy.JoinOnly, policy.SensitiveDim:
		out.Type = ""
		return out
	}
	numeric := out.Type == "int" || out.Type == "decimal"
	if len(b.Domain) > 0 && label == policy.Dim {
		if out.Type == "decimal" {
			out.Type = "text"
		}
		return closed(out, b.Domain)
	}
	if c.Type == "boolean" && label == policy.Dim {
		return closed(out, []string{"false", "true"})
	}
	if numeric && b.Lo != "" && b.Hi != "" {
		lo, hi, grid, ok := onGrid(b.Lo, b.Hi, c.Type)
		if ok {
			out.Lo, out.Hi, out.Grid = policy.Scalar(lo), policy.Scalar(hi), policy.Scalar(grid)
			return out
		}
	}
	if out.Type == "date" && b.Lo != "" && b.Hi != "" && label == policy.Dim {
		out.Lo, out.Hi = policy.Scalar(b.Lo), policy.Scalar(b.Hi)
		return out
	}
	if label == policy.Measure {
		return &policy.Column{Label: policy.Forbidden, Title: c.Title}
	}
	if out.Type == "decimal" {
		out.Type = "text"
	}
	return out
}

// closed gives a column a declared list of values.
func closed(out *policy.Column, words []string) *policy.Column {
	b, err := json.Marshal(words)
	if err != nil || json.Unmarshal(b, &out.Domain) != nil {
		return &policy.Column{Label: policy.Forbidden, Title: out.Title}
	}
	out.Source = declaredBy
	return out
}

func guardType(t string) string {
	switch base, _, _ := strings.Cut(t, "("); base {
	case "integer", "bigint":
		return "int"
	case "decimal", "double":
		return "decimal"
	case "date", "timestamp":
		return "date"
	}
	return "text"
}

// onGrid widens the declared bounds to a grid: one for whole numbers, else the finest power of
// ten that keeps the range under a hundred thousand steps.
func onGrid(lo, hi, typ string) (string, string, string, bool) {
	a, ok1 := new(big.Rat).SetString(lo)
	b, ok2 := new(big.Rat).SetString(hi)
	if !ok1 || !ok2 || a.Cmp(b) > 0 {
		return "", "", "", false
	}
	grid := big.NewRat(1, 1)
	if guardType(typ) == "decimal" {
		span := new(big.Rat).Sub(b, a)
		for _, g := range []*big.Rat{big.NewRat(1, 10), big.NewRat(1, 100), big.NewRat(1, 1000)} {
			if new(big.Rat).Quo(span, g).Cmp(big.NewRat(100_000, 1)) > 0 {
				break
			}
			grid = g
		}
	}
	down := func(x *big.Rat, up bool) *big.Rat {
		q := new(big.Rat).Quo(x, grid)
		n := new(big.Int)
		m := new(big.Int)
		n.DivMod(q.Num(), q.Denom(), m)
		if up && m.Sign() != 0 {
			n.Add(n, big.NewInt(1))
		}
		return new(big.Rat).Mul(new(big.Rat).SetInt(n), grid)
	}
	text := func(x *big.Rat) string { return strings.TrimSuffix(strings.TrimRight(x.FloatString(3), "0"), ".") }
	return text(down(a, false)), text(down(b, true)), text(grid), true
}

// declarations reads what a pipeline declares about its target columns: ranges, closed lists and
// clamps; and the name of its table. An unreadable text declares nothing.
func declarations(text string) (map[string]bounds, string) {
	var doc struct {
		Steps []struct {
			Check *struct {
				Rules []struct {
					Kind   string   `yaml:"kind"`
					Column string   `yaml:"column"`
					Min    string   `yaml:"min"`
					Max    string   `yaml:"max"`
					Values []string `yaml:"values"`
				} `yaml:"rules"`
			} `yaml:"check"`
			Mask *struct {
				Rules []struct {
					Kind   string `yaml:"kind"`
					Column string `yaml:"column"`
					Min    string `yaml:"min"`
					Max    string `yaml:"max"`
				} `yaml:"rules"`
			} `yaml:"mask"`
		} `yaml:"steps"`
		Target struct {
			Table   string `yaml:"table"`
			Columns []struct {
				Name string `yaml:"name"`
				From string `yaml:"from"`
			} `yaml:"columns"`
		} `yaml:"target"`
	}
	if text == "" || yaml.Unmarshal([]byte(text), &doc) != nil {
		return nil, ""
	}
	byStep := map[string]bounds{}
	for _, s := range doc.Steps {
		if s.Check != nil {
			for _, r := range s.Check.Rules {
				b := byStep[r.Column]
				switch r.Kind {
				case "range":
					b.Lo, b.Hi = r.Min, r.Max
				case "in":
					b.Domain = r.Values
				}
				byStep[r.Column] = b
			}
		}
		if s.Mask != nil {
			for _, r := range s.Mask.Rules {
				if r.Kind == "clamp" {
					b := byStep[r.Column]
					b.Lo, b.Hi = r.Min, r.Max
					byStep[r.Column] = b
				}
			}
		}
	}
	out := map[string]bounds{}
	for _, c := range doc.Target.Columns {
		from := c.From
		if from == "" {
			from = c.Name
		}
		if b, ok := byStep[from]; ok {
			out[strings.ToLower(c.Name)] = b
		}
	}
	return out, doc.Target.Table
}

// rootsOf are the budgets a dataset version is charged to: every root hookup in its lineage, with
// the unit domain. A new version of the same hookup has the same roots.
func rootsOf(src source) ([]string, error) {
	var lin struct {
		Roots []string `json:"roots"`
	}
	if src.Lineage != "" {
		if err := json.Unmarshal([]byte(src.Lineage), &lin); err != nil {
			return nil, fmt.Errorf("read the lineage of %s: %w", src.Version, err)
		}
	}
	if len(lin.Roots) == 0 {
		lin.Roots = []string{src.Hookup}
	}
	sort.Strings(lin.Roots)
	out := make([]string, len(lin.Roots))
	for i, r := range lin.Roots {
		out[i] = r + "/" + src.UnitDomain
	}
	return out, nil
}

func num(n int64) string { return strconv.FormatInt(n, 10) }
