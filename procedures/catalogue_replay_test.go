package procedures_test

import (
	"encoding/json"
	"strings"
	"testing"

	"pado/core/procedure"
	"pado/core/store/storetest"
	"pado/procedures"
)

func TestTheCatalogueIsHeldToTheLog(t *testing.T) {
	eachBasis(t, func(t *testing.T, b *basis) {
		item := b.published(catalogueForm(nil))
		b.published(catalogueForm(func(f map[string]any) {
			f["act"], f["item"], f["reason"], f["updateCycle"] = "change", item, "改为每日", "day"
		}))
		gone := b.published(catalogueForm(func(f map[string]any) { f["title"] = "企业抽样" }))
		b.published(map[string]any{"act": "withdraw", "item": gone, "reason": "停止采集"})
		dev := b.developer()
		no := b.begin(dev, "p10_1_question_developer", map[string]any{"item": item, "question": "年龄按周岁吗？"})
		b.step(dev, no, "submit", procedure.Act{})
		in, err := json.Marshal(map[string]any{"answer": "按周岁", "shown": "public"})
		b.must(err)
		b.step(b.src1, no, "answer", procedure.Act{Input: in})
		storetest.Verify(t, b.db, procedures.NewCatalogueReplay(b.view))
		for _, x := range []struct{ want, do, undo string }{
			{"摘要不符", `UPDATE catalogue_item SET share_type = '2' WHERE state = 'published'`, `UPDATE catalogue_item SET share_type = '1' WHERE state = 'published'`},
			{"摘要不符", `UPDATE catalogue_item SET impact = 'economy' WHERE state = 'published'`, `UPDATE catalogue_item SET impact = 'individual' WHERE state = 'published'`},
			{"摘要不符", `UPDATE catalogue_field SET personal = NOT personal WHERE name = 'age'`, `UPDATE catalogue_field SET personal = NOT personal WHERE name = 'age'`},
			{"与日志不符", `UPDATE catalogue_item SET state = 'published' WHERE title = '企业抽样'`, `UPDATE catalogue_item SET state = 'withdrawn' WHERE title = '企业抽样'`},
			{"与日志不符", `UPDATE catalogue_item SET version = version + 1`, `UPDATE catalogue_item SET version = version - 1`},
			{"文字与日志不符", `UPDATE field_answer SET answer = '按虚岁'`, `UPDATE field_answer SET answer = '按周岁'`},
			{"答复与日志不符", `UPDATE field_answer SET shown = 'case'`, `UPDATE field_answer SET shown = 'public'`},
			{"使用登记在日志中没有记录", `INSERT INTO field_use (kind, ref, item, field, at, org, person, project, product, grant_id, agreement, operator_org, source_org, purpose, times) VALUES ('question','qn-x','it','f',0,'','','','','','','','','',1)`, `DELETE FROM field_use`},
			{"标记与日志不符", `INSERT INTO catalogue_stale (item, data_at, due_at, since) SELECT MIN(id), 0, 0, 0 FROM catalogue_item`, `DELETE FROM catalogue_stale`},
			{"日志中有 1 项", `DELETE FROM field_answer`, ``},
		} {
			b.write(x.do)
			if rep := b.tampered(procedures.NewCatalogueReplay(b.view)); rep.OK || rep.Kind != "replay:资源目录与使用登记" || !strings.Contains(rep.Message, x.want) {
				t.Errorf("%s: %+v", x.do, rep)
			}
			if x.undo != "" {
				b.write(x.undo)
			}
		}
	})
}
