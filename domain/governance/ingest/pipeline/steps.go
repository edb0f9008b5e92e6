package pipeline

import (
	"maps"
	"slices"
	"strings"
)

// Dimension is one of the six dimensions of data quality (GB/T 36344).
type Dimension string

// The six dimensions.
const (
	Conformity    Dimension = "conformity"
	Completeness  Dimension = "completeness"
	Accuracy      Dimension = "accuracy"
	Consistency   Dimension = "consistency"
	Timeliness    Dimension = "timeliness"
	Accessibility Dimension = "accessibility"
)

// Dimensions lists them in the standard's order.
var Dimensions = []Dimension{Conformity, Completeness, Accuracy, Consistency, Timeliness, Accessibility}

// Title is the Chinese name.
func (d Dimension) Title() string {
	switch d {
	case Conformity:
		return "规范性"
	case Completeness:
		return "完整性"
	case Accuracy:
		return "准确性"
	case Consistency:
		return "一致性"
	case Timeliness:
		return "时效性"
	case Accessibility:
		return "可访问性"
	}
	return ""
}

// kinds gives each kind of rule its usual dimension and words.
var kinds = map[string]struct {
	dimension Dimension
	label     string
}{
	"not_null":   {Completeness, "不得为空"},
	"reference":  {Consistency, "属于所引用的代码表"},
	"named":      {Consistency, "代码与名称相符"},
	"tel":        {Conformity, "电话号码格式"},
	"id_card":    {Conformity, "公民身份号码有效"},
	"uscc":       {Conformity, "统一社会信用代码有效"},
	"phone":      {Conformity, "手机号码格式"},
	"regex":      {Conformity, "符合格式"},
	"in":         {Conformity, "取值在代码表内"},
	"length":     {Conformity, "长度在范围内"},
	"range":      {Accuracy, "数值在范围内"},
	"date_range": {Accuracy, "日期在范围内"},
	"unique":     {Accuracy, "不重复"},
	"compare":    {Consistency, "两项之间关系成立"},
	"requires":   {Consistency, "关联项应填"},
	"sum":        {Consistency, "分项之和等于合计"},
	"id_birth":   {Consistency, "出生日期与身份号码一致"},
	"id_sex":     {Consistency, "性别与身份号码一致"},
}

func (s Step) describe() (kind, name string) {
	title := ""
	switch {
	case s.Trim != nil:
		kind, title = "trim", "去空白"
	case s.Width != nil:
		kind, title = "width", "全角转半角"
	case s.Case != nil:
		kind, title = "case", "统一大小写"
	case s.Missing != nil:
		kind, title = "missing", "缺失值归一"
	case s.Dates != nil:
		kind, title = "dates", "日期归一"
	case s.Replace != nil:
		kind, title = "replace", "文本替换"
	case s.Codes != nil:
		kind, title = "codes", "代码转换"
	case s.Units != nil:
		kind, title = "units", "单位换算"
	case s.Derive != nil:
		kind, title = "derive", "派生字段"
	case s.Check != nil:
		kind, title = "check", "校验"
	case s.Deduplicate != nil:
		kind, title = "deduplicate", "去重"
	case s.Mask != nil:
		kind, title = "mask", "脱敏"
	}
	if s.Name != "" {
		title = s.Name
	}
	return kind, title
}

// blanks are what Trim takes off: space, tab, line breaks, no-break space,
// ideographic space, byte order mark, zero-width space.
const blanks = " \t\n\r\u00a0\u3000\ufeff\u200b"

func (c *compiler) apply(s Step) {
	switch {
	case s.Trim != nil:
		c.each(s.Trim.Columns, func(q string) string { return c.trimmed(q, s.Trim.Inner) })
	case s.Width != nil:
		c.each(s.Width.Columns, func(q string) string { return "translate(" + q + ", " + Text(fullWidth) + ", " + Text(halfWidth) + ")" })
	case s.Case != nil:
		c.each(s.Case.Columns, func(q string) string { return s.Case.To + "(" + q + ")" })
	case s.Missing != nil:
		c.each(s.Missing.Columns, func(q string) string {
			return "CASE WHEN " + q + " IN (" + texts(s.Missing.Values) + ") THEN NULL ELSE " + q + " END"
		})
	case s.Dates != nil:
		c.dates(s.Dates)
	case s.Replace != nil:
		r := s.Replace
		c.each([]string{r.Column}, func(q string) string {
			return "nullif(regexp_replace(" + q + ", " + Text(r.Pattern) + ", " + Text(r.With) + ", 'g'), '')"
		})
	case s.Codes != nil:
		c.codes(s.Codes)
	case s.Units != nil:
		c.units(s.Units)
	case s.Derive != nil:
		c.derive(s.Derive)
	case s.Check != nil:
		c.check(s.Check)
	case s.Deduplicate != nil:
		c.rewrite([]change{{failed: c.repeated(s.Deduplicate.By, s.Deduplicate.Keep == "last"), rule: RuleInfo{
			ID: "duplicate", Label: "重复记录", Column: strings.Join(s.Deduplicate.By, "+"), Dimension: Accuracy, OnFail: "quarantine"}}})
	case s.Mask != nil:
		c.mask(s.Mask)
	}
}

