package procedures_test

import (
	"strings"
	"testing"
	"time"

	"pado/core/audit"
	"pado/core/audit/verify"
	"pado/core/procedure"
	"pado/core/store"
	"pado/core/store/storetest"
	"pado/procedures"
)

func (c *city) view(f func(*store.ReadTx) error) error { return c.db.View(ctx, f) }

// tampered signs the log as it stands and returns what the verifier says of the tables.
func (c *city) tampered(hook verify.Hook) verify.Report {
	c.t.Helper()
	_, err := c.db.SignCheckpoint(ctx, storetest.Keys(c.t).Signers().Checkpoints)
	c.must(err)
	rep, err := verify.Verify(ctx, store.Rows{DB: c.db}, verify.Options{Hooks: []verify.Hook{hook}})
	c.must(err)
	return rep
}

// settled is a city with two parameters set by a case, one set the way a demonstration sets its own, and a year's holidays.
func settled(t *testing.T, c *city) {
	one, two := office(t, c)
	carry := func(proc, last string, form map[string]any) {
		no := mustStart(c, one, proc, form)
		c.must(c.do(one, no, "submit", procedure.Act{Attachments: []string{c.file(one)}}))
		c.must(c.do(two, no, last, procedure.Act{}))
	}
	carry("p03_parameter", "set", map[string]any{"from": "2026-06-01", "source": "朔政办发〔2026〕9号", "lines": []any{
		map[string]any{"key": "office.review", "value": "4"}, map[string]any{"key": "evaluation.pass_score", "value": "70"}}})
	_, err := c.db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		_, err := w.Exec(`INSERT INTO parameter (key, valid_from, value, source) VALUES ('secondfactor.required', '2025-03-02', 'false', '演示环境')`)
		return audit.Entry{Type: "parameter.set", Actor: "system", Object: "secondfactor.required", Action: "set", Detail: map[string]string{"value": "false"}}, err
	})
	c.must(err)
	c.clock.At = time.Date(2026, 12, 30, 9, 0, 0, 0, time.FixedZone("", 8*3600))
	carry("p03_holiday", "record", map[string]any{"year": 2027, "source": "国办发明电〔2026〕7号", "published": "2026-11-05",
		"rest": []any{map[string]any{"name": "元旦", "from": "2027-01-01", "to": "2027-01-03"}}, "work": []any{map[string]any{"day": "2027-01-09", "for": "元旦"}}})
}

func TestSettingsAreHeldToTheLog(t *testing.T) {
	for name, x := range map[string]struct{ want, sql string }{
		"value":           {"office.review", `UPDATE parameter SET value = '9' WHERE key = 'office.review'`},
		"day":             {"office.review", `UPDATE parameter SET valid_from = '2026-05-01' WHERE key = 'office.review'`},
		"source":          {"office.review", `UPDATE parameter SET source = 'x' WHERE key = 'office.review'`},
		"case":            {"office.review", `UPDATE parameter SET case_no = '' WHERE key = 'office.review'`},
		"deleted":         {"evaluation.pass_score", `DELETE FROM parameter WHERE key = 'evaluation.pass_score'`},
		"added":           {"office.review", `INSERT INTO parameter (key, valid_from, value, source) VALUES ('office.review', '2026-07-01', '1', 'x')`},
		"of the system":   {"secondfactor.required", `UPDATE parameter SET value = 'true' WHERE key = 'secondfactor.required'`},
		"notice":          {"放假安排", `UPDATE calendar_notice SET notice = REPLACE(notice, '2027-01-09', '2027-01-10')`},
		"notice's year":   {"放假安排", `UPDATE calendar_notice SET year = 2028`},
		"notice's order":  {"放假安排", `UPDATE calendar_notice SET at = at + 1`},
		"notice's source": {"放假安排", `UPDATE calendar_notice SET source = 'x'`},
		"notice deleted":  {"放假安排", `DELETE FROM calendar_notice`},
		"notice added":    {"放假安排", `INSERT INTO calendar_notice (case_no, year, at, source, notice) VALUES ('x', 2027, 1, 'x', '{}')`},
	} {
		t.Run(name, func(t *testing.T) {
			eachCity(t, func(t *testing.T, c *city) {
				settled(t, c)
				storetest.Verify(t, c.db, procedures.NewSettingsReplay(c.view))
				c.write(x.sql)
				rep := c.tampered(procedures.NewSettingsReplay(c.view))
				if rep.OK || rep.Kind != "replay:参数与放假安排" || !strings.Contains(rep.Message, x.want) {
					t.Fatalf("%+v", rep)
				}
			})
		})
	}
}
