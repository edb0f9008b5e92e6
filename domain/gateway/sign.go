package gateway

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm3"
)

// Algorithm is how a key signs. It belongs to the key: a request cannot choose.
type Algorithm string

// The algorithms of SIGNING.md.
const (
	HMACSHA256 Algorithm = "HMAC-SHA256"
	HMACSM3    Algorithm = "HMAC-SM3"
)

// MinSecret is the shortest secret in bytes that signs or verifies.
const MinSecret = 32

// SignatureWindow is how far X-Pado-Time may be from the gateway's real time.
const SignatureWindow = 5 * time.Minute

// Credential is a key's secret in memory. Sealing it at rest is for whoever
// provides it.
type Credential struct {
	Algorithm Algorithm
	Secret    []byte
}

// Secrets gives the credential of a key, from memory and at once; false for a
// key that has none.
type Secrets interface {
	Secret(key string) (Credential, bool)
}

// Signed is what a signature covers. Path and RawQuery are as sent, before
// decoding.
type Signed struct {
	Method      string
	Path        string
	RawQuery    string
	Body        []byte
	Key         string
	Time        string // X-Pado-Time: Unix seconds, decimal
	Nonce       string // X-Pado-Nonce
	Idempotency string // Idempotency-Key, "" when absent
}

var errQuery = errors.New("gateway: malformed query")

// StringToSign is the text of SIGNING.md, line by line.
func (s Signed) StringToSign(a Algorithm) (string, error) {
	query, err := CanonicalQuery(s.RawQuery)
	if err != nil {
		return "", err
	}
	var digest []byte
	if a == HMACSM3 {
		sum := sm3.Sum(s.Body)
		digest = sum[:]
	} else {
		sum := sha256.Sum256(s.Body)
		digest = sum[:]
	}
	var b strings.Builder
	b.Grow(256 + len(s.Path) + len(query))
	for _, line := range [...]string{"PADO1-" + string(a), s.Key, s.Time, s.Nonce, s.Method, s.Path, query} {
		b.WriteString(line)
		b.WriteByte('\n')
	}
	b.WriteString(hex.EncodeToString(digest))
	b.WriteByte('\n')
	b.WriteString(s.Idempotency)
	return b.String(), nil
}

// Sign returns the value of X-Pado-Signature: for customers' programs written
// in Go, for examples and for tests.
func Sign(c Credential, s Signed) (string, error) {
	if len(c.Secret) < MinSecret {
		return "", errors.New("gateway: the secret is too short")
	}
	mac, err := c.mac(s)
	if err != nil {
		return "", err
	}
	return hex.EncodeToString(mac), nil
}

func (c Credential) mac(s Signed) ([]byte, error) {
	var h func() hash.Hash
	switch c.Algorithm {
	case HMACSHA256:
		h = sha256.New
	case HMACSM3:
		h = sm3.New
	default:
		return nil, errors.New("gateway: unknown signature algorithm")
	}
	text, err := s.StringToSign(c.Algorithm)
	if err != nil {
		return nil, err
	}
	m := hmac.New(h, c.Secret)
	m.Write([]byte(text))
	return m.Sum(nil), nil
}

var noCredential = Credential{Algorithm: HMACSHA256, Secret: make([]byte, MinSecret)}

// verify compares in constant time and does the same work for a key that does
// not exist.
func verify(secrets Secrets, s Signed, signature string) bool {
	c, known := secrets.Secret(s.Key)
	if !known || len(c.Secret) < MinSecret {
		c, known = noCredential, false
	}
	want, err := c.mac(s)
	if err != nil {
		return false
	}
	got, err := hex.DecodeString(signature)
	return err == nil && hmac.Equal(got, want) && known
}

// CanonicalQuery decodes the pairs of a raw query, sorts them by name and then
// value, as bytes, and encodes them again: everything but A–Z a–z 0–9 - . _ ~
// as %XX in upper case. A name without "=" has an empty value; empty pairs
// vanish. A ";" or a bad escape is an error.
func CanonicalQuery(raw string) (string, error) {
	if raw == "" {
		return "", nil
	}
	pairs, err := parseQuery(raw)
	if err != nil {
		return "", err
	}
	slices.SortFunc(pairs, func(a, b [2]string) int {
		if c := strings.Compare(a[0], b[0]); c != 0 {
			return c
		}
		return strings.Compare(a[1], b[1])
	})
	out := make([]byte, 0, len(raw)+8)
	for i, p := range pairs {
		if i > 0 {
			out = append(out, '&')
		}
		out = escape(out, p[0])
		out = append(out, '=')
		out = escape(out, p[1])
	}
	return string(out), nil
}

func parseQuery(raw string) ([][2]string, error) {
	if strings.IndexByte(raw, ';') >= 0 {
		return nil, errQuery
	}
	var pairs [][2]string
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		var err error
		if name, err = url.QueryUnescape(name); err != nil {
			return nil, errQuery
		}
		if value, err = url.QueryUnescape(value); err != nil {
			return nil, errQuery
		}
		pairs = append(pairs, [2]string{name, value})
	}
	return pairs, nil
}

func escape(dst []byte, s string) []byte {
	const digits = "0123456789ABCDEF"
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '_', c == '~':
			dst = append(dst, c)
		default:
			dst = append(dst, '%', digits[c>>4], digits[c&15])
		}
	}
	return dst
}

// token tells whether s is n to m characters of A–Z a–z 0–9 - _ and what else
// is allowed.
func token(s string, n, m int, also string) bool {
	if len(s) < n || len(s) > m {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || strings.IndexByte(also, c) >= 0) {
			return false
		}
	}
	return true
}

// signedAt checks the form of the signature headers and returns the signed time.
func (s Signed) signedAt(signature string) (int64, bool) {
	if !token(s.Key, 1, 64, ".") || !token(s.Nonce, 16, 64, "") || len(signature) != 2*sha256.Size {
		return 0, false
	}
	if s.Idempotency != "" && !token(s.Idempotency, 8, 64, ".:") {
		return 0, false
	}
	if len(s.Time) < 10 || len(s.Time) > 11 || s.Time[0] < '1' || s.Time[0] > '9' {
		return 0, false
	}
	at, err := strconv.ParseInt(s.Time, 10, 64)
	return at, err == nil
}

// digest is what two requests with one idempotency key must share: all that is
// signed except key, time, nonce and the idempotency key itself.
func (s Signed) digest() (Digest, error) {
	query, err := CanonicalQuery(s.RawQuery)
	if err != nil {
		return Digest{}, err
	}
	h := sha256.New()
	for _, line := range [...]string{s.Method, s.Path, query} {
		h.Write([]byte(line))
		h.Write([]byte{'\n'})
	}
	h.Write(s.Body)
	return Digest(h.Sum(nil)[:16]), nil
}
