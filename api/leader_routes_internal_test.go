package api

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"pado/core/docs"
	"pado/core/store"
	"pado/core/store/storetest"
)

var pageObject = regexp.MustCompile(`/Type\s*/Page\b`)

// TestTheWeeklyPageIsOnePage whatever the city owes: what does not fit is counted, never dropped.
func TestTheWeeklyPageIsOnePage(t *testing.T) {
	long := strings.Repeat("某某市某某区公共数据资源授权运营", 4)
	for _, units := range []int{0, 1, weeklyUnits + 1, 60} {
		l := LeaderWire{AsOf: store.At(storetest.Start)}
		due := l.AsOf
		for i := range units {
			u := UnitWire{Org: OrgWire{Name: fmt.Sprintf("%d%s", i, long)}, Open: 1300, Soon: 20, Overdue: 100, Oldest: i}
			for j := range weeklyLate {
				u.late = append(u.late, RowWire{No: fmt.Sprintf("XQ-2026-%06d-%d", i, j), Title: long, Due: &DueWire{At: &due, Label: "2026-11-23 24:00"}})
			}
			l.Units = append(l.Units, u)
			l.Totals.Open, l.Totals.Soon, l.Totals.Overdue = l.Totals.Open+1300, l.Totals.Soon+20, l.Totals.Overdue+100
		}
		d := weekly(l, City{Name: "朔州市"})
		var pdf, html bytes.Buffer
		if err := docs.HTML(&html, d); err != nil {
			t.Fatal(err)
		}
		text := html.String()
		if units > weeklyUnits+1 && (!strings.Contains(text, fmt.Sprintf("其余 %d 个单位", units-weeklyUnits)) || !strings.Contains(text, fmt.Sprintf("另有逾期 %d 件", l.Totals.Overdue-weeklyCases))) {
			t.Errorf("%d units: what is left out is not counted", units)
		}
		if !strings.Contains(text, fmt.Sprintf("在办 %d 件", l.Totals.Open)) {
			t.Errorf("%d units: the total is not there", units)
		}
		if err := docs.PDF(&pdf, d); err != nil {
			t.Skipf("no fonts for the PDF here: %v", err)
		}
		if n := len(pageObject.FindAll(pdf.Bytes(), -1)); n != 1 {
			t.Errorf("%d units print on %d pages", units, n)
		}
	}
}
