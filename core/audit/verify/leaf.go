package verify

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// Forms of FORMAT.md §2–§4.
const (
	leafPrefix    = "pado-leaf/1 "
	bodyForm      = "pado-body/1"
	bodyDomain    = "pado-body/1\n"
	openingDomain = "pado-body-key/1\n"
	timeLayout    = "2006-01-02T15:04:05.000000Z"
	maxBody       = 64 << 10
	maxLeaf       = 1 << 10
)

// Commitment is a salted hash of a value the log does not hold, in hexadecimal.
type Commitment struct{ SHA256, SM3 string }

// Record is a leaf's body, read back.
type Record struct {
	Seq    int64
	Time   time.Time
	Proven bool // the body was checked against its leaf; without it the record is hearsay
	Type   string
	Actor, Org, Behalf,
	Object string
	Version int64
	Action, From, To,
	Clause, Result, Code, Rule string
	Detail map[string]string
	Commit map[string]Commitment
	Body   []byte
}

// Coarse and Fine split the type at its first dot.
func (r Record) Coarse() string { coarse, _, _ := strings.Cut(r.Type, "."); return coarse }
func (r Record) Fine() string   { _, fine, _ := strings.Cut(r.Type, "."); return fine }

// publicLeaf is what a leaf shows to everybody.
type publicLeaf struct {
	coarse string
	body   pair // the salted hash of the body under both functions
}

// parseLeaf reads the one spelling a leaf has. Everything but the coarse type has a fixed place.
func parseLeaf(leaf []byte, names nameTable) (p publicLeaf, ok bool) {
	rest, ok := bytes.CutPrefix(leaf, []byte(leafPrefix))
	if !ok || len(leaf) > maxLeaf {
		return p, false
	}
	name, rest, ok := bytes.Cut(rest, []byte("\n"))
	if !ok || !coarseName(name) {
		return p, false
	}
	p.coarse = names.name(name)
	const a, b, c, d = `{"sha256":"`, `","sm3":"`, `","type":"`, `"}`
	if len(rest) != len(a)+base64Size+len(b)+base64Size+len(c)+len(name)+len(d) {
		return p, false
	}
	return p, fixed(&rest, a) && fixedHash(&rest, &p.body.sha) && fixed(&rest, b) && fixedHash(&rest, &p.body.sm) &&
		fixed(&rest, c) && fixed(&rest, p.coarse) && fixed(&rest, d)
}

// nameTable keeps one string for each coarse type there is; nil keeps none.
type nameTable map[string]string

func (t nameTable) name(b []byte) string {
	s, ok := t[string(b)]
	if !ok {
		if s = string(b); t != nil && len(t) < 256 {
			t[s] = s
		}
	}
	return s
}

func fixed(b *[]byte, want string) bool {
	if string((*b)[:len(want)]) != want {
		return false
	}
	*b = (*b)[len(want):]
	return true
}

const base64Size = 44 // of hashSize bytes, padded

var strict64 = base64.StdEncoding.Strict()

func fixedHash(b *[]byte, d *digest) bool {
	var out [base64Size / 4 * 3]byte
	n, err := strict64.Decode(out[:], (*b)[:base64Size])
	*b = (*b)[base64Size:]
	return err == nil && n == hashSize && copy(d[:], out[:]) == hashSize
}

