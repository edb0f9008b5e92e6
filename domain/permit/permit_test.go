package permit

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pado/core/audit"
	"pado/core/calendar"
	"pado/core/procedure"
	"pado/core/store"
	"pado/core/store/storetest"
)

var ctx = context.Background()

// conditions are everything that can be wrong with a use, in the order in which May answers.
var conditions = []struct {
	name  string
	code  string
	spoil func(*facts, *Query)
	db    string // the same in the records, as one statement; empty = through the query
}{
	{"a stop is on", Stopped, func(f *facts, q *Query) {
		f.stops = []Suspension{{Kind: StopOrg, Key: q.Org, Span: Span{From: q.At}}}
	}, `INSERT INTO permit_stop (id, kind, key, since, reason, case_no) VALUES ('st-1', 'org', 'dev', 0, '', '')`},
	{"the grant is another's", NoGrant, func(f *facts, q *Query) { f.grant.Org = "other" },
		`UPDATE permit_grant SET org = 'other'`},
	{"the grant is revoked", GrantRevoked, func(f *facts, q *Query) { f.grant.Revoked = true },
		`UPDATE permit_grant SET state = 'revoked'`},
	{"the agreement is ended", AgreementEnded, func(f *facts, q *Query) { f.agreement.State = Ended },
		`UPDATE agreement SET state = 'ended'`},
	{"the agreement has expired", AgreementExpired, func(f *facts, q *Query) { f.agreement.Span.Until = q.At },
		`UPDATE agreement SET ends = '2026-03-01'`},
	{"the catalogue item is withdrawn", ItemWithdrawn, func(f *facts, q *Query) { f.published = false },
		`UPDATE catalogue_item SET state = 'withdrawn'`},
	{"the item is not authorised", ItemNotAuthorised, func(f *facts, q *Query) { delete(f.agreement.Items, q.Item) },
		`DELETE FROM permit_scope`},
	{"the item's own term is over", ItemPeriod, func(f *facts, q *Query) {
		if it, ok := f.agreement.Items[q.Item]; ok {
			it.Span.Until = q.At
			f.agreement.Items[q.Item] = it
		}
	}, `UPDATE permit_scope SET valid_to = 1`},
	{"the grant does not name the item", ItemNotGranted, func(f *facts, q *Query) { f.grant.Items = map[string][]string{"other": {"age"}} },
		`UPDATE permit_grant SET item = 'other'`},
	{"the grant's period is over", GrantPeriod, func(f *facts, q *Query) { f.grant.Span.Until = q.At },
		`UPDATE permit_grant SET valid_to = 1`},
	{"a field is not in the grant", FieldNotGranted, func(f *facts, q *Query) { q.Fields = append(q.Fields, "name") }, ""},
	{"the purpose differs", PurposeDiffers, func(f *facts, q *Query) { q.Purpose = "营销" }, ""},
	{"the product is not listed", Unlisted, func(f *facts, q *Query) { f.listed = nil },
		`DELETE FROM permit_listing`},
}

func allowed() (facts, Query) {
	at := storetest.Start
	year := Span{at.Add(-time.Hour), at.Add(time.Hour)}
	q := Query{Org: "dev", Grant: "gr-1", Item: "it-1", Fields: []string{"age"}, Purpose: "信用评估", Product: "pl-1", At: at}
	return facts{published: true,
		grant: &Granted{ID: "gr-1", Agreement: "ag-1", Org: "dev", Purpose: "信用评估", Span: year, Items: map[string][]string{"it-1": {"age", "sex"}}},
		agreement: &Agreement{ID: "ag-1", Operator: "op", State: InForce, Span: year, Purposes: []string{"产业发展"},
			Items: map[string]ScopeItem{"it-1": {"it-1", []string{AllFields}, year}}},
		listed: []Listed{{Product: "pl-1", Agreement: "ag-1", Span: year}}}, q
}

// The whole truth table: every combination of what can be wrong gives the first reason in order.
func TestEveryCombinationGivesItsFirstReason(t *testing.T) {
	for bits := range 1 << len(conditions) {
		f, q := allowed()
		want := ""
		for i := range conditions {
			// Later conditions are spoiled first, for an earlier one may take away what a later one changes.
			j := len(conditions) - 1 - i
			if bits&(1<<j) != 0 {
				conditions[j].spoil(&f, &q)
				want = conditions[j].code
			}
		}
		got := judge(f, q)
		if (got == nil) != (want == "") || got != nil && got.Code != want {
			t.Fatalf("combination %b: got %v, want %q", bits, got, want)
		}
		if got != nil && (got.Message == "" || got.Clause.ID == "") {
			t.Fatalf("%s has no words or no clause", got.Code)
		}
	}
}

