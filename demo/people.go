package demo

import (
	"fmt"
	"strconv"

	"pado/core/calendar"
	"pado/core/id"
)

// recorded is the day the made-up registers were drawn up.
var recorded = calendar.Date{Y: 2026, M: 2, D: 20}

type resident struct {
	number, division string
	age              int
	female           bool
}

// mother tells whether a person may give birth.
func (r resident) mother() bool { return r.female && r.age >= 18 && r.age < 50 }

var (
	schooling = []string{"未上过学", "小学", "初中", "高中", "大专", "本科", "研究生"}
	marriage  = []string{"未婚", "有配偶", "离婚", "丧偶"}
	branches  = []string{"农林牧渔业", "采矿业", "制造业", "电力热力供应业", "建筑业", "批发零售业", "交通运输业", "住宿餐饮业", "教育", "卫生和社会工作", "公共管理", "陶瓷制造业", "其他"}
)

// Residents makes the register of persons (常住人口基本信息) of n made-up people with valid
// identity numbers, and some dirt that governance has to find: a wrong check character in two of
// a thousand rows, missing schooling, an income nobody has, a date in another notation, a row
// sent twice. The same seed and n give the same bytes.
func Residents(seed uint64, n int) ([]byte, []resident, error) {
	c := newChance(seed, "residents")
	b := row(make([]byte, 0, n*140), "公民身份号码", "姓名", "性别", "出生日期", "联系电话", "居住地区划代码", "学历", "婚姻状况", "就业状况", "从业行业", "月收入", "登记日期")
	list := make([]resident, 0, n)
	seen := make(map[string]bool, n)
	for len(list) < n {
		division := weighted(c, counties, dwellers)
		area := division
		if a, ok := bornIn[division]; ok {
			area = a
		}
		age := min(c.IntN(45)+c.IntN(48), 95)
		birth := c.day(recorded.Y-age-1, recorded.Y-age-1)
		male := c.IntN(1000) < 508
		sequence := 1 + c.IntN(498)*2
		if !male {
			sequence++
		}
		card, err := id.MakeIDCard(area, birth, sequence)
		if err != nil {
			return nil, nil, fmt.Errorf("make an identity number: %w", err)
		}
		if seen[card.Number()] {
			continue
		}
		seen[card.Number()] = true
		list = append(list, resident{card.Number(), division, age, !male})
		line := residentLine(c, card.Number(), division, birth, age, male)
		b = row(b, line...)
		if c.permille(1) {
			b = row(b, line...)
		}
	}
	return b, list, nil
}

func residentLine(c chance, number, division string, birth calendar.Date, age int, male bool) []string {
	sex, given := "男", givenM
	if !male {
		sex, given = "女", givenF
	}
	level := weighted(c, schooling, []int{2, 14, 38, 22, 13, 10, 1})
	if age < 16 {
		level = weighted(c, schooling[:3], []int{30, 50, 20})
	}
	wed := "未婚"
	if age >= 22 {
		wed = weighted(c, marriage, []int{max(2, 60-age), 70, 6, max(1, age-50)})
	}
	work, branch, income := "不在劳动年龄", "", 0
	if age >= 16 && age < 65 {
		work = weighted(c, []string{"在业", "失业", "在学", "料理家务"}, []int{72, 6, max(1, 60-age*2), 12})
	}
	if work == "在业" {
		branch = one(c, branches)
		income = max(1800, c.around(4600, 3000)+schoolYears[level]*150)
	}
	if c.permille(20) {
		level = "不详"
	}
	salary := strconv.Itoa(income)
	if c.permille(3) {
		salary = "9999999"
	}
	if c.permille(2) {
		number = wrongCheck(number)
	}
	date := birth.String()
	if c.permille(30) {
		date = fmt.Sprintf("%d年%d月%d日", birth.Y, birth.M, birth.D)
	}
	phone := fmt.Sprintf("13%d%08d", c.IntN(10), c.IntN(100_000_000))
	return []string{number, one(c, surnames) + one(c, given), sex, date, phone, division, level, wed, work, branch, salary, c.day(2025, 2025).String()}
}

var schoolYears = map[string]int{"未上过学": 0, "小学": 6, "初中": 9, "高中": 12, "大专": 15, "本科": 16, "研究生": 19}

// wrongCheck replaces the last character by another.
func wrongCheck(number string) string {
	last := number[len(number)-1]
	if last == 'X' || last == '9' {
		last = '/'
	}
	return number[:len(number)-1] + string(last+1)
}

var (
	visitKinds  = []string{"门诊", "急诊", "住院"}
	departments = []string{"内科", "外科", "妇产科", "儿科", "中医科", "口腔科", "眼耳鼻喉科", "康复科", "骨科", "皮肤科"}
	diagnoses   = []string{"呼吸系统疾病", "循环系统疾病", "消化系统疾病", "内分泌代谢疾病", "肌肉骨骼疾病", "泌尿生殖疾病", "损伤中毒", "传染病", "妊娠分娩", "健康体检"}
)

// Visits makes clinic visits: about four of ten persons have one to eight in the year 2025, the
// old more often. Dirt: a number that belongs to nobody, a negative bill, a missing department.
func Visits(seed uint64, people []resident) []byte {
	c := newChance(seed, "visits")
	b := row(make([]byte, 0, len(people)*120), "就诊流水号", "公民身份号码", "就诊日期", "机构区划代码", "就诊类型", "科室", "诊断类别", "总费用", "医保支付")
	no := 0
	for _, p := range people {
		if c.IntN(100) >= 25+p.age/3 {
			continue
		}
		for range 1 + c.IntN(2+min(6, p.age/12)) {
			no++
			kind := weighted(c, visitKinds, []int{82, 8, 10})
			cost := c.around(26000, 22000)
			if kind == "住院" {
				cost = c.around(620000, 480000)
			}
			paid := cost * (45 + c.IntN(35)) / 100
			number, department, diagnosis := p.number, one(c, departments), one(c, diagnoses)
			if !p.mother() && (department == "妇产科" || diagnosis == "妊娠分娩") {
				department, diagnosis = "内科", "循环系统疾病"
			}
			if p.age > 14 && department == "儿科" {
				department = "外科"
			}
			switch {
			case c.permille(2):
				number = wrongCheck(number)
			case c.permille(2):
				cost = -cost
			case c.permille(15):
				department = ""
			}
			b = row(b, fmt.Sprintf("MZ2025%08d", no), number, c.day(2025, 2025).String(), p.division, kind, department, diagnosis, hundredths(cost), hundredths(paid))
		}
	}
	return b
}
