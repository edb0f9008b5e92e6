package ast

import (
	"encoding/json"
	"io"
	"sort"
	"strings"

	"pado/domain/sandbox/guard/refuse"
)

// tree reads JSON into map[string]any, []any, string, bool, json.Number and nil with limits
// of its own: depth, node count, no duplicate field, nothing after the value.
type tree struct {
	dec   *json.Decoder
	nodes int
	max   int
}

func parseTree(text string, maxNodes int) (any, *refuse.Refusal) {
	t := &tree{dec: json.NewDecoder(strings.NewReader(text)), max: maxNodes}
	t.dec.UseNumber()
	v, r := t.value(0)
	if r != nil {
		return nil, r
	}
	if _, err := t.dec.Token(); err != io.EOF {
		return nil, refuse.New(refuse.Internal)
	}
	return v, nil
}

func (t *tree) value(depth int) (any, *refuse.Refusal) {
	if t.nodes++; t.nodes > t.max || depth > MaxDepth {
		return nil, refuse.New(refuse.TooComplex)
	}
	tok, err := t.dec.Token()
	if err != nil {
		return nil, refuse.New(refuse.Internal)
	}
	d, ok := tok.(json.Delim)
	if !ok {
		return tok, nil
	}
	switch d {
	case '[':
		list := []any{}
		for t.dec.More() {
			v, r := t.value(depth + 1)
			if r != nil {
				return nil, r
			}
			list = append(list, v)
		}
		if _, err := t.dec.Token(); err != nil {
			return nil, refuse.New(refuse.Internal)
		}
		return list, nil
	case '{':
		m := map[string]any{}
		for t.dec.More() {
			k, err := t.dec.Token()
			name, ok := k.(string)
			if err != nil || !ok {
				return nil, refuse.New(refuse.Internal)
			}
			if _, dup := m[name]; dup {
				return nil, refuse.New(refuse.UnknownSyntax)
			}
			v, r := t.value(depth + 1)
			if r != nil {
				return nil, r
			}
			m[name] = v
		}
		if _, err := t.dec.Token(); err != nil {
			return nil, refuse.New(refuse.Internal)
		}
		return m, nil
	}
	return nil, refuse.New(refuse.Internal)
}

// decoder keeps the first refusal; every method after it returns zero values, so decoding
// code reads straight down and one check at the end is enough.
type decoder struct {
	refusal *refuse.Refusal
	emitted bool // the text is our own emission: $n parameters and qualified names are expected
}

func (d *decoder) fail(code refuse.Code, detail ...string) {
	if d.refusal == nil {
		d.refusal = refuse.New(code, detail...)
	}
}

// object is one JSON object whose fields are consumed by name; close refuses what is left.
type object struct {
	d *decoder
	m map[string]any
}

func (d *decoder) object(v any) *object {
	m, ok := v.(map[string]any)
	if !ok {
		d.fail(refuse.UnknownSyntax)
		m = map[string]any{}
	}
	c := make(map[string]any, len(m))
	for k, v := range m {
		c[k] = v
	}
	return &object{d: d, m: c}
}

func (o *object) take(name string) any {
	v, ok := o.m[name]
	if !ok {
		o.d.fail(refuse.UnknownSyntax, name)
		return nil
	}
	delete(o.m, name)
	return v
}

func (o *object) str(name string) string {
	s, ok := o.take(name).(string)
	if !ok {
		o.d.fail(refuse.UnknownSyntax, name)
	}
	return s
}

func (o *object) boolean(name string) bool {
	b, ok := o.take(name).(bool)
	if !ok {
		o.d.fail(refuse.UnknownSyntax, name)
	}
	return b
}

func (o *object) list(name string) []any {
	l, ok := o.take(name).([]any)
	if !ok {
		o.d.fail(refuse.UnknownSyntax, name)
	}
	return l
}

// location consumes the position; it may be 2^64-1, hence json.Number all the way.
func (o *object) location() {
	if _, ok := o.take("query_location").(json.Number); !ok {
		o.d.fail(refuse.UnknownSyntax, "query_location")
	}
}

// want consumes a field that must have its default value; anything else is code.
func (o *object) want(name string, def any, code refuse.Code) {
	v := o.take(name)
	if l, ok := def.([]any); ok {
		if got, ok := v.([]any); !ok || len(got) != len(l) {
			o.d.fail(code)
		}
		return
	}
	if v != def {
		o.d.fail(code)
	}
}

// close refuses fields nobody consumed.
func (o *object) close() {
	if o.d.refusal != nil || len(o.m) == 0 {
		return
	}
	names := make([]string, 0, len(o.m))
	for k := range o.m {
		names = append(names, k)
	}
	sort.Strings(names)
	o.d.fail(refuse.UnknownSyntax, names...)
}