func (c *compiler) each(names []string, f func(quoted string) string) {
	var changes []change
	for _, n := range c.columns(names) {
		changes = append(changes, change{column: n, expr: f(Ident(n))})
	}
	c.rewrite(changes)
}

func (c *compiler) trimmed(q, inner string) string {
	e := "trim(" + q + ", " + Text(blanks) + ")"
	switch inner {
	case "collapse":
		e = "regexp_replace(" + e + `, '[\s\x{a0}\x{3000}\x{feff}\x{200b}]+', ' ', 'g')`
	case "remove":
		e = "regexp_replace(" + e + `, '[\s\x{a0}\x{3000}\x{feff}\x{200b}]+', '', 'g')`
	}
	none := append([]string{""}, c.p.Source.Missing...)
	return "CASE WHEN " + e + " IN (" + texts(none) + ") THEN NULL ELSE " + e + " END"
}

// fullWidth and halfWidth pair U+FF01–U+FF5E and U+3000 with ASCII.
var fullWidth, halfWidth = func() (string, string) {
	var f, h strings.Builder
	for r := rune(0xff01); r <= 0xff5e; r++ {
		f.WriteRune(r)
		h.WriteRune(r - 0xff01 + '!')
	}
	f.WriteRune('\u3000')
	h.WriteRune(' ')
	return f.String(), h.String()
}()

func (c *compiler) dates(d *Dates) {
	var changes []change
	out := "%Y-%m-%d"
	if d.Time {
		out = "%Y-%m-%d %H:%M:%S"
	}
	for _, n := range c.columns(d.Columns) {
		q := Ident(n)
		parsed := "try_strptime(" + q + ", [" + texts(d.Formats) + "])"
		ch := change{column: n, expr: "strftime(" + parsed + ", " + Text(out) + ")", from: n, lossy: true,
			rule: RuleInfo{ID: "date:" + n, Label: "日期可识别", Column: n, Dimension: Conformity, OnFail: onFail(d.OnFail)}}
		if d.OnFail == "report" {
			ch.lossy, ch.failed = false, q+" IS NOT NULL AND "+parsed+" IS NULL"
			ch.expr = "coalesce(" + ch.expr + ", " + q + ")"
		}
		changes = append(changes, ch)
	}
	c.rewrite(changes)
}

func (c *compiler) codes(s *Codes) {
	if s.List != "" {
		c.listed(s)
		return
	}
	q := Ident(s.Column)
	var b strings.Builder
	b.WriteString("CASE " + q)
	keys := slices.Sorted(maps.Keys(s.Map))
	for _, k := range keys {
		b.WriteString(" WHEN " + Text(k) + " THEN " + Text(s.Map[k]))
	}
	if s.OnFail != "null" {
		b.WriteString(" ELSE " + q)
	}
	b.WriteString(" END")
	ch := change{column: s.Column, expr: b.String()}
	if s.OnFail != "keep" {
		ch.failed = q + " IS NOT NULL AND " + q + " NOT IN (" + texts(keys) + ")"
		ch.rule = RuleInfo{ID: "code:" + s.Column, Label: "代码可转换", Column: s.Column, Dimension: Conformity, OnFail: onFail(s.OnFail)}
	}
	c.rewrite([]change{ch})
}

