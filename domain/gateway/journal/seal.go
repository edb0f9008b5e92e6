package journal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"github.com/emmansun/gmsm/sm3"
)

// Facts describe one closed segment for its audit leaf. They are a function of
// the segment's bytes alone: sealing the same segment again gives equal Facts.
type Facts struct {
	Name    string // node and segment number; the idempotency key of the leaf
	Node    string
	Segment uint64 // numbered from 1 without gaps per node
	First   uint64 // first record
	Records uint64 // at least 1
	Bytes   int64
	SHA256  string // lower-case hex over the whole file
	SM3     string // lower-case hex over the whole file
}

// Last is the number of the segment's last record.
func (f Facts) Last() uint64 { return f.First + f.Records - 1 }

// Seal closes the open segment if it is older than MaxAge and then hands the
// facts of every closed, unsealed segment to record, oldest first. When record
// returns nil the segment is marked sealed; on the first error Seal stops and
// the rest waits for the next call. After a crash between record and the mark
// record sees equal facts again: it must be safe to repeat by Facts.Name.
// Called every second or so, the open segment's age is bounded by MaxAge plus
// that pause, its size by SegmentBytes. It returns how many were sealed.
func (j *Journal) Seal(ctx context.Context, record func(context.Context, Facts) error) (int, error) {
	j.mu.Lock()
	old := j.active != nil && j.opt.Now().Sub(j.active.since) >= j.opt.MaxAge
	j.mu.Unlock()
	if old {
		if err := j.roll(); err != nil {
			return 0, fmt.Errorf("seal: %w", err)
		}
	}
	return j.sealClosed(ctx, record)
}

// SealAll is Seal with the open segment closed whatever its age: for an
// orderly shutdown, a backup, or a month's close.
func (j *Journal) SealAll(ctx context.Context, record func(context.Context, Facts) error) (int, error) {
	if err := j.roll(); err != nil {
		return 0, fmt.Errorf("seal: %w", err)
	}
	return j.sealClosed(ctx, record)
}

func (j *Journal) sealClosed(ctx context.Context, record func(context.Context, Facts) error) (int, error) {
	j.sealing.Lock()
	defer j.sealing.Unlock()
	// Whatever is numbered from the active segment on, or from the spare on
	// when there is no active one, is not closed.
	j.mu.Lock()
	if j.failed != nil {
		defer j.mu.Unlock()
		return 0, fmt.Errorf("seal: %w", j.failed)
	}
	open := j.segments + 1
	if j.spare != nil {
		open = j.spare.number
	}
	if j.active != nil {
		open = j.active.number
	}
	j.mu.Unlock()

	list, err := listSegments(j.opt.Dir)
	if err != nil {
		return 0, fmt.Errorf("seal: %w", err)
	}
	sealed := 0
	for _, seg := range list {
		if seg.sealed || seg.number >= open {
			continue
		}
		if err := ctx.Err(); err != nil {
			return sealed, err
		}
		facts, err := trim(seg)
		if err != nil {
			return sealed, fmt.Errorf("seal: %w", err)
		}
		if err := record(ctx, facts); err != nil {
			return sealed, fmt.Errorf("seal %s: %w", facts.Name, err)
		}
		if err := os.Rename(seg.path, seg.sealedPath()); err != nil {
			return sealed, fmt.Errorf("seal %s: %w", facts.Name, err)
		}
		if err := syncDir(j.opt.Dir); err != nil {
			return sealed, fmt.Errorf("seal %s: %w", facts.Name, err)
		}
		sealed++
	}
	return sealed, nil
}

// trim cuts the unused rest off a closed segment and computes its facts. Every
// frame is checked on the way: damaged content gets no seal.
func trim(seg segmentFile) (Facts, error) {
	data, s, err := readSegment(seg)
	if err != nil {
		return Facts{}, err
	}
	if !s.begun || s.torn || s.records() == 0 {
		return Facts{}, fmt.Errorf("%w: segment %s is incomplete", ErrDamaged, seg.name())
	}
	if s.end != len(data) {
		if err := cut(seg.path, int64(s.end)); err != nil {
			return Facts{}, err
		}
	}
	return factsOf(data[:s.end], s), nil
}

func factsOf(data []byte, s scan) Facts {
	national, international := sm3.Sum(data), sha256.Sum256(data)
	return Facts{
		Name:    segmentName(s.header.Node, s.header.Segment),
		Node:    s.header.Node,
		Segment: s.header.Segment,
		First:   s.header.First,
		Records: s.records(),
		Bytes:   int64(len(data)),
		SHA256:  hex.EncodeToString(international[:]),
		SM3:     hex.EncodeToString(national[:]),
	}
}

// Inspect recomputes the facts of a sealed segment file, for comparing it with
// its audit leaf. Any invalid or surplus byte is ErrDamaged.
func Inspect(path string) (Facts, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Facts{}, fmt.Errorf("inspect segment: %w", err)
	}
	s, err := scanSegment(data, nil)
	if err != nil {
		return Facts{}, err
	}
	if !s.begun || s.torn || s.end != len(data) || filepath.Base(path) != segmentName(s.header.Node, s.header.Segment)+sealedSuffix {
		return Facts{}, fmt.Errorf("%w: not a whole sealed segment", ErrDamaged)
	}
	return factsOf(data, s), nil
}
