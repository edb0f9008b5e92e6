package vault

import (
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"io"
)

// frameLen is the plaintext length of every block but the last.
const frameLen = 64 << 10

const prefixLen = 7

// nonce is prefix ‖ counter ‖ last; see FORMAT.md.
func nonce(prefix []byte, i uint32, last bool) []byte {
	n := make([]byte, 12)
	copy(n, prefix)
	binary.BigEndian.PutUint32(n[prefixLen:], i)
	if last {
		n[11] = 1
	}
	return n
}

// frameWriter cuts what is written into frames. A full buffer is held back
// until more arrives or finish is called, because only then is it known
// whether the frame is the last.
type frameWriter struct {
	w      io.Writer
	aead   cipher.AEAD
	prefix []byte
	ad     []byte
	buf    []byte
	out    []byte
	i      uint32
}

func newFrameWriter(w io.Writer, a cipher.AEAD, prefix, ad []byte) *frameWriter {
	return &frameWriter{w: w, aead: a, prefix: prefix, ad: ad, buf: make([]byte, 0, frameLen)}
}

func (f *frameWriter) Write(p []byte) (int, error) {
	n := 0
	for len(p) > 0 {
		if len(f.buf) == frameLen {
			if err := f.flush(false); err != nil {
				return n, err
			}
		}
		k := copy(f.buf[len(f.buf):frameLen], p)
		f.buf = f.buf[:len(f.buf)+k]
		p = p[k:]
		n += k
	}
	return n, nil
}

func (f *frameWriter) flush(last bool) error {
	f.out = f.aead.Seal(f.out[:0], nonce(f.prefix, f.i, last), f.buf, f.ad)
	if !last && f.i == 1<<32-1 {
		return ErrIO
	}
	f.i++
	f.buf = f.buf[:0]
	_, err := f.w.Write(f.out)
	return ioError(err)
}

func (f *frameWriter) finish() error { return f.flush(true) }

// frameReader opens frames in order. It holds one frame ahead, so that the
// last one is known by the end of the file and not by its length.
type frameReader struct {
	r      io.Reader
	aead   cipher.AEAD
	prefix []byte
	ad     []byte
	ahead  []byte // the sealed frame not yet opened
	next   []byte
	plain  []byte // opened and not yet handed out
	store  []byte
	i      uint32
	primed bool
	done   bool
	torn   bool // reading what an interrupted writer left: end at the first frame that is not whole
	err    error
}

func newFrameReader(r io.Reader, a cipher.AEAD, prefix, ad []byte) *frameReader {
	return &frameReader{r: r, aead: a, prefix: prefix, ad: ad}
}

// fill reads one sealed frame into b; a short one means the end of the file.
func (f *frameReader) fill(b []byte) ([]byte, error) {
	if cap(b) == 0 {
		b = make([]byte, frameLen+f.aead.Overhead())
	}
	n, err := io.ReadFull(f.r, b[:cap(b)])
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return b[:n], err
}

func (f *frameReader) Read(p []byte) (int, error) {
	for len(f.plain) == 0 {
		if f.err != nil {
			return 0, f.err
		}
		if f.done {
			return 0, io.EOF
		}
		if f.err = f.step(); f.err != nil {
			return 0, f.err
		}
	}
	n := copy(p, f.plain)
	f.plain = f.plain[n:]
	return n, nil
}

func (f *frameReader) step() error {
	var err error
	if !f.primed {
		if f.ahead, err = f.fill(f.ahead); err != nil {
			return ioError(err)
		}
		f.primed = true
	}
	full := frameLen + f.aead.Overhead()
	f.next = f.next[:0]
	if len(f.ahead) == full {
		if f.next, err = f.fill(f.next); err != nil {
			return ioError(err)
		}
	}
	last := len(f.next) == 0
	if len(f.ahead) < f.aead.Overhead() {
		if f.torn {
			f.done = true
			return nil
		}
		return ErrTruncated
	}
	plain, err := f.aead.Open(f.store[:0], nonce(f.prefix, f.i, last), f.ahead, f.ad)
	if err != nil && f.torn && len(f.ahead) == full {
		plain, err = f.aead.Open(f.store[:0], nonce(f.prefix, f.i, false), f.ahead, f.ad)
	}
	if err != nil && f.torn {
		f.done = true
		return nil
	}
	if err != nil {
		return f.why(last)
	}
	f.store, f.plain, f.done = plain, plain, last
	f.i++
	f.ahead, f.next = f.next, f.ahead
	return nil
}

// why tells a cut file from a changed one: a block that opens as "not last"
// at the end of the file was followed by others once.
func (f *frameReader) why(last bool) error {
	if last {
		if _, err := f.aead.Open(nil, nonce(f.prefix, f.i, false), f.ahead, f.ad); err == nil {
			return ErrTruncated
		}
	}
	return ErrTampered
}
