package read

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"syscall"
	"unicode/utf8"
)

// Dialect says how a text table is written.
type Dialect struct {
	Encoding  Encoding
	Delimiter string   // one ASCII byte, optionally followed by blanks (", "): blanks after it are then skipped
	Quote     byte     // 0 for none
	Missing   []string // fields equal to one of these, blanks around it aside, are emptied
	MaxRow    int      // longest row in bytes; 0 means 1 MiB
}

// class of a byte in an unquoted field.
const (
	plain = iota
	delimiter
	control
)

// CSV reads delimited text. The rules: a record ends at LF, CRLF or CR; a
// field that begins with the quote is quoted, the quote doubled inside it
// stands for itself; a quote elsewhere is text. A record whose quoting does
// not work out is given as its first physical line with FlawQuote, and reading
// goes on after that line, so that one stray quote costs one line.
type CSV struct {
	text  *textReader
	close io.Closer
	buf   []byte
	pos   int
	end   int
	eof   bool
	n     int64
	long  bool // within a record longer than the limit

	delim   byte
	skip    bool // skip blanks after the delimiter
	quote   byte
	max     int
	class   [256]byte
	missing []string
	starts  [256]bool // bytes a field that stands for a missing value may begin with
	longest int
	slow    bool // tests compare with and without the short cut
}

// NewCSV begins to read; the dialect's encoding must not be Auto.
func NewCSV(r io.ReadCloser, d Dialect) (*CSV, error) {
	printable := func(b byte) bool { return b >= ' ' && b < 0x7f || b == '\t' }
	if d.Delimiter == "" || !printable(d.Delimiter[0]) || strings.Trim(d.Delimiter[1:], " ") != "" ||
		d.Quote != 0 && !printable(d.Quote) || d.Quote == d.Delimiter[0] || d.Encoding == Auto || !d.Encoding.Valid() {
		return nil, ErrFormat
	}
	c := &CSV{text: newTextReader(r, d.Encoding), close: r, delim: d.Delimiter[0], skip: len(d.Delimiter) > 1,
		quote: d.Quote, max: d.MaxRow, missing: d.Missing}
	if c.max == 0 {
		c.max = 1 << 20
	}
	for b := range 0x20 {
		c.class[b] = control
	}
	c.class['\t'], c.class[0x7f] = plain, control
	c.class[c.delim] = delimiter
	c.longest = -1
	for _, m := range d.Missing {
		c.longest = max(c.longest, len(m)+8) // some blanks around it
		if m != "" {
			c.starts[m[0]] = true
		}
	}
	c.starts[' '], c.starts['\t'] = true, true
	c.buf = make([]byte, 1<<20)
	return c, nil
}

// Close closes the file.
func (c *CSV) Close() error { return c.close.Close() }

// Damage is the number of characters so far that were not text.
func (c *CSV) Damage() int64 { return c.text.damage }

// Next implements Rows. A record longer than the limit comes in pieces of that
// length, each with FlawTooLong and the same number.
func (c *CSV) Next(r *Row) error {
	for {
		if c.pos < c.end {
			// The view ends at the limit, so that what is found does not depend
			// on how the bytes arrived.
			end := min(c.end, c.pos+c.max+2)
			view, last := c.buf[c.pos:end], c.eof && end == c.end
			used, whole := 0, false
			if !c.long {
				if used, whole = c.plain(r, view); !whole {
					used, whole = c.record(r, view, last)
				}
			}
			if !whole && (last || len(view) > c.max) {
				used, whole = c.physical(r, view, last)
			}
			if whole {
				c.pos += used
				r.N = c.n
				if c.text.damage > 0 && r.Flaw == FlawNone && bytes.Contains(r.Line, replacement) {
					r.Flaw = FlawEncoding
				}
				return nil
			}
		}
		if c.eof {
			return io.EOF
		}
		if err := c.fill(); err != nil {
			return err
		}
	}
}

func (c *CSV) fill() error {
	if c.pos > 0 {
		c.end = copy(c.buf, c.buf[c.pos:c.end])
		c.pos = 0
	}
	if len(c.buf)-c.end < 64<<10 {
		c.buf = append(c.buf, make([]byte, len(c.buf))...)
	}
	n, err := c.text.Read(c.buf[c.end:])
	c.end += n
	switch {
	case errors.Is(err, io.EOF):
		c.eof = true
	case err != nil:
		return readError(err)
	}
	return nil
}

// emptied takes out the fields that stand for a missing value, in place.
func (c *CSV) emptied(line []byte) []byte {
	out := line[:0]
	for first := true; ; first = false {
		if !first {
			out = append(out, US)
		}
		field, rest, more := bytes.Cut(line, []byte{US})
		if !c.isMissing(field) {
			out = append(out, field...)
		}
		if !more {
			return out
		}
		line = rest
	}
}

