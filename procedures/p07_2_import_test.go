package procedures_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"pado/core/job"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/catalogue"
	"pado/domain/catalogue/sheet"
)

// Save keeps the bytes the reader makes.
func (u uploads) Save(id string, r io.Reader, _ int64) (string, int64, error) {
	b, err := io.ReadAll(r)
	u[id] = string(b)
	return id, int64(len(b)), err
}

// readBatches works the queue of files to read until it is empty.
func (b *basis) readBatches() {
	b.t.Helper()
	reader := &sheet.Reader{DB: b.db, Files: b.uploads}
	run, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	end := make(chan error, 1)
	go func() {
		end <- job.New(b.db, job.Options{Worker: "test", Poll: time.Millisecond}).Run(run, reader.Handlers())
	}()
	for open := true; open; {
		if run.Err() != nil {
			b.t.Fatal("the jobs did not end within a minute")
		}
		b.must(b.db.View(ctx, func(r *store.ReadTx) error {
			list, err := job.List(r, job.Query{Open: true})
			open = len(list) > 0
			return err
		}))
	}
	cancel()
	b.must(<-end)
}

var catalogueHeads = strings.Split("资源代码,资源名称,涉密属性,资源分类代码,数据分类,提供方,提供方类型,提供方内部部门,资源摘要,格式分类,格式类型,更新周期,共享类型,共享方式,开放类型,受危害的对象,危害程度,数据级别,一般数据细分级别,来源关系,授权属性,授权依据,信息项名称,信息项英文名,数据类型,长度,信息项可授权,释义", ",")

// catalogueTable is a CSV with one line for each resource; change alters a cell by its heading.
func catalogueTable(lines ...map[string]string) string {
	var b strings.Builder
	b.WriteString(strings.Join(catalogueHeads, ",") + "\n")
	for _, change := range lines {
		v := map[string]string{"涉密属性": "不涉密", "资源分类代码": "300101", "数据分类": "统计", "提供方": "朔州市统计局", "提供方类型": "党政机关", "提供方内部部门": "人口科", "资源摘要": "年度统计资料，按县区汇总，供社会查阅使用", "格式分类": "电子表格",
			"格式类型": "CSV", "更新周期": "每年", "共享类型": "无条件共享", "共享方式": "文件交换", "开放类型": "不开放", "受危害的对象": "组织权益", "危害程度": "无危害", "数据级别": "一般数据", "一般数据细分级别": "1",
			"来源关系": "本单位产生", "授权属性": "可授权", "授权依据": "统计法", "信息项名称": "数值", "信息项英文名": "v", "数据类型": "数值型", "长度": "10", "信息项可授权": "是"}
		for k, s := range change {
			v[k] = s
		}
		var cells []string
		for _, h := range catalogueHeads {
			cells = append(cells, v[h])
		}
		b.WriteString(strings.Join(cells, ",") + "\n")
	}
	return b.String()
}

func (b *basis) batchForm(person, table, extent string) json.RawMessage {
	raw, err := json.Marshal(map[string]any{"file": b.upload(person, table), "extent": extent, "reason": "年度更新"})
	b.must(err)
	return raw
}

func (b *basis) sections(person, no string) string {
	b.t.Helper()
	v, err := b.View(ctx, b.actor(person), no)
	b.must(err)
	raw, err := json.Marshal(v.Sections)
	b.must(err)
	return string(raw)
}

