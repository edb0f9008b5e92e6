package gateway

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"time"

	"pado/domain/gateway/journal"
)

const stateVersion = 2

// encode writes the book for a checkpoint: version; the quotas (order, period,
// used); the idempotency keys (key, repeat, content, release, real time); the
// nonces (bucket, digest). Counts before each list; sorted, so that equal
// books have equal bytes.
func (b *book) encode() []byte {
	out := []byte{stateVersion}
	b.quotas.mu.RLock()
	out = binary.AppendUvarint(out, uint64(len(b.quotas.used)))
	for _, k := range slices.SortedFunc(maps.Keys(b.quotas.used), func(x, y quotaKey) int {
		return cmp.Or(cmp.Compare(x.order, y.order), cmp.Compare(x.period, y.period))
	}) {
		out = appendText(appendText(out, k.order), k.period)
		out = binary.AppendVarint(out, b.quotas.used[k].Load())
	}
	b.quotas.mu.RUnlock()

	b.repeats.mu.Lock()
	out = binary.AppendUvarint(out, uint64(len(b.repeats.entries)))
	for _, k := range slices.SortedFunc(maps.Keys(b.repeats.entries), func(x, y repeatKey) int {
		return cmp.Or(cmp.Compare(x.key, y.key), cmp.Compare(x.repeat, y.repeat))
	}) {
		e := b.repeats.entries[k]
		out = appendText(appendText(out, k.key), k.repeat)
		out = append(out, e.asked[:]...)
		out = appendText(out, e.release)
		out = binary.AppendVarint(out, e.at.UnixMilli())
	}
	b.repeats.mu.Unlock()

	type nonce struct {
		bucket int64
		id     Digest
		shard  byte
	}
	var nonces []nonce
	for i := range b.nonces.shards {
		shard := &b.nonces.shards[i]
		shard.Lock()
		for at, bucket := range shard.buckets {
			for id := range bucket {
				nonces = append(nonces, nonce{at, id, byte(i)})
			}
		}
		shard.Unlock()
	}
	slices.SortFunc(nonces, func(x, y nonce) int {
		return cmp.Or(cmp.Compare(x.bucket, y.bucket), slices.Compare(x.id[:], y.id[:]))
	})
	out = binary.AppendUvarint(out, uint64(len(nonces)))
	for _, n := range nonces {
		out = binary.AppendVarint(out, n.bucket)
		out = append(append(out, n.shard), n.id[:]...)
	}
	return out
}

func appendText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

// decode fills an empty book; false for bytes of another version or shape, in
// which case the book is not to be used.
func (b *book) decode(in []byte) bool {
	r := reader{in: in}
	if r.byte() != stateVersion {
		return false
	}
	for range r.count() {
		k := quotaKey{r.text(), r.text()}
		b.quotas.counter(k).Store(r.varint())
	}
	for range r.count() {
		k := repeatKey{r.text(), r.text()}
		e := &repeat{asked: Digest(r.bytes(16)), release: r.text(), at: time.UnixMilli(r.varint())}
		b.repeats.entries[k] = e
	}
	for range r.count() {
		at, shard, id := r.varint(), r.byte(), Digest(r.bytes(16))
		if r.bad || int(shard) >= len(b.nonces.shards) {
			return false
		}
		s := &b.nonces.shards[shard]
		if s.buckets[at] == nil {
			s.buckets[at] = map[Digest]struct{}{}
		}
		s.buckets[at][id] = struct{}{}
		b.nonces.count.Add(1)
	}
	return !r.bad && len(r.in) == 0
}

// reader takes apart what encode wrote; after the first fault it yields zeros.
type reader struct {
	in  []byte
	bad bool
}

func (r *reader) bytes(n int) []byte {
	if r.bad || n > len(r.in) {
		r.bad = true
		return make([]byte, min(n, 16))
	}
	b := r.in[:n]
	r.in = r.in[n:]
	return b
}

func (r *reader) byte() byte { return r.bytes(1)[0] }

func (r *reader) uvarint() uint64 {
	n, size := binary.Uvarint(r.in)
	if r.bad || size <= 0 {
		r.bad = true
		return 0
	}
	r.in = r.in[size:]
	return n
}

func (r *reader) varint() int64 {
	n, size := binary.Varint(r.in)
	if r.bad || size <= 0 {
		r.bad = true
		return 0
	}
	r.in = r.in[size:]
	return n
}

// count is the length of a list; every element takes at least two bytes.
func (r *reader) count() int {
	n := r.uvarint()
	if n > uint64(len(r.in)/2) {
		r.bad = true
		return 0
	}
	return int(n)
}

func (r *reader) text() string {
	n := r.uvarint()
	if n > uint64(len(r.in)) {
		r.bad = true
		return ""
	}
	return string(r.bytes(int(n)))
}

// rebuild folds the journal into a book: from the checkpoint if there is a
// readable one, else from the first record. last 0 goes to the end. It returns
// the number of the last record folded in.
func rebuild(j *journal.Journal, fresh func() *book, real time.Time, last uint64, full bool) (*book, uint64, error) {
	cp, err := j.LoadCheckpoint()
	if err != nil {
		return nil, 0, err
	}
	b := fresh()
	if full {
		cp = journal.Checkpoint{}
	}
	if cp.After > 0 && !b.decode(cp.State) {
		b, cp.After = fresh(), 0
	}
	done := cp.After
	for r, err := range Usages(j.Replay(done + 1)) {
		if err != nil {
			return nil, 0, fmt.Errorf("rebuild the gateway's memory: %w", err)
		}
		if last != 0 && r.Number > last {
			break
		}
		b.apply(&r.Usage, real)
		done = r.Number
	}
	b.sweep(real)
	return b, done, nil
}
