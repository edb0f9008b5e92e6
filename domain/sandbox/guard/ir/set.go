package ir

import "sort"

// Span is the closed interval of codes Lo..Hi.
type Span struct{ Lo, Hi int64 }

// Set is a sorted list of disjoint, non-adjacent spans: the codes a condition lets through.
type Set []Span

// NewSet normalises spans.
func NewSet(spans ...Span) Set {
	in := make([]Span, 0, len(spans))
	for _, s := range spans {
		if s.Lo <= s.Hi {
			in = append(in, s)
		}
	}
	sort.Slice(in, func(i, j int) bool { return in[i].Lo < in[j].Lo })
	var out Set
	for _, s := range in {
		if n := len(out); n > 0 && s.Lo <= out[n-1].Hi+1 {
			out[n-1].Hi = max(out[n-1].Hi, s.Hi)
		} else {
			out = append(out, s)
		}
	}
	return out
}

// Union of two sets.
func (s Set) Union(t Set) Set { return NewSet(append(append([]Span{}, s...), t...)...) }

// Intersect of two sets.
func (s Set) Intersect(t Set) Set {
	var out []Span
	for _, a := range s {
		for _, b := range t {
			out = append(out, Span{max(a.Lo, b.Lo), min(a.Hi, b.Hi)})
		}
	}
	return NewSet(out...)
}

// Has reports membership.
func (s Set) Has(code int64) bool {
	i := sort.Search(len(s), func(i int) bool { return s[i].Hi >= code })
	return i < len(s) && s[i].Lo <= code
}

// Without removes single codes.
func (s Set) Without(codes ...int64) Set {
	out := s
	for _, c := range codes {
		var next []Span
		for _, p := range out {
			if c < p.Lo || c > p.Hi {
				next = append(next, p)
				continue
			}
			next = append(next, Span{p.Lo, c - 1}, Span{c + 1, p.Hi})
		}
		out = NewSet(next...)
	}
	return out
}
