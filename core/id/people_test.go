package id

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pado/core/calendar"

	"pgregory.net/rapid"
)

// TestPublishedVectors reads the published examples of both standards: every valid one passes, every other is refused.
func TestPublishedVectors(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "data", "vectors", "cn_ids.tsv"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("the published vectors beside the project are missing")
	}
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		f := strings.Split(line, "\t")
		if i == 0 || len(f) < 3 {
			continue
		}
		rows++
		var err error
		switch f[0] {
		case "id":
			_, err = ParseIDCard(f[1])
		case "uscc":
			_, err = ParseUSCC(f[1])
		default:
			t.Fatalf("line %d is of the unknown kind %q", i+1, f[0])
		}
		if (err == nil) != (f[2] == "1") {
			t.Errorf("line %d: %v, but valid is %s", i+1, err, f[2])
		}
	}
	if rows < 17 {
		t.Errorf("only %d vectors were read", rows)
	}
}

func TestParseIDCard(t *testing.T) {
	for _, c := range []struct {
		in     string
		birth  string
		sex    Sex
		holder Holder
	}{
		{"11010519491231002X", "1949-12-31", Female, Citizen}, {"11010519491231002x", "1949-12-31", Female, Citizen},
		{"140602199001011236", "1990-01-01", Male, Citizen}, {"140603198512310045", "1985-12-31", Female, Citizen},
		{"14062120000229456X", "2000-02-29", Female, Citizen}, {"81000019980902013X", "1998-09-02", Male, HongKong},
		{"820000200009100032", "2000-09-10", Male, Macao}, {"830000200209060065", "2002-09-06", Female, Taiwan},
		{"932682198501010017", "1985-01-01", Male, Foreigner},
	} {
		got, err := ParseIDCard(c.in)
		if err != nil || got.Birth().String() != c.birth || got.Sex() != c.sex || got.Holder() != c.holder {
			t.Errorf("%s: born %v, %v, %v, %v", c.in, got.Birth(), got.Sex(), got.Holder(), err)
		}
		if got.Number() != strings.ToUpper(c.in) || got.Area() != c.in[:6] {
			t.Errorf("%s became %s in area %s", c.in, got.Number(), got.Area())
		}
	}
	for in, want := range map[string]error{
		"":                    ErrIDCardShape,
		"110105491231002":     ErrIDCardFifteen,
		"110105194912310":     ErrIDCardFifteen,
		"11010519491231002":   ErrIDCardShape,
		"11010519491231002XX": ErrIDCardShape,
		" 11010519491231002X": ErrIDCardShape,
		"1101051949123100２":   ErrIDCardShape,
		"1101051949123A002X":  ErrIDCardShape,
		"11010519491231002Y":  ErrIDCardShape,
		"01010519491231002X":  ErrIDCardShape,
		"110105194902300028":  ErrIDCardBirth,
		"110105190002290021":  ErrIDCardBirth, // 1900 was no leap year
		"110105179912310021":  ErrIDCardBirth,
		"110105194912310021":  ErrIDCardCheck,
		"140602199001011237":  ErrIDCardCheck,
	} {
		if _, err := ParseIDCard(in); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", in, err, want)
		}
	}
}

func drawCard(t *rapid.T) IDCard {
	area := fmt.Sprintf("%06d", rapid.IntRange(100000, 999999).Draw(t, "area"))
	birth := calendar.Date{Y: 1800, M: 1, D: 1}.AddDays(calendar.Days(rapid.IntRange(0, 146000).Draw(t, "days")))
	card, err := MakeIDCard(area, birth, rapid.IntRange(0, 999).Draw(t, "sequence"))
	if err != nil {
		t.Fatalf("a synthetic card was not made: %v", err)
	}
	if card.Birth() != birth || card.Area() != area {
		t.Fatalf("made for %v in %s, reads %v in %s", birth, area, card.Birth(), card.Area())
	}
	return card
}

func TestIDCardFindsEverySlip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := drawCard(t).Number()
		if again, err := ParseIDCard(n); err != nil || again.Number() != n {
			t.Fatalf("%s does not pass: %v", n, err)
		}
		i := rapid.IntRange(0, 17).Draw(t, "place")
		for _, c := range []byte("0123456789X") {
			if wrong := n[:i] + string(c) + n[i+1:]; c != n[i] {
				if _, err := ParseIDCard(wrong); err == nil {
					t.Fatalf("%s passes with %c at place %d", n, c, i+1)
				}
			}
		}
		if i < 17 && n[i] != n[i+1] {
			if _, err := ParseIDCard(n[:i] + n[i+1:i+2] + n[i:i+1] + n[i+2:]); err == nil {
				t.Fatalf("%s passes with places %d and %d exchanged", n, i+1, i+2)
			}
		}
	})
}

