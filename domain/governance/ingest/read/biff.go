package read

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// The records of a BIFF8 stream that are read; all others are passed over.
const (
	recFormula  = 0x0006
	recEOF      = 0x000a
	recDateMode = 0x0022
	recFilePass = 0x002f
	recContinue = 0x003c
	recBound    = 0x0085
	recMulRK    = 0x00bd
	recRString  = 0x00d6
	recXF       = 0x00e0
	recMerge    = 0x00e5
	recSST      = 0x00fc
	recLabelSST = 0x00fd
	recNumber   = 0x0203
	recLabel    = 0x0204
	recBoolErr  = 0x0205
	recString   = 0x0207
	recRK       = 0x027e
	recArray    = 0x0221
	recTable    = 0x0236
	recFormat   = 0x041e
	recShared   = 0x04bc
	recBOF      = 0x0809
)

// record is one BIFF record with the CONTINUE records that follow it; parts
// keeps their borders, because a string may be cut there.
type record struct {
	id    uint16
	parts [][]byte
}

func (r record) data() []byte { return r.parts[0] }

// biff walks a stream record by record.
type biff struct {
	b   []byte
	pos int
}

func (s *biff) next() (record, bool) {
	id, data, ok := s.one()
	if !ok {
		return record{}, false
	}
	r := record{id: id, parts: [][]byte{data}}
	for {
		save := s.pos
		id, data, ok := s.one()
		if !ok || id != recContinue {
			s.pos = save
			return r, true
		}
		r.parts = append(r.parts, data)
	}
}

func (s *biff) one() (uint16, []byte, bool) {
	if s.pos+4 > len(s.b) {
		return 0, nil, false
	}
	id := binary.LittleEndian.Uint16(s.b[s.pos:])
	n := int(binary.LittleEndian.Uint16(s.b[s.pos+2:]))
	if s.pos+4+n > len(s.b) {
		return 0, nil, false
	}
	data := s.b[s.pos+4 : s.pos+4+n]
	s.pos += 4 + n
	return id, data, true
}

// fields reads little-endian values off the front; past the end it gives
// zeros and remembers it.
type fields struct {
	b     []byte
	short bool
}

func (f *fields) take(n int) []byte {
	if n < 0 || n > len(f.b) {
		f.short = true
		f.b = nil
		return make([]byte, max(0, min(n, 8)))
	}
	t := f.b[:n]
	f.b = f.b[n:]
	return t
}

func (f *fields) u8() int  { return int(f.take(1)[0]) }
func (f *fields) u16() int { return int(binary.LittleEndian.Uint16(f.take(2))) }
func (f *fields) u32() int { return int(binary.LittleEndian.Uint32(f.take(4))) }
func (f *fields) f64() float64 {
	return math.Float64frombits(binary.LittleEndian.Uint64(f.take(8)))
}

// pieces reads over the borders of CONTINUE records.
type pieces struct {
	parts [][]byte
	short bool
}

func (p *pieces) skipEmpty() bool {
	for len(p.parts) > 0 && len(p.parts[0]) == 0 {
		p.parts = p.parts[1:]
	}
	return len(p.parts) > 0
}

func (p *pieces) bytes(n int) []byte {
	var out []byte
	for n > 0 {
		if !p.skipEmpty() {
			p.short = true
			return append(out, make([]byte, min(n, 8))...)
		}
		k := min(n, len(p.parts[0]))
		out = append(out, p.parts[0][:k]...)
		p.parts[0] = p.parts[0][k:]
		n -= k
	}
	return out
}

func (p *pieces) skip(n int) {
	for n > 0 && p.skipEmpty() {
		k := min(n, len(p.parts[0]))
		p.parts[0] = p.parts[0][k:]
		n -= k
	}
}

func (p *pieces) u8() int  { return int(p.bytes(1)[0]) }
func (p *pieces) u16() int { return int(binary.LittleEndian.Uint16(p.bytes(2))) }
func (p *pieces) u32() int { return int(binary.LittleEndian.Uint32(p.bytes(4))) }

