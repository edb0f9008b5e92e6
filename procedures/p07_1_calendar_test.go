package procedures_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/supply"
	"pado/procedures"
)

func (b *basis) alarms() (out []supply.Alarm) {
	b.t.Helper()
	b.must(b.db.View(ctx, func(r *store.ReadTx) error {
		return r.Select(&out, `SELECT id, kind, hookup, period, said, state, case_no FROM supply_alarm ORDER BY id`)
	}))
	return out
}

// told counts a person's messages that begin so.
func (b *basis) told(person, title string) (n int) {
	b.t.Helper()
	b.get(&n, `SELECT COUNT(*) FROM message WHERE person = $1 AND title LIKE $2`, person, title+"%")
	return n
}

func TestALateDeliveryAlarmsAndIsMadeGood(t *testing.T) {
	eachSupply(t, func(t *testing.T, b *basis, item string) {
		b.to(2026, 4, 16, 10)
		no := b.connected(item, "month")
		b.delivered(no, 10)
		b.watch()
		rows := b.list("supply_calendar", b.src1)
		if len(rows) != 1 || rows[0].Cells["starts"] != "2026-04-01" || rows[0].Cells["state"] != "按期" || fmt.Sprint(rows[0].Cells["rows"]) != "10" {
			t.Fatalf("%+v", rows)
		}
		// May's data are due five working days after the month: 1 June is a Monday, so until Friday, 5 June. Nothing is late before.
		b.to(2026, 6, 5, 23)
		b.watch()
		if list := b.alarms(); len(list) != 0 {
			t.Fatalf("too early: %+v", list)
		}
		b.to(2026, 6, 6, 0)
		b.watch()
		list := b.alarms()
		if len(list) != 1 || list[0].Kind != "late" || list[0].Period != "2026-05-01" || list[0].CaseNo == "" || !strings.Contains(list[0].Said, "2026年5月") || !strings.Contains(list[0].Said, "2026-06-05") {
			t.Fatalf("%+v", list)
		}
		alarm := list[0].CaseNo
		if b.state(alarm) != "open" || b.told(b.op, "供给异常") != 1 || b.told(b.at.Lead, "供给异常") != 1 || b.told(b.src1, "") == 0 || b.told("clock", "") != 0 {
			t.Errorf("%s, operator %d, authority %d, source %d, clock %d", b.state(alarm), b.told(b.op, "供给异常"), b.told(b.at.Lead, "供给异常"), b.told(b.src1, ""), b.told("clock", ""))
		}
		b.step(b.src1, alarm, "sign_for", procedure.Act{})
		b.no(b.op, alarm, "made_good", procedure.Act{}, "alarm.still_missing")
		b.no(b.src1, alarm, "explain", procedure.Act{Opinion: "系统升级", Input: asJSON(map[string]any{"cause": "system", "by": "2026-06-01"})}, "alarm.day")
		b.step(b.src1, alarm, "explain", procedure.Act{Opinion: "系统升级", Input: asJSON(map[string]any{"cause": "system", "by": "2026-06-10"})})
		b.step(b.op, alarm, "reject", say("请先补报"))
		// June's first delivery makes good for May; a second one counts for June itself.
		b.to(2026, 6, 9, 10)
		b.delivered(no, 9)
		b.watch()
		b.step(b.op, alarm, "made_good", procedure.Act{})
		b.to(2026, 6, 20, 10)
		b.delivered(no, 11)
		b.watch()
		got := map[string]string{}
		for _, row := range b.list("supply_calendar", b.op) {
			got[fmt.Sprint(row.Cells["starts"])] = fmt.Sprint(row.Cells["state"])
		}
		if fmt.Sprint(got) != "map[2026-04-01:按期 2026-05-01:迟报 2026-06-01:按期]" {
			t.Error(got)
		}
		board := b.list("supply_board", b.at.Lead)
		if len(board) != 1 || fmt.Sprint(board[0].Cells["rate"]) != "6666" || fmt.Sprint(board[0].Cells["alarms"]) != "0" {
			t.Errorf("%+v", board)
		}
		p := b.page("supply_board", b.src2, board[0].Key)
		if len(p["各次报送行数"].Rows) != 3 || len(p["供给日历"].Rows) != 3 || len(p["供给异常"].Rows) != 1 {
			t.Errorf("%+v", p)
		}
		if other := b.stranger(); len(b.list("supply_board", other))+len(b.list("supply_alarms", other))+len(b.list("supply_calendar", other)) != 0 {
			t.Error("another source sees them")
		}
		// The rates by department, with their counts.
		counts := b.list("supply_rates", b.at.Lead)
		for _, row := range counts {
			if row.Key == b.srcOrg && fmt.Sprint(row.Cells["collect"], row.Cells["collected"], row.Cells["collect_rate"], row.Cells["supply"], row.Cells["supplied"], row.Cells["supply_rate"], row.Cells["time_rate"]) != "1 1 10000 1 1 10000 6666" {
				t.Errorf("%+v", row)
			}
		}
		if page := b.page("supply_rates", b.src1, b.srcOrg); fmt.Sprint(page["算法和数字"].Rows[2]["n"], page["算法和数字"].Rows[2]["of"]) != "2 3" || len(page["逐项的两段供给"].Rows) != 1 {
			t.Errorf("%+v", page)
		}
		// A second look changes nothing.
		if n, err := procedures.WatchSupply(ctx, b.Engine); n != 0 || err != nil {
			t.Errorf("%d %v", n, err)
		}
	})
}

