package procedures_test

import (
	"strings"
	"testing"

	"pado/core/procedure"
	"pado/core/store/storetest"
	"pado/procedures"
)

// eventful leaves at least one row of every table of supply.
func eventful(b *basis, item string) {
	b.step(b.op, b.begin(b.op, "p07_1_supply", requestForm(item)), "submit", procedure.Act{})
	col := b.begin(b.src1, "p07_1_collection", map[string]any{"items": []any{map[string]any{"item": item, "mode": "file", "on": "2026-03-03", "place": "人口库"}}})
	b.step(b.src1, col, "file", procedure.Act{})
	b.step(b.at.Lead, col, "record", procedure.Act{})
	b.to(2026, 4, 16, 10)
	hookup := b.connected(item, "day")
	b.delivered(hookup, 9)
	b.watch()
	b.handIn(hookup, "编号,年龄\n1,30\n")
	b.to(2026, 4, 30, 10)
	b.watch()
	b.step(b.op, hookup, "reject", say("缺少字段"))
	b.delivered(hookup, 8)
	b.watch()
	var dataset string
	b.get(&dataset, `SELECT id FROM dataset WHERE item = $1`, item)
	b.step(b.op, b.begin(b.op, "p11_2_correction", correctionForm(dataset, nil)), "submit", procedure.Act{})
	no := b.begin(b.src1, "p06_3d_national", b.nationalForm(item, nil))
	b.step(b.src1, no, "apply", on("2026-04-30"))
}

func TestSupplyIsHeldToTheLog(t *testing.T) {
	eachSupply(t, func(t *testing.T, b *basis, item string) {
		eventful(b, item)
		storetest.Verify(t, b.db, procedures.NewSupplyReplay(b.view))
		for _, x := range []struct{ want, do, undo string }{
			{"供给需求单", `UPDATE supply_request SET state = 'supplied'`, `UPDATE supply_request SET state = 'open'`},
			{"归集登记", `UPDATE supply_collection SET collected = '2020-01-01'`, `UPDATE supply_collection SET collected = '2026-03-03'`},
			{"报送", `UPDATE supply_delivery SET received = received - 1`, `UPDATE supply_delivery SET received = received + 1`},
			{"供给日历", `UPDATE supply_period SET alarm = alarm || 'x'`, `UPDATE supply_period SET alarm = REPLACE(alarm, 'x', '')`},
			{"供给异常", `UPDATE supply_alarm SET state = 'resolved'`, `UPDATE supply_alarm SET state = 'open'`},
			{"质量整改单", `UPDATE quality_ticket SET severity = 'minor'`, `UPDATE quality_ticket SET severity = 'major'`},
			{"公共数据资源登记", `UPDATE national_registration SET number = 'x'`, `UPDATE national_registration SET number = ''`},
			{"供给需求单", `UPDATE supply_request SET source_org = source_org || 'x'`, `UPDATE supply_request SET source_org = REPLACE(source_org, 'x', '')`},
			{"报送", `UPDATE supply_delivery SET row_count = row_count + 1`, `UPDATE supply_delivery SET row_count = row_count - 1`},
			{"供给日历", `UPDATE supply_period SET due = due + 86400000`, `UPDATE supply_period SET due = due - 86400000`},
			{"供给日历", `UPDATE supply_period SET delivered = delivered - 1`, `UPDATE supply_period SET delivered = delivered + 1`},
			{"质量整改单", `UPDATE quality_ticket SET escalated = 7`, `UPDATE quality_ticket SET escalated = 0`},
			{"公共数据资源登记", `UPDATE national_registration SET due = due + 86400000`, `UPDATE national_registration SET due = due - 86400000`},
			{"公共数据资源登记", `UPDATE national_registration SET applied = '2020-01-01'`, `UPDATE national_registration SET applied = '2026-04-30'`},
			{"没有记录", `INSERT INTO supply_period (hookup, starts, ends) VALUES ('hk-x', '2026-01-01', '2026-01-01')`, `DELETE FROM supply_period WHERE hookup = 'hk-x'`},
			{"已不在记录中", `DELETE FROM quality_ticket`, ``},
		} {
			b.write(x.do)
			if rep := b.tampered(procedures.NewSupplyReplay(b.view)); rep.OK || rep.Kind != "replay:供给" || !strings.Contains(rep.Message, x.want) {
				t.Errorf("%s: %+v", x.do, rep)
			}
			if x.undo != "" {
				b.write(x.undo)
			}
		}
	})
}
