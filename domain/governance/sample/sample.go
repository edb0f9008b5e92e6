// Package sample holds the samples of hookup cases and what is learnt from them before the first
// delivery: the reading a person of the source confirms, and trial runs of a pipeline. See README.md.
package sample

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"pado/core/audit"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/governance/ingest"
	"pado/domain/governance/ingest/pipeline"
	"pado/plan"
)

// Max is the largest sample in bytes: it is read in a request.
const Max = 32 << 20

// Files opens and destroys uploads by their attachment id.
type Files interface {
	Open(id string) (io.ReadCloser, error)
	Destroy(id string) error
}

// Config is what a Service works with. All fields are required.
type Config struct {
	Engine *procedure.Engine
	Files  Files
	KEK    []byte // seals what a trial sets aside while it lasts
	Dir    string // folder in which trials work
}

// Service answers the pages of a hookup case that look at its sample.
type Service struct {
	c    Config
	busy chan struct{} // one trial or look at a time reads a whole file
}

// New makes a Service.
func New(c Config) *Service { return &Service{c: c, busy: make(chan struct{}, 2)} }

// Sample is one uploaded sample of a case.
type Sample struct {
	CaseNo           string
	N                int
	Attachment, Name string
	Size             int64
	SHA256           string
	Person, Org      string
	At               store.Time
	State            string // held or removed
	Draft            string // JSON of the pipeline drafted for the confirmed reading; "" until then
	ConfirmedBy      string
	Confirmed        store.Time
}

const columns = `case_no, n, attachment, name, size, sha256, person, org, at, state, draft, confirmed_by, confirmed`

// Face is what an actor is in a hookup case.
type Face string

// The faces. Only a Source sees cells.
const (
	Source   Face = "source"
	Operator Face = "operator"
	Reader   Face = "reader"
)

// procedures whose cases have samples.
var procedures = []string{"p06_2b_hookup", "p06_2b_hookup_source"}

var clause = plan.C("7.2")

// Newest finds the newest sample of a case, removed or not; store.ErrNotFound when there is none.
func Newest(r *store.ReadTx, caseNo string) (Sample, error) {
	var s Sample
	return s, r.Get(&s, `SELECT `+columns+` FROM hookup_sample WHERE case_no = $1 ORDER BY n DESC LIMIT 1`, caseNo)
}

// Confirmed is the newest reading confirmed in a case as a drafted pipeline; nil when there is none.
func Confirmed(r *store.ReadTx, caseNo string) (*pipeline.Pipeline, Sample, error) {
	var s Sample
	err := r.Get(&s, `SELECT `+columns+` FROM hookup_sample WHERE case_no = $1 AND draft <> '' ORDER BY n DESC LIMIT 1`, caseNo)
	if errors.Is(err, store.ErrNotFound) {
		return nil, s, nil
	}
	if err != nil {
		return nil, s, err
	}
	var p pipeline.Pipeline
	if err := json.Unmarshal([]byte(s.Draft), &p); err != nil {
		return nil, s, fmt.Errorf("read the draft of sample %d of %s: %w", s.N, caseNo, err)
	}
	return &p, s, nil
}

// Follows tells whether a declaration reads as the source confirmed; true where nothing was confirmed.
func Follows(r *store.ReadTx, caseNo string, p *pipeline.Pipeline) (bool, error) {
	c, _, err := Confirmed(r, caseNo)
	if err != nil || c == nil {
		return true, err
	}
	same := func(a, b any) bool {
		x, errX := json.Marshal(a)
		y, errY := json.Marshal(b)
		return errX == nil && errY == nil && string(x) == string(y)
	}
	return same(c.Source.Reading(), p.Source.Reading()) && same(c.Source.Confirmed, p.Source.Confirmed), nil
}

