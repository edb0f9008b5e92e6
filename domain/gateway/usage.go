package gateway

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"time"

	"pado/domain/gateway/journal"
)

// Outcome is what became of a call.
type Outcome uint8

// The outcomes. Stored in the journal: never renumber.
const (
	Charged  Outcome = 1 // answered and counted
	Repeated Outcome = 2 // answered again under an idempotency key, not counted
	Refused  Outcome = 3 // not answered by a rule, not counted
	Failed   Outcome = 4 // not answered because the source could not, not counted
	Summary  Outcome = 5 // Count refusals of one kind in the minute that began at Real
)

func (o Outcome) String() string {
	switch o {
	case Charged:
		return "charged"
	case Repeated:
		return "repeated"
	case Refused:
		return "refused"
	case Failed:
		return "failed"
	case Summary:
		return "summary"
	}
	return "unknown"
}

// Usage is one journal record: who called what, under which right, at what
// price version, with what outcome (10.1.1, 10.3.2). It holds no parameter and
// no row; a named subject appears as its keyed digest only.
type Usage struct {
	Outcome   Outcome
	At        time.Time // business time of the decision, millisecond
	Real      time.Time // real time of the decision, millisecond
	Request   Digest    // request id, zero in a Summary
	Snapshot  int64     // version of the snapshot decided by
	Key       string    // in a Summary "" stands for callers not known
	Order     string
	Customer  string
	Product   string
	Release   string
	Agreement string
	Purpose   string
	Price     string // tariff version
	Period    string // of the allowance counted against
	Columns   string // columns returned, comma-separated, "" for all visible ones
	Basis     string // legal basis or consent reference
	Code      Code   // of the refusal, "" when answered
	Signed    int64  // X-Pado-Time
	Nonce     string
	Repeat    string // idempotency key
	Asked     Digest // of the request's content
	Answered  Digest // of the rows returned
	Subject   Subject
	Rows      uint32
	Bytes     uint32
	Count     uint64 // 1, or the number of refusals in a Summary
}

const usageVersion = 1

// ErrUsage: the bytes are no record of a version known here.
var ErrUsage = errors.New("gateway: unreadable usage record")

// AppendBinary appends the journal's encoding, version 1:
// version, outcome, five 8-byte integers (At and Real in Unix milliseconds,
// snapshot, signed time, count), two 4-byte integers (rows, bytes), four
// 16-byte digests (request, asked, answered, subject), then the fourteen texts
// in the order of the struct, each with a 2-byte length. Little endian.
func (u *Usage) AppendBinary(b []byte) ([]byte, error) {
	b = append(b, usageVersion, byte(u.Outcome))
	for _, n := range [...]int64{u.At.UnixMilli(), u.Real.UnixMilli(), u.Snapshot, u.Signed, int64(u.Count)} {
		b = binary.LittleEndian.AppendUint64(b, uint64(n))
	}
	b = binary.LittleEndian.AppendUint32(b, u.Rows)
	b = binary.LittleEndian.AppendUint32(b, u.Bytes)
	b = append(b, u.Request[:]...)
	b = append(b, u.Asked[:]...)
	b = append(b, u.Answered[:]...)
	b = append(b, u.Subject[:]...)
	for _, s := range u.texts() {
		if len(*s) > 4096 {
			return nil, fmt.Errorf("gateway: a text of %d bytes in a usage record", len(*s))
		}
		b = binary.LittleEndian.AppendUint16(b, uint16(len(*s)))
		b = append(b, *s...)
	}
	return b, nil
}

func (u *Usage) texts() [14]*string {
	return [...]*string{&u.Key, &u.Order, &u.Customer, &u.Product, &u.Release, &u.Agreement, &u.Purpose, &u.Price,
		&u.Period, &u.Columns, &u.Basis, (*string)(&u.Code), &u.Nonce, &u.Repeat}
}

// UnmarshalBinary is the inverse of AppendBinary.
func (u *Usage) UnmarshalBinary(b []byte) error {
	const fixed = 2 + 5*8 + 2*4 + 4*16
	if len(b) < fixed || b[0] != usageVersion || b[1] < byte(Charged) || b[1] > byte(Summary) {
		return ErrUsage
	}
	integer := func(i int) int64 { return int64(binary.LittleEndian.Uint64(b[2+8*i:])) }
	*u = Usage{
		Outcome:  Outcome(b[1]),
		At:       time.UnixMilli(integer(0)).UTC(),
		Real:     time.UnixMilli(integer(1)).UTC(),
		Snapshot: integer(2),
		Signed:   integer(3),
		Count:    uint64(integer(4)),
		Rows:     binary.LittleEndian.Uint32(b[42:]),
		Bytes:    binary.LittleEndian.Uint32(b[46:]),
		Request:  Digest(b[50:66]),
		Asked:    Digest(b[66:82]),
		Answered: Digest(b[82:98]),
		Subject:  Subject(b[98:114]),
	}
	b = b[fixed:]
	for _, s := range u.texts() {
		if len(b) < 2 {
			return ErrUsage
		}
		n := int(binary.LittleEndian.Uint16(b))
		if n > 4096 || len(b) < 2+n {
			return ErrUsage
		}
		*s = string(b[2 : 2+n])
		b = b[2+n:]
	}
	if len(b) != 0 {
		return ErrUsage
	}
	return nil
}

// Record is a usage record with its place in the journal of its gateway.
type Record struct {
	Number uint64
	Usage
}

// Usages decodes journal entries: for settlement, monitoring and export. An
// unreadable entry ends the iteration with its error.
func Usages(entries iter.Seq2[journal.Entry, error]) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for e, err := range entries {
			r := Record{Number: e.Number}
			if err == nil {
				err = r.UnmarshalBinary(e.Payload)
			}
			if err != nil {
				yield(r, fmt.Errorf("usage record %d: %w", e.Number, err))
				return
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}
