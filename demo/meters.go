package demo

import (
	"fmt"
	"strconv"
)

// dwelling is one made-up household with its meters.
type dwelling struct {
	code, division string
	persons        int
	area           int // square metres
}

// Dwellings draws n households; the water, power and heat meters stand in the same ones, under
// one code of the dwelling, so that their files can be joined.
func Dwellings(seed uint64, n int) []dwelling {
	c := newChance(seed, "dwellings")
	out := make([]dwelling, n)
	for i := range out {
		division := weighted(c, counties, dwellers)
		out[i] = dwelling{fmt.Sprintf("FW%s%07d", division, i+1), division, 1 + c.IntN(5), 45 + c.IntN(100)}
	}
	return out
}

// months are the periods of account of 2025.
func months() []string {
	out := make([]string, 12)
	for i := range out {
		out[i] = fmt.Sprintf("2025-%02d", i+1)
	}
	return out
}

// reading spoils a meter's value now and then: a negative one in two of a thousand rows, none in
// five, as meters that are changed or cannot be reached give.
func reading(c chance, n int) string {
	switch {
	case c.permille(2):
		return hundredths(-n)
	case c.permille(5):
		return ""
	}
	return hundredths(n)
}

// Water makes the monthly water meters (居民用水抄表), cubic metres.
func Water(seed uint64, list []dwelling) []byte {
	c := newChance(seed, "water")
	b := row(make([]byte, 0, len(list)*12*56), "房屋编码", "区划代码", "用水性质", "账期", "人口数", "用水量", "水费")
	for _, h := range list {
		kind := weighted(c, []string{"居民生活", "居民商住", "学校福利"}, []int{92, 6, 2})
		for _, m := range months() {
			used := max(50, h.persons*c.around(280, 150))
			b = row(b, h.code, h.division, kind, m, strconv.Itoa(h.persons), reading(c, used), hundredths(used*31/10))
		}
	}
	return b
}

// Power makes the monthly power meters (居民用电抄表), kilowatt hours.
func Power(seed uint64, list []dwelling) []byte {
	c := newChance(seed, "power")
	b := row(make([]byte, 0, len(list)*12*56), "房屋编码", "区划代码", "用电类别", "账期", "用电量", "谷段电量", "电费")
	for _, h := range list {
		kind := weighted(c, []string{"城镇居民", "农村居民", "煤改电用户"}, []int{60, 28, 12})
		for i, m := range months() {
			used := max(800, h.persons*c.around(4200, 2600))
			if kind == "煤改电用户" && (i < 3 || i > 9) {
				used *= 6
			}
			b = row(b, h.code, h.division, kind, m, reading(c, used), hundredths(used*(20+c.IntN(25))/100), hundredths(used*477/1000))
		}
	}
	return b
}

// Heat makes the heating season's meters (集中供热计量): six of ten dwellings, five months.
func Heat(seed uint64, list []dwelling) []byte {
	c := newChance(seed, "heat")
	b := row(make([]byte, 0, len(list)*3*56), "房屋编码", "区划代码", "账期", "采暖面积", "用热量", "平均室温", "热费")
	for _, h := range list {
		if c.IntN(10) >= 6 {
			continue
		}
		for _, m := range []string{"2025-01", "2025-02", "2025-03", "2025-11", "2025-12"} {
			used := h.area * c.around(9, 4)
			b = row(b, h.code, h.division, m, strconv.Itoa(h.area), reading(c, used), hundredths(c.around(2050, 300)), hundredths(h.area*430))
		}
	}
	return b
}
