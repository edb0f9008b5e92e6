package procedures_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pado/core/calendar"
	"pado/core/docs"
	"pado/core/job"
	"pado/core/procedure"
	"pado/core/store"
	"pado/domain/agreement"
	"pado/domain/governance"
	"pado/domain/governance/vault"
	"pado/domain/party"
	"pado/procedures"
)

// basis is a city with the government, a source with three persons, an operator, and the data
// plane of governance.
type basis struct {
	*city
	gov, src1, src2, op string // persons
	auth2               string // a second person of the authority
	govOrg, srcOrg      string
	opOrg, authOrg      string
	runner              *governance.Runner
	rawDir              string
	uploads             uploads
}

type uploads map[string]string

func (u uploads) Open(id string) (io.ReadCloser, error) {
	s, ok := u[id]
	if !ok {
		return nil, errors.New("no bytes")
	}
	return io.NopCloser(strings.NewReader(s)), nil
}

func basisProcedures() []*procedure.Procedure {
	return []*procedure.Procedure{procedures.P05Mandate(), procedures.P06Scheme(), procedures.P06Agreement(), procedures.P06Amendment(), procedures.P07Catalogue(),
		procedures.P06Hookup(), procedures.P06HookupBySource(), procedures.P10Destruction(), procedures.P10Question(), procedures.P10QuestionByOperator(),
		procedures.P07Batch(), procedures.P07Import()}
}

// openBasis seeds the organisations directly: how they come onto the platform is p04's story.
func openBasis(t *testing.T, e store.Engine) *basis {
	t.Helper()
	b := &basis{city: openCity(t, e, basisProcedures()...), uploads: uploads{}}
	for _, d := range b.actor(b.at.Lead).Desks {
		if d.Role == party.Authority {
			b.authOrg = d.Org
		}
	}
	seat := func(person, org string, role procedure.Role) {
		b.write(`INSERT INTO membership (person, org, role, ranks, lead, since, until) VALUES ($1,$2,$3,'["draft","review","sign"]',$4,'2026-01-01','')`, person, org, string(role), true)
	}
	unit := func(id, name string, role procedure.Role, prefix string) {
		b.write(`INSERT INTO org (id, name, uscc, division, kind, legal_person, doc_prefix, status, created) VALUES ($1,$2,$3,'140600','organ',$4,$5,'active',0)`, id, name, b.uscc(), true, prefix)
		b.write(`INSERT INTO org_role (org, role, division, since) VALUES ($1,$2,'140600',0)`, id, string(role))
	}
	b.govOrg, b.srcOrg, b.opOrg = "org-gov", "org-src", "org-op"
	unit(b.govOrg, "朔州市人民政府", party.Government, "朔政")
	unit(b.srcOrg, "朔州市统计局", party.Source, "")
	unit(b.opOrg, "朔州数据运营有限公司", party.Operator, "")
	b.gov, b.src1, b.src2, b.op, b.auth2 = b.person("zhengfu", "政府甲"), b.person("tongji1", "统计甲"), b.person("tongji2", "统计乙"), b.person("yunying", "运营甲"), b.person("shuju2", "数据乙")
	seat(b.gov, b.govOrg, party.Government)
	seat(b.src1, b.srcOrg, party.Source)
	seat(b.src2, b.srcOrg, party.Source)
	seat(b.op, b.opOrg, party.Operator)
	seat(b.auth2, b.authOrg, party.Authority)
	kek := bytes.Repeat([]byte{5}, 32)
	ring, err := vault.NewKeyring(kek)
	b.must(err)
	b.rawDir = filepath.Join(t.TempDir(), "raw")
	v, err := vault.At(b.rawDir, ring, vault.AES256GCM)
	b.must(err)
	b.runner = governance.NewRunner(governance.Config{DB: b.db, Vault: v, Ring: ring, KEK: kek, Pool: filepath.Join(t.TempDir(), "pool"), Files: b.uploads})
	return b
}

func eachBasis(t *testing.T, f func(t *testing.T, b *basis)) {
	for _, e := range []store.Engine{store.SQLite, store.Postgres} {
		t.Run(string(e), func(t *testing.T) { f(t, openBasis(t, e)) })
	}
}

// with is an act that brings fresh evidence and an input.
func (b *basis) with(person string, input any) procedure.Act {
	b.t.Helper()
	act := procedure.Act{Attachments: []string{b.file(person)}}
	if input != nil {
		raw, err := json.Marshal(input)
		b.must(err)
		act.Input = raw
	}
	return act
}

func say(opinion string) procedure.Act { return procedure.Act{Opinion: opinion} }

