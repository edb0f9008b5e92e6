// Package journal is the gateway's one durable write: an append-only usage
// journal whose Append returns after fdatasync.
//
// Records are framed (length, CRC-32C, version, number) into prewritten
// segments. There is no timer in the write path: while one fdatasync is in
// flight the next records gather, and form the next batch when it returns.
//
// Crash states. At any instant the directory holds zero or more sealed
// segments (.seg), zero or more whole but unsealed ones (.log), then the open
// segment (.log) and perhaps one prewritten and still empty (.log). After a
// power cut Open keeps every record up to the last whole frame, cuts the torn
// tail of the open segment and goes on in a new one. What was acknowledged is
// always kept; what was not acknowledged may be kept. If an acknowledged
// record is unreadable Open fails with ErrDamaged instead of cutting it away.
package journal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

var (
	// ErrReadOnly: no space for another segment, or a write was refused by a
	// full disk. Nothing of the record was kept. The journal tries again by
	// itself; a later Append may succeed.
	ErrReadOnly = errors.New("journal: read-only, no space")

	// ErrBroken: a write or fdatasync failed and it is unknown whether the
	// record is on disk. The journal takes nothing more; the process must
	// open it anew, and what was written will then be found or not.
	ErrBroken = errors.New("journal: state unknown after a failed write")

	// ErrUnknown: the caller's context ended while the write was under way;
	// the record may or may not become durable.
	ErrUnknown = errors.New("journal: outcome of the write unknown")

	// ErrDamaged: the files contradict each other or themselves in a way no
	// power cut explains. A person has to look.
	ErrDamaged = errors.New("journal: damaged")

	// ErrLocked: another process has the directory open.
	ErrLocked = errors.New("journal: in use by another process")

	// ErrClosed: the journal was closed.
	ErrClosed = errors.New("journal: closed")

	// ErrTooLarge: the record is empty or longer than MaxPayload.
	ErrTooLarge = errors.New("journal: record is empty or too large")
)

// Options of Open.
type Options struct {
	Dir  string // created if missing; one process at a time
	Node string // this gateway's name, [a-z0-9]{1,16}; part of every segment's name

	SegmentBytes int64         // size bound of a segment; default 64 MiB, at least 256 KiB
	MaxAge       time.Duration // age bound of the open segment, kept by Seal; default 5 min
	RetryAfter   time.Duration // pause between attempts to leave read-only mode; default 1 s

	Now func() time.Time // real time, for ages and pauses only; required

	openFile func(path string, flag int) (file, error)
}

const (
	defaultSegment = 64 << 20
	minSegment     = 256 << 10
	// A batch always fits a fresh segment beside its header.
	maxBatchShare = 4
)

// Journal is open for appending. Safe for concurrent use.
type Journal struct {
	opt      Options
	lock     *os.File
	maxBatch int

	mu       sync.Mutex
	pending  *batch
	next     uint64 // number of the next record
	durable  uint64 // last record known durable
	readOnly string // reason, "" when writable
	retried  time.Time
	failed   error // sticky: ErrBroken or ErrClosed
	spare    *segment
	spareErr error
	making   chan struct{} // closed when the spare being made is done
	rolls    []chan struct{}

	active   *segment // owned by the committer; the pointer is also read under mu
	refill   bool     // active was cut after a refused write and must be prewritten again
	segments uint64   // number of the last segment created

	free []byte // the committer's second buffer

	wake    chan struct{}
	quit    chan struct{}
	stopped chan struct{}
	sealing sync.Mutex
}

type segment struct {
	file   file
	number uint64
	path   string
	size   int64 // prewritten bytes
	off    int64 // bytes in use
	first  uint64
	since  time.Time // real time of the first batch
}

type batch struct {
	buf   []byte
	first uint64
	last  uint64
	done  chan struct{}
	err   error
}

func (b *batch) empty() bool { return len(b.buf) == 0 }

