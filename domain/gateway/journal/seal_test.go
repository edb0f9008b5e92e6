package journal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm3"
)

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
