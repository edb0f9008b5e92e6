"""Convert one face of a Debian CJK collection (CFF outlines) to a small TrueType font.

usage: convert.py COLLECTION FACE COVERAGE FAMILY OUTPUT

COLLECTION  an OpenType collection (.ttc) with CFF outlines
FACE        the face's family name inside the collection, for example "Noto Serif CJK SC"
COVERAGE    "full" (every Han character and the symbols of Chinese office text) or
            "gb2312" (GB 2312 plus ASCII and the punctuation of office text)
FAMILY      the new family name; the OFL wants a converted font to carry its own name

The output has exactly one glyph per code point, in code point order. Two reasons: the PDF library maps each
glyph back to one character, so a shared glyph would turn one of the characters into the other when text is
copied or searched; and ordered glyphs keep the cmap to a few hundred ranges, which the library scans linearly.
It carries no hinting, kerning or layout tables: the layout layer sets full-width text on a grid.
"""

import sys

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.transformPen import TransformPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection

# The largest distance, in units of a 1000 unit em, between a cubic curve and the quadratics that replace it.
# One unit is 0.016 pt at the 16 pt of body text, a twentieth of a dot at 1200 dpi.
MAX_ERR = 1.0

SYMBOLS = [
    (0x0020, 0x007E), (0x00A0, 0x017F), (0x01CD, 0x01DC), (0x02C6, 0x02DD), (0x0370, 0x03FF), (0x0400, 0x045F),
    (0x1E3E, 0x1E3F), (0x2010, 0x2044), (0x2070, 0x208E), (0x20AC, 0x20AC), (0x2100, 0x23FF), (0x2460, 0x27BF),
    (0x2E80, 0x2FDF), (0x3000, 0x312F), (0x31A0, 0x33FF), (0xFE10, 0xFE19), (0xFE30, 0xFE4F), (0xFF01, 0xFF5E),
    (0xFFE0, 0xFFE6),
]
HAN = [(0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF)]

# Characters that format text and have no ink of their own; the document model removes or refuses them.
INVISIBLE = set(range(0x200B, 0x2010)) | set(range(0x2028, 0x202F)) | set(range(0x2060, 0x2070)) | {0x00AD, 0x3164}

BALLOT, BALLOT_CHECKED, SQUARE, CHECK, DASH = 0x2610, 0x2611, 0x25A1, 0x221A, 0x2014


def wanted(coverage, cmap):
    if coverage == "full":
        ranges = SYMBOLS + HAN
        codes = {c for lo, hi in ranges for c in range(lo, hi + 1)}
    elif coverage == "gb2312":
        codes = set(range(0x20, 0x7F))
        for row in range(0xA1, 0xF8):
            for cell in range(0xA1, 0xFF):
                try:
                    codes.add(ord(bytes((row, cell)).decode("gb2312")))
                except UnicodeDecodeError:
                    pass
        codes |= set(range(0x2010, 0x2040))
    else:
        sys.exit("unknown coverage " + coverage)
    return sorted(c for c in codes - INVISIBLE if c in cmap)


def outline(glyph_set, parts):
    """Draw (glyph name, transform) parts into one TrueType glyph."""
    out = TTGlyphPen(None)
    for name, transform in parts:
        pen = Cu2QuPen(out, MAX_ERR, reverse_direction=True)
        glyph_set[name].draw(TransformPen(pen, transform) if transform else pen)
    return out.glyph()


def main(collection, face, coverage, family, output):
    fonts = [f for f in TTCollection(collection, lazy=True).fonts if f["name"].getDebugName(1) == face]
    if not fonts:
        sys.exit("%s has no face %s" % (collection, face))
    source = fonts[0]
    cmap = source.getBestCmap()
    glyph_set = source.getGlyphSet()
    metrics = source["hmtx"]

    parts = {c: [(cmap[c], None)] for c in wanted(coverage, cmap)}
    if SQUARE in parts and CHECK in parts:
        # The collection has no ballot boxes, and forms are full of them.
        parts.setdefault(BALLOT, parts[SQUARE])
        parts.setdefault(BALLOT_CHECKED, parts[SQUARE] + [(cmap[CHECK], (0.72, 0, 0, 0.72, 140, 110))])

    if DASH in parts:
        # Two of them are one Chinese dash. The source joins them with a ligature, which the PDF library does not apply;
        # a bar as wide as its em joins by itself.
        dash = source["CFF "].cff.topDictIndex[0].CharStrings[cmap[DASH]]
        x_min, _, x_max, _ = dash.calcBounds(glyph_set)
        scale = 1000 / (x_max - x_min)
        parts[DASH] = [(cmap[DASH], (scale, 0, 0, 1, -x_min * scale, 0))]

    order, new_cmap, glyphs, widths = [".notdef"], {}, {}, {}
    glyphs[".notdef"] = outline(glyph_set, [(".notdef", None)])
    widths[".notdef"] = metrics[".notdef"][0]
    for code in sorted(parts):
        name = "u%05X" % code
        order.append(name)
        new_cmap[code] = name
        glyphs[name] = outline(glyph_set, parts[code])
        widths[name] = 1000 if code == DASH else metrics[parts[code][0][0]][0]

    fb = FontBuilder(source["head"].unitsPerEm, isTTF=True)
    fb.setupGlyphOrder(order)
    fb.setupCharacterMap(new_cmap)
    fb.setupGlyf(glyphs)
    table = fb.font["glyf"]
    fb.setupHorizontalMetrics({n: (widths[n], getattr(table[n], "xMin", 0)) for n in order})
    hhea, os2 = source["hhea"], source["OS/2"]
    fb.setupHorizontalHeader(ascent=hhea.ascent, descent=hhea.descent)
    fb.setupOS2(
        version=4, usWeightClass=os2.usWeightClass, fsType=0, sTypoAscender=os2.sTypoAscender,
        sTypoDescender=os2.sTypoDescender, sTypoLineGap=os2.sTypoLineGap, usWinAscent=os2.usWinAscent,
        usWinDescent=os2.usWinDescent, sxHeight=os2.sxHeight, sCapHeight=os2.sCapHeight,
    )
    names = source["name"]
    fb.setupNameTable({
        "copyright": names.getDebugName(0),
        "familyName": family,
        "styleName": "Regular",
        "uniqueFontIdentifier": family + ";" + names.getDebugName(5),
        "fullName": family,
        "version": names.getDebugName(5),
        "psName": family,
        "description": "Converted to TrueType outlines and reduced from " + face + " for printed documents.",
        "licenseDescription": names.getDebugName(13),
        "licenseInfoURL": names.getDebugName(14),
    }, mac=False)
    fb.setupPost(keepGlyphNames=False)
    # The same input must give the same bytes: the cache and the embedding compare checksums.
    fb.font["head"].created = fb.font["head"].modified = source["head"].modified
    fb.font.recalcTimestamp = False
    fb.save(output)
    print("%s: %d characters" % (family, len(new_cmap)))


if __name__ == "__main__":
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    main(*sys.argv[1:])