// Open opens or creates the journal and repairs what a crash left: see the
// package comment. On a full disk it opens in read-only mode.
func Open(opt Options) (*Journal, error) {
	if opt.SegmentBytes == 0 {
		opt.SegmentBytes = defaultSegment
	}
	if opt.MaxAge == 0 {
		opt.MaxAge = 5 * time.Minute
	}
	if opt.RetryAfter == 0 {
		opt.RetryAfter = time.Second
	}
	if opt.openFile == nil {
		opt.openFile = openOS
	}
	switch {
	case opt.Now == nil:
		return nil, errors.New("journal: Options.Now is missing")
	case !nodePattern.MatchString(opt.Node):
		return nil, fmt.Errorf("journal: node name %q", opt.Node)
	case opt.SegmentBytes < minSegment:
		return nil, fmt.Errorf("journal: segments of %d bytes are too small", opt.SegmentBytes)
	}
	if err := os.MkdirAll(opt.Dir, 0o750); err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	lock, err := lockDir(opt.Dir)
	if err != nil {
		return nil, err
	}
	j := &Journal{
		opt:      opt,
		lock:     lock,
		maxBatch: int(min(opt.SegmentBytes/maxBatchShare, 4<<20)),
		wake:     make(chan struct{}, 1),
		quit:     make(chan struct{}),
		stopped:  make(chan struct{}),
		pending:  newBatch(nil),
	}
	if err := j.recover(); err != nil {
		lock.Close()
		return nil, err
	}
	s, err := j.makeSegment(j.segments + 1)
	if err != nil {
		j.spareErr, j.readOnly, j.retried = err, reasonOf(err), opt.Now()
	} else {
		j.spare, j.segments = s, s.number
	}
	go j.run()
	return j, nil
}

func newBatch(buf []byte) *batch { return &batch{buf: buf[:0], done: make(chan struct{})} }

func reasonOf(err error) string {
	if diskFull(err) {
		return "disk_full"
	}
	return "segment_not_created"
}

func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "LOCK"), os.O_CREATE|os.O_RDWR, 0o640)
	if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, ErrLocked
	}
	return f, nil
}

// recover finds the durable end, removes segments nothing was acknowledged in
// and cuts the torn tail. It needs no free space.
func (j *Journal) recover() error {
	list, err := listSegments(j.opt.Dir)
	if err != nil {
		return fmt.Errorf("open journal: %w", err)
	}
	cp, err := readCheckpoint(j.opt.Dir)
	if err != nil {
		return err
	}
	if len(list) > 0 && list[0].node != j.opt.Node {
		return fmt.Errorf("%w: directory belongs to node %s", ErrDamaged, list[0].node)
	}
	// Behind the last segment with records lie, at most, segments whose first
	// batch was never acknowledged and the spare.
	type left struct {
		seg  segmentFile
		data []byte
		scan scan
	}
	var behind []left
	j.next = 1
	at := len(list) - 1
	for ; at >= 0; at-- {
		data, s, err := readSegment(list[at])
		if err != nil {
			return err
		}
		if list[at].sealed && (!s.begun || s.torn || s.end != len(data)) {
			return fmt.Errorf("%w: sealed segment %s is incomplete", ErrDamaged, list[at].name())
		}
		if !s.begun || s.records() == 0 {
			behind = append(behind, left{list[at], data, s})
			if s.begun {
				j.next = s.header.First
			}
			continue
		}
		j.next = s.last + 1
		if s.end != len(data) {
			if err := cut(list[at].path, int64(s.end)); err != nil {
				return fmt.Errorf("cut torn tail of %s: %w", list[at].name(), err)
			}
		}
		if err := contiguous(list[:at], s.header.First); err != nil {
			return err
		}
		break
	}
	for _, l := range behind {
		if l.scan.begun && l.scan.header.First != j.next || !l.scan.begun && acknowledgedAfter(l.data, 0, j.next) {
			return fmt.Errorf("%w: segment %s does not follow record %d", ErrDamaged, l.seg.name(), j.next-1)
		}
		if err := os.Remove(l.seg.path); err != nil {
			return fmt.Errorf("open journal: %w", err)
		}
	}
	if at >= 0 {
		j.segments = list[at].number
	} else if len(list) > 0 {
		j.segments = list[0].number - 1
	}
	j.durable = j.next - 1
	if cp.After > j.durable {
		return fmt.Errorf("%w: the checkpoint knows record %d, the segments end at %d", ErrDamaged, cp.After, j.durable)
	}
	return syncDir(j.opt.Dir)
}

// contiguous checks, backwards from a segment that begins with record follows,
// that each segment ends where the next begins, as far as the first sealed
// one. Sealed ones before that are compared with their audit leaves by the
// verifier, and by a full replay.
func contiguous(list []segmentFile, follows uint64) error {
	for i := len(list) - 1; i >= 0; i-- {
		_, s, err := readSegment(list[i])
		if err != nil {
			return err
		}
		if !s.begun || s.torn || s.last+1 != follows {
			return fmt.Errorf("%w: segment %s does not reach record %d", ErrDamaged, list[i].name(), follows-1)
		}
		if list[i].sealed {
			return nil
		}
		follows = s.header.First
	}
	return nil
}

