package plan

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode"

	"pgregory.net/rapid"
)

func shuozhou(t testing.TB) *Parameters {
	t.Helper()
	p, err := City("140600")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Every parameter that the procedures and the reference list of national
// numbers rely on, by the name they use.
func TestKeysAreKept(t *testing.T) {
	p := shuozhou(t)
	for _, key := range strings.Fields(`
		authorization.max_years authorization.renew_window_months plan.valid_years operator.require_legal_person
		operator.incident_lookback_years operator.incident_level selection.notice_days publicity_days
		registration.form_review_wd registration.publicity_wd registration.first_filing_wd registration.valid_years
		registration.renew_days_before disclosure.due price.profit_spread_max_pp price.excess_treatment
		price.review_period_months price.public_interest_free sharing.precheck_wd sharing.answer_wd sharing.publish_wd
		incident.report_hours incident.summary_days vuln.report_hours audit.retention_days pipia.retention_years
		provision_record_years drill.min_per_year password.min_length password.classes password.max_age_days
		password.history lock.tries lock.minutes idle.minutes idle.admin_minutes deid.k_min_internal deid.k_min_public
		revenue.ratio.government revenue.ratio.operator revenue.ratio.source revenue.ratio.partner
		performance.weight.product performance.weight.effect performance.weight.security performance.weight.satisfaction
		selection.weight.qualification selection.weight.strength selection.weight.operation_plan
		demand.review demand.coordination scenario.review scenario.justify scheme.consultation_days scheme.valid_years
		publicity.days output.review output.reviewers registration.review registration.issuer catalogue.source_review
		catalogue.secrecy_review hookup.coordinate supply.precheck supply.answer supply.publish productlist.filing
		partner.filing tariff.filing tariff.publicity tariff.trial order.accept remittance.due_days
		report.operation_months admission.review subject.review misuse.answer advice.answer filing.supplement
		agreement.term_max_years agreement.term_ceiling_years renewal.window_open_months renewal.window_close_months
		resource_fee.rate`) {
		if !p.Has(key) {
			t.Errorf("there is no parameter %s", key)
		}
	}
	if p.Has("demand.reviewed") || p.Has("") {
		t.Error("a parameter nobody declared is there")
	}
	golden(t, "parameter_keys.golden", strings.Join(p.Keys(), "\n")+"\n")
}

// A lawyer must be able to ask of each number: since when, from where, how sure.
func TestEveryValueIsSourced(t *testing.T) {
	p := shuozhou(t)
	for _, key := range p.Keys() {
		d, _ := p.Definition(key)
		if !d.Unit.known() {
			t.Errorf("%s has the unknown unit %q", key, d.Unit)
		}
		if !strings.ContainsFunc(d.Title, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
			t.Errorf("%s has no Chinese title", key)
		}
		if _, ok := Lookup(d.Clause); !ok {
			t.Errorf("%s serves the unknown clause %q", key, d.Clause)
		}
		line, err := p.Line(key)
		if err != nil || len(line) == 0 {
			t.Errorf("%s has no value (%v)", key, err)
		}
		for _, v := range line {
			if !validDate(v.From) || !validText(v.Source) || v.Confidence.Title() == "" {
				t.Errorf("%s lacks a day, a source or a mark", v.Version())
			}
			if v.Confidence == Inferred && !strings.Contains(v.Source, "平台") {
				t.Errorf("%s is our own choice but its source does not say so", v.Version())
			}
			if v.Required() != (v.Raw == "") {
				t.Errorf("%s: required and empty must go together", v.Version())
			}
		}
		for _, c := range d.Choices {
			if c.Value == "" || c.Label == "" {
				t.Errorf("%s has a choice without a label", key)
			}
		}
	}
}

func TestAt(t *testing.T) {
	p := shuozhou(t)
	for _, tc := range []struct {
		key, on, want string
		code          Code
	}{
		{key: "demand.review", on: "2026-07-01", want: "5 个工作日"},
		{key: "supply.precheck", on: "2026-07-01", want: "2 个工作日"},
		{key: "sharing.precheck_wd", on: "2026-07-01", want: "2 个工作日"},
		{key: "output.review", on: "2025-03-01", want: "5 个工作日"},
		{key: "output.reviewers", on: "2026-07-01", want: "2"},
		{key: "registration.issuer", on: "2026-07-01", want: "数据管理部门"},
		{key: "price.excess_treatment", on: "2026-07-01", want: "下期扣减"},
		{key: "price.profit_spread_max", on: "2026-07-01", want: "600 基点（6%）"},
		{key: "price.public_interest_free", on: "2026-07-01", want: "是"},
		{key: "disclosure.due", on: "2026-07-01", want: "03-31"},
		{key: "agreement.term_max_years", on: "2026-07-01", want: "3 年"},
		{key: "agreement.term_ceiling_years", on: "2026-07-01", want: "5 年"},
		{key: "audit.retention_days", on: "2026-07-01", want: "1095 日"},
		{key: "panel.expert_share", on: "2026-07-01", want: "6666 基点（66.66%）"},
		{key: "incident.persons_larger", on: "2026-07-01", want: "1,000,000"},
		{key: "incident.loss_extraordinary", on: "2026-07-01", want: "100,000,000.00 元"},
		{key: "incident.report_hours", on: "2025-11-01", want: "4 小时"},
		{key: "incident.report_hours", on: "2025-10-31", code: CodeNotInForce},
		{key: "disclosure.due", on: "2026-02-09", code: CodeNotInForce},
		{key: "demand.review", on: "2025-02-28", code: CodeNotInForce},
		{key: "no.such", on: "2026-07-01", code: CodeUnknown},
		{key: "demand.review", on: "2026-7-1", code: CodeDate},
		{key: "demand.review", on: "2026-02-30", code: CodeDate},
		{key: "demand.review", on: "", code: CodeDate},
		{key: "resource_fee.rate", on: "2026-07-01", code: CodeRequired},
		{key: "revenue.ratio.partner", on: "2026-07-01", code: CodeRequired},
		{key: "performance.weight.effect", on: "2026-07-01", code: CodeRequired},
		{key: "selection.notice_days", on: "2026-07-01", code: CodeRequired},
		{key: "price.small_firm_discount", on: "2026-07-01", code: CodeRequired},
		{key: "resource_fee.rate", on: "2024-07-01", code: CodeNotInForce},
	} {
		v, err := p.At(tc.key, tc.on)
		if tc.code != "" {
			wantCode(t, tc.key+" on "+tc.on, err, tc.code)
			continue
		}
		if err != nil {
			t.Errorf("%s on %s: %v", tc.key, tc.on, err)
		} else if got := p.Display(v); got != tc.want {
			t.Errorf("%s on %s is %s, want %s", tc.key, tc.on, got, tc.want)
		}
	}
}

// wantCode checks that an error is one of ours, of that code, with a Chinese
// sentence.
func wantCode(t *testing.T, what string, err error, code Code) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Code != code {
		t.Errorf("%s: the error is %v, want %s", what, err, code)
		return
	}
	if !errors.Is(err, &Error{Code: code}) || errors.Is(err, &Error{Code: "OTHER"}) {
		t.Errorf("%s: errors.Is does not go by the code", what)
	}
	if !strings.HasSuffix(e.Message, "。") || !strings.ContainsFunc(e.Message, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		t.Errorf("%s: %q is no Chinese sentence", what, e.Message)
	}
}