func TestTheOperatorsOwnUse(t *testing.T) {
	base := func() (facts, Query) {
		f, q := allowed()
		f.grant, q.Grant, q.Org, q.Purpose = nil, "", "op", "产业发展"
		return f, q
	}
	for _, c := range []struct {
		name  string
		spoil func(*facts, *Query)
		want  string
	}{
		{"as agreed", func(*facts, *Query) {}, ""},
		{"by another", func(_ *facts, q *Query) { q.Org = "dev" }, NoAgreement},
		{"without any agreement", func(f *facts, _ *Query) { f.agreement = nil }, NoAgreement},
		{"before it begins", func(f *facts, q *Query) { f.agreement.Span.From = q.At.Add(1) }, NoAgreement},
		{"in the first instant", func(f *facts, q *Query) { f.agreement.Span.From = q.At }, ""},
		{"while suspended", func(f *facts, _ *Query) { f.agreement.State = Suspended }, Stopped},
		{"for what the terms do not name", func(_ *facts, q *Query) { q.Purpose = "信用评估" }, PurposeDiffers},
		{"of a field outside the scope", func(f *facts, q *Query) {
			it := f.agreement.Items["it-1"]
			it.Fields = []string{"sex"}
			f.agreement.Items["it-1"] = it
		}, FieldNotGranted},
		{"for what the list does not name", func(f *facts, _ *Query) { f.listed[0].Purposes = []string{"公共治理"} }, ListPurpose},
		{"of a product of another agreement", func(f *facts, _ *Query) { f.listed[0].Agreement = "ag-2" }, Unlisted},
		{"a stop that is over", func(f *facts, q *Query) {
			f.stops = []Suspension{{Kind: StopAgreement, Span: Span{q.At.Add(-2), q.At}}}
		}, ""},
		{"a stop that has not begun", func(f *facts, q *Query) {
			f.stops = []Suspension{{Kind: StopAgreement, Span: Span{From: q.At.Add(1)}}}
		}, ""},
	} {
		f, q := base()
		c.spoil(&f, &q)
		got := judge(f, q)
		if (got == nil) != (c.want == "") || got != nil && got.Code != c.want {
			t.Errorf("%s: got %v, want %q", c.name, got, c.want)
		}
	}
}