func readSegment(seg segmentFile) ([]byte, scan, error) {
	data, err := os.ReadFile(seg.path)
	if err != nil {
		return nil, scan{}, fmt.Errorf("read segment %s: %w", seg.name(), err)
	}
	s, err := scanSegment(data, nil)
	if err != nil {
		return nil, s, fmt.Errorf("segment %s: %w", seg.name(), err)
	}
	if s.begun && (s.header.Node != seg.node || s.header.Segment != seg.number) {
		return nil, s, fmt.Errorf("%w: segment %s carries the header of another", ErrDamaged, seg.name())
	}
	return data, s, nil
}

func cut(path string, size int64) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := f.Truncate(size); err != nil {
		return errors.Join(err, f.Close())
	}
	return errors.Join(f.Sync(), f.Close())
}

// makeSegment creates and prewrites an empty segment. On error nothing of it
// is left.
func (j *Journal) makeSegment(number uint64) (*segment, error) {
	path := filepath.Join(j.opt.Dir, segmentName(j.opt.Node, number)+openSuffix)
	f, err := j.opt.openFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR)
	if errors.Is(err, fs.ErrExist) {
		// Left by an attempt whose removal failed; it was never written to.
		if err = os.Remove(path); err == nil {
			f, err = j.opt.openFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR)
		}
	}
	if err != nil {
		return nil, err
	}
	if err = prewrite(f, 0, j.opt.SegmentBytes); err == nil {
		err = syncDir(j.opt.Dir)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(path))
	}
	return &segment{file: f, number: number, path: path, size: j.opt.SegmentBytes}, nil
}

// Append writes one record and returns its number when it is durable. Records
// are numbered from 1 without gaps, in the order they become durable.
// Errors: ErrReadOnly and ErrTooLarge (nothing kept), ErrBroken and ErrUnknown
// (may be kept), ErrClosed, the context's error (nothing kept).
func (j *Journal) Append(ctx context.Context, payload []byte) (uint64, error) {
	if len(payload) == 0 || len(payload) > MaxPayload {
		return 0, ErrTooLarge
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	j.mu.Lock()
	for {
		if j.failed != nil {
			j.mu.Unlock()
			return 0, j.failed
		}
		if j.readOnly != "" {
			j.retryLocked(false)
			j.mu.Unlock()
			return 0, ErrReadOnly
		}
		if len(j.pending.buf)+headerSize+len(payload) <= j.maxBatch {
			break
		}
		full := j.pending
		j.mu.Unlock()
		select {
		case <-full.done:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
		j.mu.Lock()
	}
	b, n := j.pending, j.next
	j.next++
	begins := b.empty()
	if begins {
		b.first = n
	}
	b.last = n
	b.buf = appendFrame(b.buf, frame{kind: kindRecord, lag: uint32(n - j.durable), number: n, payload: payload})
	j.mu.Unlock()
	if begins {
		j.poke()
	}
	select {
	case <-b.done:
		return n, b.err
	case <-ctx.Done():
		return 0, ErrUnknown
	}
}

func (j *Journal) poke() {
	select {
	case j.wake <- struct{}{}:
	default:
	}
}

// Close writes what is pending, gives back unused space and releases the
// directory. Appends after it fail with ErrClosed.
func (j *Journal) Close() error {
	j.mu.Lock()
	if errors.Is(j.failed, ErrClosed) {
		j.mu.Unlock()
		return nil
	}
	if j.failed == nil {
		j.failed = ErrClosed
	}
	j.mu.Unlock()
	close(j.quit)
	<-j.stopped
	j.sealing.Lock()
	defer j.sealing.Unlock()
	j.mu.Lock()
	defer j.mu.Unlock()
	for j.making != nil {
		making := j.making
		j.mu.Unlock()
		<-making
		j.mu.Lock()
	}
	broken := errors.Is(j.failed, ErrBroken)
	j.failed = ErrClosed
	var err error
	if s := j.active; s != nil {
		if !broken {
			err = errors.Join(s.file.Truncate(s.off), s.file.Sync())
		}
		err = errors.Join(err, s.file.Close())
		j.active = nil
	}
	if j.spare != nil {
		err = errors.Join(err, j.spare.file.Close(), os.Remove(j.spare.path))
		j.spare = nil
	}
	return errors.Join(err, j.lock.Close())
}

func headerFrame(node string, number, first uint64) ([]byte, error) {
	payload, err := json.Marshal(segmentHeader{Node: node, Segment: number, First: first})
	if err != nil {
		return nil, err
	}
	return appendFrame(nil, frame{kind: kindSegment, number: first, payload: payload}), nil
}
