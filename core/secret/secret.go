// Package secret seals small secrets (log keys, signing secrets, connector credentials) under
// the one key-encryption key (KEK), which lives outside the data directory. AES-256-GCM; the
// label is authenticated, so a secret moved to another place does not open there.
package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

// KEKSize is the length of a key-encryption key in bytes.
const KEKSize = 32

const version = 1

// ErrOpen: the sealed bytes, the label or the key do not belong together.
var ErrOpen = errors.New("the sealed secret does not open with this key and label")

func aead(kek []byte, label string) (cipher.AEAD, error) {
	if len(kek) != KEKSize {
		return nil, fmt.Errorf("the key-encryption key has %d bytes instead of %d", len(kek), KEKSize)
	}
	k, err := hkdf.Key(sha256.New, kek, nil, "pado secret "+label, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(k)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// Seal encrypts plain for the place called label: version byte, 12-byte nonce, ciphertext.
func Seal(kek []byte, label string, plain []byte, rnd io.Reader) ([]byte, error) {
	a, err := aead(kek, label)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 1+a.NonceSize(), 1+a.NonceSize()+len(plain)+a.Overhead())
	out[0] = version
	if _, err := io.ReadFull(rnd, out[1:]); err != nil {
		return nil, err
	}
	return a.Seal(out, out[1:], plain, []byte(label)), nil
}

// Open is the inverse of Seal; ErrOpen when anything differs.
func Open(kek []byte, label string, sealed []byte) ([]byte, error) {
	a, err := aead(kek, label)
	if err != nil {
		return nil, err
	}
	if len(sealed) < 1+a.NonceSize()+a.Overhead() || sealed[0] != version {
		return nil, ErrOpen
	}
	plain, err := a.Open(nil, sealed[1:1+a.NonceSize()], sealed[1+a.NonceSize():], []byte(label))
	if err != nil {
		return nil, ErrOpen
	}
	return plain, nil
}

// alphabet leaves out what people mix up when they read a password aloud.
const alphabet = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"

// Password draws a one-time password of 16 characters in four groups, over 90 bits.
func Password(rnd io.Reader) (string, error) {
	out := make([]byte, 0, 19)
	var b [1]byte
	for len(out) < 19 {
		if len(out)%5 == 4 {
			out = append(out, '-')
			continue
		}
		if _, err := io.ReadFull(rnd, b[:]); err != nil {
			return "", err
		}
		if int(b[0]) < 256-256%len(alphabet) { // no character is likelier than another
			out = append(out, alphabet[int(b[0])%len(alphabet)])
		}
	}
	return string(out), nil
}
