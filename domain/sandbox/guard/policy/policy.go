// Package policy is the document that says what a project may ask of which tables, with which
// bounds and which privacy budget (授权策略). A project's grant compiles to it, and
// `pado guard eval` reads it from a file. policy.schema.json beside this file describes the
// same document; a test keeps the two together.
package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math/big"
)

// Policy is one version of the document. ρ is counted in units of 10⁻⁹, δ in units of 10⁻¹⁵.
// Tables and columns that are not named do not exist.
type Policy struct {
	K               int64             `json:"k"`                 // smallest group of units a discovered key may stand for
	RhoPerAggregate int64             `json:"rho_per_aggregate"` // price of one aggregate when the asker names no accuracy
	RhoTotal        int64             `json:"rho_total"`         // what the ledger holds per lineage
	DeltaTotal      int64             `json:"delta_total"`
	DeltaPerKey     int64             `json:"delta_per_selection,omitempty"` // δ of one selection of discovered keys; 0 derives it
	LargeRho        bool              `json:"allow_large_rho,omitempty"`     // must be set for rho_total over 2·10⁹
	Tables          map[string]*Table `json:"tables"`
}

// Table is a protected, a public or a developer's own table.
type Table struct {
	Unit       string             `json:"unit,omitempty"`        // column that identifies the protected unit
	UnitDomain string             `json:"unit_domain,omitempty"` // natural_person, household, legal_entity …
	Rows       int64              `json:"rows,omitempty"`        // K: rows of one unit a question may read
	Public     bool               `json:"public,omitempty"`
	Own        bool               `json:"own,omitempty"` // uploaded by the developer; its rows never count as units
	Key        []string           `json:"key,omitempty"` // unique key of a public table
	Source     string             `json:"source,omitempty"`
	Title      string             `json:"title,omitempty"`
	Columns    map[string]*Column `json:"columns,omitempty"`
}

// Label is what may be done with a column; the strictest wins through an expression.
type Label string

// The labels, strictest first.
const (
	Forbidden    Label = "forbidden"
	Unit         Label = "unit"
	JoinOnly     Label = "join_only"
	Measure      Label = "measure"
	SensitiveDim Label = "sensitive_dim"
	Dim          Label = "dim"
	PublicColumn Label = "public"
)

// Column declares a column. Lo, Hi and Grid are numbers, or dates for type date; they are
// declared and never read from data.
type Column struct {
	Label   Label  `json:"label"`
	Type    string `json:"type,omitempty"` // text, int, decimal, date
	Lo      Scalar `json:"lo,omitempty"`
	Hi      Scalar `json:"hi,omitempty"`
	Grid    Scalar `json:"grid,omitempty"`
	Coarsen Scalar `json:"coarsen,omitempty"` // finest band: a number, or day, week, month, quarter, year
	Domain  List   `json:"domain,omitzero"`
	Source  string `json:"source,omitempty"` // who published the domain; without it the keys count as discovered
	Title   string `json:"title,omitempty"`
}

// Scalar is a JSON string or number kept as exact text; "" means not given.
type Scalar string

// UnmarshalJSON accepts a string or a number.
func (s *Scalar) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		var t string
		if err := json.Unmarshal(b, &t); err != nil {
			return err
		}
		*s = Scalar(t)
		return nil
	}
	var n json.Number
	if err := json.Unmarshal(b, &n); err != nil {
		return err
	}
	*s = Scalar(n)
	return nil
}

// Rat is the exact value of a numeric scalar.
func (s Scalar) Rat() (*big.Rat, bool) {
	if s == "" || len(s) > 40 {
		return nil, false
	}
	return new(big.Rat).SetString(string(s))
}

// List is a JSON array of strings, numbers or booleans kept as text. Numbers says that every
// element was a number.
type List struct {
	Words   []string
	Numbers bool
}

// UnmarshalJSON accepts strings, numbers and booleans.
func (l *List) UnmarshalJSON(b []byte) error {
	var raw []json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	*l = List{Words: make([]string, len(raw)), Numbers: len(raw) > 0}
	for i, r := range raw {
		if t := string(r); t == "true" || t == "false" {
			l.Words[i], l.Numbers = t, false
			continue
		}
		var s Scalar
		if err := json.Unmarshal(r, &s); err != nil {
			return err
		}
		l.Words[i] = string(s)
		l.Numbers = l.Numbers && r[0] != '"'
	}
	return nil
}

// MarshalJSON writes what was read.
func (l List) MarshalJSON() ([]byte, error) {
	if !l.Numbers {
		return json.Marshal(l.Words)
	}
	out := make([]json.Number, len(l.Words))
	for i, w := range l.Words {
		out[i] = json.Number(w)
	}
	return json.Marshal(out)
}

// Digest names this version of the document: SHA-256 over its canonical JSON.
func (p *Policy) Digest() string {
	b, err := json.Marshal(p) // struct order and sorted map keys make it canonical
	if err != nil {
		return ""
	}
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// SelectionDelta is the δ of one selection of discovered keys: as declared, or the share that
// lets δ last as long as ρ.
func (p *Policy) SelectionDelta() int64 {
	if p.DeltaPerKey > 0 {
		return p.DeltaPerKey
	}
	if p.RhoTotal == 0 {
		return 1
	}
	d := new(big.Int).Mul(big.NewInt(p.DeltaTotal), big.NewInt(p.RhoPerAggregate))
	d.Div(d, big.NewInt(p.RhoTotal))
	if !d.IsInt64() || d.Sign() <= 0 {
		return 1
	}
	return d.Int64()
}

// MinUnits is the group size below which a discovered key is never considered: K of the
// document, but never under ten.
func (p *Policy) MinUnits() int64 { return max(p.K, 10) }

// Protected says that rows of the table belong to units.
func (t *Table) Protected() bool { return !t.Public && !t.Own }
