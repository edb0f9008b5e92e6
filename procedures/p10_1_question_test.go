package procedures_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/domain/catalogue"
	"pado/domain/party"
	"pado/procedures"
)

// developer seats a person of a developing firm.
func (b *basis) developer() string {
	b.t.Helper()
	b.write(`INSERT INTO org (id, name, uscc, division, kind, legal_person, doc_prefix, status, created) VALUES ('org-dev','山阴数据服务有限公司',$1,'140600','company',$2,'','active',0)`, b.uscc(), true)
	b.write(`INSERT INTO org_role (org, role, division, since) VALUES ('org-dev','developer','140600',0)`)
	dev := b.person("kaifa", "开发甲")
	b.write(`INSERT INTO membership (person, org, role, ranks, lead, since, until) VALUES ($1,'org-dev',$2,'[]',$3,'2026-01-01','')`, dev, string(party.Developer), true)
	return dev
}

func (b *basis) itemPage(a procedure.Actor, item string) string {
	b.t.Helper()
	var out string
	b.must(b.db.View(ctx, func(r *store.ReadTx) error {
		for _, g := range procedures.Registers() {
			if g.ID == "catalogue" {
				it, err := g.Item(r, a, item)
				if err != nil {
					return err
				}
				raw, err := json.Marshal(it)
				out = string(raw)
				return err
			}
		}
		return nil
	}))
	return out
}

func TestAnAnswerBecomesDocumentation(t *testing.T) {
	eachBasis(t, func(t *testing.T, b *basis) {
		item := b.published(catalogueForm(nil))
		dev := b.developer()
		no := b.begin(dev, "p10_1_question_developer", map[string]any{"item": item, "field": "income", "question": "收入的口径是什么？"})
		b.no(dev, no, "submit", procedure.Act{}, "question.item")
		raw, _ := json.Marshal(map[string]any{"item": item, "field": "age", "question": "年龄按周岁吗？"})
		b.step(dev, no, "submit", procedure.Act{Form: raw})
		answer := func(text, shown string) procedure.Act {
			in, _ := json.Marshal(map[string]any{"answer": text, "shown": shown})
			return procedure.Act{Input: in}
		}
		b.no(dev, no, "answer", answer("自己答", "public"), "case.role")
		b.step(b.src1, no, "answer", answer("按周岁，截至调查日", "case"))
		if page := b.itemPage(b.actor(dev), item); strings.Contains(page, "按周岁") {
			t.Error("what was said to the asker only stands on the page")
		}
		follow, _ := json.Marshal(map[string]any{"question": "未满一周岁记多少？"})
		b.step(dev, no, "follow", procedure.Act{Input: follow})
		b.step(b.src1, no, "answer", answer("记0", "platform"))
		if page := b.itemPage(b.actor(b.op), item); !strings.Contains(page, "未满一周岁记多少") || !strings.Contains(page, "记0") || strings.Contains(page, "截至调查日") {
			t.Errorf("the last answer is what the page shows: %s", page)
		}
		if page := b.itemPage(procedure.Actor{}, item); strings.Contains(page, "记0") {
			t.Error("the public sees what is for the platform only")
		}
		// Nobody asks further: the clock closes the case.
		b.clock.At = b.clock.At.Add(60 * 24 * time.Hour)
		if n, err := b.Tick(ctx); err != nil || n != 1 {
			t.Fatal(n, err)
		}
		second := b.begin(b.op, "p10_1_question_operator", map[string]any{"item": item, "question": "何时补报历史数据？"})
		b.step(b.op, second, "submit", procedure.Act{})
		b.step(b.src2, second, "answer", answer("明年一季度", "public"))
		b.step(b.op, second, "close", procedure.Act{})
		if page := b.itemPage(procedure.Actor{}, item); !strings.Contains(page, "明年一季度") {
			t.Error("a public answer is not public")
		}
	})
}

