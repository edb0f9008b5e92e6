package sandbox

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2" // writes the data

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/store"
	"pado/core/store/storetest"
	"pado/domain/permit"
	"pado/domain/sandbox/guard"
	"pado/plan"
)

var ctx = context.Background()

func TestMain(m *testing.M) {
	guard.ChildMain(os.Args)
	os.Exit(m.Run())
}

// world is a store with an agreement, one catalogue item with data, and two developers.
type world struct {
	*Service
	t     *testing.T
	db    *store.DB
	clock *storetest.Clock
	pool  string
	n     Numbers
}

const pipelineText = `{"steps":[{"check":{"rules":[{"id":"sex","kind":"in","column":"sex","values":["F","M"]},{"id":"age","kind":"range","column":"age","min":"0","max":"120"},
  {"id":"heat","kind":"range","column":"heat","min":"0","max":"500"}]}}],"target":{"table":"households","columns":[{"name":"unit_key"},{"name":"sex"},{"name":"age"},{"name":"heat"}]}}`

const schemaText = `[{"name":"unit_key","type":"text","label":"unit"},{"name":"sex","title":"性别","type":"text","label":"dim"},{"name":"age","title":"年龄","type":"integer","label":"dim"},
  {"name":"heat","title":"用热量","type":"integer","label":"measure"},{"name":"name","title":"姓名","type":"text","label":"forbidden"}]`

func each(t *testing.T, f func(t *testing.T, w *world)) {
	for _, e := range []store.Engine{store.SQLite, store.Postgres} {
		t.Run(string(e), func(t *testing.T) { f(t, openWorld(t, e)) })
	}
}

func openWorld(t *testing.T, e store.Engine) *world {
	t.Helper()
	w := &world{t: t, clock: &storetest.Clock{At: storetest.Start}, pool: t.TempDir()}
	o := storetest.Options(t, e)
	o.Wall = w.clock.Now
	db, err := store.Open(ctx, o)
	w.must(err)
	t.Cleanup(func() { db.Close() })
	storetest.Found(t, db)
	w.db = db
	params, err := plan.City("140600")
	w.must(err)
	w.n, err = NumbersFrom(func(key string) (plan.Value, error) { return params.At(key, "2026-03-02") })
	w.must(err)
	data := t.TempDir()
	w.Service = New(Options{DB: db, Params: func(*store.ReadTx) (*plan.Parameters, error) { return params, nil }, Pool: w.pool, Snapshots: filepath.Join(data, "s"),
		Artefacts: Folder(filepath.Join(data, "a")), Key: []byte("0123456789abcdef0123456789abcdef")})
	w.write(`INSERT INTO mandate (id, division, government_org, authority_org, doc_no, title, scope, mode, issued, valid_from, evidence, digest, state, backfill, case_no, created)
		VALUES ('md', '140600', '', '', 'x', 'x', 'x', 'whole', '2026-01-01', '2026-01-01', '', '', 'in_force', $1, 'x', 0)`, false)
	w.write(`INSERT INTO scheme (id, division, version, title, mandate, authority_org, government_org, mode, term_years, chapters, opinions, digest, doc_no, minutes_no, decided, collective, evidence, valid_from, valid_to, state, backfill, case_no, created)
		VALUES ('sc', '140600', 1, 'x', 'md', '', '', 'whole', 3, '{}', '[]', '', '', '', '2026-01-01', $1, '', '2026-01-01', '2029-01-01', 'in_force', $2, 'x', 0)`, true, false)
	w.write(`INSERT INTO agreement (id, no, title, mandate, scheme, authority_org, operator_org, division, mode, slot, version, signed, ends, state, sections, terms, plan_digest, digest, approval_no, evidence, backfill, case_no, created)
		VALUES ('ag-1', 'SQXY-1', '协议', 'md', 'sc', '', 'op', '140600', 'whole', 's', 1, '2026-01-05', '2029-01-04', 'in_force', '{}', '{"purposes":["调度"]}', '', '', '', '', $1, 'x', 0)`, false)
	w.write(`INSERT INTO catalogue_item (id, code, title, list, division, source_org, source_kind, source_dept, source_system, abstract, class_code, class, format_class, format_type,
		share_type, share_condition, share_mode, open_type, open_condition, update_cycle, grade, sublevel, grade_reason, personal, sensitive, source_relation, source_origin,
		consent_doc, legal_basis, authorisable, authorise_condition, authorise_basis, related, state, version, digest, published, updated, case_no) VALUES
		('it-1','c-1','居民供热','city','140600','src','','','','','','','','','','','','','','','general',1,'',$1,$2,'own','','','','yes','','','','published',1,'',0,0,'x')`, true, false)
	w.write(`INSERT INTO hookup (id, item, source_org, operator_org, division, kind, dataset, pipeline, pipeline_digest, cycle, state, case_no, created)
		VALUES ('hk-1','it-1','src','op','140600','file','ds-1',$1,'','month','connected','x',0)`, pipelineText)
	w.write(`INSERT INTO dataset (id, item, title, source_org, division, unit_domain, unit_column, rows_bound, current_version, created) VALUES ('ds-1','it-1','居民供热','src','140600','natural_person','unit_key',1,'v1',0)`)
	w.version("v1", 1, 3000)
	w.update(func(x *store.Tx) error {
		if err := permit.Open(x, permit.Scope{Agreement: "ag-1", Operator: "op", By: "t", Case: "x", Items: []permit.ScopeTerm{{Item: "it-1",
			First: calendar.Date{Y: 2026, M: 1, D: 5}, Last: calendar.Date{Y: 2029, M: 1, D: 4}}}}); err != nil {
			return err
		}
		return permit.List(x, "pl-1", "ag-1", []string{"调度"}, calendar.Date{}, "t", "x")
	})
	return w
}

