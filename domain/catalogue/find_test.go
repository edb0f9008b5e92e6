package catalogue

import (
	"fmt"
	"math/rand/v2"
	"sort"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"pado/core/audit"
	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/core/store/storetest"
)

func TestBlocksKeepTheirMembers(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := set{}
		want := map[int]bool{}
		for _, n := range rapid.SliceOfN(rapid.IntRange(0, 3*blockItems), 0, 700).Draw(rt, "in") {
			s.put(n, true)
			want[n] = true
		}
		for _, n := range rapid.SliceOfN(rapid.IntRange(0, 3*blockItems), 0, 50).Draw(rt, "out") {
			s.put(n, false)
			delete(want, n)
		}
		for n, b := range s {
			back, err := unpack(b.pack())
			if err != nil || *back != *b {
				rt.Fatalf("block %d does not come back: %v", n, err)
			}
		}
		var all []int
		for n := range want {
			all = append(all, n)
		}
		sort.Sort(sort.Reverse(sort.IntSlice(all)))
		skip, take := rapid.IntRange(0, 60).Draw(rt, "skip"), rapid.IntRange(1, 60).Draw(rt, "take")
		from := min(skip, len(all))
		if got := s.newest(skip, take); s.len() != len(all) || fmt.Sprint(got) != fmt.Sprint(append([]int(nil), all[from:min(from+take, len(all))]...)) {
			rt.Fatalf("%d of %d: %v", s.len(), len(all), got)
		}
	})
}

func FuzzABlockThatIsBroken(f *testing.F) {
	f.Add([]byte{1, 0}, "细颗粒物 PM2.5")
	f.Add(make([]byte, blockBytes), "ＡＢ")
	f.Fuzz(func(t *testing.T, raw []byte, text string) {
		if b, err := unpack(raw); err == nil {
			if back, err := unpack(b.pack()); err != nil || *back != *b {
				t.Fatal("a block that was read does not come back")
			}
		}
		stand := map[string]bool{}
		for _, term := range terms(text, true) {
			stand[term] = true
		}
		for i, w := range wanted(text) {
			if !stand[w] && i < mostTerms {
				t.Fatalf("%q is looked for and never kept", w)
			}
		}
	})
}

// named publishes items of these titles by turns of three sources.
func named(t testing.TB, db *store.DB, titles ...string) (out []Item) {
	t.Helper()
	if err := update(db, func(w *store.Tx) error {
		for i, title := range titles {
			it := sound()
			it.Title, it.SourceOrg, it.Abstract, it.Class = title, fmt.Sprint("src", i%3), "说明", "其他"
			it, err := Publish(w, it, "", "p")
			if err != nil {
				return err
			}
			out = append(out, it)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func find(t testing.TB, db *store.DB, q Question) (a Answer) {
	t.Helper()
	if err := db.View(ctx, func(r *store.ReadTx) (err error) { a, err = Find(r, q); return err }); err != nil {
		t.Fatal(err)
	}
	return a
}

func TestTheBestComesFirst(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		items := named(t, db, "城市用水量统计", "用水统计", "供水管网", "年度用水统计表", "企业名录")
		must(t, update(db, func(w *store.Tx) error {
			it := sound()
			it.Title, it.SourceOrg, it.Abstract = "抄表记录", "src9", "用于用水统计"
			it.Fields[1].Label = "户号"
			_, err := Publish(w, it, "", "p")
			return err
		}))
		a := find(t, db, Question{Text: "用水统计"})
		if want := []string{items[1].ID, items[3].ID, "it-000006"}; fmt.Sprint(a.Items) != fmt.Sprint(want) || a.Total != 3 {
			t.Errorf("%v of %d, want %v", a.Items, a.Total, want)
		}
		if a := find(t, db, Question{Text: "水"}); a.Total != 4 {
			t.Errorf("one character: %+v", a)
		}
		a = find(t, db, Question{Text: "用水", Facets: map[string]string{"source": "src0"}})
		if a.Total != 2 || a.Counts["source"]["src1"] != 1 || a.Counts["source"]["src0"] != 2 || a.Counts["grade"][GradeGeneral] != 2 {
			t.Errorf("a facet's own counts do not fall under itself: %+v", a)
		}
		if a := find(t, db, Question{Text: "用水", Facets: map[string]string{"source": "nobody"}}); a.Total != 0 {
			t.Errorf("%+v", a)
		}
	})
}

// TestTheIndexFollowsTheItems: whatever is published, changed and withdrawn, the index answers as the
// items stand, and building it anew gives the same bytes.
func TestTheIndexFollowsTheItems(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		items := named(t, db, "甲乙", "乙丙", "丙丁", "甲乙丙")
		must(t, update(db, func(w *store.Tx) error {
			next := items[0]
			next.Title, next.UpdateCycle = "戊己", "day"
			if _, err := Change(w, items[0].ID, 1, next, "", "p"); err != nil {
				return err
			}
			_, err := Withdraw(w, items[3].ID, "", "ML-9", "p")
			return err
		}))
		for text, want := range map[string]string{"甲乙": "", "戊己": items[0].ID, "乙丙": items[1].ID} {
			if a := find(t, db, Question{Text: text}); strings.Join(a.Items, " ") != want {
				t.Errorf("%s: %v, want %s", text, a.Items, want)
			}
		}
		if a := find(t, db, Question{Text: "甲乙", All: true}); a.Total != 1 || a.Counts["state"][StateWithdrawn] != 1 {
			t.Errorf("what is withdrawn is not found by those who see it: %+v", a)
		}
		dump := func() string {
			var rows []indexRow
			must(t, db.View(ctx, func(r *store.ReadTx) error {
				return r.Select(&rows, `SELECT term, tier, block, bits FROM catalogue_index`)
			}))
			var out []string
			for _, row := range rows {
				if b, err := unpack(row.Bits); err != nil {
					t.Fatal(err)
				} else if (set{0: b}).len() > 0 {
					out = append(out, fmt.Sprint(row.Term, row.Tier, row.Block, row.Bits))
				}
			}
			sort.Strings(out)
			return strings.Join(out, "\n")
		}
		before := dump()
		must(t, db.Scratch(ctx, func(s *store.ScratchTx) error {
			_, err := s.Exec(indexTable, `DELETE FROM catalogue_index WHERE tier >= 0`)
			return err
		}))
		if err := db.View(ctx, func(r *store.ReadTx) error { _, err := Find(r, Question{Text: "甲"}); return err }); err == nil {
			t.Error("an empty index answers")
		}
		must(t, Index(ctx, db))
		if after := dump(); after != before {
			t.Errorf("built anew it differs:\n%s\n\n%s", before, after)
		}
	})
}