func update(t *testing.T, db *store.DB, f func(w *store.Tx) error) error {
	t.Helper()
	_, err := db.Update(ctx, func(w *store.Tx) (audit.Entry, error) {
		return audit.Entry{Type: "test.write", Actor: "system", Action: "test"}, f(w)
	})
	return err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func day(s string) calendar.Date {
	d, err := calendar.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

// seed puts one agreement from 2026-01-01 to 2028-12-31 with one published item on record.
func seed(t *testing.T, db *store.DB) {
	t.Helper()
	must(t, update(t, db, func(w *store.Tx) error {
		for _, q := range []string{
			`INSERT INTO mandate (id, division, government_org, authority_org, doc_no, title, scope, mode, issued, valid_from, evidence, digest, state, backfill, case_no, created)
				VALUES ('m-1','140600','gov','au','','','','whole','2026-01-01','2026-01-01','','','in_force',FALSE,'C1',0)`,
			`INSERT INTO scheme (id, division, version, title, mandate, authority_org, government_org, mode, term_years, chapters, opinions, digest, doc_no, minutes_no,
				decided, collective, evidence, valid_from, valid_to, state, backfill, case_no, created)
				VALUES ('s-1','140600',1,'','m-1','au','gov','whole',3,'{}','[]','','','','2026-01-01',TRUE,'','2026-01-01','2027-12-31','in_force',FALSE,'C2',0)`,
			`INSERT INTO agreement (id, no, title, mandate, scheme, authority_org, operator_org, division, mode, slot, version, signed, ends, state, sections, terms, plan_digest, digest,
				approval_no, evidence, backfill, case_no, created)
				VALUES ('ag-1','NO-1','','m-1','s-1','au','op','140600','whole','140600/whole',1,'2026-01-01','2028-12-31','in_force','{}','{"purposes":["产业发展"]}','','','','',FALSE,'C3',0)`,
			`INSERT INTO catalogue_item (id, code, title, list, division, source_org, source_kind, source_dept, source_system, abstract, class_code, class, format_class, format_type,
				share_type, share_condition, share_mode, open_type, open_condition, update_cycle, grade, sublevel, grade_reason, personal, sensitive, source_relation, source_origin,
				consent_doc, legal_basis, authorisable, authorise_condition, authorise_basis, related, state, version, digest, published, updated, case_no)
				VALUES ('it-1','300/1','人口','city','140600','src','organ','','','','','','','','1','','','','','','general',2,'',FALSE,FALSE,'own','','','','yes','','','','published',1,'',0,0,'C4')`,
		} {
			if _, err := w.Exec(q); err != nil {
				return err
			}
		}
		return Open(w, Scope{Agreement: "ag-1", Operator: "op", By: "p", Case: "C3",
			Items: []ScopeTerm{{Item: "it-1", First: day("2026-01-01"), Last: day("2027-06-30")}}})
	}))
}

func terms() Terms {
	return Terms{DemandCase: "D-1", Agreement: "ag-1", Org: "dev", Scenario: "sc-1", Purpose: "信用评估", By: "p",
		Items: []GrantItem{{"it-1", []string{"age", "sex"}}}, First: day("2026-03-02"), Last: day("2026-12-31")}
}

func query(grant string) Query {
	return Query{Org: "dev", Grant: grant, Item: "it-1", Fields: []string{"age"}, Purpose: "信用评估", Product: "pl-1"}
}

func code(err error) string {
	var r *procedure.Refused
	if errors.As(err, &r) {
		return r.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// ask asks both faces, the records and the snapshot, which must say the same.
func ask(t *testing.T, db *store.DB, q Query) string {
	t.Helper()
	var got string
	must(t, db.View(ctx, func(r *store.ReadTx) error {
		got = code(May(r, q))
		s, err := Snapshot(r)
		if err != nil {
			return err
		}
		if q.At.IsZero() {
			q.At = r.Now()
		}
		if no := s.May(q); (no == nil) != (got == "") || no != nil && no.Code != got {
			t.Errorf("the records say %q, the snapshot %v", got, no)
		}
		return nil
	}))
	return got
}

func TestTheRecordsAndTheSnapshotGiveEachReason(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		seed(t, db)
		var grant string
		must(t, update(t, db, func(w *store.Tx) (err error) {
			if grant, err = Grant(w, terms()); err != nil {
				return err
			}
			return List(w, "pl-1", "ag-1", nil, calendar.Date{}, "p", "L-1")
		}))
		if got := ask(t, db, query(grant)); got != "" {
			t.Fatalf("as granted: %s", got)
		}
		errBack := errors.New("back")
		for i, a := range conditions {
			for _, b := range conditions[i:] {
				q := query(grant)
				var got string
				err := update(t, db, func(w *store.Tx) error {
					spoil := []string{b.db, a.db}
					if a.name == b.name {
						spoil = spoil[1:]
					}
					for _, sql := range spoil {
						if sql == "" {
							continue
						}
						if _, err := w.Exec(sql); err != nil {
							return err
						}
					}
					for _, c := range []string{a.name, b.name} {
						switch c {
						case "a field is not in the grant":
							q.Fields = []string{"age", "name"}
						case "the purpose differs":
							q.Purpose = "营销"
						}
					}
					got = code(May(&w.ReadTx, q))
					s, err := Snapshot(&w.ReadTx)
					if err != nil {
						return err
					}
					q.At = w.Now()
					if no := s.May(q); no == nil || no.Code != got {
						t.Errorf("%s + %s: the records say %q, the snapshot %v", a.name, b.name, got, no)
					}
					return errBack
				})
				if !errors.Is(err, errBack) {
					t.Fatal(err)
				}
				if got != a.code {
					t.Errorf("%s + %s: got %q, want %q", a.name, b.name, got, a.code)
				}
			}
		}
	})
}

func TestAGrantCutsAtTheSecond(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		seed(t, db)
		var grant string
		must(t, update(t, db, func(w *store.Tx) (err error) {
			if grant, err = Grant(w, terms()); err != nil {
				return err
			}
			return List(w, "pl-1", "ag-1", nil, calendar.Date{}, "p", "L-1")
		}))
		q := query(grant)
		q.At = day("2026-12-31").End().Add(-time.Millisecond)
		if got := ask(t, db, q); got != "" {
			t.Errorf("in the last millisecond: %s", got)
		}
		q.At = day("2026-12-31").End()
		if got := ask(t, db, q); got != GrantPeriod {
			t.Errorf("at 24:00: %q", got)
		}
		own := Query{Org: "op", Item: "it-1", Purpose: "产业发展", At: day("2027-06-30").End().Add(-time.Millisecond)}
		if got := ask(t, db, own); got != "" {
			t.Errorf("the item's last millisecond: %s", got)
		}
		own.At = own.At.Add(time.Millisecond)
		if got := ask(t, db, own); got != ItemPeriod {
			t.Errorf("after the item's own term: %q", got)
		}
		own.At = day("2028-12-31").End()
		if got := ask(t, db, own); got != AgreementExpired {
			t.Errorf("after the agreement's term: %q", got)
		}
	})
}

