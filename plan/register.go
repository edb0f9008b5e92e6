package plan

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

//go:embed clauses/*.yaml params/*.yaml acts.yaml norms.yaml divergences.yaml
var files embed.FS

// register is read once, before any declaration of another package can cite a
// clause. What it is read from is embedded and tested, so a failure here is a
// broken build and panics.
var register = mustRegister()

type registered struct {
	clauses     []Clause
	byID        map[string]int
	acts        []Act
	norms       []Norm
	divergences []Divergence
}

func mustRegister() *registered {
	r, err := readRegister(files)
	if err != nil {
		panic(fmt.Sprintf("plan: the embedded register is broken: %v", err))
	}
	return r
}

// clauseYAML is the form of a clause in clauses/*.yaml.
type clauseYAML struct {
	ID      string   `yaml:"id"`
	Title   string   `yaml:"title"`
	Duty    string   `yaml:"duty"`
	Carries string   `yaml:"carries"`
	Facts   []string `yaml:"facts"`
	Acts    []string `yaml:"acts"`
	Heading bool     `yaml:"heading"`
}

func readRegister(fsys fs.FS) (*registered, error) {
	r := &registered{byID: make(map[string]int)}
	if err := decodeFile(fsys, "acts.yaml", &r.acts); err != nil {
		return nil, err
	}
	if err := decodeFile(fsys, "norms.yaml", &r.norms); err != nil {
		return nil, err
	}
	if err := decodeFile(fsys, "divergences.yaml", &r.divergences); err != nil {
		return nil, err
	}
	names, err := fs.Glob(fsys, "clauses/*.yaml")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	for _, name := range names {
		var chapter []clauseYAML
		if err := decodeFile(fsys, name, &chapter); err != nil {
			return nil, err
		}
		for _, c := range chapter {
			if _, twice := r.byID[c.ID]; twice {
				return nil, fmt.Errorf("%s: clause %q is there twice", name, c.ID)
			}
			c.Duty, c.Carries = unfold(c.Duty), unfold(c.Carries)
			r.byID[c.ID] = len(r.clauses)
			r.clauses = append(r.clauses, Clause(c))
		}
	}
	return r, r.check()
}

// check holds what the rest of the program relies on: every text is there and
// every reference resolves.
func (r *registered) check() error {
	acts, norms := make(map[string]bool), make(map[string]bool)
	for _, a := range r.acts {
		if a.ID == "" || a.Title == "" || a.Meaning == "" || a.Yields == "" || a.Never == "" || acts[a.ID] {
			return fmt.Errorf("act %q lacks a text or is there twice", a.ID)
		}
		acts[a.ID] = true
	}
	for _, n := range r.norms {
		if n.ID == "" || n.Title == "" || n.Document == "" || n.Gist == "" || !n.Confidence.known() || norms[n.ID] {
			return fmt.Errorf("norm %q lacks a text or a mark, or is there twice", n.ID)
		}
		norms[n.ID] = true
	}
	for _, c := range r.clauses {
		if c.ID == "" || c.Title == "" || c.Duty == "" || c.Carries == "" {
			return fmt.Errorf("clause %q lacks a text", c.ID)
		}
		if p := c.Parent(); p != "" {
			if at, ok := r.byID[p]; !ok || !r.clauses[at].Heading {
				return fmt.Errorf("clause %q has no heading %q above it", c.ID, p)
			}
		}
		if err := allKnown(norms, c.Facts); err != nil {
			return fmt.Errorf("clause %q: norm %w", c.ID, err)
		}
		if err := allKnown(acts, c.Acts); err != nil {
			return fmt.Errorf("clause %q: act %w", c.ID, err)
		}
	}
	return r.checkDivergences(norms)
}

func allKnown(known map[string]bool, ids []string) error {
	for _, id := range ids {
		if !known[id] {
			return fmt.Errorf("%q is unknown", id)
		}
	}
	return nil
}

// unfold takes out the space that a folded YAML line leaves between two
// characters of Chinese text.
func unfold(s string) string {
	runes := []rune(s)
	var b strings.Builder
	for i, r := range runes {
		if r == ' ' && i > 0 && i+1 < len(runes) && runes[i-1] >= utf8.RuneSelf && runes[i+1] >= utf8.RuneSelf {
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// decodeFile reads one YAML document strictly: a field nobody declared is an
// error, and so is a second document.
func decodeFile(fsys fs.FS, name string, into any) error {
	raw, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	dec.KnownFields(true)
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: more than one document", name)
	}
	return nil
}
