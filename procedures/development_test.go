package procedures_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2" // writes the small dataset

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/register"
	"pado/core/store"
	"pado/core/store/storetest"
	"pado/domain/agreement"
	"pado/domain/party"
	"pado/domain/permit"
	"pado/domain/sandbox"
	"pado/domain/sandbox/guard"
	"pado/plan"
	"pado/procedures"
)

func TestMain(m *testing.M) {
	guard.ChildMain(os.Args)
	os.Exit(m.Run())
}

func TestDevelopmentMatrix(t *testing.T) {
	params, err := plan.City("140600")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range procedures.Development() {
		for _, err := range procedure.Check(p, params) {
			t.Errorf("%s: %v", p.ID, err)
		}
	}
	matrix(t, procedures.Development()...)
}

// workshop is a city in which something can be developed: an agreement in force over one
// catalogue item with data, an operator, a developer, a source, a regulator.
type workshop struct {
	*city
	box                                   *sandbox.Service
	op1, op2, dev1, dev2, src, reg, clerk string // persons
	opOrg, devOrg, srcOrg, regOrg, auOrg  string
	scenario, project                     string
}

const dataPipeline = `{"format":"pado.pipeline/1","id":"heat","steps":[{"check":{"rules":[
  {"id":"sex","kind":"in","column":"sex","values":["F","M"]},{"id":"age","kind":"range","column":"age","min":"0","max":"120"},
  {"id":"heat","kind":"range","column":"heat","min":"0","max":"500"}]}}],
  "target":{"table":"households","unit":"unit_key","unit_domain":"natural_person","columns":[{"name":"unit_key"},{"name":"sex"},{"name":"age"},{"name":"heat"},{"name":"name"}]}}`

const dataSchema = `[{"name":"unit_key","type":"text","label":"unit"},{"name":"sex","title":"性别","type":"text","label":"dim"},{"name":"age","title":"年龄","type":"integer","label":"dim"},
  {"name":"heat","title":"用热量","type":"integer","label":"measure"},{"name":"name","title":"姓名","type":"text","label":"forbidden"}]`

// makeData writes a small Parquet file of 4,000 households.
func makeData(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`COPY (SELECT printf('%06d', i) AS unit_key, CASE WHEN i % 3 = 0 THEN 'F' ELSE 'M' END AS sex, CAST(i % 90 AS INTEGER) AS age,
		CAST((i * 31) % 400 AS INTEGER) AS heat, 'n' || i AS name FROM range(4000) t(i)) TO '` + path + `' (FORMAT parquet)`); err != nil {
		t.Fatal(err)
	}
}

