// Package vault keeps raw files encrypted at rest (clauses 6.2.2, 10.5.1).
// FORMAT.md fixes the bytes, README.md the life of an object.
package vault

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
)

// Vault is one folder of sealed files. It is safe for use by several
// goroutines and processes: every change to an object holds its lock.
type Vault struct {
	dir   string
	ring  *Keyring
	suite Suite
	fault func(io.Writer) io.Writer // tests break writes here
}

// At opens the folder, creating it with mode 0700. New files use the suite;
// existing ones keep theirs.
func At(dir string, ring *Keyring, suite Suite) (*Vault, error) {
	if !suite.valid() {
		return nil, ErrBadKey
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, ioError(err)
	}
	return &Vault{dir: dir, ring: ring, suite: suite}, nil
}

// Object describes a committed file. Size and SHA256 are of the plaintext.
type Object struct {
	ID     string `json:"id"`
	Label  string `json:"label"`
	Suite  Suite  `json:"suite"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	KEK    string `json:"kek"` // id of the key-encryption key, not the key
}

var idShape = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,127}$`)

func (v *Vault) path(id, ext string) string { return filepath.Join(v.dir, id+ext) }

func (v *Vault) exists(id, ext string) bool {
	_, err := os.Lstat(v.path(id, ext))
	return err == nil
}

// free says whether an id may be written.
func (v *Vault) free(id string) error {
	switch {
	case !idShape.MatchString(id):
		return ErrBadID
	case v.exists(id, ".gone"):
		return ErrDestroyed
	case v.exists(id, ".env"):
		return ErrExists
	}
	return nil
}

// Writer takes the plaintext of one file. Nothing is visible before Commit
// returns; after any error the caller calls Abort. The parts that a process
// leaves by dying are for Resume. Not safe for several goroutines.
type Writer struct {
	v      *Vault
	id     string
	lock   *os.File
	part   *os.File
	frames *frameWriter
	env    envelope
	key    []byte
	sum    hash.Hash
	size   int64
	err    error
}

// acquire takes the lock of an object, which every change to it holds. The
// lock is a file of its own, removed with the change; one that was removed
// between opening and locking it is not the lock any more.
func (v *Vault) acquire(id string) (*os.File, error) {
	if !idShape.MatchString(id) {
		return nil, ErrBadID
	}
	for range 100 {
		f, err := os.OpenFile(v.path(id, ".lock"), os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, ioError(err)
		}
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
			f.Close()
			return nil, ErrBusy
		}
		have, err := f.Stat()
		if err != nil {
			f.Close()
			return nil, ioError(err)
		}
		if named, err := os.Lstat(v.path(id, ".lock")); err == nil && os.SameFile(have, named) {
			return f, nil
		}
		f.Close()
	}
	return nil, ErrBusy
}

func (v *Vault) release(id string, lock *os.File) {
	os.Remove(v.path(id, ".lock"))
	lock.Close()
}

// Create begins a file. What an interrupted writer of the same id left is
// discarded; use Resume to keep it. ErrBusy while another writer is at work.
func (v *Vault) Create(id, label string) (*Writer, error) {
	lock, err := v.acquire(id)
	if err != nil {
		return nil, err
	}
	w, err := v.create(id, label, lock)
	if err != nil {
		v.release(id, lock)
		return nil, err
	}
	return w, nil
}

func (v *Vault) create(id, label string, lock *os.File) (*Writer, error) {
	if err := v.free(id); err != nil {
		return nil, err
	}
	part, err := os.OpenFile(v.path(id, ".part"), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, ioError(err)
	}
	w, err := v.begin(id, label, part)
	if err != nil {
		part.Close()
		return nil, err
	}
	w.lock = lock
	return w, nil
}

func (v *Vault) begin(id, label string, part *os.File) (*Writer, error) {
	env, key, err := newEnvelope(v.ring, v.suite, label)
	if err != nil {
		return nil, err
	}
	a, err := env.Suite.aead(key)
	if err != nil {
		return nil, err
	}
	prefix, ad, err := env.frameParts(key)
	if err != nil {
		return nil, err
	}
	b, err := env.encode()
	if err != nil {
		return nil, err
	}
	if err := v.replace(id+".part.env", b); err != nil {
		return nil, err
	}
	var out io.Writer = part
	if v.fault != nil {
		out = v.fault(out)
	}
	return &Writer{v: v, id: id, part: part, frames: newFrameWriter(out, a, prefix, ad), env: env, key: key, sum: sha256.New()}, nil
}

