// Package pipeline is the declaration of a data governance run (数据治理流水线,
// clause 6.2.2) as a value: what the source looks like, the steps in order,
// the schema that comes out, the quality rules. It is read strictly from YAML
// or JSON, checked as a whole, identified by a digest, and compiled to SQL.
package pipeline

import (
	"pado/domain/governance/ingest/read"
)

// Format is the value of the field of the same name in version 1.
const Format = "pado.pipeline/1"

// Pipeline is one version of a declaration. It is immutable once used: a
// change is a new Version, and the digest tells the two apart in any case.
type Pipeline struct {
	Format  string `yaml:"format" json:"format"`
	ID      string `yaml:"id" json:"id"`
	Version int    `yaml:"version" json:"version"`
	Title   string `yaml:"title,omitempty" json:"title,omitempty"`
	Source  Source `yaml:"source" json:"source"`
	Steps   []Step `yaml:"steps,omitempty" json:"steps,omitempty"`
	Target  Target `yaml:"target" json:"target"`
	Quality []Gate `yaml:"quality,omitempty" json:"quality,omitempty"`
}

// Source says how the delivered file is to be read.
type Source struct {
	Kind      string        `yaml:"kind" json:"kind"`                               // csv, xlsx, xls
	Archive   string        `yaml:"archive,omitempty" json:"archive,omitempty"`     // "zip": the table is a file in an archive
	Entry     string        `yaml:"entry,omitempty" json:"entry,omitempty"`         // archive: name or pattern (*) of that file; default the only table
	Encoding  read.Encoding `yaml:"encoding,omitempty" json:"encoding,omitempty"`   // csv; default auto
	Delimiter string        `yaml:"delimiter,omitempty" json:"delimiter,omitempty"` // csv; default ","
	Quote     string        `yaml:"quote,omitempty" json:"quote,omitempty"`         // csv; default `"`, "none" for none
	Sheet     string        `yaml:"sheet,omitempty" json:"sheet,omitempty"`         // workbooks; default the first
	Skip      int           `yaml:"skip,omitempty" json:"skip,omitempty"`           // banner records before the header, blank ones not counted
	Header    int           `yaml:"header,omitempty" json:"header,omitempty"`       // header records; 0: the columns below name them in order
	Missing   []string      `yaml:"missing,omitempty" json:"missing,omitempty"`     // what stands for "no value", besides the empty field
	Multiline bool          `yaml:"multiline,omitempty" json:"multiline,omitempty"` // keep line breaks inside cells; otherwise each becomes one blank
	Merged    string        `yaml:"merged,omitempty" json:"merged,omitempty"`       // workbooks: "fill" repeats a merged cell's value over its range
	Strays    *Strays       `yaml:"strays,omitempty" json:"strays,omitempty"`
	Rows      []RowIs       `yaml:"rows,omitempty" json:"rows,omitempty"`           // single rows that the rules above take wrongly
	Confirmed *Confirmed    `yaml:"confirmed,omitempty" json:"confirmed,omitempty"` // who confirmed the reading
	Extra     string        `yaml:"extra,omitempty" json:"extra,omitempty"`         // columns not declared: "refuse" (default) or "ignore"
	Columns   []Column      `yaml:"columns" json:"columns"`
}

// Strays are rows between the data that are none: section headings, notes,
// totals. They go to the quarantine with their kind as the reason.
type Strays struct {
	Filled  int      `yaml:"filled,omitempty" json:"filled,omitempty"`   // a row with at most so many filled cells is a section heading or note
	Section string   `yaml:"section,omitempty" json:"section,omitempty"` // carry the latest heading into a column of this name
	Notes   []string `yaml:"notes,omitempty" json:"notes,omitempty"`     // a stray row beginning with one of these is a note, not a heading
	Totals  []string `yaml:"totals,omitempty" json:"totals,omitempty"`   // a row whose first filled cell is one of these is a total
}

