// Package coding turns the values of a column into small integers and back. The snapshot
// stores codes, the worker counts codes, and only the codes of released cells are turned
// into words again: a value of the raw data has no way through stage 1.
package coding

import (
	"fmt"
	"math/big"
	"sort"
	"strings"
	"time"

	"pado/domain/sandbox/guard/policy"
)

// Kind says how a column is coded.
type Kind string

// The kinds. Every grouping code is ≥ 0, or Missing, or Other.
const (
	Domain Kind = "domain" // index in the declared domain
	Number Kind = "number" // (value − lo) / grid, rounded down
	Date   Kind = "date"   // days since lo
	Dict   Kind = "dict"   // row number in the snapshot's dictionary table: a discovered domain
	None   Kind = "none"   // not usable as a key or in a filter
)

// Missing is the code of ∅ (no value), Other of 其他 (a value outside what is declared).
const (
	Missing int64 = -1
	Other   int64 = -2
)

// Coding is how one column is coded. Two columns with equal Spec are coded alike.
type Coding struct {
	Kind   Kind
	Type   string   // text, int, decimal, date: what the words are
	Words  []string // Domain: the declared values, in order
	Public bool     // the domain is published: keys need no threshold
	N      int64    // number of codes ≥ 0; 0 for Dict
	Lo     *big.Rat // Number
	Grid   *big.Rat
	First  time.Time // Date: the day with code 0
	Band   Band      // finest grouping
	// Measure: the column also has a clamped value in grid units, MeasureLo..MeasureHi.
	Measure              bool
	MeasureLo, MeasureHi int64
	index                map[string]int64
}

// Band is the finest step by which a Number or Date may be grouped: Steps codes, or a
// calendar unit.
type Band struct {
	Steps int64
	Unit  string // day, week, month, quarter, year for dates
}

// Of derives the coding of a declared column. The document must be validated.
func Of(c *policy.Column) *Coding {
	k := &Coding{Kind: None, Type: c.Type}
	if k.Type == "" {
		k.Type = "text"
	}
	switch c.Label {
	case policy.Forbidden, policy.Unit:
		return k
	}
	ranged := c.Lo != ""
	if ranged && c.Type != "date" {
		k.Grid, _ = c.Grid.Rat()
		k.Lo, _ = c.Lo.Rat()
		hi, _ := c.Hi.Rat()
		k.Measure = true
		k.MeasureLo = steps(k.Lo, k.Grid)
		k.MeasureHi = steps(hi, k.Grid)
	}
	if c.Label == policy.Measure || c.Label == policy.JoinOnly && ranged {
		return k
	}
	switch {
	case len(c.Domain.Words) > 0:
		k.Kind, k.Words, k.N = Domain, c.Domain.Words, int64(len(c.Domain.Words))
		k.Public = c.Source != "" && c.Label != policy.SensitiveDim
		k.index = make(map[string]int64, len(k.Words))
		for i, w := range k.Words {
			k.index[w] = int64(i)
		}
	case ranged && c.Type == "date":
		k.Kind, k.Public = Date, true
		k.First, _ = time.Parse(time.DateOnly, string(c.Lo))
		last, _ := time.Parse(time.DateOnly, string(c.Hi))
		k.N = DaysBetween(k.First, last) + 1
		k.Band.Unit = string(c.Coarsen)
		if k.Band.Unit == "" {
			k.Band.Unit = "day"
		}
	case ranged:
		k.Kind, k.Public = Number, true
		k.N = k.MeasureHi - k.MeasureLo + 1
		k.Band.Steps = 1
		if s, ok := c.Coarsen.Rat(); ok {
			k.Band.Steps = steps(s, k.Grid)
		}
	default:
		k.Kind = Dict
	}
	return k
}

// Figure is the coding of an integer figure computed per unit: values lo..hi, itself also a
// measure.
func Figure(lo, hi int64, grid *big.Rat) *Coding {
	return &Coding{Kind: Number, Type: "int", Public: true, N: hi - lo + 1, Lo: new(big.Rat).Mul(big.NewRat(lo, 1), grid), Grid: grid,
		Band: Band{Steps: 1}, Measure: true, MeasureLo: lo, MeasureHi: hi}
}

func steps(v, grid *big.Rat) int64 { return new(big.Rat).Quo(v, grid).Num().Int64() }

// Spec is a stable text that names the coding; the snapshot's manifest stores it, and a
// question is refused when the policy in force asks for another one.
func (c *Coding) Spec() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s/%s", c.Kind, c.Type)
	switch c.Kind {
	case Domain:
		fmt.Fprintf(&b, "/%q", c.Words)
	case Date:
		fmt.Fprintf(&b, "/%s/%d", c.First.Format(time.DateOnly), c.N)
	}
	if c.Measure {
		fmt.Fprintf(&b, "/m/%d/%d/%s", c.MeasureLo, c.MeasureHi, c.Grid.RatString())
	}
	return b.String()
}

// Code of a word of a declared domain.
func (c *Coding) Code(word string) (int64, bool) {
	n, ok := c.index[word]
	return n, ok
}

// Value is the number a Number code stands for.
func (c *Coding) Value(code int64) *big.Rat {
	v := new(big.Rat).Mul(big.NewRat(code, 1), c.Grid)
	return v.Add(v, c.Lo)
}

// Day is the date a Date code stands for.
func (c *Coding) Day(code int64) time.Time { return c.First.AddDate(0, 0, int(code)) }

// Below returns how many codes lie strictly below x (inclusive false) or at or below it
// (inclusive true); codes are taken as the exact values they stand for.
func (c *Coding) Below(x *big.Rat, inclusive bool) int64 {
	n := int(c.N)
	i := sort.Search(n, func(i int) bool {
		cmp := c.Value(int64(i)).Cmp(x)
		return cmp > 0 || (cmp == 0 && !inclusive)
	})
	return int64(i)
}

// BelowDay is Below for dates.
func (c *Coding) BelowDay(day time.Time, inclusive bool) int64 {
	d := DaysBetween(c.First, day)
	if inclusive {
		d++
	}
	return max(0, min(d, c.N))
}

// DaysBetween counts days from a to b, both at midnight UTC; it holds for any two years.
func DaysBetween(a, b time.Time) int64 { return (b.Unix() - a.Unix()) / 86400 }

// Published is the coding of a public table's column whose values are words, in order; with
// no words the column cannot be grouped by.
func Published(kind string, words []string) *Coding {
	c := &Coding{Kind: None, Type: kind, Public: true}
	if kind == "number" {
		c.Type = "decimal"
	}
	if len(words) == 0 {
		return c
	}
	c.Kind, c.Words, c.N = Domain, words, int64(len(words))
	c.index = make(map[string]int64, len(words))
	for i, w := range words {
		c.index[w] = int64(i)
	}
	return c
}
