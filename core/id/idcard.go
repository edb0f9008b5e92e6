package id

import (
	"fmt"
	"time"

	"pado/core/calendar"
)

// IDCard is a checked 18-digit identity number (公民身份号码, GB 11643-1999) or a number of the same form: the residence
// permits for Hong Kong, Macao and Taiwan residents (prefixes 810000, 820000, 830000) and the permanent residence card
// for foreigners (first digit 9). It exists only through ParseIDCard and MakeIDCard; the zero IDCard is none.
//
// It prints, logs and marshals masked. Whoever needs the number itself says so by calling Number. A masked number is
// still personal information.
type IDCard struct{ number string }

// Sex as the identity number tells it.
type Sex string

// The two values of Sex.
const (
	Male   Sex = "男"
	Female Sex = "女"
)

// Holder is the kind of person an identity number was given to.
type Holder string

// The kinds of holder.
const (
	Citizen   Holder = "居民身份证"
	HongKong  Holder = "港澳台居民居住证（香港）"
	Macao     Holder = "港澳台居民居住证（澳门）"
	Taiwan    Holder = "港澳台居民居住证（台湾）"
	Foreigner Holder = "外国人永久居留身份证"
)

var (
	idWeights = [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	idChecks  = "10X98765432"
)

// ParseIDCard checks the shape, the day of birth and the check digit, and takes a lower-case x for X. The area code is
// the one at birth and is not compared with today's divisions; whether the day of birth has come yet is for the caller,
// who knows the date. 15-digit numbers are refused with a reason of their own.
//
// The error is always one of the ErrIDCard values.
func ParseIDCard(s string) (IDCard, error) {
	if _, ok := digits(s, 15); ok && len(s) == 15 {
		return IDCard{}, ErrIDCardFifteen
	}
	values, ok := digits(s, 17)
	if !ok || len(s) != 18 || values[0] == 0 {
		return IDCard{}, ErrIDCardShape
	}
	last := s[17]
	if last == 'x' {
		last = 'X'
	}
	if last != 'X' && (last < '0' || last > '9') {
		return IDCard{}, ErrIDCardShape
	}
	c := IDCard{s[:17] + string(last)}
	if !c.Birth().Valid() || c.Birth().Y < 1800 {
		return IDCard{}, ErrIDCardBirth
	}
	if idCheck(values) != last {
		return IDCard{}, ErrIDCardCheck
	}
	return c, nil
}

// MakeIDCard makes a number with a correct check digit for synthetic people: a six-digit area, a day of birth and a
// sequence 0 to 999 that is odd for men. It fails where ParseIDCard would.
func MakeIDCard(area string, birth calendar.Date, sequence int) (IDCard, error) {
	if !birth.Valid() {
		return IDCard{}, ErrIDCardBirth
	}
	body := fmt.Sprintf("%s%04d%02d%02d%03d", area, birth.Y, int(birth.M), birth.D, sequence)
	values, ok := digits(body, 17)
	if !ok || len(area) != 6 || len(body) != 17 {
		return IDCard{}, ErrIDCardShape
	}
	return ParseIDCard(body + string(idCheck(values)))
}

func idCheck(values []int) byte {
	sum := 0
	for i, w := range idWeights {
		sum += values[i] * w
	}
	return idChecks[sum%11]
}

// Number is the whole number with an upper-case X.
func (c IDCard) Number() string { return c.number }

// IsZero reports whether there is no number.
func (c IDCard) IsZero() bool { return c.number == "" }

// Birth is the day of birth, none for the zero IDCard.
func (c IDCard) Birth() calendar.Date {
	v, ok := digits(c.number, 14)
	if !ok {
		return calendar.Date{}
	}
	return calendar.Date{Y: v[6]*1000 + v[7]*100 + v[8]*10 + v[9], M: time.Month(v[10]*10 + v[11]), D: v[12]*10 + v[13]}
}

// Sex is told by the 17th digit, odd for men; "" for the zero IDCard.
func (c IDCard) Sex() Sex {
	v, ok := digits(c.number, 17)
	switch {
	case !ok:
		return ""
	case v[16]%2 == 1:
		return Male
	}
	return Female
}

// Area is the six-digit division code at the time of registration (of issue, for a foreigner's card the first six
// digits have another meaning). It may have been abolished since.
func (c IDCard) Area() string {
	if c.IsZero() {
		return ""
	}
	return c.number[:6]
}

// Holder is the kind of person the number was given to, "" for the zero IDCard.
func (c IDCard) Holder() Holder {
	switch area := c.Area(); {
	case area == "":
		return ""
	case area == "810000":
		return HongKong
	case area == "820000":
		return Macao
	case area == "830000":
		return Taiwan
	case area[0] == '9':
		return Foreigner
	}
	return Citizen
}

// Masked shows the city and the last two places, "1406************36". Day of birth and the last four places, which
// counters use to recognise people, stay hidden.
func (c IDCard) Masked() string {
	if c.IsZero() {
		return ""
	}
	return mask(c.number, 4, 2)
}

// String is Masked, so that a number printed by accident is not a number given away.
func (c IDCard) String() string { return c.Masked() }

// GoString is Masked, for %#v.
func (c IDCard) GoString() string { return "id.IDCard(" + c.Masked() + ")" }

// MarshalText is Masked, and there is no way back: to keep the number, store Number under the rules for identifiers.
func (c IDCard) MarshalText() ([]byte, error) { return []byte(c.Masked()), nil }
