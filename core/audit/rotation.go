package audit

import (
	"bytes"
	"crypto"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"

	"github.com/emmansun/gmsm/sm2"
	"golang.org/x/mod/sumdb/note"
)

const rotationDomain = "pado-key-rotation/1"

// Detail keys of a rotation entry.
const (
	detailOrigin   = "origin"
	detailAt       = "at"
	detailRoot256  = "root.sha256"
	detailRootSM3  = "root.sm3"
	detailOldEd    = "old.ed25519"
	detailOldSM    = "old.sm2"
	detailNewEd    = "new.ed25519"
	detailNewSM    = "new.sm2"
	detailSigOldEd = "sig.old.ed25519"
	detailSigOldSM = "sig.old.sm2"
	detailSigNewEd = "sig.new.ed25519"
	detailSigNewSM = "sig.new.sm2"
)

// Detail keys of a genesis entry that name the first keys.
const (
	DetailOrigin  = detailOrigin
	DetailEd25519 = "ed25519"
	DetailSM2     = "sm2"
)

// Genesis returns the entry of leaf 0: the log's origin and first verifier keys, and whatever detail the caller
// adds (city, demo mark; after a loss the old checkpoint and what was lost).
func Genesis(origin string, keys PublicKeys, detail map[string]string) Entry {
	d := map[string]string{DetailOrigin: origin, DetailEd25519: keys.Ed25519, DetailSM2: keys.SM2}
	for name, text := range detail {
		if _, taken := d[name]; !taken {
			d[name] = text
		}
	}
	return Entry{Type: TypeGenesis, Actor: "system", Action: "begin", Detail: d}
}

// Rotation returns the entry by which a log changes its keys: one statement naming origin, an earlier state of the
// log (h), the old and the new verifier keys, signed by all four private keys. The new keys sign every checkpoint
// that counts the leaf made of it; until then the old ones do. The caller adds actor, organisation and clause.
//
// It fails when the origins differ or nothing changes. A key that is lost cannot be rotated: that is a new origin.
func Rotation(old, next Signers, h Head) (Entry, error) {
	if old.Origin != next.Origin {
		return Entry{}, fmt.Errorf("audit: rotate keys of %s to keys of %s", old.Origin, next.Origin)
	}
	before, err := old.Public()
	if err != nil {
		return Entry{}, err
	}
	after, err := next.Public()
	if err != nil {
		return Entry{}, err
	}
	if before == after {
		return Entry{}, errors.New("audit: rotation to the same keys")
	}
	root256, rootSM3, err := signable(h)
	if err != nil {
		return Entry{}, err
	}
	d := map[string]string{
		detailOrigin: old.Origin, detailAt: strconv.FormatInt(h.Size, 10),
		detailRoot256: base64.StdEncoding.EncodeToString(root256),
		detailRootSM3: base64.StdEncoding.EncodeToString(rootSM3),
		detailOldEd:   before.Ed25519, detailOldSM: before.SM2,
		detailNewEd: after.Ed25519, detailNewSM: after.SM2,
	}
	statement := rotationStatement(d)
	for name, key := range map[string]crypto.Signer{detailSigOldEd: old.Ed25519, detailSigNewEd: next.Ed25519} {
		sig, err := key.Sign(nil, statement, crypto.Hash(0))
		if err != nil {
			return Entry{}, fmt.Errorf("audit: sign rotation: %w", err)
		}
		d[name] = base64.StdEncoding.EncodeToString(sig)
	}
	for name, key := range map[string]SM2Key{detailSigOldSM: old.SM2, detailSigNewSM: next.SM2} {
		sig, err := signSM2(key, statement)
		if err != nil {
			return Entry{}, err
		}
		d[name] = base64.StdEncoding.EncodeToString(sig)
	}
	return Entry{Type: TypeRotation, Action: "rotate", Detail: d}, nil
}

func rotationStatement(d map[string]string) []byte {
	var b bytes.Buffer
	b.WriteString(rotationDomain + "\n")
	for _, name := range []string{
		detailOrigin, detailAt, detailRoot256, detailRootSM3, detailOldEd, detailOldSM, detailNewEd, detailNewSM,
	} {
		b.WriteString(d[name] + "\n")
	}
	return b.Bytes()
}

// CheckRotation verifies the four signatures of a rotation entry's detail and returns the keys before and after.
// Whether the stated root belongs to this log is checked against the tree: see RootAt.
func CheckRotation(d map[string]string) (before, after PublicKeys, err error) {
	before = PublicKeys{Ed25519: d[detailOldEd], SM2: d[detailOldSM]}
	after = PublicKeys{Ed25519: d[detailNewEd], SM2: d[detailNewSM]}
	statement := rotationStatement(d)
	origin := d[detailOrigin]
	if err := CheckOrigin(origin); err != nil {
		return before, after, err
	}
	for sigName, vkey := range map[string]string{detailSigOldEd: before.Ed25519, detailSigNewEd: after.Ed25519} {
		v, err := note.NewVerifier(vkey)
		if err != nil || v.Name() != origin {
			return before, after, errors.New("audit: rotation names an unusable key")
		}
		sig, err := base64.StdEncoding.DecodeString(d[sigName])
		if err != nil || !v.Verify(statement, sig) {
			return before, after, fmt.Errorf("audit: rotation: %s does not verify", sigName)
		}
	}
	for sigName, vkey := range map[string]string{detailSigOldSM: before.SM2, detailSigNewSM: after.SM2} {
		v, err := newSM2Verifier(vkey)
		if err != nil || v.name != origin+OriginSMSuffix {
			return before, after, errors.New("audit: rotation names an unusable key")
		}
		sig, err := base64.StdEncoding.DecodeString(d[sigName])
		if err != nil || !sm2.VerifyASN1WithSM2(v.key, nil, statement, sig) {
			return before, after, fmt.Errorf("audit: rotation: %s does not verify", sigName)
		}
	}
	return before, after, nil
}

// Erasure returns the entry that owns up to giving up the salts of the named leaves (ascending, no repeats): from
// then on their bodies, if kept at all, prove nothing. A body or salt missing without such an entry is a finding.
func Erasure(leaves []int64) Entry {
	return Entry{Type: TypeErasure, Action: "erase", Detail: map[string]string{DetailErased: FormatSeqs(leaves)}}
}
