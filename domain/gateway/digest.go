package gateway

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// Digest is half a SHA-256: enough to compare two requests or two answers, too
// short to be taken for a signature's digest.
type Digest [16]byte

func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// Subject stands for a named person or firm wherever the gateway remembers
// one: a keyed digest, so that neither the journal nor the feed holds the
// number itself.
type Subject [16]byte

// IsZero reports that the call was not about a named subject.
func (s Subject) IsZero() bool { return s == Subject{} }

func (s Subject) String() string { return hex.EncodeToString(s[:]) }

// SubjectOf computes the keyed digest of a subject's canonical value, as the
// parameter's type writes it. Whoever records consents uses the same key.
func SubjectOf(key []byte, value string) Subject {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(value))
	return Subject(m.Sum(nil)[:16])
}
