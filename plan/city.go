package plan

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
)

// parameterYAML is the form of a parameter in params/default.yaml. A city file
// gives key and values only; the definition is the default's.
type parameterYAML struct {
	Parameter `yaml:",inline"`
	Values    []valueYAML `yaml:"values"`
}

type valueYAML struct {
	From       string     `yaml:"from"`
	Value      *string    `yaml:"value"`
	Source     string     `yaml:"source"`
	Confidence Confidence `yaml:"confidence"`
}

type cityYAML struct {
	Key    string      `yaml:"key"`
	Values []valueYAML `yaml:"values"`
}

// cities keeps what has been read, by code: the files never change at run time.
var cities sync.Map

// City returns the shipped parameters of a city by its six-digit division code.
// A county, district or zone of the city gets the city's, with its own file
// laid on top where there is one. A place whose city has no file is CodeCity:
// a platform does not start on numbers nobody chose for it.
func City(code string) (*Parameters, error) {
	if p, ok := cities.Load(code); ok {
		return p.(*Parameters), nil
	}
	p, err := readCity(files, code)
	if err != nil {
		return nil, err
	}
	cities.Store(code, p)
	return p, nil
}

// Definitions returns every parameter that the plan knows, in the order of their keys; the same in
// every city.
func Definitions() []Parameter {
	p, err := defaults()
	if err != nil {
		return nil // City reports it before anything starts
	}
	out := make([]Parameter, len(p.keys))
	for i, key := range p.keys {
		out[i] = p.defs[key].clone()
	}
	return out
}

var defaults = sync.OnceValues(func() (*Parameters, error) { return readDefaults(files) })

// Cities returns the codes that have a file of their own.
func Cities() []string {
	names, err := fs.Glob(files, "params/*.yaml")
	if err != nil {
		return nil
	}
	var codes []string
	for _, name := range names {
		code := strings.TrimSuffix(strings.TrimPrefix(name, "params/"), ".yaml")
		if isDivision(code) {
			codes = append(codes, code)
		}
	}
	slices.Sort(codes)
	return codes
}

func isDivision(code string) bool {
	if len(code) != 6 {
		return false
	}
	for _, r := range code {
		if r < '0' || r > '9' {
			return false
		}
	}
	return true
}

