// Package money holds amounts as whole fen (分), their exact arithmetic, the division of a sum by ratio and the
// upper-case Chinese amount. There is no floating point in it, and no operation that loses a fen without saying how.
package money

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/govalues/decimal"
)

// Fen is an amount of renminbi in fen, a hundredth of a yuan (元); it may be negative. It is never a count of yuan and
// never a fraction: what computes fractions works in decimal.Decimal and comes back through a stated Rounding.
type Fen int64

// The largest and smallest amounts that can be held, about ±92 quadrillion yuan.
const (
	Max Fen = math.MaxInt64
	Min Fen = math.MinInt64
)

// Errors of this package. They are for programs; a caller shows its own sentence.
var (
	ErrOverflow = errors.New("money: the amount is too large to be held")
	ErrSyntax   = errors.New("money: not an amount in yuan with at most two decimals")
)

// Add is f + g, or ErrOverflow.
func (f Fen) Add(g Fen) (Fen, error) {
	sum := f + g
	if (sum > f) != (g > 0) {
		return 0, ErrOverflow
	}
	return sum, nil
}

// Sub is f − g, or ErrOverflow.
func (f Fen) Sub(g Fen) (Fen, error) {
	diff := f - g
	if (diff < f) != (g > 0) {
		return 0, ErrOverflow
	}
	return diff, nil
}

// Neg is −f, or ErrOverflow for the smallest amount, which has no opposite.
func (f Fen) Neg() (Fen, error) {
	if f == Min {
		return 0, ErrOverflow
	}
	return -f, nil
}

// Sum adds the amounts, or returns ErrOverflow if any partial sum cannot be held.
func Sum(amounts ...Fen) (Fen, error) {
	var total Fen
	for _, a := range amounts {
		var err error
		if total, err = total.Add(a); err != nil {
			return 0, err
		}
	}
	return total, nil
}

// Yuan is the amount in yuan with two decimals and no grouping, "-1234.56": the form of files and interfaces.
func (f Fen) Yuan() string {
	whole, cents, sign := f.parts()
	return fmt.Sprintf("%s%d.%02d", sign, whole, cents)
}

// String is the amount in yuan for people, grouped by thousands: "-1,234.56".
func (f Fen) String() string {
	whole, cents, sign := f.parts()
	digits := strconv.FormatUint(whole, 10)
	var b strings.Builder
	b.WriteString(sign)
	for i, c := range []byte(digits) {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteByte(c)
	}
	fmt.Fprintf(&b, ".%02d", cents)
	return b.String()
}

func (f Fen) parts() (whole, cents uint64, sign string) {
	m := f.magnitude()
	if f < 0 {
		sign = "-"
	}
	return m / 100, m % 100, sign
}

// magnitude is |f|, which for Min does not fit a Fen.
func (f Fen) magnitude() uint64 {
	if f < 0 {
		return -uint64(f)
	}
	return uint64(f)
}

// signed puts the sign back on a magnitude, or returns ErrOverflow.
func signed(m uint64, negative bool) (Fen, error) {
	switch {
	case negative && m <= 1<<63:
		return Fen(-m), nil
	case !negative && m <= math.MaxInt64:
		return Fen(m), nil
	}
	return 0, ErrOverflow
}

// ParseYuan reads an amount in yuan: an optional minus, digits without grouping or needless leading zeros, and at most
// two decimals ("0", "12", "12.5", "-1234.56"). Everything else is ErrSyntax, "-0" too; what cannot be held is ErrOverflow.
func ParseYuan(s string) (Fen, error) {
	digits, negative := strings.CutPrefix(s, "-")
	whole, cents, point := strings.Cut(digits, ".")
	if !decimals(whole) || (len(whole) > 1 && whole[0] == '0') || (point && (!decimals(cents) || len(cents) > 2)) {
		return 0, ErrSyntax
	}
	yuan, err := strconv.ParseUint(whole, 10, 64)
	if err != nil || yuan > math.MaxUint64/100-1 {
		return 0, ErrOverflow
	}
	m := yuan * 100
	if point {
		c, _ := strconv.ParseUint((cents + "0")[:2], 10, 64) // one or two digits, checked above
		m += c
	}
	if negative && m == 0 {
		return 0, ErrSyntax
	}
	return signed(m, negative)
}

func decimals(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != ""
}

// Decimal is the amount in yuan, exactly.
func (f Fen) Decimal() decimal.Decimal {
	d, _ := decimal.New(int64(f), 2) // cannot fail: every int64 has at most 19 digits
	return d
}

// FromYuan rounds an amount in yuan to fen, or returns ErrOverflow or ErrRounding.
func FromYuan(yuan decimal.Decimal, r Rounding) (Fen, error) { return Mul(100, yuan, r) }

// MarshalText gives Yuan's form: in JSON an amount is a decimal string of yuan, which no reader can round.
func (f Fen) MarshalText() ([]byte, error) { return []byte(f.Yuan()), nil }

// UnmarshalText reads ParseYuan's form. A bare JSON number is therefore refused.
func (f *Fen) UnmarshalText(text []byte) error {
	parsed, err := ParseYuan(string(text))
	if err != nil {
		return err
	}
	*f = parsed
	return nil
}

// Value stores the amount as a BIGINT of fen.
func (f Fen) Value() (driver.Value, error) { return int64(f), nil }

// Scan reads a BIGINT of fen, or the whole number in text that PostgreSQL gives for the sum of a BIGINT column. NULL is
// no amount and is refused; a column that may be NULL is read into sql.Null[Fen].
func (f *Fen) Scan(src any) error {
	switch v := src.(type) {
	case int64:
		*f = Fen(v)
		return nil
	case string:
		return f.scanText(v)
	case []byte:
		return f.scanText(string(v))
	}
	return fmt.Errorf("money: cannot read fen from %T", src)
}

func (f *Fen) scanText(s string) error {
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return ErrOverflow
	case err != nil:
		return errors.New("money: not a whole number of fen")
	}
	*f = Fen(n)
	return nil
}
