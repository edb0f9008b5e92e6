package portal_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/docs"
	"pado/core/procedure"
	"pado/core/store"
	"pado/core/store/storetest"
	"pado/domain/party"
	"pado/plan"
	"pado/portal"
	"pado/procedures"
)

const (
	hostile = `<script>alert("1")</script>`
	formula = `=HYPERLINK("http://x.example","点")`
)

// wish is a small procedure with everything a notice may declare.
func wish() *procedure.Procedure {
	c := plan.C("6.1.4")
	f := func(name, label, kind string, more ...procedure.Field) procedure.Field {
		return procedure.Field{Name: name, Label: label, Kind: kind, Plan: c, Rows: more}
	}
	return &procedure.Procedure{ID: "wish", Prefix: "CE", Title: "测试公示", Plan: c, Start: "draft",
		Form: procedure.FormOf[struct {
			About string `json:"about"`
			Lines []struct {
				Name  string `json:"name"`
				Price string `json:"price"`
				Owner string `json:"owner"`
			} `json:"lines"`
			Text   string `json:"text"`
			Hidden string `json:"hidden"`
		}](f("about", "说明", procedure.LongText), f("lines", "价目", procedure.Table, f("name", "名称", procedure.Text), f("price", "单价", procedure.Money),
			procedure.Field{Name: "owner", Label: "联系人", Kind: procedure.Text, Plan: c, Secret: true}), f("text", "全文", procedure.File), f("hidden", "内部意见", procedure.Text)),
		States: procedure.Phases{{ID: "draft", Label: "起草", Owes: party.Authority}, {ID: "publicity", Label: "公示", Owes: party.Authority}, {ID: "done", Label: "已公开", Final: true}},
		Steps: []procedure.Step{{Do: "submit", Label: "公示", By: party.Authority, From: procedure.S("draft"), To: "publicity", Plan: c},
			{Do: "object", Label: "登记异议", By: party.Authority, From: procedure.S("publicity"), To: "publicity", Plan: c,
				Input: []procedure.Field{f("by", "异议人（实名）", procedure.Text), f("content", "异议内容", procedure.LongText)}},
			{Do: "close", Label: "公开", By: party.Authority, From: procedure.S("publicity"), To: "done", Plan: c}},
		Papers: []procedure.Paper{{Kind: "notice", Title: "公示书", Plan: c, Draw: func(x *procedure.Ctx) (docs.Document, error) {
			return docs.Document{Kind: docs.Report, Title: "公示书", Blocks: []docs.Block{docs.P("公示内容。")}}, nil
		}}},
		Notices: []procedure.Notice{{Kind: "公示", In: procedure.S("publicity"), Fields: []string{"about", "lines"}, Files: []string{"text"}, Papers: []string{"notice"}, Plan: c,
			Object: &procedure.Objecting{Do: "object", How: "在公示期内实名提出。"}}, {Kind: "公开", In: procedure.S("done"), Fields: []string{"about"}, Plan: c}}}
}

// city is a portal over records of a test.
type city struct {
	t      *testing.T
	db     *store.DB
	engine *procedure.Engine
	portal *portal.Portal
	bytes  map[string]string // attachments
}

func open(t *testing.T) *city {
	t.Helper()
	return openOn(t, store.SQLite)
}