func TestRequiredUntilTheCitySetsIt(t *testing.T) {
	p := shuozhou(t)
	v, err := p.At("resource_fee.rate", "2026-07-01")
	wantCode(t, "resource_fee.rate", err, CodeRequired)
	if !errors.Is(err, ErrRequired) {
		t.Error("the error is not ErrRequired")
	}
	if !v.Required() || v.Key != "resource_fee.rate" || v.Unit != BasisPoint || p.Display(v) != "待设定" {
		t.Errorf("the empty place is %+v", v)
	}
	if _, err := v.Int(); err == nil {
		t.Error("a number was had from an empty place")
	}
	var e *Error
	if errors.As(err, &e); e.Clause != "10.4.1" || !strings.Contains(e.Message, "资源使用费的费率") {
		t.Errorf("the error %q at %q does not say what is missing", e.Message, e.Clause)
	}
	if !slices.Contains(p.Unset("2026-07-01"), "resource_fee.rate") {
		t.Error("the setup list lacks the rate")
	}

	// On the empty place's own first day a value may be filled in.
	set := p.With([]Override{{Key: "resource_fee.rate", From: "2025-03-01", Value: "800", Source: "朔数发〔2026〕1号"}})
	v, err = set.At("resource_fee.rate", "2026-07-01")
	if err != nil || v.Raw != "800" || v.Required() || v.Confidence != FromCity || v.Version() != "resource_fee.rate@2025-03-01" {
		t.Errorf("after the city set it: %+v, %v", v, err)
	}
	if slices.Contains(set.Unset("2026-07-01"), "resource_fee.rate") {
		t.Error("the setup list still has the rate")
	}
	if _, err := p.At("resource_fee.rate", "2026-07-01"); !errors.Is(err, ErrRequired) {
		t.Error("With changed the parameters it was called on")
	}
}

