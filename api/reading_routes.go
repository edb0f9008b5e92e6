package api

import (
	"context"
	"encoding/json"
	"time"

	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/governance/ingest"
	"pado/domain/governance/ingest/pipeline"
	"pado/domain/governance/ingest/quality"
	"pado/domain/governance/sample"
)

// SampleWire is what a hookup case's pages know of its sample.
type SampleWire struct {
	Face        string         `json:"face" enum:"source,operator,reader" doc:"source：可以看样本内容"`
	State       string         `json:"state" doc:"事项所处环节"`
	Sample      *SampleFile    `json:"sample,omitempty"`
	Confirmed   *ConfirmedWire `json:"confirmed,omitempty" doc:"数源部门确认的读法"`
	Declaration string         `json:"declaration" doc:"事项表单中的流水线声明"`
}

// SampleFile is an uploaded sample.
type SampleFile struct {
	N      int        `json:"n"`
	Name   string     `json:"name"`
	Size   int64      `json:"size"`
	SHA256 string     `json:"sha256"`
	At     store.Time `json:"at"`
	By     string     `json:"by"`
	Held   bool       `json:"held" doc:"已移除的样本不能再看"`
}

// ConfirmedWire is a confirmed reading: positions and column names, no cell.
type ConfirmedWire struct {
	N     int                `json:"n" doc:"在第几个样本上确认"`
	By    string             `json:"by"`
	At    store.Time         `json:"at"`
	Draft *pipeline.Pipeline `json:"draft"`
	Text  string             `json:"text" doc:"按确认的读法草拟的声明"`
}

// PartWire is which part of a sample to show, under which reading.
type PartWire struct {
	Entry   string            `json:"entry,omitempty" maxLength:"300"`
	Sheet   string            `json:"sheet,omitempty" maxLength:"100"`
	From    int64             `json:"from,omitempty" minimum:"0"`
	Rows    int               `json:"rows,omitempty" minimum:"0" maximum:"500"`
	Reading *pipeline.Reading `json:"reading,omitempty" doc:"不填则由平台建议"`
}

// ConfirmWire is a reading as a person confirms it.
type ConfirmWire struct {
	N       int              `json:"n" doc:"所核对的样本"`
	Entry   string           `json:"entry,omitempty" maxLength:"300"`
	Sheet   string           `json:"sheet,omitempty" maxLength:"100"`
	Reading pipeline.Reading `json:"reading"`
	Columns []struct {
		Name       string `json:"name"`
		Type       string `json:"type,omitempty"`
		Identifier bool   `json:"identifier,omitempty"`
	} `json:"columns" maxItems:"4096"`
}

// DeclareWire is a declaration as text or as a model; one of the two.
type DeclareWire struct {
	Text  string          `json:"text,omitempty" maxLength:"200000"`
	Model json.RawMessage `json:"model,omitempty"`
	Adopt string          `json:"adopt,omitempty" maxLength:"40" doc:"事项编号：采用其中数源部门确认的读法"`
}

// DeclaredWire is a declaration in both forms and what is wrong in it.
type DeclaredWire struct {
	Text    string             `json:"text"`
	Model   *pipeline.Pipeline `json:"model,omitempty" doc:"文字不成格式时没有"`
	Digest  string             `json:"digest,omitempty"`
	Problem *DeclareProblem    `json:"problem,omitempty"`
}

// DeclareProblem is one fault of a declaration at its place.
type DeclareProblem struct {
	Path    string `json:"path"`
	Message string `json:"message"`
	Code    string `json:"code"`
}

// PipelineTrialWire is what a pipeline makes of a sample.
type PipelineTrialWire struct {
	Rows        int64              `json:"rows"`
	Quarantined int64              `json:"quarantined"`
	Blank       int64              `json:"blank"`
	Header      int64              `json:"header"`
	Steps       []ingest.StepCount `json:"steps"`
	Quality     quality.Report     `json:"quality"`
	Aside       []AsideWire        `json:"aside" doc:"被隔离的前200行"`
	Cells       bool               `json:"cells" doc:"含原始内容，查看已记入日志"`
}

// AsideWire is a row that was set aside.
type AsideWire struct {
	Record int64    `json:"record"`
	Step   string   `json:"step"`
	Label  string   `json:"label"`
	Column string   `json:"column,omitempty"`
	Cells  []string `json:"cells,omitempty"`
}

// StepKindWire is a kind of step with its settings.
type StepKindWire struct {
	Kind    string           `json:"kind"`
	Label   string           `json:"label"`
	Help    string           `json:"help"`
	Options []StepOptionWire `json:"options"`
}