func TestStaleDataAreMarkedAndTold(t *testing.T) {
	eachBasis(t, func(t *testing.T, b *basis) {
		item := b.published(catalogueForm(nil)) // every month
		at := b.clock.At
		b.write(`INSERT INTO hookup (id, item, source_org, operator_org, division, kind, dataset, pipeline, pipeline_digest, cycle, state, case_no, created) VALUES ('hk-1',$1,'org-src','org-op','140600','file','ds-1','','','month','connected','GJ-1',0)`, item)
		b.write(`INSERT INTO dataset (id, item, title, source_org, division, unit_domain, unit_column, rows_bound, current_version, created) VALUES ('ds-1',$1,'人口','org-src','140600','none','',1,'v1',0)`, item)
		deliver := func(n int, when time.Time) {
			b.write(`INSERT INTO raw_file (id, hookup, name, size, sha256, attachment, person, org, received, state, case_no) VALUES ($1,'hk-1','a.csv',1,$1,'','p','org-src',$2,'ingested','GJ-1')`, fmt.Sprint("rf", n), store.At(when))
			b.write(`INSERT INTO dataset_version (id, dataset, n, hookup, raw, rows, quarantined, score, path, file_digest, schema, quality, lineage, created, state, case_no)
				VALUES ($1,'ds-1',$2,'hk-1',$3,1,0,9000,'','','[]','{}','{}',$4,'accepted','GJ-1')`, fmt.Sprint("v", n), n, fmt.Sprint("rf", n), store.At(when))
		}
		// The data authority of a county, which has no part in an item of the city.
		b.write(`INSERT INTO org (id, name, uscc, division, kind, legal_person, doc_prefix, status, created) VALUES ('org-h','怀仁市数据局',$1,'140681','organ',$2,'','active',0)`, b.uscc(), true)
		county := b.person("huairen", "怀仁甲")
		b.write(`INSERT INTO membership (person, org, role, ranks, lead, since, until) VALUES ($1,'org-h','authority','[]',$2,'2026-01-01','')`, county, true)
		watch := func(want int) {
			t.Helper()
			if n, err := procedures.WatchCatalogue(ctx, b.Engine); b.told(county, "") != 0 || n != want || err != nil {
				t.Fatalf("%d items became stale, want %d: %v", n, want, err)
			}
		}
		marked := func() (n int) {
			t.Helper()
			b.must(b.db.View(ctx, func(r *store.ReadTx) error {
				for _, g := range procedures.Registers() {
					if g.ID == "catalogue" {
						p, err := g.List(r, procedure.Actor{}, register.Query{Filters: map[string]string{"stale": "yes"}})
						n = len(p.Rows)
						return err
					}
				}
				return nil
			}))
			return n
		}
		deliver(1, at)
		watch(0)
		b.clock.At = at.AddDate(0, 1, 5)
		watch(0)
		b.clock.At = at.AddDate(0, 1, 7)
		watch(1)
		watch(0)
		if marked() != 1 || !strings.Contains(b.itemPage(procedure.Actor{}, item), "超期未更新") {
			t.Error("the register has no mark")
		}
		var told int
		b.must(b.db.View(ctx, func(r *store.ReadTx) error {
			return r.Get(&told, `SELECT COUNT(*) FROM message WHERE title LIKE '数据超期未更新%' AND person = $1`, b.src1)
		}))
		if told != 1 {
			t.Errorf("the source was told %d times", told)
		}
		deliver(2, b.clock.At)
		watch(0)
		if marked() != 0 {
			t.Error("fresh data keep the mark")
		}
	})
}

func TestADowngradeIsOnRecord(t *testing.T) {
	eachBasis(t, func(t *testing.T, b *basis) {
		item := b.published(catalogueForm(func(f map[string]any) {
			f["impact"], f["degree"], f["sublevel"], f["downgradeDoc"], f["downgradeReason"] = "economy", "serious", 4, "朔数评〔2026〕1号", "聚合到县区后不能还原"
			f["elements"] = []any{map[string]any{"element": "scale", "say": "全市"}}
		}))
		b.must(b.db.View(ctx, func(r *store.ReadTx) error {
			it, err := catalogue.ByID(r, item)
			if it.Grade != catalogue.GradeGeneral || it.DowngradeDoc == "" || !strings.Contains(it.GradeReason, "朔数评〔2026〕1号") || it.Score == 0 {
				t.Errorf("%+v", it)
			}
			return err
		}))
		if page := b.itemPage(procedure.Actor{}, item); !strings.Contains(page, "规模：全市") || !strings.Contains(page, "目录质量分") {
			t.Error(page)
		}
	})
}

func TestTheFourListsAreFourThings(t *testing.T) {
	eachBasis(t, func(t *testing.T, b *basis) {
		b.mandate()
		b.scheme()
		item := b.published(catalogueForm(nil))
		b.published(catalogueForm(func(f map[string]any) { f["title"] = "企业抽样" }))
		b.backfilled(map[string]any{"item": item, "fields": "age"})
		rows := func(id string, a procedure.Actor) (out []string) {
			t.Helper()
			b.must(b.db.View(ctx, func(r *store.ReadTx) error {
				for _, g := range procedures.Registers() {
					if g.ID != id {
						continue
					}
					p, err := g.List(r, a, register.Query{})
					if err != nil {
						return err
					}
					for _, row := range p.Rows {
						out = append(out, row.Key)
						it, err := g.Item(r, a, row.Key)
						if err != nil {
							return err
						}
						if raw, err := json.Marshal(it.Sections); err != nil || id == "authorised_catalogue" && (strings.Contains(string(raw), "性别") || !strings.Contains(string(raw), "年龄")) {
							t.Errorf("%s shows other fields than are authorised: %s %v", id, raw, err)
						}
					}
				}
				return nil
			}))
			return out
		}
		public := procedure.Actor{}
		if n := len(rows("catalogue", public)); n != 2 {
			t.Errorf("%d items in the city's catalogue", n)
		}
		if got := rows("authorised_catalogue", public); len(got) != 1 || !strings.HasSuffix(got[0], "@"+item) {
			t.Errorf("%v is authorised", got)
		}
		if got := rows("internal_catalogue", b.actor(b.op)); len(got) != 1 || got[0] != item {
			t.Errorf("the operator's list: %v", got)
		}
		b.must(b.db.View(ctx, func(r *store.ReadTx) error {
			for _, g := range procedures.Registers() {
				if g.ID == "internal_catalogue" {
					if _, err := g.List(r, b.actor(b.src1), register.Query{}); err == nil || g.Public {
						t.Error("the inner catalogue is open to others")
					}
				}
			}
			return nil
		}))
	})
}