func TestReadingAValue(t *testing.T) {
	for _, tc := range []struct {
		v                Value
		integer, yes, tx bool
	}{
		{Value{Key: "a", Raw: "7", Unit: WorkingDay}, true, false, false},
		{Value{Key: "a", Raw: "7", Unit: Fen}, true, false, false},
		{Value{Key: "a", Raw: "true", Unit: Bool}, false, true, false},
		{Value{Key: "a", Raw: "whole", Unit: Text}, false, false, true},
		{Value{Key: "a", Raw: "03-31", Unit: MonthDay}, false, false, true},
		{Value{Key: "a", Raw: "2026-01-01", Unit: Date}, false, false, true},
		{Value{Key: "a", Unit: WorkingDay, Confidence: Required}, false, false, false},
		{Value{Key: "a", Unit: Bool, Confidence: Required}, false, false, false},
		{Value{Key: "a", Unit: Text, Confidence: Required}, false, false, false},
	} {
		_, intErr := tc.v.Int()
		_, boolErr := tc.v.Bool()
		_, textErr := tc.v.Text()
		if (intErr == nil) != tc.integer || (boolErr == nil) != tc.yes || (textErr == nil) != tc.tx {
			t.Errorf("%+v reads as int %v, bool %v, text %v", tc.v, intErr, boolErr, textErr)
		}
	}
}

func TestCities(t *testing.T) {
	if got := Cities(); !slices.Equal(got, []string{"140600"}) {
		t.Errorf("the cities are %v", got)
	}
	for _, code := range []string{"140602", "140603", "140621", "140622", "140623", "140681", "140671"} {
		p, err := City(code)
		if err != nil {
			t.Errorf("%s: %v", code, err)
			continue
		}
		if v, err := p.At("agreement.term_max_years", "2026-07-01"); err != nil || v.Raw != "3" || p.City() != code {
			t.Errorf("%s does not have its city's parameters: %+v %v", code, v, err)
		}
	}
	for _, code := range []string{"", "1406", "140700", "14060a", "１４０６００", "../../"} {
		_, err := City(code)
		wantCode(t, "city "+code, err, CodeCity)
	}
}