// StepOptionWire is one setting of a step.
type StepOptionWire struct {
	Name     string             `json:"name"`
	Label    string             `json:"label"`
	Kind     string             `json:"kind" enum:"text,integer,bool,choice,column,columns,list,map,table"`
	Required bool               `json:"required"`
	Options  []procedure.Option `json:"options,omitempty"`
	Of       []StepFieldWire    `json:"of,omitempty"`
}

// StepFieldWire is one column of a setting that is a table.
type StepFieldWire struct {
	Name     string             `json:"name"`
	Label    string             `json:"label"`
	Kind     string             `json:"kind"`
	Required bool               `json:"required"`
	Options  []procedure.Option `json:"options,omitempty"`
}

type sampleOut struct{ Body SampleWire }

const readingTag = "数据接入"

// ReadingRoutes are the routes of the pages that read a sample and edit a pipeline.
func ReadingRoutes(s *sample.Service) func(*API) {
	return func(a *API) {
		type noIn struct {
			No string `path:"no" maxLength:"40"`
		}

		Route(a, Op("read-sample", "GET", "/api/hookups/{no}/sample", "接入事项的样本和确认的读法", readingTag), func(ctx context.Context, in *noIn) (*sampleOut, error) {
			return sampleState(ctx, a, s, in.No)
		})
		type putIn struct {
			No   string `path:"no" maxLength:"40"`
			Body struct {
				File string `json:"file" maxLength:"60" doc:"本人上传的附件"`
			}
		}
		Route(a, Op("put-sample", "PUT", "/api/hookups/{no}/sample", "上传样本（替换原有样本，原样本即行销毁）", readingTag), func(ctx context.Context, in *putIn) (*sampleOut, error) {
			actor, err := a.Who(ctx)
			if err != nil {
				return nil, err
			}
			if _, err := s.Put(ctx, actor, in.No, in.Body.File); err != nil {
				return nil, err
			}
			return sampleState(ctx, a, s, in.No)
		})
		Route(a, Op("remove-sample", "DELETE", "/api/hookups/{no}/sample", "销毁样本", readingTag), func(ctx context.Context, in *noIn) (*sampleOut, error) {
			actor, err := a.Who(ctx)
			if err != nil {
				return nil, err
			}
			if err := s.Remove(ctx, actor, in.No); err != nil {
				return nil, err
			}
			return sampleState(ctx, a, s, in.No)
		})
		type lookIn struct {
			No   string `path:"no" maxLength:"40"`
			Body PartWire
		}
		type lookOut struct{ Body ingest.View }
		Route(a, Op("look-sample", "POST", "/api/hookups/{no}/sample/look", "查看样本原貌和建议的读法（原始数据访问，逐次记入日志）", readingTag), func(ctx context.Context, in *lookIn) (*lookOut, error) {
			actor, err := a.Who(ctx)
			if err != nil {
				return nil, err
			}
			v, _, err := s.Look(ctx, actor, in.No, sample.Part(in.Body))
			if err != nil {
				return nil, err
			}
			return &lookOut{*v}, nil
		})
		type confirmIn struct {
			No   string `path:"no" maxLength:"40"`
			Body ConfirmWire
		}
		Route(a, Op("confirm-reading", "POST", "/api/hookups/{no}/sample/confirm", "确认样本的读法", readingTag), func(ctx context.Context, in *confirmIn) (*sampleOut, error) {
			actor, err := a.Who(ctx)
			if err != nil {
				return nil, err
			}
			c := sample.Confirmation{N: in.Body.N, Part: sample.Part{Entry: in.Body.Entry, Sheet: in.Body.Sheet, Reading: &in.Body.Reading}}
			for _, x := range in.Body.Columns {
				c.Columns = append(c.Columns, sample.Column{Name: x.Name, Type: x.Type, Identifier: x.Identifier})
			}
			if _, err := s.Confirm(ctx, actor, in.No, c); err != nil {
				return nil, err
			}
			return sampleState(ctx, a, s, in.No)
		})
		tryRoute(a, s)
		declareRoutes(a, s)
	}
}

func tryRoute(a *API, s *sample.Service) {
	type tryIn struct {
		No   string `path:"no" maxLength:"40"`
		Body struct {
			Text string `json:"text" maxLength:"200000"`
		}
	}
	type tryOut struct{ Body PipelineTrialWire }
	o := Op("try-pipeline", "POST", "/api/hookups/{no}/sample/try", "在样本上试运行流水线声明", readingTag)
	o.BodyReadTimeout = 10 * time.Second
	Route(a, o, func(ctx context.Context, in *tryIn) (*tryOut, error) {
		actor, err := a.Who(ctx)
		if err != nil {
			return nil, err
		}
		t, err := s.Try(ctx, actor, in.No, in.Body.Text)
		if err != nil {
			return nil, err
		}
		w := PipelineTrialWire{Rows: t.Rows, Quarantined: t.Quarantined, Blank: t.Blank, Header: t.Header, Steps: t.Steps, Quality: t.Quality, Aside: []AsideWire{}, Cells: t.Cells}
		for _, x := range t.Aside {
			w.Aside = append(w.Aside, AsideWire(x))
		}
		return &tryOut{w}, nil
	})
}

