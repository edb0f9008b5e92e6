package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"sort"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"pado/domain/sandbox/guard/refuse"
)

// Limits of the document.
const (
	maxBytes     = 4 << 20
	maxRho       = 2_000_000_000 // ρ = 2; above it the promise is too weak to give by accident
	maxRows      = 10_000
	maxDomain    = 20_000
	MaxGridSteps = 1 << 20 // steps of a banded dimension
	maxMeasure   = 1 << 52 // |bound| of a measure in grid units
)

// Parse reads and validates a document. The refusal carries GUARD_POLICY and a Chinese
// sentence that names the place.
func Parse(data []byte) (*Policy, *refuse.Refusal) {
	if len(data) > maxBytes {
		return nil, bad("文件超过 4 MB")
	}
	if !utf8.Valid(data) {
		return nil, bad("文件不是 UTF-8")
	}
	if err := noDuplicates(data); err != "" {
		return nil, bad("%s", err)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	var p Policy
	if err := dec.Decode(&p); err != nil {
		return nil, bad("%s", jsonProblem(err))
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, bad("JSON 之后还有多余内容")
	}
	if r := p.Validate(); r != nil {
		return nil, r
	}
	return &p, nil
}

func bad(format string, args ...any) *refuse.Refusal {
	return refuse.Newf(refuse.Policy, format, args...)
}

func jsonProblem(err error) string {
	if t, ok := err.(*json.UnmarshalTypeError); ok {
		return "字段 " + t.Field + " 的类型不对"
	}
	if s, ok := err.(*json.SyntaxError); ok {
		return fmt.Sprintf("第 %d 个字节附近不是有效的 JSON", s.Offset)
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return "未知字段 " + name
	}
	return "不是有效的 JSON"
}

// noDuplicates refuses objects that name a field twice; encoding/json would keep the last.
func noDuplicates(data []byte) string {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	type level struct {
		keys map[string]bool
		key  bool
	}
	var stack []level
	for {
		tok, err := dec.Token()
		if err == io.EOF {
			return ""
		}
		if err != nil {
			return "不是有效的 JSON"
		}
		top := len(stack) - 1
		if d, ok := tok.(json.Delim); ok {
			if d == '}' || d == ']' {
				stack = stack[:top]
				continue
			}
			if top >= 0 {
				stack[top].key = stack[top].keys != nil
			}
			l := level{}
			if d == '{' {
				l = level{keys: map[string]bool{}, key: true}
			}
			if len(stack) > 20 {
				return "嵌套过深"
			}
			stack = append(stack, l)
			continue
		}
		if top < 0 || stack[top].keys == nil {
			continue
		}
		if s, ok := tok.(string); ok && stack[top].key {
			if stack[top].keys[strings.ToLower(s)] {
				return "字段 " + s + " 重复（名称不分大小写）"
			}
			stack[top].keys[strings.ToLower(s)] = true
			stack[top].key = false
			continue
		}
		stack[top].key = true
	}
}

// Validate checks a document that was built in memory; Parse calls it.
func (p *Policy) Validate() *refuse.Refusal {
	switch {
	case p.K < 0 || p.K > 100_000:
		return bad("k 须在 1 到 100000 之间")
	case p.RhoPerAggregate <= 0:
		return bad("rho_per_aggregate 须为正整数（单位 10⁻⁹）")
	case p.RhoTotal < 0 || p.DeltaTotal < 0 || p.DeltaPerKey < 0:
		return bad("rho_total、delta_total、delta_per_selection 不能为负")
	case (p.RhoTotal > maxRho || p.RhoPerAggregate > maxRho) && !p.LargeRho:
		return bad("rho 超过 2000000000（ρ=2），须另设 allow_large_rho 明示")
	case p.DeltaTotal >= 1_000_000_000_000_000:
		return bad("delta_total 须小于 10^15（δ<1）")
	case len(p.Tables) == 0:
		return bad("tables 为空")
	}
	if p.K == 0 {
		p.K = 10
	}
	for _, name := range sortedKeys(p.Tables) {
		t := p.Tables[name]
		if t == nil {
			return bad("表 %s 没有内容", name)
		}
		if !nameOK(name) {
			return bad("表名 %s 含有不允许的字符", name)
		}
		if r := t.validate(name); r != nil {
			return r
		}
	}
	return nil
}

func (t *Table) validate(name string) *refuse.Refusal {
	if t.Public && t.Own {
		return bad("表 %s 不能既是 public 又是 own", name)
	}
	for _, c := range sortedKeys(t.Columns) {
		if t.Columns[c] == nil {
			return bad("字段 %s.%s 没有内容", name, c)
		}
		if !nameOK(c) {
			return bad("字段名 %s.%s 含有不允许的字符", name, c)
		}
		if r := t.Columns[c].validate(name + "." + c); r != nil {
			return r
		}
	}
	if t.Public {
		if t.Unit != "" {
			return bad("公开表 %s 不能有主体列", name)
		}
		for _, k := range t.Key {
			if !nameOK(k) {
				return bad("公开表 %s 的键名不正确", name)
			}
		}
		return nil
	}
	if t.Unit == "" {
		return bad("表 %s 没有声明主体列 unit；每张受保护的表都须声明", name)
	}
	if !nameOK(t.Unit) {
		return bad("表 %s 的主体列名不正确", name)
	}
	if t.Rows == 0 {
		t.Rows = 1
	}
	if t.Rows < 1 || t.Rows > maxRows {
		return bad("表 %s 的 rows 须在 1 到 %d 之间", name, maxRows)
	}
	if t.UnitDomain == "" {
		t.UnitDomain = "natural_person"
	}
	if len(t.Key) > 0 {
		return bad("表 %s：只有公开表可以声明 key", name)
	}
	if t.Columns == nil {
		t.Columns = map[string]*Column{}
	}
	units := 0
	for _, c := range sortedKeys(t.Columns) {
		if t.Columns[c].Label == Unit {
			units++
			if !strings.EqualFold(c, t.Unit) {
				return bad("表 %s 的主体列声明为 %s，但 %s 也标为 unit", name, t.Unit, c)
			}
		} else if strings.EqualFold(c, t.Unit) {
			return bad("字段 %s.%s 是主体列，标签须为 unit", name, c)
		}
	}
	if units == 0 {
		t.Columns[t.Unit] = &Column{Label: Unit}
	}
	return nil
}

// steps of bands that dates may be coarsened to.
var dateSteps = map[Scalar]bool{"": true, "day": true, "week": true, "month": true, "quarter": true, "year": true}

func (c *Column) validate(at string) *refuse.Refusal {
	switch c.Label {
	case Forbidden, Unit, JoinOnly, Measure, SensitiveDim, Dim, PublicColumn:
	default:
		return bad("字段 %s 的标签 %s 不认识", at, c.Label)
	}
	switch c.Type {
	case "", "text", "int", "decimal", "date":
	default:
		return bad("字段 %s 的类型 %s 不认识（text、int、decimal、date）", at, c.Type)
	}
	if len(c.Domain.Words) > 0 {
		return c.validateDomain(at)
	}
	if c.Type == "date" {
		return c.validateDate(at)
	}
	ranged := c.Lo != "" || c.Hi != ""
	if !ranged {
		if c.Label == Measure {
			return bad("度量字段 %s 须声明 lo 与 hi", at)
		}
		if c.Coarsen != "" || c.Grid != "" {
			return bad("字段 %s 有步长但没有 lo/hi", at)
		}
		return nil
	}
	if c.Label != Measure && c.Label != Dim && c.Label != PublicColumn {
		return bad("字段 %s 的标签 %s 不能有 lo/hi", at, c.Label)
	}
	return c.validateRange(at)
}

func (c *Column) validateDomain(at string) *refuse.Refusal {
	if c.Label != Dim && c.Label != PublicColumn && c.Label != SensitiveDim {
		return bad("字段 %s 的标签 %s 不能有 domain", at, c.Label)
	}
	if c.Lo != "" || c.Hi != "" || c.Grid != "" || c.Coarsen != "" {
		return bad("字段 %s 有 domain 时不能再有 lo/hi/grid/coarsen", at)
	}
	if c.Type == "" && c.Domain.Numbers {
		c.Type = "int"
		for _, v := range c.Domain.Words {
			if n, ok := new(big.Int).SetString(v, 10); !ok || !n.IsInt64() {
				c.Type = "decimal"
			}
		}
	}
	if len(c.Domain.Words) > maxDomain {
		return bad("字段 %s 的 domain 超过 %d 个取值", at, maxDomain)
	}
	seen := map[string]bool{}
	for _, v := range c.Domain.Words {
		if seen[v] {
			return bad("字段 %s 的 domain 有重复取值 %s", at, v)
		}
		seen[v] = true
		if utf8.RuneCountInString(v) > 128 {
			return bad("字段 %s 的 domain 有过长的取值", at)
		}
		for _, r := range v {
			if !unicode.IsPrint(r) {
				return bad("字段 %s 的 domain 含有不可见字符", at)
			}
		}
		if c.Type == "int" {
			if n, ok := new(big.Int).SetString(v, 10); !ok || !n.IsInt64() {
				return bad("字段 %s 的 domain 取值 %s 不是整数", at, v)
			}
		}
		if c.Type == "date" {
			if _, err := time.Parse(time.DateOnly, v); err != nil {
				return bad("字段 %s 的 domain 取值 %s 不是日期", at, v)
			}
		}
	}
	return nil
}

func (c *Column) validateDate(at string) *refuse.Refusal {
	if c.Label == Measure {
		return bad("日期字段 %s 不能作为度量", at)
	}
	if c.Lo == "" && c.Hi == "" {
		return nil
	}
	if c.Label != Dim && c.Label != PublicColumn {
		return bad("字段 %s 的标签 %s 不能有 lo/hi", at, c.Label)
	}
	lo, err1 := time.Parse(time.DateOnly, string(c.Lo))
	hi, err2 := time.Parse(time.DateOnly, string(c.Hi))
	if err1 != nil || err2 != nil || hi.Before(lo) {
		return bad("日期字段 %s 的 lo/hi 须为 年-月-日 且 lo 不晚于 hi", at)
	}
	if hi.Year()-lo.Year() > 500 {
		return bad("日期字段 %s 的范围超过 500 年", at)
	}
	if c.Grid != "" && c.Grid != "1" {
		return bad("日期字段 %s 的 grid 只能是 1（天）", at)
	}
	if !dateSteps[c.Coarsen] {
		return bad("日期字段 %s 的 coarsen 须为 day、week、month、quarter、year", at)
	}
	return nil
}

func (c *Column) validateRange(at string) *refuse.Refusal {
	if c.Grid == "" {
		c.Grid = "1"
	}
	lo, ok1 := c.Lo.Rat()
	hi, ok2 := c.Hi.Rat()
	grid, ok3 := c.Grid.Rat()
	if !ok1 || !ok2 || !ok3 || grid.Sign() <= 0 || lo.Cmp(hi) > 0 {
		return bad("字段 %s 的 lo、hi、grid 须为数字，grid 为正，lo 不大于 hi", at)
	}
	if c.Type == "text" {
		return bad("文字字段 %s 不能有 lo/hi", at)
	}
	if c.Type == "" {
		c.Type = "decimal"
		if lo.IsInt() && hi.IsInt() && grid.IsInt() {
			c.Type = "int"
		}
	}
	if c.Type == "int" && (!lo.IsInt() || !hi.IsInt() || !grid.IsInt()) {
		return bad("整数字段 %s 的 lo、hi、grid 须为整数", at)
	}
	a, b := new(big.Rat).Quo(lo, grid), new(big.Rat).Quo(hi, grid)
	if !a.IsInt() || !b.IsInt() {
		return bad("字段 %s 的 lo 与 hi 须为 grid 的整数倍", at)
	}
	limit := big.NewInt(maxMeasure)
	if a.Num().CmpAbs(limit) > 0 || b.Num().CmpAbs(limit) > 0 {
		return bad("字段 %s 的 lo/hi 相对 grid 过大", at)
	}
	if c.Label != Measure {
		if n := new(big.Int).Sub(b.Num(), a.Num()); n.Cmp(big.NewInt(MaxGridSteps)) >= 0 {
			return bad("维度字段 %s 的取值超过 %d 格，请加大 grid", at, MaxGridSteps)
		}
	}
	if c.Coarsen != "" {
		s, ok := c.Coarsen.Rat()
		if !ok || s.Cmp(grid) < 0 || !new(big.Rat).Quo(s, grid).IsInt() {
			return bad("字段 %s 的 coarsen 须为 grid 的整数倍", at)
		}
	}
	return nil
}

// nameOK accepts letters of any script, digits and a few signs real headings have; '#' marks
// the snapshot's own columns and stays out of the way.
func nameOK(s string) bool {
	n := utf8.RuneCountInString(s)
	if n == 0 || n > 64 {
		return false
	}
	for i, r := range s {
		if r == '_' || unicode.IsLetter(r) || (i > 0 && unicode.IsDigit(r)) || (i > 0 && (unicode.Is(unicode.Mn, r) || strings.ContainsRune("-. /()（）%·", r))) {
			continue
		}
		return false
	}
	return true
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}
