package plan

import (
	"flag"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"
	"unicode"
)

var update = flag.Bool("update", false, "rewrite the golden files under testdata")

// golden compares text with a committed file, or rewrites it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := "testdata/" + name
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s differs; look at the change and run the test with -update.\n--- want\n%s\n--- got\n%s", name, want, got)
	}
}

// Ids are stored on decisions, so one that disappears is a broken record.
func TestIDsAreKept(t *testing.T) {
	var b strings.Builder
	for _, c := range All() {
		b.WriteString(c.ID)
		if c.Heading {
			b.WriteString(" heading")
		}
		b.WriteString("\n")
	}
	golden(t, "clause_ids.golden", b.String())
}

func TestIDsAreUniqueAndInOrder(t *testing.T) {
	seen := make(map[string]bool)
	last := ""
	for _, c := range All() {
		if seen[c.ID] {
			t.Errorf("clause %s is there twice", c.ID)
		}
		seen[c.ID] = true
		if last != "" && !before(last, c.ID) {
			t.Errorf("clause %s comes after %s", c.ID, last)
		}
		last = c.ID
		if !idForm.MatchString(c.ID) {
			t.Errorf("clause id %q is malformed", c.ID)
		}
	}
}

var idForm = regexp.MustCompile(`^[0-9]{1,2}(\.[0-9]{1,2}[a-z]?)*$`)

// before orders ids as the plan does: number by number, a letter after its
// number, and a heading before what is under it.
func before(a, b string) bool {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(as), len(bs)) {
		an, al := number(as[i])
		bn, bl := number(bs[i])
		if an != bn {
			return an < bn
		}
		if al != bl {
			return al < bl
		}
	}
	return len(as) < len(bs)
}

func number(s string) (int, string) {
	digits := strings.TrimRight(s, "abcdefghijklmnopqrstuvwxyz")
	n, _ := strconv.Atoi(digits)
	return n, s[len(digits):]
}

// Every row of the reference table is a clause here, and none of them is only a
// heading.
func TestEveryClauseOfTheContract(t *testing.T) {
	table := shared(t, "plan/clauses.md")
	ids := contractIDs(t, table)
	if len(ids) < 65 {
		t.Fatalf("only %d ids were found in the table; the reader of the table is broken", len(ids))
	}
	for _, id := range ids {
		c, ok := Lookup(id)
		if !ok {
			t.Errorf("clause %s of the contract is not in the register", id)
		} else if c.Heading {
			t.Errorf("clause %s of the contract is only a heading here", id)
		}
	}
	inContract := make(map[string]bool)
	for _, id := range ids {
		inContract[id] = true
	}
	for _, c := range All() {
		if !c.Heading && !inContract[c.ID] {
			t.Errorf("clause %s is in the register but not in the contract", c.ID)
		}
	}
}

// contractIDs reads the first column of the table; "1.1–1.3" stands for three.
func contractIDs(t *testing.T, table string) []string {
	t.Helper()
	var ids []string
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 {
			continue
		}
		first, last, isRange := strings.Cut(strings.TrimSpace(cells[1]), "–")
		if !idForm.MatchString(first) {
			continue
		}
		if !isRange {
			ids = append(ids, first)
			continue
		}
		stem, from, ok1 := cutLast(first)
		stem2, to, ok2 := cutLast(last)
		if !ok1 || !ok2 || stem != stem2 || from >= to {
			t.Fatalf("cannot read the range %q", cells[1])
		}
		for n := from; n <= to; n++ {
			ids = append(ids, stem+"."+strconv.Itoa(n))
		}
	}
	return ids
}

func cutLast(id string) (string, int, bool) {
	at := strings.LastIndexByte(id, '.')
	if at < 0 {
		return "", 0, false
	}
	n, err := strconv.Atoi(id[at+1:])
	return id[:at], n, err == nil
}