func openWorkshop(t *testing.T, e store.Engine) *workshop {
	m := &workshop{city: openCity(t, e, procedures.Development()...)}
	seat := func(org, name, prefix string, role procedure.Role, persons ...string) {
		var members []party.Membership
		for i, p := range persons {
			members = append(members, party.Membership{Person: p, Role: role, Lead: i == 0})
		}
		_, err := m.db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
			return audit.Entry{Type: "test.seed", Actor: "test", Action: "seed"}, party.Seed(w, party.Seeding{Org: party.Org{ID: org, Name: name, USCC: m.uscc(),
				Division: "140600", Kind: party.Company, LegalPerson: true, DocPrefix: prefix}, Roles: []procedure.Role{role}, Members: members})
		})
		m.must(err)
	}
	m.op1, m.op2, m.dev1, m.dev2 = m.person("yunying1", "运营一"), m.person("yunying2", "运营二"), m.person("kaifa1", "开发一"), m.person("kaifa2", "开发二")
	m.src, m.reg, m.clerk = m.person("shuyuan", "数源一"), m.person("zhuguan", "主管一"), m.person("shuju2", "数据乙")
	m.opOrg, m.devOrg, m.srcOrg, m.regOrg, m.auOrg = "org-op", "org-dev", "org-src", "org-reg", m.at.Authority
	seat(m.opOrg, "朔州数据运营有限公司", "朔运", party.Operator, m.op1, m.op2)
	seat(m.devOrg, "山西开发有限公司", "", party.Developer, m.dev1, m.dev2)
	seat(m.srcOrg, "朔州市住建局", "", party.Source, m.src)
	seat(m.regOrg, "朔州市能源局", "朔能", party.Regulator, m.reg)
	_, err := m.db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		return audit.Entry{Type: "test.seed", Actor: "test", Action: "seed"}, party.Appoint(w, party.Membership{Person: m.clerk, Org: m.auOrg, Role: party.Authority})
	})
	m.must(err)
	terms, err := json.Marshal(agreement.Terms{Purposes: []string{"供热调度"}, Years: 3})
	m.must(err)
	m.write(`INSERT INTO mandate (id, division, government_org, authority_org, doc_no, title, scope, mode, issued, valid_from, evidence, digest, state, backfill, case_no, created)
		VALUES ('md', '140600', '', '', 'x', 'x', 'x', 'whole', '2026-01-01', '2026-01-01', '', '', 'in_force', $1, 'x', 0)`, false)
	m.write(`INSERT INTO scheme (id, division, version, title, mandate, authority_org, government_org, mode, term_years, chapters, opinions, digest, doc_no, minutes_no, decided, collective, evidence, valid_from, valid_to, state, backfill, case_no, created)
		VALUES ('sc', '140600', 1, 'x', 'md', '', '', 'whole', 3, '{}', '[]', '', '', '', '2026-01-01', $1, '', '2026-01-01', '2029-01-01', 'in_force', $2, 'x', 0)`, true, false)
	m.write(`INSERT INTO agreement (id, no, title, mandate, scheme, authority_org, operator_org, division, mode, slot, version, signed, ends, state, sections, terms, plan_digest, digest, approval_no, evidence, backfill, case_no, created)
		VALUES ('ag-1', 'SQXY-1', '协议', 'md', 'sc', '', $1, '140600', 'whole', 's', 1, '2026-01-05', '2029-01-04', 'in_force', '{}', $2, '', '', '', '', $3, 'x', 0)`, m.opOrg, string(terms), false)
	m.write(`INSERT INTO catalogue_item (id, code, title, list, division, source_org, source_kind, source_dept, source_system, abstract, class_code, class, format_class, format_type,
		share_type, share_condition, share_mode, open_type, open_condition, update_cycle, grade, sublevel, grade_reason, personal, sensitive, source_relation, source_origin,
		consent_doc, legal_basis, authorisable, authorise_condition, authorise_basis, related, state, version, digest, published, updated, case_no) VALUES
		('it-1','c-1','居民供热','city','140600',$1,'','','','','','','','','','','','','','','general',1,'',$2,$3,'own','','','','yes','','','','published',1,'',0,0,'x')`, m.srcOrg, true, false)
	for i, f := range []struct {
		name, label string
		ok          bool
	}{{"sex", "性别", true}, {"age", "年龄", true}, {"heat", "用热量", true}, {"name", "姓名", false}} {
		m.write(`INSERT INTO catalogue_field (item, n, name, label, type, length, is_key, nullable, personal, sensitive, shared, open, authorisable) VALUES ('it-1',$1,$2,$3,'text',20,$4,$5,$5,$4,$4,$4,$6)`,
			i+1, f.name, f.label, false, true, f.ok)
	}
	pool := t.TempDir()
	makeData(t, filepath.Join(pool, "v1.parquet"))
	m.write(`INSERT INTO hookup (id, item, source_org, operator_org, division, kind, dataset, pipeline, pipeline_digest, cycle, state, case_no, created)
		VALUES ('hk-1','it-1',$1,$2,'140600','file','ds-1',$3,'','month','connected','x',0)`, m.srcOrg, m.opOrg, dataPipeline)
	m.write(`INSERT INTO dataset (id, item, title, source_org, division, unit_domain, unit_column, rows_bound, current_version, created)
		VALUES ('ds-1','it-1','居民供热',$1,'140600','natural_person','unit_key',1,'v1',0)`, m.srcOrg)
	m.write(`INSERT INTO dataset_version (id, dataset, n, hookup, raw, rows, quarantined, score, path, file_digest, schema, quality, lineage, created, state, case_no)
		VALUES ('v1','ds-1',1,'hk-1','',4000,0,10000,'v1.parquet','',$1,'{}','{}',0,'accepted','x')`, dataSchema)
	_, err = m.db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		return audit.Entry{Type: "test.seed", Actor: "test", Action: "open"}, permit.Open(w, permit.Scope{Agreement: "ag-1", Operator: m.opOrg, By: "test", Case: "x",
			Items: []permit.ScopeTerm{{Item: "it-1", First: calendar.Date{Y: 2026, M: 1, D: 5}, Last: calendar.Date{Y: 2029, M: 1, D: 4}}}})
	})
	m.must(err)
	data := t.TempDir()
	m.box = sandbox.New(sandbox.Options{DB: m.db, Params: m.Parameters, Pool: pool, Snapshots: filepath.Join(data, "snapshots"),
		Artefacts: sandbox.Folder(filepath.Join(data, "artefacts")), Key: []byte("0123456789abcdef0123456789abcdef")})
	return m
}

func input(v map[string]any) procedure.Act {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return procedure.Act{Input: b}
}

func edit(v map[string]any) procedure.Act {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return procedure.Act{Form: b}
}

