package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"

	"github.com/emmansun/gmsm/sm4"
)

// Suite names the authenticated cipher of a file or secret.
type Suite string

// The two suites. SM4 is here for installations that must use national
// algorithms (facts 6.7); a Go library gives the function, not the certificate.
const (
	AES256GCM Suite = "aes-256-gcm"
	SM4GCM    Suite = "sm4-gcm"
)

func (s Suite) valid() bool { return s == AES256GCM || s == SM4GCM }

const dataKeyLen = 32

// aead builds the suite's cipher from a 32-byte data key.
func (s Suite) aead(key []byte) (cipher.AEAD, error) {
	var block cipher.Block
	var err error
	switch {
	case len(key) != dataKeyLen:
		return nil, ErrBadKey
	case s == AES256GCM:
		block, err = aes.NewCipher(key)
	case s == SM4GCM:
		block, err = sm4.NewCipher(key[:16])
	default:
		return nil, ErrTampered
	}
	if err != nil {
		return nil, ErrBadKey
	}
	return cipher.NewGCM(block)
}

// kek holds what is derived from one key-encryption key.
type kek struct {
	id     string
	rawID  []byte
	wrap   []byte
	secret []byte
}

func derive(key []byte) (kek, error) {
	if len(key) != dataKeyLen {
		return kek{}, ErrBadKey
	}
	sub := func(info string) ([]byte, error) { return hkdf.Key(sha256.New, key, nil, info, dataKeyLen) }
	wrap, err := sub("pado/kek/wrap")
	if err != nil {
		return kek{}, ErrBadKey
	}
	secret, err := sub("pado/kek/secret")
	if err != nil {
		return kek{}, ErrBadKey
	}
	id, err := sub("pado/kek/id")
	if err != nil {
		return kek{}, ErrBadKey
	}
	return kek{id: hex.EncodeToString(id[:8]), rawID: id[:8], wrap: wrap, secret: secret}, nil
}

// Keyring holds the KEK in use and those before it. New data keys are wrapped
// under the current one; the earlier ones only open. At this point the keys
// are in memory only; the ring never writes them anywhere.
type Keyring struct {
	current kek
	all     map[string]kek
}

// NewKeyring takes 32-byte KEKs; previous ones stay readable until every
// envelope has been re-wrapped.
func NewKeyring(current []byte, previous ...[]byte) (*Keyring, error) {
	k, err := derive(current)
	if err != nil {
		return nil, err
	}
	ring := &Keyring{current: k, all: map[string]kek{k.id: k}}
	for _, p := range previous {
		k, err := derive(p)
		if err != nil {
			return nil, err
		}
		ring.all[k.id] = k
	}
	return ring, nil
}

// ID is the public name of the current KEK: it identifies, it does not reveal.
func (r *Keyring) ID() string { return r.current.id }

func (r *Keyring) wrap(dataKey []byte, label string) ([]byte, error) {
	return sealWith(AES256GCM, r.current.wrap, dataKey, aad("pado/wrap/v1", label))
}

func (r *Keyring) unwrap(id string, wrapped []byte, label string) ([]byte, error) {
	k, ok := r.all[id]
	if !ok {
		return nil, ErrWrongKey
	}
	key, err := openWith(AES256GCM, k.wrap, wrapped, aad("pado/wrap/v1", label))
	if err != nil || len(key) != dataKeyLen {
		return nil, ErrTampered
	}
	return key, nil
}

// aad joins parts with NUL, which no label may contain.
func aad(parts ...string) []byte {
	var b []byte
	for i, p := range parts {
		if i > 0 {
			b = append(b, 0)
		}
		b = append(b, p...)
	}
	return b
}

func sealWith(s Suite, key, plaintext, ad []byte) ([]byte, error) {
	a, err := s.aead(key)
	if err != nil {
		return nil, err
	}
	out := make([]byte, a.NonceSize(), a.NonceSize()+len(plaintext)+a.Overhead())
	if _, err := rand.Read(out); err != nil {
		return nil, with(ErrIO, err)
	}
	return a.Seal(out, out[:a.NonceSize()], plaintext, ad), nil
}

func openWith(s Suite, key, sealed, ad []byte) ([]byte, error) {
	a, err := s.aead(key)
	if err != nil {
		return nil, err
	}
	if len(sealed) < a.NonceSize()+a.Overhead() {
		return nil, ErrTruncated
	}
	plain, err := a.Open(nil, sealed[:a.NonceSize()], sealed[a.NonceSize():], ad)
	if err != nil {
		return nil, ErrTampered
	}
	return plain, nil
}
