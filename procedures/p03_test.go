package procedures_test

import (
	"slices"
	"testing"
	"time"

	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/procedures"
)

// office is a city whose Authority has two clerks.
func office(t *testing.T, c *city) (one, two string) {
	t.Helper()
	one, two = c.person("zhangsan", "张三"), c.person("lisi", "李四")
	c.join(one, c.at.Authority, "authority", c.at.Lead, `{"ranks":["draft"]}`)
	c.join(two, c.at.Authority, "authority", c.at.Lead, `{"ranks":["draft"]}`)
	return one, two
}

func (c *city) parameter(key string) string {
	c.t.Helper()
	var out string
	c.must(c.db.View(ctx, func(r *store.ReadTx) error {
		params, err := c.Parameters(r)
		if err != nil {
			return err
		}
		v, err := params.At(key, "2026-06-01")
		out = v.Raw
		return err
	}))
	return out
}

func TestParametersAreSetByTwoPersonsWithTheirPaper(t *testing.T) {
	eachCity(t, func(t *testing.T, c *city) {
		one, two := office(t, c)
		form := func(from string, lines ...any) map[string]any {
			return map[string]any{"from": from, "source": "朔政办发〔2026〕9号", "lines": lines}
		}
		line := func(key, value string) any { return map[string]any{"key": key, "value": value} }
		for code, f := range map[string]map[string]any{
			"parameter.value":   form("2026-06-01", line("evaluation.pass_score", "many")),
			"parameter.group":   form("2026-06-01", line("revenue.ratio.government", "4000"), line("revenue.ratio.operator", "3500")),
			"parameter.forward": form("2026-01-05", line("office.review", "4")),
		} {
			no := mustStart(c, one, "p03_parameter", f)
			c.refused(c.do(one, no, "submit", procedure.Act{Attachments: []string{c.file(one)}}), code)
		}
		no := mustStart(c, one, "p03_parameter", form("2026-06-01", line("office.review", "4"), line("revenue.ratio.government", "4000"),
			line("revenue.ratio.operator", "3500"), line("revenue.ratio.source", "1500"), line("revenue.ratio.partner", "1000")))
		c.refused(c.do(one, no, "submit", procedure.Act{}), "decision.evidence")
		c.must(c.do(one, no, "submit", procedure.Act{Attachments: []string{c.file(one)}}))
		if err := c.do(one, no, "set", procedure.Act{}); err == nil {
			t.Fatal("one person set a parameter alone")
		}
		c.must(c.do(two, no, "set", procedure.Act{}))
		if c.parameter("office.review") != "4" || c.parameter("revenue.ratio.operator") != "3500" {
			t.Error("not in force")
		}
		// A value that begins later keeps the group whole as well.
		later := mustStart(c, one, "p03_parameter", form("2027-01-01", line("revenue.ratio.government", "3000"), line("revenue.ratio.operator", "4500")))
		c.must(c.do(one, later, "submit", procedure.Act{Attachments: []string{c.file(one)}}))
		c.must(c.do(two, later, "set", procedure.Act{}))
		between := mustStart(c, one, "p03_parameter", form("2026-09-01", line("revenue.ratio.source", "500"), line("revenue.ratio.partner", "2000")))
		c.must(c.do(one, between, "submit", procedure.Act{Attachments: []string{c.file(one)}}))
		c.must(c.do(two, between, "set", procedure.Act{}))
		broken := mustStart(c, one, "p03_parameter", form("2026-10-01", line("revenue.ratio.source", "1500"), line("revenue.ratio.government", "3000")))
		c.refused(c.do(one, broken, "submit", procedure.Act{Attachments: []string{c.file(one)}}), "parameter.group")
		again := mustStart(c, one, "p03_parameter", form("2026-06-01", line("office.review", "5")))
		c.refused(c.do(one, again, "submit", procedure.Act{Attachments: []string{c.file(one)}}), "parameter.value")
	})
}

