package sample

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/governance/ingest"
	"pado/domain/governance/ingest/quality"
	"pado/domain/governance/vault"
)

// trialTime bounds one trial run.
const trialTime = 2 * time.Minute

// maxAside is how many rows set aside a trial lists; the counts go on.
const maxAside = 200

// Aside is a row that a trial set aside: where and why. Cells are for the source's people only.
type Aside struct {
	Record int64
	Step   string
	Label  string
	Column string
	Cells  []string
}

// Trial is what a pipeline makes of the sample. Nothing of it is kept.
type Trial struct {
	Rows, Quarantined int64
	Blank, Header     int64
	Steps             []ingest.StepCount
	Quality           quality.Report
	Aside             []Aside
	Cells             bool // the rows set aside are shown as they stand, and that is in the log
}

// Try runs a declaration over the sample for those who work on the case: the source, who sees the
// rows set aside as they stand, and the operator, who sees which records are no rows of data and
// of its own rules the counts only. Every trial is
// an entry with the digest of its declaration.
func (s *Service) Try(ctx context.Context, a procedure.Actor, no, text string) (Trial, error) {
	face, _, err := s.as(ctx, a, no)
	if err != nil {
		return Trial{}, err
	}
	if face == Reader {
		return Trial{}, procedure.Refuse("sample.party", clause, "只有本事项的数源部门和运营机构可以试运行")
	}
	p, problem := Read(text)
	if problem != nil {
		return Trial{}, problem.invalid()
	}
	x, err := s.held(ctx, no)
	if err != nil {
		return Trial{}, err
	}
	if face == Operator {
		// Column names of a file nobody has read may be data.
		if err := s.c.Engine.DB().View(ctx, func(r *store.ReadTx) error {
			c, _, err := Confirmed(r, no)
			if err == nil && c == nil {
				return procedure.Refuse("sample.unconfirmed", clause, "数源部门尚未确认样本的读法，确认后才能试运行")
			}
			if err != nil {
				return err
			}
			// Another header would make a row of data the names of columns.
			ok, err := Follows(r, no, p)
			if err == nil && !ok {
				return procedure.Refuse("sample.reading", clause, "声明的读法与数源部门确认的不一致，请采用确认的读法后再试运行")
			}
			return err
		}); err != nil {
			return Trial{}, err
		}
	}
	release, err := s.take(ctx)
	if err != nil {
		return Trial{}, err
	}
	defer release()
	ctx, stop := context.WithTimeout(ctx, trialTime)
	defer stop()
	out, err := s.run(ctx, x, p, face == Source)
	if err != nil {
		return Trial{}, said(err)
	}
	digest, err := p.Digest()
	if err != nil {
		return Trial{}, err
	}
	_, err = s.c.Engine.DB().Update(ctx, func(*store.Tx) (audit.Entry, error) {
		detail := map[string]string{"sha256": x.SHA256, "pipeline": digest, "rows": fmt.Sprint(out.Rows), "quarantined": fmt.Sprint(out.Quarantined)}
		if out.Cells {
			detail["shown"] = fmt.Sprint(len(out.Aside))
		}
		return x.entry(a, "try", detail), nil
	})
	if err != nil {
		return Trial{}, err
	}
	return out, nil
}

func (s *Service) run(ctx context.Context, x Sample, p *Pipeline, cells bool) (out Trial, err error) {
	if err := os.MkdirAll(s.c.Dir, 0o700); err != nil {
		return out, err
	}
	dir, err := os.MkdirTemp(s.c.Dir, "trial-")
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	key := make([]byte, 32) // pseudonyms of a trial mean nothing outside it
	if _, err := io.ReadFull(s.c.Engine.DB().Rand(), key); err != nil {
		return out, err
	}
	ring, err := vault.NewKeyring(s.c.KEK)
	if err != nil {
		return out, err
	}
	in := s.input(x)
	in.Received = calendar.DateOf(x.At.Time).String()
	res, err := ingest.Run(ctx, p, in, dir, ingest.Keys{Family: key, Quarantine: ring}, nil)
	if err != nil {
		return out, err
	}
	out = Trial{Rows: res.Rows, Quarantined: res.Quarantined, Blank: res.Blank, Header: res.Header, Steps: res.Steps, Quality: res.Report, Aside: []Aside{}, Cells: cells}
	if !cells {
		conceal(&out.Quality)
	}
	if res.Quarantine != "" {
		out.Aside, err = aside(ring, filepath.Join(dir, ingest.QuarantineDir), res.Quarantine, cells, readOnly(res.Steps))
	}
	return out, err
}

// conceal takes the values out of the profiles: who declares the labels and the unit of a trial
// would decide what small numbers are shown.
func conceal(r *quality.Report) {
	for i := range r.Columns {
		c := &r.Columns[i]
		c.Min, c.Max, c.Mean = "", "", ""
		c.Plot = quality.Plot{Withheld: "试运行不展示取值"}
	}
}

// readOnly tells rows that the confirmed reading set aside from those that rules did: whoever
// writes the rules could ask by them what stands in a row.
func readOnly(steps []ingest.StepCount) func(ingest.Quarantined) bool {
	for i := range steps {
		if i > 0 && steps[i].Name == steps[0].Name {
			return func(ingest.Quarantined) bool { return false }
		}
	}
	return func(q ingest.Quarantined) bool { return len(steps) > 0 && q.Step == steps[0].Name }
}

// aside reads the first rows of a trial's quarantine; without cells those only that the reading set aside.
func aside(ring *vault.Keyring, dir, id string, cells bool, read func(ingest.Quarantined) bool) ([]Aside, error) {
	v, err := vault.At(dir, ring, vault.AES256GCM)
	if err != nil {
		return nil, err
	}
	f, err := v.Open(id)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(make([]byte, 64<<10), 16<<20)
	out := []Aside{}
	for n := 0; lines.Scan() && len(out) < maxAside; n++ {
		if n == 0 {
			continue // the head
		}
		var q ingest.Quarantined
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			return nil, err
		}
		if !cells && !read(q) {
			continue
		}
		a := Aside{Record: q.Record, Step: q.Step, Label: q.Label, Column: q.Column}
		if cells {
			a.Cells = q.Cells
		}
		out = append(out, a)
	}
	return out, lines.Err()
}