// The register is in our own words: no text of this room shares sixteen Chinese
// characters in a row with the plan's. Punctuation does not break a run, and
// titles of documents are names and do not count.
func TestOwnWords(t *testing.T) {
	draft := han(shared(t, "plan/shuozhou-plan-2026-draft.txt"))
	const run = 16
	theirs := make(map[string]bool)
	for i := 0; i+run <= len(draft); i++ {
		theirs[string(draft[i:i+run])] = true
	}
	if len(theirs) < 5000 {
		t.Fatalf("the draft yields only %d runs; it was not read", len(theirs))
	}
	for _, dir := range []string{".", "clauses", "params"} {
		names, err := fs.Glob(files, strings.TrimPrefix(dir+"/*.yaml", "./"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			raw, err := files.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(raw)) {
				ours := han(documentTitle.ReplaceAllString(line, ""))
				for i := 0; i+run <= len(ours); i++ {
					if theirs[string(ours[i:i+run])] {
						t.Errorf("%s: %q is the plan's own wording", name, string(ours[i:i+run]))
						break
					}
				}
			}
		}
	}
	for _, c := range All() {
		for _, text := range []string{c.Title, c.Duty, c.Carries} {
			ours := han(documentTitle.ReplaceAllString(text, ""))
			for i := 0; i+run <= len(ours); i++ {
				if theirs[string(ours[i:i+run])] {
					t.Errorf("clause %s: %q is the plan's own wording", c.ID, string(ours[i:i+run]))
					break
				}
			}
		}
	}
}

var chineseGap = regexp.MustCompile(`[^\x00-\x7f]\s+[^\x00-\x7f]`)

var documentTitle = regexp.MustCompile(`《[^》]*》`)

func han(s string) []rune {
	var out []rune
	for _, r := range s {
		if unicode.Is(unicode.Han, r) {
			out = append(out, r)
		}
	}
	return out
}

// A lawyer reads these texts: full sentences, no ASCII punctuation between
// Chinese characters, titles short enough for a table.
func TestTextsAreWellFormed(t *testing.T) {
	for _, c := range All() {
		if n := len([]rune(c.Title)); n > 20 {
			t.Errorf("clause %s: the title has %d characters", c.ID, n)
		}
		for _, text := range []string{c.Duty, c.Carries} {
			if !strings.HasSuffix(text, "。") {
				t.Errorf("clause %s: %q is no sentence", c.ID, text)
			}
			if strings.ContainsAny(text, ",;:!?()\"'") {
				t.Errorf("clause %s: ASCII punctuation in %q", c.ID, text)
			}
			if chineseGap.MatchString(text) {
				t.Errorf("clause %s: a space inside Chinese text: %q", c.ID, text)
			}
			if strings.Contains(text, "审批") {
				t.Errorf("clause %s uses a word that is not the plan's: 审批", c.ID)
			}
		}
		if strings.Contains(c.Carries, "未实现") || strings.Contains(c.Carries, "待开发") {
			t.Errorf("clause %s promises what is not there", c.ID)
		}
	}
	for _, n := range Norms() {
		if n.InForce != "" {
			if _, err := time.Parse(time.DateOnly, n.InForce); err != nil {
				t.Errorf("norm %s: %q is no day", n.ID, n.InForce)
			}
		}
	}
}

func TestEveryNormAndActIsUsed(t *testing.T) {
	norms, acts := make(map[string]bool), make(map[string]bool)
	for _, c := range All() {
		for _, f := range c.Facts {
			norms[f] = true
		}
		for _, a := range c.Acts {
			acts[a] = true
		}
	}
	for _, n := range Norms() {
		if !norms[n.ID] {
			t.Errorf("norm %s stands behind no clause", n.ID)
		}
	}
	for _, a := range Acts() {
		if !acts[a.ID] {
			t.Errorf("act %s is in no clause", a.ID)
		}
	}
	if _, ok := NormByID("F3"); !ok {
		t.Error("norm F3 is missing")
	}
	if _, ok := NormByID("F99"); ok {
		t.Error("there is a norm F99")
	}
}

func TestC(t *testing.T) {
	if got := C("6.3.2"); got.ID != "6.3.2" || got.Parent() != "6.3" {
		t.Errorf("C(6.3.2) = %s under %s", got.ID, got.Parent())
	}
	if got := C("10.3.1b").Parent(); got != "10.3" {
		t.Errorf("10.3.1b is under %q", got)
	}
	if got := C("4").Parent(); got != "" {
		t.Errorf("4 is under %q", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("an unknown clause did not panic")
		}
	}()
	C("6.3.99")
}

// What a caller does to a clause it was given must not reach the register.
func TestClausesAreCopies(t *testing.T) {
	c := C("10.5.1")
	c.Facts[0] = "F99"
	All()[0].Title = "改"
	if C("10.5.1").Facts[0] == "F99" || All()[0].Title == "改" {
		t.Error("a caller changed the register")
	}
	d := Divergences()[0]
	d.Clauses[0] = "99"
	if Divergences()[0].Clauses[0] == "99" {
		t.Error("a caller changed a divergence")
	}
}

