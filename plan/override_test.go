package plan

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"
)

func addDays(day string, n int) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		panic(err)
	}
	return t.AddDate(0, 0, n).Format(time.DateOnly)
}

func TestValidate(t *testing.T) {
	p := shuozhou(t).With([]Override{{Key: "demand.review", From: "2026-05-01", Value: "7", Source: "令"}})
	for _, tc := range []struct {
		name string
		o    Override
		code Code
	}{
		{"sound", Override{"demand.review", "2026-06-01", "8", "朔数发〔2026〕3号"}, ""},
		{"sound by alias", Override{"sharing.answer_wd", "2026-06-01", "8", "令"}, ""},
		{"sound choice", Override{"registration.issuer", "2026-06-01", "registry", "令"}, ""},
		{"sound truth", Override{"operator.require_legal_person", "2026-06-01", "false", "令"}, ""},
		{"sound month-day", Override{"cost.report_due", "2026-06-01", "05-31", "令"}, ""},
		{"unknown key", Override{"demand.rewiev", "2026-06-01", "8", "令"}, CodeUnknown},
		{"no day", Override{"demand.review", "", "8", "令"}, CodeDate},
		{"no such day", Override{"demand.review", "2026-02-29", "8", "令"}, CodeDate},
		{"a day and a time", Override{"demand.review", "2026-06-01T00:00:00Z", "8", "令"}, CodeDate},
		{"no source", Override{"demand.review", "2026-06-01", "8", ""}, CodeInvalid},
		{"blank source", Override{"demand.review", "2026-06-01", "8", " "}, CodeInvalid},
		{"source of two lines", Override{"demand.review", "2026-06-01", "8", "令\n二"}, CodeInvalid},
		{"source turning the line round", Override{"demand.review", "2026-06-01", "8", "令\u202e"}, CodeInvalid},
		{"no value", Override{"demand.review", "2026-06-01", "", "令"}, CodeInvalid},
		{"zero days", Override{"demand.review", "2026-06-01", "0", "令"}, CodeInvalid},
		{"negative", Override{"demand.review", "2026-06-01", "-1", "令"}, CodeInvalid},
		{"plus sign", Override{"demand.review", "2026-06-01", "+8", "令"}, CodeInvalid},
		{"leading zero", Override{"demand.review", "2026-06-01", "08", "令"}, CodeInvalid},
		{"a fraction", Override{"demand.review", "2026-06-01", "1.5", "令"}, CodeInvalid},
		{"full-width digit", Override{"demand.review", "2026-06-01", "８", "令"}, CodeInvalid},
		{"too large for a number", Override{"demand.review", "2026-06-01", "99999999999999999999", "令"}, CodeInvalid},
		{"a slip of the pen", Override{"demand.review", "2026-06-01", "5000", "令"}, CodeInvalid},
		{"longer than the national term", Override{"agreement.term_max_years", "2026-06-01", "6", "令"}, CodeInvalid},
		{"shorter than the law keeps logs", Override{"audit.retention_days", "2026-06-01", "179", "令"}, CodeInvalid},
		{"later than the law reports", Override{"incident.report_hours", "2026-06-01", "5", "令"}, CodeInvalid},
		{"one reviewer", Override{"output.reviewers", "2026-06-01", "1", "令"}, CodeInvalid},
		{"no choice of it", Override{"registration.issuer", "2026-06-01", "nobody", "令"}, CodeInvalid},
		{"neither true nor false", Override{"operator.require_legal_person", "2026-06-01", "是", "令"}, CodeInvalid},
		{"a leap day of every year", Override{"cost.report_due", "2026-06-01", "02-29", "令"}, CodeInvalid},
		{"charging for the public good", Override{"price.public_interest_free", "2026-06-01", "false", "令"}, CodeFixed},
		{"moving the national ceiling", Override{"agreement.term_ceiling_years", "2026-06-01", "4", "令"}, CodeFixed},
		{"a day already set", Override{"demand.review", "2026-05-01", "8", "令"}, CodeTaken},
		{"a day of a shipped value", Override{"demand.review", "2025-03-01", "8", "令"}, CodeTaken},
	} {
		err := p.Validate(tc.o)
		if tc.code == "" {
			if err != nil {
				t.Errorf("%s: %v", tc.name, err)
			}
			continue
		}
		wantCode(t, tc.name, err, tc.code)
	}
}

