package ingest

import (
	"errors"
	"io"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"pado/core/id"
	"pado/domain/governance/ingest/read"
)

// inspection is what one reading of a file found.
type inspection struct {
	records int64
	width   int // the commonest number of columns
	top     []topRow
	skip    int
	header  int
	names   []string
	data    int64
	columns []*look
	finds   []Finding
	text    bool // the file is text: a row has its number of fields
	multi   bool // line breaks inside cells
	found   map[Reason]int64
	tail    []Finding // stray rows since the last data row
}

type topRow struct {
	n      int64
	cells  []string
	filled int
	flaw   read.Flaw
}

// topRows is how many records decide about banner, header and width.
const topRows = 500

func inspect(rows read.Rows, text bool) (*inspection, error) {
	in := &inspection{found: map[Reason]int64{}, text: text}
	var r read.Row
	for len(in.top) < topRows {
		err := rows.Next(&r)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if !r.Blank() {
			in.top = append(in.top, topRow{r.N, r.Cells(), r.Filled, r.Flaw})
		}
	}
	if len(in.top) == 0 {
		return nil, read.ErrEmpty
	}
	in.layout()
	for i, t := range in.top {
		if i >= in.skip+in.header {
			in.row(t.n, t.cells, t.filled, t.flaw)
		}
	}
	for {
		err := rows.Next(&r)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if !r.Blank() {
			in.row(r.N, r.Cells(), r.Filled, r.Flaw)
		}
	}
	// Strays after the last data row are remarks, not headings.
	for _, f := range in.tail {
		in.find(f.Record, ReasonNote)
	}
	in.records = int64(in.header) + in.data
	for _, n := range in.found {
		in.records += n
	}
	return in, nil
}

// layout finds width, banner and header from the first records.
func (in *inspection) layout() {
	// Banners, headings and notes fill one cell; they do not vote unless
	// there is nothing else.
	counts := map[int]int{}
	for _, t := range in.top {
		if t.filled > 1 {
			counts[lastFilled(t.cells)]++
		}
	}
	if len(counts) == 0 {
		counts[1] = 1
	}
	best := 0
	for w, n := range counts {
		if n > best || n == best && w > in.width {
			best, in.width = n, w
		}
	}
	full := 0
	for _, t := range in.top {
		if t.filled*2 >= in.width {
			full = max(full, lastFilled(t.cells))
		}
	}
	for in.skip < len(in.top)-1 && in.width > 2 && in.top[in.skip].filled*2 < in.width && in.top[in.skip].filled <= 2 {
		in.skip++
	}
	body := in.top[in.skip:]
	for in.header < min(3, len(body)-1) && in.headerLike(body[in.header], body[in.header+1:]) && (in.header == 0 || holes(body[in.header-1].cells, in.width)) {
		in.header++
	}
	if in.header == 0 && len(body) == 1 && allWords(body[0].cells) {
		in.header = 1 // a header and nothing else
	}
	var head [][]string
	for _, t := range body[:in.header] {
		head = append(head, t.cells)
	}
	switch {
	case in.header > 0:
		// The header decides: a column may lack a name, but not its place in it.
		named, places := 1, 1
		for _, h := range head {
			named, places = max(named, lastFilled(h)), max(places, len(h))
		}
		in.width = max(named, min(in.width, places))
	case full > in.width:
		in.width = full
	}
	if in.header > 0 {
		for i := range head {
			head[i] = fit(head[i], in.width)
		}
		in.names = Names(head)
	} else {
		in.names = Names([][]string{make([]string, in.width)})
	}
	for range in.width {
		in.columns = append(in.columns, newLook())
	}
	for _, t := range in.top[:in.skip] {
		in.find(t.n, ReasonBanner)
	}
}

func fit(cells []string, width int) []string {
	if len(cells) > width {
		return cells[:width]
	}
	return append(slices.Clone(cells), make([]string, width-len(cells))...)
}

func lastFilled(cells []string) int {
	for i := len(cells); i > 0; i-- {
		if tidy(cells[i-1]) != "" {
			return i
		}
	}
	return 0
}

// holes reports empty cells between filled ones: a group heading.
func holes(cells []string, width int) bool {
	return slices.ContainsFunc(fit(cells, width), func(c string) bool { return tidy(c) == "" })
}

func allWords(cells []string) bool {
	return !slices.ContainsFunc(cells, func(c string) bool { c = tidy(c); return c != "" && kindOf(c) != "text" })
}