// Column is a column of the source.
type Column struct {
	Name       string `yaml:"name" json:"name"`                                 // as in the header
	As         string `yaml:"as,omitempty" json:"as,omitempty"`                 // name in the steps; default Name
	Identifier bool   `yaml:"identifier,omitempty" json:"identifier,omitempty"` // a direct identifier: may not leave unmasked
	Optional   bool   `yaml:"optional,omitempty" json:"optional,omitempty"`     // may be absent from the header; then NULL
}

// Key is the name in the steps.
func (c Column) Key() string {
	if c.As != "" {
		return c.As
	}
	return c.Name
}

// Step is one act on the rows; exactly one of the pointers is set.
type Step struct {
	Name        string       `yaml:"name,omitempty" json:"name,omitempty"`
	Trim        *Trim        `yaml:"trim,omitempty" json:"trim,omitempty"`
	Width       *Width       `yaml:"width,omitempty" json:"width,omitempty"`
	Case        *Case        `yaml:"case,omitempty" json:"case,omitempty"`
	Missing     *Missing     `yaml:"missing,omitempty" json:"missing,omitempty"`
	Dates       *Dates       `yaml:"dates,omitempty" json:"dates,omitempty"`
	Replace     *Replace     `yaml:"replace,omitempty" json:"replace,omitempty"`
	Codes       *Codes       `yaml:"codes,omitempty" json:"codes,omitempty"`
	Units       *Units       `yaml:"units,omitempty" json:"units,omitempty"`
	Derive      *Derive      `yaml:"derive,omitempty" json:"derive,omitempty"`
	Check       *Check       `yaml:"check,omitempty" json:"check,omitempty"`
	Deduplicate *Deduplicate `yaml:"deduplicate,omitempty" json:"deduplicate,omitempty"`
	Mask        *Mask        `yaml:"mask,omitempty" json:"mask,omitempty"`
}

// Trim removes blanks at both ends, the ideographic and the no-break space
// included. What is empty afterwards, or one of Source.Missing, becomes NULL.
type Trim struct {
	Columns []string `yaml:"columns" json:"columns"`                 // "*" for all
	Inner   string   `yaml:"inner,omitempty" json:"inner,omitempty"` // "keep" (default), "collapse" to one blank, "remove"
}

// Width turns full-width ASCII (ＡＢＣ１２３) into half-width.
type Width struct {
	Columns []string `yaml:"columns" json:"columns"`
}

// Case turns letters to upper or lower case.
type Case struct {
	Columns []string `yaml:"columns" json:"columns"`
	To      string   `yaml:"to" json:"to"`
}

// Missing turns the given values into NULL.
type Missing struct {
	Columns []string `yaml:"columns" json:"columns"`
	Values  []string `yaml:"values" json:"values"`
}

// Dates rewrites dates as 2006-01-02, or with Time as 2006-01-02 15:04:05.
// Formats are strptime patterns tried in order.
type Dates struct {
	Columns []string `yaml:"columns" json:"columns"`
	Formats []string `yaml:"formats" json:"formats"`
	Time    bool     `yaml:"time,omitempty" json:"time,omitempty"`
	OnFail  string   `yaml:"on_fail,omitempty" json:"on_fail,omitempty"`
}

// Replace rewrites what a regular expression (RE2) matches in a column, every
// time it does. What is empty afterwards becomes NULL.
type Replace struct {
	Column  string `yaml:"column" json:"column"`
	Pattern string `yaml:"pattern" json:"pattern"`
	With    string `yaml:"with" json:"with"` // \1 to \9 stand for groups
}

