package secret_test

import (
	"bytes"
	"crypto/rand"
	"testing"

	"pado/core/secret"
)

func TestSealedOpensOnlyWithItsKeyAndLabel(t *testing.T) {
	kek, other := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	sealed, err := secret.Seal(kek, "log/ed25519", []byte("seed"), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := secret.Open(kek, "log/ed25519", sealed); err != nil || string(got) != "seed" {
		t.Fatalf("got %q, %v", got, err)
	}
	if _, err := secret.Open(other, "log/ed25519", sealed); err != secret.ErrOpen {
		t.Error("opened with another key")
	}
	if _, err := secret.Open(kek, "totp/p1", sealed); err != secret.ErrOpen {
		t.Error("opened under another label")
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := secret.Open(kek, "log/ed25519", bad); err == nil {
			t.Fatalf("a flipped bit at %d went unnoticed", i)
		}
	}
	if _, err := secret.Open(kek, "log/ed25519", sealed[:10]); err == nil {
		t.Error("a truncated secret opened")
	}
}
