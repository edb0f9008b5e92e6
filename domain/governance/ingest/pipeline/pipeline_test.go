package pipeline

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// base is a small sound declaration; the cases change one thing in it.
const base = `
format: pado.pipeline/1
id: residents
version: 1
source:
  kind: csv
  header: 1
  columns:
    - {name: 身份证号, as: id_card, identifier: true}
    - {name: 姓名, as: name, identifier: true}
    - {name: 年龄, as: age}
    - {name: 日期, as: day}
steps:
  - trim: {columns: ["*"]}
  - dates: {columns: [day], formats: ["%Y-%m-%d"]}
  - check:
      rules:
        - {id: card, kind: id_card, column: id_card}
        - {id: age, kind: range, column: age, min: "0", max: "120"}
  - mask:
      rules:
        - {column: id_card, kind: pseudonym, domain: natural_person}
        - {column: name, kind: suppress}
target:
  table: residents
  unit: person
  unit_domain: natural_person
  columns:
    - {name: person, from: id_card, type: text, label: unit, required: true}
    - {name: age, type: integer, label: dim}
    - {name: day, type: date, label: dim}
quality:
  - {id: fresh, kind: fresh, column: day, days: 30}
`

func TestDecode(t *testing.T) {
	p, err := Decode([]byte(base))
	if err != nil {
		t.Fatal(err)
	}
	if p.Source.Delimiter != "," || p.Source.Quote != `"` || p.Source.Encoding != "auto" || p.Source.Extra != "refuse" {
		t.Errorf("defaults: %+v", p.Source)
	}
}

func TestRefused(t *testing.T) {
	for _, c := range []struct{ name, old, now, code, path string }{
		{"unknown field", "version: 1", "version: 1\nspeed: 9", "PIPELINE_SYNTAX", ""},
		{"unknown field deep", "kind: range,", "kind: range, sql: x,", "PIPELINE_SYNTAX", ""},
		{"alias", "id: residents", "id: &a residents\ntitle: *a", "PIPELINE_SYNTAX", ""},
		{"two documents", "quality:", "---\nquality:", "PIPELINE_SYNTAX", ""},
		{"not YAML", "source:", "source", "PIPELINE_SYNTAX", ""},
		{"format", "pado.pipeline/1", "pado.pipeline/2", "PIPELINE_INVALID", "format"},
		{"id", "id: residents", "id: ../x", "PIPELINE_INVALID", "id"},
		{"version", "version: 1", "version: 0", "PIPELINE_INVALID", "version"},
		{"kind", "kind: csv", "kind: ods", "PIPELINE_INVALID", "source.kind"},
		{"encoding", "header: 1", "header: 1\n  encoding: big5", "PIPELINE_INVALID", "source.encoding"},
		{"delimiter", "header: 1", "header: 1\n  delimiter: ab", "PIPELINE_INVALID", "source.delimiter"},
		{"sheet of a text file", "header: 1", "header: 1\n  sheet: S", "PIPELINE_INVALID", "source.sheet"},
		{"two columns of a name", "name: 姓名", "name: 身份证号", "PIPELINE_INVALID", "source.columns[1]"},
		{"two keys of a name", "as: name", "as: id_card", "PIPELINE_INVALID", "source.columns[1]"},
		{"keys that differ in case only", "as: name", "as: ID_card", "PIPELINE_INVALID", "source.columns[1]"},
		{"key with a quote", "as: name", `as: 'na"me'`, "PIPELINE_INVALID", "source.columns[1]"},
		{"two acts in a step", "trim: {columns: [\"*\"]}", "trim: {columns: [\"*\"]}\n    width: {columns: [name]}", "PIPELINE_INVALID", "steps[0]"},
		{"no act in a step", "trim: {columns: [\"*\"]}", "name: nothing", "PIPELINE_INVALID", "steps[0]"},
		{"unknown column", "columns: [day]", "columns: [days]", "PIPELINE_INVALID", "steps[1].dates.columns[0]"},
		{"date format", "%Y-%m-%d", "%Q", "PIPELINE_INVALID", "steps[1].dates.formats[0]"},
		{"unknown rule", "kind: id_card", "kind: palm", "PIPELINE_INVALID", "steps[2].check.rules[0].kind"},
		{"bound that is SQL", `max: "120"`, `max: "120); DROP"`, "PIPELINE_INVALID", "steps[2].check.rules[1].max"},
		{"bounds swapped", `min: "0", max: "120"`, `min: "9", max: "3"`, "PIPELINE_INVALID", "steps[2].check.rules[1].min"},
		{"rule id twice", "id: age, kind", "id: card, kind", "PIPELINE_INVALID", "steps[2].check.rules[1].id"},
		{"on_fail", `max: "120"`, `max: "120", on_fail: drop`, "PIPELINE_INVALID", "steps[2].check.rules[1].on_fail"},
		{"dimension", `max: "120"`, `max: "120", dimension: beauty`, "PIPELINE_INVALID", "steps[2].check.rules[1].dimension"},
		{"regex", `kind: range, column: age, min: "0", max: "120"`, `kind: regex, column: age, pattern: "("`, "PIPELINE_INVALID", "steps[2].check.rules[1].pattern"},
		{"unknown mask", "kind: suppress", "kind: blur", "PIPELINE_INVALID", "steps[3].mask.rules[1].kind"},
		{"pseudonym of nothing", ", domain: natural_person}", "}", "PIPELINE_INVALID", "steps[3].mask.rules[0].domain"},
		{"identifier unmasked", "kind: pseudonym, domain: natural_person", "kind: partial, head: 6, tail: 4", "PIPELINE_INVALID", "target.columns[0]"},
		{"identifier leaves by another name", "- {name: age, type", "- {name: who, from: name, type: text, label: dim}\n    - {name: age, type", "", ""},
		{"type", "type: integer", "type: number", "PIPELINE_INVALID", "target.columns[1].type"},
		{"label", "label: dim}\n    - {name: day", "label: open}\n    - {name: day", "PIPELINE_INVALID", "target.columns[1].label"},
		{"unit not required", "label: unit, required: true", "label: unit", "PIPELINE_INVALID", "target.unit"},
		{"unit not labelled", "label: unit,", "label: dim,", "PIPELINE_INVALID", "target.unit"},
		{"unit domain", "unit_domain: natural_person", "unit_domain: cat", "PIPELINE_INVALID", "target.unit_domain"},
		{"gate on text", "kind: fresh, column: day", "kind: fresh, column: age", "PIPELINE_INVALID", "quality[0].column"},
	} {
		text := strings.Replace(base, c.old, c.now, 1)
		if text == base {
			t.Errorf("%s: the case changes nothing", c.name)
		}
		_, err := Decode([]byte(text))
		if c.code == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		var e *Error
		if !errors.As(err, &e) || e.Code != c.code || e.Path != c.path {
			t.Errorf("%s: %v, want %s at %s", c.name, err, c.code, c.path)
		}
	}
}

