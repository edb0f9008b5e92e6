package journal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm3"
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

func copyDir(t testing.TB, from string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return to
}

// crash leaves the directory as a killed process would: no Close.
func crash(j *Journal) {
	close(j.quit)
	<-j.stopped
	j.mu.Lock()
	for j.making != nil {
		making := j.making
		j.mu.Unlock()
		<-making
		j.mu.Lock()
	}
	j.failed = ErrClosed
	j.mu.Unlock()
	j.lock.Close()
}

func lastBegun(t testing.TB, dir string) (string, []byte, scan) {
	t.Helper()
	list, err := listSegments(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(list) - 1; i >= 0; i-- {
		data, s, err := readSegment(list[i])
		if err != nil {
			t.Fatal(err)
		}
		if s.begun {
			return list[i].path, data, s
		}
	}
	t.Fatal("no segment")
	return "", nil, scan{}
}

// Every way to cut or spoil the last record: what is whole before it is kept,
// the rest is cut, and the journal goes on with the right number.
func TestTornTail(t *testing.T) {
	base := t.TempDir()
	opt, _ := options(base)
	j := open(t, opt)
	appendAll(t, j, 1, 40)
	crash(j)
	path, data, s := lastBegun(t, base)
	starts := []int{}
	for off := 0; off < s.end; {
		_, n, err := decodeFrame(data[off:])
		if err != nil {
			t.Fatal(err)
		}
		starts = append(starts, off)
		off += n
	}
	check := func(name string, spoil func(b []byte) []byte, want int) {
		dir := copyDir(t, base)
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(path)), spoil(bytes.Clone(data)), 0o600); err != nil {
			t.Fatal(err)
		}
		o := opt
		o.Dir = dir
		k, err := Open(o)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		appendAll(t, k, want+1, want+3)
		if err := k.Close(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := collect(t, dir); len(got) != want+3 {
			t.Fatalf("%s: %d records, want %d", name, len(got), want+3)
		}
	}
	last := starts[len(starts)-1]
	for off := last; off < s.end; off++ {
		check(fmt.Sprintf("file ends at %d", off), func(b []byte) []byte { return b[:off] }, 39)
		check(fmt.Sprintf("byte %d flipped", off), func(b []byte) []byte { b[off] ^= 0x20; return b }, 39)
	}
	check("rubbish behind", func(b []byte) []byte { copy(b[s.end+7:], "rubbish"); return b }, 40)
	check("whole", func(b []byte) []byte { return b }, 40)
	check("header lost", func(b []byte) []byte { return make([]byte, len(b)) }, 0)
}

// An unreadable record that a later frame proves acknowledged is not cut away.
func TestDamageIsNotATornTail(t *testing.T) {
	base := t.TempDir()
	opt, _ := options(base)
	j := open(t, opt)
	appendAll(t, j, 1, 4000)
	crash(j)
	list, err := listSegments(base)
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]func(dir string) error{
		"byte in a closed segment": func(dir string) error { return flip(dir, list[0], 5000) },
		"byte in the open segment": func(dir string) error { return flip(dir, list[len(list)-2], 500) },
		"closed segment shortened": func(dir string) error {
			return os.Truncate(filepath.Join(dir, filepath.Base(list[0].path)), 4000)
		},
		"closed segment missing": func(dir string) error {
			return os.Remove(filepath.Join(dir, filepath.Base(list[1].path)))
		},
		"header of the first": func(dir string) error { return flip(dir, list[0], 30) },
	}
	for name, spoil := range cases {
		t.Run(name, func(t *testing.T) {
			o := opt
			o.Dir = copyDir(t, base)
			if err := spoil(o.Dir); err != nil {
				t.Fatal(err)
			}
			if k, err := Open(o); !errors.Is(err, ErrDamaged) {
				if err == nil {
					k.Close()
				}
				t.Fatalf("want ErrDamaged, got %v", err)
			}
		})
	}
}

