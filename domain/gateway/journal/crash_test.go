package journal

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var childDir = flag.String("journal.child", "", "internal: append to this directory until killed")

func TestMain(m *testing.M) {
	flag.Parse()
	if *childDir != "" {
		os.Exit(child(*childDir))
	}
	os.Exit(m.Run())
}

// child appends under load and prints "number payload" for each record it got
// an answer for, until it is killed.
func child(dir string) int {
	j, err := Open(Options{Dir: dir, Node: "g1", SegmentBytes: minSegment, Now: time.Now})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var out sync.Mutex
	for w := range 32 {
		go func() {
			for i := 0; ; i++ {
				payload := fmt.Sprintf("%d/%d/%d", os.Getpid(), w, i)
				n, err := j.Append(context.Background(), []byte(payload))
				if err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				out.Lock()
				fmt.Printf("%d %s\n", n, payload)
				out.Unlock()
			}
		}()
	}
	go func() {
		for {
			if _, err := j.Seal(context.Background(), func(context.Context, Facts) error { return nil }); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
		}
	}()
	select {}
}

// A process is killed again and again in the middle of its load; whatever it
// had acknowledged is there, in its place, exactly once.
func TestKillNine(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: starts and kills a process a dozen times")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	acked := map[uint64]string{}
	rng := rand.New(rand.NewPCG(20261123, 1))
	for round := range 12 {
		cmd := exec.Command(self, "-journal.child", dir)
		cmd.Stderr = os.Stderr
		pipe, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewReader(pipe)
		stopAt := 1 + rng.IntN(6000)
		for seen := 0; ; seen++ {
			line, err := lines.ReadString('\n')
			if err == io.EOF {
				break // a half line was not yet an answer anyone could read
			}
			if err != nil {
				t.Fatal(err)
			}
			var n uint64
			var payload string
			if _, err := fmt.Sscanf(line, "%d %s", &n, &payload); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			if before, twice := acked[n]; twice {
				t.Fatalf("record %d acknowledged as %s and as %s", n, before, payload)
			}
			acked[n] = payload
			if seen == stopAt {
				if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("the child ended by itself")
		}
		records := collect(t, dir)
		for n, payload := range acked {
			if n > uint64(len(records)) || records[n-1] != payload {
				t.Fatalf("round %d: acknowledged record %d (%s) is lost", round, n, payload)
			}
		}
	}
	if len(acked) < 12 {
		t.Fatalf("only %d records acknowledged", len(acked))
	}
}

// lossyFile is a disk with a write cache: a sector written since the last sync
// may or may not survive a power cut, in any order.
type lossyFile struct {
	*os.File
	mu     *sync.Mutex
	synced []byte
	dirty  map[int64][]byte // sector → content
}

const sector = 512

func (f *lossyFile) WriteAt(b []byte, off int64) (int, error) {
	n, err := f.File.WriteAt(b, off)
	f.mu.Lock()
	defer f.mu.Unlock()
	for s := off / sector; s*sector < off+int64(n); s++ {
		buf := make([]byte, sector)
		m, _ := f.File.ReadAt(buf, s*sector)
		f.dirty[s] = buf[:m]
	}
	return n, err
}

func (f *lossyFile) Sync() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.apply(func() bool { return true })
	return nil
}

func (f *lossyFile) Truncate(size int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.apply(func() bool { return true })
	f.synced = f.synced[:min(int64(len(f.synced)), size)]
	return f.File.Truncate(size)
}

func (f *lossyFile) apply(survives func() bool) {
	for s, b := range f.dirty {
		if !survives() {
			continue
		}
		if end := s*sector + int64(len(b)); end > int64(len(f.synced)) {
			f.synced = append(f.synced, make([]byte, end-int64(len(f.synced)))...)
		}
		copy(f.synced[s*sector:], b)
	}
	clear(f.dirty)
}

// At a random instant the power goes; each unsynced sector survives or not.
// Every acknowledged record is found again and the journal opens without help.
func TestPowerCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "journal-power")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		opt, _ := options(dir)
		var acked []string
		for range rapid.IntRange(1, 3).Draw(t, "crashes") {
			var mu sync.Mutex
			files := map[string]*lossyFile{}
			opt.openFile = func(path string, flag int) (file, error) {
				f, err := os.OpenFile(path, flag, 0o600)
				if err != nil {
					return nil, err
				}
				l := &lossyFile{File: f, mu: &mu, dirty: map[int64][]byte{}}
				mu.Lock()
				files[path] = l
				mu.Unlock()
				return l, nil
			}
			j, err := Open(opt)
			if err != nil {
				t.Fatal(err)
			}
			size := rapid.IntRange(1, 3000).Draw(t, "record bytes")
			for i := range rapid.IntRange(0, 60).Draw(t, "acknowledged") {
				payload := make([]byte, size)
				copy(payload, fmt.Sprintf("%d.%d", len(acked), i))
				if _, err := j.Append(context.Background(), payload); err != nil {
					t.Fatal(err)
				}
				acked = append(acked, string(payload))
			}
			// One more batch is written but its sync never returns.
			writers := rapid.IntRange(0, 8).Draw(t, "in flight")
			j.mu.Lock()
			for i := range writers {
				b, n := j.pending, j.next
				j.next++
				if b.empty() {
					b.first = n
				}
				b.last = n
				b.buf = appendFrame(b.buf, frame{kind: kindRecord, lag: uint32(n - j.durable), number: n,
					payload: append([]byte{byte(i) + 1}, make([]byte, size)...)})
			}
			b := j.pending
			j.mu.Unlock()
			if s := j.active; !b.empty() {
				if s == nil || rapid.Bool().Draw(t, "in a new segment") {
					j.closeActive()
					if s, err = j.openNext(b.first); err != nil {
						t.Fatal(err)
					}
				}
				if _, err := s.file.WriteAt(b.buf, s.off); err != nil {
					t.Fatal(err)
				}
			}
			j.mu.Lock()
			j.pending = newBatch(nil)
			j.mu.Unlock()
			crash(j)
			rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "luck"), 7))
			for path, f := range files {
				f.apply(func() bool { return rng.IntN(2) == 0 })
				if err := os.WriteFile(path, f.synced, 0o600); err != nil {
					t.Fatal(err)
				}
				f.File.Close()
			}
			opt.openFile = nil
			k, err := Open(opt)
			if err != nil {
				t.Fatalf("after the power cut: %v", err)
			}
			if err := k.Close(); err != nil {
				t.Fatal(err)
			}
			var got []string
			for e, err := range Read(dir, 1) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, string(e.Payload))
			}
			if len(got) < len(acked) {
				t.Fatalf("%d of %d acknowledged records found", len(got), len(acked))
			}
			for i, want := range acked {
				if got[i] != want {
					t.Fatalf("record %d differs", i+1)
				}
			}
			acked = got
		}
	})
}

