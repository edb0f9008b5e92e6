package plan

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Unit says what a parameter's value is counted in and how it must be written.
// Days and working days are two units and never stand for each other.
type Unit string

const (
	WorkingDay Unit = "working_day"
	Day        Unit = "day"
	Month      Unit = "month"
	Year       Unit = "year"
	Hour       Unit = "hour"
	Minute     Unit = "minute"
	BasisPoint Unit = "basis_point" // 1/10,000
	Count      Unit = "count"
	Fen        Unit = "fen" // 1/100 yuan
	Bool       Unit = "bool"
	Text       Unit = "text"
	Date       Unit = "date"      // YYYY-MM-DD
	MonthDay   Unit = "month_day" // MM-DD, a day of every year; 02-29 is refused
)

// unitForms holds, per unit, its Chinese name and for counted units the
// smallest and the largest value that any parameter may take. The largest is a
// guard against slips of the pen, not a rule.
var unitForms = map[Unit]struct {
	title    string
	counted  bool
	min, max int64
}{
	WorkingDay: {"个工作日", true, 1, 1000},
	Day:        {"日", true, 1, 36500},
	Month:      {"个月", true, 1, 1200},
	Year:       {"年", true, 1, 100},
	Hour:       {"小时", true, 1, 8760},
	Minute:     {"分钟", true, 1, 525600},
	BasisPoint: {"基点", true, 0, 1_000_000},
	Count:      {"", true, 0, 1_000_000_000_000},
	Fen:        {"分", true, 0, 1_000_000_000_000_000},
	Bool:       {"是否", false, 0, 0},
	Text:       {"文字", false, 0, 0},
	Date:       {"日期", false, 0, 0},
	MonthDay:   {"每年的月日", false, 0, 0},
}

// Title returns the unit's Chinese name as it follows a number; it is empty for
// a bare count.
func (u Unit) Title() string { return unitForms[u].title }

// Counted reports whether values of the unit are whole numbers.
func (u Unit) Counted() bool { return unitForms[u].counted }

func (u Unit) known() bool {
	_, ok := unitForms[u]
	return ok
}

// accepts reports whether raw is a well-formed value of the unit, in the one
// way in which it may be written. The second result is a Chinese phrase saying
// how it must be written instead.
func (u Unit) accepts(raw string) (bool, string) {
	form, ok := unitForms[u]
	switch {
	case !ok:
		return false, "单位未定义"
	case form.counted:
		n, err := strconv.ParseInt(raw, 10, 64)
		if err != nil || strconv.FormatInt(n, 10) != raw {
			return false, "应为整数，不带单位、正号或多余的零"
		}
		if n < form.min || n > form.max {
			return false, "应在 " + strconv.FormatInt(form.min, 10) + " 至 " + strconv.FormatInt(form.max, 10) + " 之间"
		}
		return true, ""
	case u == Bool:
		return raw == "true" || raw == "false", "应为 true 或 false"
	case u == Date:
		return validDate(raw), "应为“年-月-日”，如 2026-01-01"
	case u == MonthDay:
		return validDate("2001-" + raw), "应为“月-日”，如 03-31，且每年都有这一天"
	default:
		return validText(raw), "应为一行文字，首尾无空白，不超过五百字"
	}
}

// display writes a well-formed number of a counted unit as a person reads it.
// What is no such number is returned as it is.
func (u Unit) display(raw string) string {
	n, err := strconv.ParseInt(raw, 10, 64)
	if err != nil || n < 0 {
		return raw
	}
	switch u {
	case BasisPoint:
		percent := strconv.FormatInt(n/100, 10)
		if rest := n % 100; rest != 0 {
			percent += "." + strings.TrimRight(fmt.Sprintf("%02d", rest), "0")
		}
		return raw + " 基点（" + percent + "%）"
	case Fen:
		return grouped(n/100) + fmt.Sprintf(".%02d 元", n%100)
	case Count:
		return grouped(n)
	default:
		return raw + " " + u.Title()
	}
}

// grouped writes a number with a comma between thousands.
func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

// validDate accepts YYYY-MM-DD of a day that exists, from the year 1900 to 2199.
func validDate(s string) bool {
	t, err := time.Parse(time.DateOnly, s)
	return err == nil && t.Format(time.DateOnly) == s && t.Year() >= 1900 && t.Year() < 2200
}

func validText(s string) bool {
	return s != "" && utf8.ValidString(s) && utf8.RuneCountInString(s) <= 500 && strings.TrimSpace(s) == s &&
		strings.IndexFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }) < 0
}

// Confidence says how well the ground of a statement is known here. Only
// FromSource and Computed were seen or checked; a General or Inferred number is
// a default that the city should confirm before relying on it.
type Confidence string

const (
	FromSource Confidence = "S"        // read in a public page's excerpt
	ThirdParty Confidence = "C"        // read in a third party's repository
	General    Confidence = "G"        // general knowledge, text not seen
	Computed   Confidence = "X"        // computed and checked here
	FromPlan   Confidence = "seed"     // in the city's plan
	Inferred   Confidence = "I"        // this platform's own choice
	Required   Confidence = "required" // no value is shipped: the city must set one
	FromCity   Confidence = "city"     // set by the city under a cited document
)

var confidenceTitles = map[Confidence]string{
	FromSource: "见公开文件摘录",
	ThirdParty: "见第三方转述",
	General:    "通行认识，未核对原文",
	Computed:   "经计算核对",
	FromPlan:   "本市方案",
	Inferred:   "平台缺省，待市里确认",
	Required:   "须由市里设定",
	FromCity:   "市里设定",
}

// Title returns the mark's meaning in Chinese.
func (c Confidence) Title() string { return confidenceTitles[c] }

func (c Confidence) known() bool {
	_, ok := confidenceTitles[c]
	return ok
}