// Resume goes on with an interrupted file: every whole frame that was left is
// kept, and offset tells from which byte of the plaintext to go on. The kept
// frames are sealed anew under a fresh data key, because continuing under the
// old one could use a nonce twice.
func (v *Vault) Resume(id string) (w *Writer, offset int64, err error) {
	lock, err := v.acquire(id)
	if err != nil {
		return nil, 0, err
	}
	w, err = v.resume(id, lock)
	if err != nil {
		v.release(id, lock)
		return nil, 0, err
	}
	return w, w.size, nil
}

func (v *Vault) resume(id string, lock *os.File) (*Writer, error) {
	if err := v.free(id); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(v.path(id, ".part.env"))
	if err != nil {
		return nil, ioError(err)
	}
	env, err := decodeEnvelope(b)
	if err != nil {
		return nil, err
	}
	key, err := env.open(v.ring)
	if err != nil {
		return nil, err
	}
	from := ".part"
	if !v.exists(id, from) {
		from = ".raw" // the crash fell between the two renames of Commit
	}
	old, err := os.Open(v.path(id, from))
	if err != nil {
		return nil, ioError(err)
	}
	defer old.Close()
	// At this point only the open descriptor keeps the old frames; a crash before
	// they are copied loses the part, never a committed file.
	if err := os.Remove(v.path(id, from)); err != nil {
		return nil, ioError(err)
	}
	a, err := env.Suite.aead(key)
	if err != nil {
		return nil, err
	}
	prefix, ad, err := env.frameParts(key)
	if err != nil {
		return nil, err
	}
	w, err := v.create(id, env.Label, lock)
	if err != nil {
		return nil, err
	}
	left := newFrameReader(old, a, prefix, ad)
	left.torn = true
	if _, err = io.Copy(w, left); err != nil {
		w.discard()
		return nil, err
	}
	return w, nil
}

// Write takes the next plaintext bytes.
func (w *Writer) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	n, err := w.frames.Write(p)
	w.sum.Write(p[:n])
	w.size += int64(n)
	if err != nil {
		w.err = err
	}
	return n, err
}

// Commit makes the file visible. At this point all frames are written; they
// are flushed, renamed, and only then the envelope appears. A crash before
// that leaves no object, a crash after it leaves a whole one.
func (w *Writer) Commit() (Object, error) {
	if w.err != nil {
		return Object{}, w.err
	}
	o, err := w.commit()
	w.part.Close()
	if err != nil {
		w.err = err
		return Object{}, err
	}
	w.err = ErrClosed
	w.v.release(w.id, w.lock)
	return o, nil
}

func (w *Writer) commit() (Object, error) {
	if err := w.frames.finish(); err != nil {
		return Object{}, err
	}
	if err := w.part.Sync(); err != nil {
		return Object{}, ioError(err)
	}
	w.env.Size, w.env.SHA256 = w.size, hex.EncodeToString(w.sum.Sum(nil))
	var err error
	if w.env.MAC, err = w.env.mac(w.key); err != nil {
		return Object{}, err
	}
	b, err := w.env.encode()
	if err != nil {
		return Object{}, err
	}
	if err := os.Rename(w.v.path(w.id, ".part"), w.v.path(w.id, ".raw")); err != nil {
		return Object{}, ioError(err)
	}
	if err := w.v.replace(w.id+".env", b); err != nil {
		return Object{}, err
	}
	if err := os.Remove(w.v.path(w.id, ".part.env")); err != nil {
		return Object{}, ioError(err)
	}
	return w.env.object(w.id), nil
}

// Abort forgets what was written. It is harmless after Commit.
func (w *Writer) Abort() {
	if w.err == ErrClosed { //nolint:errorlint // our own mark
		return
	}
	w.err = ErrClosed
	w.discard()
	w.v.release(w.id, w.lock)
}

func (w *Writer) discard() {
	w.part.Close()
	for _, ext := range []string{".part", ".part.env"} {
		os.Remove(w.v.path(w.id, ext))
	}
}

