package calendar

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"gopkg.in/yaml.v3"
)

// Notice is one year's arrangement of holidays and make-up days (放假调休安排) as the State Council's office gave it,
// with where it was read. It is what LoadTable reads and what an administrator edits when a new year is published.
type Notice struct {
	Year       int      `yaml:"year" json:"year"`
	Source     string   `yaml:"source" json:"source"`                             // number of the notice (文号)
	Published  Date     `yaml:"published,omitempty" json:"published"`             // day of the notice
	Confidence string   `yaml:"confidence,omitempty" json:"confidence,omitempty"` // how sure we are of source and days, in words
	Amended    []string `yaml:"amended,omitempty" json:"amended,omitempty"`       // later notices already worked in
	Rest       []Rest   `yaml:"rest" json:"rest"`
	Work       []Work   `yaml:"work,omitempty" json:"work,omitempty"`
}

// Rest is a run of days off, both ends included, weekends inside it too.
type Rest struct {
	Name string `yaml:"name" json:"name"`
	From Date   `yaml:"from" json:"from"`
	To   Date   `yaml:"to" json:"to"`
}

// Work is a Saturday or Sunday that is worked in exchange (调休上班).
type Work struct {
	Day Date   `yaml:"day" json:"day"`
	For string `yaml:"for" json:"for"`
}

// Kind says why a day is worked or not.
type Kind string

// The four kinds of day.
const (
	Weekday Kind = "weekday" // an ordinary Monday to Friday
	MakeUp  Kind = "makeup"  // a Saturday or Sunday that is worked (调休上班)
	Weekend Kind = "weekend" // an ordinary Saturday or Sunday
	Holiday Kind = "holiday" // a day off by the year's notice, weekends inside the run included
)

// Works reports whether days of this kind are working days.
func (k Kind) Works() bool { return k == Weekday || k == MakeUp }

// Day is what the table says about one date; Name is the holiday it belongs to, empty for ordinary days.
type Day struct {
	Date Date   `json:"date"`
	Kind Kind   `json:"kind"`
	Name string `json:"name,omitempty"`
}

// Unresolved says that an answer needs a year whose arrangement is not loaded. It is an answer for people, not a
// failure of the system: the deadline is shown as 待公布, blocks no act and is computed again once the year is loaded.
type Unresolved struct{ Year int }

// Error is "unresolved(2027)", a form programs may rely on.
func (u *Unresolved) Error() string { return fmt.Sprintf("unresolved(%d)", u.Year) }

// Label is what a person reads instead of a date.
func (u *Unresolved) Label() string {
	if u.Year < firstShipped {
		return fmt.Sprintf("无法计算（%d年放假安排未载入）", u.Year)
	}
	return fmt.Sprintf("待公布（%d年放假安排未发布）", u.Year)
}

// firstShipped is the first year of the shipped table: an earlier year was published long ago, only not loaded here.
const firstShipped = 2020

// Table knows the working days of the years it holds and of no other: there is no fall-back to Monday to Friday.
// A Table never changes after it is made and may be used by many goroutines.
type Table struct {
	notices map[int]Notice
	marked  map[Date]Day
	worked  map[int][]WorkingDays // of a published year: how many of its first n days are worked
}

// ErrNoDate is returned when a date is none or no day of the calendar.
var ErrNoDate = errors.New("calendar: no such day")

// LoadTable reads a table in the form of the shipped holidays.yaml. It refuses what cannot be a notice: an unknown
// field, a year twice, a missing source, a run that ends before it begins, a day outside its year (the last days of
// the December before may belong to the New Year's run), one day named twice, a make-up day that is no Saturday or Sunday.
func LoadTable(text []byte) (*Table, error) {
	var file struct {
		Years []Notice `yaml:"years"`
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&file); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("calendar: read table: %w", err)
	}
	if len(file.Years) == 0 {
		return nil, errors.New("calendar: the table names no year")
	}
	notices := make(map[int]Notice, len(file.Years))
	for _, n := range file.Years {
		if _, twice := notices[n.Year]; twice {
			return nil, fmt.Errorf("calendar: year %d stands twice", n.Year)
		}
		if err := n.Check(); err != nil {
			return nil, fmt.Errorf("calendar: year %d: %w", n.Year, err)
		}
		notices[n.Year] = n
	}
	return build(notices), nil
}

// Fault says why something cannot be a notice, in words for the person who entered it.
type Fault string

func (f Fault) Error() string { return string(f) }

func fault(format string, args ...any) error { return Fault(fmt.Sprintf(format, args...)) }

