package ingest

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"path/filepath"

	"pado/domain/governance/ingest/engine"
	"pado/domain/governance/ingest/read"
	"pado/domain/governance/vault"
)

// QuarantineDir is the folder of the sealed quarantine files below the output
// folder; each is named by its version.
const QuarantineDir = "quarantine"

// QuarantineHead is the first line of a quarantine file.
type QuarantineHead struct {
	Version string   `json:"version_id"`
	Columns []string `json:"columns"` // names of the cells; rows refused while reading may have another number
}

// Quarantined is one row taken out, one JSON line each. The cells are as they
// stand in the file: raw data.
type Quarantined struct {
	Record int64    `json:"record"` // position in the file
	Step   string   `json:"step"`
	Rule   string   `json:"rule"`
	Label  string   `json:"label"`
	Column string   `json:"column,omitempty"`
	Cells  []string `json:"cells"`
}

// quarantine reads the source once more and seals every row that was taken
// out, with its reason.
func (r *run) quarantine(t engine.Tally) (string, error) {
	if r.keys.Quarantine == nil {
		return "", ErrKey
	}
	suite := r.keys.Suite
	if suite == "" {
		suite = vault.AES256GCM
	}
	v, err := vault.At(filepath.Join(r.out, QuarantineDir), r.keys.Quarantine, suite)
	if err != nil {
		return "", err
	}
	w, err := v.Create(r.version, "quarantine/"+r.version)
	if errors.Is(err, vault.ErrExists) {
		// A crash between this file and the manifest: the rows are the same, if
		// the key at hand still opens them.
		if _, err := v.Stat(r.version); err != nil {
			return "", err
		}
		return r.version, nil
	}
	if err != nil {
		return "", err
	}
	n, err := r.writeQuarantine(w, t)
	if err == nil && n != r.expected(t) {
		err = ErrCount
	}
	if err != nil {
		w.Abort()
		return "", err
	}
	if _, err := w.Commit(); err != nil {
		w.Abort()
		return "", err
	}
	return r.version, nil
}

func (r *run) expected(t engine.Tally) int64 {
	n := int64(len(t.Dropped))
	for _, k := range r.rejected {
		n += k
	}
	return n
}

func (r *run) writeQuarantine(w io.Writer, t engine.Tally) (int64, error) {
	dropped := make(map[int64]string, len(t.Dropped))
	for _, d := range t.Dropped {
		dropped[d.Ordinal] = d.Masks
	}
	buf := bufio.NewWriterSize(w, 64<<10)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	n := int64(0)
	var failed error
	put := func(q Quarantined) {
		n++
		if err := enc.Encode(q); err != nil && failed == nil {
			failed = err
		}
	}
	file := r.plan.Raw
	if st := r.p.Source.Strays; st != nil && st.Section != "" {
		file = file[:len(file)-1] // the carried heading is no column of the file
	}
	if err := enc.Encode(QuarantineHead{r.version, file}); err != nil {
		return 0, err
	}
	rows, _, err := r.open("隔离")
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	s, _, err := shape(rows, &r.p.Source, func(reason Reason, row *read.Row) {
		put(Quarantined{Record: row.N, Step: r.plan.Steps[0].Name, Rule: string(reason), Label: reason.Label(), Cells: row.Cells()})
	})
	if err != nil {
		return 0, r.canceled(err)
	}
	var row read.Row
	for failed == nil {
		err := s.Next(&row)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, r.canceled(err)
		}
		text, ok := dropped[row.N]
		if !ok {
			continue
		}
		m, ok := parseMasks(text)
		k := m.first(r.plan)
		if !ok || k < 0 {
			return 0, ErrCount
		}
		rule := r.plan.Rules[k]
		put(Quarantined{Record: row.N, Step: r.plan.Steps[rule.Step].Name, Rule: rule.ID, Label: rule.Label, Column: rule.Column, Cells: s.in.Cells()})
	}
	if failed == nil {
		failed = buf.Flush()
	}
	return n, failed
}
