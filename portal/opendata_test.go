package portal_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"pado/core/audit"
	"pado/core/store"
	"pado/domain/catalogue"
)

// catalogued publishes items of a source, with what the public must not read of them.
func (c *city) catalogued(titles ...string) (out []catalogue.Item) {
	c.t.Helper()
	_, err := c.db.Update(context.Background(), func(w *store.Tx) (audit.Entry, error) {
		for _, title := range titles {
			it, err := catalogue.Publish(w, catalogue.Item{Title: title, Division: "140600", SourceOrg: "src", SourceKind: "organ", SourceDept: "内部科室", SourceSystem: "内部系统", Abstract: "摘要" + hostile,
				ClassCode: "300101", Class: "统计", FormatClass: "sheet", FormatType: "CSV", ShareType: "1", ShareMode: "file", OpenType: "none", UpdateCycle: "month", Grade: "general", Sublevel: 1,
				SourceRelation: "own", Authorisable: "yes", AuthoriseBasis: "内部依据", ConsentDoc: "内部文号", CaseNo: "ML-1",
				Fields: []catalogue.Field{{Name: "v", Label: "数值", Type: "N", Length: 8, Authorisable: true, Note: "当年价"}}}, "", "p")
			if err != nil {
				return audit.Entry{}, err
			}
			out = append(out, it)
		}
		_, err := catalogue.Document(w, catalogue.FieldAnswer{CaseNo: "WD-1", Item: out[0].ID, Field: "v", Question: "口径？", Answer: "含税", Shown: "public", Org: "src", Person: "p"})
		if err == nil {
			_, err = catalogue.Document(w, catalogue.FieldAnswer{CaseNo: "WD-2", Item: out[0].ID, Field: "v", Question: "来源？", Answer: "平台内部答复", Shown: "platform", Org: "src", Person: "p"})
		}
		return audit.Entry{Type: "test.write", Actor: "p", Action: "write"}, err
	})
	must(c.t, err)
	return out
}

func (c *city) json(path string, status int, dst any) string {
	c.t.Helper()
	w := c.get(path)
	if w.Code != status || !json.Valid(w.Body.Bytes()) {
		c.t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	if dst != nil {
		must(c.t, json.Unmarshal(w.Body.Bytes(), dst))
	}
	return w.Body.String()
}

func TestTheCatalogueForPrograms(t *testing.T) {
	c := open(t)
	c.write(audit.Entry{}, `INSERT INTO org (id, name, division, kind, legal_person, address, phone, status, created) VALUES ('src','朔州市统计局','140600','organ',TRUE,'','','active',0)`)
	items := c.catalogued("粮食产量", "工业产值", "农业产值")
	_, err := c.db.Update(context.Background(), func(w *store.Tx) (audit.Entry, error) {
		_, err := catalogue.Withdraw(w, items[2].ID, "停用", "ML-2", "p")
		return audit.Entry{Type: "test.write", Actor: "p", Action: "write"}, err
	})
	must(t, err)
	var all strings.Builder
	var found struct {
		Success bool
		Result  struct {
			Count   int
			Results []struct{ Name, Title, Notes string }
			Facets  map[string]map[string]int
		}
	}
	all.WriteString(c.json("/portal/api/3/action/package_search?q="+"%E4%BA%A7%E5%80%BC", 200, &found))
	if !found.Success || found.Result.Count != 1 || found.Result.Results[0].Title != "工业产值" || found.Result.Facets["cycle"]["month"] != 1 {
		t.Errorf("%+v", found)
	}
	all.WriteString(c.json("/portal/api/3/action/package_search?q=*:*&rows=1&start=1&fq=organization:src%20AND%20cycle:month", 200, &found))
	if found.Result.Count != 2 || len(found.Result.Results) != 1 || found.Result.Results[0].Title != "粮食产量" {
		t.Errorf("%+v", found)
	}
	var names struct{ Result []string }
	all.WriteString(c.json("/portal/api/3/action/package_list", 200, &names))
	if fmt.Sprint(names.Result) != "[300101/000001 300101/000002]" {
		t.Errorf("%v", names)
	}
	shown := c.json("/portal/api/3/action/package_show?id=300101/000001", 200, nil)
	if !strings.Contains(shown, "当年价；含税") || !strings.Contains(shown, "朔州市统计局") {
		t.Error(shown)
	}
	var dcat struct {
		Type    string           `json:"@type"`
		Dataset []map[string]any `json:"dcat:dataset"`
	}
	all.WriteString(shown + c.json("/portal/catalogue/dcat.jsonld", 200, &dcat) + c.json("/portal/catalogue/items/300101/000001", 200, nil) +
		c.json("/portal/api/3/action/organization_list?all_fields=true", 200, nil) + c.json("/portal/api/3/action/status_show", 200, nil))
	if dcat.Type != "dcat:Catalog" || len(dcat.Dataset) != 2 {
		t.Errorf("%+v", dcat)
	}
	for _, hidden := range []string{"内部", "农业产值", "<script"} {
		if strings.Contains(all.String(), hidden) {
			t.Errorf("the public reads %q", hidden)
		}
	}
	for path, status := range map[string]int{"/portal/api/3/action/package_show?id=" + items[2].Code: 404, "/portal/api/3/action/package_show": 404, "/portal/catalogue/items/none": 404,
		"/portal/api/3/action/package_delete": 400, "/portal/api/3/action/package_search?rows=-1": 400, "/portal/api/3/action/package_search?fq=secret:x": 400,
		"/portal/api/3/action/package_search?rows=100000": 400, "/portal/catalogue/dcat.jsonld?page=0": 400, "/portal/api/3/action/package_list?limit=x": 400} {
		c.json(path, status, nil)
	}
	w := c.do(httptest.NewRequest(http.MethodPost, "/portal/api/3/action/package_create", strings.NewReader("{}")))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("a write is answered with %d", w.Code)
	}
	page := c.get("/portal/interfaces").Body.String()
	if !strings.Contains(page, "package_search") || !strings.Contains(page, "template.xlsx") {
		t.Error("the interfaces are not documented")
	}
	w = c.get("/portal/catalogue/template.xlsx")
	if _, err := excelize.OpenReader(bytes.NewReader(w.Body.Bytes())); err != nil || w.Code != 200 {
		t.Errorf("the template: %d %v", w.Code, err)
	}
	list := c.get("/portal/list/catalogue?q=%E4%BA%A7").Body.String()
	if !strings.Contains(list, "每月（2）") || !strings.Contains(list, "朔州市统计局（2）") || !strings.Contains(list, "共 2 条") {
		t.Errorf("no facets on the list: %s", list)
	}
}
