package read

import (
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// Encoding names the character encoding of a text file.
type Encoding string

// The encodings that are read. Auto looks at the whole file.
const (
	Auto    Encoding = "auto"
	UTF8    Encoding = "utf-8"
	GB18030 Encoding = "gb18030" // covers GBK and GB 2312
	UTF16LE Encoding = "utf-16le"
	UTF16BE Encoding = "utf-16be"
)

// Valid reports whether the name is one of the five.
func (e Encoding) Valid() bool {
	switch e {
	case Auto, UTF8, GB18030, UTF16LE, UTF16BE:
		return true
	}
	return false
}

var replacement = []byte("\xef\xbf\xbd")

// textReader gives UTF-8 without a byte order mark. Bytes that are no text
// become U+FFFD and are counted in damage.
type textReader struct {
	r       io.Reader
	dec     *encoding.Decoder // nil for UTF-8
	src     []byte            // undecoded bytes are src[s0:s1]
	s0, s1  int
	err     error // of r, kept until src is used up
	damage  int64
	started bool
}

func newTextReader(r io.Reader, e Encoding) *textReader {
	t := &textReader{r: r, src: make([]byte, 256<<10)}
	switch e {
	case GB18030:
		t.dec = simplifiedchinese.GB18030.NewDecoder()
	case UTF16LE:
		t.dec = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewDecoder()
	case UTF16BE:
		t.dec = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewDecoder()
	}
	return t
}

// Read fills p with whole characters. len(p) must be at least 64.
func (t *textReader) Read(p []byte) (int, error) {
	for {
		if t.s0 == t.s1 && t.err != nil {
			return 0, t.err
		}
		if t.err == nil && t.s1-t.s0 < 64 {
			t.s1 = copy(t.src, t.src[t.s0:t.s1])
			t.s0 = 0
			n, err := t.r.Read(t.src[t.s1:])
			t.s1 += n
			t.err = err
			if t.s1 == 0 {
				continue
			}
		}
		n := t.decode(p)
		if !t.started && n > 0 {
			t.started = true
			if bytes.HasPrefix(p[:n], []byte("\xef\xbb\xbf")) {
				n = copy(p, p[3:n])
			}
		}
		if n > 0 {
			return n, nil
		}
	}
}

func (t *textReader) decode(p []byte) int {
	src := t.src[t.s0:t.s1]
	atEOF := t.err != nil
	if t.dec == nil {
		return t.decodeUTF8(p, src, atEOF)
	}
	nd, ns, err := t.dec.Transform(p, src, atEOF)
	t.s0 += ns
	if err != nil && nd == 0 && ns == 0 && atEOF {
		// At this point only the stump of a character is left.
		t.s0 = t.s1
		nd = copy(p, replacement)
	}
	t.damage += int64(bytes.Count(p[:nd], replacement))
	return nd
}

func (t *textReader) decodeUTF8(p, src []byte, atEOF bool) int {
	if len(src) > len(p) {
		src = src[:len(p)]
		atEOF = false
	}
	if len(src) == 0 {
		return 0
	}
	// Hold back a character that is not yet complete.
	end := len(src)
	if !atEOF {
		for k := 1; k <= utf8.UTFMax && k <= end; k++ {
			if b := src[end-k]; utf8.RuneStart(b) {
				if !utf8.FullRune(src[end-k:]) {
					end -= k
				}
				break
			}
		}
	}
	if utf8.Valid(src[:end]) {
		n := copy(p, src[:end])
		t.s0 += n
		return n
	}
	n := 0
	for i := 0; i < end && n+utf8.UTFMax <= len(p); {
		c, size := utf8.DecodeRune(src[i:end])
		if c == utf8.RuneError && size == 1 {
			t.damage++
		}
		n = len(utf8.AppendRune(p[:n], c))
		i += size
		t.s0 += size
	}
	return n
}

// Judge reads the whole file and names its encoding. A byte order mark
// decides; otherwise UTF-16 if every second byte is mostly zero; otherwise
// UTF-8 if all is valid or less than one character in ten thousand is broken
// (those rows are marked when read); otherwise GB18030 under the same
// allowance. ErrEncoding if none fits. A character cut off by the end of the
// file is not held against it.
func Judge(r io.Reader) (Encoding, error) {
	buf := make([]byte, 1<<20)
	var u, gb tallied
	u.decode = func(b []byte) (int, int64, int64) { return decodeUTF8(b, u.quick) }
	gb.decode = gbDecode(simplifiedchinese.GB18030.NewDecoder())
	for first := true; ; first = false {
		n, err := io.ReadFull(r, buf)
		eof := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !eof {
			return "", readError(err)
		}
		if first {
			if e, ok := bom(buf[:n]); ok {
				return e, nil
			}
			if e, ok := wide(buf[:min(n, 64<<10)]); ok {
				return e, nil
			}
		}
		u.quick = u.bad == 0 && u.chars > 1_000_000
		u.add(buf[:n])
		if gb.bytes < 8<<20 || u.bad > 0 && gb.bytes < 64<<20 { // enough to tell GB18030 from noise
			gb.add(buf[:n])
		}
		if eof {
			break
		}
	}
	switch {
	case u.fits():
		return UTF8, nil
	case gb.fits():
		return GB18030, nil
	}
	return "", ErrEncoding
}

// tallied counts a file's characters under one encoding.
type tallied struct {
	decode func(b []byte) (used int, chars, bad int64)
	tail   []byte
	bytes  int64
	chars  int64 // beyond ASCII
	bad    int64
	quick  bool // enough characters are counted; look for broken ones only
}

func (t *tallied) add(b []byte) {
	t.bytes += int64(len(b))
	if len(t.tail) > 0 {
		b = append(t.tail, b...)
	}
	used, chars, bad := t.decode(b)
	t.chars += chars
	t.bad += bad
	t.tail = bytes.Clone(b[used:])
}

func (t *tallied) fits() bool { return t.bad*10_000 <= t.chars }

func decodeUTF8(b []byte, quick bool) (used int, chars, bad int64) {
	end := len(b)
	for k := 1; k < utf8.UTFMax && k <= len(b); k++ {
		if utf8.RuneStart(b[len(b)-k]) {
			if !utf8.FullRune(b[len(b)-k:]) {
				end -= k
			}
			break
		}
	}
	ok := utf8.Valid(b[:end])
	if ok && quick {
		return end, 0, 0
	}
	for i := 0; i < end; {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		if ok {
			chars++
			i += 2
			for i < end && !utf8.RuneStart(b[i]) {
				i++
			}
			continue
		}
		r, size := utf8.DecodeRune(b[i:end])
		if r == utf8.RuneError && size == 1 {
			bad++
		} else {
			chars++
		}
		i += size
	}
	return end, chars, bad
}

func gbDecode(d *encoding.Decoder) func([]byte) (int, int64, int64) {
	out := make([]byte, 4<<20)
	return func(b []byte) (used int, chars, bad int64) {
		for used < len(b) {
			nd, ns, err := d.Transform(out, b[used:], false)
			used += ns
			bad += int64(bytes.Count(out[:nd], replacement))
			for _, c := range out[:nd] {
				if c >= 0xc0 {
					chars++
				}
			}
			if err != nil && ns == 0 {
				break
			}
		}
		return used, chars, bad
	}
}

func bom(b []byte) (Encoding, bool) {
	switch {
	case bytes.HasPrefix(b, []byte("\xef\xbb\xbf")):
		return UTF8, true
	case bytes.HasPrefix(b, []byte("\xff\xfe")):
		return UTF16LE, true
	case bytes.HasPrefix(b, []byte("\xfe\xff")):
		return UTF16BE, true
	}
	return "", false
}

// wide finds UTF-16 without a mark: tables hold enough ASCII (separators,
// digits, line ends) for zero bytes to stand on one side only.
func wide(b []byte) (Encoding, bool) {
	var even, odd int
	for i := 0; i+1 < len(b); i += 2 {
		if b[i] == 0 {
			even++
		}
		if b[i+1] == 0 {
			odd++
		}
	}
	switch pairs := len(b) / 2; {
	case odd*10 > pairs && even*100 < pairs:
		return UTF16LE, true
	case even*10 > pairs && odd*100 < pairs:
		return UTF16BE, true
	}
	return "", false
}