// headerLike reports whether the record names what stands below it: it holds
// words only, and either a column below holds other things than words or none
// of the words occurs again in its column.
func (in *inspection) headerLike(t topRow, below []topRow) bool {
	if t.flaw != read.FlawNone || t.filled < 2 && in.width > 1 || !allWords(t.cells) {
		return false
	}
	again, differ := 0, 0
	for i, c := range t.cells {
		c = tidy(c)
		if c == "" {
			continue
		}
		other, seen := 0, 0
		for _, b := range below {
			if i >= len(b.cells) {
				continue
			}
			v := tidy(b.cells[i])
			if v == "" {
				continue
			}
			seen++
			if v == c {
				again++
			}
			if kindOf(v) != "text" {
				other++
			}
		}
		if seen > 0 && other*10 >= seen*8 {
			differ++
		}
	}
	return differ > 0 && again == 0 || again == 0 && distinct(t.cells)
}

func distinct(cells []string) bool {
	seen := map[string]bool{}
	for _, c := range cells {
		if c = tidy(c); c != "" && seen[c] {
			return false
		}
		seen[c] = true
	}
	return true
}

var noteWords = []string{"注", "说明", "备注", "资料来源", "数据来源", "填表", "制表", "审核人", "单位负责人", "*", "※"}

var totalWords = []string{"合计", "总计", "小计", "总 计", "合 计", "小 计", "累计"}

func (in *inspection) find(record int64, reason Reason) {
	in.found[reason]++
	if len(in.finds) < maxFindings {
		in.finds = append(in.finds, Finding{record, reason, reason.Label()})
	}
}

// row takes one record after the header.
func (in *inspection) row(n int64, cells []string, filled int, flaw read.Flaw) {
	first := ""
	if i := slices.IndexFunc(cells, func(c string) bool { c = tidy(c); return c != "" && !slices.Contains(missingWords, c) }); i >= 0 {
		first = tidy(cells[i])
	}
	switch {
	case flaw != read.FlawNone:
		in.find(n, Reason(flaw))
		return
	case slices.Contains(totalWords, first):
		in.find(n, ReasonTotal)
		return
	case filled <= 1 && in.width > 2:
		if slices.ContainsFunc(noteWords, func(w string) bool { return strings.HasPrefix(first, w) }) {
			in.find(n, ReasonNote)
		} else {
			in.tail = append(in.tail, Finding{Record: n})
		}
		return
	case lastFilled(cells) > in.width, in.text && len(cells) < in.width:
		in.find(n, ReasonFields)
		return
	}
	for _, f := range in.tail {
		in.find(f.Record, ReasonSection)
	}
	in.tail = nil
	in.data++
	for i, l := range in.columns {
		v := ""
		if i < len(cells) {
			v = cells[i]
		}
		if strings.ContainsAny(v, "\r\n") {
			in.multi = true
		}
		l.add(tidy(v))
	}
}

// look gathers what the values of a column look like.
type look struct {
	rows, filled           int64
	kinds                  map[string]int64
	formats                map[string]int64
	missing                map[string]int64
	scale                  int
	big                    bool
	idCard, uscc, phone    int64
	leadingZero, longDigit bool
}

func newLook() *look {
	return &look{kinds: map[string]int64{}, formats: map[string]int64{}, missing: map[string]int64{}}
}

// dateShapes pairs what a date looks like with the pattern that reads it.
var dateShapes = []struct {
	shape  *regexp.Regexp
	format string
	time   bool
}{
	{regexp.MustCompile(`^(19|20)\d\d-\d{1,2}-\d{1,2}$`), "%Y-%m-%d", false},
	{regexp.MustCompile(`^(19|20)\d\d/\d{1,2}/\d{1,2}$`), "%Y/%m/%d", false},
	{regexp.MustCompile(`^(19|20)\d\d\.\d{1,2}\.\d{1,2}$`), "%Y.%m.%d", false},
	{regexp.MustCompile(`^(19|20)\d\d年\d{1,2}月\d{1,2}日$`), "%Y年%m月%d日", false},
	{regexp.MustCompile(`^(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$`), "%Y%m%d", false},
	{regexp.MustCompile(`^(19|20)\d\d-\d{1,2}-\d{1,2}[ T]\d{1,2}:\d\d:\d\d$`), "%Y-%m-%d %H:%M:%S", true},
	{regexp.MustCompile(`^(19|20)\d\d/\d{1,2}/\d{1,2} \d{1,2}:\d\d:\d\d$`), "%Y/%m/%d %H:%M:%S", true},
	{regexp.MustCompile(`^(19|20)\d\d/\d{1,2}/\d{1,2} \d{1,2}:\d\d$`), "%Y/%m/%d %H:%M", true},
	{regexp.MustCompile(`^(19|20)\d\d-\d{1,2}-\d{1,2} \d{1,2}:\d\d$`), "%Y-%m-%d %H:%M", true},
}

var missingWords = []string{"NA", "N/A", "n/a", "NULL", "null", "NaN", "nan", "?", "-", "--", "—", "——", "/", "#N/A", "无", "不详", "空"}