func openOn(t *testing.T, engine store.Engine) *city {
	t.Helper()
	db := storetest.Open(t, engine, nil)
	params, err := plan.City("140600")
	must(t, err)
	e, err := procedure.New(db, procedure.Options{City: "140600", Parameters: params, Calendar: calendar.Shipped(), Scope: party.Scope, Notify: party.Notify}, append(procedures.All(), wish())...)
	must(t, err)
	c := &city{t: t, db: db, engine: e, bytes: map[string]string{}}
	c.portal, err = portal.New(portal.Config{Base: "/portal/", City: "朔州市", Platform: "朔州市公共数据授权运营平台", Host: "朔州市数据局", ICP: "晋ICP备00000000号",
		Counters: []portal.Counter{{Label: "公共数据资源", Register: "catalogue", Unit: "项", Show: []string{"source"}}, {Label: "数据产品", Register: "products", Unit: "个", Show: []string{"form"}},
			{Label: "收费标准", Register: "tariffs", Unit: "项", Show: []string{"class", "price"}}, {Label: "入驻单位", Register: "orgs_public", Unit: "家"}}},
		portal.Records{Engine: e, Registers: procedures.Registers(), Verify: procedures.Prove(e),
			Recorded: func(r *store.ReadTx, sum string) (portal.Recorded, error) {
				d, err := procedures.ProveDigest(r, sum)
				return portal.Recorded(d), err
			},
			Open: func(id string) (io.ReadCloser, error) {
				b, ok := c.bytes[id]
				if !ok {
					return nil, store.ErrNotFound
				}
				return io.NopCloser(strings.NewReader(b)), nil
			}})
	must(t, err)
	return c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (c *city) write(e audit.Entry, sql string, args ...any) {
	c.t.Helper()
	if e.Type == "" {
		e = audit.Entry{Type: "test.write", Actor: "test", Action: "write"}
	}
	_, err := c.db.Update(context.Background(), func(w *store.Tx) (audit.Entry, error) {
		_, err := w.Exec(sql, args...)
		return e, err
	})
	must(c.t, err)
}

func (c *city) sign() {
	c.t.Helper()
	_, err := c.db.SignCheckpoint(context.Background(), storetest.Keys(c.t).Signers().Checkpoints)
	must(c.t, err)
}

// post puts a case of the test procedure on record.
func (c *city) post(no, state, title, about string) {
	c.t.Helper()
	form, err := json.Marshal(map[string]any{"about": about, "text": "at-" + no, "hidden": "内部" + no,
		"lines": []map[string]any{{"name": "一般" + hostile, "price": "1234.50", "owner": "张三"}, {"name": "小微", "price": "0.50"}}})
	must(c.t, err)
	at := storetest.Start.UnixMilli()
	c.write(audit.Entry{Type: "case.submit", Actor: "p", Object: no, Action: "submit", Clause: "6.1.4"},
		`INSERT INTO case_file (no, procedure, state, title, revision, tenant, form, org, person, role, created, updated, since, due_at, due_sort, owes, owes_org, handler, final, backfill, urged, supervised, subject, parent, rules, turn)
		VALUES ($1,'wish',$2,$3,1,'140600',$4,'au','p','authority',$5,$5,$5,$6,$6,'','','',FALSE,FALSE,0,FALSE,'','','','')`, no, state, title, string(form), at, at+int64(7*24-9)*3600_000)
}

// fill puts something hostile into everything that is shown.
func (c *city) fill() {
	c.t.Helper()
	at := storetest.Start.UnixMilli()
	for _, o := range [][2]string{{"au", "朔州市数据局"}, {"op", "运营公司" + hostile}, {"src", formula}} {
		c.write(audit.Entry{}, `INSERT INTO org (id, name, division, kind, legal_person, address, phone, status, created) VALUES ($1,$2,'140600','organ',TRUE,'朔城区市府街1号','0349-0000000','active',$3)`, o[0], o[1], at)
	}
	for org, role := range map[string]string{"au": "authority", "op": "operator", "src": "source"} {
		c.write(audit.Entry{}, `INSERT INTO org_role (org, role, division, since) VALUES ($1,$2,'140600',$3)`, org, role, at)
	}
	c.write(audit.Entry{}, `INSERT INTO catalogue_item (id, code, title, list, division, source_org, source_kind, source_dept, source_system, abstract, class_code, class, format_class, format_type, share_type,
		share_condition, share_mode, open_type, open_condition, update_cycle, grade, sublevel, grade_reason, personal, sensitive, source_relation, source_origin, consent_doc, legal_basis, authorisable,
		authorise_condition, authorise_basis, related, state, version, digest, published, updated, case_no)
		VALUES ('it-1','301001/000001',$1,'city','140600','src','a','','',$2,'301001','x','a','csv','1','','','1','','month','general',1,'',FALSE,FALSE,'own','','','依法','yes','','','','published',1,'d',$3,$3,'c1')`,
		"供热"+formula, hostile, at)
	c.write(audit.Entry{}, `INSERT INTO catalogue_field (item, n, name, label, type, length, is_key, nullable, personal, sensitive, shared, open, authorisable) VALUES ('it-1',1,'heat','热量（吉焦）','N',0,FALSE,FALSE,FALSE,FALSE,TRUE,TRUE,TRUE)`)
	for _, p := range [][2]string{{"pd-1", "分县供热月报"}, {"pd-2", hostile}} {
		c.write(audit.Entry{Type: "product.register", Actor: "p", Object: p[0], Action: "register", Clause: "6.3.4"},
			`INSERT INTO product (id, code, name, form, list_item, agreement, operator_org, org, scenario, purpose, benefit, artefact, version, state, issuer, issuer_org, division, doc_no, case_no, registered, published)
			VALUES ($1,$2,$3,'api','pl','ag','op','op','sn','供热调度','industry','aa',1,'published','i','au','140600','',$4,$5,$5)`, p[0], "CP-"+p[0], p[1], "c"+p[0], at)
		c.write(audit.Entry{}, `INSERT INTO product_version (product, version, artefact, items, columns, params, terms, terms_digest, safety, digest, case_no, at)
			VALUES ($1,1,'aa','["it-1"]','[{"name":"heat","title":"heat","type":"decimal"}]','[]','仅限本单位使用。','sha256:`+strings.Repeat("ab", 32)+`','',$2,'x',0)`, p[0], "sha256:"+strings.Repeat("cd", 31)+p[0][3:]+"0")
	}
	for i, class := range []string{"general", "small_firm"} {
		c.write(audit.Entry{}, `INSERT INTO tariff (id, product, version, customer_class, unit, price_fen, expected, trial, filing_no, state, publicised, effective_from, effective_to, case_no)
			VALUES ($1,'pd-1',1,$2,'call',$3,1000,TRUE,'朔数〔2026〕7号','effective',$4,$4,$5,'SF-1')`, fmt.Sprint("tf-", i), class, 123450/(i+1), at, at+365*86400000)
	}
	for i := range 23 {
		c.post(fmt.Sprintf("CE-2026-%06d", i), "publicity", fmt.Sprintf("第%d件", i), "供热说明"+fmt.Sprint(i)+hostile)
	}
	c.post("CE-2026-000099", "draft", "尚未公开的事项", "机密")
	c.post("CE-2026-000100", "done", "已公开的事项", formula)
	text := "全文"
	c.bytes["at-CE-2026-000001"] = text
	c.write(audit.Entry{Type: "file.upload", Actor: "p", Object: "at-CE-2026-000001", Action: "upload", Clause: "3"},
		`INSERT INTO attachment (id, case_no, name, size, sha256, media, person, org, at) VALUES ('at-CE-2026-000001','CE-2026-000001','全文.pdf',$1,$2,'application/pdf','p','au',$3)`, len(text), sum(text), at)
	c.write(audit.Entry{Type: "file.upload", Actor: "p", Object: "at-raw", Action: "upload", Clause: "3"},
		`INSERT INTO attachment (id, case_no, name, size, sha256, media, person, org, at) VALUES ('at-raw','','数据.csv',3,$1,'text/csv','p','src',$2)`, sum("raw"), at)
	c.write(audit.Entry{}, `INSERT INTO hookup (id, item, source_org, operator_org, division, kind, dataset, pipeline, pipeline_digest, cycle, state, case_no, created) VALUES ('h1','it-1','src','op','140600','upload','ds','{}','','month','connected','ch',$1)`, at)
	c.write(audit.Entry{}, `INSERT INTO raw_file (id, hookup, name, size, sha256, attachment, person, org, received, state, case_no) VALUES ('r1','h1','数据.csv',3,$1,'at-raw','p','src',$2,'received','ch')`, sum("raw"), at)
	c.sign()
}

func sum(s string) string {
	b := sha256.Sum256([]byte(s))
	return hex.EncodeToString(b[:])
}

func (c *city) do(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	c.portal.ServeHTTP(w, r)
	return w
}

func (c *city) get(path string) *httptest.ResponseRecorder {
	return c.do(httptest.NewRequest("GET", path, nil))
}

// pages are every public page with what it must say, over the filled city.
var pages = map[string][]string{
	"/portal/":                         {"公共数据资源", "公告公示", "收费标准", "1,234.50 元", "617.25 元", "审计日志", "使用数据产品的五步"},
	"/portal/list/catalogue":           {"供热=HYPERLINK", "共 1 条", "每月"},
	"/portal/list/catalogue/it-1":      {"热量（吉焦）", "信息项"},
	"/portal/list/products":            {"分县供热月报", "共 2 条"},
	"/portal/list/products?form=api":   {"分县供热月报"},
	"/portal/list/products/CP-pd-1":    {"登记编码", "登记主体", "1,234.50", "试行", "起，至", "每月", "吉焦", "热量", "怎样订购", "/app/new/p06_2f_order", "仅限本单位使用", "list/tariffs/tf-0"},
	"/portal/list/products/CP-pd-2":    {"尚无价格", "怎样订购"},
	"/portal/list/tariffs":             {"一般使用方", "小微企业"},
	"/portal/list/tariffs/tf-0":        {"试行收费标准", "历次价格"},
	"/portal/list/orgs_public":         {"朔州市数据局"},
	"/portal/list/ceilings":            {"“上限收费标准”目前没有公开内容"},
	"/portal/list/catalogue?q=无此":      {"没有符合条件的内容", "清除条件"},
	"/portal/search?q=供热":              {"资源目录（1）", "数据产品（2）", "公告公示（23）", "全部 23 条"},
	"/portal/search?q=CP-pd-1":         {"是本平台出具的编号", "数据产品（1）"},
	"/portal/search?q=机密":              {"没有找到"},
	"/portal/search?q=内部CE":            {"没有找到"},
	"/portal/search?q=张三":              {"没有找到"},
	"/portal/search":                   {"在目录、产品、价格、公告、单位中查找"},
	"/portal/notices":                  {"共 24 件，现为第 1—20 件", "下一页"},
	"/portal/notices?from=20":          {"现为第 21—24 件", "上一页"},
	"/portal/notices?kind=公开":          {"共 1 件", "已公开的事项"},
	"/portal/notices?org=au&kind=公示":   {"共 23 件"},
	"/portal/notices?q=说明7":            {"共 1 件", "第7件"},
	"/portal/notices?q=小微":             {"共 23 件"},
	"/portal/notices?org=op":           {"没有符合条件的公告公示"},
	"/portal/notices/CE-2026-000001":   {"公示期", "2026年3月2日至2026年3月8日（2026年3月8日24时截止）", "怎样提出异议", "在公示期内实名提出。", "朔城区市府街1号", "0349-0000000", "实名异议书", "登录", "价目", "单价（元）", "1,234.50", "全文.pdf", sum("全文"), "网页", "PDF"},
	"/portal/notices/CE-2026-000100":   {"已公开", "=HYPERLINK"},
	"/portal/verify":                   {"编号核验"},
	"/portal/verify/CP-pd-1":           {"编号真实", "查看它在已签名日志中的证明", "/portal/log/"},
	"/portal/verify?no=CE-2026-000001": {"编号真实", "第1件"},
	"/portal/verify/ZZ-1":              {"没有查到这个编号"},
	"/portal/log":                      {"最新检查点原文", "pado audit verify", "文件是否登记在案"},
	"/portal/log/0":                    {"第 0 条在已签名的日志之中，没有被改动", "日志起始", "两个签名都有效", "SM3 树"},
	"/portal/log?n=CE-2026-000001":     {"在已签名的日志之中", "事项办理", "/api/log/proof/"},
	"/portal/log?n=999999":             {"日志中没有第 999999 条"},
	"/portal/log?n=无此":                 {"没有查到“无此”"},
	"/portal/log/digest":               {"粘贴文件的 SHA-256 摘要", "计算并查询"},
	"/portal/plan":                     {"尚未实现", "已有功能落实", "方案条款与平台功能对照"},
	"/portal/plan?show=open":           {"全部条款"},
	"/portal/errors":                   {"case.stale", "sign_in.required", "GUARD_STAR", "order.terms", "HTTP 401"},
}

var script = regexp.MustCompile(`(?i)<script|\son[a-z]+\s*=|javascript:`)

func TestEveryPageStandsWithoutScripts(t *testing.T) {
	for _, engine := range []store.Engine{store.SQLite, store.Postgres} {
		t.Run(string(engine), func(t *testing.T) { everyPage(t, openOn(t, engine)) })
	}
}

func everyPage(t *testing.T, c *city) {
	c.fill()
	for path, want := range pages {
		w := c.get(path)
		body := w.Body.String()
		if w.Code != 200 {
			t.Errorf("%s: %d", path, w.Code)
			continue
		}
		for _, s := range want {
			if !strings.Contains(body, html.EscapeString(s)) && !strings.Contains(body, s) {
				t.Errorf("%s does not say %q", path, s)
			}
		}
		c.strict(path, w)
	}
	for _, path := range []string{"/portal/notices", "/portal/", "/portal/search?q=公开"} {
		if body := c.get(path).Body.String(); strings.Contains(body, "尚未公开的事项") {
			t.Errorf("%s shows what is not public", path)
		}
	}
	if body := c.get("/portal/notices/CE-2026-000001").Body.String(); strings.Contains(body, "内部CE") || strings.Contains(body, "张三") {
		t.Error("a notice shows more than it declares")
	}
	if body := c.get("/portal/").Body.String(); strings.Count(body, ">分县供热月报<") > 3 || !strings.Contains(body, "一般使用方　1,234.50 元") {
		t.Error("prices of one name are not told apart")
	}
}

// strict checks what every answer carries: no script in it, and a policy that would stop one.
func (c *city) strict(path string, w *httptest.ResponseRecorder) {
	c.t.Helper()
	body := w.Body.String()
	if m := script.FindString(strings.ReplaceAll(body, "&#34;", `"`)); m != "" {
		c.t.Errorf("%s contains %q", path, m)
	}
	csp := w.Header().Get("Content-Security-Policy")
	for _, s := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
		if !strings.Contains(csp, s) {
			c.t.Errorf("%s: policy %q lacks %s", path, csp, s)
		}
	}
	if strings.Contains(csp, "script-src") || strings.Contains(csp, "unsafe") || w.Header().Get("X-Content-Type-Options") != "nosniff" {
		c.t.Errorf("%s: %v", path, w.Header())
	}
	if !strings.Contains(body, `<html lang="zh-CN">`) || strings.Count(body, "<h1") != 1 || !strings.Contains(body, `id="main"`) {
		c.t.Errorf("%s: no language, no single heading or no main part", path)
	}
	if _, err := html.Parse(strings.NewReader(body)); err != nil {
		c.t.Errorf("%s: %v", path, err)
	}
}

