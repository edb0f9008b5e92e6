package pipeline

import (
	"fmt"
	"slices"
	"strings"
)

// source stands for the scan in compiled SQL until SQL is called.
const source = "\x00src\x00"

// wordBits is how many rules share one word of the fail mask.
const wordBits = 60

// RuleInfo is one test that a compiled pipeline applies to rows; its place in
// Compiled.Rules is its bit.
type RuleInfo struct {
	Step      int // index into Compiled.Steps
	ID        string
	Label     string
	Column    string
	Dimension Dimension
	OnFail    string // quarantine, null, report
}

// StepInfo names a step for counting.
type StepInfo struct {
	Kind string
	Name string
}

// Duplicates is a query that must run before the main one: it fills the table
// Table with the ordinals of the rows that repeat a key.
type Duplicates struct {
	Table string
	chain string
	key   string
	last  bool
}

// Compiled is a pipeline bound to the header of one file. Rows flow through
// nested selects; two mask columns record what happened to each: #chg has a
// bit per step that changed it, #f0… a bit per rule it failed.
type Compiled struct {
	Raw        []string // names of the scan's columns after the ordinal
	Steps      []StepInfo
	Rules      []RuleInfo
	Duplicates []Duplicates
	Domains    []string // pseudonym domains; function pado_p0, pado_p1, …
	Functions  []string // what pado_c0, pado_c1, … do: code:LIST, bad:LIST, wide:LEVEL
	Words      int      // fail-mask words
	Usual      int64    // change mask of a row to which only happened what happens to nearly every row
	Columns    []TargetColumn
	chain      string
}

// SQL is the main query over a scan: the target's columns of the rows that
// pass. tap is the function that is told the masks of every row to which
// something other than the usual happened, once, and answers NULL for the rows that stay. The CASE
// keeps it from being asked about the others: a call costs more than a row.
func (c *Compiled) SQL(scan, tap string) string {
	cols := make([]string, len(c.Columns))
	for i, t := range c.Columns {
		cols[i] = Ident(t.Name)
	}
	clean, text := c.report()
	return c.bind("SELECT "+strings.Join(cols, ", ")+" FROM ("+c.chain+") WHERE CASE WHEN "+clean+" THEN true ELSE "+tap+"("+text+") IS NULL END", scan)
}

// report is the condition that nothing happened to a row, and the text for the
// tap: the change mask, the fail words and, if it is quarantined, its ordinal.
func (c *Compiled) report() (clean, text string) {
	parts := []string{`"#chg"`}
	clean = fmt.Sprintf(`"#chg" = %d`, c.Usual)
	for w := range c.Words {
		parts = append(parts, `"`+fail(w)+`"`)
		clean += ` AND "` + fail(w) + `" = 0`
	}
	text = "concat_ws(',', " + strings.Join(parts, ", ")
	return clean, "CASE WHEN " + c.alive(len(c.Rules)) + " THEN " + text + `) ELSE ` + text + `, "#ord") END`
}

// alive is the condition that none of the first n rules quarantined the row.
func (c *Compiled) alive(n int) string {
	masks := make([]int64, c.Words)
	for i, r := range c.Rules[:n] {
		if r.OnFail == "quarantine" {
			masks[i/wordBits] |= 1 << (i % wordBits)
		}
	}
	var conds []string
	for w, m := range masks {
		if m != 0 {
			conds = append(conds, fmt.Sprintf(`("%s" & %d) = 0`, fail(w), m))
		}
	}
	if len(conds) == 0 {
		return "true"
	}
	return strings.Join(conds, " AND ")
}

func (c *Compiled) bind(q, scan string) string { return strings.ReplaceAll(q, source, scan) }

// Keys is the query for the repeated keys of a Duplicates, each with the
// ordinal that stays.
func (c *Compiled) Keys(d Duplicates, scan string) string {
	pick := "min"
	if d.last {
		pick = "max"
	}
	return c.bind("SELECT "+d.key+", "+pick+`("#ord") AS "#keep" FROM (`+d.chain+") GROUP BY "+d.key+" HAVING count(*) > 1", scan)
}

