package pipeline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"gopkg.in/yaml.v3"

	"pado/core/canon"
	"pado/domain/governance/ingest/read"
)

// Error is a fault in a declaration. The message names the place in the
// declaration and may be shown to who wrote it.
type Error struct {
	Code    string
	Clause  string
	Path    string // place in the declaration, e.g. steps[2].check.rules[0].column
	Message string
}

func (e *Error) Error() string {
	if e.Path == "" {
		return e.Code + ": " + e.Message
	}
	return e.Code + ": " + e.Path + ": " + e.Message
}

// Is compares codes.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// The two ways a declaration can be wrong.
var (
	ErrSyntax  = &Error{Code: "PIPELINE_SYNTAX", Clause: "6.2.2", Message: "流水线声明的写法有误"}
	ErrInvalid = &Error{Code: "PIPELINE_INVALID", Clause: "6.2.2", Message: "流水线声明不成立"}
)

// maxDeclaration bounds the text of a declaration; aliases are refused, so
// that it cannot unfold into more.
const maxDeclaration = 1 << 20

// Decode reads one declaration from YAML or JSON (JSON is YAML). Unknown
// fields, a second document, anchors and aliases are refused. The result has
// its defaults filled in and has passed Validate.
func Decode(b []byte) (*Pipeline, error) {
	if len(b) > maxDeclaration {
		return nil, &Error{Code: ErrSyntax.Code, Clause: ErrSyntax.Clause, Message: "流水线声明过长"}
	}
	var tree yaml.Node
	if err := yaml.Unmarshal(b, &tree); err != nil {
		return nil, syntax(err)
	}
	if hasAlias(&tree) {
		return nil, &Error{Code: ErrSyntax.Code, Clause: ErrSyntax.Clause, Message: "流水线声明不得使用锚点或别名"}
	}
	var p Pipeline
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(&p); err != nil {
		return nil, syntax(err)
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, &Error{Code: ErrSyntax.Code, Clause: ErrSyntax.Clause, Message: "一个文件只能声明一条流水线"}
	}
	p.defaults()
	if err := p.Validate(); err != nil {
		return nil, err
	}
	return &p, nil
}

func syntax(err error) error {
	// The author of a declaration needs the line; its text is his own.
	return &Error{Code: ErrSyntax.Code, Clause: ErrSyntax.Clause, Message: fmt.Sprintf("%s（%v）", ErrSyntax.Message, err)}
}

func hasAlias(n *yaml.Node) bool {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		return true
	}
	for _, c := range n.Content {
		if hasAlias(c) {
			return true
		}
	}
	return false
}

func (p *Pipeline) defaults() {
	s := &p.Source
	if s.Kind == "csv" {
		if s.Encoding == "" {
			s.Encoding = read.Auto
		}
		if s.Delimiter == "" {
			s.Delimiter = ","
		}
		if s.Quote == "" {
			s.Quote = `"`
		}
	}
	if s.Extra == "" {
		s.Extra = "refuse"
	}
}

// Digest identifies the declaration: SHA-256 over its canonical form, in which
// every number is a decimal string. Field order and layout of the text do not
// matter, defaults spelled out or left out neither.
func (p *Pipeline) Digest() (string, error) {
	b, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("encode pipeline: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return "", fmt.Errorf("encode pipeline: %w", err)
	}
	c, err := canon.Marshal(spellNumbers(v))
	if err != nil {
		return "", fmt.Errorf("encode pipeline: %w", err)
	}
	return canon.Digest(c), nil
}

func spellNumbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		return v.String()
	case []any:
		for i := range v {
			v[i] = spellNumbers(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = spellNumbers(v[k])
		}
	}
	return v
}