// begin opens a case and takes its first act.
func (m *workshop) begin(person, proc, act string, form map[string]any) string {
	m.t.Helper()
	no, err := m.start(person, proc, form)
	m.must(err)
	m.must(m.do(person, no, act, procedure.Act{}))
	return no
}

func listFormOf(rows ...map[string]any) map[string]any {
	return map[string]any{"agreement": "ag-1", "title": "2026年产品清单", "products": rows,
		"sources": []map[string]any{{"product": "分性别用热统计", "item": "it-1", "fields": []string{"sex", "age", "heat"}}}}
}

var heatRow = map[string]any{"name": "分性别用热统计", "form": "api", "purpose": "供热调度", "class": "industry", "summary": "按性别统计用热情况"}

// list carries a product list to its record and returns the id of its product.
func (m *workshop) list() (item string) {
	m.t.Helper()
	round, err := m.start(m.op1, "p09_productlist", listFormOf(heatRow))
	m.must(err)
	m.refused(m.do(m.op1, round, "file", procedure.Act{}), "productlist.source")
	m.begin(m.src, "p09_scope", "state", map[string]any{"round": round, "item": "it-1", "fields": []string{"sex", "age", "heat"}, "condition": "仅供统计"})
	tip := m.begin(m.dev1, "p09_suggestion", "suggest", map[string]any{"round": round, "suggestion": "建议增加分性别的统计产品"})
	m.refused(m.do(m.op1, round, "file", procedure.Act{}), "productlist.suggestions")
	m.must(m.do(m.op1, tip, "answer", input(map[string]any{"adopted": true, "answer": "已列入"})))
	m.must(m.do(m.op1, round, "file", procedure.Act{}))
	m.must(m.do(m.at.Lead, round, "record", procedure.Act{}))
	m.must(m.db.View(ctx, func(r *store.ReadTx) error {
		return r.Get(&item, `SELECT id FROM product_list_item WHERE name = '分性别用热统计' AND state = 'listed'`)
	}))
	return item
}

func (m *workshop) justify(item string) string {
	m.t.Helper()
	no := m.begin(m.dev1, "p06_3a_scenario", "submit", map[string]any{"title": "供热负荷分析", "listItem": item, "regulator": m.regOrg, "summary": "分析不同人群的用热需求以便调度",
		"lawfulness": "依据授权运营协议", "necessity": "调度需要", "security": "只在沙箱内使用"})
	m.must(m.do(m.op1, no, "accept", procedure.Act{}))
	yes := map[string]any{"lawful": true, "necessary": true, "secure": true, "say": "同意"}
	m.must(m.do(m.reg, no, "opine", input(yes)))
	m.refused(m.do(m.at.Lead, no, "justify", input(map[string]any{"benefit": "industry"})), "scenario.panel")
	m.must(m.do(m.at.Lead, no, "opine_authority", input(yes)))
	m.must(m.do(m.at.Lead, no, "justify", input(map[string]any{"benefit": "industry"})))
	m.must(m.db.View(ctx, func(r *store.ReadTx) error {
		return r.Get(&m.scenario, `SELECT subject FROM case_file WHERE no = $1`, no)
	}))
	return m.scenario
}

func (m *workshop) demandForm(scenario string) map[string]any {
	return map[string]any{"scenario": scenario, "title": "用热分析", "purpose": "供热调度", "from": "2026-03-02", "to": "2026-09-01", "security": "只在沙箱内使用",
		"items": []map[string]any{{"item": "it-1", "fields": []string{"sex", "heat"}, "reason": "统计用热"}}}
}

func (m *workshop) grant(scenario string) string {
	m.t.Helper()
	no := m.begin(m.dev1, "p06_3b_demand", "submit", m.demandForm(scenario))
	m.must(m.do(m.op1, no, "grant", procedure.Act{}))
	m.must(m.db.View(ctx, func(r *store.ReadTx) error {
		return r.Get(&m.project, `SELECT subject FROM case_file WHERE no = $1`, no)
	}))
	return m.project
}

const heatSQL = `SELECT sex, count(*) AS people, sum(heat) AS heat FROM households GROUP BY sex`

func (m *workshop) ask(person, sql string) (sandbox.Answer, *procedure.Refused, error) {
	return m.box.Ask(ctx, m.actor(person), m.project, sql, guard.Accuracy{}, false)
}

func (m *workshop) output(question string) string {
	m.t.Helper()
	no := m.begin(m.dev1, "p06_3c_output", "submit", map[string]any{"question": question, "title": "分性别用热", "use": "做成数据产品"})
	yes := map[string]any{"verdict": "release", "say": "统计结果，可以出域"}
	m.must(m.do(m.op1, no, "opine", input(yes)))
	m.must(m.do(m.at.Lead, no, "opine_second", input(yes)))
	m.must(m.do(m.op2, no, "release", procedure.Act{}))
	var digest string
	m.must(m.db.View(ctx, func(r *store.ReadTx) error { return r.Get(&digest, `SELECT subject FROM case_file WHERE no = $1`, no) }))
	return digest
}

