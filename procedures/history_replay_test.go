package procedures_test

import (
	"strings"
	"testing"

	"pado/core/store/storetest"
	"pado/procedures"
)

func TestHistoriesAreHeldToTheLog(t *testing.T) {
	const step = ` WHERE n = 2 AND case_no = (SELECT no FROM case_file WHERE procedure = 'p03_parameter')`
	for name, sql := range map[string]string{
		"person":   `UPDATE case_event SET person = 'x'` + step,
		"org":      `UPDATE case_event SET org = 'x'` + step,
		"behalf":   `UPDATE case_event SET behalf = 'x'` + step,
		"action":   `UPDATE case_event SET action = 'x'` + step,
		"from":     `UPDATE case_event SET from_state = 'x'` + step,
		"to":       `UPDATE case_event SET to_state = 'x'` + step,
		"clause":   `UPDATE case_event SET clause = 'x'` + step,
		"number":   `UPDATE case_event SET doc_no = 'x'` + step,
		"revision": `UPDATE case_event SET revision = 77` + step,
		"opinion":  `UPDATE case_event SET opinion = 'x'` + step,
		"input":    `UPDATE case_event SET input = '{"a":"b"}'` + step,
		"deleted":  `DELETE FROM case_event` + step,
		"last":     `DELETE FROM case_event WHERE n = 3`,
		"added":    `INSERT INTO case_event SELECT case_no, 9, at, person, person_name, org, org_name, role, behalf, action, label, from_state, to_state, opinion, clause, changed, input, persons, elapsed, doc_no, form_digest, revision FROM case_event` + step,
		"form":     `UPDATE case_file SET form = REPLACE(form, '2026-06-01', '2026-06-02') WHERE procedure = 'p03_parameter'`,
		"digest":   `UPDATE case_event SET form_digest = 'x' WHERE n = 3`,
	} {
		t.Run(name, func(t *testing.T) {
			eachCity(t, func(t *testing.T, c *city) {
				settled(t, c)
				storetest.Verify(t, c.db, procedures.NewHistoryReplay(c.view))
				c.write(sql)
				rep := c.tampered(procedures.NewHistoryReplay(c.view))
				if rep.OK || rep.Kind != "replay:办理过程" || !strings.Contains(rep.Message, "事项 ") {
					t.Fatalf("%+v", rep)
				}
			})
		})
	}
}