func TestACityWithNothingInIt(t *testing.T) {
	c := open(t)
	paths := []string{"/portal/", "/portal/notices", "/portal/verify", "/portal/log", "/portal/log/digest", "/portal/plan", "/portal/errors", "/portal/search?q=供热"}
	for _, g := range procedures.Registers() {
		if g.Public {
			paths = append(paths, "/portal/list/"+g.ID)
		}
	}
	for _, path := range paths {
		w := c.get(path)
		if w.Code != 200 {
			t.Errorf("%s: %d", path, w.Code)
		}
		c.strict(path, w)
		if strings.Contains(path, "list") && !strings.Contains(w.Body.String(), "目前没有公开内容") {
			t.Errorf("%s does not say that it is empty", path)
		}
	}
	if body := c.get("/portal/").Body.String(); !strings.Contains(body, "目前没有公告公示") || !strings.Contains(body, "”目前没有公开内容") {
		t.Error("the home page of an empty city has nothing to say")
	}
	if body := c.get("/portal/log/0").Body.String(); !strings.Contains(body, "还没有进入已签名的检查点") {
		t.Error("an entry is shown as signed before any checkpoint")
	}
}

func TestWhatIsNotThere(t *testing.T) {
	c := open(t)
	c.fill()
	for _, path := range []string{"/portal/nix", "/portal/list/nix", "/portal/list/products/CP-9", "/portal/list/products?cursor=%00", "/portal/list/products/..%2f", "/portal/list/orgs_public/au", "/portal/list/productledger",
		"/portal/notices/CE-2026-000099", "/portal/notices/ZZ", "/portal/notices/CE-2026-000001/nix.pdf", "/portal/notices/CE-2026-000001/notice.exe", "/portal/notices/CE-2026-000099/files/at-CE-2026-000099",
		"/portal/notices/CE-2026-000001/files/at-raw", "/portal/notices/CE-2026-000100/objection", "/portal/notices?from=-1", "/portal/notices?from=x", "/portal/notices?q=" + strings.Repeat("长", 101)} {
		w := c.get(path)
		if w.Code != 404 || !strings.Contains(w.Body.String(), "没有找到") || !strings.Contains(w.Body.String(), "回到首页") {
			t.Errorf("%s: %d", path, w.Code)
		}
		c.strict(path, w)
	}
	for _, method := range []string{"POST", "PUT", "DELETE"} {
		w := c.do(httptest.NewRequest(method, "/portal/notices", nil))
		if w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %d %q", method, w.Code, w.Header().Get("Allow"))
		}
	}
}