func (c *compiler) derive(d *Derive) {
	ch := change{column: d.Column}
	switch {
	case d.Ordinal:
		ch.expr = `"#ord"::VARCHAR`
	case d.Copy != "":
		ch.expr = Ident(d.Copy)
	case len(d.Concat) > 0:
		var parts []string
		for _, n := range d.Concat {
			parts = append(parts, Ident(n))
		}
		ch.expr = strings.Join(parts, " || "+Text(d.Separator)+" || ")
	case d.Substring != "":
		ch.expr = "nullif(substring(" + Ident(d.Substring) + ", " + itoa(d.Start) + ", " + itoa(d.Length) + "), '')"
	case len(d.Timestamp) > 0:
		expr := "TRY_CAST(" + Ident(d.Timestamp[0]) + " AS USMALLINT)::VARCHAR"
		var given []string
		for i, n := range d.Timestamp {
			given = append(given, Ident(n)+" IS NOT NULL")
			if i > 0 {
				expr += " || " + Text([]string{"-", "-", " ", ":", ":"}[i-1]) + " || lpad(TRY_CAST(" + Ident(n) + " AS UTINYINT)::VARCHAR, 2, '0')"
			}
		}
		for i := len(d.Timestamp); i < 6 && i >= 3; i++ {
			expr += " || " + Text([]string{" 00", ":00", ":00"}[i-3])
		}
		ch.expr = "strftime(TRY_CAST(" + expr + " AS TIMESTAMP), '%Y-%m-%d %H:%M:%S')"
		ch.failed = strings.Join(given, " AND ") + " AND TRY_CAST(" + expr + " AS TIMESTAMP) IS NULL"
		ch.rule = RuleInfo{ID: "timestamp:" + d.Column, Label: "时间可识别", Column: d.Column, Dimension: Conformity, OnFail: "quarantine"}
	}
	c.rewrite([]change{ch})
}

func (c *compiler) check(k *Check) {
	var changes []change
	for _, r := range k.Rules {
		info := RuleInfo{ID: r.ID, Label: r.Label, Column: r.Column, Dimension: Dimension(r.Dimension), OnFail: onFail(r.OnFail)}
		if info.Label == "" {
			info.Label = kinds[r.Kind].label
		}
		if info.Dimension == "" {
			info.Dimension = kinds[r.Kind].dimension
		}
		if info.Column == "" {
			info.Column = strings.Join(r.Columns, "+")
		}
		ch := change{failed: c.violates(r), rule: info}
		if r.OnFail == "null" {
			ch.column = r.Column
			ch.expr = "CASE WHEN coalesce(" + ch.failed + ", false) THEN NULL ELSE " + Ident(r.Column) + " END"
		}
		changes = append(changes, ch)
	}
	c.rewrite(changes)
}

// violates is the condition that a row breaks the rule.
func (c *compiler) violates(r Rule) string {
	q, other := Ident(r.Column), Ident(r.Other)
	given := q + " IS NOT NULL AND "
	switch r.Kind {
	case "not_null":
		return q + " IS NULL"
	case "id_card", "uscc", "phone":
		return "pado_bad_" + r.Kind + "(" + q + ") IS NOT NULL"
	case "tel":
		return "NOT regexp_full_match(" + q + `, '(\+?86[- ]?)?(1[3-9][0-9]{9}|(0[0-9]{2,3}[- ]?)?[2-9][0-9]{6,7}([-转][0-9]{1,6})?|[48]00[- ]?[0-9]{3}[- ]?[0-9]{4})')`
	case "reference":
		return c.call("bad:"+r.List, q, dayOf(r.Other)) + " IS NOT NULL"
	case "named":
		return c.call("named:"+r.List, q, other) + " IS NOT NULL"
	case "regex":
		return "NOT regexp_full_match(" + q + ", " + Text(r.Pattern) + ")"
	case "in":
		return q + " NOT IN (" + texts(r.Values) + ")"
	case "length":
		return "NOT (" + within("length("+q+")", r.Min, r.Max) + ")"
	case "range":
		return given + "NOT coalesce(isfinite(" + number(q) + ") AND " + within(number(q), r.Min, r.Max) + ", false)"
	case "date_range":
		d := "TRY_CAST(" + q + " AS TIMESTAMP)"
		return given + "NOT coalesce(" + within(d, day(r.Min, 0), day(r.Max, 1)) + ", false)"
	case "compare":
		as := func(x string) string {
			switch r.As {
			case "date":
				return "TRY_CAST(" + x + " AS TIMESTAMP)"
			case "text":
				return x
			}
			return exact(x)
		}
		return given + other + " IS NOT NULL AND NOT coalesce(" + as(q) + " " + r.Op + " " + as(other) + ", false)"
	case "requires":
		return q + " IN (" + texts(r.Values) + ") AND " + other + " IS NULL"
	case "sum":
		var terms, all []string
		for _, n := range r.Columns {
			terms = append(terms, exact(Ident(n)))
			all = append(all, Ident(n)+" IS NOT NULL")
		}
		return strings.Join(all, " AND ") + " AND " + other + " IS NOT NULL AND NOT coalesce(" + strings.Join(terms, " + ") + " = " + exact(other) + ", false)"
	case "id_birth":
		return given + other + " IS NOT NULL AND substring(" + q + ", 7, 8) <> replace(substring(" + other + ", 1, 10), '-', '')"
	case "id_sex":
		odd := "substring(" + q + ", 17, 1) IN ('1', '3', '5', '7', '9')"
		return given + "((" + other + " IN ('男', '1', 'M') AND NOT " + odd + ") OR (" + other + " IN ('女', '2', 'F') AND " + odd + "))"
	case "unique":
		by := r.Columns
		if r.Column != "" {
			by = []string{r.Column}
		}
		return c.repeated(by, false)
	}
	return "true"
}