// A stored override that cannot be used must stop decisions, not be skipped.
func TestFaultyOverridesStopDecisions(t *testing.T) {
	p := shuozhou(t).With([]Override{
		{Key: "demand.review", From: "2026-05-01", Value: "7", Source: "令"},
		{Key: "demand.review", From: "2026-06-01", Value: "viele", Source: "令"},
		{Key: "demand.review", From: "2026-08-01", Value: "0", Source: "令"},
		{Key: "scenario.review", From: "soon", Value: "7", Source: "令"},
		{Key: "no.such", From: "2026-05-01", Value: "7", Source: "令"},
		{Key: "advice.answer", From: "2026-05-01", Value: "3", Source: "令"},
		{Key: "advice.answer", From: "2026-05-01", Value: "4", Source: "令"},
	})
	if v, err := p.At("demand.review", "2026-05-31"); err != nil || v.Raw != "7" {
		t.Errorf("before the fault: %+v, %v", v, err)
	}
	for _, tc := range []struct{ key, on string }{
		{"demand.review", "2026-06-01"}, {"demand.review", "2026-07-31"}, {"demand.review", "2027-01-01"},
		{"scenario.review", "2025-03-01"}, {"advice.answer", "2026-05-01"},
	} {
		_, err := p.At(tc.key, tc.on)
		wantCode(t, tc.key+" on "+tc.on, err, CodeInvalid)
	}
	if v, err := p.At("advice.answer", "2026-04-30"); err != nil || v.Raw != "5" {
		t.Errorf("before the doubled day: %+v, %v", v, err)
	}
	if _, err := p.At("output.review", "2026-07-01"); err != nil {
		t.Errorf("a fault spread to another parameter: %v", err)
	}
	if got := len(p.Faults()); got != 4 {
		t.Errorf("%d faults, want 4: %v", got, p.Faults())
	}
	if got := len(shuozhou(t).Faults()); got != 0 {
		t.Errorf("the shipped parameters have %d faults", got)
	}
}

// Whatever stands in the database: nothing panics, a sound override is what At
// then says, and an unsound one never becomes a number.
func FuzzOverride(f *testing.F) {
	for _, s := range []Override{
		{"demand.review", "2026-06-01", "8", "令"}, {"resource_fee.rate", "2025-03-01", "800", "协议"},
		{"registration.issuer", "2026-06-01", "registry", "令"}, {"cost.report_due", "2026-06-01", "02-29", "令"},
		{"operator.require_legal_person", "2026-06-01", "TRUE", "令"}, {"price.public_interest_free", "2026-06-01", "false", "令"},
		{"demand.review", "2026-02-29", "-0", ""}, {"", "", "", ""}, {"audit.retention_days", "9999-12-31", "9223372036854775808", "\xff"},
		{"sharing.answer_wd", "1900-01-01", "1", "令\u2028"},
	} {
		f.Add(s.Key, s.From, s.Value, s.Source)
	}
	base := shuozhou(f)
	f.Fuzz(func(t *testing.T, key, from, value, source string) {
		o := Override{Key: key, From: from, Value: value, Source: source}
		err := base.Validate(o)
		p := base.With([]Override{o})
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Code == "" || e.Message == "" {
				t.Fatalf("%+v: the error %v has no code or sentence", o, err)
			}
			if len(p.Faults()) != 1 {
				t.Fatalf("%+v is refused but leaves %d faults", o, len(p.Faults()))
			}
			if d, ok := base.Definition(key); ok && validDate(from) {
				if v, err := p.At(key, from); !errors.Is(err, ErrInvalid) {
					t.Fatalf("%+v is refused, yet %s is %+v (%v)", o, d.Key, v, err)
				}
			}
			return
		}
		v, err := p.At(key, from)
		if err != nil || v.Raw != value || v.From != from || v.Source != source || len(p.Faults()) != 0 {
			t.Fatalf("%+v is sound, yet At says %+v (%v)", o, v, err)
		}
		if again, err := p.Resolve(v.Version()); err != nil || again != v {
			t.Fatalf("%s resolves to %+v (%v)", v.Version(), again, err)
		}
		switch {
		case v.Unit.Counted():
			if n, err := v.Int(); err != nil || strconv.FormatInt(n, 10) != value {
				t.Fatalf("%+v reads as %d (%v)", v, n, err)
			}
		case v.Unit == Bool:
			if b, err := v.Bool(); err != nil || strconv.FormatBool(b) != value {
				t.Fatalf("%+v reads as %v (%v)", v, b, err)
			}
		default:
			if s, err := v.Text(); err != nil || s != value || strings.ContainsAny(s, "\n\r\x00") {
				t.Fatalf("%+v reads as %q (%v)", v, s, err)
			}
		}
		if err := p.Validate(o); !errors.Is(err, ErrTaken) {
			t.Fatalf("%+v may be set twice: %v", o, err)
		}
	})
}
