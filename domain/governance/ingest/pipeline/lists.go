package pipeline

import (
	"maps"
	"slices"
	"strings"
)

// call is a call of a function over text that the engine is given beside the
// pipeline: "code:LIST" maps a value, "bad:LIST" answers for what is no code of
// it, "named:LIST" for a code with another name, "wide:LEVEL" generalises. with,
// if not "", is a second value, handed over behind a separator.
func (c *compiler) call(function, quoted, with string) string {
	i := slices.Index(c.out.Functions, function)
	if i < 0 {
		i = len(c.out.Functions)
		c.out.Functions = append(c.out.Functions, function)
	}
	if with != "" {
		quoted += " || chr(31) || coalesce(" + with + ", '')"
	}
	return "pado_c" + itoa(i) + "(" + quoted + ")"
}

func dayOf(column string) string {
	if column == "" {
		return ""
	}
	return "substring(" + Ident(column) + ", 1, 10)"
}

func (c *compiler) listed(s *Codes) {
	q := Ident(s.Column)
	mapped := c.call("code:"+s.List, q, dayOf(s.At))
	ch := change{column: s.Column, expr: mapped, from: s.Column, lossy: true}
	switch s.OnFail {
	case "keep", "report":
		ch.expr = "coalesce(" + mapped + ", " + q + ")"
		ch.lossy = false
	}
	if s.OnFail == "report" {
		ch.failed = q + " IS NOT NULL AND " + mapped + " IS NULL"
	}
	if s.OnFail != "keep" {
		ch.rule = RuleInfo{ID: "code:" + s.Column, Label: "代码可转换", Column: s.Column, Dimension: Conformity, OnFail: onFail(s.OnFail)}
	}
	c.rewrite([]change{ch})
}

func (c *compiler) units(u *Units) {
	q := Ident(u.Column)
	shape := Text(`^\s*([-+]?[0-9][0-9,]*(?:\.[0-9]{1,6})?)\s*(.*?)\s*$`)
	amount := "TRY_CAST(replace(regexp_extract(" + q + ", " + shape + ", 1), ',', '') AS DECIMAL(24,6))"
	var b strings.Builder
	b.WriteString("CASE regexp_extract(" + q + ", " + shape + ", 2)")
	for _, unit := range slices.Sorted(maps.Keys(u.Factors)) {
		b.WriteString(" WHEN " + Text(unit) + " THEN " + amount + " * CAST(" + Text(u.Factors[unit]) + " AS DECIMAL(14,6))")
	}
	b.WriteString(" END")
	ch := change{column: u.Column, expr: `regexp_replace((` + b.String() + `)::VARCHAR, '\.?0+$', '')`, from: u.Column, lossy: true,
		rule: RuleInfo{ID: "unit:" + u.Column, Label: "单位可换算", Column: u.Column, Dimension: Conformity, OnFail: onFail(u.OnFail)}}
	if u.OnFail == "report" {
		ch.failed, ch.lossy = q+" IS NOT NULL AND ("+ch.expr+") IS NULL", false
		ch.expr = "coalesce(" + ch.expr + ", " + q + ")"
	}
	c.rewrite([]change{ch})
}

// Lists names the lists of codes that the pipeline uses.
func (p *Pipeline) Lists() []string {
	var out []string
	add := func(name string) {
		if name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	for _, s := range p.Steps {
		if s.Codes != nil {
			add(s.Codes.List)
		}
		if s.Check != nil {
			for _, r := range s.Check.Rules {
				add(r.List)
			}
		}
	}
	slices.Sort(out)
	return out
}
