package audit

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/emmansun/gmsm/sm2"
)

// SM2Key signs with SM2. A software key implements it (SoftSM2), and so can a certified device behind GM/T 0018,
// which never lets the private key out and signs prepared digests only.
type SM2Key interface {
	// Public returns the point as 65 bytes, 0x04 || X || Y.
	Public() []byte
	// SignDigest returns the ASN.1 signature of the 32-byte value e = SM3(ZA || M), ZA made with the default user id.
	SignDigest(e []byte) ([]byte, error)
}

// Signers are the two private halves that sign for one log.
type Signers struct {
	Origin  string
	Ed25519 crypto.Signer
	SM2     SM2Key
}

// PublicKeys are the two verifier keys of a log, in note form "<name>+<hash>+<base64>".
type PublicKeys struct{ Ed25519, SM2 string }

// Public returns the verifier keys to hand to auditors.
func (s Signers) Public() (PublicKeys, error) {
	if err := CheckOrigin(s.Origin); err != nil {
		return PublicKeys{}, err
	}
	ed, ok := s.Ed25519.Public().(ed25519.PublicKey)
	if !ok {
		return PublicKeys{}, errors.New("audit: checkpoint key is not Ed25519")
	}
	point := s.SM2.Public()
	if _, err := sm2.NewPublicKey(point); err != nil {
		return PublicKeys{}, fmt.Errorf("audit: SM2 key: %w", err)
	}
	return PublicKeys{
		Ed25519: verifierKey(s.Origin, ed25519KeyBytes(ed)),
		SM2:     verifierKey(s.Origin+OriginSMSuffix, sm2KeyBytes(point)),
	}, nil
}

// Checkpoints signs one head with both keys.
func (s Signers) Checkpoints(h Head) (ed, sm []byte, err error) {
	if ed, err = SignCheckpoint(s.Origin, h, s.Ed25519); err != nil {
		return nil, nil, err
	}
	if sm, err = SignCheckpointSM(s.Origin, h, s.SM2); err != nil {
		return nil, nil, err
	}
	return ed, sm, nil
}

// CheckOrigin reports whether a name can be a log's origin: 1 to 200 bytes of UTF-8 without space, control
// character or plus. By custom it is the log's address without scheme, e.g. "data.example.gov.cn/log".
func CheckOrigin(origin string) error {
	if origin == "" || len(origin) > 200 || !utf8.ValidString(origin) || strings.ContainsFunc(origin, func(r rune) bool {
		return r == '+' || unicode.IsSpace(r) || unicode.IsControl(r)
	}) {
		return fmt.Errorf("audit: %q cannot be a log's origin", origin)
	}
	if strings.HasSuffix(origin, OriginSMSuffix) {
		return fmt.Errorf("audit: origin %q ends like the name of an SM3 tree", origin)
	}
	return nil
}

// Keys are software private keys of a log. They leave memory only through MarshalBinary, whose result the caller
// seals under the key-encryption key before it touches a disk.
type Keys struct {
	Origin  string
	Ed25519 ed25519.PrivateKey
	SM2     *sm2.PrivateKey
}

// GenerateKeys draws both keys from rnd: 32 bytes for Ed25519, then 32 bytes for SM2, repeated in the vanishing
// case that they are no valid scalar. The same bytes give the same keys.
func GenerateKeys(origin string, rnd io.Reader) (Keys, error) {
	if err := CheckOrigin(origin); err != nil {
		return Keys{}, err
	}
	k := Keys{Origin: origin}
	seed := make([]byte, 32)
	if _, err := io.ReadFull(rnd, seed); err != nil {
		return Keys{}, fmt.Errorf("audit: generate keys: %w", err)
	}
	k.Ed25519 = ed25519.NewKeyFromSeed(seed)
	for range 8 {
		if _, err := io.ReadFull(rnd, seed); err != nil {
			return Keys{}, fmt.Errorf("audit: generate keys: %w", err)
		}
		if priv, err := sm2.NewPrivateKey(seed); err == nil {
			k.SM2 = priv
			return k, nil
		}
	}
	return Keys{}, errors.New("audit: generate keys: the source of randomness is broken")
}

// Signers returns the keys as signers.
func (k Keys) Signers() Signers {
	return Signers{Origin: k.Origin, Ed25519: k.Ed25519, SM2: SoftSM2(k.SM2)}
}

const (
	pemEd25519   = "PADO LOG ED25519 SEED"
	pemSM2       = "PADO LOG SM2 SCALAR"
	originHeader = "Origin"
)

// MarshalBinary writes the keys as two PEM blocks. The bytes are secret.
func (k Keys) MarshalBinary() ([]byte, error) {
	if err := CheckOrigin(k.Origin); err != nil {
		return nil, err
	}
	if len(k.Ed25519) != ed25519.PrivateKeySize || k.SM2 == nil {
		return nil, errors.New("audit: incomplete log keys")
	}
	head := map[string]string{originHeader: k.Origin}
	scalar := k.SM2.D.FillBytes(make([]byte, 32))
	return append(
		pem.EncodeToMemory(&pem.Block{Type: pemEd25519, Headers: head, Bytes: k.Ed25519.Seed()}),
		pem.EncodeToMemory(&pem.Block{Type: pemSM2, Headers: head, Bytes: scalar})...), nil
}