// Codes replaces values by standard codes.
type Codes struct {
	Column string            `yaml:"column" json:"column"`
	Map    map[string]string `yaml:"map,omitempty" json:"map,omitempty"`
	List   string            `yaml:"list,omitempty" json:"list,omitempty"`       // instead of Map: a list of codes, built in (division, sex, industry) or given to the run; codes and names are read
	At     string            `yaml:"at,omitempty" json:"at,omitempty"`           // List: column with the day for which the code must hold; without it abolished codes become their successors
	OnFail string            `yaml:"on_fail,omitempty" json:"on_fail,omitempty"` // for values not in Map or List; also "keep"
}

// Units rewrites quantities written with their unit as plain decimals in one
// unit: "1.5万元" under {"万元": "10000", "元": "1"} is 15000. Thousands separators
// go, nothing is rounded. The empty unit is a bare number's; without it a bare
// number is not understood.
type Units struct {
	Column  string            `yaml:"column" json:"column"`
	Factors map[string]string `yaml:"factors" json:"factors"`
	OnFail  string            `yaml:"on_fail,omitempty" json:"on_fail,omitempty"`
}

// Derive makes a new column; exactly one source is set.
type Derive struct {
	Column    string   `yaml:"column" json:"column"`
	Ordinal   bool     `yaml:"ordinal,omitempty" json:"ordinal,omitempty"`     // position of the row in the file, from 1: a row id where the row is the unit
	Copy      string   `yaml:"copy,omitempty" json:"copy,omitempty"`           // of another column
	Concat    []string `yaml:"concat,omitempty" json:"concat,omitempty"`       // of columns, NULL if one is NULL
	Separator string   `yaml:"separator,omitempty" json:"separator,omitempty"` // between them
	Timestamp []string `yaml:"timestamp,omitempty" json:"timestamp,omitempty"` // columns year, month, day[, hour[, minute[, second]]]
	Substring string   `yaml:"substring,omitempty" json:"substring,omitempty"` // of another column: Length characters from Start (from 1)
	Start     int      `yaml:"start,omitempty" json:"start,omitempty"`
	Length    int      `yaml:"length,omitempty" json:"length,omitempty"`
}

// Check applies rules to every row.
type Check struct {
	Rules []Rule `yaml:"rules" json:"rules"`
}

// Rule is one test of a row. A value that is NULL passes, except not_null.
type Rule struct {
	ID        string   `yaml:"id" json:"id"`
	Label     string   `yaml:"label,omitempty" json:"label,omitempty"`
	Kind      string   `yaml:"kind" json:"kind"`
	Column    string   `yaml:"column,omitempty" json:"column,omitempty"`
	Columns   []string `yaml:"columns,omitempty" json:"columns,omitempty"` // unique, sum
	Min       string   `yaml:"min,omitempty" json:"min,omitempty"`         // range, length, date_range; inclusive
	Max       string   `yaml:"max,omitempty" json:"max,omitempty"`
	Pattern   string   `yaml:"pattern,omitempty" json:"pattern,omitempty"` // regex, the whole value
	Values    []string `yaml:"values,omitempty" json:"values,omitempty"`   // in; requires: the values that trigger it
	Op        string   `yaml:"op,omitempty" json:"op,omitempty"`           // compare: < <= = != >= >
	Other     string   `yaml:"other,omitempty" json:"other,omitempty"`     // compare, requires, sum, id_birth, id_sex
	List      string   `yaml:"list,omitempty" json:"list,omitempty"`       // reference: the list whose code the value must be (a foreign key), Other may name the column with the day; named: the code in Column bears the name in Other
	As        string   `yaml:"as,omitempty" json:"as,omitempty"`           // compare: number (default), date, text
	Dimension string   `yaml:"dimension,omitempty" json:"dimension,omitempty"`
	OnFail    string   `yaml:"on_fail,omitempty" json:"on_fail,omitempty"` // quarantine (default), null, report
}

// Deduplicate keeps one row per key; the others are quarantined. Rows with a
// NULL in the key are left alone.
type Deduplicate struct {
	By   []string `yaml:"by" json:"by"`                         // "*" for all columns
	Keep string   `yaml:"keep,omitempty" json:"keep,omitempty"` // first (default) or last
}