// as finds what the actor is in the case; store.ErrNotFound when the case is not there, not
// theirs, or no hookup.
func (s *Service) as(ctx context.Context, a procedure.Actor, no string) (Face, *procedure.Case, error) {
	v, err := s.c.Engine.View(ctx, a, no)
	if err != nil {
		return "", nil, err
	}
	known := false
	for _, p := range procedures {
		known = known || v.Case.Procedure == p
	}
	if !known {
		return "", nil, store.ErrNotFound
	}
	if v.Supervised || a.Program {
		return Reader, v.Case, nil
	}
	var form struct{ Item string }
	if err := json.Unmarshal([]byte(v.Case.Form), &form); err != nil {
		return "", nil, fmt.Errorf("read the form of %s: %w", no, err)
	}
	face := Reader
	err = s.c.Engine.DB().View(ctx, func(r *store.ReadTx) error {
		source := ""
		if err := r.Get(&source, `SELECT source_org FROM catalogue_item WHERE id = $1`, form.Item); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		operator := ""
		for _, p := range v.Parties {
			if p.Role == "operator" {
				operator = p.Org
			}
		}
		for _, d := range a.Desks {
			switch {
			case d.Role == "source" && d.Org == source && source != "":
				face = Source
				return nil
			case d.Role == "operator" && (d.Org == operator || d.Org == v.Case.Org):
				face = Operator
			}
		}
		return nil
	})
	return face, v.Case, err
}

// mine is as for what only the source's people may do.
func (s *Service) mine(ctx context.Context, a procedure.Actor, no string) (*procedure.Case, error) {
	face, c, err := s.as(ctx, a, no)
	if err != nil {
		return nil, err
	}
	if face != Source {
		return nil, procedure.Refuse("sample.source", clause, "样本是原始数据，只有数源部门的人员可以上传、查看和确认")
	}
	return c, nil
}

// State is what a case's pages show of its sample.
type State struct {
	Face      Face
	Sample    *Sample            // the newest, nil when there is none
	Confirmed *pipeline.Pipeline // drafted for the confirmed reading
	Of        Sample             // on which it was confirmed
	Form      string             // the declaration in the case's form
	CaseState string
}

// State reads the sample of a case as the actor may know it.
func (s *Service) State(ctx context.Context, a procedure.Actor, no string) (st State, err error) {
	face, c, err := s.as(ctx, a, no)
	if err != nil {
		return st, err
	}
	var form struct{ Pipeline string }
	if err := json.Unmarshal([]byte(c.Form), &form); err != nil {
		return st, fmt.Errorf("read the form of %s: %w", no, err)
	}
	st.Face, st.Form, st.CaseState = face, form.Pipeline, c.State
	err = s.c.Engine.DB().View(ctx, func(r *store.ReadTx) error {
		x, err := Newest(r, no)
		if err == nil {
			st.Sample = &x
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		st.Confirmed, st.Of, err = Confirmed(r, no)
		return err
	})
	return st, err
}

// Put takes an upload of the actor as the case's sample; one that was there is replaced and its
// bytes destroyed. Crash state: the record first; a replaced file that was not destroyed is out of
// everybody's reach.
func (s *Service) Put(ctx context.Context, a procedure.Actor, no, attachment string) (Sample, error) {
	c, err := s.mine(ctx, a, no)
	if err != nil {
		return Sample{}, err
	}
	if c.Final {
		return Sample{}, procedure.Refuse("sample.ended", clause, "事项已经办结，不能再上传样本")
	}
	var x, old Sample
	_, err = s.c.Engine.DB().Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		var f procedure.Attachment
		err := w.Get(&f, `SELECT id, name, size, sha256, org FROM attachment WHERE id = $1 AND person = $2 AND case_no = ''`, attachment, a.Person)
		if errors.Is(err, store.ErrNotFound) {
			return audit.Entry{}, procedure.Refuse("sample.upload", clause, "所选文件不是您本人上传的，或者已用于其他事项，请重新上传")
		}
		if err != nil {
			return audit.Entry{}, err
		}
		if f.Size > Max {
			return audit.Entry{}, procedure.Refuse("sample.size", clause, "样本不超过%d兆字节，请截取一部分上传；完整文件在报送时提交", Max>>20)
		}
		if old, err = Newest(&w.ReadTx, no); err != nil && !errors.Is(err, store.ErrNotFound) {
			return audit.Entry{}, err
		}
		x = Sample{CaseNo: no, N: old.N + 1, Attachment: f.ID, Name: f.Name, Size: f.Size, SHA256: f.SHA256, Person: a.Person, Org: orgOf(a), At: store.At(w.Now()), State: "held"}
		if old.State == "held" {
			if err := w.ExecOne(`UPDATE hookup_sample SET state = 'removed', removed = $1 WHERE case_no = $2 AND n = $3`, x.At, no, old.N); err != nil {
				return audit.Entry{}, err
			}
		}
		if _, err := w.Exec(`INSERT INTO hookup_sample (`+columns+`) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,'','',NULL)`,
			x.CaseNo, x.N, x.Attachment, x.Name, x.Size, x.SHA256, x.Person, x.Org, x.At, x.State); err != nil {
			return audit.Entry{}, err
		}
		// "sample:" is no case number: whoever asks for the attachment is told it is not there.
		if err := w.ExecOne(`UPDATE attachment SET case_no = $1 WHERE id = $2 AND case_no = ''`, "sample:"+no, f.ID); err != nil {
			return audit.Entry{}, err
		}
		return x.entry(a, "put", map[string]string{"sha256": x.SHA256, "size": fmt.Sprint(x.Size)}), nil
	})
	if err == nil && old.State == "held" {
		err = s.c.Files.Destroy(old.Attachment)
	}
	return x, err
}

