package demo

import (
	"bytes"
	"fmt"
	"math/rand/v2"
)

// CensusFile makes n persons of a made-up sample in the layout of the census extract. The same
// n gives the same bytes.
func CensusFile(n int) []byte {
	r := rand.New(rand.NewPCG(140600, uint64(n)))
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	var b bytes.Buffer
	for range n {
		age := 17 + r.IntN(60)
		years := 6 + r.IntN(11)
		sex, income := pick("Male", "Female"), "<=50K"
		hours := 20 + r.IntN(45)
		if r.IntN(100) < (years-6)*4+hours/4 {
			income = ">50K"
		}
		gain := 0
		if r.IntN(12) == 0 {
			gain = r.IntN(20000)
		}
		fmt.Fprintf(&b, "%d, %s, %d, %s, %d, %s, %s, %s, White, %s, %d, %d, %d, %s, %s\n", age, pick("Private", "Local-gov", "State-gov", "Self-emp-inc", "?"), 100000+r.IntN(300000),
			pick("HS-grad", "Bachelors", "Masters", "Some-college", "11th"), years, pick("Never-married", "Married-civ-spouse", "Divorced", "Widowed"),
			pick("Sales", "Craft-repair", "Tech-support", "Exec-managerial", "?"), pick("Husband", "Wife", "Not-in-family", "Own-child"), sex, gain, r.IntN(2)*r.IntN(2000), hours, "China", income)
	}
	return b.Bytes()
}

// AirFile makes days × 24 hours of made-up measurements in the layout of the hourly series.
func AirFile(days int) []byte {
	r := rand.New(rand.NewPCG(140600, 25))
	var b bytes.Buffer
	b.WriteString("No,year,month,day,hour,pm2.5,DEWP,TEMP,PRES,cbwd,Iws,Is,Ir,pm2.5_1ago,pm2.5_2ago,pm2.5_3ago\n")
	no := 0
	for d := range days {
		month, day := d/28%12+1, d%28+1
		for h := range 24 {
			no++
			pm := fmt.Sprint(10 + r.IntN(180))
			if r.IntN(25) == 0 {
				pm = "NA"
			}
			fmt.Fprintf(&b, "%d,%d,%d,%d,%d,%s,%d,%d,%d,%s,%d.%02d,0,%d,NA,NA,NA\n", no, 2010+d/336, month, day, h, pm, r.IntN(30)-15, r.IntN(40)-10, 1000+r.IntN(30),
				[]string{"NW", "NE", "SE", "cv"}[r.IntN(4)], r.IntN(40), r.IntN(100), r.IntN(3)/2)
		}
	}
	return b.Bytes()
}
