package id

import (
	"bytes"
	_ "embed"
	"fmt"
	"slices"
	"sync"

	"gopkg.in/yaml.v3"
)

// DivisionKind says what a division code stands for.
type DivisionKind string

// The kinds of division.
const (
	Province    DivisionKind = "province"
	City        DivisionKind = "city"
	District    DivisionKind = "district"
	County      DivisionKind = "county"
	CountyCity  DivisionKind = "county_city" // a city at the rank of a county (县级市)
	Zone        DivisionKind = "zone"        // a development zone: a statistical code, no unit of GB/T 2260
	Placeholder DivisionKind = "placeholder" // 市辖区, a statistical heading under which nothing lies
	Abolished   DivisionKind = "abolished"
)

// Info is one division. A code that was abolished keeps its entry, for people and old records still carry it.
type Info struct {
	Code      string       `yaml:"code" json:"code"`
	Name      string       `yaml:"name" json:"name"`
	Kind      DivisionKind `yaml:"kind" json:"kind"`
	Parent    string       `yaml:"parent" json:"parent,omitempty"`
	Successor string       `yaml:"successor" json:"successor,omitempty"` // of an abolished code: the code in its place
	Until     int          `yaml:"until" json:"until,omitempty"`         // of an abolished code: the year it ended
	Tenant    bool         `yaml:"tenant" json:"tenant,omitempty"`       // has an implementing body of its own (clause 1.8)
}

//go:embed divisions.yaml
var divisionsYAML []byte

var divisions = sync.OnceValues(func() ([]Info, error) {
	dec := yaml.NewDecoder(bytes.NewReader(divisionsYAML))
	dec.KnownFields(true)
	var list []Info
	if err := dec.Decode(&list); err != nil {
		return nil, fmt.Errorf("id: read divisions: %w", err)
	}
	return list, nil
})

// Divisions lists every division known here in the order of the codes.
func Divisions() []Info {
	list, _ := divisions() // the embedded file is read by a test; without it no code is known and every scope is empty
	return slices.Clone(list)
}

// Division is the division with this six-digit code, abolished ones included.
func Division(code string) (Info, bool) {
	list, _ := divisions()
	i := slices.IndexFunc(list, func(d Info) bool { return d.Code == code })
	if i < 0 {
		return Info{}, false
	}
	return list[i], true
}

// Within reports whether what belongs to code may be seen from scope: a division sees itself and everything below it,
// so the city sees all and a county its own. Records under an abolished code belong to its successor. code may be a
// street's or a village's (9 or 12 digits), which lie in the division of their first six.
//
// Whatever is not known here is within nothing, and an abolished code or a placeholder is no scope.
func Within(scope, code string) bool {
	from, ok := Division(scope)
	if !ok || from.Kind == Abolished || from.Kind == Placeholder {
		return false
	}
	if n := len(code); n == 9 || n == 12 {
		if _, ok := digits(code, n); !ok {
			return false
		}
		code = code[:6]
	}
	at, ok := Division(code)
	if ok && at.Kind == Abolished {
		at, ok = Division(at.Successor)
	}
	for ok {
		if at.Code == from.Code {
			return true
		}
		at, ok = Division(at.Parent)
	}
	return false
}
