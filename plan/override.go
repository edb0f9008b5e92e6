package plan

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Validate reports why an override cannot be added to these parameters, or
// nil. The screen that sets a parameter asks it before anything is stored.
//
// Beside the unit, the bounds and the choices it holds two rules: a parameter
// fixed by a higher norm is not set, and no two values of one parameter begin
// on the same day, or a stored Version would name two numbers. Only the empty
// place of a required parameter may be filled on its own first day.
func (p *Parameters) Validate(o Override) error {
	if err := p.validate(o); err != nil {
		return err
	}
	return nil
}

func (p *Parameters) validate(o Override) *Error {
	d, ok := p.definition(o.Key)
	if !ok {
		return fail(CodeUnknown, "", "没有名为“%s”的参数。", printable(o.Key))
	}
	if d.Fixed {
		return fail(CodeFixed, d.Clause, "参数“%s”由上位规定固定，不得另行设定。", d.Title)
	}
	if !validDate(o.From) {
		return fail(CodeDate, d.Clause, "参数“%s”的生效日期须写作“年-月-日”。", d.Title)
	}
	if !validText(o.Source) {
		return fail(CodeInvalid, d.Clause, "设定参数“%s”须写明依据的文件（一行文字，不超过五百字）。", d.Title)
	}
	if err := d.accepts(o.Value); err != nil {
		return err
	}
	for _, v := range p.set[d.Key] {
		if v.From == o.From {
			return fail(CodeTaken, d.Clause, "参数“%s”自 %s 起已有设定，请另选生效日期。", d.Title, o.From)
		}
	}
	for _, v := range p.shipped[d.Key] {
		if v.From == o.From && !v.Required() {
			return fail(CodeTaken, d.Clause, "参数“%s”自 %s 起已有随附取值，请另选生效日期。", d.Title, o.From)
		}
	}
	return nil
}

// accepts reports why raw cannot be a value of the parameter.
func (d *Parameter) accepts(raw string) *Error {
	if ok, how := d.Unit.accepts(raw); !ok {
		return fail(CodeInvalid, d.Clause, "参数“%s”的取值%s。", d.Title, how)
	}
	if d.Unit.Counted() {
		n, err := Value{Key: d.Key, Raw: raw, Unit: d.Unit}.Int()
		switch {
		case err != nil:
			return fail(CodeInvalid, d.Clause, "参数“%s”的取值应为整数。", d.Title)
		case d.Min != nil && n < *d.Min:
			return fail(CodeInvalid, d.Clause, "参数“%s”不得低于 %d%s。", d.Title, *d.Min, spaced(d.Unit))
		case d.Max != nil && n > *d.Max:
			return fail(CodeInvalid, d.Clause, "参数“%s”不得超过 %d%s。", d.Title, *d.Max, spaced(d.Unit))
		}
	}
	if len(d.Choices) > 0 && !slices.ContainsFunc(d.Choices, func(c Choice) bool { return c.Value == raw }) {
		words := make([]string, len(d.Choices))
		for i, c := range d.Choices {
			words[i] = c.Value + "（" + c.Label + "）"
		}
		return fail(CodeInvalid, d.Clause, "参数“%s”只能取：%s。", d.Title, join(words, "、"))
	}
	return nil
}

func spaced(u Unit) string {
	if u.Title() == "" {
		return ""
	}
	return " " + u.Title()
}

// With returns these parameters with the overrides laid on top. From the first
// day of a parameter's first override on, only its overrides count; before
// that day the shipped values do.
//
// An override that Validate refuses is not ignored: from its day on (from the
// beginning, if it has no readable day) At answers CodeInvalid for that
// parameter, so that nothing is decided by a number nobody can vouch for.
// Faults lists them. Of two overrides of one parameter and day the second is
// the faulty one.
func (p *Parameters) With(overrides []Override) *Parameters {
	next := *p
	next.set = maps.Clone(p.set)
	next.lines = maps.Clone(p.lines)
	next.faults = maps.Clone(p.faults)
	next.orphans = slices.Clone(p.orphans)
	for _, o := range overrides {
		err := next.validate(o)
		d, known := next.definition(o.Key)
		switch {
		case !known:
			next.orphans = append(next.orphans, err)
		case err != nil:
			next.addFault(d, o.From, err)
		default:
			v := Value{Key: d.Key, From: o.From, Raw: o.Value, Unit: d.Unit, Source: o.Source, Confidence: FromCity}
			next.set[d.Key] = inOrder(append(slices.Clone(next.set[d.Key]), v))
			next.lines[d.Key] = overlay(next.shipped[d.Key], next.set[d.Key])
		}
	}
	return &next
}

// addFault keeps, per parameter, the fault that reaches furthest back.
func (p *Parameters) addFault(d *Parameter, from string, err *Error) {
	if !validDate(from) {
		from = ""
	}
	f := fault{from: from, err: fail(CodeInvalid, d.Clause,
		"参数“%s”（%s）有一条无法采用的设定，更正之前不能据以办理：%s", d.Title, d.Key, err.Message)}
	if old, ok := p.faults[d.Key]; !ok || from < old.from {
		p.faults[d.Key] = f
	}
}

// Faults returns why stored overrides could not be used: at most one per
// parameter, then those for parameters that do not exist.
func (p *Parameters) Faults() []error {
	var all []error
	for _, key := range slices.Sorted(maps.Keys(p.faults)) {
		all = append(all, p.faults[key].err)
	}
	return append(all, p.orphans...)
}

// overlay cuts the lower line where the upper one begins and joins the two.
// Both are in order and so is the result.
func overlay(lower, upper []Value) []Value {
	if len(upper) == 0 {
		return lower
	}
	first := upper[0].From
	var line []Value
	for _, v := range lower {
		if v.From < first {
			line = append(line, v)
		}
	}
	return append(line, upper...)
}

func inOrder(line []Value) []Value {
	slices.SortFunc(line, func(a, b Value) int { return cmp.Or(strings.Compare(a.From, b.From), strings.Compare(a.Raw, b.Raw)) })
	return line
}