// step takes a step that must succeed and leaves exactly one case entry of it at the end of the log.
func (b *basis) step(person, no, action string, act procedure.Act) {
	b.t.Helper()
	if err := b.do(person, no, action, act); err != nil {
		var inv *procedure.Invalid
		if errors.As(err, &inv) {
			b.t.Fatalf("%s: %+v", action, inv.Errors)
		}
		b.t.Fatalf("%s: %v", action, err)
	}
	b.must(b.db.View(ctx, func(r *store.ReadTx) error {
		leaves, err := r.Search(store.LogQuery{Object: no}, 1)
		if err == nil && (len(leaves) != 1 || leaves[0].Type != "case.step" || leaves[0].Action != action || leaves[0].Actor != person || leaves[0].Result != "done") {
			b.t.Errorf("%s left no entry: %+v", action, leaves)
		}
		return err
	}))
}

// no takes a step that must be refused with the code, and checks that nothing but one entry came of it.
func (b *basis) no(person, no, action string, act procedure.Act, code string) {
	b.t.Helper()
	before := b.fingerprint()
	err := b.do(person, no, action, act)
	b.refused(err, code)
	if after := b.fingerprint(); after != before {
		b.t.Errorf("%s was refused and yet changed something:\n%s\n%s", action, before, after)
	}
	b.must(b.db.View(ctx, func(r *store.ReadTx) error {
		leaves, err := r.Search(store.LogQuery{Object: no, Result: "refused"}, 1)
		if err == nil && (len(leaves) != 1 || leaves[0].Action != action) {
			b.t.Errorf("the refusal of %s left no entry", action)
		}
		return err
	}))
}

// fingerprint counts and sums everything a step may write.
func (b *basis) fingerprint() string {
	b.t.Helper()
	var out []string
	b.must(b.db.View(ctx, func(r *store.ReadTx) error {
		for _, table := range []string{"case_event", "mandate", "scheme", "scheme_review", "agreement", "agreement_item", "agreement_version", "agreement_approval", "objection", "catalogue_item",
			"catalogue_field", "catalogue_change", "hookup", "raw_file", "dataset", "dataset_version", "permit_scope", "permit_stop", "job", "message", "doc_number", "field_answer", "catalogue_batch", "catalogue_index"} {
			var n int
			if err := r.Get(&n, `SELECT COUNT(*) FROM `+table); err != nil {
				return err
			}
			out = append(out, fmt.Sprint(table, "=", n))
		}
		var revisions, counters int64
		if err := r.Get(&revisions, `SELECT COALESCE(SUM(revision), 0) FROM case_file`); err != nil {
			return err
		}
		if err := r.Get(&counters, `SELECT COALESCE(SUM(last), 0) FROM counter`); err != nil {
			return err
		}
		out = append(out, fmt.Sprint("revisions=", revisions, " counters=", counters))
		return nil
	}))
	return strings.Join(out, " ")
}

func (b *basis) begin(person, proc string, form map[string]any) string {
	b.t.Helper()
	no, err := b.start(person, proc, form)
	b.must(err)
	return no
}

func (b *basis) mandateForm() map[string]any {
	return map[string]any{"title": "授权市数据局开展公共数据授权运营", "scope": "全市公共数据资源授权运营的组织和监督", "mode": "whole", "validFrom": "2026-03-02", "draft": b.file(b.at.Lead)}
}

// mandate passes a mandate through its course.
func (b *basis) mandate() string {
	b.t.Helper()
	no := b.begin(b.at.Lead, "p05_mandate", b.mandateForm())
	b.step(b.at.Lead, no, "submit", procedure.Act{})
	b.step(b.gov, no, "pass", b.with(b.gov, map[string]any{"decidedOn": "2026-03-02"}))
	return no
}

func schemeForm() map[string]any {
	f := map[string]any{"title": "朔州市公共数据资源授权运营实施方案", "mode": "whole", "termYears": 3}
	for _, c := range agreement.Chapters {
		f[c.Key] = c.Title + "的内容"
	}
	return f
}

// scheme passes a scheme through its course; the business clock runs over the consultation.
func (b *basis) scheme() string {
	b.t.Helper()
	no := b.begin(b.at.Lead, "p06_1a_scheme", schemeForm())
	b.step(b.at.Lead, no, "submit", procedure.Act{})
	b.clock.At = b.clock.At.AddDate(0, 0, 31)
	if n, err := b.Tick(ctx); n != 1 || err != nil {
		b.t.Fatal(n, err)
	}
	form := schemeForm()
	form["opinions"] = []any{map[string]any{"kind": "department", "from": "市财政局", "content": "无意见", "adopted": "none"},
		map[string]any{"kind": "public", "from": "某市民", "content": "建议降低费率", "adopted": "not", "reason": "费率由协议约定"}}
	raw, err := json.Marshal(form)
	b.must(err)
	b.step(b.at.Lead, no, "summarise", procedure.Act{Form: raw})
	b.step(b.auth2, no, "legality_pass", say("合法"))
	act := b.with(b.auth2, map[string]any{"experts": []any{map[string]any{"name": "王教授", "unit": "某大学", "opinion": "可行"}}})
	act.Opinion = "论证通过"
	b.step(b.auth2, no, "expert_pass", act)
	b.step(b.gov, no, "pass", b.with(b.gov, map[string]any{"decidedOn": calendar.DateOf(b.clock.At).String(), "minutesNo": "第12次常务会议纪要", "collective": true}))
	return no
}