// Check tells what is wrong with a notice, as a Fault; see LoadTable.
func (n Notice) Check() error {
	if n.Year < 1949 || n.Year > 9999 {
		return fault("年份不在可登记的范围内")
	}
	if n.Source == "" {
		return fault("没有写明通知的文号")
	}
	if len(n.Rest) == 0 {
		return fault("没有一个放假日")
	}
	seen := make(map[Date]bool)
	take := func(d Date) error {
		switch {
		case !d.Valid():
			return fault("有一个日期不存在")
		case d.Y != n.Year && (d.Y != n.Year-1 || d.M != time.December || d.D < 15):
			return fault("%s 不在 %d 年内", d, n.Year)
		case seen[d]:
			return fault("%s 写了两次", d)
		}
		seen[d] = true
		return nil
	}
	for _, r := range n.Rest {
		if r.Name == "" {
			return fault("自 %s 起的放假没有节日名称", r.From)
		}
		if r.To.Before(r.From) || r.To.Sub(r.From) > 30 {
			return fault("%s 至 %s 不成一段假期", r.From, r.To)
		}
		for d := r.From; !d.After(r.To); d = d.AddDays(1) {
			if err := take(d); err != nil {
				return err
			}
		}
	}
	for _, w := range n.Work {
		if err := take(w.Day); err != nil {
			return err
		}
		if !weekend(w.Day) {
			return fault("调休上班日 %s 不是星期六或星期日", w.Day)
		}
	}
	return nil
}

// build marks the days, later years last: where two notices speak of the same day at a turn of the year, the later one holds.
func build(notices map[int]Notice) *Table {
	t := &Table{notices: notices, marked: make(map[Date]Day), worked: make(map[int][]WorkingDays)}
	for _, year := range t.Years() {
		n := notices[year]
		for _, r := range n.Rest {
			for d := r.From; !d.After(r.To); d = d.AddDays(1) {
				t.marked[d] = Day{d, Holiday, r.Name}
			}
		}
		for _, w := range n.Work {
			t.marked[w.Day] = Day{w.Day, MakeUp, w.For}
		}
	}
	for year := range notices {
		sum := []WorkingDays{0}
		for d := (Date{year, time.January, 1}); d.Y == year; d = d.AddDays(1) {
			n := sum[len(sum)-1]
			if works, _ := t.IsWorkday(d); works { // the year is published: there is no error
				n++
			}
			sum = append(sum, n)
		}
		t.worked[year] = sum
	}
	return t
}

//go:embed holidays.yaml
var shippedYAML []byte

var shipped = sync.OnceValue(func() *Table {
	t, err := LoadTable(shippedYAML)
	if err != nil {
		// Unreachable in a binary whose tests passed. An empty table answers unresolved for every year, which is the
		// honest reading of a table that cannot be read.
		return build(nil)
	}
	return t
})

// Shipped is the table inside the binary, 2020 to 2026. Later years are loaded and merged over it.
func Shipped() *Table { return shipped() }

// Merge is a table with the years of both; where both hold a year, other's notice replaces the whole year.
// Neither operand changes; a nil other adds nothing.
func (t *Table) Merge(other *Table) *Table {
	if other == nil {
		return t
	}
	notices := maps.Clone(t.notices)
	if notices == nil {
		notices = make(map[int]Notice)
	}
	maps.Copy(notices, other.notices)
	return build(notices)
}

// With is a table with one more year; a notice of a year it holds replaces that year. The error is a
// Fault.
func (t *Table) With(n Notice) (*Table, error) {
	if err := n.Check(); err != nil {
		return nil, err
	}
	return t.Merge(build(map[int]Notice{n.Year: n})), nil
}

// Years lists the published years, ascending.
func (t *Table) Years() []int { return slices.Sorted(maps.Keys(t.notices)) }

// Notice is the arrangement of a year as loaded, with its source.
func (t *Table) Notice(year int) (Notice, bool) {
	n, ok := t.notices[year]
	return n, ok
}

// YAML writes the table in the form LoadTable reads, for an administrator to keep or edit.
func (t *Table) YAML() ([]byte, error) {
	var file struct {
		Years []Notice `yaml:"years"`
	}
	for _, year := range t.Years() {
		file.Years = append(file.Years, t.notices[year])
	}
	return yaml.Marshal(file)
}

// Day says what kind of day d is, or *Unresolved when its year is not loaded.
//
// The last days of a December can still be moved by the next year's notice (2022-12-31 was). They are answered from
// their own year's notice until then, and every open deadline is computed again when a year is loaded.
func (t *Table) Day(d Date) (Day, error) {
	if !d.Valid() {
		return Day{}, ErrNoDate
	}
	if _, ok := t.notices[d.Y]; !ok {
		return Day{}, &Unresolved{d.Y}
	}
	if day, ok := t.marked[d]; ok {
		return day, nil
	}
	if weekend(d) {
		return Day{Date: d, Kind: Weekend}, nil
	}
	return Day{Date: d, Kind: Weekday}, nil
}

// IsWorkday reports whether d is worked, or *Unresolved when its year is not loaded.
func (t *Table) IsWorkday(d Date) (bool, error) {
	day, err := t.Day(d)
	return day.Kind.Works(), err
}

func weekend(d Date) bool {
	w := d.Weekday()
	return w == time.Saturday || w == time.Sunday
}