// Remove destroys the sample's bytes; what was confirmed on it stays.
func (s *Service) Remove(ctx context.Context, a procedure.Actor, no string) error {
	if _, err := s.mine(ctx, a, no); err != nil {
		return err
	}
	var x Sample
	_, err := s.c.Engine.DB().Update(ctx, func(w *store.Tx) (e audit.Entry, err error) {
		if x, err = held(&w.ReadTx, no); err != nil {
			return e, err
		}
		if err := w.ExecOne(`UPDATE hookup_sample SET state = 'removed', removed = $1 WHERE case_no = $2 AND n = $3 AND state = 'held'`, store.At(w.Now()), no, x.N); err != nil {
			return e, err
		}
		return x.entry(a, "remove", nil), nil
	})
	if err != nil {
		return err
	}
	return s.c.Files.Destroy(x.Attachment)
}

// held is the sample of a case that is there.
func held(r *store.ReadTx, no string) (Sample, error) {
	x, err := Newest(r, no)
	if errors.Is(err, store.ErrNotFound) || err == nil && x.State != "held" {
		return x, procedure.Refuse("sample.none", clause, "本事项还没有样本，请数源部门先上传")
	}
	return x, err
}

// entry is the audit entry of an act on a sample.
func (x Sample) entry(a procedure.Actor, action string, detail map[string]string) audit.Entry {
	if detail == nil {
		detail = map[string]string{}
	}
	detail["case"], detail["sample"] = x.CaseNo, fmt.Sprint(x.N)
	return audit.Entry{Type: "governance.sample", Actor: a.Person, Org: orgOf(a), Object: x.CaseNo, Action: action, Clause: clause.ID, Result: audit.Done, Detail: detail}
}

// orgOf is the organisation an actor acts for on these pages: the source's desk first.
func orgOf(a procedure.Actor) string {
	org := ""
	for _, d := range a.Desks {
		if d.Role == "source" {
			return d.Org
		}
		if org == "" {
			org = d.Org
		}
	}
	return org
}

// input gives the sample to the ingest room.
func (s *Service) input(x Sample) ingest.Input {
	return ingest.Input{Size: x.Size, SHA256: x.SHA256, Open: func() (io.ReadCloser, error) { return s.c.Files.Open(x.Attachment) }}
}

// take waits for its turn to read a whole file.
func (s *Service) take(ctx context.Context) (release func(), err error) {
	select {
	case s.busy <- struct{}{}:
		return func() { <-s.busy }, nil
	case <-ctx.Done():
		return nil, procedure.Refuse("sample.busy", clause, "正在读取的样本较多，请稍后再试")
	}
}

// broken are the codes of a fault of the machine, which is logged and not explained.
var broken = map[string]bool{"INGEST_ENGINE": true, "INGEST_STORE": true, "INGEST_KEY": true, "INGEST_READ": true, "VAULT_IO": true, "VAULT_WRONG_KEY": true}

// said turns an error of the ingest room into a refusal with its own words and code.
func said(err error) error {
	if err == nil {
		return nil
	}
	code := ingest.Code(err)
	if broken[code] {
		return err
	}
	return procedure.Refuse(code, plan.C("6.2.2"), "%s", ingest.Message(err))
}
