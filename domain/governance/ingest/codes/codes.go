// Package codes holds the lists of codes that pipelines map values to and
// check them against (标准代码): divisions with those abolished, sex, industries,
// and lists that a run is given. It owns their meaning in time; it does not own
// where given lists come from.
package codes

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"pado/core/id"
)

// Code is one entry of a list.
type Code struct {
	Code      string   `json:"code"`
	Name      string   `json:"name,omitempty"`
	Also      []string `json:"also,omitempty"`      // other spellings that mean it
	From      string   `json:"from,omitempty"`      // first day, 2006-01-02, or first year, 2006; "" for always
	Until     string   `json:"until,omitempty"`     // last day, or last year; "" for still
	Successor string   `json:"successor,omitempty"` // the code in its place after Until
}

// List is a list of codes. The zero value holds none.
type List struct {
	Title string
	codes map[string]Code
	names map[string][]string // spelling → codes
	parse func(string) (string, bool)
	sum   string
}

// New makes a list. Codes must differ and successors must be in the list.
func New(title string, codes []Code) (*List, error) {
	l := &List{Title: title, codes: map[string]Code{}, names: map[string][]string{}}
	h := sha256.New()
	for _, c := range codes {
		if _, twice := l.codes[c.Code]; twice || c.Code == "" {
			return nil, fmt.Errorf("codes: %s: code empty or twice", title)
		}
		l.codes[c.Code] = c
		for _, n := range append([]string{c.Name}, c.Also...) {
			if n != "" {
				l.names[n] = append(l.names[n], c.Code)
			}
		}
		fmt.Fprintf(h, "%q %q %q %q %q %q\n", c.Code, c.Name, c.Also, c.From, c.Until, c.Successor)
	}
	for _, c := range codes {
		if _, ok := l.codes[c.Successor]; c.Successor != "" && (!ok || c.Successor == c.Code) {
			return nil, fmt.Errorf("codes: %s: a successor is not in the list", title)
		}
	}
	l.sum = hex.EncodeToString(h.Sum(nil))
	return l, nil
}

// Digest identifies the list's content; it is part of the identity of what was
// made with it.
func (l *List) Digest() string { return l.sum }

// Valid reports whether the code was in force on the day, 2006-01-02; "" asks
// only whether it is in the list. Of a year of change, in which the day of the
// change is not known, both the old and the new code are valid.
func (l *List) Valid(code, day string) bool {
	if l.parse != nil {
		c, ok := l.parse(code)
		return ok && c == code
	}
	c, ok := l.codes[code]
	return ok && (day == "" || c.state(day) == 0)
}

// Named reports whether the code bears that name, or another spelling of it.
// A code that is not in the list, or a list without names, does not disagree.
func (l *List) Named(code, name string) bool {
	c, ok := l.codes[code]
	return !ok || c.Name == "" || c.Name == name || slices.Contains(c.Also, name)
}

// state is -1 before the code's time, 0 in it, 1 after it.
func (c Code) state(day string) int {
	cut := func(bound string) string { return day[:min(len(day), len(bound))] }
	switch {
	case c.From != "" && cut(c.From) < c.From:
		return -1
	case c.Until != "" && cut(c.Until) > c.Until:
		return 1
	}
	return 0
}

// Map gives the code that a value, a code or a name, means on the day; "" is
// today: abolished codes become their successors. With a day, a code that was
// in force then stays; one that had ended becomes its successor; one that did
// not exist yet means nothing. A name that two codes bear is decided by the
// day, or means nothing.
func (l *List) Map(value, day string) (string, bool) {
	if l.parse != nil {
		return l.parse(value)
	}
	if _, ok := l.codes[value]; ok {
		return l.follow(value, day)
	}
	var found []string
	for _, code := range l.names[value] {
		if c, ok := l.follow(code, day); ok && !slices.Contains(found, c) {
			found = append(found, c)
		}
	}
	if len(found) != 1 {
		return "", false
	}
	return found[0], true
}

func (l *List) follow(code, day string) (string, bool) {
	for range 16 { // a chain of changes; longer is a circle
		c := l.codes[code]
		switch {
		case day == "" && c.Until == "", day != "" && c.state(day) == 0:
			return code, true
		case day != "" && c.state(day) < 0, c.Successor == "":
			return "", false
		}
		code = c.Successor
	}
	return "", false
}

// Builtin gives a list that comes with the platform: division (GB/T 2260, this
// city and province, with 140624 abolished), sex (GB/T 2261.1), industry
// (GB/T 4754-2017 by its shape). Others must be given to the run.
func Builtin(name string) (*List, bool) {
	var l *List
	var err error
	switch name {
	case "division":
		var list []Code
		for _, d := range id.Divisions() {
			c := Code{Code: d.Code, Name: d.Name, Successor: d.Successor}
			if d.Until > 0 {
				c.Until = fmt.Sprint(d.Until)
			}
			if d.Kind != id.Placeholder {
				list = append(list, c)
			}
		}
		for _, d := range id.Divisions() { // the successor begins in the year the other ends
			for i := range list {
				if d.Successor != "" && list[i].Code == d.Successor {
					list[i].From = fmt.Sprint(d.Until)
				}
			}
		}
		l, err = New("行政区划代码", list)
	case "sex":
		l, err = New("性别代码", []Code{{Code: "0", Name: "未知", Also: []string{"未知的性别"}}, {Code: "1", Name: "男", Also: []string{"男性", "M", "m", "Male", "male", "男性别"}},
			{Code: "2", Name: "女", Also: []string{"女性", "F", "f", "Female", "female"}}, {Code: "9", Name: "未说明", Also: []string{"未说明的性别"}}})
	case "industry":
		l = &List{Title: "国民经济行业分类", parse: industry, sum: "GB/T 4754-2017 by shape"}
	default:
		return nil, false
	}
	return l, err == nil
}

// industry writes a class, group or division by its digits alone, a section by
// its letter.
func industry(value string) (string, bool) {
	i, err := id.ParseIndustry(value)
	switch {
	case err != nil:
		return "", false
	case i.Digits == "":
		return string(i.Section), true
	}
	return i.Digits, true
}

// Levels are what a code can be generalised to.
var Levels = []string{"industry_section", "industry_division", "industry_group", "division_province", "division_city", "division_county"}

// Generalise gives the wider code that a code lies in, ok false if it is none
// or already wider than the level.
func Generalise(code, level string) (string, bool) {
	if kind, of, _ := strings.Cut(level, "_"); kind == "industry" {
		i, err := id.ParseIndustry(code)
		n := map[string]int{"section": 0, "division": 2, "group": 3}[of]
		if err != nil || len(i.Digits) < n {
			return "", false
		}
		if n == 0 {
			return string(i.Section), true
		}
		return i.Digits[:n], true
	}
	n := map[string]int{"division_province": 2, "division_city": 4, "division_county": 6}[level]
	if n == 0 || len(code) < 6 || len(code) > 12 || strings.Trim(code, "0123456789") != "" {
		return "", false
	}
	return code[:n] + "000000"[n:], true
}
