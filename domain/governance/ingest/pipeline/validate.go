package pipeline

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"pado/domain/governance/ingest/codes"
	"pado/domain/governance/ingest/read"
)

var (
	idShape     = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,63}$`)
	tableShape  = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)
	columnShape = regexp.MustCompile(`^[\p{L}_][\p{L}\p{N}_.()（）/%-]{0,126}$`)
	domainShape = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)
	numberShape = regexp.MustCompile(`^-?[0-9]{1,18}(\.[0-9]{1,9})?$`)
	factorShape = regexp.MustCompile(`^[0-9]{1,8}(\.[0-9]{1,6})?$`)
	listShape   = regexp.MustCompile(`^[a-z][a-z0-9_.:-]{0,126}$`)
	replacement = regexp.MustCompile(`^([^\\]|\\[1-9])*$`)
	formatShape = regexp.MustCompile(`^(%[YymdHMSbBfpjIz]|%-[mdHMSyIj]|[^%])*$`)
)

const (
	maxSteps   = 60
	maxColumns = 1000
)

var labels = []string{"forbidden", "unit", "join_only", "dim", "sensitive_dim", "measure", "public"}

// checker walks a declaration and keeps what is known about the columns at
// each point: that they exist, and which still hold a direct identifier.
type checker struct {
	path    string
	known   []string
	tainted map[string]bool
	err     error
}

func (c *checker) fail(path, format string, args ...any) {
	if c.err == nil {
		if c.path != "" {
			path = strings.Trim(c.path+"."+path, ".")
		}
		c.err = &Error{Code: ErrInvalid.Code, Clause: ErrInvalid.Clause, Path: path, Message: fmt.Sprintf(format, args...)}
	}
}

func (c *checker) must(ok bool, path, format string, args ...any) {
	if !ok {
		c.fail(path, format, args...)
	}
}

func (c *checker) one(path, v string, allowed ...string) {
	c.must(slices.Contains(allowed, v), path, "取值应为 %s 之一", strings.Join(allowed, "、"))
}

func (c *checker) column(path, name string) {
	c.must(slices.Contains(c.known, name), path, "此处没有名为 %q 的字段", name)
}

// columns checks a list of names and unfolds "*".
func (c *checker) columns(path string, names []string) []string {
	if len(names) == 1 && names[0] == "*" {
		return slices.Clone(c.known)
	}
	c.must(len(names) > 0, path, "至少一个字段")
	for i, n := range names {
		c.column(fmt.Sprintf("%s[%d]", path, i), n)
		c.must(!slices.Contains(names[:i], n), path, "字段 %q 重复", n)
	}
	return names
}

func (c *checker) num(path, v string) {
	c.must(numberShape.MatchString(v), path, "应为十进制数")
}

func (c *checker) bounds(lo, hi string) {
	c.must(lo != "" || hi != "", "min", "min 和 max 至少写一个")
	for p, v := range map[string]string{"min": lo, "max": hi} {
		if v != "" {
			c.num(p, v)
		}
	}
	if lo != "" && hi != "" {
		l, _ := strconv.ParseFloat(lo, 64)
		h, _ := strconv.ParseFloat(hi, 64)
		c.must(l <= h, "min", "min 大于 max")
	}
}

func (c *checker) days(lo, hi string) {
	c.must(lo != "" || hi != "", "min", "min 和 max 至少写一个")
	for p, v := range map[string]string{"min": lo, "max": hi} {
		if v != "" {
			_, err := time.Parse(time.DateOnly, v)
			c.must(err == nil, p, "应为 2006-01-02 形式的日期")
		}
	}
}

// Validate checks that the declaration holds together: every column named
// exists at that point, every value is among those allowed, and no direct
// identifier reaches the target unmasked (6.2.2). It returns the first fault.
func (p *Pipeline) Validate() error {
	c := &checker{tainted: map[string]bool{}}
	c.one("format", p.Format, Format)
	c.must(idShape.MatchString(p.ID), "id", "应以小写字母开头，由小写字母、数字、_、- 组成")
	c.must(p.Version >= 1, "version", "版本号从 1 起")
	c.source(&p.Source)
	c.must(len(p.Steps) <= maxSteps, "steps", "步骤不得超过 %d 个", maxSteps)
	for i := range p.Steps {
		c.path = fmt.Sprintf("steps[%d]", i)
		c.step(&p.Steps[i])
	}
	c.path = ""
	c.target(&p.Target)
	c.gates(p)
	return c.err
}

func (c *checker) source(s *Source) {
	c.path = "source"
	c.one("kind", s.Kind, "csv", "xlsx", "xls", "parquet", "jsonl")
	if s.Kind == "parquet" || s.Kind == "jsonl" {
		c.must(s.Skip == 0 && s.Header == 1 && s.Strays == nil && len(s.Rows) == 0, "header", "此种文件自带字段名：header 为 1，没有标题行和分节行")
		c.must(s.Sheet == "" && s.Merged == "", "sheet", "此种文件没有工作表和合并单元格")
	}
	if s.Kind == "csv" {
		c.must(s.Encoding.Valid(), "encoding", "取值应为 auto、utf-8、gb18030、utf-16le、utf-16be 之一")
		c.must(s.Sheet == "" && s.Merged == "", "sheet", "文本文件没有工作表和合并单元格")
		c.must(s.Quote == "none" || (len(s.Quote) == 1 && s.Quote[0] > ' ' && s.Quote[0] < 0x7f), "quote", "应为一个 ASCII 字符或 none")
		d := s.Delimiter
		c.must(d != "" && d[0] < 0x7f && (d[0] > ' ' || d[0] == '\t' || d == " ") && strings.Trim(d[1:], " ") == "" && d[:1] != s.Quote,
			"delimiter", "应为一个 ASCII 字符，其后可跟空格")
	} else {
		c.must(s.Encoding == "" && s.Delimiter == "" && s.Quote == "", "encoding", "工作簿没有编码和分隔符")
		if s.Merged != "" {
			c.one("merged", s.Merged, "fill")
		}
	}
	c.must(s.Skip >= 0 && s.Skip <= 1000, "skip", "应在 0 到 1000 之间")
	c.must(s.Header >= 0 && s.Header <= 10, "header", "应在 0 到 10 之间")
	c.one("extra", s.Extra, "refuse", "ignore")
	c.must(len(s.Columns) > 0 && len(s.Columns) <= maxColumns, "columns", "应有 1 到 %d 个字段", maxColumns)
	if st := s.Strays; st != nil {
		c.must(st.Filled >= 0 && st.Filled < len(s.Columns), "strays.filled", "应小于字段数")
		c.must(st.Filled > 0 || len(st.Totals) > 0, "strays", "filled 和 totals 至少写一个")
		c.must(st.Section == "" || st.Filled > 0, "strays.section", "需要 filled 才能认出分节行")
	}
	c.one("archive", s.Archive, "", "zip")
	c.must(s.Entry == "" || s.Archive != "", "entry", "只有压缩包才有包内文件")
	c.reading(s)
	names := map[string]bool{}
	for i, col := range s.Columns {
		path := fmt.Sprintf("columns[%d]", i)
		c.must(col.Name != "" && !names[col.Name], path, "字段名为空或重复")
		names[col.Name] = true
		c.must(!col.Optional || s.Header > 0, path, "没有表头的文件不能有可选字段")
		c.add(path, col.Key())
		c.tainted[col.Key()] = col.Identifier
	}
	if s.Strays != nil && s.Strays.Section != "" {
		c.add("strays.section", s.Strays.Section)
	}
	c.path = ""
}

func (c *checker) add(path, name string) {
	c.must(columnShape.MatchString(name), path, "字段名 %q 不合规则，请用 as 另取名称", name)
	// The engine does not tell upper from lower case in names.
	c.must(!slices.ContainsFunc(c.known, func(k string) bool { return strings.EqualFold(k, name) }), path, "字段名 %q 重复（不分大小写）", name)
	c.known = append(c.known, name)
}

func (c *checker) list(path, name string) {
	c.must(name == "" || listShape.MatchString(name), path, "代码表名应以小写字母开头，由小写字母、数字和 _ . : - 组成")
}

func (c *checker) step(s *Step) {
	n := 0
	for _, set := range []bool{s.Trim != nil, s.Width != nil, s.Case != nil, s.Missing != nil, s.Dates != nil, s.Replace != nil, s.Codes != nil, s.Units != nil,
		s.Derive != nil, s.Check != nil, s.Deduplicate != nil, s.Mask != nil} {
		if set {
			n++
		}
	}
	c.must(n == 1, "", "每个步骤应有且只有一种动作")
	if c.err != nil {
		return
	}
	switch {
	case s.Trim != nil:
		c.columns("trim.columns", s.Trim.Columns)
		c.one("trim.inner", s.Trim.Inner, "", "keep", "collapse", "remove")
	case s.Width != nil:
		c.columns("width.columns", s.Width.Columns)
	case s.Case != nil:
		c.columns("case.columns", s.Case.Columns)
		c.one("case.to", s.Case.To, "upper", "lower")
	case s.Missing != nil:
		c.columns("missing.columns", s.Missing.Columns)
		c.must(len(s.Missing.Values) > 0, "missing.values", "至少一个值")
	case s.Dates != nil:
		c.columns("dates.columns", s.Dates.Columns)
		c.must(len(s.Dates.Formats) > 0, "dates.formats", "至少一种格式")
		for i, f := range s.Dates.Formats {
			c.must(formatShape.MatchString(f), fmt.Sprintf("dates.formats[%d]", i), "日期格式不认识")
		}
		c.one("dates.on_fail", s.Dates.OnFail, "", "quarantine", "null", "report")
	case s.Replace != nil:
		c.column("replace.column", s.Replace.Column)
		_, err := regexp.Compile(s.Replace.Pattern)
		c.must(err == nil && s.Replace.Pattern != "", "replace.pattern", "正则表达式有误")
		c.must(replacement.MatchString(s.Replace.With), "replace.with", "反斜线之后应为 1 到 9 的组号")
	case s.Codes != nil:
		c.column("codes.column", s.Codes.Column)
		c.must((len(s.Codes.Map) > 0) != (s.Codes.List != ""), "codes.map", "map 和 list 写一个；map 至少一个代码")
		c.list("codes.list", s.Codes.List)
		c.must(s.Codes.At == "" || s.Codes.List != "", "codes.at", "需要 list")
		if s.Codes.At != "" {
			c.column("codes.at", s.Codes.At)
		}
		c.one("codes.on_fail", s.Codes.OnFail, "", "quarantine", "null", "report", "keep")
	case s.Units != nil:
		c.column("units.column", s.Units.Column)
		c.must(len(s.Units.Factors) > 0 && len(s.Units.Factors) <= 100, "units.factors", "应有 1 到 100 个单位")
		for u, f := range s.Units.Factors {
			c.must(factorShape.MatchString(f) && strings.Trim(f, "0.") != "" && len(u) <= 40, "units.factors", "系数应为正的十进制数，整数部分至多 8 位，小数至多 6 位")
		}
		c.one("units.on_fail", s.Units.OnFail, "", "quarantine", "null", "report")
	case s.Derive != nil:
		c.derive(s.Derive)
	case s.Check != nil:
		c.check(s.Check)
	case s.Deduplicate != nil:
		c.columns("deduplicate.by", s.Deduplicate.By)
		c.one("deduplicate.keep", s.Deduplicate.Keep, "", "first", "last")
	case s.Mask != nil:
		c.mask(s.Mask)
	}
}

func (c *checker) derive(d *Derive) {
	n := 0
	for _, set := range []bool{d.Ordinal, d.Copy != "", len(d.Concat) > 0, len(d.Timestamp) > 0, d.Substring != ""} {
		if set {
			n++
		}
	}
	c.must(n == 1, "derive", "应有且只有一种来源")
	from := append(append([]string{}, d.Concat...), d.Timestamp...)
	if d.Copy != "" {
		from = append(from, d.Copy)
	}
	taint := false
	for _, f := range from {
		c.column("derive", f)
		taint = taint || c.tainted[f]
	}
	if d.Substring != "" {
		c.column("derive.substring", d.Substring)
		c.must(d.Start >= 1 && d.Length >= 1, "derive.start", "start 和 length 从 1 起")
		taint = c.tainted[d.Substring] && d.Length > 8
	}
	if len(d.Timestamp) > 0 {
		c.must(len(d.Timestamp) >= 3 && len(d.Timestamp) <= 6, "derive.timestamp", "应有 3 到 6 个字段：年、月、日、时、分、秒")
	}
	c.add("derive.column", d.Column)
	c.tainted[d.Column] = taint
}

func (c *checker) check(k *Check) {
	c.must(len(k.Rules) > 0 && len(k.Rules) <= maxColumns, "check.rules", "应有 1 到 %d 条规则", maxColumns)
	ids, nulled := map[string]bool{}, map[string]bool{}
	base := c.path
	for i, r := range k.Rules {
		c.path = fmt.Sprintf("%s.check.rules[%d]", base, i)
		c.must(idShape.MatchString(r.ID) && !ids[r.ID], "id", "规则编号为空、重复或不合规则")
		ids[r.ID] = true
		c.rule(&r)
		c.one("on_fail", r.OnFail, "", "quarantine", "null", "report")
		c.must(r.OnFail != "null" || (r.Column != "" && !nulled[r.Column] && r.Kind != "unique"), "on_fail", "null 只能用于单字段规则，且每个字段每步一条")
		if r.OnFail == "null" {
			nulled[r.Column] = true
		}
		if r.Dimension != "" {
			c.must(Dimension(r.Dimension).Title() != "", "dimension", "不是六个维度之一")
		}
	}
	c.path = base
}

func (c *checker) rule(r *Rule) {
	_, known := kinds[r.Kind]
	c.must(known, "kind", "没有 %q 这种规则", r.Kind)
	if r.Kind != "unique" && r.Kind != "sum" {
		c.column("column", r.Column)
		c.must(len(r.Columns) == 0, "columns", "此种规则只用 column")
	}
	switch r.Kind {
	case "regex":
		_, err := regexp.Compile(r.Pattern)
		c.must(err == nil && r.Pattern != "", "pattern", "正则表达式有误")
	case "named":
		c.must(r.List != "", "list", "应写明代码表")
		c.list("list", r.List)
		c.column("other", r.Other)
	case "reference":
		c.must(r.List != "", "list", "应写明代码表")
		c.list("list", r.List)
		if r.Other != "" {
			c.column("other", r.Other)
		}
	case "in":
		c.must(len(r.Values) > 0, "values", "至少一个值")
	case "range", "length":
		c.bounds(r.Min, r.Max)
	case "date_range":
		c.days(r.Min, r.Max)
	case "compare":
		c.column("other", r.Other)
		c.one("op", r.Op, "<", "<=", "=", "!=", ">=", ">")
		c.one("as", r.As, "", "number", "date", "text")
	case "requires":
		c.column("other", r.Other)
		c.must(len(r.Values) > 0, "values", "至少一个值")
	case "sum":
		c.columns("columns", r.Columns)
		c.column("other", r.Other)
	case "id_birth", "id_sex":
		c.column("other", r.Other)
	case "unique":
		c.must((r.Column == "") != (len(r.Columns) == 0), "columns", "column 和 columns 写一个")
		if r.Column != "" {
			c.column("column", r.Column)
		} else {
			c.columns("columns", r.Columns)
		}
	}
}

func (c *checker) mask(m *Mask) {
	c.must(len(m.Rules) > 0, "mask.rules", "至少一条规则")
	base := c.path
	seen := map[string]bool{}
	for i, r := range m.Rules {
		c.path = fmt.Sprintf("%s.mask.rules[%d]", base, i)
		c.column("column", r.Column)
		c.must(!seen[r.Column], "column", "一步之内一个字段只能脱敏一次")
		seen[r.Column] = true
		switch r.Kind {
		case "pseudonym":
			c.must(domainShape.MatchString(r.Domain), "domain", "应写明假名所指对象的种类，如 natural_person")
			c.tainted[r.Column] = false
		case "generalise":
			c.one("to", r.To, codes.Levels...)
		case "suppress":
			c.tainted[r.Column] = false
		case "band":
			w, err := strconv.Atoi(r.Width)
			c.must(err == nil && w >= 1, "width", "应为正整数")
		case "floor_date":
			c.one("to", r.To, "month", "quarter", "year")
		case "clamp":
			c.num("min", r.Min)
			c.num("max", r.Max)
			c.bounds(r.Min, r.Max)
		case "partial":
			c.must(r.Head >= 0 && r.Tail >= 0 && r.Head+r.Tail > 0, "head", "head、tail 至少一个大于零")
		case "prefix":
			c.must(r.Head >= 1 && r.Head <= 6, "head", "应在 1 到 6 之间")
			c.tainted[r.Column] = false
		default:
			c.fail("kind", "没有 %q 这种脱敏方式", r.Kind)
		}
	}
	c.path = base
}

func (c *checker) target(t *Target) {
	c.path = "target"
	c.must(tableShape.MatchString(t.Table), "table", "表名应以小写字母开头，由小写字母、数字、_ 组成")
	c.must(len(t.Columns) > 0 && len(t.Columns) <= maxColumns, "columns", "应有 1 到 %d 个字段", maxColumns)
	names := map[string]TargetColumn{}
	for i, col := range t.Columns {
		path := fmt.Sprintf("columns[%d]", i)
		_, dup := names[col.Name]
		c.must(tableShape.MatchString(col.Name) && !dup, path, "目标字段名应由小写字母、数字、_ 组成且不重复")
		names[col.Name] = col
		c.column(path+".from", col.Key())
		_, _, decimal := decimalType(col.Type)
		c.must(decimal || slices.Contains([]string{"text", "integer", "bigint", "double", "date", "timestamp", "boolean"}, col.Type), path+".type", "没有 %q 这种类型", col.Type)
		c.one(path+".label", col.Label, labels...)
		c.one(path+".on_fail", col.OnFail, "", "quarantine", "null")
		c.must(!c.tainted[col.Key()], path, "字段 %q 是直接标识符，须先假名化或删除才能进入数据池", col.Key())
	}
	if t.Unit != "" {
		u, ok := names[t.Unit]
		c.must(ok && u.Label == "unit", "unit", "受保护单元应是标记为 unit 的目标字段")
		c.one("unit_domain", t.UnitDomain, "natural_person", "household", "legal_entity", "row")
		c.must(u.Required, "unit", "受保护单元字段应为 required")
	} else {
		for _, col := range t.Columns {
			c.must(col.Label != "unit", "unit", "有字段标记为 unit，但没有写明 unit")
		}
	}
	c.path = ""
}

func (c *checker) gates(p *Pipeline) {
	typeOf := map[string]string{}
	for _, col := range p.Target.Columns {
		typeOf[col.Name] = col.Type
	}
	ids := map[string]bool{}
	temporal := func(col string) bool { return typeOf[col] == "date" || typeOf[col] == "timestamp" }
	for i, g := range p.Quality {
		c.path = fmt.Sprintf("quality[%d]", i)
		c.must(idShape.MatchString(g.ID) && !ids[g.ID], "id", "规则编号为空、重复或不合规则")
		ids[g.ID] = true
		c.must(g.Dimension == "" || Dimension(g.Dimension).Title() != "", "dimension", "不是六个维度之一")
		for j, n := range append(append([]string{}, g.Columns...), g.Per...) {
			c.must(typeOf[n] != "", fmt.Sprintf("columns[%d]", j), "目标结构中没有字段 %q", n)
		}
		switch g.Kind {
		case "continuity":
			c.must(temporal(g.Column), "column", "应为日期或时间字段")
			c.one("step", g.Step, "hour", "day", "month", "year")
		case "fresh":
			c.must(temporal(g.Column), "column", "应为日期或时间字段")
			c.must(g.Days >= 0, "days", "不得为负")
		case "within":
			c.must(temporal(g.Column), "column", "应为日期或时间字段")
			c.days(g.Min, g.Max)
		case "unique":
			c.must(len(g.Columns) > 0, "columns", "至少一个字段")
		default:
			c.fail("kind", "没有 %q 这种规则", g.Kind)
		}
	}
	c.path = ""
}

// sourceKeys are the columns with which the steps begin.
func (p *Pipeline) sourceKeys() []string {
	var keys []string
	for _, c := range p.Source.Columns {
		keys = append(keys, c.Key())
	}
	if p.Source.Strays != nil && p.Source.Strays.Section != "" {
		keys = append(keys, p.Source.Strays.Section)
	}
	return keys
}

// words is how many fail-mask words the rules can need at most.
func (p *Pipeline) words() int {
	cols := len(p.sourceKeys())
	n := 2 * len(p.Target.Columns)
	for _, s := range p.Steps {
		switch {
		case s.Dates != nil:
			n += cols
		case s.Codes != nil, s.Units != nil, s.Deduplicate != nil:
			n++
		case s.Derive != nil:
			n++
			cols++
		case s.Check != nil:
			n += len(s.Check.Rules)
		case s.Mask != nil:
			n += len(s.Mask.Rules)
		}
	}
	return n/wordBits + 1
}

// CSVDialect is the source's dialect once the encoding is known.
func (s *Source) CSVDialect(e read.Encoding) read.Dialect {
	d := read.Dialect{Encoding: e, Delimiter: s.Delimiter, Missing: s.Missing}
	if s.Quote != "none" {
		d.Quote = s.Quote[0]
	}
	return d
}
