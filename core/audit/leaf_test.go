package audit_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"pado/core/audit"

	"github.com/emmansun/gmsm/sm3"
	"pgregory.net/rapid"
)

// TestLeafBytes rebuilds one leaf from FORMAT.md alone, with nothing of the package but Seal.
func TestLeafBytes(t *testing.T) {
	salt := bytes.Repeat([]byte{0xa5}, 32)
	s, err := audit.Seal(audit.Entry{
		Type: "case.step", Actor: "p7", Org: "o2", Object: "demand-1", Version: 3, Action: "refuse",
		From: "review", To: "refused", Clause: "6.3.2", Result: audit.Refused, Code: "OUT_OF_SCOPE",
		Values: map[string]string{"subject": "140600"}, Detail: map[string]string{"rows": "12", "意见": "超出\"目录\"\n"},
	}, 41, time.Date(2026, 3, 1, 9, 30, 0, 123456789, time.FixedZone("CST", 8*3600)), bytes.NewReader(salt))
	if err != nil {
		t.Fatal(err)
	}
	mac := func(msg string) []byte {
		m := hmac.New(sha256.New, salt)
		m.Write([]byte(msg))
		return m.Sum(nil)
	}
	both := func(write func([]byte) string, msg string) (a, b string) {
		x, y := sha256.Sum256([]byte(msg)), sm3.Sum([]byte(msg))
		return write(x[:]), write(y[:])
	}
	va, vb := both(hex.EncodeToString, "pado-value/1\n"+string(mac("pado-value-key/1\nsubject"))+"140600")
	body := `{"action":"refuse","actor":"p7","clause":"6.3.2","code":"OUT_OF_SCOPE",` +
		`"commit":{"subject":{"sha256":"` + va + `","sm3":"` + vb + `"}},` +
		`"detail":{"rows":"12","意见":"超出\"目录\"\n"},"from":"review","object":"demand-1","org":"o2","result":"refused",` +
		`"seq":"41","time":"2026-03-01T01:30:00.123456Z","to":"refused","type":"case.step","v":"pado-body/1","version":"3"}`
	if string(s.Body) != body {
		t.Errorf("body\n%s\nwant\n%s", s.Body, body)
	}
	ba, bb := both(base64.StdEncoding.EncodeToString, "pado-body/1\n"+string(mac("pado-body-key/1\n"))+body)
	public := "pado-leaf/1 case\n" + `{"sha256":"` + ba + `","sm3":"` + bb + `","type":"case"}`
	if string(s.Public) != public {
		t.Errorf("leaf\n%s\nwant\n%s", s.Public, public)
	}
	if !bytes.Equal(s.Salt, salt) || s.Seq != 41 || !s.Time.Equal(time.Date(2026, 3, 1, 1, 30, 0, 123456000, time.UTC)) {
		t.Errorf("sealed %x %d %s", s.Salt, s.Seq, s.Time)
	}
}

