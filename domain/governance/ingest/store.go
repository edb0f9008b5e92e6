package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"pado/domain/governance/ingest/engine"
)

// tempDir is where a run works, hidden in the output folder so that renames
// stay on one file system. It is locked; one that nobody locks is what a crash
// left and is removed by the next run.
type tempDir struct {
	path string
	lock *os.File
}

const tempPrefix = ".ingest-"

func newTemp(out string) (*tempDir, error) {
	if err := os.MkdirAll(out, 0o700); err != nil {
		return nil, storeError(err)
	}
	// The folder's own lock keeps others from sweeping between the making of
	// ours and its locking.
	gate, err := os.Open(out)
	if err != nil {
		return nil, storeError(err)
	}
	defer gate.Close()
	if err := syscall.Flock(int(gate.Fd()), syscall.LOCK_EX); err != nil {
		return nil, storeError(err)
	}
	sweep(out)
	path, err := os.MkdirTemp(out, tempPrefix)
	if err != nil {
		return nil, storeError(err)
	}
	lock, err := os.Open(path)
	if err == nil {
		err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	}
	if err != nil {
		os.RemoveAll(path)
		return nil, storeError(err)
	}
	return &tempDir{path, lock}, nil
}

func (t *tempDir) remove() {
	os.RemoveAll(t.path)
	t.lock.Close()
}

// sweep removes what crashed runs left: folders that nobody locks.
func sweep(out string) {
	entries, err := os.ReadDir(out)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), tempPrefix) {
			continue
		}
		path := filepath.Join(out, e.Name())
		d, err := os.Open(path)
		if err != nil {
			continue
		}
		if syscall.Flock(int(d.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			os.RemoveAll(path)
		}
		d.Close()
	}
}

func (r *run) manifest() string { return filepath.Join(r.out, r.version+".json") }

// existing gives the version if it is there and its file is whole.
func (r *run) existing() (*Result, bool) {
	res, err := Load(r.out, r.version)
	if err != nil {
		return nil, false
	}
	res.Repeated = true
	return res, true
}

// ErrNoVersion: the folder holds no such version, or its file is not the one
// the manifest names.
var ErrNoVersion = &Error{Code: "INGEST_NO_VERSION", Clause: "6.2.2", Message: "没有该数据集版本，或其数据文件已损坏"}

// Load reads a version's manifest and checks the digest of its file.
func Load(out, version string) (*Result, error) {
	if len(version) != 32 || strings.Trim(version, "0123456789abcdef") != "" {
		return nil, ErrNoVersion
	}
	b, err := os.ReadFile(filepath.Join(out, version+".json"))
	if err != nil {
		return nil, ErrNoVersion
	}
	var res Result
	if err := json.Unmarshal(b, &res); err != nil || res.VersionID != version || res.File != res.Digest+".parquet" {
		return nil, ErrNoVersion
	}
	digest, n, err := fileDigest(filepath.Join(out, res.File))
	if err != nil || digest != res.Digest || n != res.Bytes {
		return nil, ErrNoVersion
	}
	return &res, nil
}

// publish makes the finished file and then its manifest visible.
func (r *run) publish(file string, res *Result) error {
	if err := os.Chmod(file, 0o600); err != nil {
		return storeError(err)
	}
	if err := syncFile(file); err != nil {
		return err
	}
	var err error
	if res.Digest, res.Bytes, err = fileDigest(file); err != nil {
		return storeError(err)
	}
	res.File = res.Digest + ".parquet"
	b, err := json.MarshalIndent(res, "", " ")
	if err != nil {
		return ErrStore
	}
	man := filepath.Join(r.temp.path, "manifest.json")
	if err := os.WriteFile(man, append(b, '\n'), 0o600); err != nil {
		return storeError(err)
	}
	if err := syncFile(man); err != nil {
		return err
	}
	if r.ctx.Err() != nil {
		return engine.ErrCanceled
	}
	// At this point everything is on the disk under temporary names. The file
	// is named by its content, so replacing one of the same name changes nothing.
	if err := os.Rename(file, filepath.Join(r.out, res.File)); err != nil {
		return storeError(err)
	}
	if err := syncFile(r.out); err != nil {
		return err
	}
	if err := os.Rename(man, r.manifest()); err != nil {
		return storeError(err)
	}
	return syncFile(r.out)
}

// syncFile flushes a file or folder.
func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return storeError(err)
	}
	defer f.Close()
	return storeError(f.Sync())
}

func fileDigest(path string) (string, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), n, err
}

// storeError keeps the errno only.
func storeError(err error) error {
	if err == nil {
		return nil
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		if errno == syscall.ENOSPC || errno == syscall.EDQUOT {
			return engine.ErrDiskFull
		}
		return with(ErrStore, errno)
	}
	return ErrStore
}
