package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pado/core/calendar"
	"pado/core/id"
	"pado/core/store"
	"pado/domain/gateway"
	"pado/domain/sandbox/guard"
)

var update = flag.Bool("update", false, "rewrite the golden files under testdata")

func half(f float64) *float64 { return &f }

// sampleAnswer has every type, a withheld cell and a stated interval.
func sampleAnswer() Stored {
	return Stored{Outcome: "answered", Columns: []guard.Column{{Name: "sex", Type: "text", From: "key"}, {Name: "人数", Type: "int", From: "figure"},
		{Name: "Mean", Type: "number", From: "figure"}, {Name: "day", Type: "date", From: "key"}, {Name: "adult", Type: "bool", From: "key"}},
		Rows:       [][]any{{"F", 1204.0, 12.25, "2026-01-01", true}, {"M<&>", -3e6, nil, "2026-01-02", false}, {"其他", nil, 1.5e-7, nil, nil}},
		HalfWidths: [][]*float64{{nil, half(20), half(0.5), nil, nil}, {nil, half(20), nil, nil, nil}, {nil, nil, half(0.1), nil, nil}}}
}

func TestReleasedBytes(t *testing.T) {
	b, cols, err := Encode(sampleAnswer())
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := Encode(sampleAnswer())
	if err != nil || string(again) != string(b) {
		t.Fatal("the same answer gave other bytes")
	}
	desc, err := json.MarshalIndent(cols, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	got := string(b) + "\n" + string(desc) + "\n"
	name := filepath.Join("testdata", "artefact.golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(name); err != nil || string(want) != got {
		t.Errorf("%s differs (%v):\n%s", name, err, got)
	}
}

// What is released can be served: the gateway takes the bytes under their digest as they are.
func TestTheGatewayTakesWhatIsReleased(t *testing.T) {
	b, cols, err := Encode(sampleAnswer())
	if err != nil {
		t.Fatal(err)
	}
	p := &gateway.Product{ID: "dp-1", Kind: gateway.DataAPI, Release: ArtefactDigest(b), Paging: gateway.Paging{Default: 10, Max: 100}}
	for _, c := range cols {
		p.Columns = append(p.Columns, gateway.Column{Name: c.Name, Title: c.Title, Type: gateway.ColumnType(c.Type), Nullable: c.Nullable})
	}
	if _, err := gateway.LoadTable(p, b, gateway.JSONLines); err != nil {
		t.Fatal(err)
	}
}

// Identifiers are found wherever they stand; what only looks like one is not.
func TestScan(t *testing.T) {
	card, err := id.MakeIDCard("140602", calendar.Date{Y: 1990, M: 1, D: 1}, 7)
	if err != nil {
		t.Fatal(err)
	}
	uscc, err := id.MakeUSCC('9', '1', "140602", "MA000001")
	if err != nil {
		t.Fatal(err)
	}
	wrong := card.Number()[:17] + "0"
	if wrong == card.Number() {
		wrong = card.Number()[:17] + "1"
	}
	for _, c := range []struct{ text, want string }{
		{card.Number(), "公民身份号码"}, {"客户" + card.Number() + "号", "公民身份号码"}, {strings.ToLower(string(uscc)), "统一社会信用代码"}, {"电话13800138000。", "手机号码"},
		{wrong, ""}, {"140602199001010", ""}, {"12345678901", ""}, {"2026-01-01", ""}, {"朔城区", ""}, {"1380013800", ""},
	} {
		st := Stored{Columns: []guard.Column{{Name: "k", Type: "text", From: "key"}}, Rows: [][]any{{c.text}}}
		found := scan(st)
		kind := ""
		if len(found) > 0 {
			kind = found[0].Kind
		}
		if c.want != kind {
			t.Errorf("%q: %q, want %q", c.text, kind, c.want)
		}
		for _, f := range found {
			if strings.Contains(f.Finding+f.Place, c.text) {
				t.Error("a finding carries the value")
			}
		}
	}
	if f := scan(Stored{Columns: []guard.Column{{Name: "n" + card.Number(), Type: "int", From: "figure"}}}); len(f) != 1 {
		t.Errorf("column name: %v", f)
	}
	phone := Stored{Columns: []guard.Column{{Name: "n", Type: "int", From: "key"}, {Name: "m", Type: "int", From: "figure"}}, Rows: [][]any{{13800138000.0, 13800138000.0}}}
	if f := scan(phone); len(f) != 1 {
		t.Errorf("numbers: %v", f)
	}
}

func TestChecksOfAnOutput(t *testing.T) {
	w := openWorld(t, store.SQLite)
	p := w.project("dv1", w.n)
	set := func(st Stored) (Question, string) {
		q := w.pending(p)
		b, err := json.Marshal(st)
		w.must(err)
		w.write(`UPDATE question SET state = 'answered', answer = $1 WHERE id = $2`, string(b), q.id)
		return w.question(q.id), q.id
	}
	run := func(caseNo string, q Question) []Check {
		w.update(func(x *store.Tx) error { _, err := RunChecks(x, caseNo, q, p, w.n); return err })
		var list []Check
		w.must(w.db.View(ctx, func(r *store.ReadTx) (err error) { list, err = Checks(r, caseNo); return err }))
		return list
	}
	good := Stored{Outcome: "answered", Columns: []guard.Column{{Name: "sex", Type: "text", From: "key"}, {Name: "n", Type: "int", From: "figure"}}, Rows: [][]any{{"F", 1000.0}, {"M", 2000.0}}}
	with := func(f func(*Stored)) Stored {
		s := good
		s.Rows = [][]any{{"F", 1000.0}, {"M", 2000.0}}
		s.Columns = append([]guard.Column(nil), good.Columns...)
		f(&s)
		return s
	}
	big := make([][]any, 2501)
	for i := range big {
		big[i] = []any{"F", 1000.0}
	}
	for _, c := range []struct {
		name string
		st   Stored
		bad  string
	}{
		{"good", good, ""},
		{"exactly the limit", with(func(s *Stored) { s.Rows = big[:2500] }), ""},
		{"too large", with(func(s *Stored) { s.Rows = big }), CheckSize},
		{"forbidden column by name", with(func(s *Stored) { s.Columns[0].Name = "unit_key" }), CheckColumns},
		{"small count", with(func(s *Stored) { s.Rows[0][1] = 9.0 }), CheckUnits},
		{"a count of k", with(func(s *Stored) { s.Rows[0][1] = 10.0 }), ""},
		{"phone", with(func(s *Stored) { s.Rows[0][0] = "13800138000" }), CheckPersonal},
		{"five digits", with(func(s *Stored) { s.Columns[1].Type = "number"; s.Rows[0][1] = 12.345 }), CheckPrecision},
		{"no row", with(func(s *Stored) { s.Rows = nil }), CheckAnswered},
	} {
		q, no := set(c.st)
		digest, err := OutputDigest(q)
		w.must(err)
		list := run(no, q)
		for _, x := range list {
			if x.Passed == (x.Code == c.bad) {
				t.Errorf("%s: %s passed %v (%s)", c.name, x.Code, x.Passed, x.Detail)
			}
			if strings.Contains(x.Detail, "13800138000") {
				t.Error("a verdict carries the value")
			}
		}
		if Clean(list, digest) != (c.bad == "") || Clean(list, "other") {
			t.Errorf("%s: clean %v", c.name, Clean(list, digest))
		}
	}
	// A finding is closed by two persons only, and then the checks pass on a further run.
	q, no := set(with(func(s *Stored) { s.Rows[0][0] = "13800138000" }))
	run(no, q)
	call := func(who string, second bool) error {
		return w.try(func(x *store.Tx) error { return CallFalse(x, no, who, "是编号", second) })
	}
	if err := call("p1", true); !errors.Is(err, store.ErrConflict) {
		t.Errorf("a second without a first: %v", err)
	}
	w.must(call("p1", false))
	if err := call("p1", true); !errors.Is(err, store.ErrConflict) {
		t.Errorf("the same person twice: %v", err)
	}
	digest, err := OutputDigest(q)
	w.must(err)
	if Clean(run(no, q), digest) {
		t.Error("one person closed a finding")
	}
	w.must(call("p2", true))
	if !Clean(run(no, q), digest) {
		t.Error("two persons did not close it")
	}
}

// Released bytes are kept under their digest, made again when they are lost, and never changed.
func TestArtefactsAreKeptByDigest(t *testing.T) {
	w := openWorld(t, store.SQLite)
	p := w.project("dv1", w.n)
	a, ref, err := w.ask("dv1", p.No, bySex)
	w.must(err)
	if ref != nil {
		t.Fatal(ref)
	}
	q := w.question(a.ID)
	digest, err := OutputDigest(q)
	w.must(err)
	if err := w.try(func(x *store.Tx) error {
		_, err := Release(x, q, strings.Repeat("0", 64), "x", "", "c0", "t")
		return err
	}); !errors.Is(err, store.ErrConflict) {
		t.Errorf("other bytes than decided: %v", err)
	}
	if _, err := w.Load(digest); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("read before the release: %v", err)
	}
	w.update(func(x *store.Tx) error { _, err := Release(x, q, digest, "成果", "", "c1", "t"); return err })
	b, err := w.Load(digest)
	w.must(err)
	// The same question of another organisation comes to the same bytes, by its own review.
	two := w.project("dv2", w.n)
	c, _, err := w.ask("dv2", two.No, bySex)
	w.must(err)
	other := w.question(c.ID)
	if d, err := OutputDigest(other); err != nil || d != digest {
		t.Fatalf("%s %v", d, err)
	}
	w.update(func(x *store.Tx) error { _, err := Release(x, other, digest, "成果", "", "c2", "t"); return err })
	if err := w.try(func(x *store.Tx) error { _, err := Release(x, other, digest, "成果", "", "c3", "t"); return err }); !errors.Is(err, store.ErrConflict) {
		t.Errorf("released twice to one organisation: %v", err)
	}
	w.must(w.db.View(ctx, func(r *store.ReadTx) error {
		if _, err := ReleasedTo(r, digest, "dv3"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a third organisation: %v", err)
		}
		a, err := ReleasedTo(r, digest, "dv2")
		if err == nil && a.CaseNo != "c2" {
			t.Errorf("%+v", a)
		}
		return err
	}))
	path := filepath.Join(string(w.o.Artefacts.(Folder)), ArtefactPath(digest))
	w.must(os.Remove(path))
	if n, err := w.Materialise(context.Background()); err != nil || n != 1 {
		t.Errorf("materialised %d: %v", n, err)
	}
	if again, err := w.Load(digest); err != nil || string(again) != string(b) {
		t.Errorf("made again: %v", err)
	}
	w.must(os.Chmod(path, 0o600))
	w.must(os.WriteFile(path, append(b, ' '), 0o600))
	if _, err := w.Load(digest); err == nil {
		t.Error("changed bytes were served")
	}
	for _, bad := range []string{"", "..", "../../etc/passwd", strings.Repeat("G", 64)} {
		if _, err := w.o.Artefacts.Get(bad); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