// A register with a hole in it must not start.
func TestBrokenRegisters(t *testing.T) {
	good := func() fstest.MapFS {
		return fstest.MapFS{
			"acts.yaml":        {Data: []byte("- {id: filing, title: 备案, meaning: 存查, yields: 回执, never: 同意}\n")},
			"norms.yaml":       {Data: []byte("- {id: F1, title: 规范, document: 规范, gist: 要点, confidence: S}\n")},
			"divergences.yaml": {Data: []byte("[]\n")},
			"clauses/1.yaml": {Data: []byte("- {id: \"1\", title: 甲, duty: 乙。, carries: 丙。, heading: true}\n" +
				"- {id: \"1.1\", title: 甲, duty: 乙。, carries: 丙。, facts: [F1], acts: [filing]}\n")},
		}
	}
	if _, err := readRegister(good()); err != nil {
		t.Fatalf("the sound register is refused: %v", err)
	}
	for _, tc := range []struct{ name, file, text string }{
		{"clause twice", "clauses/2.yaml", "- {id: \"1.1\", title: 甲, duty: 乙。, carries: 丙。}\n"},
		{"no parent", "clauses/2.yaml", "- {id: \"2.1\", title: 甲, duty: 乙。, carries: 丙。}\n"},
		{"parent is no heading", "clauses/2.yaml", "- {id: \"1.1.1\", title: 甲, duty: 乙。, carries: 丙。}\n"},
		{"no duty", "clauses/2.yaml", "- {id: \"2\", title: 甲, carries: 丙。}\n"},
		{"unknown norm", "clauses/2.yaml", "- {id: \"2\", title: 甲, duty: 乙。, carries: 丙。, facts: [F9]}\n"},
		{"unknown act", "clauses/2.yaml", "- {id: \"2\", title: 甲, duty: 乙。, carries: 丙。, acts: [approve]}\n"},
		{"unknown field", "clauses/2.yaml", "- {id: \"2\", title: 甲, duty: 乙。, carries: 丙。, note: 丁}\n"},
		{"two documents", "clauses/2.yaml", "- {id: \"2\", title: 甲, duty: 乙。, carries: 丙。}\n---\n- {id: \"3\"}\n"},
		{"act without meaning", "acts.yaml", "- {id: filing, title: 备案}\n"},
		{"norm without mark", "norms.yaml", "- {id: F1, title: 规范, document: 规范, gist: 要点}\n"},
		{"divergence at no clause", "divergences.yaml", "- {id: D1, title: 甲, plan: 乙, norm: 丙, decision: 丁, reason: 戊}\n"},
		{"divergence at unknown clause", "divergences.yaml", "- {id: D1, title: 甲, plan: 乙, norm: 丙, decision: 丁, reason: 戊, clauses: [\"9\"]}\n"},
		{"divergence without reason", "divergences.yaml", "- {id: D1, title: 甲, plan: 乙, norm: 丙, decision: 丁, clauses: [\"1\"]}\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			broken := good()
			broken[tc.file] = &fstest.MapFile{Data: []byte(tc.text)}
			if _, err := readRegister(broken); err == nil {
				t.Error("the broken register is accepted")
			}
		})
	}
}

func TestDivergences(t *testing.T) {
	p, err := City("140600")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range Divergences() {
		for _, key := range d.Parameters {
			if !p.Has(key) {
				t.Errorf("divergence %s names the unknown parameter %s", d.ID, key)
			}
		}
	}
	named := make(map[string]bool)
	for _, d := range Divergences() {
		for _, key := range d.Parameters {
			named[key] = true
			if def, ok := p.Definition(key); ok && (def.Fixed || def.Key != key) {
				t.Errorf("divergence %s offers %s, which cannot be set or is an alias", d.ID, key)
			}
		}
	}
	for _, key := range p.Unset("2026-07-01") {
		if !named[key] {
			t.Errorf("the city must set %s, but no divergence says why", key)
		}
	}
	if at := DivergencesAt("10.3.1"); len(at) != 3 {
		t.Errorf("%d divergences touch 10.3.1, want the determining body, the excess and the base of the profit", len(at))
	}
	var b strings.Builder
	if err := WriteDivergences(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "divergences.golden.md", b.String())
}