// Repeats is the query for the ordinals to drop, given the table of Keys.
func (c *Compiled) Repeats(d Duplicates, scan, keys string) string {
	return c.bind(`SELECT r."#ord" FROM (`+d.chain+") r JOIN "+Ident(keys)+" k USING ("+d.key+`) WHERE r."#ord" <> k."#keep"`, scan)
}

func fail(word int) string { return "#f" + itoa(word) }

// compiler carries what is known while the chain grows.
type compiler struct {
	out  *Compiled
	p    *Pipeline
	cols []string // names now in the chain, in order
	sql  string
	step int
}

// Compile binds the pipeline to a file's header: raw names the scan's columns
// after the ordinal by their key, "" for one that is ignored. Columns of the
// source that are not among them must be Optional.
func (p *Pipeline) Compile(raw []string) *Compiled {
	c := &compiler{out: &Compiled{Words: p.words(), Columns: p.Target.Columns}, p: p}
	c.begin(raw)
	for i, s := range p.Steps {
		c.step = i + 1
		kind, name := s.describe()
		c.out.Steps = append(c.out.Steps, StepInfo{kind, name})
		c.apply(s)
	}
	c.step = len(p.Steps) + 1
	c.out.Steps = append(c.out.Steps, StepInfo{"standardise", "按目标结构标准化"})
	c.target()
	c.out.chain = c.sql
	return c.out
}

func (c *compiler) begin(raw []string) {
	c.out.Steps = []StepInfo{{"read", "读取"}}
	for i, r := range raw {
		if r == "" {
			r = "#x" + itoa(i)
		}
		c.out.Raw = append(c.out.Raw, r)
	}
	var exprs []string
	for _, s := range c.p.sourceKeys() {
		e := Ident(s)
		if !slices.Contains(raw, s) {
			e = "NULL::VARCHAR"
		} else if c.p.Source.Multiline {
			e = "translate(" + e + ", '\x1e\x1d', chr(10) || chr(13))"
		}
		exprs = append(exprs, e+" AS "+Ident(s))
		c.cols = append(c.cols, s)
	}
	exprs = append(exprs, `0::BIGINT AS "#chg"`)
	for w := range c.out.Words {
		exprs = append(exprs, `0::BIGINT AS "`+fail(w)+`"`)
	}
	c.sql = `SELECT "#ord", ` + strings.Join(exprs, ", ") + " FROM " + source
}

// change is one new value for a column in a step.
type change struct {
	column string
	expr   string // over the columns before the step
	failed string // condition, over the columns before the step, that the value cannot be had; "" for never
	rule   RuleInfo
	from   string // the column the value is made from, for lossy
	lossy  bool   // instead of failed: the value was there before the step and is NULL after it
	silent bool   // not counted as a change of the row
}

// rewrite adds one level to the chain: new values, masks brought up to date.
func (c *compiler) rewrite(changes []change) {
	var inner []string
	newValue := map[string]string{}
	var changed []string
	sets := make([][]string, c.out.Words)
	for i, ch := range changes {
		tmp := "#n" + itoa(i)
		if ch.expr != "" {
			inner = append(inner, ch.expr+" AS "+Ident(tmp))
			newValue[ch.column] = Ident(tmp)
			switch {
			case ch.silent:
			case slices.Contains(c.cols, ch.column):
				changed = append(changed, Ident(tmp)+" IS DISTINCT FROM "+Ident(ch.column))
			default:
				changed = append(changed, Ident(tmp)+" IS NOT NULL")
			}
		}
		if ch.failed != "" || ch.lossy {
			bit := len(c.out.Rules)
			ch.rule.Step = c.step
			c.out.Rules = append(c.out.Rules, ch.rule)
			bad := Ident("#b" + itoa(i))
			if ch.lossy {
				bad = Ident(ch.from) + " IS NOT NULL AND " + Ident(tmp) + " IS NULL"
			} else {
				inner = append(inner, "coalesce("+ch.failed+", false) AS "+bad)
			}
			sets[bit/wordBits] = append(sets[bit/wordBits], fmt.Sprintf("CASE WHEN %s THEN %d::BIGINT ELSE 0 END", bad, int64(1)<<(bit%wordBits)))
		}
	}
	outer := []string{`"#ord"`}
	for _, name := range c.cols {
		if v, ok := newValue[name]; ok {
			outer = append(outer, v+" AS "+Ident(name))
			delete(newValue, name)
		} else {
			outer = append(outer, Ident(name))
		}
	}
	for _, ch := range changes {
		if v, ok := newValue[ch.column]; ok {
			outer = append(outer, v+" AS "+Ident(ch.column))
			c.cols = append(c.cols, ch.column)
			delete(newValue, ch.column)
		}
	}
	chg := `"#chg"`
	if len(changed) > 0 {
		chg += fmt.Sprintf(" | CASE WHEN %s THEN %d::BIGINT ELSE 0 END", strings.Join(changed, " OR "), int64(1)<<c.step)
	}
	outer = append(outer, chg+` AS "#chg"`)
	for w, s := range sets {
		e := Ident(fail(w))
		if len(s) > 0 {
			e += " | " + strings.Join(s, " | ")
		}
		outer = append(outer, e+" AS "+Ident(fail(w)))
	}
	from := c.sql
	if len(inner) > 0 {
		from = "SELECT *, " + strings.Join(inner, ", ") + " FROM (" + c.sql + ")"
	}
	c.sql = "SELECT " + strings.Join(outer, ", ") + " FROM (" + from + ")"
}