// Late periods of one hookup join one alarm; who does not sign for it is taken to the authority.
func TestPeriodsJoinOneAlarm(t *testing.T) {
	eachSupply(t, func(t *testing.T, b *basis, item string) {
		b.to(2026, 5, 6, 9) // a Wednesday; 2 to 5 May are off
		no := b.connected(item, "day")
		b.delivered(no, 4)
		b.to(2026, 5, 13, 9)
		b.watch()
		list := b.alarms()
		if len(list) != 1 {
			t.Fatalf("%+v", list)
		}
		var late int
		// Each day is due at the end of the next working day: 7 to 11 May, of which 9 is a make-up Saturday and 10 a Sunday; 12 and 13 May are still in time.
		if b.get(&late, `SELECT COUNT(*) FROM supply_period WHERE alarm = $1`, list[0].ID); late != 5 {
			t.Errorf("%d periods are late", late)
		}
		if rows := b.page("supply_alarms", b.op, list[0].ID)["所涉各期"].Rows; len(rows) != 1 || rows[0]["period"] != "2026-05-07至2026-05-11，共5期" {
			t.Errorf("%+v", rows)
		}
		b.to(2026, 5, 20, 9)
		b.watch()
		if _, err := b.Tick(ctx); err != nil {
			t.Fatal(err)
		}
		if again := b.alarms(); len(again) != 1 || b.state(list[0].CaseNo) != "escalated" {
			t.Errorf("%d alarms, %s", len(again), b.state(list[0].CaseNo))
		}
		b.step(b.at.Lead, list[0].CaseNo, "press", say("三日内补报"))
		b.step(b.src1, list[0].CaseNo, "explain", procedure.Act{Opinion: "周期应为每周", Input: asJSON(map[string]any{"cause": "cycle"})})
		b.step(b.op, list[0].CaseNo, "resolve", procedure.Act{})
		b.to(2026, 5, 21, 9)
		b.watch()
		if again := b.alarms(); len(again) != 2 || again[1].State != "open" {
			t.Errorf("what is late after the resolution: %+v", again)
		}
		// A stopped hookup is expected to deliver nothing.
		b.step(b.at.Lead, no, "stop", say("改为每周"))
		var before, after int
		b.get(&before, `SELECT COUNT(*) FROM supply_period`)
		b.to(2026, 6, 30, 9)
		b.watch()
		if b.get(&after, `SELECT COUNT(*) FROM supply_period`); before != after {
			t.Errorf("%d periods, then %d", before, after)
		}
	})
}

