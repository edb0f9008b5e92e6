package catalogue

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Tiers of a term: where in an item it stands. A lower one counts for more.
const (
	tierTitle = iota
	tierName  // names of information items, of the source, codes
	tierText  // everything else that is described
	tierFacet // what an item is filtered by, "key=value"
)

const (
	longestPrefix = 24 // characters of a Latin word found by its beginning
	mostTerms     = 32 // of a question; what comes after is not looked at
)

// words splits a text into runs of Han characters and runs of letters and digits, in lower case and
// with full-width forms made narrow. Everything else separates.
func words(s string) (out []string) {
	var run []rune
	var kind int
	end := func() {
		if len(run) > 0 {
			out = append(out, string(run))
		}
		run, kind = nil, 0
	}
	for _, c := range strings.ToLower(norm.NFKC.String(s)) {
		k := 0
		switch {
		case unicode.Is(unicode.Han, c):
			k = 1
		case unicode.IsLetter(c), unicode.IsDigit(c):
			k = 2
		}
		if k != kind {
			end()
		}
		if k != 0 {
			run, kind = append(run, c), k
		}
	}
	end()
	return out
}

// terms are the words a text is found by: every two neighbouring Han characters, and with near set
// also every single one and the beginnings of Latin words.
func terms(s string, near bool) []string {
	var out []string
	for _, w := range words(s) {
		r := []rune(w)
		if !unicode.Is(unicode.Han, r[0]) {
			if near {
				for n := 1; n < len(r) && n <= longestPrefix; n++ {
					out = append(out, string(r[:n]))
				}
			}
			out = append(out, w)
			continue
		}
		for i := range r {
			if near || len(r) == 1 {
				out = append(out, string(r[i]))
			}
			if i+1 < len(r) {
				out = append(out, string(r[i:i+2]))
			}
		}
	}
	return out
}

// wanted are the terms that an item must have to answer a question, without repetition.
func wanted(q string) []string {
	var out []string
	seen := map[string]bool{}
	add := func(t string) {
		if !seen[t] && len(out) < mostTerms {
			seen[t] = true
			out = append(out, t)
		}
	}
	for _, w := range words(q) {
		r := []rune(w)
		if len(r) == 1 || !unicode.Is(unicode.Han, r[0]) {
			add(w)
			continue
		}
		for i := range len(r) - 1 {
			add(string(r[i : i+2]))
		}
	}
	return out
}

// key is one row family of the index.
type key struct {
	term string
	tier int
}

// keys are the rows of the index an item stands in. source is the name of its organisation.
func (it Item) keys(source string) map[key]bool {
	out := map[key]bool{}
	put := func(tier int, near bool, texts ...string) {
		for _, s := range texts {
			for _, t := range terms(s, near) {
				out[key{t, tier}] = true
			}
		}
	}
	put(tierTitle, true, it.Title)
	put(tierName, true, it.Code, it.OriginCode, source)
	put(tierText, false, it.Abstract, it.Class, it.SourceDept, it.SourceSystem, it.RegistrationNo)
	for _, f := range it.Fields {
		put(tierName, true, f.Label, f.Name)
	}
	for f, v := range it.facets() {
		out[key{f + "=" + v, tierFacet}] = true
	}
	return out
}

// facets are what an item can be filtered by.
func (it Item) facets() map[string]string {
	personal := "none"
	if it.Sensitive {
		personal = "sensitive"
	} else if it.Personal {
		personal = "personal"
	}
	return map[string]string{"grade": it.Grade, "share": it.ShareType, "open": it.OpenType, "authorise": it.Authorisable, "cycle": it.UpdateCycle,
		"format": it.FormatClass, "personal": personal, "state": it.State, "source": it.SourceOrg}
}
