package demo

import (
	"fmt"
	"strconv"

	"pado/core/id"
)

var (
	// trades are classes of GB/T 4754 that the city lives on.
	trades = []struct{ code, title string }{{"0610", "煤炭"}, {"3073", "日用陶瓷"}, {"1440", "乳制品"}, {"0141", "蔬菜"}, {"5211", "百货"}, {"5299", "商贸"}, {"6210", "餐饮"}, {"5430", "物流"},
		{"6513", "软件"}, {"7030", "环保"}, {"4411", "火力发电"}, {"4415", "风电"}, {"4416", "光伏"}, {"4710", "建筑"}, {"7020", "物业"}, {"8010", "家政"}, {"0313", "养羊"}, {"7721", "水处理"}}
	firmWords = []string{"雁门", "桑干", "恒岳", "右卫", "神头", "应州", "怀仁", "云中", "塞上", "洪涛", "金沙", "古北", "朔风", "长城", "马邑", "木塔"}
	firmTails = []string{"兴", "达", "源", "瑞", "丰", "诚", "泰", "和", "盛", "远", "通", "海"}
	firmKinds = []string{"有限责任公司", "股份有限公司", "个人独资企业", "农民专业合作社"}
	kindTails = map[string]string{"有限责任公司": "有限公司", "股份有限公司": "股份有限公司", "个人独资企业": "经营部", "农民专业合作社": "专业合作社"}
	firmState = []string{"存续", "吊销", "注销", "迁出"}
)

// Firms makes the register of n enterprises (企业登记信息) with valid credit codes, classes of
// GB/T 4754, capital and status. Dirt: a wrong check character, a missing class, negative capital.
func Firms(seed uint64, n int) ([]byte, error) {
	c := newChance(seed, "firms")
	b := row(make([]byte, 0, n*110), "统一社会信用代码", "企业名称", "企业类型", "行业代码", "登记机关区划", "注册资本（万元）", "从业人数", "成立日期", "经营状态")
	for i := range n {
		division := weighted(c, counties, dwellers)
		at := division
		if a, ok := bornIn[division]; ok {
			at = a
		}
		code, err := id.MakeUSCC('9', '1', at, fmt.Sprintf("MAD%05d", i))
		if err != nil {
			return nil, fmt.Errorf("make a credit code: %w", err)
		}
		trade := one(c, trades)
		class, capital, uscc := trade.code, one(c, []int{10, 30, 50, 100, 100, 200, 500, 1000, 5000}), string(code)
		switch {
		case c.permille(3):
			uscc = wrongCheck(uscc)
		case c.permille(10):
			class = ""
		case c.permille(2):
			capital = -capital
		}
		kind := weighted(c, firmKinds, []int{80, 4, 9, 7})
		name := "朔州市" + one(c, firmWords) + one(c, firmTails) + one(c, firmTails) + trade.title + kindTails[kind]
		b = row(b, uscc, name, kind, class, division, strconv.Itoa(capital), strconv.Itoa(1+c.IntN(9)*c.IntN(30)), c.day(1998, 2025).String(),
			weighted(c, firmState, []int{86, 4, 8, 2}))
	}
	return b, nil
}
