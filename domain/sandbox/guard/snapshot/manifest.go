// Package snapshot describes a derived file of one dataset version: which tables and columns
// it holds and how each is coded. The manifest lies beside the file and holds nothing that
// was counted in protected data.
package snapshot

import (
	"encoding/json"
	"fmt"
	"os"

	"pado/domain/sandbox/guard/coding"
	"pado/domain/sandbox/guard/ir"
	"pado/domain/sandbox/guard/policy"
	"pado/domain/sandbox/guard/refuse"
)

// Version of the layout; a worker never opens another one.
const Version = 1

// Manifest describes a snapshot. Digest is the SHA-256 of the file it describes.
type Manifest struct {
	Version int                        `json:"version"`
	Digest  string                     `json:"digest"`
	Tables  map[string]Table           `json:"tables"`
	Public  map[string]*ir.PublicTable `json:"public,omitempty"`
}

// Table is a protected or own table: its unit and the coding of each column.
type Table struct {
	Unit       string            `json:"unit"`
	UnitDomain string            `json:"unit_domain"`
	Columns    map[string]string `json:"columns"`
}

// ManifestPath and PublicPath lie beside the snapshot file.
func ManifestPath(snapshot string) string { return snapshot + ".json" }

// PublicPath is the file with the public tables, the only one stage 2 may read.
func PublicPath(snapshot string) string { return snapshot + ".public" }

// Read loads the manifest of a snapshot file.
func Read(snapshot string) (*Manifest, error) {
	b, err := os.ReadFile(ManifestPath(snapshot))
	if err != nil {
		return nil, fmt.Errorf("read manifest: %w", err)
	}
	var m Manifest
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("read manifest: %w", err)
	}
	if m.Version != Version {
		return nil, fmt.Errorf("snapshot layout %d, want %d", m.Version, Version)
	}
	return &m, nil
}

// Check refuses a question whose policy codes a table it reads differently from the snapshot:
// another bound, grid, domain or unit needs another snapshot.
func (m *Manifest) Check(p *policy.Policy, tables []string) *refuse.Refusal {
	for _, name := range tables {
		t, ok := m.Tables[name]
		d := p.Tables[name]
		if !ok || d == nil || t.Unit != d.Unit || t.UnitDomain != d.UnitDomain {
			return refuse.New(refuse.SnapshotMismatch, name)
		}
		for c, col := range d.Columns {
			if col.Label == policy.Forbidden || col.Label == policy.Unit {
				continue
			}
			if t.Columns[c] != coding.Of(col).Spec() {
				return refuse.New(refuse.SnapshotMismatch, name+"."+c)
			}
		}
	}
	return nil
}
