package journal

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// segmentHeader is the payload of a segment's first frame.
type segmentHeader struct {
	Node    string `json:"node"`
	Segment uint64 `json:"segment"`
	First   uint64 `json:"first"`
}

const (
	openSuffix   = ".log"
	sealedSuffix = ".seg"
)

var (
	nodePattern    = regexp.MustCompile(`^[a-z0-9]{1,16}$`)
	segmentPattern = regexp.MustCompile(`^([a-z0-9]{1,16})-([0-9]{10,20})(\.log|\.seg)$`)
)

func segmentName(node string, segment uint64) string {
	return fmt.Sprintf("%s-%010d", node, segment)
}

type segmentFile struct {
	path   string
	node   string
	number uint64
	sealed bool
}

func (s segmentFile) name() string { return segmentName(s.node, s.number) }

func (s segmentFile) sealedPath() string {
	return filepath.Join(filepath.Dir(s.path), s.name()+sealedSuffix)
}

// listSegments returns the segments of a directory in ascending order.
func listSegments(dir string) ([]segmentFile, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []segmentFile
	for _, e := range entries {
		m := segmentPattern.FindStringSubmatch(e.Name())
		if m == nil {
			continue
		}
		n, err := strconv.ParseUint(m[2], 10, 64)
		if err != nil || n == 0 || segmentName(m[1], n)+m[3] != e.Name() {
			return nil, fmt.Errorf("%w: segment name %q", ErrDamaged, e.Name())
		}
		out = append(out, segmentFile{path: filepath.Join(dir, e.Name()), node: m[1], number: n, sealed: m[3] == sealedSuffix})
	}
	slices.SortFunc(out, func(a, b segmentFile) int {
		switch {
		case a.number < b.number:
			return -1
		case a.number > b.number:
			return 1
		}
		return 0
	})
	for i := 1; i < len(out); i++ {
		if out[i].number != out[i-1].number+1 || out[i].node != out[i-1].node {
			return nil, fmt.Errorf("%w: segment %s does not follow %s", ErrDamaged, out[i].name(), out[i-1].name())
		}
	}
	return out, nil
}

// scan is what reading a segment's bytes found.
type scan struct {
	header segmentHeader
	begun  bool   // the header frame is there
	last   uint64 // last record number; header.First-1 when there is none
	end    int    // bytes up to and including the last valid frame
	torn   bool   // what follows end is neither the end of the file nor unused space
}

func (s scan) records() uint64 { return s.last + 1 - s.header.First }

// scanSegment walks the frames of one segment and hands each record to visit
// (which may be nil; its payload aliases data). An invalid frame ends the walk: as a
// torn tail when every record behind it was still unacknowledged, as
// ErrDamaged when a later frame proves that a record now unreadable had been
// acknowledged.
func scanSegment(data []byte, visit func(number uint64, payload []byte) error) (scan, error) {
	var s scan
	f, size, err := decodeFrame(data)
	if err == nil && f.kind != kindSegment {
		err = errTorn
	}
	if err != nil {
		s.torn = !allZero(data)
		return s, nil
	}
	if err := json.Unmarshal(f.payload, &s.header); err != nil || s.header.First == 0 || s.header.First != f.number {
		return s, fmt.Errorf("%w: segment header", ErrDamaged)
	}
	s.begun, s.end, s.last = true, size, s.header.First-1
	for {
		f, size, err := decodeFrame(data[s.end:])
		if err == nil && (f.kind != kindRecord || f.number != s.last+1) {
			err = errTorn
		}
		if err != nil {
			s.torn = !allZero(data[s.end:])
			if s.torn && acknowledgedAfter(data, s.end, s.last+1) {
				return s, fmt.Errorf("%w: record %d is unreadable and was acknowledged", ErrDamaged, s.last+1)
			}
			return s, nil
		}
		if visit != nil {
			if err := visit(f.number, f.payload); err != nil {
				return s, err
			}
		}
		s.end += size
		s.last = f.number
	}
}

// acknowledgedAfter looks behind an unreadable record for a frame that was
// written when that record was already durable. Every frame carries how far it
// ran ahead of the durable end, so a tail that a power cut tore (sectors may
// arrive in any order) is told from damage to acknowledged records.
func acknowledgedAfter(data []byte, from int, record uint64) bool {
	for off := from; off+headerSize <= len(data); off++ {
		if data[off+8] != frameVersion || kind(data[off+9]) != kindRecord || data[off+10] != 0 || data[off+11] != 0 {
			continue
		}
		number := binary.LittleEndian.Uint64(data[off+16:])
		lag := uint64(binary.LittleEndian.Uint32(data[off+12:]))
		if number <= record || lag > number || number-lag < record {
			continue
		}
		if _, _, err := decodeFrame(data[off:]); err == nil {
			return true
		}
	}
	return false
}
