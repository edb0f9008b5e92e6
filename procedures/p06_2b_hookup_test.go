package procedures_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"pado/core/docs"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/governance"
)

func hookupForm(item string) map[string]any {
	return map[string]any{"item": item, "kind": "upload", "cycle": "month", "reason": "场景需要"}
}

func deliver(id string) procedure.Act {
	raw, _ := json.Marshal(map[string]string{"file": id})
	return procedure.Act{Input: raw}
}

// From mandate to dataset version: the whole way of clauses 5 to 7 on one small file.
func TestFromMandateToDatasetVersion(t *testing.T) {
	eachBasis(t, func(t *testing.T, b *basis) {
		b.mandate()
		b.scheme()
		item := b.published(catalogueForm(nil))
		early := b.begin(b.op, "p06_2b_hookup", hookupForm(item))
		b.no(b.op, early, "submit", procedure.Act{}, "hookup.party") // not yet authorised to anybody
		offered := b.begin(b.src1, "p06_2b_hookup_source", hookupForm(item))
		b.no(b.src1, offered, "submit", procedure.Act{}, "hookup.authorised")
		b.backfilled(map[string]any{"item": item})

		no := early
		b.step(b.op, no, "submit", procedure.Act{})
		b.step(b.at.Lead, no, "coordinate", say("请统计局配合"))
		form := hookupForm(item)
		form["pipeline"], form["rowsBound"] = "format: nothing", 1
		raw, _ := json.Marshal(form)
		var inv *procedure.Invalid
		if err := b.do(b.op, no, "connect", procedure.Act{Form: raw}); !errors.As(err, &inv) || inv.Errors[0].Path != "pipeline" {
			t.Fatalf("%v", err)
		}
		form["pipeline"] = strings.Replace(people, "type: integer, label: dim", "type: integer, label: public", 1)
		raw, _ = json.Marshal(form)
		b.no(b.op, no, "connect", procedure.Act{Form: raw}, "hookup.fields")
		form["pipeline"] = people
		raw, _ = json.Marshal(form)
		b.step(b.op, no, "connect", procedure.Act{Form: raw})

		b.no(b.src1, no, "deliver", deliver(b.upload(b.src2, "x")), "hookup.file")
		b.step(b.src1, no, "deliver", deliver(b.upload(b.src1, "编号,年龄,性别\n1,30,男\n2,400,女\n3,500,女\n")))
		b.no(b.op, no, "accept", procedure.Act{}, "hookup.not_made")
		b.no(b.op, no, "reject", say("等不及"), "hookup.running")
		b.govern()
		b.no(b.op, no, "accept", procedure.Act{}, "hookup.quality")
		b.step(b.op, no, "reject", say("年龄超出范围"))
		// The same bytes again make no new version, and that is said.
		b.step(b.src1, no, "deliver", deliver(b.upload(b.src1, "编号,年龄,性别\n1,30,男\n2,400,女\n3,500,女\n")))
		b.govern()
		b.no(b.op, no, "accept", procedure.Act{}, "hookup.not_made")
		b.step(b.op, no, "reject", say("仍是同一文件"))
		b.step(b.src1, no, "deliver", deliver(b.upload(b.src1, "编号,年龄\n1,30\n")))
		b.govern()
		b.no(b.op, no, "accept", procedure.Act{}, "hookup.not_made")
		b.step(b.op, no, "reject", say("缺少字段"))
		good := b.upload(b.src1, "编号,年龄,性别\n1,30,男\n2,40,女\n3,50,女\n")
		b.step(b.src1, no, "deliver", deliver(good))
		if _, err := b.Attachment(ctx, b.actor(b.op), good); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the raw file can be downloaded: %v", err)
		}
		b.govern()
		b.step(b.op, no, "accept", procedure.Act{})
		b.must(b.db.View(ctx, func(r *store.ReadTx) error {
			h, err := governance.HookupOfCase(r, no)
			b.must(err)
			d, err := governance.DatasetByID(r, h.Dataset)
			b.must(err)
			v, err := governance.VersionByID(r, d.CurrentVersion)
			if v.State != "accepted" || v.Rows != 3 || v.Score != 10000 || d.UnitDomain != "natural_person" || d.UnitColumn != "unit_key" {
				t.Errorf("%+v %+v", d, v)
			}
			list, lerr := governance.Versions(r, d.ID)
			if lerr != nil || len(list) != 2 || list[1].State != "rejected" {
				t.Errorf("%+v %v", list, lerr)
			}
			return err
		}))
		view, err := b.View(ctx, b.actor(b.src2), no)
		b.must(err)
		titles := map[string]int{}
		for _, s := range view.Sections {
			titles[s.Title] = len(s.Rows)
		}
		if titles["质量报告：六个维度"] != 6 || titles["报送记录"] != 3 || titles["字段与目录核对"] != 3 {
			t.Errorf("%v", titles)
		}
		d, err := b.Paper(ctx, b.actor(b.op), no, "receipt")
		b.must(err)
		if text := docs.Text(d); !strings.Contains(text, "质量分100.00%") || !strings.Contains(text, "朔州市统计局") {
			t.Error(text)
		}

		// One connection for an item; the source's offer meets the same rule.
		b.no(b.src1, offered, "submit", procedure.Act{}, "hookup.taken")
		// The next period is delivered in the same case; a stop ends it.
		b.step(b.src1, no, "deliver", deliver(b.upload(b.src1, "编号,年龄,性别\n1,31,男\n")))
		b.govern()
		b.step(b.op, no, "accept", procedure.Act{})
		b.step(b.at.Lead, no, "stop", say("改用接口"))
		b.step(b.src1, offered, "submit", procedure.Act{})
		b.step(b.at.Lead, offered, "coordinate", say("同意"))
		b.step(b.op, offered, "connect", procedure.Act{Form: raw})
	})
}