// repeated registers a Duplicates over the chain as it stands and gives the
// condition that a row is one of the repeats.
func (c *compiler) repeated(by []string, last bool) string {
	if len(by) == 1 && by[0] == "*" {
		by = slices.Clone(c.cols)
	}
	d := Duplicates{Table: "#dup" + itoa(len(c.out.Duplicates)), key: idents(by), last: last}
	var notNull []string
	for _, b := range by {
		notNull = append(notNull, Ident(b)+" IS NOT NULL")
	}
	cond := strings.Join(notNull, " AND ")
	if len(by) == len(c.cols) {
		// Whole-row duplicates: a NULL equals a NULL, so compare a text of all.
		d.key = `"#row"`
		var parts []string
		for _, b := range by {
			parts = append(parts, "coalesce('=' || "+Ident(b)+", '-')")
		}
		d.chain = "SELECT *, concat_ws(chr(31), " + strings.Join(parts, ", ") + `) AS "#row" FROM (` + c.sql + ") WHERE " + c.out.alive(len(c.out.Rules))
	} else {
		d.chain = "SELECT * FROM (" + c.sql + ") WHERE " + cond + " AND " + c.out.alive(len(c.out.Rules))
	}
	c.out.Duplicates = append(c.out.Duplicates, d)
	return `"#ord" IN (SELECT "#ord" FROM ` + Ident(d.Table) + ")"
}

func (c *compiler) columns(names []string) []string {
	if len(names) == 1 && names[0] == "*" {
		return slices.Clone(c.cols)
	}
	return names
}

// target is the last level: types, required values, order and names.
func (c *compiler) target() {
	var changes []change
	for i, t := range c.p.Target.Columns {
		src := Ident(t.Key())
		ch := change{column: "#t" + itoa(i), expr: cast(src, t.Type), silent: true}
		if t.Type != "text" {
			ch.from, ch.lossy = t.Key(), true
			ch.rule = RuleInfo{ID: "type:" + t.Name, Label: "类型为 " + t.Type, Column: t.Name, Dimension: Conformity, OnFail: onFail(t.OnFail)}
		}
		changes = append(changes, ch)
		if t.Required {
			changes = append(changes, change{failed: src + " IS NULL",
				rule: RuleInfo{ID: "required:" + t.Name, Label: "不得为空", Column: t.Name, Dimension: Completeness, OnFail: "quarantine"}})
		}
	}
	c.rewrite(changes)
	var out []string
	for i, t := range c.p.Target.Columns {
		out = append(out, Ident("#t"+itoa(i))+" AS "+Ident(t.Name))
	}
	masks := []string{`"#ord"`, `"#chg"`}
	for w := range c.out.Words {
		masks = append(masks, Ident(fail(w)))
	}
	c.sql = "SELECT " + strings.Join(append(out, masks...), ", ") + " FROM (" + c.sql + ")"
}

func onFail(s string) string {
	if s == "" {
		return "quarantine"
	}
	return s
}

// Bit tells in which fail word, and by which bit of it, a rule is reported.
func (c *Compiled) Bit(rule int) (word int, bit int64) {
	return rule / wordBits, 1 << (rule % wordBits)
}
