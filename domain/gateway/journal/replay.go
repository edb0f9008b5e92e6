package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
)

// Entry is one durable record.
type Entry struct {
	Number  uint64
	Payload []byte // valid until the next step of the iteration
}

// Replay yields the records from a number on, in order, up to the last one
// durable when it was called. A missing or unreadable record ends the
// iteration with an error.
func (j *Journal) Replay(from uint64) iter.Seq2[Entry, error] {
	j.mu.Lock()
	last := j.durable
	j.mu.Unlock()
	if last == 0 {
		return func(func(Entry, error) bool) {}
	}
	return replay(j.opt.Dir, from, last)
}

// Read yields the records of a directory nobody is writing to, such as a
// backup, from a number on. A torn tail ends the iteration without an error.
func Read(dir string, from uint64) iter.Seq2[Entry, error] {
	return replay(dir, from, 0)
}

// replay with last 0 goes to the end.
func replay(dir string, from, last uint64) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		from := max(from, 1)
		if last != 0 && from > last {
			return
		}
		list, err := listSegments(dir)
		if err != nil {
			yield(Entry{}, fmt.Errorf("replay: %w", err))
			return
		}
		start, err := segmentOf(list, from)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		want := from
		for _, seg := range list[start:] {
			data, err := readWhole(seg)
			if err != nil {
				yield(Entry{}, fmt.Errorf("replay %s: %w", seg.name(), err))
				return
			}
			stop := false
			s, err := scanSegment(data, func(number uint64, payload []byte) error {
				if number < from {
					return nil
				}
				if number != want {
					return fmt.Errorf("%w: record %d is missing", ErrDamaged, want)
				}
				if stop = !yield(Entry{Number: number, Payload: payload}, nil); stop || number == last {
					stop = true
					return errStop
				}
				want++
				return nil
			})
			if stop {
				return
			}
			if err != nil {
				yield(Entry{}, fmt.Errorf("replay %s: %w", seg.name(), err))
				return
			}
			if !s.begun {
				break
			}
		}
		if last != 0 && want <= last {
			yield(Entry{}, fmt.Errorf("%w: records %d to %d are missing", ErrDamaged, want, last))
		}
	}
}

var errStop = errors.New("journal: stop")

// segmentOf finds the segment that holds a record by reading headers only.
func segmentOf(list []segmentFile, record uint64) (int, error) {
	at := 0
	for i, seg := range list {
		first, ok, err := firstOf(seg)
		if err != nil {
			return 0, err
		}
		if !ok {
			break
		}
		if i == 0 && first > record {
			return 0, fmt.Errorf("replay: record %d was archived, the oldest here is %d", record, first)
		}
		if first > record {
			break
		}
		at = i
	}
	return at, nil
}

func firstOf(seg segmentFile) (uint64, bool, error) {
	f, err := os.Open(seg.path)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = os.Open(seg.sealedPath())
	}
	if err != nil {
		return 0, false, fmt.Errorf("replay %s: %w", seg.name(), err)
	}
	defer f.Close()
	var b [512]byte
	n, _ := f.ReadAt(b[:], 0)
	h, _, err := decodeFrame(b[:n])
	if err != nil || h.kind != kindSegment {
		return 0, false, nil
	}
	return h.number, true, nil
}

// readWhole reads a segment that Seal may be renaming meanwhile.
func readWhole(seg segmentFile) ([]byte, error) {
	data, err := os.ReadFile(seg.path)
	if errors.Is(err, fs.ErrNotExist) {
		return os.ReadFile(seg.sealedPath())
	}
	return data, err
}
