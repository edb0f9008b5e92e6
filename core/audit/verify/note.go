package verify

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/emmansun/gmsm/sm2"
)

const (
	maxNote     = 64 << 10
	maxSigs     = 32
	smSuffix    = "/sm3"
	smAlgorithm = "\xffpado-sm2-sm3"
	smRootLine  = "sha256 "
)

// Errors of opening a checkpoint. errKey: no signature by the given key; errSig: one that does not verify.
var (
	errNote = errors.New("verify: not a signed checkpoint")
	errKey  = errors.New("verify: not signed by the expected key")
	errSig  = errors.New("verify: the signature does not verify")
	errVKey = errors.New("verify: not a verifier key")
)

// verifierKey is a parsed note key, Ed25519 or SM2.
type verifierKey struct {
	text string
	name string
	id   [4]byte
	ed   ed25519.PublicKey
	sm2  *ecdsa.PublicKey
}

func parseKey(vkey string) (*verifierKey, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 || !goodName(parts[0]) {
		return nil, errVKey
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(parts[2])
	if err != nil || len(raw) < 2 {
		return nil, errVKey
	}
	k := &verifierKey{text: vkey, name: parts[0]}
	sum := sha256.Sum256(append([]byte(k.name+"\n"), raw...))
	copy(k.id[:], sum[:])
	if want, err := strconv.ParseUint(parts[1], 16, 32); err != nil || len(parts[1]) != 8 ||
		want != uint64(sum[0])<<24|uint64(sum[1])<<16|uint64(sum[2])<<8|uint64(sum[3]) {
		return nil, errVKey
	}
	if point, ok := bytes.CutPrefix(raw, []byte(smAlgorithm)); ok {
		if k.sm2, err = sm2.NewPublicKey(point); err != nil || !strings.HasSuffix(k.name, smSuffix) {
			return nil, errVKey
		}
		return k, nil
	}
	if raw[0] != 1 || len(raw) != 1+ed25519.PublicKeySize || strings.HasSuffix(k.name, smSuffix) {
		return nil, errVKey
	}
	k.ed = ed25519.PublicKey(raw[1:])
	return k, nil
}

// origin is the log the key belongs to, whichever tree it signs.
func (k *verifierKey) origin() string {
	if k.sm2 != nil {
		return strings.TrimSuffix(k.name, smSuffix)
	}
	return k.name
}

func (k *verifierKey) verify(msg, sig []byte) bool {
	if k.sm2 != nil {
		return sm2.VerifyASN1WithSM2(k.sm2, nil, msg, sig)
	}
	return ed25519.Verify(k.ed, msg, sig)
}

func goodName(name string) bool {
	return name != "" && utf8.ValidString(name) && !strings.ContainsFunc(name, func(r rune) bool {
		return r == '+' || unicode.IsSpace(r)
	})
}

// checkpoint is what a note says. root.sm is zero in an Ed25519 note.
type checkpoint struct {
	origin string
	sm     bool
	size   int64
	root   pair
}

// signedNote is a note taken apart, nothing verified.
type signedNote struct {
	text []byte
	sigs []noteSig
}

type noteSig struct {
	name string
	id   [4]byte
	sig  []byte
}

func parseNote(msg []byte) (n signedNote, err error) {
	if len(msg) > maxNote || !utf8.Valid(msg) || bytes.ContainsFunc(msg, func(r rune) bool { return r < 0x20 && r != '\n' }) {
		return n, errNote
	}
	split := bytes.LastIndex(msg, []byte("\n\n"))
	if split < 0 || msg[len(msg)-1] != '\n' {
		return n, errNote
	}
	n.text = msg[:split+1]
	for line := range strings.SplitSeq(strings.TrimSuffix(string(msg[split+2:]), "\n"), "\n") {
		rest, ok := strings.CutPrefix(line, "— ")
		name, encoded, ok2 := strings.Cut(rest, " ")
		raw, err := base64.StdEncoding.Strict().DecodeString(encoded)
		if !ok || !ok2 || !goodName(name) || err != nil || len(raw) < 5 || len(n.sigs) == maxSigs {
			return n, errNote
		}
		n.sigs = append(n.sigs, noteSig{name: name, id: [4]byte(raw[:4]), sig: raw[4:]})
	}
	return n, nil
}

// signedBy checks the signature lines that name the key: there is one, and every one verifies.
func (n signedNote) signedBy(k *verifierKey) error {
	err := errKey
	for _, s := range n.sigs {
		if s.name != k.name || s.id != k.id {
			continue
		}
		if !k.verify(n.text, s.sig) {
			return errSig
		}
		err = nil
	}
	return err
}

// statement reads a note's text as a checkpoint of either kind.
func (n signedNote) statement() (cp checkpoint, err error) {
	lines := strings.Split(strings.TrimSuffix(string(n.text), "\n"), "\n")
	if len(lines) < 3 || !goodName(lines[0]) {
		return cp, errNote
	}
	cp.origin, cp.sm = strings.CutSuffix(lines[0], smSuffix)
	if cp.size, err = strconv.ParseInt(lines[1], 10, 64); err != nil || cp.size < 1 || strconv.FormatInt(cp.size, 10) != lines[1] {
		return cp, errNote
	}
	if !cp.sm {
		if len(lines) != 3 || !decodeRoot(&cp.root.sha, lines[2]) {
			return cp, errNote
		}
		return cp, nil
	}
	if len(lines) != 4 || !strings.HasPrefix(lines[3], smRootLine) || !decodeRoot(&cp.root.sm, lines[2]) ||
		!decodeRoot(&cp.root.sha, lines[3][len(smRootLine):]) {
		return cp, errNote
	}
	return cp, nil
}

func decodeRoot(d *digest, s string) bool {
	raw, err := base64.StdEncoding.Strict().DecodeString(s)
	return err == nil && copy(d[:], raw) == hashSize && len(raw) == hashSize
}

// openCheckpoint returns what a note states if key signed it and it speaks of key's log.
func openCheckpoint(msg []byte, key *verifierKey) (checkpoint, error) {
	n, err := parseNote(msg)
	if err != nil {
		return checkpoint{}, err
	}
	cp, err := n.statement()
	if err != nil {
		return checkpoint{}, err
	}
	if err := n.signedBy(key); err != nil {
		return checkpoint{}, err
	}
	if cp.sm != (key.sm2 != nil) || cp.origin != key.origin() {
		return checkpoint{}, errKey
	}
	return cp, nil
}