func productFormOf(digest string) map[string]any {
	return map[string]any{"name": "分性别用热统计", "artefact": digest, "form": "api", "summary": "按性别返回人数和用热量", "safeOn": "2026-03-02", "safe": true, "safeReport": "未见异常",
		"terms": "仅限本单位供热调度使用，不得转让。", "params": []map[string]any{{"name": "sex", "title": "性别", "column": "sex", "op": "eq", "required": false}}}
}

// From the product list to the published product, with true questions on generated data.
func TestFromListToProduct(t *testing.T) {
	for _, e := range []store.Engine{store.SQLite, store.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			m := openWorkshop(t, e)
			item := m.list()
			m.grant(m.justify(item))

			dry, ref, err := m.box.Ask(ctx, m.actor(m.dev1), m.project, heatSQL, guard.Accuracy{}, true)
			m.must(err)
			if ref != nil || dry.Rho == 0 || len(dry.Columns) != 3 {
				t.Fatalf("dry: %+v %v", dry, ref)
			}
			a, ref, err := m.ask(m.dev1, heatSQL)
			m.must(err)
			if ref != nil || a.State != "answered" || len(a.Rows) < 2 || a.Rho != dry.Rho || a.Release <= a.Intent {
				t.Fatalf("asked: %+v %v", a, ref)
			}
			again, ref, err := m.ask(m.dev1, heatSQL)
			m.must(err)
			if ref != nil || again.Rho != 0 || !again.Repeated || fmt.Sprint(again.Rows) != fmt.Sprint(jsonRows(t, a.Rows)) {
				t.Fatalf("asked again: %+v %v, first %+v", again, ref, a)
			}
			if _, ref, err = m.ask(m.dev1, `SELECT name FROM households`); err != nil || ref == nil {
				t.Fatalf("a row was asked for: %v %v", ref, err)
			}
			if _, _, err = m.ask(m.dev2, heatSQL); !errors.Is(err, store.ErrNotFound) {
				t.Fatalf("a colleague who is no member got %v", err)
			}

			digest := m.output(a.ID)
			b, err := m.box.Artefact(ctx, digest)
			m.must(err)
			if sandbox.ArtefactDigest(b) != digest || !strings.Contains(string(b), `"sex":"F"`) {
				t.Fatalf("released %s", b)
			}

			no := m.begin(m.dev1, "p06_3d_registration", "submit", productFormOf(digest))
			m.must(m.do(m.op1, no, "approve", procedure.Act{}))
			m.must(m.do(m.at.Lead, no, "issue", procedure.Act{}))
			m.must(m.do(m.op1, no, "publish", procedure.Act{}))
			var code string
			m.must(m.db.View(ctx, func(r *store.ReadTx) error {
				if err := r.Get(&code, `SELECT code FROM product WHERE case_no = $1 AND state = 'published'`, no); err != nil {
					return err
				}
				proof, err := procedures.Prove(m.Engine)(r, code)
				if err == nil && (proof.Seq < 0 || proof.Organ != "朔州市数据局" || proof.Title != "分性别用热统计") {
					t.Errorf("proof %+v", proof)
				}
				return err
			}))
			d, err := m.Paper(ctx, m.actor(m.dev1), no, "certificate")
			m.must(err)
			if d.Number != code || d.Check.URL != "/portal/verify/"+code {
				t.Errorf("certificate %+v", d)
			}
			for _, g := range procedures.Registers() {
				if g.Public && (g.ID == "products" || g.ID == "productlist") {
					m.must(m.db.View(ctx, func(r *store.ReadTx) error {
						page, err := listOf(r, g.ID, procedure.Actor{})
						if err == nil && page != 1 {
							t.Errorf("%s shows %d rows to the public", g.ID, page)
						}
						return err
					}))
				}
			}
			storetest.Verify(t, m.db)
		})
	}
}

// listOf counts the rows of a register as an actor sees them.
func listOf(r *store.ReadTx, id string, a procedure.Actor) (int, error) {
	for _, g := range procedures.Registers() {
		if g.ID == id {
			page, err := g.List(r, a, register.Query{})
			return page.Total, err
		}
	}
	return 0, fmt.Errorf("no register %s", id)
}

// jsonRows is what rows look like after they were stored.
func jsonRows(t *testing.T, rows [][]any) (out [][]any) {
	t.Helper()
	b, err := json.Marshal(rows)
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}