func coarseName(name []byte) bool {
	if len(name) == 0 || len(name) > 24 || name[0] < 'a' || name[0] > 'z' {
		return false
	}
	for _, c := range name {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// openBody says whether body is the one the leaf was made of, given the leaf's salt or the opening derived from it.
func (p publicLeaf) openBody(body, salt, opening []byte) bool {
	if len(opening) == 0 {
		m := hmac.New(sha256.New, salt)
		m.Write([]byte(openingDomain))
		opening = m.Sum(nil)
	}
	if len(opening) != hashSize {
		return false
	}
	msg := make([]byte, 0, len(bodyDomain)+hashSize+len(body))
	msg = append(append(append(msg, bodyDomain...), opening...), body...)
	return sum(SHA256, msg) == p.body.sha && sum(SM3, msg) == p.body.sm
}

var errBody = errors.New("verify: not a body")

// parseBody reads a body strictly: canonical JSON of the known fields, numbers in their one spelling.
func parseBody(body []byte) (Record, error) {
	r := Record{Body: body}
	if len(body) > maxBody || !utf8.Valid(body) {
		return r, errBody
	}
	s := scanner{rest: string(body)}
	var form, seq, at, version string
	s.object(func(key string) {
		switch key {
		case "detail":
			r.Detail = map[string]string{}
			s.object(func(name string) { r.Detail[name] = s.text() })
		case "commit":
			r.Commit = map[string]Commitment{}
			s.object(func(name string) {
				var c Commitment
				s.object(func(function string) {
					switch function {
					case "sha256":
						c.SHA256 = s.text()
					case "sm3":
						c.SM3 = s.text()
					default:
						s.bad = true
					}
				})
				s.bad = s.bad || len(c.SHA256) != 2*hashSize || len(c.SM3) != 2*hashSize
				r.Commit[name] = c
			})
		default:
			field := r.field(key)
			switch key {
			case "v":
				field = &form
			case "seq":
				field = &seq
			case "time":
				field = &at
			case "version":
				field = &version
			}
			if field == nil {
				s.bad = true
				return
			}
			*field = s.text()
			s.bad = s.bad || *field == ""
		}
	})
	if s.bad || s.rest != "" || form != bodyForm || !coarseName([]byte(r.Coarse())) || r.Result == "" {
		return r, errBody
	}
	var ok1, ok2 bool
	if r.Seq, ok1 = number(seq); !ok1 {
		return r, errBody
	}
	if version != "" {
		if r.Version, ok2 = number(version); !ok2 || r.Version == 0 {
			return r, errBody
		}
	}
	// Parse alone would take a one-digit hour and a comma; both show in length or place.
	var err error
	if r.Time, err = time.Parse(timeLayout, at); err != nil || len(at) != len(timeLayout) || at[19] != '.' {
		return r, errBody
	}
	return r, nil
}

// field is where a plain text field goes; nil for a name that is none.
func (r *Record) field(name string) *string {
	switch name {
	case "action":
		return &r.Action
	case "actor":
		return &r.Actor
	case "behalf":
		return &r.Behalf
	case "clause":
		return &r.Clause
	case "code":
		return &r.Code
	case "from":
		return &r.From
	case "object":
		return &r.Object
	case "org":
		return &r.Org
	case "result":
		return &r.Result
	case "rule":
		return &r.Rule
	case "to":
		return &r.To
	case "type":
		return &r.Type
	}
	return nil
}

// number reads a non-negative decimal without leading zero.
func number(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n >= 0 && strconv.FormatInt(n, 10) == s
}

// scanner reads RFC 8785 text made of objects and strings, refusing every other spelling of the same value.
type scanner struct {
	rest string
	bad  bool
}

func (s *scanner) eat(c byte) bool {
	if s.bad || s.rest == "" || s.rest[0] != c {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

// object reads an object that is not empty; value is called for each key and must read the value.
func (s *scanner) object(value func(key string)) {
	if !s.eat('{') {
		s.bad = true
		return
	}
	last, first := "", true
	for !s.bad {
		key := s.text()
		if !first && !keyBefore(last, key) {
			s.bad = true
		}
		last, first = key, false
		if !s.eat(':') {
			s.bad = true
			return
		}
		value(key)
		if s.eat('}') {
			return
		}
		if !s.eat(',') {
			s.bad = true
		}
	}
}

// text reads a string.
func (s *scanner) text() string {
	if !s.eat('"') {
		s.bad = true
		return ""
	}
	for i := 0; i < len(s.rest); i++ {
		switch c := s.rest[i]; {
		case c == '"':
			out := s.rest[:i]
			s.rest = s.rest[i+1:]
			return out
		case c == '\\':
			return s.escaped()
		case c < 0x20:
			s.bad = true
			return ""
		}
	}
	s.bad = true
	return ""
}

var shortEscapes = map[byte]byte{'"': '"', '\\': '\\', 'b': '\b', 't': '\t', 'n': '\n', 'f': '\f', 'r': '\r'}

func (s *scanner) escaped() string {
	var out []byte
	for i := 0; i < len(s.rest); i++ {
		c := s.rest[i]
		switch {
		case c == '"':
			s.rest = s.rest[i+1:]
			return string(out)
		case c < 0x20 || (c == '\\' && i+1 == len(s.rest)):
			s.bad = true
			return ""
		case c != '\\':
			out = append(out, c)
			continue
		}
		i++
		if short, ok := shortEscapes[s.rest[i]]; ok {
			out = append(out, short)
			continue
		}
		// What has no short form is \u00xx in lower case, and only for control characters.
		if i+4 >= len(s.rest) || s.rest[i:i+3] != "u00" || strings.ToLower(s.rest[i:i+5]) != s.rest[i:i+5] {
			s.bad = true
			return ""
		}
		code, err := strconv.ParseUint(s.rest[i+3:i+5], 16, 8)
		if err != nil || code >= 0x20 || strings.IndexByte("\b\t\n\f\r", byte(code)) >= 0 {
			s.bad = true
			return ""
		}
		out = append(out, byte(code))
		i += 4
	}
	s.bad = true
	return ""
}

// keyBefore is the order of RFC 8785 keys: by UTF-16 code units.
func keyBefore(a, b string) bool {
	for a != "" && b != "" {
		ra, na := utf8.DecodeRuneInString(a)
		rb, nb := utf8.DecodeRuneInString(b)
		if ra != rb {
			ua, ub := utf16.AppendRune(nil, ra), utf16.AppendRune(nil, rb)
			return ua[0] < ub[0] || (ua[0] == ub[0] && ua[1] < ub[1])
		}
		a, b = a[na:], b[nb:]
	}
	return len(a) < len(b)
}
