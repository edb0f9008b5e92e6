package money

import "strings"

const (
	numerals = "零壹贰叁肆伍陆柒捌玖"
	places   = "拾佰仟"
)

// Upper is the amount as receipts and statements spell it (大写金额): "人民币壹仟零捌元伍角整", a negative one with 负.
// Where the rules for vouchers leave a 零 optional (none between 万, 元 and a lower group that is full), it is left out;
// 角 is followed by 整 when there is no 分.
func (f Fen) Upper() string {
	whole, cents, sign := f.parts()
	var b strings.Builder
	b.WriteString("人民币")
	if sign != "" {
		b.WriteString("负")
	}
	jiao, fen := cents/10, cents%10
	if whole > 0 || cents == 0 {
		b.WriteString(spell(whole) + "元")
	}
	switch {
	case cents == 0:
		b.WriteString("整")
	case fen == 0:
		b.WriteString(numeral(jiao) + "角整")
	default:
		if jiao > 0 {
			b.WriteString(numeral(jiao) + "角")
		} else if whole > 0 {
			b.WriteString("零")
		}
		b.WriteString(numeral(fen) + "分")
	}
	return b.String()
}

// spell writes a whole number: 亿 and 万 divide it into what stands before and after, and a 零 bridges a gap.
func spell(n uint64) string {
	for _, group := range []struct {
		unit uint64
		name string
	}{{1e8, "亿"}, {1e4, "万"}} {
		if n >= group.unit {
			high, low := n/group.unit, n%group.unit
			return spell(high) + group.name + bridge(low, group.unit/10)
		}
	}
	if n < 10 {
		return numeral(n)
	}
	unit := uint64(10)
	place := 0
	for unit*10 <= n {
		unit *= 10
		place++
	}
	return numeral(n/unit) + string([]rune(places)[place]) + bridge(n%unit, unit/10)
}

// bridge spells what follows a higher group whose next place has the value next: nothing for zero, 零 first when that
// place is empty.
func bridge(low, next uint64) string {
	switch {
	case low == 0:
		return ""
	case low < next:
		return "零" + spell(low)
	}
	return spell(low)
}

func numeral(d uint64) string { return string([]rune(numerals)[d]) }