func readCity(fsys fs.FS, code string) (*Parameters, error) {
	if !isDivision(code) {
		return nil, fail(CodeCity, "1.8", "行政区划代码须为六位数字。")
	}
	p, err := readDefaults(fsys)
	if err != nil {
		return nil, err
	}
	p.city = code
	city := code[:4] + "00"
	if err := p.layFile(fsys, city); errors.Is(err, fs.ErrNotExist) {
		return nil, fail(CodeCity, "1.8", "平台没有区划代码为 %s 的地区的参数，请先为该市编制参数文件。", code)
	} else if err != nil {
		return nil, err
	}
	if code != city {
		if err := p.layFile(fsys, code); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return p, nil
}

// readDefaults reads params/default.yaml and holds it to its own rules.
func readDefaults(fsys fs.FS) (*Parameters, error) {
	const name = "params/default.yaml"
	var all []parameterYAML
	if err := decodeFile(fsys, name, &all); err != nil {
		return nil, err
	}
	p := &Parameters{
		defs: make(map[string]*Parameter), alias: make(map[string]string),
		shipped: make(map[string][]Value), set: make(map[string][]Value),
		lines: make(map[string][]Value), faults: make(map[string]fault),
	}
	for i := range all {
		d := &all[i].Parameter
		if err := p.define(d); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		line, err := readLine(d, all[i].Values)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		p.shipped[d.Key], p.lines[d.Key] = line, line
	}
	slices.Sort(p.keys)
	for alias := range p.alias {
		if _, ok := p.defs[alias]; ok {
			return nil, fmt.Errorf("%s: %q is both a key and an alias", name, alias)
		}
	}
	return p, nil
}

func (p *Parameters) define(d *Parameter) error {
	_, twice := p.defs[d.Key]
	_, clause := register.byID[d.Clause]
	switch {
	case d.Key == "" || d.Title == "" || twice:
		return fmt.Errorf("parameter %q lacks a title or is there twice", d.Key)
	case !d.Unit.known():
		return fmt.Errorf("parameter %q has the unknown unit %q", d.Key, d.Unit)
	case !clause:
		return fmt.Errorf("parameter %q serves the unknown clause %q", d.Key, d.Clause)
	case len(d.Choices) > 0 && d.Unit != Text:
		return fmt.Errorf("parameter %q has choices but is no text", d.Key)
	case (d.Min != nil || d.Max != nil) && !d.Unit.Counted():
		return fmt.Errorf("parameter %q has bounds but no number", d.Key)
	case d.Group != "" && d.Unit != BasisPoint:
		return fmt.Errorf("parameter %q is in a group but not in basis points", d.Key)
	}
	p.defs[d.Key] = d
	p.keys = append(p.keys, d.Key)
	for _, alias := range d.Aliases {
		if _, twice := p.alias[alias]; twice {
			return fmt.Errorf("alias %q is there twice", alias)
		}
		p.alias[alias] = d.Key
	}
	return nil
}

func (p *Parameters) layFile(fsys fs.FS, code string) error {
	name := "params/" + code + ".yaml"
	var all []cityYAML
	if err := decodeFile(fsys, name, &all); err != nil {
		return err
	}
	seen := make(map[string]bool)
	for _, c := range all {
		d, ok := p.defs[c.Key]
		if !ok || seen[c.Key] {
			return fmt.Errorf("%s: parameter %q is unknown or there twice", name, c.Key)
		}
		if d.Fixed {
			return fmt.Errorf("%s: parameter %q is fixed by a higher norm", name, c.Key)
		}
		seen[c.Key] = true
		line, err := readLine(d, c.Values)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		p.shipped[c.Key] = overlay(p.shipped[c.Key], line)
		p.lines[c.Key] = p.shipped[c.Key]
	}
	return nil
}

// readLine reads the values of one parameter: at least one, in order, each with
// a day, a source, a mark and a value its parameter accepts.
func readLine(d *Parameter, values []valueYAML) ([]Value, error) {
	if len(values) == 0 {
		return nil, fmt.Errorf("parameter %q has no value", d.Key)
	}
	var line []Value
	for _, y := range values {
		v := Value{Key: d.Key, From: y.From, Unit: d.Unit, Source: y.Source, Confidence: y.Confidence}
		if y.Value != nil {
			v.Raw = *y.Value
		}
		switch {
		case !validDate(v.From):
			return nil, fmt.Errorf("parameter %q: %q is no day", d.Key, v.From)
		case len(line) > 0 && line[len(line)-1].From >= v.From:
			return nil, fmt.Errorf("parameter %q: the values are not in order", d.Key)
		case !validText(v.Source):
			return nil, fmt.Errorf("parameter %q: a value has no source", d.Key)
		case !v.Confidence.known() || v.Confidence == FromCity:
			return nil, fmt.Errorf("parameter %q: unknown mark %q", d.Key, v.Confidence)
		case v.Required() != (v.Raw == ""):
			return nil, fmt.Errorf("parameter %q: a required value is empty, and only that", d.Key)
		}
		if !v.Required() {
			if err := d.accepts(v.Raw); err != nil {
				return nil, fmt.Errorf("parameter %q: %w", d.Key, err)
			}
		}
		line = append(line, v)
	}
	return line, nil
}

// WriteParameters writes what is in force on a day as a Markdown table, then
// the keys that the city still has to set.
func (p *Parameters) WriteParameters(w io.Writer, on string) error {
	if !validDate(on) {
		return fail(CodeDate, "", "日期须写作“年-月-日”。")
	}
	out := printer{w: w}
	out.line("# 参数（区划代码 %s，%s 时有效）", p.city, on)
	out.line("")
	out.line("| 参数 | 名称 | 取值 | 自 | 条款 | 依据 | 把握程度 | 说明 |")
	out.line("|---|---|---|---|---|---|---|---|")
	for _, key := range p.keys {
		d := p.defs[key]
		v, ok := valueOn(p.lines[key], on)
		if !ok {
			out.line("| `%s` | %s | 尚未生效 | — | %s | — | — | %s |", key, cell(d.Title), d.Clause, cell(d.Note))
			continue
		}
		out.line("| `%s` | %s | %s | %s | %s | %s | %s | %s |", key, cell(d.Title), cell(p.Display(v)), v.From,
			d.Clause, cell(v.Source), v.Confidence.Title(), cell(d.Note))
	}
	unset := p.Unset(on)
	out.line("")
	out.line("## 待市里设定：%d 项", len(unset))
	for i, key := range unset {
		if i == 0 {
			out.line("")
		}
		out.line("- `%s` %s", key, p.defs[key].Title)
	}
	return out.err
}