// small is a file system with two parameters and the given files over it.
func small(over map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{"params/default.yaml": {Data: []byte(`
- key: a.days
  title: 甲
  unit: day
  clause: "7.2"
  max: 90
  values:
    - {from: "2020-01-01", value: "10", source: 国家, confidence: G}
    - {from: "2026-01-01", value: "20", source: 国家, confidence: G}
- key: b.rate
  title: 乙
  unit: basis_point
  clause: "10.4.1"
  values:
    - {from: "2020-01-01", value: null, source: 无, confidence: required}
- key: c.fixed
  title: 丙
  unit: bool
  clause: "10.3.2"
  fixed: true
  values:
    - {from: "2020-01-01", value: "true", source: 国家, confidence: S}
`)}}
	for name, text := range over {
		fsys["params/"+name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

func TestOverlays(t *testing.T) {
	p, err := readCity(small(map[string]string{
		"140600.yaml": "- {key: a.days, values: [{from: \"2024-01-01\", value: \"15\", source: 市, confidence: seed}]}\n",
		"140602.yaml": "- {key: a.days, values: [{from: \"2025-01-01\", value: \"12\", source: 县, confidence: seed}]}\n",
	}), "140602")
	if err != nil {
		t.Fatal(err)
	}
	p = p.With([]Override{
		{Key: "a.days", From: "2027-01-01", Value: "30", Source: "令二"},
		{Key: "a.days", From: "2026-06-01", Value: "25", Source: "令一"},
	})
	for on, want := range map[string]string{
		"2020-01-01": "10", "2023-12-31": "10", "2024-01-01": "15", "2024-12-31": "15", "2025-01-01": "12",
		"2026-01-01": "12", // the default's change does not move a place with its own value
		"2026-05-31": "12", "2026-06-01": "25", "2026-12-31": "25", "2027-01-01": "30", "2100-01-01": "30",
	} {
		v, err := p.At("a.days", on)
		if err != nil || v.Raw != want {
			t.Errorf("on %s it is %q (%v), want %s", on, v.Raw, err, want)
			continue
		}
		if back, err := p.Resolve(v.Version()); err != nil || back != v {
			t.Errorf("%s resolves to %+v (%v), want %+v", v.Version(), back, err, v)
		}
	}
	if _, err := p.Resolve("a.days@2019-01-01"); !errors.Is(err, ErrUnknown) {
		t.Errorf("a version that never was resolves: %v", err)
	}
	if _, err := p.Resolve("a.days"); !errors.Is(err, ErrUnknown) {
		t.Errorf("a version without a day resolves: %v", err)
	}
}

func TestBrokenParameterFiles(t *testing.T) {
	sound := map[string]string{"140600.yaml": "[]\n"}
	if _, err := readCity(small(sound), "140600"); err != nil {
		t.Fatalf("sound files are refused: %v", err)
	}
	def := func(body string) map[string]string {
		return map[string]string{"140600.yaml": "[]\n", "default.yaml": body}
	}
	city := func(body string) map[string]string { return map[string]string{"140600.yaml": body} }
	head := "- {key: a, title: 甲, clause: \"7.2\", "
	one := "values: [{from: \"2020-01-01\", value: \"1\", source: 甲, confidence: G}]"
	for name, over := range map[string]map[string]string{
		"unknown unit":       def(head + "unit: days, " + one + "}\n"),
		"unknown clause":     def("- {key: a, title: 甲, clause: \"99\", unit: day, " + one + "}\n"),
		"no title":           def("- {key: a, clause: \"7.2\", unit: day, " + one + "}\n"),
		"no values":          def(head + "unit: day}\n"),
		"twice":              def(head + "unit: day, " + one + "}\n" + head + "unit: day, " + one + "}\n"),
		"alias is a key":     def(head + "unit: day, aliases: [b], " + one + "}\n- {key: b, title: 甲, clause: \"7.2\", unit: day, " + one + "}\n"),
		"alias twice":        def(head + "unit: day, aliases: [b, b], " + one + "}\n"),
		"choices of a day":   def(head + "unit: day, choices: [{value: x, label: 甲}], " + one + "}\n"),
		"bounds of a text":   def(head + "unit: text, min: 1, " + one + "}\n"),
		"group of days":      def(head + "unit: day, group: g, " + one + "}\n"),
		"bad day":            def(head + "unit: day, values: [{from: \"2020-02-30\", value: \"1\", source: 甲, confidence: G}]}\n"),
		"no source":          def(head + "unit: day, values: [{from: \"2020-01-01\", value: \"1\", confidence: G}]}\n"),
		"no mark":            def(head + "unit: day, values: [{from: \"2020-01-01\", value: \"1\", source: 甲}]}\n"),
		"mark of the city":   def(head + "unit: day, values: [{from: \"2020-01-01\", value: \"1\", source: 甲, confidence: city}]}\n"),
		"required with one":  def(head + "unit: day, values: [{from: \"2020-01-01\", value: \"1\", source: 甲, confidence: required}]}\n"),
		"empty without mark": def(head + "unit: day, values: [{from: \"2020-01-01\", value: null, source: 甲, confidence: G}]}\n"),
		"not a number":       def(head + "unit: day, values: [{from: \"2020-01-01\", value: \"一\", source: 甲, confidence: G}]}\n"),
		"over its bound":     def(head + "unit: day, max: 0, " + one + "}\n"),
		"not in order": def(head + "unit: day, values: [{from: \"2021-01-01\", value: \"1\", source: 甲, confidence: G}," +
			"{from: \"2020-01-01\", value: \"1\", source: 甲, confidence: G}]}\n"),
		"city: unknown key":  city("- {key: z, " + one + "}\n"),
		"city: key twice":    city("- {key: a.days, " + one + "}\n- {key: a.days, " + one + "}\n"),
		"city: fixed":        city("- {key: c.fixed, values: [{from: \"2021-01-01\", value: \"false\", source: 甲, confidence: seed}]}\n"),
		"city: over a bound": city("- {key: a.days, values: [{from: \"2021-01-01\", value: \"91\", source: 甲, confidence: seed}]}\n"),
		"city: redefines":    city("- {key: a.days, unit: month, " + one + "}\n"),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := readCity(small(over), "140600"); err == nil {
				t.Error("the broken file is accepted")
			}
		})
	}
}

func TestGroups(t *testing.T) {
	p := shuozhou(t)
	_, err := p.Group("revenue.ratio", "2026-07-01")
	wantCode(t, "ratios nobody set", err, CodeRequired)
	_, err = p.Group("revenue", "2026-07-01")
	wantCode(t, "no such group", err, CodeUnknown)

	shares := func(government string) *Parameters {
		return p.With([]Override{
			{Key: "revenue.ratio.government", From: "2026-01-01", Value: government, Source: "协议"},
			{Key: "revenue.ratio.operator", From: "2026-01-01", Value: "4000", Source: "协议"},
			{Key: "revenue.ratio.source", From: "2026-01-01", Value: "2000", Source: "协议"},
			{Key: "revenue.ratio.partner", From: "2026-01-01", Value: "1000", Source: "协议"},
		})
	}
	values, err := shares("3000").Group("revenue.ratio", "2026-07-01")
	if err != nil || len(values) != 4 || values[0].Key != "revenue.ratio.government" {
		t.Errorf("a sound group: %v, %v", values, err)
	}
	for _, wrong := range []string{"2999", "3001", "0"} {
		_, err := shares(wrong).Group("revenue.ratio", "2026-07-01")
		wantCode(t, "a group that is not whole", err, CodeSum)
	}
	_, err = shares("3000").Group("revenue.ratio", "2025-12-31")
	wantCode(t, "before the city set it", err, CodeRequired)
}

func TestParameterTable(t *testing.T) {
	var b strings.Builder
	if err := shuozhou(t).WriteParameters(&b, "2026-07-01"); err != nil {
		t.Fatal(err)
	}
	golden(t, "parameters_140600.golden.md", b.String())
	wantCode(t, "a table for no day", shuozhou(t).WriteParameters(&b, "heute"), CodeDate)
}

// From any day on, At answers with the last value that began by then, whatever
// was set in whatever order.
func TestAtIsTheLatestValue(t *testing.T) {
	base, err := readCity(small(map[string]string{"140600.yaml": "[]\n"}), "140600")
	if err != nil {
		t.Fatal(err)
	}
	day := rapid.Map(rapid.IntRange(0, 6*366), func(n int) string { return addDays("2021-01-01", n) })
	rapid.Check(t, func(rt *rapid.T) {
		days := rapid.SliceOfNDistinct(day, 1, 8, func(d string) string { return d }).Draw(rt, "days")
		days = slices.DeleteFunc(days, func(d string) bool { return d == "2026-01-01" })
		var overrides []Override
		for i, d := range days {
			overrides = append(overrides, Override{Key: "a.days", From: d, Value: string(rune('1' + i)), Source: "令"})
		}
		p := base.With(overrides)
		if len(p.Faults()) > 0 {
			rt.Fatalf("sound overrides are faults: %v", p.Faults())
		}
		// Laying them on one by one, in another order, comes to the same.
		step := base
		for _, o := range rapid.Permutation(overrides).Draw(rt, "order") {
			step = step.With([]Override{o})
		}
		on := day.Draw(rt, "on")
		want, from := "", ""
		for i, d := range days {
			if d <= on && d > from {
				want, from = string(rune('1'+i)), d
			}
		}
		if from == "" {
			want = "10"
			if on >= "2026-01-01" {
				want = "20"
			}
		}
		for _, q := range []*Parameters{p, step} {
			v, err := q.At("a.days", on)
			if err != nil || v.Raw != want {
				rt.Fatalf("on %s it is %q (%v), want %s", on, v.Raw, err, want)
			}
			if back, err := q.Resolve(v.Version()); err != nil || back != v {
				rt.Fatalf("%s resolves to %+v, %v", v.Version(), back, err)
			}
		}
	})
}
