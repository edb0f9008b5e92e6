package sandbox

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"pado/core/calendar"
	"pado/core/store"
	"pado/core/store/storetest"
	"pado/domain/governance/ingest"
	"pado/domain/governance/vault"
	"pado/domain/permit"
)

// A real file goes through ingest, its declared pipeline becomes the policy, and true questions
// come back near the truth.
func TestRealFileThroughIngestAndQuestions(t *testing.T) {
	file := filepath.Join("..", "..", "..", "shared", "data", "adult.data")
	if _, err := os.Stat(file); err != nil {
		t.Skipf("skipped: the real file %s is not here", filepath.Base(file))
	}
	w := openWorld(t, store.SQLite)
	text, err := os.ReadFile(filepath.Join("..", "governance", "ingest", "testdata", "pipelines", "adult.yaml"))
	w.must(err)
	all, err := ingest.Examples()
	w.must(err)
	in, err := ingest.FileInput(file)
	w.must(err)
	ring, err := vault.NewKeyring(bytes.Repeat([]byte{9}, 32))
	w.must(err)
	res, err := ingest.Run(ctx, all["adult-census"].Pipeline, in, filepath.Join(w.pool, "ds-2"), ingest.Keys{Family: bytes.Repeat([]byte{7}, 32), Quarantine: ring}, nil)
	w.must(err)
	schema, err := json.Marshal(res.Schema)
	w.must(err)
	w.write(`INSERT INTO catalogue_item (id, code, title, list, division, source_org, source_kind, source_dept, source_system, abstract, class_code, class, format_class, format_type,
		share_type, share_condition, share_mode, open_type, open_condition, update_cycle, grade, sublevel, grade_reason, personal, sensitive, source_relation, source_origin,
		consent_doc, legal_basis, authorisable, authorise_condition, authorise_basis, related, state, version, digest, published, updated, case_no) VALUES
		('it-2','c-2','人口普查样本','city','140600','src','','','','','','','','','','','','','','','general',1,'',$1,$1,'own','','','','yes','','','','published',1,'',0,0,'x')`, false)
	w.write(`INSERT INTO hookup (id, item, source_org, operator_org, division, kind, dataset, pipeline, pipeline_digest, cycle, state, case_no, created)
		VALUES ('hk-2','it-2','src','op','140600','file','ds-2',$1,'','month','connected','y',0)`, string(text))
	w.write(`INSERT INTO dataset (id, item, title, source_org, division, unit_domain, unit_column, rows_bound, current_version, created) VALUES ('ds-2','it-2','人口普查收入样本','src','140600',$1,$2,1,$3,0)`,
		res.UnitDomain, res.Unit, res.VersionID)
	w.write(`INSERT INTO dataset_version (id, dataset, n, hookup, raw, rows, quarantined, score, path, file_digest, schema, quality, lineage, created, state, case_no)
		VALUES ($1,'ds-2',1,'hk-2','',$2,0,10000,$3,$4,$5,'{}','{}',0,'accepted','x')`, res.VersionID, res.Rows, "ds-2/"+res.File, res.Digest, string(schema))
	var p Project
	w.update(func(x *store.Tx) error {
		if err := permit.Open(x, permit.Scope{Agreement: "ag-1", Operator: "op", By: "t", Case: "x", Items: []permit.ScopeTerm{{Item: "it-2",
			First: calendar.Date{Y: 2026, M: 1, D: 5}, Last: calendar.Date{Y: 2029, M: 1, D: 4}}}}); err != nil {
			return err
		}
		fields := []string{"age", "sex", "workclass", "education", "capital_gain", "hours_per_week", "income"}
		first, last := calendar.Date{Y: 2026, M: 3, D: 2}, calendar.Date{Y: 2026, M: 12, D: 31}
		grant, err := permit.Grant(x, permit.Terms{DemandCase: "case-a", Agreement: "ag-1", Org: "dv1", Scenario: "sn", Purpose: "调度", First: first, Last: last,
			Items: []permit.GrantItem{{Item: "it-2", Fields: fields}}, By: "t"})
		if err != nil {
			return err
		}
		p, err = OpenProject(x, Opening{Title: "收入研究", Org: "dv1", OperatorOrg: "op", Division: "140600", Grant: grant, Scenario: "sn", ListItem: "pl-1", Purpose: "调度",
			First: first, Last: last, Members: []string{"dv1-p"}, Numbers: w.n, CaseNo: "case-a", By: "t"})
		return err
	})
	bench, err := w.Bench(ctx, member("dv1"), p.No)
	w.must(err)
	roles := map[string]string{}
	for _, c := range bench.Tables[0].Columns {
		roles[c.Name] = c.Role + " " + c.Lo + ".." + c.Hi
	}
	if roles["age"] != "dim 17..85" || roles["hours_per_week"] != "measure 0..168" || roles["income"] != "sensitive_dim .." || roles["native_country"] != "" {
		t.Errorf("%v", roles)
	}
	near := func(what string, got any, want, off float64) {
		if v, ok := got.(float64); !ok || math.Abs(v-want) > off {
			t.Errorf("%s: %v, want %v ± %v", what, got, want, off)
		}
	}
	rows := func(sql string) [][]any {
		a, ref, err := w.ask("dv1", p.No, sql)
		w.must(err)
		if ref != nil {
			t.Fatalf("%s: %v", sql, ref)
		}
		st, err := w.question(a.ID).ReadAnswer()
		w.must(err)
		return st.Rows
	}
	for _, r := range rows(`SELECT sex, count(*) AS n FROM census_income GROUP BY sex`) {
		switch r[0] {
		case "Male":
			near("men", r[1], 21790, 100)
		case "Female":
			near("women", r[1], 10771, 100)
		default:
			near("none of both", r[1], 0, 100)
		}
	}
	near("mean of hours", rows(`SELECT avg(hours_per_week) AS h FROM census_income`)[0][0], 40.4, 2)
	if _, ref, err := w.ask("dv1", p.No, `SELECT native_country, count(*) FROM census_income GROUP BY native_country`); err != nil || ref == nil {
		t.Errorf("a column that was not granted: %v %v", ref, err)
	}
	storetest.Verify(t, w.db, NewBudgetReplay())
}