func TestStopsBeginAndEnd(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		seed(t, db)
		var grant string
		must(t, update(t, db, func(w *store.Tx) (err error) {
			if grant, err = Grant(w, terms()); err != nil {
				return err
			}
			return List(w, "pl-1", "ag-1", nil, calendar.Date{}, "p", "L-1")
		}))
		var before, after int64
		must(t, db.View(ctx, func(r *store.ReadTx) (err error) { before, err = Version(r); return err }))
		for kind, key := range map[string]string{StopAgreement: "ag-1", StopOrg: "op", StopGrant: grant, StopItem: "it-1", StopProduct: "pl-1"} {
			must(t, update(t, db, func(w *store.Tx) error {
				_, err := Stop(w, Halt{Kind: kind, Key: key, Reason: "检查", Case: "M-1", By: "p"})
				return err
			}))
			if got := ask(t, db, query(grant)); got != Stopped {
				t.Errorf("%s stopped: %q", kind, got)
			}
			must(t, update(t, db, func(w *store.Tx) error { return Lift(w, kind, key, "p", "M-2") }))
			if got := ask(t, db, query(grant)); got != "" {
				t.Errorf("%s lifted: %q", kind, got)
			}
			if err := update(t, db, func(w *store.Tx) error { return Lift(w, kind, key, "p", "M-3") }); !errors.Is(err, store.ErrConflict) {
				t.Errorf("lifted twice: %v", err)
			}
		}
		must(t, db.View(ctx, func(r *store.ReadTx) (err error) { after, err = Version(r); return err }))
		if after != before+10 {
			t.Errorf("ten changes moved the version from %d to %d", before, after)
		}
		must(t, update(t, db, func(w *store.Tx) error { return Revoke(w, grant, "p", "M-4") }))
		if got := ask(t, db, query(grant)); got != GrantRevoked {
			t.Errorf("revoked: %q", got)
		}
		must(t, update(t, db, func(w *store.Tx) error { return Unlist(w, "pl-1", "p", "L-2") }))
		if got := ask(t, db, Query{Org: "op", Item: "it-1", Purpose: "产业发展", Product: "pl-1"}); got != Unlisted {
			t.Errorf("off the list: %q", got)
		}
		must(t, update(t, db, func(w *store.Tx) error { return Shut(w, "ag-1", []string{"it-1"}, "p", "A-1") }))
		if got := ask(t, db, Query{Org: "op", Item: "it-1", Purpose: "产业发展"}); got != ItemNotAuthorised {
			t.Errorf("shut: %q", got)
		}
	})
}

func TestAGrantNeverReachesBeyondTheAgreement(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		seed(t, db)
		for i, c := range []struct {
			spoil func(*Terms)
			want  string
		}{
			{func(x *Terms) { x.Agreement = "none" }, NoAgreement},
			{func(x *Terms) { x.Purpose = "" }, PurposeDiffers},
			{func(x *Terms) { x.Items = nil }, ItemNotGranted},
			{func(x *Terms) { x.Items[0].Item = "it-9" }, ItemNotAuthorised},
			{func(x *Terms) { x.Items[0].Fields = nil }, FieldNotGranted},
			{func(x *Terms) { x.Items[0].Fields = []string{AllFields} }, FieldNotGranted},
			{func(x *Terms) { x.Last = day("2026-03-01") }, GrantPeriod},
			{func(x *Terms) { x.Last = calendar.Date{} }, GrantPeriod},
			{func(x *Terms) { x.Last = day("2027-07-01") }, GrantPeriod},
			{func(x *Terms) { x.Last = day("2029-01-01") }, GrantPeriod},
		} {
			x := terms()
			c.spoil(&x)
			err := update(t, db, func(w *store.Tx) error { _, err := Grant(w, x); return err })
			if code(err) != c.want {
				t.Errorf("case %d: got %v, want %s", i, err, c.want)
			}
		}
		var n int
		must(t, db.View(ctx, func(r *store.ReadTx) error { return r.Get(&n, `SELECT COUNT(*) FROM permit_grant`) }))
		if n != 0 {
			t.Errorf("%d grants came out of refusals", n)
		}
		for state, want := range map[string]string{Suspended: Stopped, Ended: AgreementEnded} {
			must(t, update(t, db, func(w *store.Tx) error { _, err := w.Exec(`UPDATE agreement SET state = $1`, state); return err }))
			if err := update(t, db, func(w *store.Tx) error { _, err := Grant(w, terms()); return err }); code(err) != want {
				t.Errorf("%s: got %v, want %s", state, err, want)
			}
		}
	})
}

func TestEveryReasonHasItsWordsAndClause(t *testing.T) {
	for c := range reasons {
		if r := refuse(c); r.Message == "" || r.Clause.ID == "" || r.Code != c {
			t.Errorf("%s: %+v", c, r)
		}
	}
	for k := range stopSays {
		if r := suspended(k); r.Message == "" || r.Clause.ID == "" {
			t.Error(fmt.Sprint(k, " has no words"))
		}
	}
}
