package ingest

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"pado/domain/governance/ingest/pipeline"
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
	tail    []stray          // rows of one cell since the last data row
	force   *pipeline.Source // the reading a person gave; nil to guess
	limit   int64            // records looked at; 0 for all
	partial bool             // the limit was reached
	first   int64            // first and last data record
	last    int64
	header1 Guess // why the header is one
	sums    *reconciler
	marks   map[int64]Guess // of the records that are no data, by record
}

// stray is a row of one cell whose meaning the next rows decide.
type stray struct {
	record int64
	text   string
}

type topRow struct {
	n      int64
	cells  []string
	filled int
	flaw   read.Flaw
}

// topRows is how many records decide about banner, header and width.
const topRows = 500

// inspect reads a file, or its first limit records, and guesses how it is
// built; with force it takes the reading as given.
func inspect(rows read.Rows, text bool, force *pipeline.Source, limit int64) (*inspection, error) {
	in := &inspection{found: map[Reason]int64{}, text: text, force: force, limit: limit, marks: map[int64]Guess{}}
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
	for seen := int64(len(in.top)); ; seen++ {
		if limit > 0 && seen >= limit {
			in.partial = true
			break
		}
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
	in.closed(in.sums.close())
	for _, f := range in.tail {
		in.find(f.record, ReasonNote, Guess{80, "位于最后一行数据之后，只有一个单元格有内容"})
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
	if in.force != nil {
		in.forced()
		return
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
		in.header1 = Guess{60, "全为文字，其下没有数据"}
	}
	in.bind(body, full)
	for _, t := range in.top[:in.skip] {
		g := Guess{95, fmt.Sprintf("位于表头之前，只有一个单元格有内容（表宽 %d 列）", in.width)}
		if t.filled > 1 {
			g = Guess{75, fmt.Sprintf("位于表头之前，只有 %d 个单元格有内容（表宽 %d 列）", t.filled, in.width)}
		}
		in.find(t.n, ReasonBanner, g)
	}
}

// forced takes banner and header from the reading given.
func (in *inspection) forced() {
	given := Guess{100, "按给定的读法"}
	in.skip = min(in.force.Skip, len(in.top))
	body := in.top[in.skip:]
	in.header = min(in.force.Header, len(body))
	in.header1 = given
	full := 0
	for _, t := range body {
		if t.filled*2 >= in.width {
			full = max(full, lastFilled(t.cells))
		}
	}
	in.bind(body, full)
	for _, t := range in.top[:in.skip] {
		in.find(t.n, ReasonBanner, given)
	}
}

// bind names the columns once banner and header are known.
func (in *inspection) bind(body []topRow, full int) {
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
	in.sums = newReconciler(in.names)
	for _, t := range body[:in.header] {
		in.marks[t.n] = in.header1
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
	switch {
	case again > 0:
		return false
	case differ > 0:
		in.header1 = Guess{min(99, 90+differ), fmt.Sprintf("全为文字，其下有 %d 列是数字或日期", differ)}
		return true
	case distinct(t.cells):
		in.header1 = Guess{70, "全为文字且互不相同，其下未再出现；但各列也都是文字，请核对"}
		return true
	}
	return false
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

func (in *inspection) find(record int64, reason Reason, g Guess) {
	in.found[reason]++
	if len(in.finds) < maxFindings {
		in.finds = append(in.finds, Finding{record, reason, reason.Label(), g})
		in.marks[record] = g
	}
}

// row takes one record after the header.
func (in *inspection) row(n int64, cells []string, filled int, flaw read.Flaw) {
	reason, why := in.judge(n, cells, filled, flaw)
	switch {
	case reason == ReasonSection:
		in.tail = append(in.tail, stray{n, firstOf(cells)})
		return
	case reason == ReasonTotal:
		in.total(n, cells, &why)
		in.find(n, reason, why)
		return
	case reason != "":
		in.find(n, reason, why)
		return
	}
	for _, f := range in.tail {
		in.heading(f)
	}
	in.tail = nil
	in.data++
	if in.last = n; in.first == 0 {
		in.first = n
	}
	in.sums.row(func(i int) string {
		if i < len(cells) {
			return cells[i]
		}
		return ""
	})
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
	if filled*2 < in.width && len(in.marks) < maxFindings {
		in.marks[n] = Guess{60, fmt.Sprintf("按数据行读取；但 %d 列中只填了 %d 列，请核对", in.width, filled)}
	}
}

// judge says what a record after the header is, "" for data. A row of one cell
// is a section until the end of the file makes it a note.
func (in *inspection) judge(n int64, cells []string, filled int, flaw read.Flaw) (Reason, Guess) {
	first := firstOf(cells)
	if flaw != read.FlawNone {
		return Reason(flaw), Guess{100, Reason(flaw).Label()}
	}
	if in.force != nil {
		return in.given(n, cells, filled, first)
	}
	switch {
	case slices.Contains(totalWords, first):
		return ReasonTotal, Guess{90, "首个有内容的单元格是“" + first + "”"}
	case filled <= 1 && in.width > 2:
		if slices.ContainsFunc(noteWords, func(w string) bool { return strings.HasPrefix(first, w) }) {
			return ReasonNote, Guess{95, "只有一个单元格有内容，以说明用语开头"}
		}
		return ReasonSection, Guess{}
	case in.width > 2 && signature(noteWords, first, filled, in.width):
		return ReasonNote, Guess{85, "填表人、审核人一类的落款"}
	case lastFilled(cells) > in.width:
		return ReasonFields, Guess{90, fmt.Sprintf("表头有 %d 列，该行有 %d 列", in.width, lastFilled(cells))}
	case in.text && len(cells) < in.width:
		return ReasonFields, Guess{90, fmt.Sprintf("表头有 %d 列，该行只有 %d 列", in.width, len(cells))}
	}
	return "", Guess{}
}

// given judges as the run will under the reading given.
func (in *inspection) given(n int64, cells []string, filled int, first string) (Reason, Guess) {
	if reason, ok := in.force.As(n); ok {
		g := Guess{100, "逐行指定"}
		if reason == "data" {
			reason = ""
		}
		return Reason(reason), g
	}
	if r := stray1(in.force.Strays, first, filled, in.width); r != "" {
		return r, Guess{100, "按给定的读法"}
	}
	if lastFilled(cells) > in.width || in.text && len(cells) < in.width {
		return ReasonFields, Guess{100, fmt.Sprintf("表头有 %d 列，该行不符", in.width)}
	}
	return "", Guess{}
}

// heading takes a stray row for a section heading, because data follows it.
func (in *inspection) heading(f stray) {
	in.find(f.record, ReasonSection, Guess{90, "只有一个单元格有内容，其后是数据行"})
	in.closed(in.sums.heading(f.record, f.text))
}

// closed tells on the heading how its section came out.
func (in *inspection) closed(c *Reconciled) {
	if c == nil {
		return
	}
	g := Guess{99, "标注 " + c.Stated + " 行，其下正好 " + c.Found + " 行"}
	if !c.OK {
		g = Guess{70, "标注 " + c.Stated + " 行，其下却有 " + c.Found + " 行，请核对"}
	}
	in.regrade(c.Record, g)
}

// total holds a row of sums to the rows above it.
func (in *inspection) total(n int64, cells []string, why *Guess) {
	stated, agreed := in.sums.total(n, func(i int) string {
		if i < len(cells) {
			return cells[i]
		}
		return ""
	})
	switch {
	case stated == 0:
	case agreed == stated:
		*why = Guess{99, fmt.Sprintf("%s；%d 个数与各行之和相等", why.Why, stated)}
	default:
		*why = Guess{80, fmt.Sprintf("%s；%d 个数中有 %d 个与各行之和不等，请核对", why.Why, stated, stated-agreed)}
	}
}

// regrade changes the grounds of a finding made before.
func (in *inspection) regrade(record int64, g Guess) {
	in.marks[record] = g
	for i := len(in.finds) - 1; i >= 0; i-- {
		if in.finds[i].Record == record {
			in.finds[i].Guess = g
			return
		}
	}
}

func firstOf(cells []string) string {
	i := slices.IndexFunc(cells, func(c string) bool { c = tidy(c); return c != "" && !slices.Contains(missingWords, c) })
	if i < 0 {
		return ""
	}
	return tidy(cells[i])
}