func TestRacingPublicationsAreAllFound(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				it := sound()
				it.Title, it.SourceOrg = fmt.Sprint("并发目录", i), fmt.Sprint("s", i)
				if err := update(db, func(w *store.Tx) error { _, err := Publish(w, it, "", "p"); return err }); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if a := find(t, db, Question{Text: "并发目录"}); a.Total != 8 {
			t.Errorf("%d of 8 are found", a.Total)
		}
	})
}

func TestTheListIsSearchedByTheIndex(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var titles []string
		for i := range 45 {
			titles = append(titles, fmt.Sprintf("用水统计%02d", i))
		}
		items := named(t, db, titles...)
		must(t, update(db, func(w *store.Tx) error {
			if _, err := w.Exec(`INSERT INTO org (id, name, division, kind, legal_person, doc_prefix, status, created) VALUES ('src0','水务局','140600','organ',$1,'','active',0)`, true); err != nil {
				return err
			}
			_, err := Withdraw(w, items[0].ID, "", "ML-9", "p")
			return err
		}))
		g := Registers()[0]
		seen := map[string]bool{}
		must(t, db.View(ctx, func(r *store.ReadTx) error {
			for q := (register.Query{Text: "用水", Filters: map[string]string{"cycle": "month"}, Size: 20}); ; {
				p, err := g.List(r, procedure.Actor{}, q)
				if err != nil {
					return err
				}
				if p.Total != 44 || len(p.Count["source"]) != 1 || p.Count["source"][0].Label != "水务局" {
					t.Errorf("%d, %+v", p.Total, p.Count["source"])
				}
				for _, row := range p.Rows {
					seen[row.Key] = true
				}
				if q.Cursor = p.Next; p.Next == "" {
					break
				}
			}
			for _, q := range []register.Query{{Text: "用水", Cursor: "eyJhdCI6LTEsImtleSI6IiMifQ"}, {Text: "用水", Filters: map[string]string{"colour": "red"}}} {
				if _, err := g.List(r, procedure.Actor{}, q); err == nil {
					t.Errorf("%+v is answered", q)
				}
			}
			return nil
		}))
		if len(seen) != 44 || seen[items[0].ID] {
			t.Errorf("%d rows on all pages", len(seen))
		}
	})
}

