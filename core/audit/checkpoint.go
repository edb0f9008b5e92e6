package audit

import (
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// OriginSMSuffix is added to the log's origin to name the SM3 tree and its key.
const OriginSMSuffix = "/sm3"

const sha256Line = "sha256 "

// Checkpoint is what a signed note states about the log.
type Checkpoint struct {
	Origin string // of the log, without OriginSMSuffix
	Size   int64
	SHA256 []byte
	SM3    []byte // nil in an Ed25519 checkpoint, which binds the SHA-256 root only
}

// Root returns the root the checkpoint states for a tree, nil when it states none.
func (c Checkpoint) Root(t Tree) []byte {
	if t == SM3 {
		return c.SM3
	}
	return c.SHA256
}

// SignCheckpoint signs the head as a C2SP checkpoint: an Ed25519 note over origin, size and SHA-256 root. key must
// hold an Ed25519 key. An empty log has no checkpoint. Signing the same head twice gives the same bytes.
//
// The caller has first committed its compare-and-set on the last signed size: two instances signing different
// histories is the one thing this function cannot see.
func SignCheckpoint(origin string, h Head, key crypto.Signer) ([]byte, error) {
	signer, err := newEd25519Signer(origin, key)
	if err != nil {
		return nil, err
	}
	root, _, err := signable(h)
	if err != nil {
		return nil, err
	}
	return note.Sign(&note.Note{Text: checkpointText(origin, h.Size, root)}, signer)
}

// SignCheckpointSM signs the head as the parallel note: origin/sm3, size, SM3 root and a line with the SHA-256 root,
// signed SM2-with-SM3. It binds both trees.
func SignCheckpointSM(origin string, h Head, key SM2Key) ([]byte, error) {
	signer, err := newSM2Signer(origin, key)
	if err != nil {
		return nil, err
	}
	root256, rootSM3, err := signable(h)
	if err != nil {
		return nil, err
	}
	text := checkpointText(origin+OriginSMSuffix, h.Size, rootSM3) +
		sha256Line + base64.StdEncoding.EncodeToString(root256) + "\n"
	return note.Sign(&note.Note{Text: text}, signer)
}

func signable(h Head) (root256, rootSM3 []byte, err error) {
	if err := h.check(); err != nil {
		return nil, nil, err
	}
	if h.Size == 0 {
		return nil, nil, errors.New("audit: an empty log has no checkpoint")
	}
	a, b := h.Roots()
	return a[:], b[:], nil
}

func checkpointText(origin string, size int64, root []byte) string {
	return fmt.Sprintf("%s\n%d\n%s\n", origin, size, base64.StdEncoding.EncodeToString(root))
}

// OpenCheckpoint verifies an Ed25519 checkpoint against a note verifier key and returns what it states.
func OpenCheckpoint(msg []byte, vkey string) (Checkpoint, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("audit: open checkpoint: %w", err)
	}
	lines, err := openLines(msg, verifier)
	if err != nil {
		return Checkpoint{}, err
	}
	if len(lines) != 3 {
		return Checkpoint{}, errors.New("audit: not a checkpoint of this log")
	}
	return parseLines(lines[0], lines[1], lines[2], "")
}

// OpenCheckpointSM verifies an SM2 checkpoint against its verifier key and returns what it states.
func OpenCheckpointSM(msg []byte, vkey string) (Checkpoint, error) {
	verifier, err := newSM2Verifier(vkey)
	if err != nil {
		return Checkpoint{}, err
	}
	lines, err := openLines(msg, verifier)
	if err != nil {
		return Checkpoint{}, err
	}
	if len(lines) != 4 || !strings.HasSuffix(lines[0], OriginSMSuffix) || !strings.HasPrefix(lines[3], sha256Line) {
		return Checkpoint{}, errors.New("audit: not an SM checkpoint of this log")
	}
	return parseLines(strings.TrimSuffix(lines[0], OriginSMSuffix), lines[1], strings.TrimPrefix(lines[3], sha256Line), lines[2])
}

func openLines(msg []byte, v note.Verifier) ([]string, error) {
	n, err := note.Open(msg, note.VerifierList(v))
	if err != nil {
		return nil, fmt.Errorf("audit: open checkpoint: %w", err)
	}
	lines := strings.Split(strings.TrimSuffix(n.Text, "\n"), "\n")
	if lines[0] != v.Name() {
		return nil, fmt.Errorf("audit: checkpoint of %s signed by the key of %s", lines[0], v.Name())
	}
	return lines, nil
}

func parseLines(origin, size, root256, rootSM3 string) (c Checkpoint, err error) {
	c.Origin = origin
	if c.Size, err = ParseSeq(size); err != nil {
		return Checkpoint{}, fmt.Errorf("audit: checkpoint size: %w", err)
	}
	if c.SHA256, err = parseHash(root256); err != nil {
		return Checkpoint{}, err
	}
	if rootSM3 != "" {
		if c.SM3, err = parseHash(rootSM3); err != nil {
			return Checkpoint{}, err
		}
	}
	return c, nil
}

func parseHash(s string) ([]byte, error) {
	hash, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(hash) != HashSize {
		return nil, errors.New("audit: checkpoint holds no root hash")
	}
	return hash, nil
}

// ed25519Signer makes a note.Signer of any Ed25519 key, in memory or behind a device.
type ed25519Signer struct {
	name string
	hash uint32
	key  crypto.Signer
}

func newEd25519Signer(origin string, key crypto.Signer) (*ed25519Signer, error) {
	if err := CheckOrigin(origin); err != nil {
		return nil, err
	}
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("audit: checkpoint key is not Ed25519")
	}
	return &ed25519Signer{name: origin, hash: keyHash(origin, ed25519KeyBytes(public)), key: key}, nil
}

func (s *ed25519Signer) Name() string    { return s.name }
func (s *ed25519Signer) KeyHash() uint32 { return s.hash }
func (s *ed25519Signer) Sign(msg []byte) ([]byte, error) {
	return s.key.Sign(nil, msg, crypto.Hash(0))
}
