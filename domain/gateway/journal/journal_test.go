package journal

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// testClock stands for real time; tests move it.
type testClock struct{ at atomic.Int64 }

func (c *testClock) now() time.Time          { return time.Unix(0, c.at.Load()) }
func (c *testClock) advance(d time.Duration) { c.at.Add(int64(d)) }

func options(dir string) (Options, *testClock) {
	c := new(testClock)
	c.at.Store(1_790_000_000_000_000_000)
	return Options{Dir: dir, Node: "g1", SegmentBytes: minSegment, Now: c.now}, c
}

func open(t testing.TB, opt Options) *Journal {
	t.Helper()
	j, err := Open(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func collect(t testing.TB, dir string) []string {
	t.Helper()
	var out []string
	for e, err := range Read(dir, 1) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Number != uint64(len(out)+1) {
			t.Fatalf("record %d at place %d", e.Number, len(out)+1)
		}
		out = append(out, string(e.Payload))
	}
	return out
}

func appendAll(t testing.TB, j *Journal, from, to int) {
	t.Helper()
	for i := from; i <= to; i++ {
		n, err := j.Append(context.Background(), fmt.Appendf(nil, "record %d %s", i, strings.Repeat("x", i%197)))
		if err != nil || n != uint64(i) {
			t.Fatalf("append %d: number %d, %v", i, n, err)
		}
	}
}

func TestAppendReplayReopen(t *testing.T) {
	dir := t.TempDir()
	opt, _ := options(dir)
	total := 0
	for range 4 {
		j := open(t, opt)
		appendAll(t, j, total+1, total+2500) // crosses a segment's end
		total += 2500
		var live int
		for e, err := range j.Replay(uint64(total - 9)) {
			if err != nil || !strings.HasPrefix(string(e.Payload), fmt.Sprintf("record %d ", e.Number)) {
				t.Fatal(e.Number, err)
			}
			live++
		}
		if live != 10 {
			t.Fatalf("replayed %d of the last 10", live)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := j.Append(context.Background(), []byte("late")); !errors.Is(err, ErrClosed) {
			t.Fatal(err)
		}
	}
	got := collect(t, dir)
	if len(got) != total {
		t.Fatalf("%d records, want %d", len(got), total)
	}
	if list, _ := listSegments(dir); len(list) < 5 {
		t.Fatalf("only %d segments: the test never crossed an end", len(list))
	}
}

func TestLimits(t *testing.T) {
	opt, _ := options(t.TempDir())
	j := open(t, opt)
	for _, p := range [][]byte{nil, {}, make([]byte, MaxPayload+1)} {
		if _, err := j.Append(context.Background(), p); !errors.Is(err, ErrTooLarge) {
			t.Fatalf("%d bytes: %v", len(p), err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := j.Append(ctx, []byte("x")); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if _, err := Open(opt); !errors.Is(err, ErrLocked) {
		t.Fatalf("second opener: %v", err)
	}
	for _, bad := range []string{"", "G1", "a-b", strings.Repeat("a", 17)} {
		o := opt
		o.Node = bad
		if _, err := Open(o); err == nil {
			t.Fatalf("node %q accepted", bad)
		}
	}
	// The largest records, many at once, in the smallest segments.
	var wg sync.WaitGroup
	for i := range 24 {
		wg.Go(func() {
			if _, err := j.Append(context.Background(), bytes.Repeat([]byte{byte(i) + 1}, minSegment/maxBatchShare-headerSize)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	j.Close()
	if got := collect(t, opt.Dir); len(got) != 24 {
		t.Fatal(len(got))
	}
}

// hookFile lets a test stand between the journal and the disk.
type hookFile struct {
	file
	write func(b []byte, off int64) error
	sync  func() error
}

func (f *hookFile) WriteAt(b []byte, off int64) (int, error) {
	if f.write != nil {
		if err := f.write(b, off); err != nil {
			n, _ := f.file.WriteAt(b[:len(b)/2], off) // half of it arrives
			return n, err
		}
	}
	return f.file.WriteAt(b, off)
}

func (f *hookFile) Sync() error {
	if f.sync != nil {
		if err := f.sync(); err != nil {
			return err
		}
	}
	return f.file.Sync()
}

func hook(opt *Options, write func(b []byte, off int64) error, sync func() error) {
	opt.openFile = func(path string, flag int) (file, error) {
		f, err := openOS(path, flag)
		if err != nil {
			return nil, err
		}
		return &hookFile{file: f, write: write, sync: sync}, nil
	}
}

// The batch is formed by the sync in flight: while one is held back, every
// other writer's record gathers and then takes exactly one more sync.
func TestNaturalGroupCommit(t *testing.T) {
	opt, _ := options(t.TempDir())
	var armed atomic.Bool
	var syncs atomic.Int32
	held, release := make(chan struct{}, 1), make(chan struct{})
	hook(&opt, nil, func() error {
		if armed.Load() && syncs.Add(1) == 1 {
			held <- struct{}{}
			<-release
		}
		return nil
	})
	j := open(t, opt)
	appendAll(t, j, 1, 1)
	j.mu.Lock()
	for j.making != nil { // the spare's own sync is not to be counted
		making := j.making
		j.mu.Unlock()
		<-making
		j.mu.Lock()
	}
	j.mu.Unlock()
	armed.Store(true)
	const writers = 100
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			if _, err := j.Append(context.Background(), fmt.Appendf(nil, "w%d", i)); err != nil {
				t.Error(err)
			}
		})
		if i == 0 {
			<-held
		}
	}
	for {
		j.mu.Lock()
		gathered := j.next - 1
		j.mu.Unlock()
		if gathered == writers+1 {
			break
		}
		runtime.Gosched()
	}
	close(release)
	wg.Wait()
	if n := syncs.Load(); n != 2 {
		t.Fatalf("%d syncs for %d records, want 2", n, writers)
	}
}

func TestSyncFailureBreaks(t *testing.T) {
	opt, _ := options(t.TempDir())
	var fail atomic.Bool
	hook(&opt, nil, func() error {
		if fail.Load() {
			return syscall.EIO
		}
		return nil
	})
	j := open(t, opt)
	appendAll(t, j, 1, 3)
	fail.Store(true)
	if _, err := j.Append(context.Background(), []byte("x")); !errors.Is(err, ErrBroken) {
		t.Fatal(err)
	}
	fail.Store(false)
	if _, err := j.Append(context.Background(), []byte("y")); !errors.Is(err, ErrBroken) {
		t.Fatalf("a journal of unknown state took a record: %v", err)
	}
	if h := j.Health(); !h.Broken || h.Reason != "write_failed" {
		t.Fatalf("%+v", h)
	}
	j.Close()
	opt.openFile = nil
	k := open(t, opt)
	// Record 4 was never acknowledged; it may be there or not.
	n, err := k.Append(context.Background(), []byte("z"))
	if err != nil || n != 4 && n != 5 {
		t.Fatal(n, err)
	}
}

func FuzzDecodeFrame(f *testing.F) {
	f.Add([]byte{})
	f.Add(make([]byte, headerSize))
	f.Add(appendFrame(nil, frame{kind: kindRecord, lag: 3, number: 7, payload: []byte("payload")}))
	f.Add(appendFrame(nil, frame{kind: kindSegment, number: 1, payload: []byte(`{"node":"g1","segment":1,"first":1}`)}))
	f.Fuzz(func(t *testing.T, b []byte) {
		fr, n, err := decodeFrame(b)
		switch {
		case err == nil:
			if n < headerSize || n > len(b) || !bytes.Equal(appendFrame(nil, fr), b[:n]) {
				t.Fatalf("decoding %d bytes is not the inverse of encoding", n)
			}
		case errors.Is(err, errUnused):
			if !allZero(b[:min(len(b), headerSize)]) {
				t.Fatal("used space taken for unused")
			}
		case !errors.Is(err, errTorn):
			t.Fatal(err)
		}
		// The whole-segment walk on the same bytes, as they are and with a
		// correct sum, never fails in another way.
		if len(b) >= headerSize {
			b = bytes.Clone(b)
			if l := int(binary.LittleEndian.Uint32(b)); l <= len(b)-headerSize {
				binary.LittleEndian.PutUint32(b[4:], frameSum(b[:headerSize+l]))
			}
		}
		if _, err := scanSegment(b, nil); err != nil && !errors.Is(err, ErrDamaged) {
			t.Fatal(err)
		}
	})
}
