package read

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// ZipEntry is a file in an archive.
type ZipEntry struct {
	Name string `json:"name"` // slashes between folders
	Size int64  `json:"size"` // unpacked, as the archive declares
}

// Archive is an open ZIP. It is held in memory and never unpacked to a disk.
type Archive struct {
	Entries []ZipEntry // the files that may be tables
	files   map[string]*zip.File
}

// OpenZip reads an archive into memory and lists its files. The reader is
// closed. Refused as a whole: more than lim.Parts files, more than lim.Unzip
// bytes unpacked, a file that unpacks to more than lim.Ratio times its size,
// overlapping files, names that leave the folder (.., a leading slash, a drive,
// control characters), passwords and links. An archive in the archive is
// listed by nobody and opened by nobody.
func OpenZip(r io.ReadCloser, lim Limits) (*Archive, error) {
	data, err := io.ReadAll(io.LimitReader(r, lim.File+1))
	r.Close()
	switch {
	case err != nil:
		return nil, readError(err)
	case int64(len(data)) > lim.File:
		return nil, ErrTooBig
	}
	if err := checkZip(data, lim); err != nil {
		return nil, err
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, ErrTruncated
	}
	a := &Archive{files: map[string]*zip.File{}}
	packed := uint64(0)
	for _, f := range z.File {
		name, ok := entryName(f)
		switch {
		case !ok || f.Mode().Type()&^(1<<31) != 0:
			return nil, ErrZipName
		case f.Flags&1 != 0:
			return nil, ErrEncrypted
		}
		// Files that share bytes sum up to more than the archive: the bomb of
		// overlapping entries.
		if packed += f.CompressedSize64; packed > uint64(len(data)) {
			return nil, ErrTooBig
		}
		if strings.HasSuffix(name, "/") || hiddenEntry(name) {
			continue
		}
		if _, twice := a.files[name]; twice {
			return nil, ErrZipName
		}
		a.files[name] = f
		a.Entries = append(a.Entries, ZipEntry{name, int64(f.UncompressedSize64)})
	}
	if len(a.Entries) == 0 {
		return nil, ErrEmpty
	}
	return a, nil
}

// hiddenEntry are what systems leave in archives, and archives themselves.
func hiddenEntry(name string) bool {
	base := path.Base(name)
	return strings.HasPrefix(base, ".") || strings.HasPrefix(name, "__MACOSX/") || base == "Thumbs.db" || strings.HasSuffix(strings.ToLower(base), ".zip")
}

// entryName is the name in UTF-8: Windows in China writes GBK without saying so.
func entryName(f *zip.File) (string, bool) {
	name := f.Name
	if f.NonUTF8 && !utf8.ValidString(name) {
		gb, err := simplifiedchinese.GB18030.NewDecoder().String(name)
		if err != nil {
			return "", false
		}
		name = gb
	}
	name = strings.ReplaceAll(name, `\`, "/")
	clean := path.Clean("/" + name)[1:]
	ok := name != "" && len(name) <= 500 && utf8.ValidString(name) && strings.TrimSuffix(name, "/") == clean && !strings.Contains(clean, ":") &&
		!strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == utf8.RuneError })
	return name, ok
}

// Find gives the name of the one file that the pattern means: a name, or a
// pattern with * and ?, matched against the whole name or its last part; "" is
// the only file there is.
func (a *Archive) Find(pattern string) (string, error) {
	var found []string
	for _, e := range a.Entries {
		whole, err := path.Match(pattern, e.Name)
		last, err2 := path.Match(pattern, path.Base(e.Name))
		switch {
		case e.Name == pattern:
			return pattern, nil
		case pattern == "" || err == nil && whole || err2 == nil && last:
			found = append(found, e.Name)
		}
	}
	if len(found) != 1 {
		return "", ErrEntry
	}
	return found[0], nil
}

// Open reads one file. What unpacks to more than it declared is an error.
func (a *Archive) Open(name string) (io.ReadCloser, error) {
	i := slices.IndexFunc(a.Entries, func(e ZipEntry) bool { return e.Name == name })
	if i < 0 {
		return nil, ErrEntry
	}
	f, err := a.files[name].Open()
	if err != nil {
		return nil, ErrFormat
	}
	return entryReader{f}, nil
}

// entryReader gives a damaged entry a code of its own.
type entryReader struct{ io.ReadCloser }

func (e entryReader) Read(p []byte) (int, error) {
	n, err := e.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = ErrTruncated
	}
	return n, err
}