func declareRoutes(a *API, s *sample.Service) {
	type declareIn struct{ Body DeclareWire }
	type declareOut struct{ Body DeclaredWire }
	Route(a, Op("declare-pipeline", "POST", "/api/pipelines", "检查流水线声明，在文字和步骤之间换算", readingTag), func(ctx context.Context, in *declareIn) (*declareOut, error) {
		actor, err := a.Who(ctx)
		if err != nil {
			return nil, err
		}
		out, err := declared(ctx, s, actor, in.Body)
		return &declareOut{out}, err
	})
	type kindsOut struct {
		Body struct {
			Kinds []StepKindWire `json:"kinds"`
		}
	}
	Route(a, Op("list-steps", "GET", "/api/pipelines/steps", "流水线可用的步骤及其设置", readingTag), func(context.Context, *struct{}) (*kindsOut, error) {
		var out kindsOut
		for _, k := range sample.StepKinds() {
			w := StepKindWire{Kind: k.Kind, Label: k.Label, Help: k.Help, Options: []StepOptionWire{}}
			for _, o := range k.Options {
				x := StepOptionWire{Name: o.Name, Label: o.Label, Kind: o.Kind, Required: o.Required, Options: o.Options}
				for _, f := range o.Of {
					x.Of = append(x.Of, StepFieldWire{f.Name, f.Label, f.Kind, f.Required, f.Options})
				}
				w.Options = append(w.Options, x)
			}
			out.Body.Kinds = append(out.Body.Kinds, w)
		}
		return &out, nil
	})
}

// declared turns text into a model or a model into text, with a confirmed reading laid in if asked.
func declared(ctx context.Context, s *sample.Service, actor procedure.Actor, in DeclareWire) (DeclaredWire, error) {
	text := in.Text
	var bad *sample.Problem
	if len(in.Model) > 0 && text == "" {
		if text, bad = sample.Text(in.Model); text == "" {
			return DeclaredWire{Problem: declareProblem(bad)}, nil
		}
	}
	model, bad := sample.Model(text)
	if in.Adopt != "" {
		st, err := s.State(ctx, actor, in.Adopt)
		if err != nil {
			return DeclaredWire{}, err
		}
		switch {
		case st.Confirmed == nil:
			return DeclaredWire{}, store.ErrNotFound
		case model == nil:
			model = st.Confirmed
		default:
			sample.Adopt(model, st.Confirmed)
		}
		if text, err = sample.Write(model); err != nil {
			return DeclaredWire{}, err
		}
		model, bad = sample.Model(text)
	}
	out := DeclaredWire{Text: text, Model: model, Problem: declareProblem(bad)}
	if bad == nil && model != nil {
		var err error
		if out.Digest, err = model.Digest(); err != nil {
			return out, err
		}
	}
	return out, nil
}

func declareProblem(p *sample.Problem) *DeclareProblem {
	if p == nil {
		return nil
	}
	return &DeclareProblem{p.Path, p.Message, p.Code}
}

func sampleState(ctx context.Context, a *API, s *sample.Service, no string) (*sampleOut, error) {
	actor, err := a.Who(ctx)
	if err != nil {
		return nil, err
	}
	st, err := s.State(ctx, actor, no)
	if err != nil {
		return nil, err
	}
	w := SampleWire{Face: string(st.Face), State: st.CaseState, Declaration: st.Form}
	var people []string
	if st.Sample != nil {
		people = append(people, st.Sample.Person)
	}
	people = append(people, st.Of.ConfirmedBy)
	var names map[string]string
	if err := a.Engine.DB().View(ctx, func(r *store.ReadTx) error {
		names, err = namesOf(r, "person", people)
		return err
	}); err != nil {
		return nil, err
	}
	if x := st.Sample; x != nil {
		w.Sample = &SampleFile{N: x.N, Name: x.Name, Size: x.Size, SHA256: x.SHA256, At: x.At, By: names[x.Person], Held: x.State == "held"}
	}
	if st.Confirmed != nil {
		text, err := sample.Write(st.Confirmed)
		if err != nil {
			return nil, err
		}
		w.Confirmed = &ConfirmedWire{N: st.Of.N, By: names[st.Of.ConfirmedBy], At: st.Of.Confirmed, Draft: st.Confirmed, Text: text}
	}
	return &sampleOut{w}, nil
}
