package ingest

import (
	"context"
	"strings"

	"pado/domain/governance/ingest/codes"
	"pado/domain/governance/ingest/engine"
	"pado/domain/governance/ingest/read"
)

// ErrList: the pipeline names a list of codes that is neither built in nor given.
var ErrList = &Error{Code: "INGEST_LIST", Clause: "6.2.2", Message: "没有流水线引用的代码表"}

// lists finds the lists the pipeline names; the digests of those that were
// given are part of the version's identity.
func (r *run) lists() error {
	r.codes = map[string]*codes.List{}
	for _, name := range r.p.Lists() {
		l := r.in.Lists[name]
		if l == nil {
			var ok bool
			if l, ok = codes.Builtin(name); !ok {
				e := *ErrList
				e.Message += "：" + name
				return &e
			}
		}
		r.codes[name] = l
		if r.lineage.Lists == nil {
			r.lineage.Lists = map[string]string{}
		}
		r.lineage.Lists[name] = l.Digest()
	}
	return nil
}

// functions gives the engine what the compiled pipeline calls.
func (r *run) functions() []engine.Function {
	var out []engine.Function
	for _, f := range r.plan.Functions {
		kind, of, _ := strings.Cut(f, ":")
		l := r.codes[of]
		switch kind {
		case "code":
			out = append(out, func(s string) (string, bool) {
				value, day, _ := strings.Cut(s, "\x1f")
				return l.Map(value, day)
			})
		case "bad":
			out = append(out, func(s string) (string, bool) {
				value, day, _ := strings.Cut(s, "\x1f")
				return "1", !l.Valid(value, day)
			})
		case "named":
			out = append(out, func(s string) (string, bool) {
				value, name, _ := strings.Cut(s, "\x1f")
				return "1", name != "" && !l.Named(value, name)
			})
		default:
			out = append(out, func(s string) (string, bool) { return codes.Generalise(s, of) })
		}
	}
	return out
}

// LoadList reads a list of codes from a table: any kind of file that is read,
// with a header that has code and perhaps name, also, from, until, successor.
func LoadList(ctx context.Context, title string, in Input) (*codes.List, error) {
	p, src, err := recognise(ctx, in, &ProposeOptions{})
	if err != nil {
		return nil, err
	}
	f, err := in.Open()
	if err != nil {
		return nil, err
	}
	var rows read.Rows
	if p.Kind.Book() {
		rows, _, err = p.sheet(watched(ctx, f), &src, "")
	} else {
		rows, err = openRows(ctx, watched(ctx, f), &src, p.Encoding)
	}
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	return codes.Load(title, rows)
}
