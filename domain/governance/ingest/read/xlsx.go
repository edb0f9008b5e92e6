package read

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// checkZip refuses archives that would unfold into more than the limits say.
// archive/zip itself refuses a part that unfolds into more than it declares.
func checkZip(data []byte, lim Limits) error {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		if errors.Is(err, zip.ErrFormat) {
			return ErrTruncated // it began as an archive and has no end
		}
		return ErrFormat
	}
	if len(z.File) > lim.Parts {
		return ErrTooBig
	}
	total := uint64(0)
	for _, f := range z.File {
		total += f.UncompressedSize64
		if total > uint64(lim.Unzip) || f.UncompressedSize64 > 1<<20 && f.UncompressedSize64/uint64(lim.Ratio) > f.CompressedSize64 {
			return ErrTooBig
		}
	}
	return nil
}

func openXLSX(data []byte, lim Limits) (*Book, error) {
	if err := checkZip(data, lim); err != nil {
		return nil, err
	}
	// Equal limits keep excelize from unfolding parts into temporary files,
	// which would be plaintext on a disk.
	f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{
		UnzipSizeLimit: lim.Unzip, UnzipXMLSizeLimit: lim.Unzip,
		ShortDatePattern: "yyyy-mm-dd", LongDatePattern: "yyyy-mm-dd", LongTimePattern: "hh:mm:ss"})
	if err != nil {
		return nil, ErrFormat
	}
	b := &Book{Formulas: -1}
	for _, name := range f.GetSheetList() {
		if visible, err := f.GetSheetVisible(name); err == nil && visible {
			b.Sheets = append(b.Sheets, name)
		}
	}
	date1904 := false
	if props, err := f.GetWorkbookProps(); err == nil && props.Date1904 != nil {
		date1904 = *props.Date1904
	}
	dates := usesDates(data)
	b.open = func(b *Book, sheet string) (cells, error) {
		x := &xlsxCells{lim: lim, date1904: date1904}
		part := sheetPart(data, sheet)
		b.Formulas = int64(bytes.Count(part, []byte("<f>")) + bytes.Count(part, []byte("<f ")))
		x.merges = mergesOf(part)
		var err error
		if x.raw, err = f.Rows(sheet); err != nil {
			return nil, ErrFormat
		}
		if !dates {
			return x, nil
		}
		if x.shown, err = f.Rows(sheet); err != nil {
			return nil, ErrFormat
		}
		return x, nil
	}
	return b, nil
}

var (
	customFormat = regexp.MustCompile(`<numFmt [^>]*>`)
	formatID     = regexp.MustCompile(`numFmtId="([0-9]{1,9})"`)
	formatCode   = regexp.MustCompile(`formatCode="([^"]*)"`)
	formatText   = regexp.MustCompile(`&quot;.*?&quot;|\\\\.|\[[^\]]*\]|General`)
)

// usesDates reports whether a cell of the workbook may be shown as a date or
// time: the formats its styles name say so, or cannot be found.
func usesDates(data []byte) bool {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return true
	}
	styles := partOf(z, "xl/styles.xml")
	_, used, ok := bytes.Cut(styles, []byte("<cellXfs"))
	if !ok {
		return true
	}
	used, _, _ = bytes.Cut(used, []byte("</cellXfs>"))
	custom := map[string]bool{}
	for _, m := range customFormat.FindAll(styles, -1) {
		n, code := formatID.FindSubmatch(m), formatCode.FindSubmatch(m)
		if n == nil || code == nil {
			return true
		}
		custom[string(n[1])] = bytes.ContainsAny(bytes.ToLower(formatText.ReplaceAll(code[1], nil)), "ymdhse年月日时分秒")
	}
	for _, m := range formatID.FindAllSubmatch(used, -1) {
		n, err := strconv.Atoi(string(m[1]))
		date, known := custom[string(m[1])]
		// Besides 14 to 22 and 45 to 47, the numbers 27 to 36 and 50 to 58 are dates
		// in East Asian versions; a number nobody explains may be one.
		if err != nil || known && date || !known && (n >= 14 && n <= 36 || n >= 45 && n <= 47 || n >= 50) {
			return true
		}
	}
	return false
}

// xlsxCells reads a sheet twice at once: as stored and, if the workbook has
// dates, as shown. Only the second tells which numbers are dates.
type xlsxCells struct {
	raw, shown *excelize.Rows
	n          int64
	lim        Limits
	date1904   bool
	merges     []merge
}

func (x *xlsxCells) merged() []merge { return x.merges }

func (x *xlsxCells) close() {
	x.raw.Close()
	if x.shown != nil {
		x.shown.Close()
	}
}

