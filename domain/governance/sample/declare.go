package sample

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"gopkg.in/yaml.v3"

	"pado/core/procedure"
	"pado/domain/governance/ingest/pipeline"
)

// Pipeline is a declaration as a value.
type Pipeline = pipeline.Pipeline

// Problem is what is wrong in a declaration, at its place.
type Problem struct {
	Path    string
	Message string
	Code    string
}

func (p *Problem) invalid() error {
	m := p.Message
	if p.Path != "" {
		m = p.Path + "：" + m
	}
	return &procedure.Invalid{Errors: []procedure.FieldError{{Path: "pipeline", Message: m, Clause: "6.2.2"}}}
}

// Read checks a declaration as text.
func Read(text string) (*Pipeline, *Problem) {
	p, err := pipeline.Decode([]byte(text))
	return p, problemOf(err)
}

func problemOf(err error) *Problem {
	var bad *pipeline.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &bad):
		return &Problem{bad.Path, bad.Message, bad.Code}
	}
	return &Problem{Message: pipeline.ErrSyntax.Message, Code: pipeline.ErrSyntax.Code}
}

// maxText bounds the text of a declaration on these pages; a case's form takes less.
const maxText = 200_000

// Model reads a declaration's text as far as it can be read: a model comes back also where it does
// not hold together, so that a page can show and mend it. No model means that the text itself is
// malformed.
func Model(text string) (*Pipeline, *Problem) {
	if len(text) > maxText {
		return nil, &Problem{Message: "流水线声明过长", Code: pipeline.ErrSyntax.Code}
	}
	p, problem := Read(text)
	if problem == nil || problem.Code != pipeline.ErrInvalid.Code {
		return p, problem
	}
	var loose Pipeline
	d := yaml.NewDecoder(bytes.NewReader([]byte(text)))
	d.KnownFields(true)
	if err := d.Decode(&loose); err != nil && !errors.Is(err, io.EOF) {
		return nil, problem
	}
	return &loose, problem
}

// Text writes a model as YAML and checks it. The model is JSON of the declaration; unknown fields are refused.
func Text(model []byte) (string, *Problem) {
	var p Pipeline
	d := json.NewDecoder(bytes.NewReader(model))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return "", &Problem{Message: pipeline.ErrSyntax.Message, Code: pipeline.ErrSyntax.Code}
	}
	text, err := Write(&p)
	if err != nil {
		return "", &Problem{Message: pipeline.ErrSyntax.Message, Code: pipeline.ErrSyntax.Code}
	}
	_, problem := Read(text)
	return text, problem
}

// Write gives a declaration as YAML.
func Write(p *Pipeline) (string, error) {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(p); err != nil {
		return "", err
	}
	return b.String(), e.Close()
}

// Adopt puts a confirmed reading into a declaration: how the file is read and its columns, keeping
// the names that steps know where the column's own name is the same.
func Adopt(p *Pipeline, confirmed *Pipeline) {
	names := map[string]string{}
	for _, c := range p.Source.Columns {
		names[c.Name] = c.As
	}
	extra := p.Source.Extra
	p.Source = confirmed.Source
	p.Source.Columns = append([]pipeline.Column{}, confirmed.Source.Columns...)
	for i, c := range p.Source.Columns {
		if as, ok := names[c.Name]; ok {
			p.Source.Columns[i].As = as
		}
	}
	if extra != "" {
		p.Source.Extra = extra
	}
}
