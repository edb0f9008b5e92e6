package verify_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"testing"

	"pado/core/audit"
	"pado/core/audit/verify"
)

var update = flag.Bool("update", false, "rewrite the golden log; an old one must never be rewritten, only a new folder added")

const goldenFolder = "testdata/log-1"

// golden is the log of release 1: every kind of leaf that has rules of its own.
func golden(t *testing.T) (c *city, since []byte) {
	c = found(t, 200)
	c.work(t, 5)
	since = c.show(t).ed
	c.write(t, audit.Entry{Type: "catalogue.publish", Actor: "p3", Org: "o1", Behalf: "o4", Object: "目录-2026-001", Version: 2,
		Action: "publish", From: "review", To: "published", Clause: "7.2", Rule: "catalogue.review@2026-01-01",
		Values: map[string]string{"字段": "纳税人识别号", "\U0001F600": "", "\uE000": "x"},
		Detail: map[string]string{"引号": "\"\\/\b\f\n\r\t\u0001", "rows": "12"}})
	e, err := audit.Rotation(c.keys.Signers(), generate(t, 201).Signers(), c.head)
	if err != nil {
		t.Fatal(err)
	}
	e.Actor, e.Org, e.Clause = "p9", "o1", "3"
	c.write(t, e)
	c.keys = generate(t, 201)
	c.write(t, audit.Erasure([]int64{2, 5}))
	c.work(t, 5)
	for _, n := range []int{2, 5} {
		c.rows[n].Salt = nil
	}
	c.rows[5].Body = nil
	return c, since
}

// goldenRow is a row as a line of text. Bytes are shown as text, a salt in base64.
type goldenRow struct {
	Public string `json:"public"`
	Body   string `json:"body,omitempty"`
	Salt   string `json:"salt,omitempty"`
}

func writeGolden(t *testing.T, folder string) {
	c, since := golden(t)
	s := c.show(t)
	var rows bytes.Buffer
	enc := json.NewEncoder(&rows)
	enc.SetEscapeHTML(false)
	for _, r := range s.rows {
		if err := enc.Encode(goldenRow{string(r.Public), string(r.Body), base64.StdEncoding.EncodeToString(r.Salt)}); err != nil {
			t.Fatal(err)
		}
	}
	p := public(t, generate(t, 200)) // the auditor holds the first keys
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"rows.jsonl": rows.Bytes(), "checkpoint": s.ed, "checkpoint.sm": s.sm, "since": since,
		"keys": []byte(p.Ed25519 + "\n" + p.SM2 + "\n"),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestGoldenLog: a log written by an earlier release still verifies, and today's writer still writes it.
func TestGoldenLog(t *testing.T) {
	if *update {
		writeGolden(t, goldenFolder)
	}
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(goldenFolder, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	keys := bytes.Fields(read("keys"))
	src := &fileLog{ed: read("checkpoint"), sm: read("checkpoint.sm")}
	lines := bufio.NewScanner(bytes.NewReader(read("rows.jsonl")))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var row goldenRow
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		r := verify.Row{Seq: int64(len(src.rows)), Public: []byte(row.Public)}
		if row.Body != "" {
			r.Body = []byte(row.Body)
		}
		if row.Salt != "" {
			var err error
			if r.Salt, err = base64.StdEncoding.DecodeString(row.Salt); err != nil {
				t.Fatal(err)
			}
		}
		src.rows = append(src.rows, r)
	}
	rep := run(t, src, verify.Options{Since: read("since"), Ed25519Key: string(keys[0]), SM2Key: string(keys[1])})
	got := fmt.Sprintf("%v %d %d %d %d %s %s", rep.OK, rep.Size, rep.Since, rep.Erased, rep.Rotations, rep.RootSHA256, rep.RootSM3)
	const want = "true 14 6 2 1 990145d4b38e5842ab9fa9aa051608d1c4521fbdc5b3ef7753085cf58fad80f0 24023180e5d289ca5bbf5de5db68bca03f394d93d92cfd29af02c1aee17a52a7"
	if got != want {
		t.Errorf("golden log:\n got %s\nwant %s\n%+v", got, want, rep.Findings)
	}
	again := filepath.Join(t.TempDir(), "again")
	writeGolden(t, again)
	for _, name := range []string{"rows.jsonl", "checkpoint", "checkpoint.sm", "since", "keys"} {
		b, err := os.ReadFile(filepath.Join(again, name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b, read(name)) {
			t.Errorf("today's writer writes another %s; a changed form is a new version with a folder of its own", name)
		}
	}
}

// fileLog is a log read from the golden folder: leaves with bodies, no nodes.
type fileLog struct {
	ed, sm []byte
	rows   []verify.Row
}

func (f *fileLog) Checkpoint() ([]byte, error)   { return f.ed, nil }
func (f *fileLog) CheckpointSM() ([]byte, error) { return f.sm, nil }
func (f *fileLog) HoldsBodies() bool             { return true }
func (f *fileLog) Entries(_ context.Context, from int64) iter.Seq2[verify.Row, error] {
	return func(yield func(verify.Row, error) bool) {
		for _, r := range f.rows[min(from, int64(len(f.rows))):] {
			if !yield(r, nil) {
				return
			}
		}
	}
}
