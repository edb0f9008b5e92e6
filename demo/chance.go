package demo

import (
	"math/rand/v2"
	"strconv"

	"pado/core/calendar"
)

// chance draws made-up values: the same seed gives the same values in the same order, on every
// machine and with every version of the language.
type chance struct{ *rand.Rand }

func newChance(seed uint64, stream string) chance {
	var salt uint64 = 14695981039346656037
	for i := range len(stream) {
		salt = (salt ^ uint64(stream[i])) * 1099511628211
	}
	return chance{rand.New(rand.NewPCG(seed, salt))}
}

// one draws a value of a list.
func one[T any](c chance, list []T) T { return list[c.IntN(len(list))] }

// weighted draws a value by its weight; the weights need no particular sum.
func weighted(c chance, values []string, weights []int) string {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	n := c.IntN(sum)
	for i, w := range weights {
		if n -= w; n < 0 {
			return values[i]
		}
	}
	return values[len(values)-1]
}

// permille is true n times in a thousand.
func (c chance) permille(n int) bool { return c.IntN(1000) < n }

// around draws a whole number near mid: the sum of three even draws, so that the middle is common.
func (c chance) around(mid, spread int) int {
	return mid - spread + (c.IntN(spread*2+1)+c.IntN(spread*2+1)+c.IntN(spread*2+1))/3
}

// day draws a date of the given years, both included.
func (c chance) day(from, to int) calendar.Date {
	first := calendar.Date{Y: from, M: 1, D: 1}
	return first.AddDays(calendar.Days(c.IntN((to - from + 1) * 365)))
}

// row is one line of a CSV file; no value of this city needs quotes.
func row(b []byte, cells ...string) []byte {
	for i, s := range cells {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, s...)
	}
	return append(b, '\n')
}

// hundredths writes a number of hundredths with two digits behind the point.
func hundredths(n int) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	s := strconv.Itoa(n % 100)
	if n%100 < 10 {
		s = "0" + s
	}
	return sign + strconv.Itoa(n/100) + "." + s
}

// counties are the city's six counties and the zone, with the share of the people living there.
var (
	counties = []string{"140602", "140603", "140621", "140622", "140623", "140681", "140671"}
	dwellers = []int{28, 11, 13, 16, 6, 19, 7}
	// bornIn: identity numbers carry the county; the zone has no numbers of its own.
	bornIn = map[string]string{"140671": "140602"}
)

var (
	surnames = []string{"王", "李", "张", "刘", "陈", "杨", "赵", "郭", "高", "马", "贾", "武", "郝", "任", "曹", "段", "侯", "石", "白", "冯", "薛", "尹", "蔚", "丰", "雷", "梁", "宋", "韩", "吴", "孟"}
	givenM   = []string{"建军", "志强", "海龙", "永胜", "晓东", "文斌", "国栋", "雁飞", "伟", "磊", "浩然", "子轩", "宇航", "俊杰", "瑞", "振华", "桑源", "利民", "成", "向前"}
	givenF   = []string{"秀英", "桂兰", "丽娟", "晓燕", "雪梅", "海霞", "静", "婷", "梓涵", "欣怡", "雨桐", "佳慧", "玉珍", "美玲", "思雨", "春花", "瑞芳", "洁", "娜", "润莲"}
)
