package audit_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"

	"pado/core/audit"
	"pado/core/audit/verify"

	"github.com/emmansun/gmsm/sm2"
	"golang.org/x/mod/sumdb/note"
	"pgregory.net/rapid"
)

const origin = "data.example.gov.cn/log"

func newKeys(t testing.TB, seed byte) (audit.Keys, audit.PublicKeys) {
	t.Helper()
	k, err := audit.GenerateKeys(origin, seeded(seed))
	if err != nil {
		t.Fatal(err)
	}
	p, err := k.Signers().Public()
	if err != nil {
		t.Fatal(err)
	}
	return k, p
}

// TestCheckpoints: the Ed25519 note is read by x/mod alone, the SM2 note by gmsm alone, both by Open*.
func TestCheckpoints(t *testing.T) {
	m := newMemory(11)
	m.fill(t, 13)
	keys, public := newKeys(t, 20)
	ed, sm, err := keys.Signers().Checkpoints(m.head)
	if err != nil {
		t.Fatal(err)
	}
	root256, rootSM3 := m.head.Roots()
	b64 := base64.StdEncoding.EncodeToString
	text := origin + "\n13\n" + b64(root256[:]) + "\n"
	v, err := note.NewVerifier(public.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := note.Open(ed, note.VerifierList(v)); err != nil || n.Text != text {
		t.Errorf("x/mod reads %v, %v", n, err)
	}
	textSM := origin + "/sm3\n13\n" + b64(rootSM3[:]) + "\nsha256 " + b64(root256[:]) + "\n"
	signed, line, _ := strings.Cut(string(sm), "\n\n")
	fields := strings.Fields(line)
	sig, err := base64.StdEncoding.DecodeString(fields[2])
	if err != nil || signed+"\n" != textSM || !sm2.VerifyASN1WithSM2(&keys.SM2.PublicKey, nil, []byte(textSM), sig[4:]) {
		t.Errorf("gmsm does not read %s", sm)
	}
	c1, err1 := audit.OpenCheckpoint(ed, public.Ed25519)
	c2, err2 := audit.OpenCheckpointSM(sm, public.SM2)
	if err1 != nil || err2 != nil || c1.Size != 13 || c2.Size != 13 || c1.Origin != origin || c2.Origin != origin ||
		!bytes.Equal(c1.SHA256, root256[:]) || !bytes.Equal(c2.SHA256, root256[:]) || !bytes.Equal(c2.SM3, rootSM3[:]) || c1.SM3 != nil {
		t.Errorf("%+v %v, %+v %v", c1, err1, c2, err2)
	}
	again, againSM, _ := keys.Signers().Checkpoints(m.head)
	if !bytes.Equal(ed, again) || !bytes.Equal(sm, againSM) {
		t.Error("signing one head twice gives two notes")
	}
	if _, err := audit.OpenCheckpoint(sm, public.Ed25519); err == nil {
		t.Error("the SM note passes for the Ed25519 one")
	}
	if _, err := audit.OpenCheckpointSM(ed, public.SM2); err == nil {
		t.Error("the Ed25519 note passes for the SM one")
	}
	if _, _, err := keys.Signers().Checkpoints(audit.Head{}); err == nil {
		t.Error("signed the empty log")
	}
	signer, err := note.NewSigner("PRIVATE+KEY+" + strings.Replace(public.Ed25519, public.Ed25519[strings.LastIndexByte(public.Ed25519, '+')+1:],
		b64(append([]byte{1}, keys.Ed25519.Seed()...)), 1))
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := note.Sign(&note.Note{Text: strings.Replace(text, origin, "elsewhere/log", 1)}, signer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := audit.OpenCheckpoint(stranger, public.Ed25519); err == nil {
		t.Error("opened the checkpoint of another log")
	}
	_, other := newKeys(t, 21)
	if _, err := audit.OpenCheckpoint(ed, other.Ed25519); err == nil {
		t.Error("opened with another key")
	}
	if _, err := audit.OpenCheckpointSM(sm, other.SM2); err == nil {
		t.Error("opened with another SM2 key")
	}
	rapid.Check(t, func(t *rapid.T) { // any bit of either note
		which := rapid.Bool().Draw(t, "sm")
		msg := bytes.Clone(ed)
		if which {
			msg = bytes.Clone(sm)
		}
		msg[rapid.IntRange(0, len(msg)-1).Draw(t, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		// Base64 that is not strict leaves unused bits free; what such a note states is still what was signed.
		a, err1 := audit.OpenCheckpoint(msg, public.Ed25519)
		b, err2 := audit.OpenCheckpointSM(msg, public.SM2)
		if (err1 == nil && fmt.Sprint(a) != fmt.Sprint(c1)) || (err2 == nil && fmt.Sprint(b) != fmt.Sprint(c2)) {
			t.Fatalf("a changed note states something else: %s", msg)
		}
	})
}

func TestExtends(t *testing.T) {
	m, fork := newMemory(12), newMemory(12)
	m.fill(t, 30)
	fork.fill(t, 20)
	fork.write(t, audit.Entry{Type: "case.step", Actor: "forger"})
	fork.fill(t, 30)
	for size := 1; size <= 30; size++ {
		h := m.head
		if size < 30 {
			h = m.heads[size]
		}
		root256, rootSM3 := h.Roots()
		cp := audit.Checkpoint{Origin: origin, Size: int64(size), SHA256: root256[:], SM3: rootSM3[:]}
		if err := audit.Extends(m, m.head, cp); err != nil {
			t.Errorf("own prefix %d: %v", size, err)
		}
		err := audit.Extends(fork, fork.head, cp)
		if (size <= 20) != (err == nil) || (size > 20 && !errors.Is(err, audit.ErrForked)) {
			t.Errorf("fork at 20 seen from %d: %v", size, err)
		}
		if err := audit.Extends(m, m.heads[size-1], cp); !errors.Is(err, audit.ErrForked) {
			t.Errorf("a restored log of %d leaves extends a checkpoint of %d", size-1, size)
		}
		cp.SM3 = bytes.Clone(cp.SM3)
		cp.SM3[0] ^= 1
		if err := audit.Extends(m, m.head, cp); !errors.Is(err, audit.ErrForked) {
			t.Errorf("a wrong SM3 root at %d: %v", size, err)
		}
	}
}

func TestKeys(t *testing.T) {
	a, pa := newKeys(t, 22)
	b, pb := newKeys(t, 22)
	if pa != pb {
		t.Error("the same bytes gave two keys")
	}
	sealed, err := a.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	back, err := audit.ParseKeys(sealed)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := back.Signers().Public(); err != nil || p != pa || back.Origin != origin || !back.Ed25519.Equal(b.Ed25519) {
		t.Errorf("keys came back as %v, %v", p, err)
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 0x20
		k, err := audit.ParseKeys(bad)
		if err != nil {
			if strings.Contains(err.Error(), "PADO") {
				t.Fatalf("the error shows the file: %v", err)
			}
			continue
		}
		if p, _ := k.Signers().Public(); p == pa && !k.SM2.Equal(a.SM2) {
			t.Fatal("other keys under the same name")
		}
	}
	for _, bad := range [][]byte{nil, sealed[:len(sealed)/2], append(bytes.Clone(sealed), sealed...)} {
		if _, err := audit.ParseKeys(bad); err == nil {
			t.Error("read damaged keys")
		}
	}
	if _, err := audit.GenerateKeys(origin, bytes.NewReader(make([]byte, 40))); err == nil {
		t.Error("made keys of too little")
	}
	if _, err := audit.GenerateKeys(origin, bytes.NewReader(make([]byte, 1000))); err == nil {
		t.Error("made an SM2 key of zeros")
	}
	for _, bad := range []string{"", "a b", "a+b", "a\nb", "a\u3000b", "x/sm3", "\xff", strings.Repeat("x", 201)} {
		if _, err := audit.GenerateKeys(bad, seeded(1)); err == nil {
			t.Errorf("made keys for origin %q", bad)
		}
	}
}

// device stands in for a certified SM2 device: it knows digests and nothing else.
type device struct {
	key   *sm2.PrivateKey
	asked int
	fault error
	wrong bool
}

func (d *device) Public() []byte { return audit.SoftSM2(d.key).Public() }
func (d *device) SignDigest(e []byte) ([]byte, error) {
	d.asked++
	if d.fault != nil {
		return nil, d.fault
	}
	if d.wrong {
		e = bytes.Repeat([]byte{7}, len(e))
	}
	return d.key.Sign(nil, e, nil)
}

func TestDevice(t *testing.T) {
	m := newMemory(13)
	m.fill(t, 3)
	keys, public := newKeys(t, 23)
	d := &device{key: keys.SM2}
	sm, err := audit.SignCheckpointSM(origin, m.head, d)
	if err != nil || d.asked != 1 {
		t.Fatal(err)
	}
	if _, err := audit.OpenCheckpointSM(sm, public.SM2); err != nil {
		t.Error(err)
	}
	d.fault = errors.New("slot empty")
	if _, err := audit.SignCheckpointSM(origin, m.head, d); !errors.Is(err, d.fault) {
		t.Errorf("a failing device: %v", err)
	}
	d.fault, d.wrong = nil, true
	if _, err := audit.SignCheckpointSM(origin, m.head, d); err == nil {
		t.Error("a device that signs something else went unnoticed")
	}
	if _, err := audit.SignCheckpoint(origin, m.head, keys.SM2); err == nil {
		t.Error("an SM2 key signed the Ed25519 note")
	}
}

func TestRotation(t *testing.T) {
	m := newMemory(14)
	m.fill(t, 9)
	old, oldPublic := newKeys(t, 24)
	next, nextPublic := newKeys(t, 25)
	e, err := audit.Rotation(old.Signers(), next.Signers(), m.head)
	if err != nil {
		t.Fatal(err)
	}
	e.Actor, e.Clause = "p9", "3"
	before, after, err := audit.CheckRotation(e.Detail)
	if err != nil || before != oldPublic || after != nextPublic {
		t.Fatalf("%v, %v, %v", before, after, err)
	}
	if s := m.write(t, e); s.Seq != 9 {
		t.Fatal(s.Seq)
	}
	for name := range e.Detail {
		bad := map[string]string{}
		for k, v := range e.Detail {
			bad[k] = v
		}
		b := []byte(bad[name])
		b[len(b)/2] ^= 1
		bad[name] = string(b)
		if _, _, err := audit.CheckRotation(bad); err == nil {
			t.Errorf("a rotation with another %s holds", name)
		}
		delete(bad, name)
		if _, _, err := audit.CheckRotation(bad); err == nil {
			t.Errorf("a rotation without %s holds", name)
		}
	}
	if _, err := audit.Rotation(old.Signers(), old.Signers(), m.head); err == nil {
		t.Error("rotated to the same keys")
	}
	stranger, err := audit.GenerateKeys("elsewhere/log", seeded(26))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := audit.Rotation(old.Signers(), stranger.Signers(), m.head); err == nil {
		t.Error("rotated to the keys of another log")
	}
	if _, err := audit.Rotation(old.Signers(), next.Signers(), audit.Head{}); err == nil {
		t.Error("rotated the keys of an empty log")
	}
}

// TestReceipts: a written proof is checked offline, for every leaf and both trees, and only for its own leaf.
func TestReceipts(t *testing.T) {
	m := newMemory(15)
	m.fill(t, 21)
	keys, public := newKeys(t, 27)
	ed, sm, err := keys.Signers().Checkpoints(m.head)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range m.rows {
		for tree, c := range map[audit.Tree]struct {
			note []byte
			key  string
		}{audit.SHA256: {ed, public.Ed25519}, audit.SM3: {sm, public.SM2}} {
			path, err := audit.Inclusion(m, tree, s.Seq, m.head.Size)
			if err != nil {
				t.Fatal(err)
			}
			text := audit.WriteProof(tree, s.Seq, path, c.note)
			got, err := verify.CheckReceipt(s.Public, text, c.key)
			if err != nil || got != (verify.Receipt{Origin: origin, Index: s.Seq, Size: 21}) {
				t.Fatalf("%s receipt of %d: %+v, %v\n%s", tree, i, got, err, text)
			}
			if _, err := verify.CheckReceipt(m.rows[(i+1)%21].Public, text, c.key); err == nil {
				t.Fatalf("the receipt of %d holds for its neighbour", i)
			}
			for at := range text {
				bad := bytes.Clone(text)
				bad[at] ^= 1
				if _, err := verify.CheckReceipt(s.Public, bad, c.key); err == nil {
					t.Fatalf("%s receipt of %d holds with byte %d changed:\n%s", tree, i, at, bad)
				}
			}
			if i%5 != 0 {
				break
			}
		}
	}
}

func TestDisclosure(t *testing.T) {
	m := newMemory(16)
	m.fill(t, 3)
	s := m.rows[2]
	line, err := audit.Disclosure(s.Seq, s.Body, s.Salt)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(line, []byte(base64.StdEncoding.EncodeToString(s.Salt))) {
		t.Error("the salt is shown")
	}
	if leaf, err := audit.Leaf("case", audit.BodyKey(s.Salt), s.Body); err != nil || !bytes.Equal(leaf, s.Public) {
		t.Error("the body key does not open the leaf")
	}
	if _, err := audit.Disclosure(s.Seq, s.Body, nil); err == nil {
		t.Error("disclosed without a salt")
	}
}

// TestPure: this room computes. It reaches no database, network, clock or environment.
func TestPure(t *testing.T) {
	banned := map[string]string{
		"database/sql": "the store owns the records", "net/http": "faces speak HTTP", "net": "faces speak HTTP",
		"os": "the caller reads files", "pado/core/store": "the store calls us", "crypto/rand": "chance is an input",
	}
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		src, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(src, []byte("time.Now")) {
			t.Errorf("%s reads the clock", f.Name())
		}
		ast, err := parser.ParseFile(token.NewFileSet(), f.Name(), src, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, imp := range ast.Imports {
			path, _ := strconv.Unquote(imp.Path.Value)
			if why, bad := banned[path]; bad || (strings.HasPrefix(path, "pado/") && path != "pado/core/canon") {
				t.Errorf("%s imports %s: %s", f.Name(), path, why)
			}
		}
	}
}