func (e *envelope) object(id string) Object {
	return Object{ID: id, Label: e.Label, Suite: e.Suite, Size: e.Size, SHA256: e.SHA256, KEK: e.KEK}
}

// Reader gives the plaintext of one file. Every byte it returns has been
// authenticated; a file that is cut or changed gives an error, never a
// shorter plaintext with io.EOF.
type Reader struct {
	Object
	file   *os.File
	frames *frameReader
}

// Read implements io.Reader.
func (r *Reader) Read(p []byte) (int, error) { return r.frames.Read(p) }

// Close implements io.Closer.
func (r *Reader) Close() error { return r.file.Close() }

func (v *Vault) load(id string) (envelope, error) {
	if !idShape.MatchString(id) {
		return envelope{}, ErrBadID
	}
	b, err := os.ReadFile(v.path(id, ".env"))
	if err != nil {
		if v.exists(id, ".gone") {
			return envelope{}, ErrDestroyed
		}
		return envelope{}, ioError(err)
	}
	return decodeEnvelope(b)
}

// Open begins to read a committed file.
func (v *Vault) Open(id string) (*Reader, error) {
	env, err := v.load(id)
	if err != nil {
		return nil, err
	}
	key, err := env.open(v.ring)
	if err != nil {
		return nil, err
	}
	a, err := env.Suite.aead(key)
	if err != nil {
		return nil, err
	}
	prefix, ad, err := env.frameParts(key)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(v.path(id, ".raw"))
	if err != nil {
		return nil, ErrTruncated
	}
	st, err := f.Stat()
	if err != nil || st.Size() != env.sealedSize() {
		f.Close()
		switch {
		case err != nil:
			return nil, ioError(err)
		case st.Size() < env.sealedSize():
			return nil, ErrTruncated
		}
		return nil, ErrTampered
	}
	return &Reader{Object: env.object(id), file: f, frames: newFrameReader(f, a, prefix, ad)}, nil
}

// Stat describes a committed file, after checking its envelope.
func (v *Vault) Stat(id string) (Object, error) {
	env, err := v.load(id)
	if err != nil {
		return Object{}, err
	}
	if _, err := env.open(v.ring); err != nil {
		return Object{}, err
	}
	return env.object(id), nil
}

// List gives the ids of the committed files in order.
func (v *Vault) List() ([]string, error) {
	entries, err := os.ReadDir(v.dir)
	if err != nil {
		return nil, ioError(err)
	}
	var ids []string
	for _, e := range entries {
		if id, ok := strings.CutSuffix(e.Name(), ".env"); ok && !strings.HasSuffix(id, ".part") && idShape.MatchString(id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids, nil
}

// Rewrap wraps the data key under the ring's current KEK. The frames are not
// touched; the envelope is replaced in one rename. Doing it twice is harmless.
func (v *Vault) Rewrap(id string) error {
	lock, err := v.acquire(id)
	if err != nil {
		return err
	}
	defer v.release(id, lock)
	env, err := v.load(id)
	if err != nil {
		return err
	}
	key, err := env.open(v.ring)
	if err != nil || env.KEK == v.ring.ID() {
		return err
	}
	wrapped, err := v.ring.wrap(key, env.Label)
	if err != nil {
		return err
	}
	env.KEK, env.Wrapped = v.ring.ID(), b64.EncodeToString(wrapped)
	b, err := env.encode()
	if err != nil {
		return err
	}
	return v.replace(id+".env", b)
}

// replace puts a small file in place in one rename, flushed.
func (v *Vault) replace(name string, b []byte) error {
	f, err := os.CreateTemp(v.dir, ".tmp-*")
	if err != nil {
		return ioError(err)
	}
	defer os.Remove(f.Name())
	if _, err = f.Write(b); err == nil {
		if err = f.Chmod(fs.FileMode(0o600)); err == nil {
			err = f.Sync()
		}
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(v.dir, name))
	}
	if err != nil {
		return ioError(err)
	}
	return v.syncDir()
}

func (v *Vault) syncDir() error {
	d, err := os.Open(v.dir)
	if err != nil {
		return ioError(err)
	}
	defer d.Close()
	return ioError(d.Sync())
}