func TestASourceCompilesManyItemsAtOnce(t *testing.T) {
	eachBasis(t, func(t *testing.T, b *basis) {
		no := b.begin(b.src1, "p07_2_batch", map[string]any{})
		b.step(b.src1, no, "submit", procedure.Act{Form: b.batchForm(b.src1, catalogueTable(map[string]string{"资源名称": "粮食产量", "更新周期": "每旬"}, map[string]string{"资源名称": "工业产值", "一般数据细分级别": "", "信息项英文名": "产值"},
			map[string]string{"资源名称": "=cmd"}), "part")})
		b.no(b.src1, no, "put", procedure.Act{}, "batch.read")
		b.readBatches()
		b.no(b.src1, no, "put", procedure.Act{}, "batch.faults")
		page := b.sections(b.src1, no)
		for _, say := range []string{"L2", "不在可选范围内", "S3", "细分级别", "X3", "以字母开头", "B4", "不接受公式"} {
			if !strings.Contains(page, say) {
				t.Errorf("the page does not say %s: %s", say, page)
			}
		}
		var marked string
		b.must(b.db.View(ctx, func(r *store.ReadTx) error {
			return r.Get(&marked, `SELECT a.id FROM attachment a JOIN catalogue_batch x ON x.marked = a.id WHERE a.case_no = $1`, no)
		}))
		book, err := excelize.OpenReader(strings.NewReader(b.uploads[marked]))
		b.must(err)
		if comments, err := book.GetComments("目录"); err != nil || len(comments) != 4 {
			t.Errorf("%d cells are marked: %v", len(comments), err)
		}

		// The corrected file goes the way of a single item.
		b.step(b.src1, no, "again", procedure.Act{Form: b.batchForm(b.src1, catalogueTable(map[string]string{"资源名称": "粮食产量"}, map[string]string{"资源名称": "工业产值", "释义": "规模以上"}), "part")})
		b.readBatches()
		b.step(b.src1, no, "put", procedure.Act{})
		ok := json.RawMessage(`{"lawful":true,"safe":true,"minimal":true}`)
		b.no(b.src1, no, "review", procedure.Act{Input: ok}, "case.apart")
		b.step(b.src2, no, "review", procedure.Act{Input: ok})
		b.step(b.src2, no, "clear", say("不涉密"))
		b.step(b.at.Lead, no, "publish", procedure.Act{})
		var code string
		b.must(b.db.View(ctx, func(r *store.ReadTx) error {
			a, err := catalogue.Find(r, catalogue.Question{Text: "规模 工业"})
			if err == nil && a.Total != 0 { // 释义 is not searched
				t.Errorf("%+v", a)
			}
			if a, err = catalogue.Find(r, catalogue.Question{Text: "工业产值"}); err != nil || a.Total != 1 {
				t.Fatalf("%+v %v", a, err)
			}
			it, err := catalogue.ByID(r, a.Items[0])
			code = it.Code
			if it.SourceOrg != b.srcOrg || it.Fields[0].Note != "规模以上" || it.CaseNo != no {
				t.Errorf("%+v", it)
			}
			return err
		}))

		// A whole file: one changed, one the same, one gone, one new; another's items cannot be touched.
		no = b.begin(b.src1, "p07_2_batch", map[string]any{})
		b.step(b.src1, no, "submit", procedure.Act{Form: b.batchForm(b.src1, catalogueTable(map[string]string{"资源代码": code, "资源名称": "工业产值", "更新周期": "每季度"}, map[string]string{"资源名称": "农业产值"}), "whole")})
		b.readBatches()
		page = b.sections(b.src1, no)
		for _, say := range []string{"新增", "农业产值", "每季度", "每年", "撤销", "粮食产量"} {
			if !strings.Contains(page, say) {
				t.Errorf("the preview does not say %s: %s", say, page)
			}
		}
		b.step(b.src1, no, "put", procedure.Act{})
		b.step(b.src2, no, "review", procedure.Act{Input: ok})
		b.step(b.src2, no, "clear", say("不涉密"))
		b.published(catalogueForm(nil)) // meanwhile the catalogue moves on: a whole file would now withdraw this one too
		b.no(b.at.Lead, no, "publish", procedure.Act{}, "batch.moved")
		b.step(b.at.Lead, no, "return", say("目录已有变动，请重新核对"))
		b.step(b.src1, no, "submit", procedure.Act{Form: b.batchForm(b.src1, catalogueTable(map[string]string{"资源代码": "300101/999999", "资源名称": "他人目录"}), "part")})
		b.readBatches()
		b.no(b.src1, no, "put", procedure.Act{}, "batch.faults")
	})
}