// A full disk: refused with ErrReadOnly, stated in Health, nothing of the
// refused record kept, and over as soon as there is space.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("skipped: no small tmpfs can be mounted here (%v); TestRefusedWrites covers the injected case", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	opt, clock := options(filepath.Join(dir, "journal"))
	j := open(t, opt)
	ballast := filepath.Join(dir, "ballast")
	f, err := os.Create(ballast)
	if err != nil {
		t.Fatal(err)
	}
	for err = nil; err == nil; {
		_, err = f.Write(make([]byte, 4096))
	}
	f.Close()
	fillUntilRefused(t, j)
	acknowledged := j.Health().LastRecord
	if h := j.Health(); !h.ReadOnly || h.Reason != "disk_full" || h.Broken {
		t.Fatalf("%+v", h)
	}
	// The process restarts while the disk is still full: it opens, read-only.
	j.Close()
	fill, err := os.OpenFile(ballast, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	for err = nil; err == nil; {
		_, err = fill.Write(make([]byte, 4096))
	}
	fill.Close()
	j = open(t, opt)
	if h := j.Health(); !h.ReadOnly || h.LastRecord != acknowledged {
		t.Fatalf("%+v, want %d records", h, acknowledged)
	}
	if _, err := j.Append(context.Background(), []byte("x")); err != ErrReadOnly {
		t.Fatal(err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	recovers(t, j, clock, acknowledged)
}

func fillUntilRefused(t *testing.T, j *Journal) {
	t.Helper()
	for range 100_000 {
		if _, err := j.Append(context.Background(), make([]byte, 1000)); err != nil {
			if err != ErrReadOnly {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatal("never full")
}

func recovers(t *testing.T, j *Journal, clock *testClock, acknowledged uint64) {
	t.Helper()
	clock.advance(2 * time.Second)
	if _, err := j.Append(context.Background(), []byte("starts the attempt")); err != nil && err != ErrReadOnly {
		t.Fatal(err)
	}
	acknowledged = max(acknowledged, j.Health().LastRecord)
	j.Retry()
	n, err := j.Append(context.Background(), []byte("after"))
	if err != nil || n != acknowledged+1 {
		t.Fatalf("record %d, %v; want %d", n, err, acknowledged+1)
	}
	if h := j.Health(); h.ReadOnly || h.Reason != "" {
		t.Fatalf("%+v", h)
	}
	dir := j.opt.Dir
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if got := collect(t, dir); uint64(len(got)) != n {
		t.Fatalf("%d records, want %d: a refused record was kept", len(got), n)
	}
}

// The same with the writer's error injected: in the middle of a batch, in a
// segment's header, and while the next segment is prewritten.
func TestRefusedWrites(t *testing.T) {
	cases := map[string]func(b []byte, off int64) bool{
		"batch":      func(b []byte, off int64) bool { return off > 0 && len(b) < len(zeros) && b[8] == frameVersion },
		"header":     func(b []byte, off int64) bool { return off == 0 && b[8] == frameVersion },
		"prewriting": func(b []byte, off int64) bool { return b[8] == 0 },
	}
	for name, hit := range cases {
		t.Run(name, func(t *testing.T) {
			opt, clock := options(t.TempDir())
			var full atomic.Bool
			hook(&opt, func(b []byte, off int64) error {
				if full.Load() && hit(b, off) {
					return syscall.ENOSPC
				}
				return nil
			}, nil)
			j := open(t, opt)
			appendAll(t, j, 1, 5)
			full.Store(true)
			fillUntilRefused(t, j)
			h := j.Health()
			if !h.ReadOnly || h.Reason != "disk_full" {
				t.Fatalf("%+v", h)
			}
			j.Retry()
			if name == "prewriting" && !j.Health().ReadOnly {
				t.Fatal("left read-only mode on a full disk")
			}
			full.Store(false)
			recovers(t, j, clock, h.LastRecord)
		})
	}
}