func (x *xlsxCells) next() (int64, []string, error) {
	if !x.raw.Next() {
		if x.raw.Error() != nil {
			return 0, nil, ErrTruncated
		}
		return 0, nil, io.EOF
	}
	if x.n++; x.n > x.lim.Rows {
		return 0, nil, ErrTooBig
	}
	row, err := x.raw.Columns(excelize.Options{RawCellValue: true})
	if err != nil {
		return 0, nil, ErrTruncated
	}
	var shown []string
	if x.shown != nil {
		x.shown.Next()
		if shown, err = x.shown.Columns(); err != nil {
			return 0, nil, ErrTruncated
		}
	}
	if len(row) > x.lim.Fields {
		return 0, nil, ErrTooBig
	}
	for i, v := range row {
		if v == "" || (v[0] > '9' || v[0] < '0') && v[0] != '-' && v[0] != '.' {
			continue
		}
		s := v
		if x.shown != nil {
			s = ""
		}
		if i < len(shown) {
			s = shown[i]
		}
		row[i] = x.value(v, s)
	}
	return x.n, row, nil
}

// value decides what a stored number is: a date if it is shown as that date,
// else the number with the digits a spreadsheet keeps.
func (x *xlsxCells) value(stored, shown string) string {
	f, err := strconv.ParseFloat(stored, 64)
	if err != nil {
		return stored
	}
	if shown != stored && f >= 0 && f < 2_958_466 {
		if d, ok := dateShown(f, x.date1904, shown); ok {
			return d
		}
	}
	if len(stored) > 15 && strings.ContainsAny(stored, ".eE") {
		return number(f)
	}
	return stored
}

var dateLike = regexp.MustCompile(`^\D*\d{1,4}([-/.年月日时分秒: ]|AM|PM|上午|下午|T|Z)|\d:\d\d`)

// dateShown gives serial as a date if what is shown agrees with it.
func dateShown(serial float64, date1904 bool, shown string) (string, bool) {
	if !dateLike.MatchString(shown) {
		return "", false
	}
	t, err := excelize.ExcelDateToTime(serial, date1904)
	if err != nil {
		return "", false
	}
	date, clock := serial >= 1, serial != float64(int64(serial))
	has := func(layouts ...string) bool {
		for _, l := range layouts {
			if strings.Contains(shown, t.Format(l)) {
				return true
			}
		}
		return false
	}
	year := has("2006", "06")
	day := has("01", "1") && (has("02", "2") || !strings.ContainsAny(shown, "日")) && year
	switch {
	case clock && date && day && has("04"):
		return t.Format("2006-01-02 15:04:05"), true
	case date && day && !clock:
		return t.Format("2006-01-02"), true
	case date && day:
		return t.Format("2006-01-02 15:04:05"), true
	case !date && has("15:04", "3:04"):
		return t.Format("15:04:05"), true
	}
	return "", false
}

var mergeRef = regexp.MustCompile(`<mergeCell [^>]*ref="([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})"`)

// mergesOf finds the merged ranges, which stand after the rows.
func mergesOf(part []byte) []merge {
	i := bytes.LastIndex(part, []byte("<mergeCells"))
	if i < 0 {
		return nil
	}
	var out []merge
	for _, m := range mergeRef.FindAllSubmatch(part[i:], 100_000) {
		c1, err1 := excelize.ColumnNameToNumber(string(m[1]))
		c2, err2 := excelize.ColumnNameToNumber(string(m[3]))
		r1, err3 := strconv.ParseInt(string(m[2]), 10, 64)
		r2, err4 := strconv.ParseInt(string(m[4]), 10, 64)
		if errors.Join(err1, err2, err3, err4) == nil {
			out = append(out, merge{r1, r2, c1 - 1, c2 - 1})
		}
	}
	return out
}

// sheetPart finds a sheet's XML by name through the workbook's relations; nil
// if the workbook is built in an unusual way.
func sheetPart(data []byte, sheet string) []byte {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil
	}
	var book struct {
		Sheets []struct {
			Name string `xml:"name,attr"`
			ID   string `xml:"http://schemas.openxmlformats.org/officeDocument/2006/relationships id,attr"`
		} `xml:"sheets>sheet"`
	}
	var rels struct {
		Relations []struct {
			ID     string `xml:"Id,attr"`
			Target string `xml:"Target,attr"`
		} `xml:"Relationship"`
	}
	if xml.Unmarshal(partOf(z, "xl/workbook.xml"), &book) != nil || xml.Unmarshal(partOf(z, "xl/_rels/workbook.xml.rels"), &rels) != nil {
		return nil
	}
	for _, s := range book.Sheets {
		if s.Name != sheet {
			continue
		}
		for _, r := range rels.Relations {
			if r.ID == s.ID {
				name := path.Join("xl", r.Target)
				if strings.HasPrefix(r.Target, "/") {
					name = r.Target[1:]
				}
				return partOf(z, name)
			}
		}
	}
	return nil
}

func partOf(z *zip.Reader, name string) []byte {
	f, err := z.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		return nil
	}
	return b
}