// many writes n made-up items straight into the tables, as they would stand after as many publications.
func many(b *testing.B, db *store.DB, n int) {
	b.Helper()
	rnd := rand.New(rand.NewPCG(1, 2))
	subjects := strings.Fields("人口 企业 气象 交通 供水 供电 医疗 教育 住房 社保 环境 农业 林业 水利 地质 矿产 旅游 文化 体育 税务 信用 市场 质量 安全 应急 消防 民政 婚姻 殡葬 车辆 驾驶 道路 桥梁 隧道 公交 出租 货运 物流 仓储 能源")
	kinds := strings.Fields("基本信息 登记信息 许可信息 处罚信息 统计数据 监测数据 名录 台账 年报 月报 明细 汇总 抽样 普查 档案 证照 评价结果 检查记录 投诉记录 预警信息")
	places := strings.Fields("朔城区 平鲁区 山阴县 应县 右玉县 怀仁市 开发区 全市")
	var han []rune
	for r := rune(0x4e00); r < 0x4e00+2500; r++ {
		han = append(han, r)
	}
	vocabulary := make([]string, 3000)
	for i := range vocabulary {
		vocabulary[i] = string([]rune{han[rnd.IntN(len(han))], han[rnd.IntN(len(han))]})
	}
	word := func() string { return vocabulary[int(float64(len(vocabulary))*rnd.Float64()*rnd.Float64())] }
	pick := func(list []string) string { return list[rnd.IntN(len(list))] }
	if _, err := db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		for i := 1; i <= n; i++ {
			it := sound()
			it.ID, it.Code, it.List, it.State, it.Version = itemID(i), Code("300101", int64(i)), ListCity, StatePublished, 1
			it.SourceOrg, it.Title = fmt.Sprint("org", i%80), fmt.Sprint(pick(places), pick(subjects), word(), pick(kinds), i)
			it.Abstract = strings.Join([]string{pick(subjects), pick(kinds), word(), word(), word(), word(), word(), word(), word(), word()}, "、")
			it.UpdateCycle, it.ShareType = Cycles[i%len(Cycles)].Value, fmt.Sprint(1+i%3)
			it.Published, it.Updated = store.At(w.Now()), store.At(w.Now())
			values := it.row()
			marks := make([]string, len(values))
			for k := range marks {
				marks[k] = fmt.Sprint("$", k+1)
			}
			if _, err := w.Exec(`INSERT INTO catalogue_item (`+itemColumns+`) VALUES (`+strings.Join(marks, ",")+`)`, values...); err != nil {
				return audit.Entry{}, err
			}
			it.Fields = []Field{{Item: it.ID, N: 1, Name: "no", Label: "编号", Type: "C", Length: 18, IsKey: true}, {Item: it.ID, N: 2, Name: "name", Label: word() + "名称", Type: "C", Length: 50}}
			if err := it.putFields(w); err != nil {
				return audit.Entry{}, err
			}
		}
		return audit.Entry{Type: "test.write", Actor: "system", Action: "test"}, nil
	}); err != nil {
		b.Fatal(err)
	}
	if err := Index(ctx, db); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkFind searches 100,000 items on SQLite. It reports the 95th percentile in milliseconds and,
// so that machines can be compared, how many times faster that is than looking through the table.
func BenchmarkFind(b *testing.B) {
	db := storetest.Open(b, store.SQLite, nil)
	const n = 100_000
	many(b, db, n)
	questions := []Question{{Text: "人口基本信息"}, {Text: "信息"}, {Text: "供水 统计数据"}, {Text: "朔城区环境监测"}, {Text: "水"}, {Text: "300101"}, {Text: "99999"},
		{Text: "数据", Facets: map[string]string{"cycle": "month"}}, {Text: "名称", Facets: map[string]string{"source": "org7"}}, {Text: "怀仁市公交许可信息", Offset: 20}, {Text: "没有这样的东西"}, {}}
	var took []float64
	b.ResetTimer()
	for i := range b.N {
		began := b.Elapsed()
		find(b, db, questions[i%len(questions)])
		took = append(took, (b.Elapsed()-began).Seconds()*1000)
	}
	sort.Float64s(took)
	p95 := took[len(took)*95/100]
	var scan []float64
	for range 3 {
		began := b.Elapsed()
		if err := db.View(ctx, func(r *store.ReadTx) error {
			var k int
			return r.Get(&k, `SELECT COUNT(*) FROM catalogue_item WHERE title LIKE $1 OR abstract LIKE $1`, "%环境监测%")
		}); err != nil {
			b.Fatal(err)
		}
		scan = append(scan, (b.Elapsed()-began).Seconds()*1000)
	}
	sort.Float64s(scan)
	b.ReportMetric(p95, "p95-ms")
	b.ReportMetric(scan[0]/p95, "scans/p95")
}