// A direct identifier does not get out by a detour.
func TestTaint(t *testing.T) {
	for _, c := range []struct {
		name, step string
		ok         bool
	}{
		{"copy", "derive: {column: out, copy: id_card}", false},
		{"concat", "derive: {column: out, concat: [age, id_card]}", false},
		{"long piece", "derive: {column: out, substring: id_card, start: 1, length: 17}", false},
		{"date of birth", "derive: {column: out, substring: id_card, start: 7, length: 8}", true},
		{"other column", "derive: {column: out, copy: age}", true},
	} {
		text := strings.Replace(base, "steps:\n", "steps:\n  - "+c.step+"\n", 1)
		text = strings.Replace(text, "    - {name: age, type", "    - {name: out, type: text, label: dim}\n    - {name: age, type", 1)
		_, err := Decode([]byte(text))
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestDigest(t *testing.T) {
	digest := func(text string) string {
		p, err := Decode([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		d, err := p.Digest()
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	want := digest(base)
	for name, text := range map[string]string{
		"comment":          "# a remark\n" + base,
		"default spelled":  strings.Replace(base, "header: 1", "header: 1\n  delimiter: \",\"\n  encoding: auto", 1),
		"order of fields":  strings.Replace(base, "id: residents\nversion: 1", "version: 1\nid: residents", 1),
		"flow as block":    strings.Replace(base, "trim: {columns: [\"*\"]}", "trim:\n      columns:\n        - \"*\"", 1),
		"quoted otherwise": strings.Replace(base, `"%Y-%m-%d"`, `'%Y-%m-%d'`, 1),
	} {
		if text == base || digest(text) != want {
			t.Errorf("%s changes the digest", name)
		}
	}
	for name, text := range map[string]string{
		"version": strings.Replace(base, "version: 1", "version: 2", 1),
		"bound":   strings.Replace(base, `"120"`, `"121"`, 1),
		"label":   strings.Replace(base, "type: integer, label: dim", "type: integer, label: measure", 1),
	} {
		if digest(text) == want {
			t.Errorf("%s does not change the digest", name)
		}
	}
	if want != "sha256:"+strings.Repeat("0", 64) && len(want) != 71 {
		t.Errorf("digest %q", want)
	}
}

func TestExamplesDecode(t *testing.T) {
	files, err := filepath.Glob("../testdata/pipelines/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Decode(b); err != nil {
			t.Errorf("%s: %v", filepath.Base(f), err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(base))
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Decode(b)
		if err != nil {
			return
		}
		if _, err := p.Digest(); err != nil {
			t.Error(err)
		}
		var raw []string
		for _, c := range p.Source.Columns {
			raw = append(raw, c.Key())
		}
		if c := p.Compile(raw); len(c.Rules) > c.Words*wordBits {
			t.Errorf("%d rules in %d words", len(c.Rules), c.Words)
		}
	})
}