func TestAYearsHolidaysResolveWhatWaitedForThem(t *testing.T) {
	eachCity(t, func(t *testing.T, c *city) {
		one, two := office(t, c)
		c.clock.At = time.Date(2026, 12, 30, 9, 0, 0, 0, time.FixedZone("", 8*3600))
		waiting := c.waiting(c.person("wangwu", "王五"))
		year := func() (n int) {
			c.must(c.db.View(ctx, func(r *store.ReadTx) error { return r.Get(&n, `SELECT due_year FROM case_file WHERE no = $1`, waiting) }))
			return n
		}
		if year() != 2027 {
			t.Fatalf("waits for %d", year())
		}
		form := map[string]any{"year": 2027, "source": "国办发明电〔2026〕7号", "published": "2026-11-05",
			"rest": []any{map[string]any{"name": "元旦", "from": "2027-01-01", "to": "2027-01-03"}}, "work": []any{map[string]any{"day": "2027-01-06", "for": "元旦"}}}
		no := mustStart(c, one, "p03_holiday", form)
		c.refused(c.do(one, no, "submit", procedure.Act{Attachments: []string{c.file(one)}}), "holiday.notice")
		form["work"] = []any{map[string]any{"day": "2027-01-09", "for": "元旦"}}
		no = mustStart(c, one, "p03_holiday", form)
		c.must(c.do(one, no, "submit", procedure.Act{Attachments: []string{c.file(one)}}))
		c.must(c.do(two, no, "record", procedure.Act{}))
		if _, err := c.Tick(ctx); err != nil {
			t.Fatal(err)
		}
		if year() != 0 {
			t.Error("not resolved")
		}
		if n, ok := c.Calendar().Notice(2027); !ok || n.Source != "国办发明电〔2026〕7号" {
			t.Error("the year is not in the table")
		}
		no = mustStart(c, one, "p03_holiday", form)
		c.refused(c.do(one, no, "submit", procedure.Act{Attachments: []string{c.file(one)}}), "holiday.year")
	})
}

// A correction of a year reaches what is running at once: nothing runs out by the old day.
func TestACorrectedYearMovesWhatIsRunning(t *testing.T) {
	eachCity(t, func(t *testing.T, c *city) {
		one, two := office(t, c)
		waiting := c.waiting(c.person("wangwu", "王五"))
		due := func() (at store.Time) {
			c.must(c.db.View(ctx, func(r *store.ReadTx) error { return r.Get(&at, `SELECT due_at FROM case_file WHERE no = $1`, waiting) }))
			return at
		}
		old := due()
		rest := calendar.DateOf(c.clock.At).AddDays(1)
		no := mustStart(c, one, "p03_holiday", map[string]any{"year": 2026, "source": "国办发明电〔2026〕1号", "published": "2026-02-01",
			"rest": []any{map[string]any{"name": "专项放假", "from": rest.String(), "to": rest.AddDays(9).String()}}})
		c.must(c.do(one, no, "submit", procedure.Act{Attachments: []string{c.file(one)}}))
		c.must(c.do(two, no, "record", procedure.Act{}))
		// A case that comes in before the clock's next turn already counts by the new days.
		fresh := c.waiting(c.person("zhaoliu", "赵六"))
		c.clock.At = old.Add(time.Hour)
		if _, err := c.Tick(ctx); err != nil {
			t.Fatal(err)
		}
		if now := due(); !now.After(old.Time) {
			t.Errorf("due %v, before %v", now, old)
		}
		waiting = fresh
		if now := due(); !now.After(old.Time) {
			t.Errorf("a new case is due %v by the old days", now)
		}
		var told int
		c.must(c.db.View(ctx, func(r *store.ReadTx) error { return r.Get(&told, `SELECT COUNT(*) FROM overdue_note`) }))
		if told != 0 {
			t.Errorf("%d cases ran out by the old days", told)
		}
	})
}

// What the public reads of a city's parameters are words and units, on both engines.
func TestParametersAreListedAsPeopleReadThem(t *testing.T) {
	eachCity(t, func(t *testing.T, c *city) {
		for key, v := range map[string]string{"secondfactor.required": "false", "price.profit_base": "operating_cost", "office.review": "4"} {
			c.write(`INSERT INTO parameter (key, valid_from, value, source) VALUES ($1, '2026-06-01', $2, 'x')`, key, v)
		}
		i := slices.IndexFunc(procedures.Registers(), func(g *register.Register) bool { return g.ID == "parameters" })
		c.must(c.db.View(ctx, func(r *store.ReadTx) error {
			page, err := procedures.Registers()[i].List(r, procedure.Actor{}, register.Query{Size: 10})
			got := map[any]any{}
			for _, row := range page.Rows {
				got[row.Cells["key"]] = row.Cells["value"]
			}
			if got["secondfactor.required"] != "否" || got["office.review"] != "4 个工作日" || got["price.profit_base"] == "operating_cost" || len(got) != 3 {
				t.Errorf("%v", got)
			}
			return err
		}))
	})
}
