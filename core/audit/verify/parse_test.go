package verify

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"pado/core/audit"
	"pado/core/canon"

	"golang.org/x/mod/sumdb/note"
)

func sealed(t testing.TB) audit.Sealed {
	t.Helper()
	s, err := audit.Seal(audit.Entry{
		Type: "case.step", Actor: "p1", Version: 3, Values: map[string]string{"x": "y"},
		Detail: map[string]string{"意见": "\"同意\"\n\x01", "\U0001F600": "beyond", "\uE000": "before"},
	}, 7, time.Unix(1772300000, 0), strings.NewReader(strings.Repeat("salt", 8)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// FuzzBody: the verifier's scanner and the writer's reader, written apart, accept the same bodies and read the same.
func FuzzBody(f *testing.F) {
	body := sealed(f).Body
	f.Add(body)
	f.Add(bytes.Replace(body, []byte(`\u0001`), []byte(`\u001f`), 1))
	f.Add(bytes.Replace(body, []byte(`"done"`), []byte(`"\b"`), 1))
	f.Fuzz(func(t *testing.T, data []byte) {
		mine, err := parseBody(data)
		theirs, err2 := audit.ParseBody(data)
		if err != nil {
			if err2 == nil && len(data) <= maxBody && lawful(theirs, data) {
				t.Fatalf("only the writer reads %q", data)
			}
			return
		}
		if _, err := canon.Parse(data); err != nil {
			t.Fatalf("not canonical and yet read: %q", data)
		}
		if err2 != nil {
			t.Fatalf("only the verifier reads %q", data)
		}
		if mine.Seq != theirs.Seq || mine.Type != theirs.Type || mine.Actor != theirs.Actor || mine.Version != theirs.Version ||
			mine.Result != theirs.Result || !mine.Time.Equal(theirs.Time) || len(mine.Detail) != len(theirs.Detail) || len(mine.Commit) != len(theirs.Commit) {
			t.Fatalf("%q is %+v and %+v", data, mine, theirs)
		}
		for k, v := range mine.Detail {
			if theirs.Detail[k] != v {
				t.Fatalf("detail %q of %q", k, data)
			}
		}
	})
}

// lawful holds what the verifier asks of a body beyond its shape.
func lawful(r audit.Record, data []byte) bool {
	for _, c := range r.Commit {
		if len(c.SHA256) != 64 || len(c.SM3) != 64 {
			return false
		}
	}
	return !bytes.Contains(data, []byte(`:""`)) && !bytes.Contains(data, []byte(`"version":"0"`)) && coarseName([]byte(r.Coarse())) &&
		bytes.Contains(data, []byte(r.Time.Format(timeLayout)))
}

func TestBodyReadAlike(t *testing.T) {
	s := sealed(t)
	r, err := parseBody(s.Body)
	if err != nil || r.Detail["意见"] != "\"同意\"\n\x01" || r.Version != 3 || r.Seq != 7 || r.Commit["x"].SHA256 == "" {
		t.Fatalf("%+v, %v", r, err)
	}
	if p, ok := parseLeaf(s.Public, nil); !ok || p.coarse != "case" || !p.openBody(s.Body, s.Salt, nil) || !p.openBody(s.Body, nil, audit.BodyKey(s.Salt)) ||
		p.openBody(s.Body, nil, s.Salt) || p.openBody(s.Body, s.Salt[:31], nil) {
		t.Error("the body opens where it must not, or does not where it must")
	}
}

func FuzzLeaf(f *testing.F) {
	public := sealed(f).Public
	f.Add(public)
	f.Fuzz(func(t *testing.T, data []byte) {
		p, ok := parseLeaf(data, nil)
		if !ok {
			return
		}
		_, rest, _ := bytes.Cut(data, []byte("\n"))
		v, err := canon.Parse(rest)
		if err != nil {
			t.Fatalf("a leaf that is not canonical was read: %q", data)
		}
		if v.(map[string]any)["type"] != p.coarse || len(data) > maxLeaf {
			t.Fatalf("%q", data)
		}
	})
}

// FuzzNote: what this reader opens, x/mod's opens to the same text; the reverse need not hold, this one is stricter.
func FuzzNote(f *testing.F) {
	keys, err := audit.GenerateKeys("a/log", strings.NewReader(strings.Repeat("0123456789abcdef", 4)))
	if err != nil {
		f.Fatal(err)
	}
	public, err := keys.Signers().Public()
	if err != nil {
		f.Fatal(err)
	}
	v, err := note.NewVerifier(public.Ed25519)
	if err != nil {
		f.Fatal(err)
	}
	key, err := parseKey(public.Ed25519)
	if err != nil {
		f.Fatal(err)
	}
	var h audit.Head
	if _, err := h.Append(audit.Sealed{Public: []byte("x")}); err != nil {
		f.Fatal(err)
	}
	ed, sm, err := keys.Signers().Checkpoints(h)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(ed)
	f.Add(sm)
	f.Add(append(bytes.Clone(ed), "— witness "+strings.Repeat("A", 96)+"\n"...))
	f.Fuzz(func(t *testing.T, msg []byte) {
		cp, err := openCheckpoint(msg, key)
		if err != nil {
			return
		}
		n, err := note.Open(msg, note.VerifierList(v))
		if err != nil || !strings.HasPrefix(n.Text, cp.origin+"\n1\n") || cp.size != 1 {
			t.Fatalf("%q: %v", msg, err)
		}
	})
}

// TestWitnessed: signatures of others under a checkpoint are no trouble, a second bad one of the log's own is.
func TestWitnessed(t *testing.T) {
	keys, err := audit.GenerateKeys("a/log", strings.NewReader(strings.Repeat("0123456789abcdef", 4)))
	if err != nil {
		t.Fatal(err)
	}
	public, err := keys.Signers().Public()
	if err != nil {
		t.Fatal(err)
	}
	var h audit.Head
	if _, err := h.Append(audit.Sealed{Public: []byte("x")}); err != nil {
		t.Fatal(err)
	}
	ed, _, err := keys.Signers().Checkpoints(h)
	if err != nil {
		t.Fatal(err)
	}
	key, err := parseKey(public.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	witness := "— witness.example/w " + strings.Repeat("A", 96) + "\n"
	if _, err := openCheckpoint(append(bytes.Clone(ed), witness...), key); err != nil {
		t.Error(err)
	}
	_, line, _ := bytes.Cut(ed, []byte("\n\n"))
	bad := bytes.Clone(line)
	bad[len(bad)-10] ^= 1
	if _, err := openCheckpoint(append(bytes.Clone(ed), bad...), key); !errors.Is(err, errSig) {
		t.Errorf("a bad second signature: %v", err)
	}
	if _, err := openCheckpoint(append(bytes.Clone(ed), strings.Repeat(witness, maxSigs)...), key); err == nil {
		t.Error("too many signatures were read")
	}
}