// TestLeafTellsNothing: nothing of the entry but its coarse type is in the public bytes, and no value in the body.
func TestLeafTellsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[0-9]{17}[0-9X]`).Draw(t, "secret")
		e := audit.Entry{Type: "identity.login", Actor: secret, Values: map[string]string{"id": secret}}
		rnd := seeded(rapid.Byte().Draw(t, "seed"))
		s, err := audit.Seal(e, 5, epoch, rnd)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(s.Public, []byte(secret)) || bytes.Contains(s.Public, []byte("login")) {
			t.Fatalf("public leaf tells too much: %s", s.Public)
		}
		e.Actor = "p1"
		again, err := audit.Seal(e, 5, epoch, rnd)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(again.Body, []byte(secret)) {
			t.Fatalf("body holds the value: %s", again.Body)
		}
		once, _ := audit.ParseBody(s.Body)
		twice, _ := audit.ParseBody(again.Body)
		if once.Commit["id"] == twice.Commit["id"] {
			t.Fatal("two leaves commit to one value with one hash")
		}
		if audit.Commit(audit.ValueKey(again.Salt, "id"), secret) != twice.Commit["id"] {
			t.Fatal("the commitment does not open")
		}
	})
}

func TestSealRefuses(t *testing.T) {
	intent := map[string]string{audit.DetailIntent: "3"}
	for name, c := range map[string]struct {
		e    audit.Entry
		seq  int64
		is   error
		good bool
	}{
		"no record":                 {e: audit.Entry{}, is: audit.ErrNoRecord},
		"no record with actor":      {e: audit.Entry{Actor: "p1"}, is: audit.ErrNoRecord},
		"genesis":                   {e: audit.Entry{Type: "genesis"}, seq: 0, good: true},
		"genesis again":             {e: audit.Entry{Type: "genesis"}, seq: 4},
		"no genesis":                {e: audit.Entry{Type: "case.step"}, seq: 0},
		"negative number":           {e: audit.Entry{Type: "case.step"}, seq: -1},
		"plain":                     {e: audit.Entry{Type: "case.step"}, seq: 4, good: true},
		"three parts":               {e: audit.Entry{Type: "product.call.sealed"}, seq: 4, good: true},
		"upper case type":           {e: audit.Entry{Type: "Case.step"}, seq: 4},
		"newline in type":           {e: audit.Entry{Type: "case\nstep"}, seq: 4},
		"empty fine type":           {e: audit.Entry{Type: "case."}, seq: 4},
		"long coarse type":          {e: audit.Entry{Type: "abcdefghijklmnopqrstuvwxy.step"}, seq: 4},
		"refused without code":      {e: audit.Entry{Type: "case.step", Result: audit.Refused}, seq: 4},
		"refused with code":         {e: audit.Entry{Type: "case.step", Result: audit.Refused, Code: "X"}, seq: 4, good: true},
		"done with code":            {e: audit.Entry{Type: "case.step", Code: "X"}, seq: 4},
		"unknown result":            {e: audit.Entry{Type: "case.step", Result: "maybe"}, seq: 4},
		"negative version":          {e: audit.Entry{Type: "case.step", Version: -1}, seq: 4},
		"release":                   {e: audit.Entry{Type: "sandbox.release", Detail: intent}, seq: 4, good: true},
		"release of the future":     {e: audit.Entry{Type: "sandbox.release", Detail: intent}, seq: 3},
		"release without intent":    {e: audit.Entry{Type: "sandbox.release"}, seq: 4},
		"refused release":           {e: audit.Entry{Type: "sandbox.release", Result: audit.Refused, Code: "X"}, seq: 4, good: true},
		"erasure of nothing":        {e: audit.Entry{Type: audit.TypeErasure}, seq: 4},
		"erasure":                   {e: audit.Erasure([]int64{1, 2, 3}), seq: 4, good: true},
		"value without name":        {e: audit.Entry{Type: "case.step", Values: map[string]string{"": "x"}}, seq: 4},
		"detail that is not text":   {e: audit.Entry{Type: "case.step", Detail: map[string]string{"a": "\xff"}}, seq: 4},
		"actor that is not text":    {e: audit.Entry{Type: "case.step", Actor: "\xff"}, seq: 4},
		"body beyond its bound":     {e: audit.Entry{Type: "case.step", Action: strings.Repeat("长", audit.MaxBody/3)}, seq: 4},
		"values beyond any bound":   {e: audit.Entry{Type: "case.step", Values: map[string]string{"f": strings.Repeat("x", 1<<20)}}, seq: 4, good: true},
		"detail with every control": {e: audit.Entry{Type: "case.step", Detail: map[string]string{"c": "\x00\x01\b\t\n\f\r\x1f\x7f\u2028"}}, seq: 4, good: true},
	} {
		s, err := audit.Seal(c.e, c.seq, epoch, seeded(1))
		if c.good != (err == nil) || (c.is != nil && !errors.Is(err, c.is)) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && (s.Body != nil || s.Public != nil || s.Salt != nil) {
			t.Errorf("%s: something was made all the same", name)
		}
	}
	if _, err := audit.Seal(audit.Entry{Type: "case.step"}, 4, epoch, bytes.NewReader(make([]byte, 31))); err == nil {
		t.Error("sealed with a short salt")
	}
	if _, err := audit.Seal(audit.Entry{Type: "case.step"}, 4, time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), seeded(1)); err == nil {
		t.Error("sealed in the year 10000")
	}
}

// entries draws any entry that Seal takes at a leaf number above 9.
func entries() *rapid.Generator[audit.Entry] {
	return rapid.Custom(func(t *rapid.T) audit.Entry {
		word := rapid.StringN(0, 12, 60)
		e := audit.Entry{
			Type:  rapid.StringMatching(`[a-z][a-z0-9-]{0,23}\.[a-z0-9][a-z0-9-]{0,9}`).Draw(t, "type"),
			Actor: word.Draw(t, "actor"), Org: word.Draw(t, "org"), Behalf: word.Draw(t, "behalf"),
			Object: word.Draw(t, "object"), Version: rapid.Int64Min(0).Draw(t, "version"),
			Action: word.Draw(t, "action"), From: word.Draw(t, "from"), To: word.Draw(t, "to"),
			Clause: word.Draw(t, "clause"), Rule: word.Draw(t, "rule"), Result: audit.Done,
			Values: rapid.MapOfN(rapid.StringN(1, 8, 40), word, 0, 3).Draw(t, "values"),
			Detail: rapid.MapOfN(word, word, 0, 4).Draw(t, "detail"),
		}
		if rapid.Bool().Draw(t, "refused") {
			e.Result, e.Code = audit.Refused, rapid.StringN(1, 8, 40).Draw(t, "code")
		}
		if e.Fine() == audit.FineRelease || e.Type == audit.TypeErasure {
			e.Type = "case.step"
		}
		return e
	})
}

// TestBodyComesBack: what Seal wrote, ParseBody reads, and the bytes are ordinary JSON.
func TestBodyComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := entries().Draw(t, "entry")
		s, err := audit.Seal(e, 12, epoch, seeded(2))
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(s.Body) {
			t.Fatalf("not JSON: %s", s.Body)
		}
		r, err := audit.ParseBody(s.Body)
		if err != nil {
			t.Fatalf("%v: %s", err, s.Body)
		}
		if r.Seq != 12 || !r.Time.Equal(s.Time) || r.Type != e.Type || r.Actor != e.Actor || r.Org != e.Org ||
			r.Behalf != e.Behalf || r.Object != e.Object || r.Version != e.Version || r.Action != e.Action ||
			r.From != e.From || r.To != e.To || r.Clause != e.Clause || r.Rule != e.Rule || r.Result != e.Result ||
			r.Code != e.Code || len(r.Detail) != len(e.Detail) || len(r.Commit) != len(e.Values) || r.Values != nil {
			t.Fatalf("%+v came back as %+v", e, r)
		}
		for k, v := range e.Detail {
			if r.Detail[k] != v {
				t.Fatalf("detail %q", k)
			}
		}
	})
}

func TestParseBodyRefuses(t *testing.T) {
	s, err := audit.Seal(audit.Entry{Type: "case.step", Actor: "p1", Detail: map[string]string{"a": "b"},
		Values: map[string]string{"x": "y"}}, 4, epoch, seeded(1))
	if err != nil {
		t.Fatal(err)
	}
	for _, edit := range [][2]string{
		{`"actor":"p1"`, `"actor": "p1"`}, {`"actor":"p1"`, `"actor":{"p":"1"}`}, {`"actor":"p1",`, `"actor":"p1","actress":"p1",`},
		{`"seq":"4"`, `"seq":"04"`}, {`"v":"pado-body/1"`, `"v":"pado-body/2"`}, {`"result":"done",`, ``},
		{`{"a":"b"}`, `{}`}, {`{"a":"b"}`, `{"a":{"b":"c"}}`}, {`"sm3":`, `"sm4":`}, {`000000Z"`, `000000+00:00"`}, {`"time":"`, `"time":"x`},
	} {
		bad := strings.Replace(string(s.Body), edit[0], edit[1], 1)
		if bad == string(s.Body) {
			t.Fatalf("%s: nothing to edit in %s", edit[0], bad)
		}
		if _, err := audit.ParseBody([]byte(bad)); !errors.Is(err, audit.ErrNotBody) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestSeqs(t *testing.T) {
	for in, want := range map[string]bool{
		"3": true, "3,17-20": true, "0-0": true, "": false, "3,3": false, "4,3": false, "3-2": false, "03": false,
		"3,": false, "-3": false, "3-": false, "3-5,5": false, "+3": false, "9223372036854775807": true, "9223372036854775808": false,
	} {
		if _, err := audit.ParseSeqs(in); (err == nil) != want {
			t.Errorf("%q: %v", in, err)
		}
	}
	if got := audit.FormatSeqs([]int64{3, 17, 18, 19, 21, 22}); got != "3,17-19,21-22" {
		t.Error(got)
	}
}
