package vault

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"io"
	"strconv"
	"strings"
)

// envelope is the small file beside the frames; FORMAT.md fixes its fields.
type envelope struct {
	V       int    `json:"v"`
	Suite   Suite  `json:"suite"`
	Label   string `json:"label"`
	Frame   int    `json:"frame"`
	Prefix  string `json:"prefix"`
	KEK     string `json:"kek"`
	Wrapped string `json:"wrapped"`
	Size    int64  `json:"size"`
	SHA256  string `json:"sha256"`
	MAC     string `json:"mac"`
}

var b64 = base64.StdEncoding

// newEnvelope draws a data key and a nonce prefix for one file.
func newEnvelope(ring *Keyring, s Suite, label string) (envelope, []byte, error) {
	if !s.valid() || strings.ContainsRune(label, 0) {
		return envelope{}, nil, ErrBadID
	}
	key := make([]byte, dataKeyLen)
	prefix := make([]byte, prefixLen)
	for _, b := range [][]byte{key, prefix} {
		if _, err := rand.Read(b); err != nil {
			return envelope{}, nil, with(ErrIO, err)
		}
	}
	wrapped, err := ring.wrap(key, label)
	if err != nil {
		return envelope{}, nil, err
	}
	e := envelope{V: 1, Suite: s, Label: label, Frame: frameLen, Prefix: b64.EncodeToString(prefix),
		KEK: ring.ID(), Wrapped: b64.EncodeToString(wrapped), Size: -1}
	e.MAC, err = e.mac(key)
	return e, key, err
}

// mac covers everything that must not change for the life of the file.
func (e *envelope) mac(dataKey []byte) (string, error) {
	mk, err := hkdf.Key(sha256.New, dataKey, nil, "pado/env/mac", 32)
	if err != nil {
		return "", ErrBadKey
	}
	h := hmac.New(sha256.New, mk)
	for _, f := range []string{strconv.Itoa(e.V), string(e.Suite), e.Label, strconv.Itoa(e.Frame), e.Prefix,
		strconv.FormatInt(e.Size, 10), e.SHA256} {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(f)))
		h.Write(n[:])
		io.WriteString(h, f)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// open checks the envelope and gives the data key.
func (e *envelope) open(ring *Keyring) ([]byte, error) {
	wrapped, err := b64.DecodeString(e.Wrapped)
	if err != nil || e.V != 1 || !e.Suite.valid() || e.Frame != frameLen {
		return nil, ErrTampered
	}
	key, err := ring.unwrap(e.KEK, wrapped, e.Label)
	if err != nil {
		return nil, err
	}
	mac, err := e.mac(key)
	if err != nil {
		return nil, err
	}
	if !hmac.Equal([]byte(mac), []byte(e.MAC)) {
		return nil, ErrTampered
	}
	return key, nil
}

func (e *envelope) frameParts(dataKey []byte) (prefix, ad []byte, err error) {
	prefix, err = b64.DecodeString(e.Prefix)
	if err != nil || len(prefix) != prefixLen {
		return nil, nil, ErrTampered
	}
	return prefix, aad("pado/raw/v1", string(e.Suite), e.Label), nil
}

// sealedSize is the exact length of the frames of size plaintext bytes.
func (e *envelope) sealedSize() int64 {
	frames := (e.Size + frameLen - 1) / frameLen
	if frames == 0 {
		frames = 1
	}
	return e.Size + frames*16
}

func (e *envelope) encode() ([]byte, error) {
	b, err := json.Marshal(e)
	if err != nil {
		return nil, ErrIO
	}
	return append(b, '\n'), nil
}

func decodeEnvelope(b []byte) (envelope, error) {
	var e envelope
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		return envelope{}, ErrTampered
	}
	return e, nil
}