// Mask holds the de-identification (去标识化) of the columns.
type Mask struct {
	Rules []MaskRule `yaml:"rules" json:"rules"`
}

// MaskRule masks one column.
type MaskRule struct {
	Column string `yaml:"column" json:"column"`
	Kind   string `yaml:"kind" json:"kind"`
	Domain string `yaml:"domain,omitempty" json:"domain,omitempty"` // pseudonym: the kind of thing named, e.g. natural_person; equal values get equal pseudonyms within it
	Width  string `yaml:"width,omitempty" json:"width,omitempty"`   // band: width of the band
	To     string `yaml:"to,omitempty" json:"to,omitempty"`         // floor_date: month, quarter, year; generalise: a level of package codes
	Min    string `yaml:"min,omitempty" json:"min,omitempty"`       // clamp: bottom code
	Max    string `yaml:"max,omitempty" json:"max,omitempty"`       // clamp: top code
	Head   int    `yaml:"head,omitempty" json:"head,omitempty"`     // partial, prefix: characters kept in front
	Tail   int    `yaml:"tail,omitempty" json:"tail,omitempty"`     // partial: characters kept at the end
}

// Target is the schema that comes out.
type Target struct {
	Table      string         `yaml:"table" json:"table"`
	Title      string         `yaml:"title,omitempty" json:"title,omitempty"`
	Unit       string         `yaml:"unit,omitempty" json:"unit,omitempty"`               // column that names the protected unit
	UnitDomain string         `yaml:"unit_domain,omitempty" json:"unit_domain,omitempty"` // natural_person, household, legal_entity, row
	Columns    []TargetColumn `yaml:"columns" json:"columns"`
}

// TargetColumn is one column of the dataset version.
type TargetColumn struct {
	Name     string `yaml:"name" json:"name"`
	From     string `yaml:"from,omitempty" json:"from,omitempty"` // default Name
	Title    string `yaml:"title,omitempty" json:"title,omitempty"`
	Type     string `yaml:"type" json:"type"`   // text, integer, bigint, decimal(p,s), double, date, timestamp, boolean
	Label    string `yaml:"label" json:"label"` // forbidden, unit, join_only, dim, sensitive_dim, measure, public (guard.md)
	Required bool   `yaml:"required,omitempty" json:"required,omitempty"`
	OnFail   string `yaml:"on_fail,omitempty" json:"on_fail,omitempty"` // quarantine (default) or null, for a value not of the type
}

// Key is the column of the steps this one is made from.
func (c TargetColumn) Key() string {
	if c.From != "" {
		return c.From
	}
	return c.Name
}

// Gate is a quality rule over the dataset version as a whole.
type Gate struct {
	ID        string   `yaml:"id" json:"id"`
	Label     string   `yaml:"label,omitempty" json:"label,omitempty"`
	Kind      string   `yaml:"kind" json:"kind"`                           // continuity, fresh, unique, within
	Column    string   `yaml:"column,omitempty" json:"column,omitempty"`   // continuity, fresh, within: a date or timestamp column of the target
	Columns   []string `yaml:"columns,omitempty" json:"columns,omitempty"` // unique: target columns that together name a row
	Step      string   `yaml:"step,omitempty" json:"step,omitempty"`       // continuity: hour, day, month, year
	Per       []string `yaml:"per,omitempty" json:"per,omitempty"`         // continuity: within each value of these columns
	Days      int      `yaml:"days,omitempty" json:"days,omitempty"`       // fresh: the newest value is at most so many days before the day of receipt
	Min       string   `yaml:"min,omitempty" json:"min,omitempty"`         // within: first day
	Max       string   `yaml:"max,omitempty" json:"max,omitempty"`         // within: last day
	Dimension string   `yaml:"dimension,omitempty" json:"dimension,omitempty"`
}