func flip(dir string, seg segmentFile, off int) error {
	path := filepath.Join(dir, filepath.Base(seg.path))
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	b[off] ^= 1
	return os.WriteFile(path, b, 0o600)
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

func TestSeal(t *testing.T) {
	dir := t.TempDir()
	opt, clock := options(dir)
	opt.MaxAge = time.Minute
	j := open(t, opt)
	appendAll(t, j, 1, 100)
	ctx := context.Background()
	leaves := map[string]Facts{}
	calls := 0
	record := func(_ context.Context, f Facts) error {
		calls++
		if before, ok := leaves[f.Name]; ok && before != f {
			t.Fatalf("second sealing differs: %+v and %+v", before, f)
		}
		leaves[f.Name] = f
		return nil
	}
	if n, err := j.Seal(ctx, record); n != 0 || err != nil {
		t.Fatalf("a young segment was sealed: %d, %v", n, err)
	}
	clock.advance(time.Minute)
	if h := j.Health(); h.OpenSeconds != 60 || h.OpenRecords != 100 {
		t.Fatalf("%+v", h)
	}
	// The leaf is written but the process dies before the mark.
	lost := errors.New("killed")
	n, err := j.Seal(ctx, func(ctx context.Context, f Facts) error { return errors.Join(record(ctx, f), lost) })
	if n != 0 || !errors.Is(err, lost) {
		t.Fatal(n, err)
	}
	if h := j.Health(); h.Unsealed != 1 || h.OpenSegment != "" {
		t.Fatalf("%+v", h)
	}
	crash(j)
	j = open(t, opt)
	appendAll(t, j, 101, 150)
	if n, err := j.Seal(ctx, record); n != 1 || err != nil || len(leaves) != 1 || calls != 2 {
		t.Fatalf("sealed %d, leaves %d, calls %d: %v", n, len(leaves), calls, err)
	}
	if n, err := j.SealAll(ctx, record); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if n, err := j.SealAll(ctx, record); n != 0 || err != nil {
		t.Fatalf("nothing was open: %d, %v", n, err)
	}
	appendAll(t, j, 151, 160)
	next := uint64(1)
	list, err := listSegments(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, seg := range list {
		if !seg.sealed {
			continue
		}
		f := leaves[seg.name()]
		b, err := os.ReadFile(seg.path)
		if err != nil {
			t.Fatal(err)
		}
		a, c := sha256.Sum256(b), sm3.Sum(b)
		if f.First != next || f.SHA256 != hex.EncodeToString(a[:]) || f.SM3 != hex.EncodeToString(c[:]) || f.Bytes != int64(len(b)) {
			t.Fatalf("%+v", f)
		}
		if g, err := Inspect(seg.path); err != nil || g != f {
			t.Fatalf("%+v %v", g, err)
		}
		next = f.Last() + 1
		for _, spoil := range []func([]byte) []byte{
			func(b []byte) []byte { b[len(b)/2] ^= 4; return b },
			func(b []byte) []byte { return b[:len(b)-1] },
			func(b []byte) []byte { return append(b, 0) },
		} {
			bad := filepath.Join(t.TempDir(), filepath.Base(seg.path))
			if err := os.WriteFile(bad, spoil(bytes.Clone(b)), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := Inspect(bad); !errors.Is(err, ErrDamaged) {
				t.Fatal(err)
			}
		}
	}
	if next != 151 || len(leaves) != 2 {
		t.Fatalf("sealed up to %d in %d leaves", next-1, len(leaves))
	}
	j.Close()
	if got := collect(t, dir); len(got) != 160 {
		t.Fatal(len(got))
	}
}

func TestCheckpoint(t *testing.T) {
	dir := t.TempDir()
	opt, _ := options(dir)
	j := open(t, opt)
	if cp, err := j.LoadCheckpoint(); err != nil || cp.After != 0 {
		t.Fatal(cp, err)
	}
	appendAll(t, j, 1, 20)
	want := Checkpoint{After: 12, State: []byte("folded")}
	if err := j.SaveCheckpoint(want); err != nil {
		t.Fatal(err)
	}
	j.Close()
	j = open(t, opt)
	if cp, err := j.LoadCheckpoint(); err != nil || cp.After != 12 || string(cp.State) != "folded" {
		t.Fatal(cp, err)
	}
	// The file claims records the segments do not have: something is gone.
	if err := j.SaveCheckpoint(Checkpoint{After: 21}); err != nil {
		t.Fatal(err)
	}
	j.Close()
	if _, err := Open(opt); !errors.Is(err, ErrDamaged) {
		t.Fatal(err)
	}
	path := filepath.Join(dir, checkpointName)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range b {
		spoilt := bytes.Clone(b)
		spoilt[i] ^= 1
		if err := os.WriteFile(path, spoilt, 0o600); err != nil {
			t.Fatal(err)
		}
		if cp, err := readCheckpoint(dir); err != nil || cp.After != 0 {
			t.Fatalf("byte %d: %+v %v", i, cp, err)
		}
	}
	open(t, opt)
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
		if _, err := scanSegment(b, 0, nil); err != nil && !errors.Is(err, ErrDamaged) {
			t.Fatal(err)
		}
	})
}