// record scans one record at the start of b. whole is false if b ends first.
func (c *CSV) record(r *Row, b []byte, eof bool) (used int, whole bool) {
	r.Line, r.Fields, r.Filled, r.Flaw, r.empty = r.Line[:0], 1, 0, FlawNone, false
	out, i, start, filled := r.Line, 0, 0, false
	done := func(n int) (int, bool) {
		r.Line = out
		c.n++
		return n, true
	}
	endField := func() {
		if filled {
			r.Filled++
			if len(out)-start <= c.longest && c.isMissing(out[start:]) {
				out = out[:start]
			}
		}
		filled = false
	}
	begin := true
	for i < len(b) {
		x := b[i]
		if begin {
			begin = false
			if c.skip && r.Fields > 1 {
				for i < len(b) && b[i] == ' ' {
					i++
				}
				if i == len(b) {
					break
				}
				x = b[i]
			}
			if x == c.quote && c.quote != 0 {
				var ok bool
				if out, i, ok = c.quoted(out, b, i+1, eof, r); !ok {
					r.Line = out
					if r.Flaw == FlawQuote {
						return c.physical(r, b, eof)
					}
					return 0, false
				}
				filled = len(bytes.TrimLeft(out[start:], " \t")) > 0
				r.empty = true
				continue
			}
		}
		switch {
		case c.class[x] == plain:
			if x > ' ' {
				filled = true
			}
			out = append(out, x)
			i++
		case c.class[x] == delimiter:
			endField()
			out = append(out, US)
			start = len(out)
			r.Fields++
			begin = true
			i++
		case x == '\n':
			endField()
			return done(i + 1)
		case x == '\r':
			if i+1 == len(b) && !eof {
				r.Line = out
				return 0, false
			}
			endField()
			if i+1 < len(b) && b[i+1] == '\n' {
				i++
			}
			return done(i + 1)
		default:
			r.Flaw = FlawControl
			out = append(out, ' ')
			i++
		}
	}
	if !eof {
		r.Line = out
		return 0, false
	}
	endField()
	return done(i)
}

// quoted copies a quoted field from after its opening quote. ok is false if
// it does not end in b (more may come) or, with FlawQuote, cannot be right.
func (c *CSV) quoted(out, b []byte, i int, eof bool, r *Row) ([]byte, int, bool) {
	for i < len(b) {
		switch x := b[i]; {
		case x == c.quote:
			if i+1 == len(b) && !eof {
				return out, i, false
			}
			if i+1 < len(b) && b[i+1] == c.quote {
				out = append(out, x)
				i += 2
				continue
			}
			i++
			for i < len(b) && b[i] == ' ' && c.delim != ' ' {
				i++
			}
			if i < len(b) && b[i] != '\n' && b[i] != '\r' && b[i] != c.delim {
				r.Flaw = FlawQuote
				return out, i, false
			}
			return out, i, i < len(b) || eof
		case x == '\n':
			out = append(out, RS)
			i++
		case x == '\r':
			out = append(out, GS)
			i++
		case c.class[x] == control:
			r.Flaw = FlawControl
			out = append(out, ' ')
			i++
		default:
			out = append(out, x)
			i++
		}
	}
	return out, i, false
}

// physical takes the first line of b as it stands, or as much of it as the
// limit allows, as one flawed record.
func (c *CSV) physical(r *Row, b []byte, eof bool) (int, bool) {
	end := bytes.IndexAny(b[:min(len(b), c.max+1)], "\r\n")
	if end < 0 && !eof && len(b) <= c.max {
		return 0, false
	}
	if !c.long {
		c.n++
	}
	r.Fields, r.Filled, r.Flaw = 1, 1, FlawQuote
	used := end
	switch {
	case end < 0 && len(b) > c.max:
		for end = c.max; end > c.max-utf8.UTFMax && !utf8.RuneStart(b[end]); end-- {
		}
		used = end
		r.Flaw, c.long = FlawTooLong, true
	case end < 0:
		end, used = len(b), len(b)
	case b[end] == '\r' && end+1 == len(b) && !eof:
		if !c.long {
			c.n--
		}
		return 0, false
	default:
		used++
		if b[end] == '\r' && used < len(b) && b[used] == '\n' {
			used++
		}
	}
	if c.long {
		r.Flaw = FlawTooLong
		c.long = used == end && !(eof && used == len(b))
	}
	r.Line = r.Line[:0]
	for _, x := range b[:end] {
		if c.class[x] == control {
			x = ' '
		}
		r.Line = append(r.Line, x)
	}
	return used, true
}

func (c *CSV) isMissing(field []byte) bool {
	field = bytes.TrimRight(field, " \t")
	for len(field) > 0 && (field[0] == ' ' || field[0] == '\t') {
		field = field[1:]
	}
	for _, m := range c.missing {
		if string(field) == m {
			return true
		}
	}
	return false
}

// cause keeps of an error only what says nothing about paths or values.
func cause(err error) error {
	for _, known := range []error{context.Canceled, context.DeadlineExceeded, io.ErrUnexpectedEOF} {
		if errors.Is(err, known) {
			return known
		}
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return nil
}

// readError passes on errors that already have a code (the vault's) and turns
// the others into ErrRead.
func readError(err error) error {
	var coded interface{ Is(error) bool }
	if errors.As(err, &coded) {
		var errno syscall.Errno
		if !errors.As(err, &errno) {
			return err
		}
	}
	return with(ErrRead, cause(err))
}