func within(expr, lo, hi string) string {
	var conds []string
	if lo != "" {
		conds = append(conds, expr+" >= "+lo)
	}
	if hi != "" {
		if strings.HasPrefix(hi, "<") {
			conds = append(conds, expr+" "+hi)
		} else {
			conds = append(conds, expr+" <= "+hi)
		}
	}
	return strings.Join(conds, " AND ")
}

// day is a bound of a date range; the last day counts whole.
func day(s string, plus int) string {
	switch {
	case s == "":
		return ""
	case plus > 0:
		return "< TIMESTAMP " + Text(s) + " + INTERVAL 1 DAY"
	}
	return "TIMESTAMP " + Text(s)
}

func (c *compiler) mask(m *Mask) {
	var changes []change
	for _, r := range m.Rules {
		q, need := Ident(r.Column), ""
		ch := change{column: r.Column}
		switch r.Kind {
		case "pseudonym":
			c.out.Usual |= 1 << c.step // no value is its own pseudonym
			i := slices.Index(c.out.Domains, r.Domain)
			if i < 0 {
				i = len(c.out.Domains)
				c.out.Domains = append(c.out.Domains, r.Domain)
			}
			ch.expr = "pado_p" + itoa(i) + "(" + q + ")"
		case "generalise":
			ch.expr = c.call("wide:"+r.To, q, "")
			ch.from, ch.lossy = r.Column, true
			ch.rule = RuleInfo{ID: "mask:" + r.Column, Label: "可以脱敏", Column: r.Column, Dimension: Conformity, OnFail: "quarantine"}
		case "suppress":
			ch.expr = "NULL::VARCHAR"
		case "band":
			need = number(q)
			ch.expr = "TRY_CAST(floor(" + need + " / " + r.Width + ") * " + r.Width + " AS BIGINT)::VARCHAR"
		case "floor_date":
			need = "TRY_CAST(" + q + " AS TIMESTAMP)"
			ch.expr = "strftime(date_trunc(" + Text(r.To) + ", " + need + "), '%Y-%m-%d')"
		case "clamp":
			need = "nullif(" + number(q) + ", 'nan'::DOUBLE)"
			ch.expr = "CASE WHEN " + need + " < " + r.Min + " THEN " + Text(r.Min) + " WHEN " + need + " > " + r.Max + " THEN " + Text(r.Max) + " WHEN " + need + " IS NOT NULL THEN " + q + " END"
		case "partial":
			kept := itoa(r.Head + r.Tail)
			ch.expr = "CASE WHEN length(" + q + ") > " + kept + " THEN left(" + q + ", " + itoa(r.Head) + ") || repeat('*', length(" + q + ") - " + kept +
				") || right(" + q + ", " + itoa(r.Tail) + ") ELSE repeat('*', length(" + q + ")) END"
		case "prefix":
			ch.expr = "left(" + q + ", " + itoa(r.Head) + ") || repeat('0', greatest(length(" + q + ") - " + itoa(r.Head) + ", 0))"
		}
		if need != "" {
			ch.from, ch.lossy = r.Column, true
			ch.rule = RuleInfo{ID: "mask:" + r.Column, Label: "可以脱敏", Column: r.Column, Dimension: Conformity, OnFail: "quarantine"}
		}
		changes = append(changes, ch)
	}
	c.rewrite(changes)
}
