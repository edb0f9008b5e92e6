package audit

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"time"

	"pado/core/canon"

	"github.com/emmansun/gmsm/sm3"
)

// SaltSize is the length of a leaf's salt in bytes.
const SaltSize = 32

// TimeLayout writes a transaction time inside a body: UTC, always six decimals, so that text order is time order.
const TimeLayout = "2006-01-02T15:04:05.000000Z"

// Domain strings; changing one is a new leaf format.
const (
	leafPrefix     = "pado-leaf/1 "
	bodyVersion    = "pado-body/1"
	bodyDomain     = "pado-body/1\n"
	bodyKeyDomain  = "pado-body-key/1\n"
	valueDomain    = "pado-value/1\n"
	valueKeyDomain = "pado-value-key/1\n"
)

// Sealed is one entry ready to be stored. All four parts are written in the same transaction as the act.
type Sealed struct {
	Seq    int64     // leaf number, 0 for the genesis leaf
	Time   time.Time // transaction time, UTC, whole microseconds
	Body   []byte    // canonical JSON; readable by permission
	Salt   []byte    // SaltSize bytes; erasing it leaves the leaf verifiable and the body unprovable
	Public []byte    // the leaf: the bytes hashed into both trees, open to everybody
}

// Seal turns an Entry into leaf seq at transaction time at, drawing the salt from rnd.
//
// at is cut to whole microseconds. It fails with ErrNoRecord for a zero Entry, and with a plain error for an entry
// that breaks the form (see Entry.Check), holds text that is not UTF-8, or exceeds MaxBody; nothing is half made.
func Seal(e Entry, seq int64, at time.Time, rnd io.Reader) (Sealed, error) {
	if seq < 0 {
		return Sealed{}, fmt.Errorf("audit: seal: leaf number %d", seq)
	}
	if err := e.Check(seq); err != nil {
		return Sealed{}, err
	}
	at = at.UTC().Truncate(time.Microsecond)
	if y := at.Year(); y < 1 || y > 9999 {
		return Sealed{}, fmt.Errorf("audit: seal: year %d", y)
	}
	salt := make([]byte, SaltSize)
	if _, err := io.ReadFull(rnd, salt); err != nil {
		return Sealed{}, fmt.Errorf("audit: seal: draw salt: %w", err)
	}
	body, err := encodeBody(e, seq, at, salt)
	if err != nil {
		return Sealed{}, fmt.Errorf("audit: seal %s: %w", e.Type, err)
	}
	public, err := Leaf(e.Coarse(), BodyKey(salt), body)
	if err != nil {
		return Sealed{}, fmt.Errorf("audit: seal %s: %w", e.Type, err)
	}
	return Sealed{Seq: seq, Time: at, Body: body, Salt: salt, Public: public}, nil
}

func encodeBody(e Entry, seq int64, at time.Time, salt []byte) ([]byte, error) {
	if e.Result == "" {
		e.Result = Done
	}
	doc := map[string]any{
		"v": bodyVersion, "seq": strconv.FormatInt(seq, 10), "time": at.Format(TimeLayout),
		"type": e.Type, "result": e.Result,
	}
	for key, text := range map[string]string{
		"actor": e.Actor, "org": e.Org, "behalf": e.Behalf, "object": e.Object, "action": e.Action,
		"from": e.From, "to": e.To, "clause": e.Clause, "code": e.Code, "rule": e.Rule,
	} {
		if text != "" {
			doc[key] = text
		}
	}
	if e.Version != 0 {
		doc["version"] = strconv.FormatInt(e.Version, 10)
	}
	if len(e.Detail) > 0 {
		detail := make(map[string]any, len(e.Detail))
		for name, text := range e.Detail {
			detail[name] = text
		}
		doc["detail"] = detail
	}
	if len(e.Values) > 0 {
		commit := make(map[string]any, len(e.Values))
		for name, value := range e.Values {
			c := Commit(ValueKey(salt, name), value)
			commit[name] = map[string]any{"sha256": c.SHA256, "sm3": c.SM3}
		}
		doc["commit"] = commit
	}
	body, err := canon.Marshal(doc)
	if err != nil {
		return nil, err
	}
	if len(body) > MaxBody {
		return nil, fmt.Errorf("body of %d bytes exceeds %d", len(body), MaxBody)
	}
	return body, nil
}

// Leaf builds the public bytes of a leaf from a coarse type, a body key and the body's stored bytes.
func Leaf(coarse string, bodyKey, body []byte) ([]byte, error) {
	a, b := saltedHashes(bodyDomain, bodyKey, body)
	doc, err := canon.Marshal(map[string]any{
		"type": coarse, "sha256": base64.StdEncoding.EncodeToString(a[:]), "sm3": base64.StdEncoding.EncodeToString(b[:]),
	})
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, len(leafPrefix)+len(coarse)+1+len(doc))
	out = append(out, leafPrefix...)
	out = append(out, coarse...)
	out = append(out, '\n')
	return append(out, doc...), nil
}

// Digests is one salted hash under both functions, in lower-case hexadecimal.
type Digests struct{ SHA256, SM3 string }

// BodyKey derives from a leaf's salt the 32 bytes that open the body alone. Handing it out proves the body and
// helps nobody to guess a committed value; handing out the salt would.
func BodyKey(salt []byte) []byte { return derive(salt, bodyKeyDomain) }

// ValueKey derives from a leaf's salt the 32 bytes that open the one commitment called name.
func ValueKey(salt []byte, name string) []byte { return derive(salt, valueKeyDomain+name) }

// Commit is the commitment to value under a key from ValueKey. Whoever is given the value and the key recomputes it.
func Commit(valueKey []byte, value string) Digests {
	a, b := saltedHashes(valueDomain, valueKey, []byte(value))
	return Digests{SHA256: hex.EncodeToString(a[:]), SM3: hex.EncodeToString(b[:])}
}

func derive(salt []byte, domain string) []byte {
	m := hmac.New(sha256.New, salt)
	m.Write([]byte(domain))
	return m.Sum(nil)
}

func saltedHashes(domain string, key, data []byte) (a, b [HashSize]byte) {
	msg := make([]byte, 0, len(domain)+len(key)+len(data))
	msg = append(msg, domain...)
	msg = append(msg, key...)
	msg = append(msg, data...)
	return sha256.Sum256(msg), sm3.Sum(msg)
}
