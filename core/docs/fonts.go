package docs

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/signintech/gopdf"
	"github.com/signintech/gopdf/fontmaker/core"
)

// The folder holds the fonts that tools/font/build.sh makes, and a committed .keep so that the package compiles without.
//
//go:embed all:font
var fontFS embed.FS

// coded is an error with a stable code and a sentence that may be shown to a user.
type coded struct{ code, message string }

func (e *coded) Error() string { return e.message }

// Code is the stable code.
func (e *coded) Code() string { return e.code }

// ErrNoFont is returned by PDF in a binary built without the print fonts. Everything else works without them.
var ErrNoFont error = &coded{"docs.nofont", "本程序未包含打印字体，不能生成 PDF，请联系运维人员重新构建"}

// MissingGlyphs is returned by PDF when the print fonts lack characters of the text: a document is never printed with a
// character left out. Chars is sorted, each character once.
type MissingGlyphs struct{ Chars []rune }

// Error names the characters with their code points, in a sentence for users.
func (e *MissingGlyphs) Error() string {
	names := make([]string, len(e.Chars))
	for i, r := range e.Chars {
		names[i] = fmt.Sprintf("%c（U+%04X）", r, r)
	}
	return "打印字体缺少以下字符，不能生成 PDF：" + strings.Join(names, "、")
}

// Code is the stable code.
func (e *MissingGlyphs) Code() string { return "docs.glyphs" }

// FontLicence is the licence text of the embedded fonts, "" in a binary built without them.
func FontLicence() string {
	text, err := fontFS.ReadFile("font/OFL.txt")
	if err != nil {
		return ""
	}
	return string(text)
}

// face is one of the print fonts.
type face int

const (
	serif     face = iota // 宋体: body text; the only one with the rare characters
	titleFace             // bold 宋体 in the place of 小标宋
	hei                   // 黑体
)

var faceFiles = [...]string{serif: "PadoSerif", titleFace: "PadoTitle", hei: "PadoHei"}

// metrics are the advance widths of one face, read from the same tables the PDF library uses.
type metrics struct {
	groups []core.CmapFormat12GroupingTable // sorted by code
	widths []uint
	upem   uint
}

// advance is r's width in an em of 1, and whether the face has a glyph for r at all.
func (m *metrics) advance(r rune) (float64, bool) {
	c := uint(r)
	i := sort.Search(len(m.groups), func(i int) bool { return m.groups[i].EndCharCode >= c })
	if i == len(m.groups) || c < m.groups[i].StartCharCode {
		return 0, false
	}
	gid := m.groups[i].GlyphID + c - m.groups[i].StartCharCode
	if gid == 0 || int(gid) >= len(m.widths) {
		return 0, false
	}
	return float64(m.widths[gid]) / float64(m.upem), true
}

// fontBook is the parsed fonts, loaded on the first PDF and kept: about 20 MB.
type fontBook struct {
	data [len(faceFiles)][]byte
	face [len(faceFiles)]*metrics
	sets sync.Pool // of *fontSet
}

// fontSet is the fonts as the PDF library wants them, with a hook that reports to whoever holds the set. The library
// binds the hook when it parses a font, so a set serves one document at a time.
type fontSet struct {
	fonts   gopdf.FontContainer
	missing []rune
}

var fonts = sync.OnceValues(func() (*fontBook, error) { return loadFonts(fontFS) })

func loadFonts(files fs.FS) (*fontBook, error) {
	b := &fontBook{}
	for f, name := range faceFiles {
		data, err := fs.ReadFile(files, "font/"+name+".ttf")
		if errors.Is(err, fs.ErrNotExist) {
			return nil, ErrNoFont
		}
		if err != nil {
			return nil, fmt.Errorf("read font %s: %w", name, err)
		}
		var p core.TTFParser
		if err := p.ParseFontData(data); err != nil {
			return nil, fmt.Errorf("parse font %s: %w", name, err)
		}
		groups := slices.Clone(p.GroupingTables())
		if len(groups) == 0 { // no character beyond U+FFFF, so no table of that format
			if groups, err = shortGroups(&p); err != nil {
				return nil, fmt.Errorf("parse font %s: %w", name, err)
			}
		}
		m := &metrics{groups: groups, widths: p.Widths(), upem: p.UnitsPerEm()}
		sort.Slice(m.groups, func(i, j int) bool { return m.groups[i].StartCharCode < m.groups[j].StartCharCode })
		b.data[f], b.face[f] = data, m
	}
	return b, nil
}

// shortGroups reads the ranges of a font whose characters all lie below U+10000. The fonts are made with one glyph per
// character in order, so a range never needs the format's glyph array.
func shortGroups(p *core.TTFParser) ([]core.CmapFormat12GroupingTable, error) {
	var groups []core.CmapFormat12GroupingTable
	for i := range p.StartCount {
		from, to := p.StartCount[i], p.EndCount[i]
		switch {
		case from == 0xFFFF:
			continue
		case p.IdRangeOffset[i] != 0:
			return nil, errors.New("glyphs are not in character order")
		}
		groups = append(groups, core.CmapFormat12GroupingTable{StartCharCode: from, EndCharCode: to, GlyphID: (from + p.IdDelta[i]) & 0xFFFF})
	}
	return groups, nil
}

// take hands out a font set for one document; give it back with put.
func (b *fontBook) take() (*fontSet, error) {
	if s, ok := b.sets.Get().(*fontSet); ok {
		s.missing = nil
		return s, nil
	}
	s := &fontSet{}
	for f, name := range faceFiles {
		err := s.fonts.AddTTFFontDataWithOption(name, b.data[f], gopdf.TtfOption{
			OnGlyphNotFound: func(r rune) { s.missing = append(s.missing, r) },
		})
		if err != nil {
			return nil, fmt.Errorf("prepare font %s: %w", name, err)
		}
	}
	return s, nil
}

func (b *fontBook) put(s *fontSet) { b.sets.Put(s) }

// pick is the face that can show r: want, or serif, which has more characters. ok is false when neither can.
func (b *fontBook) pick(want face, r rune) (f face, width float64, ok bool) {
	if w, ok := b.face[want].advance(r); ok {
		return want, w, true
	}
	w, ok := b.face[serif].advance(r)
	return serif, w, ok
}
