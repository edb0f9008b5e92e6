package journal

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// The frame is the unit on disk. All integers are little endian.
//
//	offset size
//	0      4    length of the payload in bytes
//	4      4    CRC-32C over bytes 0–3 and everything from byte 8 to the end
//	8      1    version, 1
//	9      1    kind: 1 segment header, 2 record
//	10     2    reserved, zero
//	12     4    lag: record number minus the last number known durable when the frame was made
//	16     8    record number (in a segment header: the first number of the segment)
//	24     …    payload
//
// A version is at least 1, so 24 zero bytes are never a frame: they mark the
// prewritten, unused rest of a segment.
const (
	frameVersion = 1
	headerSize   = 24

	// MaxPayload is the largest record in bytes.
	MaxPayload = 64 << 10
)

type kind uint8

const (
	kindSegment kind = 1
	kindRecord  kind = 2
)

type frame struct {
	kind    kind
	lag     uint32
	number  uint64
	payload []byte
}

var (
	errUnused = errors.New("journal: unused space")
	errTorn   = errors.New("journal: torn or damaged frame")

	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

func appendFrame(dst []byte, f frame) []byte {
	start := len(dst)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(f.payload)))
	dst = binary.LittleEndian.AppendUint32(dst, 0)
	dst = append(dst, frameVersion, byte(f.kind), 0, 0)
	dst = binary.LittleEndian.AppendUint32(dst, f.lag)
	dst = binary.LittleEndian.AppendUint64(dst, f.number)
	dst = append(dst, f.payload...)
	b := dst[start:]
	binary.LittleEndian.PutUint32(b[4:], frameSum(b))
	return dst
}

func frameSum(b []byte) uint32 {
	sum := crc32.Update(0, castagnoli, b[:4])
	return crc32.Update(sum, castagnoli, b[8:])
}

// decodeFrame reads the frame at the start of b and returns it with its size.
// The payload aliases b. errUnused: b begins with a zero header (or is empty);
// errTorn: anything else that is not a whole, valid frame.
func decodeFrame(b []byte) (frame, int, error) {
	if len(b) == 0 {
		return frame{}, 0, errUnused
	}
	if len(b) < headerSize {
		if allZero(b) {
			return frame{}, 0, errUnused
		}
		return frame{}, 0, errTorn
	}
	if b[8] != frameVersion {
		if allZero(b[:headerSize]) {
			return frame{}, 0, errUnused
		}
		return frame{}, 0, errTorn
	}
	k := kind(b[9])
	if k != kindSegment && k != kindRecord || b[10] != 0 || b[11] != 0 {
		return frame{}, 0, errTorn
	}
	length := binary.LittleEndian.Uint32(b)
	if length > MaxPayload || int(length) > len(b)-headerSize {
		return frame{}, 0, errTorn
	}
	size := headerSize + int(length)
	if binary.LittleEndian.Uint32(b[4:]) != frameSum(b[:size]) {
		return frame{}, 0, errTorn
	}
	return frame{
		kind:    k,
		lag:     binary.LittleEndian.Uint32(b[12:]),
		number:  binary.LittleEndian.Uint64(b[16:]),
		payload: b[headerSize:size],
	}, size, nil
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