// kindOf sorts a value: integer, decimal, double, date, timestamp or text.
func kindOf(v string) string {
	k, _ := kindAndFormat(v)
	return k
}

func kindAndFormat(v string) (kind, format string) {
	digits, dots, others := 0, 0, 0
	for i := range len(v) {
		switch b := v[i]; {
		case b >= '0' && b <= '9':
			digits++
		case b == '.':
			dots++
		case (b == '-' || b == '+') && i == 0:
		default:
			others++
		}
	}
	switch {
	case digits == 0:
		return "text", ""
	case others == 0 && dots == 0 && digits <= 18 && digits != 8:
		return "integer", ""
	case others == 0 && dots == 1 && v[len(v)-1] != '.':
		return "decimal", ""
	case v[0] < '0' || v[0] > '9':
		return "text", ""
	}
	for _, d := range dateShapes {
		if d.shape.MatchString(v) {
			if d.time {
				return "timestamp", d.format
			}
			return "date", d.format
		}
	}
	switch {
	case others == 0 && dots == 0 && digits <= 18:
		return "integer", ""
	case others <= 2 && strings.ContainsAny(v, "eE"):
		if f, err := strconv.ParseFloat(v, 64); err == nil && !math.IsInf(f, 0) {
			return "double", ""
		}
	}
	return "text", ""
}

func (l *look) add(v string) {
	l.rows++
	if v == "" {
		return
	}
	if slices.Contains(missingWords, v) {
		l.missing[v]++
		return
	}
	l.filled++
	k, f := kindAndFormat(v)
	l.kinds[k]++
	if f != "" {
		l.formats[f]++
	}
	switch k {
	case "integer", "date":
		digits := strings.TrimLeft(v, "+-")
		l.big = l.big || len(digits) > 9
		l.longDigit = l.longDigit || len(digits) > 15
		l.leadingZero = l.leadingZero || len(digits) > 1 && digits[0] == '0'
	case "decimal":
		l.scale = max(l.scale, len(v)-strings.IndexByte(v, '.')-1)
	}
	if len(v) == 18 {
		if _, err := id.ParseIDCard(v); err == nil {
			l.idCard++
		}
		if _, err := id.ParseUSCC(v); err == nil {
			l.uscc++
		}
	}
	if len(v) == 11 {
		if _, err := id.ParseMobile(v); err == nil {
			l.phone++
		}
	}
}

// typ is the narrowest type all sampled values have.
func (l *look) typ(name string) (typ string, formats []string) {
	n := l.filled
	k := l.kinds
	switch {
	case n == 0 || codeName(name):
		return "text", nil
	case l.leadingZero || l.longDigit || l.idCard*2 > n || l.uscc*2 > n || l.phone*2 > n:
		return "text", nil
	case k["date"] == n && l.formats["%Y%m%d"] < n:
		return "date", slices.Sorted(maps.Keys(l.formats))
	case k["timestamp"] == n:
		return "timestamp", slices.Sorted(maps.Keys(l.formats))
	case k["integer"]+k["date"] == n && l.formats["%Y%m%d"] == k["date"]:
		if l.big {
			return "bigint", nil
		}
		return "integer", nil
	case k["integer"]+k["decimal"] == n && l.scale <= 6:
		return "decimal(18," + string(rune('0'+l.scale)) + ")", nil
	case k["integer"]+k["decimal"]+k["double"] == n:
		return "double", nil
	}
	return "text", nil
}

// codeName reports names of columns whose digits are names and no quantities.
func codeName(name string) bool {
	n := strings.ToLower(name)
	for _, w := range []string{"code", "代码", "编码", "编号", "标识码", "号码", "账号", "证号"} {
		if strings.Contains(n, w) {
			return true
		}
	}
	return false
}

var nameHints = []struct{ word, looks string }{
	{"身份证", "id_card"}, {"公民身份号码", "id_card"}, {"证件号", "id_card"}, {"统一社会信用代码", "uscc"},
	{"手机", "phone"}, {"电话", "phone"}, {"姓名", "person_name"}, {"联系人", "person_name"}, {"法定代表人", "person_name"},
	{"住址", "address"}, {"地址", "address"},
}

// looks names what the column seems to hold, by its values or its name.
func (l *look) looks(name string) (kind string, identifier bool) {
	n := max(l.filled, 1)
	switch {
	case l.idCard*10 >= n*8 && l.filled > 0:
		kind = "id_card"
	case l.uscc*10 >= n*8 && l.filled > 0:
		kind = "uscc"
	case l.phone*10 >= n*8 && l.filled > 0:
		kind = "phone"
	default:
		for _, h := range nameHints {
			if strings.Contains(name, h.word) {
				kind = h.looks
				break
			}
		}
	}
	return kind, kind == "id_card" || kind == "phone" || kind == "person_name" || kind == "address"
}
