package audit

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"time"

	"pado/core/canon"
)

// ErrNotBody is returned by ParseBody for bytes that Seal would not have written.
var ErrNotBody = errors.New("audit: not the body of a leaf")

// Record is a body read back: the entry without its values, which exist only as commitments.
type Record struct {
	Seq  int64
	Time time.Time
	Entry
	Commit map[string]Digests
}

// ParseBody reads the stored body of a leaf for display and search. It proves nothing: see the verifier.
func ParseBody(body []byte) (Record, error) {
	v, err := canon.Parse(body)
	if err != nil {
		return Record{}, ErrNotBody
	}
	doc, ok := v.(map[string]any)
	if !ok {
		return Record{}, ErrNotBody
	}
	p := bodyReader{doc: doc}
	r := Record{Entry: Entry{
		Type: p.text("type"), Actor: p.text("actor"), Org: p.text("org"), Behalf: p.text("behalf"),
		Object: p.text("object"), Action: p.text("action"), From: p.text("from"), To: p.text("to"),
		Clause: p.text("clause"), Result: p.text("result"), Code: p.text("code"), Rule: p.text("rule"),
	}}
	version, seq, at, revision := p.text("v"), p.text("seq"), p.text("time"), p.text("version")
	r.Detail = p.texts("detail")
	r.Commit = p.commitments()
	if p.bad || len(doc) != 0 || version != bodyVersion {
		return Record{}, ErrNotBody
	}
	if r.Seq, err = ParseSeq(seq); err != nil {
		return Record{}, ErrNotBody
	}
	if r.Time, err = time.Parse(TimeLayout, at); err != nil || r.Type == "" || r.Result == "" {
		return Record{}, ErrNotBody
	}
	if revision != "" {
		if r.Version, err = ParseSeq(revision); err != nil {
			return Record{}, ErrNotBody
		}
	}
	return r, nil
}

// bodyReader takes fields out of a decoded body; what is left over at the end was not foreseen.
type bodyReader struct {
	doc map[string]any
	bad bool
}

func (p *bodyReader) text(key string) string {
	v, there := p.doc[key]
	delete(p.doc, key)
	s, ok := v.(string)
	p.bad = p.bad || (there && !ok)
	return s
}

func (p *bodyReader) object(key string) map[string]any {
	v, there := p.doc[key]
	delete(p.doc, key)
	object, ok := v.(map[string]any)
	p.bad = p.bad || (there && (!ok || len(object) == 0))
	return object
}

func (p *bodyReader) texts(key string) map[string]string {
	var out map[string]string
	for name, v := range p.object(key) {
		s, ok := v.(string)
		p.bad = p.bad || !ok
		if out == nil {
			out = map[string]string{}
		}
		out[name] = s
	}
	return out
}

func (p *bodyReader) commitments() map[string]Digests {
	var out map[string]Digests
	for name, v := range p.object("commit") {
		pair, ok := v.(map[string]any)
		a, okA := pair["sha256"].(string)
		b, okB := pair["sm3"].(string)
		p.bad = p.bad || !ok || !okA || !okB || len(pair) != 2
		if out == nil {
			out = map[string]Digests{}
		}
		out[name] = Digests{SHA256: a, SM3: b}
	}
	return out
}

// Disclosure returns one line, newline included, that shows an auditor the body of a leaf and the key that proves
// it, and nothing that would help to guess a committed value. The verifier reads such lines from <log>/bodies (by
// permission) and <log>/keys (genesis and rotation leaves, open). It fails when the salt is erased.
func Disclosure(seq int64, body, salt []byte) ([]byte, error) {
	if len(salt) != SaltSize {
		return nil, fmt.Errorf("audit: leaf %d has no salt, its body can no longer be proved", seq)
	}
	line, err := canon.Marshal(map[string]any{
		"seq": strconv.FormatInt(seq, 10), "body": base64.StdEncoding.EncodeToString(body),
		"opening": base64.StdEncoding.EncodeToString(BodyKey(salt)),
	})
	return append(line, '\n'), err
}
