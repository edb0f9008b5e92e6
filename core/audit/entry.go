// Package audit is the arithmetic of the platform's audit trail (全程留痕): what a write says of itself, the leaf
// made of it, the two Merkle trees (SHA-256 and SM3) the leaf goes into, tiles, proofs, checkpoints and keys.
//
// The package is pure. It holds no state, reads no clock and knows no database: core/store locks the one audit-head
// row, calls Seal and Head.Append inside its transaction and stores what comes back. FORMAT.md gives every byte.
package audit

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Results an Entry may state.
const (
	Done    = "done"
	Refused = "refused"
)

// Types with a meaning to this package or to the verifier. Every other type is free, as long as it reads
// "coarse.fine"; the coarse half is public, so it must never tell more than the kind of room that wrote it.
const (
	TypeGenesis  = "genesis"       // leaf 0 and only leaf 0
	TypeRotation = "key.rotation"  // see Rotation
	TypeErasure  = "audit.erasure" // names the leaves whose salt, and with it whose proof, was given up
	FineIntent   = "intent"        // "<coarse>.intent" is committed before a sensitive run
	FineRelease  = "release"       // "<coarse>.release" names its own intent in Detail["intent"]
)

// DetailIntent is the Detail key under which a release names the leaf number of its intent.
const DetailIntent = "intent"

// DetailErased is the Detail key under which an erasure lists leaf numbers, "3,17-20".
const DetailErased = "erased"

// MaxBody bounds the canonical body of one leaf, in bytes. A body holds facts about an act, never the data acted on.
const MaxBody = 64 << 10

// ErrNoRecord is returned by Seal for a zero Entry: an act that says nothing of itself must not commit.
var ErrNoRecord = errors.New("audit: the write left no entry")

// Entry is what a write says of itself. The zero Entry (Type == "") means "no record" and makes the store roll back.
//
// Ids are opaque: an Actor, Org or Behalf never carries a name or an identity number. Whatever could be guessed from
// a small set of possibilities, or says something about a person, belongs in Values, which is kept only as a salted
// commitment; Detail is readable by whoever may read the body.
type Entry struct {
	Type    string            // coarse.fine, e.g. "case.step", "identity.login", "sandbox.intent", "sandbox.release"
	Actor   string            // opaque person or program; "clock" and "system" for acts of the machine
	Org     string            // organisation the actor acted in
	Behalf  string            // organisation or person acted for, when it is another
	Object  string            // case number or object id
	Version int64             // object revision after the act; 0 when the object has none
	Action  string            // what was done, e.g. "submit"
	From    string            // state before
	To      string            // state after
	Clause  string            // clause of the plan the act rests on
	Result  string            // Done or Refused; empty means Done
	Code    string            // refusal code; required when, and only when, Result is Refused
	Rule    string            // rule and parameter versions in force, "key@from,key@from"
	Values  map[string]string // never stored: each becomes a salted commitment
	Detail  map[string]string // further facts that are no secret: digests, counts, sizes, the leaf number of an intent
}

// Coarse returns the public half of the type: everything before the first dot.
func (e Entry) Coarse() string {
	coarse, _, _ := strings.Cut(e.Type, ".")
	return coarse
}

// Fine returns the half of the type that only readers of the body see; empty when there is none.
func (e Entry) Fine() string {
	_, fine, _ := strings.Cut(e.Type, ".")
	return fine
}

var typePattern = regexp.MustCompile(`^[a-z][a-z0-9-]{0,23}(\.[a-z0-9][a-z0-9-]*)*$`)

// Check reports why an Entry could not become leaf seq, or nil. Seal calls it; a caller that builds entries far from
// the transaction may call it early.
func (e Entry) Check(seq int64) error {
	if e.Type == "" {
		return ErrNoRecord
	}
	if len(e.Type) > 80 || !typePattern.MatchString(e.Type) {
		return fmt.Errorf("audit: %q is no entry type", e.Type)
	}
	if (e.Type == TypeGenesis) != (seq == 0) {
		return fmt.Errorf("audit: leaf %d of type %s: the genesis leaf is leaf 0, and leaf 0 is the genesis leaf", seq, e.Type)
	}
	switch e.Result {
	case "", Done:
		if e.Code != "" {
			return fmt.Errorf("audit: entry %s is done and yet carries refusal code %s", e.Type, e.Code)
		}
	case Refused:
		if e.Code == "" {
			return fmt.Errorf("audit: refused entry %s carries no code", e.Type)
		}
	default:
		return fmt.Errorf("audit: entry %s has result %q", e.Type, e.Result)
	}
	if e.Version < 0 {
		return fmt.Errorf("audit: entry %s has version %d", e.Type, e.Version)
	}
	if e.Fine() == FineRelease && e.Result != Refused {
		intent, err := ParseSeq(e.Detail[DetailIntent])
		if err != nil || intent >= seq {
			return fmt.Errorf("audit: release %s at leaf %d names no earlier intent in Detail[%q]", e.Type, seq, DetailIntent)
		}
	}
	if e.Type == TypeErasure {
		if _, err := ParseSeqs(e.Detail[DetailErased]); err != nil {
			return err
		}
	}
	for name := range e.Values {
		if name == "" || !utf8.ValidString(name) {
			return fmt.Errorf("audit: entry %s commits to a value with no usable name", e.Type)
		}
	}
	return nil
}

// ParseSeq reads a leaf number in the only form the log writes: decimal, no sign, no leading zero.
func ParseSeq(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != s {
		return 0, fmt.Errorf("audit: %q is no leaf number", s)
	}
	return n, nil
}

// SeqRange is a run of leaf numbers, both ends included.
type SeqRange struct{ From, To int64 }

// ParseSeqs reads a list such as "3,17-20": ascending, no overlap.
func ParseSeqs(s string) ([]SeqRange, error) {
	var out []SeqRange
	last := int64(-1)
	for part := range strings.SplitSeq(s, ",") {
		lo, hi, isRange := strings.Cut(part, "-")
		if !isRange {
			hi = lo
		}
		from, err := ParseSeq(lo)
		if err != nil {
			return nil, err
		}
		to, err := ParseSeq(hi)
		if err != nil {
			return nil, err
		}
		if from <= last || to < from {
			return nil, fmt.Errorf("audit: %q is no ascending list of leaf numbers", s)
		}
		out, last = append(out, SeqRange{from, to}), to
	}
	return out, nil
}

// FormatSeqs writes leaf numbers, ascending and without repeats, the way ParseSeqs reads them.
func FormatSeqs(seqs []int64) string {
	var b strings.Builder
	for i := 0; i < len(seqs); {
		j := i
		for j+1 < len(seqs) && seqs[j+1] == seqs[j]+1 {
			j++
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.FormatInt(seqs[i], 10))
		if j > i {
			b.WriteByte('-')
			b.WriteString(strconv.FormatInt(seqs[j], 10))
		}
		i = j + 1
	}
	return b.String()
}
