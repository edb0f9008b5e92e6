package vault

import (
	"bytes"
	"strings"
)

const secretVersion = 1

var suiteByte = map[Suite]byte{AES256GCM: 1, SM4GCM: 2}

// Seal encrypts a small secret under the KEK with AES-256-GCM. The label says
// what the secret is for ("totp/USER"); the same label must be given to Open,
// so that one secret cannot be put in the place of another. A label holds no
// NUL. Two calls never give the same bytes.
func Seal(kekBytes []byte, label string, plaintext []byte) ([]byte, error) {
	return SealSuite(AES256GCM, kekBytes, label, plaintext)
}

// SealSuite is Seal with the suite chosen.
func SealSuite(s Suite, kekBytes []byte, label string, plaintext []byte) ([]byte, error) {
	k, err := derive(kekBytes)
	if err != nil {
		return nil, err
	}
	if !s.valid() || strings.ContainsRune(label, 0) {
		return nil, ErrBadID
	}
	body, err := sealWith(s, k.secret, plaintext, aad("pado/secret/v1", string(s), label))
	if err != nil {
		return nil, err
	}
	out := append([]byte{secretVersion, suiteByte[s]}, k.rawID...)
	return append(out, body...), nil
}

// Open reverses Seal and SealSuite. ErrWrongKey means that another KEK sealed
// it, ErrTampered that the bytes or the label are not those of the sealing.
func Open(kekBytes []byte, label string, sealed []byte) ([]byte, error) {
	k, err := derive(kekBytes)
	if err != nil {
		return nil, err
	}
	if len(sealed) < 10 {
		return nil, ErrTruncated
	}
	if sealed[0] != secretVersion {
		return nil, ErrTampered
	}
	if !bytes.Equal(sealed[2:10], k.rawID) {
		return nil, ErrWrongKey
	}
	for s, b := range suiteByte {
		if b == sealed[1] {
			return openWith(s, k.secret, sealed[10:], aad("pado/secret/v1", string(s), label))
		}
	}
	return nil, ErrTampered
}

// Reseal moves a secret from one KEK to another, for rotation.
func Reseal(oldKEK, newKEK []byte, label string, sealed []byte) ([]byte, error) {
	plain, err := Open(oldKEK, label, sealed)
	if err != nil {
		return nil, err
	}
	for s, b := range suiteByte {
		if b == sealed[1] {
			return SealSuite(s, newKEK, label, plain)
		}
	}
	return nil, ErrTampered
}