func TestAShortOrChangedDeliveryAlarms(t *testing.T) {
	eachSupply(t, func(t *testing.T, b *basis, item string) {
		b.to(2026, 4, 16, 10)
		no := b.connected(item, "week")
		for i, rows := range []int{100, 104, 96} {
			b.to(2026, 4, 16+7*i, 10)
			b.delivered(no, rows)
			b.watch()
		}
		b.to(2026, 5, 7, 10)
		b.delivered(no, 50) // half of the usual hundred is enough
		b.watch()
		if list := b.alarms(); len(list) != 0 {
			t.Fatalf("%+v", list)
		}
		b.to(2026, 5, 14, 10)
		b.handIn(no, table(40, b.n))
		b.watch()
		list := b.alarms()
		if len(list) != 1 || list[0].Kind != "short" || !strings.Contains(list[0].Said, "报送40行") || !strings.Contains(list[0].Said, "中位数为98行") {
			t.Fatalf("%+v", list)
		}
		b.step(b.op, no, "reject", say("缺量"))
		b.watch()
		// What was rejected fills no period.
		b.handIn(no, "编号,年龄\n1,30\n")
		b.watch()
		list = b.alarms()
		if len(list) != 2 || list[1].Kind != "schema" || !strings.Contains(list[1].Said, "性别") {
			t.Fatalf("%+v", list)
		}
		var filled int
		if b.get(&filled, `SELECT COUNT(*) FROM supply_period WHERE starts = '2026-05-11' AND delivery <> ''`); filled != 0 {
			t.Error("a delivery that failed fills the week")
		}
		b.step(b.op, no, "reject", say("缺少字段"))
		b.no(b.op, list[1].CaseNo, "made_good", procedure.Act{}, "alarm.still_missing")
		b.delivered(no, 101)
		b.watch()
		b.step(b.op, list[1].CaseNo, "made_good", procedure.Act{})
		b.step(b.op, list[0].CaseNo, "made_good", procedure.Act{})
		if rows := b.list("supply_alarms", b.src1); len(rows) != 2 || rows[0].Cells["state"] != "已解决" {
			t.Errorf("%+v", rows)
		}
		// The same bytes again are no new delivery of the week.
		b.to(2026, 5, 21, 10)
		text := table(99, b.n)
		b.handIn(no, text)
		b.step(b.op, no, "accept", procedure.Act{})
		b.watch()
		b.to(2026, 5, 28, 10)
		b.handIn(no, text)
		b.watch()
		var state, period string
		b.get(&state, `SELECT state FROM supply_delivery ORDER BY id DESC LIMIT 1`)
		b.get(&period, `SELECT delivery FROM supply_period WHERE starts = '2026-05-25'`)
		if state != "same" || period != "" {
			t.Errorf("%s %q", state, period)
		}
	})
}

// A last day that needs an unpublished year is shown as 待公布 and nothing is late, until the year is recorded.
func TestAPeriodOfAnUnpublishedYear(t *testing.T) {
	eachSupply(t, func(t *testing.T, b *basis, item string) {
		b.to(2026, 12, 3, 10)
		no := b.connected(item, "month")
		b.watch()
		rows := b.list("supply_calendar", b.at.Lead)
		if len(rows) != 1 || rows[0].Cells["state"] != "期限待公布" || rows[0].Cells["due"] != nil {
			t.Fatalf("%+v", rows)
		}
		p := b.page("supply_board", b.at.Lead, b.list("supply_board", b.at.Lead)[0].Key)
		if due := fmt.Sprint(p["供给日历"].Rows[0]["due"]); !strings.Contains(due, "待公布") || !strings.Contains(due, "2027") {
			t.Error(due)
		}
		b.to(2027, 1, 20, 10)
		b.watch()
		if list := b.alarms(); len(list) != 0 {
			t.Fatalf("late without a calendar: %+v", list)
		}
		_ = no
		shipped := calendar.Shipped()
		year, ok := shipped.Notice(2026)
		if !ok {
			t.Fatal("2026 is not shipped")
		}
		year.Year, year.Published, year.Rest, year.Work = 2027, calendar.Date{Y: 2026, M: time.November, D: 5}, []calendar.Rest{{Name: "元旦", From: calendar.Date{Y: 2027, M: 1, D: 1}, To: calendar.Date{Y: 2027, M: 1, D: 3}}}, nil
		b.write(`INSERT INTO calendar_notice (case_no, year, at, source, notice) VALUES ('x', 2027, 0, '试', $1)`, string(asJSON(year)))
		b.watch()
		if list := b.alarms(); len(list) != 1 || !strings.Contains(list[0].Said, "2027-01-08") {
			t.Errorf("%+v", list)
		}
	})
}

// While the agreement is not in force nothing may be delivered (5.3), so nothing is expected and nobody is late.
func TestNobodyIsLateWithoutAnAgreement(t *testing.T) {
	eachSupply(t, func(t *testing.T, b *basis, item string) {
		b.to(2026, 4, 16, 10)
		b.delivered(b.connected(item, "month"), 10)
		b.to(2026, 5, 16, 10)
		b.watch()
		periods := func() (n int) { b.get(&n, `SELECT COUNT(*) FROM supply_period`); return n }
		before := periods()
		b.write(`UPDATE agreement SET state = 'suspended'`)
		b.to(2026, 7, 16, 10)
		b.watch()
		if list := b.alarms(); len(list) != 0 || periods() != before {
			t.Errorf("%+v, %d periods after %d", list, periods(), before)
		}
		b.write(`UPDATE agreement SET state = 'ended', ended = '2026-05-16', end_reason = 'terminated'`)
		b.watch()
		if list := b.alarms(); len(list) != 0 {
			t.Errorf("%+v", list)
		}
	})
}
