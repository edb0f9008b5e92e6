package sample

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/governance/ingest"
	"pado/domain/governance/ingest/pipeline"
)

// lookTime bounds one reading of a sample.
const lookTime = 60 * time.Second

// Part is which part of a sample to show, and under which reading; a nil Reading is guessed.
type Part struct {
	Entry, Sheet string
	From         int64
	Rows         int
	Reading      *pipeline.Reading
}

// Look shows the sample as it stands beside how it is read, to the source's people only. The look
// is in the log before a cell is answered; if it cannot be written, nothing is shown.
func (s *Service) Look(ctx context.Context, a procedure.Actor, no string, p Part) (*ingest.View, Sample, error) {
	if _, err := s.mine(ctx, a, no); err != nil {
		return nil, Sample{}, err
	}
	x, err := s.held(ctx, no)
	if err != nil {
		return nil, x, err
	}
	release, err := s.take(ctx)
	if err != nil {
		return nil, x, err
	}
	defer release()
	ctx, stop := context.WithTimeout(ctx, lookTime)
	defer stop()
	v, err := ingest.ViewFile(ctx, s.input(x), ingest.ViewOptions{ProposeOptions: options(p), From: p.From, Rows: p.Rows})
	if err != nil {
		return nil, x, said(err)
	}
	_, err = s.c.Engine.DB().Update(ctx, func(*store.Tx) (audit.Entry, error) {
		detail := map[string]string{"sha256": x.SHA256, "from": fmt.Sprint(max(p.From, 1)), "rows": fmt.Sprint(len(v.Rows))}
		if v.Proposal.Sheet != "" {
			detail["sheet"] = fmt.Sprint(slices.Index(v.Proposal.Sheets, v.Proposal.Sheet) + 1)
		}
		return x.entry(a, "look", detail), nil
	})
	if err != nil {
		return nil, x, err
	}
	return v, x, nil
}

func options(p Part) ingest.ProposeOptions {
	o := ingest.ProposeOptions{Entry: p.Entry, Sheet: p.Sheet, Reading: p.Reading}
	if o.Reading != nil {
		r := *o.Reading
		r.Entry, r.Sheet = p.Entry, p.Sheet
		o.Reading = &r
	}
	return o
}

func (s *Service) held(ctx context.Context, no string) (x Sample, err error) {
	err = s.c.Engine.DB().View(ctx, func(r *store.ReadTx) error {
		x, err = held(r, no)
		return err
	})
	return x, err
}

// Column is what a person says about a column of the sample.
type Column struct {
	Name       string
	Type       string // of the target; "" as proposed
	Identifier bool
}

// Confirmation is a reading as a person confirms it: on which sample, what part, which columns.
type Confirmation struct {
	N       int // of the sample that was looked at
	Part    Part
	Columns []Column
}

// Confirm records the reading a person of the source confirmed. What is kept is the draft of a
// declaration that reads so, with the person's name and the day in it. It can be confirmed anew;
// the newest counts.
func (s *Service) Confirm(ctx context.Context, a procedure.Actor, no string, c Confirmation) (*pipeline.Pipeline, error) {
	cs, err := s.mine(ctx, a, no)
	if err != nil {
		return nil, err
	}
	x, err := s.held(ctx, no)
	if err != nil {
		return nil, err
	}
	switch {
	case cs.Final:
		return nil, procedure.Refuse("sample.ended", clause, "事项已经办结，不能再确认读法")
	case x.N != c.N:
		return nil, procedure.Refuse("sample.replaced", clause, "样本已经换过，请按新样本重新核对")
	case c.Part.Reading == nil:
		return nil, procedure.Refuse("sample.reading", clause, "请先核对读法再确认")
	}
	release, err := s.take(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	ctx, stop := context.WithTimeout(ctx, lookTime)
	defer stop()
	p, err := ingest.ProposeWith(ctx, s.input(x), options(c.Part))
	if err != nil {
		return nil, said(err)
	}
	if p.Data == 0 {
		return nil, procedure.Refuse("sample.empty", clause, "按这种读法没有数据行，请检查标题行、表头行和行的类别")
	}
	draft := p.Pipeline
	if err := state(draft, c.Columns); err != nil {
		return nil, err
	}
	_, err = s.c.Engine.DB().Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		now := w.Now()
		draft.Source.Confirmed = &pipeline.Confirmed{By: a.Name, On: calendar.DateOf(now).String()}
		if err := draft.Validate(); err != nil {
			return audit.Entry{}, said(err)
		}
		text, err := json.Marshal(draft)
		if err != nil {
			return audit.Entry{}, err
		}
		digest, err := draft.Digest()
		if err != nil {
			return audit.Entry{}, err
		}
		if err := w.ExecOne(`UPDATE hookup_sample SET draft = $1, confirmed_by = $2, confirmed = $3 WHERE case_no = $4 AND n = $5 AND state = 'held'`,
			string(text), a.Person, store.At(now), no, x.N); err != nil {
			return audit.Entry{}, err
		}
		return x.entry(a, "confirm", map[string]string{"sha256": x.SHA256, "draft": digest}), nil
	})
	return draft, err
}

// state lays what a person said about the columns over the draft.
func state(p *pipeline.Pipeline, columns []Column) error {
	for _, c := range columns {
		i := slices.IndexFunc(p.Source.Columns, func(x pipeline.Column) bool { return x.Name == c.Name })
		if i < 0 {
			return procedure.Refuse("sample.column", clause, "所列字段与按此读法得到的表头不一致，请刷新后重新核对")
		}
		key := p.Source.Columns[i].Key()
		if p.Source.Columns[i].Identifier && !c.Identifier {
			// The masks drafted for it stay: what the reader took for an identifier is unmasked by
			// who declares the pipeline, not by a tick here.
			p.Source.Columns[i].Identifier = false
		} else if !p.Source.Columns[i].Identifier && c.Identifier {
			p.Source.Columns[i].Identifier = true
			hide(p, key)
		}
		if c.Type == "" {
			continue
		}
		for k := range p.Target.Columns {
			if p.Target.Columns[k].Key() == key && !masked(p, key) {
				p.Target.Columns[k].Type = c.Type
			}
		}
	}
	return nil
}

// hide leaves a column that a person marked as a direct identifier out of the target.
func hide(p *pipeline.Pipeline, key string) {
	if masked(p, key) {
		return
	}
	p.Target.Columns = slices.DeleteFunc(p.Target.Columns, func(c pipeline.TargetColumn) bool { return c.Key() == key })
	rule := pipeline.MaskRule{Column: key, Kind: "suppress"}
	for i := range p.Steps {
		if m := p.Steps[i].Mask; m != nil {
			m.Rules = append(m.Rules, rule)
			return
		}
	}
	p.Steps = append(p.Steps, pipeline.Step{Mask: &pipeline.Mask{Rules: []pipeline.MaskRule{rule}}})
}

func masked(p *pipeline.Pipeline, key string) bool {
	for _, s := range p.Steps {
		if s.Mask != nil && slices.ContainsFunc(s.Mask.Rules, func(r pipeline.MaskRule) bool { return r.Column == key }) {
			return true
		}
	}
	return false
}
