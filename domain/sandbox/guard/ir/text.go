package ir

import (
	"fmt"
	"sort"
	"strings"
)

// PredText is a stable text of a condition; equal conditions on equal columns give equal text.
func PredText(p Pred) string {
	switch p := p.(type) {
	case nil:
		return "true"
	case *InSet:
		return p.Col.text() + fmt.Sprint([]Span(p.Set))
	case *InWords:
		w := append([]string{}, p.Words...)
		sort.Strings(w)
		return fmt.Sprintf("%s%v%q", p.Col.text(), p.Negated, w)
	case *InUnits:
		return p.Col.text() + "@" + p.Sub.As
	case *HasValue:
		return fmt.Sprintf("%s?%v", p.Col.text(), p.Negated)
	case *AllOf:
		return "all" + predTexts(p.Args)
	case *AnyOf:
		return "any" + predTexts(p.Args)
	}
	return "?"
}

func predTexts(ps []Pred) string {
	out := make([]string, len(ps))
	for i, p := range ps {
		out[i] = PredText(p)
	}
	sort.Strings(out)
	return "(" + strings.Join(out, ";") + ")"
}

func (c *Col) text() string { return c.Rel + "." + c.Code + "/" + c.Value }

func argText(a *Arg) string {
	if a == nil {
		return "-"
	}
	var b strings.Builder
	for _, br := range a.Branches {
		b.WriteString(PredText(br.If) + "→")
		if br.Value == nil {
			b.WriteString("null,")
			continue
		}
		terms := make([]string, len(br.Value.Terms))
		for i, t := range br.Value.Terms {
			terms[i] = fmt.Sprintf("%d*%s", t.Coef, t.Col.text())
		}
		sort.Strings(terms)
		fmt.Fprintf(&b, "%d+%s,", br.Value.Const, strings.Join(terms, "+"))
	}
	return b.String() + a.Grid.RatString()
}

func rawText(r Raw) string {
	unit := ""
	if r.Unit != nil {
		unit = r.Unit.text()
	}
	return fmt.Sprintf("%s|%s|%s|%d.%d|%s|%s", r.Kind, argText(r.A), argText(r.B), r.Hist, r.Bin, unit, PredText(r.Filter))
}

// Text is a stable text of the key's cells, for the canonical question.
func (k *Key) Text() string {
	parts := make([]string, len(k.Cells))
	for i, v := range k.Cells {
		parts[i] = v.Key()
	}
	return fmt.Sprintf("%s|%v|%v|%q", k.Type, k.Discovered, k.Codes, parts)
}

// Text is a stable text of what the figure computes from its moments.
func (f *Figure) Text() string {
	p := ""
	if f.P != nil {
		p = f.P.RatString()
	}
	return fmt.Sprintf("%s|%v|%s|%s|%s", f.Kind, f.Moments, argText(f.A), argText(f.B), p)
}

// TypedWord reads a dictionary word as the key's type; a word that is not of the type comes
// back as tag beside a missing value.
func TypedWord(kind, word string) (value, tag any) {
	v, _ := ofWord(kind, word)
	switch {
	case kind == "text" || kind == "":
		return word, nil
	case v.Kind == "num":
		return v.Num.Float(), nil
	case v.Kind == "date":
		return v.Word(), nil
	}
	return nil, word
}
