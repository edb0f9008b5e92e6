package audit_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"pado/core/audit"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

// TestTiles: every tile of a log, full and partial, in both trees, holds what x/mod's tile arithmetic (over the
// stored hashes) says it holds.
func TestTiles(t *testing.T) {
	const size = 700 // three bundles, the last partial; level 1 partial
	m := newMemory(9)
	m.fill(t, size)
	o := newOracle(t, m.rows)
	for _, tile := range tlog.NewTiles(8, 0, size) {
		want, err := tlog.ReadTileData(tile, o)
		if err != nil {
			t.Fatal(err)
		}
		got, err := audit.Tile(m, audit.SHA256, tile.L, tile.N, tile.W)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("tile %s: %v", tile.Path(), err)
		}
		sm, err := audit.Tile(m, audit.SM3, tile.L, tile.N, tile.W)
		if err != nil || len(sm) != len(got) {
			t.Fatalf("SM3 tile %s: %v", tile.Path(), err)
		}
		for i := range tile.W {
			lo := (tile.N<<8 + int64(i)) << (8 * tile.L)
			leaves, _ := m.Leaves(lo, 1<<(8*tile.L))
			if !bytes.Equal(sm[i*32:][:32], textbook(audit.SM3, leaves)) {
				t.Fatalf("SM3 tile %s, hash %d", tile.Path(), i)
			}
		}
	}
	for _, c := range []struct {
		level int
		n     int64
		width int
		want  bool
	}{
		{0, 0, 256, true}, {0, 1, 256, true}, {0, 2, 188, true}, {0, 2, 189, false}, {0, 3, 1, false}, {1, 0, 2, true},
		{1, 0, 3, false}, {2, 0, 1, false}, {0, 0, 0, false}, {0, 0, 257, false}, {-1, 0, 1, false}, {8, 0, 1, false},
		{0, -1, 1, false}, {0, 1 << 62, 1, false},
	} {
		p := audit.TilePath{Level: c.level, N: c.n, Width: c.width}
		if p.Within(size) != c.want {
			t.Errorf("%+v within %d leaves: %v", p, size, !c.want)
		}
		if _, err := audit.Tile(m, audit.SHA256, c.level, c.n, c.width); (err == nil) != c.want {
			t.Errorf("tile %+v: %v", p, err)
		}
	}
}

func TestEntries(t *testing.T) {
	m := newMemory(10)
	m.fill(t, 300)
	for _, c := range []struct {
		n     int64
		width int
	}{{0, 256}, {0, 1}, {1, 44}} {
		b, err := audit.Entries(m, c.n, c.width)
		if err != nil {
			t.Fatal(err)
		}
		for i := range c.width {
			want := m.rows[c.n*256+int64(i)].Public
			if n := int(binary.BigEndian.Uint16(b)); n != len(want) || !bytes.Equal(b[2:2+n], want) {
				t.Fatalf("entry %d of bundle %d", i, c.n)
			}
			b = b[2+len(want):]
		}
		if len(b) != 0 {
			t.Errorf("%d bytes after bundle %d", len(b), c.n)
		}
	}
	if _, err := audit.Entries(m, 0, 257); !errors.Is(err, audit.ErrNoTile) {
		t.Error(err)
	}
}

func TestTilePaths(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := audit.TilePath{
			Tree: audit.Tree(rapid.IntRange(0, 1).Draw(t, "tree")), Entries: rapid.Bool().Draw(t, "entries"),
			N: rapid.Int64Range(0, 1<<54).Draw(t, "n"), Width: rapid.IntRange(1, 256).Draw(t, "width"),
		}
		if !p.Entries {
			p.Level = rapid.IntRange(0, 7).Draw(t, "level")
		}
		got, err := audit.ParseTilePath(p.String())
		if err != nil || got != p {
			t.Fatalf("%s is %+v, %v; was %+v", p, got, err, p)
		}
		// The same spelling as x/mod, whose paths carry the tile height after "tile/".
		if !p.Entries && p.Tree == audit.SHA256 {
			want := "/log/" + strings.Replace(tlog.Tile{H: 8, L: p.Level, N: p.N, W: p.Width}.Path(), "tile/8/", "tile/", 1)
			if p.String() != want {
				t.Fatalf("%s, the oracle writes %s", p, want)
			}
		}
	})
	for path, want := range map[string]string{
		"/log/tile/0/x001/x234/067":       "yes",
		"/log/tile/0/x001/x234/067.p/8":   "yes",
		"/log/tile/entries/000":           "yes",
		"/log/sm3/tile/3/x999/000":        "yes",
		"/log/sm3/tile/entries/000.p/255": "yes",
		"/log/tile/0/x000/001":            "", // a second name for tile 1
		"/log/tile/00/001":                "",
		"/log/tile/+0/001":                "",
		"/log/tile/0/1":                   "",
		"/log/tile/0/1000":                "",
		"/log/tile/0/001.p/0":             "",
		"/log/tile/0/001.p/256":           "",
		"/log/tile/0/001.p/08":            "",
		"/log/tile/0/001.p":               "",
		"/log/tile/0/001.p/8/9":           "",
		"/log/tile/0/x001":                "",
		"/log/tile/0/001/x002":            "",
		"/log/tile/8/001":                 "",
		"/log/tile/-1/001":                "",
		"/log/tile/0/":                    "",
		"/log/tile/0":                     "",
		"/log/tile/0/../../checkpoint":    "",
		"/log/tile//001":                  "",
		"log/tile/0/001":                  "",
		"/log/sm3/sm3/tile/0/001":         "",
		"/log/tile/0/001/":                "",
		"/log/tile/0/x999/x999/x999/x999/x999/x999/x999/x999/999": "",
	} {
		p, err := audit.ParseTilePath(path)
		if (err == nil) != (want == "yes") || (err == nil && p.String() != path) {
			t.Errorf("%s: %+v, %v", path, p, err)
		}
	}
}

func FuzzTilePath(f *testing.F) {
	f.Add("/log/sm3/tile/1/x001/234.p/7")
	f.Add("/log/tile/entries/x001/234")
	f.Fuzz(func(t *testing.T, path string) {
		p, err := audit.ParseTilePath(path)
		if err == nil && (p.String() != path || p.Width < 1 || p.Width > 256 || p.N < 0 || p.Level < 0 || p.Level > 7) {
			t.Fatalf("%q is %+v", path, p)
		}
	})
}
