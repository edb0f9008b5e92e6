package audit

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// TileWidth is the number of hashes or entries in a full tile; tiles are eight levels high.
const TileWidth = 256

const (
	tileHeight   = 8
	maxTileLevel = MaxLevel / tileHeight
)

// ErrNoTile says that a path names no tile, or one that this log does not have (yet): an HTTP face answers 404.
var ErrNoTile = errors.New("audit: no such tile")

// Paths of the two checkpoints.
const (
	CheckpointPath   = "/log/checkpoint"
	CheckpointSMPath = "/log/checkpoint.sm"
)

// TilePath is a parsed C2SP tlog-tiles path: /log/tile/<L>/<N>[.p/<W>] and /log/tile/entries/<N>[.p/<W>] for the
// SHA-256 tree, the same under /log/sm3/ for the SM3 tree. The entries under both prefixes are the same bytes.
type TilePath struct {
	Tree    Tree
	Entries bool // an entry bundle; Level is 0
	Level   int
	N       int64
	Width   int // 1 to TileWidth
}

// ParseTilePath reads exactly the paths String writes; anything else, spelled however near, is ErrNoTile.
func ParseTilePath(path string) (TilePath, error) {
	var p TilePath
	rest, ok := strings.CutPrefix(path, "/log/")
	if !ok || len(path) > 100 {
		return p, ErrNoTile
	}
	if after, sm := strings.CutPrefix(rest, "sm3/"); sm {
		p.Tree, rest = SM3, after
	}
	parts := strings.Split(rest, "/")
	if len(parts) < 3 || parts[0] != "tile" {
		return p, ErrNoTile
	}
	var err error
	if parts[1] == "entries" {
		p.Entries = true
	} else if p.Level, err = strconv.Atoi(parts[1]); err != nil || p.Level < 0 || p.Level > maxTileLevel {
		return p, ErrNoTile
	}
	parts, p.Width = parts[2:], TileWidth
	if last := len(parts) - 2; last >= 0 && strings.HasSuffix(parts[last], ".p") {
		if p.Width, err = strconv.Atoi(parts[last+1]); err != nil || p.Width < 1 || p.Width >= TileWidth {
			return p, ErrNoTile
		}
		parts[last] = strings.TrimSuffix(parts[last], ".p")
		parts = parts[:last+1]
	}
	for i, part := range parts {
		if i < len(parts)-1 {
			part = strings.TrimPrefix(part, "x")
		}
		digits, err := strconv.ParseUint(part, 10, 10)
		if err != nil || digits > 999 || p.N > (math.MaxInt64-999)/1000 {
			return p, ErrNoTile
		}
		p.N = p.N*1000 + int64(digits)
	}
	if p.String() != path { // one spelling per tile: caches and signatures of paths stay simple
		return p, ErrNoTile
	}
	return p, nil
}

// String writes the path.
func (p TilePath) String() string {
	n := fmt.Sprintf("%03d", p.N%1000)
	for rest := p.N / 1000; rest > 0; rest /= 1000 {
		n = fmt.Sprintf("x%03d/%s", rest%1000, n)
	}
	prefix, level := "/log/tile/", strconv.Itoa(p.Level)
	if p.Tree == SM3 {
		prefix = "/log/sm3/tile/"
	}
	if p.Entries {
		level = "entries"
	}
	path := prefix + level + "/" + n
	if p.Width != TileWidth {
		path += ".p/" + strconv.Itoa(p.Width)
	}
	return path
}

// Within reports whether a log of size leaves has this tile in full width.
func (p TilePath) Within(size int64) bool {
	return within(p.Level, p.N, p.Width, size)
}

func within(level int, n int64, width int, size int64) bool {
	if level < 0 || level > maxTileLevel || width < 1 || width > TileWidth || n < 0 || n > math.MaxInt64/TileWidth-1 {
		return false
	}
	return n*TileWidth+int64(width) <= size>>(level*tileHeight)
}

// Tile returns width hashes of the n-th tile at a tile level, concatenated. The caller asks Within first: a tile
// beyond the log shows as the reader's error.
func Tile(r NodeReader, t Tree, level int, n int64, width int) ([]byte, error) {
	if !within(level, n, width, math.MaxInt64) {
		return nil, ErrNoTile
	}
	nodes, err := readNodes(r, level*tileHeight, n*TileWidth, width)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, width*HashSize)
	for _, node := range nodes {
		out = append(out, node.Hash(t)...)
	}
	return out, nil
}

// Entries returns width public leaves of the n-th bundle, each after its length as two big-endian bytes.
func Entries(r LeafReader, n int64, width int) ([]byte, error) {
	if !within(0, n, width, math.MaxInt64) {
		return nil, ErrNoTile
	}
	leaves, err := r.Leaves(n*TileWidth, width)
	if err != nil {
		return nil, fmt.Errorf("audit: read %d leaves at %d: %w", width, n*TileWidth, err)
	}
	if len(leaves) != width {
		return nil, fmt.Errorf("audit: %d of %d leaves at %d are there", len(leaves), width, n*TileWidth)
	}
	var out []byte
	for i, leaf := range leaves {
		if len(leaf) == 0 || len(leaf) > math.MaxUint16 {
			return nil, fmt.Errorf("audit: leaf %d has %d bytes", n*TileWidth+int64(i), len(leaf))
		}
		out = binary.BigEndian.AppendUint16(out, uint16(len(leaf)))
		out = append(out, leaf...)
	}
	return out, nil
}
