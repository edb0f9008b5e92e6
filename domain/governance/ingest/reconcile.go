package ingest

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Reconciled is a figure that the file itself gives about its rows, held to
// the rows: the number of rows a heading announces ("北京市（23所）"), or a cell
// of a row of totals.
type Reconciled struct {
	Record int64  `json:"record"`
	Kind   string `json:"kind"`             // "section" or "total"
	Column string `json:"column,omitempty"` // of a total: the column's name
	Stated string `json:"stated"`
	Found  string `json:"found"`
	OK     bool   `json:"ok"`
}

// maxReconciled bounds the list; the counts go on.
const maxReconciled = 1000

// reconciler adds up the data rows as they pass.
type reconciler struct {
	names  []string
	whole  []fixed // of all rows
	part   []fixed // since the last heading or subtotal
	open   int     // index into list of the heading being counted, -1 for none
	rows   int64   // since that heading
	want   int64
	list   []Reconciled
	stated map[string]int64 // figures by kind
	agreed map[string]int64
}

func newReconciler(names []string) *reconciler {
	return &reconciler{names: names, whole: make([]fixed, len(names)), part: make([]fixed, len(names)), open: -1, stated: map[string]int64{}, agreed: map[string]int64{}}
}

// countShape finds the number of rows that a heading announces at its end.
var countShape = regexp.MustCompile(`[（(]\s*(?:共计|合计|共|计)?\s*([0-9]{1,9})\s*(?:所|个|户|家|人|名|条|项|件|处|座|台|村|辆|宗|份|篇|种|次|行|条记录)\s*[）)]$`)

// announced is the number of rows a heading says follow it.
func announced(heading string) (n int64, ok bool) {
	m := countShape.FindStringSubmatch(heading)
	if m == nil {
		return 0, false
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	return n, err == nil
}

// heading begins a section and returns how the one before came out.
func (c *reconciler) heading(record int64, text string) *Reconciled {
	before := c.close()
	clear(c.part)
	if n, ok := announced(text); ok {
		c.open, c.rows, c.want = len(c.list), 0, n
		c.note(Reconciled{Record: record, Kind: "section", Stated: strconv.FormatInt(n, 10)})
	}
	return before
}

// close ends the section being counted.
func (c *reconciler) close() *Reconciled {
	if c.open < 0 {
		return nil
	}
	c.stated["section"]++
	if c.rows == c.want {
		c.agreed["section"]++
	}
	r := &Reconciled{}
	if c.open < len(c.list) {
		r = &c.list[c.open]
		r.Found, r.OK = strconv.FormatInt(c.rows, 10), c.rows == c.want
	}
	c.open = -1
	return r
}

func (c *reconciler) note(r Reconciled) {
	if len(c.list) < maxReconciled {
		c.list = append(c.list, r)
	}
}

// row adds a data row; field gives its cells.
func (c *reconciler) row(field func(i int) string) {
	c.rows++
	for i := range c.names {
		if v, ok := parseFixed(field(i)); ok {
			c.whole[i].add(v)
			c.part[i].add(v)
		}
	}
}

// total holds a row of sums to the rows: each number in it must be the sum of
// its column since the last heading or subtotal, or over all rows. A column
// that does not add up at all, because it counts something else, is a
// disagreement; the person who confirms the reading sees which.
func (c *reconciler) total(record int64, field func(i int) string) (stated, agreed int) {
	for i, name := range c.names {
		text := field(i)
		v, ok := parseFixed(text)
		if !ok {
			continue
		}
		stated++
		good := c.whole[i].is(v) || c.part[i].is(v)
		found := c.whole[i].String()
		if good {
			agreed++
			found = text
		}
		c.note(Reconciled{Record: record, Kind: "total", Column: name, Stated: text, Found: found, OK: good})
	}
	c.stated["total"] += int64(stated)
	c.agreed["total"] += int64(agreed)
	clear(c.part)
	return stated, agreed
}

// fixed is a sum of decimals in millionths; lost once it does not fit.
type fixed struct {
	n    int64
	lost bool
}

func (f *fixed) add(v int64) {
	s := f.n + v
	f.lost = f.lost || (v > 0) != (s > f.n) && v != 0
	f.n = s
}

func (f *fixed) is(v int64) bool { return !f.lost && f.n == v }

func (f *fixed) String() string {
	if f.lost {
		return ""
	}
	whole, rest, sign := f.n/1_000_000, f.n%1_000_000, ""
	if f.n < 0 {
		whole, rest, sign = -whole, -rest, "-"
	}
	return sign + strings.TrimRight(strings.TrimRight(fmt.Sprintf("%d.%06d", whole, rest), "0"), ".")
}

// parseFixed reads a plain decimal, thousands separated by commas or not.
func parseFixed(s string) (int64, bool) {
	s = strings.TrimSpace(s)
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || len(digits) > 20 {
		return 0, false
	}
	n, scale, seen, dot := int64(0), 0, false, false
	for _, b := range []byte(digits) {
		switch {
		case b >= '0' && b <= '9':
			if n > 900_000_000_000_000_000/10 || dot && scale == 6 {
				return 0, false
			}
			n, seen = n*10+int64(b-'0'), true
			if dot {
				scale++
			}
		case b == '.' && !dot:
			dot = true
		case b == ',' && seen && !dot:
		default:
			return 0, false
		}
	}
	for ; scale < 6; scale++ {
		if n > 900_000_000_000_000_000 {
			return 0, false
		}
		n *= 10
	}
	if s[0] == '-' {
		n = -n
	}
	return n, seen
}
