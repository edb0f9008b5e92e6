package journal

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

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