// version puts a dataset version of n rows in force.
func (w *world) version(id string, no, n int) {
	w.t.Helper()
	path := filepath.Join(w.pool, id+".parquet")
	duck, err := sql.Open("duckdb", "")
	w.must(err)
	defer duck.Close()
	_, err = duck.Exec(`COPY (SELECT printf('%06d', i) AS unit_key, CASE WHEN i % 3 = 0 THEN 'F' ELSE 'M' END AS sex, CAST(i % 90 AS INTEGER) AS age,
		CAST((i * 31) % 400 AS INTEGER) AS heat, 'n' || i AS name FROM range(` + num(int64(n)) + `) t(i)) TO '` + path + `' (FORMAT parquet)`)
	w.must(err)
	w.write(`INSERT INTO dataset_version (id, dataset, n, hookup, raw, rows, quarantined, score, path, file_digest, schema, quality, lineage, created, state, case_no)
		VALUES ($1,'ds-1',$2,'hk-1','',$3,0,10000,$4,'',$5,'{}','{}',0,'accepted','x')`, id, no, n, id+".parquet", schemaText)
	w.write(`UPDATE dataset SET current_version = $1 WHERE id = 'ds-1'`, id)
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) try(f func(*store.Tx) error) error {
	_, err := w.db.Update(ctx, func(x *store.Tx) (audit.Entry, error) {
		return audit.Entry{Type: "test.write", Actor: "test", Action: "write"}, f(x)
	})
	return err
}

func (w *world) update(f func(*store.Tx) error) {
	w.t.Helper()
	w.must(w.try(f))
}

func (w *world) write(q string, args ...any) {
	w.t.Helper()
	w.update(func(x *store.Tx) error { _, err := x.Exec(q, args...); return err })
}

// project opens a project of an organisation; its member is "<org>-p".
func (w *world) project(org string, n Numbers) Project {
	w.t.Helper()
	var p Project
	w.update(func(x *store.Tx) error {
		var err error
		p, err = OpenProject(x, w.opening(x, org, n))
		return err
	})
	return p
}

// opening grants a project of an organisation its data and says how it is to be opened.
func (w *world) opening(x *store.Tx, org string, n Numbers) Opening {
	w.t.Helper()
	grant, err := permit.Grant(x, permit.Terms{DemandCase: "case-" + org, Agreement: "ag-1", Org: org, Scenario: "sn", Purpose: "调度", First: calendar.Date{Y: 2026, M: 3, D: 2},
		Last: calendar.Date{Y: 2026, M: 12, D: 31}, Items: []permit.GrantItem{{Item: "it-1", Fields: []string{"sex", "age", "heat"}}}, By: "t"})
	w.must(err)
	return Opening{Title: "项目" + org, Org: org, OperatorOrg: "op", Division: "140600", Grant: grant, Scenario: "sn", ListItem: "pl-1", Purpose: "调度",
		First: calendar.Date{Y: 2026, M: 3, D: 2}, Last: calendar.Date{Y: 2026, M: 12, D: 31}, Members: []string{org + "-p"}, Numbers: n, CaseNo: "case-" + org, By: "t"}
}

func member(org string) procedure.Actor {
	return procedure.Actor{Person: org + "-p", Name: "成员", Desks: []procedure.Desk{{ID: org + "/developer", Org: org, Role: "developer", Division: "140600"}}}
}

func (w *world) ask(org, no, sql string) (Answer, *procedure.Refused, error) {
	return w.Ask(ctx, member(org), no, sql, guard.Accuracy{}, false)
}

func (w *world) lineage() (l Lineage) {
	w.t.Helper()
	w.must(w.db.View(ctx, func(r *store.ReadTx) (err error) { l, err = LineageByID(r, "hk-1/natural_person"); return err }))
	return l
}

func (w *world) slice(project string) (s Slice) {
	w.t.Helper()
	w.must(w.db.View(ctx, func(r *store.ReadTx) error {
		list, err := Slices(r, project)
		if err == nil && len(list) == 1 {
			s = list[0]
		}
		return err
	}))
	return s
}

func (w *world) question(id string) (q Question) {
	w.t.Helper()
	w.must(w.db.View(ctx, func(r *store.ReadTx) (err error) { q, err = QuestionByID(r, id); return err }))
	return q
}
