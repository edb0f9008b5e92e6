package identity

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"pado/core/secret"
)

// Cost of a hash: argon2id, 64 MiB, one pass, about 60 ms of one core of 2024.
const (
	passes   = 1
	lanes    = 1
	saltSize = 16
	keySize  = 32

	maxPassword = 128 // bytes
	maxWaiting  = 48  // hashes that may queue; more are told to come back
)

// memoryKiB is a variable for the tests of this package only.
var memoryKiB uint32 = 64 << 10

var errBusy = fail(codeTooMany, msgTooMany)

// gate bounds how much memory hashing takes in the whole process, however many ask at once.
type gate struct {
	slots   chan struct{}
	waiting atomic.Int32
}

var hashing = &gate{slots: make(chan struct{}, max(1, min(4, runtime.GOMAXPROCS(0))))}

func (g *gate) run(ctx context.Context, f func()) error {
	defer g.waiting.Add(-1)
	if g.waiting.Add(1) > maxWaiting {
		return errBusy
	}
	select {
	case g.slots <- struct{}{}:
		defer func() { <-g.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	f()
	return nil
}

// Hash makes the stored form of a password: "$argon2id$v=19$m=65536,t=1,p=1$salt$key".
func (s *Service) Hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltSize)
	if _, err := io.ReadFull(s.db.Rand(), salt); err != nil {
		return "", fmt.Errorf("draw a salt: %w", err)
	}
	var key []byte
	if err := hashing.run(ctx, func() { key = argon2.IDKey([]byte(password), salt, passes, memoryKiB, lanes, keySize) }); err != nil {
		return "", err
	}
	return encode(memoryKiB, passes, lanes, salt, key), nil
}

func encode(m, t uint32, p uint8, salt, key []byte) string {
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, m, t, p, b.EncodeToString(salt), b.EncodeToString(key))
}

// dummyHash has the shape and cost of every other hash; no password is known for it.
func dummyHash() string {
	b := make([]byte, saltSize+keySize)
	rand.Read(b) //nolint:errcheck // never fails
	return encode(memoryKiB, passes, lanes, b[:saltSize], b[saltSize:])
}

// matches tells whether password made the stored form, in constant time.
func matches(ctx context.Context, stored, password string) (bool, error) {
	parts := strings.Split(stored, "$")
	var version, m, t int
	var p uint8
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, errors.New("a stored password has an unknown form")
	}
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &m, &t, &p); err != nil || version != argon2.Version ||
		m < 8 || m > 1<<18 || t < 1 || t > 4 || p < 1 {
		return false, errors.New("a stored password has an unknown cost")
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(want) == 0 {
		return false, errors.New("a stored password is damaged")
	}
	ok := false
	err := hashing.run(ctx, func() {
		got := argon2.IDKey([]byte(password), salt, uint32(t), uint32(m), p, uint32(len(want)))
		ok = subtle.ConstantTimeCompare(got, want) == 1
	})
	return ok, err
}

// strong tells whether a password keeps the rules; nil or the first rule it breaks.
func strong(v settings, username, password string) error {
	switch {
	case utf8.RuneCountInString(password) < v.minLength:
		return fail(codeWeak, msgShort, v.minLength)
	case len(password) > maxPassword:
		return fail(codeWeak, msgLong, maxPassword)
	case classes(password) < v.classes:
		return fail(codeWeak, msgClasses, v.classes)
	case username != "" && strings.Contains(strings.ToLower(password), username):
		return fail(codeWeak, msgHasName)
	}
	return nil
}

// classes counts the kinds of character: upper case, lower case, digits, everything else.
func classes(password string) int {
	var seen [4]bool
	for _, r := range password {
		switch {
		case r >= 'A' && r <= 'Z':
			seen[0] = true
		case r >= 'a' && r <= 'z':
			seen[1] = true
		case r >= '0' && r <= '9':
			seen[2] = true
		case !unicode.IsControl(r) && r != utf8.RuneError:
			seen[3] = true
		}
	}
	n := 0
	for _, s := range seen {
		if s {
			n++
		}
	}
	return n
}

// once draws a one-time password that keeps every rule.
func (s *Service) once(v settings, username string) (string, error) {
	for {
		p, err := secret.Password(s.db.Rand())
		if err != nil {
			return "", fmt.Errorf("draw a one-time password: %w", err)
		}
		if strong(v, username, p) == nil {
			return p, nil
		}
	}
}