// chars reads n characters. Where a CONTINUE record begins inside them, its
// first byte says anew whether they take one byte or two.
func (p *pieces) chars(n int, wide bool) string {
	var units []uint16
	for n > 0 {
		if len(p.parts) > 0 && len(p.parts[0]) == 0 {
			if !p.skipEmpty() {
				p.short = true
				break
			}
			wide = p.parts[0][0]&1 != 0
			p.parts[0] = p.parts[0][1:]
		}
		if len(p.parts) == 0 {
			p.short = true
			break
		}
		b, size := p.parts[0], 1
		if wide {
			size = 2
		}
		k := min(n, len(b)/size)
		if k == 0 {
			if len(b) == 0 {
				continue
			}
			p.short = true // half a character before the border
			break
		}
		for i := range k {
			if wide {
				units = append(units, binary.LittleEndian.Uint16(b[2*i:]))
			} else {
				units = append(units, uint16(b[i]))
			}
		}
		p.parts[0] = b[k*size:]
		n -= k
	}
	return string(utf16.Decode(units))
}

// unicode reads a string with its length (of lenSize bytes) and options.
func (p *pieces) unicode(lenSize int) string {
	n := 0
	if lenSize == 1 {
		n = p.u8()
	} else {
		n = p.u16()
	}
	flags := p.u8()
	runs, ext := 0, 0
	if flags&8 != 0 {
		runs = p.u16()
	}
	if flags&4 != 0 {
		ext = p.u32()
	}
	s := p.chars(n, flags&1 != 0)
	p.skip(4*runs + ext)
	return s
}

// rk decodes the compressed form of a number.
func rk(v uint32) float64 {
	var f float64
	if v&2 != 0 {
		f = float64(int32(v) >> 2)
	} else {
		f = math.Float64frombits(uint64(v&^3) << 32)
	}
	if v&1 != 0 {
		f /= 100
	}
	return f
}

// dateFormat reports whether a number format shows dates or times.
func dateFormat(id int, custom map[int]string) bool {
	if s, ok := custom[id]; ok {
		return dateCode(s)
	}
	switch {
	case id >= 14 && id <= 22, id >= 27 && id <= 36, id >= 45 && id <= 47, id >= 50 && id <= 58:
		return true
	}
	return false
}

// dateCode looks for date letters outside quotes, brackets and escapes.
func dateCode(s string) bool {
	if strings.EqualFold(s, "General") || strings.EqualFold(s, "G/通用格式") {
		return false
	}
	quoted, bracket := false, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[':
			bracket = true
		case c == ']':
			bracket = false
		case bracket:
		case c == '\\' || c == '_' || c == '*':
			i++
		case strings.IndexByte("yYmMdDhHsS", c) >= 0:
			return true
		}
	}
	return false
}

// serial writes a date serial as a date, a time or both.
func serial(f float64, date1904 bool) (string, bool) {
	if f < 0 || f >= 2_958_466 || math.IsNaN(f) {
		return "", false
	}
	base := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	if date1904 {
		base = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	} else if f < 61 && f >= 1 {
		base = base.AddDate(0, 0, 1) // Excel believes in 29 February 1900
	}
	days := math.Floor(f)
	seconds := math.Round((f - days) * 86400)
	if seconds == 86400 {
		days, seconds = days+1, 0
	}
	t := base.AddDate(0, 0, int(days)).Add(time.Duration(seconds) * time.Second)
	switch {
	case seconds == 0:
		return t.Format("2006-01-02"), true
	case days == 0:
		return t.Format("15:04:05"), true
	}
	return t.Format("2006-01-02 15:04:05"), true
}

// errorText is how an error value is shown.
func errorText(code int) string {
	switch code {
	case 0x00:
		return "#NULL!"
	case 0x07:
		return "#DIV/0!"
	case 0x0f:
		return "#VALUE!"
	case 0x17:
		return "#REF!"
	case 0x1d:
		return "#NAME?"
	case 0x24:
		return "#NUM!"
	case 0x2a:
		return "#N/A"
	}
	return "#" + strconv.Itoa(code)
}
