package vault

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"pgregory.net/rapid"
)

func testRing(t testing.TB, fill byte, previous ...byte) *Keyring {
	t.Helper()
	var prev [][]byte
	for _, p := range previous {
		prev = append(prev, bytes.Repeat([]byte{p}, 32))
	}
	r, err := NewKeyring(bytes.Repeat([]byte{fill}, 32), prev...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func testVault(t testing.TB, s Suite) *Vault {
	t.Helper()
	v, err := At(filepath.Join(t.TempDir(), "raw"), testRing(t, 1), s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func put(t testing.TB, v *Vault, id string, content []byte) Object {
	t.Helper()
	w, err := v.Create(id, "测试")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	o, err := w.Commit()
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func get(v *Vault, id string) ([]byte, error) {
	r, err := v.Open(id)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func random(t testing.TB, n int) []byte {
	t.Helper()
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRoundTripAtFrameEdges(t *testing.T) {
	for _, s := range []Suite{AES256GCM, SM4GCM} {
		v := testVault(t, s)
		for i, n := range []int{0, 1, frameLen - 1, frameLen, frameLen + 1, 2 * frameLen, 3*frameLen + 17} {
			id := string(rune('a' + i))
			content := random(t, n)
			o := put(t, v, id, content)
			sum := sha256.Sum256(content)
			if o.Size != int64(n) || o.SHA256 != hex.EncodeToString(sum[:]) || o.Suite != s {
				t.Errorf("%s %d bytes: facts %+v", s, n, o)
			}
			back, err := get(v, id)
			if err != nil || !bytes.Equal(back, content) {
				t.Errorf("%s %d bytes: read back %d, %v", s, n, len(back), err)
			}
			sealed, err := os.ReadFile(v.path(id, ".raw"))
			if err != nil {
				t.Fatal(err)
			}
			if n > 32 && bytes.Contains(sealed, content[:32]) {
				t.Errorf("%s: plaintext on disk", s)
			}
		}
	}
}

func TestRoundTripProperty(t *testing.T) {
	v := testVault(t, AES256GCM)
	i := 0
	rapid.Check(t, func(t *rapid.T) {
		i++
		id := "p" + string(rune('a'+i%26)) + hex.EncodeToString([]byte{byte(i >> 8), byte(i)})
		w, err := v.Create(id, "x")
		if err != nil {
			t.Fatal(err)
		}
		var all []byte
		for range rapid.IntRange(0, 6).Draw(t, "writes") {
			p := bytes.Repeat([]byte{rapid.Byte().Draw(t, "b")}, rapid.IntRange(0, frameLen+3).Draw(t, "len"))
			all = append(all, p...)
			if _, err := w.Write(p); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := w.Commit(); err != nil {
			t.Fatal(err)
		}
		back, err := get(v, id)
		if err != nil || !bytes.Equal(back, all) {
			t.Fatalf("read %d of %d bytes: %v", len(back), len(all), err)
		}
	})
}

// Every way of damaging the frames must be noticed and named.
func TestDamage(t *testing.T) {
	const sealedFrame = frameLen + 16
	damages := []struct {
		name string
		do   func([]byte) []byte
		want error
	}{
		{"cut inside a frame", func(b []byte) []byte { return b[:sealedFrame+100] }, ErrTruncated},
		{"cut at a frame's edge", func(b []byte) []byte { return b[:2*sealedFrame] }, ErrTruncated},
		{"emptied", func([]byte) []byte { return nil }, ErrTruncated},
		{"bit changed", func(b []byte) []byte { b[sealedFrame+5] ^= 1; return b }, ErrTampered},
		{"last bit changed", func(b []byte) []byte { b[len(b)-1] ^= 1; return b }, ErrTampered},
		{"frames swapped", func(b []byte) []byte {
			c := append([]byte{}, b[sealedFrame:2*sealedFrame]...)
			c = append(c, b[:sealedFrame]...)
			return append(c, b[2*sealedFrame:]...)
		}, ErrTampered},
		{"frame doubled", func(b []byte) []byte { return append(append([]byte{}, b[:sealedFrame]...), b...) }, ErrTampered},
		{"bytes appended", func(b []byte) []byte { return append(b, "more"...) }, ErrTampered},
	}
	for _, d := range damages {
		t.Run(d.name, func(t *testing.T) {
			v := testVault(t, AES256GCM)
			put(t, v, "f", random(t, 2*frameLen+50))
			b, err := os.ReadFile(v.path("f", ".raw"))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(v.path("f", ".raw"), d.do(b), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := get(v, "f"); !errors.Is(err, d.want) {
				t.Errorf("got %v, want %v", err, d.want)
			}
		})
	}
}

// The frames alone, without the envelope's size, already show a cut file.
func TestFramesShowTruncation(t *testing.T) {
	a, err := AES256GCM.aead(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	w := newFrameWriter(&buf, a, make([]byte, prefixLen), nil)
	if _, err := w.Write(random(t, 2*frameLen+9)); err != nil {
		t.Fatal(err)
	}
	if err := w.finish(); err != nil {
		t.Fatal(err)
	}
	for _, cut := range []int{0, 5, frameLen + 16, 2 * (frameLen + 16)} {
		r := newFrameReader(bytes.NewReader(buf.Bytes()[:cut]), a, make([]byte, prefixLen), nil)
		if _, err := io.ReadAll(r); !errors.Is(err, ErrTruncated) {
			t.Errorf("cut at %d: %v", cut, err)
		}
	}
}

func TestEnvelopeDamage(t *testing.T) {
	v := testVault(t, AES256GCM)
	put(t, v, "a", []byte("one"))
	put(t, v, "b", []byte("two"))
	env, err := os.ReadFile(v.path("a", ".env"))
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]string{
		`"size":3`:    `"size":4`,
		`aes-256-gcm`: `sm4-gcm`,
		`测试`:          `其他`,
		`"v":1`:       `"v":2`,
	} {
		if err := os.WriteFile(v.path("a", ".env"), bytes.Replace(env, []byte(name), []byte(change), 1), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := v.Stat("a"); !errors.Is(err, ErrTampered) {
			t.Errorf("%s → %s: %v", name, change, err)
		}
	}
	// Another file's envelope opens, but not this file's frames.
	other, err := os.ReadFile(v.path("b", ".env"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(v.path("a", ".env"), other, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := get(v, "a"); !errors.Is(err, ErrTampered) {
		t.Errorf("exchanged envelope: %v", err)
	}
}

func TestWrongKeyAndRotation(t *testing.T) {
	dir := t.TempDir()
	old, err := At(dir, testRing(t, 1), AES256GCM)
	if err != nil {
		t.Fatal(err)
	}
	put(t, old, "f", []byte("content"))
	frames, err := os.ReadFile(old.path("f", ".raw"))
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := At(dir, testRing(t, 2), AES256GCM)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := get(stranger, "f"); !errors.Is(err, ErrWrongKey) {
		t.Errorf("stranger: %v", err)
	}
	if err := stranger.Rewrap("f"); !errors.Is(err, ErrWrongKey) {
		t.Errorf("stranger re-wraps: %v", err)
	}
	both, err := At(dir, testRing(t, 2, 1), AES256GCM)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := both.Rewrap("f"); err != nil {
			t.Fatal(err)
		}
	}
	if b, err := get(stranger, "f"); err != nil || string(b) != "content" {
		t.Errorf("after rotation: %q, %v", b, err)
	}
	if _, err := get(old, "f"); !errors.Is(err, ErrWrongKey) {
		t.Errorf("old key still opens: %v", err)
	}
	if now, _ := os.ReadFile(old.path("f", ".raw")); !bytes.Equal(now, frames) {
		t.Error("rotation touched the frames")
	}
}

func TestCrashLeavesNothingVisibleAndResumes(t *testing.T) {
	content := random(t, 3*frameLen+100)
	for _, written := range []int{0, 10, frameLen + 1, 2*frameLen + 5, len(content)} {
		v := testVault(t, AES256GCM)
		w, err := v.Create("f", "x")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content[:written]); err != nil {
			t.Fatal(err)
		}
		if _, err := v.Create("f", "x"); !errors.Is(err, ErrBusy) {
			t.Errorf("second writer: %v", err)
		}
		w.part.Close() // the process is gone: neither Commit nor Abort
		w.lock.Close()
		if ids, err := v.List(); err != nil || len(ids) != 0 {
			t.Errorf("visible after a crash: %v %v", ids, err)
		}
		if _, err := v.Open("f"); !errors.Is(err, ErrNotFound) {
			t.Errorf("readable after a crash: %v", err)
		}
		w, offset, err := v.Resume("f")
		if err != nil {
			t.Fatal(err)
		}
		if offset > int64(written) || offset%frameLen != 0 {
			t.Errorf("%d written, resumed at %d", written, offset)
		}
		if written > frameLen && offset == 0 {
			t.Errorf("%d written, nothing kept", written)
		}
		if _, err := w.Write(content[offset:]); err != nil {
			t.Fatal(err)
		}
		o, err := w.Commit()
		sum := sha256.Sum256(content)
		if err != nil || o.SHA256 != hex.EncodeToString(sum[:]) {
			t.Errorf("resumed: %+v %v", o, err)
		}
	}
}

func TestCrashBetweenRenames(t *testing.T) {
	v := testVault(t, AES256GCM)
	content := random(t, 2*frameLen)
	w, err := v.Create("f", "x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.frames.finish(); err != nil {
		t.Fatal(err)
	}
	w.part.Close()
	w.lock.Close()
	if err := os.Rename(v.path("f", ".part"), v.path("f", ".raw")); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Open("f"); !errors.Is(err, ErrNotFound) {
		t.Errorf("visible before its envelope: %v", err)
	}
	w, offset, err := v.Resume("f")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content[offset:]); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	if b, err := get(v, "f"); err != nil || !bytes.Equal(b, content) {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}

type fullDisk struct {
	w    io.Writer
	left int
}

func (f *fullDisk) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, &os.PathError{Op: "write", Path: "/secret/place", Err: syscall.ENOSPC}
	}
	return f.w.Write(p)
}

func TestFullDisk(t *testing.T) {
	for _, left := range []int{0, frameLen + 20} {
		v := testVault(t, AES256GCM)
		v.fault = func(w io.Writer) io.Writer { return &fullDisk{w, left} }
		w, err := v.Create("f", "x")
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Write(random(t, 3*frameLen))
		if !errors.Is(err, ErrDiskFull) || !errors.Is(err, syscall.ENOSPC) || strings.Contains(err.Error(), "secret") {
			t.Errorf("write: %v", err)
		}
		if _, err := w.Commit(); !errors.Is(err, ErrDiskFull) {
			t.Errorf("commit: %v", err)
		}
		w.Abort()
		if e, _ := os.ReadDir(v.dir); len(e) != 0 {
			t.Errorf("left behind: %v", e)
		}
	}
}

// Many writers of one id, some of whom give up: whole objects only.
func TestRacingWriters(t *testing.T) {
	v := testVault(t, AES256GCM)
	for round := range 30 {
		id := fmt.Sprint("r", round)
		done := make(chan error, 6)
		for k := range cap(done) {
			go func() {
				w, err := v.Create(id, "x")
				if err == nil {
					_, err = w.Write(bytes.Repeat([]byte{byte(k)}, 3*frameLen))
				}
				if err == nil && k%3 == 0 {
					w.Abort()
					err = ErrBusy
				} else if err == nil {
					_, err = w.Commit()
				}
				done <- err
			}()
		}
		good := 0
		for range cap(done) {
			switch err := <-done; {
			case err == nil:
				good++
			case !errors.Is(err, ErrBusy) && !errors.Is(err, ErrExists):
				t.Error(err)
			}
		}
		b, err := get(v, id)
		if good > 1 || good == 1 && (err != nil || len(b) != 3*frameLen || b[0] != b[len(b)-1]) || good == 0 && !errors.Is(err, ErrNotFound) {
			t.Fatalf("round %d: %d commits, read %d bytes, %v", round, good, len(b), err)
		}
	}
	e, err := os.ReadDir(v.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range e {
		if x := filepath.Ext(f.Name()); x != ".raw" && x != ".env" {
			t.Errorf("left behind: %s", f.Name())
		}
	}
}

func TestDestroy(t *testing.T) {
	v := testVault(t, AES256GCM)
	o := put(t, v, "f", []byte("content"))
	d, err := v.Destroy("f")
	if err != nil || d.Object != o || d.EnvelopeSHA256 == "" {
		t.Fatalf("%+v %v", d, err)
	}
	if again, err := v.Destroy("f"); err != nil || again.EnvelopeSHA256 != d.EnvelopeSHA256 {
		t.Errorf("again: %+v %v", again, err)
	}
	if _, err := v.Open("f"); !errors.Is(err, ErrDestroyed) {
		t.Errorf("open: %v", err)
	}
	if _, err := v.Create("f", "x"); !errors.Is(err, ErrDestroyed) {
		t.Errorf("create: %v", err)
	}
	if _, err := v.Destroy("never"); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown: %v", err)
	}
	e, err := os.ReadDir(v.dir)
	if err != nil || len(e) != 1 || e[0].Name() != "f.gone" {
		t.Errorf("left: %v", e)
	}
}

func TestIDs(t *testing.T) {
	v := testVault(t, AES256GCM)
	for _, id := range []string{"", "../x", "a/b", ".hidden", "A", strings.Repeat("a", 129)} {
		if _, err := v.Create(id, "x"); !errors.Is(err, ErrBadID) {
			t.Errorf("%q: %v", id, err)
		}
		if _, err := v.Open(id); !errors.Is(err, ErrBadID) {
			t.Errorf("open %q: %v", id, err)
		}
	}
	put(t, v, "taken", nil)
	if _, err := v.Create("taken", "x"); !errors.Is(err, ErrExists) {
		t.Errorf("taken: %v", err)
	}
}