// ParseKeys reads what MarshalBinary wrote. Its errors never contain key material.
func ParseKeys(data []byte) (Keys, error) {
	first, rest := pem.Decode(data)
	if first == nil {
		return Keys{}, errors.New("audit: no log keys")
	}
	second, rest := pem.Decode(rest)
	if second == nil || len(bytes.TrimSpace(rest)) != 0 || first.Type != pemEd25519 || second.Type != pemSM2 ||
		first.Headers[originHeader] != second.Headers[originHeader] || len(first.Bytes) != ed25519.SeedSize {
		return Keys{}, errors.New("audit: damaged log keys")
	}
	k := Keys{Origin: first.Headers[originHeader], Ed25519: ed25519.NewKeyFromSeed(first.Bytes)}
	if err := CheckOrigin(k.Origin); err != nil {
		return Keys{}, err
	}
	var err error
	if k.SM2, err = sm2.NewPrivateKey(second.Bytes); err != nil {
		return Keys{}, errors.New("audit: damaged log keys")
	}
	return k, nil
}

// SoftSM2 makes an SM2Key of a private key in memory. Its signatures are deterministic (RFC 6979 nonces).
func SoftSM2(key *sm2.PrivateKey) SM2Key { return softSM2{key} }

type softSM2 struct{ key *sm2.PrivateKey }

func (s softSM2) Public() []byte {
	point := append(make([]byte, 0, 65), 4)
	point = append(point, s.key.X.FillBytes(make([]byte, 32))...)
	return append(point, s.key.Y.FillBytes(make([]byte, 32))...)
}

func (s softSM2) SignDigest(e []byte) ([]byte, error) { return s.key.Sign(nil, e, nil) }

// signSM2 signs a whole message: e = SM3(ZA || msg) is made here, so that a device needs nothing but the raw act.
func signSM2(key SM2Key, msg []byte) ([]byte, error) {
	public, err := sm2.NewPublicKey(key.Public())
	if err != nil {
		return nil, fmt.Errorf("audit: SM2 key: %w", err)
	}
	e, err := sm2.CalculateSM2Hash(public, msg, nil)
	if err != nil {
		return nil, fmt.Errorf("audit: SM2 digest: %w", err)
	}
	sig, err := key.SignDigest(e)
	if err != nil {
		return nil, fmt.Errorf("audit: SM2 signature: %w", err)
	}
	if !sm2.VerifyASN1(public, e, sig) {
		return nil, errors.New("audit: the SM2 key returned a signature that does not verify")
	}
	return sig, nil
}

// Note key bytes: algorithm identifier, then the public key. 0xff is C2SP's "named algorithm".
const sm2Algorithm = "\xffpado-sm2-sm3"

func ed25519KeyBytes(public ed25519.PublicKey) []byte { return append([]byte{1}, public...) }

func sm2KeyBytes(point []byte) []byte { return append([]byte(sm2Algorithm), point...) }

func keyHash(name string, key []byte) uint32 {
	sum := sha256.Sum256(append([]byte(name+"\n"), key...))
	return binary.BigEndian.Uint32(sum[:])
}

func verifierKey(name string, key []byte) string {
	return fmt.Sprintf("%s+%08x+%s", name, keyHash(name, key), base64.StdEncoding.EncodeToString(key))
}

type sm2Signer struct {
	name string
	hash uint32
	key  SM2Key
}

func newSM2Signer(origin string, key SM2Key) (*sm2Signer, error) {
	if err := CheckOrigin(origin); err != nil {
		return nil, err
	}
	name := origin + OriginSMSuffix
	return &sm2Signer{name: name, hash: keyHash(name, sm2KeyBytes(key.Public())), key: key}, nil
}

func (s *sm2Signer) Name() string                    { return s.name }
func (s *sm2Signer) KeyHash() uint32                 { return s.hash }
func (s *sm2Signer) Sign(msg []byte) ([]byte, error) { return signSM2(s.key, msg) }

type sm2Verifier struct {
	name string
	hash uint32
	key  *ecdsa.PublicKey
}

func newSM2Verifier(vkey string) (*sm2Verifier, error) {
	bad := errors.New("audit: not an SM2 verifier key")
	name, rest, _ := strings.Cut(vkey, "+")
	hash, encoded, _ := strings.Cut(rest, "+")
	id, err := strconv.ParseUint(hash, 16, 32)
	if err != nil || len(hash) != 8 {
		return nil, bad
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || keyHash(name, key) != uint32(id) {
		return nil, bad
	}
	point, ok := bytes.CutPrefix(key, []byte(sm2Algorithm))
	if !ok {
		return nil, bad
	}
	public, err := sm2.NewPublicKey(point)
	if err != nil {
		return nil, bad
	}
	return &sm2Verifier{name: name, hash: uint32(id), key: public}, nil
}

func (v *sm2Verifier) Name() string    { return v.name }
func (v *sm2Verifier) KeyHash() uint32 { return v.hash }
func (v *sm2Verifier) Verify(msg, sig []byte) bool {
	return sm2.VerifyASN1WithSM2(v.key, nil, msg, sig)
}
