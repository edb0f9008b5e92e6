package journal

import (
	"errors"
	"os"
	"syscall"
)

// file is what the writer needs of an open segment; tests put a disk behind it
// that loses unsynced sectors or is full.
type file interface {
	WriteAt(b []byte, off int64) (int, error)
	Sync() error // data and size are durable afterwards
	Truncate(size int64) error
	Close() error
}

type osFile struct{ *os.File }

func (f osFile) Sync() error { return datasync(f.File) }

func openOS(path string, flag int) (file, error) {
	f, err := os.OpenFile(path, flag, 0o640)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	return errors.Join(err, d.Close())
}

func diskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

var zeros = make([]byte, 1<<20)

// prewrite fills [from, to) with zeros and makes them durable, so that a later
// write into the range changes no block map: its fdatasync is cheaper and it
// cannot run out of space on a file system that writes in place.
func prewrite(f file, from, to int64) error {
	for off := from; off < to; {
		n := min(int64(len(zeros)), to-off)
		if _, err := f.WriteAt(zeros[:n], off); err != nil {
			return err
		}
		off += n
	}
	return f.Sync()
}