func TestPublicFilesAndPapers(t *testing.T) {
	c := open(t)
	c.fill()
	w := c.get("/portal/notices/CE-2026-000001/files/at-CE-2026-000001")
	if w.Code != 200 || w.Body.String() != "全文" || !strings.HasPrefix(w.Header().Get("Content-Disposition"), "attachment") || w.Header().Get("Content-Type") != "application/octet-stream" {
		t.Errorf("file: %d %v", w.Code, w.Header())
	}
	if w = c.get("/portal/notices/CE-2026-000001/notice.pdf"); w.Code != 200 || !bytes.HasPrefix(w.Body.Bytes(), []byte("%PDF")) {
		t.Errorf("paper: %d", w.Code)
	}
	if w = c.get("/portal/notices/CE-2026-000001/notice.html"); w.Code != 200 || !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("paper: %d %v", w.Code, w.Header())
	}
	w = c.get("/portal/notices/CE-2026-000001/objection")
	for _, want := range []string{"实名异议书", "异议人（实名）", "异议内容", "签名或盖章", "CE-2026-000001", "朔州市数据局"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("the form of an objection lacks %q", want)
		}
	}
	c.strict("objection", w)
	if w = c.get("/portal/style.css"); w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/css") || strings.Contains(w.Body.String(), "@import") || strings.Contains(w.Body.String(), "url(") {
		t.Errorf("style: %d", w.Code)
	}
}