func (b *basis) agreementForm(items ...any) map[string]any {
	f := map[string]any{"title": "朔州市公共数据资源授权运营协议", "operator": b.opOrg, "mode": "whole", "termYears": 3, "negotiation": "三月谈判两次", "finalPlan": b.file(b.at.Lead),
		"purposes": []any{map[string]any{"purpose": "公共治理"}, map[string]any{"purpose": "产业发展"}}, "feeRate": 500, "feeBase": "industry_revenue", "feePeriod": "month", "feeDueDays": 10, "excess": "deduct_next_period",
		"ratioGovernment": 3000, "ratioOperator": 5000, "ratioSource": 1500, "ratioPartner": 500, "remainder": "government", "items": items}
	for _, s := range agreement.Sections {
		f[s.Key] = s.Title + "的约定"
	}
	return f
}

// backfilled brings an agreement into force by 补录.
func (b *basis) backfilled(items ...any) (no string) {
	b.t.Helper()
	today := calendar.DateOf(b.clock.At).String()
	no = b.begin(b.at.Lead, "p06_1d_agreement", b.agreementForm(items...))
	b.step(b.at.Lead, no, "backfill", b.with(b.at.Lead, map[string]any{"decidedOn": today, "decidedBy": "朔州市人民政府", "decisionNo": "朔政函〔2026〕8号", "signedOn": today}))
	return no
}

func catalogueForm(change func(map[string]any)) map[string]any {
	f := map[string]any{"act": "publish", "secret": "no", "title": "人口抽样", "classCode": "300101", "class": "人口", "sourceKind": "organ", "sourceDept": "人口科", "abstract": "抽样调查",
		"formatClass": "sheet", "formatType": "CSV", "updateCycle": "month", "shareType": "1", "shareMode": "file", "openType": "none", "impact": "individual", "degree": "serious",
		"grade": "general", "sublevel": 3, "sourceRelation": "own", "authorisable": "yes", "authoriseBasis": "统计法",
		"fields": []any{map[string]any{"label": "编号", "name": "no", "type": "C", "length": 18, "key": true, "personal": true},
			map[string]any{"label": "年龄", "name": "age", "type": "I", "personal": true, "authorisable": true},
			map[string]any{"label": "性别", "name": "sex", "type": "C", "length": 2, "personal": true, "authorisable": true}}}
	if change != nil {
		change(f)
	}
	return f
}

// published passes a catalogue case through its course and returns the item.
func (b *basis) published(form map[string]any) (item string) {
	b.t.Helper()
	no := b.begin(b.src1, "p07_2_catalogue", form)
	b.step(b.src1, no, "submit", procedure.Act{})
	b.step(b.src2, no, "review", procedure.Act{Input: json.RawMessage(`{"lawful":true,"safe":true,"minimal":true}`)})
	b.step(b.src2, no, "clear", say("不涉密"))
	b.step(b.at.Lead, no, "publish", procedure.Act{})
	b.must(b.db.View(ctx, func(r *store.ReadTx) error { return r.Get(&item, `SELECT subject FROM case_file WHERE no = $1`, no) }))
	return item
}

const people = `
format: pado.pipeline/1
id: people
version: 1
title: 人口抽样
source:
  kind: csv
  header: 1
  columns: [{name: 编号, as: no, identifier: true}, {name: 年龄, as: age}, {name: 性别, as: sex}]
steps:
  - trim: {columns: ["*"]}
  - check:
      rules:
        - {id: age, kind: range, column: age, min: "0", max: "120"}
        - {id: sex, kind: in, column: sex, values: [男, 女], on_fail: report}
  - mask: {rules: [{column: no, kind: pseudonym, domain: natural_person}]}
target:
  table: people
  unit: unit_key
  unit_domain: natural_person
  columns:
    - {name: unit_key, from: no, type: text, label: unit, required: true}
    - {name: age, title: 年龄, type: integer, label: dim}
    - {name: sex, title: 性别, type: text, label: dim}
`

