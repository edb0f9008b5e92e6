#!/bin/sh
# Makes the three print fonts and their licence text, and puts them where core/docs embeds them.
#
# Input: Debian's fonts-noto-cjk. Output: build/font/<checksum>/, kept as long as the package's fonts and these two
# scripts do not change, and a copy in core/docs/font/ (git-ignored). A first run takes about 80 seconds of one core,
# a later one under a second.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
python=${PADO_FONT_PYTHON:-/usr/bin/python3} # Debian's own: python3-fonttools installs for no other

missing() {
	echo "font build: $1; install it with: apt-get install fonts-noto-cjk python3-fonttools" >&2
	exit 1
}

files=$(dpkg -L fonts-noto-cjk 2>/dev/null) || missing "the package fonts-noto-cjk is not installed"
"$python" -c 'import fontTools' 2>/dev/null || missing "python3-fonttools is not installed"
source_file() {
	found=$(printf '%s\n' "$files" | grep "/$1\$") || missing "fonts-noto-cjk has no file $1"
	printf '%s\n' "$found"
}
serif=$(source_file NotoSerifCJK-Regular.ttc)
serif_bold=$(source_file NotoSerifCJK-Bold.ttc)
sans_bold=$(source_file NotoSansCJK-Bold.ttc)
copyright=$(source_file copyright)

key=$(cat "$serif" "$serif_bold" "$sans_bold" "$copyright" "$here/convert.py" "$here/build.sh" | sha256sum | cut -c1-16)
out=$root/build/font/$key
embed=$root/core/docs/font

if [ ! -f "$out/complete" ]; then
	done=$out
	out=$done.$$ # another build may run beside this one: only a finished folder gets the final name
	rm -rf "$out"
	mkdir -p "$out"
	"$python" "$here/convert.py" "$serif" "Noto Serif CJK SC" full "Pado Serif" "$out/PadoSerif.ttf"
	"$python" "$here/convert.py" "$serif_bold" "Noto Serif CJK SC" gb2312 "Pado Title" "$out/PadoTitle.ttf"
	"$python" "$here/convert.py" "$sans_bold" "Noto Sans CJK SC" gb2312 "Pado Hei" "$out/PadoHei.ttf"
	# The licence text as the package states it, without the indentation of Debian's copyright format.
	{
		echo "Pado Serif, Pado Title and Pado Hei are Modified Versions of Noto Serif CJK SC and Noto Sans CJK SC,"
		echo "converted to TrueType outlines and reduced. Copyright 2014-2022 Adobe and Google, under this licence:"
		echo
		awk '/^License: SIL-1.1/ { n++; if (n == 2) { on = 1; next } } on && !/^ / { exit } on { sub(/^ /, ""); sub(/^\.$/, ""); print }' "$copyright"
	} >"$out/OFL.txt"
	grep -q "SIL OPEN FONT LICENSE Version 1.1" "$out/OFL.txt" || { echo "font build: no licence text in $copyright" >&2; exit 1; }
	touch "$out/complete"
	mv -T "$out" "$done" 2>/dev/null || { [ -f "$done/complete" ] && rm -rf "$out"; }
	out=$done
fi

mkdir -p "$embed"
for f in PadoSerif.ttf PadoTitle.ttf PadoHei.ttf OFL.txt; do
	cmp -s "$out/$f" "$embed/$f" || cp "$out/$f" "$embed/$f"
done