func TestTheHeadFitsAndKnowsWhereItIs(t *testing.T) {
	c := open(t)
	c.fill()
	body := c.get("/portal/list/products").Body.String()
	head := body[:strings.Index(body, "<main")]
	if n := strings.Count(head, "<summary>"); n != 5 {
		t.Errorf("%d headings", n)
	}
	if strings.Count(head, `class="here"`) != 1 || strings.Count(head, `aria-current="page"`) != 1 || strings.Count(head, `type="search"`) != 1 {
		t.Error("the menu does not mark the page, or there is not one search box")
	}
	for _, g := range procedures.Registers() {
		if g.Public && !strings.Contains(head, "/portal/list/"+g.ID+`"`) {
			t.Errorf("%s is in no menu", g.ID)
		}
	}
}

// TestGoldenStructureOfTheProductPage compares headings, lists, tables and forms of one page.
func TestGoldenStructureOfTheProductPage(t *testing.T) {
	c := open(t)
	c.fill()
	root, err := html.Parse(strings.NewReader(c.get("/portal/list/products/CP-pd-1").Body.String()))
	must(t, err)
	var b strings.Builder
	var walk func(*html.Node, int)
	walk = func(n *html.Node, depth int) {
		keep := map[string]bool{"header": true, "nav": true, "main": true, "footer": true, "h1": true, "h2": true, "dt": true, "th": true, "form": true, "label": true, "table": true, "dl": true, "summary": true, "a": true}
		if n.Type == html.ElementNode && keep[n.Data] {
			fmt.Fprint(&b, strings.Repeat("  ", depth), n.Data)
			for _, a := range n.Attr {
				if a.Key == "href" || a.Key == "action" || a.Key == "aria-label" {
					fmt.Fprintf(&b, " %s=%s", a.Key, a.Val)
				}
			}
			if n.FirstChild != nil && n.FirstChild.Type == html.TextNode && strings.TrimSpace(n.FirstChild.Data) != "" {
				fmt.Fprint(&b, " ", strings.TrimSpace(n.FirstChild.Data))
			}
			b.WriteByte('\n')
			depth++
		}
		for x := n.FirstChild; x != nil; x = x.NextSibling {
			walk(x, depth)
		}
	}
	walk(root, 0)
	const golden = "testdata/product.golden"
	if flag.Lookup("update").Value.String() == "true" { // declared in codes_test.go
		must(t, os.MkdirAll("testdata", 0o755))
		must(t, os.WriteFile(golden, []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile(golden)
	must(t, err)
	if b.String() != string(want) {
		t.Errorf("the page changed; look at it and run with -update:\n%s", b.String())
	}
}