// upload puts bytes where the API keeps attachments.
func (b *basis) upload(person, content string) (id string) {
	b.t.Helper()
	b.n++
	id = fmt.Sprint("up", b.n)
	sum := sha256.Sum256([]byte(content))
	b.write(`INSERT INTO attachment (id, name, size, sha256, media, person, org, at) VALUES ($1,'人口.csv',$2,$3,'text/csv',$4,'',0)`, id, len(content), hex.EncodeToString(sum[:]), person)
	b.uploads[id] = content
	return id
}

// govern works the queue until it is empty.
func (b *basis) govern() {
	b.t.Helper()
	run, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	end := make(chan error, 1)
	go func() {
		end <- job.New(b.db, job.Options{Worker: "test", Poll: time.Millisecond}).Run(run, b.runner.Handlers())
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

func TestMatrixOfAuthorisation(t *testing.T) { matrix(t, basisProcedures()...) }

func TestEveryRuleOfAuthorisationHasWords(t *testing.T) {
	for _, p := range basisProcedures() {
		for _, s := range p.Steps {
			for _, r := range s.Require {
				if r.Code == "" || r.Say == "" || r.Plan.ID == "" {
					t.Errorf("%s/%s: rule %q lacks words, code or clause", p.ID, s.Do, r.Code)
				}
			}
		}
	}
}

func TestAMandateIsPassedByTheGovernment(t *testing.T) {
	eachBasis(t, func(t *testing.T, b *basis) {
		form := b.mandateForm()
		form["validTo"] = "2026-03-01"
		no := b.begin(b.at.Lead, "p05_mandate", form)
		b.no(b.at.Lead, no, "submit", procedure.Act{}, "mandate.dates")
		form["validTo"], form["mode"] = "2029-03-01", "by_field"
		raw, _ := json.Marshal(form)
		b.no(b.at.Lead, no, "submit", procedure.Act{Form: raw}, "mandate.mode")
		form["mode"] = "whole"
		raw, _ = json.Marshal(form)
		b.step(b.at.Lead, no, "submit", procedure.Act{Form: raw})
		b.no(b.at.Lead, no, "pass", b.with(b.at.Lead, map[string]any{"decidedOn": "2026-03-02"}), "case.role")
		b.no(b.gov, no, "pass", procedure.Act{Input: json.RawMessage(`{"decidedOn":"2026-03-02"}`)}, "decision.evidence")
		b.step(b.gov, no, "return", say("请写明范围"))
		b.step(b.at.Lead, no, "submit", procedure.Act{})
		b.step(b.gov, no, "pass", b.with(b.gov, map[string]any{"decidedOn": "2026-03-02"}))
		b.must(b.db.View(ctx, func(r *store.ReadTx) error {
			m, err := agreement.MandateOn(r, "140600", calendar.DateOf(r.Now()))
			if m.CaseNo != no || m.DocNo != "朔政〔2026〕1号" || m.GovernmentOrg != b.govOrg || m.AuthorityOrg != b.authOrg || m.Evidence == "" || m.Backfill {
				t.Errorf("%+v", m)
			}
			return err
		}))
		d, err := b.Paper(ctx, b.actor(b.at.Lead), no, "mandate")
		b.must(err)
		if text := docs.Text(d); !strings.Contains(text, "朔政〔2026〕1号") || !strings.Contains(text, "2029年3月1日") {
			t.Error(text)
		}
	})
}

func TestAMandateIsEnteredAfterwardsWithEvidence(t *testing.T) {
	eachBasis(t, func(t *testing.T, b *basis) {
		no := b.begin(b.at.Lead, "p05_mandate", b.mandateForm())
		in := map[string]any{"decidedOn": "2026-02-01", "decidedBy": "朔州市人民政府", "decisionNo": "朔政函〔2026〕3号"}
		raw, _ := json.Marshal(in)
		var inv *procedure.Invalid
		if err := b.do(b.at.Lead, no, "backfill", procedure.Act{Input: raw}); !errors.As(err, &inv) || inv.Errors[0].Path != "attachments" {
			t.Fatalf("without evidence: %v", err)
		}
		late := maps.Clone(in)
		late["decidedOn"] = "2026-03-03"
		b.no(b.at.Lead, no, "backfill", b.with(b.at.Lead, late), "decision.number")
		b.step(b.at.Lead, no, "backfill", b.with(b.at.Lead, in))
		b.must(b.db.View(ctx, func(r *store.ReadTx) error {
			m, err := agreement.MandateOn(r, "140600", calendar.DateOf(r.Now()))
			if !m.Backfill || m.DocNo != "朔政函〔2026〕3号" || m.Issued.String() != "2026-02-01" {
				t.Errorf("%+v", m)
			}
			return err
		}))
	})
}
