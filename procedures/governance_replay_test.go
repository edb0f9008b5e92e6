package procedures_test

import (
	"strings"
	"testing"

	"pado/core/procedure"
	"pado/core/store/storetest"
	"pado/procedures"
)

func TestGovernanceIsHeldToTheLog(t *testing.T) {
	eachBasis(t, func(t *testing.T, b *basis) {
		no := b.asked(hookupForm(""))
		b.step(b.op, no, "connect", formOf(merged(hookupForm(b.itemOf(no)), map[string]any{"pipeline": people, "rowsBound": 1})))
		b.step(b.src1, no, "deliver", deliver(b.upload(b.src1, "编号,年龄,性别\n1,30,男\n2,40,女\n")))
		b.govern()
		b.step(b.op, no, "accept", procedure.Act{})
		b.step(b.op, no, "revise", inputOf(map[string]any{"pipeline": strings.Replace(people, `max: "120"`, `max: "110"`, 1), "rowsBound": 1, "reason": "上限"}))
		b.step(b.at.Lead, no, "approve_revision", say("同意"))
		b.govern()
		b.step(b.op, no, "reject", say("不用"))
		var raw string
		b.get(&raw, `SELECT id FROM raw_file`)
		x := b.begin(b.op, "p10_5_destruction", map[string]any{"files": []string{raw}, "reason": "wrong", "note": "误报"})
		b.step(b.op, x, "submit", procedure.Act{})
		b.step(b.src1, x, "agree", say("同意"))
		b.step(b.op, x, "execute", procedure.Act{})
		b.govern()
		storetest.Verify(t, b.db, procedures.NewGovernanceReplay(b.view))
		for _, c := range []struct{ want, do, undo string }{
			{"接入", `UPDATE hookup SET pipeline = pipeline || ' '`, `UPDATE hookup SET pipeline = RTRIM(pipeline)`},
			{"接入", `UPDATE hookup SET state = 'stopped'`, `UPDATE hookup SET state = 'connected'`},
			{"接入", `UPDATE hookup SET retain_months = 1`, `UPDATE hookup SET retain_months = 0`},
			{"流水线版本", `UPDATE pipeline_version SET decided_by = decided_by || 'x'`, `UPDATE pipeline_version SET decided_by = RTRIM(decided_by, 'x')`},
			{"原始文件", `UPDATE raw_file SET size = size + 1`, `UPDATE raw_file SET size = size - 1`},
			{"原始数据访问登记", `UPDATE raw_access SET purpose = 'sheet'`, `UPDATE raw_access SET purpose = 'ingest'`},
			{"原始数据销毁登记", `UPDATE raw_destruction SET parts = parts + 1`, `UPDATE raw_destruction SET parts = parts - 1`},
			{"数据集版本", `UPDATE dataset_version SET score = score - 1`, `UPDATE dataset_version SET score = score + 1`},
			{"数据集版本", `UPDATE dataset_version SET quality = quality || ' '`, `UPDATE dataset_version SET quality = RTRIM(quality)`},
			{"已不在记录中", `DELETE FROM raw_destruction`, ``},
		} {
			b.write(c.do)
			if rep := b.tampered(procedures.NewGovernanceReplay(b.view)); rep.OK || rep.Kind != "replay:数据治理" || !strings.Contains(rep.Message, c.want) {
				t.Errorf("%s: %+v", c.do, rep)
			}
			if c.undo != "" {
				b.write(c.undo)
			}
		}
	})
}