func TestTheProvincesFileIsConfirmedByASecondPerson(t *testing.T) {
	eachBasis(t, func(t *testing.T, b *basis) {
		own := b.published(catalogueForm(nil)) // not the province's: a whole file leaves it alone
		take := func(extent string, lines ...map[string]string) string {
			no := b.begin(b.at.Lead, "p07_2_import", map[string]any{})
			b.step(b.at.Lead, no, "submit", procedure.Act{Form: b.batchForm(b.at.Lead, catalogueTable(lines...), extent)})
			b.readBatches()
			b.step(b.at.Lead, no, "put", procedure.Act{})
			b.no(b.at.Lead, no, "confirm", procedure.Act{}, "case.apart")
			b.step(b.auth2, no, "confirm", procedure.Act{})
			return no
		}
		// Whether data may be authorised is the source's word (9.1), not that of the province's file.
		take("part", map[string]string{"资源代码": "SX/00", "资源名称": "林业面积"})
		var may string
		b.get(&may, `SELECT authorisable FROM catalogue_item WHERE title = '林业面积'`)
		if may != catalogue.AuthoriseNo {
			t.Errorf("the authority alone made an item authorisable: %s", may)
		}
		b.write(`UPDATE catalogue_item SET origin_code = '' WHERE title = '林业面积'`)
		take("whole", map[string]string{"资源代码": "SX/01", "资源名称": "粮食产量"}, map[string]string{"资源代码": "SX/02", "资源名称": "工业产值"})
		take("whole", map[string]string{"资源代码": "SX/02", "资源名称": "工业总产值"}, map[string]string{"资源代码": "SX/03", "资源名称": "农业产值"})
		b.must(b.db.View(ctx, func(r *store.ReadTx) error {
			var rows []struct {
				OriginCode, Title, State string
				Version                  int
			}
			err := r.Select(&rows, `SELECT origin_code, title, state, version FROM catalogue_item ORDER BY id`)
			if want := "[{ 人口抽样 published 1} { 林业面积 published 1} {SX/01 粮食产量 withdrawn 2} {SX/02 工业总产值 published 2} {SX/03 农业产值 published 1}]"; fmt.Sprint(rows) != want {
				t.Errorf("%v", rows)
			}
			return err
		}))
		if own == "" {
			t.Error("no item")
		}
		no := b.begin(b.at.Lead, "p07_2_import", map[string]any{})
		b.step(b.at.Lead, no, "submit", procedure.Act{Form: b.batchForm(b.at.Lead, catalogueTable(map[string]string{"资源代码": "SX/09", "资源名称": "林业产值", "提供方": "没有这个单位"}), "part")})
		b.readBatches()
		b.no(b.at.Lead, no, "put", procedure.Act{}, "batch.faults")
		b.step(b.at.Lead, no, "again", procedure.Act{Form: b.batchForm(b.at.Lead, catalogueTable(map[string]string{"资源代码": "SX/02", "资源名称": "工业总产值"}), "part")})
		b.readBatches()
		b.no(b.at.Lead, no, "put", procedure.Act{}, "batch.nothing")
		var broken bytes.Buffer
		broken.WriteString("PK\x03\x04")
		b.step(b.at.Lead, no, "again", procedure.Act{Form: b.batchForm(b.at.Lead, broken.String(), "part")})
		b.readBatches()
		b.no(b.at.Lead, no, "put", procedure.Act{}, "batch.failed")
	})
}

// A county's authority takes over nothing of another division.
func TestAnImportStaysInItsDivision(t *testing.T) {
	eachBasis(t, func(t *testing.T, b *basis) {
		item := b.published(catalogueForm(nil))
		var batch sheet.Batch
		line := sheet.Line{Row: 2, Provider: "朔州市统计局", Item: catalogue.Item{Title: "人口抽样"}}
		for division, faults := range map[string]bool{"140681": true, "140600": false} {
			batch = sheet.Batch{Kind: sheet.ByProvince, Division: division}
			b.must(b.db.View(ctx, func(r *store.ReadTx) error {
				c, err := sheet.Compare(r, batch, []sheet.Line{line}, true)
				if found := len(c.Planned) > 0; err == nil && found == faults {
					t.Errorf("%s plans %+v for %s", division, c.Planned, item)
				}
				return err
			}))
		}
	})
}

// The consent of the unit that shared the data is that unit's: another origin takes another consent.
func TestAnImportDoesNotCarryAConsentOver(t *testing.T) {
	eachBasis(t, func(t *testing.T, b *basis) {
		shared := catalogueForm(func(f map[string]any) {
			f["sourceRelation"], f["sourceOrigin"], f["consentDoc"], f["consentFile"] = catalogue.SharedIn, "市民政局", "朔民函〔2026〕1号", b.file(b.src1)
		})
		item := b.published(shared)
		var code string
		b.get(&code, `SELECT code FROM catalogue_item WHERE id = $1`, item)
		b.must(b.db.View(ctx, func(r *store.ReadTx) error {
			it, err := catalogue.ByID(r, item)
			b.must(err)
			next := it
			next.SourceOrigin = "市公安局"
			given := map[string]bool{"sourceOrigin": true}
			c, err := sheet.Compare(r, sheet.Batch{Kind: sheet.BySource, Org: b.srcOrg, Division: "140600"}, []sheet.Line{{Row: 2, Given: given, Item: next}}, false)
			if len(c.Faults) == 0 {
				t.Errorf("the consent of another unit was taken: %+v", c.Planned)
			}
			return err
		}))
	})
}
