package ingest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pado/domain/governance/ingest/engine"
	"pado/domain/governance/ingest/pipeline"
	"pado/domain/governance/ingest/read"
	"pado/domain/governance/vault"
)

func declared(t testing.TB, text string) *pipeline.Pipeline {
	t.Helper()
	p, err := pipeline.Decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func textInput(s string) Input {
	return Input{Size: int64(len(s)), Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(s)), nil }}
}

// table reads a version back, one line a row, NULL as ∅.
func table(t testing.TB, dir string, res *Result) []string {
	t.Helper()
	ctx := context.Background()
	e, err := engine.Open(ctx, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	var cols []string
	for _, c := range res.Schema {
		cols = append(cols, "coalesce("+pipeline.Ident(c.Name)+"::VARCHAR, '∅')")
	}
	var out []string
	q := "SELECT concat_ws('|', " + strings.Join(cols, ", ") + ") FROM read_parquet(" + pipeline.Text(filepath.Join(dir, res.File)) + ", file_row_number=true) ORDER BY file_row_number"
	if err := e.Query(ctx, q, func(s engine.Scanner) error {
		var line string
		err := s.Scan(&line)
		out = append(out, line)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

// quarantined reads the sealed rows back.
func quarantined(t testing.TB, dir string, res *Result) []Quarantined {
	t.Helper()
	if res.Quarantine == "" {
		return nil
	}
	v, err := vault.At(filepath.Join(dir, QuarantineDir), testKeys(t).Quarantine, vault.AES256GCM)
	if err != nil {
		t.Fatal(err)
	}
	r, err := v.Open(res.Quarantine)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	lines := bufio.NewScanner(r)
	var out []Quarantined
	for first := true; lines.Scan(); first = false {
		if first {
			var h QuarantineHead
			if err := json.Unmarshal(lines.Bytes(), &h); err != nil || h.Version != res.VersionID {
				t.Fatal(h, err)
			}
			continue
		}
		var q Quarantined
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			t.Fatal(err)
		}
		out = append(out, q)
	}
	if lines.Err() != nil {
		t.Fatal(lines.Err())
	}
	return out
}

// balanced asserts what must hold of every run.
func balanced(t testing.TB, dir string, res *Result) {
	t.Helper()
	in := res.Steps[0].In
	total := int64(0)
	for i, s := range res.Steps {
		if s.In != in || s.Out != s.In-s.Quarantined || s.Changed > s.In || s.Quarantined < 0 {
			t.Errorf("step %d %s does not add up: %+v (expected %d in)", i, s.Kind, s, in)
		}
		in = s.Out
		total += s.Quarantined
	}
	if in != res.Rows || total != res.Quarantined || res.Rows+res.Quarantined != res.Steps[0].In {
		t.Errorf("%d out of the last step, %d rows, %d quarantined of %d", in, res.Rows, res.Quarantined, res.Steps[0].In)
	}
	if n := int64(len(quarantined(t, dir, res))); n != res.Quarantined {
		t.Errorf("%d rows in the quarantine file, %d counted", n, res.Quarantined)
	}
	for _, d := range res.Report.Dimensions {
		num, den := int64(0), int64(0)
		for _, r := range d.Rules {
			if r.Numerator < 0 || r.Numerator > r.Denominator {
				t.Errorf("%s: %d of %d", r.ID, r.Numerator, r.Denominator)
			}
			num, den = num+r.Numerator, den+r.Denominator
		}
		if num != d.Numerator || den != d.Denominator {
			t.Errorf("%s does not add up", d.Dimension)
		}
	}
}

const oneColumn = head + "source:\n  kind: csv\n  header: 1\n  columns:\n    - {name: a}\n    - {name: b}\ntarget:\n  table: t\n  columns:\n    - {name: a, type: integer, label: forbidden}\n    - {name: b, type: text, label: forbidden}\n"

func TestRefusedRuns(t *testing.T) {
	p := declared(t, oneColumn)
	keyed := declared(t, strings.Replace(oneColumn, "target:", "steps:\n  - mask: {rules: [{column: b, kind: pseudonym, domain: x}]}\ntarget:", 1))
	noKeys, badSum := testKeys(t), textInput("a,b\n1,x\n")
	noKeys.Family, noKeys.Quarantine = nil, nil
	badSum.SHA256 = strings.Repeat("0", 64)
	utf := declared(t, strings.Replace(oneColumn, "header: 1", "header: 1\n  encoding: utf-8", 1))
	announced := textInput("a,b\n1,x\n")
	announced.SHA256 = strings.Repeat("0", 64)
	for _, c := range []struct {
		name string
		p    *pipeline.Pipeline
		in   Input
		keys Keys
		want error
	}{
		{"empty", p, textInput(""), testKeys(t), read.ErrEmpty},
		{"missing column", p, textInput("a,c\n1,x\n"), testKeys(t), ErrSchema},
		{"noise", p, textInput(strings.Repeat("\xff\x80\xc3\x28\x81", 500)), testKeys(t), read.ErrEncoding},
		{"pseudonyms without a key", keyed, textInput("a,b\n1,x\n"), noKeys, ErrKey},
		{"quarantine without a key", p, textInput("a,b\nx,y\n"), noKeys, ErrKey},
		{"another file than announced", p, badSum, testKeys(t), ErrSource},
		{"another file than announced, encoding given", utf, announced, testKeys(t), ErrSource},
	} {
		dir := t.TempDir()
		_, err := Run(context.Background(), c.p, c.in, dir, c.keys, nil)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if left := visible(t, dir); len(left) != 0 {
			t.Errorf("%s left %v", c.name, left)
		}
	}
	var schema *Error
	_, err := Run(context.Background(), p, textInput("a,c\n1,x\n"), t.TempDir(), testKeys(t), nil)
	if !errors.As(err, &schema) || fmt.Sprint(schema.Missing, schema.Extra) != "[b] [c]" || strings.Contains(schema.Message, "c") || !strings.Contains(schema.Message, "多出：第2列") || schema.Clause != "7.2" {
		t.Errorf("%+v", schema)
	}
}

// visible lists what a reader of the folder would see as results.
func visible(t testing.TB, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, p)
			out = append(out, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRepeatIsNoOp(t *testing.T) {
	dir := t.TempDir()
	p := declared(t, oneColumn)
	in := textInput("a,b\n1,x\ny,y\n")
	first := mustRun(t, p, in, dir)
	before := visible(t, dir)
	reads := 0
	counted := in
	counted.Open = func() (io.ReadCloser, error) { reads++; return in.Open() }
	again := mustRun(t, p, counted, dir)
	if !again.Repeated || first.Repeated || again.Digest != first.Digest || again.VersionID != first.VersionID || reads != 1 {
		t.Errorf("repeated %v, %d readings", again.Repeated, reads)
	}
	if fmt.Sprint(visible(t, dir)) != fmt.Sprint(before) {
		t.Errorf("the folder changed: %v", visible(t, dir))
	}
	// A damaged data file is no version; it is made again.
	if err := os.WriteFile(filepath.Join(dir, first.File), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir, first.VersionID); !errors.Is(err, ErrNoVersion) {
		t.Errorf("damaged: %v", err)
	}
	healed := mustRun(t, p, in, dir)
	if healed.Repeated || healed.Digest != first.Digest {
		t.Errorf("not made again: %+v", healed)
	}
	other := testKeys(t)
	other.Family = bytes.Repeat([]byte{1}, 32)
	res, err := Run(context.Background(), p, in, dir, other, nil)
	if err != nil || res.VersionID != first.VersionID {
		t.Errorf("without pseudonyms the key must not matter: %v", err)
	}
}

func TestPseudonyms(t *testing.T) {
	p := declared(t, strings.Replace(oneColumn, "target:", "steps:\n  - mask: {rules: [{column: b, kind: pseudonym, domain: natural_person}]}\ntarget:", 1))
	in := textInput("a,b\n1,张三\n2,李四\n3,张三\n4,\n")
	dir := t.TempDir()
	res := mustRun(t, p, in, dir)
	rows := table(t, dir, res)
	zhang, li := engine.Pseudonym(testKeys(t).Family, "natural_person", "张三"), engine.Pseudonym(testKeys(t).Family, "natural_person", "李四")
	want := []string{"1|" + zhang, "2|" + li, "3|" + zhang, "4|∅"}
	if fmt.Sprint(rows) != fmt.Sprint(want) || len(zhang) != engine.PseudonymLen || zhang == li {
		t.Errorf("have %v, want %v", rows, want)
	}
	if zhang == engine.Pseudonym(testKeys(t).Family, "legal_entity", "张三") {
		t.Error("one name in two domains has one pseudonym")
	}
	other := testKeys(t)
	other.Family = bytes.Repeat([]byte{1}, 32)
	res2, err := Run(context.Background(), p, in, dir, other, nil)
	if err != nil || res2.VersionID == res.VersionID || res2.Digest == res.Digest || res2.Lineage.FamilyKey == res.Lineage.FamilyKey {
		t.Errorf("another key, the same version: %v", err)
	}
	b, err := os.ReadFile(filepath.Join(dir, res.VersionID+".json"))
	if err != nil || bytes.Contains(b, []byte("张三")) {
		t.Errorf("the manifest shows a name: %v", err)
	}
}

// At no point of a failing run is anything visible, and the next run removes
// what a crash left.
func TestCrash(t *testing.T) {
	p := declared(t, oneColumn)
	in := textInput("a,b\n1,x\ny,y\n")
	crash := errors.New("crash")
	// The readings are: survey, header, rows, quarantine. That of the header
	// ends before the fault.
	for n := 1; n <= 5; n++ {
		dir := t.TempDir()
		broken := in
		opens := 0
		broken.Open = func() (io.ReadCloser, error) {
			if opens++; opens == n {
				return io.NopCloser(io.MultiReader(strings.NewReader("a,b\n1,x\n"), &failing{crash})), nil
			}
			return in.Open()
		}
		res, err := Run(context.Background(), p, broken, dir, testKeys(t), nil)
		if (err == nil) != (n == 2 || n == 5) || errors.Is(err, crash) {
			t.Errorf("reading %d: %v", n, err)
		}
		if err == nil {
			balanced(t, dir, res)
			continue
		}
		if left := visible(t, dir); len(left) != 0 {
			t.Errorf("reading %d failed and left %v", n, left)
		}
	}
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

// A crash between the renames leaves files without a manifest: no version, and
// the next run completes it.
func TestCrashBetweenRenames(t *testing.T) {
	p := declared(t, oneColumn)
	in := textInput("a,b\n1,x\ny,y\n")
	dir := t.TempDir()
	res := mustRun(t, p, in, dir)
	if err := os.Remove(filepath.Join(dir, res.VersionID+".json")); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir, res.VersionID); !errors.Is(err, ErrNoVersion) {
		t.Errorf("a version without manifest: %v", err)
	}
	again := mustRun(t, p, in, dir)
	if again.Repeated || again.Digest != res.Digest || again.Quarantine != res.Quarantine {
		t.Errorf("%+v", again)
	}
	balanced(t, dir, again)
}

func TestCancel(t *testing.T) {
	p := declared(t, oneColumn)
	var b strings.Builder
	b.WriteString("a,b\n")
	for i := range 200_000 {
		fmt.Fprintf(&b, "%d,%s\n", i, strings.Repeat("x", 20))
	}
	for _, at := range []string{"核对", "治理"} {
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(context.Background())
		_, err := Run(ctx, p, textInput(b.String()), dir, testKeys(t), func(step string, done, total int64) {
			if step == at && done > 1<<20 {
				cancel()
			}
		})
		cancel()
		if !errors.Is(err, engine.ErrCanceled) {
			t.Errorf("canceled at %s: %v", at, err)
		}
		if left := visible(t, dir); len(left) != 0 {
			t.Errorf("canceled at %s, left %v", at, left)
		}
	}
}

func TestProgress(t *testing.T) {
	p := declared(t, oneColumn)
	seen := map[string]int64{}
	in := textInput("a,b\n" + strings.Repeat("1,x\n", 1000))
	_, err := Run(context.Background(), p, in, t.TempDir(), testKeys(t), func(step string, done, total int64) {
		if done < seen[step] && step != "读取表头" || total > 0 && done > total {
			t.Errorf("%s: %d after %d of %d", step, done, seen[step], total)
		}
		seen[step] = done
	})
	if err != nil || seen["治理"] != in.Size || seen["完成"] != 1000 {
		t.Errorf("%v %v", seen, err)
	}
}

func TestSweep(t *testing.T) {
	dir := t.TempDir()
	stale := filepath.Join(dir, tempPrefix+"crashed")
	if err := os.MkdirAll(stale, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(stale, "data.parquet"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	mustRun(t, declared(t, oneColumn), textInput("a,b\n1,x\n"), dir)
	if _, err := os.Stat(stale); err == nil {
		t.Error("what the crash left is still there")
	}
	live, err := newTemp(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer live.remove()
	mustRun(t, declared(t, oneColumn), textInput("a,b\n2,x\n"), dir)
	if _, err := os.Stat(live.path); err != nil {
		t.Error("a run removed the folder of another that is at work")
	}
}

// A manifest that names another file, or another version, is no version.
func TestLoadDistrusts(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	res := mustRun(t, declared(t, oneColumn), textInput("a,b\n1,x\n"), dir)
	if err := os.Link(filepath.Join(dir, res.File), filepath.Join(dir, "..", res.File)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, res.VersionID+".json")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]string{
		"other version": strings.Replace(string(b), res.VersionID, strings.Repeat("0", 32), 1),
		"other place":   strings.Replace(string(b), res.File, "../"+res.File, 1),
		"other length":  strings.Replace(string(b), fmt.Sprintf(`"bytes": %d`, res.Bytes), `"bytes": 1`, 1),
		"no JSON":       "x",
	} {
		if c == string(b) {
			t.Errorf("%s: the case changes nothing", name)
		}
		if err := os.WriteFile(path, []byte(c), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(dir, res.VersionID); !errors.Is(err, ErrNoVersion) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, id := range []string{"", "../" + res.VersionID[:29], strings.Repeat("g", 32)} {
		if _, err := Load(dir, id); !errors.Is(err, ErrNoVersion) {
			t.Errorf("id %q: %v", id, err)
		}
	}
}

// Two runs of one version at a time: one version, and no error but "busy".
func TestConcurrentRuns(t *testing.T) {
	dir := t.TempDir()
	p := declared(t, oneColumn)
	in := textInput("a,b\n1,x\ny,y\n")
	errs := make(chan error, 3)
	for range cap(errs) {
		go func() {
			_, err := Run(context.Background(), p, in, dir, testKeys(t), nil)
			errs <- err
		}()
	}
	good := 0
	for range cap(errs) {
		switch err := <-errs; {
		case err == nil:
			good++
		case !errors.Is(err, vault.ErrBusy):
			t.Error(err)
		}
	}
	res := mustRun(t, p, in, dir)
	if good == 0 || !res.Repeated {
		t.Errorf("%d runs succeeded, repeated %v", good, res.Repeated)
	}
	balanced(t, dir, res)
}
