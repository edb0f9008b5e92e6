package vault

import (
	"bytes"
	"errors"
	"testing"
)

func TestSecrets(t *testing.T) {
	k1, k2 := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	for _, s := range []Suite{AES256GCM, SM4GCM} {
		sealed, err := SealSuite(s, k1, "totp/u1", []byte("seed"))
		if err != nil {
			t.Fatal(err)
		}
		if b, err := Open(k1, "totp/u1", sealed); err != nil || string(b) != "seed" {
			t.Errorf("%q %v", b, err)
		}
		if _, err := Open(k1, "totp/u2", sealed); !errors.Is(err, ErrTampered) {
			t.Errorf("other label: %v", err)
		}
		if _, err := Open(k2, "totp/u1", sealed); !errors.Is(err, ErrWrongKey) {
			t.Errorf("other key: %v", err)
		}
		for i := range sealed {
			c := bytes.Clone(sealed)
			c[i] ^= 1
			if _, err := Open(k1, "totp/u1", c); err == nil {
				t.Errorf("byte %d changed unnoticed", i)
			}
		}
		for n := range sealed {
			if _, err := Open(k1, "totp/u1", sealed[:n]); err == nil {
				t.Errorf("cut to %d unnoticed", n)
			}
		}
		moved, err := Reseal(k1, k2, "totp/u1", sealed)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := Open(k2, "totp/u1", moved); err != nil || string(b) != "seed" || moved[1] != sealed[1] {
			t.Errorf("moved: %q %v", b, err)
		}
	}
	if _, err := Seal(k1[:31], "x", nil); !errors.Is(err, ErrBadKey) {
		t.Errorf("short key: %v", err)
	}
}

func FuzzOpenSecret(f *testing.F) {
	key := bytes.Repeat([]byte{7}, 32)
	f.Add(uint(0), byte(1), []byte{})
	f.Add(uint(5), byte(0), []byte("tail"))
	f.Fuzz(func(t *testing.T, at uint, flip byte, tail []byte) {
		b, err := Seal(key, "l", []byte("x"))
		if err != nil {
			t.Fatal(err)
		}
		b[at%uint(len(b))] ^= flip
		b = append(b, tail...)
		if p, err := Open(key, "l", b); err == nil && (flip != 0 || len(tail) != 0) {
			t.Errorf("opened changed bytes to %q", p)
		}
		if _, err := Open(key, "l", tail); err == nil {
			t.Error("opened foreign bytes")
		}
	})
}