func TestMakeIDCardRefuses(t *testing.T) {
	birth := calendar.Date{Y: 1990, M: 1, D: 1}
	for name, make := range map[string]func() (IDCard, error){
		"a short area":        func() (IDCard, error) { return MakeIDCard("14060", birth, 1) },
		"a long sequence":     func() (IDCard, error) { return MakeIDCard("140602", birth, 1000) },
		"a negative sequence": func() (IDCard, error) { return MakeIDCard("140602", birth, -1) },
		"letters":             func() (IDCard, error) { return MakeIDCard("14060A", birth, 1) },
		"no such day":         func() (IDCard, error) { return MakeIDCard("140602", calendar.Date{Y: 1990, M: 2, D: 30}, 1) },
		"no day":              func() (IDCard, error) { return MakeIDCard("140602", calendar.Date{}, 1) },
	} {
		if card, err := make(); err == nil || !card.IsZero() {
			t.Errorf("%s was made into a card", name)
		}
	}
}

// TestNumbersDoNotSlipOut prints, logs and marshals a card and a telephone in every ordinary way.
func TestNumbersDoNotSlipOut(t *testing.T) {
	card, err := ParseIDCard("140602199001011236")
	if err != nil {
		t.Fatal(err)
	}
	phone, err := ParseMobile("13834912345")
	if err != nil {
		t.Fatal(err)
	}
	if card.Masked() != "1406************36" || phone.Masked() != "138****2345" {
		t.Errorf("masked as %s and %s", card.Masked(), phone.Masked())
	}
	var out bytes.Buffer
	type person struct {
		Card  IDCard `json:"card"`
		Phone Mobile `json:"phone"`
	}
	p := person{card, phone}
	for _, verb := range []string{"%v ", "%+v ", "%s ", "%#v ", "%q "} {
		fmt.Fprintf(&out, verb, card)
		fmt.Fprintf(&out, verb, phone)
		fmt.Fprintf(&out, verb, p)
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("read", "card", card, "phone", phone)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("read", "card", card, "phone", phone, "person", p)
	if got, err := json.Marshal(p); err != nil || string(got) != `{"card":"1406************36","phone":"138****2345"}` {
		t.Errorf("marshalled as %s, %v", got, err)
	}
	if s := out.String(); strings.Contains(s, "19900101") || strings.Contains(s, "34912") || strings.Count(s, `"card":"1406************36"`) != 2 {
		t.Errorf("a number slipped out:\n%s", s)
	}

	for _, bad := range []string{"140602199001011237", "140602199013011236", "14060219900101123"} {
		if _, err := ParseIDCard(bad); strings.Contains(err.Error(), "1990") {
			t.Errorf("the refusal of a card repeats it: %v", err)
		}
	}
	var none IDCard
	if none.Masked() != "" || none.Sex() != "" || none.Holder() != "" || none.Area() != "" || !none.Birth().IsZero() || !none.IsZero() {
		t.Error("no card says something")
	}
	if (Mobile{}).Masked() != "" || !(Mobile{}).IsZero() {
		t.Error("no telephone says something")
	}
}

func TestParseMobile(t *testing.T) {
	for _, in := range []string{"13834912345", "+8613834912345", "8613834912345", "008613834912345", "+86 138-3491-2345", "138 3491 2345"} {
		if m, err := ParseMobile(in); err != nil || m.Number() != "13834912345" {
			t.Errorf("%q: %q, %v", in, m.Number(), err)
		}
	}
	for _, in := range []string{"", "12834912345", "1383491234", "138349123456", "23834912345", "0349-2021234", "+8513834912345", "1383491234x", "１３８34912345", "+86", "86"} {
		if _, err := ParseMobile(in); !errors.Is(err, ErrMobile) {
			t.Errorf("%q: %v, want ErrMobile", in, err)
		}
	}
}

func FuzzParseNumbers(f *testing.F) {
	for _, s := range []string{"11010519491231002X", "110105491231002", "91350100M000100Y43", "13834912345", "XQ-2026-000123-7", "ıııııııııııııııııı", "ſſ350100M000100Y4"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if c, err := ParseIDCard(s); err == nil && (len(c.Number()) != 18 || !c.Birth().Valid() || upper(s) != c.Number()) {
			t.Fatalf("card %q", s)
		}
		if u, err := ParseUSCC(s); err == nil && upper(s) != string(u) {
			t.Fatalf("uscc %q became %q", s, u)
		}
		if m, err := ParseMobile(s); err == nil && len(m.Number()) != 11 {
			t.Fatalf("mobile %q", s)
		}
		if n, err := ParseCaseNo(s); err == nil {
			if _, err := CaseNo(n.Prefix, n.Year, n.Sequence); err != nil {
				t.Fatalf("case number %q is read and cannot be written: %v", s, err)
			}
		}
		if i, err := ParseIndustry(s); err == nil {
			if again, err := ParseIndustry(i.String()); err != nil || again != i {
				t.Fatalf("industry %q", s)
			}
		}
	})
}
