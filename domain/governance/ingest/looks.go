package ingest

import (
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"pado/core/id"
)

// look gathers what the values of a column look like.
type look struct {
	rows, filled           int64
	kinds                  map[string]int64
	formats                map[string]int64
	missing                map[string]int64
	scale                  int
	big                    bool
	idCard, uscc, phone    int64
	leadingZero, longDigit bool
}

func newLook() *look {
	return &look{kinds: map[string]int64{}, formats: map[string]int64{}, missing: map[string]int64{}}
}

// dateShapes pairs what a date looks like with the pattern that reads it.
var dateShapes = []struct {
	shape  *regexp.Regexp
	format string
	time   bool
}{
	{regexp.MustCompile(`^(19|20)\d\d-\d{1,2}-\d{1,2}$`), "%Y-%m-%d", false},
	{regexp.MustCompile(`^(19|20)\d\d/\d{1,2}/\d{1,2}$`), "%Y/%m/%d", false},
	{regexp.MustCompile(`^(19|20)\d\d\.\d{1,2}\.\d{1,2}$`), "%Y.%m.%d", false},
	{regexp.MustCompile(`^(19|20)\d\d年\d{1,2}月\d{1,2}日$`), "%Y年%m月%d日", false},
	{regexp.MustCompile(`^(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$`), "%Y%m%d", false},
	{regexp.MustCompile(`^(19|20)\d\d-\d{1,2}-\d{1,2}[ T]\d{1,2}:\d\d:\d\d$`), "%Y-%m-%d %H:%M:%S", true},
	{regexp.MustCompile(`^(19|20)\d\d/\d{1,2}/\d{1,2} \d{1,2}:\d\d:\d\d$`), "%Y/%m/%d %H:%M:%S", true},
	{regexp.MustCompile(`^(19|20)\d\d/\d{1,2}/\d{1,2} \d{1,2}:\d\d$`), "%Y/%m/%d %H:%M", true},
	{regexp.MustCompile(`^(19|20)\d\d-\d{1,2}-\d{1,2} \d{1,2}:\d\d$`), "%Y-%m-%d %H:%M", true},
}

var missingWords = []string{"NA", "N/A", "n/a", "NULL", "null", "NaN", "nan", "?", "-", "--", "—", "——", "/", "#N/A", "无", "不详", "空"}

// kindOf sorts a value: integer, decimal, double, date, timestamp or text.
func kindOf(v string) string {
	k, _ := kindAndFormat(v)
	return k
}

func kindAndFormat(v string) (kind, format string) {
	digits, dots, others := 0, 0, 0
	for i := range len(v) {
		switch b := v[i]; {
		case b >= '0' && b <= '9':
			digits++
		case b == '.':
			dots++
		case (b == '-' || b == '+') && i == 0:
		default:
			others++
		}
	}
	switch {
	case digits == 0:
		return "text", ""
	case others == 0 && dots == 0 && digits <= 18 && digits != 8:
		return "integer", ""
	case others == 0 && dots == 1 && v[len(v)-1] != '.':
		return "decimal", ""
	case v[0] < '0' || v[0] > '9':
		return "text", ""
	}
	for _, d := range dateShapes {
		if d.shape.MatchString(v) {
			if d.time {
				return "timestamp", d.format
			}
			return "date", d.format
		}
	}
	switch {
	case others == 0 && dots == 0 && digits <= 18:
		return "integer", ""
	case others <= 2 && strings.ContainsAny(v, "eE"):
		if f, err := strconv.ParseFloat(v, 64); err == nil && !math.IsInf(f, 0) {
			return "double", ""
		}
	}
	return "text", ""
}

func (l *look) add(v string) {
	l.rows++
	if v == "" {
		return
	}
	if slices.Contains(missingWords, v) {
		l.missing[v]++
		return
	}
	l.filled++
	k, f := kindAndFormat(v)
	l.kinds[k]++
	if f != "" {
		l.formats[f]++
	}
	switch k {
	case "integer", "date":
		digits := strings.TrimLeft(v, "+-")
		l.big = l.big || len(digits) > 9
		l.longDigit = l.longDigit || len(digits) > 15
		l.leadingZero = l.leadingZero || len(digits) > 1 && digits[0] == '0'
	case "decimal":
		l.scale = max(l.scale, len(v)-strings.IndexByte(v, '.')-1)
	}
	if len(v) == 18 {
		if _, err := id.ParseIDCard(v); err == nil {
			l.idCard++
		}
		if _, err := id.ParseUSCC(v); err == nil {
			l.uscc++
		}
	}
	if len(v) == 11 {
		if _, err := id.ParseMobile(v); err == nil {
			l.phone++
		}
	}
}

// typ is the narrowest type all sampled values have.
func (l *look) typ(name string) (typ string, formats []string) {
	n := l.filled
	k := l.kinds
	switch {
	case n == 0 || codeName(name):
		return "text", nil
	case l.leadingZero || l.longDigit || l.idCard*2 > n || l.uscc*2 > n || l.phone*2 > n:
		return "text", nil
	case k["date"] == n && l.formats["%Y%m%d"] < n:
		return "date", slices.Sorted(maps.Keys(l.formats))
	case k["timestamp"] == n:
		return "timestamp", slices.Sorted(maps.Keys(l.formats))
	case k["integer"]+k["date"] == n && l.formats["%Y%m%d"] == k["date"]:
		if l.big {
			return "bigint", nil
		}
		return "integer", nil
	case k["integer"]+k["decimal"] == n && l.scale <= 6:
		return "decimal(18," + string(rune('0'+l.scale)) + ")", nil
	case k["integer"]+k["decimal"]+k["double"] == n:
		return "double", nil
	}
	return "text", nil
}

// codeName reports names of columns whose digits are names and no quantities.
func codeName(name string) bool {
	n := strings.ToLower(name)
	for _, w := range []string{"code", "代码", "编码", "编号", "标识码", "号码", "账号", "证号"} {
		if strings.Contains(n, w) {
			return true
		}
	}
	return false
}

var nameHints = []struct{ word, looks string }{
	{"身份证", "id_card"}, {"公民身份号码", "id_card"}, {"证件号", "id_card"}, {"统一社会信用代码", "uscc"},
	{"手机", "phone"}, {"电话", "phone"}, {"姓名", "person_name"}, {"联系人", "person_name"}, {"法定代表人", "person_name"},
	{"住址", "address"}, {"地址", "address"},
}

// looks names what the column seems to hold, by its values or its name.
func (l *look) looks(name string) (kind string, identifier bool) {
	n := max(l.filled, 1)
	switch {
	case l.idCard*10 >= n*8 && l.filled > 0:
		kind = "id_card"
	case l.uscc*10 >= n*8 && l.filled > 0:
		kind = "uscc"
	case l.phone*10 >= n*8 && l.filled > 0:
		kind = "phone"
	default:
		for _, h := range nameHints {
			if strings.Contains(name, h.word) {
				kind = h.looks
				break
			}
		}
	}
	return kind, kind == "id_card" || kind == "phone" || kind == "person_name" || kind == "address"
}
