package id

import "strconv"

// Industry is a code of the classification of national economic activities (国民经济行业分类, GB/T 4754-2017), read by its
// shape: section letter A to T, division two digits, group three, class four. Names are not held here.
type Industry struct {
	Section byte   // 门类, always known
	Digits  string // 大类, 中类 or 小类; empty when only the section was given
}

// The last two-digit division of each section, in the order A to T; a section begins after the one before it.
var sectionEnds = [20]int{5, 12, 43, 46, 50, 52, 60, 62, 65, 69, 70, 72, 75, 79, 82, 83, 85, 90, 96, 97}

// ParseIndustry takes a section letter, two to four digits, or both together ("I", "65", "6510", "I6510"); the letter, if
// given with digits, must be the one the digits lie in. Leading zeros belong to the code: "0111", not "111", is growing
// rice. Whether the classification uses the group or class is not checked. The error is ErrIndustry.
func ParseIndustry(s string) (Industry, error) {
	var letter byte
	if s != "" && s[0] >= 'A' && s[0] <= 'T' {
		letter, s = s[0], s[1:]
	}
	if s == "" {
		if letter == 0 {
			return Industry{}, ErrIndustry
		}
		return Industry{Section: letter}, nil
	}
	if _, ok := digits(s, len(s)); !ok || len(s) < 2 || len(s) > 4 {
		return Industry{}, ErrIndustry
	}
	division, err := strconv.Atoi(s[:2])
	if err != nil || division < 1 {
		return Industry{}, ErrIndustry
	}
	for i, end := range sectionEnds {
		if section := byte('A' + i); division <= end {
			if letter != 0 && letter != section {
				return Industry{}, ErrIndustry
			}
			return Industry{Section: section, Digits: s}, nil
		}
	}
	return Industry{}, ErrIndustry
}

// String is the letter and the digits, "I6510".
func (i Industry) String() string {
	if i.Section == 0 {
		return ""
	}
	return string(i.Section) + i.Digits
}

// Level is 门类, 大类, 中类 or 小类.
func (i Industry) Level() string {
	switch len(i.Digits) {
	case 2:
		return "大类"
	case 3:
		return "中类"
	case 4:
		return "小类"
	}
	return "门类"
}
